/* The beginning of a stream: whom we talk to, along which timelines, and from where on. */
#include "replication/wal_stream_private.h"

#include "error.h"
#include "interrupt.h"
#include "pg/console.h"
#include "units/units.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ANSWER_MS = 60 * 1000 };

/* ---- results ------------------------------------------------------------------------------ */

void wal_stream_wait(const struct wal_stream *stream, gint64 patience_ms)
{
    struct pollfd descriptors[2] = {
        {.fd = PQsocket(stream->connection), .events = POLLIN},
        {.fd = interrupt_fd(), .events = POLLIN},
    };

    poll(descriptors, interrupt_pending() ? 1 : 2, (int) patience_ms);
}

bool wal_stream_failed(const struct wal_stream *stream, const PGresult *result, GError **error)
{
    const char *text =
        result != NULL ? PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY) : NULL;
    g_autofree char *said =
        g_utf8_make_valid(text != NULL ? text : PQerrorMessage(stream->connection), -1);
    bool lost = PQstatus(stream->connection) != CONNECTION_OK;

    g_strstrip(said);
    runbook_error_set(error, lost ? RUNBOOK_CONNECT : RUNBOOK_FAILED, NULL, "%s",
                      *said != '\0' ? said : "the server has ended the replication");
    return false;
}

PGresult *wal_stream_result(struct wal_stream *stream, gint64 patience_ms, GError **error)
{
    gint64 deadline = g_get_monotonic_time() + patience_ms * 1000;

    while (PQisBusy(stream->connection)) {
        if (g_get_monotonic_time() > deadline) {
            runbook_error_set(error, RUNBOOK_CONNECT, NULL, "the server does not answer");
            return NULL;
        }
        wal_stream_wait(stream, 100);
        if (!PQconsumeInput(stream->connection)) {
            wal_stream_failed(stream, NULL, error);
            return NULL;
        }
    }
    return PQgetResult(stream->connection);
}

bool wal_stream_read_next(const PGresult *result, guint32 *ret_next, guint64 *ret_from,
                          GError **error)
{
    guint64 timeline = 0;

    if (PQntuples(result) == 1 && PQnfields(result) == 2 &&
        g_ascii_string_to_unsigned(PQgetvalue(result, 0, 0), 10, 1, G_MAXUINT32, &timeline,
                                   NULL) &&
        wal_lsn_parse(PQgetvalue(result, 0, 1), ret_from)) {
        *ret_next = (guint32) timeline;
        return true;
    }
    runbook_error_set(error, RUNBOOK_FAILED, NULL,
                      "the server does not say which timeline follows");
    return false;
}

/* ---- whom we talk to ---------------------------------------------------------------------- */

static bool identify(struct wal_stream *stream, GError **error)
{
    AUTO(rows) rows = console_ask(stream->session, "IDENTIFY_SYSTEM", error);
    guint64 timeline = 0;

    if (rows == NULL)
        return false;
    if (strcmp(rows_text(rows, 0, 0), lineage_system(stream->setup.lineage)) != 0) {
        runbook_error_set(error, RUNBOOK_REFUSED, NULL,
                          "this is another cluster: its system identifier is %s, not %s",
                          rows_text(rows, 0, 0), lineage_system(stream->setup.lineage));
        return false;
    }
    if (!g_ascii_string_to_unsigned(rows_text(rows, 0, 0), 10, 1, G_MAXUINT64, &stream->system,
                                    NULL) ||
        !g_ascii_string_to_unsigned(rows_text(rows, 0, 1), 10, 1, G_MAXUINT32, &timeline,
                                    NULL) ||
        !wal_lsn_parse(rows_text(rows, 0, 2), &stream->server_lsn)) {
        runbook_error_set(error, RUNBOOK_FAILED, NULL, "the server does not say who it is");
        return false;
    }
    stream->server_timeline = (guint32) timeline;
    return true;
}

