/*
 * The life of one turn: pending, running, perhaps waiting for another attempt, ended; and its
 * record in the history at each step.
 */
#include "daemon/scheduler_private.h"

#include "daemon/job_words.h"
#include "error.h"
#include "plan/plan.h"

#include <string.h>

enum {
    REMEMBERED = 64,
    RUNS_LOOKED_AT = 100,
    RETRY_FIRST_S = 30,
    RETRY_MOST_S = 600,
};

/* Within which a turn begins whose window has no end. */
#define GRACE (3 * G_TIME_SPAN_HOUR)

char *scheduler_time(gint64 wall_us)
{
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(wall_us / G_USEC_PER_SEC);

    return time != NULL ? g_date_time_format(time, "%Y-%m-%d %H:%M UTC") : g_strdup("?");
}

/* A job that starts a few seconds before its window's end could do nothing. */
static void set_window(struct turn *turn, gint64 window_us)
{
    const gint64 least_us = MIN(window_us / 10, G_TIME_SPAN_MINUTE);

    turn->window_end_us = window_us > 0 ? turn->turn_us + window_us : 0;
    turn->begin_until_us = turn->turn_us + (window_us > 0 ? window_us - least_us : GRACE);
}

struct turn *turn_new(const struct job *job, gint64 turn_us)
{
    struct turn *turn = g_new0(struct turn, 1);

    turn->turn_us = turn_us;
    set_window(turn, job->window_ms * 1000);
    return turn;
}

void turn_free(struct turn *turn)
{
    g_free(turn->reason);
    g_free(turn);
}

bool turn_is_over(const struct turn *turn, gint64 now_us)
{
    return now_us >= turn->begin_until_us;
}

bool turn_is_known(const struct job *job, gint64 turn_us)
{
    if (job->open != NULL && job->open->turn_us == turn_us)
        return true;
    for (guint i = 0; i < job->past->len; i++)
        if (((const struct turn *) g_ptr_array_index(job->past, i))->turn_us == turn_us)
            return true;
    return false;
}

/* ---- the record ------------------------------------------------------------------------------- */

static struct store_turn record_of(const struct job *job, const struct turn *turn)
{
    return (struct store_turn){
        .target = job->target,
        .section = job->key,
        .turn_us = turn->turn_us,
        .window_end_us = turn->window_end_us,
        .started_us = turn->started_us,
        .ended_us = turn->ended_us,
        .outcome = turn->phase == TURN_ENDED     ? turn->outcome
                   : turn->phase == TURN_WAITING ? "waiting"
                                                 : "running",
        .exit_code = turn->exit_code,
        .attempts = turn->attempts,
        .run = turn->run,
        .reason = turn->reason,
    };
}

static void note_unsaved(struct scheduler *scheduler, struct turn *turn, gint64 now_us)
{
    turn->unsaved = true;
    scheduler->save_us =
        scheduler->unsaved ? scheduler->save_us : now_us + SCHEDULER_SAVE_PAUSE;
    scheduler->unsaved = true;
}

/* What was begun is ours and written whatever is there; what was not only where nothing is. */
static void save(struct scheduler *scheduler, const struct job *job, struct turn *turn,
                 gint64 now_us)
{
    const struct store_turn record = record_of(job, turn);
    bool saved = true;

    if (turn->foreign || turn->phase == TURN_PENDING)
        return;
    turn->unsaved = false;
    if (turn->attempts > 0) {
        saved = store_turn_put(scheduler->store, &record);
    } else {
        const enum store_claim claim = store_turn_claim(scheduler->store, &record);
        saved = claim != STORE_CLAIM_TROUBLE;
        turn->foreign = claim == STORE_CLAIM_TAKEN;
    }
    if (!saved)
        note_unsaved(scheduler, turn, now_us);
}

void turn_save_all(struct scheduler *scheduler, bool everything, gint64 now_us)
{
    scheduler->unsaved = false;
    for (guint i = 0; i < scheduler->jobs->len; i++) {
        const struct job *job = g_ptr_array_index(scheduler->jobs, i);
        for (guint j = 0; j < job->past->len; j++) {
            struct turn *turn = g_ptr_array_index(job->past, j);
            if (everything || turn->unsaved)
                save(scheduler, job, turn, now_us);
        }
        if (job->open != NULL && (everything || job->open->unsaved))
            save(scheduler, job, job->open, now_us);
    }
}

