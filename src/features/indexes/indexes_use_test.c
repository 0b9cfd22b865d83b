#include "indexes_fixture.h"

static const gint64 DAY_US = 24 * 60 * 60 * (gint64) G_USEC_PER_SEC;

/* ---- the next state of one counter --------------------------------------------------------- */

/* Sample 5 on day 50. What was known is of sample 2 on day 20, with 7 scans. */
static struct store_use next(gint64 scans, bool lost, bool was_reset)
{
    const struct store_use before = {
        .oid = 9, .scans = 7, .quiet_us = 20 * DAY_US, .quiet_samples = 2, .reset = was_reset};

    return indexes_use_next(&before, 9, scans, lost, 5, 50 * DAY_US);
}

static void expect(const struct store_use *got, gint64 scans, gint64 day, gint64 samples,
                   bool reset)
{
    g_assert_cmpuint(got->oid, ==, 9);
    g_assert_cmpint(got->scans, ==, scans);
    g_assert_cmpint(got->quiet_us, ==, day * DAY_US);
    g_assert_cmpint(got->quiet_samples, ==, samples);
    g_assert_cmpint(got->reset, ==, reset);
}

static void test_first_sample(void)
{
    struct store_use got = indexes_use_next(NULL, 9, 7, false, 5, 50 * DAY_US);

    expect(&got, 7, 50, 5, false);
    /* Whatever the others lost: nothing of it was known that could have been lost. */
    got = indexes_use_next(NULL, 9, 0, true, 5, 50 * DAY_US);
    expect(&got, 0, 50, 5, false);
}

static void test_next_sample(void)
{
    struct store_use got = next(7, false, false);

    expect(&got, 7, 20, 2, false);
    got = next(7, false, true); /* quiet since a reset stays that */
    expect(&got, 7, 20, 2, true);
    got = next(8, false, false);
    expect(&got, 8, 50, 5, false);
    got = next(8, false, true); /* a scan after the reset settles it */
    expect(&got, 8, 50, 5, false);
}

static void test_counter_went_down(void)
{
    struct store_use got = next(6, false, false);

    expect(&got, 6, 50, 5, true);
    got = next(0, false, false);
    expect(&got, 0, 50, 5, true);
}

static void test_counters_lost(void)
{
    const struct store_use never = {.oid = 9, .quiet_us = 20 * DAY_US, .quiet_samples = 2};
    /* It was zero and is zero: what was counted in between is gone. */
    struct store_use got = indexes_use_next(&never, 9, 0, true, 5, 50 * DAY_US);

    expect(&got, 0, 50, 5, true);
    got = indexes_use_next(&never, 9, 0, false, 5, 50 * DAY_US);
    expect(&got, 0, 20, 2, false);
    /* As high as before although all began at zero: it was scanned since. */
    got = next(7, true, false);
    expect(&got, 7, 50, 5, false);
    got = next(9, true, false);
    expect(&got, 9, 50, 5, false);
    got = next(3, true, false);
    expect(&got, 3, 50, 5, true);
}

