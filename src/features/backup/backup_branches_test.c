/* Timelines that a way leaves. */
#include "backup_fixture.h"
#include "backup_recoverable.h"

/* Timeline 1 went on: what it has is said, and not silently left out. */
static void test_left_timeline(void)
{
    struct test_world *test = switched();
    struct target target = {.kind = TARGET_LATEST};

    AUTO(restore_plan) era = decide_time(test, 165);
    assert_refused(era, "--timeline 1 --target-time 'as typed'");
    AUTO(restore_plan) common = decide_time(test, 135);
    assert_lands(common, "A", 703, 704);
    g_assert_null(common->note);
    AUTO(restore_plan) both = decide_time(test, 175);
    g_assert_nonnull(strstr(both->note, "(--timeline 1 has it)"));
    AUTO(restore_plan) latest = decide(test, &target);
    g_assert_nonnull(strstr(latest->note, "(--timeline 1 has it)"));
    AUTO(restore_plan) another = decide_xid(test, 705);
    g_assert_nonnull(strstr(another->note, "on timeline 1 as well"));
    AUTO(restore_plan) only = decide_xid(test, 900);
    g_assert_null(only->note);
    /* Who names a timeline knows. */
    target = (struct target){.kind = TARGET_TIME, .value = text("as typed"), .timeline = 2};
    target.time_us = (gint64) 165 * G_USEC_PER_SEC;
    AUTO(restore_plan) named = decide(test, &target);
    assert_lands(named, "A", 704, 705);
    g_assert_null(named->note);
    test_free(test);
}

/* Timeline 1 went on for a moment only: its end is what is nearest to a later time. */
static void test_left_timeline_ended(void)
{
    struct test_world *test = test_new();
    const struct wal_stretch path[] = {{.timeline = 1, .begin = 0, .end = mib(2.2)},
                                       {.timeline = 2, .begin = mib(2.2)}};

    backup_add(test, "A", 1, mib(1.1), mib(1.2), 90);
    path_add(test, 2, path, 2);
    test->world.newest = 2;
    commit(test, mib(2), 700, 100);
    commit(test, mib(2.5), 701, 110);
    segments_add(test, 1, 1, 2, true);
    event_add(test, WAL_COMMIT, 2, mib(2), 700, 100, NULL);
    event_add(test, WAL_COMMIT, 2, mib(2.6), 701, 130, NULL);
    segments_add(test, 2, 2, 2, true);
    AUTO(restore_plan) between = decide_time(test, 120);
    assert_refused(between, "--timeline 1 --latest");
    AUTO(restore_plan) before = decide_time(test, 105);
    assert_lands(before, "A", 700, 701);
    test_free(test);
}

/* What is damaged on the other timeline is said, and keeps nobody from this one. */
static void test_left_timeline_unreadable(void)
{
    struct test_world *test = switched();
    struct target target = {.kind = TARGET_LATEST};
    g_autoptr(GError) error = NULL;

    test->unreadable = 1;
    AUTO(restore_plan) latest = decide(test, &target);
    g_assert_cmpstr(latest->backup->id, ==, "A");
    g_assert_nonnull(strstr(latest->note, "what timeline 1 has cannot be told"));
    AUTO(recoverable) range = recoverable_decide(&test->world, NULL, &error);
    g_assert_no_error(error);
    g_assert_true(range->known);
    g_assert_cmpuint(range->left->len, ==, 0);
    test->unreadable = 0;
    AUTO(recoverable) again = recoverable_decide(&test->world, NULL, &error);
    g_assert_cmpuint(again->left->len, ==, 1);
    test_free(test);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/backup_branches/left-timeline", test_left_timeline);
    g_test_add_func("/backup_branches/left-timeline-ended", test_left_timeline_ended);
    g_test_add_func("/backup_branches/left-timeline-unreadable", test_left_timeline_unreadable);
    return g_test_run();
}
