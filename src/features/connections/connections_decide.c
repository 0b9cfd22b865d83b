/*
 * Whom to end: the fewest that reach the goal, those first that have done nothing for longest.
 * Pure; every client that is not chosen is listed with the reason why.
 */
#include "connections_private.h"
#include "units/units.h"

#include <string.h>

void connections_decision_free(struct connections_decision *decision)
{
    for (guint i = 0; i < decision->chosen->len; i++)
        g_free(g_array_index(decision->chosen, struct connections_choice, i).reason);
    g_array_unref(decision->chosen);
    g_array_unref(decision->spared);
    g_ptr_array_unref(decision->on_way);
    g_free(decision);
}

void connections_choose(struct connections_decision *decision, const struct backend *backend,
                        bool ladder, char *reason)
{
    struct connections_choice choice = {backend, ladder, false, g_steal_pointer(&reason)};

    g_array_append_val(decision->chosen, choice);
}

void connections_spare(struct connections_decision *decision, const struct backend *backend,
                       const char *reason)
{
    struct connections_spared spared = {backend, reason};

    g_array_append_val(decision->spared, spared);
}

const char *connections_bar(struct connections_decision *decision,
                            const struct connections_policy *policy,
                            const struct backend *backend)
{
    const char *why = backend_protected(&policy->protection, backend);

    if (why == NULL)
        why = backends_only_bar(policy->only, backend);
    if (why == NULL && policy->gave_up != NULL &&
        policy->gave_up(backend, policy->gave_up_data))
        return "it was told to end and has not";
    if (why != NULL || backend->may_end)
        return why;
    decision->forbidden++;
    decision->forbidden_superusers += backend->superuser;
    return backend->superuser ? "only a superuser may end a superuser's session"
                              : "our role may not end it: it is no member of pg_signal_backend";
}

/* ---- what the application may keep ------------------------------------------------------------ */

/* Idle sessions of one application, and how many of them may be ended. */
struct share {
    gint64 left;
};

static const char *application_of(const struct connections_policy *policy,
                                  const struct backend *backend, gint64 *ret_allowed)
{
    *ret_allowed = 0;
    return policy->application_of == NULL
               ? NULL
               : policy->application_of(backend, ret_allowed, policy->data);
}

static GHashTable *shares_of(const struct backends *backends,
                             const struct connections_policy *policy)
{
    GHashTable *shares = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);

    for (guint i = 0; policy->application_of != NULL && i < backends_count(backends); i++) {
        const struct backend *backend = backends_at(backends, i);
        gint64 allowed;
        const char *name = application_of(policy, backend, &allowed);
        if (name == NULL || backend->state != BACKEND_IDLE || !backend_is_client(backend))
            continue;
        struct share *share = g_hash_table_lookup(shares, name);
        if (share == NULL) {
            share = g_new(struct share, 1);
            share->left = -allowed;
            g_hash_table_insert(shares, g_strdup(name), share);
        }
        share->left++;
    }
    return shares;
}

/* Takes one of the application's; false: what is left of them it may keep. */
static bool take_share(GHashTable *shares, const struct connections_policy *policy,
                       const struct backend *backend)
{
    gint64 allowed;
    const char *name = application_of(policy, backend, &allowed);
    struct share *share = name == NULL ? NULL : g_hash_table_lookup(shares, name);

    if (share == NULL)
        return true;
    if (share->left <= 0)
        return false;
    share->left--;
    return true;
}

/* ---- the oldest first ------------------------------------------------------------------------- */

static gint64 since(const struct backend *backend)
{
    return backend->state == BACKEND_IDLE ? backend->state_change_us : backend->xact_start_us;
}

static int oldest_first(gconstpointer left, gconstpointer right)
{
    const struct backend *one = *(const struct backend *const *) left;
    const struct backend *other = *(const struct backend *const *) right;

    if (since(one) != since(other))
        return since(one) < since(other) ? -1 : 1;
    return (one->pid > other->pid) - (one->pid < other->pid);
}

static bool is_wanted(enum connections_kind kind, const struct backend *backend)
{
    return kind == CONNECTIONS_IDLE_PILEUP ? backend->state == BACKEND_IDLE
                                           : backend_in_transaction(backend);
}

static const char *too_young(const struct backends *backends, const struct backend *backend,
                             const struct connections_policy *policy)
{
    bool idle = backend->state == BACKEND_IDLE;
    gint64 least_us = idle ? policy->idle_for_us : policy->transaction_for_us;

    if (since(backend) != 0 && backends->now_us - since(backend) >= least_us)
        return NULL;
    return idle ? "it has not been idle for long enough" : "its transaction is not old enough";
}

static char *choice_reason(const struct backends *backends, const struct backend *backend,
                           const struct connections_policy *policy)
{
    bool idle = backend->state == BACKEND_IDLE;
    gint64 least_us = idle ? policy->idle_for_us : policy->transaction_for_us;
    g_autofree char *age = units_format_duration(backend_seconds(backends, backend));
    g_autofree char *least = units_format_duration((double) least_us / G_USEC_PER_SEC);

    return g_strdup_printf("%s %s, longer than %s",
                           idle ? "idle for" : "idle in a transaction of", age, least);
}

