/* What the files of guarded scripts share; nobody else includes this. */
#ifndef CORE_PLAN_SCRIPT_PRIVATE_H
#define CORE_PLAN_SCRIPT_PRIVATE_H

#include "plan/plan_script.h"

/* ---- the guard's judgement (plan_guard_judge.c), pure -------------------------------------- */

/* What is known at a moment. NULL: nothing of the kind. */
struct guard_sight {
    const char *relation, *mode; /* held longest, of SHARE or stronger */
    gint64 held_ms;
    const char *waiter, *waiter_mode; /* who has waited longest for the script */
    gint64 waited_ms;
    bool waiting;          /* the script waits for a lock itself */
    const char *waits_for; /* NULL: cannot be told */
    gint64 waiting_ms;
    bool lost;        /* the guard's connection */
    gint64 silent_ms; /* since the guard's last answer */
};

enum guard_verdict {
    GUARD_GO,
    GUARD_STOP,  /* for good */
    GUARD_YIELD, /* it may be tried again: it only waited */
    GUARD_BLIND, /* there is no guard */
};

/* *ret_why is set unless the verdict is GUARD_GO; the caller's. */
enum guard_verdict plan_guard_judge(const struct guard_sight *sight,
                                    const struct script_limits *limits, bool transaction,
                                    char **ret_why);

/* How long the guard may be silent. */
gint64 plan_guard_silence_ms(const struct script_limits *limits);

/* The pause before the next attempt: doubles with the attempts, and is between half of that and all
 * of it, so that two do not meet again. chance: from 0 to 1. */
gint64 plan_script_pause_ms(const struct script_limits *limits, unsigned attempts,
                            double chance);

/* ---- the guard (plan_guard.c) -------------------------------------------------------------- */

struct guard {
    struct session *session; /* the control session, borrowed */
    const struct script_limits *limits;
    bool transaction;
    char *pid, *started;   /* of the backend that it watches */
    GPtrArray *holds;      /* of struct guard_hold: held at the last look */
    GPtrArray *given_back; /* of struct script_hold */
    gint64 asked_us;       /* when the look that is under way was sent; 0: none is */
    gint64 looked_us;      /* when the last one that was answered was sent */
    gint64 next_us;        /* when the next one is due */
    /* When the first statement began of which the last answer could say nothing; of the answer to
     * come the same. 0: none did. */
    gint64 first_us, coming_us;
    bool busy; /* a statement is at work */
    bool seen, lost;
    char *waiter, *waiter_mode, *waits_for;
    gint64 waited_ms, waiting_since_us;
    double longest_wait_ms;
};

void plan_guard_open(struct guard *guard, struct session *control, const struct session *work,
                     const struct script_limits *limits, bool transaction);
void plan_guard_close(struct guard *guard); /* waits for a look that is under way */

/* A statement of the script begins, and is over: a lock is no older than the statement that took it. */
void plan_guard_statement(struct guard *guard, bool begins);

/* Sends a look when one is due, reads an answer that has come. Never waits. */
void plan_guard_tend(struct guard *guard);
/* A look from beginning to end. False when the guard is lost. */
bool plan_guard_look(struct guard *guard);
int plan_guard_fd(const struct guard *guard); /* -1: nothing to wait for */
gint64 plan_guard_due_us(const struct guard *guard);
enum guard_verdict plan_guard_verdict(const struct guard *guard, char **ret_why);
/* All locks were given back at that moment. */
void plan_guard_release(struct guard *guard, gint64 now_us);
bool plan_guard_strong(const struct guard *guard); /* something is held */

/* ---- the worker (plan_script_work.c) ------------------------------------------------------- */

struct work {
    const struct script *script;
    const struct script_limits *limits;
    struct plan_run *run;
    struct session *session; /* NULL: not open */
    struct guard guard;
    struct script_result *result;
    char *stop_why; /* somebody wants it to stop; NULL: nobody */
    enum guard_verdict verdict;
    bool interrupted, gone;
    gint64 cancel_us; /* when the next cancel is due */
    unsigned cancels;
    bool held;    /* something strong is, or may be, from here to the end of the transaction */
    bool bounded; /* transaction_timeout is set */
};

/* Whether a signal came that this run heeds. */
bool plan_work_interrupted(const struct plan_run *run);

/* Opens the worker's connection where there is none, and makes it as it was when it was opened: the
 * role's own settings, and our limits. RUNBOOK_REFUSED: another run's worker is still there. */
bool plan_work_ready(struct work *work, GError **error);
/* One attempt. Sets the result but for attempts. */
void plan_work_attempt(struct work *work);
/* Ends a backend that has lost its connection, and waits for its end. */
void plan_work_bury(struct work *work);
void plan_work_close(struct work *work);

/* The statements of one attempt (plan_script_send.c): sends one and has the guard watch until it is
 * over. False when it failed, with sqlstate and message in the result. */
bool plan_work_send(struct work *work, const char *sql);

#endif
