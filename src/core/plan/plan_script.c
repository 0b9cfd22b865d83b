/* A script as a step: its attempts, their pauses, the record. */
#include "plan/plan_script_private.h"

#include "error.h"
#include "interrupt.h"
#include "units/units.h"

#include <poll.h>

static void statement_free(gpointer data)
{
    struct script_statement *statement = data;

    g_free(statement->sql);
    g_free(statement);
}

struct script *plan_script_new(bool transaction)
{
    struct script *script = g_new0(struct script, 1);

    script->statements = g_ptr_array_new_with_free_func(statement_free);
    script->transaction = transaction;
    return script;
}

void plan_script_free(struct script *script)
{
    g_ptr_array_unref(script->statements);
    g_free(script);
}

void plan_script_add(struct script *script, const char *sql, bool strong)
{
    struct script_statement *statement = g_new0(struct script_statement, 1);

    statement->sql = g_strdup(sql);
    statement->strong = strong;
    g_ptr_array_add(script->statements, statement);
}

void plan_script_result_clear(struct script_result *result)
{
    g_clear_pointer(&result->message, g_free);
    g_clear_pointer(&result->holds, g_ptr_array_unref);
}

/* ---- between attempts ---------------------------------------------------------------------- */

static void say_again(const struct step *step, const struct plan_run *run,
                      const struct script_limits *limits, const struct script_result *result,
                      gint64 pause_ms)
{
    g_autofree char *pause = units_format_duration((double) pause_ms / 1000);

    output_note(run->output, "%s: %s; again in %s (attempt %u of %u)", step->object,
                result->message != NULL ? result->message : "busy", pause, result->attempts + 1,
                limits->attempts);
}

/* False after a signal. */
static bool rest(const struct plan_run *run, gint64 pause_ms)
{
    gint64 until = g_get_monotonic_time() + pause_ms * 1000;
    gint64 left_us;

    while (!plan_work_interrupted(run) && (left_us = until - g_get_monotonic_time()) > 0) {
        struct pollfd descriptor = {.fd = run->limits.cleanup ? -1 : interrupt_fd(),
                                    .events = POLLIN};
        poll(&descriptor, 1, (int) (left_us / 1000) + 1);
    }
    return !plan_work_interrupted(run);
}

/* ---- the run ------------------------------------------------------------------------------- */

static void fail(struct script_result *result, enum script_ending ending, char *message)
{
    g_free(result->message);
    result->message = message;
    result->ending = ending;
}

static int number_of(const struct plan *plan, const struct step *step,
                     const struct plan_run *run)
{
    guint index = 0;
    bool found = g_ptr_array_find(plan->steps, step, &index);

    g_assert(found);
    return (int) index + MAX(run->first_step, 1);
}

/* One attempt, with what comes before it. False when there is none. */
static bool attempt(struct work *work, const struct script_hooks *hooks, struct step *step,
                    int number)
{
    struct script_result *result = work->result;
    g_autoptr(GError) error = NULL;
    char *why = NULL;

    if (plan_work_interrupted(work->run)) {
        fail(result, SCRIPT_INTERRUPTED, g_strdup("interrupted before it started"));
        return false;
    }
    /* First the worker's lock: what the hook reads then is not changed by another run's worker. */
    if (!plan_work_ready(work, &error)) {
        bool busy = g_error_matches(error, RUNBOOK_ERROR, RUNBOOK_REFUSED);
        fail(result, busy ? SCRIPT_HELD_BACK : SCRIPT_FAILED,
             g_strdup(error != NULL ? error->message : "connection lost"));
        return false;
    }
    if (hooks->before != NULL &&
        !hooks->before(work->run->control, result->attempts + 1, &why, hooks->data)) {
        fail(result, SCRIPT_HELD_BACK, why);
        return false;
    }
    if (!session_alive(work->run->control)) {
        fail(result, SCRIPT_UNGUARDED, g_strdup("the guard's connection was lost"));
        return false;
    }
    result->attempts++;
    step->attempts++;
    step->started_us = g_get_real_time();
    store_step_begin(work->run->store, work->run->store_run, number, NULL);
    plan_work_attempt(work);
    return true;
}

static void attempts(struct work *work, const struct script_hooks *hooks, struct step *step,
                     int number)
{
    const struct script_limits *limits = work->limits;
    struct script_result *result = work->result;

    while (attempt(work, hooks, step, number) && result->ending == SCRIPT_BUSY &&
           result->attempts < limits->attempts) {
        gint64 pause_ms =
            plan_script_pause_ms(limits, result->attempts, g_random_double_range(0, 1));
        say_again(step, work->run, limits, result, pause_ms);
        if (!rest(work->run, pause_ms)) {
            fail(result, SCRIPT_INTERRUPTED, g_strdup("interrupted between two attempts"));
            return;
        }
    }
}

static enum step_outcome outcome_of(enum script_ending ending)
{
    switch (ending) {
    case SCRIPT_DONE:
        return STEP_DONE;
    case SCRIPT_BUSY:
    case SCRIPT_HELD_BACK:
        return STEP_SKIPPED;
    case SCRIPT_INTERRUPTED:
        return STEP_NOT_REACHED;
    case SCRIPT_FAILED:
    case SCRIPT_STOPPED:
    case SCRIPT_UNGUARDED:
    case SCRIPT_LOST:
        return STEP_FAILED;
    }
    return STEP_FAILED;
}

void plan_script_run(const struct script *script, const struct script_limits *limits,
                     const struct script_hooks *hooks, const struct plan *plan,
                     struct step *step, struct plan_run *run, struct script_result *ret_result)
{
    int number = number_of(plan, step, run);

    *ret_result = (struct script_result){.ending = SCRIPT_FAILED};
    if (run->limits.cleanup)
        session_wind_down(run->control);
    struct work work = {.script = script, .limits = limits, .run = run, .result = ret_result};
    attempts(&work, hooks, step, number);
    plan_work_close(&work);
    step->outcome = outcome_of(ret_result->ending);
    step->ended_us = g_get_real_time();
    g_free(step->detail);
    step->detail = g_strdup(ret_result->message);
    store_step_end(run->store, run->store_run, number, step_outcome_name(step->outcome),
                   step->detail);
}
