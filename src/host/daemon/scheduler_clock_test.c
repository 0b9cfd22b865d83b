#include "daemon/scheduler_fixture.h"
#include "store/store_internal.h"

/* ---- daylight saving ------------------------------------------------------------------------------ */

static void test_daylight_saving(void)
{
    DAEMON daemon = daemon_new();
    struct scheduler_job berlin = clean;

    berlin.schedule = "30 2 * * *";
    berlin.zone = "Europe/Berlin";
    start_with(&daemon, &berlin, "2025-03-29 12:00");
    /* 02:30 does not exist: right after the change. */
    expect_due(&daemon, "2025-03-30 00:59", "");
    expect_due(&daemon, "2025-03-30 01:00", "shop.clean 2025-03-30 01:00 #1 until 04:00; ");
    end(&daemon, "2025-03-30 01:10", 0, NULL);
    expect_due(&daemon, "2025-03-30 23:00", "");
    stop(&daemon);
    /* 02:30 comes twice: the first time. */
    start_with(&daemon, &berlin, "2025-03-31 00:30");
    expect_due(&daemon, "2025-03-31 00:30", "shop.clean 2025-03-31 00:30 #1 until 03:30; ");
    end(&daemon, "2025-03-31 00:40", 0, NULL);
    stop(&daemon);
    berlin.schedule = "30 2 * * Sun";
    start_with(&daemon, &berlin, "2025-10-25 12:00");
    expect_due(&daemon, "2025-10-26 00:30", "shop.clean 2025-10-26 00:30 #1 until 03:30; ");
    end(&daemon, "2025-10-26 00:40", 0, NULL);
    expect_due(&daemon, "2025-10-26 01:30", "");
    expect_wake(&daemon, "2025-10-26 01:30", "2025-11-02 01:30");
}

/* ---- settings read anew ------------------------------------------------------------------------------ */

static void test_reload(void)
{
    DAEMON daemon = daemon_new();
    struct scheduler_job changed = clean;

    changed.schedule = "0 3 * * *";
    start_with(&daemon, &clean, "2025-01-01 12:00");
    scheduler_set_jobs(daemon.scheduler, &changed, 1, at("2025-01-02 12:00"));
    expect_due(&daemon, "2025-01-02 12:00", "");
    expect_wake(&daemon, "2025-01-02 12:00", "2025-01-03 03:00");
    expect_due(&daemon, "2025-01-03 03:00", "shop.clean 2025-01-03 03:00 #1 until 06:00; ");
    /* At work: it goes on, by whatever schedule, and on none. */
    scheduler_set_jobs(daemon.scheduler, &clean, 1, at("2025-01-03 03:10"));
    scheduler_set_jobs(daemon.scheduler, NULL, 0, at("2025-01-03 03:20"));
    g_assert_cmpuint(scheduler_running(daemon.scheduler), ==, 1);
    expect_due(&daemon, "2025-01-05 02:00", "");
    end(&daemon, "2025-01-05 02:10", 1, "failed");
    expect_records(&daemon, "clean 2025-01-03 03:00 failed#1 failed; ");
    g_assert_cmpint(scheduler_wake_us(daemon.scheduler, 0), ==, G_MAXINT64);
    /* What was off has no turns. */
    scheduler_set_jobs(daemon.scheduler, &clean, 1, at("2025-01-20 12:00"));
    expect_due(&daemon, "2025-01-20 12:00", "");
    expect_due(&daemon, "2025-01-26 02:00", "shop.clean 2025-01-26 02:00 #1 until 05:00; ");
}

static void test_reload_while_pending(void)
{
    DAEMON daemon = daemon_new();
    struct scheduler_job changed = clean;

    changed.zone = "Europe/Berlin";
    start_with(&daemon, &clean, "2025-01-01 12:00");
    scheduler_set_place(daemon.scheduler, "shop", SCHEDULER_DOWN, NULL);
    expect_due(&daemon, "2025-01-05 02:00", "");
    scheduler_set_jobs(daemon.scheduler, &clean, 1, at("2025-01-05 02:10"));
    expect_records(&daemon, "");
    scheduler_set_jobs(daemon.scheduler, &changed, 1, at("2025-01-05 02:20"));
    expect_records(&daemon, "clean 2025-01-05 02:00 missed#0 the schedule was changed; ");
    expect_due(&daemon, "2025-01-12 01:00", "");
    scheduler_set_jobs(daemon.scheduler, NULL, 0, at("2025-01-12 01:30"));
    expect_records(&daemon, "clean 2025-01-12 01:00 missed#0 the job was taken off the "
                            "schedule; "
                            "clean 2025-01-05 02:00 missed#0 the schedule was changed; ");
}

