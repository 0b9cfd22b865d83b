/*
 * For tests of the server: a real one, and clients of plain sockets, in one main loop.
 */
#ifndef HOST_HTTP_SERVER_FIXTURE_H
#define HOST_HTTP_SERVER_FIXTURE_H

#include "error.h"
#include "http/http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

static struct {
    struct http *http;
    struct http_request *waiting;
    struct http_stream *stream;
    guint gone, streams_gone;
    GPtrArray *crowd; /* of requests that wait; borrowed */
    guint turned_away;
} world;

/* ---- routes ----------------------------------------------------------------------------------- */

static inline void on_gone(gpointer data)
{
    (void) data;
    world.waiting = NULL;
    world.gone++;
}

static inline void on_stream_gone(gpointer data)
{
    (void) data;
    world.stream = NULL;
    world.streams_gone++;
}

static inline void answer_now(struct http_request *request, gpointer data)
{
    (void) data;
    http_answer_text(request, 200, "text/plain", "now", "X-More", "1", NULL);
}

static inline void answer_last(struct http_request *request, gpointer data)
{
    (void) data;
    http_request_close(request);
    http_answer_text(request, 200, "text/plain", "last", NULL);
}

static inline void answer_later(struct http_request *request, gpointer data)
{
    (void) data;
    world.waiting = request;
    http_request_on_gone(request, on_gone, NULL);
}

static inline void answer_stream(struct http_request *request, gpointer data)
{
    (void) data;
    world.stream = http_answer_stream(request, on_stream_gone, NULL);
}

static inline void on_crowd_gone(gpointer data)
{
    g_ptr_array_remove(world.crowd, data);
    world.turned_away++;
}

static inline void answer_crowd(struct http_request *request, gpointer data)
{
    (void) data;
    g_ptr_array_add(world.crowd, request);
    http_request_on_gone(request, on_crowd_gone, request);
}

static const struct http_route routes[] = {
    {"/now", HTTP_GET, HTTP_FREE, answer_now},
    {"/last", HTTP_GET, HTTP_FREE, answer_last},
    {"/later", HTTP_GET | HTTP_POST, HTTP_FREE, answer_later},
    {"/stream", HTTP_GET, HTTP_FREE, answer_stream},
    {"/crowd", HTTP_GET, HTTP_FREE, answer_crowd},
    {0},
};

/* ---- words ------------------------------------------------------------------------------------ */

static inline struct http *start(const char *tokens, const struct http *before)
{
    struct http_plan plan = {
        .open = true, .routes = routes, .files = http_web_files, .tokens = tokens};
    g_autoptr(GError) error = NULL;

    g_assert_true(http_listen_parse("127.0.0.1:0", &plan.listen, NULL));
    struct http *http = http_start(&plan, before, &error);
    g_assert_no_error(error);
    return http;
}

static inline void begin_with(const char *tokens)
{
    memset(&world, 0, sizeof world);
    world.crowd = g_ptr_array_new();
    world.http = start(tokens, NULL);
}

static inline void begin(void)
{
    begin_with(NULL);
}

static inline void end(void)
{
    http_stop(world.http);
    g_ptr_array_unref(world.crowd);
}

/* A connection; flags are those of socket(). */
static inline int call(int flags)
{
    g_autofree char *where = http_where(world.http);
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);

    address.sin_port = htons((uint16_t) g_ascii_strtoull(strrchr(where, ':') + 1, NULL, 10));
    int failed = connect(fd, (struct sockaddr *) (void *) &address, (socklen_t) sizeof address);
    g_assert_true(failed == 0 || (flags & SOCK_NONBLOCK && errno == EINPROGRESS));
    return fd;
}

static inline int ask(const char *request)
{
    int fd = call(0);

    g_assert_cmpint(send(fd, request, strlen(request), MSG_NOSIGNAL), ==,
                    (ssize_t) strlen(request));
    return fd;
}

#define CLOSING "Host: localhost\r\nConnection: close\r\n\r\n"

static inline int get(const char *path)
{
    g_autofree char *request = g_strdup_printf("GET %s HTTP/1.1\r\n" CLOSING, path);

    return ask(request);
}

static inline gboolean tick(gpointer data)
{
    (void) data;
    return G_SOURCE_CONTINUE;
}

/* The loop runs until that is so. */
#define WAIT_FOR(condition)                                                                    \
    do {                                                                                       \
        guint ticks = g_timeout_add(10, tick, NULL);                                           \
        gint64 until_us = g_get_monotonic_time() + 30 * G_USEC_PER_SEC;                        \
        while (!(condition) && g_get_monotonic_time() < until_us)                              \
            g_main_context_iteration(NULL, TRUE);                                              \
        g_source_remove(ticks);                                                                \
        g_assert_true(condition);                                                              \
    } while (0)

/* Reads on without waiting. False: it has ended. */
static inline bool read_more(int fd, GString *text)
{
    char buffer[65536];
    ssize_t length = recv(fd, buffer, sizeof buffer, MSG_DONTWAIT);

    if (length > 0)
        g_string_append_len(text, buffer, length);
    return length > 0 || (length < 0 && errno == EAGAIN);
}

static inline char *read_all(int fd)
{
    GString *text = g_string_new(NULL);

    WAIT_FOR(!read_more(fd, text));
    close(fd);
    return g_string_free(text, FALSE);
}

static inline void assert_has(const char *text, const char *part)
{
    if (strstr(text, part) == NULL)
        g_error("no \"%s\" in: %s", part, text);
}

#endif
