/*
 * A lane: one connection, one statement at a time, sent without waiting and read when ready; or
 * one program at a time.
 */
#include "core_queries.h"
#include "plan/plan_private.h"

#include <string.h>

enum {
    REOPEN_MS = 1000, /* between attempts to connect */
    GUARD_MS = 2000,  /* how much later than ours the server's own end of a statement comes */
    SHORTEST_PAUSE_MS = 50,
    CANCEL_AGAIN_MS = 500,
    CANCELS_BEFORE_GHOST = 10,
};

static gint64 after_ms(gint64 ms)
{
    return g_get_monotonic_time() + ms * 1000;
}

/* Before another try: grows with the tries, so that all of them together wait a few times
 * lock_timeout, whether the lock was waited for or skipped. */
static gint64 pause_ms(const struct runner *runner, const struct step *step)
{
    const struct plan_limits *limits = &runner->run->limits;
    gint64 unit = limits->pause_ms > 0 ? limits->pause_ms
                                       : MAX(limits->lock_timeout_ms / 2, SHORTEST_PAUSE_MS);

    return (gint64) step->attempts * unit;
}

/* No connection: the step waits at the front, the lane for a while. */
static void lane_rest(struct lane *lane, struct step *step, const char *why)
{
    struct runner *runner = lane->runner;

    lane_close(lane);
    lane->reopen_at_us = after_ms(REOPEN_MS);
    queue_first(runner, step);
    if (runner->outage_us == 0)
        runner->outage_us = g_get_monotonic_time();
    g_free(step->detail);
    step->detail = g_strdup(why);
    g_free(runner->outage_cause);
    runner->outage_cause = g_strdup(why);
}

/* The server ends a statement by itself a little after we would have: that is for the night
 * when this program is killed. */
static bool set_limits(struct lane *lane, const struct step *step, GError **error)
{
    const struct plan_limits *limits = &lane->runner->run->limits;
    gint64 left_ms = window_left_ms(&limits->window);
    gint64 end_ms = left_ms == G_MAXINT64 ? 0 : MIN(left_ms + GUARD_MS, G_MAXINT32);
    g_autofree char *sql = g_strdup_printf(
        "SET statement_timeout = %" G_GINT64_FORMAT "; SET lock_timeout = %" G_GINT64_FORMAT,
        end_ms,
        step->lock_timeout_ms != 0 ? MAX(step->lock_timeout_ms, 0) : limits->lock_timeout_ms);

    return session_command(lane->session, sql, error);
}

static void put_off(struct lane *lane, struct step *step, char *why)
{
    struct runner *runner = lane->runner;

    step->attempts++;
    if (step->attempts >= runner->run->limits.attempts) {
        step_end(runner, step, STEP_SKIPPED, why);
        return;
    }
    g_free(step->detail);
    step->detail = why;
    queue_later(runner, step, pause_ms(runner, step));
}

/* It counts as a try: the recheck itself may be what ends the connection. */
static void lost_by_recheck(struct lane *lane, struct step *step)
{
    if (step->program == NULL)
        lane_close(lane);
    lane->reopen_at_us = after_ms(REOPEN_MS);
    put_off(lane, step, g_strdup("connection lost"));
}

/* The feature's recheck. True when the step is to be sent now. */
static bool recheck(struct lane *lane, struct step *step)
{
    const struct plan_run *run = lane->runner->run;
    const struct plan_hooks *hooks = &run->hooks;
    struct session *session = step->program == NULL ? lane->session : run->control;
    char *why = NULL;

    if (hooks->before == NULL)
        return true;
    /* The statement before may have been allowed to wait for ever; a recheck never is. */
    if (session == lane->session && run->limits.lock_timeout_ms == 0)
        session_command(session, "SET statement_timeout = '30s'; SET lock_timeout = '2s'",
                        NULL);
    enum step_go go = hooks->before(step, session, &why, hooks->data);
    if (!session_alive(session)) {
        g_free(why);
        lost_by_recheck(lane, step);
        return false;
    }
    if (runner_interrupted(lane->runner)) {
        g_free(why);
        queue_first(lane->runner, step);
        return false;
    }
    if (go == STEP_DROP)
        step_end(lane->runner, step, STEP_SKIPPED, why);
    else if (go == STEP_LATER)
        put_off(lane, step, why);
    else
        g_free(why);
    return go == STEP_GO;
}

