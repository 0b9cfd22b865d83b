#include "connections_fixture.h"

struct result {
    struct connections_diagnosis *diagnosis;
    struct connections_decision *decision;
};

static struct result decide(struct backends *backends, const struct connections_policy *policy)
{
    struct result result;

    backends_settle(backends);
    result.diagnosis = connections_diagnose(backends, policy);
    result.decision = connections_decide(backends, result.diagnosis, policy);
    return result;
}

static void result_clear(struct result *result)
{
    connections_diagnosis_free(result->diagnosis);
    connections_decision_free(result->decision);
}

static const struct connections_choice *chosen(const struct result *result, guint index)
{
    return &g_array_index(result->decision->chosen, struct connections_choice, index);
}

static const char *spared(const struct result *result, gint64 pid)
{
    for (guint i = 0; i < result->decision->spared->len; i++) {
        const struct connections_spared *one =
            &g_array_index(result->decision->spared, struct connections_spared, i);
        if (one->backend->pid == pid)
            return one->reason;
    }
    return NULL;
}

/* Whoever is no client of another program is in neither list; all others in exactly one. */
static void assert_complete(const struct result *result, const struct backends *backends)
{
    guint clients = 0;

    for (guint i = 0; i < backends_count(backends); i++)
        clients +=
            backend_is_client(backends_at(backends, i)) && !backends_at(backends, i)->self;
    g_assert_cmpuint(result->decision->chosen->len + result->decision->spared->len, ==,
                     clients);
}

static void test_fewest_oldest_first(void)
{
    struct connections_policy policy = fixture_policy();
    AUTO(backends) backends = fixture_backends(100);
    fixture_many(backends, 1000, 60, BACKEND_IDLE, 400); /* 1059 is the oldest */
    fixture_many(backends, 2000, 30, BACKEND_ACTIVE, 1);
    struct result result = decide(backends, &policy);
    g_assert_cmpint(result.diagnosis->kind, ==, CONNECTIONS_IDLE_PILEUP);
    g_assert_cmpuint(result.decision->chosen->len, ==, 13); /* 90 - 77 */
    for (guint i = 0; i < 13; i++)
        g_assert_cmpint(chosen(&result, i)->backend->pid, ==, 1059 - i);
    g_assert_false(chosen(&result, 0)->ladder);
    g_assert_nonnull(strstr(chosen(&result, 0)->reason, "longer than 5 min"));
    g_assert_cmpstr(spared(&result, 1000), ==, "the goal is reached without it");
    g_assert_cmpstr(spared(&result, 2000), ==, "it is at work");
    assert_complete(&result, backends);
    result_clear(&result);
}

static void test_too_few(void)
{
    struct connections_policy policy = fixture_policy();
    AUTO(backends) backends = fixture_backends(100);
    fixture_many(backends, 1000, 10, BACKEND_IDLE, 400);
    fixture_many(backends, 2000, 80, BACKEND_IDLE, 10);
    struct result result = decide(backends, &policy);
    g_assert_cmpuint(result.decision->chosen->len, ==, 10);
    g_assert_cmpstr(spared(&result, 2000), ==, "it has not been idle for long enough");
    assert_complete(&result, backends);
    result_clear(&result);
}

static void test_transactions(void)
{
    struct connections_policy policy = fixture_policy();
    AUTO(backends) backends = fixture_backends(100);
    fixture_many(backends, 1000, 40, BACKEND_IN_TRANSACTION, 400);
    fixture_many(backends, 2000, 50, BACKEND_IDLE, 10);
    /* The state is new, the transaction is old: xact_start counts. */
    struct backend busy = fixture_client(3000, BACKEND_IN_TRANSACTION, 9000);
    busy.state_change_us = busy.query_start_us = NOW_US - G_USEC_PER_SEC;
    backends_add(backends, &busy);
    struct result result = decide(backends, &policy);
    g_assert_cmpint(result.diagnosis->kind, ==, CONNECTIONS_IDLE_IN_TRANSACTION);
    g_assert_cmpuint(result.decision->chosen->len, ==, 14);
    g_assert_cmpint(chosen(&result, 0)->backend->pid, ==, 3000);
    assert_complete(&result, backends);
    result_clear(&result);
}

