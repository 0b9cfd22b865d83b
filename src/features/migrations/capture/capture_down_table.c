/* What was changed is changed back to what it was before, as far as the past says. */
#include "capture/capture_down.h"

#include <string.h>

#define AT(name)     PG_QUERY__ALTER_TABLE_TYPE__AT_##name
#define OBJECT(name) PG_QUERY__OBJECT_TYPE__OBJECT_##name

struct table_undo {
    struct capture_undo *undo;
    const char *schema, *table;
    GPtrArray *commands; /* of char *: of one ALTER TABLE */
    GPtrArray *after;    /* of char *: statements of their own behind it */
};

static void command(struct table_undo *table, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void command(struct table_undo *table, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    g_ptr_array_add(table->commands, g_strdup_vprintf(format, arguments));
    va_end(arguments);
}

static bool past_column(const struct table_undo *table, const char *name,
                        struct capture_column *ret_column)
{
    const struct capture_past *past = table->undo->past;

    return past->column(past->data, table->schema, table->table, name, ret_column);
}

static void column_added(struct table_undo *table, const PgQuery__AlterTableCmd *cmd)
{
    struct capture_column was = {0};
    const char *name = cmd->def->column_def->colname;
    g_autofree char *quoted = capture_name(NULL, name);

    if (!past_column(table, name, &was)) /* IF NOT EXISTS */
        command(table, "DROP COLUMN %s", quoted);
    capture_column_clear(&was);
}

static void column_dropped(struct table_undo *table, const PgQuery__AlterTableCmd *cmd)
{
    const struct capture_past *past = table->undo->past;
    struct capture_column was = {0};
    g_autofree char *quoted = capture_name(NULL, cmd->name);

    if (!past_column(table, cmd->name, &was))
        return;
    command(table, "ADD COLUMN %s %s", quoted, was.definition);
    g_ptr_array_extend_and_steal(
        table->after, past->dependents(past->data, table->schema, table->table, cmd->name));
    capture_undo_note(table->undo, "the values of column \"%s\" of \"%s\" are lost", cmd->name,
                      table->table);
    capture_column_clear(&was);
}

/* A column of the past is as it was; of others there is nothing to say. */
static void column_changed(struct table_undo *table, const PgQuery__AlterTableCmd *cmd)
{
    struct capture_column was = {0};
    g_autofree char *name = capture_name(NULL, cmd->name);

    if (!past_column(table, cmd->name, &was))
        return;
    if (cmd->subtype == AT(AlterColumnType))
        command(table, "ALTER COLUMN %s TYPE %s USING %s::%s", name, was.type, name, was.type);
    else if (cmd->subtype == AT(ColumnDefault) && was.fallback != NULL)
        command(table, "ALTER COLUMN %s SET DEFAULT %s", name, was.fallback);
    else if (cmd->subtype == AT(ColumnDefault))
        command(table, "ALTER COLUMN %s DROP DEFAULT", name);
    else if (cmd->subtype == AT(SetNotNull) && !was.not_null)
        command(table, "ALTER COLUMN %s DROP NOT NULL", name);
    else if (cmd->subtype == AT(DropNotNull) && was.not_null)
        command(table, "ALTER COLUMN %s SET NOT NULL", name);
    else if (cmd->subtype == AT(AddIdentity))
        command(table, "ALTER COLUMN %s DROP IDENTITY", name);
    capture_column_clear(&was);
}

static void constraint_added(struct table_undo *table, const PgQuery__AlterTableCmd *cmd)
{
    const PgQuery__Constraint *constraint = cmd->def->constraint;

    if (capture_said(constraint->conname) == NULL) {
        capture_undo_note(
            table->undo, "a constraint of \"%s\" was given no name: say which is to be dropped",
            table->table);
        return;
    }
    g_autofree char *name = capture_name(NULL, constraint->conname);
    command(table, "DROP CONSTRAINT %s", name);
}

static void constraint_dropped(struct table_undo *table, const PgQuery__AlterTableCmd *cmd)
{
    const struct capture_past *past = table->undo->past;
    g_autofree char *definition =
        past->constraint(past->data, table->schema, table->table, cmd->name);
    g_autofree char *name = capture_name(NULL, cmd->name);

    if (definition != NULL)
        command(table, "ADD CONSTRAINT %s %s", name, definition);
}

static void partition_attached(struct table_undo *table, const PgQuery__AlterTableCmd *cmd)
{
    g_autofree char *name = capture_range(cmd->def->partition_cmd->name);

    command(table, "DETACH PARTITION %s", name);
}

static void one_command(struct table_undo *table, const PgQuery__AlterTableCmd *cmd)
{
    switch ((int) cmd->subtype) {
    case AT(AddColumn):
        column_added(table, cmd);
        break;
    case AT(DropColumn):
        column_dropped(table, cmd);
        break;
    case AT(AlterColumnType):
    case AT(ColumnDefault):
    case AT(SetNotNull):
    case AT(DropNotNull):
    case AT(AddIdentity):
        column_changed(table, cmd);
        break;
    case AT(AddConstraint):
        constraint_added(table, cmd);
        break;
    case AT(DropConstraint):
        constraint_dropped(table, cmd);
        break;
    case AT(ValidateConstraint):
        break; /* what is valid may stay so */
    case AT(AttachPartition):
        partition_attached(table, cmd);
        break;
    case AT(EnableRowSecurity):
        command(table, "DISABLE ROW LEVEL SECURITY");
        break;
    case AT(DisableRowSecurity):
        command(table, "ENABLE ROW LEVEL SECURITY");
        break;
    default:
        capture_undo_note(table->undo,
                          "a change of \"%s\" is not taken back: look at ALTER TABLE",
                          table->table);
    }
}

void capture_undo_alter_table(struct capture_undo *undo, const PgQuery__AlterTableStmt *stmt)
{
    g_autoptr(GPtrArray) commands = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) after = g_ptr_array_new_with_free_func(g_free);
    struct table_undo table = {.undo = undo,
                               .schema = capture_said(stmt->relation->schemaname),
                               .table = stmt->relation->relname,
                               .commands = commands,
                               .after = after};

    /* What was made by the program goes as a whole. */
    if (!capture_undo_there(undo, "relation", table.schema, table.table))
        return;
    for (gsize i = stmt->n_cmds; i-- > 0;)
        one_command(&table, stmt->cmds[i]->alter_table_cmd);
    if (commands->len == 0)
        return;
    g_ptr_array_add(commands, NULL);
    g_autofree char *list = g_strjoinv(", ", (char **) commands->pdata);
    g_ptr_array_remove_index(commands, commands->len - 1);
    g_autofree char *name = capture_range(stmt->relation);
    capture_undo_add(undo, "ALTER TABLE %s %s", name, list);
    while (after->len > 0)
        g_ptr_array_add(undo->statements, g_ptr_array_steal_index(after, 0));
}

