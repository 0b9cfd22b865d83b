/* What a receiver has stored of a segment, and what an archive_command gives of the same name. */
#include "repo/repo_wal_fixture.h"

static const char *const name = "000000010000000000000003";
static const char *const partial_name = "000000010000000000000003.partial";

static struct growing *grow(struct place *place, const GByteArray *bytes, gsize length)
{
    g_autoptr(GError) error = NULL;
    struct growing *growing = growing_new(place->lineage, 1, 3, MB, 1, &error);

    g_assert_no_error(error);
    g_assert_true(growing_put(growing, bytes->data, length, &error));
    g_assert_true(growing_sync(growing, &error));
    return growing;
}

static bool is_stored(const struct place *place, bool partial)
{
    g_autofree char *path = segment_path(place->lineage, 1, 3, MB, partial);

    return g_file_test(path, G_FILE_TEST_EXISTS);
}

static gsize partial_length(const struct place *place)
{
    const struct repo_segment segment = {1, 3, true, 0, MB, 0};
    g_autofree guint8 *buffer = g_malloc(MB);
    gsize length = 0;

    g_assert_true(read_segment(place, &segment, buffer, &length));
    return length;
}

static void check_put(struct place *place, const char *as, const GByteArray *bytes,
                      enum repo_put expected)
{
    g_autoptr(GError) error = NULL;

    g_assert_cmpint(put_file(place, as, bytes, &error), ==, expected);
    g_assert_cmpint(error == NULL, ==, expected == REPO_PUT_DONE || expected == REPO_PUT_SAME);
}

/* While it arrives, and when its receiver has died. */
static void test_contradiction(struct place *place, gconstpointer encrypted)
{
    g_autoptr(GByteArray) bytes = segment_of(3, 700), other = segment_of(3, 800);
    g_autoptr(GError) error = NULL;

    (void) encrypted;
    struct growing *growing = grow(place, bytes, 300000);
    check_put(place, name, other, REPO_PUT_DIFFERENT);
    g_assert_false(is_stored(place, false));
    growing_free(growing);
    g_assert_cmpint(put_file(place, name, other, &error), ==, REPO_PUT_DIFFERENT);
    g_assert_nonnull(strstr(error->message, "other WAL of"));
    g_assert_false(is_stored(place, false));
    g_assert_cmpuint(partial_length(place), ==, 300000);
    check_put(place, name, bytes, REPO_PUT_DONE);
    g_assert_false(is_stored(place, true));
}

/* What was noted counts to its last byte, also where no record ends there. */
static void test_noted(struct place *place, gconstpointer encrypted)
{
    g_autoptr(GByteArray) bytes = segment_of(3, 700);

    (void) encrypted;
    growing_free(grow(place, bytes, 300000));
    bytes->data[300000 - 1] ^= 1;
    /* It is no WAL any more: a record has another checksum. */
    check_put(place, name, bytes, REPO_PUT_FAILED);
    bytes->data[300000 - 1] ^= 1;
    check_put(place, name, bytes, REPO_PUT_DONE);
}

/* Of a receiver that died nobody has noted how far it had come: behind the last record that can be
 * read stands what may be rubbish, and is no other WAL. */
static void test_torn_end(struct place *place, gconstpointer encrypted)
{
    g_autoptr(GByteArray) bytes = segment_of(3, 700);
    g_autofree char *path = segment_path(place->lineage, 1, 3, MB, true);
    g_autofree guint8 *torn = g_memdup2(bytes->data, 300000);

    (void) encrypted;
    memset(torn + 299000, 0xA5, 1000);
    growing_free(grow(place, bytes, 100));
    store(place, path, torn, 300000, NULL);
    g_autofree char *note = g_strdup_printf("%.*s.json", (int) strlen(path) - 4, path);
    g_assert_cmpint(unlink(note), ==, 0);
    check_put(place, name, bytes, REPO_PUT_DONE);
}

static void test_damaged(struct place *place, gconstpointer encrypted)
{
    g_autoptr(GByteArray) bytes = segment_of(3, 700);
    g_autofree char *path = segment_path(place->lineage, 1, 3, MB, true);

    (void) encrypted;
    growing_free(grow(place, bytes, 300000));
    fixture_cut(path, 200);
    check_put(place, name, bytes, REPO_PUT_DONE);
    g_assert_true(is_stored(place, false));
}

