/* The schema: what is in it, and what a statement adds to it or takes from it. */
#include "ddl/ddl_private.h"

#include <string.h>

void ddl_type_clear(struct ddl_type *type)
{
    g_clear_pointer(&type->schema, g_free);
    g_clear_pointer(&type->name, g_free);
}

void ddl_type_copy(struct ddl_type *to, const struct ddl_type *from)
{
    struct ddl_type copy = {g_strdup(from->schema), g_strdup(from->name), from->typmod,
                            from->array};

    ddl_type_clear(to);
    *to = copy;
}

/* ---- freeing ------------------------------------------------------------------------------- */

static void column_free(gpointer data)
{
    struct ddl_column *column = data;

    ddl_type_clear(&column->type);
    g_free(column->name);
    g_free(column->collation);
    g_free(column);
}

static void constraint_free(gpointer data)
{
    struct ddl_constraint *constraint = data;

    g_ptr_array_unref(constraint->columns);
    g_ptr_array_unref(constraint->referenced_columns);
    ddl_expression_free(constraint->expression);
    g_free(constraint->name);
    g_free(constraint->proves_not_null);
    g_free(constraint->definition);
    g_free(constraint->referenced_schema);
    g_free(constraint->referenced);
    g_free(constraint->index);
    g_free(constraint);
}

static void index_free(gpointer data)
{
    struct ddl_index *index = data;

    g_ptr_array_unref(index->columns);
    g_ptr_array_unref(index->uses);
    g_free(index->schema);
    g_free(index->name);
    g_free(index->method);
    g_free(index->constraint);
    g_free(index->tablespace);
    g_free(index);
}

static void relation_free(gpointer data)
{
    struct ddl_relation *relation = data;

    g_ptr_array_unref(relation->columns);
    g_ptr_array_unref(relation->constraints);
    g_ptr_array_unref(relation->indexes);
    g_clear_pointer(&relation->key, g_ptr_array_unref);
    g_clear_pointer(&relation->reads, g_ptr_array_unref);
    g_clear_pointer(&relation->uses, g_ptr_array_unref);
    g_free(relation->schema);
    g_free(relation->name);
    g_free(relation->was_schema);
    g_free(relation->was);
    g_free(relation->parent_schema);
    g_free(relation->parent);
    g_free(relation->bound);
    g_free(relation->method);
    g_free(relation->tablespace);
    g_free(relation->of_type_schema);
    g_free(relation->of_type);
    g_free(relation);
}

static void domain_free(gpointer data)
{
    struct ddl_domain *domain = data;

    ddl_type_clear(&domain->base);
    g_free(domain->schema);
    g_free(domain->name);
    g_free(domain);
}

static void usertype_free(gpointer data)
{
    struct ddl_usertype *type = data;

    g_free(type->schema);
    g_free(type->name);
    g_free(type);
}

static void function_free(gpointer data)
{
    struct ddl_function *function = data;

    g_ptr_array_unref(function->definitions);
    g_free(function->name);
    g_free(function);
}

struct ddl_schema *ddl_schema_new(void)
{
    struct ddl_schema *schema = g_new0(struct ddl_schema, 1);

    schema->relations = g_ptr_array_new_with_free_func(relation_free);
    schema->by_name = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    schema->pointed_at = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    schema->domains = g_ptr_array_new_with_free_func(domain_free);
    schema->types = g_ptr_array_new_with_free_func(usertype_free);
    schema->functions = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, function_free);
    schema->path = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(schema->path, g_strdup("public"));
    schema->new_values = g_ptr_array_new_with_free_func(g_free);
    return schema;
}

void ddl_schema_free(struct ddl_schema *schema)
{
    if (schema == NULL)
        return;
    g_hash_table_unref(schema->by_name);
    g_ptr_array_unref(schema->relations);
    g_hash_table_unref(schema->pointed_at);
    g_ptr_array_unref(schema->domains);
    g_ptr_array_unref(schema->types);
    g_hash_table_unref(schema->functions);
    g_ptr_array_unref(schema->path);
    g_ptr_array_unref(schema->new_values);
    g_free(schema->time_zone);
    g_free(schema);
}