static bool ask_segment_size(struct wal_stream *stream, GError **error)
{
    AUTO(rows) rows = console_ask(stream->session, "SHOW wal_segment_size", error);
    guint32 stored = 0;
    gint64 size = 0;

    if (rows == NULL || !units_parse_size(rows_text(rows, 0, 0), &size, error) ||
        !lineage_segment_bytes(stream->setup.lineage, &stored, error))
        return false;
    stream->segment_bytes = (guint32) size;
    if (stored == 0 || stored == stream->segment_bytes)
        return true;
    runbook_error_set(error, RUNBOOK_REFUSED, "take another repository",
                      "the server's segments have %u bytes, those in the repository %u",
                      stream->segment_bytes, stored);
    return false;
}

/* The text of a timeline's history. *ret_missing: the server refuses it, and the connection goes on.
 */
static char *ask_history(struct wal_stream *stream, guint32 timeline, bool *ret_missing,
                         GError **error)
{
    g_autofree char *command = g_strdup_printf("TIMELINE_HISTORY %u", timeline);
    AUTO(rows) rows = console_ask(stream->session, command, error);

    *ret_missing = rows == NULL && PQstatus(stream->connection) == CONNECTION_OK;
    return rows != NULL ? g_strdup(rows_text(rows, 0, 1)) : NULL;
}

static bool keep_history(struct wal_stream *stream, guint32 timeline, const char *text,
                         GError **error)
{
    g_autoptr(GError) failure = NULL;

    switch (
        lineage_history_put(stream->setup.lineage, timeline, text, strlen(text), &failure)) {
    case REPO_PUT_DONE:
    case REPO_PUT_SAME:
        return true;
    case REPO_PUT_DIFFERENT:
        failure->code = RUNBOOK_REFUSED;
        break;
    case REPO_PUT_FAILED:
        break;
    }
    g_propagate_error(error, g_steal_pointer(&failure));
    return false;
}

bool wal_stream_fetch_history(struct wal_stream *stream, guint32 timeline, GArray **ret_path,
                              GError **error)
{
    bool missing = false;
    g_autofree char *text = ask_history(stream, timeline, &missing, error);

    if (text == NULL || !keep_history(stream, timeline, text, error))
        return false;
    *ret_path = wal_history_parse(timeline, text, error);
    return *ret_path != NULL;
}

/* The server's own history, and those that led to it as far as it still has them: a node that was
 * copied from another one begins with the newest. */
static bool fetch_histories(struct wal_stream *stream, GError **error)
{
    if (stream->server_timeline == 1) {
        stream->path = wal_history_parse(1, NULL, error);
        return stream->path != NULL;
    }
    if (!wal_stream_fetch_history(stream, stream->server_timeline, &stream->path, error))
        return false;
    for (guint i = 0; i + 1 < stream->path->len; i++) {
        guint32 timeline = g_array_index(stream->path, struct wal_stretch, i).timeline;
        g_autoptr(GError) failure = NULL;
        bool missing = false;
        if (timeline <= 1)
            continue;
        g_autofree char *text = ask_history(stream, timeline, &missing, &failure);
        if (text != NULL ? keep_history(stream, timeline, text, &failure) : missing)
            continue;
        g_propagate_error(error, g_steal_pointer(&failure));
        return false;
    }
    return true;
}

/* ---- where to begin ----------------------------------------------------------------------- */

static guint64 floor_of(const struct wal_stream *stream, guint64 lsn)
{
    return lsn - lsn % stream->segment_bytes;
}

static bool refuse_other_history(const struct wal_stream *stream, GError **error)
{
    guint32 newest = lineage_newest_timeline(stream->setup.lineage);

    if (newest <= stream->server_timeline)
        return true;
    runbook_error_set(error, RUNBOOK_REFUSED,
                      "is this an old primary? The one that was promoted has the WAL that goes "
                      "on. A timeline that came here by mistake, of a restored copy, can be "
                      "moved out: \"pgrunbook runbook backup\" says how",
                      "the server is on timeline %u, and the repository has timeline %u",
                      stream->server_timeline, newest);
    return false;
}

