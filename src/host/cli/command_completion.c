/*
 * `pgrunbook completion bash|zsh|fish`: bash and zsh are templates with lists put in, fish is one
 * line per option.
 */
#include "cli/commands.h"
#include "cli/grammar.h"
#include "cli/wrap.h"
#include "host_embedded.h"
#include "units/units.h"

#include <string.h>

/* Calls visit for every command that help shows. */
static void each_command(void (*visit)(const struct feature *section,
                                       const struct command *command, gpointer data),
                         gpointer data)
{
    const struct feature *section;

    for (guint i = 0; (section = cli_section_at(i)) != NULL; i++)
        for (const struct command *row = section->commands; row && row->run; row++)
            if (!(row->flags & COMMAND_HIDDEN))
                visit(section, row, data);
}

/* Calls visit once for every option name of all commands. */
static void each_option(void (*visit)(const struct option *option, gpointer data),
                        gpointer data)
{
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_auto(GStrv) names = cli_option_names(NULL, NULL);

    for (guint i = 0; names[i] != NULL; i++) {
        struct option option;
        if (g_hash_table_add(seen, g_strdup(names[i])) &&
            cli_find_option_anywhere(NULL, names[i] + 2, 0, &option))
            visit(&option, data);
    }
}

/* "--host|-h": a pattern of the shell. */
static void append_pattern(GString *out, const struct option *option)
{
    if (out->len > 0)
        g_string_append_c(out, '|');
    g_string_append_printf(out, "--%s", option->name);
    if (option->letter != 0)
        g_string_append_printf(out, "|-%c", option->letter);
}

static void append_valued(const struct option *option, gpointer out)
{
    if (option->argument != NULL)
        append_pattern(out, option);
}

static void append_file(const struct option *option, gpointer out)
{
    if (g_strcmp0(option->argument, "FILE") == 0)
        append_pattern(out, option);
}

static void append_choices(const struct option *option, gpointer data)
{
    const char *const *choices = cli_option_choices(option);
    GString *out = data;

    if (choices == NULL || option->argument == NULL)
        return;
    g_autoptr(GString) pattern = g_string_new(NULL);
    append_pattern(pattern, option);
    g_string_append_printf(out, "%s        %s) list='", out->len ? "\n" : "", pattern->str);
    g_autofree char *list = cli_join(choices, " ");
    g_string_append_printf(out, "%s' ;;", list);
}

/* The pattern of "$section $verb" under which a command stands. */
static char *place_pattern(const struct feature *section, const struct command *command)
{
    if (command->verb == NULL)
        return g_strdup_printf("'%s '*", section->name);
    if (command->flags & CLI_DEFAULT)
        return g_strdup_printf("'%s '|'%s %s'", section->name, section->name, command->verb);
    return g_strdup_printf("'%s %s'", section->name, command->verb);
}

static void append_options(const struct feature *section, const struct command *command,
                           gpointer data)
{
    GString *out = data;
    g_autofree char *pattern = place_pattern(section, command);
    g_auto(GStrv) names = cli_option_names(section, command);
    g_autofree char *list = g_strjoinv(" ", names);

    g_string_append_printf(out, "%s                %s) list='%s' ;;", out->len ? "\n" : "",
                           pattern, list);
}

/* What may stand behind the section (or the command that is one): verbs, sections or a choice. */
static char *words_behind(const struct feature *section, const struct command *command)
{
    if (command->verb != NULL) {
        g_auto(GStrv) verbs = cli_verb_names(section);
        return g_strjoinv(" ", verbs);
    }
    if (command->arguments == NULL)
        return NULL;
    if (g_str_has_prefix(command->arguments, "[SECTION")) {
        g_auto(GStrv) names = cli_section_names();
        return g_strjoinv(" ", names);
    }
    return strchr(command->arguments, '|')
               ? g_strdelimit(g_strdup(command->arguments), "|", ' ')
               : NULL;
}

static void append_verbs(const struct feature *section, const struct command *command,
                         gpointer data)
{
    GString *out = data;
    g_autofree char *words = words_behind(section, command);

    if (words == NULL || command != section->commands)
        return;
    g_string_append_printf(out, "%s                '%s ') list='%s' ;;", out->len ? "\n" : "",
                           section->name, words);
}

static char *fill_template(const char *template)
{
    g_autoptr(GString) valued = g_string_new(NULL);
    g_autoptr(GString) files = g_string_new(NULL);
    g_autoptr(GString) choices = g_string_new(NULL);
    g_autoptr(GString) options = g_string_new(NULL);
    g_autoptr(GString) verbs = g_string_new(NULL);
    g_auto(GStrv) names = cli_section_names();
    g_autofree char *sections = g_strjoinv(" ", names);
    GString *out = g_string_new(template);

    each_option(append_valued, valued);
    each_option(append_file, files);
    each_option(append_choices, choices);
    each_command(append_options, options);
    each_command(append_verbs, verbs);
    g_string_replace(out, "@VALUED@", valued->str, 0);
    g_string_replace(out, "@FILES@", files->str, 0);
    g_string_replace(out, "@CHOICES@", choices->str, 0);
    g_string_replace(out, "@OPTIONS@", options->str, 0);
    g_string_replace(out, "@SECTIONS@", sections, 0);
    g_string_replace(out, "@VERBS@", verbs->str, 0);
    return g_string_free(out, FALSE);
}

