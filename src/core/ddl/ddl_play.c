/* What a statement leaves in the schema: tables, columns, constraints, indexes. */
#include "ddl/ddl_private.h"

#include <string.h>

static void collect(const struct ddl_schema *schema, struct ddl_relation *relation,
                    GPtrArray *tree)
{
    if (g_ptr_array_find(tree, relation, NULL))
        return;
    g_ptr_array_add(tree, relation);
    g_autoptr(GPtrArray) children = ddl_children(schema, relation);
    for (guint i = 0; i < children->len; i++)
        collect(schema, children->pdata[i], tree);
}

GPtrArray *ddl_tree_of(const struct ddl_schema *schema, struct ddl_relation *relation,
                       bool below)
{
    GPtrArray *tree = g_ptr_array_new();

    if (below)
        collect(schema, relation, tree);
    else
        g_ptr_array_add(tree, relation);
    return tree;
}

bool ddl_has_rows(const struct ddl_relation *relation)
{
    return relation->kind == 'r' || relation->kind == 'm' || relation->kind == 'i';
}

/* ---- names --------------------------------------------------------------------------------- */

enum { NAME_LENGTH = 63, MOST_ALIKE = 100 };

static bool taken(const struct ddl_schema *schema, const struct ddl_relation *relation,
                  const char *name)
{
    struct ddl_relation *other;

    return ddl_constraint_find(relation, name) != NULL ||
           ddl_schema_find(schema, relation->schema, name) != NULL ||
           ddl_index_find(schema, relation->schema, name, &other) != NULL;
}

/* The server shortens the longer of the two until all fits. */
static char *joined(const char *table, const char *column, const char *suffix)
{
    gsize one = strlen(table), two = column == NULL ? 0 : strlen(column) + 1;
    gsize rest = strlen(suffix) + 1;

    while (one + two + rest > NAME_LENGTH) {
        if (one + 1 > two)
            one--;
        else
            two--;
    }
    return column == NULL ? g_strdup_printf("%.*s_%s", (int) one, table, suffix)
                          : g_strdup_printf("%.*s_%.*s_%s", (int) one, table, (int) two - 1,
                                            column, suffix);
}

char *ddl_make_name(const struct ddl_schema *schema, const struct ddl_relation *relation,
                    const char *column, const char *suffix)
{
    char *name = joined(relation->name, column, suffix);

    for (guint number = 1; number < MOST_ALIKE && taken(schema, relation, name); number++) {
        g_autofree char *numbered = g_strdup_printf("%s%u", suffix, number);
        g_free(name);
        name = joined(relation->name, column, numbered);
    }
    return name;
}

/* ---- columns ------------------------------------------------------------------------------- */

static void wish_constraint(const struct ddl_judge *judge, struct ddl_wish *wish,
                            const PgQuery__Constraint *constraint)
{
    gsize at = (gsize) MAX(constraint->location, 0);

    switch ((int) constraint->contype) {
    case PG_QUERY__CONSTR_TYPE__CONSTR_NOTNULL:
        wish->not_null = true;
        break;
    case PG_QUERY__CONSTR_TYPE__CONSTR_NULL:
        wish->null = true;
        break;
    case PG_QUERY__CONSTR_TYPE__CONSTR_DEFAULT:
        if (ddl_judge_newer(judge, SQL_NEWER_VIRTUAL, at, at + 1))
            wish->is_virtual = true;
        else
            wish->value = constraint->raw_expr;
        break;
    case PG_QUERY__CONSTR_TYPE__CONSTR_IDENTITY:
        wish->identity = wish->not_null = true;
        break;
    case PG_QUERY__CONSTR_TYPE__CONSTR_GENERATED:
        wish->stored = true;
        break;
    case PG_QUERY__CONSTR_TYPE__CONSTR_CHECK:
        wish->check = true;
        break;
    case PG_QUERY__CONSTR_TYPE__CONSTR_PRIMARY:
        wish->primary = wish->not_null = true;
        break;
    case PG_QUERY__CONSTR_TYPE__CONSTR_UNIQUE:
        wish->unique = true;
        break;
    case PG_QUERY__CONSTR_TYPE__CONSTR_FOREIGN:
        wish->references = true;
        wish->foreign_key = constraint;
        break;
    default:
        break;
    }
}

void ddl_wish_of(const struct ddl_judge *judge, const PgQuery__ColumnDef *def,
                 struct ddl_wish *ret_wish)
{
    *ret_wish = (struct ddl_wish){.value = def->raw_default};
    ddl_type_of(judge->schema, def->type_name, &ret_wish->type, &ret_wish->serial);
    ret_wish->not_null = def->is_not_null || ret_wish->serial;
    for (size_t i = 0; i < def->n_constraints; i++)
        if (def->constraints[i]->node_case == PG_QUERY__NODE__NODE_CONSTRAINT)
            wish_constraint(judge, ret_wish, def->constraints[i]->constraint);
}