/* A partial one that has more takes the place of its beginning, but for one that is just being
 * written. That somebody waits for a server that is gone keeps nobody. */
static void test_longer(struct place *place, gconstpointer encrypted)
{
    struct writer writer = writer_at(3 * MB);
    g_autoptr(GByteArray) bytes = writer.bytes, other = segment_of(3, 9000);

    (void) encrypted;
    for (guint32 xid = 700; xid < 900; xid++)
        put_end(&writer, 0, xid, 1000000 * (gint64) xid);
    gsize end = bytes->len;
    g_byte_array_set_size(bytes, MB);
    memset(bytes->data + end, 0, MB - end);
    growing_free(grow(place, bytes, 4000));
    int lock = segment_partial_lock(place->lineage, 0, NULL);
    g_assert_cmpint(lock, >=, 0);
    check_put(place, partial_name, bytes, REPO_PUT_FAILED);
    check_put(place, partial_name, other, REPO_PUT_DIFFERENT);
    g_assert_cmpuint(partial_length(place), ==, 4000);
    segment_partial_unlock(lock);

    AUTO(lineage) second = lineage_open(place->repo, SYSTEM, false, NULL);
    g_assert_true(lineage_lock(second, "receiver", NULL));
    check_put(place, partial_name, bytes, REPO_PUT_DONE);
    g_assert_cmpuint(partial_length(place), >=, end);
    lock = segment_partial_lock(place->lineage, 0, NULL);
    check_put(place, partial_name, bytes, REPO_PUT_SAME);
    segment_partial_unlock(lock);
}

/* A whole one that was stored meanwhile hides what arrives: it must be the same. */
static void test_meanwhile(struct place *place, gconstpointer same)
{
    g_autoptr(GByteArray) bytes = segment_of(3, 700), other = segment_of(3, 800);
    g_autoptr(GError) error = NULL;
    const gsize begin = 40;
    bool is_same = same != NULL;
    int lock = segment_partial_lock(place->lineage, 0, NULL);

    AUTO(growing) growing = grow(place, bytes, begin);
    check_put(place, name, is_same ? bytes : other, REPO_PUT_DONE);
    for (gsize at = begin; at < MB; at += 300000) {
        g_assert_true(growing_put(growing, bytes->data + at, MIN(300000, MB - at), &error));
        g_assert_cmpint(growing_sync(growing, &error), ==, is_same);
        if (!is_same) {
            g_assert_error(error, RUNBOOK_ERROR, RUNBOOK_REFUSED);
            segment_partial_unlock(lock);
            return;
        }
    }
    bool ended = growing_end(growing, NULL, &error);
    g_assert_no_error(error);
    g_assert_true(ended);
    g_assert_false(is_stored(place, true));
    segment_partial_unlock(lock);
}

static struct standing *standing_of(struct place *place)
{
    struct standing *standing = NULL;
    g_autoptr(GError) error = NULL;

    g_assert_true(standing_find(place->lineage, 1, 3, MB, &standing, &error));
    g_assert_no_error(error);
    return standing;
}

static void test_standing(struct place *place, gconstpointer encrypted)
{
    g_autoptr(GByteArray) bytes = segment_of(3, 700), other = segment_of(3, 800);
    g_autoptr(GError) error = NULL;

    (void) encrypted;
    g_assert_null(standing_of(place));
    check_put(place, name, bytes, REPO_PUT_DONE);
    AUTO(standing) standing = standing_of(place);
    for (gsize at = 0; at < MB; at += 777777)
        g_assert_true(standing_put(standing, bytes->data + at, MIN(777777, MB - at), &error));
    g_assert_true(standing_end(standing, &error));
    AUTO(standing) refused = standing_of(place);
    g_assert_true(standing_put(refused, other->data, 40, &error));
    g_assert_false(standing_put(refused, other->data + 40, 1000, &error));
    g_assert_error(error, RUNBOOK_ERROR, RUNBOOK_REFUSED);
}

