#include "rehearse/reversal.h"

#include "rehearse/rowsums.h"
#include "rehearse/snapshot.h"

/* ---- schemas ------------------------------------------------------------------------------- */

static struct snapshot *schema(const char *const *items)
{
    struct snapshot *snapshot = snapshot_new();

    for (; *items != NULL; items += 3)
        snapshot_add(snapshot, items[0], items[1], items[2]);
    snapshot_sort(snapshot);
    return snapshot;
}

static const char *const base[] = {
    "table",   "public.t",         "",         "column", "public.t.a",
    "integer", "order of columns", "public.t", "a, b",   NULL};

static void test_compare(void)
{
    static const char *const other[] = {
        "column",   "public.t.a",       "bigint",   "index", "public.i",
        "CREATE …", "order of columns", "public.t", "b, a",  NULL};
    AUTO(snapshot) before = schema(base);
    AUTO(snapshot) after = schema(other);
    g_autoptr(GPtrArray) changes = snapshot_compare(before, after);
    static const char *const texts[] = {
        "column public.t.a is \"bigint\", and was \"integer\"",
        "index public.i is left over",
        "the columns of public.t are in another order",
        "table public.t is gone",
    };

    g_assert_cmpuint(changes->len, ==, 4);
    for (guint i = 0; i < 4; i++) {
        g_autofree char *text = snapshot_change_text(changes->pdata[i]);
        g_assert_cmpstr(text, ==, texts[i]);
    }
    g_assert_false(((struct snapshot_change *) changes->pdata[2])->matters);
}

/* The order of columns is not in the hash, and the order of reading neither. */
static void test_digest(void)
{
    static const char *const same[] = {
        "order of columns", "public.t", "b, a",     "column", "public.t.a",
        "integer",          "table",    "public.t", "",       NULL};
    static const char *const shifted[] = {
        "table", "public.t", "", "column", "public.t.ainteger", "", NULL};
    AUTO(snapshot) one = schema(base);
    AUTO(snapshot) two = schema(same);
    AUTO(snapshot) three = schema(shifted);
    g_autofree char *a = snapshot_digest(one);
    g_autofree char *b = snapshot_digest(two);
    g_autofree char *c = snapshot_digest(three);

    g_assert_cmpstr(a, ==, b);
    g_assert_cmpstr(a, !=, c);
}

/* ---- rows ---------------------------------------------------------------------------------- */

static struct rowsums *rows(gint64 count, const char *sum, const char *first,
                            const char *second)
{
    struct rowsums *sums = rowsums_new();
    struct rowsums_table *table = rowsums_add_table(sums, "public", "t");

    table->rows = count;
    table->sum = g_strdup(sum);
    rowsums_add_column(table, "a")->sum = g_strdup(first);
    rowsums_add_column(table, "b")->sum = g_strdup(second);
    return sums;
}

static void add_sequence(struct rowsums *sums, gint64 last, bool falls)
{
    struct rowsums_sequence *sequence = g_new0(struct rowsums_sequence, 1);

    *sequence = (struct rowsums_sequence){
        .schema = g_strdup("public"), .name = g_strdup("s"), .last = last, .falls = falls};
    g_ptr_array_add(sums->sequences, sequence);
}

static void check_lost(const struct rowsums *before, const struct rowsums *after,
                       const char *expected)
{
    g_autoptr(GPtrArray) lost = rowsums_lost(before, after);

    g_assert_cmpuint(lost->len, ==, expected != NULL);
    if (expected != NULL)
        g_assert_cmpstr(lost->pdata[0], ==, expected);
}

static void test_lost(void)
{
    AUTO(rowsums) was = rows(10, "1", "2", "3");
    AUTO(rowsums) same = rows(10, "1", "2", "3");
    AUTO(rowsums) emptied = rows(10, "1", "2", NULL);
    AUTO(rowsums) fewer = rows(7, "9", "9", "9");
    AUTO(rowsums) more = rows(11, "9", "9", "9");
    AUTO(rowsums) gone = rows(-1, NULL, NULL, NULL);
    AUTO(rowsums) mixed = rows(10, "8", "2", "3");

    check_lost(was, same, NULL);
    check_lost(was, emptied, "public.t.b");
    check_lost(was, fewer, "public.t (3 of 10 rows)");
    check_lost(was, more, "public.t (1 rows too many)");
    check_lost(was, gone, "public.t (10 of 10 rows)");
    check_lost(was, mixed, "public.t (values are in other rows)");
}

