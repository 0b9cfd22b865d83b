#include "store/store_turns.h"

#include "store/store_fixture.h"
#include "store/store_internal.h"

#include <sys/wait.h>
#include <unistd.h>

enum { HOUR = 3600 };

#define SECONDS(count) ((gint64) (count) *G_USEC_PER_SEC)

static const struct store_turn usual_turn = {
    .target = "shop",
    .section = "vacuum",
    .turn_us = SECONDS(2 * HOUR),
    .window_end_us = SECONDS(5 * HOUR),
    .started_us = SECONDS(2 * HOUR),
    .outcome = "running",
    .attempts = 1,
};

static void append(const struct store_turn *turn, gpointer data)
{
    g_string_append_printf(data, "%s.%s %d %s%s%s; ", turn->target, turn->section,
                           (int) (turn->turn_us / G_USEC_PER_SEC / HOUR), turn->outcome,
                           turn->reason != NULL ? ": " : "",
                           turn->reason != NULL ? turn->reason : "");
}

static void expect_turns(struct store *store, const char *expected)
{
    g_autoptr(GString) turns = g_string_new(NULL);

    g_assert_true(store_each_turn(store, NULL, NULL, 0, append, turns, NULL));
    g_assert_cmpstr(turns->str, ==, expected);
}

static void expect_left(struct store *store, const char *expected)
{
    g_autoptr(GString) turns = g_string_new(NULL);

    store_turns_left(store, "shop", "vacuum", append, turns);
    g_assert_cmpstr(turns->str, ==, expected);
}

/* ---- claims ---------------------------------------------------------------------------------- */

static void test_claim(void)
{
    AUTO(store) store = store_open(NULL);
    struct store_turn turn = usual_turn;

    g_assert_cmpint(store_turn_claim(store, &turn), ==, STORE_CLAIM_OURS);
    expect_left(store, "shop.vacuum 2 running; ");
    /* Unfinished and our own: gone on with. */
    turn.attempts = 2;
    g_assert_cmpint(store_turn_claim(store, &turn), ==, STORE_CLAIM_OURS);
    turn.outcome = "done";
    turn.ended_us = SECONDS(3 * HOUR);
    g_assert_true(store_turn_put(store, &turn));
    expect_left(store, "");
    g_assert_cmpint(store_turn_claim(store, &usual_turn), ==, STORE_CLAIM_TAKEN);
    expect_turns(store, "shop.vacuum 2 done; ");
    g_assert_cmpstr(store_trouble(store), ==, NULL);
}

static void test_elsewhere_is_free(void)
{
    AUTO(store) store = store_open(NULL);
    struct store_turn elsewhere = usual_turn;

    elsewhere.outcome = "elsewhere";
    elsewhere.ended_us = elsewhere.turn_us;
    g_assert_cmpint(store_turn_claim(store, &elsewhere), ==, STORE_CLAIM_OURS);
    g_assert_cmpint(store_turn_claim(store, &elsewhere), ==, STORE_CLAIM_TAKEN);
    g_assert_cmpint(store_turn_claim(store, &usual_turn), ==, STORE_CLAIM_OURS);
    g_assert_cmpint(store_turn_claim(store, &elsewhere), ==, STORE_CLAIM_TAKEN);
    expect_turns(store, "shop.vacuum 2 running; ");
}

/* A clock that was ahead missed what is still to come. */
static void test_missed_too_early(void)
{
    AUTO(store) store = store_open(NULL);
    struct store_turn missed = usual_turn, late = usual_turn;

    missed.outcome = "missed";
    missed.started_us = 0;
    missed.ended_us = SECONDS(6 * HOUR);
    late.started_us = SECONDS(7 * HOUR);
    g_assert_cmpint(store_turn_claim(store, &missed), ==, STORE_CLAIM_OURS);
    g_assert_cmpint(store_turn_claim(store, &late), ==, STORE_CLAIM_TAKEN);
    g_assert_cmpint(store_turn_claim(store, &missed), ==, STORE_CLAIM_TAKEN);
    g_assert_cmpint(store_turn_claim(store, &usual_turn), ==, STORE_CLAIM_OURS);
    expect_turns(store, "shop.vacuum 2 running; ");
}

/* A daemon that lives until its pipe is closed, and has claimed the usual turn. */
static pid_t start_daemon(const char *path, int *ret_pipe)
{
    int alive[2], ready[2];
    char byte;

    g_assert_cmpint(pipe(alive) + pipe(ready), ==, 0);
    const pid_t child = fork();
    if (child == 0) {
        close(alive[1]);
        struct store *store = store_open(path);
        const enum store_claim claim = store_turn_claim(store, &usual_turn);
        g_assert_cmpint(write(ready[1], "x", 1), ==, 1);
        g_assert_cmpint(read(alive[0], &byte, 1), ==, 0);
        _exit(claim == STORE_CLAIM_OURS ? 0 : 1);
    }
    close(alive[0]);
    close(ready[1]);
    g_assert_cmpint(read(ready[0], &byte, 1), ==, 1);
    close(ready[0]);
    *ret_pipe = alive[1];
    return child;
}

