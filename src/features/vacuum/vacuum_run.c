/* `vacuum plan` and `vacuum run`: observe, decide, gate, act, verify, record, show. */
#include "plan/plan_gate.h"
#include "plan/plan_only.h"
#include "units/units.h"
#include "vacuum.h"

enum { ATTEMPTS = 4 };

/* Observed and decided: all that `plan` shows and `run` does. */
/* What has come to be due since a dry run was shown is no part of what was confirmed. */
static void keep_shown(const struct call *call, struct vacuum_case *state)
{
    g_autoptr(GHashTable) only = plan_only_read(call->options);

    for (guint i = 0; only != NULL && i < state->choices->len; i++) {
        struct vacuum_choice *choice = &g_array_index(state->choices, struct vacuum_choice, i);
        if (!(choice->vacuum || choice->analyze) || plan_only_has_oid(only, choice->table->oid))
            continue;
        choice->vacuum = choice->analyze = choice->freeze = false;
        choice->bar = VACUUM_BAR_NOT_SELECTED;
    }
}

static struct vacuum_case *prepare(struct call *call, struct session *session,
                                   const struct window *window, GPtrArray **ret_batches,
                                   GError **error)
{
    AUTO(vacuum_case) state = vacuum_observe(session, error);
    /* A standby counts no rows either. */
    if (state == NULL ||
        !gate_primary(session, state->server.in_recovery, "it cannot be vacuumed", error))
        return NULL;
    state->rules = vacuum_rules_read(call->settings);
    state->rules.analyze_only = option_given(call->options, "analyze-only");
    state->rules.freeze = option_given(call->options, "freeze");
    if (!vacuum_select(call, state, error))
        return NULL;
    vacuum_recall(call->store, session, state);
    vacuum_decide(state);
    keep_shown(call, state);
    vacuum_observe_sizes(session, state);
    gint64 left_ms = window_left_ms(window);
    *ret_batches = vacuum_order(state, left_ms == G_MAXINT64 ? -1 : (double) left_ms / 1000);
    return g_steal_pointer(&state);
}

static struct window open_window(const struct call *call)
{
    return window_open(settings_int(call->settings, "vacuum.window"));
}

enum runbook_exit vacuum_plan_command(struct call *call, GError **error)
{
    g_autoptr(GPtrArray) batches = NULL;
    struct window window = open_window(call);
    AUTO(session) session = call_connect(call, error);
    if (session == NULL)
        return RUNBOOK_FAILED;
    AUTO(vacuum_case) state = prepare(call, session, &window, &batches, error);
    if (state == NULL)
        return RUNBOOK_FAILED;
    AUTO(plan) plan = vacuum_plan(state, batches, session);
    vacuum_show_plan(call, session, state, plan);
    return RUNBOOK_DONE;
}

/* ---- what it came to --------------------------------------------------------------------- */

static enum runbook_exit judge(const struct vacuum_case *state)
{
    struct gate_count count = {0};

    for (guint i = 0; i < state->choices->len; i++) {
        const struct vacuum_choice *choice =
            &g_array_index(state->choices, struct vacuum_choice, i);
        /* Without a right on system catalogs is how a least-privileged role is meant to be. */
        count.forbidden +=
            choice->bar == VACUUM_BAR_FORBIDDEN && !vacuum_is_system(choice->table);
        if (choice->order == 0)
            continue;
        count.done += choice->outcome == STEP_DONE;
        count.failed += choice->outcome == STEP_FAILED;
        count.left += choice->outcome == STEP_NOT_REACHED ||
                      (choice->outcome == STEP_SKIPPED && !vacuum_was_dropped(choice));
    }
    return gate_judge(&count);
}

/* Steps that never ran, or were given up by the executor, have not spoken to their tables. */
static void spread_outcomes(const struct plan *plan)
{
    for (guint i = 0; i < plan->steps->len; i++) {
        const struct step *step = g_ptr_array_index(plan->steps, i);
        const struct vacuum_batch *batch = step->subject;
        for (guint j = 0; batch != NULL && j < batch->choices->len; j++) {
            struct vacuum_choice *choice = g_ptr_array_index(batch->choices, j);
            if (choice->outcome != STEP_PLANNED)
                continue;
            choice->outcome = step->outcome;
            if (choice->reason == NULL || step->outcome != STEP_SKIPPED) {
                g_free(choice->reason);
                choice->reason = g_strdup(step->detail);
            }
        }
    }
}

/* Barred tables have an outcome too: skipped, with their reason. */
static void settle_barred(struct vacuum_case *state)
{
    for (guint i = 0; i < state->choices->len; i++) {
        struct vacuum_choice *choice = &g_array_index(state->choices, struct vacuum_choice, i);
        if (choice->order > 0 || !vacuum_reported(choice))
            continue;
        choice->outcome = STEP_SKIPPED;
        choice->reason = vacuum_reason(state, choice);
    }
}

