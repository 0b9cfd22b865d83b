/* `vacuum plan` and `vacuum run`: observe, decide, gate, act, verify, record, show. */
#include "units/units.h"
#include "vacuum.h"

enum { ATTEMPTS = 4 };

/* A standby counts no rows, and cannot be vacuumed. */
static bool is_primary(const struct vacuum_case *state, const struct session *session,
                       GError **error)
{
    if (!state->server.in_recovery)
        return true;
    runbook_error_set(
        error, RUNBOOK_REFUSED, "run it on the primary; a standby follows by itself",
        "the server at \"%s\" is a standby: it cannot be vacuumed", session_host(session));
    return false;
}

/* Observed and decided: all that `plan` shows and `run` does. */
static struct vacuum_case *prepare(struct call *call, struct session *session,
                                   const struct window *window, GPtrArray **ret_batches,
                                   GError **error)
{
    AUTO(vacuum_case) state = vacuum_observe(session, error);
    if (state == NULL || !is_primary(state, session, error))
        return NULL;
    state->rules = vacuum_rules_read(call->settings);
    state->rules.analyze_only = option_given(call->options, "analyze-only");
    state->rules.freeze = option_given(call->options, "freeze");
    if (!vacuum_select(call, state, error))
        return NULL;
    vacuum_recall(call->store, session, state);
    vacuum_decide(state);
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
    guint done = 0, forbidden = 0, failed = 0, left = 0;

    for (guint i = 0; i < state->choices->len; i++) {
        const struct vacuum_choice *choice =
            &g_array_index(state->choices, struct vacuum_choice, i);
        /* Without a right on system catalogs is how a least-privileged role is meant to be. */
        forbidden += choice->bar == VACUUM_BAR_FORBIDDEN && !vacuum_is_system(choice->table);
        if (choice->order == 0)
            continue;
        done += choice->outcome == STEP_DONE;
        failed += choice->outcome == STEP_FAILED;
        left += choice->outcome == STEP_NOT_REACHED ||
                (choice->outcome == STEP_SKIPPED && !vacuum_was_dropped(choice));
    }
    if (done == 0 && failed > 0 && left == 0 && forbidden == 0)
        return RUNBOOK_FAILED;
    if (done == 0 && failed == 0 && left == 0 && forbidden > 0)
        return RUNBOOK_REFUSED;
    return failed + left + forbidden > 0 ? RUNBOOK_PARTLY : RUNBOOK_DONE;
}

static const char *outcome_name(enum runbook_exit code)
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
    const struct call *call = run->call;

    return (struct plan_run){
        .control = run->control,
        .server = call->server,
        .section = "vacuum",
        .store = call->store,
        .store_run = id,
        .output = call->output,
        .limits = {.window = *window,
                   .lanes = run->state->rules.lanes,
                   .lock_timeout_ms = settings_int(call->settings, "vacuum.lock_timeout"),
                   .attempts = ATTEMPTS},
        .hooks = vacuum_hooks(run),
        .echo = call->echo,
    };
}

static enum runbook_exit act(struct vacuum_run *run, GPtrArray *batches,
                             const struct window *window, GError **error)
{
    struct call *call = run->call;
    g_autoptr(GError) broken = NULL;
    AUTO(plan) plan = vacuum_plan(run->state, batches, run->control);
    gint64 id = vacuum_record_begin(run, window);

    run->started_us = g_get_monotonic_time();
    vacuum_record_steps(call, id, plan);
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
    enum runbook_exit code = broken != NULL ? runbook_error_exit(broken) : judge(run->state);
    g_autofree char *summary = ran ? vacuum_summary_text(run->state) : NULL;
    store_run_end(call->store, id, outcome_name(code), (int) code,
                  broken ? broken->message : NULL, summary);
    if (ran)
        vacuum_show_run(run, store_trouble(call->store) ? -1 : id, outcome_name(code));
    if (broken != NULL)
        g_propagate_error(error, g_steal_pointer(&broken));
    return code;
}

static bool confirmed(struct call *call, struct session *session,
                      const struct vacuum_case *state, guint steps, bool *ret_yes,
                      GError **error)
{
    *ret_yes = true;
    if (call->yes || steps == 0)
        return true;
    /* stdout is the answer's alone: a plan to read before it would be a second document. */
    if (output_format(call->output) != OUTPUT_TABLE) {
        runbook_error_set(error, RUNBOOK_USAGE, "--dry-run or \"vacuum plan\" show the plan",
                          "in this format a run is not asked for: it needs --yes");
        return false;
    }
    if (!output_can_ask(call->output, error))
        return false;
    vacuum_show_plan(call, session, state, NULL);
    return output_confirm(call->output, "Run this plan?", ret_yes, error);
}

static enum runbook_exit dry_run(struct call *call, struct session *session,
                                 const struct vacuum_case *state, GPtrArray *batches,
                                 const struct window *window)
{
    AUTO(plan) plan = vacuum_plan(state, batches, session);

    if (output_format(call->output) == OUTPUT_TABLE)
        plan_print(plan, settings_int(call->settings, "vacuum.lock_timeout"), window,
                   call->output);
    else
        vacuum_show_plan(call, session, state, plan);
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
    if (call->dry_run)
        return dry_run(call, session, state, batches, &window);
    if (!confirmed(call, session, state, batches->len, &yes, error))
        return RUNBOOK_FAILED;
    if (!yes) {
        output_note(call->output, "nothing was changed");
        return RUNBOOK_DONE;
    }
    struct vacuum_run run = {.call = call, .state = state, .control = session};
    return act(&run, batches, &window, error);
}
