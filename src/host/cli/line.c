#include "cli/line.h"

#include "cli/grammar.h"
#include "options.h"
#include "units/units.h"

#include <string.h>

/* An option as typed; which row it is can be known only once the command is. */
struct given {
    char *name; /* NULL: by letter */
    char letter;
    char *value; /* NULL: a switch */
};

struct scan {
    struct cli_line *line;
    const char *const *next; /* the word that is looked at */
    GPtrArray *given;        /* of struct given */
    GPtrArray *words;        /* behind section and verb; borrowed */
    guint ahead;             /* how many of them stood before "--" */
    bool verb_decided;
    char *half; /* the first word of a verb of two, "wal"; owned */
};

struct cli_line *cli_line_new(void)
{
    struct cli_line *line = g_new0(struct cli_line, 1);

    line->options = options_new();
    line->arguments = g_ptr_array_new_null_terminated(2, g_free, TRUE);
    return line;
}

void cli_line_free(struct cli_line *line)
{
    if (line == NULL)
        return;
    options_free(line->options);
    g_ptr_array_unref(line->arguments);
    g_free(line->dbname);
    g_free(line);
}

static void given_free(gpointer data)
{
    struct given *given = data;

    g_free(given->name);
    g_free(given->value);
    g_free(given);
}

static const char *nearest_of(const char *word, char **candidates)
{
    return units_nearest(word, (const char *const *) candidates);
}

/* ---- options ------------------------------------------------------------------------------ */

static char *given_spelling(const struct given *given)
{
    return given->name != NULL ? g_strconcat("--", given->name, NULL)
                               : g_strdup_printf("-%c", given->letter);
}

static bool fail_unknown_option(const struct cli_line *line, const struct given *given,
                                GError **error)
{
    g_auto(GStrv) names = cli_option_names(line->section, line->command);
    g_autofree char *path = cli_path(line->section, line->command);
    g_autofree char *spelling = given_spelling(given);
    const char *nearest = given->name != NULL ? nearest_of(spelling, names) : NULL;
    g_autofree char *hint =
        nearest != NULL ? g_strdup_printf("did you mean %s? see \"%s --help\"", nearest, path)
                        : g_strdup_printf("see \"%s --help\"", path);

    runbook_error_set(error, RUNBOOK_USAGE, hint, "%s has no option %s", path, spelling);
    return false;
}

static bool fail_missing_value(const struct given *given, const struct option *option,
                               GError **error)
{
    g_autofree char *spelling = given_spelling(given);
    const char *hint = given->letter == 'h' ? "-h is the host; help is -? or --help." : NULL;

    runbook_error_set(error, RUNBOOK_USAGE, hint, "option %s needs a value: %s", spelling,
                      option->argument);
    return false;
}

/* How an option takes its value is the same for all commands of a section, so that options may
 * stand before the verb. */
static bool look_up(const struct cli_line *line, const struct given *given,
                    struct option *ret_option)
{
    if (line->command != NULL)
        return cli_find_option(line->command, given->name, given->letter, ret_option);
    return cli_find_option_anywhere(line->section, given->name, given->letter, ret_option);
}

static bool scan_long(struct scan *scan, GError **error)
{
    const char *word = *scan->next + 2;
    const char *equals = strchr(word, '=');
    struct given *given = g_new0(struct given, 1);
    struct option option;

    g_ptr_array_add(scan->given, given);
    given->name = equals ? g_strndup(word, (gsize) (equals - word)) : g_strdup(word);
    if (!look_up(scan->line, given, &option))
        return fail_unknown_option(scan->line, given, error);
    if (option.argument == NULL && equals != NULL) {
        runbook_error_set(error, RUNBOOK_USAGE, NULL, "option --%s takes no value",
                          given->name);
        return false;
    }
    if (option.argument == NULL)
        return true;
    const char *value = equals != NULL ? equals + 1 : *++scan->next;
    if (value == NULL)
        return fail_missing_value(given, &option, error);
    given->value = g_strdup(value);
    return true;
}

/* A word of letters: switches, the last of which may be an option with its value. */
static bool scan_letters(struct scan *scan, GError **error)
{
    for (const char *letter = *scan->next + 1; *letter != '\0'; letter++) {
        struct given *given = g_new0(struct given, 1);
        struct option option;

        g_ptr_array_add(scan->given, given);
        given->letter = *letter;
        if (!look_up(scan->line, given, &option))
            return fail_unknown_option(scan->line, given, error);
        if (option.argument == NULL)
            continue;
        const char *value = letter[1] != '\0' ? letter + 1 : *++scan->next;
        if (value == NULL)
            return fail_missing_value(given, &option, error);
        given->value = g_strdup(value);
        return true;
    }
    return true;
}

