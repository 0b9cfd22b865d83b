/*
 * The control session: holds the advisory lock that makes the run the only one of its kind in
 * the database, ends backends whose connection was lost, and feeds the progress display.
 */
#include "core_queries.h"
#include "error.h"
#include "plan/plan_private.h"

enum { TICK_MS = 1000, REOPEN_MS = 1000, LOCK_TRIES = 8 };

/* "pgrb": the first key of all our advisory locks; the second is a hash of the section. */
enum { LOCK_CLASS = 0x70677262 };

struct ghost {
    char *pid, *started;
};

void ghost_free(gpointer data)
{
    struct ghost *ghost = data;

    g_free(ghost->pid);
    g_free(ghost->started);
    g_free(ghost);
}

struct lock_key {
    char *class, *section;
    const char *values[2];
};

static void lock_key_set(struct lock_key *key, const char *section)
{
    key->class = g_strdup_printf("%d", LOCK_CLASS);
    key->section = g_strdup_printf("%d", (int) (g_str_hash(section) & G_MAXINT32));
    key->values[0] = key->class;
    key->values[1] = key->section;
}

static void lock_key_clear(struct lock_key *key)
{
    g_free(key->class);
    g_free(key->section);
}

static char *holder_of(struct session *control, const struct lock_key *key)
{
    AUTO(rows) holder = session_query(control, &query_core_lock_holder, key->values, NULL);

    return g_strdup(holder != NULL && rows_count(holder) > 0
                        ? rows_text(holder, 0, CORE_LOCK_HOLDER_HOLDER)
                        : "a session that has just ended");
}

bool plan_lock_try(struct session *control, const char *section, char **ret_holder,
                   GError **error)
{
    struct lock_key key;

    *ret_holder = NULL;
    lock_key_set(&key, section);
    AUTO(rows) got = session_query(control, &query_core_lock_try, key.values, error);
    bool locked = got != NULL && rows_bool(got, 0, CORE_LOCK_TRY_GOT);
    if (got != NULL && !locked)
        *ret_holder = holder_of(control, &key);
    lock_key_clear(&key);
    return locked;
}

bool plan_lock(struct session *control, const char *section, GError **error)
{
    g_autofree char *holder = NULL;

    if (plan_lock_try(control, section, &holder, error))
        return true;
    if (holder != NULL)
        runbook_error_set(
            error, RUNBOOK_REFUSED, "wait for it, or end it with pg_terminate_backend",
            "another %s run is at work on database \"%s\": " PLAN_LOCK_HELD " by %s", section,
            session_database(control), holder);
    return false;
}

void plan_unlock(struct session *control, const char *section)
{
    struct lock_key key;

    lock_key_set(&key, section);
    struct rows *freed = session_query(control, &query_core_lock_free, key.values, NULL);
    g_clear_pointer(&freed, rows_free);
    lock_key_clear(&key);
}

void control_add_ghost(struct runner *runner, const struct session *session)
{
    struct ghost *ghost = g_new(struct ghost, 1);

    ghost->pid = g_strdup_printf("%d", session_pid(session));
    ghost->started = g_strdup(session_started(session));
    g_ptr_array_add(runner->ghosts, ghost);
}

/* A step is at work on the control session: nothing else may be asked through it. */
static bool busy(const struct runner *runner)
{
    return lane_uses_control(&runner->lanes[0]);
}

/* A backend that lost its client may vacuum on for hours, and holds its locks meanwhile. It is
 * ours, the same role: no further right is needed. */
void control_end_ghosts(struct runner *runner)
{
    struct session *control = runner->run->control;

    if (busy(runner))
        return;
    while (runner->ghosts->len > 0 && session_alive(control)) {
        const struct ghost *ghost = g_ptr_array_index(runner->ghosts, 0);
        const char *const values[] = {ghost->pid, ghost->started};
        AUTO(rows) rows = session_query(control, &query_core_end_backend, values, NULL);
        /* Asked again when the session has been told to wind down. */
        if (rows == NULL && runner_interrupted(runner))
            return;
        if (rows != NULL || session_alive(control))
            g_ptr_array_remove_index(runner->ghosts, 0);
    }
}

