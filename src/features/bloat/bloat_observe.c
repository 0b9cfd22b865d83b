/* From a snapshot of the database to objects with a number each. */
#include "bloat.h"
#include "bloat_private.h"

#include "relations/pages.h"

static void object_clear(gpointer data)
{
    g_free(((struct bloat_object *) data)->detail);
}

void bloat_case_free(struct bloat_case *state)
{
    relations_free(state->relations);
    g_array_unref(state->objects);
    g_ptr_array_unref(state->left_out);
    g_free(state);
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

    /* Most tables have one, and most of those nothing in it. */
    if (toast != NULL && toast->pages == 0)
        toast = NULL;
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
    AUTO(relations) relations = relations_read(session, want, error);

    if (relations == NULL || !relations_refine(session, relations, 0, error))
        return NULL;
    struct bloat_case *state = g_new0(struct bloat_case, 1);
    state->relations = g_steal_pointer(&relations);
    state->objects =
        g_array_sized_new(FALSE, FALSE, sizeof(struct bloat_object),
                          state->relations->tables->len + state->relations->indexes->len);
    g_array_set_clear_func(state->objects, object_clear);
    state->left_out = g_ptr_array_new();
    state->not_visible = state->relations->not_readable;
    for (guint i = 0; i < state->relations->tables->len; i++)
        add_table(state, relations_table(state->relations, i));
    return state;
}
