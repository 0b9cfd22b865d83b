/* An archive into a folder by several threads, and archives that would do harm. */
#include "restore_extract.h"

#include "error.h"
#include "tar/tar_fixture.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct place {
    char *folder, *to;
};

static void remove_all(const char *path)
{
    g_autoptr(GDir) folder = g_dir_open(path, 0, NULL);

    for (const char *name; folder != NULL && (name = g_dir_read_name(folder)) != NULL;) {
        g_autofree char *below = g_build_filename(path, name, NULL);
        struct stat status;
        if (lstat(below, &status) == 0 && S_ISDIR(status.st_mode))
            remove_all(below);
        else
            g_unlink(below);
    }
    g_rmdir(path);
}

static struct place place_new(void)
{
    struct place place = {.folder = g_dir_make_tmp("extract-test-XXXXXX", NULL)};

    place.to = g_build_filename(place.folder, "to", NULL);
    g_assert_cmpint(g_mkdir(place.to, 0700), ==, 0);
    return place;
}

static void place_free(struct place *place)
{
    remove_all(place->folder);
    g_free(place->folder);
    g_free(place->to);
}

/* Stores the archive and unpacks it with these threads. */
static bool unpack(const struct place *place, const GByteArray *archive,
                   struct extract_plan plan, struct extract_counts *counts, GError **error)
{
    g_autofree char *path = g_build_filename(place->folder, "a.tar.zst", NULL);
    AUTO(repo_writer) file = repo_writer_new(place->folder, NULL, NULL);
    AUTO(seek_writer) writer = seek_writer_new(file, 1, 2);

    g_assert_true(seek_writer_put(writer, archive->data, archive->len, NULL));
    g_assert_true(seek_writer_end(writer, NULL));
    g_assert_true(repo_writer_end(file, NULL));
    g_assert_true(repo_writer_show(file, "a.tar.zst", false, NULL, NULL));
    AUTO(repo_reader) reader = repo_reader_open(path, NULL, NULL, NULL);
    AUTO(seek_reader) frames = seek_reader_new(reader, NULL);
    plan.archive = frames;
    plan.folder = place->to;
    if (plan.prefix == NULL)
        plan.prefix = "";
    return extract_run(&plan, counts, error);
}

static void check_file(const struct place *place, const char *name, const GByteArray *expected)
{
    g_autofree char *path = g_build_filename(place->to, name, NULL);
    g_autofree char *text = NULL;
    gsize length = 0;

    g_assert_true(g_file_get_contents(path, &text, &length, NULL));
    g_assert_cmpuint(length, ==, expected->len);
    g_assert_true(length == 0 || memcmp(text, expected->data, length) == 0);
}

/* Over several frames, with borders anywhere. */
static GByteArray *large(guint length, guint seed)
{
    GByteArray *bytes = g_byte_array_new();
    g_autoptr(GRand) random = g_rand_new_with_seed(seed);

    g_byte_array_set_size(bytes, length);
    for (guint i = 0; i < length; i++)
        bytes->data[i] = (guint8) (g_rand_int(random) & 15);
    return bytes;
}

