#include "backends/backends_fixture.h"
#include "queries_private.h"

static const char *const none[] = {NULL};
static const char *const etl[] = {"etl", NULL};
static const char *const web[] = {"web", NULL};
static const char *const protected_applications[] = {"pg_dump", NULL};

static const struct queries_rule rule_rows[] = {
    {.name = "keep",
     .roles = etl,
     .applications = none,
     .databases = none,
     .longer_than_us = 0,
     .action = QUERIES_REPORT},
    {.name = "web",
     .roles = none,
     .applications = web,
     .databases = none,
     .longer_than_us = 30 * G_USEC_PER_SEC,
     .action = QUERIES_CANCEL},
    {.name = "rest",
     .roles = none,
     .applications = none,
     .databases = none,
     .longer_than_us = 100 * G_USEC_PER_SEC,
     .action = QUERIES_TERMINATE},
};

static struct queries_policy policy_of(GArray *rules, bool by_rules)
{
    return (struct queries_policy){
        .longer_than_us = 60 * G_USEC_PER_SEC,
        .by_rules = by_rules,
        .rules = rules,
        .protection = {.applications = protected_applications},
    };
}

static void add(struct backends *backends, gint64 pid, const char *role,
                const char *application, enum backend_state state, double seconds)
{
    struct backend backend = fixture_client(pid, state, seconds);

    backend.role = role;
    backend.application = application;
    backends_add(backends, &backend);
}

static struct backends *snapshot(void)
{
    struct backends *backends = fixture_backends(100);

    add(backends, 1, "app", "shop", BACKEND_ACTIVE, 200);
    add(backends, 2, "app", "shop", BACKEND_ACTIVE, 59);
    add(backends, 3, "etl", "shop", BACKEND_ACTIVE, 900);
    add(backends, 4, "app", "web", BACKEND_ACTIVE, 31);
    add(backends, 5, "app", "shop", BACKEND_IN_TRANSACTION, 150);
    add(backends, 6, "app", "pg_dump", BACKEND_ACTIVE, 900);
    add(backends, 7, "app", "shop", BACKEND_IDLE, 900);
    struct backend busy = fixture_client(8, BACKEND_IN_TRANSACTION, 1);
    busy.xact_start_us -= G_GINT64_CONSTANT(5000) * G_USEC_PER_SEC;
    backends_add(backends, &busy);
    struct backend super = fixture_client(9, BACKEND_ACTIVE, 500);
    super.superuser = true;
    super.may_end = false;
    backends_add(backends, &super);
    struct backend worker = fixture_client(10, BACKEND_ACTIVE, 200);
    worker.type = "parallel worker";
    worker.leader = 1;
    backends_add(backends, &worker);
    backends_settle(backends);
    return backends;
}

/* "PID:WAY PID:WAY"; the ways are -, c, l and e. */
static void chosen(bool by_rules, bool terminate, const char *expected)
{
    AUTO(backends) backends = snapshot();
    g_autoptr(GArray) rules = g_array_new(FALSE, FALSE, sizeof(struct queries_rule));
    g_autoptr(GString) text = g_string_new(NULL);

    g_array_append_vals(rules, rule_rows, G_N_ELEMENTS(rule_rows));
    const struct queries_policy policy = policy_of(rules, by_rules);
    g_autoptr(GArray) choices = queries_choose(backends, &policy, terminate);
    for (guint i = 0; i < choices->len; i++) {
        const struct queries_choice *choice = &g_array_index(choices, struct queries_choice, i);
        g_string_append_printf(text, "%s%" G_GINT64_FORMAT ":%c", i > 0 ? " " : "", choice->pid,
                               "-cle"[choice->way]);
    }
    g_assert_cmpstr(text->str, ==, expected);
}

static void test_all(void)
{
    chosen(false, false, "1:c");
    /* The second has been idle in its transaction for a second only. */
    chosen(false, true, "1:l 5:e");
}

static void test_rules(void)
{
    chosen(true, false, "1:c 4:c");
    chosen(true, true, "1:l 4:c 5:e");
}

