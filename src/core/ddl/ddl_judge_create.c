/* What makes tables and views, and which of those that are there it touches. */
#include "ddl/ddl_private.h"

/* Rows of the default partition that belong to the new one have to be looked for. */
void ddl_judge_default_partition(struct ddl_judge *judge, const struct ddl_target *parent,
                                 const PgQuery__PartitionBoundSpec *bound, enum ddl_cause cause)
{
    struct ddl_relation *other = parent->relation == NULL
                                     ? NULL
                                     : ddl_default_partition(judge->schema, parent->relation);

    if (bound == NULL || bound->is_default || other == NULL)
        return;
    struct ddl_target target = ddl_target_relation(other);
    bool proved = ddl_bound_excluded(other, parent->relation, bound);
    enum ddl_effect work = proved ? DDL_EFFECT_METADATA : DDL_EFFECT_SCAN;
    ddl_judge_lock_tree(judge, &target, DDL_ACCESS_EXCLUSIVE, work);
    if (!proved && !ddl_target_fresh(&target)) {
        struct ddl_act *act = ddl_judge_act(judge, cause, &target, DDL_ACCESS_EXCLUSIVE, work);
        act->detail = g_strdup(parent->name);
    }
}

static void lock_referenced(struct ddl_judge *judge, const struct ddl_relation *relation)
{
    for (guint i = 0; i < relation->constraints->len; i++) {
        const struct ddl_constraint *constraint = relation->constraints->pdata[i];
        if (constraint->kind != DDL_FOREIGN_KEY || constraint->referenced == NULL)
            continue;
        struct ddl_target other =
            ddl_target_named(judge, constraint->referenced_schema, constraint->referenced);
        if (other.relation != relation)
            ddl_judge_lock_tree(judge, &other, DDL_SHARE_ROW_EXCLUSIVE, DDL_EFFECT_METADATA);
    }
}

static void judge_partition_of(struct ddl_judge *judge, const struct ddl_target *parent,
                               const PgQuery__CreateStmt *statement)
{
    ddl_judge_lock(judge, parent, DDL_ACCESS_EXCLUSIVE, DDL_EFFECT_METADATA);
    if (!ddl_target_fresh(parent)) {
        struct ddl_act *act = ddl_judge_act(judge, DDL_PARTITION_OF, parent,
                                            DDL_ACCESS_EXCLUSIVE, DDL_EFFECT_METADATA);
        act->detail = g_strdup(statement->relation->relname);
        if (parent->relation == NULL && !statement->partbound->is_default)
            ddl_act_assume(act, "\"%s\" has no default partition", parent->name);
    }
    ddl_judge_default_partition(judge, parent, statement->partbound, DDL_ATTACH_DEFAULT_SCAN);
}

static void judge_sources(struct ddl_judge *judge, const PgQuery__CreateStmt *statement)
{
    for (size_t i = 0; i < statement->n_inh_relations; i++) {
        if (statement->inh_relations[i]->node_case != PG_QUERY__NODE__NODE_RANGE_VAR)
            continue;
        struct ddl_target parent = ddl_target_of(judge, statement->inh_relations[i]->range_var);
        if (statement->partbound != NULL)
            judge_partition_of(judge, &parent, statement);
        else
            ddl_judge_lock(judge, &parent, DDL_SHARE_UPDATE_EXCLUSIVE, DDL_EFFECT_METADATA);
    }
    for (size_t i = 0; i < statement->n_table_elts; i++) {
        const PgQuery__Node *element = statement->table_elts[i];
        if (element->node_case != PG_QUERY__NODE__NODE_TABLE_LIKE_CLAUSE)
            continue;
        struct ddl_target source = ddl_target_of(judge, element->table_like_clause->relation);
        ddl_judge_lock(judge, &source, DDL_ACCESS_SHARE, DDL_EFFECT_NONE);
    }
}

static void say_json(struct ddl_judge *judge, const struct ddl_relation *relation)
{
    struct ddl_target target = {.schema = relation->schema, .name = relation->name};

    for (guint i = 0; i < relation->columns->len; i++) {
        const struct ddl_column *column = relation->columns->pdata[i];
        if (g_strcmp0(column->type.name, "json") != 0)
            continue;
        struct ddl_act *act =
            ddl_judge_act(judge, DDL_JSON_TYPE, &target, DDL_LOCK_NONE, DDL_EFFECT_NONE);
        act->column = g_strdup(column->name);
    }
}

static void judge_table(struct ddl_judge *judge, const PgQuery__CreateStmt *statement,
                        char kind)
{
    const char *space = ddl_made_in(statement->relation);

    judge->floor = DDL_EFFECT_METADATA;
    judge->at = (gsize) MAX(statement->relation->location, 0);
    if (statement->if_not_exists &&
        ddl_schema_find(judge->schema, space == NULL ? ddl_schema_first(judge->schema) : space,
                        statement->relation->relname) != NULL)
        return;
    judge_sources(judge, statement);
    struct ddl_relation *relation = ddl_play_table(judge, statement, kind);
    lock_referenced(judge, relation);
    say_json(judge, relation);
}

