/* Rows into the snapshot: tables, foreign keys, locks, builds. */
#include "relations/relations.h"
#include "relations/relations_private.h"
#include "relations_queries.h"

#include <string.h>

enum { DEFAULT_FILLFACTOR = 100 };

int relations_option(const char *options, const char *name, int fallback)
{
    gsize length = strlen(name);

    for (const char *at = options; at != NULL && *at != '\0'; at = strchr(at, ' ')) {
        at += *at == ' ';
        if (strncmp(at, name, length) == 0 && at[length] == '=')
            return (int) g_ascii_strtoll(at + length + 1, NULL, 10);
    }
    return fallback;
}

guint relations_numbers(const char *text, gint64 *ret_numbers, guint most)
{
    guint count = 0;

    while (text != NULL && *text != '\0' && count < most) {
        char *end;
        gint64 number = g_ascii_strtoll(text, &end, 10);
        if (end == text)
            break;
        ret_numbers[count++] = number;
        text = end;
    }
    return count;
}

static guint oid_of(const struct rows *row, int column)
{
    return (guint) rows_int(row, 0, column);
}

static char letter_of(const struct rows *row, int column)
{
    const char *text = rows_text(row, 0, column);

    return text == NULL ? '\0' : text[0];
}

static void add_table(const struct rows *row, gpointer data)
{
    struct relations *relations = data;
    const char *options = rows_text(row, 0, RELATIONS_TABLES_OPTIONS);
    struct relation_table table = {
        .oid = oid_of(row, RELATIONS_TABLES_OID),
        .toast = oid_of(row, RELATIONS_TABLES_TOAST),
        .parent = oid_of(row, RELATIONS_TABLES_PARENT),
        .filenode = oid_of(row, RELATIONS_TABLES_FILENODE),
        .kind = letter_of(row, RELATIONS_TABLES_KIND),
        .persistence = letter_of(row, RELATIONS_TABLES_PERSISTENCE),
        .system = rows_bool(row, 0, RELATIONS_TABLES_SYSTEM),
        .readable = rows_bool(row, 0, RELATIONS_TABLES_READABLE),
        .fillfactor = (gint16) relations_option(options, "fillfactor", DEFAULT_FILLFACTOR),
        .schema = g_string_chunk_insert_const(relations->texts,
                                              rows_text(row, 0, RELATIONS_TABLES_SCHEMA)),
        .name =
            g_string_chunk_insert(relations->texts, rows_text(row, 0, RELATIONS_TABLES_NAME)),
        .pages = MAX(rows_int(row, 0, RELATIONS_TABLES_PAGES), 0), /* -1: a parent */
        .tuples = rows_real(row, 0, RELATIONS_TABLES_TUPLES),
        .live = rows_int(row, 0, RELATIONS_TABLES_LIVE),
        .dead = rows_int(row, 0, RELATIONS_TABLES_DEAD),
        .changed = rows_int(row, 0, RELATIONS_TABLES_CHANGED),
        .inserted = rows_int(row, 0, RELATIONS_TABLES_INSERTED),
        .updated = rows_int(row, 0, RELATIONS_TABLES_UPDATED),
        .deleted = rows_int(row, 0, RELATIONS_TABLES_DELETED),
        .ever_inserted = rows_int(row, 0, RELATIONS_TABLES_EVER_INSERTED),
        .counted = rows_bool(row, 0, RELATIONS_TABLES_EVER_COUNTED),
        .last_vacuum = rows_int(row, 0, RELATIONS_TABLES_LAST_VACUUM),
        .last_autovacuum = rows_int(row, 0, RELATIONS_TABLES_LAST_AUTOVACUUM),
        .last_analyze = rows_int(row, 0, RELATIONS_TABLES_LAST_ANALYZE),
    };

    relations->not_readable += !table.readable;
    g_array_append_val(relations->tables, table);
}

static void add_foreign_key(const struct rows *row, gpointer data)
{
    struct relations *relations = data;
    const struct relation_table *table =
        relations_find_table(relations, oid_of(row, RELATIONS_FOREIGN_KEYS_RELATION));
    const struct relation_table *referenced =
        relations_find_table(relations, oid_of(row, RELATIONS_FOREIGN_KEYS_REFERENCED));
    struct relation_foreign_key key = {0};
    gint64 numbers[G_N_ELEMENTS(key.columns)];

    if (table == NULL || referenced == NULL)
        return;
    key.name =
        g_string_chunk_insert(relations->texts, rows_text(row, 0, RELATIONS_FOREIGN_KEYS_NAME));
    key.column_names = g_string_chunk_insert(
        relations->texts, rows_text(row, 0, RELATIONS_FOREIGN_KEYS_COLUMN_NAMES));
    key.table = (guint) (table - relations_table(relations, 0));
    key.referenced = (guint) (referenced - relations_table(relations, 0));
    key.inherited = rows_bool(row, 0, RELATIONS_FOREIGN_KEYS_INHERITED);
    key.count = (gint16) relations_numbers(rows_text(row, 0, RELATIONS_FOREIGN_KEYS_COLUMNS),
                                           numbers, G_N_ELEMENTS(numbers));
    for (gint16 i = 0; i < key.count; i++)
        key.columns[i] = (gint16) numbers[i];
    g_array_append_val(relations->foreign_keys, key);
}

