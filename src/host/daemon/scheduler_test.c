#include "daemon/scheduler.h"

#include "daemon/scheduler_fixture.h"
#include "plan/plan.h"
#include "store/store_internal.h"

/* A daemon under test: its history outlives it. */
struct daemon {
    struct store *store;
    struct scheduler *scheduler;
    struct scheduler_order order; /* the last one */
    GString *told;
};

static const struct scheduler_job vacuum = {"shop",        "vacuum", "run",
                                            "0 2 * * Sun", "UTC",    3 * 3600 * 1000};
static const struct scheduler_job bloat = {"shop",       "bloat", "report",
                                           "30 2 * * *", "UTC",   3 * 3600 * 1000};

static void told(const struct store_turn *turn, gpointer data)
{
    g_string_append_printf(data, "%s %s; ", turn->section, turn->outcome);
}

static void start(struct daemon *daemon, const char *time)
{
    daemon->scheduler = scheduler_new(daemon->store, at(time));
    scheduler_on_end(daemon->scheduler, told, daemon->told);
}

static void start_with(struct daemon *daemon, const struct scheduler_job *job, const char *time)
{
    start(daemon, time);
    scheduler_set_jobs(daemon->scheduler, job, 1, at(time));
    scheduler_set_place(daemon->scheduler, job->target, SCHEDULER_HERE, NULL);
}

static struct daemon daemon_new(void)
{
    return (struct daemon){.store = store_open(NULL), .told = g_string_new(NULL)};
}

static void stop(struct daemon *daemon)
{
    g_clear_pointer(&daemon->scheduler, scheduler_free);
}

static void daemon_clear(struct daemon *daemon)
{
    stop(daemon);
    store_close(daemon->store);
    g_string_free(daemon->told, TRUE);
}

#define DAEMON __attribute__((cleanup(daemon_clear))) struct daemon

/* What is started then: "shop.vacuum 2025-01-05 02:00 #1 until 05:00; ". */
static void expect_due(struct daemon *daemon, const char *time, const char *expected)
{
    g_autoptr(GString) text = g_string_new(NULL);
    g_autoptr(GArray) orders = scheduler_due(daemon->scheduler, at(time));

    for (guint i = 0; i < orders->len; i++) {
        daemon->order = g_array_index(orders, struct scheduler_order, i);
        g_autofree char *turn = text_of(daemon->order.turn_us);
        g_autofree char *end = text_of(daemon->order.deadline_us);
        g_string_append_printf(text, "%s.%s %s #%d until %s; ", daemon->order.target,
                               daemon->order.section, turn, daemon->order.attempt,
                               daemon->order.deadline_us > 0 ? strchr(end, ' ') + 1 : "-");
    }
    g_assert_cmpstr(text->str, ==, expected);
}

static void end(struct daemon *daemon, const char *time, int exit_code, const char *reason)
{
    scheduler_ended(daemon->scheduler, &daemon->order, at(time), exit_code, 0, reason);
}

static void append_record(const struct store_turn *turn, gpointer data)
{
    g_autofree char *time = text_of(turn->turn_us);

    g_string_append_printf(data, "%s %s %s#%d%s%s; ", turn->section, time, turn->outcome,
                           turn->attempts, turn->reason != NULL ? " " : "",
                           turn->reason != NULL ? turn->reason : "");
}

/* The history of all turns, newest first. */
static void expect_records(const struct daemon *daemon, const char *expected)
{
    g_autoptr(GString) text = g_string_new(NULL);

    g_assert_true(store_each_turn(daemon->store, NULL, NULL, 0, append_record, text, NULL));
    g_assert_cmpstr(text->str, ==, expected);
    g_assert_cmpstr(store_trouble(daemon->store), ==, NULL);
}

static void expect_wake(const struct daemon *daemon, const char *time, const char *expected)
{
    g_autofree char *wake = text_of(scheduler_wake_us(daemon->scheduler, at(time)));
    g_assert_cmpstr(wake, ==, expected);
}

/* ---- the usual ---------------------------------------------------------------------------------- */

