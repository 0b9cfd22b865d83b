/*
 * How long production will be locked, from what was measured on a shadow and the sizes here and
 * there. What only changes the catalog takes as long there; what reads or writes a table takes
 * longer in the measure in which the table is larger; of several, the one that has grown most, for
 * nobody knows which of them took the time. From next to nothing it says nothing. Pure.
 */
#ifndef MIGRATIONS_FORECAST_H
#define MIGRATIONS_FORECAST_H

#include "rehearse/trace.h"

enum { FORECAST_LEAST_MS = 50 }; /* measured: below that there is nothing to extrapolate from */

/* Sizes on production, by catalog counters. */
struct forecast_size {
    gint64 bytes, index_bytes;
};

struct forecast {
    double hold_ms; /* -1: none; see reason. 0: nothing of SHARE or stronger is held */
    char *reason;   /* why there is none; NULL */
    /* Where there is none: as if what took too little to conclude from had taken that much. -1: not
     * even that can be said. */
    double at_most_ms;
};
void forecast_clear(struct forecast *forecast);

/* size_of: false when it is not known there. */
struct forecast_sizes {
    bool (*size_of)(const char *schema, const char *relation, struct forecast_size *ret_size,
                    gpointer data);
    gpointer data;
};

/* For the strongest lock that statement `number` takes, until the end of its transaction. */
struct forecast forecast_statement(const struct trace *trace, guint number,
                                   const struct forecast_sizes *sizes);

/* The longest of all of them; of those without a number the first. */
struct forecast forecast_trace(const struct trace *trace, const struct forecast_sizes *sizes);

#endif