/* Where the words that belong to a column's constraint end. */
static gsize constraint_end(const struct ddl_judge *judge, const PgQuery__ColumnDef *def,
                            size_t number)
{
    for (size_t i = number + 1; i < def->n_constraints; i++) {
        const PgQuery__Node *next = def->constraints[i];
        if (next->node_case == PG_QUERY__NODE__NODE_CONSTRAINT &&
            next->constraint->contype < PG_QUERY__CONSTR_TYPE__CONSTR_ATTR_DEFERRABLE)
            return (gsize) MAX(next->constraint->location, 0);
    }
    return judge->end;
}

struct ddl_column *ddl_play_column(struct ddl_judge *judge, struct ddl_relation *relation,
                                   const PgQuery__ColumnDef *def)
{
    struct ddl_wish wish;
    struct ddl_column *column = ddl_column_find(relation, def->colname);

    ddl_wish_of(judge, def, &wish);
    if (column == NULL) /* else it is one of the parent's, of which more is said */
        column = ddl_column_add(relation, def->colname, &wish.type);
    column->not_null = column->not_null || wish.not_null;
    column->identity = wish.identity;
    column->generated = wish.stored;
    column->is_virtual = wish.is_virtual;
    column->has_default =
        wish.serial || (wish.value != NULL && !ddl_is_null_constant(wish.value));
    if (def->coll_clause != NULL && def->coll_clause->n_collname > 0)
        column->collation =
            g_strdup(ddl_string(def->coll_clause->collname[def->coll_clause->n_collname - 1]));
    for (size_t i = 0; i < def->n_constraints; i++)
        if (def->constraints[i]->node_case == PG_QUERY__NODE__NODE_CONSTRAINT)
            ddl_play_constraint(judge, relation, def->constraints[i]->constraint, def->colname,
                                constraint_end(judge, def, i));
    ddl_type_clear(&wish.type);
    return column;
}

/* ---- constraints --------------------------------------------------------------------------- */

static void set_not_null(struct ddl_relation *relation, const GPtrArray *columns)
{
    for (guint i = 0; i < columns->len; i++) {
        struct ddl_column *column = ddl_column_find(relation, columns->pdata[i]);
        if (column != NULL)
            column->not_null = true;
    }
}

static void columns_into(struct ddl_constraint *constraint, PgQuery__Node *const *names,
                         size_t count, const char *column)
{
    for (size_t i = 0; i < count; i++)
        if (ddl_string(names[i]) != NULL)
            g_ptr_array_add(constraint->columns, g_strdup(ddl_string(names[i])));
    if (count == 0 && column != NULL)
        g_ptr_array_add(constraint->columns, g_strdup(column));
}

static void play_index_of(struct ddl_relation *relation, struct ddl_constraint *constraint,
                          const PgQuery__Constraint *said)
{
    const char *existing = ddl_said(said->indexname);
    struct ddl_index *index;

    if (existing != NULL) {
        for (guint i = 0; i < relation->indexes->len; i++) {
            index = relation->indexes->pdata[i];
            if (g_strcmp0(index->name, existing) != 0)
                continue;
            g_ptr_array_set_size(constraint->columns, 0);
            for (guint n = 0; n < index->columns->len; n++)
                g_ptr_array_add(constraint->columns, g_strdup(index->columns->pdata[n]));
            g_free(index->name);
            index->name = g_strdup(constraint->name);
            ddl_point_at(relation, constraint->name);
            index->primary = constraint->kind == DDL_PRIMARY_KEY;
            index->constraint = g_strdup(constraint->name);
        }
    } else {
        index = ddl_index_add(relation, constraint->name);
        index->unique = constraint->kind != DDL_EXCLUSION;
        index->primary = constraint->kind == DDL_PRIMARY_KEY;
        index->constraint = g_strdup(constraint->name);
        for (guint i = 0; i < constraint->columns->len; i++)
            g_ptr_array_add(index->columns, g_strdup(constraint->columns->pdata[i]));
        index->simple = constraint->kind != DDL_EXCLUSION;
    }
    constraint->index = g_strdup(constraint->name);
    if (constraint->kind == DDL_PRIMARY_KEY)
        set_not_null(relation, constraint->columns);
}

static void play_foreign_key(struct ddl_judge *judge, const struct ddl_relation *relation,
                             struct ddl_constraint *constraint, const PgQuery__Constraint *said)
{
    struct ddl_target other = ddl_target_of(judge, said->pktable);

