/*
 * Connections that are used again, and those that are not.
 */
#include "http/http_server_fixture.h"

#include <sys/resource.h>

enum { CROWD = 192, MOST_REQUESTS = 100 };

#define KEEPING "Host: localhost\r\n\r\n"
#define NOW     "GET /now HTTP/1.1\r\n" KEEPING

static void say(int fd, const char *request)
{
    g_assert_cmpint(send(fd, request, strlen(request), MSG_NOSIGNAL), ==,
                    (ssize_t) strlen(request));
}

/* Headers, and the body that they tell of. */
static bool is_whole(const GString *text, bool head)
{
    const char *end = strstr(text->str, "\r\n\r\n");
    const char *length = strstr(text->str, "Content-Length: ");

    if (end == NULL)
        return false;
    gsize body = head || length == NULL || length > end
                     ? 0
                     : strtoul(length + strlen("Content-Length: "), NULL, 10);
    return text->len >= (gsize) (end - text->str) + 4 + body;
}

/* Reads on, or tells that there is no more. */
static bool has_more(int fd, GString *text, bool *ret_open)
{
    *ret_open = read_more(fd, text);
    return *ret_open;
}

static char *read_whole(int fd, bool head)
{
    GString *text = g_string_new(NULL);
    bool open = true;

    WAIT_FOR(is_whole(text, head) || !has_more(fd, text, &open));
    if (!open)
        g_error("it has ended behind: %s", text->str);
    return g_string_free(text, FALSE);
}

/* One answer; and the connection is still there. */
static char *read_one(int fd)
{
    return read_whole(fd, false);
}

/* A connection that has had its first answer, and may be used again. */
static int ask_once(void)
{
    int fd = ask(NOW);
    g_autofree char *answer = read_one(fd);

    assert_has(answer, "HTTP/1.1 200 ");
    g_assert_null(strstr(answer, "Connection: close"));
    return fd;
}

static char *ask_again(int fd, const char *request)
{
    say(fd, request);
    return read_whole(fd, g_str_has_prefix(request, "HEAD"));
}

/* Whether it ends before anything comes. */
static bool has_ended(int fd)
{
    g_autoptr(GString) text = g_string_new(NULL);
    bool open = read_more(fd, text);

    g_assert_cmpuint(text->len, ==, 0);
    return !open;
}

/* ---- again ----------------------------------------------------------------------------------- */

static void test_again(void)
{
    begin();
    int fd = ask_once();
    /* Its length is told, and nothing follows: the next answer begins where this one ends. */
    g_autofree char *head = ask_again(fd, "HEAD /now HTTP/1.1\r\n" KEEPING);
    assert_has(head, "Content-Length: 3\r\n");
    g_assert_true(g_str_has_suffix(head, "\r\n\r\n"));
    g_autofree char *page =
        ask_again(fd, "GET / HTTP/1.1\r\nAccept-Encoding: gzip\r\n" KEEPING);
    assert_has(page, "HTTP/1.1 200 ");
    const char *etag = strstr(page, "ETag: ") + strlen("ETag: ");
    g_autofree char *same_request = g_strdup_printf(
        "GET / HTTP/1.1\r\nIf-None-Match: %.*s\r\n" KEEPING, (int) strcspn(etag, "\r"), etag);
    g_autofree char *same = ask_again(fd, same_request);
    assert_has(same, "HTTP/1.1 304 ");
    g_autofree char *last = ask_again(fd, "GET /now HTTP/1.1\r\n" CLOSING);
    g_assert_true(g_str_has_prefix(last, "HTTP/1.1 200 "));
    WAIT_FOR(has_ended(fd));
    close(fd);
    WAIT_FOR(http_connections(world.http) == 0);
    end();
}

static void test_two_at_once(void)
{
    begin();
    int fd = ask(NOW "GET /now HTTP/1.1\r\n" CLOSING);
    g_autofree char *answers = read_all(fd);
    const char *second = strstr(answers + 1, "HTTP/1.1 200 ");
    g_assert_nonnull(second);
    g_assert_true(g_str_has_suffix(second, "\r\n\r\nnow"));
    end();
}

/* What was asked behind one that waits is answered after it. */
static void test_later_and_again(void)
{
    begin();
    int fd = ask_once();
    say(fd, "GET /later HTTP/1.1\r\n" KEEPING);
    WAIT_FOR(world.waiting != NULL);
    say(fd, NOW);
    for (int i = 0; i < 20; i++)
        g_main_context_iteration(NULL, FALSE);
    http_answer_text(world.waiting, 200, "text/plain", "at last", NULL);
    g_autoptr(GString) both = g_string_new(NULL);
    WAIT_FOR((read_more(fd, both), g_str_has_suffix(both->str, "\r\n\r\nnow")));
    g_assert_nonnull(strstr(both->str, "\r\n\r\nat last"));
    g_autofree char *again = ask_again(fd, NOW);
    assert_has(again, "HTTP/1.1 200 ");
    /* Who goes away while it waits is noticed as ever. */
    say(fd, "GET /later HTTP/1.1\r\n" KEEPING);
    WAIT_FOR(world.waiting != NULL);
    close(fd);
    WAIT_FOR(world.gone == 1);
    WAIT_FOR(http_connections(world.http) == 0);
    end();
}

