/* Names against patterns. Pure. */
#include "relations/selection.h"

#include "error.h"
#include "units/units.h"

#include <string.h>

/* Folds unquoted parts as SQL does and turns wildcards into a GPatternSpec's; a quoted wildcard
 * becomes `?`, which is close enough to itself for choosing. */
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

bool selection_matches(const char *pattern, const char *name)
{
    if (strcmp(pattern, name) == 0)
        return true;
    g_autofree char *folded = fold(pattern);
    return g_pattern_match_simple(folded, name);
}

bool selection_matches_relation(const char *pattern, const char *schema, const char *name)
{
    g_autofree char *full = g_strconcat(schema, ".", name, NULL);

    return selection_matches(pattern, full) || selection_matches(pattern, name);
}

bool selection_any(const char *const *patterns, const char *name)
{
    for (gsize i = 0; patterns != NULL && patterns[i] != NULL; i++)
        if (selection_matches(patterns[i], name))
            return true;
    return false;
}

bool selection_any_relation(const char *const *patterns, const char *schema, const char *name)
{
    for (gsize i = 0; patterns != NULL && patterns[i] != NULL; i++)
        if (selection_matches_relation(patterns[i], schema, name))
            return true;
    return false;
}

bool selection_fail(const char *what, const char *pattern, GPtrArray *names, GError **error)
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
