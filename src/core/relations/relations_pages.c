/* What a relation would take if it were written anew: the snapshot's rows as core/space wants
 * them. */
#include "relations/pages.h"

#include <math.h>
#include <string.h>

enum {
    MOST_KEYS = 32,
    NAME_BYTES = 64,      /* of the type name in a table; indexes keep it as a string */
    HASH_FILLFACTOR = 75, /* by default */
};
/* Fewer insertions counted than rows known: the counters began anew after those were counted. */
static const double COUNTERS_LOST = 0.99;
/* So close are two counts of the same rows. */
static const double SAME_ROWS = 0.01;

/* Of the pages, where all rows have changed since the last ANALYZE; and from which part on nobody
 * knows how many rows a partial index has. */
static const double STALE_DOUBT = 0.02, STALE_PART = 0.2;

/* VACUUM and ANALYZE write at once what they counted. What their session had done in the second
 * before may be added after them (PGSTAT_MIN_INTERVAL in pgstat.c), although they have seen it: a
 * script that deletes and vacuums ends with too few live rows. All that was ever inserted and
 * deleted tells it from what was done since. */
static bool counted_twice(const struct relation_table *table)
{
    double ever = (double) (table->ever_inserted - table->deleted);
    double doubt = SAME_ROWS * table->tuples;

    return fabs(ever - table->tuples) <= doubt &&
           fabs((double) table->live - table->tuples) > doubt;
}

double relations_live_rows(const struct relation_table *table)
{
    bool looked_at =
        table->last_vacuum > 0 || table->last_autovacuum > 0 || table->last_analyze > 0;

    if (!table->counted)
        return table->tuples;
    if (!looked_at && (double) table->inserted < COUNTERS_LOST * table->tuples)
        return fmax(table->tuples + (double) (table->inserted - table->deleted), 0);
    if (looked_at && counted_twice(table))
        return table->tuples;
    return (double) table->live;
}

double relations_entries(const struct relations *relations, const struct relation_index *index)
{
    const struct relation_table *table = relations_table_of(relations, index);
    double rows = relations_live_rows(table);

    if (index->predicate == NULL || rows <= 0)
        return rows;
    if (index->tuples < 0 || table->tuples < 0)
        return -1;
    /* Both were counted at the same time, as a rule; since then the table has gone on. */
    return table->tuples == 0 ? 0 : fmin(index->tuples / table->tuples, 1) * rows;
}

static double part_changed(const struct relation_table *table)
{
    return (double) table->changed / fmax(relations_live_rows(table), 1);
}

/* Rows that have changed since the statistics were made may be of another kind. */
static void add_doubt(const struct relation_table *table, struct space_pages *pages)
{
    pages->margin += pages->pages * STALE_DOUBT * fmin(part_changed(table), 1);
}

/* ---- tables --------------------------------------------------------------------------------- */

enum relations_lack relations_table_pages(const struct relations *relations,
                                          const struct relation_table *table,
                                          struct space_pages *ret_pages)
{
    double rows = relations_live_rows(table);
    struct space_heap heap = {
        .columns = relations_columns(relations, table->first_column),
        .count = table->column_count,
        .rows = rows,
        .fillfactor = table->fillfactor,
        .block_size = relations->block_size,
    };

    if (rows == 0 || table->pages == 0) {
        *ret_pages = (struct space_pages){0};
        return RELATIONS_LACK_NOTHING;
    }
    if (!table->readable)
        return RELATIONS_LACK_RIGHT;
    if (rows < 0 || !space_heap_pages(&heap, ret_pages))
        return RELATIONS_LACK_STATISTICS;
    add_doubt(table, ret_pages);
    return RELATIONS_LACK_NOTHING;
}

/* Columns whose values may be kept apart. */
static guint toasted_columns(const struct relations *relations,
                             const struct relation_table *table)
{
    guint count = 0;

    for (guint i = 0; i < table->column_count; i++) {
        const struct space_column *column =
            relations_columns(relations, table->first_column + i);
        count += column->length == -1 && column->storage != 'p' && !column->dropped;
    }
    return count;
}

enum relations_lack relations_toast_pages(const struct relations *relations,
                                          const struct relation_table *toast,
                                          struct space_pages *ret_pages)
{
    const struct relation_table *owner = relations_find_table(relations, toast->owner);
    double chunks = relations_live_rows(toast), values = chunks;

    *ret_pages = (struct space_pages){0};
    if (chunks == 0 || toast->pages == 0)
        return RELATIONS_LACK_NOTHING;
    if (chunks < 0)
        return RELATIONS_LACK_STATISTICS;
    if (owner != NULL && toasted_columns(relations, owner) > 0)
        values = fmin(chunks,
                      fmax(relations_live_rows(owner), 1) * toasted_columns(relations, owner));
    space_toast_pages(&(struct space_toast){chunks, values, relations->block_size}, ret_pages);
    return RELATIONS_LACK_NOTHING;
}

/* ---- indexes --------------------------------------------------------------------------------- */

enum relations_nulls relations_predicate_nulls(const char *predicate, gint16 column)
{
    static const char test[] = "{NULLTEST :arg {VAR :varno 1 ";
    static const char kind[] = ":nulltesttype ";
    enum relations_nulls answer = RELATIONS_NULLS_UNKNOWN;
    g_autofree char *name = g_strdup_printf(":varattno %d ", column);

