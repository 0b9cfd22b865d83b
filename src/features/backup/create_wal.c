/*
 * A backup is worth nothing without the WAL from its beginning to its end. Whoever stores it anyway
 * (a receiver that is running, an archive_command) is waited for; else a stream of our own receives
 * for as long as the backup takes, on a temporary slot that goes with it.
 */
#include "backup_queries.h"
#include "create.h"
#include "interrupt.h"
#include "replication/wal_stream.h"
#include "units/units.h"

#include <poll.h>

enum { LOOK_MS = 200, STREAM_LOOK_MS = 20 };

enum source { SOURCE_RECEIVER, SOURCE_ARCHIVER, SOURCE_OWN };

struct create_wal {
    enum source source;
    struct call *call;
    struct lineage *lineage; /* a handle of its own, for the thread */
    guint32 segment_bytes;
    bool pushes; /* archive_command is one of ours: it may store what a receiver has lost */
    struct wal_stream *stream; /* of our own */
    GThread *thread;
    gint over; /* atomic: the thread has ended */
    bool received;
    GError *error; /* the thread's, once it is over */
};

/* ---- who stores it ------------------------------------------------------------------------- */

/* Of the time of a backup, or the one before, with which a stream begins: it was perhaps received beside
 * it. */
static bool is_of_a_backup(const GPtrArray *backups, guint32 timeline, guint64 segment,
                           guint32 segment_bytes)
{
    for (guint i = 0; i < backups->len; i++) {
        const struct repo_backup *one = g_ptr_array_index(backups, i);
        if (one->trouble == NULL && one->timeline == timeline &&
            segment + 1 >= one->start_lsn / segment_bytes &&
            segment <= (one->stop_lsn - 1) / segment_bytes)
            return true;
    }
    return false;
}

bool create_wal_archived(const char *name, const GArray *segments, const GPtrArray *backups,
                         guint32 segment_bytes)
{
    struct wal_name last = wal_name_parse(name, segment_bytes);
    guint64 segment = last.segment;

    if (last.kind != WAL_SEGMENT && last.kind != WAL_BACKUP_HISTORY)
        return false;
    while (segment > 0 && is_of_a_backup(backups, last.timeline, segment, segment_bytes) &&
           repo_segments_have(segments, last.timeline, segment))
        segment--;
    return repo_segments_have(segments, last.timeline, segment);
}

/* That archive_command has our words in it says neither that it works nor where to. */
static bool archiver_serves(struct call *call, struct lineage *lineage,
                            const struct create_server *server)
{
    AUTO(session) session = server->pushes ? call_connect(call, NULL) : NULL;
    AUTO(rows)
    rows = session == NULL ? NULL : session_query(session, &query_backup_archiver, NULL, NULL);

    if (rows == NULL || rows_null(rows, 0, BACKUP_ARCHIVER_ARCHIVED) ||
        rows_bool(rows, 0, BACKUP_ARCHIVER_FAILING))
        return false;
    g_autoptr(GArray) segments = lineage_segments(lineage, NULL);
    g_autoptr(GPtrArray) backups = lineage_backups(lineage, NULL);
    return segments != NULL && backups != NULL &&
           create_wal_archived(rows_text(rows, 0, BACKUP_ARCHIVER_ARCHIVED), segments, backups,
                               server->wal_segment_bytes);
}

static enum source source_of(struct call *call, struct lineage *lineage,
                             const struct create_server *server)
{
    if (lineage_locked(lineage, "receiver"))
        return SOURCE_RECEIVER;
    return archiver_serves(call, lineage, server) ? SOURCE_ARCHIVER : SOURCE_OWN;
}

const char *create_wal_source(struct call *call, struct lineage *lineage,
                              const struct create_server *server)
{
    static const char *const words[] = {
        [SOURCE_RECEIVER] = "from the receiver that is running",
        [SOURCE_ARCHIVER] = "from the server's archive_command",
        [SOURCE_OWN] = "received beside the backup, on a temporary slot",
    };
    return words[lineage == NULL ? SOURCE_OWN : source_of(call, lineage, server)];
}

/* ---- a stream of our own ------------------------------------------------------------------ */

static gpointer receive(gpointer data)
{
    struct create_wal *wal = data;

    wal->received = wal_stream_run(wal->stream, &wal->error);
    g_atomic_int_set(&wal->over, 1);
    return NULL;
}

