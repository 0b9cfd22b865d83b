#include "error.h"
#include "settings/settings.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

static const struct setting_table tables[] = {{NULL, settings_core, NULL}, {NULL, NULL, NULL}};

static void write_file(const char *path, const char *zone)
{
    g_autofree char *text =
        g_strdup_printf("[pgrunbook]\ntimezone = %s\n[target shop]\n", zone);
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

/* A child that was started with the descriptor reads what the file said then. */
static void test_shared(void)
{
    g_autofree char *folder = g_dir_make_tmp("files-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "f.conf", NULL);
    g_autoptr(GError) error = NULL;
    write_file(path, "Europe/Berlin");
    AUTO(settings_files) files = settings_files_read(path, &error);
    g_assert_no_error(error);
    int fd = settings_files_share(files, &error);
    g_assert_no_error(error);
    g_assert_cmpint(fcntl(fd, F_GETFD) & FD_CLOEXEC, ==, FD_CLOEXEC);
    write_file(path, "Nowhere/Atall");
    g_assert_null(settings_load(tables, path, NULL));
    g_autofree char *number = g_strdup_printf("%d", fd);
    g_setenv(SETTINGS_FILES_VARIABLE, number, TRUE);
    for (int i = 0; i < 2; i++) {
        AUTO(settings) settings = settings_load(tables, path, &error);
        g_assert_no_error(error);
        g_assert_cmpstr(settings_string(settings, "timezone"), ==, "Europe/Berlin");
        g_assert_cmpstr(settings_targets(settings)[0], ==, "shop");
    }
    close(fd);
    g_unsetenv(SETTINGS_FILES_VARIABLE);
    g_remove(path);
    g_rmdir(folder);
}

/* Faults are told by the name of the file, not of the descriptor. */
static void test_names(void)
{
    g_autofree char *folder = g_dir_make_tmp("files-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "f.conf", NULL);
    g_autoptr(GError) error = NULL;
    write_file(path, "Nowhere/Atall");
    AUTO(settings_files) files = settings_files_read(path, NULL);
    g_assert_nonnull(files);
    g_assert_null(settings_files_load(files, tables, &error));
    g_assert_error(error, RUNBOOK_ERROR, RUNBOOK_USAGE);
    g_assert_true(g_str_has_prefix(error->message, path));
    g_remove(path);
    g_rmdir(folder);
}

static void test_no_descriptor(void)
{
    static const char *const numbers[] = {"", "x", "-1", "99999", "../../etc/passwd"};
    for (gsize i = 0; i < G_N_ELEMENTS(numbers); i++) {
        g_autoptr(GError) error = NULL;
        g_setenv(SETTINGS_FILES_VARIABLE, numbers[i], TRUE);
        g_assert_null(settings_load(tables, NULL, &error));
        g_assert_error(error, RUNBOOK_ERROR, RUNBOOK_USAGE);
    }
    g_unsetenv(SETTINGS_FILES_VARIABLE);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/settings_files/shared", test_shared);
    g_test_add_func("/settings_files/names", test_names);
    g_test_add_func("/settings_files/no-descriptor", test_no_descriptor);
    return g_test_run();
}
