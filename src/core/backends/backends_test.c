#include "backends/backends_act.h"
#include "backends/backends_fixture.h"
#include "error.h"

#include <string.h>

/* ---- counting -------------------------------------------------------------------------------- */

static void test_slots(void)
{
    AUTO(backends) backends = fixture_backends(100);
    struct backend walsender = fixture_client(7, BACKEND_ACTIVE, 1);
    struct backend hidden = {
        .pid = 8, .database = "shop", .role = "x", .state = BACKEND_HIDDEN};
    struct backend launcher = {.pid = 9, .type = "autovacuum launcher", .query = ""};
    walsender.type = "walsender";
    backends->slots.reserved = 5;
    backends_add(backends, &walsender);
    backends_add(backends, &hidden);
    backends_add(backends, &launcher);
    fixture_add(backends, 1, BACKEND_IDLE, 3);
    backends_settle(backends);
    g_assert_cmpint(backends->slots.ordinary, ==, 92);
    g_assert_cmpint(backends->slots.used, ==, 2);
    g_assert_cmpuint(backends->hidden, ==, 1);
    g_autoptr(GError) error = NULL;
    g_assert_false(backends_all_seen(backends, &error));
    g_assert_cmpint(error->code, ==, RUNBOOK_REFUSED);
    g_assert_nonnull(strstr(error->message, "GRANT pg_read_all_stats TO"));
}

static void test_find(void)
{
    AUTO(backends) backends = fixture_backends(100);
    fixture_add(backends, 30, BACKEND_IDLE, 3);
    fixture_add(backends, 10, BACKEND_ACTIVE, 3);
    fixture_add(backends, 20, BACKEND_ABORTED, 3);
    backends_settle(backends);
    g_assert_cmpint(backends_at(backends, 0)->pid, ==, 10);
    g_assert_cmpint(backends_find(backends, 20)->state, ==, BACKEND_ABORTED);
    g_assert_null(backends_find(backends, 21));
    g_assert_cmpfloat(backend_seconds(backends, backends_find(backends, 30)), ==, 3);
}

static void test_limits(void)
{
    AUTO(backends) backends = fixture_backends(100);
    backends_add_limit(backends, &(struct backends_limit){false, "shop", 30, 0});
    backends_add_limit(backends, &(struct backends_limit){true, "app", 10, 0});
    backends_add_limit(backends, &(struct backends_limit){true, "owner", 1, 0});
    backends_add_limit(backends, &(struct backends_limit){true, "nobody", 0, 0});
    fixture_add(backends, 1, BACKEND_IDLE, 3);
    struct backend other = fixture_client(2, BACKEND_IDLE, 3);
    other.role = "owner";
    backends_add(backends, &other);
    backends_settle(backends);
    struct backends_room room = backends_fullest(backends);
    g_assert_cmpstr(room.limit->name, ==, "app");
    g_assert_cmpint(room.most, ==, 10);
    g_assert_cmpint(room.used, ==, 1);
    g_assert_true(backend_in_room(backends_find(backends, 1), &room));
    g_assert_false(backend_in_room(backends_find(backends, 2), &room));
}

static void test_long_query(void)
{
    AUTO(backends) backends = fixture_backends(100);
    g_autoptr(GString) query = g_string_new(NULL);
    while (query->len < 10000)
        g_string_append(query, "ß");
    struct backend backend = fixture_client(1, BACKEND_ACTIVE, 1);
    backend.query = query->str;
    backends_add(backends, &backend);
    backend.pid = 2;
    backend.query = "SELECT '\xff'";
    backends_add(backends, &backend);
    backends_settle(backends);
    g_assert_cmpuint(strlen(backends_at(backends, 0)->query), ==, 4096);
    g_assert_true(g_utf8_validate(backends_at(backends, 0)->query, -1, NULL));
    g_assert_true(g_utf8_validate(backends_at(backends, 1)->query, -1, NULL));
}

