/* Which indexes a rebuild would make a good deal smaller. Pure. */
#include "indexes_rebuild.h"
#include "relations/pages.h"
#include "units/units.h"

enum { LEAST_PAGES = 128 }; /* below that nothing is worth a rebuild, and nothing is certain */

void indexes_select_bloated(const struct relations *relations, const struct indexes_wish *wish,
                            GPtrArray *choices)
{
    for (guint i = 0; i < relations->indexes->len; i++) {
        const struct relation_index *index = relations_index(relations, i);
        struct space_pages needed;
        if (index->kind != 'i' || index->pages < LEAST_PAGES ||
            relations_table_of(relations, index)->system ||
            relations_index_pages(relations, index, &needed) != RELATIONS_LACK_NOTHING)
            continue;
        double won = (double) index->pages - needed.pages;
        double fraction = won / (double) index->pages;
        if (won * relations->block_size < (double) wish->bloat_bytes ||
            fraction < wish->bloat_fraction || won <= 0)
            continue;
        gint64 bytes = (gint64) won * relations->block_size;
        g_autofree char *size = units_format_size(bytes);
        struct indexes_choice *choice =
            indexes_choice_add(choices, i,
                               g_strdup_printf("bloated: a rebuild would win about %s, %.0f %%",
                                               size, 100 * fraction));
        choice->reclaimable_bytes = bytes;
    }
}
