/*
 * Asking the server: one statement, one bounded wait. Ctrl-C while waiting cancels the statement
 * on the server before the error is returned.
 */
#include "core_queries.h"
#include "error.h"
#include "interrupt.h"
#include "pg/console.h"
#include "pg/session_private.h"

#include <poll.h>
#include <string.h>

/* The server gives up after 30 s (prepare_session.sql); past this the connection counts as
 * lost. */
enum { ANSWER_SECONDS = 45, CANCEL_SECONDS = 5 };

void session_set_sqlstate(struct session *session, const char *sqlstate)
{
    g_strlcpy(session->sqlstate, sqlstate == NULL ? "" : sqlstate, sizeof session->sqlstate);
}

enum session_ready session_wait(PGconn *connection, short events, gint64 deadline_us,
                                bool heed_interrupt)
{
    struct pollfd descriptors[2] = {
        {.fd = PQsocket(connection), .events = events},
        {.fd = interrupt_fd(), .events = POLLIN},
    };
    for (;;) {
        gint64 left_ms = (deadline_us - g_get_monotonic_time()) / 1000;
        if (left_ms <= 0)
            return SESSION_TIMED_OUT;
        int ready = poll(descriptors, heed_interrupt ? 2 : 1, (int) MIN(left_ms + 1, 60000));
        if (heed_interrupt && interrupt_pending())
            return SESSION_INTERRUPTED;
        if (ready > 0 && descriptors[0].revents != 0)
            return SESSION_READY;
    }
}

/* Sends the rest of the statement and reads until it can be answered without blocking. */
static enum session_ready await(struct session *session, gint64 deadline_us, bool heed)
{
    PGconn *connection = session->connection;
    int unsent;

    while ((unsent = PQflush(connection)) == 1) {
        enum session_ready ready =
            session_wait(connection, POLLIN | POLLOUT, deadline_us, heed);
        if (ready != SESSION_READY)
            return ready;
        if (!PQconsumeInput(connection))
            return SESSION_READY;
    }
    while (unsent == 0 && PQisBusy(connection)) {
        enum session_ready ready = session_wait(connection, POLLIN, deadline_us, heed);
        if (ready != SESSION_READY)
            return ready;
        if (!PQconsumeInput(connection))
            break;
    }
    return SESSION_READY;
}

void session_drop(struct session *session)
{
    g_clear_pointer(&session->connection, PQfinish);
    session->late = false;
    session_set_sqlstate(session, "08006");
}

bool session_settle(struct session *session, gint64 deadline_us)
{
    for (bool over = false; !over;) {
        if (!session_drain_rows(session, deadline_us) ||
            await(session, deadline_us, false) != SESSION_READY)
            return false;
        PGresult *rest = PQgetResult(session->connection);
        ExecStatusType status = PQresultStatus(rest);
        over = rest == NULL;
        PQclear(rest);
        /* libpq would say so again and again: it waits for data that nobody has. */
        if (status == PGRES_COPY_IN || status == PGRES_COPY_BOTH)
            return false;
    }
    return true;
}

static void report_interrupt(struct session *session, GError **error)
{
    session_cancel(session, NULL);
    if (!session_settle(session, g_get_monotonic_time() + CANCEL_SECONDS * G_USEC_PER_SEC))
        session_drop(session);
    session_set_sqlstate(session, "57014");
    runbook_error_set(error, RUNBOOK_INTERRUPTED, NULL, "interrupted");
}

static void append_field(GString *text, const PGresult *result, int field, const char *label)
{
    const char *value = PQresultErrorField(result, field);

    if (value != NULL)
        g_string_append_printf(text, "%s%s", label, value);
}

void session_report_failure(struct session *session, const PGresult *result, GError **error)
{
    const char *sqlstate = result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;

    if (PQstatus(session->connection) != CONNECTION_OK || sqlstate == NULL) {
        g_autofree char *text = g_strstrip(g_strdup(PQerrorMessage(session->connection)));
        runbook_error_set(error, RUNBOOK_CONNECT, NULL, "connection lost: %s", text);
        session_drop(session);
        if (sqlstate != NULL)
            session_set_sqlstate(session, sqlstate);
        return;
    }
    session_set_sqlstate(session, sqlstate);
    g_autoptr(GString) text = g_string_new(NULL);
    append_field(text, result, PG_DIAG_MESSAGE_PRIMARY, "");
    append_field(text, result, PG_DIAG_MESSAGE_DETAIL, "\ndetail: ");
    append_field(text, result, PG_DIAG_MESSAGE_HINT, "\nhint: ");
    g_set_error_literal(error, RUNBOOK_ERROR, RUNBOOK_FAILED, text->str);
}

gint64 session_answer_deadline(const struct session *session)
{
    gint64 patience_ms = session->patience_ms;

    return g_get_monotonic_time() +
           (patience_ms > 0 ? patience_ms * 1000 : ANSWER_SECONDS * G_USEC_PER_SEC);
}

void session_report_wait(struct session *session, enum session_ready ready, GError **error)
{
    if (ready == SESSION_INTERRUPTED) {
        report_interrupt(session, error);
        return;
    }
    if (!session->lingers)
        session_drop(session);
    session->late = session->lingers;
    session_set_sqlstate(session, "08006");
    runbook_error_set(error, RUNBOOK_CONNECT, NULL, "the server stopped answering");
}

