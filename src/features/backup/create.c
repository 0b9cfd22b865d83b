/*
 * `backup create`: a full backup over the replication protocol. Locked, its WAL made sure of, it is
 * written into a folder nobody takes for a backup, and shown when all of it is durable.
 */
#include "create.h"
#include "backup_commands.h"
#include "backup_queries.h"
#include "out/progress.h"
#include "plan/plan_gate.h"

/* One server does not keep more than so many busy. */
enum { MOST_THREADS = 8 };

struct create {
    struct call *call;
    struct session *session; /* of the replication protocol */
    struct create_server server;
    struct repo *repo;
    struct lineage *lineage;
    struct repo_backup *backup;
    struct base_backup *taken;
    struct create_files *files;
    struct create_wal *wal;
    int level;
    guint threads;
    gint64 begun_us, phase_us, copy_us; /* monotonic */
};

static void clear(struct create *create)
{
    g_clear_pointer(&create->wal, create_wal_free);
    g_clear_pointer(&create->files, create_files_free);
    g_clear_pointer(&create->taken, base_backup_free);
    g_clear_pointer(&create->backup, repo_backup_free);
    g_clear_pointer(&create->lineage, lineage_close);
    g_clear_pointer(&create->repo, repo_close);
    g_clear_pointer(&create->session, session_close);
    create_server_clear(&create->server);
}

static void end_phase(struct create *create, const char *name)
{
    gint64 now_us = g_get_monotonic_time();
    struct repo_phase phase = {g_strdup(name), (double) (now_us - create->phase_us) / 1e6};

    g_array_append_val(create->backup->phases, phase);
    create->phase_us = now_us;
}

/* ---- what the server sends ---------------------------------------------------------------- */

static bool on_begin(const struct base_backup *taken, gpointer data, GError **error)
{
    struct create *create = data;
    g_autoptr(GPtrArray) backups = lineage_backups(create->lineage, error);

    guint32 newest = lineage_newest_timeline(create->lineage);

    end_phase(create, "checkpoint");
    if (newest > taken->timeline)
        output_warn(
            create->call->output,
            "the server is on timeline %u, and the repository has timeline %u: is this an "
            "old primary? WAL of it comes here only if it archives itself",
            taken->timeline, newest);
    create->copy_us = create->phase_us;
    return backups != NULL && !create_damage_left_out(taken, error) &&
           create_room_check(lineage_path(create->lineage), taken->estimated, backups, error) &&
           create_wal_from(create->wal, taken->timeline, taken->start_lsn, error);
}

static void show_progress(const struct create *create)
{
    guint64 done = create_files_taken(create->files), all = create->taken->estimated;
    double seconds = (double) (g_get_monotonic_time() - create->copy_us) / 1e6;
    bool known = done > all / 100 && done <= all; /* before, it would be a guess */
    struct progress_state state = {
        .bytes = (gint64) MIN(done, all),
        .total_bytes = (gint64) all,
        .seconds_left = known ? seconds * (double) (all - done) / (double) done : -1,
        .now = create_files_now(create->files),
    };

    progress_show(create->call->output, &state);
}

static bool on_archive(guint32 oid, const char *path, gpointer data, GError **error)
{
    struct create *create = data;

    return create_files_archive(create->files, oid, path, error);
}

static bool on_manifest(gpointer data, GError **error)
{
    struct create *create = data;

    return create_files_manifest(create->files, error);
}

static bool on_bytes(const void *bytes, gsize length, gpointer data, GError **error)
{
    struct create *create = data;

    if (!create_files_bytes(create->files, bytes, length, error))
        return false;
    show_progress(create);
    return create_wal_going(create->wal, error);
}

static const struct base_backup_sink sink = {on_begin, on_archive, on_manifest, on_bytes};

/* ---- the manifest ------------------------------------------------------------------------- */

static void describe(struct create *create)
{
    struct repo_backup *backup = create->backup;
    const struct create_server *server = &create->server;

    backup->label = g_strdup(option_value(create->call->options, "label"));
    backup->version_num = session_version(create->session);
    backup->wal_segment_bytes = server->wal_segment_bytes;
    backup->checksums = server->checksums;
    backup->level = create->level;
    backup->time_zone = g_strdup(server->time_zone);
    backup->max_connections = server->max_connections;
    backup->max_worker_processes = server->max_worker_processes;
    backup->max_wal_senders = server->max_wal_senders;
    backup->max_prepared_transactions = server->max_prepared_transactions;
    backup->max_locks_per_transaction = server->max_locks_per_transaction;
    if (backup->system == NULL)
        backup->system = g_strdup(lineage_system(create->lineage));
}

