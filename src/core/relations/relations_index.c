/* Rows into the snapshot: indexes, their keys, and whether equal keys share a tuple. */
#include "relations/relations.h"
#include "relations/relations_private.h"
#include "relations_queries.h"

#include <string.h>

enum { MOST_KEYS = 32, BTREE_FILLFACTOR = 90 };

static const char *kept(struct relations *relations, const struct rows *row, int column)
{
    const char *text = rows_text(row, 0, column);

    return text == NULL ? NULL : g_string_chunk_insert_const(relations->texts, text);
}

static void add_keys(struct relations *relations, const struct rows *row,
                     struct relation_index *index)
{
    gint64 columns[MOST_KEYS], opclasses[MOST_KEYS], collations[MOST_KEYS], options[MOST_KEYS];
    guint count =
        relations_numbers(rows_text(row, 0, RELATIONS_INDEXES_COLUMNS), columns, MOST_KEYS);
    guint keys =
        relations_numbers(rows_text(row, 0, RELATIONS_INDEXES_OPCLASSES), opclasses, MOST_KEYS);

    keys = MIN(keys, relations_numbers(rows_text(row, 0, RELATIONS_INDEXES_COLLATIONS),
                                       collations, MOST_KEYS));
    keys = MIN(keys, relations_numbers(rows_text(row, 0, RELATIONS_INDEXES_KEY_OPTIONS),
                                       options, MOST_KEYS));
    index->first_key = relations->keys->len;
    index->all_count = (gint16) count;
    for (guint i = 0; i < count; i++) {
        struct relation_key key = {.column = (gint16) columns[i]};
        if (i < keys) {
            key.opclass = (guint) opclasses[i];
            key.collation = (guint) collations[i];
            key.option = (gint16) options[i];
        }
        g_array_append_val(relations->keys, key);
    }
}

static int fillfactor_of(const struct relation_index *index)
{
    int fallback = strcmp(index->method, "btree") == 0 ? BTREE_FILLFACTOR : 0;

    return relations_option(index->options, "fillfactor", fallback);
}

static void read_flags(const struct rows *row, struct relation_index *index)
{
    const char *constraint = rows_text(row, 0, RELATIONS_INDEXES_CONSTRAINT_TYPE);

    index->kind = rows_text(row, 0, RELATIONS_INDEXES_KIND)[0];
    index->constraint = constraint == NULL ? '\0' : constraint[0];
    index->unique = rows_bool(row, 0, RELATIONS_INDEXES_IS_UNIQUE);
    index->primary = rows_bool(row, 0, RELATIONS_INDEXES_IS_PRIMARY);
    index->exclusion = rows_bool(row, 0, RELATIONS_INDEXES_EXCLUSION);
    index->immediate = rows_bool(row, 0, RELATIONS_INDEXES_IMMEDIATE);
    index->valid = rows_bool(row, 0, RELATIONS_INDEXES_VALID);
    index->ready = rows_bool(row, 0, RELATIONS_INDEXES_READY);
    index->live = rows_bool(row, 0, RELATIONS_INDEXES_LIVE);
    index->clustered = rows_bool(row, 0, RELATIONS_INDEXES_CLUSTERED);
    index->replica_identity = rows_bool(row, 0, RELATIONS_INDEXES_REPLICA_IDENTITY);
}

/* An index of a table that is not in the snapshot (a system catalog) is none of its indexes. */
static void add_index(const struct rows *row, gpointer data)
{
    struct relations *relations = data;
    const struct relation_table *table =
        relations_find_table(relations, (guint) rows_int(row, 0, RELATIONS_INDEXES_TABLE_OID));

    if (table == NULL)
        return;
    struct relation_index index = {
        .oid = (guint) rows_int(row, 0, RELATIONS_INDEXES_OID),
        .table = (guint) (table - relations_table(relations, 0)),
        .parent = (guint) rows_int(row, 0, RELATIONS_INDEXES_PARENT),
        .filenode = (guint) rows_int(row, 0, RELATIONS_INDEXES_FILENODE),
        .key_count = (gint16) rows_int(row, 0, RELATIONS_INDEXES_KEY_COUNT),
        .name =
            g_string_chunk_insert(relations->texts, rows_text(row, 0, RELATIONS_INDEXES_NAME)),
        .method = kept(relations, row, RELATIONS_INDEXES_METHOD),
        .expressions = kept(relations, row, RELATIONS_INDEXES_EXPRESSIONS),
        .predicate = kept(relations, row, RELATIONS_INDEXES_PREDICATE),
        .options = kept(relations, row, RELATIONS_INDEXES_OPTIONS),
        .pages = MAX(rows_int(row, 0, RELATIONS_INDEXES_PAGES), 0),
        .tuples = rows_real(row, 0, RELATIONS_INDEXES_TUPLES),
        .scans = rows_int(row, 0, RELATIONS_INDEXES_SCANS),
        .read = rows_int(row, 0, RELATIONS_INDEXES_READ),
        .fetched = rows_int(row, 0, RELATIONS_INDEXES_FETCHED),
    };

    read_flags(row, &index);
    add_keys(relations, row, &index);
    index.fillfactor = (gint16) fillfactor_of(&index);
    g_array_append_val(relations->indexes, index);
}

