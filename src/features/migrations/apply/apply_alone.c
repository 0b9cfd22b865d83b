/*
 * A statement outside of a transaction leaves something behind when it does not end: an index that
 * is not valid, a partition half detached. What is there is looked at before every try, and proved
 * after the last.
 */
#include "apply.h"

#include "migrations_queries.h"
#include "sql/sql_parse.h"

#include <string.h>

/* ---- what it is about ---------------------------------------------------------------------- */

static const char *said(const char *text)
{
    return text != NULL && *text != '\0' ? text : NULL;
}

static void place(struct apply_object *object, const PgQuery__RangeVar *table,
                  const struct ddl_schema *schema)
{
    const struct ddl_relation *relation =
        ddl_schema_find(schema, said(table->schemaname), table->relname);

    object->schema = g_strdup(relation != NULL ? relation->schema : said(table->schemaname));
    object->table = g_strdup(table->relname);
}

static const char *string_of(const PgQuery__Node *node)
{
    return node->node_case == PG_QUERY__NODE__NODE_STRING ? node->string->sval : NULL;
}

/* A column in parentheses is a column to the server too. */
static const char *column_of(const PgQuery__IndexElem *element)
{
    const PgQuery__Node *expression = element->expr;

    if (said(element->name) != NULL)
        return element->name;
    if (expression == NULL || expression->node_case != PG_QUERY__NODE__NODE_COLUMN_REF ||
        expression->column_ref->n_fields == 0)
        return NULL;
    return string_of(expression->column_ref->fields[expression->column_ref->n_fields - 1]);
}

static void say_elements(GString *build, PgQuery__Node *const *elements, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (elements[i]->node_case != PG_QUERY__NODE__NODE_INDEX_ELEM)
            continue;
        const PgQuery__IndexElem *element = elements[i]->index_elem;
        const char *column = column_of(element);
        bool down = element->ordering == PG_QUERY__SORT_BY_DIR__SORTBY_DESC;
        g_string_append_printf(build, " %s%s", column != NULL ? column : "()",
                               down ? " desc" : "");
    }
}

char *apply_index_build(const char *sql)
{
    AUTO(sql_parse) parse = sql_parse_new(sql, strlen(sql));
    const PgQuery__Node *node = parse->node;

    if (node == NULL || node->node_case != PG_QUERY__NODE__NODE_INDEX_STMT)
        return NULL;
    const PgQuery__IndexStmt *index = node->index_stmt;
    g_autoptr(GString) build = g_string_new(index->unique ? "unique " : "");
    g_string_append(build, index->access_method);
    say_elements(build, index->index_params, index->n_index_params);
    g_string_append(build, " include");
    say_elements(build, index->index_including_params, index->n_index_including_params);
    if (index->where_clause != NULL)
        g_string_append(build, " where");
    return g_strdup(build->str);
}

static void take_index(struct apply_object *object, const PgQuery__IndexStmt *index,
                       const struct ddl_schema *schema)
{
    object->kind = ALONE_CREATE_INDEX;
    object->name = g_strdup(said(index->idxname));
    object->if_exists = index->if_not_exists != 0;
    place(object, index->relation, schema);
}

static void take_drop(struct apply_object *object, const PgQuery__DropStmt *drop)
{
    const PgQuery__Node *name = drop->n_objects == 1 ? drop->objects[0] : NULL;

    if (name == NULL || name->node_case != PG_QUERY__NODE__NODE_LIST ||
        name->list->n_items == 0 || name->list->n_items > 2)
        return;
    const PgQuery__List *parts = name->list;
    object->kind = ALONE_DROP_INDEX;
    object->if_exists = drop->missing_ok != 0;
    object->name = g_strdup(string_of(parts->items[parts->n_items - 1]));
    if (parts->n_items == 2)
        object->schema = g_strdup(string_of(parts->items[0]));
}

static void take_detach(struct apply_object *object, const PgQuery__AlterTableStmt *alter,
                        const struct ddl_schema *schema)
{
    const PgQuery__AlterTableCmd *command =
        alter->n_cmds == 1 ? alter->cmds[0]->alter_table_cmd : NULL;

    if (command == NULL || command->def == NULL ||
        command->subtype != PG_QUERY__ALTER_TABLE_TYPE__AT_DetachPartition ||
        command->def->node_case != PG_QUERY__NODE__NODE_PARTITION_CMD)
        return;
    const PgQuery__RangeVar *name = command->def->partition_cmd->name;
    const struct ddl_relation *partition =
        ddl_schema_find(schema, said(name->schemaname), name->relname);
    object->kind = ALONE_DETACH;
    object->name = g_strdup(name->relname);
    object->schema = g_strdup(partition != NULL ? partition->schema : said(name->schemaname));
    object->table = g_strdup(alter->relation->relname);
}

