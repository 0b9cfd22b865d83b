/* What the catalogs alone tell: how many pages a relation has, and how many it would need. */
#include "bloat.h"
#include "bloat_private.h"

#include <math.h>
#include <string.h>

enum { MOST_KEYS = 32 };
/* Fewer insertions counted than rows known: the counters began anew after those were counted. */
static const double COUNTERS_LOST = 0.99;

double bloat_live_rows(const struct relation_table *table)
{
    bool looked_at =
        table->last_vacuum > 0 || table->last_autovacuum > 0 || table->last_analyze > 0;

    if (!table->counted)
        return table->tuples;
    if (!looked_at && (double) table->inserted < COUNTERS_LOST * table->tuples)
        return fmax(table->tuples + (double) (table->inserted - table->deleted), 0);
    return (double) table->live;
}

void bloat_set_pages(struct bloat_object *object, int block_size, gint64 pages_now,
                     const struct space_pages *needed)
{
    double pages = (double) MAX(pages_now, 1);
    double free_pages = fmax((double) pages_now - needed->pages, 0);

    object->note = BLOAT_NOTE_NONE;
    object->growth_bytes = needed->pages; /* DEBUG */
    object->reclaimable_bytes = (gint64) floor(free_pages * block_size);
    object->reclaimable_pct = 100 * free_pages / pages;
    object->margin_pct = fmin(100 * needed->margin / pages, 100);
}

static void set_unknown(struct bloat_object *object, enum bloat_note note)
{
    object->note = note;
    object->reclaimable_bytes = -1;
    object->reclaimable_pct = object->margin_pct = 0;
}

/* An empty relation gives back all it has, whatever its columns are. */
static bool set_empty(struct bloat_object *object, int block_size, gint64 pages, double rows,
                      double least_pages)
{
    if (rows != 0 && (double) pages > least_pages)
        return false;
    struct space_pages least = {.pages = rows == 0 ? least_pages : (double) pages};
    bloat_set_pages(object, block_size, pages, &least);
    return true;
}

/* ---- tables --------------------------------------------------------------------------------- */

void bloat_estimate_table(const struct relations *relations, const struct relation_table *table,
                          struct bloat_object *object)
{
    double rows = bloat_live_rows(table);
    struct space_pages needed;
    struct space_heap heap = {
        .columns = relations_columns(relations, table->first_column),
        .count = table->column_count,
        .rows = rows,
        .fillfactor = table->fillfactor,
        .block_size = relations->block_size,
        .wide = table->toast != 0,
    };

    if (set_empty(object, relations->block_size, table->pages, rows, 0))
        return;
    if (!table->readable)
        set_unknown(object, BLOAT_NOTE_NOT_VISIBLE);
    else if (rows < 0 || !space_heap_pages(&heap, &needed))
        set_unknown(object, BLOAT_NOTE_NO_STATISTICS);
    else
        bloat_set_pages(object, relations->block_size, table->pages, &needed);
}

void bloat_estimate_toast(const struct relations *relations, const struct relation_table *toast,
                          struct bloat_object *object)
{
    if (!set_empty(object, relations->block_size, toast->pages, bloat_live_rows(toast), 0))
        set_unknown(object, BLOAT_NOTE_METHOD);
}

/* ---- indexes --------------------------------------------------------------------------------- */

/* Entries that a rebuild would put into it; below 0: not known. */
static double entries_of(const struct relation_table *table, const struct relation_index *index)
{
    double rows = bloat_live_rows(table);

    if (index->predicate == NULL || rows <= 0)
        return rows;
    if (index->tuples < 0 || table->tuples < 0)
        return -1;
    /* Both were counted at the same time, as a rule; since then the table has gone on. */
    return table->tuples == 0 ? 0 : fmin(index->tuples / table->tuples, 1) * rows;
}

/* Its columns: those of the table, and its own expressions in their order. False when one is not
 * known. */
static bool columns_of(const struct relations *relations, const struct relation_index *index,
                       const struct space_column **ret_columns)
{
    const struct relation_table *table = relations_table_of(relations, index);
    const struct relation_key *keys = relations_keys(relations, index);
    const struct space_column *expressions = relations_columns(relations, index->first_column);
    guint expression = 0;

    for (gint16 i = 0; i < index->all_count; i++) {
        if (keys[i].column != 0)
            ret_columns[i] = relations_column(relations, table, keys[i].column);
        else
            ret_columns[i] =
                expression < index->column_count ? &expressions[expression++] : NULL;
        if (ret_columns[i] == NULL)
            return false;
    }
    return true;
}

static bool index_pages(const struct relations *relations, const struct relation_index *index,
                        double entries, struct space_pages *ret_pages)
{
    const struct relation_table *table = relations_table_of(relations, index);
    const struct space_column *columns[MOST_KEYS];
    double rows = fmax(table->tuples, bloat_live_rows(table));

    if (index->all_count > MOST_KEYS || !columns_of(relations, index, columns))
        return false;
    if (strcmp(index->method, "hash") == 0)
        return space_hash_pages(
            &(struct space_hash){
                .key = columns[0],
                .entries = entries,
                .rows = rows,
                .fillfactor = index->fillfactor > 0 ? index->fillfactor : 75,
                .block_size = relations->block_size,
            },
            ret_pages);
    return space_btree_pages(
        &(struct space_btree){
            .keys = columns,
            .key_count = (guint) index->key_count,
            .included = columns + index->key_count,
            .included_count = (guint) (index->all_count - index->key_count),
            .entries = entries,
            .rows = rows,
            .fillfactor = index->fillfactor,
            .block_size = relations->block_size,
            .deduplicates = index->deduplicates,
        },
        ret_pages);
}

void bloat_estimate_index(const struct relations *relations, const struct relation_index *index,
                          struct bloat_object *object)
{
    const struct relation_table *table = relations_table_of(relations, index);
    bool btree = strcmp(index->method, "btree") == 0;
    double entries = entries_of(table, index);
    struct space_pages needed;

    if (!index->valid)
        set_unknown(object, BLOAT_NOTE_INVALID);
    else if (btree && set_empty(object, relations->block_size, index->pages, entries, 1))
        return;
    else if (!btree && strcmp(index->method, "hash") != 0)
        set_unknown(object, BLOAT_NOTE_METHOD);
    else if (!table->readable)
        set_unknown(object, BLOAT_NOTE_NOT_VISIBLE);
    else if (entries < 0 || !index_pages(relations, index, entries, &needed))
        set_unknown(object, BLOAT_NOTE_NO_STATISTICS);
    else
        bloat_set_pages(object, relations->block_size, index->pages, &needed);
}
