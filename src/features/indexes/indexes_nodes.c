/* The evidence of every node: what the history knew, what the counters say now. */
#include "indexes.h"
#include "indexes_queries.h"

#include <string.h>

struct indexes_node *indexes_node_new(const char *name)
{
    struct indexes_node *node = g_new0(struct indexes_node, 1);

    node->name = g_strdup(name);
    node->uses = g_array_new(FALSE, TRUE, sizeof(struct indexes_use));
    return node;
}

static gint by_oid(gconstpointer left, gconstpointer right)
{
    const struct indexes_use *a = left, *b = right;

    return a->oid < b->oid ? -1 : a->oid > b->oid;
}

static void add_use(struct indexes_node *node, guint oid, gint64 scans, gint64 last_scan)
{
    struct indexes_use use = {
        .oid = oid, .scans = scans, .last_scan_us = last_scan * G_USEC_PER_SEC};

    g_array_append_val(node->uses, use);
}

/* ---- the sample ---------------------------------------------------------------------------- */

/* What is read from the history while the uses lie in order. */
struct merge {
    struct indexes_node *node;
    GHashTable *positions; /* oid → position + 1 */
    GArray *gone;          /* of guint: oids the node does not know any more */
    guint counted, fell;
};

static void take_kept(const struct store_use *kept, gpointer data)
{
    struct merge *merge = data;
    guint position =
        GPOINTER_TO_UINT(g_hash_table_lookup(merge->positions, GUINT_TO_POINTER(kept->oid)));

    if (position == 0) {
        g_array_append_val(merge->gone, kept->oid);
        return;
    }
    struct indexes_use *use =
        &g_array_index(merge->node->uses, struct indexes_use, position - 1);
    use->known = true;
    use->kept = *kept;
    merge->counted += kept->scans > 0;
    merge->fell += use->scans < kept->scans;
}

static bool differs(const struct store_use *left, const struct store_use *right)
{
    return left->scans != right->scans || left->quiet_us != right->quiet_us ||
           left->reset != right->reset;
}

/* The node's next sample: every use gets its new state; returns those the history lacks. Where
 * nothing is counted the time does not count either: it is as if the counters had been lost. */
static GArray *advance(struct merge *merge, gint64 now_us)
{
    struct indexes_node *node = merge->node;
    GArray *changed = g_array_new(FALSE, FALSE, sizeof(struct store_use));
    struct store_sampling *sampling = &node->sampling;
    bool lost =
        sampling->samples > 0 &&
        (!node->counting || indexes_counters_lost(sampling->stats_reset_us, node->reset_us,
                                                  merge->counted, merge->fell));

    sampling->samples++;
    sampling->first_us = sampling->first_us == 0 ? now_us : sampling->first_us;
    sampling->last_us = now_us;
    sampling->stats_reset_us = node->reset_us;
    for (guint i = 0; i < node->uses->len; i++) {
        struct indexes_use *use = &g_array_index(node->uses, struct indexes_use, i);
        struct store_use next = indexes_use_next(use->known ? &use->kept : NULL, use->oid,
                                                 use->scans, lost, sampling->samples, now_us);
        if (!use->known || differs(&use->kept, &next))
            g_array_append_val(changed, next);
        use->kept = next;
    }
    return changed;
}

/* keep: not on a standby that was asked in the primary's place. */
static void sample(struct store *store, struct session *session, struct indexes_node *node,
                   gint64 now_us, bool keep)
{
    const struct store_node where = {session_system_identifier(session),
                                     session_database(session), node->name};
    struct merge merge = {.node = node, .positions = g_hash_table_new(NULL, NULL)};

    merge.gone = g_array_new(FALSE, FALSE, sizeof(guint));
    g_array_sort(node->uses, by_oid);
    for (guint i = 0; i < node->uses->len; i++)
        g_hash_table_insert(
            merge.positions,
            GUINT_TO_POINTER(g_array_index(node->uses, struct indexes_use, i).oid),
            GUINT_TO_POINTER(i + 1));
    store_uses(store, &where, &node->sampling, take_kept, &merge);
    g_autoptr(GArray) changed = advance(&merge, now_us);
    if (keep)
        store_uses_put(store, &where, &node->sampling,
                       (const struct store_use *) (gpointer) changed->data, changed->len,
                       (const guint *) (gpointer) merge.gone->data, merge.gone->len);
    node->seen = node->counting;
    if (!node->counting)
        node->trouble = g_strdup("track_counts is off");
    g_hash_table_unref(merge.positions);
    g_array_unref(merge.gone);
}

