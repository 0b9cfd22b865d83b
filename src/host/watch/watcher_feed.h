/*
 * What the process that started a watch asks of it: lines on its stdin. "closely SECONDS": somebody
 * looks on. "lend ORDER": a command is to be carried out on the guard (watcher_order.h). Everything
 * else is passed over.
 */
#ifndef HOST_WATCHER_FEED_H
#define HOST_WATCHER_FEED_H

#include <glib.h>
#include <stdbool.h>

struct watcher_feed {
    int fd;            /* -1: nobody asks */
    GString *pending;  /* a line that is not whole yet */
    gint64 until_us;   /* monotonic: so long somebody looks on */
    GPtrArray *orders; /* of struct watcher_order, oldest first */
};

/* Only where the environment says that it is fed. */
void watcher_feed_open(struct watcher_feed *feed);
void watcher_feed_close(struct watcher_feed *feed);

/* Takes what has come, without waiting. */
void watcher_feed_take(struct watcher_feed *feed, gint64 now_us);

/* Whether somebody looks on. */
bool watcher_feed_looks(const struct watcher_feed *feed, gint64 now_us);

/* Pure: the seconds that a line asks for; 0: none. */
guint watcher_feed_seconds(const char *line);

#endif
