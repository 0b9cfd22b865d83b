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

static bool is_path(const struct option *option)
{
    return g_strcmp0(option->argument, "FILE") == 0 || g_strcmp0(option->argument, "DIR") == 0;
}

static void append_file(const struct option *option, gpointer out)
{
    if (is_path(option))
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
        g_auto(GStrv) verbs = cli_first_words(section);
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
    g_auto(GStrv) firsts = cli_first_words(section);
    for (char **first = firsts; *first != NULL; first++) {
        g_auto(GStrv) seconds = cli_second_words(section, *first);
        g_autofree char *list = g_strjoinv(" ", seconds);
        if (list[0] != '\0')
            g_string_append_printf(out, "\n                '%s %s') list='%s' ;;",
                                   section->name, *first, list);
    }
}

/* "'backup wal'": where a second word of the verb is to come. */
static void append_half(const struct feature *section, const struct command *command,
                        gpointer data)
{
    GString *out = data;
    gsize length = command->verb != NULL ? strcspn(command->verb, " ") : 0;

    if (length == 0 || command->verb[length] == '\0')
        return;
    g_autofree char *half =
        g_strdup_printf("'%s %.*s'", section->name, (int) length, command->verb);
    if (strstr(out->str, half) == NULL)
        g_string_append_printf(out, "%s%s", out->len > 0 ? " | " : "", half);
}

/* "'backup wal push'": its argument is a file. */
static void append_file_command(const struct feature *section, const struct command *command,
                                gpointer data)
{
    GString *out = data;

    if (command->verb != NULL && command->arguments != NULL &&
        strstr(command->arguments, "FILE") != NULL)
        g_string_append_printf(out, "%s'%s %s'", out->len > 0 ? " | " : "", section->name,
                               command->verb);
}

static char *fill_template(const char *template)
{
    g_autoptr(GString) valued = g_string_new(NULL);
    g_autoptr(GString) files = g_string_new(NULL);
    g_autoptr(GString) choices = g_string_new(NULL);
    g_autoptr(GString) options = g_string_new(NULL);
    g_autoptr(GString) verbs = g_string_new(NULL);
    g_autoptr(GString) halves = g_string_new(NULL);
    g_autoptr(GString) with_file = g_string_new(NULL);
    g_auto(GStrv) names = cli_section_names();
    g_autofree char *sections = g_strjoinv(" ", names);
    GString *out = g_string_new(template);

    each_option(append_valued, valued);
    each_option(append_file, files);
    each_option(append_choices, choices);
    each_command(append_options, options);
    each_command(append_verbs, verbs);
    each_command(append_half, halves);
    each_command(append_file_command, with_file);
    g_string_replace(out, "@VALUED@", valued->str, 0);
    g_string_replace(out, "@FILES@", files->str, 0);
    g_string_replace(out, "@CHOICES@", choices->str, 0);
    g_string_replace(out, "@OPTIONS@", options->str, 0);
    g_string_replace(out, "@SECTIONS@", sections, 0);
    g_string_replace(out, "@VERBS@", verbs->str, 0);
    /* A pattern that nothing matches where there are none. */
    g_string_replace(out, "@HALVES@", halves->len > 0 ? halves->str : "'-'", 0);
    g_string_replace(out, "@FILE_COMMANDS@", with_file->len > 0 ? with_file->str : "'-'", 0);
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
        g_string_append(out, is_path(option) ? " -r -F" : " -x");
    if (choices != NULL && option->argument != NULL) {
        g_autofree char *list = cli_join(choices, " ");
        g_string_append_printf(out, " -a '%s'", list);
    }
    g_string_append_printf(out, " -d %s\n", about);
}

/* All words of the command have been typed. */
static char *fish_when(const struct feature *section, const struct command *command)
{
    g_auto(GStrv) verbs = g_strsplit(command->verb ? command->verb : "", " ", 2);
    GString *when = g_string_new(NULL);

    g_string_append_printf(when, "__fish_seen_subcommand_from %s", section->name);
    for (char **verb = verbs; *verb != NULL && **verb != '\0'; verb++)
        g_string_append_printf(when, "; and __fish_seen_subcommand_from %s", *verb);
    return g_string_free(when, FALSE);
}

/* Offers the command's verb: of two words the first for its kind, the second behind it. */
static void append_fish_verb(GString *out, const struct feature *section,
                             const struct command *command)
{
    g_auto(GStrv) words = g_strsplit(command->verb, " ", 2);
    g_auto(GStrv) firsts = cli_first_words(section);
    g_auto(GStrv) seconds = cli_second_words(section, words[0]);
    g_autofree char *all = g_strjoinv(" ", firsts);
    g_autofree char *others = g_strjoinv(" ", seconds);
    g_autofree char *summary = fish_quote(command->summary);
    bool two = words[1] != NULL;

    if (!two || strcmp(words[1], seconds[0]) == 0)
        g_string_append_printf(out,
                               "complete -c pgrunbook -n '__fish_seen_subcommand_from %s; and "
                               "not __fish_seen_subcommand_from %s' -a %s -d %s\n",
                               section->name, all, words[0], two ? "''" : summary);
    if (two)
        g_string_append_printf(out,
                               "complete -c pgrunbook -n '__fish_seen_subcommand_from %s; and "
                               "__fish_seen_subcommand_from %s; and not "
                               "__fish_seen_subcommand_from %s' -a %s -d %s\n",
                               section->name, words[0], others, words[1], summary);
}

static void append_fish_command(const struct feature *section, const struct command *command,
                                gpointer out)
{
    g_autofree char *title = fish_quote(section->title);
    g_autofree char *words = words_behind(section, command);
    g_autofree char *when = fish_when(section, command);

    if (command == section->commands)
        g_string_append_printf(out,
                               "complete -c pgrunbook -n __fish_use_subcommand -a %s -d %s\n",
                               section->name, title);
    if (command->verb != NULL)
        append_fish_verb(out, section, command);
    else if (words != NULL)
        g_string_append_printf(out, "complete -c pgrunbook -n '%s' -a '%s'\n", when, words);
    if (command->verb != NULL && command->arguments != NULL &&
        strstr(command->arguments, "FILE") != NULL)
        g_string_append_printf(out, "complete -c pgrunbook -n '%s' -F\n", when);
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
