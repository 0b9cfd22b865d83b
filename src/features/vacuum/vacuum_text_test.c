#include "vacuum_fixture.h"

#include <string.h>

/* ---- reasons ------------------------------------------------------------------------------- */

static void expect_reason(const struct vacuum_case *state, const struct vacuum_choice *choice,
                          const char *reason)
{
    g_autofree char *got = vacuum_reason(state, choice);
    g_assert_cmpstr(got, ==, reason);
}

static void test_reasons(void)
{
    const struct {
        struct vacuum_table table;
        const char *reason;
    } cases[] = {
        {{ROWS(1000)}, "needs nothing: 0 dead rows, 0 changes since analyze"},
        {{ROWS(1000), .dead = 1, .changed = 1},
         "needs nothing: 1 dead row, 1 change since analyze"},
        {{ROWS(1000), .kind = 'p'}, "needs nothing"},
        {{.live = 900, .tuples = 900, .dead = 100, .last_analyze = 1}, "100 dead rows (10%)"},
        {{ROWS(0), .dead = 1234567}, "1,234,567 dead rows (100%)"},
        {{ROWS(1000), .toast_dead = 31}, "31 dead rows in TOAST"},
        {{.live = 60, .tuples = 60, .dead = 40, .toast_dead = 41, .last_analyze = 1},
         "40 dead rows (40%); 41 dead rows in TOAST"},
        {{ROWS(1000), .inserted = 551}, "551 rows inserted since vacuum"},
        {{ROWS(1000), .pages = 100, .visible_pages = 50}, "50 pages not all-visible"},
        {{.tuples = -1}, "never analyzed"},
        {{ROWS(1000), .changed = 71}, "71 changes since analyze"},
        {{ROWS(1000), .xid_age = 100000000},
         "100,000,000 transactions old, 50% of what autovacuum allows"},
        {{ROWS(1000), .toast_xid_age = 200000000},
         "200,000,000 transactions old (TOAST), 100% of what autovacuum allows"},
        {{ROWS(1000), .mxid_age = 400000000, .toast_mxid_age = 5},
         "400,000,000 multixacts old, 100% of what autovacuum allows"},
        {{ROWS(1000), .toast_mxid_age = 400000000},
         "400,000,000 multixacts old (TOAST), 100% of what autovacuum allows"},
        {{.live = 900,
          .tuples = 900,
          .dead = 100,
          .inserted = 600,
          .changed = 700,
          .xid_age = 150000000,
          .pages = 64},
         "150,000,000 transactions old, 75% of what autovacuum allows; 100 dead rows (10%); "
         "600 rows inserted since vacuum; 64 pages not all-visible; never analyzed; "
         "700 changes since analyze"},
        {{.kind = 'f'}, "foreign table: its rows are elsewhere"},
        {{ROWS(1000), .dead = 500, .temporary = true}, "temporary table of one session"},
        {{ROWS(1000), .inserted = 551, .lack = TEXT("it belongs to ann")},
         "551 rows inserted since vacuum; the role lacks the right: it belongs to ann"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        AUTO(vacuum_case) state = fixture_new();
        fixture_add(state, cases[i].table);
        vacuum_decide(state);
        expect_reason(state, fixture_choice(state, 0), cases[i].reason);
    }
}

static void test_reasons_in_the_singular(void)
{
    AUTO(vacuum_case) state = fixture_new();
    fixture_add(
        state,
        (struct vacuum_table){
            .live = 1, .dead = 1, .inserted = 1, .changed = 1, .xid_age = 1, .pages = 1});
    struct vacuum_choice *choice = fixture_choice(state, 0);
    choice->needs = FREEZE | DEAD | INSERTED | VISIBILITY | CHANGED;
    expect_reason(
        state, choice,
        "1 transaction old, 0% of what autovacuum allows; 1 dead row (50%); "
        "1 row inserted since vacuum; 1 page not all-visible; 1 change since analyze");
    *choice->table = (struct vacuum_table){.toast_dead = 1,
                                           .mxid_age = 1,
                                           .schema = choice->table->schema,
                                           .name = choice->table->name};
    choice->needs = FREEZE | DEAD;
    expect_reason(state, choice,
                  "1 multixact old, 0% of what autovacuum allows; 1 dead row in TOAST");
}

static void test_reasons_beyond_needs(void)
{
    AUTO(vacuum_case) state = fixture_new();
    fixture_hold(state, "pid 7", 700, 100, false);
    fixture_add(state, (struct vacuum_table){
                           .live = 50, .dead = 50, .last_analyze = 1, .last_horizon = 700});
    fixture_add(state, (struct vacuum_table){ROWS(1000), .carried_over = true});
    fixture_add(state, (struct vacuum_table){.kind = 'p', .last_analyze = 1});
    fixture_choice(state, 1)->bar = VACUUM_BAR_NOT_SELECTED;
    vacuum_decide(state);
    expect_reason(state, fixture_choice(state, 0),
                  "50 dead rows (50%); held by pid 7, and vacuumed since: nothing more can go "
                  "before that ends");
    expect_reason(state, fixture_choice(state, 1), "not selected");
    fixture_choice(state, 2)->needs = PARTITIONS;
    expect_reason(state, fixture_choice(state, 2),
                  "its partitions changed since it was analyzed");

    struct vacuum_choice *choice = fixture_choice(state, 1);
    choice->bar = VACUUM_BAR_NONE;
    choice->needs = ASKED;
    choice->order = 1;
    expect_reason(state, choice, "freeze asked for; the last run did not reach it");
}

static void test_names(void)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    for (unsigned need = DEAD; need <= ASKED; need <<= 1) {
        const char *name = vacuum_need_name((enum vacuum_need) need);
        g_assert_nonnull(name);
        g_assert_true(g_hash_table_add(seen, g_strdup(name)));
    }
    GHashTableIter names;
    gpointer name;
    g_hash_table_iter_init(&names, seen);
    while (g_hash_table_iter_next(&names, &name, NULL))
        g_free(name);
    g_assert_null(vacuum_need_name((enum vacuum_need) 0));
    g_assert_null(vacuum_need_name((enum vacuum_need)(ASKED << 1)));

    static const char *const actions[] = {"skip", "analyze", "vacuum", "vacuum_analyze"};
    for (unsigned i = 0; i < 4; i++) {
        struct vacuum_choice choice = {.vacuum = i & 2, .analyze = i & 1};
        g_assert_cmpstr(vacuum_action_name(&choice), ==, actions[i]);
    }
}

