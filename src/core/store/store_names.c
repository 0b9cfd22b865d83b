/* What relations are called, and what was found to decide on: for who has the history alone. */
#include "store/statement.h"
#include "store/store_internal.h"
#include "store/store_report.h"
#include "store_queries.h"

/* ---- names ---------------------------------------------------------------------------------- */

static bool put_name(struct store *store, gint64 node, const struct store_named *named)
{
    AUTO(statement) statement = statement_open(store, &query_store_relation_name_put);
    statement_bind_int(statement, 1, node);
    statement_bind_int(statement, 2, named->oid);
    statement_bind_text(statement, 3, named->kind);
    statement_bind_text(statement, 4, named->schema);
    statement_bind_text(statement, 5, named->name);
    return store_write(store, statement);
}

static bool forget_names(struct store *store, gint64 node)
{
    AUTO(statement) statement = statement_open(store, &query_store_relation_names_forget);
    statement_bind_int(statement, 1, node);
    return store_write(store, statement);
}

void store_names_put(struct store *store, const struct store_node *node,
                     const struct store_named *names, guint count)
{
    if (node->system_identifier == NULL || !store_begin_all(store))
        return;
    const gint64 id = store_node_need(store, node).id;
    bool ok = id != 0;
    for (guint i = 0; ok && i < count; i++)
        ok = put_name(store, id, &names[i]);
    store_end_all(store, ok && forget_names(store, id));
}

bool store_name_of(struct store *store, gint64 id, guint oid,
                   void (*visit)(const struct store_named *named, gpointer data), gpointer data)
{
    bool found = false;

    AUTO(statement) statement = statement_open(store, &query_store_relation_name);
    statement_bind_int(statement, 1, id);
    statement_bind_int(statement, 2, oid);
    while (statement_next(statement)) {
        const struct store_named named = {
            .oid = oid,
            .kind = statement_text(statement, STORE_RELATION_NAME_KIND),
            .schema = statement_text(statement, STORE_RELATION_NAME_SCHEMA),
            .name = statement_text(statement, STORE_RELATION_NAME_NAME),
        };
        visit(&named, data);
        found = true;
    }
    return store_read(store, statement) && found;
}

/* ---- findings ------------------------------------------------------------------------------- */

static bool forget_findings(struct store *store, gint64 node, const char *section)
{
    AUTO(statement) statement = statement_open(store, &query_store_findings_forget);
    statement_bind_int(statement, 1, node);
    statement_bind_text(statement, 2, section);
    return store_write(store, statement);
}

static bool put_finding(struct store *store, gint64 node, const char *section, guint number,
                        gint64 at_us, const struct store_finding *finding)
{
    AUTO(statement) statement = statement_open(store, &query_store_finding_put);
    statement_bind_int(statement, 1, node);
    statement_bind_text(statement, 2, section);
    statement_bind_int(statement, 3, number);
    statement_bind_int(statement, 4, at_us);
    statement_bind_text(statement, 5, finding->schema);
    statement_bind_text(statement, 6, finding->name);
    statement_bind_text(statement, 7, finding->relation);
    statement_bind_text(statement, 8, finding->what);
    statement_bind_text(statement, 9, finding->reason);
    statement_bind_int(statement, 10, finding->bytes);
    statement_bind_text(statement, 11, finding->command);
    return store_write(store, statement);
}

void store_findings_put(struct store *store, const struct store_node *node, const char *section,
                        gint64 at_us, const struct store_finding *findings, guint count)
{
    if (node->system_identifier == NULL || !store_begin_all(store))
        return;
    const gint64 id = store_node_need(store, node).id;
    bool ok = id != 0 && forget_findings(store, id, section);
    for (guint i = 0; ok && i < count; i++)
        ok = put_finding(store, id, section, i + 1, at_us, &findings[i]);
    store_end_all(store, ok);
}

bool store_each_finding(struct store *store, gint64 id, const char *section,
                        void (*visit)(const struct store_finding *finding, gpointer data),
                        gpointer data, GError **error)
{
    AUTO(statement) statement = statement_open(store, &query_store_findings);
    statement_bind_int(statement, 1, id);
    statement_bind_text(statement, 2, section);
    while (statement_next(statement)) {
        const struct store_finding finding = {
            .schema = statement_text(statement, STORE_FINDINGS_SCHEMA),
            .name = statement_text(statement, STORE_FINDINGS_NAME),
            .relation = statement_text(statement, STORE_FINDINGS_RELATION),
            .what = statement_text(statement, STORE_FINDINGS_WHAT),
            .reason = statement_text(statement, STORE_FINDINGS_REASON),
            .command = statement_text(statement, STORE_FINDINGS_COMMAND),
            .bytes = statement_int(statement, STORE_FINDINGS_BYTES),
            .at_us = statement_int(statement, STORE_FINDINGS_AT_US),
        };
        visit(&finding, data);
    }
    return store_finish(store, statement, error);
}
