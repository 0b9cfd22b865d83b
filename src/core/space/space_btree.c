/* B-trees, filled as _bt_load() of nbtsort.c fills them. */
#include "space/space_private.h"

#include <math.h>

enum {
    SPECIAL = 16,    /* BTPageOpaqueData */
    TID_ROOM = 8,    /* kept free for the address that a high key may need */
    NULL_BITMAP = 4, /* 32 bits, whatever the number of columns */
    INNER_FILL = 70, /* BTREE_NONLEAF_FILLFACTOR */
    MIXES = 4,       /* nullable keys whose combinations are told apart */
    PAGES_TRIED = 24 /* to find how posting lists fill a page */
};

static const double MARGIN = 1.645; /* standard deviations: nine cases of ten */
static const double ROUNDING = 0.5; /* pages */
/* Entries of one key; parts of the pages. */
static const double ALONE = 1.001, MANY = 100, SMALL_GROUPS = 0.025, LARGE_GROUPS = 0.01;

static struct space_room room_of(int block_size, int fillfactor)
{
    /* Its high key has a line pointer of its own. */
    double body = block_size - SPACE_PAGE_HEADER - SPECIAL - 2 * SPACE_ITEM_BYTES;
    int kept = block_size * (100 - fillfactor) / 100;

    return (struct space_room){.hard = body - SPACE_ITEM_BYTES, .soft = body - kept};
}

/* ---- plain tuples ----------------------------------------------------------------------------- */

/* Tuples a page keeps: as many as the fillfactor allows, but the next one must have fitted on the
 * page before it was found to be too many, and moved on. */
static double plain_fill(const struct space_room *room, const struct space_row *row)
{
    double soft = space_fill(room->soft, row);
    double hard = space_fill(room->hard, row) - 1;

    return fmax(fmin(soft, hard), 1);
}

/* ---- a mix of nulls --------------------------------------------------------------------------- */

/* The tuples of one combination of nulls. */
struct mix {
    const struct space_btree *btree;
    unsigned nullable; /* bits of the keys whose nulls are told apart */
    unsigned nulls;    /* bits of those that are null */
    double share;      /* of all entries */
};

static bool walk_keys(const struct mix *mix, struct space_row *ret_row)
{
    const struct space_btree *btree = mix->btree;
    struct space_walk walk;

    space_walk_begin(&walk);
    for (guint i = 0; i < btree->key_count; i++) {
        bool certain = i < 32 && mix->nullable >> i & 1;
        if (certain ? !space_walk_as(&walk, btree->keys[i], mix->nulls >> i & 1)
                    : !space_walk_column(&walk, btree->keys[i]))
            return false;
    }
    for (guint i = 0; i < btree->included_count; i++)
        if (!space_walk_column(&walk, btree->included[i]))
            return false;
    *ret_row = space_walk_end(&walk, SPACE_INDEX_HEADER, SPACE_INDEX_HEADER + NULL_BITMAP);
    return true;
}

/* How often the combinations of the keys that are not null repeat. */
static void classes_of(const struct mix *mix, double entries, struct space_classes *ret_classes)
{
    const struct space_btree *btree = mix->btree;
    double rows = fmax(btree->rows, btree->entries);

    *ret_classes = (struct space_classes){.list = {{1, 1}}, .count = 1, .even = true};
    bool first = true;
    for (guint i = 0; i < btree->key_count; i++) {
        struct space_classes own;
        if (i < 32 && mix->nulls >> i & 1)
            continue;
        space_classes_of(btree->keys[i], rows, entries, &own);
        if (first)
            *ret_classes = own;
        else
            space_classes_combine(ret_classes, &own, entries);
        first = false;
    }
}

static bool all_known(const struct space_btree *btree)
{
    for (guint i = 0; i < btree->key_count; i++)
        if (!btree->keys[i]->known)
            return false;
    return true;
}

/* How far off the pages may be because it is not known well how often values repeat. */
static double doubt_of_classes(const struct space_classes *classes, double entries)
{
    double doubt = 0;

    for (guint i = 0; i < classes->count; i++) {
        double mean = entries * classes->list[i].share / classes->list[i].values;
        bool few = mean > ALONE && mean < MANY;
        doubt += classes->list[i].share * (mean <= ALONE ? 0
                                           : few         ? SMALL_GROUPS
                                                         : LARGE_GROUPS);
    }
    return classes->combined ? fmax(2 * doubt, LARGE_GROUPS) : doubt;
}

static bool mix_pages(const struct mix *mix, const struct space_room *room, double *ret_pages,
                      double *ret_doubt)
{
    const struct space_btree *btree = mix->btree;
    double entries = btree->entries * mix->share;
    struct space_classes classes;
    struct space_row row;

    if (!walk_keys(mix, &row))
        return false;
    double fill = plain_fill(room, &row), pages = entries / fill, repeat = 0;
    if (btree->deduplicates && !all_known(btree))
        return false;
    if (btree->deduplicates) {
        classes_of(mix, entries, &classes);
        pages = space_posting_pages(&classes, room, row.mean, btree->block_size, entries, fill);
        repeat = doubt_of_classes(&classes, entries);
    }
    *ret_pages += pages;
    *ret_doubt += pages * hypot(MARGIN * sqrt(row.doubt) / row.mean, repeat);
    return true;
}

static unsigned nullable_keys(const struct space_btree *btree)
{
    unsigned nullable = 0;
    guint count = 0;

    if (!btree->deduplicates)
        return 0;
    for (guint i = 0; i < MIN(btree->key_count, 32) && count < MIXES; i++)
        if (!btree->keys[i]->not_null && btree->keys[i]->known &&
            btree->keys[i]->null_fraction > 0) {
            nullable |= 1U << i;
            count++;
        }
    return nullable;
}

static double share_of(const struct space_btree *btree, unsigned nullable, unsigned nulls)
{
    double share = 1;

    for (guint i = 0; i < MIN(btree->key_count, 32); i++) {
        double null = (double) btree->keys[i]->null_fraction;
        if (nullable >> i & 1)
            share *= nulls >> i & 1 ? null : 1 - null;
    }
    return share;
}

/* ---- the tree --------------------------------------------------------------------------------- */

/* Pages above `below` of them, up to the root. */
static double inner_pages(const struct space_btree *btree, double below)
{
    struct space_btree pivots = *btree; /* they have no included columns */
    struct mix all = {.btree = &pivots};
    struct space_room room = room_of(btree->block_size, INNER_FILL);
    struct space_row row;
    double pages = 0;

    pivots.included_count = 0;
    if (below <= 1 || !walk_keys(&all, &row))
        return 0;
    double fill = fmax(plain_fill(&room, &row), 2);
    while (below > 1) {
        below = ceil(below / fill);
        pages += below;
    }
    return pages;
}

bool space_btree_pages(const struct space_btree *btree, struct space_pages *ret_pages)
{
    struct space_room room = room_of(btree->block_size, btree->fillfactor);
    unsigned nullable = nullable_keys(btree), nulls = 0;
    double leaves = 0, doubt = 0;

    do { /* all subsets of the nullable keys */
        struct mix mix = {btree, nullable, nulls, share_of(btree, nullable, nulls)};
        if (mix.share > 0 && !mix_pages(&mix, &room, &leaves, &doubt))
            return false;
        nulls = (nulls - nullable) & nullable;
    } while (nulls != 0);
    leaves = ceil(leaves - 1e-9);
    *ret_pages = (struct space_pages){
        .pages = 1 + leaves + inner_pages(btree, leaves),
        .margin = doubt + ROUNDING,
    };
    return true;
}
