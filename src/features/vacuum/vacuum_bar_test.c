#include "vacuum_fixture.h"

/* ---- bars --------------------------------------------------------------------------------- */

static void test_bars(void)
{
    const struct {
        const char *name;
        struct vacuum_table table;
        bool left_out;
        enum vacuum_bar bar;
    } cases[] = {
        {"none", {ROWS(1000), .dead = 31}, false, VACUUM_BAR_NONE},
        {"foreign", {.kind = 'f'}, false, VACUUM_BAR_FOREIGN},
        {"temporary", {ROWS(1000), .dead = 31, .temporary = true}, false, VACUUM_BAR_TEMPORARY},
        {"forbidden",
         {ROWS(1000), .dead = 31, .lack = TEXT("ann")},
         false,
         VACUUM_BAR_FORBIDDEN},
        {"forbidden and needs nothing",
         {ROWS(1000), .lack = TEXT("ann")},
         false,
         VACUUM_BAR_NONE},
        {"not selected", {ROWS(1000), .dead = 31}, true, VACUUM_BAR_NOT_SELECTED},
        {"not selected comes first",
         {.kind = 'f', .temporary = true, .lack = TEXT("ann")},
         true,
         VACUUM_BAR_NOT_SELECTED},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        AUTO(vacuum_case) state = fixture_new();
        fixture_add(state, cases[i].table);
        struct vacuum_choice *choice = fixture_choice(state, 0);
        if (cases[i].left_out)
            choice->bar = VACUUM_BAR_NOT_SELECTED;
        vacuum_decide(state);
        if (choice->bar != cases[i].bar)
            g_test_fail_printf("%s: bar %d", cases[i].name, (int) choice->bar);
        if (choice->bar != VACUUM_BAR_NONE && (choice->vacuum || choice->analyze))
            g_test_fail_printf("%s: is done all the same", cases[i].name);
    }
}

/* ---- the horizon --------------------------------------------------------------------------- */

static const struct {
    const char *name;
    struct vacuum_table table;
    unsigned needs, held;
    enum vacuum_bar bar;
} held_cases[] = {
    {"never vacuumed before", {ROWS(1000), .dead = 31}, DEAD, 0, VACUUM_BAR_NONE},
    {"same horizon",
     {ROWS(1000), .dead = 31, .last_horizon = 700},
     0,
     DEAD,
     VACUUM_BAR_HORIZON},
    {"another horizon then",
     {ROWS(1000), .dead = 31, .last_horizon = 699},
     DEAD,
     0,
     VACUUM_BAR_NONE},
    {"same horizon, needs nothing", {ROWS(1000), .last_horizon = 700}, 0, 0, VACUUM_BAR_NONE},
    {"ANALYZE is not held",
     {ROWS(1000), .dead = 31, .changed = 71, .last_horizon = 700},
     CHANGED,
     DEAD,
     VACUUM_BAR_NONE},
    {"all that only removing helps",
     {ROWS(1000), .dead = 31, .inserted = 551, .pages = 100, .last_horizon = 700},
     0,
     DEAD | INSERTED | VISIBILITY,
     VACUUM_BAR_HORIZON},
    {"freezing would gain little",
     {ROWS(1000), .xid_age = 109999999, .last_horizon = 700},
     0,
     FREEZE,
     VACUUM_BAR_HORIZON},
    {"freezing would gain enough",
     {ROWS(1000), .xid_age = 110000000, .last_horizon = 700},
     FREEZE,
     0,
     VACUUM_BAR_NONE},
    {"TOAST would gain",
     {ROWS(1000), .toast_xid_age = 200000000, .last_horizon = 700},
     FREEZE | EMERGENCY,
     0,
     VACUUM_BAR_NONE},
    {"multixacts have another horizon",
     {ROWS(1000), .mxid_age = 400000000, .dead = 31, .last_horizon = 700},
     FREEZE | EMERGENCY,
     DEAD,
     VACUUM_BAR_NONE},
    {"held comes before forbidden",
     {ROWS(1000), .dead = 31, .last_horizon = 700, .lack = TEXT("ann")},
     0,
     DEAD,
     VACUUM_BAR_HORIZON},
};

