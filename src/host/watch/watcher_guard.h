/*
 * The guard: the one connection a watch holds open, so that it is in when nobody else gets in any
 * more. By the usual way, or by the emergency connection where the usual one is refused for want
 * of a slot, or has been of no use for half a minute; lost, it comes back with growing pauses. One
 * whose answer is late is kept for it: a server that is full and slow would take no other.
 */
#ifndef HOST_WATCHER_GUARD_H
#define HOST_WATCHER_GUARD_H

#include "feature.h"
#include "pg/session_probe.h"

struct watcher_guard {
    struct call *call; /* borrowed */
    struct session_params usual, by_emergency;
    guint hosts;              /* of the usual way */
    struct session *session;  /* NULL: none */
    struct session *late;     /* while there is none: the one that has not answered yet; NULL */
    gint64 late_until_us;     /* then it is given up */
    bool late_emergency;      /* that is the emergency connection */
    bool emergency;           /* that is the emergency connection */
    char *reason;             /* why there is none */
    GError *hopeless;         /* what no further try mends: a slip in the connection string */
    gint64 down_us, retry_us; /* monotonic: since when, and when it is tried again */
    guint tries;
    bool lost;        /* there was one before */
    char *place;      /* the server that the usual way led to last */
    bool moved;       /* the connection is to another one than the one before */
    gint64 return_us; /* when leaving the emergency connection is tried next */
    bool acts;        /* has the target's lock */
    char *holder;     /* who has it, when we have not */
    gint64 lock_us;   /* when it is tried again */
    guint lock_tries; /* in vain, on this connection */
};

void watcher_guard_init(struct watcher_guard *guard, struct call *call);
void watcher_guard_close(struct watcher_guard *guard);

/* Connects when it is time to. True while there is a connection. probed: what came of a probe since
 * the last one was lost; UNDERWAY: nothing yet. */
bool watcher_guard_tend(struct watcher_guard *guard, enum session_probe_state probed);

/* Gives up a connection that does not serve any more; the next one is tried at once. */
void watcher_guard_lose(struct watcher_guard *guard, const char *reason);

/* Tries for the target's lock when it is time to. False with an error when the connection broke. */
bool watcher_guard_lock(struct watcher_guard *guard, GError **error);

/* A run of a plan has opened the connection anew: locks are gone. */
void watcher_guard_renewed(struct watcher_guard *guard);

/* From the emergency connection back to the usual one, where that gets in; now and then. */
void watcher_guard_return(struct watcher_guard *guard);

/* What is known while there is no connection. */
struct watcher_plight {
    bool late;    /* there is one that may answer yet */
    bool several; /* hosts, any of which may be the primary by now */
    bool lost;    /* there was a connection before */
    bool rescue;  /* there is an emergency connection to be had */
    gint64 down_ms;
    enum session_probe_state probed;
};

/* Pure: whether a new connection is tried, which holds up the loop. While an answer is late a probe
 * goes first. */
bool watcher_guard_knocks(const struct watcher_plight *plight);

/* Pure: whether, the usual one being refused with this SQLSTATE, it is the emergency connection's
 * turn. */
bool watcher_guard_rescues(const struct watcher_plight *plight, const char *sqlstate);

/* Pure: the pause before the next try, after so many in vain, down for so long. */
gint64 watcher_guard_pause_ms(guint tries, gint64 down_ms);

#endif
