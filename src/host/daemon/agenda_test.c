#include "daemon/agenda.h"

#include "cli/grammar.h"

#include <string.h>

static enum runbook_exit nothing(struct call *call, GError **error)
{
    (void) call;
    (void) error;
    return RUNBOOK_DONE;
}

static const struct setting first_settings[] = {
    {.name = "schedule", .type = SETTING_SCHEDULE, .fallback = "0 2 * * Sun", .prose = ""},
    {.name = "window", .type = SETTING_DURATION, .fallback = "3h", .prose = ""},
    {.name = "look_schedule", .type = SETTING_SCHEDULE, .fallback = "@daily", .prose = ""},
    {.name = "folder", .type = SETTING_STRING, .prose = ""},
    {.name = NULL},
};
static const struct option window_option[] = {
    {.name = "window", .argument = "DURATION", .prose = ""},
    {.name = NULL},
};
static const struct command first_commands[] = {
    {.verb = "run", .options = window_option, .flags = COMMAND_WRITES, .run = nothing},
    {.verb = "look", .run = nothing},
    {.run = NULL},
};
static const struct job first_jobs[] = {
    {.schedule = "schedule", .verb = "run", .what = "the first"},
    {.schedule = "look_schedule", .verb = "look", .what = "another one", .needs = "folder"},
    {.schedule = NULL},
};
static const struct feature first = {.name = "first",
                                     .settings = first_settings,
                                     .commands = first_commands,
                                     .jobs = first_jobs};

static const char *const choices[] = {"report", "rebuild", NULL};
static const struct setting second_settings[] = {
    {.name = "schedule", .type = SETTING_SCHEDULE, .fallback = "0 3 1 * *", .prose = ""},
    {.name = "job",
     .type = SETTING_CHOICE,
     .fallback = "report",
     .choices = choices,
     .prose = ""},
    {.name = NULL},
};
static const char *const instead[] = {"bloated", NULL};
static const struct command second_commands[] = {
    {.verb = "report", .summary = "Look", .flags = COMMAND_RECORDS, .run = nothing},
    {.verb = "rebuild",
     .arguments = "NAME",
     .instead = instead,
     .flags = COMMAND_WRITES,
     .run = nothing},
    {.run = NULL},
};
static const struct job second_jobs[] = {
    {.schedule = "schedule", .instead = "bloated"},
    {.schedule = NULL},
};
static const struct feature second = {.name = "second",
                                      .settings = second_settings,
                                      .commands = second_commands,
                                      .jobs = second_jobs};
static const struct feature third = {.name = "third", .commands = second_commands};

const struct feature *const features[] = {&first, &second, &third, NULL};

static void expect_jobs(const char *text, const char *expected)
{
    AUTO(settings) all = settings_parse(cli_setting_tables(), "-", text, strlen(text), NULL);
    AUTO(settings) settings = settings_for_target(all, "shop", NULL);
    g_autoptr(GArray) jobs = agenda_jobs(settings, "shop");
    g_autoptr(GString) found = g_string_new(NULL);

    for (guint i = 0; i < jobs->len; i++) {
        const struct scheduler_job *job = &g_array_index(jobs, struct scheduler_job, i);
        g_string_append_printf(found, "%s %s %s %s %s %d; ", job->target, job->key, job->verb,
                               job->schedule, job->zone, (int) job->window_ms);
    }
    g_assert_cmpstr(found->str, ==, expected);
}

static void test_jobs(void)
{
    expect_jobs(
        "[target shop]",
        "shop first run 0 2 * * Sun UTC 10800000; shop second report 0 3 1 * * UTC 0; ");
    expect_jobs("[pgrunbook]\nfirst.schedule = off\ntimezone = Europe/Berlin\n"
                "[target shop]\nsecond.job = rebuild\nsecond.schedule = @daily",
                "shop second rebuild @daily Europe/Berlin 0; ");
    expect_jobs("[target shop]\nfirst.schedule = off\nsecond.schedule = off\n", "");
    /* Several of one section, each by a name of its own; off without what it needs. */
    expect_jobs("[target shop]\nfirst.folder = /srv\nsecond.schedule = off\n",
                "shop first run 0 2 * * Sun UTC 10800000; shop first look look @daily UTC "
                "10800000; ");
    /* The host's own sections come last; one of what a job needs is enough. */
    static const char quiet[] = "first.schedule = off\nsecond.schedule = off\n";
    g_autofree char *folder =
        g_strconcat("[target shop]\n", quiet, "report.folder = /srv", NULL);
    g_autofree char *mail = g_strconcat("[target shop]\n", quiet, "report.to = a@b", NULL);
    expect_jobs(folder, "shop report send 0 6 1 * * UTC 0; ");
    expect_jobs(mail, "shop report send 0 6 1 * * UTC 0; ");
}

static void expect_words(const char *section, const char *verb, gint64 left_ms,
                         const char *expected)
{
    g_auto(GStrv) words = agenda_words(section, verb, left_ms);
    g_autofree char *line = g_strjoinv(" ", words);

    g_assert_cmpstr(line, ==, expected);
}

static void test_words(void)
{
    expect_words("first", "run", 3 * 3600 * 1000, "first run --yes --window 3h");
    expect_words("first", "run", 90 * 60 * 1000, "first run --yes --window 90min");
    expect_words("first", "run", 61999, "first run --yes --window 61s");
    expect_words("first", "run", 1, "first run --yes --window 1s");
    expect_words("first", "run", 0, "first run --yes");
    expect_words("first", "look", 3600000, "first look");
    expect_words("second", "report", 60000, "second report");
    expect_words("second", "rebuild", 60000, "second rebuild --bloated --yes");
}

static void test_what(void)
{
    g_assert_cmpstr(agenda_what("first", "run"), ==, "the first");
    g_assert_cmpstr(agenda_what("first", "look"), ==, "another one");
    g_assert_cmpstr(agenda_what("second", "report"), ==, "Look");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/agenda/jobs", test_jobs);
    g_test_add_func("/agenda/words", test_words);
    g_test_add_func("/agenda/what", test_what);
    return g_test_run();
}
