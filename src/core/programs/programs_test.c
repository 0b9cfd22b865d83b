#include "error.h"
#include "programs/programs.h"

#include <glib/gstdio.h>
#include <string.h>

static void test_major(void)
{
    g_assert_cmpint(programs_major("pg_dump", "pg_dump (PostgreSQL) 15.13 (Debian 15.13-0)\n"),
                    ==, 15);
    g_assert_cmpint(programs_major("postgres", "postgres (PostgreSQL) 18beta1\n"), ==, 18);
    g_assert_cmpint(programs_major("postgres", "postgres (PostgreSQL) 17devel\n"), ==, 17);
    g_assert_cmpint(programs_major("pg_dump", "pg_restore (PostgreSQL) 15.13\n"), ==, 0);
    g_assert_cmpint(programs_major("pg_dump", "bash: no\n"), ==, 0);
    g_assert_cmpint(programs_major("pg_dump", ""), ==, 0);
}

static void expect_choice(int least, int most, bool preferred, const char *wanted)
{
    static char oldest[] = "/14/pg_dump", broken[] = "/x/pg_dump", newest[] = "/16/pg_dump",
                own[] = "/own/pg_dump";
    static struct program_found all[] = {
        {oldest, 14, false}, {broken, 0, false}, {newest, 16, false}, {own, 15, false}};
    g_autoptr(GPtrArray) found = g_ptr_array_new();

    all[3].preferred = preferred;
    for (gsize i = 0; i < G_N_ELEMENTS(all); i++)
        g_ptr_array_add(found, &all[i]);
    const struct program_found *chosen = programs_choose(found, least, most);
    g_assert_cmpstr(chosen ? chosen->path : NULL, ==, wanted);
}

static void test_choose(void)
{
    expect_choice(0, 0, false, "/16/pg_dump");
    expect_choice(14, 15, false, "/own/pg_dump");
    expect_choice(14, 14, false, "/14/pg_dump");
    expect_choice(17, 0, false, NULL);
    /* What the setting names comes first, where it fits. */
    expect_choice(14, 0, true, "/own/pg_dump");
    expect_choice(16, 0, true, "/16/pg_dump");
}

/* A program in bindir is found and asked; without one that fits the words name it. */
static void test_find(void)
{
    g_autofree char *folder = g_dir_make_tmp("programs-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "pg_nothing", NULL);
    const char *script = "#!/bin/sh\necho 'pg_nothing (PostgreSQL) 16.2'\n";
    g_autoptr(GError) error = NULL;
    int major = 0;

    g_assert_true(g_file_set_contents(path, script, -1, NULL));
    g_assert_cmpint(g_chmod(path, 0755), ==, 0);
    g_autofree char *found = programs_find("pg_nothing", 15, 0, folder, &major, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(found, ==, path);
    g_assert_cmpint(major, ==, 16);

    g_assert_null(programs_find("pg_nothing", 18, 18, folder, NULL, &error));
    g_assert_error(error, RUNBOOK_ERROR, RUNBOOK_REFUSED);
    g_assert_nonnull(strstr(error->message, "there is no pg_nothing of version 18"));
    g_assert_nonnull(strstr(error->message, "pg_nothing (16)"));
    g_assert_nonnull(strstr(error->message, "hint: install postgresql-18"));
    g_unlink(path);
    g_rmdir(folder);
}

/* An upgrade puts another file in its place. */
static void test_self(void)
{
    g_autofree char *there = programs_self_of("/usr/bin/pgrunbook");
    g_autofree char *gone = programs_self_of("/usr/bin/pgrunbook (deleted)");
    g_autofree char *own = programs_self();

    g_assert_cmpstr(there, ==, "/usr/bin/pgrunbook");
    g_assert_cmpstr(gone, ==, "/usr/bin/pgrunbook");
    g_assert_true(g_file_test(own, G_FILE_TEST_IS_EXECUTABLE));
}

static void test_advice(void)
{
    g_autofree char *client = programs_advice("pg_dump", 16, 0);
    g_autofree char *any = programs_advice("pg_ctl", 0, 0);

    g_assert_true(g_str_has_prefix(client, "install postgresql-client-16 or newer ("));
    g_assert_true(g_str_has_prefix(any, "install postgresql, or"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/programs/major", test_major);
    g_test_add_func("/programs/choose", test_choose);
    g_test_add_func("/programs/find", test_find);
    g_test_add_func("/programs/self", test_self);
    g_test_add_func("/programs/advice", test_advice);
    return g_test_run();
}