static void test_frames(void)
{
    struct place place = place_new();
    g_autoptr(GByteArray) archive = g_byte_array_new();
    g_autoptr(GByteArray) control = g_byte_array_new();
    g_autoptr(GByteArray) first = large(5300001, 1), second = large(3000000, 2);
    g_autoptr(GByteArray) nothing = g_byte_array_new(), older = large(6000000, 3);
    g_autofree char *existing = g_build_filename(place.to, "base", "1", NULL);
    g_autoptr(GHashTable) kept = g_hash_table_new(g_str_hash, g_str_equal);
    struct extract_counts counts = {0};

    tar_put_header(archive, '5', "base", NULL, 0);
    tar_put_file(archive, "base/1", first->data, first->len);
    tar_put_file(archive, "base/2", second->data, second->len);
    tar_put_file(archive, "base/empty", "", 0);
    tar_put_file(archive, "global/pg_control", "control", 7);
    for (guint i = 0; i < 500; i++) {
        g_autofree char *name = g_strdup_printf("base/small%u", i);
        tar_put_file(archive, name, first->data + i, i);
    }
    struct extract_plan plan = {.held = "global/pg_control", .held_bytes = control, .jobs = 4};
    g_assert_true(unpack(&place, archive, plan, &counts, NULL));
    g_assert_cmpuint(counts.files, ==, 503);
    check_file(&place, "base/1", first);
    check_file(&place, "base/2", second);
    check_file(&place, "base/empty", nothing);
    g_assert_cmpuint(control->len, ==, 7);
    g_assert_true(memcmp(control->data, "control", 7) == 0);
    /* Once more: the first is longer than it ought to be, the second stays. */
    g_assert_true(g_file_set_contents(existing, (char *) older->data, older->len, NULL));
    g_hash_table_add(kept, (gpointer) (gsize) "base/2");
    plan.kept = kept;
    counts = (struct extract_counts){0};
    g_assert_true(unpack(&place, archive, plan, &counts, NULL));
    g_assert_cmpuint(counts.kept, ==, 1);
    check_file(&place, "base/1", first);
    check_file(&place, "base/2", second);
    place_free(&place);
}

/* Nothing of it may be outside the folder. */
static void refuse(const char *name, const char *target)
{
    struct place place = place_new();
    g_autoptr(GByteArray) archive = g_byte_array_new();
    g_autoptr(GHashTable) links =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_autoptr(GError) error = NULL;
    struct extract_counts counts = {0};
    struct extract_plan plan = {.links = links, .jobs = 2};

    tar_put_header(archive, target ? '2' : '0', name, target, 0);
    tar_put_file(archive, "base", "x", 1);
    g_assert_false(unpack(&place, archive, plan, &counts, &error));
    g_assert_error(error, RUNBOOK_ERROR, RUNBOOK_FAILED);
    place_free(&place);
}

static void test_hostile(void)
{
    refuse("base", "/etc");
    refuse("pg_tblspc/..", "/etc");
    refuse("pg_tblspc/1/2", "/etc");
    refuse("pg_tblspc/x", "/etc");
    refuse("../outside", NULL);
    refuse("missing/folder", NULL);
}

/* What stands in the way is taken away, never followed. */
static void check_in_the_way(int (*make)(const char *existing, const char *name))
{
    struct place place = place_new();
    g_autoptr(GByteArray) archive = g_byte_array_new(), text = g_byte_array_new();
    g_autofree char *outside = g_build_filename(place.folder, "outside", NULL);
    g_autofree char *name = g_build_filename(place.to, "file", NULL);
    g_autofree char *kept = NULL;
    struct extract_counts counts = {0};
    struct extract_plan plan = {.jobs = 1};

    g_assert_true(g_file_set_contents(outside, "kept", 4, NULL));
    g_assert_cmpint(make(outside, name), ==, 0);
    g_byte_array_append(text, (const guint8 *) "new", 3);
    tar_put_file(archive, "file", "new", 3);
    g_assert_true(unpack(&place, archive, plan, &counts, NULL));
    check_file(&place, "file", text);
    g_assert_true(g_file_get_contents(outside, &kept, NULL, NULL));
    g_assert_cmpstr(kept, ==, "kept");
    place_free(&place);
}

static void test_link_in_the_way(void)
{
    check_in_the_way(symlink);
    check_in_the_way(link);
}

int main(int count, char **arguments)
{
    g_test_init(&count, &arguments, NULL);
    g_test_add_func("/extract/frames", test_frames);
    g_test_add_func("/extract/hostile", test_hostile);
    g_test_add_func("/extract/link_in_the_way", test_link_in_the_way);
    return g_test_run();
}
