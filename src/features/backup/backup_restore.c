/*
 * `backup restore`: planned first, refused before a byte is written when the target cannot be
 * reached, and asked afterwards where it landed.
 */
#include "backup_commands.h"
#include "backup_decide.h"
#include "backup_plan.h"
#include "error.h"
#include "plan/plan_gate.h"
#include "programs/programs.h"
#include "repository.h"
#include "restore.h"
#include "restore_show.h"

#include <string.h>

struct restore {
    struct call *call;
    struct repo *repo;
    struct lineage *lineage;
    GPtrArray *backups;
    struct target target;
    struct restore_plan *plan;
    struct restore_request request;
    struct restore_result result;
    char *fetch;
};

static void clear(struct restore *restore)
{
    g_free(restore->fetch);
    restore_result_clear(&restore->result);
    g_clear_pointer(&restore->plan, restore_plan_free);
    target_clear(&restore->target);
    g_clear_pointer(&restore->backups, g_ptr_array_unref);
    g_clear_pointer(&restore->lineage, lineage_close);
    g_clear_pointer(&restore->repo, repo_close);
}

/* ---- restore_command ----------------------------------------------------------------------- */

/* As a word of a shell; the server makes file names of % and a letter, and a % of two. */
static void append_word(GString *command, const char *word)
{
    g_autofree char *quoted = g_shell_quote(word);

    g_string_append_c(command, ' ');
    for (const char *at = quoted; *at != '\0'; at++) {
        if (*at == '%')
            g_string_append_c(command, '%');
        g_string_append_c(command, *at);
    }
}

static void append_path(GString *command, const char *option, const char *path)
{
    g_autofree char *absolute = path ? g_canonicalize_filename(path, NULL) : NULL;

    if (absolute == NULL)
        return;
    g_string_append_printf(command, " %s", option);
    append_word(command, absolute);
}

char *restore_fetch_command(const struct settings *settings, const struct lineage *lineage,
                            enum restore_action action)
{
    GString *command = g_string_new(NULL);
    g_autofree char *program = programs_self();
    const char *key_command = settings_string(settings, "backup.key_command");

    append_word(command, program);
    g_string_append(command, " backup wal fetch %f %p");
    /* Where it ends the plan has told; a server that reads ahead may ask for what is behind. */
    if (action != RESTORE_STANDBY)
        g_string_append(command, " --gaps-are-ends");
    /* All it needs to know is said here: the files of the account that the server runs as are
     * others, or cannot be read. */
    g_string_append(command, " --config /dev/null");
    append_path(command, "--repo", settings_string(settings, "backup.repo"));
    append_path(command, "--key-file", settings_string(settings, "backup.key_file"));
    if (key_command != NULL) {
        g_string_append(command, " --key-command");
        append_word(command, key_command);
    }
    g_string_append_printf(command, " --system %s", lineage_system(lineage));
    g_string_erase(command, 0, 1);
    return g_string_free(command, FALSE);
}

/* ---- the plan ------------------------------------------------------------------------------ */

/* The zone of the server that was backed up last: for the hint of a time without one. */
static const char *zone_of(const GPtrArray *backups)
{
    for (guint i = backups->len; i > 0; i--) {
        const struct repo_backup *backup = backups->pdata[i - 1];
        if (backup->time_zone != NULL)
            return backup->time_zone;
    }
    return NULL;
}

/* The one that --backup names, if it does, by its whole id. */
static bool backup_named(struct restore *restore, GError **error)
{
    struct target *target = &restore->target;

    if (target->backup == NULL)
        return true;
    const struct repo_backup *backup =
        repository_backup(restore->backups, target->backup, error);
    if (backup == NULL)
        return false;
    g_free(target->backup);
    target->backup = g_strdup(backup->id);
    return true;
}

