#include "store/store_report.h"

#include "store/store_minutes.h"

#include <string.h>

static const struct store_node shop = {"7300000000000000001", "shop", ""};
static const gint64 MONDAY_US = 1790553600 * (gint64) G_USEC_PER_SEC; /* 2026-09-28 */

static void test_minutes(void)
{
    AUTO(store) store = store_open(NULL);
    struct store_minutes_sum sum;

    for (int i = 0; i < 10; i++)
        store_minute_put(store, "shop",
                         &(struct store_minute){.minute_us = MONDAY_US + i * G_TIME_SPAN_MINUTE,
                                                .samples = 60,
                                                .missed = i == 3,
                                                .ordinary = 40,
                                                .used_max = i == 7 || i == 8 ? 38 : 5,
                                                .used_sum = 300});
    g_assert_true(store_minutes_sum(store, "shop", MONDAY_US,
                                    MONDAY_US + 9 * G_TIME_SPAN_MINUTE, &sum, NULL));
    g_assert_cmpint(sum.minutes, ==, 9);
    g_assert_cmpint(sum.samples, ==, 540);
    g_assert_cmpint(sum.missed, ==, 1);
    g_assert_cmpint(sum.used_max, ==, 38);
    g_assert_cmpint(sum.ordinary, ==, 40);
    g_assert_cmpint(sum.peak_us, ==, MONDAY_US + 7 * G_TIME_SPAN_MINUTE);
    g_assert_true(store_minutes_sum(store, "other", MONDAY_US, G_MAXINT64, &sum, NULL));
    g_assert_cmpint(sum.minutes, ==, 0);
}

static void take_id(const struct store_sampled *sampled, gpointer data)
{
    *(gint64 *) data = sampled->id;
}

static gint64 id_of_shop(struct store *store)
{
    gint64 id = 0;

    g_assert_true(store_each_sampled(store, 30, take_id, &id, NULL));
    return id;
}

static void add_size(const struct store_sized *sized, gpointer text)
{
    g_string_append_printf(text, "%u %" G_GINT64_FORMAT "; ", sized->oid, sized->bytes);
}

static void count_day(gint64 at_us, gpointer count)
{
    g_assert_cmpint(at_us, >, 0);
    ++*(guint *) count;
}

static void test_sizes(void)
{
    AUTO(store) store = store_open(NULL);
    g_autoptr(GString) text = g_string_new(NULL);
    guint days = 0;

    for (int week = 0; week < 3; week++) {
        const struct store_size sizes[] = {
            {.oid = 20, .filenode = 1, .bytes = 8192, .rows = 1},
            {.oid = 10, .filenode = 1, .bytes = week, .rows = 1}};
        store_sizes_put(store, &shop, MONDAY_US + week * 7 * G_TIME_SPAN_DAY, sizes, 2);
    }
    const gint64 id = id_of_shop(store);
    g_assert_true(store_each_sized(store, id, add_size, text, NULL));
    g_assert_cmpstr(text->str, ==, "10 0; 10 1; 10 2; 20 8192; ");
    g_assert_true(
        store_each_size_day(store, id, MONDAY_US + 1, G_MAXINT64, count_day, &days, NULL));
    g_assert_cmpuint(days, ==, 2);
    g_assert_cmpint(store_week_of(MONDAY_US), ==, store_week_of(MONDAY_US - 1) + 1);
}

static void add_name(const struct store_named *named, gpointer text)
{
    g_string_append_printf(text, "%s %s.%s; ", named->kind, named->schema, named->name);
}

static void test_names(void)
{
    AUTO(store) store = store_open(NULL);
    g_autoptr(GString) text = g_string_new(NULL);
    const struct store_size size = {.oid = 10, .filenode = 1, .bytes = 1, .rows = 1};
    const struct store_named names[] = {{10, "table", "public", "old"},
                                        {11, "table", "public", "unsized"}};

    store_sizes_put(store, &shop, MONDAY_US, &size, 1);
    store_names_put(store, &shop, names, 2);
    const gint64 id = id_of_shop(store);
    g_assert_false(store_name_of(store, id, 11, add_name, text));
    store_names_put(store, &shop, &(struct store_named){10, "table", "public", "new"}, 1);
    g_assert_true(store_name_of(store, id, 10, add_name, text));
    store_use_moved(store, &shop, 10, 99);
    g_assert_true(store_name_of(store, id, 99, add_name, text));
    g_assert_cmpstr(text->str, ==, "table public.new; table public.new; ");
    g_assert_null(store_trouble(store));
}

static void add_finding(const struct store_finding *finding, gpointer text)
{
    g_string_append_printf(text, "%s %s; ", finding->name, finding->what);
}

static void test_findings(void)
{
    AUTO(store) store = store_open(NULL);
    g_autoptr(GString) text = g_string_new(NULL);
    const struct store_finding findings[] = {{"public", "a", "t", "unused", "", "", 2, 0},
                                             {"public", "b", "t", "invalid", "", "", 1, 0}};

    store_findings_put(store, &shop, "one", MONDAY_US, findings, 2);
    store_findings_put(store, &shop, "two", MONDAY_US, findings, 1);
    store_findings_put(store, &shop, "one", MONDAY_US, findings + 1, 1);
    g_assert_true(store_each_finding(store, id_of_shop(store), NULL, add_finding, text, NULL));
    g_assert_cmpstr(text->str, ==, "b invalid; a unused; ");
    g_string_truncate(text, 0);
    g_assert_true(store_each_finding(store, id_of_shop(store), "two", add_finding, text, NULL));
    g_assert_cmpstr(text->str, ==, "a unused; ");
    g_assert_null(store_trouble(store));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/store_report/minutes", test_minutes);
    g_test_add_func("/store_report/sizes", test_sizes);
    g_test_add_func("/store_report/names", test_names);
    g_test_add_func("/store_report/findings", test_findings);
    return g_test_run();
}