static void test_workers(void)
{
    AUTO(backends) backends = fixture_backends(100);
    struct backend worker = fixture_client(5, BACKEND_ACTIVE, 1);
    gint64 blockers[] = {9};
    fixture_add(backends, 7, BACKEND_ACTIVE, 1);
    fixture_add(backends, 9, BACKEND_IN_TRANSACTION, 1);
    worker.type = "parallel worker";
    worker.leader = 7;
    worker.blockers = blockers;
    worker.blocker_count = 1;
    worker.lock = "relation";
    backends_add(backends, &worker);
    backends_settle(backends);
    g_assert_cmpint(backends->slots.used, ==, 2);
    g_assert_cmpuint(backends_find(backends, 7)->workers, ==, 1);
    g_assert_cmpuint(backends_find(backends, 7)->blocker_count, ==, 1);
    g_assert_cmpuint(backends_find(backends, 5)->blocker_count, ==, 0);
    g_autoptr(GArray) roots = backends_roots(backends);
    g_assert_cmpuint(roots->len, ==, 1);
    g_assert_cmpuint(g_array_index(roots, struct backends_root, 0).all, ==, 1);
}

/* ---- the tree -------------------------------------------------------------------------------- */

/* 1 holds it, 2 waits, the rest wait for both; 50 waits for the last of them alone. */
static struct backends *convoy(guint waiting)
{
    struct backends *backends = fixture_backends(100);
    g_autofree gint64 *ahead = g_new(gint64, waiting + 1);

    fixture_add(backends, 1, BACKEND_IN_TRANSACTION, 60);
    for (guint i = 0; i < waiting; i++) {
        ahead[i] = i + 1;
        fixture_add_waiter(backends, i + 2, "relation", ahead, i + 1);
    }
    ahead[0] = waiting + 1;
    fixture_add_waiter(backends, 50, "transactionid", ahead, 1);
    backends_settle(backends);
    return backends;
}

static void test_roots(void)
{
    AUTO(backends) backends = convoy(30);
    g_autoptr(GArray) roots = backends_roots(backends);
    g_assert_cmpuint(roots->len, ==, 1);
    struct backends_root root = g_array_index(roots, struct backends_root, 0);
    g_assert_cmpint(root.backend->pid, ==, 1);
    g_assert_cmpuint(root.direct, ==, 30);
    g_assert_cmpuint(root.all, ==, 31);
    g_assert_cmpuint(root.depth, ==, 2);
    g_assert_cmpint(root.oldest_wait_us, ==, NOW_US - 10 * G_USEC_PER_SEC);
    g_autofree gint64 *root_of = backends_root_of(backends);
    g_assert_cmpint(root_of[0], ==, -1);
    g_assert_cmpint(root_of[1], ==, 1);
    g_assert_cmpint(root_of[31], ==, 1);
    g_assert_cmpuint(backends_freed(backends, (gint64[]){1}, 1), ==, 31);
    g_assert_cmpuint(backends_freed(backends, (gint64[]){2}, 1), ==, 0);
}

static void test_two_roots(void)
{
    AUTO(backends) backends = fixture_backends(100);
    fixture_add(backends, 1, BACKEND_IN_TRANSACTION, 60);
    fixture_add(backends, 2, BACKEND_ACTIVE, 60);
    fixture_add_waiter(backends, 3, "relation", (gint64[]){1, 2}, 2);
    fixture_add_waiter(backends, 4, "relation", (gint64[]){3}, 1);
    fixture_add_waiter(backends, 5, "tuple", (gint64[]){2}, 1);
    backends_settle(backends);
    g_autoptr(GArray) roots = backends_roots(backends);
    g_assert_cmpuint(roots->len, ==, 2);
    g_assert_cmpint(g_array_index(roots, struct backends_root, 0).backend->pid, ==, 2);
    g_assert_cmpuint(g_array_index(roots, struct backends_root, 0).all, ==, 3);
    g_assert_cmpuint(g_array_index(roots, struct backends_root, 1).all, ==, 2);
    g_assert_cmpuint(backends_freed(backends, (gint64[]){1}, 1), ==, 0);
    g_assert_cmpuint(backends_freed(backends, (gint64[]){2}, 1), ==, 1);
    g_assert_cmpuint(backends_freed(backends, (gint64[]){1, 2, 2}, 3), ==, 3);
    g_assert_cmpuint(backends_freed(backends, (gint64[]){3}, 1), ==, 1);
}

