#include "bloat_sample.h"

#include <math.h>

static void test_blocks(void)
{
    static const struct {
        gint64 pages, wanted;
    } cases[] = {{0, 10},
                 {1, 10},
                 {10, 10},
                 {10, 3},
                 {7, 6},
                 {1000, 137},
                 {G_MAXUINT32, 64},
                 {G_MAXUINT32, 8192},
                 {5, 0},
                 {G_MAXINT64, 10},
                 {2, 1}};
    g_autoptr(GRand) random = g_rand_new_with_seed(7);

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        gint64 pages = cases[i].pages, count = MIN(pages, cases[i].wanted);
        g_autoptr(GArray) blocks = bloat_sample_blocks(random, pages, cases[i].wanted);
        g_assert_cmpint(blocks->len, ==, count);
        for (gint64 b = 0; b < count; b++) {
            gint64 block = g_array_index(blocks, gint64, b);
            double stretch = (double) pages / (double) count;
            g_assert_cmpfloat((double) block, >=, floor((double) b * stretch) - 1);
            g_assert_cmpfloat((double) block, <=, ceil((double) (b + 1) * stretch));
            g_assert_true(block >= 0 && block < pages);
            if (b > 0)
                g_assert_cmpint(block, >, g_array_index(blocks, gint64, b - 1));
        }
    }
}

/* Each block has the same chance. */
static void test_blocks_are_fair(void)
{
    g_autoptr(GRand) random = g_rand_new_with_seed(11);
    int drawn[7] = {0};

    for (int i = 0; i < 7000; i++) {
        g_autoptr(GArray) blocks = bloat_sample_blocks(random, 7, 3);
        for (guint b = 0; b < blocks->len; b++)
            drawn[g_array_index(blocks, gint64, b)]++;
    }
    for (int block = 0; block < 7; block++) /* stretches of two blocks, and one of three */
        g_assert_true(drawn[block] > 2100 && drawn[block] < 3700);
}

static void test_error(void)
{
    double flat[50], steps[50], noise[50];

    for (int i = 0; i < 50; i++) {
        flat[i] = 7;
        steps[i] = i;
        noise[i] = i % 2 == 0 ? 10 : 20;
    }
    g_assert_cmpfloat(bloat_sample_error(flat, 50, 0.1), ==, 0);
    g_assert_cmpfloat(bloat_sample_error(noise, 50, 1), ==, 0);
    g_assert_cmpfloat(bloat_sample_error(noise, 1, 0.1), ==, 0);
    g_assert_cmpfloat(bloat_sample_error(noise, 0, 0.1), ==, 0);
    /* A trend from 0 to 49 has a standard deviation of 14; between neighbours it is 1. */
    g_assert_cmpfloat_with_epsilon(bloat_sample_error(steps, 50, 0), sqrt(0.5 / 50), 1e-9);
    g_assert_cmpfloat_with_epsilon(bloat_sample_error(noise, 50, 0), sqrt(50.0 / 50), 1e-9);
    g_assert_cmpfloat_with_epsilon(bloat_sample_error(noise, 50, 0.75), sqrt(50.0 / 50) / 2,
                                   1e-9);
}

