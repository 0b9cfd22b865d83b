/*
 * What kind of emergency it is. Pure. A convoy comes first: it is the cause of what else there is.
 * Then, when more slots are used than the goal allows, the largest group of sessions that stand
 * out; without that pressure there is nothing to end, and what is left to say is said.
 */
#include "connections_private.h"
#include "units/units.h"

#include <math.h>
#include <string.h>

/* A group stands out when ending it would be enough, or when it is this part of all. */
static const double STANDS_OUT = 0.25;

const char *connections_kind_name(enum connections_kind kind)
{
    static const char *const names[] = {
        [CONNECTIONS_HEALTHY] = "healthy",
        [CONNECTIONS_IDLE_PILEUP] = "idle_pileup",
        [CONNECTIONS_IDLE_IN_TRANSACTION] = "idle_in_transaction",
        [CONNECTIONS_LOCK_CONVOY] = "lock_convoy",
        [CONNECTIONS_SLOW_QUERIES] = "slow_queries",
        [CONNECTIONS_STORM] = "storm",
        [CONNECTIONS_APP_STARVATION] = "app_starvation",
    };
    return names[kind];
}

const char *connections_kind_title(enum connections_kind kind)
{
    static const char *const titles[] = {
        [CONNECTIONS_HEALTHY] = "healthy",
        [CONNECTIONS_IDLE_PILEUP] = "idle pile-up",
        [CONNECTIONS_IDLE_IN_TRANSACTION] = "idle in transaction",
        [CONNECTIONS_LOCK_CONVOY] = "lock convoy",
        [CONNECTIONS_SLOW_QUERIES] = "slow queries",
        [CONNECTIONS_STORM] = "connection storm",
        [CONNECTIONS_APP_STARVATION] = "pool starvation in the application",
    };
    return titles[kind];
}

void connections_diagnosis_free(struct connections_diagnosis *diagnosis)
{
    g_free(diagnosis->reason);
    g_array_unref(diagnosis->roots);
    g_free(diagnosis);
}

guint connections_root_waiting(const struct backends_root *root)
{
    return root->all - root->advisory;
}

/* ---- counting ------------------------------------------------------------------------------- */

static bool longer(const struct backends *backends, const struct backend *backend,
                   gint64 least_us)
{
    return backend_seconds(backends, backend) * G_USEC_PER_SEC >= (double) least_us;
}

static bool is_long(struct connections_counts *counts, const struct backends *backends,
                    const struct backend *backend, const struct connections_policy *policy)
{
    bool found = false;

    if (backend->blocker_count > 0) {
        counts->waiting++;
    } else if (backend->state == BACKEND_IDLE) {
        found = longer(backends, backend, policy->idle_for_us);
        counts->idle++;
        counts->idle_long += found;
    } else if (backend_in_transaction(backend)) {
        found = longer(backends, backend, policy->transaction_for_us);
        counts->transaction++;
        counts->transaction_long += found;
    } else if (backend->state == BACKEND_ACTIVE || backend->state == BACKEND_FASTPATH) {
        found = longer(backends, backend, policy->slow_for_us);
        counts->active++;
        counts->slow += found;
    }
    return found;
}

/* Of the sessions that take a place in the room. Of protected ones idle sessions count at most:
 * a backup is slow, and idle in transaction, as it has to be. */
static struct connections_counts count(const struct backends *backends,
                                       const struct backends_room *room,
                                       const struct connections_policy *policy, bool all)
{
    struct connections_counts counts = {0};

    for (guint i = 0; i < backends_count(backends); i++) {
        const struct backend *backend = backends_at(backends, i);
        if (backend->self || !backend_in_room(backend, room))
            continue;
        if (backend_protected(&policy->protection, backend) != NULL &&
            !(all && backend->state == BACKEND_IDLE && !backend->own))
            continue;
        bool stands_out = is_long(&counts, backends, backend, policy);
        counts.young += !stands_out && backend->blocker_count == 0 &&
                        backends->now_us - backend->backend_start_us < policy->young_us;
    }
    return counts;
}

