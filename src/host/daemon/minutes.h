/*
 * The minutes that the watches tell of: written down as they come, and kept until they can be where the
 * history cannot be written just then. A history that was locked, or a disk that was full, for an hour
 * must not look as if nobody had watched.
 */
#ifndef HOST_DAEMON_MINUTES_H
#define HOST_DAEMON_MINUTES_H

#include "auto.h"
#include "store/store_minutes.h"

struct minutes;

struct minutes *minutes_new(void);
void minutes_free(struct minutes *minutes);
AUTO_DEFINE(minutes, minutes_free)

/* A minute of a target, or a further part of the last one: its watch was started anew within it.
 * doubtful: what is written to the store may not last, and is written once more later. */
void minutes_take(struct minutes *minutes, struct store *store, bool doubtful,
                  const char *target, const struct store_minute *minute);

/* Writes what waits, once the history was opened anew. */
void minutes_write(struct minutes *minutes, struct store *store);

/* How many wait; bounded: the oldest give way. */
guint minutes_waiting(const struct minutes *minutes);

/* Two parts of the same minute as one. Pure. */
struct store_minute minutes_join(const struct store_minute *one,
                                 const struct store_minute *other);

#endif
