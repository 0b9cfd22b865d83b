/*
 * When the run is over, whatever ended it: prove what is not proved, and drop what was left
 * invalid. First as gently as it was built, with DROP INDEX CONCURRENTLY; where that does not get
 * through soon, a few short tries of DROP INDEX, which needs its lock for a moment only.
 */
#include "rebuild/rebuild_private.h"

#include "plan/plan_gate.h"

enum {
    WINDOW_MS = 15000,     /* for either way */
    GENTLE_LOCK_MS = 1500, /* for each transaction it waits for */
    GENTLE_TRIES = 2,
    PLAIN_LOCK_MS = 300,
    PLAIN_TRIES = 3,
    PAUSE_MS = 300,
};

/* ---- what is left ------------------------------------------------------------------------- */

static void add_remnant(struct rebuild *rebuild, struct session *session,
                        const struct record *record, const struct invalid_index *invalid,
                        GPtrArray *found)
{
    struct rebuild_remnant *remnant = NULL;

    for (guint i = 0; i < rebuild->remnants->len; i++) {
        struct rebuild_remnant *one = g_ptr_array_index(rebuild->remnants, i);
        if (one->oid == invalid->oid)
            remnant = one;
    }
    if (remnant == NULL) {
        remnant = g_new0(struct rebuild_remnant, 1);
        remnant->oid = invalid->oid;
        remnant->table_oid = record->table_oid;
        remnant->schema = g_strdup(invalid->schema);
        remnant->name = g_strdup(invalid->name);
        remnant->drop_sql = rebuild_drop_sql(session, invalid->schema, invalid->name, true);
        g_ptr_array_add(rebuild->remnants, remnant);
    }
    g_ptr_array_add(found, remnant);
}

/* All that is left now, of all records; those of which nothing is are closed. NULL when that could
 * not be seen. */
static GPtrArray *find_left(struct rebuild *rebuild, struct session *session)
{
    g_autoptr(GPtrArray) found = g_ptr_array_new();

    for (guint i = 0; i < rebuild->records->len; i++) {
        struct record *record = g_ptr_array_index(rebuild->records, i);
        guint before = found->len;
        if (!record->open)
            continue;
        g_autoptr(GPtrArray) invalid = rebuild_invalid(session, record->table_oid);
        if (invalid == NULL)
            return NULL;
        rebuild_mark_ours(record, invalid);
        for (guint j = 0; j < invalid->len; j++) {
            const struct invalid_index *one = g_ptr_array_index(invalid, j);
            if (one->ours)
                add_remnant(rebuild, session, record, one, found);
        }
        if (found->len == before)
            record_close(rebuild, record);
    }
    return g_steal_pointer(&found);
}

/* ---- dropping ----------------------------------------------------------------------------- */

struct cleanup {
    const struct plan_run *run; /* that is cleaned up after */
    struct rebuild *rebuild;
    bool concurrently;
    int first_step;
};

static enum step_go before_cleanup(struct step *step, struct session *session, char **ret_why,
                                   gpointer data)
{
    const struct cleanup *cleanup = data;
    const struct rebuild_remnant *remnant = step->subject;
    struct rebuild_drop drop = {remnant->oid, remnant->table_oid, cleanup->concurrently, NULL};
    enum step_go go = rebuild_before_drop(&drop, session, ret_why);

    if (go == STEP_GO) {
        g_free(step->sql);
        step->sql = drop.sql;
    }
    return go;
}

static struct plan *drop_plan(const struct cleanup *cleanup, const GPtrArray *left)
{
    struct plan *plan = plan_new();

    for (guint i = 0; i < left->len; i++) {
        struct rebuild_remnant *remnant = g_ptr_array_index(left, i);
        g_autofree char *sql = rebuild_drop_sql(cleanup->run->control, remnant->schema,
                                                remnant->name, cleanup->concurrently);
        if (sql == NULL)
            continue;
        struct step *step = plan_add(plan);
        step->object = g_strconcat(remnant->schema, ".", remnant->name, NULL);
        step->sql = g_steal_pointer(&sql);
        step->reason =
            g_strdup(cleanup->concurrently ? "left invalid by a rebuild that did not end well"
                                           : "it could not be dropped concurrently");
        step->lock_mode =
            cleanup->concurrently ? "ShareUpdateExclusiveLock" : "AccessExclusiveLock";
        step->subject = remnant;
    }
    return plan;
}

