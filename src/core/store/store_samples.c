/*
 * Nodes, and how often their indexes were scanned.
 */
#include "store/store_samples.h"

#include "store/statement.h"
#include "store/store_internal.h"
#include "store_queries.h"

/* ---- nodes -------------------------------------------------------------------------------- */

static void bind_node(struct statement *statement, const struct store_node *node)
{
    statement_bind_text(statement, 1, node->system_identifier);
    statement_bind_text(statement, 2, node->dbname);
    statement_bind_text(statement, 3, node->node);
}

struct store_node_row store_node_read(struct store *store, const struct store_node *node)
{
    struct store_node_row row = {.id = 0};
    AUTO(statement) statement = statement_open(store, &query_store_node);
    bind_node(statement, node);
    if (statement_next(statement)) {
        row.id = statement_int(statement, STORE_NODE_ID);
        row.sampling.first_us = statement_int(statement, STORE_NODE_FIRST_US);
        row.sampling.last_us = statement_int(statement, STORE_NODE_LAST_US);
        row.sampling.samples = statement_int(statement, STORE_NODE_SAMPLES);
        row.sampling.stats_reset_us = statement_int(statement, STORE_NODE_STATS_RESET_US);
        row.sized_us = statement_int(statement, STORE_NODE_SIZED_US);
    }
    store_read(store, statement);
    return row;
}

struct store_node_row store_node_need(struct store *store, const struct store_node *node)
{
    struct store_node_row row = store_node_read(store, node);
    if (row.id != 0)
        return row;
    AUTO(statement) statement = statement_open(store, &query_store_node_add);
    bind_node(statement, node);
    return store_write(store, statement) ? store_node_read(store, node) : row;
}

/* ---- reading ------------------------------------------------------------------------------ */

/* All of them or none: half of the evidence would make indexes look new. */
static GArray *read_uses(struct store *store, gint64 node)
{
    GArray *uses = g_array_new(FALSE, FALSE, sizeof(struct store_use));
    AUTO(statement) statement = statement_open(store, &query_store_uses);
    statement_bind_int(statement, 1, node);
    while (statement_next(statement)) {
        const struct store_use use = {
            .oid = (guint) statement_int(statement, STORE_USES_OID),
            .scans = statement_int(statement, STORE_USES_SCANS),
            .quiet_us = statement_int(statement, STORE_USES_QUIET_US),
            .quiet_samples = statement_int(statement, STORE_USES_QUIET_SAMPLES),
            .reset = statement_int(statement, STORE_USES_RESET) != 0,
        };
        g_array_append_val(uses, use);
    }
    if (!store_read(store, statement))
        g_array_set_size(uses, 0);
    return uses;
}

void store_uses(struct store *store, const struct store_node *node,
                struct store_sampling *ret_sampling,
                void (*visit)(const struct store_use *use, gpointer data), gpointer data)
{
    /* One view of both tables, where the caller has not begun one. */
    const bool alone = sqlite3_get_autocommit(store->db) != 0;
    if (alone)
        sqlite3_exec(store->db, "BEGIN", NULL, NULL, NULL);
    const struct store_node_row row = store_node_read(store, node);
    g_autoptr(GArray) uses = read_uses(store, row.id);
    if (alone)
        sqlite3_exec(store->db, "COMMIT", NULL, NULL, NULL);
    *ret_sampling = row.sampling;
    for (guint i = 0; i < uses->len; i++)
        visit(&g_array_index(uses, struct store_use, i), data);
}

/* ---- writing ------------------------------------------------------------------------------ */

static bool put_use(struct store *store, gint64 node, const struct store_use *use)
{
    AUTO(statement) statement = statement_open(store, &query_store_use_put);
    statement_bind_int(statement, 1, node);
    statement_bind_int(statement, 2, use->oid);
    statement_bind_int(statement, 3, use->scans);
    statement_bind_int(statement, 4, use->quiet_us);
    statement_bind_int(statement, 5, use->quiet_samples);
    statement_bind_int(statement, 6, use->reset);
    return store_write(store, statement);
}

static bool forget_use(struct store *store, gint64 node, guint oid)
{
    AUTO(statement) statement = statement_open(store, &query_store_use_gone);
    statement_bind_int(statement, 1, node);
    statement_bind_int(statement, 2, oid);
    return store_write(store, statement);
}

static bool put_sampling(struct store *store, gint64 node,
                         const struct store_sampling *sampling)
{
    AUTO(statement) statement = statement_open(store, &query_store_node_sampled);
    statement_bind_int(statement, 1, node);
    statement_bind_int(statement, 2, sampling->first_us);
    statement_bind_int(statement, 3, sampling->last_us);
    statement_bind_int(statement, 4, sampling->samples);
    statement_bind_int(statement, 5, sampling->stats_reset_us);
    return store_write(store, statement);
}

void store_uses_put(struct store *store, const struct store_node *node,
                    const struct store_sampling *sampling, const struct store_use *changed,
                    guint changed_count, const guint *gone, guint gone_count)
{
    if (node->system_identifier == NULL || !store_begin_all(store))
        return;
    const gint64 id = store_node_need(store, node).id;
    bool ok = id != 0 && put_sampling(store, id, sampling);
    for (guint i = 0; ok && i < gone_count; i++)
        ok = forget_use(store, id, gone[i]);
    for (guint i = 0; ok && i < changed_count; i++)
        ok = put_use(store, id, &changed[i]);
    store_end_all(store, ok);
}

void store_use_moved(struct store *store, const struct store_node *node, guint from, guint to)
{
    static const struct query *const moves[] = {
        &query_store_use_moved,
        &query_store_relation_moved,
        &query_store_relation_weeks_moved,
        &query_store_relation_name_moved,
    };
    bool ok = true;
    if (node->system_identifier == NULL || !store_begin_all(store))
        return;
    for (guint i = 0; ok && i < G_N_ELEMENTS(moves); i++) {
        AUTO(statement) statement = statement_open(store, moves[i]);
        statement_bind_text(statement, 1, node->system_identifier);
        statement_bind_text(statement, 2, node->dbname);
        statement_bind_int(statement, 3, from);
        statement_bind_int(statement, 4, to);
        ok = store_write(store, statement);
    }
    store_end_all(store, ok);
}
