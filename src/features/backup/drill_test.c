/* What a drill takes for its own, and what it takes for damage. */
#include "drill.h"
#include "error.h"

#include <glib/gstdio.h>

/* The second one is told to wait, and leaves the copy of the first where it is. */
static void test_scratch_held(void)
{
    g_autofree char *folder = g_dir_make_tmp("drill-XXXXXX", NULL);
    g_autoptr(GError) error = NULL;
    struct drill_scratch first = {.lock = -1}, second = {.lock = -1};

    g_assert_true(drill_scratch_open(folder, &first, &error));
    g_assert_no_error(error);
    g_autofree char *place = g_strdup(first.place);
    g_assert_false(drill_scratch_open(folder, &second, &error));
    g_assert_error(error, RUNBOOK_ERROR, RUNBOOK_REFUSED);
    g_assert_true(drill_scratch_close(&second, NULL));
    g_assert_true(g_file_test(place, G_FILE_TEST_IS_DIR));
    g_assert_true(drill_scratch_close(&first, NULL));
    g_assert_false(g_file_test(place, G_FILE_TEST_EXISTS));
    g_autofree char *lock = g_strconcat(place, ".lock", NULL);
    g_assert_cmpint(g_unlink(lock), ==, 0);
    g_assert_cmpint(g_rmdir(folder), ==, 0);
}

/* A library that this machine has not, its disk, an index: the backup is as good as it was. */
static void test_corrupt(void)
{
    g_assert_true(drill_says_corrupt("XX001", "invalid page in block 2 of relation base/5/1"));
    g_assert_true(drill_says_corrupt("58P01", "could not open file \"base/5/16384\": No such"));
    g_assert_false(
        drill_says_corrupt("58P01", "could not access file \"$libdir/postgis-3\": No such"));
    g_assert_false(drill_says_corrupt("58030", "could not read block 2 in file \"base/5/1\""));
    g_assert_false(drill_says_corrupt("XX002", "item order invariant violated for index"));
    g_assert_false(drill_says_corrupt(
        "XX001", "heap tuple (1,2) from table \"t\" lacks matching index tuple within index"));
    g_assert_false(drill_says_corrupt("55P03", "canceling statement due to lock timeout"));
}

static void note(struct drill *drill, const char *name, enum drill_status status)
{
    drill_note(drill, name, NULL, status, 1, 0, NULL);
}

/* A landing alone is not a proof. */
static void test_proves(void)
{
    struct drill drill = {.checks = g_ptr_array_new_with_free_func(drill_check_free)};

    g_assert_false(drill_proves(&drill));
    note(&drill, "landing", DRILL_OK);
    note(&drill, "indexes", DRILL_SKIPPED);
    g_assert_false(drill_proves(&drill));
    note(&drill, "rows", DRILL_OK);
    g_assert_true(drill_proves(&drill));
    note(&drill, "rows", DRILL_FAILED);
    g_assert_false(drill_proves(&drill));
    g_ptr_array_unref(drill.checks);
}

static void skip(struct drill *drill, const char *name, const char *database, const char *why)
{
    drill_note(drill, name, database, DRILL_SKIPPED, 0, 0, g_strdup(why));
}

/* What was skipped is said, each reason once. */
static void test_reserve(void)
{
    struct drill drill = {.checks = g_ptr_array_new_with_free_func(drill_check_free)};

    note(&drill, "rows", DRILL_OK);
    g_assert_null(drill_reserve(&drill));
    skip(&drill, "indexes", "a", "no amcheck");
    skip(&drill, "session", "b", "closed");
    skip(&drill, "indexes", "c", "no amcheck");
    g_autofree char *text = drill_reserve(&drill);
    g_assert_cmpstr(text, ==, "a, c: no amcheck; b: closed");
    g_ptr_array_unref(drill.checks);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/drill/scratch_held", test_scratch_held);
    g_test_add_func("/drill/corrupt", test_corrupt);
    g_test_add_func("/drill/proves", test_proves);
    g_test_add_func("/drill/reserve", test_reserve);
    return g_test_run();
}
