#include "error.h"
#include "http/http_listen.h"
#include "http/http_query.h"

#include <string.h>

static void test_listen(void)
{
    static const struct {
        const char *text, *again; /* NULL: refused */
        bool local;
    } cases[] = {
        {"127.0.0.1:8432", "127.0.0.1:8432", true},
        {"0.0.0.0:80", "0.0.0.0:80", false},
        {"127.9.0.1:0", "127.9.0.1:0", true},
        {"[::1]:8432", "[::1]:8432", true},
        {"[0:0::1]:65535", "[::1]:65535", true},
        {"[::]:8432", "[::]:8432", false},
        {"OFF", "off", true},
        {"", NULL, false},
        {":", NULL, false},
        {"8432", NULL, false},
        {":8432", NULL, false},
        {"127.0.0.1", NULL, false},
        {"127.0.0.1:", NULL, false},
        {"127.0.0.1:65536", NULL, false},
        {"127.0.0.1:-1", NULL, false},
        {"127.0.0.1: 80", NULL, false},
        {"localhost:8432", NULL, false},
        {"::1:8432", NULL, false},
        {"[::1]", NULL, false},
        {"[]:1", NULL, false},
        {"[127.0.0.1]:1", NULL, false},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        struct http_listen listen;
        bool valid = http_listen_parse(cases[i].text, &listen, &error);
        g_test_message("%s", cases[i].text);
        g_assert_cmpint(valid, ==, cases[i].again != NULL);
        if (!valid) {
            g_assert_error(error, RUNBOOK_ERROR, RUNBOOK_USAGE);
            continue;
        }
        g_autofree char *again = http_listen_format(&listen);
        g_assert_cmpstr(again, ==, cases[i].again);
        g_assert_cmpint(http_listen_local(&listen), ==, cases[i].local);
    }
}

static void test_query(void)
{
    static const struct {
        const char *text, *again; /* NULL: refused */
    } cases[] = {
        {"/", "/"},
        {"/api/health/ready", "/api/health/ready"},
        {"/a?", "/a"},
        {"/a?target=shop", "/a?target=shop"},
        {"/a?b=1&a=2&&", "/a?a=2&b=1"},
        {"/a?name", "/a?name="},
        {"/a+b?c+d=e%20f", "/a%2Bb?c%20d=e%20f"},
        {"/%C3%A4", "/%C3%A4"},
        {"/a?x==", "/a?x=%3D"},
        {"", NULL},
        {"*", NULL},
        {"http://x/", "/"},
        {"HTTPS://[::1]:80/a%20b?c=d", "/a%20b?c=d"},
        {"http://x?c=d/", "/?c=d%2F"},
        {"http://x", "/"},
        {"http://", NULL},
        {"http:///a", NULL},
        {"http://me@x/a", NULL},
        {"http://x/%", NULL},
        {"ftp://x/", NULL},
        {"x:80", NULL},
        {"/%", NULL},
        {"/%4", NULL},
        {"/%4g", NULL},
        {"/%00", NULL},
        {"/%ff", NULL},
        {"/a?%00=1", NULL},
        {"/a?x=%C3", NULL},
        {"/a?x=1&x=2", NULL},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        AUTO(http_query) query = http_query_parse(cases[i].text, strlen(cases[i].text));
        g_test_message("%s", cases[i].text);
        g_assert_cmpint(query != NULL, ==, cases[i].again != NULL);
        g_autofree char *again = query != NULL ? http_query_format(query) : NULL;
        g_assert_cmpstr(again, ==, cases[i].again);
    }
}

static void test_query_values(void)
{
    static const char text[] = "/a?target=sh%26op&empty=";
    AUTO(http_query) query = http_query_parse(text, strlen(text));
    g_assert_cmpstr(http_query_path(query), ==, "/a");
    g_assert_cmpstr(http_query_value(query, "target"), ==, "sh&op");
    g_assert_cmpstr(http_query_value(query, "empty"), ==, "");
    g_assert_null(http_query_value(query, "other"));
    g_assert_cmpuint(http_query_count(query), ==, 2);
    g_assert_null(http_query_authority(query));
    g_assert_null(http_query_parse("/a\0b", 4));
    g_assert_null(http_query_parse("http://x\0/b", 11));
    AUTO(http_query) absolute = http_query_parse("http://a.example:80/b", 21);
    g_assert_cmpstr(http_query_authority(absolute), ==, "a.example:80");
    g_assert_cmpstr(http_query_path(absolute), ==, "/b");
}

static void test_query_bounds(void)
{
    g_autoptr(GString) text = g_string_new("/a?");
    for (int i = 0; i < 32; i++)
        g_string_append_printf(text, "n%d=1&", i);
    AUTO(http_query) full = http_query_parse(text->str, text->len);
    g_assert_nonnull(full);
    g_string_append(text, "more=1");
    g_assert_null(http_query_parse(text->str, text->len));
    g_autofree char *slashes = g_strnfill(4097, '/');
    g_assert_null(http_query_parse(slashes, 4097));
    AUTO(http_query) longest = http_query_parse(slashes, 4096);
    g_assert_nonnull(longest);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/http/listen", test_listen);
    g_test_add_func("/http/query", test_query);
    g_test_add_func("/http/query/values", test_query_values);
    g_test_add_func("/http/query/bounds", test_query_bounds);
    return g_test_run();
}