    constraint->referenced_schema =
        g_strdup(other.schema == NULL ? ddl_schema_first(judge->schema) : other.schema);
    constraint->referenced = g_strdup(other.name);
    ddl_refer_to(relation, other.name);
    for (size_t i = 0; i < said->n_pk_attrs; i++)
        if (ddl_string(said->pk_attrs[i]) != NULL)
            g_ptr_array_add(constraint->referenced_columns,
                            g_strdup(ddl_string(said->pk_attrs[i])));
}

static void play_check(struct ddl_constraint *constraint, const PgQuery__Constraint *said)
{
    g_autoptr(GPtrArray) columns = ddl_columns_of(said->raw_expr);

    constraint->expression = ddl_expression_copy(said->raw_expr);
    constraint->no_inherit = said->is_no_inherit;
    for (guint i = 0; i < columns->len; i++) {
        g_ptr_array_add(constraint->columns, g_strdup(columns->pdata[i]));
        if (constraint->proves_not_null == NULL &&
            ddl_proves_not_null(said->raw_expr, columns->pdata[i]))
            constraint->proves_not_null = g_strdup(columns->pdata[i]);
    }
}

static bool kind_of(const PgQuery__Constraint *said, enum ddl_constraint_kind *ret_kind,
                    const char **ret_suffix)
{
    static const struct {
        int type;
        enum ddl_constraint_kind kind;
        const char *suffix;
    } kinds[] = {
        {PG_QUERY__CONSTR_TYPE__CONSTR_CHECK, DDL_CHECK, "check"},
        {PG_QUERY__CONSTR_TYPE__CONSTR_FOREIGN, DDL_FOREIGN_KEY, "fkey"},
        {PG_QUERY__CONSTR_TYPE__CONSTR_PRIMARY, DDL_PRIMARY_KEY, "pkey"},
        {PG_QUERY__CONSTR_TYPE__CONSTR_UNIQUE, DDL_UNIQUE, "key"},
        {PG_QUERY__CONSTR_TYPE__CONSTR_EXCLUSION, DDL_EXCLUSION, "excl"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++)
        if ((int) said->contype == kinds[i].type) {
            *ret_kind = kinds[i].kind;
            *ret_suffix = kinds[i].suffix;
            return true;
        }
    return false;
}

static char *constraint_name(const struct ddl_judge *judge, const struct ddl_relation *relation,
                             const PgQuery__Constraint *said, const char *column,
                             const char *suffix)
{
    if (ddl_said(said->conname) != NULL)
        return g_strdup(said->conname);
    if (said->contype == PG_QUERY__CONSTR_TYPE__CONSTR_PRIMARY)
        return ddl_make_name(judge->schema, relation, NULL, suffix);
    g_autoptr(GPtrArray) named = said->contype == PG_QUERY__CONSTR_TYPE__CONSTR_FOREIGN
                                     ? ddl_strings(said->fk_attrs, said->n_fk_attrs)
                                     : ddl_strings(said->keys, said->n_keys);
    g_autoptr(GPtrArray) used = ddl_columns_of(said->raw_expr);
    /* a CHECK is called after its column where it has one only */
    if (said->contype == PG_QUERY__CONSTR_TYPE__CONSTR_CHECK)
        return ddl_make_name(judge->schema, relation, used->len == 1 ? used->pdata[0] : NULL,
                             suffix);
    if (named->len == 0)
        return ddl_make_name(judge->schema, relation, column, suffix);
    g_ptr_array_add(named, NULL);
    g_autofree char *all = g_strjoinv("_", (char **) named->pdata);
    return ddl_make_name(judge->schema, relation, all, suffix);
}

/* The newer NOT NULL of a table, in the tree a UNIQUE. */
static struct ddl_constraint *play_not_null(struct ddl_judge *judge,
                                            struct ddl_relation *relation,
                                            const PgQuery__Constraint *said, gsize end)
{
    g_autoptr(GPtrArray) columns = ddl_strings(said->keys, said->n_keys);
    const char *column = columns->len > 0 ? columns->pdata[0] : NULL;
    g_autofree char *name = ddl_said(said->conname) != NULL
                                ? g_strdup(said->conname)
                                : ddl_make_name(judge->schema, relation, column, "not_null");
    struct ddl_constraint *constraint = ddl_constraint_add(relation, name, DDL_NOT_NULL);

    constraint->validated =
        !ddl_judge_newer(judge, SQL_NEWER_NOT_VALID, (gsize) MAX(said->location, 0), end);
    columns_into(constraint, said->keys, said->n_keys, column);
    if (constraint->validated)
        set_not_null(relation, constraint->columns);
    return constraint;
}

struct ddl_constraint *ddl_play_constraint(struct ddl_judge *judge,
                                           struct ddl_relation *relation,
                                           const PgQuery__Constraint *said, const char *column,
                                           gsize end)
{
    enum ddl_constraint_kind kind;
    const char *suffix;
    gsize at = (gsize) MAX(said->location, 0);

    if (!kind_of(said, &kind, &suffix))
        return NULL;
    if (kind == DDL_UNIQUE && ddl_judge_newer(judge, SQL_NEWER_NOT_NULL, at, end))
        return play_not_null(judge, relation, said, end);
    g_autofree char *name = constraint_name(judge, relation, said, column, suffix);
    if (ddl_said(said->conname) == NULL && ddl_said(said->indexname) != NULL) {
        g_free(name);
        name = g_strdup(said->indexname);
    }
    struct ddl_constraint *constraint = ddl_constraint_add(relation, name, kind);
    constraint->enforced = !ddl_judge_newer(judge, SQL_NEWER_NOT_ENFORCED, at, end);
    constraint->validated = !said->skip_validation && constraint->enforced;
    if (kind == DDL_CHECK)
        play_check(constraint, said);
    else if (kind == DDL_FOREIGN_KEY)
        columns_into(constraint, said->fk_attrs, said->n_fk_attrs, column);
    else
        columns_into(constraint, said->keys, said->n_keys, column);
    if (kind == DDL_FOREIGN_KEY && said->pktable != NULL)
        play_foreign_key(judge, relation, constraint, said);
    else if (kind != DDL_CHECK && kind != DDL_FOREIGN_KEY)
        play_index_of(relation, constraint, said);
    return constraint;
}

/* ---- indexes ------------------------------------------------------------------------------- */

static void note_uses(struct ddl_index *index, const PgQuery__Node *expression)
{
    g_autoptr(GPtrArray) columns = ddl_columns_of(expression);

    index->simple = false;
    for (guint i = 0; i < columns->len; i++)
        if (!ddl_strings_have(index->uses, columns->pdata[i]))
            g_ptr_array_add(index->uses, g_strdup(columns->pdata[i]));
}

void ddl_index_of_elements(struct ddl_index *index, PgQuery__Node *const *elements, gsize count,
                           const PgQuery__Node *where)
{
    for (gsize i = 0; i < count; i++) {
        if (elements[i]->node_case != PG_QUERY__NODE__NODE_INDEX_ELEM)
            continue;
        const PgQuery__IndexElem *element = elements[i]->index_elem;
        g_ptr_array_add(index->columns, g_strdup(ddl_said(element->name)));
        if (element->expr != NULL)
            note_uses(index, element->expr);
    }
    if (where != NULL)
        note_uses(index, where);
}

static char *index_name(const struct ddl_schema *schema, const struct ddl_relation *relation,
                        const PgQuery__IndexStmt *statement)
{
    GString *columns = g_string_new(NULL);

    for (size_t i = 0; i < statement->n_index_params; i++) {
        const PgQuery__IndexElem *element =
            statement->index_params[i]->node_case == PG_QUERY__NODE__NODE_INDEX_ELEM
                ? statement->index_params[i]->index_elem
                : NULL;
        const char *word = element == NULL ? NULL : ddl_said(element->name);
        const char *space;
        if (word == NULL && element != NULL && element->expr != NULL &&
            element->expr->node_case == PG_QUERY__NODE__NODE_FUNC_CALL)
            ddl_qualified(element->expr->func_call->funcname,
                          element->expr->func_call->n_funcname, &space, &word);
        g_string_append_printf(columns, "%s%s", columns->len > 0 ? "_" : "",
                               word == NULL ? "expr" : word);
    }
    char *name = ddl_make_name(schema, relation, columns->str, "idx");
    g_string_free(columns, TRUE);
    return name;
}

struct ddl_index *ddl_play_index(struct ddl_judge *judge, struct ddl_relation *relation,
                                 const PgQuery__IndexStmt *statement)
{
    g_autofree char *name = ddl_said(statement->idxname) != NULL
                                ? g_strdup(statement->idxname)
                                : index_name(judge->schema, relation, statement);
    struct ddl_index *index = ddl_index_add(relation, name);

    index->unique = statement->unique;
    index->tablespace = g_strdup(ddl_said(statement->table_space));
    index->method = g_strdup(
        ddl_said(statement->access_method) == NULL ? "btree" : statement->access_method);
    ddl_index_of_elements(index, statement->index_params, statement->n_index_params,
                          statement->where_clause);
    return index;
}
