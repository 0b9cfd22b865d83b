#include "connections_fixture.h"

/* What it is called, with its reason as a test message for whoever reads a failure. */
static enum connections_kind kind_of(struct backends *backends,
                                     const struct connections_policy *policy)
{
    backends_settle(backends);
    AUTO(connections_diagnosis) diagnosis = connections_diagnose(backends, policy);
    g_test_message("%s: %s", connections_kind_name(diagnosis->kind), diagnosis->reason);
    g_assert_nonnull(diagnosis->reason);
    return diagnosis->kind;
}

/* 97 ordinary slots, goal 77: so many sessions of one kind and of another. */
static void assert_kind(enum connections_kind wanted, guint some, enum backend_state state,
                        double seconds, guint others, enum backend_state other_state,
                        double other_seconds)
{
    AUTO(backends) backends = fixture_backends(100);
    struct connections_policy policy = fixture_policy();

    fixture_many(backends, 1000, some, state, seconds);
    fixture_many(backends, 2000, others, other_state, other_seconds);
    g_assert_cmpstr(connections_kind_name(kind_of(backends, &policy)), ==,
                    connections_kind_name(wanted));
}

static void test_kinds(void)
{
    assert_kind(CONNECTIONS_HEALTHY, 77, BACKEND_IDLE, 900, 0, BACKEND_ACTIVE, 0);
    assert_kind(CONNECTIONS_IDLE_PILEUP, 78, BACKEND_IDLE, 900, 0, BACKEND_ACTIVE, 0);
    assert_kind(CONNECTIONS_IDLE_PILEUP, 60, BACKEND_IDLE, 900, 37, BACKEND_ACTIVE, 1);
    assert_kind(CONNECTIONS_IDLE_IN_TRANSACTION, 50, BACKEND_IN_TRANSACTION, 900, 40,
                BACKEND_IDLE, 900);
    assert_kind(CONNECTIONS_IDLE_IN_TRANSACTION, 50, BACKEND_ABORTED, 900, 40, BACKEND_ACTIVE,
                1);
    assert_kind(CONNECTIONS_SLOW_QUERIES, 60, BACKEND_ACTIVE, 61, 30, BACKEND_IDLE, 900);
    /* Enough of them to reach the goal, though most are at something else. */
    assert_kind(CONNECTIONS_IDLE_PILEUP, 5, BACKEND_IDLE, 900, 75, BACKEND_ACTIVE, 1);
    /* One is not why. */
    assert_kind(CONNECTIONS_SLOW_QUERIES, 1, BACKEND_IDLE, 900, 95, BACKEND_ACTIVE, 1);
    /* Nobody has been at anything for long. */
    assert_kind(CONNECTIONS_IDLE_PILEUP, 60, BACKEND_IDLE, 10, 30, BACKEND_ACTIVE, 1);
    assert_kind(CONNECTIONS_IDLE_IN_TRANSACTION, 60, BACKEND_IN_TRANSACTION, 10, 30,
                BACKEND_ACTIVE, 1);
    /* Without pressure, but it holds the horizon back. */
    assert_kind(CONNECTIONS_IDLE_IN_TRANSACTION, 1, BACKEND_IN_TRANSACTION, 900, 9,
                BACKEND_ACTIVE, 900);
    assert_kind(CONNECTIONS_HEALTHY, 5, BACKEND_IN_TRANSACTION, 10, 30, BACKEND_ACTIVE, 900);
    assert_kind(CONNECTIONS_HEALTHY, 0, BACKEND_IDLE, 0, 0, BACKEND_IDLE, 0);
}

static void test_thresholds(void)
{
    struct connections_policy policy = fixture_policy();
    AUTO(backends) backends = fixture_backends(100);
    AUTO(backends) young = fixture_backends(100);
    fixture_many(backends, 1, 40, BACKEND_IN_TRANSACTION, 300);
    fixture_many(backends, 100, 50, BACKEND_IDLE, 200);
    g_assert_cmpint(kind_of(backends, &policy), ==, CONNECTIONS_IDLE_IN_TRANSACTION);
    fixture_many(young, 1, 40, BACKEND_IN_TRANSACTION, 299 - 40);
    fixture_many(young, 100, 50, BACKEND_IDLE, 200);
    g_assert_cmpint(kind_of(young, &policy), ==, CONNECTIONS_IDLE_PILEUP);
}

static void add_young(struct backends *backends, guint count, enum backend_state state)
{
    for (guint i = 0; i < count; i++) {
        struct backend backend = fixture_client(3000 + i, state, 0.1);
        backend.backend_start_us = NOW_US - 2 * G_USEC_PER_SEC;
        backends_add(backends, &backend);
    }
}

static void test_storm(void)
{
    struct connections_policy policy = fixture_policy();
    AUTO(backends) backends = fixture_backends(100);
    add_young(backends, 60, BACKEND_IDLE);
    fixture_many(backends, 1, 30, BACKEND_IDLE, 900);
    g_assert_cmpint(kind_of(backends, &policy), ==, CONNECTIONS_STORM);
    AUTO(backends) few = fixture_backends(100);
    add_young(few, 60, BACKEND_IDLE);
    g_assert_cmpint(kind_of(few, &policy), ==, CONNECTIONS_HEALTHY);
}

