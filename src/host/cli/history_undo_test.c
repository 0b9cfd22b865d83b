#include "cli/history_undo.h"

#include "error.h"
#include "feature.h"
#include "store/store_fixture.h"

#include <string.h>

const struct feature *const features[] = {NULL};

/* ---- statements --------------------------------------------------------------------------- */

static void expect_statements(const char *undo, const char *expected)
{
    g_auto(GStrv) statements = undo_statements(undo);
    g_autofree char *joined = g_strjoinv("|", statements);
    g_assert_cmpstr(joined, ==, expected);
}

static void test_statements(void)
{
    expect_statements("A", "A");
    expect_statements("A;\nB", "A|B");
    expect_statements(" A ;\n\n;\nB;\n", "A|B");
    expect_statements("COMMENT ON INDEX a IS 'x;y'", "COMMENT ON INDEX a IS 'x;y'");
    expect_statements("", "");
}

static void expect_index(const char *sql, const char *expected)
{
    struct undo_index index = {0};
    g_autofree char *found =
        undo_index_parse(sql, &index)
            ? g_strdup_printf("%s|%s|%s", index.schema, index.table, index.name)
            : NULL;
    g_assert_cmpstr(found, ==, expected);
    undo_index_clear(&index);
}

static void test_index(void)
{
    expect_index("CREATE INDEX CONCURRENTLY a ON public.t USING btree (x)", "public|t|a");
    expect_index("create unique index concurrently a on public.t(x)", "public|t|a");
    expect_index("CREATE INDEX CONCURRENTLY \"A \"\"b\"\" ON x\" ON ONLY \"a.b\".\"T t\" (x)",
                 "a.b|T t|A \"b\" ON x");
    expect_index("CREATE INDEX CONCURRENTLY größe ON public.\"Tür\" (x)", "public|Tür|größe");
    expect_index("CREATE INDEX a ON public.t (x)", NULL);
    expect_index("CREATE INDEX CONCURRENTLY a ON t (x)", NULL);
    expect_index("CREATE INDEX CONCURRENTLY ON public.t (x)", NULL);
    expect_index("CREATE INDEX CONCURRENTLY \"a ON public.t (x)", NULL);
    expect_index("CREATE INDEX CONCURRENTLY a", NULL);
    expect_index("CREATE INDEX CONCURRENTLY", NULL);
    expect_index("DROP INDEX CONCURRENTLY public.a", NULL);
    expect_index("", NULL);
}

/* ---- what is to do ------------------------------------------------------------------------ */

#define BUILD_A "CREATE INDEX CONCURRENTLY a ON public.t (x)"
#define BUILD_B "CREATE INDEX CONCURRENTLY b ON public.t (y)"
#define COMMENT "COMMENT ON INDEX public.b IS 'x'"

/* A run that dropped two indexes and did something that cannot be taken back. */
static const struct store_step dropped[] = {
    {.number = 1, .object = "a", .sql = "DROP a", .undo = BUILD_A},
    {.number = 2, .object = "t", .sql = "VACUUM t"},
    {.number = 3,
     .object = "b",
     .sql = "DROP b",
     .undo =
         "SET default_tablespace = 'fast';\n" BUILD_B ";\nRESET default_tablespace;\n" COMMENT},
};

static gint64 put_run(struct store *store, const char *first, const char *last)
{
    const gint64 run = store_run_begin(store, &usual_run);
    store_steps_planned(store, run, dropped, G_N_ELEMENTS(dropped));
    for (int i = 1; i <= 3; i++)
        store_step_begin(store, run, i, NULL);
    if (first != NULL)
        store_step_end(store, run, 1, first, NULL);
    store_step_end(store, run, 2, "done", NULL);
    if (last != NULL)
        store_step_end(store, run, 3, last, NULL);
    return run;
}

static struct undo *read_undo(struct store *store, gint64 run)
{
    g_autoptr(GError) error = NULL;
    struct undo *undo = undo_read(store, run, &error);
    g_assert_no_error(error);
    return undo;
}

