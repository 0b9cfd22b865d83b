#include "http/http_guard.h"

#include <string.h>

static void test_host(void)
{
    static const char *const names[] = {"runbook.example.com", NULL};
    static const struct {
        const char *host;
        bool ours;
    } cases[] = {
        {"localhost", true},
        {"LOCALHOST:8432", true},
        {"localhost.", true},
        {"127.0.0.1", true},
        {"127.0.0.1:8432", true},
        {"192.0.2.7:1", true},
        {"[::1]", true},
        {"[::1]:8432", true},
        {"runbook.example.com", true},
        {"Runbook.Example.com:443", true},
        {"", false},
        {":", false},
        {":8432", false},
        {"evil.example.com", false},
        {"localhost.evil.example.com", false},
        {"xlocalhost", false},
        {"127.0.0.1.evil.example.com", false},
        {"127.1", false},
        {"2130706433", false},
        {"localhost:", false},
        {"localhost:port", false},
        {"localhost:8432:1", false},
        {"localhost:123456", false},
        {"user@localhost", false},
        {"localhost/", false},
        {"::1", false},
        {"[::1", false},
        {"[::1]x", false},
        {"[::1]:", false},
        {"[evil]", false},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_test_message("%s", cases[i].host);
        g_assert_cmpint(http_host_ours(cases[i].host, names), ==, cases[i].ours);
    }
    g_assert_false(http_host_ours("runbook.example.com", NULL));
}

static void test_origin(void)
{
    g_assert_true(http_origin_ours("http://localhost:8432", "localhost:8432", false));
    g_assert_true(http_origin_ours("https://localhost:8432", "localhost:8432", true));
    g_assert_true(http_origin_ours("HTTPS://Host", "host", true));
    g_assert_true(http_origin_ours("https://host", "host", false)); /* a proxy has the TLS */
    g_assert_false(http_origin_ours("http://host", "host", true));
    g_assert_false(http_origin_ours("http://localhost:8433", "localhost:8432", false));
    g_assert_false(http_origin_ours("http://localhost", "localhost:8432", false));
    g_assert_false(http_origin_ours("http://localhost:8432.evil", "localhost:8432", false));
    g_assert_false(http_origin_ours("http://localhost:8432/", "localhost:8432", false));
    g_assert_false(http_origin_ours("null", "localhost:8432", false));
    g_assert_false(http_origin_ours("", "", false));
    g_assert_false(http_origin_ours("http://localhost:8432", NULL, false));
    g_assert_false(http_origin_ours("localhost:8432", "localhost:8432", false));
}

static void test_bearer(void)
{
    static const struct {
        const char *header, *token;
    } cases[] = {
        {"Bearer pgr_x", "pgr_x"}, {"bearer   pgr_x ", "pgr_x"}, {"Bearer", NULL},
        {"Bearer ", NULL},         {"Basic YTpi", NULL},         {"", NULL},
        {"Bearerpgr_x", NULL},     {"Token pgr_x", NULL},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *token = http_bearer(cases[i].header);
        g_assert_cmpstr(token, ==, cases[i].token);
    }
}

/* ---- the decision ----------------------------------------------------------------------------- */

static const struct http_facts act = {
    .host = "localhost:8432",
    .origin = "http://localhost:8432",
    .fetch_site = "same-origin",
    .act = "act",
    .post = true,
    .need = HTTP_ACTOR,
    .token_given = true,
    .role = HTTP_ROLE_OPERATOR,
};

static int decide(const struct http_rules *rules, const struct http_facts *facts)
{
    struct http_verdict verdict = http_guard_sender(rules, facts);

    return verdict.status != 0 ? verdict.status : http_guard_role(rules, facts).status;
}

