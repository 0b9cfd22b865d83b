/* amcheck on every index and heap that has it: structure, every heap row in its indexes. */
#include "backup_queries.h"
#include "drill.h"
#include "error.h"

#include <string.h>

/* A check for each finding would be a document of a million lines on a bad day. */
enum { MOST_FINDINGS = 100 };

struct amcheck {
    struct drill *drill;
    struct session *session;
    char *schema; /* quoted */
    guint findings;
    guint unlooked; /* indexes that cannot be checked; the first, and why */
    char *unlooked_name, *unlooked_why;
};

/* Its functions, in the scratch copy; NULL without an error: they cannot be had. */
static bool find_schema(struct amcheck *amcheck, GError **error)
{
    struct session *session = amcheck->session;
    AUTO(rows) rows = session_query(session, &query_backup_drill_extension, NULL, error);

    if (rows == NULL)
        return false;
    const char *schema = rows_text(rows, 0, BACKUP_DRILL_EXTENSION_SCHEMA);
    if (!rows_bool(rows, 0, BACKUP_DRILL_EXTENSION_AVAILABLE))
        return true;
    amcheck->schema = g_strdup(schema != NULL ? schema : "pgrunbook_drill");
    if (schema != NULL)
        return session_command(session, "ALTER EXTENSION amcheck UPDATE", error);
    return session_command(session, "CREATE SCHEMA pgrunbook_drill", error) &&
           session_command(session, "CREATE EXTENSION amcheck SCHEMA pgrunbook_drill", error);
}

static char *statement_for(const struct amcheck *amcheck, const char *kind)
{
    if (strcmp(kind, "btree") == 0)
        return g_strdup_printf("SELECT %s.bt_index_parent_check($1::pg_catalog.regclass, true)",
                               amcheck->schema);
    if (strcmp(kind, "gin") == 0)
        return session_version(amcheck->session) >= 180000
                   ? g_strdup_printf("SELECT %s.gin_index_check($1::pg_catalog.regclass)",
                                     amcheck->schema)
                   : NULL;
    return g_strdup_printf("SELECT pg_catalog.format('block %%s, row %%s: %%s', blkno, offnum, "
                           "msg) FROM %s.verify_heapam($1::pg_catalog.regclass)",
                           amcheck->schema);
}

static void found(struct amcheck *amcheck, const char *name, char *detail)
{
    if (++amcheck->findings <= MOST_FINDINGS)
        drill_note(amcheck->drill, name, session_database(amcheck->session), DRILL_FAILED, 1, 0,
                   detail);
    else
        g_free(detail);
}

/* The functions of an index are called. What they name is looked up anew, which from 17 on finds nothing
 * but what is qualified; before, what the path of this role leads to. They may lack a right, raise what
 * they like, or want something of the original's surroundings. That says nothing of the index. */
static bool is_of_a_function(const char *state)
{
    static const char *const states[] = {"42883", "42P01", "42703", "42704", "3F000",
                                         "42501", "P0001", "08001", NULL};

    return g_strv_contains(states, state);
}

/* Whether it was made by another version of its collation, so that this machine sorts otherwise: takes
 * what is wrong with an index and adds that to it. */
static char *with_collations(struct amcheck *amcheck, const char *oid, char *detail)
{
    const char *const values[] = {oid};
    AUTO(rows)
    rows = session_query(amcheck->session, &query_backup_drill_collations, values, NULL);

    if (rows == NULL || rows_count(rows) == 0)
        return detail;
    g_autofree char *taken = detail;
    return g_strdup_printf(
        "%s (its collation %s is version %s here and was %s: this machine may sort "
        "otherwise, and the index be as good as it was)",
        taken, rows_text(rows, 0, BACKUP_DRILL_COLLATIONS_NAME),
        rows_text(rows, 0, BACKUP_DRILL_COLLATIONS_HERE),
        rows_text(rows, 0, BACKUP_DRILL_COLLATIONS_WAS));
}

static void pass_over(struct amcheck *amcheck, const char *name, const char *why)
{
    if (amcheck->unlooked++ > 0)
        return;
    amcheck->unlooked_name = g_strdup(name);
    amcheck->unlooked_why = g_strdup(why);
}

