/*
 * How deep a statement's tree can get, without parsing it. The parser's own guard does not watch
 * the writing and reading of the tree, which recurse as deep as it is.
 *
 * Each opening parenthesis begins a level; what stands between two commas of a level can be a chain
 * (1 + 1 + 1 …) with an operand at every token. A list is flat, however long it is.
 */
#include "sql/sql_parse.h"

#include <string.h>

struct level {
    guint tokens; /* since the last comma */
    guint child;  /* the deepest parentheses among them */
    guint best;   /* of what the commas have ended */
};

static bool of_word(char c)
{
    return g_ascii_isalnum(c) || c == '_' || c == '$' || (c & 0x80) != 0;
}

/* The end of what a mark of that kind begins at `at`; the text's end when nothing ends it. */
static gsize past_quote(const char *text, gsize length, gsize at, bool escapes)
{
    char mark = text[at];

    for (at++; at < length; at++) {
        if (escapes && text[at] == '\\')
            at++;
        else if (text[at] == mark)
            return at + 1;
    }
    return length;
}

static gsize past_comment(const char *text, gsize length, gsize at)
{
    guint depth = 0;

    if (text[at] == '-') {
        const char *end = memchr(text + at, '\n', length - at);
        return end == NULL ? length : (gsize) (end - text);
    }
    while (at + 1 < length) {
        if (text[at] == '/' && text[at + 1] == '*') {
            depth++;
            at += 2;
        } else if (text[at] == '*' && text[at + 1] == '/') {
            at += 2;
            if (--depth == 0)
                return at;
        } else {
            at++;
        }
    }
    return length;
}

/* $tag$ … $tag$; `at` itself when it is none. */
static gsize past_dollars(const char *text, gsize length, gsize at)
{
    gsize end = at + 1;

    while (end < length && text[end] != '$' && of_word(text[end]))
        end++;
    if (end >= length || text[end] != '$' || g_ascii_isdigit(text[at + 1]))
        return at;
    gsize tag = end + 1 - at;
    const char *close = memmem(text + end + 1, length - end - 1, text + at, tag);
    return close == NULL ? length : (gsize) (close - text) + tag;
}

gsize sql_token_past(const char *text, gsize length, gsize at, bool *ret_comment)
{
    char c = text[at], next = at + 1 < length ? text[at + 1] : '\0';

    *ret_comment = (c == '-' && next == '-') || (c == '/' && next == '*');
    if (*ret_comment)
        return past_comment(text, length, at);
    if ((c == 'e' || c == 'E') && next == '\'')
        return past_quote(text, length, at + 1, true);
    if (c == '\'' || c == '"')
        return past_quote(text, length, at, false);
    if (c == '$') {
        gsize end = past_dollars(text, length, at);
        if (end != at)
            return end;
    }
    if (!of_word(c))
        return at + 1;
    while (at < length && of_word(text[at]))
        at++;
    return at;
}

static void end_element(struct level *level)
{
    level->best = MAX(level->best, level->tokens + level->child);
    level->tokens = level->child = 0;
}

static void close_level(GArray *levels)
{
    struct level *level = &g_array_index(levels, struct level, levels->len - 1);

    end_element(level);
    guint depth = level->best + 1;
    if (levels->len > 1)
        g_array_set_size(levels, levels->len - 1);
    level = &g_array_index(levels, struct level, levels->len - 1);
    level->child = MAX(level->child, depth);
}

guint sql_depth(const char *text, gsize length)
{
    g_autoptr(GArray) levels = g_array_new(FALSE, TRUE, sizeof(struct level));

    g_array_set_size(levels, 1);
    for (gsize at = 0; at < length;) {
        bool comment;
        struct level *level = &g_array_index(levels, struct level, levels->len - 1);
        char c = text[at];
        if (g_ascii_isspace(c)) {
            at++;
            continue;
        }
        at = sql_token_past(text, length, at, &comment);
        if (c == ',')
            end_element(level);
        else if (!comment)
            level->tokens++;
        if (c == '(' || c == '[')
            g_array_set_size(levels, levels->len + 1);
        else if (c == ')' || c == ']')
            close_level(levels);
    }
    while (levels->len > 1)
        close_level(levels);
    struct level *level = &g_array_index(levels, struct level, 0);
    end_element(level);
    return level->best;
}

/* ---- many rows ----------------------------------------------------------------------------- */

static bool is_word(const char *text, gsize at, gsize end, const char *word)
{
    return strlen(word) == end - at && g_ascii_strncasecmp(text + at, word, end - at) == 0;
}

static bool is_constant(const char *text, gsize at, gsize end)
{
    static const char *const words[] = {"NULL", "TRUE", "FALSE", "DEFAULT", "-"};

    if (text[at] == '\'' || (end - at > 2 && text[at + 1] == '\''))
        return text[end - 1] == '\'' && end - at > 1;
    if (g_ascii_isdigit(text[at]) || text[at] == '.')
        return memchr(text + at, '_', end - at) == NULL;
    for (gsize i = 0; i < G_N_ELEMENTS(words); i++)
        if (is_word(text, at, end, words[i]))
            return true;
    return false;
}

gsize sql_first_row(const char *text, gsize length)
{
    bool values = false, comment, in_row = false, comma = false;
    gsize first = 0;

    for (gsize at = 0; at < length;) {
        if (g_ascii_isspace(text[at])) {
            at++;
            continue;
        }
        gsize begin = at;
        at = sql_token_past(text, length, at, &comment);
        if (comment)
            continue;
        if (!values) {
            values = is_word(text, begin, at, "VALUES");
            comma = values;
        } else if (!in_row && comma && text[begin] == '(') {
            in_row = true;
        } else if (!in_row && !comma && text[begin] == ',') {
            comma = true;
        } else if (in_row && text[begin] == ')') {
            in_row = comma = false;
            first = first == 0 ? at : first;
        } else if (!in_row || (text[begin] != ',' && text[begin] != '.' &&
                               !is_constant(text, begin, at))) {
            return 0;
        }
    }
    return in_row || comma ? 0 : first;
}
