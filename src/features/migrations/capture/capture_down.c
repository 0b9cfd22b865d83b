/* What was created is dropped, last first. */
#include "capture/capture_down.h"

#include <string.h>

enum { SHOWN = 60 }; /* bytes of a statement in a note */

void capture_column_clear(struct capture_column *column)
{
    g_free(column->type);
    g_free(column->definition);
    g_free(column->fallback);
    g_free(column->comment);
    *column = (struct capture_column){0};
}

void capture_undo_add(struct capture_undo *undo, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    g_ptr_array_add(undo->statements, g_strdup_vprintf(format, arguments));
    va_end(arguments);
}

void capture_undo_note(struct capture_undo *undo, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    g_ptr_array_add(undo->notes, g_strdup_vprintf(format, arguments));
    va_end(arguments);
}

bool capture_undo_there(const struct capture_undo *undo, const char *kind, const char *schema,
                        const char *name)
{
    return undo->past->there(undo->past->data, kind, capture_said(schema), name);
}

const char *capture_said(const char *text)
{
    return text == NULL || *text == '\0' ? NULL : text;
}

static void append_quoted(GString *text, const char *name)
{
    g_string_append_c(text, '"');
    for (; *name != '\0'; name++) {
        if (*name == '"')
            g_string_append_c(text, '"');
        g_string_append_c(text, *name);
    }
    g_string_append_c(text, '"');
}

char *capture_name(const char *schema, const char *name)
{
    GString *text = g_string_new(NULL);

    if (capture_said(schema) != NULL) {
        append_quoted(text, schema);
        g_string_append_c(text, '.');
    }
    append_quoted(text, name);
    return g_string_free(text, FALSE);
}

char *capture_range(const PgQuery__RangeVar *range)
{
    return capture_name(range->schemaname, range->relname);
}

char *capture_literal(const char *text)
{
    GString *literal = g_string_new(strchr(text, '\\') != NULL ? "E'" : "'");

    for (; *text != '\0'; text++) {
        if (*text == '\'' || *text == '\\')
            g_string_append_c(literal, *text);
        g_string_append_c(literal, *text);
    }
    g_string_append_c(literal, '\'');
    return g_string_free(literal, FALSE);
}

/* ---- what was created ---------------------------------------------------------------------- */

static const char *string_of(const PgQuery__Node *node)
{
    return node->node_case == PG_QUERY__NODE__NODE_STRING ? node->string->sval : NULL;
}

static void drop_range(struct capture_undo *undo, const char *what,
                       const PgQuery__RangeVar *range, bool may_be_there)
{
    g_autofree char *name = capture_range(range);

    if (may_be_there && capture_undo_there(undo, "relation", range->schemaname, range->relname))
        return;
    capture_undo_add(undo, "DROP %s %s", what, name);
}

/* names: of a type, a statistics object; with their schema or without. */
static void drop_named(struct capture_undo *undo, const char *what, PgQuery__Node *const *names,
                       gsize count)
{
    const char *schema = count > 1 ? string_of(names[count - 2]) : NULL;
    const char *last = count > 0 ? string_of(names[count - 1]) : NULL;

    if (last == NULL)
        return;
    g_autofree char *name = capture_name(schema, last);
    capture_undo_add(undo, "DROP %s %s", what, name);
}

static void drop_index(struct capture_undo *undo, const PgQuery__IndexStmt *stmt)
{
    const char *schema = stmt->relation->schemaname;

    if (capture_said(stmt->idxname) == NULL) {
        capture_undo_note(undo,
                          "the index on \"%s\" was given no name: say which is to be dropped",
                          stmt->relation->relname);
        return;
    }
    if (stmt->if_not_exists && capture_undo_there(undo, "relation", schema, stmt->idxname))
        return;
    g_autofree char *name = capture_name(schema, stmt->idxname);
    capture_undo_add(undo, "DROP INDEX %s%s", stmt->concurrent ? "CONCURRENTLY " : "", name);
}

static void drop_view(struct capture_undo *undo, const PgQuery__ViewStmt *stmt)
{
    if (stmt->replace &&
        capture_undo_there(undo, "relation", stmt->view->schemaname, stmt->view->relname))
        capture_undo_note(undo, "the view \"%s\" was replaced: its old text has to come back",
                          stmt->view->relname);
    else
        drop_range(undo, "VIEW", stmt->view, false);
}

static void drop_created_as(struct capture_undo *undo, const PgQuery__CreateTableAsStmt *stmt)
{
    drop_range(undo,
               stmt->objtype == PG_QUERY__OBJECT_TYPE__OBJECT_MATVIEW ? "MATERIALIZED VIEW"
                                                                      : "TABLE",
               stmt->into->rel, stmt->if_not_exists);
}

static void drop_of_table(struct capture_undo *undo, const char *what, const char *name,
                          const PgQuery__RangeVar *table)
{
    g_autofree char *own = capture_name(NULL, name);
    g_autofree char *on = capture_range(table);

    if (capture_undo_there(undo, "relation", table->schemaname, table->relname))
        capture_undo_add(undo, "DROP %s %s ON %s", what, own, on);
}

static void drop_global(struct capture_undo *undo, const char *what, const char *kind,
                        const char *name, bool may_be_there)
{
    g_autofree char *quoted = capture_name(NULL, name);

    if (!may_be_there || !capture_undo_there(undo, kind, NULL, name))
        capture_undo_add(undo, "DROP %s %s", what, quoted);
}