static void expect_todo(struct store *store, gint64 run, const char *expected)
{
    AUTO(undo) undo = read_undo(store, run);
    g_autoptr(GString) pending = g_string_new(NULL);
    for (guint i = 0; i < undo->pending->len; i++) {
        const struct undo_step *step = g_ptr_array_index(undo->pending, i);
        g_string_append_printf(pending, "%d %s\n", step->of, step->sql);
    }
    g_assert_cmpstr(pending->str, ==, expected);
}

#define SETS   "3 SET default_tablespace = 'fast'\n"
#define RESETS "3 RESET default_tablespace\n"

static void test_todo(void)
{
    AUTO(store) store = store_open(NULL);
    expect_todo(store, put_run(store, "done", "done"),
                SETS "3 " BUILD_B "\n" RESETS "3 " COMMENT "\n1 " BUILD_A "\n");
    expect_todo(store, put_run(store, "done", "failed"), "1 " BUILD_A "\n");
    expect_todo(store, put_run(store, "not_reached", NULL), "");
}

/* A run that took statements back. */
static void put_undo(struct store *store, gint64 run, const char *done, const char *failed)
{
    struct store_run undo = usual_run;
    undo.undoes = run;
    const struct store_step steps[] = {{.number = 1, .sql = done},
                                       {.number = 2, .sql = "SET default_tablespace = 'fast'"},
                                       {.number = 3, .sql = failed}};
    const gint64 id = store_run_begin(store, &undo);
    store_steps_planned(store, id, steps, G_N_ELEMENTS(steps));
    store_step_end(store, id, 1, "done", NULL);
    store_step_end(store, id, 2, "done", NULL);
    store_step_end(store, id, 3, "failed", NULL);
    store_run_end(store, id, "partly", RUNBOOK_PARTLY, NULL, NULL);
}

/* What was done is not done again, settings are made again for what is left. */
static void test_resumed(void)
{
    AUTO(store) store = store_open(NULL);
    const gint64 run = put_run(store, "done", "done");
    store_run_end(store, run, "done", 0, NULL, NULL);
    put_undo(store, run, BUILD_B, BUILD_A);
    expect_todo(store, run, SETS RESETS "3 " COMMENT "\n1 " BUILD_A "\n");
    put_undo(store, run, COMMENT, BUILD_A);
    expect_todo(store, run, "1 " BUILD_A "\n");
    put_undo(store, run, BUILD_A, "x");
    expect_todo(store, run, "");
}

/* Each step by itself; who did it is who did the last of it. */
static void test_extent(void)
{
    AUTO(store) store = store_open(NULL);
    const gint64 run = put_run(store, "done", "done");
    AUTO(undo) none = read_undo(store, run);
    g_assert_cmpint(undo_extent_of(none, 1), ==, UNDO_NOT);
    g_assert_null(undo_last_of(none, 1, G_MAXINT64));
    put_undo(store, run, BUILD_B, BUILD_A);
    AUTO(undo) part = read_undo(store, run);
    g_assert_cmpint(undo_extent_of(part, 1), ==, UNDO_NOT);
    g_assert_cmpint(undo_extent_of(part, 3), ==, UNDO_PARTLY);
    g_assert_cmpint(undo_last_of(part, 3, G_MAXINT64)->run, ==, run + 1);
    put_undo(store, run, COMMENT, BUILD_A);
    put_undo(store, run, BUILD_A, "x");
    AUTO(undo) whole = read_undo(store, run);
    g_assert_cmpint(undo_extent_of(whole, 1), ==, UNDO_WHOLLY);
    g_assert_cmpint(undo_extent_of(whole, 3), ==, UNDO_WHOLLY);
    g_assert_cmpint(undo_last_of(whole, 3, G_MAXINT64)->run, ==, run + 2);
    g_assert_cmpint(undo_last_of(whole, 3, G_MAXINT64)->at_us, >, 0);
    g_assert_null(undo_last_of(whole, 3, 1));
    g_assert_cmpint(undo_extent_of(whole, 2), ==, UNDO_NOT);
}

/* ---- gates -------------------------------------------------------------------------------- */