/* Changed while no daemon was there: the turns of the new schedule begin now. */
static void test_changed_while_down(void)
{
    DAEMON daemon = daemon_new();
    struct scheduler_job daily = clean;

    daily.schedule = "0 3 * * *";
    start_with(&daemon, &clean, "2025-01-06 12:00");
    stop(&daemon);
    start_with(&daemon, &daily, "2025-01-10 04:00");
    expect_due(&daemon, "2025-01-10 04:00", "");
    expect_records(&daemon, "");
}

static void test_invalid(void)
{
    DAEMON daemon = daemon_new();
    const struct scheduler_job jobs[] = {
        {"a", "clean", "run", "nonsense", "UTC", 1, NULL, NULL},
        {"a", "sweep", "run", "0 2 * * *", "Nowhere/Town", 1, NULL, NULL},
    };

    start(&daemon, "2025-01-01 12:00");
    scheduler_set_jobs(daemon.scheduler, jobs, 2, at("2025-01-01 12:00"));
    g_assert_cmpint(scheduler_wake_us(daemon.scheduler, 0), ==, G_MAXINT64);
}

/* ---- clocks ------------------------------------------------------------------------------------------- */

static void test_clock_set_back(void)
{
    DAEMON daemon = daemon_new();

    start_with(&daemon, &clean, "2025-01-01 12:00");
    expect_due(&daemon, "2025-01-05 02:00", "shop.clean 2025-01-05 02:00 #1 until 05:00; ");
    expect_due(&daemon, "2025-01-05 01:00", "");
    expect_due(&daemon, "2025-01-05 02:00", "");
    end(&daemon, "2025-01-05 02:10", 0, NULL);
    expect_due(&daemon, "2025-01-04 12:00", "");
    expect_due(&daemon, "2025-01-05 02:00", "");
    expect_records(&daemon, "clean 2025-01-05 02:00 done#1; ");
    /* From a year ahead: the next turn is not a year away, nor missed. */
    expect_due(&daemon, "2026-01-01 00:00", "");
    expect_due(&daemon, "2025-01-06 00:00", "");
    expect_wake(&daemon, "2025-01-06 00:00", "2025-01-12 02:00");
    expect_due(&daemon, "2025-01-12 02:00", "shop.clean 2025-01-12 02:00 #1 until 05:00; ");
    end(&daemon, "2025-01-12 02:10", 0, NULL);
    stop(&daemon);
    start_with(&daemon, &clean, "2025-01-13 00:00");
    expect_due(&daemon, "2025-01-19 02:00", "shop.clean 2025-01-19 02:00 #1 until 05:00; ");
}

/* It had come, but was not begun: it comes again. */
static void test_clock_set_back_while_pending(void)
{
    DAEMON daemon = daemon_new();

    start_with(&daemon, &clean, "2025-01-01 12:00");
    scheduler_set_place(daemon.scheduler, "shop", SCHEDULER_DOWN, NULL);
    expect_due(&daemon, "2025-01-05 02:00", "");
    expect_due(&daemon, "2025-01-05 01:00", "");
    scheduler_set_place(daemon.scheduler, "shop", SCHEDULER_HERE, NULL);
    expect_due(&daemon, "2025-01-05 01:30", "");
    expect_due(&daemon, "2025-01-05 02:00", "shop.clean 2025-01-05 02:00 #1 until 05:00; ");
}

static void test_clock_set_forward(void)
{
    DAEMON daemon = daemon_new();

    start_with(&daemon, &clean, "2025-01-04 12:00");
    expect_due(&daemon, "2025-01-04 12:00", "");
    expect_due(&daemon, "2025-01-12 06:00", "");
#define AT_ONCE                                                                                \
    "its time was over before the daemon saw it, at 2025-01-12 06:00 UTC: the machine slept, " \
    "its clock was set, or the daemon was held up; "
    expect_records(&daemon, "clean 2025-01-12 02:00 missed#0 " AT_ONCE
                            "clean 2025-01-05 02:00 missed#0 " AT_ONCE);
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
    struct scheduler_job minutely = clean;
    guint records = 0;

    minutely.schedule = "* * * * *";
    minutely.window_ms = 60 * 1000;
    start_with(&daemon, &minutely, "2023-01-01 00:00");
    expect_due(&daemon, "2025-01-01 00:00", "shop.clean 2025-01-01 00:00 #1 until 00:01; ");
    end(&daemon, "2025-01-01 00:00", 5, NULL);
    g_assert_true(store_each_turn(daemon.store, "shop", NULL, 0, count, &records, NULL));
    g_assert_cmpuint(records, ==, 1000);
}

/* ---- a history that cannot be written ----------------------------------------------------------------- */

