/* `bloat reclaim`: observe, decide, gate, act, measure, record, show. */
#include "bloat_reclaim.h"
#include "plan/plan_gate.h"

#include <string.h>

enum { ATTEMPTS = 5 };

/* Table and indexes of one step count once; what was not measured is not won. */
gint64 reclaim_target_won(const struct reclaim_target *target)
{
    return target->size_before >= 0 && target->size_after >= 0
               ? target->size_before - target->size_after
               : 0;
}

/* ---- what became of it ------------------------------------------------------------------------ */

static void take(struct reclaim_target *target, enum step_outcome outcome, const char *reason)
{
    target->outcome = outcome;
    g_free(target->outcome_reason);
    target->outcome_reason = g_strdup(reason);
}

static void settle_index(struct reclaim_case *state, struct reclaim_target *target)
{
    const struct rebuild_index *index = rebuild_index_of(state->rebuild, target->step);

    take(target, index->outcome, index->detail);
    target->size_before = index->bytes_before;
    target->size_after = index->outcome == STEP_DONE ? index->bytes_after : -1;
}

/* Done without its control session: the sizes are still to be taken. */
static void measure_again(struct reclaim_case *state, struct reclaim_target *target)
{
    if (target->step->outcome != STEP_DONE || target->size_after >= 0 ||
        !session_alive(state->control))
        return;
    reclaim_measure(target, target->step, state->control);
}

static void settle(struct reclaim_case *state)
{
    for (guint i = 0; i < state->targets->len; i++) {
        struct reclaim_target *target = g_ptr_array_index(state->targets, i);
        if (target->step == NULL) {
            take(target, STEP_SKIPPED, target->choice.reason);
        } else if (target->index != NULL) {
            settle_index(state, target);
        } else {
            measure_again(state, target);
            take(target, target->step->outcome, target->step->detail);
        }
    }
    for (guint i = 0; i < state->targets->len; i++) {
        struct reclaim_target *target = g_ptr_array_index(state->targets, i);
        if (target->covered_by != NULL)
            take(target, target->covered_by->outcome,
                 target->covered_by->outcome == STEP_DONE ? target->choice.reason
                                                          : target->covered_by->outcome_reason);
    }
}

static bool was_dropped(const struct reclaim_target *target)
{
    return target->outcome == STEP_SKIPPED && target->outcome_reason != NULL &&
           g_str_has_prefix(target->outcome_reason, "dropped");
}

static enum runbook_exit judge(const struct reclaim_case *state, const struct plan *plan)
{
    struct gate_count count = {0};

    for (guint i = 0; i < plan->steps->len; i++) {
        const struct step *step = g_ptr_array_index(plan->steps, i);
        if (reclaim_is_removal(state, step))
            gate_count_step(&count, step);
    }
    for (guint i = 0; i < state->targets->len; i++) {
        const struct reclaim_target *target = g_ptr_array_index(state->targets, i);
        if (target->covered_by != NULL || was_dropped(target))
            continue;
        count.done += target->outcome == STEP_DONE;
        count.failed += target->outcome == STEP_FAILED;
        count.forbidden += target->choice.forbidden;
        count.left += !target->choice.forbidden &&
                      (target->outcome == STEP_NOT_REACHED || target->outcome == STEP_SKIPPED);
    }
    return gate_judge(&count);
}

/* ---- the run ---------------------------------------------------------------------------------- */

static struct rebuild_rules rebuild_rules_of(const struct settings *settings)
{
    return (struct rebuild_rules){
        .patience_ms = settings_int(settings, "bloat.patience"),
        .give_way_ms = settings_int(settings, "bloat.lock_timeout"),
        .old_xact_ms = settings_int(settings, "bloat.patience"),
        .blind_bytes = settings_int(settings, "bloat.blind_size"),
        .memory_bytes = settings_int(settings, "bloat.memory"),
    };
}

static void read_rules(struct reclaim_case *state)
{
    const struct settings *settings = state->call->settings;
    struct rebuild_rules rules = rebuild_rules_of(settings);

    state->rules = (struct reclaim_rules){
        .worth_fraction = settings_fraction(settings, "bloat.worth_fraction"),
        .worth_bytes = settings_int(settings, "bloat.worth_bytes"),
        .allow_exclusive = option_given(state->call->options, "allow-exclusive-lock"),
        .blind_bytes = settings_int(settings, "bloat.blind_size"),
    };
    state->program = settings_string(settings, "bloat.pg_repack");
    state->lock_timeout_ms = settings_int(settings, "bloat.lock_timeout");
    state->repack_wait_ms = settings_int(settings, "bloat.repack_wait");
    state->patience_ms = settings_int(settings, "bloat.patience");
    state->rebuild = rebuild_new(state->call, &rules);
}

