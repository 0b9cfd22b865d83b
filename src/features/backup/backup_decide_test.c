/* The planner on worlds of a few segments. */
#include "backup_fixture.h"

/* ------------------------------------------------------------------------------------------- */

static void test_time(void)
{
    struct test_world *test = usual();

    AUTO(restore_plan) exact = decide_time(test, 150);
    assert_lands(exact, "A", 705, 706);
    g_assert_cmpint(exact->last_us, ==, 150 * G_USEC_PER_SEC);
    g_assert_cmpuint(exact->end_lsn, ==, mib(5));
    g_assert_cmpuint(exact->needed->len, ==, 4);
    AUTO(restore_plan) between = decide_time(test, 229.9);
    assert_lands(between, "B", 712, 713);
    AUTO(restore_plan) last = decide_time(test, 249.999999);
    assert_lands(last, "B", 714, 715);
    /* The server only stops at something later. */
    AUTO(restore_plan) late = decide_time(test, 250);
    assert_refused(late, "--latest");
    AUTO(restore_plan) early = decide_time(test, 115);
    assert_refused(early, "--target-time '1970-01-01 00:01:55.000001+00'");
    AUTO(restore_plan) first = decide_time(test, 115.000001);
    assert_lands(first, "A", 701, 702);
    test_free(test);
}

/* A clock that was set back, and an abort that is later than what was committed behind it. */
static void test_time_order(void)
{
    struct test_world *test = test_new();

    backup_add(test, "A", 1, mib(1.1), mib(1.2), 90);
    commit(test, mib(2), 700, 100);
    event_add(test, WAL_ABORT, 1, mib(2.5), 701, 300, NULL);
    commit(test, mib(3), 702, 110);
    commit(test, mib(4.5), 703, 120);
    commit(test, mib(5), 704, 310);
    segments_add(test, 1, 1, 5, true);
    AUTO(restore_plan) plan = decide_time(test, 115);
    assert_lands(plan, "A", 700, 702);
    g_assert_nonnull(plan->note);
    AUTO(restore_plan) behind = decide_time(test, 305);
    assert_lands(behind, "A", 703, 704);
    test_free(test);
}

/* Commits before the backup with a later time than the target: the server would take it, and land
 * behind it. */
static void test_time_idle_backup(void)
{
    struct test_world *test = test_new();

    commit(test, mib(1), 700, 100);
    backup_add(test, "A", 1, mib(1.5), mib(1.6), 200);
    commit(test, mib(2), 701, 300);
    segments_add(test, 1, 1, 2, true);
    AUTO(restore_plan) plan = decide_time(test, 90);
    assert_refused(plan, "--target-time '1970-01-01 00:03:20.000001+00'");
    test_free(test);
}

static void test_xid(void)
{
    struct test_world *test = usual();

    AUTO(restore_plan) plan = decide_xid(test, 713);
    assert_lands(plan, "B", 713, 714);
    g_assert_cmpuint(plan->end_lsn, ==, mib(8.5) + 64);
    AUTO(restore_plan) last = decide_xid(test, 715);
    g_assert_cmpuint(last->before.xid, ==, 715);
    g_assert_false(last->after.known);
    /* Within backup B, behind A. */
    AUTO(restore_plan) older = decide_xid(test, 709);
    assert_lands(older, "A", 709, 710);
    AUTO(restore_plan) before = decide_xid(test, 701);
    assert_refused(before, "--backup A --immediate");
    AUTO(restore_plan) never = decide_xid(test, 800);
    assert_refused(never, "--target-xid 715");
    AUTO(restore_plan) never_before = decide_xid(test, 600);
    assert_refused(never_before, "--target-xid 702");
    test_free(test);
}

/* Transactions end in another order than they begin. */
static void test_xid_order(void)
{
    struct test_world *test = test_new();

    backup_add(test, "A", 1, mib(1.1), mib(1.2), 90);
    commit(test, mib(2), 705, 100);
    commit(test, mib(2.5), 701, 101);
    event_add(test, WAL_ABORT, 1, mib(3), 702, 102, NULL);
    commit(test, mib(3.5), 704, 103);
    segments_add(test, 1, 1, 3, true);
    AUTO(restore_plan) plan = decide_xid(test, 705);
    assert_lands(plan, "A", 705, 701);
    AUTO(restore_plan) aborted = decide_xid(test, 702);
    assert_lands(aborted, "A", 701, 704);
    g_assert_cmpint(aborted->last_us, ==, 102 * G_USEC_PER_SEC);
    test_free(test);
}

