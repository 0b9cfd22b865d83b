/*
 * A maintenance window: the hard end of a run. Kept on the monotonic clock, so that a stepped
 * system clock neither cuts a run short nor lets it overrun.
 */
#ifndef CORE_CALENDAR_WINDOW_H
#define CORE_CALENDAR_WINDOW_H

#include <glib.h>
#include <stdbool.h>

struct window {
    gint64 start_us;   /* g_get_monotonic_time() at the start */
    gint64 length_ms;  /* 0: no end */
    gint64 started_at; /* wall clock, microseconds since 1970, for the record */
};

/* A window that starts now; length 0 means without end. */
struct window window_open(gint64 length_ms);

/* Milliseconds to the end: never negative; G_MAXINT64 when there is no end. */
gint64 window_left_ms(const struct window *window);

/* Pure form of the above for a given monotonic time. */
gint64 window_left_at(const struct window *window, gint64 now_us);

bool window_closed(const struct window *window);

#endif