/* Where it begins and ends, by the server's words and by its own label. */
static bool settle(struct create *create, GError **error)
{
    struct repo_backup *backup = create->backup;
    struct base_backup_label label;

    if (!create_files_label(create->files, &label, error))
        return false;
    if (label.start_lsn != create->taken->start_lsn ||
        (label.timeline != 0 && label.timeline != create->taken->timeline)) {
        runbook_error_set(error, RUNBOOK_FAILED, NULL,
                          "the server and its backup_label disagree about where the backup "
                          "begins");
        return false;
    }
    backup->timeline = create->taken->timeline;
    backup->start_lsn = label.start_lsn;
    backup->checkpoint_lsn = label.checkpoint_lsn;
    backup->stop_lsn = create->taken->stop_lsn;
    backup->from_standby = label.from_standby;
    return true;
}

/* ---- the run ------------------------------------------------------------------------------ */

static void say(const char *text, gpointer data)
{
    const struct create *create = data;

    output_note(create->call->output, "%s", text);
}

/* Targets of a restore are times of the server: its clock counts, not ours. */
static void settle_times(struct create *create)
{
    gint64 now_us = create_server_clock(create->call);
    gint64 took_us = g_get_monotonic_time() - create->begun_us;

    if (now_us == 0)
        now_us = create_files_clock(create->files);
    create->backup->stopped_us = now_us;
    create->backup->started_us = now_us - took_us;
}

static bool copy(struct create *create, GError **error)
{
    g_autofree char *label = g_strdup_printf("pgrunbook %s", create->backup->id);
    struct base_backup_options options = {
        .label = create->backup->label != NULL ? create->backup->label : label,
        .max_rate = settings_int(create->call->settings, "backup.max_rate"),
    };

    create->files = create_files_new(create->backup, lineage_key(create->lineage),
                                     create->level, create->threads);
    if (!base_backup_run(create->session, &options, &sink, create, create->taken, error))
        return false;
    if (create_damage_left_out(create->taken, error))
        return false;
    settle_times(create);
    end_phase(create, "copy");
    return true;
}

static bool take(struct create *create, GError **error)
{
    struct repo_backup *backup;

    create->backup = backup =
        lineage_backup_begin(create->lineage, g_get_real_time(), say, create, error);
    if (backup == NULL)
        return false;
    describe(create);
    create->wal = create_wal_begin(create->call, create->repo, lineage_system(create->lineage),
                                   &create->server, error);
    if (create->wal == NULL || !copy(create, error) ||
        !create_files_end(create->files, error) || !settle(create, error))
        return false;
    end_phase(create, "store");
    if (!create_wal_wait(create->wal, backup->timeline, backup->start_lsn, backup->stop_lsn,
                         error))
        return false;
    end_phase(create, "wal");
    return lineage_backup_show(create->lineage, backup, error);
}

/* Bad pages: said in full, and remembered, so that no older backup is expired. */
static void tell_damage(struct create *create, GError **error)
{
    g_autofree char *pages = create_damage_text(create->call, create->taken);
    g_auto(GStrv) lines = g_strsplit(pages, "\n", -1);
    g_autofree char *detail = g_strjoinv("\ndetail: ", lines);
    g_autoptr(GError) unmarked = NULL;

    if (!lineage_damage_mark(create->lineage, pages, create->server.in_recovery,
                             g_get_real_time(), &unmarked))
        output_warn(create->call->output,
                    "%s: earlier backups are not kept from `backup expire`", unmarked->message);
    g_clear_error(error);
    g_set_error(error, RUNBOOK_ERROR, RUNBOOK_FAILED,
                "no backup: the cluster has bad pages, their checksums do not fit\ndetail: "
                "%s\nhint: earlier backups are kept until a backup meets none; restore the "
                "relation from one of them, or rebuild it if it is an index",
                detail);
}

/* What did not become a backup leaves nothing behind. */
static void undo(struct create *create)
{
    g_autoptr(GError) error = NULL;

    g_clear_pointer(&create->wal, create_wal_free);
    g_clear_pointer(&create->files, create_files_free);
    if (create->backup != NULL &&
        !lineage_backup_remove(create->lineage, create->backup, &error))
        output_warn(create->call->output, "%s", error->message);
}

static void say_warnings(const struct create *create)
{
    /* Beside bad pages they are about the same. */
    for (guint i = 0; !create->taken->damaged && i < create->taken->warnings->len; i++)
        output_warn(create->call->output, "the server warns: %s",
                    (const char *) g_ptr_array_index(create->taken->warnings, i));
    if (!create->server.checksums)
        output_note(create->call->output,
                    "page checksums are off in this cluster: bad pages are found by nobody "
                    "(pg_checksums --enable turns them on while the server is down)");
}

static enum runbook_exit act(struct create *create, GError **error)
{
    struct call *call = create->call;
    const struct window window = window_open(0);
    g_autoptr(GError) broken = NULL;
    gint64 run = gate_record_begin(call, create->session, &window);
    g_autoptr(GError) unmarked = NULL;

