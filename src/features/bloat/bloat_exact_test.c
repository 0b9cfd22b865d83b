#include "bloat_exact.h"

#include <math.h>

struct heap_case {
    const char *name;
    struct bloat_heap_facts facts;
    double least, most; /* pages */
};

#define PAGE .block_size = 8192

/* Figures of pgstattuple(), and what VACUUM FULL made of the same tables. */
static const struct heap_case heaps[] = {
    {"empty", {PAGE, .fillfactor = 100}, 0, 0},
    {"all dead",
     {PAGE, .fillfactor = 100, .pages = 100, .dead_tuples = 9000, .dead_bytes = 600000},
     0,
     0},
    /* 28 bytes make 32, and a line pointer: 226 rows a page. */
    {"one int",
     {PAGE, .fillfactor = 100, .pages = 443, .tuples = 100000, .bytes = 2800000},
     443,
     443},
    {"one int, every second row gone",
     {PAGE, .fillfactor = 100, .pages = 443, .tuples = 50000, .bytes = 1400000,
      .free_bytes = 1600000},
     222,
     222},
    /* 30 % of each page stay free. */
    {"one int, fillfactor",
     {PAGE, .fillfactor = 70, .pages = 633, .tuples = 100000, .bytes = 2800000,
      .free_bytes = 1600000},
     633,
     633},
    {"three rows a page",
     {PAGE, .fillfactor = 100, .pages = 2000, .tuples = 3000, .bytes = 7800000},
     1000,
     1000},
    {"rows of any length",
     {PAGE, .fillfactor = 100, .pages = 1000, .tuples = 80000, .bytes = 80000 * 60.4,
      .free_bytes = 2400000},
     650,
     680},
    /* The pages are full: alignment cannot take more than they have. */
    {"rows of any length, no air",
     {PAGE, .fillfactor = 100, .pages = 100, .tuples = 10000, .bytes = 10000 * 77.3,
      .free_bytes = 2000},
     99,
     101},
    {"approximate",
     {PAGE, .fillfactor = 100, .approximate = true, .pages = 1000, .tuples = 40000,
      .bytes = 8192.0 * 500, .free_bytes = 8192.0 * 500},
     495,
     505},
};

static void test_heap(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(heaps); i++) {
        struct space_pages pages;
        bloat_exact_heap(&heaps[i].facts, &pages);
        if (pages.pages < heaps[i].least || pages.pages > heaps[i].most ||
            !isfinite(pages.margin) || pages.margin < 0)
            g_test_fail_printf("%s: %g +- %g pages", heaps[i].name, pages.pages, pages.margin);
    }
}

static void test_tree(void)
{
    static const struct {
        const char *name;
        struct bloat_tree_facts facts;
        double pages;
    } cases[] = {
        {"no leaves", {PAGE, .fillfactor = 90}, 1},
        {"fresh", {PAGE, 90, 274, 3, 89.9, 100000, 0, 0}, 278},
        {"half full", {PAGE, 90, 274, 3, 44.98, 50000, 0, 0}, 140},
        {"half of its rows dead", {PAGE, 90, 274, 3, 89.9, 50000, 50000, 0}, 140},
        {"all of its rows dead", {PAGE, 90, 274, 3, 89.9, 0, 50000, 0}, 1},
        {"filled to the brim", {PAGE, 60, 100, 1, 89.86, 100000, 0, 0}, 154},
        {"one leaf", {PAGE, 90, 1, 0, 50, 100, 0, 0}, 2},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct space_pages pages;
        bloat_exact_tree(&cases[i].facts, &pages);
        if (fabs(pages.pages - cases[i].pages) > 1 || !isfinite(pages.margin))
            g_test_fail_printf("%s: %g +- %g pages", cases[i].name, pages.pages, pages.margin);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/bloat/exact/heap", test_heap);
    g_test_add_func("/bloat/exact/tree", test_tree);
    return g_test_run();
}
