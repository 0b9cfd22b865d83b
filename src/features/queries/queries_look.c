/* Who is at what for how long: pure, over one snapshot. */
#include "queries_private.h"
#include "units/units.h"

#include <string.h>

static void clear_row(gpointer pointer)
{
    struct queries_row *row = pointer;

    g_array_unref(row->blocks);
    g_free(row->reason);
    g_free(row->left_alone);
}

static GArray *rows_new(void)
{
    GArray *rows = g_array_new(FALSE, FALSE, sizeof(struct queries_row));

    g_array_set_clear_func(rows, clear_row);
    return rows;
}

const struct queries_row *queries_at(const GArray *rows, guint position)
{
    return &g_array_index(rows, struct queries_row, position);
}

/* ---- who it is ----------------------------------------------------------------------------- */

static bool is_active(const struct backend *backend)
{
    return backend->state == BACKEND_ACTIVE || backend->state == BACKEND_FASTPATH;
}

/* Other processes that work on something of their own: what looks like a long query to whoever
 * lists pg_stat_activity. The rest of the server's is always there. */
static bool works(const struct backend *backend)
{
    const char *type = backend->type == NULL ? "" : backend->type;

    return strcmp(type, "walsender") == 0 || strcmp(type, "autovacuum worker") == 0 ||
           (g_str_has_prefix(type, "logical replication") && strstr(type, "launcher") == NULL);
}

static gint64 since_of(const struct backend *backend)
{
    if (backend_in_transaction(backend) && backend->xact_start_us > 0)
        return backend->xact_start_us;
    if (backend->query_start_us > 0 && strcmp(backend->type, "autovacuum worker") != 0)
        return backend->query_start_us;
    return backend->xact_start_us > 0 ? backend->xact_start_us : backend->backend_start_us;
}

static GArray *blocked_by(const struct backends *backends, gint64 pid)
{
    GArray *blocks = g_array_new(FALSE, FALSE, sizeof(gint64));

    for (guint i = 0; i < backends_count(backends); i++) {
        const struct backend *other = backends_at(backends, i);
        for (guint j = 0; j < other->blocker_count; j++) {
            if (other->blockers[j] == pid && other->leader == 0) {
                g_array_append_val(blocks, other->pid);
                break;
            }
        }
    }
    return blocks;
}

/* ---- one row ------------------------------------------------------------------------------- */

static char *reason_of(const struct queries_row *row)
{
    const struct backend *backend = row->backend;
    g_autofree char *time = units_format_duration(row->seconds);
    g_autoptr(GString) text = g_string_new(NULL);

    if (row->protected != NULL)
        return g_strdup(backend_prevents_wraparound(backend)
                            ? "autovacuum, to prevent wraparound: it starts again at once, and "
                              "the server stops if it never ends"
                            : row->protected);
    g_string_printf(
        text, backend_in_transaction(backend) ? "in a transaction for %s" : "active for %s",
        time);
    if (row->blocks->len > 0)
        g_string_append_printf(text, ", blocks %u", row->blocks->len);
    if (backend->workers > 0)
        g_string_append_printf(text, ", with %u parallel workers", backend->workers);
    if (row->rule != NULL)
        g_string_append_printf(text, "; rule \"%s\": %s", row->rule->name,
                               queries_action_name(row->rule->action));
    return g_string_free(g_steal_pointer(&text), FALSE);
}

static void add_row(GArray *rows, const struct backends *backends,
                    const struct queries_policy *policy, const struct backend *backend)
{
    struct queries_row row = {
        .backend = backend,
        .seconds = backends_seconds_since(backends, since_of(backend)),
        .protected = backend_protected(&policy->protection, backend),
        .left_alone = backend_left_alone(backends, &policy->protection, backend),
        .rule = queries_rule_of(policy->rules, backend),
        .blocks = blocked_by(backends, backend->pid),
    };

    row.reason = reason_of(&row);
    g_array_append_val(rows, row);
}

static gint compare_rows(gconstpointer left, gconstpointer right)
{
    const struct queries_row *one = left, *other = right;

    if (one->seconds != other->seconds)
        return one->seconds > other->seconds ? -1 : 1;
    return (one->backend->pid > other->backend->pid) -
           (one->backend->pid < other->backend->pid);
}

static bool is_long(const struct backends *backends, const struct queries_policy *policy,
                    const struct backend *backend)
{
    return backends->now_us - since_of(backend) >= policy->longer_than_us;
}

struct queries_view *queries_look(const struct backends *backends,
                                  const struct queries_policy *policy)
{
    struct queries_view *view = g_new0(struct queries_view, 1);

    view->queries = rows_new();
    view->apart = rows_new();
    view->transactions = rows_new();
    for (guint i = 0; i < backends_count(backends); i++) {
        const struct backend *backend = backends_at(backends, i);
        bool client = backend_is_client(backend);
        if (backend->self || backend->leader != 0 || backend->type == NULL ||
            !(client || works(backend)) || !is_long(backends, policy, backend))
            continue;
        if (client && backend_in_transaction(backend))
            add_row(view->transactions, backends, policy, backend);
        else if (!client || (is_active(backend) &&
                             backend_protected(&policy->protection, backend) != NULL))
            add_row(view->apart, backends, policy, backend);
        else if (is_active(backend))
            add_row(view->queries, backends, policy, backend);
    }
    g_array_sort(view->queries, compare_rows);
    g_array_sort(view->apart, compare_rows);
    g_array_sort(view->transactions, compare_rows);
    return view;
}

void queries_view_free(struct queries_view *view)
{
    g_array_unref(view->queries);
    g_array_unref(view->apart);
    g_array_unref(view->transactions);
    g_free(view);
}