/* In every mix. */
static void add_untouchables(struct backends *backends)
{
    struct backend backend = fixture_client(1, BACKEND_IDLE, 90000);
    backend.self = true;
    backends_add(backends, &backend);
    backend.self = false;
    backend.pid = 2;
    backend.application = "pgrunbook vacuum";
    backends_add(backends, &backend);
    backend.pid = 3;
    backend.application = "PG_DUMP";
    backends_add(backends, &backend);
    backend.pid = 4;
    backend.application = "psql";
    backend.superuser = true;
    backends_add(backends, &backend);
    backend.superuser = false;
    backend.pid = 5;
    backend.type = "walsender";
    backends_add(backends, &backend);
    backend.pid = 6;
    backend.type = "autovacuum worker";
    backends_add(backends, &backend);
}

static void test_protected(void)
{
    struct connections_policy policy = fixture_policy();
    policy.until = 0;
    AUTO(backends) backends = fixture_backends(100);
    add_untouchables(backends);
    fixture_many(backends, 1000, 80, BACKEND_IDLE, 400);
    struct result result = decide(backends, &policy);
    g_assert_cmpuint(result.decision->chosen->len, ==, 80);
    for (guint i = 0; i < 80; i++)
        g_assert_cmpint(chosen(&result, i)->backend->pid, >=, 1000);
    g_assert_cmpstr(spared(&result, 4), ==, "its role is a superuser");
    assert_complete(&result, backends);
    result_clear(&result);

    policy.protection.superusers = true;
    result = decide(backends, &policy);
    g_assert_cmpuint(result.decision->chosen->len, ==, 81);
    g_assert_cmpint(chosen(&result, 0)->backend->pid, ==, 4);
    result_clear(&result);
}

static void test_forbidden(void)
{
    struct connections_policy policy = fixture_policy();
    AUTO(backends) backends = fixture_backends(100);
    for (guint i = 0; i < 90; i++) {
        struct backend backend = fixture_client(1000 + i, BACKEND_IDLE, i < 80 ? 400 : 10);
        backend.may_end = i == 0;
        backends_add(backends, &backend);
    }
    struct result result = decide(backends, &policy);
    g_assert_cmpuint(result.decision->chosen->len, ==, 1);
    g_assert_cmpuint(result.decision->forbidden, ==, 79); /* not the young ones */
    g_assert_cmpuint(result.decision->forbidden_superusers, ==, 0);
    g_assert_nonnull(strstr(spared(&result, 1001), "pg_signal_backend"));
    assert_complete(&result, backends);
    result_clear(&result);
}

static const char *shop_may_keep(const struct backend *backend, gint64 *ret_allowed,
                                 gconstpointer data)
{
    *ret_allowed = *(const gint64 *) data;
    return strcmp(backend->application, "shop") == 0 ? "shop" : NULL;
}

static void test_allowed_idle(void)
{
    static const gint64 ten = 10;
    struct connections_policy policy = fixture_policy();
    policy.until = 0.1; /* 9 of 97 */
    policy.application_of = shop_may_keep;
    policy.data = &ten;
    AUTO(backends) backends = fixture_backends(100);
    fixture_many(backends, 1000, 30, BACKEND_IDLE, 400);
    fixture_many(backends, 2000, 3, BACKEND_IDLE, 10); /* young ones count among the kept */
    struct backend other = fixture_client(3000, BACKEND_IDLE, 400);
    other.application = "report";
    backends_add(backends, &other);
    struct result result = decide(backends, &policy);
    g_assert_cmpuint(result.decision->chosen->len, ==,
                     24); /* 23 of the shop's 33, and report */
    g_assert_cmpint(chosen(&result, 0)->backend->pid, ==, 1029);
    g_assert_nonnull(strstr(spared(&result, 1000), "max_idle"));
    assert_complete(&result, backends);
    result_clear(&result);
}