void ddl_schema_settle(struct ddl_schema *schema)
{
    for (guint i = 0; i < schema->relations->len; i++) {
        struct ddl_relation *relation = schema->relations->pdata[i];
        relation->created_here = false;
        g_clear_pointer(&relation->was_schema, g_free);
        g_clear_pointer(&relation->was, g_free);
    }
    for (guint i = 0; i < schema->types->len; i++)
        ((struct ddl_usertype *) schema->types->pdata[i])->created_here = false;
    g_ptr_array_set_size(schema->new_values, 0);
}

void ddl_schema_complete(struct ddl_schema *schema)
{
    schema->known = true;
}

bool ddl_schema_known(const struct ddl_schema *schema)
{
    return schema->known;
}

const char *ddl_schema_time_zone(const struct ddl_schema *schema)
{
    return schema->time_zone;
}

/* ---- names --------------------------------------------------------------------------------- */

static char *key_of(const char *schema_name, const char *name)
{
    return g_strconcat(schema_name, "\1", name, NULL);
}

const char *ddl_schema_first(const struct ddl_schema *schema)
{
    return schema->path->len > 0 ? schema->path->pdata[0] : "public";
}

struct ddl_relation *ddl_schema_find(const struct ddl_schema *schema, const char *schema_name,
                                     const char *name)
{
    struct ddl_relation *relation = NULL;

    if (schema_name != NULL) {
        g_autofree char *key = key_of(schema_name, name);
        return g_hash_table_lookup(schema->by_name, key);
    }
    g_autofree char *temporary = key_of("pg_temp", name);
    relation = g_hash_table_lookup(schema->by_name, temporary);
    for (guint i = 0; i < schema->path->len && relation == NULL; i++) {
        g_autofree char *key = key_of(schema->path->pdata[i], name);
        relation = g_hash_table_lookup(schema->by_name, key);
    }
    return relation;
}

void ddl_schema_set_path(struct ddl_schema *schema, PgQuery__Node *const *values, gsize count)
{
    g_ptr_array_set_size(schema->path, 0);
    for (gsize i = 0; i < count; i++) {
        g_autofree char *names = ddl_constant_of(values[i]);
        /* set_config() and SET search_path = 'a, b' name one schema or several in one text */
        g_auto(GStrv) each = g_strsplit(names == NULL ? "" : names, ",", -1);
        for (gsize n = 0; each[n] != NULL; n++) {
            char *name = g_strstrip(each[n]);
            gsize length = strlen(name);
            if (length > 1 && name[0] == '"' && name[length - 1] == '"') {
                name[length - 1] = '\0';
                name++;
            }
            if (*name != '\0' && strcmp(name, "$user") != 0)
                g_ptr_array_add(schema->path, g_strdup(name));
        }
    }
}

/* ---- relations ----------------------------------------------------------------------------- */

struct ddl_relation *ddl_schema_add(struct ddl_schema *schema, const char *schema_name,
                                    const char *name, char kind)
{
    struct ddl_relation *relation = g_new0(struct ddl_relation, 1);

    relation->schema = g_strdup(schema_name == NULL ? ddl_schema_first(schema) : schema_name);
    relation->name = g_strdup(name);
    relation->kind = kind;
    relation->pointed_at = schema->pointed_at;
    relation->rows = -1;
    relation->columns = g_ptr_array_new_with_free_func(column_free);
    relation->constraints = g_ptr_array_new_with_free_func(constraint_free);
    relation->indexes = g_ptr_array_new_with_free_func(index_free);
    g_ptr_array_add(schema->relations, relation);
    g_hash_table_replace(schema->by_name, key_of(relation->schema, name), relation);
    return relation;
}

void ddl_point_at(const struct ddl_relation *relation, const char *name)
{
    if (name != NULL && !g_hash_table_contains(relation->pointed_at, name))
        g_hash_table_add(relation->pointed_at, g_strdup(name));
}

static void forget_name(struct ddl_schema *schema, const struct ddl_relation *relation)
{
    g_autofree char *key = key_of(relation->schema, relation->name);

    if (g_hash_table_lookup(schema->by_name, key) == relation)
        g_hash_table_remove(schema->by_name, key);
}

