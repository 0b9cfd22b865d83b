/*
 * Signs of an emergency that no snapshot shows: whether a new connection still gets in, what the
 * service says of itself, and what is in its log. None of them holds up a sample.
 */
#ifndef HOST_WATCHER_SIGNS_H
#define HOST_WATCHER_SIGNS_H

#include "pg/session_probe.h"
#include "settings/settings.h"
#include "watch/watch_look.h"

#include <poll.h>

struct watcher_signs {
    /* the probe connection */
    struct session_probe *probe;     /* under way; NULL */
    gint64 probe_ms, probe_us;       /* how often; when next, on the monotonic clock */
    enum session_probe_state probed; /* what came of the last one; UNDERWAY: none yet */
    char *probe_reason;
    gint64 refused_until_us;
};

void watcher_signs_init(struct watcher_signs *signs, const struct settings *settings);
void watcher_signs_clear(struct watcher_signs *signs);

/* Starts what is due. session: the guard; NULL: there is none, and nothing is probed. full: most
 * of the slots are taken. */
void watcher_signs_start(struct watcher_signs *signs, struct session_params *params,
                         const struct session *session, bool full);

/* Waits until that moment, goes on with what is under way. True when one of them came to a
 * sign. */
bool watcher_signs_wait(struct watcher_signs *signs, gint64 until_us);

/* Those that hold, of enum watch_trigger. */
unsigned watcher_signs_now(const struct watcher_signs *signs);

#endif
