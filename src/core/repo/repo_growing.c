/*
 * A segment that arrives: one frame, flushed whenever its bytes are to be durable, so that what is
 * on disk can always be decompressed up to there.
 */
#include "repo/repo_segment.h"

#include "wal/wal_crc.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

struct growing {
    struct lineage *lineage;
    guint32 timeline, segment_bytes;
    guint64 segment;
    struct repo_writer *file;
    bool shown; /* under the name of a partial one */
    ZSTD_CCtx *context;
    guint8 *out;
    gsize out_room;
    gsize length;                /* bytes put */
    guint32 crc;                 /* of these */
    struct segment_known synced; /* of these durable, and shown */
    bool whole;                  /* under its own name */
    /* What an earlier partial file had; it stays readable when its name is taken. */
    struct segment_reader *old;
    gsize old_length; /* what can be read of it */
    guint8 *part;     /* of it, to be compared */
    /* A complete one that somebody else has stored meanwhile, as far as it was looked at. */
    struct segment_reader *other;
    gsize other_length;
    guint32 other_crc;
};

/* ---- begin -------------------------------------------------------------------------------- */

/* What is noted lets a later loss be seen; without it nothing is lost. */
static void note_known(const struct growing *growing, struct segment_known known)
{
    g_autoptr(GError) failure = NULL;

    if (!segment_partial_note(growing->lineage, growing->timeline, growing->segment,
                              growing->segment_bytes, known, &failure))
        g_debug("%s", failure->message);
}

/* Where it is damaged, what arrives now takes the place of what can be read of it. */
static void measure_old(struct growing *growing)
{
    gsize length = 0;
    guint32 crc = 0;
    bool good = true;

    growing->part = g_malloc(SEGMENT_PART);
    do {
        good = segment_reader_next(growing->old, growing->part, SEGMENT_PART, &length, NULL);
        crc = wal_crc(crc, growing->part, length);
        growing->old_length += length;
    } while (good && length > 0);
    segment_reader_rewind(growing->old);
    if (good)
        note_known(growing, (struct segment_known){growing->old_length, crc});
}

/* Made durable first: it will be acknowledged again, and who wrote it may have died before that. */
static bool read_old(struct growing *growing, GError **error)
{
    g_autofree char *path = segment_path(growing->lineage, growing->timeline, growing->segment,
                                         growing->segment_bytes, true);
    bool missing = false;
    g_autoptr(GError) failure = NULL;
    AUTO(repo_reader)
    file = repo_reader_open(path, lineage_key(growing->lineage), &missing, &failure);

    if (missing)
        return true;
    if (file == NULL) {
        g_propagate_error(error, g_steal_pointer(&failure));
        return false;
    }
    growing->old = segment_reader_new(g_steal_pointer(&file), true,
                                      (struct segment_known){0, 0}, growing->segment_bytes);
    if (!segment_file_sync(path, error))
        return false;
    measure_old(growing);
    return true;
}

struct growing *growing_new(struct lineage *lineage, guint32 timeline, guint64 segment,
                            guint32 segment_bytes, int level, GError **error)
{
    g_autofree char *folder = segment_folder_make(lineage, timeline, error);
    AUTO(growing) growing = g_new0(struct growing, 1);

    growing->lineage = lineage;
    growing->timeline = timeline;
    growing->segment = segment;
    growing->segment_bytes = segment_bytes;
    if (folder == NULL || !read_old(growing, error))
        return NULL;
    growing->file = repo_writer_new(folder, lineage_key(lineage), error);
    growing->out_room = ZSTD_CStreamOutSize();
    growing->out = g_malloc(growing->out_room);
    growing->context = ZSTD_createCCtx();
    ZSTD_CCtx_setParameter(growing->context, ZSTD_c_compressionLevel, level);
    ZSTD_CCtx_setParameter(growing->context, ZSTD_c_checksumFlag, 1);
    ZSTD_CCtx_setPledgedSrcSize(growing->context, segment_bytes);
    return growing->file != NULL ? g_steal_pointer(&growing) : NULL;
}

