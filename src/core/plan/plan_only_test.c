#include "error.h"
#include "options.h"
#include "plan/plan_only.h"

static void test_given(void)
{
    AUTO(options) options = options_new();

    g_assert_null(plan_only_read(options));
    g_assert_true(plan_only_has_oid(NULL, 7));
    options_add(options, "only", "7,8");
    options_add(options, "only", "9@vacuum_full");
    g_autoptr(GHashTable) only = plan_only_read(options);
    g_assert_true(plan_only_has_oid(only, 7));
    g_assert_true(plan_only_has_oid(only, 8));
    g_assert_false(plan_only_has_oid(only, 9));
    g_assert_true(plan_only_has(only, "9@vacuum_full"));
}

static const char *const nothing[] = {NULL};

static void expect_accepted(const char *value, bool plain, bool with_means)
{
    for (int means = 0; means <= 1; means++) {
        AUTO(options) options = options_new();
        g_autoptr(GError) error = NULL;
        options_add(options, "only", "none");
        options_add(options, "only", value);
        bool accepted = means != 0 ? plan_only_accepts_means(options, nothing, &error)
                                   : plan_only_accepts_oids(options, nothing, &error);
        g_assert_cmpint(accepted, ==, means != 0 ? with_means : plain);
        g_assert_cmpint(error != NULL ? error->code : 0, ==, accepted ? 0 : RUNBOOK_USAGE);
    }
}

static void test_accepts(void)
{
    static const char *const wrong[] = {"",      "x",  "0",      "-7",   "4294967296", "7,,8",
                                        "7,x",   "7@", "7@FULL", "@a",   " 7",         "7 ",
                                        "none,", "+7", "x@a",    "7@a@", "7@a b"};
    AUTO(options) options = options_new();

    g_assert_true(plan_only_accepts_oids(options, nothing, NULL));
    g_assert_true(plan_only_accepts_means(options, nothing, NULL));
    for (gsize i = 0; i < G_N_ELEMENTS(wrong); i++)
        expect_accepted(wrong[i], false, false);
    expect_accepted("7", true, false);
    expect_accepted("7,4294967295", true, false);
    expect_accepted("7@vacuum_full", false, true);
    expect_accepted("7@vacuum,8@vacuum_full", false, true);
    expect_accepted("none", true, true);
}

static void test_none(void)
{
    AUTO(options) options = options_new();

    options_add(options, "only", "none");
    g_autoptr(GHashTable) only = plan_only_read(options);
    g_assert_false(plan_only_has_oid(only, 7));
}

/* As many as a large database has tables: no item is too long for a command line. */
static void test_many(void)
{
    enum { MANY = 50000 };
    AUTO(options) options = options_new();
    struct plan_marks *marks = plan_marks_new();

    for (guint oid = 1; oid <= MANY; oid++)
        plan_marks_add_oid(marks, 1000000 + oid);
    json_t *list = plan_marks_end(marks);
    for (gsize i = 0; i < json_array_size(list); i++) {
        const json_t *item = json_array_get(list, i);
        g_assert_cmpuint(json_string_length(item), <=, 1 << 16);
        options_add(options, "only", json_string_value(item));
    }
    g_autoptr(GHashTable) only = plan_only_read(options);
    g_assert_cmpuint(g_hash_table_size(only), ==, MANY);
    g_assert_true(plan_only_has_oid(only, 1000000 + MANY));
    json_decref(list);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/plan/only/given", test_given);
    g_test_add_func("/plan/only/accepts", test_accepts);
    g_test_add_func("/plan/only/none", test_none);
    g_test_add_func("/plan/only/many", test_many);
    return g_test_run();
}
