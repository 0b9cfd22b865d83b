#include "daemon/scheduler_private.h"

/* How long another daemon must have had a target that was ours. */
#define DOUBT (10 * G_TIME_SPAN_MINUTE)

enum {
    AT_ONCE = 2,
    MOST_MISSED = 1000, /* turns of one job that are taken down one by one after a long gap */
};

/* ---- life --------------------------------------------------------------------------------------- */

static void place_free(gpointer pointer)
{
    struct place *place = pointer;

    g_free(place->reason);
    g_free(place);
}

struct scheduler *scheduler_new(struct store *store, gint64 now_us)
{
    struct scheduler *scheduler = g_new0(struct scheduler, 1);

    scheduler->store = store;
    scheduler->jobs = g_ptr_array_new_with_free_func(job_free);
    scheduler->places = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, place_free);
    scheduler->limit = AT_ONCE;
    scheduler->start_us = now_us;
    scheduler->last_us = now_us;
    return scheduler;
}

void scheduler_free(struct scheduler *scheduler)
{
    g_ptr_array_unref(scheduler->jobs);
    g_hash_table_unref(scheduler->places);
    g_free(scheduler);
}

void scheduler_set_limit(struct scheduler *scheduler, guint at_once)
{
    scheduler->limit = MAX(at_once, 1);
}

void scheduler_on_end(struct scheduler *scheduler,
                      void (*told)(const struct store_turn *turn, gpointer data), gpointer data)
{
    scheduler->told = told;
    scheduler->told_data = data;
}

void scheduler_set_place(struct scheduler *scheduler, const char *target,
                         enum scheduler_place place, const char *reason)
{
    const struct place *before = g_hash_table_lookup(scheduler->places, target);
    struct place *now = g_new0(struct place, 1);

    now->place = place;
    now->reason = g_strdup(reason);
    now->was_here = before != NULL && (before->was_here || before->place == SCHEDULER_HERE);
    if (before != NULL && before->place == place)
        now->elsewhere_us = before->elsewhere_us;
    g_hash_table_replace(scheduler->places, g_strdup(target), now);
}

/* When it is certain that another daemon has the target, and not a connection of our own that the
 * server has not noticed the end of; G_MAXINT64: it is not elsewhere. */
static gint64 elsewhere_from(const struct scheduler *scheduler, const char *target,
                             gint64 now_us)
{
    struct place *place = g_hash_table_lookup(scheduler->places, target);

    if (place == NULL || place->place != SCHEDULER_ELSEWHERE)
        return G_MAXINT64;
    if (!place->was_here)
        return 0;
    if (place->elsewhere_us == 0 || place->elsewhere_us > now_us)
        place->elsewhere_us = now_us;
    return place->elsewhere_us + DOUBT;
}

static struct place place_of(const struct scheduler *scheduler, const char *target)
{
    static char unknown[] = "its watch has not reported yet";
    const struct place *place = g_hash_table_lookup(scheduler->places, target);

    return place != NULL ? *place
                         : (struct place){.place = SCHEDULER_UNKNOWN, .reason = unknown};
}

guint scheduler_running(const struct scheduler *scheduler)
{
    guint count = 0;

    for (guint i = 0; i < scheduler->jobs->len; i++)
        count += job_is_running(job_at(scheduler, i));
    return count;
}

/* ---- turns come --------------------------------------------------------------------------------- */

/* Why a turn was passed over that the scheduler was never asked about in time. */
static char *why_passed(const struct scheduler *scheduler, gint64 turn_us, gint64 now_us)
{
    g_autofree char *now = scheduler_time(now_us);
    g_autofree char *start = scheduler_time(scheduler->start_us);

    if (turn_us <= scheduler->start_us)
        return g_strdup_printf("no daemon was running at its time; one was started at %s",
                               start);
    return g_strdup_printf(
        "its time was over before the daemon saw it, at %s: the machine slept, "
        "its clock was set, or the daemon was held up",
        now);
}

/* Why the open turn makes room for the one that follows it. */
static char *why_overtaken(const struct scheduler *scheduler, const struct job *job,
                           gint64 now_us)
{
    const struct turn *open = job->open;

    if (open->phase == TURN_PENDING && open->reason != NULL)
        return g_strdup_printf("%s, until the next turn came", open->reason);
    if (open->phase == TURN_PENDING)
        return why_passed(scheduler, open->turn_us, now_us);
    return g_strdup("the next turn has come");
}

