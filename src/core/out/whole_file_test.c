#include "out/whole_file.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static char *folder;

static char *in_folder(const char *name)
{
    return g_build_filename(folder, name, NULL);
}

static void expect(const char *path, const char *expected)
{
    g_autofree char *text = NULL;

    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    g_assert_cmpstr(text, ==, expected);
}

static void expect_files(guint count)
{
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    guint there = 0;

    while (g_dir_read_name(dir) != NULL)
        there++;
    g_assert_cmpuint(there, ==, count);
}

static void put(const char *path, const char *text)
{
    GError *error = NULL;

    whole_file_write(path, text, &error);
    g_assert_no_error(error);
}

static void test_regular(void)
{
    g_autofree char *path = in_folder("plain");
    g_autofree char *missing = in_folder("no/such");
    g_autofree char *taken = in_folder("taken");
    struct whole_file file;

    put(path, "one");
    put(path, "two");
    expect(path, "two");
    g_assert_true(whole_file_begin(&file, path, 0600, NULL));
    g_assert_true(whole_file_put(&file, "half", 4, NULL));
    g_assert_false(whole_file_end(&file, false, true, NULL));
    expect(path, "two");
    g_assert_false(whole_file_write(missing, "x", NULL));
    g_mkdir(taken, 0700);
    g_assert_false(whole_file_write(taken, "x", NULL));
    expect_files(2);
    g_rmdir(taken);
    g_unlink(path);
}

/* The link stays, and what it leads to is made, or replaced, where it lies. */
static void test_link(void)
{
    g_autofree char *inner = in_folder("inner");
    g_autofree char *real = in_folder("inner/real");
    g_autofree char *link = in_folder("link");
    g_autofree char *chain = in_folder("chain");
    struct stat before, after;

    g_mkdir(inner, 0700);
    g_assert_cmpint(symlink("inner/real", link), ==, 0);
    g_assert_cmpint(symlink("link", chain), ==, 0);
    put(link, "made");
    expect(real, "made");
    g_assert_cmpint(stat(real, &before), ==, 0);
    put(chain, "replaced");
    expect(real, "replaced");
    g_assert_cmpint(stat(real, &after), ==, 0);
    g_assert_cmpuint(before.st_ino, !=, after.st_ino);
    g_assert_true(g_file_test(link, G_FILE_TEST_IS_SYMLINK));
    g_assert_true(g_file_test(chain, G_FILE_TEST_IS_SYMLINK));
    expect_files(3);
    g_unlink(chain);
    g_unlink(link);
    g_unlink(real);
    g_assert_cmpint(g_rmdir(inner), ==, 0);
}

static void test_link_in_a_circle(void)
{
    g_autofree char *path = in_folder("circle");

    g_assert_cmpint(symlink("circle", path), ==, 0);
    g_assert_false(whole_file_write(path, "x", NULL));
    g_assert_true(g_file_test(path, G_FILE_TEST_IS_SYMLINK));
    g_unlink(path);
}

static void test_pipe(void)
{
    g_autofree char *path = in_folder("pipe");
    char text[8] = "";
    struct stat seen;

    g_assert_cmpint(mkfifo(path, 0600), ==, 0);
    int reader = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    g_assert_cmpint(reader, >=, 0);
    put(path, "piped");
    g_assert_cmpint(read(reader, text, sizeof text), ==, 5);
    g_assert_cmpstr(text, ==, "piped");
    close(reader);
    g_assert_cmpint(lstat(path, &seen), ==, 0);
    g_assert_true(S_ISFIFO(seen.st_mode));
    expect_files(1);
    g_unlink(path);
}

/* /dev/null itself is left out of it: a test that fails would take it away. */
static void test_device(void)
{
    g_autofree char *path = in_folder("null");
    struct stat seen;

    g_assert_cmpint(symlink("/dev/null", path), ==, 0);
    if (getuid() != 0)
        put(path, "nowhere");
    g_unlink(path);
    if (mknod(path, S_IFCHR | 0600, makedev(1, 3)) != 0) {
        g_test_skip("NOT DONE: only root makes devices");
        return;
    }
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd >= 0) {
        close(fd);
        put(path, "nowhere");
    }
    g_assert_cmpint(lstat(path, &seen), ==, 0);
    g_assert_true(S_ISCHR(seen.st_mode));
    g_unlink(path);
}

/* As "--html /dev/stdout >>log" has it: what was in the log stays. */
static void test_open_file(void)
{
    g_autofree char *log = in_folder("log");
    int fd = open(log, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", fd);

    g_assert_cmpint(write(fd, "before ", 7), ==, 7);
    put(path, "behind");
    close(fd);
    expect(log, "before behind");
    expect_files(1);
    g_unlink(log);
}

/* What one that was killed has left is taken up, and given up with the name. */
static void test_shared(void)
{
    g_autofree char *path = in_folder("shared");
    g_autofree char *draft = in_folder("shared.pgrunbook");
    struct whole_file file;

    put(draft, "what was left, and is longer");
    for (int good = 1; good >= 0; good--) {
        g_assert_true(whole_file_begin_shared(&file, path, 0600, NULL));
        expect(draft, "");
        g_assert_true(whole_file_put(&file, "all", 3, NULL));
        g_assert_cmpint(whole_file_end(&file, good, false, NULL), ==, good);
        expect(path, "all");
        expect_files(1);
    }
    g_unlink(path);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    folder = g_dir_make_tmp("whole-file-XXXXXX", NULL);
    g_test_add_func("/whole_file/regular", test_regular);
    g_test_add_func("/whole_file/link", test_link);
    g_test_add_func("/whole_file/link_in_a_circle", test_link_in_a_circle);
    g_test_add_func("/whole_file/pipe", test_pipe);
    g_test_add_func("/whole_file/device", test_device);
    g_test_add_func("/whole_file/open_file", test_open_file);
    g_test_add_func("/whole_file/shared", test_shared);
    int code = g_test_run();
    g_rmdir(folder);
    g_free(folder);
    return code;
}
