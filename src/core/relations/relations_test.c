#include "relations/relations.h"
#include "relations/relations_private.h"

/* ---- texts of the catalog ------------------------------------------------------------------ */

static void test_option(void)
{
    static const struct {
        const char *options, *name;
        int value;
    } cases[] = {
        {NULL, "fillfactor", 90},
        {"", "fillfactor", 90},
        {"fillfactor=70", "fillfactor", 70},
        {"deduplicate_items=off fillfactor=70", "fillfactor", 70},
        {"fillfactor=70 deduplicate_items=off", "fillfactor", 70},
        {"toast.fillfactor=70", "fillfactor", 90},
        {"fillfactors=70", "fillfactor", 90},
        {"fillfactor", "fillfactor", 90},
        {"  fillfactor=10", "fillfactor", 10},
        {"buffering=auto", "fillfactor", 90},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        int got = relations_option(cases[i].options, cases[i].name, 90);
        if (got != cases[i].value)
            g_test_fail_printf("%s: %d", cases[i].options, got);
    }
}

static void test_numbers(void)
{
    static const struct {
        const char *text;
        guint most, count;
        gint64 numbers[3];
    } cases[] = {
        {NULL, 3, 0, {0}},       {"", 3, 0, {0}},
        {"7", 3, 1, {7}},        {"1 2 3", 3, 3, {1, 2, 3}},
        {"1 2 3", 2, 2, {1, 2}}, {"0 -1 3100000000", 3, 3, {0, -1, 3100000000}},
        {"1 x 3", 3, 1, {1}},    {"x", 3, 0, {0}},
        {"1 ", 3, 1, {1}},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        gint64 numbers[4] = {0, 0, 0, 99};
        guint count = relations_numbers(cases[i].text, numbers, cases[i].most);
        if (count != cases[i].count || numbers[0] != cases[i].numbers[0] ||
            numbers[1] != cases[i].numbers[1] || numbers[2] != cases[i].numbers[2])
            g_test_fail_printf("\"%s\": %u", cases[i].text, count);
        g_assert_cmpint(numbers[3], ==, 99);
    }
}

static void test_oid_list(void)
{
    static const guint oids[] = {1, 4294967295, 16384};
    g_autofree char *none = relations_oid_list(NULL, 0);
    g_autofree char *one = relations_oid_list(oids, 1);
    g_autofree char *all = relations_oid_list(oids, 3);

    g_assert_cmpstr(none, ==, "{}");
    g_assert_cmpstr(one, ==, "{1}");
    g_assert_cmpstr(all, ==, "{1,4294967295,16384}");
}

/* ---- the snapshot -------------------------------------------------------------------------- */

static void add_table(struct relations *relations, guint oid, guint toast)
{
    struct relation_table table = {.oid = oid, .toast = toast};

    g_array_append_val(relations->tables, table);
}

static void add_index(struct relations *relations, guint oid, guint table)
{
    struct relation_index index = {.oid = oid, .table = table};

    g_array_append_val(relations->indexes, index);
}

/* Tables 10, 30 (with the TOAST table 20) and 3000000000. */
static struct relations *make(void)
{
    struct relations *relations = relations_new();

    add_table(relations, 3000000000, 0);
    add_table(relations, 30, 20);
    add_table(relations, 20, 0);
    add_table(relations, 10, 0);
    relations_settle_tables(relations);
    return relations;
}

static void test_tables(void)
{
    static const guint oids[] = {10, 20, 30, 3000000000};
    AUTO(relations) relations = make();

    for (guint i = 0; i < G_N_ELEMENTS(oids); i++) {
        g_assert_cmpuint(relations_table(relations, i)->oid, ==, oids[i]);
        g_assert_true(relations_find_table(relations, oids[i]) ==
                      relations_table(relations, i));
    }
    g_assert_null(relations_find_table(relations, 0));
    g_assert_null(relations_find_table(relations, 15));
    g_assert_null(relations_find_index(relations, 10));
    g_assert_cmpuint(relations_find_table(relations, 20)->owner, ==, 30);
    g_assert_cmpuint(relations_find_table(relations, 30)->owner, ==, 0);
}

static void test_indexes(void)
{
    static const guint oids[] = {13, 14, 12, 11};
    AUTO(relations) relations = make();

    add_index(relations, 11, 3);
    add_index(relations, 12, 2);
    add_index(relations, 14, 0);
    add_index(relations, 13, 0);
    relations_settle_indexes(relations);
    for (guint i = 0; i < G_N_ELEMENTS(oids); i++) {
        struct relation_index *index = relations_index(relations, i);
        g_assert_cmpuint(index->oid, ==, oids[i]);
        g_assert_true(relations_find_index(relations, oids[i]) == index);
    }
    g_assert_null(relations_find_index(relations, 15));
    g_assert_null(relations_find_table(relations, 11));
    g_assert_cmpuint(relations_table(relations, 0)->first_index, ==, 0);
    g_assert_cmpuint(relations_table(relations, 0)->index_count, ==, 2);
    g_assert_cmpuint(relations_table(relations, 1)->index_count, ==, 0);
    g_assert_cmpuint(relations_table(relations, 2)->first_index, ==, 2);
    g_assert_cmpuint(relations_table(relations, 3)->first_index, ==, 3);
    g_assert_cmpuint(relations_table(relations, 3)->index_count, ==, 1);
    g_assert_cmpuint(relations_table_of(relations, relations_find_index(relations, 12))->oid,
                     ==, 30);
}

static void test_columns(void)
{
    AUTO(relations) relations = make();
    struct relation_table *table = relations_table(relations, 1);

    for (gint16 number = 0; number < 4; number++) {
        struct space_column column = {.number = number};
        g_array_append_val(relations->columns, column);
    }
    table->first_column = 1;
    table->column_count = 2;
    g_assert_cmpint(relations_column(relations, table, 1)->number, ==, 1);
    g_assert_cmpint(relations_column(relations, table, 2)->number, ==, 2);
    g_assert_null(relations_column(relations, table, 3));
    g_assert_null(relations_column(relations, table, 0));  /* an expression */
    g_assert_null(relations_column(relations, table, -1)); /* a system column */
    g_assert_null(relations_column(relations, relations_table(relations, 0), 1));
}

static void test_keys(void)
{
    AUTO(relations) relations = make();
    struct relation_index index = {.first_key = 1};

    for (gint16 column = 5; column < 8; column++) {
        struct relation_key key = {.column = column};
        g_array_append_val(relations->keys, key);
    }
    g_assert_cmpint(relations_keys(relations, &index)[0].column, ==, 6);
    g_assert_cmpint(relations_keys(relations, &index)[1].column, ==, 7);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/relations/option", test_option);
    g_test_add_func("/relations/numbers", test_numbers);
    g_test_add_func("/relations/oid-list", test_oid_list);
    g_test_add_func("/relations/tables", test_tables);
    g_test_add_func("/relations/indexes", test_indexes);
    g_test_add_func("/relations/columns", test_columns);
    g_test_add_func("/relations/keys", test_keys);
    return g_test_run();
}
