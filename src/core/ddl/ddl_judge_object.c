/* Renaming, owners, comments, rights, triggers, rules: the catalog alone, under some lock. */
#include "ddl/ddl_private.h"

#include <string.h>

/* ---- names --------------------------------------------------------------------------------- */

static void rename_column(struct ddl_judge *judge, const struct ddl_target *target,
                          const PgQuery__RenameStmt *statement)
{
    struct ddl_column *column = ddl_column_find(target->relation, statement->subname);
    struct ddl_act *act = NULL;

    if (!ddl_target_fresh(target)) {
        act = ddl_judge_act(judge, DDL_RENAME_COLUMN, target, DDL_ACCESS_EXCLUSIVE,
                            DDL_EFFECT_METADATA);
        act->column = g_strdup(statement->subname);
        act->detail = g_strdup(statement->newname);
    }
    if (column == NULL)
        return;
    g_free(column->name);
    column->name = g_strdup(statement->newname);
    struct ddl_relation *relation = target->relation;
    for (guint i = 0; i < relation->constraints->len + relation->indexes->len; i++) {
        bool index = i >= relation->constraints->len;
        GPtrArray *columns =
            index ? ((struct ddl_index *)
                         relation->indexes->pdata[i - relation->constraints->len])
                        ->columns
                  : ((struct ddl_constraint *) relation->constraints->pdata[i])->columns;
        for (guint n = 0; n < columns->len; n++) {
            if (g_strcmp0(columns->pdata[n], statement->subname) != 0)
                continue;
            g_free(columns->pdata[n]);
            columns->pdata[n] = g_strdup(statement->newname);
        }
    }
    for (guint i = 0; i < relation->constraints->len; i++) {
        struct ddl_constraint *constraint = relation->constraints->pdata[i];
        if (g_strcmp0(constraint->proves_not_null, statement->subname) != 0)
            continue;
        g_free(constraint->proves_not_null);
        constraint->proves_not_null = g_strdup(statement->newname);
    }
}

static void rename_index(struct ddl_judge *judge, const PgQuery__RenameStmt *statement)
{
    struct ddl_relation *owner = NULL;
    struct ddl_index *index =
        ddl_index_find(judge->schema, ddl_said(statement->relation->schemaname),
                       statement->relation->relname, &owner);
    struct ddl_target target = {
        .schema = index == NULL ? ddl_said(statement->relation->schemaname) : index->schema,
        .name = statement->relation->relname};

    if (owner == NULL || !owner->created_here)
        ddl_judge_lock(judge, &target, DDL_SHARE_UPDATE_EXCLUSIVE, DDL_EFFECT_METADATA);
    if (index == NULL)
        return;
    struct ddl_constraint *constraint = ddl_constraint_find(owner, index->constraint);
    if (constraint != NULL) {
        g_free(constraint->name);
        g_free(constraint->index);
        g_free(index->constraint);
        constraint->name = g_strdup(statement->newname);
        constraint->index = g_strdup(statement->newname);
        index->constraint = g_strdup(statement->newname);
    }
    g_free(index->name);
    index->name = g_strdup(statement->newname);
    ddl_point_at(owner, statement->newname);
}

static void rename_constraint(struct ddl_relation *relation, const char *from, const char *to)
{
    struct ddl_constraint *constraint = ddl_constraint_find(relation, from);

    if (constraint == NULL)
        return;
    for (guint i = 0; i < relation->indexes->len; i++) {
        struct ddl_index *index = relation->indexes->pdata[i];
        if (constraint->index == NULL || g_strcmp0(index->name, constraint->index) != 0)
            continue;
        g_free(index->name);
        g_free(index->constraint);
        index->name = g_strdup(to);
        ddl_point_at(relation, to);
        index->constraint = g_strdup(to);
    }
    if (constraint->index != NULL) {
        g_free(constraint->index);
        constraint->index = g_strdup(to);
    }
    g_free(constraint->name);
    constraint->name = g_strdup(to);
}