static void test_held(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(held_cases); i++) {
        AUTO(vacuum_case) state = fixture_new();
        fixture_hold(state, "pid 1", 700, 100000000, false);
        fixture_hold(state, "pid 2", 900, 50, false);
        fixture_add(state, held_cases[i].table);
        vacuum_decide(state);
        const struct vacuum_choice *choice = fixture_choice(state, 0);
        expect_needs(held_cases[i].name, choice, held_cases[i].needs);
        if (choice->held != held_cases[i].held || choice->bar != held_cases[i].bar)
            g_test_fail_printf("%s: held %#x, bar %d", held_cases[i].name, choice->held,
                               (int) choice->bar);
    }
}

static void test_held_and_asked(void)
{
    AUTO(vacuum_case) state = fixture_new();
    fixture_hold(state, "pid 1", 700, 100000000, false);
    state->rules.freeze = true;
    fixture_add(state, (struct vacuum_table){ROWS(1000), .dead = 31, .last_horizon = 700});
    vacuum_decide(state);
    expect_needs("who asks gets it", fixture_choice(state, 0), ASKED);
}

static void test_nobody_holds(void)
{
    AUTO(vacuum_case) state = fixture_new();
    fixture_add(state, (struct vacuum_table){ROWS(1000), .dead = 31, .last_horizon = 700});
    fixture_add(state, (struct vacuum_table){ROWS(1000), .dead = 31});
    vacuum_decide(state);
    expect_needs("the holder ended", fixture_choice(state, 0), DEAD);

    fixture_hold(state, "unknown", 0, 5, false);
    vacuum_decide(state);
    expect_needs("an xmin of 0 is none", fixture_choice(state, 1), DEAD);
}

static void test_catalogs_only(void)
{
    AUTO(vacuum_case) state = fixture_new();
    fixture_hold(state, "slot", 600, 200, true);
    fixture_hold(state, "pid 1", 700, 100, false);
    struct vacuum_table ordinary = {ROWS(1000), .dead = 31, .last_horizon = 700};
    struct vacuum_table catalog = {ROWS(1000), .dead = 31, .last_horizon = 600,
                                   .schema = TEXT("pg_catalog")};
    fixture_add(state, ordinary);
    fixture_add(state, catalog);
    vacuum_decide(state);
    for (guint i = 0; i < 2; i++)
        g_assert_cmpint(fixture_choice(state, i)->bar, ==, VACUUM_BAR_HORIZON);
    g_assert_cmpstr(vacuum_oldest_holder(state, fixture_choice(state, 0)->table)->holder, ==,
                    "pid 1");
    g_assert_cmpstr(vacuum_oldest_holder(state, fixture_choice(state, 1)->table)->holder, ==,
                    "slot");
    g_assert_cmpstr(vacuum_oldest_holder(state, NULL)->holder, ==, "pid 1");
    g_ptr_array_set_size(state->holders, 1);
    g_assert_null(vacuum_oldest_holder(state, fixture_choice(state, 0)->table));
}

/* ---- families ------------------------------------------------------------------------------- */

enum { PARENT = 1000, MIDDLE = 1001 };

struct family_case {
    const char *name;
    gint64 parent_analyzed, middle_analyzed, leaf_analyzed, leaf_changed;
    unsigned parent_needs, middle_needs;
};

/* PARENT has a leaf of 900 rows and MIDDLE, which has one of 100; the changes are in the latter.
 * Thresholds: 50 + 2 % of the rows below, so 70 for PARENT and 52 for MIDDLE. */
static void check_family(const struct family_case *family)
{
    AUTO(vacuum_case) state = fixture_new();
    struct vacuum_table parent = {
        .oid = PARENT, .kind = 'p', .tuples = -1, .last_analyze = family->parent_analyzed};
    struct vacuum_table middle = {.oid = MIDDLE,
                                  .kind = 'p',
                                  .tuples = -1,
                                  .parent = PARENT,
                                  .last_analyze = family->middle_analyzed};
    struct vacuum_table deep = {.oid = 1,
                                .parent = MIDDLE,
                                .live = 100,
                                .tuples = 100,
                                .changed = family->leaf_changed,
                                .last_analyze = family->leaf_analyzed};
    struct vacuum_table leaf = {
        .oid = 2, .parent = PARENT, .live = 900, .tuples = 900, .last_analyze = 1};
    /* A child may well be listed before its parents. */
    fixture_add(state, deep);
    guint top = fixture_add(state, parent);
    fixture_add(state, leaf);
    guint below = fixture_add(state, middle);
    vacuum_decide(state);
    expect_needs(family->name, fixture_choice(state, top), family->parent_needs);
    expect_needs(family->name, fixture_choice(state, below), family->middle_needs);
    g_assert_false(fixture_choice(state, top)->vacuum);
}

