/*
 * The server as its clients meet it.
 */
#include "http/http_server_fixture.h"

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
    int fds[16];
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
    g_autofree char *page = read_all(ask("GET / HTTP/1.1\r\n"
                                         "Accept-Encoding: gzip\r\n" CLOSING));
    assert_has(page, "Content-Type: text/html; charset=utf-8\r\n");
    assert_has(page, "Content-Encoding: gzip\r\n");
    const char *etag = strstr(page, "ETag: ") + strlen("ETag: ");
    g_autofree char *again =
        g_strdup_printf("GET /index.html HTTP/1.1\r\nIf-None-Match: %.*s\r\n" CLOSING,
                        (int) strcspn(etag, "\r"), etag);
    g_autofree char *same = read_all(ask(again));
    assert_has(same, "HTTP/1.1 304 ");
    g_autofree char *plain = read_all(get("/"));
    assert_has(plain, "HTTP/1.1 200 ");
    assert_has(plain, "<!doctype html>");
    g_assert_null(strstr(plain, "Content-Encoding"));
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
    return g_test_run();
}
