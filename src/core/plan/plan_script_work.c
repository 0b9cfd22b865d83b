/* One attempt at a script: a connection made ready, BEGIN, statements, COMMIT. */
#include "core_queries.h"
#include "error.h"
#include "interrupt.h"
#include "plan/plan_script_private.h"

#include <string.h>

enum {
    GRACE_MS = 2000, /* how much later than ours the server's own bounds are */
    SINCE_TRANSACTION_TIMEOUT = 170000,
    BURY_SECONDS = 30,
    REOPEN_SECONDS = 60,
    OTHER_SECONDS = 30, /* how long to wait for a backend that another run has left */
    STEP_MS = 100,
};

static gint64 bound_of(const struct script_limits *limits)
{
    return limits->lock_timeout_ms + limits->max_hold_ms + GRACE_MS;
}

bool plan_work_interrupted(const struct plan_run *run)
{
    return !run->limits.cleanup && interrupt_pending();
}

/* ---- the connection ------------------------------------------------------------------------ */

static void on_notice(void *data, const PGresult *notice)
{
    struct work *work = data;
    const char *severity = PQresultErrorField(notice, PG_DIAG_SEVERITY_NONLOCALIZED);
    const char *text = PQresultErrorField(notice, PG_DIAG_MESSAGE_PRIMARY);
    const char *detail = PQresultErrorField(notice, PG_DIAG_MESSAGE_DETAIL);

    if (work->result == NULL || g_strcmp0(severity, "WARNING") != 0 || text == NULL)
        return;
    g_free(work->result->message);
    work->result->message =
        detail == NULL ? g_strdup(text) : g_strdup_printf("%s (%s)", text, detail);
}

/* VACUUM FULL is no CONCURRENTLY: everybody queues behind it while it waits. */
static bool strong_alone(const struct script *script)
{
    return !script->transaction && script->statements->len > 0 &&
           ((const struct script_statement *) g_ptr_array_index(script->statements, 0))->strong;
}

/* The statements are the application's, and so are the settings they run under: those of role and
 * database, not ours. */
static bool make_plain(struct work *work, GError **error)
{
    const struct script_limits *limits = work->limits;
    bool strong = strong_alone(work->script);
    gint64 lock_ms = work->script->transaction || strong ? limits->lock_timeout_ms : 0;
    gint64 longest_ms = strong                      ? bound_of(limits)
                        : work->script->transaction ? limits->statement_timeout_ms
                                                    : 0;
    g_autofree char *sql = g_strdup_printf(
        "SET lock_timeout = %" G_GINT64_FORMAT "; SET statement_timeout = %" G_GINT64_FORMAT
        "; SET idle_in_transaction_session_timeout = %" G_GINT64_FORMAT
        "; SET standard_conforming_strings = on",
        lock_ms, longest_ms, bound_of(limits));

    work->held = work->bounded = false;
    if (!session_command(work->session, "DISCARD ALL", error) ||
        !session_command(work->session, sql, error))
        return false;
    /* The server notices by itself when we die; refused on platforms without support. */
    session_command(work->session, "SET client_connection_check_interval = '2s'", NULL);
    return session_alive(work->session);
}

/* A run that was killed has given back its control session's lock at once; its worker may be in the
 * midst of a COMMIT, and the version table does not say so yet. So workers have a lock of their own,
 * which lives as long as they do. It is tried: a waiter would have a snapshot. */
static bool only_one(struct work *work, GError **error)
{
    g_autofree char *lock = g_strconcat(work->run->section, " worker", NULL);
    gint64 until = g_get_monotonic_time() + OTHER_SECONDS * G_USEC_PER_SEC;

    for (;;) {
        g_autofree char *holder = NULL;
        if (plan_lock_try(work->session, lock, &holder, error))
            return true;
        if (holder == NULL)
            return false;
        if (g_get_monotonic_time() > until || plan_work_interrupted(work->run)) {
            runbook_error_set(error, RUNBOOK_REFUSED, NULL,
                              "a backend of another run is still at work: %s", holder);
            return false;
        }
        g_usleep(STEP_MS * 1000);
    }
}

