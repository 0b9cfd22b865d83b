/* Statements that hold names. All of them are quoted before they get here. */
#include "bloat_sample.h"

#include <string.h>

#define BLOCK   "\"pgrunbook block\""
#define DROPPED "\"pgrunbook dropped %u\"" /* stands for a column that is always null */

/* A stored value longer than this is in the TOAST table, where a pointer is left for it. */
enum { LONGEST_INLINE = 2040, TOAST_POINTER = 18 };

static const struct bloat_sample_column *column_at(const struct bloat_sample_source *source,
                                                   guint i)
{
    return &g_array_index(source->columns, struct bloat_sample_column, i);
}

/* "a", "b": those that are stored. */
static char *names_of(const struct bloat_sample_source *source)
{
    GString *names = g_string_new(NULL);

    for (guint i = 0; i < source->columns->len; i++)
        if (!column_at(source, i)->computed)
            g_string_append_printf(names, "%s%s", names->len > 0 ? ", " : "",
                                   column_at(source, i)->name);
    return g_string_free(names, FALSE);
}

static void append_options(GString *sql, const struct bloat_sample_source *source)
{
    if (source->fillfactor == 100 && source->toast_target == 0)
        return;
    g_string_append_printf(sql, " WITH (fillfactor = %d", source->fillfactor);
    if (source->toast_target > 0)
        g_string_append_printf(sql, ", toast_tuple_target = %d", source->toast_target);
    g_string_append_c(sql, ')');
}

char *bloat_sample_sql_shape(const struct bloat_sample_source *source)
{
    GString *sql = g_string_new("CREATE TEMPORARY TABLE " BLOAT_SAMPLE_SHAPE " (LIKE ");

    g_string_append_printf(sql, "%s INCLUDING STORAGE INCLUDING COMPRESSION", source->table);
    for (guint i = 0; i < source->dropped; i++)
        g_string_append_printf(sql, ", " DROPPED " pg_catalog.bool", i + 1);
    g_string_append(sql, ") USING heap");
    append_options(sql, source);
    g_string_append(sql, " ON COMMIT DROP");
    return g_string_free(sql, FALSE);
}

char *bloat_sample_sql_copy(const struct bloat_sample_source *source, bool whole)
{
    g_autofree char *names = names_of(source);
    GString *sql = g_string_new("CREATE TEMPORARY TABLE " BLOAT_SAMPLE_COPY " USING heap");
    guint nulls = source->dropped;

    for (guint i = 0; i < source->columns->len; i++)
        nulls += column_at(source, i)->computed;
    append_options(sql, source);
    g_string_append_printf(sql, " ON COMMIT DROP AS SELECT %s", names);
    for (guint i = 0; i < nulls; i++)
        g_string_append_printf(sql, "%sNULL::pg_catalog.bool AS " DROPPED,
                               i > 0 || names[0] != '\0' ? ", " : "", i + 1);
    g_string_append_printf(sql, " FROM ONLY %s", whole ? source->table : BLOAT_SAMPLE_ROWS);
    return g_string_free(sql, FALSE);
}

/* A scan by TID range for each block: exactly these blocks are read, the empty ones included.
 * OFFSET 0 keeps the planner from making a join of it. */
char *bloat_sample_sql_rows(const struct bloat_sample_source *source, const GArray *blocks)
{
    g_autofree char *names = names_of(source);
    GString *sql = g_string_new(NULL);

    if (source->storage_set)
        g_string_append_printf(sql, "INSERT INTO " BLOAT_SAMPLE_ROWS " (" BLOCK "%s%s)",
                               names[0] == '\0' ? "" : ", ", names);
    else
        g_string_append(sql, "CREATE TEMPORARY TABLE " BLOAT_SAMPLE_ROWS
                             " USING heap ON COMMIT DROP AS");
    g_string_append(sql, " SELECT b." BLOCK ", r.* FROM pg_catalog.unnest('{");

    for (guint i = 0; i < blocks->len; i++)
        g_string_append_printf(sql, "%s%" G_GINT64_FORMAT, i > 0 ? "," : "",
                               g_array_index(blocks, gint64, i));
    g_string_append(sql, "}'::pg_catalog.int8[]) AS b(" BLOCK ") CROSS JOIN LATERAL (SELECT ");
    g_string_append_printf(sql,
                           "%s FROM ONLY %s AS t WHERE t.ctid OPERATOR(pg_catalog.>=)"
                           " pg_catalog.format('(%%s,0)', b." BLOCK ")::pg_catalog.tid"
                           " AND t.ctid OPERATOR(pg_catalog.<)"
                           " pg_catalog.format('(%%s,0)', b." BLOCK
                           " OPERATOR(pg_catalog.+) 1)::pg_catalog.tid"
                           " OFFSET 0) AS r",
                           names, source->table);
    return g_string_free(sql, FALSE);
}

