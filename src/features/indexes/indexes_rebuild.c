/* `indexes rebuild`: observe, choose, plan, gate, act, verify, record, show. */
#include "indexes_rebuild.h"
#include "plan/plan_only.h"

#include "indexes_queries.h"
#include "out/progress.h"
#include "plan/plan_gate.h"
#include "relations/pages.h"
#include "units/units.h"

/* ---- the plan ----------------------------------------------------------------------------- */

static struct rebuild_rules rules_of(const struct settings *settings)
{
    return (struct rebuild_rules){
        .patience_ms = settings_int(settings, "indexes.patience"),
        .give_way_ms = settings_int(settings, "indexes.give_way"),
        .old_xact_ms = settings_int(settings, "indexes.old_transaction"),
        .blind_bytes = settings_int(settings, "indexes.blind_size"),
        .memory_bytes = settings_int(settings, "indexes.memory"),
    };
}

static struct indexes_wish wish_of(const struct call *call)
{
    return (struct indexes_wish){
        .name = call->arguments[0],
        .bloated = option_given(call->options, "bloated"),
        .invalid = option_given(call->options, "invalid"),
        .bloat_bytes = settings_int(call->settings, "indexes.bloat_size"),
        .bloat_fraction = settings_fraction(call->settings, "indexes.bloat_fraction"),
    };
}

static bool bar(struct indexes_rebuild *run, GError **error)
{
    g_autoptr(GArray) oids = g_array_new(FALSE, FALSE, sizeof(guint));

    for (guint i = 0; i < run->choices->len; i++) {
        const struct indexes_choice *choice = g_ptr_array_index(run->choices, i);
        g_array_append_val(oids, relations_index(run->relations, choice->position)->oid);
    }
    g_autoptr(GPtrArray) bars =
        rebuild_bars(run->session, (const guint *) (const void *) oids->data, oids->len, error);
    if (bars == NULL)
        return false;
    for (guint i = 0; i < run->choices->len; i++) {
        struct indexes_choice *choice = g_ptr_array_index(run->choices, i);
        if (choice->bar == NULL)
            choice->bar = g_strdup(g_ptr_array_index(bars, i));
    }
    return true;
}

static void add_step(struct indexes_rebuild *run, struct indexes_choice *choice)
{
    const struct relation_index *index = relations_index(run->relations, choice->position);
    const struct relation_table *table = relations_table_of(run->relations, index);
    struct rebuild_index *wanted = g_new0(struct rebuild_index, 1);

    wanted->oid = index->oid;
    wanted->schema = g_strdup(table->schema);
    wanted->name = g_strdup(index->name);
    wanted->table = g_strdup(table->name);
    wanted->table_oid = table->oid;
    wanted->bytes_before = relations_index_bytes(run->relations, index);
    choice->step = rebuild_add(run->rebuild, run->session, run->plan, wanted, choice->reason);
    if (choice->step == NULL)
        choice->bar = g_strdup("its name cannot be quoted in this encoding");
    else
        choice->index = rebuild_index_of(run->rebuild, choice->step);
}

/* What an earlier run of ours left is dropped, whatever else was asked for it. */
static bool is_dropped(const struct indexes_rebuild *run, const struct indexes_choice *choice)
{
    for (guint i = 0; i < run->plan->steps->len; i++) {
        const struct rebuild_index *index =
            rebuild_index_of(run->rebuild, g_ptr_array_index(run->plan->steps, i));
        if (index->kind == REBUILD_LEFTOVER &&
            index->oid == relations_index(run->relations, choice->position)->oid)
            return true;
    }
    return false;
}

static bool make_plan(struct indexes_rebuild *run, GError **error)
{
    struct indexes_wish wish = wish_of(run->call);

    run->choices = indexes_choose(run->relations, &wish, error);
    if (run->choices == NULL || !bar(run, error))
        return false;
    rebuild_add_leftovers(run->rebuild, run->session, run->plan);
    for (guint i = run->choices->len; i > 0; i--)
        if (is_dropped(run, g_ptr_array_index(run->choices, i - 1)))
            g_ptr_array_remove_index(run->choices, i - 1);
    g_autoptr(GHashTable) only = plan_only_read(run->call->options);
    for (guint i = 0; i < run->choices->len; i++) {
        struct indexes_choice *choice = g_ptr_array_index(run->choices, i);
        if (choice->bar == NULL &&
            !plan_only_has_oid(only, relations_index(run->relations, choice->position)->oid))
            choice->bar = g_strdup(PLAN_ONLY_UNSHOWN);
        if (choice->bar == NULL)
            add_step(run, choice);
    }
    return true;
}

/* ---- hooks -------------------------------------------------------------------------------- */

static enum step_go before(struct step *step, struct session *session, char **ret_why,
                           gpointer data)
{
    const struct indexes_rebuild *run = data;

    return rebuild_before(run->rebuild, step, session, ret_why);
}

static bool watch(struct step *step, int pid, struct session *session, char **ret_why,
                  gpointer data)
{
    const struct indexes_rebuild *run = data;

    return rebuild_watch(run->rebuild, step, pid, session, ret_why);
}

static enum step_after after(struct step *step, const char *sqlstate, struct session *session,
                             gpointer data)
{
    const struct indexes_rebuild *run = data;

    return rebuild_after(run->rebuild, step, sqlstate, session);
}

