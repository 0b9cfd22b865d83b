#include "repo/repo_wal.h"

#include "repo/repo_wal_fixture.h"

static void must_put(struct place *place, guint64 number, guint32 xid)
{
    g_autoptr(GByteArray) bytes = segment_of(number, xid);
    g_autoptr(GError) error = NULL;
    char name[WAL_NAME_BYTES];

    wal_segment_name(1, number, MB, name);
    g_assert_cmpint(put_file(place, name, bytes, &error), ==, REPO_PUT_DONE);
    g_assert_no_error(error);
}

static void test_put(struct place *place, gconstpointer encrypted)
{
    g_autoptr(GByteArray) bytes = segment_of(3, 700), other = segment_of(3, 800);
    g_autoptr(GError) error = NULL;
    const char *name = "000000010000000000000003";
    g_autofree char *out = g_build_filename(place->folder, "out", NULL);
    g_autofree char *got = NULL;
    gsize length = 0;
    bool missing = false, usable = false;

    (void) encrypted;
    g_assert_cmpint(put_file(place, name, bytes, &error), ==, REPO_PUT_DONE);
    g_assert_cmpint(put_file(place, name, bytes, &error), ==, REPO_PUT_SAME);
    g_assert_no_error(error);
    g_assert_cmpint(put_file(place, name, other, &error), ==, REPO_PUT_DIFFERENT);
    g_assert_error(error, RUNBOOK_ERROR, RUNBOOK_FAILED);
    g_clear_error(&error);
    g_assert_true(lineage_wal_get(place->lineage, name, out, &missing, &error));
    g_assert_true(g_file_get_contents(out, &got, &length, NULL));
    fixture_same(got, length, bytes->data, bytes->len);
    g_assert_false(
        lineage_wal_get(place->lineage, "000000010000000000000004", out, &missing, &error));
    g_assert_true(missing);
    g_clear_error(&error);

    struct repo_segment segment = {1, 3, false, 0, 0, 0};
    AUTO(wal_index) index = lineage_segment_index(place->lineage, &segment, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(index->commits, ==, 3);
    g_assert_cmpuint(index->last_xid, ==, 702);
    g_assert_true(index->whole);
    g_assert_true(lineage_segment_verify(place->lineage, &segment, &usable, &error));
    g_assert_no_error(error);
}

/* Who tries it out names what he likes: a link stays, and so does a device. */
static void test_got_into_what_is_there(struct place *place, gconstpointer encrypted)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GByteArray) bytes = segment_of(3, 700);
    const char *name = "000000010000000000000003";
    g_autofree char *out = g_build_filename(place->folder, "out", NULL);
    g_autofree char *link = g_build_filename(place->folder, "link", NULL);
    g_autofree char *got = NULL;
    gsize length = 0;
    bool missing = false;

    (void) encrypted;
    g_assert_cmpint(put_file(place, name, bytes, &error), ==, REPO_PUT_DONE);
    g_assert_cmpint(symlink("out", link), ==, 0);
    g_assert_true(lineage_wal_get(place->lineage, name, link, &missing, &error));
    g_assert_true(g_file_test(link, G_FILE_TEST_IS_SYMLINK));
    g_assert_true(g_file_get_contents(out, &got, &length, NULL));
    fixture_same(got, length, bytes->data, bytes->len);
}

/* Any bit: the segment is damaged, or only its index, which is then made anew; never another. */
static void test_flipped(struct place *place, gconstpointer encrypted)
{
    struct repo_segment segment = {1, 3, false, 0, MB, 0};
    g_autoptr(GByteArray) bytes = segment_of(3, 700);
    g_autofree char *path = segment_path(place->lineage, 1, 3, MB, false);
    g_autofree guint8 *buffer = g_malloc(MB);
    g_autofree char *whole = NULL;
    gsize length = 0, got = 0;

    (void) encrypted;
    must_put(place, 3, 700);
    g_assert_true(g_file_get_contents(path, &whole, &length, NULL));
    for (gsize at = 0; at < length; at += at < 64 || at > length - 700 ? 1 : 997) {
        fixture_flip(path, (gint64) at, 0x10);
        if (read_segment(place, &segment, buffer, &got))
            fixture_same(buffer, got, bytes->data, bytes->len);
        AUTO(wal_index) index = lineage_segment_index(place->lineage, &segment, NULL);
        g_assert_true(index == NULL || index->commits == 3);
        fixture_write(path, whole, length);
    }
}

