/*
 * Cancelling and terminating backends: steps of a plan, one backend and one statement each. The
 * statement itself looks once more and acts only where pid, backend_start and what the decision
 * rested on are still the same; afterwards the server is asked until the backend, or the query, is
 * gone. To be run with plan_limits.lanes = 0: in an emergency there is no further connection.
 */
#ifndef CORE_BACKENDS_ACT_H
#define CORE_BACKENDS_ACT_H

#include "backends/backends.h"
#include "plan/plan.h"

#include <jansson.h>

enum backends_action { BACKENDS_CANCEL, BACKENDS_TERMINATE };

enum backends_result {
    BACKENDS_PENDING,    /* not tried (yet) */
    BACKENDS_SENT,       /* told, and not seen to have obeyed; see backends_acts_settle() */
    BACKENDS_CANCELLED,  /* its query ended after the cancel */
    BACKENDS_TERMINATED, /* it is gone, as told */
    BACKENDS_GONE,       /* it had ended by itself before it was told */
    BACKENDS_CHANGED,    /* it does something else by now: left alone */
    BACKENDS_REFUSED,    /* the server says that our role may not */
    BACKENDS_STUBBORN,   /* told, and still there when its time was over */
    BACKENDS_FAILED,     /* the statement failed otherwise, or the connection was lost */
};

/* "cancelled", "terminated", "gone", "changed", "refused", … */
const char *backends_result_name(enum backends_result result);

/* One step's act; its subject. Belongs to the acts. */
struct backends_act {
    enum backends_action action;
    struct backend backend;    /* as the decision saw it; texts belong to the snapshot */
    char *name;                /* backend_describe(); owned */
    char *reason;              /* owned */
    char *snapshot;            /* JSON text of what it was; owned */
    double seconds;            /* in its state, when it was decided */
    struct backends_act *last; /* of a ladder: the cancel this one comes after; NULL */
    enum backends_result result;
    char *why;      /* more words on the result; NULL: none; owned */
    gint64 sent_us; /* on the monotonic clock; 0: it was not told */
    gint64 grace_ms;
    int answered; /* rows of the statement: -1 none yet */
    bool told;    /* what they said */
};

struct backends_acts {
    GPtrArray *acts; /* of struct backends_act, in the order of their steps */
    gint64 grace_ms; /* how long a cancel may take, before the next rung or the verdict */
    gint64 proof_ms; /* how long a terminated backend may take to be gone */
    /* On the monotonic clock; 0: as long as grace and proof take. Who was told and has not obeyed
     * by then stays BACKENDS_SENT: what becomes of him is for a later look to see. */
    gint64 until_us;
    const char *looker;
    /* Asked right before each act: false leaves it undone, with *ret_why (a literal) as the
     * reason. NULL: all are needed. */
    bool (*needed)(struct session *session, const char **ret_why, gpointer data);
    gpointer needed_data;
};

/* looker: our role, for words about rights; borrowed. */
struct backends_acts *backends_acts_new(gint64 grace_ms, const char *looker);
void backends_acts_free(struct backends_acts *acts);
AUTO_DEFINE(backends_acts, backends_acts_free)

/* Appends a step to the plan: that backend, as it is in the snapshot. It acts on an active backend
 * while it is at the same query, on any other while it is in the same state since the same time.
 * The snapshot must outlive the acts. */
struct backends_act *backends_acts_add(struct backends_acts *acts, struct plan *plan,
                                       const struct backends *backends,
                                       const struct backend *backend,
                                       enum backends_action action, const char *reason);

/* The ladder: a cancel, and in the next phase, after its grace, a terminate for the case that it
 * did not help. Returns the second; its .last is the first. */
struct backends_act *backends_acts_add_ladder(struct backends_acts *acts, struct plan *plan,
                                              const struct backends *backends,
                                              const struct backend *backend,
                                              const char *reason);

/* The hooks of a run of such steps; data is the acts. */
struct plan_hooks backends_acts_hooks(struct backends_acts *acts);

/* Waits until it is known what became of the acts that were sent, as long as their grace lasts:
 * the graces of several run at the same time. For after the run; ladders do it by themselves. */
void backends_acts_settle(struct backends_acts *acts, struct session *session);

/* The step of the plan that is this act's. */
const struct step *backends_act_step(const struct plan *plan, const struct backends_act *act);

/* Whether it takes a word: false for the second of a ladder that was not needed. */
bool backends_act_counts(const struct backends_act *act);

/* Each act's backend as it was, and what became of it, into the history: before the run (all not
 * reached, for the case that it dies) and after it. */
void backends_acts_record(const struct backends_acts *acts, const struct plan *plan,
                          struct store *store, gint64 run, int first_step);

/* Who it is: pid, role, application, client, database, state; the caller may add members. */
json_t *backend_identity_json(const struct backend *backend);

/* What it was, for history and documents: role, application, client, database, state, ages, query.
 */
json_t *backend_json(const struct backends *backends, const struct backend *backend);

/* The statement of a step, for `--dry-run` and tests. Caller frees. */
char *backends_statement(const struct backend *backend, enum backends_action action);

#endif
