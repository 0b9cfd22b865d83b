/* How wide rows are: columns laid down one by one, with their alignment. */
#include "space/space_private.h"

#include <math.h>

/* Where only the mean width of a varying column is known. */
static const double SPREAD = 0.3;       /* standard deviation, of the mean */
static const double LEAST_SPREAD = 0.6; /* bytes */
static const double ONE_WIDTH = 0.01;   /* variance below which there is none */

enum {
    LONGEST_SHORT = 127, /* bytes of a value whose header is one byte: it needs no alignment */
    SHORT_POINT = 100,   /* means below this have practically no long values, … */
    LONG_POINT = 600     /* … above this no short ones */
};

int space_align(int bytes)
{
    return (bytes + 7) & ~7;
}

void space_walk_begin(struct space_walk *walk)
{
    *walk = (struct space_walk){0};
    walk->lots[0][0].likely = 1;
}

static int alignment_of(char align)
{
    return align == 'd' ? 8 : align == 'i' ? 4 : align == 's' ? 2 : 1;
}

/* ---- one column ----------------------------------------------------------------------------- */

static void put(struct space_lot *to, const struct space_lot *from, double likely, double mean,
                double variance)
{
    if (from->likely <= 0) /* as most are until a column varies */
        return;
    to->likely += likely * from->likely;
    to->sum += likely * (from->sum + mean * from->likely);
    to->squares += likely * (from->squares + 2 * mean * from->sum +
                             (mean * mean + variance) * from->likely);
}

/* Values that start where the last column ended. */
static void put_unaligned(struct space_lot *to, const struct space_lot *from, double likely,
                          const struct space_widths *widths)
{
    for (int offset = 0; offset < 8; offset++)
        for (int more = 0; more < 8 && from[offset].likely > 0; more++)
            if (widths->residues[more] > 0)
                put(&to[(offset + more) & 7], &from[offset],
                    likely * (double) widths->residues[more], widths->short_mean,
                    widths->short_variance);
}

static void put_fixed(struct space_lot *to, const struct space_lot *from, double likely,
                      int alignment, int length)
{
    for (int offset = 0; offset < 8; offset++) {
        int pad = -offset & (alignment - 1);
        put(&to[(offset + pad + length) & 7], &from[offset], likely, pad + length, 0);
    }
}

/* Values that start at a multiple of `alignment`, and end anywhere unless all are of one width. */
static void put_aligned(struct space_lot *to, const struct space_lot *from, double likely,
                        int alignment, const struct space_widths *widths)
{
    double mean = (double) widths->long_mean, variance = (double) widths->long_variance;

    if (variance < ONE_WIDTH) {
        put_fixed(to, from, likely, alignment, (int) lround(mean));
        return;
    }
    for (int offset = 0; offset < 8; offset++) {
        int pad = -offset & (alignment - 1);
        for (int end = 0; end < 8 && from[offset].likely > 0; end++)
            put(&to[end], &from[offset], likely / 8, mean + pad, variance);
    }
}

/* ---- widths of which only the mean is known --------------------------------------------------- */

static double normal_below(double at)
{
    return 0.5 * erfc(-at / M_SQRT2);
}

/* The likelihoods of a normal distribution's whole numbers, modulo 8. */
static void residues_of(double mean, double deviation, float *ret_residues)
{
    int first = (int) fmax(1, floor(mean - 4 * deviation));
    int last = (int) ceil(mean + 4 * deviation);
    double below = 0, all = normal_below((last + 0.5 - mean) / deviation);

    for (int i = 0; i < 8; i++)
        ret_residues[i] = 0;
    if (last - first > 24) { /* so wide that all are equally likely */
        for (int i = 0; i < 8; i++)
            ret_residues[i] = 0.125F;
        return;
    }
    for (int width = first; width <= last; width++) {
        double next = normal_below((width + 0.5 - mean) / deviation);
        ret_residues[width & 7] += (float) ((next - below) / all);
        below = next;
    }
}

static void assume_even(double width, bool plain, struct space_widths *ret_widths)
{
    if (plain || width > LONGEST_SHORT) {
        ret_widths->long_fraction = 1;
        ret_widths->long_mean = (float) width;
        return;
    }
    ret_widths->short_mean = (float) width;
    ret_widths->residues[(int) lround(width) & 7] = 1;
}