bool plan_work_ready(struct work *work, GError **error)
{
    if (work->session != NULL && !session_alive(work->session))
        g_clear_pointer(&work->session, session_close);
    if (work->session == NULL) {
        struct plan_run *run = work->run;
        work->session = run->limits.cleanup
                            ? session_open_wound_down(run->server, run->section, error)
                            : session_open(run->server, run->section, error);
        if (work->session == NULL)
            return false;
        /* A signal stops statements by the guard's way, and never the ROLLBACK behind them. */
        session_wind_down(work->session);
        PQsetNoticeReceiver(session_handle(work->session), on_notice, work);
    }
    return make_plain(work, error) && only_one(work, error);
}

void plan_work_close(struct work *work)
{
    g_clear_pointer(&work->session, session_close);
    g_clear_pointer(&work->stop_why, g_free);
}

/* ---- bounds -------------------------------------------------------------------------------- */

/* The server ends by itself what would hold a strong lock for too long: the statement that may take
 * one, and the whole transaction from then on. It is said again before each statement: the script may
 * have settings of its own. */
static bool bound(struct work *work, bool strong)
{
    bool seen = plan_guard_strong(&work->guard);
    bool whole =
        seen && !work->bounded && session_version(work->session) >= SINCE_TRANSACTION_TIMEOUT;

    work->held = work->held || strong || seen;
    if (!work->script->transaction || !work->held)
        return true;
    gint64 most_ms = bound_of(work->limits);
    g_autofree char *sql =
        whole ? g_strdup_printf("SET LOCAL statement_timeout = %" G_GINT64_FORMAT
                                "; SET LOCAL transaction_timeout = %" G_GINT64_FORMAT,
                                most_ms, most_ms)
              : g_strdup_printf("SET LOCAL statement_timeout = %" G_GINT64_FORMAT, most_ms);
    work->bounded = work->bounded || whole;
    return plan_work_send(work, sql);
}

/* ---- an attempt ---------------------------------------------------------------------------- */

/* Nothing is locked before the guard has shown that it looks at the same server, and sees us. */
static bool guarded(struct work *work)
{
    struct guard *guard = &work->guard;

    if (plan_guard_look(guard) && guard->seen)
        return true;
    work->verdict = GUARD_BLIND;
    work->stop_why = guard->lost
                         ? g_strdup("the guard's connection was lost before it began")
                         : g_strdup("the guard does not see the migration's connection on its "
                                    "server: a pooler or a balancer is in between");
    return false;
}

static bool still_wanted(struct work *work)
{
    if (work->stop_why == NULL && plan_work_interrupted(work->run)) {
        work->interrupted = true;
        work->stop_why = g_strdup("interrupted");
        session_wind_down(work->guard.session);
    }
    if (work->stop_why == NULL)
        work->verdict = plan_guard_verdict(&work->guard, &work->stop_why);
    return work->stop_why == NULL;
}

static bool send_statements(struct work *work)
{
    const GPtrArray *statements = work->script->statements;

    for (guint i = 0; i < statements->len; i++) {
        const struct script_statement *statement = g_ptr_array_index(statements, i);
        work->result->statement = i;
        if (!bound(work, statement->strong) || !still_wanted(work))
            return false;
        plan_guard_statement(&work->guard, true);
        if (!plan_work_send(work, statement->sql))
            return false;
        plan_guard_statement(&work->guard, false);
    }
    work->result->statement = statements->len;
    return true;
}

static bool commit(struct work *work)
{
    if (PQtransactionStatus(session_handle(work->session)) != PQTRANS_INTRANS) {
        g_strlcpy(work->result->sqlstate, "25P01", sizeof work->result->sqlstate);
        g_free(work->result->message);
        work->result->message = g_strdup("the script ended its transaction by itself");
        return false;
    }
    /* What is held is known to the last lock before it is given back. */
    if (!plan_guard_look(&work->guard) || !still_wanted(work))
        return false;
    return plan_work_send(work, "COMMIT");
}