static bool open_stream(struct create_wal *wal, GError **error)
{
    const struct wal_stream_setup setup = {
        .server = wal->call->server,
        .lineage = wal->lineage,
        .section = wal->call->feature->name,
        .level = (int) settings_int(wal->call->settings, "backup.compress"),
        .interval_ms = 1000,
    };

    /* Between the last look and this somebody else may have begun. */
    g_autoptr(GError) taken = NULL;
    if (!lineage_lock(wal->lineage, "receiver", &taken)) {
        wal->source = SOURCE_RECEIVER;
        if (runbook_error_exit(taken) == RUNBOOK_REFUSED)
            return true;
        g_propagate_error(error, g_steal_pointer(&taken));
        return false;
    }
    wal->stream = wal_stream_open(&setup, NULL, error);
    return wal->stream != NULL;
}

struct create_wal *create_wal_begin(struct call *call, struct repo *repo, const char *system,
                                    const struct create_server *server, GError **error)
{
    AUTO(create_wal) wal = g_new0(struct create_wal, 1);

    wal->call = call;
    wal->lineage = lineage_open(repo, system, false, error);
    if (wal->lineage == NULL)
        return NULL;
    wal->segment_bytes = server->wal_segment_bytes;
    wal->pushes = server->pushes;
    wal->source = source_of(call, wal->lineage, server);
    if (wal->source == SOURCE_OWN && server->pushes)
        output_note(
            call->output,
            "archive_command is one of ours, but the last segment it archived is not in "
            "this repository, or it fails: WAL is received beside the backup");
    if (wal->source == SOURCE_OWN && !open_stream(wal, error))
        return NULL;
    return g_steal_pointer(&wal);
}

/* On a standby a backup begins at the last restart point, which lies before where the server is; the
 * slot keeps WAL from there. */
bool create_wal_from(struct create_wal *wal, guint32 timeline, guint64 start_lsn,
                     GError **error)
{
    if (wal->stream == NULL)
        return true;
    if (!wal_stream_begin(wal->stream, timeline, start_lsn, error))
        return false;
    wal->thread = g_thread_new("receive", receive, wal);
    return true;
}

bool create_wal_going(struct create_wal *wal, GError **error)
{
    if (wal->thread == NULL || !g_atomic_int_get(&wal->over))
        return true;
    runbook_error_set(error, RUNBOOK_FAILED, NULL, "no WAL is received any more: %s",
                      wal->error != NULL ? wal->error->message : "the stream has ended");
    return false;
}

void create_wal_free(struct create_wal *wal)
{
    if (wal->thread != NULL) {
        wal_stream_stop(wal->stream);
        g_thread_join(wal->thread);
    }
    g_clear_pointer(&wal->stream, wal_stream_close);
    g_clear_pointer(&wal->lineage, lineage_close);
    g_clear_error(&wal->error);
    g_free(wal);
}

/* ---- waiting ------------------------------------------------------------------------------ */

static bool pause_ms(int milliseconds, GError **error)
{
    struct pollfd signal = {.fd = interrupt_fd(), .events = POLLIN};

    poll(&signal, 1, milliseconds);
    if (!interrupt_pending())
        return true;
    runbook_error_set(error, RUNBOOK_INTERRUPTED, NULL, "interrupted");
    return false;
}

static bool is_there(const struct create_wal *wal, guint32 timeline, guint64 number,
                     guint64 stop_lsn)
{
    struct repo_segment segment;

    return lineage_segment_find(wal->lineage, timeline, number, wal->segment_bytes, &segment) &&
           (stop_lsn == 0 || repo_segment_serves(&segment, stop_lsn));
}

/* How many of the segments are there, in full or (the last one) as far as is needed. Asked often, and
 * a repository may have very many: only theirs are looked at. */
static guint64 count_segments(const struct create_wal *wal, guint32 timeline, guint64 first,
                              guint64 stop_lsn)
{
    guint64 last = (stop_lsn - 1) / wal->segment_bytes, count = 0;

    for (guint64 number = first; number <= last; number++)
        count += is_there(wal, timeline, number, stop_lsn);
    return count;
}