static void test_trouble(void)
{
    DAEMON daemon = daemon_new();
    AUTO(store) anew = store_open(NULL);

    start_with(&daemon, &clean, "2025-01-01 12:00");
    sqlite3_exec(daemon.store->db, "PRAGMA query_only = ON", NULL, NULL, NULL);
    expect_due(&daemon, "2025-01-05 02:00", "shop.clean 2025-01-05 02:00 #1 until 05:00; ");
    expect_due(&daemon, "2025-01-05 02:01", "");
    end(&daemon, "2025-01-05 02:10", 0, NULL);
    /* Remembered, whatever the clock does. */
    expect_due(&daemon, "2025-01-05 01:00", "");
    expect_due(&daemon, "2025-01-05 02:30", "");
    g_assert_nonnull(store_trouble(daemon.store));
    g_assert_cmpstr(daemon.told->str, ==, "clean done; ");

    /* Written once it can be, and to the file that is opened in its place. */
    sqlite3_exec(daemon.store->db, "PRAGMA query_only = OFF", NULL, NULL, NULL);
    expect_due(&daemon, "2025-01-05 02:31", "");
    g_autoptr(GString) text = g_string_new(NULL);
    g_assert_true(store_each_turn(daemon.store, NULL, NULL, 0, append_record, text, NULL));
    g_assert_cmpstr(text->str, ==, "clean 2025-01-05 02:00 done#1; ");
    scheduler_set_store(daemon.scheduler, anew);
    store_close(daemon.store);
    daemon.store = g_steal_pointer(&anew);
    expect_records(&daemon, "clean 2025-01-05 02:00 done#1; ");
    stop(&daemon);
    start_with(&daemon, &clean, "2025-01-05 03:00");
    expect_due(&daemon, "2025-01-05 03:00", "");
}

static void append_run(const struct store_turn *turn, gpointer data)
{
    g_string_append_printf(data, "%" G_GINT64_FORMAT " ", turn->run);
}

/* A run's number in the stand-in of a history is another run's in the file. */
static void test_stand_in(void)
{
    DAEMON daemon = daemon_new();
    AUTO(store) file = store_open(NULL);
    g_autoptr(GString) runs = g_string_new(NULL);

    start_with(&daemon, &clean, "2025-01-01 12:00");
    expect_due(&daemon, "2025-01-05 02:00", "shop.clean 2025-01-05 02:00 #1 until 05:00; ");
    scheduler_ended(daemon.scheduler, &daemon.order, at("2025-01-05 02:10"), 0, 7, NULL);
    g_assert_true(store_each_turn(daemon.store, NULL, NULL, 0, append_run, runs, NULL));
    scheduler_forget_runs(daemon.scheduler);
    scheduler_set_store(daemon.scheduler, file);
    g_assert_true(store_each_turn(file, NULL, NULL, 0, append_run, runs, NULL));
    g_assert_cmpstr(runs->str, ==, "7 0 ");
    store_close(daemon.store);
    daemon.store = g_steal_pointer(&file);
}

/* A daemon that begins without its history. */
static struct store *start_without(struct daemon *daemon, const char *time)
{
    struct store *whole = daemon->store;

    daemon->store = store_open("/proc/nowhere/history.db");
    start_with(daemon, &clean, time);
    expect_due(daemon, time, "");
    return whole;
}

static void come_back(struct daemon *daemon, struct store *whole)
{
    scheduler_set_store(daemon->scheduler, whole);
    store_close(daemon->store);
    daemon->store = whole;
}

/* What was left is gone on with, and what was missed is told, as if it had been there. */
static void test_history_comes_late(void)
{
    DAEMON daemon = daemon_new();

    start_with(&daemon, &clean, "2025-01-01 12:00");
    expect_due(&daemon, "2025-01-05 02:00", "shop.clean 2025-01-05 02:00 #1 until 05:00; ");
    stop(&daemon);
    struct store *whole = start_without(&daemon, "2025-01-05 03:00");
    come_back(&daemon, whole);
    expect_due(&daemon, "2025-01-05 03:01", "shop.clean 2025-01-05 02:00 #2 until 05:00; ");
    /* Once more: what is at work stays so. */
    scheduler_set_store(daemon.scheduler, daemon.store);
    expect_due(&daemon, "2025-01-05 03:02", "");
    end(&daemon, "2025-01-05 03:10", 0, NULL);
    stop(&daemon);
    whole = start_without(&daemon, "2025-01-13 12:00");
    come_back(&daemon, whole);
    expect_due(&daemon, "2025-01-13 12:01", "");
    expect_records(&daemon,
                   "clean 2025-01-12 02:00 missed#0 no daemon was running at its time; "
                   "one was started at 2025-01-13 12:00 UTC; "
                   "clean 2025-01-05 02:00 done#2; ");
    g_assert_cmpstr(daemon.told->str, ==, "clean done; clean missed; ");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/scheduler/daylight-saving", test_daylight_saving);
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
    g_test_add_func("/scheduler/stand-in", test_stand_in);
    g_test_add_func("/scheduler/history-comes-late", test_history_comes_late);
    return g_test_run();
}
