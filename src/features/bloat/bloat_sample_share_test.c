#include "bloat_sample.h"

static double cost_of_all(const struct bloat_share *shares, guint count)
{
    double cost = 0;

    for (guint i = 0; i < count; i++)
        cost += (double) shares[i].blocks * bloat_sample_block_cost(&shares[i]);
    return cost;
}

static void test_enough_for_all(void)
{
    struct bloat_share shares[] = {{.pages = 10, .weight = 1},
                                   {.pages = 500, .weight = 9},
                                   {.pages = 1000, .beside = 3000, .weight = 4}};

    bloat_sample_share(shares, 3, 5000);
    g_assert_cmpint(shares[0].blocks, ==, 10);
    g_assert_cmpint(shares[1].blocks, ==, 500);
    g_assert_cmpint(shares[2].blocks, ==, 1000);
}

static void test_by_the_square_root(void)
{
    struct bloat_share shares[] = {{.pages = 1e6, .weight = 1e6},
                                   {.pages = 1e6, .weight = 1e4}};

    bloat_sample_share(shares, 2, 1100);
    g_assert_cmpint(shares[0].blocks, ==, 1000);
    g_assert_cmpint(shares[1].blocks, ==, 100);
}

static void test_small_ones_whole(void)
{
    struct bloat_share shares[] = {{.pages = 1e6, .weight = 1e6},
                                   {.pages = 100, .weight = 100}};

    bloat_sample_share(shares, 2, 20000);
    g_assert_cmpint(shares[1].blocks, ==, 100);
    g_assert_cmpint(shares[0].blocks, >, 19000);
}

static void test_not_enough_for_all(void)
{
    struct bloat_share shares[] = {{.pages = 100, .weight = 10},
                                   {.pages = 100, .weight = 30},
                                   {.pages = 100, .weight = 20},
                                   {.pages = 100, .weight = 0},
                                   {.pages = 0, .weight = 10}};

    bloat_sample_share(shares, 5, 65);
    g_assert_cmpint(shares[0].blocks, ==, 0);
    g_assert_cmpint(shares[1].blocks, >=, 30);
    g_assert_cmpint(shares[2].blocks, >=, 30);
    g_assert_cmpint(shares[3].blocks, ==, 0);
    g_assert_cmpint(shares[4].blocks, ==, 0);

    bloat_sample_share(shares, 5, 0);
    for (guint i = 0; i < 5; i++)
        g_assert_cmpint(shares[i].blocks, ==, 0);
    bloat_sample_share(NULL, 0, 100);
}

/* A block of this one drags a hundred of its TOAST table along. */
static void test_dear_ones(void)
{
    struct bloat_share shares[] = {{.pages = 1000, .beside = 1e5, .weight = 1e4},
                                   {.pages = 1000, .weight = 1e3}};

    bloat_sample_share(shares, 2, 1000);
    g_assert_cmpint(shares[0].blocks, >=, 8);
    g_assert_cmpint(shares[0].blocks, <, 10);
    g_assert_cmpint(shares[1].blocks, >=, 30);

    /* Too dear: its turn goes to the next. */
    bloat_sample_share(shares, 2, 200);
    g_assert_cmpint(shares[0].blocks, ==, 0);
    g_assert_cmpint(shares[1].blocks, ==, 200);
}

static void test_random(void)
{
    g_autoptr(GRand) random = g_rand_new_with_seed(3);

    for (int round = 0; round < 300; round++) {
        struct bloat_share shares[40];
        double budget = g_rand_double_range(random, 0, 5000);
        for (guint i = 0; i < G_N_ELEMENTS(shares); i++)
            shares[i] = (struct bloat_share){
                .pages =
                    (double) g_rand_int_range(random, 0, 1 << g_rand_int_range(random, 1, 16)),
                .beside = g_rand_boolean(random) ? g_rand_double_range(random, 0, 3000) : 0,
                .weight = g_rand_double_range(random, 0, 1000),
            };
        bloat_sample_share(shares, G_N_ELEMENTS(shares), budget);
        g_assert_cmpfloat(cost_of_all(shares, G_N_ELEMENTS(shares)), <=, budget + 1e-6);
        for (guint i = 0; i < G_N_ELEMENTS(shares); i++)
            g_assert_true(shares[i].blocks >= 0 &&
                          (double) shares[i].blocks <= shares[i].pages);
    }
}

/* More tables than one run takes on. */
static void test_many(void)
{
    g_autofree struct bloat_share *shares = g_new0(struct bloat_share, 20000);
    guint served = 0;

    for (guint i = 0; i < 20000; i++)
        shares[i] = (struct bloat_share){.pages = 1, .weight = 1 + i};
    bloat_sample_share(shares, 20000, 8192);
    for (guint i = 0; i < 20000; i++)
        served += shares[i].blocks > 0;
    g_assert_cmpuint(served, ==, 500);
    g_assert_cmpint(shares[19999].blocks, ==, 1);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/bloat/share/enough", test_enough_for_all);
    g_test_add_func("/bloat/share/square-root", test_by_the_square_root);
    g_test_add_func("/bloat/share/small-whole", test_small_ones_whole);
    g_test_add_func("/bloat/share/not-enough", test_not_enough_for_all);
    g_test_add_func("/bloat/share/dear", test_dear_ones);
    g_test_add_func("/bloat/share/random", test_random);
    g_test_add_func("/bloat/share/many", test_many);
    return g_test_run();
}
