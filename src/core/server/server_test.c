#include "server/server_private.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

static void check_reason(const char *log, const char *expected)
{
    g_autofree char *reason = server_log_reason(log);

    g_assert_cmpstr(reason, ==, expected);
}

static void test_reason(void)
{
    check_reason("LOG:  starting PostgreSQL 15\n", NULL);
    check_reason("LOG:  x\nFATAL:  the database system is starting up\n"
                 "FATAL:  recovery ended before configured recovery target was reached\n"
                 "LOG:  startup process (PID 7) exited with exit code 1\n"
                 "FATAL:  the database system is shutting down\n",
                 "recovery ended before configured recovery target was reached");
    check_reason(
        "FATAL:  could not open file \"x\"\nDETAIL:  it is not there\nHINT:  look\nLOG: x\n",
        "could not open file \"x\"\ndetail: it is not there\nhint: look");
    check_reason(
        "pgrunbook: error: the key is wrong\n"
        "FATAL:  could not restore file \"00000002.history\" from archive: child "
        "process exited with exit code 126\n",
        "could not restore file \"00000002.history\" from archive: child process exited "
        "with exit code 126\ndetail: the key is wrong");
}

/* As in ControlFileData of 14 to 18. */
static void test_control(void)
{
    guint8 bytes[512] = {0};
    const gint32 version = 1300, state = 5, level = 2, connections = 200;
    const guint64 system = 7385;
    struct server_control control;

    g_assert_false(server_control_parse(bytes, sizeof bytes, &control));
    memcpy(bytes, &system, 8);
    memcpy(bytes + 8, &version, 4);
    memcpy(bytes + 16, &state, 4);
    memcpy(bytes + 172, &level, 4);
    memcpy(bytes + 180, &connections, 4);
    bytes[200] = 1;
    g_assert_true(server_control_parse(bytes, sizeof bytes, &control));
    g_assert_cmpuint(control.system, ==, 7385);
    g_assert_cmpint(control.state, ==, SERVER_IN_ARCHIVE_RECOVERY);
    g_assert_cmpint(control.wal_level, ==, 2);
    g_assert_cmpint(control.max_connections, ==, 200);
    g_assert_true(control.track_commit_timestamp);
    g_assert_false(server_control_parse(bytes, 100, &control));
}

/* A folder with what is given, removed at the end. */
static void test_running(void)
{
    g_autofree char *folder = g_dir_make_tmp("server-test-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "postmaster.pid", NULL);
    g_autofree char *here = g_get_current_dir();
    g_autofree char *own = g_strdup_printf("%d\n", (int) getpid());

    g_assert_cmpint(server_running_on(folder), ==, 0);
    g_assert_true(server_stopped_on(folder, NULL));
    /* Of a machine or container that is not this one, perhaps. */
    g_assert_true(g_file_set_contents(path, "999999999\n", -1, NULL));
    g_assert_cmpint(server_running_on(folder), ==, 0);
    g_assert_false(server_stopped_on(folder, NULL));
    /* A process that works elsewhere has only got the number. */
    g_assert_true(g_file_set_contents(path, own, -1, NULL));
    g_assert_cmpint(server_running_on(folder), ==, 0);
    g_assert_cmpint(chdir(folder), ==, 0);
    g_assert_cmpint(server_running_on(folder), ==, getpid());
    g_assert_cmpint(chdir(here), ==, 0);
    g_remove(path);
    g_rmdir(folder);
}

static void test_owner(void)
{
    struct server_owner owner;
    g_autofree char *folder = g_dir_make_tmp("server-test-XXXXXX", NULL);
    g_autofree char *below = g_build_filename(folder, "not", "there", NULL);

    g_assert_true(server_owner_of(below, &owner, NULL));
    g_assert_cmpuint(owner.uid, ==, geteuid());
    g_assert_true(server_owner_reads(&owner, folder));
    g_assert_false(server_owner_reads(&owner, below));
    g_rmdir(folder);
}

int main(int count, char **arguments)
{
    g_test_init(&count, &arguments, NULL);
    g_test_add_func("/server/reason", test_reason);
    g_test_add_func("/server/control", test_control);
    g_test_add_func("/server/running", test_running);
    g_test_add_func("/server/owner", test_owner);
    return g_test_run();
}