void turn_note_run(struct scheduler *scheduler, const struct job *job, struct turn *turn,
                   gint64 run, gint64 now_us)
{
    turn->run = run;
    save(scheduler, job, turn, now_us);
}

/* ---- the end ---------------------------------------------------------------------------------- */

void turn_end(struct scheduler *scheduler, struct job *job, struct turn *turn,
              const char *outcome, gint64 now_us)
{
    if (job->open == turn)
        job->open = NULL;
    turn->phase = TURN_ENDED;
    turn->outcome = outcome;
    turn->ended_us = MAX(now_us, turn->started_us);
    save(scheduler, job, turn, now_us);
    g_ptr_array_add(job->past, turn);
    if (scheduler->told != NULL && !turn->foreign) {
        const struct store_turn record = record_of(job, turn);
        scheduler->told(&record, scheduler->told_data);
    }
    if (job->past->len > REMEMBERED)
        g_ptr_array_remove_index(job->past, 0);
}

static void set_reason(struct turn *turn, char *reason)
{
    g_free(turn->reason);
    turn->reason = reason;
}

void turn_miss(struct scheduler *scheduler, struct job *job, struct turn *turn, char *reason,
               gint64 now_us)
{
    set_reason(turn, reason);
    turn_end(scheduler, job, turn, "missed", now_us);
}

/* ---- attempts --------------------------------------------------------------------------------- */

/* What a turn ends as when there is no other attempt. */
static const char *outcome_of(int exit_code)
{
    switch (exit_code) {
    case RUNBOOK_DONE:
        return "done";
    case RUNBOOK_PARTLY:
        return "partly";
    case RUNBOOK_REFUSED:
        return "refused";
    case -1:
    case RUNBOOK_INTERRUPTED:
        return "interrupted";
    default:
        return "failed";
    }
}

/* Whether it may have passed by the next attempt. */
static bool may_pass(int exit_code, const char *reason)
{
    switch (exit_code) {
    case RUNBOOK_FAILED:
        return reason == NULL || strstr(reason, JOB_NOT_AGAIN) == NULL;
    case RUNBOOK_CONNECT:
    case RUNBOOK_INTERRUPTED:
    case -1:
        return true;
    case RUNBOOK_REFUSED:
        return reason != NULL && strstr(reason, PLAN_LOCK_HELD) != NULL;
    default:
        return false;
    }
}

static gint64 pause_after(int attempts)
{
    int seconds = RETRY_FIRST_S;

    for (int i = 1; i < attempts && seconds < RETRY_MOST_S; i++)
        seconds *= 2;
    return MIN(seconds, RETRY_MOST_S) * G_USEC_PER_SEC;
}

void turn_judge(struct scheduler *scheduler, struct job *job, gint64 now_us)
{
    struct turn *turn = job->open;

    turn->phase = TURN_WAITING;
    turn->retry_us = now_us + pause_after(turn->attempts);
    if (job->removed || turn->stopped || !may_pass(turn->exit_code, turn->reason) ||
        turn_is_over(turn, turn->retry_us))
        turn_end(scheduler, job, turn, outcome_of(turn->exit_code), now_us);
    else
        save(scheduler, job, turn, now_us);
}

void turn_close_open(struct scheduler *scheduler, struct job *job, const char *why,
                     gint64 now_us)
{
    struct turn *turn = job->open;
    const char *last = turn->reason != NULL ? turn->reason : "it failed";

    if (turn->phase == TURN_PENDING) {
        turn_miss(scheduler, job, turn, g_strdup(why), now_us);
        return;
    }
    set_reason(turn, g_strdup_printf("%s\ndetail: no other attempt: %s", last, why));
    turn_end(scheduler, job, turn, outcome_of(turn->exit_code), now_us);
}

bool turn_begin(struct scheduler *scheduler, struct job *job, gint64 now_us)
{
    struct turn *turn = job->open;

    turn->phase = TURN_RUNNING;
    turn->attempts++;
    if (turn->started_us == 0)
        turn->started_us = now_us;
    if (turn->attempts == 1)
        set_reason(turn, NULL);
    const struct store_turn record = record_of(job, turn);
    switch (store_turn_claim(scheduler->store, &record)) {
    case STORE_CLAIM_TAKEN:
        turn->foreign = true;
        turn_end(scheduler, job, turn, "elsewhere", now_us);
        return false;
    case STORE_CLAIM_TROUBLE:
        note_unsaved(scheduler, turn, now_us);
        return true;
    case STORE_CLAIM_OURS:
        turn->unsaved = false;
        return true;
    }
    return true;
}

