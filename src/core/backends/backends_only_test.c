#include "backends/backends_fixture.h"
#include "backends/backends_only.h"
#include "error.h"

static struct backends_only *only_of(const struct backend *backend)
{
    g_autofree char *mark = backend_mark(backend);

    return backends_only_new((const char *const[]){"none", mark, NULL}, NULL);
}

static void test_mark(void)
{
    struct backend backend = fixture_client(7, BACKEND_ACTIVE, 1);

    backend.query_start_us += 1;
    backend.state_change_us += 2;
    g_autofree char *active = backend_mark(&backend);
    g_assert_cmpstr(active, ==, "7@2023-11-14T21:56:39.000000Z@2023-11-14T22:13:19.000001Z");
    backend.state = BACKEND_IN_TRANSACTION;
    g_autofree char *idle = backend_mark(&backend);
    g_assert_cmpstr(idle, ==, "7@2023-11-14T21:56:39.000000Z@2023-11-14T22:13:19.000002Z");
}

static void test_find(void)
{
    struct backend shown = fixture_client(7, BACKEND_ACTIVE, 1);
    struct backend other = fixture_client(8, BACKEND_ACTIVE, 1);
    AUTO(backends_only) only = only_of(&shown);

    g_assert_cmpint(backends_only_find(only, &shown), ==, BACKENDS_AS_SHOWN);
    g_assert_cmpint(backends_only_find(only, &other), ==, BACKENDS_UNSHOWN);
    shown.query_start_us++;
    g_assert_cmpint(backends_only_find(only, &shown), ==, BACKENDS_MOVED_ON);
    shown.backend_start_us++;
    g_assert_cmpint(backends_only_find(only, &shown), ==, BACKENDS_RENEWED);
    g_assert_cmpuint(backends_only_pids(only)->len, ==, 1);
    g_assert_nonnull(backends_only_bar(only, &shown));
    g_assert_null(backends_only_bar(NULL, &shown));
}

static void test_nobody(void)
{
    struct backend shown = fixture_client(7, BACKEND_ACTIVE, 1);
    AUTO(backends_only) only = backends_only_new((const char *const[]){"none", NULL}, NULL);

    g_assert_nonnull(backends_only_bar(only, &shown));
}

static void test_wrong(void)
{
    static const char *const wrong[] = {"", "7", "7@x", "7@@", "0@a@b", "7x@a@b", "1@a@b@c"};

    for (gsize i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(backends_only_new((const char *const[]){wrong[i], NULL}, &error));
        g_assert_cmpint(error->code, ==, RUNBOOK_USAGE);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/backends/only/mark", test_mark);
    g_test_add_func("/backends/only/find", test_find);
    g_test_add_func("/backends/only/nobody", test_nobody);
    g_test_add_func("/backends/only/wrong", test_wrong);
    return g_test_run();
}
