/* WAL is written here by hand, page by page, and read in pieces of every size. */
#include "wal/wal_reader.h"

#include "error.h"
#include "wal/wal_crc.h"
#include "wal/wal_fixture.h"
#include "wal/wal_index.h"
#include "wal/wal_record.h"

#include <string.h>

/* ---- reading ------------------------------------------------------------------------------ */

struct seen {
    GArray *events; /* of struct wal_event, names as g_intern_string() */
};

static void see(const struct wal_event *event, gpointer data)
{
    struct wal_event copy = *event;

    copy.name = g_intern_string(event->name);
    g_array_append_val(((struct seen *) data)->events, copy);
}

static GArray *read_in_pieces(const struct writer *writer, gsize piece, GError **error)
{
    struct seen seen = {g_array_new(FALSE, FALSE, sizeof(struct wal_event))};
    AUTO(wal_reader) reader = wal_reader_new(writer->start, MB, system_id, see, &seen);

    for (gsize at = 0; at < writer->bytes->len; at += piece) {
        if (!wal_reader_feed(reader, writer->bytes->data + at,
                             MIN(piece, writer->bytes->len - at), error))
            break;
    }
    return seen.events;
}

static void test_events(void)
{
    struct writer writer = writer_at(3 * MB);
    guint64 lsn[4];

    put_filler(&writer, 100);
    lsn[0] = put_end(&writer, 0x00, 700, 1700000000000001);
    put_filler(&writer, 20000); /* over pages */
    lsn[1] = put_end(&writer, 0xB0, 701, 1700000000000002);
    lsn[2] = put_end(&writer, 0xC0, 702, 1700000000000003);
    lsn[3] = put_point(&writer, "before the flood", 1700000000000004);
    put_filler(&writer, 9);

    static const gsize pieces[] = {1, 3, 7, 24, 8191, 8192, 8193, 1 << 20};
    for (gsize i = 0; i < G_N_ELEMENTS(pieces); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(GArray) events = read_in_pieces(&writer, pieces[i], &error);
        const struct wal_event *event = (const struct wal_event *) (void *) events->data;

        g_assert_no_error(error);
        g_assert_cmpuint(events->len, ==, 4);
        for (guint j = 0; j < 4; j++) {
            g_assert_cmphex(event[j].lsn, ==, lsn[j]);
            g_assert_cmpint(event[j].time_us, ==, 1700000000000001 + j);
            g_assert_cmpuint(event[j].timeline, ==, 1);
        }
        g_assert_cmpint(event[0].kind, ==, WAL_COMMIT);
        g_assert_cmpuint(event[0].xid, ==, 700);
        g_assert_cmpint(event[1].kind, ==, WAL_COMMIT);
        g_assert_cmpuint(event[1].xid, ==, 701);
        g_assert_cmpint(event[2].kind, ==, WAL_ABORT);
        g_assert_cmpuint(event[2].xid, ==, 702);
        g_assert_cmpint(event[3].kind, ==, WAL_RESTORE_POINT);
        g_assert_cmpstr(event[3].name, ==, "before the flood");
    }
    g_byte_array_unref(writer.bytes);
}

/* A commit's record at every distance from a page's end. */
static void test_page_borders(void)
{
    for (guint32 filler = 8000; filler < 8192; filler += 8) {
        struct writer writer = writer_at(MB);
        g_autoptr(GError) error = NULL;

        put_filler(&writer, filler);
        guint64 lsn = put_end(&writer, 0, 700, 5);
        put_filler(&writer, 1);
        g_autoptr(GArray) events = read_in_pieces(&writer, 1000, &error);
        g_assert_no_error(error);
        g_assert_cmpuint(events->len, ==, 1);
        g_assert_cmphex(g_array_index(events, struct wal_event, 0).lsn, ==, lsn);
        g_byte_array_unref(writer.bytes);
    }
}