/* ---- what a daemon left ------------------------------------------------------------------------- */

/* The newest run of the job since the turn began, or the newest that did what there was to do: not
 * what a person ran meanwhile on a part of the target. */
struct found {
    const struct job *job;
    gint64 since_us, id;
    bool noted;          /* it is the turn's own, for certain */
    const char *outcome; /* as a turn has it; NULL: it tells none */
    bool died;
};

static void find_run(const struct store_run_view *run, gpointer data)
{
    struct found *found = data;

    const struct job *job = found->job;
    const bool good =
        g_strcmp0(run->outcome, "done") == 0 || g_strcmp0(run->outcome, "partly") == 0;

    if (!found->noted &&
        (run->started_us < found->since_us || g_strcmp0(run->verb, job->verb) != 0 ||
         (job->words != NULL && !job_is_line(job->words, run->command_line))))
        return;
    if (found->outcome != NULL || (found->id > 0 && !good))
        return;
    found->id = run->id;
    found->died = g_strcmp0(run->outcome, "died") == 0;
    found->outcome = good ? g_intern_string(run->outcome) : NULL;
}

static struct turn *take_up(const struct job *job, const struct store_turn *left)
{
    struct turn *turn = turn_new(job, left->turn_us);
    const bool killed = g_strcmp0(left->outcome, "running") == 0;

    /* The window is that of its time, whatever the settings say by now. */
    set_window(turn, left->window_end_us > 0 ? left->window_end_us - left->turn_us : 0);
    turn->phase = TURN_WAITING;
    turn->started_us = left->started_us;
    turn->attempts = left->attempts;
    turn->run = left->run;
    turn->exit_code = killed ? -1 : left->exit_code;
    turn->reason = g_strdup(killed ? "the daemon was gone before it ended" : left->reason);
    return turn;
}

struct leftovers {
    const struct job *job;
    GPtrArray *turns; /* of struct turn, newest first */
};

static void take_up_left(const struct store_turn *left, gpointer data)
{
    const struct leftovers *leftovers = data;

    g_ptr_array_add(leftovers->turns, take_up(leftovers->job, left));
}

/* The command line may have told its end to the history with no daemon there to hear of it. */
static const char *ask_history(struct scheduler *scheduler, const struct job *job,
                               struct turn *turn)
{
    struct found found = {.job = job, .since_us = turn->started_us, .noted = turn->run > 0};

    if (found.noted)
        store_run_by_id(scheduler->store, turn->run, find_run, &found, NULL);
    else
        store_each_run(scheduler->store, job->section, job->target, RUNS_LOOKED_AT, find_run,
                       &found, NULL);
    if (found.id > 0)
        turn->run = found.id;
    if (found.died)
        store_run_interrupted(scheduler->store, found.id, turn->reason);
    if (found.outcome != NULL)
        turn->exit_code = strcmp(found.outcome, "done") == 0 ? RUNBOOK_DONE : RUNBOOK_PARTLY;
    return found.outcome;
}

void turn_resume(struct scheduler *scheduler, struct job *job, gint64 now_us)
{
    g_autoptr(GPtrArray) turns = g_ptr_array_new();
    struct leftovers leftovers = {job, turns};

    store_turns_left(scheduler->store, job->target, job->key, take_up_left, &leftovers);
    for (guint i = 0; i < turns->len; i++) {
        struct turn *turn = g_ptr_array_index(turns, i);
        if (turn_is_known(job, turn->turn_us)) {
            turn_free(turn);
            continue;
        }
        const bool killed = turn->exit_code == -1;
        const char *outcome = i == 0 && killed ? ask_history(scheduler, job, turn) : NULL;
        if (outcome != NULL)
            turn_end(scheduler, job, turn, outcome, now_us);
        else if (i > 0 || job->open != NULL || turn_is_over(turn, now_us))
            turn_end(scheduler, job, turn, outcome_of(turn->exit_code), now_us);
        else
            job->open = turn;
        turn->retry_us = now_us;
    }
}
