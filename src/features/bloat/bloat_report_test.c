#include "bloat_private.h"

#include <string.h>

enum { MB = 1024 * 1024 };

static const gint64 DAY_US = (gint64) 24 * 3600 * G_USEC_PER_SEC;

static void test_growth(void)
{
    static const struct {
        gint64 bytes, before, days;
        double growth;
    } cases[] = {
        {20 * MB, 10 * MB, 7, 10 * MB},  {20 * MB, 10 * MB, 70, MB}, {10 * MB, 10 * MB, 9, 0},
        {10 * MB, 20 * MB, 14, -5 * MB}, {10 * MB, 0, 7, 10 * MB},   {0, 10 * MB, 7, -10 * MB},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
        g_assert_cmpfloat_with_epsilon(
            bloat_growth(cases[i].bytes, cases[i].before, cases[i].days * DAY_US),
            cases[i].growth, 1);
}

/* A clock that was set back makes a wild number, not a division by zero or another sign. */
static void test_growth_without_time(void)
{
    g_assert_cmpfloat(bloat_growth(2 * MB, MB, 0), >, 0);
    g_assert_cmpfloat(bloat_growth(2 * MB, MB, -DAY_US), >, 0);
    g_assert_cmpfloat(bloat_growth(MB, MB, 0), ==, 0);
}

static struct bloat_object unknown_index(gint64 size_bytes, gint64 live)
{
    return (struct bloat_object){
        .kind = BLOAT_INDEX,
        .note = BLOAT_NOTE_METHOD,
        .size_bytes = size_bytes,
        .live = live,
        .reclaimable_bytes = -1,
    };
}

static void test_best(void)
{
    struct bloat_object object = unknown_index(4 * MB, 1000);
    bloat_set_best(&object, MB, 1000);
    g_assert_cmpint(object.note, ==, BLOAT_NOTE_BEST);
    g_assert_cmpint(object.reclaimable_bytes, ==, 3 * MB);
    g_assert_cmpfloat_with_epsilon(object.reclaimable_pct, 75, 0.01);
    g_assert_cmpfloat(object.margin_pct, >, 0);
    g_assert_cmpfloat(object.margin_pct, <, 50);
    /* Twice the rows need twice the bytes. */
    object = unknown_index(4 * MB, 2000);
    bloat_set_best(&object, MB, 1000);
    g_assert_cmpint(object.reclaimable_bytes, ==, 2 * MB);
}

static void assert_unknown(struct bloat_object object, double best_bytes, double best_rows)
{
    bloat_set_best(&object, best_bytes, best_rows);
    g_assert_cmpint(object.note, ==, BLOAT_NOTE_METHOD);
    g_assert_cmpint(object.reclaimable_bytes, ==, -1);
    g_assert_cmpfloat(object.reclaimable_pct, ==, 0);
}

static void test_best_that_tells_nothing(void)
{
    assert_unknown(unknown_index(4 * MB, 1000), MB, 0);                    /* never had a row */
    assert_unknown(unknown_index(4 * MB, 1000), MB, -1);                   /* nobody counted */
    assert_unknown(unknown_index(4 * MB, 1000), 4 * MB, 1000);             /* it is the best */
    assert_unknown(unknown_index(4 * MB, 1000), 4 * MB - MB / 10.0, 1000); /* noise */
    assert_unknown(unknown_index(4 * MB, 5000), MB, 1000);                 /* would be larger */
    assert_unknown(unknown_index(4 * MB, 0), MB, 1000);
    assert_unknown(unknown_index(0, 1000), MB, 1000);
}

static void test_best_leaves_numbers_alone(void)
{
    struct bloat_object object = unknown_index(4 * MB, 1000);
    object.note = BLOAT_NOTE_NONE;
    object.reclaimable_bytes = 0;
    bloat_set_best(&object, MB, 1000);
    g_assert_cmpint(object.note, ==, BLOAT_NOTE_NONE);
    g_assert_cmpint(object.reclaimable_bytes, ==, 0);
}

static void assert_reason(struct bloat_object object, const char *part)
{
    g_autofree char *reason = bloat_reason(&object);

    if (strstr(reason, part) == NULL)
        g_error("\"%s\" does not say \"%s\"", reason, part);
}

static void test_reason_of_a_number(void)
{
    assert_reason((struct bloat_object){.kind = BLOAT_TABLE}, "planner's statistics");
    assert_reason((struct bloat_object){.kind = BLOAT_TOAST}, "how they pack");
    assert_reason((struct bloat_object){.method = BLOAT_SAMPLE}, "sample");
    assert_reason((struct bloat_object){.method = BLOAT_EXACT}, "read whole");
    assert_reason((struct bloat_object){.method = BLOAT_SAMPLE, .note = BLOAT_NOTE_BEST},
                  "best size");
    /* A number that was kept because the better method was barred: both. */
    char detail[] = "no SELECT";
    struct bloat_object kept = {.note = BLOAT_NOTE_RIGHT, .detail = detail};
    assert_reason(kept, "planner's statistics");
    assert_reason(kept, "; no SELECT");
}

static void test_reason_of_none(void)
{
    static const struct {
        enum bloat_note note;
        const char *part;
    } cases[] = {
        {BLOAT_NOTE_NONE, "unknown"},
        {BLOAT_NOTE_SMALL, "too small"},
        {BLOAT_NOTE_NOT_VISIBLE, "may not"},
        {BLOAT_NOTE_NO_STATISTICS, "never analyzed"},
        {BLOAT_NOTE_STALE, "changed too much"},
        {BLOAT_NOTE_METHOD, "do not tell"},
        {BLOAT_NOTE_BEST, "unknown"},
        {BLOAT_NOTE_BUDGET, "budget"},
        {BLOAT_NOTE_RIGHT, "right"},
        {BLOAT_NOTE_INVALID, "invalid"},
    };
    char detail[] = "more on it";

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct bloat_object object = {.note = cases[i].note, .reclaimable_bytes = -1};
        assert_reason(object, cases[i].part);
        object.detail = detail;
        assert_reason(object, cases[i].part);
        assert_reason(object, "; more on it");
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/bloat/growth", test_growth);
    g_test_add_func("/bloat/growth/no_time", test_growth_without_time);
    g_test_add_func("/bloat/best", test_best);
    g_test_add_func("/bloat/best/nothing", test_best_that_tells_nothing);
    g_test_add_func("/bloat/best/numbers", test_best_leaves_numbers_alone);
    g_test_add_func("/bloat/reason/number", test_reason_of_a_number);
    g_test_add_func("/bloat/reason/none", test_reason_of_none);
    return g_test_run();
}
