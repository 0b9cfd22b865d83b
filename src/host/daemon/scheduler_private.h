/*
 * What the files of the scheduler share.
 */
#ifndef HOST_DAEMON_SCHEDULER_PRIVATE_H
#define HOST_DAEMON_SCHEDULER_PRIVATE_H

#include "calendar/schedule.h"
#include "daemon/scheduler.h"

enum turn_phase {
    TURN_PENDING, /* it has come, and was not begun */
    TURN_RUNNING,
    TURN_WAITING, /* for another attempt */
    TURN_ENDED,
};

struct turn {
    enum turn_phase phase;
    gint64 turn_us;
    gint64 begin_until_us; /* the last moment at which it is worth beginning */
    gint64 window_end_us;  /* 0: none */
    gint64 started_us, ended_us, retry_us;
    const char *outcome; /* once it has ended */
    int exit_code, attempts;
    gint64 run;
    char *reason; /* of the end, of the last failure, or why it was not begun yet */
    bool foreign; /* somebody else has it: nothing of it is written */
    bool unsaved; /* the history could not be written */
    bool stopped; /* somebody wanted it so: it is not tried again */
};

struct job {
    const char *target, *section, *key, *verb, *words; /* interned */
    char *schedule_text, *zone_text;
    struct schedule *schedule;
    GTimeZone *zone;
    gint64 window_ms;
    gint64 cursor_us; /* turns up to here have come */
    gint64 next_us;   /* the first one after it */
    struct turn *open;
    GPtrArray *past;      /* of struct turn, ended, oldest first; the last few */
    bool removed, listed; /* no longer scheduled, but at work; still in the settings */
    bool unread;          /* the history could not be asked about it yet */
};

struct place {
    enum scheduler_place place;
    char *reason;
    bool was_here;       /* before it was elsewhere */
    gint64 elsewhere_us; /* when that was first seen; 0: not yet */
};

struct scheduler {
    struct store *store;
    GPtrArray *jobs;    /* of struct job, in the order of the settings */
    GHashTable *places; /* of struct place, by target */
    guint limit;
    gint64 start_us; /* when the scheduler was made */
    gint64 last_us;  /* when it was last asked */
    bool unsaved;    /* something was not written to the history */
    gint64 save_us;  /* when to try again */
    void (*told)(const struct store_turn *turn, gpointer data);
    gpointer told_data;
};

/* Until the history is tried again. */
#define SCHEDULER_SAVE_PAUSE (30 * G_USEC_PER_SEC)

/* "2026-11-29 02:00 UTC"; caller frees. */
char *scheduler_time(gint64 wall_us);

/* ---- jobs (scheduler_jobs.c) ----------------------------------------------------------------- */

void job_free(gpointer pointer);
struct job *job_at(const struct scheduler *scheduler, guint i);
bool job_is_running(const struct job *job);

/* NULL: there is none. */
struct job *job_find(const struct scheduler *scheduler, const char *target, const char *key);

/* Finds the first turn after the cursor. */
void job_look_ahead(struct job *job);

/* ---- one turn (scheduler_turn.c) ------------------------------------------------------------ */

struct turn *turn_new(const struct job *job, gint64 turn_us);
void turn_free(struct turn *turn);

/* The run it is at work with; takes it down. */
void turn_note_run(struct scheduler *scheduler, const struct job *job, struct turn *turn,
                   gint64 run, gint64 now_us);

/* Whether it is too late to begin. */
bool turn_is_over(const struct turn *turn, gint64 now_us);

/* Whether the job has had a turn of that time, or is at it. */
bool turn_is_known(const struct job *job, gint64 turn_us);

/* Ends a turn, which is the job's from here on: takes it down, tells it, remembers it. */
void turn_end(struct scheduler *scheduler, struct job *job, struct turn *turn,
              const char *outcome, gint64 now_us);

/* The same for one that never began. Takes the reason. */
void turn_miss(struct scheduler *scheduler, struct job *job, struct turn *turn, char *reason,
               gint64 now_us);

/* Ends the job's open turn in the way it stands: one that is not at work. */
void turn_close_open(struct scheduler *scheduler, struct job *job, const char *why,
                     gint64 now_us);

/* Claims the job's open turn for one more attempt. False: it is somebody else's, and closed. */
bool turn_begin(struct scheduler *scheduler, struct job *job, gint64 now_us);

/* What became of an attempt: ended, or waiting for another one. */
void turn_judge(struct scheduler *scheduler, struct job *job, gint64 now_us);

/* Takes up what a daemon that is gone left of this job. */
void turn_resume(struct scheduler *scheduler, struct job *job, gint64 now_us);

/* Writes what could not be written, of all jobs; everything: what was written, too. */
void turn_save_all(struct scheduler *scheduler, bool everything, gint64 now_us);

#endif
