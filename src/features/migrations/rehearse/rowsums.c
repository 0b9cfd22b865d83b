/* What the checksums say. */
#include "rehearse/rowsums.h"

#include <string.h>

static void column_free(gpointer data)
{
    struct rowsums_column *column = data;

    g_free(column->name);
    g_free(column->sum);
    g_free(column);
}

static void table_free(gpointer data)
{
    struct rowsums_table *table = data;

    g_free(table->schema);
    g_free(table->name);
    g_free(table->sum);
    g_ptr_array_unref(table->columns);
    g_free(table);
}

static void sequence_free(gpointer data)
{
    struct rowsums_sequence *sequence = data;

    g_free(sequence->schema);
    g_free(sequence->name);
    g_free(sequence);
}

struct rowsums *rowsums_new(void)
{
    struct rowsums *sums = g_new0(struct rowsums, 1);

    sums->tables = g_ptr_array_new_with_free_func(table_free);
    sums->sequences = g_ptr_array_new_with_free_func(sequence_free);
    return sums;
}

void rowsums_free(struct rowsums *sums)
{
    g_ptr_array_unref(sums->tables);
    g_ptr_array_unref(sums->sequences);
    g_free(sums);
}

struct rowsums_table *rowsums_add_table(struct rowsums *sums, const char *schema,
                                        const char *name)
{
    struct rowsums_table *table = g_new0(struct rowsums_table, 1);

    table->schema = g_strdup(schema);
    table->name = g_strdup(name);
    table->columns = g_ptr_array_new_with_free_func(column_free);
    table->rows = -1;
    g_ptr_array_add(sums->tables, table);
    return table;
}

struct rowsums_column *rowsums_add_column(struct rowsums_table *table, const char *name)
{
    struct rowsums_column *column = g_new0(struct rowsums_column, 1);

    column->name = g_strdup(name);
    g_ptr_array_add(table->columns, column);
    return column;
}

/* ---- what is lost -------------------------------------------------------------------------- */

static guint lost_columns(const struct rowsums_table *before, const struct rowsums_table *after,
                          GPtrArray *lost)
{
    guint count = 0;

    for (guint i = 0; i < before->columns->len; i++) {
        const struct rowsums_column *was = before->columns->pdata[i];
        const struct rowsums_column *is = after->columns->pdata[i];
        if (g_strcmp0(was->sum, is->sum) == 0)
            continue;
        g_ptr_array_add(lost,
                        g_strdup_printf("%s.%s.%s", before->schema, before->name, was->name));
        count++;
    }
    return count;
}

static void lost_in_table(const struct rowsums_table *before, const struct rowsums_table *after,
                          GPtrArray *lost)
{
    gint64 rows = MAX(after->rows, 0);

    if (rows < before->rows) {
        g_ptr_array_add(lost, g_strdup_printf("%s.%s (%" G_GINT64_FORMAT " of %" G_GINT64_FORMAT
                                              " rows)",
                                              before->schema, before->name, before->rows - rows,
                                              before->rows));
        return;
    }
    if (rows > before->rows) {
        g_ptr_array_add(lost,
                        g_strdup_printf("%s.%s (%" G_GINT64_FORMAT " rows too many)",
                                        before->schema, before->name, rows - before->rows));
        return;
    }
    if (lost_columns(before, after, lost) == 0 && g_strcmp0(before->sum, after->sum) != 0)
        g_ptr_array_add(lost, g_strdup_printf("%s.%s (values are in other rows)",
                                              before->schema, before->name));
}

static gint64 sequence_at(const struct rowsums *sums, const struct rowsums_sequence *like)
{
    for (guint i = 0; i < sums->sequences->len; i++) {
        const struct rowsums_sequence *sequence = sums->sequences->pdata[i];
        if (g_str_equal(sequence->name, like->name) &&
            g_str_equal(sequence->schema, like->schema))
            return sequence->last;
    }
    return G_MININT64;
}

/* One that went on is none the worse: numbers are left out all the time. */
static void lost_in_sequence(const struct rowsums_sequence *before, gint64 now, GPtrArray *lost)
{
    if (now == G_MININT64)
        g_ptr_array_add(lost, g_strdup_printf("sequence %s.%s (starts over, was at "
                                              "%" G_GINT64_FORMAT ")",
                                              before->schema, before->name, before->last));
    else if (before->falls ? now > before->last : now < before->last)
        g_ptr_array_add(lost, g_strdup_printf("sequence %s.%s (at %" G_GINT64_FORMAT
                                              ", was at %" G_GINT64_FORMAT ")",
                                              before->schema, before->name, now, before->last));
}

GPtrArray *rowsums_lost(const struct rowsums *before, const struct rowsums *after)
{
    GPtrArray *lost = g_ptr_array_new_with_free_func(g_free);

    for (guint i = 0; i < before->tables->len; i++)
        lost_in_table(before->tables->pdata[i], after->tables->pdata[i], lost);
    for (guint i = 0; i < before->sequences->len; i++) {
        const struct rowsums_sequence *sequence = before->sequences->pdata[i];
        lost_in_sequence(sequence, sequence_at(after, sequence), lost);
    }
    return lost;
}
