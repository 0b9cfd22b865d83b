/*
 * The jobs there are, as the settings want them, and what becomes of their turns when that changes.
 */
#include "daemon/scheduler_private.h"

void job_free(gpointer pointer)
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

struct job *job_at(const struct scheduler *scheduler, guint i)
{
    return g_ptr_array_index(scheduler->jobs, i);
}

bool job_is_running(const struct job *job)
{
    return job->open != NULL && job->open->phase == TURN_RUNNING;
}

/* ---- jobs --------------------------------------------------------------------------------------- */

/* The next turn after the cursor. */
void job_look_ahead(struct job *job)
{
    const gint64 next =
        schedule_next(job->schedule, job->zone, job->cursor_us / G_USEC_PER_SEC);

    job->next_us = next == G_MAXINT64 ? G_MAXINT64 : next * G_USEC_PER_SEC;
}

static struct store_job store_job_of(const struct job *job)
{
    return (struct store_job){job->target, job->key, job->schedule_text, job->zone_text};
}

static const char *key_of(const struct scheduler_job *wanted)
{
    return wanted->key != NULL ? wanted->key : wanted->section;
}

struct job *job_find(const struct scheduler *scheduler, const char *target, const char *key)
{
    for (guint i = 0; i < scheduler->jobs->len; i++) {
        struct job *job = job_at(scheduler, i);
        if (g_strcmp0(job->target, target) == 0 && g_strcmp0(job->key, key) == 0)
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
    job->key = g_intern_string(key_of(wanted));
    job->verb = g_intern_string(wanted->verb);
    job->words = g_intern_string(wanted->words);
    job->window_ms = wanted->window_ms;
    job->past = g_ptr_array_new_with_free_func((GDestroyNotify) turn_free);
    g_ptr_array_add(scheduler->jobs, job);
    const struct store_job known = store_job_of(job);
    /* A clock that was ahead may have left what is still to come. */
    job->cursor_us = MIN(store_job_since(scheduler->store, &known, now_us), now_us);
    turn_resume(scheduler, job, now_us);
    job->unread = store_trouble(scheduler->store) != NULL;
    if (job->open != NULL)
        job->cursor_us = MAX(job->cursor_us, job->open->turn_us);
    job_look_ahead(job);
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
    job_look_ahead(job);
}

static void remove_job(struct scheduler *scheduler, guint i, gint64 now_us)
{
    struct job *job = job_at(scheduler, i);
    const struct store_job known = store_job_of(job);

    if (!job->removed)
        store_job_forget(scheduler->store, &known);
    if (job->open != NULL && !job_is_running(job))
        turn_close_open(scheduler, job, "the job was taken off the schedule", now_us);
    job->removed = true;
    job->next_us = G_MAXINT64;
    if (job->open == NULL)
        g_ptr_array_remove_index(scheduler->jobs, i);
}

static void set_job(struct scheduler *scheduler, const struct scheduler_job *wanted,
                    gint64 now_us)
{
    struct job *job = job_find(scheduler, wanted->target, key_of(wanted));
    const bool known = job != NULL;

    if (!known)
        job = add_job(scheduler, wanted, now_us);
    if (job == NULL)
        return;
    if (known && (job->removed || g_strcmp0(job->schedule_text, wanted->schedule) != 0 ||
                  g_strcmp0(job->zone_text, wanted->zone) != 0))
        change_job(scheduler, job, wanted, now_us);
    job->verb = g_intern_string(wanted->verb);
    job->words = g_intern_string(wanted->words);
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

void scheduler_forget_runs(struct scheduler *scheduler)
{
    for (guint i = 0; i < scheduler->jobs->len; i++) {
        struct job *job = job_at(scheduler, i);
        for (guint j = 0; j < job->past->len; j++)
            ((struct turn *) g_ptr_array_index(job->past, j))->run = 0;
        if (job->open != NULL)
            job->open->run = 0;
    }
}

/* What the history would have told at the start: what was left, and what was missed since. */
static void read_late(struct scheduler *scheduler, struct job *job, gint64 since_us)
{
    job->unread = false;
    turn_resume(scheduler, job, scheduler->last_us);
    job->cursor_us = MIN(job->cursor_us, since_us);
    job_look_ahead(job);
}

void scheduler_set_store(struct scheduler *scheduler, struct store *store)
{
    scheduler->store = store;
    for (guint i = 0; i < scheduler->jobs->len; i++) {
        struct job *job = job_at(scheduler, i);
        const struct store_job known = store_job_of(job);
        if (job->removed)
            continue;
        const gint64 since_us = store_job_since(store, &known, scheduler->last_us);
        if (job->unread && store_trouble(store) == NULL)
            read_late(scheduler, job, since_us);
    }
    turn_save_all(scheduler, true, scheduler->last_us);
}
