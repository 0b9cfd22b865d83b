/* Minutes in a history that another process holds locked for a while. */
#include "daemon/keeper.h"
#include "daemon/minutes.h"
#include "feature.h"

#include <glib/gstdio.h>
#include <sqlite3.h>

#define MINUTE (60 * (gint64) G_USEC_PER_SEC)
#define BEGUN  (1000 * MINUTE)

const struct feature *const features[] = {NULL};

static void add(const struct store_minute *minute, gpointer data)
{
    g_string_append_printf(data, "%d:%d+%d;", (int) ((minute->minute_us - BEGUN) / MINUTE),
                           minute->samples, minute->missed);
}

static char *stored(struct store *store, const char *target)
{
    GString *text = g_string_new(NULL);

    g_assert_true(store_each_minute(store, target, 0, add, text, NULL));
    return g_string_free(text, FALSE);
}

static void take(struct minutes *minutes, struct store *store, int number, int samples)
{
    const struct store_minute minute = {.minute_us = BEGUN + number * MINUTE,
                                        .samples = samples,
                                        .missed = number,
                                        .ordinary = 97,
                                        .used_max = samples,
                                        .used_sum = 10 * (gint64) samples};

    minutes_take(minutes, store, false, "shop", &minute);
}

static void on_changed(struct store *store, const char *trouble, gpointer data)
{
    if (trouble == NULL)
        minutes_write(data, store);
}

/* The file of a history, removed at the end. */
static void with_history(void (*test)(const char *path))
{
    g_autofree char *folder = g_dir_make_tmp("pgrunbook-minutes-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "history.db", NULL);
    g_autoptr(GDir) dir = NULL;
    const char *name;

    test(path);
    dir = g_dir_open(folder, 0, NULL);
    while ((name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *file = g_build_filename(folder, name, NULL);
        g_unlink(file);
    }
    g_rmdir(folder);
}

static void locked(const char *path)
{
    AUTO(minutes) minutes = minutes_new();
    AUTO(keeper) keeper = keeper_new(path, on_changed, minutes);
    sqlite3 *other = NULL;
    gint64 now_us = 0;

    take(minutes, keeper_store(keeper), 0, 60);
    g_assert_cmpint(sqlite3_open(path, &other), ==, SQLITE_OK);
    g_assert_cmpint(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), ==, SQLITE_OK);
    for (int number = 1; number < 4; number++) {
        take(minutes, keeper_store(keeper), number, 60);
        keeper_tick(keeper, now_us += MINUTE); /* tries again, in vain */
    }
    g_assert_cmpuint(minutes_waiting(minutes), ==, 3);
    g_assert_cmpint(sqlite3_exec(other, "ROLLBACK", NULL, NULL, NULL), ==, SQLITE_OK);
    keeper_tick(keeper, now_us += MINUTE);
    g_assert_cmpuint(minutes_waiting(minutes), ==, 0);
    take(minutes, keeper_store(keeper), 4, 59);
    g_autofree char *all = stored(keeper_store(keeper), "shop");
    g_assert_cmpstr(all, ==, "0:60+0;1:60+1;2:60+2;3:60+3;4:59+4;");
    sqlite3_close(other);
}

static void test_locked(void)
{
    with_history(locked);
}

/* The watch was started anew within minute 2, and the daemon within minute 3. */
static void parts(const char *path)
{
    AUTO(store) store = store_open(path);
    {
        AUTO(minutes) minutes = minutes_new();
        take(minutes, store, 1, 60);
        take(minutes, store, 2, 15);
        take(minutes, store, 2, 44);
        take(minutes, store, 3, 20);
    }
    AUTO(minutes) minutes = minutes_new();
    take(minutes, store, 3, 38);
    take(minutes, store, 4, 60);
    g_autofree char *all = stored(store, "shop");
    g_assert_cmpstr(all, ==, "1:60+1;2:59+4;3:58+6;4:60+4;");
}

static void test_parts(void)
{
    with_history(parts);
}

static void test_join(void)
{
    const struct store_minute one = {BEGUN, 10, 1, 97, 30, 250, 9, 1, 4, 0, 0.5};
    const struct store_minute other = {BEGUN, 20, 0, 47, 20, 300, 2, 8, 3, 6, 2.5};
    const struct store_minute none = {BEGUN, 0, 20, 0, 0, 0, 0, 0, 0, 0, 0};
    struct store_minute both = minutes_join(&one, &other);
    struct store_minute half = minutes_join(&one, &none);

    g_assert_cmpint(both.samples, ==, 30);
    g_assert_cmpint(both.missed, ==, 1);
    g_assert_cmpint(both.ordinary, ==, 47);
    g_assert_cmpint(both.used_max, ==, 30);
    g_assert_cmpint(both.used_sum, ==, 550);
    g_assert_cmpint(both.active_max, ==, 9);
    g_assert_cmpint(both.idle_max, ==, 8);
    g_assert_cmpint(both.in_transaction_max, ==, 4);
    g_assert_cmpint(both.waiting_max, ==, 6);
    g_assert_cmpfloat(both.query_seconds_max, ==, 2.5);
    g_assert_cmpint(half.ordinary, ==, 97);
    g_assert_cmpint(half.missed, ==, 21);
}

static void bounded(const char *path)
{
    AUTO(minutes) minutes = minutes_new();
    AUTO(store) nowhere = store_open("/proc/pgrunbook/history.db");
    AUTO(store) store = store_open(path);

    for (int number = 1; number <= 20100; number++)
        take(minutes, nowhere, number, 60);
    g_assert_cmpuint(minutes_waiting(minutes), ==, 20000);
    minutes_write(minutes, store);
    g_autofree char *all = stored(store, "shop");
    g_assert_true(g_str_has_prefix(all, "101:60+101;102:"));
    g_assert_true(g_str_has_suffix(all, ";20100:60+20100;"));
}

static void test_bounded(void)
{
    with_history(bounded);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/minutes/locked", test_locked);
    g_test_add_func("/minutes/parts", test_parts);
    g_test_add_func("/minutes/join", test_join);
    g_test_add_func("/minutes/bounded", test_bounded);
    return g_test_run();
}
