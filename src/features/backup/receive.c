/*
 * `backup wal receive`: streams, and what is around them: the slot, pauses between attempts, WAL
 * that was lost.
 */
#include "receive.h"

#include "backup_commands.h"
#include "interrupt.h"
#include "out/progress.h"
#include "units/units.h"

#include <poll.h>
#include <string.h>

enum {
    FIRST_PAUSE_MS = 500,
    LONGEST_PAUSE_MS = 30 * 1000,
    LONG_RUN_US =
        60 * G_USEC_PER_SEC, /* after which a failure begins with a short pause again */
    SLOT_SECONDS = 10,
    REFUSED_MINUTES = 10,
};

struct receive {
    struct call *call;
    struct repo *repo;
    struct lineage *lineage;
    struct session *session; /* for the slot */
    struct wal_stream *stream;
    struct receive_full *full;
    const char *slot;
    guint64 until;
    guint64 shown_lsn;
    gint64 shown_us;
    guint beats;
    enum receive_danger warned; /* what was told */
    bool leap, begun;
    bool made;               /* the slot, by this run */
    bool empty;              /* the server has not even what the slot says that it keeps */
    gint64 refused_since_us; /* monotonic; 0: the last failure was another one */
    bool busy; /* the slot was in use, perhaps by one of us whose death is not noticed yet */
};

/* ---- while it streams --------------------------------------------------------------------- */

static void note(const char *text, gpointer data)
{
    struct receive *receive = data;

    output_note(receive->call->output, "%s", text);
}

static void show(struct receive *receive)
{
    guint64 durable = wal_stream_durable(receive->stream);
    gint64 now_us = g_get_monotonic_time();
    double seconds = (double) (now_us - receive->shown_us) / 1e6;
    guint64 more = receive->shown_lsn != 0 ? durable - receive->shown_lsn : 0;
    g_autofree char *place = wal_lsn_format(durable);
    g_autofree char *rate = units_format_size((gint64) ((double) more / MAX(seconds, 0.1)));
    g_autofree char *now = g_strdup_printf("timeline %u, durable up to %s, %s/s",
                                           wal_stream_timeline(receive->stream), place, rate);
    struct progress_state state = {.noun = "", .seconds_left = -1, .now = now};

    if (progress_wanted(receive->call->output))
        progress_show(receive->call->output, &state);
    receive->shown_lsn = durable;
    receive->shown_us = now_us;
}

/* Said once, and again when it has become worse. */
static void warn_of_slot(struct receive *receive, const struct receive_slot *slot)
{
    if (slot->danger > receive->warned && slot->danger == RECEIVE_SLOT_UNRESERVED) {
        output_warn(
            receive->call->output,
            "the slot \"%s\" is beyond max_slot_wal_keep_size: the server may remove WAL "
            "that is not received yet at its next checkpoint",
            receive->slot);
    } else if (slot->danger > receive->warned) {
        g_autofree char *left = units_format_size(slot->safe_bytes);
        output_warn(receive->call->output,
                    "the slot \"%s\" is behind: after %s more WAL the server removes what is "
                    "not received yet (max_slot_wal_keep_size)",
                    receive->slot, left);
    }
    receive->warned = slot->danger;
}

static void watch_slot(struct receive *receive)
{
    struct receive_slot slot;
    g_autoptr(GError) failure = NULL;

    if (!session_alive(receive->session) && !session_reopen(receive->session, NULL))
        return;
    if (receive_slot_look(receive->session, receive->slot, &slot, &failure))
        warn_of_slot(receive, &slot);
}

static void beat(gpointer data)
{
    struct receive *receive = data;

    show(receive);
    receive_full_tend(receive->full, receive->lineage);
    if (receive->beats++ % SLOT_SECONDS == 0)
        watch_slot(receive);
}

/* ---- WAL that was lost -------------------------------------------------------------------- */

/* The end of the last complete record there; without one the segment's beginning. 0 with an error. */
static guint64 end_of_records(const struct receive *receive, guint32 timeline, guint64 lsn,
                              GError **error)
{
    g_autoptr(GArray) ranges = lineage_ranges(receive->lineage, error);
    guint64 end = lsn;

    if (ranges == NULL)
        return 0;
    for (guint i = 0; i < ranges->len; i++) {
        const struct repo_range *range = &g_array_index(ranges, struct repo_range, i);
        if (range->timeline == timeline && range->end_lsn != 0)
            end = range->end_lsn;
    }
    return end;
}

