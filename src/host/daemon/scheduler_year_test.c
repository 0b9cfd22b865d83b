/*
 * A year of 50 targets with three jobs each, in two time zones, with 20 outages of the daemon and
 * 20 of targets; and many short stretches with schedules, windows and clocks at random.
 *
 * PGRUNBOOK_SEED is the seed of all of it, PGRUNBOOK_STRETCHES how many stretches there are.
 */
#include "calendar/schedule.h"
#include "daemon/scheduler_fixture.h"
#include "daemon/scheduler_sim.h"
#include "store/store_fixture.h"

enum { TARGETS = 50, SECTIONS = 3, HOUR_MS = 3600 * 1000 };

static guint32 seed = 20250330;
static guint32 stretches = 3;
static const char *const zones[] = {"Europe/Berlin", "America/New_York"};

static void say(const char *what, const struct sim_result *result)
{
    g_test_message("%s: %u turns: done %u, partly %u, failed %u, refused %u, interrupted %u, "
                   "missed %u; %u attempts, %u killed with the daemon, %u of those done",
                   what, result->turns, result->done, result->partly, result->failed,
                   result->refused, result->interrupted, result->missed, result->attempts,
                   result->killed, result->done_unheard);
}

/* Counts the turns of Sundays that came an hour later, because there was no 02:00. */
static void count_late(const struct store_turn *turn, gpointer data)
{
    const guint number = (guint) g_ascii_strtoull(turn->target + strlen("target"), NULL, 10);
    g_autoptr(GTimeZone) zone = schedule_zone(zones[number % G_N_ELEMENTS(zones)], NULL);
    g_autoptr(GDateTime) utc = g_date_time_new_from_unix_utc(turn->turn_us / G_USEC_PER_SEC);
    g_autoptr(GDateTime) local = g_date_time_to_timezone(utc, zone);

    if (strcmp(turn->section, "clean") != 0)
        return;
    g_assert_cmpint(g_date_time_get_day_of_week(local), ==, 7);
    if (g_date_time_get_hour(local) != 2)
        (*(guint *) data)++;
    else
        g_assert_cmpint(g_date_time_get_minute(local), ==, 0);
}

static void test_year(void)
{
    static const struct sim_job usual[SECTIONS] = {
        {NULL, "clean", "0 2 * * Sun", NULL, 3 * HOUR_MS},
        {NULL, "judge", "0 3 1 * *", NULL, 3 * HOUR_MS},
        {NULL, "sweep", "30 2 15 * *", NULL, 3 * HOUR_MS},
    };
    struct sim_job jobs[TARGETS * SECTIONS];
    FOLDER folder = folder_new();
    g_autofree char *path = g_build_filename(folder, "history.db", NULL);

    for (guint i = 0; i < G_N_ELEMENTS(jobs); i++) {
        g_autofree char *target = g_strdup_printf("target%02u", i / SECTIONS);
        jobs[i] = usual[i % SECTIONS];
        jobs[i].target = g_intern_string(target);
        jobs[i].zone = zones[i / SECTIONS % 2];
    }
    const struct sim_plan plan = {
        .seed = seed,
        .from_us = at("2025-01-01 00:00"),
        .until_us = at("2026-01-01 00:00"),
        .jobs = jobs,
        .jobs_count = G_N_ELEMENTS(jobs),
        .limit = 4,
        .daemon_outages = 20,
        .target_outages = 20,
        .job_us = 40 * G_TIME_SPAN_MINUTE,
        .path = path,
    };
    const struct sim_result result = sim_run(&plan);
    say("the year", &result);
    /* 52 Sundays; twelve 1sts but for the one of January, which had begun; twelve 15ths. */
    g_assert_cmpuint(result.turns, ==, TARGETS * (52 + 12 + 12));
    AUTO(store) store = store_open_reader(path, NULL);
    guint late = 0;
    g_assert_true(store_each_turn(store, NULL, NULL, 0, count_late, &late, NULL));
    g_assert_cmpuint(late, ==, TARGETS);
}

/* ---- at random ------------------------------------------------------------------------------------ */

static struct sim_job some_job(GRand *random, guint number)
{
    static const char *const schedules[] = {
        "*/20 * * * *", "@hourly",       "30 1-3 * * *", "@daily",      "0 2 * * Mon-Fri",
        "15 */2 * * *", "30 2 * * *",    "0 0 1,15 * *", "0 2 * * Sun", "7,37 2 * * *",
        "59 23 31 * *", "0 1,2,3 * * 0", "45 2 * * *"};
    static const char *const all_zones[] = {"UTC", "Europe/Berlin", "America/New_York",
                                            "Australia/Lord_Howe"};
    static const char *const sections[] = {"clean", "judge", "sweep"};
    static const gint64 windows[] = {60 * 1000,   15 * 60 * 1000, HOUR_MS,
                                     3 * HOUR_MS, 6 * HOUR_MS,    0};
    g_autofree char *target = g_strdup_printf("target%u", number / SECTIONS);

    return (struct sim_job){
        .target = g_intern_string(target),
        .section = sections[number % SECTIONS],
        .schedule = schedules[g_rand_int_range(random, 0, G_N_ELEMENTS(schedules))],
        .zone = all_zones[g_rand_int_range(random, 0, G_N_ELEMENTS(all_zones))],
        .window_ms = windows[g_rand_int_range(random, 0, G_N_ELEMENTS(windows))],
    };
}

static void live_stretch(GRand *random, guint32 number, guint clock_steps)
{
    static const char *const starts[] = {"2025-03-01 00:00", "2025-10-15 00:00",
                                         "2025-12-20 00:00"};
    struct sim_job jobs[4 * SECTIONS];
    const gint64 from_us = at(starts[number % G_N_ELEMENTS(starts)]);

    for (guint i = 0; i < G_N_ELEMENTS(jobs); i++)
        jobs[i] = some_job(random, i);
    const struct sim_plan plan = {
        .seed = seed + number,
        .from_us = from_us,
        .until_us = from_us + 35 * G_TIME_SPAN_DAY,
        .jobs = jobs,
        .jobs_count = G_N_ELEMENTS(jobs),
        .limit = (guint) g_rand_int_range(random, 1, 5),
        .daemon_outages = 10,
        .target_outages = 10,
        .clock_steps = clock_steps,
        .job_us = 90 * G_TIME_SPAN_MINUTE,
    };
    const struct sim_result result = sim_run(&plan);
    if (number % 10 == 0)
        say("a stretch", &result);
}

static void test_random(void)
{
    GRand *random = g_rand_new_with_seed(seed);

    for (guint32 i = 0; i < stretches; i++)
        live_stretch(random, i, 0);
    g_rand_free(random);
}

static void test_random_clocks(void)
{
    GRand *random = g_rand_new_with_seed(seed + 1);

    for (guint32 i = 0; i < stretches; i++)
        live_stretch(random, i, 10);
    g_rand_free(random);
}

static guint32 number_of(const char *variable, guint32 fallback)
{
    const char *text = g_getenv(variable);

    return text != NULL ? (guint32) g_ascii_strtoull(text, NULL, 10) : fallback;
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    seed = number_of("PGRUNBOOK_SEED", seed);
    stretches = number_of("PGRUNBOOK_STRETCHES", stretches);
    g_test_message("seed %u", seed);
    g_test_add_func("/scheduler/year", test_year);
    g_test_add_func("/scheduler/random", test_random);
    g_test_add_func("/scheduler/random-clocks", test_random_clocks);
    return g_test_run();
}
