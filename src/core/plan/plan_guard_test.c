/* When a script has to stop: the guard's judgement, and the pauses between attempts. */
#include "plan/plan_script_private.h"

#include <string.h>

static const struct script_limits limits = {
    .lock_timeout_ms = 1500,
    .max_hold_ms = 5000,
    .max_wait_ms = 2000,
    .patience_ms = 600000,
    .pause_ms = 500,
    .longest_pause_ms = 30000,
};

static void expect(const struct guard_sight *sight, bool transaction,
                   enum guard_verdict verdict, const char *words)
{
    g_autofree char *why = NULL;

    g_assert_cmpint(plan_guard_judge(sight, &limits, transaction, &why), ==, verdict);
    if (words == NULL)
        g_assert_null(why);
    else
        g_assert_nonnull(strstr(why, words));
}

static void test_nothing(void)
{
    expect(&(struct guard_sight){0}, true, GUARD_GO, NULL);
    expect(&(struct guard_sight){.silent_ms = 900}, true, GUARD_GO, NULL);
}

static void test_held(void)
{
    struct guard_sight sight = {.relation = "public.orders", .mode = "AccessExclusiveLock"};

    sight.held_ms = 4999;
    expect(&sight, true, GUARD_GO, NULL);
    sight.held_ms = 5000;
    expect(&sight, true, GUARD_STOP, "AccessExclusiveLock on public.orders for 5 s");
    expect(&sight, false, GUARD_STOP, "may for 5 s");
}

static void test_waiter(void)
{
    struct guard_sight sight = {.waiter = "pid 7", .waiter_mode = "RowExclusiveLock"};

    sight.waited_ms = 1999;
    expect(&sight, true, GUARD_GO, NULL);
    sight.waited_ms = 2000;
    expect(&sight, true, GUARD_STOP, "pid 7 waited 2 s");
    /* It holds nothing and waits itself: those behind it get on when it leaves the queue. */
    sight.waiting = true;
    expect(&sight, true, GUARD_YIELD, "pid 7");
    expect(&sight, false, GUARD_STOP, "pid 7");
    sight.relation = "public.orders";
    sight.mode = "ShareLock";
    expect(&sight, true, GUARD_STOP, "pid 7");
}

static void test_patience(void)
{
    struct guard_sight sight = {.waiting = true, .waits_for = "pid 9", .waiting_ms = 2400};

    expect(&sight, true, GUARD_GO, NULL);
    sight.waiting_ms = 2500;
    expect(&sight, true, GUARD_YIELD, "for pid 9");
    expect(&sight, false, GUARD_GO, NULL);
    sight.waiting_ms = 600000;
    sight.waits_for = NULL;
    expect(&sight, false, GUARD_STOP, "a lock");
}

static void test_blind(void)
{
    expect(&(struct guard_sight){.lost = true}, true, GUARD_BLIND, "lost");
    expect(&(struct guard_sight){.silent_ms = 2000}, false, GUARD_BLIND, "no answer");
    /* Nobody may be silent for longer than a lock may be held. */
    struct script_limits strict = limits;
    strict.max_hold_ms = 300;
    g_assert_cmpint(plan_guard_silence_ms(&strict), ==, 300);
    g_assert_cmpint(plan_guard_silence_ms(&limits), ==, 2000);
}

static void test_pauses(void)
{
    g_assert_cmpint(plan_script_pause_ms(&limits, 1, 1), ==, 500);
    g_assert_cmpint(plan_script_pause_ms(&limits, 1, 0), ==, 250);
    g_assert_cmpint(plan_script_pause_ms(&limits, 3, 1), ==, 2000);
    g_assert_cmpint(plan_script_pause_ms(&limits, 60, 1), ==, 30000);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/plan_guard/nothing", test_nothing);
    g_test_add_func("/plan_guard/held", test_held);
    g_test_add_func("/plan_guard/waiter", test_waiter);
    g_test_add_func("/plan_guard/patience", test_patience);
    g_test_add_func("/plan_guard/blind", test_blind);
    g_test_add_func("/plan_guard/pauses", test_pauses);
    return g_test_run();
}
