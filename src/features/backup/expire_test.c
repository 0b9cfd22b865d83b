#include "expire.h"

#include <string.h>

#define SEGMENT ((guint64) 16 << 20)
#define DAY     ((gint64) 86400 * 1000000)

/* A row of backups, oldest first, one letter each: u unverified, v verified, p proven, d damaged,
 * t one with a trouble, x one that cannot be read, w one whose WAL is missing, s one whose last
 * segment is partial but goes far enough, h one where it does not. They end at midnight,
 * a day after the other, each in a segment of its own: 10, 20, 30, … */
struct world {
    GPtrArray *backups;
    GArray *segments;
};

static void free_backup(gpointer data)
{
    repo_backup_free(data);
}

static void clear(struct world *world)
{
    g_ptr_array_unref(world->backups);
    g_array_unref(world->segments);
}

static struct repo_backup *backup_of(char letter, guint i)
{
    struct repo_backup *backup = repo_backup_new();
    backup->id = g_strdup_printf("202611%02uT000000F", i + 1);
    if (letter == 'x') {
        backup->trouble = g_strdup("unreadable");
        return backup;
    }
    backup->system = g_strdup("1");
    backup->timeline = 1;
    backup->wal_segment_bytes = (guint32) SEGMENT;
    backup->start_lsn = 10 * (i + 1) * SEGMENT + 40;
    backup->stop_lsn = backup->start_lsn + 300;
    backup->stopped_us = (gint64) (i + 1) * DAY;
    backup->proof = letter == 'v'   ? REPO_VERIFIED
                    : letter == 'p' ? REPO_PROVEN
                    : letter == 'd' ? REPO_DAMAGED
                                    : REPO_UNVERIFIED;
    if (letter == 't')
        backup->trouble = g_strdup("cut off");
    return backup;
}

static struct world world_of(const char *letters)
{
    struct world world = {g_ptr_array_new_with_free_func(free_backup),
                          g_array_new(FALSE, FALSE, sizeof(struct repo_segment))};
    for (guint i = 0; letters[i] != '\0'; i++)
        g_ptr_array_add(world.backups, backup_of(letters[i], i));
    for (guint64 number = 5; number < 100; number++) {
        struct repo_segment segment = {.timeline = 1, .segment = number, .stored = 1};
        char letter = number % 10 == 0 && number / 10 <= world.backups->len
                          ? letters[number / 10 - 1]
                          : ' ';
        segment.partial = letter == 's' || letter == 'h';
        segment.end_lsn = number * SEGMENT + (letter == 's' ? 340 : 339);
        if (letter != 'w')
            g_array_append_val(world.segments, segment);
    }
    return world;
}

static const char *used_id = "";

static bool is_used(const struct repo_backup *backup, gpointer data)
{
    (void) data;
    return strcmp(backup->id, used_id) == 0;
}

/* The verdicts as letters: n newest, i in time, p proven, b below, d damaged, u used, l lacks WAL,
 * - goes. */
static void check(const char *letters, guint keep, gint64 days, bool damaged, gint64 today,
                  const char *wanted, guint64 first_segment)
{
    static const char marks[] = "nipbdul-";
    struct world world = world_of(letters);
    const struct expire_rules rules = {keep, days * DAY, damaged, today * DAY, is_used, NULL};
    AUTO(expire_plan) plan = expire_decide(world.backups, world.segments, &rules);
    g_autoptr(GString) got = g_string_new("");
    guint goes = 0;
    for (guint i = 0; i < plan->verdicts->len; i++) {
        enum expire_verdict verdict = g_array_index(plan->verdicts, enum expire_verdict, i);
        g_string_append_c(got, marks[verdict]);
        goes += verdict == EXPIRE_GOES;
    }
    g_test_message("%s keep %u, %d days", letters, keep, (int) days);
    g_assert_cmpstr(got->str, ==, wanted);
    g_assert_cmpuint(plan->first_segment, ==, first_segment);
    g_assert_cmpuint(plan->goes, ==, plan->none_good ? 0 : goes);
    clear(&world);
}