static void test_usual(void)
{
    DAEMON daemon = daemon_new();

    start_with(&daemon, &vacuum, "2025-01-01 12:00");
    expect_due(&daemon, "2025-01-01 12:00", "");
    expect_wake(&daemon, "2025-01-01 12:00", "2025-01-05 02:00");
    expect_due(&daemon, "2025-01-05 01:59", "");
    expect_due(&daemon, "2025-01-05 02:00", "shop.vacuum 2025-01-05 02:00 #1 until 05:00; ");
    g_assert_cmpstr(daemon.order.verb, ==, "run");
    g_assert_cmpuint(scheduler_running(daemon.scheduler), ==, 1);
    expect_due(&daemon, "2025-01-05 02:00", "");
    expect_records(&daemon, "vacuum 2025-01-05 02:00 running#1; ");
    end(&daemon, "2025-01-05 02:20", 0, NULL);
    expect_due(&daemon, "2025-01-05 02:20", "");
    expect_records(&daemon, "vacuum 2025-01-05 02:00 done#1; ");
    expect_wake(&daemon, "2025-01-05 02:20", "2025-01-12 02:00");
    g_assert_cmpstr(daemon.told->str, ==, "vacuum done; ");
}

/* A daemon that was never there before does not make up for what it did not know of. */
static void test_first_start(void)
{
    DAEMON daemon = daemon_new();

    start_with(&daemon, &vacuum, "2025-01-05 03:00");
    expect_due(&daemon, "2025-01-05 03:00", "");
    expect_records(&daemon, "");
}

static void test_no_window(void)
{
    DAEMON daemon = daemon_new();
    struct scheduler_job endless = vacuum;

    endless.window_ms = 0;
    start_with(&daemon, &endless, "2025-01-01 12:00");
    scheduler_set_place(daemon.scheduler, "shop", SCHEDULER_DOWN, "no route");
    expect_due(&daemon, "2025-01-05 02:00", "");
    scheduler_set_place(daemon.scheduler, "shop", SCHEDULER_HERE, NULL);
    expect_due(&daemon, "2025-01-05 04:59", "shop.vacuum 2025-01-05 02:00 #1 until -; ");
    end(&daemon, "2025-01-05 23:00", 0, NULL);
    scheduler_set_place(daemon.scheduler, "shop", SCHEDULER_DOWN, "no route");
    expect_due(&daemon, "2025-01-12 02:00", "");
    expect_due(&daemon, "2025-01-12 05:00", "");
    expect_records(&daemon, "vacuum 2025-01-12 02:00 missed#0 no route; "
                            "vacuum 2025-01-05 02:00 done#1; ");
}

/* ---- daylight saving ------------------------------------------------------------------------------ */

static void test_daylight_saving(void)
{
    DAEMON daemon = daemon_new();
    struct scheduler_job berlin = vacuum;

    berlin.schedule = "30 2 * * *";
    berlin.zone = "Europe/Berlin";
    start_with(&daemon, &berlin, "2025-03-29 12:00");
    /* 02:30 does not exist: right after the change. */
    expect_due(&daemon, "2025-03-30 00:59", "");
    expect_due(&daemon, "2025-03-30 01:00", "shop.vacuum 2025-03-30 01:00 #1 until 04:00; ");
    end(&daemon, "2025-03-30 01:10", 0, NULL);
    expect_due(&daemon, "2025-03-30 23:00", "");
    stop(&daemon);
    /* 02:30 comes twice: the first time. */
    start_with(&daemon, &berlin, "2025-03-31 00:30");
    expect_due(&daemon, "2025-03-31 00:30", "shop.vacuum 2025-03-31 00:30 #1 until 03:30; ");
    end(&daemon, "2025-03-31 00:40", 0, NULL);
    stop(&daemon);
    berlin.schedule = "30 2 * * Sun";
    start_with(&daemon, &berlin, "2025-10-25 12:00");
    expect_due(&daemon, "2025-10-26 00:30", "shop.vacuum 2025-10-26 00:30 #1 until 03:30; ");
    end(&daemon, "2025-10-26 00:40", 0, NULL);
    expect_due(&daemon, "2025-10-26 01:30", "");
    expect_wake(&daemon, "2025-10-26 01:30", "2025-11-02 01:30");
}

/* ---- outages of the daemon --------------------------------------------------------------------------- */

static void test_late_in_the_window(void)
{
    DAEMON daemon = daemon_new();

    start_with(&daemon, &vacuum, "2025-01-01 12:00");
    stop(&daemon);
    start_with(&daemon, &vacuum, "2025-01-05 04:30");
    expect_due(&daemon, "2025-01-05 04:30", "shop.vacuum 2025-01-05 02:00 #1 until 05:00; ");
}