/* A commit that begins in one segment and ends in the next is open in the first. */
static void test_segment_border(void)
{
    struct writer writer = writer_at(MB);
    g_autoptr(GError) error = NULL;
    bool transaction = false;

    while (position(&writer) + 32 + 7 < 2 * MB)
        put_filler(&writer, position(&writer) < 2 * MB - 2 * PAGE ? 5000 : 1);
    guint64 lsn = put_end(&writer, 0, 700, 5);
    guint64 end = position(&writer);
    put_filler(&writer, 10);
    g_assert_cmphex(lsn, <, 2 * MB);
    g_assert_cmphex(end, >, 2 * MB);

    AUTO(wal_index)
    index = wal_index_of(writer.bytes->data, MB, 1, 1, MB, system_id, &error);
    g_assert_no_error(error);
    g_assert_true(index->whole);
    g_assert_cmphex(index->open_lsn, ==, lsn);
    g_assert_cmpuint(index->commits, ==, 0);
    g_assert_cmphex(index->end_lsn, <=, lsn);

    AUTO(wal_reader) reader = wal_reader_new(2 * MB, MB, 0, NULL, NULL);
    g_assert_true(
        wal_reader_feed(reader, writer.bytes->data + MB, writer.bytes->len - MB, &error));
    g_assert_cmpuint(wal_reader_carried(reader), ==, end - 2 * MB - 40);
    g_assert_cmphex(wal_reader_end(reader), ==, (position(&writer) + 7) & ~7U);
    g_assert_cmphex(wal_reader_open(reader, &transaction), ==, 0);
    g_assert_cmpint(wal_reader_version(reader), ==, 15);
    g_byte_array_unref(writer.bytes);
}