/* ---- RENAME -------------------------------------------------------------------------------- */

static const char *renamed_kind(PgQuery__ObjectType kind)
{
    switch ((int) kind) {
    case OBJECT(TABLE):
    case OBJECT(COLUMN):
    case OBJECT(TABCONSTRAINT):
        return "TABLE";
    case OBJECT(INDEX):
        return "INDEX";
    case OBJECT(VIEW):
        return "VIEW";
    case OBJECT(MATVIEW):
        return "MATERIALIZED VIEW";
    case OBJECT(SEQUENCE):
        return "SEQUENCE";
    default:
        return NULL;
    }
}

void capture_undo_rename(struct capture_undo *undo, const PgQuery__RenameStmt *stmt)
{
    const char *kind = renamed_kind(stmt->rename_type);

    if (kind == NULL || stmt->relation == NULL) {
        capture_undo_note(undo, "the renaming to \"%s\" is not taken back", stmt->newname);
        return;
    }
    g_autofree char *new_name = capture_name(NULL, stmt->newname);
    if (stmt->rename_type == OBJECT(COLUMN) || stmt->rename_type == OBJECT(TABCONSTRAINT)) {
        g_autofree char *on = capture_range(stmt->relation);
        g_autofree char *old_name = capture_name(NULL, stmt->subname);
        capture_undo_add(undo, "ALTER %s %s RENAME %s %s TO %s", kind, on,
                         stmt->rename_type == OBJECT(COLUMN) ? "COLUMN" : "CONSTRAINT",
                         new_name, old_name);
        return;
    }
    g_autofree char *from = capture_name(stmt->relation->schemaname, stmt->newname);
    g_autofree char *to = capture_name(NULL, stmt->relation->relname);
    capture_undo_add(undo, "ALTER %s %s RENAME TO %s", kind, from, to);
}

