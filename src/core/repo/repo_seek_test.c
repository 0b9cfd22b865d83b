#include "repo/repo_fixture.h"
#include "repo/repo_seek_private.h"

#include <zstd.h>

/* A seekable file in the folder; returns its path. */
static char *write_seekable(const char *folder, const struct repo_key *key, const guint8 *bytes,
                            gsize length, guint threads)
{
    g_autoptr(GError) error = NULL;
    AUTO(repo_writer) file = repo_writer_new(folder, key, &error);
    g_assert_no_error(error);
    AUTO(seek_writer) writer = seek_writer_new(file, 1, threads);
    for (gsize at = 0; at < length; at += 123457) {
        g_assert_true(seek_writer_put(writer, bytes + at, MIN(length - at, 123457), &error));
        g_assert_no_error(error);
    }
    g_assert_true(seek_writer_end(writer, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(seek_writer_size(writer), ==, length);
    g_assert_true(repo_writer_end(file, &error));
    g_assert_true(repo_writer_show(file, "file.zst", false, NULL, &error));
    g_assert_no_error(error);
    return g_build_filename(folder, "file.zst", NULL);
}

/* All bytes and some are as they were. */
static void check_contents(const struct seek_reader *reader, const guint8 *bytes, gsize length)
{
    g_autoptr(GError) error = NULL;
    g_assert_cmpuint(seek_reader_size(reader), ==, length);
    g_autofree guint8 *got = g_malloc(length + 1);
    g_assert_true(seek_reader_read(reader, 0, got, length, &error));
    g_assert_no_error(error);
    fixture_same(got, length, bytes, length);
    for (gsize at = 1; at < length; at += length / 5 + 1) {
        gsize part = MIN(length / 3 + 1, length - at);
        g_assert_true(seek_reader_read(reader, at, got, part, &error));
        fixture_same(got, part, bytes + at, part);
        guint frame = seek_reader_frame_at(reader, at);
        g_assert_cmpuint(seek_reader_offset(reader, frame), <=, at);
        g_assert_cmpuint(seek_reader_offset(reader, frame) + seek_reader_length(reader, frame),
                         >, at);
    }
}

struct seen {
    const guint8 *bytes;
    guint64 at;
    guint64 stop_at;
};

static bool look(const void *bytes, gsize length, guint64 offset, gpointer data, GError **error)
{
    struct seen *seen = data;
    g_assert_cmpuint(offset, ==, seen->at);
    fixture_same(bytes, length, seen->bytes + offset, length);
    seen->at += length;
    if (seen->at < seen->stop_at)
        return true;
    runbook_error_set(error, RUNBOOK_INTERRUPTED, NULL, "enough");
    return false;
}

/* Frame by frame in order; and a caller who has had enough. */
static void check_each(const struct seek_reader *reader, const guint8 *bytes, gsize length)
{
    g_autoptr(GError) error = NULL;
    struct seen all = {bytes, 0, G_MAXUINT64};
    g_assert_true(seek_reader_each(reader, 3, look, &all, &error));
    g_assert_cmpuint(all.at, ==, length);
    struct seen some = {bytes, 0, length / 2};
    if (length > 0) {
        g_assert_false(seek_reader_each(reader, 2, look, &some, &error));
        g_assert_error(error, RUNBOOK_ERROR, RUNBOOK_INTERRUPTED);
    }
}

static void check_round(const char *folder, const struct repo_key *key, gsize length,
                        guint threads)
{
    g_autoptr(GError) error = NULL;
    g_autofree guint8 *bytes = fixture_bytes(length, 5);
    g_autofree char *path = write_seekable(folder, key, bytes, length, threads);
    AUTO(repo_reader) file = repo_reader_open(path, key, NULL, &error);
    AUTO(seek_reader) reader = seek_reader_new(file, &error);
    g_assert_no_error(error);
    g_assert_false(seek_reader_repaired(reader));
    g_assert_cmpuint(seek_reader_frames(reader), ==,
                     (length + SEEK_FRAME_BYTES - 1) / SEEK_FRAME_BYTES);
    check_contents(reader, bytes, length);
    check_each(reader, bytes, length);
    guint8 one;
    g_assert_false(seek_reader_read(reader, length, &one, 1, &error));
}

static void test_round(void)
{
    g_autofree char *folder = folder_new();
    AUTO(repo_key) key = fixture_key(folder, 'a');
    static const gsize lengths[] = {0,
                                    1,
                                    SEEK_FRAME_BYTES - 1,
                                    SEEK_FRAME_BYTES,
                                    SEEK_FRAME_BYTES + 1,
                                    9 * SEEK_FRAME_BYTES + 77};
    for (gsize i = 0; i < G_N_ELEMENTS(lengths); i++) {
        check_round(folder, NULL, lengths[i], 1);
        check_round(folder, key, lengths[i], 3);
    }
    folder_remove(folder);
}

/* zstd's own program reads it from front to end. */
static void test_plain_zstd(void)
{
    g_autofree char *folder = folder_new();
    gsize length = 2 * SEEK_FRAME_BYTES + 100;
    g_autofree guint8 *bytes = fixture_bytes(length, 6);
    g_autofree char *path = write_seekable(folder, NULL, bytes, length, 2);
    g_autofree char *text = NULL;
    gsize stored;
    g_assert_true(g_file_get_contents(path, &text, &stored, NULL));
    /* The streaming interface goes from frame to frame and skips what is skippable. */
    g_autofree guint8 *got = g_malloc(length);
    ZSTD_DStream *stream = ZSTD_createDStream();
    ZSTD_inBuffer in = {text, stored, 0};
    ZSTD_outBuffer out = {got, length, 0};
    while (in.pos < in.size)
        g_assert_false(ZSTD_isError(ZSTD_decompressStream(stream, &out, &in)));
    ZSTD_freeDStream(stream);
    fixture_same(got, out.pos, bytes, length);
    folder_remove(folder);
}

/* Every bit of the table, and every cut through it: the frames are found all the same. */
static void check_table_harm(const char *folder, const struct repo_key *key)
{
    gsize length = 3 * SEEK_FRAME_BYTES + 10;
    g_autofree guint8 *bytes = fixture_bytes(length, 8);
    g_autofree char *path = write_seekable(folder, key, bytes, length, 2);
    g_autofree char *text = NULL;
    gsize stored;
    g_assert_true(g_file_get_contents(path, &text, &stored, NULL));
    gsize table = SEEK_HEAD_BYTES + 4 * SEEK_ENTRY_BYTES + SEEK_FOOTER_BYTES;
    /* An encrypted file has its records' table behind ours. */
    gsize behind = key == NULL ? 0 : 16 + 20 + 4 * 7;
    gsize end = stored - behind, begin = end - table - (key == NULL ? 0 : 3 * 20);
    for (gsize at = begin; at < end; at++) {
        guint8 bit = (guint8) (1U << at % 8);
        text[at] = (char) (text[at] ^ bit);
        fixture_write(path, text, stored);
        text[at] = (char) (text[at] ^ bit);
        g_autoptr(GError) error = NULL;
        AUTO(repo_reader) file = repo_reader_open(path, key, NULL, &error);
        g_assert_no_error(error);
        AUTO(seek_reader) reader = seek_reader_new(file, &error);
        g_assert_no_error(error);
        g_assert_cmpuint(seek_reader_size(reader), ==, length);
        if (key == NULL && at != end - 5) /* two bits there are of no meaning */
            g_assert_true(seek_reader_repaired(reader));
        if (at % 16 == 0)
            check_contents(reader, bytes, length);
    }
}

static void test_table_harm(void)
{
    g_autofree char *folder = folder_new();
    AUTO(repo_key) key = fixture_key(folder, 'a');
    check_table_harm(folder, NULL);
    check_table_harm(folder, key);
    folder_remove(folder);
}

/* A frame that is harmed is named, and the others are read. */
static void check_frame_harm(const char *folder, const struct repo_key *key)
{
    g_autoptr(GError) error = NULL;
    gsize length = 4 * SEEK_FRAME_BYTES;
    g_autofree guint8 *bytes = fixture_bytes(length, 9);
    g_autofree char *path = write_seekable(folder, key, bytes, length, 2);
    fixture_flip(path, SEEK_FRAME_BYTES, 0x10); /* they compress to a half: frame 1 or 2 */
    AUTO(repo_reader) file = repo_reader_open(path, key, NULL, &error);
    AUTO(seek_reader) reader = seek_reader_new(file, &error);
    g_assert_no_error(error);
    g_autofree guint8 *got = g_malloc(SEEK_FRAME_BYTES);
    guint bad = 0;
    for (guint frame = 0; frame < 4; frame++) {
        g_autoptr(GError) cause = NULL;
        if (seek_reader_frame(reader, frame, got, &cause)) {
            fixture_same(got, SEEK_FRAME_BYTES, bytes + (gsize) frame * SEEK_FRAME_BYTES,
                         SEEK_FRAME_BYTES);
        } else {
            bad++;
            g_assert_nonnull(strstr(cause->message, path));
        }
    }
    g_assert_cmpuint(bad, ==, 1);
}

static void test_frame_harm(void)
{
    g_autofree char *folder = folder_new();
    AUTO(repo_key) key = fixture_key(folder, 'a');
    check_frame_harm(folder, NULL);
    check_frame_harm(folder, key);
    folder_remove(folder);
}

/* Frames that were cut off are not taken for a shorter file. */
static void test_cut(void)
{
    g_autofree char *folder = folder_new();
    gsize length = 3 * SEEK_FRAME_BYTES;
    g_autofree guint8 *bytes = fixture_bytes(length, 10);
    g_autofree char *path = write_seekable(folder, NULL, bytes, length, 1);
    g_autofree char *text = NULL;
    gsize stored;
    g_assert_true(g_file_get_contents(path, &text, &stored, NULL));
    gsize table = SEEK_HEAD_BYTES + 3 * SEEK_ENTRY_BYTES + SEEK_FOOTER_BYTES;
    gsize first = repo_load32((guint8 *) text + stored - table + SEEK_HEAD_BYTES);
    const gsize lefts[] = {
        0, 1, first - 1, first, first + 1, stored - table - 1, stored - table};
    for (gsize i = 0; i < G_N_ELEMENTS(lefts); i++) {
        g_autoptr(GError) error = NULL;
        fixture_write(path, text, lefts[i]);
        AUTO(repo_reader) file = repo_reader_open(path, NULL, NULL, &error);
        g_assert_no_error(error);
        g_assert_null(seek_reader_new(file, &error));
        g_assert_error(error, RUNBOOK_ERROR, RUNBOOK_FAILED);
    }
    folder_remove(folder);
}

/* A writer that is given up in the middle ends its threads and leaves nothing. */
static void test_given_up(void)
{
    g_autofree char *folder = folder_new();
    g_autofree guint8 *bytes = fixture_bytes(20 << 20, 11);
    {
        AUTO(repo_writer) file = repo_writer_new(folder, NULL, NULL);
        AUTO(seek_writer) writer = seek_writer_new(file, 1, 2);
        g_assert_true(seek_writer_put(writer, bytes, 20 << 20, NULL));
    }
    g_assert_cmpuint(fixture_count(folder), ==, 0);
    folder_remove(folder);
}

static void test_spans(void)
{
    struct repo_spans spans;
    repo_spans_init(&spans);
    guint64 sum = 0;
    for (guint i = 0; i < 1000; i++) {
        repo_spans_add(&spans, i % 7);
        sum += i % 7;
    }
    g_assert_cmpuint(spans.total, ==, sum);
    for (guint64 at = 0; at < sum; at++) {
        guint i = repo_spans_find(&spans, at);
        guint64 begin = repo_spans_offset(&spans, i);
        g_assert_cmpuint(begin, <=, at);
        g_assert_cmpuint(begin + repo_spans_length(&spans, i), >, at);
    }
    repo_spans_clear(&spans);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/repo_seek/spans", test_spans);
    g_test_add_func("/repo_seek/round", test_round);
    g_test_add_func("/repo_seek/plain_zstd", test_plain_zstd);
    g_test_add_func("/repo_seek/table_harm", test_table_harm);
    g_test_add_func("/repo_seek/frame_harm", test_frame_harm);
    g_test_add_func("/repo_seek/cut", test_cut);
    g_test_add_func("/repo_seek/given_up", test_given_up);
    return g_test_run();
}
