/* Reading the seekable layout: the table, a frame, any bytes. */
#include "repo_seek_private.h"

#include <string.h>
#include <zstd.h>
#include <zstd_errors.h>

/* ---- the table ---------------------------------------------------------------------------- */

static bool says(const struct seek_reader *reader, guint frame)
{
    guint64 length;
    return seek_frame_says(reader, repo_spans_offset(&reader->compressed, frame), &length) &&
           length == repo_spans_length(&reader->plain, frame);
}

/* A flipped bit in a compressed length shows in their sum. In a plain one it shows when all are
 * alike but the last, as we write them, and the first and the last are those of the frames; for
 * others every frame is asked. */
static bool table_fits(const struct seek_reader *reader)
{
    guint count = reader->plain.lengths->len;
    if (count == 0)
        return true;
    guint32 first = repo_spans_length(&reader->plain, 0);
    bool alike = repo_spans_length(&reader->plain, count - 1) <= first;
    for (guint i = 1; i + 1 < count; i++)
        alike = alike && repo_spans_length(&reader->plain, i) == first;
    if (alike)
        return says(reader, 0) && says(reader, count - 1);
    for (guint i = 0; i < count; i++) {
        if (!says(reader, i))
            return false;
    }
    return true;
}

static bool read_entries(struct seek_reader *reader, guint64 offset, guint32 count,
                         gsize stride)
{
    enum { PART = 1 << 15 };
    g_autofree guint8 *entries = g_malloc(PART * stride);
    for (guint32 done = 0; done < count;) {
        guint32 part = MIN(count - done, PART);
        if (!repo_reader_read(reader->file, offset, entries, part * stride, NULL))
            return false;
        for (guint32 i = 0; i < part; i++) {
            const guint8 *entry = entries + i * stride;
            guint32 plain = repo_load32(entry + 4);
            if (plain > SEEK_FRAME_MOST)
                return false;
            repo_spans_add(&reader->compressed, repo_load32(entry));
            repo_spans_add(&reader->plain, plain);
        }
        done += part;
        offset += part * stride;
    }
    return true;
}

static bool read_table(struct seek_reader *reader)
{
    guint8 footer[SEEK_FOOTER_BYTES], head[SEEK_HEAD_BYTES];
    guint64 size = repo_reader_size(reader->file);
    if (size < SEEK_HEAD_BYTES + SEEK_FOOTER_BYTES ||
        !repo_reader_read(reader->file, size - SEEK_FOOTER_BYTES, footer, sizeof footer, NULL))
        return false;

    guint32 count = repo_load32(footer);
    gsize stride = (footer[4] & SEEK_HAS_CHECKSUMS) != 0 ? 12 : SEEK_ENTRY_BYTES;
    guint64 body = (guint64) count * stride + SEEK_FOOTER_BYTES;
    if (repo_load32(footer + 5) != SEEK_FOOTER_MAGIC || (footer[4] & SEEK_RESERVED) != 0 ||
        body > size - SEEK_HEAD_BYTES)
        return false;
    guint64 begin = size - SEEK_HEAD_BYTES - body;
    return repo_reader_read(reader->file, begin, head, sizeof head, NULL) &&
           repo_load32(head) == SEEK_SKIPPABLE_MAGIC && repo_load32(head + 4) == body &&
           read_entries(reader, begin + SEEK_HEAD_BYTES, count, stride) &&
           reader->compressed.total == begin && table_fits(reader);
}

struct seek_reader *seek_reader_new(const struct repo_reader *file, GError **error)
{
    AUTO(seek_reader) reader = g_new0(struct seek_reader, 1);
    reader->file = file;
    repo_spans_init(&reader->compressed);
    repo_spans_init(&reader->plain);
    if (read_table(reader))
        return g_steal_pointer(&reader);

    repo_spans_clear(&reader->compressed);
    repo_spans_clear(&reader->plain);
    repo_spans_init(&reader->compressed);
    repo_spans_init(&reader->plain);
    reader->repaired = true;
    return seek_repair(reader, error) ? g_steal_pointer(&reader) : NULL;
}