static char *message_of(const PGresult *result)
{
    const char *primary = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    const char *detail = PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL);

    if (primary == NULL)
        return g_strstrip(g_strdup(PQresultErrorMessage(result)));
    return detail == NULL ? g_strdup(primary) : g_strdup_printf("%s (%s)", primary, detail);
}

static void keep_error(struct lane *lane, const PGresult *result)
{
    const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);

    if (PQresultStatus(result) != PGRES_FATAL_ERROR || lane->sqlstate[0] != '\0')
        return;
    g_strlcpy(lane->sqlstate, sqlstate ? sqlstate : "08006", sizeof lane->sqlstate);
    lane->message = message_of(result);
}

/* The statement is over: what becomes of the step. */
static void conclude(struct lane *lane)
{
    static const enum step_outcome outcomes[] = {
        [JUDGED_DONE] = STEP_DONE,
        [JUDGED_FAILED] = STEP_FAILED,
        [JUDGED_NOT_REACHED] = STEP_NOT_REACHED,
        [JUDGED_SKIPPED] = STEP_SKIPPED,
        [JUDGED_RETRY] = STEP_PLANNED,
    };
    struct runner *runner = lane->runner;
    const struct plan_hooks *hooks = &runner->run->hooks;
    struct step *step = g_steal_pointer(&lane->step);
    struct ending ending = {
        .sqlstate = lane->sqlstate,
        .stop = runner->stop,
        .window_closed = window_closed(&runner->run->limits.window),
        .attempts = step->attempts,
        .limit = runner->run->limits.attempts,
        .stop_why = lane->stop_why,
        .program = lane->program != NULL,
        .message = lane->message,
    };
    enum judgement judgement = plan_judge(&ending);

    g_free(step->detail);
    step->detail = plan_describe(&ending, judgement);
    step->outcome = outcomes[judgement];
    enum step_after again = STEP_ENDED;
    if (hooks->after != NULL)
        again = hooks->after(step, lane->sqlstate,
                             session_alive(runner->run->control) ? runner->run->control : NULL,
                             hooks->data);
    if (step->outcome != STEP_DONE && runner->run->limits.pace != NULL)
        plan_pace_take_back(runner->run->limits.pace);
    /* Queued while the run stops, it is not reached: part of it is still to do. */
    if (again != STEP_ENDED || step->outcome == STEP_PLANNED) {
        step->outcome = STEP_PLANNED;
        if (again == STEP_AGAIN)
            step->attempts = 0; /* it is another statement now */
        queue_later(runner, step, again == STEP_AGAIN ? 0 : pause_ms(runner, step));
    }
    step_end(runner, step, step->outcome,
             step->outcome == STEP_DONE ? NULL : g_strdup(step->detail));
}

static void lane_lost(struct lane *lane)
{
    if (lane->sqlstate[0] == '\0')
        g_strlcpy(lane->sqlstate, "08006", sizeof lane->sqlstate);
    /* Of the control session's own backend control_tend() makes a ghost. */
    if (!lane->borrowed)
        control_add_ghost(lane->runner, lane->session);
    conclude(lane);
    lane_close(lane);
    lane->reopen_at_us = after_ms(REOPEN_MS);
}

/* A connection where the step needs one, the recheck, the limits. */
static bool make_ready(struct lane *lane, struct step *step)
{
    g_autoptr(GError) error = NULL;

    if (step->program == NULL && lane->session == NULL && !lane_open(lane, &error)) {
        lane_rest(lane, step, error->message);
        return false;
    }
    lane->runner->outage_us = 0;
    if (!recheck(lane, step))
        return false;
    if (step->program == NULL && !set_limits(lane, step, &error)) {
        lane_rest(lane, step, error->message);
        return false;
    }
    return true;
}

