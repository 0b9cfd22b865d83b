#include "queries_private.h"

#include "backends/backends_fixture.h"

#include <string.h>

static const struct setting_table tables[] = {{NULL, settings_core, queries_kinds},
                                              {NULL, NULL, NULL}};

static struct settings *parsed(const char *text)
{
    g_autoptr(GError) error = NULL;
    struct settings *settings = settings_parse(tables, "t.conf", text, strlen(text), &error);

    g_assert_no_error(error);
    return settings;
}

static void test_like(void)
{
    g_assert_true(queries_like("select * from events", "SELECT *\n\tFROM events WHERE a"));
    g_assert_true(queries_like("FROM Events", "select 1 from   events"));
    g_assert_false(queries_like("from events", "select 1 from event, s"));
    g_assert_true(queries_like("select*events", "SELECT a FROM events"));
    g_assert_true(queries_like("select*events", "SELECT a FROM events LIMIT 1"));
    g_assert_false(queries_like("select*events", "SELECT a FROM event"));
    g_assert_true(queries_like("*ÄRGER*", "select ärger 1"));
    g_assert_true(queries_like("a?c", "aüc"));
    g_assert_false(queries_like("a?c", "ac"));
    g_assert_true(queries_like("*", ""));
    g_assert_false(queries_like("?", ""));
}

/* Nested stars would take a recursive matcher for ever. */
static void test_like_stars(void)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (int i = 0; i < 4000; i++)
        g_string_append_c(text, 'a');
    g_assert_false(queries_like("*a*a*a*a*a*a*a*a*a*a*a*a*b", text->str));
    g_assert_true(queries_like("*a*a*a*a*a*a*a*a*a*a*a*a*", text->str));
}

static void test_names(void)
{
    static const char *const patterns[] = {"web-*", "\xf0\x9f\x92\xa5 x", NULL};

    g_assert_true(backends_name_like(patterns, "web-1"));
    g_assert_false(backends_name_like(patterns, "Web-1"));
    g_assert_true(backends_name_like(patterns, "???? x"));
    g_assert_true(backends_name_like(patterns, "\\xf0\\x9f\\x92\\xa5 x"));
    g_assert_false(backends_name_like(patterns, NULL));
}

static void test_order(void)
{
    AUTO(settings)
    settings = parsed("[rule etl]\nrole = etl, batch\nlonger_than = 1h\naction = cancel\n"
                      "[rule reports]\napplication = metabase*\ndatabase = shop\n"
                      "query = from events\naction = terminate\n"
                      "[rule rest]\n");
    g_autoptr(GArray) rules = queries_rules(settings, NULL);
    struct backend backend = fixture_client(1, BACKEND_ACTIVE, 10);

    g_assert_cmpuint(rules->len, ==, 3);
    const struct queries_rule *rule = queries_rule_of(rules, &backend);
    g_assert_cmpstr(rule->name, ==, "rest");
    g_assert_cmpint(rule->action, ==, QUERIES_REPORT);
    g_assert_cmpint(rule->longer_than_us, ==, 60 * G_USEC_PER_SEC);
    backend.application = "metabase 5";
    backend.query = "SELECT a\nFROM events";
    g_assert_cmpint(queries_rule_of(rules, &backend)->action, ==, QUERIES_TERMINATE);
    backend.role = "batch";
    rule = queries_rule_of(rules, &backend);
    g_assert_cmpint(rule->action, ==, QUERIES_CANCEL);
    g_assert_cmpstr(queries_action_name(rule->action), ==, "cancel");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/queries/like", test_like);
    g_test_add_func("/queries/like/stars", test_like_stars);
    g_test_add_func("/queries/names", test_names);
    g_test_add_func("/queries/rules", test_order);
    return g_test_run();
}