static guint count_convoy(const struct backends *backends,
                          const struct connections_diagnosis *diagnosis,
                          const struct connections_policy *policy)
{
    guint convoy = 0;

    for (guint i = 0; i < diagnosis->roots->len; i++) {
        const struct backends_root *root =
            &g_array_index(diagnosis->roots, struct backends_root, i);
        double waited = backends_seconds_since(backends, root->oldest_wait_us);
        if (connections_root_waiting(root) < MAX(policy->convoy, 1) ||
            waited * G_USEC_PER_SEC < (double) policy->convoy_for_us)
            continue;
        /* Those that are one stand at the front. */
        struct backends_root moved = *root;
        g_array_remove_index(diagnosis->roots, i);
        g_array_insert_val(diagnosis->roots, convoy, moved);
        convoy++;
    }
    return convoy;
}

/* ---- naming it ------------------------------------------------------------------------------- */

struct rival {
    enum connections_kind kind;
    guint count;
};

/* The first of the largest; HEALTHY when none is as large as that. */
static enum connections_kind largest(const struct rival *rivals, gsize count, guint least)
{
    enum connections_kind kind = CONNECTIONS_HEALTHY;
    guint most = 0;

    for (gsize i = 0; i < count; i++)
        if (rivals[i].count >= least && rivals[i].count > most) {
            kind = rivals[i].kind;
            most = rivals[i].count;
        }
    return kind;
}

static enum connections_kind stands_out(const struct connections_counts *counts, guint least)
{
    const struct rival rivals[] = {
        {CONNECTIONS_IDLE_IN_TRANSACTION, counts->transaction_long},
        {CONNECTIONS_IDLE_PILEUP, counts->idle_long},
        {CONNECTIONS_SLOW_QUERIES, counts->slow},
        {CONNECTIONS_STORM, counts->young},
    };
    return largest(rivals, G_N_ELEMENTS(rivals), MAX(least, 1));
}

/* Nobody has been at it for long: what most of them do. */
static enum connections_kind by_state(const struct connections_counts *counts)
{
    const struct rival rivals[] = {
        {CONNECTIONS_IDLE_PILEUP, counts->idle},
        {CONNECTIONS_IDLE_IN_TRANSACTION, counts->transaction},
        {CONNECTIONS_SLOW_QUERIES, counts->active + counts->waiting},
    };
    enum connections_kind kind = largest(rivals, G_N_ELEMENTS(rivals), 1);

    return kind == CONNECTIONS_HEALTHY ? CONNECTIONS_IDLE_PILEUP : kind;
}

static enum connections_kind kind_of(struct connections_diagnosis *diagnosis,
                                     const struct backends *backends,
                                     const struct connections_policy *policy)
{
    guint least =
        (guint) MIN((double) diagnosis->need, ceil(STANDS_OUT * (double) diagnosis->room.used));

    diagnosis->counts = count(backends, &diagnosis->room, policy, false);
    if (diagnosis->convoy > 0)
        return CONNECTIONS_LOCK_CONVOY;
    if (diagnosis->need == 0 && policy->unready)
        return CONNECTIONS_APP_STARVATION;
    if (diagnosis->need == 0)
        return diagnosis->counts.transaction_long > 0 ? CONNECTIONS_IDLE_IN_TRANSACTION
                                                      : CONNECTIONS_HEALTHY;
    enum connections_kind kind = stands_out(&diagnosis->counts, least);
    if (kind != CONNECTIONS_HEALTHY)
        return kind;
    /* Those that may not be touched are what stands out. */
    diagnosis->counts = count(backends, &diagnosis->room, policy, true);
    kind = stands_out(&diagnosis->counts, least);
    return kind == CONNECTIONS_HEALTHY ? by_state(&diagnosis->counts) : kind;
}

/* ---- saying why ------------------------------------------------------------------------------- */

char *connections_room_words(const struct backends_room *room)
{
    g_autofree char *numbers =
        g_strdup_printf("%" G_GINT64_FORMAT " of %" G_GINT64_FORMAT, room->used, room->most);

    if (room->limit == NULL)
        return g_strdup_printf("%s slots an ordinary role may use are taken", numbers);
    return g_strdup_printf("%s connections that %s \"%s\" may have are taken", numbers,
                           room->limit->of_role ? "role" : "database", room->limit->name);
}

