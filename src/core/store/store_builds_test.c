#include "store/store_builds.h"

#include "store/store_fixture.h"

#include <sys/wait.h>
#include <unistd.h>

static const struct store_build usual_build = {
    .step = 1,
    .schema = "public",
    .name = "orders_pkey",
    .table_oid = 4000000001,
    .index_oid = 4000000002,
    .before = "{5,6}",
    .built = "{}",
    .unseen = 1,
};

static void put(struct store *store, gint64 run, int step, const char *built)
{
    struct store_build build = usual_build;

    build.run = run;
    build.step = step;
    build.built = built;
    store_build_put(store, &build);
}

static void append(const struct store_build *build, gpointer data)
{
    g_assert_cmpstr(build->schema, ==, "public");
    g_assert_cmpstr(build->name, ==, "orders_pkey");
    g_assert_cmpuint(build->table_oid, ==, 4000000001);
    g_assert_cmpuint(build->index_oid, ==, 4000000002);
    g_assert_cmpstr(build->before, ==, "{5,6}");
    g_assert_cmpint(build->unseen, ==, 1);
    g_string_append_printf(data, "%d/%d%s ", (int) build->run, build->step, build->built);
}

static void expect_left(struct store *store, const char *expected)
{
    g_autoptr(GString) left = g_string_new(NULL);

    store_builds_left(store, usual_run.system_identifier, usual_run.dbname, append, left);
    g_assert_cmpstr(left->str, ==, expected);
    g_assert_cmpstr(store_trouble(store), ==, NULL);
}

static void count(const struct store_build *build, gpointer data)
{
    g_assert_nonnull(build);
    (*(int *) data)++;
}

static void test_left(void)
{
    AUTO(store) store = store_open(NULL);
    gint64 first = store_run_begin(store, &usual_run);
    gint64 second = store_run_begin(store, &usual_run);
    int elsewhere = 0;

    put(store, first, 1, "{}");
    put(store, first, 2, "{7}");
    put(store, second, 1, "{}");
    put(store, -1, 1, "{}");
    expect_left(store, ""); /* both are at work */
    store_run_end(store, second, "interrupted", 130, NULL, NULL);
    expect_left(store, "2/1{} ");
    store_run_end(store, first, "partly", 5, NULL, NULL);
    put(store, first, 1, "{8,9}");
    expect_left(store, "1/1{8,9} 1/2{7} 2/1{} ");
    store_build_end(store, first, 2);
    store_build_end(store, first, 3);
    store_build_end(store, -1, 1);
    expect_left(store, "1/1{8,9} 2/1{} ");
    store_builds_left(store, "another cluster", usual_run.dbname, count, &elsewhere);
    store_builds_left(store, usual_run.system_identifier, "another", count, &elsewhere);
    store_builds_left(store, NULL, usual_run.dbname, count, &elsewhere);
    g_assert_cmpint(elsewhere, ==, 0);
}

static void test_died(void)
{
    FOLDER folder = folder_new();
    g_autofree char *path = g_build_filename(folder, "history.db", NULL);
    const pid_t child = fork();
    int status = -1;

    if (child == 0) {
        struct store *store = store_open(path);
        put(store, store_run_begin(store, &usual_run), 1, "{7}");
        _exit(store_trouble(store) == NULL ? 0 : 1);
    }
    g_assert_cmpint(waitpid(child, &status, 0), ==, child);
    g_assert_cmpint(status, ==, 0);
    AUTO(store) store = store_open(path);
    expect_left(store, "1/1{7} ");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/store/builds/left", test_left);
    g_test_add_func("/store/builds/died", test_died);
    return g_test_run();
}
