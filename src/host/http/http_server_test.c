/*
 * The server as its clients meet it: a real one, and clients of plain sockets, in one main loop.
 */
#include "error.h"
#include "http/http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/resource.h>
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

static void on_gone(gpointer data)
{
    (void) data;
    world.waiting = NULL;
    world.gone++;
}

static void on_stream_gone(gpointer data)
{
    (void) data;
    world.stream = NULL;
    world.streams_gone++;
}

static void answer_now(struct http_request *request, gpointer data)
{
    (void) data;
    http_answer_text(request, 200, "text/plain", "now", "X-More", "1", NULL);
}

static void answer_later(struct http_request *request, gpointer data)
{
    (void) data;
    world.waiting = request;
    http_request_on_gone(request, on_gone, NULL);
}

static void answer_stream(struct http_request *request, gpointer data)
{
    (void) data;
    world.stream = http_answer_stream(request, on_stream_gone, NULL);
}

static void on_crowd_gone(gpointer data)
{
    g_ptr_array_remove(world.crowd, data);
    world.turned_away++;
}

static void answer_crowd(struct http_request *request, gpointer data)
{
    (void) data;
    g_ptr_array_add(world.crowd, request);
    http_request_on_gone(request, on_crowd_gone, request);
}

static const struct http_route routes[] = {
    {"/now", HTTP_GET, HTTP_FREE, answer_now},
    {"/later", HTTP_GET | HTTP_POST, HTTP_FREE, answer_later},
    {"/stream", HTTP_GET, HTTP_FREE, answer_stream},
    {"/crowd", HTTP_GET, HTTP_FREE, answer_crowd},
    {0},
};

/* ---- words ------------------------------------------------------------------------------------ */

static struct http *start(const char *tokens, const struct http *before)
{
    struct http_plan plan = {
        .open = true, .routes = routes, .files = http_web_files, .tokens = tokens};
    g_autoptr(GError) error = NULL;

    g_assert_true(http_listen_parse("127.0.0.1:0", &plan.listen, NULL));
    struct http *http = http_start(&plan, before, &error);
    g_assert_no_error(error);
    return http;
}

static void begin_with(const char *tokens)
{
    memset(&world, 0, sizeof world);
    world.crowd = g_ptr_array_new();
    world.http = start(tokens, NULL);
}

static void begin(void)
{
    begin_with(NULL);
}

static void end(void)
{
    http_stop(world.http);
    g_ptr_array_unref(world.crowd);
}

static int ask(const char *request)
{
    g_autofree char *where = http_where(world.http);
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    address.sin_port = htons((uint16_t) g_ascii_strtoull(strrchr(where, ':') + 1, NULL, 10));
    g_assert_cmpint(
        connect(fd, (struct sockaddr *) (void *) &address, (socklen_t) sizeof address), ==, 0);
    g_assert_cmpint(send(fd, request, strlen(request), MSG_NOSIGNAL), ==,
                    (ssize_t) strlen(request));
    return fd;
}

static int get(const char *path)
{
    g_autofree char *request =
        g_strdup_printf("GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", path);

    return ask(request);
}

static gboolean tick(gpointer data)
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
static bool read_more(int fd, GString *text)
{
    char buffer[65536];
    ssize_t length = recv(fd, buffer, sizeof buffer, MSG_DONTWAIT);

    if (length > 0)
        g_string_append_len(text, buffer, length);
    return length > 0 || (length < 0 && errno == EAGAIN);
}

static char *read_all(int fd)
{
    GString *text = g_string_new(NULL);

    WAIT_FOR(!read_more(fd, text));
    close(fd);
    return g_string_free(text, FALSE);
}

static void assert_has(const char *text, const char *part)
{
    if (strstr(text, part) == NULL)
        g_error("no \"%s\" in: %s", part, text);
}

/* ---- tests ------------------------------------------------------------------------------------ */

