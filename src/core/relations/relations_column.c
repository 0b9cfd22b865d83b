/* Rows into the snapshot: columns of tables and expressions of indexes. */
#include "relations/relations.h"
#include "relations/relations_private.h"
#include "relations_queries.h"

#include <string.h>

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

/* Of an index only its expressions are wanted: of its other columns the table knows more. */
static bool is_wanted(const struct relations *relations, const struct found *found)
{
    const struct relation_index *index = relations_find_index(relations, found->relation);
    gint16 number = found->column.number;

    return index == NULL || (number <= index->all_count &&
                             relations_keys(relations, index)[number - 1].column == 0);
}

static void take_all(struct relations *relations, GArray *list)
{
    guint first = 0, last = 0;

    g_array_sort(list, in_order);
    for (guint i = 0; i < list->len; i++) {
        const struct found *found = &g_array_index(list, struct found, i);
        if (!is_wanted(relations, found))
            continue;
        if (last != found->relation)
            first = relations->columns->len;
        last = found->relation;
        g_array_append_val(relations->columns, found->column);
        if (i + 1 == list->len ||
            g_array_index(list, struct found, i + 1).relation != found->relation)
            give(relations, found->relation, first);
    }
}

/* ---- which ones ------------------------------------------------------------------------------- */

static bool has_large_index(const struct relations *relations,
                            const struct relation_table *table, gint64 least_pages)
{
    for (guint i = 0; i < table->index_count; i++)
        if (relations_index(relations, table->first_index + i)->pages >= least_pages)
            return true;
    return least_pages == 0;
}

/* Tables, and those of their indexes that have columns of their own. Caller frees. */
static char *wanted(const struct relations *relations, gint64 least_pages)
{
    g_autoptr(GArray) oids = g_array_new(FALSE, FALSE, sizeof(guint));

    for (guint i = 0; i < relations->tables->len; i++) {
        const struct relation_table *table = relations_table(relations, i);
        if ((table->kind != 'r' && table->kind != 'm') ||
            !has_large_index(relations, table, least_pages))
            continue;
        if (table->column_count == 0)
            g_array_append_val(oids, table->oid);
        for (guint x = 0; x < table->index_count; x++) {
            const struct relation_index *index =
                relations_index(relations, table->first_index + x);
            if (index->expressions != NULL)
                g_array_append_val(oids, index->oid);
        }
    }
    return relations_oid_list((const guint *) (gpointer) oids->data, oids->len);
}

/* Both queries have the same columns. */
static const struct query *query_of(const struct relations *relations)
{
    return relations->all_statistics ? &query_relations_columns
                                     : &query_relations_columns_visible;
}

bool relations_read_columns(struct session *session, struct relations *relations,
                            gint64 least_pages, GError **error)
{
    g_autofree char *oids = wanted(relations, least_pages);
    g_autoptr(GArray) list = g_array_new(FALSE, FALSE, sizeof(struct found));

    if (strcmp(oids, "{}") != 0 &&
        !session_each(session, query_of(relations), (const char *const[]){oids}, add_column,
                      list, error))
        return false;
    take_all(relations, list);
    return true;
}

/* ---- meanwhile -------------------------------------------------------------------------------- */

enum { LARGE = 2000 }; /* tables from which on a second connection is worth its while */

struct relations_meanwhile {
    GThread *thread;
    struct session *session;
    const struct query *query;
    char *oids;
    GArray *list; /* of struct found; the thread's until it has ended */
};

static gpointer read_meanwhile(gpointer data)
{
    struct relations_meanwhile *meanwhile = data;

    if (!session_each(meanwhile->session, meanwhile->query,
                      (const char *const[]){meanwhile->oids}, add_column, meanwhile->list,
                      NULL))
        g_array_set_size(meanwhile->list, 0);
    return NULL;
}

struct relations_meanwhile *relations_columns_begin(struct session *session,
                                                    const struct relations *relations)
{
    /* Who wants to see the statements sees them in a row, on one connection. */
    struct session *twin = relations->tables->len < LARGE || session_echoes(session)
                               ? NULL
                               : session_twin(session, NULL);

    if (twin == NULL)
        return NULL;
    struct relations_meanwhile *meanwhile = g_new0(struct relations_meanwhile, 1);
    meanwhile->session = twin;
    meanwhile->query = query_of(relations);
    meanwhile->oids = wanted(relations, 0);
    meanwhile->list = g_array_new(FALSE, FALSE, sizeof(struct found));
    meanwhile->thread = g_thread_new("columns", read_meanwhile, meanwhile);
    return meanwhile;
}

void relations_columns_end(struct relations_meanwhile *meanwhile, struct relations *relations)
{
    if (meanwhile == NULL)
        return;
    g_thread_join(meanwhile->thread);
    take_all(relations, meanwhile->list);
    session_close(meanwhile->session);
    g_array_unref(meanwhile->list);
    g_free(meanwhile->oids);
    g_free(meanwhile);
}
