#include "bloat_sample.h"

#include <math.h>

enum { BLOCKS = 2000, ROWS_A_BLOCK = 60, ROWS = BLOCKS * ROWS_A_BLOCK };

/* A table's keys by row; some of its blocks are looked at, as the query over the sample does. */
struct population {
    guint32 *keys;
    GRand *random;
};

static void population_begin(struct population *population, guint32 seed)
{
    population->keys = g_new(guint32, ROWS);
    population->random = g_rand_new_with_seed(seed);
}

static void population_end(struct population *population)
{
    g_rand_free(population->random);
    g_free(population->keys);
}

static double count_distinct(const struct population *population)
{
    g_autoptr(GHashTable) keys = g_hash_table_new(NULL, NULL);

    for (guint i = 0; i < ROWS; i++)
        g_hash_table_add(keys, GUINT_TO_POINTER(population->keys[i] + 1));
    return g_hash_table_size(keys);
}

/* What one key was met in. */
struct met {
    guint blocks, last_block, rows;
};

static void look_at_block(const struct population *population, guint block, GHashTable *keys)
{
    for (guint row = 0; row < ROWS_A_BLOCK; row++) {
        gpointer key = GUINT_TO_POINTER(population->keys[block * ROWS_A_BLOCK + row] + 1);
        struct met *met = g_hash_table_lookup(keys, key);
        if (met == NULL) {
            met = g_new0(struct met, 1);
            g_hash_table_insert(keys, key, met);
        }
        met->blocks += met->blocks == 0 || met->last_block != block;
        met->last_block = block;
        met->rows++;
    }
}

static GArray *look_at(const struct population *population, guint wanted)
{
    g_autoptr(GHashTable) keys = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    g_autoptr(GHashTable) by_units = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    g_autoptr(GArray) blocks = bloat_sample_blocks(population->random, BLOCKS, wanted);
    GHashTableIter iter;
    gpointer value;

    for (guint b = 0; b < blocks->len; b++)
        look_at_block(population, (guint) g_array_index(blocks, gint64, b), keys);
    g_hash_table_iter_init(&iter, keys);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const struct met *met = value;
        struct bloat_group *group =
            g_hash_table_lookup(by_units, GUINT_TO_POINTER(met->blocks));
        if (group == NULL) {
            group = g_new0(struct bloat_group, 1);
            group->units = met->blocks;
            g_hash_table_insert(by_units, GUINT_TO_POINTER(met->blocks), group);
        }
        group->groups += 1;
        group->rows += met->rows;
        group->bytes += 16 * met->rows;
    }
    GArray *seen = g_array_new(FALSE, FALSE, sizeof(struct bloat_group));
    g_hash_table_iter_init(&iter, by_units);
    while (g_hash_table_iter_next(&iter, NULL, &value))
        g_array_append_vals(seen, value, 1);
    return seen;
}

static void expect_groups(const struct population *population, const char *name, guint wanted,
                          double tolerance)
{
    g_autoptr(GArray) seen = look_at(population, wanted);
    g_autoptr(GArray) all = bloat_sample_extrapolate(seen, (double) wanted / BLOCKS);
    double groups = 0, rows = 0, truth = count_distinct(population);

    for (guint i = 0; i < all->len; i++) {
        groups += g_array_index(all, struct bloat_group, i).groups;
        rows += g_array_index(all, struct bloat_group, i).rows;
    }
    if (fabs(groups - truth) > tolerance * truth || fabs(rows - ROWS) > 1e-6 * ROWS)
        g_test_fail_printf("%s: %g groups, not %g; %g rows", name, groups, truth, rows);
}

/* What fills a table with keys: row to key. */
static guint32 unique(const struct population *population, guint row)
{
    (void) population;
    return row;
}

static guint32 few(const struct population *population, guint row)
{
    (void) row;
    return (guint32) g_rand_int_range(population->random, 0, 50);
}

static guint32 scattered(const struct population *population, guint row)
{
    (void) row;
    return (guint32) g_rand_int_range(population->random, 0, ROWS / 8);
}

static guint32 side_by_side(const struct population *population, guint row)
{
    (void) population;
    return row / 5;
}

/* Half of the rows have keys of their own, the others share a hundred. */
static guint32 mixed(const struct population *population, guint row)
{
    return row % 2 == 0 ? 1000 + row : (guint32) g_rand_int_range(population->random, 0, 100);
}

static void test_extrapolate(void)
{
    static const struct {
        const char *name;
        guint32 (*key)(const struct population *, guint row);
        guint blocks;
        double tolerance;
    } cases[] = {
        {"unique", unique, 100, 0.01},      {"unique, all but one", unique, 1999, 0.001},
        {"all", scattered, 2000, 0.001},    {"few", few, 100, 0.001},
        {"scattered", scattered, 200, 0.2}, {"side by side", side_by_side, 100, 0.05},
        {"mixed", mixed, 200, 0.05},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct population population;
        population_begin(&population, (guint32) i + 1);
        for (guint row = 0; row < ROWS; row++)
            population.keys[row] = cases[i].key(&population, row);
        expect_groups(&population, cases[i].name, cases[i].blocks, cases[i].tolerance);
        population_end(&population);
    }
}

static void test_nothing(void)
{
    g_autoptr(GArray) seen = g_array_new(FALSE, FALSE, sizeof(struct bloat_group));
    g_autoptr(GArray) all = bloat_sample_extrapolate(seen, 0.01);

    g_assert_cmpuint(all->len, ==, 0);
}

/* ---- trees ------------------------------------------------------------------------------------- */