    create->taken = base_backup_new();
    create->phase_us = create->begun_us = g_get_monotonic_time();
    bool taken = take(create, &broken);
    progress_clear(call->output);
    if (!taken) {
        undo(create);
        if (create->taken->damaged)
            tell_damage(create, &broken);
    } else if (create->server.checksums && /* else nobody has looked */
               !lineage_damage_clear(create->lineage, create->backup->from_standby,
                                     &unmarked)) {
        output_warn(call->output, "%s", unmarked->message);
    }
    say_warnings(create);
    const struct create_result result = {
        .backup = create->backup,
        .server = &create->server,
        .version_num = session_version(create->session),
        .folder = lineage_path(create->lineage),
        .seconds = (double) (g_get_monotonic_time() - create->begun_us) / 1e6,
        .run = store_trouble(call->store) ? -1 : run,
    };
    g_autofree char *summary = taken ? create_summary(&result) : NULL;
    enum runbook_exit code = gate_record_end(call, run, RUNBOOK_DONE, broken, summary);
    if (taken)
        create_show(call, &result);
    if (broken != NULL)
        g_propagate_error(error, g_steal_pointer(&broken));
    return code;
}

/* ---- before it ---------------------------------------------------------------------------- */

static guint threads_of(const struct call *call)
{
    gint64 threads = settings_int(call->settings, "backup.threads");

    return threads > 0 ? (guint) threads : MIN(g_get_num_processors(), (guint) MOST_THREADS);
}

/* By what an ordinary connection may see, which may be nothing. */
static guint64 cluster_size(struct call *call)
{
    AUTO(session) session = call_connect(call, NULL);
    AUTO(rows)
    rows =
        session == NULL ? NULL : session_query(session, &query_backup_cluster_size, NULL, NULL);

    return rows == NULL ? 0 : (guint64) rows_int(rows, 0, BACKUP_CLUSTER_SIZE_BYTES);
}

/* Nothing is made, not even the repository. */
static enum runbook_exit dry_run(struct create *create, GError **error)
{
    const char *path = settings_string(create->call->settings, "backup.repo");
    const char *system = session_system_identifier(create->session);
    g_autoptr(GPtrArray) backups = NULL;
    struct create_outlook outlook = {
        .system = system,
        .repo = path,
        .server = &create->server,
        .version_num = session_version(create->session),
        .level = create->level,
        .threads = create->threads,
        .size = cluster_size(create->call),
    };

    create->repo = repo_open(create->call->settings, false, NULL);
    if (create->repo != NULL)
        create->lineage = lineage_open(create->repo, system, false, NULL);
    if (create->lineage != NULL)
        backups = lineage_backups(create->lineage, NULL);
    outlook.encrypted = create->repo != NULL
                            ? repo_key_of(create->repo) != NULL
                            : settings_is_set(create->call->settings, "backup.key_file") ||
                                  settings_is_set(create->call->settings, "backup.key_command");
    outlook.needed = create_room_needed(outlook.size, backups);
    outlook.wal = create_wal_source(create->call, create->lineage, &create->server);
    if (!create_room_free(path, &outlook.free, error))
        return RUNBOOK_FAILED;
    create_show_outlook(create->call, &outlook);
    return RUNBOOK_DONE;
}

static bool enter(struct create *create, GError **error)
{
    struct call *call = create->call;

    create->repo = repo_open(call->settings, true, error);
    if (create->repo == NULL)
        return false;
    create->lineage =
        lineage_open(create->repo, session_system_identifier(create->session), true, error);
    return create->lineage != NULL && lineage_lock(create->lineage, "lock", error);
}

enum runbook_exit backup_create_command(struct call *call, GError **error)
{
    struct create create = {
        .call = call,
        .level = (int) settings_int(call->settings, "backup.compress"),
        .threads = threads_of(call),
    };
    enum runbook_exit code = RUNBOOK_FAILED;

    if (!settings_is_set(call->settings, "backup.repo")) {
        runbook_error_set(error, RUNBOOK_USAGE,
                          "--repo DIR names one, or the setting backup.repo",
                          "there is no repository to write to");
        return RUNBOOK_USAGE;
    }
    if (!create_room_apart(settings_string(call->settings, "backup.repo"), error))
        return RUNBOOK_REFUSED;
    create.session = session_open_replication(call->server, call->feature->name, error);
    if (create.session != NULL && create_server_ask(create.session, &create.server, error) &&
        create_server_sends_all(call, session_version(create.session), error)) {
        if (call->dry_run)
            code = dry_run(&create, error);
        else if (enter(&create, error))
            code = act(&create, error);
    }
    clear(&create);
    return code;
}
