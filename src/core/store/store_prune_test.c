#include "store/store_builds.h"
#include "store/store_fixture.h"
#include "store/store_internal.h"

#define DAYS(count) ((gint64) (count) *G_TIME_SPAN_DAY)

/* A run that started and ended so many days ago, with a step. */
static gint64 put_run(struct store *store, int days, const char *outcome, const char *undo)
{
    const struct store_step step = {.number = 1, .object = "a", .sql = "A", .undo = undo};
    const gint64 run = store_run_begin(store, &usual_run);
    store_steps_planned(store, run, &step, 1);
    store_step_end(store, run, 1, "done", NULL);
    put_object(store, run, "a", "done", 1);
    store_run_end(store, run, outcome, 0, NULL, NULL);
    g_autofree char *sql = g_strdup_printf("UPDATE run SET started_us = %" G_GINT64_FORMAT
                                           " WHERE id = %" G_GINT64_FORMAT,
                                           g_get_real_time() - DAYS(days), run);
    g_assert_cmpint(sqlite3_exec(store->db, sql, NULL, NULL, NULL), ==, SQLITE_OK);
    return run;
}

static void append_id(gint64 run, gpointer data)
{
    g_string_append_printf(data, "%d ", (int) run);
}

/* The runs older than 100 days that may be forgotten. */
static void expect_old(struct store *store, const char *expected)
{
    g_autoptr(GString) old = g_string_new(NULL);
    store_old_runs(store, g_get_real_time() - DAYS(100), append_id, old);
    g_assert_cmpstr(old->str, ==, expected);
    g_assert_cmpstr(store_trouble(store), ==, NULL);
}

static void test_age(void)
{
    AUTO(store) store = store_open(NULL);
    expect_old(store, "");
    put_run(store, 300, "done", NULL);
    put_run(store, 101, "failed", NULL);
    put_run(store, 99, "done", NULL);
    put_run(store, 1, "done", NULL);
    expect_old(store, "1 2 ");
}

static void count_object(const struct store_object *object, gpointer data)
{
    g_assert_nonnull(object);
    (*(int *) data)++;
}

static void test_forgotten(void)
{
    AUTO(store) store = store_open(NULL);
    int objects = 0;
    put_run(store, 300, "done", NULL);
    put_run(store, 200, "done", NULL);
    put_run(store, 1, "done", NULL);
    g_assert_cmpuint(store_prune(store, g_get_real_time() - DAYS(100)), ==, 2);
    g_assert_cmpuint(store_prune(store, g_get_real_time() - DAYS(100)), ==, 0);
    g_assert_cmpint(runs_in(store), ==, 1);
    store_each_object(store, 1, count_object, &objects, NULL);
    g_assert_cmpint(objects, ==, 0);
    store_each_object(store, 3, count_object, &objects, NULL);
    g_assert_cmpint(objects, ==, 1);
    g_assert_cmpstr(store_trouble(store), ==, NULL);
}

/* However old: of every section and database, and the one that knows what it reached. */
static void test_newest_stay(void)
{
    struct store_run other = usual_run;
    AUTO(store) store = store_open(NULL);
    put_run(store, 900, "partly", NULL);
    put_run(store, 800, "done", NULL);
    put_run(store, 700, "refused", NULL);
    put_run(store, 600, "refused", NULL);
    expect_old(store, "1 3 ");
    other.section = "bloat";
    store_run_begin(store, &other);
    other = usual_run;
    other.dbname = "shop";
    store_run_begin(store, &other);
    other.system_identifier = NULL;
    store_run_begin(store, &other);
    g_assert_cmpint(
        sqlite3_exec(store->db, "UPDATE run SET started_us = 1 WHERE id > 4", NULL, NULL, NULL),
        ==, SQLITE_OK);
    expect_old(store, "1 3 ");
}

/* What can be taken back is kept twice as long, and no longer once it was. */
static void test_undo(void)
{
    struct store_run undo = usual_run;
    AUTO(store) store = store_open(NULL);
    put_run(store, 201, "done", "B");
    put_run(store, 199, "done", "B");
    put_run(store, 198, "done", "B");
    undo.undoes = put_run(store, 197, "done", "B");
    put_run(store, 1, "done", NULL);
    expect_old(store, "1 ");
    store_run_end(store, store_run_begin(store, &undo), "failed", 1, NULL, NULL);
    expect_old(store, "1 ");
    store_run_end(store, store_run_begin(store, &undo), "done", 0, NULL, NULL);
    expect_old(store, "1 4 ");
    g_assert_cmpuint(store_prune(store, g_get_real_time() - DAYS(100)), ==, 2);
    g_assert_cmpint(runs_in(store), ==, 5);
    g_assert_cmpstr(store_trouble(store), ==, NULL);
}

/* What it may have left invalid is still to be removed. */
static void test_builds(void)
{
    AUTO(store) store = store_open(NULL);
    const gint64 run = put_run(store, 300, "failed", NULL);
    const struct store_build build = {.run = run,
                                      .step = 1,
                                      .schema = "public",
                                      .name = "a",
                                      .table_oid = 7,
                                      .before = "{}",
                                      .built = "{}"};
    put_run(store, 1, "done", NULL);
    expect_old(store, "1 ");
    store_build_put(store, &build);
    expect_old(store, "");
    store_build_end(store, run, 1);
    expect_old(store, "1 ");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/prune/age", test_age);
    g_test_add_func("/prune/forgotten", test_forgotten);
    g_test_add_func("/prune/newest-stay", test_newest_stay);
    g_test_add_func("/prune/undo", test_undo);
    g_test_add_func("/prune/builds", test_builds);
    return g_test_run();
}
