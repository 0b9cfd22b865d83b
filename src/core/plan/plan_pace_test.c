#include "plan/plan.h"

#define SECOND G_USEC_PER_SEC

static void test_pace(void)
{
    AUTO(plan_pace) pace = plan_pace_new(3);
    for (gint64 i = 0; i < 3; i++) {
        g_assert_cmpint(plan_pace_due_us(pace, i * SECOND), <=, i * SECOND);
        plan_pace_note(pace, i * SECOND);
    }
    g_assert_cmpint(plan_pace_due_us(pace, 3 * SECOND), ==, 60 * SECOND);
    plan_pace_note(pace, 60 * SECOND);
    g_assert_cmpint(plan_pace_due_us(pace, 60 * SECOND), ==, 61 * SECOND);
}

/* How many may start at once, without waiting for any of the minute before to fall out of it. */
static void test_places(void)
{
    AUTO(plan_pace) pace = plan_pace_new(3);
    g_assert_cmpuint(plan_pace_places(pace, SECOND), ==, 3);
    plan_pace_note(pace, 1 * SECOND);
    plan_pace_note(pace, 2 * SECOND);
    g_assert_cmpuint(plan_pace_places(pace, 3 * SECOND), ==, 1);
    plan_pace_note(pace, 3 * SECOND);
    g_assert_cmpuint(plan_pace_places(pace, 61 * SECOND - 1), ==, 0);
    g_assert_cmpuint(plan_pace_places(pace, 61 * SECOND), ==, 1);
    g_assert_cmpuint(plan_pace_places(pace, 63 * SECOND), ==, 3);
}

static void test_take_back(void)
{
    AUTO(plan_pace) pace = plan_pace_new(1);
    plan_pace_take_back(pace);
    plan_pace_note(pace, SECOND);
    g_assert_cmpint(plan_pace_due_us(pace, 2 * SECOND), ==, 61 * SECOND);
    plan_pace_take_back(pace);
    g_assert_cmpint(plan_pace_due_us(pace, 2 * SECOND), ==, 2 * SECOND);
}

static void test_zero_is_one(void)
{
    AUTO(plan_pace) pace = plan_pace_new(0);
    g_assert_cmpint(plan_pace_due_us(pace, 5), ==, 5);
    plan_pace_note(pace, 5);
    g_assert_cmpint(plan_pace_due_us(pace, 5), >, 5);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/plan_pace/pace", test_pace);
    g_test_add_func("/plan_pace/places", test_places);
    g_test_add_func("/plan_pace/take_back", test_take_back);
    g_test_add_func("/plan_pace/zero_is_one", test_zero_is_one);
    return g_test_run();
}
