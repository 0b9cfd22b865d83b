#include "indexes_fixture.h"

struct link {
    guint table, referenced; /* positions */
    const char *columns;
    bool inherited;
};

/* t1 is referred to. */
struct foreign_case {
    const char *name;
    struct fixture_index indexes[4]; /* i1, i2, … of t2, unless they say otherwise */
    struct link keys[5];             /* fk1, fk2, … */
    struct relation_table tables[5]; /* none: t1 and t2, ordinary */
    const char *answer;              /* who serves which key alone; which keys have nobody */
};

static const struct relation_foreign_key *key_at(const struct relations *relations,
                                                 guint position)
{
    return &g_array_index(relations->foreign_keys, struct relation_foreign_key, position);
}

/* "i1 for fk1, none for fk2". Caller frees. */
static char *describe(const struct indexes_case *state)
{
    const struct relations *relations = state->relations;
    g_autofree struct indexes_redundancy *redundant = indexes_find_redundant(state);
    g_autoptr(GArray) missing = g_array_new(FALSE, FALSE, sizeof(guint));
    g_autofree guint *list = indexes_find_supporters(relations, redundant, missing);
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < relations->indexes->len; i++)
        if (list[i] != INDEXES_NONE)
            g_string_append_printf(text, "%s%s for %s", text->len > 0 ? ", " : "",
                                   relations_index(relations, i)->name,
                                   key_at(relations, list[i])->name);
    for (guint i = 0; i < missing->len; i++)
        g_string_append_printf(text, "%snone for %s", text->len > 0 ? ", " : "",
                               key_at(relations, g_array_index(missing, guint, i))->name);
    return g_string_free(text, FALSE);
}

static struct indexes_case *make(const struct foreign_case *test)
{
    struct indexes_case *state = fixture_new();

    fixture_node(state, "");
    for (gsize i = 0; i < G_N_ELEMENTS(test->tables); i++)
        if (i < 2 || test->tables[i].kind != '\0')
            fixture_table(state, test->tables[i]);
    for (gsize i = 0; i < G_N_ELEMENTS(test->indexes); i++) {
        struct fixture_index index = test->indexes[i];
        index.table = index.table == 0 ? 1 : index.table;
        if (index.keys != NULL)
            fixture_add(state, &index);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(test->keys); i++)
        if (test->keys[i].columns != NULL)
            fixture_foreign_key(state, test->keys[i].table, test->keys[i].referenced,
                                test->keys[i].columns, test->keys[i].inherited);
    fixture_settle(state);
    return state;
}

static void check(const struct foreign_case *cases, gsize count)
{
    for (gsize i = 0; i < count; i++) {
        AUTO(indexes_case) state = make(&cases[i]);
        g_autofree char *got = describe(state);
        if (strcmp(got, cases[i].answer) != 0)
            g_test_fail_printf("%s: \"%s\"", cases[i].name, got);
    }
}

#define CHECK(cases) check(cases, G_N_ELEMENTS(cases))