static struct growing *grow(struct place *place, const guint8 *bytes, gsize length)
{
    g_autoptr(GError) error = NULL;
    struct growing *growing = growing_new(place->lineage, 1, 3, MB, 1, &error);

    g_assert_no_error(error);
    g_assert_true(growing_put(growing, bytes, length, &error));
    g_assert_true(growing_sync(growing, &error));
    g_assert_no_error(error);
    return growing;
}

static gsize partial_length(struct place *place)
{
    struct repo_segment segment = {1, 3, true, 0, MB, 0};
    g_autofree guint8 *buffer = g_malloc(MB);
    gsize length = 0;

    g_assert_true(read_segment(place, &segment, buffer, &length));
    return length;
}

static void test_growing(struct place *place, gconstpointer encrypted)
{
    g_autoptr(GByteArray) bytes = segment_of(3, 700), other = segment_of(3, 800);
    g_autoptr(GError) error = NULL;
    bool usable = false;

    (void) encrypted;
    struct growing *first = grow(place, bytes->data, 300000);
    g_assert_cmpuint(partial_length(place), ==, 300000);
    growing_free(first); /* as if it had died */

    /* One that has less does not take its place, one with other bytes is refused. */
    struct growing *second = grow(place, bytes->data, 100);
    g_assert_cmpuint(partial_length(place), ==, 300000);
    g_assert_false(growing_put(second, other->data + 100, 1000, &error));
    g_assert_error(error, RUNBOOK_ERROR, RUNBOOK_REFUSED);
    g_clear_error(&error);
    growing_free(second);

    AUTO(growing) third = grow(place, bytes->data, 300000);
    g_assert_true(growing_put(third, bytes->data + 300000, MB - 300000, &error));
    AUTO(wal_index) index = wal_index_of(bytes->data, MB, 1, 3, MB, 0, &error);
    g_assert_true(growing_end(third, index, &error));
    g_assert_no_error(error);
    /* Whoever has seen it while it was partial reads it all the same. */
    g_assert_cmpuint(partial_length(place), ==, MB);

    g_autoptr(GArray) segments = lineage_segments(place->lineage, &error);
    g_assert_cmpuint(segments->len, ==, 1);
    const struct repo_segment *only = &g_array_index(segments, struct repo_segment, 0);
    g_assert_false(only->partial);
    g_assert_true(lineage_segment_verify(place->lineage, only, &usable, &error));
    g_assert_no_error(error);
    g_assert_cmpint(put_file(place, "000000010000000000000003", bytes, &error), ==,
                    REPO_PUT_SAME);
}

/* What has been stored of a partial one is there, or it is damaged: never a little less of it, and
 * never other bytes. What can be read of it gives way to what arrives anew. */
static void test_partial_harmed(struct place *place, gconstpointer encrypted)
{
    struct repo_segment segment = {1, 3, true, 0, MB, 0};
    g_autoptr(GByteArray) bytes = segment_of(3, 700);
    g_autofree char *path = segment_path(place->lineage, 1, 3, MB, true);
    g_autofree char *out = g_build_filename(place->folder, "out", NULL);
    g_autofree guint8 *buffer = g_malloc(MB);
    g_autofree char *whole = NULL;
    gsize length = 0, got = 0;
    bool missing = false;

    (void) encrypted;
    growing_free(grow(place, bytes->data, 300000));
    g_assert_true(g_file_get_contents(path, &whole, &length, NULL));
    for (gsize at = 0; at < length; at += at < 64 ? 1 : 97) {
        fixture_flip(path, (gint64) at, 0x10);
        if (read_segment(place, &segment, buffer, &got))
            fixture_same(buffer, got, bytes->data, 300000);
        fixture_write(path, whole, at);
        g_assert_false(read_segment(place, &segment, buffer, &got));
        g_assert_false(
            lineage_wal_get(place->lineage, "000000010000000000000003", out, &missing, NULL));
        g_assert_false(missing);
        fixture_write(path, whole, length);
    }
    g_assert_cmpuint(partial_length(place), ==, 300000);
    fixture_cut(path, length / 2);
    growing_free(grow(place, bytes->data, 300001));
    g_assert_cmpuint(partial_length(place), ==, 300001);
    g_assert_cmpint(unlink(path), ==, 0);
    must_put(place, 2, 600);
    g_assert_false(
        lineage_wal_get(place->lineage, "000000010000000000000003", out, &missing, NULL));
    g_assert_false(missing);
}

