/*
 * What a section is given at each look of the watch at its server, once a second: what was seen,
 * what else points to an emergency, and the means to judge it and to act. The watch itself is
 * host/watch.
 */
#ifndef CORE_WATCH_LOOK_H
#define CORE_WATCH_LOOK_H

#include "backends/backends.h"
#include "feature.h"

/* Signs of an emergency that no snapshot shows. Each holds for as long as it is seen, and a few
 * seconds longer. */
enum watch_trigger {
    WATCH_REFUSED = 1 << 0, /* a new connection was refused for want of a slot (53300) */
    WATCH_UNREADY = 1 << 1, /* the service's health_url answers 503, or nothing */
    WATCH_LOGGED = 1 << 2,  /* a line in log_file says so */
};

struct watch_look {
    /* The section's: settings and target; store, command and guard only between watch_act_begin()
     * and watch_act_end(). */
    struct call *call;
    struct session *guard;
    const struct backends *backends;
    unsigned triggers; /* those that hold now */
    bool may_act;      /* this watch is the one that acts on the target */
    void **state;      /* the section's own, from one look to the next; NULL at first, g_free()d */
    struct watch *watch;
};

/* A condition, judged anew at each look: the watch opens an event when it has held for a moment and
 * closes it when it has been gone for a while. name: "slots", unique to the target; message: one
 * sentence with its numbers, for people. */
void watch_alarm(struct watch_look *look, const char *name, bool holds, bool critical,
                 const char *message);

/* Something that was done or happened at one moment. run: in the history; -1: none. */
void watch_note(struct watch_look *look, const char *name, gint64 run, const char *message);

/* Makes the call that of the section's command of this verb, as if typed with --yes, on the guard;
 * its messages are kept. Then the section calls the command itself. */
void watch_act_begin(struct watch_look *look, const char *verb);

/* Ends it; what it had printed as messages (stderr). Caller frees. */
char *watch_act_end(struct watch_look *look);

#endif