/* What is damaged says nothing about the server, and is not what has been stored. */
static void test_standing_damaged(struct place *place, gconstpointer encrypted)
{
    g_autoptr(GByteArray) bytes = segment_of(3, 700), other = segment_of(3, 800);
    g_autofree char *path = segment_path(place->lineage, 1, 3, MB, false);
    struct standing *standing = NULL;
    g_autoptr(GError) error = NULL;

    (void) encrypted;
    check_put(place, name, bytes, REPO_PUT_DONE);
    fixture_cut(path, 300);
    bool stood = standing_find(place->lineage, 1, 3, MB, &standing, &error) &&
                 standing_put(standing, other->data, MB, &error) &&
                 standing_end(standing, &error);
    g_assert_false(stood);
    g_assert_error(error, RUNBOOK_ERROR, RUNBOOK_FAILED);
    if (standing != NULL)
        standing_free(standing);
}

/* Each is whole, and WAL as it should be: a recovery would end between them. */
static void test_neighbours(struct place *place, gconstpointer encrypted)
{
    const char *const names[] = {"000000010000000000000002", name, "000000010000000000000004"};
    struct writer other = writer_at(3 * MB), longer = writer_at(3 * MB);

    (void) encrypted;
    other.previous -= 8;
    put_rest(&other);
    while (longer.bytes->len < MB)
        put_filler(&longer, 5000);
    g_byte_array_set_size(longer.bytes, MB);
    g_autoptr(GByteArray) others = other.bytes, longers = longer.bytes;
    g_autoptr(GByteArray) second = segment_of(2, 600), third = segment_of(3, 700),
                          fourth = segment_of(4, 800);
    check_put(place, names[0], second, REPO_PUT_DONE);
    check_put(place, names[2], fourth, REPO_PUT_DONE);
    check_put(place, names[1], others, REPO_PUT_DIFFERENT);  /* behind another 2 */
    check_put(place, names[1], longers, REPO_PUT_DIFFERENT); /* before another 4 */
    check_put(place, names[1], third, REPO_PUT_DONE);
}

/* A switch, and behind it what a standby's file held before, or zeroes. */
static GByteArray *switched(guint8 behind)
{
    struct writer writer = writer_at(3 * MB);
    g_autoptr(GByteArray) nothing = g_byte_array_new();

    for (guint32 xid = 700; xid < 720; xid++)
        put_end(&writer, 0, xid, 1000000 * (gint64) xid);
    put_record(&writer, 0, 0x40, 0, nothing);
    guint end = writer.bytes->len;
    g_byte_array_set_size(writer.bytes, MB);
    memset(writer.bytes->data + end, behind, MB - end);
    return writer.bytes;
}

/* It is the same segment whatever stands there, and stored with zeroes. */
static void test_behind_a_switch(struct place *place, gconstpointer encrypted)
{
    g_autoptr(GByteArray) bytes = switched(0), rubbish = switched(0xA5);
    const struct repo_segment segment = {1, 3, false, 0, MB, 0};
    g_autofree guint8 *there = g_malloc(MB);
    g_autoptr(GError) error = NULL;
    gsize length = 0;
    bool usable = false;

    (void) encrypted;
    growing_free(grow(place, bytes, 300000));
    check_put(place, name, rubbish, REPO_PUT_DONE);
    g_assert_false(is_stored(place, true));
    g_assert_true(read_segment(place, &segment, there, &length));
    fixture_same(there, length, bytes->data, bytes->len);
    g_assert_true(lineage_segment_verify(place->lineage, &segment, &usable, &error));
    check_put(place, name, bytes, REPO_PUT_SAME);
    check_put(place, name, rubbish, REPO_PUT_SAME);
    rubbish->data[100] ^= 1;
    check_put(place, name, rubbish, REPO_PUT_FAILED);
}

#define ADD(text, function)                                                                    \
    g_test_add("/repo/beside/" text, struct place, NULL, set_up, function, tear_down);         \
    g_test_add("/repo/beside/encrypted/" text, struct place, "yes", set_up, function, tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("contradiction", test_contradiction);
    ADD("noted", test_noted);
    ADD("torn_end", test_torn_end);
    ADD("damaged", test_damaged);
    ADD("longer", test_longer);
    ADD("meanwhile", test_meanwhile); /* the second time: the same */
    ADD("standing", test_standing);
    ADD("standing_damaged", test_standing_damaged);
    ADD("neighbours", test_neighbours);
    ADD("behind_a_switch", test_behind_a_switch);
    return g_test_run();
}
