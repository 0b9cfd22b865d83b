#include "store/store_samples.h"

#include "store/store_fixture.h"
#include "store/store_internal.h"
#include "store_queries.h"

#include <string.h>

static const struct store_node primary = {"7300000000000000001", "shop", ""};
static const struct store_node replica = {"7300000000000000001", "shop", "replica1"};
static const struct store_node other_database = {"7300000000000000001", "stock", ""};
static const struct store_node other_cluster = {"7300000000000000002", "shop", ""};
static const struct store_node nameless = {NULL, "shop", ""};

/* ---- uses --------------------------------------------------------------------------------- */

static void append_use(const struct store_use *use, gpointer data)
{
    g_string_append_printf(data, " %u:%d@%d#%d%s", use->oid, (int) use->scans,
                           (int) use->quiet_us, (int) use->quiet_samples,
                           use->reset ? "reset" : "");
}

/* expected: "samples first-last/reset oid:scans@quiet#sample …" */
static void expect_uses(struct store *store, const struct store_node *node,
                        const char *expected)
{
    g_autoptr(GString) uses = g_string_new(NULL);
    struct store_sampling sampling = {.samples = 4711};
    store_uses(store, node, &sampling, append_use, uses);
    g_autofree char *text =
        g_strdup_printf("%d %d-%d/%d%s", (int) sampling.samples, (int) sampling.first_us,
                        (int) sampling.last_us, (int) sampling.stats_reset_us, uses->str);
    g_assert_cmpstr(text, ==, expected);
}

static void put_uses(struct store *store, const struct store_node *node, gint64 at,
                     const struct store_use *uses, guint count)
{
    struct store_sampling sampling;
    g_autoptr(GString) ignored = g_string_new(NULL);
    store_uses(store, node, &sampling, append_use, ignored);
    sampling.first_us = sampling.samples == 0 ? at : sampling.first_us;
    sampling.last_us = at;
    sampling.samples++;
    sampling.stats_reset_us = 7;
    store_uses_put(store, node, &sampling, uses, count, NULL, 0);
}

static const struct store_use first_uses[] = {
    {.oid = 100, .scans = 5, .quiet_us = 10, .quiet_samples = 1},
    {.oid = 4294967295, .scans = 0, .quiet_us = 10, .quiet_samples = 1},
};

static void test_first(void)
{
    AUTO(store) store = store_open(NULL);
    expect_uses(store, &primary, "0 0-0/0");
    put_uses(store, &primary, 10, first_uses, 2);
    expect_uses(store, &primary, "1 10-10/7 100:5@10#1 4294967295:0@10#1");
    g_assert_cmpstr(store_trouble(store), ==, NULL);
}

/* A quiet sample writes a single row. */
static void test_quiet(void)
{
    AUTO(store) store = store_open(NULL);
    put_uses(store, &primary, 10, first_uses, 2);
    const int before = sqlite3_total_changes(store->db);
    put_uses(store, &primary, 20, NULL, 0);
    g_assert_cmpint(sqlite3_total_changes(store->db) - before, ==, 1);
    expect_uses(store, &primary, "2 10-20/7 100:5@10#1 4294967295:0@10#1");
}

static void test_scan_and_reset(void)
{
    static const struct store_use scanned = {100, 6, 20, 2, false};
    static const struct store_use lost = {100, 0, 30, 3, true};
    AUTO(store) store = store_open(NULL);
    put_uses(store, &primary, 10, first_uses, 2);
    put_uses(store, &primary, 20, &scanned, 1);
    expect_uses(store, &primary, "2 10-20/7 100:6@20#2 4294967295:0@10#1");
    put_uses(store, &primary, 30, &lost, 1);
    expect_uses(store, &primary, "3 10-30/7 100:0@30#3reset 4294967295:0@10#1");
}

