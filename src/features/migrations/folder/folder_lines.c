#include "folder/folder_private.h"

#include <string.h>

bool folder_line_next(const struct folder_file *file, struct folder_line *line)
{
    if (line->next >= file->length)
        return false;
    const char *start = file->text + line->next;
    const char *end = memchr(start, '\n', file->length - line->next);

    line->start = line->next;
    line->end = end != NULL ? (gsize) (end - file->text) : file->length;
    line->next = end != NULL ? line->end + 1 : file->length;
    if (line->end > line->start && file->text[line->end - 1] == '\r')
        line->end--;
    line->number++;
    return true;
}

char *folder_line_text(const struct folder_file *file, const struct folder_line *line)
{
    return g_strstrip(g_strndup(file->text + line->start, line->end - line->start));
}

bool folder_line_ends_statement(const char *text, gsize length)
{
    char last = '\0';

    for (gsize i = 0; i < length;) {
        if (g_ascii_isspace(text[i]) || text[i] == '\v') {
            i++;
            continue;
        }
        if (length - i >= 2 && memcmp(text + i, "--", 2) == 0)
            break;
        while (i < length && !g_ascii_isspace(text[i]) && text[i] != '\v')
            last = text[i++];
    }
    return last == ';';
}

static guint line_at(const struct folder_script *script, gsize offset)
{
    return script->line + sql_script_line(script->script, offset, NULL) - 1;
}

/* A script, and where in the file its text begins. */
struct place {
    const struct folder_script *script;
    gsize start;
};

static void tell_cut(struct folder *folder, const struct place *place,
                     const struct sql_statement *statement, gsize at)
{
    const char *tool = folder_format_name(folder->format);
    g_autofree char *rule = g_strconcat(tool, "-split", NULL);

    folder_problem(folder, FOLDER_ERROR, place->script->file,
                   line_at(place->script, statement->start), rule,
                   "%s cuts this statement in half behind line %u, where a line ends in a "
                   "semicolon: it wants StatementBegin and StatementEnd around it",
                   tool, line_at(place->script, at > 0 ? at - 1 : 0));
}

static void tell_together(struct folder *folder, const struct place *place,
                          const struct sql_statement *statement)
{
    const char *tool = folder_format_name(folder->format);
    g_autofree char *rule = g_strconcat(tool, "-split", NULL);

    folder_problem(
        folder, FOLDER_ERROR, place->script->file, line_at(place->script, statement->start),
        rule,
        "%s sends this statement together with the one before it, and the server runs "
        "both in one transaction: no line ends in a semicolon between them",
        tool);
}

void folder_pieces_check(struct folder *folder, const struct folder_script *script,
                         const struct folder_file *file, gsize start, const GArray *pieces)
{
    const GArray *statements = script->script->statements;
    gsize mark =
        file->length >= 3 && start == 0 && memcmp(file->text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    const struct place place = {.script = script, .start = start + mark};
    guint at = 0, last = G_MAXUINT;

    for (guint i = 0; i < statements->len; i++) {
        const struct sql_statement *statement =
            &g_array_index(statements, struct sql_statement, i);
        gsize begin = statement->start + place.start, end = begin + statement->length;
        while (at < pieces->len && g_array_index(pieces, struct folder_piece, at).end <= begin)
            at++;
        if (at == pieces->len)
            break;
        const struct folder_piece *piece = &g_array_index(pieces, struct folder_piece, at);
        if (piece->end < end)
            tell_cut(folder, &place, statement, piece->end - place.start);
        else if (script->transaction == FOLDER_NO_TRANSACTION && last == at)
            tell_together(folder, &place, statement);
        last = at;
    }
}