static void test_act(void)
{
    const struct http_rules rules = {.open = true, .actions = true}, off = {.open = true};
    struct http_facts facts = act;

    g_assert_cmpint(decide(&rules, &facts), ==, 0);
    g_assert_cmpint(decide(&off, &facts), ==, 403);
    facts.origin = facts.fetch_site = NULL; /* no browser */
    g_assert_cmpint(decide(&rules, &facts), ==, 0);
    facts.act = NULL;
    g_assert_cmpint(decide(&rules, &facts), ==, 403);
    facts = act, facts.act = "Act";
    g_assert_cmpint(decide(&rules, &facts), ==, 403);
    facts = act, facts.role = HTTP_ROLE_VIEWER;
    g_assert_cmpint(decide(&rules, &facts), ==, 403);
    facts = act, facts.role = HTTP_ROLE_NONE;
    g_assert_cmpint(decide(&rules, &facts), ==, 401);
    facts.token_given = false;
    g_assert_cmpint(decide(&rules, &facts), ==, 401);
    facts = act, facts.pause_s = 3;
    g_assert_cmpint(decide(&rules, &facts), ==, 429);
    facts = act, facts.origin = "http://evil.example.com";
    g_assert_cmpint(decide(&rules, &facts), ==, 403);
    facts = act, facts.origin = "null";
    g_assert_cmpint(decide(&rules, &facts), ==, 403);
    facts = act, facts.fetch_site = "same-site";
    g_assert_cmpint(decide(&rules, &facts), ==, 403);
    facts = act, facts.fetch_site = "none";
    g_assert_cmpint(decide(&rules, &facts), ==, 403);
    facts = act, facts.host = "evil.example.com", facts.origin = "http://evil.example.com";
    g_assert_cmpint(decide(&rules, &facts), ==, 421);
}

static void test_view(void)
{
    const struct http_rules open = {.open = true}, closed = {.open = false};
    struct http_facts facts = {.host = "localhost", .need = HTTP_VIEWER};

    g_assert_cmpint(decide(&open, &facts), ==, 0);
    g_assert_cmpint(decide(&closed, &facts), ==, 401);
    facts.need = HTTP_ACTOR; /* what an action answers to a GET */
    g_assert_cmpint(decide(&closed, &facts), ==, 401);
    facts.token_given = true;
    g_assert_cmpint(decide(&open, &facts), ==, 401); /* one that expired is told so */
    facts.role = HTTP_ROLE_VIEWER;
    g_assert_cmpint(decide(&closed, &facts), ==, 0);
    facts.pause_s = 1;
    g_assert_cmpint(decide(&open, &facts), ==, 429);
    facts = (struct http_facts){.host = "localhost", .need = HTTP_FREE};
    g_assert_cmpint(decide(&closed, &facts), ==, 0);
    facts.token_given = true; /* a wrong one is wrong where none is needed, too */
    g_assert_cmpint(decide(&closed, &facts), ==, 401);
    g_assert_cmpint(decide(&open, &facts), ==, 401);
    facts.pause_s = 1;
    g_assert_cmpint(decide(&closed, &facts), ==, 429);
    g_assert_cmpint(decide(&open, &facts), ==, 429);
    facts.pause_s = 0;
    facts.role = HTTP_ROLE_VIEWER;
    g_assert_cmpint(decide(&closed, &facts), ==, 0);
    facts.host = "evil.example.com";
    g_assert_cmpint(decide(&closed, &facts), ==, 421);
    facts.host = NULL;
    g_assert_cmpint(decide(&closed, &facts), ==, 0);

    facts = (struct http_facts){
        .host = "localhost", .need = HTTP_VIEWER, .fetch_site = "cross-site"};
    g_assert_cmpint(decide(&open, &facts), ==, 403);
    facts.fetch_site = "none";
    g_assert_cmpint(decide(&open, &facts), ==, 0);
}

/* ---- tries ------------------------------------------------------------------------------------ */

#define S G_USEC_PER_SEC

