/*
 * What is wrong just now, and what happened. Each opening and each end is said once: in the
 * journal, in the history, and to the courier. What is open is known from the history after a
 * restart of the daemon. The event "store" of the daemon itself is not written: see keeper.c.
 */
#ifndef HOST_DAEMON_EVENTS_H
#define HOST_DAEMON_EVENTS_H

#include "auto.h"
#include "store/store_events.h"

struct events;

/* told: each opening (closed_us 0), end, or event of one moment, once. */
struct events *events_new(struct store *store,
                          void (*told)(const struct store_event *event, gpointer data),
                          gpointer data);
void events_free(struct events *events);
AUTO_DEFINE(events, events_free)

/* The history was opened anew: what is open is made the same there. */
void events_set_store(struct events *events, struct store *store);

/* event's id is not read. One that is open already stays as it is, unless it has become critical:
 * that is told once more. */
void events_open(struct events *events, const struct store_event *event);

/* Nothing happens when it is not open. */
void events_close(struct events *events, const char *target, const char *name, gint64 at_us,
                  const char *closing);

/* Of one moment. */
void events_note(struct events *events, const struct store_event *event);

bool events_is_open(const struct events *events, const char *target, const char *name);

/* Closes all of a target that are open. */
void events_close_target(struct events *events, const char *target, gint64 at_us,
                         const char *closing);

/* Calls visit for each that is open, of one target ("": the daemon's own), oldest first. */
void events_each(const struct events *events, const char *target,
                 void (*visit)(const struct store_event *event, gpointer data), gpointer data);

/* The targets that have an open one, as a set of texts. Caller unrefs. */
GHashTable *events_targets(const struct events *events);

#endif
