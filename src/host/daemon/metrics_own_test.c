#include "daemon/metrics_counts.h"

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

static void test_turns(void)
{
    struct metrics_counts *counts = metrics_counts_new();

    end_turn(counts, "sweep", "done", 20);
    end_turn(counts, "sweep", "done", 10);
    end_turn(counts, "sweep", "missed", 0);
    end_turn(counts, "sweep deep", "done", 30);
    g_assert_cmpuint(counts->turns->len, ==, 3);
    const struct metrics_turns *first = g_ptr_array_index(counts->turns, 0);
    g_assert_cmpint(first->count, ==, 2);
    g_assert_cmpint(first->last_us, ==, 20);
    const struct metrics_turns *missed = g_ptr_array_index(counts->turns, 1);
    g_assert_cmpint(missed->last_us, ==, 5);
    metrics_counts_free(counts);
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
    g_test_add_func("/metrics_own/minutes", test_minutes);
    return g_test_run();
}