/* The stream goes on behind a hole. */
static bool mark_broken(guint32 timeline, guint64 lsn, gpointer data, GError **error)
{
    struct receive *receive = data;
    guint64 end = end_of_records(receive, timeline, lsn, error);
    g_autofree char *place = wal_lsn_format(end);

    if (end == 0)
        return false;
    receive_full_wake(receive->full);
    if (lineage_broken(receive->lineage, timeline, NULL) == end)
        return true;
    output_warn(receive->call->output,
                "the server has removed WAL that was not received: timeline %u is broken from "
                "%s on, and nothing behind it can be recovered from an older backup",
                timeline, place);
    return lineage_break(receive->lineage, timeline, end,
                         "the server removed WAL before it was received", g_get_real_time(),
                         error);
}

/* ---- one attempt -------------------------------------------------------------------------- */

static bool open_lineage(struct receive *receive, GError **error)
{
    const char *system = session_system_identifier(receive->session);

    if (receive->lineage != NULL)
        return true;
    if (system == NULL) {
        runbook_error_set(error, RUNBOOK_REFUSED,
                          "GRANT EXECUTE ON FUNCTION "
                          "pg_catalog.pg_control_system() TO the role, or pg_monitor",
                          "the server's system identifier may not be read");
        return false;
    }
    receive->lineage = lineage_open(receive->repo, system, true, error);
    return receive->lineage != NULL && lineage_lock(receive->lineage, "receiver", error);
}

/* The slot as it should be; what it has lost is marked, and it is made anew. */
static bool settle_slot(struct receive *receive, struct receive_slot *slot, GError **error)
{
    if (!receive_slot_look(receive->session, receive->slot, slot, error))
        return false;
    receive->busy = slot->busy;
    if (slot->busy) {
        runbook_error_set(error, RUNBOOK_CONNECT, NULL,
                          "the slot \"%s\" is in use by another process", receive->slot);
        return false;
    }
    slot->lost |= slot->exists && receive->empty;
    receive->empty = false;
    if (slot->lost && !receive_slot_drop(receive->session, receive->slot, error))
        return false;
    if ((!slot->exists || slot->lost) &&
        !receive_slot_make(receive->session, receive->slot, error))
        return false;
    bool made = !slot->exists;
    if (made)
        output_note(receive->call->output, "the replication slot \"%s\" was made",
                    receive->slot);
    bool fine = receive_slot_look(receive->session, receive->slot, slot, error);
    slot->made = made;
    receive->made |= made;
    return fine;
}

static bool open_stream(struct receive *receive, bool *ret_removed, GError **error)
{
    struct receive_slot slot;

    if (!settle_slot(receive, &slot, error))
        return false;
    warn_of_slot(receive, &slot);
    struct wal_stream_setup setup = {
        .server = receive->call->server,
        .lineage = receive->lineage,
        .section = "backup",
        .slot = receive->slot,
        .from = slot.restart_lsn,
        .leap = receive->leap,
        .lost = mark_broken,
        .level = (int) settings_int(receive->call->settings, "backup.compress"),
        .interval_ms = settings_int(receive->call->settings, "backup.durable_within"),
        .note = note,
        .beat = beat,
        .data = receive,
    };
    g_autoptr(GError) failure = NULL;
    receive->stream = wal_stream_open(&setup, ret_removed, &failure);
    if (receive->stream != NULL)
        return true;
    /* On a server whose WAL does not belong here it would hold back WAL for ever. */
    if (slot.made && runbook_error_exit(failure) == RUNBOOK_REFUSED)
        receive_slot_drop(receive->session, receive->slot, NULL);
    g_propagate_error(error, g_steal_pointer(&failure));
    return false;
}

/* One connection. *ret_removed: the server has no longer what would be next. */
static bool receive_once(struct receive *receive, bool *ret_removed, GError **error)
{
    *ret_removed = false;
    g_clear_pointer(&receive->session, session_close);
    receive->session = call_connect(receive->call, error);
    if (receive->session == NULL || !open_lineage(receive, error) ||
        !open_stream(receive, ret_removed, error))
        return false;
    g_autofree char *place = wal_lsn_format(wal_stream_start(receive->stream));
    output_note(receive->call->output, "receiving WAL from %s on timeline %u", place,
                wal_stream_timeline(receive->stream));
    receive->begun = true;
    receive->refused_since_us = 0;
    receive->shown_lsn = 0;
    wal_stream_until(receive->stream, receive->until);
    bool good = wal_stream_run(receive->stream, error);
    *ret_removed = !good && wal_stream_removed(receive->stream);
    g_clear_pointer(&receive->stream, wal_stream_close);
    progress_clear(receive->call->output);
    return good;
}

/* One file that is gone is a loss; all of them are out of reach, and come back. */
static bool is_lost(struct receive *receive, GError **error)
{
    return (session_alive(receive->session) || session_reopen(receive->session, error)) &&
           receive_wal_in_reach(receive->session, error);
}

