/* CREATE INDEX, REINDEX. */
#include "ddl/ddl_private.h"

#include <string.h>

/* ---- CREATE INDEX ---------------------------------------------------------------------------- */

static bool there_already(const struct ddl_judge *judge, const PgQuery__IndexStmt *statement,
                          const struct ddl_target *table)
{
    struct ddl_relation *owner;

    return statement->if_not_exists && ddl_said(statement->idxname) != NULL &&
           (ddl_index_find(judge->schema,
                           table->relation != NULL ? table->relation->schema : NULL,
                           statement->idxname, &owner) != NULL);
}

static struct ddl_act *say(struct ddl_judge *judge, enum ddl_cause cause,
                           const struct ddl_target *table, const PgQuery__IndexStmt *statement,
                           enum ddl_lock_mode mode, enum ddl_effect work)
{
    struct ddl_act *act = ddl_judge_act(judge, cause, table, mode, work);

    act->index = g_strdup(ddl_said(statement->idxname));
    if (statement->unique)
        act->detail = g_strdup("UNIQUE");
    return act;
}

/* A partition that has such an index already gives it to the new one. */
static bool has_such(const struct ddl_relation *relation, const struct ddl_index *wanted)
{
    for (guint i = 0; i < relation->indexes->len; i++) {
        const struct ddl_index *own = relation->indexes->pdata[i];
        if (own != wanted && own->valid && own->simple && wanted->simple &&
            own->unique == wanted->unique && g_strcmp0(own->method, wanted->method) == 0 &&
            ddl_strings_equal(own->columns, wanted->columns))
            return true;
    }
    return false;
}

static bool build_below(struct ddl_judge *judge, const struct ddl_target *table,
                        const PgQuery__IndexStmt *statement, bool below)
{
    g_autoptr(GPtrArray) tree = ddl_tree_of(judge->schema, table->relation, below);
    const struct ddl_index *first = NULL;
    bool scans = false;

    for (guint i = 0; i < tree->len; i++) {
        struct ddl_target one = ddl_target_relation(tree->pdata[i]);
        bool attached = i > 0 && first != NULL && has_such(one.relation, first);
        enum ddl_effect work = attached ? DDL_EFFECT_METADATA : DDL_EFFECT_SCAN;
        ddl_judge_lock(judge, &one, DDL_SHARE, work);
        scans = scans || (!attached && ddl_has_rows(one.relation) && !ddl_target_fresh(&one));
        if (!attached) {
            const struct ddl_index *made = ddl_play_index(judge, one.relation, statement);
            first = first == NULL ? made : first;
        }
        /* children of a table that is not partitioned have indexes of their own */
        if (table->relation->kind != 'p')
            break;
    }
    return scans;
}

static void create_concurrently(struct ddl_judge *judge, const struct ddl_target *table,
                                const PgQuery__IndexStmt *statement)
{
    enum ddl_lock_mode mode = DDL_SHARE_UPDATE_EXCLUSIVE;

    judge->out->no_transaction = true;
    ddl_judge_lock(judge, table, mode, DDL_EFFECT_SCAN);
    if (judge->context->in_transaction)
        say(judge, DDL_CONCURRENTLY_IN_TRANSACTION, table, statement, mode, DDL_EFFECT_NONE);
    if (statement->if_not_exists)
        say(judge, DDL_CONCURRENTLY_IF_NOT_EXISTS, table, statement, mode, DDL_EFFECT_NONE);
    if (table->relation == NULL)
        return;
    if (table->relation->kind == 'p')
        say(judge, DDL_CONCURRENTLY_PARTITIONED, table, statement, mode, DDL_EFFECT_NONE);
    ddl_play_index(judge, table->relation, statement);
}

static bool has_expression(const PgQuery__IndexStmt *statement)
{
    for (size_t i = 0; i < statement->n_index_params; i++)
        if (statement->index_params[i]->node_case == PG_QUERY__NODE__NODE_INDEX_ELEM &&
            statement->index_params[i]->index_elem->expr != NULL)
            return true;
    return false;
}

static void create_index(struct ddl_judge *judge, const PgQuery__IndexStmt *statement)
{
    struct ddl_target table = ddl_target_of(judge, statement->relation);
    bool scans = true;

    judge->floor = DDL_EFFECT_METADATA;
    judge->at = (gsize) MAX(statement->relation->location, 0);
    if (there_already(judge, statement, &table)) {
        ddl_judge_lock(judge, &table,
                       statement->concurrent ? DDL_SHARE_UPDATE_EXCLUSIVE : DDL_SHARE,
                       DDL_EFFECT_METADATA);
        judge->out->no_transaction = statement->concurrent;
        return;
    }
    if (has_expression(statement))
        ddl_judge_analyze(judge, &table, NULL);
    if (statement->concurrent) {
        create_concurrently(judge, &table, statement);
        return;
    }
    if (table.relation == NULL && !statement->relation->inh) {
        /* ON ONLY is said of partitioned tables: nothing is built */
        ddl_judge_lock(judge, &table, DDL_SHARE, DDL_EFFECT_METADATA);
        return;
    }
    if (table.relation == NULL)
        ddl_judge_lock(judge, &table, DDL_SHARE, DDL_EFFECT_SCAN);
    else
        scans = build_below(judge, &table, statement, statement->relation->inh);
    if (!scans)
        return;
    struct ddl_act *act =
        say(judge, DDL_CREATE_INDEX, &table, statement, DDL_SHARE, DDL_EFFECT_SCAN);
    if (statement->if_not_exists && !judge->schema->known && table.relation == NULL)
        ddl_act_assume(act, "there is no index of that name yet");
}

/* ---- REINDEX --------------------------------------------------------------------------------- */