static void test_too_late(void)
{
    DAEMON daemon = daemon_new();

    start_with(&daemon, &vacuum, "2025-01-01 12:00");
    stop(&daemon);
    start_with(&daemon, &vacuum, "2025-01-26 04:59");
    expect_due(&daemon, "2025-01-26 04:59", "");
    expect_due(&daemon, "2025-01-26 05:00", "");
#define LATE "no daemon was running at its time; one was started at 2025-01-26 04:59 UTC; "
    expect_records(&daemon, "vacuum 2025-01-26 02:00 missed#0 " LATE
                            "vacuum 2025-01-19 02:00 missed#0 " LATE
                            "vacuum 2025-01-12 02:00 missed#0 " LATE
                            "vacuum 2025-01-05 02:00 missed#0 " LATE);
    stop(&daemon);
    start_with(&daemon, &vacuum, "2025-01-27 00:00");
    expect_due(&daemon, "2025-01-27 00:00", "");
    g_assert_cmpstr(daemon.told->str, ==,
                    "vacuum missed; vacuum missed; vacuum missed; vacuum missed; ");
}

/* Hourly, with a window of three hours: of those still in their window only the newest. */
static void test_several_in_window(void)
{
    DAEMON daemon = daemon_new();
    struct scheduler_job hourly = vacuum;

    hourly.schedule = "@hourly";
    start_with(&daemon, &hourly, "2025-01-01 00:30");
    stop(&daemon);
    start_with(&daemon, &hourly, "2025-01-01 03:30");
    expect_due(&daemon, "2025-01-01 03:30", "shop.vacuum 2025-01-01 03:00 #1 until 06:00; ");
    end(&daemon, "2025-01-01 03:31", 0, NULL);
    expect_due(&daemon, "2025-01-01 03:31", "");
    g_assert_cmpstr(daemon.told->str, ==, "vacuum missed; vacuum missed; vacuum done; ");
}

static void test_killed_in_mid_job(void)
{
    DAEMON daemon = daemon_new();

    start_with(&daemon, &vacuum, "2025-01-01 12:00");
    expect_due(&daemon, "2025-01-05 02:00", "shop.vacuum 2025-01-05 02:00 #1 until 05:00; ");
    stop(&daemon);
    start_with(&daemon, &vacuum, "2025-01-05 03:00");
    expect_due(&daemon, "2025-01-05 03:00", "shop.vacuum 2025-01-05 02:00 #2 until 05:00; ");
    stop(&daemon);
    start_with(&daemon, &vacuum, "2025-01-05 06:00");
    expect_due(&daemon, "2025-01-05 06:00", "");
    expect_records(&daemon, "vacuum 2025-01-05 02:00 interrupted#2 "
                            "the daemon was gone before it ended; ");
}

/* What the command line told the history counts, and its run is not left open. */
static void test_killed_but_done(void)
{
    DAEMON daemon = daemon_new();
    const struct store_run run = {.section = "vacuum", .verb = "run", .target = "shop"};

    start_with(&daemon, &vacuum, "2025-01-01 12:00");
    expect_due(&daemon, "2025-01-05 02:00", "shop.vacuum 2025-01-05 02:00 #1 until 05:00; ");
    store_run_end(daemon.store, store_run_begin(daemon.store, &run), "done", 0, NULL, NULL);
    stop(&daemon);
    start_with(&daemon, &vacuum, "2025-01-05 03:00");
    expect_due(&daemon, "2025-01-05 03:00", "");
    expect_records(&daemon, "vacuum 2025-01-05 02:00 done#1 the daemon was gone before it "
                            "ended; ");
}

/* ---- retries ------------------------------------------------------------------------------------- */

static void test_retry(void)
{
    DAEMON daemon = daemon_new();

    start_with(&daemon, &vacuum, "2025-01-01 12:00");
    expect_due(&daemon, "2025-01-05 02:00", "shop.vacuum 2025-01-05 02:00 #1 until 05:00; ");
    end(&daemon, "2025-01-05 02:00", 3, "connection refused");
    expect_records(&daemon, "vacuum 2025-01-05 02:00 waiting#1 connection refused; ");
    expect_due(&daemon, "2025-01-05 02:00", "");
    expect_due(&daemon, "2025-01-05 02:01", "shop.vacuum 2025-01-05 02:00 #2 until 05:00; ");
    end(&daemon, "2025-01-05 02:01", 1, "it failed");
    expect_wake(&daemon, "2025-01-05 02:01", "2025-01-05 02:02");
    expect_due(&daemon, "2025-01-05 02:02", "shop.vacuum 2025-01-05 02:00 #3 until 05:00; ");
    end(&daemon, "2025-01-05 02:02", -1, "killed");
    expect_wake(&daemon, "2025-01-05 02:02", "2025-01-05 02:04");
    expect_due(&daemon, "2025-01-05 02:04", "shop.vacuum 2025-01-05 02:00 #4 until 05:00; ");
    end(&daemon, "2025-01-05 02:04", 4, "another run: " PLAN_LOCK_HELD " by x");
    expect_wake(&daemon, "2025-01-05 02:04", "2025-01-05 02:08");
    expect_due(&daemon, "2025-01-05 02:08", "shop.vacuum 2025-01-05 02:00 #5 until 05:00; ");
    end(&daemon, "2025-01-05 04:50", 130, "interrupted");
    expect_wake(&daemon, "2025-01-05 04:50", "2025-01-05 04:58");
    expect_due(&daemon, "2025-01-05 04:58", "shop.vacuum 2025-01-05 02:00 #6 until 05:00; ");
    end(&daemon, "2025-01-05 04:58", 1, "once more");
    expect_records(&daemon, "vacuum 2025-01-05 02:00 failed#6 once more; ");
}

