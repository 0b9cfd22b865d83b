#include "sql/sql_parse.h"

#include <string.h>

static void test_depth(void)
{
    static const struct {
        const char *text;
        guint depth;
    } cases[] = {
        {"", 0},
        {"SELECT 1", 2},
        {"a, b, c", 1},
        {"f(a, b, c)", 5},
        {"((1))", 7},
        {"(1+2)+3", 8},
        {"'it''s, (one' + 1", 4},
        {"1 + ',' + 1", 5},
        {"$$a, (b$$ c", 2},
        {"E'\\', (' c", 2},
        {"-- a b c\n d /* e /* f */ g */ h", 2},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        guint depth = sql_depth(cases[i].text, strlen(cases[i].text));
        if (depth != cases[i].depth)
            g_test_fail_printf("\"%s\": %u", cases[i].text, depth);
    }
}

static char *repeated(const char *first, const char *word, guint times, const char *last)
{
    GString *text = g_string_new(first);

    for (guint i = 0; i < times; i++)
        g_string_append(text, word);
    g_string_append(text, last);
    return g_string_free(text, FALSE);
}

/* Neither takes us with it, and neither is clean. */
static void test_hostile(void)
{
    static const struct {
        const char *first, *word, *last;
        guint times;
        bool analysed;
    } cases[] = {
        {"SELECT 1", "+1", "", 50000, false},
        {"SELECT 1", "+1", "", 2000, true},
        {"SELECT 1", "::int", "", 50000, false},
        {"SELECT 1", " UNION SELECT 1", "", 50000, false},
        {"SELECT ", "NOT ", "true", 50000, false},
        {"SELECT ", "(", "1", 50000, false},
        {"INSERT INTO t VALUES (0)", ", (1)", "", 50000, true},
        {"SELECT 1 WHERE 'a' IN ('0'", ", '1'", ")", 50000, true},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text =
            repeated(cases[i].first, cases[i].word, cases[i].times, cases[i].last);
        AUTO(sql_parse) parse = sql_parse_new(text, strlen(text));
        if ((parse->tree != NULL) != cases[i].analysed)
            g_test_fail_printf("%s%s…: %s", cases[i].first, cases[i].word, parse->reason);
        g_assert_true((parse->tree == NULL) == (parse->reason != NULL));
    }
}

static void test_not_analysed(void)
{
    AUTO(sql_parse) wrong = sql_parse_new("SELECT ä FORM b c", strlen("SELECT ä FORM b c"));
    AUTO(sql_parse) zero = sql_parse_new("SELECT\0 1", 9);
    AUTO(sql_parse) bytes = sql_parse_new("SELECT '\xff'", 10);
    AUTO(sql_parse) empty = sql_parse_new("-- nothing", 10);

    g_assert_null(wrong->tree);
    g_assert_cmpuint(wrong->at, ==, strlen("SELECT ä FORM "));
    g_assert_null(zero->tree);
    g_assert_null(bytes->tree);
    g_assert_nonnull(empty->tree);
    g_assert_null(empty->node);
}

static void test_first_row(void)
{
    static const struct {
        const char *text;
        gsize end;
    } cases[] = {
        {"INSERT INTO t VALUES (1, 'a'), (-2, NULL)", 29},
        {"insert into t (a) values (E'x') , (default)", 31},
        {"INSERT INTO t VALUES (1)", 24},
        {"INSERT INTO t VALUES (1), (f(2))", 0},
        {"INSERT INTO t VALUES (1), (2) RETURNING a", 0},
        {"INSERT INTO t VALUES (1), (2", 0},
        {"INSERT INTO t VALUES (1),", 0},
        {"INSERT INTO t VALUES (1), ('a''", 0},
        {"INSERT INTO t SELECT 1", 0},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        gsize end = sql_first_row(cases[i].text, strlen(cases[i].text));
        if (end != cases[i].end)
            g_test_fail_printf("%s: %zu", cases[i].text, end);
    }
}

/* Newer words: parsed, told, and at their offsets. */
static void test_newer(void)
{
    static const struct {
        const char *text, *word;
        enum sql_newer_kind kind;
    } cases[] = {
        {"ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT ENFORCED", "NOT ENF",
         SQL_NEWER_NOT_ENFORCED},
        {"ALTER TABLE t ALTER CONSTRAINT c ENFORCED", "ENFORCED", SQL_NEWER_ENFORCED},
        {"ALTER TABLE t ALTER CONSTRAINT c NO INHERIT", "NO", SQL_NEWER_INHERIT},
        {"ALTER TABLE t ADD a int GENERATED ALWAYS AS (b + f(1)) VIRTUAL", "GENERATED",
         SQL_NEWER_VIRTUAL},
        {"CREATE TABLE t (b int, a int GENERATED ALWAYS AS (b * 2))", "GENERATED",
         SQL_NEWER_VIRTUAL},
        {"ALTER TABLE t ALTER a SET EXPRESSION AS (b + 1)", "SET EXP",
         SQL_NEWER_SET_EXPRESSION},
        {"ALTER TABLE t ADD CONSTRAINT n NOT NULL \"a b\" NOT VALID", "NOT NULL",
         SQL_NEWER_NOT_NULL},
        {"ALTER TABLE t ADD NOT NULL a", "NOT NULL", SQL_NEWER_NOT_NULL},
        {"ALTER TABLE t ADD CHECK (a IS NOT JSON OBJECT WITH UNIQUE KEYS)", NULL, 0},
        {"ALTER TABLE t ALTER a SET STATISTICS DEFAULT", NULL, 0},
        {"ALTER TABLE t SET ACCESS METHOD DEFAULT", NULL, 0},
        {"ALTER TABLE t ADD a text STORAGE EXTERNAL", NULL, 0},
        {"ALTER TABLE t ADD UNIQUE (a, b WITHOUT OVERLAPS)", NULL, 0},
        {"ALTER TABLE t ADD CHECK (a < 1_000 AND b <> 0xff)", NULL, 0},
        {"REINDEX DATABASE", NULL, 0},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        AUTO(sql_parse) parse = sql_parse_new(cases[i].text, strlen(cases[i].text));
        if (parse->node == NULL) {
            g_test_fail_printf("%s: %s", cases[i].text, parse->reason);
            continue;
        }
        if (cases[i].word == NULL)
            continue;
        const struct sql_newer *newer = &g_array_index(parse->newer, struct sql_newer, 0);
        g_assert_cmpint(newer->kind, ==, cases[i].kind);
        g_assert_cmpint((gint64) newer->at, ==,
                        strstr(cases[i].text, cases[i].word) - cases[i].text);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/sql_parse/depth", test_depth);
    g_test_add_func("/sql_parse/hostile", test_hostile);
    g_test_add_func("/sql_parse/not_analysed", test_not_analysed);
    g_test_add_func("/sql_parse/first_row", test_first_row);
    g_test_add_func("/sql_parse/newer", test_newer);
    return g_test_run();
}
