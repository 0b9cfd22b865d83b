/*
 * The recovery: a private server replays to the target and waits there, is asked where it is, takes
 * writes or does not, and is stopped.
 */
#include "restore.h"

#include "backup_queries.h"
#include "error.h"
#include "interrupt.h"
#include "restore_file.h"
#include "restore_landing.h"
#include "restore_place.h"
#include "restore_settings.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LOOK_MS = 50, TRIES = 5 };

/* ---- asking -------------------------------------------------------------------------------- */

struct answer {
    bool in_recovery, paused;
    guint64 lsn, xmax;
    gint64 time_us;
    guint32 timeline; /* that it writes on; 0: it does not */
};

static bool ask(struct session *session, struct answer *ret_answer, GError **error)
{
    AUTO(rows) rows = session_query(session, &query_backup_restore_landing, NULL, error);
    struct answer answer = {0};

    if (rows == NULL)
        return false;
    const char *lsn = rows_text(rows, 0, BACKUP_RESTORE_LANDING_LSN);
    const char *xmax = rows_text(rows, 0, BACKUP_RESTORE_LANDING_XMAX);
    const char *timeline = rows_text(rows, 0, BACKUP_RESTORE_LANDING_TIMELINE);
    answer.in_recovery = rows_bool(rows, 0, BACKUP_RESTORE_LANDING_IN_RECOVERY);
    answer.paused = rows_bool(rows, 0, BACKUP_RESTORE_LANDING_PAUSED);
    answer.time_us = rows_int(rows, 0, BACKUP_RESTORE_LANDING_TIME_US);
    answer.xmax = xmax ? g_ascii_strtoull(xmax, NULL, 10) : 0;
    answer.timeline = timeline ? (guint32) g_ascii_strtoull(timeline, NULL, 16) : 0;
    if (lsn != NULL)
        wal_lsn_parse(lsn, &answer.lsn);
    *ret_answer = answer;
    return true;
}

static enum landing_status status_of(struct session *session, const struct landmark *commit,
                                     guint64 xmax)
{
    guint64 full = commit->known ? landing_full_xid(commit->xid, xmax) : 0;

    if (!commit->known)
        return LANDING_UNKNOWN;
    if (full == 0)
        return LANDING_NOT_THERE;
    g_autofree char *text = g_strdup_printf("%" G_GUINT64_FORMAT, full);
    const char *const values[] = {text};
    AUTO(rows) rows = session_query(session, &query_backup_restore_status, values, NULL);
    const char *status =
        rows && rows_count(rows) > 0 ? rows_text(rows, 0, BACKUP_RESTORE_STATUS_STATUS) : NULL;
    if (status == NULL)
        return LANDING_UNKNOWN;
    return g_str_equal(status, "committed") ? LANDING_THERE : LANDING_NOT_THERE;
}

/* ---- waiting ------------------------------------------------------------------------------- */

struct replay {
    const struct restore_request *request;
    struct restore_result *result;
    struct server *server;
    guint64 lsn;
    bool again; /* an earlier server replayed a part of it */
};

static void show(gpointer data)
{
    struct replay *replay = data;
    const struct restore_plan *plan = replay->request->plan;
    guint64 from = plan->backup->start_lsn;
    struct progress_state state = {.noun = "files", .seconds_left = -1, .now = "replaying WAL"};

    if (plan->end_lsn > from && replay->lsn > from) {
        state.bytes = (gint64) (MIN(replay->lsn, plan->end_lsn) - from);
        state.total_bytes = (gint64) (plan->end_lsn - from);
    }
    if (replay->request->progress != NULL)
        replay->request->progress(&state, replay->request->data);
}

static bool ended(struct replay *replay, GError **error)
{
    g_autofree char *reason = server_reason(replay->server);

    runbook_error_set(error, RUNBOOK_FAILED, NULL, "the recovery failed: %s",
                      reason ? reason : "the server gave no reason");
    return false;
}

static bool paused_a_moment(GError **error)
{
    struct pollfd wake = {.fd = interrupt_fd(), .events = POLLIN};

    poll(&wake, 1, LOOK_MS);
    if (!interrupt_pending())
        return true;
    runbook_error_set(error, RUNBOOK_INTERRUPTED, NULL, "interrupted");
    return false;
}

/* Until it waits at the target, or is no longer in recovery. */
static bool await_landing(struct replay *replay, struct session *session,
                          struct answer *ret_answer, GError **error)
{
    for (;;) {
        g_autoptr(GError) lost = NULL;
        bool answered = ask(session, ret_answer, &lost);
        if (answered && (ret_answer->paused || !ret_answer->in_recovery))
            return true;
        if (!answered && lost->code == RUNBOOK_INTERRUPTED) {
            g_propagate_error(error, g_steal_pointer(&lost));
            return false;
        }
        if (!server_runs(replay->server))
            return ended(replay, error);
        if (answered)
            replay->lsn = ret_answer->lsn;
        show(replay);
        if (!paused_a_moment(error))
            return false;
        /* Reads that are in the way of the replay are ended by the server, and this one with
         * them. */
        if (!answered && !session_alive(session))
            session_reopen(session, NULL);
    }
}