/* What is taken for stored was perhaps made visible by a process that died before it was durable. */
static bool settle(const struct wal_stream *stream, const GArray *segments, GError **error)
{
    guint32 before = 0;

    lineage_wal_clean(stream->setup.lineage);
    for (guint i = 0; i < segments->len; i++) {
        guint32 timeline = g_array_index(segments, struct repo_segment, i).timeline;
        g_autofree char *folder = segment_folder(stream->setup.lineage, timeline);
        if (timeline != before && !repo_folder_sync(folder, error))
            return false;
        before = timeline;
    }
    return true;
}

/* Where the repository ends goes to the owner before anything behind the loss is received. */
static bool leap(struct wal_stream *stream, struct wal_stream_place end, GError **error)
{
    const struct wal_stream_setup *setup = &stream->setup;
    guint64 begin = end.lsn;

    for (guint i = 0; i < stream->path->len; i++) {
        const struct wal_stretch *stretch = &g_array_index(stream->path, struct wal_stretch, i);
        if (stretch->timeline == end.timeline)
            begin = MAX(begin, stretch->begin);
    }
    return setup->lost == NULL || setup->lost(end.timeline, begin, setup->data, error);
}

static bool choose_start(struct wal_stream *stream, struct wal_stream_place *ret_place,
                         GError **error)
{
    const struct wal_stream_setup *setup = &stream->setup;
    struct wal_stream_place end = {0, 0};
    guint64 from = setup->from != 0 ? setup->from : stream->server_lsn;

    g_autoptr(GArray) segments = lineage_segments(setup->lineage, error);
    if (segments == NULL || !settle(stream, segments, error))
        return false;
    const struct wal_stream_known known = {stream->path, segments, stream->segment_bytes};
    *ret_place = wal_stream_place_missing(&known, from);
    bool behind =
        wal_stream_place_end(&known, &end) && wal_stream_place_before(end, *ret_place);
    if (behind && setup->leap)
        return leap(stream, end, error);
    if (behind)
        *ret_place = end;
    guint64 reached =
        ret_place->timeline == stream->server_timeline ? stream->server_lsn : G_MAXUINT64;
    stream->unsure = wal_stream_place_look_back(&known, from, reached, ret_place);
    const struct wal_stream_place without = *ret_place;
    if (!stream->unsure && wal_stream_place_peek(&known, ret_place)) {
        stream->without = without;
        stream->unsure = true;
    }
    return true;
}

/* ---- asking ------------------------------------------------------------------------------- */

bool wal_stream_ask(struct wal_stream *stream, guint32 timeline, guint64 lsn, bool *ret_removed,
                    guint32 *ret_next, guint64 *ret_from, GError **error)
{
    g_autofree char *place = wal_lsn_format(lsn);
    g_autofree char *command = g_strdup_printf(
        "START_REPLICATION SLOT \"%s\" PHYSICAL %s TIMELINE %u", stream->slot, place, timeline);

    stream->streaming = stream->ended = false;
    stream->timeline = timeline;
    stream->position = lsn;
    if (!PQsendQuery(stream->connection, command))
        return wal_stream_failed(stream, NULL, error);
    PGresult *result = wal_stream_result(stream, ANSWER_MS, error);
    if (result == NULL)
        return false;
    stream->streaming = PQresultStatus(result) == PGRES_COPY_BOTH;
    stream->ended = PQresultStatus(result) == PGRES_TUPLES_OK;
    bool good = stream->streaming ||
                (stream->ended && wal_stream_read_next(result, ret_next, ret_from, error));
    if (!stream->streaming && !stream->ended) {
        const char *code = PQresultErrorField(result, PG_DIAG_SQLSTATE);
        *ret_removed = g_strcmp0(code, "58P01") == 0;
        wal_stream_failed(stream, result, error);
    }
    PQclear(result);
    while (good && stream->ended && (result = PQgetResult(stream->connection)) != NULL)
        PQclear(result);
    return good;
}

