/*
 * Equal keys. What a B-tree takes goes by its entries, but where equal keys share a tuple it goes by
 * how many rows have the same key as well, and of that a sample sees only a part: keys that are
 * alone in the sample may have company in the table.
 *
 * The estimators that ANALYZE and others use for the number of distinct values take all keys to
 * be about equally frequent (Haas and Stokes, "Estimating the Number of Classes in a Finite
 * Population", JASA 1998, has them). Few frequent keys beside many rare ones is what indexes are
 * like, though. So the frequencies of frequencies decide here (how many keys were met in one
 * block, in two, …): a mixture of group sizes is fitted to them. Blocks are counted, not rows,
 * because rows of one block are no independent draws when equal keys stand side by side.
 */
#include "bloat_sample.h"

#include <math.h>

enum {
    ITERATIONS = 1000,
    FREQUENT = 12, /* met in more blocks than this: as frequent as it looks */
    MOST_SIZES = 64,
};
static const double SIZE_STEP = 1.5, SETTLED = 1e-6;

/* ---- the mixture ------------------------------------------------------------------------------ */

/* Candidate sizes of groups, in blocks, and what is known of those of each size. */
struct mixture {
    guint count, seen_count;
    double sizes[MOST_SIZES];
    double unseen[MOST_SIZES]; /* chance that one of that size is met in no block */
    double weights[MOST_SIZES];
    double chances[FREQUENT + 1][MOST_SIZES]; /* to be met in so many blocks */
    const struct bloat_group *seen[FREQUENT + 1];
};

static double chance(double size, double met, double read)
{
    if (met > size)
        return 0;
    return exp(lgamma(size + 1) - lgamma(met + 1) - lgamma(size - met + 1) + met * log(read) +
               (size - met) * log1p(-read));
}

static void mixture_begin(struct mixture *mixture, double read)
{
    double largest = fmax(2 * FREQUENT / read, 2), size = 1;

    while (size <= largest && mixture->count < MOST_SIZES) {
        mixture->sizes[mixture->count++] = size;
        size = fmax(size + 1, floor(size * SIZE_STEP));
    }
    for (guint i = 0; i < mixture->count; i++) {
        size = mixture->sizes[i];
        mixture->unseen[i] = exp(size * log1p(-read));
        /* Nearly all single: what the sample does not contradict. */
        mixture->weights[i] = 1 / (size * size);
        for (guint met = 1; met <= FREQUENT; met++)
            mixture->chances[met][i] = chance(size, met, read);
    }
}

/* How much the groups met in `met` blocks count for each size; parts that add up to 1. */
static bool shares_of(const struct mixture *mixture, guint met, double *ret_shares)
{
    double sum = 0;

    for (guint i = 0; i < mixture->count; i++)
        sum += mixture->weights[i] * mixture->chances[met][i];
    for (guint i = 0; sum > 0 && i < mixture->count; i++)
        ret_shares[i] = mixture->weights[i] * mixture->chances[met][i] / sum;
    return sum > 0;
}

/* One round; true when nothing changed any more. */
static bool mixture_improve(struct mixture *mixture)
{
    double next[MOST_SIZES] = {0}, shares[MOST_SIZES], before = 0, after = 0;

    for (guint met = 1; met <= FREQUENT; met++) {
        if (mixture->seen[met] == NULL || !shares_of(mixture, met, shares))
            continue;
        for (guint i = 0; i < mixture->count; i++)
            next[i] += mixture->seen[met]->groups * shares[i];
    }
    for (guint i = 0; i < mixture->count; i++) {
        before += mixture->weights[i];
        mixture->weights[i] = next[i] / (1 - mixture->unseen[i]);
        after += mixture->weights[i];
    }
    return fabs(after - before) <= SETTLED * after;
}

/* Groups of one size, with the rows and bytes of those that were met, times what was not read. */
static void append_size(const struct mixture *mixture, guint size, double read,
                        const double (*shares)[MOST_SIZES], GArray *groups)
{
    struct bloat_group group = {.units = mixture->sizes[size],
                                .groups = mixture->weights[size]};

    for (guint met = 1; met <= FREQUENT; met++) {
        if (mixture->seen[met] == NULL)
            continue;
        group.rows += mixture->seen[met]->rows * shares[met][size] / read;
        group.bytes += mixture->seen[met]->bytes * shares[met][size] / read;
    }
    if (group.rows > 0 && group.groups > 0)
        g_array_append_val(groups, group);
}

static void append_mixture(const struct mixture *mixture, double read, GArray *groups)
{
    double shares[FREQUENT + 1][MOST_SIZES] = {{0}};

    for (guint met = 1; met <= FREQUENT; met++)
        if (mixture->seen[met] != NULL)
            shares_of(mixture, met, shares[met]);
    for (guint i = 0; i < mixture->count; i++)
        append_size(mixture, i, read, (const double(*)[MOST_SIZES]) shares, groups);
}

GArray *bloat_sample_extrapolate(const GArray *seen, double read)
{
    GArray *groups = g_array_new(FALSE, FALSE, sizeof(struct bloat_group));
    struct mixture mixture = {0};

    for (guint i = 0; i < seen->len; i++) {
        const struct bloat_group *group = &g_array_index(seen, struct bloat_group, i);
        struct bloat_group whole = *group;
        whole.units /= read;
        whole.rows /= read;
        whole.bytes /= read;
        if (group->units > FREQUENT || read >= 1)
            g_array_append_val(groups, whole);
        else
            mixture.seen[(guint) group->units] = group;
    }
    if (read >= 1)
        return groups;
    mixture_begin(&mixture, read);
    for (int i = 0; i < ITERATIONS; i++)
        if (mixture_improve(&mixture))
            break;
    append_mixture(&mixture, read, groups);
    return groups;
}