static void test_stream_on_a_used_one(void)
{
    g_autoptr(GString) text = g_string_new(NULL);
    begin();
    int fd = ask_once();
    say(fd, "GET /stream HTTP/1.1\r\n" KEEPING);
    WAIT_FOR(world.stream != NULL);
    g_assert_true(http_stream_event(world.stream, "state", "1"));
    WAIT_FOR((read_more(fd, text), strstr(text->str, "event: state") != NULL));
    assert_has(text->str, "Connection: close\r\n");
    http_stream_end(world.stream);
    WAIT_FOR(!read_more(fd, text));
    close(fd);
    end();
}

/* ---- not again ------------------------------------------------------------------------------- */

static void test_not_again(void)
{
    static const char *const requests[] = {
        "GET /now HTTP/1.0\r\nHost: localhost\r\n\r\n",
        "GET /now HTTP/1.0\r\nHost: localhost\r\nConnection: keep-alive\r\n\r\n",
        "GET /now HTTP/1.1\r\n" CLOSING,
        /* Who reads these in another way sees another request behind them. */
        "GET /now HTTP/1.1\r\nContent-Length: 0\r\n" KEEPING,
        "GET /now HTTP/1.1\r\nContent-Length: 0\r\nContent-Length: 5\r\n" KEEPING,
        "GET /now HTTP/1.1\r\nContent-Length: 5\r\n" KEEPING "hello",
        "GET /now HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" KEEPING "0\r\n\r\n",
        "GET /now HTTP/1.1\r\nContent-Length : 5\r\n" KEEPING "hello",
        "POST /now HTTP/1.1\r\nContent-Length: 0\r\n" KEEPING,
        "DELETE /now HTTP/1.1\r\nContent-Length: 5\r\n" KEEPING "hello",
        "GET /nowhere HTTP/1.1\r\n" KEEPING,
        "GET /last HTTP/1.1\r\n" KEEPING,
    };
    begin();
    for (gsize i = 0; i < G_N_ELEMENTS(requests); i++) {
        g_autofree char *twice = g_strconcat(requests[i], NOW, NULL);
        g_test_message("%s", requests[i]);
        g_autofree char *answers = read_all(ask(twice));
        /* One answer at most, and that says so. */
        g_assert_true(answers[0] == '\0' || strstr(answers, "Connection: close\r\n") != NULL);
        g_assert_true(answers[0] == '\0' || strstr(answers + 1, "HTTP/1.1 ") == NULL);
    }
    end();
}

/* Its question and its end come together: it has its answer, and nobody waits for more. */
static void test_half_closed(void)
{
    begin();
    int fd = ask(NOW);
    g_assert_cmpint(shutdown(fd, SHUT_WR), ==, 0);
    g_autofree char *answer = read_all(fd);
    assert_has(answer, "Connection: close\r\n");
    g_assert_true(g_str_has_suffix(answer, "\r\n\r\nnow"));
    /* On a connection that was used before, too. */
    fd = ask_once();
    say(fd, NOW);
    g_assert_cmpint(shutdown(fd, SHUT_WR), ==, 0);
    g_autofree char *second = read_all(fd);
    assert_has(second, "Connection: close\r\n");
    /* And who says nothing more is gone at once. */
    fd = ask_once();
    g_assert_cmpint(shutdown(fd, SHUT_WR), ==, 0);
    for (int i = 0; i < 200; i++)
        g_main_context_iteration(NULL, FALSE);
    g_assert_true(has_ended(fd));
    close(fd);
    end();
}

/* Who waits, and still reads, has its answer behind a word that tells him apart from one who has gone
 * away; one who does not know such words is taken for gone. */