/* Where the server's words could not be read: with a holder all that is left counts as held. */
static void guess_not_removable(const struct vacuum_case *state, struct vacuum_choice *choice)
{
    if (choice->vacuum && choice->not_removable < 0 && choice->dead_after >= 0)
        choice->not_removable =
            vacuum_oldest_holder(state, choice->table) != NULL ? choice->dead_after : 0;
}

static void say_who_holds(const struct vacuum_case *state, struct vacuum_choice *choice)
{
    const struct vacuum_holder *holder = vacuum_oldest_holder(state, choice->table);

    if (choice->not_removable <= 0 || holder == NULL || choice->reason != NULL)
        return;
    g_autofree char *rows = units_format_counted(choice->not_removable, "dead row");
    choice->reason = g_strdup_printf("%s held by %s", rows, holder->holder);
}

static void observe_again(struct vacuum_run *run)
{
    g_autoptr(GPtrArray) acted = g_ptr_array_new();

    for (guint i = 0; i < run->state->choices->len; i++) {
        struct vacuum_choice *choice =
            &g_array_index(run->state->choices, struct vacuum_choice, i);
        if (choice->order > 0 && choice->outcome == STEP_DONE)
            g_ptr_array_add(acted, choice);
    }
    session_wind_down(run->control);
    if (!session_alive(run->control) && !session_reopen(run->control, NULL))
        return;
    vacuum_settle(run->state, acted, run->control, true);
    for (guint i = 0; i < acted->len; i++) {
        guess_not_removable(run->state, g_ptr_array_index(acted, i));
        say_who_holds(run->state, g_ptr_array_index(acted, i));
    }
}

/* ---- the run ------------------------------------------------------------------------------ */

static struct plan_run executor(struct vacuum_run *run, const struct window *window, gint64 id)
{
    struct plan_run executed = gate_plan_run(run->call, run->control, window, id);

    executed.limits.lanes = run->state->rules.lanes;
    executed.limits.lock_timeout_ms = settings_int(run->call->settings, "vacuum.lock_timeout");
    executed.limits.attempts = ATTEMPTS;
    executed.hooks = vacuum_hooks(run);
    return executed;
}

static enum runbook_exit act(struct vacuum_run *run, GPtrArray *batches,
                             const struct window *window, GError **error)
{
    struct call *call = run->call;
    g_autoptr(GError) broken = NULL;
    AUTO(plan) plan = vacuum_plan(run->state, batches, run->control);
    gint64 id = gate_record_begin(call, run->control, window);

    run->started_us = g_get_monotonic_time();
    gate_record_steps(call, id, plan, 1);
    bool ran = plan_lock(run->control, "vacuum", &broken);
    if (ran) {
        vacuum_record_tables(run, id, true);
        struct plan_run executed = executor(run, window, id);
        plan_run(plan, &executed, &broken);
        spread_outcomes(plan);
        settle_barred(run->state);
        observe_again(run);
        vacuum_record_tables(run, id, false);
    }
    g_autofree char *summary = ran ? vacuum_summary_text(run->state) : NULL;
    enum runbook_exit code = gate_record_end(call, id, judge(run->state), broken, summary);
    if (ran)
        vacuum_show_run(run, store_trouble(call->store) ? -1 : id, gate_outcome_name(code));
    if (broken != NULL)
        g_propagate_error(error, g_steal_pointer(&broken));
    return code;
}

/* The plan on the screen. */
struct view {
    struct call *call;
    struct session *session;
    const struct vacuum_case *state;
    const struct plan *plan; /* NULL: without the steps */
};

static void show(gpointer data)
{
    const struct view *view = data;

    vacuum_show_plan(view->call, view->session, view->state, view->plan);
}

static enum runbook_exit dry_run(struct view *view, GPtrArray *batches,
                                 const struct window *window)
{
    AUTO(plan) plan = vacuum_plan(view->state, batches, view->session);

    view->plan = plan;
    gate_dry_run(view->call, plan, settings_int(view->call->settings, "vacuum.lock_timeout"),
                 window, show, view);
    return RUNBOOK_DONE;
}

enum runbook_exit vacuum_run_command(struct call *call, GError **error)
{
    g_autoptr(GPtrArray) batches = NULL;
    struct window window = open_window(call);
    bool yes;
    AUTO(session) session = call_connect(call, error);
    if (session == NULL)
        return RUNBOOK_FAILED;
    AUTO(vacuum_case) state = prepare(call, session, &window, &batches, error);
    if (state == NULL)
        return RUNBOOK_FAILED;
    struct view view = {call, session, state, NULL};
    if (call->dry_run)
        return dry_run(&view, batches, &window);
    if (!gate_confirmed(call, batches->len, "Run this plan?",
                        "--dry-run or \"vacuum plan\" show the plan", show, &view, &yes, error))
        return RUNBOOK_FAILED;
    if (!yes)
        return RUNBOOK_DONE;
    struct vacuum_run run = {.call = call, .state = state, .control = session};
    return act(&run, batches, &window, error);
}
