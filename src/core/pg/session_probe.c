#include "pg/session_probe.h"

#include "pg/session_private.h"

#include <poll.h>
#include <string.h>

struct session_probe {
    PGconn *connection;
    PostgresPollingStatusType status;
    gint64 deadline_us;
};

static void ignore_notice(void *data, const PGresult *notice)
{
    (void) data;
    (void) notice;
}

/* Where that session is connected to; an address where there is one, so that no resolver is asked. */
static void go_beside(struct session_keywords *keywords, const struct session *beside)
{
    PGconn *there = beside->connection;
    const char *address = PQhostaddr(there);

    session_keyword(keywords, "host", PQhost(there));
    session_keyword(keywords, "hostaddr", address != NULL && *address != '\0' ? address : NULL);
    session_keyword(keywords, "port", PQport(there));
}

static struct session_probe *start(const struct session_keywords *keywords, gint64 patience_ms)
{
    struct session_probe *probe = g_new0(struct session_probe, 1);

    probe->deadline_us = g_get_monotonic_time() + patience_ms * 1000;
    probe->connection = PQconnectStartParams(keywords->names, keywords->values, 1);
    g_assert(probe->connection != NULL);
    PQsetErrorVerbosity(probe->connection, PQERRORS_VERBOSE);
    PQsetNoticeReceiver(probe->connection, ignore_notice, NULL);
    probe->status = PQstatus(probe->connection) == CONNECTION_BAD ? PGRES_POLLING_FAILED
                                                                  : PGRES_POLLING_WRITING;
    return probe;
}

struct session_probe *session_probe_start(struct session_params *params,
                                          const struct session *beside, gint64 patience_ms)
{
    const struct session form = {.params = params, .application = beside->application};
    struct session_keywords keywords = session_keywords_for(&form);

    go_beside(&keywords, beside);
    return start(&keywords, patience_ms);
}

struct session_probe *session_probe_usual(struct session_params *params,
                                          const struct session *like, gint64 patience_ms)
{
    const struct session form = {.params = params, .application = like->application};
    struct session_keywords keywords = session_keywords_for(&form);

    return start(&keywords, patience_ms);
}

void session_probe_free(struct session_probe *probe)
{
    PQfinish(probe->connection);
    g_free(probe);
}

int session_probe_fd(const struct session_probe *probe)
{
    return probe->status == PGRES_POLLING_FAILED ? -1 : PQsocket(probe->connection);
}

short session_probe_events(const struct session_probe *probe)
{
    return probe->status == PGRES_POLLING_READING ? POLLIN : POLLOUT;
}

gint64 session_probe_deadline_us(const struct session_probe *probe)
{
    return probe->deadline_us;
}

enum session_probe_state session_probe_go(struct session_probe *probe, bool ready,
                                          char **ret_reason)
{
    if (ready && probe->status != PGRES_POLLING_FAILED)
        probe->status = PQconnectPoll(probe->connection);
    if (probe->status == PGRES_POLLING_OK)
        return SESSION_PROBE_IN;
    if (probe->status == PGRES_POLLING_FAILED) {
        struct session form = {.connection = NULL};
        *ret_reason = session_refusal(&form, PQerrorMessage(probe->connection));
        return strcmp(form.sqlstate, "53300") == 0 ? SESSION_PROBE_FULL : SESSION_PROBE_FAILED;
    }
    if (g_get_monotonic_time() < probe->deadline_us)
        return SESSION_PROBE_UNDERWAY;
    *ret_reason = g_strdup("no answer in time");
    return SESSION_PROBE_SILENT;
}
