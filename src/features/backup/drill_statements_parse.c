/* Statements of a file: as much of SQL's words as is needed to know where one ends. */
#include "drill.h"
#include "error.h"

#include <string.h>

static void statement_free(gpointer data)
{
    struct drill_statement *statement = data;

    g_free(statement->name);
    g_free(statement->database);
    g_free(statement->sql);
    g_free(statement);
}

/* Behind what begins at `at` and ends with `end`; NULL: it does not end. A quote that is doubled is
 * two such pieces, which is as good. */
static const char *behind(const char *at, gsize skip, const char *end)
{
    const char *found = strstr(at + skip, end);

    return found != NULL ? found + strlen(end) : NULL;
}

static const char *behind_comment(const char *at)
{
    int depth = 1;

    for (at += 2; *at != '\0' && depth > 0;) {
        bool opens = g_str_has_prefix(at, "/*"), closes = g_str_has_prefix(at, "*/");
        depth += opens ? 1 : closes ? -1 : 0;
        at += opens || closes ? 2 : 1;
    }
    return depth == 0 ? at : NULL;
}

static bool is_word(char c)
{
    return g_ascii_isalnum(c) || c == '_' || (guchar) c >= 128;
}

/* "$body$": the tag's length, 0: it is none. */
static gsize tag_length(const char *at)
{
    gsize length = 1;

    while (is_word(at[length]))
        length++;
    return at[length] == '$' && !g_ascii_isdigit(at[1]) ? length + 1 : 0;
}

static const char *behind_space(const char *at)
{
    for (;; at++) {
        if (g_str_has_prefix(at, "--"))
            at += strcspn(at, "\r\n");
        if (!g_ascii_isspace(*at))
            return at;
    }
}

/* Behind E'it\'s', which goes on where on another line the next quote stands. */
static const char *behind_escaped(const char *at)
{
    for (at++; *at != '\0'; at++) {
        if ((*at == '\\' && at[1] != '\0') || (*at == '\'' && at[1] == '\'')) {
            at++;
        } else if (*at == '\'') {
            const char *more = behind_space(at + 1);
            if (*more != '\'' || memchr(at, '\n', (gsize) (more - at)) == NULL)
                return at + 1;
            at = more;
        }
    }
    return NULL;
}

/* Behind the word, constant or comment that begins at `at`; NULL: it does not end. */
static const char *next(const char *at)
{
    gsize tag = 0;

    if (*at == '\'' || *at == '"') {
        char quote[2] = {*at, '\0'};
        return behind(at, 1, quote);
    }
    if (g_str_has_prefix(at, "--"))
        return at + strcspn(at, "\r\n");
    if (g_str_has_prefix(at, "/*"))
        return behind_comment(at);
    if (*at == '$' && (tag = tag_length(at)) > 0) {
        g_autofree char *end = g_strndup(at, tag);
        return behind(at, tag, end);
    }
    if ((*at == 'E' || *at == 'e') && at[1] == '\'')
        return behind_escaped(at + 1);
    /* A word with a dollar in it begins no tag, and one that ends with E no constant. */
    if (is_word(*at))
        while (is_word(at[1]) || at[1] == '$')
            at++;
    return at + 1;
}

/* "-- name: orders have customers" → what stands behind the key, however that is spelt: a check for one
 * database is not to run in another. Nothing there is as if it were not said. */
static void read_comment(const char *at, const char *key, char **value)
{
    at += strspn(at, "- \t");
    if (g_ascii_strncasecmp(at, key, strlen(key)) != 0)
        return;
    at += strlen(key);
    at += strspn(at, " \t");
    if (*at++ != ':')
        return;
    g_free(*value);
    *value = g_strstrip(g_strndup(at, strcspn(at, "\r\n")));
    if (**value == '\0')
        g_clear_pointer(value, g_free);
}

struct parser {
    GPtrArray *statements;
    const char *text, *begin; /* of a statement; NULL: none has begun */
    char *name, *database;
};

static int line_of(const struct parser *parser, const char *at)
{
    int line = 1;

    for (const char *c = parser->text; c < at; c++)
        line += *c == '\n' ? 1 : 0;
    return line;
}

static void add(struct parser *parser, const char *end)
{
    struct drill_statement *statement = NULL;

    if (parser->begin == NULL)
        return;
    statement = g_new0(struct drill_statement, 1);
    statement->sql = g_strstrip(g_strndup(parser->begin, (gsize) (end - parser->begin)));
    statement->name = parser->name != NULL
                          ? g_steal_pointer(&parser->name)
                          : g_strdup_printf("line %d", line_of(parser, parser->begin));
    statement->database = g_strdup(parser->database);
    g_ptr_array_add(parser->statements, statement);
    parser->begin = NULL;
}

GPtrArray *drill_statements_parse(const char *text, GError **error)
{
    g_autoptr(GPtrArray) statements = g_ptr_array_new_with_free_func(statement_free);
    struct parser parser = {.statements = statements, .text = text};
    const char *at = g_str_has_prefix(text, "\xEF\xBB\xBF") ? text + 3 : text;

    while (at != NULL && *at != '\0') {
        const char *behind_it = next(at);
        if (behind_it == NULL) {
            runbook_error_set(error, RUNBOOK_USAGE, NULL,
                              "what begins in line %d does not end: %.20s",
                              line_of(&parser, at), at);
            statements = NULL;
            g_ptr_array_unref(parser.statements);
        } else if (g_str_has_prefix(at, "--")) {
            read_comment(at, "name", &parser.name);
            read_comment(at, "database", &parser.database);
        } else if (*at == ';') {
            add(&parser, at);
        } else if (!g_ascii_isspace(*at) && !g_str_has_prefix(at, "/*") &&
                   parser.begin == NULL) {
            parser.begin = at;
        }
        at = behind_it;
    }
    if (at != NULL)
        add(&parser, at);
    g_free(parser.name);
    g_free(parser.database);
    return g_steal_pointer(&statements);
}