static void test_support(void)
{
    static const struct foreign_case cases[] = {
        {"its index", {ON("1")}, {{1, 0, "1", false}}, .answer = "i1 for fk1"},
        {"no index", .keys = {{1, 0, "1", false}}, .answer = "none for fk1"},
        {"an index of another column",
         {ON("2")},
         {{1, 0, "1", false}},
         .answer = "none for fk1"},
        {"the first key of several", {ON("1 2")}, {{1, 0, "1", false}}, .answer = "i1 for fk1"},
        {"not the first key", {ON("2 1")}, {{1, 0, "1", false}}, .answer = "none for fk1"},
        {"all columns", {ON("1 2")}, {{1, 0, "1 2", false}}, .answer = "i1 for fk1"},
        {"in another order", {ON("2 1 3")}, {{1, 0, "1 2", false}}, .answer = "i1 for fk1"},
        {"one of two columns", {ON("1")}, {{1, 0, "1 2", false}}, .answer = "none for fk1"},
        {"one column twice", {ON("1 1")}, {{1, 0, "1 2", false}}, .answer = "none for fk1"},
        {"one in between", {ON("1 3 2")}, {{1, 0, "1 2", false}}, .answer = "none for fk1"},
        {"included only", {ON("1 + 2")}, {{1, 0, "1 2", false}}, .answer = "none for fk1"},
        {"partial",
         {ON("1", .predicate = "P")},
         {{1, 0, "1", false}},
         .answer = "none for fk1"},
        {"an expression",
         {ON("0", .expressions = "({A})")},
         {{1, 0, "1", false}},
         .answer = "none for fk1"},
        {"invalid",
         {ON("1", .flags = INVALID)},
         {{1, 0, "1", false}},
         .answer = "none for fk1"},
        {"not ready",
         {ON("1", .flags = NOT_READY)},
         {{1, 0, "1", false}},
         .answer = "none for fk1"},
        {"half dropped",
         {ON("1", .flags = NOT_LIVE)},
         {{1, 0, "1", false}},
         .answer = "none for fk1"},
        {"hash", {ON("1", .method = "hash")}, {{1, 0, "1", false}}, .answer = "i1 for fk1"},
        {"hash of one of two columns",
         {ON("1", .method = "hash")},
         {{1, 0, "1 2", false}},
         .answer = "none for fk1"},
        {"brin", {ON("1", .method = "brin")}, {{1, 0, "1", false}}, .answer = "none for fk1"},
        {"backwards", {ON("1v^")}, {{1, 0, "1", false}}, .answer = "i1 for fk1"},
        {"unique", {ON("1", .flags = UNIQUE)}, {{1, 0, "1", false}}, .answer = "i1 for fk1"},
    };
    CHECK(cases);
}

static void test_several(void)
{
    static const struct foreign_case cases[] = {
        {"one of two is enough, the unique one",
         {ON("1 2", .scans = 9), ON("1 3", .flags = UNIQUE)},
         {{1, 0, "1", false}},
         .answer = "i2 for fk1"},
        {"the one that is scanned more",
         {ON("1 2", .scans = 1), ON("1 3", .scans = 9, .pages = 5)},
         {{1, 0, "1", false}},
         .answer = "i2 for fk1"},
        {"the smaller one",
         {ON("1 2", .pages = 3), ON("1 3", .pages = 2)},
         {{1, 0, "1", false}},
         .answer = "i2 for fk1"},
        {"the first of equals",
         {ON("1 2"), ON("1 3")},
         {{1, 0, "1", false}},
         .answer = "i1 for fk1"},
        {"of two that are the same the one that stays",
         {ON("1", .scans = 1), ON("1", .scans = 9)},
         {{1, 0, "1", false}},
         .answer = "i2 for fk1"},
        {"the longer one that covers it, although it is larger",
         {ON("1", .scans = 9), ON("1 2", .pages = 9)},
         {{1, 0, "1", false}},
         .answer = "i2 for fk1"},
        {"covered, but it cannot go",
         {ON("1", .flags = CLUSTERED, .scans = 9), ON("1 2", .pages = 9)},
         {{1, 0, "1", false}},
         .answer = "i1 for fk1"},
        {"two keys, an index each",
         {ON("1"), ON("2")},
         {{1, 0, "1", false}, {1, 0, "2", false}},
         .answer = "i1 for fk1, i2 for fk2"},
        {"two keys, one index",
         {ON("1")},
         {{1, 0, "1", false}, {1, 0, "2", false}},
         .answer = "i1 for fk1, none for fk2"},
        {"a table that refers to itself",
         {ON("1")},
         {{1, 1, "1", false}, {1, 1, "2", false}},
         .answer = "i1 for fk1, none for fk2"},
        {"an index of another table",
         {ON("1", .table = 2)},
         {{1, 0, "1", false}},
         {{.kind = 'r'}, {.kind = 'r'}, {.kind = 'r'}},
         .answer = "none for fk1"},
    };
    CHECK(cases);
}

