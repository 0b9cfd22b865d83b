/*
 * The indexes of a sampled table: the same ones on the copy. Each in a savepoint of its own, so
 * that one that cannot be made costs no other its number.
 */
#include "bloat_queries.h"
#include "bloat_sample.h"

#include <string.h>

enum groups_column {
    GROUPS_UNITS,
    GROUPS_GROUPS,
    GROUPS_ROWS,
    GROUPS_BYTES,
    GROUPS_LEAST,
    GROUPS_MOST,
};

static struct bloat_object *object_of(const struct bloat_sample_turn *turn, guint oid)
{
    for (guint i = 0; i < turn->count; i++) {
        struct bloat_object *object =
            &g_array_index(turn->state->objects, struct bloat_object, turn->first + i);
        if (object->kind == BLOAT_INDEX && object->oid == oid)
            return object;
    }
    return NULL;
}

static bool pages_of(struct session *session, const char *relation, gint64 *ret_pages,
                     GError **error)
{
    AUTO(rows)
    rows = session_query(session, &query_bloat_sample_sizes, (const char *const[]){relation},
                         error);

    if (rows != NULL && rows_count(rows) > 0)
        *ret_pages = rows_int(rows, 0, BLOAT_SAMPLE_SIZES_PAGES);
    return rows != NULL;
}

static bool read_groups(const struct bloat_sample_turn *turn,
                        const struct bloat_sample_index *made, struct bloat_tree *tree,
                        GError **error)
{
    g_autofree char *sql = bloat_sample_sql_groups(made);
    AUTO(rows) rows = bloat_sample_ask(turn->session, sql, error);
    gint64 least = G_MAXINT64, most = 0;

    for (int i = 0; rows != NULL && i < rows_count(rows); i++) {
        struct bloat_group group = {
            .units = rows_real(rows, i, GROUPS_UNITS),
            .groups = rows_real(rows, i, GROUPS_GROUPS),
            .rows = rows_real(rows, i, GROUPS_ROWS),
            .bytes = rows_real(rows, i, GROUPS_BYTES),
        };
        least = MIN(least, rows_int(rows, i, GROUPS_LEAST));
        most = MAX(most, rows_int(rows, i, GROUPS_MOST));
        if (group.rows > 0)
            g_array_append_val(tree->seen, group);
    }
    tree->even = least == most;
    return rows != NULL;
}

/* Entries of a partial index, by the server's counts. */
static double counted_entries(const struct relation_table *table,
                              const struct relation_index *index, double rows)
{
    if (index->predicate == NULL || index->tuples < 0 || table->tuples <= 0)
        return -1;
    return index->tuples / table->tuples * rows;
}

static bool measure(const struct bloat_sample_turn *turn,
                    const struct bloat_judgement *judgement, const struct relation_index *index,
                    const struct bloat_sample_index *made, struct bloat_object *object,
                    GError **error)
{
    g_autofree char *sql = bloat_sample_sql_index(made);
    g_autofree char *oid = g_strdup_printf("%u", index->oid);
    g_autoptr(GArray) seen = g_array_new(FALSE, FALSE, sizeof(struct bloat_group));
    gint64 now = 0;
    struct space_pages needed;
    struct bloat_tree tree = {
        .block_size = turn->state->relations->block_size,
        .fillfactor = index->fillfactor,
        .deduplicates = index->deduplicates,
        .partial = index->predicate != NULL,
        .seen = seen,
        .counted = counted_entries(turn->table, index, judgement->rows),
    };

    if (!pages_of(turn->session, oid, &now, error) ||
        !session_command(turn->session, sql, error) ||
        !pages_of(turn->session, "pg_temp." BLOAT_SAMPLE_INDEX, &tree.pages, error) ||
        (judgement->read < 1 && !read_groups(turn, made, &tree, error)))
        return false;
    if (bloat_sample_tree(&tree, judgement, &needed))
        bloat_sample_set(turn, object, now, &needed);
    else
        bloat_sample_keep(object, BLOAT_NOTE_BUDGET,
                          "none of its entries was met in the sample");
    return true;
}

