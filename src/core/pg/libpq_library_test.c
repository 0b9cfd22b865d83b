#include "pg/libpq_library.h"

#include "error.h"
#include "library_names.h"
#include "pg/console.h"
#include "pg/session.h"

#include <glib/gstdio.h>
#include <libpq-fe.h>
#include <string.h>

/* Whether the loader has mapped libpq into this process. */
static bool is_mapped(void)
{
    g_autofree char *maps = NULL;

    g_assert_true(g_file_get_contents("/proc/self/maps", &maps, NULL, NULL));
    return strstr(maps, "/" LIBRARY_PQ) != NULL;
}

static void test_nothing_to_free(void)
{
    PQclear(NULL);
    PQconninfoFree(NULL);
    PQfinish(NULL);
    PQfreeCancel(NULL);
    PQfreemem(NULL);
    g_assert_false(is_mapped());
}

static gpointer parse(gpointer data)
{
    PQconninfoOption *options = PQconninfoParse("host=db1", NULL);

    (void) data;
    g_assert_nonnull(options);
    PQconninfoFree(options);
    return NULL;
}

/* Whoever comes first loads it. */
static void test_first_use(void)
{
    GThread *threads[8];
    g_autoptr(GError) error = NULL;

    for (gsize i = 0; i < G_N_ELEMENTS(threads); i++)
        threads[i] = g_thread_new("first", parse, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(threads); i++)
        g_thread_join(threads[i]);
    g_assert_true(is_mapped());
    g_assert_true(libpq_library_load(&error));
    g_assert_no_error(error);
}

/* Runs the test itself once more in a process for which the library's file is an empty one. */
static void run_without_it(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *folder = g_dir_make_tmp("pgrunbook-XXXXXX", &error);
    g_autofree char *file = g_build_filename(folder, LIBRARY_PQ, NULL);
    g_autofree char *before = g_strdup(g_getenv("LD_LIBRARY_PATH"));

    g_assert_no_error(error);
    g_assert_true(g_file_set_contents(file, "", 0, NULL));
    g_setenv("LD_LIBRARY_PATH", folder, TRUE);
    g_test_trap_subprocess(NULL, 20 * G_USEC_PER_SEC, G_TEST_SUBPROCESS_DEFAULT);
    if (before != NULL)
        g_setenv("LD_LIBRARY_PATH", before, TRUE);
    else
        g_unsetenv("LD_LIBRARY_PATH");
    g_unlink(file);
    g_rmdir(folder);
}

static void test_missing(void)
{
    struct session_params params = {.dbname = "host=/nonexistent/pgrunbook"};
    g_autoptr(GError) error = NULL;

    if (!g_test_subprocess()) {
        run_without_it();
        g_test_trap_assert_passed();
        return;
    }
    g_assert_null(session_open(&params, "test", &error));
    g_assert_error(error, RUNBOOK_ERROR, RUNBOOK_FAILED);
    g_assert_true(g_str_has_prefix(error->message, "cannot load libpq: "));
    g_assert_true(
        g_str_has_suffix(error->message, "\nhint: every connection needs it: install libpq"));
    g_clear_error(&error);
    g_assert_null(console_open(&params, "test", &error));
    g_assert_error(error, RUNBOOK_ERROR, RUNBOOK_FAILED);
    g_clear_error(&error);
    g_assert_null(session_open_replication(&params, "test", &error));
    g_assert_error(error, RUNBOOK_ERROR, RUNBOOK_FAILED);
    g_assert_cmpuint(session_hosts(&params), ==, 1);
}

/* Where nobody can be told, one line is the end. */
static void test_missing_unasked(void)
{
    if (!g_test_subprocess()) {
        run_without_it();
        g_test_trap_assert_failed();
        g_test_trap_assert_stderr("*cannot load libpq: *");
        return;
    }
    PQconninfoParse("host=db1", NULL);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    /* In this order: what is loaded stays. */
    g_test_add_func("/libpq/nothing-to-free", test_nothing_to_free);
    g_test_add_func("/libpq/first-use", test_first_use);
    g_test_add_func("/libpq/missing", test_missing);
    g_test_add_func("/libpq/missing-unasked", test_missing_unasked);
    return g_test_run();
}
