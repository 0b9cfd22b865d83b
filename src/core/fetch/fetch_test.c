#include "error.h"
#include "fetch/curl_library.h"
#include "fetch/fetch.h"
#include "library_names.h"

#include <arpa/inet.h>
#include <errno.h>
#include <glib-unix.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- a server that behaves as badly as the path asks for ----------------------------------- */

struct server {
    int socket;
    guint port;
    GThread *thread;
    int stop[2];
};

static bool say(int client, const char *text)
{
    gsize length = strlen(text);

    while (length > 0) {
        ssize_t sent = send(client, text, length, MSG_NOSIGNAL);
        if (sent <= 0)
            return false;
        text += sent;
        length -= (gsize) sent;
    }
    return true;
}

/* Until the client goes away. */
static void await_end(int client)
{
    char byte;

    while (recv(client, &byte, 1, 0) > 0)
        ;
}

static void endless(int client, const char *head, const char *piece)
{
    for (bool more = say(client, head); more;)
        more = say(client, piece);
}

static void drip(int client, const char *text)
{
    for (char piece[2] = {0}; *text != '\0'; text++) {
        piece[0] = *text;
        if (!say(client, piece))
            return;
        g_usleep(5000);
    }
}

static void echo(int client, const char *request)
{
    g_autofree char *answer = g_strdup_printf(
        "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%s", strlen(request), request);

    say(client, answer);
}

/* Header and body of a request; NULL when the client went away. Caller frees. */
static char *read_request(int client)
{
    g_autoptr(GString) text = g_string_new(NULL);
    const char *end = NULL, *length;
    char chunk[512];

    for (;;) {
        end = strstr(text->str, "\r\n\r\n");
        length = end != NULL ? strstr(text->str, "Content-Length: ") : NULL;
        if (end != NULL &&
            (length == NULL ||
             strlen(end + 4) >=
                 g_ascii_strtoull(length + strlen("Content-Length: "), NULL, 10)))
            return g_strdup(text->str);
        ssize_t got = recv(client, chunk, sizeof chunk, 0);
        if (got <= 0)
            return NULL;
        g_string_append_len(text, chunk, got);
    }
}

