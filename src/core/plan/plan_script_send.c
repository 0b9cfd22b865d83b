/* One statement of a script: sent, watched by the guard, cancelled when it has to stop. */
#include "core_queries.h"
#include "interrupt.h"
#include "plan/plan_script_private.h"

#include <poll.h>

enum {
    POLL_MS = 200,
    CANCEL_AGAIN_MS = 500,
    CANCELS_BEFORE_END = 4,   /* then the backend is terminated */
    CANCELS_BEFORE_LOSS = 30, /* then it is left to the server's own bounds */
};

/* ---- stopping ------------------------------------------------------------------------------ */

static gpointer cancel_thread(gpointer data)
{
    char reason[256];

    PQcancel(data, reason, sizeof reason);
    PQfreeCancel(data);
    return NULL;
}

/* A cancel is a connection of its own, and where the network is gone it waits long for it. */
static void cancel(const struct work *work)
{
    PGcancel *request = PQgetCancel(session_handle(work->session));

    if (request != NULL)
        g_thread_unref(g_thread_new("cancel", cancel_thread, request));
}

static void end_backend(const struct work *work)
{
    const struct guard *guard = &work->guard;
    const char *const values[] = {guard->pid, guard->started};

    if (guard->lost || guard->asked_us != 0)
        return;
    struct rows *rows = session_query(guard->session, &query_core_end_backend, values, NULL);
    g_clear_pointer(&rows, rows_free);
}

static void press(struct work *work)
{
    gint64 now = g_get_monotonic_time();

    if (now < work->cancel_us)
        return;
    work->cancel_us = now + CANCEL_AGAIN_MS * 1000;
    work->cancels++;
    cancel(work);
    if (work->cancels > CANCELS_BEFORE_END)
        end_backend(work);
    if (work->cancels > CANCELS_BEFORE_LOSS)
        session_drop(work->session);
}

static void watch(struct work *work)
{
    plan_guard_tend(&work->guard);
    if (work->stop_why == NULL && plan_work_interrupted(work->run)) {
        work->interrupted = true;
        work->stop_why = g_strdup("interrupted; cancelled on the server");
        session_wind_down(work->guard.session);
    }
    if (work->stop_why == NULL)
        work->verdict = plan_guard_verdict(&work->guard, &work->stop_why);
    if (work->stop_why != NULL)
        press(work);
}

/* ---- reading ------------------------------------------------------------------------------- */

static char *message_of(const PGresult *result)
{
    const char *primary = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    const char *detail = PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL);

    if (primary == NULL)
        return g_strstrip(g_strdup(PQresultErrorMessage(result)));
    return detail == NULL ? g_strdup(primary) : g_strdup_printf("%s (%s)", primary, detail);
}

static void keep_error(const struct work *work, const PGresult *result)
{
    struct script_result *kept = work->result;
    const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);

    if (kept->sqlstate[0] != '\0')
        return;
    g_strlcpy(kept->sqlstate, sqlstate != NULL ? sqlstate : "08006", sizeof kept->sqlstate);
    g_free(kept->message);
    kept->message = message_of(result);
}

/* What a script gets out of the server is nobody's; what it would have to put in is not there. */
static bool drain_copy(PGconn *connection)
{
    char *line = NULL;
    int length;

    while ((length = PQgetCopyData(connection, &line, 1)) > 0)
        PQfreemem(line);
    return length != 0;
}

enum reading { READING_ON, READING_OVER, READING_LOST };

static enum reading read_results(const struct work *work)
{
    PGconn *connection = session_handle(work->session);
    bool readable = PQconsumeInput(connection) != 0;

    while (!PQisBusy(connection)) {
        PGresult *result = PQgetResult(connection);
        if (result == NULL)
            return readable && PQstatus(connection) == CONNECTION_OK ? READING_OVER
                                                                     : READING_LOST;
        ExecStatusType status = PQresultStatus(result);
        if (status == PGRES_FATAL_ERROR)
            keep_error(work, result);
        PQclear(result);
        if (status == PGRES_COPY_IN)
            PQputCopyEnd(connection, "a migration cannot be fed with data");
        if (status == PGRES_COPY_OUT && !drain_copy(connection))
            return READING_ON;
    }
    return readable && PQstatus(connection) == CONNECTION_OK ? READING_ON : READING_LOST;
}

static void wait(const struct work *work)
{
    struct pollfd descriptors[] = {
        {.fd = PQsocket(session_handle(work->session)), .events = POLLIN},
        {.fd = plan_guard_fd(&work->guard), .events = POLLIN},
        {.fd = work->interrupted || work->run->limits.cleanup ? -1 : interrupt_fd(),
         .events = POLLIN},
    };
    gint64 left_ms = (plan_guard_due_us(&work->guard) - g_get_monotonic_time()) / 1000;

    poll(descriptors, G_N_ELEMENTS(descriptors), (int) CLAMP(left_ms, 1, POLL_MS));
}

static bool lose(struct work *work)
{
    struct script_result *result = work->result;

    work->gone = true;
    if (result->sqlstate[0] == '\0')
        g_strlcpy(result->sqlstate, "08006", sizeof result->sqlstate);
    if (result->message == NULL)
        result->message = g_strdup("connection lost");
    return false;
}

bool plan_work_send(struct work *work, const char *sql)
{
    if (work->run->echo)
        output_echo(work->run->output, sql);
    if (!session_alive(work->session) || !PQsendQuery(session_handle(work->session), sql))
        return lose(work);
    for (;;) {
        enum reading reading = read_results(work);
        if (reading == READING_OVER)
            return work->result->sqlstate[0] == '\0';
        if (reading == READING_LOST)
            return lose(work);
        watch(work);
        if (session_handle(work->session) == NULL)
            return lose(work);
        wait(work);
    }
}
