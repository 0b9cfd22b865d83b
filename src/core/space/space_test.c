#include "space/space.h"

#include <math.h>

/* What servers made of such relations, by VACUUM FULL and REINDEX, is what is expected here. */

static const struct space_column int4 = {.number = 1,
                                         .length = 4,
                                         .align = 'i',
                                         .storage = 'p',
                                         .not_null = true,
                                         .known = true,
                                         .distinct = -1};
static const struct space_column int8 = {.number = 2,
                                         .length = 8,
                                         .align = 'd',
                                         .storage = 'p',
                                         .not_null = true,
                                         .known = true,
                                         .distinct = -1};
static const struct space_column boolean = {.number = 3,
                                            .length = 1,
                                            .align = 'c',
                                            .storage = 'p',
                                            .not_null = true,
                                            .known = true,
                                            .distinct = 2};
static const struct space_column text = {.number = 4,
                                         .length = -1,
                                         .align = 'i',
                                         .storage = 'x',
                                         .not_null = true,
                                         .known = true,
                                         .width = 15,
                                         .distinct = -1};

static double heap_pages(const struct space_column *columns, guint count, double rows,
                         int fillfactor)
{
    struct space_heap heap = {columns, count, rows, fillfactor, 8192};
    struct space_pages pages = {-1, -1};

    g_assert_true(space_heap_pages(&heap, &pages));
    g_assert_cmpfloat(pages.margin, >=, 0);
    return pages.pages;
}

static struct space_btree btree_on(const struct space_column *const *keys, guint count,
                                   double entries)
{
    return (struct space_btree){.keys = keys,
                                .key_count = count,
                                .entries = entries,
                                .rows = entries,
                                .fillfactor = 90,
                                .block_size = 8192};
}

static double btree_pages(const struct space_btree *btree)
{
    struct space_pages pages = {-1, -1};

    g_assert_true(space_btree_pages(btree, &pages));
    g_assert_cmpfloat(pages.margin, >=, 0);
    return pages.pages;
}

/* ---- tables --------------------------------------------------------------------------------- */

static void test_fixed_rows(void)
{
    const struct space_column pairs[] = {int4,    boolean, int8,    boolean, int8,
                                         boolean, int8,    boolean, int8};

    g_assert_cmpfloat(heap_pages(&int4, 1, 1000000, 100), ==, 4425);
    /* Each bool before a bigint costs eight bytes. */
    g_assert_cmpfloat(heap_pages(pairs, G_N_ELEMENTS(pairs), 60000, 100), ==,
                      ceil(60000.0 / floor(8168.0 / (24 + 64 + 4))));
    g_assert_cmpfloat(heap_pages(&int4, 0, 291, 100), ==, 1);
    g_assert_cmpfloat(heap_pages(&int4, 0, 292, 100), ==, 2);
    g_assert_cmpfloat(heap_pages(&int4, 1, 0, 100), ==, 0);
}

static void test_fillfactor(void)
{
    /* 226 rows fill a page; a tenth of it is enough for 22. */
    g_assert_cmpfloat(heap_pages(&int4, 1, 226, 100), ==, 1);
    g_assert_cmpfloat(heap_pages(&int4, 1, 22, 10), ==, 1);
    g_assert_cmpfloat(heap_pages(&int4, 1, 23, 10), ==, 2);
    g_assert_cmpfloat(heap_pages(&int4, 1, 60000, 70), ==, ceil(60000.0 / floor(5711.0 / 36)));
}

