#include "out/paste.h"

#include "out/display.h"

#include <glib.h>
#include <stdbool.h>
#include <string.h>

static bool is_shown(const char *text)
{
    g_autofree char *clean = display_clean(text, 0);

    return strcmp(clean, text) == 0;
}

/* Bytes of the character that the text begins with, 1 for what is none; whether it is shown as it
 * is. */
static gsize next_of(const char *text, bool *ret_shown)
{
    const gunichar c = g_utf8_get_char_validated(text, -1);
    const bool valid = c != (gunichar) -1 && c != (gunichar) -2;
    const gsize length = valid ? (gsize) g_utf8_skip[*(const guchar *) text] : 1;
    g_autofree char *one = g_strndup(text, length);

    *ret_shown = valid && is_shown(one);
    return length;
}

/* ---- a shell ------------------------------------------------------------------------------- */

/* Always three octal digits: what follows may be a digit, and shells differ in \x and \u. */
static char *octal_word(const char *word)
{
    GString *quoted = g_string_new("$'");
    gsize length;

    for (const char *c = word; *c != '\0'; c += length) {
        bool shown;
        length = next_of(c, &shown);
        if (*c == '\\' || *c == '\'')
            g_string_append_printf(quoted, "\\%c", *c);
        else if (shown)
            g_string_append_len(quoted, c, (gssize) length);
        else
            for (gsize i = 0; i < length; i++)
                g_string_append_printf(quoted, "\\%03o", (guchar) c[i]);
    }
    g_string_append_c(quoted, '\'');
    return g_string_free(quoted, FALSE);
}

char *paste_shell_word(const char *word)
{
    return is_shown(word) ? g_shell_quote(word) : octal_word(word);
}

static bool is_plain(const char *word)
{
    static const char plain[] = G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "_-./:=,@%+";

    return word[0] != '\0' && strspn(word, plain) == strlen(word);
}

char *paste_shell_words(char *const *words)
{
    GString *line = g_string_new(NULL);

    for (guint i = 0; words[i] != NULL; i++) {
        g_autofree char *quoted =
            is_plain(words[i]) ? g_strdup(words[i]) : paste_shell_word(words[i]);
        g_string_append_printf(line, "%s%s", i > 0 ? " " : "", quoted);
    }
    return g_string_free(line, FALSE);
}

char *paste_shell_line(const char *line)
{
    g_auto(GStrv) words = NULL;

    if (is_shown(line) || !g_shell_parse_argv(line, NULL, &words, NULL))
        return g_strdup(line);
    return paste_shell_words(words);
}

/* ---- SQL ----------------------------------------------------------------------------------- */

/* Behind the name in quotes that begins here, where "" is a quote; NULL: it does not end. */
static const char *end_of_name(const char *name)
{
    for (const char *c = name + 1; *c != '\0'; c++) {
        if (*c != '"')
            continue;
        if (c[1] != '"')
            return c + 1;
        c++;
    }
    return NULL;
}

/* What may be no character at all is left to the display. */
static void add_unicode_name(GString *sql, const char *name)
{
    gsize length;

    g_string_append(sql, "U&");
    for (const char *c = name; *c != '\0'; c += length) {
        bool shown;
        length = next_of(c, &shown);
        const gunichar point = shown ? 0 : g_utf8_get_char_validated(c, (gssize) length);
        if (*c == '\\')
            g_string_append(sql, "\\\\");
        else if (shown || point > 0xFFFF)
            g_string_append_len(sql, c, (gssize) length);
        else
            g_string_append_printf(sql, "\\%04X", point);
    }
}

char *paste_sql(const char *sql)
{
    const char *end;
    GString *shown = g_string_new(NULL);

    for (const char *c = sql; *c != '\0'; c = end) {
        end = *c == '"' ? end_of_name(c) : c + 1;
        if (end == NULL)
            end = c + strlen(c);
        g_autofree char *piece = g_strndup(c, (gsize) (end - c));
        if (*c == '"' && !is_shown(piece))
            add_unicode_name(shown, piece);
        else
            g_string_append(shown, piece);
    }
    return g_string_free(shown, FALSE);
}
