/* Asking, before and after a statement. */
#include "migrations_queries.h"
#include "rehearse/trace_private.h"

/* ---- relations that were there before ------------------------------------------------------ */

static void relation_free(gpointer data)
{
    struct trace_relation *relation = data;

    g_free(relation->schema);
    g_free(relation->name);
    g_free(relation);
}

/* What has a file that matters. */
static bool has_file(const struct trace_relation *relation)
{
    return relation->kind == 'r' || relation->kind == 'm' || relation->kind == 'i';
}

static void take_relation(const struct rows *rows, gpointer data)
{
    struct trace_measure *measure = data;
    struct trace_relation *relation = g_new0(struct trace_relation, 1);

    relation->oid = (guint32) rows_int(rows, 0, MIGRATIONS_TRACE_RELATIONS_OID);
    relation->schema = g_strdup(rows_text(rows, 0, MIGRATIONS_TRACE_RELATIONS_SCHEMA));
    relation->name = g_strdup(rows_text(rows, 0, MIGRATIONS_TRACE_RELATIONS_NAME));
    relation->kind = rows_text(rows, 0, MIGRATIONS_TRACE_RELATIONS_KIND)[0];
    relation->filenode = (guint32) rows_int(rows, 0, MIGRATIONS_TRACE_RELATIONS_FILENODE);
    relation->bytes = rows_int(rows, 0, MIGRATIONS_TRACE_RELATIONS_BYTES);
    relation->index_bytes = rows_int(rows, 0, MIGRATIONS_TRACE_RELATIONS_INDEX_BYTES);
    relation->heap_bytes = rows_int(rows, 0, MIGRATIONS_TRACE_RELATIONS_HEAP_BYTES);
    relation->table = (guint32) rows_int(rows, 0, MIGRATIONS_TRACE_RELATIONS_TABLE_OID);
    g_hash_table_insert(measure->relations, GUINT_TO_POINTER(relation->oid), relation);
}

static char *oids_of(const struct trace_measure *measure)
{
    GString *list = g_string_new("{");
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, measure->relations);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const struct trace_relation *relation = value;
        if (has_file(relation))
            g_string_append_printf(list, "%s%u", list->len > 1 ? "," : "", relation->oid);
    }
    g_string_append_c(list, '}');
    return g_string_free(list, FALSE);
}

bool trace_measure_open(struct trace_measure *measure, struct session *session,
                        struct session *observer, bool off, GError **error)
{
    *measure = (struct trace_measure){
        .session = session,
        .observer = observer,
        .off = off,
        .relations = g_hash_table_new_full(g_direct_hash, g_direct_equal, NULL, relation_free),
    };
    g_snprintf(measure->pid, sizeof measure->pid, "%d", session_pid(session));
    if (off)
        return true;
    if (!session_each(observer, &query_migrations_trace_relations, NULL, take_relation, measure,
                      error))
        return false;
    measure->oids = oids_of(measure);
    return true;
}

void trace_measure_close(struct trace_measure *measure)
{
    g_clear_pointer(&measure->relations, g_hash_table_unref);
    g_clear_pointer(&measure->oids, g_free);
}

/* ---- what a statement did ------------------------------------------------------------------ */

static struct rows *counters(struct trace_measure *measure, GError **error)
{
    const char *const values[] = {measure->oids};

    return session_query(measure->session, &query_migrations_trace_counters, values, error);
}

static struct trace_relation *relation_at(const struct trace_measure *measure,
                                          const struct rows *rows, int row, int column)
{
    guint32 oid = (guint32) rows_int(rows, row, column);

    return g_hash_table_lookup(measure->relations, GUINT_TO_POINTER(oid));
}

bool trace_measure_begin(struct trace_measure *measure, GError **error)
{
    if (measure->begun || measure->off)
        return true;
    AUTO(rows) rows = counters(measure, error);
    for (int i = 0; rows != NULL && i < rows_count(rows); i++) {
        struct trace_relation *relation =
            relation_at(measure, rows, i, MIGRATIONS_TRACE_COUNTERS_OID);
        if (relation == NULL)
            continue;
        relation->scans = rows_int(rows, i, MIGRATIONS_TRACE_COUNTERS_SCANS);
        relation->tuples = rows_int(rows, i, MIGRATIONS_TRACE_COUNTERS_TUPLES);
    }
    measure->begun = rows != NULL;
    return rows != NULL;
}

