/* What the files of the section share; nobody else includes this. */
#ifndef CONNECTIONS_PRIVATE_H
#define CONNECTIONS_PRIVATE_H

#include "backends/backends.h"
#include "backends/backends_act.h"
#include "backends/backends_only.h"
#include "feature.h"
#include "out/document.h"

/* ---- policy -------------------------------------------------------------------------------- */

struct connections_policy {
    double until;                      /* part of the slots that may be used */
    gint64 idle_for_us;                /* idle longer: may be ended */
    gint64 transaction_for_us;         /* idle in transaction longer: may be ended */
    gint64 slow_for_us;                /* a query longer than this is slow */
    gint64 young_us;                   /* a session younger than this was opened just now */
    guint convoy;                      /* so many that wait behind one are a convoy … */
    gint64 convoy_for_us;              /* … once one of them has waited that long */
    bool unready;                      /* the service says that it gets no connection */
    struct backends_policy protection; /* borrowed from the settings */
    struct backends_policy named;      /* the same for one that is named: `queries terminate` */
    /* The application a session belongs to and how many idle sessions it may keep, over all its
     * instances; NULL: none that is known. A NULL function: none is. */
    const char *(*application_of)(const struct backend *backend, gint64 *ret_allowed_idle,
                                  gconstpointer data);
    gconstpointer data;
    /* Whether somebody was told to end and does not; NULL: nobody was. */
    bool (*gave_up)(const struct backend *backend, gconstpointer data);
    gconstpointer gave_up_data;
    const struct backends_only *only; /* who alone may be ended, at what; NULL: anybody */
};

/* From settings and options. */
struct connections_policy connections_policy(const struct settings *settings, bool unready,
                                             bool superusers);

/* ---- diagnosis: pure ------------------------------------------------------------------------- */

enum connections_kind {
    CONNECTIONS_HEALTHY,
    CONNECTIONS_IDLE_PILEUP,
    CONNECTIONS_IDLE_IN_TRANSACTION,
    CONNECTIONS_LOCK_CONVOY,
    CONNECTIONS_SLOW_QUERIES,
    CONNECTIONS_STORM,
    CONNECTIONS_APP_STARVATION,
};

const char *connections_kind_name(enum connections_kind kind);  /* "idle_pileup" */
const char *connections_kind_title(enum connections_kind kind); /* "idle pile-up" */

/* Sessions by what they are to the diagnosis; each is counted once. */
struct connections_counts {
    guint idle, idle_long;               /* … of these longer than idle_for */
    guint transaction, transaction_long; /* idle in transaction, … */
    guint active, slow;                  /* at work and waiting for no lock, … */
    guint waiting;                       /* for a lock */
    guint young; /* of all, those opened just now and none of the long */
};

struct connections_diagnosis {
    enum connections_kind kind;
    char *reason;              /* one sentence with its numbers; owned */
    struct backends_room room; /* what is fullest */
    gint64 goal;               /* how many of its slots may be used */
    gint64 need;               /* how many too many are used; 0: none */
    struct connections_counts counts;
    GArray *roots; /* of struct backends_root; owned */
    guint convoy;  /* how many of them, from the first, hold up a convoy */
};

/* How many of the room's places may be taken where `until` (a fraction) of them may. */
gint64 connections_goal(const struct backends_room *room, double until);

struct connections_diagnosis *connections_diagnose(const struct backends *backends,
                                                   const struct connections_policy *policy);
void connections_diagnosis_free(struct connections_diagnosis *diagnosis);
AUTO_DEFINE(connections_diagnosis, connections_diagnosis_free)

/* How many wait behind the root for a lock that is no advisory one: those are waited for on
 * purpose. */
guint connections_root_waiting(const struct backends_root *root);

/* What to do about it: what lasts, what is not done here, and unless relief has just been given
 * (before) the command that gives it. Lines, NULL-terminated; free with g_strfreev(). */
