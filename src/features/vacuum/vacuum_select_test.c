#include "error.h"
#include "options.h"
#include "vacuum_fixture.h"

#include <string.h>

/* ---- a command line ---------------------------------------------------------------------- */

static struct settings *settings_of(const char *text)
{
    static struct setting_table tables[3];
    g_autoptr(GError) error = NULL;

    tables[0].rows = settings_core;
    tables[1] = (struct setting_table){"vacuum", feature_vacuum.settings, NULL};
    struct settings *settings = settings_parse(tables, "t.conf", text, strlen(text), &error);
    g_assert_no_error(error);
    return settings;
}

struct select_case {
    const char *name, *file;
    const char *options[6]; /* name and value in turn */
    const char *selected;   /* names of the tables that are left */
};

/* public.orders, public.order_lines, public."Orders", audit.orders, audit.log */
static struct vacuum_case *shop_new(void)
{
    static const char *const names[][2] = {{"public", "orders"},
                                           {"public", "order_lines"},
                                           {"public", "Orders"},
                                           {"audit", "orders"},
                                           {"audit", "log"}};
    struct vacuum_case *state = fixture_new();

    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *schema = g_strdup(names[i][0]);
        g_autofree char *name = g_strdup(names[i][1]);
        fixture_add(state, (struct vacuum_table){.schema = schema, .name = name});
    }
    return state;
}

static bool select_tables(const struct select_case *one, struct vacuum_case *state,
                          GError **error)
{
    AUTO(options) options = options_new();
    AUTO(settings) settings = settings_of(one->file == NULL ? "" : one->file);
    const struct call call = {.options = options, .settings = settings};

    for (gsize i = 0; i + 1 < G_N_ELEMENTS(one->options) && one->options[i] != NULL; i += 2)
        options_add(options, one->options[i], one->options[i + 1]);
    return vacuum_select(&call, state, error);
}

static char *selected(const struct vacuum_case *state)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < state->choices->len; i++) {
        const struct vacuum_choice *choice = fixture_choice(state, i);
        if (choice->bar == VACUUM_BAR_NONE)
            g_string_append_printf(text, "%s%s.%s", text->len > 0 ? " " : "",
                                   choice->table->schema, choice->table->name);
    }
    return g_string_free(text, FALSE);
}

