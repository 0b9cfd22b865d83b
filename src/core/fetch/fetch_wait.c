/*
 * One poll() for libcurl's sockets and the caller's. (curl_multi_poll() takes descriptors as well,
 * but keeps POLLHUP to itself: a pipe whose other end is gone would never be told of.)
 */
#include "fetch/fetch_private.h"

/* ---- what libcurl waits for ---------------------------------------------------------------- */

int fetch_on_socket(CURL *easy, curl_socket_t socket, int what, void *data, void *unused)
{
    struct fetch *fetch = data;
    guint i = 0;

    (void) easy, (void) unused;
    while (i < fetch->sockets->len &&
           g_array_index(fetch->sockets, struct pollfd, i).fd != socket)
        i++;
    if (what == CURL_POLL_REMOVE) {
        if (i < fetch->sockets->len)
            g_array_remove_index_fast(fetch->sockets, i);
        return 0;
    }
    if (i == fetch->sockets->len)
        g_array_set_size(fetch->sockets, i + 1);
    g_array_index(fetch->sockets, struct pollfd, i) = (struct pollfd){
        .fd = socket,
        .events =
            (short) ((what & CURL_POLL_IN ? POLLIN : 0) | (what & CURL_POLL_OUT ? POLLOUT : 0)),
    };
    return 0;
}

int fetch_on_timer(CURLM *multi, long timeout_ms, void *data)
{
    struct fetch *fetch = data;

    (void) multi;
    fetch->timer_us =
        timeout_ms < 0 ? -1 : g_get_monotonic_time() + timeout_ms * G_TIME_SPAN_MILLISECOND;
    return 0;
}

/* ---- what has ended ------------------------------------------------------------------------ */

static void end(struct fetch *fetch, struct exchange *exchange, CURLcode code)
{
    g_autofree char *error = exchange_error(exchange, code);
    double seconds = 0;

    if (exchange->easy != NULL)
        curl->easy_getinfo(exchange->easy, CURLINFO_TOTAL_TIME, &seconds);
    const struct fetch_answer answer = {
        .status = exchange_status(exchange),
        .error = error,
        .body = exchange->answer->str,
        .length = exchange->answer->len,
        .retry_after = exchange->retry_after,
        .turned_away = exchange->turned_away != NULL ? exchange->turned_away->str : NULL,
        .seconds = seconds,
    };
    if (exchange->refused == NULL)
        curl->multi_remove_handle(fetch->multi, exchange->easy);
    g_ptr_array_remove(fetch->active, exchange);
    exchange->done(&answer, exchange->data);
    exchange_free(exchange);
}

/* True: at least one has ended. */
static bool end_refused(struct fetch *fetch)
{
    bool any = false;

    for (guint i = fetch->active->len; i-- > 0;) {
        /* done() of one may have begun others, so the list is longer, never shorter. */
        struct exchange *exchange = fetch->active->pdata[i];
        if (exchange->refused == NULL)
            continue;
        end(fetch, exchange, CURLE_OK);
        any = true;
    }
    return any;
}

static bool end_done(struct fetch *fetch)
{
    bool any = end_refused(fetch);
    CURLMsg *message;
    int left;

    while ((message = curl->multi_info_read(fetch->multi, &left)) != NULL) {
        struct exchange *exchange = NULL;
        CURLcode code = message->data.result;
        curl->easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &exchange);
        end(fetch, exchange, code);
        any = true;
    }
    return any;
}

void fetch_give_up(struct fetch *fetch)
{
    while (fetch->active->len > 0)
        end(fetch, fetch->active->pdata[0], CURLE_ABORTED_BY_CALLBACK);
}

/* ---- waiting ------------------------------------------------------------------------------- */

static int milliseconds_until(gint64 moment_us)
{
    gint64 left = moment_us - g_get_monotonic_time();

    return left <= 0 ? 0 : (int) MIN((left + 999) / 1000, G_MAXINT32);
}

/* The nearer of the two; -1 is never. */
static gint64 nearer(gint64 left_us, gint64 right_us)
{
    return left_us < 0 ? right_us : right_us < 0 ? left_us : MIN(left_us, right_us);
}

static void call_curl(struct fetch *fetch, const struct pollfd *sockets, guint count)
{
    int running;

    for (guint i = 0; i < count; i++) {
        short what = sockets[i].revents;
        int mask = (what & (POLLIN | POLLHUP) ? CURL_CSELECT_IN : 0) |
                   (what & POLLOUT ? CURL_CSELECT_OUT : 0) |
                   (what & (POLLERR | POLLNVAL) ? CURL_CSELECT_ERR : 0);
        if (mask != 0)
            curl->multi_socket_action(fetch->multi, sockets[i].fd, mask, &running);
    }
    if (fetch->timer_us >= 0 && fetch->timer_us <= g_get_monotonic_time()) {
        fetch->timer_us = -1; /* set again from within, where there is more to wait for */
        curl->multi_socket_action(fetch->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    }
}

/* Sets the revents of the caller's own. What poll() returned, for those. */
static int poll_all(struct fetch *fetch, struct pollfd *own, guint count, gint64 until_us)
{
    g_autoptr(GArray) all = g_array_sized_new(FALSE, FALSE, sizeof(struct pollfd), count + 8);

    g_array_append_vals(all, own, count);
    g_array_append_vals(all, fetch->sockets->data, fetch->sockets->len);
    gint64 moment_us = nearer(until_us, fetch->timer_us);
    struct pollfd *each = (struct pollfd *) (gpointer) all->data;
    int ready = poll(each, all->len, moment_us < 0 ? -1 : milliseconds_until(moment_us));
    int ours = ready < 0 ? -1 : 0;
    for (guint i = 0; i < count; i++) {
        own[i].revents = ready < 0 ? 0 : each[i].revents;
        ours += own[i].revents != 0;
    }
    if (ready >= 0)
        call_curl(fetch, each + count, all->len - count);
    return ours;
}

bool fetch_wait(struct fetch *fetch, struct pollfd *own, guint count, int timeout_ms)
{
    gint64 until_us =
        timeout_ms < 0 ? -1
                       : g_get_monotonic_time() + timeout_ms * (gint64) G_TIME_SPAN_MILLISECOND;
    bool ended = end_refused(fetch);

    for (;;) {
        int ours = poll_all(fetch, own, count, ended ? 0 : until_us);
        if (fetch->multi != NULL)
            ended = end_done(fetch) || ended;
        bool over = until_us >= 0 && milliseconds_until(until_us) == 0;
        if (ours != 0 || ended || over)
            return ours > 0;
    }
}
