/* What an interrupted pg_repack leaves: found, shown, and removed when it was ours. */
#include "bloat_queries.h"
#include "bloat_reclaim.h"
#include "plan/plan_gate.h"

enum { WINDOW_MS = 30000, TRIES = 10, PAUSE_MS = 200, LOCK_MS = 500 };
/* The server notices within 5 s that a program was killed. */
enum { GONE_TRIES = 100, GONE_WAIT_US = 100000 };

void reclaim_leftover_free(gpointer data)
{
    struct reclaim_leftover *leftover = data;

    g_free(leftover->schema);
    g_free(leftover->name);
    g_free(leftover->sql);
    g_free(leftover);
}

GPtrArray *reclaim_leftovers_read(struct session *session, guint oid)
{
    GPtrArray *list = g_ptr_array_new_with_free_func(reclaim_leftover_free);
    g_autofree char *value = g_strdup_printf("%u", oid);
    AUTO(rows)
    rows = session_query(session, &query_bloat_reclaim_leftovers, (const char *const[]){value},
                         NULL);

    for (int i = 0; rows != NULL && i < rows_count(rows); i++) {
        struct reclaim_leftover *leftover = g_new0(struct reclaim_leftover, 1);
        leftover->oid = (guint) rows_int(rows, i, BLOAT_RECLAIM_LEFTOVERS_OID);
        leftover->schema = g_strdup(rows_text(rows, i, BLOAT_RECLAIM_LEFTOVERS_SCHEMA));
        leftover->name = g_strdup(rows_text(rows, i, BLOAT_RECLAIM_LEFTOVERS_NAME));
        /* All four objects it makes: type, log, trigger, copy. */
        leftover->sql = g_strdup_printf("SELECT repack.repack_drop(%u, 4)", leftover->oid);
        g_ptr_array_add(list, leftover);
    }
    return list;
}

/* ---- after the run ------------------------------------------------------------------------------ */

static void await_end(struct session *session, guint oid)
{
    for (int i = 0; i < GONE_TRIES; i++) {
        struct reclaim_facts *facts = reclaim_facts_read(session, oid, NULL);
        bool at_work = facts != NULL && facts->repacking;
        g_clear_pointer(&facts, reclaim_facts_free);
        if (!at_work)
            return;
        g_usleep(GONE_WAIT_US);
    }
}

static GPtrArray *left_by_run(const struct reclaim_case *state)
{
    GPtrArray *all = g_ptr_array_new_with_free_func(reclaim_leftover_free);

    for (guint i = 0; i < state->targets->len; i++) {
        const struct reclaim_target *target = g_ptr_array_index(state->targets, i);
        if (!target->left_behind)
            continue;
        await_end(state->control, target->facts->oid);
        g_autoptr(GPtrArray) found = reclaim_leftovers_read(state->control, target->facts->oid);
        while (found->len > 0)
            g_ptr_array_add(all, g_ptr_array_steal_index(found, 0));
    }
    return all;
}

static struct plan *plan_for(const GPtrArray *leftovers)
{
    struct plan *plan = plan_new();

    for (guint i = 0; i < leftovers->len; i++) {
        const struct reclaim_leftover *leftover = g_ptr_array_index(leftovers, i);
        struct step *step = plan_add(plan);
        step->object = g_strconcat(leftover->schema, ".", leftover->name, NULL);
        step->sql = g_strdup(leftover->sql);
        step->reason = g_strdup("its pg_repack did not end well");
        step->lock_mode = "AccessExclusiveLock";
    }
    return plan;
}

static void say_left(const struct reclaim_case *state, const GPtrArray *leftovers,
                     const struct plan *plan)
{
    for (guint i = 0; i < plan->steps->len; i++) {
        const struct step *step = g_ptr_array_index(plan->steps, i);
        const struct reclaim_leftover *leftover = g_ptr_array_index(leftovers, i);
        if (step->outcome != STEP_DONE)
            output_warn(state->call->output,
                        "pg_repack left its trigger and its log on \"%s.%s\", and they could "
                        "not be removed: %s\nhint: the next run removes them, or you do: %s",
                        leftover->schema, leftover->name, step->detail, leftover->sql);
    }
}

guint reclaim_finish(struct reclaim_case *state, const struct plan_run *run,
                     const struct plan *plan)
{
    session_wind_down(state->control);
    if (!session_alive(state->control) && !session_reopen(state->control, NULL))
        return 0;
    g_autoptr(GPtrArray) leftovers = left_by_run(state);
    if (leftovers->len == 0)
        return 0;
    AUTO(plan) cleanup = plan_for(leftovers);
    struct plan_run again = *run;
    again.first_step = MAX(run->first_step, 1) + (int) plan->steps->len;
    again.hooks = (struct plan_hooks){0};
    again.limits = (struct plan_limits){
        .window = window_open(WINDOW_MS),
        .lanes = 1,
        .lock_timeout_ms = LOCK_MS,
        .attempts = TRIES,
        .pause_ms = PAUSE_MS,
        .cleanup = true,
    };
    gate_record_steps(state->call, run->store_run, cleanup, again.first_step);
    plan_run(cleanup, &again, NULL);
    say_left(state, leftovers, cleanup);
    return cleanup->steps->len;
}
