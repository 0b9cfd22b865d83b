#include "indexes_fixture.h"

/* Short names for tables of cases. */
#define USED   INDEXES_USED
#define YOUNG  INDEXES_YOUNG
#define RESET  INDEXES_RESET
#define UNSEEN INDEXES_UNSEEN

struct decide_case {
    const char *name;
    struct fixture_index indexes[8]; /* i1, i2, …; ends where there are no keys */
    struct relation_table tables[4]; /* t1, t2, …; ends without a kind; none: one, ordinary */
    const char *replica;             /* NULL: there is none */
    guint standbys;                  /* attached */
    bool asked_standby, replica_away; /* the report runs on a standby; replica was not seen */
    gint64 min_bytes;
    struct relation_build build; /* pid 0: none */
    const char *findings;
};

static struct indexes_case *decide(const struct decide_case *test)
{
    struct indexes_case *state = fixture_new();

    state->standbys = test->standbys;
    state->relations->in_recovery = test->asked_standby;
    state->rules.min_bytes = test->min_bytes;
    fixture_node(state, "");
    if (test->replica != NULL)
        fixture_node(state, test->replica)->seen = !test->replica_away;
    for (gsize i = 0; i < G_N_ELEMENTS(test->tables); i++)
        if (i == 0 || test->tables[i].kind != '\0')
            fixture_table(state, test->tables[i]);
    for (gsize i = 0; i < G_N_ELEMENTS(test->indexes); i++)
        if (test->indexes[i].keys != NULL)
            fixture_add(state, &test->indexes[i]);
    if (test->build.pid != 0)
        g_array_append_val(state->relations->builds, test->build);
    fixture_settle(state);
    indexes_decide(state);
    return state;
}

static void check(const struct decide_case *cases, gsize count)
{
    for (gsize i = 0; i < count; i++) {
        AUTO(indexes_case) state = decide(&cases[i]);
        g_autofree char *got = fixture_findings(state);
        if (strcmp(got, cases[i].findings) != 0)
            g_test_fail_printf("%s: \"%s\"", cases[i].name, got);
    }
}

#define CHECK(cases) check(cases, G_N_ELEMENTS(cases))

/* ---- unused -------------------------------------------------------------------------------- */

static void test_unused(void)
{
    static const struct decide_case cases[] = {
        {"nobody uses it", {ON("1")}, .findings = "i1 unused drop-candidate"},
        {"somebody does", {ON("1", .here = USED)}, .findings = ""},
        {"no index at all", .findings = ""},
        {"a unique one that is used", {ON("1", .flags = UNIQUE, .here = USED)}, .findings = ""},
        {"on a table that is locked",
         {ON("1")},
         {{.kind = 'r', .locked = "somebody"}},
         .findings = ""},
        {"as small as it may be",
         {ON("1", .pages = 2)},
         .min_bytes = 2 * 8192,
         .findings = "i1 unused drop-candidate"},
    };
    CHECK(cases);
}

static void test_kept(void)
{
    static const struct decide_case cases[] = {
        {"primary key",
         {ON("1", .flags = PRIMARY, .constraint = 'p')},
         .findings = "i1 unused keep: primary key"},
        {"exclusion",
         {ON("1", .flags = EXCLUSION, .constraint = 'x')},
         .findings = "i1 unused keep: exclusion constraint"},
        {"unique constraint",
         {ON("1", .flags = UNIQUE, .constraint = 'u')},
         .findings = "i1 unused keep: unique constraint"},
        {"unique", {ON("1", .flags = UNIQUE)}, .findings = "i1 unused keep: unique"},
        {"replica identity",
         {ON("1", .flags = UNIQUE | IDENTITY)},
         .findings = "i1 unused keep: replica identity"},
        {"clustered",
         {ON("1", .flags = CLUSTERED)},
         .findings = "i1 unused keep: the table is clustered by it"},
        {"rebuilt right now",
         {ON("1")},
         .build = {.pid = 7, .table = 16385, .index = 20001},
         .findings = "i1 unused keep: being built"},
        {"another one is built",
         {ON("1")},
         .build = {.pid = 7, .table = 16385, .index = 30000},
         .findings = "i1 unused drop-candidate"},
        {"too small to matter",
         {ON("1", .pages = 2)},
         .min_bytes = 2 * 8192 + 1,
         .findings = "i1 unused keep: smaller than indexes.min_size"},
        {"used on the replica",
         {ON("1", .there = USED)},
         .replica = "db2",
         .findings = "i1 unused keep: used on db2"},
        {"used on the replica, the primary does not know for how long",
         {ON("1", .here = YOUNG, .there = USED)},
         .replica = "db2",
         .findings = "i1 unused keep: used on db2"},
    };
    CHECK(cases);
}

