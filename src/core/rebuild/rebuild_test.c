/* What is decided without a server. */
#include "rebuild/rebuild_private.h"

#include "error.h"

#include <string.h>

static void test_allowed(void)
{
    static const int refused[] = {140000, 140001, 140003};
    static const int fine[] = {130000, 140004, 140023, 150000, 180004};

    for (gsize i = 0; i < G_N_ELEMENTS(refused); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_false(rebuild_allowed(refused[i], &error));
        g_assert_error(error, RUNBOOK_ERROR, RUNBOOK_REFUSED);
        g_assert_nonnull(strstr(error->message, "#17485"));
        g_assert_nonnull(strstr(error->message, "upgrade"));
    }
    for (gsize i = 0; i < G_N_ELEMENTS(fine); i++)
        g_assert_true(rebuild_allowed(fine[i], NULL));
}

/* All pauses together are as long as the patience. */
static void test_limits(void)
{
    static const gint64 patience[] = {1000, 5000, 20000, 600000, 86400000};

    for (gsize i = 0; i < G_N_ELEMENTS(patience); i++) {
        const struct rebuild_rules rules = {.patience_ms = patience[i]};
        struct plan_limits limits = {.lock_timeout_ms = 7};
        gint64 all = 0;
        rebuild_limits(&rules, &limits);
        g_assert_cmpint(limits.lock_timeout_ms, ==, 0);
        for (unsigned tries = 1; tries < limits.attempts; tries++)
            all += tries * limits.pause_ms;
        g_assert_cmpint(all, >=, patience[i] * 9 / 10);
        g_assert_cmpint(all - (limits.attempts - 1) * limits.pause_ms, <=, patience[i]);
        g_assert_cmpint(limits.pause_ms, <=, 2000);
    }
}

/* ---- names -------------------------------------------------------------------------------- */

static void test_leftover_name(void)
{
    static const char *const yes[] = {"a_ccnew",   "a_ccold", "a_ccnew1",
                                      "a_ccold27", "_ccnew",  "a_ccnew_ccold3"};
    static const char *const no[] = {"a",         "ccnew",     "accnew",  "a_ccnew_",
                                     "a_ccnew1b", "a_ccnew_1", "a_CCNEW", "1"};

    for (gsize i = 0; i < G_N_ELEMENTS(yes); i++)
        g_assert_true(rebuild_leftover_name(yes[i]));
    for (gsize i = 0; i < G_N_ELEMENTS(no); i++)
        g_assert_false(rebuild_leftover_name(no[i]));
}

static bool is_of(const char *name, const char *index)
{
    return rebuild_leftover_of(name, (int) strlen(name), index);
}

static void test_leftover_of(void)
{
    g_assert_true(is_of("orders_key_ccnew", "orders_key"));
    g_assert_true(is_of("orders_key_ccold2", "orders_key"));
    g_assert_true(is_of("a_ccnew_ccnew", "a_ccnew"));
    g_assert_false(is_of("orders_key", "orders_key"));
    g_assert_false(is_of("orders_ccnew", "orders_key"));
    g_assert_false(is_of("orders_key2_ccnew", "orders_key"));
    g_assert_false(is_of("_ccnew", "orders_key"));
    g_assert_false(is_of("Orders_key_ccnew", "orders_key"));

    /* As the server itself cut them. */
    g_autofree char *longest = g_strnfill(63, 'x');
    g_autofree char *cut = g_strdup_printf("%.57s_ccnew", longest);
    g_autofree char *cut_more = g_strdup_printf("%.55s_ccnew12", longest);
    g_autofree char *too_short = g_strdup_printf("%.40s_ccnew", longest);
    g_assert_true(is_of(cut, longest));
    g_assert_true(is_of(cut_more, longest));
    g_assert_false(is_of(too_short, longest));

    g_autofree char *wide = g_strdup_printf("x%.62s", "ääääääääääääääääääääääääääääääää");
    g_autofree char *wide_cut = g_strdup_printf("%.57s_ccold", wide);
    g_autofree char *wide_valid = g_utf8_make_valid(wide_cut, -1);
    g_assert_cmpstr(wide_cut, ==, wide_valid);
    g_assert_true(is_of(wide_cut, wide));
    /* In LATIN1 the server counts one byte for each: 63 characters of its own are 125 here. */
    g_assert_true(rebuild_leftover_of("äöü_ccnew", 63, "äöüä"));
    g_assert_false(rebuild_leftover_of("äöü_ccnew", 9, "äöüä"));
}

/* ---- whose is it -------------------------------------------------------------------------- */

