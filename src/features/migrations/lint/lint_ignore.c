#include "lint/lint_ignore.h"

#include <string.h>

/* 1970-01-01 in GDate's count. */
enum { EPOCH = 719163 };

#define MARK "pgrunbook:"

/* A piece of the comment that is still to be read. */
struct cursor {
    const char *next, *end;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f' || c == '\v';
}

static void skip_blanks(struct cursor *cursor)
{
    while (cursor->next < cursor->end && is_blank(*cursor->next))
        cursor->next++;
}

/* Up to a blank, a comma or a colon. */
static gsize word_length(const struct cursor *cursor)
{
    const char *at = cursor->next;

    while (at < cursor->end && !is_blank(*at) && *at != ',' && *at != ':')
        at++;
    return (gsize) (at - cursor->next);
}

static bool take(struct cursor *cursor, const char *text)
{
    gsize length = strlen(text);

    if ((gsize) (cursor->end - cursor->next) < length ||
        memcmp(cursor->next, text, length) != 0)
        return false;
    cursor->next += length;
    return true;
}

/* What stands between the marks. */
static struct cursor inside(const char *comment, gsize length)
{
    struct cursor cursor = {comment, comment + length};

    if (take(&cursor, "--"))
        return cursor;
    if (!take(&cursor, "/*"))
        return cursor;
    if (cursor.end - cursor.next >= 2 && memcmp(cursor.end - 2, "*/", 2) == 0)
        cursor.end -= 2;
    return cursor;
}

static bool digits(const char *text, gsize count, gint64 *ret_number)
{
    gint64 number = 0;

    for (gsize i = 0; i < count; i++) {
        if (!g_ascii_isdigit(text[i]))
            return false;
        number = number * 10 + (text[i] - '0');
    }
    *ret_number = number;
    return true;
}

bool lint_ignore_day(const char *text, gsize length, gint64 *ret_day)
{
    gint64 year, month, day;

    if (length != strlen("YYYY-MM-DD") || text[4] != '-' || text[7] != '-' ||
        !digits(text, 4, &year) || !digits(text + 5, 2, &month) || !digits(text + 8, 2, &day))
        return false;
    if (!g_date_valid_dmy((GDateDay) day, (GDateMonth) month, (GDateYear) year))
        return false;
    GDate date;
    g_date_clear(&date, 1);
    g_date_set_dmy(&date, (GDateDay) day, (GDateMonth) month, (GDateYear) year);
    *ret_day = (gint64) g_date_get_julian(&date) - EPOCH;
    return true;
}

/* Text of a comment in a message: valid, and not endless. */
static char *shown(const char *text, gsize length)
{
    g_autofree char *valid = g_utf8_make_valid(text, (gssize) MIN(length, 200));

    return g_utf8_strlen(valid, -1) > 60 ? g_utf8_substring(valid, 0, 60)
                                         : g_steal_pointer(&valid);
}

static bool is_rule_name(const char *text, gsize length)
{
    for (gsize i = 0; i < length; i++)
        if (!g_ascii_isalnum(text[i]) && text[i] != '-' && text[i] != '_')
            return false;
    return length > 0 && length <= 100;
}

static void fault(struct lint_ignore *ignore, char *why)
{
    g_free(ignore->fault);
    ignore->fault = why;
}

static void read_until(struct lint_ignore *ignore, const char *text, gsize length)
{
    g_autofree char *word = shown(text, length);

    if (ignore->until != G_MAXINT64)
        fault(ignore, g_strdup("until= is given twice"));
    else if (!lint_ignore_day(text, length, &ignore->until))
        fault(ignore, g_strdup_printf("\"%s\" is no date: until=YYYY-MM-DD", word));
}

/* A rule's name or until=DATE. */
static void read_word(struct lint_ignore *ignore, struct cursor *cursor)
{
    gsize length = word_length(cursor);
    const char *word = cursor->next;
    struct cursor until = {word, word + length};

    cursor->next += length;
    if (take(&until, "until=")) {
        read_until(ignore, until.next, (gsize) (until.end - until.next));
    } else if (is_rule_name(word, length)) {
        g_ptr_array_add(ignore->rules, g_strndup(word, length));
    } else {
        g_autofree char *text = shown(word, length);
        fault(ignore, g_strdup_printf("\"%s\" is no rule's name", text));
    }
}

/* One line, blanks around it gone. */
static char *reason_of(const struct cursor *cursor)
{
    g_autofree char *valid =
        g_utf8_make_valid(cursor->next, (gssize) (cursor->end - cursor->next));

    for (char *at = valid; *at != '\0'; at++)
        if (is_blank(*at))
            *at = ' ';
    g_strstrip(valid);
    return valid[0] != '\0' ? g_steal_pointer(&valid) : NULL;
}

static void read_list(struct lint_ignore *ignore, struct cursor *cursor)
{
    while (ignore->fault == NULL) {
        skip_blanks(cursor);
        if (cursor->next == cursor->end)
            return;
        if (*cursor->next == ':') {
            cursor->next++;
            ignore->reason = reason_of(cursor);
            return;
        }
        if (*cursor->next == ',')
            cursor->next++;
        else
            read_word(ignore, cursor);
    }
}

struct lint_ignore *lint_ignore_parse(const char *comment, gsize length)
{
    struct cursor cursor = inside(comment, length);

    skip_blanks(&cursor);
    if (!take(&cursor, MARK))
        return NULL;
    struct lint_ignore *ignore = g_new0(struct lint_ignore, 1);
    ignore->rules = g_ptr_array_new_with_free_func(g_free);
    ignore->until = G_MAXINT64;
    gsize verb = word_length(&cursor);
    g_autofree char *word = shown(cursor.next, verb);
    cursor.next += verb;
    ignore->whole_file = strcmp(word, "ignore-file") == 0;
    if (!ignore->whole_file && strcmp(word, "ignore") != 0)
        fault(ignore,
              g_strdup_printf("\"" MARK "%s\" is not known: ignore, ignore-file", word));
    else
        read_list(ignore, &cursor);
    if (ignore->fault == NULL && ignore->rules->len == 0)
        fault(ignore, g_strdup("it names no rule"));
    return ignore;
}

void lint_ignore_free(struct lint_ignore *ignore)
{
    if (ignore == NULL)
        return;
    g_ptr_array_unref(ignore->rules);
    g_free(ignore->reason);
    g_free(ignore->fault);
    g_free(ignore);
}
