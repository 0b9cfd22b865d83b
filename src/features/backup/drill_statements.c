/* The person's own statements: each must succeed, and return no row or nothing but true. */
#include "drill.h"
#include "error.h"

#include <string.h>

enum { BOOLOID = 16 };

/* NULL: it is as it should be; else what is not. */
static char *fault_of(const PGresult *result)
{
    for (int row = 0; row < PQntuples(result); row++) {
        g_autoptr(GString) text = g_string_new(NULL);
        bool fine = true;
        for (int column = 0; column < PQnfields(result); column++) {
            const char *value =
                PQgetisnull(result, row, column) ? "null" : PQgetvalue(result, row, column);
            fine = fine && PQftype(result, column) == BOOLOID && strcmp(value, "t") == 0;
            g_string_append_printf(text, "%s%s=%s", column > 0 ? ", " : "",
                                   PQfname(result, column), value);
        }
        if (!fine)
            return g_strdup_printf("it returned %d row%s, the first that is not true: %.500s",
                                   PQntuples(result), PQntuples(result) == 1 ? "" : "s",
                                   text->str);
    }
    return NULL;
}

/* Where a statement runs that does not say it: in the one database there is besides "postgres". */
static const char *only_database(const char *const *databases)
{
    const char *only = NULL;
    guint count = 0;

    for (; *databases != NULL; databases++)
        if (strcmp(*databases, "postgres") != 0 && strcmp(*databases, "template1") != 0) {
            only = *databases;
            count++;
        }
    return count == 0 ? "postgres" : count == 1 ? only : NULL;
}

/* One session for all statements of a database that follow one another: a SET holds. */
struct asker {
    struct drill *drill;
    struct session *session;
};

static void hang_up(struct asker *asker)
{
    g_clear_pointer(&asker->session, session_close);
}

static bool dial(struct asker *asker, const char *database, GError **error)
{
    struct session *session = asker->session;

    if (session != NULL && g_str_equal(session_database(session), database) &&
        PQstatus(session_handle(session)) == CONNECTION_OK)
        return true;
    hang_up(asker);
    asker->session = drill_session(asker->drill, database, error);
    return asker->session != NULL &&
           session_command(asker->session, "SET lock_timeout = 0", error);
}

static bool run_one(struct asker *asker, const struct drill_statement *statement,
                    const char *database, GError **error)
{
    gint64 start = g_get_monotonic_time();
    g_autoptr(GError) broken = NULL;
    char state[6] = "";

    if (database == NULL) {
        drill_note(asker->drill, statement->name, NULL, DRILL_FAILED, 1, 0,
                   g_strdup("there are several databases: a line \"-- database: NAME\" above "
                            "the statement says which"));
        return true;
    }
    PGresult *result = dial(asker, database, &broken)
                           ? drill_ask(asker->session, statement->sql, NULL, state, &broken)
                           : NULL;
    if (result == NULL && broken->code == RUNBOOK_INTERRUPTED) {
        g_propagate_error(error, g_steal_pointer(&broken));
        return false;
    }
    char *fault = result != NULL ? fault_of(result) : g_strdup(broken->message);
    PQclear(result);
    drill_note(asker->drill, statement->name, database, fault == NULL ? DRILL_OK : DRILL_FAILED,
               1, (double) (g_get_monotonic_time() - start) / G_USEC_PER_SEC, fault);
    return true;
}

bool drill_statements_read(struct drill *drill, GError **error)
{
    const char *path = settings_string(drill->call->settings, "backup.drill_checks");
    g_autofree char *text = NULL;
    gsize length = 0;
    g_autoptr(GError) broken = NULL;

    if (path == NULL || *path == '\0')
        return true;
    if (!g_file_get_contents(path, &text, &length, &broken)) {
        runbook_error_set(
            error, RUNBOOK_USAGE,
            "--checks or the setting backup.drill_checks names a file of statements",
            "the checks cannot be read: %s", broken->message);
        return false;
    }
    if (strlen(text) < length) { /* what stands behind it would never run */
        runbook_error_set(error, RUNBOOK_USAGE, "is it in UTF-16? It has to be in UTF-8",
                          "%s has a zero byte, at byte %zu", path, strlen(text));
        return false;
    }
    drill->statements = drill_statements_parse(text, length, error);
    if (drill->statements == NULL)
        g_prefix_error(error, "%s: ", path);
    else if (drill->statements->len == 0)
        output_warn(drill->call->output, "%s has no statement: nothing of yours is checked",
                    path);
    return drill->statements != NULL;
}

bool drill_statements(struct drill *drill, const char *const *databases, GError **error)
{
    struct asker asker = {.drill = drill};
    bool fine = true;

    for (guint i = 0; fine && drill->statements != NULL && i < drill->statements->len; i++) {
        const struct drill_statement *statement = drill->statements->pdata[i];
        const char *database =
            statement->database != NULL ? statement->database : only_database(databases);
        fine = run_one(&asker, statement, database, error);
    }
    hang_up(&asker);
    return fine;
}
