/*
 * Connecting: bounded, interruptible, with an error that says what to do. libpq gets only what
 * the user said, so PG* variables, services and .pgpass work as in every PostgreSQL program.
 */
#include "core_queries.h"
#include "error.h"
#include "interrupt.h"
#include "pg/console.h"
#include "pg/libpq_library.h"
#include "pg/session_private.h"
#include "pg/terminal.h"

#include <poll.h>
#include <string.h>

/* In a hurry, and with another host to turn to, no host gets more than two seconds. */
enum { CONNECT_SECONDS = 10, HURRIED_SECONDS = 2 };

static const char PROGRAM[] = "pgrunbook "; /* the section follows */

void session_keyword(struct session_keywords *keywords, const char *name, const char *value)
{
    if (value == NULL)
        return;
    g_assert(keywords->count < SESSION_KEYWORDS);
    keywords->names[keywords->count] = name;
    keywords->values[keywords->count] = value;
    keywords->count++;
}

/* Before dbname stand defaults that a conninfo string or URI in it may override; behind it what
 * the user gave as an option, and the name our own safety rules rely on. */
struct session_keywords session_keywords_for(const struct session *session)
{
    const struct session_params *params = session->params;
    struct session_keywords keywords = {.count = 0};

    session_keyword(&keywords, "keepalives_idle", "30");
    session_keyword(&keywords, "keepalives_interval", "10");
    session_keyword(&keywords, "keepalives_count", "3");
    session_keyword(&keywords, "tcp_user_timeout", "40000");
    /* Of two the second is a plain name, whatever is in it, and wins. */
    session_keyword(&keywords, "dbname",
                    params->dbname == NULL && params->database != NULL ? "postgres"
                                                                       : params->dbname);
    session_keyword(&keywords, "dbname", params->database);
    session_keyword(&keywords, "host", params->host);
    session_keyword(&keywords, "port", params->port);
    session_keyword(&keywords, "user", params->user);
    session_keyword(&keywords, "password", params->entered);
    session_keyword(&keywords, "client_encoding",
                    params->encoding != NULL ? params->encoding
                    : session->no_utf8       ? "SQL_ASCII"
                                             : "UTF8");
    session_keyword(&keywords, "application_name", session->application);
    if (session->replication) {
        session_keyword(&keywords, "replication", "true");
        /* The database that .pgpass has for such connections; the server ignores it. */
        if (!session->replication_named)
            session_keyword(&keywords, "dbname", "replication");
    }
    return keywords;
}

