#include "backup_recoverable.h"

#include "backup_fixture.h"

static struct recoverable *recoverable(struct test_world *test)
{
    g_autoptr(GError) error = NULL;
    struct recoverable *found = recoverable_decide(&test->world, NULL, &error);

    g_assert_no_error(error);
    return found;
}

static const struct recoverable_gap *gap(const struct recoverable *found, guint place)
{
    g_assert_cmpuint(found->gaps->len, >, place);
    return &g_array_index(found->gaps, struct recoverable_gap, place);
}

static void test_whole(void)
{
    struct test_world *test = usual();

    AUTO(recoverable) found = recoverable(test);
    g_assert_true(found->known);
    g_assert_cmpuint(found->gaps->len, ==, 0);
    g_assert_cmpstr(found->oldest->id, ==, "A");
    g_assert_cmpint(found->from_us, ==, 115 * G_USEC_PER_SEC);
    g_assert_cmpint(found->to_us, ==, 250 * G_USEC_PER_SEC);
    g_assert_cmpuint(found->to_lsn, ==, mib(9.5) + 64);
    test_free(test);
}

/* A document has milliseconds: the first that it names is behind the end of the backup. */
static void test_first_millisecond(void)
{
    struct test_world *test = usual();

    AUTO(recoverable) found = recoverable(test);
    found->from_us = found->to_us = 1700000000 * (gint64) G_USEC_PER_SEC + 53211;
    json_t *json = recoverable_json(found);
    g_assert_cmpstr(json_string_value(json_object_get(json, "from")), ==,
                    "2023-11-14T22:13:20.054Z");
    g_assert_cmpstr(json_string_value(json_object_get(json, "to")), ==,
                    "2023-11-14T22:13:20.054Z");
    json_decref(json);
    test_free(test);
}

static void test_gap(void)
{
    struct test_world *test = usual();

    segment_remove(test, 1, 4);
    AUTO(recoverable) found = recoverable(test);
    g_assert_cmpstr(found->oldest->id, ==, "B");
    g_assert_cmpint(found->from_us, ==, 195 * G_USEC_PER_SEC);
    g_assert_cmpuint(found->gaps->len, ==, 1);
    g_assert_cmpuint(gap(found, 0)->first, ==, 4);
    g_assert_cmpuint(gap(found, 0)->last, ==, 4);
    g_assert_cmpint(gap(found, 0)->from_us, ==, 130 * G_USEC_PER_SEC);
    g_assert_cmpint(gap(found, 0)->to_us, ==, 160 * G_USEC_PER_SEC);
    test_free(test);
}

/* Of a year of WAL the names are enough, but for its end. */
static void test_long(void)
{
    struct test_world *test = test_new();

    for (guint i = 0; i < 400; i++)
        commit(test, mib(2 + i), 700 + i, 100 + 10 * (gint64) i);
    backup_add(test, "A", 1, mib(2.25), mib(2.75), 105);
    segments_add(test, 1, 2, 401, true);
    test->world.look_at = 8;
    AUTO(recoverable) found = recoverable(test);
    g_assert_true(found->known);
    g_assert_cmpuint(found->to_lsn, ==, mib(401) + 64);
    g_assert_cmpint(found->to_us, ==, 4090 * (gint64) G_USEC_PER_SEC);
    g_assert_cmpuint(test->looks, <, 50);
    test->damaged = 398;
    AUTO(recoverable) cut = recoverable(test);
    g_assert_cmpuint(cut->to_lsn, ==, mib(398));
    g_assert_cmpuint(cut->gaps->len, ==, 1);
    test_free(test);
}

/* A gap before the oldest backup concerns nobody. */
static void test_gap_before(void)
{
    struct test_world *test = usual();

    g_ptr_array_remove_index(test->backups, 0);
    segment_remove(test, 1, 4);
    AUTO(recoverable) found = recoverable(test);
    g_assert_cmpstr(found->oldest->id, ==, "B");
    g_assert_cmpuint(found->gaps->len, ==, 0);
    test_free(test);
}

static void test_broken(void)
{
    struct test_world *test = usual();

    test->broken[1] = mib(4.25);
    AUTO(recoverable) found = recoverable(test);
    g_assert_cmpstr(found->oldest->id, ==, "B");
    g_assert_cmpuint(gap(found, 0)->from_lsn, ==, mib(4.25));
    g_assert_cmpuint(gap(found, 0)->first, >, gap(found, 0)->last);
    test_free(test);
}

static void test_own_wal_missing(void)
{
    struct test_world *test = usual();

    segment_remove(test, 1, 6);
    AUTO(recoverable) found = recoverable(test);
    g_assert_cmpstr(found->oldest->id, ==, "A");
    g_assert_cmpint(found->to_us, ==, 170 * G_USEC_PER_SEC);
    g_assert_cmpuint(found->gaps->len, ==, 1);
    test_free(test);
}

static void test_nothing(void)
{
    struct test_world *test = test_new();

    AUTO(recoverable) found = recoverable(test);
    g_assert_false(found->known);
    json_t *json = recoverable_json(found);
    g_assert_true(json_is_null(json));
    json_decref(json);
    test_free(test);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/backup_recoverable/whole", test_whole);
    g_test_add_func("/backup_recoverable/first_millisecond", test_first_millisecond);
    g_test_add_func("/backup_recoverable/gap", test_gap);
    g_test_add_func("/backup_recoverable/long", test_long);
    g_test_add_func("/backup_recoverable/gap_before", test_gap_before);
    g_test_add_func("/backup_recoverable/broken", test_broken);
    g_test_add_func("/backup_recoverable/own_wal_missing", test_own_wal_missing);
    g_test_add_func("/backup_recoverable/nothing", test_nothing);
    return g_test_run();
}
