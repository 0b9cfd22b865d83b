#include "connections_pool.h"

#include <string.h>

static const char *const names[] = {"database",  "user",    "cl_active", "cl_waiting",
                                    "sv_active", "sv_idle", "maxwait",   "maxwait_us",
                                    "pool_mode", NULL};

static void refused(const char *const *columns, const char *const *cells, const char *what)
{
    g_autoptr(GError) error = NULL;

    g_assert_null(connections_pooler_read(columns, cells, 1, &error));
    g_assert_error(error, RUNBOOK_ERROR, RUNBOOK_FAILED);
    g_assert_nonnull(strstr(error->message, what));
}

static void test_rows(void)
{
    static const char *const cells[] = {
        "shop",      "app",       "2", "3", "2", "0", "2", "500000", "transaction",
        "pgbouncer", "pgbouncer", "1", "0", "0", "0", "0", "0",      "statement"};
    gint64 longest;

    g_autoptr(GArray) pools = connections_pooler_read(names, cells, 2, NULL);
    g_assert_cmpuint(pools->len, ==, 1);
    const struct connections_pooler_row *row =
        &g_array_index(pools, struct connections_pooler_row, 0);
    g_assert_cmpstr(row->database, ==, "shop");
    g_assert_cmpstr(row->mode, ==, "transaction");
    g_assert_cmpint(row->client_active, ==, 2);
    g_assert_cmpint(row->longest_us, ==, 2500000);
    g_assert_cmpint(connections_pooler_waiting(pools, &longest), ==, 3);
    g_autofree char *words = connections_pooler_words(pools);
    g_assert_cmpstr(words, ==,
                    "3 clients wait for a connection of PgBouncer, the first for 2.5 s: its "
                    "pool is too small, or its server connections are held too long");
}

/* Columns come in any order, and old versions lack the last two. */
static void test_columns(void)
{
    static const char *const old[] = {"maxwait",    "database",  "user",    "cl_active",
                                      "cl_waiting", "sv_active", "sv_idle", NULL};
    static const char *const cells[] = {"7", "shop", NULL, "0", "1", "0", "0"};

    g_autoptr(GArray) pools = connections_pooler_read(old, cells, 1, NULL);
    const struct connections_pooler_row *row =
        &g_array_index(pools, struct connections_pooler_row, 0);
    g_assert_cmpint(row->longest_us, ==, 7000000);
    g_assert_null(row->mode);
    g_assert_null(row->user);
    g_autoptr(GArray) none = connections_pooler_read(old, NULL, 0, NULL);
    g_autofree char *words = connections_pooler_words(none);
    g_assert_cmpstr(words, ==, "no client waits for a connection of PgBouncer");
}

static void test_faults(void)
{
    static const char *const few[] = {"database", "user", NULL};
    static const char *const negative[] = {"shop", "app", "2", "-3", "2", "0", "2", "0", "x"};
    static const char *const null[] = {"shop", "app", NULL, "3", "2", "0", "2", "0", "x"};
    static const char *const huge[] = {"shop", "app", "9223372036854775807", "3", "2", "0", "2",
                                       "0",    "x"};
    static const char *const nowhere[] = {NULL, "app", "1", "3", "2", "0", "2", "0", "x"};

    refused(few, few, "it has no column \"cl_active\"");
    refused(names, negative, "\"cl_waiting\" is no count");
    refused(names, null, "\"cl_active\" is no count");
    refused(names, huge, "\"cl_active\" is no count");
    refused(names, nowhere, "a pool has no database");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pool/pooler/rows", test_rows);
    g_test_add_func("/pool/pooler/columns", test_columns);
    g_test_add_func("/pool/pooler/faults", test_faults);
    return g_test_run();
}
