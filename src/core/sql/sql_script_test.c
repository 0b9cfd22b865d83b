#include "sql/sql_script.h"

#include <string.h>

static struct sql_script *script_of(const char *text)
{
    return sql_script_new(text, strlen(text));
}

static char *nth(const struct sql_script *script, guint n)
{
    g_assert_cmpuint(n, <, script->statements->len);
    return sql_statement_text(script,
                              &g_array_index(script->statements, struct sql_statement, n));
}

/* The statements, separated by " | ", whatever their line breaks. */
static void splits(const char *text, const char *expected)
{
    AUTO(sql_script) script = script_of(text);
    GString *all = g_string_new(NULL);

    for (guint i = 0; i < script->statements->len; i++) {
        g_autofree char *one = nth(script, i);
        g_string_append_printf(all, "%s%s", i > 0 ? " | " : "", one);
    }
    g_autofree char *found = g_string_free(all, FALSE);
    g_assert_cmpstr(found, ==, expected);
}

static void has_problem(const char *text, enum sql_problem_kind kind, guint line)
{
    AUTO(sql_script) script = script_of(text);

    for (guint i = 0; i < script->problems->len; i++) {
        const struct sql_problem *problem =
            &g_array_index(script->problems, struct sql_problem, i);
        if (problem->kind == kind && problem->line == line)
            return;
    }
    g_error("no such problem: %s", text);
}

static void no_problem(const char *text)
{
    AUTO(sql_script) script = script_of(text);

    if (script->problems->len > 0)
        g_error("%s: %s", text, g_array_index(script->problems, struct sql_problem, 0).message);
}

static void test_semicolons(void)
{
    splits("", "");
    splits(";;  ;", "");
    splits("-- nothing\n/* at all */", "");
    splits("SELECT 1", "SELECT 1");
    splits(" SELECT 1 ; ;SELECT 2;", "SELECT 1 | SELECT 2");
    splits("SELECT ';', \"a;b\"; SELECT 2", "SELECT ';', \"a;b\" | SELECT 2");
    splits("SELECT 1 -- a;b\n; SELECT /* c;d */ 2", "SELECT 1 | SELECT /* c;d */ 2");
    splits("CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2); SELECT 3",
           "CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2) | SELECT 3");
    splits("SELECT 1); SELECT 2", "SELECT 1) | SELECT 2");
}

static void test_quotes(void)
{
    splits("SELECT 'it''s;'; SELECT 2", "SELECT 'it''s;' | SELECT 2");
    splits("SELECT 'a\\'; SELECT 2", "SELECT 'a\\' | SELECT 2");
    splits("SELECT E'a\\';b'; SELECT 2", "SELECT E'a\\';b' | SELECT 2");
    splits("SELECT E'a''\\';b'; SELECT 2", "SELECT E'a''\\';b' | SELECT 2");
    splits("SELECT E'a'\n'\\';b'; SELECT 2", "SELECT E'a'\n'\\';b' | SELECT 2");
    splits("SELECT E'a' -- c\n '\\';b'; SELECT 2", "SELECT E'a' -- c\n '\\';b' | SELECT 2");
    splits("SELECT E'a', '\\'; SELECT 2", "SELECT E'a', '\\' | SELECT 2");
    splits("SELECT note'\\'; SELECT 2", "SELECT note'\\' | SELECT 2");
    splits("SELECT U&\"a;\\0041\", x'1;f'; SELECT 2",
           "SELECT U&\"a;\\0041\", x'1;f' | SELECT 2");
    splits("SELECT $$a;'$$, $x$ $$;$y$ $x$; SELECT 2",
           "SELECT $$a;'$$, $x$ $$;$y$ $x$ | SELECT 2");
    splits("SELECT a$x$, b; SELECT $1; SELECT $$;$$",
           "SELECT a$x$, b | SELECT $1 | SELECT $$;$$");
    splits("SELECT 1 /* a /* b */ ; */; SELECT 2", "SELECT 1 | SELECT 2");
    splits("SELECT /* a /* b */ ; */ 1; SELECT 2", "SELECT /* a /* b */ ; */ 1 | SELECT 2");
    splits("SELECT 1+--;\n2; SELECT 3-/*;*/4", "SELECT 1+--;\n2 | SELECT 3-/*;*/4");
}