char **connections_hints(const struct connections_diagnosis *diagnosis,
                         const struct connections_policy *policy, bool before);

/* ---- decision: pure -------------------------------------------------------------------------- */

struct connections_choice {
    const struct backend *backend;
    bool ladder;  /* cancel first: it is at work */
    bool cancel;  /* a cancel alone: a later look climbs on */
    char *reason; /* owned */
};

struct connections_spared {
    const struct backend *backend;
    const char *reason; /* a literal */
};

struct connections_decision {
    GArray *chosen;             /* of struct connections_choice, in the order they are to end */
    GArray *spared;             /* of struct connections_spared: all other clients */
    guint forbidden;            /* spared only because our role has not the right */
    guint forbidden_superusers; /* … of these, superusers' */
    GPtrArray *on_way;          /* spared because they were told before: about to end */
    guint put_off;              /* spared at this look alone */
};

/* The fewest sessions whose end reaches the goal. */
struct connections_decision *connections_decide(const struct backends *backends,
                                                const struct connections_diagnosis *diagnosis,
                                                const struct connections_policy *policy);
void connections_decision_free(struct connections_decision *decision);
AUTO_DEFINE(connections_decision, connections_decision_free)

/* The roots of a convoy, or where those may not be touched whoever frees most of the queue;
 * appends to chosen. */
void connections_decide_convoy(struct connections_decision *decision,
                               const struct backends *backends,
                               const struct connections_diagnosis *diagnosis,
                               const struct connections_policy *policy);

/* Appends a choice. Takes ownership of reason. */
void connections_choose(struct connections_decision *decision, const struct backend *backend,
                        bool ladder, char *reason);

/* Appends one that is left alone. reason is a literal. */
void connections_spare(struct connections_decision *decision, const struct backend *backend,
                       const char *reason);

/* Why the session must stay, whatever the diagnosis: protected, or without our right to end it
 * (counted in the decision); NULL: it may go. */
const char *connections_bar(struct connections_decision *decision,
                            const struct connections_policy *policy,
                            const struct backend *backend);

/* ---- commands ---------------------------------------------------------------------------------- */

enum runbook_exit connections_report_command(struct call *call, GError **error);

/* Prints one report. */
struct connections_printer {
    bool (*print)(gpointer data, GError **error);
    gpointer data;
};

/* `connections report --watch`: the printer is for where stdout is no terminal. */
enum runbook_exit connections_watch(struct call *call, struct session *session,
                                    const struct connections_printer *printer,
                                    const char *seconds, GError **error);
enum runbook_exit connections_relieve_command(struct call *call, GError **error);
bool connections_check(struct check *check, GError **error);

/* Figures for monitoring (connections_measure.c). */
extern const struct metric connections_metrics[];
bool connections_measure(struct measure *measure, GError **error);

/* At each look of the watch. */
void connections_emergency(struct watch_look *look);

/* The document of `connections report`, of that look. */
json_t *connections_live(struct watch_look *look);

/* "95 of 97 slots an ordinary role may use" or "… connections that role "app" may have". */
char *connections_room_words(const struct backends_room *room);

/* Sessions of one state, role, application, client and database. */
struct connections_group {
    const struct backend *first; /* one of them */
    guint count;
    double oldest_seconds; /* in that state */
};
/* Largest first. Free with g_array_unref(). */
GArray *connections_groups(const struct backends *backends);

/* ---- documents --------------------------------------------------------------------------------- */

json_t *connections_slots_json(const struct backends *backends);
json_t *connections_groups_json(const struct backends *backends);
/* named: who would be left alone though somebody names it. */
json_t *connections_blocking_json(const struct backends *backends,
                                  const struct connections_diagnosis *diagnosis,
                                  const struct backends_policy *named);
json_t *connections_transactions_json(const struct backends *backends,
                                      const struct backends_policy *named);
json_t *connections_strings_json(char *const *lines);

#endif
