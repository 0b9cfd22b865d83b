/* DROP: what goes, and what is locked because it hangs on it. */
#include "ddl/ddl_private.h"

#include <string.h>

enum { VIEWS_DEEP = 8 };

/* Both ends of a foreign key are locked when it goes. */
static void lock_key_ends(struct ddl_judge *judge, struct ddl_relation *relation)
{
    for (guint i = 0; i < relation->constraints->len; i++) {
        const struct ddl_constraint *key = relation->constraints->pdata[i];
        if (key->kind != DDL_FOREIGN_KEY || key->referenced == NULL)
            continue;
        struct ddl_target other =
            ddl_target_named(judge, key->referenced_schema, key->referenced);
        if (other.relation == relation)
            continue;
        ddl_judge_lock(judge, &other, DDL_ACCESS_EXCLUSIVE, DDL_EFFECT_METADATA);
        if (ddl_target_fresh(&other))
            continue;
        struct ddl_act *act = ddl_judge_act(judge, DDL_DROP_TABLE_REFERENCED, &other,
                                            DDL_ACCESS_EXCLUSIVE, DDL_EFFECT_METADATA);
        act->constraint = g_strdup(key->name);
        act->detail = g_strdup(relation->name);
    }
}

static void lock_referencing(struct ddl_judge *judge, struct ddl_relation *relation)
{
    for (guint i = 0; ddl_referenced(relation) && i < judge->schema->relations->len; i++) {
        struct ddl_relation *other = judge->schema->relations->pdata[i];
        struct ddl_target target = ddl_target_relation(other);
        for (guint n = 0; other != relation && n < other->constraints->len; n++)
            if (ddl_refers_to(other->constraints->pdata[n], relation))
                ddl_judge_lock(judge, &target, DDL_ACCESS_EXCLUSIVE, DDL_EFFECT_METADATA);
    }
}

/* Views that read it go with it. */
static void lock_views(struct ddl_judge *judge, const struct ddl_relation *relation,
                       guint depth)
{
    for (guint i = 0; depth < VIEWS_DEEP && i < judge->schema->relations->len; i++) {
        struct ddl_relation *view = judge->schema->relations->pdata[i];
        struct ddl_target target = ddl_target_relation(view);
        for (guint n = 0; view->reads != NULL && n + 1 < view->reads->len; n += 2) {
            if (g_strcmp0(view->reads->pdata[n], relation->schema) != 0 ||
                g_strcmp0(view->reads->pdata[n + 1], relation->name) != 0)
                continue;
            ddl_judge_lock(judge, &target, DDL_ACCESS_EXCLUSIVE, DDL_EFFECT_METADATA);
            lock_views(judge, view, depth + 1);
        }
    }
}

static void lock_parent(struct ddl_judge *judge, const struct ddl_relation *relation)
{
    struct ddl_target parent =
        ddl_target_named(judge, relation->parent_schema, relation->parent);
    struct ddl_relation *other =
        parent.relation == NULL ? NULL : ddl_default_partition(judge->schema, parent.relation);

    ddl_judge_lock(judge, &parent, DDL_ACCESS_EXCLUSIVE, DDL_EFFECT_METADATA);
    if (other != NULL) {
        struct ddl_target rest = ddl_target_relation(other);
        ddl_judge_lock(judge, &rest, DDL_ACCESS_EXCLUSIVE, DDL_EFFECT_METADATA);
    }
}

static void drop_relation(struct ddl_judge *judge, struct ddl_relation *relation, bool cascade)
{
    struct ddl_target target = ddl_target_relation(relation);

    ddl_judge_lock(judge, &target, DDL_ACCESS_EXCLUSIVE, DDL_EFFECT_METADATA);
    lock_key_ends(judge, relation);
    if (cascade) {
        lock_referencing(judge, relation);
        lock_views(judge, relation, 0);
    }
    if (relation->parent != NULL && relation->bound != NULL)
        lock_parent(judge, relation);
    /* no way back up: a script may make a table its own ancestor */
    g_clear_pointer(&relation->parent, g_free);
    g_autoptr(GPtrArray) children = ddl_children(judge->schema, relation);
    for (guint i = 0; i < children->len; i++)
        if (relation->kind == 'p' || cascade)
            drop_relation(judge, children->pdata[i], cascade);
    ddl_schema_remove(judge->schema, relation);
}

