#include "cli/commands.h"
#include "cli/grammar.h"
#include "cli/record.h"
#include "daemon/daemon.h"
#include "error.h"
#include "notify/channel.h"
#include "out/document.h"
#include "out/grid.h"

#include <string.h>

/* ---- show --------------------------------------------------------------------------------- */

struct shown {
    struct grid *grid;
    struct document *document;
};

static void show_setting(const struct setting_view *view, gpointer data)
{
    const struct shown *shown = data;
    g_autofree char *text = view->text != NULL ? cli_mask_passwords(view->text) : NULL;
    bool is_default = strcmp(view->origin, "default") == 0;
    char *name = view->section == NULL ? g_strdup(view->name)
                                       : g_strdup_printf("[%s] %s", view->section, view->name);

    grid_take(shown->grid, OUTPUT_BOLD, name);
    grid_cell(shown->grid, OUTPUT_PLAIN, text);
    grid_cell(shown->grid, is_default ? OUTPUT_DIM : OUTPUT_PLAIN, view->origin);
    document_item(shown->document,
                  json_pack("{so so so so so}", "section", document_text(view->section), "name",
                            document_text(view->name), "value", document_text(text), "origin",
                            document_text(view->origin), "default",
                            document_text(view->row->fallback)));
}

static enum runbook_exit run_show(struct call *call, GError **error)
{
    static const struct grid_column columns[] = {
        {"Setting", false}, {"Value", false}, {"Origin", false}, {NULL, false}};
    const char *target = option_value(call->options, "target");
    AUTO(settings)
    own = target != NULL ? settings_for_target(call->settings, target, error) : NULL;

    if (target != NULL && own == NULL)
        return RUNBOOK_USAGE;
    AUTO(grid) grid = grid_new(columns);
    struct shown shown = {grid, document_begin(call->output, "config.show/1", NULL)};
    document_member(shown.document, "target", document_text(target));
    document_array(shown.document, "settings");
    settings_each(own != NULL ? own : call->settings, target, show_setting, &shown);
    document_array_end(shown.document);
    document_end(shown.document);
    grid_print(grid, call->output);
    return RUNBOOK_DONE;
}

/* ---- check -------------------------------------------------------------------------------- */

/* The files behind the settings, by the rules of settings.h; a missing one of the usual places
 * was no fault. */
static char **files_read(const struct call *call)
{
    const char *named = option_value(call->options, "config");
    g_autoptr(GStrvBuilder) files = g_strv_builder_new();

    if (named == NULL)
        named = g_getenv("PGRUNBOOK_CONFIG");
    if (named != NULL && named[0] != '\0') {
        g_strv_builder_add(files, named);
        return g_strv_builder_end(files);
    }
    g_autofree char *own =
        g_build_filename(g_get_user_config_dir(), "pgrunbook", "pgrunbook.conf", NULL);
    const char *const usual[] = {"/etc/pgrunbook/pgrunbook.conf", own};
    for (guint i = 0; i < G_N_ELEMENTS(usual); i++)
        if (g_file_test(usual[i], G_FILE_TEST_EXISTS))
            g_strv_builder_add(files, usual[i]);
    return g_strv_builder_end(files);
}

/* What is no fault, and is found out at the worst of times. */
static void note_ways_in(const struct call *call)
{
    const char *const *targets = settings_targets(call->settings);

    for (guint i = 0; targets[i] != NULL; i++) {
        AUTO(settings) own = settings_for_target(call->settings, targets[i], NULL);
        const char *way = own != NULL ? settings_string(own, "emergency_conninfo") : "";
        if (way == NULL)
            output_note(
                call->output,
                "target %s has no emergency_conninfo: when every slot is taken, serve's "
                "watch alone is in, and relief by hand is not",
                targets[i]);
    }
}

/* A name alone is a user or an alias of the machine that takes the mail: which ones there are it
 * knows, and we do not. */
static void note_names(const struct call *call)
{
    static const char *const lists[] = {"notify.mail_to", "report.to"};

    for (guint i = 0; i < G_N_ELEMENTS(lists); i++)
        for (const char *const *to = settings_list(call->settings, lists[i]); *to != NULL; to++)
            if (strchr(*to, '@') == NULL)
                output_note(call->output,
                            "%s: \"%s\" has no @: the machine that takes the mail has to have "
                            "a user or an alias of that name",
                            lists[i], *to);
}