static void pid_is(gint64 pid, bool terminate, enum queries_way way, const char *reason)
{
    AUTO(backends) backends = snapshot();
    g_autoptr(GArray) rules = g_array_new(FALSE, FALSE, sizeof(struct queries_rule));
    g_autoptr(GArray) choices = queries_choices_new();
    const struct queries_policy policy = policy_of(rules, false);
    const char *why;

    struct queries_choice choice = queries_choose_pid(backends, &policy, pid, terminate);
    g_array_append_val(choices, choice);
    g_assert_cmpint(choice.way, ==, way);
    g_assert_cmpstr(choice.reason, ==, reason);
    if (way == QUERIES_LEAVE) {
        g_assert_cmpstr(queries_step(&choice, &why), ==,
                        choice.backend == NULL ? "gone" : "refused");
        g_assert_cmpint(queries_judge(choices), ==,
                        choice.backend == NULL ? RUNBOOK_DONE : RUNBOOK_REFUSED);
    }
}

static void test_pid(void)
{
    pid_is(1, false, QUERIES_BY_CANCEL, "named by its pid; active for 3 min 20 s");
    pid_is(3, true, QUERIES_BY_LADDER, "named by its pid; active for 15 min");
    pid_is(5, false, QUERIES_LEAVE,
           "it is idle in transaction: a cancel does nothing to it, \"queries terminate\" ends "
           "it");
    pid_is(5, true, QUERIES_BY_END, "named by its pid; idle in transaction for 2 min 30 s");
    pid_is(7, true, QUERIES_BY_END, "named by its pid; idle for 15 min");
    pid_is(4242, true, QUERIES_LEAVE, "no session has this pid");
    pid_is(10, true, QUERIES_BY_LADDER, "named by its pid; active for 3 min 20 s");
}

static void test_protected(void)
{
    AUTO(backends) backends = snapshot();
    g_autoptr(GArray) rules = g_array_new(FALSE, FALSE, sizeof(struct queries_rule));
    struct queries_policy policy = policy_of(rules, false);

    struct queries_choice dump = queries_choose_pid(backends, &policy, 6, true);
    g_assert_cmpint(dump.way, ==, QUERIES_LEAVE);
    struct queries_choice super = queries_choose_pid(backends, &policy, 9, true);
    g_assert_cmpint(super.way, ==, QUERIES_LEAVE);
    g_assert_false(super.forbidden);
    policy.protection.superusers = true;
    struct queries_choice forbidden = queries_choose_pid(backends, &policy, 9, true);
    g_assert_true(forbidden.forbidden);
    g_assert_cmpstr(forbidden.reason, ==, "only a superuser may end a superuser's session");
    g_free(dump.reason);
    g_free(super.reason);
    g_free(forbidden.reason);
}

/* What is due at a look, after a cancel or a terminate so many seconds before. */
static void test_due(void)
{
    static const struct {
        enum queries_way way, told;
        gint64 seconds;
        enum queries_way due;
    } cases[] = {
        {QUERIES_BY_CANCEL, QUERIES_LEAVE, 1,
         QUERIES_BY_CANCEL}, /* the right is there by now */
        {QUERIES_BY_CANCEL, QUERIES_BY_CANCEL, 1, QUERIES_LEAVE},
        {QUERIES_BY_CANCEL, QUERIES_BY_CANCEL, 609,
         QUERIES_LEAVE}, /* from the grace's end on */
        {QUERIES_BY_CANCEL, QUERIES_BY_CANCEL, 610, QUERIES_BY_CANCEL},
        {QUERIES_BY_LADDER, QUERIES_BY_CANCEL, 9, QUERIES_LEAVE},
        {QUERIES_BY_LADDER, QUERIES_BY_CANCEL, 10, QUERIES_BY_END},
        {QUERIES_BY_LADDER, QUERIES_BY_END, 599, QUERIES_LEAVE},
        {QUERIES_BY_END, QUERIES_BY_END, 599, QUERIES_LEAVE},
        {QUERIES_BY_END, QUERIES_BY_END, 600, QUERIES_BY_END},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        const struct queries_choice choice = {.way = cases[i].way};
        const struct queries_told told = {cases[i].told, G_USEC_PER_SEC};
        g_assert_cmpint(queries_due(&choice, &told, 10 * G_USEC_PER_SEC,
                                    (1 + cases[i].seconds) * G_USEC_PER_SEC),
                        ==, cases[i].due);
    }
}

static void test_due_at_first(void)
{
    static const enum queries_way rungs[] = {
        [QUERIES_LEAVE] = QUERIES_LEAVE,
        [QUERIES_BY_CANCEL] = QUERIES_BY_CANCEL,
        [QUERIES_BY_LADDER] = QUERIES_BY_CANCEL,
        [QUERIES_BY_END] = QUERIES_BY_END,
    };
    for (enum queries_way way = QUERIES_LEAVE; way <= QUERIES_BY_END; way++) {
        struct queries_choice choice = {.way = way};
        g_assert_cmpint(queries_due(&choice, NULL, 0, G_USEC_PER_SEC), ==, rungs[way]);
        choice.forbidden = true;
        g_assert_cmpint(queries_due(&choice, NULL, 0, G_USEC_PER_SEC), ==, QUERIES_LEAVE);
    }
}

