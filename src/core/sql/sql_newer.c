/*
 * What PostgreSQL 16 to 18 can say and the parser of 15 cannot read, respelt token by token in older
 * words of the same length, so that every offset in the tree is one of the text. It is only tried
 * on what does not parse.
 */
#include "sql/sql_parse.h"

#include <pg_query.h>
#include <string.h>

struct respelling {
    GString *text;
    PgQuery__ScanResult *tokens;
    GArray *newer;
};

static gsize start_of(const struct respelling *it, gsize token)
{
    return (gsize) it->tokens->tokens[token]->start;
}

static gsize end_of(const struct respelling *it, gsize token)
{
    return (gsize) it->tokens->tokens[token]->end;
}

static bool is(const struct respelling *it, gsize token, const char *word)
{
    gsize length = strlen(word);

    return token < it->tokens->n_tokens && end_of(it, token) - start_of(it, token) == length &&
           g_ascii_strncasecmp(it->text->str + start_of(it, token), word, length) == 0;
}

/* The words stand there one after the other, "NOT ENFORCED". */
static bool are(const struct respelling *it, gsize token, const char *words)
{
    g_auto(GStrv) each = g_strsplit(words, " ", -1);

    for (gsize i = 0; each[i] != NULL; i++)
        if (!is(it, token + i, each[i]))
            return false;
    return true;
}

static void blank(struct respelling *it, gsize start, gsize end)
{
    memset(it->text->str + start, ' ', end - start);
}

static void blank_tokens(struct respelling *it, gsize token, gsize count)
{
    blank(it, start_of(it, token), end_of(it, token + count - 1));
}

static void put(struct respelling *it, gsize at, const char *word)
{
    memcpy(it->text->str + at, word, strlen(word));
}

static void note(struct respelling *it, enum sql_newer_kind kind, gsize at)
{
    struct sql_newer newer = {.kind = kind, .at = at};

    g_array_append_val(it->newer, newer);
}

/* The token after the parentheses that begin at `token`. */
static gsize past_parentheses(const struct respelling *it, gsize token)
{
    guint depth = 0;

    for (; token < it->tokens->n_tokens; token++) {
        depth += is(it, token, "(");
        depth -= is(it, token, ")");
        if (depth == 0)
            return token + 1;
    }
    return token;
}

/* GENERATED ALWAYS AS (…) [VIRTUAL]: without a word it is virtual, too. */
static bool respell_virtual(struct respelling *it, gsize token)
{
    if (!are(it, token, "GENERATED ALWAYS AS ("))
        return false;
    gsize after = past_parentheses(it, token + 3);
    if (is(it, after, "STORED"))
        return false;
    blank_tokens(it, token, 3);
    put(it, start_of(it, token), "DEFAULT");
    if (is(it, after, "VIRTUAL"))
        blank_tokens(it, after, 1);
    note(it, SQL_NEWER_VIRTUAL, start_of(it, token));
    return true;
}

/* [CONSTRAINT n] NOT NULL c becomes UNIQUE(c). Only as a table's constraint. */
static bool respell_not_null(struct respelling *it, gsize token)
{
    bool named = token >= 2 && is(it, token - 2, "CONSTRAINT");
    gsize before = named ? token - 3 : token - 1;

    if (token == 0 || (named && token < 3) || !are(it, token, "NOT NULL") ||
        token + 2 >= it->tokens->n_tokens)
        return false;
    if (!is(it, before, "ADD") && !is(it, before, ",") && !is(it, before, "("))
        return false;
    g_autofree char *column = g_strndup(it->text->str + start_of(it, token + 2),
                                        end_of(it, token + 2) - start_of(it, token + 2));
    if (!g_ascii_isalpha(column[0]) && column[0] != '"' && column[0] != '_' &&
        (column[0] & 0x80) == 0)
        return false;
    gsize start = start_of(it, token);
    blank_tokens(it, token, 3);
    g_autofree char *older = g_strconcat("UNIQUE(", column, ")", NULL);
    put(it, start, older);
    note(it, SQL_NEWER_NOT_NULL, start);
    gsize after = token + 3;
    if (are(it, after, "NO INHERIT")) {
        blank_tokens(it, after, 2);
        after += 2;
    }
    if (are(it, after, "NOT VALID")) {
        note(it, SQL_NEWER_NOT_VALID, start_of(it, after));
        blank_tokens(it, after, 2);
    }
    return true;
}

static bool respell_enforced(struct respelling *it, gsize token)
{
    if (!is(it, token, "ENFORCED"))
        return false;
    bool negated = token > 0 && is(it, token - 1, "NOT");
    gsize first = negated ? token - 1 : token;
    note(it, negated ? SQL_NEWER_NOT_ENFORCED : SQL_NEWER_ENFORCED, start_of(it, first));
    blank(it, start_of(it, first), end_of(it, token));
    return true;
}

static bool respell_alter_constraint(struct respelling *it, gsize token)
{
    if (!are(it, token, "ALTER CONSTRAINT"))
        return false;
    gsize word = token + 3;
    if (is(it, word, "NO"))
        word++;
    if (!is(it, word, "INHERIT"))
        return false;
    note(it, SQL_NEWER_INHERIT, start_of(it, token + 3));
    blank(it, start_of(it, token + 3), end_of(it, word));
    return true;
}

