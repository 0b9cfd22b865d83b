/*
 * `connections relieve`: rounds of looking, deciding and ending, until the goal is reached or
 * nothing more may be done. The life of one is told in docs/architecture.md.
 */
#include "connections_relieve.h"
#include "connections_pool.h"
#include "units/units.h"

enum { ROUNDS = 5 };

/* ---- gates ------------------------------------------------------------------------------------ */

/* Nobody may be ended for want of a right: that is not "nobody to end". */
static bool may_end(const struct relief_round *round, GError **error)
{
    const struct connections_decision *decision = round->decision;
    const char *role = round->backends->looker;

    if (decision->chosen->len > 0 || decision->forbidden == 0)
        return true;
    g_autofree char *grant = g_strdup_printf(
        "GRANT pg_signal_backend TO \"%s\"; \"pgrunbook setup\" prints all that "
        "the role needs",
        role);
    bool superusers = decision->forbidden_superusers == decision->forbidden;
    runbook_error_set(error, RUNBOOK_REFUSED,
                      superusers ? "sessions of superusers are ended by a superuser alone"
                                 : grant,
                      "role \"%s\" may not end any of the %u sessions that would have to go",
                      role, decision->forbidden);
    return false;
}

static void show_plan(gpointer data)
{
    relief_show(data, NULL);
}

/* While the question stood the server went on: less to do, or something else, is looked at anew.
 * Else what was shown is done, each statement looking once more by itself. */
static bool look_after_question(struct relief *relief, GError **error)
{
    const struct relief_round *shown = relief_last(relief);
    const struct relief_round *now = relief_look(relief, error);

    if (now == NULL)
        return false;
    bool changed = now->diagnosis->kind != shown->diagnosis->kind ||
                   now->diagnosis->need < shown->diagnosis->need;
    g_ptr_array_remove_index(relief->rounds, changed ? 0 : 1);
    return true;
}

static void warn_of_pace(const struct relief *relief)
{
    gint64 per_minute = settings_int(relief->call->settings, "connections.per_minute");
    guint chosen = relief_last(relief)->decision->chosen->len;

    if (chosen > per_minute)
        output_note(relief->call->output,
                    "%u sessions at %" G_GINT64_FORMAT
                    " a minute (connections.per_minute) take more than %" G_GINT64_FORMAT
                    " min",
                    chosen, per_minute, (chosen - 1) / per_minute);
}

/* ---- rounds ----------------------------------------------------------------------------------- */

/* *ret_more: it is worth another round. */
static bool go_round(struct relief *relief, bool *ret_more, GError **error)
{
    struct relief_round *round = g_ptr_array_index(relief->rounds, relief->rounds->len - 1);
    guint before = relief_ended(relief);

    if (!relief_act(relief, round, error))
        return false;
    /* A queue that moves on by itself needs nobody's help. */
    *ret_more = round->diagnosis->kind != CONNECTIONS_LOCK_CONVOY || relief->vigil != NULL ||
                relief_await_queue(relief);
    /* Nothing came of it: once more would come to the same. Those that went or changed by
     * themselves are another matter. */
    if (relief_ended(relief) == before && relief_refused(relief) > 0)
        *ret_more = false;
    return relief_look(relief, error) != NULL;
}

static bool go_rounds(struct relief *relief, GError **error)
{
    guint rounds = relief->vigil != NULL ? 1 : ROUNDS;
    bool more = true;

    for (guint i = 0; more && i < rounds; i++) {
        if (relief_last(relief)->decision->chosen->len == 0)
            return true;
        if (!go_round(relief, &more, error))
            return false;
    }
    return true;
}

/* Not one of those that were shown is still what it was. */
static bool all_moved_on(const struct relief *relief)
{
    const struct backends_only *only = relief->policy.only;

    return only != NULL && backends_only_pids(only)->len > 0 && !relief_reached(relief) &&
           relief_ended(relief) + relief_refused(relief) == 0;
}

static enum runbook_exit judge(const struct relief *relief)
{
    if (relief_reached(relief))
        return RUNBOOK_DONE;
    if (relief_ended(relief) == 0 && relief_refused(relief) > 0)
        return RUNBOOK_REFUSED;
    return all_moved_on(relief) ? RUNBOOK_REFUSED : RUNBOOK_PARTLY;
}

