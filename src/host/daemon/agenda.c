#include "daemon/agenda.h"

#include "cli/grammar.h"

#include <string.h>

static const char *setting_of(const struct settings *settings, const struct feature *feature,
                              const char *name)
{
    g_autofree char *full = g_strconcat(feature->name, ".", name, NULL);

    return settings_string(settings, full);
}

static gint64 window_of(const struct settings *settings, const struct feature *feature)
{
    g_autofree char *full = g_strconcat(feature->name, ".window", NULL);

    return cli_setting(full) != NULL ? settings_int(settings, full) : 0;
}

GArray *agenda_all(const struct settings *settings, const char *target)
{
    GArray *jobs = g_array_new(FALSE, FALSE, sizeof(struct scheduler_job));

    for (guint i = 0; features[i] != NULL; i++) {
        const struct job *job = features[i]->job;
        if (job == NULL)
            continue;
        const char *verb =
            job->verb != NULL ? job->verb : setting_of(settings, features[i], "job");
        g_auto(GStrv) words = agenda_words(features[i]->name, verb, 0);
        g_autofree char *line = g_strjoinv(" ", words);
        const struct scheduler_job row = {
            .target = target,
            .section = features[i]->name,
            .verb = verb,
            .words = g_intern_string(line),
            .schedule = setting_of(settings, features[i], "schedule"),
            .zone = settings_string(settings, "timezone"),
            .window_ms = window_of(settings, features[i]),
        };
        g_array_append_val(jobs, row);
    }
    return jobs;
}

GArray *agenda_jobs(const struct settings *settings, const char *target)
{
    GArray *jobs = agenda_all(settings, target);

    for (guint i = jobs->len; i > 0; i--)
        if (strcmp(g_array_index(jobs, struct scheduler_job, i - 1).schedule, "off") == 0)
            g_array_remove_index(jobs, i - 1);
    return jobs;
}

const char *agenda_what(const char *section, const char *verb)
{
    const struct feature *feature = cli_section(section);

    return feature->job->what != NULL ? feature->job->what
                                      : cli_command(feature, verb)->summary;
}

/* As a person would type it: "3h", "90min", "42s". */
static char *duration(gint64 milliseconds)
{
    const gint64 seconds = MAX(milliseconds / 1000, 1);

    if (seconds % 3600 == 0)
        return g_strdup_printf("%" G_GINT64_FORMAT "h", seconds / 3600);
    if (seconds % 60 == 0)
        return g_strdup_printf("%" G_GINT64_FORMAT "min", seconds / 60);
    return g_strdup_printf("%" G_GINT64_FORMAT "s", seconds);
}

char **agenda_words(const char *section, const char *verb, gint64 left_ms)
{
    const struct feature *feature = cli_section(section);
    const struct command *command = cli_command(feature, verb);
    g_autoptr(GStrvBuilder) words = g_strv_builder_new();
    struct option option;

    g_strv_builder_add_many(words, section, verb, NULL);
    if (command->arguments != NULL && feature->job->instead != NULL) {
        g_autofree char *instead = g_strconcat("--", feature->job->instead, NULL);
        g_strv_builder_add(words, instead);
    }
    if (command->flags & COMMAND_WRITES)
        g_strv_builder_add(words, "--yes");
    if (left_ms > 0 && cli_find_option(command, "window", 0, &option)) {
        g_autofree char *left = duration(left_ms);
        g_strv_builder_add_many(words, "--window", left, NULL);
    }
    return g_strv_builder_end(words);
}
