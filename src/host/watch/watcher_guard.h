/*
 * The guard: the one connection a watch holds open, so that it is in when nobody else gets in any
 * more. By the usual way, or by the emergency connection where the usual one is refused for want
 * of a slot; lost, it comes back with growing pauses.
 */
#ifndef HOST_WATCHER_GUARD_H
#define HOST_WATCHER_GUARD_H

#include "feature.h"

struct watcher_guard {
    struct call *call; /* borrowed */
    struct session_params usual, by_emergency;
    struct session *session;  /* NULL: none */
    bool emergency;           /* that is the emergency connection */
    char *reason;             /* why there is none */
    GError *hopeless;         /* what no further try mends: a slip in the connection string */
    gint64 down_us, retry_us; /* monotonic: since when, and when it is tried again */
    guint tries;
    bool acts;        /* has the target's lock */
    char *holder;     /* who has it, when we have not */
    gint64 lock_us;   /* when it is tried again */
    guint lock_tries; /* in vain, on this connection */
};

void watcher_guard_init(struct watcher_guard *guard, struct call *call);
void watcher_guard_close(struct watcher_guard *guard);

/* Connects when it is time to. True while there is a connection. */
bool watcher_guard_tend(struct watcher_guard *guard);

/* Gives up a connection that does not serve any more; the next one is tried at once. */
void watcher_guard_lose(struct watcher_guard *guard, const char *reason);

/* Tries for the target's lock when it is time to. False with an error when the connection broke. */
bool watcher_guard_lock(struct watcher_guard *guard, GError **error);

/* A run of a plan has opened the connection anew: locks are gone. */
void watcher_guard_renewed(struct watcher_guard *guard);

/* From the emergency connection back to the usual one, where that gets in. */
void watcher_guard_return(struct watcher_guard *guard);

/* Pure: the pause before the next try, after so many in vain, down for so long. */
gint64 watcher_guard_pause_ms(guint tries, gint64 down_ms);

#endif