/* ---- DROP, COMMENT ------------------------------------------------------------------------- */

/* The strings of a qualified name, last first; missing ones are NULL. */
static void names_of(const PgQuery__Node *node, const char *names[3])
{
    names[0] = names[1] = names[2] = NULL;
    if (node == NULL || node->node_case != PG_QUERY__NODE__NODE_LIST)
        return;
    const PgQuery__List *list = node->list;
    for (gsize i = 0; i < 3 && i < list->n_items; i++) {
        const PgQuery__Node *item = list->items[list->n_items - 1 - i];
        names[i] = item->node_case == PG_QUERY__NODE__NODE_STRING ? item->string->sval : NULL;
    }
}

void capture_undo_drop(struct capture_undo *undo, const PgQuery__DropStmt *stmt)
{
    const struct capture_past *past = undo->past;

    for (gsize i = stmt->n_objects; i-- > 0;) {
        const char *names[3];
        names_of(stmt->objects[i], names);
        if (names[0] == NULL) {
            capture_undo_note(undo, "what was dropped does not come back");
            continue;
        }
        g_autofree char *index = stmt->remove_type == OBJECT(INDEX)
                                     ? past->index(past->data, names[1], names[0])
                                     : NULL;
        if (index != NULL)
            capture_undo_add(undo, "%s", index);
        else if (stmt->remove_type != OBJECT(TABLE) && stmt->remove_type != OBJECT(INDEX))
            capture_undo_note(undo, "\"%s\", which was dropped, does not come back", names[0]);
        else if (capture_undo_there(undo, "relation", names[1], names[0]))
            capture_undo_note(undo, "the table \"%s\" was dropped: its rows are lost",
                              names[0]);
    }
}

static void comment_again(struct capture_undo *undo, const char *what, const char *name,
                          const char *was)
{
    g_autofree char *literal = was != NULL ? capture_literal(was) : g_strdup("NULL");

    capture_undo_add(undo, "COMMENT ON %s %s IS %s", what, name, literal);
}

void capture_undo_comment(struct capture_undo *undo, const PgQuery__CommentStmt *stmt)
{
    const struct capture_past *past = undo->past;
    const char *names[3];

    names_of(stmt->object, names);
    if (stmt->objtype == OBJECT(TABLE) && names[0] != NULL) {
        g_autofree char *was = past->comment(past->data, names[1], names[0]);
        g_autofree char *name = capture_name(names[1], names[0]);
        if (capture_undo_there(undo, "relation", names[1], names[0]))
            comment_again(undo, "TABLE", name, was);
    } else if (stmt->objtype == OBJECT(COLUMN) && names[1] != NULL) {
        struct capture_column was = {0};
        g_autofree char *table = capture_name(names[2], names[1]);
        g_autofree char *column = capture_name(NULL, names[0]);
        g_autofree char *name = g_strconcat(table, ".", column, NULL);
        if (past->column(past->data, names[2], names[1], names[0], &was))
            comment_again(undo, "COLUMN", name, was.comment);
        capture_column_clear(&was);
    } else {
        capture_undo_note(undo, "a comment is not taken back");
    }
}
