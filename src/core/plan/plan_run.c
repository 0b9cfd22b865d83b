/*
 * The executor: one thread, one poll loop, several lanes. It ends when every step has an outcome,
 * and by then nothing of it is left running on the server.
 */
#include "error.h"
#include "interrupt.h"
#include "plan/plan_private.h"

#include <poll.h>

/* How long the run goes on trying while no connection can be had: a server restart takes less. */
enum { OUTAGE_SECONDS = 90, POLL_MS = 200, EXIT_POLL_MS = 20 };

bool runner_interrupted(const struct runner *runner)
{
    return !runner->run->limits.cleanup && interrupt_pending();
}

static bool any_running(const struct runner *runner)
{
    for (unsigned i = 0; i < runner->lane_count; i++)
        if (runner->lanes[i].step != NULL)
            return true;
    return false;
}

static void heed_stops(struct runner *runner)
{
    struct plan_run *run = runner->run;
    gint64 now = g_get_monotonic_time();

    if (runner->stop == STOP_NO && runner_interrupted(runner)) {
        runner->stop = STOP_INTERRUPTED;
        session_wind_down(run->control);
    }
    if (runner->stop == STOP_NO && window_closed(&run->limits.window))
        runner->stop = STOP_WINDOW;
    if (runner->stop == STOP_NO && runner->outage_us != 0 && !any_running(runner) &&
        now - runner->outage_us > (gint64) OUTAGE_SECONDS * G_USEC_PER_SEC) {
        runner->stop = STOP_BROKEN;
        runbook_error_set(&runner->broken, RUNBOOK_CONNECT, NULL,
                          "no connection to the server for %d s, the run was given up: %s",
                          OUTAGE_SECONDS,
                          runner->outage_cause ? runner->outage_cause : "the server is gone");
    }
    for (unsigned i = 0; i < runner->lane_count; i++)
        if (runner->stop != STOP_NO || runner->lanes[i].stop_why != NULL)
            lane_cancel(&runner->lanes[i]);
}

static gint64 pace_due_us(const struct runner *runner)
{
    const struct plan_pace *pace = runner->run->limits.pace;

    return pace == NULL ? 0 : plan_pace_due_us(pace, g_get_monotonic_time());
}

static void feed(struct runner *runner)
{
    gint64 now = g_get_monotonic_time();

    /* Without the control session the advisory lock is not ours: finish what runs, start
     * nothing. */
    if (runner->stop != STOP_NO || !runner->locked)
        return;
    for (unsigned i = 0; i < runner->lane_count; i++) {
        struct lane *lane = &runner->lanes[i];
        while (lane->step == NULL && now >= lane->reopen_at_us && pace_due_us(runner) <= now &&
               !runner_interrupted(runner)) {
            struct step *step = queue_next(runner);
            if (step == NULL)
                return;
            lane_start(lane, step);
        }
    }
}

static int wait_ms(const struct runner *runner)
{
    gint64 left_ms = window_left_ms(&runner->run->limits.window);
    gint64 wait = POLL_MS;
    gint64 due = queue_due_us(runner);

    if (runner->stop == STOP_NO)
        wait = MIN(wait, left_ms);
    /* A program that has closed its output is about to end, and nothing else tells when. */
    for (unsigned i = 0; i < runner->lane_count; i++)
        if (runner->lanes[i].program != NULL && program_fd(runner->lanes[i].program) < 0)
            wait = MIN(wait, EXIT_POLL_MS);
    /* What is overdue waits for a lane to be free, and that wakes us by itself. */
    gint64 now = g_get_monotonic_time();
    if (due > now)
        wait = MIN(wait, (due - now) / 1000);
    if (pace_due_us(runner) > now)
        wait = MIN(wait, (pace_due_us(runner) - now) / 1000);
    return (int) MAX(wait, 1);
}