static void test_nothing_to_end(void)
{
    static const struct {
        enum backend_state state;
        double seconds;
        guint count;
        bool unready;
    } cases[] = {{BACKEND_ACTIVE, 100, 90, false},
                 {BACKEND_ACTIVE, 1, 90, false},
                 {BACKEND_IDLE, 900, 50, false},
                 {BACKEND_IDLE, 900, 50, true},
                 {BACKEND_IN_TRANSACTION, 900, 50, false}};
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct connections_policy policy = fixture_policy();
        policy.unready = cases[i].unready;
        AUTO(backends) backends = fixture_backends(100);
        fixture_many(backends, 1000, cases[i].count, cases[i].state, cases[i].seconds);
        struct result result = decide(backends, &policy);
        g_assert_cmpuint(result.decision->chosen->len, ==, 0);
        assert_complete(&result, backends);
        result_clear(&result);
    }
}

/* ---- convoys --------------------------------------------------------------------------------- */

static void test_convoy_root(void)
{
    static const struct {
        enum backend_state state;
        bool ladder;
    } cases[] = {
        {BACKEND_IN_TRANSACTION, false}, {BACKEND_ABORTED, false}, {BACKEND_ACTIVE, true}};
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct connections_policy policy = fixture_policy();
        AUTO(backends) backends = fixture_backends(100);
        fixture_add(backends, 10, cases[i].state, 30);
        fixture_queue(backends, 10, 30, "relation");
        fixture_many(backends, 1000, 60, BACKEND_IDLE, 900);
        struct result result = decide(backends, &policy);
        g_assert_cmpuint(result.decision->chosen->len, ==, 1);
        g_assert_cmpint(chosen(&result, 0)->backend->pid, ==, 10);
        g_assert_cmpint(chosen(&result, 0)->ladder, ==, cases[i].ladder);
        g_assert_cmpstr(spared(&result, 11), ==, "it waits for a lock");
        assert_complete(&result, backends);
        result_clear(&result);
    }
}

/* pg_dump reads, an ALTER TABLE waits for it, and everybody else waits for the ALTER TABLE. */
static void test_convoy_behind_protected(void)
{
    struct connections_policy policy = fixture_policy();
    AUTO(backends) backends = fixture_backends(100);
    struct backend dump = fixture_client(10, BACKEND_ACTIVE, 600);
    dump.application = "pg_dump";
    backends_add(backends, &dump);
    fixture_add_waiter(backends, 11, "relation", (gint64[]){10}, 1);
    for (gint64 pid = 12; pid < 40; pid++)
        fixture_add_waiter(backends, pid, "relation", (gint64[]){11}, 1);
    struct result result = decide(backends, &policy);
    g_assert_cmpint(result.diagnosis->kind, ==, CONNECTIONS_LOCK_CONVOY);
    g_assert_cmpuint(result.decision->chosen->len, ==, 1);
    g_assert_cmpint(chosen(&result, 0)->backend->pid, ==, 11);
    g_assert_true(chosen(&result, 0)->ladder);
    result_clear(&result);
}

/* Everybody would have to wait for the backup: nobody is ended in vain. */
static void test_convoy_of_protected_alone(void)
{
    struct connections_policy policy = fixture_policy();
    AUTO(backends) backends = fixture_backends(100);
    struct backend dump = fixture_client(10, BACKEND_IN_TRANSACTION, 600);
    dump.application = "pg_dump";
    backends_add(backends, &dump);
    fixture_queue(backends, 10, 30, "relation");
    struct result result = decide(backends, &policy);
    g_assert_cmpint(result.diagnosis->kind, ==, CONNECTIONS_LOCK_CONVOY);
    g_assert_cmpuint(result.decision->chosen->len, ==, 0);
    g_auto(GStrv) hints = connections_hints(result.diagnosis, &policy, true);
    g_autofree char *all = g_strjoinv("\n", hints);
    g_assert_nonnull(strstr(all, "pid 10, is left alone: its application is protected"));
    result_clear(&result);
}