static void add(GPtrArray *list, guint oid, const char *name)
{
    struct invalid_index *invalid = g_new0(struct invalid_index, 1);

    invalid->oid = oid;
    invalid->schema = g_strdup("public");
    invalid->name = g_strdup(name);
    invalid->name_bytes = (int) strlen(name);
    g_ptr_array_add(list, invalid);
}

static GPtrArray *new_list(void)
{
    return g_ptr_array_new_with_free_func(invalid_index_free);
}

/* The oids of those that are ours, "12 13 ". */
static void expect_ours(const struct record *record, GPtrArray *list, const char *expected)
{
    g_autoptr(GString) ours = g_string_new(NULL);

    rebuild_mark_ours(record, list);
    for (guint i = 0; i < list->len; i++) {
        const struct invalid_index *one = g_ptr_array_index(list, i);
        if (one->ours)
            g_string_append_printf(ours, "%u ", one->oid);
    }
    g_assert_cmpstr(ours->str, ==, expected);
}

static struct record *record_of(guint index_oid, const char *before, const char *built,
                                int unseen)
{
    struct record *record = record_new();

    record->name = g_strdup("key");
    record->index_oid = index_oid;
    g_array_unref(record->before);
    g_array_unref(record->built);
    record->before = oids_parse(before);
    record->built = oids_parse(built);
    record->unseen = unseen;
    return record;
}

static void test_ours_seen(void)
{
    struct record *record = record_of(10, "{5}", "{12}", 0);
    g_autoptr(GPtrArray) list = new_list();

    add(list, 5, "key_ccnew");   /* was there before */
    add(list, 12, "key_ccnew1"); /* the one that was seen */
    add(list, 13, "key_ccnew2"); /* somebody came later */
    add(list, 10, "key_ccold");  /* the old copy of ours */
    add(list, 14, "other");
    expect_ours(record, list, "12 10 ");
    record_free(record);
}

/* The new index of ours was swapped in; somebody's rebuild of it then failed. */
static void test_ours_no_more(void)
{
    struct record *record = record_of(10, "{}", "{12}", 0);
    g_autoptr(GPtrArray) list = new_list();

    add(list, 12, "key_ccold");
    add(list, 15, "key_ccnew");
    expect_ours(record, list, "");
    record_free(record);
}

/* The index itself was invalid, is rebuilt, and stays what it is. */
static void test_ours_itself(void)
{
    struct record *record = record_of(10, "{10}", "{}", 1);
    g_autoptr(GPtrArray) list = new_list();

    add(list, 10, "key");
    expect_ours(record, list, "");
    add(list, 11, "key_ccnew");
    expect_ours(record, list, "11 ");
    record_free(record);
}

static void test_ours_unseen(void)
{
    struct record *record = record_of(10, "{5}", "{}", 1);
    g_autoptr(GPtrArray) list = new_list();

    add(list, 5, "key_ccnew");
    add(list, 12, "key_ccnew1");
    add(list, 14, "other_ccnew");
    expect_ours(record, list, "12 ");
    /* One of the two is somebody else's, and nobody can say which. */
    add(list, 13, "key_ccnew2");
    expect_ours(record, list, "");
    record->unseen = 2;
    expect_ours(record, list, "12 13 ");
    record->unseen = 0;
    expect_ours(record, list, "");
    record_free(record);
}

static void test_ours_new(void)
{
    struct record *record = record_of(0, "{5}", "{}", 1);
    g_autoptr(GPtrArray) list = new_list();

    add(list, 5, "other");
    add(list, 6, "key_ccnew");
    add(list, 12, "key");
    expect_ours(record, list, "12 ");
    record_free(record);
}

static void test_saw(void)
{
    struct record *record = record_of(10, "{}", "{}", 2);

    record_saw(record, 12);
    record_saw(record, 12);
    g_assert_cmpint(record->unseen, ==, 1);
    record_saw(record, 13);
    record_saw(record, 14);
    g_assert_cmpint(record->unseen, ==, 0);
    g_assert_cmpuint(record->built->len, ==, 3);
    record_free(record);
}

/* ---- before, during ------------------------------------------------------------------------ */

static void expect_go(struct rebuild_look look, enum step_go go, const char *words)
{
    g_autofree char *why = NULL;

    look.kind = look.kind != 0 ? look.kind : 'i';
    g_assert_cmpint(rebuild_judge_look(&look, &why), ==, go);
    if (words == NULL)
        g_assert_null(why);
    else
        g_assert_nonnull(strstr(why, words));
}

