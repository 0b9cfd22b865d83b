/*
 * A server that is slow, not gone: the answer that was not there in time is waited for on the same
 * connection, which may be the last slot on a server that is full.
 */
#include "pg/session_private.h"

bool session_late(const struct session *session)
{
    return session->late;
}

int session_late_fd(const struct session *session)
{
    return session->connection == NULL ? -1 : PQsocket(session->connection);
}

/* PENDING: there is more to come. */
static enum session_late_state take_results(PGconn *connection)
{
    while (!PQisBusy(connection)) {
        PGresult *result = PQgetResult(connection);
        ExecStatusType status = PQresultStatus(result);
        if (result == NULL)
            return SESSION_LATE_OVER;
        PQclear(result);
        if (status == PGRES_COPY_OUT || status == PGRES_COPY_IN || status == PGRES_COPY_BOTH)
            return SESSION_LATE_LOST;
    }
    return SESSION_LATE_PENDING;
}

enum session_late_state session_late_go(struct session *session)
{
    PGconn *connection = session->connection;

    if (connection == NULL || PQflush(connection) < 0 || !PQconsumeInput(connection))
        return SESSION_LATE_LOST;
    enum session_late_state state = take_results(connection);
    if (state != SESSION_LATE_OVER)
        return state;
    /* Inside a transaction nobody knows what has been done and what has not. */
    if (PQstatus(connection) != CONNECTION_OK ||
        PQtransactionStatus(connection) != PQTRANS_IDLE)
        return SESSION_LATE_LOST;
    session->late = false;
    return SESSION_LATE_OVER;
}
