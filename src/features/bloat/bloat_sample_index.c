/*
 * The indexes of a sampled table: the same ones on the copy. Each in a savepoint of its own, so
 * that one that cannot be made costs no other its number.
 */
#include "bloat_queries.h"
#include "bloat_sample.h"

#include <string.h>

/* Statistics of a table of which more has changed are not asked. */
static const double CHANGED_PART = 0.1;

/* Entries that share tuples take less than this part of what they would take each by itself. */
static const double SHARING_PART = 0.6;

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
        if (rows_int(rows, i, GROUPS_UNITS) == 0) {
            tree->company = rows_real(rows, i, GROUPS_GROUPS);
            tree->company_squares = rows_real(rows, i, GROUPS_ROWS);
            continue;
        }
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

/* Distinct keys by the statistics, as long as they still hold: of one column of all rows. */
static double distinct_keys(const struct bloat_sample_turn *turn,
                            const struct relation_index *index, double rows)
{
    const struct relations *relations = turn->state->relations;
    const struct relation_table *table = turn->table;
    const struct relation_key *keys = relations_keys(relations, index);
    const struct space_column *column =
        index->key_count == 1 ? relations_column(relations, table, keys[0].column) : NULL;

    if (column == NULL || !column->known || index->predicate != NULL ||
        table->last_analyze == 0 || (double) table->changed > CHANGED_PART * rows)
        return 0;
    double distinct =
        column->distinct < 0 ? -(double) column->distinct * rows : (double) column->distinct;
    return distinct + (column->null_fraction > 0 ? 1 : 0);
}

/* ---- do equal keys share tuples? ------------------------------------------------------------- */

static char *classes_of(const struct relations *relations, const struct relation_index *index)
{
    const struct relation_key *keys = relations_keys(relations, index);
    GString *list = g_string_new(NULL);

    for (gint16 i = 0; i < index->key_count; i++)
        g_string_append_printf(list, "%u/%u ", keys[i].opclass, keys[i].collation);
    return g_string_free(list, FALSE);
}

/* The catalogs do not tell all: minor releases have taken types from the list (interval, then
 * char), and an index that is built from then on is larger. So it is tried out once. */
static bool probe(const struct bloat_sample_turn *turn, const struct bloat_sample_index *made,
                  double entry_bytes, bool *ret_shares, GError **error)
{
    g_autofree char *table = bloat_sample_sql_probe(made);
    g_autofree char *sql = bloat_sample_sql_index(made, true);
    int block_size = turn->state->relations->block_size;
    gint64 pages = 0;

    if (!session_command(turn->session, "SAVEPOINT pgrunbook_probe", error) ||
        !session_command(turn->session, table, error) ||
        !session_command(turn->session, sql, error) ||
        !pages_of(turn->session, "pg_temp." BLOAT_SAMPLE_PROBE_INDEX, &pages, error) ||
        !session_command(turn->session, "ROLLBACK TO SAVEPOINT pgrunbook_probe", error))
        return false;
    *ret_shares =
        (double) pages < SHARING_PART * BLOAT_SAMPLE_PROBE_ROWS * entry_bytes / block_size + 2;
    return true;
}

static bool shares_tuples(const struct bloat_sample_turn *turn,
                          const struct relation_index *index,
                          const struct bloat_sample_index *made, const struct bloat_tree *tree,
                          bool *ret_shares, GError **error)
{
    g_autofree char *classes = classes_of(turn->state->relations, index);
    int known = GPOINTER_TO_INT(g_hash_table_lookup(turn->sharing, classes));
    double rows = 0, bytes = 0;

    *ret_shares = known == 1;
    for (guint i = 0; i < tree->seen->len; i++) {
        rows += g_array_index(tree->seen, struct bloat_group, i).rows;
        bytes += g_array_index(tree->seen, struct bloat_group, i).bytes;
    }
    if (known != 0 || rows <= 0)
        return true;
    if (!probe(turn, made, bytes / rows, ret_shares, error))
        return false;
    g_hash_table_insert(turn->sharing, g_steal_pointer(&classes),
                        GINT_TO_POINTER(*ret_shares ? 1 : 2));
    return true;
}

/* ---- one index --------------------------------------------------------------------------------- */

static bool look_at(const struct bloat_sample_turn *turn,
                    const struct bloat_judgement *judgement, const struct relation_index *index,
                    const struct bloat_sample_index *made, struct bloat_tree *tree,
                    GError **error)
{
    g_autofree char *sql = bloat_sample_sql_index(made, false);

    if (!session_command(turn->session, sql, error) ||
        !pages_of(turn->session, "pg_temp." BLOAT_SAMPLE_INDEX, &tree->pages, error))
        return false;
    if (judgement->read >= 1)
        return true;
    return read_groups(turn, made, tree, error) &&
           (!tree->deduplicates ||
            shares_tuples(turn, index, made, tree, &tree->deduplicates, error));
}

static bool measure(const struct bloat_sample_turn *turn,
                    const struct bloat_judgement *judgement, const struct relation_index *index,
                    const struct bloat_sample_index *made, struct bloat_object *object,
                    GError **error)
{
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
        .distinct = distinct_keys(turn, index, judgement->rows),
        .blocks = judgement->blocks,
    };

    if (!pages_of(turn->session, oid, &now, error) ||
        !look_at(turn, judgement, index, made, &tree, error))
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
    /* The buckets of a hash index come in powers of two, for as many rows as the server guesses
     * the table to have (_hash_init): of the table, not of a copy. */
    bool hash = strcmp(index->method, "hash") == 0;
    if (hash || (strcmp(index->method, "btree") != 0 && read < 1))
        return true; /* whatever the estimate has to say of it */
    if (!trusted)
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