static void rename_relation(struct ddl_judge *judge, const struct ddl_target *target,
                            const PgQuery__RenameStmt *statement)
{
    if (!ddl_target_fresh(target)) {
        struct ddl_act *act = ddl_judge_act(judge, DDL_RENAME_TABLE, target,
                                            DDL_ACCESS_EXCLUSIVE, DDL_EFFECT_METADATA);
        act->detail = g_strdup(statement->newname);
    }
    if (target->relation != NULL) {
        g_autofree char *space = g_strdup(target->relation->schema);
        ddl_schema_rename(judge->schema, target->relation, space, statement->newname);
    }
}

static void rename_text(char **text, const char *from, const char *to)
{
    if (g_strcmp0(*text, from) != 0)
        return;
    g_free(*text);
    *text = g_strdup(to);
}

/* A type or domain, wherever it is named. */
static void rename_type(struct ddl_judge *judge, const PgQuery__RenameStmt *statement)
{
    struct ddl_schema *schema = judge->schema;
    const char *space, *name, *to = statement->newname;

    if (!ddl_qualified_node(statement->object, &space, &name))
        return;
    for (guint i = 0; i < schema->types->len; i++)
        rename_text(&((struct ddl_usertype *) schema->types->pdata[i])->name, name, to);
    for (guint i = 0; i < schema->domains->len; i++) {
        struct ddl_domain *domain = schema->domains->pdata[i];
        rename_text(&domain->name, name, to);
        rename_text(&domain->base.name, name, to);
    }
    for (guint i = 0; i < schema->relations->len; i++) {
        struct ddl_relation *relation = schema->relations->pdata[i];
        rename_text(&relation->of_type, name, to);
        for (guint n = 0; n < relation->columns->len; n++)
            rename_text(&((struct ddl_column *) relation->columns->pdata[n])->type.name, name,
                        to);
    }
}

/* Tables of the type follow it. */
static void rename_attribute(struct ddl_judge *judge, const PgQuery__RenameStmt *statement)
{
    for (guint i = 0; i < judge->schema->relations->len; i++) {
        struct ddl_relation *relation = judge->schema->relations->pdata[i];
        struct ddl_target target = ddl_target_relation(relation);
        if (g_strcmp0(relation->of_type, statement->relation->relname) != 0)
            continue;
        ddl_judge_lock(judge, &target, DDL_ACCESS_EXCLUSIVE, DDL_EFFECT_METADATA);
        rename_column(judge, &target, statement);
    }
}

static void rename_thing(struct ddl_judge *judge, const PgQuery__RenameStmt *statement)
{
    judge->floor = DDL_EFFECT_METADATA;
    if (statement->rename_type == PG_QUERY__OBJECT_TYPE__OBJECT_INDEX &&
        statement->relation != NULL) {
        rename_index(judge, statement);
        return;
    }
    if (statement->rename_type == PG_QUERY__OBJECT_TYPE__OBJECT_TYPE ||
        statement->rename_type == PG_QUERY__OBJECT_TYPE__OBJECT_DOMAIN)
        rename_type(judge, statement);
    if (statement->relation == NULL)
        return;
    if (statement->rename_type == PG_QUERY__OBJECT_TYPE__OBJECT_ATTRIBUTE) {
        rename_attribute(judge, statement);
        return;
    }
    struct ddl_target target = ddl_target_of(judge, statement->relation);
    judge->at = (gsize) MAX(statement->relation->location, 0);
    if (statement->rename_type == PG_QUERY__OBJECT_TYPE__OBJECT_COLUMN)
        ddl_judge_lock_tree(judge, &target, DDL_ACCESS_EXCLUSIVE, DDL_EFFECT_METADATA);
    else
        ddl_judge_lock(judge, &target, DDL_ACCESS_EXCLUSIVE, DDL_EFFECT_METADATA);
    switch ((int) statement->rename_type) {
    case PG_QUERY__OBJECT_TYPE__OBJECT_COLUMN:
        rename_column(judge, &target, statement);
        break;
    case PG_QUERY__OBJECT_TYPE__OBJECT_TABCONSTRAINT:
        rename_constraint(target.relation, statement->subname, statement->newname);
        break;
    case PG_QUERY__OBJECT_TYPE__OBJECT_TABLE:
    case PG_QUERY__OBJECT_TYPE__OBJECT_VIEW:
    case PG_QUERY__OBJECT_TYPE__OBJECT_MATVIEW:
    case PG_QUERY__OBJECT_TYPE__OBJECT_FOREIGN_TABLE:
    case PG_QUERY__OBJECT_TYPE__OBJECT_SEQUENCE:
        rename_relation(judge, &target, statement);
        break;
    default:
        break;
    }
}