static void test_two_daemons(void)
{
    FOLDER folder = folder_new();
    g_autofree char *path = g_build_filename(folder, "history.db", NULL);
    int alive = -1, status = -1;
    AUTO(store) store = store_open(path);
    const pid_t child = start_daemon(path, &alive);

    g_assert_cmpint(store_turn_claim(store, &usual_turn), ==, STORE_CLAIM_TAKEN);
    expect_left(store, "");
    close(alive);
    g_assert_cmpint(waitpid(child, &status, 0), ==, child);
    g_assert_cmpint(status, ==, 0);
    expect_left(store, "shop.vacuum 2 running; ");
    g_assert_cmpint(store_turn_claim(store, &usual_turn), ==, STORE_CLAIM_OURS);
    g_assert_cmpstr(store_trouble(store), ==, NULL);
}

static void test_trouble(void)
{
    FOLDER folder = folder_new();
    g_autofree char *path = g_build_filename(folder, "history.db", NULL);
    AUTO(store) store = store_open(path);
    struct store_turn turn = usual_turn;

    g_assert_cmpint(store_turn_claim(store, &turn), ==, STORE_CLAIM_OURS);
    sqlite3_exec(store->db, "PRAGMA query_only = ON", NULL, NULL, NULL);
    turn.turn_us = SECONDS(9 * HOUR);
    g_assert_cmpint(store_turn_claim(store, &turn), ==, STORE_CLAIM_TROUBLE);
    g_assert_false(store_turn_put(store, &turn));
    g_assert_nonnull(store_trouble(store));
    sqlite3_exec(store->db, "PRAGMA query_only = OFF", NULL, NULL, NULL);
    turn.outcome = "done";
    turn.ended_us = turn.turn_us + 1;
    g_assert_true(store_turn_put(store, &turn));
    expect_turns(store, "shop.vacuum 9 done; shop.vacuum 2 running; ");
}

static void test_filters(void)
{
    AUTO(store) store = store_open(NULL);
    struct store_turn turn = usual_turn;
    g_autoptr(GString) turns = g_string_new(NULL);

    turn.reason = "why";
    store_turn_claim(store, &turn);
    turn.section = "bloat";
    store_turn_claim(store, &turn);
    turn.target = "other";
    turn.turn_us = SECONDS(7 * HOUR);
    store_turn_claim(store, &turn);
    g_assert_true(store_each_turn(store, "shop", NULL, 0, append, turns, NULL));
    g_assert_cmpstr(turns->str, ==, "shop.bloat 2 running: why; shop.vacuum 2 running: why; ");
    g_string_truncate(turns, 0);
    g_assert_true(store_each_turn(store, NULL, "bloat", 1, append, turns, NULL));
    g_assert_cmpstr(turns->str, ==, "other.bloat 7 running: why; ");
}

/* ---- jobs ------------------------------------------------------------------------------------- */

static void test_job_since(void)
{
    AUTO(store) store = store_open(NULL);
    struct store_job job = {"shop", "vacuum", "0 2 * * Sun", "UTC"};
    struct store_turn turn = usual_turn;

    g_assert_cmpint(store_job_since(store, &job, 1000), ==, 1000);
    g_assert_cmpint(store_job_since(store, &job, 2000), ==, 1000);
    store_turn_claim(store, &turn);
    g_assert_cmpint(store_job_since(store, &job, 2000), ==, 1000);
    turn.ended_us = turn.turn_us;
    store_turn_put(store, &turn);
    g_assert_cmpint(store_job_since(store, &job, 2000), ==, turn.turn_us);
    job.zone = "Europe/Berlin";
    g_assert_cmpint(store_job_since(store, &job, SECONDS(HOUR)), ==, SECONDS(HOUR));
    g_assert_cmpint(store_job_since(store, &job, 3000), ==, turn.turn_us);
    store_job_forget(store, &job);
    g_assert_cmpint(store_job_since(store, &job, SECONDS(8 * HOUR)), ==, SECONDS(8 * HOUR));
    g_assert_cmpstr(store_trouble(store), ==, NULL);
}

/* ---- runs ------------------------------------------------------------------------------------- */

static void append_step(const struct store_step_view *step, gpointer data)
{
    g_string_append_printf(data, "%s ", step->outcome);
}

