#include "error.h"
#include "interrupt.h"
#include "pg/session_private.h"
#include "plan/plan_private.h"

#include <signal.h>
#include <string.h>

/* ---- what an end means ----------------------------------------------------------------------- */

static const char *name_of(enum judgement judgement)
{
    static const char *const names[] = {
        [JUDGED_DONE] = "done",
        [JUDGED_FAILED] = "failed",
        [JUDGED_NOT_REACHED] = "not reached",
        [JUDGED_SKIPPED] = "skipped",
        [JUDGED_RETRY] = "retry",
    };
    return names[judgement];
}

static void test_judge(void)
{
    /* With tries left, and at the last try. */
    static const struct {
        const char *sqlstate;
        enum judgement early, last;
    } cases[] = {
        {"", JUDGED_DONE, JUDGED_DONE},
        {"55P03", JUDGED_RETRY, JUDGED_SKIPPED}, /* lock_timeout */
        {"40P01", JUDGED_RETRY, JUDGED_FAILED},  /* deadlock */
        {"08006", JUDGED_RETRY, JUDGED_FAILED},
        {"08001", JUDGED_RETRY, JUDGED_FAILED},
        {"57P01", JUDGED_RETRY, JUDGED_FAILED}, /* pg_terminate_backend */
        {"57P02", JUDGED_RETRY, JUDGED_FAILED},
        {"57P03", JUDGED_RETRY, JUDGED_FAILED},
        {"57P05", JUDGED_RETRY, JUDGED_FAILED},
        {"57014", JUDGED_FAILED, JUDGED_FAILED}, /* cancelled, and not by us */
        {"42501", JUDGED_FAILED, JUDGED_FAILED},
        {"42P01", JUDGED_FAILED, JUDGED_FAILED},
        {"XX001", JUDGED_FAILED, JUDGED_FAILED},
        {"53100", JUDGED_FAILED, JUDGED_FAILED},
        {"?", JUDGED_FAILED, JUDGED_FAILED},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
        for (unsigned attempts = 1; attempts <= 5; attempts++) {
            struct ending ending = {
                cases[i].sqlstate, STOP_NO, false, attempts, 4, NULL, false, NULL};
            enum judgement wanted = attempts < 4 ? cases[i].early : cases[i].last;
            if (plan_judge(&ending) != wanted)
                g_test_fail_printf("%s, try %u: %s", cases[i].sqlstate, attempts,
                                   name_of(plan_judge(&ending)));
        }
}

static void test_judge_at_the_end(void)
{
    static const enum stop stops[] = {STOP_WINDOW, STOP_INTERRUPTED, STOP_BROKEN};
    static const char *const errors[] = {"57014", "55P03", "08006", "42P01"};

    for (gsize s = 0; s < G_N_ELEMENTS(stops); s++) {
        struct ending good = {"", stops[s], true, 1, 4, "w", false, NULL};
        g_assert_cmpint(plan_judge(&good), ==, JUDGED_DONE);
        for (gsize e = 0; e < G_N_ELEMENTS(errors); e++) {
            struct ending ending = {.sqlstate = errors[e],
                                    .stop = stops[s],
                                    .window_closed = stops[s] == STOP_WINDOW,
                                    .attempts = 1,
                                    .limit = 4,
                                    .stop_why = e % 2 == 0 ? "others wait" : NULL};
            g_assert_cmpint(plan_judge(&ending), ==, JUDGED_NOT_REACHED);
        }
    }
    /* The server's own timeout, before we noticed that the window had closed. */
    struct ending late = {"57014", STOP_NO, true, 1, 4, NULL, false, NULL};
    g_assert_cmpint(plan_judge(&late), ==, JUDGED_NOT_REACHED);
    struct ending lock = {"55P03", STOP_NO, true, 1, 4, NULL, false, NULL};
    g_assert_cmpint(plan_judge(&lock), ==, JUDGED_RETRY);
    struct ending no_limit = {"55P03", STOP_NO, false, 1, 0, NULL, false, NULL};
    g_assert_cmpint(plan_judge(&no_limit), ==, JUDGED_SKIPPED);
}

/* What the watch stopped is not tried again; an end of its own it keeps. */
static void test_judge_watched(void)
{
    static const struct {
        const char *sqlstate;
        enum judgement wanted;
    } cases[] = {
        {"", JUDGED_DONE},         {"57014", JUDGED_SKIPPED}, {"08006", JUDGED_SKIPPED},
        {"57P01", JUDGED_SKIPPED}, {"55P03", JUDGED_SKIPPED}, {"40P01", JUDGED_SKIPPED},
        {"23505", JUDGED_FAILED},  {"38000", JUDGED_FAILED},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct ending ending = {cases[i].sqlstate, STOP_NO, false, 1, 4, "w", false, NULL};
        if (plan_judge(&ending) != cases[i].wanted)
            g_test_fail_printf("%s: %s", cases[i].sqlstate, name_of(plan_judge(&ending)));
    }
}

static void test_describe(void)
{
    static const struct {
        struct ending ending;
        const char *detail;
    } cases[] = {
        {{"", STOP_NO, false, 1, 4, NULL, false, NULL}, NULL},
        {{"", STOP_NO, false, 1, 4, "others wait", true, "done"}, "done"},
        {{"42P01", STOP_NO, false, 1, 4, NULL, false, "no such table"}, "no such table"},
        {{"08006", STOP_NO, false, 4, 4, NULL, false, NULL}, "connection lost"},
        {{"57014", STOP_NO, false, 1, 4, NULL, false, "canceling"},
         "somebody cancelled it: canceling"},
        {{"57014", STOP_NO, false, 1, 4, "others wait", false, "canceling"}, "others wait"},
        {{"55P03", STOP_NO, false, 4, 4, NULL, false, "lock timeout"}, "lock timeout"},
        {{"57014", STOP_WINDOW, true, 1, 4, "others wait", false, "canceling"},
         "cancelled at the window's end"},
        {{"57014", STOP_WINDOW, true, 1, 4, NULL, true, "canceling"},
         "its program was stopped at the window's end"},
        {{"57014", STOP_INTERRUPTED, false, 1, 4, NULL, true, "canceling"},
         "interrupted; its program was stopped"},
        {{"57014", STOP_INTERRUPTED, false, 1, 4, NULL, false, "canceling"},
         "interrupted; cancelled on the server"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *detail = plan_describe(&cases[i].ending, plan_judge(&cases[i].ending));
        g_assert_cmpstr(detail, ==, cases[i].detail);
    }
}

static void test_lost(void)
{
    static const char *const lost[] = {"08000", "08003", "08006", "57P01", "57P02", "57P03"};
    static const char *const kept[] = {"", "57014", "57P04", "0", "55P03", "80000"};
    for (gsize i = 0; i < G_N_ELEMENTS(lost); i++)
        g_assert_true(plan_lost_connection(lost[i]));
    for (gsize i = 0; i < G_N_ELEMENTS(kept); i++)
        g_assert_false(plan_lost_connection(kept[i]));
}

/* ---- the queue ----------------------------------------------------------------------------------- */

enum { STEPS = 4 };

struct queue {
    struct plan *plan;
    struct plan_run run;
    struct runner runner;
};

static void queue_open(struct queue *queue, gint64 window_ms)
{
    *queue = (struct queue){.plan = plan_new(), .run = {.store_run = -1}};
    queue->run.limits.window = window_open(window_ms);
    queue->runner.plan = queue->plan;
    queue->runner.run = &queue->run;
    for (int i = 0; i < STEPS; i++)
        plan_add(queue->plan);
}

static void queue_close(struct queue *queue)
{
    g_queue_clear(&queue->runner.ready);
    g_queue_clear_full(&queue->runner.later, g_free);
    plan_free(queue->plan);
}

static struct step *step_at(const struct queue *queue, guint index)
{
    return g_ptr_array_index(queue->plan->steps, index);
}

static void expect_next(struct queue *queue, int number)
{
    struct step *step = queue_next(&queue->runner);
    g_assert_cmpint(step == NULL ? 0 : step_number(&queue->runner, step), ==, number);
}

static void test_order(void)
{
    struct queue queue;
    queue_open(&queue, 0);
    step_at(&queue, 1)->phase = 1;
    queue_fill(&queue.runner, 0);
    expect_next(&queue, 1);
    queue_first(&queue.runner, step_at(&queue, 0));
    expect_next(&queue, 1);
    expect_next(&queue, 3);
    expect_next(&queue, 4);
    expect_next(&queue, 0);
    g_assert_true(queue_empty(&queue.runner));
    queue_fill(&queue.runner, 1);
    expect_next(&queue, 2);
    queue_fill(&queue.runner, 7);
    expect_next(&queue, 0);
    queue_close(&queue);
}

/* A second plan of a run is recorded behind the steps of the first. */
static void test_first_step(void)
{
    struct queue queue;
    queue_open(&queue, 0);
    g_assert_cmpint(step_number(&queue.runner, step_at(&queue, 0)), ==, 1);
    queue.run.first_step = 1;
    g_assert_cmpint(step_number(&queue.runner, step_at(&queue, 3)), ==, 4);
    queue.run.first_step = 8;
    g_assert_cmpint(step_number(&queue.runner, step_at(&queue, 0)), ==, 8);
    g_assert_cmpint(step_number(&queue.runner, step_at(&queue, 3)), ==, 11);
    queue_close(&queue);
}

static void test_put_off(void)
{
    struct queue queue;
    queue_open(&queue, 0);
    g_assert_cmpint(queue_due_us(&queue.runner), ==, G_MAXINT64);
    queue_fill(&queue.runner, 0);
    for (int i = 1; i <= STEPS; i++)
        expect_next(&queue, i);
    gint64 now = g_get_monotonic_time();
    queue_later(&queue.runner, step_at(&queue, 3), 3600000);
    queue_later(&queue.runner, step_at(&queue, 2), 1800000);
    g_assert_cmpint(queue_due_us(&queue.runner), >=, now + (gint64) 1800 * G_USEC_PER_SEC);
    g_assert_cmpint(queue_due_us(&queue.runner), <, now + (gint64) 3600 * G_USEC_PER_SEC);
    expect_next(&queue, 0); /* not due, and yet: */
    g_assert_false(queue_empty(&queue.runner));
    queue_later(&queue.runner, step_at(&queue, 1), 0);
    queue_later(&queue.runner, step_at(&queue, 0), 0);
    g_assert_cmpint(queue_due_us(&queue.runner), <=, g_get_monotonic_time());
    /* What is ready goes before what was put off; that in the order it was put off. */
    queue_first(&queue.runner, step_at(&queue, 3));
    expect_next(&queue, 4);
    expect_next(&queue, 2);
    expect_next(&queue, 1);
    expect_next(&queue, 0);
    queue_close(&queue);
}

static void test_refuse(void)
{
    struct queue queue;
    queue_open(&queue, 60000);
    step_at(&queue, 0)->predicted_seconds = 61;
    step_at(&queue, 1)->predicted_seconds = 61;
    step_at(&queue, 1)->may_be_cut = true;
    step_at(&queue, 2)->predicted_seconds = 30;
    step_at(&queue, 3)->predicted_seconds = 1e300;
    queue_fill(&queue.runner, 0);
    expect_next(&queue, 2);
    expect_next(&queue, 3);
    expect_next(&queue, 0);
    g_assert_cmpint(step_at(&queue, 0)->outcome, ==, STEP_NOT_REACHED);
    g_assert_true(g_str_has_prefix(step_at(&queue, 0)->detail,
                                   "predicted to take 1 min 1 s, and the window ends in "));
    g_assert_cmpint(step_at(&queue, 3)->outcome, ==, STEP_NOT_REACHED);
    g_assert_true(queue_empty(&queue.runner));
    queue_close(&queue);

    /* Without an end everything fits. */
    queue_open(&queue, 0);
    step_at(&queue, 0)->predicted_seconds = 1e300;
    queue_fill(&queue.runner, 0);
    expect_next(&queue, 1);
    queue_close(&queue);
}

static void test_refuse_when_due(void)
{
    struct queue queue;
    queue_open(&queue, 60000);
    step_at(&queue, 0)->predicted_seconds = 61;
    step_at(&queue, 0)->detail = g_strdup("locked");
    queue_later(&queue.runner, step_at(&queue, 0), 0);
    queue_later(&queue.runner, step_at(&queue, 1), 0);
    expect_next(&queue, 2);
    g_assert_cmpint(step_at(&queue, 0)->outcome, ==, STEP_NOT_REACHED);
    queue_close(&queue);
}

/* ---- a run whose server is gone -------------------------------------------------------------------- */

static bool cleanup;

static bool run_nowhere(struct plan *plan, gint64 window_ms, GError **error)
{
    struct session_params nowhere = {
        .host = "/nonexistent/pgrunbook", .port = "1", .password = SESSION_PASSWORD_NEVER};
    struct session *lost = g_new0(struct session, 1);
    struct plan_run run = {.control = lost,
                           .server = &nowhere,
                           .section = "test",
                           .store_run = -1,
                           .limits = {.lanes = 2, .attempts = 4, .cleanup = cleanup}};

    lost->params = &nowhere;
    for (int i = 0; i < STEPS; i++)
        plan_add(plan)->sql = g_strdup("SELECT 1");
    run.limits.window = window_open(window_ms);
    bool ran = plan_run(plan, &run, error);
    session_close(lost);
    return ran;
}

static void expect_not_reached(const struct plan *plan, const char *prefix)
{
    for (guint i = 0; i < plan->steps->len; i++) {
        const struct step *step = g_ptr_array_index(plan->steps, i);
        g_assert_cmpint(step->outcome, ==, STEP_NOT_REACHED);
        if (!g_str_has_prefix(step->detail, prefix))
            g_test_fail_printf("step %u: %s", i + 1, step->detail);
        g_assert_cmpuint(step->attempts, ==, 0);
        g_assert_cmpint(step->started_us, ==, 0);
    }
}

static void test_window_ends_without_server(void)
{
    AUTO(plan) plan = plan_new();
    g_autoptr(GError) error = NULL;
    bool ran = run_nowhere(plan, 300, &error);
    g_assert_true(ran);
    g_assert_no_error(error);
    expect_not_reached(plan, "the window closed before it started");
}

/* What cleans up does not heed the signal, only its window. */
static void test_cleanup_without_server(void)
{
    if (g_test_subprocess()) {
        AUTO(plan) plan = plan_new();
        g_autoptr(GError) error = NULL;
        interrupt_install();
        raise(SIGTERM);
        cleanup = true;
        bool ran = run_nowhere(plan, 300, &error);
        g_assert_true(ran);
        g_assert_no_error(error);
        expect_not_reached(plan, "the window closed before it started");
        return;
    }
    g_test_trap_subprocess(NULL, 20 * G_USEC_PER_SEC, G_TEST_SUBPROCESS_DEFAULT);
    g_test_trap_assert_passed();
}

static void test_interrupted_without_server(void)
{
    if (g_test_subprocess()) {
        AUTO(plan) plan = plan_new();
        g_autoptr(GError) error = NULL;
        interrupt_install();
        raise(SIGTERM);
        g_assert_false(run_nowhere(plan, 0, &error));
        g_assert_error(error, RUNBOOK_ERROR, RUNBOOK_INTERRUPTED);
        expect_not_reached(plan, "interrupted before it started");
        return;
    }
    g_test_trap_subprocess(NULL, 20 * G_USEC_PER_SEC, G_TEST_SUBPROCESS_DEFAULT);
    g_test_trap_assert_passed();
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/plan/judge", test_judge);
    g_test_add_func("/plan/judge-at-the-end", test_judge_at_the_end);
    g_test_add_func("/plan/judge-watched", test_judge_watched);
    g_test_add_func("/plan/describe", test_describe);
    g_test_add_func("/plan/lost-connection", test_lost);
    g_test_add_func("/plan/first-step", test_first_step);
    g_test_add_func("/plan/order", test_order);
    g_test_add_func("/plan/put-off", test_put_off);
    g_test_add_func("/plan/refuse", test_refuse);
    g_test_add_func("/plan/refuse-when-due", test_refuse_when_due);
    g_test_add_func("/plan/window-ends-without-server", test_window_ends_without_server);
    g_test_add_func("/plan/cleanup-without-server", test_cleanup_without_server);
    g_test_add_func("/plan/interrupted-without-server", test_interrupted_without_server);
    return g_test_run();
}
