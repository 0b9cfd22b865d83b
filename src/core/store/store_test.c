#include "store/store.h"

#include "error.h"
#include "store/store_fixture.h"
#include "store/store_internal.h"
#include "store_queries.h"

#include <string.h>
#include <unistd.h>

/* ---- what is written is what is read ------------------------------------------------------ */

static void check_ended_run(const struct store_run_view *run, gpointer data)
{
    g_assert_cmpint(run->id, ==, *(gint64 *) data);
    g_assert_cmpstr(run->section, ==, "vacuum");
    g_assert_cmpstr(run->verb, ==, "run");
    g_assert_cmpstr(run->target, ==, "shop");
    g_assert_cmpstr(run->host, ==, "db1");
    g_assert_cmpstr(run->dbname, ==, "insightengine");
    g_assert_cmpstr(run->role, ==, "maintainer");
    g_assert_cmpstr(run->system_identifier, ==, "7300000000000000001");
    g_assert_cmpint(run->version_num, ==, 150004);
    g_assert_cmpstr(run->command_line, ==, "pgrunbook vacuum run -d insightengine");
    g_assert_cmpint(run->deadline_us, ==, 42);
    g_assert_cmpint(run->started_us, >, 0);
    g_assert_cmpint(run->ended_us, >=, run->started_us);
    g_assert_cmpstr(run->os_user, ==, g_get_user_name());
    g_assert_cmpstr(run->os_host, ==, g_get_host_name());
    g_assert_cmpint(run->pid, ==, getpid());
    g_assert_cmpstr(run->outcome, ==, "partly");
    g_assert_cmpint(run->exit_code, ==, RUNBOOK_PARTLY);
    g_assert_cmpstr(run->error, ==, "one table: \"Größe\n\"");
    g_assert_cmpstr(run->summary, ==, "{\"a\": 1}");
}

static void test_run(void)
{
    FOLDER folder = folder_new();
    g_autofree char *path = g_build_filename(folder, "a", "b", "history.db", NULL);
    g_autoptr(GError) error = NULL;
    AUTO(store) store = store_open(path);
    g_assert_cmpstr(store_trouble(store), ==, NULL);
    gint64 id = store_run_begin(store, &usual_run);
    g_assert_cmpint(id, ==, 1);
    expect_outcome(store, id, "running");
    store_run_end(store, id, "partly", RUNBOOK_PARTLY, "one table: \"Größe\n\"", "{\"a\": 1}");
    g_assert_cmpstr(store_trouble(store), ==, NULL);
    store_run_end(store, id, "done", 0, NULL, NULL); /* an end is not overwritten */

    AUTO(store) reader = store_open_reader(path, &error);
    g_assert_no_error(error);
    g_assert_false(store_in_memory(reader));
    g_assert_true(store_run_by_id(reader, id, check_ended_run, &id, &error));
    g_assert_no_error(error);
    g_assert_false(store_run_by_id(reader, 7, check_ended_run, &id, &error));
    g_assert_error(error, RUNBOOK_ERROR, RUNBOOK_USAGE);
}

/* Everything NULL that may be. */
static void test_sparse_run(void)
{
    AUTO(store) store = store_open(NULL);
    g_assert_true(store_in_memory(store));
    const struct store_run sparse = {.section = "queries", .verb = "cancel"};
    const gint64 id = store_run_begin(store, &sparse);
    store_run_end(store, id, "failed", 1, NULL, NULL);
    store_steps_planned(store, id, NULL, 0);
    const struct store_object object = {.name = "session 7", .outcome = "done"};
    store_object(store, id, &object);
    store_run_end(store, -1, "failed", 1, NULL, NULL);
    store_step_end(store, -1, 1, "done", NULL);
    store_object(store, -1, &object);
    g_assert_cmpstr(store_trouble(store), ==, NULL);
    expect_outcome(store, id, "failed");
}

static void append_run(const struct store_run_view *run, gpointer data)
{
    g_string_append_printf(data, "%s.%s ", run->section, run->target);
}

static void expect_runs(struct store *store, const char *section, const char *target, int limit,
                        const char *expected)
{
    g_autoptr(GString) list = g_string_new(NULL);
    g_assert_true(store_each_run(store, section, target, limit, append_run, list, NULL));
    g_assert_cmpstr(list->str, ==, expected);
}