/* Where WAL was lost, once more from what the slot still keeps. When that is gone as well (somebody has
 * removed files, or reset the WAL), the next try makes the slot anew: it would keep all WAL from there
 * on for ever. */
static bool attempt(struct receive *receive, GError **error)
{
    bool removed = false;
    g_autoptr(GError) failure = NULL;

    receive->leap = false;
    bool good = receive_once(receive, &removed, &failure);
    if (!good && removed) {
        receive->leap = true;
        g_clear_error(&failure);
        good = is_lost(receive, &failure) && receive_once(receive, &removed, &failure);
        receive->empty = !good && removed;
    }
    if (!good)
        g_propagate_error(error, g_steal_pointer(&failure));
    return good;
}

/* ---- again and again ---------------------------------------------------------------------- */

static void pause_for(struct receive *receive, int pause_ms)
{
    struct pollfd descriptor = {.fd = interrupt_fd(), .events = POLLIN};
    gint64 end = g_get_monotonic_time() + pause_ms * 1000;

    while (!interrupt_pending() && g_get_monotonic_time() < end) {
        poll(&descriptor, 1, (int) MIN(1000, (end - g_get_monotonic_time()) / 1000 + 1));
        if (receive->lineage != NULL)
            receive_full_tend(receive->full, receive->lineage);
    }
}

bool receive_is_final(enum runbook_exit code, bool begun, bool busy, gint64 refused_us)
{
    if (!begun)
        return code == RUNBOOK_REFUSED || code == RUNBOOK_USAGE || !busy;
    return code == RUNBOOK_USAGE ||
           (code == RUNBOOK_REFUSED && refused_us >= REFUSED_MINUTES * 60 * G_USEC_PER_SEC);
}

/* What was refused all the time since. */
static bool is_final(struct receive *receive, const GError *failure)
{
    enum runbook_exit code = runbook_error_exit(failure);
    gint64 now_us = g_get_monotonic_time();

    if (code != RUNBOOK_REFUSED)
        receive->refused_since_us = 0;
    else if (receive->refused_since_us == 0)
        receive->refused_since_us = now_us;
    gint64 refused_us = code == RUNBOOK_REFUSED ? now_us - receive->refused_since_us : 0;
    return receive_is_final(code, receive->begun, receive->busy, refused_us);
}

static enum runbook_exit run(struct receive *receive, GError **error)
{
    int pause_ms = FIRST_PAUSE_MS;

    for (;;) {
        g_autoptr(GError) failure = NULL;
        gint64 begun_us = g_get_monotonic_time();
        if (attempt(receive, &failure) || interrupt_pending())
            return RUNBOOK_DONE;
        g_clear_pointer(&receive->stream, wal_stream_close);
        if (is_final(receive, failure)) {
            g_propagate_error(error, g_steal_pointer(&failure));
            return runbook_error_exit(*error);
        }
        if (g_get_monotonic_time() - begun_us > LONG_RUN_US)
            pause_ms = FIRST_PAUSE_MS;
        output_warn(receive->call->output, "%s; tried again in %.1f s", failure->message,
                    pause_ms / 1000.0);
        pause_for(receive, pause_ms);
        pause_ms = MIN(pause_ms * 2, LONGEST_PAUSE_MS);
    }
}

/* The slot of a run that has never received anything would hold back WAL for nobody. */
static void leave(struct receive *receive)
{
    if (!receive->made || receive->begun || receive->session == NULL)
        return;
    if (session_alive(receive->session) || session_reopen(receive->session, NULL))
        receive_slot_drop(receive->session, receive->slot, NULL);
}

enum runbook_exit wal_receive_command(struct call *call, GError **error)
{
    const char *until = option_value(call->options, "until-lsn");
    struct receive receive = {.call = call};
    enum runbook_exit code = RUNBOOK_FAILED;

    if (until != NULL && !wal_lsn_parse(until, &receive.until)) {
        runbook_error_set(error, RUNBOOK_USAGE, NULL, "\"%s\" is no LSN", until);
        return RUNBOOK_USAGE;
    }
    receive.slot = settings_string(call->settings, "backup.slot");
    receive.repo = repo_open(call->settings, false, error); /* as `wal push` does */
    if (receive.repo == NULL)
        return runbook_error_exit(*error);
    receive.full = receive_full_new(call);
    code = run(&receive, error);
    receive_full_free(receive.full);
    g_clear_pointer(&receive.stream, wal_stream_close);
    leave(&receive);
    g_clear_pointer(&receive.session, session_close);
    g_clear_pointer(&receive.lineage, lineage_close);
    repo_close(receive.repo);
    return code;
}