static void test_gone(void)
{
    static const guint gone[] = {100, 101};
    static const struct store_sampling sampling = {10, 20, 2, 0};
    AUTO(store) store = store_open(NULL);
    put_uses(store, &primary, 10, first_uses, 2);
    put_uses(store, &replica, 10, first_uses, 2);
    store_uses_put(store, &primary, &sampling, NULL, 0, gone, G_N_ELEMENTS(gone));
    expect_uses(store, &primary, "2 10-20/0 4294967295:0@10#1");
    expect_uses(store, &replica, "1 10-10/7 100:5@10#1 4294967295:0@10#1");
}

/* An oid that was taken at once by another index of the same sample is not forgotten. */
static void test_gone_and_new(void)
{
    static const guint gone[] = {100};
    static const struct store_sampling sampling = {10, 20, 2, 0};
    static const struct store_use fresh = {100, 1, 20, 2, false};
    AUTO(store) store = store_open(NULL);
    put_uses(store, &primary, 10, first_uses, 1);
    store_uses_put(store, &primary, &sampling, &fresh, 1, gone, 1);
    expect_uses(store, &primary, "2 10-20/0 100:1@20#2");
}

static void test_nodes_apart(void)
{
    AUTO(store) store = store_open(NULL);
    put_uses(store, &primary, 10, first_uses, 1);
    put_uses(store, &nameless, 10, first_uses, 1);
    expect_uses(store, &replica, "0 0-0/0");
    expect_uses(store, &other_database, "0 0-0/0");
    expect_uses(store, &other_cluster, "0 0-0/0");
    expect_uses(store, &nameless, "0 0-0/0");
    store_use_moved(store, &nameless, 100, 200);
    store_sizes_put(store, &nameless, 10, NULL, 0);
    g_assert_cmpstr(store_trouble(store), ==, NULL);
    expect_uses(store, &primary, "1 10-10/7 100:5@10#1");
}

static void test_moved(void)
{
    static const struct store_use meanwhile = {200, 0, 20, 2, false};
    AUTO(store) store = store_open(NULL);
    put_uses(store, &primary, 10, first_uses, 1);
    put_uses(store, &replica, 10, first_uses, 1);
    put_uses(store, &other_database, 10, first_uses, 1);
    put_uses(store, &other_cluster, 10, first_uses, 1);
    put_uses(store, &primary, 20, &meanwhile, 1);
    store_use_moved(store, &primary, 100, 200);
    expect_uses(store, &primary, "2 10-20/7 200:5@10#1");
    expect_uses(store, &replica, "1 10-10/7 200:5@10#1");
    expect_uses(store, &other_database, "1 10-10/7 100:5@10#1");
    expect_uses(store, &other_cluster, "1 10-10/7 100:5@10#1");
    store_use_moved(store, &primary, 100, 300);
    expect_uses(store, &primary, "2 10-20/7 200:5@10#1");
}

/* ---- sizes -------------------------------------------------------------------------------- */

/* A Monday, 2026-06-01 00:00 UTC, and times by week and day from there. */
#define AT(week, day) ((G_GINT64_CONSTANT(20605) + (week) *7 + (day)) * G_TIME_SPAN_DAY)

static int compare_text(gconstpointer left, gconstpointer right)
{
    return strcmp(*(const char *const *) left, *(const char *const *) right);
}

/* Days after AT(0, 0). */
static void append_size(const struct store_size *size, gpointer data)
{
    g_ptr_array_add(data, g_strdup_printf("%u.%u:%d/%g@%g ", size->oid, size->filenode,
                                          (int) size->bytes, size->rows,
                                          (double) (size->at_us - AT(0, 0)) / G_TIME_SPAN_DAY));
}

static char *in_order(GPtrArray *sizes)
{
    g_ptr_array_sort(sizes, compare_text);
    g_ptr_array_add(sizes, NULL);
    return g_strjoinv("", (char **) sizes->pdata);
}

