#include "store/store_minutes.h"

#include "store/store_fixture.h"

static const struct store_minute usual_minute = {
    .samples = 59,
    .missed = 1,
    .ordinary = 37,
    .used_max = 36,
    .used_sum = 2000,
    .active_max = 5,
    .idle_max = 30,
    .in_transaction_max = 2,
    .waiting_max = 1,
    .query_seconds_max = 12.5,
};

static void put(struct store *store, const char *target, gint64 minute, int used)
{
    struct store_minute row = usual_minute;

    row.minute_us = minute * G_TIME_SPAN_MINUTE;
    row.used_max = used;
    store_minute_put(store, target, &row);
}

static void append(const struct store_minute *minute, gpointer data)
{
    g_assert_cmpint(minute->samples, ==, 59);
    g_assert_cmpint(minute->missed, ==, 1);
    g_assert_cmpint(minute->ordinary, ==, 37);
    g_assert_cmpint(minute->used_sum, ==, 2000);
    g_assert_cmpint(minute->active_max, ==, 5);
    g_assert_cmpint(minute->idle_max, ==, 30);
    g_assert_cmpint(minute->in_transaction_max, ==, 2);
    g_assert_cmpint(minute->waiting_max, ==, 1);
    g_assert_cmpfloat(minute->query_seconds_max, ==, 12.5);
    g_string_append_printf(data, "%d:%d ", (int) (minute->minute_us / G_TIME_SPAN_MINUTE),
                           minute->used_max);
}

static void expect(struct store *store, gint64 since_us, const char *expected)
{
    g_autoptr(GString) minutes = g_string_new(NULL);

    g_assert_true(store_each_minute(store, "shop", since_us, append, minutes, NULL));
    g_assert_cmpstr(minutes->str, ==, expected);
    g_assert_cmpstr(store_trouble(store), ==, NULL);
}

static void test_minutes(void)
{
    AUTO(store) store = store_open(NULL);

    expect(store, 0, "");
    put(store, "shop", 11, 1);
    put(store, "shop", 10, 2);
    put(store, "shop", 12, 3);
    put(store, "shop", 11, 4);
    put(store, "other", 11, 5);
    expect(store, 0, "10:2 11:4 12:3 ");
    expect(store, 11 * G_TIME_SPAN_MINUTE + 5, "11:4 12:3 ");
}

/* Kept no longer than 90 days, however long runs are. */
static void test_prune(void)
{
    const gint64 today = g_get_real_time() / G_TIME_SPAN_MINUTE;
    AUTO(store) store = store_open(NULL);
    g_autofree char *young =
        g_strdup_printf("%" G_GINT64_FORMAT ":2 ", today - (gint64) 89 * 24 * 60);

    put(store, "shop", today - (gint64) 91 * 24 * 60, 1);
    put(store, "shop", today - (gint64) 89 * 24 * 60, 2);
    store_prune(store, g_get_real_time() - 400 * G_TIME_SPAN_DAY);
    expect(store, 0, young);
    store_prune(store, g_get_real_time() - 10 * G_TIME_SPAN_DAY);
    expect(store, 0, "");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/store/minutes/minutes", test_minutes);
    g_test_add_func("/store/minutes/prune", test_prune);
    return g_test_run();
}
