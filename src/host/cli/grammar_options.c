/*
 * The options every command shares, and the answers to "which options does this command take".
 */
#include "cli/grammar.h"

#include "cli/wrap.h"

#include <string.h>

static const struct option write_options[] = {
    {"dry-run", 0, NULL, NULL, OPTION_ONCE, "print the plan as SQL for psql; change nothing"},
    {"yes", 'y', NULL, NULL, OPTION_ONCE, "do not ask before the plan is carried out"},
    {.name = NULL},
};

static const struct option connection_options[] = {
    {"host", 'h', "HOSTNAME", NULL, OPTION_ONCE, "database server host or socket directory"},
    {"port", 'p', "PORT", NULL, OPTION_ONCE, "database server port"},
    {"username", 'U', "USERNAME", NULL, OPTION_ONCE, "user name to connect as"},
    {"dbname", 'd', "DBNAME", NULL, OPTION_ONCE,
     "database to work on; a connection string or URI as well"},
    {"no-password", 'w', NULL, NULL, OPTION_ONCE, "never prompt for password"},
    {"password", 'W', NULL, NULL, OPTION_ONCE, "force password prompt"},
    {"target", 0, "NAME", NULL, OPTION_ONCE,
     "connect as [target NAME] of the configuration says, with its settings; \"all\": each "
     "target in turn"},
    {.name = NULL},
};

static const struct option target_options[] = {
    {"target", 0, "NAME", NULL, OPTION_ONCE,
     "with the settings of [target NAME]; \"all\": each in turn"},
    {.name = NULL},
};

static const struct option server_options[] = {
    {"echo", 'e', NULL, NULL, OPTION_ONCE, "print the SQL as it runs"},
    {.name = NULL},
};

static const struct option general_options[] = {
    {"config", 0, "FILE", NULL, OPTION_ONCE,
     "read this configuration file instead of the usual ones"},
    {"state", 0, "FILE", "state", OPTION_ONCE, "keep the history in this file"},
    {"format", 0, "FORMAT", NULL, OPTION_ONCE, "print data in this format"},
    {"json", 0, NULL, NULL, OPTION_ONCE, "the same as --format=json"},
    {"color", 0, "WHEN", NULL, OPTION_ONCE,
     "use colors; auto: on a terminal, unless NO_COLOR is set"},
    {"quiet", 'q', NULL, NULL, OPTION_ONCE, "print no notes and no progress"},
    {"verbose", 'v', NULL, NULL, OPTION_ONCE, "say more"},
    {"version", 'V', NULL, NULL, OPTION_ONCE, "print the version, then exit"},
    {"help", '?', NULL, NULL, OPTION_ONCE, "show this help, then exit"},
    {.name = NULL},
};

/* Options of the house: taken by commands that have all flags of `needs`. */
static const struct {
    const struct option *rows;
    enum cli_group group;
    unsigned needs;
} shared[] = {
    {write_options, CLI_GROUP_COMMAND, COMMAND_WRITES},
    {connection_options, CLI_GROUP_CONNECTION, COMMAND_NEEDS_SERVER},
    {target_options, CLI_GROUP_COMMAND, COMMAND_TAKES_TARGET},
    {server_options, CLI_GROUP_GENERAL, COMMAND_NEEDS_SERVER},
    {general_options, CLI_GROUP_GENERAL, 0},
};

static const struct {
    const char *option;
    const char *const *choices;
} shared_choices[] = {
    {"format", (const char *const[]){"table", "json", "csv", "markdown", NULL}},
    {"color", (const char *const[]){"auto", "always", "never", NULL}},
};

/* A command's own row stands for the house's of the same name. */
static bool has_own(const struct command *command, const char *name)
{
    for (const struct option *row = command->options; row != NULL && row->name != NULL; row++)
        if (strcmp(row->name, name) == 0)
            return true;
    return false;
}

static void append_rows(GArray *options, const struct option *rows)
{
    for (const struct option *row = rows; row != NULL && row->name != NULL; row++)
        g_array_append_vals(options, row, 1);
}

static void append_shared(GArray *options, const struct command *command,
                          const struct option *rows)
{
    for (const struct option *row = rows; row->name != NULL; row++)
        if (!has_own(command, row->name))
            g_array_append_vals(options, row, 1);
}

GArray *cli_options(const struct command *command, enum cli_group group)
{
    GArray *options = g_array_new(FALSE, FALSE, sizeof(struct option));

    if (group == CLI_GROUP_COMMAND)
        append_rows(options, command->options);
    for (guint i = 0; i < G_N_ELEMENTS(shared); i++)
        if (shared[i].group == group && (command->flags & shared[i].needs) == shared[i].needs)
            append_shared(options, command, shared[i].rows);
    return options;
}

static bool is_named(const struct option *option, const char *name, char letter)
{
    return name != NULL ? strcmp(option->name, name) == 0 : option->letter == letter;
}

bool cli_find_option(const struct command *command, const char *name, char letter,
                     struct option *ret_option)
{
    for (enum cli_group group = CLI_GROUP_COMMAND; group <= CLI_GROUP_CONNECTION; group++) {
        g_autoptr(GArray) options = cli_options(command, group);
        for (guint i = 0; i < options->len; i++) {
            const struct option *option = &g_array_index(options, struct option, i);
            if (is_named(option, name, letter)) {
                *ret_option = *option;
                return true;
            }
        }
    }
    return false;
}

