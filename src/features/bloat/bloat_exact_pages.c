/* What is counted, written anew. */
#include "bloat_exact.h"

#include <math.h>

enum { PAGE_HEADER = 24, LINE_POINTER = 4, BTREE_SPECIAL = 16 };
/* Tuples whose lengths are anything lose so much to alignment, on average; so much less or more
 * it may be. */
static const double ALIGNMENT_LOST = 3.5, ALIGNMENT_DOUBT = 1.5;
/* What the free space map rounds to, and what it may be behind: part of what is free. */
static const double MAP_DOUBT = 0.02;
/* How full the pages of a fresh index are beside what its fillfactor says. */
static const double DENSITY_DOUBT = 0.02;

static double aligned(double length)
{
    return ceil(length / 8) * 8;
}

static double room_of(int block_size, int fillfactor)
{
    return block_size - PAGE_HEADER - floor((double) block_size * (100 - fillfactor) / 100);
}

/* Bytes of one tuple on its page. Tuples that are all of a length have a whole number as their
 * mean; where they are not, the pages themselves say what they take at most. */
static double tuple_space(const struct bloat_heap_facts *facts, bool *ret_even)
{
    double length = facts->bytes / facts->tuples;
    double most = (facts->pages * (facts->block_size - PAGE_HEADER) - facts->free_bytes -
                   facts->dead_bytes - LINE_POINTER * (facts->tuples + facts->dead_tuples)) /
                  facts->tuples;

    *ret_even = fabs(length - round(length)) < 1e-9;
    if (*ret_even)
        return aligned(length) + LINE_POINTER;
    return fmax(fmin(length + ALIGNMENT_LOST, most), length) + LINE_POINTER;
}

static void approximate_heap(const struct bloat_heap_facts *facts,
                             struct space_pages *ret_pages)
{
    double room = room_of(facts->block_size, facts->fillfactor) + PAGE_HEADER;

    ret_pages->pages = fmin(ceil(facts->bytes / room), facts->pages);
    ret_pages->margin = 1 + 2 * MAP_DOUBT * fmax(facts->pages - ret_pages->pages, 0) +
                        MAP_DOUBT * ret_pages->pages;
}

void bloat_exact_heap(const struct bloat_heap_facts *facts, struct space_pages *ret_pages)
{
    bool even;

    *ret_pages = (struct space_pages){0};
    if (facts->tuples < 1 || facts->bytes <= 0)
        return;
    if (facts->approximate) {
        approximate_heap(facts, ret_pages);
        return;
    }
    double room = room_of(facts->block_size, facts->fillfactor);
    double tuple = tuple_space(facts, &even);
    double a_page = even ? floor(room / tuple) : (room - tuple / 2) / tuple;
    ret_pages->pages = ceil(facts->tuples / fmax(a_page, 1));
    ret_pages->margin =
        1 + (even ? 0 : (ALIGNMENT_DOUBT / tuple + tuple / room / 4) * ret_pages->pages);
}

void bloat_exact_tree(const struct bloat_tree_facts *facts, struct space_pages *ret_pages)
{
    double page = facts->block_size - PAGE_HEADER - BTREE_SPECIAL;
    double full = page - floor((double) facts->block_size * (100 - facts->fillfactor) / 100);
    double used = facts->leaf_pages * page * facts->density / 100;
    double rows = facts->live + facts->dead;
    double alive = rows > 0 ? facts->live / rows : 1;

    *ret_pages = (struct space_pages){.pages = 1};
    if (facts->leaf_pages < 1)
        return;
    double leaves = fmax(ceil(used * alive / full), alive > 0 ? 1 : 0);
    double internal =
        leaves > 1 ? fmax(ceil(facts->internal_pages * leaves / facts->leaf_pages), 1) : 0;
    ret_pages->pages = 1 + leaves + internal;
    /* Rows that died by HOT updates have no entries of their own. */
    double doubtful = rows > 0 ? fmin(facts->updated, facts->dead) / rows : 0;
    ret_pages->margin = 1 + DENSITY_DOUBT * leaves + doubtful / 2 * used / full;
}