static void test_pauses(void)
{
    AUTO(http_tries) tries = http_tries_new();
    gint64 now_us = 1000 * S;

    for (int i = 0; i < 4; i++) {
        http_tries_wrong(tries, "192.0.2.1", now_us);
        g_assert_cmpuint(http_tries_pause(tries, "192.0.2.1", now_us), ==, 0);
    }
    for (guint pause = 1; pause < 600; pause *= 2) {
        http_tries_wrong(tries, "192.0.2.1", now_us);
        g_assert_cmpuint(http_tries_pause(tries, "192.0.2.1", now_us), ==, MIN(pause, 300));
        g_assert_cmpuint(http_tries_pause(tries, "192.0.2.2", now_us), ==, 0);
        now_us += MIN(pause, 300) * S;
        g_assert_cmpuint(http_tries_pause(tries, "192.0.2.1", now_us), ==, 0);
    }
    http_tries_right(tries, "192.0.2.1", now_us);
    http_tries_wrong(tries, "192.0.2.1", now_us);
    g_assert_cmpuint(http_tries_pause(tries, "192.0.2.1", now_us), ==, 0);
}

/* A right one does not end the pause of those who guess from the same address. */
static void test_known(void)
{
    AUTO(http_tries) tries = http_tries_new();
    gint64 now_us = 1000 * S;

    http_tries_right(tries, "192.0.2.1", now_us);
    for (int i = 0; i < 50; i++)
        http_tries_wrong(tries, "192.0.2.1", now_us);
    g_assert_cmpuint(http_tries_pause(tries, "192.0.2.1", now_us), ==, 300);
    http_tries_right(tries, "192.0.2.1", now_us);
    g_assert_cmpuint(http_tries_pause(tries, "192.0.2.1", now_us), ==, 300);
    /* Over all: strangers wait, whoever is known does not. */
    g_assert_cmpuint(http_tries_pause(tries, "192.0.2.9", now_us), ==, 1);
    http_tries_right(tries, "192.0.2.8", now_us);
    g_assert_cmpuint(http_tries_pause(tries, "192.0.2.8", now_us), ==, 0);
    g_assert_cmpuint(http_tries_pause(tries, "192.0.2.9", now_us + S), ==, 0);
}

static void test_networks(void)
{
    AUTO(http_tries) tries = http_tries_new();

    for (int i = 0; i < 9; i++) {
        g_autofree char *address = g_strdup_printf("2001:db8::%x", i);
        http_tries_wrong(tries, address, 1000 * S);
    }
    g_assert_cmpuint(http_tries_count(tries), ==, 1);
    g_assert_cmpuint(http_tries_pause(tries, "2001:db8::abcd", 1000 * S), >, 0);
    g_assert_cmpuint(http_tries_pause(tries, "2001:db8:1::1", 1000 * S), ==, 0);
}

static void test_bounded(void)
{
    AUTO(http_tries) tries = http_tries_new();

    for (int i = 0; i < 9; i++)
        http_tries_wrong(tries, "192.0.2.1", 1000 * S);
    http_tries_right(tries, "192.0.2.1", 1000 * S);
    for (guint i = 0; i < 10000; i++) {
        g_autofree char *address = g_strdup_printf("10.0.%u.%u", i / 256, i % 256);
        http_tries_wrong(tries, address, 1000 * S);
    }
    g_assert_cmpuint(http_tries_count(tries), ==, 4096);
    g_assert_cmpuint(http_tries_pause(tries, "192.0.2.1", 1000 * S), >, 1);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/http/guard/host", test_host);
    g_test_add_func("/http/guard/origin", test_origin);
    g_test_add_func("/http/guard/bearer", test_bearer);
    g_test_add_func("/http/guard/act", test_act);
    g_test_add_func("/http/guard/view", test_view);
    g_test_add_func("/http/tries/pauses", test_pauses);
    g_test_add_func("/http/tries/known", test_known);
    g_test_add_func("/http/tries/networks", test_networks);
    g_test_add_func("/http/tries/bounded", test_bounded);
    return g_test_run();
}