static void answer(int client, const char *request)
{
    static const struct {
        const char *path, *text;
        void (*then)(int client);
    } plain[] = {
        {" /ok ", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nready", NULL},
        {" /503 ", "HTTP/1.1 503 No\r\nRetry-After:  17 \r\nContent-Length: 0\r\n\r\n", NULL},
        {" /moved ", "HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\n\r\n", NULL},
        {" /hang ", "", await_end},
        {" /half ", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf", await_end},
        {" /head ", "HTTP/1.1 200 OK\r\n", await_end},
        {" /continue ", "HTTP/1.1 100 Continue\r\n\r\n", await_end},
        {" /early ", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf", NULL},
        {" /close ", "", NULL},
        {" /garbage ", "\x01\x02 what?\n\n", NULL},
        {" /nothing ", "HTTP/1.1 204 No Content\r\n\r\n", NULL},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(plain); i++) {
        if (strstr(request, plain[i].path) == NULL)
            continue;
        say(client, plain[i].text);
        if (plain[i].then != NULL)
            plain[i].then(client);
        return;
    }
    if (strstr(request, " /endless ") != NULL)
        endless(client, "HTTP/1.1 200 OK\r\n\r\n", "0123456789abcdef");
    else if (strstr(request, " /headers ") != NULL)
        endless(client, "HTTP/1.1 200 OK\r\n", "X-More: 0123456789abcdef\r\n");
    else if (strstr(request, " /slow ") != NULL)
        drip(client, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    else
        echo(client, request);
}

static gpointer serve_client(gpointer data)
{
    int client = GPOINTER_TO_INT(data);
    g_autofree char *request = read_request(client);

    if (request != NULL)
        answer(client, request);
    close(client);
    return NULL;
}

static gpointer serve(gpointer data)
{
    struct server *server = data;
    g_autoptr(GPtrArray) threads = g_ptr_array_new();

    for (;;) {
        struct pollfd wait[] = {{server->socket, POLLIN, 0}, {server->stop[0], POLLIN, 0}};
        poll(wait, 2, -1);
        if (wait[1].revents != 0)
            break;
        int client = accept(server->socket, NULL, NULL);
        if (client >= 0)
            g_ptr_array_add(threads,
                            g_thread_new("client", serve_client, GINT_TO_POINTER(client)));
    }
    for (guint i = 0; i < threads->len; i++)
        g_thread_join(threads->pdata[i]);
    return NULL;
}

static int listen_somewhere(guint *ret_port)
{
    struct sockaddr_in place = {.sin_family = AF_INET,
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof place;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    g_assert_cmpint(bind(listener, (struct sockaddr *) &place, length), ==, 0);
    g_assert_cmpint(listen(listener, 64), ==, 0);
    g_assert_cmpint(getsockname(listener, (struct sockaddr *) &place, &length), ==, 0);
    *ret_port = ntohs(place.sin_port);
    return listener;
}

static void start(struct server *server)
{
    server->socket = listen_somewhere(&server->port);
    g_assert_true(g_unix_open_pipe(server->stop, FD_CLOEXEC, NULL));
    server->thread = g_thread_new("server", serve, server);
}

static void stop(struct server *server)
{
    close(server->stop[1]);
    g_thread_join(server->thread);
    close(server->stop[0]);
    close(server->socket);
}

/* ---- asking it ----------------------------------------------------------------------------- */

struct result {
    int status;
    char *error, *body, *retry_after;
    gsize length;
    guint called;
};

static void keep(const struct fetch_answer *answer, gpointer data)
{
    struct result *result = data;

    result->status = answer->status;
    result->error = g_strdup(answer->error);
    result->body = g_strdup(answer->body);
    result->length = answer->length;
    result->retry_after = g_strdup(answer->retry_after);
    result->called++;
}

static void clear(struct result *result)
{
    g_free(result->error);
    g_free(result->body);
    g_free(result->retry_after);
    *result = (struct result){0};
}

static void await_all(struct fetch *fetch)
{
    gint64 deadline = g_get_monotonic_time() + 60 * (gint64) G_USEC_PER_SEC;

    while (fetch_pending(fetch) > 0) {
        g_assert_cmpint(g_get_monotonic_time(), <, deadline);
        g_assert_false(fetch_wait(fetch, NULL, 0, 1000));
    }
}

static struct result ask(struct server *server, const char *path, gint64 timeout_ms)
{
    AUTO(fetch) fetch = fetch_new();
    g_autofree char *url = g_strdup_printf("http://127.0.0.1:%u%s", server->port, path);
    struct fetch_request request = {.url = url, .timeout_ms = timeout_ms, .keep = 16};
    struct result result = {0};

    fetch_start(fetch, &request, keep, &result);
    g_assert_cmpint(result.called, ==, 0);
    await_all(fetch);
    g_assert_cmpint(result.called, ==, 1);
    return result;
}

static void expect(struct server *server, const char *path, int status, const char *body,
                   const char *error)
{
    struct result result = ask(server, path, error != NULL ? 300 : 30000);
    g_autofree char *port = g_strdup_printf("%u", server->port);
    g_autofree char *place = g_strdup_printf("127.0.0.1 port %s", port);
    g_auto(GStrv) pieces = g_strsplit(error != NULL ? error : "", "PLACE", -1);
    g_autofree char *words = g_strjoinv(place, pieces);

    g_assert_cmpint(result.status, ==, status);
    g_assert_cmpstr(result.body, ==, body);
    g_assert_cmpuint(result.length, ==, strlen(body));
    g_assert_cmpstr(result.error, ==, error != NULL ? words : NULL);
    clear(&result);
}

static void test_answers(void)
{
    struct server server;

    start(&server);
    expect(&server, "/ok", 200, "ready", NULL);
    expect(&server, "/503", 503, "", NULL);
    expect(&server, "/nothing", 204, "", NULL);
    expect(&server, "/slow", 200, "ok", NULL);
    expect(&server, "/endless", 200, "0123456789abcdef", NULL);
    /* Told, not followed. */
    expect(&server, "/moved", 302, "", NULL);
    struct result late = ask(&server, "/503", 30000);
    g_assert_cmpstr(late.retry_after, ==, "17");
    clear(&late);
    stop(&server);
}

static void test_failures(void)
{
    struct server server;

    start(&server);
    expect(&server, "/hang", 0, "", "no answer of PLACE within 0.3 s");
    /* Who stops within the header has not answered. */
    expect(&server, "/head", 0, "", "no answer of PLACE within 0.3 s");
    expect(&server, "/continue", 0, "", "no answer of PLACE within 0.3 s");
    expect(&server, "/half", 200, "half", "the answer of PLACE did not end within 0.3 s");
    expect(&server, "/early", 200, "half", "the answer of PLACE ended early");
    expect(&server, "/close", 0, "", "PLACE closed the connection without an answer");
    expect(&server, "/garbage", 0, "", "the answer of PLACE is not HTTP");
    struct result result = ask(&server, "/headers", 30000);
    g_assert_cmpstr(result.error, ==, "the answer's header is longer than 64 kB");
    clear(&result);
    stop(&server);
    result = ask(&server, "/ok", 30000);
    g_assert_cmpint(result.status, ==, 0);
    g_assert_true(g_str_has_prefix(result.error, "cannot connect to 127.0.0.1 port "));
    g_assert_true(g_str_has_suffix(result.error, ": Connection refused"));
    clear(&result);
}

/* An address that leads nowhere (TEST-NET-1). */
static void test_no_connection(void)
{
    AUTO(fetch) fetch = fetch_new();
    struct fetch_request request = {.url = "http://192.0.2.1:81/", .timeout_ms = 100};
    struct result result = {0};

    fetch_start(fetch, &request, keep, &result);
    await_all(fetch);
    g_assert_cmpint(result.status, ==, 0);
    g_assert_nonnull(result.error); /* which one is the network's matter */
    clear(&result);
}

static void test_request(void)
{
    struct server server;
    const char *headers[] = {"Content-Type: application/json", "X-Mine: yes", NULL};

    start(&server);
    AUTO(fetch) fetch = fetch_new();
    g_autofree char *url = g_strdup_printf("HTTP://127.0.0.1:%u/echo?a=b", server.port);
    g_autofree char *body = g_strnfill(100000, 'x');
    struct fetch_request request = {.url = url,
                                    .method = "POST",
                                    .body = body,
                                    .headers = headers,
                                    .timeout_ms = 30000,
                                    .keep = 200000};
    struct result result = {0};
    fetch_start(fetch, &request, keep, &result);
    await_all(fetch);
    g_assert_cmpint(result.status, ==, 200);
    g_assert_true(g_str_has_prefix(result.body, "POST /echo?a=b HTTP/1.1\r\n"));
    g_assert_nonnull(strstr(result.body, "\r\nUser-Agent: pgrunbook/"));
    g_assert_nonnull(strstr(result.body, "\r\nContent-Type: application/json\r\n"));
    g_assert_nonnull(strstr(result.body, "\r\nX-Mine: yes\r\n"));
    g_assert_null(strstr(result.body, "Expect"));
    g_assert_true(g_str_has_suffix(result.body, body));
    clear(&result);
    stop(&server);
}

/* ---- many at once -------------------------------------------------------------------------- */

static void test_many(void)
{
    static const char *const paths[] = {"/ok", "/hang", "/503", "/close", "/endless"};
    enum { COUNT = 50 };
    struct result results[COUNT] = {0};
    struct server server;

    start(&server);
    AUTO(fetch) fetch = fetch_new();
    for (guint i = 0; i < COUNT; i++) {
        const char *path = paths[i % G_N_ELEMENTS(paths)];
        g_autofree char *url = g_strdup_printf("http://127.0.0.1:%u%s", server.port, path);
        gint64 limit = strcmp(path, "/hang") == 0 ? 300 : 30000;
        struct fetch_request request = {.url = url, .timeout_ms = limit, .keep = 8};
        fetch_start(fetch, &request, keep, &results[i]);
    }
    g_assert_cmpuint(fetch_pending(fetch), ==, COUNT);
    await_all(fetch);
    for (guint i = 0; i < COUNT; i++) {
        static const int statuses[] = {200, 0, 503, 0, 200};
        g_assert_cmpint(results[i].called, ==, 1);
        g_assert_cmpint(results[i].status, ==, statuses[i % G_N_ELEMENTS(statuses)]);
        clear(&results[i]);
    }
    stop(&server);
}

struct chain {
    struct fetch *fetch;
    char *url;
    guint left;
};

static void ask_again(const struct fetch_answer *answer, gpointer data)
{
    struct chain *chain = data;
    struct fetch_request request = {.url = chain->url, .timeout_ms = 30000};

    g_assert_cmpint(answer->status, ==, 503);
    if (chain->left-- > 1)
        fetch_start(chain->fetch, &request, ask_again, chain);
}

/* done() begins the next; what is dropped is never told. */
static void test_chain(void)
{
    struct server server;
    struct result never = {0};

    start(&server);
    struct fetch *fetch = fetch_new();
    struct chain chain = {
        .fetch = fetch,
        .url = g_strdup_printf("http://127.0.0.1:%u/503", server.port),
        .left = 5,
    };
    struct fetch_request request = {.url = chain.url, .timeout_ms = 30000};
    fetch_start(fetch, &request, ask_again, &chain);
    await_all(fetch);
    g_assert_cmpint(chain.left, ==, 0);

    g_autofree char *url = g_strdup_printf("http://127.0.0.1:%u/hang", server.port);
    request.url = url;
    fetch_start(fetch, &request, keep, &never);
    fetch_wait(fetch, NULL, 0, 20);
    fetch_free(fetch);
    g_assert_cmpint(never.called, ==, 0);
    g_free(chain.url);
    stop(&server);
}

/* ---- what is refused, and the caller's own descriptors ------------------------------------- */

static void expect_refused(const char *url, const char *words)
{
    AUTO(fetch) fetch = fetch_new();
    struct fetch_request request = {.url = url, .timeout_ms = 1000};
    struct result result = {0};

    fetch_start(fetch, &request, keep, &result);
    g_assert_cmpuint(fetch_pending(fetch), ==, 1);
    await_all(fetch);
    g_assert_cmpint(result.called, ==, 1);
    g_assert_cmpint(result.status, ==, 0);
    g_assert_cmpstr(result.error, ==, words);
    clear(&result);
}

static void test_refused(void)
{
    const char *scheme = "the address must begin with http:// or https://";
    const char *nobody[] = {NULL}, *forged[] = {"a@b>\r\nDATA", NULL};
    struct result result = {0};

    expect_refused("file:///etc/passwd", scheme);
    expect_refused("ftp://127.0.0.1/", scheme);
    expect_refused("smtp://127.0.0.1/", scheme);
    expect_refused("", scheme);
    expect_refused("http://", "the address is not a valid URL");
    expect_refused("http://a b/", "the address is not a valid URL");

    AUTO(fetch) fetch = fetch_new();
    struct fetch_mail mail = {"http://127.0.0.1/", "a@b", nobody, "", 1000, NULL};
    fetch_mail(fetch, &mail, keep, &result);
    await_all(fetch);
    g_assert_nonnull(strstr(result.error, "smtp://"));
    clear(&result);
    mail.url = "smtp://127.0.0.1:1";
    fetch_mail(fetch, &mail, keep, &result);
    await_all(fetch);
    g_assert_cmpstr(result.error, ==, "the mail has no recipient");
    clear(&result);
    mail.to = forged;
    fetch_mail(fetch, &mail, keep, &result);
    await_all(fetch);
    g_assert_cmpstr(result.error, ==, "a recipient is not a mail address");
    clear(&result);
}

/* A pipe is told of although an exchange hangs: when it can be read, and when its other end is
 * gone. Without any exchange as well. */
static void test_own(void)
{
    struct server server;
    struct result never = {0};
    int pipe[2];

    start(&server);
    g_assert_true(g_unix_open_pipe(pipe, FD_CLOEXEC, NULL));
    struct pollfd own[] = {{pipe[0], POLLIN, 0}};
    AUTO(fetch) fetch = fetch_new();
    g_assert_false(fetch_wait(fetch, own, 1, 0));
    g_assert_cmpint(own[0].revents, ==, 0);

    g_autofree char *url = g_strdup_printf("http://127.0.0.1:%u/hang", server.port);
    struct fetch_request request = {.url = url, .timeout_ms = 600000};
    fetch_start(fetch, &request, keep, &never);
    g_assert_false(fetch_wait(fetch, own, 1, 20));
    g_assert_cmpint(write(pipe[1], "x", 1), ==, 1);
    g_assert_true(fetch_wait(fetch, own, 1, -1));
    g_assert_cmpint(own[0].revents, ==, POLLIN);
    char byte;
    g_assert_cmpint(read(pipe[0], &byte, 1), ==, 1);
    close(pipe[1]);
    g_assert_true(fetch_wait(fetch, own, 1, -1));
    g_assert_cmpint(own[0].revents, ==, POLLHUP);
    close(pipe[0]);
    fetch_free(g_steal_pointer(&fetch));
    stop(&server);
}

/* What cannot be loaded is the answer's error, of HTTP and of mail; nothing else is done without it. */
static void test_no_library(void)
{
    static const char *const someone[] = {"a@b", NULL};
    g_autoptr(GError) error = NULL;

    if (!g_test_subprocess()) {
        g_autofree char *folder = g_dir_make_tmp("fetch-XXXXXX", &error);
        g_autofree char *file = g_build_filename(folder, LIBRARY_CURL, NULL);
        g_assert_true(g_file_set_contents(file, "no library", -1, &error));
        g_setenv("LD_LIBRARY_PATH", folder, TRUE);
        g_test_trap_subprocess(NULL, 0, 0);
        g_unsetenv("LD_LIBRARY_PATH");
        g_test_trap_assert_passed();
        g_unlink(file);
        g_rmdir(folder);
        return;
    }
    AUTO(fetch) fetch = fetch_new();
    struct fetch_request request = {.url = "http://127.0.0.1:1/", .body = "", .timeout_ms = 1};
    struct fetch_mail mail = {"smtp://127.0.0.1:1", "a@b", someone, "", 1, NULL};
    struct result results[3] = {0};
    fetch_start(fetch, &request, keep, &results[0]);
    fetch_mail(fetch, &mail, keep, &results[1]);
    await_all(fetch);
    for (guint i = 0; i < 2; i++) {
        g_assert_true(g_str_has_prefix(results[i].error, "cannot load libcurl: "));
        g_assert_null(strchr(results[i].error, '\n'));
        g_assert_cmpint(results[i].status, ==, 0);
        clear(&results[i]);
    }
    fetch_start(fetch, &request, keep, &results[2]); /* and dropped */
    g_autofree char *place = fetch_place(request.url);
    g_assert_cmpstr(place, ==, "the service");
    g_assert_false(curl_library_load(&error));
    g_assert_error(error, RUNBOOK_ERROR, RUNBOOK_FAILED);
}

static void test_place(void)
{
    static const struct {
        const char *url, *place;
    } cases[] = {
        {"http://svc:s3cret@127.0.0.1:81/ready?token=abc#x", "127.0.0.1:81/ready"},
        {"https://app1/api/health/ready", "app1/api/health/ready"},
        {"http://[::1]:8080/", "[::1]:8080/"},
        {"no address", "the service"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *place = fetch_place(cases[i].url);
        g_assert_cmpstr(place, ==, cases[i].place);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    signal(SIGPIPE, SIG_IGN);
    g_test_add_func("/fetch/answers", test_answers);
    g_test_add_func("/fetch/failures", test_failures);
    g_test_add_func("/fetch/no-connection", test_no_connection);
    g_test_add_func("/fetch/request", test_request);
    g_test_add_func("/fetch/many", test_many);
    g_test_add_func("/fetch/chain", test_chain);
    g_test_add_func("/fetch/refused", test_refused);
    g_test_add_func("/fetch/own", test_own);
    g_test_add_func("/fetch/no-library", test_no_library);
    g_test_add_func("/fetch/place", test_place);
    return g_test_run();
}
