/*
 * When which job of which target is to be started. Knows turns, windows, retries and whose target
 * it is; starts nothing and looks at no clock: the supervisor tells it the time, starts what is
 * due and says how it ended.
 *
 * A turn is a scheduled moment of one job of one target. Each gets one record in the history, and
 * is done successfully at most once:
 * - It may begin within its window. What is left of the window is its deadline.
 * - A failure that may pass (no connection, the lock held, the process killed) is tried again in
 *   the window, after 30 s, then twice as long each time, up to 10 min.
 * - A turn that did not begin within its window is missed, and the record says why.
 * - A job never waits behind itself: a turn that comes while the one before is at work is missed.
 * - Jobs of one target run one after another, and not more than the limit at once in all.
 * - While another daemon has the target, its turns are "elsewhere", and never ours afterwards.
 * - A turn is claimed in the history before it is done. Where the history cannot be written the
 *   job runs all the same, and the scheduler remembers what it has done.
 */
#ifndef HOST_DAEMON_SCHEDULER_H
#define HOST_DAEMON_SCHEDULER_H

#include "auto.h"
#include "store/store_turns.h"

#include <glib.h>
#include <stdbool.h>

struct scheduler;

enum scheduler_place {
    SCHEDULER_UNKNOWN,   /* its watch has not said yet */
    SCHEDULER_HERE,      /* reachable, and this daemon does its jobs */
    SCHEDULER_ELSEWHERE, /* another daemon does them */
    SCHEDULER_DOWN,      /* not reachable */
};

/* A job of a target, as the settings want it. */
struct scheduler_job {
    const char *target, *section, *verb;
    const char *schedule, *zone;
    gint64
        window_ms; /* 0: its run has no end; its turn begins within three hours, or is missed */
    /* Its command line, but for window, target and files: "vacuum run --yes". By it a run in the
     * history is known as the job's; NULL: by the verb alone. */
    const char *words;
    /* What it is known by in the history, one for each job of a target; NULL: the section. */
    const char *key;
};

/* A job to be started now. The texts live for ever. */
struct scheduler_order {
    const char *target, *section, *verb, *key;
    gint64 turn_us;
    gint64 deadline_us; /* the window's end; 0: none */
    int attempt;        /* 1: the first */
};

/* Times are wall clock, microseconds since 1970. The store is borrowed. */
struct scheduler *scheduler_new(struct store *store, gint64 now_us);
void scheduler_free(struct scheduler *scheduler);
AUTO_DEFINE(scheduler, scheduler_free)

/* The history was opened anew: what is remembered is written to it once more, and what could not be
 * read at the start is taken up now. */
void scheduler_set_store(struct scheduler *scheduler, struct store *store);

/* Before that, when it is another file: the runs of turns were numbers of the one before. */
void scheduler_forget_runs(struct scheduler *scheduler);

/* How many jobs run at once in all; at first 2. */
void scheduler_set_limit(struct scheduler *scheduler, guint at_once);

/* All jobs there are, at the start and again when the settings were read anew. What is at work goes
 * on; a job that is scheduled otherwise than before begins with the next turn from now. A job
 * whose schedule or time zone is not valid is left out. Copies. */
void scheduler_set_jobs(struct scheduler *scheduler, const struct scheduler_job *jobs,
                        guint count, gint64 now_us);

/* Where a target is, at first unknown. reason: "unreachable since …", for turns that are missed;
 * may be NULL. */
void scheduler_set_place(struct scheduler *scheduler, const char *target,
                         enum scheduler_place place, const char *reason);

/* What is to be started now (of struct scheduler_order); each is at work from here on, until
 * scheduler_ended(). Caller unrefs. To be asked after every other call here, at
 * scheduler_wake_us(), and whenever the system's clock was set. */
GArray *scheduler_due(struct scheduler *scheduler, gint64 now_us);

/* When to ask again at the latest; G_MAXINT64: nothing is to come. */
gint64 scheduler_wake_us(const struct scheduler *scheduler, gint64 now_us);

/* The run of an order that is at work, as soon as it is known. */
void scheduler_note_run(struct scheduler *scheduler, const struct scheduler_order *order,
                        gint64 now_us, gint64 run);

/* Somebody has told an order's job to end: however it does, its turn has no other attempt. */
void scheduler_stopped(struct scheduler *scheduler, const struct scheduler_order *order);

/* An order's job ended. exit_code: that of the process, -1 when a signal ended it; run: its run in
 * the history, 0 when there is none; reason: its last words, or why it was killed; may be NULL. */
void scheduler_ended(struct scheduler *scheduler, const struct scheduler_order *order,
                     gint64 now_us, int exit_code, gint64 run, const char *reason);

/* Calls told with each turn's record when it is final. */
void scheduler_on_end(struct scheduler *scheduler,
                      void (*told)(const struct store_turn *turn, gpointer data),
                      gpointer data);

/* How many jobs are at work. */
guint scheduler_running(const struct scheduler *scheduler);

#endif