/* As CREATE INDEX made them: rows of an int column, and what pg_relation_size said. */
static void test_leaves(void)
{
    g_assert_cmpfloat(bloat_sample_leaves(8192, 90, 20.0 * 366, 366, true), ==, 1);
    g_assert_cmpfloat(bloat_sample_leaves(8192, 90, 20.0 * 36600, 36600, true), ==, 100);
    g_assert_cmpfloat(bloat_sample_leaves(8192, 90, 0, 0, true), ==, 0);
    g_assert_cmpfloat(bloat_sample_leaves(8192, 90, 44.0 * 1000, 1000, false), >, 6);
    g_assert_cmpfloat(bloat_sample_levels(8192, 1, 16), ==, 0);
    g_assert_cmpfloat(bloat_sample_levels(8192, 2, 16), ==, 1);
    g_assert_cmpfloat(bloat_sample_levels(8192, 286, 16), ==, 3);
}

static struct bloat_tree tree_of(GArray *seen, double rows, double groups, gint64 pages)
{
    struct bloat_group group = {.units = 1, .groups = groups, .rows = rows, .bytes = 16 * rows};

    g_array_append_val(seen, group);
    return (struct bloat_tree){
        .block_size = 8192,
        .fillfactor = 90,
        .even = true,
        .seen = seen,
        .pages = pages,
        .counted = -1,
        .blocks = 100,
    };
}

static const struct bloat_judgement tenfold = {
    .rows = 36600, .scale = 10, .blocks = 100, .read = 0.1};

static void test_tree(void)
{
    g_autoptr(GArray) seen = g_array_new(FALSE, FALSE, sizeof(struct bloat_group));
    struct bloat_tree tree = tree_of(seen, 3660, 3660, 12);
    struct space_pages pages;

    g_assert_true(bloat_sample_tree(&tree, &tenfold, &pages));
    g_assert_cmpfloat(pages.pages, ==, 1 + 100 + 1);
    g_assert_cmpfloat(pages.margin, <, 3);

    /* What was measured wins over what is calculated. */
    tree.pages = 22;
    g_assert_true(bloat_sample_tree(&tree, &tenfold, &pages));
    g_assert_cmpfloat(pages.pages, >, 190);

    /* A partial index of a fifth of the rows, by the server's count as well. */
    tree.pages = 12;
    tree.partial = true;
    tree.counted = 36000;
    g_assert_true(bloat_sample_tree(&tree, &tenfold, &pages));
    g_assert_cmpfloat(pages.pages, ==, 1 + 99 + 1);
}

static void test_tree_without_entries(void)
{
    g_autoptr(GArray) seen = g_array_new(FALSE, FALSE, sizeof(struct bloat_group));
    struct bloat_tree tree = tree_of(seen, 0, 0, 1);
    struct space_pages pages;

    g_assert_false(bloat_sample_tree(&tree, &tenfold, &pages));
}

/* The statistics know of ten rows a key; the sample, in which all were alone, cannot say. */
static void test_tree_with_statistics(void)
{
    g_autoptr(GArray) seen = g_array_new(FALSE, FALSE, sizeof(struct bloat_group));
    struct bloat_tree tree = tree_of(seen, 3660, 3660, 12);
    struct space_pages alone, shared;

    tree.deduplicates = true;
    g_assert_true(bloat_sample_tree(&tree, &tenfold, &alone));
    g_assert_cmpfloat(alone.pages, >, 95);
    tree.blocks = 3;
    struct bloat_judgement thin = {
        .rows = 36600 * 100.0, .scale = 1000, .blocks = 3, .read = 0.001};
    tree.distinct = 366000;
    g_assert_true(bloat_sample_tree(&tree, &thin, &shared));
    g_assert_cmpfloat(shared.pages, <, 6000);
}

/* ---- 200 keys of 600 rows, as the server builds it ------------------------------------------------ */

static void test_tree_shared(void)
{
    struct population population;
    struct space_pages pages;

    population_begin(&population, 5);
    for (guint row = 0; row < ROWS; row++)
        population.keys[row] = (guint32) g_rand_int_range(population.random, 0, 200);
    g_autoptr(GArray) seen = look_at(&population, 200);
    struct bloat_tree tree = {
        .block_size = 8192,
        .fillfactor = 90,
        .deduplicates = true,
        .even = true,
        .seen = seen,
        .pages = 13, /* 12,000 rows; CREATE INDEX on 15 and 17 */
        .counted = -1,
        .blocks = 200,
        .company = 200 * 52,
        .company_squares = 200 * 52 * 52,
    };
    struct bloat_judgement judgement = {.rows = ROWS, .scale = 10, .blocks = 200, .read = 0.1};
    g_assert_true(bloat_sample_tree(&tree, &judgement, &pages));
    g_assert_cmpfloat(pages.pages, >, 95);
    g_assert_cmpfloat(pages.pages, <, 112); /* 106 on 15 and 17 */
    population_end(&population);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/bloat/sample/extrapolate", test_extrapolate);
    g_test_add_func("/bloat/sample/extrapolate/nothing", test_nothing);
    g_test_add_func("/bloat/sample/leaves", test_leaves);
    g_test_add_func("/bloat/sample/tree", test_tree);
    g_test_add_func("/bloat/sample/tree/without-entries", test_tree_without_entries);
    g_test_add_func("/bloat/sample/tree/statistics", test_tree_with_statistics);
    g_test_add_func("/bloat/sample/tree/shared", test_tree_shared);
    return g_test_run();
}
