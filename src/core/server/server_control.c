/*
 * What a data directory says of itself without a server: PG_VERSION, global/pg_control,
 * postmaster.pid.
 */
#include "error.h"
#include "server/server.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int server_major_of(const char *folder, GError **error)
{
    g_autofree char *path = g_build_filename(folder, "PG_VERSION", NULL);
    g_autofree char *text = NULL;
    char *end = NULL;

    if (!g_file_get_contents(path, &text, NULL, NULL)) {
        runbook_error_set(error, RUNBOOK_REFUSED, NULL,
                          "\"%s\" is no data directory: it has no PG_VERSION", folder);
        return 0;
    }
    gint64 major = g_ascii_strtoll(text, &end, 10);
    if (major < 10 || major > 99 || g_strstrip(end)[0] != '\0') {
        runbook_error_set(error, RUNBOOK_REFUSED, NULL, "\"%s\" holds no version that is known",
                          path);
        return 0;
    }
    return (int) major;
}

/* ---- pg_control ---------------------------------------------------------------------------- */

/* Where the members of ControlFileData stand; the same from 14 to 18, of which the last has one
 * more at the end (src/include/catalog/pg_control.h). */
enum {
    AT_SYSTEM = 0,
    AT_VERSION = 8,
    AT_STATE = 16,
    AT_CHECKPOINT = 32,
    AT_REDO = 40,
    AT_TIMELINE = 48,
    AT_MINIMUM_RECOVERY = 136,
    AT_WAL_LEVEL = 172,
    AT_CONNECTIONS = 180,
    AT_WORKERS = 184,
    AT_SENDERS = 188,
    AT_PREPARED = 192,
    AT_LOCKS = 196,
    AT_COMMIT_TIMESTAMP = 200,
    AT_SEGMENT_BYTES = 228,
    CONTROL_BYTES = 232,
    OLDEST_VERSION = 1300,
    NEWEST_VERSION = 1899,
};

static guint64 number_at(const guint8 *bytes, gsize offset)
{
    guint64 number;

    memcpy(&number, bytes + offset, sizeof number);
    return number;
}

static int small_at(const guint8 *bytes, gsize offset)
{
    gint32 number;

    memcpy(&number, bytes + offset, sizeof number);
    return number;
}

bool server_control_parse(const guint8 *bytes, gsize length, struct server_control *ret_control)
{
    if (length < CONTROL_BYTES || small_at(bytes, AT_VERSION) < OLDEST_VERSION ||
        small_at(bytes, AT_VERSION) > NEWEST_VERSION)
        return false;
    *ret_control = (struct server_control){
        .system = number_at(bytes, AT_SYSTEM),
        .state = (enum server_state) small_at(bytes, AT_STATE),
        .checkpoint = number_at(bytes, AT_CHECKPOINT),
        .redo = number_at(bytes, AT_REDO),
        .minimum_recovery = number_at(bytes, AT_MINIMUM_RECOVERY),
        .timeline = (guint32) small_at(bytes, AT_TIMELINE),
        .wal_level = small_at(bytes, AT_WAL_LEVEL),
        .max_connections = small_at(bytes, AT_CONNECTIONS),
        .max_worker_processes = small_at(bytes, AT_WORKERS),
        .max_wal_senders = small_at(bytes, AT_SENDERS),
        .max_prepared_transactions = small_at(bytes, AT_PREPARED),
        .max_locks_per_transaction = small_at(bytes, AT_LOCKS),
        .track_commit_timestamp = bytes[AT_COMMIT_TIMESTAMP] != 0,
        .segment_bytes = small_at(bytes, AT_SEGMENT_BYTES),
    };
    return true;
}

bool server_control_read(const char *folder, struct server_control *ret_control, GError **error)
{
    g_autofree char *path = g_build_filename(folder, "global", "pg_control", NULL);
    g_autofree char *bytes = NULL;
    g_autoptr(GError) cause = NULL;
    gsize length = 0;

    if (!g_file_get_contents(path, &bytes, &length, &cause)) {
        runbook_error_set(error, RUNBOOK_FAILED, NULL, "%s", cause->message);
        return false;
    }
    if (server_control_parse((const guint8 *) bytes, length, ret_control))
        return true;
    runbook_error_set(error, RUNBOOK_FAILED, "PostgreSQL 14 to 18 are known",
                      "\"%s\" is of a version that is not known", path);
    return false;
}

/* ---- a server that runs -------------------------------------------------------------------- */

/* Whether a process works in that folder, as a server does in its data directory. Where that may
 * not be looked at it counts as one: better to refuse than to write below a server. */
static bool works_in(pid_t pid, const char *folder)
{
    g_autofree char *link = g_strdup_printf("/proc/%d/cwd", (int) pid);
    g_autofree char *where = g_file_read_link(link, NULL);
    g_autofree char *real = realpath(folder, NULL);

    return where == NULL || real == NULL || g_str_equal(where, real);
}

pid_t server_running_on(const char *folder)
{
    g_autofree char *path = g_build_filename(folder, "postmaster.pid", NULL);
    g_autofree char *text = NULL;

    if (!g_file_get_contents(path, &text, NULL, NULL))
        return 0;
    pid_t pid = (pid_t) ABS(g_ascii_strtoll(text, NULL, 10));
    if (pid <= 0 || (kill(pid, 0) != 0 && errno != EPERM) || !works_in(pid, folder))
        return 0;
    return pid;
}

bool server_pid_left(const char *folder)
{
    g_autofree char *path = g_build_filename(folder, "postmaster.pid", NULL);
    struct stat status;

    return lstat(path, &status) == 0;
}

bool server_stopped_on(const char *folder, GError **error)
{
    pid_t running = server_running_on(folder);

    if (running != 0) {
        runbook_error_set(error, RUNBOOK_REFUSED, "stop it first (pg_ctl stop)",
                          "a server (pid %d) is running on \"%s\"", (int) running, folder);
        return false;
    }
    if (!server_pid_left(folder))
        return true;
    g_autofree char *hint = g_strdup_printf("if none is, neither in a container nor on another "
                                            "machine, remove \"%s/postmaster.pid\"",
                                            folder);
    runbook_error_set(
        error, RUNBOOK_REFUSED, hint,
        "a server may be running on \"%s\": it has a postmaster.pid, and a server "
        "that was stopped leaves none",
        folder);
    return false;
}