static void note_help(struct cli_line *line, const struct given *given)
{
    line->help |= given->name ? strcmp(given->name, "help") == 0 : given->letter == '?';
    line->version |= given->name ? strcmp(given->name, "version") == 0 : given->letter == 'V';
}

/* ---- words -------------------------------------------------------------------------------- */

static bool take_section(struct cli_line *line, const char *word, GError **error)
{
    line->section = cli_section(word);
    if (line->section != NULL) {
        const struct command *only = cli_command(line->section, NULL);
        if (only != NULL && only->verb == NULL)
            line->command = only;
        return true;
    }

    g_auto(GStrv) names = cli_section_names();
    const char *nearest = nearest_of(word, names);
    g_autofree char *hint =
        nearest != NULL
            ? g_strdup_printf("did you mean \"%s\"? see \"pgrunbook --help\"", nearest)
            : g_strdup("see \"pgrunbook --help\"");
    runbook_error_set(error, RUNBOOK_USAGE, hint, "there is no section \"%s\"", word);
    return false;
}

/* "wal" alone, of "wal push". */
static bool fail_half(const struct feature *section, const char *word, GError **error)
{
    g_auto(GStrv) seconds = cli_second_words(section, word);
    g_autofree char *list = g_strjoinv(", ", seconds);
    g_autofree char *path = cli_path(section, NULL);
    g_autofree char *hint = g_strdup_printf("Its commands: %s. See \"%s --help\".", list, path);

    runbook_error_set(error, RUNBOOK_USAGE, hint, "%s %s needs a command", path, word);
    return false;
}

static bool fail_verb(const struct feature *section, const char *word, GError **error)
{
    if (word != NULL && cli_verb_begins(section, word))
        return fail_half(section, word, error);
    g_auto(GStrv) names = cli_verb_names(section);
    g_autofree char *list = g_strjoinv(", ", names);
    g_autofree char *path = cli_path(section, NULL);
    const char *nearest = word != NULL ? nearest_of(word, names) : NULL;
    g_autofree char *hint =
        nearest != NULL
            ? g_strdup_printf("did you mean \"%s %s\"? see \"%s --help\"", path, nearest, path)
        : list[0] != '\0'
            ? g_strdup_printf("Its commands: %s. See \"%s --help\".", list, path)
            : g_strdup_printf("It has no commands; read \"pgrunbook runbook %s\".",
                              section->name);

    if (word == NULL)
        runbook_error_set(error, RUNBOOK_USAGE, hint, "%s needs a command", path);
    else
        runbook_error_set(error, RUNBOOK_USAGE, hint, "%s has no command \"%s\"", path, word);
    return false;
}

static bool takes_words(const struct command *command)
{
    return command->arguments != NULL || command->flags & COMMAND_NEEDS_SERVER;
}

/* The second word: a verb, or an argument of the command that needs none. A verb of two words,
 * "wal push", is decided with the second of them. */
static bool take_verb(struct scan *scan, const char *word, GError **error)
{
    struct cli_line *line = scan->line;
    g_autofree char *verb =
        scan->half != NULL ? g_strjoin(" ", scan->half, word, NULL) : g_strdup(word);
    const struct command *named = cli_command(line->section, verb);

    if (named == NULL && scan->half == NULL && cli_verb_begins(line->section, word)) {
        scan->half = g_steal_pointer(&verb);
        return true;
    }
    scan->verb_decided = true;
    if (named != NULL) {
        line->command = named;
        return true;
    }
    if (scan->half != NULL)
        return fail_verb(line->section, verb, error);
    line->command = cli_command(line->section, NULL);
    if (line->command == NULL || !takes_words(line->command))
        return fail_verb(line->section, word, error);
    g_ptr_array_add(scan->words, g_strdup(word));
    return true;
}

static bool take_word(struct scan *scan, const char *word, GError **error)
{
    if (scan->line->section == NULL)
        return take_section(scan->line, word, error);
    if (!scan->verb_decided)
        return take_verb(scan, word, error);
    g_ptr_array_add(scan->words, g_strdup(word));
    return true;
}

static bool scan_words(struct scan *scan, GError **error)
{
    bool only_words = false;

    for (; *scan->next != NULL; scan->next++) {
        const char *word = *scan->next;
        guint known = scan->given->len;
        bool done;

        if (only_words || word[0] != '-' || word[1] == '\0')
            done = take_word(scan, word, error);
        else if (strcmp(word, "--") == 0) {
            done = only_words = true;
            scan->ahead = scan->words->len;
        } else
            done = word[1] == '-' ? scan_long(scan, error) : scan_letters(scan, error);
        if (!done)
            return false;
        for (; known < scan->given->len; known++)
            note_help(scan->line, scan->given->pdata[known]);
    }
    if (!only_words)
        scan->ahead = scan->words->len;
    return true;
}

/* ---- what it all means -------------------------------------------------------------------- */