/* t2 has the partitions t3 and t4, which has t5. */
#define TREE                                                                                   \
    {                                                                                          \
        {.kind = 'r'}, {.kind = 'p'}, {.kind = 'r', .parent = 16386},                          \
            {.kind = 'p', .parent = 16386}, {.kind = 'r', .parent = 16388},                    \
    }

static void test_partitioned(void)
{
    static const struct foreign_case cases[] = {
        {"no index anywhere: one finding",
         .keys = {{1, 0, "1", false}, {2, 0, "1", true}, {3, 0, "1", true}, {4, 0, "1", true}},
         .tables = TREE, .answer = "none for fk1"},
        {"an index of every partition",
         {ON("1", .kind = 'I'), ON("1", .table = 2, .parent = 20001),
          ON("1", .table = 3, .kind = 'I', .parent = 20001),
          ON("1", .table = 4, .parent = 20003)},
         {{1, 0, "1", false}, {2, 0, "1", true}, {3, 0, "1", true}, {4, 0, "1", true}},
         TREE,
         .answer = "i1 for fk1, i2 for fk2, i3 for fk3, i4 for fk4"},
        {"of one partition only",
         {ON("1", .table = 2)},
         {{1, 0, "1", false}, {2, 0, "1", true}, {3, 0, "1", true}, {4, 0, "1", true}},
         TREE,
         .answer = "i1 for fk2, none for fk1"},
        {"two keys to one table are two findings",
         .keys = {{1, 0, "1", false}, {1, 0, "2", false}, {2, 0, "1", true}, {2, 0, "2", true}},
         .tables = TREE, .answer = "none for fk1, none for fk2"},
        {"the second of two keys to one table",
         {ON("1", .table = 2)},
         {{1, 0, "1", false}, {1, 0, "2", false}, {2, 0, "1", true}, {2, 0, "2", true}},
         TREE,
         .answer = "i1 for fk3, none for fk2"},
        {"made half-way down", .keys = {{3, 0, "1", false}, {4, 0, "1", true}}, .tables = TREE,
         .answer = "none for fk1"},
        {"made on a partition itself", .keys = {{2, 0, "1", false}}, .tables = TREE,
         .answer = "none for fk1"},
        {"one that no table above has", .keys = {{2, 0, "1", true}}, .tables = TREE,
         .answer = "none for fk1"},
        {"no partitions", .keys = {{1, 0, "1", false}}, .tables = TREE, .answer = ""},
    };
    CHECK(cases);
}

/* What comes of it. */
static void test_findings(void)
{
    static const struct {
        struct foreign_case test;
        const char *findings;
    } cases[] = {
        {{"missing", .keys = {{1, 0, "1", false}}},
         "t2 missing_fk keep: nothing to drop, foreign key fk1 needs an index"},
        {{"missing on a table that is locked", .keys = {{1, 0, "1", false}},
          .tables = {{.kind = 'r'}, {.kind = 'r', .locked = "somebody"}}},
         ""},
        {{"the only one", {ON("1")}, .keys = {{1, 0, "1", false}}},
         "i1 unused keep: the only index under foreign key fk1"},
        {{"one of two", {ON("1 2"), ON("1 3")}, .keys = {{1, 0, "1", false}}},
         "i1 unused keep: the only index under foreign key fk1 | i2 unused drop-candidate"},
        {{"without a foreign key", .indexes = {ON("1 2")}}, "i1 unused drop-candidate"},
        {{"two that are the same", {ON("1"), ON("1")}, .keys = {{1, 0, "1", false}}},
         "i1 unused keep: the only index under foreign key fk1 | i2 unused drop-candidate | "
         "i2 duplicate drop-candidate"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        AUTO(indexes_case) state = make(&cases[i].test);
        indexes_decide(state);
        g_autofree char *got = fixture_findings(state);
        if (strcmp(got, cases[i].findings) != 0)
            g_test_fail_printf("%s: \"%s\"", cases[i].test.name, got);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/indexes/foreign/support", test_support);
    g_test_add_func("/indexes/foreign/several", test_several);
    g_test_add_func("/indexes/foreign/partitioned", test_partitioned);
    g_test_add_func("/indexes/foreign/findings", test_findings);
    return g_test_run();
}