/* Those of a database in one line: it becomes a part of the backup's proof. */
static void note_unlooked(struct amcheck *amcheck)
{
    guint more = amcheck->unlooked - 1;
    g_autofree char *name = g_steal_pointer(&amcheck->unlooked_name);
    g_autofree char *why = g_steal_pointer(&amcheck->unlooked_why);
    g_autofree char *others = more > 0 ? g_strdup_printf(" and %u more", more) : g_strdup("");

    drill_note(amcheck->drill, name, session_database(amcheck->session), DRILL_SKIPPED,
               amcheck->unlooked, 0,
               g_strdup_printf("%s%s cannot be checked: %s", name, others, why));
    amcheck->unlooked = 0;
}

/* False with an error when the drill cannot go on. *ret_looked: it was looked at. */
static bool look_at(struct amcheck *amcheck, const struct rows *rows, int row, bool *ret_looked,
                    GError **error)
{
    const char *name = rows_text(rows, row, BACKUP_DRILL_RELATIONS_NAME);
    const char *kind = rows_text(rows, row, BACKUP_DRILL_RELATIONS_KIND);
    g_autofree char *sql = statement_for(amcheck, kind);
    g_autoptr(GError) broken = NULL;
    char state[6];

    *ret_looked = sql != NULL;
    if (sql == NULL)
        return true;
    PGresult *result =
        drill_ask(amcheck->session, sql, rows_text(rows, row, BACKUP_DRILL_RELATIONS_OID),
                  state, &broken);
    if (result == NULL && state[0] == '\0') {
        g_propagate_error(error, g_steal_pointer(&broken));
        return false;
    }
    if (result == NULL && is_of_a_function(state)) {
        pass_over(amcheck, name, broken->message);
    } else if (result == NULL) {
        amcheck->drill->corrupt |= drill_says_corrupt(state, broken->message);
        found(amcheck, name,
              with_collations(amcheck, rows_text(rows, row, BACKUP_DRILL_RELATIONS_OID),
                              g_strdup(broken->message)));
    } else if (strcmp(kind, "heap") == 0 && PQntuples(result) > 0) {
        amcheck->drill->corrupt = true;
        found(amcheck, name,
              g_strdup_printf("%s (%d findings)", PQgetvalue(result, 0, 0), PQntuples(result)));
    }
    PQclear(result);
    return true;
}

static bool look_at_all(struct amcheck *amcheck, const struct rows *rows, bool heaps,
                        GError **error)
{
    gint64 start = g_get_monotonic_time(), looked = 0, without = 0;
    guint before = amcheck->findings;

    for (int i = 0; i < rows_count(rows); i++) {
        bool heap = strcmp(rows_text(rows, i, BACKUP_DRILL_RELATIONS_KIND), "heap") == 0;
        bool done = false;
        if (heap != heaps)
            continue;
        if (!look_at(amcheck, rows, i, &done, error))
            return false;
        looked += done ? 1 : 0;
        without += done ? 0 : 1;
    }
    guint bad = amcheck->findings - before;
    if (amcheck->unlooked_name != NULL) {
        looked -= amcheck->unlooked;
        note_unlooked(amcheck);
    }
    char *detail = bad > 0 ? g_strdup_printf("%u of them are bad", bad)
                   : without > 0
                       ? g_strdup_printf(
                             "%" G_GINT64_FORMAT " GIN indexes are checked from 18 on", without)
                       : NULL;
    drill_note(amcheck->drill, heaps ? "heaps" : "indexes", session_database(amcheck->session),
               bad > 0 ? DRILL_FAILED : DRILL_OK, looked,
               (double) (g_get_monotonic_time() - start) / G_USEC_PER_SEC, detail);
    return true;
}

bool drill_amcheck(struct drill *drill, struct session *session, GError **error)
{
    struct amcheck amcheck = {.drill = drill, .session = session};
    g_autoptr(GError) broken = NULL;

    if (!find_schema(&amcheck, &broken) || amcheck.schema == NULL) {
        drill_note(drill, "indexes", session_database(session), DRILL_SKIPPED, 0, 0,
                   g_strdup_printf("no amcheck of indexes and tables: %s",
                                   broken != NULL ? broken->message
                                                  : "it is not installed beside the server"));
        g_free(amcheck.schema);
        return true;
    }
    G_GNUC_UNUSED g_autofree char *schema = amcheck.schema;
    AUTO(rows) rows = session_query(session, &query_backup_drill_relations, NULL, error);
    bool good = rows != NULL && look_at_all(&amcheck, rows, false, error) &&
                look_at_all(&amcheck, rows, true, error);
    g_free(amcheck.unlooked_name); /* where it was interrupted */
    g_free(amcheck.unlooked_why);
    return good;
}
