/* Policies and groups of sessions for the section's unit tests. */
#ifndef CONNECTIONS_FIXTURE_H
#define CONNECTIONS_FIXTURE_H

#include "backends/backends_fixture.h"
#include "connections_private.h"

#include <string.h>

G_GNUC_UNUSED static struct connections_policy fixture_policy(void)
{
    static const char *const applications[] = {"pg_dump", "pgbouncer", NULL};

    return (struct connections_policy){
        .until = 0.8,
        .idle_for_us = 300 * G_USEC_PER_SEC,
        .transaction_for_us = 300 * G_USEC_PER_SEC,
        .slow_for_us = 60 * G_USEC_PER_SEC,
        .young_us = 10 * G_USEC_PER_SEC,
        .convoy = 5,
        .convoy_for_us = 5 * G_USEC_PER_SEC,
        .protection = {.applications = applications},
    };
}

/* Adds so many, pids from first on, each a little longer in its state than the one before. */
G_GNUC_UNUSED static void fixture_many(struct backends *backends, gint64 first, guint count,
                                       enum backend_state state, double seconds)
{
    for (guint i = 0; i < count; i++)
        fixture_add(backends, first + i, state, seconds + 0.01 * i);
}

/* A root idle in transaction and so many behind it, each behind all before. */
G_GNUC_UNUSED static void fixture_queue(struct backends *backends, gint64 root, guint waiting,
                                        const char *lock)
{
    g_autofree gint64 *ahead = g_new(gint64, waiting + 1);

    for (guint i = 0; i < waiting; i++) {
        ahead[i] = root + i;
        fixture_add_waiter(backends, root + i + 1, lock, ahead, i + 1);
    }
}

#endif