char *bloat_sample_sql_rows_shape(const struct bloat_sample_source *source)
{
    return g_strdup_printf("CREATE TEMPORARY TABLE " BLOAT_SAMPLE_ROWS " (" BLOCK
                           " pg_catalog.int8, LIKE %s INCLUDING STORAGE INCLUDING COMPRESSION)"
                           " USING heap ON COMMIT DROP",
                           source->table);
}

char *bloat_sample_sql_nullable(const struct bloat_sample_source *source, const char *table)
{
    g_autoptr(GString) list = g_string_new(NULL);

    for (guint i = 0; i < source->columns->len; i++) {
        const struct bloat_sample_column *column = column_at(source, i);
        if (column->computed && column->not_null)
            g_string_append_printf(list, "%s ALTER COLUMN %s DROP NOT NULL",
                                   list->len > 0 ? "," : "", column->name);
    }
    return list->len == 0 ? NULL : g_strconcat("ALTER TABLE ", table, list->str, NULL);
}

char *bloat_sample_sql_fill(const struct bloat_sample_source *source, bool whole)
{
    g_autofree char *names = names_of(source);
    const char *from = whole ? source->table : BLOAT_SAMPLE_ROWS;

    if (names[0] == '\0') /* the only rows without columns that INSERT can make */
        return g_strdup_printf("INSERT INTO " BLOAT_SAMPLE_SHAPE " SELECT FROM ONLY %s", from);
    return g_strdup_printf("INSERT INTO " BLOAT_SAMPLE_SHAPE " (%s) SELECT %s FROM ONLY %s",
                           names, names, from);
}

/* A column whose storage the change of type cannot disturb, if there is one. */
static const struct bloat_sample_column *to_rewrite(const struct bloat_sample_source *source)
{
    for (guint i = 0; i < source->columns->len; i++)
        if (column_at(source, i)->base)
            return column_at(source, i);
    return source->columns->len > 0 ? column_at(source, 0) : NULL;
}

char *bloat_sample_sql_pack(const struct bloat_sample_source *source)
{
    const struct bloat_sample_column *column = to_rewrite(source);

    if (column == NULL)
        return NULL;
    /* The planner does not see through COALESCE, so all of it is written anew. */
    return g_strdup_printf("ALTER TABLE " BLOAT_SAMPLE_SHAPE " ALTER COLUMN %s TYPE %s"
                           " USING COALESCE(%s, %s), ALTER COLUMN %s SET STORAGE %s",
                           column->name, column->type, column->name, column->name, column->name,
                           column->storage);
}

char *bloat_sample_sql_rename(void)
{
    return g_strdup("ALTER TABLE " BLOAT_SAMPLE_SHAPE " RENAME TO pgrunbook_copy");
}

char *bloat_sample_sql_draws(const struct bloat_sample_source *source)
{
    g_autoptr(GString) bytes = g_string_new("28"); /* header and line pointer */
    g_autoptr(GString) toasted = g_string_new("0");

    for (guint i = 0; i < source->columns->len; i++) {
        const struct bloat_sample_column *column = column_at(source, i);
        if (column->computed)
            continue;
        g_autofree char *size = g_strdup_printf(
            "COALESCE(pg_catalog.pg_column_size(%s), 0)::pg_catalog.int8", column->name);
        if (column->base) {
            g_string_append_printf(bytes, " OPERATOR(pg_catalog.+) %s", size);
            continue;
        }
        g_string_append_printf(bytes,
                               " OPERATOR(pg_catalog.+) CASE WHEN %s OPERATOR(pg_catalog.>) %d"
                               " THEN %d ELSE %s END",
                               size, LONGEST_INLINE, TOAST_POINTER, size);
        g_string_append_printf(toasted,
                               " OPERATOR(pg_catalog.+) CASE WHEN %s OPERATOR(pg_catalog.>) %d"
                               " THEN %s ELSE 0 END",
                               size, LONGEST_INLINE, size);
    }
    return g_strdup_printf("SELECT " BLOCK ", pg_catalog.count(*), pg_catalog.sum(%s),"
                           " pg_catalog.sum(%s) FROM " BLOAT_SAMPLE_ROWS " GROUP BY 1",
                           bytes->str, toasted->str);
}

