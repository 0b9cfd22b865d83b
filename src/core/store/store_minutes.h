/*
 * Minutes: what the watch saw of a target, one row for sixty samples. Kept for 90 days.
 *
 * As in store.h, writers swallow their errors into store_trouble().
 */
#ifndef CORE_STORE_MINUTES_H
#define CORE_STORE_MINUTES_H

#include "store/store.h"

struct store_minute {
    gint64 minute_us; /* its start, microseconds since 1970 */
    int samples;
    int missed;   /* samples that should have been */
    int ordinary; /* slots that ordinary roles have */
    int used_max;
    gint64 used_sum; /* of all samples: divided by their number it is the average */
    int active_max, idle_max, in_transaction_max, waiting_max;
    double query_seconds_max;
};

/* Replaces what was known of the same minute. */
void store_minute_put(struct store *store, const char *target,
                      const struct store_minute *minute);

/* From the minute that since_us is in on, oldest first. */
bool store_each_minute(struct store *store, const char *target, gint64 since_us,
                       void (*visit)(const struct store_minute *minute, gpointer data),
                       gpointer data, GError **error);

#endif