static void test_line_for_a_row(void)
{
    AUTO(backends) backends = fixture_backends(100);
    fixture_add(backends, 1, BACKEND_IN_TRANSACTION, 60);
    fixture_add_waiter(backends, 2, "transactionid", (gint64[]){1}, 1);
    fixture_add_waiter(backends, 3, "tuple", (gint64[]){2}, 1);
    fixture_add_waiter(backends, 4, "tuple", (gint64[]){2, 3}, 2);
    fixture_add_waiter(backends, 5, "relation", (gint64[]){2}, 1);
    backends_settle(backends);
    g_assert_cmpuint(backends_freed(backends, (gint64[]){1}, 1), ==, 4);
    /* The row is still taken; what else the first of the line holds is free. */
    g_assert_cmpuint(backends_freed(backends, (gint64[]){2}, 1), ==, 1);
    g_assert_cmpuint(backends_freed(backends, (gint64[]){2, 3}, 2), ==, 1);
    g_assert_cmpuint(backends_freed(backends, (gint64[]){1, 2}, 2), ==, 3);
}

static void test_prepared_root(void)
{
    AUTO(backends) backends = fixture_backends(100);
    struct backend waiter = fixture_client(3, BACKEND_ACTIVE, 9);
    waiter.blockers = (gint64[]){0, 0};
    waiter.blocker_count = 2;
    waiter.prepared = "order 7";
    waiter.prepared_since_us = NOW_US - 90 * G_USEC_PER_SEC;
    backends_add(backends, &waiter);
    fixture_add_waiter(backends, 4, "relation", (gint64[]){3}, 1);
    backends_settle(backends);
    g_autoptr(GArray) roots = backends_roots(backends);
    g_assert_cmpuint(roots->len, ==, 1);
    struct backends_root root = g_array_index(roots, struct backends_root, 0);
    g_assert_null(root.backend);
    g_assert_cmpstr(root.prepared, ==, "order 7");
    g_assert_cmpuint(root.all, ==, 2);
    g_assert_cmpfloat(backends_seconds_since(backends, root.since_us), ==, 90);
    g_autofree gint64 *root_of = backends_root_of(backends);
    g_assert_cmpint(root_of[1], ==, 0);
}

/* A deadlock not broken yet, a blocker that has just gone, one that waits for itself. */
static void test_odd_graphs(void)
{
    AUTO(backends) backends = fixture_backends(100);
    fixture_add_waiter(backends, 1, "tuple", (gint64[]){2}, 1);
    fixture_add_waiter(backends, 2, "tuple", (gint64[]){1}, 1);
    fixture_add_waiter(backends, 3, "tuple", (gint64[]){99}, 1);
    fixture_add_waiter(backends, 4, "tuple", (gint64[]){4}, 1);
    backends_settle(backends);
    g_autoptr(GArray) roots = backends_roots(backends);
    g_assert_cmpuint(roots->len, ==, 0);
    g_assert_cmpuint(backends_freed(backends, (gint64[]){1}, 1), ==, 1);
    g_assert_cmpuint(backends_freed(backends, (gint64[]){1000}, 1), ==, 0);

    AUTO(backends) none = fixture_backends(100);
    backends_settle(none);
    g_autoptr(GArray) no_roots = backends_roots(none);
    g_assert_cmpuint(no_roots->len, ==, 0);
}

/* ---- protection ------------------------------------------------------------------------------ */

