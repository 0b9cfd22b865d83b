/* True sizes of what has grown since relpages was written. */
#include "relations/pages.h"
#include "relations/relations_private.h"

enum { MEASURED_AT_MOST = 1500 };
static const double GROWN_FRACTION = 0.01; /* changed since relpages was written */

struct grown {
    const struct relation_table *table;
    gint64 rows;
};

static gint by_rows(gconstpointer left, gconstpointer right)
{
    const struct grown *a = left, *b = right;

    return a->rows > b->rows ? -1 : a->rows < b->rows;
}

/* Rows that have come since relpages was written, or may have. */
static gint64 grown_rows(const struct relation_table *table)
{
    gint64 rows = MAX(table->inserted, table->changed);
    bool never = table->tuples < 0 || (table->pages == 0 && table->live + table->dead > 0);

    if (table->kind == 'p' || table->kind == 't' || table->locked != NULL)
        return 0;
    return never || (double) rows > GROWN_FRACTION * table->tuples ? rows : 0;
}

static void add_indexes(const struct relations *relations, const struct relation_table *table,
                        GArray *oids)
{
    for (guint i = 0; table != NULL && i < table->index_count; i++)
        g_array_append_val(oids, relations_index(relations, table->first_index + i)->oid);
}

static void measure_grown(struct session *session, struct relations *relations)
{
    g_autoptr(GArray) list = g_array_new(FALSE, FALSE, sizeof(struct grown));
    g_autoptr(GArray) oids = g_array_new(FALSE, FALSE, sizeof(guint));

    for (guint i = 0; i < relations->tables->len; i++) {
        struct grown grown = {.table = relations_table(relations, i)};
        grown.rows = grown_rows(grown.table);
        if (grown.rows > 0)
            g_array_append_val(list, grown);
    }
    g_array_sort(list, by_rows);
    for (guint i = 0; i < list->len && oids->len < MEASURED_AT_MOST; i++) {
        const struct relation_table *table = g_array_index(list, struct grown, i).table;
        const struct relation_table *toast = relations_find_table(relations, table->toast);
        g_array_append_val(oids, table->oid);
        add_indexes(relations, table, oids);
        if (toast != NULL)
            g_array_append_val(oids, toast->oid);
        add_indexes(relations, toast, oids);
    }
    relations_measure(session, relations, (const guint *) (gpointer) oids->data, oids->len);
}

bool relations_refine(struct session *session, struct relations *relations, gint64 least_pages,
                      GError **error)
{
    measure_grown(session, relations);
    if (!relations_read_columns(session, relations, least_pages, error))
        return false;
    relations_look_closer(session, relations);
    return true;
}