/* What a server has itself of a segment that arrives: as long or longer, shorter, of a file that is
 * used again. */
static void test_beside(struct place *place, gconstpointer encrypted)
{
    const gsize arrived = 300000;
    const char *name = "000000010000000000000003";
    g_autoptr(GByteArray) bytes = segment_of(3, 700), other = segment_of(2, 600);
    g_autofree char *out = g_build_filename(place->folder, "RECOVERYXLOG", NULL);
    g_autofree char *there = g_build_filename(place->folder, name, NULL);
    const struct {
        const GByteArray *from;
        gsize length, zeroed; /* from there on */
        bool wanted;
    } cases[] = {
        {bytes, MB, MB, false},
        {bytes, MB, arrived, false},
        {bytes, arrived, arrived, false},
        {bytes, MB, arrived - 1, true},
        {bytes, arrived - 1, MB, true},
        {bytes, MB, 8192, true},
        {other, MB, MB, true},
        {bytes, 0, 0, true},
    };

    (void) encrypted;
    bytes->data[arrived - 1] |= 1;
    growing_free(grow(place, bytes->data, arrived));
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *here = g_memdup2(cases[i].from->data, MB), *got = NULL;
        g_autoptr(GError) error = NULL;
        gsize length = 0;
        bool missing = false;
        memset(here + MIN(cases[i].zeroed, MB), 0, MB - MIN(cases[i].zeroed, MB));
        fixture_write(there, here, cases[i].length);
        bool fetched = lineage_wal_get(place->lineage, name, out, &missing, &error);
        g_assert_cmpint(fetched, ==, cases[i].wanted);
        g_assert_cmpint(missing, ==, !cases[i].wanted);
        g_assert_false(lineage_wal_gap(place->lineage, name, NULL));
        g_assert_cmpint(unlink(out), ==, fetched ? 0 : -1);
        if (!fetched)
            continue;
        /* Under its own name it is what somebody asks for by hand. */
        g_assert_true(lineage_wal_get(place->lineage, name, there, &missing, NULL));
        g_assert_true(g_file_get_contents(there, &got, &length, NULL));
        g_assert_cmpuint(length, ==, MB);
        fixture_same(got, arrived, bytes->data, arrived);
    }
}

static void must_begin(struct place *place, guint32 timeline, guint64 begin)
{
    g_autofree char *lsn = wal_lsn_format(begin);
    g_autofree char *text = g_strdup_printf("1\t%s\tno recovery target specified\n", lsn);

    g_assert_cmpint(lineage_history_put(place->lineage, timeline, text, strlen(text), NULL), ==,
                    REPO_PUT_DONE);
}

/* The first segment of a timeline, of which less or more has arrived than what is its parent's. */
static void test_copies(struct place *place, gconstpointer encrypted)
{
    enum { ARRIVED = 300000 };
    const gint64 behind[] = {0, 8, -8, -(gint64) MB};
    g_autoptr(GByteArray) bytes = segment_of(3, 700);
    g_autofree char *out = g_build_filename(place->folder, "RECOVERYXLOG", NULL);
    struct repo_segment segment = {1, 3, true, 0, MB, 0};

    (void) encrypted;
    growing_free(grow(place, bytes->data, ARRIVED));
    AUTO(wal_index) index = lineage_segment_index(place->lineage, &segment, NULL);
    g_assert_false(lineage_segment_copies(place->lineage, &segment));
    for (guint i = 0; i < G_N_ELEMENTS(behind); i++) {
        char name[WAL_NAME_BYTES];
        g_autoptr(GError) error = NULL;
        bool missing = false, copies = behind[i] > 0;
        segment.timeline = i + 2;
        wal_segment_name(segment.timeline, 3, MB, name);
        must_begin(place, segment.timeline, (guint64) ((gint64) index->end_lsn + behind[i]));
        AUTO(growing) growing = growing_new(place->lineage, i + 2, 3, MB, 1, &error);
        g_assert_true(growing_put(growing, bytes->data, ARRIVED, &error));
        g_assert_true(growing_sync(growing, &error));
        g_assert_no_error(error);
        g_assert_cmpint(lineage_segment_copies(place->lineage, &segment), ==, copies);
        g_assert_cmpint(lineage_wal_get(place->lineage, name, out, &missing, NULL), ==,
                        !copies);
        g_assert_cmpint(missing, ==, copies);
        g_assert_false(lineage_wal_gap(place->lineage, name, NULL));
    }
}