/* ---- statements ------------------------------------------------------------------------------ */

static const struct {
    int version;
    gint64 standbys, limit, shared_buffers;
    struct vacuum_batch batch;
    const char *options;
} statement_options_cases[] = {
    {140000, 0, 0, 0, {.vacuum = true}, "VERBOSE, SKIP_LOCKED, PARALLEL 0"},
    {140000,
     0,
     64 << 20,
     1 << 30,
     {.vacuum = true, .analyze = true},
     "VERBOSE, ANALYZE, SKIP_LOCKED, PARALLEL 0"},
    {150004,
     0,
     0,
     0,
     {.vacuum = true, .freeze = true, .alone = true, .workers = 3},
     "VERBOSE, FREEZE, PARALLEL 3"},
    {150004, 2, 0, 0, {.vacuum = true, .alone = true}, "VERBOSE, TRUNCATE false, PARALLEL 0"},
    {150004, 2, 0, 0, {.analyze = true}, "VERBOSE, SKIP_LOCKED"},
    {150004, 0, 0, 0, {.analyze = true, .alone = true, .parent = true}, "VERBOSE"},
    {160000,
     0,
     0,
     0,
     {.vacuum = true, .alone = true},
     "VERBOSE, PARALLEL 0, SKIP_DATABASE_STATS"},
    {160000,
     0,
     64 << 20,
     1 << 30,
     {.vacuum = true, .analyze = true},
     "VERBOSE, ANALYZE, SKIP_LOCKED, PARALLEL 0, SKIP_DATABASE_STATS, "
     "BUFFER_USAGE_LIMIT '65536kB'"},
    {170000,
     0,
     64 << 20,
     128 << 20,
     {.analyze = true},
     "VERBOSE, SKIP_LOCKED, BUFFER_USAGE_LIMIT '16384kB'"},
    {180000,
     0,
     1,
     128 << 20,
     {.analyze = true},
     "VERBOSE, SKIP_LOCKED, BUFFER_USAGE_LIMIT '128kB'"},
    {180000,
     0,
     G_MAXINT64,
     G_MAXINT64,
     {.analyze = true},
     "VERBOSE, SKIP_LOCKED, BUFFER_USAGE_LIMIT '16777216kB'"},
};

static void test_statement_options(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(statement_options_cases); i++) {
        AUTO(vacuum_case) state = fixture_new();
        state->server.version = statement_options_cases[i].version;
        state->server.standbys = statement_options_cases[i].standbys;
        state->server.shared_buffers = statement_options_cases[i].shared_buffers;
        state->rules.buffer_usage_limit = statement_options_cases[i].limit;
        g_autofree char *options =
            vacuum_statement_options(state, &statement_options_cases[i].batch);
        g_assert_cmpstr(options, ==, statement_options_cases[i].options);
    }
}

static const char *setting_of(const struct plan *plan, const char *name)
{
    for (guint i = 0; i < plan->settings->len; i++) {
        const struct plan_setting *setting =
            &g_array_index(plan->settings, struct plan_setting, i);
        if (strcmp(setting->name, name) == 0)
            return setting->value;
    }
    return NULL;
}