static void assume(const struct space_column *column, struct space_widths *ret_widths)
{
    bool plain = column->length == -1 && column->storage == 'p';
    bool never_long = column->length == -2;

    *ret_widths = (struct space_widths){0};
    if (column->even) {
        assume_even((double) column->width, plain, ret_widths);
        return;
    }
    double mean = (double) column->width + 0.5; /* the server cuts it down to a whole number */
    double deviation = fmax(SPREAD * mean, LEAST_SPREAD);
    double edge = (LONGEST_SHORT + 0.5 - mean) / deviation;
    double share = plain || mean > LONG_POINT         ? 1
                   : never_long || mean < SHORT_POINT ? 0
                                                      : 1 - normal_below(edge);
    double density = exp(-edge * edge / 2) / sqrt(2 * M_PI);
    bool mixed = share > 0 && share < 1;
    ret_widths->long_fraction = (float) share;
    ret_widths->short_mean =
        (float) (mixed ? fmax(mean - deviation * density / (1 - share), 1) : mean);
    ret_widths->long_mean = (float) (mixed ? mean + deviation * density / share : mean);
    ret_widths->short_variance = ret_widths->long_variance =
        (float) ((mixed ? 0.4 : 1) * deviation * deviation);
    residues_of((double) ret_widths->short_mean, mixed ? deviation / 2 : deviation,
                ret_widths->residues);
}

/* ---- the walk ------------------------------------------------------------------------------- */

static void add_doubt(struct space_walk *walk, const struct space_column *column, double likely)
{
    if (column->length > 0 || column->even)
        return;
    double sampled = (double) column->width * SPREAD / 100; /* ANALYZE looks at a sample */
    double doubt =
        column->widths != NULL ? (double) column->widths->doubt : 1.0 / 12 + sampled * sampled;
    walk->doubt += likely * likely * doubt;
}

static void put_value(struct space_walk *walk, struct space_lot to[2][8],
                      const struct space_column *column, double likely)
{
    int alignment = alignment_of(column->align);
    struct space_widths assumed;
    const struct space_widths *widths = column->widths;

    if (column->length <= 0 && widths == NULL) {
        assume(column, &assumed);
        widths = &assumed;
    }
    for (int nulls = 0; nulls < 2; nulls++) {
        if (column->length > 0) {
            put_fixed(to[nulls], walk->lots[nulls], likely, alignment, column->length);
            continue;
        }
        double aligned = (double) widths->long_fraction;
        if (aligned < 1)
            put_unaligned(to[nulls], walk->lots[nulls], likely * (1 - aligned), widths);
        if (aligned > 0)
            put_aligned(to[nulls], walk->lots[nulls], likely * aligned, alignment, widths);
    }
    add_doubt(walk, column, likely);
}

static void put_null(const struct space_walk *walk, struct space_lot to[2][8], double likely)
{
    for (int nulls = 0; nulls < 2; nulls++)
        for (int offset = 0; offset < 8; offset++)
            put(&to[1][offset], &walk->lots[nulls][offset], likely, 0, 0);
}

static bool walk_column(struct space_walk *walk, const struct space_column *column,
                        double nulls)
{
    struct space_walk next = {.doubt = walk->doubt};

    if (column->length <= 0 && !column->known && nulls < 1)
        return false;
    if (nulls > 0)
        put_null(walk, next.lots, nulls);
    if (nulls < 1) {
        put_value(walk, next.lots, column, 1 - nulls);
        next.doubt = walk->doubt;
    }
    *walk = next;
    return true;
}

bool space_walk_column(struct space_walk *walk, const struct space_column *column)
{
    if (column->dropped)
        return walk_column(walk, column, 1);
    if (column->not_null)
        return walk_column(walk, column, 0);
    return column->known &&
           walk_column(walk, column, CLAMP((double) column->null_fraction, 0.0, 1.0));
}

bool space_walk_as(struct space_walk *walk, const struct space_column *column, bool null)
{
    return walk_column(walk, column, null ? 1 : 0);
}

struct space_row space_walk_end(const struct space_walk *walk, int header, int null_header)
{
    double mean = 0, squares = 0;

    for (int nulls = 0; nulls < 2; nulls++)
        for (int offset = 0; offset < 8; offset++) {
            const struct space_lot *lot = &walk->lots[nulls][offset];
            struct space_lot whole = {0};
            double more =
                space_align(nulls ? null_header : header) + (-offset & 7) + SPACE_ITEM_BYTES;
            put(&whole, lot, 1, more, 0);
            mean += whole.sum;
            squares += whole.squares;
        }
    return (struct space_row){mean, fmax(squares - mean * mean, 0), walk->doubt};
}

/* ---- pages ------------------------------------------------------------------------------------ */

/* How likely it is that `count` rows fit. */
static double fit(double capacity, const struct space_row *row, double count)
{
    /* The first row of a page is the one that did not fit on the last: a wide one, as a rule. */
    double sum = count * row->mean + row->variance / row->mean;

    return normal_below((capacity + 2 - sum) / sqrt(count * row->variance));
}

double space_fill(double capacity, const struct space_row *row)
{
    if (row->variance < 0.01)
        return fmax(floor((capacity + 0.001) / row->mean), 1);
    double middle = capacity / row->mean;
    double reach = 5 * sqrt(middle * row->variance) / row->mean + 2;
    double first = fmax(floor(middle - reach), 1), last = ceil(middle + reach);
    double rows = first; /* that many fit for certain, practically */
    for (int count = (int) first + 1; count <= (int) last; count++)
        rows += fit(capacity, row, count);
    return rows;
}
