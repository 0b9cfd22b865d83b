/*
 * The segments of a stream: stored where they are missing, else held against what is stored, and joined
 * to those before them. Nothing of another server's is acknowledged.
 */
#include "replication/wal_stream_private.h"

#include "error.h"

/* ---- segments ----------------------------------------------------------------------------- */

static void add_event(const struct wal_event *event, gpointer data)
{
    wal_index_add(data, event);
}

void wal_stream_end_segment(struct wal_stream *stream)
{
    g_clear_pointer(&stream->file, growing_free);
    g_clear_pointer(&stream->standing, standing_free);
    stream->passing = false;
    g_clear_pointer(&stream->reader, wal_reader_free);
    g_clear_pointer(&stream->index, wal_index_free);
}

/* The segment that is stored before the first that arrives must be this server's. */
static void find_before(struct wal_stream *stream, guint64 segment)
{
    const struct repo_segment before = {
        stream->timeline, segment - 1, false, 0, stream->segment_bytes, 0};
    AUTO(wal_index)
    index = segment > 0 ? lineage_segment_index(stream->setup.lineage, &before, NULL) : NULL;

    stream->joins = index != NULL && index->joined;
    if (stream->joins)
        stream->before = index->join;
}

/* Before anything of it is stored or acknowledged. */
static bool check_join(struct wal_stream *stream, GError **error)
{
    struct wal_join here;
    char name[WAL_NAME_BYTES];

    if (!stream->joins || stream->reader == NULL)
        return true;
    wal_reader_join(stream->reader, &here);
    if (wal_reader_version(stream->reader) == 0 || wal_join_fits(&stream->before, &here)) {
        stream->joins = here.previous == 0;
        return true;
    }
    wal_segment_name(stream->timeline, stream->start / stream->segment_bytes - 1,
                     stream->segment_bytes, name);
    runbook_error_set(
        error, RUNBOOK_REFUSED, REPO_TWO_SERVERS,
        "the repository has another %s: the server's WAL does not go on behind it", name);
    return false;
}

/* What is only looked at (wal_stream_start_without) may be damaged: it is not about to be acknowledged.
 * False with the error where it is another server's, or is to count as stored. */
static bool passes(struct wal_stream *stream, GError *failure, GError **error)
{
    stream->passing =
        stream->without.timeline != 0 && runbook_error_exit(failure) != RUNBOOK_REFUSED;
    if (stream->passing)
        wal_stream_note(stream, "%s", failure->message);
    else
        g_propagate_error(error, g_error_copy(failure));
    return stream->passing;
}

static bool find_standing(struct wal_stream *stream, guint64 segment, GError **error)
{
    g_autoptr(GError) failure = NULL;

    return standing_find(stream->setup.lineage, stream->timeline, segment,
                         stream->segment_bytes, &stream->standing, &failure) ||
           passes(stream, failure, error);
}

static bool hold_against(struct wal_stream *stream, const char *data, gsize length,
                         GError **error)
{
    g_autoptr(GError) failure = NULL;

    return stream->passing || standing_put(stream->standing, data, length, &failure) ||
           passes(stream, failure, error);
}

static bool end_standing(struct wal_stream *stream, GError **error)
{
    g_autoptr(GError) failure = NULL;

    return stream->passing || standing_end(stream->standing, &failure) ||
           passes(stream, failure, error);
}

static bool begin_segment(struct wal_stream *stream, GError **error)
{
    guint32 size = stream->segment_bytes;
    guint64 segment = stream->position / size;

    wal_stream_end_segment(stream);
    if (!find_standing(stream, segment, error))
        return false;
    if (stream->standing == NULL && !stream->passing)
        stream->file = growing_new(stream->setup.lineage, stream->timeline, segment, size,
                                   stream->setup.level, error);
    if (stream->position == stream->start)
        find_before(stream, segment);
    stream->index = wal_index_new(stream->timeline, segment, size);
    stream->reader =
        wal_reader_new(stream->position, size, stream->system, add_event, stream->index);
    return stream->file != NULL || stream->standing != NULL || stream->passing;
}

