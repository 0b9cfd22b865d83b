/* Sending and waiting. */
#include "rehearse/trace_send.h"

#include "error.h"
#include "interrupt.h"

#include <poll.h>

enum { LOOK_MS = 100, CANCEL_SECONDS = 5 };

void trace_answer_clear(struct trace_answer *answer)
{
    PQclear(answer->result);
    g_free(answer->error);
    *answer = (struct trace_answer){.result = NULL};
}

/* Until the connection has something to say. False after a signal, or when it is gone. */
static bool await(PGconn *connection, bool heed, const struct trace_idle *idle)
{
    struct pollfd watched[2] = {{.fd = PQsocket(connection), .events = POLLIN},
                                {.fd = interrupt_fd(), .events = POLLIN}};

    if (heed && interrupt_pending())
        return false;
    if (poll(watched, heed ? 2 : 1, LOOK_MS) == 0 && idle != NULL && idle->look != NULL)
        idle->look(idle->data);
    return !(heed && interrupt_pending()) && PQconsumeInput(connection) == 1;
}

/* A script has no data for COPY, and nobody reads what it writes. */
static bool end_copy(PGconn *connection, ExecStatusType status)
{
    char *row = NULL;

    if (status == PGRES_COPY_IN)
        return PQputCopyEnd(connection, "a migration has no data for COPY") == 1;
    while (PQgetCopyData(connection, &row, 0) > 0)
        PQfreemem(row);
    return true;
}

/* The last result of what was sent; NULL after a signal, or when the connection is gone. */
static PGresult *last_result(PGconn *connection, bool heed, const struct trace_idle *idle)
{
    PGresult *last = NULL;

    for (;;) {
        while (PQisBusy(connection))
            if (!await(connection, heed, idle)) {
                PQclear(last);
                return NULL;
            }
        PGresult *next = PQgetResult(connection);
        if (next == NULL)
            return last;
        ExecStatusType status = PQresultStatus(next);
        if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT) {
            bool ended = end_copy(connection, status);
            PQclear(next);
            if (!ended)
                return last;
            continue;
        }
        /* The first failure is the reason of all that follow. */
        if (last != NULL && PQresultStatus(last) == PGRES_FATAL_ERROR) {
            PQclear(next);
            continue;
        }
        PQclear(last);
        last = next;
    }
}

static void cancel(struct session *session)
{
    gint64 deadline = g_get_monotonic_time() + CANCEL_SECONDS * G_USEC_PER_SEC;

    session_cancel(session, NULL);
    if (!session_settle(session, deadline))
        session_drop(session);
}

static void add_field(GString *text, const PGresult *result, int field, const char *label)
{
    const char *value = PQresultErrorField(result, field);

    if (value != NULL)
        g_string_append_printf(text, "%s%s", label, value);
}

static void note_failure(struct session *session, PGresult *result, struct trace_answer *answer)
{
    const char *state = result != NULL ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
    GString *text = g_string_new(NULL);

    g_strlcpy(answer->sqlstate, state != NULL ? state : "08006", sizeof answer->sqlstate);
    if (state != NULL) {
        add_field(text, result, PG_DIAG_MESSAGE_PRIMARY, "");
        add_field(text, result, PG_DIAG_MESSAGE_DETAIL, "\ndetail: ");
        add_field(text, result, PG_DIAG_MESSAGE_HINT, "\nhint: ");
    } else {
        g_autofree char *said = g_strstrip(g_strdup(PQerrorMessage(session_handle(session))));
        g_string_append(text, *said != '\0' ? said : "the connection is lost");
    }
    answer->error = g_string_free(text, FALSE);
    PQclear(result);
}

static bool is_fine(const PGresult *result)
{
    ExecStatusType status = PQresultStatus(result);

    return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK ||
           status == PGRES_EMPTY_QUERY;
}

bool trace_send(struct session *session, const char *sql, const struct trace_idle *idle,
                struct trace_answer *ret_answer, GError **error)
{
    PGconn *connection = session_handle(session);
    gint64 began = g_get_monotonic_time();
    PGresult *result = NULL;

    *ret_answer = (struct trace_answer){.result = NULL};
    if (connection != NULL && PQsendQuery(connection, sql) == 1)
        result = last_result(connection, true, idle);
    ret_answer->seconds = (double) (g_get_monotonic_time() - began) / G_USEC_PER_SEC;
    if (result == NULL && interrupt_pending()) {
        if (connection != NULL)
            cancel(session);
        runbook_error_set(error, RUNBOOK_INTERRUPTED, NULL, "interrupted");
        return false;
    }
    if (result != NULL && is_fine(result))
        ret_answer->result = result;
    else
        note_failure(session, result, ret_answer);
    return true;
}

bool trace_command(struct session *session, const char *sql, const char *what, GError **error)
{
    struct trace_answer answer;

    if (!trace_send(session, sql, NULL, &answer, error))
        return false;
    bool fine = answer.error == NULL;
    if (!fine)
        runbook_error_set(error, RUNBOOK_FAILED, NULL, "%s: %s", what, answer.error);
    trace_answer_clear(&answer);
    return fine;
}
