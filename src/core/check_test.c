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

static void test_sql(void)
{
    char text[] = "ANALYZE a";
    AUTO(check) check = check_new(NULL, NULL, "");

    add(check, VERDICT_WARNING);
    check_sql(check, text);
    text[0] = 'X';
    add(check, VERDICT_OK);
    check_sql(check, "ANALYZE b");
    add(check, VERDICT_CRITICAL);
    check_sql(check, NULL);
    g_assert_cmpstr(check_verdict_sql(check, 0), ==, "ANALYZE a");
    g_assert_null(check_verdict_sql(check, 1));
    g_assert_null(check_verdict_sql(check, 2));
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

static guint freed;

static void count_freed(gpointer data)
{
    freed += GPOINTER_TO_UINT(data);
}

static void test_hand_over(void)
{
    struct check *check = check_new(NULL, NULL, "");

    check_begin_section(check, "vacuum");
    add(check, VERDICT_OK);
    check_begin_section(check, NULL);
    add(check, VERDICT_OK);
    g_assert_cmpstr(check_verdict_section(check, 0), ==, "vacuum");
    g_assert_null(check_verdict_section(check, 1));

    g_assert_null(check_observed(check));
    check_hand_over(check, GUINT_TO_POINTER(1), count_freed);
    g_assert_true(check_observed(check) == GUINT_TO_POINTER(1));
    check_hand_over(check, GUINT_TO_POINTER(10), count_freed);
    g_assert_cmpuint(freed, ==, 1);
    check_forget(check);
    g_assert_cmpuint(freed, ==, 11);
    g_assert_null(check_observed(check));
    check_hand_over(check, GUINT_TO_POINTER(100), count_freed);
    check_free(check);
    g_assert_cmpuint(freed, ==, 111);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/check/status", test_status);
    g_test_add_func("/check/sql", test_sql);
    g_test_add_func("/check/gaps_once", test_gaps_once);
    g_test_add_func("/check/hand_over", test_hand_over);
    return g_test_run();
}