static void test_families(void)
{
    static const struct family_case cases[] = {
        {"clean", 1000, 1000, 1000, 0, 0, 0},
        {"analyzed after its partitions", 1000, 1000, 900, 0, 0, 0},
        {"never analyzed", 0, 0, 1000, 0, NEVER, NEVER},
        {"never analyzed wins over changes", 0, 1000, 1000, 500, NEVER, PARTITIONS},
        {"changed, at the middle's threshold", 1000, 1000, 1000, 52, 0, 0},
        {"changed, above it", 1000, 1000, 1000, 53, 0, PARTITIONS},
        {"changed, at the top's threshold", 1000, 1000, 1000, 70, 0, PARTITIONS},
        {"changed, above both", 1000, 1000, 1000, 71, PARTITIONS, PARTITIONS},
        {"partition analyzed later", 1000, 2001, 2000, 0, PARTITIONS, 0},
        /* ANALYZE of a parent goes on to its partitions, which end up later than the parent. */
        {"analyzed together", 1000, 1001, 1002, 0, 0, 0},
        {"a partition never analyzed is not later", 1000, 1000, 0, 0, 0, 0},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
        check_family(&cases[i]);
}

/* The larger the family, the longer its ANALYZE: the last partition is that much later. */
static void test_large_family(void)
{
    for (int later = 10; later < 100000; later *= 100) {
        AUTO(vacuum_case) state = fixture_new();
        struct vacuum_table parent = {.oid = PARENT, .kind = 'p', .last_analyze = 1000};
        fixture_add(state, parent);
        for (int i = 1; i <= 100; i++)
            fixture_add(state, (struct vacuum_table){.parent = PARENT,
                                                     .live = 10000,
                                                     .tuples = 10000,
                                                     .pages = 5000,
                                                     .visible_pages = 5000,
                                                     .last_analyze = 1000 + later * i / 100});
        vacuum_decide(state);
        expect_needs("large family", fixture_choice(state, 0), later < 1000 ? 0 : PARTITIONS);
    }
}

static void test_forbidden_family(void)
{
    AUTO(vacuum_case) state = fixture_new();
    fixture_add(state, (struct vacuum_table){.oid = PARENT, .kind = 'p', .lack = TEXT("ann")});
    fixture_add(state, (struct vacuum_table){ROWS(1000), .parent = PARENT});
    vacuum_decide(state);
    g_assert_cmpint(fixture_choice(state, 0)->bar, ==, VACUUM_BAR_FORBIDDEN);
    g_assert_cmpint(fixture_choice(state, 1)->bar, ==, VACUUM_BAR_NONE);
}

static void test_odd_families(void)
{
    AUTO(vacuum_case) state = fixture_new();
    guint childless = fixture_add(state, (struct vacuum_table){.kind = 'p', .last_analyze = 1});
    guint bare = fixture_add(state, (struct vacuum_table){.kind = 'p', .tuples = -1});
    guint orphan = fixture_add(state, (struct vacuum_table){ROWS(1000), .parent = 4711});
    guint foreign = fixture_add(state, (struct vacuum_table){.kind = 'f', .parent = 1});
    vacuum_decide(state);
    expect_needs("no partitions", fixture_choice(state, childless), 0);
    expect_needs("no partitions, never analyzed", fixture_choice(state, bare), 0);
    expect_needs("parent not listed", fixture_choice(state, orphan), 0);
    g_assert_cmpint(fixture_choice(state, foreign)->bar, ==, VACUUM_BAR_FOREIGN);

    AUTO(vacuum_case) empty = fixture_new();
    vacuum_decide(empty);
    g_assert_cmpuint(empty->choices->len, ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/vacuum/bar/bars", test_bars);
    g_test_add_func("/vacuum/bar/held", test_held);
    g_test_add_func("/vacuum/bar/held-and-asked", test_held_and_asked);
    g_test_add_func("/vacuum/bar/nobody-holds", test_nobody_holds);
    g_test_add_func("/vacuum/bar/catalogs-only", test_catalogs_only);
    g_test_add_func("/vacuum/bar/families", test_families);
    g_test_add_func("/vacuum/bar/large-family", test_large_family);
    g_test_add_func("/vacuum/bar/forbidden-family", test_forbidden_family);
    g_test_add_func("/vacuum/bar/odd-families", test_odd_families);
    return g_test_run();
}