static void test_lsn(void)
{
    struct test_world *test = usual();

    AUTO(restore_plan) at = decide_lsn(test, mib(4));
    assert_lands(at, "A", 704, 705);
    /* The server does not look at the time of the record it stops at. */
    g_assert_cmpint(at->last_us, ==, 130 * G_USEC_PER_SEC);
    AUTO(restore_plan) behind = decide_lsn(test, mib(4) + 8);
    assert_lands(behind, "A", 705, 706);
    g_assert_cmpuint(behind->end_lsn, ==, mib(4.5) + 64);
    AUTO(restore_plan) last = decide_lsn(test, mib(9.5));
    g_assert_cmpuint(last->before.xid, ==, 715);
    AUTO(restore_plan) late = decide_lsn(test, mib(9.5) + 8);
    assert_refused(late, "--latest");
    AUTO(restore_plan) early = decide_lsn(test, mib(2.3));
    assert_refused(early, "--backup A --immediate");
    test_free(test);
}

static void test_name(void)
{
    struct test_world *test = usual();

    test_free(test);
    test = test_new();
    backup_add(test, "A", 1, mib(1), mib(1.2), 90);
    event_add(test, WAL_RESTORE_POINT, 1, mib(1.5), 0, 95, "release");
    commit(test, mib(2), 700, 100);
    backup_add(test, "B", 1, mib(2.2), mib(2.8), 105);
    event_add(test, WAL_RESTORE_POINT, 1, mib(2.5), 0, 104, "within");
    commit(test, mib(3), 701, 110);
    event_add(test, WAL_RESTORE_POINT, 1, mib(3.5), 0, 115, "release");
    commit(test, mib(4), 702, 120);
    segments_add(test, 1, 1, 4, true);
    /* From B the second one is the first. */
    AUTO(restore_plan) plan = decide_name(test, "release");
    assert_lands(plan, "B", 701, 702);
    /* From B the server would fail: the point lies within the backup. */
    AUTO(restore_plan) within = decide_name(test, "within");
    assert_lands(within, "A", 700, 701);
    AUTO(restore_plan) slip = decide_name(test, "relaese");
    assert_refused(slip, "--target-name 'release'");
    test_free(test);
}

static void test_immediate_and_latest(void)
{
    struct test_world *test = usual();
    struct target target = {.kind = TARGET_IMMEDIATE};

    AUTO(restore_plan) immediate = decide(test, &target);
    assert_lands(immediate, "B", 709, 710);
    g_assert_cmpuint(immediate->needed->len, ==, 1);
    target.backup = text("A");
    AUTO(restore_plan) first = decide(test, &target);
    assert_lands(first, "A", 701, 702);
    target = (struct target){.kind = TARGET_LATEST};
    AUTO(restore_plan) latest = decide(test, &target);
    g_assert_cmpstr(latest->backup->id, ==, "B");
    g_assert_cmpuint(latest->before.xid, ==, 715);
    g_assert_cmpuint(latest->needed->len, ==, 4);
    g_assert_cmpuint(latest->bytes, ==, 100 + 4 * MIB);
    struct repo_backup *last = backup_add(test, "C", 1, mib(9.25), mib(9.5) + 64, 255);
    target = (struct target){.kind = TARGET_IMMEDIATE, .backup = last->id};
    AUTO(restore_plan) nothing_behind = decide(test, &target);
    assert_refused(nothing_behind, "--immediate");
    target = (struct target){.kind = TARGET_LATEST, .backup = text("D")};
    AUTO(restore_plan) unknown = decide(test, &target);
    assert_refused(unknown, "--latest");
    test_free(test);
}

/* A commit whose record begins in one segment and ends in the next stands in no index. */
static void test_crossing(void)
{
    struct test_world *test = test_new();

    backup_add(test, "A", 1, mib(1), mib(1.2), 90);
    commit(test, mib(2), 700, 100);
    commit(test, mib(3) - 32, 701, 110);
    commit(test, mib(3.5), 702, 120);
    segments_add(test, 1, 1, 3, true);
    AUTO(restore_plan) by_time = decide_time(test, 105);
    assert_lands(by_time, "A", 700, 701);
    g_assert_cmpuint(by_time->needed->len, ==, 3);
    AUTO(restore_plan) by_xid = decide_xid(test, 701);
    assert_lands(by_xid, "A", 701, 702);
    AUTO(restore_plan) behind = decide_time(test, 115);
    assert_lands(behind, "A", 701, 702);
    test_free(test);
}