/* What this program cannot read is WAL all the same: it is kept, and said. */
static void read_wal(struct wal_stream *stream, const char *data, gsize length)
{
    g_autoptr(GError) failure = NULL;

    if (stream->reader == NULL || wal_reader_feed(stream->reader, data, length, &failure))
        return;
    wal_stream_note(stream, "what the server sends cannot be indexed: %s", failure->message);
    g_clear_pointer(&stream->reader, wal_reader_free);
}

static bool complete_segment(struct wal_stream *stream, GError **error)
{
    if (stream->reader != NULL)
        wal_index_close(stream->index, stream->reader, true);
    if (!check_join(stream, error))
        return false;
    if (stream->file != NULL
            ? !growing_end(stream->file, stream->reader != NULL ? stream->index : NULL, error)
            : !end_standing(stream, error))
        return false;
    wal_stream_end_segment(stream);
    stream->unsure = stream->joins = false;
    stream->without.timeline = 0;
    stream->durable = stream->position;
    stream->dirty_since = 0;
    return wal_stream_tell(stream, false, error);
}

/* What arrives of a timeline before it has begun is the one's that was left. Shown under its own name
 * that would hide the older one's segment, which has more: a server asks for the newest first. */
static bool is_still_ancestors(const struct wal_stream *stream)
{
    for (guint i = 0; stream->file != NULL && i < stream->path->len; i++) {
        const struct wal_stretch *stretch = &g_array_index(stream->path, struct wal_stretch, i);
        if (stretch->timeline == stream->timeline)
            return stream->position <= stretch->begin;
    }
    return false;
}

static bool sync_segment(struct wal_stream *stream, GError **error)
{
    if (stream->standing != NULL)
        return standing_sync(stream->standing, error);
    return stream->file == NULL || growing_sync(stream->file, error);
}

bool wal_stream_settle(struct wal_stream *stream, GError **error)
{
    if (!check_join(stream, error))
        return false;
    if (is_still_ancestors(stream)) {
        stream->dirty_since = stream->dirty_since != 0 ? wal_stream_now_ms() : 0;
        return true;
    }
    if (stream->dirty_since != 0 && !sync_segment(stream, error))
        return false;
    /* A segment is read from its beginning: what is acknowledged never goes back. */
    stream->durable = MAX(stream->durable, stream->position);
    stream->dirty_since = 0;
    return true;
}

static bool keep(struct wal_stream *stream, const char *data, gsize length, GError **error)
{
    return stream->file != NULL ? growing_put(stream->file, data, length, error)
                                : hold_against(stream, data, length, error);
}

/* Behind a switch zeroes are kept: a standby whose connection broke there sends what its file held
 * before, which is nobody's WAL. */
static bool take_part(struct wal_stream *stream, const char *data, gsize length, GError **error)
{
    static const char zeroes[1 << 16];
    gsize part = length;

    read_wal(stream, data, length);
    guint64 empty = stream->reader != NULL ? wal_reader_empty(stream->reader) : 0;
    if (empty != 0)
        part = empty > stream->position ? (gsize) (empty - stream->position) : 0;
    if (!keep(stream, data, part, error))
        return false;
    for (gsize at = part; at < length; at += part) {
        part = MIN(length - at, sizeof zeroes);
        if (!keep(stream, zeroes, part, error))
            return false;
    }
    return true;
}

bool wal_stream_take(struct wal_stream *stream, const char *data, gsize length, GError **error)
{
    while (length > 0) {
        guint64 left = stream->segment_bytes - stream->position % stream->segment_bytes;
        gsize take = (gsize) MIN(length, left);

        if (stream->file == NULL && stream->standing == NULL && !stream->passing &&
            !begin_segment(stream, error))
            return false;
        if (!take_part(stream, data, take, error))
            return false;
        if (stream->dirty_since == 0)
            stream->dirty_since = wal_stream_now_ms();
        stream->position += take;
        data += take;
        length -= take;
        if (take == left && !complete_segment(stream, error))
            return false;
    }
    return true;
}
