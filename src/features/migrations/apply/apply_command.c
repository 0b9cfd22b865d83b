/* `migrations apply` and `migrations revert`: look, choose, ask the gates, show, lock, act. */
#include "apply.h"

#include "migrations_commands.h"
#include "reading.h"

#include <string.h>

enum { PAUSE_MS = 500, LONGEST_PAUSE_MS = 30000 };

static struct script_limits limits_of(const struct settings *settings)
{
    return (struct script_limits){
        .lock_timeout_ms = settings_int(settings, "migrations.lock_timeout"),
        .max_hold_ms = settings_int(settings, "migrations.max_hold"),
        .max_wait_ms = settings_int(settings, "migrations.max_wait"),
        .patience_ms = settings_int(settings, "migrations.patience"),
        .statement_timeout_ms = settings_int(settings, "migrations.statement_timeout"),
        .attempts = (unsigned) settings_int(settings, "migrations.retries") + 1,
        .pause_ms = PAUSE_MS,
        .longest_pause_ms = LONGEST_PAUSE_MS,
    };
}

/* ---- before -------------------------------------------------------------------------------- */

/* Everything up to the plan, from nothing: once for the person, and once more under the lock. */
static bool prepare(struct apply *apply, GError **error)
{
    if (!apply_choose(apply, error) || !apply_judge_items(apply, error) ||
        !apply_ask_gates(apply, error))
        return false;
    apply_find_left(apply);
    apply_plan(apply);
    return true;
}

static GPtrArray *hashes_of(const struct apply *apply)
{
    GPtrArray *hashes = g_ptr_array_new_with_free_func(g_free);

    for (guint i = 0; i < apply->items->len; i++) {
        const struct apply_item *item = g_ptr_array_index(apply->items, i);
        g_ptr_array_add(hashes, g_strdup(item->migration->hash));
    }
    return hashes;
}

/* Another run may have done some of it meanwhile, but nobody may have added to it. */
static bool as_shown(const struct apply *apply, GError **error)
{
    g_autoptr(GPtrArray) now = hashes_of(apply);

    for (guint i = 0; apply->shown != NULL && i < now->len; i++) {
        if (g_ptr_array_find_with_equal_func(apply->shown, g_ptr_array_index(now, i),
                                             g_str_equal, NULL))
            continue;
        runbook_error_set(error, RUNBOOK_REFUSED, "--dry-run shows the plan as it is now",
                          "what is to do has changed since it was shown");
        return false;
    }
    return true;
}

/* ---- the run ------------------------------------------------------------------------------- */

/* Nothing was done for want of a right: that is nothing the scripts have done wrong. */
static bool forbidden(const struct apply_item *first)
{
    return first->outcome == STEP_FAILED && first->act->outcome != STEP_DONE &&
           strcmp(first->result.sqlstate, "42501") == 0;
}

static bool refused(const struct apply_item *first)
{
    /* What was held back at its turn, before anything of it was tried, is a refusal. */
    return (first->outcome == STEP_SKIPPED && first->result.attempts == 0) || forbidden(first);
}

static enum runbook_exit judge(const struct apply *apply)
{
    struct gate_count count = {0};

    for (guint i = 0; i < apply->items->len; i++) {
        const struct apply_item *item = g_ptr_array_index(apply->items, i);
        count.done += item->outcome == STEP_DONE;
        count.failed += item->outcome == STEP_FAILED;
        count.left += item->outcome == STEP_SKIPPED || item->outcome == STEP_NOT_REACHED;
        for (guint j = 0; item->outcome == STEP_DONE && j < item->targets->len; j++)
            count.left +=
                !((const struct apply_target *) g_ptr_array_index(item->targets, j))->analyzed;
    }
    const struct apply_item *first =
        apply->items->len > 0 ? g_ptr_array_index(apply->items, 0) : NULL;
    if (count.done == 0 && first != NULL)
        return refused(first) ? RUNBOOK_REFUSED : RUNBOOK_FAILED;
    return gate_judge(&count);
}

static bool interrupted(const struct apply *apply)
{
    for (guint i = 0; i < apply->items->len; i++) {
        const struct apply_item *item = g_ptr_array_index(apply->items, i);
        if (item->result.ending == SCRIPT_INTERRUPTED && item->outcome != STEP_DONE)
            return true;
    }
    return false;
}

/* Which right it is the server has said. */
static void say_forbidden(const struct apply *apply)
{
    for (guint i = 0; i < apply->items->len; i++) {
        const struct apply_item *item = g_ptr_array_index(apply->items, i);
        g_autoptr(GError) missing = NULL;
        if (!forbidden(item))
            continue;
        reading_forbidden(apply->control, item->reason, &missing);
        output_warn(apply->call->output, "%s", missing->message);
    }
}

static enum runbook_exit act(struct apply *apply)
{
    struct call *call = apply->call;
    struct window window = window_open(0);