static void test_count(void)
{
    check("uuuuu", 2, 0, false, 6, "---nn", 40);
    check("uuuuu", 5, 0, false, 6, "nnnnn", 10);
    check("uuuuu", 9, 0, false, 6, "nnnnn", 10);
    check("u", 1, 0, false, 6, "n", 10);
    check("", 1, 0, false, 6, "", 0);
}

/* The one that ended before the time to be kept is still needed: from there its first moment is
 * reached. */
static void test_time(void)
{
    check("uuuuu", 1, 2, false, 6, "---in", 40);
    check("uuuuu", 1, 3, false, 6, "--iin", 30);
    check("uuuuu", 1, 30, false, 6, "iiiin", 10);
    check("uuuuu", 3, 1, false, 6, "--nnn", 30);
    /* Whatever the clock says, the number stays; a clock that was set back only keeps more. */
    check("uuuuu", 2, 1, false, 9000, "---nn", 40);
    check("uuuuu", 2, 1, false, 0, "iiinn", 10);
}

static void test_proven(void)
{
    check("ppuuu", 2, 0, false, 6, "-p-nn", 20);
    check("pppuu", 2, 0, false, 6, "--pnn", 30);
    check("puuup", 2, 0, false, 6, "---nn", 40);
}

/* A damaged one is not counted, and nothing below it goes. */
static void test_damaged(void)
{
    check("uudvv", 2, 0, false, 6, "bbdnn", 10);
    check("uudvv", 2, 0, true, 6, "---nn", 40);
    check("uuvvd", 2, 0, false, 6, "bbnnd", 10);
    check("uuvvt", 2, 0, false, 6, "bbnnd", 10);
    check("duuuu", 2, 0, false, 6, "d--nn", 10);
    check("pdvvv", 2, 0, true, 6, "p--nn", 10);
}

/* A partial segment that has all the backup needs is as good as a whole one. WAL that is not there
 * may be on its way: nobody has found the backup damaged, so --damaged leaves it alone. */
static void test_wal(void)
{
    check("uuvvs", 2, 0, false, 6, "---nn", 40);
    check("uuvvs", 2, 0, true, 6, "---nn", 40);
    check("uuvvh", 2, 0, false, 6, "bbnnl", 10);
    check("uuvvh", 2, 0, true, 6, "bbnnl", 10);
    check("uuvvw", 2, 0, true, 6, "bbnnl", 10);
}

/* One that is being restored stays, with the WAL behind it: the recovery needs that as well. */
static void test_used(void)
{
    used_id = "20261102T000000F";
    check("uuuuu", 2, 0, false, 6, "-u-nn", 20);
    used_id = "20261105T000000F";
    check("uuuuu", 2, 0, false, 6, "---nn", 40);
    used_id = "";
}

/* What cannot be read might be anything: no WAL goes either. */
static void test_unreadable(void)
{
    check("uuvvx", 2, 0, false, 6, "bbnnd", 0);
    check("uuvvx", 2, 0, true, 6, "--nn-", 30);
}

/* When none is good nothing goes, whatever was asked. */
static void test_none_good(void)
{
    check("dddd", 2, 0, true, 6, "dddd", 0);
    check("xtdw", 1, 0, true, 6, "dddl", 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/expire/count", test_count);
    g_test_add_func("/expire/time", test_time);
    g_test_add_func("/expire/proven", test_proven);
    g_test_add_func("/expire/damaged", test_damaged);
    g_test_add_func("/expire/wal", test_wal);
    g_test_add_func("/expire/used", test_used);
    g_test_add_func("/expire/unreadable", test_unreadable);
    g_test_add_func("/expire/none_good", test_none_good);
    return g_test_run();
}
