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

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/drill/scratch_held", test_scratch_held);
    return g_test_run();
}