static void begin(struct lane *lane, struct step *step)
{
    struct plan_run *run = lane->runner->run;

    step->attempts++;
    step->started_us = g_get_real_time();
    lane->step = step;
    if (run->limits.pace != NULL)
        plan_pace_note(run->limits.pace, g_get_monotonic_time());
    lane->next_cancel_us = 0;
    lane->cancels = 0;
    lane->sqlstate[0] = '\0';
    g_clear_pointer(&lane->message, g_free);
    g_clear_pointer(&lane->stop_why, g_free);
    if (run->echo)
        output_echo(run->output, step->sql);
    store_step_begin(run->store, run->store_run, step_number(lane->runner, step), step->sql);
}

static void send_statement(struct lane *lane)
{
    PGconn *connection = session_handle(lane->session);

    if (PQsendQuery(connection, lane->step->sql))
        return;
    lane->message = g_strchomp(g_strdup(PQerrorMessage(connection)));
    lane_lost(lane);
}

static void start_program(struct lane *lane)
{
    struct session *control = lane->runner->run->control;
    g_autoptr(GError) error = NULL;

    AUTO(rows) rows = session_query(control, &query_core_client_check, NULL, &error);
    bool guarded = rows != NULL && rows_bool(rows, 0, CORE_CLIENT_CHECK_CHECKS);
    if (session_alive(control)) {
        g_clear_error(&error);
        lane->program = program_start(lane->step, session_handle(control), guarded, &error);
    }
    if (lane->program != NULL)
        return;
    g_strlcpy(lane->sqlstate, session_alive(control) ? "38000" : "08006",
              sizeof lane->sqlstate);
    lane->message = g_strdup(error->message);
    conclude(lane);
}

void lane_start(struct lane *lane, struct step *step)
{
    if (!make_ready(lane, step))
        return;
    begin(lane, step);
    if (step->program != NULL)
        start_program(lane);
    else
        send_statement(lane);
}

static void read_program(struct lane *lane)
{
    if (!program_ended(lane->program))
        return;
    g_strlcpy(lane->sqlstate, program_sqlstate(lane->program), sizeof lane->sqlstate);
    lane->message = program_words(lane->program);
    conclude(lane);
    g_clear_pointer(&lane->program, program_free);
}

static void hand_on(struct lane *lane, const PGresult *result)
{
    const struct plan_hooks *hooks = &lane->runner->run->hooks;

    if (hooks->answer != NULL && PQresultStatus(result) == PGRES_TUPLES_OK)
        hooks->answer(lane->step, result, hooks->data);
}

static void read_statement(struct lane *lane)
{
    PGconn *connection = session_handle(lane->session);
    bool readable = PQconsumeInput(connection) != 0;

    while (!PQisBusy(connection)) {
        PGresult *result = PQgetResult(connection);
        if (result == NULL)
            break;
        keep_error(lane, result);
        hand_on(lane, result);
        PQclear(result);
    }
    if (!readable || PQstatus(connection) != CONNECTION_OK)
        lane_lost(lane);
    else if (PQtransactionStatus(connection) != PQTRANS_ACTIVE) {
        lane->runner->outage_us = 0;
        conclude(lane);
    }
}

void lane_read(struct lane *lane)
{
    if (lane->program != NULL)
        read_program(lane);
    else
        read_statement(lane);
}

int lane_fd(const struct lane *lane)
{
    if (lane->step == NULL)
        return -1;
    return lane->program != NULL ? program_fd(lane->program)
                                 : PQsocket(session_handle(lane->session));
}

void lane_cancel(struct lane *lane)
{
    gint64 now = g_get_monotonic_time();

    if (lane->program != NULL)
        program_stop(lane->program);
    if (lane->step == NULL || lane->program != NULL || now < lane->next_cancel_us)
        return;
    lane->next_cancel_us = now + CANCEL_AGAIN_MS * 1000;
    if (lane->cancels++ < CANCELS_BEFORE_GHOST) {
        session_cancel(lane->session, NULL);
        return;
    }
    /* It does not listen: the control session terminates the backend. */
    if (lane->borrowed)
        session_drop(lane->session);
    lane_lost(lane);
}
