/*
 * What the section remembers from one look of the watch to the next, so that no look has to wait
 * for what the one before began. Pure: the clock is the caller's.
 */
#ifndef CONNECTIONS_VIGIL_H
#define CONNECTIONS_VIGIL_H

#include "connections_private.h"

struct connections_vigil {
    guint full_looks; /* in a row at which the room was full */
    gint64 begun_us;  /* when a full room's relief last ended some; 0: nothing to go on with */
    enum connections_kind kind;  /* of the emergency under way; healthy: there is none */
    enum connections_kind tried; /* of the relief that came to nothing; … */
    gint64 not_before_us;        /* … until then that is not tried again */
    bool said;                   /* that nobody may be ended, in this emergency */
    GHashTable *notes;           /* what came to nothing and was said → when */
    GArray *told;                /* of struct connections_told, in the order they were told */
    guint sent;                  /* told by the last relief, and not seen to have obeyed */
    bool late;                   /* its time was over before it had told all */
    struct {
        gint64 pid, start_us; /* who holds up the convoy now; 0: nobody */
        gint64 since_us;      /* … at each look since then */
    } root;
    gint64 queue_us; /* a root was told; 0: none was */
};

void connections_vigil_init(struct connections_vigil *vigil);
void connections_vigil_clear(struct connections_vigil *vigil);

/* One look: whether there is something to see to. full: as much of the room is taken as
 * connections.warning says; above: more than the goal; triggers: what else points to it. A relief
 * that one look could not bring to its goal, by its pace or its time, goes on until it is there, has
 * nobody left to end, or has ended nobody for two minutes. */
bool connections_vigil_triggered(struct connections_vigil *vigil, bool full, bool above,
                                 unsigned triggers, gint64 now_us);

/* The diagnosis of this look; NULL: nothing triggered one. */
void connections_vigil_diagnosed(struct connections_vigil *vigil,
                                 const struct connections_diagnosis *diagnosis, gint64 now_us);

/* The emergency is over, its alarm closed: what is said once in each may be said again. */
void connections_vigil_over(struct connections_vigil *vigil);

/* Whether this is to be said now: what came to nothing in the same way is said again after ten
 * minutes only. */
bool connections_vigil_says(struct connections_vigil *vigil, const char *words, gint64 now_us);

/* Whether relief may be tried now, and what came of it: sessions ended, or told to. One that ran out
 * of time has not come to nothing: the next look goes on with it. */
bool connections_vigil_may_relieve(const struct connections_vigil *vigil, gint64 now_us);
void connections_vigil_relieved(struct connections_vigil *vigil, gint64 now_us, guint told);

/* There is nobody who may be ended. True when that is to be said: once in each emergency. */
bool connections_vigil_helpless(struct connections_vigil *vigil);

/* ---- whom to tell at this look ----------------------------------------------------------------- */

/* Somebody was told to end, or to cancel his query. */
void connections_vigil_told(struct connections_vigil *vigil, const struct backend *backend,
                            enum backends_action action, gint64 now_us);

/* Whether he was told to end and has had all the time for it: others are ended in his place. */
bool connections_vigil_gave_up(const struct connections_vigil *vigil,
                               const struct backend *backend, gint64 now_us);

/* What of a decision may be done at this look, without waiting for anything. */
struct connections_means {
    unsigned places;  /* so many the pace allows now */
    gint64 grace_us;  /* of a cancel, before the terminate */
    gint64 stands_us; /* a queue whose root is the same for so long does not move */
    gint64 now_us;
};

/* Leaves of the decision what may be done now. Those who were told a moment ago are on their way;
 * of a ladder it is the rung that is due; a queue that moves by itself is let alone. */
void connections_vigil_cut(const struct connections_vigil *vigil,
                           struct connections_decision *decision,
                           const struct connections_diagnosis *diagnosis,
                           const struct connections_means *means);

#endif