const char *session_refusal_hint(const char *sqlstate, const char *message)
{
    static const struct {
        const char *sqlstate, *hint;
    } hints[] = {
        {"28P01", "put the password into ~/.pgpass (or PGPASSFILE), or type it with -W"},
        {"28000", "the server's pg_hba.conf decides who may connect from where; \"pgrunbook "
                  "setup\" prints "
                  "the SQL that makes a role"},
        {"3D000", "psql -l lists the databases; name one as the last argument or with -d"},
        {"42501", "the role lacks the CONNECT privilege on this database"},
        {"53300", "every slot an ordinary role may use is taken; on 16 and newer a member of "
                  "pg_use_reserved_connections still gets in, before that a superuser"},
        {"57P03", "the server is starting up or shutting down; try again in a moment"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(hints); i++)
        if (strcmp(sqlstate, hints[i].sqlstate) == 0)
            return hints[i].hint;
    if (strstr(message, "no password supplied") != NULL)
        return "put the password into ~/.pgpass (or PGPASSFILE), or type it with -W";
    return "is the server running there? -h and -p (or PGHOST and PGPORT) say where it listens";
}

const char *session_replication_hint(const char *sqlstate)
{
    if (strcmp(sqlstate, "28000") == 0)
        return "pg_hba.conf needs a line for replication, as in: host replication ROLE ADDRESS "
               "scram-sha-256 (the database \"all\" does not include it)";
    if (strcmp(sqlstate, "42501") == 0)
        return "the role lacks the right to replicate: ALTER ROLE … REPLICATION";
    if (strcmp(sqlstate, "53300") == 0)
        return "SHOW max_wal_senders says how many may (0: nobody; more take a restart), "
               "SELECT * FROM pg_stat_replication who they are";
    return NULL;
}

/* With PQERRORS_VERBOSE libpq writes "FATAL:  28P01: message" and a LOCATION line: the only way
 * to learn the SQLSTATE of a refused connection without matching translated text. Before the
 * session has an encoding that text may be in any. */
char *session_refusal(struct session *session, const char *raw)
{
    g_autofree char *message = g_utf8_make_valid(raw, -1);
    g_autoptr(GRegex) code = g_regex_new(":  ([0-9A-Z]{5}): ", 0, 0, NULL);
    g_autoptr(GRegex) location = g_regex_new("\\nLOCATION:[^\\n]*", 0, 0, NULL);
    g_autoptr(GMatchInfo) match = NULL;

    session_set_sqlstate(session, "08001");
    if (g_regex_match(code, message, 0, &match)) {
        g_autofree char *found = g_match_info_fetch(match, 1);
        session_set_sqlstate(session, found);
    }
    g_autofree char *short_text = g_regex_replace(code, message, -1, 0, ":  ", 0, NULL);
    char *text = g_regex_replace_literal(location, short_text, -1, 0, "", 0, NULL);
    return g_strstrip(text);
}

gint64 session_connect_seconds(gint64 asked_s, gint64 patience_ms, bool others)
{
    gint64 patience_s = (patience_ms + 999) / 1000;
    gint64 seconds = asked_s > 0        ? asked_s
                     : patience_ms <= 0 ? CONNECT_SECONDS
                     : others           ? HURRIED_SECONDS
                                        : patience_s;

    /* Whoever is in a hurry is silent for no longer than that, whatever the conninfo allows. */
    return MAX(patience_ms > 0 ? MIN(seconds, patience_s) : seconds, 2);
}

static gint64 connect_deadline(PGconn *connection, gint64 patience_ms, bool others)
{
    gint64 seconds = 0;
    PQconninfoOption *options = PQconninfo(connection);

    for (PQconninfoOption *option = options; option && option->keyword; option++)
        if (strcmp(option->keyword, "connect_timeout") == 0 && option->val != NULL)
            seconds = g_ascii_strtoll(option->val, NULL, 10);
    PQconninfoFree(options);
    return g_get_monotonic_time() +
           session_connect_seconds(seconds, patience_ms, others) * G_USEC_PER_SEC;
}

static bool poll_connection(PGconn *connection, gint64 deadline, bool heed, GError **error)
{
    for (PostgresPollingStatusType status = PGRES_POLLING_WRITING;;) {
        if (status == PGRES_POLLING_OK)
            return true;
        if (status == PGRES_POLLING_FAILED)
            return false;
        short events = status == PGRES_POLLING_READING ? POLLIN : POLLOUT;
        enum session_ready ready = session_wait(connection, events, deadline, heed);
        if (ready == SESSION_INTERRUPTED) {
            runbook_error_set(error, RUNBOOK_INTERRUPTED, NULL, "interrupted");
            return false;
        }
        if (ready == SESSION_TIMED_OUT) {
            runbook_error_set(error, RUNBOOK_CONNECT,
                              "a firewall that drops packets looks like this; a longer wait is "
                              "set by PGCONNECT_TIMEOUT",
                              "cannot connect: no answer in time from host \"%s\", port %s",
                              PQhost(connection), PQport(connection));
            return false;
        }
        status = PQconnectPoll(connection);
    }
}

/* libpq's own receiver prints on stderr, which is the host's alone. */
static void ignore_notice(void *data, const PGresult *notice)
{
    (void) data;
    (void) notice;
}

bool session_attempt_at(struct session *session, const struct session_place *place,
                        bool *ret_ask, GError **error)
{
    struct session_keywords keywords = session_keywords_for(session);
    if (place != NULL) {
        session_keyword(&keywords, "host", place->host);
        session_keyword(&keywords, "hostaddr", place->address);
        session_keyword(&keywords, "port", place->port);
    }
    if (session->wants_primary)
        session_keyword(&keywords, "target_session_attrs", "primary");
    PGconn *connection = PQconnectStartParams(keywords.names, keywords.values, 1);
    g_autoptr(GError) waited = NULL;

    *ret_ask = false;
    g_assert(connection != NULL);
    PQsetErrorVerbosity(connection, PQERRORS_VERBOSE);
    PQsetNoticeReceiver(connection, ignore_notice, NULL);
    if (PQstatus(connection) != CONNECTION_BAD &&
        poll_connection(connection,
                        connect_deadline(connection, session->patience_ms, place != NULL),
                        !session->winding_down, &waited)) {
        PQsetErrorVerbosity(connection, PQERRORS_DEFAULT);
        session->connection = connection;
        return true;
    }
    *ret_ask = PQconnectionNeedsPassword(connection) && session->params->entered == NULL;
    if (waited != NULL) {
        session_set_sqlstate(session, "08001");
        g_propagate_error(error, g_steal_pointer(&waited));
    } else {
        g_autofree char *text = session_refusal(session, PQerrorMessage(connection));
        const char *hint =
            session->replication ? session_replication_hint(session->sqlstate) : NULL;
        if (hint == NULL)
            hint = session_refusal_hint(session->sqlstate, text);
        runbook_error_set(error, RUNBOOK_CONNECT, hint, "cannot connect%s: %s",
                          session->replication ? " for replication" : "", text);
    }
    PQfinish(connection);
    if (session->no_utf8 || strcmp(session->sqlstate, "0A000") != 0)
        return false;
    /* All that a server cannot do for somebody who only connects is to convert. */
    session->no_utf8 = true;
    g_clear_error(error);
    return session_attempt_at(session, place, ret_ask, error);
}

static bool attempt(struct session *session, bool *ret_ask, GError **error)
{
    g_autoptr(GPtrArray) places = session_places_of(session);

    if (places->len == 0)
        return session_attempt_at(session, NULL, ret_ask, error);
    return session_attempt_each(session, places, ret_ask, error);
}

static bool connect_with_password(struct session *session, GError **error)
{
    struct session_params *params = session->params;
    g_autoptr(GError) refused = NULL;
    bool ask;

    if (params->password == SESSION_PASSWORD_ASK && params->entered == NULL)
        params->entered = terminal_password("Password: ");
    if (attempt(session, &ask, &refused))
        return true;
    if (ask && session->replication && !session->replication_named) {
        /* The password may stand under the name of the database that was given. */
        g_clear_error(&refused);
        session->replication_named = true;
        if (attempt(session, &ask, &refused))
            return true;
    }
    if (ask && params->password == SESSION_PASSWORD_AUTO) {
        params->entered = terminal_password("Password: ");
        if (params->entered != NULL) {
            g_clear_error(&refused);
            if (attempt(session, &ask, &refused))
                return true;
        }
    }
    g_propagate_error(error, g_steal_pointer(&refused));
    return false;
}

static bool old_enough(const struct session *session, GError **error)
{
    if (session->version >= SESSION_OLDEST)
        return true;
    runbook_error_set(error, RUNBOOK_REFUSED,
                      "PostgreSQL 14 is the oldest version pgrunbook works on",
                      "the server is PostgreSQL %d.%d, too old", session->version / 10000,
                      session->version % 10000);
    return false;
}

/* Role and database settings may hold timeouts, search paths and formats that change what our
 * statements mean; from here on only ours count. */
static bool prepare(struct session *session, GError **error)
{
    session->version = PQserverVersion(session->connection);
    session->pid = PQbackendPID(session->connection);
    if (!old_enough(session, error))
        return false;
    /* A role's own statement_timeout may be too short even for the query that lifts it. */
    if (!session_command(session, "SET statement_timeout = '30s'", error))
        return false;
    /* A SQL_ASCII database holds names in any bytes, and would refuse to send them as UTF-8. */
    const char *encoding = PQparameterStatus(session->connection, "server_encoding");
    if (encoding != NULL && strcmp(encoding, "SQL_ASCII") == 0)
        PQsetClientEncoding(session->connection, "SQL_ASCII");
    AUTO(rows) rows = session_query(session, &query_core_prepare_session, NULL, error);
    if (rows == NULL)
        return false;
    g_free(session->started);
    session->started = g_strdup(rows_text(rows, 0, CORE_PREPARE_SESSION_STARTED));
    /* The server notices by itself when we die: refused on platforms without support. */
    session_command(session, "SET client_connection_check_interval = '5s'", NULL);
    return true;
}

bool session_reopen(struct session *session, GError **error)
{
    g_clear_pointer(&session->connection, PQfinish);
    session->late = false;
    bool connected = connect_with_password(session, error);
    g_strlcpy(session->params->refusal, connected ? "" : session->sqlstate,
              sizeof session->params->refusal);
    if (!connected)
        return false;
    void (*echo)(const char *, gpointer) = session->echo;
    session->echo = NULL; /* setting up is not part of the work */
    bool ready = prepare(session, error);
    session->echo = echo;
    if (!ready)
        g_clear_pointer(&session->connection, PQfinish);
    return ready;
}

/* Before anything is asked of libpq, of which there may be none. A slip in the connection string is a
 * matter of usage, not of the server. */
static bool check_conninfo(const char *text, GError **error)
{
    char *message = NULL;

    if (!libpq_library_load(error))
        return false;
    if (text == NULL || (strchr(text, '=') == NULL && strstr(text, "://") == NULL))
        return true;
    PQconninfoOption *options = PQconninfoParse(text, &message);
    bool valid = options != NULL;
    if (!valid) {
        g_autofree char *reason = g_strstrip(g_strdup(message ? message : "out of memory"));
        runbook_error_set(
            error, RUNBOOK_USAGE,
            "as in: host=db1 port=5432 dbname=shop, or postgresql://db1:5432/shop; a database "
            "that has a = in its name is \"dbname='a=b'\"",
            "invalid connection string: %s", reason);
    }
    PQconninfoFree(options);
    PQfreemem(message);
    return valid;
}

static struct session *open_session(struct session_params *params, const char *section,
                                    bool winding_down, GError **error)
{
    if (!check_conninfo(params->dbname, error))
        return NULL;
    struct session *session = g_new0(struct session, 1);

    session->params = params;
    session->patience_ms = params->patience_ms;
    session->lingers = params->lingers;
    session->application = g_strconcat(PROGRAM, section, NULL);
    session->winding_down = winding_down;
    if (session_reopen(session, error))
        return session;
    session_close(session);
    return NULL;
}

struct session *console_open(struct session_params *params, const char *section, GError **error)
{
    if (!check_conninfo(params->dbname, error))
        return NULL;
    struct session *console = g_new0(struct session, 1);

    console->params = params;
    console->application = g_strdup_printf("pgrunbook %s", section);
    if (connect_with_password(console, error))
        return console;
    session_close(console);
    return NULL;
}

/* Whose cluster it is can be asked without any right. */
static bool prepare_replication(struct session *session, GError **error)
{
    session->version = PQserverVersion(session->connection);
    session->pid = PQbackendPID(session->connection);
    if (!old_enough(session, error))
        return false;
    AUTO(rows) rows = console_ask(session, "IDENTIFY_SYSTEM", error);
    if (rows == NULL)
        return false;
    session->system_identifier = g_strdup(rows_count(rows) > 0 ? rows_text(rows, 0, 0) : NULL);
    session->system_identifier_asked = true;
    return true;
}

struct session *session_open_replication(struct session_params *params, const char *section,
                                         GError **error)
{
    if (!check_conninfo(params->dbname, error))
        return NULL;
    struct session *session = g_new0(struct session, 1);

    session->params = params;
    session->patience_ms = params->patience_ms;
    session->application = g_strconcat(PROGRAM, section, NULL);
    session->replication = true;
    if (connect_with_password(session, error) && prepare_replication(session, error))
        return session;
    session_close(session);
    return NULL;
}

struct session *session_open(struct session_params *params, const char *section, GError **error)
{
    return open_session(params, section, false, error);
}

struct session *session_open_wound_down(struct session_params *params, const char *section,
                                        GError **error)
{
    return open_session(params, section, true, error);
}

struct session *session_twin(struct session *session, GError **error)
{
    return open_session(session->params, session->application + strlen(PROGRAM),
                        session->winding_down, error);
}

void session_close(struct session *session)
{
    PQfinish(session->connection);
    g_free(session->application);
    g_free(session->system_identifier);
    g_free(session->started);
    g_free(session);
}
