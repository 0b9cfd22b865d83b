/* Rows into the snapshot: columns of tables and expressions of indexes. */
#include "relations/relations.h"
#include "relations/relations_private.h"
#include "relations_queries.h"

/* As they come, before they are in order. */
struct found {
    guint relation;
    struct space_column column;
};

static void add_column(const struct rows *row, gpointer data)
{
    GArray *list = data;
    struct found found = {
        .relation = (guint) rows_int(row, 0, RELATIONS_COLUMNS_RELATION),
        .column = {
            .number = (gint16) rows_int(row, 0, RELATIONS_COLUMNS_NUMBER),
            .length = (gint16) rows_int(row, 0, RELATIONS_COLUMNS_LENGTH),
            .align = rows_text(row, 0, RELATIONS_COLUMNS_ALIGN)[0],
            .storage = rows_text(row, 0, RELATIONS_COLUMNS_STORAGE)[0],
            .dropped = rows_bool(row, 0, RELATIONS_COLUMNS_DROPPED),
            .not_null = rows_bool(row, 0, RELATIONS_COLUMNS_NOT_NULL),
            .even = rows_bool(row, 0, RELATIONS_COLUMNS_EVEN),
            .known = !rows_null(row, 0, RELATIONS_COLUMNS_WIDTH),
            .null_fraction = (float) rows_real(row, 0, RELATIONS_COLUMNS_NULL_FRACTION),
            .width = (float) rows_real(row, 0, RELATIONS_COLUMNS_WIDTH),
            .distinct = (float) rows_real(row, 0, RELATIONS_COLUMNS_N_DISTINCT),
        }};

    g_array_append_val(list, found);
}

static gint in_order(gconstpointer left, gconstpointer right)
{
    const struct found *a = left, *b = right;

    if (a->relation != b->relation)
        return a->relation < b->relation ? -1 : 1;
    return a->column.number - b->column.number;
}

/* ANALYZE measures an expression's values as the expression makes them, with a header of four
 * bytes; a short one is stored with one of one byte. */
static void correct_expression(struct space_column *column)
{
    enum { LONGEST_SHORT = 127, LESS = 3 };

    if (column->length == -1 && column->storage != 'p' && column->known &&
        column->width <= LONGEST_SHORT + LESS)
        column->width = MAX(column->width - LESS, 1);
}

/* The columns of one relation lie together and begin at `first`. */
static void give(struct relations *relations, guint relation, guint first)
{
    struct relation_table *table = relations_find_table(relations, relation);
    struct relation_index *index = relations_find_index(relations, relation);
    guint16 count = (guint16) (relations->columns->len - first);

    if (table != NULL) {
        table->first_column = first;
        table->column_count = count;
    } else if (index != NULL) {
        index->first_column = first;
        index->column_count = count;
        for (guint i = first; i < relations->columns->len; i++)
            correct_expression(&g_array_index(relations->columns, struct space_column, i));
    }
}

bool relations_read_columns(struct session *session, struct relations *relations,
                            const char *system, bool all_statistics, GError **error)
{
    const struct query *query =
        all_statistics ? &query_relations_columns : &query_relations_columns_visible;
    g_autoptr(GArray) list = g_array_new(FALSE, FALSE, sizeof(struct found));

    /* Both queries have the same columns. */
    if (!session_each(session, query, (const char *const[]){system}, add_column, list, error))
        return false;
    g_array_sort(list, in_order);
    guint first = 0;
    for (guint i = 0; i < list->len; i++) {
        const struct found *found = &g_array_index(list, struct found, i);
        if (i > 0 && g_array_index(list, struct found, i - 1).relation != found->relation)
            first = relations->columns->len;
        g_array_append_val(relations->columns, found->column);
        if (i + 1 == list->len ||
            g_array_index(list, struct found, i + 1).relation != found->relation)
            give(relations, found->relation, first);
    }
    return true;
}