static void reindex_table(struct ddl_judge *judge, const struct ddl_target *table,
                          bool concurrently)
{
    enum ddl_lock_mode mode = concurrently ? DDL_SHARE_UPDATE_EXCLUSIVE : DDL_SHARE;

    g_autoptr(GPtrArray) tree =
        table->relation == NULL
            ? g_ptr_array_new()
            : ddl_tree_of(judge->schema, table->relation, table->relation->kind == 'p');

    if (table->relation == NULL)
        ddl_judge_lock(judge, table, mode, DDL_EFFECT_SCAN);
    for (guint i = 0; i < tree->len; i++) {
        struct ddl_target one = ddl_target_relation(tree->pdata[i]);
        const GPtrArray *indexes = one.relation->indexes;
        ddl_judge_lock(judge, &one, mode,
                       indexes->len == 0 ? DDL_EFFECT_METADATA : DDL_EFFECT_SCAN);
        for (guint n = 0; n < indexes->len && !concurrently && !ddl_target_fresh(&one); n++) {
            const struct ddl_index *index = indexes->pdata[n];
            struct ddl_target its = {.schema = index->schema, .name = index->name};
            if (ddl_has_rows(one.relation))
                ddl_judge_lock(judge, &its, DDL_ACCESS_EXCLUSIVE, DDL_EFFECT_REWRITE);
        }
    }
}

static void reindex_index(struct ddl_judge *judge, const PgQuery__RangeVar *range,
                          bool concurrently, struct ddl_target *ret_table)
{
    struct ddl_relation *owner = NULL;
    struct ddl_index *index =
        ddl_index_find(judge->schema, ddl_said(range->schemaname), range->relname, &owner);
    struct ddl_target target = {.schema =
                                    index != NULL ? index->schema : ddl_said(range->schemaname),
                                .name = range->relname};
    bool fresh = owner != NULL && owner->created_here;

    if (owner != NULL) {
        *ret_table = ddl_target_relation(owner);
        ddl_judge_lock(judge, ret_table, concurrently ? DDL_SHARE_UPDATE_EXCLUSIVE : DDL_SHARE,
                       DDL_EFFECT_SCAN);
    }
    if (!fresh)
        ddl_judge_lock(judge, &target,
                       concurrently ? DDL_SHARE_UPDATE_EXCLUSIVE : DDL_ACCESS_EXCLUSIVE,
                       DDL_EFFECT_REWRITE);
}

/* Every table of a schema or database, one after the other, each in a transaction of its own. */
static void reindex_many(struct ddl_judge *judge, const char *name, bool concurrently)
{
    for (guint i = 0; i < judge->schema->relations->len; i++) {
        struct ddl_relation *relation = judge->schema->relations->pdata[i];
        struct ddl_target one = ddl_target_relation(relation);
        if (ddl_has_rows(relation) && (name == NULL || g_strcmp0(relation->schema, name) == 0))
            reindex_table(judge, &one, concurrently);
    }
    if (!judge->schema->known)
        ddl_judge_lock_unknown(judge, concurrently ? DDL_SHARE_UPDATE_EXCLUSIVE : DDL_SHARE,
                               DDL_EFFECT_SCAN);
}

static bool concurrent_option(const PgQuery__ReindexStmt *statement)
{
    return ddl_option_on(ddl_option(statement->params, statement->n_params, "concurrently"));
}

static void reindex(struct ddl_judge *judge, const PgQuery__ReindexStmt *statement)
{
    bool concurrently = concurrent_option(statement);
    struct ddl_target table = {0};
    enum ddl_lock_mode mode = concurrently ? DDL_SHARE_UPDATE_EXCLUSIVE : DDL_SHARE;
    const char *index = NULL;

    judge->floor = DDL_EFFECT_METADATA;
    judge->out->no_transaction = concurrently;
    switch ((int) statement->kind) {
    case PG_QUERY__REINDEX_OBJECT_TYPE__REINDEX_OBJECT_TABLE:
        table = ddl_target_of(judge, statement->relation);
        if (table.relation != NULL && table.relation->kind == 'p')
            judge->out->no_transaction = true;
        reindex_table(judge, &table, concurrently);
        break;
    case PG_QUERY__REINDEX_OBJECT_TYPE__REINDEX_OBJECT_INDEX:
        index = statement->relation->relname;
        reindex_index(judge, statement->relation, concurrently, &table);
        if (table.relation != NULL && table.relation->kind == 'p')
            judge->out->no_transaction = true;
        break;
    case PG_QUERY__REINDEX_OBJECT_TYPE__REINDEX_OBJECT_SCHEMA:
        judge->out->no_transaction = true;
        reindex_many(judge, statement->name, concurrently);
        break;
    default:
        judge->out->no_transaction = true;
        reindex_many(judge, NULL, concurrently);
        break;
    }
    if (ddl_target_fresh(&table))
        return;
    bool bad = concurrently && judge->context->in_transaction;
    if (concurrently && !bad)
        return;
    struct ddl_act *act =
        ddl_judge_act(judge, bad ? DDL_CONCURRENTLY_IN_TRANSACTION : DDL_REINDEX,
                      table.name == NULL ? NULL : &table, mode, DDL_EFFECT_SCAN);
    act->index = g_strdup(index);
}

bool ddl_judge_index(struct ddl_judge *judge, const PgQuery__Node *node)
{
    if (node->node_case == PG_QUERY__NODE__NODE_INDEX_STMT)
        create_index(judge, node->index_stmt);
    else if (node->node_case == PG_QUERY__NODE__NODE_REINDEX_STMT)
        reindex(judge, node->reindex_stmt);
    else
        return false;
    return true;
}