static void test_choose(void)
{
    static const struct {
        const char *name;
        struct bloat_count count;
        double chosen;
    } cases[] = {
        {"the first agrees", {{1000, 2000, -1}, false, 1010, 10, 100}, 1000},
        {"the first is far off", {{2000, 1001, -1}, false, 1010, 10, 100}, 1001},
        {"none agrees", {{2000, 0, 5000}, false, 1010, 10, 100}, 1010},
        {"none is known", {{-1, -1, -1}, false, 1010, 10, 100}, 1010},
        {"the last agrees", {{-1, -1, 1000}, false, 1010, 10, 100}, 1000},
        {"settled: a few full blocks were missed", {{1080, -1, -1}, true, 1000, 12, 100}, 1080},
        {"not settled", {{1080, -1, -1}, false, 1000, 12, 100}, 1000},
        {"no variation seen in few blocks", {{980, -1, -1}, false, 1000, 0, 50}, 980},
        {"no variation seen in many blocks", {{980, -1, -1}, false, 1000, 0, 5000}, 1000},
        {"rare: met in three blocks", {{250, -1, -1}, false, 80, 20, 3}, 250},
        {"rare, but not so rare", {{2500, -1, -1}, false, 80, 20, 3}, 80},
        {"never met", {{2, -1, -1}, false, 0, 0, 0}, 2},
        {"never met, though there should be many", {{500, -1, -1}, false, 0, 0, 0}, 0},
    };
    bool counted;

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        double chosen = bloat_sample_choose(&cases[i].count, &counted);
        if (chosen != cases[i].chosen || counted != (chosen != cases[i].count.sampled))
            g_test_fail_printf("%s: %g", cases[i].name, chosen);
    }
}

/* ---- judgements -------------------------------------------------------------------------------- */

/* Draws of which every `nth` holds so many rows, the others none. */
static GArray *draws_of(guint count, guint nth, double rows, double bytes, double toasted)
{
    GArray *draws = g_array_new(FALSE, TRUE, sizeof(struct bloat_draw));

    for (guint i = 0; i < count; i++) {
        struct bloat_draw draw = {rows, bytes, toasted};
        if (i % nth != 0)
            draw = (struct bloat_draw){0};
        g_array_append_val(draws, draw);
    }
    return draws;
}

static struct bloat_copy sampled(GArray *draws, gint64 rows, gint64 pages, gint64 last_rows)
{
    return (struct bloat_copy){
        .block_size = 8192,
        .pages = 1000,
        .toast_pages = -1,
        .draws = draws,
        .copy_rows = rows,
        .copy_pages = pages,
        .last_rows = last_rows,
    };
}

static const struct bloat_counters unknown = {-1, -1, -1, -1, -1, false};

static void test_whole(void)
{
    struct bloat_copy copy = sampled(NULL, 4321, 77, 5);
    struct bloat_judgement judgement;

    bloat_sample_judge(&copy, &unknown, &judgement);
    g_assert_cmpfloat(judgement.heap.pages, ==, 77);
    g_assert_cmpfloat(judgement.heap.margin, ==, 0);
    g_assert_cmpfloat(judgement.rows, ==, 4321);
    g_assert_cmpfloat(judgement.read, ==, 1);
    g_assert_false(judgement.toast_known);
}

/* Every second block is empty: half of the table is air, whatever the counters know. */
static void test_half_empty(void)
{
    g_autoptr(GArray) draws = draws_of(100, 2, 60, 6000, 0);
    struct bloat_copy copy = sampled(draws, 3000, 51, 0);
    struct bloat_judgement judgement;
    struct bloat_counters counters = unknown;

    copy.last_rows = 30; /* 2970 rows on 50 pages, half a page more */
    bloat_sample_judge(&copy, &counters, &judgement);
    g_assert_cmpfloat_with_epsilon(judgement.rows, 30000, 1e-6);
    g_assert_cmpfloat(judgement.heap.pages, >=, 500);
    g_assert_cmpfloat(judgement.heap.pages, <=, 510);
    double sampled_margin = judgement.heap.margin;
    g_assert_cmpfloat(sampled_margin, >, 20);

    counters.live = counters.counted = 30300; /* near enough */
    bloat_sample_judge(&copy, &counters, &judgement);
    g_assert_cmpfloat(judgement.rows, ==, 30300);
    g_assert_cmpfloat(judgement.heap.margin, <, sampled_margin / 5);

    counters.live = counters.counted = 70000; /* cannot be */
    bloat_sample_judge(&copy, &counters, &judgement);
    g_assert_cmpfloat_with_epsilon(judgement.rows, 30000, 1e-6);
}

