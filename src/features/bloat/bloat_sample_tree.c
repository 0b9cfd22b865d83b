/* Pages of B-trees, as a bulk load (CREATE INDEX, REINDEX) lays them out. */
#include "bloat_sample.h"

#include <math.h>

enum {
    PAGE_HEADER = 24,
    BTREE_SPECIAL = 16,
    LINE_POINTER = 4,
    TID = 6,
    POSTING_PADDING = 3, /* on average, up to the next multiple of 8 */
    INNER_FILLFACTOR = 70,
};
static const double NINE_OF_TEN = 1.645;
/* What of a margin stands for the last leaf, and for how far the mixture may be wrong whatever
 * its own error: a part of what it makes of the answer. */
static const double LEAF = 1, COMPANY_DOUBT = 0.1;
/* The statistics' number of distinct keys is believed when the sample's is this near. */
static const double BELIEVED_ERRORS = 3, DISTINCT_DOUBT = 0.2;

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
    double fan = fmax(floor(room / (tuple_bytes + LINE_POINTER)), 2);
    double level = ceil(leaves), pages = 0;

    while (level > 1) {
        level = ceil(level / fan);
        pages += level;
    }
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

/* ---- what follows for the whole index ------------------------------------------------------------ */

/* Leaves of the whole index, and how far the company that keys have may shift them. */
struct leaves {
    double count, error;
};

/* How much the number of keys met in company may be off, relatively: each company is counted in
 * all of its blocks, and rows of a block have theirs together. */
static double company_error(const struct bloat_tree *tree, double rows, double read)
{
    double blocks = tree->blocks, sum = tree->company, mean = blocks > 0 ? sum / blocks : 0;

    if (blocks < 2)
        return 1;
    if (sum <= 0) /* one more would have been as likely: a row, or a whole block in company */
        return fmin(1 / (sqrt(blocks * rows) * read), 1);
    double variance = fmax(tree->company_squares - blocks * mean * mean, 0) / (blocks - 1);
    return fmin(sqrt(2 * blocks * variance) / sum, 1);
}

/* As if all keys were equally frequent. */
static double leaves_of_distinct(const struct bloat_tree *tree, double keys, double rows,
                                 double bytes)
{
    g_autoptr(GArray) groups = g_array_new(FALSE, FALSE, sizeof(struct bloat_group));
    struct bloat_group all = {.units = 1, .groups = keys, .rows = rows, .bytes = bytes};

    g_array_append_val(groups, all);
    return leaves_of(tree, groups);
}

static void scale_up(const struct bloat_tree *tree, double rows, double bytes, double scale,
                     struct leaves *ret_leaves)
{
    double read = fmin(1 / scale, 1), calculated = leaves_of(tree, tree->seen);
    double factor = leaves_measured(tree, bytes / rows) / calculated;
    double alone = calculated * factor * scale;

    *ret_leaves = (struct leaves){.count = alone};
    if (!tree->deduplicates)
        return;
    g_autoptr(GArray) all = bloat_sample_extrapolate(tree->seen, read);
    double error = company_error(tree, rows, read);
    ret_leaves->count = leaves_of(tree, all) * factor;
    ret_leaves->error = tree->company > 0 ? error * (alone - ret_leaves->count) : error * alone;
    if (tree->distinct <= 0)
        return;
    double other = leaves_of_distinct(tree, fmin(tree->distinct, rows * scale), rows * scale,
                                      bytes * scale) *
                   factor;
    if (fabs(other - ret_leaves->count) > BELIEVED_ERRORS * ret_leaves->error)
        return;
    ret_leaves->count = other;
    ret_leaves->error = fmin(ret_leaves->error, DISTINCT_DOUBT * fabs(alone - other));
}

bool bloat_sample_tree(const struct bloat_tree *tree, const struct bloat_judgement *judgement,
                       struct space_pages *ret_pages)
{
    double rows = 0, bytes = 0;
    struct leaves leaves;
    bool counted;

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
    struct bloat_count count = {
        .counted = {tree->counted, -1, -1},
        .sampled = rows * judgement->scale,
        .error = sqrt(rows) * judgement->scale,
        .met = rows,
    };
    double scale = bloat_sample_choose(&count, &counted) / rows;
    scale_up(tree, rows, bytes, fmax(scale, 1), &leaves);
    double whole = ceil(leaves.count);
    double error = hypot(judgement->error, tree->partial && !counted ? 1 / sqrt(rows) : 0);
    ret_pages->pages = 1 + whole + bloat_sample_levels(tree->block_size, whole, bytes / rows);
    ret_pages->margin =
        NINE_OF_TEN * hypot(error * leaves.count, leaves.error) + LEAF +
        COMPANY_DOUBT *
            fabs(leaves_measured(tree, bytes / rows) * fmax(scale, 1) - leaves.count);
    return true;
}