char *bloat_sample_sql_pages(void)
{
    return g_strdup(
        "SELECT pg_catalog.count(*),"
        " COALESCE(pg_catalog.max(p.page) OPERATOR(pg_catalog.+) 1, 0),"
        " pg_catalog.count(*) FILTER (WHERE p.page OPERATOR(pg_catalog.=) l.page)"
        " FROM (SELECT (c.ctid::pg_catalog.text::pg_catalog.point)[0]::pg_catalog.int8"
        " FROM " BLOAT_SAMPLE_COPY " AS c) AS p(page)"
        " CROSS JOIN (SELECT (pg_catalog.max(c.ctid)::pg_catalog.text::pg_catalog.point)[0]"
        "::pg_catalog.int8 FROM " BLOAT_SAMPLE_COPY " AS c) AS l(page)");
}

/* ---- indexes ---------------------------------------------------------------------------------- */

char *bloat_sample_sql_index(const struct bloat_sample_index *index, bool on_probe)
{
    return g_strdup_printf("CREATE %sINDEX %s ON %s USING %s", index->unique ? "UNIQUE " : "",
                           on_probe ? BLOAT_SAMPLE_PROBE_INDEX : BLOAT_SAMPLE_INDEX,
                           on_probe ? BLOAT_SAMPLE_PROBE : BLOAT_SAMPLE_COPY, index->tail);
}

char *bloat_sample_sql_probe(const struct bloat_sample_index *index)
{
    return g_strdup_printf("CREATE TEMPORARY TABLE " BLOAT_SAMPLE_PROBE
                           " USING heap ON COMMIT DROP AS SELECT r.* FROM (SELECT *"
                           " FROM " BLOAT_SAMPLE_ROWS "%s%s LIMIT 1) AS r"
                           " CROSS JOIN pg_catalog.generate_series(1, %d)",
                           index->predicate == NULL ? "" : " WHERE ",
                           index->predicate == NULL ? "" : index->predicate,
                           BLOAT_SAMPLE_PROBE_ROWS);
}

/* Size of an index tuple: its header, with room for a null bitmap where a column is null, and
 * what the server itself makes of these columns in a row. */
static char *entry_size(const struct bloat_sample_index *index)
{
    int with_nulls = (23 + (index->column_count + 7) / 8 + 7) / 8 * 8;

    return g_strdup_printf(
        "(CASE WHEN pg_catalog.num_nulls(%s) OPERATOR(pg_catalog.>) 0 THEN %d ELSE %d END"
        " OPERATOR(pg_catalog.+) pg_catalog.pg_column_size(ROW(%s)) OPERATOR(pg_catalog.+) 7)"
        " OPERATOR(pg_catalog./) 8 OPERATOR(pg_catalog.*) 8",
        index->columns, 16 - with_nulls, 8 - 24, index->columns);
}

char *bloat_sample_sql_groups(const struct bloat_sample_index *index)
{
    g_autofree char *size = entry_size(index);
    g_autofree char *where = index->predicate == NULL
                                 ? g_strdup("")
                                 : g_strdup_printf(" WHERE %s", index->predicate);

    if (!index->deduplicates)
        return g_strdup_printf(
            "SELECT 1, pg_catalog.count(*), pg_catalog.count(*), pg_catalog.sum(e.size),"
            " pg_catalog.min(e.size), pg_catalog.max(e.size)"
            " FROM (SELECT %s FROM " BLOAT_SAMPLE_ROWS "%s) AS e(size)",
            size, where);
    return g_strdup_printf(
        "WITH met AS MATERIALIZED (SELECT k.*, pg_catalog.count(*) OVER (PARTITION BY k.key)"
        " AS units FROM (SELECT ROW(%s) AS key, " BLOCK
        " AS block, pg_catalog.count(*) AS rows,"
        " pg_catalog.sum(%s) AS bytes, pg_catalog.min(%s) AS least, pg_catalog.max(%s) AS most"
        " FROM " BLOAT_SAMPLE_ROWS "%s GROUP BY %s, " BLOCK ") AS k)"
        " SELECT m.units, pg_catalog.count(*) OPERATOR(pg_catalog./) m.units,"
        " pg_catalog.sum(m.rows), pg_catalog.sum(m.bytes), pg_catalog.min(m.least),"
        " pg_catalog.max(m.most) FROM met AS m GROUP BY m.units"
        " UNION ALL SELECT 0, pg_catalog.sum(b.company),"
        " pg_catalog.sum(b.company OPERATOR(pg_catalog.*) b.company), 0, NULL, NULL FROM ("
        "SELECT pg_catalog.count(*) FILTER (WHERE m.units OPERATOR(pg_catalog.>) 1) AS company"
        " FROM met AS m GROUP BY m.block) AS b",
        index->keys, size, size, size, where, index->keys);
}