    if (apply->unseen != NULL)
        output_warn(call->output, "%s\nhint: GRANT pg_monitor TO the role", apply->unseen);
    apply->started_us = g_get_monotonic_time();
    apply->run = gate_record_begin(call, apply->control, &window);
    gate_record_steps(call, apply->run, apply->plan, 1);
    struct plan_run run = gate_plan_run(call, apply->control, &window, apply->run);
    apply_run_left(apply, &run);
    apply_run(apply, &run);
    enum runbook_exit code = interrupted(apply) ? RUNBOOK_INTERRUPTED : judge(apply);
    g_autofree char *summary = apply_summary(apply);
    code = gate_record_end(call, apply->run, code, NULL, summary);
    if (store_trouble(call->store))
        apply->run = -1;
    apply_show(apply, gate_outcome_name(code));
    say_forbidden(apply);
    return code;
}

/* The lock comes before anything that looks at the schema: what may wait for a table would be waited
 * for by the run that has it, and end that run by its own guard. The version table says whose lock
 * there is besides ours. */
static bool lock_and_prepare(struct apply *apply, GError **error)
{
    g_clear_pointer(&apply->table, version_table_free);
    apply->table = version_table_read(apply->control, apply->folder, error);
    return apply->table != NULL && apply_lock(apply, error) && prepare(apply, error);
}

static enum runbook_exit lock_and_act(struct apply *apply, GError **error)
{
    if (!lock_and_prepare(apply, error) || !as_shown(apply, error))
        return RUNBOOK_FAILED;
    if (apply->plan->steps->len == 0) {
        apply_show(apply, "done");
        return RUNBOOK_DONE;
    }
    if (!apply_gates_open(apply)) {
        apply_refuse(apply, error);
        return RUNBOOK_REFUSED;
    }
    return act(apply);
}

/* While a person reads and thinks nobody is kept waiting. */
static enum runbook_exit ask_and_act(struct apply *apply, GError **error)
{
    struct call *call = apply->call;
    bool yes = true;

    if (!lock_and_prepare(apply, error))
        return RUNBOOK_FAILED;
    apply_unlock(apply);
    if (apply->items->len > 0 && !apply_gates_open(apply)) {
        apply_refuse(apply, error);
        return RUNBOOK_REFUSED;
    }
    if (!gate_confirmed(call, apply->plan->steps->len,
                        apply->down ? "Take these migrations back?" : "Apply these migrations?",
                        "--dry-run shows the plan", apply_show_plan, apply, &yes, error))
        return RUNBOOK_FAILED;
    if (!yes)
        return RUNBOOK_DONE;
    apply->shown = hashes_of(apply);
    return lock_and_act(apply, error);
}

static enum runbook_exit show_only(struct apply *apply, GError **error)
{
    struct window window = window_open(0);

    if (!prepare(apply, error))
        return RUNBOOK_FAILED;
    apply_say_gates(apply);
    gate_dry_run(apply->call, apply->plan, apply->limits.lock_timeout_ms, &window,
                 apply_show_plan, apply);
    return RUNBOOK_DONE;
}

static enum runbook_exit plan_and_act(struct apply *apply, GError **error)
{
    if (apply->call->dry_run)
        return show_only(apply, error);
    return apply->call->yes ? lock_and_act(apply, error) : ask_and_act(apply, error);
}

/* ---- the commands -------------------------------------------------------------------------- */

static bool read_wish(struct apply *apply, GError **error)
{
    apply->to = option_value(apply->call->options, "to");
    apply->force = option_value(apply->call->options, "force");
    if (apply->force == NULL || *apply->force != '\0')
        return true;
    runbook_error_set(error, RUNBOOK_USAGE, "it is kept in the history",
                      "--force wants a reason");
    return false;
}

static void clear(struct apply *apply)
{
    g_clear_pointer(&apply->items, g_ptr_array_unref);
    g_clear_pointer(&apply->left, g_ptr_array_unref);
    g_clear_pointer(&apply->gates, g_ptr_array_unref);
    g_clear_pointer(&apply->shown, g_ptr_array_unref);
    g_clear_pointer(&apply->plan, plan_free);
    g_clear_pointer(&apply->table, version_table_free);
    g_clear_pointer(&apply->folder, folder_free);
    g_clear_pointer(&apply->control, session_close);
    g_free(apply->system);
    g_free(apply->ledger);
    g_free(apply->dbname);
    g_free(apply->time_zone);
    g_free(apply->unseen);
    g_free(apply->stopped);
}

static enum runbook_exit run(struct call *call, bool down, GError **error)
{
    struct apply apply = {.call = call, .down = down, .run = -1};
    enum runbook_exit code = RUNBOOK_FAILED;

    apply.items = g_ptr_array_new_with_free_func(apply_item_free);
    apply.limits = limits_of(call->settings);
    if (read_wish(&apply, error)) {
        apply.folder = folder_whole_of_call(call, error);
        if (apply.folder != NULL && folder_filled(apply.folder, error))
            apply.control = call_connect(call, error);
        if (apply.control != NULL) {
            apply.dbname = g_strdup(session_database(apply.control));
            if (apply_observe_place(&apply, error))
                code = plan_and_act(&apply, error);
        }
    }
    clear(&apply);
    return code;
}

enum runbook_exit migrations_apply_command(struct call *call, GError **error)
{
    return run(call, false, error);
}

enum runbook_exit migrations_revert_command(struct call *call, GError **error)
{
    return run(call, true, error);
}
