/* Reads every row there is: by pg_dump to nowhere, as the next dump will, and by COPY what pg_dump
 * passes over, or everything where there is none or it failed; in the database's own encoding: not
 * everything it may hold can be had in UTF-8. */
#include "backup_queries.h"
#include "drill.h"
#include "error.h"
#include "interrupt.h"
#include "programs/programs.h"
#include "programs/programs_pipe.h"

#include <poll.h>
#include <string.h>

static double since(gint64 start)
{
    return (double) (g_get_monotonic_time() - start) / G_USEC_PER_SEC;
}

static void await_end(struct programs_pipe *pipe)
{
    while (!programs_pipe_ended(pipe)) {
        struct pollfd watched[2] = {{.fd = programs_pipe_errors(pipe), .events = POLLIN},
                                    {.fd = interrupt_fd(), .events = POLLIN}};
        if (interrupt_pending())
            programs_pipe_stop(pipe);
        poll(watched, interrupt_pending() ? 1 : 2, 200);
        programs_pipe_listen(pipe);
    }
}

/* False with an error when the drill cannot go on. *ret_fault: why pg_dump failed, NULL: it did
 * not. */
static bool dump(struct session *session, char *program, char **ret_fault, GError **error)
{
    char arguments[][24] = {"--format=plain", "--file=/dev/null"};
    g_autofree char *encoding = g_strconcat("--encoding=", session_encoding(session), NULL);
    char *words[] = {program, arguments[0], arguments[1], encoding, NULL};
    struct programs_pipe_plan plan = {.arguments = words,
                                      .connection = session_handle(session)};
    g_autoptr(GError) broken = NULL;
    AUTO(programs_pipe) pipe = programs_pipe_start(&plan, error);

    if (pipe == NULL)
        return false;
    await_end(pipe);
    if (interrupt_pending()) {
        runbook_error_set(error, RUNBOOK_INTERRUPTED, NULL, "interrupted");
        return false;
    }
    if (!programs_pipe_finish(pipe, "pg_dump", &broken))
        *ret_fault = g_strdup(broken->message);
    return true;
}

/* As text a bytea is twice as long, and half a gigabyte of it is more than fits into a message. */
static bool too_long(const char *state)
{
    static const char *const states[] = {"XX000", "53200", "54000", NULL};

    return g_strv_contains(states, state);
}

/* A query is planned with the indexes: what their functions call may not be found here, and one may be
 * read in the place of the rows. For its transaction the table has none. Caller frees. */
static char *without_indexes(struct session *session, const char *name, const char *columns,
                             bool binary)
{
    g_autofree char *literal = session_literal(session, name);
    /* As text it is the COPY that has the encoding, and not what is said of it. */
    g_autofree char *encoding = g_strdup_printf("ENCODING '%s'", session_encoding(session));
    g_autofree char *before =
        g_strdup_printf("SET LOCAL client_encoding = '%s'", session_encoding(session));

    return g_strdup_printf("BEGIN;"
                           "%s;"
                           "UPDATE pg_catalog.pg_class SET relhasindex = false"
                           " WHERE oid OPERATOR(pg_catalog.=) %s::pg_catalog.regclass"
                           " AND relnamespace OPERATOR(pg_catalog.<>)"
                           " 'pg_catalog'::pg_catalog.regnamespace;"
                           "COPY (SELECT %s FROM ONLY %s) TO STDOUT (%s);"
                           "ROLLBACK",
                           binary ? before : "", literal, columns, name,
                           binary ? "FORMAT binary" : encoding);
}

static PGresult *copy_as(struct session *session, const char *name, const char *columns,
                         bool binary, char ret_state[6], GError **error)
{
    g_autofree char *sql = without_indexes(session, name, columns, binary);
    PGresult *result = drill_ask_all(session, sql, ret_state, error);

    if (result == NULL && ret_state[0] != '\0')
        session_command(session, "ROLLBACK", NULL);
    return result;
}

static PGresult *copy(struct session *session, const char *name, const char *columns,
                      char ret_state[6], GError **error)
{
    PGresult *result = copy_as(session, name, columns, false, ret_state, error);

    if (result != NULL || !too_long(ret_state))
        return result;
    g_autoptr(GError) again = NULL;
    result = copy_as(session, name, columns, true, ret_state, &again);
    if (result != NULL)
        g_clear_error(error);
    return result;
}

/* False with an error when the drill cannot go on. Notes each that cannot be read. */
static bool copy_tables(struct drill *drill, struct session *session, const struct rows *rows,
                        bool dumped, guint *ret_bad, GError **error)
{
    for (int i = 0; i < rows_count(rows); i++) {
        const char *name = rows_text(rows, i, BACKUP_DRILL_TABLES_NAME);
        g_autoptr(GError) broken = NULL;
        char state[6];
        if (dumped && !rows_bool(rows, i, BACKUP_DRILL_TABLES_UNDUMPED))
            continue;
        PGresult *result = copy(session, name, rows_text(rows, i, BACKUP_DRILL_TABLES_COLUMNS),
                                state, &broken);
        if (result == NULL && state[0] == '\0') {
            g_propagate_error(error, g_steal_pointer(&broken));
            return false;
        }
        if (result == NULL) {
            (*ret_bad)++;
            drill->corrupt |= drill_says_corrupt(state, broken->message);
            drill_note(drill, name, session_database(session), DRILL_FAILED, 1, 0,
                       g_utf8_make_valid(broken->message, -1));
        }
        PQclear(result);
    }
    return true;
}

bool drill_read_rows(struct drill *drill, struct session *session, GError **error)
{
    const char *bindir = settings_string(drill->call->settings, "backup.bindir");
    int major = 0;
    g_autofree char *program =
        programs_find("pg_dump", session_version(session) / 10000, 0, bindir, &major, NULL);
    gint64 start = g_get_monotonic_time();
    AUTO(rows) rows = session_query(session, &query_backup_drill_tables, NULL, error);
    g_autofree char *fault = NULL;
    guint bad = 0;

    if (rows == NULL || (program != NULL && !dump(session, program, &fault, error)))
        return false;
    if (!copy_tables(drill, session, rows, program != NULL && fault == NULL, &bad, error))
        return false;
    enum drill_status status = fault == NULL && bad == 0 ? DRILL_OK : DRILL_FAILED;
    char *detail = fault != NULL && bad == 0
                       ? g_strconcat("COPY can read every table, but ", fault, NULL)
                   : fault != NULL   ? g_strdup(fault)
                   : bad > 0         ? g_strdup("not all tables can be read")
                   : program != NULL ? g_strdup_printf("read by pg_dump %d", major)
                                     : g_strdup("read by COPY: no pg_dump fits this server");
    drill_note(drill, "rows", session_database(session), status, rows_count(rows), since(start),
               detail);
    return true;
}
