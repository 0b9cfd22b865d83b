#include "cli/grammar.h"
#include "cli/line.h"
#include "options.h"

#include <string.h>

/* A runbook of one section, so that nothing here depends on the real ones. */
static enum runbook_exit run(struct call *call, GError **error)
{
    (void) call;
    (void) error;
    return RUNBOOK_DONE;
}

static const struct option demo_options[] = {
    {.name = "jobs", .letter = 'j', .argument = "N", .prose = "lanes"},
    {.name = "table", .letter = 't', .argument = "TABLE", .repeats = true, .prose = "only it"},
    {.name = "freeze", .letter = 'F', .prose = "freeze"},
    {.name = NULL},
};
static const struct option drop_options[] = {
    {.name = "all", .letter = 'a', .prose = "all of them"},
    {.name = "broken", .prose = "the broken ones"},
    {.name = "kind", .argument = "KIND", .prose = "only these"},
    {.name = NULL},
};
static const char *const drop_instead[] = {"all", "broken", NULL};
static const struct command demo_commands[] = {
    {.verb = "plan", .summary = "plan", .flags = COMMAND_NEEDS_SERVER, .run = run},
    {.verb = "run",
     .summary = "run",
     .options = demo_options,
     .flags = COMMAND_NEEDS_SERVER | COMMAND_WRITES,
     .run = run},
    {.verb = "show", .arguments = "ID", .summary = "show", .run = run},
    {.verb = "drop",
     .arguments = "NAME",
     .instead = drop_instead,
     .summary = "drop",
     .options = drop_options,
     .flags = COMMAND_NEEDS_SERVER,
     .run = run},
    {.verb = "watch",
     .arguments = "-- PROGRAM...",
     .summary = "watch",
     .options = demo_options,
     .flags = COMMAND_NEEDS_SERVER,
     .run = run},
    {.run = NULL},
};
static const struct feature demo = {.name = "demo", .title = "Demo", .commands = demo_commands};
const struct feature *const features[] = {&demo, NULL};

static struct cli_line *parse(const char *text, GError **error)
{
    g_auto(GStrv) words = g_strsplit(text, " ", -1);
    struct cli_line *line = cli_line_new();

    if (cli_line_parse(line, (const char *const *) words, error))
        return line;
    cli_line_free(line);
    return NULL;
}

static struct cli_line *understood(const char *text)
{
    g_autoptr(GError) error = NULL;
    struct cli_line *line = parse(text, &error);

    g_assert_no_error(error);
    g_assert_nonnull(line);
    return line;
}

static void test_spellings(void)
{
    static const char *const spellings[] = {
        "demo run -j4 -F shop",      "demo run -j 4 -F shop",
        "demo run --jobs=4 -F shop", "demo run --jobs 4 --freeze shop",
        "demo run shop -Fj4",        "-j4 demo -F run shop",
        "demo -j 4 run -F -- shop",  "--freeze -j 9 demo run shop -j4",
    };
    for (guint i = 0; i < G_N_ELEMENTS(spellings); i++) {
        AUTO(cli_line) line = understood(spellings[i]);
        g_assert_true(line->section == &demo);
        g_assert_cmpstr(line->command->verb, ==, "run");
        g_assert_cmpstr(option_value(line->options, "jobs"), ==, "4");
        g_assert_true(option_given(line->options, "freeze"));
        g_assert_false(option_given(line->options, "yes"));
        g_assert_cmpstr(line->dbname, ==, "shop");
    }
}

static void test_repeated(void)
{
    AUTO(cli_line) line = understood("demo run -t a --table=b -tc");
    const char *const *tables = option_values(line->options, "table");

    g_assert_cmpstr(tables[0], ==, "a");
    g_assert_cmpstr(tables[1], ==, "b");
    g_assert_cmpstr(tables[2], ==, "c");
    g_assert_null(tables[3]);
    g_assert_null(option_values(line->options, "jobs")[0]);
    g_assert_null(option_value(line->options, "jobs"));
}

static void test_words(void)
{
    AUTO(cli_line) dashes = understood("demo run -- --freeze");
    g_assert_cmpstr(dashes->dbname, ==, "--freeze");
    g_assert_false(option_given(dashes->options, "freeze"));

    AUTO(cli_line) alone = understood("check shop");
    g_assert_cmpstr(alone->section->name, ==, "check");
    g_assert_cmpstr(alone->dbname, ==, "shop");

    AUTO(cli_line) argument = understood("demo show 12");
    g_assert_cmpstr(argument->arguments->pdata[0], ==, "12");
    g_assert_null(argument->dbname);

    AUTO(cli_line) assumed = understood("history --limit 3");
    g_assert_cmpstr(assumed->command->verb, ==, "list");

    AUTO(cli_line) empty = understood("demo run --jobs=");
    g_assert_cmpstr(option_value(empty->options, "jobs"), ==, "");

    AUTO(cli_line) dash_value = understood("demo run -t -x");
    g_assert_cmpstr(option_value(dash_value->options, "table"), ==, "-x");
}

