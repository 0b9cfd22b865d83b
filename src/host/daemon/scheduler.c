#include "daemon/scheduler_private.h"

enum {
    AT_ONCE = 2,
    MOST_MISSED = 1000, /* turns of one job that are taken down one by one after a long gap */
};

/* ---- life --------------------------------------------------------------------------------------- */

static void job_free(gpointer pointer)
{
    struct job *job = pointer;

    if (job->open != NULL)
        turn_free(job->open);
    g_ptr_array_unref(job->past);
    schedule_free(job->schedule);
    g_time_zone_unref(job->zone);
    g_free(job->schedule_text);
    g_free(job->zone_text);
    g_free(job);
}

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
    struct place *now = g_new0(struct place, 1);

    now->place = place;
    now->reason = g_strdup(reason);
    g_hash_table_replace(scheduler->places, g_strdup(target), now);
}

static struct place place_of(const struct scheduler *scheduler, const char *target)
{
    static char unknown[] = "its watch has not reported yet";
    const struct place *place = g_hash_table_lookup(scheduler->places, target);

    return place != NULL ? *place : (struct place){SCHEDULER_UNKNOWN, unknown};
}

static struct job *job_at(const struct scheduler *scheduler, guint i)
{
    return g_ptr_array_index(scheduler->jobs, i);
}

static bool is_running(const struct job *job)
{
    return job->open != NULL && job->open->phase == TURN_RUNNING;
}

guint scheduler_running(const struct scheduler *scheduler)
{
    guint count = 0;

    for (guint i = 0; i < scheduler->jobs->len; i++)
        count += is_running(job_at(scheduler, i));
    return count;
}

/* ---- jobs --------------------------------------------------------------------------------------- */

/* The next turn after the cursor. */
static void look_ahead(struct job *job)
{
    const gint64 next =
        schedule_next(job->schedule, job->zone, job->cursor_us / G_USEC_PER_SEC);

    job->next_us = next == G_MAXINT64 ? G_MAXINT64 : next * G_USEC_PER_SEC;
}

static struct store_job store_job_of(const struct job *job)
{
    return (struct store_job){job->target, job->section, job->schedule_text, job->zone_text};
}

static struct job *find_job(const struct scheduler *scheduler, const char *target,
                            const char *section)
{
    for (guint i = 0; i < scheduler->jobs->len; i++) {
        struct job *job = job_at(scheduler, i);
        if (g_strcmp0(job->target, target) == 0 && g_strcmp0(job->section, section) == 0)
            return job;
    }
    return NULL;
}

/* Takes the schedule over. False, and nothing changed: it is not valid. */
static bool set_schedule(struct job *job, const struct scheduler_job *wanted)
{
    AUTO(schedule) schedule = schedule_parse(wanted->schedule, NULL);
    GTimeZone *zone = schedule_zone(wanted->zone, NULL);

    if (schedule == NULL || zone == NULL) {
        g_clear_pointer(&zone, g_time_zone_unref);
        return false;
    }
    g_clear_pointer(&job->schedule, schedule_free);
    g_clear_pointer(&job->zone, g_time_zone_unref);
    g_free(job->schedule_text);
    g_free(job->zone_text);
    job->schedule = g_steal_pointer(&schedule);
    job->zone = zone;
    job->schedule_text = g_strdup(wanted->schedule);
    job->zone_text = g_strdup(wanted->zone);
    return true;
}

static struct job *add_job(struct scheduler *scheduler, const struct scheduler_job *wanted,
                           gint64 now_us)
{
    struct job *job = g_new0(struct job, 1);

    if (!set_schedule(job, wanted)) {
        g_free(job);
        return NULL;
    }
    job->target = g_intern_string(wanted->target);
    job->section = g_intern_string(wanted->section);
    job->window_ms = wanted->window_ms;
    job->past = g_ptr_array_new_with_free_func((GDestroyNotify) turn_free);
    g_ptr_array_add(scheduler->jobs, job);
    const struct store_job known = store_job_of(job);
    job->cursor_us = store_job_since(scheduler->store, &known, now_us);
    turn_resume(scheduler, job, now_us);
    if (job->open != NULL)
        job->cursor_us = MAX(job->cursor_us, job->open->turn_us);
    look_ahead(job);
    return job;
}

/* A job there was, scheduled otherwise. */
static void change_job(struct scheduler *scheduler, struct job *job,
                       const struct scheduler_job *wanted, gint64 now_us)
{
    if (!set_schedule(job, wanted))
        return;
    if (job->open != NULL && job->open->phase == TURN_PENDING)
        turn_close_open(scheduler, job, "the schedule was changed", now_us);
    const struct store_job known = store_job_of(job);
    store_job_since(scheduler->store, &known, now_us);
    job->cursor_us = now_us;
    look_ahead(job);
}

