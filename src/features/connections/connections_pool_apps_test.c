#include "backends/backends_fixture.h"
#include "connections_pool.h"

#include <string.h>

static const struct setting_table tables[] = {{NULL, settings_core, connections_kinds},
                                              {NULL, NULL, NULL}};

static struct settings *parsed(const char *text)
{
    g_autoptr(GError) error = NULL;
    struct settings *settings = settings_parse(tables, "t.conf", text, strlen(text), &error);

    g_assert_no_error(error);
    return settings;
}

static void add(struct backends *backends, gint64 pid, const char *application,
                const char *role, const char *client, enum backend_state state)
{
    struct backend backend = fixture_client(pid, state, 60);

    backend.application = application;
    backend.role = role;
    backend.client = client;
    backends_add(backends, &backend);
}

static const struct connections_app_state *state_at(const struct connections_pool *pool,
                                                    guint position)
{
    return &g_array_index(pool->apps, struct connections_app_state, position);
}

static void test_matching(void)
{
    AUTO(settings)
    settings = parsed("[app Shop]\n[app web]\napplication = web-*, \"we b\"\nrole = app, web\n"
                      "[app jobs]\nclient = 10.0.*, local\n");
    AUTO(backends) backends = fixture_backends(100);
    g_autoptr(GArray) apps = connections_apps(settings, NULL);
    static const int expected[] = {0, 1, -1, 1, 2, 2, -1, -1};

    add(backends, 1, "shop", "any", "192.168.0.1", BACKEND_IDLE);
    add(backends, 2, "web-1", "app", "192.168.0.1", BACKEND_IDLE);
    add(backends, 3, "web-1", "other", "192.168.0.1", BACKEND_IDLE);
    add(backends, 4, "we b", "web", "10.0.0.1", BACKEND_IDLE);
    add(backends, 5, "", "x", "local", BACKEND_IDLE);
    add(backends, 6, "x", NULL, "10.0.3.4", BACKEND_IDLE);
    add(backends, 7, "x", "x", "10.1.3.4", BACKEND_IDLE);
    struct backend walsender = fixture_client(8, BACKEND_ACTIVE, 5);
    walsender.type = "walsender";
    backends_add(backends, &walsender);
    backends_settle(backends);
    for (guint i = 0; i < G_N_ELEMENTS(expected); i++)
        g_assert_cmpint(connections_app_of(apps, backends_at(backends, i)), ==, expected[i]);
    AUTO(connections_pool) pool = connections_pool_weigh(apps, backends);
    g_assert_cmpint(pool->others, ==, 2);
    g_assert_cmpint(state_at(pool, 1)->sessions, ==, 2);
    g_assert_cmpuint(state_at(pool, 1)->roles->len, ==, 2);
}

static void test_fitting(void)
{
    AUTO(settings)
    settings = parsed("[app a]\ninstances = 3\n[app b]\ninstances = 2\nmax_open = 20\n"
                      "max_idle = 50\n");
    AUTO(backends) backends = fixture_backends(100);
    g_autoptr(GArray) apps = connections_apps(settings, NULL);

    backends_settle(backends);
    AUTO(connections_pool) pool = connections_pool_weigh(apps, backends);
    g_assert_cmpint(pool->slots.ordinary, ==, 97);
    g_assert_cmpint(pool->claimed, ==, 3 * 25 + 2 * 20);
    g_assert_cmpint(state_at(pool, 0)->fitting, ==, 2);
    g_assert_cmpint(state_at(pool, 1)->fitting, ==, 1);
    g_assert_cmpint(state_at(pool, 1)->allowed_idle, ==, 40);
    g_assert_cmpint(connections_app_gravest(state_at(pool, 0)), ==, CONNECTIONS_APP_ABSENT);
}

static void words_are(const struct connections_app_state *state,
                      enum connections_app_finding finding, const char *expected)
{
    g_autofree char *words = connections_app_words(state, finding);

    g_assert_true((state->found >> finding & 1) != 0);
    g_assert_cmpstr(words, ==, expected);
}

static void test_findings(void)
{
    AUTO(settings)
    settings = parsed("[app shop]\nmax_open = 3\nmax_idle = 1\nmax_lifetime = 1h\n");
    AUTO(backends) backends = fixture_backends(100);
    g_autoptr(GArray) apps = connections_apps(settings, NULL);

    for (gint64 pid = 1; pid <= 3; pid++)
        fixture_add(backends, pid, BACKEND_IDLE, 3000);
    /* At work since before its hour was over: it may finish. */
    fixture_add(backends, 4, BACKEND_ACTIVE, 5000);
    /* Taken up again when its hour was over. */
    struct backend late = fixture_client(5, BACKEND_ACTIVE, 10);
    late.backend_start_us -= G_GINT64_CONSTANT(7200) * G_USEC_PER_SEC;
    backends_add(backends, &late);
    backends_settle(backends);
    AUTO(connections_pool) pool = connections_pool_weigh(apps, backends);
    const struct connections_app_state *state = state_at(pool, 0);
    g_assert_cmpint(connections_app_gravest(state), ==, CONNECTIONS_APP_OPEN);
    words_are(state, CONNECTIONS_APP_OPEN,
              "5 sessions, more than max_open 3 × 1 allow: more instances, or more than one "
              "pool in each");
    words_are(state, CONNECTIONS_APP_IDLE, "3 idle, more than max_idle 1 × 1 allow");
    words_are(state, CONNECTIONS_APP_OLD,
              "4 sessions older than max_lifetime 1 h, the oldest 2 h 17 min: leaked, or the "
              "application does not set it");
    g_assert_cmpint(state->overdue, ==, 4);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pool/apps/matching", test_matching);
    g_test_add_func("/pool/apps/fitting", test_fitting);
    g_test_add_func("/pool/apps/findings", test_findings);
    return g_test_run();
}
