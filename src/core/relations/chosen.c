#include "relations/chosen.h"

#include "relations/selection.h"

static bool check(const struct call *call, const struct relations *relations,
                  const char *option, bool schemas, GError **error)
{
    const char *const *patterns = option_values(call->options, option);

    for (gsize p = 0; patterns[p] != NULL; p++) {
        g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
        bool found = false;
        for (guint i = 0; i < relations->tables->len && !found; i++) {
            const struct relation_table *table = relations_table(relations, i);
            if (table->kind == 't')
                continue;
            found = schemas
                        ? selection_matches(patterns[p], table->schema)
                        : selection_matches_relation(patterns[p], table->schema, table->name);
            g_ptr_array_add(names, g_strdup(schemas ? table->schema : table->name));
        }
        if (!found)
            return selection_fail(option, patterns[p], names, error);
    }
    return true;
}

bool chosen_check(const struct call *call, const struct relations *relations, GError **error)
{
    return check(call, relations, "table", false, error) &&
           check(call, relations, "schema", true, error);
}

bool chosen_table(const struct call *call, const struct relations *relations,
                  const struct relation_table *table)
{
    const char *const *tables = option_values(call->options, "table");
    const char *const *schemas = option_values(call->options, "schema");

    if (tables[0] == NULL && schemas[0] == NULL)
        return true;
    for (; table != NULL; table = relations_find_table(relations, table->parent))
        if (selection_any_relation(tables, table->schema, table->name) ||
            selection_any(schemas, table->schema))
            return true;
    return false;
}
