/* What the files of the executor share; nobody else includes this. */
#ifndef CORE_PLAN_PRIVATE_H
#define CORE_PLAN_PRIVATE_H

#include "plan/plan.h"

enum stop { STOP_NO, STOP_WINDOW, STOP_INTERRUPTED, STOP_BROKEN };

struct runner;

/* One connection that works through steps. */
struct lane {
    struct runner *runner;
    struct session *session; /* NULL: not open */
    struct step *step;       /* at work; NULL: idle */
    gint64 reopen_at_us;     /* no earlier attempt to connect; monotonic */
    gint64 next_cancel_us;   /* 0: no cancel was sent; monotonic */
    unsigned cancels;
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
    gint64 tick_at_us;
};

/* What to do with a step whose statement ended, decided from what is known then. */
enum judgement { JUDGED_DONE, JUDGED_FAILED, JUDGED_NOT_REACHED, JUDGED_SKIPPED, JUDGED_RETRY };

struct ending {
    const char *sqlstate; /* "" for success */
    enum stop stop;
    bool window_closed;
    unsigned attempts, limit;
};
enum judgement plan_judge(const struct ending *ending);

/* True for SQLSTATEs that mean the connection or the whole server went away. */
bool plan_lost_connection(const char *sqlstate);

/* plan_lane.c */
void lane_start(struct lane *lane, struct step *step);
void lane_read(struct lane *lane);
void lane_cancel(struct lane *lane);
void lane_close(struct lane *lane);

/* plan_queue.c */
void queue_fill(struct runner *runner, unsigned phase);
struct step *queue_next(struct runner *runner);
void queue_first(struct runner *runner, struct step *step); /* back to the front */
void queue_later(struct runner *runner, struct step *step, gint64 delay_ms);
gint64 queue_due_us(const struct runner *runner); /* G_MAXINT64: nothing waits */
bool queue_empty(const struct runner *runner);

int step_number(const struct runner *runner, const struct step *step); /* 1… */

/* Ends a step for good, records it. Takes ownership of detail. */
void step_end(struct runner *runner, struct step *step, enum step_outcome outcome,
              char *detail);

/* plan_control.c: the control session and what is done through it. */
void control_tend(struct runner *runner);
void control_tick(struct runner *runner);
void control_end_ghosts(struct runner *runner);
void control_add_ghost(struct runner *runner, const struct session *session);
void ghost_free(gpointer data); /* a struct ghost */

#endif
