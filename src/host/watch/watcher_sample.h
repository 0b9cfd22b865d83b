/* One second and one minute of a server, in numbers. Pure. */
#ifndef HOST_WATCHER_SAMPLE_H
#define HOST_WATCHER_SAMPLE_H

#include "backends/backends.h"

struct watcher_sample {
    struct backends_slots slots;
    guint active, idle, in_transaction, waiting; /* other clients; waiting: for a lock */
    double query_seconds;                        /* the longest query of a client */
};

struct watcher_sample watcher_sample_of(const struct backends *backends);

struct watcher_minute {
    gint64 minute_us; /* its start, wall clock; 0: none yet */
    guint samples, missed;
    gint64 ordinary, used_max, used_sum;
    guint active_max, idle_max, in_transaction_max, waiting_max;
    double query_seconds_max;
};

/* Whether this moment is in another minute than that one, which then is over. */
bool watcher_minute_over(const struct watcher_minute *minute, gint64 wall_us);

/* Begins the minute of that moment. */
void watcher_minute_begin(struct watcher_minute *minute, gint64 wall_us);

void watcher_minute_add(struct watcher_minute *minute, const struct watcher_sample *sample);

#endif
