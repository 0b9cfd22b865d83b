/*
 * A progress line on stderr, redrawn in place; only on a terminal, and not when quiet.
 */
#ifndef CORE_PROGRESS_H
#define CORE_PROGRESS_H

#include "out/output.h"

struct progress_state {
    guint done, total;         /* objects */
    const char *noun;          /* what the objects are, plural; NULL: "tables" */
    gint64 bytes, total_bytes; /* 0 total: not shown */
    double seconds_left;       /* negative: unknown */
    const char *now;           /* what runs now, e.g. "public.orders: vacuuming indexes 40%" */
};

/* Draws at most five times a second; call as often as wanted. */
void progress_show(struct output *output, const struct progress_state *state);

/* The line that is drawn, cut to that many terminal columns:
 *   [###.......]  12/40 tables  1.2 GB of 3.4 GB  0:42 left  public.orders: vacuuming indexes
 * The bar shows bytes where their total is known, else objects. Caller frees. */
char *progress_line(const struct progress_state *state, int columns);

/* Whether progress_show() would draw: stderr is a terminal, and not quiet. */
bool progress_wanted(const struct output *output);

/* Removes the line. output_note/warn/error call it by themselves. */
void progress_clear(struct output *output);

#endif
