/*
 * A progress line on stderr, redrawn in place; only on a terminal, and not when quiet.
 */
#ifndef CORE_PROGRESS_H
#define CORE_PROGRESS_H

#include "out/output.h"

struct progress_state {
    guint done, total;         /* objects */
    gint64 bytes, total_bytes; /* 0 total: not shown */
    double seconds_left;       /* negative: unknown */
    const char *now;           /* what runs now, e.g. "public.orders: vacuuming indexes 40%" */
};

/* Draws at most five times a second; call as often as wanted. */
void progress_show(struct output *output, const struct progress_state *state);

/* Removes the line. output_note/warn/error call it by themselves. */
void progress_clear(struct output *output);

#endif
