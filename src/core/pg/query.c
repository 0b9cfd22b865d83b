#include "pg/query.h"

#include <glib.h>
#include <stdbool.h>
#include <string.h>

const struct query *query_for(const struct query *query, int version_num)
{
    while (query != NULL && version_num < query->since)
        query = query->older;
    return query;
}

/* Behind the constant, quoted name or comment that begins here; `at` itself where none does. A
 * doubled quote ends one constant and begins the next, which comes to the same. */
static const char *skip_quoted(const char *at, bool backslashes)
{
    if (at[0] == '-' && at[1] == '-')
        return at + strcspn(at, "\n");
    if (*at != '\'' && *at != '"')
        return at;
    const char quote = *at++;
    while (*at != '\0' && *at != quote)
        at += backslashes && at[0] == '\\' && at[1] != '\0' ? 2 : 1;
    return *at == '\0' ? at : at + 1;
}

char *query_fill(const struct query *query, const char *const *literals)
{
    GString *filled = g_string_new(NULL);

    for (const char *at = query->sql; *at != '\0';) {
        const char *behind = skip_quoted(at, at > query->sql && at[-1] == 'E');
        if (behind > at) {
            g_string_append_len(filled, at, behind - at);
            at = behind;
        } else if (at[0] == '$' && g_ascii_isdigit(at[1])) {
            gint64 place = g_ascii_strtoll(at + 1, NULL, 10) - 1;
            g_string_append_printf(filled, "(%s::pg_catalog.%s)", literals[place],
                                   query->param_types[place]);
            at += 1 + strspn(at + 1, "0123456789");
        } else {
            g_string_append_c(filled, *at++);
        }
    }
    return g_string_free(filled, FALSE);
}
