/* Parts of ALTER TABLE. */
#include "lint/lint_tree.h"

#include "lint/lint_private.h"

/* protobuf-c's own __INIT of a message casts its empty string. */
#pragma GCC diagnostic ignored "-Wcast-qual"

char *lint_tree_column(const struct lint_tree *tree, guint dropped, const char *as)
{
    if (tree->column == NULL)
        return NULL;
    PgQuery__ColumnDef column = *tree->column;
    g_autofree PgQuery__Node **kept = g_new0(PgQuery__Node *, column.n_constraints + 1);
    g_autofree char *name = g_strdup(as);
    size_t count = 0;

    for (size_t i = 0; i < column.n_constraints; i++) {
        PgQuery__Node *node = column.constraints[i];
        if (node->node_case != PG_QUERY__NODE__NODE_CONSTRAINT ||
            !(dropped & 1U << node->constraint->contype))
            kept[count++] = node;
    }
    column.n_constraints = count;
    column.constraints = kept;
    column.raw_default = NULL;
    if (as != NULL)
        column.colname = name;
    PgQuery__Node def = PG_QUERY__NODE__INIT;
    def.node_case = PG_QUERY__NODE__NODE_COLUMN_DEF;
    def.column_def = &column;
    PgQuery__AlterTableCmd command = *tree->command;
    command.subtype = PG_QUERY__ALTER_TABLE_TYPE__AT_AddColumn;
    command.name = NULL;
    command.def = &def;
    return lint_tree_alter(tree, &command);
}

char *lint_tree_default(const struct lint_tree *tree)
{
    if (tree->column == NULL || tree->constraint == NULL ||
        tree->constraint->contype != PG_QUERY__CONSTR_TYPE__CONSTR_DEFAULT)
        return NULL;
    PgQuery__AlterTableCmd command = PG_QUERY__ALTER_TABLE_CMD__INIT;
    command.subtype = PG_QUERY__ALTER_TABLE_TYPE__AT_ColumnDefault;
    command.name = tree->column->colname;
    command.behavior = PG_QUERY__DROP_BEHAVIOR__DROP_RESTRICT;
    command.def = tree->constraint->raw_expr;
    return lint_tree_alter(tree, &command);
}

char *lint_tree_not_valid(const struct lint_tree *tree)
{
    if (tree->constraint == NULL || tree->name == NULL)
        return NULL;
    PgQuery__Constraint constraint = *tree->constraint;
    PgQuery__String column = PG_QUERY__STRING__INIT;
    PgQuery__Node def = PG_QUERY__NODE__INIT, key = PG_QUERY__NODE__INIT;
    PgQuery__Node *keys[] = {&key};
    PgQuery__AlterTableCmd command = PG_QUERY__ALTER_TABLE_CMD__INIT;

    if (tree->column != NULL && constraint.contype == PG_QUERY__CONSTR_TYPE__CONSTR_FOREIGN) {
        column.sval = tree->column->colname;
        key.node_case = PG_QUERY__NODE__NODE_STRING;
        key.string = &column;
        constraint.n_fk_attrs = 1;
        constraint.fk_attrs = keys;
    }
    char name[] = LINT_TREE_NAME;
    constraint.conname = name;
    constraint.skip_validation = true;
    constraint.initially_valid = false;
    def.node_case = PG_QUERY__NODE__NODE_CONSTRAINT;
    def.constraint = &constraint;
    command.subtype = PG_QUERY__ALTER_TABLE_TYPE__AT_AddConstraint;
    command.behavior = PG_QUERY__DROP_BEHAVIOR__DROP_RESTRICT;
    command.def = &def;
    return lint_tree_name(lint_tree_alter(tree, &command), tree->name);
}

char *lint_tree_columns(const struct lint_tree *tree)
{
    const PgQuery__Constraint *constraint = tree->constraint;
    GString *text = g_string_new(NULL);

    if (constraint != NULL) {
        bool foreign = constraint->n_fk_attrs > 0;
        size_t count = foreign ? constraint->n_fk_attrs : constraint->n_keys;
        PgQuery__Node **names = foreign ? constraint->fk_attrs : constraint->keys;
        for (size_t i = 0; i < count; i++) {
            g_autofree char *name = names[i]->node_case == PG_QUERY__NODE__NODE_STRING
                                        ? lint_quoted(NULL, names[i]->string->sval)
                                        : NULL;
            g_string_append_printf(text, "%s%s", i > 0 ? ", " : "", name ? name : "…");
        }
    }
    if (text->len == 0 && tree->column != NULL) {
        g_autofree char *name = lint_quoted(NULL, tree->column->colname);
        g_string_append(text, name);
    }
    return g_string_free(text, text->len == 0);
}

char *lint_tree_unique_index(const struct lint_tree *tree)
{
    g_autofree char *columns = lint_tree_columns(tree);

    if (columns == NULL || tree->name == NULL || tree->alter == NULL)
        return NULL;
    const PgQuery__RangeVar *table = tree->alter->relation;
    g_autofree char *name = lint_quoted(NULL, tree->name);
    g_autofree char *on = lint_quoted(
        lint_tree_empty(table->schemaname) ? NULL : table->schemaname, table->relname);
    return g_strdup_printf("CREATE UNIQUE INDEX CONCURRENTLY %s ON %s (%s)", name, on, columns);
}
