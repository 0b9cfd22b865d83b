/* `backup drill`: proves a backup by restoring it. */
#include "backup_commands.h"
#include "backup_plan.h"
#include "backup_queries.h"
#include "drill.h"
#include "error.h"
#include "interrupt.h"
#include "out/progress.h"
#include "plan/plan_gate.h"

void drill_check_free(gpointer data)
{
    struct drill_check *check = data;

    g_free(check->name);
    g_free(check->database);
    g_free(check->detail);
    g_free(check);
}

void drill_note(struct drill *drill, const char *name, const char *database,
                enum drill_status status, gint64 count, double seconds, char *detail)
{
    struct drill_check *check = g_new0(struct drill_check, 1);

    *check = (struct drill_check){.name = g_strdup(name),
                                  .database = g_strdup(database),
                                  .status = status,
                                  .count = count,
                                  .seconds = seconds,
                                  .detail = g_steal_pointer(&detail)};
    g_ptr_array_add(drill->checks, check);
}

bool drill_failed(const struct drill *drill)
{
    for (guint i = 0; i < drill->checks->len; i++)
        if (((const struct drill_check *) drill->checks->pdata[i])->status == DRILL_FAILED)
            return true;
    return drill->checks->len == 0;
}

/* ---- restoring ---------------------------------------------------------------------------- */

static void note(const char *text, gpointer data)
{
    output_note(data, "%s", text);
}

static void progress(const struct progress_state *state, gpointer data)
{
    progress_show(data, state);
}

static void request_of(struct drill *drill, const char *restore_command)
{
    drill->request = (struct restore_request){
        .lineage = drill->lineage,
        .plan = drill->plan,
        .folder = drill->scratch.data,
        .tablespace_folder = drill->scratch.tablespaces,
        .jobs = (guint) settings_int(drill->call->settings, "backup.threads"),
        .restore_command = restore_command,
        .action = RESTORE_PAUSE,
        .bindir = settings_string(drill->call->settings, "backup.bindir"),
        .note = note,
        .progress = progress,
        .data = drill->call->output};
}

/* Nobody could look at everything, where no superuser may log in. */
static bool admit(struct drill *drill, GError **error)
{
    struct session *session = server_session(drill->server, NULL, error);
    bool super = session != NULL && server_session_is_super(session);

    if (session == NULL)
        return false;
    session_close(session);
    if (super)
        return true;
    output_note(drill->call->output, "no superuser may log in: in the copy one is let in");
    return server_admit(drill->server, error);
}

/* The server at the target; compared with the plan, then promoted, so that amcheck can be made. */
static bool recover(struct drill *drill, GError **error)
{
    struct restore_result *result = &drill->result;

    if (!restore_allowed(&drill->request, error) ||
        !restore_files(&drill->request, result, error))
        return false;
    progress_clear(drill->call->output);
    drill->server = restore_replay(&drill->request, result, error);
    if (drill->server == NULL)
        return false;
    drill_note(drill, "landing", NULL, result->elsewhere == NULL ? DRILL_OK : DRILL_FAILED, 1,
               result->files_seconds + result->recovery_seconds, g_strdup(result->elsewhere));
    return (result->promoted || restore_promote(drill->server, result, error)) &&
           admit(drill, error);
}

/* ---- the checks --------------------------------------------------------------------------- */

/* Names as their bytes: what is shared by databases of several encodings is in none of them, and a
 * connection asks for the bytes. */
static bool as_stored(struct session *session, GError **error)
{
    return session_command(session, "SET client_encoding = 'SQL_ASCII'", error);
}

static char **databases_of(struct drill *drill, GError **error)
{
    AUTO(session) session = server_session(drill->server, NULL, error);
    AUTO(rows)
    rows = session != NULL && as_stored(session, error)
               ? session_query(session, &query_backup_drill_databases, NULL, error)
               : NULL;
    g_autoptr(GStrvBuilder) names = g_strv_builder_new();

    for (int i = 0; rows != NULL && i < rows_count(rows); i++) {
        const char *name = rows_text(rows, i, BACKUP_DRILL_DATABASES_NAME);
        if (rows_bool(rows, i, BACKUP_DRILL_DATABASES_OPEN))
            g_strv_builder_add(names, name);
        else
            drill_note(drill, "session", name, DRILL_SKIPPED, 0, 0,
                       g_strdup("it allows no connections"));
    }
    return rows != NULL ? g_strv_builder_end(names) : NULL;
}