static void remove_job(struct scheduler *scheduler, guint i, gint64 now_us)
{
    struct job *job = job_at(scheduler, i);
    const struct store_job known = store_job_of(job);

    if (!job->removed)
        store_job_forget(scheduler->store, &known);
    if (job->open != NULL && !is_running(job))
        turn_close_open(scheduler, job, "the job was taken off the schedule", now_us);
    job->removed = true;
    job->next_us = G_MAXINT64;
    if (job->open == NULL)
        g_ptr_array_remove_index(scheduler->jobs, i);
}

static void set_job(struct scheduler *scheduler, const struct scheduler_job *wanted,
                    gint64 now_us)
{
    struct job *job = find_job(scheduler, wanted->target, wanted->section);
    const bool known = job != NULL;

    if (!known)
        job = add_job(scheduler, wanted, now_us);
    if (job == NULL)
        return;
    if (known && (job->removed || g_strcmp0(job->schedule_text, wanted->schedule) != 0 ||
                  g_strcmp0(job->zone_text, wanted->zone) != 0))
        change_job(scheduler, job, wanted, now_us);
    job->verb = g_intern_string(wanted->verb);
    job->window_ms = wanted->window_ms;
    job->listed = true;
    job->removed = false;
}

void scheduler_set_jobs(struct scheduler *scheduler, const struct scheduler_job *jobs,
                        guint count, gint64 now_us)
{
    for (guint i = 0; i < scheduler->jobs->len; i++)
        job_at(scheduler, i)->listed = false;
    for (guint i = 0; i < count; i++)
        set_job(scheduler, &jobs[i], now_us);
    for (guint i = scheduler->jobs->len; i > 0; i--)
        if (!job_at(scheduler, i - 1)->listed)
            remove_job(scheduler, i - 1, now_us);
}

void scheduler_set_store(struct scheduler *scheduler, struct store *store)
{
    scheduler->store = store;
    for (guint i = 0; i < scheduler->jobs->len; i++) {
        const struct store_job known = store_job_of(job_at(scheduler, i));
        if (!job_at(scheduler, i)->removed)
            store_job_since(store, &known, scheduler->last_us);
    }
    turn_save_all(scheduler, true, scheduler->last_us);
}

/* ---- turns come --------------------------------------------------------------------------------- */

/* Why a turn was passed over that the scheduler was never asked about in time. */
static char *why_passed(const struct scheduler *scheduler, gint64 turn_us, gint64 now_us)
{
    g_autofree char *since = scheduler_time(scheduler->last_us);
    g_autofree char *now = scheduler_time(now_us);
    g_autofree char *start = scheduler_time(scheduler->start_us);

    if (turn_us <= scheduler->start_us)
        return g_strdup_printf("no daemon was running at its time; one was started at %s",
                               start);
    return g_strdup_printf("the clock went from %s to %s at once: the machine slept, or its "
                           "clock was set",
                           since, now);
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

    if (is_running(job)) {
        turn_miss(scheduler, job, turn, g_strdup("the turn before it was still at work"),
                  now_us);
    } else if (turn_is_over(turn, now_us)) {
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
        look_ahead(job);
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
        look_ahead(job);
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
    job->cursor_us = MIN(job->cursor_us, now_us);
    look_ahead(job);
}

/* ---- what is due -------------------------------------------------------------------------------- */

/* An open turn that may not go on: another daemon has the target, or its window is over. */
static void expire(struct scheduler *scheduler, struct job *job, gint64 now_us)
{
    struct turn *turn = job->open;

    if (turn == NULL || turn->phase == TURN_RUNNING)
        return;
    const struct place place = place_of(scheduler, job->target);
    if (place.place == SCHEDULER_ELSEWHERE && turn->phase == TURN_PENDING) {
        g_free(turn->reason);
        turn->reason = g_strdup(place.reason);
        turn_end(scheduler, job, turn, "elsewhere", now_us);
    } else if (place.place == SCHEDULER_ELSEWHERE) {
        turn_close_open(scheduler, job, "another daemon has the target", now_us);
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
        if (is_running(other) && other->target == job->target)
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
        const struct scheduler_order order = {job->target,
                                              job->section,
                                              job->verb,
                                              job->open->turn_us,
                                              job->open->window_end_us,
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
        if (job->open == NULL || is_running(job))
            continue;
        wake = MIN(wake, job->open->begin_until_us);
        if (job->open->phase == TURN_WAITING && job->open->retry_us > now_us)
            wake = MIN(wake, job->open->retry_us);
    }
    return MAX(wake, now_us + 1);
}

void scheduler_ended(struct scheduler *scheduler, const struct scheduler_order *order,
                     gint64 now_us, int exit_code, gint64 run, const char *reason)
{
    struct job *job = find_job(scheduler, order->target, order->section);

    if (job == NULL || !is_running(job) || job->open->turn_us != order->turn_us)
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