static void test_sequences(void)
{
    AUTO(rowsums) was = rows(0, NULL, NULL, NULL);
    AUTO(rowsums) later = rows(0, NULL, NULL, NULL);
    AUTO(rowsums) earlier = rows(0, NULL, NULL, NULL);
    AUTO(rowsums) never = rows(0, NULL, NULL, NULL);

    add_sequence(was, 70, false);
    add_sequence(later, 90, false);
    add_sequence(earlier, 10, false);
    check_lost(was, later, NULL);
    check_lost(was, earlier, "sequence public.s (at 10, was at 70)");
    check_lost(was, never, "sequence public.s (starts over, was at 70)");
}

/* ---- verdicts ------------------------------------------------------------------------------ */

static void check_verdict(const struct reversal_facts *facts, enum reversal expected,
                          const char *expected_detail)
{
    g_autofree char *detail = NULL;

    g_assert_cmpint(reversal_decide(facts, &detail), ==, expected);
    g_assert_cmpstr(detail, ==, expected_detail);
}

static void test_verdicts(void)
{
    AUTO(snapshot) schema_before = schema(base);
    static const char *const without[] = {"table", "public.t", "", NULL};
    AUTO(snapshot) schema_after = schema(without);
    g_autoptr(GPtrArray) changes = snapshot_compare(schema_before, schema_after);
    g_autoptr(GPtrArray) none = g_ptr_array_new();
    g_autoptr(GPtrArray) lost = g_ptr_array_new();
    struct reversal_facts facts = {
        .has_down = true, .restored = none, .repeated = none, .lost = none};

    check_verdict(&facts, REVERSAL_REVERSIBLE, NULL);
    g_ptr_array_add(lost, (gpointer) (gsize) "public.t.b");
    facts.lost = lost;
    check_verdict(&facts, REVERSAL_SCHEMA_ONLY, "data lost in public.t.b");
    facts.repeated = changes;
    check_verdict(&facts, REVERSAL_BROKEN, "after the second up column public.t.a is gone");
    facts.again_error = "relation exists\ndetail: so";
    check_verdict(&facts, REVERSAL_BROKEN, "up fails after down: relation exists");
    facts.restored = changes;
    check_verdict(&facts, REVERSAL_BROKEN, "after down column public.t.a is gone");
    facts.down_error = "no";
    check_verdict(&facts, REVERSAL_BROKEN, "down fails: no");
    facts.declared = "the old column is of no use";
    check_verdict(&facts, REVERSAL_IRREVERSIBLE, "declared: the old column is of no use");
    facts.up_error = "never";
    check_verdict(&facts, REVERSAL_BROKEN, "up fails: never");
    facts = (struct reversal_facts){.repeatable = true, .repeated = none};
    check_verdict(&facts, REVERSAL_REVERSIBLE,
                  "repeatable: its older text, run again, is the way back");
    facts.again_error = "ERROR:  relation exists";
    check_verdict(&facts, REVERSAL_BROKEN,
                  "repeatable, and fails the second time: ERROR:  relation exists");
    facts = (struct reversal_facts){.has_down = false};
    check_verdict(&facts, REVERSAL_BROKEN,
                  "there is no down script, and no comment \"-- irreversible: REASON\" that "
                  "says why");
}

int main(int count, char **arguments)
{
    g_test_init(&count, &arguments, NULL);
    g_test_add_func("/migrations/reversal/compare", test_compare);
    g_test_add_func("/migrations/reversal/digest", test_digest);
    g_test_add_func("/migrations/reversal/lost", test_lost);
    g_test_add_func("/migrations/reversal/sequences", test_sequences);
    g_test_add_func("/migrations/reversal/verdicts", test_verdicts);
    return g_test_run();
}
