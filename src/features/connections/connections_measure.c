/* Figures for monitoring, from the snapshot of check(). What changes by the second is in those of
 * the watch. */
#include "connections_private.h"

enum { MOST, ORDINARY, USED, FULLEST, SESSIONS, OLDEST, HIDDEN };

const struct metric connections_metrics[] = {
    [MOST] = {"limit", METRIC_GAUGE, NULL, "Connections the server takes (max_connections)",
              NULL, false},
    [ORDINARY] = {"ordinary_slots", METRIC_GAUGE, NULL,
                  "Connections that roles without privileges may have", NULL, false},
    [USED] = {"used", METRIC_GAUGE, NULL, "Connections of clients, our own not counted", NULL,
              false},
    [FULLEST] = {"fullest_ratio", METRIC_GAUGE, "ratio",
                 "How full it is where it is fullest: the ordinary slots, or the limit of a "
                 "database or role",
                 NULL, false},
    [SESSIONS] = {"sessions", METRIC_GAUGE, NULL, "Sessions of clients by what they do",
                  "state", false},
    [OLDEST] = {"oldest_transaction_seconds", METRIC_GAUGE, "seconds",
                "For how long the oldest transaction of a client has been open", NULL, false},
    [HIDDEN] = {"hidden", METRIC_GAUGE, NULL,
                "Sessions the role may not look into (GRANT pg_monitor)", NULL, false},
    {.name = NULL},
};

/* Every state always, so that a curve falls to zero and does not end. */
static const enum backend_state states[] = {BACKEND_ACTIVE,   BACKEND_IDLE,
                                            BACKEND_FASTPATH, BACKEND_IN_TRANSACTION,
                                            BACKEND_ABORTED,  BACKEND_DISABLED};

static void measure_sessions(struct measure *measure, const struct backends *backends)
{
    double oldest = 0;
    guint waiting = 0;

    for (guint i = 0; i < G_N_ELEMENTS(states); i++) {
        guint count = 0;
        for (guint j = 0; j < backends_count(backends); j++) {
            const struct backend *backend = backends_at(backends, j);
            if (backend->self || !backend_is_client(backend) || backend->state != states[i])
                continue;
            count += backend->blocker_count == 0;
            waiting += backend->blocker_count > 0;
            double seconds = backends_seconds_since(backends, backend->xact_start_us);
            oldest = seconds > oldest ? seconds : oldest;
        }
        measure_add(measure, &connections_metrics[SESSIONS], count,
                    backend_state_name(states[i]));
    }
    measure_add(measure, &connections_metrics[SESSIONS], waiting, "waiting for a lock");
    measure_add(measure, &connections_metrics[OLDEST], oldest);
}

bool connections_measure(struct measure *measure, G_GNUC_UNUSED GError **error)
{
    const struct backends *backends = measure_observed(measure);
    struct backends_room room = backends_fullest(backends);

    measure_add(measure, &connections_metrics[MOST], (double) backends->slots.max);
    measure_add(measure, &connections_metrics[ORDINARY], (double) backends->slots.ordinary);
    measure_add(measure, &connections_metrics[USED], (double) backends->slots.used);
    measure_add(measure, &connections_metrics[HIDDEN], backends->hidden);
    if (room.most > 0)
        measure_add(measure, &connections_metrics[FULLEST],
                    (double) room.used / (double) room.most);
    if (backends->hidden == 0)
        measure_sessions(measure, backends);
    return true;
}