static void test_nothing_found(void)
{
    g_autoptr(GArray) draws = draws_of(100, 1, 0, 0, 0);
    struct bloat_copy copy = sampled(draws, 0, 0, 0);
    struct bloat_judgement judgement;

    bloat_sample_judge(&copy, &unknown, &judgement);
    g_assert_cmpfloat(judgement.heap.pages, ==, 0);
    g_assert_cmpfloat(judgement.heap.margin, >, 15);
    g_assert_cmpfloat(judgement.heap.margin, <, 30);
    g_assert_true(isfinite(judgement.scale));
}

/* Less than a page of rows is all that was found. */
static void test_few_rows(void)
{
    g_autoptr(GArray) draws = draws_of(100, 50, 20, 2040, 0);
    struct bloat_copy copy = sampled(draws, 40, 1, 40);
    struct bloat_judgement judgement;

    bloat_sample_judge(&copy, &unknown, &judgement);
    g_assert_cmpfloat(judgement.heap.pages, ==, 6); /* half a page, ten times */
}

static void test_toast(void)
{
    g_autoptr(GArray) draws = draws_of(100, 1, 10, 1000, 8000);
    struct bloat_copy copy = sampled(draws, 1000, 14, 10);
    struct bloat_judgement judgement;
    struct bloat_counters counters = unknown;

    copy.toast_pages = 2000;
    copy.chunks = 400;
    copy.chunk_pages = 101;
    bloat_sample_judge(&copy, &counters, &judgement);
    g_assert_true(judgement.toast_known);
    g_assert_cmpfloat_with_epsilon(judgement.chunks, 4000, 1e-6);
    g_assert_cmpfloat_with_epsilon(judgement.toast.pages, 1005, 10);
    /* 366 entries on a page, a root and the metapage. */
    g_assert_cmpfloat(judgement.toast_index.pages, ==, 1 + 11 + 1);

    counters.toast_live = 4040;
    bloat_sample_judge(&copy, &counters, &judgement);
    g_assert_cmpfloat(judgement.chunks, ==, 4040);

    copy.chunks = -1; /* the server counts nothing */
    bloat_sample_judge(&copy, &counters, &judgement);
    g_assert_true(judgement.toast_known);
    g_assert_cmpfloat_with_epsilon(judgement.toast.pages, 1010, 1);
    g_assert_cmpfloat(judgement.toast_index.pages, ==, 0);
}

static void test_toast_not_met(void)
{
    g_autoptr(GArray) draws = draws_of(100, 1, 10, 1000, 0);
    struct bloat_copy copy = sampled(draws, 1000, 14, 10);
    struct bloat_judgement judgement;
    struct bloat_counters counters = unknown;

    copy.toast_pages = 2000;
    counters.toast_live = 3;
    bloat_sample_judge(&copy, &counters, &judgement);
    g_assert_false(judgement.toast_known);

    counters.toast_live = 0; /* nothing is left in it */
    bloat_sample_judge(&copy, &counters, &judgement);
    g_assert_true(judgement.toast_known);
    g_assert_cmpfloat(judgement.toast.pages, ==, 0);

    copy.toast_pages = 0;
    counters.toast_live = 3;
    bloat_sample_judge(&copy, &counters, &judgement);
    g_assert_true(judgement.toast_known);
    g_assert_cmpfloat(judgement.toast.margin, ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/bloat/sample/blocks", test_blocks);
    g_test_add_func("/bloat/sample/blocks/fair", test_blocks_are_fair);
    g_test_add_func("/bloat/sample/error", test_error);
    g_test_add_func("/bloat/sample/choose", test_choose);
    g_test_add_func("/bloat/sample/whole", test_whole);
    g_test_add_func("/bloat/sample/half-empty", test_half_empty);
    g_test_add_func("/bloat/sample/nothing-found", test_nothing_found);
    g_test_add_func("/bloat/sample/few-rows", test_few_rows);
    g_test_add_func("/bloat/sample/toast", test_toast);
    g_test_add_func("/bloat/sample/toast/not-met", test_toast_not_met);
    return g_test_run();
}
