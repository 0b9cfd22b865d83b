/*
 * From the command line to the exit code: settings, targets, connection, history, and one call of
 * the command per target.
 */
#include "cli/cli.h"
#include "cli/grammar.h"
#include "cli/help.h"
#include "cli/line.h"
#include "cli/record.h"
#include "cli/wrap.h"
#include "interrupt.h"
#include "options.h"
#include "units/units.h"

#include <stdio.h>
#include <string.h>

/* What all targets of one invocation share; borrowed. */
struct invocation {
    const struct cli_line *line;
    struct settings *settings;
    struct store *store;
    struct output *output;
    const char *command_line;
};

/* ---- exit codes --------------------------------------------------------------------------- */

/* What a restore_command ends with when it failed. */
enum { FAILED_RESTORE = 126 };

static bool has_flag(const struct cli_line *line, unsigned flag)
{
    return line->command != NULL && line->command->flags & flag;
}

static bool is_monitor(const struct cli_line *line)
{
    return has_flag(line, CLI_MONITOR);
}

/* A recovery must not take a failure for the end of WAL, and so the server has to stop. A standby takes
 * nothing for the end: it asks again, and its primary. A server that is just leaving recovery, its
 * signal files gone, asks for a history that it has itself; stopped there it would come up on the
 * timeline that it was to leave. Both would be down because the archive is out of reach. */
static int failed_restore(void)
{
    bool here = g_file_test("global/pg_control", G_FILE_TEST_EXISTS);
    bool recovers = g_file_test("recovery.signal", G_FILE_TEST_EXISTS);
    bool standby = g_file_test("standby.signal", G_FILE_TEST_EXISTS);

    return here && (standby || !recovers) ? RUNBOOK_FAILED : FAILED_RESTORE;
}

/* Monitoring plugins have one code for everything that kept them from judging, PostgreSQL one for
 * what kept a restore_command from looking. */
static int exit_code_of(const struct cli_line *line, const GError *error)
{
    enum runbook_exit code = runbook_error_exit(error);

    if (has_flag(line, COMMAND_RESTORES))
        return failed_restore();

    return is_monitor(line) && code != RUNBOOK_INTERRUPTED ? 3 : (int) code;
}

static int graver(bool monitor, int left, int right)
{
    static const int plain[] = {130, 2, 1, 3, 4, 5, 0};
    static const int plugin[] = {130, 2, 1, 3, 0};
    const int *order = monitor ? plugin : plain;
    gsize count = monitor ? G_N_ELEMENTS(plugin) : G_N_ELEMENTS(plain);

    for (gsize i = 0; i < count; i++)
        if (order[i] == left || order[i] == right)
            return order[i];
    return left;
}

/* ---- options ------------------------------------------------------------------------------ */

/* The position of the option's value among its choices; 0 when it was not given, -1 for an
 * error. */
static int choice_of(const struct cli_line *line, const char *name, GError **error)
{
    const char *value = option_value(line->options, name);
    struct option option;

    if (value == NULL || !cli_find_option(line->command, name, 0, &option))
        return 0;
    const char *const *choices = cli_option_choices(&option);
    for (int i = 0; choices[i] != NULL; i++)
        if (strcmp(choices[i], value) == 0)
            return i;
    g_autofree char *list = cli_join(choices, ", ");
    const char *nearest = units_nearest(value, choices);
    g_autofree char *hint = nearest != NULL ? g_strdup_printf("did you mean \"%s\"?", nearest)
                                            : g_strdup_printf("known are %s", list);
    runbook_error_set(error, RUNBOOK_USAGE, hint, "invalid value for --%s: \"%s\"", name,
                      value);
    return -1;
}

/* The format of what is printed; a value that is the command's own says nothing about it. */
static int format_of(const struct cli_line *line, GError **error)
{
    const char *value = option_value(line->options, "format");
    const char *const *formats = cli_output_formats();

    if (choice_of(line, "format", error) < 0)
        return -1;
    for (int i = 0; value != NULL && formats[i] != NULL; i++)
        if (strcmp(formats[i], value) == 0)
            return i;
    return OUTPUT_TABLE;
}

/* --format may be about what the command writes, and then it is a setting, or about what it
 * prints. */
