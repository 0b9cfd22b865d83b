#include "daemon/job_words.h"
#include "daemon/scheduler_fixture.h"
#include "plan/plan.h"

/* ---- the usual ---------------------------------------------------------------------------------- */

static void test_usual(void)
{
    DAEMON daemon = daemon_new();

    start_with(&daemon, &clean, "2025-01-01 12:00");
    expect_due(&daemon, "2025-01-01 12:00", "");
    expect_wake(&daemon, "2025-01-01 12:00", "2025-01-05 02:00");
    expect_due(&daemon, "2025-01-05 01:59", "");
    expect_due(&daemon, "2025-01-05 02:00", "shop.clean 2025-01-05 02:00 #1 until 05:00; ");
    g_assert_cmpstr(daemon.order.verb, ==, "run");
    g_assert_cmpuint(scheduler_running(daemon.scheduler), ==, 1);
    expect_due(&daemon, "2025-01-05 02:00", "");
    expect_records(&daemon, "clean 2025-01-05 02:00 running#1; ");
    end(&daemon, "2025-01-05 02:20", 0, NULL);
    expect_due(&daemon, "2025-01-05 02:20", "");
    expect_records(&daemon, "clean 2025-01-05 02:00 done#1; ");
    expect_wake(&daemon, "2025-01-05 02:20", "2025-01-12 02:00");
    g_assert_cmpstr(daemon.told->str, ==, "clean done; ");
}

/* Two jobs of one section, at the same time: each has turns and records of its own. */
static void test_two_of_a_section(void)
{
    DAEMON daemon = daemon_new();
    struct scheduler_job jobs[] = {clean, clean};

    jobs[1].verb = "drill";
    jobs[1].key = "clean drill";
    start(&daemon, "2025-01-01 12:00");
    scheduler_set_jobs(daemon.scheduler, jobs, 2, at("2025-01-01 12:00"));
    scheduler_set_place(daemon.scheduler, "shop", SCHEDULER_HERE, NULL);
    expect_due(&daemon, "2025-01-05 02:00", "shop.clean 2025-01-05 02:00 #1 until 05:00; ");
    g_assert_cmpstr(daemon.order.verb, ==, "run");
    end(&daemon, "2025-01-05 02:20", 0, NULL);
    expect_due(&daemon, "2025-01-05 02:20", "shop.clean 2025-01-05 02:00 #1 until 05:00; ");
    g_assert_cmpstr(daemon.order.verb, ==, "drill");
    end(&daemon, "2025-01-05 03:00", 4, "no repository");
    expect_records(&daemon, "clean 2025-01-05 02:00 done#1; "
                            "clean drill 2025-01-05 02:00 refused#1 no repository; ");
    g_assert_cmpstr(daemon.told->str, ==, "clean done; clean drill refused; ");
}

/* A daemon that was never there before does not make up for what it did not know of. */
static void test_first_start(void)
{
    DAEMON daemon = daemon_new();

    start_with(&daemon, &clean, "2025-01-05 03:00");
    expect_due(&daemon, "2025-01-05 03:00", "");
    expect_records(&daemon, "");
}

static void test_no_window(void)
{
    DAEMON daemon = daemon_new();
    struct scheduler_job endless = clean;

    endless.window_ms = 0;
    start_with(&daemon, &endless, "2025-01-01 12:00");
    scheduler_set_place(daemon.scheduler, "shop", SCHEDULER_DOWN, "no route");
    expect_due(&daemon, "2025-01-05 02:00", "");
    scheduler_set_place(daemon.scheduler, "shop", SCHEDULER_HERE, NULL);
    expect_due(&daemon, "2025-01-05 04:59", "shop.clean 2025-01-05 02:00 #1 until -; ");
    end(&daemon, "2025-01-05 23:00", 0, NULL);
    scheduler_set_place(daemon.scheduler, "shop", SCHEDULER_DOWN, "no route");
    expect_due(&daemon, "2025-01-12 02:00", "");
    expect_due(&daemon, "2025-01-12 05:00", "");
    expect_records(&daemon, "clean 2025-01-12 02:00 missed#0 no route; "
                            "clean 2025-01-05 02:00 done#1; ");
}