/* The same where the next segment is not there: the commit cannot be replayed. */
static void test_crossing_at_the_end(void)
{
    struct test_world *test = test_new();

    backup_add(test, "A", 1, mib(1), mib(1.2), 90);
    commit(test, mib(2), 700, 100);
    commit(test, mib(3) - 32, 701, 110);
    segments_add(test, 1, 1, 2, false);
    AUTO(restore_plan) late = decide_xid(test, 701);
    assert_refused(late, "--target-xid 700");
    struct target target = {.kind = TARGET_LATEST};
    AUTO(restore_plan) latest = decide(test, &target);
    g_assert_cmpuint(latest->before.xid, ==, 700);
    test_free(test);
}

static void test_gap(void)
{
    struct test_world *test = usual();
    struct target latest = {.kind = TARGET_LATEST};

    /* Segment 4 is away: B is whole, A leads up to it. */
    segment_remove(test, 1, 4);
    AUTO(restore_plan) here = decide_time(test, 125);
    assert_lands(here, "A", 702, 703);
    AUTO(restore_plan) hole_low = decide_time(test, 142);
    assert_refused(hole_low, "--target-lsn 0/380000");
    g_assert_cmpuint(hole_low->missing->len, ==, 1);
    g_assert_cmpstr(hole_low->missing->pdata[0], ==, "000000010000000000000004");
    AUTO(restore_plan) hole_high = decide_time(test, 190);
    assert_refused(hole_high, "--target-time '1970-01-01 00:03:15.000001+00'");
    AUTO(restore_plan) lsn_low = decide_lsn(test, mib(4.5));
    assert_refused(lsn_low, "--target-lsn 0/380000");
    AUTO(restore_plan) lsn_high = decide_lsn(test, mib(5.5));
    assert_refused(lsn_high, "--backup B --immediate");
    AUTO(restore_plan) xid = decide_xid(test, 705);
    assert_refused(xid, "--target-xid 703");
    g_assert_cmpstr(xid->missing->pdata[0], ==, "000000010000000000000004");
    AUTO(restore_plan) end = decide(test, &latest);
    assert_lands(end, "B", 715, 0);
    latest.backup = text("A");
    AUTO(restore_plan) from_a = decide(test, &latest);
    assert_refused(from_a, "--latest");
    /* Without B nothing leads over it. */
    struct repo_backup *newest = test->backups->pdata[1];
    newest->proof = REPO_DAMAGED;
    latest.backup = NULL;
    AUTO(restore_plan) cut = decide(test, &latest);
    assert_refused(cut, "--target-lsn 0/380000");
    test_free(test);
}

/* Damaged ones are passed over, unless there is nothing else and somebody asks for one by name. */
static void test_damaged_backup(void)
{
    struct test_world *test = usual();
    struct target latest = {.kind = TARGET_LATEST};
    struct repo_backup *older = test->backups->pdata[0], *newer = test->backups->pdata[1];

    newer->proof = REPO_DAMAGED;
    newer->proof_text = text("bad page");
    AUTO(restore_plan) other = decide(test, &latest);
    assert_lands(other, "A", 715, 0);
    g_assert_null(other->note);
    older->proof = REPO_DAMAGED;
    AUTO(restore_plan) none = decide(test, &latest);
    assert_refused(none, "--backup B --latest");
    struct target immediate = {.kind = TARGET_IMMEDIATE};
    AUTO(restore_plan) at_once = decide(test, &immediate);
    assert_refused(at_once, "--backup B --immediate");
    latest.backup = text("B");
    AUTO(restore_plan) named = decide(test, &latest);
    assert_lands(named, "B", 715, 0);
    g_assert_nonnull(strstr(named->note, "bad page"));
    test_free(test);
}

/* The clock of the backup's end was behind that of the cluster: what the WAL says is later. */
static void test_clock_behind(void)
{
    struct test_world *test = test_new();

    commit(test, mib(1), 700, 1000);
    backup_add(test, "A", 1, mib(1.5), mib(1.6), 200);
    commit(test, mib(2), 701, 2000);
    segments_add(test, 1, 1, 2, true);
    AUTO(restore_plan) plan = decide_time(test, 900);
    assert_refused(plan, "--target-time '1970-01-01 00:16:40+00'");
    AUTO(restore_plan) first = decide_time(test, 1000);
    assert_lands(first, "A", 700, 701);
    test_free(test);
}