bool cli_find_option_anywhere(const struct feature *section, const char *name, char letter,
                              struct option *ret_option)
{
    const struct feature *each;

    for (guint i = 0; (each = cli_section_at(i)) != NULL; i++) {
        if (section != NULL && section != each)
            continue;
        for (const struct command *row = each->commands; row != NULL && row->run; row++)
            if (cli_find_option(row, name, letter, ret_option))
                return true;
    }
    return false;
}

static void add_names(GStrvBuilder *names, const struct command *command)
{
    for (enum cli_group group = CLI_GROUP_COMMAND; group <= CLI_GROUP_CONNECTION; group++) {
        g_autoptr(GArray) options = cli_options(command, group);
        for (guint i = 0; i < options->len; i++) {
            g_autofree char *name =
                g_strconcat("--", g_array_index(options, struct option, i).name, NULL);
            g_strv_builder_add(names, name);
        }
    }
}

char **cli_option_names(const struct feature *section, const struct command *command)
{
    g_autoptr(GStrvBuilder) names = g_strv_builder_new();
    const struct feature *each;

    for (guint i = 0; command == NULL && (each = cli_section_at(i)) != NULL; i++)
        if (section == NULL || section == each)
            for (const struct command *row = each->commands; row && row->run; row++)
                add_names(names, row);
    if (command != NULL)
        add_names(names, command);
    return g_strv_builder_end(names);
}

const struct setting_table *cli_setting_tables(void)
{
    static GArray *tables;

    if (tables != NULL)
        return (const struct setting_table *) (const void *) tables->data;
    tables = g_array_new(TRUE, FALSE, sizeof(struct setting_table));
    struct setting_table own = {.prefix = NULL, .rows = settings_core};
    g_array_append_val(tables, own);
    const struct feature *section;
    for (guint i = 0; (section = cli_section_at(i)) != NULL; i++) {
        struct setting_table table = {section->name, section->settings, section->kinds};
        if (table.rows != NULL)
            g_array_append_val(tables, table);
    }
    return cli_setting_tables();
}

const struct setting *cli_setting(const char *name)
{
    for (const struct setting_table *table = cli_setting_tables(); table->rows; table++) {
        const char *rest = name;
        if (table->prefix != NULL) {
            if (!g_str_has_prefix(name, table->prefix) || name[strlen(table->prefix)] != '.')
                continue;
            rest = name + strlen(table->prefix) + 1;
        }
        for (const struct setting *row = table->rows; row->name != NULL; row++)
            if (strcmp(row->name, rest) == 0)
                return row;
    }
    return NULL;
}

const char *const *cli_output_formats(void)
{
    return shared_choices[0].choices;
}

/* What a command writes has formats of its own, beside those of what it prints. */
static const char *const *all_formats(const struct setting *setting)
{
    static const char *formats[16];
    gsize count = 0;

    for (const char *const *own = setting->choices; *own != NULL; own++)
        formats[count++] = *own;
    for (const char *const *house = cli_output_formats(); *house != NULL; house++)
        formats[count++] = *house;
    g_assert(count < G_N_ELEMENTS(formats));
    formats[count] = NULL;
    return formats;
}

const char *const *cli_option_choices(const struct option *option)
{
    const struct setting *setting = option->setting ? cli_setting(option->setting) : NULL;

    if (setting != NULL && strcmp(option->name, "format") == 0)
        return all_formats(setting);
    if (setting != NULL)
        return setting->type == SETTING_CHOICE ? setting->choices : NULL;
    for (guint i = 0; i < G_N_ELEMENTS(shared_choices); i++)
        if (strcmp(shared_choices[i].option, option->name) == 0)
            return shared_choices[i].choices;
    return NULL;
}

/* "1 to 64", "at least 1 s"; NULL when there is no bound. */
static char *range_of(const struct setting *setting)
{
    if (setting->minimum != NULL && setting->maximum != NULL)
        return g_strdup_printf("%s to %s", setting->minimum, setting->maximum);
    if (setting->minimum != NULL)
        return g_strdup_printf("at least %s", setting->minimum);
    return setting->maximum ? g_strdup_printf("at most %s", setting->maximum) : NULL;
}

char *cli_option_prose(const struct option *option)
{
    const struct setting *setting = option->setting ? cli_setting(option->setting) : NULL;
    const char *const *choices = cli_option_choices(option);
    const char *prose = option->prose ? option->prose : setting ? setting->prose : "";
    g_autoptr(GPtrArray) facts = g_ptr_array_new_null_terminated(4, g_free, TRUE);

    if (choices != NULL)
        g_ptr_array_add(facts, cli_join(choices, ", "));
    if (setting != NULL && option->argument != NULL) {
        char *range = range_of(setting);
        if (range != NULL)
            g_ptr_array_add(facts, range);
        if (setting->fallback != NULL && setting->fallback[0] != '\0')
            g_ptr_array_add(facts, g_strdup_printf("default %s", setting->fallback));
    }
    if (option->flags & OPTION_REPEATS)
        g_ptr_array_add(facts, g_strdup("may be repeated"));
    /* One sentence stands without its period, so that all options look alike. */
    int length = (int) strlen(prose);
    if (g_str_has_suffix(prose, ".") && (facts->len > 0 || strstr(prose, ". ") == NULL))
        length--;
    if (facts->len == 0)
        return g_strndup(prose, (gsize) length);
    g_autofree char *list = g_strjoinv("; ", (char **) facts->pdata);
    return g_strdup_printf("%.*s (%s)", length, prose, list);
}
