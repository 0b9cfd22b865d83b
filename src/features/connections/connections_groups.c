/* The snapshot summed up, and as pieces of documents. */
#include "connections_private.h"

/* ---- groups -------------------------------------------------------------------------------- */

static char *key_of(const struct backend *backend)
{
    return g_strdup_printf("%d\x1f%s\x1f%s\x1f%s\x1f%s", (int) backend->state,
                           backend->role ? backend->role : "", backend->application,
                           backend->client, backend->database ? backend->database : "");
}

static int largest_first(gconstpointer left, gconstpointer right)
{
    const struct connections_group *one = left, *other = right;

    if (one->count != other->count)
        return one->count < other->count ? 1 : -1;
    return (one->first->pid > other->first->pid) - (one->first->pid < other->first->pid);
}

GArray *connections_groups(const struct backends *backends)
{
    GArray *groups = g_array_new(FALSE, TRUE, sizeof(struct connections_group));
    g_autoptr(GHashTable) known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (guint i = 0; i < backends_count(backends); i++) {
        const struct backend *backend = backends_at(backends, i);
        if (!backend_is_client(backend) || backend->self)
            continue;
        g_autofree char *key = key_of(backend);
        guint place = GPOINTER_TO_UINT(g_hash_table_lookup(known, key));
        if (place == 0) {
            struct connections_group group = {.first = backend};
            g_array_append_val(groups, group);
            place = groups->len;
            g_hash_table_insert(known, g_steal_pointer(&key), GUINT_TO_POINTER(place));
        }
        struct connections_group *group =
            &g_array_index(groups, struct connections_group, place - 1);
        group->count++;
        group->oldest_seconds = MAX(group->oldest_seconds, backend_seconds(backends, backend));
    }
    g_array_sort(groups, largest_first);
    return groups;
}

json_t *connections_groups_json(const struct backends *backends)
{
    g_autoptr(GArray) groups = connections_groups(backends);
    json_t *items = json_array();

    for (guint i = 0; i < groups->len; i++) {
        const struct connections_group *group =
            &g_array_index(groups, struct connections_group, i);
        json_t *item = json_object();
        json_object_set_new(item, "state",
                            json_string(backend_state_name(group->first->state)));
        json_object_set_new(item, "role", document_text(group->first->role));
        json_object_set_new(item, "application", document_text(group->first->application));
        json_object_set_new(item, "client", document_text(group->first->client));
        json_object_set_new(item, "database", document_text(group->first->database));
        json_object_set_new(item, "count", json_integer(group->count));
        json_object_set_new(item, "oldest_seconds", json_real(group->oldest_seconds));
        json_array_append_new(items, item);
    }
    return items;
}

/* ---- slots --------------------------------------------------------------------------------- */

json_t *connections_slots_json(const struct backends *backends)
{
    const struct backends_slots *slots = &backends->slots;
    json_t *item = json_object();
    json_t *limits = json_array();

    for (guint i = 0; i < backends->limits->len; i++) {
        const struct backends_limit *limit =
            &g_array_index(backends->limits, struct backends_limit, i);
        json_t *entry = json_object();
        json_object_set_new(entry, "kind", json_string(limit->of_role ? "role" : "database"));
        json_object_set_new(entry, "name", document_text(limit->name));
        json_object_set_new(entry, "limit", json_integer(limit->most));
        json_object_set_new(entry, "used", json_integer(limit->used));
        json_array_append_new(limits, entry);
    }
    json_object_set_new(item, "max", json_integer(slots->max));
    json_object_set_new(item, "superuser_reserved", json_integer(slots->superuser_reserved));
    json_object_set_new(item, "reserved", json_integer(slots->reserved));
    json_object_set_new(item, "ordinary", json_integer(slots->ordinary));
    json_object_set_new(item, "used", json_integer(slots->used));
    json_object_set_new(item, "limits", limits);
    return item;
}

/* ---- who waits ------------------------------------------------------------------------------- */

static void set_left_alone(json_t *item, const struct backends *backends,
                           const struct backends_policy *named, const struct backend *backend)
{
    g_autofree char *why = backend_left_alone(backends, named, backend);

    json_object_set_new(item, "left_alone", document_text(why));
}

static void set_backend(json_t *item, const struct backends *backends,
                        const struct backends_policy *named, const struct backend *backend)
{
    json_t *more = backend_json(backends, backend);

    json_object_update(item, more);
    json_decref(more);
    set_left_alone(item, backends, named, backend);
}