/* Beside a switch that stands for the argument, the only word is the database. */
static void test_instead(void)
{
    static const struct {
        const char *text, *argument, *dbname;
    } cases[] = {
        {"demo drop a", "a", NULL},
        {"demo drop a shop", "a", "shop"},
        {"demo drop --kind x a shop", "a", "shop"},
        {"demo drop --all", NULL, NULL},
        {"demo drop --all shop", NULL, "shop"},
        {"demo drop shop -a", NULL, "shop"},
        {"demo drop --broken --all shop", NULL, "shop"},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        AUTO(cli_line) line = understood(cases[i].text);
        g_test_message("%s", cases[i].text);
        g_assert_cmpstr(line->arguments->len > 0 ? line->arguments->pdata[0] : NULL, ==,
                        cases[i].argument);
        g_assert_cmpstr(line->dbname, ==, cases[i].dbname);
    }
    g_autofree char *usage = cli_usage(cli_command(&demo, "drop"));
    g_assert_cmpstr(usage, ==, "[OPTION]... NAME|--all|--broken [DBNAME]");
}

/* What stands behind the dashes is a program's. */
static void test_program(void)
{
    AUTO(cli_line) line = understood("demo watch -F shop -- ./app -F --jobs 3 -- x");
    const char *const words[] = {"./app", "-F", "--jobs", "3", "--", "x"};
    g_autoptr(GError) none = NULL, many = NULL;

    g_assert_cmpstr(line->dbname, ==, "shop");
    g_assert_cmpuint(line->arguments->len, ==, G_N_ELEMENTS(words));
    for (guint i = 0; i < G_N_ELEMENTS(words); i++)
        g_assert_cmpstr(line->arguments->pdata[i], ==, words[i]);
    g_assert_null(option_value(line->options, "jobs"));

    AUTO(cli_line) alone = understood("demo watch -- ./app");
    g_assert_null(alone->dbname);
    g_assert_cmpuint(alone->arguments->len, ==, 1);

    g_assert_null(parse("demo watch ./app", &none));
    g_assert_error(none, RUNBOOK_ERROR, RUNBOOK_USAGE);
    g_assert_null(parse("demo watch a b -- ./app", &many));
    g_assert_error(many, RUNBOOK_ERROR, RUNBOOK_USAGE);
    g_autofree char *usage = cli_usage(cli_command(&demo, "watch"));
    g_assert_cmpstr(usage, ==, "[OPTION]... [DBNAME] -- PROGRAM...");
}

static void test_help(void)
{
    static const char *const asking[] = {"--help",
                                         "-?",
                                         "demo --help",
                                         "demo run -?",
                                         "demo run x y z -F?",
                                         "history show --help"};
    for (guint i = 0; i < G_N_ELEMENTS(asking); i++) {
        AUTO(cli_line) line = understood(asking[i]);
        g_assert_true(line->help);
    }
    AUTO(cli_line) host = understood("demo run -h -?");
    g_assert_false(host->help);
    g_assert_cmpstr(option_value(host->options, "host"), ==, "-?");
    AUTO(cli_line) version = understood("-V");
    g_assert_true(version->version);
}

static void test_errors(void)
{
    static const struct {
        const char *text, *message, *hint;
    } cases[] = {
        {"", "no command given", "--help"},
        {"--json", "no command given", "--help"},
        {"histroy", "no section \"histroy\"", "\"history\""},
        {"demo", "needs a command", "plan, run, show, drop"},
        {"demo rnu", "no command \"rnu\"", "demo run"},
        {"demo run --jbos 3", "no option --jbos", "--jobs"},
        {"demo run -x", "no option -x", "--help"},
        {"demo plan --freeze", "no option --freeze", "demo plan --help"},
        {"--freeze demo plan", "no option --freeze", "demo plan --help"},
        {"demo plan --yes", "no option --yes", "demo plan --help"},
        {"demo run --freeze=yes", "takes no value", NULL},
        {"demo run --jobs", "needs a value: N", NULL},
        {"demo run -h", "needs a value: HOSTNAME", "--help"},
        {"demo run a b", "\"b\"", "[DBNAME]"},
        {"demo show", "needs ID", "demo show"},
        {"demo show 1 2", "\"2\"", "demo show"},
        {"demo drop", "needs NAME|--all|--broken", "demo drop"},
        {"demo drop --kind x", "needs NAME|--all|--broken", "demo drop"},
        {"demo drop a b c", "\"c\"", "demo drop"},
        {"demo drop --all a b", "\"b\"", "[DBNAME]"},
        {"history lst", "no command \"lst\"", "history list"},
        {"completion", "needs bash|zsh|fish", NULL},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        AUTO(cli_line) line = parse(cases[i].text, &error);
        g_test_message("%s: %s", cases[i].text, error != NULL ? error->message : "no error");
        g_assert_null(line);
        g_assert_error(error, RUNBOOK_ERROR, RUNBOOK_USAGE);
        g_assert_nonnull(strstr(error->message, cases[i].message));
        const char *hint = strstr(error->message, "\nhint: ");
        if (cases[i].hint != NULL)
            g_assert_nonnull(strstr(hint != NULL ? hint : "", cases[i].hint));
    }
}

/* A monitoring plugin's exit code depends on knowing that it was `check`. */
static void test_section_survives_error(void)
{
    static const char *const words[] = {"check", "--bogus", NULL};
    AUTO(cli_line) line = cli_line_new();

    g_assert_false(cli_line_parse(line, words, NULL));
    g_assert_nonnull(line->command);
    g_assert_true(line->command->flags & CLI_MONITOR);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/line/spellings", test_spellings);
    g_test_add_func("/line/repeated", test_repeated);
    g_test_add_func("/line/words", test_words);
    g_test_add_func("/line/instead", test_instead);
    g_test_add_func("/line/program", test_program);
    g_test_add_func("/line/help", test_help);
    g_test_add_func("/line/errors", test_errors);
    g_test_add_func("/line/section_survives_error", test_section_survives_error);
    return g_test_run();
}
