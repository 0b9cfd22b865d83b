/* What the files of `connections relieve` share; nobody else includes this. */
#ifndef CONNECTIONS_RELIEVE_H
#define CONNECTIONS_RELIEVE_H

#include "backends/backends_enter.h"
#include "connections_private.h"
#include "connections_vigil.h"
#include "plan/plan_gate.h"

/* One look at the server, what it decided, and what came of it. */
struct relief_round {
    struct backends *backends;
    struct connections_diagnosis *diagnosis;
    struct connections_decision *decision;
    struct backends_acts *acts;
    struct plan *plan;
    int first_step;
    bool ran;
};
void relief_round_free(gpointer data); /* a struct relief_round */

struct relief {
    struct call *call;
    struct backends_entry entry;
    struct connections_policy policy;
    struct window window;
    struct plan_pace *pace;
    struct connections_vigil
        *vigil;        /* of the watch that gives this relief; NULL: a person does */
    GPtrArray *rounds; /* of struct relief_round; the last one is what was seen last */
    gint64 run;        /* in the history; -1: none */
    int next_step;
};

/* The command at a look of the watch: one round, at the watch's pace, that waits for nothing; what
 * it leaves, and what comes of those it told, is for the next looks to see. vigil->sent is set. */
enum runbook_exit connections_relieve_look(struct call *call, struct plan_pace *pace,
                                           struct connections_vigil *vigil, GError **error);

/* The watch's policy: who was told in vain is passed over. What it allows at this look. */
void relief_policy_of_vigil(struct connections_policy *policy,
                            const struct connections_vigil *vigil);
struct connections_means relief_means(const struct settings *settings,
                                      const struct connections_policy *policy,
                                      const struct plan_pace *pace);

/* Looks, decides and makes the plan; appends the round. NULL with an error, RUNBOOK_REFUSED where
 * a right is missing without which nothing true can be said. */
struct relief_round *relief_look(struct relief *relief, GError **error);

/* Carries out the round's plan. False with an error when the run as a whole broke. */
bool relief_act(struct relief *relief, struct relief_round *round, GError **error);

/* After the end of a convoy's root: waits while its queue is moving. True when there is something
 * to look at again: the convoy is gone, or somebody else holds it up for good. */
bool relief_await_queue(struct relief *relief);

const struct relief_round *relief_first(const struct relief *relief);
const struct relief_round *relief_last(const struct relief *relief);

/* Sessions ended so far: terminated, or cancelled where that was what was asked for. */
guint relief_ended(const struct relief *relief);

/* Of those tried, how many the server refused. */
guint relief_refused(const struct relief *relief);

/* Whether the goal is reached by what was seen last. */
bool relief_reached(const struct relief *relief);

/* Of those left alone, as the last look found them, the reasons into the history. */
void relief_record_spared(const struct relief *relief);

/* outcome NULL: a plan. */
void relief_show(const struct relief *relief, const char *outcome);
char *relief_summary(const struct relief *relief);

#endif