static void read_unfinished(struct session *session, struct restore_result *result)
{
    AUTO(rows) rows = session_query(session, &query_backup_restore_unfinished, NULL, NULL);

    if (rows == NULL)
        return;
    result->subscriptions = rows_int(rows, 0, BACKUP_RESTORE_UNFINISHED_SUBSCRIPTIONS);
    result->prepared = rows_int(rows, 0, BACKUP_RESTORE_UNFINISHED_PREPARED);
}

static void land(struct replay *replay, struct session *session, const struct answer *answer)
{
    const struct restore_plan *plan = replay->request->plan;
    struct restore_result *result = replay->result;
    struct landing landing = {.lsn = answer->lsn,
                              .time_us = answer->time_us,
                              .before = status_of(session, &plan->before, answer->xmax),
                              .after = status_of(session, &plan->after, answer->xmax)};

    /* It knows the time only of what it has replayed itself. */
    if (answer->time_us == 0 && replay->again && landing.before != LANDING_NOT_THERE)
        landing.time_us = plan->last_us;
    result->lsn = answer->lsn;
    result->time_us = landing.time_us;
    result->xid = landing.before == LANDING_THERE ? plan->before.xid : 0;
    result->timeline =
        plan->end_timeline ? plan->end_timeline : wal_history_at(plan->path, answer->lsn);
    read_unfinished(session, result);
    result->promoted = !answer->in_recovery;
    result->new_timeline = answer->timeline;
    g_free(result->elsewhere);
    result->elsewhere = landing_judge(&landing, plan);
}

/* ---- the server ---------------------------------------------------------------------------- */

static struct server *start(const struct restore_request *request, const GPtrArray *wanted,
                            GError **error)
{
    g_autoptr(GPtrArray) settings = g_ptr_array_new();

    g_ptr_array_add(settings, (gpointer) (gsize) "recovery_target_action=pause");
    g_ptr_array_add(settings, (gpointer) (gsize) "recovery_end_command=");
    g_ptr_array_add(settings, (gpointer) (gsize) "archive_cleanup_command=");
    g_ptr_array_add(settings, (gpointer) (gsize) "primary_slot_name=");
    g_ptr_array_add(settings, (gpointer) (gsize) "recovery_min_apply_delay=0");
    for (guint i = 0; i < wanted->len; i++)
        g_ptr_array_add(settings, wanted->pdata[i]);
    g_ptr_array_add(settings, NULL);
    struct server_setup setup = {.folder = request->folder,
                                 .bindir = request->bindir,
                                 .settings = (const char *const *) settings->pdata};
    /* The one word about another server that none of ours stands above. */
    g_unsetenv("PGSERVICE");
    return server_start(&setup, error);
}

/* What the server had when it was backed up, where pg_control does not say as much. */
static void want_from_backup(const struct repo_backup *backup, const char *folder,
                             GPtrArray *wanted)
{
    struct server_control control = {0};

    server_control_read(folder, &control, NULL);
    const struct {
        const char *name;
        int backup, control;
    } numbers[] = {
        {"max_connections", backup->max_connections, control.max_connections},
        {"max_worker_processes", backup->max_worker_processes, control.max_worker_processes},
        {"max_wal_senders", backup->max_wal_senders, control.max_wal_senders},
        {"max_prepared_transactions", backup->max_prepared_transactions,
         control.max_prepared_transactions},
        {"max_locks_per_transaction", backup->max_locks_per_transaction,
         control.max_locks_per_transaction},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(numbers); i++)
        if (numbers[i].backup > numbers[i].control)
            g_ptr_array_add(wanted,
                            g_strdup_printf("%s=%d", numbers[i].name, numbers[i].backup));
}

/* The primary had more slots than pg_control knew of: the server says how many, and wants to be
 * started again with them. */
static bool wants_more(const struct server *server, GPtrArray *wanted)
{
    g_autofree char *log = server_log(server);
    g_auto(GStrv) settings = landing_settings_wanted(log);
    bool any = settings[0] != NULL;

    for (char **setting = settings; *setting != NULL; setting++)
        g_ptr_array_add(wanted, g_strdup(*setting));
    return any;
}

static bool replayed(struct replay *replay, GError **error)
{
    struct answer answer;

    if (!server_await(replay->server, 0, show, replay, error))
        return server_explain(replay->server, error);
    AUTO(session) session = server_session(replay->server, NULL, error);
    if (session == NULL || !await_landing(replay, session, &answer, error))
        return server_explain(replay->server, error);
    land(replay, session, &answer);
    return true;
}

/* ---- the settings while it runs ------------------------------------------------------------ */