/* Transactions that were prepared hold their locks in the copy as well, and nobody ends them there:
 * they are rolled back, else what needs those locks waits for ever. */
static bool roll_back_prepared(struct session *session, GError **error)
{
    AUTO(rows) rows = session_query(session, &query_backup_drill_prepared, NULL, error);

    for (int i = 0; rows != NULL && i < rows_count(rows); i++)
        if (!session_command(session, rows_text(rows, i, BACKUP_DRILL_PREPARED_STATEMENT),
                             error))
            return false;
    return rows != NULL;
}

/* A database that lets nobody in has failed; the others are looked at all the same. NULL without an
 * error then. */
static struct session *enter(struct drill *drill, const char *database, GError **error)
{
    g_autoptr(GError) refused = NULL;
    struct session *session = drill_session(drill, database, &refused);

    if (session != NULL)
        return session;
    if (interrupt_pending() || !server_runs(drill->server))
        g_propagate_error(error, g_steal_pointer(&refused));
    else
        drill_note(drill, "session", database, DRILL_FAILED, 0, 0, g_strdup(refused->message));
    return NULL;
}

/* In all of them before the first is looked at: some of the locks are on what they share. */
static bool free_locks(struct drill *drill, char **databases, GError **error)
{
    for (char **database = databases; *database != NULL; database++) {
        AUTO(session) session = server_session(drill->server, *database, NULL);
        if (session != NULL && !roll_back_prepared(session, error))
            return false;
    }
    return true;
}

static bool check_database(struct drill *drill, const char *database, GError **error)
{
    g_autoptr(GError) refused = NULL;
    AUTO(session) session = enter(drill, database, &refused);

    if (refused != NULL)
        g_propagate_error(error, g_steal_pointer(&refused));
    else if (session == NULL)
        return true;
    if (session == NULL)
        return false;
    return (option_given(drill->call->options, "no-amcheck") ||
            drill_amcheck(drill, session, error)) &&
           (option_given(drill->call->options, "no-rows") ||
            drill_read_rows(drill, session, error));
}

static bool check_all(struct drill *drill, GError **error)
{
    g_auto(GStrv) databases = databases_of(drill, error);

    if (databases == NULL || !free_locks(drill, databases, error))
        return false;
    for (char **database = databases; *database != NULL; database++) {
        progress_show(drill->call->output,
                      &(struct progress_state){.done = (guint) (database - databases),
                                               .total = g_strv_length(databases),
                                               .noun = "databases",
                                               .seconds_left = -1,
                                               .now = *database});
        if (!check_database(drill, *database, error))
            return false;
    }
    progress_clear(drill->call->output);
    return drill_statements(drill, (const char *const *) databases, error);
}

/* ---- the run ------------------------------------------------------------------------------ */

/* What failed, in one sentence; else what passed, and what nobody looked at. */
static char *finding(const struct drill *drill)
{
    guint passed = 0;

    for (guint i = drill->checks->len; i > 0; i--) {
        const struct drill_check *check = drill->checks->pdata[i - 1];
        passed += check->status == DRILL_OK ? 1 : 0;
        if (check->status == DRILL_FAILED)
            return g_strdup_printf("%s%s%s: %s", check->name,
                                   check->database != NULL ? " in " : "",
                                   check->database != NULL ? check->database : "",
                                   check->detail != NULL ? check->detail : "failed");
    }
    g_autofree char *target = target_text(&drill->plan->target);
    g_autofree char *reserve = drill_reserve(drill);
    return g_strdup_printf("restored to %s, %u checks passed%s%s", target, passed,
                           reserve != NULL ? "; not looked at: " : "",
                           reserve != NULL ? reserve : "");
}

/* A check of the person's own, or a landing elsewhere, says nothing of the backup's bytes; what was
 * not read is not proved. Who may only read the repository gets the results all the same. */
static void prove(struct drill *drill)
{
    g_autofree char *text = finding(drill);
    g_autoptr(GError) unkept = NULL;
    double seconds = drill->result.files_seconds + drill->result.recovery_seconds;

    if (!drill_proves(drill) && !drill->corrupt)
        return;
    if (!lineage_backup_prove(drill->lineage, drill->backup, REPO_BY_DRILL,
                              drill->corrupt ? REPO_DAMAGED : REPO_PROVEN, text, seconds,
                              g_get_real_time(), &unkept))
        output_warn(drill->call->output, "the result could not be kept in the repository: %s",
                    unkept->message);
}

