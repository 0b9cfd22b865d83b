/* Statements of a file, with the names that its comments give them. */
#include "drill.h"
#include "error.h"
#include "sql/sql_script.h"

#include <string.h>

static void statement_free(gpointer data)
{
    struct drill_statement *statement = data;

    g_free(statement->name);
    g_free(statement->database);
    g_free(statement->sql);
    g_free(statement);
}

struct parser {
    const struct sql_script *script;
    guint comment; /* the next to be read */
    char *name, *database;
};

/* "-- name: orders have customers" → what stands behind the key, however that is spelt: a check for one
 * database is not to run in another. Nothing there is as if it were not said. */
static void read_comment(const char *at, const char *key, char **value)
{
    if (!g_str_has_prefix(at, "--"))
        return;
    at += strspn(at, "- \t");
    if (g_ascii_strncasecmp(at, key, strlen(key)) != 0)
        return;
    at += strlen(key);
    at += strspn(at, " \t");
    if (*at++ != ':')
        return;
    g_free(*value);
    *value = g_strstrip(g_strdup(at));
    if (**value == '\0')
        g_clear_pointer(value, g_free);
}

/* Those that begin before the end of a statement. */
static void read_comments(struct parser *parser, gsize end)
{
    const GArray *comments = parser->script->comments;

    for (; parser->comment < comments->len; parser->comment++) {
        const struct sql_comment *comment =
            &g_array_index(comments, struct sql_comment, parser->comment);
        if (comment->start >= end)
            return;
        g_autofree char *text =
            g_strndup(parser->script->text + comment->start, comment->length);
        read_comment(text, "name", &parser->name);
        read_comment(text, "database", &parser->database);
    }
}

static struct drill_statement *statement_of(struct parser *parser,
                                            const struct sql_statement *found)
{
    struct drill_statement *statement = g_new0(struct drill_statement, 1);

    read_comments(parser, found->start + found->length);
    statement->sql = sql_statement_text(parser->script, found);
    statement->name = parser->name != NULL ? g_steal_pointer(&parser->name)
                                           : g_strdup_printf("line %u", found->line);
    statement->database = g_strdup(parser->database);
    return statement;
}

/* The first thing in it that no server takes. */
static bool is_sound(const struct sql_script *script, GError **error)
{
    static const char *const hints[] = {
        [SQL_PROBLEM_META_COMMAND] = "a drill sends statements itself, without psql: \"-- "
                                     "database: NAME\" is its \\connect",
        [SQL_PROBLEM_COPY_DATA] = "INSERT … VALUES takes rows along with the statement",
        [SQL_PROBLEM_ENCODING] = "the file is to be in UTF-8",
        [SQL_PROBLEM_UNTERMINATED] = NULL,
    };

    if (script->problems->len == 0)
        return true;
    const struct sql_problem *first = &g_array_index(script->problems, struct sql_problem, 0);
    runbook_error_set(error, RUNBOOK_USAGE, hints[first->kind], "line %u: %s", first->line,
                      first->message);
    return false;
}

GPtrArray *drill_statements_parse(const char *text, gsize length, GError **error)
{
    AUTO(sql_script) script = sql_script_new(text, length);
    struct parser parser = {.script = script};

    if (!is_sound(script, error))
        return NULL;
    GPtrArray *statements = g_ptr_array_new_with_free_func(statement_free);
    for (guint i = 0; i < script->statements->len; i++)
        g_ptr_array_add(
            statements,
            statement_of(&parser, &g_array_index(script->statements, struct sql_statement, i)));
    g_free(parser.name);
    g_free(parser.database);
    return statements;
}