/* A segment whose last record crosses the border is read only where that may be the place. */
static void test_many_borders(void)
{
    struct test_world *test = test_new();

    for (guint i = 0; i < 100; i++) {
        commit(test, mib(2.25 + i), 1000 + 2 * i, 100000 + 600 * (gint64) i);
        commit(test, mib(3 + i) - 32, 1001 + 2 * i, 100300 + 600 * (gint64) i);
    }
    backup_add(test, "A", 1, mib(1.25), mib(1.75), 1000);
    segments_add(test, 1, 1, 102, true);
    AUTO(restore_plan) when = decide_time(test, 150000 + 350);
    assert_lands(when, "A", 1167, 1168);
    g_assert_cmpuint(test->reads, <, 25);
    test->reads = 0;
    AUTO(restore_plan) within = decide_xid(test, 1100);
    assert_lands(within, "A", 1100, 1101);
    g_assert_cmpuint(test->reads, <, 10);
    AUTO(restore_plan) border = decide_xid(test, 1101);
    assert_lands(border, "A", 1101, 1102);
    test_free(test);
}

/* One behind the newest backup, one before it: the plan says that there are two. */
static void test_name_twice(void)
{
    struct test_world *test = test_new();

    backup_add(test, "A", 1, mib(1.1), mib(1.2), 90);
    event_add(test, WAL_RESTORE_POINT, 1, mib(1.1), 0, 95, "x");
    event_add(test, WAL_RESTORE_POINT, 1, mib(2), 0, 100, "x");
    commit(test, mib(2.5), 700, 110);
    backup_add(test, "B", 1, mib(3.1), mib(3.2), 200);
    event_add(test, WAL_RESTORE_POINT, 1, mib(4), 0, 300, "x");
    event_add(test, WAL_RESTORE_POINT, 1, mib(4.5), 0, 310, "y");
    segments_add(test, 1, 1, 4, true);
    AUTO(restore_plan) plan = decide_name(test, "x");
    assert_lands(plan, "B", 700, 0);
    g_assert_nonnull(strstr(plan->note, "(--target-lsn 0/200000)"));
    g_assert_null(strstr(plan->note, "0/400000)"));
    g_assert_null(strstr(plan->note, "0/119999"));
    AUTO(restore_plan) alone = decide_name(test, "y");
    g_assert_cmpstr(alone->note, ==, NULL);
    test_free(test);
}

static void test_damaged_segment(void)
{
    struct test_world *test = usual();
    struct target latest = {.kind = TARGET_LATEST, .backup = text("A")};

    test->damaged = 4;
    AUTO(restore_plan) here = decide_time(test, 125);
    assert_lands(here, "A", 702, 703);
    ((struct repo_backup *) test->backups->pdata[1])->trouble = text("unreadable");
    latest.backup = NULL;
    AUTO(restore_plan) cut = decide(test, &latest);
    assert_refused(cut, "--target-lsn 0/380000");
    g_assert_cmpstr(cut->missing->pdata[0], ==, "000000010000000000000004.damaged");
    test_free(test);
}

static void test_broken(void)
{
    struct test_world *test = usual();

    test->broken[1] = mib(4.25);
    AUTO(restore_plan) before = decide_time(test, 135);
    assert_lands(before, "A", 703, 704);
    AUTO(restore_plan) behind = decide_xid(test, 706);
    assert_refused(behind, "--target-xid 704");
    AUTO(restore_plan) from_b = decide_time(test, 225);
    assert_lands(from_b, "B", 712, 713);
    test_free(test);
}

static void test_timelines(void)
{
    struct test_world *test = switched();

    AUTO(restore_plan) across = decide_time(test, 175);
    assert_lands(across, "A", 705, 900);
    g_assert_cmpuint(across->target.timeline, ==, 2);
    g_assert_cmpuint(across->end_timeline, ==, 2);
    g_assert_cmpuint(across->path->len, ==, 2);
    g_assert_cmpuint(g_array_index(across->needed, struct repo_segment, 2).timeline, ==, 2);
    AUTO(restore_plan) before = decide_xid(test, 703);
    assert_lands(before, "A", 703, 704);
    AUTO(restore_plan) abandoned = decide_xid(test, 713);
    assert_refused(abandoned, "--timeline 1 --target-xid 713");
    AUTO(restore_plan) later = decide_time(test, 240);
    assert_refused(later, "--timeline 1 --target-time 'as typed'");
    struct target target = {
        .kind = TARGET_XID, .value = text("713"), .xid = 713, .timeline = 1};
    AUTO(restore_plan) explicit = decide(test, &target);
    assert_lands(explicit, "B", 713, 714);
    target = (struct target){.kind = TARGET_LATEST, .timeline = TARGET_TIMELINE_CURRENT};
    AUTO(restore_plan) current = decide(test, &target);
    g_assert_cmpstr(current->backup->id, ==, "B");
    g_assert_cmpuint(current->target.timeline, ==, 1);
    target = (struct target){.kind = TARGET_LATEST};
    AUTO(restore_plan) latest = decide(test, &target);
    g_assert_cmpstr(latest->backup->id, ==, "A");
    g_assert_cmpuint(latest->before.xid, ==, 900);
    test_free(test);
}