static void drop_table(struct ddl_judge *judge, const PgQuery__DropStmt *statement,
                       const char *space, const char *name, bool table)
{
    struct ddl_target target = ddl_target_named(judge, space, name);
    bool cascade = statement->behavior == PG_QUERY__DROP_BEHAVIOR__DROP_CASCADE;
    bool fresh = ddl_target_fresh(&target);

    if (target.relation == NULL && judge->schema->known && statement->missing_ok)
        return;
    if (target.relation == NULL)
        ddl_judge_lock(judge, &target, DDL_ACCESS_EXCLUSIVE, DDL_EFFECT_METADATA);
    if (table && !fresh)
        ddl_judge_act(judge, DDL_DROP_TABLE, &target, DDL_ACCESS_EXCLUSIVE,
                      DDL_EFFECT_METADATA);
    if (cascade && !fresh)
        ddl_judge_act(judge, DDL_DROP_CASCADE, &target, DDL_ACCESS_EXCLUSIVE,
                      DDL_EFFECT_METADATA);
    if (target.relation != NULL)
        drop_relation(judge, target.relation, cascade);
}

static void drop_index(struct ddl_judge *judge, const PgQuery__DropStmt *statement,
                       const char *space, const char *name)
{
    struct ddl_relation *owner = NULL;
    struct ddl_index *index = ddl_index_find(judge->schema, space, name, &owner);
    enum ddl_lock_mode mode =
        statement->concurrent ? DDL_SHARE_UPDATE_EXCLUSIVE : DDL_ACCESS_EXCLUSIVE;
    struct ddl_target target = {.schema = index != NULL ? index->schema : space, .name = name};
    struct ddl_target table = {0};
    bool fresh = owner != NULL && owner->created_here;

    if (index == NULL && judge->schema->known && statement->missing_ok)
        return;
    if (owner != NULL) {
        table = ddl_target_relation(owner);
        ddl_judge_lock(judge, &table, mode, DDL_EFFECT_METADATA);
    }
    if (!fresh)
        ddl_judge_lock(judge, &target, mode, DDL_EFFECT_METADATA);
    judge->out->no_transaction = statement->concurrent;
    if (statement->concurrent ? judge->context->in_transaction : !fresh) {
        struct ddl_act *act = ddl_judge_act(
            judge, statement->concurrent ? DDL_CONCURRENTLY_IN_TRANSACTION : DDL_DROP_INDEX,
            owner == NULL ? NULL : &table, mode, DDL_EFFECT_METADATA);
        act->index = g_strdup(name);
    }
    if (owner != NULL)
        ddl_index_remove(owner, name);
}

static void drop_schema(struct ddl_judge *judge, const PgQuery__DropStmt *statement,
                        const char *name)
{
    bool cascade = statement->behavior == PG_QUERY__DROP_BEHAVIOR__DROP_CASCADE;
    struct ddl_act *act =
        ddl_judge_act(judge, DDL_DROP_SCHEMA, NULL, DDL_LOCK_NONE, DDL_EFFECT_METADATA);

    act->schema = g_strdup(name);
    for (guint i = judge->schema->relations->len; cascade && i > 0; i--) {
        if (i > judge->schema->relations->len)
            continue;
        struct ddl_relation *relation = judge->schema->relations->pdata[i - 1];
        if (g_strcmp0(relation->schema, name) == 0)
            drop_relation(judge, relation, true);
    }
    if (cascade) {
        act = ddl_judge_act(judge, DDL_DROP_CASCADE, NULL, DDL_ACCESS_EXCLUSIVE,
                            DDL_EFFECT_METADATA);
        act->schema = g_strdup(name);
    }
}

/* DROP TRIGGER n ON t, DROP POLICY, DROP RULE: the list ends with their name. */
static void drop_of_table(struct ddl_judge *judge, const PgQuery__Node *object)
{
    const char *space, *name;

    if (object->node_case != PG_QUERY__NODE__NODE_LIST || object->list->n_items < 2 ||
        !ddl_qualified(object->list->items, object->list->n_items - 1, &space, &name))
        return;
    struct ddl_target target = ddl_target_named(judge, space, name);
    ddl_judge_lock(judge, &target, DDL_ACCESS_EXCLUSIVE, DDL_EFFECT_METADATA);
    if (target.relation != NULL)
        ddl_use_remove(target.relation,
                       ddl_string(object->list->items[object->list->n_items - 1]));
}

