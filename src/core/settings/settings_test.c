#include "settings/settings_fixture.h"

#include <glib/gstdio.h>
#include <string.h>

struct wanted {
    const char *name;
    char *text, *origin;
};

static void look(const struct setting_view *view, gpointer data)
{
    struct wanted *wanted = data;

    if (strcmp(view->name, wanted->name) == 0) {
        wanted->text = g_strdup(view->text);
        wanted->origin = g_strdup(view->origin);
    }
}

static void view_is(const struct settings *settings, const char *name, const char *text,
                    const char *origin)
{
    struct wanted wanted = {.name = name};

    settings_each(settings, NULL, look, &wanted);
    g_assert_cmpstr(wanted.text, ==, text);
    g_assert_cmpstr(wanted.origin, ==, origin);
    g_free(wanted.text);
    g_free(wanted.origin);
}

static void test_defaults(void)
{
    AUTO(settings) settings = parsed("");

    g_assert_cmpint(settings_int(settings, "vacuum.jobs"), ==, 2);
    g_assert_cmpint(settings_int(settings, "vacuum.memory"), ==, 256 << 20);
    g_assert_cmpint(settings_int(settings, "vacuum.window"), ==, 7200000);
    g_assert_cmpfloat(settings_fraction(settings, "vacuum.dead"), ==, 0.02);
    g_assert_false(settings_bool(settings, "vacuum.truncate"));
    g_assert_cmpstr(settings_string(settings, "vacuum.mode"), ==, "auto");
    g_assert_cmpstr(settings_string(settings, "timezone"), ==, "UTC");
    g_assert_null(settings_string(settings, "conninfo"));
    g_assert_null(settings_list(settings, "vacuum.exclude")[0]);
    g_assert_false(settings_is_set(settings, "vacuum.jobs"));
    g_assert_null(settings_targets(settings)[0]);
    view_is(settings, "vacuum.jobs", "2", "default");
    view_is(settings, "vacuum.truncate", NULL, "default");
}

static void test_values(void)
{
    AUTO(settings)
    settings = parsed("\xef\xbb\xbf# comment\r\n"
                      "  [pgrunbook]\r\n"
                      "\tvacuum.jobs=8 \r\n"
                      "\n"
                      "vacuum.memory = 1.5 GB\n"
                      "vacuum.window = 1h30min\n"
                      "vacuum.dead = 0.5\n"
                      "vacuum.truncate = Yes\n"
                      "vacuum.mode = fast\n"
                      "vacuum.schedule = */15 * * * *\n"
                      "timezone = Europe/Berlin\n"
                      "vacuum.note = a\\tb = ü # not a comment");

    g_assert_cmpint(settings_int(settings, "vacuum.jobs"), ==, 8);
    g_assert_cmpint(settings_int(settings, "vacuum.memory"), ==, G_GINT64_CONSTANT(3) << 29);
    g_assert_cmpint(settings_int(settings, "vacuum.window"), ==, 5400000);
    g_assert_cmpfloat(settings_fraction(settings, "vacuum.dead"), ==, 0.5);
    g_assert_true(settings_bool(settings, "vacuum.truncate"));
    g_assert_cmpstr(settings_string(settings, "vacuum.mode"), ==, "fast");
    g_assert_cmpstr(settings_string(settings, "vacuum.schedule"), ==, "*/15 * * * *");
    g_assert_true(settings_override(settings, "vacuum.schedule", "off", "-", NULL));
    g_assert_cmpstr(settings_string(settings, "vacuum.schedule"), ==, "off");
    g_assert_cmpstr(settings_string(settings, "timezone"), ==, "Europe/Berlin");
    g_assert_cmpstr(settings_string(settings, "vacuum.note"), ==, "a\\tb = ü # not a comment");
    g_assert_true(settings_is_set(settings, "vacuum.jobs"));
    g_assert_true(settings_is_set(settings, "vacuum.note"));
    view_is(settings, "vacuum.jobs", "8", "t.conf:3");
    view_is(settings, "vacuum.memory", "1.5 GB", "t.conf:5");
    view_is(settings, "vacuum.note", "a\\tb = ü # not a comment", "t.conf:12");
    g_assert_true(settings_override(settings, "vacuum.note", "", "-", NULL));
    g_assert_false(settings_is_set(settings, "vacuum.note"));
}

