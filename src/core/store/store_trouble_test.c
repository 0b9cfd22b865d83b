#include "error.h"
#include "store/store_fixture.h"
#include "store/store_internal.h"

#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* The store works, in memory, and says why and what to do. */
static void expect_memory(const char *path, const char *reason)
{
    AUTO(store) store = store_open(path);
    g_test_message("%s", store_trouble(store));
    g_assert_nonnull(store_trouble(store));
    g_assert_nonnull(strstr(store_trouble(store), reason));
    g_assert_nonnull(strstr(store_trouble(store), "\nhint: "));
    g_autofree char *said = g_strdup(store_trouble(store));
    const gint64 run = store_run_begin(store, &usual_run);
    g_assert_cmpint(run, ==, 1);
    store_begin(store);
    put_object(store, run, "a", "done", 1);
    store_commit(store);
    store_run_end(store, run, "done", 0, NULL, NULL);
    g_assert_cmpint(runs_in(store), ==, 1);
    g_assert_cmpstr(store_trouble(store), ==, said);
}

static void expect_unreadable(const char *path, const char *reason)
{
    g_autoptr(GError) error = NULL;
    AUTO(store) store = store_open_reader(path, &error);
    g_assert_null(store);
    g_assert_error(error, RUNBOOK_ERROR, RUNBOOK_FAILED);
    g_test_message("%s", error->message);
    g_assert_nonnull(strstr(error->message, reason));
    g_assert_nonnull(strstr(error->message, "\nhint: "));
}

/* Both of the above, and the file keeps every byte. */
static void expect_untouched(const char *path, const char *reason)
{
    g_autofree char *before = NULL, *after = NULL;
    gsize before_size, after_size;
    g_assert_true(g_file_get_contents(path, &before, &before_size, NULL));
    expect_memory(path, reason);
    expect_unreadable(path, reason);
    g_assert_true(g_file_get_contents(path, &after, &after_size, NULL));
    g_assert_cmpuint(before_size, ==, after_size);
    g_assert_true(memcmp(before, after, before_size) == 0);
}

/* A closed history with a run and `objects` objects. */
static char *make_history(const char *folder, int objects)
{
    char *path = g_build_filename(folder, "history.db", NULL);
    AUTO(store) store = store_open(path);
    const gint64 run = store_run_begin(store, &usual_run);
    store_begin(store);
    for (int i = 0; i < objects; i++) {
        g_autofree char *name = g_strdup_printf("a table with a rather long name %d", i);
        put_object(store, run, name, "skipped", 0);
    }
    store_commit(store);
    g_assert_cmpstr(store_trouble(store), ==, NULL);
    return path;
}

static void overwrite(const char *path, long offset, const char *bytes, gsize size)
{
    FILE *file = fopen(path, "r+");
    g_assert_nonnull(file);
    g_assert_cmpint(fseek(file, offset, SEEK_SET), ==, 0);
    g_assert_cmpuint(fwrite(bytes, 1, size, file), ==, size);
    fclose(file);
}

/* ---- files that are no history ------------------------------------------------------------ */

static void test_garbage(void)
{
    FOLDER folder = folder_new();
    g_autofree char *path = g_build_filename(folder, "history.db", NULL);
    g_autofree char *garbage = g_strnfill(9000, 'x');
    g_assert_true(g_file_set_contents(path, garbage, -1, NULL));
    expect_untouched(path, "not a history file");
    g_assert_true(g_file_set_contents(path, "short", -1, NULL));
    expect_untouched(path, "not a history file");
}

static void test_damaged_header(void)
{
    FOLDER folder = folder_new();
    g_autofree char *path = make_history(folder, 0);
    overwrite(path, 0, "SQLitf", 6);
    expect_untouched(path, "not a history file");
}

/* The header is sound, the runs are not. Small files are checked when they are opened. */
static void test_damaged_pages(void)
{
    enum { PAGE = 4096 };
    FOLDER folder = folder_new();
    g_autofree char *path = make_history(folder, 1000);
    g_autofree char *garbage = g_strnfill(PAGE, 'x');
    overwrite(path, PAGE, garbage, PAGE);
    expect_memory(path, "damaged");

    g_autoptr(GError) error = NULL;
    AUTO(store) reader = store_open_reader(path, NULL);
    int count = 0;
    g_assert_nonnull(reader);
    g_assert_false(store_each_run(reader, NULL, NULL, 0, count_run, &count, &error));
    g_assert_error(error, RUNBOOK_ERROR, RUNBOOK_FAILED);
    g_assert_nonnull(strstr(error->message, "cannot read history file"));
    g_assert_nonnull(strstr(error->message, "damaged"));
    g_assert_cmpint(count, ==, 0);
}

