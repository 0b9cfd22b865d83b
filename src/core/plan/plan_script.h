/*
 * A script as a step: several statements as one transaction, or one statement outside of any, on a
 * connection of its own and under guard. The guard is the run's control session. Ten times a second
 * it looks which relations the script keeps from others and who waits for it, and has the script
 * cancelled when that takes too long; and when the guard itself is lost or does not answer.
 *
 * For the night when this program dies the server has bounds of its own: it looks whether its client
 * is still there, ends a statement that takes a strong lock by statement_timeout, a transaction that
 * is left open by idle_in_transaction_session_timeout, and from 17 on by transaction_timeout. What
 * such a backend still does, as a COMMIT that waits for a standby, the next run waits for.
 */
#ifndef CORE_PLAN_SCRIPT_H
#define CORE_PLAN_SCRIPT_H

#include "plan/plan.h"

struct script_statement {
    char *sql;   /* without semicolon */
    bool strong; /* may take SHARE or stronger on a relation that is there */
};

struct script {
    GPtrArray *statements; /* of struct script_statement; owned */
    bool transaction;      /* all of them in one; else there is exactly one */
};

struct script *plan_script_new(bool transaction);
void plan_script_free(struct script *script);
void plan_script_add(struct script *script, const char *sql, bool strong);

struct script_limits {
    gint64 lock_timeout_ms;      /* for each lock; CONCURRENTLY has none: see patience_ms */
    gint64 max_hold_ms;          /* of SHARE or stronger on a relation that was there before */
    gint64 max_wait_ms;          /* for whoever waits for the script */
    gint64 patience_ms;          /* how long it may wait for others outside of a transaction */
    gint64 statement_timeout_ms; /* of a statement without a strong lock; 0: none */
    unsigned attempts;           /* of the whole script, at least 1 */
    gint64 pause_ms;             /* before the second; doubles, up to longest_pause_ms */
    gint64 longest_pause_ms;
};

enum script_ending {
    SCRIPT_DONE,
    SCRIPT_FAILED,    /* the server said no */
    SCRIPT_BUSY,      /* a lock was not to be had in all attempts */
    SCRIPT_STOPPED,   /* by the guard, for the sake of others */
    SCRIPT_UNGUARDED, /* the guard's connection failed: it was cancelled */
    SCRIPT_HELD_BACK, /* the hook before an attempt wanted none */
    SCRIPT_INTERRUPTED,
    SCRIPT_LOST, /* its connection was lost: whether it was committed has to be asked */
};

/* A relation kept from others, and for how long at most: from the last look at which it was not, or
 * from the beginning, until it was given back. */
struct script_hold {
    guint oid;
    char *relation;
    const char *mode; /* "AccessExclusiveLock" */
    double ms;
};

struct script_result {
    enum script_ending ending;
    guint statement;  /* that ended it, from 0; the number of them: COMMIT */
    char sqlstate[6]; /* of the last error, "" for none */
    char *message;    /* why it is not done, or what there is to say of what is done; NULL */
    GPtrArray *holds; /* of struct script_hold: of the last attempt */
    double waited_ms; /* the longest anyone was seen to wait for it, in all attempts */
    unsigned attempts;
    double seconds; /* of the last attempt */
};
void plan_script_result_clear(struct script_result *result);

struct script_hooks {
    /* Before each attempt, on the control session, when no worker of another run is left; false: no
     * attempt, *ret_why says why not. */
    bool (*before)(struct session *control, unsigned attempt, char **ret_why, gpointer data);
    gpointer data;
};

/* Runs it and records it as that step of the plan, the step's outcome set. On return nothing of it
 * runs on the server any more, unless the server cannot be reached. The control session may be lost
 * then, and with it the advisory lock. */
void plan_script_run(const struct script *script, const struct script_limits *limits,
                     const struct script_hooks *hooks, const struct plan *plan,
                     struct step *step, struct plan_run *run, struct script_result *ret_result);

#endif