static bool gave_up(const struct create_wal *wal, guint32 timeline, guint64 missing,
                    gint64 patience_ms, GError **error)
{
    g_autofree char *patience = units_format_duration((double) patience_ms / 1000);
    g_autofree char *segments = units_format_counted((gint64) missing, "segment");

    static const char *const hints[] = {
        [SOURCE_RECEIVER] =
            "is \"pgrunbook backup wal receive\" connected? A longer wait is set "
            "by backup.wal_wait",
        [SOURCE_ARCHIVER] =
            "pg_stat_archiver says whether archive_command works; on a standby it works only "
            "with archive_mode = always. A longer wait is set by backup.wal_wait",
        [SOURCE_OWN] = "it was received beside the backup; was something removed from the "
                       "repository? Take the backup again",
    };
    runbook_error_set(
        error, RUNBOOK_FAILED, hints[wal->source],
        "the backup is there, but %s of timeline %u did not arrive in the repository: nothing "
        "new in %s",
        segments, timeline, patience);
    return false;
}

/* A receiver stores one after the other: it went on behind the first that is missing. */
static bool is_passed(const struct create_wal *wal, guint32 timeline, guint64 start_lsn,
                      guint64 stop_lsn)
{
    enum { AHEAD = 64 };
    guint64 number = start_lsn / wal->segment_bytes;
    guint64 last = (stop_lsn - 1) / wal->segment_bytes;

    while (number <= last && is_there(wal, timeline, number, stop_lsn))
        number++;
    while (++number <= last + AHEAD)
        if (is_there(wal, timeline, number, 0))
            return true;
    return false;
}

/* What the receiver has marked as lost never arrives. The mark is where it was, which may be before the
 * beginning of the backup. */
static bool is_lost(const struct create_wal *wal, guint32 timeline, guint64 start_lsn,
                    guint64 stop_lsn, GError **error)
{
    guint64 broken = wal->source == SOURCE_RECEIVER && !wal->pushes
                         ? lineage_broken(wal->lineage, timeline, NULL)
                         : 0;

    if (broken == 0 || broken >= stop_lsn ||
        (broken < start_lsn && !is_passed(wal, timeline, start_lsn, stop_lsn)))
        return false;
    g_autofree char *lsn = wal_lsn_format(broken);
    runbook_error_set(error, RUNBOOK_FAILED,
                      "take the backup again; max_slot_wal_keep_size says how much the server "
                      "keeps for the receiver",
                      "WAL that the backup needs was lost before it was received, from %s on",
                      lsn);
    return true;
}

static bool wait_for_others(struct create_wal *wal, guint32 timeline, guint64 start_lsn,
                            guint64 stop_lsn, GError **error)
{
    /* What our own stream has received is there, or will never be. */
    gint64 patience_ms =
        wal->stream != NULL ? 0 : settings_int(wal->call->settings, "backup.wal_wait");
    gint64 since_us = g_get_monotonic_time();
    guint64 first = start_lsn / wal->segment_bytes, seen = 0;
    guint64 all = (stop_lsn - 1) / wal->segment_bytes - first + 1;

    for (;;) {
        guint64 there = count_segments(wal, timeline, first, stop_lsn);
        if (there == all)
            return true;
        if (is_lost(wal, timeline, start_lsn, stop_lsn, error))
            return false;
        if (there > seen)
            since_us = g_get_monotonic_time();
        seen = there;
        if (g_get_monotonic_time() - since_us > patience_ms * 1000)
            return gave_up(wal, timeline, all - there, patience_ms, error);
        if (!pause_ms(LOOK_MS, error))
            return false;
    }
}

static bool wait_for_stream(struct create_wal *wal, guint64 stop_lsn, GError **error)
{
    wal_stream_until(wal->stream, stop_lsn);
    while (!g_atomic_int_get(&wal->over))
        if (!pause_ms(STREAM_LOOK_MS, error))
            return false;
    g_thread_join(g_steal_pointer(&wal->thread));
    if (!wal->received) {
        runbook_error_set(error, RUNBOOK_FAILED, NULL, "its WAL could not be received: %s",
                          wal->error != NULL ? wal->error->message : "the stream has ended");
        return false;
    }
    return true;
}

bool create_wal_wait(struct create_wal *wal, guint32 timeline, guint64 start_lsn,
                     guint64 stop_lsn, GError **error)
{
    if (wal->stream != NULL && !wait_for_stream(wal, stop_lsn, error))
        return false;
    /* Whoever stored it, what counts is what stands there. */
    return wait_for_others(wal, timeline, start_lsn, stop_lsn, error);
}
