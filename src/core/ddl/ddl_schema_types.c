/* Domains, types and functions of a schema. */
#include "ddl/ddl_private.h"

static bool here(const struct ddl_schema *schema, const char *asked, const char *found)
{
    return asked != NULL ? g_strcmp0(asked, found) == 0 : ddl_strings_have(schema->path, found);
}

struct ddl_domain *ddl_domain_find(const struct ddl_schema *schema, const char *schema_name,
                                   const char *name)
{
    for (guint i = 0; i < schema->domains->len; i++) {
        struct ddl_domain *domain = schema->domains->pdata[i];
        if (g_strcmp0(domain->name, name) == 0 && here(schema, schema_name, domain->schema))
            return domain;
    }
    return NULL;
}

struct ddl_domain *ddl_domain_add(struct ddl_schema *schema, const char *schema_name,
                                  const char *name)
{
    struct ddl_domain *domain = g_new0(struct ddl_domain, 1);

    domain->schema = g_strdup(schema_name == NULL ? ddl_schema_first(schema) : schema_name);
    domain->name = g_strdup(name);
    g_ptr_array_add(schema->domains, domain);
    return domain;
}

struct ddl_usertype *ddl_usertype_find(const struct ddl_schema *schema, const char *schema_name,
                                       const char *name)
{
    for (guint i = 0; i < schema->types->len; i++) {
        struct ddl_usertype *type = schema->types->pdata[i];
        if (g_strcmp0(type->name, name) == 0 && here(schema, schema_name, type->schema))
            return type;
    }
    return NULL;
}

struct ddl_usertype *ddl_type_add(struct ddl_schema *schema, const char *schema_name,
                                  const char *name, char kind)
{
    struct ddl_usertype *type = g_new0(struct ddl_usertype, 1);

    type->schema = g_strdup(schema_name == NULL ? ddl_schema_first(schema) : schema_name);
    type->name = g_strdup(name);
    type->kind = kind;
    g_ptr_array_add(schema->types, type);
    return type;
}

/* Which of several functions with a name is called depends on types we do not follow. */
void ddl_function_add(struct ddl_schema *schema, const char *name, enum ddl_truth is_volatile,
                      const char *definition)
{
    struct ddl_function *function = g_hash_table_lookup(schema->functions, name);

    if (function == NULL) {
        function = g_new0(struct ddl_function, 1);
        function->name = g_strdup(name);
        function->is_volatile = DDL_NO;
        function->definitions = g_ptr_array_new_with_free_func(g_free);
        g_hash_table_replace(schema->functions, function->name, function);
    }
    if (is_volatile == DDL_YES || function->is_volatile == DDL_NO)
        function->is_volatile = is_volatile;
    if (definition != NULL)
        g_ptr_array_add(function->definitions, g_strdup(definition));
    else
        function->opaque = function->opaque || is_volatile != DDL_NO;
}
