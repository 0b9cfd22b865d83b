/*
 * An intended change as data: steps with SQL, object, reason, lock mode and limits. A feature
 * builds one, `--dry-run` prints it as SQL that psql runs unchanged, plan_run() carries it out.
 * Nothing else in the program changes a database.
 */
#ifndef CORE_PLAN_H
#define CORE_PLAN_H

#include "auto.h"
#include "calendar/window.h"
#include "out/output.h"
#include "pg/session.h"
#include "store/store.h"

#include <glib.h>
#include <stdbool.h>

enum step_outcome {
    STEP_PLANNED,
    STEP_DONE,
    STEP_SKIPPED,     /* not done, on purpose or because it may not be; see reason */
    STEP_FAILED,      /* the server said no */
    STEP_NOT_REACHED, /* the window closed or the run was interrupted before or during it */
};
const char *step_outcome_name(enum step_outcome outcome); /* "done", "not_reached", … */

struct step {
    char *object; /* for people: "public.orders", "37 tables, first public.a" */
    char *sql;    /* one statement, no semicolon */
    char *reason; /* why it is done */
    /* SQL that takes it back once done, statements separated by ";\n"; NULL: there is none. */
    char *undo;
    /* A program instead of SQL, NULL-terminated arguments; sql is then the same as a shell would
     * read it, for people. NULL: none. */
    char **program;
    const char *program_options; /* added to its PGOPTIONS; NULL: none */
    char *program_input;         /* a file or named pipe that is its stdin; NULL: it has none */
    const char *lock_mode;  /* the strongest it takes: "ShareUpdateExclusiveLock"; NULL: none */
    gint64 lock_timeout_ms; /* 0: the run's; below 0: it waits for as long as it takes */
    unsigned phase;         /* steps of a phase start when all of the phase before ended */
    double predicted_seconds; /* 0: unknown; a step predicted beyond the window's end waits */
    bool may_be_cut;          /* useful even when the window's end cancels it half-way */
    gpointer subject;         /* the feature's own */

    /* Filled in by plan_run(). */
    enum step_outcome outcome;
    char *detail; /* reason of an outcome other than done; server's words where it has any */
    unsigned attempts;
    gint64 started_us, ended_us; /* wall clock of the last attempt; 0: never started */
};

struct plan_setting {
    const char *name;
    char *value;
};

struct plan {
    GPtrArray *steps; /* of struct step, in the order they start; owned */
    GArray *settings; /* of struct plan_setting: every lane's, beside plan_run()'s timeouts */
    bool stops; /* psql is to stop at the first step that fails: those behind build on it */
};

struct plan *plan_new(void);
void plan_free(struct plan *plan);
AUTO_DEFINE(plan, plan_free)

/* Appends a step and returns it for filling in; owned by the plan. Strings are g_malloc'ed. */
struct step *plan_add(struct plan *plan);

/* Adds a setting for every lane. name is a literal, value is copied. */
void plan_set(struct plan *plan, const char *name, const char *value);

/* The plan as a psql script on stdout (table format). lock_timeout in milliseconds. */
void plan_print(const struct plan *plan, gint64 lock_timeout_ms, const struct window *window,
                struct output *output);

/* What a feature says right before a step would start. */
enum step_go {
    STEP_GO,    /* do it (the hook may have replaced step->sql) */
    STEP_DROP,  /* skip for good; *ret_why says why */
    STEP_LATER, /* to the back of the queue; *ret_why counts if it never gets its turn */
};

/* What a feature says of a step that ended: a batch may have more to do, through before(). */
enum step_after {
    STEP_ENDED,
    STEP_AGAIN,       /* once more, at the back of the queue */
    STEP_AGAIN_LATER, /* the same after a pause that grows with the tries */
};