static void expect_before(struct store *store, const struct store_node *node, gint64 before,
                          const char *expected)
{
    g_autoptr(GPtrArray) sizes = g_ptr_array_new_with_free_func(g_free);
    store_sizes_before(store, node, before, append_size, sizes);
    g_autofree char *text = in_order(sizes);
    g_assert_cmpstr(text, ==, expected);
}

static void expect_best(struct store *store, const struct store_node *node,
                        const char *expected)
{
    g_autoptr(GPtrArray) sizes = g_ptr_array_new_with_free_func(g_free);
    store_sizes_best(store, node, append_size, sizes);
    g_autofree char *text = in_order(sizes);
    g_assert_cmpstr(text, ==, expected);
}

static void put_size(struct store *store, gint64 at, guint oid, guint filenode, gint64 bytes,
                     double rows)
{
    const struct store_size size = {
        .oid = oid, .filenode = filenode, .bytes = bytes, .rows = rows};
    store_sizes_put(store, &primary, at, &size, 1);
    g_assert_cmpstr(store_trouble(store), ==, NULL);
}

static int count_rows(struct store *store, const char *table)
{
    sqlite3_stmt *handle;
    g_autofree char *sql = g_strdup_printf("SELECT count(*) FROM %s", table);
    g_assert_cmpint(sqlite3_prepare_v2(store->db, sql, -1, &handle, NULL), ==, SQLITE_OK);
    g_assert_cmpint(sqlite3_step(handle), ==, SQLITE_ROW);
    const int count = sqlite3_column_int(handle, 0);
    sqlite3_finalize(handle);
    return count;
}

static void test_weeks(void)
{
    AUTO(store) store = store_open(NULL);
    expect_before(store, &primary, AT(9, 0), "");
    put_size(store, AT(0, 1), 100, 1, 8192, 10);
    put_size(store, AT(0, 3), 100, 1, 16384, 20); /* the newest of a week is kept */
    put_size(store, AT(1, 0), 100, 1, 16384, 20); /* no change, no row */
    put_size(store, AT(2, 6), 100, 1, 24576, -1);
    put_size(store, AT(3, 0), 100, 1, 32768, 40);

    expect_before(store, &primary, AT(0, 2), "");
    expect_before(store, &primary, AT(0, 3), "100.1:16384/20@3 ");
    expect_before(store, &primary, AT(0, 6), "100.1:16384/20@3 ");
    expect_before(store, &primary, AT(1, 0), "100.1:16384/20@7 ");
    expect_before(store, &primary, AT(2, 5), "100.1:16384/20@7 ");
    expect_before(store, &primary, AT(2, 6), "100.1:24576/-1@20 ");
    expect_before(store, &primary, AT(9, 0), "100.1:32768/40@21 ");
    expect_before(store, &replica, AT(9, 0), "");
    g_assert_cmpint(count_rows(store, "relation_week"), ==, 2);
}

static void test_sizes_of_many(void)
{
    static const struct store_size first[] = {
        {.oid = 300, .filenode = 3, .bytes = 8192, .rows = 1},
        {.oid = 100, .filenode = 1, .bytes = 8192, .rows = 1},
        {.oid = 200, .filenode = 2, .bytes = 8192, .rows = 1},
    };
    static const struct store_size second[] = {
        {.oid = 400, .filenode = 4, .bytes = 8192, .rows = 1},
        {.oid = 200, .filenode = 2, .bytes = 16384, .rows = 1},
        {.oid = 50, .filenode = 5, .bytes = 8192, .rows = 1},
        {.oid = 100, .filenode = 1, .bytes = 8192, .rows = 1},
    };
    AUTO(store) store = store_open(NULL);
    store_sizes_put(store, &primary, AT(0, 0), first, G_N_ELEMENTS(first));
    store_sizes_put(store, &primary, AT(1, 0), second, G_N_ELEMENTS(second));
    expect_before(store, &primary, AT(0, 0), "100.1:8192/1@0 200.2:8192/1@0 300.3:8192/1@0 ");
    expect_before(store, &primary, AT(1, 0),
                  "100.1:8192/1@7 200.2:16384/1@7 300.3:8192/1@7 400.4:8192/1@7 "
                  "50.5:8192/1@7 ");
}