/* A recovery that fails is what drills are for. What refuses to begin is not one. */
static bool recover_and_check(struct drill *drill, GError **error)
{
    g_autoptr(GError) broken = NULL;

    if (recover(drill, &broken))
        return check_all(drill, error);
    if (!g_error_matches(broken, RUNBOOK_ERROR, RUNBOOK_FAILED)) {
        g_propagate_error(error, g_steal_pointer(&broken));
        return false;
    }
    drill_note(drill, "recovery", NULL, DRILL_FAILED, 1,
               drill->result.files_seconds + drill->result.recovery_seconds,
               g_strdup(broken->message));
    return drill_examine(drill, error);
}

static bool work(struct drill *drill, GError **error)
{
    g_autofree char *command =
        restore_fetch_command(drill->call->settings, drill->lineage, RESTORE_PAUSE);
    bool fine = false;

    request_of(drill, command);
    fine = recover_and_check(drill, error);
    progress_clear(drill->call->output);
    if (drill->server != NULL)
        server_free(drill->server);
    drill->server = NULL;
    if (fine)
        prove(drill);
    return fine;
}

static gint64 record_begin(const struct drill *drill)
{
    const struct call *call = drill->call;
    const struct store_run run = {.section = call->feature->name,
                                  .verb = call->command->verb,
                                  .target = call->target != NULL ? call->target : call->alias,
                                  .system_identifier = lineage_system(drill->lineage),
                                  .version_num = drill->backup->version_num,
                                  .command_line = call->command_line};

    return store_run_begin(call->store, &run);
}

/* Whatever came of it, the copy goes. */
static enum runbook_exit record_and_work(struct drill *drill, GError **error)
{
    g_autoptr(GError) broken = NULL;
    g_autoptr(GError) left = NULL;
    gint64 id = record_begin(drill);
    bool done = work(drill, &broken);
    enum runbook_exit code = drill_failed(drill) ? RUNBOOK_FAILED : RUNBOOK_DONE;
    g_autofree char *summary = done ? drill_summary(drill) : NULL;

    if (!drill_scratch_close(&drill->scratch, &left))
        output_warn(drill->call->output, "%s", left->message);
    code = gate_record_end(drill->call, id, code, broken, summary);
    if (!done) {
        g_propagate_error(error, g_steal_pointer(&broken));
        return code;
    }
    drill_show(drill, store_trouble(drill->call->store) ? -1 : id);
    return code;
}

static bool observe(struct drill *drill, GError **error)
{
    drill->repo = repo_open(drill->call->settings, false, error);
    if (drill->repo == NULL)
        return false;
    drill->lineage = lineage_open(
        drill->repo, settings_string(drill->call->settings, "backup.system"), false, error);
    if (drill->lineage == NULL)
        return false;
    drill->backups = lineage_backups(drill->lineage, error);
    return drill->backups != NULL && drill_aim(drill, error) &&
           backup_plan_check(drill->plan, error);
}

static enum runbook_exit plan_and_work(struct drill *drill, GError **error)
{
    const char *folder = settings_string(drill->call->settings, "backup.scratch");

    if (!observe(drill, error) || !drill_statements_read(drill, error))
        return runbook_error_exit(*error);
    if (drill->call->dry_run) {
        drill->scratch.folder = g_strdup(folder != NULL ? folder : "not said yet");
        drill_show_plan(drill);
        return RUNBOOK_DONE;
    }
    if (!drill_scratch_open(folder, &drill->scratch, error) ||
        !drill_scratch_room(&drill->scratch, drill->plan->bytes, error) ||
        !server_startable(drill->scratch.place, error))
        return runbook_error_exit(*error);
    drill_show_plan(drill);
    return record_and_work(drill, error);
}

static void drill_clear(struct drill *drill)
{
    /* Closed already where there was a run. */
    drill_scratch_close(&drill->scratch, NULL);
    restore_result_clear(&drill->result);
    g_clear_pointer(&drill->statements, g_ptr_array_unref);
    g_clear_pointer(&drill->plan, restore_plan_free);
    g_clear_pointer(&drill->backups, g_ptr_array_unref);
    g_clear_pointer(&drill->lineage, lineage_close);
    g_clear_pointer(&drill->repo, repo_close);
    g_ptr_array_unref(drill->checks);
}

enum runbook_exit backup_drill_command(struct call *call, GError **error)
{
    struct drill drill = {.call = call,
                          .scratch = {.lock = -1},
                          .checks = g_ptr_array_new_with_free_func(drill_check_free)};
    enum runbook_exit code = plan_and_work(&drill, error);

    drill_clear(&drill);
    return code;
}