static void test_nulls(void)
{
    struct space_column columns[9];
    for (guint i = 0; i < G_N_ELEMENTS(columns); i++)
        columns[i] = int8;

    /* Nine columns need two bytes of bitmap: the header grows from 24 to 32 bytes. */
    double without = heap_pages(columns, 9, 100000, 100);
    columns[8].not_null = false;
    columns[8].null_fraction = 0;
    g_assert_cmpfloat(heap_pages(columns, 9, 100000, 100), ==, without);
    columns[8].null_fraction = 1;
    g_assert_cmpfloat(heap_pages(columns, 9, 100000, 100), ==, without);
    columns[8].null_fraction = 0.5F;
    g_assert_cmpfloat(heap_pages(columns, 9, 100000, 100), ==, without);

    /* A dropped column is null in every row that is written anew. */
    columns[8] = (struct space_column){.number = 9, .dropped = true};
    g_assert_cmpfloat(heap_pages(columns, 9, 100000, 100), ==, without);
    g_assert_cmpfloat(heap_pages(columns, 8, 100000, 100), <, without);
}

static void test_varying_rows(void)
{
    struct space_column even = text;
    even.even = true;

    /* 24 + 15 → 40 + 4 bytes, for each row the same. */
    g_assert_cmpfloat(heap_pages(&even, 1, 100000, 100), ==,
                      ceil(100000.0 / floor(8168.0 / 44)));
    /* Of widths around 15.5 half the alignment is lost on average, and half a row a page. */
    double mean = 24 + 15.5 + 3.5 + 4, varying = heap_pages(&text, 1, 100000, 100);
    g_assert_cmpfloat(fabs(varying - 100000 * mean / (8168 - mean / 2)), <, varying / 100);
}

static void test_alignment_of_long_values(void)
{
    struct space_column wide[] = {boolean, text};
    wide[1].even = true;

    wide[1].width = 127; /* one byte of header, no alignment: 24 + 1 + 127 = 152 */
    g_assert_cmpfloat(heap_pages(wide, 2, 52, 100), ==, 1);
    wide[1].width = 132; /* four of each: 24 + 4 + 132 = 160 */
    g_assert_cmpfloat(heap_pages(wide, 2, 49, 100), ==, 1);
    g_assert_cmpfloat(heap_pages(wide, 2, 50, 100), ==, 2);
    wide[1].width = 16;
    wide[1].storage = 'p'; /* never short: 24 + 4 + 16 → 48 */
    g_assert_cmpfloat(heap_pages(wide, 2, 157, 100), ==, 1);
    g_assert_cmpfloat(heap_pages(wide, 2, 158, 100), ==, 2);
}

static void test_what_is_not_known(void)
{
    struct space_column column = text;
    struct space_heap heap = {&column, 1, 1000, 100, 8192};
    struct space_pages pages;

    column.known = false;
    g_assert_false(space_heap_pages(&heap, &pages));
    column = int4;
    column.known = false;
    g_assert_true(space_heap_pages(&heap, &pages)); /* its type says all there is to know */
    column.not_null = false;
    g_assert_false(space_heap_pages(&heap, &pages));
}

static void test_margin(void)
{
    struct space_heap exact = {&int4, 1, 100000, 100, 8192};
    struct space_heap varying = {&text, 1, 100000, 100, 8192};
    struct space_pages pages;

    g_assert_true(space_heap_pages(&exact, &pages));
    g_assert_cmpfloat(pages.margin, ==, 0);
    g_assert_true(space_heap_pages(&varying, &pages));
    g_assert_cmpfloat(pages.margin, >, 0);
    g_assert_cmpfloat(pages.margin, <, pages.pages / 20);
}

/* ---- B-trees --------------------------------------------------------------------------------- */

static void test_unique(void)
{
    const struct space_column *keys[] = {&int4};
    struct space_btree btree = btree_on(keys, 1, 1000000);

    g_assert_cmpfloat(btree_pages(&btree), ==, 2745);
    btree.entries = btree.rows = 366;
    g_assert_cmpfloat(btree_pages(&btree), ==, 2);
    btree.entries = btree.rows = 367;
    g_assert_cmpfloat(btree_pages(&btree), ==, 4); /* two leaves and a root */
    btree.entries = btree.rows = 0;
    g_assert_cmpfloat(btree_pages(&btree), ==, 1);
}