/* A quiet sample notes the day and the node, and once in four weeks that all are still there. */
static void test_quiet_sizes(void)
{
    enum { MANY = 1000 };
    struct store_size sizes[MANY];
    AUTO(store) store = store_open(NULL);
    for (guint i = 0; i < MANY; i++)
        sizes[i] = (struct store_size){.oid = i + 1, .filenode = i, .bytes = 8192, .rows = 3};
    store_sizes_put(store, &primary, AT(0, 0), sizes, MANY);
    int before = sqlite3_total_changes(store->db);
    store_sizes_put(store, &primary, AT(0, 0) + 1, sizes, MANY);
    store_sizes_put(store, &primary, AT(3, 6), sizes, MANY);
    g_assert_cmpint(sqlite3_total_changes(store->db) - before, ==, 4);
    before = sqlite3_total_changes(store->db);
    store_sizes_put(store, &primary, AT(4, 0), sizes, MANY);
    g_assert_cmpint(sqlite3_total_changes(store->db) - before, ==, MANY + 2);
    g_assert_cmpint(count_rows(store, "relation_week"), ==, 0);
}

static void test_best(void)
{
    AUTO(store) store = store_open(NULL);
    put_size(store, AT(0, 0), 100, 1, 8192, 0); /* an empty one says nothing */
    put_size(store, AT(0, 0), 100, 1, 8192, -1);
    expect_best(store, &primary, "");
    put_size(store, AT(0, 1), 100, 1, 40960, 400);
    put_size(store, AT(0, 2), 100, 1, 32768, 400);
    put_size(store, AT(0, 3), 100, 1, 81920, 500);
    put_size(store, AT(2, 0), 100, 1, 65536, -1);
    expect_best(store, &primary, "100.1:32768/400@2 ");
    put_size(store, AT(3, 0), 100, 1, 65536, 800); /* as good: the first one stays */
    expect_best(store, &primary, "100.1:32768/400@2 ");
    put_size(store, AT(3, 1), 100, 1, 65536, 801);
    expect_best(store, &primary, "100.1:65536/801@22 ");
    expect_best(store, &replica, "");
}

/* Built anew: what was before says nothing any more, be it better or worse. */
static void test_best_per_filenode(void)
{
    AUTO(store) store = store_open(NULL);
    put_size(store, AT(0, 0), 100, 1, 8192, 400);
    put_size(store, AT(0, 1), 100, 2, 8192, 300);
    expect_best(store, &primary, "100.2:8192/300@1 ");
    put_size(store, AT(0, 2), 100, 3, 8192, -1);
    expect_best(store, &primary, "");
    put_size(store, AT(0, 3), 100, 3, 8192, 2);
    expect_best(store, &primary, "100.3:8192/2@3 ");
}

static void test_sizes_moved(void)
{
    AUTO(store) store = store_open(NULL);
    put_size(store, AT(0, 0), 100, 1, 16384, 400);
    put_size(store, AT(1, 0), 100, 1, 81920, 400);
    store_use_moved(store, &primary, 100, 200);
    expect_before(store, &primary, AT(0, 0), "200.1:16384/400@0 ");
    put_size(store, AT(1, 1), 200, 7, 8192, 400);
    expect_before(store, &primary, AT(0, 0), "200.1:16384/400@0 ");
    expect_before(store, &primary, AT(1, 1), "200.7:8192/400@8 ");
    expect_best(store, &primary, "200.7:8192/400@8 ");
}