static char *convoy_reason(const struct backends *backends, const struct backends_root *root)
{
    g_autofree char *waited =
        units_format_duration(backends_seconds_since(backends, root->oldest_wait_us));
    guint waiting = connections_root_waiting(root);

    if (root->backend == NULL)
        return g_strdup_printf("%u sessions wait, up to %s, behind the prepared transaction "
                               "'%s'",
                               waiting, waited, root->prepared);
    g_autofree char *who = backend_describe(root->backend);
    g_autofree char *since = units_format_duration(backend_seconds(backends, root->backend));
    return g_strdup_printf("%u sessions wait, up to %s, behind %s, %s for %s", waiting, waited,
                           who, backend_state_name(root->backend->state), since);
}

static char *group_reason(const char *room, guint count, const char *what, gint64 least_us)
{
    g_autofree char *least = units_format_duration((double) least_us / G_USEC_PER_SEC);
    g_autofree char *sessions = units_format_counted(count, "session");

    return g_strdup_printf("%s; %s %s %s", room, sessions, what, least);
}

static char *reason_of(const struct connections_diagnosis *diagnosis,
                       const struct backends *backends, const struct connections_policy *policy)
{
    const struct connections_counts *counts = &diagnosis->counts;
    g_autofree char *room = connections_room_words(&diagnosis->room);

    switch (diagnosis->kind) {
    case CONNECTIONS_LOCK_CONVOY:
        return convoy_reason(backends,
                             &g_array_index(diagnosis->roots, struct backends_root, 0));
    case CONNECTIONS_APP_STARVATION:
        return g_strdup_printf("only %s, and the service is not ready, or does not answer: "
                               "if it lacks connections, it is its own pool that is empty",
                               room);
    case CONNECTIONS_IDLE_PILEUP:
        if (counts->idle_long == 0)
            return g_strdup_printf("%s; %u sessions are idle, none for long", room,
                                   counts->idle);
        return group_reason(room, counts->idle_long, "idle for more than", policy->idle_for_us);
    case CONNECTIONS_IDLE_IN_TRANSACTION:
        if (counts->transaction_long == 0)
            return g_strdup_printf("%s; %u sessions are idle in transaction, none for long",
                                   room, counts->transaction);
        return group_reason(room, counts->transaction_long, "idle in a transaction older than",
                            policy->transaction_for_us);
    case CONNECTIONS_SLOW_QUERIES:
        if (counts->slow == 0)
            return g_strdup_printf("%s; %u sessions are at work, none on a query for long",
                                   room, counts->active + counts->waiting);
        return group_reason(room, counts->slow, "at work on a query for more than",
                            policy->slow_for_us);
    case CONNECTIONS_STORM:
        return group_reason(room, counts->young, "opened within the last", policy->young_us);
    case CONNECTIONS_HEALTHY:
        return g_steal_pointer(&room);
    }
    return NULL;
}

gint64 connections_goal(const struct backends_room *room, double until)
{
    return (gint64) floor(until * (double) room->most + 1e-9);
}

struct connections_diagnosis *connections_diagnose(const struct backends *backends,
                                                   const struct connections_policy *policy)
{
    struct connections_diagnosis *diagnosis = g_new0(struct connections_diagnosis, 1);

    diagnosis->room = backends_fullest(backends);
    /* 80 % of 95 is 76, whatever binary fractions make of it. */
    diagnosis->goal = connections_goal(&diagnosis->room, policy->until);
    diagnosis->need = MAX(diagnosis->room.used - diagnosis->goal, 0);
    diagnosis->roots = backends_roots(backends);
    diagnosis->convoy = count_convoy(backends, diagnosis, policy);
    diagnosis->kind = kind_of(diagnosis, backends, policy);
    diagnosis->reason = reason_of(diagnosis, backends, policy);
    return diagnosis;
}