static void test_posting_lists(void)
{
    struct space_column code = int4;
    const struct space_column *keys[] = {&code};
    struct space_btree btree = btree_on(keys, 1, 60000);

    btree.deduplicates = true;
    code.distinct = 7;
    g_assert_cmpfloat(fabs(btree_pages(&btree) - 53), <=, 2);
    btree.deduplicates = false;
    g_assert_cmpfloat(btree_pages(&btree), >, 160);

    /* Three of each, in all of 26,667 values. */
    struct space_commons none = {0};
    btree.deduplicates = true;
    btree.entries = btree.rows = 80000;
    code.distinct = -0.333333F;
    code.commons = &none;
    g_assert_cmpfloat(fabs(btree_pages(&btree) - 162), <=, 2);
    code.commons = NULL;
    code.distinct = -1; /* nothing to share */
    btree.entries = btree.rows = 1000000;
    g_assert_cmpfloat(btree_pages(&btree), ==, 2745);
}

static void test_two_keys(void)
{
    struct space_column code = int4;
    const struct space_column *keys[] = {&code, &int4};
    struct space_btree both = btree_on(keys, 2, 100000);

    /* The second is unique, so no two entries are the same, however few the first has. */
    code.distinct = 5;
    double plain = btree_pages(&both);
    both.deduplicates = true;
    g_assert_cmpfloat(fabs(btree_pages(&both) - plain), <=, 1);
}

static void test_nulls_in_a_btree(void)
{
    struct space_column code = int8;
    const struct space_column *keys[] = {&code};
    struct space_btree btree = btree_on(keys, 1, 100000);

    btree.deduplicates = true;
    code.not_null = false;
    code.null_fraction = 1;
    double nulls = btree_pages(&btree);
    g_assert_cmpfloat(nulls, <, 100000 * 7.0 / 7325 + 4); /* about six bytes each */
    code.null_fraction = 0.5F;
    code.distinct = -0.5F;
    double half = btree_pages(&btree);
    code.not_null = true;
    code.distinct = -1;
    g_assert_cmpfloat(half, >, nulls);
    g_assert_cmpfloat(half, <, btree_pages(&btree));
}

static void test_not_known_in_a_btree(void)
{
    struct space_column column = int4;
    const struct space_column *keys[] = {&column};
    struct space_btree btree = btree_on(keys, 1, 1000);
    struct space_pages pages;

    column.known = false;
    g_assert_true(space_btree_pages(&btree, &pages));
    btree.deduplicates = true; /* how often a value repeats makes all the difference */
    g_assert_false(space_btree_pages(&btree, &pages));
}

static void test_included(void)
{
    const struct space_column *keys[] = {&int4}, *included[] = {&int8};
    struct space_btree btree = btree_on(keys, 1, 100000);

    btree.included = included;
    btree.included_count = 1;
    g_assert_cmpfloat(btree_pages(&btree), ==, 1 + ceil(100000.0 / floor(7325.0 / 28)) + 2 + 1);
}

/* ---- hash indexes, TOAST ----------------------------------------------------------------------- */

static double hash_pages_of(const struct space_column *key, double rows)
{
    struct space_hash hash = {key, rows, rows, 75, 8192};
    struct space_pages pages;

    g_assert_true(space_hash_pages(&hash, &pages));
    return pages.pages;
}

static void test_hash(void)
{
    struct space_column single = text;
    single.distinct = 1;

    g_assert_cmpfloat(hash_pages_of(&text, 0), ==, 4);
    g_assert_cmpfloat(hash_pages_of(&text, 1374), ==, 10);
    g_assert_cmpfloat(hash_pages_of(&text, 10023), ==, 66);
    g_assert_cmpfloat(hash_pages_of(&text, 48000), ==, 258);
    /* One value has all its entries in a row of pages. */
    g_assert_cmpfloat(fabs(hash_pages_of(&single, 48000) - (258 + 48000.0 / 407)), <=, 2);
}