static struct trace_lock *lock_new(const struct trace_relation *relation)
{
    struct trace_lock *lock = g_new0(struct trace_lock, 1);

    *lock = (struct trace_lock){.oid = relation->oid,
                                .schema = g_strdup(relation->schema),
                                .relation = g_strdup(relation->name),
                                .kind = relation->kind,
                                .mode = relation->held,
                                .bytes = relation->bytes,
                                .index_bytes = relation->index_bytes};
    return lock;
}

static struct trace_lock *lock_on(struct trace_statement *statement,
                                  const struct trace_relation *relation)
{
    for (guint i = 0; i < statement->locks->len; i++) {
        struct trace_lock *lock = statement->locks->pdata[i];
        if (lock->oid == relation->oid)
            return lock;
    }
    struct trace_lock *lock = lock_new(relation);
    g_ptr_array_add(statement->locks, lock);
    return lock;
}

/* Locks that are stronger than what was held before this statement. */
static bool read_locks(struct trace_measure *measure, struct trace_statement *statement,
                       GError **error)
{
    const char *const values[] = {measure->pid};
    AUTO(rows)
    rows = session_query(measure->observer, &query_migrations_trace_locks, values, error);

    for (int i = 0; rows != NULL && i < rows_count(rows); i++) {
        struct trace_relation *relation =
            relation_at(measure, rows, i, MIGRATIONS_TRACE_LOCKS_OID);
        enum ddl_lock_mode mode = ddl_lock_of(rows_text(rows, i, MIGRATIONS_TRACE_LOCKS_MODE));
        if (relation == NULL || mode <= relation->held)
            continue;
        relation->held = mode;
        struct trace_lock *lock = lock_on(statement, relation);
        lock->mode = mode;
        lock->new_here = true;
    }
    return rows != NULL;
}

/* A new file with nothing in it, where there was something and nobody has read it, is TRUNCATE's:
 * that costs nothing. (Its indexes are built anew, from nothing.) */
static bool judge_file(struct trace_measure *measure, const struct trace_relation *relation,
                       bool read, struct trace_statement *statement, enum ddl_effect *ret_work,
                       GError **error)
{
    g_autofree char *oid = g_strdup_printf("%u", relation->oid);
    const char *const values[] = {oid};
    AUTO(rows)
    rows = session_query(measure->session, &query_migrations_trace_sizes, values, error);

    if (rows == NULL)
        return false;
    bool full = rows_int(rows, 0, MIGRATIONS_TRACE_SIZES_BYTES) > 0;
    *ret_work = read || full ? DDL_EFFECT_REWRITE : DDL_EFFECT_METADATA;
    if (*ret_work == DDL_EFFECT_REWRITE)
        statement->rewritten_bytes += rows_int(rows, 0, MIGRATIONS_TRACE_SIZES_TOTAL_BYTES);
    return true;
}

static void note_work(struct trace_statement *statement, const struct trace_relation *relation,
                      enum ddl_effect work)
{
    if (work == DDL_EFFECT_NONE)
        return;
    lock_on(statement, relation)->work = work;
    /* A query that reads all of a table blocks nobody: what counts is work under a lock that others
     * wait for. */
    if (relation->held >= DDL_SHARE_UPDATE_EXCLUSIVE)
        statement->effect = MAX(statement->effect, work);
}

/* What was done on one table. */
static bool judge_table(struct trace_measure *measure, struct trace_relation *relation,
                        const struct rows *rows, int row, struct trace_statement *statement,
                        GError **error)
{
    guint32 filenode = (guint32) rows_int(rows, row, MIGRATIONS_TRACE_COUNTERS_FILENODE);
    gint64 scans = rows_int(rows, row, MIGRATIONS_TRACE_COUNTERS_SCANS) - relation->scans;
    gint64 tuples = rows_int(rows, row, MIGRATIONS_TRACE_COUNTERS_TUPLES) - relation->tuples;
    bool renewed = filenode != 0 && filenode != relation->filenode;
    bool read = tuples > 0 || (scans > 0 && relation->heap_bytes == 0);
    enum ddl_effect work = scans > 0 ? DDL_EFFECT_SCAN : DDL_EFFECT_NONE;

    relation->scans += scans;
    relation->tuples += tuples;
    statement->scanned_rows += MAX(tuples, 0);
    statement->scanned_bytes += MAX(scans, 0) * relation->bytes;
    if (scans > 0 || renewed)
        relation->touched = statement->number + 1;
    if (renewed && !judge_file(measure, relation, read, statement, &work, error))
        return false;
    if (filenode != 0)
        relation->filenode = filenode;
    note_work(statement, relation, work);
    return true;
}

