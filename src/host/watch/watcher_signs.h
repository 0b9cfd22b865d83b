/*
 * Signs of an emergency that no snapshot shows: whether a new connection still gets in, what the
 * service says of itself, and what is in its log. None of them holds up a sample.
 */
#ifndef HOST_WATCHER_SIGNS_H
#define HOST_WATCHER_SIGNS_H

#include "fetch/fetch.h"
#include "follow/follow.h"
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
    gint64 probed_us; /* when */
    gint64 refused_until_us;
    /* the service's own word */
    const char *health_url; /* borrowed; NULL: none */
    char *health_place;     /* what of it may be said */
    struct fetch *fetch;    /* NULL: none */
    gint64 health_us;       /* when it is asked next */
    guint unready;          /* so many times in a row */
    char *health_reason;    /* of the last answer, when it was none or 503 */
    /* the log */
    const char *log_file;  /* borrowed; NULL: none */
    struct follow *follow; /* NULL: none */
    char *logged;          /* the line that spoke of it last; NULL: none has */
    gint64 logged_until_us;
};

void watcher_signs_init(struct watcher_signs *signs, const struct settings *settings);
void watcher_signs_clear(struct watcher_signs *signs);

/* What is probed. */
struct watcher_aim {
    struct session_params *params;
    const struct session *session; /* the guard; NULL: there is none, and nothing is probed */
    bool usual;                    /* the way of the params, not the server of the guard */
    bool urgent;                   /* every second */
};

/* Starts what is due. */
void watcher_signs_start(struct watcher_signs *signs, const struct watcher_aim *aim);

/* Waits until that moment and goes on with what is under way. True, and at once, when there is a
 * sign that did not hold before. wake_fd: of the caller's, ends the wait when readable; -1: none. */
bool watcher_signs_wait(struct watcher_signs *signs, gint64 until_us, int wake_fd);

/* Another server: what the one before said of new connections counts no more. */
void watcher_signs_moved(struct watcher_signs *signs);

/* Pure: whether new connections are refused, and what is said of it. recent: one was, for want of a
 * slot, not long ago; probed and reason: of the last probe. Caller frees *ret_message. */
bool watcher_signs_refusal(bool recent, enum session_probe_state probed, const char *reason,
                           char **ret_message);

/* Those that hold, of enum watch_trigger. */
unsigned watcher_signs_now(const struct watcher_signs *signs);

#endif
