#include "error.h"
#include "library.h"
#include "library_names.h"

#include <string.h>

/* One that is there wherever the program is. */
struct table {
    double (*cosine)(double x);
    double (*root)(double x);
};

static const struct library there = {"libm", "libm.so.6", "counting needs it"};

static void test_found(void)
{
    static const struct library_function functions[] = {
        {"cos", offsetof(struct table, cosine)},
        {"sqrt", offsetof(struct table, root)},
    };
    g_autoptr(GError) error = NULL;
    struct table table = {0};

    g_assert_true(library_load(&there, functions, G_N_ELEMENTS(functions), &table, &error));
    g_assert_no_error(error);
    g_assert_cmpfloat(table.cosine(0), ==, 1);
    g_assert_cmpfloat(table.root(9), ==, 3);
}

static void test_no_library(void)
{
    static const struct library library = {"libnowhere", "libnowhere.so.9", "all needs it"};
    g_autoptr(GError) error = NULL;

    g_assert_false(library_load(&library, NULL, 0, NULL, &error));
    g_assert_error(error, RUNBOOK_ERROR, RUNBOOK_FAILED);
    g_assert_true(
        g_str_has_prefix(error->message, "cannot load libnowhere: libnowhere.so.9: "));
    g_assert_true(g_str_has_suffix(error->message, "\nhint: all needs it: install libnowhere"));
}

/* What lacks one function is not half there. */
static void test_no_function(void)
{
    static const struct library_function functions[] = {
        {"cos", offsetof(struct table, cosine)},
        {"no_such_function", offsetof(struct table, root)},
    };
    g_autoptr(GError) error = NULL;
    struct table table = {0};

    g_assert_false(library_load(&there, functions, G_N_ELEMENTS(functions), &table, &error));
    g_assert_error(error, RUNBOOK_ERROR, RUNBOOK_FAILED);
    g_assert_nonnull(strstr(error->message, "no_such_function"));
    g_assert_null(table.cosine);
}

/* The names that the build has found are those of files to load, not of links for the linker. */
static void test_names(void)
{
    g_assert_true(g_str_has_prefix(LIBRARY_CURL, "libcurl.so."));
    g_assert_true(g_str_has_prefix(LIBRARY_MICROHTTPD, "libmicrohttpd.so."));
    g_assert_true(g_str_has_prefix(LIBRARY_PQ, "libpq.so."));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/library/found", test_found);
    g_test_add_func("/library/no-library", test_no_library);
    g_test_add_func("/library/no-function", test_no_function);
    g_test_add_func("/library/names", test_names);
    return g_test_run();
}
