/* Reads every row there is: by pg_dump to nowhere, as the next dump will, else by COPY; both in the
 * database's own encoding: not everything it may hold can be had in UTF-8. */
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

static bool by_dump(struct drill *drill, struct session *session, char *program, int major,
                    GError **error)
{
    char arguments[][24] = {"--format=plain", "--file=/dev/null"};
    g_autofree char *encoding = g_strconcat("--encoding=", session_encoding(session), NULL);
    char *words[] = {program, arguments[0], arguments[1], encoding, NULL};
    struct programs_pipe_plan plan = {.arguments = words,
                                      .connection = session_handle(session)};
    gint64 start = g_get_monotonic_time();
    g_autoptr(GError) broken = NULL;
    AUTO(programs_pipe) pipe = programs_pipe_start(&plan, error);

    if (pipe == NULL)
        return false;
    await_end(pipe);
    if (interrupt_pending()) {
        runbook_error_set(error, RUNBOOK_INTERRUPTED, NULL, "interrupted");
        return false;
    }
    bool fine = programs_pipe_finish(pipe, "pg_dump", &broken);
    drill_note(drill, "rows", session_database(session), fine ? DRILL_OK : DRILL_FAILED, 1,
               since(start),
               fine ? g_strdup_printf("read by pg_dump %d", major) : g_strdup(broken->message));
    return true;
}

static bool by_copy(struct drill *drill, struct session *session, GError **error)
{
    gint64 start = g_get_monotonic_time();
    AUTO(rows) rows = session_query(session, &query_backup_drill_tables, NULL, error);
    bool fine = true;

    for (int i = 0; rows != NULL && i < rows_count(rows); i++) {
        const char *name = rows_text(rows, i, BACKUP_DRILL_TABLES_NAME);
        g_autofree char *sql =
            g_strdup_printf("COPY (SELECT * FROM ONLY %s) TO STDOUT (ENCODING '%s')", name,
                            session_encoding(session));
        g_autoptr(GError) broken = NULL;
        char state[6];
        PGresult *result = drill_ask(session, sql, NULL, state, &broken);
        if (result == NULL && state[0] == '\0') {
            g_propagate_error(error, g_steal_pointer(&broken));
            return false;
        }
        if (result == NULL) {
            fine = false;
            drill->corrupt |= drill_says_corrupt(state, broken->message);
            drill_note(drill, name, session_database(session), DRILL_FAILED, 1, 0,
                       g_strdup(broken->message));
        }
        PQclear(result);
    }
    if (rows == NULL)
        return false;
    drill_note(drill, "rows", session_database(session), fine ? DRILL_OK : DRILL_FAILED,
               rows_count(rows), since(start),
               g_strdup(fine ? "read by COPY: no pg_dump fits this server"
                             : "not all tables can be read"));
    return true;
}

bool drill_read_rows(struct drill *drill, struct session *session, GError **error)
{
    const char *bindir = settings_string(drill->call->settings, "backup.bindir");
    int major = 0;
    g_autofree char *program =
        programs_find("pg_dump", session_version(session) / 10000, 0, bindir, &major, NULL);

    return program != NULL ? by_dump(drill, session, program, major, error)
                           : by_copy(drill, session, error);
}