/* Our own lost backend may hold the lock for a moment longer; whoever holds it after several
 * tries is somebody else. */
static void relock(struct runner *runner)
{
    struct plan_run *run = runner->run;
    g_autoptr(GError) error = NULL;

    if (plan_lock(run->control, run->section, &error)) {
        runner->locked = true;
        runner->lock_refusals = 0;
        runner->outage_us = 0;
        return;
    }
    if (g_error_matches(error, RUNBOOK_ERROR, RUNBOOK_REFUSED) &&
        ++runner->lock_refusals >= LOCK_TRIES) {
        runner->stop = STOP_BROKEN;
        runner->broken = g_steal_pointer(&error);
    }
}

/* It is not ours to open anew, and what else was held by it is lost: whoever lent it decides. */
static void give_up(struct runner *runner)
{
    runner->locked = false;
    if (runner->stop == STOP_INTERRUPTED || runner->stop == STOP_BROKEN)
        return;
    runner->stop = STOP_BROKEN;
    runbook_error_set(&runner->broken, RUNBOOK_CONNECT, NULL,
                      "the connection was lost, and the run given up");
}

void control_tend(struct runner *runner)
{
    struct session *control = runner->run->control;
    gint64 now = g_get_monotonic_time();

    /* An idle connection has nothing to read but its end. */
    if (session_alive(control))
        PQconsumeInput(session_handle(control));
    /* Its step has to learn of the loss before another connection takes the place. */
    if (!session_alive(control) && busy(runner))
        lane_read(&runner->lanes[0]);
    if (!session_alive(control) && runner->run->limits.borrowed) {
        give_up(runner);
        return;
    }
    if (!session_alive(control) && runner->locked) {
        control_add_ghost(runner, control);
        runner->locked = false;
    }
    if (!runner->locked && runner->stop == STOP_NO && now >= runner->control_at_us) {
        runner->control_at_us = now + REOPEN_MS * 1000;
        if (runner->outage_us == 0)
            runner->outage_us = now;
        if (session_alive(control) || session_reopen(control, NULL)) {
            control_end_ghosts(runner);
            relock(runner);
        }
    }
    control_end_ghosts(runner);
}

static int backend_of(const struct lane *lane)
{
    return lane->program != NULL ? 0 : session_pid(lane->session);
}

void control_watch(struct runner *runner)
{
    struct plan_run *run = runner->run;

    if (run->hooks.watch == NULL || busy(runner) ||
        g_get_monotonic_time() < runner->watch_at_us)
        return;
    runner->watch_at_us = g_get_monotonic_time() + TICK_MS * 1000;
    for (unsigned i = 0; i < runner->lane_count; i++) {
        struct lane *lane = &runner->lanes[i];
        g_autofree char *why = NULL;
        /* What is being stopped for whatever reason needs no more watching. */
        if (lane->step == NULL || lane->stop_why != NULL || runner->stop != STOP_NO ||
            !session_alive(run->control))
            continue;
        if (run->hooks.watch(lane->step, backend_of(lane), run->control, &why, run->hooks.data))
            lane->stop_why = why ? g_steal_pointer(&why) : g_strdup("stopped");
    }
}

void control_tick(struct runner *runner)
{
    struct plan_run *run = runner->run;
    g_autofree struct step **steps = g_new0(struct step *, runner->lane_count);
    g_autofree int *pids = g_new0(int, runner->lane_count);
    guint count = 0;

    if (run->hooks.tick == NULL || busy(runner) || g_get_monotonic_time() < runner->tick_at_us)
        return;
    runner->tick_at_us = g_get_monotonic_time() + TICK_MS * 1000;
    for (unsigned i = 0; i < runner->lane_count; i++) {
        if (runner->lanes[i].step == NULL)
            continue;
        steps[count] = runner->lanes[i].step;
        pids[count++] = backend_of(&runner->lanes[i]);
    }
    if (session_alive(run->control))
        run->hooks.tick(run->control, steps, pids, count, run->hooks.data);
}
