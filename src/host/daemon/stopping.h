/*
 * That somebody has what is at work stopped: who, when and, if it was said, why. It is told once to
 * end, and has all the time that it needs for it.
 */
#ifndef HOST_DAEMON_STOPPING_H
#define HOST_DAEMON_STOPPING_H

#include "store/store_turns.h"

#include <jansson.h>

struct stopping {
    char *by, *reason; /* by NULL: nobody has; reason NULL: none was given */
    gint64 at_us;      /* wall clock */
};

/* Takes it down. False: somebody has had it stopped before. */
bool stopping_begin(struct stopping *stopping, const char *by, const char *reason,
                    gint64 at_us);
void stopping_clear(struct stopping *stopping);

/* Into the history, once there is a run (0: none yet) and somebody has. */
void stopping_record(const struct stopping *stopping, struct store *store, gint64 run);

/* Sets the members stopped_by, stopped_at and stop_reason. */
void stopping_show(const struct stopping *stopping, json_t *json);

/* "stopped by token:anna: wrong hour"; NULL: nobody has. Caller frees. */
char *stopping_words(const struct stopping *stopping);

#endif