static void test_half_closed_and_waiting(void)
{
    begin();
    int fd = ask("GET /later HTTP/1.1\r\n" KEEPING);
    WAIT_FOR(world.waiting != NULL);
    g_assert_cmpint(shutdown(fd, SHUT_WR), ==, 0);
    g_autofree char *word = read_one(fd);
    g_assert_cmpstr(word, ==, "HTTP/1.1 102 Processing\r\n\r\n");
    for (int i = 0; i < 200; i++)
        g_main_context_iteration(NULL, FALSE);
    g_assert_cmpuint(world.gone, ==, 0);
    http_answer_text(world.waiting, 200, "text/plain", "at last", NULL);
    world.waiting = NULL;
    g_autofree char *answer = read_all(fd);
    g_assert_true(g_str_has_prefix(answer, "HTTP/1.1 200 "));
    g_assert_true(g_str_has_suffix(answer, "\r\n\r\nat last"));
    /* It goes away after all. */
    fd = ask("GET /later HTTP/1.1\r\n" KEEPING);
    WAIT_FOR(world.waiting != NULL);
    g_assert_cmpint(shutdown(fd, SHUT_WR), ==, 0);
    g_free(read_one(fd));
    g_assert_cmpuint(world.gone, ==, 0);
    struct linger at_once = {.l_onoff = 1};
    g_assert_cmpint(setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), ==, 0);
    close(fd);
    WAIT_FOR(world.gone == 1);
    fd = ask("GET /later HTTP/1.0\r\n\r\n");
    WAIT_FOR(world.waiting != NULL);
    g_assert_cmpint(shutdown(fd, SHUT_WR), ==, 0);
    WAIT_FOR(world.gone == 2);
    g_autofree char *nothing = read_all(fd);
    g_assert_cmpstr(nothing, ==, "");
    end();
}

static void test_not_for_ever(void)
{
    begin();
    int fd = ask(NOW);
    for (guint i = 1; i < MOST_REQUESTS; i++) {
        g_autofree char *answer = read_one(fd);
        g_assert_null(strstr(answer, "Connection: close"));
        say(fd, NOW);
    }
    g_autofree char *last = read_one(fd);
    assert_has(last, "Connection: close\r\n");
    WAIT_FOR(has_ended(fd));
    close(fd);
    end();
}

/* ---- who needs its place --------------------------------------------------------------------- */

/* Behind slow ones who came before it and after it. */
static void test_first_to_go(void)
{
    int slow[CROWD];
    begin();
    slow[0] = ask("GET /n");
    WAIT_FOR(http_connections(world.http) == 1);
    int kept = ask_once();
    for (guint i = 1; i < CROWD - 1; i++) {
        slow[i] = ask("GET /n");
        WAIT_FOR(http_connections(world.http) == i + 2);
    }
    g_assert_false(has_ended(kept));
    /* The next is answered, and its connection is none that is kept. */
    g_autofree char *next = read_all(ask(NOW));
    assert_has(next, "Connection: close\r\n");
    WAIT_FOR(has_ended(kept));
    g_assert_false(has_ended(slow[0]));
    close(kept);
    WAIT_FOR(http_connections(world.http) == CROWD - 1);
    int more[2] = {get("/later"), get("/later")};
    WAIT_FOR(has_ended(slow[0]));
    for (guint i = 0; i < CROWD - 1; i++)
        close(slow[i]);
    close(more[0]);
    close(more[1]);
    end();
}

static void test_out_of_descriptors(void)
{
    struct rlimit before, now;
    begin();
    int kept = ask_once();
    int second = get("/now"), next_fd = dup(kept);
    close(next_fd);
    g_assert_cmpint(getrlimit(RLIMIT_NOFILE, &before), ==, 0);
    now = before;
    now.rlim_cur = (rlim_t) next_fd;
    g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &now), ==, 0);
    /* At once, and not because its patience is over. */
    for (int i = 0; i < 200; i++)
        g_main_context_iteration(NULL, FALSE);
    g_assert_true(has_ended(kept));
    g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &before), ==, 0);
    g_autofree char *answer = read_all(second);
    assert_has(answer, "HTTP/1.1 200 ");
    close(kept);
    end();
}

/* ---- the end ----------------------------------------------------------------------------------- */

static void test_server_stops(void)
{
    begin();
    int fd = ask_once();
    end();
    g_assert_true(has_ended(fd));
    close(fd);
}

static void test_another_takes_its_place(void)
{
    begin();
    int fd = ask_once();
    struct http *next = start(NULL, world.http);
    http_stop(world.http);
    world.http = next;
    g_assert_true(has_ended(fd));
    close(fd);
    close(ask_once());
    end();
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/http/keep/again", test_again);
    g_test_add_func("/http/keep/two-at-once", test_two_at_once);
    g_test_add_func("/http/keep/later-and-again", test_later_and_again);
    g_test_add_func("/http/keep/stream-on-a-used-one", test_stream_on_a_used_one);
    g_test_add_func("/http/keep/not-again", test_not_again);
    g_test_add_func("/http/keep/half-closed", test_half_closed);
    g_test_add_func("/http/keep/half-closed-and-waiting", test_half_closed_and_waiting);
    g_test_add_func("/http/keep/not-for-ever", test_not_for_ever);
    g_test_add_func("/http/keep/first-to-go", test_first_to_go);
    g_test_add_func("/http/keep/out-of-descriptors", test_out_of_descriptors);
    g_test_add_func("/http/keep/server-stops", test_server_stops);
    g_test_add_func("/http/keep/another-takes-its-place", test_another_takes_its_place);
    return g_test_run();
}
