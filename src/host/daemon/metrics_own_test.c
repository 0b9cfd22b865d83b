#include "daemon/metrics_counts.h"

#include <string.h>

/* The runbook of this test is empty. */
#include "feature.h"
const struct feature *const features[] = {NULL};

static void test_accept(void)
{
    g_assert_true(metrics_wants_openmetrics(
        "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"));
    g_assert_false(metrics_wants_openmetrics("text/plain;version=0.0.4"));
    g_assert_false(metrics_wants_openmetrics(NULL));
}

static void end_turn(struct metrics_counts *counts, const char *job, const char *outcome,
                     gint64 ended_us)
{
    const struct store_turn turn = {.target = "shop",
                                    .section = job,
                                    .outcome = outcome,
                                    .turn_us = 5,
                                    .ended_us = ended_us};

    metrics_count_turn(counts, &turn);
}

static gint64 count_of(const struct metrics_task *task, const char *outcome)
{
    guint at = 0;

    while (strcmp(metrics_outcomes[at], outcome) != 0)
        at++;
    return task->counts[at];
}

static void test_turns(void)
{
    struct metrics_counts *counts = metrics_counts_new();

    metrics_know_task(counts, NULL, "shop", "sweep");
    metrics_know_task(counts, NULL, "shop", "sweep");
    g_assert_cmpuint(counts->tasks->len, ==, 1);
    end_turn(counts, "sweep", "done", 20);
    end_turn(counts, "sweep", "done", 10);
    end_turn(counts, "sweep", "missed", 0);
    end_turn(counts, "sweep", "refused", 7);
    end_turn(counts, "sweep", "elsewhere", 90);
    end_turn(counts, "sweep deep", "partly", 30);
    g_assert_cmpuint(counts->tasks->len, ==, 2);
    const struct metrics_task *sweep = g_ptr_array_index(counts->tasks, 0);
    g_assert_cmpint(count_of(sweep, "done"), ==, 2);
    g_assert_cmpint(count_of(sweep, "missed"), ==, 1);
    g_assert_cmpint(count_of(sweep, "failed"), ==, 0);
    g_assert_cmpint(sweep->well_us, ==, 20);
    g_assert_cmpint(sweep->missed_us, ==, 5);
    g_assert_cmpint(sweep->failed_us, ==, 7);
    const struct metrics_task *deep = g_ptr_array_index(counts->tasks, 1);
    g_assert_cmpint(deep->well_us, ==, 30);
    g_assert_cmpint(deep->missed_us, ==, 0);
    metrics_counts_free(counts);
}

/* What came of the turns before the daemon's start is in the history. */
static void test_turns_of_before(void)
{
    struct metrics_counts *counts = metrics_counts_new();
    AUTO(store) store = store_open(NULL);
    struct store_turn turn = {.target = "shop",
                              .section = "sweep",
                              .turn_us = 1,
                              .started_us = 1,
                              .ended_us = 10,
                              .outcome = "done"};

    g_assert_true(store_turn_put(store, &turn));
    turn.turn_us = 20;
    turn.ended_us = 45;
    turn.outcome = "missed";
    g_assert_true(store_turn_put(store, &turn));
    metrics_know_task(counts, store, "shop", "sweep");
    const struct metrics_task *sweep = g_ptr_array_index(counts->tasks, 0);
    g_assert_cmpint(sweep->well_us, ==, 10);
    g_assert_cmpint(sweep->missed_us, ==, 45);
    g_assert_cmpint(count_of(sweep, "missed"), ==, 0);
    metrics_counts_free(counts);
}

/* These labels belong to whoever scrapes: ours would be renamed, and sums over them be wrong. */
static void test_labels(void)
{
    const struct metric *const tables[] = {metrics_watch, metrics_serve};

    for (guint i = 0; i < G_N_ELEMENTS(tables); i++)
        for (const struct metric *metric = tables[i]; metric->name != NULL; metric++) {
            g_auto(GStrv) labels =
                g_strsplit(metric->labels != NULL ? metric->labels : "", " ", -1);
            g_assert_false(g_strv_contains((const char *const *) labels, "job"));
            g_assert_false(g_strv_contains((const char *const *) labels, "instance"));
        }
}

static void test_minutes(void)
{
    struct metrics_counts *counts = metrics_counts_new();

    metrics_count_minute(counts, "shop", &(struct store_minute){.samples = 58, .missed = 2});
    metrics_count_minute(counts, "shop", &(struct store_minute){.samples = 60});
    metrics_count_minute(counts, "other", &(struct store_minute){.samples = 1});
    const struct metrics_minutes *shop = g_hash_table_lookup(counts->minutes, "shop");
    g_assert_cmpint(shop->samples, ==, 118);
    g_assert_cmpint(shop->missed, ==, 2);
    metrics_counts_free(counts);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/metrics_own/accept", test_accept);
    g_test_add_func("/metrics_own/turns", test_turns);
    g_test_add_func("/metrics_own/turns_of_before", test_turns_of_before);
    g_test_add_func("/metrics_own/labels", test_labels);
    g_test_add_func("/metrics_own/minutes", test_minutes);
    return g_test_run();
}
