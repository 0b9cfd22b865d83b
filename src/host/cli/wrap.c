#include "cli/wrap.h"

char *cli_join(const char *const *words, const char *between)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; words[i] != NULL; i++)
        g_string_append_printf(text, "%s%s", i > 0 ? between : "", words[i]);
    return g_string_free(text, FALSE);
}

static void pad(GString *out, guint columns)
{
    for (guint i = 0; i < columns; i++)
        g_string_append_c(out, ' ');
}

/* Appends one line's words; returns the column behind them. */
static guint wrap_line(GString *out, const char *line, guint indent, guint column)
{
    g_auto(GStrv) words = g_strsplit(line, " ", -1);

    for (guint i = 0; words[i] != NULL; i++) {
        guint width = (guint) g_utf8_strlen(words[i], -1);
        if (width == 0)
            continue;
        if (column > indent && column + 1 + width > CLI_WIDTH) {
            g_string_append_c(out, '\n');
            column = 0;
        }
        guint gap = column > indent ? 1 : indent - column;
        pad(out, gap);
        g_string_append(out, words[i]);
        column += gap + width;
    }
    return column;
}

void cli_wrap(GString *out, const char *text, guint indent, guint column)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

    for (guint i = 0; lines[i] != NULL; i++) {
        gboolean verbatim = lines[i][0] == ' ' || lines[i][0] == '\0';
        gboolean last = lines[i + 1] == NULL;
        if (verbatim && column > 0) {
            g_string_append_c(out, '\n');
            column = 0;
        }
        if (!verbatim)
            column = wrap_line(out, lines[i], indent, column);
        else if (!last || lines[i][0] != '\0')
            g_string_append_printf(out, "%s\n", lines[i]);
    }
    if (column > 0)
        g_string_append_c(out, '\n');
}

void cli_wrap_entry(GString *out, const char *term, const char *text, guint indent)
{
    guint column = 2 + (guint) g_utf8_strlen(term, -1);

    g_string_append_printf(out, "  %s", term);
    if (column + 1 >= indent) {
        g_string_append_c(out, '\n');
        column = 0;
    }
    cli_wrap(out, text, indent, column);
}
