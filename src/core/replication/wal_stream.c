/* A stream at work: messages into segments, what is durable back to the server. */
#include "replication/wal_stream_private.h"

#include "error.h"
#include "interrupt.h"

#include <string.h>

enum {
    DATA_HEADER = 25, /* 'w', start, end, time */
    KEEPALIVE = 18,   /* 'k', end, time, whether to answer */
    STATUS = 34,      /* 'r', written, flushed, applied, time, whether to answer */
    STATUS_MS = 10 * 1000,
    SILENCE_MS = 90 * 1000,
    GRACE_MS = 300, /* for the rest of a segment whose wanted LSN is there */
    GOODBYE_MS = 2000,
    BEAT_MS = 1000,
    LOOK_MS = 200, /* how often flags of other threads are looked at */
};

gint64 wal_stream_now_ms(void)
{
    return g_get_monotonic_time() / 1000;
}

void wal_stream_note(const struct wal_stream *stream, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    if (stream->setup.note != NULL)
        stream->setup.note(text, stream->setup.data);
}

static guint64 network64(const char *bytes)
{
    guint64 value;

    memcpy(&value, bytes, sizeof value);
    return GUINT64_FROM_BE(value);
}

/* ---- to the server ------------------------------------------------------------------------ */

bool wal_stream_tell(struct wal_stream *stream, bool answer, GError **error)
{
    char message[STATUS] = {'r'};
    gint64 since_2000 = g_get_real_time() - G_GINT64_CONSTANT(946684800000000);
    /* Of 0 the server takes no notice. */
    guint64 durable = stream->unsure ? 0 : (guint64) stream->durable;
    const guint64 numbers[] = {stream->position, durable, 0, (guint64) since_2000};

    for (guint i = 0; i < G_N_ELEMENTS(numbers); i++) {
        guint64 value = GUINT64_TO_BE(numbers[i]);
        memcpy(message + 1 + 8 * i, &value, sizeof value);
    }
    message[STATUS - 1] = answer;
    stream->status_at = wal_stream_now_ms();
    if (PQputCopyData(stream->connection, message, STATUS) == 1 &&
        PQflush(stream->connection) == 0)
        return true;
    return wal_stream_failed(stream, NULL, error);
}

/* ---- what arrives ------------------------------------------------------------------------- */

static bool make_durable(struct wal_stream *stream, GError **error)
{
    return wal_stream_settle(stream, error) && wal_stream_tell(stream, false, error);
}

/* ---- from the server ---------------------------------------------------------------------- */

static bool bad_message(GError **error, const char *why)
{
    runbook_error_set(error, RUNBOOK_FAILED, NULL, "the server's replication stream: %s", why);
    return false;
}

static bool take_message(struct wal_stream *stream, const char *message, gsize length,
                         GError **error)
{
    stream->heard_at = wal_stream_now_ms();
    if (length >= DATA_HEADER && message[0] == 'w') {
        if (network64(message + 1) != stream->position)
            return bad_message(error, "it does not go on where it was");
        return wal_stream_take(stream, message + DATA_HEADER, length - DATA_HEADER, error);
    }
    if (length >= KEEPALIVE && message[0] == 'k')
        return message[KEEPALIVE - 1] == 0 || make_durable(stream, error);
    return bad_message(error, "a message of an unknown kind");
}

enum round { ROUND_QUIET, ROUND_TAKEN, ROUND_END, ROUND_FAILED };

static enum round take_next(struct wal_stream *stream, GError **error)
{
    char *message = NULL;
    int length = PQgetCopyData(stream->connection, &message, 1);

    if (length > 0) {
        bool good = take_message(stream, message, (gsize) length, error);
        PQfreemem(message);
        return good ? ROUND_TAKEN : ROUND_FAILED;
    }
    if (length == -1)
        return ROUND_END;
    if (length == -2 || !PQconsumeInput(stream->connection)) {
        wal_stream_failed(stream, NULL, error);
        return ROUND_FAILED;
    }
    return ROUND_QUIET;
}