/* ---- as it was shown ------------------------------------------------------------------------- */

static struct backends_only *only_of(const struct backends *backends, const gint64 *pids)
{
    g_autoptr(GStrvBuilder) marks = g_strv_builder_new();

    for (; *pids != 0; pids++) {
        g_autofree char *mark = backend_mark(backends_find(backends, *pids));
        g_strv_builder_add(marks, mark);
    }
    g_auto(GStrv) list = g_strv_builder_end(marks);
    return backends_only_new((const char *const *) list, NULL);
}

/* 4 was not shown; 2 has gone since, and 5 is at something else. */
static void test_shown_many(void)
{
    AUTO(backends) before = snapshot();
    AUTO(backends) now = fixture_backends(100);
    AUTO(backends_only) only = only_of(before, (const gint64[]){1, 2, 5, 0});
    g_autoptr(GArray) rules = g_array_new(FALSE, FALSE, sizeof(struct queries_rule));
    struct queries_policy policy = policy_of(rules, false);

    add(now, 1, "app", "shop", BACKEND_ACTIVE, 200);
    add(now, 4, "app", "web", BACKEND_ACTIVE, 310);
    struct backend gone_on = fixture_client(5, BACKEND_ACTIVE, 150);
    gone_on.query_start_us += G_USEC_PER_SEC;
    backends_add(now, &gone_on);
    backends_settle(now);
    g_autoptr(GArray) choices = queries_choose(now, &policy, true);
    g_assert_cmpuint(choices->len, ==, 3);
    queries_keep_shown(choices, now, only, false);
    g_assert_cmpuint(choices->len, ==, 3);
    const struct queries_choice *one = &g_array_index(choices, struct queries_choice, 0);
    const struct queries_choice *two = &g_array_index(choices, struct queries_choice, 1);
    const struct queries_choice *five = &g_array_index(choices, struct queries_choice, 2);
    g_assert_cmpint(one->pid, ==, 1);
    g_assert_cmpint(one->way, ==, QUERIES_BY_LADDER);
    g_assert_cmpint(two->pid, ==, 2);
    g_assert_null(two->backend);
    g_assert_cmpint(five->pid, ==, 5);
    g_assert_cmpint(five->way, ==, QUERIES_LEAVE);
    g_assert_true(five->changed);
    g_assert_cmpint(queries_judge(choices), ==, RUNBOOK_PARTLY);
}

/* The pid that was named is at another query. */
static void test_shown_one(void)
{
    AUTO(backends) now = fixture_backends(100);
    struct backend backend = fixture_client(1, BACKEND_ACTIVE, 5);
    g_autoptr(GArray) rules = g_array_new(FALSE, FALSE, sizeof(struct queries_rule));
    struct queries_policy policy = policy_of(rules, false);

    backends_add(now, &backend);
    backends_settle(now);
    AUTO(backends_only) only = only_of(now, (const gint64[]){1, 0});
    for (int later = 0; later < 2; later++) {
        g_autoptr(GArray) choices = queries_choices_new();
        struct queries_choice choice = queries_choose_pid(now, &policy, 1, false);
        g_array_append_val(choices, choice);
        queries_keep_shown(choices, now, only, true);
        const struct queries_choice *kept = &g_array_index(choices, struct queries_choice, 0);
        g_assert_cmpint(kept->way, ==, later ? QUERIES_LEAVE : QUERIES_BY_CANCEL);
        g_assert_cmpint(kept->changed, ==, later);
        if (later)
            g_assert_cmpint(queries_judge(choices), ==, RUNBOOK_REFUSED);
        g_array_index(now->rows, struct backend, 0).query_start_us++;
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/queries/choose/all", test_all);
    g_test_add_func("/queries/choose/rules", test_rules);
    g_test_add_func("/queries/choose/pid", test_pid);
    g_test_add_func("/queries/choose/protected", test_protected);
    g_test_add_func("/queries/shown/many", test_shown_many);
    g_test_add_func("/queries/shown/one", test_shown_one);
    g_test_add_func("/queries/due", test_due);
    g_test_add_func("/queries/due-at-first", test_due_at_first);
    return g_test_run();
}
