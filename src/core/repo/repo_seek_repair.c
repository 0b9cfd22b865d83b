/*
 * The frames found again without the table: each says in its own header what it holds, and its
 * blocks say how long they are. Nothing is decompressed, so a frame that is damaged inside is
 * found as well, and fails when it is read.
 */
#include "repo_seek_private.h"

#include <string.h>
#define ZSTD_STATIC_LINKING_ONLY /* ZSTD_getFrameHeader() */
#include <zstd.h>

enum { WINDOW_BYTES = 1 << 18, BLOCK_HEAD_BYTES = 3, CHECKSUM_BYTES = 4, HEADER_MOST = 18 };

/* A piece of the file, read ahead: heads stand at most 128 KiB apart. */
struct window {
    const struct repo_reader *file;
    guint64 begin;
    gsize length;
    guint8 *bytes;
};

/* length bytes at the offset; NULL: there are not so many, or they cannot be read. */
static const guint8 *peek(struct window *window, guint64 offset, gsize length)
{
    if (offset >= window->begin && offset + length <= window->begin + window->length)
        return window->bytes + (offset - window->begin);

    guint64 size = repo_reader_size(window->file);
    if (offset > size || length > size - offset)
        return NULL;
    gsize want = (gsize) MIN(size - offset, (guint64) WINDOW_BYTES);
    window->begin = offset;
    window->length = want;
    if (!repo_reader_read(window->file, offset, window->bytes, want, NULL)) {
        /* Perhaps only what stands behind it is damaged. */
        window->length = length;
        if (!repo_reader_read(window->file, offset, window->bytes, length, NULL)) {
            window->length = 0;
            return NULL;
        }
    }
    return window->bytes;
}

/* The header of a frame of which the length is known. */
static bool header_at(struct window *window, guint64 offset, ZSTD_frameHeader *header)
{
    guint64 size = repo_reader_size(window->file);
    if (offset >= size)
        return false;
    gsize there = (gsize) MIN(size - offset, (guint64) HEADER_MOST);
    const guint8 *bytes = peek(window, offset, there);
    return bytes != NULL && ZSTD_getFrameHeader(header, bytes, there) == 0 &&
           header->frameType == ZSTD_frame &&
           header->frameContentSize != ZSTD_CONTENTSIZE_UNKNOWN &&
           header->frameContentSize <= SEEK_FRAME_MOST;
}

bool seek_frame_says(const struct seek_reader *reader, guint64 offset, guint64 *ret_length)
{
    guint8 bytes[HEADER_MOST];
    guint64 size = repo_reader_size(reader->file);
    if (offset >= size)
        return false;
    gsize there = (gsize) MIN(size - offset, (guint64) sizeof bytes);
    ZSTD_frameHeader header;
    if (!repo_reader_read(reader->file, offset, bytes, there, NULL) ||
        ZSTD_getFrameHeader(&header, bytes, there) != 0 || header.frameType != ZSTD_frame)
        return false;
    *ret_length = header.frameContentSize;
    return true;
}

/* Where the frame at offset ends; 0: its blocks lead nowhere. */
static guint64 frame_end(struct window *window, guint64 offset, const ZSTD_frameHeader *header)
{
    guint64 at = offset + header->headerSize;
    for (;;) {
        const guint8 *bytes = peek(window, at, BLOCK_HEAD_BYTES);
        if (bytes == NULL)
            return 0;
        guint32 head = (guint32) bytes[0] | (guint32) bytes[1] << 8 | (guint32) bytes[2] << 16;
        guint32 type = head >> 1 & 3, length = head >> 3;
        if (type == 3)
            return 0;
        at += BLOCK_HEAD_BYTES + (type == 1 ? 1 : length); /* 1: one byte, repeated */
        if ((head & 1) != 0)
            break;
    }
    return at + (header->checksumFlag != 0 ? CHECKSUM_BYTES : 0);
}

static bool damaged(const struct seek_reader *reader, guint64 offset, GError **error)
{
    runbook_error_set(error, RUNBOOK_FAILED, NULL,
                      "\"%s\" is damaged at offset %" G_GUINT64_FORMAT
                      ": neither its seek table nor a frame can be read there",
                      repo_reader_path(reader->file), offset);
    return false;
}

bool seek_repair(struct seek_reader *reader, GError **error)
{
    g_autofree guint8 *bytes = g_malloc(WINDOW_BYTES);
    struct window window = {.file = reader->file, .bytes = bytes};
    guint64 size = repo_reader_size(reader->file);
    guint64 offset = 0;
    while (offset < size) {
        ZSTD_frameHeader header;
        if (!header_at(&window, offset, &header)) {
            /* Behind the last frame stands what is left of the table: nothing of it is needed,
             * but that it is one must be seen, or the loss of frames would pass for it. */
            const guint8 *head = peek(&window, offset, SEEK_HEAD_BYTES);
            guint64 table = (guint64) reader->plain.lengths->len * SEEK_ENTRY_BYTES +
                            SEEK_HEAD_BYTES + SEEK_FOOTER_BYTES;
            if (size - offset == table ||
                (head != NULL && repo_load32(head) == SEEK_SKIPPABLE_MAGIC))
                return true;
            return damaged(reader, offset, error);
        }
        guint64 end = frame_end(&window, offset, &header);
        if (end == 0 || end > size || end - offset > G_MAXUINT32)
            return damaged(reader, offset, error);
        repo_spans_add(&reader->compressed, (guint32) (end - offset));
        repo_spans_add(&reader->plain, (guint32) header.frameContentSize);
        offset = end;
    }
    /* Cut off exactly behind a frame, without any table: how many followed cannot be known. */
    return damaged(reader, offset, error);
}
