#include "cli/commands.h"
#include "cli/grammar.h"
#include "cli/help.h"
#include "units/units.h"

static enum runbook_exit fail_unknown(const char *what, const char *word, char **names,
                                      GError **error)
{
    const char *nearest = units_nearest(word, (const char *const *) names);
    g_autofree char *hint = nearest != NULL ? g_strdup_printf("did you mean \"%s\"?", nearest)
                                            : g_strdup("see \"pgrunbook --help\"");

    runbook_error_set(error, RUNBOOK_USAGE, hint, "there is no %s \"%s\"", what, word);
    return RUNBOOK_USAGE;
}

/* A verb may be of two words. Caller frees; NULL for none. */
static char *verb_of(const char *const *words)
{
    if (words[0] == NULL || words[1] == NULL)
        return g_strdup(words[0]);
    return g_strjoin(" ", words[0], words[1], NULL);
}

static enum runbook_exit run_help(struct call *call, GError **error)
{
    const char *name = call->arguments[0];
    g_autofree char *verb = name != NULL ? verb_of(call->arguments + 1) : NULL;
    const struct feature *section = name != NULL ? cli_section(name) : NULL;
    const struct command *command = section && verb ? cli_command(section, verb) : NULL;

    if (name != NULL && section == NULL) {
        g_auto(GStrv) names = cli_section_names();
        return fail_unknown("section", name, names, error);
    }
    if (verb != NULL && command == NULL) {
        g_auto(GStrv) names = cli_verb_names(section);
        return fail_unknown("command", verb, names, error);
    }
    g_autofree char *text =
        option_given(call->options, "man") ? cli_manpage() : cli_help(section, command);
    output_raw(call->output, text);
    return RUNBOOK_DONE;
}

static const struct option help_options[] = {
    {.name = "man", .prose = "Print the man page, pgrunbook(1), in roff"},
    {.name = NULL},
};

const struct command cli_help_commands[] = {
    {
        .arguments = "[SECTION [VERB [VERB]]]",
        .summary = "Explain the program, a section or a command",
        .examples = "pgrunbook help check\n"
                    "pgrunbook help --man > pgrunbook.1 && man -l pgrunbook.1",
        .options = help_options,
        .flags = CLI_BARE,
        .run = run_help,
    },
    {.run = NULL},
};
