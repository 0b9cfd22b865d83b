/* CREATE TABLE into the schema: its own parts, and what it takes over from other tables. */
#include "ddl/ddl_private.h"

#include <string.h>

static void copy_columns(struct ddl_relation *to, const struct ddl_relation *from,
                         bool defaults)
{
    for (guint i = 0; i < from->columns->len; i++) {
        const struct ddl_column *column = from->columns->pdata[i];
        if (column->dropped || ddl_column_find(to, column->name) != NULL)
            continue;
        struct ddl_column *copy = ddl_column_add(to, column->name, &column->type);
        copy->collation = g_strdup(column->collation);
        copy->not_null = column->not_null;
        copy->has_default = defaults && column->has_default;
        copy->generated = defaults && column->generated;
        copy->is_virtual = defaults && column->is_virtual;
        copy->identity = defaults && column->identity;
    }
}

static void copy_strings(GPtrArray *to, const GPtrArray *from)
{
    for (guint i = 0; i < from->len; i++)
        g_ptr_array_add(to, g_strdup(from->pdata[i]));
}

static void copy_constraint(struct ddl_relation *to, const struct ddl_constraint *from)
{
    const PgQuery__Node *node = ddl_expression_node(from->expression);
    struct ddl_constraint *copy = ddl_constraint_add(to, from->name, from->kind);

    copy->validated = from->validated;
    copy->enforced = from->enforced;
    copy_strings(copy->columns, from->columns);
    copy_strings(copy->referenced_columns, from->referenced_columns);
    copy->proves_not_null = g_strdup(from->proves_not_null);
    copy->definition = g_strdup(from->definition);
    copy->referenced_schema = g_strdup(from->referenced_schema);
    copy->referenced = g_strdup(from->referenced);
    if (copy->referenced != NULL)
        ddl_refer_to(to, copy->referenced);
    if (node != NULL)
        copy->expression = ddl_expression_copy(node);
}

static void copy_constraints(struct ddl_relation *to, const struct ddl_relation *from,
                             bool foreign_keys)
{
    for (guint i = 0; i < from->constraints->len; i++) {
        const struct ddl_constraint *constraint = from->constraints->pdata[i];
        bool wanted = constraint->kind == DDL_CHECK || constraint->kind == DDL_NOT_NULL ||
                      (foreign_keys && constraint->kind == DDL_FOREIGN_KEY);
        if (wanted && !constraint->no_inherit &&
            ddl_constraint_find(to, constraint->name) == NULL)
            copy_constraint(to, constraint);
    }
}

static char *index_columns(const struct ddl_index *index)
{
    GString *words = g_string_new(NULL);

    for (guint i = 0; i < index->columns->len; i++)
        g_string_append_printf(words, "%s%s", i > 0 ? "_" : "",
                               index->columns->pdata[i] == NULL
                                   ? "expr"
                                   : (const char *) index->columns->pdata[i]);
    return g_string_free(words, FALSE);
}

static void copy_indexes(const struct ddl_schema *schema, struct ddl_relation *to,
                         const struct ddl_relation *from)
{
    for (guint i = 0; i < from->indexes->len; i++) {
        const struct ddl_index *index = from->indexes->pdata[i];
        g_autofree char *columns = index_columns(index);
        const char *suffix = index->constraint == NULL ? "idx" : "key";
        g_autofree char *name = index->primary ? ddl_make_name(schema, to, NULL, "pkey")
                                               : ddl_make_name(schema, to, columns, suffix);
        struct ddl_index *copy = ddl_index_add(to, name);
        copy->unique = index->unique;
        copy->primary = index->primary;
        copy->simple = index->simple;
        copy->method = g_strdup(index->method);
        copy_strings(copy->columns, index->columns);
        copy_strings(copy->uses, index->uses);
        if (index->constraint == NULL)
            continue;
        struct ddl_constraint *constraint =
            ddl_constraint_add(to, name, index->primary ? DDL_PRIMARY_KEY : DDL_UNIQUE);
        constraint->index = g_strdup(name);
        copy_strings(constraint->columns, index->columns);
        copy->constraint = g_strdup(name);
    }
}

static void play_like(struct ddl_judge *judge, struct ddl_relation *relation,
                      const PgQuery__TableLikeClause *like)
{
    struct ddl_target source = ddl_target_of(judge, like->relation);
    /* CREATE_TABLE_LIKE_… as bits of the server's own enum */
    enum { CONSTRAINTS = 1 << 2, DEFAULTS = 1 << 3, GENERATED = 1 << 4, INDEXES = 1 << 6 };

    if (source.relation == NULL)
        return;
    copy_columns(relation, source.relation, (like->options & (DEFAULTS | GENERATED)) != 0);
    if ((like->options & CONSTRAINTS) != 0)
        copy_constraints(relation, source.relation, false);
    if ((like->options & INDEXES) != 0)
        copy_indexes(judge->schema, relation, source.relation);
}

