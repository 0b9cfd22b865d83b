/* What has to be asked of relations one by one, because the server locks each for the answer: in
 * chunks, with those passed over that somebody keeps locked. */
#include "relations/relations.h"
#include "relations_queries.h"

enum {
    CHUNK = 500,
    RECONNECT_AFTER = 4000, /* definitions: the backend keeps about 6 kB for each */
};

/* Between the look at pg_locks and the lock of our own somebody may have come in between. */
static bool be_impatient(struct session *session, bool impatient, GError **error)
{
    return session_command(
        session, impatient ? "SET lock_timeout = '100ms'" : "SET lock_timeout = '2s'", error);
}

static void set_size(struct relations *relations, guint oid, gint64 bytes)
{
    struct relation_table *table = relations_find_table(relations, oid);
    struct relation_index *index = relations_find_index(relations, oid);
    gint64 pages = (bytes + relations->block_size - 1) / relations->block_size;

    if (table != NULL) {
        table->pages = pages;
        table->measured = true;
    } else if (index != NULL) {
        index->pages = pages;
        index->measured = true;
    }
}

void relations_measure(struct session *session, struct relations *relations, const guint *oids,
                       guint count)
{
    if (count == 0 || !be_impatient(session, true, NULL))
        return;
    for (guint at = 0; at < count; at += CHUNK) {
        g_autofree char *list = relations_oid_list(oids + at, MIN(count - at, CHUNK));
        AUTO(rows)
        rows =
            session_query(session, &query_relations_sizes, (const char *const[]){list}, NULL);
        if (rows == NULL)
            break;
        for (int i = 0; i < rows_count(rows); i++)
            if (!rows_null(rows, i, RELATIONS_SIZES_BYTES))
                set_size(relations, (guint) rows_int(rows, i, RELATIONS_SIZES_OID),
                         rows_int(rows, i, RELATIONS_SIZES_BYTES));
    }
    be_impatient(session, false, NULL);
}

bool relations_definitions(struct session *session, const guint *oids, guint count,
                           void (*visit)(guint oid, const char *definition, gpointer data),
                           gpointer data, GError **error)
{
    if (count == 0)
        return true;
    if (!be_impatient(session, true, error))
        return false;
    for (guint at = 0; at < count; at += CHUNK) {
        if (at > 0 && at % RECONNECT_AFTER == 0 &&
            (!session_reopen(session, error) || !be_impatient(session, true, error)))
            return false;
        g_autofree char *list = relations_oid_list(oids + at, MIN(count - at, CHUNK));
        g_autoptr(GError) failure = NULL;
        AUTO(rows)
        rows = session_query(session, &query_relations_definitions, (const char *const[]){list},
                             &failure);
        /* A lock that came in between costs this chunk its definitions, nothing else. */
        if (rows == NULL && g_error_matches(failure, RUNBOOK_ERROR, RUNBOOK_FAILED))
            continue;
        if (rows == NULL) {
            g_propagate_error(error, g_steal_pointer(&failure));
            return false;
        }
        for (int i = 0; i < rows_count(rows); i++)
            visit((guint) rows_int(rows, i, RELATIONS_DEFINITIONS_OID),
                  rows_text(rows, i, RELATIONS_DEFINITIONS_DEFINITION), data);
    }
    return be_impatient(session, false, error);
}