/* CREATE TABLE AS, CREATE MATERIALIZED VIEW, SELECT INTO. */
static void play_made_of_query(struct ddl_judge *judge, const PgQuery__RangeVar *range,
                               bool view, bool if_not_exists, GPtrArray *reads)
{
    const char *space = ddl_made_in(range);
    struct ddl_relation *old = ddl_schema_find(
        judge->schema, space == NULL ? ddl_schema_first(judge->schema) : space, range->relname);

    if (old != NULL && if_not_exists)
        return;
    if (old != NULL)
        ddl_schema_remove(judge->schema, old);
    struct ddl_relation *relation =
        ddl_schema_add(judge->schema, space, range->relname, view ? 'm' : 'r');
    relation->created_here = !if_not_exists || judge->schema->known;
    relation->temporary = g_strcmp0(space, "pg_temp") == 0;
    struct ddl_target target = ddl_target_relation(relation);
    ddl_judge_analyze(judge, &target, NULL);
    if (view)
        relation->reads = g_ptr_array_ref(reads);
}

static void create_as(struct ddl_judge *judge, const PgQuery__CreateTableAsStmt *statement)
{
    bool view = statement->objtype == PG_QUERY__OBJECT_TYPE__OBJECT_MATVIEW;
    g_autoptr(GPtrArray) reads = g_ptr_array_new_with_free_func(g_free);

    judge->floor = DDL_EFFECT_METADATA;
    judge->defines = statement->into->skip_data;
    ddl_judge_reads(judge, statement->query, reads);
    judge->defines = false;
    if (statement->query != NULL && !statement->into->skip_data)
        ddl_judge_calls(judge, statement->query, false);
    play_made_of_query(judge, statement->into->rel, view, statement->if_not_exists, reads);
}

static void judge_view(struct ddl_judge *judge, const PgQuery__ViewStmt *statement)
{
    struct ddl_target view = ddl_target_of(judge, statement->view);

    g_autoptr(GPtrArray) reads = g_ptr_array_new_with_free_func(g_free);

    judge->floor = DDL_EFFECT_METADATA;
    judge->defines = true;
    ddl_judge_reads(judge, statement->query, reads);
    judge->defines = false;
    if (view.relation != NULL) {
        ddl_judge_lock(judge, &view, DDL_ACCESS_EXCLUSIVE, DDL_EFFECT_METADATA);
        return;
    }
    struct ddl_relation *relation = ddl_schema_add(judge->schema, ddl_made_in(statement->view),
                                                   statement->view->relname, 'v');
    relation->created_here = !statement->replace || judge->schema->known;
    relation->temporary = g_strcmp0(relation->schema, "pg_temp") == 0;
    relation->reads = g_ptr_array_ref(reads);
}

static void judge_schema(struct ddl_judge *judge, const PgQuery__CreateSchemaStmt *statement)
{
    g_autofree char *name = g_strdup(ddl_said(statement->schemaname));

    judge->floor = DDL_EFFECT_METADATA;
    if (name != NULL && statement->n_schema_elts > 0)
        g_ptr_array_insert(judge->schema->path, 0, g_strdup(name));
    for (size_t i = 0; i < statement->n_schema_elts; i++)
        ddl_judge_node(judge, statement->schema_elts[i]);
    if (name != NULL && statement->n_schema_elts > 0)
        g_ptr_array_remove_index(judge->schema->path, 0);
}

bool ddl_judge_create(struct ddl_judge *judge, const PgQuery__Node *node)
{
    switch ((int) node->node_case) {
    case PG_QUERY__NODE__NODE_CREATE_STMT:
        judge_table(judge, node->create_stmt, 'r');
        return true;
    case PG_QUERY__NODE__NODE_CREATE_FOREIGN_TABLE_STMT:
        judge_table(judge, node->create_foreign_table_stmt->base_stmt, 'f');
        return true;
    case PG_QUERY__NODE__NODE_CREATE_TABLE_AS_STMT:
        create_as(judge, node->create_table_as_stmt);
        return true;
    case PG_QUERY__NODE__NODE_SELECT_STMT:
        if (node->select_stmt->into_clause == NULL)
            return false;
        judge->floor = DDL_EFFECT_METADATA;
        for (size_t i = 0; i < node->select_stmt->n_from_clause; i++)
            ddl_judge_reads(judge, node->select_stmt->from_clause[i], NULL);
        play_made_of_query(judge, node->select_stmt->into_clause->rel, false, false, NULL);
        return true;
    case PG_QUERY__NODE__NODE_VIEW_STMT:
        judge_view(judge, node->view_stmt);
        return true;
    case PG_QUERY__NODE__NODE_CREATE_SEQ_STMT: {
        struct ddl_relation *sequence =
            ddl_schema_add(judge->schema, ddl_said(node->create_seq_stmt->sequence->schemaname),
                           node->create_seq_stmt->sequence->relname, 'S');
        sequence->created_here = true;
        judge->floor = DDL_EFFECT_METADATA;
        return true;
    }
    case PG_QUERY__NODE__NODE_CREATE_SCHEMA_STMT:
        judge_schema(judge, node->create_schema_stmt);
        return true;
    default:
        return false;
    }
}
