#include "vacuum_fixture.h"

/* One choice that acts; what is left out is 0. */
struct act {
    struct vacuum_table table;
    unsigned needs;
    double benefit, seconds;
    bool vacuum, analyze, freeze;
};

static void add(struct vacuum_case *state, const struct act *act)
{
    struct vacuum_choice *choice = fixture_choice(state, fixture_add(state, act->table));

    choice->needs = act->needs;
    choice->vacuum = act->vacuum;
    choice->analyze = act->analyze;
    choice->freeze = act->freeze;
    choice->benefit = act->benefit;
    choice->predicted_seconds = act->seconds;
}

/* "t2 t3 | t1": the batches by the names of their tables. Caller frees. */
static char *describe(const GPtrArray *batches)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < batches->len; i++) {
        const struct vacuum_batch *batch = g_ptr_array_index(batches, i);
        if (i > 0)
            g_string_append(text, " | ");
        for (guint j = 0; j < batch->choices->len; j++) {
            const struct vacuum_choice *choice = g_ptr_array_index(batch->choices, j);
            g_string_append_printf(text, "%s%s", j > 0 ? " " : "", choice->table->name);
        }
    }
    return g_string_free(text, FALSE);
}

struct order_case {
    const char *name;
    double left_seconds;
    struct act acts[7]; /* t1, t2, …; ends where nothing is done */
    const char *batches;
};

static void check_order(const struct order_case *cases, gsize count, unsigned lanes)
{
    for (gsize i = 0; i < count; i++) {
        AUTO(vacuum_case) state = fixture_new();
        state->rules.lanes = lanes;
        for (gsize a = 0; a < G_N_ELEMENTS(cases[i].acts); a++)
            if (cases[i].acts[a].seconds > 0)
                add(state, &cases[i].acts[a]);
        g_autoptr(GPtrArray) batches = vacuum_order(state, cases[i].left_seconds);
        g_autofree char *got = describe(batches);
        if (g_strcmp0(got, cases[i].batches) != 0)
            g_test_fail_printf("%s: \"%s\"", cases[i].name, got);
    }
}

#define ACT(the_benefit, the_seconds)                                                          \
    .benefit = (the_benefit), .seconds = (the_seconds), .vacuum = true
/* 1 GB */
#define BIG .table.pages = 131072

/* So many lanes that no table shares a statement, and so little time that nothing is moved. */
static void test_ranks(void)
{
    static const struct order_case cases[] = {
        {"nothing to do", -1, {{.seconds = 0}}, ""},
        {"one", -1, {{ACT(10, 1)}}, "t1"},
        {"benefit per second",
         0.1,
         {{ACT(10, 1)}, {ACT(300, 10)}, {ACT(40, 1)}},
         "t3 | t2 | t1"},
        {"equal merit goes by OID",
         0.1,
         {{ACT(10, 1), .table.oid = 9}, {ACT(10, 1), .table.oid = 8}},
         "t8 | t9"},
        {"emergency, carried over, benefit",
         0.1,
         {{ACT(1000, 1)},
          {ACT(1, 100), .table.carried_over = true},
          {ACT(1, 100), .needs = EMERGENCY | FREEZE, .table.xid_age = 200000000}},
         "t3 | t2 | t1"},
        {"an emergency that was carried over is one emergency",
         0.1,
         {{ACT(1, 1), .needs = EMERGENCY, .table.xid_age = 300000000},
          {ACT(1, 1), .needs = EMERGENCY, .table.xid_age = 250000000,
           .table.carried_over = true}},
         "t1 | t2"},
        {"emergencies by the age that is nearest its end, of TOAST and multixacts too",
         0.1,
         {{ACT(1000, 1), .needs = EMERGENCY, .table.xid_age = 210000000},
          {ACT(1, 1), .needs = EMERGENCY, .table.toast_xid_age = 900000000},
          {ACT(1, 1), .needs = EMERGENCY, .table.mxid_age = 1000000000},
          {ACT(1, 1), .needs = EMERGENCY, .table.xid_age = 205000000}},
         "t2 | t3 | t1 | t4"},
        {"parents after all tables, pg_statistic after the parents",
         0.1,
         {{ACT(1, 1), .table.oid = VACUUM_PG_STATISTIC, .table.carried_over = true,
           .needs = EMERGENCY},
          {.benefit = 1e6,
           .seconds = 1,
           .analyze = true,
           .table.kind = 'p',
           .table.carried_over = true},
          {ACT(1, 50)}},
         "t3 | t2 | t2619"},
    };
    check_order(cases, G_N_ELEMENTS(cases), 8);
}