static void test_look(void)
{
    expect_go((struct rebuild_look){.there = true}, STEP_GO, NULL);
    expect_go((struct rebuild_look){.there = false}, STEP_DROP, "dropped");
    expect_go((struct rebuild_look){.there = true, .moved = true}, STEP_DROP, "moved");
    expect_go((struct rebuild_look){.there = true, .swapped = true}, STEP_DROP, "old copy");
    expect_go((struct rebuild_look){.there = true, .kind = 'I'}, STEP_DROP, "partitions");
    expect_go((struct rebuild_look){.there = true, .temporary = true}, STEP_DROP, "temporary");
    expect_go((struct rebuild_look){.there = true, .catalog = true}, STEP_DROP, "catalogs");
    expect_go((struct rebuild_look){.there = true, .exclusion = true}, STEP_DROP, "exclusion");
    expect_go((struct rebuild_look){.there = true, .lack = "no MAINTAIN", .old = "pid 7"},
              STEP_DROP, "no MAINTAIN");
    expect_go((struct rebuild_look){.there = true, .taken = "an index"}, STEP_DROP, "taken");
    expect_go((struct rebuild_look){.there = true, .builder = "pid 7"}, STEP_LATER, "pid 7");
    expect_go((struct rebuild_look){.there = true, .holder = "ShareLock held by pid 7"},
              STEP_LATER, "ShareLock held by pid 7");
    expect_go((struct rebuild_look){.there = true, .old = "pid 7", .old_seconds = 360},
              STEP_LATER, "pid 7, open for 6 min");
}

static void test_disk(void)
{
    const gint64 gb = (gint64) 1 << 30;
    struct {
        gint64 left, size, blind;
        const char *words;
    } cases[] = {
        {22 * gb, 10 * gb, 0, NULL},
        {22 * gb - 1, 10 * gb, 0, "needs 22 GB"},
        {0, 0, 0, NULL},
        {0, 8192, 0, "0 B are free"},
        {-1, 10 * gb, 0, NULL},
        {-1, gb, gb, NULL},
        {-1, gb + 1, gb, "cannot be seen"},
        {22 * gb, 10 * gb, gb, NULL},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *lack = rebuild_disk_lack(cases[i].left, cases[i].size, cases[i].blind);
        if (cases[i].words == NULL)
            g_assert_null(lack);
        else
            g_assert_nonnull(strstr(lack, cases[i].words));
    }
    g_assert_true(rebuild_is_backend("postgres: 15/main: joe shop [local] idle"));
    g_assert_false(rebuild_is_backend("/usr/bin/postgres: of another kind"));
    g_assert_false(rebuild_is_backend(""));
}

static void expect_stop(struct rebuild_sight sight, const char *words)
{
    const struct rebuild_rules rules = {.patience_ms = 60000, .give_way_ms = 5000};
    g_autofree char *why = rebuild_judge_sight(&sight, &rules);

    if (words == NULL)
        g_assert_null(why);
    else
        g_assert_nonnull(strstr(why, words));
}

static void test_sight(void)
{
    expect_stop((struct rebuild_sight){.phase = "building index"}, NULL);
    expect_stop((struct rebuild_sight){.waiting_ms = 59999, .waits_for = "pid 7"}, NULL);
    expect_stop((struct rebuild_sight){.waiting_ms = 60000, .waits_for = "pid 7"},
                "waited 1 min for pid 7, its patience is 1 min");
    expect_stop((struct rebuild_sight){.waiting_ms = 60000,
                                       .waits_for = "pid 7",
                                       .more = 2,
                                       .phase = "waiting for old snapshots"},
                "pid 7 and 2 more (waiting for old snapshots)");
    expect_stop((struct rebuild_sight){.waiting_ms = 60000}, "for a lock");
    expect_stop((struct rebuild_sight){.waiter = "pid 8",
                                       .waiter_mode = "AccessExclusiveLock",
                                       .waited_ms = 4999},
                NULL);
    expect_stop((struct rebuild_sight){.waiter = "pid 8",
                                       .waiter_mode = "AccessExclusiveLock",
                                       .waited_ms = 5000,
                                       .waiting_ms = 60000},
                "gave way to pid 8: it has waited 5 s for AccessExclusiveLock");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/rebuild/allowed", test_allowed);
    g_test_add_func("/rebuild/limits", test_limits);
    g_test_add_func("/rebuild/names/leftover", test_leftover_name);
    g_test_add_func("/rebuild/names/of", test_leftover_of);
    g_test_add_func("/rebuild/ours/seen", test_ours_seen);
    g_test_add_func("/rebuild/ours/no_more", test_ours_no_more);
    g_test_add_func("/rebuild/ours/itself", test_ours_itself);
    g_test_add_func("/rebuild/ours/unseen", test_ours_unseen);
    g_test_add_func("/rebuild/ours/new", test_ours_new);
    g_test_add_func("/rebuild/ours/saw", test_saw);
    g_test_add_func("/rebuild/look", test_look);
    g_test_add_func("/rebuild/disk", test_disk);
    g_test_add_func("/rebuild/sight", test_sight);
    return g_test_run();
}
