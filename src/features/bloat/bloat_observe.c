/* From a snapshot of the database to objects with a number each. */
#include "bloat.h"
#include "bloat_private.h"

#include <string.h>

enum { MEASURED_AT_MOST = 1500 };
static const double GROWN_FRACTION = 0.1; /* changed since relpages was written */

static void object_clear(gpointer data)
{
    g_free(((struct bloat_object *) data)->detail);
}

void bloat_case_free(struct bloat_case *state)
{
    relations_free(state->relations);
    g_array_unref(state->objects);
    g_ptr_array_unref(state->left_out);
    g_ptr_array_unref(state->details);
    g_free(state);
}

/* ---- sizes that are not what the catalog says ----------------------------------------------- */

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

static void add_oids(const struct relations *relations, const struct relation_table *table,
                     GArray *oids)
{
    g_array_append_val(oids, table->oid);
    if (table->toast != 0)
        g_array_append_val(oids, table->toast);
    for (guint i = 0; i < table->index_count; i++)
        g_array_append_val(oids, relations_index(relations, table->first_index + i)->oid);
    const struct relation_table *toast = relations_find_table(relations, table->toast);
    for (guint i = 0; toast != NULL && i < toast->index_count; i++)
        g_array_append_val(oids, relations_index(relations, toast->first_index + i)->oid);
}

static void measure_grown(struct session *session, struct relations *relations)
{
    g_autoptr(GArray) list = g_array_new(FALSE, FALSE, sizeof(struct grown));
    g_autoptr(GArray) oids = g_array_new(FALSE, FALSE, sizeof(guint));

    for (guint i = 0; i < relations->tables->len; i++) {
        const struct relation_table *table = relations_table(relations, i);
        struct grown grown = {table, grown_rows(table)};
        if (grown.rows > 0)
            g_array_append_val(list, grown);
    }
    g_array_sort(list, by_rows);
    for (guint i = 0; i < list->len && oids->len < MEASURED_AT_MOST; i++)
        add_oids(relations, g_array_index(list, struct grown, i).table, oids);
    relations_measure(session, relations, (const guint *) (gpointer) oids->data, oids->len);
}

/* ---- objects ---------------------------------------------------------------------------------- */

static struct bloat_object object_of(const struct relations *relations, enum bloat_kind kind,
                                     const struct relation_table *table,
                                     const struct relation_table *storage)
{
    double rows = bloat_live_rows(storage);

    return (struct bloat_object){
        .kind = kind,
        .oid = storage->oid,
        .table_oid = table->oid,
        .schema = storage->schema,
        .name = storage->name,
        .table = table->name,
        .size_bytes = storage->pages * relations->block_size,
        .live = rows > 0 ? (gint64) rows : 0,
        .dead = storage->dead,
        .last_vacuum = storage->last_vacuum,
        .last_autovacuum = storage->last_autovacuum,
    };
}

static void add_indexes(struct bloat_case *state, const struct relation_table *table,
                        const struct relation_table *storage)
{
    for (guint i = 0; i < storage->index_count; i++) {
        const struct relation_index *index =
            relations_index(state->relations, storage->first_index + i);
        struct bloat_object object = object_of(state->relations, BLOAT_INDEX, table, storage);
        if (index->kind != 'i')
            continue;
        object.oid = index->oid;
        object.name = index->name;
        object.size_bytes = index->pages * state->relations->block_size;
        bloat_estimate_index(state->relations, index, &object);
        g_array_append_val(state->objects, object);
    }
}

static void add_table(struct bloat_case *state, struct relation_table *table)
{
    struct relation_table *toast = relations_find_table(state->relations, table->toast);

    if (table->kind == 'p' || table->kind == 't')
        return;
    if (table->locked != NULL) {
        g_ptr_array_add(state->left_out, table);
        return;
    }
    struct bloat_object object = object_of(state->relations, BLOAT_TABLE, table, table);
    bloat_estimate_table(state->relations, table, &object);
    g_array_append_val(state->objects, object);
    if (toast != NULL) {
        object = object_of(state->relations, BLOAT_TOAST, table, toast);
        bloat_estimate_toast(state->relations, toast, &object);
        g_array_append_val(state->objects, object);
    }
    add_indexes(state, table, table);
    if (toast != NULL)
        add_indexes(state, table, toast);
}

struct bloat_case *bloat_observe(struct session *session, bool system, GError **error)
{
    unsigned want = RELATIONS_COLUMNS | (system ? RELATIONS_SYSTEM : 0);
    struct relations *relations = relations_read(session, want, error);

    if (relations == NULL)
        return NULL;
    struct bloat_case *state = g_new0(struct bloat_case, 1);
    state->relations = relations;
    state->objects = g_array_sized_new(FALSE, FALSE, sizeof(struct bloat_object),
                                       relations->tables->len + relations->indexes->len);
    g_array_set_clear_func(state->objects, object_clear);
    state->left_out = g_ptr_array_new();
    state->not_visible = relations->not_readable;
    state->details = g_ptr_array_new_with_free_func(g_free);
    measure_grown(session, relations);
    bloat_look_closer(session, state);
    for (guint i = 0; i < relations->tables->len; i++)
        add_table(state, relations_table(relations, i));
    return state;
}