static void test_long_steps(void)
{
    static const struct order_case cases[] = {
        {"no end: the long one first",
         -1,
         {{ACT(1000, 1)}, {ACT(900, 1)}, {ACT(1, 100), BIG}},
         "t3 | t1 | t2"},
        {"it fits with room",
         100,
         {{ACT(1000, 1)}, {ACT(900, 1)}, {ACT(1, 100), BIG}},
         "t3 | t1 | t2"},
        {"it does not fit: benefit decides",
         60,
         {{ACT(1000, 1)}, {ACT(900, 1)}, {ACT(1, 100), BIG}},
         "t1 | t2 | t3"},
        {"several long ones, longest first",
         -1,
         {{ACT(1e6, 5)}, {ACT(1, 40), BIG}, {ACT(9, 50), BIG}, {ACT(10, 45), BIG}},
         "t3 | t4 | t2 | t1"},
        {"emergencies and what was carried over stay first",
         -1,
         {{ACT(1, 1), .needs = EMERGENCY},
          {ACT(1, 1), .table.carried_over = true},
          {ACT(1000, 1)},
          {ACT(1, 100), BIG}},
         "t1 | t2 | t4 | t3"},
        {"a long parent keeps its place",
         -1,
         {{ACT(1000, 1)}, {.benefit = 1, .seconds = 100, .analyze = true, .table.kind = 'p'}},
         "t1 | t2"},
    };
    check_order(cases, G_N_ELEMENTS(cases), 2);
}

/* ---- batches ------------------------------------------------------------------------------- */

/* Many equal small tables, so that what must not share a statement is the only reason for
 * another. */
static void add_many(struct vacuum_case *state, guint count, const struct act *act)
{
    for (guint i = 0; i < count; i++)
        add(state, act);
}

static guint batches_with(const GPtrArray *batches, bool vacuum, bool analyze, bool freeze)
{
    guint count = 0;

    for (guint i = 0; i < batches->len; i++) {
        const struct vacuum_batch *batch = g_ptr_array_index(batches, i);
        count +=
            batch->vacuum == vacuum && batch->analyze == analyze && batch->freeze == freeze;
    }
    return count;
}

static void test_same_options_only(void)
{
    AUTO(vacuum_case) state = fixture_new();
    add_many(state, 100, &(struct act){ACT(10, 0.01)});
    add_many(state, 100, &(struct act){ACT(10, 0.01), .analyze = true});
    add_many(state, 100, &(struct act){ACT(10, 0.01), .freeze = true});
    add_many(state, 100, &(struct act){.benefit = 10, .seconds = 0.01, .analyze = true});
    g_autoptr(GPtrArray) batches = vacuum_order(state, -1);
    /* 4 s in all, for 2 lanes with 4 statements each: half a second a statement. */
    g_assert_cmpuint(batches_with(batches, true, false, false), ==, 2);
    g_assert_cmpuint(batches_with(batches, true, true, false), ==, 2);
    g_assert_cmpuint(batches_with(batches, true, false, true), ==, 2);
    g_assert_cmpuint(batches_with(batches, false, true, false), ==, 2);
    g_assert_cmpuint(batches->len, ==, 8);
}

