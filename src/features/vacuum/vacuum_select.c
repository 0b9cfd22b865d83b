/* --table, --schema, --exclude-table, --exclude-schema. */
#include "units/units.h"
#include "vacuum.h"

#include <string.h>

/* Folds unquoted parts as SQL does and turns wildcards into a GPatternSpec's; a quoted wildcard
 * becomes `?`, which is close enough to itself for choosing tables. */
static char *fold(const char *pattern)
{
    GString *folded = g_string_new(NULL);
    bool quoted = false;

    for (const char *at = pattern; *at != '\0'; at++) {
        if (*at == '"' && quoted && at[1] == '"')
            g_string_append_c(folded, *at++);
        else if (*at == '"')
            quoted = !quoted;
        else if (quoted && (*at == '*' || *at == '?'))
            g_string_append_c(folded, '?');
        else
            g_string_append_c(folded, quoted ? *at : g_ascii_tolower(*at));
    }
    return g_string_free(folded, FALSE);
}

bool vacuum_pattern_matches(const char *pattern, const char *name)
{
    if (strcmp(pattern, name) == 0)
        return true;
    g_autofree char *folded = fold(pattern);
    return g_pattern_match_simple(folded, name);
}

static bool table_matches(const char *pattern, const struct vacuum_table *table)
{
    g_autofree char *full = g_strconcat(table->schema, ".", table->name, NULL);

    return vacuum_pattern_matches(pattern, full) ||
           vacuum_pattern_matches(pattern, table->name);
}

static bool schema_matches(const char *pattern, const struct vacuum_table *table)
{
    return vacuum_pattern_matches(pattern, table->schema);
}

typedef bool matcher(const char *pattern, const struct vacuum_table *table);

static bool any(const char *const *patterns, matcher *matches, const struct vacuum_table *table)
{
    for (gsize i = 0; patterns != NULL && patterns[i] != NULL; i++)
        if (matches(patterns[i], table))
            return true;
    return false;
}

static bool report_unknown(const char *what, const char *pattern, GPtrArray *names,
                           GError **error)
{
    g_ptr_array_add(names, NULL);
    const char *nearest = units_nearest(pattern, (const char *const *) names->pdata);
    g_autofree char *hint =
        nearest ? g_strdup_printf("did you mean \"%s\"?", nearest)
                : g_strdup("names are folded to lower case outside double quotes; * and ? are "
                           "wildcards");

    runbook_error_set(error, RUNBOOK_USAGE, hint, "no %s matches \"%s\"", what, pattern);
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
            return report_unknown(what, patterns[i], names, error);
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