/* ---- outages of the daemon --------------------------------------------------------------------------- */

static void test_late_in_the_window(void)
{
    DAEMON daemon = daemon_new();

    start_with(&daemon, &clean, "2025-01-01 12:00");
    stop(&daemon);
    start_with(&daemon, &clean, "2025-01-05 04:30");
    expect_due(&daemon, "2025-01-05 04:30", "shop.clean 2025-01-05 02:00 #1 until 05:00; ");
}

static void test_too_late(void)
{
    DAEMON daemon = daemon_new();

    start_with(&daemon, &clean, "2025-01-01 12:00");
    stop(&daemon);
    start_with(&daemon, &clean, "2025-01-26 04:59");
    expect_due(&daemon, "2025-01-26 04:59", "");
    expect_due(&daemon, "2025-01-26 05:00", "");
#define LATE "no daemon was running at its time; one was started at 2025-01-26 04:59 UTC; "
    expect_records(&daemon, "clean 2025-01-26 02:00 missed#0 " LATE
                            "clean 2025-01-19 02:00 missed#0 " LATE
                            "clean 2025-01-12 02:00 missed#0 " LATE
                            "clean 2025-01-05 02:00 missed#0 " LATE);
    stop(&daemon);
    start_with(&daemon, &clean, "2025-01-27 00:00");
    expect_due(&daemon, "2025-01-27 00:00", "");
    g_assert_cmpstr(daemon.told->str, ==,
                    "clean missed; clean missed; clean missed; clean missed; ");
}

/* Hourly, with a window of three hours: of those still in their window only the newest. */
static void test_several_in_window(void)
{
    DAEMON daemon = daemon_new();
    struct scheduler_job hourly = clean;

    hourly.schedule = "@hourly";
    start_with(&daemon, &hourly, "2025-01-01 00:30");
    stop(&daemon);
    start_with(&daemon, &hourly, "2025-01-01 03:30");
    expect_due(&daemon, "2025-01-01 03:30", "shop.clean 2025-01-01 03:00 #1 until 06:00; ");
    end(&daemon, "2025-01-01 03:31", 0, NULL);
    expect_due(&daemon, "2025-01-01 03:31", "");
    g_assert_cmpstr(daemon.told->str, ==, "clean missed; clean missed; clean done; ");
}

static void test_killed_in_mid_job(void)
{
    DAEMON daemon = daemon_new();

    start_with(&daemon, &clean, "2025-01-01 12:00");
    expect_due(&daemon, "2025-01-05 02:00", "shop.clean 2025-01-05 02:00 #1 until 05:00; ");
    stop(&daemon);
    start_with(&daemon, &clean, "2025-01-05 03:00");
    expect_due(&daemon, "2025-01-05 03:00", "shop.clean 2025-01-05 02:00 #2 until 05:00; ");
    stop(&daemon);
    start_with(&daemon, &clean, "2025-01-05 06:00");
    expect_due(&daemon, "2025-01-05 06:00", "");
    expect_records(&daemon, "clean 2025-01-05 02:00 interrupted#2 "
                            "the daemon was gone before it ended; ");
}

/* What the command line told the history counts, and its run is not left open. */
static void test_killed_but_done(void)
{
    DAEMON daemon = daemon_new();
    const struct store_run run = {.section = "clean", .verb = "run", .target = "shop"};

    start_with(&daemon, &clean, "2025-01-01 12:00");
    expect_due(&daemon, "2025-01-05 02:00", "shop.clean 2025-01-05 02:00 #1 until 05:00; ");
    store_run_end(daemon.store, store_run_begin(daemon.store, &run), "done", 0, NULL, NULL);
    stop(&daemon);
    start_with(&daemon, &clean, "2025-01-05 03:00");
    expect_due(&daemon, "2025-01-05 03:00", "");
    expect_records(&daemon, "clean 2025-01-05 02:00 done#1 the daemon was gone before it "
                            "ended; ");
}

/* What somebody else did meanwhile is not the turn's: another verb, or the same once its run is
 * known. */