/* ---- fish --------------------------------------------------------------------------------- */

/* In single quotes, cut at the first sentence. */
static char *fish_quote(const char *text)
{
    g_auto(GStrv) sentences = g_strsplit(text, ". ", 2);
    g_auto(GStrv) parts = g_strsplit(sentences[0], "'", -1);
    g_autofree char *body = g_strjoinv("\\'", parts);

    return g_strdup_printf("'%s'", body);
}

static void append_fish_option(GString *out, const char *when, const struct option *option)
{
    const char *const *choices = cli_option_choices(option);
    g_autofree char *prose = cli_option_prose(option);
    g_autofree char *about = fish_quote(prose);

    g_string_append_printf(out, "complete -c pgrunbook -n '%s' -l %s", when, option->name);
    if (option->letter != 0)
        g_string_append_printf(out, " -s '%c'", option->letter);
    if (option->argument != NULL)
        g_string_append(out, strcmp(option->argument, "FILE") == 0 ? " -r -F" : " -x");
    if (choices != NULL && option->argument != NULL) {
        g_autofree char *list = cli_join(choices, " ");
        g_string_append_printf(out, " -a '%s'", list);
    }
    g_string_append_printf(out, " -d %s\n", about);
}

static void append_fish_command(const struct feature *section, const struct command *command,
                                gpointer out)
{
    g_auto(GStrv) verbs = cli_verb_names(section);
    g_autofree char *all = g_strjoinv(" ", verbs);
    g_autofree char *title = fish_quote(section->title);
    g_autofree char *summary = fish_quote(command->summary);
    g_autofree char *words = words_behind(section, command);
    g_autofree char *when =
        command->verb == NULL ? g_strdup_printf("__fish_seen_subcommand_from %s", section->name)
                              : g_strdup_printf("__fish_seen_subcommand_from %s; and "
                                                "__fish_seen_subcommand_from %s",
                                                section->name, command->verb);

    if (command == section->commands)
        g_string_append_printf(out,
                               "complete -c pgrunbook -n __fish_use_subcommand -a %s -d %s\n",
                               section->name, title);
    if (command->verb != NULL)
        g_string_append_printf(out,
                               "complete -c pgrunbook -n '__fish_seen_subcommand_from %s; and "
                               "not __fish_seen_subcommand_from %s' -a %s -d %s\n",
                               section->name, all, command->verb, summary);
    else if (words != NULL)
        g_string_append_printf(out, "complete -c pgrunbook -n '%s' -a '%s'\n", when, words);
    for (enum cli_group group = CLI_GROUP_COMMAND; group <= CLI_GROUP_CONNECTION; group++) {
        g_autoptr(GArray) options = cli_options(command, group);
        for (guint i = 0; i < options->len; i++)
            append_fish_option(out, when, &g_array_index(options, struct option, i));
    }
}

static char *fish_script(void)
{
    GString *out = g_string_new("# Completion of pgrunbook for fish:\n"
                                "#   pgrunbook completion fish | source\n"
                                "complete -c pgrunbook -f\n");

    each_command(append_fish_command, out);
    return g_string_free(out, FALSE);
}

static enum runbook_exit run_completion(struct call *call, GError **error)
{
    static const char *const shells[] = {"bash", "zsh", "fish", NULL};
    const char *shell = call->arguments[0];
    g_autofree char *script = NULL;

    if (strcmp(shell, "bash") == 0)
        script = fill_template(host_complete_bash);
    else if (strcmp(shell, "zsh") == 0)
        script = fill_template(host_complete_zsh);
    else if (strcmp(shell, "fish") == 0)
        script = fish_script();
    if (script != NULL) {
        output_raw(call->output, script);
        return RUNBOOK_DONE;
    }
    const char *nearest = units_nearest(shell, shells);
    g_autofree char *hint = nearest ? g_strdup_printf("did you mean \"%s\"?", nearest)
                                    : g_strdup("known are bash, zsh and fish");
    runbook_error_set(error, RUNBOOK_USAGE, hint, "no completion for shell \"%s\"", shell);
    return RUNBOOK_USAGE;
}

const struct command cli_completion_commands[] = {
    {
        .arguments = "bash|zsh|fish",
        .summary = "Print a completion script for the shell",
        .prose = "The script knows every section, command, option and choice of this program.",
        .examples = "source <(pgrunbook completion bash)\n"
                    "pgrunbook completion bash > /etc/bash_completion.d/pgrunbook\n"
                    "pgrunbook completion fish > ~/.config/fish/completions/pgrunbook.fish",
        .flags = CLI_BARE,
        .run = run_completion,
    },
    {.run = NULL},
};