static struct plan_run executor(struct reclaim_case *state, gint64 id)
{
    struct plan_run run = gate_plan_run(state->call, state->control, &state->window, id);
    struct rebuild_rules rules = rebuild_rules_of(state->call->settings);

    run.limits.attempts = ATTEMPTS;
    rebuild_limits(&rules, &run.limits);
    run.hooks = reclaim_hooks(state);
    return run;
}

static void carry_out(struct reclaim_case *state, struct plan *plan, gint64 id, GError **error)
{
    struct plan_run run = executor(state, id);

    reclaim_record(state, id, true);
    rebuild_begin(state->rebuild, &run, plan);
    plan_run(plan, &run, error);
    /* Both clean up behind the steps of the run. */
    run.first_step = 1 + (int) reclaim_finish(state, &run, plan);
    rebuild_finish(state->rebuild, &run, plan);
    settle(state);
    reclaim_record(state, id, false);
}

static enum runbook_exit act(struct reclaim_case *state, struct plan *plan, GError **error)
{
    struct call *call = state->call;
    g_autoptr(GError) broken = NULL;
    gint64 id = gate_record_begin(call, state->control, &state->window);

    gate_record_steps(call, id, plan, 1);
    bool ran = plan_lock(state->control, call->feature->name, &broken);
    if (ran)
        carry_out(state, plan, id, &broken);
    g_autofree char *summary = ran ? reclaim_summary(state) : NULL;
    enum runbook_exit code = gate_record_end(call, id, judge(state, plan), broken, summary);
    if (ran)
        reclaim_show_run(state, plan, store_trouble(call->store) ? -1 : id,
                         gate_outcome_name(code));
    if (broken != NULL)
        g_propagate_error(error, g_steal_pointer(&broken));
    return code;
}

/* ---- the command -------------------------------------------------------------------------------- */

struct view {
    const struct reclaim_case *state;
    const struct plan *plan;
};

static void show(gpointer data)
{
    const struct view *view = data;

    reclaim_show_plan(view->state, view->plan);
}

/* Strangers' remains bar nothing but their own tables; whoever left them knows what to do. */
static void note_leftovers(const struct reclaim_case *state)
{
    for (guint i = 0; i < state->leftovers->len; i++) {
        const struct reclaim_leftover *leftover = g_ptr_array_index(state->leftovers, i);
        if (!leftover->ours)
            output_note(
                state->call->output,
                "an interrupted pg_repack, none of ours, left its trigger or its tables "
                "for \"%s.%s\"\nhint: if nobody is at work on it: %s",
                leftover->schema, leftover->name, leftover->sql);
    }
    const GPtrArray *strangers = rebuild_strangers(state->rebuild);
    for (guint i = 0; i < strangers->len; i++) {
        const struct rebuild_stranger *stranger = g_ptr_array_index(strangers, i);
        output_note(state->call->output,
                    "\"%s.%s\" is an invalid index that a rebuild, none of ours, left\n"
                    "hint: if nobody is at work on it: %s",
                    stranger->schema, stranger->name, stranger->drop_sql);
    }
}

static bool known_method(const struct call *call, GError **error)
{
    static const char *const methods[] = {"estimate", "sample", "exact", NULL};
    const char *method = option_value(call->options, "method");

    if (method == NULL || g_strv_contains(methods, method))
        return true;
    runbook_error_set(error, RUNBOOK_USAGE, "estimate, sample or exact",
                      "invalid value for --method: \"%s\"", method);
    return false;
}

enum runbook_exit bloat_reclaim_command(struct call *call, GError **error)
{
    struct window window = window_open(settings_int(call->settings, "bloat.window"));
    bool yes;

    if (!known_method(call, error))
        return RUNBOOK_USAGE;
    AUTO(session) session = call_connect(call, error);
    if (session == NULL)
        return RUNBOOK_FAILED;
    AUTO(reclaim_case) state = reclaim_case_new(call);
    state->control = session;
    state->window = window;
    state->started_us = g_get_monotonic_time();
    read_rules(state);
    if (!reclaim_observe(state, error))
        return RUNBOOK_FAILED;
    AUTO(plan) plan = reclaim_plan(state);
    struct view view = {state, plan};
    note_leftovers(state);
    if (call->dry_run) {
        gate_dry_run(call, plan, 0, &window, show, &view);
        return RUNBOOK_DONE;
    }
    if (!gate_confirmed(call, plan->steps->len, "Run this plan?", "--dry-run shows the plan",
                        show, &view, &yes, error))
        return RUNBOOK_FAILED;
    return yes ? act(state, plan, error) : RUNBOOK_DONE;
}
