/*
 * Connections that wait for us. The library looks away from a suspended one, so that we watch its
 * socket ourselves: a client that has gone away must not hold a child, a stream or a connection.
 */
#include "http/http_private.h"

#include <glib-unix.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

/* Who waits for us is out of the reach of patience: together with the streams they must leave room
 * for those who do not, and viewers for operators. */
enum { MOST_WAITING = 64, MOST_WAITING_OPERATORS = 96 };

void http_show_out(struct http_guest *guest)
{
    if (!guest->shown_out)
        shutdown(guest->fd, SHUT_RDWR);
    guest->shown_out = true;
}

bool http_has_hung_up(const struct http_guest *guest)
{
    struct pollfd line = {.fd = guest->fd, .events = POLLRDHUP};

    return poll(&line, 1, 0) != 0;
}

static void watch(struct http_request *request, short events);

/* Sends it a word that says nothing yet (RFC 9110, 15.2): one who has gone away answers that with a
 * reset. False: it cannot be asked. */
static bool ask_whether_there(const struct http_request *request)
{
    static const char word[] = "HTTP/1.1 102 Processing\r\n\r\n";

    return request->interim && request->waits &&
           send(request->guest->fd, word, strlen(word), MSG_NOSIGNAL | MSG_DONTWAIT) ==
               (ssize_t) strlen(word);
}

/* It may have closed only its own side and still read, as "nc -N" does; but so does who has gone away,
 * and nothing tells the two apart before something is sent. A page that is left must not hold a place
 * among those who wait. */
static gboolean on_hang_up(gint fd, GIOCondition condition, gpointer data)
{
    struct http_request *request = data;
    (void) fd;

    if (!(condition & (POLLHUP | POLLERR)) && ask_whether_there(request)) {
        g_source_unref(request->watch); /* this one, which ends */
        watch(request, POLLHUP | POLLERR);
        return G_SOURCE_REMOVE;
    }
    http_lose(request);
    return G_SOURCE_REMOVE;
}

static void watch(struct http_request *request, short events)
{
    request->watch = g_unix_fd_source_new(request->guest->fd, (GIOCondition) events);
    g_source_set_callback(request->watch, G_SOURCE_FUNC(on_hang_up), request, NULL);
    g_source_set_static_name(request->watch, "http client");
    g_source_attach(request->watch, NULL);
}

bool http_may_wait(const struct http_request *request)
{
    return request->desk->waiting <
           (request->role == HTTP_ROLE_OPERATOR ? MOST_WAITING_OPERATORS : MOST_WAITING);
}

void http_suspend(struct http_request *request)
{
    request->suspended = true;
    request->waits = request->stream == NULL;
    request->desk->waiting += request->waits;
    request->guest->served = true;
    microhttpd->suspend_connection(request->connection);
    /* Not G_IO_IN: what it sends while it waits is nobody's to read. POLLRDHUP: it has closed its
     * side, G_IO_HUP would wait for ours as well. */
    watch(request, POLLRDHUP | POLLHUP | POLLERR);
}

void http_wake(struct http_request *request)
{
    if (!request->suspended)
        return;
    request->suspended = false;
    request->desk->waiting -= request->waits;
    request->waits = false;
    g_source_destroy(request->watch);
    g_clear_pointer(&request->watch, g_source_unref);
    microhttpd->resume_connection(request->connection);
    request->desk->stirred = true;
}

void http_lose(struct http_request *request)
{
    request->lost = true;
    http_show_out(request->guest);
    http_wake(request);
}
