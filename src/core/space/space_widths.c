/* From the values that statistics hold to the widths of a column. */
#include "space/space_private.h"

#include <math.h>

enum { LONGEST_SHORT_DATA = 126, SHORT_HEADER = 1, LONG_HEADER = 4, SAMPLED_ROWS = 30000 };
static const double HERE_ENOUGH = 0.02; /* a smaller part of the values says nothing */
static const double SURE = 3;           /* standard errors */

/* Sums over the values, by weight. */
struct tally {
    double weight, sum, squares;
};

static void count(struct tally *tally, double weight, double value)
{
    tally->weight += weight;
    tally->sum += weight * value;
    tally->squares += weight * value * value;
}

static double mean_of(const struct tally *tally)
{
    return tally->weight > 0 ? tally->sum / tally->weight : 0;
}

static double variance_of(const struct tally *tally)
{
    double mean = mean_of(tally);

    return tally->weight > 0 ? fmax(tally->squares / tally->weight - mean * mean, 0) : 0;
}

/* ---- counting --------------------------------------------------------------------------------- */

struct counting {
    bool plain;
    struct tally shorts, longs, all, histogram;
    double residues[8];
};

static void count_value(struct counting *counting, double weight, double data, bool common)
{
    bool is_short = !counting->plain && data <= LONGEST_SHORT_DATA;
    double width = data + (is_short ? SHORT_HEADER : LONG_HEADER);

    count(is_short ? &counting->shorts : &counting->longs, weight, width);
    count(&counting->all, weight, width);
    if (!common)
        count(&counting->histogram, weight, width);
    if (is_short)
        counting->residues[(int) width & 7] += weight;
}

static void count_all(struct counting *counting, const struct space_counted *counted,
                      double filled)
{
    double rest = 1;

    for (guint i = 0; i < counted->common_count; i++) {
        double weight = counted->frequencies[i] / filled;
        count_value(counting, weight, counted->common[i], true);
        rest -= weight;
    }
    /* A histogram's bounds are evenly spread over the other values; the outermost stand for half
     * as many as the rest. */
    guint bounds = counted->histogram_count;
    for (guint i = 0; i < bounds && rest > 0; i++) {
        bool outermost = bounds > 2 && (i == 0 || i == bounds - 1);
        double parts = bounds > 2 ? bounds - 1 : bounds;
        count_value(counting, (outermost ? 0.5 : 1) * rest / parts, counted->histogram[i],
                    false);
    }
}

/* ---- the mean ----------------------------------------------------------------------------------- */

static double density(double at)
{
    return exp(-at * at / 2) / sqrt(2 * M_PI);
}

/* The mean of a normal distribution of which only what lies from least to most is possible. */
static double cut_mean(double mean, double deviation, double least, double most)
{
    if (deviation < 1e-6)
        return CLAMP(mean, least, most);
    double from = (least - mean) / deviation, to = (most - mean) / deviation;
    double likely = 0.5 * (erfc(-to / M_SQRT2) - erfc(-from / M_SQRT2));
    if (likely < 1e-9)
        return CLAMP(mean, least, most);
    return CLAMP(mean + deviation * (density(from) - density(to)) / likely, least, most);
}

bool space_count_widths(const struct space_counted *counted, const struct space_column *column,
                        struct space_widths *ret_widths)
{
    struct counting counting = {.plain = column->length == -1 && column->storage == 'p'};
    double filled = 1 - (double) column->null_fraction;

    if (filled < HERE_ENOUGH || counted->common_count + counted->histogram_count == 0)
        return false;
    count_all(&counting, counted, filled);
    if (counting.all.weight < HERE_ENOUGH)
        return false;
    /* Histograms are a sample, and ANALYZE leaves wide values out of both. What they say has to
     * agree with the mean over all, which lacks what was behind its point. (The type name is
     * always 64 bytes wide in a table; what is counted is what an index keeps of it.) */
    double mean = mean_of(&counting.all), width = (double) column->width;
    double share = counting.histogram.weight / counting.all.weight;
    double error =
        share * sqrt(variance_of(&counting.histogram) / fmax(counted->histogram_count, 1));
    if (column->length < 0 &&
        (mean < width - 0.1 - SURE * error || mean > width + 1.1 + SURE * error))
        return false;
    double shift = column->length < 0 ? cut_mean(mean, error, width, width + 1) - mean : 0;
    *ret_widths = (struct space_widths){
        .short_mean = (float) (mean_of(&counting.shorts) + shift),
        .short_variance = (float) variance_of(&counting.shorts),
        .long_mean = (float) (mean_of(&counting.longs) + shift),
        .long_variance = (float) variance_of(&counting.longs),
        .long_fraction = (float) (counting.longs.weight / counting.all.weight),
        .doubt =
            (float) (fmin(error * error, 1.0 / 12) + variance_of(&counting.all) / SAMPLED_ROWS),
    };
    for (int i = 0; i < 8; i++)
        ret_widths->residues[i] =
            (float) (counting.residues[i] / fmax(counting.shorts.weight, 1e-9));
    return true;
}