static void turn_comes(struct scheduler *scheduler, struct job *job, gint64 now_us)
{
    struct turn *turn = turn_new(job, job->next_us);

    const bool older =
        job->open != NULL && turn->turn_us < job->open->turn_us && job->open->turn_us <= now_us;

    if (job_is_running(job) && !older) {
        turn_miss(scheduler, job, turn, g_strdup("the turn before it was still at work"),
                  now_us);
    } else if (older || turn_is_over(turn, now_us)) {
        turn_miss(scheduler, job, turn, why_passed(scheduler, turn->turn_us, now_us), now_us);
    } else {
        g_autofree char *why = job->open != NULL ? why_overtaken(scheduler, job, now_us) : NULL;
        if (why != NULL)
            turn_close_open(scheduler, job, why, now_us);
        job->open = turn;
    }
}

/* Where a clock that was wrong for years is set right, nobody wants a record of each minute. */
static void pass_over_many(struct job *job, gint64 now_us)
{
    gint64 oldest[MOST_MISSED];
    const gint64 first_us = job->next_us, cursor_us = job->cursor_us;
    guint count = 0;

    while (job->next_us <= now_us) {
        oldest[count++ % MOST_MISSED] = job->next_us;
        job->cursor_us = job->next_us;
        job_look_ahead(job);
    }
    job->cursor_us = count > MOST_MISSED ? oldest[count % MOST_MISSED] - 1 : cursor_us;
    job->next_us = count > MOST_MISSED ? oldest[count % MOST_MISSED] : first_us;
}

static void let_turns_come(struct scheduler *scheduler, struct job *job, gint64 now_us)
{
    if (job->next_us > now_us)
        return;
    pass_over_many(job, now_us);
    while (job->next_us <= now_us) {
        if (!turn_is_known(job, job->next_us))
            turn_comes(scheduler, job, now_us);
        job->cursor_us = job->next_us;
        job_look_ahead(job);
    }
}

/* What was missed only because the clock was ahead is not. */
static void forget_missed(struct job *job, gint64 now_us)
{
    for (guint i = job->past->len; i > 0; i--) {
        const struct turn *turn = g_ptr_array_index(job->past, i - 1);
        if (turn->attempts == 0 && turn->ended_us > now_us &&
            g_strcmp0(turn->outcome, "missed") == 0)
            g_ptr_array_remove_index(job->past, i - 1);
    }
}

/* The clock was set back: turns since then come again, and those that were done are known. */
static void step_back(struct job *job, gint64 now_us)
{
    struct turn *open = job->open;

    if (job->removed)
        return;
    if (open != NULL && open->phase == TURN_WAITING)
        open->retry_us = MIN(open->retry_us, now_us);
    if (open != NULL && open->phase == TURN_PENDING && open->turn_us > now_us)
        g_clear_pointer(&job->open, turn_free);
    forget_missed(job, now_us);
    job->cursor_us = MIN(job->cursor_us, now_us);
    job_look_ahead(job);
}

/* ---- what is due -------------------------------------------------------------------------------- */

/* An open turn that may not go on: another daemon has the target, or its window is over. One that
 * was begun here is no other daemon's, whoever has the target now. */
static void expire(struct scheduler *scheduler, struct job *job, gint64 now_us)
{
    struct turn *turn = job->open;

    if (turn == NULL || turn->phase == TURN_RUNNING)
        return;
    if (turn->phase == TURN_PENDING &&
        elsewhere_from(scheduler, job->target, now_us) <= now_us) {
        g_free(turn->reason);
        turn->reason = g_strdup(place_of(scheduler, job->target).reason);
        turn_end(scheduler, job, turn, "elsewhere", now_us);
    } else if (turn_is_over(turn, now_us)) {
        g_autofree char *why = g_strdup(turn->phase == TURN_PENDING && turn->reason != NULL
                                            ? turn->reason
                                            : "its window is over");
        turn_close_open(scheduler, job, why, now_us);
    }
}

/* Why the job's turn cannot begin now; NULL: it can. Caller frees. */
static char *obstacle(const struct scheduler *scheduler, const struct job *job)
{
    const struct place place = place_of(scheduler, job->target);

    if (place.place != SCHEDULER_HERE)
        return g_strdup(place.reason != NULL ? place.reason : "the target was not reachable");
    for (guint i = 0; i < scheduler->jobs->len; i++) {
        const struct job *other = job_at(scheduler, i);
        if (job_is_running(other) && other->target == job->target)
            return g_strdup_printf("%s %s was at work on the target all the time",
                                   other->section, other->verb);
    }
    if (scheduler_running(scheduler) >= scheduler->limit)
        return g_strdup_printf("other targets' jobs took all of the time; jobs_at_once is %u",
                               scheduler->limit);
    return NULL;
}