static void test_switch(void)
{
    struct writer writer = writer_at(MB);
    g_autoptr(GByteArray) nothing = g_byte_array_new();
    g_autoptr(GError) error = NULL;

    put_record(&writer, 0, 0x40, 0, nothing);
    while (position(&writer) < 2 * MB)
        put(&writer, 0, 1);
    put_page(&writer, 0, 0);
    put_end(&writer, 0, 700, 5);
    g_autoptr(GArray) events = read_in_pieces(&writer, 77, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(events->len, ==, 2);
    g_assert_cmpint(g_array_index(events, struct wal_event, 0).kind, ==, WAL_SWITCH);
    g_assert_cmphex(g_array_index(events, struct wal_event, 0).end_lsn, ==, 2 * MB);
    g_assert_cmpint(g_array_index(events, struct wal_event, 1).kind, ==, WAL_COMMIT);
    g_byte_array_unref(writer.bytes);
}

static void test_zeroes_are_the_end(void)
{
    struct writer writer = writer_at(MB);
    g_autoptr(GError) error = NULL;

    put_end(&writer, 0, 700, 5);
    guint64 end = (position(&writer) + 7) & ~7U;
    while (position(&writer) < 2 * MB)
        put(&writer, 0, 1);
    AUTO(wal_index)
    index = wal_index_of(writer.bytes->data, MB, 1, 1, MB, system_id, &error);
    g_assert_no_error(error);
    g_assert_false(index->whole);
    g_assert_cmphex(index->end_lsn, ==, end);
    g_assert_cmpuint(index->commits, ==, 1);
    g_byte_array_unref(writer.bytes);
}

/* A server that crashed inside a record gives it up on the next page. */
static void test_record_given_up(void)
{
    struct writer writer = writer_at(MB);
    g_autoptr(GError) error = NULL;
    guint64 before = put_filler(&writer, 100);

    put_filler(&writer, 20000);
    g_byte_array_set_size(writer.bytes, PAGE);
    writer.previous = before;
    put_page(&writer, 0, 8);
    put_end(&writer, 0, 700, 5);
    g_autoptr(GArray) events = read_in_pieces(&writer, 100, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(events->len, ==, 1);
    g_byte_array_unref(writer.bytes);
}

/* ---- what is refused ---------------------------------------------------------------------- */

static void assert_refused(struct writer *writer, const char *why)
{
    g_autoptr(GError) error = NULL;
    GArray *events = read_in_pieces(writer, 333, &error);

    g_array_unref(events);
    g_assert_error(error, RUNBOOK_ERROR, RUNBOOK_FAILED);
    if (strstr(error->message, why) == NULL)
        g_error("\"%s\" is not in: %s", why, error->message);
    g_byte_array_unref(writer->bytes);
}

static struct writer three_pages(void)
{
    struct writer writer = writer_at(MB);

    put_filler(&writer, 100);
    put_filler(&writer, 20000);
    put_end(&writer, 0, 700, 5);
    return writer;
}

static void test_refused(void)
{
    struct writer writer = three_pages();

    writer.bytes->data[PAGE + 9] ^= 1;
    assert_refused(&writer, "the page says it is that of");
    writer = three_pages();
    writer.bytes->data[0] = 0x12;
    assert_refused(&writer, "magic");
    writer = three_pages();
    writer.bytes->data[PAGE] = 0x13;
    assert_refused(&writer, "magic"); /* another version's */
    writer = three_pages();
    writer.bytes->data[24] ^= 1;
    assert_refused(&writer, "it belongs to the system");
    writer = three_pages();
    writer.bytes->data[34] ^= 1;
    assert_refused(&writer, "its segments have");
    writer = three_pages();
    writer.bytes->data[37] ^= 1;
    assert_refused(&writer, "its pages have");
    writer = three_pages();
    writer.bytes->data[4] = 2; /* then timeline 1 again */
    assert_refused(&writer, "of timeline 1 behind one of 2");
    writer = three_pages();
    writer.bytes->data[PAGE + 16] ^= 1;
    assert_refused(&writer, "the page goes on with");
    writer = three_pages();
    writer.bytes->data[80] ^= 1;
    assert_refused(&writer, "has another checksum");
    writer = three_pages();
    writer.bytes->data[40] = 9;
    writer.bytes->data[41] = 0;
    assert_refused(&writer, "a record of 9 bytes");
}

static void test_versions(void)
{
    static const guint16 magics[] = {0xD10D, 0xD110, 0xD113, 0xD116, 0xD118};

    for (guint i = 0; i < G_N_ELEMENTS(magics); i++) {
        struct writer writer = writer_at(MB);
        AUTO(wal_reader) reader = wal_reader_new(MB, MB, 0, NULL, NULL);
        writer.bytes->data[0] = (guint8) magics[i];
        writer.bytes->data[1] = (guint8) (magics[i] >> 8);
        g_assert_true(wal_reader_feed(reader, writer.bytes->data, writer.bytes->len, NULL));
        g_assert_cmpint(wal_reader_version(reader), ==, (int) i + 14);
        g_byte_array_unref(writer.bytes);
    }
}

/* ---- checksum, index ---------------------------------------------------------------------- */

static void test_crc(void)
{
    guint8 bytes[1000];

    g_assert_cmphex(wal_crc(0, "123456789", 9), ==, 0xE3069283);
    for (guint i = 0; i < sizeof bytes; i++)
        bytes[i] = (guint8) (i * 7 + 3);
    for (gsize i = 0; i < sizeof bytes; i += 13) {
        guint32 whole = wal_crc_plain(0, bytes, sizeof bytes);
        g_assert_cmphex(wal_crc(wal_crc(0, bytes, i), bytes + i, sizeof bytes - i), ==, whole);
    }
}

static void test_index_text(void)
{
    struct writer writer = writer_at(MB);
    g_autoptr(GError) error = NULL;

    put_end(&writer, 0, 701, 20);
    put_end(&writer, 0x20, 700, 30);
    put_end(&writer, 0, 705, 10);
    put_point(&writer, "a \"name\" \xff", 40);
    AUTO(wal_index)
    index = wal_index_of(writer.bytes->data, writer.bytes->len, 1, 1, MB, 0, &error);
    g_assert_no_error(error);
    g_autofree char *text = wal_index_text(index);
    AUTO(wal_index) back = wal_index_parse(text, strlen(text), &error);
    g_assert_no_error(error);
    g_autofree char *again = wal_index_text(back);
    g_assert_cmpstr(text, ==, again);
    g_assert_cmpuint(back->commits, ==, 2);
    g_assert_cmpuint(back->aborts, ==, 1);
    g_assert_cmpint(back->first_us, ==, 20);
    g_assert_cmpint(back->last_us, ==, 10);
    g_assert_cmpint(back->earliest_us, ==, 10);
    g_assert_cmpint(back->latest_us, ==, 30);
    g_assert_cmpuint(back->lowest_xid, ==, 700);
    g_assert_cmpuint(back->highest_xid, ==, 705);
    g_assert_cmpuint(back->points->len, ==, 1);
    g_byte_array_unref(writer.bytes);
}

static void test_damaged_index(void)
{
    static const char *const texts[] = {
        "",
        "{",
        "{}",
        "[]",
        "{\"timeline\":1,\"segment\":1,\"segment_bytes\":3145728}",
        "{\"timeline\":1,\"segment\":-1,\"segment_bytes\":1048576,\"points\":[]}",
        "{\"timeline\":0,\"segment\":1,\"segment_bytes\":1048576,\"points\":[]}",
        "{\"timeline\":1,\"segment\":1,\"segment_bytes\":1048576,\"points\":[{}]}",
        "{\"timeline\":1,\"segment\":1,\"segment_bytes\":1048576,\"points\":[],\"end_lsn\":5}",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(wal_index_parse(texts[i], strlen(texts[i]), &error));
        g_assert_error(error, RUNBOOK_ERROR, RUNBOOK_FAILED);
    }
}

/* ---- borders ------------------------------------------------------------------------------ */

static struct wal_join join_of(const guint8 *bytes, gsize length, guint64 start)
{
    struct wal_join join;
    AUTO(wal_reader) reader = wal_reader_new(start, MB, system_id, NULL, NULL);

    g_assert_true(wal_reader_feed(reader, bytes, length, NULL));
    wal_reader_join(reader, &join);
    return join;
}

/* A record of so many bytes before the border: over it, up to it, and a page of its own behind. */
static void test_joins(void)
{
    for (guint32 length = 3; length < 60; length += 8) {
        struct writer writer = writer_at(3 * MB), other = writer_at(3 * MB);
        while (MB - writer.bytes->len > 3 * PAGE)
            put_filler(&writer, 5000);
        while (MB - writer.bytes->len % MB > 200 && writer.bytes->len < MB)
            put_filler(&writer, length);
        while (writer.bytes->len < MB)
            put_filler(&writer, length);
        put_filler(&writer, 100);
        put_rest(&other);
        g_autoptr(GByteArray) bytes = writer.bytes, others = other.bytes;
        struct wal_join first = join_of(bytes->data, MB, 3 * MB);
        struct wal_join second = join_of(bytes->data + MB, bytes->len - MB, 4 * MB);
        struct wal_join alien = join_of(others->data, MB, 3 * MB);
        g_assert_true(wal_join_fits(&first, &second));
        g_assert_false(wal_join_fits(&alien, &second));
        /* Before a record is known what is carried tells. */
        struct wal_join page = join_of(bytes->data + MB, 40, 4 * MB);
        g_assert_true(wal_join_fits(&first, &page));
        page.carried++;
        g_assert_false(wal_join_fits(&first, &page));
        page.anew = true;
        g_assert_true(wal_join_fits(&first, &page));
    }
}

/* Up to so many bytes before the border, where a record of more than that begins. */
static struct writer writer_before_border(guint32 left)
{
    struct writer writer = writer_at(3 * MB);

    while (MB - writer.bytes->len > 3 * PAGE)
        put_filler(&writer, 5000);
    while (MB - writer.bytes->len > 1000)
        put_filler(&writer, 3);
    put_filler(&writer, MB - writer.bytes->len - left - 29);
    g_assert_cmpuint(MB - writer.bytes->len, ==, left);
    return writer;
}

/* The header of the last record of the first segment runs into the next, where nothing follows. */
static void test_switch_over_border(void)
{
    for (guint32 left = 8; left <= 16; left += 8) {
        struct writer writer = writer_before_border(left);
        g_autoptr(GByteArray) bytes = writer.bytes;
        g_autoptr(GByteArray) head = g_byte_array_new();
        g_autoptr(GError) error = NULL;
        put(&(struct writer){.bytes = head}, WAL_RECORD_HEADER, 8);
        put(&(struct writer){.bytes = head}, writer.previous, 8);
        put(&(struct writer){.bytes = head}, 0x40, 4);
        put(&(struct writer){.bytes = head}, wal_crc(0, head->data, 20), 4);
        writer.previous = position(&writer);
        put_over_pages(&writer, head->data, head->len);
        g_byte_array_set_size(bytes, 2 * MB);
        gsize end = MB + 40 + WAL_RECORD_HEADER - left;
        memset(bytes->data + end, 0, 2 * MB - end);
        put_page(&writer, 0, 0);
        put_filler(&writer, 10);
        AUTO(wal_index)
        index = wal_index_of(bytes->data + MB, MB, 1, 4, MB, system_id, &error);
        g_assert_no_error(error);
        g_assert_true(index->whole);
        g_assert_cmphex(index->end_lsn, ==, 5 * MB);
        struct wal_join first = join_of(bytes->data, MB, 3 * MB);
        struct wal_join third = join_of(bytes->data + 2 * MB, bytes->len - 2 * MB, 5 * MB);
        g_assert_true(wal_join_fits(&first, &index->join));
        g_assert_true(wal_join_fits(&index->join, &third));
        AUTO(wal_reader) reader = wal_reader_new(4 * MB, MB, 0, NULL, NULL);
        g_assert_true(wal_reader_feed(reader, bytes->data + MB, MB, NULL));
        g_assert_cmphex(wal_reader_empty(reader), ==, 3 * MB + end);
        /* Another record's end says nothing of what is behind it. */
        bytes->data[end - 7] = 10;
        AUTO(wal_index)
        other = wal_index_of(bytes->data + MB, MB, 1, 4, MB, system_id, &error);
        g_assert_false(other->whole);
    }
}

/* A record of some pages, of which those from the second behind the border on were not written when the
 * server crashed: what follows it there begins behind the record before. */
static void test_given_up_behind_border(void)
{
    for (guint pages = 0; pages < 3; pages++) {
        struct writer writer = writer_before_border(56);
        g_autoptr(GByteArray) bytes = writer.bytes;
        guint64 before = writer.previous;
        put_filler(&writer, 5 * PAGE);
        g_byte_array_set_size(bytes, MB + pages * PAGE);
        writer.previous = before;
        put_page(&writer, 0, 8);
        put_filler(&writer, 100);
        struct wal_join first = join_of(bytes->data, MB, 3 * MB);
        struct wal_join second = join_of(bytes->data + MB, bytes->len - MB, 4 * MB);
        g_assert_true(wal_join_fits(&first, &second));
        first.left++;
        g_assert_cmpint(wal_join_fits(&first, &second), ==, pages == 0);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/wal/reader/events", test_events);
    g_test_add_func("/wal/reader/page_borders", test_page_borders);
    g_test_add_func("/wal/reader/segment_border", test_segment_border);
    g_test_add_func("/wal/reader/switch", test_switch);
    g_test_add_func("/wal/reader/zeroes", test_zeroes_are_the_end);
    g_test_add_func("/wal/reader/given_up", test_record_given_up);
    g_test_add_func("/wal/reader/refused", test_refused);
    g_test_add_func("/wal/reader/versions", test_versions);
    g_test_add_func("/wal/crc", test_crc);
    g_test_add_func("/wal/index/text", test_index_text);
    g_test_add_func("/wal/index/damaged", test_damaged_index);
    g_test_add_func("/wal/joins", test_joins);
    g_test_add_func("/wal/switch_over_border", test_switch_over_border);
    g_test_add_func("/wal/given_up_behind_border", test_given_up_behind_border);
    return g_test_run();
}