/* A timeline that has nothing there yet, and of the one that it left a file that goes on behind that
 * place: it is given what the two have in common. */
static void test_common(struct place *place, gconstpointer encrypted)
{
    enum { ARRIVED = 300000 };
    g_autoptr(GByteArray) bytes = segment_of(3, 700);
    g_autofree char *out = g_build_filename(place->folder, "RECOVERYXLOG", NULL);
    struct repo_segment segment = {1, 3, true, 0, MB, 0};

    (void) encrypted;
    growing_free(grow(place, bytes->data, ARRIVED));
    AUTO(wal_index) index = lineage_segment_index(place->lineage, &segment, NULL);
    const guint64 begins[] = {3 * MB, 3 * MB + 100000, index->end_lsn - 8, index->end_lsn,
                              4 * MB};
    for (guint i = 0; i < G_N_ELEMENTS(begins); i++) {
        char name[WAL_NAME_BYTES];
        bool missing = false, common = begins[i] < index->end_lsn;
        gsize length = 0, most = (gsize) (begins[i] - 3 * MB);
        g_autofree char *text = NULL;
        wal_segment_name(i + 2, 3, MB, name);
        must_begin(place, i + 2, begins[i]);
        g_assert_false(lineage_wal_get(place->lineage, name, out, &missing, NULL));
        g_assert_true(missing);
        g_assert_cmpint(lineage_wal_get_common(place->lineage, name, out, &missing, NULL), ==,
                        common);
        g_assert_cmpint(missing, ==, !common);
        if (!common)
            continue;
        g_assert_true(g_file_get_contents(out, &text, &length, NULL));
        g_assert_cmpuint(length, ==, MB);
        g_assert_true(memcmp(text, bytes->data, most) == 0);
        for (gsize at = most; at < length; at++)
            g_assert_cmpuint((guint8) text[at], ==, 0);
        /* A standby that has as much of it keeps its own. */
        g_autofree char *own = g_build_filename(place->folder, name, NULL);
        g_assert_true(g_file_set_contents(own, text, (gssize) length, NULL));
        g_assert_false(lineage_wal_get_common(place->lineage, name, out, &missing, NULL));
        g_assert_true(missing);
    }
}

/* What is there and cannot be read is not missing. */
static void test_unreadable(struct place *place, gconstpointer encrypted)
{
    g_autofree char *path = segment_path(place->lineage, 1, 3, MB, false);
    g_autofree char *folder = segment_folder(place->lineage, 1);
    g_autofree char *aside = g_strdup_printf("%s.aside", folder);
    g_autofree char *out = g_build_filename(place->folder, "out", NULL);
    const char *const names[] = {"000000010000000000000003", "000000010000000000000004"};
    bool missing = false;

    (void) encrypted;
    g_assert_false(lineage_wal_get(place->lineage, names[0], out, &missing, NULL));
    g_assert_true(missing);
    must_put(place, 3, 700);
    fixture_write(path, "no WAL at all, whatever its name says", 37);
    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        g_assert_false(lineage_wal_get(place->lineage, names[i], out, &missing, NULL));
        g_assert_false(missing);
    }
    g_assert_null(lineage_segments(place->lineage, NULL));

    g_assert_cmpint(rename(folder, aside), ==, 0);
    fixture_write(folder, "", 0); /* a folder that cannot be listed */
    g_assert_false(lineage_wal_get(place->lineage, names[0], out, &missing, NULL));
    g_assert_false(missing);
}

/* Of a segment whose index alone is harmed nothing is lost; of one whose WAL has a record with
 * another checksum, however well it is compressed, a recovery gets no further. */
