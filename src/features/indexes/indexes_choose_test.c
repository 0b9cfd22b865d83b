/* Which indexes a person means. */
#include "indexes_fixture.h"
#include "indexes_rebuild.h"

/* public.orders with four indexes, one of them invalid, one a leftover; app."Orders" with one of
 * the same name; a partitioned index with parts on two levels; a table without indexes; and a
 * system catalog with an invalid index of its own. */
static struct indexes_case *some_database(void)
{
    enum { ORDERS, OTHERS, PARENT, MIDDLE, LOW, HIGH, BARE, CATALOG };
    static const struct relation_table tables[] = {
        [ORDERS] = {.name = "orders"},
        [OTHERS] = {.schema = "app", .name = "Orders"},
        [PARENT] = {.name = "events", .kind = 'p'},
        [MIDDLE] = {.name = "events_2", .kind = 'p'},
        [LOW] = {.name = "events_1"},
        [HIGH] = {.name = "events_2_1"},
        [BARE] = {.name = "bare"},
        [CATALOG] = {.schema = "pg_catalog", .name = "pg_class", .system = true},
    };
    static const struct fixture_index indexes[] = {
        ON("1", .name = "orders_pkey", .pages = 100, .table = ORDERS),
        ON("2", .name = "orders_day", .pages = 10, .table = ORDERS),
        ON("3", .name = "orders_note", .flags = INVALID, .pages = 50, .table = ORDERS),
        ON("1", .name = "orders_pkey_ccnew", .flags = INVALID | NOT_READY, .table = ORDERS),
        ON("2", .name = "orders_dead", .flags = NOT_LIVE, .table = ORDERS),
        ON("1", .name = "orders_day", .pages = 20, .table = OTHERS),
        ON("1", .name = "events_id", .kind = 'I', .oid = 501, .table = PARENT),
        ON("1", .name = "events_2_id", .kind = 'I', .oid = 502, .parent = 501, .table = MIDDLE),
        ON("1", .name = "events_1_id", .oid = 503, .parent = 501, .table = LOW),
        ON("1", .name = "events_2_1_id", .oid = 504, .parent = 502, .table = HIGH),
        ON("1", .name = "events_lone", .kind = 'I', .flags = INVALID, .table = PARENT),
        ON("1", .name = "pg_class_oid", .flags = INVALID, .table = CATALOG),
    };
    struct indexes_case *state = fixture_new();

    for (gsize i = 0; i < G_N_ELEMENTS(tables); i++)
        fixture_table(state, tables[i]);
    for (gsize i = 0; i < G_N_ELEMENTS(indexes); i++)
        fixture_add(state, &indexes[i]);
    fixture_settle(state);
    return state;
}

/* "app.orders_day, public.orders_pkey!": those chosen, in their order; ! barred. */
static char *chosen(struct indexes_wish wish)
{
    AUTO(indexes_case) state = some_database();
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) choices = indexes_choose(state->relations, &wish, &error);
    GString *text = g_string_new(NULL);

    if (choices == NULL) {
        g_assert_error(error, RUNBOOK_ERROR, RUNBOOK_USAGE);
        g_string_append(text, error->message);
    }
    for (guint i = 0; choices != NULL && i < choices->len; i++) {
        const struct indexes_choice *choice = g_ptr_array_index(choices, i);
        const struct relation_index *index =
            relations_index(state->relations, choice->position);
        g_string_append_printf(text, "%s%s.%s%s", i > 0 ? ", " : "",
                               relations_table_of(state->relations, index)->schema, index->name,
                               choice->bar != NULL ? "!" : "");
        g_assert_nonnull(choice->reason);
    }
    return g_string_free(text, FALSE);
}

static void expect(const char *name, const char *expected)
{
    g_autofree char *found = chosen((struct indexes_wish){.name = name});
    g_assert_cmpstr(found, ==, expected);
}

static void expect_words(const char *name, const char *words, const char *hint)
{
    g_autofree char *found = chosen((struct indexes_wish){.name = name});

    g_test_message("%s", found);
    g_assert_nonnull(strstr(found, words));
    g_assert_nonnull(strstr(found, hint));
}

