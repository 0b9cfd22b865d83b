/* --table, --schema, --exclude-table, --exclude-schema. */
#include "relations/selection.h"
#include "vacuum.h"

static bool table_matches(const char *pattern, const struct vacuum_table *table)
{
    return selection_matches_relation(pattern, table->schema, table->name);
}

static bool schema_matches(const char *pattern, const struct vacuum_table *table)
{
    return selection_matches(pattern, table->schema);
}

typedef bool matcher(const char *pattern, const struct vacuum_table *table);

static bool any(const char *const *patterns, matcher *matches, const struct vacuum_table *table)
{
    for (gsize i = 0; patterns != NULL && patterns[i] != NULL; i++)
        if (matches(patterns[i], table))
            return true;
    return false;
}

/* A table that was named but is not there is a slip worth stopping for. */
static bool all_known(const struct vacuum_case *state, const char *const *patterns,
                      matcher *matches, const char *what, GError **error)
{
    for (gsize i = 0; patterns[i] != NULL; i++) {
        g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
        bool found = false;
        for (guint t = 0; t < state->tables->len && !found; t++) {
            const struct vacuum_table *table =
                &g_array_index(state->tables, struct vacuum_table, t);
            found = matches(patterns[i], table);
            g_ptr_array_add(names, matches == schema_matches ? g_strdup(table->schema)
                                                             : g_strdup(table->name));
        }
        if (!found)
            return selection_fail(what, patterns[i], names, error);
    }
    return true;
}

bool vacuum_select(const struct call *call, struct vacuum_case *state, GError **error)
{
    const char *const *tables = option_values(call->options, "table");
    const char *const *schemas = option_values(call->options, "schema");
    const char *const *no_tables = settings_list(call->settings, "vacuum.exclude_tables");
    const char *const *no_schemas = settings_list(call->settings, "vacuum.exclude_schemas");
    const char *const *not_tables = option_values(call->options, "exclude-table");
    const char *const *not_schemas = option_values(call->options, "exclude-schema");
    bool all = tables[0] == NULL && schemas[0] == NULL;

    if (!all_known(state, tables, table_matches, "table", error) ||
        !all_known(state, schemas, schema_matches, "schema", error))
        return false;
    for (guint i = 0; i < state->choices->len; i++) {
        struct vacuum_choice *choice = &g_array_index(state->choices, struct vacuum_choice, i);
        const struct vacuum_table *table = choice->table;
        bool wanted =
            all || any(tables, table_matches, table) || any(schemas, schema_matches, table);
        if (!wanted || any(no_tables, table_matches, table) ||
            any(no_schemas, schema_matches, table) || any(not_tables, table_matches, table) ||
            any(not_schemas, schema_matches, table))
            choice->bar = VACUUM_BAR_NOT_SELECTED;
    }
    return true;
}