static void test_bodies(void)
{
    splits(
        "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT CASE WHEN true THEN 1 "
        "END; END; SELECT 2",
        "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT CASE WHEN true THEN 1 "
        "END; END | SELECT 2");
    splits("create or replace procedure f() begin atomic; end; SELECT 2",
           "create or replace procedure f() begin atomic; end | SELECT 2");
    splits("BEGIN; SELECT 1; END; SELECT 2", "BEGIN | SELECT 1 | END | SELECT 2");
    splits("CREATE TABLE begin (atomic int); SELECT 2",
           "CREATE TABLE begin (atomic int) | SELECT 2");
}

static void test_places(void)
{
    AUTO(sql_script)
    script = script_of("\xef\xbb\xbfSELECT 1; -- behind it\r\n"
                       "\r\n"
                       "-- far\r\n"
                       "\r\n"
                       "-- near\r\n"
                       "/* nearer */ SELECT -- in it\r\n"
                       "\t'\xc3\xa4', 2;\r\n"
                       "SELECT 3");
    const struct sql_statement *first =
        &g_array_index(script->statements, struct sql_statement, 0);
    const struct sql_statement *second = first + 1, *third = first + 2;
    guint column;

    g_assert_cmpuint(script->statements->len, ==, 3);
    g_assert_cmpuint(script->comments->len, ==, 5);
    g_assert_cmpuint(script->problems->len, ==, 0);
    g_assert_cmpuint(first->line, ==, 1);
    g_assert_cmpuint(first->start, ==, 0);
    g_assert_cmpuint(first->lead, ==, 0);
    g_assert_cmpuint(second->line, ==, 6);
    g_assert_true(g_str_has_prefix(script->text + second->lead, "-- near"));
    g_assert_cmpuint(third->line, ==, 8);
    g_assert_cmpuint(third->lead, ==, third->start);
    gsize two = (gsize) (strstr(script->text, ", 2") - script->text);
    g_assert_cmpuint(sql_script_line(script, two, &column), ==, 7);
    g_assert_cmpuint(column, ==, 5);
    g_assert_cmpuint(sql_script_line(script, script->length + 9, NULL), ==, 8);
}

static void test_psql(void)
{
    splits("\\connect shop\nSELECT 1;\n\\i other.sql\nSELECT 2;", "SELECT 1 | SELECT 2");
    has_problem("SELECT 1;\n\\i other.sql\n", SQL_PROBLEM_META_COMMAND, 2);
    has_problem("SELECT :'name';", SQL_PROBLEM_META_COMMAND, 1);
    has_problem("SELECT * FROM t\nWHERE a = :id", SQL_PROBLEM_META_COMMAND, 2);
    no_problem("SELECT a[1:n], b::text, '\\d', f(x := 1), '{\"a\":\"b\"}'::jsonb");
    splits("COPY t FROM stdin;\n1\ta;b\n2\t'\n\\.\nSELECT 1;", "COPY t FROM stdin | SELECT 1");
    has_problem("SELECT 1;\nCOPY t (a, b) FROM STDIN WITH (FORMAT csv);\n1,2\n\\.\n",
                SQL_PROBLEM_COPY_DATA, 2);
    splits("COPY t FROM stdin; SELECT 1", "COPY t FROM stdin | SELECT 1");
    no_problem("COPY t FROM '/srv/x'; COPY t TO stdout; COPY (SELECT 1 FROM stdin) TO stdout");
}