/* A path that begins in the folder somebody happens to be in is another for serve. */
static bool is_found_anywhere(const struct settings *settings, GError **error)
{
    static const char *const paths[] = {"http.tokens", "report.folder"};

    for (guint i = 0; i < G_N_ELEMENTS(paths); i++) {
        const char *path = settings_string(settings, paths[i]);
        if (path == NULL || path[0] == '\0' || g_path_is_absolute(path))
            continue;
        runbook_error_set(error, RUNBOOK_USAGE, "it has to begin with /",
                          "%s: \"%s\" is not an absolute path", paths[i], path);
        return false;
    }
    return true;
}

/* What would be found out when the month is over, or when something is on fire: addresses, and the
 * folder of the report. */
static bool may_report(const struct settings *settings, GError **error)
{
    const char *folder = settings_string(settings, "report.folder");

    if (!channels_may_mail(settings, "notify.mail_to", error) ||
        !channels_may_mail(settings, "report.to", error))
        return false;
    if (folder == NULL || folder[0] == '\0' || g_file_test(folder, G_FILE_TEST_IS_DIR))
        return true;
    runbook_error_set(error, RUNBOOK_USAGE, "make it, and give it to the user serve runs as",
                      "report.folder: there is no folder \"%s\"", folder);
    return false;
}

/* That the files are well-formed was found out on the way here. What is left is each target, and
 * whether serve could answer HTTP like that. */
static enum runbook_exit run_check(struct call *call, GError **error)
{
    const char *const *targets = settings_targets(call->settings);
    g_auto(GStrv) files = files_read(call);
    struct document *document;
    guint count = 0;

    for (; targets[count] != NULL; count++) {
        AUTO(settings) own = settings_for_target(call->settings, targets[count], error);
        if (own == NULL || !is_found_anywhere(own, error) || !may_report(own, error))
            return RUNBOOK_USAGE;
    }
    if (!is_found_anywhere(call->settings, error) || !may_report(call->settings, error) ||
        !daemon_may_listen(call->settings, error))
        return runbook_error_exit(*error);
    document = document_begin(call->output, "config.check/1", NULL);
    document_array(document, "files");
    for (guint i = 0; files[i] != NULL; i++) {
        document_item(document, document_text(files[i]));
        output_say(call->output, "%s: read", files[i]);
    }
    document_array_end(document);
    document_array(document, "targets");
    for (guint i = 0; targets[i] != NULL; i++)
        document_item(document, document_text(targets[i]));
    document_array_end(document);
    document_end(document);
    if (files[0] == NULL)
        output_say(call->output, "No configuration file; all settings have their defaults.");
    note_ways_in(call);
    note_names(call);
    output_say(call->output, "The configuration is valid: %u target%s.", count,
               count == 1 ? "" : "s");
    return RUNBOOK_DONE;
}

static enum runbook_exit run_sample(struct call *call, GError **error)
{
    g_autofree char *sample = settings_sample(cli_setting_tables());

    (void) error;
    output_raw(call->output, sample);
    return RUNBOOK_DONE;
}

static const struct option show_options[] = {
    {.name = "target", .argument = "NAME", .prose = "Show what holds for this target"},
    {.name = NULL},
};

const struct command cli_config_commands[] = {
    {
        .verb = "check",
        .summary = "Read the configuration and report the first fault",
        .prose =
            "Names the files read. A fault is reported with file and line, and exit "
            "code 2; so is what would keep \"serve\" from answering HTTP: an address that "
            "is none, a certificate without its key, an address of the network without TLS "
            "and a token; so are addresses that are no mail addresses, and a report.folder "
            "that is not there. The certificate and the tokens are those of whoever runs it: "
            "run "
            "it as the user that serve runs as.",
        .examples = "pgrunbook config check\n"
                    "pgrunbook config check --config /tmp/new.conf",
        .flags = COMMAND_LOCAL,
        .run = run_check,
    },
    {
        .verb = "show",
        .summary = "Show every setting, its value and its origin",
        .examples = "pgrunbook config show\n"
                    "pgrunbook config show --target prod --json",
        .options = show_options,
        .flags = COMMAND_LOCAL,
        .run = run_show,
    },
    {
        .verb = "sample",
        .summary = "Print a commented sample configuration file",
        .examples = "pgrunbook config sample > ~/.config/pgrunbook/pgrunbook.conf",
        .flags = CLI_BARE,
        .run = run_sample,
    },
    {.run = NULL},
};