PGresult *session_next_result(struct session *session, GError **error)
{
    enum session_ready ready =
        await(session, session_answer_deadline(session), !session->winding_down);

    if (ready == SESSION_READY)
        return PQgetResult(session->connection);
    session_report_wait(session, ready, error);
    return NULL;
}

PGresult *session_collect(struct session *session, GError **error)
{
    g_autoptr(GError) stopped = NULL;
    PGresult *answer = NULL;

    for (PGresult *next; (next = session_next_result(session, &stopped)) != NULL;) {
        PQclear(answer);
        answer = next;
    }
    if (stopped != NULL) {
        PQclear(answer);
        g_propagate_error(error, g_steal_pointer(&stopped));
        return NULL;
    }
    ExecStatusType status = PQresultStatus(answer);
    if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) {
        session_set_sqlstate(session, "");
        return answer;
    }
    session_report_failure(session, answer, error);
    PQclear(answer);
    return NULL;
}

bool session_usable(struct session *session, const char *sql, GError **error)
{
    if (session->connection == NULL || session->late) {
        session_set_sqlstate(session, "08003");
        runbook_error_set(error, RUNBOOK_CONNECT, NULL, "the connection is lost");
        return false;
    }
    if (session->echo != NULL)
        session->echo(sql, session->echo_data);
    return true;
}

static bool send_query(struct session *session, const struct query *query,
                       const char *const *values, GError **error)
{
    const struct query *text = query_for(query, session->version);
    int count = 0;

    g_assert(text != NULL);
    while (text->param_types[count] != NULL)
        count++;
    if (!session_usable(session, text->sql, error))
        return false;
    if (PQsendQueryParams(session->connection, text->sql, count, NULL, values, NULL, NULL, 0))
        return true;
    session_report_failure(session, NULL, error);
    return false;
}

struct rows *session_query(struct session *session, const struct query *query,
                           const char *const *values, GError **error)
{
    if (!send_query(session, query, values, error))
        return NULL;
    PGresult *result = session_collect(session, error);
    return result == NULL ? NULL : rows_wrap(result);
}

static PGresult *run_simple(struct session *session, const char *sql, GError **error)
{
    if (!session_usable(session, sql, error))
        return NULL;
    if (PQsendQuery(session->connection, sql))
        return session_collect(session, error);
    session_report_failure(session, NULL, error);
    return NULL;
}

bool session_command(struct session *session, const char *sql, GError **error)
{
    PGresult *result = run_simple(session, sql, error);

    PQclear(result);
    return result != NULL;
}

struct rows *console_ask(struct session *console, const char *command, GError **error)
{
    PGresult *result = run_simple(console, command, error);

    return result == NULL ? NULL : rows_wrap(result);
}

bool session_cancel(struct session *session, GError **error)
{
    char reason[256] = "no connection";
    PGcancel *cancel = session->connection ? PQgetCancel(session->connection) : NULL;
    bool sent = cancel != NULL && PQcancel(cancel, reason, sizeof reason);

    PQfreeCancel(cancel);
    if (!sent)
        runbook_error_set(error, RUNBOOK_CONNECT, NULL, "cannot send the cancel: %s", reason);
    return sent;
}

void session_wind_down(struct session *session)
{
    session->winding_down = true;
}

bool session_alive(const struct session *session)
{
    return session->connection != NULL && !session->late &&
           PQstatus(session->connection) == CONNECTION_OK;
}

const char *session_sqlstate(const struct session *session)
{
    return session->sqlstate;
}

int session_version(const struct session *session)
{
    return session->version;
}

const char *session_encoding(const struct session *session)
{
    return PQparameterStatus(session->connection, "server_encoding");
}

static const char *shown(const struct session *session, char *(*get)(const PGconn *) )
{
    const char *text = session->connection ? get(session->connection) : NULL;
    return text == NULL ? "" : text;
}

const char *session_database(const struct session *session)
{
    return shown(session, PQdb);
}

const char *session_user(const struct session *session)
{
    return shown(session, PQuser);
}

const char *session_host(const struct session *session)
{
    return shown(session, PQhost);
}

const char *session_port(const struct session *session)
{
    return shown(session, PQport);
}

int session_pid(const struct session *session)
{
    return session->pid;
}

const char *session_started(const struct session *session)
{
    return session->started;
}

const char *session_system_identifier(struct session *session)
{
    if (session->system_identifier_asked)
        return session->system_identifier;
    session->system_identifier_asked = true;
    AUTO(rows) rows = session_query(session, &query_core_system_identifier, NULL, NULL);
    if (rows != NULL)
        session->system_identifier =
            g_strdup(rows_text(rows, 0, CORE_SYSTEM_IDENTIFIER_SYSTEM_IDENTIFIER));
    return session->system_identifier;
}

PGconn *session_handle(struct session *session)
{
    return session->connection;
}

bool session_echoes(const struct session *session)
{
    return session->echo != NULL;
}

void session_set_echo(struct session *session, void (*echo)(const char *sql, gpointer data),
                      gpointer data)
{
    session->echo = echo;
    session->echo_data = data;
}