static void test_answers(void)
{
    begin();
    g_autofree char *now = read_all(get("/now"));
    assert_has(now, "HTTP/1.1 200 OK\r\n");
    assert_has(now, "X-More: 1\r\n");
    assert_has(now, "Content-Security-Policy: default-src 'none';");
    g_assert_true(g_str_has_suffix(now, "\r\n\r\nnow"));
    g_autofree char *nowhere = read_all(get("/../now"));
    assert_has(nowhere, "HTTP/1.1 404 ");
    g_autofree char *wrong = read_all(ask("POST /now HTTP/1.1\r\nHost: localhost\r\n"
                                          "Content-Length: 0\r\n\r\n"));
    assert_has(wrong, "HTTP/1.1 405 ");
    end();
}

static void test_later(void)
{
    begin();
    int fd = ask("POST /later HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello");
    WAIT_FOR(world.waiting != NULL);
    g_assert_cmpstr(http_request_body(world.waiting, NULL), ==, "hello");
    http_answer_text(world.waiting, 202, "text/plain", "at last", NULL);
    g_autofree char *answer = read_all(fd);
    assert_has(answer, "HTTP/1.1 202 ");
    g_assert_true(g_str_has_suffix(answer, "\r\n\r\nat last"));
    g_assert_cmpuint(world.gone, ==, 0);
    end();
}

static void test_client_goes_away(void)
{
    begin();
    int fd = get("/later");
    WAIT_FOR(world.waiting != NULL);
    close(fd);
    WAIT_FOR(world.gone == 1);
    WAIT_FOR(http_connections(world.http) == 0);
    end();
}

static void test_server_stops(void)
{
    begin();
    int later = get("/later"), stream = get("/stream");
    WAIT_FOR(world.waiting != NULL && world.stream != NULL);
    end();
    g_assert_cmpuint(world.gone, ==, 1);
    g_assert_cmpuint(world.streams_gone, ==, 1);
    close(later);
    close(stream);
}

/* Woken, and not yet run: it must not fall asleep again within the end. */
static void test_server_stops_in_the_middle(void)
{
    begin();
    int later = get("/later"), stream = get("/stream");
    WAIT_FOR(world.waiting != NULL && world.stream != NULL);
    for (int i = 0; i < 20; i++)
        g_main_context_iteration(NULL, FALSE);
    g_assert_true(http_stream_event(world.stream, NULL, "1"));
    http_answer_text(world.waiting, 200, "text/plain", "late", NULL);
    int unheard = get("/later");
    end();
    g_assert_cmpuint(world.streams_gone, ==, 1);
    g_assert_cmpuint(world.gone, ==, 0);
    close(later);
    close(stream);
    close(unheard);
}

/* Who has asked the old server and was not heard yet is answered by the new one. */
static void test_another_takes_its_place(void)
{
    begin();
    int unheard = get("/now");
    g_autofree char *where = http_where(world.http);
    struct http *next = start(NULL, world.http);
    http_stop(world.http);
    world.http = next;
    g_autofree char *same = http_where(world.http);
    g_assert_cmpstr(same, ==, where);
    g_autofree char *answer = read_all(unheard);
    assert_has(answer, "HTTP/1.1 200 ");
    g_autofree char *now = read_all(get("/now"));
    assert_has(now, "HTTP/1.1 200 ");
    end();
}

