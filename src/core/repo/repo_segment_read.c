/* A segment's bytes out of its frames, a part at a time. */
#include "repo/repo_segment.h"

#include "wal/wal_crc.h"

#include <string.h>
#include <zstd.h>

enum { CHUNK = 1 << 18 };

struct segment_reader {
    struct repo_reader *file;
    bool partial;
    guint32 segment_bytes;
    struct segment_known known; /* what must be there */
    ZSTD_DCtx *context;
    guint8 *chunk;
    ZSTD_inBuffer in;
    guint64 offset; /* of the bytes in the file behind the chunk */
    size_t left;    /* 0: a frame has ended here, and nothing else has begun */
    bool more;      /* the decompressor holds bytes that there was no room for */
    gsize length;   /* bytes read */
    guint32 crc;    /* of the known ones among them */
};

struct segment_reader *segment_reader_new(struct repo_reader *file, bool partial,
                                          struct segment_known known, guint32 segment_bytes)
{
    struct segment_reader *reader = g_new0(struct segment_reader, 1);

    reader->file = file;
    reader->partial = partial;
    reader->known = known;
    reader->segment_bytes = segment_bytes;
    reader->context = ZSTD_createDCtx();
    reader->chunk = g_malloc(CHUNK);
    return reader;
}

void segment_reader_free(struct segment_reader *reader)
{
    if (reader == NULL)
        return;
    ZSTD_freeDCtx(reader->context);
    repo_reader_free(reader->file);
    g_free(reader->chunk);
    g_free(reader);
}

void segment_reader_rewind(struct segment_reader *reader)
{
    ZSTD_DCtx_reset(reader->context, ZSTD_reset_session_only);
    reader->in = (ZSTD_inBuffer){NULL, 0, 0};
    reader->offset = 0;
    reader->left = 0;
    reader->more = false;
    reader->length = 0;
    reader->crc = 0;
}

/* ---- frames ------------------------------------------------------------------------------- */

static bool damaged(const struct segment_reader *reader, const char *why, GError **error)
{
    runbook_error_set(error, RUNBOOK_FAILED, NULL, "\"%s\" is damaged: %s",
                      repo_reader_path(reader->file), why);
    return false;
}

/* The next bytes of the file; 0 with an error. A record that is torn at the end of a container is
 * none of its records: what does not authenticate is damaged, wherever it stands. */
static gsize read_next(const struct repo_reader *file, guint64 offset, guint8 *chunk,
                       GError **error)
{
    gsize length = (gsize) MIN(repo_reader_size(file) - offset, (guint64) CHUNK);

    return length > 0 && repo_reader_read(file, offset, chunk, length, error) ? length : 0;
}

static bool refill(struct segment_reader *reader, GError **error)
{
    gsize length = read_next(reader->file, reader->offset, reader->chunk, error);

    reader->in = (ZSTD_inBuffer){reader->chunk, length, 0};
    reader->offset += length;
    return length > 0;
}

/* Until there is no more room, or the file ends. */
static bool decompress(struct segment_reader *reader, ZSTD_outBuffer *out, GError **error)
{
    while (out->pos < out->size) {
        if (reader->in.pos == reader->in.size && !reader->more) {
            if (reader->offset == repo_reader_size(reader->file))
                return true;
            if (!refill(reader, error))
                return false;
        }
        gsize before = reader->in.pos, had = out->pos;
        bool held = reader->more;
        reader->left = ZSTD_decompressStream(reader->context, out, &reader->in);
        if (ZSTD_isError(reader->left))
            return damaged(reader, ZSTD_getErrorName(reader->left), error);
        if (reader->in.pos == before && out->pos == had && !held)
            return damaged(reader, "it cannot be decompressed", error);
        reader->more = out->pos == out->size && reader->left != 0;
    }
    return true;
}

/* ---- a part ------------------------------------------------------------------------------- */

static bool too_short(const struct segment_reader *reader, GError **error)
{
    runbook_error_set(error, RUNBOOK_FAILED, NULL,
                      "\"%s\" is damaged: it holds %" G_GSIZE_FORMAT " of %u bytes",
                      repo_reader_path(reader->file), reader->length, reader->segment_bytes);
    return false;
}

static bool check_end(const struct segment_reader *reader, GError **error)
{
    if (!reader->partial && reader->left != 0)
        return damaged(reader, "its last frame is cut off", error);
    if (reader->length < reader->known.length || reader->crc != reader->known.crc) {
        runbook_error_set(error, RUNBOOK_FAILED, NULL,
                          "\"%s\" is damaged: the %" G_GSIZE_FORMAT
                          " bytes that were stored are not there as they were",
                          repo_reader_path(reader->file), reader->known.length);
        return false;
    }
    return reader->partial || reader->length == reader->segment_bytes ||
           too_short(reader, error);
}

bool segment_reader_next(struct segment_reader *reader, void *buffer, gsize room,
                         gsize *ret_length, GError **error)
{
    gsize left = reader->segment_bytes - reader->length;
    guint8 beyond = 0;
    ZSTD_outBuffer out = {left > 0 ? buffer : &beyond, left > 0 ? MIN(room, left) : 1, 0};

    *ret_length = 0;
    if (!reader->partial && !repo_reader_ended(reader->file))
        return too_short(reader, error);
    if (!decompress(reader, &out, error))
        return false;
    if (out.pos == 0)
        return check_end(reader, error);
    if (left == 0)
        return damaged(reader, "it holds more than a segment", error);
    if (reader->length < reader->known.length)
        reader->crc =
            wal_crc(reader->crc, buffer, MIN(out.pos, reader->known.length - reader->length));
    reader->length += out.pos;
    *ret_length = out.pos;
    return true;
}

bool segment_reader_drain(struct segment_reader *reader, GError **error)
{
    g_autofree guint8 *buffer = g_malloc(SEGMENT_PART);
    gsize length = 0;

    do {
        if (!segment_reader_next(reader, buffer, SEGMENT_PART, &length, error))
            return false;
    } while (length > 0);
    return true;
}

bool segment_readers_same(struct segment_reader *one, struct segment_reader *other,
                          bool *ret_same, GError **error)
{
    g_autofree guint8 *bytes = g_malloc(SEGMENT_PART), *others = g_malloc(SEGMENT_PART);
    gsize length = 0, other_length = 0;

    *ret_same = true;
    do {
        if (!segment_reader_next(one, bytes, SEGMENT_PART, &length, error) ||
            !segment_reader_next(other, others, SEGMENT_PART, &other_length, error))
            return false;
        *ret_same = *ret_same && length == other_length && memcmp(bytes, others, length) == 0;
    } while (length > 0 || other_length > 0);
    return true;
}

/* ---- the beginning ------------------------------------------------------------------------ */

bool segment_beginning(const struct repo_reader *file, void *buffer, gsize room,
                       gsize *ret_length)
{
    ZSTD_DCtx *context = ZSTD_createDCtx();
    ZSTD_outBuffer out = {buffer, room, 0};
    g_autofree guint8 *chunk = g_malloc(CHUNK);
    gsize length = read_next(file, 0, chunk, NULL);
    ZSTD_inBuffer in = {chunk, length, 0};
    bool good = length > 0;

    while (good && in.pos < in.size && out.pos < room)
        good = !ZSTD_isError(ZSTD_decompressStream(context, &out, &in));
    ZSTD_freeDCtx(context);
    *ret_length = out.pos;
    return good;
}