static void test_list(void)
{
    static const char *const names[][2] = {{"vacuum", "a"}, {"vacuum", "b"}, {"bloat", "a"}};
    AUTO(store) store = store_open(NULL);
    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        struct store_run run = usual_run;
        run.section = names[i][0];
        run.target = names[i][1];
        store_run_begin(store, &run);
    }
    expect_runs(store, NULL, NULL, 0, "bloat.a vacuum.b vacuum.a ");
    expect_runs(store, NULL, NULL, 2, "bloat.a vacuum.b ");
    expect_runs(store, "vacuum", NULL, 0, "vacuum.b vacuum.a ");
    expect_runs(store, NULL, "a", 1, "bloat.a ");
    expect_runs(store, "vacuum", "a", 0, "vacuum.a ");
    expect_runs(store, "vacuum", "c", 0, "");
}

static void append_step(const struct store_step_view *step, gpointer data)
{
    g_string_append_printf(data, "%d %s %s %s %s attempts=%d %s%s %s%s%s\n", step->number,
                           step->object, step->sql, step->lock_mode, step->outcome,
                           step->attempts, step->started_us > 0 ? "started " : "",
                           step->ended_us > 0 ? "ended" : "open", step->detail,
                           step->undo != NULL ? " undo: " : "", step->undo ? step->undo : "");
}

static void test_steps(void)
{
    static const struct store_step steps[] = {
        {1, "public.a", "VACUUM a", "dead rows", "ShareUpdateExclusiveLock", "A;\nB"},
        {2, "public.b", "VACUUM b", "dead rows", "ShareUpdateExclusiveLock", NULL},
        {3, "public.c", "VACUUM c", NULL, NULL, NULL},
    };
    AUTO(store) store = store_open(NULL);
    const gint64 run = store_run_begin(store, &usual_run);
    store_steps_planned(store, run, steps, G_N_ELEMENTS(steps));
    store_step_begin(store, run, 1, NULL);
    store_step_end(store, run, 1, "failed", "lock timeout");
    store_step_begin(store, run, 1, "VACUUM (SKIP_LOCKED) a");
    store_step_end(store, run, 1, "done", NULL);
    store_step_begin(store, run, 2, NULL);
    store_step_end(store, run, 3, "not_reached", "window closed");

    g_autoptr(GString) list = g_string_new(NULL);
    g_assert_true(store_each_step(store, run, append_step, list, NULL));
    g_assert_cmpstr(
        list->str, ==,
        "1 public.a VACUUM (SKIP_LOCKED) a ShareUpdateExclusiveLock done attempts=2 "
        "started ended (null) undo: A;\nB\n"
        "2 public.b VACUUM b ShareUpdateExclusiveLock running attempts=1 "
        "started open (null)\n"
        "3 public.c VACUUM c (null) not_reached attempts=0 open window closed\n");
    g_assert_cmpstr(store_trouble(store), ==, NULL);
}

static void append_undone(const struct store_undone *undone, gpointer data)
{
    g_assert_cmpint(undone->at_us, >, 0);
    g_string_append_printf(data, "%d:%s;", (int) undone->run, undone->sql);
}

static void append_undo(const struct store_run_view *run, gpointer data)
{
    g_string_append_printf(data, "%d:%d:%d ", (int) run->id, (int) run->undoes,
                           (int) run->undo_run);
}

/* What of a run was taken back, and by which. */
static void test_undo(void)
{
    static const struct store_step steps[] = {{.number = 1, .sql = "A"},
                                              {.number = 2, .sql = "B"}};
    g_autoptr(GString) runs = g_string_new(NULL);
    g_autoptr(GString) undone = g_string_new(NULL);
    AUTO(store) store = store_open(NULL);
    struct store_run undo = usual_run;
    undo.undoes = store_run_begin(store, &usual_run);
    store_run_begin(store, &usual_run);
    for (int i = 0; i < 2; i++) {
        const gint64 run = store_run_begin(store, &undo);
        store_steps_planned(store, run, steps, G_N_ELEMENTS(steps));
        store_step_begin(store, run, 2 - i, NULL);
        store_step_end(store, run, 2 - i, "done", NULL);
    }
    g_assert_true(store_each_run(store, NULL, NULL, 0, append_undo, runs, NULL));
    g_assert_cmpstr(runs->str, ==, "4:1:0 3:1:0 2:0:0 1:0:4 ");
    g_assert_true(store_each_undone(store, 1, append_undone, undone, NULL));
    g_assert_true(store_each_undone(store, 2, append_undone, undone, NULL));
    g_assert_cmpstr(undone->str, ==, "3:B;4:A;");
    g_assert_cmpstr(store_trouble(store), ==, NULL);
}