/* Too large to be checked: the damage is met while working. */
static void test_damage_met_late(void)
{
    enum { PAGE = 4096, LARGE = 5 * 1024 * 1024 };
    FOLDER folder = folder_new();
    g_autofree char *path = make_history(folder, 1000);
    {
        AUTO(store) store = store_open(path);
        g_autofree char *summary = g_strnfill(LARGE, ' ');
        store_run_end(store, 1, "done", 0, NULL, summary);
    }
    g_autofree char *garbage = g_strnfill(PAGE, 'x');
    overwrite(path, PAGE, garbage, PAGE);

    AUTO(store) store = store_open(path);
    g_assert_cmpstr(store_trouble(store), ==, NULL);
    g_assert_cmpint(store_run_begin(store, &usual_run), ==, -1);
    g_assert_nonnull(store_trouble(store));
    g_assert_nonnull(strstr(store_trouble(store), "damaged"));
    g_autofree char *said = g_strdup(store_trouble(store));
    put_object(store, 1, "a", "done", 1);
    store_not_reached(store, &usual_scope, NULL, NULL);
    store_last_done(store, &usual_scope, NULL, NULL);
    g_assert_cmpstr(store_trouble(store), ==, said);
}

static void test_truncated(void)
{
    FOLDER folder = folder_new();
    g_autofree char *path = make_history(folder, 1000);
    g_assert_cmpint(truncate(path, 3 * 4096 + 100), ==, 0);
    expect_memory(path, "damaged");
}

static void change_file(const char *path, const char *sql)
{
    sqlite3 *db = NULL;
    g_assert_cmpint(sqlite3_open(path, &db), ==, SQLITE_OK);
    g_assert_cmpint(sqlite3_exec(db, sql, NULL, NULL, NULL), ==, SQLITE_OK);
    sqlite3_close(db);
}

static void test_other_program(void)
{
    FOLDER folder = folder_new();
    g_autofree char *path = g_build_filename(folder, "history.db", NULL);
    change_file(path, "CREATE TABLE run (id); PRAGMA user_version = 1");
    expect_untouched(path, "another program");
}

static void test_newer(void)
{
    FOLDER folder = folder_new();
    g_autofree char *path = make_history(folder, 0);
    change_file(path, "PRAGMA user_version = 99");
    expect_untouched(path, "newer pgrunbook");
}

/* ---- files that are not there ------------------------------------------------------------- */

/* An empty file is a new one for a writer, and no history for a reader. */
static void test_empty(void)
{
    FOLDER folder = folder_new();
    g_autofree char *path = g_build_filename(folder, "history.db", NULL);
    expect_unreadable(path, "there is no history file");
    g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
    g_assert_true(g_file_set_contents(path, "", 0, NULL));
    expect_unreadable(path, "is empty");

    AUTO(store) store = store_open(path);
    g_assert_cmpstr(store_trouble(store), ==, NULL);
    g_assert_cmpint(store_run_begin(store, &usual_run), ==, 1);
    AUTO(store) reader = store_open_reader(path, NULL);
    g_assert_nonnull(reader);
    g_assert_cmpint(runs_in(reader), ==, 1);
}

static void test_no_file_possible(void)
{
    FOLDER folder = folder_new();
    g_autofree char *file = g_build_filename(folder, "file", NULL);
    g_autofree char *below = g_build_filename(file, "history.db", NULL);
    g_assert_true(g_file_set_contents(file, "", 0, NULL));
    expect_memory(folder, "directory");
    expect_unreadable(folder, "history file");
    expect_unreadable(below, "Not a directory");
    expect_memory(below, "directory");
    expect_memory("/proc/pgrunbook/history.db", "unable to open");
    expect_memory("", "directory");
}

/* Root may write everywhere, so root does this as somebody else. */
static void test_read_only(void)
{
    enum { NOBODY = 65534 };
    FOLDER folder = folder_new();
    g_autofree char *path = make_history(folder, 0);
    const uid_t self = geteuid();
    if (self == 0) {
        g_assert_cmpint(chown(folder, NOBODY, NOBODY), ==, 0);
        g_assert_cmpint(chown(path, NOBODY, NOBODY), ==, 0);
        g_assert_cmpint(seteuid(NOBODY), ==, 0);
    }
    g_assert_cmpint(chmod(path, 0400), ==, 0);
    expect_memory(path, "it is read-only");

    g_assert_cmpint(chmod(folder, 0500), ==, 0);
    expect_memory(path, "it is read-only");
    g_autofree char *other = g_build_filename(folder, "other.db", NULL);
    expect_memory(other, "Permission denied");
    AUTO(store) reader = store_open_reader(path, NULL);
    g_assert_nonnull(reader);
    g_assert_cmpint(runs_in(reader), ==, 1);

    g_assert_cmpint(chmod(path, 0), ==, 0);
    expect_memory(path, "unable to open");
    expect_unreadable(path, "Permission denied");
    /* Whether it is there nobody can say. */
    g_assert_cmpint(chmod(folder, 0), ==, 0);
    expect_unreadable(path, "Permission denied");
    g_assert_cmpint(chmod(folder, 0700), ==, 0);
    g_assert_cmpint(seteuid(self), ==, 0);
}

