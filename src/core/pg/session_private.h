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
    bool no_utf8;       /* the database's encoding cannot be had in it (MULE_INTERNAL) */
    gint64 patience_ms; /* of the params */
    bool lingers;       /* of the params */
    bool late;          /* an answer is outstanding, long after its time */
    bool wants_primary;
    bool replication;       /* a walsender, which knows no SQL */
    bool replication_named; /* with the name of the database that was given, for .pgpass */
    void (*echo)(const char *sql, gpointer data);
    gpointer echo_data;
};

/* Waits until the socket is ready for `events` (POLLIN, POLLOUT) or until deadline_us on the
 * monotonic clock. RUNBOOK_INTERRUPTED on a signal unless the session is winding down. */
enum session_ready { SESSION_READY, SESSION_TIMED_OUT, SESSION_INTERRUPTED };
enum session_ready session_wait(PGconn *connection, short events, gint64 deadline_us,
                                bool heed_interrupt);

void session_set_sqlstate(struct session *session, const char *sqlstate);

/* Before a statement is sent: false with an error when there is no connection; else the echo. */
bool session_usable(struct session *session, const char *sql, GError **error);

/* When a server that has not answered until now counts as lost. */
gint64 session_answer_deadline(const struct session *session);

/* The next result of what was sent; NULL at the end, or with an error. */
PGresult *session_next_result(struct session *session, GError **error);

/* Waits for the answer to what was sent: the last result, or NULL with an error. */
PGresult *session_collect(struct session *session, GError **error);

/* A wait that ended before its time: after a signal the statement is cancelled, else the
 * connection is given up. Sets the error. */
void session_report_wait(struct session *session, enum session_ready ready, GError **error);

/* What the server or libpq said of a statement that failed; result may be NULL. */
void session_report_failure(struct session *session, const PGresult *result, GError **error);

/* session_each.c: reads and drops what is left of a COPY, if one is under way. False when that
 * had not come by the deadline. */
bool session_drain_rows(struct session *session, gint64 deadline_us);

/* An answer, or (result NULL) one row of a COPY, whose fields belong to whoever reads it. */
struct rows {
    PGresult *result;
    const char *const *fields; /* NULL for null */
};

struct rows *rows_wrap(PGresult *result);

/* Takes a line of COPY's text format apart, in place: ret_fields gets up to `most` fields, NULL
 * for null. Returns how many there were. */
guint rows_split(char *line, const char **ret_fields, guint most);

/* Keywords and values for PQconnectStartParams, a later one wins over an earlier. */
enum { SESSION_KEYWORDS = 20 };
struct session_keywords {
    const char *names[SESSION_KEYWORDS + 1];
    const char *values[SESSION_KEYWORDS + 1];
    int count;
};
struct session_keywords session_keywords_for(const struct session *session);
void session_keyword(struct session_keywords *keywords, const char *name, const char *value);

/* How long an attempt to connect may take. Pure. asked_s: the connect_timeout of the conninfo, 0:
 * none; patience_ms: of the params; others: there are more hosts to turn to. */
gint64 session_connect_seconds(gint64 asked_s, gint64 patience_ms, bool others);

/* One of several hosts. NULL: not said. */
struct session_place {
    char *host, *address, *port;
};

/* session_hosts.c: of lists as libpq takes them (pure); empty where there is one host only, or
 * where the lists do not fit together, which is libpq's to say. Free with g_ptr_array_unref(). */
GPtrArray *session_places(const char *host, const char *address, const char *port);

/* Those of the session, and whether the primary is meant. */
GPtrArray *session_places_of(struct session *session);

/* One attempt, at one of several places or (NULL) where libpq finds the server. On failure *ret_ask
 * says whether a password would help. */
bool session_attempt_at(struct session *session, const struct session_place *place,
                        bool *ret_ask, GError **error);

/* Each of them in turn, the one reached last first, until one takes the connection. */
bool session_attempt_each(struct session *session, const GPtrArray *places, bool *ret_ask,
                          GError **error);

/* What the server or libpq said to a connection that failed, without its SQLSTATE and source
 * location; sets the session's SQLSTATE, "08001" where there was none. Caller frees. */
char *session_refusal(struct session *session, const char *raw);

/* What to do about it. */
const char *session_refusal_hint(const char *sqlstate, const char *message);

/* What to do when it was a replication connection; NULL: as for every connection. */
const char *session_replication_hint(const char *sqlstate);

#endif
