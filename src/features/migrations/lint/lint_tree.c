/* Finding the parts, and writing a tree as SQL. */
#include "lint/lint_tree.h"

#include "lint/lint_private.h"

#include <pg_query.h>
#include <string.h>

/* ---- writing ----------------------------------------------------------------------------- */

static char *write_packed(PgQueryProtobuf packed)
{
    PgQueryDeparseResult written = pg_query_deparse_protobuf(packed);
    char *sql = written.error == NULL ? g_strchomp(g_strdup(written.query)) : NULL;

    pg_query_free_deparse_result(written);
    return sql;
}

static char *write_node(PgQuery__Node *node)
{
    PgQuery__RawStmt raw = PG_QUERY__RAW_STMT__INIT;
    PgQuery__RawStmt *statements[] = {&raw};
    PgQuery__ParseResult result = PG_QUERY__PARSE_RESULT__INIT;

    raw.stmt = node;
    result.version = PG_VERSION_NUM;
    result.n_stmts = 1;
    result.stmts = statements;
    gsize size = pg_query__parse_result__get_packed_size(&result);
    g_autofree uint8_t *packed = g_malloc(size);
    pg_query__parse_result__pack(&result, packed);
    return write_packed((PgQueryProtobuf){.len = size, .data = (char *) packed});
}

/* Not all names are quoted by libpg_query where they have to be: what it reads back must be
 * what it wrote. */
static bool reads_back(const char *sql)
{
    PgQueryProtobufParseResult parsed = pg_query_parse_protobuf(sql);
    g_autofree char *again = parsed.error == NULL ? write_packed(parsed.parse_tree) : NULL;

    pg_query_free_protobuf_parse_result(parsed);
    return g_strcmp0(sql, again) == 0;
}

char *lint_tree_write(const struct lint_tree *tree, PgQuery__Node *node)
{
    g_autofree char *sql = write_node(node);

    return sql != NULL && (!tree->quoted || reads_back(sql)) ? g_steal_pointer(&sql) : NULL;
}

/* A constraint's name is one that it does not quote. */
char *lint_tree_name(char *sql, const char *name)
{
    const char *at = sql != NULL ? strstr(sql, LINT_TREE_NAME) : NULL;

    if (at == NULL)
        return sql;
    g_autofree char *quoted = lint_quoted(NULL, name);
    char *named =
        g_strdup_printf("%.*s%s%s", (int) (at - sql), sql, quoted, at + strlen(LINT_TREE_NAME));
    g_free(sql);
    return named;
}

/* The ALTER TABLE with this one command. */
char *lint_tree_alter(const struct lint_tree *tree, PgQuery__AlterTableCmd *command)
{
    PgQuery__AlterTableStmt statement = *tree->alter;
    PgQuery__Node inner = PG_QUERY__NODE__INIT, outer = PG_QUERY__NODE__INIT;
    PgQuery__Node *commands[] = {&inner};

    inner.node_case = PG_QUERY__NODE__NODE_ALTER_TABLE_CMD;
    inner.alter_table_cmd = command;
    statement.n_cmds = 1;
    statement.cmds = commands;
    outer.node_case = PG_QUERY__NODE__NODE_ALTER_TABLE_STMT;
    outer.alter_table_stmt = &statement;
    return lint_tree_write(tree, &outer);
}

/* ---- finding ----------------------------------------------------------------------------- */

static bool names_column(const PgQuery__AlterTableCmd *command, const char *column)
{
    if (command->def != NULL && command->def->node_case == PG_QUERY__NODE__NODE_COLUMN_DEF &&
        g_strcmp0(command->def->column_def->colname, column) == 0)
        return true;
    return g_strcmp0(command->name, column) == 0;
}

static bool is_constraint(const PgQuery__AlterTableCmd *command)
{
    return command->def != NULL && command->def->node_case == PG_QUERY__NODE__NODE_CONSTRAINT;
}