static bool says_output(const struct cli_line *line)
{
    const char *value = option_value(line->options, "format");

    return value != NULL && g_strv_contains(cli_output_formats(), value);
}

/* The order of the choices is that of the enums. */
static struct output *make_output(const struct cli_line *line, GError **error)
{
    int format = format_of(line, error);
    int color = format < 0 ? -1 : choice_of(line, "color", error);
    bool json = option_given(line->options, "json");

    if (color < 0)
        return NULL;
    if (json && format != OUTPUT_JSON && says_output(line)) {
        runbook_error_set(error, RUNBOOK_USAGE, NULL, "--json and --format=%s contradict",
                          option_value(line->options, "format"));
        return NULL;
    }
    int verbosity = option_given(line->options, "quiet")     ? -1
                    : option_given(line->options, "verbose") ? 1
                                                             : 0;
    return output_new(stdout, stderr, json ? OUTPUT_JSON : (enum output_format) format,
                      (enum output_color) color, verbosity);
}

/* The text for a setting: a switch turns it on, a repeated option makes a list. */
static char *setting_text(const struct cli_line *line, const struct option *option)
{
    if (option->argument == NULL)
        return g_strdup("on");
    if (!(option->flags & OPTION_REPEATS))
        return g_strdup(option_value(line->options, option->name));
    const char *const *values = option_values(line->options, option->name);
    return cli_join(values, ", ");
}

static bool overrides(const struct cli_line *line, const struct option *option)
{
    return option->setting != NULL && option_given(line->options, option->name) &&
           !(strcmp(option->name, "format") == 0 && says_output(line));
}

static bool apply_overrides(const struct cli_line *line, struct settings *settings,
                            GError **error)
{
    for (enum cli_group group = CLI_GROUP_COMMAND; group <= CLI_GROUP_CONNECTION; group++) {
        g_autoptr(GArray) options = cli_options(line->command, group);
        for (guint i = 0; i < options->len; i++) {
            const struct option *option = &g_array_index(options, struct option, i);
            if (!overrides(line, option))
                continue;
            g_autofree char *text = setting_text(line, option);
            g_autofree char *origin = g_strconcat("--", option->name, NULL);
            if (!settings_override(settings, option->setting, text, origin, error))
                return false;
        }
    }
    return true;
}

/* ---- connection --------------------------------------------------------------------------- */

static const char *target_of(const struct cli_line *line)
{
    bool takes = has_flag(line, COMMAND_NEEDS_SERVER | COMMAND_TAKES_TARGET);

    return takes ? option_value(line->options, "target") : NULL;
}

/* Options that say two different things about where to connect. */
static bool check_connection(const struct cli_line *line, GError **error)
{
    static const char *const places[] = {"host", "port", "username", "dbname", NULL};

    if (line->dbname != NULL && option_value(line->options, "dbname") != NULL) {
        runbook_error_set(error, RUNBOOK_USAGE, NULL,
                          "the database is named twice: --dbname and \"%s\"", line->dbname);
        return false;
    }
    if (option_given(line->options, "password") && option_given(line->options, "no-password")) {
        runbook_error_set(error, RUNBOOK_USAGE, NULL,
                          "--password and --no-password contradict");
        return false;
    }
    for (guint i = 0; target_of(line) != NULL && places[i] != NULL; i++) {
        if (!option_given(line->options, places[i]) && line->dbname == NULL)
            continue;
        runbook_error_set(error, RUNBOOK_USAGE,
                          "where a target is, its conninfo in the configuration says",
                          "--target does not go with another database, host, port or user");
        return false;
    }
    return true;
}

static struct session_params connection_of(const struct cli_line *line)
{
    const struct options *options = line->options;

    return (struct session_params){
        .host = option_value(options, "host"),
        .port = option_value(options, "port"),
        .user = option_value(options, "username"),
        .dbname = line->dbname ? line->dbname : option_value(options, "dbname"),
        .password = option_given(options, "password")      ? SESSION_PASSWORD_ASK
                    : option_given(options, "no-password") ? SESSION_PASSWORD_NEVER
                                                           : SESSION_PASSWORD_AUTO,
    };
}

