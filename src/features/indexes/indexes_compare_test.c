#include "indexes_fixture.h"

/* "i2 = i1, i3 < i1!": who makes whom redundant, as the same or by holding its keys as the first;
 * "!" for one that cannot be dropped all the same. Caller frees. */
static char *describe(const struct indexes_case *state)
{
    g_autofree struct indexes_redundancy *list = indexes_find_redundant(state);
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < state->relations->indexes->len; i++)
        if (list[i].kept != INDEXES_NONE)
            g_string_append_printf(text, "%s%s %c %s%s", text->len > 0 ? ", " : "",
                                   relations_index(state->relations, i)->name,
                                   list[i].relation == INDEXES_SAME ? '=' : '<',
                                   relations_index(state->relations, list[i].kept)->name,
                                   list[i].bound ? "!" : "");
    return g_string_free(text, FALSE);
}

struct compare_case {
    const char *name;
    struct fixture_index indexes[4]; /* i1, i2, …; ends where there are no keys */
    const char *redundant;
};

static void check(const struct compare_case *cases, gsize count)
{
    for (gsize i = 0; i < count; i++) {
        AUTO(indexes_case) state = fixture_new();
        fixture_table(state, (struct relation_table){0});
        fixture_table(state, (struct relation_table){0});
        for (gsize x = 0; x < G_N_ELEMENTS(cases[i].indexes); x++)
            if (cases[i].indexes[x].keys != NULL)
                fixture_add(state, &cases[i].indexes[x]);
        fixture_settle(state);
        g_autofree char *got = describe(state);
        if (strcmp(got, cases[i].redundant) != 0)
            g_test_fail_printf("%s: \"%s\"", cases[i].name, got);
    }
}

#define CHECK(cases) check(cases, G_N_ELEMENTS(cases))

static void test_keys(void)
{
    static const struct compare_case cases[] = {
        {"one alone", {ON("1")}, ""},
        {"the same", {ON("1"), ON("1")}, "i2 = i1"},
        {"the same of two columns", {ON("1 2"), ON("1 2")}, "i2 = i1"},
        {"another column", {ON("1"), ON("2")}, ""},
        {"another order of columns", {ON("1 2"), ON("2 1")}, ""},
        {"the first keys", {ON("1"), ON("1 2")}, "i1 < i2"},
        {"not the first keys", {ON("2"), ON("1 2")}, ""},
        {"of another table", {ON("1"), ON("1", .table = 1)}, ""},
        {"another method", {ON("1"), ON("1", .method = "hash")}, ""},
        {"the same other method",
         {ON("1", .method = "hash"), ON("1", .method = "hash")},
         "i2 = i1"},
        {"another operator class", {ON("1/7"), ON("1/8")}, ""},
        {"the same operator class", {ON("1/7"), ON("1/7")}, "i2 = i1"},
        {"another one behind", {ON("1 2/7"), ON("1 2/8")}, ""},
        {"another one behind the shared keys", {ON("1"), ON("1 2/8")}, "i1 < i2"},
        {"another collation", {ON("1@7"), ON("1@8")}, ""},
        {"the same collation", {ON("1@7"), ON("1@7")}, "i2 = i1"},
    };
    CHECK(cases);
}

static void test_order(void)
{
    static const struct compare_case cases[] = {
        {"read backwards", {ON("1"), ON("1v^")}, "i2 = i1"},
        {"all reversed", {ON("1 2v^"), ON("1v^ 2")}, "i2 = i1"},
        {"all reversed, not by default", {ON("1v 2^"), ON("1^ 2v")}, "i2 = i1"},
        {"one of two reversed", {ON("1 2"), ON("1 2v^")}, ""},
        {"only the direction", {ON("1"), ON("1v")}, ""},
        {"only the nulls", {ON("1"), ON("1^")}, ""},
        {"the first keys, reversed", {ON("1v^"), ON("1 2")}, "i1 < i2"},
        {"the first keys, not all of them reversed", {ON("1v^ 2"), ON("1 2 3")}, ""},
        {"the same options", {ON("1v"), ON("1v")}, "i2 = i1"},
        {"no order, no way back", {ON("1", .method = "gist"), ON("1v^", .method = "gist")}, ""},
    };
    CHECK(cases);
}