/* ---- timelines ---------------------------------------------------------------------------- */

/* That WAL is gone is found out when its first byte is to be sent. */
static bool fail_with(struct wal_stream *stream, const PGresult *result, GError **error)
{
    stream->removed = g_strcmp0(PQresultErrorField(result, PG_DIAG_SQLSTATE), "58P01") == 0;
    return wal_stream_failed(stream, result, error);
}

/* The server has ended the copying: a timeline is over, or it shuts down. */
static bool hear_end(struct wal_stream *stream, guint32 *ret_next, guint64 *ret_from,
                     GError **error)
{
    bool told = false, good = true;
    PGresult *result = NULL;

    stream->streaming = false;
    PQputCopyEnd(stream->connection, NULL);
    PQflush(stream->connection);
    for (int i = 0; i < 8 && good; i++) {
        result = wal_stream_result(stream, STATUS_MS, error);
        if (result == NULL)
            break;
        ExecStatusType status = PQresultStatus(result);
        if (status == PGRES_TUPLES_OK)
            good = told = wal_stream_read_next(result, ret_next, ret_from, error);
        else if (status == PGRES_FATAL_ERROR)
            good = fail_with(stream, result, error);
        PQclear(result);
    }
    if (!good || (error != NULL && *error != NULL))
        return false;
    if (!told)
        runbook_error_set(error, RUNBOOK_CONNECT, NULL, "the server has ended the replication");
    return told;
}

static bool change_timeline(struct wal_stream *stream, GError **error)
{
    guint32 next = 0, before = stream->timeline;
    guint64 from = 0;
    bool removed = false;

    if (!wal_stream_settle(stream, error) || !hear_end(stream, &next, &from, error))
        return false;
    wal_stream_end_segment(stream);
    /* What was held against the server's is its own up to here, and it has no more of that timeline. */
    stream->unsure = false;
    stream->without.timeline = 0;
    do {
        g_autoptr(GArray) path = NULL;
        g_autofree char *place = wal_lsn_format(from);
        if (!wal_stream_fetch_history(stream, next, &path, error))
            return false;
        g_array_unref(stream->path);
        stream->path = g_steal_pointer(&path);
        wal_stream_note(stream, "timeline %u goes on as timeline %u at %s", before, next,
                        place);
        before = next;
        guint64 begin = from - from % stream->segment_bytes;
        if (!wal_stream_ask(stream, next, begin, &removed, &next, &from, error))
            return false;
        stream->durable = MAX(stream->durable, stream->position);
    } while (stream->ended);
    return true;
}

/* Of what is only looked at the server need not have it any more. */
static bool go_on(struct wal_stream *stream, GError **error)
{
    g_autoptr(GError) failure = NULL;
    PGresult *result = NULL;

    if (change_timeline(stream, &failure))
        return true;
    if (stream->removed && stream->without.timeline != 0) {
        while ((result = PQgetResult(stream->connection)) != NULL)
            PQclear(result);
        wal_stream_end_segment(stream);
        stream->removed = false;
        return wal_stream_start_without(stream, &stream->removed, error);
    }
    g_propagate_error(error, g_steal_pointer(&failure));
    return false;
}

/* ---- the run ------------------------------------------------------------------------------ */

/* What was wanted is durable; of a segment that was switched the rest is waited for. */
static bool is_reached(struct wal_stream *stream)
{
    guint64 until = stream->until;
    bool switched = stream->reader != NULL && wal_reader_switched(stream->reader);

    if (until == 0 || stream->durable < until)
        return false;
    if ((stream->file == NULL && stream->standing == NULL) ||
        stream->position / stream->segment_bytes > (until - 1) / stream->segment_bytes)
        return true;
    if (stream->wanted_since == 0)
        stream->wanted_since = wal_stream_now_ms();
    return wal_stream_now_ms() - stream->wanted_since > (switched ? 100 * GRACE_MS : GRACE_MS);
}

