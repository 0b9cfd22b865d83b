/* VACUUM, CLUSTER, TRUNCATE, REFRESH, LOCK, settings, transactions. */
#include "ddl/ddl_private.h"

#include <string.h>

/* ---- tables written anew --------------------------------------------------------------------- */

static void vacuum(struct ddl_judge *judge, const PgQuery__VacuumStmt *statement)
{
    bool full = ddl_option_on(ddl_option(statement->options, statement->n_options, "full"));
    enum ddl_lock_mode mode = full ? DDL_ACCESS_EXCLUSIVE : DDL_SHARE_UPDATE_EXCLUSIVE;
    enum ddl_effect work = full ? DDL_EFFECT_REWRITE : DDL_EFFECT_NONE;

    judge->out->no_transaction = statement->is_vacuumcmd;
    for (size_t i = 0; i < statement->n_rels; i++) {
        if (statement->rels[i]->node_case != PG_QUERY__NODE__NODE_VACUUM_RELATION ||
            statement->rels[i]->vacuum_relation->relation == NULL)
            continue;
        struct ddl_target target =
            ddl_target_of(judge, statement->rels[i]->vacuum_relation->relation);
        ddl_judge_lock_tree(judge, &target, mode, work);
        if (full && !ddl_target_fresh(&target))
            ddl_judge_act(judge, DDL_VACUUM_FULL, &target, mode, work);
    }
    if (!full || statement->n_rels > 0)
        return;
    for (guint i = 0; i < judge->schema->relations->len; i++) {
        struct ddl_target target = ddl_target_relation(judge->schema->relations->pdata[i]);
        if (ddl_has_rows(target.relation))
            ddl_judge_lock(judge, &target, mode, work);
    }
    if (!judge->schema->known)
        ddl_judge_lock_unknown(judge, mode, work);
    judge->floor = DDL_EFFECT_REWRITE;
    ddl_judge_act(judge, DDL_VACUUM_FULL, NULL, mode, work);
}

static void cluster_all(struct ddl_judge *judge)
{
    enum ddl_lock_mode mode = DDL_ACCESS_EXCLUSIVE;

    judge->out->no_transaction = true;
    judge->floor = DDL_EFFECT_METADATA;
    for (guint i = 0; i < judge->schema->relations->len; i++) {
        struct ddl_target target = ddl_target_relation(judge->schema->relations->pdata[i]);
        if (!target.relation->clustered)
            continue;
        ddl_judge_lock(judge, &target, mode, DDL_EFFECT_REWRITE);
        ddl_judge_act(judge, DDL_CLUSTER, &target, mode, DDL_EFFECT_REWRITE);
    }
    if (judge->out->locks->len > 0 || judge->schema->known)
        return;
    ddl_judge_lock_unknown(judge, mode, DDL_EFFECT_REWRITE);
    ddl_act_assume(ddl_judge_act(judge, DDL_CLUSTER, NULL, mode, DDL_EFFECT_REWRITE),
                   "a table has been clustered before");
}

static void cluster(struct ddl_judge *judge, const PgQuery__ClusterStmt *statement)
{
    enum ddl_lock_mode mode = DDL_ACCESS_EXCLUSIVE;

    if (statement->relation == NULL) {
        cluster_all(judge);
        return;
    }
    struct ddl_target target = ddl_target_of(judge, statement->relation);
    if (target.relation != NULL && target.relation->kind == 'p')
        judge->out->no_transaction = true;
    ddl_judge_lock_tree(judge, &target, mode, DDL_EFFECT_REWRITE);
    if (target.relation != NULL)
        target.relation->clustered = true;
    if (ddl_target_fresh(&target))
        return;
    struct ddl_act *act = ddl_judge_act(judge, DDL_CLUSTER, &target, mode, DDL_EFFECT_REWRITE);
    act->index = g_strdup(ddl_said(statement->indexname));
}

static void refresh(struct ddl_judge *judge, const PgQuery__RefreshMatViewStmt *statement)
{
    struct ddl_target target = ddl_target_of(judge, statement->relation);
    enum ddl_lock_mode mode = statement->concurrent ? DDL_EXCLUSIVE : DDL_ACCESS_EXCLUSIVE;
    enum ddl_effect work = statement->concurrent ? DDL_EFFECT_SCAN : DDL_EFFECT_REWRITE;

    if (statement->skip_data)
        work = DDL_EFFECT_METADATA;
    ddl_judge_lock(judge, &target, mode, work);
    if (!statement->skip_data)
        ddl_judge_sources(judge, &target, 0);
    ddl_judge_analyze(judge, &target, NULL);
    if (ddl_target_fresh(&target))
        return;
    struct ddl_act *act =
        ddl_judge_act(judge, DDL_REFRESH_MATERIALIZED_VIEW, &target, mode, work);
    if (statement->concurrent)
        act->detail = g_strdup("CONCURRENTLY");
}

