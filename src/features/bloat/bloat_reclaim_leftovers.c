/* What an interrupted pg_repack leaves: found, shown, and removed when it was ours. */
#include "bloat_queries.h"
#include "bloat_reclaim.h"
#include "plan/plan_gate.h"

enum { WINDOW_MS = 30000, TRIES = 10, PAUSE_MS = 200, LOCK_MS = 500 };
/* The server notices within 5 s that a program was killed, and may have to recover first. */
enum { GONE_TRIES = 100, GONE_WAIT_US = 100000, RECONNECTS = 30 };

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

static bool is_at_work(struct session *session, guint oid)
{
    AUTO(reclaim_facts) facts = reclaim_facts_read(session, oid, NULL);

    return facts != NULL && facts->repacking;
}

enum step_go reclaim_before_removal(struct step *step, struct session *session, char **ret_why,
                                    gpointer data)
{
    const struct reclaim_leftover *leftover = step->subject;

    (void) data;
    if (!is_at_work(session, leftover->oid))
        return STEP_GO;
    *ret_why = g_strdup("a pg_repack is at work on the table");
    return STEP_DROP;
}

static bool reconnect(struct session *session)
{
    for (int i = 0; i < RECONNECTS && !session_alive(session); i++) {
        if (i > 0)
            g_usleep(G_USEC_PER_SEC);
        session_reopen(session, NULL);
    }
    return session_alive(session);
}

static bool any_left_behind(const struct reclaim_case *state)
{
    for (guint i = 0; i < state->targets->len; i++)
        if (((const struct reclaim_target *) g_ptr_array_index(state->targets, i))->left_behind)
            return true;
    return false;
}

static GPtrArray *left_by_run(const struct reclaim_case *state)
{
    GPtrArray *all = g_ptr_array_new_with_free_func(reclaim_leftover_free);

    for (guint i = 0; i < state->targets->len; i++) {
        const struct reclaim_target *target = g_ptr_array_index(state->targets, i);
        if (!target->left_behind)
            continue;
        for (int tries = 0; tries < GONE_TRIES; tries++) {
            if (!is_at_work(state->control, target->facts->oid))
                break;
            g_usleep(GONE_WAIT_US);
        }
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
        struct reclaim_leftover *leftover = g_ptr_array_index(leftovers, i);
        struct step *step = plan_add(plan);
        step->object = g_strconcat(leftover->schema, ".", leftover->name, NULL);
        step->sql = g_strdup(leftover->sql);
        step->reason = g_strdup("its pg_repack did not end well");
        step->lock_mode = "AccessExclusiveLock";
        step->subject = leftover;
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
    if (!any_left_behind(state))
        return 0;
    if (!reconnect(state->control)) {
        output_warn(state->call->output,
                    "pg_repack may have left its trigger and its log behind: there is no "
                    "connection to look for them\nhint: the next run looks, and removes them");
        return 0;
    }
    g_autoptr(GPtrArray) leftovers = left_by_run(state);
    if (leftovers->len == 0)
        return 0;
    AUTO(plan) cleanup = plan_for(leftovers);
    struct plan_run again = *run;
    again.first_step = MAX(run->first_step, 1) + (int) plan->steps->len;
    again.hooks = (struct plan_hooks){.before = reclaim_before_removal};
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
