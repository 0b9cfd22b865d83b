/* A closer look at the columns of the largest tables: how wide the values are that the planner's
 * statistics hold of them. */
#include "relations/relations.h"
#include "relations/relations_private.h"
#include "relations_queries.h"

enum {
    TABLES_AT_MOST = 1000,
    LEAST_PAGES = 8,    /* smaller ones are not worth it */
    MOST_VALUES = 10001 /* default_statistics_target goes up to 10,000 */
};

/* The answer while it is read. */
struct looking {
    struct relations *relations;
    double *frequencies, *common, *histogram;
};

static guint numbers_of(const char *text, double *ret_numbers)
{
    guint count = 0;

    while (text != NULL && *text != '\0' && count < MOST_VALUES) {
        char *end;
        double number = g_ascii_strtod(text, &end);
        if (end == text)
            break;
        ret_numbers[count++] = number;
        text = end;
    }
    return count;
}

static struct space_column *column_of(struct relations *relations, guint oid, gint16 number)
{
    const struct relation_table *table = relations_find_table(relations, oid);
    const struct relation_index *index = relations_find_index(relations, oid);
    guint first = table ? table->first_column : index ? index->first_column : 0;
    guint count = table ? table->column_count : index ? index->column_count : 0;

    for (guint i = first; i < first + count; i++) {
        struct space_column *column =
            &g_array_index(relations->columns, struct space_column, i);
        if (column->number == number)
            return column;
    }
    return NULL;
}

static void keep_widths(struct looking *looking, struct space_column *column,
                        const struct space_counted *counted)
{
    struct space_widths widths;

    if (!space_count_widths(counted, column, &widths))
        return;
    struct space_widths *kept = g_new(struct space_widths, 1);
    *kept = widths;
    g_ptr_array_add(looking->relations->details, kept);
    column->widths = kept;
}

static void keep_commons(struct looking *looking, struct space_column *column, guint count)
{
    struct space_commons *kept = g_malloc(sizeof *kept + count * sizeof *kept->frequencies);

    kept->count = count;
    for (guint i = 0; i < count; i++)
        kept->frequencies[i] = (float) looking->frequencies[i];
    g_ptr_array_add(looking->relations->details, kept);
    column->commons = kept;
}

static void take(const struct rows *row, gpointer data)
{
    struct looking *looking = data;
    struct space_column *column =
        column_of(looking->relations, (guint) rows_int(row, 0, RELATIONS_WIDTHS_RELATION),
                  (gint16) rows_int(row, 0, RELATIONS_WIDTHS_NUMBER));
    guint frequencies =
        numbers_of(rows_text(row, 0, RELATIONS_WIDTHS_FREQUENCIES), looking->frequencies);
    guint common = numbers_of(rows_text(row, 0, RELATIONS_WIDTHS_COMMON), looking->common);
    struct space_counted counted = {
        .frequencies = looking->frequencies,
        .common = looking->common,
        .common_count = MIN(common, frequencies),
        .histogram = looking->histogram,
        .histogram_count =
            numbers_of(rows_text(row, 0, RELATIONS_WIDTHS_HISTOGRAM), looking->histogram),
    };

    if (column == NULL)
        return;
    keep_commons(looking, column, frequencies);
    keep_widths(looking, column, &counted);
}

/* ---- which ones ------------------------------------------------------------------------------- */

static bool has_varying(const struct relations *relations, const struct relation_table *table)
{
    for (guint i = 0; i < table->column_count; i++) {
        const struct space_column *column =
            relations_columns(relations, table->first_column + i);
        if (column->length < 0 && column->known && !column->even)
            return true;
    }
    return false;
}

static gint by_pages(gconstpointer left, gconstpointer right)
{
    const struct relation_table *a = *(const struct relation_table *const *) left;
    const struct relation_table *b = *(const struct relation_table *const *) right;

    return a->pages > b->pages ? -1 : a->pages < b->pages;
}

static GArray *largest(const struct relations *relations)
{
    g_autoptr(GPtrArray) tables = g_ptr_array_new();
    GArray *oids = g_array_new(FALSE, FALSE, sizeof(guint));

    for (guint i = 0; i < relations->tables->len; i++) {
        struct relation_table *table = relations_table(relations, i);
        if (table->pages >= LEAST_PAGES && table->readable && table->locked == NULL &&
            (has_varying(relations, table) || table->index_count > 0))
            g_ptr_array_add(tables, table);
    }
    g_ptr_array_sort(tables, by_pages);
    for (guint i = 0; i < MIN(tables->len, TABLES_AT_MOST); i++) {
        const struct relation_table *table = tables->pdata[i];
        g_array_append_val(oids, table->oid);
        for (guint x = 0; x < table->index_count; x++) {
            const struct relation_index *index =
                relations_index(relations, table->first_index + x);
            if (index->expressions != NULL)
                g_array_append_val(oids, index->oid);
        }
    }
    return oids;
}

void relations_look_closer(struct session *session, struct relations *relations)
{
    g_autoptr(GArray) oids = largest(relations);
    g_autofree double *numbers = g_new(double, 3 * MOST_VALUES);
    struct looking looking = {relations, numbers, numbers + MOST_VALUES,
                              numbers + 2 * MOST_VALUES};
    /* Both queries have the same columns. */
    const struct query *query =
        relations->all_statistics ? &query_relations_widths : &query_relations_widths_visible;

    if (oids->len == 0)
        return;
    g_autofree char *list =
        relations_oid_list((const guint *) (gpointer) oids->data, oids->len);
    session_each(session, query, (const char *const[]){list}, take, &looking, NULL);
}