static bool make_temporary_slot(struct wal_stream *stream, GError **error)
{
    g_autofree char *command = NULL;

    stream->slot =
        g_strdup_printf("pgrunbook_%d_%08x", (int) getpid(), (unsigned) g_random_int());
    command = g_strdup_printf("CREATE_REPLICATION_SLOT \"%s\" TEMPORARY PHYSICAL RESERVE_WAL",
                              stream->slot);
    AUTO(rows) rows = console_ask(stream->session, command, error);
    return rows != NULL;
}

bool wal_stream_start_at(struct wal_stream *stream, struct wal_stream_place place,
                         bool *ret_removed, GError **error)
{
    guint32 next = 0;
    guint64 from = 0;

    if (!wal_stream_ask(stream, place.timeline, place.lsn, ret_removed, &next, &from, error))
        return false;
    while (stream->ended) {
        if (!wal_stream_ask(stream, next, floor_of(stream, from), ret_removed, &next, &from,
                            error))
            return false;
    }
    stream->start = stream->position;
    stream->durable = stream->position;
    return true;
}

bool wal_stream_start_without(struct wal_stream *stream, bool *ret_removed, GError **error)
{
    const struct wal_stream_place place = stream->without;

    stream->without.timeline = 0;
    stream->unsure = false;
    return wal_stream_start_at(stream, place, ret_removed, error);
}

bool wal_stream_begin(struct wal_stream *stream, guint32 timeline, guint64 lsn, GError **error)
{
    /* What was written since the slot was made is there as well: without it each of two backups, one
     * behind the other, would have a gap before it. */
    guint64 from = timeline == stream->server_timeline ? MIN(lsn, stream->server_lsn) : lsn;
    const struct wal_stream_place place = {timeline, floor_of(stream, from)};
    bool removed = false;

    return wal_stream_start_at(stream, place, &removed, error);
}

static bool start(struct wal_stream *stream, struct wal_stream_place place, bool *ret_removed,
                  GError **error)
{
    g_autoptr(GError) failure = NULL;

    if (wal_stream_start_at(stream, place, ret_removed, &failure))
        return true;
    if (*ret_removed && stream->without.timeline != 0) {
        *ret_removed = false;
        return wal_stream_start_without(stream, ret_removed, error);
    }
    g_propagate_error(error, g_steal_pointer(&failure));
    return false;
}

/* A refusal in between (of a history the server lacks) would drop a temporary slot: it comes last.
 */
static bool prepare(struct wal_stream *stream, bool *ret_removed, GError **error)
{
    struct wal_stream_place place = {0, 0};

    if (!ask_segment_size(stream, error) || !identify(stream, error) ||
        !fetch_histories(stream, error) || !refuse_other_history(stream, error))
        return false;
    if (stream->setup.slot == NULL)
        return make_temporary_slot(stream, error);
    return choose_start(stream, &place, error) && start(stream, place, ret_removed, error);
}

/* Before it is looked at what is there. An archive_command has it for a moment only. */
static bool lock_partials(struct wal_stream *stream, GError **error)
{
    enum { PATIENCE_MS = 20 * 1000 };

    stream->lock = segment_partial_lock(stream->setup.lineage, PATIENCE_MS, error);
    return stream->lock >= 0;
}

struct wal_stream *wal_stream_open(const struct wal_stream_setup *setup, bool *ret_removed,
                                   GError **error)
{
    AUTO(wal_stream) stream = g_new0(struct wal_stream, 1);
    bool removed = false;

    stream->setup = *setup;
    stream->lock = -1;
    stream->slot = g_strdup(setup->slot);
    stream->session = session_open_replication(setup->server, setup->section, error);
    if (stream->session == NULL)
        return NULL;
    stream->connection = session_handle(stream->session);
    bool good = lock_partials(stream, error) && prepare(stream, &removed, error);
    if (ret_removed != NULL)
        *ret_removed = removed;
    return good ? g_steal_pointer(&stream) : NULL;
}