static void test_killed_and_others_done(void)
{
    static const char *const verbs[] = {"drop", "run"};

    for (gsize i = 0; i < G_N_ELEMENTS(verbs); i++) {
        DAEMON daemon = daemon_new();
        const struct store_run own = {.section = "clean", .verb = "run", .target = "shop"};
        const struct store_run other = {.section = "clean", .verb = verbs[i], .target = "shop"};
        start_with(&daemon, &clean, "2025-01-01 12:00");
        expect_due(&daemon, "2025-01-05 02:00", "shop.clean 2025-01-05 02:00 #1 until 05:00; ");
        if (i > 0)
            scheduler_note_run(daemon.scheduler, &daemon.order, at("2025-01-05 02:01"),
                               store_run_begin(daemon.store, &own));
        store_run_end(daemon.store, store_run_begin(daemon.store, &other), "done", 0, NULL,
                      NULL);
        stop(&daemon);
        start_with(&daemon, &clean, "2025-01-05 03:00");
        expect_due(&daemon, "2025-01-05 03:00", "shop.clean 2025-01-05 02:00 #2 until 05:00; ");
    }
}

static void put_run(struct daemon *daemon, const char *line, const char *outcome)
{
    const struct store_run run = {
        .section = "clean", .verb = "run", .target = "shop", .command_line = line};

    store_run_end(daemon->store, store_run_begin(daemon->store, &run), outcome, 0, NULL, NULL);
}

/* What a person did meanwhile on a part of the target is not what the job has to do. */
static void test_killed_and_a_person(void)
{
    DAEMON daemon = daemon_new();
    struct scheduler_job job = clean;

    job.words = "clean run --yes";
    start_with(&daemon, &job, "2025-01-01 12:00");
    expect_due(&daemon, "2025-01-05 02:00", "shop.clean 2025-01-05 02:00 #1 until 05:00; ");
    stop(&daemon);
    put_run(&daemon, "pgrunbook clean run --yes --table orders --target shop", "done");
    start_with(&daemon, &job, "2025-01-05 03:00");
    expect_due(&daemon, "2025-01-05 03:00", "shop.clean 2025-01-05 02:00 #2 until 05:00; ");
    stop(&daemon);
    put_run(&daemon, "pgrunbook clean run --yes --window 2h --target shop", "done");
    put_run(&daemon, "pgrunbook clean run --yes --target shop", "failed");
    start_with(&daemon, &job, "2025-01-05 04:00");
    expect_due(&daemon, "2025-01-05 04:00", "");
    g_assert_cmpstr(daemon.told->str, ==, "clean done; ");
}

/* ---- retries ------------------------------------------------------------------------------------- */

static void test_retry(void)
{
    DAEMON daemon = daemon_new();

    start_with(&daemon, &clean, "2025-01-01 12:00");
    expect_due(&daemon, "2025-01-05 02:00", "shop.clean 2025-01-05 02:00 #1 until 05:00; ");
    end(&daemon, "2025-01-05 02:00", 3, "connection refused");
    expect_records(&daemon, "clean 2025-01-05 02:00 waiting#1 connection refused; ");
    expect_due(&daemon, "2025-01-05 02:00", "");
    expect_due(&daemon, "2025-01-05 02:01", "shop.clean 2025-01-05 02:00 #2 until 05:00; ");
    end(&daemon, "2025-01-05 02:01", 1, "it failed");
    expect_wake(&daemon, "2025-01-05 02:01", "2025-01-05 02:02");
    expect_due(&daemon, "2025-01-05 02:02", "shop.clean 2025-01-05 02:00 #3 until 05:00; ");
    end(&daemon, "2025-01-05 02:02", -1, "killed");
    expect_wake(&daemon, "2025-01-05 02:02", "2025-01-05 02:04");
    expect_due(&daemon, "2025-01-05 02:04", "shop.clean 2025-01-05 02:00 #4 until 05:00; ");
    end(&daemon, "2025-01-05 02:04", 4, "another run: " PLAN_LOCK_HELD " by x");
    expect_wake(&daemon, "2025-01-05 02:04", "2025-01-05 02:08");
    expect_due(&daemon, "2025-01-05 02:08", "shop.clean 2025-01-05 02:00 #5 until 05:00; ");
    end(&daemon, "2025-01-05 04:50", 130, "interrupted");
    expect_wake(&daemon, "2025-01-05 04:50", "2025-01-05 04:58");
    expect_due(&daemon, "2025-01-05 04:58", "shop.clean 2025-01-05 02:00 #6 until 05:00; ");
    end(&daemon, "2025-01-05 04:58", 1, "once more");
    expect_records(&daemon, "clean 2025-01-05 02:00 failed#6 once more; ");
}