void growing_free(struct growing *growing)
{
    if (!growing->whole && growing->synced.length > 0)
        note_known(growing, growing->synced);
    if (growing->file != NULL)
        repo_writer_free(growing->file);
    ZSTD_freeCCtx(growing->context);
    segment_reader_free(growing->old);
    segment_reader_free(growing->other);
    g_free(growing->out);
    g_free(growing->part);
    g_free(growing);
}

gsize growing_length(const struct growing *growing)
{
    return growing->length;
}

/* ---- growing ------------------------------------------------------------------------------ */

static bool compress(struct growing *growing, const void *data, gsize length,
                     ZSTD_EndDirective directive, GError **error)
{
    ZSTD_inBuffer in = {data, length, 0};
    size_t left = 0;

    do {
        ZSTD_outBuffer out = {growing->out, growing->out_room, 0};
        left = ZSTD_compressStream2(growing->context, &out, &in, directive);
        if (ZSTD_isError(left)) {
            runbook_error_set(error, RUNBOOK_FAILED, NULL, "could not compress: %s",
                              ZSTD_getErrorName(left));
            return false;
        }
        if (out.pos > 0 && !repo_writer_put(growing->file, out.dst, out.pos, error))
            return false;
    } while (directive == ZSTD_e_continue ? in.pos < in.size : left > 0);
    return true;
}

static bool other_bytes(const struct growing *growing, GError **error)
{
    char name[WAL_NAME_BYTES];

    wal_segment_name(growing->timeline, growing->segment, growing->segment_bytes, name);
    runbook_error_set(
        error, RUNBOOK_REFUSED,
        "the server has gone back to an earlier state without a new timeline: was it run with "
        "fsync = off, or restored from a copy? Take a new backup into another repository",
        "the server now sends other bytes for %s than those it sent before", name);
    return false;
}

/* The old file is read once more, in step with what arrives. */
static bool same_as_old(const struct growing *growing, const guint8 *data, gsize length,
                        GError **error)
{
    gsize common = growing->length < growing->old_length
                       ? MIN(length, growing->old_length - growing->length)
                       : 0;

    while (common > 0) {
        gsize got = 0;
        if (!segment_reader_next(growing->old, growing->part, MIN(common, SEGMENT_PART), &got,
                                 error))
            return false;
        if (got == 0 || memcmp(growing->part, data, got) != 0)
            return other_bytes(growing, error);
        data += got;
        common -= got;
    }
    return true;
}

bool growing_put(struct growing *growing, const void *data, gsize length, GError **error)
{
    g_assert(growing->length + length <= growing->segment_bytes);
    if (!same_as_old(growing, data, length, error) ||
        !compress(growing, data, length, ZSTD_e_continue, error))
        return false;
    growing->length += length;
    growing->crc = wal_crc(growing->crc, data, length);
    return true;
}

static bool open_other(struct growing *growing)
{
    struct repo_segment stored = {
        growing->timeline, growing->segment, false, 0, growing->segment_bytes, 0};
    g_autofree char *path = segment_path(growing->lineage, growing->timeline, growing->segment,
                                         growing->segment_bytes, false);

    if (growing->other == NULL && access(path, F_OK) == 0)
        growing->other =
            lineage_segment_open(growing->lineage, &stored, growing->segment_bytes, NULL);
    if (growing->other != NULL && growing->part == NULL)
        growing->part = g_malloc(SEGMENT_PART);
    return growing->other != NULL;
}

/* A complete one hides the partial one: nothing is acknowledged that it has otherwise. Where it
 * cannot be read that is found out at the segment's end. */
static bool agrees_with_other(struct growing *growing, GError **error)
{
    if (!open_other(growing))
        return true;
    while (growing->other_length < growing->length) {
        gsize got = 0;
        gsize room = MIN(growing->length - growing->other_length, SEGMENT_PART);
        if (!segment_reader_next(growing->other, growing->part, room, &got, NULL) || got == 0)
            return true;
        growing->other_crc = wal_crc(growing->other_crc, growing->part, got);
        growing->other_length += got;
    }
    return growing->other_crc == growing->crc ||
           repo_another_segment(growing->timeline, growing->segment, growing->segment_bytes,
                                error);
}