static bool planned(struct restore *restore, GError **error)
{
    struct call *call = restore->call;

    restore->repo = repo_open(call->settings, false, error);
    if (restore->repo == NULL)
        return false;
    restore->lineage = lineage_open(
        restore->repo, settings_string(call->settings, "backup.system"), false, error);
    if (restore->lineage == NULL)
        return false;
    restore->backups = lineage_backups(restore->lineage, error);
    if (restore->backups == NULL ||
        !target_read(call->options, zone_of(restore->backups), &restore->target, error) ||
        !backup_named(restore, error))
        return false;
    restore->plan =
        restore_plan_make(restore->lineage, restore->backups, &restore->target, error);
    return restore->plan != NULL;
}

/* ---- the request --------------------------------------------------------------------------- */

static bool action_read(const char *word, enum restore_action *ret_action, GError **error)
{
    static const char *const words[] = {"promote", "pause", "shutdown", "standby"};

    for (guint i = 0; i < G_N_ELEMENTS(words); i++) {
        if (word != NULL && !g_str_equal(word, words[i]))
            continue;
        *ret_action = (enum restore_action) i;
        return true;
    }
    runbook_error_set(error, RUNBOOK_USAGE, "promote, pause, shutdown or standby",
                      "--action: unknown action \"%s\"", word);
    return false;
}

static void on_note(const char *text, gpointer data)
{
    const struct restore *restore = data;

    output_note(restore->call->output, "%s", text);
}

static void on_progress(const struct progress_state *state, gpointer data)
{
    const struct restore *restore = data;

    progress_show(restore->call->output, state);
}

/* A standby has no place to land on that it could be asked for: it is started by its owner, and goes on
 * with whatever becomes of the cluster. */
static bool standby_read(struct restore *restore, GError **error)
{
    const struct options *options = restore->call->options;
    struct restore_request *request = &restore->request;
    bool standby = request->action == RESTORE_STANDBY;

    request->primary = option_value(options, "primary");
    request->files_only = standby || option_given(options, "no-start");
    if (request->primary != NULL && !standby)
        runbook_error_set(error, RUNBOOK_USAGE, NULL, "--primary needs --action standby");
    else if (standby && option_given(options, "timeline"))
        runbook_error_set(error, RUNBOOK_USAGE, "leave --timeline out",
                          "a standby follows the newest timeline");
    else
        return request->primary == NULL || settings_conninfo_check(request->primary, error);
    return false;
}

/* What can be wrong with the options, before anything is read. */
static bool options_read(struct restore *restore, GError **error)
{
    const struct options *options = restore->call->options;
    struct restore_request *request = &restore->request;

    request->folder = option_value(options, "to");
    if (request->folder != NULL && *request->folder == '\0') {
        runbook_error_set(error, RUNBOOK_USAGE, NULL, "--to: a folder has a name");
        return false;
    }
    request->tablespaces = option_values(options, "tablespace");
    request->tablespace_folder = option_value(options, "tablespaces-below");
    request->delta = option_given(options, "delta");
    request->jobs = (guint) settings_int(restore->call->settings, "backup.threads");
    request->bindir = settings_string(restore->call->settings, "backup.bindir");
    request->key_file = settings_string(restore->call->settings, "backup.key_file");
    request->note = on_note;
    request->progress = on_progress;
    request->data = restore;
    if (!action_read(option_value(options, "action"), &request->action, error) ||
        !standby_read(restore, error))
        return false;
    if (request->tablespace_folder != NULL && !g_path_is_absolute(request->tablespace_folder)) {
        runbook_error_set(error, RUNBOOK_USAGE, NULL,
                          "--tablespaces-below: \"%s\" is no absolute path",
                          request->tablespace_folder);
        return false;
    }
    if (request->folder != NULL || option_given(options, "plan") || restore->call->dry_run)
        return true;
    runbook_error_set(error, RUNBOOK_USAGE, "--plan shows what would be restored, without it",
                      "--to DIR is missing: the folder that becomes the data directory");
    return false;
}

