#include "follow/follow_private.h"

#include <string.h>

/* Lower case; a blank stands for any one of " _-\t". */
static const char *const phrases[] = {
    "too many connections", /* also "… for role" and "… for database" */
    "too many clients",     /* "sorry, too many clients already" */
    "remaining connection slots",
    "connection pool exhausted",
    "connection pool is exhausted",
    "no more connections allowed", /* PgBouncer */
    "sqlstate 53300",              /* pgx */
    NULL,
};

static bool begins_with(const char *text, gsize length, const char *phrase)
{
    gsize i = 0;

    for (; i < length && phrase[i] != '\0'; i++) {
        bool same = phrase[i] == ' ' ? text[i] != '\0' && strchr(" _-\t", text[i]) != NULL
                                     : g_ascii_tolower(text[i]) == phrase[i];
        if (!same)
            return false;
    }
    return phrase[i] == '\0';
}

static bool contains(const char *line, gsize length, const char *phrase)
{
    for (gsize i = 0; i < length; i++)
        if (g_ascii_tolower(line[i]) == phrase[0] && begins_with(line + i, length - i, phrase))
            return true;
    return false;
}

/* One pass over the line: most lines hold none of it. */
static bool speaks_of_it(const char *line, gsize length)
{
    for (gsize i = 0; i < length; i++) {
        char first = g_ascii_tolower(line[i]);
        if (first != 't' && first != 'r' && first != 'c' && first != 'n' && first != 's')
            continue;
        for (guint j = 0; phrases[j] != NULL; j++)
            if (phrases[j][0] == first && begins_with(line + i, length - i, phrases[j]))
                return true;
    }
    return false;
}

bool follow_line_matches(const char *line, gsize length)
{
    return speaks_of_it(line, length) && !contains(line, length, "pgrunbook");
}

/* ---- lines --------------------------------------------------------------------------------- */

static void add(GString *unfinished, const char *piece, gsize length)
{
    gsize room = FOLLOW_LINE_BYTES - unfinished->len;

    g_string_append_len(unfinished, piece, (gssize) MIN(room, length));
}

/* Without the CR of Windows, and without the hole that is left before a writer who did not notice
 * that the file was truncated. */
static void finish(GString *unfinished, follow_line *line, gpointer data)
{
    gsize start = 0;

    if (unfinished->len > 0 && unfinished->str[unfinished->len - 1] == '\r')
        g_string_truncate(unfinished, unfinished->len - 1);
    while (start < unfinished->len && unfinished->str[start] == '\0')
        start++;
    line(unfinished->str + start, unfinished->len - start, data);
    g_string_truncate(unfinished, 0);
}

void follow_split(GString *unfinished, const char *piece, gsize length, follow_line *line,
                  gpointer data)
{
    const char *end;

    while ((end = length > 0 ? memchr(piece, '\n', length) : NULL) != NULL) {
        gsize taken = (gsize) (end - piece);
        add(unfinished, piece, taken);
        finish(unfinished, line, data);
        piece += taken + 1;
        length -= taken + 1;
    }
    add(unfinished, piece, length);
}
