/*
 * When a condition that is judged every second becomes an event, and when that is over: it opens
 * after two looks in a row, and closes once it has been gone for a while, so that what comes and
 * goes within seconds is one event. Once in each it may rise, from a warning to what is critical:
 * it stays that until it closes. Pure: the clock is the caller's.
 */
#ifndef CORE_WATCH_ALARMS_H
#define CORE_WATCH_ALARMS_H

#include <glib.h>
#include <stdbool.h>

enum watch_turn { WATCH_STAYS, WATCH_OPENS, WATCH_CLOSES, WATCH_RISES };
enum watch_level { WATCH_CALM, WATCH_WARNING, WATCH_CRITICAL };

struct watch_alarm_state {
    /* Not known at first: what an earlier watch left open is closed as well. */
    enum { WATCH_ALARM_UNKNOWN, WATCH_ALARM_CLOSED, WATCH_ALARM_OPEN } is;
    guint looks;          /* in a row at which it has held */
    guint critical_looks; /* … and was critical */
    bool critical;        /* the event, since it opened or rose */
    gint64 calm_since_us; /* 0: it holds, or was never judged */
};

/* One look. An alarm that was never open closes once as well, when it is sure to be calm. */
enum watch_turn watch_alarm_judge(struct watch_alarm_state *state, enum watch_level level,
                                  gint64 now_us, gint64 calm_us);

#endif