/* Backup B was made on timeline 1 behind the switch: nothing leads from it to 2. */
static void test_backup_off_the_path(void)
{
    struct test_world *test = switched();
    struct target target = {.kind = TARGET_LATEST, .backup = text("B")};

    AUTO(restore_plan) plan = decide(test, &target);
    assert_refused(plan, "--latest");
    target.backup = NULL;
    ((struct repo_backup *) test->backups->pdata[0])->proof = REPO_DAMAGED;
    AUTO(restore_plan) other = decide(test, &target);
    assert_refused(other, "--timeline 1 --latest");
    test_free(test);
}

static void test_history_missing(void)
{
    struct test_world *test = usual();
    struct target target = {.kind = TARGET_LATEST, .timeline = 3};

    AUTO(restore_plan) plan = decide(test, &target);
    assert_refused(plan, "--timeline 1 --latest");
    test_free(test);
    test = test_new();
    AUTO(restore_plan) empty = decide(test, &target);
    assert_refused(empty, NULL);
    g_assert_cmpstr(empty->refusal, ==, "there is no backup");
    test_free(test);
}

/* The segment in which timeline 2 began is there only as timeline 1's: it serves up to the switch.
 */
static void test_parents_segment(void)
{
    struct test_world *test = switched();

    segment_remove(test, 2, 4);
    AUTO(restore_plan) before = decide_time(test, 135);
    assert_lands(before, "A", 703, 704);
    AUTO(restore_plan) behind = decide_xid(test, 900);
    assert_refused(behind, "--target-xid 704");
    g_assert_cmpuint(behind->missing->len, ==, 0);
    test_free(test);
}

static void test_own_wal_missing(void)
{
    struct test_world *test = usual();
    struct target target = {.kind = TARGET_LATEST};

    g_ptr_array_remove_index(test->backups, 0);
    segment_remove(test, 1, 6);
    AUTO(restore_plan) plan = decide(test, &target);
    assert_refused(plan, NULL);
    g_assert_cmpstr(plan->missing->pdata[0], ==, "000000010000000000000006");
    test_free(test);
}

static void test_prediction(void)
{
    struct test_world *test = usual();
    struct repo_backup *newest = test->backups->pdata[1];
    struct target target = {.kind = TARGET_LATEST};

    newest->size = 4 * MIB;
    newest->recovery_seconds = 10;
    AUTO(restore_plan) plan = decide(test, &target);
    g_assert_cmpfloat(plan->seconds, ==, 20);
    test_free(test);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/backup_decide/time", test_time);
    g_test_add_func("/backup_decide/time_order", test_time_order);
    g_test_add_func("/backup_decide/time_idle_backup", test_time_idle_backup);
    g_test_add_func("/backup_decide/xid", test_xid);
    g_test_add_func("/backup_decide/xid_order", test_xid_order);
    g_test_add_func("/backup_decide/lsn", test_lsn);
    g_test_add_func("/backup_decide/name", test_name);
    g_test_add_func("/backup_decide/immediate_and_latest", test_immediate_and_latest);
    g_test_add_func("/backup_decide/crossing", test_crossing);
    g_test_add_func("/backup_decide/crossing_at_the_end", test_crossing_at_the_end);
    g_test_add_func("/backup_decide/gap", test_gap);
    g_test_add_func("/backup_decide/damaged_segment", test_damaged_segment);
    g_test_add_func("/backup_decide/broken", test_broken);
    g_test_add_func("/backup_decide/timelines", test_timelines);
    g_test_add_func("/backup_decide/backup_off_the_path", test_backup_off_the_path);
    g_test_add_func("/backup_decide/history_missing", test_history_missing);
    g_test_add_func("/backup_decide/parents_segment", test_parents_segment);
    g_test_add_func("/backup_decide/own_wal_missing", test_own_wal_missing);
    g_test_add_func("/backup_decide/prediction", test_prediction);
    g_test_add_func("/backup_decide/damaged_backup", test_damaged_backup);
    g_test_add_func("/backup_decide/many_borders", test_many_borders);
    g_test_add_func("/backup_decide/name_twice", test_name_twice);
    g_test_add_func("/backup_decide/clock_behind", test_clock_behind);
    return g_test_run();
}