static void expect_refused(struct store *store, gint64 run, const char *expected)
{
    g_autoptr(GError) error = NULL;
    AUTO(undo) undo = read_undo(store, run);
    const bool possible = undo_possible(undo, &error);
    if (expected == NULL) {
        g_assert_no_error(error);
        g_assert_true(possible);
        return;
    }
    g_assert_false(possible);
    g_assert_error(error, RUNBOOK_ERROR, RUNBOOK_REFUSED);
    g_assert_nonnull(strstr(error->message, expected));
    g_assert_nonnull(strstr(error->message, "hint:"));
}

static gint64 end(struct store *store, gint64 run)
{
    store_run_end(store, run, "done", 0, NULL, NULL);
    return run;
}

static void test_possible(void)
{
    AUTO(store) store = store_open(NULL);
    const gint64 run = put_run(store, "done", "done");
    expect_refused(store, run, "is still at work");
    expect_refused(store, end(store, run), NULL);
    put_undo(store, run, BUILD_A, BUILD_B);
    expect_refused(store, run, NULL);
    put_undo(store, run, BUILD_B, COMMENT);
    put_undo(store, run, COMMENT, "x");
    expect_refused(store, run, "was taken back already, by run 4");

    expect_refused(store, end(store, put_run(store, "failed", "failed")), "nothing of run 5");
    expect_refused(store, end(store, put_run(store, "failed", NULL)), "step 3 of run 6");
    expect_refused(store, end(store, store_run_begin(store, &usual_run)),
                   "nothing in run 7 (vacuum run)");
    g_autoptr(GError) error = NULL;
    g_assert_null(undo_read(store, 99, &error));
    g_assert_error(error, RUNBOOK_ERROR, RUNBOOK_USAGE);
}

static void expect_elsewhere(const struct undo *undo, const char *cluster, const char *dbname,
                             const char *expected, const char *hint)
{
    g_autoptr(GError) error = NULL;
    g_assert_false(undo_is_here(undo, cluster, dbname, &error));
    g_assert_error(error, RUNBOOK_ERROR, RUNBOOK_REFUSED);
    g_assert_nonnull(strstr(error->message, expected));
    g_assert_nonnull(strstr(error->message, hint));
}

static void test_place(void)
{
    AUTO(store) store = store_open(NULL);
    struct store_run elsewhere = usual_run;
    elsewhere.target = NULL;
    elsewhere.system_identifier = NULL;
    AUTO(undo) undo = read_undo(store, store_run_begin(store, &usual_run));
    AUTO(undo) unknown = read_undo(store, store_run_begin(store, &elsewhere));
    elsewhere.system_identifier = "8";
    elsewhere.dbname = "two words";
    AUTO(undo) other = read_undo(store, store_run_begin(store, &elsewhere));
    g_assert_true(undo_is_here(undo, "7300000000000000001", "insightengine", NULL));
    expect_elsewhere(undo, "8", "insightengine", "on another server",
                     "hint: go there: pgrunbook history undo 1 --target shop");
    expect_elsewhere(undo, "7300000000000000001", "shop",
                     "in database \"insightengine\", not in \"shop\"", "--target shop");
    expect_elsewhere(undo, NULL, "insightengine", "not known", "pg_control_system");
    expect_elsewhere(unknown, "8", "insightengine", "not known", "pg_control_system");
    expect_elsewhere(other, "9", "x", "on another server",
                     "pgrunbook history undo 3 -h db1 'two words'");
}

/* ---- the plan ----------------------------------------------------------------------------- */

static void test_plan(void)
{
    AUTO(store) store = store_open(NULL);
    AUTO(undo) undo = read_undo(store, put_run(store, "done", "done"));
    AUTO(plan) plan = plan_new();
    undo_plan(undo, plan, 2000, NULL, NULL);
    static const char *const locks[] = {"NoLock", "ShareUpdateExclusiveLock", "NoLock",
                                        "ShareUpdateExclusiveLock", "ShareUpdateExclusiveLock"};
    g_assert_true(undo_builds(undo));
    g_assert_cmpuint(plan->steps->len, ==, G_N_ELEMENTS(locks));
    for (guint i = 0; i < plan->steps->len; i++) {
        const struct step *step = g_ptr_array_index(plan->steps, i);
        g_assert_cmpstr(step->lock_mode, ==, locks[i]);
        g_assert_cmpuint(step->phase, ==, i + 1);
        g_assert_cmpint(step->lock_timeout_ms, ==, 2000);
        g_assert_cmpstr(step->reason, ==,
                        i < 4 ? "takes back step 3 of run 1" : "takes back step 1 of run 1");
    }
}