static enum runbook_exit act(struct relief *relief, GError **error)
{
    struct call *call = relief->call;
    g_autoptr(GError) broken = NULL;

    /* One that ends nobody need not be alone, and is recorded like the others. */
    if (relief_last(relief)->plan->steps->len > 0 &&
        !plan_lock(relief->entry.session, "connections", error))
        return RUNBOOK_FAILED;
    warn_of_pace(relief);
    relief->run = gate_record_begin(call, relief->entry.session, &relief->window);
    go_rounds(relief, &broken);
    relief_record_spared(relief);
    g_autofree char *summary = relief_summary(relief);
    enum runbook_exit code = gate_record_end(call, relief->run, judge(relief), broken, summary);
    if (call->guard != NULL && session_alive(call->guard))
        plan_unlock(call->guard, "connections");
    relief_show(relief, gate_outcome_name(code));
    if (broken != NULL)
        g_propagate_error(error, g_steal_pointer(&broken));
    else if (all_moved_on(relief))
        runbook_error_set(error, RUNBOOK_REFUSED, "look again, and decide anew",
                          "none of the sessions that were shown may be ended: they have gone, "
                          "or gone on to something else");
    return code;
}

/* ---- the command ------------------------------------------------------------------------------ */

static enum runbook_exit relieve(struct relief *relief, GError **error)
{
    struct call *call = relief->call;
    const struct relief_round *first = relief_look(relief, error);
    bool yes;

    if (first == NULL || !may_end(first, error))
        return RUNBOOK_FAILED;
    guint steps = first->plan->steps->len;
    if (call->dry_run) {
        gate_dry_run(call, first->plan, 0, &relief->window, show_plan, relief);
        return RUNBOOK_DONE;
    }
    /* Since the watch looked they have gone by themselves: no run worth a record. */
    if (relief->vigil != NULL && steps == 0)
        return RUNBOOK_DONE;
    if (!gate_confirmed(call, steps, "End these sessions?", "--dry-run shows the plan",
                        show_plan, relief, &yes, error))
        return RUNBOOK_FAILED;
    if (!yes)
        return RUNBOOK_DONE;
    if (steps > 0 && !call->yes && !look_after_question(relief, error))
        return RUNBOOK_FAILED;
    return act(relief, error);
}

static enum runbook_exit enter_and_relieve(struct relief *relief,
                                           const struct backends_only *only, GError **error)
{
    struct call *call = relief->call;

    if (!backends_enter(call, &relief->entry, error))
        return RUNBOOK_FAILED;
    relief->run = -1;
    relief->next_step = 1;
    relief->policy =
        connections_policy(call->settings, option_given(call->options, "service-unready"),
                           option_given(call->options, "superusers"));
    g_autoptr(GArray) apps = connections_apps(call->settings, call->target);
    connections_policy_apps(&relief->policy, apps);
    relief->policy.only = only;
    if (relief->vigil != NULL)
        relief_policy_of_vigil(&relief->policy, relief->vigil);
    relief->window = window_open(0);
    relief->rounds = g_ptr_array_new_with_free_func(relief_round_free);
    enum runbook_exit code = relieve(relief, error);
    g_ptr_array_unref(relief->rounds);
    backends_leave(&relief->entry);
    return code;
}

enum runbook_exit connections_relieve_look(struct call *call, struct plan_pace *pace,
                                           struct connections_vigil *vigil, GError **error)
{
    struct relief relief = {.call = call, .pace = pace, .vigil = vigil};

    vigil->sent = 0;
    vigil->late = false;
    return enter_and_relieve(&relief, NULL, error);
}

enum runbook_exit connections_relieve_command(struct call *call, GError **error)
{
    AUTO(plan_pace)
    pace = plan_pace_new((unsigned) settings_int(call->settings, "connections.per_minute"));
    struct relief relief = {.call = call, .pace = pace};

    if (!option_given(call->options, "only"))
        return enter_and_relieve(&relief, NULL, error);
    AUTO(backends_only) only = backends_only_new(option_values(call->options, "only"), error);
    return only != NULL ? enter_and_relieve(&relief, only, error) : RUNBOOK_USAGE;
}
