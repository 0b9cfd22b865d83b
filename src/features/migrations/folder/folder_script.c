#include "folder/folder_private.h"

#include <string.h>

static const char *rule_of(enum sql_problem_kind kind)
{
    switch (kind) {
    case SQL_PROBLEM_META_COMMAND:
        return "meta-command";
    case SQL_PROBLEM_COPY_DATA:
        return "copy-data";
    case SQL_PROBLEM_UNTERMINATED:
        return "unterminated";
    case SQL_PROBLEM_ENCODING:
        return "encoding";
    }
    g_assert_not_reached();
}

static void tell_problems(struct folder *folder, const struct folder_script *script)
{
    const GArray *problems = script->script->problems;

    for (guint i = 0; i < problems->len; i++) {
        const struct sql_problem *problem = &g_array_index(problems, struct sql_problem, i);
        folder_problem(folder, FOLDER_ERROR, script->file, script->line + problem->line - 1,
                       rule_of(problem->kind), "%s", problem->message);
    }
}

/* The comment's text without its marks, blanks and, of a block, the stars in front. */
static char *words_of(const struct sql_script *script, const struct sql_comment *comment)
{
    const char *text = script->text + comment->start + 2;
    gsize length = comment->length - 2;

    if (comment->block && length >= 2 && memcmp(text + length - 2, "*/", 2) == 0)
        length -= 2;
    return g_strstrip(g_strndup(text, length));
}

char *folder_comment_value(const struct sql_script *script, const char *word)
{
    gsize length = strlen(word);

    for (guint i = 0; i < script->comments->len; i++) {
        g_autofree char *words =
            words_of(script, &g_array_index(script->comments, struct sql_comment, i));
        if (g_ascii_strncasecmp(words, word, length) == 0 && words[length] == ':')
            return g_strstrip(g_strdup(words + length + 1));
    }
    return NULL;
}

static enum folder_transaction transaction_of(const struct folder *folder,
                                              const struct sql_script *script, bool declared)
{
    const GArray *statements = script->statements;

    for (guint i = 0; i < statements->len; i++)
        if (g_array_index(statements, struct sql_statement, i).control)
            return FOLDER_OWN_TRANSACTIONS;
    if (declared)
        return FOLDER_NO_TRANSACTION;
    if (statements->len == 1 && !folder_tool(folder->format)->wraps &&
        g_array_index(statements, struct sql_statement, 0).alone)
        return FOLDER_NO_TRANSACTION;
    return FOLDER_ONE_TRANSACTION;
}

/* A tool that does not know of byte order marks sends it, and no server takes it; ours does not. */
static gsize skip_mark(struct folder *folder, const struct folder_file *file, gsize start,
                       gsize end)
{
    if (start > 0 || end < 3 || memcmp(file->text, "\xef\xbb\xbf", 3) != 0)
        return start;
    if (folder_tool(folder->format)->sends_marks)
        folder_problem(folder, FOLDER_ERROR, file->name, 1, "byte-order-mark",
                       "begins with a byte order mark, which %s does not take away",
                       folder_format_name(folder->format));
    return 3;
}

static struct folder_script *script_of(struct folder *folder, const char *file, guint line,
                                       char *text, gsize length, bool declared)
{
    struct folder_script *script = g_new0(struct folder_script, 1);

    script->file = g_strdup(file);
    script->line = line;
    script->text = text;
    script->length = length;
    script->declared = declared;
    script->script = sql_script_new(text, length);
    script->transaction = transaction_of(folder, script->script, declared);
    script->irreversible = folder_comment_value(script->script, "irreversible");
    tell_problems(folder, script);
    return script;
}

static guint line_of(const struct folder_file *file, gsize offset)
{
    guint line = 1;

    for (gsize i = 0; i < offset; i++)
        line += file->text[i] == '\n';
    return line;
}

/* A copy with a NUL behind it; what is in it stays as it is. */
static char *copy_of(const struct folder_file *file, gsize start, gsize end)
{
    char *text = g_malloc(end - start + 1);

    memcpy(text, file->text + start, end - start);
    text[end - start] = '\0';
    return text;
}

struct folder_script *folder_script_new(struct folder *folder, const struct folder_file *file,
                                        gsize start, gsize end, bool declared)
{
    start = skip_mark(folder, file, start, end);
    return script_of(folder, file->name, line_of(file, start), copy_of(file, start, end),
                     end - start, declared);
}

struct folder_script *folder_script_of_parts(struct folder *folder,
                                             const struct folder_file *file,
                                             const GArray *parts, bool declared)
{
    if (parts->len == 0)
        return NULL;
    const struct folder_piece *first = &g_array_index(parts, struct folder_piece, 0);
    const struct folder_piece *last = first + parts->len - 1;
    gsize start = skip_mark(folder, file, first->start, last->end);
    char *text = copy_of(file, start, last->end);

    for (guint i = 0; i + 1 < parts->len; i++) {
        const struct folder_piece *part = &g_array_index(parts, struct folder_piece, i);
        for (gsize at = part->end; at < part[1].start; at++)
            if (file->text[at] != '\n' && file->text[at] != '\r')
                text[at - start] = ' ';
    }
    return script_of(folder, file->name, line_of(file, start), text, last->end - start,
                     declared);
}

void folder_script_free(struct folder_script *script)
{
    if (script == NULL)
        return;
    sql_script_free(script->script);
    g_free(script->file);
    g_free(script->text);
    g_free(script->irreversible);
    g_free(script);
}
