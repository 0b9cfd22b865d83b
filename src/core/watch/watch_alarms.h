/*
 * When a condition that is judged every second becomes an event, and when that is over: it opens
 * after two looks in a row, and closes once it has been gone for a while, so that what comes and
 * goes within seconds is one event. Pure: the clock is the caller's.
 */
#ifndef CORE_WATCH_ALARMS_H
#define CORE_WATCH_ALARMS_H

#include <glib.h>
#include <stdbool.h>

enum watch_turn { WATCH_STAYS, WATCH_OPENS, WATCH_CLOSES };

struct watch_alarm_state {
    /* Not known at first: what an earlier watch left open is closed as well. */
    enum { WATCH_ALARM_UNKNOWN, WATCH_ALARM_CLOSED, WATCH_ALARM_OPEN } is;
    guint looks;          /* in a row at which it has held */
    gint64 calm_since_us; /* 0: it holds, or was never judged */
};

/* One look. An alarm that was never open closes once as well, when it is sure to be calm. */
enum watch_turn watch_alarm_judge(struct watch_alarm_state *state, bool holds, gint64 now_us,
                                  gint64 calm_us);

#endif