/* Two years, and what a relation was when they began. */
static void test_two_years(void)
{
    AUTO(store) store = store_open(NULL);
    for (int week = 0; week < 150; week++)
        put_size(store, AT(week, 0), 100, 1, 8192 * (week + 1), 1);
    g_assert_cmpint(count_rows(store, "relation_week"), ==, 104);
    g_assert_cmpint(count_rows(store, "size_day"), ==, 105);
    for (int week = 150; week < 300; week++)
        put_size(store, AT(week, 0), 100, 1, 8192 * 150, 1);
    g_assert_cmpint(count_rows(store, "relation_week"), ==, 1);
    expect_before(store, &primary, AT(300, 0), "100.1:1228800/1@2093 ");
    put_size(store, AT(300, 0), 100, 1, 8192, 1);
    expect_before(store, &primary, AT(299, 6), "100.1:1228800/1@2093 ");
}

/* One miss forgets nothing, a quarter of a year does. */
static void test_vanished(void)
{
    AUTO(store) store = store_open(NULL);
    put_size(store, AT(0, 0), 100, 1, 8192, 1);
    put_size(store, AT(1, 0), 100, 1, 16384, 1);
    put_size(store, AT(2, 0), 200, 2, 8192, 1);
    put_size(store, AT(13, 6), 200, 2, 8192, 1);
    expect_before(store, &primary, AT(0, 0), "100.1:8192/1@0 ");
    put_size(store, AT(14, 0), 200, 2, 8192, 1);
    expect_before(store, &primary, AT(0, 0), "");
    expect_best(store, &primary, "200.2:8192/1@14 ");
    g_assert_cmpint(count_rows(store, "relation_week"), ==, 0);
}

/* A node that nobody has asked for two years. */
static void test_node_vanished(void)
{
    static const struct store_size size = {.oid = 1, .filenode = 1, .bytes = 8192, .rows = 1};
    AUTO(store) store = store_open(NULL);
    store_sizes_put(store, &replica, AT(0, 0), &size, 1);
    put_uses(store, &replica, AT(0, 0), first_uses, 2);
    put_uses(store, &other_database, AT(4, 0), first_uses, 2);
    put_size(store, AT(104, 0), 1, 1, 8192, 1);
    g_assert_cmpint(count_rows(store, "node"), ==, 3);
    put_size(store, AT(105, 0), 1, 1, 8192, 1);
    g_assert_cmpint(count_rows(store, "node"), ==, 2);
    g_assert_cmpint(count_rows(store, "index_use"), ==, 2);
    g_assert_cmpint(count_rows(store, "relation"), ==, 1);
}

/* The clock was years ahead for a while: the next samples put that right. */
static void test_clock_set_back(void)
{
    AUTO(store) store = store_open(NULL);
    put_size(store, AT(0, 0), 100, 1, 8192, 1);
    put_size(store, AT(500, 0), 100, 1, 16384, 1);
    put_size(store, AT(600, 0), 100, 1, 24576, 1);
    put_size(store, AT(1, 0), 100, 1, 24576, 1);
    expect_before(store, &primary, AT(1, 0), "100.1:24576/1@7 ");
    put_size(store, AT(2, 0), 100, 1, 32768, 1);
    expect_before(store, &primary, AT(1, 6), "100.1:24576/1@7 ");
    expect_before(store, &primary, AT(900, 0), "100.1:32768/1@14 ");
}

/* ---- files -------------------------------------------------------------------------------- */

/* A history as the first version of the program left it. */
static char *make_old_history(const char *folder)
{
    char *path = g_build_filename(folder, "history.db", NULL);
    g_autofree char *sql =
        g_strconcat("PRAGMA journal_mode = WAL; BEGIN;", store_migrations[0],
                    "PRAGMA user_version = 1;"
                    "INSERT INTO run (section, verb, version_num, started_us, pid, pid_started)"
                    " VALUES ('vacuum', 'run', 150004, 1, 1, 1);"
                    "INSERT INTO step (run_id, number, sql) VALUES (1, 1, 'VACUUM a');"
                    "COMMIT",
                    NULL);
    sqlite3 *db = NULL;
    g_assert_cmpint(sqlite3_open(path, &db), ==, SQLITE_OK);
    g_assert_cmpint(sqlite3_exec(db, sql, NULL, NULL, NULL), ==, SQLITE_OK);
    sqlite3_close(db);
    return path;
}