/* Foreign keys that point at it go with it. */
void ddl_schema_remove(struct ddl_schema *schema, struct ddl_relation *relation)
{
    for (guint i = 0; ddl_referenced(relation) && i < schema->relations->len; i++) {
        struct ddl_relation *other = schema->relations->pdata[i];
        for (guint n = other->constraints->len; n > 0; n--)
            if (other != relation && ddl_refers_to(other->constraints->pdata[n - 1], relation))
                g_ptr_array_remove_index(other->constraints, n - 1);
    }
    forget_name(schema, relation);
    g_ptr_array_remove(schema->relations, relation);
}

static void set_text(char **text, const char *value)
{
    char *copy = g_strdup(value);

    g_free(*text);
    *text = copy;
}

void ddl_schema_rename(struct ddl_schema *schema, struct ddl_relation *relation,
                       const char *schema_name, const char *name)
{
    g_autofree char *old_schema = g_strdup(relation->schema);
    g_autofree char *old_name = g_strdup(relation->name);

    for (guint i = 0; i < schema->relations->len; i++) {
        struct ddl_relation *other = schema->relations->pdata[i];
        if (ddl_is_child(other, relation)) {
            set_text(&other->parent_schema, schema_name);
            set_text(&other->parent, name);
            ddl_point_at(other, name);
        }
        for (guint n = 0; n < other->constraints->len; n++) {
            struct ddl_constraint *constraint = other->constraints->pdata[n];
            if (g_strcmp0(constraint->referenced, old_name) == 0 &&
                g_strcmp0(constraint->referenced_schema, old_schema) == 0) {
                set_text(&constraint->referenced_schema, schema_name);
                set_text(&constraint->referenced, name);
                ddl_refer_to(other, name);
            }
        }
    }
    forget_name(schema, relation);
    if (relation->was == NULL && !relation->created_here) {
        relation->was_schema = g_strdup(old_schema);
        relation->was = g_strdup(old_name);
    }
    set_text(&relation->schema, schema_name);
    set_text(&relation->name, name);
    for (guint i = 0; i < relation->indexes->len; i++)
        set_text(&((struct ddl_index *) relation->indexes->pdata[i])->schema, schema_name);
    g_hash_table_replace(schema->by_name, key_of(schema_name, name), relation);
}

bool ddl_is_child(const struct ddl_relation *child, const struct ddl_relation *parent)
{
    return g_strcmp0(child->parent, parent->name) == 0 &&
           g_strcmp0(child->parent_schema, parent->schema) == 0;
}

GPtrArray *ddl_children(const struct ddl_schema *schema, const struct ddl_relation *relation)
{
    GPtrArray *children = g_ptr_array_new();
    bool any = g_hash_table_contains(schema->pointed_at, relation->name);

    for (guint i = 0; any && i < schema->relations->len; i++)
        if (ddl_is_child(schema->relations->pdata[i], relation))
            g_ptr_array_add(children, schema->relations->pdata[i]);
    return children;
}

struct ddl_relation *ddl_default_partition(const struct ddl_schema *schema,
                                           const struct ddl_relation *parent)
{
    g_autoptr(GPtrArray) children = ddl_children(schema, parent);

    for (guint i = 0; i < children->len; i++) {
        struct ddl_relation *child = children->pdata[i];
        if (g_strcmp0(child->bound, "DEFAULT") == 0)
            return child;
    }
    return NULL;
}

static char *reference_to(const char *name)
{
    return g_strconcat("\1", name, NULL);
}

void ddl_refer_to(const struct ddl_relation *relation, const char *name)
{
    g_autofree char *key = reference_to(name);

    ddl_point_at(relation, key);
}

bool ddl_referenced(const struct ddl_relation *relation)
{
    g_autofree char *key = reference_to(relation->name);

    return g_hash_table_contains(relation->pointed_at, key);
}

bool ddl_refers_to(const struct ddl_constraint *constraint, const struct ddl_relation *relation)
{
    return constraint->kind == DDL_FOREIGN_KEY &&
           g_strcmp0(constraint->referenced, relation->name) == 0 &&
           g_strcmp0(constraint->referenced_schema, relation->schema) == 0;
}
