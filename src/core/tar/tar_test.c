#include "tar/tar_fixture.h"

#include "error.h"

/* What a walk tells, as text. */
static bool on_member(const struct tar_member *member, gpointer data, GError **error)
{
    (void) error;
    g_string_append_printf(data, "%c %s %s %" G_GUINT64_FORMAT "@%" G_GUINT64_FORMAT "\n",
                           "fdl"[member->kind], member -> name,
                           member -> target ? member -> target : "-", member->size,
                           member->offset);
    return true;
}

static bool on_content(const void *bytes, gsize length, guint64 offset, gpointer data,
                       GError **error)
{
    (void) offset, (void) error;
    g_string_append_len(data, bytes, (gssize) length);
    return true;
}

static bool on_complete(gpointer data, GError **error)
{
    (void) error;
    g_string_append(data, "|\n");
    return true;
}

static const struct tar_visitor telling = {on_member, on_content, on_complete};

/* Feeds the archive in pieces of that many bytes. NULL: damaged. */
static char *walk(const GByteArray *archive, gsize piece, GError **error)
{
    GString *told = g_string_new(NULL);
    AUTO(tar_walker) walker = tar_walker_new(&telling, told);
    bool good = true;

    for (gsize at = 0; good && at < archive->len; at += piece)
        good =
            tar_walker_feed(walker, archive->data + at, MIN(piece, archive->len - at), error);
    good = good && tar_walker_end(walker, error);
    return g_string_free(told, !good);
}

static GByteArray *sample(void)
{
    GByteArray *archive = g_byte_array_new();

    tar_put_file(archive, "backup_label", "START WAL", 9);
    tar_put_header(archive, '5', "base/", NULL, 0);
    tar_put_file(archive, "base/empty", "", 0);
    tar_put_header(archive, '2', "pg_tblspc/16384", "/srv/fast", 0);
    tar_put_file(archive, "./base/whole", "0123456789abcdef", 16);
    return archive;
}

static const char sample_told[] = "f backup_label - 9@512\nSTART WAL|\n"
                                  "d base - 0@1536\n|\n"
                                  "f base/empty - 0@2048\n|\n"
                                  "l pg_tblspc/16384 /srv/fast 0@2560\n|\n"
                                  "f base/whole - 16@3072\n0123456789abcdef|\n";

static void test_pieces(void)
{
    g_autoptr(GByteArray) archive = sample();

    for (gsize piece = 1; piece < 1200; piece += 7) {
        g_autofree char *told = walk(archive, piece, NULL);
        g_assert_cmpstr(told, ==, sample_told);
    }
    tar_put_end(archive);
    for (gsize piece = 1; piece < 1200; piece += 7) {
        g_autofree char *told = walk(archive, piece, NULL);
        g_assert_cmpstr(told, ==, sample_told);
    }
}

static void test_cut_off(void)
{
    g_autoptr(GByteArray) archive = sample();
    g_autoptr(GError) error = NULL;

    g_byte_array_set_size(archive, 3072 + 10);
    g_assert_null(walk(archive, 100, &error));
    g_assert_error(error, RUNBOOK_ERROR, RUNBOOK_FAILED);
}

static void refuse(char type, const char *name)
{
    g_autoptr(GByteArray) archive = g_byte_array_new();
    g_autoptr(GError) error = NULL;

    tar_put_header(archive, type, name, NULL, 0);
    g_assert_null(walk(archive, 512, &error));
    g_assert_error(error, RUNBOOK_ERROR, RUNBOOK_FAILED);
}

static void test_hostile(void)
{
    refuse('0', "/etc/passwd");
    refuse('0', "../up");
    refuse('0', "base/../../up");
    refuse('0', "base//x");
    refuse('0', "..");
    refuse('0', "./..");
    refuse('0', ".//etc/passwd");
    refuse('0', ".");
    refuse('0', "");
    refuse('1', "base/hard_link");
    refuse('3', "base/device");
}

static void test_sizes(void)
{
    g_autoptr(GByteArray) archive = g_byte_array_new();
    g_autoptr(GError) error = NULL;

    tar_put_file(archive, "x", "abc", 3);
    archive->data[124 + 3] = '9';
    g_assert_null(walk(archive, 512, &error)); /* its checksum */
    g_clear_error(&error);
    tar_put_header(archive, '0', "x", NULL, 3);
    memmove(archive->data, archive->data + 1024, 512);
    archive->data[124] = 0xff; /* a negative size */
    archive->data[148 + 5]++;  /* no matter */
    g_assert_null(walk(archive, 512, &error));
}

static void test_skip(void)
{
    g_autoptr(GByteArray) archive = g_byte_array_new();
    GString *told = g_string_new(NULL);
    AUTO(tar_walker) walker = tar_walker_new(&telling, told);

    tar_put_header(archive, '0', "large", NULL, 2000);
    g_assert_true(tar_walker_feed(walker, archive->data, 512, NULL));
    g_assert_cmpuint(tar_walker_skippable(walker), ==, 2048);
    tar_walker_skip(walker, 1999);
    g_assert_cmpuint(tar_walker_skippable(walker), ==, 49);
    tar_walker_skip(walker, 10);
    tar_walker_skip(walker, 39);
    g_assert_cmpuint(tar_walker_skippable(walker), ==, 0);
    g_assert_cmpuint(tar_walker_offset(walker), ==, 2560);
    g_assert_true(tar_walker_end(walker, NULL));
    g_string_free(told, TRUE);
}

int main(int count, char **arguments)
{
    g_test_init(&count, &arguments, NULL);
    g_test_add_func("/tar/pieces", test_pieces);
    g_test_add_func("/tar/cut_off", test_cut_off);
    g_test_add_func("/tar/hostile", test_hostile);
    g_test_add_func("/tar/sizes", test_sizes);
    g_test_add_func("/tar/skip", test_skip);
    return g_test_run();
}
