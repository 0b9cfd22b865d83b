#include "watch/watcher_feed.h"

#include "watch/watcher.h"
#include "watch/watcher_order.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

enum { SECONDS_MOST = 60, LINE_MOST = 1 << 20, PIPE_BYTES = 1 << 20, ORDERS_MOST = 16 };

void watcher_feed_open(struct watcher_feed *feed)
{
    bool fed = g_getenv(WATCHER_FED_VARIABLE) != NULL;

    *feed = (struct watcher_feed){
        .fd = fed ? STDIN_FILENO : -1,
        .pending = g_string_new(NULL),
        .orders = g_ptr_array_new_with_free_func(watcher_order_free),
    };
    /* A report is longer than a line about a sample; where it is refused, reports come late. */
    if (fed)
        fcntl(STDOUT_FILENO, F_SETPIPE_SZ, PIPE_BYTES);
}

void watcher_feed_close(struct watcher_feed *feed)
{
    g_string_free(feed->pending, TRUE);
    g_ptr_array_unref(feed->orders);
}

guint watcher_feed_seconds(const char *line)
{
    static const char word[] = "closely ";
    guint64 seconds = 0;

    if (!g_str_has_prefix(line, word) ||
        !g_ascii_string_to_unsigned(line + strlen(word), 10, 1, SECONDS_MOST, &seconds, NULL))
        return 0;
    return (guint) seconds;
}

static void take_line(struct watcher_feed *feed, const char *line, gint64 now_us)
{
    guint seconds = watcher_feed_seconds(line);
    struct watcher_order *order = watcher_order_parse(line);

    if (seconds > 0)
        feed->until_us = now_us + seconds * (gint64) G_USEC_PER_SEC;
    if (order != NULL && feed->orders->len < ORDERS_MOST)
        g_ptr_array_add(feed->orders, order);
    else if (order != NULL)
        watcher_order_free(order);
}

static void take_lines(struct watcher_feed *feed, gint64 now_us)
{
    const char *end;

    while ((end = strchr(feed->pending->str, '\n')) != NULL) {
        gsize length = (gsize) (end - feed->pending->str);
        g_autofree char *line = g_strndup(feed->pending->str, length);
        take_line(feed, line, now_us);
        g_string_erase(feed->pending, 0, (gssize) length + 1);
    }
    if (feed->pending->len > LINE_MOST)
        g_string_truncate(feed->pending, 0);
}

void watcher_feed_take(struct watcher_feed *feed, gint64 now_us)
{
    struct pollfd in = {.fd = feed->fd, .events = POLLIN};
    char chunk[4096];

    while (feed->fd >= 0 && poll(&in, 1, 0) > 0) {
        ssize_t got = read(feed->fd, chunk, sizeof chunk);
        if (got <= 0) {
            feed->fd = -1;
            break;
        }
        g_string_append_len(feed->pending, chunk, got);
        take_lines(feed, now_us);
    }
}

bool watcher_feed_looks(const struct watcher_feed *feed, gint64 now_us)
{
    return now_us < feed->until_us;
}