/* ---- one call ----------------------------------------------------------------------------- */

static int call_command(const struct invocation *invocation, struct settings *settings,
                        const char *target, struct session_params *server)
{
    const struct cli_line *line = invocation->line;
    g_autoptr(GError) error = NULL;
    struct call call = {
        .feature = line->section,
        .command = line->command,
        .options = line->options,
        .arguments = (const char *const *) line->arguments->pdata,
        .settings = settings,
        .server = server,
        .target = target,
        .alias = g_getenv(CALL_ALIAS_VARIABLE),
        .output = invocation->output,
        .store = invocation->store,
        .command_line = invocation->command_line,
        .dry_run = option_given(line->options, "dry-run"),
        .yes = option_given(line->options, "yes"),
        .echo = option_given(line->options, "echo"),
        .looks = g_getenv(CALL_LOOKS_VARIABLE) != NULL,
    };
    int code = (int) line->command->run(&call, &error);

    if (error == NULL)
        return code;
    output_error(invocation->output, error);
    return exit_code_of(line, error);
}

static int call_for_target(const struct invocation *invocation, const char *target)
{
    g_autoptr(GError) error = NULL;
    AUTO(settings) settings = settings_for_target(invocation->settings, target, &error);

    if (settings == NULL || !apply_overrides(invocation->line, settings, &error)) {
        output_error(invocation->output, error);
        return exit_code_of(invocation->line, error);
    }
    struct session_params server = connection_of(invocation->line);
    server.dbname = settings_string(settings, "conninfo");
    server.primary = true;
    int code = call_command(invocation, settings, target, &server);
    g_free(server.entered);
    return code;
}

/* Each target in turn: one that fails does not stop the others, only Ctrl-C does. */
static int call_for_all(const struct invocation *invocation)
{
    const char *const *targets = settings_targets(invocation->settings);
    int worst = 0;

    if (targets[0] == NULL) {
        g_autoptr(GError) error = NULL;
        runbook_error_set(&error, RUNBOOK_USAGE,
                          "add a section [target NAME] with a conninfo; \"pgrunbook config "
                          "sample\" shows how",
                          "the configuration has no targets");
        output_error(invocation->output, error);
        return exit_code_of(invocation->line, error);
    }
    for (guint i = 0; targets[i] != NULL && !interrupt_pending(); i++) {
        g_autofree char *heading = g_strdup_printf("Target %s", targets[i]);
        g_autofree char *painted = output_paint(invocation->output, OUTPUT_BOLD, heading);
        output_say(invocation->output, "%s%s", i > 0 ? "\n" : "", painted);
        int code = call_for_target(invocation, targets[i]);
        worst = i == 0 ? code : graver(is_monitor(invocation->line), worst, code);
    }
    return interrupt_pending() ? RUNBOOK_INTERRUPTED : worst;
}

static int call_once(const struct invocation *invocation)
{
    struct session_params server = connection_of(invocation->line);
    int code = call_command(invocation, invocation->settings, NULL, &server);

    g_free(server.entered);
    return code;
}

/* ---- the way there ------------------------------------------------------------------------ */

/* A section of the runbook always finds a store: one to write for runs that are recorded and for
 * commands that keep samples, else one to read, which is an empty one where there is no history
 * yet. Samples are worth less than what is known already: where the file cannot be written it is
 * read, and *ret_trouble says why. */
static struct store *open_store(const struct cli_line *line, const struct settings *settings,
                                char **ret_trouble)
{
    if (!cli_is_runbook(line->section) || has_flag(line, COMMAND_HASTENS))
        return NULL;
    g_autofree char *path = settings_state_path(settings);
    bool watches =
        line->command->flags & COMMAND_WATCHES && option_given(line->options, "watch");
    if (line->command->flags & COMMAND_RECORDS || watches) {
        AUTO(store) store = store_open(path);
        if (store_trouble(store) == NULL)
            return g_steal_pointer(&store);
        *ret_trouble = g_strdup(store_trouble(store));
    } else if (line->command->flags & COMMAND_WRITES &&
               !option_given(line->options, "dry-run")) {
        return store_open(path);
    }
    struct store *reader =
        g_file_test(path, G_FILE_TEST_EXISTS) ? store_open_reader(path, NULL) : NULL;
    return reader != NULL ? reader : store_open(NULL);
}