static void append_object(const struct store_object *object, gpointer data)
{
    g_string_append_printf(data, "%d %s.%s %s %s %g %d %s %s\n", object->step, object->schema,
                           object->name, object->outcome, object->reason, object->seconds,
                           (int) object->bytes, object->before, object->after);
}

static void test_objects(void)
{
    static const struct store_object objects[] = {
        {0, "s", "skipped", "skipped", "clean", 0, 0, NULL, NULL},
        {2, "s", "b", "not_reached", NULL, 0, 0, NULL, NULL},
        {1, "S 🐘\"", "a", "done", "dead rows", 1.5, 8192, "{\"dead\": 9}", "{\"dead\": 0}"},
        {2, "s", "b", "failed", "again", 0.5, 1, NULL, NULL},
    };
    AUTO(store) store = store_open(NULL);
    const gint64 run = store_run_begin(store, &usual_run);
    for (guint i = 0; i < G_N_ELEMENTS(objects); i++)
        store_object(store, run, &objects[i]);
    g_autoptr(GString) list = g_string_new(NULL);
    g_assert_true(store_each_object(store, run, append_object, list, NULL));
    g_assert_cmpstr(list->str, ==,
                    "1 S 🐘\".a done dead rows 1.5 8192 {\"dead\": 9} {\"dead\": 0}\n"
                    "2 s.b failed again 0.5 1 (null) (null)\n"
                    "0 s.skipped skipped clean 0 0 (null) (null)\n");
}

/* ---- what earlier runs teach -------------------------------------------------------------- */

static void append_name(const struct store_object *object, gpointer data)
{
    g_string_append_printf(data, "%s:%g ", object->name, object->seconds);
}

static void expect_last_done(struct store *store, const struct store_scope *scope,
                             const char *expected)
{
    g_autoptr(GString) list = g_string_new(NULL);
    store_last_done(store, scope, append_name, list);
    g_assert_cmpstr(list->str, ==, expected);
}

static void expect_not_reached(struct store *store, const struct store_scope *scope,
                               const char *expected)
{
    g_autoptr(GString) list = g_string_new(NULL);
    store_not_reached(store, scope, append_name, list);
    g_assert_cmpstr(list->str, ==, expected);
}

/* A run of somebody else: same section, but another cluster or database. */
static void put_foreign_runs(struct store *store)
{
    struct store_run cluster = usual_run, database = usual_run, unknown = usual_run;
    cluster.system_identifier = "1";
    database.dbname = "other";
    unknown.system_identifier = NULL;
    const struct store_run *const runs[] = {&cluster, &database, &unknown};
    for (guint i = 0; i < G_N_ELEMENTS(runs); i++) {
        const gint64 run = store_run_begin(store, runs[i]);
        put_object(store, run, "a", "done", 99);
        put_object(store, run, "foreign", "not_reached", 0);
        store_run_end(store, run, "partly", 5, NULL, NULL);
    }
}

static void test_last_done(void)
{
    AUTO(store) store = store_open(NULL);
    const gint64 first = store_run_begin(store, &usual_run);
    put_object(store, first, "a", "done", 1);
    put_object(store, first, "b", "done", 2);
    put_object(store, first, "never", "failed", 3);
    const gint64 second = store_run_begin(store, &usual_run);
    put_object(store, second, "a", "done", 4);
    put_object(store, second, "b", "skipped", 5);
    const gint64 third = store_run_begin(store, &usual_run);
    put_object(store, third, "a", "done", 0);
    put_foreign_runs(store);
    expect_last_done(store, &usual_scope, "a:4 b:2 ");

    struct store_scope scope = usual_scope;
    scope.section = "bloat";
    expect_last_done(store, &scope, "");
    scope = usual_scope;
    scope.system_identifier = NULL;
    expect_last_done(store, &scope, "");
}

/* A finished run that left `name` (NULL: nothing) unreached. */
static void put_run(struct store *store, const char *outcome, const char *name)
{
    const gint64 run = store_run_begin(store, &usual_run);
    if (name != NULL) {
        put_object(store, run, "reached", "done", 1);
        put_object(store, run, name, "not_reached", 0);
    }
    store_run_end(store, run, outcome, 0, NULL, NULL);
}