static enum script_ending ending_of(const struct work *work, bool done)
{
    const char *sqlstate = work->result->sqlstate;

    if (work->gone)
        return SCRIPT_LOST;
    if (done)
        return SCRIPT_DONE;
    if (work->interrupted)
        return SCRIPT_INTERRUPTED;
    if (work->verdict == GUARD_STOP)
        return SCRIPT_STOPPED;
    if (work->verdict == GUARD_BLIND || work->guard.lost)
        return SCRIPT_UNGUARDED;
    if (work->verdict == GUARD_YIELD || strcmp(sqlstate, "55P03") == 0 ||
        strcmp(sqlstate, "40P01") == 0)
        return SCRIPT_BUSY;
    return SCRIPT_FAILED;
}

static void conclude(struct work *work, bool done)
{
    struct script_result *result = work->result;

    result->ending = ending_of(work, done);
    if (done || (work->stop_why == NULL && result->message != NULL))
        return;
    g_free(result->message);
    result->message = work->stop_why != NULL ? g_strdup(work->stop_why)
                                             : g_strdup("the guard's connection was lost");
}

/* A cancel that is still on its way must not meet the next attempt. */
static void leave(struct work *work)
{
    if (work->gone || work->cancels > 0 || !session_alive(work->session) ||
        (PQtransactionStatus(session_handle(work->session)) != PQTRANS_IDLE &&
         !session_command(work->session, "ROLLBACK", NULL)))
        g_clear_pointer(&work->session, session_close);
}

static void begin(struct work *work)
{
    struct script_result *result = work->result;

    g_clear_pointer(&work->stop_why, g_free);
    work->verdict = GUARD_GO;
    work->interrupted = work->gone = false;
    work->cancel_us = 0;
    work->cancels = 0;
    g_clear_pointer(&result->message, g_free);
    g_clear_pointer(&result->holds, g_ptr_array_unref);
    result->sqlstate[0] = '\0';
    result->statement = 0;
    plan_guard_open(&work->guard, work->run->control, work->session, work->limits,
                    work->script->transaction);
}

void plan_work_attempt(struct work *work)
{
    struct script_result *result = work->result;
    gint64 started_us = g_get_monotonic_time();

    begin(work);
    bool done = guarded(work) &&
                (!work->script->transaction || plan_work_send(work, "BEGIN")) &&
                send_statements(work) && (!work->script->transaction || commit(work));
    gint64 ended_us = g_get_monotonic_time();
    plan_guard_release(&work->guard, ended_us);
    conclude(work, done);
    if (work->gone)
        plan_work_bury(work);
    leave(work);
    result->holds = g_ptr_array_ref(work->guard.given_back);
    result->waited_ms = MAX(result->waited_ms, work->guard.longest_wait_ms);
    result->seconds = (double) (ended_us - started_us) / G_USEC_PER_SEC;
    plan_guard_close(&work->guard);
}

/* ---- what lost its connection -------------------------------------------------------------- */

static bool control_back(struct session *control)
{
    gint64 until = g_get_monotonic_time() + REOPEN_SECONDS * G_USEC_PER_SEC;

    while (!session_alive(control) && !session_reopen(control, NULL)) {
        if (interrupt_pending() || g_get_monotonic_time() > until)
            return false;
        g_usleep(STEP_MS * 1000);
    }
    return true;
}

/* It may be in the middle of its COMMIT: only when it is gone the version table tells the truth. */
void plan_work_bury(struct work *work)
{
    struct guard *guard = &work->guard;
    struct session *control = guard->session;
    const char *const values[] = {guard->pid, guard->started};
    gint64 until = g_get_monotonic_time() + BURY_SECONDS * G_USEC_PER_SEC;

    /* What was under way on the control session is answered first, or lost with it. */
    if (guard->asked_us != 0)
        plan_guard_look(guard);
    while (g_get_monotonic_time() < until && control_back(control)) {
        AUTO(rows) ended = session_query(control, &query_core_end_backend, values, NULL);
        if (ended != NULL && rows_count(ended) == 0)
            return;
        g_usleep(STEP_MS * 1000);
    }
}
