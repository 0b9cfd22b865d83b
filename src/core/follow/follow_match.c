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

/* Called for each byte of a busy log: g_ascii_tolower() is a function. */
static inline char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char) (c | 0x20) : c;
}

static bool begins_with(const char *text, gsize length, const char *phrase)
{
    gsize i = 0;

    for (; i < length && phrase[i] != '\0'; i++) {
        bool same = phrase[i] == ' ' ? text[i] != '\0' && strchr(" _-\t", text[i]) != NULL
                                     : lower(text[i]) == phrase[i];
        if (!same)
            return false;
    }
    return phrase[i] == '\0';
}

static bool contains(const char *line, gsize length, const char *phrase)
{
    for (gsize i = 0; i < length; i++)
        if (lower(line[i]) == phrase[0] && begins_with(line + i, length - i, phrase))
            return true;
    return false;
}

static bool begins_phrase(const char *text, gsize length)
{
    for (guint i = 0; phrases[i] != NULL; i++)
        if (begins_with(text, length, phrases[i]))
            return true;
    return false;
}

/* One pass over the line: most lines hold none of it, and few even the first two letters. */
static bool speaks_of_it(const char *line, gsize length)
{
    for (gsize i = 0; i + 1 < length; i++) {
        char second = lower(line[i + 1]);
        if (second != 'o' && second != 'e' && second != 'q')
            continue;
        char first = lower(line[i]);
        bool likely = second == 'o'   ? first == 't' || first == 'c' || first == 'n'
                      : second == 'e' ? first == 'r'
                                      : first == 's';
        if (likely && begins_phrase(line + i, length - i))
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
