#include "backends/backends_fixture.h"
#include "queries_private.h"

static void add(struct backends *backends, gint64 pid, const char *type, double seconds,
                const char *query)
{
    struct backend backend = fixture_client(pid, BACKEND_ACTIVE, seconds);

    backend.type = type;
    backend.query = query;
    backends_add(backends, &backend);
}

static struct queries_view *look(struct backends *backends, double longer_than)
{
    static const char *const applications[] = {"pg_dump", NULL};
    g_autoptr(GArray) rules = g_array_new(FALSE, FALSE, sizeof(struct queries_rule));
    const struct queries_policy policy = {
        .longer_than_us = (gint64) (longer_than * G_USEC_PER_SEC),
        .rules = rules,
        .protection = {.applications = applications},
    };

    backends_settle(backends);
    return queries_look(backends, &policy);
}

/* "PID PID …" */
static void pids_are(const GArray *rows, const char *expected)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint i = 0; i < rows->len; i++)
        g_string_append_printf(text, "%s%" G_GINT64_FORMAT, i > 0 ? " " : "",
                               queries_at(rows, i)->backend->pid);
    g_assert_cmpstr(text->str, ==, expected);
}

static void test_places(void)
{
    AUTO(backends) backends = fixture_backends(100);
    struct backend dump = fixture_client(7, BACKEND_ACTIVE, 900);
    struct backend worker = fixture_client(8, BACKEND_ACTIVE, 80);
    struct backend self = fixture_client(9, BACKEND_ACTIVE, 80);
    struct backend super = fixture_client(10, BACKEND_ACTIVE, 70);

    fixture_add(backends, 1, BACKEND_ACTIVE, 80);
    fixture_add(backends, 2, BACKEND_ACTIVE, 59);
    fixture_add(backends, 3, BACKEND_ACTIVE, 600);
    fixture_add(backends, 4, BACKEND_IDLE, 600);
    fixture_add(backends, 5, BACKEND_IN_TRANSACTION, 61);
    fixture_add(backends, 6, BACKEND_ABORTED, 62);
    dump.application = "pg_dump";
    backends_add(backends, &dump);
    worker.type = "parallel worker";
    worker.leader = 1;
    backends_add(backends, &worker);
    self.self = true;
    backends_add(backends, &self);
    super.superuser = true;
    backends_add(backends, &super);
    add(backends, 11, "walsender", 5000, "START_REPLICATION SLOT \"s\"");
    add(backends, 12, "autovacuum worker", 300, "autovacuum: VACUUM public.a");
    add(backends, 13, "autovacuum worker", 400,
        "autovacuum: VACUUM public.b (to prevent wraparound)");
    add(backends, 14, "checkpointer", 9000, "");
    add(backends, 15, "logical replication launcher", 9000, "");
    add(backends, 16, "logical replication worker", 8000, "");

    AUTO(queries_view) view = look(backends, 60);
    pids_are(view->queries, "3 1");
    pids_are(view->transactions, "6 5");
    pids_are(view->apart, "16 11 7 13 12 10");
    g_assert_cmpuint(queries_at(view->queries, 1)->backend->workers, ==, 1);
    g_assert_cmpstr(queries_at(view->queries, 1)->reason, ==,
                    "active for 1 min 20 s, with 1 parallel workers");
    g_assert_true(g_str_has_prefix(queries_at(view->apart, 3)->reason,
                                   "autovacuum, to prevent wraparound: "));
    for (guint i = 0; i < view->apart->len; i++)
        g_assert_nonnull(queries_at(view->apart, i)->protected);
}

static void test_blocks(void)
{
    AUTO(backends) backends = fixture_backends(100);
    gint64 by_one[] = {1, 1}, by_two[] = {2, 1};

    fixture_add(backends, 1, BACKEND_IN_TRANSACTION, 100);
    fixture_add_waiter(backends, 2, "relation", by_one, 2);
    fixture_add_waiter(backends, 3, "relation", by_two, 2);
    AUTO(queries_view) view = look(backends, 0);
    const struct queries_row *root = queries_at(view->transactions, 0);
    g_assert_cmpuint(root->blocks->len, ==, 2);
    g_assert_cmpint(g_array_index(root->blocks, gint64, 1), ==, 3);
    g_assert_cmpstr(root->reason, ==, "in a transaction for 1 min 40 s, blocks 2");
    pids_are(view->queries, "2 3");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/queries/places", test_places);
    g_test_add_func("/queries/blocks", test_blocks);
    return g_test_run();
}
