/* A file is one transaction, or exactly one statement that needs none. Pure. */
#include "apply.h"

#include <string.h>

static const struct sql_statement *statement_at(const struct sql_script *script, guint number)
{
    return &g_array_index(script->statements, struct sql_statement, number);
}

static bool starts_with(const struct sql_script *script, const struct sql_statement *statement,
                        const char *word)
{
    gsize length = strlen(word);
    const char *text = script->text + statement->start;

    return statement->length >= length && g_ascii_strncasecmp(text, word, length) == 0 &&
           (statement->length == length || !g_ascii_isalnum(text[length]));
}

static bool begins(const struct sql_script *script, const struct sql_statement *statement)
{
    return statement->control &&
           (starts_with(script, statement, "begin") || starts_with(script, statement, "start"));
}

static bool commits(const struct sql_script *script, const struct sql_statement *statement)
{
    return statement->control &&
           (starts_with(script, statement, "commit") || starts_with(script, statement, "end"));
}

/* May commit in the midst of its work, outside of a transaction. */
static bool commits_in_parts(const struct sql_script *script,
                             const struct sql_statement *statement)
{
    return starts_with(script, statement, "call") || starts_with(script, statement, "do");
}

static guint file_line(const struct folder_script *script, guint line)
{
    return script->line + line - 1;
}

static struct apply_form refusal(const struct folder_script *script, guint line,
                                 const char *why)
{
    return (struct apply_form){
        .shape = APPLY_REFUSED,
        .why = g_strdup_printf("%s:%u: %s", script->file, file_line(script, line), why)};
}

/* The statement, of those that are left, that decides. */
static struct apply_form form_of_rest(const struct folder_script *script, guint from, guint to)
{
    bool alone = to - from == 1 && from == 0;

    for (guint i = from; i < to; i++) {
        const struct sql_statement *statement = statement_at(script->script, i);
        if (statement->control)
            return refusal(script, statement->line,
                           "it begins or ends a transaction in the middle of the file: a file "
                           "is one transaction, so make two files of it");
        if (statement->alone && !alone)
            return refusal(script, statement->line,
                           "the server takes this statement outside of a transaction only, so "
                           "it has to be alone in its file");
        if (statement->alone)
            return (struct apply_form){.shape = APPLY_ALONE, .from = from, .to = to};
    }
    /* Declared as such, and yet nothing that could not be one. */
    if (script->transaction == FOLDER_NO_TRANSACTION && to - from > 1)
        return refusal(
            script, statement_at(script->script, from)->line,
            "it is to run without a transaction and has several statements: when the "
            "second fails the first stays; one statement a file, or a transaction");
    /* With its row in the same transaction it cannot be done twice: that is what it becomes, if it
     * can be one. */
    bool parts = alone && script->transaction == FOLDER_NO_TRANSACTION &&
                 commits_in_parts(script->script, statement_at(script->script, from));
    return (struct apply_form){
        .shape = parts ? APPLY_ALONE : APPLY_TRANSACTION, .from = from, .to = to};
}

struct apply_form apply_form_of(const struct folder_script *script)
{
    const struct sql_script *cut = script->script;
    guint from = 0, to = cut->statements->len;

    if (cut->problems->len > 0) {
        const struct sql_problem *problem =
            &g_array_index(cut->problems, struct sql_problem, 0);
        return refusal(script, problem->line, problem->message);
    }
    if (to >= 2 && begins(cut, statement_at(cut, 0)) &&
        commits(cut, statement_at(cut, to - 1))) {
        from++;
        to--;
    }
    return form_of_rest(script, from, to);
}