static bool truncated(const struct ddl_judge *judge, const struct ddl_target *target)
{
    for (guint i = 0; i < judge->out->locks->len; i++) {
        const struct ddl_lock *lock = judge->out->locks->pdata[i];
        if (ddl_lock_is_on(lock, target))
            return true;
    }
    return false;
}

/* A new file, but an empty one: that takes no longer the more rows there were. */
static void truncate_one(struct ddl_judge *judge, const struct ddl_target *target, bool below,
                         bool cascade)
{
    g_autoptr(GPtrArray) tree = target->relation == NULL
                                    ? g_ptr_array_new()
                                    : ddl_tree_of(judge->schema, target->relation, below);

    if (target->relation == NULL)
        ddl_judge_lock(judge, target, DDL_ACCESS_EXCLUSIVE, DDL_EFFECT_METADATA);
    for (guint n = 0; n < tree->len; n++) {
        struct ddl_target one = ddl_target_relation(tree->pdata[n]);
        ddl_judge_lock(judge, &one, DDL_ACCESS_EXCLUSIVE, DDL_EFFECT_METADATA);
        bool more = cascade && ddl_referenced(one.relation);
        for (guint i = 0; more && i < judge->schema->relations->len; i++) {
            struct ddl_relation *other = judge->schema->relations->pdata[i];
            struct ddl_target next = ddl_target_relation(other);
            for (guint k = 0; other != one.relation && k < other->constraints->len; k++)
                if (ddl_refers_to(other->constraints->pdata[k], one.relation) &&
                    !truncated(judge, &next))
                    truncate_one(judge, &next, true, true);
        }
    }
}

static void truncate_tables(struct ddl_judge *judge, const PgQuery__TruncateStmt *statement)
{
    bool cascade = statement->behavior == PG_QUERY__DROP_BEHAVIOR__DROP_CASCADE;

    for (size_t i = 0; i < statement->n_relations; i++) {
        if (statement->relations[i]->node_case != PG_QUERY__NODE__NODE_RANGE_VAR)
            continue;
        const PgQuery__RangeVar *range = statement->relations[i]->range_var;
        struct ddl_target target = ddl_target_of(judge, range);
        judge->at = (gsize) MAX(range->location, 0);
        truncate_one(judge, &target, range->inh, cascade);
        ddl_judge_analyze(judge, &target, NULL);
        if (ddl_target_fresh(&target))
            continue;
        struct ddl_act *act = ddl_judge_act(judge, DDL_TRUNCATE, &target, DDL_ACCESS_EXCLUSIVE,
                                            DDL_EFFECT_METADATA);
        if (cascade)
            act->detail = g_strdup("CASCADE");
    }
}

static void move_all(struct ddl_judge *judge, const PgQuery__AlterTableMoveAllStmt *statement)
{
    const char *from = statement->orig_tablespacename, *usual = "pg_default";
    bool any = false;

    for (guint i = 0; i < judge->schema->relations->len; i++) {
        struct ddl_relation *relation = judge->schema->relations->pdata[i];
        struct ddl_target target = ddl_target_relation(relation);
        if (!ddl_has_rows(relation) ||
            g_strcmp0(relation->tablespace == NULL ? usual : relation->tablespace, from) != 0)
            continue;
        ddl_judge_lock(judge, &target, DDL_ACCESS_EXCLUSIVE, DDL_EFFECT_REWRITE);
        any = true;
    }
    if (!any && judge->schema->known)
        return;
    if (!any)
        ddl_judge_lock_unknown(judge, DDL_ACCESS_EXCLUSIVE, DDL_EFFECT_REWRITE);
    struct ddl_act *act = ddl_judge_act(judge, DDL_SET_TABLESPACE, NULL, DDL_ACCESS_EXCLUSIVE,
                                        DDL_EFFECT_REWRITE);
    act->detail = g_strdup(statement->new_tablespacename);
}

/* ---- locks and settings ---------------------------------------------------------------------- */

enum { LOCKED_DEEP = 8 };

/* Of a view the tables that it reads are locked as well. */
static void lock_view(struct ddl_judge *judge, const struct ddl_target *view,
                      enum ddl_lock_mode mode, guint depth)
{
    const GPtrArray *reads = view->relation->reads;

    for (guint i = 0; reads != NULL && i + 1 < reads->len && depth < LOCKED_DEEP; i += 2) {
        struct ddl_target one = ddl_target_named(judge, reads->pdata[i], reads->pdata[i + 1]);
        ddl_judge_lock_tree(judge, &one, mode, DDL_EFFECT_METADATA);
        if (one.relation != NULL && one.relation->kind == 'v')
            lock_view(judge, &one, mode, depth + 1);
    }
}

