/*
 * A session on a PostgreSQL server: connected with bounded time and keepalives, search_path
 * nailed to pg_catalog, every wait interruptible by Ctrl-C and SIGTERM.
 *
 * A session belongs to one thread. Queries wait at most the session's query limit; whatever may
 * run longer goes through core/plan.
 */
#ifndef CORE_SESSION_H
#define CORE_SESSION_H

#include "auto.h"
#include "pg/query.h"

#include <glib.h>
#include <libpq-fe.h>
#include <stdbool.h>

enum session_password { SESSION_PASSWORD_AUTO, SESSION_PASSWORD_ASK, SESSION_PASSWORD_NEVER };

/* What the user said about the server. NULL members are left to libpq (environment, service
 * file, .pgpass, compiled-in defaults). dbname may be a conninfo string or a URI. */
struct session_params {
    const char *host, *port, *user, *dbname;
    const char *database;           /* of that server, whichever dbname names; NULL: that one */
    const char *encoding;           /* of the client; NULL: UTF8 */
    enum session_password password; /* -W, -w */
    char *entered;   /* password typed on the terminal, kept for further lanes; owned */
    char refusal[6]; /* SQLSTATE of the last attempt, when it failed: "53300", no slot left */
    /* How long an answer may take, and connecting where the conninfo does not say; 0: as long as
     * fits a run, 45 s and 10 s. */
    gint64 patience_ms;
    /* Of several hosts the primary is meant, unless the conninfo has target_session_attrs of its
     * own. */
    bool primary;
    guint reached; /* which of them was reached last: it is tried first the next time */
    /* An answer that does not come within the patience is late, and the connection is kept for it:
     * session_late(). */
    bool lingers;
};

struct session;

/* Oldest supported server, as server_version_num. */
enum { SESSION_OLDEST = 140000 };

/* Connects as "pgrunbook SECTION". Errors: RUNBOOK_CONNECT (with a hint for the usual causes),
 * RUNBOOK_REFUSED for servers before 14, RUNBOOK_INTERRUPTED. May ask for a password on the
 * terminal; not from a second thread. */
struct session *session_open(struct session_params *params, const char *section,
                             GError **error);
/* The same for cleaning up after a signal: it neither ends the connecting nor later waits. */
struct session *session_open_wound_down(struct session_params *params, const char *section,
                                        GError **error);
/* A connection of the replication protocol (physical): BASE_BACKUP, START_REPLICATION, SHOW. The
 * same passwords, deadlines and hints. It knows no SQL: of the functions below those that ask
 * nothing work on it, session_system_identifier(), session_command() and console_ask()
 * (pg/console.h). */
struct session *session_open_replication(struct session_params *params, const char *section,
                                         GError **error);
/* Another one to the same server, as the same role, for a second thread; it is opened by the
 * first. Its statements are not echoed. */
struct session *session_twin(struct session *session, GError **error);
void session_close(struct session *session);
AUTO_DEFINE(session, session_close)

int session_version(const struct session *session); /* server_version_num */
/* The database's encoding as the server spells it ("LATIN1"); ours is UTF8 whatever it is. Valid as
 * long as the connection. NULL: not connected. */
const char *session_encoding(const struct session *session);
const char *session_database(const struct session *session);
const char *session_user(const struct session *session);
const char *session_host(const struct session *session); /* host or socket directory */
const char *session_port(const struct session *session);
int session_pid(const struct session *session);                 /* backend */
const char *session_started(const struct session *session);     /* its backend_start, as text */
const char *session_system_identifier(struct session *session); /* NULL: may not be read */
PGconn *session_handle(struct session *session);                /* for core/plan's event loop */

/* Several hosts were given, and the one that is the primary is meant: on a standby it has no
 * business. */
bool session_wants_primary(const struct session *session);

/* False once the connection was found dead; session_reopen() tries again. */
bool session_alive(const struct session *session);
bool session_reopen(struct session *session, GError **error);

/* An answer is outstanding that did not come in time. Until it is there the session is of no use,
 * but its connection stands, and with it the slot on the server. */
bool session_late(const struct session *session);
int session_late_fd(const struct session *session); /* readable when it is time to go on */

/* Goes on with it, without waiting. What the answer was nobody learns; nor which locks of the
 * session it took. LOST: the connection is of no use any more. */
enum session_late_state { SESSION_LATE_PENDING, SESSION_LATE_OVER, SESSION_LATE_LOST };
enum session_late_state session_late_go(struct session *session);

/* How many hosts these name that are tried one by one; 1 where libpq finds its way. */
guint session_hosts(struct session_params *params);

/* Reads and drops what is left of the answer to a statement, also a COPY that begins only now: it
 * may have been on its way when the statement was cancelled. False when that had not come by the
 * deadline (monotonic), or wants data: the connection is of no use any more. */
bool session_settle(struct session *session, gint64 deadline_us);

/* Leaves a connection that does not answer; its backend may be at work for a while yet. */
void session_drop(struct session *session);

/* From here on a signal no longer ends this session's waits: for cleaning up after one. */
void session_wind_down(struct session *session);

/* Prints every statement through `echo` first, when set. */
void session_set_echo(struct session *session, void (*echo)(const char *sql, gpointer data),
                      gpointer data);
bool session_echoes(const struct session *session);

/* The answer to a query: cells by row and column number (the query's enum). */
struct rows;

/* Runs the query's variant for this server with text parameters (as many as it declares).
 * NULL with an error; its message holds the server's primary message, detail and hint, and
 * session_sqlstate() the code. */
struct rows *session_query(struct session *session, const struct query *query,
                           const char *const *values, GError **error);

/* The same for answers too large to keep: visit gets one row at a time, as row 0, while the server
 * goes on with the next. False with an error; then some rows may have been visited. The server is
 * sent a COPY of the query with the values in it, so it has to be a SELECT. */
bool session_each(struct session *session, const struct query *query, const char *const *values,
                  void (*visit)(const struct rows *row, gpointer data), gpointer data,
                  GError **error);

/* Runs one statement that returns nothing of interest. */
bool session_command(struct session *session, const char *sql, GError **error);

/* SQLSTATE of the last failure, "" when there was none, "08006" for a lost connection. */
const char *session_sqlstate(const struct session *session);

void rows_free(struct rows *rows);
AUTO_DEFINE(rows, rows_free)
int rows_count(const struct rows *rows);
bool rows_null(const struct rows *rows, int row, int column);
const char *rows_text(const struct rows *rows, int row, int column); /* NULL for null */
gint64 rows_int(const struct rows *rows, int row, int column);       /* 0 for null */
double rows_real(const struct rows *rows, int row, int column);
bool rows_bool(const struct rows *rows, int row, int column);

/* Asks the server to cancel what the session's backend runs now; does not wait for it to end. */
bool session_cancel(struct session *session, GError **error);

/* "schema"."name", quoted by the server's rules. Caller frees. NULL only for invalid UTF-8. */
char *session_quote(struct session *session, const char *schema, const char *name);

/* A literal for text in SQL that is shown to people (dry runs, hints). Caller frees. */
char *session_literal(struct session *session, const char *text);

#endif