static void test_unknown(void)
{
    static const struct decide_case cases[] = {
        {"not for long",
         {ON("1", .here = YOUNG)},
         .findings = "i1 unused unknown: observed for 3 d of 30 d"},
        {"nothing is counted",
         {ON("1", .here = UNSEEN)},
         .findings = "i1 unused unknown: the primary counts nothing, track_counts is off"},
        {"not for long on the replica",
         {ON("1", .there = YOUNG)},
         .replica = "db2",
         .findings = "i1 unused unknown: observed for 3 d of 30 d"},
        {"counters lost",
         {ON("1", .here = RESET)},
         .findings = "i1 unused unknown: the counters of the primary were reset"},
        {"counters lost on the replica",
         {ON("1", .there = RESET)},
         .replica = "db2",
         .findings = "i1 unused unknown: the counters of db2 were reset"},
        {"replica away",
         {ON("1")},
         .replica = "db2",
         .replica_away = true,
         .findings = "i1 unused unknown: replica db2 not seen"},
        {"replica does not know it",
         {ON("1", .there = UNSEEN)},
         .replica = "db2",
         .findings = "i1 unused unknown: replica db2 not seen"},
        {"quiet on the replica too",
         {ON("1")},
         .replica = "db2",
         .standbys = 1,
         .findings = "i1 unused drop-candidate"},
        {"a standby is not listed",
         {ON("1")},
         .standbys = 1,
         .findings = "i1 unused unknown: a standby is attached that replicas does not list"},
        {"one of two is not listed",
         {ON("1")},
         .replica = "db2",
         .standbys = 2,
         .findings = "i1 unused unknown: a standby is attached that replicas does not list"},
        {"used on the one that is listed",
         {ON("1", .there = USED)},
         .replica = "db2",
         .standbys = 2,
         .findings = "i1 unused keep: used on db2"},
        {"asked on a standby",
         {ON("1")},
         .asked_standby = true,
         .findings = "i1 unused unknown: this is a standby, ask the primary"},
        {"a reason to keep it comes first",
         {ON("1", .flags = UNIQUE, .here = RESET)},
         .asked_standby = true,
         .findings = "i1 unused keep: unique"},
    };
    CHECK(cases);
}

/* ---- partitioned --------------------------------------------------------------------------- */

/* t1 has the partitions t2 and t3, which has t4. i1 has the parts i2 and i3, which has i4. */
#define TREE(second, fourth)                                                                   \
    {                                                                                          \
        ON("1", .kind = 'I'), ON("1", .table = 1, .parent = 20001, .here = (second)),          \
            ON("1", .table = 2, .kind = 'I', .parent = 20001),                                 \
            ON("1", .table = 3, .parent = 20003, .here = (fourth)),                            \
    }
#define TABLES                                                                                 \
    {                                                                                          \
        {.kind = 'p'}, {.kind = 'r', .parent = 16385}, {.kind = 'p', .parent = 16385},         \
            {.kind = 'r', .parent = 16387},                                                    \
    }
#define PART " unused keep: part of partitioned index i1"

static void test_partitioned(void)
{
    static const struct decide_case cases[] = {
        {"no part is used", TREE(INDEXES_QUIET, INDEXES_QUIET), TABLES,
         .findings = "i1 unused drop-candidate | i2" PART " | i3" PART " | i4" PART},
        {"the deepest is", TREE(INDEXES_QUIET, USED), TABLES, .findings = "i2" PART},
        {"one of the first level is", TREE(USED, INDEXES_QUIET), TABLES,
         .findings = "i3" PART " | i4" PART},
        {"the deepest is young", TREE(INDEXES_QUIET, YOUNG), TABLES,
         .findings = "i1 unused drop-candidate | i2" PART " | i3" PART " | i4" PART},
        {"one of the first level is young", TREE(YOUNG, INDEXES_QUIET), TABLES,
         .findings = "i1 unused drop-candidate | i2" PART " | i3" PART " | i4" PART},
        {"all of them are young", TREE(YOUNG, YOUNG), TABLES,
         .findings =
             "i1 unused unknown: observed for 3 d of 30 d | i2" PART " | i3" PART " | i4" PART},
        {"counters of a part were lost", TREE(INDEXES_QUIET, RESET), TABLES,
         .findings = "i1 unused unknown: the counters of the primary were reset | i2" PART
                     " | i3" PART " | i4" PART},
        {"no parts",
         {ON("1", .kind = 'I')},
         TABLES,
         .findings = "i1 unused unknown: observed for 0 d of 30 d"},
        {"used on the replica",
         {ON("1", .kind = 'I'), ON("1", .table = 1, .parent = 20001, .there = USED)},
         TABLES,
         .replica = "db2",
         .findings = "i1 unused keep: used on db2 | i2" PART},
        {"a unique one",
         {ON("1", .kind = 'I', .flags = UNIQUE), ON("1", .table = 1, .parent = 20001)},
         TABLES,
         .findings = "i1 unused keep: unique | i2" PART},
        {"small parts, large together",
         {ON("1", .kind = 'I'), ON("1", .table = 1, .parent = 20001, .pages = 2),
          ON("1", .table = 3, .parent = 20001, .pages = 3)},
         TABLES,
         .min_bytes = 5 * 8192,
         .findings = "i1 unused drop-candidate | i2" PART " | i3" PART},
        {"small together",
         {ON("1", .kind = 'I'), ON("1", .table = 1, .parent = 20001, .pages = 2),
          ON("1", .table = 3, .parent = 20001, .pages = 3)},
         TABLES,
         .min_bytes = 5 * 8192 + 1,
         .findings = "i1 unused keep: smaller than indexes.min_size | i2" PART " | i3" PART},
        {"a partition's own",
         {ON("1", .table = 1)},
         TABLES,
         .findings = "i1 unused drop-candidate"},
    };
    CHECK(cases);
}