/* What kind of constraint the cause is about; UNDEFINED: about none. */
static PgQuery__ConstrType kind_of(enum ddl_cause cause)
{
    static const struct {
        enum ddl_cause cause;
        PgQuery__ConstrType kind;
    } kinds[] = {
        {DDL_ADD_COLUMN_VOLATILE_DEFAULT, PG_QUERY__CONSTR_TYPE__CONSTR_DEFAULT},
        {DDL_ADD_COLUMN_STORED, PG_QUERY__CONSTR_TYPE__CONSTR_GENERATED},
        {DDL_ADD_COLUMN_CHECK, PG_QUERY__CONSTR_TYPE__CONSTR_CHECK},
        {DDL_ADD_COLUMN_UNIQUE, PG_QUERY__CONSTR_TYPE__CONSTR_UNIQUE},
        {DDL_ADD_COLUMN_REFERENCES, PG_QUERY__CONSTR_TYPE__CONSTR_FOREIGN},
        {DDL_ADD_CHECK, PG_QUERY__CONSTR_TYPE__CONSTR_CHECK},
        {DDL_ADD_FOREIGN_KEY, PG_QUERY__CONSTR_TYPE__CONSTR_FOREIGN},
        {DDL_FOREIGN_KEY_WITHOUT_INDEX, PG_QUERY__CONSTR_TYPE__CONSTR_FOREIGN},
        {DDL_ADD_UNIQUE, PG_QUERY__CONSTR_TYPE__CONSTR_UNIQUE},
        {DDL_ADD_PRIMARY_KEY, PG_QUERY__CONSTR_TYPE__CONSTR_PRIMARY},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++)
        if (kinds[i].cause == cause)
            return kinds[i].kind;
    return PG_QUERY__CONSTR_TYPE__CONSTR_TYPE_UNDEFINED;
}

static bool is_of(const PgQuery__Constraint *constraint, PgQuery__ConstrType kind,
                  const struct ddl_act *act)
{
    return constraint->contype == kind &&
           (lint_tree_empty(constraint->conname) || act->constraint == NULL ||
            strcmp(constraint->conname, act->constraint) == 0);
}

static void find_constraint(struct lint_tree *tree, const struct ddl_act *act)
{
    PgQuery__ConstrType kind = kind_of(act->cause);
    const PgQuery__ColumnDef *column = tree->column;

    if (tree->command != NULL && is_constraint(tree->command))
        tree->constraint = tree->command->def->constraint;
    for (size_t i = 0; column != NULL && i < column->n_constraints; i++) {
        const PgQuery__Node *node = column->constraints[i];
        if (node->node_case == PG_QUERY__NODE__NODE_CONSTRAINT &&
            is_of(node->constraint, kind, act))
            tree->constraint = node->constraint;
    }
}

static bool is_meant(const PgQuery__AlterTableCmd *command, const struct ddl_act *act)
{
    PgQuery__ConstrType kind = kind_of(act->cause);

    if (is_constraint(command))
        return is_of(command->def->constraint, kind, act);
    return act->column != NULL && names_column(command, act->column);
}

/* What a name of the server's begins with, and how long it is at most. */
static char *named(const char *table, GPtrArray *columns, const char *ending)
{
    enum { NAME_MOST = 63 };
    g_autofree char *all = g_strjoinv("_", (char **) columns->pdata);
    g_autofree char *head = all[0] != '\0' ? g_strjoin("_", table, all, NULL) : g_strdup(table);
    gsize room = NAME_MOST - strlen(ending) - 1;

    if (strlen(head) > room) {
        const char *end = head + room;
        while (end > head && (*end & 0xc0) == 0x80)
            end--;
        head[end - head] = '\0';
    }
    return g_strjoin("_", head, ending, NULL);
}