/* Columns of a type, defaults with a function: with CASCADE their tables are locked. */
static void drop_type(struct ddl_judge *judge, const PgQuery__DropStmt *statement,
                      const char *name)
{
    if (statement->behavior != PG_QUERY__DROP_BEHAVIOR__DROP_CASCADE)
        return;
    for (guint i = 0; i < judge->schema->relations->len; i++) {
        struct ddl_relation *relation = judge->schema->relations->pdata[i];
        struct ddl_target target = ddl_target_relation(relation);
        for (guint n = relation->columns->len; n > 0; n--) {
            const struct ddl_column *column = relation->columns->pdata[n - 1];
            if (g_strcmp0(column->type.name, name) != 0)
                continue;
            ddl_judge_lock(judge, &target, DDL_ACCESS_EXCLUSIVE, DDL_EFFECT_METADATA);
            g_ptr_array_remove_index(relation->columns, n - 1);
        }
    }
    struct ddl_act *act =
        ddl_judge_act(judge, DDL_DROP_CASCADE, NULL, DDL_ACCESS_EXCLUSIVE, DDL_EFFECT_METADATA);
    act->detail = g_strdup(name);
}

static void drop_statistics(struct ddl_judge *judge)
{
    judge->floor = DDL_EFFECT_METADATA;
}

static void drop_one(struct ddl_judge *judge, const PgQuery__DropStmt *statement,
                     const PgQuery__Node *object)
{
    const char *space = NULL, *name = NULL;

    ddl_qualified_node(object, &space, &name);
    if (name == NULL)
        return;
    switch ((int) statement->remove_type) {
    case PG_QUERY__OBJECT_TYPE__OBJECT_TABLE:
    case PG_QUERY__OBJECT_TYPE__OBJECT_FOREIGN_TABLE:
    case PG_QUERY__OBJECT_TYPE__OBJECT_MATVIEW:
        drop_table(judge, statement, space, name, true);
        break;
    case PG_QUERY__OBJECT_TYPE__OBJECT_VIEW:
    case PG_QUERY__OBJECT_TYPE__OBJECT_SEQUENCE:
        drop_table(judge, statement, space, name, false);
        break;
    case PG_QUERY__OBJECT_TYPE__OBJECT_INDEX:
        drop_index(judge, statement, space, name);
        break;
    case PG_QUERY__OBJECT_TYPE__OBJECT_SCHEMA:
        drop_schema(judge, statement, name);
        break;
    case PG_QUERY__OBJECT_TYPE__OBJECT_TRIGGER:
    case PG_QUERY__OBJECT_TYPE__OBJECT_POLICY:
    case PG_QUERY__OBJECT_TYPE__OBJECT_RULE:
        drop_of_table(judge, object);
        break;
    case PG_QUERY__OBJECT_TYPE__OBJECT_TYPE:
    case PG_QUERY__OBJECT_TYPE__OBJECT_DOMAIN:
        drop_type(judge, statement, name);
        break;
    default:
        drop_statistics(judge);
        break;
    }
}

bool ddl_judge_drop(struct ddl_judge *judge, const PgQuery__Node *node)
{
    switch ((int) node->node_case) {
    case PG_QUERY__NODE__NODE_DROP_STMT:
        judge->floor = DDL_EFFECT_METADATA;
        for (size_t i = 0; i < node->drop_stmt->n_objects; i++)
            drop_one(judge, node->drop_stmt, node->drop_stmt->objects[i]);
        return true;
    case PG_QUERY__NODE__NODE_DROPDB_STMT: {
        struct ddl_act *act =
            ddl_judge_act(judge, DDL_DROP_DATABASE, NULL, DDL_LOCK_NONE, DDL_EFFECT_METADATA);
        act->detail = g_strdup(node->dropdb_stmt->dbname);
        judge->out->no_transaction = true;
        judge->floor = DDL_EFFECT_METADATA;
        return true;
    }
    default:
        return false;
    }
}
