#include "lint/lint_private.h"
#include "units/units.h"

#include <pg_query.h>
#include <string.h>

char *lint_relation(const char *schema, const char *relation)
{
    if (relation == NULL)
        return g_strdup("the table");
    return schema != NULL ? g_strdup_printf("%s.%s", schema, relation) : g_strdup(relation);
}

/* ---- identifiers ------------------------------------------------------------------------- */

/* No keyword has a digit, and few have an underscore: most names need not be looked up. */
static bool may_be_keyword(const char *name)
{
    static const char *const heads[] = {"current_", "session_", "system_", "json_", "merge_"};

    if (strpbrk(name, "0123456789") != NULL)
        return false;
    if (strchr(name, '_') == NULL)
        return true;
    for (gsize i = 0; i < G_N_ELEMENTS(heads); i++)
        if (g_str_has_prefix(name, heads[i]))
            return true;
    return false;
}

/* Of a name in small letters: whether it means something to the server's grammar. */
static bool is_keyword(const char *name)
{
    PgQueryScanResult scan = pg_query_scan(name);
    bool keyword = true;

    if (scan.error == NULL) {
        PgQuery__ScanResult *tokens = pg_query__scan_result__unpack(
            NULL, scan.pbuf.len, (const uint8_t *) scan.pbuf.data);
        if (tokens != NULL && tokens->n_tokens == 1)
            keyword =
                tokens->tokens[0]->keyword_kind != PG_QUERY__KEYWORD_KIND__NO_KEYWORD &&
                tokens->tokens[0]->keyword_kind != PG_QUERY__KEYWORD_KIND__UNRESERVED_KEYWORD;
        if (tokens != NULL)
            pg_query__scan_result__free_unpacked(tokens, NULL);
    }
    pg_query_free_scan_result(scan);
    return keyword;
}

static bool is_plain(const char *name)
{
    if (!g_ascii_islower(name[0]) && name[0] != '_')
        return false;
    for (const char *at = name; *at != '\0'; at++)
        if (!g_ascii_islower(*at) && !g_ascii_isdigit(*at) && *at != '_')
            return false;
    return !may_be_keyword(name) || !is_keyword(name);
}

static void append_name(GString *sql, const char *name)
{
    if (is_plain(name)) {
        g_string_append(sql, name);
        return;
    }
    g_string_append_c(sql, '"');
    for (const char *at = name; *at != '\0'; at++) {
        if (*at == '"')
            g_string_append_c(sql, '"');
        g_string_append_c(sql, *at);
    }
    g_string_append_c(sql, '"');
}

char *lint_quoted(const char *schema, const char *relation)
{
    if (relation == NULL)
        return NULL;
    GString *sql = g_string_new(NULL);
    if (schema != NULL) {
        append_name(sql, schema);
        g_string_append_c(sql, '.');
    }
    append_name(sql, relation);
    return g_string_free(sql, FALSE);
}

/* ---- sizes ------------------------------------------------------------------------------- */

char *lint_size(const struct ddl_schema *schema, const char *schema_name, const char *relation)
{
    const struct ddl_relation *found =
        relation != NULL ? ddl_schema_find(schema, schema_name, relation) : NULL;

    if (found == NULL || found->oid == 0 || found->rows < 0)
        return g_strdup("");
    g_autofree char *rows = units_format_counted((gint64) found->rows, "row");
    g_autofree char *size = units_format_size(found->bytes + found->bytes_indexes);
    return g_strdup_printf(" (about %s, %s)", rows, size);
}

bool lint_blocks(const struct ddl_lock *lock)
{
    return lock->mode >= DDL_SHARE && !lock->created_here;
}

/* ---- templates --------------------------------------------------------------------------- */

char *lint_fill(const char *template, char *(*place)(const char *name, gpointer data),
                gpointer data, bool strict)
{
    GString *text = g_string_new(NULL);

    for (const char *at = template; *at != '\0'; at++) {
        const char *end = *at == '{' ? strchr(at, '}') : NULL;
        if (end == NULL) {
            g_string_append_c(text, *at);
            continue;
        }
        g_autofree char *name = g_strndup(at + 1, (gsize) (end - at - 1));
        g_autofree char *value = place(name, data);
        if (value == NULL && strict) {
            g_string_free(text, TRUE);
            return NULL;
        }
        g_string_append(text, value != NULL ? value : "…");
        at = end;
    }
    return g_string_free(text, FALSE);
}