static void note_is(const char *line, const char *expected)
{
    g_autofree char *text = g_strconcat("[pgrunbook]\n", line, NULL);
    AUTO(settings) settings = parsed(text);

    g_assert_cmpstr(settings_string(settings, "vacuum.note"), ==, expected);
}

static void test_quotes(void)
{
    note_is("vacuum.note = ' it''s '", " it's ");
    note_is("vacuum.note = ''", "");
    note_is("vacuum.note =", "");
    note_is("vacuum.note = ''''", "'");
    note_is("vacuum.note = C:\\temp\\new", "C:\\temp\\new");
    note_is("vacuum.note = it's", "it's");
    refused("[pgrunbook]\nvacuum.note = 'it's'",
            "t.conf:2: the quoted value does not end with a quote\n"
            "hint: a quote within quotes is written twice ('')");
    refused("[pgrunbook]\nvacuum.note = 'a' # b",
            "t.conf:2: the quoted value does not end with a quote\n"
            "hint: a quote within quotes is written twice ('')");
    refused("[pgrunbook]\nvacuum.note = '",
            "t.conf:2: the quoted value does not end with a quote\n"
            "hint: a quote within quotes is written twice ('')");
}

static void list_is(const char *value, const char *expected)
{
    g_autofree char *text = g_strconcat("[pgrunbook]\nvacuum.exclude = ", value, NULL);
    AUTO(settings) settings = parsed(text);
    g_autoptr(GString) joined = g_string_new(NULL);

    for (const char *const *name = settings_list(settings, "vacuum.exclude"); *name != NULL;
         name++)
        g_string_append_printf(joined, "<%s>", *name);
    g_assert_cmpstr(joined->str, ==, expected);
}

static void list_refused(const char *value)
{
    g_autofree char *text = g_strconcat("[pgrunbook]\nvacuum.exclude = ", value, NULL);
    g_autoptr(GError) error = NULL;

    g_assert_null(settings_parse(tables, "t.conf", text, strlen(text), &error));
    g_assert_error(error, RUNBOOK_ERROR, RUNBOOK_USAGE);
    g_assert_nonnull(strstr(error->message, "is not a list of names\nhint: "));
}

static void test_lists(void)
{
    list_is("", "");
    list_is("a", "<a>");
    list_is("public.a,b ,\tc.*", "<public.a><b><c.*>");
    list_is("\"my table\" , \"a,b\",\"say \"\"x\"\"\",ü", "<my table><a,b><say \"x\"><ü>");
    list_refused(",");
    list_refused("a,");
    list_refused("a,,b");
    list_refused("a b");
    list_refused("\"\"");
    list_refused("\"a");
    list_refused("\"a\"b");
    list_refused("public.\"a\"");
    list_refused("\"a\"\"");
}

static void test_faults_of_names(void)
{
    refused("[pgrunbook]\n\nvacuum.job = 1",
            "t.conf:3: unknown setting \"vacuum.job\"\nhint: did you mean \"vacuum.jobs\"?");
    refused("[pgrunbook]\njobs = 1",
            "t.conf:2: unknown setting \"jobs\"\nhint: did you mean \"vacuum.jobs\"?");
    refused("[pgrunbook]\nbananas = 1", "t.conf:2: unknown setting \"bananas\"\n"
                                        "hint: pgrunbook config sample lists all settings");
    refused("[pgrunbook]\nvacuum.jobs[de] = 1",
            "t.conf:2: unknown setting \"vacuum.jobs[de]\"\n"
            "hint: pgrunbook config sample lists all settings");
    refused("[pgrunbook]\nvacuum.jobs = 1\nvacuum.jobs = 2",
            "t.conf:3: setting \"vacuum.jobs\" is there already, in line 2");
    refused("[pgrunbook]\n[target a]\n[pgrunbook ]",
            "t.conf:3: section [pgrunbook] is there already, in line 1");
    refused("[target a]\n[target  a]", "t.conf:2: section [target a] is there already, in "
                                       "line 1");
    refused("[pgrunbok]", "t.conf:1: unknown section [pgrunbok]\nhint: did you mean "
                          "[pgrunbook]?");
    refused("[vacuum]", "t.conf:1: unknown section [vacuum]\nhint: sections are [pgrunbook], "
                        "[target NAME], [app NAME] and [rule NAME]");
    refused("[target]", "t.conf:1: unknown section [target]\nhint: sections are [pgrunbook], "
                        "[target NAME], [app NAME] and [rule NAME]");
    refused("[ap shop]", "t.conf:1: unknown section [ap shop]\nhint: did you mean [app shop]?");
    refused("[taget a]", "t.conf:1: unknown section [taget a]\nhint: did you mean [target a]?");
    refused("[target all]", "t.conf:1: a target cannot be called \"all\"\n"
                            "hint: \"all\" stands for all targets; choose another name");
    refused("[target a b]", "t.conf:1: invalid target name \"a b\"\n"
                            "hint: a target's name begins with a letter or digit and has "
                            "letters, digits, '.', '_' and '-'");
}