static void move_to_schema(struct ddl_judge *judge,
                           const PgQuery__AlterObjectSchemaStmt *statement)
{
    judge->floor = DDL_EFFECT_METADATA;
    if (statement->relation == NULL)
        return;
    struct ddl_target target = ddl_target_of(judge, statement->relation);
    ddl_judge_lock(judge, &target, DDL_ACCESS_EXCLUSIVE, DDL_EFFECT_METADATA);
    if (!ddl_target_fresh(&target)) {
        struct ddl_act *act = ddl_judge_act(judge, DDL_RENAME_TABLE, &target,
                                            DDL_ACCESS_EXCLUSIVE, DDL_EFFECT_METADATA);
        act->detail = g_strdup_printf("%s.%s", statement->newschema, target.name);
    }
    if (target.relation != NULL) {
        g_autofree char *name = g_strdup(target.relation->name);
        ddl_schema_rename(judge->schema, target.relation, statement->newschema, name);
    }
}

/* ---- of a table ------------------------------------------------------------------------------ */

static void lock_range(struct ddl_judge *judge, const PgQuery__RangeVar *range,
                       enum ddl_lock_mode mode)
{
    judge->floor = DDL_EFFECT_METADATA;
    if (range == NULL)
        return;
    struct ddl_target target = ddl_target_of(judge, range);
    judge->at = (gsize) MAX(range->location, 0);
    ddl_judge_lock(judge, &target, mode, DDL_EFFECT_METADATA);
}

static void lock_ranges(struct ddl_judge *judge, PgQuery__Node *const *nodes, size_t count,
                        enum ddl_lock_mode mode)
{
    judge->floor = DDL_EFFECT_METADATA;
    for (size_t i = 0; i < count; i++)
        if (nodes[i]->node_case == PG_QUERY__NODE__NODE_RANGE_VAR)
            lock_range(judge, nodes[i]->range_var, mode);
}

static void create_trigger(struct ddl_judge *judge, const PgQuery__CreateTrigStmt *statement)
{
    struct ddl_target target = ddl_target_of(judge, statement->relation);

    judge->floor = DDL_EFFECT_METADATA;
    if (statement->row)
        ddl_judge_lock_tree(judge, &target, DDL_SHARE_ROW_EXCLUSIVE, DDL_EFFECT_METADATA);
    else
        ddl_judge_lock(judge, &target, DDL_SHARE_ROW_EXCLUSIVE, DDL_EFFECT_METADATA);
    if (statement->constrrel != NULL)
        lock_range(judge, statement->constrrel, DDL_ACCESS_SHARE);
}

static void comment_on(struct ddl_judge *judge, const PgQuery__CommentStmt *statement)
{
    const char *space = NULL, *name = NULL;
    const PgQuery__Node *object = statement->object;
    bool column = statement->objtype == PG_QUERY__OBJECT_TYPE__OBJECT_COLUMN;

    judge->floor = DDL_EFFECT_METADATA;
    if (!column && statement->objtype != PG_QUERY__OBJECT_TYPE__OBJECT_TABLE)
        return;
    if (column && object->node_case == PG_QUERY__NODE__NODE_LIST && object->list->n_items > 1)
        ddl_qualified(object->list->items, object->list->n_items - 1, &space, &name);
    else
        ddl_qualified_node(object, &space, &name);
    if (name == NULL)
        return;
    struct ddl_target target = ddl_target_named(judge, space, name);
    ddl_judge_lock(judge, &target, DDL_SHARE_UPDATE_EXCLUSIVE, DDL_EFFECT_METADATA);
}