static void test_batch_sizes(void)
{
    AUTO(vacuum_case) state = fixture_new();
    add_many(state, 4001, &(struct act){ACT(10, 0.0001)});
    g_autoptr(GPtrArray) batches = vacuum_order(state, -1);
    guint tables = 0;
    for (guint i = 0; i < batches->len; i++) {
        const struct vacuum_batch *batch = g_ptr_array_index(batches, i);
        g_assert_cmpuint(batch->choices->len, <=, 500);
        g_assert_false(batch->alone);
        tables += batch->choices->len;
    }
    g_assert_cmpuint(tables, ==, 4001);
    g_assert_cmpuint(batches->len, ==, 9);

    /* A statement is cut at the window's end: none is predicted much longer than 10 s. */
    AUTO(vacuum_case) slow = fixture_new();
    add_many(slow, 200, &(struct act){ACT(10, 2)});
    g_autoptr(GPtrArray) long_ones = vacuum_order(slow, -1);
    for (guint i = 0; i < long_ones->len; i++) {
        const struct vacuum_batch *batch = g_ptr_array_index(long_ones, i);
        g_assert_cmpfloat(batch->predicted_seconds, <=, 12);
        g_assert_cmpuint(batch->choices->len, >=, 5);
    }
}

static void test_alone(void)
{
    static const struct {
        const char *name;
        struct act act;
        bool alone;
        int workers;
        unsigned phase;
    } cases[] = {
        {"small", {ACT(10, 1), .table.pages = 8191}, false, 0, 0},
        {"big", {ACT(10, 1), .table.pages = 8192}, true, 0, 0},
        {"big with its indexes", {ACT(10, 1), .table.index_pages = 8192}, true, 0, 0},
        {"big with its TOAST", {ACT(10, 1), .table.toast_pages = 8192}, true, 0, 0},
        {"one big index: nobody to share with",
         {ACT(10, 1), BIG, .table.big_indexes = 1},
         true,
         0,
         0},
        {"two big indexes", {ACT(10, 1), BIG, .table.big_indexes = 2}, true, 2, 0},
        {"more big indexes than workers",
         {ACT(10, 1), BIG, .table.big_indexes = 9},
         true,
         2,
         0},
        {"big, but only to be analyzed",
         {.benefit = 1, .seconds = 1, .analyze = true, BIG, .table.big_indexes = 9},
         false,
         0,
         0},
        {"parent",
         {.benefit = 1, .seconds = 1, .analyze = true, .table.kind = 'p'},
         true,
         0,
         1},
        {"pg_statistic", {ACT(1, 1), .table.oid = VACUUM_PG_STATISTIC}, false, 0, 2},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        AUTO(vacuum_case) state = fixture_new();
        add(state, &cases[i].act);
        g_autoptr(GPtrArray) batches = vacuum_order(state, -1);
        const struct vacuum_batch *batch = g_ptr_array_index(batches, 0);
        if (batch->alone != cases[i].alone || batch->workers != cases[i].workers ||
            batch->phase != cases[i].phase)
            g_test_fail_printf("%s: alone %d, workers %d, phase %u", cases[i].name,
                               batch->alone, batch->workers, batch->phase);
    }
}

/* ---- a property of all inputs ----------------------------------------------------------------- */

static struct act random_act(GRand *random)
{
    static const gint64 pages[] = {0, 1, 100, 8191, 8192, 131072, G_MAXINT32};
    struct act act = {
        .benefit = g_rand_double_range(random, 1, 1e6),
        .seconds = g_rand_int_range(random, 0, 20) == 0 ? g_rand_double_range(random, 1, 1e4)
                                                        : g_rand_double_range(random, 0, 0.2),
        .vacuum = g_rand_boolean(random),
        .analyze = g_rand_boolean(random),
        .needs = g_rand_int_range(random, 0, 8) == 0 ? EMERGENCY : DEAD,
    };
    act.table.pages = pages[g_rand_int_range(random, 0, G_N_ELEMENTS(pages))];
    act.table.xid_age = g_rand_int_range(random, 0, G_MAXINT32);
    act.table.big_indexes = g_rand_int_range(random, 0, 4);
    act.table.carried_over = g_rand_int_range(random, 0, 5) == 0;
    act.freeze = act.vacuum && g_rand_boolean(random);
    if (g_rand_int_range(random, 0, 10) == 0) {
        act.table.kind = 'p';
        act.vacuum = act.freeze = false;
    }
    return act;
}

