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

/* What a page has for tuples besides its high key's line pointer, and what a fillfactor leaves of
 * it. */
struct room {
    double hard, soft;
};

static struct room room_of(int block_size, int fillfactor)
{
    double body = block_size - SPACE_PAGE_HEADER - SPECIAL - 2 * SPACE_ITEM_BYTES;
    int kept = block_size * (100 - fillfactor) / 100;

    return (struct room){.hard = body - SPACE_ITEM_BYTES, .soft = body - kept};
}

/* ---- plain tuples ----------------------------------------------------------------------------- */

/* Tuples a page keeps: as many as the fillfactor allows, but the next one must have fitted on the
 * page before it was found to be too many, and moved on. */
static double plain_fill(const struct room *room, const struct space_row *row)
{
    double soft = space_fill(room->soft, row);
    double hard = space_fill(room->hard, row) - 1;

    return fmax(fmin(soft, hard), 1);
}

/* ---- posting lists ---------------------------------------------------------------------------- */

/* Entries with equal keys share a tuple, as long as it is not larger than this. */
static int longest_posting(int block_size)
{
    return ((block_size * 10 / 100) & ~7) - SPACE_ITEM_BYTES;
}

/* A page of posting lists while it is filled. */
struct posting_page {
    const struct room *room;
    double used, pages;
    int count, last,
        last_extra; /* tuples on it; of the last one its bytes and its addresses' */
};

/* Adds a tuple (with its line pointer), which may end the page: its last tuple begins the next
 * then. */
static void posting_add(struct posting_page *page, int bytes, int extra)
{
    bool full = page->used + bytes > page->room->hard ||
                (page->used - page->last_extra > page->room->soft && page->count > 1);

    if (full && page->count > 1) {
        page->pages++;
        page->used = page->last;
        page->count = 1;
    }
    page->used += bytes;
    page->count++;
    page->last = bytes;
    page->last_extra = extra;
}

/* All entries of one key: whole posting lists and one of what is left. */
static void posting_group(struct posting_page *page, int base, int longest, gint64 entries)
{
    int most = (longest - base) / SPACE_TID_BYTES;

    while (entries > 0) {
        int taken = (int) MIN(entries, MAX(most, 1));
        int extra = taken > 1 ? taken * SPACE_TID_BYTES : 0;
        posting_add(page, space_align(base + extra) + SPACE_ITEM_BYTES, extra);
        entries -= taken;
    }
}

/* Group sizes around their mean as rows fall by chance; the same ones every time. */
static gint64 group_size(double mean, guint32 *seed)
{
    double sum = 0;

    for (int i = 0; i < 3; i++) {
        *seed = *seed * 1664525 + 1013904223;
        sum += *seed / 4294967296.0;
    }
    double deviation = sqrt(mean > 1 ? mean - 1 : 0);
    return (gint64) fmax(floor(mean + (sum - 1.5) * 2 * deviation + 0.5), 1);
}

/* Entries a page keeps when every key has `group` of them. */
static double posting_fill(const struct room *room, int base, int block_size, double group)
{
    struct posting_page page = {.room = room};
    int longest = longest_posting(block_size);
    double entries = 0, left = 0;
    guint32 seed = 1;

    if (group > PAGES_TRIED * 10000.0)
        group = PAGES_TRIED * 10000.0;
    while (page.pages < PAGES_TRIED) {
        gint64 size = group_size(group + left, &seed);
        left += group - (double) size;
        posting_group(&page, base, longest, size);
        entries += (double) size;
    }
    double fraction = page.used / room->soft;
    return entries / (page.pages + fraction);
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

/* Distinct combinations of the keys that are not null, among that many entries. */
static double distinct_keys(const struct mix *mix, double entries)
{
    const struct space_btree *btree = mix->btree;
    double cells = 1;
    guint counted = 0;

    for (guint i = 0; i < btree->key_count; i++) {
        const struct space_column *key = btree->keys[i];
        if (i < 32 && mix->nulls >> i & 1)
            continue;
        if (!key->known)
            return entries;
        cells *= space_distinct(key, fmax(btree->rows, btree->entries), entries);
        counted++;
    }
    /* Not every combination occurs. */
    return counted > 1 ? fmax(cells * -expm1(-entries / cells), 1) : cells;
}

static bool mix_pages(const struct mix *mix, const struct room *room, double *ret_pages,
                      double *ret_doubt)
{
    const struct space_btree *btree = mix->btree;
    double entries = btree->entries * mix->share;
    struct space_row row;

    if (!walk_keys(mix, &row))
        return false;
    double fill = plain_fill(room, &row);
    double group = btree->deduplicates ? entries / distinct_keys(mix, entries) : 1;
    if (group > 1.0001) {
        int base = (int) lround((row.mean - SPACE_ITEM_BYTES) / 8) * 8;
        fill = posting_fill(room, MAX(base, 16), btree->block_size, group);
    }
    *ret_pages += entries / fill;
    *ret_doubt += entries / fill * sqrt(row.doubt) / row.mean;
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
    struct mix all = {.btree = btree};
    struct room room = room_of(btree->block_size, INNER_FILL);
    struct space_row row;
    double pages = 0;

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
    struct room room = room_of(btree->block_size, btree->fillfactor);
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
        .margin = 1.645 * doubt,
    };
    return true;
}