static void test_verify(struct place *place, gconstpointer encrypted)
{
    struct repo_segment segment = {1, 3, false, 0, MB, 0};
    g_autoptr(GByteArray) bytes = segment_of(3, 700);
    g_autofree char *path = segment_path(place->lineage, 1, 3, MB, false);
    g_autoptr(GError) error = NULL;
    bool usable = false;

    must_put(place, 3, 700);
    if (encrypted == NULL) {
        fixture_flip(path, -20, 0x10);
        g_assert_false(lineage_segment_verify(place->lineage, &segment, &usable, NULL));
        g_assert_true(usable);
    }
    bytes->data[0x50] ^= 0x10;
    store(place, path, bytes->data, bytes->len, NULL);
    g_assert_false(lineage_segment_verify(place->lineage, &segment, &usable, &error));
    g_assert_false(usable);
    g_assert_nonnull(strstr(error->message, "checksum"));
}

/* The segment in which a timeline was left comes under its full name from a standby: with old bytes
 * behind its end. As long as nobody knows that it was left there it is not complete. */
static void test_left(struct place *place, gconstpointer encrypted)
{
    const char *name = "000000010000000000000003";
    struct writer writer = writer_at(3 * MB);
    g_autoptr(GByteArray) bytes = writer.bytes;
    g_autoptr(GError) error = NULL;
    guint64 end = 0;

    (void) encrypted;
    for (guint32 xid = 700; xid < 900; xid++)
        put_end(&writer, 0, xid, 1000000 * (gint64) xid);
    while (position(&writer) % 8 != 0)
        put(&writer, 0, 1);
    end = position(&writer);
    g_byte_array_set_size(bytes, MB);
    memset(bytes->data + (end - 3 * MB), 'o', 4 * MB - end);
    g_assert_cmpint(put_file(place, name, bytes, &error), ==, REPO_PUT_FAILED);
    g_clear_error(&error);

    g_autofree char *history = g_strdup_printf("1\t0/%X\tno reason\n", (guint32) end);
    g_assert_cmpint(lineage_history_put(place->lineage, 2, history, strlen(history), &error),
                    ==, REPO_PUT_DONE);
    /* What has less is taken only where all of it is stored already. */
    g_autoptr(GByteArray) less = g_byte_array_new();
    g_byte_array_append(less, bytes->data, MB);
    memset(less->data + 4000, 0, MB - 4000);
    g_assert_cmpint(put_file(place, name, less, &error), ==, REPO_PUT_FAILED);
    g_assert_nonnull(strstr(error->message, "is not complete"));
    g_clear_error(&error);
    g_assert_cmpint(put_file(place, name, bytes, &error), ==, REPO_PUT_DONE);
    g_assert_no_error(error);
    g_assert_cmpint(put_file(place, name, bytes, &error), ==, REPO_PUT_SAME);
    g_assert_no_error(error);
    g_assert_cmpint(put_file(place, name, less, &error), ==, REPO_PUT_SAME);
    g_assert_no_error(error);
    g_assert_cmpuint(partial_length(place), ==, end - 3 * MB);
    g_autoptr(GArray) segments = lineage_segments(place->lineage, &error);
    g_assert_cmpuint(segments->len, ==, 1);
    g_assert_true(g_array_index(segments, struct repo_segment, 0).partial);
}

/* The cluster's segments have become larger. */
static void test_another_size(struct place *place, gconstpointer encrypted)
{
    g_autoptr(GByteArray) bytes = segment_of(3, 700);
    g_autoptr(GError) error = NULL;

    (void) encrypted;
    must_put(place, 3, 700);
    g_byte_array_set_size(bytes, 2 * MB);
    g_assert_cmpint(put_file(place, "000000010000000000000004", bytes, &error), ==,
                    REPO_PUT_FAILED);
    g_assert_nonnull(strstr(error->message, "the segments in the repository have 1048576"));
}