static void say_trouble(const struct invocation *invocation, const char *trouble)
{
    bool recorded = invocation->line->command->flags & COMMAND_WRITES;

    if (trouble != NULL)
        output_warn(invocation->output, "%s: %s",
                    recorded ? "this run is not in the history"
                             : "nothing is kept for later in the history",
                    trouble);
}

/* A run that is recorded pays for its record: the history does not grow for ever. */
static void forget_old(const struct cli_line *line, const struct settings *settings,
                       struct store *store)
{
    if (line->command->flags & COMMAND_WRITES && !option_given(line->options, "dry-run"))
        store_prune(store, g_get_real_time() - settings_int(settings, "history.keep") * 1000);
}

/* What the tables do not say of options and arguments, the command does. */
static bool accepts(const struct cli_line *line, GError **error)
{
    return line->command->accepts == NULL ||
           line->command->accepts(line->options, (const char *const *) line->arguments->pdata,
                                  error);
}

static int run_with_settings(struct invocation *invocation, GError **error)
{
    const struct cli_line *line = invocation->line;
    const char *file = option_value(line->options, "config");
    const char *target = target_of(line);

    if (!check_connection(line, error) || !accepts(line, error))
        return exit_code_of(line, *error);
    AUTO(settings) settings = settings_load(cli_setting_tables(), file, error);
    if (settings == NULL || !apply_overrides(line, settings, error))
        return exit_code_of(line, *error);

    g_autofree char *trouble = NULL;
    AUTO(store) store = open_store(line, settings, &trouble);
    invocation->settings = settings;
    invocation->store = store;
    int code = target == NULL               ? call_once(invocation)
               : strcmp(target, "all") == 0 ? call_for_all(invocation)
                                            : call_for_target(invocation, target);
    if (trouble == NULL && store != NULL)
        trouble = g_strdup(store_trouble(store));
    if (trouble == NULL && store != NULL)
        forget_old(line, settings, store);
    say_trouble(invocation, trouble);
    return code;
}

static int run(const struct cli_line *line, struct output *output, const char *command_line)
{
    struct invocation invocation = {
        .line = line,
        .output = output,
        .command_line = command_line,
    };
    g_autoptr(GError) error = NULL;
    int code = line->command->flags & CLI_BARE ? call_once(&invocation)
                                               : run_with_settings(&invocation, &error);

    if (error != NULL)
        output_error(output, error);
    g_clear_error(&error);
    if (output_finish(output, &error))
        return code;
    /* The reader of a closed pipe does not want to hear of it; a full disk is always news. */
    if (error != NULL)
        output_error(output, error);
    return error != NULL || code == 0 ? exit_code_of(line, error) : code;
}

static int report(const struct cli_line *line, const GError *error)
{
    AUTO(output) output = output_new(stdout, stderr, OUTPUT_TABLE, OUTPUT_COLOR_AUTO, 0);

    output_error(output, error);
    return exit_code_of(line, error);
}

static int show(const struct cli_line *line)
{
    AUTO(output) output = output_new(stdout, stderr, OUTPUT_TABLE, OUTPUT_COLOR_AUTO, 0);
    g_autoptr(GError) error = NULL;
    g_autofree char *text = line->help ? cli_help(line->section, line->command)
                                       : g_strdup("pgrunbook " RUNBOOK_VERSION "\n");

    output_raw(output, text);
    if (output_finish(output, &error))
        return RUNBOOK_DONE;
    output_error(output, error);
    return RUNBOOK_FAILED;
}

int cli_main(int argc, char **argv)
{
    AUTO(cli_line) line = cli_line_new();
    g_autoptr(GError) error = NULL;
    const char *const *words = (const char *const *) argv;

    if (!cli_line_parse(line, words + (argc > 0), &error))
        return report(line, error);
    if (line->help || line->version)
        return show(line);
    AUTO(output) output = make_output(line, &error);
    if (output == NULL)
        return report(line, error);
    g_autofree char *command_line = cli_record_line(words);
    return run(line, output, command_line);
}