static void test_convoy_of_prepared(void)
{
    struct connections_policy policy = fixture_policy();
    AUTO(backends) backends = fixture_backends(100);
    for (gint64 pid = 10; pid < 20; pid++) {
        struct backend waiter = fixture_client(pid, BACKEND_ACTIVE, 20);
        waiter.blockers = (gint64[]){0};
        waiter.blocker_count = 1;
        waiter.lock = "relation";
        waiter.prepared = "it's 7";
        waiter.wait_since_us = NOW_US - 10 * G_USEC_PER_SEC;
        backends_add(backends, &waiter);
    }
    struct result result = decide(backends, &policy);
    g_assert_cmpint(result.diagnosis->kind, ==, CONNECTIONS_LOCK_CONVOY);
    g_assert_cmpuint(result.decision->chosen->len, ==, 0);
    g_auto(GStrv) hints = connections_hints(result.diagnosis, &policy, false);
    g_autofree char *all = g_strjoinv("\n", hints);
    g_assert_nonnull(strstr(all, "ROLLBACK PREPARED 'it''s 7'"));
    result_clear(&result);
}

/* Two who hold it together: one alone would free nobody. */
static void test_convoy_of_two_roots(void)
{
    struct connections_policy policy = fixture_policy();
    AUTO(backends) backends = fixture_backends(100);
    fixture_add(backends, 10, BACKEND_IN_TRANSACTION, 30);
    fixture_add(backends, 11, BACKEND_IN_TRANSACTION, 30);
    for (gint64 pid = 12; pid < 40; pid++)
        fixture_add_waiter(backends, pid, "relation", (gint64[]){10, 11}, 2);
    struct result result = decide(backends, &policy);
    g_assert_cmpuint(result.decision->chosen->len, ==, 2);
    result_clear(&result);
}

/* ---- many ------------------------------------------------------------------------------------ */

static struct backends *crowd(guint waiting)
{
    struct backends *backends = fixture_backends(5100);

    add_untouchables(backends);
    fixture_many(backends, 10000, 3000, BACKEND_IDLE, 400);
    fixture_many(backends, 20000, 1000, BACKEND_ACTIVE, 1);
    fixture_add(backends, 30000, BACKEND_IN_TRANSACTION, 40);
    for (guint i = 0; i < waiting; i++)
        fixture_add_waiter(backends, 30001 + i, "tuple", (gint64[]){30000 + (i > 0), 30000},
                           i > 0 ? 2 : 1);
    fixture_many(backends, 40000, 990 - waiting, BACKEND_IN_TRANSACTION, 10);
    backends_settle(backends);
    return backends;
}

/* It has to be quick where it counts; how quick is printed, the bound is a generous one. */
static void test_quick(void)
{
    for (guint waiting = 0; waiting <= 900; waiting += 900) {
        struct connections_policy policy = fixture_policy();
        AUTO(backends) backends = crowd(waiting);
        gint64 started = g_get_monotonic_time();
        struct result result = decide(backends, &policy);
        gint64 took_us = g_get_monotonic_time() - started;
        g_test_message("%u sessions, %u waiting: %" G_GINT64_FORMAT " us, %u chosen",
                       backends_count(backends), waiting, took_us,
                       result.decision->chosen->len);
        g_assert_cmpint(took_us, <, G_USEC_PER_SEC);
        g_assert_cmpuint(result.decision->chosen->len, ==, waiting > 0 ? 1 : 917);
        assert_complete(&result, backends);
        result_clear(&result);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/connections/fewest_oldest_first", test_fewest_oldest_first);
    g_test_add_func("/connections/too_few", test_too_few);
    g_test_add_func("/connections/transactions", test_transactions);
    g_test_add_func("/connections/protected", test_protected);
    g_test_add_func("/connections/forbidden", test_forbidden);
    g_test_add_func("/connections/allowed_idle", test_allowed_idle);
    g_test_add_func("/connections/nothing_to_end", test_nothing_to_end);
    g_test_add_func("/connections/convoy_root", test_convoy_root);
    g_test_add_func("/connections/convoy_behind_protected", test_convoy_behind_protected);
    g_test_add_func("/connections/convoy_of_protected_alone", test_convoy_of_protected_alone);
    g_test_add_func("/connections/convoy_of_prepared", test_convoy_of_prepared);
    g_test_add_func("/connections/convoy_of_two_roots", test_convoy_of_two_roots);
    g_test_add_func("/connections/quick", test_quick);
    return g_test_run();
}