/* Shown first, then looked: who stores a complete one does it the other way round. */
static bool show_partial(struct growing *growing, GError **error)
{
    char name[WAL_NAME_BYTES];

    wal_segment_name(growing->timeline, growing->segment, growing->segment_bytes, name);
    g_autofree char *partial = g_strdup_printf("%s.partial.zst", name);
    bool exists = false;
    if (growing->shown)
        return repo_writer_sync(growing->file, error);
    if (!repo_writer_show(growing->file, partial, growing->old == NULL, &exists, error))
        return false;
    if (exists)
        runbook_error_set(error, RUNBOOK_FAILED, NULL,
                          "an archive_command has stored \"%s\" meanwhile: it is begun anew",
                          partial);
    return !exists;
}

bool growing_sync(struct growing *growing, GError **error)
{
    /* The file that was there before is durable, and has it all. */
    if (!growing->shown && growing->length < growing->old_length)
        return agrees_with_other(growing, error);
    if (!compress(growing, NULL, 0, ZSTD_e_flush, error) || !show_partial(growing, error))
        return false;
    growing->shown = true;
    growing->synced = (struct segment_known){growing->length, growing->crc};
    return agrees_with_other(growing, error);
}

/* ---- the end ------------------------------------------------------------------------------ */

/* Somebody else has stored the same segment: an archive_command, or we ourselves before a crash. */
static bool same_as_stored(const struct growing *growing, GError **error)
{
    struct repo_segment stored = {
        growing->timeline, growing->segment, false, 0, growing->segment_bytes, 0};
    guint32 size = growing->segment_bytes;
    g_autofree char *folder = segment_folder(growing->lineage, growing->timeline);
    bool same = false;
    AUTO(segment_reader)
    there = lineage_segment_open(growing->lineage, &stored, size, error);
    if (there == NULL)
        return false;
    stored.partial = true;
    AUTO(segment_reader)
    here = lineage_segment_open(growing->lineage, &stored, size, error);
    if (here == NULL || !segment_readers_same(there, here, &same, error))
        return false;
    return same ? repo_folder_sync(folder, error)
                : repo_another_segment(growing->timeline, growing->segment, size, error);
}

static bool drop_partial(const struct growing *growing, GError **error)
{
    g_autofree char *path = segment_path(growing->lineage, growing->timeline, growing->segment,
                                         growing->segment_bytes, true);

    segment_partial_forget(growing->lineage, growing->timeline, growing->segment,
                           growing->segment_bytes);
    if (unlink(path) == 0 || errno == ENOENT)
        return true;
    runbook_error_set(error, RUNBOOK_FAILED, NULL, "could not remove \"%s\": %s", path,
                      g_strerror(errno));
    return false;
}

bool growing_end(struct growing *growing, const struct wal_index *index, GError **error)
{
    g_autoptr(GByteArray) frame = index != NULL ? segment_index_frame(index) : NULL;
    char name[WAL_NAME_BYTES];
    bool exists = false;

    wal_segment_name(growing->timeline, growing->segment, growing->segment_bytes, name);
    g_autofree char *whole = g_strdup_printf("%s.zst", name);
    g_autofree char *partial = g_strdup_printf("%s.partial.zst", name);
    if (!compress(growing, NULL, 0, ZSTD_e_end, error) ||
        (frame != NULL && !repo_writer_put(growing->file, frame->data, frame->len, error)) ||
        !repo_writer_end(growing->file, error) ||
        !repo_writer_show(growing->file, whole, true, &exists, error))
        return false;
    growing->whole = true;
    if (!exists) /* an earlier partial file is of no more use */
        return growing->old == NULL || drop_partial(growing, error);
    return repo_writer_show(growing->file, partial, false, NULL, error) &&
           same_as_stored(growing, error) && drop_partial(growing, error);
}