void apply_object_of(struct apply_item *item, const char *sql, const struct ddl_schema *schema)
{
    AUTO(sql_parse) parse = sql_parse_new(sql, strlen(sql));
    const PgQuery__Node *node = parse->node;

    if (node == NULL)
        return;
    if (node->node_case == PG_QUERY__NODE__NODE_INDEX_STMT) {
        take_index(&item->object, node->index_stmt, schema);
        item->object.build = apply_index_build(sql);
    } else if (node->node_case == PG_QUERY__NODE__NODE_REINDEX_STMT)
        item->object.kind = ALONE_REINDEX;
    else if (node->node_case == PG_QUERY__NODE__NODE_DROP_STMT &&
             node->drop_stmt->remove_type == PG_QUERY__OBJECT_TYPE__OBJECT_INDEX)
        take_drop(&item->object, node->drop_stmt);
    else if (node->node_case == PG_QUERY__NODE__NODE_ALTER_TABLE_STMT)
        take_detach(&item->object, node->alter_table_stmt, schema);
    else if (node->node_case == PG_QUERY__NODE__NODE_CALL_STMT ||
             node->node_case == PG_QUERY__NODE__NODE_DO_STMT)
        item->object.kind = ALONE_PARTS;
}

/* ---- what is there ------------------------------------------------------------------------- */

/* Another index under the name, of the same table. What cannot be read is taken to be the same. */
static bool built_otherwise(const struct rows *rows, const struct apply_object *object)
{
    const char *definition = rows_text(rows, 0, MIGRATIONS_APPLY_INDEX_DEFINITION);
    g_autofree char *build = definition != NULL ? apply_index_build(definition) : NULL;

    return build != NULL && object->build != NULL && strcmp(build, object->build) != 0;
}

static enum apply_state index_state(const struct rows *rows, const struct apply_object *object)
{
    const char *kind = rows_text(rows, 0, MIGRATIONS_APPLY_INDEX_KIND);
    const char *table = rows_text(rows, 0, MIGRATIONS_APPLY_INDEX_TABLE_NAME);

    if (strcmp(kind, "i") != 0 ||
        (object->kind == ALONE_CREATE_INDEX &&
         (g_strcmp0(table, object->table) != 0 || built_otherwise(rows, object))))
        return APPLY_ELSEWHERE;
    if (rows_bool(rows, 0, MIGRATIONS_APPLY_INDEX_VALID))
        return APPLY_VALID;
    return rows_bool(rows, 0, MIGRATIONS_APPLY_INDEX_BUILDING) ? APPLY_BUILDING : APPLY_INVALID;
}

enum apply_state apply_alone_state(struct session *session, const struct apply_object *object)
{
    const char *const values[] = {object->schema, object->name};
    bool detach = object->kind == ALONE_DETACH;

    if (object->name == NULL)
        return APPLY_UNKNOWN;
    AUTO(rows)
    rows = session_query(
        session, detach ? &query_migrations_apply_partition : &query_migrations_apply_index,
        values, NULL);
    if (rows == NULL)
        return APPLY_UNKNOWN;
    if (rows_count(rows) == 0)
        return APPLY_ABSENT;
    if (!detach)
        return index_state(rows, object);
    if (rows_bool(rows, 0, MIGRATIONS_APPLY_PARTITION_PENDING))
        return APPLY_PENDING;
    return rows_bool(rows, 0, MIGRATIONS_APPLY_PARTITION_ATTACHED) ? APPLY_VALID : APPLY_ABSENT;
}

/* ---- what follows from it ------------------------------------------------------------------ */

static enum apply_next refuse(char **ret_why, const struct apply_object *object,
                              const char *words)
{
    *ret_why = g_strdup_printf("index \"%s\" %s", object->name, words);
    return NEXT_REFUSE;
}

static enum apply_next next_create(const struct apply_object *object, enum apply_state state,
                                   bool ours, char **ret_why)
{
    switch (state) {
    case APPLY_INVALID:
        return NEXT_DROP;
    case APPLY_BUILDING:
        return refuse(ret_why, object, "is being built by somebody");
    case APPLY_ELSEWHERE:
        return refuse(ret_why, object, "is there already, and is another one");
    case APPLY_VALID:
        if (ours)
            return NEXT_DONE;
        return object->if_exists
                   ? NEXT_SEND
                   : refuse(ret_why, object,
                            "is there already, and no earlier try of ours has built it");
    case APPLY_UNKNOWN:
        return refuse(ret_why, object, "cannot be looked at");
    case APPLY_ABSENT:
    case APPLY_PENDING:
        return NEXT_SEND;
    }
    return NEXT_SEND;
}

enum apply_next apply_alone_next(const struct apply_object *object, enum apply_state state,
                                 bool ours, char **ret_why)
{
    if (object->kind == ALONE_PARTS && ours) {
        *ret_why = g_strdup(
            "an earlier run had begun it and not ended it, and part of its work may be "
            "committed: look, then enter it in the version table, or change the "
            "file (a comment will do) to have it sent again");
        return NEXT_REFUSE;
    }
    if (object->name == NULL)
        return NEXT_SEND;
    if (object->kind == ALONE_CREATE_INDEX)
        return next_create(object, state, ours, ret_why);
    if (object->kind == ALONE_DETACH && state == APPLY_PENDING)
        return NEXT_FINALIZE;
    return state == APPLY_ABSENT && ours ? NEXT_DONE : NEXT_SEND;
}