static void test_faults_of_lines(void)
{
    refused("vacuum.jobs = 1", "t.conf:1: setting \"vacuum.jobs\" stands before the first "
                               "section\nhint: begin the file with [pgrunbook]");
    refused("[pgrunbook]\nvacuum.jobs", "t.conf:2: \"vacuum.jobs\" is neither a section nor "
                                        "KEY = VALUE\nhint: as in: timezone = UTC");
    refused("[pgrunbook]\n= 1", "t.conf:2: \"= 1\" is neither a section nor KEY = VALUE\n"
                                "hint: as in: timezone = UTC");
    refused("[pgrunbook", "t.conf:1: \"[pgrunbook\" is not a section\n"
                          "hint: as in [pgrunbook] or [target NAME]");
    refused("[pgrunbook] # x", "t.conf:1: \"[pgrunbook] # x\" is not a section\n"
                               "hint: as in [pgrunbook] or [target NAME]");
    refused("[pgrunbook]\n\n# \xff", "t.conf:3: the file is not UTF-8 text\n"
                                     "hint: save the file as UTF-8");
    g_autoptr(GError) error = NULL;
    g_assert_null(settings_parse(tables, "t.conf", "[pgrunbook]\n\0", 13, &error));
    g_assert_error(error, RUNBOOK_ERROR, RUNBOOK_USAGE);
}

static void test_faults_of_values(void)
{
    refused("[pgrunbook]\nvacuum.jobs = 65",
            "t.conf:2: vacuum.jobs: 65 is above the maximum of 64");
    refused("[pgrunbook]\nvacuum.jobs = 0",
            "t.conf:2: vacuum.jobs: 0 is below the minimum of 1");
    refused("[pgrunbook]\nvacuum.jobs = 99999999999999999999",
            "t.conf:2: vacuum.jobs: 99999999999999999999 is out of range");
    refused("[pgrunbook]\nvacuum.jobs = many",
            "t.conf:2: vacuum.jobs: \"many\" is not a whole number");
    refused("[pgrunbook]\nvacuum.jobs = 2 kB",
            "t.conf:2: vacuum.jobs: \"2 kB\" is not a whole number\n"
            "hint: this setting takes no unit");
    refused("[pgrunbook]\nvacuum.jobs = 2 # two",
            "t.conf:2: vacuum.jobs: \"2 # two\" is not a whole number\n"
            "hint: a comment needs a line of its own");
    refused("[pgrunbook]\nvacuum.jobs =", "t.conf:2: vacuum.jobs: the value is empty\n"
                                          "hint: leave the setting out to get its default");
    refused("[pgrunbook]\nvacuum.memory = 512kB",
            "t.conf:2: vacuum.memory: 512kB is below the minimum of 1MB");
    refused(
        "[pgrunbook]\nvacuum.memory = 1G",
        "t.conf:2: vacuum.memory: \"1G\" is not a size\nhint: a size is a number and B, kB, "
        "MB, GB, TB or PB, as in 512MB; a bare number is bytes");
    refused("[pgrunbook]\nvacuum.window = 25h",
            "t.conf:2: vacuum.window: 25h is above the maximum of 1d");
    refused("[pgrunbook]\nvacuum.dead = 51%",
            "t.conf:2: vacuum.dead: 51% is above the maximum of 50%");
    refused("[pgrunbook]\nvacuum.truncate = maybe",
            "t.conf:2: vacuum.truncate: \"maybe\" is neither on nor off");
    refused("[pgrunbook]\nvacuum.mode = Fast",
            "t.conf:2: vacuum.mode: \"Fast\" is none of auto, careful, fast\n"
            "hint: did you mean \"fast\"?");
    refused("[pgrunbook]\ntimezone = Europe/Berln",
            "t.conf:2: timezone: unknown time zone \"Europe/Berln\"\n"
            "hint: did you mean \"Europe/Berlin\"?");
    refused("[target a]\nvacuum.jobs = 0",
            "t.conf:2: vacuum.jobs: 0 is below the minimum of 1");
    refused("[target a]\nstate = /tmp/x",
            "t.conf:2: setting \"state\" belongs in section [pgrunbook]");
    refused("[pgrunbook]\nconninfo = dbname=app",
            "t.conf:2: setting \"conninfo\" belongs in a section [target NAME]");
}