static void test_no_retry(void)
{
    static const struct {
        int exit_code;
        const char *reason, *outcome;
    } cases[] = {
        {5, NULL, "partly"},
        {2, "no such option", "failed"},
        {1, "the half was done and " JOB_NOT_AGAIN, "failed"},
        {4, "it is a standby", "refused"},
        {4, NULL, "refused"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        DAEMON daemon = daemon_new();
        g_autofree char *expected = g_strdup_printf(
            "clean 2025-01-05 02:00 %s#1%s%s; ", cases[i].outcome,
            cases[i].reason != NULL ? " " : "", cases[i].reason != NULL ? cases[i].reason : "");
        start_with(&daemon, &clean, "2025-01-01 12:00");
        expect_due(&daemon, "2025-01-05 02:00", "shop.clean 2025-01-05 02:00 #1 until 05:00; ");
        end(&daemon, "2025-01-05 02:00", cases[i].exit_code, cases[i].reason);
        expect_due(&daemon, "2025-01-05 03:00", "");
        expect_records(&daemon, expected);
    }
}

/* What somebody stopped is not begun again, but at its next turn. */
static void test_stopped(void)
{
    DAEMON daemon = daemon_new();

    start_with(&daemon, &clean, "2025-01-01 12:00");
    expect_due(&daemon, "2025-01-05 02:00", "shop.clean 2025-01-05 02:00 #1 until 05:00; ");
    scheduler_stopped(daemon.scheduler, &daemon.order);
    end(&daemon, "2025-01-05 02:10", 130, "stopped by token:anna");
    expect_due(&daemon, "2025-01-05 04:00", "");
    expect_records(&daemon, "clean 2025-01-05 02:00 interrupted#1 stopped by token:anna; ");
    expect_due(&daemon, "2025-01-12 02:00", "shop.clean 2025-01-12 02:00 #1 until 05:00; ");
}

/* A retry goes on after a restart of the daemon, and its count too. */
static void test_retry_over_restart(void)
{
    DAEMON daemon = daemon_new();

    start_with(&daemon, &clean, "2025-01-01 12:00");
    expect_due(&daemon, "2025-01-05 02:00", "shop.clean 2025-01-05 02:00 #1 until 05:00; ");
    end(&daemon, "2025-01-05 02:10", 130, "the daemon was stopped");
    stop(&daemon);
    start_with(&daemon, &clean, "2025-01-05 02:20");
    expect_due(&daemon, "2025-01-05 02:20", "shop.clean 2025-01-05 02:00 #2 until 05:00; ");
    end(&daemon, "2025-01-05 02:30", 0, NULL);
    expect_records(&daemon, "clean 2025-01-05 02:00 done#2; ");
}

/* ---- one at a time ---------------------------------------------------------------------------------- */

static void test_never_behind_itself(void)
{
    DAEMON daemon = daemon_new();
    struct scheduler_job hourly = clean;

    hourly.schedule = "@hourly";
    start_with(&daemon, &hourly, "2025-01-01 00:30");
    expect_due(&daemon, "2025-01-01 01:00", "shop.clean 2025-01-01 01:00 #1 until 04:00; ");
    expect_due(&daemon, "2025-01-01 02:00", "");
    end(&daemon, "2025-01-01 02:30", 0, NULL);
    expect_due(&daemon, "2025-01-01 02:30", "");
    expect_due(&daemon, "2025-01-01 03:00", "shop.clean 2025-01-01 03:00 #1 until 06:00; ");
    end(&daemon, "2025-01-01 03:59", 1, "no");
    expect_due(&daemon, "2025-01-01 04:00", "shop.clean 2025-01-01 04:00 #1 until 07:00; ");
    expect_records(&daemon, "clean 2025-01-01 04:00 running#1; "
                            "clean 2025-01-01 03:00 failed#1 no\n"
                            "detail: no other attempt: the next turn has come; "
                            "clean 2025-01-01 02:00 missed#0 "
                            "the turn before it was still at work; "
                            "clean 2025-01-01 01:00 done#1; ");
}

static void test_one_after_another(void)
{
    DAEMON daemon = daemon_new();
    const struct scheduler_job jobs[] = {clean, sweep};
    struct scheduler_order first;

    start(&daemon, "2025-01-04 12:00");
    scheduler_set_jobs(daemon.scheduler, jobs, 2, at("2025-01-04 12:00"));
    scheduler_set_place(daemon.scheduler, "shop", SCHEDULER_HERE, NULL);
    expect_due(&daemon, "2025-01-05 02:00", "shop.clean 2025-01-05 02:00 #1 until 05:00; ");
    first = daemon.order;
    expect_due(&daemon, "2025-01-05 02:30", "");
    scheduler_ended(daemon.scheduler, &first, at("2025-01-05 04:00"), 0, 7, NULL);
    expect_due(&daemon, "2025-01-05 04:00", "shop.sweep 2025-01-05 02:30 #1 until 05:30; ");
    end(&daemon, "2025-01-05 04:01", 0, NULL);
    expect_due(&daemon, "2025-01-12 01:00", ""); /* six turns of sweep are missed */
    expect_due(&daemon, "2025-01-12 02:00", "shop.clean 2025-01-12 02:00 #1 until 05:00; ");
    expect_due(&daemon, "2025-01-12 02:30", "");
    expect_due(&daemon, "2025-01-12 05:29", "");
    g_assert_nonnull(strstr(daemon.told->str, "sweep done; sweep missed; sweep missed; sweep "
                                              "missed; sweep missed; sweep missed; sweep "
                                              "missed; sweep missed; "));
}

static void test_limit(void)
{
    DAEMON daemon = daemon_new();
    struct scheduler_job jobs[] = {clean, clean, clean};

    jobs[1].target = "second";
    jobs[2].target = "third";
    start(&daemon, "2025-01-04 12:00");
    scheduler_set_jobs(daemon.scheduler, jobs, 3, at("2025-01-04 12:00"));
    for (guint i = 0; i < 3; i++)
        scheduler_set_place(daemon.scheduler, jobs[i].target, SCHEDULER_HERE, NULL);
    expect_due(&daemon, "2025-01-05 02:00",
               "shop.clean 2025-01-05 02:00 #1 until 05:00; "
               "second.clean 2025-01-05 02:00 #1 until 05:00; ");
    end(&daemon, "2025-01-05 02:10", 0, NULL);
    expect_due(&daemon, "2025-01-05 02:10", "third.clean 2025-01-05 02:00 #1 until 05:00; ");
    stop(&daemon);

    start(&daemon, "2025-01-11 12:00");
    scheduler_set_limit(daemon.scheduler, 1);
    scheduler_set_jobs(daemon.scheduler, jobs, 2, at("2025-01-11 12:00"));
    scheduler_set_place(daemon.scheduler, "shop", SCHEDULER_HERE, NULL);
    scheduler_set_place(daemon.scheduler, "second", SCHEDULER_HERE, NULL);
    expect_due(&daemon, "2025-01-12 02:00", "shop.clean 2025-01-12 02:00 #1 until 05:00; ");
    g_string_truncate(daemon.told, 0);
    expect_due(&daemon, "2025-01-12 05:00", "");
    g_assert_cmpstr(daemon.told->str, ==, "clean missed; ");
}

/* ---- places ----------------------------------------------------------------------------------------- */

static void test_down(void)
{
    DAEMON daemon = daemon_new();

    start_with(&daemon, &clean, "2025-01-01 12:00");
    scheduler_set_place(daemon.scheduler, "shop", SCHEDULER_DOWN, "unreachable since 01:00");
    expect_due(&daemon, "2025-01-05 02:00", "");
    expect_records(&daemon, "");
    scheduler_set_place(daemon.scheduler, "shop", SCHEDULER_HERE, NULL);
    expect_due(&daemon, "2025-01-05 03:00", "shop.clean 2025-01-05 02:00 #1 until 05:00; ");
    end(&daemon, "2025-01-05 03:10", 0, NULL);
    scheduler_set_place(daemon.scheduler, "shop", SCHEDULER_DOWN, "unreachable since 01:00");
    expect_due(&daemon, "2025-01-12 02:00", "");
    expect_wake(&daemon, "2025-01-12 02:00", "2025-01-12 04:59");
    expect_due(&daemon, "2025-01-12 04:59", "");
    expect_records(&daemon, "clean 2025-01-12 02:00 missed#0 unreachable since 01:00; "
                            "clean 2025-01-05 02:00 done#1; ");
}

static void test_unknown(void)
{
    DAEMON daemon = daemon_new();

    start(&daemon, "2025-01-01 12:00");
    scheduler_set_jobs(daemon.scheduler, &clean, 1, at("2025-01-01 12:00"));
    expect_due(&daemon, "2025-01-05 02:00", "");
    expect_due(&daemon, "2025-01-05 05:00", "");
    expect_records(&daemon, "clean 2025-01-05 02:00 missed#0 its watch has not reported yet; ");
}

static void test_elsewhere(void)
{
    DAEMON daemon = daemon_new();

    start(&daemon, "2025-01-01 12:00");
    scheduler_set_jobs(daemon.scheduler, &clean, 1, at("2025-01-01 12:00"));
    scheduler_set_place(daemon.scheduler, "shop", SCHEDULER_ELSEWHERE, "db2 has it");
    expect_due(&daemon, "2025-01-05 02:00", "");
    expect_records(&daemon, "clean 2025-01-05 02:00 elsewhere#0 db2 has it; ");
    scheduler_set_place(daemon.scheduler, "shop", SCHEDULER_HERE, NULL);
    expect_due(&daemon, "2025-01-05 02:10", "");
    stop(&daemon);
    start_with(&daemon, &clean, "2025-01-05 02:20");
    expect_due(&daemon, "2025-01-05 02:20", "");
    expect_due(&daemon, "2025-01-12 02:00", "shop.clean 2025-01-12 02:00 #1 until 05:00; ");
}

/* It was ours until just now: what holds the lock may be our own connection that was cut. */
static void test_elsewhere_in_doubt(void)
{
    DAEMON daemon = daemon_new();

    start_with(&daemon, &clean, "2025-01-01 12:00");
    scheduler_set_place(daemon.scheduler, "shop", SCHEDULER_DOWN, "no route");
    scheduler_set_place(daemon.scheduler, "shop", SCHEDULER_ELSEWHERE, "db2 has it");
    expect_due(&daemon, "2025-01-05 02:00", "");
    scheduler_set_place(daemon.scheduler, "shop", SCHEDULER_ELSEWHERE, "db2 has it");
    expect_wake(&daemon, "2025-01-05 02:00", "2025-01-05 02:10");
    expect_due(&daemon, "2025-01-05 02:09", "");
    scheduler_set_place(daemon.scheduler, "shop", SCHEDULER_HERE, NULL);
    expect_due(&daemon, "2025-01-05 02:09", "shop.clean 2025-01-05 02:00 #1 until 05:00; ");
    end(&daemon, "2025-01-05 02:10", 0, NULL);
    scheduler_set_place(daemon.scheduler, "shop", SCHEDULER_ELSEWHERE, "db2 has it");
    expect_due(&daemon, "2025-01-12 02:00", "");
    expect_due(&daemon, "2025-01-12 02:10", "");
    expect_records(&daemon, "clean 2025-01-12 02:00 elsewhere#0 db2 has it; "
                            "clean 2025-01-05 02:00 done#1; ");
}

/* The job goes on; its turn stays ours, and waits for the target. */
static void test_elsewhere_in_mid_job(void)
{
    DAEMON daemon = daemon_new();

    start_with(&daemon, &clean, "2025-01-01 12:00");
    expect_due(&daemon, "2025-01-05 02:00", "shop.clean 2025-01-05 02:00 #1 until 05:00; ");
    scheduler_set_place(daemon.scheduler, "shop", SCHEDULER_ELSEWHERE, "db2 has it");
    expect_due(&daemon, "2025-01-05 02:10", "");
    end(&daemon, "2025-01-05 02:20", 3, "connection lost");
    expect_due(&daemon, "2025-01-05 02:40", "");
    scheduler_set_place(daemon.scheduler, "shop", SCHEDULER_HERE, NULL);
    expect_due(&daemon, "2025-01-05 02:41", "shop.clean 2025-01-05 02:00 #2 until 05:00; ");
    scheduler_set_place(daemon.scheduler, "shop", SCHEDULER_ELSEWHERE, "db2 has it");
    end(&daemon, "2025-01-05 02:50", 3, "connection lost");
    expect_due(&daemon, "2025-01-05 04:59", "");
    expect_records(&daemon, "clean 2025-01-05 02:00 failed#2 connection lost\n"
                            "detail: no other attempt: its window is over; ");
}

/* Two daemons with one history: whoever is faster has it, and the other never. */
static void test_one_history(void)
{
    DAEMON daemon = daemon_new();
    AUTO(scheduler) other = scheduler_new(daemon.store, at("2025-01-01 12:00"));

    start_with(&daemon, &clean, "2025-01-01 12:00");
    scheduler_set_jobs(other, &clean, 1, at("2025-01-01 12:00"));
    scheduler_set_place(other, "shop", SCHEDULER_ELSEWHERE, NULL);
    g_autoptr(GArray) none = scheduler_due(other, at("2025-01-05 02:00"));
    g_assert_cmpuint(none->len, ==, 0);
    expect_due(&daemon, "2025-01-05 02:00", "shop.clean 2025-01-05 02:00 #1 until 05:00; ");
    end(&daemon, "2025-01-05 02:10", 0, NULL);
    expect_records(&daemon, "clean 2025-01-05 02:00 done#1; ");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/scheduler/usual", test_usual);
    g_test_add_func("/scheduler/two_of_a_section", test_two_of_a_section);
    g_test_add_func("/scheduler/first-start", test_first_start);
    g_test_add_func("/scheduler/no-window", test_no_window);
    g_test_add_func("/scheduler/late-in-the-window", test_late_in_the_window);
    g_test_add_func("/scheduler/too-late", test_too_late);
    g_test_add_func("/scheduler/several-in-window", test_several_in_window);
    g_test_add_func("/scheduler/killed-in-mid-job", test_killed_in_mid_job);
    g_test_add_func("/scheduler/killed-but-done", test_killed_but_done);
    g_test_add_func("/scheduler/killed-and-others-done", test_killed_and_others_done);
    g_test_add_func("/scheduler/killed-and-a-person", test_killed_and_a_person);
    g_test_add_func("/scheduler/retry", test_retry);
    g_test_add_func("/scheduler/no-retry", test_no_retry);
    g_test_add_func("/scheduler/stopped", test_stopped);
    g_test_add_func("/scheduler/retry-over-restart", test_retry_over_restart);
    g_test_add_func("/scheduler/never-behind-itself", test_never_behind_itself);
    g_test_add_func("/scheduler/one-after-another", test_one_after_another);
    g_test_add_func("/scheduler/limit", test_limit);
    g_test_add_func("/scheduler/down", test_down);
    g_test_add_func("/scheduler/unknown", test_unknown);
    g_test_add_func("/scheduler/elsewhere", test_elsewhere);
    g_test_add_func("/scheduler/elsewhere-in-doubt", test_elsewhere_in_doubt);
    g_test_add_func("/scheduler/elsewhere-in-mid-job", test_elsewhere_in_mid_job);
    g_test_add_func("/scheduler/one-history", test_one_history);
    return g_test_run();
}
