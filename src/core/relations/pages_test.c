#include "relations/pages.h"

static void test_live_rows(void)
{
    struct relation_table table = {.kind = 'r', .tuples = 1000};

    g_assert_cmpfloat(relations_live_rows(&table), ==, 1000); /* nothing was counted since */
    table.tuples = -1;
    g_assert_cmpfloat(relations_live_rows(&table), ==, -1);
    table.counted = true;
    table.inserted = 50;
    table.live = 40;
    g_assert_cmpfloat(relations_live_rows(&table), ==, 40);

    /* After a crash the counters begin anew. */
    table.tuples = 1000;
    table.deleted = 10;
    g_assert_cmpfloat(relations_live_rows(&table), ==, 1040);
    table.last_analyze = 1;
    g_assert_cmpfloat(relations_live_rows(&table), ==, 40);

    /* CREATE INDEX counts rows too, but all of them were seen to be inserted. */
    table.last_analyze = 0;
    table.inserted = 1000;
    table.live = 300;
    g_assert_cmpfloat(relations_live_rows(&table), ==, 300);
}

static void test_counted_twice(void)
{
    /* 900 inserted, 300 deleted, then VACUUM: and the 300 once more. */
    struct relation_table table = {.kind = 'r',
                                   .tuples = 600,
                                   .live = 300,
                                   .dead = 300,
                                   .counted = true,
                                   .last_vacuum = 1};
    table.ever_inserted = 900;
    table.deleted = 300;
    g_assert_cmpfloat(relations_live_rows(&table), ==, 600);

    /* 900 inserted, VACUUM, then 300 deleted. */
    table.tuples = 900;
    table.live = 600;
    g_assert_cmpfloat(relations_live_rows(&table), ==, 600);

    /* Counters that began anew between them tell nothing. */
    table.ever_inserted = 0;
    g_assert_cmpfloat(relations_live_rows(&table), ==, 600);
}

#define VAR(number) "{VAR :varno 1 :varattno " number " :vartype 23 :vartypmod -1 } "

static void test_nulls_of_predicates(void)
{
    const char *not_null = "{NULLTEST :arg " VAR("3") ":nulltesttype 1 :argisrow false }";
    const char *null = "{NULLTEST :arg " VAR("3") ":nulltesttype 0 :argisrow false }";
    const char *larger = "{OPEXPR :opno 521 :args (" VAR("3") "{CONST :constvalue 4 [ 5 ]}) }";
    const char *either = "{BOOLEXPR :boolop or :args ({NULLTEST :arg " VAR(
        "3") ":nulltesttype 1 :argisrow false } {OPEXPR :opno 521 :args (" VAR("4") ") }) }";
    const char *both = "{BOOLEXPR :boolop and :args ({OPEXPR :opno 521 :args (" VAR(
        "4") ") } {NULLTEST :arg " VAR("3") ":nulltesttype 0 :argisrow false }) }";

    g_assert_cmpint(relations_predicate_nulls(not_null, 3), ==, RELATIONS_NULLS_NONE);
    g_assert_cmpint(relations_predicate_nulls(null, 3), ==, RELATIONS_NULLS_ALL);
    g_assert_cmpint(relations_predicate_nulls(larger, 3), ==, RELATIONS_NULLS_NONE);
    g_assert_cmpint(relations_predicate_nulls(larger, 4), ==, RELATIONS_NULLS_UNKNOWN);
    g_assert_cmpint(relations_predicate_nulls(either, 3), ==, RELATIONS_NULLS_UNKNOWN);
    g_assert_cmpint(relations_predicate_nulls(both, 3), ==, RELATIONS_NULLS_ALL);
    g_assert_cmpint(relations_predicate_nulls(both, 4), ==, RELATIONS_NULLS_NONE);
    g_assert_cmpint(relations_predicate_nulls(NULL, 3), ==, RELATIONS_NULLS_UNKNOWN);
    g_assert_cmpint(relations_predicate_nulls(not_null, 0), ==, RELATIONS_NULLS_UNKNOWN);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pages/live_rows", test_live_rows);
    g_test_add_func("/pages/counted_twice", test_counted_twice);
    g_test_add_func("/pages/nulls", test_nulls_of_predicates);
    return g_test_run();
}
