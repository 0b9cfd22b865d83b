#include "settings/settings_fixture.h"

struct seen {
    const char *section;
    GString *text;
};

static void look(const struct setting_view *view, gpointer data)
{
    struct seen *seen = data;

    if (g_strcmp0(view->section, seen->section) == 0 && view->text != NULL)
        g_string_append_printf(seen->text, "%s=%s (%s)\n", view->name, view->text,
                               view->origin);
}

static void view_is(const struct settings *settings, const char *target, const char *section,
                    const char *expected)
{
    g_autoptr(GString) text = g_string_new(NULL);
    struct seen seen = {section, text};

    settings_each(settings, target, look, &seen);
    g_assert_cmpstr(text->str, ==, expected);
}

static const struct settings_section *section(const GPtrArray *sections, guint position,
                                              const char *name)
{
    g_assert_cmpuint(position, <, sections->len);
    const struct settings_section *found = g_ptr_array_index(sections, position);
    g_assert_cmpstr(found->name, ==, name);
    return found;
}

static void test_sections(void)
{
    AUTO(settings)
    settings = parsed("[app shop]\nmax_open = 10\nrole = web, \"a b\"\n"
                      "[pgrunbook]\nvacuum.jobs = 4\n"
                      "[app worker-2]\ntargets = one\n"
                      "[target one]\n[target two]\n"
                      "[rule  shop]\naction = fast\n");

    g_autoptr(GPtrArray) apps = settings_sections(settings, "app", NULL);
    const struct settings_section *shop = section(apps, 0, "shop");
    g_assert_cmpuint(apps->len, ==, 1);
    g_assert_cmpstr(shop->origin, ==, "t.conf:1");
    g_assert_cmpint(settings_int(shop->settings, "max_open"), ==, 10);
    g_assert_cmpstr(settings_list(shop->settings, "role")[1], ==, "a b");
    g_assert_true(settings_is_set(shop->settings, "max_open"));
    AUTO(settings) one = settings_for_target(settings, "one", NULL);
    g_autoptr(GPtrArray) of_one = settings_sections(one, "app", "one");
    const struct settings_section *worker = section(of_one, 1, "worker-2");
    g_assert_cmpint(settings_int(worker->settings, "max_open"), ==, 25);
    g_assert_false(settings_is_set(worker->settings, "max_open"));
    g_autoptr(GPtrArray) of_two = settings_sections(settings, "app", "two");
    g_assert_cmpuint(of_two->len, ==, 1);
    g_autoptr(GPtrArray) rules = settings_sections(settings, "rule", "two");
    g_assert_cmpstr(settings_string(section(rules, 0, "shop")->settings, "action"), ==, "fast");
    view_is(settings, NULL, "rule shop", "action=fast (t.conf:11)\n");
    view_is(one, "one", "app worker-2", "max_open=25 (default)\ntargets=one (t.conf:7)\n");
    view_is(settings, "two", "app worker-2", "");
}

static void test_faults_of_sections(void)
{
    refused("[]",
            "t.conf:1: unknown section []\nhint: sections are [pgrunbook], [target NAME], "
            "[app NAME] and [rule NAME]");
    refused("[app shop]\nmax_opne = 1",
            "t.conf:2: unknown setting \"max_opne\"\nhint: did you mean \"max_open\"?");
    refused("[app shop]\nmax_open = 0", "t.conf:2: max_open: 0 is below the minimum of 1");
    refused("[app shop]\nvacuum.jobs = 2", "t.conf:2: unknown setting \"vacuum.jobs\"\n"
                                           "hint: pgrunbook config sample lists all settings");
    refused("[pgrunbook]\nmax_open = 2", "t.conf:2: unknown setting \"max_open\"\n"
                                         "hint: pgrunbook config sample lists all settings");
    refused("[app a]\n[rule a]\n[app  a]",
            "t.conf:3: section [app a] is there already, in line 1");
    refused("[app a b]", "t.conf:1: invalid app name \"a b\"\n"
                         "hint: a section's name begins with a letter or digit and has "
                         "letters, digits, '.', '_' and '-'");
    refused("[app a]\ntargets = one, tow\n[target one]\n[target two]",
            "t.conf:2: targets: unknown target \"tow\"\nhint: did you mean \"two\"?");
    refused("[rule a]\naction = Fast", "t.conf:2: action: \"Fast\" is none of auto, careful, "
                                       "fast\nhint: did you mean \"fast\"?");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/settings/sections", test_sections);
    g_test_add_func("/settings/sections/faults", test_faults_of_sections);
    return g_test_run();
}
