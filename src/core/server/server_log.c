/* Why a server ended, from what it wrote. */
#include "server/server.h"

#include <string.h>

/* What connecting too early or as nobody leaves in the log: no reason for anything. */
static bool is_ours(const char *message)
{
    return g_str_has_prefix(message, "the database system is") ||
           g_str_has_prefix(message, "role \"") || g_str_has_prefix(message, "database \"") ||
           g_str_has_prefix(message, "terminating ");
}

static const char *after(const char *line, const char *level)
{
    gsize length = strlen(level);

    return strncmp(line, level, length) == 0 ? line + length : NULL;
}

/* The last that matters of the lines before; -1: none. */
static int cause_line(char **lines)
{
    int found = -1;

    for (int i = 0; lines[i] != NULL; i++) {
        const char *message = after(lines[i], "PANIC:  ");
        if (message == NULL)
            message = after(lines[i], "FATAL:  ");
        if (message != NULL && !is_ours(message))
            found = i;
    }
    return found;
}

/* What a restore_command of ours said right before. */
static const char *said_before(char **lines, int line)
{
    for (int i = line - 1; i >= 0 && i >= line - 6; i--) {
        const char *said = after(lines[i], "pgrunbook: error: ");
        if (said != NULL)
            return said;
    }
    return NULL;
}

char *server_log_reason(const char *text)
{
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    g_auto(GStrv) lines = g_strsplit(valid, "\n", -1);
    int line = cause_line(lines);

    if (line < 0)
        return NULL;
    GString *reason = g_string_new(lines[line] + strlen("FATAL:  "));
    const char *said = said_before(lines, line);
    if (said != NULL)
        g_string_append_printf(reason, "\ndetail: %s", said);
    for (int i = line + 1; lines[i] != NULL; i++) {
        const char *detail = after(lines[i], "DETAIL:  "), *hint = after(lines[i], "HINT:  ");
        if (detail != NULL)
            g_string_append_printf(reason, "\ndetail: %s", detail);
        else if (hint != NULL)
            g_string_append_printf(reason, "\nhint: %s", hint);
        else if (lines[i][0] != '\t')
            break;
    }
    return g_string_free(reason, FALSE);
}