static void test_memory(void)
{
    static const struct {
        int version;
        gint64 memory;
        unsigned lanes;
        const char *work_mem;
    } cases[] = {
        {150000, 512 << 20, 2, "262144kB"},
        {150000, 512 << 20, 64, "8192kB"},
        {150000, 1 << 20, 64, "1024kB"},
        {160000, (gint64) 64 << 30, 2, "1048576kB"},
        {170000, (gint64) 64 << 30, 2, "33554432kB"},
        {180000, G_MAXINT64, 1, "2147483647kB"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        AUTO(vacuum_case) state = fixture_new();
        g_autoptr(GPtrArray) none = g_ptr_array_new();
        state->server.version = cases[i].version;
        state->rules.memory = cases[i].memory;
        state->rules.lanes = cases[i].lanes;
        AUTO(plan) plan = vacuum_plan(state, none, NULL);
        g_assert_cmpstr(setting_of(plan, "maintenance_work_mem"), ==, cases[i].work_mem);
        g_assert_cmpuint(plan->steps->len, ==, 0);
    }
}

/* ---- predictions ------------------------------------------------------------------------------- */

enum { MB40 = 5120 }; /* pages read in a second */
static const struct {
    const char *name;
    struct vacuum_table table;
    bool vacuum, analyze, freeze;
    double seconds;
} predict_cases[] = {
    {"nothing to read", {.pages = MB40, .visible_pages = MB40}, true, false, false, 0},
    {"pages not all-visible",
     {.pages = MB40, .visible_pages = MB40 / 2},
     true,
     false,
     false,
     0.5},
    {"freeze reads all", {.pages = MB40, .visible_pages = MB40}, true, false, true, 1},
    {"TOAST", {.toast_pages = MB40}, true, false, false, 1},
    {"few dead rows leave the indexes alone",
     {.live = 1000, .dead = 20, .index_pages = MB40},
     true,
     false,
     false,
     0},
    {"more do not", {.live = 1000, .dead = 21, .index_pages = MB40}, true, false, false, 1},
    {"ANALYZE reads a sample",
     {.pages = G_MAXINT32, .toast_pages = MB40},
     false,
     true,
     false,
     30000.0 / MB40},
    {"ANALYZE of a small table", {.pages = MB40}, false, true, false, 1},
    {"visible pages counted before the size",
     {.pages = 10, .visible_pages = 20},
     true,
     false,
     false,
     0},
    {"as last time",
     {.pages = MB40, .last_seconds = 77.004, .last_bytes = 40 << 20, .last_vacuumed = true},
     true,
     true,
     true,
     77},
    {"grown since",
     {.pages = MB40, .last_seconds = 10.002, .last_bytes = 20 << 20, .last_vacuumed = true},
     true,
     false,
     false,
     20},
    {"shrunk since: not trusted",
     {.pages = 1, .last_seconds = 10.004, .last_bytes = 20 << 20, .last_vacuumed = true},
     true,
     false,
     false,
     10},
    {"only analyzed last time: not comparable",
     {.pages = MB40, .last_seconds = 10, .last_bytes = 40 << 20},
     true,
     false,
     true,
     1},
    {"a record without size", {.pages = MB40, .last_seconds = 10}, true, false, true, 1},
};

static void test_predict(void)
{
    AUTO(vacuum_case) state = fixture_new();
    for (gsize i = 0; i < G_N_ELEMENTS(predict_cases); i++) {
        struct vacuum_table table = predict_cases[i].table;
        struct vacuum_choice choice = {.table = &table,
                                       .vacuum = predict_cases[i].vacuum,
                                       .analyze = predict_cases[i].analyze,
                                       .freeze = predict_cases[i].freeze};
        double seconds = vacuum_predict(&state->server, &choice);
        if (ABS(seconds - predict_cases[i].seconds - 0.004) > 1e-6)
            g_test_fail_printf("%s: %g s", predict_cases[i].name, seconds);
    }
}

static void test_bytes(void)
{
    AUTO(vacuum_case) state = fixture_new();
    struct vacuum_table table = {.pages = G_MAXUINT32,
                                 .toast_pages = G_MAXUINT32,
                                 .index_pages = (gint64) 100 * G_MAXUINT32};
    g_assert_cmpint(vacuum_bytes(&state->server, &table), ==,
                    (gint64) 102 * 8192 * G_MAXUINT32);
    g_assert_cmpint(vacuum_bytes(&state->server, &(struct vacuum_table){0}), ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/vacuum/text/reasons", test_reasons);
    g_test_add_func("/vacuum/text/reasons-in-the-singular", test_reasons_in_the_singular);
    g_test_add_func("/vacuum/text/reasons-beyond-needs", test_reasons_beyond_needs);
    g_test_add_func("/vacuum/text/names", test_names);
    g_test_add_func("/vacuum/text/statement-options", test_statement_options);
    g_test_add_func("/vacuum/text/memory", test_memory);
    g_test_add_func("/vacuum/text/predict", test_predict);
    g_test_add_func("/vacuum/text/bytes", test_bytes);
    return g_test_run();
}