static json_t *root_json(const struct backends *backends, const struct backends_policy *named,
                         const struct backends_root *root)
{
    json_t *item = json_object();

    json_object_set_new(item, "pid", json_null());
    if (root->backend != NULL)
        set_backend(item, backends, named, root->backend);
    json_object_set_new(item, "prepared", document_text(root->prepared));
    json_object_set_new(item, "blocked_by", json_array());
    json_object_set_new(item, "root", json_true());
    json_object_set_new(item, "waiting", json_integer(root->all));
    json_object_set_new(item, "waiting_directly", json_integer(root->direct));
    json_object_set_new(item, "depth", json_integer(root->depth));
    json_object_set_new(item, "wait_seconds",
                        root->oldest_wait_us == 0 ? json_null()
                                                  : json_real(backends_seconds_since(
                                                        backends, root->oldest_wait_us)));
    return item;
}

/* How many name each as one they wait for, by pid. */
static GHashTable *count_blocked(const struct backends *backends)
{
    GHashTable *blocked = g_hash_table_new(g_int64_hash, g_int64_equal);

    for (guint i = 0; i < backends_count(backends); i++) {
        const struct backend *backend = backends_at(backends, i);
        for (guint at = 0; at < backend->blocker_count; at++) {
            guint count =
                GPOINTER_TO_UINT(g_hash_table_lookup(blocked, &backend->blockers[at]));
            g_hash_table_insert(blocked, &backend->blockers[at], GUINT_TO_POINTER(count + 1));
        }
    }
    return blocked;
}

/* root: the pid of one it waits behind in the end; 0: a prepared transaction; -1: there is none. */
static json_t *waiter_json(const struct backends *backends, const struct backends_policy *named,
                           const struct backend *backend, gint64 root, guint blocked)
{
    json_t *item = json_object();
    json_t *blockers = json_array();

    for (guint i = 0; i < backend->blocker_count; i++)
        json_array_append_new(blockers, json_integer(backend->blockers[i]));
    set_backend(item, backends, named, backend);
    json_object_set_new(item, "prepared", document_text(backend->prepared));
    json_object_set_new(item, "blocked_by", blockers);
    json_object_set_new(item, "root", json_false());
    json_object_set_new(item, "root_pid", root > 0 ? json_integer(root) : json_null());
    json_object_set_new(item, "waiting", json_integer(blocked));
    json_object_set_new(item, "wait_seconds",
                        backend->wait_since_us == 0 ? json_null()
                                                    : json_real(backends_seconds_since(
                                                          backends, backend->wait_since_us)));
    return item;
}

json_t *connections_blocking_json(const struct backends *backends,
                                  const struct connections_diagnosis *diagnosis,
                                  const struct backends_policy *named)
{
    g_autoptr(GHashTable) blocked = count_blocked(backends);
    g_autofree gint64 *root_of = backends_root_of(backends);
    json_t *items = json_array();

    for (guint i = 0; i < diagnosis->roots->len; i++)
        json_array_append_new(
            items, root_json(backends, named,
                             &g_array_index(diagnosis->roots, struct backends_root, i)));
    for (guint i = 0; i < backends_count(backends); i++) {
        const struct backend *backend = backends_at(backends, i);
        guint behind = GPOINTER_TO_UINT(g_hash_table_lookup(blocked, &backend->pid));
        if (backend->blocker_count > 0)
            json_array_append_new(items,
                                  waiter_json(backends, named, backend, root_of[i], behind));
    }
    return items;
}

/* ---- idle in transaction ----------------------------------------------------------------------- */

json_t *connections_transactions_json(const struct backends *backends,
                                      const struct backends_policy *named)
{
    json_t *items = json_array();

    for (guint i = 0; i < backends_count(backends); i++) {
        const struct backend *backend = backends_at(backends, i);
        if (!backend_in_transaction(backend))
            continue;
        json_t *item = backend_json(backends, backend);
        set_left_alone(item, backends, named, backend);
        json_object_set_new(item, "horizon_age",
                            backend->xmin_age < 0 ? json_null()
                                                  : json_integer(backend->xmin_age));
        json_object_set_new(item, "xid_age",
                            backend->xid_age < 0 ? json_null()
                                                 : json_integer(backend->xid_age));
        json_array_append_new(items, item);
    }
    return items;
}

json_t *connections_strings_json(char *const *lines)
{
    json_t *items = json_array();

    for (guint i = 0; lines != NULL && lines[i] != NULL; i++)
        json_array_append_new(items, document_text(lines[i]));
    return items;
}