static void grant_on(struct ddl_judge *judge, const PgQuery__GrantStmt *statement)
{
    judge->floor = DDL_EFFECT_METADATA;
    if (judge->context->server_version >= 180000 &&
        statement->objtype == PG_QUERY__OBJECT_TYPE__OBJECT_TABLE)
        lock_ranges(judge, statement->objects, statement->n_objects, DDL_ACCESS_SHARE);
}

static void publish(struct ddl_judge *judge, PgQuery__Node *const *objects, size_t count)
{
    judge->floor = DDL_EFFECT_METADATA;
    for (size_t i = 0; i < count; i++)
        if (objects[i]->node_case == PG_QUERY__NODE__NODE_PUBLICATION_OBJ_SPEC &&
            objects[i]->publication_obj_spec->pubtable != NULL)
            lock_range(judge, objects[i]->publication_obj_spec->pubtable->relation,
                       DDL_SHARE_UPDATE_EXCLUSIVE);
}

static bool judge_of_table(struct ddl_judge *judge, const PgQuery__Node *node)
{
    switch ((int) node->node_case) {
    case PG_QUERY__NODE__NODE_CREATE_TRIG_STMT:
        create_trigger(judge, node->create_trig_stmt);
        return true;
    case PG_QUERY__NODE__NODE_CREATE_POLICY_STMT:
        lock_range(judge, node->create_policy_stmt->table, DDL_ACCESS_EXCLUSIVE);
        return true;
    case PG_QUERY__NODE__NODE_ALTER_POLICY_STMT:
        lock_range(judge, node->alter_policy_stmt->table, DDL_ACCESS_EXCLUSIVE);
        return true;
    case PG_QUERY__NODE__NODE_RULE_STMT:
        lock_range(judge, node->rule_stmt->relation, DDL_ACCESS_EXCLUSIVE);
        return true;
    case PG_QUERY__NODE__NODE_CREATE_STATS_STMT:
        lock_ranges(judge, node->create_stats_stmt->relations,
                    node->create_stats_stmt->n_relations, DDL_SHARE_UPDATE_EXCLUSIVE);
        for (size_t i = 0; i < node->create_stats_stmt->n_relations; i++) {
            const PgQuery__Node *range = node->create_stats_stmt->relations[i];
            if (range->node_case != PG_QUERY__NODE__NODE_RANGE_VAR)
                continue;
            struct ddl_target target = ddl_target_of(judge, range->range_var);
            ddl_judge_analyze(judge, &target, NULL);
        }
        return true;
    default:
        return false;
    }
}

bool ddl_judge_object(struct ddl_judge *judge, const PgQuery__Node *node)
{
    if (judge_of_table(judge, node))
        return true;
    switch ((int) node->node_case) {
    case PG_QUERY__NODE__NODE_RENAME_STMT:
        rename_thing(judge, node->rename_stmt);
        return true;
    case PG_QUERY__NODE__NODE_ALTER_OBJECT_SCHEMA_STMT:
        move_to_schema(judge, node->alter_object_schema_stmt);
        return true;
    case PG_QUERY__NODE__NODE_ALTER_OWNER_STMT:
        lock_range(judge, node->alter_owner_stmt->relation, DDL_ACCESS_EXCLUSIVE);
        return true;
    case PG_QUERY__NODE__NODE_COMMENT_STMT:
        comment_on(judge, node->comment_stmt);
        return true;
    case PG_QUERY__NODE__NODE_GRANT_STMT:
        grant_on(judge, node->grant_stmt);
        return true;
    case PG_QUERY__NODE__NODE_CREATE_PUBLICATION_STMT:
        publish(judge, node->create_publication_stmt->pubobjects,
                node->create_publication_stmt->n_pubobjects);
        return true;
    case PG_QUERY__NODE__NODE_ALTER_PUBLICATION_STMT:
        publish(judge, node->alter_publication_stmt->pubobjects,
                node->alter_publication_stmt->n_pubobjects);
        return true;
    case PG_QUERY__NODE__NODE_ALTER_SEQ_STMT:
        lock_range(judge, node->alter_seq_stmt->sequence, DDL_SHARE_ROW_EXCLUSIVE);
        return true;
    default:
        return false;
    }
}