static void test_stream(void)
{
    g_autoptr(GString) text = g_string_new(NULL);
    begin();
    int fd = get("/stream");
    WAIT_FOR(world.stream != NULL);
    g_assert_cmpuint(http_streams(world.http), ==, 1);
    g_assert_true(http_stream_event(world.stream, "state", "{\"state\":\"up\"}"));
    WAIT_FOR((read_more(fd, text), strstr(text->str, "up") != NULL));
    assert_has(text->str, "Content-Type: text/event-stream\r\n");
    assert_has(text->str, "event: state\ndata: {\"state\":\"up\"}\n\n");
    g_autofree char *large = g_strnfill(300000, 'x');
    g_assert_true(http_stream_event(world.stream, NULL, large));
    g_assert_true(http_stream_event(world.stream, "after", "1"));
    WAIT_FOR((read_more(fd, text), strstr(text->str, "event: after") != NULL));
    http_stream_end(world.stream);
    WAIT_FOR(!read_more(fd, text));
    WAIT_FOR(http_streams(world.http) == 0);
    g_assert_cmpuint(world.streams_gone, ==, 0);
    close(fd);
    end();
}

static void test_stream_reader_goes(void)
{
    begin();
    int fd = get("/stream");
    WAIT_FOR(world.stream != NULL);
    close(fd);
    WAIT_FOR(world.streams_gone == 1);
    g_assert_cmpuint(http_streams(world.http), ==, 0);
    end();
}

static void test_stream_slow_reader(void)
{
    g_autofree char *large = g_strnfill(100000, 'x');
    bool taken = true;
    begin();
    int fd = get("/stream");
    WAIT_FOR(world.stream != NULL);
    for (int i = 0; i < 200 && taken; i++)
        taken = http_stream_event(world.stream, "large", large);
    g_assert_false(taken);
    WAIT_FOR(world.streams_gone == 1);
    close(fd);
    end();
}

static void test_stream_most(void)
{
    int fds[32];
    begin();
    for (guint i = 0; i < G_N_ELEMENTS(fds); i++) {
        fds[i] = get("/stream");
        WAIT_FOR(http_streams(world.http) == i + 1);
    }
    g_autofree char *refused = read_all(get("/stream"));
    assert_has(refused, "HTTP/1.1 503 ");
    g_assert_null(world.stream);
    for (guint i = 0; i < G_N_ELEMENTS(fds); i++)
        close(fds[i]);
    WAIT_FOR(http_streams(world.http) == 0);
    end();
}

static void test_files(void)
{
    begin();
    g_autofree char *page = read_all(ask("GET / HTTP/1.1\r\nHost: localhost\r\n"
                                         "Accept-Encoding: gzip\r\n\r\n"));
    assert_has(page, "Content-Type: text/html; charset=utf-8\r\n");
    assert_has(page, "Content-Encoding: gzip\r\n");
    const char *etag = strstr(page, "ETag: ") + strlen("ETag: ");
    g_autofree char *again = g_strdup_printf(
        "GET /index.html HTTP/1.1\r\nHost: localhost\r\nIf-None-Match: %.*s\r\n\r\n",
        (int) strcspn(etag, "\r"), etag);
    g_autofree char *same = read_all(ask(again));
    assert_has(same, "HTTP/1.1 304 ");
    end();
}

enum { CROWD = 256, SPARED = 64 /* of viewers */ };

/* Until that many have asked in all: they wait, or were told that there are too many. */
static void let_come(guint many)
{
    WAIT_FOR(world.crowd->len + world.turned_away == many);
}

static void answer_all(void)
{
    while (world.crowd->len > 0) {
        struct http_request *request = g_ptr_array_steal_index(world.crowd, 0);
        http_request_on_gone(request, NULL, NULL);
        http_answer_text(request, 200, "text/plain", "at last", NULL);
    }
}

/* All for one answer that does not come: others are answered as ever, and so are all of these, and
 * who comes after them. */
