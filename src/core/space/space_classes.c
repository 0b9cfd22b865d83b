/* How often values repeat: the distinct values of a column, or of a combination, in classes of
 * those that are about as frequent. */
#include "space/space_private.h"

#include <math.h>
#include <stdlib.h>

enum { ROUNDS = 60 };           /* until it no longer changes */
static const double ALIKE = 2;  /* times as frequent, and still of one class */
static const double EVEN = 1.2; /* the same, where all values are equally frequent */

double space_distinct(const struct space_column *column, double rows, double entries)
{
    double distinct = (double) column->distinct;
    double filled = fmax(rows * (1 - (double) column->null_fraction), entries);
    double values = CLAMP(distinct < 0 ? -distinct * rows : distinct, 1, fmax(filled, 1));

    if (entries < filled && values < filled) /* those of which at least one is left */
        values *= 1 - pow(1 - entries / filled, filled / values);
    return CLAMP(values, 1, fmax(entries, 1));
}

/* In order of frequency, the most frequent first. */
static void add_class(struct space_classes *classes, double values, double share)
{
    struct space_class *last = classes->count > 0 ? &classes->list[classes->count - 1] : NULL;

    if (share <= 0 || values <= 0)
        return;
    if (last != NULL && (classes->count == SPACE_CLASSES ||
                         last->share / last->values < ALIKE * share / values)) {
        last->share += share;
        last->values += values;
        return;
    }
    classes->list[classes->count++] = (struct space_class){values, share};
}

/* ANALYZE keeps as most common what stands out from the rest; where nothing does, all values are
 * equally frequent. */
static bool is_even(const struct space_column *column, double rows, double mean)
{
    const struct space_commons *commons = column->commons;

    if (commons == NULL)
        return false;
    return commons->count == 0 || (double) commons->frequencies[0] * rows < EVEN * mean + 0.5;
}

void space_classes_of(const struct space_column *column, double rows, double entries,
                      struct space_classes *ret_classes)
{
    const struct space_commons *commons = column->commons;
    double values = space_distinct(column, rows, entries), rest = 1;
    double filled = fmax(1 - (double) column->null_fraction, 1e-6);

    *ret_classes =
        (struct space_classes){.even = is_even(column, rows, rows * filled / values)};
    for (guint i = 0; commons != NULL && i < commons->count && !ret_classes->even; i++) {
        double share = (double) commons->frequencies[i] / filled;
        if (share * entries < 1 || share > rest)
            break;
        add_class(ret_classes, 1, share);
        rest -= share;
        values -= 1;
    }
    if (rest > 1e-6) /* there are not more values than entries */
        add_class(ret_classes, CLAMP(values, 1, fmax(rest * entries, 1)), rest);
}

static int by_frequency(const void *left, const void *right)
{
    const struct space_class *a = left, *b = right;
    double one = a->share / a->values, other = b->share / b->values;

    return one > other ? -1 : one < other;
}

double space_truncated_rate(double mean)
{
    double rate = mean;

    for (int i = 0; i < ROUNDS && mean > 1; i++)
        rate = mean * -expm1(-rate);
    return mean > 1 ? rate : 0;
}

/* How often another entry of the same value is met, of how often one would by mere chance: never
 * where every value has one entry. */
static double chance(const struct space_classes *classes, const struct space_class *class,
                     double entries)
{
    double mean = fmax(entries * class->share / class->values, 1);

    return classes->combined ? 1
                             : (classes->even ? mean - 1 : space_truncated_rate(mean)) / mean;
}

void space_classes_combine(struct space_classes *classes, const struct space_classes *with,
                           double entries)
{
    struct space_class all[SPACE_CLASSES * SPACE_CLASSES] = {0};
    guint count = 0;

    for (guint a = 0; a < classes->count; a++)
        for (guint b = 0; b < with->count; b++) {
            const struct space_class *one = &classes->list[a], *other = &with->list[b];
            double least = fmin(chance(classes, one, entries), chance(with, other, entries));
            all[count++] = (struct space_class){one->values * other->values / fmax(least, 1e-6),
                                                one->share * other->share};
        }
    qsort(all, count, sizeof *all, by_frequency);
    *classes = (struct space_classes){.combined = true};
    for (guint i = 0; i < count; i++)
        add_class(classes, all[i].values, all[i].share);
}