static void sample_primary(struct store *store, struct session *session,
                           struct indexes_case *state, bool keep)
{
    const struct relations *relations = state->relations;
    struct indexes_node *node = g_ptr_array_index(state->nodes, 0);

    for (guint i = 0; i < relations->indexes->len; i++) {
        const struct relation_index *index = relations_index(relations, i);
        if (index->kind == 'i' && !relations_table_of(relations, index)->system)
            add_use(node, index->oid, index->scans, index->last_scan);
    }
    node->reset_us = relations->stats_reset_us;
    node->counting = relations->counting;
    sample(store, session, node, state->now_us, keep && !relations->in_recovery);
}

void indexes_recall(struct store *store, struct session *session, struct indexes_case *state)
{
    sample_primary(store, session, state, false);
}

/* ---- replicas ------------------------------------------------------------------------------ */

static bool is_conninfo(const char *text)
{
    return strchr(text, '=') != NULL || strstr(text, "://") != NULL;
}

/* "host:port", without the port everybody uses. Caller frees. */
static char *label_of(const char *entry)
{
    const char *host = NULL, *port = NULL;
    PQconninfoOption *options = is_conninfo(entry) ? PQconninfoParse(entry, NULL) : NULL;

    if (options == NULL)
        return g_strdup(entry);
    for (const PQconninfoOption *option = options; option->keyword != NULL; option++) {
        bool is_host = strcmp(option->keyword, "host") == 0;
        if (is_host || (strcmp(option->keyword, "hostaddr") == 0 && host == NULL))
            host = option->val != NULL ? option->val : host;
        else if (strcmp(option->keyword, "port") == 0)
            port = option->val;
    }
    bool usual = port == NULL || strcmp(port, "5432") == 0;
    char *label = host == NULL ? g_strdup(entry)
                               : g_strconcat(host, usual ? "" : ":", usual ? "" : port, NULL);
    PQconninfoFree(options);
    return label;
}

/* Where a replica is; has to outlive its session. */
struct link {
    struct session_params params;
    char *host;
};

/* A conninfo or URI as it is; a host, or host:port, stands for the target's own connection with
 * that host in place of its own. */
static struct link link_to(const struct call *call, const char *entry)
{
    struct link link = {.params = *call->server};
    const char *colon = strchr(entry, ':');
    bool with_port = colon != NULL && colon[1] != '\0' &&
                     strspn(colon + 1, "0123456789") == strlen(colon + 1);

    link.params.entered = g_strdup(call->server->entered);
    if (is_conninfo(entry)) {
        link.params.host = link.params.port = link.params.user = NULL;
        link.params.dbname = entry;
        return link;
    }
    link.host = with_port ? g_strndup(entry, (gsize) (colon - entry)) : g_strdup(entry);
    link.params.host = link.host;
    link.params.port = with_port ? colon + 1 : link.params.port;
    return link;
}

/* The same server by another name would pass for one that nobody listed. */
static const struct indexes_node *find_started(const struct indexes_case *state,
                                               gint64 started_us)
{
    for (guint i = 1; i < state->nodes->len; i++) {
        const struct indexes_node *node = g_ptr_array_index(state->nodes, i);
        if (node->seen && node->started_us == started_us)
            return node;
    }
    return NULL;
}