/* ---- trouble on the way ------------------------------------------------------------------- */

/* The run goes on, the first trouble stays, and what is written once there is room is kept. */
static void test_full(void)
{
    FOLDER folder = folder_new();
    g_autofree char *path = make_history(folder, 0);
    g_autofree char *large = g_strnfill(1 << 20, 'x');
    AUTO(store) store = store_open(path);
    const gint64 run = store_run_begin(store, &usual_run);
    sqlite3_exec(store->db, "PRAGMA max_page_count = 20", NULL, NULL, NULL);
    const struct store_object object = {.name = "a", .outcome = "done", .before = large};
    store_begin(store);
    put_object(store, run, "small", "done", 1);
    store_object(store, run, &object);
    g_assert_nonnull(store_trouble(store));
    g_assert_nonnull(strstr(store_trouble(store), "no space left"));
    g_autofree char *said = g_strdup(store_trouble(store));
    store_object(store, run, &object);
    store_commit(store);
    store_run_end(store, run, "failed", 1, large, NULL);

    sqlite3_exec(store->db, "PRAGMA max_page_count = 1000000", NULL, NULL, NULL);
    store_run_end(store, run, "done", 0, NULL, NULL);
    g_assert_cmpstr(store_trouble(store), ==, said);
    AUTO(store) reader = store_open_reader(path, NULL);
    g_assert_cmpint(runs_in(reader), ==, 2);
}

/* The kernel refuses to let files grow: what a quota or a broken disk looks like. */
static void test_write_error(void)
{
    FOLDER folder = folder_new();
    g_autofree char *path = make_history(folder, 0);
    struct rlimit before;
    AUTO(store) store = store_open(path);
    const gint64 run = store_run_begin(store, &usual_run);
    g_assert_cmpint(getrlimit(RLIMIT_FSIZE, &before), ==, 0);
    signal(SIGXFSZ, SIG_IGN);
    const struct rlimit none = {.rlim_cur = 4096, .rlim_max = before.rlim_max};
    g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &none), ==, 0);
    for (int i = 0; i < 100; i++)
        put_object(store, run, "a", "done", i);
    store_run_end(store, run, "done", 0, NULL, NULL);
    g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &before), ==, 0);
    signal(SIGXFSZ, SIG_DFL);
    g_assert_nonnull(store_trouble(store));
    g_test_message("%s", store_trouble(store));
    g_assert_nonnull(strstr(store_trouble(store), "cannot write to history file"));
}

/* A lock that does not go away costs one wait, not one for every write. */
static void test_locked(void)
{
    FOLDER folder = folder_new();
    g_autofree char *path = make_history(folder, 0);
    sqlite3 *other = NULL;
    AUTO(store) store = store_open(path);
    const gint64 run = store_run_begin(store, &usual_run);
    sqlite3_busy_timeout(store->db, 50);
    g_assert_cmpint(sqlite3_open(path, &other), ==, SQLITE_OK);
    g_assert_cmpint(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), ==, SQLITE_OK);
    put_object(store, run, "lost", "done", 1);
    g_assert_nonnull(store_trouble(store));
    g_assert_nonnull(strstr(store_trouble(store), "holds it locked"));
    sqlite3_close(other);
    store_run_end(store, run, "done", 0, NULL, NULL);
    g_assert_cmpint(runs_in(store), ==, 2);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/store_trouble/garbage", test_garbage);
    g_test_add_func("/store_trouble/damaged_header", test_damaged_header);
    g_test_add_func("/store_trouble/damaged_pages", test_damaged_pages);
    g_test_add_func("/store_trouble/damage_met_late", test_damage_met_late);
    g_test_add_func("/store_trouble/truncated", test_truncated);
    g_test_add_func("/store_trouble/other_program", test_other_program);
    g_test_add_func("/store_trouble/newer", test_newer);
    g_test_add_func("/store_trouble/empty", test_empty);
    g_test_add_func("/store_trouble/no_file_possible", test_no_file_possible);
    g_test_add_func("/store_trouble/read_only", test_read_only);
    g_test_add_func("/store_trouble/full", test_full);
    g_test_add_func("/store_trouble/write_error", test_write_error);
    g_test_add_func("/store_trouble/locked", test_locked);
    return g_test_run();
}
