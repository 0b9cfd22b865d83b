/*
 * A command that serve asks a watch to carry out on its guard, the one connection that is there when
 * every slot is taken: relief, or the end of a session, on behalf of somebody at the page.
 */
#ifndef HOST_WATCHER_ORDER_H
#define HOST_WATCHER_ORDER_H

#include "watch/watch_look.h"

struct watcher_order {
    gint64 number;        /* serve's own */
    char **words;         /* the command line as a process of its own would have it */
    char *actor, *reason; /* for the history; of a plan they may be NULL */
    bool dry_run;
};

/* "lend {"number": 7, "words": ["connections", "relieve", …], "dry_run": false, "actor": …, "reason":
 * …}". Pure. NULL: it is no such line. Freed with watcher_order_free(). */
struct watcher_order *watcher_order_parse(const char *line);
void watcher_order_free(gpointer data);

/* Carries it out at this look. section: whose command it is, the look's call is that of it. Only a
 * command that says COMMAND_TAKES_GUARD, and with those of the options that stand in its table; those
 * of the place (--config, --target, --json) say nothing new. Returns the exit code; the outcome is
 * freed with watch_outcome_clear(). */
int watcher_order_carry_out(const struct watcher_order *order, struct watch_look *look,
                            struct watch_outcome *ret_outcome);

#endif