static void test_applications(void)
{
    static const struct {
        const char *application, *name;
        bool matches;
    } cases[] = {
        {"pg_dump", "pg_dump", true},
        {"PG_DUMP", "pg_dump", true},
        {"pgBackRest [backup]", "pgbackrest", true},
        {"Patroni restapi", "patroni", true},
        {"barman_receive_wal", "barman", true},
        {"pg_dumpall", "pg_dump", false},
        {"pg_dum", "pg_dump", false},
        {"my pg_dump", "pg_dump", false},
        {"", "pg_dump", false},
        {"shop", "", false},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
        if (backends_application_matches(cases[i].application, cases[i].name) !=
            cases[i].matches)
            g_test_fail_printf("\"%s\" and \"%s\"", cases[i].application, cases[i].name);
}

static const char *why(const struct backend *backend, bool superusers)
{
    static const char *const roles[] = {"backup", NULL};
    static const char *const applications[] = {"pg_dump", NULL};
    struct backends_policy policy = {roles, applications, superusers};
    static char reason[200];

    AUTO(backends) backends = fixture_backends(100);
    backends_add(backends, backend);
    backends_settle(backends);
    const char *found = backend_protected(&policy, backends_at(backends, 0));
    g_strlcpy(reason, found ? found : "", sizeof reason);
    return reason;
}

static void test_protected(void)
{
    struct backend backend = fixture_client(1, BACKEND_IDLE, 9);
    g_assert_cmpstr(why(&backend, false), ==, "");
    backend.superuser = true;
    g_assert_cmpstr(why(&backend, false), ==, "its role is a superuser");
    g_assert_cmpstr(why(&backend, true), ==, "");
    backend.role = "backup";
    g_assert_cmpstr(why(&backend, true), ==, "its role is protected (protected_roles)");
    backend.application = "pg_dump";
    g_assert_nonnull(strstr(why(&backend, true), "protected_applications"));
    backend.application = "pgrunbook vacuum";
    g_assert_cmpstr(why(&backend, true), ==, "it is a session of pgrunbook");
    backend.self = true;
    g_assert_cmpstr(why(&backend, true), ==, "it is this very session");

    struct backend other = fixture_client(1, BACKEND_ACTIVE, 9);
    static const char *const types[] = {"walsender", "autovacuum worker", "parallel worker",
                                        "checkpointer", "logical replication worker"};
    for (gsize i = 0; i < G_N_ELEMENTS(types); i++) {
        other.type = types[i];
        g_assert_cmpstr(why(&other, true), !=, "");
    }
    other.type = NULL;
    other.state = BACKEND_HIDDEN;
    g_assert_cmpstr(why(&other, true), ==, "our role may not see what it does");
}

/* ---- the act --------------------------------------------------------------------------------- */

static void test_statement(void)
{
    struct backend backend = fixture_client(42, BACKEND_IN_TRANSACTION, 1.5);
    backend.backend_start_us = NOW_US + 7;
    g_autofree char *sql = backends_statement(&backend, BACKENDS_TERMINATE);
    g_assert_nonnull(strstr(sql, "pg_catalog.pg_terminate_backend(a.pid)"));
    g_assert_nonnull(strstr(sql, "a.pid OPERATOR(pg_catalog.=) 42\n"));
    g_assert_nonnull(strstr(sql, "a.backend_start OPERATOR(pg_catalog.=) "
                                 "'2023-11-14 22:13:20.000007+00'::pg_catalog.timestamptz"));
    g_assert_nonnull(strstr(sql, "a.state OPERATOR(pg_catalog.=) 'idle in transaction'"));
    g_assert_nonnull(strstr(sql, "a.state_change OPERATOR(pg_catalog.=) "
                                 "'2023-11-14 22:13:18.500000+00'"));
    backend.state = BACKEND_ACTIVE;
    g_autofree char *cancel = backends_statement(&backend, BACKENDS_CANCEL);
    g_assert_nonnull(strstr(cancel, "pg_catalog.pg_cancel_backend(a.pid)"));
    g_assert_nonnull(strstr(cancel, "a.query_start OPERATOR(pg_catalog.=)"));
}

static void test_ladder(void)
{
    AUTO(backends) backends = fixture_backends(100);
    fixture_add(backends, 1, BACKEND_ACTIVE, 90);
    backends_settle(backends);
    AUTO(plan) plan = plan_new();
    AUTO(backends_acts) acts = backends_acts_new(10000, "dba");
    struct backends_act *second =
        backends_acts_add_ladder(acts, plan, backends, backends_at(backends, 0), "too long");
    g_assert_cmpuint(plan->steps->len, ==, 2);
    g_assert_cmpint(second->last->action, ==, BACKENDS_CANCEL);
    const struct step *first = backends_act_step(plan, second->last);
    g_assert_cmpuint(first->phase, ==, 0);
    g_assert_cmpuint(backends_act_step(plan, second)->phase, ==, 1);
    g_assert_true(backends_act_counts(second->last));
    g_assert_false(backends_act_counts(second));
    g_assert_nonnull(strstr(second->snapshot, "\"query\":\"SELECT 1\""));
}

static bool is_needed(struct session *session, const char **ret_why, gpointer data)
{
    (void) session;
    *ret_why = "enough";
    return (*(int *) data)-- > 0;
}

/* The goal may be reached before all are done. */
static void test_needed(void)
{
    int more = 1;
    AUTO(backends) backends = fixture_backends(100);
    fixture_add(backends, 1, BACKEND_IDLE, 90);
    backends_settle(backends);
    AUTO(plan) plan = plan_new();
    AUTO(backends_acts) acts = backends_acts_new(10000, "dba");
    acts->needed = is_needed;
    acts->needed_data = &more;
    struct plan_hooks hooks = backends_acts_hooks(acts);
    struct backends_act *act = backends_acts_add(acts, plan, backends, backends_at(backends, 0),
                                                 BACKENDS_TERMINATE, "idle");
    struct step *step = g_ptr_array_index(plan->steps, 0);
    g_autofree char *why = NULL;
    g_assert_cmpint(hooks.before(step, NULL, &why, hooks.data), ==, STEP_GO);
    g_assert_null(why);
    g_assert_cmpint(hooks.before(step, NULL, &why, hooks.data), ==, STEP_DROP);
    g_assert_cmpstr(why, ==, "enough");
    g_assert_cmpstr(act->why, ==, "enough");
    g_assert_cmpint(act->result, ==, BACKENDS_PENDING);
}

/* ---- who would be left alone ------------------------------------------------------------------ */

static void expect_left_alone(const struct backend *backend, bool superusers, const char *why)
{
    AUTO(backends) backends = fixture_backends(100);
    const struct backends_policy policy = {.superusers = superusers};
    struct backend worker = fixture_client(99, BACKEND_ACTIVE, 3);

    backends->looker = "watch";
    worker.type = "parallel worker";
    worker.leader = backend->pid;
    worker.may_end = backend->may_end;
    backends_add(backends, backend);
    backends_add(backends, &worker);
    backends_settle(backends);
    for (gint64 pid = backend->pid; pid != 0; pid = pid == 99 ? 0 : 99) {
        g_autofree char *left_alone =
            backend_left_alone(backends, &policy, backends_find(backends, pid));
        g_assert_cmpstr(left_alone, ==, why);
    }
}

/* By its own pid, and by that of a worker of its. */
static void test_left_alone(void)
{
    struct backend backend = fixture_client(7, BACKEND_ACTIVE, 3);

    expect_left_alone(&backend, false, NULL);
    backend.may_end = false;
    expect_left_alone(&backend, false,
                      "role \"watch\" may not; GRANT pg_signal_backend TO \"watch\"");
    backend.superuser = true;
    expect_left_alone(&backend, true, "only a superuser may end a superuser's session");
    expect_left_alone(&backend, false, "its role is a superuser");
    backend.may_end = true;
    expect_left_alone(&backend, true, NULL);
    backend.application = "pgrunbook vacuum";
    expect_left_alone(&backend, true, "it is a session of pgrunbook");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/backends/slots", test_slots);
    g_test_add_func("/backends/find", test_find);
    g_test_add_func("/backends/limits", test_limits);
    g_test_add_func("/backends/long_query", test_long_query);
    g_test_add_func("/backends/workers", test_workers);
    g_test_add_func("/backends/roots", test_roots);
    g_test_add_func("/backends/two_roots", test_two_roots);
    g_test_add_func("/backends/line_for_a_row", test_line_for_a_row);
    g_test_add_func("/backends/prepared_root", test_prepared_root);
    g_test_add_func("/backends/odd_graphs", test_odd_graphs);
    g_test_add_func("/backends/applications", test_applications);
    g_test_add_func("/backends/protected", test_protected);
    g_test_add_func("/backends/left-alone", test_left_alone);
    g_test_add_func("/backends/statement", test_statement);
    g_test_add_func("/backends/ladder", test_ladder);
    g_test_add_func("/backends/needed", test_needed);
    return g_test_run();
}
