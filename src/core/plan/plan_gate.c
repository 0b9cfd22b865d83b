/* The gates before a run, its record, its exit code. */
#include "plan/plan_gate.h"

bool gate_primary(const struct session *session, bool in_recovery, const char *what,
                  GError **error)
{
    if (!in_recovery)
        return true;
    runbook_error_set(error, RUNBOOK_REFUSED,
                      "run it on the primary; a standby follows by itself",
                      "the server at \"%s\" is a standby: %s", session_host(session), what);
    return false;
}

void gate_dry_run(const struct call *call, const struct plan *plan, gint64 lock_timeout_ms,
                  const struct window *window, void (*show)(gpointer data), gpointer data)
{
    if (output_format(call->output) == OUTPUT_TABLE)
        plan_print(plan, lock_timeout_ms, window, call->output);
    else
        show(data);
}

bool gate_confirmed(const struct call *call, guint steps, const char *question,
                    const char *hint, void (*show)(gpointer data), gpointer data, bool *ret_yes,
                    GError **error)
{
    *ret_yes = true;
    if (call->yes || steps == 0)
        return true;
    /* stdout is the answer's alone: a plan to read before it would be a second document. */
    if (output_format(call->output) != OUTPUT_TABLE) {
        runbook_error_set(error, RUNBOOK_USAGE, hint,
                          "in this format a run is not asked for: it needs --yes");
        return false;
    }
    if (!output_can_ask(call->output, error))
        return false;
    show(data);
    if (!output_confirm(call->output, question, ret_yes, error))
        return false;
    if (!*ret_yes)
        output_note(call->output, "nothing was changed");
    return true;
}

gint64 gate_record_begin(const struct call *call, struct session *control,
                         const struct window *window)
{
    struct store_run record = {
        .section = call->feature->name,
        .verb = call->command->verb,
        .target = call->target != NULL ? call->target : call->alias,
        .host = session_host(control),
        .dbname = session_database(control),
        .role = session_user(control),
        .system_identifier = session_system_identifier(control),
        .version_num = session_version(control),
        .command_line = call->command_line,
        .deadline_us =
            window->length_ms > 0 ? window->started_at + window->length_ms * 1000 : 0,
    };

    return store_run_begin(call->store, &record);
}

void gate_record_steps(const struct call *call, gint64 run, const struct plan *plan,
                       int first_step)
{
    g_autofree struct store_step *steps = g_new0(struct store_step, plan->steps->len + 1);

    for (guint i = 0; i < plan->steps->len; i++) {
        const struct step *step = g_ptr_array_index(plan->steps, i);
        steps[i] = (struct store_step){
            .number = (int) i + MAX(first_step, 1),
            .object = step->object,
            .sql = step->sql,
            .reason = step->reason,
            .lock_mode = step->lock_mode,
            .undo = step->undo,
        };
    }
    store_steps_planned(call->store, run, steps, plan->steps->len);
}

struct plan_run gate_plan_run(const struct call *call, struct session *control,
                              const struct window *window, gint64 run)
{
    return (struct plan_run){
        .control = control,
        .server = call->server,
        .section = call->feature->name,
        .store = call->store,
        .store_run = run,
        .output = call->output,
        .limits = {.window = *window,
                   .lanes = 1,
                   .attempts = 1,
                   .borrowed = call->guard != NULL},
        .echo = call->echo,
    };
}

void gate_count_step(struct gate_count *count, const struct step *step)
{
    count->done += step->outcome == STEP_DONE;
    count->failed += step->outcome == STEP_FAILED;
    count->left += step->outcome == STEP_SKIPPED || step->outcome == STEP_NOT_REACHED;
}

void gate_count_steps(struct gate_count *count, const struct plan *plan)
{
    for (guint i = 0; i < plan->steps->len; i++)
        gate_count_step(count, g_ptr_array_index(plan->steps, i));
}

enum runbook_exit gate_judge(const struct gate_count *count)
{
    if (count->failed + count->left + count->forbidden == 0)
        return RUNBOOK_DONE;
    if (count->done + count->left + count->forbidden == 0)
        return RUNBOOK_FAILED;
    if (count->done + count->left + count->failed == 0)
        return RUNBOOK_REFUSED;
    return RUNBOOK_PARTLY;
}

const char *gate_outcome_name(enum runbook_exit code)
{
    switch (code) {
    case RUNBOOK_DONE:
        return "done";
    case RUNBOOK_PARTLY:
        return "partly";
    case RUNBOOK_REFUSED:
        return "refused";
    case RUNBOOK_INTERRUPTED:
        return "interrupted";
    case RUNBOOK_FAILED:
    case RUNBOOK_USAGE:
    case RUNBOOK_CONNECT:
        return "failed";
    }
    return "failed";
}

enum runbook_exit gate_record_end(const struct call *call, gint64 run, enum runbook_exit code,
                                  const GError *broken, const char *summary)
{
    if (broken != NULL)
        code = runbook_error_exit(broken);
    store_run_end(call->store, run, gate_outcome_name(code), (int) code,
                  broken ? broken->message : NULL, summary);
    return code;
}
