/* Hash indexes, as _hash_init() and _hash_doinsert() of PostgreSQL lay them out for a build. */
#include "space/space_private.h"

#include <math.h>

enum {
    SPECIAL = 16,                 /* HashPageOpaqueData */
    ITEM = 16 + SPACE_ITEM_BYTES, /* an index tuple with a hash, whatever the key was */
    LEAST_ROWS = 10,              /* a bucket */
    WHOLE_GROUPS = 10, /* splitpoint groups that come at once; later ones in four phases */
    PHASE_BITS = 2,
    META_AND_BITMAP = 2
};

/* As many buckets as a build makes for so many rows. */
static double buckets_of(double rows, int block_size, int fillfactor)
{
    double each = fmax(floor(block_size * fillfactor / 100 / ITEM), LEAST_ROWS);
    double wanted = floor(rows / each);

    if (wanted <= 2)
        return 2;
    int group = (int) ceil(log2(wanted) - 1e-12);
    if (group < WHOLE_GROUPS)
        return exp2(group);
    double half = exp2(group - 1), phase = half / (1 << PHASE_BITS);
    return half + ceil((wanted - half) / phase) * phase;
}

/* Pages behind the first one of a bucket with that many entries on average. */
static double overflow(double mean, double variance, double page)
{
    double deviation = sqrt(fmax(variance, 1e-6)), pages = 0;
    double most = ceil((mean + 5 * deviation) / page);

    if (mean / page > 50)
        return mean / page - 0.5;
    for (double count = 1; count < most; count++)
        pages += 0.5 * erfc((count * page + 0.5 - mean) / deviation / M_SQRT2);
    return pages;
}

bool space_hash_pages(const struct space_hash *hash, struct space_pages *ret_pages)
{
    double page = floor((hash->block_size - SPACE_PAGE_HEADER - SPECIAL) / ITEM);
    double buckets = buckets_of(hash->rows, hash->block_size, hash->fillfactor);
    double filled = hash->key->not_null ? 1 : 1 - (double) hash->key->null_fraction;
    double entries = hash->entries * filled, light = 0, variance = 0, pages = 0, heavy = 0;
    struct space_classes classes;

    if (!hash->key->known)
        return false;
    space_classes_of(hash->key, hash->rows, entries, &classes);
    /* Many values of few entries fall into buckets by chance; one of many has one to itself. */
    for (guint i = 0; i < classes.count; i++) {
        double each = entries * classes.list[i].share / classes.list[i].values;
        if (each < page / 4 && classes.list[i].values > 1) {
            light += entries * classes.list[i].share;
            variance += classes.list[i].values / buckets * each * each;
        }
    }
    for (guint i = 0; i < classes.count; i++) {
        double each = entries * classes.list[i].share / classes.list[i].values;
        if (each < page / 4 && classes.list[i].values > 1)
            continue;
        heavy += classes.list[i].values;
        pages +=
            classes.list[i].values * overflow(light / buckets + each, variance + each, page);
    }
    pages += fmax(buckets - heavy, 0) * overflow(light / buckets, variance, page);
    *ret_pages = (struct space_pages){
        .pages = META_AND_BITMAP + buckets + floor(pages + 0.5),
        .margin = pages,
    };
    return true;
}
