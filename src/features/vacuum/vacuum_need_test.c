#include "vacuum_fixture.h"

/* ---- one table by itself ----------------------------------------------------------------- */

struct need_case {
    const char *name;
    struct vacuum_table table;
    unsigned needs;
};

static void check_needs(const struct need_case *cases, gsize count, bool analyze_only,
                        bool freeze)
{
    for (gsize i = 0; i < count; i++) {
        AUTO(vacuum_case) state = fixture_new();
        state->rules.analyze_only = analyze_only;
        state->rules.freeze = freeze;
        fixture_add(state, cases[i].table);
        vacuum_decide(state);
        expect_needs(cases[i].name, fixture_choice(state, 0), cases[i].needs);
    }
}

static const struct need_case thresholds_cases[] = {
    {"nothing", {ROWS(1000)}, 0},
    {"empty", {ROWS(0)}, 0},
    {"dead, at", {ROWS(1000), .dead = 30}, 0},
    {"dead, above", {ROWS(1000), .dead = 31}, DEAD},
    {"dead, empty table", {ROWS(0), .dead = 21}, DEAD},
    {"dead, large table", {ROWS(1000000), .dead = 10020}, 0},
    {"dead, large table, above", {ROWS(1000000), .dead = 10021}, DEAD},
    {"TOAST, at", {ROWS(1000), .toast_dead = 30}, 0},
    {"TOAST, above", {ROWS(1000), .toast_dead = 31}, DEAD},
    {"dead, table and TOAST do not add up", {ROWS(1000), .dead = 20, .toast_dead = 20}, 0},
    {"inserted, at", {ROWS(1000), .inserted = 550}, 0},
    {"inserted, above", {ROWS(1000), .inserted = 551}, INSERTED},
    {"changed, at", {ROWS(1000), .changed = 70}, 0},
    {"changed, above", {ROWS(1000), .changed = 71}, CHANGED},
    {"never analyzed", {.live = 1000, .tuples = 1000}, NEVER},
    {"never analyzed and changed", {.live = 10, .tuples = -1, .changed = 51}, NEVER | CHANGED},
    {"all",
     {.live = 1000, .dead = 99, .inserted = 999, .changed = 99},
     DEAD | INSERTED | CHANGED | NEVER},
    {"live counts where reltuples is out of date",
     {.live = 1000, .tuples = 1000, .dead = 31, .last_analyze = 1},
     DEAD},
    {"reltuples counts where live was reset",
     {.live = 0, .tuples = 1000, .dead = 30, .last_analyze = 1},
     0},
    /* Autovacuum goes by reltuples alone: never vacuumed, more than 50 are enough. */
    {"reltuples unknown, at", {.live = 10000, .tuples = -1, .dead = 50, .last_analyze = 1}, 0},
    {"reltuples unknown", {.live = 10000, .tuples = -1, .dead = 51, .last_analyze = 1}, DEAD},
    {"materialized view", {ROWS(1000), .kind = 'm', .dead = 31, .changed = 71}, DEAD | CHANGED},
    {"pg_statistic",
     {.oid = VACUUM_PG_STATISTIC,
      .schema = TEXT("pg_catalog"),
      .live = 1000,
      .tuples = 1000,
      .changed = 1000},
     0},
    {"pg_statistic, dead",
     {.oid = VACUUM_PG_STATISTIC, .live = 1000, .tuples = 1000, .dead = 31, .changed = 1000},
     DEAD},
    {"counters at their largest",
     {ROWS(1000), .dead = G_MAXINT64, .inserted = G_MAXINT64, .changed = G_MAXINT64},
     DEAD | INSERTED | CHANGED},
};

static void test_thresholds(void)
{
    check_needs(thresholds_cases, G_N_ELEMENTS(thresholds_cases), false, false);
}

static void test_visibility(void)
{
    const struct need_case cases[] = {
        {"all visible", {ROWS(1000), .pages = 100, .visible_pages = 100}, 0},
        {"at", {ROWS(1000), .pages = 100, .visible_pages = 90}, 0},
        {"above", {ROWS(1000), .pages = 100, .visible_pages = 89}, VISIBILITY},
        {"one page too small", {ROWS(1000), .pages = 31}, 0},
        {"just large enough", {ROWS(1000), .pages = 32}, VISIBILITY},
        {"no pages", {ROWS(0)}, 0},
        {"catalog", {ROWS(1000), .pages = 100, .schema = TEXT("pg_catalog")}, 0},
        {"shared catalog", {ROWS(1000), .pages = 100, .shared = true}, 0},
    };
    check_needs(cases, G_N_ELEMENTS(cases), false, false);

    AUTO(vacuum_case) strict = fixture_new();
    strict->rules.not_visible_fraction = 0;
    fixture_add(strict, (struct vacuum_table){ROWS(1000), .pages = 100, .visible_pages = 100});
    fixture_add(strict, (struct vacuum_table){ROWS(1000), .pages = 100, .visible_pages = 99});
    vacuum_decide(strict);
    expect_needs("0%, all visible", fixture_choice(strict, 0), 0);
    expect_needs("0%, one page is not", fixture_choice(strict, 1), VISIBILITY);
}