static void drop(struct cleanup *cleanup, const GPtrArray *left)
{
    AUTO(plan) plan = drop_plan(cleanup, left);
    struct plan_run run = *cleanup->run;
    g_autoptr(GError) broken = NULL;

    run.first_step = cleanup->first_step;
    run.hooks = (struct plan_hooks){.before = before_cleanup, .data = cleanup};
    run.limits = (struct plan_limits){
        .window = window_open(WINDOW_MS),
        .lanes = 1,
        .lock_timeout_ms = cleanup->concurrently ? GENTLE_LOCK_MS : PLAIN_LOCK_MS,
        .attempts = cleanup->concurrently ? GENTLE_TRIES : PLAIN_TRIES,
        .pause_ms = PAUSE_MS,
        .cleanup = true,
    };
    gate_record_steps(cleanup->rebuild->call, run.store_run, plan, run.first_step);
    cleanup->first_step += (int) plan->steps->len;
    plan_run(plan, &run, &broken);
    for (guint i = 0; i < plan->steps->len; i++) {
        const struct step *step = g_ptr_array_index(plan->steps, i);
        struct rebuild_remnant *remnant = step->subject;
        g_free(remnant->detail);
        remnant->detail = g_strdup(broken != NULL ? broken->message : step->detail);
    }
}

static void say(const struct rebuild *rebuild, const struct rebuild_remnant *remnant)
{
    output_warn(
        rebuild->call->output,
        "\"%s.%s\" is left behind, invalid, and could not be dropped: %s\nhint: the next "
        "run drops it, or you do: %s",
        remnant->schema, remnant->name, remnant->detail, remnant->drop_sql);
}

static void say_unseen(const struct rebuild *rebuild)
{
    output_warn(
        rebuild->call->output,
        "an invalid index may be left behind, and the server cannot be asked\nhint: the "
        "next run looks, and drops it");
}

/* left NULL: that could not be seen, so nothing counts as dropped. */
static void settle_remnants(const struct rebuild *rebuild, GPtrArray *left)
{
    for (guint i = 0; i < rebuild->remnants->len; i++) {
        struct rebuild_remnant *remnant = g_ptr_array_index(rebuild->remnants, i);
        remnant->dropped = left != NULL && !g_ptr_array_find(left, remnant, NULL);
        if (remnant->dropped) {
            g_clear_pointer(&remnant->detail, g_free);
            continue;
        }
        if (remnant->detail == NULL)
            remnant->detail = g_strdup("it is still there");
        say(rebuild, remnant);
    }
}

static void clean_up(struct rebuild *rebuild, const struct plan_run *run, int first_step)
{
    struct session *session = run->control;
    struct cleanup cleanup = {run, rebuild, true, first_step};
    GPtrArray *left = find_left(rebuild, session);

    if (left == NULL)
        say_unseen(rebuild);
    else if (left->len > 0)
        output_note(rebuild->call->output, "dropping what was left invalid");
    for (int round = 0; left != NULL && left->len > 0 && round < 2; round++) {
        cleanup.concurrently = round == 0;
        drop(&cleanup, left);
        g_ptr_array_unref(left);
        bool there = session_alive(session) || session_reopen(session, NULL);
        left = there ? find_left(rebuild, session) : NULL;
    }
    settle_remnants(rebuild, left);
    g_clear_pointer(&left, g_ptr_array_unref);
}

/* ---- the end ------------------------------------------------------------------------------ */

static bool any_open(const struct rebuild *rebuild)
{
    for (guint i = 0; i < rebuild->records->len; i++)
        if (((const struct record *) g_ptr_array_index(rebuild->records, i))->open)
            return true;
    return false;
}

static void conclude(const struct rebuild *rebuild, const struct plan_run *run,
                     struct work *work, bool asked)
{
    struct step *step = work->step;
    struct rebuild_index *index = work->index;
    guint position = 0;

    if (asked && rebuild_settle(work) &&
        g_ptr_array_find(rebuild->plan->steps, step, &position))
        store_step_end(run->store, run->store_run, rebuild->first_step + (int) position,
                       step_outcome_name(step->outcome), step->detail);
    index->outcome = step->outcome;
    if (step->started_us > 0)
        index->seconds = (double) (step->ended_us - step->started_us) / G_USEC_PER_SEC;
    if (index->outcome == STEP_DONE && work->proven)
        return;
    g_free(index->detail);
    index->detail = g_strdup(index->outcome == STEP_DONE
                                 ? "not proved by the catalogs: the connection was lost"
                                 : step->detail);
}

void rebuild_finish(struct rebuild *rebuild, const struct plan_run *run,
                    const struct plan *plan)
{
    struct session *session = run->control;
    bool there = false;

    rebuild->plan = plan;
    session_wind_down(session);
    if (any_open(rebuild))
        there = session_alive(session) || session_reopen(session, NULL);
    for (guint i = 0; i < rebuild->works->len; i++) {
        struct work *work = g_ptr_array_index(rebuild->works, i);
        bool asked = there && work->record != NULL && rebuild_prove(rebuild, work, session);
        conclude(rebuild, run, work, asked);
    }
    if (there)
        clean_up(rebuild, run, MAX(run->first_step, 1) + (int) plan->steps->len);
    else if (any_open(rebuild))
        say_unseen(rebuild);
}