static void add_build(const struct rows *row, gpointer data)
{
    struct relations *relations = data;
    struct relation_build build = {
        .pid = (int) rows_int(row, 0, RELATIONS_BUILDS_PID),
        .table = oid_of(row, RELATIONS_BUILDS_TABLE_OID),
        .index = oid_of(row, RELATIONS_BUILDS_INDEX_OID),
    };

    g_array_append_val(relations->builds, build);
}

/* A lock on an index or on a TOAST table keeps its table from being worked with as well. */
static void note_lock(const struct rows *row, gpointer data)
{
    struct relations *relations = data;
    guint oid = oid_of(row, RELATIONS_LOCKS_RELATION);
    const char *holder =
        g_string_chunk_insert(relations->texts, rows_text(row, 0, RELATIONS_LOCKS_HOLDER));
    const struct relation_index *index = relations_find_index(relations, oid);
    struct relation_table *table = index != NULL ? relations_table_of(relations, index)
                                                 : relations_find_table(relations, oid);

    if (table != NULL && table->owner != 0)
        table = relations_find_table(relations, table->owner);
    if (table == NULL)
        return;
    table->locked = holder;
    struct relation_table *toast = relations_find_table(relations, table->toast);
    if (toast != NULL)
        toast->locked = holder;
}

static void note_invalid(const struct rows *row, gpointer data)
{
    struct relation_index *index =
        relations_find_index(data, oid_of(row, RELATIONS_STILL_INVALID_OID));

    if (index != NULL)
        index->passing = false;
}

/* An index whose build ended after the indexes were read, and before the builds were, was invalid
 * and nobody built it. Only one that is invalid still, now that the builds are known, is the rest
 * of one. */
static bool look_again(struct session *session, struct relations *relations, GError **error)
{
    g_autoptr(GArray) oids = g_array_new(FALSE, FALSE, sizeof(guint));

    for (guint i = 0; i < relations->indexes->len; i++) {
        struct relation_index *index = relations_index(relations, i);
        index->passing = !index->valid || !index->ready || !index->live;
        if (index->passing)
            g_array_append_val(oids, index->oid);
    }
    if (oids->len == 0)
        return true;
    g_autofree char *list =
        relations_oid_list((const guint *) (gpointer) oids->data, oids->len);
    return session_each(session, &query_relations_still_invalid, (const char *const[]){list},
                        note_invalid, relations, error);
}

static bool read_server(struct session *session, struct relations *relations, GError **error)
{
    AUTO(rows) rows = session_query(session, &query_relations_server, NULL, error);
    if (rows == NULL)
        return false;
    relations->block_size = (int) rows_int(rows, 0, RELATIONS_SERVER_BLOCK_SIZE);
    relations->now = rows_int(rows, 0, RELATIONS_SERVER_NOW);
    relations->stats_reset_us = rows_int(rows, 0, RELATIONS_SERVER_STATS_RESET_US);
    relations->in_recovery = rows_bool(rows, 0, RELATIONS_SERVER_IN_RECOVERY);
    relations->sees_all = rows_bool(rows, 0, RELATIONS_SERVER_SEES_ALL);
    relations->all_statistics = rows_bool(rows, 0, RELATIONS_SERVER_ALL_STATISTICS);
    relations->counting = rows_bool(rows, 0, RELATIONS_SERVER_COUNTING);
    return true;
}

/* By default a backend copies the counters of everything it is asked about, which takes tens of
 * megabytes for a large catalog, and time. Before 15 there is no choice. */
static bool keep_no_counters(struct session *session, GError **error)
{
    return session_version(session) < 150000 ||
           session_command(session, "SET stats_fetch_consistency = none", error);
}

static bool read_tables(struct session *session, struct relations *relations,
                        const char *system, GError **error)
{
    const char *const values[] = {system};

    if (!keep_no_counters(session, error) || !read_server(session, relations, error) ||
        !session_each(session, &query_relations_tables, values, add_table, relations, error))
        return false;
    relations_settle_tables(relations);
    return true;
}

static bool read_rest(struct session *session, struct relations *relations, const char *system,
                      unsigned want, GError **error)
{
    if (!relations_read_indexes(session, relations, system, error))
        return false;
    if (want & RELATIONS_FOREIGN_KEYS && !session_each(session, &query_relations_foreign_keys,
                                                       NULL, add_foreign_key, relations, error))
        return false;
    return session_each(session, &query_relations_builds, NULL, add_build, relations, error) &&
           look_again(session, relations, error) &&
           session_each(session, &query_relations_locks, NULL, note_lock, relations, error);
}

struct relations *relations_read(struct session *session, unsigned want, GError **error)
{
    AUTO(relations) relations = relations_new();
    const char *system = want & RELATIONS_SYSTEM ? "t" : "f";

    if (!read_tables(session, relations, system, error))
        return NULL;
    struct relations_meanwhile *columns =
        want & RELATIONS_COLUMNS ? relations_columns_begin(session, relations) : NULL;
    bool done = read_rest(session, relations, system, want, error);
    relations_columns_end(columns, relations);
    return done ? g_steal_pointer(&relations) : NULL;
}
