/*
 * Whether the server still takes a new connection: one attempt that never blocks, closed as soon
 * as it is known. For an event loop; the caller waits for the descriptor.
 */
#ifndef CORE_SESSION_PROBE_H
#define CORE_SESSION_PROBE_H

#include "pg/session.h"

enum session_probe_state {
    SESSION_PROBE_UNDERWAY,
    SESSION_PROBE_IN,     /* a connection was made, and closed */
    SESSION_PROBE_FULL,   /* refused for want of a slot: 53300 */
    SESSION_PROBE_FAILED, /* otherwise */
    SESSION_PROBE_SILENT, /* no answer in time */
};

struct session_probe;

/* To the very server of that session, with the same words but for another host: no name has to
 * be looked up. */
struct session_probe *session_probe_start(struct session_params *params,
                                          const struct session *beside, gint64 patience_ms);
/* By the way these words say; a name may have to be looked up. like: whose name it bears. */
struct session_probe *session_probe_usual(struct session_params *params,
                                          const struct session *like, gint64 patience_ms);
void session_probe_free(struct session_probe *probe);
AUTO_DEFINE(session_probe, session_probe_free)

int session_probe_fd(const struct session_probe *probe);       /* -1: do not wait, call _go() */
short session_probe_events(const struct session_probe *probe); /* POLLIN or POLLOUT */
gint64 session_probe_deadline_us(const struct session_probe *probe);

/* Goes on: to be called when the descriptor is ready, and at the deadline. *ret_reason (owned by
 * the caller) is set where it ended in vain. */
enum session_probe_state session_probe_go(struct session_probe *probe, bool ready,
                                          char **ret_reason);

#endif
