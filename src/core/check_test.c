#include "check.h"

static void add(struct check *check, enum verdict_status status)
{
    char name[] = "passing";
    const struct verdict verdict = {.name = name, .status = status, .message = "m"};

    check_add(check, &verdict);
    name[0] = 'X';
}

static void test_status(void)
{
    static const enum verdict_status from_best[] = {VERDICT_OK, VERDICT_UNKNOWN,
                                                    VERDICT_WARNING, VERDICT_CRITICAL};
    AUTO(check) check = check_new(NULL, NULL, "");

    g_assert_cmpint(check_status(check), ==, VERDICT_UNKNOWN);
    for (guint i = 0; i < G_N_ELEMENTS(from_best); i++) {
        add(check, from_best[i]);
        g_assert_cmpint(check_status(check), ==, from_best[i]);
    }
    add(check, VERDICT_OK);
    g_assert_cmpint(check_status(check), ==, VERDICT_CRITICAL);
    g_assert_cmpuint(check_verdicts(check), ==, 5);
    g_assert_cmpstr(check_verdict(check, 0)->name, ==, "passing");
    g_assert_null(check_verdict(check, 0)->next);
}

static void test_gaps_once(void)
{
    AUTO(check) check = check_new(NULL, NULL, "");

    check_unreadable(check, "sessions", "GRANT pg_monitor");
    check_unreadable(check, "sessions", NULL);
    check_unreadable(check, "sessions", "GRANT pg_monitor");
    check_unreadable(check, "slots", "GRANT pg_monitor");
    check_unreadable(check, "sessions", NULL);
    g_assert_cmpuint(check_gaps(check), ==, 3);
    g_assert_cmpstr(check_gap(check, 2)->what, ==, "slots");
    g_assert_null(check_gap(check, 1)->remedy);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/check/status", test_status);
    g_test_add_func("/check/gaps_once", test_gaps_once);
    return g_test_run();
}
