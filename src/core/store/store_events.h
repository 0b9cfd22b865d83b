/*
 * Events: what happened to a target, from its beginning to its end. Of a target and a name at most
 * one is open at a time, so that a daemon that starts anew neither repeats nor forgets any.
 *
 * As in store.h, writers swallow their errors into store_trouble().
 */
#ifndef CORE_STORE_EVENTS_H
#define CORE_STORE_EVENTS_H

#include "store/store.h"

struct store_event {
    gint64 id;            /* given by the store */
    const char *target;   /* "": the daemon itself */
    const char *name;     /* "slots" */
    const char *severity; /* info, warning, critical */
    gint64 opened_us;
    gint64 closed_us; /* 0: it is open; opened_us: it was of one moment */
    const char *message;
    const char *closing; /* what was said at its end; NULL: nothing */
    const char *detail;  /* JSON text or NULL */
    gint64 run;          /* in the history; 0: none */
};

/* Returns its id, or that of the open one of the same target and name, which stays as it is; -1
 * when it could not be written. id and closing are not read; one with closed_us is over at once. */
gint64 store_event_open(struct store *store, const struct store_event *event);

/* An open one has become worse: its severity, message and detail are those of event. */
bool store_event_rise(struct store *store, gint64 id, const struct store_event *event);

/* One that is not open stays as it is. */
bool store_event_close(struct store *store, gint64 id, gint64 at_us, const char *closing);

/* Those that are open, newest first; target NULL: of all. */
void store_events_open(struct store *store, const char *target,
                       void (*visit)(const struct store_event *event, gpointer data),
                       gpointer data);

/* Newest first: those open at since_us or later (0: all). target NULL: of all; limit 0: all. */
bool store_each_event(struct store *store, const char *target, gint64 since_us, int limit,
                      void (*visit)(const struct store_event *event, gpointer data),
                      gpointer data, GError **error);

#endif