bool seek_reader_repaired(const struct seek_reader *reader)
{
    return reader->repaired;
}

guint64 seek_reader_size(const struct seek_reader *reader)
{
    return reader->plain.total;
}

guint seek_reader_frames(const struct seek_reader *reader)
{
    return reader->plain.lengths->len;
}

guint64 seek_reader_offset(const struct seek_reader *reader, guint frame)
{
    return repo_spans_offset(&reader->plain, frame);
}

gsize seek_reader_length(const struct seek_reader *reader, guint frame)
{
    return repo_spans_length(&reader->plain, frame);
}

guint seek_reader_frame_at(const struct seek_reader *reader, guint64 offset)
{
    return repo_spans_find(&reader->plain, offset);
}

void seek_reader_free(struct seek_reader *reader)
{
    if (reader == NULL)
        return;
    repo_spans_clear(&reader->compressed);
    repo_spans_clear(&reader->plain);
    g_free(reader);
}

/* ---- frames ------------------------------------------------------------------------------- */

/* What a thread needs to decompress, kept from one frame to the next. */
struct desk {
    ZSTD_DCtx *context;
    guint8 *bytes;
    gsize room;
};

static void desk_free(gpointer data)
{
    struct desk *desk = data;
    ZSTD_freeDCtx(desk->context);
    g_free(desk->bytes);
    g_free(desk);
}

static GPrivate desks = G_PRIVATE_INIT(desk_free);

static struct desk *desk_for(gsize length)
{
    struct desk *desk = g_private_get(&desks);
    if (desk == NULL) {
        desk = g_new0(struct desk, 1);
        desk->context = ZSTD_createDCtx();
        g_private_set(&desks, desk);
    }
    if (desk->room < length) {
        desk->bytes = g_realloc(desk->bytes, length);
        desk->room = length;
    }
    return desk;
}

bool seek_reader_frame(const struct seek_reader *reader, guint frame, void *buffer,
                       GError **error)
{
    gsize compressed = repo_spans_length(&reader->compressed, frame);
    gsize length = repo_spans_length(&reader->plain, frame);
    guint64 offset = repo_spans_offset(&reader->compressed, frame);
    struct desk *desk = desk_for(compressed);
    if (!repo_reader_read(reader->file, offset, desk->bytes, compressed, error))
        return false;

    size_t got = ZSTD_decompressDCtx(desk->context, buffer, length, desk->bytes, compressed);
    if (!ZSTD_isError(got) && got == length)
        return true;
    runbook_error_set(error, RUNBOOK_FAILED, NULL,
                      "\"%s\" is damaged: frame %u at offset %" G_GUINT64_FORMAT ": %s",
                      repo_reader_path(reader->file), frame, offset,
                      ZSTD_isError(got) ? ZSTD_getErrorName(got) : "it is too short");
    return false;
}

bool seek_reader_read(const struct seek_reader *reader, guint64 offset, void *buffer,
                      gsize length, GError **error)
{
    guint64 size = seek_reader_size(reader);
    if (offset > size || length > size - offset) {
        runbook_error_set(error, RUNBOOK_FAILED, NULL,
                          "\"%s\" is cut off: its contents end at %" G_GUINT64_FORMAT,
                          repo_reader_path(reader->file), size);
        return false;
    }
    guint8 *to = buffer;
    g_autofree guint8 *aside = NULL;
    for (guint frame = seek_reader_frame_at(reader, offset); length > 0; frame++) {
        gsize whole = seek_reader_length(reader, frame);
        gsize skip = (gsize) (offset - seek_reader_offset(reader, frame));
        gsize part = MIN(length, whole - skip);
        bool direct = part == whole;
        if (!direct)
            aside = g_realloc(aside, whole);
        if (!seek_reader_frame(reader, frame, direct ? to : aside, error))
            return false;
        if (!direct)
            memcpy(to, aside + skip, part);
        to += part;
        offset += part;
        length -= part;
    }
    return true;
}
