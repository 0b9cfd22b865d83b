/*
 * B-trees. What an index takes goes by its entries, but where equal keys share a tuple it goes by
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
    PAGE_HEADER = 24,
    BTREE_SPECIAL = 16,
    LINE_POINTER = 4,
    TID = 6,
    POSTING_PADDING = 3, /* on average, up to the next multiple of 8 */
    INNER_FILLFACTOR = 70,
    ITERATIONS = 1000,
    FREQUENT = 12, /* met in more blocks than this: as frequent as it looks */
    MOST_SIZES = 64,
};
static const double NINE_OF_TEN = 1.645, SIZE_STEP = 1.5, SETTLED = 1e-6;
/* What of a margin stands for the last leaf, and for how far the mixture may be wrong: a part of
 * what it makes of the answer. */
static const double LEAF = 0.5, COMPANY_DOUBT = 0.2;

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
    double largest = fmax(2 * FREQUENT / read, 2);

    for (double size = 1; size <= largest && mixture->count < MOST_SIZES;
         size = fmax(size + 1, floor(size * SIZE_STEP)))
        mixture->sizes[mixture->count++] = size;
    for (guint i = 0; i < mixture->count; i++) {
        double size = mixture->sizes[i];
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

/* ---- pages ------------------------------------------------------------------------------------ */

/* As _bt_buildadd() fills them: the tuple that leaves less free than the fillfactor says moves on
 * to the next page, and a high key takes its place. */
double bloat_sample_leaves(int block_size, int fillfactor, double bytes, double tuples,
                           bool even)
{
    double room = block_size - PAGE_HEADER - BTREE_SPECIAL - 2 * LINE_POINTER -
                  floor((double) block_size * (100 - fillfactor) / 100);
    double tuple = tuples > 0 ? bytes / tuples : 0;

    if (tuple <= 0)
        return 0;
    if (even)
        return tuples / fmax(floor(room / tuple), 1);
    return bytes / fmax(room - tuple / 2, tuple);
}

double bloat_sample_levels(int block_size, double leaves, double tuple_bytes)
{
    double room = (block_size - PAGE_HEADER - BTREE_SPECIAL) * INNER_FILLFACTOR / 100.0;
    double fan = fmax(floor(room / (tuple_bytes + LINE_POINTER)), 2), pages = 0;

    for (double level = ceil(leaves); level > 1; pages += level)
        level = ceil(level / fan);
    return pages;
}

/* What groups take on leaves: bytes with line pointers, and tuples. */
struct leaf_content {
    double bytes, tuples;
};

/* Equal keys share tuples of at most a tenth of a page. */
static void add_group(const struct bloat_group *group, int block_size,
                      struct leaf_content *content)
{
    double each = group->bytes / group->rows, size = group->rows / group->groups;
    double longest = floor(block_size / 80.0) * 8 - 2 * LINE_POINTER;
    double most = fmax(floor((longest - each) / TID), 1);

    if (size <= 1) {
        content->tuples += group->rows;
        content->bytes += group->bytes + LINE_POINTER * group->rows;
    } else if (size < 2) { /* some of one, some of two */
        double pairs = (size - 1) * group->groups;
        content->tuples += group->groups;
        content->bytes +=
            group->groups * (each + LINE_POINTER) + pairs * (2 * TID + POSTING_PADDING + 1);
    } else {
        double tuples = ceil(size / most) * group->groups;
        content->tuples += tuples;
        content->bytes += tuples * (each + LINE_POINTER + POSTING_PADDING) + TID * group->rows;
    }
}

static double leaves_of(const struct bloat_tree *tree, const GArray *groups)
{
    struct leaf_content content = {0};

    for (guint i = 0; i < groups->len; i++) {
        const struct bloat_group *group = &g_array_index(groups, struct bloat_group, i);
        if (tree->deduplicates)
            add_group(group, tree->block_size, &content);
        else {
            content.tuples += group->rows;
            content.bytes += group->bytes + LINE_POINTER * group->rows;
        }
    }
    return bloat_sample_leaves(tree->block_size, tree->fillfactor, content.bytes,
                               content.tuples, tree->even && !tree->deduplicates);
}

/* How many leaves the copy's index has, the last one as far as it is filled: by calculation, as
 * long as that agrees with what was measured. */
static double leaves_measured(const struct bloat_tree *tree, double tuple_bytes)
{
    double leaves = (double) tree->pages - 1, calculated = leaves_of(tree, tree->seen);

    while (leaves > 1 && leaves + bloat_sample_levels(tree->block_size, leaves, tuple_bytes) >
                             (double) tree->pages - 1)
        leaves--;
    return CLAMP(calculated, leaves - 1, leaves);
}

bool bloat_sample_tree(const struct bloat_tree *tree, const struct bloat_judgement *judgement,
                       struct space_pages *ret_pages)
{
    double rows = 0, bytes = 0;

    for (guint i = 0; i < tree->seen->len; i++) {
        rows += g_array_index(tree->seen, struct bloat_group, i).rows;
        bytes += g_array_index(tree->seen, struct bloat_group, i).bytes;
    }
    if (judgement->read >= 1) {
        *ret_pages = (struct space_pages){.pages = (double) tree->pages};
        return true;
    }
    if (rows <= 0 || bytes <= 0)
        return false;
    bool counted;
    struct bloat_count count = {
        .counted = {tree->counted, -1, -1},
        .sampled = rows * judgement->scale,
        .error = sqrt(rows) * judgement->scale,
    };
    double entries = bloat_sample_choose(&count, &counted);
    double scale = entries / rows;
    /* The blocks that were read, corrected by what the counters know better. */
    g_autoptr(GArray) all = bloat_sample_extrapolate(tree->seen, fmin(1 / scale, 1));
    double measured = leaves_measured(tree, bytes / rows);
    double calculated = leaves_of(tree, tree->seen);
    double leaves =
        ceil(calculated > 0 ? leaves_of(tree, all) / calculated * measured : measured);
    double error = hypot(judgement->error, tree->partial && !counted ? 1 / sqrt(rows) : 0);

    ret_pages->pages = 1 + leaves + bloat_sample_levels(tree->block_size, leaves, bytes / rows);
    ret_pages->margin =
        NINE_OF_TEN * error * leaves + LEAF + COMPANY_DOUBT * fabs(measured * scale - leaves);
    return true;
}