/* At the end of the WAL there is nothing to wait at: the server takes writes by itself. */
static bool action_fits(const struct restore *restore, GError **error)
{
    bool latest = restore->plan->target.kind == TARGET_LATEST;

    if (restore->request.action == RESTORE_STANDBY && !latest) {
        runbook_error_set(
            error, RUNBOOK_USAGE, "leave the target out",
            "a standby goes on to the end of the WAL, and does not stop at a target");
        return false;
    }
    if (!latest || restore->request.action == RESTORE_PROMOTE ||
        restore->request.action == RESTORE_STANDBY)
        return true;
    runbook_error_set(
        error, RUNBOOK_USAGE,
        "name a target, as in --target-lsn or --target-time, or leave --action out",
        "the end of the WAL is no place that a server can wait at");
    return false;
}

/* ---- the run ------------------------------------------------------------------------------- */

static bool start_wanted(const struct restore *restore)
{
    return !restore->request.files_only;
}

/* Without a server of that version the files alone can be written. NULL: it is here, or not needed.
 * Caller frees. */
static char *server_lacks(const struct restore *restore)
{
    int major = restore->plan->backup->version_num / 10000;
    g_autofree char *postgres =
        programs_find("postgres", major, major, restore->request.bindir, NULL, NULL);

    if (postgres != NULL || !start_wanted(restore))
        return NULL;
    return g_strdup_printf(
        "there is no postgres of version %d on this machine, and what is restored "
        "is started to see where it lands",
        major);
}

static bool server_found(const struct restore *restore, GError **error)
{
    g_autofree char *lacks = server_lacks(restore);

    if (lacks != NULL)
        runbook_error_set(
            error, RUNBOOK_REFUSED,
            "--bindir DIR (backup.bindir) says where it is; --no-start writes the "
            "files, for a server that you start",
            "%s", lacks);
    return lacks == NULL;
}

/* A server waits at the target only when it takes connections, which it does not while it knows too
 * little of what was in progress: it goes on and takes writes. */
static bool waits_as_asked(struct restore *restore)
{
    struct restore_result *result = &restore->result;

    if (!result->promoted || restore->request.action == RESTORE_PROMOTE)
        return true;
    g_free(result->elsewhere);
    result->elsewhere =
        g_strdup("the server did not wait at the target and takes writes already: it could not "
                 "take connections (a transaction with more than 64 subtransactions was in "
                 "progress since before the backup)");
    return false;
}

static const char *hint_elsewhere(const struct restore *restore, bool waits)
{
    if (!waits)
        return "restore it again with --delta --no-start --action shutdown: the server that "
               "you "
               "start then ends at the target, without connections";
    return restore->result.promoted
               ? "the server has taken writes already; do not use it without "
                 "knowing why"
               : "it was stopped as it is, in recovery";
}

/* Takes the server. A landing elsewhere leaves it as it is: nothing is promoted that is not what
 * was asked for. */
static bool finish(struct restore *restore, struct server *server, GError **error)
{
    const struct restore_result *result = &restore->result;
    bool waits = waits_as_asked(restore);
    bool promote = restore->request.action == RESTORE_PROMOTE && result->elsewhere == NULL;

    if (promote && !restore_promote(server, &restore->result, error)) {
        server_free(server);
        return false;
    }
    if (!restore_settle(server, &restore->request, result, error))
        return false;
    if (result->elsewhere == NULL)
        return true;
    runbook_error_set(error, RUNBOOK_FAILED, hint_elsewhere(restore, waits),
                      "the recovery landed elsewhere than planned: %s", result->elsewhere);
    return false;
}

static bool run(struct restore *restore, GError **error)
{
    const struct restore_request *request = &restore->request;

    if (!restore_files(request, &restore->result, error))
        return false;
    if (!start_wanted(restore))
        return true;
    struct server *server = restore_replay(request, &restore->result, error);
    if (server == NULL)
        return false;
    return finish(restore, server, error);
}