static gint by_turn(gconstpointer left, gconstpointer right)
{
    const struct job *a = *(struct job *const *) left, *b = *(struct job *const *) right;

    return (a->open->turn_us > b->open->turn_us) - (a->open->turn_us < b->open->turn_us);
}

/* Jobs with a turn that may begin, the oldest turn first; of the same age, in their order. */
static GPtrArray *candidates(const struct scheduler *scheduler, gint64 now_us)
{
    GPtrArray *jobs = g_ptr_array_new();

    for (guint i = 0; i < scheduler->jobs->len; i++) {
        struct job *job = job_at(scheduler, i);
        const struct turn *turn = job->open;
        if (turn != NULL && (turn->phase == TURN_PENDING ||
                             (turn->phase == TURN_WAITING && turn->retry_us <= now_us)))
            g_ptr_array_add(jobs, job);
    }
    g_ptr_array_sort(jobs, by_turn);
    return jobs;
}

static void begin(struct scheduler *scheduler, struct job *job, GArray *orders, gint64 now_us)
{
    g_autofree char *why_not = obstacle(scheduler, job);

    if (why_not == NULL) {
        if (!turn_begin(scheduler, job, now_us))
            return;
        const struct scheduler_order order = {job->target,        job->section,
                                              job->verb,          job->key,
                                              job->open->turn_us, job->open->window_end_us,
                                              job->open->attempts};
        g_array_append_val(orders, order);
    } else if (job->open->phase == TURN_PENDING) {
        g_free(job->open->reason);
        job->open->reason = g_steal_pointer(&why_not);
    }
}

GArray *scheduler_due(struct scheduler *scheduler, gint64 now_us)
{
    GArray *orders = g_array_new(FALSE, FALSE, sizeof(struct scheduler_order));

    if (scheduler->unsaved && now_us >= scheduler->save_us)
        turn_save_all(scheduler, false, now_us);
    scheduler->save_us = MIN(scheduler->save_us, now_us + SCHEDULER_SAVE_PAUSE);
    for (guint i = 0; i < scheduler->jobs->len; i++) {
        if (now_us < scheduler->last_us)
            step_back(job_at(scheduler, i), now_us);
        let_turns_come(scheduler, job_at(scheduler, i), now_us);
        expire(scheduler, job_at(scheduler, i), now_us);
    }
    g_autoptr(GPtrArray) jobs = candidates(scheduler, now_us);
    for (guint i = 0; i < jobs->len; i++)
        begin(scheduler, g_ptr_array_index(jobs, i), orders, now_us);
    scheduler->last_us = now_us;
    return orders;
}

gint64 scheduler_wake_us(const struct scheduler *scheduler, gint64 now_us)
{
    gint64 wake = scheduler->unsaved ? scheduler->save_us : G_MAXINT64;

    for (guint i = 0; i < scheduler->jobs->len; i++) {
        const struct job *job = job_at(scheduler, i);
        wake = MIN(wake, job->next_us);
        if (job->open == NULL || job_is_running(job))
            continue;
        wake = MIN(wake, job->open->begin_until_us);
        if (job->open->phase == TURN_PENDING)
            wake = MIN(wake, elsewhere_from(scheduler, job->target, now_us));
        if (job->open->phase == TURN_WAITING && job->open->retry_us > now_us)
            wake = MIN(wake, job->open->retry_us);
    }
    return MAX(wake, now_us + 1);
}

void scheduler_note_run(struct scheduler *scheduler, const struct scheduler_order *order,
                        gint64 now_us, gint64 run)
{
    struct job *job = job_find(scheduler, order->target, order->key);

    if (job != NULL && job_is_running(job) && job->open->turn_us == order->turn_us)
        turn_note_run(scheduler, job, job->open, run, now_us);
}

void scheduler_stopped(struct scheduler *scheduler, const struct scheduler_order *order)
{
    struct job *job = job_find(scheduler, order->target, order->key);

    if (job != NULL && job_is_running(job) && job->open->turn_us == order->turn_us)
        job->open->stopped = true;
}

void scheduler_ended(struct scheduler *scheduler, const struct scheduler_order *order,
                     gint64 now_us, int exit_code, gint64 run, const char *reason)
{
    struct job *job = job_find(scheduler, order->target, order->key);

    if (job == NULL || !job_is_running(job) || job->open->turn_us != order->turn_us)
        return;
    struct turn *turn = job->open;
    g_free(turn->reason);
    turn->reason = g_strdup(reason);
    turn->exit_code = exit_code;
    turn->run = run > 0 ? run : turn->run;
    turn_judge(scheduler, job, now_us);
    if (job->removed && job->open == NULL)
        g_ptr_array_remove(scheduler->jobs, job);
}
