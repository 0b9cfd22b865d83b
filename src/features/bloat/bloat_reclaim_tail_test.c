#include "bloat_reclaim.h"

/* A table whose pages from `empty_from` on are empty, and how many pages were read to learn it. A
 * scan ends at the first row; the pages in use are full of them. */
struct table {
    gint64 empty_from, read, asked, silent_after;
};

static enum tail_answer ask(gint64 from, gint64 to, gpointer data)
{
    struct table *table = data;

    g_assert_cmpint(from, <, to);
    g_assert_cmpint(from, >=, 0);
    if (++table->asked > table->silent_after)
        return TAIL_UNKNOWN;
    if (from < table->empty_from) {
        table->read++;
        return TAIL_USED;
    }
    table->read += to - from;
    return TAIL_EMPTY;
}

static gint64 find(gint64 pages, struct table *table)
{
    if (table->silent_after == 0)
        table->silent_after = G_MAXINT64;
    return reclaim_find_tail(pages, ask, table);
}

static void test_lengths(void)
{
    static const struct {
        gint64 pages, empty_from;
    } cases[] = {
        {16, 8},         {160, 80},     {1000, 900},       {100000, 98000},
        {100000, 50000}, {1000000, 10}, {1000000, 998999}, {4000000, 1},
        {1, 0},          {3, 0},        {1000000, 0},      {64000, 60000},
        {64000, 63000},  {17, 16},      {200000, 123456},  {4294967294, 99},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct table table = {.empty_from = cases[i].empty_from};
        gint64 truth = cases[i].pages - cases[i].empty_from;
        gint64 found = find(cases[i].pages, &table);
        /* At least so much is empty, and not much more. */
        g_assert_cmpint(found, <=, truth);
        if (reclaim_is_cut(truth, cases[i].pages))
            g_assert_cmpint(found, >=,
                            truth - MAX(truth / 8, CLAMP(cases[i].pages / 16, 1, 1000)));
        /* No more is read than what is empty, beside one page for each answer. */
        g_assert_cmpint(table.read, <=, truth + table.asked);
        g_assert_cmpint(table.asked, <, 60);
    }
}

static void test_none(void)
{
    struct table full = {.empty_from = 100000};
    g_assert_cmpint(find(100000, &full), ==, 0);
    g_assert_cmpint(full.asked, ==, 1);
    g_assert_cmpint(full.read, ==, 1);
    struct table short_end = {.empty_from = 99500}; /* less than VACUUM would cut off */
    g_assert_cmpint(find(100000, &short_end), ==, 0);
    struct table nothing = {.empty_from = 0};
    g_assert_cmpint(find(0, &nothing), ==, 0);
    g_assert_cmpint(nothing.asked, ==, 0);
}

static void test_silence(void)
{
    struct table mute = {.empty_from = 0, .silent_after = -1};
    gint64 unknown = reclaim_find_tail(100000, ask, &mute);
    g_assert_cmpint(unknown, ==, -1);
    /* Time is up: what is known by then counts. */
    struct table slow = {.empty_from = 0, .silent_after = 3};
    g_assert_cmpint(find(100000, &slow), ==, 1000 + 2000 + 4000);
}

static void test_is_cut(void)
{
    g_assert_false(reclaim_is_cut(0, 0));
    g_assert_false(reclaim_is_cut(0, 100));
    g_assert_true(reclaim_is_cut(1, 10));
    g_assert_false(reclaim_is_cut(5, 100));
    g_assert_true(reclaim_is_cut(6, 100));
    g_assert_false(reclaim_is_cut(999, 1000000));
    g_assert_true(reclaim_is_cut(1000, 1000000));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/reclaim/tail/lengths", test_lengths);
    g_test_add_func("/reclaim/tail/none", test_none);
    g_test_add_func("/reclaim/tail/silence", test_silence);
    g_test_add_func("/reclaim/tail/is-cut", test_is_cut);
    return g_test_run();
}