static void test_run_interrupted(void)
{
    AUTO(store) store = store_open(NULL);
    const struct store_step steps[] = {{.number = 1}, {.number = 2}, {.number = 3}};
    const gint64 before = g_get_real_time();
    const gint64 run = store_run_begin(store, &usual_run);
    g_autoptr(GString) outcomes = g_string_new(NULL);

    store_steps_planned(store, run, steps, 3);
    store_step_begin(store, run, 1, NULL);
    store_step_end(store, run, 1, "done", NULL);
    store_step_begin(store, run, 2, NULL);
    g_assert_cmpint(store_run_of(store, getpid(), before), ==, run);
    g_assert_cmpint(store_run_of(store, getpid(), g_get_real_time() + 1), ==, 0);
    g_assert_cmpint(store_run_of(store, getpid() + 1, before), ==, 0);
    g_assert_true(store_run_interrupted(store, run, "killed by signal 9"));
    expect_outcome(store, run, "interrupted");
    store_each_step(store, run, append_step, outcomes, NULL);
    g_assert_cmpstr(outcomes->str, ==, "done not_reached planned ");
    g_assert_false(store_run_interrupted(store, run, "again"));
    g_assert_false(store_run_interrupted(store, run + 1, "which is that"));

    const gint64 second = store_run_begin(store, &usual_run);
    g_assert_cmpint(store_run_of(store, getpid(), before), ==, second);
    store_run_end(store, second, "done", 0, NULL, NULL);
    g_assert_false(store_run_interrupted(store, second, "too late"));
    expect_outcome(store, second, "done");
    g_assert_cmpstr(store_trouble(store), ==, NULL);
}

static void append_stop(const struct store_run_view *run, gpointer data)
{
    g_string_append_printf(data, "%s %s %d; ", run->stopped_by ? run->stopped_by : "nobody",
                           run->stop_reason ? run->stop_reason : "-",
                           (int) (run->stopped_us / G_USEC_PER_SEC));
}

/* The first one's word stays, and how the run ended is another matter. */
static void test_run_stopped(void)
{
    AUTO(store) store = store_open(NULL);
    const gint64 run = store_run_begin(store, &usual_run);
    const gint64 second = store_run_begin(store, &usual_run);
    g_autoptr(GString) stops = g_string_new(NULL);

    g_assert_true(store_run_stopped(store, run, "token:anna", NULL, SECONDS(7)));
    g_assert_true(store_run_stopped(store, run, "token:bert", "late", SECONDS(8)));
    store_run_end(store, run, "done", 0, NULL, NULL);
    expect_outcome(store, run, "done");
    store_run_end(store, second, "interrupted", 130, NULL, NULL);
    g_assert_true(store_run_stopped(store, second, "token:bert", "wrong hour", SECONDS(9)));
    store_run_begin(store, &usual_run);
    store_each_run(store, NULL, NULL, 0, append_stop, stops, NULL);
    g_assert_cmpstr(stops->str, ==, "nobody - 0; token:bert wrong hour 9; token:anna - 7; ");
    g_assert_cmpstr(store_trouble(store), ==, NULL);
}

/* ---- forgetting --------------------------------------------------------------------------------- */

/* All but the newest of each job, and those that have not ended. */
static void test_prune(void)
{
    AUTO(store) store = store_open(NULL);
    struct store_turn turn = usual_turn;

    for (int hour = 1; hour <= 4; hour++) {
        turn.turn_us = SECONDS(hour * HOUR);
        turn.ended_us = hour == 2 ? 0 : turn.turn_us;
        store_turn_claim(store, &turn);
    }
    turn.section = "bloat";
    store_turn_claim(store, &turn);
    store_prune(store, SECONDS(3 * HOUR));
    expect_turns(store, "shop.bloat 4 running; shop.vacuum 4 running; shop.vacuum 3 running; "
                        "shop.vacuum 2 running; ");
    store_prune(store, SECONDS(9 * HOUR));
    expect_turns(store, "shop.bloat 4 running; shop.vacuum 4 running; shop.vacuum 2 running; ");
    g_assert_cmpstr(store_trouble(store), ==, NULL);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/store/turns/claim", test_claim);
    g_test_add_func("/store/turns/elsewhere-is-free", test_elsewhere_is_free);
    g_test_add_func("/store/turns/missed-too-early", test_missed_too_early);
    g_test_add_func("/store/turns/two-daemons", test_two_daemons);
    g_test_add_func("/store/turns/trouble", test_trouble);
    g_test_add_func("/store/turns/filters", test_filters);
    g_test_add_func("/store/turns/job-since", test_job_since);
    g_test_add_func("/store/turns/run-interrupted", test_run_interrupted);
    g_test_add_func("/store/turns/run-stopped", test_run_stopped);
    g_test_add_func("/store/turns/prune", test_prune);
    return g_test_run();
}
