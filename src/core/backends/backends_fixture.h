/* Snapshots made by hand, for unit tests of whoever decides over one. */
#ifndef CORE_BACKENDS_FIXTURE_H
#define CORE_BACKENDS_FIXTURE_H

#include "backends/backends.h"

#define NOW_US (G_GINT64_CONSTANT(1700000000) * G_USEC_PER_SEC)

G_GNUC_UNUSED static struct backends *fixture_backends(gint64 max)
{
    struct backends *backends = backends_new();

    backends->now_us = NOW_US;
    backends->slots.max = max;
    backends->slots.superuser_reserved = 3;
    backends->sees_all = backends->may_signal = true;
    return backends;
}

/* A client of role app that has been in that state for so many seconds, and connected for a
 * thousand more. */
G_GNUC_UNUSED static struct backend fixture_client(gint64 pid, enum backend_state state,
                                                   double seconds)
{
    gint64 since = NOW_US - (gint64) (seconds * G_USEC_PER_SEC);

    return (struct backend){
        .pid = pid,
        .type = "client backend",
        .database = "shop",
        .role = "app",
        .application = "shop",
        .client = "10.0.0.7",
        .state = state,
        .query = "SELECT 1",
        .backend_start_us = since - 1000 * G_USEC_PER_SEC,
        .xact_start_us = state == BACKEND_IDLE ? 0 : since,
        .query_start_us = since,
        .state_change_us = since,
        .xid_age = -1,
        .xmin_age = -1,
        .may_end = true,
        .progress_pct = -1,
    };
}

/* The same, waiting for these. */
G_GNUC_UNUSED static void fixture_add_waiter(struct backends *backends, gint64 pid,
                                             const char *lock, gint64 *blockers, guint count)
{
    struct backend backend = fixture_client(pid, BACKEND_ACTIVE, 20);

    backend.wait_type = "Lock";
    backend.wait = lock;
    backend.lock = lock;
    backend.wait_since_us = NOW_US - 10 * G_USEC_PER_SEC;
    backend.blockers = blockers;
    backend.blocker_count = count;
    backends_add(backends, &backend);
}

G_GNUC_UNUSED static void fixture_add(struct backends *backends, gint64 pid,
                                      enum backend_state state, double seconds)
{
    struct backend backend = fixture_client(pid, state, seconds);

    backends_add(backends, &backend);
}

#endif