static void test_names(void)
{
    expect("orders_pkey", "public.orders_pkey");
    expect("ORDERS_PKEY", "public.orders_pkey");
    expect("public.orders_pkey", "public.orders_pkey");
    expect("app.*", "app.orders_day");
    /* The small one first. */
    expect("orders_day", "public.orders_day, app.orders_day");
    expect("*.orders_d??", "public.orders_day, app.orders_day");
}

static void test_order(void)
{
    expect("public.orders_*", "public.orders_pkey_ccnew!, public.orders_note, "
                              "public.orders_dead, public.orders_day, public.orders_pkey");
}

static void test_partitioned(void)
{
    expect("events_id", "public.events_1_id, public.events_2_1_id");
    expect("events_2_id", "public.events_2_1_id");
    expect("events_1_id", "public.events_1_id");
    /* Each once, by whatever name. */
    expect("events_*id", "public.events_1_id, public.events_2_1_id");
    /* There is nothing below it. */
    expect("events_lone", "");
}

static void test_unknown(void)
{
    expect_words("orders", "\"orders\" is a table", "orders_pkey");
    expect_words("bare", "\"bare\" is a table", "it has no indexes");
    expect_words("order_pkey", "no index matches \"order_pkey\"",
                 "did you mean \"orders_pkey\"");
    expect_words("other.orders_pkey", "no index matches", "hint: ");
}

static void test_invalid(void)
{
    g_autofree char *invalid = chosen((struct indexes_wish){.invalid = true});
    g_assert_cmpstr(invalid, ==, "public.orders_note, public.orders_dead");
}

/* A table of 100,000 rows of one int, and an index on it of so many pages (275 would do). */
static char *bloated(gint64 pages, gint64 bytes, double fraction, unsigned flags)
{
    AUTO(indexes_case) state = fixture_new();
    struct space_column column = {.number = 1,
                                  .length = 4,
                                  .align = 'i',
                                  .storage = 'p',
                                  .not_null = true,
                                  .known = true,
                                  .width = 4,
                                  .distinct = -1};
    struct indexes_wish wish = {
        .bloated = true, .bloat_bytes = bytes, .bloat_fraction = fraction};
    g_autoptr(GError) error = NULL;

    g_array_append_val(state->relations->columns, column);
    fixture_table(state, (struct relation_table){.column_count = 1,
                                                 .readable = true,
                                                 .counted = true,
                                                 .tuples = 100000,
                                                 .live = 100000,
                                                 .pages = 500});
    fixture_add(state,
                &(struct fixture_index) ON("1", .pages = pages, .flags = UNIQUE | flags));
    fixture_settle(state);
    relations_index(state->relations, 0)->fillfactor = 90;
    g_autoptr(GPtrArray) choices = indexes_choose(state->relations, &wish, &error);
    g_assert_no_error(error);
    return choices->len == 0 ? g_strdup("")
                             : g_strdup(((struct indexes_choice *) choices->pdata[0])->reason);
}

static void test_bloated(void)
{
    g_autofree char *half = bloated(550, 1 << 20, 0.3, 0);
    g_assert_nonnull(strstr(half, "would win about 2.1 MB, 50 %"));
    g_autofree char *clean = bloated(276, 0, 0.3, 0);
    g_assert_cmpstr(clean, ==, "");
    g_autofree char *too_little = bloated(550, 4 << 20, 0.3, 0);
    g_assert_cmpstr(too_little, ==, "");
    g_autofree char *too_small_a_part = bloated(550, 1 << 20, 0.6, 0);
    g_assert_cmpstr(too_small_a_part, ==, "");
    g_autofree char *broken = bloated(550, 1 << 20, 0.3, INVALID);
    g_assert_cmpstr(broken, ==, "");
    g_autofree char *better_than_thought = bloated(200, 0, 0, 0);
    g_assert_cmpstr(better_than_thought, ==, "");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/indexes/choose/names", test_names);
    g_test_add_func("/indexes/choose/order", test_order);
    g_test_add_func("/indexes/choose/partitioned", test_partitioned);
    g_test_add_func("/indexes/choose/unknown", test_unknown);
    g_test_add_func("/indexes/choose/invalid", test_invalid);
    g_test_add_func("/indexes/choose/bloated", test_bloated);
    return g_test_run();
}