static bool is_replica_of(struct session *session, struct session *primary,
                          const struct indexes_case *state, struct indexes_node *node,
                          GError **error)
{
    AUTO(rows) rows = session_query(session, &query_indexes_node, NULL, error);
    if (rows == NULL)
        return false;
    const char *ours = session_system_identifier(primary);
    const char *theirs = session_system_identifier(session);
    node->reset_us = rows_int(rows, 0, INDEXES_NODE_STATS_RESET_US);
    node->counting = rows_bool(rows, 0, INDEXES_NODE_COUNTING);
    node->started_us = rows_int(rows, 0, INDEXES_NODE_STARTED_US);
    /* Before 15 a standby throws its counters away whenever it starts (StartupXLOG in recovery). */
    if (session_version(session) < 150000)
        node->reset_us = MAX(node->reset_us, node->started_us);
    const struct indexes_node *twin = find_started(state, node->started_us);
    if (ours != NULL && theirs != NULL && strcmp(ours, theirs) != 0)
        runbook_error_set(error, RUNBOOK_FAILED, NULL, "it belongs to another cluster");
    else if (strcmp(session_database(session), session_database(primary)) != 0)
        runbook_error_set(error, RUNBOOK_FAILED, NULL, "its database is \"%s\"",
                          session_database(session));
    else if (!rows_bool(rows, 0, INDEXES_NODE_IN_RECOVERY))
        runbook_error_set(error, RUNBOOK_FAILED, NULL, "it is no standby");
    else if (twin != NULL)
        runbook_error_set(error, RUNBOOK_FAILED, NULL, "it is the same server as %s",
                          twin->name);
    else
        return true;
    return false;
}

static void take_scans(const struct rows *row, gpointer data)
{
    add_use(data, (guint) rows_int(row, 0, INDEXES_SCANS_OID),
            rows_int(row, 0, INDEXES_SCANS_SCANS), rows_int(row, 0, INDEXES_SCANS_LAST_SCAN));
}

/* Standbys are attached to standbys as well. */
static bool count_standbys(struct session *session, struct indexes_case *state, GError **error)
{
    AUTO(rows) rows = session_query(session, &query_indexes_standbys, NULL, error);
    if (rows == NULL)
        return false;
    state->standbys += (guint) rows_int(rows, 0, INDEXES_STANDBYS_STANDBYS);
    return true;
}

static bool sample_through(struct call *call, struct session *primary, struct link *link,
                           struct indexes_node *node, struct indexes_case *state,
                           GError **error)
{
    AUTO(session) session = session_open(&link->params, call->feature->name, error);

    if (session == NULL || !is_replica_of(session, primary, state, node, error) ||
        !session_each(session, &query_indexes_scans, NULL, take_scans, node, error) ||
        !count_standbys(session, state, error))
        return false;
    sample(call->store, session, node, state->now_us, !call->dry_run);
    return true;
}

static bool sample_replica(struct call *call, struct session *primary, const char *entry,
                           struct indexes_node *node, struct indexes_case *state,
                           GError **error)
{
    struct link link = link_to(call, entry);
    bool done = sample_through(call, primary, &link, node, state, error);

    g_free(link.params.entered);
    g_free(link.host);
    return done;
}

/* One replica that cannot be seen makes verdicts unknown, it does not end the report. */
static bool observe_replica(struct call *call, struct session *primary, const char *entry,
                            struct indexes_case *state, GError **error)
{
    g_autoptr(GError) failure = NULL;
    g_autofree char *label = label_of(entry);
    struct indexes_node *node = indexes_node_new(label);

    g_ptr_array_add(state->nodes, node);
    if (sample_replica(call, primary, entry, node, state, &failure))
        return true;
    if (g_error_matches(failure, RUNBOOK_ERROR, RUNBOOK_INTERRUPTED)) {
        g_propagate_error(error, g_steal_pointer(&failure));
        return false;
    }
    node->trouble = g_strndup(failure->message, strcspn(failure->message, "\n"));
    return true;
}

bool indexes_observe_nodes(struct call *call, struct session *session,
                           struct indexes_case *state, GError **error)
{
    const char *const *replicas = option_values(call->options, "replica");

    if (replicas[0] == NULL)
        replicas = settings_list(call->settings, "replicas");
    g_ptr_array_add(state->nodes, indexes_node_new(""));
    sample_primary(call->store, session, state, !call->dry_run);
    for (gsize i = 0; replicas != NULL && replicas[i] != NULL; i++)
        if (!observe_replica(call, session, replicas[i], state, error))
            return false;
    return count_standbys(session, state, error);
}