static void wait_and_read(struct runner *runner)
{
    g_autofree struct pollfd *descriptors = g_new0(struct pollfd, runner->lane_count + 1);

    for (unsigned i = 0; i < runner->lane_count; i++) {
        descriptors[i].fd = lane_fd(&runner->lanes[i]);
        descriptors[i].events = POLLIN;
    }
    /* After the first signal the descriptor stays readable: no longer worth waking up for. */
    bool heeds = runner->stop == STOP_NO && !runner->run->limits.cleanup;
    descriptors[runner->lane_count].fd = heeds ? interrupt_fd() : -1;
    descriptors[runner->lane_count].events = POLLIN;
    int ready = poll(descriptors, runner->lane_count + 1, wait_ms(runner));
    for (unsigned i = 0; i < runner->lane_count; i++) {
        struct lane *lane = &runner->lanes[i];
        if (lane->program != NULL || (ready > 0 && descriptors[i].revents != 0 && lane->step))
            lane_read(lane);
    }
}

static void run_phase(struct runner *runner, unsigned phase)
{
    queue_fill(runner, phase);
    while (any_running(runner) || (runner->stop == STOP_NO && !queue_empty(runner))) {
        control_tend(runner);
        heed_stops(runner);
        feed(runner);
        if (any_running(runner) || !queue_empty(runner))
            wait_and_read(runner);
        control_watch(runner);
        control_tick(runner);
    }
}

static void end_rest(struct runner *runner)
{
    const char *why = runner->stop == STOP_INTERRUPTED ? "interrupted before it started"
                      : runner->stop == STOP_WINDOW    ? "the window closed before it started"
                                                    : "the run was given up before it started";

    for (guint i = 0; i < runner->plan->steps->len; i++) {
        struct step *step = g_ptr_array_index(runner->plan->steps, i);
        if (step->outcome != STEP_PLANNED)
            continue;
        step_end(runner, step, STEP_NOT_REACHED,
                 step->detail == NULL
                     ? g_strdup(why)
                     : g_strdup_printf("%s; put off before: %s", why, step->detail));
    }
}

static unsigned last_phase(const struct plan *plan)
{
    unsigned phase = 0;

    for (guint i = 0; i < plan->steps->len; i++)
        phase = MAX(phase, ((struct step *) g_ptr_array_index(plan->steps, i))->phase);
    return phase;
}

static void runner_open(struct runner *runner)
{
    unsigned steps = MAX(runner->plan->steps->len, 1);

    runner->lane_count = CLAMP(runner->run->limits.lanes, 1, steps);
    runner->lanes = g_new0(struct lane, runner->lane_count);
    for (unsigned i = 0; i < runner->lane_count; i++) {
        runner->lanes[i].runner = runner;
        runner->lanes[i].borrowed = runner->run->limits.lanes == 0;
    }
    runner->ghosts = g_ptr_array_new_with_free_func(ghost_free);
    g_queue_init(&runner->ready);
    g_queue_init(&runner->later);
}

static void runner_close(struct runner *runner)
{
    for (unsigned i = 0; i < runner->lane_count; i++)
        lane_close(&runner->lanes[i]);
    if (runner->ghosts->len > 0 && !session_alive(runner->run->control))
        session_reopen(runner->run->control, NULL);
    control_end_ghosts(runner);
    g_queue_clear(&runner->ready);
    g_queue_clear_full(&runner->later, g_free);
    g_ptr_array_unref(runner->ghosts);
    g_free(runner->lanes);
    g_free(runner->outage_cause);
}

bool plan_run(struct plan *plan, struct plan_run *run, GError **error)
{
    /* The run that is cleaned up after may have lost the lock with its control session. */
    struct runner runner = {.plan = plan, .run = run, .locked = !run->limits.cleanup};

    runner_open(&runner);
    if (run->limits.cleanup)
        session_wind_down(run->control);
    for (unsigned phase = 0; phase <= last_phase(plan) && runner.stop == STOP_NO; phase++)
        run_phase(&runner, phase);
    end_rest(&runner);
    runner_close(&runner);
    if (runner.stop == STOP_INTERRUPTED)
        runbook_error_set(error, RUNBOOK_INTERRUPTED, NULL,
                          "interrupted; what ran was cancelled on the server");
    if (runner.stop == STOP_BROKEN)
        g_propagate_error(error, runner.broken);
    return runner.stop != STOP_INTERRUPTED && runner.stop != STOP_BROKEN;
}