/* Who builds indexes better than a plain statement does so; what it was told of the index. */
static struct step *build_better(const struct undo_step *statement, const char *reason,
                                 gpointer data)
{
    struct plan *plan = data;
    if (strcmp(statement->index.name, "a") == 0)
        return NULL;
    struct step *step = plan_add(plan);
    step->object = g_strdup(statement->index.table);
    step->sql = g_strdup_printf("%d bytes", (int) statement->bytes);
    step->reason = g_strdup(reason);
    return step;
}

static void test_builder(void)
{
    AUTO(store) store = store_open(NULL);
    const gint64 run = put_run(store, "done", "done");
    const struct store_object object = {
        .step = 3, .name = "b", .outcome = "done", .bytes = 8192};
    store_object(store, run, &object);
    AUTO(undo) undo = read_undo(store, run);
    AUTO(plan) plan = plan_new();
    plan_add(plan)->sql = g_strdup("no statement of the undo");
    undo_plan(undo, plan, 2000, build_better, plan);
    const struct step *b = g_ptr_array_index(plan->steps, 2);
    const struct step *a = g_ptr_array_index(plan->steps, 5);
    g_assert_cmpstr(b->sql, ==, "8192 bytes");
    g_assert_cmpuint(b->phase, ==, 2);
    g_assert_cmpint(b->lock_timeout_ms, ==, 0);
    g_assert_cmpstr(a->sql, ==, BUILD_A);
    g_assert_true(undo_may_follow(plan, g_ptr_array_index(plan->steps, 0)));
    g_assert_true(undo_may_follow(plan, a));
}

/* Steps 0 to 3 of the plan belong together. */
static void expect_follows(const struct plan *plan, bool build, bool reset, bool comment)
{
    g_assert_cmpint(undo_may_follow(plan, g_ptr_array_index(plan->steps, 1)), ==, build);
    g_assert_cmpint(undo_may_follow(plan, g_ptr_array_index(plan->steps, 2)), ==, reset);
    g_assert_cmpint(undo_may_follow(plan, g_ptr_array_index(plan->steps, 3)), ==, comment);
    g_assert_true(undo_may_follow(plan, g_ptr_array_index(plan->steps, 0)));
    g_assert_true(undo_may_follow(plan, g_ptr_array_index(plan->steps, 4)));
}

static void test_follow(void)
{
    AUTO(store) store = store_open(NULL);
    AUTO(undo) undo = read_undo(store, put_run(store, "done", "done"));
    AUTO(plan) plan = plan_new();
    undo_plan(undo, plan, 0, NULL, NULL);
    struct step **steps = (struct step **) plan->steps->pdata;
    steps[0]->outcome = STEP_DONE;
    steps[1]->outcome = STEP_DONE;
    steps[2]->outcome = STEP_DONE;
    expect_follows(plan, true, true, true);
    steps[1]->outcome = STEP_FAILED;
    expect_follows(plan, true, true, false);
    steps[0]->outcome = STEP_FAILED;
    expect_follows(plan, false, true, false);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/undo/statements", test_statements);
    g_test_add_func("/undo/index", test_index);
    g_test_add_func("/undo/pending", test_todo);
    g_test_add_func("/undo/resumed", test_resumed);
    g_test_add_func("/undo/extent", test_extent);
    g_test_add_func("/undo/possible", test_possible);
    g_test_add_func("/undo/place", test_place);
    g_test_add_func("/undo/plan", test_plan);
    g_test_add_func("/undo/builder", test_builder);
    g_test_add_func("/undo/follow", test_follow);
    return g_test_run();
}
