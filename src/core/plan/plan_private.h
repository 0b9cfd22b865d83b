/* What the files of the executor share; nobody else includes this. */
#ifndef CORE_PLAN_PRIVATE_H
#define CORE_PLAN_PRIVATE_H

#include "plan/plan.h"

enum stop { STOP_NO, STOP_WINDOW, STOP_INTERRUPTED, STOP_BROKEN };

struct runner;
struct program;

/* One connection, or one program, that works through steps. */
struct lane {
    struct runner *runner;
    struct session *session; /* NULL: not open */
    bool borrowed;           /* its session is the control session, as often as it is open */
    struct program *program; /* at work instead of a statement; NULL: none */
    struct step *step;       /* at work; NULL: idle */
    gint64 reopen_at_us;     /* no earlier attempt to connect; monotonic */
    gint64 next_cancel_us;   /* 0: no cancel was sent; monotonic */
    unsigned cancels;
    char *stop_why;   /* the feature's watch wants it stopped; NULL: it does not */
    char sqlstate[6]; /* of the step's error, "" for none */
    char *message;
};

/* A step that waits for its turn; due_us on the monotonic clock. */
struct waiting {
    struct step *step;
    gint64 due_us;
};

struct runner {
    struct plan *plan;
    struct plan_run *run;
    struct lane *lanes;
    unsigned lane_count;
    GQueue ready;      /* of struct step */
    GQueue later;      /* of struct waiting, in the order they were put off */
    GPtrArray *ghosts; /* of struct ghost: lost backends that may still be at work */
    enum stop stop;
    GError *broken;         /* set with STOP_BROKEN */
    char *outage_cause;     /* the last reason why not; NULL: none yet */
    gint64 outage_us;       /* since when no connection could be had; 0: there is one */
    bool locked;            /* the control session holds the advisory lock */
    unsigned lock_refusals; /* in a row, after the control session was lost */
    gint64 control_at_us;   /* next attempt to reopen the control session */
    gint64 tick_at_us, watch_at_us;
};

/* Whether a signal came that this run heeds. */
bool runner_interrupted(const struct runner *runner);

/* What to do with a step whose statement ended, decided from what is known then. */
enum judgement { JUDGED_DONE, JUDGED_FAILED, JUDGED_NOT_REACHED, JUDGED_SKIPPED, JUDGED_RETRY };

struct ending {
    const char *sqlstate; /* "" for success */
    enum stop stop;
    bool window_closed;
    unsigned attempts, limit;
    const char *stop_why; /* the feature's watch had it cancelled; NULL: it did not */
    /* For the words alone. */
    bool program;        /* it was none of SQL */
    const char *message; /* of the server or the program; NULL: none */
};
enum judgement plan_judge(const struct ending *ending);

/* The step's detail: why it is not done, or a program's last words. Pure. */
char *plan_describe(const struct ending *ending, enum judgement judgement);

/* True for SQLSTATEs that mean the connection or the whole server went away. */
bool plan_lost_connection(const char *sqlstate);

/* plan_lane.c */
void lane_start(struct lane *lane, struct step *step);
void lane_read(struct lane *lane);    /* when lane_fd() is readable; a program also without */
int lane_fd(const struct lane *lane); /* -1: nothing to wait for */
void lane_cancel(struct lane *lane);
/* plan_lane_open.c: its connection; false with an error. Closing a borrowed one gives it back. */
bool lane_open(struct lane *lane, GError **error);
void lane_close(struct lane *lane);
bool lane_uses_control(const struct lane *lane); /* a statement is at work on that session */

/* plan_program.c: a program at work, the step's. Started with the server of `connection` in its
 * environment; guarded: the server looks by itself whether the program still lives. NULL with an
 * error. */
struct program *program_start(const struct step *step, PGconn *connection, bool guarded,
                              GError **error);
/* Reads what it has written. True once it ended, whoever still holds its output. */
bool program_ended(struct program *program);
int program_fd(const struct program *program); /* readable when there is output; -1: no more */
/* Asks it to stop: SIGINT at once, SIGTERM 10 s after that, SIGKILL after 20 s more. To be called
 * until it ended. */
void program_stop(struct program *program);
/* "" when it succeeded, "57014" when it was stopped by us, else "38000": external routine
 * exception. Only once it ended, as the next one. */
const char *program_sqlstate(const struct program *program);
char *program_words(const struct program *program); /* its last words and exit code */
void program_free(struct program *program);         /* kills it when it has not ended */
AUTO_DEFINE(program, program_free)

/* Three lines that say something, joined by "; ", as valid UTF-8: from the first error on ("NAME:
 * error: …"), or the last ones. Pure. */
char *program_last_lines(const char *output, gsize length);

/* plan_queue.c */
void queue_fill(struct runner *runner, unsigned phase);
struct step *queue_next(struct runner *runner);
void queue_first(struct runner *runner, struct step *step); /* back to the front */
void queue_later(struct runner *runner, struct step *step, gint64 delay_ms);
gint64 queue_due_us(const struct runner *runner); /* G_MAXINT64: nothing waits */
bool queue_empty(const struct runner *runner);

int step_number(const struct runner *runner, const struct step *step); /* in the history */

/* Ends a step for good, records it. Takes ownership of detail. */
void step_end(struct runner *runner, struct step *step, enum step_outcome outcome,
              char *detail);

/* plan_control.c: the control session and what is done through it. */
void control_tend(struct runner *runner);
void control_tick(struct runner *runner);
void control_watch(struct runner *runner);
void control_end_ghosts(struct runner *runner);
void control_add_ghost(struct runner *runner, const struct session *session);
void ghost_free(gpointer data); /* a struct ghost */

#endif
