/* Segments of one part and of many: what is done by parts is done to the last byte of the last. */
#include "repo/repo_wal_fixture.h"

#define NAME "000000010000000000000003"

struct sized {
    struct place place;
    guint32 size;
    bool encrypted;
    GByteArray *bytes;
    guint64 switched; /* behind that there is no WAL in them */
    char *stored, *out;
};

/* As a server leaves a segment: a few commits far apart, a switch, zeroes. */
static void make_bytes(struct sized *sized)
{
    g_autoptr(GByteArray) nothing = g_byte_array_new();
    struct writer writer = writer_of(3 * (guint64) sized->size, sized->size);

    for (guint32 i = 0; i < 4; i++) {
        put_end(&writer, 0, 700 + i, 1000000 * (gint64) (700 + i));
        while (writer.bytes->len < (gsize) (i + 1) * (sized->size / 5))
            put_filler(&writer, 5000);
    }
    put_record(&writer, 0, 0x40, 0, nothing);
    sized->switched = writer.bytes->len;
    sized->bytes = writer.bytes;
    g_assert_cmpuint(writer.bytes->len, <, sized->size);
    g_byte_array_set_size(writer.bytes, sized->size);
    memset(writer.bytes->data + sized->switched, 0, sized->size - sized->switched);
}

static void size_up(struct sized *sized, gconstpointer data)
{
    const char *kind = data;

    sized->encrypted = kind[0] == 'e';
    sized->size = (guint32) g_ascii_strtoull(kind + 1, NULL, 10) * MB;
    set_up(&sized->place, sized->encrypted ? "yes" : NULL);
    make_bytes(sized);
    g_autofree char *folder = segment_folder(sized->place.lineage, 1);
    g_autoptr(GError) error = NULL;
    sized->stored = g_build_filename(folder, NAME ".zst", NULL);
    sized->out = g_build_filename(sized->place.folder, "out", NULL);
    g_assert_cmpint(put_file(&sized->place, NAME, sized->bytes, &error), ==, REPO_PUT_DONE);
    g_assert_no_error(error);
}

static void size_down(struct sized *sized, gconstpointer data)
{
    tear_down(&sized->place, data);
    g_byte_array_unref(sized->bytes);
    g_free(sized->stored);
    g_free(sized->out);
}

static struct wal_index *index_of(const struct sized *sized)
{
    struct repo_segment segment = {1, 3, false, 0, sized->size, 0};
    g_autoptr(GError) error = NULL;
    struct wal_index *index = lineage_segment_index(sized->place.lineage, &segment, &error);

    g_assert_no_error(error);
    return index;
}

/* The offset of the last frame's last byte, from the end of the file. */
static gint64 last_byte(const struct sized *sized)
{
    enum { AROUND = 20, TRAILER = 16, TAG = 16, PART = 2 * MB };
    AUTO(wal_index) index = index_of(sized);
    g_autoptr(GByteArray) frame = segment_index_frame(index);
    gint64 parts = (sized->size + PART - 1) / PART;

    if (!sized->encrypted)
        return -(gint64) frame->len - 1;
    return -(TRAILER + AROUND + 4 * (parts + 1) + AROUND + (gint64) frame->len + TAG + 1);
}

/* It is there, it cannot be had, it is not another, and it stays. */
static void must_be_damaged(struct sized *sized, const char *why)
{
    struct repo_segment segment = {1, 3, false, 0, sized->size, 0};
    g_autoptr(GError) error = NULL;
    g_autofree char *before = NULL, *after = NULL;
    gsize length = 0, later = 0;
    bool missing = true, usable = true;

    g_assert_true(g_file_get_contents(sized->stored, &before, &length, NULL));
    g_assert_false(lineage_wal_get(sized->place.lineage, NAME, sized->out, &missing, &error));
    g_assert_nonnull(strstr(error->message, why));
    g_assert_false(missing);
    g_assert_false(g_file_test(sized->out, G_FILE_TEST_EXISTS));
    g_clear_error(&error);
    g_assert_cmpint(put_file(&sized->place, NAME, sized->bytes, &error), ==, REPO_PUT_FAILED);
    g_assert_nonnull(strstr(error->message, why));
    g_clear_error(&error);
    g_assert_false(lineage_segment_verify(sized->place.lineage, &segment, &usable, &error));
    g_assert_nonnull(strstr(error->message, why));
    g_assert_false(usable);
    g_assert_true(g_file_get_contents(sized->stored, &after, &later, NULL));
    fixture_same(after, later, before, length);
}