/* A few entries are found in a large index as fast as in a small one; how many more than this are found
 * grows with the table. */
enum { LOOK_UP = 10 };

/* Rows of a table that are read through its index. */
static void note_read(struct trace_relation *index, const struct trace_relation *table,
                      const struct rows *rows, int row, struct trace_statement *statement)
{
    gint64 entries = rows_int(rows, row, MIGRATIONS_TRACE_COUNTERS_TUPLES) - index->tuples;

    index->tuples += entries;
    if (entries > LOOK_UP && table != NULL)
        lock_on(statement, table)->read = true;
}

/* An index with another file is built from its table, which was read for it then; or, where it was
 * not, copied. */
static bool judge_index(struct trace_measure *measure, struct trace_relation *relation,
                        const struct rows *rows, int row, struct trace_statement *statement,
                        GError **error)
{
    guint32 filenode = (guint32) rows_int(rows, row, MIGRATIONS_TRACE_COUNTERS_FILENODE);
    const struct trace_relation *table =
        g_hash_table_lookup(measure->relations, GUINT_TO_POINTER(relation->table));
    bool renewed = filenode != 0 && filenode != relation->filenode;
    enum ddl_effect work = DDL_EFFECT_NONE;

    note_read(relation, table, rows, row, statement);
    if (filenode != 0)
        relation->filenode = filenode;
    if (!renewed || (table != NULL && table->touched == statement->number + 1))
        return true;
    if (!judge_file(measure, relation, true, statement, &work, error))
        return false;
    note_work(statement, relation, work);
    return true;
}

/* Tables first: what happened to them says what happened to their indexes. */
static bool judge_all(struct trace_measure *measure, const struct rows *rows, bool indexes,
                      struct trace_statement *statement, GError **error)
{
    for (int i = 0; i < rows_count(rows); i++) {
        struct trace_relation *relation =
            relation_at(measure, rows, i, MIGRATIONS_TRACE_COUNTERS_OID);
        if (relation == NULL || (relation->kind == 'i') != indexes)
            continue;
        if (!(indexes ? judge_index : judge_table)(measure, relation, rows, i, statement,
                                                   error))
            return false;
    }
    return true;
}

bool trace_measure_end(struct trace_measure *measure, struct trace_statement *statement,
                       GError **error)
{
    if (measure->off)
        return true;
    if (!read_locks(measure, statement, error))
        return false;
    for (guint i = 0; i < statement->locks->len; i++) {
        struct trace_lock *lock = statement->locks->pdata[i];
        if (lock->mode >= DDL_SHARE_UPDATE_EXCLUSIVE)
            statement->effect = MAX(statement->effect, DDL_EFFECT_METADATA);
        lock->work =
            lock->mode >= DDL_SHARE_UPDATE_EXCLUSIVE ? DDL_EFFECT_METADATA : lock->work;
    }
    AUTO(rows) rows = counters(measure, error);
    return rows != NULL && judge_all(measure, rows, false, statement, error) &&
           judge_all(measure, rows, true, statement, error);
}

bool trace_measure_position(struct trace_measure *measure, gint64 *ret_position, GError **error)
{
    *ret_position = 0;
    if (measure->off)
        return true;
    AUTO(rows)
    rows = session_query(measure->observer, &query_migrations_trace_wal, NULL, error);

    if (rows != NULL)
        *ret_position = rows_int(rows, 0, MIGRATIONS_TRACE_WAL_POSITION);
    return rows != NULL;
}

void trace_measure_over(struct trace_measure *measure)
{
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, measure->relations);
    while (g_hash_table_iter_next(&iter, NULL, &value))
        ((struct trace_relation *) value)->held = DDL_LOCK_NONE;
    measure->begun = false;
}

double trace_measure_waited(struct trace_measure *measure)
{
    const char *const values[] = {measure->pid};
    AUTO(rows)
    rows = session_query(measure->observer, &query_migrations_trace_waits, values, NULL);

    return rows != NULL && rows_count(rows) > 0
               ? rows_real(rows, 0, MIGRATIONS_TRACE_WAITS_WAITED_MS)
               : 0;
}