/* alone: the private server heeds nothing but the recovery's; else as the next server finds them. */
static bool settings_changed(const struct restore_request *request, bool alone, GError **error)
{
    g_autofree char *folder = g_canonicalize_filename(request->folder, NULL);
    g_autofree char *path = g_build_filename(folder, "postgresql.auto.conf", NULL);
    g_autofree char *text = NULL;
    g_autofree char *changed = NULL;
    struct server_owner owner;

    if (!g_file_get_contents(path, &text, NULL, error) ||
        !server_owner_of(folder, &owner, error))
        return false;
    if (alone)
        changed = restore_settings_alone(text);
    else {
        g_autofree char *cleaned = restore_settings_cleaned(text);
        changed = restore_settings_text(cleaned, request->plan, request->restore_command,
                                        request->action);
    }
    return restore_file_put(path, changed, strlen(changed), &owner, error);
}

static struct server *replay_alone(const struct restore_request *request,
                                   struct restore_result *result, GError **error)
{
    g_autoptr(GPtrArray) wanted = g_ptr_array_new_with_free_func(g_free);
    struct replay replay = {.request = request, .result = result, .again = result->resumed};
    gint64 began = g_get_monotonic_time();

    want_from_backup(request->plan->backup, request->folder, wanted);
    for (guint tries = 1;; tries++) {
        AUTO(server) server = start(request, wanted, error);
        if (server == NULL)
            return NULL;
        g_autoptr(GError) failed = NULL;
        replay.server = server;
        bool good = replayed(&replay, &failed);
        bool interrupted = failed != NULL && failed->code == RUNBOOK_INTERRUPTED;
        if (!interrupted && !(good && result->promoted) && tries < TRIES &&
            wants_more(server, wanted)) {
            server_stop(server, SERVER_FAST, NULL);
            replay.again = true;
            continue;
        }
        if (!good) {
            g_propagate_error(error, g_steal_pointer(&failed));
            return NULL;
        }
        result->recovery_seconds =
            (double) (g_get_monotonic_time() - began) / (double) G_USEC_PER_SEC;
        return g_steal_pointer(&server);
    }
}

struct server *restore_replay(const struct restore_request *request,
                              struct restore_result *result, GError **error)
{
    if (!settings_changed(request, true, error))
        return NULL;
    struct server *server = replay_alone(request, result, error);
    if (server == NULL)
        settings_changed(request, false, NULL);
    return server;
}

bool restore_promote(struct server *server, struct restore_result *result, GError **error)
{
    struct replay replay = {.result = result, .server = server};
    struct answer answer = {.in_recovery = true};

    if (result->promoted)
        return true;
    AUTO(session) session = server_session(server, NULL, error);
    if (session == NULL || !server_promote(server, error))
        return server_explain(server, error);
    while (answer.in_recovery) {
        if (!server_runs(server))
            return ended(&replay, error);
        if (!paused_a_moment(error) || !ask(session, &answer, error))
            return server_explain(server, error);
    }
    result->promoted = true;
    result->new_timeline = answer.timeline;
    return true;
}

/* ---- what is left -------------------------------------------------------------------------- */

static bool settings_cleaned(const char *folder, const struct server_owner *owner,
                             GError **error)
{
    g_autofree char *path = g_build_filename(folder, "postgresql.auto.conf", NULL);
    g_autofree char *text = NULL;

    if (!g_file_get_contents(path, &text, NULL, error))
        return false;
    g_autofree char *cleaned = restore_settings_cleaned(text);
    return restore_file_put(path, cleaned, strlen(cleaned), owner, error);
}

/* The server that promoted archives nothing. Of its segments the one that is started next takes
 * care, of the history of its timeline it does not: without that no recovery finds its way past
 * here. */
static bool history_announced(const char *folder, guint32 timeline,
                              const struct server_owner *owner, GError **error)
{
    g_autofree char *history = g_strdup_printf("%s/pg_wal/%08X.history", folder, timeline);
    g_autofree char *ready =
        g_strdup_printf("%s/pg_wal/archive_status/%08X.history.ready", folder, timeline);

    return !g_file_test(history, G_FILE_TEST_EXISTS) ||
           restore_file_put(ready, "", 0, owner, error);
}

bool restore_settle(struct server *server, const struct restore_request *request,
                    const struct restore_result *result, GError **error)
{
    AUTO(server) taken = server;
    g_autofree char *folder = g_canonicalize_filename(request->folder, NULL);
    g_autofree char *manifest = g_build_filename(folder, "backup_manifest", NULL);
    g_autofree char *words = g_build_filename(folder, "postmaster.opts", NULL);
    struct server_owner owner;

    if (!server_stop(taken, SERVER_FAST, error))
        return false;
    /* It was of the files as they were before the recovery; and what pg_ctl restart would take for the
     * server's options are those of ours. */
    if (!restore_file_remove(manifest, error) || !restore_file_remove(words, error))
        return false;
    if (!result->promoted)
        return settings_changed(request, false, error) && restore_marker_remove(folder, error);
    return server_owner_of(folder, &owner, error) && settings_cleaned(folder, &owner, error) &&
           history_announced(folder, result->new_timeline, &owner, error) &&
           restore_marker_remove(folder, error);
}