/* Whatever happened inside, outside nothing has. */
static bool in_savepoint(const struct bloat_sample_turn *turn,
                         const struct bloat_judgement *judgement,
                         const struct relation_index *index,
                         const struct bloat_sample_index *made, struct bloat_object *object,
                         GError **error)
{
    g_autoptr(GError) failure = NULL;

    if (!session_command(turn->session, "SAVEPOINT pgrunbook_index", error))
        return false;
    if (!measure(turn, judgement, index, made, object, &failure)) {
        if (bloat_sample_fatal(failure)) {
            g_propagate_error(error, g_steal_pointer(&failure));
            return false;
        }
        bloat_sample_keep(object, object->note, failure->message);
    }
    return session_command(turn->session, "ROLLBACK TO SAVEPOINT pgrunbook_index", error) &&
           session_command(turn->session, "RELEASE SAVEPOINT pgrunbook_index", error);
}

/* What keeps an index from being made on the copy; false: nothing. */
static bool barred(const struct relation_index *index, const struct bloat_sample_index *made,
                   bool trusted, double read, struct bloat_object *object)
{
    if (strcmp(index->method, "btree") != 0 && read < 1)
        bloat_sample_keep(object, BLOAT_NOTE_METHOD, NULL);
    else if (!trusted)
        bloat_sample_keep(object, BLOAT_NOTE_RIGHT,
                          "its expressions call functions that are not the server's own, and "
                          "the table belongs to another role");
    else if (made->tail == NULL)
        bloat_sample_keep(object, object->note, "its definition is not understood");
    else
        return false;
    return true;
}

static bool own_indexes(const struct bloat_sample_turn *turn,
                        const struct bloat_judgement *judgement, GError **error)
{
    g_autofree char *oid = g_strdup_printf("%u", turn->table->oid);
    AUTO(rows)
    rows = session_query(turn->session, &query_bloat_sample_indexes, (const char *const[]){oid},
                         error);

    for (int i = 0; rows != NULL && i < rows_count(rows); i++) {
        guint index_oid = (guint) rows_int(rows, i, BLOAT_SAMPLE_INDEXES_OID);
        struct bloat_object *object = object_of(turn, index_oid);
        const struct relation_index *index =
            relations_find_index(turn->state->relations, index_oid);
        if (object == NULL || index == NULL)
            continue;
        struct bloat_sample_index made = {
            .tail = rows_text(rows, i, BLOAT_SAMPLE_INDEXES_TAIL),
            .keys = rows_text(rows, i, BLOAT_SAMPLE_INDEXES_KEYS),
            .columns = rows_text(rows, i, BLOAT_SAMPLE_INDEXES_COLUMNS),
            .predicate = rows_text(rows, i, BLOAT_SAMPLE_INDEXES_PREDICATE),
            .column_count = (int) rows_int(rows, i, BLOAT_SAMPLE_INDEXES_COLUMN_COUNT),
            .unique = index->unique,
            .deduplicates = index->deduplicates,
        };
        bool trusted = rows_bool(rows, i, BLOAT_SAMPLE_INDEXES_TRUSTED);
        if (!barred(index, &made, trusted, judgement->read, object) &&
            !in_savepoint(turn, judgement, index, &made, object, error))
            return false;
    }
    return rows != NULL;
}

/* The one index of the TOAST table: all of its entries have the same size. */
static bool toast_index(const struct bloat_sample_turn *turn,
                        const struct bloat_judgement *judgement, GError **error)
{
    if (turn->toast == NULL || turn->toast->index_count == 0 ||
        judgement->toast_index.pages < 1)
        return true;
    const struct relation_index *index =
        relations_index(turn->state->relations, turn->toast->first_index);
    struct bloat_object *object = object_of(turn, index->oid);
    g_autofree char *oid = g_strdup_printf("%u", index->oid);
    gint64 now = 0;
    if (object == NULL)
        return true;
    if (!pages_of(turn->session, oid, &now, error))
        return false;
    bloat_sample_set(turn, object, now, &judgement->toast_index);
    return true;
}

bool bloat_sample_indexes(const struct bloat_sample_turn *turn,
                          const struct bloat_judgement *judgement, GError **error)
{
    return own_indexes(turn, judgement, error) && toast_index(turn, judgement, error);
}