static void add_extras(const struct rows *row, gpointer data)
{
    struct relation_index *index =
        relations_find_index(data, (guint) rows_int(row, 0, RELATIONS_INDEX_EXTRAS_OID));

    if (index == NULL)
        return;
    index->nulls_not_distinct = rows_bool(row, 0, RELATIONS_INDEX_EXTRAS_NULLS_NOT_DISTINCT);
    index->last_scan = rows_int(row, 0, RELATIONS_INDEX_EXTRAS_LAST_SCAN);
}

/* ---- deduplication ------------------------------------------------------------------------ */

static bool turned_off(const struct relation_index *index)
{
    return index->options != NULL && (strstr(index->options, "deduplicate_items=off") ||
                                      strstr(index->options, "deduplicate_items=false") ||
                                      strstr(index->options, "deduplicate_items=no") ||
                                      strstr(index->options, "deduplicate_items=0"));
}

/* As _bt_allequalimage() and _bt_load() decide when an index is built (nbtutils.c, nbtsort.c). */
static bool deduplicates(const struct relations *relations, const struct relation_index *index,
                         GHashTable *equal, GHashTable *unequal)
{
    const struct relation_key *keys = relations_keys(relations, index);

    if (strcmp(index->method, "btree") != 0 || index->unique ||
        index->all_count > index->key_count || turned_off(index) ||
        relations_table_of(relations, index)->system)
        return false;
    for (gint16 i = 0; i < index->key_count; i++)
        if (!g_hash_table_contains(equal, GUINT_TO_POINTER(keys[i].opclass)) ||
            g_hash_table_contains(unequal, GUINT_TO_POINTER(keys[i].collation)))
            return false;
    return true;
}

static bool read_deduplication(struct session *session, struct relations *relations,
                               GError **error)
{
    g_autoptr(GHashTable) equal = g_hash_table_new(NULL, NULL);
    g_autoptr(GHashTable) unequal = g_hash_table_new(NULL, NULL);
    AUTO(rows) rows = session_query(session, &query_relations_equal_image, NULL, error);

    if (rows == NULL)
        return false;
    for (int i = 0; i < rows_count(rows); i++) {
        guint oid = (guint) rows_int(rows, i, RELATIONS_EQUAL_IMAGE_OID);
        bool collation = rows_bool(rows, i, RELATIONS_EQUAL_IMAGE_IS_COLLATION);
        g_hash_table_add(collation ? unequal : equal, GUINT_TO_POINTER(oid));
    }
    for (guint i = 0; i < relations->indexes->len; i++) {
        struct relation_index *index = relations_index(relations, i);
        index->deduplicates = deduplicates(relations, index, equal, unequal);
    }
    return true;
}

/* "{1,2}": those of the snapshot. Caller frees. */
static char *toast_tables(const struct relations *relations)
{
    g_autoptr(GArray) oids = g_array_new(FALSE, FALSE, sizeof(guint));

    for (guint i = 0; i < relations->tables->len; i++) {
        const struct relation_table *table = relations_table(relations, i);
        if (table->kind == 't')
            g_array_append_val(oids, table->oid);
    }
    return relations_oid_list((const guint *) (gpointer) oids->data, oids->len);
}

bool relations_read_indexes(struct session *session, struct relations *relations,
                            const char *system, GError **error)
{
    g_autofree char *toasts = toast_tables(relations);
    const char *const values[] = {system, toasts};

    if (!session_each(session, &query_relations_indexes, values, add_index, relations, error))
        return false;
    relations_settle_indexes(relations);
    return session_each(session, &query_relations_index_extras, NULL, add_extras, relations,
                        error) &&
           read_deduplication(session, relations, error);
}