/* ---- duplicate, overlapping ---------------------------------------------------------------- */

static void test_redundant(void)
{
    static const struct decide_case cases[] = {
        {"the same, both used",
         {ON("1", .here = USED), ON("1", .here = USED)},
         .findings = "i2 duplicate drop-candidate"},
        {"the same, neither used",
         {ON("1"), ON("1")},
         .findings = "i1 unused drop-candidate | i2 unused drop-candidate | "
                     "i2 duplicate drop-candidate"},
        {"the better one has not been used for long",
         {ON("1", .scans = 9), ON("1", .scans = 5, .here = USED)},
         .findings = "i1 unused drop-candidate | "
                     "i2 duplicate keep: i1, which covers it, is unused itself"},
        {"two constraints",
         {ON("1", .flags = UNIQUE, .constraint = 'u', .here = USED),
          ON("1", .flags = UNIQUE, .constraint = 'u', .here = USED)},
         .findings = "i2 duplicate keep: it backs something of its own, beside i1"},
        {"part of one that is the same as another",
         {ON("1", .kind = 'I', .here = USED), ON("1", .kind = 'I', .here = USED),
          ON("1", .table = 1, .parent = 20001, .here = USED),
          ON("1", .table = 1, .parent = 20002, .here = USED)},
         TABLES,
         .findings = "i2 duplicate drop-candidate | "
                     "i4 duplicate keep: part of partitioned index i2"},
        {"on a table that is locked",
         {ON("1"), ON("1")},
         {{.kind = 'r', .locked = "somebody"}},
         .findings = ""},
        {"a counter that is not known",
         {ON("1", .here = UNSEEN), ON("1", .here = UNSEEN)},
         .asked_standby = true,
         .findings = "i1 unused unknown: this is a standby, ask the primary | "
                     "i2 unused unknown: this is a standby, ask the primary | "
                     "i2 duplicate drop-candidate"},
    };
    CHECK(cases);
}

static void test_overlapping(void)
{
    static const struct decide_case cases[] = {
        {"covered, both used",
         {ON("1", .here = USED), ON("1 2", .here = USED)},
         .findings = "i1 overlapping drop-candidate"},
        {"much smaller, and used",
         {ON("1", .here = USED), ON("1 2", .here = USED, .pages = 4)},
         .findings = "i1 overlapping keep: in use, and much smaller than i2"},
        {"not quite as much",
         {ON("1", .here = USED, .pages = 10), ON("1 2", .here = USED, .pages = 39)},
         .findings = "i1 overlapping drop-candidate"},
        {"much smaller, but not used",
         {ON("1"), ON("1 2", .here = USED, .pages = 4)},
         .findings = "i1 unused drop-candidate | i1 overlapping drop-candidate"},
        {"the one that covers it is unused itself",
         {ON("1", .here = USED), ON("1 2")},
         .findings = "i1 overlapping keep: i2, which covers it, is unused itself | "
                     "i2 unused drop-candidate"},
        {"the one that covers it may be unused",
         {ON("1", .here = USED), ON("1 2", .here = YOUNG)},
         .findings = "i1 overlapping drop-candidate | "
                     "i2 unused unknown: observed for 3 d of 30 d"},
        {"both unused",
         {ON("1"), ON("1 2")},
         .findings = "i1 unused drop-candidate | "
                     "i1 overlapping keep: i2, which covers it, is unused itself | "
                     "i2 unused drop-candidate"},
        {"clustered by the shorter one",
         {ON("1", .flags = CLUSTERED, .here = USED), ON("1 2", .here = USED)},
         .findings = "i1 overlapping keep: it backs something of its own, beside i2"},
        {"of no size at all",
         {ON("1", .here = USED, .pages = -1), ON("1 2", .here = USED, .pages = 1)},
         .findings = "i1 overlapping keep: in use, and much smaller than i2"},
    };
    CHECK(cases);
}