static void test_targets(void)
{
    AUTO(settings)
    settings = parsed("[target one]\nvacuum.jobs = 3\n"
                      "conninfo = 'host=h user=''u'' dbname=d'\n"
                      "[pgrunbook]\nvacuum.jobs = 4\nvacuum.window = 1h\n"
                      "[target two.b]\n");
    g_autoptr(GError) error = NULL;

    g_assert_cmpstr(settings_targets(settings)[0], ==, "one");
    g_assert_cmpstr(settings_targets(settings)[1], ==, "two.b");
    g_assert_null(settings_targets(settings)[2]);
    g_assert_cmpint(settings_int(settings, "vacuum.jobs"), ==, 4);

    AUTO(settings) one = settings_for_target(settings, "one", &error);
    g_assert_no_error(error);
    g_assert_cmpint(settings_int(one, "vacuum.jobs"), ==, 3);
    g_assert_cmpint(settings_int(one, "vacuum.window"), ==, 3600000);
    g_assert_cmpstr(settings_string(one, "conninfo"), ==, "host=h user='u' dbname=d");
    view_is(one, "vacuum.jobs", "3", "t.conf:2");

    g_assert_true(settings_override(settings, "vacuum.jobs", "9", "--jobs", &error));
    AUTO(settings) overridden = settings_for_target(settings, "one", &error);
    g_assert_no_error(error);
    g_assert_cmpint(settings_int(overridden, "vacuum.jobs"), ==, 9);
    view_is(overridden, "vacuum.jobs", "9", "--jobs");

    g_assert_null(settings_for_target(settings, "on", &error));
    g_assert_cmpstr(error->message, ==, "unknown target \"on\"\nhint: did you mean \"one\"?");
    g_clear_error(&error);
    g_assert_null(settings_for_target(settings, "production", &error));
    g_assert_cmpstr(error->message, ==,
                    "unknown target \"production\"\nhint: the configuration has one, two.b");
}

static void test_override(void)
{
    AUTO(settings) settings = parsed("[pgrunbook]\nvacuum.exclude = a, b\n");
    g_autoptr(GError) error = NULL;

    g_assert_true(settings_override(settings, "vacuum.exclude", "c", "--exclude", &error));
    g_assert_cmpstr(settings_list(settings, "vacuum.exclude")[0], ==, "c");
    g_assert_null(settings_list(settings, "vacuum.exclude")[1]);
    g_assert_false(settings_override(settings, "vacuum.jobs", "0", "--jobs", &error));
    g_assert_cmpstr(error->message, ==, "--jobs: vacuum.jobs: 0 is below the minimum of 1");
    g_assert_cmpint(settings_int(settings, "vacuum.jobs"), ==, 2);
    g_clear_error(&error);
    g_assert_false(settings_override(settings, "vacuum.jbos", "1", "--jobs", &error));
    g_assert_cmpstr(error->message, ==,
                    "--jobs: unknown setting \"vacuum.jbos\"\n"
                    "hint: did you mean \"vacuum.jobs\"?");
}

static char *conninfo_fault(const char *conninfo)
{
    g_autofree char *text = g_strconcat("[target a]\nconninfo = ", conninfo, NULL);
    g_autoptr(GError) error = NULL;

    AUTO(settings) settings = settings_parse(tables, "t.conf", text, strlen(text), &error);
    return settings != NULL ? NULL : g_strdup(error->message);
}

