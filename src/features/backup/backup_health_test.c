#include "backup_health.h"

#include "backup_fixture.h"

static const struct health_bounds bounds = {.proof_us = (gint64) 1000 * G_USEC_PER_SEC,
                                            .proof_critical_us = (gint64) 5000 * G_USEC_PER_SEC,
                                            .wal_us = (gint64) 100 * G_USEC_PER_SEC};

static void assert_health(struct health health, enum verdict_status status, const char *next)
{
    g_assert_nonnull(health.message);
    g_assert_cmpint(health.status, ==, status);
    g_assert_cmpstr(health.next, ==, next);
    g_free(health.message);
}

static struct health proof(struct test_world *test, const char *damage, gint64 now)
{
    return health_proof(test->backups, damage, &bounds, now * G_USEC_PER_SEC);
}

static void test_proof(void)
{
    struct test_world *test = usual(); /* A ended at 115, B at 195 */
    struct repo_backup *first = test->backups->pdata[0], *second = test->backups->pdata[1];

    assert_health(proof(test, NULL, 200), VERDICT_CRITICAL, "drill");
    first->proof = REPO_PROVEN;
    assert_health(proof(test, NULL, 1115), VERDICT_OK, NULL);
    assert_health(proof(test, NULL, 1116), VERDICT_WARNING, "drill");
    assert_health(proof(test, NULL, 5116), VERDICT_CRITICAL, "drill");
    second->proof = REPO_PROVEN;
    assert_health(proof(test, NULL, 1116), VERDICT_OK, NULL);
    assert_health(proof(test, "bad page", 1116), VERDICT_CRITICAL, "list");
    first->proof = second->proof = REPO_DAMAGED;
    assert_health(proof(test, NULL, 200), VERDICT_CRITICAL, "create");
    test_free(test);
}

static struct health wal(struct test_world *test, const struct health_server *server,
                         gint64 now)
{
    AUTO(recoverable) found = recoverable_decide(&test->world, NULL, NULL);

    return health_wal(found, test->backups, server, &bounds, now * G_USEC_PER_SEC);
}

/* The last commit that can be recovered is at 250 s, at 9.5 MiB. */
static void test_wal(void)
{
    struct test_world *test = usual();
    struct health_server server = {.lsn = mib(9.5)};

    assert_health(wal(test, &server, 9999), VERDICT_OK, NULL);
    server.lsn = mib(12);
    assert_health(wal(test, &server, 350), VERDICT_OK, NULL);
    assert_health(wal(test, &server, 351), VERDICT_WARNING, "list");
    server = (struct health_server){.slot_there = true, .slot_status = "reserved"};
    assert_health(wal(test, &server, 300), VERDICT_WARNING, "wal receive");
    server.slot_active = true;
    assert_health(wal(test, &server, 300), VERDICT_OK, NULL);
    server.slot_status = "unreserved";
    assert_health(wal(test, &server, 300), VERDICT_CRITICAL, "wal receive");
    server = (struct health_server){.failing = true};
    assert_health(wal(test, &server, 300), VERDICT_OK, NULL);
    server.pushes = true;
    assert_health(wal(test, &server, 300), VERDICT_WARNING, "list");
    test_free(test);
}

static void test_wal_gaps(void)
{
    struct test_world *test = usual();
    const struct health_server server = {.lsn = mib(9.5)};

    segment_remove(test, 1, 4);
    assert_health(wal(test, &server, 300), VERDICT_WARNING, "list");
    segment_remove(test, 1, 8);
    assert_health(wal(test, &server, 300), VERDICT_CRITICAL, "create");
    test_free(test);
    test = usual();
    test->broken[1] = mib(8.1);
    assert_health(wal(test, &server, 300), VERDICT_CRITICAL, "create");
    test_free(test);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/backup_health/proof", test_proof);
    g_test_add_func("/backup_health/wal", test_wal);
    g_test_add_func("/backup_health/wal_gaps", test_wal_gaps);
    return g_test_run();
}