static void test_all_counters(void)
{
    static const struct {
        const char *name;
        gint64 before, now; /* time of reset */
        guint counted, fell;
        bool lost;
    } cases[] = {
        {"nothing happened", 5, 5, 10, 0, false},
        {"nothing is known", 0, 0, 10, 0, false},
        {"the time of reset changed", 5, 6, 10, 0, true},
        {"reset for the first time", 0, 6, 10, 0, true},
        {"not told this time", 5, 0, 10, 0, false},
        {"most went down", 5, 5, 10, 6, true},
        {"half went down", 5, 5, 10, 5, false},
        {"the only one went down", 0, 0, 1, 1, true},
        {"none had counted", 5, 5, 0, 0, false},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
        if (indexes_counters_lost(cases[i].before, cases[i].now, cases[i].counted,
                                  cases[i].fell) != cases[i].lost)
            g_test_fail_printf("%s", cases[i].name);
}

/* ---- what a node says ---------------------------------------------------------------------- */

/* On day 100, sample 10; 30 days are asked for. */
struct judge_case {
    const char *name;
    gint64 scans, last_scan, quiet, samples; /* days; samples: how many since it is quiet */
    bool reset;
    enum indexes_quiet answer;
    gint64 since; /* day */
};

static void check(const struct judge_case *test, gint64 evidence_us)
{
    AUTO(indexes_case) state = fixture_new();
    struct indexes_node *node = fixture_node(state, "");
    struct indexes_use use = {
        .oid = 9,
        .scans = test->scans,
        .last_scan_us = test->last_scan * DAY_US,
        .kept = {.quiet_us = test->quiet * DAY_US, .reset = test->reset},
    };
    gint64 since;

    use.kept.quiet_samples = node->sampling.samples - test->samples + 1;
    g_array_append_val(node->uses, use);
    enum indexes_quiet answer = indexes_judge_use(node, 9, evidence_us, 100 * DAY_US, &since);
    if (answer != test->answer || since != test->since * DAY_US)
        g_test_fail_printf("%s: %d since day %g", test->name, (int) answer,
                           (double) since / (double) DAY_US);
}

static void test_judge(void)
{
    static const struct judge_case cases[] = {
        {"the first sample", 0, 0, 100, 1, false, INDEXES_YOUNG, 100},
        {"long enough, in two samples", 0, 0, 70, 2, false, INDEXES_QUIET, 70},
        {"long enough, in one sample", 0, 0, 70, 1, false, INDEXES_YOUNG, 70},
        {"a day less", 0, 0, 71, 5, false, INDEXES_YOUNG, 71},
        {"scanned once, quiet since", 3, 0, 60, 5, false, INDEXES_QUIET, 60},
        {"scanned within the time", 3, 0, 71, 5, false, INDEXES_USED, 71},
        {"scanned before it was first seen", 3, 0, 100, 1, false, INDEXES_USED, 100},
        {"reset within the time", 0, 0, 71, 5, true, INDEXES_RESET, 71},
        {"reset, and quiet since for long", 0, 0, 70, 5, true, INDEXES_QUIET, 70},
        {"reset, and scanned since", 3, 0, 71, 5, true, INDEXES_USED, 71},
        {"the server remembers an older scan", 3, 50, 98, 2, false, INDEXES_QUIET, 50},
        {"the server remembers a scan of late", 3, 90, 98, 2, false, INDEXES_USED, 90},
        {"an older scan, in one sample", 3, 50, 100, 1, false, INDEXES_USED, 50},
        {"a scan of late that no sample saw", 3, 80, 60, 5, false, INDEXES_USED, 80},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
        check(&cases[i], 30 * DAY_US);
}

static void test_no_evidence_asked_for(void)
{
    static const struct judge_case cases[] = {
        {"the first sample", 0, 0, 100, 1, false, INDEXES_YOUNG, 100},
        {"the second", 0, 0, 100, 2, false, INDEXES_QUIET, 100},
        {"a last scan by a clock ahead of ours", 3, 101, 100, 2, false, INDEXES_QUIET, 100},
        {"right after a reset", 0, 0, 100, 1, true, INDEXES_RESET, 100},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
        check(&cases[i], 0);
}

static void test_unseen(void)
{
    AUTO(indexes_case) state = fixture_new();
    struct indexes_node *node = fixture_node(state, "db2");
    gint64 since = 7;

    for (guint oid = 1; oid <= 5; oid += 2)
        fixture_use(node, oid, INDEXES_QUIET);
    gint64 now_us = state->now_us;
    for (guint oid = 0; oid <= 6; oid++)
        g_assert_cmpint(indexes_judge_use(node, oid, DAY_US, now_us, &since), ==,
                        oid % 2 == 1 ? INDEXES_QUIET : INDEXES_UNSEEN);
    g_assert_cmpint(since, ==, 0);
    node->seen = false;
    g_assert_cmpint(indexes_judge_use(node, 1, DAY_US, now_us, &since), ==, INDEXES_UNSEEN);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/indexes/use/first-sample", test_first_sample);
    g_test_add_func("/indexes/use/next-sample", test_next_sample);
    g_test_add_func("/indexes/use/counter-went-down", test_counter_went_down);
    g_test_add_func("/indexes/use/counters-lost", test_counters_lost);
    g_test_add_func("/indexes/use/all-counters", test_all_counters);
    g_test_add_func("/indexes/use/judge", test_judge);
    g_test_add_func("/indexes/use/no-evidence-asked-for", test_no_evidence_asked_for);
    g_test_add_func("/indexes/use/unseen", test_unseen);
    return g_test_run();
}