static void tick(struct session *session, struct step *const *running, const int *pids,
                 guint count, gpointer data)
{
    const struct indexes_rebuild *run = data;
    struct progress_state progress = {.noun = "indexes", .seconds_left = -1};

    if (count == 0 || !progress_wanted(run->call->output))
        return;
    g_autofree char *pid = g_strdup_printf("%d", pids[0]);
    AUTO(rows)
    rows = session_query(session, &query_indexes_progress, (const char *const[]){pid}, NULL);
    bool seen = rows != NULL && rows_count(rows) > 0;
    double fraction = seen ? rows_real(rows, 0, INDEXES_PROGRESS_FRACTION) : 0;
    for (guint i = 0; i < run->plan->steps->len; i++) {
        const struct step *step = g_ptr_array_index(run->plan->steps, i);
        progress.total++;
        progress.done += step->outcome != STEP_PLANNED;
    }
    g_autofree char *now =
        seen ? g_strdup_printf("%s: %s %.0f%%", running[0]->object,
                               rows_text(rows, 0, INDEXES_PROGRESS_PHASE), 100 * fraction)
             : g_strdup(running[0]->object);
    progress.now = now;
    progress_show(run->call->output, &progress);
}

/* ---- the run ------------------------------------------------------------------------------ */

static enum runbook_exit judge(const struct indexes_rebuild *run)
{
    const GPtrArray *remnants = rebuild_remnants(run->rebuild);
    struct gate_count count = {0};

    for (guint i = 0; i < run->plan->steps->len; i++) {
        const struct step *step = g_ptr_array_index(run->plan->steps, i);
        const struct rebuild_index *index = rebuild_index_of(run->rebuild, step);
        count.done += step->outcome == STEP_DONE;
        count.failed += step->outcome == STEP_FAILED;
        count.left += step->outcome == STEP_NOT_REACHED ||
                      (step->outcome == STEP_SKIPPED && !index->gone);
    }
    for (guint i = 0; i < run->choices->len; i++)
        count.forbidden +=
            ((const struct indexes_choice *) g_ptr_array_index(run->choices, i))->bar != NULL;
    for (guint i = 0; i < remnants->len; i++)
        count.left +=
            !((const struct rebuild_remnant *) g_ptr_array_index(remnants, i))->dropped;
    return gate_judge(&count);
}

static enum runbook_exit act(struct indexes_rebuild *run, const struct window *window,
                             GError **error)
{
    struct call *call = run->call;
    g_autoptr(GError) broken = NULL;
    gint64 id = gate_record_begin(call, run->session, window);
    struct rebuild_rules rules = rules_of(call->settings);

    run->started_us = g_get_monotonic_time();
    gate_record_steps(call, id, run->plan, 1);
    bool ran = plan_lock(run->session, call->feature->name, &broken);
    if (ran) {
        struct plan_run executed = gate_plan_run(call, run->session, window, id);
        rebuild_limits(&rules, &executed.limits);
        executed.hooks = (struct plan_hooks){
            .before = before, .watch = watch, .after = after, .tick = tick, .data = run};
        indexes_record(run, id, true);
        rebuild_begin(run->rebuild, &executed, run->plan);
        plan_run(run->plan, &executed, &broken);
        rebuild_finish(run->rebuild, &executed, run->plan);
        indexes_record(run, id, false);
    }
    g_autofree char *summary = ran ? indexes_summary(run) : NULL;
    enum runbook_exit code = gate_record_end(call, id, judge(run), broken, summary);
    if (ran)
        indexes_show_rebuild(run, store_trouble(call->store) ? -1 : id,
                             gate_outcome_name(code));
    if (broken != NULL)
        g_propagate_error(error, g_steal_pointer(&broken));
    return code;
}

static void show_plan(gpointer data)
{
    indexes_show_rebuild(data, -1, NULL);
}

static enum runbook_exit plan_and_act(struct indexes_rebuild *run, const struct window *window,
                                      GError **error)
{
    struct call *call = run->call;
    bool yes;

    if (!make_plan(run, error))
        return RUNBOOK_FAILED;
    if (call->dry_run) {
        gate_dry_run(call, run->plan, 0, window, show_plan, run);
        return RUNBOOK_DONE;
    }
    if (!gate_confirmed(call, run->plan->steps->len, "Rebuild these indexes?",
                        "--dry-run shows the plan", show_plan, run, &yes, error))
        return RUNBOOK_FAILED;
    return yes ? act(run, window, error) : RUNBOOK_DONE;
}

enum runbook_exit indexes_rebuild_command(struct call *call, GError **error)
{
    struct window window = window_open(settings_int(call->settings, "indexes.window"));
    struct rebuild_rules rules = rules_of(call->settings);
    bool bloated = option_given(call->options, "bloated");

    AUTO(session) session = call_connect(call, error);
    if (session == NULL || !rebuild_allowed(session_version(session), error))
        return RUNBOOK_FAILED;
    AUTO(relations) relations = relations_read(session, RELATIONS_SYSTEM, error);
    if (relations == NULL ||
        !gate_primary(session, relations->in_recovery, "nothing can be rebuilt there", error))
        return RUNBOOK_FAILED;
    gint64 least_bytes = settings_int(call->settings, "indexes.bloat_size");
    if (bloated && !relations_refine(session, relations,
                                     indexes_least_pages(relations, least_bytes), error))
        return RUNBOOK_FAILED;
    AUTO(plan) plan = plan_new();
    AUTO(rebuild) rebuild = rebuild_new(call, &rules);
    struct indexes_rebuild run = {.call = call,
                                  .session = session,
                                  .relations = relations,
                                  .rebuild = rebuild,
                                  .plan = plan};
    enum runbook_exit code = plan_and_act(&run, &window, error);
    g_clear_pointer(&run.choices, g_ptr_array_unref);
    return code;
}
