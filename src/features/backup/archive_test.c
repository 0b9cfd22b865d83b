#include "archive.h"
#include "error.h"

#include <string.h>

/* ---- an archive made by hand ------------------------------------------------------------- */

static void put_int(GByteArray *bytes, gint32 value)
{
    guint32 size = (guint32) ABS(value);
    guint8 text[] = {value < 0, (guint8) size, (guint8) (size >> 8), (guint8) (size >> 16),
                     (guint8) (size >> 24)};

    g_byte_array_append(bytes, text, sizeof text);
}

static void put_text(GByteArray *bytes, const char *text)
{
    put_int(bytes, text == NULL ? -1 : (gint32) strlen(text));
    if (text != NULL)
        g_byte_array_append(bytes, (const guint8 *) text, (guint) strlen(text));
}

static void put_defined(GByteArray *bytes, int version, int id, const char *kind,
                        const char *name, const char *definition, const char *copy)
{
    guint8 offset[9] = {1};

    put_int(bytes, id);
    put_int(bytes, copy != NULL);
    put_text(bytes, "0");
    put_text(bytes, "0");
    put_text(bytes, name);
    put_text(bytes, kind);
    put_int(bytes, 3);
    put_text(bytes, definition);
    put_text(bytes, "");
    put_text(bytes, copy);
    put_text(bytes, "public");
    put_text(bytes, NULL);
    if (version >= 14)
        put_text(bytes, "heap");
    if (version >= 16)
        put_int(bytes, 'r');
    put_text(bytes, "dba");
    put_text(bytes, "false");
    put_text(bytes, "7");
    put_text(bytes, NULL);
    g_byte_array_append(bytes, offset, sizeof offset);
}

static void put_entry(GByteArray *bytes, int version, int id, const char *kind,
                      const char *name, const char *copy)
{
    put_defined(bytes, version, id, kind, name, "", copy);
}

static void put_header(GByteArray *bytes, guint8 version)
{
    const guint8 head[] = {'P', 'G', 'D', 'M', 'P', 1, version, 0, 4, 8, 1};

    g_byte_array_append(bytes, head, sizeof head);
    if (version >= 15)
        g_byte_array_append(bytes, (const guint8[]){0}, 1);
    else
        put_int(bytes, 0);
    for (int i = 0; i < 7; i++)
        put_int(bytes, 1);
    put_text(bytes, "shop");
    put_text(bytes, "15.13");
    put_text(bytes, "16.1 (Debian)");
}

static void put_block(GByteArray *bytes, int id, const char *first, const char *second)
{
    g_byte_array_append(bytes, (const guint8[]){1}, 1);
    put_int(bytes, id);
    put_text(bytes, first);
    if (second[0] != '\0')
        put_text(bytes, second);
    put_int(bytes, 0);
}

static GByteArray *make(guint8 version)
{
    GByteArray *bytes = g_byte_array_new();

    put_header(bytes, version);
    put_int(bytes, 3);
    put_entry(bytes, version, 1, "TABLE", "orders", NULL);
    put_entry(bytes, version, 2, "TABLE DATA", "orders",
              "COPY public.orders (id) FROM stdin;\n");
    put_entry(bytes, version, 3, "TABLE DATA", "empty", "COPY public.empty (id) FROM stdin;\n");
    put_block(bytes, 2, "1\n2\n", "3\n\\.\n\n\n");
    put_block(bytes, 3, "\\.\n", "\n\n");
    return bytes;
}

static struct archive *feed(const GByteArray *bytes, gsize length, gsize step, GError **error)
{
    AUTO(archive) archive = archive_new();

    for (gsize at = 0; at < length; at += step)
        if (!archive_feed(archive, bytes->data + at, MIN(step, length - at), error))
            return NULL;
    return archive_end(archive, error) ? g_steal_pointer(&archive) : NULL;
}

/* ---- tests ------------------------------------------------------------------------------- */

static void check(guint8 version, gsize step)
{
    g_autoptr(GByteArray) bytes = make(version);
    g_autoptr(GError) error = NULL;
    AUTO(archive) archive = feed(bytes, bytes->len, step, &error);

    g_assert_no_error(error);
    g_assert_cmpint(archive->version, ==, 100 + version);
    g_assert_cmpstr(archive->database, ==, "shop");
    g_assert_cmpint(archive_major(archive->dumper), ==, 16);
    g_assert_cmpuint(archive->tables, ==, 2);
    g_assert_cmpint(archive_rows(archive), ==, 3);
    g_assert_cmpstr(archive_find(archive, "TABLE")->name, ==, "orders");
    const struct archive_entry *orders = archive_find(archive, "TABLE DATA");
    g_assert_cmpint(orders->rows, ==, 3);
    g_assert_cmpint(orders->bytes, ==, 11);
}

/* Whatever the dump's encoding, its names are UTF-8 here. */
static void test_encoding(void)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    g_autoptr(GError) error = NULL;

    put_header(bytes, 16);
    put_int(bytes, 2);
    put_defined(bytes, 16, 1, "ENCODING", "ENCODING", "SET client_encoding = 'LATIN1';\n",
                NULL);
    put_entry(bytes, 16, 2, "TABLE", "stra\337e", NULL);
    AUTO(archive) archive = feed(bytes, bytes->len, 1, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(archive->encoding, ==, "LATIN1");
    g_assert_cmpstr(archive_find(archive, "TABLE")->name, ==, "straße");
}

/* All versions there are, however the bytes come. */
static void test_versions(void)
{
    for (guint8 version = 12; version <= 16; version++)
        for (gsize step = 1; step < 12; step += 5)
            check(version, step);
    check(16, 1 << 16);
}

/* Whatever is missing at the end is noticed. */
static void test_cut(void)
{
    g_autoptr(GByteArray) bytes = make(14);

    for (gsize length = 0; length < bytes->len; length++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(feed(bytes, length, 16, &error));
        g_assert_error(error, RUNBOOK_ERROR, RUNBOOK_FAILED);
    }
}

/* No flipped bit makes it crash, or read on for ever. */
static void test_damaged(void)
{
    for (guint bit = 0; bit < 8 * 600; bit++) {
        g_autoptr(GByteArray) bytes = make(14);
        if (bit / 8 >= bytes->len)
            return;
        bytes->data[bit / 8] ^= (guint8) (1 << bit % 8);
        struct archive *archive = feed(bytes, bytes->len, 64, NULL);
        if (archive != NULL)
            archive_free(archive);
    }
}

static void test_stranger(void)
{
    g_autoptr(GError) error = NULL;
    AUTO(archive) archive = archive_new();

    g_assert_false(archive_feed(archive, "SELECT 1; -- a plain dump", 25, &error));
    g_assert_nonnull(strstr(error->message, "no archive of pg_dump's"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/archive/versions", test_versions);
    g_test_add_func("/archive/encoding", test_encoding);
    g_test_add_func("/archive/cut", test_cut);
    g_test_add_func("/archive/damaged", test_damaged);
    g_test_add_func("/archive/stranger", test_stranger);
    return g_test_run();
}
