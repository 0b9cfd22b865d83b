/*
 * Turns: the moments at which a target's jobs are due, and what came of each. A turn is claimed
 * before it is done, so that no two daemons with one history do it, nor one daemon twice.
 *
 * As in store.h, writers swallow their errors into store_trouble(); here they say besides whether
 * it was written, for whoever wants to try again later.
 */
#ifndef CORE_STORE_TURNS_H
#define CORE_STORE_TURNS_H

#include "store/store.h"

/* Outcomes: "running", and "waiting" for another attempt, of a turn that has not ended; else done,
 * partly, failed, refused, interrupted; missed, when it was never begun; elsewhere, when another
 * daemon has the target. */
struct store_turn {
    const char *target;
    const char *section; /* what the job is known by: its section's name, or "backup drill" */
    gint64 turn_us;
    gint64 window_end_us; /* 0: none */
    gint64 started_us;    /* of the first attempt; 0: never begun */
    gint64 ended_us;      /* 0: not yet */
    const char *outcome;
    int exit_code, attempts;
    gint64 run; /* in the history; 0: none */
    const char *reason;
};

enum store_claim {
    STORE_CLAIM_OURS,    /* the row is ours now */
    STORE_CLAIM_TAKEN,   /* somebody has done it, or is at it */
    STORE_CLAIM_TROUBLE, /* not written; nobody knows */
};

/* Claims a turn by writing its row. What the history has as "elsewhere" is free to be done; so is
 * what was "missed" at a time that is still to come, by a clock that was wrong; and an unfinished
 * turn whose daemon is gone, or is this process, is free to be gone on with. */
enum store_claim store_turn_claim(struct store *store, const struct store_turn *turn);

/* Writes a turn that was claimed, as it is now. The row becomes ours whoever has it: also for a
 * claim that could not be written. */
bool store_turn_put(struct store *store, const struct store_turn *turn);

/* Newest first; the filters may be NULL, limit 0: all. */
bool store_each_turn(struct store *store, const char *target, const char *section, int limit,
                     void (*visit)(const struct store_turn *turn, gpointer data), gpointer data,
                     GError **error);

/* Turns of a job that have not ended and whose daemon is gone, or is this process; newest first. */
void store_turns_left(struct store *store, const char *target, const char *section,
                      void (*visit)(const struct store_turn *turn, gpointer data),
                      gpointer data);

/* ---- jobs ---------------------------------------------------------------------------------- */

struct store_job {
    const char *target, *section, *schedule, *zone;
};

/* The time after which turns of the job are still to come: its newest turn that has ended, or when
 * it was first scheduled like this, whichever is later. A job that is new, or was scheduled
 * otherwise, is noted down as of now. */
gint64 store_job_since(struct store *store, const struct store_job *job, gint64 now_us);

/* It is scheduled no more. */
void store_job_forget(struct store *store, const struct store_job *job);

/* ---- runs of a job -------------------------------------------------------------------------- */

/* The newest run that a process of this machine has begun since then; 0: none. */
gint64 store_run_of(struct store *store, gint64 pid, gint64 since_us);

/* For who has killed the process of a run, or seen it die: the run was interrupted, with that
 * reason, unless it had told its end itself. Its process must be gone. */
bool store_run_interrupted(struct store *store, gint64 run, const char *reason);

/* Who had it stopped ("token:anna"), and when; reason: NULL where none was given. What is recorded
 * already stays. */
bool store_run_stopped(struct store *store, gint64 run, const char *by, const char *reason,
                       gint64 at_us);

#endif