static const struct need_case storage_parameters_cases[] = {
    {"dead lowered, at",
     {ROWS(1000), .dead = 5,
      .options = TEXT("autovacuum_vacuum_threshold=5 autovacuum_vacuum_scale_factor=0")},
     0},
    {"dead lowered",
     {ROWS(1000), .dead = 6,
      .options = TEXT("autovacuum_vacuum_threshold=5 autovacuum_vacuum_scale_factor=0")},
     DEAD},
    {"dead lowered by the factor alone",
     {ROWS(100000), .dead = 551,
      .options = TEXT("fillfactor=70 autovacuum_vacuum_scale_factor=0.005")},
     DEAD},
    {"dead raised: ours stays",
     {ROWS(1000), .dead = 31, .options = TEXT("autovacuum_vacuum_threshold=1000000")},
     DEAD},
    {"inserts lowered",
     {ROWS(1000), .inserted = 11,
      .options = TEXT("autovacuum_vacuum_insert_threshold=10 "
                      "autovacuum_vacuum_insert_scale_factor=0.0")},
     INSERTED},
    {"inserts off: ours stays",
     {ROWS(1000), .inserted = 551, .options = TEXT("autovacuum_vacuum_insert_threshold=-1")},
     INSERTED},
    {"inserts off: ours stays, at",
     {ROWS(1000), .inserted = 550, .options = TEXT("autovacuum_vacuum_insert_threshold=-1")},
     0},
    {"inserts off, and no rows",
     {ROWS(0), .inserted = 1, .options = TEXT("autovacuum_vacuum_insert_threshold=-1")},
     0},
    {"changes lowered",
     {ROWS(1000), .changed = 3,
      .options = TEXT("autovacuum_analyze_threshold=2 autovacuum_analyze_scale_factor=0")},
     CHANGED},
    {"another parameter of the same beginning",
     {ROWS(1000), .dead = 30,
      .options = TEXT("autovacuum_vacuum_threshold_of_old=1 x.autovacuum_vacuum_threshold=1")},
     0},
    {"freeze age lowered",
     {ROWS(1000), .xid_age = 1000000, .options = TEXT("autovacuum_freeze_max_age=1000000")},
     FREEZE | EMERGENCY},
    {"freeze age raised: the server's stays",
     {ROWS(1000), .xid_age = 200000000,
      .options = TEXT("autovacuum_freeze_max_age=2000000000")},
     FREEZE | EMERGENCY},
    {"multixact age lowered",
     {ROWS(1000), .mxid_age = 6000,
      .options = TEXT("autovacuum_multixact_freeze_max_age=10000")},
     FREEZE},
};

static void test_storage_parameters(void)
{
    check_needs(storage_parameters_cases, G_N_ELEMENTS(storage_parameters_cases), false, false);

    AUTO(vacuum_case) off = fixture_new();
    off->server.insert_threshold = -1;
    fixture_add(off, (struct vacuum_table){ROWS(1000), .inserted = 1});
    vacuum_decide(off);
    expect_needs("inserts off for the server", fixture_choice(off, 0), 0);
}

static void test_freeze(void)
{
    static const struct need_case cases[] = {
        {"below", {ROWS(1000), .xid_age = 99999999}, 0},
        {"at", {ROWS(1000), .xid_age = 100000000}, FREEZE},
        {"below the emergency", {ROWS(1000), .xid_age = 199999999}, FREEZE},
        {"emergency", {ROWS(1000), .xid_age = 200000000}, FREEZE | EMERGENCY},
        {"oldest there is", {ROWS(1000), .xid_age = G_MAXINT32}, FREEZE | EMERGENCY},
        {"TOAST is older", {ROWS(1000), .xid_age = 5, .toast_xid_age = 100000000}, FREEZE},
        {"TOAST emergency", {ROWS(1000), .toast_xid_age = 200000000}, FREEZE | EMERGENCY},
        {"multixact, below", {ROWS(1000), .mxid_age = 199999999}, 0},
        {"multixact, at", {ROWS(1000), .mxid_age = 200000000}, FREEZE},
        {"multixact emergency", {ROWS(1000), .mxid_age = 400000000}, FREEZE | EMERGENCY},
        {"TOAST multixact", {ROWS(1000), .toast_mxid_age = 400000000}, FREEZE | EMERGENCY},
    };
    check_needs(cases, G_N_ELEMENTS(cases), false, false);
}