static void test_not_reached(void)
{
    AUTO(store) store = store_open(NULL);
    expect_not_reached(store, &usual_scope, "");
    put_run(store, "partly", "old");
    put_run(store, "interrupted", "newer");
    expect_not_reached(store, &usual_scope, "newer:0 ");
    put_foreign_runs(store);
    expect_not_reached(store, &usual_scope, "newer:0 ");
    put_run(store, "refused", NULL);
    put_run(store, "failed", NULL);
    expect_not_reached(store, &usual_scope, "newer:0 ");

    /* Our own process is alive, so this run is not over. */
    const gint64 running = store_run_begin(store, &usual_run);
    put_object(store, running, "pending", "not_reached", 0);
    expect_not_reached(store, &usual_scope, "newer:0 ");
    put_run(store, "done", NULL);
    expect_not_reached(store, &usual_scope, "");

    struct store_scope unknown = usual_scope;
    unknown.system_identifier = NULL;
    expect_not_reached(store, &unknown, "");
}

/* ---- schema ------------------------------------------------------------------------------- */

static void test_statements(void)
{
    AUTO(store) store = store_open(NULL);
    for (guint i = 0; store_queries[i] != NULL; i++) {
        const struct query *query = store_queries[i];
        sqlite3_stmt *statement = NULL;
        g_test_message("%s", query->name);
        g_assert_cmpint(sqlite3_prepare_v2(store->db, query->sql, -1, &statement, NULL), ==,
                        SQLITE_OK);
        const int columns = sqlite3_column_count(statement);
        g_assert_cmpint(columns, ==, g_strv_length((GStrv) (guintptr) query->columns));
        for (int c = 0; c < columns; c++)
            g_assert_cmpstr(sqlite3_column_name(statement, c), ==, query->columns[c]);
        const int parameters = sqlite3_bind_parameter_count(statement);
        g_assert_cmpint(parameters, ==, g_strv_length((GStrv) (guintptr) query->param_types));
        for (int p = 1; p <= parameters; p++) {
            g_autofree char *name = g_strdup_printf("$%d", p);
            g_assert_cmpint(sqlite3_bind_parameter_index(statement, name), >, 0);
        }
        sqlite3_finalize(statement);
    }
}

static void test_permissions(void)
{
    FOLDER folder = folder_new();
    g_autofree char *state = g_build_filename(folder, "state", NULL);
    g_autofree char *path = g_build_filename(state, "history.db", NULL);
    g_autofree char *wal = g_strconcat(path, "-wal", NULL);
    AUTO(store) store = store_open(path);
    store_run_begin(store, &usual_run);
    GStatBuf file;
    g_assert_cmpint(g_stat(state, &file), ==, 0);
    g_assert_cmpint(file.st_mode & 0777, ==, 0700);
    g_assert_cmpint(g_stat(path, &file), ==, 0);
    g_assert_cmpint(file.st_mode & 0777, ==, 0600);
    g_assert_cmpint(g_stat(wal, &file), ==, 0);
    g_assert_cmpint(file.st_mode & 0777, ==, 0600);
}

/* Not a measurement: 20,000 rows one by one, each with its own flush, would never end. */
static void test_many_objects(void)
{
    enum { MANY = 20000 };
    FOLDER folder = folder_new();
    g_autofree char *path = g_build_filename(folder, "history.db", NULL);
    AUTO(store) store = store_open(path);
    const gint64 run = store_run_begin(store, &usual_run);
    const gint64 start_us = g_get_monotonic_time();
    store_begin(store);
    for (int i = 0; i < MANY; i++) {
        g_autofree char *name = g_strdup_printf("table_%d", i);
        put_object(store, run, name, "skipped", 0);
    }
    store_commit(store);
    g_test_message("%d objects in %.3f s", MANY,
                   (double) (g_get_monotonic_time() - start_us) / G_USEC_PER_SEC);
    g_autoptr(GString) list = g_string_new(NULL);
    g_assert_true(store_each_object(store, run, append_name, list, NULL));
    g_auto(GStrv) names = g_strsplit(list->str, " ", -1);
    g_assert_cmpuint(g_strv_length(names) - 1, ==, MANY);
    g_assert_cmpstr(store_trouble(store), ==, NULL);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/store/run", test_run);
    g_test_add_func("/store/sparse_run", test_sparse_run);
    g_test_add_func("/store/list", test_list);
    g_test_add_func("/store/steps", test_steps);
    g_test_add_func("/store/undo", test_undo);
    g_test_add_func("/store/objects", test_objects);
    g_test_add_func("/store/last_done", test_last_done);
    g_test_add_func("/store/not_reached", test_not_reached);
    g_test_add_func("/store/statements", test_statements);
    g_test_add_func("/store/permissions", test_permissions);
    g_test_add_func("/store/many_objects", test_many_objects);
    return g_test_run();
}
