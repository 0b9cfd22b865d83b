/* Parts of a relation: columns, constraints, indexes. */
#include "ddl/ddl_private.h"

#include <string.h>

struct ddl_column *ddl_column_find(const struct ddl_relation *relation, const char *name)
{
    for (guint i = 0; relation != NULL && i < relation->columns->len; i++) {
        struct ddl_column *column = relation->columns->pdata[i];
        if (!column->dropped && g_strcmp0(column->name, name) == 0)
            return column;
    }
    return NULL;
}

struct ddl_column *ddl_column_add(struct ddl_relation *relation, const char *name,
                                  const struct ddl_type *type)
{
    struct ddl_column *column = g_new0(struct ddl_column, 1);

    column->name = g_strdup(name);
    if (type != NULL)
        ddl_type_copy(&column->type, type);
    g_ptr_array_add(relation->columns, column);
    return column;
}

struct ddl_constraint *ddl_constraint_find(const struct ddl_relation *relation,
                                           const char *name)
{
    for (guint i = 0; relation != NULL && i < relation->constraints->len; i++) {
        struct ddl_constraint *constraint = relation->constraints->pdata[i];
        if (g_strcmp0(constraint->name, name) == 0)
            return constraint;
    }
    return NULL;
}

struct ddl_constraint *ddl_constraint_add(struct ddl_relation *relation, const char *name,
                                          enum ddl_constraint_kind kind)
{
    struct ddl_constraint *constraint = g_new0(struct ddl_constraint, 1);

    constraint->name = g_strdup(name);
    constraint->kind = kind;
    constraint->validated = constraint->enforced = true;
    constraint->columns = g_ptr_array_new_with_free_func(g_free);
    constraint->referenced_columns = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(relation->constraints, constraint);
    return constraint;
}

void ddl_constraint_remove(struct ddl_relation *relation, struct ddl_constraint *constraint)
{
    if (constraint->index != NULL)
        ddl_index_remove(relation, constraint->index);
    g_ptr_array_remove(relation->constraints, constraint);
}

struct ddl_index *ddl_index_add(struct ddl_relation *relation, const char *name)
{
    struct ddl_index *index = g_new0(struct ddl_index, 1);

    index->schema = g_strdup(relation->schema);
    index->name = g_strdup(name);
    ddl_point_at(relation, name);
    index->valid = index->simple = true;
    index->columns = g_ptr_array_new_with_free_func(g_free);
    index->uses = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(relation->indexes, index);
    return index;
}

void ddl_index_remove(struct ddl_relation *relation, const char *name)
{
    for (guint i = 0; i < relation->indexes->len; i++) {
        struct ddl_index *index = relation->indexes->pdata[i];
        if (g_strcmp0(index->name, name) == 0) {
            g_ptr_array_remove_index(relation->indexes, i);
            return;
        }
    }
}

struct ddl_index *ddl_index_find(const struct ddl_schema *schema, const char *schema_name,
                                 const char *name, struct ddl_relation **ret_relation)
{
    bool any = name != NULL && g_hash_table_contains(schema->pointed_at, name);

    for (guint i = 0; any && i < schema->relations->len; i++) {
        struct ddl_relation *relation = schema->relations->pdata[i];
        bool here = schema_name != NULL ? g_strcmp0(relation->schema, schema_name) == 0
                                        : ddl_strings_have(schema->path, relation->schema);
        for (guint n = 0; here && n < relation->indexes->len; n++) {
            struct ddl_index *index = relation->indexes->pdata[n];
            if (g_strcmp0(index->name, name) == 0) {
                *ret_relation = relation;
                return index;
            }
        }
    }
    return NULL;
}

/* ---- what names columns ---------------------------------------------------------------------- */

static void use_free(gpointer data)
{
    struct ddl_use *use = data;

    g_free(use->column);
    g_free(use->kind);
    g_free(use->schema);
    g_free(use->name);
    g_free(use);
}

void ddl_use_add(struct ddl_relation *relation, const char *column, const char *kind,
                 const char *schema, const char *name)
{
    struct ddl_use *kept = g_new0(struct ddl_use, 1);

    if (relation->uses == NULL)
        relation->uses = g_ptr_array_new_with_free_func(use_free);
    *kept = (struct ddl_use){.column = g_strdup(column),
                             .kind = g_strdup(kind),
                             .schema = g_strdup(schema),
                             .name = g_strdup(name)};
    g_ptr_array_add(relation->uses, kept);
}

void ddl_use_remove(struct ddl_relation *relation, const char *name)
{
    for (guint i = relation->uses != NULL ? relation->uses->len : 0; i > 0; i--) {
        const struct ddl_use *use = relation->uses->pdata[i - 1];
        if (use->schema == NULL && g_strcmp0(use->name, name) == 0)
            g_ptr_array_remove_index(relation->uses, i - 1);
    }
}

bool ddl_schema_uses(const struct ddl_schema *schema, const struct ddl_relation *relation,
                     const struct ddl_use *use)
{
    if (strcmp(use->kind, "generated column") == 0) {
        const struct ddl_column *column = ddl_column_find(relation, use->name);
        return column != NULL && (column->generated || column->is_virtual);
    }
    if (use->schema == NULL)
        return true;
    const struct ddl_relation *view = ddl_schema_find(schema, use->schema, use->name);
    return view != NULL && view->oid != 0;
}

void ddl_schema_each(const struct ddl_schema *schema,
                     void (*visit)(const struct ddl_relation *relation, gpointer data),
                     gpointer data)
{
    for (guint i = 0; i < schema->relations->len; i++)
        visit(schema->relations->pdata[i], data);
}