/* The candidates of a kind, barred ones put aside at once. */
static GPtrArray *candidates(struct connections_decision *decision,
                             const struct backends *backends,
                             const struct connections_diagnosis *diagnosis,
                             const struct connections_policy *policy)
{
    GPtrArray *found = g_ptr_array_new();

    for (guint i = 0; i < backends_count(backends); i++) {
        const struct backend *backend = backends_at(backends, i);
        if (backend->self || !backend_in_room(backend, &diagnosis->room) ||
            !is_wanted(diagnosis->kind, backend))
            continue;
        const char *why = too_young(backends, backend, policy);
        /* Protection is the better reason of the two; a missing right only matters to those that
         * would be ended. */
        const char *barred = backend_protected(&policy->protection, backend);
        if (barred == NULL && why == NULL)
            barred = connections_bar(decision, policy, backend);
        if (barred != NULL || why != NULL)
            connections_spare(decision, backend, barred != NULL ? barred : why);
        else
            g_ptr_array_add(found, (gpointer) (guintptr) backend);
    }
    g_ptr_array_sort(found, oldest_first);
    return found;
}

static void decide_oldest(struct connections_decision *decision,
                          const struct backends *backends,
                          const struct connections_diagnosis *diagnosis,
                          const struct connections_policy *policy)
{
    g_autoptr(GPtrArray) found = candidates(decision, backends, diagnosis, policy);
    g_autoptr(GHashTable) shares = shares_of(backends, policy);

    for (guint i = 0; i < found->len; i++) {
        const struct backend *backend = g_ptr_array_index(found, i);
        if (decision->chosen->len >= diagnosis->need)
            connections_spare(decision, backend, "the goal is reached without it");
        else if (backend->state == BACKEND_IDLE && !take_share(shares, policy, backend))
            connections_spare(decision, backend,
                              "its application may keep that many idle (max_idle)");
        else
            connections_choose(decision, backend, false,
                               choice_reason(backends, backend, policy));
    }
}

/* ---- all of them ------------------------------------------------------------------------------- */

static const char *left_alone(const struct backend *backend,
                              const struct connections_diagnosis *diagnosis)
{
    if (!backend_in_room(backend, &diagnosis->room))
        return "it takes no place in what is full";
    if (backend->blocker_count > 0)
        return "it waits for a lock";
    if (backend->state == BACKEND_ACTIVE || backend->state == BACKEND_FASTPATH)
        return "it is at work";
    if (backend_in_transaction(backend))
        return "it is in a transaction";
    if (backend->state != BACKEND_IDLE)
        return "what it does is not known";
    return diagnosis->need == 0 ? "the goal is reached without it"
                                : "idle sessions are not the trouble";
}

static bool is_listed(GHashTable *listed, const struct backend *backend)
{
    return g_hash_table_contains(listed, &backend->pid);
}

static GHashTable *listed_pids(const struct connections_decision *decision)
{
    GHashTable *listed = g_hash_table_new(g_int64_hash, g_int64_equal);

    for (guint i = 0; i < decision->chosen->len; i++) {
        const struct backend *backend =
            g_array_index(decision->chosen, struct connections_choice, i).backend;
        g_hash_table_add(listed, (gpointer) (guintptr) &backend->pid);
    }
    for (guint i = 0; i < decision->spared->len; i++) {
        const struct backend *backend =
            g_array_index(decision->spared, struct connections_spared, i).backend;
        g_hash_table_add(listed, (gpointer) (guintptr) &backend->pid);
    }
    return listed;
}

/* Who was shown, and is not at that any more. */
static const char *moved_on(const struct connections_policy *policy,
                            const struct backend *backend)
{
    enum backends_shown shown =
        policy->only != NULL ? backends_only_find(policy->only, backend) : BACKENDS_UNSHOWN;

    return shown == BACKENDS_MOVED_ON || shown == BACKENDS_RENEWED
               ? backends_only_bar(policy->only, backend)
               : NULL;
}

static void spare_rest(struct connections_decision *decision, const struct backends *backends,
                       const struct connections_diagnosis *diagnosis,
                       const struct connections_policy *policy)
{
    g_autoptr(GHashTable) listed = listed_pids(decision);

    for (guint i = 0; i < backends_count(backends); i++) {
        const struct backend *backend = backends_at(backends, i);
        if (backend->self || !backend_is_client(backend) || is_listed(listed, backend))
            continue;
        const char *why = backend_protected(&policy->protection, backend);
        if (why == NULL)
            why = moved_on(policy, backend);
        connections_spare(decision, backend,
                          why != NULL ? why : left_alone(backend, diagnosis));
    }
}

struct connections_decision *connections_decide(const struct backends *backends,
                                                const struct connections_diagnosis *diagnosis,
                                                const struct connections_policy *policy)
{
    struct connections_decision *decision = g_new0(struct connections_decision, 1);

    decision->chosen = g_array_new(FALSE, TRUE, sizeof(struct connections_choice));
    decision->spared = g_array_new(FALSE, TRUE, sizeof(struct connections_spared));
    decision->on_way = g_ptr_array_new();
    if (diagnosis->kind == CONNECTIONS_LOCK_CONVOY)
        connections_decide_convoy(decision, backends, diagnosis, policy);
    else if (diagnosis->need > 0 && (diagnosis->kind == CONNECTIONS_IDLE_PILEUP ||
                                     diagnosis->kind == CONNECTIONS_IDLE_IN_TRANSACTION))
        decide_oldest(decision, backends, diagnosis, policy);
    spare_rest(decision, backends, diagnosis, policy);
    return decision;
}