static void lock(struct ddl_judge *judge, const PgQuery__LockStmt *statement)
{
    enum ddl_lock_mode mode = (enum ddl_lock_mode) CLAMP(
        statement->mode, (int) DDL_ACCESS_SHARE, (int) DDL_ACCESS_EXCLUSIVE);

    for (size_t i = 0; i < statement->n_relations; i++) {
        if (statement->relations[i]->node_case != PG_QUERY__NODE__NODE_RANGE_VAR)
            continue;
        const PgQuery__RangeVar *range = statement->relations[i]->range_var;
        struct ddl_target target = ddl_target_of(judge, range);
        if (range->inh)
            ddl_judge_lock_tree(judge, &target, mode, DDL_EFFECT_METADATA);
        else
            ddl_judge_lock(judge, &target, mode, DDL_EFFECT_METADATA);
        if (target.relation != NULL && target.relation->kind == 'v')
            lock_view(judge, &target, mode, 0);
    }
}

static void set(struct ddl_judge *judge, const PgQuery__VariableSetStmt *statement)
{
    bool value = statement->kind == PG_QUERY__VARIABLE_SET_KIND__VAR_SET_VALUE;

    judge->floor = DDL_EFFECT_NONE;
    if (value && g_ascii_strcasecmp(statement->name, "search_path") == 0)
        ddl_schema_set_path(judge->schema, statement->args, statement->n_args);
    if (value && g_ascii_strcasecmp(statement->name, "timezone") == 0 &&
        statement->n_args > 0) {
        g_free(judge->schema->time_zone);
        judge->schema->time_zone = ddl_constant_of(statement->args[0]);
        judge->schema->time_zone_set = true;
    }
}

static bool judge_rewriting(struct ddl_judge *judge, const PgQuery__Node *node)
{
    switch ((int) node->node_case) {
    case PG_QUERY__NODE__NODE_VACUUM_STMT:
        vacuum(judge, node->vacuum_stmt);
        return true;
    case PG_QUERY__NODE__NODE_CLUSTER_STMT:
        cluster(judge, node->cluster_stmt);
        return true;
    case PG_QUERY__NODE__NODE_REFRESH_MAT_VIEW_STMT:
        refresh(judge, node->refresh_mat_view_stmt);
        return true;
    case PG_QUERY__NODE__NODE_TRUNCATE_STMT:
        truncate_tables(judge, node->truncate_stmt);
        return true;
    case PG_QUERY__NODE__NODE_ALTER_TABLE_MOVE_ALL_STMT:
        move_all(judge, node->alter_table_move_all_stmt);
        return true;
    default:
        return false;
    }
}

/* Those the server refuses in a transaction, and that touch no table. */
static bool judge_outside(struct ddl_judge *judge, const PgQuery__Node *node)
{
    switch ((int) node->node_case) {
    case PG_QUERY__NODE__NODE_CREATEDB_STMT:
    case PG_QUERY__NODE__NODE_CREATE_TABLE_SPACE_STMT:
    case PG_QUERY__NODE__NODE_DROP_TABLE_SPACE_STMT:
    case PG_QUERY__NODE__NODE_ALTER_SYSTEM_STMT:
    case PG_QUERY__NODE__NODE_DROP_SUBSCRIPTION_STMT:
        judge->out->no_transaction = true;
        break;
    case PG_QUERY__NODE__NODE_CREATE_SUBSCRIPTION_STMT: {
        const PgQuery__DefElem *slot =
            ddl_option(node->create_subscription_stmt->options,
                       node->create_subscription_stmt->n_options, "create_slot");
        judge->out->no_transaction = slot == NULL || ddl_option_on(slot);
        break;
    }
    case PG_QUERY__NODE__NODE_DISCARD_STMT:
        judge->out->no_transaction =
            node->discard_stmt->target == PG_QUERY__DISCARD_MODE__DISCARD_ALL;
        break;
    case PG_QUERY__NODE__NODE_ALTER_DATABASE_STMT:
        judge->out->no_transaction =
            ddl_option(node->alter_database_stmt->options, node->alter_database_stmt->n_options,
                       "tablespace") != NULL;
        break;
    default:
        return false;
    }
    judge->floor = DDL_EFFECT_METADATA;
    return true;
}

bool ddl_judge_maintain(struct ddl_judge *judge, const PgQuery__Node *node)
{
    if (judge_rewriting(judge, node) || judge_outside(judge, node))
        return true;
    switch ((int) node->node_case) {
    case PG_QUERY__NODE__NODE_LOCK_STMT:
        lock(judge, node->lock_stmt);
        return true;
    case PG_QUERY__NODE__NODE_VARIABLE_SET_STMT:
        set(judge, node->variable_set_stmt);
        return true;
    case PG_QUERY__NODE__NODE_TRANSACTION_STMT:
        ddl_judge_act(judge, DDL_TRANSACTION_CONTROL, NULL, DDL_LOCK_NONE, DDL_EFFECT_NONE);
        return true;
    case PG_QUERY__NODE__NODE_DO_STMT:
        ddl_judge_block(judge, node->do_stmt);
        return true;
    default:
        return false;
    }
}