static void test_there_and_back(struct sized *sized, gconstpointer data)
{
    struct repo_segment segment = {1, 3, false, 0, sized->size, 0};
    g_autoptr(GError) error = NULL;
    g_autofree char *got = NULL;
    gsize length = 0;
    bool missing = false, usable = false;

    (void) data;
    g_assert_cmpint(put_file(&sized->place, NAME, sized->bytes, &error), ==, REPO_PUT_SAME);
    g_assert_no_error(error);
    g_assert_true(lineage_wal_get(sized->place.lineage, NAME, sized->out, &missing, &error));
    g_assert_true(g_file_get_contents(sized->out, &got, &length, NULL));
    fixture_same(got, length, sized->bytes->data, sized->size);
    g_assert_true(lineage_segment_verify(sized->place.lineage, &segment, &usable, &error));
    g_assert_no_error(error);
    AUTO(wal_index) index = index_of(sized);
    g_assert_true(index->whole);
    g_assert_cmpuint(index->commits, ==, 4);
    g_assert_cmphex(index->end_lsn, ==, 4 * (guint64) sized->size);
}

/* The last byte before the switch stands between two records: no checksum covers it. */
static void test_other_in_its_last_byte(struct sized *sized, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    gsize last = sized->switched - WAL_RECORD_HEADER - 5 - 1;

    (void) data;
    sized->bytes->data[last] ^= 1;
    g_assert_cmpint(put_file(&sized->place, NAME, sized->bytes, &error), ==,
                    REPO_PUT_DIFFERENT);
    g_clear_error(&error);
    sized->bytes->data[last] ^= 1;
    sized->bytes->data[sized->size - 1] ^= 1; /* behind the switch */
    g_assert_cmpint(put_file(&sized->place, NAME, sized->bytes, &error), ==, REPO_PUT_SAME);
    sized->bytes->data[sized->size - 1] ^= 1;
    g_assert_cmpint(put_file(&sized->place, NAME, sized->bytes, &error), ==, REPO_PUT_SAME);
    sized->bytes->data[0x60] ^= 1;
    g_assert_cmpint(put_file(&sized->place, NAME, sized->bytes, &error), ==, REPO_PUT_FAILED);
    g_assert_nonnull(strstr(error->message, "is not what its name says"));
}

static void test_damage_in_the_last_part(struct sized *sized, gconstpointer data)
{
    (void) data;
    fixture_flip(sized->stored, last_byte(sized), 0x10);
    must_be_damaged(sized, sized->encrypted ? "does not authenticate" : "doesn't match");
    /* Damaged comes before another, also where bytes differ before the damage is met. */
    g_autoptr(GError) error = NULL;
    sized->bytes->data[sized->switched] ^= 1;
    g_assert_cmpint(put_file(&sized->place, NAME, sized->bytes, &error), ==, REPO_PUT_FAILED);
}

static void test_last_part_cut_short(struct sized *sized, gconstpointer data)
{
    (void) data;
    fixture_cut(sized->stored, (gsize) (3 - last_byte(sized)));
    must_be_damaged(sized, sized->encrypted ? "damaged" : "cut off");
}