static void test_expressions(void)
{
    static const struct compare_case cases[] = {
        {"the same expression",
         {{"0", .expressions = "({A})"}, {"0", .expressions = "({A})"}},
         "i2 = i1"},
        {"another expression",
         {{"0", .expressions = "({A})"}, {"0", .expressions = "({B})"}},
         ""},
        {"an expression and a column", {{"0", .expressions = "({A})"}, ON("1")}, ""},
        {"the first of two expressions",
         {{"0", .expressions = "({A})"}, {"0 0", .expressions = "({A} {B})"}},
         "i1 < i2"},
        {"the second of two expressions",
         {{"0", .expressions = "({B})"}, {"0 0", .expressions = "({A} {B})"}},
         ""},
        {"a longer text is another expression",
         {{"0", .expressions = "({A})"}, {"0", .expressions = "({A}{B})"}},
         ""},
        {"a column, then an expression", {ON("1"), {"1 0", .expressions = "({A})"}}, "i1 < i2"},
        {"an expression at another place",
         {{"1 0", .expressions = "({A})"}, {"0 1", .expressions = "({A})"}},
         ""},
    };
    CHECK(cases);
}

static void test_predicate(void)
{
    static const struct compare_case cases[] = {
        {"the same predicate",
         {ON("1", .predicate = "P"), ON("1", .predicate = "P")},
         "i2 = i1"},
        {"another predicate", {ON("1", .predicate = "P"), ON("1", .predicate = "Q")}, ""},
        {"one of them partial", {ON("1", .predicate = "P"), ON("1")}, ""},
        {"the first keys, one partial", {ON("1"), ON("1 2", .predicate = "P")}, ""},
    };
    CHECK(cases);
}

static void test_included(void)
{
    static const struct compare_case cases[] = {
        {"the same columns included", {ON("1 + 2 3"), ON("1 + 3 2")}, "i2 = i1"},
        {"more included", {ON("1"), ON("1 + 2")}, "i1 < i2"},
        {"included, not a key", {ON("1 2"), ON("1 + 2")}, "i2 < i1"},
        {"one of them not there", {ON("1 + 2 3"), ON("1 + 2")}, "i2 < i1"},
        {"each has its own", {ON("1 + 2"), ON("1 + 3")}, ""},
        {"included as key of the other", {ON("1 + 3"), ON("1 2 3")}, "i1 < i2"},
        {"included, not in the longer one", {ON("1 + 4"), ON("1 2 3")}, ""},
    };
    CHECK(cases);
}

static void test_unique(void)
{
    static const struct compare_case cases[] = {
        {"unique stays", {ON("1", .scans = 9), ON("1", .flags = UNIQUE)}, "i1 = i2"},
        {"unique is not within", {ON("1", .flags = UNIQUE), ON("1 2")}, ""},
        {"nor in a longer unique one",
         {ON("1", .flags = UNIQUE), ON("1 2", .flags = UNIQUE)},
         ""},
        {"twice unique", {ON("1", .flags = UNIQUE), ON("1", .flags = UNIQUE)}, "i2 = i1"},
        {"unique with more included",
         {ON("1", .flags = UNIQUE), ON("1 + 2", .flags = UNIQUE)},
         "i1 < i2"},
        {"plain within unique", {ON("1"), ON("1 2", .flags = UNIQUE)}, "i1 < i2"},
        {"checked at another time",
         {ON("1", .flags = UNIQUE), ON("1", .flags = UNIQUE | DEFERRABLE, .constraint = 'u')},
         ""},
        {"deferrable, for reading alone",
         {ON("1"), ON("1", .flags = UNIQUE | DEFERRABLE, .constraint = 'u')},
         "i1 = i2"},
        {"another view of nulls",
         {ON("1", .flags = UNIQUE), ON("1", .flags = UNIQUE | NULLS_SAME)},
         ""},
        {"the same view of nulls",
         {ON("1", .flags = UNIQUE | NULLS_SAME), ON("1", .flags = UNIQUE | NULLS_SAME)},
         "i2 = i1"},
        {"an exclusion constraint",
         {ON("1"), ON("1", .flags = EXCLUSION, .constraint = 'x')},
         ""},
    };
    CHECK(cases);
}

static void test_parameters(void)
{
    static const struct compare_case cases[] = {
        {"brin of other ranges",
         {ON("1", .method = "brin", .options = "pages_per_range=4"), ON("1", .method = "brin")},
         ""},
        {"brin of the same ranges",
         {ON("1", .method = "brin", .options = "pages_per_range=4"),
          ON("1", .method = "brin", .options = "pages_per_range=4")},
         "i2 = i1"},
        {"a B-tree filled in another way",
         {ON("1", .options = "fillfactor=70"), ON("1")},
         "i2 = i1"},
    };
    CHECK(cases);
}

static void test_sound(void)
{
    static const struct compare_case cases[] = {
        {"beside an invalid one", {ON("1"), ON("1", .flags = INVALID)}, ""},
        {"beside one that is not ready", {ON("1"), ON("1", .flags = NOT_READY)}, ""},
        {"beside one that goes", {ON("1"), ON("1", .flags = NOT_LIVE)}, ""},
        {"the first keys of an invalid one", {ON("1"), ON("1 2", .flags = INVALID)}, ""},
        {"a partitioned one and its like",
         {ON("1", .kind = 'I'), ON("1", .kind = 'I')},
         "i2 = i1"},
    };
    CHECK(cases);
}