static void test_starvation(void)
{
    struct connections_policy policy = fixture_policy();
    policy.unready = true;
    AUTO(backends) backends = fixture_backends(100);
    fixture_many(backends, 1, 30, BACKEND_IDLE, 900);
    fixture_many(backends, 100, 5, BACKEND_IN_TRANSACTION, 900);
    g_assert_cmpint(kind_of(backends, &policy), ==, CONNECTIONS_APP_STARVATION);
    AUTO(backends) full = fixture_backends(100);
    fixture_many(full, 1, 95, BACKEND_IDLE, 900);
    g_assert_cmpint(kind_of(full, &policy), ==, CONNECTIONS_IDLE_PILEUP);
}

static void test_convoy(void)
{
    struct connections_policy policy = fixture_policy();
    AUTO(backends) backends = fixture_backends(100);
    fixture_add(backends, 1, BACKEND_IN_TRANSACTION, 30);
    fixture_queue(backends, 1, 5, "relation");
    fixture_many(backends, 100, 80, BACKEND_IDLE, 900);
    g_assert_cmpint(kind_of(backends, &policy), ==, CONNECTIONS_LOCK_CONVOY);
    policy.convoy = 6;
    g_assert_cmpint(kind_of(backends, &policy), ==, CONNECTIONS_IDLE_PILEUP);
    policy.convoy = 5;
    policy.convoy_for_us = 11 * G_USEC_PER_SEC; /* they have waited for ten */
    g_assert_cmpint(kind_of(backends, &policy), ==, CONNECTIONS_IDLE_PILEUP);
}

/* The larger queue may be one that is meant to be. */
static void test_advisory(void)
{
    struct connections_policy policy = fixture_policy();
    AUTO(backends) backends = fixture_backends(100);
    fixture_add(backends, 1, BACKEND_IDLE, 30);
    fixture_queue(backends, 1, 20, "advisory");
    g_assert_cmpint(kind_of(backends, &policy), ==, CONNECTIONS_HEALTHY);
    fixture_add(backends, 50, BACKEND_IN_TRANSACTION, 30);
    fixture_queue(backends, 50, 6, "tuple");
    g_assert_cmpint(kind_of(backends, &policy), ==, CONNECTIONS_LOCK_CONVOY);
    AUTO(connections_diagnosis) diagnosis = connections_diagnose(backends, &policy);
    g_assert_cmpuint(diagnosis->convoy, ==, 1);
    g_assert_cmpint(g_array_index(diagnosis->roots, struct backends_root, 0).backend->pid, ==,
                    50);
}

/* A backup is slow and idle in transaction because it has to be; a pool's idle sessions are a
 * pile-up, though nobody here may end them. */
static void test_protected(void)
{
    struct connections_policy policy = fixture_policy();
    AUTO(backends) backends = fixture_backends(100);
    for (guint i = 0; i < 90; i++) {
        struct backend backend = fixture_client(1 + i, BACKEND_IDLE, 900);
        backend.application = "pgbouncer";
        backends_add(backends, &backend);
    }
    g_assert_cmpint(kind_of(backends, &policy), ==, CONNECTIONS_IDLE_PILEUP);
    AUTO(backends) dump = fixture_backends(100);
    struct backend leader = fixture_client(1, BACKEND_IN_TRANSACTION, 9000);
    leader.application = "pg_dump";
    backends_add(dump, &leader);
    g_assert_cmpint(kind_of(dump, &policy), ==, CONNECTIONS_HEALTHY);
}

static void test_limit(void)
{
    struct connections_policy policy = fixture_policy();
    AUTO(backends) backends = fixture_backends(100);
    backends_add_limit(backends, &(struct backends_limit){true, "app", 10, 0});
    fixture_many(backends, 1, 10, BACKEND_IDLE, 900);
    for (guint i = 0; i < 20; i++) {
        struct backend other = fixture_client(100 + i, BACKEND_ACTIVE, 900);
        other.role = "other";
        backends_add(backends, &other);
    }
    backends_settle(backends);
    AUTO(connections_diagnosis) diagnosis = connections_diagnose(backends, &policy);
    g_assert_cmpint(diagnosis->kind, ==, CONNECTIONS_IDLE_PILEUP);
    g_assert_cmpint(diagnosis->goal, ==, 8);
    g_assert_cmpint(diagnosis->need, ==, 2);
    g_assert_nonnull(strstr(diagnosis->reason, "10 of 10 connections that role \"app\" may"));
}

/* Rounded down, but not because of what binary fractions are. */
static void test_goal(void)
{
    static const struct {
        double until;
        gint64 max, goal;
    } cases[] = {{0.8, 98, 76},   {0.8, 100, 77}, {0.7, 13, 7},
                 {0.29, 103, 29}, {0, 100, 0},    {1, 100, 97}};
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct connections_policy policy = fixture_policy();
        policy.until = cases[i].until;
        AUTO(backends) backends = fixture_backends(cases[i].max);
        backends_settle(backends);
        AUTO(connections_diagnosis) diagnosis = connections_diagnose(backends, &policy);
        g_assert_cmpint(diagnosis->goal, ==, cases[i].goal);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/connections/kinds", test_kinds);
    g_test_add_func("/connections/thresholds", test_thresholds);
    g_test_add_func("/connections/storm", test_storm);
    g_test_add_func("/connections/starvation", test_starvation);
    g_test_add_func("/connections/convoy", test_convoy);
    g_test_add_func("/connections/advisory", test_advisory);
    g_test_add_func("/connections/protected", test_protected);
    g_test_add_func("/connections/limit", test_limit);
    g_test_add_func("/connections/goal", test_goal);
    return g_test_run();
}
