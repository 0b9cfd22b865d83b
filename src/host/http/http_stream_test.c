/*
 * Who listens keeps nobody else from listening.
 */
#include "http/http_server_fixture.h"

enum { OF_NETWORK = 16, STRANGERS = 32, KNOWN = 32, OPERATORS = 40 };

static struct {
    int fds[STRANGERS + OPERATORS];
    guint count;
} open_streams;

/* Asks from that address of this machine; token and accept may be NULL. */
static int listen_from(const char *source, const char *token, const char *accept)
{
    g_autofree char *where = http_where(world.http);
    g_autofree char *bearer =
        token != NULL ? g_strdup_printf("Authorization: Bearer %s\r\n", token) : g_strdup("");
    g_autofree char *request =
        g_strdup_printf("GET /stream HTTP/1.1\r\nHost: localhost\r\n%sAccept: %s\r\n"
                        "Connection: close\r\n\r\n",
                        bearer, accept != NULL ? accept : "*/*");
    struct sockaddr_in from = {.sin_family = AF_INET}, to = {.sin_family = AF_INET};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    g_assert_cmpint(inet_pton(AF_INET, source, &from.sin_addr), ==, 1);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to.sin_port = htons((uint16_t) g_ascii_strtoull(strrchr(where, ':') + 1, NULL, 10));
    g_assert_cmpint(bind(fd, (struct sockaddr *) (void *) &from, (socklen_t) sizeof from), ==,
                    0);
    g_assert_cmpint(connect(fd, (struct sockaddr *) (void *) &to, (socklen_t) sizeof to), ==,
                    0);
    g_assert_cmpint(send(fd, request, strlen(request), MSG_NOSIGNAL), ==,
                    (ssize_t) strlen(request));
    return fd;
}

static void take_places(const char *source, const char *token, guint count)
{
    for (guint i = 0; i < count; i++) {
        open_streams.fds[open_streams.count++] = listen_from(source, token, NULL);
        WAIT_FOR(http_streams(world.http) == open_streams.count);
    }
}

static void assert_no_room(const char *source, const char *token)
{
    g_autofree char *refused = read_all(listen_from(source, token, NULL));

    assert_has(refused, "HTTP/1.1 503 ");
    assert_has(refused, "Retry-After: 30\r\n");
}

static void leave_all(void)
{
    while (open_streams.count > 0)
        close(open_streams.fds[--open_streams.count]);
    WAIT_FOR(http_streams(world.http) == 0);
}

static void test_strangers(void)
{
    begin();
    take_places("127.0.0.1", NULL, OF_NETWORK);
    assert_no_room("127.0.0.1", NULL);
    take_places("127.0.0.2", NULL, OF_NETWORK);
    assert_no_room("127.0.0.3", NULL);
    leave_all();
    take_places("127.0.0.1", NULL, OF_NETWORK);
    leave_all();
    end();
}

static void test_known(void)
{
    g_autofree char *folder = g_dir_make_tmp("pgrunbook-http-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "tokens", NULL);
    g_autofree char *viewer = NULL, *operator= NULL;
    g_assert_true(http_tokens_add(path, "vera", HTTP_ROLE_VIEWER, 0, &viewer, NULL));
    g_assert_true(http_tokens_add(path, "ann", HTTP_ROLE_OPERATOR, 0, &operator, NULL));
    begin_with(path);
    take_places("127.0.0.1", NULL, OF_NETWORK);
    take_places("127.0.0.2", NULL, OF_NETWORK);
    take_places("127.0.0.1", viewer, KNOWN);
    assert_no_room("127.0.0.1", viewer);
    take_places("127.0.0.1", operator, OPERATORS - KNOWN);
    assert_no_room("127.0.0.1", operator);
    leave_all();
    end();
    unlink(path);
    rmdir(folder);
}

/* What reads events is told by one. */
static void test_full(void)
{
    begin();
    take_places("127.0.0.1", NULL, OF_NETWORK);
    g_autofree char *full = read_all(listen_from("127.0.0.1", NULL, "text/event-stream"));
    assert_has(full, "HTTP/1.1 200 ");
    assert_has(full, "Content-Type: text/event-stream\r\n");
    assert_has(full, "retry: 30000\nevent: full\ndata: {\"error\":\"there are too many");
    g_assert_true(g_str_has_suffix(full, "\"}\n\n"));
    leave_all();
    end();
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/http/stream/strangers", test_strangers);
    g_test_add_func("/http/stream/known", test_known);
    g_test_add_func("/http/stream/full", test_full);
    return g_test_run();
}