/* Frames and index are whole each, and of the segment there is too little, or too much. */
static void test_another_length(struct sized *sized, gconstpointer data)
{
    AUTO(wal_index) index = index_of(sized);
    g_autoptr(GByteArray) longer = g_byte_array_new();

    (void) data;
    store(&sized->place, sized->stored, sized->bytes->data, sized->size - 1, index);
    must_be_damaged(sized, "is damaged: it holds");
    g_byte_array_append(longer, sized->bytes->data, sized->size);
    g_byte_array_append(longer, (const guint8 *) "", 1);
    store(&sized->place, sized->stored, longer->data, longer->len, index);
    must_be_damaged(sized, "holds more than a segment");
}

/* A partial one that arrives twice: in step with the first, to the last byte of that. */
static void test_grown_again(struct sized *sized, gconstpointer data)
{
    gsize old = sized->size - 4097;
    g_autofree guint8 *other = g_memdup2(sized->bytes->data, sized->size);
    g_autofree char *got = NULL;
    g_autoptr(GError) error = NULL;
    gsize length = 0;
    bool missing = false;

    (void) data;
    g_assert_cmpint(unlink(sized->stored), ==, 0);
    for (int turn = 0; turn < 2; turn++) {
        AUTO(growing)
        growing = growing_new(sized->place.lineage, 1, 3, sized->size, 1, &error);
        for (gsize at = 0, step = 0; at < old; at += step) {
            step = MIN(old - at, 100003);
            g_assert_true(growing_put(growing, sized->bytes->data + at, step, &error));
        }
        g_assert_true(growing_sync(growing, &error));
        g_assert_no_error(error);
    }
    memset(sized->bytes->data + old, 0, sized->size - old);
    g_assert_true(lineage_wal_get(sized->place.lineage, NAME, sized->out, &missing, &error));
    g_assert_true(g_file_get_contents(sized->out, &got, &length, NULL));
    fixture_same(got, length, sized->bytes->data, sized->size);

    AUTO(growing) third = growing_new(sized->place.lineage, 1, 3, sized->size, 1, &error);
    other[old - 1] ^= 1;
    g_assert_false(growing_put(third, other, old, &error));
    g_assert_error(error, RUNBOOK_ERROR, RUNBOOK_REFUSED);
}

/* A receiver completes what archive_command has stored: the same, or refused. */
static void test_grown_beside(struct sized *sized, gconstpointer data)
{
    (void) data;
    for (int changed = 0; changed < 2; changed++) {
        g_autoptr(GError) error = NULL;
        AUTO(growing)
        growing = growing_new(sized->place.lineage, 1, 3, sized->size, 1, &error);
        sized->bytes->data[sized->size - 1] ^= (guint8) changed;
        AUTO(wal_index)
        index = wal_index_of(sized->bytes->data, sized->size, 1, 3, sized->size, 0, &error);
        g_assert_true(growing_put(growing, sized->bytes->data, sized->size, &error));
        g_assert_cmpint(growing_end(growing, index, &error), ==, changed == 0);
        g_assert_true(changed == 0 || strstr(error->message, "has another") != NULL);
    }
}

#define ADD(kind, name, function)                                                              \
    g_test_add("/repo/wal/size/" kind "/" name, struct sized, kind, size_up, function,         \
               size_down)
#define ADD_ALL(kind)                                                                          \
    ADD(kind, "there_and_back", test_there_and_back);                                          \
    ADD(kind, "other_in_its_last_byte", test_other_in_its_last_byte);                          \
    ADD(kind, "damage_in_the_last_part", test_damage_in_the_last_part);                        \
    ADD(kind, "last_part_cut_short", test_last_part_cut_short);                                \
    ADD(kind, "another_length", test_another_length);                                          \
    ADD(kind, "grown_again", test_grown_again);                                                \
    ADD(kind, "grown_beside", test_grown_beside)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD_ALL("p1");
    ADD_ALL("e1");
    ADD_ALL("p64");
    ADD_ALL("e64");
    return g_test_run();
}