static void test_bad(void)
{
    has_problem("SELECT 1;\nSELECT 'a;", SQL_PROBLEM_UNTERMINATED, 2);
    has_problem("SELECT \"a;", SQL_PROBLEM_UNTERMINATED, 1);
    has_problem("\n\n/* /* */ ;", SQL_PROBLEM_UNTERMINATED, 3);
    has_problem("SELECT $a$ $b$ ;", SQL_PROBLEM_UNTERMINATED, 1);
    has_problem("SELECT 1;\nSELECT '\xff';", SQL_PROBLEM_ENCODING, 2);
    has_problem("\xff\xfeS", SQL_PROBLEM_ENCODING, 1);
    splits("SELECT 'a;b", "SELECT 'a;b");

    AUTO(sql_script) nul = sql_script_new("SELECT 1\0; DROP TABLE t", 23);
    g_autofree char *first = nth(nul, 0);
    g_assert_cmpstr(first, ==, "SELECT 1\x1a");
    g_assert_cmpuint(nul->statements->len, ==, 2);
    AUTO(sql_script) none = sql_script_new(NULL, 0);
    g_assert_cmpuint(none->statements->len, ==, 0);
}

static void alone_is(const char *text, bool alone, bool control)
{
    AUTO(sql_script) script = script_of(text);
    const struct sql_statement *first =
        &g_array_index(script->statements, struct sql_statement, 0);

    if (first->alone != alone || first->control != control)
        g_error("alone %d, control %d: %s", first->alone, first->control, text);
}

static void test_transactions(void)
{
    alone_is("CREATE UNIQUE INDEX /* x */ CONCURRENTLY i ON t (a)", true, false);
    alone_is("create index concurrently on t (a)", true, false);
    alone_is("CREATE INDEX ON t (concurrently)", false, false);
    alone_is("DROP INDEX CONCURRENTLY IF EXISTS i", true, false);
    alone_is("REINDEX TABLE CONCURRENTLY t", true, false);
    alone_is("REINDEX (VERBOSE, CONCURRENTLY) TABLE t", true, false);
    alone_is("REINDEX (VERBOSE) SCHEMA s", true, false);
    alone_is("REINDEX TABLE t", false, false);
    alone_is("ALTER TABLE p DETACH PARTITION c CONCURRENTLY", true, false);
    alone_is("ALTER TABLE p DETACH PARTITION c", false, false);
    alone_is("REFRESH MATERIALIZED VIEW CONCURRENTLY v", false, false);
    alone_is("VACUUM (ANALYZE) t", true, false);
    alone_is("CLUSTER", true, false);
    alone_is("CLUSTER t USING i", false, false);
    alone_is("ALTER SYSTEM SET work_mem = '1MB'", true, false);
    alone_is("COMMIT PREPARED 'x'", true, false);
    alone_is("BEGIN ISOLATION LEVEL SERIALIZABLE", false, true);
    alone_is("START TRANSACTION", false, true);
    alone_is("END", false, true);
    alone_is("ROLLBACK", false, true);
    alone_is("ROLLBACK TO SAVEPOINT a", false, false);
    alone_is("ROLLBACK WORK TO a", false, false);
    alone_is("SELECT 1", false, false);
}

/* A quarter of a million statements: were anything quadratic, this would not end. */
static void test_large(void)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < 250000; i++)
        g_string_append_printf(text, "-- %u\nCOPY t FROM stdin;\n", i);
    AUTO(sql_script) script = sql_script_new(text->str, text->len);
    g_string_free(text, TRUE);
    g_assert_cmpuint(script->statements->len, ==, 250000);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/sql_script/semicolons", test_semicolons);
    g_test_add_func("/sql_script/quotes", test_quotes);
    g_test_add_func("/sql_script/bodies", test_bodies);
    g_test_add_func("/sql_script/places", test_places);
    g_test_add_func("/sql_script/psql", test_psql);
    g_test_add_func("/sql_script/bad", test_bad);
    g_test_add_func("/sql_script/transactions", test_transactions);
    g_test_add_func("/sql_script/large", test_large);
    return g_test_run();
}
