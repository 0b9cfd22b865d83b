/* Posting lists: how nbtree keeps entries with equal keys in one tuple when an index is built. */
#include "space/space_private.h"

#include <math.h>

enum {
    PAGES_TRIED = 16, /* to find how long posting lists fill a page */
    SMALL_GROUP = 24  /* up to this mean the sizes of groups are added up one by one */
};

static const double ALONE = 0.001; /* others of the same key; or of entries per combination */

/* How one page is filled with tuples of posting lists. */
struct filling {
    const struct space_room *room;
    double base; /* bytes of a tuple without addresses, with its line pointer */
    int most;    /* addresses in the longest posting list */
};

static double tuple_bytes(const struct filling *filling, int entries)
{
    int extra = entries > 1 ? space_align(entries * SPACE_TID_BYTES) : 0;

    return filling->base + extra;
}

/* ---- small groups: a sum over their sizes ----------------------------------------------------- */

struct mean_group {
    double likely, entries, tuples, lists, bytes, squares;
};

static void add_group(const struct filling *filling, struct mean_group *mean, double likely,
                      int entries)
{
    mean->likely += likely;
    mean->entries += likely * entries;
    for (int left = entries; left > 0; left -= filling->most) {
        int taken = MIN(left, filling->most);
        double bytes = tuple_bytes(filling, taken);
        mean->tuples += likely;
        mean->lists += taken > 1 ? likely : 0;
        mean->bytes += likely * bytes;
        mean->squares += likely * bytes * bytes;
    }
}

/* Rows fall on values by chance, or each value has as many. */
static struct mean_group sum_groups(const struct filling *filling, double mean, bool even,
                                    bool combined)
{
    struct mean_group sum = {0};

    if (even) {
        double whole = floor(mean);
        add_group(filling, &sum, 1 - (mean - whole), (int) whole);
        add_group(filling, &sum, mean - whole, (int) whole + 1);
        return sum;
    }
    double rate = combined ? fmax(mean, 1e-4) : fmax(space_truncated_rate(mean), 1e-4);
    double likely = exp(-rate);
    int last = (int) ceil(rate + 6 * sqrt(rate) + 3);
    for (int entries = 1; entries <= last; entries++) {
        likely *= rate / entries;
        add_group(filling, &sum, likely, entries);
    }
    return sum;
}

/* A page ends with the tuple after which what the next high key gives back no longer makes it
 * less full than the fillfactor says: posting lists run over it, plain tuples stay below. And it
 * ends before a tuple that does not fit at all. */
static double small_fill(const struct filling *filling, double mean, bool even, bool combined)
{
    struct mean_group sum = sum_groups(filling, mean, even, combined);
    double lists = sum.lists / sum.tuples, half = sum.squares / sum.bytes / 2;
    double soft = filling->room->soft - half + lists * (2 * half - filling->base);
    double hard = filling->room->hard - 3 * half;

    return fmax(sum.entries * fmin(soft, hard) / sum.bytes, 1);
}

/* ---- large groups: some pages filled ------------------------------------------------------------ */

struct page {
    const struct filling *filling;
    double used, pages, last, last_extra; /* bytes; of the last tuple and of its addresses */
    int count;
};

static void add_tuple(struct page *page, int entries)
{
    double bytes = tuple_bytes(page->filling, entries);
    const struct space_room *room = page->filling->room;
    bool full = page->used + bytes > room->hard || page->used - page->last_extra > room->soft;

    if (full && page->count > 1) { /* the last tuple begins the next page */
        page->pages++;
        page->used = page->last;
        page->count = 1;
    }
    page->used += bytes;
    page->count++;
    page->last = bytes;
    page->last_extra = entries > 1 ? entries * SPACE_TID_BYTES : 0;
}

/* Sizes around their mean as they come by chance; the same ones every time. */
static double group_size(double mean, guint32 *seed)
{
    double sum = 0;

    for (int i = 0; i < 3; i++) {
        *seed = *seed * 1664525 + 1013904223;
        sum += *seed / 4294967296.0;
    }
    return fmax(floor(mean + (sum - 1.5) * 2 * sqrt(mean) + 0.5), 1);
}

static double large_fill(const struct filling *filling, double mean, bool even)
{
    struct page page = {.filling = filling};
    double entries = 0, most = PAGES_TRIED * 1500.0;
    guint32 seed = 1;

    while (page.pages < PAGES_TRIED) {
        double size = fmin(even ? mean : group_size(mean, &seed), most);
        while (size > 0 && page.pages < PAGES_TRIED) {
            int taken = (int) fmin(size, filling->most);
            add_tuple(&page, taken);
            entries += taken;
            size -= filling->most;
        }
    }
    return entries / (page.pages + page.used / filling->room->soft);
}

double space_posting_pages(const struct space_classes *classes, const struct space_room *room,
                           double bytes, int block_size, double entries, double plain_fill)
{
    /* Not longer than a tenth of a page (BTGetDeduplicateItems, _bt_load). */
    int longest = (((block_size * 10 / 100) & ~7) - SPACE_ITEM_BYTES) & ~7;
    int most = (int) ((longest - (bytes - SPACE_ITEM_BYTES)) / SPACE_TID_BYTES);
    struct filling filling = {room, bytes, MAX(most, 1)};
    double pages = 0;

    for (guint i = 0; i < classes->count; i++) {
        double own = entries * classes->list[i].share;
        double mean = own / classes->list[i].values;
        bool alone = classes->combined ? mean < ALONE : mean < 1 + ALONE;
        if (own <= 0)
            continue;
        pages += own / (alone ? plain_fill
                        : mean <= SMALL_GROUP
                            ? small_fill(&filling, mean, classes->even, classes->combined)
                            : large_fill(&filling, mean, classes->even));
    }
    return pages;
}