static gint64 record_begin(const struct restore *restore)
{
    const struct call *call = restore->call;
    struct store_run record = {
        .section = call->feature->name,
        .verb = call->command->verb,
        .target = call->target != NULL ? call->target : call->alias,
        .system_identifier = lineage_system(restore->lineage),
        .version_num = restore->plan->backup->version_num,
        .command_line = call->command_line,
    };

    return store_run_begin(call->store, &record);
}

static enum runbook_exit act(struct restore *restore, GError **error)
{
    struct call *call = restore->call;
    g_autoptr(GError) broken = NULL;

    restore->fetch =
        restore_fetch_command(call->settings, restore->lineage, restore->request.action);
    restore->request.restore_command = restore->fetch;
    restore->request.lineage = restore->lineage;
    restore->request.plan = restore->plan;
    if (!server_found(restore, error) || !restore_allowed(&restore->request, error))
        return RUNBOOK_FAILED;
    if (restore->plan->note != NULL)
        output_note(call->output, "%s", restore->plan->note);
    gint64 id = record_begin(restore);
    bool good = run(restore, &broken);
    progress_clear(call->output);
    g_autofree char *summary =
        good ? restore_summary(&restore->request, &restore->result, start_wanted(restore))
             : NULL;
    enum runbook_exit code = gate_record_end(call, id, RUNBOOK_DONE, broken, summary);
    if (good || restore->result.elsewhere != NULL)
        restore_show(call, &restore->request, &restore->result, start_wanted(restore),
                     store_trouble(call->store) ? -1 : id);
    if (broken != NULL)
        g_propagate_error(error, g_steal_pointer(&broken));
    return code;
}

/* What the folder and those of the tablespaces, as they are now, would say to it. False for options that
 * no folder could make good. */
static bool obstacle_noted(struct restore *restore, GError **error)
{
    g_autoptr(GError) refused = NULL;

    if (restore->request.folder == NULL || restore->plan->backup == NULL)
        return true;
    restore->request.lineage = restore->lineage;
    restore->request.plan = restore->plan;
    if (restore_allowed(&restore->request, &refused))
        return true;
    if (runbook_error_exit(refused) == RUNBOOK_USAGE) {
        g_propagate_error(error, g_steal_pointer(&refused));
        return false;
    }
    g_auto(GStrv) parts = g_strsplit(refused->message, "\nhint: ", 2);
    target_add_note(
        restore->plan,
        parts[1] == NULL
            ? g_strdup_printf("as it is now it would be refused: %s", parts[0])
            : g_strdup_printf("as it is now it would be refused: %s (%s)", parts[0], parts[1]));
    return true;
}

static enum runbook_exit plan_or_act(struct restore *restore, GError **error)
{
    struct call *call = restore->call;

    if (!options_read(restore, error) || !planned(restore, error) ||
        !action_fits(restore, error))
        return RUNBOOK_FAILED;
    bool only = option_given(call->options, "plan") || call->dry_run;
    char *lacks = only && restore->plan->backup != NULL ? server_lacks(restore) : NULL;
    if (lacks != NULL)
        target_add_note(restore->plan, lacks);
    if (only && !obstacle_noted(restore, error))
        return RUNBOOK_FAILED;
    if (only)
        restore_show_plan(call, restore->plan);
    if (!backup_plan_check(restore->plan, error))
        return RUNBOOK_REFUSED;
    return only ? RUNBOOK_DONE : act(restore, error);
}

enum runbook_exit backup_restore_command(struct call *call, GError **error)
{
    struct restore restore = {.call = call};
    g_autoptr(GError) broken = NULL;
    enum runbook_exit code = plan_or_act(&restore, &broken);

    clear(&restore);
    if (broken == NULL)
        return code;
    code = runbook_error_exit(broken);
    g_propagate_error(error, g_steal_pointer(&broken));
    return code;
}
