/* Making the checksums: one query a table, which reads it once. */
#include "error.h"
#include "migrations_queries.h"
#include "rehearse/rowsums.h"
#include "rehearse/trace_send.h"

struct taking {
    struct rowsums *sums;
    struct rowsums_table *table;
};

static void take_column(const struct rows *rows, gpointer data)
{
    struct taking *taking = data;
    const char *schema = rows_text(rows, 0, MIGRATIONS_ROWSUMS_COLUMNS_SCHEMA);
    const char *name = rows_text(rows, 0, MIGRATIONS_ROWSUMS_COLUMNS_NAME);
    const char *column = rows_text(rows, 0, MIGRATIONS_ROWSUMS_COLUMNS_COLUMN);

    if (taking->table == NULL || g_strcmp0(taking->table->schema, schema) != 0 ||
        g_strcmp0(taking->table->name, name) != 0)
        taking->table = rowsums_add_table(taking->sums, schema, name);
    if (column != NULL)
        rowsums_add_column(taking->table, column);
}

static void take_sequence(const struct rows *rows, gpointer data)
{
    struct rowsums *sums = data;
    struct rowsums_sequence *sequence = g_new0(struct rowsums_sequence, 1);

    *sequence = (struct rowsums_sequence){
        .schema = g_strdup(rows_text(rows, 0, MIGRATIONS_ROWSUMS_SEQUENCES_SCHEMA)),
        .name = g_strdup(rows_text(rows, 0, MIGRATIONS_ROWSUMS_SEQUENCES_NAME)),
        .last = rows_int(rows, 0, MIGRATIONS_ROWSUMS_SEQUENCES_LAST),
        .falls = rows_bool(rows, 0, MIGRATIONS_ROWSUMS_SEQUENCES_FALLS)};
    g_ptr_array_add(sums->sequences, sequence);
}

static const struct rowsums_table *find(const struct rowsums *sums,
                                        const struct rowsums_table *like)
{
    for (guint i = 0; i < sums->tables->len; i++) {
        const struct rowsums_table *table = sums->tables->pdata[i];
        if (g_str_equal(table->name, like->name) && g_str_equal(table->schema, like->schema))
            return table;
    }
    return NULL;
}

static bool has_column(const struct rowsums_table *table, const char *name)
{
    for (guint i = 0; i < table->columns->len; i++)
        if (g_str_equal(((const struct rowsums_column *) table->columns->pdata[i])->name, name))
            return true;
    return false;
}

/* "count, sum of rows, sum of each column that is there". A table that is gone has no query. */
static char *query_of(struct session *session, const struct rowsums_table *table,
                      const struct rowsums_table *now)
{
    GString *sql = g_string_new("SELECT pg_catalog.count(*)");
    g_autoptr(GString) row = g_string_new(NULL);
    bool all = table->columns->len > 0;

    for (guint i = 0; i < table->columns->len; i++) {
        const struct rowsums_column *column = table->columns->pdata[i];
        g_autofree char *name = session_quote(session, NULL, column->name);
        bool there = has_column(now, column->name);
        all = all && there;
        g_string_append_printf(row, "%st.%s", i > 0 ? ", " : "", name);
        if (there)
            g_string_append_printf(sql,
                                   ", pg_catalog.sum(pg_catalog.hashtextextended(coalesce("
                                   "t.%s::pg_catalog.text, 'a null'), 0)::pg_catalog.numeric)",
                                   name);
        else
            g_string_append(sql, ", NULL");
    }
    g_autofree char *from = session_quote(session, table->schema, table->name);
    if (all)
        g_string_append_printf(sql,
                               ", pg_catalog.sum(pg_catalog.hashtextextended("
                               "ROW(%s)::pg_catalog.text, 0)::pg_catalog.numeric)",
                               row->str);
    else
        g_string_append(sql, ", NULL");
    g_string_append_printf(sql, " FROM ONLY %s AS t", from);
    return g_string_free(sql, FALSE);
}

static char *cell(const PGresult *result, int column)
{
    return PQgetisnull(result, 0, column) ? NULL : g_strdup(PQgetvalue(result, 0, column));
}

static bool sum_table(struct session *session, struct rowsums_table *table,
                      const struct rowsums_table *now, GError **error)
{
    struct trace_answer answer;

    if (now == NULL)
        return true;
    g_autofree char *sql = query_of(session, table, now);
    if (!trace_send(session, sql, NULL, &answer, error))
        return false;
    if (answer.error != NULL) {
        runbook_error_set(error, RUNBOOK_FAILED, NULL, "cannot read the rows of %s.%s: %s",
                          table->schema, table->name, answer.error);
        trace_answer_clear(&answer);
        return false;
    }
    table->rows = g_ascii_strtoll(PQgetvalue(answer.result, 0, 0), NULL, 10);
    for (guint i = 0; i < table->columns->len; i++) {
        struct rowsums_column *column = table->columns->pdata[i];
        column->sum = cell(answer.result, (int) i + 1);
    }
    table->sum = cell(answer.result, (int) table->columns->len + 1);
    trace_answer_clear(&answer);
    return true;
}

/* Tables and columns as they were, without their sums. */
static struct rowsums *outline_of(const struct rowsums *like)
{
    struct rowsums *sums = rowsums_new();

    for (guint i = 0; i < like->tables->len; i++) {
        const struct rowsums_table *was = like->tables->pdata[i];
        struct rowsums_table *table = rowsums_add_table(sums, was->schema, was->name);
        for (guint j = 0; j < was->columns->len; j++)
            rowsums_add_column(table,
                               ((const struct rowsums_column *) was->columns->pdata[j])->name);
    }
    return sums;
}

struct rowsums *rowsums_read(struct session *session, const char *table,
                             const struct rowsums *like, GError **error)
{
    const char *const values[] = {table != NULL ? table : ""};
    AUTO(rowsums) there = rowsums_new();
    struct taking taking = {there, NULL};

    if (!session_each(session, &query_migrations_rowsums_columns, values, take_column, &taking,
                      error))
        return NULL;
    AUTO(rowsums) sums = outline_of(like != NULL ? like : there);
    for (guint i = 0; i < sums->tables->len; i++) {
        struct rowsums_table *one = sums->tables->pdata[i];
        if (!sum_table(session, one, find(there, one), error))
            return NULL;
    }
    if (!session_each(session, &query_migrations_rowsums_sequences, NULL, take_sequence, sums,
                      error))
        return NULL;
    return g_steal_pointer(&sums);
}
