#include "cli/grammar.h"

#include "cli/commands.h"
#include "daemon/agenda.h"
#include "daemon/daemon.h"
#include "host_embedded.h"
#include "notify/deliver.h"
#include "watch/watcher.h"

#include <string.h>

static const struct feature section_serve = {
    .name = "serve",
    .title = "Watch the targets and run their jobs, without a person",
    .commands = daemon_commands,
};
static const struct feature section_watch = {
    .name = "watch",
    .title = "Watch a server, and act in an emergency",
    .settings = watcher_settings,
    .commands = watcher_commands,
};
static const struct feature section_schedule = {
    .name = "schedule",
    .title = "Show the next turns of each job, and what came of the last",
    .commands = agenda_commands,
};
static const struct feature section_notify = {
    .name = "notify",
    .title = "Try the ways by which messages about events are sent",
    .settings = notify_settings,
    .commands = notify_commands,
};
static const struct feature section_check = {
    .name = "check",
    .title = "Judge the server's health",
    .commands = cli_check_commands,
};
static const struct feature section_history = {
    .name = "history",
    .title = "Show what ran, when, by whom, and what came of it",
    .settings = cli_history_settings,
    .commands = cli_history_commands,
};
static const struct feature section_runbook = {
    .name = "runbook",
    .title = "Read the runbook",
    .commands = cli_runbook_commands,
};
static const struct feature section_config = {
    .name = "config",
    .title = "Check and show the configuration",
    .commands = cli_config_commands,
};
static const struct feature section_setup = {
    .name = "setup",
    .title = "Print the SQL of the least-privileged role",
    .commands = cli_setup_commands,
    .queries = host_queries,
};
static const struct feature section_completion = {
    .name = "completion",
    .title = "Print a completion script for the shell",
    .commands = cli_completion_commands,
};
static const struct feature section_help = {
    .name = "help",
    .title = "Explain a section or a command",
    .commands = cli_help_commands,
};
static const struct feature section_sql = {
    .name = "sql",
    .title = "List and verify the embedded queries",
    .commands = cli_sql_commands,
};

const struct feature *const cli_sections[] = {
    &section_serve, &section_watch,      &section_schedule, &section_notify,
    &section_check, &section_history,    &section_runbook,  &section_config,
    &section_setup, &section_completion, &section_help,     &section_sql,
    NULL,
};

const struct feature *cli_section_at(guint index)
{
    guint count = 0;

    while (features[count] != NULL)
        count++;
    return index < count ? features[index] : cli_sections[index - count];
}

const struct feature *cli_section(const char *name)
{
    const struct feature *section;

    for (guint i = 0; (section = cli_section_at(i)) != NULL; i++)
        if (strcmp(section->name, name) == 0)
            return section;
    return NULL;
}

bool cli_is_runbook(const struct feature *section)
{
    for (guint i = 0; features[i] != NULL; i++)
        if (features[i] == section)
            return true;
    return false;
}

static const struct command no_commands[] = {{.run = NULL}};

static const struct command *commands_of(const struct feature *section)
{
    return section->commands != NULL ? section->commands : no_commands;
}

const struct command *cli_command(const struct feature *section, const char *verb)
{
    for (const struct command *command = commands_of(section); command->run; command++) {
        bool found = verb != NULL ? g_strcmp0(command->verb, verb) == 0
                                  : command->verb == NULL || command->flags & CLI_DEFAULT;
        if (found)
            return command;
    }
    return NULL;
}

bool cli_verb_begins(const struct feature *section, const char *word)
{
    gsize length = strlen(word);

    for (const struct command *command = commands_of(section); command->run; command++)
        if (command->verb != NULL && strncmp(command->verb, word, length) == 0 &&
            command->verb[length] == ' ')
            return true;
    return false;
}

guint cli_command_count(const struct feature *section)
{
    guint count = 0;

    for (const struct command *command = commands_of(section); command->run; command++)
        count += (command->flags & COMMAND_HIDDEN) == 0;
    return count;
}

char *cli_path(const struct feature *section, const struct command *command)
{
    const char *verb = command != NULL ? command->verb : NULL;

    if (section == NULL)
        return g_strdup("pgrunbook");
    return g_strconcat("pgrunbook ", section->name, verb ? " " : "", verb ? verb : "", NULL);
}

char *cli_arguments(const struct command *command)
{
    GString *text = g_string_new(command->arguments);

    for (gsize i = 0; command->instead != NULL && command->instead[i] != NULL; i++)
        g_string_append_printf(text, "|--%s", command->instead[i]);
    return g_string_free(text, FALSE);
}

bool cli_takes_program(const struct command *command)
{
    return command->arguments != NULL && g_str_has_prefix(command->arguments, "-- ");
}

char *cli_usage(const struct command *command)
{
    g_autofree char *arguments = cli_arguments(command);
    const char *database = command->flags & COMMAND_NEEDS_SERVER ? " [DBNAME]" : "";

    if (cli_takes_program(command))
        return g_strconcat("[OPTION]...", database, " ", arguments, NULL);
    return g_strconcat("[OPTION]...", arguments[0] != '\0' ? " " : "", arguments, database,
                       NULL);
}

char **cli_section_names(void)
{
    g_autoptr(GStrvBuilder) names = g_strv_builder_new();
    const struct feature *section;

    for (guint i = 0; (section = cli_section_at(i)) != NULL; i++)
        if (cli_command_count(section) > 0)
            g_strv_builder_add(names, section->name);
    return g_strv_builder_end(names);
}

char **cli_verb_names(const struct feature *section)
{
    g_autoptr(GStrvBuilder) names = g_strv_builder_new();

    for (const struct command *command = commands_of(section); command->run; command++)
        if (command->verb != NULL && !(command->flags & COMMAND_HIDDEN))
            g_strv_builder_add(names, command->verb);
    return g_strv_builder_end(names);
}

static void add_once(GPtrArray *words, char *word)
{
    if (g_ptr_array_find_with_equal_func(words, word, g_str_equal, NULL))
        g_free(word);
    else
        g_ptr_array_add(words, word);
}

static char **words_of(GPtrArray *words)
{
    g_ptr_array_add(words, NULL);
    return (char **) g_ptr_array_free(words, FALSE);
}

char **cli_first_words(const struct feature *section)
{
    g_auto(GStrv) verbs = cli_verb_names(section);
    GPtrArray *words = g_ptr_array_new();

    for (char **verb = verbs; *verb != NULL; verb++)
        add_once(words, g_strndup(*verb, strcspn(*verb, " ")));
    return words_of(words);
}

char **cli_second_words(const struct feature *section, const char *first)
{
    g_auto(GStrv) verbs = cli_verb_names(section);
    GPtrArray *words = g_ptr_array_new();
    gsize length = strlen(first);

    for (char **verb = verbs; *verb != NULL; verb++)
        if (strncmp(*verb, first, length) == 0 && (*verb)[length] == ' ')
            add_once(words, g_strdup(*verb + length + 1));
    return words_of(words);
}
