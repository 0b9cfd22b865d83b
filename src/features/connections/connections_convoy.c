/*
 * Whom to end of a lock convoy: its root. Where that is a session that must be left alone, or a
 * prepared transaction, perhaps somebody who waits behind it holds up the rest: an ALTER TABLE
 * that waits for a backup lets nobody pass who would not have had to wait for the backup.
 */
#include "connections_private.h"

static char *root_reason(const struct backends_root *root)
{
    return g_strdup_printf("%u sessions wait behind it", connections_root_waiting(root));
}

static bool is_waiting_or_idle(const struct backend *backend)
{
    return backend->state != BACKEND_ACTIVE && backend->state != BACKEND_FASTPATH &&
           !backend_in_transaction(backend);
}

/* The roots that may be ended. */
static GArray *roots_to_end(struct connections_decision *decision,
                            const struct connections_diagnosis *diagnosis,
                            const struct connections_policy *policy)
{
    GArray *pids = g_array_new(FALSE, FALSE, sizeof(gint64));

    for (guint i = 0; i < diagnosis->convoy; i++) {
        const struct backends_root *root =
            &g_array_index(diagnosis->roots, struct backends_root, i);
        if (root->backend == NULL || is_waiting_or_idle(root->backend) ||
            connections_bar(decision, policy, root->backend) != NULL)
            continue;
        g_array_append_val(pids, root->backend->pid);
    }
    return pids;
}

static const struct backends_root *root_of_pid(const struct connections_diagnosis *diagnosis,
                                               gint64 pid)
{
    for (guint i = 0; i < diagnosis->convoy; i++) {
        const struct backends_root *root =
            &g_array_index(diagnosis->roots, struct backends_root, i);
        if (root->backend != NULL && root->backend->pid == pid)
            return root;
    }
    return NULL;
}

/* The pids somebody waits for. */
static GHashTable *blocking_pids(const struct backends *backends)
{
    GHashTable *pids = g_hash_table_new(g_int64_hash, g_int64_equal);

    for (guint i = 0; i < backends_count(backends); i++)
        for (guint at = 0; at < backends_at(backends, i)->blocker_count; at++)
            g_hash_table_add(pids, &backends_at(backends, i)->blockers[at]);
    return pids;
}

/* Who waits himself and whose end lets most others go on, at least so many. */
static const struct backend *best_behind(struct connections_decision *decision,
                                         const struct backends *backends,
                                         const struct connections_policy *policy, guint least,
                                         guint *ret_freed)
{
    g_autoptr(GHashTable) blocking = blocking_pids(backends);
    const struct backend *best = NULL;

    *ret_freed = 0;
    for (guint i = 0; i < backends_count(backends); i++) {
        const struct backend *backend = backends_at(backends, i);
        if (backend->blocker_count == 0 || !g_hash_table_contains(blocking, &backend->pid))
            continue;
        guint freed = backends_freed(backends, &backend->pid, 1);
        if (freed < least || freed <= *ret_freed ||
            connections_bar(decision, policy, backend) != NULL)
            continue;
        best = backend;
        *ret_freed = freed;
    }
    return best;
}

void connections_decide_convoy(struct connections_decision *decision,
                               const struct backends *backends,
                               const struct connections_diagnosis *diagnosis,
                               const struct connections_policy *policy)
{
    g_autoptr(GArray) pids = roots_to_end(decision, diagnosis, policy);
    const gint64 *roots = (const gint64 *) (gconstpointer) pids->data;
    guint least = MAX(policy->convoy, 1);
    guint freed;

    if (pids->len > 0 && backends_freed(backends, roots, pids->len) >= least) {
        for (guint i = 0; i < pids->len; i++) {
            const struct backends_root *root = root_of_pid(diagnosis, roots[i]);
            connections_choose(decision, root->backend, !backend_in_transaction(root->backend),
                               root_reason(root));
        }
        return;
    }
    const struct backend *behind = best_behind(decision, backends, policy, least - 1, &freed);
    if (behind != NULL && freed > 0)
        connections_choose(decision, behind, true,
                           g_strdup_printf("it waits behind one that must be left alone, and "
                                           "holds up %u others",
                                           freed));
}