/* ---- invalid ------------------------------------------------------------------------------- */

static void test_invalid(void)
{
    static const struct decide_case cases[] = {
        {"a build that failed",
         {ON("1", .flags = INVALID)},
         .findings = "i1 invalid drop-candidate"},
        {"not ready",
         {ON("1", .flags = INVALID | NOT_READY)},
         .findings = "i1 invalid drop-candidate"},
        {"half dropped",
         {ON("1", .flags = NOT_LIVE)},
         .findings = "i1 unused drop-candidate | i1 invalid drop-candidate"},
        {"invalid for the moment only", {ON("1", .flags = INVALID | PASSING)}, .findings = ""},
        {"being built",
         {ON("1", .flags = INVALID)},
         .build = {.pid = 7, .table = 16385, .index = 20001},
         .findings = "i1 invalid keep: being built"},
        {"another one of its table is built, which may be it",
         {ON("1", .flags = INVALID)},
         .build = {.pid = 7, .table = 16385, .index = 30000},
         .findings = "i1 invalid keep: being built"},
        {"one of another table is built",
         {ON("1", .flags = INVALID)},
         .build = {.pid = 7, .table = 16386, .index = 30000},
         .findings = "i1 invalid drop-candidate"},
        {"somebody builds who knows what",
         {ON("1", .flags = INVALID)},
         .build = {.pid = 7},
         .findings = "i1 invalid unknown: somebody builds an index, and this role may not see "
                     "which"},
        {"of a constraint",
         {ON("1", .flags = PRIMARY | INVALID, .constraint = 'p')},
         .findings = "i1 invalid keep: rebuild it"},
        {"a part",
         {ON("1", .kind = 'I', .here = USED),
          ON("1", .table = 1, .flags = INVALID, .parent = 20001)},
         TABLES,
         .findings = "i1 unused drop-candidate | i2 invalid keep: rebuild it"},
        {"a partitioned one that lacks parts",
         {ON("1", .kind = 'I', .flags = INVALID)},
         TABLES,
         .findings = "i1 unused unknown: observed for 0 d of 30 d | "
                     "i1 invalid keep: not every partition has its part"},
    };
    CHECK(cases);
}

/* Which of them are told apart by their names. */
static void test_leftovers(void)
{
    static const struct {
        const char *name;
        enum indexes_why why;
    } cases[] = {
        {"orders_pkey_ccnew", INDEXES_WHY_LEFTOVER},
        {"orders_pkey_ccold", INDEXES_WHY_LEFTOVER},
        {"orders_pkey_ccnew1", INDEXES_WHY_LEFTOVER},
        {"a_ccold23", INDEXES_WHY_LEFTOVER},
        {"_ccnew", INDEXES_WHY_LEFTOVER},
        {"orders_ccnewer", INDEXES_WHY_FAILED},
        {"orders_note", INDEXES_WHY_FAILED},
        {"ccnew", INDEXES_WHY_FAILED},
        {"1", INDEXES_WHY_FAILED},
        {"", INDEXES_WHY_FAILED},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        const struct decide_case test = {
            .indexes = {ON("1", .flags = INVALID, .name = cases[i].name)}};
        AUTO(indexes_case) state = decide(&test);
        g_assert_cmpuint(state->findings->len, ==, 1);
        enum indexes_why why = g_array_index(state->findings, struct indexes_finding, 0).why;
        if (why != cases[i].why)
            g_test_fail_printf("\"%s\": %d", cases[i].name, (int) why);
    }
}

static void test_sorted(void)
{
    static const struct decide_case test = {
        .indexes = {ON("1", .flags = INVALID), ON("2"), ON("2"), ON("3")}};
    AUTO(indexes_case) state = decide(&test);
    g_autofree char *got = fixture_findings(state);

    g_assert_cmpstr(got, ==,
                    "i1 invalid drop-candidate | i2 unused drop-candidate | "
                    "i3 unused drop-candidate | i3 duplicate drop-candidate | "
                    "i4 unused drop-candidate");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/indexes/decide/unused", test_unused);
    g_test_add_func("/indexes/decide/kept", test_kept);
    g_test_add_func("/indexes/decide/unknown", test_unknown);
    g_test_add_func("/indexes/decide/partitioned", test_partitioned);
    g_test_add_func("/indexes/decide/redundant", test_redundant);
    g_test_add_func("/indexes/decide/overlapping", test_overlapping);
    g_test_add_func("/indexes/decide/invalid", test_invalid);
    g_test_add_func("/indexes/decide/leftovers", test_leftovers);
    g_test_add_func("/indexes/decide/sorted", test_sorted);
    return g_test_run();
}
