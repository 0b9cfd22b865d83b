/* Who gets how much of the budget. */
#include "bloat_sample.h"

#include <math.h>
#include <stdlib.h>

/* Fewer blocks than this say little about a table; where each is dear, because many rows of it
 * point into the TOAST table, fewer have to do. */
enum { LEAST_BLOCKS = 30, LEAST_DEAR_BLOCKS = 8, HALVINGS = 60 };
/* Each costs the catalogs some rows, which are dead afterwards. */
enum { MOST_TABLES = 500 };
/* When nearly all of a table is to be read, the rest makes the answer exact. */
static const double NEARLY_ALL = 0.8;

double bloat_sample_block_cost(const struct bloat_share *share)
{
    return 1 + (share->pages > 0 ? MAX(share->beside, 0) / share->pages : 0);
}

static double cost_of(const struct bloat_share *share, double blocks)
{
    return blocks * bloat_sample_block_cost(share);
}

static double least_of(const struct bloat_share *share)
{
    double least = fmax(LEAST_BLOCKS / sqrt(bloat_sample_block_cost(share)), LEAST_DEAR_BLOCKS);

    return fmin(share->pages, ceil(least));
}

/* What it could tell for what it costs. */
static double merit_of(const struct bloat_share *share)
{
    return share->weight / cost_of(share, least_of(share));
}

static int by_merit(const void *left, const void *right)
{
    const struct bloat_share *const *a = left, *const *b = right;
    double merit_a = merit_of(*a), merit_b = merit_of(*b);

    if (merit_a != merit_b)
        return merit_a > merit_b ? -1 : 1;
    return *a < *b ? -1 : *a > *b;
}

static double blocks_at(const struct bloat_share *share, double level)
{
    double blocks = level * sqrt(share->weight / bloat_sample_block_cost(share));

    if (blocks >= NEARLY_ALL * share->pages)
        return share->pages;
    return fmax(floor(blocks), least_of(share));
}

static double cost_at(struct bloat_share *const *served, guint count, double level)
{
    double cost = 0;

    for (guint i = 0; i < count; i++)
        cost += cost_of(served[i], blocks_at(served[i], level));
    return cost;
}

/* The highest level that the budget pays for. */
static double level_for(struct bloat_share *const *served, guint count, double budget)
{
    double low = 0, high = 1;

    while (high < 1e12 && cost_at(served, count, high) <= budget)
        high *= 4;
    for (int i = 0; i < HALVINGS; i++) {
        double middle = (low + high) / 2;
        if (cost_at(served, count, middle) <= budget)
            low = middle;
        else
            high = middle;
    }
    return low;
}

void bloat_sample_share(struct bloat_share *shares, guint count, double budget_pages)
{
    g_autofree struct bloat_share **served = g_new(struct bloat_share *, count + 1);
    guint candidates = 0, taken = 0;
    double spent = 0;

    for (guint i = 0; i < count; i++) {
        shares[i].blocks = 0;
        if (shares[i].pages > 0 && shares[i].weight > 0)
            served[candidates++] = &shares[i];
    }
    qsort(served, candidates, sizeof *served, by_merit);
    /* One that is too dear leaves its turn to those behind it. */
    for (guint i = 0; i < candidates && taken < MOST_TABLES; i++) {
        double cost = cost_of(served[i], least_of(served[i]));
        if (spent + cost > budget_pages)
            continue;
        spent += cost;
        served[taken++] = served[i];
    }
    double level = level_for(served, taken, budget_pages);
    for (guint i = 0; i < taken; i++)
        served[i]->blocks = (gint64) blocks_at(served[i], level);
}