static void test_select(void)
{
    static const struct select_case cases[] = {
        {"all",
         NULL,
         {NULL},
         "public.orders public.order_lines public.Orders audit.orders audit.log"},
        {"a table in every schema", NULL, {"table", "orders"}, "public.orders audit.orders"},
        {"a table of one schema", NULL, {"table", "audit.orders"}, "audit.orders"},
        {"a quoted table", NULL, {"table", "\"Orders\""}, "public.Orders"},
        {"a pattern",
         NULL,
         {"table", "order*"},
         "public.orders public.order_lines audit.orders"},
        {"a schema", NULL, {"schema", "audit"}, "audit.orders audit.log"},
        {"a schema and a table add up",
         NULL,
         {"schema", "audit", "table", "order_lines"},
         "public.order_lines audit.orders audit.log"},
        {"but not a table",
         NULL,
         {"exclude-table", "orders"},
         "public.order_lines public.Orders audit.log"},
        {"but not a schema", NULL, {"exclude-schema", "pub*"}, "audit.orders audit.log"},
        {"excluded wins",
         NULL,
         {"table", "orders", "exclude-schema", "audit"},
         "public.orders"},
        {"what is excluded need not be there",
         NULL,
         {"exclude-table", "nowhere"},
         "public.orders public.order_lines public.Orders audit.orders audit.log"},
        {"excluded by the settings",
         "[pgrunbook]\nvacuum.exclude_tables = log, public.order*\n"
         "vacuum.exclude_schemas = nowhere\n",
         {NULL},
         "public.Orders audit.orders"},
        {"a named table stays excluded by the settings",
         "[pgrunbook]\nvacuum.exclude_schemas = audit\n",
         {"table", "log", "table", "orders"},
         "public.orders"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        AUTO(vacuum_case) state = shop_new();
        g_autoptr(GError) error = NULL;
        g_assert_true(select_tables(&cases[i], state, &error));
        g_assert_no_error(error);
        g_autofree char *got = selected(state);
        if (strcmp(got, cases[i].selected) != 0)
            g_test_fail_printf("%s: %s", cases[i].name, got);
    }
}

static void test_unknown(void)
{
    static const struct {
        struct select_case select;
        const char *message;
    } cases[] = {
        {{.options = {"table", "order_line"}},
         "no table matches \"order_line\"\nhint: did you mean \"order_lines\"?"},
        {{.options = {"schema", "publik"}},
         "no schema matches \"publik\"\nhint: did you mean \"public\"?"},
        {{.options = {"table", "orders", "table", "zzzzzzzz"}},
         "no table matches \"zzzzzzzz\"\nhint: names are folded to lower case outside double "
         "quotes; * and ? are wildcards"},
        {{.options = {"table", ""}},
         "no table matches \"\"\nhint: names are folded to lower case outside double quotes; * "
         "and ? are wildcards"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        AUTO(vacuum_case) state = shop_new();
        g_autoptr(GError) error = NULL;
        g_assert_false(select_tables(&cases[i].select, state, &error));
        g_assert_error(error, RUNBOOK_ERROR, RUNBOOK_USAGE);
        g_assert_cmpstr(error->message, ==, cases[i].message);
    }
    AUTO(vacuum_case) empty = fixture_new();
    g_autoptr(GError) error = NULL;
    g_assert_false(select_tables(&cases[0].select, empty, &error));
    g_assert_error(error, RUNBOOK_ERROR, RUNBOOK_USAGE);
}

/* Every rule comes from its setting: none is read twice or forgotten. */
static void test_rules(void)
{
    AUTO(settings)
    settings = settings_of(
        "[pgrunbook]\n"
        "vacuum.dead_rows = 1\nvacuum.dead_fraction = 1%\nvacuum.inserted_rows = 2\n"
        "vacuum.inserted_fraction = 2%\nvacuum.changed_rows = 3\nvacuum.changed_fraction = 3%\n"
        "vacuum.not_visible_fraction = 4%\nvacuum.freeze_fraction = 5%\nvacuum.jobs = 6\n"
        "vacuum.memory = 7MB\nvacuum.buffer_usage_limit = 8MB\nvacuum.big_table = 9MB\n"
        "vacuum.cost_delay = 10ms\n");
    struct vacuum_rules rules = vacuum_rules_read(settings);
    g_assert_cmpint(rules.dead_rows, ==, 1);
    g_assert_cmpfloat(rules.dead_fraction, ==, 0.01);
    g_assert_cmpint(rules.inserted_rows, ==, 2);
    g_assert_cmpfloat(rules.inserted_fraction, ==, 0.02);
    g_assert_cmpint(rules.changed_rows, ==, 3);
    g_assert_cmpfloat(rules.changed_fraction, ==, 0.03);
    g_assert_cmpfloat(rules.not_visible_fraction, ==, 0.04);
    g_assert_cmpfloat(rules.freeze_fraction, ==, 0.05);
    g_assert_cmpuint(rules.lanes, ==, 6);
    g_assert_cmpint(rules.memory, ==, 7 << 20);
    g_assert_cmpint(rules.buffer_usage_limit, ==, 8 << 20);
    g_assert_cmpint(rules.big_bytes, ==, 9 << 20);
    g_assert_cmpint(rules.cost_delay_ms, ==, 10);
    g_assert_false(rules.analyze_only || rules.freeze);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/vacuum/select/select", test_select);
    g_test_add_func("/vacuum/select/unknown", test_unknown);
    g_test_add_func("/vacuum/select/rules", test_rules);
    return g_test_run();
}