static void test_conninfo(void)
{
    static const char *const fine[] = {
        "dbname=app", "postgresql://user@h:5432/app?sslmode=require", "service=app",
        "host=h passfile=/etc/pass dbname='my password'", "user='a\\\\b'"};
    static const char *const secret[] = {
        "host=h password=hunter2",
        "host=h PASSWORD = 'hunter2' port",
        "password=hunter2 x=",
        "sslpassword=hunter2",
        "postgresql://user:hunter2@h/app",
        "postgres://h/app?p%61ssword=hunter2",
        "postgresql://h/app?password=hunter2",
    };
    static const char *const broken[] = {
        "app", "hosst=h", "host", "postgres://[hunter2", "http://u:hunter2@h", "host='a"};

    for (gsize i = 0; i < G_N_ELEMENTS(fine); i++)
        g_assert_cmpstr(conninfo_fault(fine[i]), ==, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(secret); i++) {
        g_autofree char *message = conninfo_fault(secret[i]);
        g_assert_true(g_str_has_prefix(message, "t.conf:2: conninfo: a connection string must "
                                                "not carry a password\nhint: "));
        g_assert_null(strstr(message, "hunter2"));
    }
    for (gsize i = 0; i < G_N_ELEMENTS(broken); i++) {
        g_autofree char *message = conninfo_fault(broken[i]);
        g_assert_nonnull(message);
        g_assert_null(strstr(message, "hunter2"));
    }
}

static void test_files(void)
{
    g_autofree char *folder = g_dir_make_tmp("settings-XXXXXX", NULL);
    g_autofree char *file = g_build_filename(folder, "a.conf", NULL);
    g_autofree char *missing = g_build_filename(folder, "missing.conf", NULL);
    g_autofree char *origin = g_strconcat(file, ":2", NULL);
    g_autoptr(GError) error = NULL;

    g_assert_true(g_file_set_contents(file, "[pgrunbook]\nvacuum.jobs = 5\n", -1, NULL));
    AUTO(settings) settings = settings_load(tables, file, &error);
    g_assert_no_error(error);
    view_is(settings, "vacuum.jobs", "5", origin);

    g_assert_null(settings_load(tables, missing, &error));
    g_assert_error(error, RUNBOOK_ERROR, RUNBOOK_USAGE);
    g_assert_nonnull(strstr(error->message, "missing.conf: No such file"));
    g_clear_error(&error);
    g_assert_null(settings_load(tables, folder, &error));
    g_assert_error(error, RUNBOOK_ERROR, RUNBOOK_USAGE);
    g_assert_nonnull(strstr(error->message, "Is a directory"));
    g_clear_error(&error);
    g_assert_null(settings_load(tables, "/dev/zero", &error));
    g_assert_error(error, RUNBOOK_ERROR, RUNBOOK_USAGE);
    g_assert_nonnull(strstr(error->message, "larger than 1 MB"));
    g_unlink(file);
    g_rmdir(folder);
}

static void in_own_place(void)
{
    g_autofree char *folder = g_dir_make_tmp("settings-XXXXXX", NULL);
    g_autofree char *own = g_build_filename(folder, "pgrunbook", NULL);
    g_autofree char *file = g_build_filename(own, "pgrunbook.conf", NULL);
    g_autofree char *other = g_build_filename(folder, "other.conf", NULL);
    g_autoptr(GError) error = NULL;

    g_setenv("XDG_CONFIG_HOME", folder, TRUE);
    g_setenv("XDG_STATE_HOME", folder, TRUE);
    g_unsetenv("PGRUNBOOK_CONFIG");
    AUTO(settings) none = settings_load(tables, NULL, &error);
    g_assert_no_error(error);
    g_autofree char *state = settings_state_path(none);
    g_assert_true(g_str_has_prefix(state, folder));
    g_assert_true(g_str_has_suffix(state, "/pgrunbook/history.db"));
    g_assert_cmpint(g_mkdir(own, 0700), ==, 0);
    g_assert_true(g_file_set_contents(file, "[pgrunbook]\nstate=/x/y.db\n", -1, NULL));
    g_assert_true(g_file_set_contents(other, "[pgrunbook]\nvacuum.jobs=7\n", -1, NULL));
    AUTO(settings) settings = settings_load(tables, NULL, &error);
    g_assert_no_error(error);
    g_autofree char *set = settings_state_path(settings);
    g_assert_cmpstr(set, ==, "/x/y.db");
    g_setenv("PGRUNBOOK_CONFIG", other, TRUE);
    AUTO(settings) named = settings_load(tables, NULL, &error);
    g_assert_no_error(error);
    g_assert_cmpint(settings_int(named, "vacuum.jobs"), ==, 7);
    g_assert_false(settings_is_set(named, "state"));
    g_unlink(file);
    g_unlink(other);
    g_rmdir(own);
    g_rmdir(folder);
}