static int rank_of(const struct vacuum_choice *choice)
{
    if (choice->table->oid == VACUUM_PG_STATISTIC)
        return 4;
    if (choice->table->kind == 'p')
        return 3;
    if (choice->needs & EMERGENCY)
        return 0;
    return choice->table->carried_over ? 1 : 2;
}

/* What holds for a batch: one kind of statement, big tables and parents alone. */
static bool batch_is_sound(const struct vacuum_case *state, const struct vacuum_batch *batch)
{
    bool sound = batch->choices->len >= 1 && batch->choices->len <= 500 &&
                 (!batch->alone || batch->choices->len == 1);

    for (guint i = 0; i < batch->choices->len; i++) {
        const struct vacuum_choice *choice = g_ptr_array_index(batch->choices, i);
        bool big = choice->vacuum &&
                   vacuum_bytes(&state->server, choice->table) >= state->rules.big_bytes;
        sound = sound && choice->vacuum == batch->vacuum && choice->analyze == batch->analyze &&
                choice->freeze == batch->freeze && (choice->vacuum || choice->analyze) &&
                batch->alone == (big || choice->table->kind == 'p') &&
                rank_of(choice) == rank_of(g_ptr_array_index(batch->choices, 0));
    }
    return sound;
}

/* Every choice that acts has one place, 1…n in the order of the batches; ranks only rise. */
static bool order_is_sound(const struct vacuum_case *state, const GPtrArray *batches)
{
    int order = 0, acting = 0, rank = 0;
    bool sound = true;

    for (guint i = 0; i < batches->len; i++) {
        const struct vacuum_batch *batch = g_ptr_array_index(batches, i);
        sound = sound && batch_is_sound(state, batch) &&
                rank_of(g_ptr_array_index(batch->choices, 0)) >= rank;
        rank = rank_of(g_ptr_array_index(batch->choices, 0));
        for (guint j = 0; j < batch->choices->len; j++) {
            const struct vacuum_choice *choice = g_ptr_array_index(batch->choices, j);
            sound = sound && choice->order == ++order && choice->step == (int) i + 1;
        }
    }
    for (guint i = 0; i < state->choices->len; i++) {
        const struct vacuum_choice *choice = fixture_choice(state, i);
        acting += choice->vacuum || choice->analyze;
        sound = sound && (choice->order > 0) == (choice->vacuum || choice->analyze);
    }
    return sound && acting == order;
}

static void check_random(guint32 seed)
{
    g_autoptr(GRand) random = g_rand_new_with_seed(seed);
    AUTO(vacuum_case) state = fixture_new();
    guint count =
        (guint) g_rand_int_range(random, 0, 60) * (guint) g_rand_int_range(random, 1, 12);

    state->rules.lanes = (unsigned) g_rand_int_range(random, 1, 9);
    for (guint i = 0; i < count; i++) {
        struct act act = random_act(random);
        add(state, &act);
    }
    if (g_rand_boolean(random))
        add(state, &(struct act){ACT(10, 1), .table.oid = VACUUM_PG_STATISTIC});
    double left = g_rand_boolean(random) ? -1 : g_rand_double_range(random, 0, 1e4);
    g_autoptr(GPtrArray) batches = vacuum_order(state, left);
    if (!order_is_sound(state, batches)) {
        g_autofree char *got = describe(batches);
        g_test_fail_printf("seed %u: %s", seed, got);
    }
}

static void test_any_input(void)
{
    for (guint32 seed = 1; seed <= 100; seed++)
        check_random(seed);
    for (int i = 0; i < 20; i++)
        check_random(g_random_int());
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/vacuum/order/ranks", test_ranks);
    g_test_add_func("/vacuum/order/long-steps", test_long_steps);
    g_test_add_func("/vacuum/order/same-options-only", test_same_options_only);
    g_test_add_func("/vacuum/order/batch-sizes", test_batch_sizes);
    g_test_add_func("/vacuum/order/alone", test_alone);
    g_test_add_func("/vacuum/order/any-input", test_any_input);
    return g_test_run();
}
