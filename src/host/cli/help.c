#include "cli/help.h"

#include "cli/grammar.h"
#include "cli/wrap.h"

#include <string.h>

enum { OPTION_COLUMN = 28, COMMAND_COLUMN = 24, EXIT_COLUMN = 8 };

const char *const *cli_exit_codes(unsigned flags)
{
    static const char *const plain[] = {
        "0\tdone, healthy",
        "1\tfailed",
        "2\twrong usage or configuration",
        "3\tcannot connect",
        "4\trefused by a safety gate: window closed, standby, missing right, lock held "
        "elsewhere",
        "5\tpartly done: some steps skipped or failed, each listed with its reason",
        "130\tinterrupted; what ran on the server was cancelled",
        NULL,
    };
    static const char *const plugin[] = {
        "0\tOK",
        "1\tWARNING",
        "2\tCRITICAL",
        "3\tUNKNOWN: cannot connect, nothing could be read, or wrong usage",
        "130\tinterrupted",
        NULL,
    };
    static const char *const restore[] = {
        "0\tit is there",
        "1\tthere is no such file; to a standby, and to a server that leaves recovery, also "
        "anything "
        "else",
        "126\tanything else: PostgreSQL then stops and does not go on without the file",
        NULL,
    };
    return flags & CLI_MONITOR ? plugin : flags & COMMAND_RESTORES ? restore : plain;
}

static void append_exit_codes(GString *out, unsigned flags)
{
    bool monitor = flags & CLI_MONITOR;

    g_string_append(out, "\nExit status:\n");
    for (const char *const *code = cli_exit_codes(flags); *code != NULL; code++) {
        g_auto(GStrv) parts = g_strsplit(*code, "\t", 2);
        cli_wrap_entry(out, parts[0], parts[1], EXIT_COLUMN);
    }
    if (flags & COMMAND_NEEDS_SERVER)
        cli_wrap(out,
                 monitor
                     ? "With --target=all the gravest: CRITICAL, WARNING, UNKNOWN, OK."
                     : "With --target=all the gravest of all targets: 130, 2, 1, 3, 4, 5, 0.",
                 2, 0);
}

static void append_options(GString *out, const char *title, const struct command *command,
                           enum cli_group group)
{
    g_autoptr(GArray) options = cli_options(command, group);

    if (options->len == 0)
        return;
    g_string_append_printf(out, "\n%s:\n", title);
    for (guint i = 0; i < options->len; i++) {
        const struct option *option = &g_array_index(options, struct option, i);
        g_autofree char *letter =
            option->letter ? g_strdup_printf("-%c, ", option->letter) : g_strdup("    ");
        g_autofree char *term =
            g_strconcat(letter, "--", option->name, option->argument ? "=" : "",
                        option->argument ? option->argument : "", NULL);
        g_autofree char *prose = cli_option_prose(option);
        cli_wrap_entry(out, term, prose, OPTION_COLUMN);
    }
}

static void append_examples(GString *out, const char *examples)
{
    if (examples == NULL)
        return;
    g_auto(GStrv) lines = g_strsplit(examples, "\n", -1);
    g_string_append(out, "\nExamples:\n");
    for (guint i = 0; lines[i] != NULL; i++)
        if (lines[i][0] != '\0')
            g_string_append_printf(out, "  %s\n", lines[i]);
}

static void append_command_help(GString *out, const struct feature *section,
                                const struct command *command)
{
    g_autofree char *path = cli_path(section, command);
    g_autofree char *usage = cli_usage(command);
    g_autofree char *purpose = g_strdup_printf("%s: %s.", path, command->summary);

    cli_wrap(out, purpose, 0, 0);
    g_string_append_printf(out, "\nUsage:\n  %s %s\n", path, usage);
    if (command->prose != NULL) {
        g_string_append_c(out, '\n');
        cli_wrap(out, command->prose, 0, 0);
    }
    append_options(out, "Options", command, CLI_GROUP_COMMAND);
    append_options(out, "Connection options", command, CLI_GROUP_CONNECTION);
    append_options(out, "General options", command, CLI_GROUP_GENERAL);
    append_examples(out, command->examples);
    append_exit_codes(out, command->flags);
}

static void append_commands(GString *out, const struct feature *section)
{
    for (const struct command *command = section->commands; command && command->run;
         command++) {
        if (command->flags & COMMAND_HIDDEN)
            continue;
        g_autofree char *term = g_strconcat(section->name, command->verb ? " " : "",
                                            command->verb ? command->verb : "", NULL);
        cli_wrap_entry(out, term, command->summary, COMMAND_COLUMN);
    }
}

static void append_usages(GString *out, const struct feature *section)
{
    for (const struct command *command = section->commands; command->run; command++) {
        if (command->flags & COMMAND_HIDDEN)
            continue;
        g_autofree char *path = cli_path(section, command);
        g_autofree char *usage = cli_usage(command);
        g_string_append_printf(out, "  %s %s\n", path, usage);
    }
}

static void append_section_help(GString *out, const struct feature *section)
{
    g_autofree char *path = cli_path(section, NULL);
    g_autofree char *more = g_strdup_printf("\"%s VERB --help\" explains a command.", path);
    g_autofree char *purpose = g_strdup_printf("%s: %s.", path, section->title);

    cli_wrap(out, purpose, 0, 0);
    if (cli_command_count(section) > 0) {
        g_string_append(out, "\nUsage:\n");
        append_usages(out, section);
        g_string_append(out, "\nCommands:\n");
        append_commands(out, section);
    }
    for (const struct command *command = section->commands; command->run; command++)
        if (command->verb != NULL && command->flags & CLI_DEFAULT)
            g_string_append_printf(out, "\n\"%s\" alone is \"%s %s\".", path, path,
                                   command->verb);
    g_string_append_c(out, '\n');
    cli_wrap(out, more, 0, 0);
    if (section->runbook != NULL)
        g_string_append_printf(
            out, "\"pgrunbook runbook %s\" prints its page of the runbook.\n", section->name);
}

static void append_program_help(GString *out)
{
    const struct command *check = cli_command(cli_sections[0], NULL);

    g_string_append(out, "pgrunbook is a PostgreSQL maintenance runbook that runs itself.\n\n"
                         "Usage:\n  pgrunbook SECTION VERB [OPTION]... [DBNAME]\n");
    g_string_append(out, "\nThe runbook:\n");
    for (guint i = 0; features[i] != NULL; i++)
        append_commands(out, features[i]);
    g_string_append(out, "\nAcross the sections:\n");
    for (guint i = 0; cli_sections[i] != NULL; i++)
        append_commands(out, cli_sections[i]);
    append_options(out, "Connection options", check, CLI_GROUP_CONNECTION);
    append_options(out, "General options", check, CLI_GROUP_GENERAL);
    append_exit_codes(out, COMMAND_NEEDS_SERVER);
    g_string_append(out, "\n\"pgrunbook help SECTION VERB\" explains a command, \"pgrunbook "
                         "help --man\"\nprints all of it as a man page.\n");
}

char *cli_help(const struct feature *section, const struct command *command)
{
    GString *out = g_string_new(NULL);

    /* A section that is one command is explained as that. */
    if (section != NULL && command == NULL && section->commands != NULL &&
        section->commands[0].verb == NULL)
        command = &section->commands[0];
    if (command != NULL)
        append_command_help(out, section, command);
    else if (section != NULL)
        append_section_help(out, section);
    else
        append_program_help(out);
    return g_string_free(out, FALSE);
}
