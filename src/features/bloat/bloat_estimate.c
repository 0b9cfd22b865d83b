/* The method estimate: what the catalogs alone tell. */
#include "bloat.h"
#include "bloat_private.h"
#include "relations/pages.h"

#include <math.h>

double bloat_live_rows(const struct relation_table *table)
{
    return relations_live_rows(table);
}

void bloat_set_pages(struct bloat_object *object, int block_size, gint64 pages_now,
                     const struct space_pages *needed)
{
    double pages = (double) MAX(pages_now, 1);
    double free_pages = fmax((double) pages_now - needed->pages, 0);

    object->note = BLOAT_NOTE_NONE;
    object->reclaimable_bytes = (gint64) floor(free_pages * block_size);
    object->reclaimable_pct = 100 * free_pages / pages;
    object->margin_pct = fmin(100 * needed->margin / pages, 100);
}

static void set_answer(struct bloat_object *object, int block_size, gint64 pages_now,
                       enum relations_lack lack, const struct space_pages *needed)
{
    static const enum bloat_note notes[] = {
        [RELATIONS_LACK_RIGHT] = BLOAT_NOTE_NOT_VISIBLE,
        [RELATIONS_LACK_STATISTICS] = BLOAT_NOTE_NO_STATISTICS,
        [RELATIONS_LACK_FRESHNESS] = BLOAT_NOTE_STALE,
        [RELATIONS_LACK_METHOD] = BLOAT_NOTE_METHOD,
        [RELATIONS_LACK_INVALID] = BLOAT_NOTE_INVALID,
    };

    if (lack == RELATIONS_LACK_NOTHING) {
        bloat_set_pages(object, block_size, pages_now, needed);
        return;
    }
    object->note = notes[lack];
    object->reclaimable_bytes = -1;
    object->reclaimable_pct = object->margin_pct = 0;
}

void bloat_estimate_table(const struct relations *relations, const struct relation_table *table,
                          struct bloat_object *object)
{
    struct space_pages needed = {0};
    enum relations_lack lack = relations_table_pages(relations, table, &needed);

    set_answer(object, relations->block_size, table->pages, lack, &needed);
}

void bloat_estimate_toast(const struct relations *relations, const struct relation_table *toast,
                          struct bloat_object *object)
{
    struct space_pages needed = {0};
    enum relations_lack lack = relations_toast_pages(relations, toast, &needed);

    set_answer(object, relations->block_size, toast->pages, lack, &needed);
}

void bloat_estimate_index(const struct relations *relations, const struct relation_index *index,
                          struct bloat_object *object)
{
    struct space_pages needed = {0};
    enum relations_lack lack = relations_index_pages(relations, index, &needed);

    set_answer(object, relations->block_size, index->pages, lack, &needed);
}