static void test_no_retry(void)
{
    static const struct {
        int exit_code;
        const char *reason, *outcome;
    } cases[] = {
        {5, NULL, "partly"},
        {2, "no such option", "failed"},
        {4, "it is a standby", "refused"},
        {4, NULL, "refused"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        DAEMON daemon = daemon_new();
        g_autofree char *expected = g_strdup_printf(
            "vacuum 2025-01-05 02:00 %s#1%s%s; ", cases[i].outcome,
            cases[i].reason != NULL ? " " : "", cases[i].reason != NULL ? cases[i].reason : "");
        start_with(&daemon, &vacuum, "2025-01-01 12:00");
        expect_due(&daemon, "2025-01-05 02:00",
                   "shop.vacuum 2025-01-05 02:00 #1 until 05:00; ");
        end(&daemon, "2025-01-05 02:00", cases[i].exit_code, cases[i].reason);
        expect_due(&daemon, "2025-01-05 03:00", "");
        expect_records(&daemon, expected);
    }
}

/* A retry goes on after a restart of the daemon, and its count too. */
static void test_retry_over_restart(void)
{
    DAEMON daemon = daemon_new();

    start_with(&daemon, &vacuum, "2025-01-01 12:00");
    expect_due(&daemon, "2025-01-05 02:00", "shop.vacuum 2025-01-05 02:00 #1 until 05:00; ");
    end(&daemon, "2025-01-05 02:10", 130, "the daemon was stopped");
    stop(&daemon);
    start_with(&daemon, &vacuum, "2025-01-05 02:20");
    expect_due(&daemon, "2025-01-05 02:20", "shop.vacuum 2025-01-05 02:00 #2 until 05:00; ");
    end(&daemon, "2025-01-05 02:30", 0, NULL);
    expect_records(&daemon, "vacuum 2025-01-05 02:00 done#2; ");
}

/* ---- one at a time ---------------------------------------------------------------------------------- */

static void test_never_behind_itself(void)
{
    DAEMON daemon = daemon_new();
    struct scheduler_job hourly = vacuum;

    hourly.schedule = "@hourly";
    start_with(&daemon, &hourly, "2025-01-01 00:30");
    expect_due(&daemon, "2025-01-01 01:00", "shop.vacuum 2025-01-01 01:00 #1 until 04:00; ");
    expect_due(&daemon, "2025-01-01 02:00", "");
    end(&daemon, "2025-01-01 02:30", 0, NULL);
    expect_due(&daemon, "2025-01-01 02:30", "");
    expect_due(&daemon, "2025-01-01 03:00", "shop.vacuum 2025-01-01 03:00 #1 until 06:00; ");
    end(&daemon, "2025-01-01 03:59", 1, "no");
    expect_due(&daemon, "2025-01-01 04:00", "shop.vacuum 2025-01-01 04:00 #1 until 07:00; ");
    expect_records(&daemon, "vacuum 2025-01-01 04:00 running#1; "
                            "vacuum 2025-01-01 03:00 failed#1 no\n"
                            "detail: no other attempt: the next turn has come; "
                            "vacuum 2025-01-01 02:00 missed#0 "
                            "the turn before it was still at work; "
                            "vacuum 2025-01-01 01:00 done#1; ");
}

static void test_one_after_another(void)
{
    DAEMON daemon = daemon_new();
    const struct scheduler_job jobs[] = {vacuum, bloat};
    struct scheduler_order first;

    start(&daemon, "2025-01-04 12:00");
    scheduler_set_jobs(daemon.scheduler, jobs, 2, at("2025-01-04 12:00"));
    scheduler_set_place(daemon.scheduler, "shop", SCHEDULER_HERE, NULL);
    expect_due(&daemon, "2025-01-05 02:00", "shop.vacuum 2025-01-05 02:00 #1 until 05:00; ");
    first = daemon.order;
    expect_due(&daemon, "2025-01-05 02:30", "");
    scheduler_ended(daemon.scheduler, &first, at("2025-01-05 04:00"), 0, 7, NULL);
    expect_due(&daemon, "2025-01-05 04:00", "shop.bloat 2025-01-05 02:30 #1 until 05:30; ");
    end(&daemon, "2025-01-05 04:01", 0, NULL);
    expect_due(&daemon, "2025-01-12 01:00", ""); /* six turns of bloat are missed */
    expect_due(&daemon, "2025-01-12 02:00", "shop.vacuum 2025-01-12 02:00 #1 until 05:00; ");
    expect_due(&daemon, "2025-01-12 02:30", "");
    expect_due(&daemon, "2025-01-12 05:29", "");
    g_assert_nonnull(strstr(daemon.told->str, "bloat done; bloat missed; bloat missed; bloat "
                                              "missed; bloat missed; bloat missed; bloat "
                                              "missed; bloat missed; "));
}

static void test_limit(void)
{
    DAEMON daemon = daemon_new();
    struct scheduler_job jobs[] = {vacuum, vacuum, vacuum};

    jobs[1].target = "second";
    jobs[2].target = "third";
    start(&daemon, "2025-01-04 12:00");
    scheduler_set_jobs(daemon.scheduler, jobs, 3, at("2025-01-04 12:00"));
    for (guint i = 0; i < 3; i++)
        scheduler_set_place(daemon.scheduler, jobs[i].target, SCHEDULER_HERE, NULL);
    expect_due(&daemon, "2025-01-05 02:00",
               "shop.vacuum 2025-01-05 02:00 #1 until 05:00; "
               "second.vacuum 2025-01-05 02:00 #1 until 05:00; ");
    end(&daemon, "2025-01-05 02:10", 0, NULL);
    expect_due(&daemon, "2025-01-05 02:10", "third.vacuum 2025-01-05 02:00 #1 until 05:00; ");
    stop(&daemon);

    start(&daemon, "2025-01-11 12:00");
    scheduler_set_limit(daemon.scheduler, 1);
    scheduler_set_jobs(daemon.scheduler, jobs, 2, at("2025-01-11 12:00"));
    scheduler_set_place(daemon.scheduler, "shop", SCHEDULER_HERE, NULL);
    scheduler_set_place(daemon.scheduler, "second", SCHEDULER_HERE, NULL);
    expect_due(&daemon, "2025-01-12 02:00", "shop.vacuum 2025-01-12 02:00 #1 until 05:00; ");
    g_string_truncate(daemon.told, 0);
    expect_due(&daemon, "2025-01-12 05:00", "");
    g_assert_cmpstr(daemon.told->str, ==, "vacuum missed; ");
}

/* ---- places ----------------------------------------------------------------------------------------- */

static void test_down(void)
{
    DAEMON daemon = daemon_new();

    start_with(&daemon, &vacuum, "2025-01-01 12:00");
    scheduler_set_place(daemon.scheduler, "shop", SCHEDULER_DOWN, "unreachable since 01:00");
    expect_due(&daemon, "2025-01-05 02:00", "");
    expect_records(&daemon, "");
    scheduler_set_place(daemon.scheduler, "shop", SCHEDULER_HERE, NULL);
    expect_due(&daemon, "2025-01-05 03:00", "shop.vacuum 2025-01-05 02:00 #1 until 05:00; ");
    end(&daemon, "2025-01-05 03:10", 0, NULL);
    scheduler_set_place(daemon.scheduler, "shop", SCHEDULER_DOWN, "unreachable since 01:00");
    expect_due(&daemon, "2025-01-12 02:00", "");
    expect_wake(&daemon, "2025-01-12 02:00", "2025-01-12 04:59");
    expect_due(&daemon, "2025-01-12 04:59", "");
    expect_records(&daemon, "vacuum 2025-01-12 02:00 missed#0 unreachable since 01:00; "
                            "vacuum 2025-01-05 02:00 done#1; ");
}

static void test_unknown(void)
{
    DAEMON daemon = daemon_new();

    start(&daemon, "2025-01-01 12:00");
    scheduler_set_jobs(daemon.scheduler, &vacuum, 1, at("2025-01-01 12:00"));
    expect_due(&daemon, "2025-01-05 02:00", "");
    expect_due(&daemon, "2025-01-05 05:00", "");
    expect_records(&daemon,
                   "vacuum 2025-01-05 02:00 missed#0 its watch has not reported yet; ");
}

static void test_elsewhere(void)
{
    DAEMON daemon = daemon_new();

    start_with(&daemon, &vacuum, "2025-01-01 12:00");
    scheduler_set_place(daemon.scheduler, "shop", SCHEDULER_ELSEWHERE, "db2 has it");
    expect_due(&daemon, "2025-01-05 02:00", "");
    scheduler_set_place(daemon.scheduler, "shop", SCHEDULER_HERE, NULL);
    expect_due(&daemon, "2025-01-05 02:10", "");
    expect_records(&daemon, "vacuum 2025-01-05 02:00 elsewhere#0 db2 has it; ");
    stop(&daemon);
    start_with(&daemon, &vacuum, "2025-01-05 02:20");
    expect_due(&daemon, "2025-01-05 02:20", "");
    expect_due(&daemon, "2025-01-12 02:00", "shop.vacuum 2025-01-12 02:00 #1 until 05:00; ");
}

/* The job goes on, and is not tried again. */
static void test_elsewhere_in_mid_job(void)
{
    DAEMON daemon = daemon_new();

    start_with(&daemon, &vacuum, "2025-01-01 12:00");
    expect_due(&daemon, "2025-01-05 02:00", "shop.vacuum 2025-01-05 02:00 #1 until 05:00; ");
    scheduler_set_place(daemon.scheduler, "shop", SCHEDULER_ELSEWHERE, "db2 has it");
    expect_due(&daemon, "2025-01-05 02:10", "");
    end(&daemon, "2025-01-05 02:20", 3, "connection lost");
    expect_due(&daemon, "2025-01-05 02:20", "");
    expect_records(&daemon, "vacuum 2025-01-05 02:00 failed#1 connection lost\n"
                            "detail: no other attempt: another daemon has the target; ");
}

/* Two daemons with one history: whoever is faster has it, and the other never. */
static void test_one_history(void)
{
    DAEMON daemon = daemon_new();
    AUTO(scheduler) other = scheduler_new(daemon.store, at("2025-01-01 12:00"));

    start_with(&daemon, &vacuum, "2025-01-01 12:00");
    scheduler_set_jobs(other, &vacuum, 1, at("2025-01-01 12:00"));
    scheduler_set_place(other, "shop", SCHEDULER_ELSEWHERE, NULL);
    g_autoptr(GArray) none = scheduler_due(other, at("2025-01-05 02:00"));
    g_assert_cmpuint(none->len, ==, 0);
    expect_due(&daemon, "2025-01-05 02:00", "shop.vacuum 2025-01-05 02:00 #1 until 05:00; ");
    end(&daemon, "2025-01-05 02:10", 0, NULL);
    expect_records(&daemon, "vacuum 2025-01-05 02:00 done#1; ");
}

/* ---- settings read anew ------------------------------------------------------------------------------ */

static void test_reload(void)
{
    DAEMON daemon = daemon_new();
    struct scheduler_job changed = vacuum;

    changed.schedule = "0 3 * * *";
    start_with(&daemon, &vacuum, "2025-01-01 12:00");
    scheduler_set_jobs(daemon.scheduler, &changed, 1, at("2025-01-02 12:00"));
    expect_due(&daemon, "2025-01-02 12:00", "");
    expect_wake(&daemon, "2025-01-02 12:00", "2025-01-03 03:00");
    expect_due(&daemon, "2025-01-03 03:00", "shop.vacuum 2025-01-03 03:00 #1 until 06:00; ");
    /* At work: it goes on, by whatever schedule, and on none. */
    scheduler_set_jobs(daemon.scheduler, &vacuum, 1, at("2025-01-03 03:10"));
    scheduler_set_jobs(daemon.scheduler, NULL, 0, at("2025-01-03 03:20"));
    g_assert_cmpuint(scheduler_running(daemon.scheduler), ==, 1);
    expect_due(&daemon, "2025-01-05 02:00", "");
    end(&daemon, "2025-01-05 02:10", 1, "failed");
    expect_records(&daemon, "vacuum 2025-01-03 03:00 failed#1 failed; ");
    g_assert_cmpint(scheduler_wake_us(daemon.scheduler, 0), ==, G_MAXINT64);
    /* What was off has no turns. */
    scheduler_set_jobs(daemon.scheduler, &vacuum, 1, at("2025-01-20 12:00"));
    expect_due(&daemon, "2025-01-20 12:00", "");
    expect_due(&daemon, "2025-01-26 02:00", "shop.vacuum 2025-01-26 02:00 #1 until 05:00; ");
}

static void test_reload_while_pending(void)
{
    DAEMON daemon = daemon_new();
    struct scheduler_job changed = vacuum;

    changed.zone = "Europe/Berlin";
    start_with(&daemon, &vacuum, "2025-01-01 12:00");
    scheduler_set_place(daemon.scheduler, "shop", SCHEDULER_DOWN, NULL);
    expect_due(&daemon, "2025-01-05 02:00", "");
    scheduler_set_jobs(daemon.scheduler, &vacuum, 1, at("2025-01-05 02:10"));
    expect_records(&daemon, "");
    scheduler_set_jobs(daemon.scheduler, &changed, 1, at("2025-01-05 02:20"));
    expect_records(&daemon, "vacuum 2025-01-05 02:00 missed#0 the schedule was changed; ");
    expect_due(&daemon, "2025-01-12 01:00", "");
    scheduler_set_jobs(daemon.scheduler, NULL, 0, at("2025-01-12 01:30"));
    expect_records(&daemon, "vacuum 2025-01-12 01:00 missed#0 the job was taken off the "
                            "schedule; "
                            "vacuum 2025-01-05 02:00 missed#0 the schedule was changed; ");
}

/* Changed while no daemon was there: the turns of the new schedule begin now. */
static void test_changed_while_down(void)
{
    DAEMON daemon = daemon_new();
    struct scheduler_job daily = vacuum;

    daily.schedule = "0 3 * * *";
    start_with(&daemon, &vacuum, "2025-01-06 12:00");
    stop(&daemon);
    start_with(&daemon, &daily, "2025-01-10 04:00");
    expect_due(&daemon, "2025-01-10 04:00", "");
    expect_records(&daemon, "");
}

static void test_invalid(void)
{
    DAEMON daemon = daemon_new();
    const struct scheduler_job jobs[] = {
        {"a", "vacuum", "run", "nonsense", "UTC", 1},
        {"a", "bloat", "run", "0 2 * * *", "Nowhere/Town", 1},
    };

    start(&daemon, "2025-01-01 12:00");
    scheduler_set_jobs(daemon.scheduler, jobs, 2, at("2025-01-01 12:00"));
    g_assert_cmpint(scheduler_wake_us(daemon.scheduler, 0), ==, G_MAXINT64);
}

/* ---- clocks ------------------------------------------------------------------------------------------- */

static void test_clock_set_back(void)
{
    DAEMON daemon = daemon_new();

    start_with(&daemon, &vacuum, "2025-01-01 12:00");
    expect_due(&daemon, "2025-01-05 02:00", "shop.vacuum 2025-01-05 02:00 #1 until 05:00; ");
    expect_due(&daemon, "2025-01-05 01:00", "");
    expect_due(&daemon, "2025-01-05 02:00", "");
    end(&daemon, "2025-01-05 02:10", 0, NULL);
    expect_due(&daemon, "2025-01-04 12:00", "");
    expect_due(&daemon, "2025-01-05 02:00", "");
    expect_records(&daemon, "vacuum 2025-01-05 02:00 done#1; ");
    /* From a year ahead: the next turn is not a year away. */
    expect_due(&daemon, "2026-01-01 00:00", "");
    expect_due(&daemon, "2025-01-06 00:00", "");
    expect_wake(&daemon, "2025-01-06 00:00", "2025-01-12 02:00");
}

/* It had come, but was not begun: it comes again. */
static void test_clock_set_back_while_pending(void)
{
    DAEMON daemon = daemon_new();

    start_with(&daemon, &vacuum, "2025-01-01 12:00");
    scheduler_set_place(daemon.scheduler, "shop", SCHEDULER_DOWN, NULL);
    expect_due(&daemon, "2025-01-05 02:00", "");
    expect_due(&daemon, "2025-01-05 01:00", "");
    scheduler_set_place(daemon.scheduler, "shop", SCHEDULER_HERE, NULL);
    expect_due(&daemon, "2025-01-05 01:30", "");
    expect_due(&daemon, "2025-01-05 02:00", "shop.vacuum 2025-01-05 02:00 #1 until 05:00; ");
}

static void test_clock_set_forward(void)
{
    DAEMON daemon = daemon_new();

    start_with(&daemon, &vacuum, "2025-01-04 12:00");
    expect_due(&daemon, "2025-01-04 12:00", "");
    expect_due(&daemon, "2025-01-12 06:00", "");
#define AT_ONCE                                                                                \
    "the clock went from 2025-01-04 12:00 UTC to 2025-01-12 06:00 UTC at once: the machine "   \
    "slept, or its clock was set; "
    expect_records(&daemon, "vacuum 2025-01-12 02:00 missed#0 " AT_ONCE
                            "vacuum 2025-01-05 02:00 missed#0 " AT_ONCE);
}

static void count(const struct store_turn *turn, gpointer data)
{
    g_assert_nonnull(turn);
    (*(guint *) data)++;
}

/* From 1970 to today with a turn each minute: the last thousand are enough. */
static void test_clock_set_forward_by_years(void)
{
    DAEMON daemon = daemon_new();
    struct scheduler_job minutely = vacuum;
    guint records = 0;

    minutely.schedule = "* * * * *";
    minutely.window_ms = 60 * 1000;
    start_with(&daemon, &minutely, "2023-01-01 00:00");
    expect_due(&daemon, "2025-01-01 00:00", "shop.vacuum 2025-01-01 00:00 #1 until 00:01; ");
    end(&daemon, "2025-01-01 00:00", 5, NULL);
    g_assert_true(store_each_turn(daemon.store, "shop", NULL, 0, count, &records, NULL));
    g_assert_cmpuint(records, ==, 1000);
}

/* ---- a history that cannot be written ----------------------------------------------------------------- */

static void test_trouble(void)
{
    DAEMON daemon = daemon_new();
    AUTO(store) anew = store_open(NULL);

    start_with(&daemon, &vacuum, "2025-01-01 12:00");
    sqlite3_exec(daemon.store->db, "PRAGMA query_only = ON", NULL, NULL, NULL);
    expect_due(&daemon, "2025-01-05 02:00", "shop.vacuum 2025-01-05 02:00 #1 until 05:00; ");
    expect_due(&daemon, "2025-01-05 02:01", "");
    end(&daemon, "2025-01-05 02:10", 0, NULL);
    /* Remembered, whatever the clock does. */
    expect_due(&daemon, "2025-01-05 01:00", "");
    expect_due(&daemon, "2025-01-05 02:30", "");
    g_assert_nonnull(store_trouble(daemon.store));
    g_assert_cmpstr(daemon.told->str, ==, "vacuum done; ");

    /* Written once it can be, and to the file that is opened in its place. */
    sqlite3_exec(daemon.store->db, "PRAGMA query_only = OFF", NULL, NULL, NULL);
    expect_due(&daemon, "2025-01-05 02:31", "");
    g_autoptr(GString) text = g_string_new(NULL);
    g_assert_true(store_each_turn(daemon.store, NULL, NULL, 0, append_record, text, NULL));
    g_assert_cmpstr(text->str, ==, "vacuum 2025-01-05 02:00 done#1; ");
    scheduler_set_store(daemon.scheduler, anew);
    store_close(daemon.store);
    daemon.store = g_steal_pointer(&anew);
    expect_records(&daemon, "vacuum 2025-01-05 02:00 done#1; ");
    stop(&daemon);
    start_with(&daemon, &vacuum, "2025-01-05 03:00");
    expect_due(&daemon, "2025-01-05 03:00", "");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/scheduler/usual", test_usual);
    g_test_add_func("/scheduler/first-start", test_first_start);
    g_test_add_func("/scheduler/no-window", test_no_window);
    g_test_add_func("/scheduler/daylight-saving", test_daylight_saving);
    g_test_add_func("/scheduler/late-in-the-window", test_late_in_the_window);
    g_test_add_func("/scheduler/too-late", test_too_late);
    g_test_add_func("/scheduler/several-in-window", test_several_in_window);
    g_test_add_func("/scheduler/killed-in-mid-job", test_killed_in_mid_job);
    g_test_add_func("/scheduler/killed-but-done", test_killed_but_done);
    g_test_add_func("/scheduler/retry", test_retry);
    g_test_add_func("/scheduler/no-retry", test_no_retry);
    g_test_add_func("/scheduler/retry-over-restart", test_retry_over_restart);
    g_test_add_func("/scheduler/never-behind-itself", test_never_behind_itself);
    g_test_add_func("/scheduler/one-after-another", test_one_after_another);
    g_test_add_func("/scheduler/limit", test_limit);
    g_test_add_func("/scheduler/down", test_down);
    g_test_add_func("/scheduler/unknown", test_unknown);
    g_test_add_func("/scheduler/elsewhere", test_elsewhere);
    g_test_add_func("/scheduler/elsewhere-in-mid-job", test_elsewhere_in_mid_job);
    g_test_add_func("/scheduler/one-history", test_one_history);
    g_test_add_func("/scheduler/reload", test_reload);
    g_test_add_func("/scheduler/reload-while-pending", test_reload_while_pending);
    g_test_add_func("/scheduler/changed-while-down", test_changed_while_down);
    g_test_add_func("/scheduler/invalid", test_invalid);
    g_test_add_func("/scheduler/clock-set-back", test_clock_set_back);
    g_test_add_func("/scheduler/clock-set-back-while-pending",
                    test_clock_set_back_while_pending);
    g_test_add_func("/scheduler/clock-set-forward", test_clock_set_forward);
    g_test_add_func("/scheduler/clock-set-forward-by-years", test_clock_set_forward_by_years);
    g_test_add_func("/scheduler/trouble", test_trouble);
    return g_test_run();
}