/* Each pair stands once in either order: age must not decide. */
static void test_who_stays(void)
{
    static const struct compare_case cases[] = {
        {"the primary key",
         {ON("1", .flags = UNIQUE, .constraint = 'u'),
          ON("1", .flags = PRIMARY, .constraint = 'p')},
         "i1 = i2!"},
        {"the primary key, older",
         {ON("1", .flags = PRIMARY, .constraint = 'p'),
          ON("1", .flags = UNIQUE, .constraint = 'u')},
         "i2 = i1!"},
        {"a constraint",
         {ON("1", .flags = UNIQUE | IDENTITY), ON("1", .flags = UNIQUE, .constraint = 'u')},
         "i1 = i2!"},
        {"the replica identity",
         {ON("1", .flags = UNIQUE | CLUSTERED), ON("1", .flags = UNIQUE | IDENTITY)},
         "i1 = i2!"},
        {"the clustered one", {ON("1", .parent = 9), ON("1", .flags = CLUSTERED)}, "i1 = i2!"},
        {"a part, not one of its own",
         {ON("1", .flags = UNIQUE), ON("1", .flags = UNIQUE, .parent = 9)},
         "i1 = i2"},
        {"the unique one", {ON("1", .scans = 9), ON("1", .flags = UNIQUE)}, "i1 = i2"},
        {"a constraint, not the one that is scanned",
         {ON("1", .flags = UNIQUE, .scans = 9), ON("1", .flags = UNIQUE, .constraint = 'u')},
         "i1 = i2"},
        {"more scans", {ON("1", .scans = 8), ON("1", .scans = 9, .pages = 7)}, "i1 = i2"},
        {"more scans, older",
         {ON("1", .scans = 9, .pages = 7), ON("1", .scans = 8)},
         "i2 = i1"},
        {"smaller", {ON("1", .pages = 3), ON("1", .pages = 2)}, "i1 = i2"},
        {"smaller, older", {ON("1", .pages = 2), ON("1", .pages = 3)}, "i2 = i1"},
        {"older", {ON("1", .oid = 7), ON("1", .oid = 6, .name = "older")}, "i1 = older"},
        {"longer, whatever it is", {ON("1", .flags = CLUSTERED), ON("1 2")}, "i1 < i2!"},
    };
    CHECK(cases);
}

static void test_three(void)
{
    static const struct compare_case cases[] = {
        {"three the same", {ON("1"), ON("1"), ON("1")}, "i2 = i1, i3 = i1"},
        {"the best of three",
         {ON("1"), ON("1", .scans = 1), ON("1", .scans = 2)},
         "i1 = i3, i2 = i3"},
        {"a chain ends at the longest", {ON("1"), ON("1 2"), ON("1 2 3")}, "i1 < i3, i2 < i3"},
        {"the same before a longer one", {ON("1"), ON("1"), ON("1 2")}, "i1 < i3, i2 = i1"},
        {"covered by two that are the same",
         {ON("1"), ON("1 2"), ON("1 2")},
         "i1 < i2, i3 = i2"},
        {"covered by two that are the same, the newer one stays",
         {ON("1"), ON("1 2"), ON("1 2", .scans = 1)},
         "i1 < i3, i2 = i3"},
        {"of two that cover it the one that is scanned more",
         {ON("1"), ON("1 2"), ON("1 3", .scans = 1)},
         "i1 < i3"},
        {"covered by one that cannot go",
         {ON("1"), ON("1 2", .flags = CLUSTERED), ON("1 2 3")},
         "i1 < i2, i2 < i3!"},
        {"two pairs", {ON("1"), ON("2"), ON("2"), ON("1")}, "i3 = i2, i4 = i1"},
    };
    CHECK(cases);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/indexes/compare/keys", test_keys);
    g_test_add_func("/indexes/compare/order", test_order);
    g_test_add_func("/indexes/compare/expressions", test_expressions);
    g_test_add_func("/indexes/compare/predicate", test_predicate);
    g_test_add_func("/indexes/compare/included", test_included);
    g_test_add_func("/indexes/compare/unique", test_unique);
    g_test_add_func("/indexes/compare/parameters", test_parameters);
    g_test_add_func("/indexes/compare/sound", test_sound);
    g_test_add_func("/indexes/compare/who-stays", test_who_stays);
    g_test_add_func("/indexes/compare/three", test_three);
    return g_test_run();
}