static bool respell_set_expression(struct respelling *it, gsize token)
{
    if (!are(it, token, "SET EXPRESSION AS"))
        return false;
    note(it, SQL_NEWER_SET_EXPRESSION, start_of(it, token));
    blank_tokens(it, token + 1, 2);
    put(it, start_of(it, token + 1), "DEFAULT");
    return true;
}

/* c IS JSON ARRAY WITH UNIQUE KEYS becomes c IS NULL. */
static bool respell_is_json(struct respelling *it, gsize token)
{
    static const char *const more[] = {"VALUE", "ARRAY",   "OBJECT", "SCALAR",
                                       "WITH",  "WITHOUT", "UNIQUE", "KEYS"};
    gsize last = token;

    if (!is(it, token, "JSON") || token == 0 ||
        !(is(it, token - 1, "IS") || are(it, token - 2, "IS NOT")))
        return false;
    for (bool going = true; going;) {
        going = false;
        for (gsize i = 0; i < G_N_ELEMENTS(more); i++)
            going = going || is(it, last + 1, more[i]);
        last += going;
    }
    blank(it, start_of(it, token), end_of(it, last));
    put(it, start_of(it, token), "NULL");
    return true;
}

/* 1_000 and 0x1f: the older scanner does not get past them, so they go first. Which number it is does
 * not matter. */
static bool respell_numbers(char *text)
{
    gsize length = strlen(text);
    bool changed = false;

    for (gsize at = 0; at < length;) {
        bool comment;
        if (g_ascii_isspace(text[at])) {
            at++;
            continue;
        }
        gsize end = sql_token_past(text, length, at, &comment);
        bool based = text[at] == '0' && end - at > 2 && strchr("xXoObB", text[at + 1]) != NULL;
        if (g_ascii_isdigit(text[at]) && (based || memchr(text + at, '_', end - at) != NULL)) {
            memset(text + at, '1', end - at);
            changed = true;
        }
        at = end;
    }
    return changed;
}

/* Words that can be left out or have a sister of the same effect. */
static bool respell_plain(struct respelling *it, gsize token)
{
    static const struct {
        const char *words, *older;
        gsize kept; /* tokens left as they are */
    } cases[] = {
        {"SET STORAGE DEFAULT", "plain", 2},
        {"SET STATISTICS DEFAULT", "100", 2},
        {"SET ACCESS METHOD DEFAULT", "heap", 3},
        {"WITHOUT OVERLAPS", "", 0},
        {", PERIOD", "", 1},
        {"VACUUM ONLY", "", 1},
        {"ANALYZE ONLY", "", 1},
        {"STORAGE PLAIN", "", 0},
        {"STORAGE EXTERNAL", "", 0},
        {"STORAGE EXTENDED", "", 0},
        {"STORAGE MAIN", "", 0},
        {"STORAGE DEFAULT", "", 0},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        if (!are(it, token, cases[i].words) || (g_str_has_prefix(cases[i].words, "STORAGE") &&
                                                token > 0 && is(it, token - 1, "SET")))
            continue;
        g_auto(GStrv) words = g_strsplit(cases[i].words, " ", -1);
        gsize count = g_strv_length(words);
        blank(it, start_of(it, token + cases[i].kept), end_of(it, token + count - 1));
        put(it, start_of(it, token + cases[i].kept), cases[i].older);
        return true;
    }
    return false;
}

/* REINDEX DATABASE, REINDEX SYSTEM: the name may be left out since 16. */
static bool respell_end(struct respelling *it)
{
    gsize count = it->tokens->n_tokens;

    if (count < 2 || !is(it, 0, "REINDEX") ||
        !(is(it, count - 1, "DATABASE") || is(it, count - 1, "SYSTEM") ||
          is(it, count - 1, "CONCURRENTLY")))
        return false;
    g_string_append(it->text, " this");
    return true;
}

static bool respell(struct respelling *it)
{
    bool changed = false;

    for (gsize i = 0; i < it->tokens->n_tokens; i++) {
        bool here = respell_virtual(it, i) || respell_not_null(it, i) ||
                    respell_enforced(it, i) || respell_alter_constraint(it, i) ||
                    respell_set_expression(it, i) || respell_is_json(it, i);
        bool other = !here && respell_plain(it, i);
        if (other)
            note(it, SQL_NEWER_OTHER, start_of(it, i));
        changed = changed || here || other;
    }
    return respell_end(it) || changed;
}

char *sql_newer_respell(const char *text, GArray **ret_newer)
{
    struct respelling it = {.text = g_string_new(text)};
    bool changed = respell_numbers(it.text->str);
    PgQueryScanResult scan = pg_query_scan(it.text->str);

    if (scan.error == NULL)
        it.tokens = pg_query__scan_result__unpack(NULL, scan.pbuf.len,
                                                  (const uint8_t *) scan.pbuf.data);
    pg_query_free_scan_result(scan);
    if (it.tokens == NULL) {
        g_string_free(it.text, TRUE);
        return NULL;
    }
    it.newer = g_array_new(FALSE, FALSE, sizeof(struct sql_newer));
    changed = respell(&it) || changed;
    pg_query__scan_result__free_unpacked(it.tokens, NULL);
    if (!changed) {
        g_array_unref(it.newer);
        g_string_free(it.text, TRUE);
        return NULL;
    }
    *ret_newer = it.newer;
    return g_string_free(it.text, FALSE);
}