/* In a process of its own: GLib remembers XDG_CONFIG_HOME from the first look. */
static void test_own_place(void)
{
    if (g_test_subprocess()) {
        in_own_place();
        return;
    }
    g_test_trap_subprocess(NULL, 0, 0);
    g_test_trap_assert_passed();
}

static void ask_wrongly(void)
{
    AUTO(settings) settings = parsed("");
    settings_int(settings, "vacuum.mode");
}

static void test_wrong_type(void)
{
    if (g_test_subprocess()) {
        ask_wrongly();
        return;
    }
    g_test_trap_subprocess(NULL, 0, 0);
    g_test_trap_assert_failed();
    g_test_trap_assert_stderr("*\"vacuum.mode\" is of another type*");
}

static void same_as_default(const struct setting_view *view, gpointer data)
{
    const char *text = view->text == NULL ? "" : view->text;
    const char *fallback = view->row->fallback == NULL ? "" : view->row->fallback;

    g_assert_cmpstr(text, ==, fallback);
    *(guint *) data += strcmp(view->origin, "default") != 0;
}

/* The sample is valid as it is, and still with every setting uncommented that can be empty. */
static void test_sample(void)
{
    g_autofree char *sample = settings_sample(tables);
    g_auto(GStrv) lines = g_strsplit(sample, "\n", -1);
    g_autoptr(GString) bare = g_string_new(NULL);
    guint expected = 0, count = 0;
    bool of_target = false;

    AUTO(settings) commented = parsed(sample);
    g_assert_null(settings_targets(commented)[0]);
    for (char **line = lines; *line != NULL; line++) {
        bool setting = (*line)[0] == '#' && (*line)[1] != ' ' && (*line)[1] != '\0';
        g_assert_true(setting || strlen(*line) <= 80); /* a value cannot be continued */
        bool empty = g_str_has_suffix(*line, "=") && strstr(*line, "truncate") != NULL;
        const char *heading = **line == '#' ? *line + 1 : *line;
        if (*heading == '[')
            of_target = g_str_has_prefix(heading, "[target");
        else
            expected += setting && !empty && !of_target;
        g_string_append_printf(bare, "%s\n", setting && !empty ? *line + 1 : *line);
    }
    AUTO(settings) settings = parsed(bare->str);
    g_assert_cmpstr(settings_targets(settings)[0], ==, "example");
    settings_each(settings, NULL, same_as_default, &count);
    g_assert_cmpuint(count, >=, G_N_ELEMENTS(sample_rows) - 1 - 1 + 2);
    g_assert_cmpuint(count, ==, expected);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/settings/defaults", test_defaults);
    g_test_add_func("/settings/values", test_values);
    g_test_add_func("/settings/quotes", test_quotes);
    g_test_add_func("/settings/lists", test_lists);
    g_test_add_func("/settings/faults/names", test_faults_of_names);
    g_test_add_func("/settings/faults/lines", test_faults_of_lines);
    g_test_add_func("/settings/faults/values", test_faults_of_values);
    g_test_add_func("/settings/targets", test_targets);
    g_test_add_func("/settings/override", test_override);
    g_test_add_func("/settings/conninfo", test_conninfo);
    g_test_add_func("/settings/files", test_files);
    g_test_add_func("/settings/own_place", test_own_place);
    g_test_add_func("/settings/wrong_type", test_wrong_type);
    g_test_add_func("/settings/sample", test_sample);
    return g_test_run();
}