static void test_ranges(struct place *place, gconstpointer encrypted)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = NULL;

    (void) encrypted;
    must_put(place, 1, 700);
    must_put(place, 2, 710);
    must_put(place, 5, 720);
    g_autoptr(GArray) ranges = lineage_ranges(place->lineage, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(ranges->len, ==, 2);
    g_assert_false(lineage_wal_gap(place->lineage, "000000010000000000000006", &error));
    g_assert_no_error(error);
    g_assert_true(lineage_wal_gap(place->lineage, "000000010000000000000003", &error));
    g_assert_nonnull(strstr(error->message, "there again from \"000000010000000000000005\""));
    g_clear_error(&error);
    const struct repo_range *range = &g_array_index(ranges, struct repo_range, 0);
    g_assert_cmpuint(range->first, ==, 1);
    g_assert_cmpuint(range->last, ==, 2);
    g_assert_cmphex(range->end_lsn, ==, 3 * MB);
    g_assert_cmpint(range->last_us, ==, 712 * 1000000);
    g_assert_cmpuint(lineage_newest_timeline(place->lineage), ==, 1);

    struct repo_segment found;
    g_assert_true(lineage_segment_find(place->lineage, 1, 5, MB, &found));
    g_assert_true(!found.partial && repo_segment_serves(&found, 6 * MB));
    g_assert_false(lineage_segment_find(place->lineage, 1, 3, MB, &found));

    g_assert_cmphex(lineage_broken(place->lineage, 1, NULL), ==, 0);
    g_assert_true(lineage_break(place->lineage, 1, 3 * MB, "lost", 5, &error));
    g_assert_cmphex(lineage_broken(place->lineage, 1, &text), ==, 3 * MB);
    g_assert_cmpstr(text, ==, "lost");
    g_assert_true(lineage_break(place->lineage, 1, 2 * MB, "an earlier one", 6, &error));
    g_assert_cmphex(lineage_broken(place->lineage, 1, NULL), ==, 3 * MB);

    /* What cannot be read any more is kept. */
    g_autofree char *folder = segment_folder(place->lineage, 1);
    g_autofree char *path = g_build_filename(folder, "broken.json", NULL);
    g_autofree char *aside = g_strconcat(path, ".damaged", NULL);
    g_assert_true(g_file_set_contents(path, "?", -1, NULL));
    g_assert_true(lineage_break(place->lineage, 1, 4 * MB, "lost", 7, &error));
    g_assert_cmphex(lineage_broken(place->lineage, 1, NULL), ==, 4 * MB);
    g_assert_true(g_file_test(aside, G_FILE_TEST_EXISTS));
}

static void test_histories(struct place *place, gconstpointer encrypted)
{
    const char *text = "1\t0/300000\tno recovery target specified\n";
    g_autoptr(GError) error = NULL;
    bool missing = false;

    (void) encrypted;
    g_assert_null(lineage_history(place->lineage, 2, &missing, NULL));
    g_assert_true(missing);
    for (int i = 0; i < 2; i++)
        g_assert_cmpint(lineage_history_put(place->lineage, 2, text, strlen(text), &error), ==,
                        i == 0 ? REPO_PUT_DONE : REPO_PUT_SAME);
    g_assert_no_error(error);
    g_assert_cmpint(lineage_history_put(place->lineage, 2, "1\t0/400000\tx\n", 13, NULL), ==,
                    REPO_PUT_DIFFERENT);
    g_assert_cmpint(lineage_history_put(place->lineage, 3, "", 0, NULL), ==, REPO_PUT_FAILED);
    g_autoptr(GArray) path = lineage_history(place->lineage, 2, &missing, &error);
    g_assert_cmpuint(wal_history_at(path, 0x300000), ==, 2);
    g_assert_cmpuint(lineage_newest_timeline(place->lineage), ==, 2);
}

#define ADD(name, function)                                                                    \
    g_test_add("/repo/wal/" name, struct place, NULL, set_up, function, tear_down);            \
    g_test_add("/repo/wal/encrypted/" name, struct place, "yes", set_up, function, tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("put", test_put);
    ADD("got_into_what_is_there", test_got_into_what_is_there);
    ADD("flipped", test_flipped);
    ADD("growing", test_growing);
    ADD("partial_harmed", test_partial_harmed);
    ADD("beside", test_beside);
    ADD("copies", test_copies);
    ADD("common", test_common);
    ADD("unreadable", test_unreadable);
    ADD("verify", test_verify);
    ADD("left", test_left);
    ADD("another_size", test_another_size);
    ADD("ranges", test_ranges);
    ADD("histories", test_histories);
    return g_test_run();
}
