#include "relations/selection.h"

static void test_patterns(void)
{
    static const struct {
        const char *pattern, *name;
        bool matches;
    } cases[] = {
        {"orders", "orders", true},
        {"ORDERS", "orders", true},
        {"Orders", "Orders", true}, /* typed exactly as it is */
        {"orders", "Orders", false},
        {"\"Orders\"", "Orders", true},
        {"\"Orders\"", "orders", false},
        {"ord*", "orders", true},
        {"*", "", true},
        {"order?", "orders", true},
        {"order?", "order", false},
        {"ord", "orders", false},
        {"", "", true},
        {"", "orders", false},
        {"\"a*\"", "a*", true},
        {"\"a*\"", "abc", false},
        {"a\"\"b", "ab", true},
        {"\"a\"\"b\"", "a\"b", true},
        {"public.\"Or ders\"", "public.Or ders", true},
        {"PUBLIC.*", "public.orders", true},
        {"größe", "größe", true},
        {"GRöSSE", "grösse", true},
        {"gr?ße", "größe", true},
        {"\"open", "open", true},
        {"🐘", "🐘", true},
        {"*\xf0", "elephant", false}, /* not UTF-8: no name is like that */
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
        if (selection_matches(cases[i].pattern, cases[i].name) != cases[i].matches)
            g_test_fail_printf("%s and %s", cases[i].pattern, cases[i].name);
}

static void test_relations(void)
{
    static const char *const patterns[] = {"shop.*", "Orders", NULL};

    g_assert_true(selection_any_relation(patterns, "shop", "items"));
    g_assert_true(selection_any_relation(patterns, "public", "orders"));
    g_assert_false(selection_any_relation(patterns, "public", "items"));
    g_assert_false(selection_any_relation(NULL, "public", "items"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/selection/patterns", test_patterns);
    g_test_add_func("/selection/relations", test_relations);
    return g_test_run();
}
