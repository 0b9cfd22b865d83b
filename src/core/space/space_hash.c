/* Hash indexes, as _hash_init() and _hash_doinsert() of PostgreSQL lay them out for a build. */
#include "space/space_private.h"

#include <math.h>

enum {
    SPECIAL = 16,                 /* HashPageOpaqueData */
    ITEM = 16 + SPACE_ITEM_BYTES, /* an index tuple with a hash, whatever the key was */
    LEAST_ROWS = 10,              /* a bucket */
    WHOLE_GROUPS = 10, /* splitpoint groups that come at once; later ones in four phases */
    PHASE_BITS = 2,
    META_AND_BITMAP = 2,
    HEAVY_PARTS = 8, /* of a page: values with fewer entries are summed up */
    MANY_PAGES = 50
};

static const double SURE_OF_ROWS = 0.01;

/* Buckets come in groups: 2, 4, 8 … and from half a thousand on in quarters of what doubles
 * them. */
static double next_buckets(double buckets)
{
    double group = floor(log2(buckets) + 1e-9);

    return group < WHOLE_GROUPS - 1 ? exp2(group + 1)
                                    : buckets + exp2(group) / (1 << PHASE_BITS);
}

/* A build makes as many as it believes that it needs, and more when there are more entries. */
static double buckets_of(const struct space_hash *hash, double rows, double entries)
{
    int room = hash->block_size * hash->fillfactor / 100 / ITEM;
    double each = fmax(room, LEAST_ROWS);
    double buckets = 2;

    while (buckets < floor(rows / each) || buckets * each < entries)
        buckets = next_buckets(buckets);
    return buckets;
}

/* Pages behind the first one of a bucket that has so many entries on average. */
static double overflow(double mean, double variance, double page)
{
    double deviation = sqrt(fmax(variance, 1e-6)), pages = 0;
    double most = ceil((mean + 5 * deviation) / page);

    if (mean / page > MANY_PAGES)
        return mean / page - 0.5;
    for (int count = 1; count < (int) most; count++)
        pages += 0.5 * erfc((count * page + 0.5 - mean) / deviation / M_SQRT2);
    return pages;
}

/* A value that fills a good part of a page weighs on whatever bucket it falls into, and now and
 * then two of them meet. */
static double heavy_overflow(const struct space_class *class, double each, double buckets,
                             double others, double variance, double page)
{
    double rate = class->values / buckets, likely = exp(-rate), pages = 0;

    for (int met = 1; met <= rate + 5 * sqrt(rate) + 3; met++) {
        likely *= rate / met;
        pages += likely * (overflow(others + met * each, variance, page) -
                           overflow(others, variance, page));
    }
    return buckets * pages;
}

static double pages_for(const struct space_hash *hash, double rows, double *ret_overflow)
{
    int items = (hash->block_size - SPACE_PAGE_HEADER - SPECIAL) / ITEM;
    double page = items;
    double filled = hash->key->not_null ? 1 : 1 - (double) hash->key->null_fraction;
    double entries = hash->entries * filled * rows / fmax(hash->rows, 1);
    double buckets = buckets_of(hash, rows, entries), pages = 0, light = 0, variance = 0;
    struct space_classes classes;
    double each[SPACE_CLASSES];

    space_classes_of(hash->key, rows, entries, &classes);
    for (guint i = 0; i < classes.count; i++) {
        each[i] = entries * classes.list[i].share / classes.list[i].values;
        if (each[i] < page / HEAVY_PARTS) {
            light += entries * classes.list[i].share / buckets;
            variance += classes.list[i].values * each[i] * each[i] / buckets;
        }
    }
    for (guint i = 0; i < classes.count; i++)
        if (each[i] >= page / HEAVY_PARTS)
            pages += heavy_overflow(&classes.list[i], each[i], buckets, light, variance, page);
    *ret_overflow = pages + buckets * overflow(light, variance, page);
    return META_AND_BITMAP + buckets + floor(*ret_overflow + 0.5);
}

bool space_hash_pages(const struct space_hash *hash, struct space_pages *ret_pages)
{
    double overflowing, others;

    if (!hash->key->known)
        return false;
    double pages = pages_for(hash, hash->rows, &overflowing);
    /* Near the border of a group a few rows more make a lot more buckets. */
    double more = pages_for(hash, hash->rows * (1 + SURE_OF_ROWS), &others);
    double fewer = pages_for(hash, hash->rows * (1 - SURE_OF_ROWS), &others);
    *ret_pages = (struct space_pages){
        .pages = pages,
        .margin = fmax(more - pages, pages - fewer) + overflowing / 4,
    };
    return true;
}