static bool settle_command(struct scan *scan, GError **error)
{
    struct cli_line *line = scan->line;

    if (line->section == NULL) {
        runbook_error_set(error, RUNBOOK_USAGE, "Start with \"pgrunbook --help\".",
                          "no command given");
        return false;
    }
    if (line->command == NULL)
        line->command = cli_command(line->section, NULL);
    if (scan->half != NULL && !scan->verb_decided)
        return fail_verb(line->section, scan->half, error);
    return line->command != NULL || fail_verb(line->section, NULL, error);
}

static bool settle_options(struct scan *scan, GError **error)
{
    for (guint i = 0; i < scan->given->len; i++) {
        const struct given *given = scan->given->pdata[i];
        struct option option;

        if (!cli_find_option(scan->line->command, given->name, given->letter, &option))
            return fail_unknown_option(scan->line, given, error);
        options_add(scan->line->options, option.name, given->value);
    }
    return true;
}

/* An option was given that takes the place of the arguments. */
static bool stands_instead(const struct cli_line *line)
{
    const char *const *instead = line->command->instead;

    for (gsize i = 0; instead != NULL && instead[i] != NULL; i++)
        if (option_given(line->options, instead[i]))
            return true;
    return false;
}

/* "ID", "[SECTION [VERB]]": how many words the command takes, and how many it must have. */
static void count_arguments(const struct cli_line *line, guint *ret_needed, guint *ret_most)
{
    const char *arguments = line->command->arguments;
    g_auto(GStrv) words = g_strsplit(arguments ? arguments : "", " ", -1);

    *ret_needed = *ret_most = 0;
    if (stands_instead(line))
        return;
    for (guint i = 0; words[i] != NULL && words[i][0] != '\0'; i++) {
        *ret_most += 1;
        *ret_needed += words[i][0] != '[';
    }
}

static bool fail_many(const struct scan *scan, guint room, const char *hint, GError **error)
{
    g_autofree char *path = cli_path(scan->line->section, scan->line->command);

    runbook_error_set(error, RUNBOOK_USAGE, hint,
                      "too many words: \"%s\" is one more than %s takes",
                      (const char *) scan->words->pdata[room], path);
    return false;
}

/* "-- PROGRAM...": what stands behind the dashes belongs to the program, whatever it looks like. */
static bool settle_program(struct scan *scan, const char *hint, GError **error)
{
    struct cli_line *line = scan->line;
    guint room = line->command->flags & COMMAND_NEEDS_SERVER ? 1 : 0;

    if (scan->ahead >= scan->words->len) {
        g_autofree char *path = cli_path(line->section, line->command);
        runbook_error_set(error, RUNBOOK_USAGE, hint, "%s needs a program behind \"--\"", path);
        return false;
    }
    if (scan->ahead > room)
        return fail_many(scan, room, hint, error);
    if (scan->ahead > 0)
        line->dbname = g_strdup(scan->words->pdata[0]);
    for (guint i = scan->ahead; i < scan->words->len; i++)
        g_ptr_array_add(line->arguments, g_strdup(scan->words->pdata[i]));
    return true;
}

static bool settle_words(struct scan *scan, GError **error)
{
    struct cli_line *line = scan->line;
    g_autofree char *usage = cli_usage(line->command);
    g_autofree char *path = cli_path(line->section, line->command);
    g_autofree char *hint = g_strdup_printf("Usage: %s %s", path, usage);
    guint needed, most, count = scan->words->len;

    if (cli_takes_program(line->command))
        return settle_program(scan, hint, error);
    count_arguments(line, &needed, &most);
    guint room = most + (line->command->flags & COMMAND_NEEDS_SERVER ? 1 : 0);
    if (count < needed) {
        g_autofree char *arguments = cli_arguments(line->command);
        runbook_error_set(error, RUNBOOK_USAGE, hint, "%s needs %s", path, arguments);
        return false;
    }
    if (count > room)
        return fail_many(scan, room, hint, error);
    for (guint i = 0; i < MIN(count, most); i++)
        g_ptr_array_add(line->arguments, g_strdup(scan->words->pdata[i]));
    if (count > most)
        line->dbname = g_strdup(scan->words->pdata[most]);
    return true;
}

bool cli_line_parse(struct cli_line *line, const char *const *words, GError **error)
{
    g_autoptr(GPtrArray) given = g_ptr_array_new_with_free_func(given_free);
    g_autoptr(GPtrArray) behind = g_ptr_array_new_with_free_func(g_free);
    struct scan scan = {.line = line, .next = words, .given = given, .words = behind};
    bool read = scan_words(&scan, error);

    if (read && !line->help && !line->version)
        read = settle_command(&scan, error) && settle_options(&scan, error) &&
               settle_words(&scan, error);
    g_free(scan.half);
    return read;
}
