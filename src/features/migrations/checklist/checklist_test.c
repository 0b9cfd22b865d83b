#include "checklist/checklist.h"

#include <string.h>

#define HOUR (G_GINT64_CONSTANT(3600) * G_USEC_PER_SEC)

/* One that is all right: rehearsed two hours ago on this very schema. */
static struct checklist_migration *rehearsed(const char *what)
{
    struct checklist_migration *migration = checklist_migration_new(g_strdup(what));

    migration->run = 12;
    migration->rehearsed_us = 8 * HOUR;
    migration->passed = migration->same_schema = true;
    migration->verdict = g_strdup("reversible");
    migration->hold_ms = 4;
    migration->predicted_ms = 40;
    return migration;
}

static struct checklist_facts facts_of(struct checklist_migration *migration)
{
    struct checklist_facts facts = {
        .migrations = g_ptr_array_new_with_free_func(checklist_migration_free),
        .files = 3,
        .backup_fits = true,
        .backup = g_strdup("backup b1, 1 h old, was restored by a drill"),
        .max_hold_ms = 5000,
        .now_us = 10 * HOUR,
    };

    if (migration != NULL)
        g_ptr_array_add(facts.migrations, migration);
    return facts;
}

/* "xxxxxx." and the evidence of a box. */
static void expect(struct checklist_facts facts, const char *ticks, guint box, const char *part)
{
    struct checklist_box boxes[CHECKLIST_BOXES];
    char found[CHECKLIST_BOXES + 1] = {0};

    checklist_decide(&facts, boxes);
    for (guint i = 0; i < CHECKLIST_BOXES; i++) {
        found[i] = boxes[i].ticked ? 'x' : boxes[i].due ? 'd' : '.';
        g_test_message("%c %s: %s", found[i], boxes[i].name, boxes[i].evidence);
    }
    g_assert_cmpstr(found, ==, ticks);
    g_assert_nonnull(strstr(boxes[box].evidence, part));
    g_assert_cmpint(checklist_complete(boxes), ==, strchr(ticks, '.') == NULL);
    checklist_boxes_clear(boxes);
    checklist_facts_clear(&facts);
}

static void test_good(void)
{
    expect(facts_of(rehearsed("1 a")), "xxxxxxx", 0, "1 a: run 12, 2 h");
    expect(facts_of(rehearsed("1 a")), "xxxxxxx", 2, "4 ms in the rehearsal, 40 ms predicted");

    struct checklist_migration *alone = rehearsed("1 a");
    alone->shape = CHECKLIST_ALONE;
    expect(facts_of(alone), "xxxxxxx", 5, "one statement that needs none");

    struct checklist_migration *declared = rehearsed("1 a");
    g_free(declared->verdict);
    declared->verdict = g_strdup("irreversible");
    declared->detail = g_strdup("declared: the old keys are gone");
    expect(facts_of(declared), "xxxxxxx", 1, "the old keys are gone");

    struct checklist_migration *statistics = rehearsed("1 a");
    g_ptr_array_add(statistics->targets, g_strdup("public.orders (total)"));
    expect(facts_of(statistics), "xxxxxxd", 6, "due after it on public.orders (total)");
}

static void test_wrong(void)
{
    struct checklist_migration *never = checklist_migration_new(g_strdup("2 b"));
    expect(facts_of(never), "...xxxx", 0, "2 b: these files were not rehearsed");

    struct checklist_migration *failed = rehearsed("2 b");
    failed->passed = false;
    g_free(failed->verdict);
    failed->verdict = g_strdup("schema only");
    failed->detail = g_strdup("data lost in public.t.c");
    expect(facts_of(failed), "..xxxxx", 1, "schema only, data lost in public.t.c");

    struct checklist_migration *elsewhere = rehearsed("2 b");
    elsewhere->same_schema = false;
    expect(facts_of(elsewhere), ".xxxxxx", 0, "another schema");

    struct checklist_migration *slow = rehearsed("2 b");
    slow->predicted_ms = 65000;
    expect(facts_of(slow), "xx.xxxx", 2, "at most 5 s is allowed");

    struct checklist_migration *tiny = rehearsed("2 b");
    tiny->predicted_ms = -1;
    expect(facts_of(tiny), "xx.xxxx", 2, "rehearse with more --rows");

    /* No evidence, no tick. */
    expect(facts_of(NULL), "....x..", 0, "was not applied by pgrunbook");
    struct checklist_facts empty = facts_of(NULL);
    empty.files = 0;
    empty.ours = 2;
    expect(empty, "....x..", 0, "the folder has no migration");
    struct checklist_facts other = facts_of(NULL);
    other.ours = 2;
    expect(other, "....x..", 2, "no file is there with the text it had");

    struct checklist_migration *broken = rehearsed("2 b");
    broken->passed = false;
    g_free(broken->verdict);
    broken->verdict = g_strdup("broken");
    broken->detail = g_strdup("must be owner of table orders");
    broken->hold_ms = broken->predicted_ms = 0;
    expect(facts_of(broken), "...xxxx", 2, "not measured to its end, it failed (run 12)");

    struct checklist_migration *builds = rehearsed("2 b");
    g_ptr_array_add(builds->builds, g_strdup("builds an index on public.t while writes wait"));
    expect(facts_of(builds), "xxx.xxx", 3, "public.t");

    struct checklist_migration *unread = rehearsed("2 b");
    unread->unread = 1;
    expect(facts_of(unread), "xxx.xxx", 3, "1 statements could not be analysed");

    struct checklist_migration *mixed = rehearsed("2 b");
    mixed->shape = CHECKLIST_MIXED;
    mixed->shape_why = g_strdup("line 3: CREATE INDEX CONCURRENTLY is not alone");
    expect(facts_of(mixed), "xxxxx.x", 5, "line 3");

    struct checklist_facts bare = facts_of(rehearsed("2 b"));
    bare.backup_fits = false;
    expect(bare, "xxxx.xx", 4, "backup");
}

static void test_applied(void)
{
    struct checklist_migration *migration = rehearsed("3 c");
    migration->applied = true;
    migration->same_schema = false; /* it has changed it */
    migration->apply_run = 20;
    migration->apply_hold_ms = 17;
    expect(facts_of(migration), "xxxxxx.", 2, "17 ms when it was applied (run 20)");

    struct checklist_migration *late = rehearsed("3 c");
    late->applied = late->analyzed = true;
    late->apply_run = 20;
    late->apply_hold_ms = 6100;
    expect(facts_of(late), "xx.xxxx", 6, "run 20");
}

static void test_many(void)
{
    struct checklist_facts facts = facts_of(rehearsed("1 a"));

    for (int i = 2; i < 8; i++) {
        g_autofree char *what = g_strdup_printf("%d x", i);
        g_ptr_array_add(facts.migrations, rehearsed(what));
    }
    expect(facts, "xxxxxxx", 0, "; and 4 more");
    /* One that is wrong is named, whatever is right. */
    facts = facts_of(rehearsed("1 a"));
    g_ptr_array_add(facts.migrations, checklist_migration_new(g_strdup("2 b")));
    expect(facts, "...xxxx", 1, "2 b: not known");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/checklist/good", test_good);
    g_test_add_func("/checklist/wrong", test_wrong);
    g_test_add_func("/checklist/applied", test_applied);
    g_test_add_func("/checklist/many", test_many);
    return g_test_run();
}
