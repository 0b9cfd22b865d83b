/* What the files of one session share; nobody else includes this. */
#ifndef CORE_SESSION_PRIVATE_H
#define CORE_SESSION_PRIVATE_H

#include "pg/session.h"

struct session {
    PGconn *connection; /* NULL between a failed reopen and the next */
    struct session_params *params;
    char *application; /* "pgrunbook SECTION" */
    int version;
    int pid; /* of the backend, kept after the connection is lost */
    char *system_identifier;
    bool system_identifier_asked;
    char *started; /* backend_start as text: with the pid it names one backend for good */
    char sqlstate[6];
    bool winding_down;
    void (*echo)(const char *sql, gpointer data);
    gpointer echo_data;
};

/* Waits until the socket is ready for `events` (POLLIN, POLLOUT) or until deadline_us on the
 * monotonic clock. RUNBOOK_INTERRUPTED on a signal unless the session is winding down. */
enum session_ready { SESSION_READY, SESSION_TIMED_OUT, SESSION_INTERRUPTED };
enum session_ready session_wait(PGconn *connection, short events, gint64 deadline_us,
                                bool heed_interrupt);

void session_set_sqlstate(struct session *session, const char *sqlstate);

struct rows *rows_wrap(PGresult *result);

/* What the server or libpq said to a connection that failed, without its SQLSTATE and source
 * location; sets the session's SQLSTATE, "08001" where there was none. Caller frees. */
char *session_refusal(struct session *session, const char *raw);

/* What to do about it. */
const char *session_refusal_hint(const char *sqlstate, const char *message);

#endif
