#include "drill.h"
#include "error.h"

#include <string.h>

static GPtrArray *parsed(const char *text)
{
    g_autoptr(GError) error = NULL;
    GPtrArray *statements = drill_statements_parse(text, &error);

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
    g_autoptr(GPtrArray) all = drill_statements_parse("--Database:shop\n"
                                                      "-- NAME : one\nSELECT 1;\n"
                                                      "-- names: two\nSELECT 2;\n"
                                                      "-- database:\n-- name:\nSELECT 3",
                                                      NULL);
    const struct drill_statement *one = all->pdata[0], *two = all->pdata[1],
                                 *three = all->pdata[2];

    g_assert_cmpstr(one->database, ==, "shop");
    g_assert_cmpstr(one->name, ==, "one");
    g_assert_cmpstr(two->database, ==, "shop");
    g_assert_cmpstr(two->name, ==, "line 5");
    g_assert_null(three->database);
    g_assert_cmpstr(three->name, ==, "line 8");
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
        g_assert_null(drill_statements_parse(texts[i], &error));
        g_assert_error(error, RUNBOOK_ERROR, RUNBOOK_USAGE);
    }
    g_autoptr(GPtrArray) none = parsed("  -- nothing\n /* at all */ ; ");
    g_assert_cmpuint(none->len, ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/drill_statements/names", test_names);
    g_test_add_func("/drill_statements/spelling", test_spelling);
    g_test_add_func("/drill_statements/quotes", test_quotes);
    g_test_add_func("/drill_statements/escapes", test_escapes);
    g_test_add_func("/drill_statements/open", test_open);
    return g_test_run();
}
