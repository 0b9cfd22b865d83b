/*
 * Keeps the daemon's history open. Where it cannot be written the daemon goes on, and the file is
 * tried again, at first after 2 seconds, later every 30. Another process's lock is waited for half
 * a second: the daemon has one thread. A file that was moved away or emptied is followed by a new one. Every ten
 * seconds the file itself is looked at: what is open does not notice that it was damaged.
 */
#ifndef HOST_DAEMON_KEEPER_H
#define HOST_DAEMON_KEEPER_H

#include "auto.h"
#include "store/store.h"

struct keeper;

/* changed: the store was opened anew (the old one is closed when it returns); trouble NULL: all is
 * well again, else why nothing is kept, after the first try in vain to open it again. Not called from within keeper_new(). */
struct keeper *keeper_new(const char *path,
                          void (*changed)(struct store *store, const char *trouble,
                                          gpointer data),
                          gpointer data);
void keeper_free(struct keeper *keeper);
AUTO_DEFINE(keeper, keeper_free)

/* Never NULL. Until the next keeper_tick(). */
struct store *keeper_store(const struct keeper *keeper);

/* Another number means another file than before, or one instead of memory: ids that were given by
 * then are none any more. */
guint keeper_generation(const struct keeper *keeper);

/* Why nothing is kept; NULL: all is well. */
const char *keeper_trouble(const struct keeper *keeper);

/* Somebody has met trouble with the file: it is looked at at the next tick. */
void keeper_doubt(struct keeper *keeper);

/* Once a second. */
void keeper_tick(struct keeper *keeper, gint64 now_us);

#endif
