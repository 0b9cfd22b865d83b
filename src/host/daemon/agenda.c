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

/* What the history knows the job by: the first is the section's, "vacuum", others have what makes
 * their setting another, "backup drill". Lives for ever. */
static const char *key_of(const struct feature *feature, const struct job *job)
{
    static const char plain[] = "schedule";

    if (strcmp(job->schedule, plain) == 0)
        return feature->name;
    g_autofree char *name = g_strdup(job->schedule);
    if (g_str_has_suffix(name, "_schedule"))
        name[strlen(name) - strlen("_schedule")] = '\0';
    g_autofree char *key = g_strconcat(feature->name, " ", name, NULL);
    return g_intern_string(key);
}

/* Whether the setting says anything; of a list, whether there is anything in it. */
static bool is_set(const struct settings *settings, const struct feature *feature,
                   const char *name)
{
    g_autofree char *full = g_strconcat(feature->name, ".", name, NULL);

    if (cli_setting(full)->type == SETTING_LIST)
        return settings_list(settings, full)[0] != NULL;
    const char *text = settings_string(settings, full);
    return text != NULL && text[0] != '\0';
}

/* Without what it needs there is nothing that a turn could do, and nothing to be told of. */
static bool is_possible(const struct settings *settings, const struct feature *feature,
                        const struct job *job)
{
    g_auto(GStrv) needed = g_strsplit(job->needs != NULL ? job->needs : "", "|", -1);

    for (guint i = 0; needed[i] != NULL; i++)
        if (is_set(settings, feature, needed[i]))
            return true;
    return needed[0] == NULL;
}

static struct scheduler_job row_of(const struct settings *settings,
                                   const struct feature *feature, const struct job *job,
                                   const char *target)
{
    const char *verb = job->verb != NULL ? job->verb : setting_of(settings, feature, "job");
    g_auto(GStrv) words = agenda_words(feature->name, verb, 0);
    g_autofree char *line = g_strjoinv(" ", words);

    return (struct scheduler_job){
        .target = target,
        .section = feature->name,
        .key = key_of(feature, job),
        .verb = verb,
        .words = g_intern_string(line),
        .schedule = setting_of(settings, feature, job->schedule),
        .zone = settings_string(settings, "timezone"),
        .window_ms = window_of(settings, feature),
    };
}

GArray *agenda_all(const struct settings *settings, const char *target)
{
    GArray *jobs = g_array_new(FALSE, FALSE, sizeof(struct scheduler_job));

    const struct feature *section;

    for (guint i = 0; (section = cli_section_at(i)) != NULL; i++)
        for (const struct job *job = section->jobs; job != NULL && job->schedule != NULL;
             job++) {
            if (!is_possible(settings, section, job))
                continue;
            const struct scheduler_job row = row_of(settings, section, job, target);
            g_array_append_val(jobs, row);
        }
    return jobs;
}

GPtrArray *agenda_keys(void)
{
    GPtrArray *keys = g_ptr_array_new();

    const struct feature *section;

    for (guint i = 0; (section = cli_section_at(i)) != NULL; i++)
        for (const struct job *job = section->jobs; job != NULL && job->schedule != NULL; job++)
            g_ptr_array_add(keys, (gpointer) (guintptr) key_of(section, job));
    return keys;
}

GArray *agenda_jobs(const struct settings *settings, const char *target)
{
    GArray *jobs = agenda_all(settings, target);

    for (guint i = jobs->len; i > 0; i--)
        if (strcmp(g_array_index(jobs, struct scheduler_job, i - 1).schedule, "off") == 0)
            g_array_remove_index(jobs, i - 1);
    return jobs;
}

/* The job that runs the verb. */
static const struct job *job_of(const struct feature *feature, const char *verb)
{
    const struct job *job = feature->jobs;

    while (job->schedule != NULL && job->verb != NULL && strcmp(job->verb, verb) != 0)
        job++;
    return job;
}

const char *agenda_what(const char *section, const char *verb)
{
    const struct feature *feature = cli_section(section);
    const struct job *job = job_of(feature, verb);

    return job->what != NULL ? job->what : cli_command(feature, verb)->summary;
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

/* A verb may be of two words. */
static void split_verb(const char *section, const char *verb, GStrvBuilder *words)
{
    g_auto(GStrv) parts = g_strsplit(verb, " ", 2);

    g_strv_builder_add(words, section);
    g_strv_builder_addv(words, (const char **) (void *) parts);
}

char **agenda_words(const char *section, const char *verb, gint64 left_ms)
{
    const struct feature *feature = cli_section(section);
    const struct command *command = cli_command(feature, verb);
    g_autoptr(GStrvBuilder) words = g_strv_builder_new();
    struct option option;

    const struct job *job = job_of(feature, verb);

    split_verb(section, verb, words);
    if (command->arguments != NULL && job->instead != NULL) {
        g_autofree char *instead = g_strconcat("--", job->instead, NULL);
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
