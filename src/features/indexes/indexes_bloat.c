/* Which indexes a rebuild would make a good deal smaller. Pure. */
#include "indexes_rebuild.h"
#include "relations/pages.h"
#include "units/units.h"

enum { LEAST_PAGES = 128 }; /* below that nothing is worth a rebuild, and nothing is certain */

gint64 indexes_least_pages(const struct relations *relations, gint64 least_bytes)
{
    return MAX(LEAST_PAGES, least_bytes / relations->block_size);
}

bool indexes_find_gain(const struct relations *relations, const struct relation_index *index,
                       gint64 least_bytes, double least_fraction, struct indexes_gain *ret_gain)
{
    struct space_pages needed;

    if (index->kind != 'i' || index->pages < LEAST_PAGES ||
        relations_table_of(relations, index)->system ||
        relations_index_pages(relations, index, &needed) != RELATIONS_LACK_NOTHING)
        return false;
    double won = (double) index->pages - needed.pages;
    double fraction = won / (double) index->pages;
    if (won <= 0 || won * relations->block_size < (double) least_bytes ||
        fraction < least_fraction)
        return false;
    *ret_gain = (struct indexes_gain){
        .bytes = (gint64) won * relations->block_size,
        .pct = 100 * fraction,
        .margin_pct = MIN(100 * needed.margin / (double) index->pages, 100),
    };
    return true;
}

void indexes_select_bloated(const struct relations *relations, const struct indexes_wish *wish,
                            GPtrArray *choices)
{
    for (guint i = 0; i < relations->indexes->len; i++) {
        struct indexes_gain gain;
        if (!indexes_find_gain(relations, relations_index(relations, i), wish->bloat_bytes,
                               wish->bloat_fraction, &gain))
            continue;
        g_autofree char *size = units_format_size(gain.bytes);
        struct indexes_choice *choice = indexes_choice_add(
            choices, i,
            g_strdup_printf("bloated: a rebuild would win about %s, %.0f %%", size, gain.pct));
        choice->reclaimable_bytes = gain.bytes;
    }
}