static void expect_step(const struct store_step_view *step, gpointer undo)
{
    g_assert_cmpstr(step->sql, ==, "VACUUM a");
    g_assert_cmpstr(step->undo, ==, undo);
}

static void test_migration(void)
{
    static const struct store_step step = {
        .number = 1, .sql = "VACUUM a", .undo = "SELECT 1;\nSELECT 2"};
    FOLDER folder = folder_new();
    g_autofree char *path = make_old_history(folder);
    AUTO(store) store = store_open(path);
    g_assert_cmpstr(store_trouble(store), ==, NULL);
    g_assert_true(store_each_step(store, 1, expect_step, NULL, NULL));
    put_uses(store, &primary, 10, first_uses, 1);
    const gint64 run = store_run_begin(store, &usual_run);
    store_steps_planned(store, run, &step, 1);
    g_assert_cmpstr(store_trouble(store), ==, NULL);

    AUTO(store) reader = store_open_reader(path, NULL);
    expect_uses(reader, &primary, "1 10-10/7 100:5@10#1");
    g_assert_true(
        store_each_step(reader, run, expect_step, (gpointer) (guintptr) step.undo, NULL));
}

/* Who only reads has an old file as good as a new one, and leaves it as it is. */
static void test_old_file_read(void)
{
    FOLDER folder = folder_new();
    g_autofree char *path = make_old_history(folder);
    g_autofree char *before = NULL, *after = NULL;
    gsize before_size, after_size;
    g_autoptr(GError) error = NULL;
    g_assert_true(g_file_get_contents(path, &before, &before_size, NULL));
    {
        AUTO(store) reader = store_open_reader(path, &error);
        g_assert_no_error(error);
        g_assert_cmpint(runs_in(reader), ==, 1);
        g_assert_true(store_each_step(reader, 1, expect_step, NULL, NULL));
        expect_uses(reader, &primary, "0 0-0/0");
        g_assert_cmpstr(store_trouble(reader), ==, NULL);
        put_uses(reader, &primary, 10, first_uses, 1);
        g_assert_nonnull(strstr(store_trouble(reader), "it is read-only"));
    }
    g_assert_true(g_file_get_contents(path, &after, &after_size, NULL));
    g_assert_cmpuint(before_size, ==, after_size);
    g_assert_true(memcmp(before, after, before_size) == 0);
}

static void test_read_only(void)
{
    FOLDER folder = folder_new();
    g_autofree char *path = g_build_filename(folder, "history.db", NULL);
    {
        AUTO(store) store = store_open(path);
        put_uses(store, &primary, 10, first_uses, 1);
        put_size(store, AT(0, 0), 100, 1, 8192, 1);
    }
    AUTO(store) reader = store_open_reader(path, NULL);
    put_uses(reader, &primary, 20, first_uses, 2);
    g_assert_nonnull(strstr(store_trouble(reader), "it is read-only"));
    store_sizes_put(reader, &primary, AT(1, 0), NULL, 0);
    store_use_moved(reader, &primary, 100, 200);
    expect_uses(reader, &primary, "1 10-10/7 100:5@10#1");
    expect_before(reader, &primary, AT(9, 0), "100.1:8192/1@0 ");
}

/* Too large to be checked when it is opened: nothing is made of the half that can be read, and
 * nothing is written beside it. */
