/* The snapshot as data: made, searched, freed. */
#include "relations/relations.h"

#include "out/display.h"

struct relations *relations_new(void)
{
    struct relations *relations = g_new0(struct relations, 1);

    relations->tables = g_array_new(FALSE, TRUE, sizeof(struct relation_table));
    relations->indexes = g_array_new(FALSE, TRUE, sizeof(struct relation_index));
    relations->columns = g_array_new(FALSE, TRUE, sizeof(struct space_column));
    relations->keys = g_array_new(FALSE, TRUE, sizeof(struct relation_key));
    relations->foreign_keys = g_array_new(FALSE, TRUE, sizeof(struct relation_foreign_key));
    relations->builds = g_array_new(FALSE, TRUE, sizeof(struct relation_build));
    relations->texts = g_string_chunk_new(4096);
    relations->details = g_ptr_array_new_with_free_func(g_free);
    relations->table_by_oid = g_hash_table_new(NULL, NULL);
    relations->index_by_oid = g_hash_table_new(NULL, NULL);
    return relations;
}

void relations_free(struct relations *relations)
{
    if (relations == NULL)
        return;
    g_array_unref(relations->tables);
    g_array_unref(relations->indexes);
    g_array_unref(relations->columns);
    g_array_unref(relations->keys);
    g_array_unref(relations->foreign_keys);
    g_array_unref(relations->builds);
    g_string_chunk_free(relations->texts);
    g_ptr_array_unref(relations->details);
    g_hash_table_unref(relations->table_by_oid);
    g_hash_table_unref(relations->index_by_oid);
    g_free(relations);
}

static gint by_oid(gconstpointer left, gconstpointer right)
{
    const struct relation_table *a = left, *b = right;

    return a->oid < b->oid ? -1 : a->oid > b->oid;
}

void relations_settle_tables(struct relations *relations)
{
    g_array_sort(relations->tables, by_oid);
    for (guint i = 0; i < relations->tables->len; i++) {
        struct relation_table *table = relations_table(relations, i);
        g_hash_table_insert(relations->table_by_oid, GUINT_TO_POINTER(table->oid),
                            GUINT_TO_POINTER(i + 1));
    }
    for (guint i = 0; i < relations->tables->len; i++) {
        const struct relation_table *table = relations_table(relations, i);
        struct relation_table *toast = relations_find_table(relations, table->toast);
        if (toast != NULL) {
            toast->owner = table->oid;
            toast->system = table->system;
        }
    }
}

static gint by_table(gconstpointer left, gconstpointer right)
{
    const struct relation_index *a = left, *b = right;

    if (a->table != b->table)
        return a->table < b->table ? -1 : 1;
    return a->oid < b->oid ? -1 : a->oid > b->oid;
}

void relations_settle_indexes(struct relations *relations)
{
    g_array_sort(relations->indexes, by_table);
    for (guint i = 0; i < relations->indexes->len; i++) {
        const struct relation_index *index = relations_index(relations, i);
        struct relation_table *table = relations_table(relations, index->table);
        g_hash_table_insert(relations->index_by_oid, GUINT_TO_POINTER(index->oid),
                            GUINT_TO_POINTER(i + 1));
        if (table->index_count++ == 0)
            table->first_index = i;
    }
}

struct relation_table *relations_table(const struct relations *relations, guint position)
{
    return &g_array_index(relations->tables, struct relation_table, position);
}

struct relation_index *relations_index(const struct relations *relations, guint position)
{
    return &g_array_index(relations->indexes, struct relation_index, position);
}

struct relation_table *relations_find_table(const struct relations *relations, guint oid)
{
    guint found =
        GPOINTER_TO_UINT(g_hash_table_lookup(relations->table_by_oid, GUINT_TO_POINTER(oid)));

    return found == 0 ? NULL : relations_table(relations, found - 1);
}

struct relation_index *relations_find_index(const struct relations *relations, guint oid)
{
    guint found =
        GPOINTER_TO_UINT(g_hash_table_lookup(relations->index_by_oid, GUINT_TO_POINTER(oid)));

    return found == 0 ? NULL : relations_index(relations, found - 1);
}

struct relation_table *relations_table_of(const struct relations *relations,
                                          const struct relation_index *index)
{
    return relations_table(relations, index->table);
}

const struct relation_key *relations_keys(const struct relations *relations,
                                          const struct relation_index *index)
{
    return &g_array_index(relations->keys, struct relation_key, index->first_key);
}

const struct space_column *relations_columns(const struct relations *relations, guint first)
{
    /* Where none was read there is none to point to. */
    return first < relations->columns->len
               ? &g_array_index(relations->columns, struct space_column, first)
               : NULL;
}

const struct space_column *relations_column(const struct relations *relations,
                                            const struct relation_table *table, gint16 number)
{
    /* All are there, in attnum order, or none. */
    if (number < 1 || number > table->column_count)
        return NULL;
    return relations_columns(relations, table->first_column + (guint) (number - 1));
}

bool relations_belongs(const struct relations *relations, const struct relation_index *index,
                       guint oid)
{
    while (index != NULL && index->oid != oid)
        index = index->parent != 0 ? relations_find_index(relations, index->parent) : NULL;
    return index != NULL;
}

gint64 relations_index_bytes(const struct relations *relations,
                             const struct relation_index *index)
{
    gint64 pages = index->pages;

    for (guint i = 0; index->kind == 'I' && i < relations->indexes->len; i++) {
        const struct relation_index *part = relations_index(relations, i);
        if (part->kind != 'I' && relations_belongs(relations, part, index->oid))
            pages += part->pages;
    }
    return pages * relations->block_size;
}

char *relations_left_out(const struct relation_table *table)
{
    g_autofree char *text =
        g_strdup_printf("%s.%s, %s", table->schema, table->name, table->locked);

    /* A name may hold a line break. */
    return display_clean(text, 0);
}

char *relations_oid_list(const guint *oids, guint count)
{
    GString *list = g_string_new("{");

    for (guint i = 0; i < count; i++)
        g_string_append_printf(list, "%s%u", i > 0 ? "," : "", oids[i]);
    g_string_append_c(list, '}');
    return g_string_free(list, FALSE);
}
