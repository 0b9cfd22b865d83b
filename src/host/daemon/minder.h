/*
 * Keeps one child alive: starts it again when it ends, later and later while it fails, and kills
 * it when it has been silent for too long.
 */
#ifndef HOST_DAEMON_MINDER_H
#define HOST_DAEMON_MINDER_H

#include "auto.h"

#include "daemon/child.h"

struct minder;

struct minder_plan {
    const char *name;        /* "the watch of shop", for the journal */
    struct child_plan child; /* without line, ended and data, which are here */
    gint64 silence_us;       /* it prints a line at least that often; 0: it may be silent */
    void (*line)(const char *line, gsize length, bool cut, gpointer data);
    void (*started)(gpointer data); /* NULL: nobody cares */
    void (*ended)(const char *how, gpointer data);
    /* It ends soon after its start, again and again; or it stays up, told once each time. */
    void (*trouble)(bool looping, const char *message, gpointer data);
    gpointer data;
};

/* Starts it, or will. Everything but data is copied. */
struct minder *minder_new(const struct minder_plan *plan);

/* Forgets it: a child that still is has to be stopped before (minder_stop()), and ended. */
void minder_free(struct minder *minder);
AUTO_DEFINE(minder, minder_free)

/* Once a second. */
void minder_tick(struct minder *minder, gint64 now_us);

/* The child; NULL: it is not there just now. */
struct child *minder_child(const struct minder *minder);

/* It has announced that it may be silent for so long, from now on. */
void minder_busy(struct minder *minder, gint64 us);

/* Ends the child for good. True when there was none left. */
bool minder_stop(struct minder *minder, guint grace_ms);

/* Starts it anew with other arguments, as soon as the old one has ended; one that was stopped as
 * well. */
void minder_renew(struct minder *minder, const char *const *arguments);

/* ---- rules, pure ---- */

/* How long to wait before the next start after so many failures in a row: 1 s doubling to 60 s. */
gint64 minder_pause_us(guint failures);

/* The failures in a row, once it ended after such a life. */
guint minder_failures(guint before, gint64 lived_us);

#endif