/* "orders_customer_id_fkey", as the server would call it. */
static char *usual_name(const struct lint_tree *tree, const struct ddl_act *act)
{
    static const struct {
        PgQuery__ConstrType kind;
        const char *ending;
    } endings[] = {
        {PG_QUERY__CONSTR_TYPE__CONSTR_CHECK, "check"},
        {PG_QUERY__CONSTR_TYPE__CONSTR_FOREIGN, "fkey"},
        {PG_QUERY__CONSTR_TYPE__CONSTR_UNIQUE, "key"},
        {PG_QUERY__CONSTR_TYPE__CONSTR_PRIMARY, "pkey"},
    };
    const PgQuery__Constraint *constraint = tree->constraint;
    g_autoptr(GPtrArray) columns = g_ptr_array_new_null_terminated(2, NULL, TRUE);
    const char *ending = NULL;

    if (constraint == NULL || act->relation == NULL)
        return NULL;
    if (!lint_tree_empty(constraint->conname))
        return g_strdup(constraint->conname);
    for (gsize i = 0; i < G_N_ELEMENTS(endings); i++)
        if (endings[i].kind == constraint->contype)
            ending = endings[i].ending;
    bool primary = constraint->contype == PG_QUERY__CONSTR_TYPE__CONSTR_PRIMARY;
    bool foreign = constraint->n_fk_attrs > 0;
    size_t count = primary ? 0 : foreign ? constraint->n_fk_attrs : constraint->n_keys;
    PgQuery__Node **names = foreign ? constraint->fk_attrs : constraint->keys;
    for (size_t i = 0; i < count; i++)
        if (names[i]->node_case == PG_QUERY__NODE__NODE_STRING)
            g_ptr_array_add(columns, names[i]->string->sval);
    if (columns->len == 0 && !primary && tree->column != NULL)
        g_ptr_array_add(columns, tree->column->colname);
    return ending != NULL ? named(act->relation, columns, ending) : NULL;
}

/* Where what the command defines is written; -1: it defines nothing. */
static gint64 location_of(const PgQuery__AlterTableCmd *command)
{
    if (is_constraint(command))
        return command->def->constraint->location;
    return command->def != NULL && command->def->node_case == PG_QUERY__NODE__NODE_COLUMN_DEF
               ? command->def->column_def->location
               : -1;
}

/* Of several that could be meant the first behind the place the act names. */
static const PgQuery__AlterTableCmd *meant(const PgQuery__AlterTableStmt *alter,
                                           const struct ddl_act *act)
{
    const PgQuery__AlterTableCmd *first = NULL;

    for (size_t i = 0; i < alter->n_cmds; i++) {
        const PgQuery__Node *node = alter->cmds[i];
        if (node->node_case != PG_QUERY__NODE__NODE_ALTER_TABLE_CMD ||
            !is_meant(node->alter_table_cmd, act))
            continue;
        if (location_of(node->alter_table_cmd) >= (gint64) act->at)
            return node->alter_table_cmd;
        if (first == NULL)
            first = node->alter_table_cmd;
    }
    return first;
}

void lint_tree_find(struct lint_tree *tree, const PgQuery__Node *node, const char *text,
                    const struct ddl_act *act)
{
    memset(tree, 0, sizeof *tree);
    tree->node = node;
    tree->text = text;
    tree->quoted = strchr(text, '"') != NULL;
    if (node == NULL || node->node_case != PG_QUERY__NODE__NODE_ALTER_TABLE_STMT)
        return;
    tree->alter = node->alter_table_stmt;
    tree->command = meant(tree->alter, act);
    const PgQuery__Node *def = tree->command != NULL ? tree->command->def : NULL;
    if (def != NULL && def->node_case == PG_QUERY__NODE__NODE_COLUMN_DEF)
        tree->column = def->column_def;
    find_constraint(tree, act);
    tree->name = usual_name(tree, act);
}

const PgQuery__RangeVar *lint_tree_range(const struct lint_tree *tree)
{
    if (tree->alter != NULL)
        return tree->alter->relation;
    if (tree->node == NULL)
        return NULL;
    switch ((int) tree->node->node_case) {
    case PG_QUERY__NODE__NODE_CREATE_STMT:
        return tree->node->create_stmt->relation;
    case PG_QUERY__NODE__NODE_RENAME_STMT:
        return tree->node->rename_stmt->relation;
    default:
        return NULL;
    }
}

void lint_tree_clear(struct lint_tree *tree)
{
    g_clear_pointer(&tree->name, g_free);
}