static void test_damaged(void)
{
    enum { MANY = 150000 };
    g_autofree struct store_use *uses = g_new0(struct store_use, MANY);
    FOLDER folder = folder_new();
    g_autofree char *path = g_build_filename(folder, "history.db", NULL);
    for (guint i = 0; i < MANY; i++)
        uses[i] = (struct store_use){.oid = i + 1, .scans = G_MAXINT64, .quiet_us = AT(0, 0)};
    {
        AUTO(store) store = store_open(path);
        put_size(store, AT(0, 0), 100, 1, 8192, 1);
        put_uses(store, &primary, 10, uses, MANY);
        g_assert_cmpstr(store_trouble(store), ==, NULL);
    }
    FILE *file = fopen(path, "r+");
    g_autofree char *garbage = g_strnfill(100000, 'x');
    g_assert_cmpint(fseek(file, -200000, SEEK_END), ==, 0);
    g_assert_cmpuint(fwrite(garbage, 1, 100000, file), ==, 100000);
    g_assert_cmpint(fclose(file), ==, 0);

    AUTO(store) store = store_open(path);
    g_assert_cmpstr(store_trouble(store), ==, NULL);
    expect_uses(store, &primary, "1 10-10/7");
    g_assert_nonnull(strstr(store_trouble(store), "damaged"));
    expect_before(store, &primary, AT(9, 0), "100.1:8192/1@0 ");
}

/* What cannot be written in full is not written at all. */
static void test_full(void)
{
    enum { MANY = 20000 };
    g_autofree struct store_use *uses = g_new0(struct store_use, MANY);
    g_autofree struct store_size *sizes = g_new0(struct store_size, MANY);
    AUTO(store) store = store_open(NULL);
    put_uses(store, &primary, 10, first_uses, 1);
    put_size(store, AT(0, 0), 100, 1, 8192, 1);
    for (guint i = 0; i < MANY; i++) {
        uses[i] = (struct store_use){.oid = i + 1, .scans = 77};
        sizes[i] = (struct store_size){.oid = i + 1, .bytes = 77};
    }
    sqlite3_exec(store->db, "PRAGMA max_page_count = 50", NULL, NULL, NULL);
    put_uses(store, &primary, 20, uses, MANY);
    g_assert_nonnull(strstr(store_trouble(store), "no space left"));
    store_sizes_put(store, &primary, AT(1, 0), sizes, MANY);
    expect_uses(store, &primary, "1 10-10/7 100:5@10#1");
    expect_before(store, &primary, AT(9, 0), "100.1:8192/1@0 ");
    put_uses(store, &primary, 30, NULL, 0);
    expect_uses(store, &primary, "2 10-30/7 100:5@10#1");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/samples/uses/first", test_first);
    g_test_add_func("/samples/uses/quiet", test_quiet);
    g_test_add_func("/samples/uses/scan-and-reset", test_scan_and_reset);
    g_test_add_func("/samples/uses/gone", test_gone);
    g_test_add_func("/samples/uses/gone-and-new", test_gone_and_new);
    g_test_add_func("/samples/uses/nodes-apart", test_nodes_apart);
    g_test_add_func("/samples/uses/moved", test_moved);
    g_test_add_func("/samples/sizes/weeks", test_weeks);
    g_test_add_func("/samples/sizes/many", test_sizes_of_many);
    g_test_add_func("/samples/sizes/quiet", test_quiet_sizes);
    g_test_add_func("/samples/sizes/best", test_best);
    g_test_add_func("/samples/sizes/best-per-filenode", test_best_per_filenode);
    g_test_add_func("/samples/sizes/moved", test_sizes_moved);
    g_test_add_func("/samples/sizes/two-years", test_two_years);
    g_test_add_func("/samples/sizes/vanished", test_vanished);
    g_test_add_func("/samples/sizes/node-vanished", test_node_vanished);
    g_test_add_func("/samples/sizes/clock-set-back", test_clock_set_back);
    g_test_add_func("/samples/files/migration", test_migration);
    g_test_add_func("/samples/files/old-file-read", test_old_file_read);
    g_test_add_func("/samples/files/read-only", test_read_only);
    g_test_add_func("/samples/files/damaged", test_damaged);
    g_test_add_func("/samples/files/full", test_full);
    return g_test_run();
}
