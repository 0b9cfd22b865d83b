#include "drill.h"
#include "error.h"

#include <string.h>

static GPtrArray *parsed(const char *text)
{
    g_autoptr(GError) error = NULL;
    GPtrArray *statements = drill_statements_parse(text, strlen(text), &error);

    g_assert_no_error(error);
    return statements;
}

static void assert_statement(const GPtrArray *statements, guint place, const char *name,
                             const char *database, const char *sql)
{
    g_assert_cmpuint(statements->len, >, place);
    const struct drill_statement *statement = statements->pdata[place];
    g_assert_cmpstr(statement->name, ==, name);
    g_assert_cmpstr(statement->database, ==, database);
    g_assert_cmpstr(statement->sql, ==, sql);
}

static void test_names(void)
{
    g_autoptr(GPtrArray) statements = parsed("SELECT 1;\n"
                                             "-- database: shop\n"
                                             "-- name: orders have customers\n"
                                             "SELECT *\n  FROM o;\n"
                                             "\nSELECT true");

    g_assert_cmpuint(statements->len, ==, 3);
    assert_statement(statements, 0, "line 1", NULL, "SELECT 1");
    assert_statement(statements, 1, "orders have customers", "shop", "SELECT *\n  FROM o");
    assert_statement(statements, 2, "line 7", "shop", "SELECT true");
}

static void test_spelling(void)
{
    g_autoptr(GPtrArray) statements = parsed("--Database:shop\n"
                                             "-- NAME : one\nSELECT 1;\n"
                                             "-- names: two\nSELECT 2;\n"
                                             "-- database:\n-- name:\nSELECT 3");

    assert_statement(statements, 0, "one", "shop", "SELECT 1");
    assert_statement(statements, 1, "line 5", "shop", "SELECT 2");
    assert_statement(statements, 2, "line 8", NULL, "SELECT 3");
}

static void test_quotes(void)
{
    g_autoptr(GPtrArray) statements =
        parsed("SELECT ';', ';''', \"a;b\", $$;$$, $x$;$$;$x$, a$b$c;"
               " /* ; /* ; */ ; */ SELECT $1 -- ; no end\n + 2;;");

    g_assert_cmpuint(statements->len, ==, 2);
    assert_statement(statements, 0, "line 1", NULL,
                     "SELECT ';', ';''', \"a;b\", $$;$$, $x$;$$;$x$, a$b$c");
    assert_statement(statements, 1, "line 1", NULL, "SELECT $1 -- ; no end\n + 2");
}

/* Where a backslash escapes, and where it does not. */
static void test_escapes(void)
{
    static const char *const texts[] = {
        "SELECT E'it\\'s; ' = 'it''s'",
        "SELECT e'\\\\'",
        "SELECT E'a'';\\';'",
        "SELECT E'a;' -- it's\n'b\\';'",
        "SELECT 'a\\'",
        "SELECT U&'\\0041;''\\'",
        "SELECT U&\"\\0041;\"",
        "SELECT N'\\', 1",
        "SELECT \u00e9E'\\', a$E'\\'",
        "SELECT E'a' 'b\\'",
    };

    for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autofree char *text = g_strconcat("\xEF\xBB\xBF", texts[i], "; SELECT 2", NULL);
        g_autoptr(GPtrArray) statements = parsed(text);
        g_assert_cmpuint(statements->len, ==, 2);
        assert_statement(statements, 0, "line 1", NULL, texts[i]);
        const char *line = strchr(texts[i], '\n') != NULL ? "line 2" : "line 1";
        assert_statement(statements, 1, line, NULL, "SELECT 2");
    }
}

static void test_open(void)
{
    static const char *const texts[] = {"SELECT 'a;", "SELECT \"a",    "SELECT $$ a",
                                        "/* a /* */", "SELECT E'a\\'", "SELECT E'\\"};

    for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(drill_statements_parse(texts[i], strlen(texts[i]), &error));
        g_assert_error(error, RUNBOOK_ERROR, RUNBOOK_USAGE);
    }
    g_autoptr(GPtrArray) none = parsed("  -- nothing\n /* at all */ ; ");
    g_assert_cmpuint(none->len, ==, 0);
}

/* A semicolon within a routine ends nothing. */
static void test_bodies(void)
{
    static const char body[] =
        "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT CASE "
        "WHEN true THEN 2 END; END";
    g_autofree char *text =
        g_strconcat(body, "; SELECT f() = 2; DO $$BEGIN; NULL; END$$", NULL);
    g_autoptr(GPtrArray) statements = parsed(text);

    g_assert_cmpuint(statements->len, ==, 3);
    assert_statement(statements, 0, "line 1", NULL, body);
    assert_statement(statements, 1, "line 1", NULL, "SELECT f() = 2");
}

/* What psql reads and the server does not. */
static void test_psql(void)
{
    static const char *const texts[] = {"SELECT 1;\n\\connect shop\nSELECT 2;",
                                        "SELECT 1;\n\\i more.sql", "SELECT 1;\nSELECT 2 \\gset",
                                        "SELECT 1;\nCOPY t FROM stdin;\n1\t;\n\\.\n",
                                        "SELECT 1;\nSELECT '\xff'"};

    for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(drill_statements_parse(texts[i], strlen(texts[i]), &error));
        g_assert_error(error, RUNBOOK_ERROR, RUNBOOK_USAGE);
        g_assert_true(g_str_has_prefix(error->message, "line 2: "));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/drill_statements/names", test_names);
    g_test_add_func("/drill_statements/spelling", test_spelling);
    g_test_add_func("/drill_statements/quotes", test_quotes);
    g_test_add_func("/drill_statements/escapes", test_escapes);
    g_test_add_func("/drill_statements/open", test_open);
    g_test_add_func("/drill_statements/bodies", test_bodies);
    g_test_add_func("/drill_statements/psql", test_psql);
    return g_test_run();
}