static void play_parent(struct ddl_judge *judge, struct ddl_relation *relation,
                        const PgQuery__CreateStmt *statement)
{
    for (size_t i = 0; i < statement->n_inh_relations; i++) {
        const PgQuery__Node *node = statement->inh_relations[i];
        if (node->node_case != PG_QUERY__NODE__NODE_RANGE_VAR)
            continue;
        struct ddl_target parent = ddl_target_of(judge, node->range_var);
        g_free(relation->parent_schema);
        g_free(relation->parent);
        relation->parent_schema =
            g_strdup(parent.schema == NULL ? ddl_schema_first(judge->schema) : parent.schema);
        relation->parent = g_strdup(parent.name);
        ddl_point_at(relation, relation->parent);
        if (parent.relation == NULL)
            continue;
        copy_columns(relation, parent.relation, true);
        copy_constraints(relation, parent.relation, statement->partbound != NULL);
        if (statement->partbound != NULL)
            copy_indexes(judge->schema, relation, parent.relation);
    }
    if (statement->partbound != NULL)
        relation->bound = g_strdup(statement->partbound->is_default ? "DEFAULT" : "FOR VALUES");
}

static void play_key(struct ddl_relation *relation, const PgQuery__PartitionSpec *spec)
{
    relation->kind = 'p';
    relation->strategy = g_ascii_tolower(spec->strategy[0]);
    relation->key = g_ptr_array_new_with_free_func(g_free);
    for (size_t i = 0; i < spec->n_part_params; i++) {
        const PgQuery__Node *node = spec->part_params[i];
        const char *name = node->node_case == PG_QUERY__NODE__NODE_PARTITION_ELEM
                               ? ddl_said(node->partition_elem->name)
                               : NULL;
        g_ptr_array_add(relation->key, g_strdup(name));
    }
}

static gsize element_end(const struct ddl_judge *judge, PgQuery__Node *const *elements,
                         size_t count, size_t number)
{
    for (size_t i = number + 1; i < count; i++) {
        if (elements[i]->node_case == PG_QUERY__NODE__NODE_CONSTRAINT)
            return (gsize) MAX(elements[i]->constraint->location, 0);
        if (elements[i]->node_case == PG_QUERY__NODE__NODE_COLUMN_DEF)
            return (gsize) MAX(elements[i]->column_def->location, 0);
    }
    return judge->end;
}

static void play_elements(struct ddl_judge *judge, struct ddl_relation *relation,
                          PgQuery__Node *const *elements, size_t count, bool constraints)
{
    gsize whole = judge->end;

    for (size_t i = 0; i < count; i++) {
        const PgQuery__Node *element = elements[i];
        judge->end = whole;
        judge->end = element_end(judge, elements, count, i);
        if (constraints && element->node_case == PG_QUERY__NODE__NODE_CONSTRAINT)
            ddl_play_constraint(judge, relation, element->constraint, NULL, judge->end);
        else if (!constraints && element->node_case == PG_QUERY__NODE__NODE_COLUMN_DEF)
            ddl_play_column(judge, relation, element->column_def);
        else if (!constraints && element->node_case == PG_QUERY__NODE__NODE_TABLE_LIKE_CLAUSE)
            play_like(judge, relation, element->table_like_clause);
    }
    judge->end = whole;
}

struct ddl_relation *ddl_play_table(struct ddl_judge *judge,
                                    const PgQuery__CreateStmt *statement, char kind)
{
    const char *space = ddl_made_in(statement->relation);
    struct ddl_relation *old =
        ddl_schema_find(judge->schema, space == NULL ? ddl_schema_first(judge->schema) : space,
                        statement->relation->relname);

    if (old != NULL)
        ddl_schema_remove(judge->schema, old);
    struct ddl_relation *relation =
        ddl_schema_add(judge->schema, space, statement->relation->relname, kind);
    /* where the schema is not known, one that may be there already counts as there */
    relation->created_here = !statement->if_not_exists || judge->schema->known;
    relation->temporary = g_strcmp0(space, "pg_temp") == 0;
    relation->unlogged = g_strcmp0(statement->relation->relpersistence, "u") == 0;
    relation->method = g_strdup(ddl_said(statement->access_method));
    relation->tablespace = g_strdup(ddl_said(statement->tablespacename));
    relation->rows = 0;
    if (statement->of_typename != NULL) {
        const char *type_space, *type_name = NULL;
        ddl_qualified(statement->of_typename->names, statement->of_typename->n_names,
                      &type_space, &type_name);
        relation->of_type_schema = g_strdup(type_space);
        relation->of_type = g_strdup(type_name);
        const struct ddl_relation *type =
            type_name == NULL ? NULL : ddl_schema_find(judge->schema, type_space, type_name);
        if (type != NULL)
            copy_columns(relation, type, false);
    }
    play_parent(judge, relation, statement);
    play_elements(judge, relation, statement->table_elts, statement->n_table_elts, false);
    if (statement->partspec != NULL)
        play_key(relation, statement->partspec);
    play_elements(judge, relation, statement->table_elts, statement->n_table_elts, true);
    play_elements(judge, relation, statement->constraints, statement->n_constraints, true);
    return relation;
}
