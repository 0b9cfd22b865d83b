#include "drill.h"
#include "error.h"
#include "interrupt.h"

#include <poll.h>
#include <string.h>

static void cancel(PGconn *connection)
{
    char reason[256];
    PGcancel *cancel = PQgetCancel(connection);

    if (cancel != NULL)
        PQcancel(cancel, reason, sizeof reason);
    PQfreeCancel(cancel);
}

/* Until the connection has something to say. False after a signal, or when it is gone. */
static bool await(PGconn *connection)
{
    struct pollfd watched[2] = {{.fd = PQsocket(connection), .events = POLLIN},
                                {.fd = interrupt_fd(), .events = POLLIN}};

    if (interrupt_pending())
        return false;
    poll(watched, 2, 1000);
    return !interrupt_pending() && PQconsumeInput(connection) == 1;
}

/* A check has no data for COPY, and nobody reads what it writes. */
static bool pass_over_copy(PGconn *connection, ExecStatusType status)
{
    char *row = NULL;
    int length = 0;

    if (status == PGRES_COPY_IN)
        return PQputCopyEnd(connection, "a check has no data for COPY") == 1;
    while ((length = PQgetCopyData(connection, &row, 1)) >= 0) {
        PQfreemem(row);
        if (length == 0 && !await(connection))
            return false;
    }
    return length == -1;
}

/* The last result of what was sent; NULL after a signal, or when the connection is gone. */
static PGresult *last_result(PGconn *connection)
{
    PGresult *last = NULL;

    for (;;) {
        while (PQisBusy(connection))
            if (!await(connection)) {
                PQclear(last);
                return NULL;
            }
        PGresult *next = PQgetResult(connection);
        if (next == NULL)
            return last;
        PQclear(last);
        last = next;
        ExecStatusType status = PQresultStatus(last);
        if ((status == PGRES_COPY_OUT || status == PGRES_COPY_IN) &&
            !pass_over_copy(connection, status)) {
            PQclear(last);
            return NULL;
        }
    }
}

static PGresult *answer(PGconn *connection, bool sent, char ret_state[6], GError **error)
{
    PGresult *result = sent ? last_result(connection) : NULL;

    ret_state[0] = '\0';
    if (result == NULL && interrupt_pending()) {
        cancel(connection);
        runbook_error_set(error, RUNBOOK_INTERRUPTED, NULL, "interrupted");
        return NULL;
    }
    ExecStatusType status = result != NULL ? PQresultStatus(result) : PGRES_FATAL_ERROR;
    if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_COPY_OUT)
        return result;
    const char *state = result != NULL ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
    const char *message =
        result != NULL ? PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY) : NULL;
    g_strlcpy(ret_state, state != NULL ? state : "", 6);
    g_autofree char *text =
        g_strstrip(g_strdup(message != NULL ? message : PQerrorMessage(connection)));
    runbook_error_set(error, RUNBOOK_FAILED, NULL, "%s", text);
    PQclear(result);
    return NULL;
}

PGresult *drill_ask(struct session *session, const char *sql, const char *parameter,
                    char ret_state[6], GError **error)
{
    PGconn *connection = session_handle(session);
    bool sent = PQsendQueryParams(connection, sql, parameter != NULL ? 1 : 0, NULL, &parameter,
                                  NULL, NULL, 0) == 1;

    return answer(connection, sent, ret_state, error);
}

PGresult *drill_ask_all(struct session *session, const char *sql, char ret_state[6],
                        GError **error)
{
    PGconn *connection = session_handle(session);

    return answer(connection, PQsendQuery(connection, sql) == 1, ret_state, error);
}