static void test_crowd_that_waits(void)
{
    int fds[CROWD];
    guint good = 0;
    begin();
    for (guint i = 0; i < CROWD; i++) {
        fds[i] = get("/crowd");
        let_come(i + 1);
    }
    g_assert_cmpuint(world.crowd->len, ==, SPARED);
    g_autofree char *meanwhile = read_all(get("/now"));
    assert_has(meanwhile, "HTTP/1.1 200 ");
    answer_all();
    for (guint i = 0; i < CROWD; i++) {
        g_autofree char *answer = read_all(fds[i]);
        bool served = g_str_has_prefix(answer, "HTTP/1.1 200 ");
        /* The latest were told so; of the others some were shown out for the next. */
        if (!served && answer[0] != '\0') {
            assert_has(answer, "HTTP/1.1 503 ");
            assert_has(answer, "Retry-After: 5\r\n");
        }
        good += served;
    }
    g_assert_cmpuint(good, ==, SPARED);
    WAIT_FOR(http_connections(world.http) == 0);
    g_autofree char *after = read_all(get("/now"));
    assert_has(after, "HTTP/1.1 200 ");
    end();
}

static void test_crowd_leaves_room_for_an_operator(void)
{
    g_autofree char *folder = g_dir_make_tmp("pgrunbook-http-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "tokens", NULL), *secret = NULL;
    int fds[SPARED + 1];
    g_assert_true(http_tokens_add(path, "ann", HTTP_ROLE_OPERATOR, 0, &secret, NULL));
    begin_with(path);
    for (guint i = 0; i < SPARED + 1; i++) {
        fds[i] = get("/crowd");
        let_come(i + 1);
    }
    g_assert_cmpuint(world.turned_away, ==, 1);
    g_autofree char *request = g_strdup_printf("GET /crowd HTTP/1.1\r\nHost: localhost\r\n"
                                               "Authorization: Bearer %s\r\n\r\n",
                                               secret);
    int ann = ask(request);
    let_come(SPARED + 2);
    g_assert_cmpuint(world.turned_away, ==, 1);
    answer_all();
    g_autofree char *answer = read_all(ann);
    assert_has(answer, "HTTP/1.1 200 ");
    for (guint i = 0; i < SPARED + 1; i++)
        close(fds[i]);
    end();
    unlink(path);
    rmdir(folder);
}

/* The process has no descriptor left for the next client: it is served when one is free again. */
static void test_out_of_descriptors(void)
{
    struct rlimit before, now;
    begin();
    int first = get("/later");
    WAIT_FOR(world.waiting != NULL);
    int second = get("/now"), next_fd = dup(first);
    close(next_fd);
    g_assert_cmpint(getrlimit(RLIMIT_NOFILE, &before), ==, 0);
    now = before;
    now.rlim_cur = (rlim_t) next_fd;
    g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &now), ==, 0);
    for (int i = 0; i < 50; i++)
        g_main_context_iteration(NULL, FALSE);
    g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &before), ==, 0);
    g_assert_cmpuint(http_connections(world.http), ==, 1);
    http_answer_text(world.waiting, 200, "text/plain", "at last", NULL);
    g_autofree char *answer = read_all(first);
    assert_has(answer, "at last");
    g_autofree char *next = read_all(second);
    assert_has(next, "HTTP/1.1 200 ");
    end();
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/http/server/answers", test_answers);
    g_test_add_func("/http/server/later", test_later);
    g_test_add_func("/http/server/client-goes-away", test_client_goes_away);
    g_test_add_func("/http/server/stops", test_server_stops);
    g_test_add_func("/http/server/stops-in-the-middle", test_server_stops_in_the_middle);
    g_test_add_func("/http/server/another-takes-its-place", test_another_takes_its_place);
    g_test_add_func("/http/server/stream", test_stream);
    g_test_add_func("/http/server/stream-reader-goes", test_stream_reader_goes);
    g_test_add_func("/http/server/stream-slow-reader", test_stream_slow_reader);
    g_test_add_func("/http/server/stream-most", test_stream_most);
    g_test_add_func("/http/server/files", test_files);
    g_test_add_func("/http/server/crowd-that-waits", test_crowd_that_waits);
    g_test_add_func("/http/server/crowd-and-operator", test_crowd_leaves_room_for_an_operator);
    g_test_add_func("/http/server/out-of-descriptors", test_out_of_descriptors);
    return g_test_run();
}