/* When WAL that has arrived must be durable: soon, and at once where somebody waits for it. */
static bool is_due(const struct wal_stream *stream)
{
    guint64 until = stream->until;

    if (stream->dirty_since == 0)
        return false;
    return wal_stream_now_ms() - stream->dirty_since >= stream->setup.interval_ms ||
           (until != 0 && stream->durable < until && stream->position >= until);
}

static bool tend(struct wal_stream *stream, GError **error)
{
    if (is_due(stream) && !make_durable(stream, error))
        return false;
    if (stream->setup.beat != NULL && wal_stream_now_ms() - stream->beat_at > BEAT_MS) {
        stream->beat_at = wal_stream_now_ms();
        stream->setup.beat(stream->setup.data);
    }
    if (wal_stream_now_ms() - stream->heard_at > SILENCE_MS) {
        runbook_error_set(error, RUNBOOK_CONNECT, NULL,
                          "the server has not been heard for %d s", SILENCE_MS / 1000);
        return false;
    }
    if (wal_stream_now_ms() - stream->status_at > STATUS_MS)
        return wal_stream_tell(stream, wal_stream_now_ms() - stream->heard_at > 2 * STATUS_MS,
                               error);
    return true;
}

static void rest(struct wal_stream *stream)
{
    gint64 patience = LOOK_MS;

    if (stream->dirty_since != 0)
        patience = stream->dirty_since + stream->setup.interval_ms - wal_stream_now_ms();
    wal_stream_wait(stream, CLAMP(patience, 1, LOOK_MS));
}

/* Says goodbye: what is on its way is not waited for. */
static bool finish(struct wal_stream *stream, GError **error)
{
    gint64 deadline = wal_stream_now_ms() + GOODBYE_MS;
    char *message = NULL;
    int length = 0;

    if (!make_durable(stream, error))
        return false;
    PQputCopyEnd(stream->connection, NULL);
    PQflush(stream->connection);
    while (wal_stream_now_ms() < deadline &&
           (length = PQgetCopyData(stream->connection, &message, 1)) >= 0) {
        if (length > 0)
            PQfreemem(message);
        else if (wal_stream_wait(stream, 50), !PQconsumeInput(stream->connection))
            break;
    }
    return true;
}

bool wal_stream_run(struct wal_stream *stream, GError **error)
{
    stream->heard_at = stream->status_at = wal_stream_now_ms();
    if (!wal_stream_tell(stream, false, error))
        return false;
    for (;;) {
        if (interrupt_pending() || stream->stop || is_reached(stream))
            return finish(stream, error);
        enum round round = take_next(stream, error);
        if (round == ROUND_FAILED || !tend(stream, error))
            return false;
        if (round == ROUND_END && !go_on(stream, error))
            return false;
        if (round == ROUND_QUIET)
            rest(stream);
    }
}

/* ---- from any thread ---------------------------------------------------------------------- */

void wal_stream_until(struct wal_stream *stream, guint64 lsn)
{
    stream->until = lsn;
}

bool wal_stream_removed(const struct wal_stream *stream)
{
    return stream->removed;
}

void wal_stream_stop(struct wal_stream *stream)
{
    stream->stop = true;
}

guint64 wal_stream_start(const struct wal_stream *stream)
{
    return stream->start;
}

guint64 wal_stream_durable(const struct wal_stream *stream)
{
    return stream->durable;
}

guint32 wal_stream_timeline(const struct wal_stream *stream)
{
    return stream->timeline;
}

void wal_stream_close(struct wal_stream *stream)
{
    wal_stream_end_segment(stream);
    segment_partial_unlock(stream->lock);
    if (stream->path != NULL)
        g_array_unref(stream->path);
    if (stream->session != NULL)
        session_close(stream->session);
    g_free(stream->slot);
    g_free(stream);
}