static bool undo_types(struct capture_undo *undo, const PgQuery__Node *node)
{
    switch ((int) node->node_case) {
    case PG_QUERY__NODE__NODE_CREATE_ENUM_STMT:
        drop_named(undo, "TYPE", node->create_enum_stmt->type_name,
                   node->create_enum_stmt->n_type_name);
        return true;
    case PG_QUERY__NODE__NODE_CREATE_RANGE_STMT:
        drop_named(undo, "TYPE", node->create_range_stmt->type_name,
                   node->create_range_stmt->n_type_name);
        return true;
    case PG_QUERY__NODE__NODE_COMPOSITE_TYPE_STMT:
        drop_range(undo, "TYPE", node->composite_type_stmt->typevar, false);
        return true;
    case PG_QUERY__NODE__NODE_CREATE_DOMAIN_STMT:
        drop_named(undo, "DOMAIN", node->create_domain_stmt->domainname,
                   node->create_domain_stmt->n_domainname);
        return true;
    case PG_QUERY__NODE__NODE_CREATE_SCHEMA_STMT:
        drop_global(undo, "SCHEMA", "schema", node->create_schema_stmt->schemaname,
                    node->create_schema_stmt->if_not_exists);
        return true;
    case PG_QUERY__NODE__NODE_CREATE_EXTENSION_STMT:
        drop_global(undo, "EXTENSION", "extension", node->create_extension_stmt->extname,
                    node->create_extension_stmt->if_not_exists);
        return true;
    default:
        return false;
    }
}

static bool undo_relations(struct capture_undo *undo, const PgQuery__Node *node)
{
    switch ((int) node->node_case) {
    case PG_QUERY__NODE__NODE_CREATE_STMT:
        drop_range(undo, "TABLE", node->create_stmt->relation,
                   node->create_stmt->if_not_exists);
        return true;
    case PG_QUERY__NODE__NODE_CREATE_TABLE_AS_STMT:
        drop_created_as(undo, node->create_table_as_stmt);
        return true;
    case PG_QUERY__NODE__NODE_CREATE_SEQ_STMT:
        drop_range(undo, "SEQUENCE", node->create_seq_stmt->sequence,
                   node->create_seq_stmt->if_not_exists);
        return true;
    case PG_QUERY__NODE__NODE_VIEW_STMT:
        drop_view(undo, node->view_stmt);
        return true;
    case PG_QUERY__NODE__NODE_INDEX_STMT:
        drop_index(undo, node->index_stmt);
        return true;
    case PG_QUERY__NODE__NODE_CREATE_TRIG_STMT:
        drop_of_table(undo, "TRIGGER", node->create_trig_stmt->trigname,
                      node->create_trig_stmt->relation);
        return true;
    case PG_QUERY__NODE__NODE_CREATE_POLICY_STMT:
        drop_of_table(undo, "POLICY", node->create_policy_stmt->policy_name,
                      node->create_policy_stmt->table);
        return true;
    case PG_QUERY__NODE__NODE_RULE_STMT:
        drop_of_table(undo, "RULE", node->rule_stmt->rulename, node->rule_stmt->relation);
        return true;
    case PG_QUERY__NODE__NODE_CREATE_STATS_STMT:
        drop_named(undo, "STATISTICS", node->create_stats_stmt->defnames,
                   node->create_stats_stmt->n_defnames);
        return true;
    default:
        return false;
    }
}

static bool undo_changes(struct capture_undo *undo, const PgQuery__Node *node)
{
    switch ((int) node->node_case) {
    case PG_QUERY__NODE__NODE_ALTER_TABLE_STMT:
        capture_undo_alter_table(undo, node->alter_table_stmt);
        return true;
    case PG_QUERY__NODE__NODE_RENAME_STMT:
        capture_undo_rename(undo, node->rename_stmt);
        return true;
    case PG_QUERY__NODE__NODE_DROP_STMT:
        capture_undo_drop(undo, node->drop_stmt);
        return true;
    case PG_QUERY__NODE__NODE_COMMENT_STMT:
        capture_undo_comment(undo, node->comment_stmt);
        return true;
    default:
        return false;
    }
}

/* ---- all of them --------------------------------------------------------------------------- */

static void undo_one(struct capture_undo *undo, const char *statement)
{
    AUTO(sql_parse) parse = sql_parse_new(statement, strlen(statement));
    const PgQuery__Node *node = parse->tree != NULL ? parse->node : NULL;

    if (node != NULL &&
        (undo_relations(undo, node) || undo_types(undo, node) || undo_changes(undo, node)))
        return;
    g_auto(GStrv) words = g_strsplit_set(statement, "\n\t", -1);
    g_autofree char *line = g_strjoinv(" ", words);
    g_autofree char *shown = g_utf8_substring(line, 0, MIN(SHOWN, g_utf8_strlen(line, -1)));
    capture_undo_note(undo, "nothing is proposed for: %s%s", shown,
                      strlen(shown) < strlen(line) ? "…" : "");
}

static GPtrArray *texts(void)
{
    return g_ptr_array_new_with_free_func(g_free);
}

struct capture_down *capture_down_new(const GPtrArray *statements,
                                      const struct capture_past *past)
{
    struct capture_down *down = g_new0(struct capture_down, 1);

    down->statements = texts();
    down->notes = texts();
    struct capture_undo undo = {
        .past = past, .statements = down->statements, .notes = down->notes};
    for (guint i = statements->len; i-- > 0;)
        undo_one(&undo, statements->pdata[i]);
    return down;
}

void capture_down_free(struct capture_down *down)
{
    /* They may have been taken. */
    g_clear_pointer(&down->statements, g_ptr_array_unref);
    g_clear_pointer(&down->notes, g_ptr_array_unref);
    g_free(down);
}