static void test_analyze_only(void)
{
    static const struct need_case cases[] = {
        {"vacuum needs do not count",
         {ROWS(1000), .dead = 999, .inserted = 999, .xid_age = 300000000, .pages = 100},
         0},
        {"analyze needs do", {.live = 1000, .dead = 999, .changed = 999}, NEVER | CHANGED},
        {"pg_statistic", {.oid = VACUUM_PG_STATISTIC, .live = 1000, .dead = 999}, 0},
    };
    check_needs(cases, G_N_ELEMENTS(cases), true, false);
    check_needs(cases, G_N_ELEMENTS(cases), true, true);
}

static void test_freeze_asked(void)
{
    static const struct need_case cases[] = {
        {"clean", {ROWS(1000)}, ASKED},
        {"due as well", {ROWS(1000), .xid_age = 100000000}, ASKED | FREEZE},
        {"pg_statistic", {.oid = VACUUM_PG_STATISTIC, .live = 10}, ASKED},
        {"parents have no rows", {ROWS(1000), .kind = 'p'}, 0},
        {"foreign tables are elsewhere", {.kind = 'f'}, 0},
    };
    check_needs(cases, G_N_ELEMENTS(cases), false, true);
}

/* ---- small parts ----------------------------------------------------------------------------- */

static void test_option(void)
{
    static const struct {
        const char *options, *name;
        double value;
    } cases[] = {
        {NULL, "a", -7},       {"", "a", -7},       {"a=1", "a", 1},
        {"a=0.25", "a", 0.25}, {"a=-1", "a", -1},   {"b=2 a=1", "a", 1},
        {"aa=2 a=1", "a", 1},  {"ba=2", "a", -7},   {"toast.a=2", "a", -7},
        {"ab=2", "a", -7},     {"x=a a=3", "a", 3}, {"a", "a", -7},
        {"a=1e3", "a", 1000},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *options = g_strdup(cases[i].options);
        struct vacuum_table table = {.options = options};
        double value = vacuum_option(&table, cases[i].name, -7);
        if (value < cases[i].value || value > cases[i].value)
            g_test_fail_printf("\"%s\": %g", options, value);
    }
}

static void test_autovacuum_threshold(void)
{
    AUTO(vacuum_case) state = fixture_new();
    struct vacuum_table table = {ROWS(1000)};
    g_assert_cmpfloat(vacuum_autovacuum_threshold(&state->server, &table), ==, 250);
    table.live = 5000;
    g_assert_cmpfloat(vacuum_autovacuum_threshold(&state->server, &table), ==, 250);
    table.tuples = -1;
    g_assert_cmpfloat(vacuum_autovacuum_threshold(&state->server, &table), ==, 50);
}

static void test_freeze_ratio(void)
{
    AUTO(vacuum_case) state = fixture_new();
    struct vacuum_table table = {.xid_age = 100000000, .mxid_age = 100000000};
    g_assert_cmpfloat(vacuum_freeze_ratio(&state->server, &table), ==, 0.5);
    table.toast_mxid_age = 400000000;
    g_assert_cmpfloat(vacuum_freeze_ratio(&state->server, &table), ==, 1);
    state->server.freeze_max_age = state->server.multixact_freeze_max_age = 0;
    g_assert_true(vacuum_freeze_ratio(&state->server, &table) < 1e10);
    g_assert_cmpfloat(vacuum_freeze_ratio(&state->server, &(struct vacuum_table){0}), ==, 0);
}

static void test_benefit(void)
{
    AUTO(vacuum_case) state = fixture_new();
    fixture_add(state, (struct vacuum_table){ROWS(1000), .dead = 100, .toast_dead = 50,
                                             .inserted = 1000, .changed = 1000, .pages = 100,
                                             .visible_pages = 40});
    fixture_add(state, (struct vacuum_table){.live = 1000, .tuples = 1000, .dead = 5});
    vacuum_decide(state);
    /* 1 + 100 + 50 + 1000/4 + 1000 * 0.6 / 20 + 1000/10 */
    g_assert_cmpfloat_with_epsilon(fixture_choice(state, 0)->benefit, 531, 1e-6);
    /* Only ANALYZE: dead rows stay. 1 + 0/10 + 1000/10 */
    g_assert_cmpfloat_with_epsilon(fixture_choice(state, 1)->benefit, 101, 1e-6);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/vacuum/need/thresholds", test_thresholds);
    g_test_add_func("/vacuum/need/visibility", test_visibility);
    g_test_add_func("/vacuum/need/storage-parameters", test_storage_parameters);
    g_test_add_func("/vacuum/need/freeze", test_freeze);
    g_test_add_func("/vacuum/need/analyze-only", test_analyze_only);
    g_test_add_func("/vacuum/need/freeze-asked", test_freeze_asked);
    g_test_add_func("/vacuum/need/option", test_option);
    g_test_add_func("/vacuum/need/autovacuum-threshold", test_autovacuum_threshold);
    g_test_add_func("/vacuum/need/freeze-ratio", test_freeze_ratio);
    g_test_add_func("/vacuum/need/benefit", test_benefit);
    return g_test_run();
}