    if (predicate == NULL || column <= 0 || strstr(predicate, ":boolop or") ||
        strstr(predicate, ":boolop not") || strstr(predicate, "{COALESCE") ||
        strstr(predicate, "{CASE") || strstr(predicate, "{FUNCEXPR"))
        return answer;
    for (const char *at = predicate; (at = strstr(at, name)) != NULL; at++) {
        gsize before = (gsize) (at - predicate);
        bool tested =
            before >= strlen(test) && strncmp(at - strlen(test), test, strlen(test)) == 0;
        const char *told = tested ? strstr(at, kind) : NULL;
        if (told != NULL && told[strlen(kind)] == '0') /* IS NULL */
            return RELATIONS_NULLS_ALL;
        answer = RELATIONS_NULLS_NONE; /* IS NOT NULL, or an operator, which is strict */
    }
    return answer;
}

/* A column as the index keeps it. */
static bool as_kept(const struct relation_index *index, const struct space_column *column,
                    bool expression, struct space_column *ret_kept)
{
    bool btree = strcmp(index->method, "btree") == 0;

    *ret_kept = *column;
    if (btree && column->length == NAME_BYTES && column->align == 'c') {
        ret_kept->length = -2;
        ret_kept->known = column->known && column->widths != NULL;
    }
    enum relations_nulls nulls =
        expression ? RELATIONS_NULLS_UNKNOWN
                   : relations_predicate_nulls(index->predicate, column->number);
    if (nulls == RELATIONS_NULLS_NONE)
        ret_kept->not_null = true;
    if (nulls == RELATIONS_NULLS_ALL)
        ret_kept->null_fraction = 1;
    return ret_kept->known || column->length > 0;
}

/* Its columns: those of the table, and its own expressions in their order. False when one is not
 * known. */
static bool kept_columns(const struct relations *relations, const struct relation_index *index,
                         struct space_column *ret_columns)
{
    const struct relation_table *table = relations_table_of(relations, index);
    const struct relation_key *keys = relations_keys(relations, index);
    const struct space_column *expressions = relations_columns(relations, index->first_column);
    guint expression = 0;

    for (gint16 i = 0; i < index->all_count; i++) {
        bool computed = keys[i].column == 0;
        const struct space_column *column =
            !computed ? relations_column(relations, table, keys[i].column)
            : expression < index->column_count ? &expressions[expression++]
                                               : NULL;
        if (column == NULL || !as_kept(index, column, computed, &ret_columns[i]))
            return false;
    }
    return true;
}

static bool btree_pages(const struct relations *relations, const struct relation_index *index,
                        const struct space_column *columns, struct space_pages *ret_pages)
{
    const struct relation_table *table = relations_table_of(relations, index);
    const struct space_column *keys[MOST_KEYS];

    for (gint16 i = 0; i < index->all_count; i++)
        keys[i] = &columns[i];
    struct space_btree btree = {
        .keys = keys,
        .key_count = (guint) index->key_count,
        .included = keys + index->key_count,
        .included_count = (guint) (index->all_count - index->key_count),
        .entries = relations_entries(relations, index),
        .rows = fmax(table->tuples, relations_live_rows(table)),
        .fillfactor = index->fillfactor,
        .block_size = relations->block_size,
        .deduplicates = index->deduplicates,
    };
    return space_btree_pages(&btree, ret_pages);
}

static bool hash_pages(const struct relations *relations, const struct relation_index *index,
                       const struct space_column *column, struct space_pages *ret_pages)
{
    const struct relation_table *table = relations_table_of(relations, index);
    struct space_hash hash = {
        .key = column,
        .entries = relations_entries(relations, index),
        .rows = relations_live_rows(table),
        .fillfactor = index->fillfactor > 0 ? index->fillfactor : HASH_FILLFACTOR,
        .block_size = relations->block_size,
    };

    return space_hash_pages(&hash, ret_pages);
}

enum relations_lack relations_index_pages(const struct relations *relations,
                                          const struct relation_index *index,
                                          struct space_pages *ret_pages)
{
    const struct relation_table *table = relations_table_of(relations, index);
    bool btree = strcmp(index->method, "btree") == 0;
    bool hash = strcmp(index->method, "hash") == 0;
    double entries = relations_entries(relations, index);
    struct space_column columns[MOST_KEYS];

    if (!index->valid)
        return RELATIONS_LACK_INVALID;
    if (!btree && !hash)
        return RELATIONS_LACK_METHOD;
    if (index->predicate != NULL && part_changed(table) > STALE_PART)
        return RELATIONS_LACK_FRESHNESS;
    if (btree && (entries == 0 || index->pages <= 1)) {
        *ret_pages = (struct space_pages){.pages = 1};
        return RELATIONS_LACK_NOTHING;
    }
    if (!table->readable)
        return RELATIONS_LACK_RIGHT;
    if (entries < 0 || index->all_count > MOST_KEYS || !kept_columns(relations, index, columns))
        return RELATIONS_LACK_STATISTICS;
    bool told = btree ? btree_pages(relations, index, columns, ret_pages)
                      : hash_pages(relations, index, columns, ret_pages);
    if (!told)
        return RELATIONS_LACK_STATISTICS;
    add_doubt(table, ret_pages);
    return RELATIONS_LACK_NOTHING;
}