struct plan_hooks {
    /* The recheck right before the act, on the lane's own session (of a program: on the control
     * session). NULL: always go. */
    enum step_go (*before)(struct step *step, struct session *session, char **ret_why,
                           gpointer data);
    /* A notice the server sent during the step (INFO of VACUUM VERBOSE, WARNING). */
    void (*notice)(struct step *step, const PGresult *notice, gpointer data);
    /* Rows that the step's statement answered with; not for a program. */
    void (*answer)(struct step *step, const PGresult *rows, gpointer data);
    /* The statement ended, for better or worse; outcome and detail are set and may be changed
     * before they are recorded (STEP_PLANNED: the executor will try again by itself). The
     * session is the run's control session, NULL when it is lost. A program that failed has the
     * sqlstate "38000"; of one that succeeded detail is its last words. */
    enum step_after (*after)(struct step *step, const char *sqlstate, struct session *session,
                             gpointer data);
    /* About once a second, to show progress from the control session. pids are the backends of
     * the lanes at work, NULL-step entries excluded; 0 for a program. */
    void (*tick)(struct session *session, struct step *const *running, const int *pids,
                 guint count, gpointer data);
    /* About once a second for each statement (or program, pid 0) at work, from the control
     * session: does it have to stop? True cancels it: its outcome is then STEP_SKIPPED, with
     * *ret_why as its detail. */
    bool (*watch)(struct step *step, int pid, struct session *session, char **ret_why,
                  gpointer data);
    gpointer data;
};

/* At most so many steps a minute: those of the last 60 seconds count, so the first ones start at
 * once. One may serve several runs, one after the other. */
struct plan_pace;
struct plan_pace *plan_pace_new(unsigned per_minute);
void plan_pace_free(struct plan_pace *pace);
AUTO_DEFINE(plan_pace, plan_pace_free)

/* When the next step may start, on the clock of now_us; not after now_us: at once. Pure, as the
 * next three: how many may start now without waiting; a step started; the last that started is not
 * to count. */
gint64 plan_pace_due_us(const struct plan_pace *pace, gint64 now_us);
unsigned plan_pace_places(const struct plan_pace *pace, gint64 now_us);
void plan_pace_note(struct plan_pace *pace, gint64 now_us);
void plan_pace_take_back(struct plan_pace *pace);

struct plan_limits {
    struct window window;
    /* 0: the steps run on the control session, one after the other, without any further
     * connection. Only for short ones: neither watch() nor tick() is called meanwhile. */
    unsigned lanes;
    struct plan_pace *pace; /* borrowed; counts the steps that are done; NULL: no limit */
    gint64 lock_timeout_ms; /* a lock not free by then: back of the queue; 0: wait for ever */
    unsigned attempts;      /* tries per step before it is given up, at least 1 */
    gint64 pause_ms; /* before a step's next try, times its tries; 0: half lock_timeout_ms */
    /* The control session is a watch's, and other locks of its hang on it: it is never opened anew,
     * its first loss ends the run. */
    bool borrowed;
    bool cleanup; /* puts right what an interrupted run left: heeds its window only, not
                             * the signal that ended the run */
};

/* What a run needs besides the plan; all borrowed. */
struct plan_run {
    struct session *control; /* holds the advisory lock; reopened when lost */
    struct session_params *server;
    const char *section;
    struct store *store;
    gint64 store_run; /* -1: none */
    int first_step;   /* number of the plan's first step in the history; 0 means 1 */
    struct output *output;
    struct plan_limits limits;
    struct plan_hooks hooks;
    bool echo;
};

/* Runs the steps in lanes until all ended, the window closed or the user interrupted. Every step
 * has an outcome afterwards. False with an error only when the run as a whole broke: no lane
 * could be opened at all, another run took the lock after the connection was lost, or
 * RUNBOOK_INTERRUPTED. On return no statement of this run is running on the server any more. */
bool plan_run(struct plan *plan, struct plan_run *run, GError **error);

/* The database-wide mutual exclusion of a section's runs: an advisory lock on the control
 * session, tried, never waited for. Refused: RUNBOOK_REFUSED, naming who holds it. */
#define PLAN_LOCK_HELD "the advisory lock is held" /* in the message: it may be tried again */
bool plan_lock(struct session *control, const char *section, GError **error);

/* The same without words: false with *ret_holder (the caller's), who has it, or with an error. */
bool plan_lock_try(struct session *control, const char *section, char **ret_holder,
                   GError **error);

/* Gives the lock back, where the session lives on: it is the watch's. */
void plan_unlock(struct session *control, const char *section);

#endif
