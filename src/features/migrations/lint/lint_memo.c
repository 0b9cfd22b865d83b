#include "lint/lint_memo.h"

#include <string.h>

/* More would be no filling of tables. */
enum { SHAPES_MOST = 200, SMALL_DIGITS = 9 };

/* What stands in a shape for a constant: bytes that no statement with a shape has. */
enum { STRING = 1, SMALL_NUMBER = 2, NUMBER = 3 };

struct lint_memo {
    GHashTable *known; /* shape to judgement */
    GString *shape;
};

struct lint_memo *lint_memo_new(void)
{
    struct lint_memo *memo = g_new0(struct lint_memo, 1);

    memo->known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    memo->shape = g_string_new(NULL);
    return memo;
}

void lint_memo_free(struct lint_memo *memo)
{
    if (memo == NULL)
        return;
    g_hash_table_unref(memo->known);
    g_string_free(memo->shape, TRUE);
    g_free(memo);
}

/* ---- shapes ------------------------------------------------------------------------------ */

static bool begins_with_word(const char *text, gsize length, const char *word)
{
    gsize size = strlen(word);

    return length > size && g_ascii_strncasecmp(text, word, size) == 0 &&
           g_ascii_isspace(text[size]);
}

static bool is_word(char c)
{
    return g_ascii_isalnum(c) || c == '_' || (c & 0x80) != 0;
}

/* '…' with '' for a quote in it. Past the end: it does not end. */
static gsize past_quoted(const char *text, gsize length, gsize at, char quote)
{
    for (at++; at < length; at++) {
        if (text[at] != quote)
            continue;
        if (at + 1 < length && text[at + 1] == quote)
            at++;
        else
            return at + 1;
    }
    return length + 1;
}

/* 12, 12.5, not 1e5, 0x1f, 1_000 or 12abc: those are left to the scanner. A large integer is
 * another kind of token than a small one. */
static bool take_number(GString *shape, const char *text, gsize length, gsize *at)
{
    gsize begin = *at, points = 0;

    while (*at < length && (g_ascii_isdigit(text[*at]) || text[*at] == '.'))
        points += text[(*at)++] == '.';
    if (points > 1 || (*at < length && is_word(text[*at])))
        return false;
    bool small = points == 0 && *at - begin <= SMALL_DIGITS;
    g_string_append_c(shape, small ? SMALL_NUMBER : NUMBER);
    return true;
}

/* A word, a quoted name or a sign, as it is. E'…', B'…', U&'…' and the like begin with a
 * word. */
static bool take_other(GString *shape, const char *text, gsize length, gsize *at)
{
    gsize begin = *at;

    if (text[begin] == '"') {
        *at = past_quoted(text, length, begin, '"');
    } else if (is_word(text[begin])) {
        while (*at < length && is_word(text[*at]))
            (*at)++;
        if (*at < length && (text[*at] == '\'' || text[*at] == '&' || text[*at] == '$'))
            return false;
    } else {
        (*at)++;
    }
    if (*at > length)
        return false;
    g_string_append_len(shape, text + begin, (gssize) (*at - begin));
    return true;
}

/* Dollar quotes, parameters, comments, what is escaped, and what no text has. */
static bool is_beyond(const char *text, gsize length, gsize at)
{
    char next = at + 1 < length ? text[at + 1] : '\0';

    return g_ascii_iscntrl(text[at]) || text[at] == '$' || text[at] == '\\' ||
           (text[at] == '-' && next == '-') || (text[at] == '/' && next == '*');
}

/* Two strings with a line between them are one string, with a blank they are a mistake. */
static bool take_string(GString *shape, const char *text, gsize length, gsize *at)
{
    if (shape->len > 1 && shape->str[shape->len - 2] == STRING)
        return false;
    *at = past_quoted(text, length, *at, '\'');
    if (*at > length)
        return false;
    g_string_append_c(shape, STRING);
    return true;
}

static bool take_token(GString *shape, const char *text, gsize length, gsize *at)
{
    char c = text[*at];

    if (g_ascii_isspace(c)) {
        (*at)++;
        if (shape->len > 0 && shape->str[shape->len - 1] != ' ')
            g_string_append_c(shape, ' ');
        return true;
    }
    if (is_beyond(text, length, *at))
        return false;
    if (c == '\'')
        return take_string(shape, text, length, at);
    return g_ascii_isdigit(c) ? take_number(shape, text, length, at)
                              : take_other(shape, text, length, at);
}

const char *lint_memo_shape(struct lint_memo *memo, const char *text, gsize length)
{
    gsize at = 0;

    if (!begins_with_word(text, length, "INSERT") &&
        !begins_with_word(text, length, "SELECT") &&
        !begins_with_word(text, length, "UPDATE") && !begins_with_word(text, length, "DELETE"))
        return NULL;
    g_string_truncate(memo->shape, 0);
    while (at < length)
        if (!take_token(memo->shape, text, length, &at))
            return NULL;
    /* That one sets what names mean. */
    return strcasestr(memo->shape->str, "set_config") == NULL ? memo->shape->str : NULL;
}

/* ---- what is known ----------------------------------------------------------------------- */

const struct ddl_judgement *lint_memo_find(const struct lint_memo *memo, const char *shape)
{
    return g_hash_table_lookup(memo->known, shape);
}

void lint_memo_keep(struct lint_memo *memo, const char *shape,
                    const struct ddl_judgement *judgement)
{
    if (!judgement->analysed || judgement->acts->len > 0 || judgement->analyze->len > 0 ||
        judgement->effect >= DDL_EFFECT_SCAN || judgement->no_transaction)
        return;
    for (guint i = 0; i < judgement->locks->len; i++) {
        const struct ddl_lock *lock = judgement->locks->pdata[i];
        if (lock->mode >= DDL_SHARE)
            return;
    }
    if (g_hash_table_size(memo->known) >= SHAPES_MOST)
        lint_memo_forget(memo);
    g_hash_table_insert(memo->known, g_strdup(shape), (gpointer) (guintptr) judgement);
}

void lint_memo_forget(struct lint_memo *memo)
{
    g_hash_table_remove_all(memo->known);
}
