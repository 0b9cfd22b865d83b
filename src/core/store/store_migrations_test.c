#include "store/store_migrations.h"

#include "store/store_fixture.h"

static const struct store_rehearsal usual = {
    .run = 3,
    .at_us = 100,
    .system = "7",
    .dbname = "shop",
    .version = "1",
    .name = "orders",
    .hash = "abc",
    .schema_hash = "def",
    .verdict = "schema only",
    .detail = "data lost in orders.note",
    .longest_hold_ms = 12.5,
    .predicted_hold_ms = -1,
    .transactional = true,
    .passed = false,
};

static void note_rehearsal(const struct store_rehearsal *found, gpointer data)
{
    g_string_append_printf(data, "%d %s %s %s %g %g %d %d %s", (int) found->run, found->version,
                           found->schema_hash, found->detail, found->longest_hold_ms,
                           found->predicted_hold_ms, found->transactional, found->passed,
                           found->verdict);
}

static void last_is(struct store *store, const char *dbname, const char *hash,
                    const char *expected)
{
    g_autoptr(GString) found = g_string_new(NULL);

    g_assert_cmpint(store_rehearsal_last(store, "7", dbname, hash, note_rehearsal, found), ==,
                    expected[0] != '\0');
    g_assert_cmpstr(found->str, ==, expected);
    g_assert_cmpstr(store_trouble(store), ==, NULL);
}

static void test_rehearsals(void)
{
    AUTO(store) store = store_open(NULL);
    struct store_rehearsal newer = usual;

    last_is(store, "shop", "abc", "");
    store_rehearsal_put(store, &usual);
    last_is(store, "shop", "abc", "3 1 def data lost in orders.note 12.5 -1 1 0 schema only");
    newer.run = 4;
    newer.at_us = 200;
    newer.detail = "none";
    newer.passed = true;
    newer.transactional = false;
    newer.predicted_hold_ms = 40;
    store_rehearsal_put(store, &newer);
    last_is(store, "shop", "abc", "4 1 def none 12.5 40 0 1 schema only");
    last_is(store, "shop", "xyz", "");
    last_is(store, "other", "abc", "");

    store_prune(store, 150);
    last_is(store, "shop", "abc", "4 1 def none 12.5 40 0 1 schema only");
    store_prune(store, 201);
    last_is(store, "shop", "abc", "");
}

static void note_migration(const struct store_migration *found, gpointer data)
{
    g_string_append_printf(data, "%d %s %s %s %s %g %d %s; ", (int) found->run, found->version,
                           found->hash, found->direction, found->outcome,
                           found->longest_hold_ms, found->analyzed,
                           found->forced != NULL ? found->forced : "-");
}

static void test_migrations(void)
{
    AUTO(store) store = store_open(NULL);
    g_autoptr(GString) found = g_string_new(NULL);
    struct store_migration migration = {
        .run = 3,
        .at_us = 100,
        .system = "7",
        .dbname = "shop",
        .ledger = "goose public.a",
        .version = "1",
        .name = "orders",
        .hash = "abc",
        .direction = "up",
        .outcome = "running",
    };

    store_migration_put(store, &migration);
    migration.outcome = "done";
    migration.longest_hold_ms = 7;
    migration.analyzed = true;
    store_migration_put(store, &migration);
    migration.run = 4;
    migration.at_us = 300;
    migration.direction = "down";
    migration.forced = "the night shift";
    store_migration_put(store, &migration);
    /* Neither another folder's in the same database, nor another database's. */
    migration.ledger = "goose public.b";
    store_migration_put(store, &migration);
    migration.ledger = "goose public.a";
    migration.dbname = "other";
    store_migration_put(store, &migration);
    store_prune(store, 1000);
    g_assert_true(
        store_migrations_each(store, "7", "shop", "goose public.a", note_migration, found));
    g_assert_cmpstr(found->str, ==,
                    "3 1 abc up done 7 1 -; 4 1 abc down done 7 1 the night shift; ");
    g_assert_cmpstr(store_trouble(store), ==, NULL);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/store_migrations/rehearsals", test_rehearsals);
    g_test_add_func("/store_migrations/migrations", test_migrations);
    return g_test_run();
}