static void test_toast(void)
{
    struct space_toast toast = {.chunks = 34000, .values = 7840, .block_size = 8192};
    struct space_pages pages;

    space_toast_pages(&toast, &pages);
    g_assert_cmpfloat(fabs(pages.pages - 8263), <=, pages.margin);
    toast = (struct space_toast){.chunks = 14163, .values = 10403, .block_size = 8192};
    space_toast_pages(&toast, &pages);
    g_assert_cmpfloat(fabs(pages.pages - 3016), <=, pages.margin);
}

/* ---- widths ------------------------------------------------------------------------------------ */

static void test_counted_widths(void)
{
    const double md5[] = {32, 32, 32, 32, 32}, mixed[] = {3, 8, 13, 126, 127};
    const double frequencies[] = {0.5, 0.25}, words[] = {4, 9};
    struct space_column column = text;
    struct space_widths widths;

    column.width = 33;
    g_assert_true(space_count_widths(
        &(struct space_counted){.histogram = md5, .histogram_count = 5}, &column, &widths));
    g_assert_cmpfloat((double) widths.short_mean, ==, 33);
    g_assert_cmpfloat((double) widths.residues[1], ==, 1);
    g_assert_cmpfloat((double) widths.long_fraction, ==, 0);

    /* A table of such values is exact then. */
    column.widths = &widths;
    g_assert_cmpfloat(heap_pages(&column, 1, 1000, 100), ==, ceil(1000.0 / floor(8168.0 / 68)));
    column.widths = NULL;

    column.width = 6; /* half 5, a quarter 10, a quarter null */
    column.null_fraction = 0.25F;
    column.not_null = false;
    g_assert_true(space_count_widths(
        &(struct space_counted){.frequencies = frequencies, .common = words, .common_count = 2},
        &column, &widths));
    g_assert_cmpfloat(fabs((double) widths.short_mean - 20.0 / 3), <, 0.01);
    g_assert_cmpfloat(fabs((double) widths.residues[5] - 2.0 / 3), <, 0.01);

    column.null_fraction = 0;
    column.width = 49; /* outermost bounds count half: (2 + 9 + 14 + 127 + 131/2) / 4 */
    g_assert_true(space_count_widths(
        &(struct space_counted){.histogram = mixed, .histogram_count = 5}, &column, &widths));
    g_assert_cmpfloat(fabs((double) widths.long_fraction - 0.125), <, 0.001);
}

static void test_widths_that_contradict(void)
{
    const double md5[] = {32, 32, 32, 32, 32};
    struct space_column column = text;
    struct space_counted counted = {.histogram = md5, .histogram_count = 5};
    struct space_widths widths;

    column.width = 400; /* the wide ones are not in the histogram */
    g_assert_false(space_count_widths(&counted, &column, &widths));
    column.width = 33;
    column.null_fraction = 1;
    g_assert_false(space_count_widths(&counted, &column, &widths));
    g_assert_false(space_count_widths(&(struct space_counted){0}, &text, &widths));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/space/heap/fixed", test_fixed_rows);
    g_test_add_func("/space/heap/fillfactor", test_fillfactor);
    g_test_add_func("/space/heap/nulls", test_nulls);
    g_test_add_func("/space/heap/varying", test_varying_rows);
    g_test_add_func("/space/heap/long", test_alignment_of_long_values);
    g_test_add_func("/space/heap/unknown", test_what_is_not_known);
    g_test_add_func("/space/heap/margin", test_margin);
    g_test_add_func("/space/btree/unique", test_unique);
    g_test_add_func("/space/btree/posting", test_posting_lists);
    g_test_add_func("/space/btree/two", test_two_keys);
    g_test_add_func("/space/btree/nulls", test_nulls_in_a_btree);
    g_test_add_func("/space/btree/unknown", test_not_known_in_a_btree);
    g_test_add_func("/space/btree/included", test_included);
    g_test_add_func("/space/hash", test_hash);
    g_test_add_func("/space/toast", test_toast);
    g_test_add_func("/space/widths/counted", test_counted_widths);
    g_test_add_func("/space/widths/contradict", test_widths_that_contradict);
    return g_test_run();
}
