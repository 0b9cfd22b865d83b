/*
 * Several processes on one history: those that write at once, and those that died.
 */
#include "store/store_fixture.h"
#include "store/store_internal.h"

#include <sys/wait.h>
#include <unistd.h>

static void wait_for(pid_t child)
{
    int status = -1;
    g_assert_cmpint(waitpid(child, &status, 0), ==, child);
    g_assert_cmpint(status, ==, 0);
}

static void append_name(const struct store_object *object, gpointer data)
{
    g_string_append(data, object->name);
}

static void test_died(void)
{
    FOLDER folder = folder_new();
    g_autofree char *path = g_build_filename(folder, "history.db", NULL);
    const pid_t child = fork();
    if (child == 0) {
        struct store *store = store_open(path);
        const gint64 run = store_run_begin(store, &usual_run);
        put_object(store, run, "left", "not_reached", 0);
        _exit(store_trouble(store) == NULL ? 0 : 1);
    }
    wait_for(child);
    AUTO(store) store = store_open(path);
    expect_outcome(store, 1, "died");
    g_autoptr(GString) left = g_string_new(NULL);
    store_not_reached(store, &usual_scope, append_name, left);
    g_assert_cmpstr(left->str, ==, "left");
    g_assert_cmpstr(store_trouble(store), ==, NULL);
}

static void test_alive(void)
{
    const char *host = g_get_host_name();
    const gint64 pid = getpid(), started = store_process_started(getpid());
    g_autofree char *boot = store_boot();
    g_assert_cmpint(started, >, 0);
    g_assert_true(store_process_alive(host, boot, pid, started));
    g_assert_true(store_process_alive(host, boot, pid, 0));
    g_assert_true(store_process_alive(host, boot, 1, 0));
    g_assert_false(store_process_alive(host, boot, pid, started + 1));
    g_assert_false(store_process_alive(host, "another boot", pid, started));
    g_assert_false(store_process_alive("another host", boot, pid, started));
    g_assert_false(store_process_alive(NULL, NULL, pid, started));
    g_assert_false(store_process_alive(host, boot, 0, started));
    g_assert_false(store_process_alive(host, boot, -1, started));
    g_assert_false(store_process_alive(host, boot, G_MAXINT64, started));
    g_assert_cmpint(store_process_started(0), ==, 0);
}

enum { WRITERS = 3, RUNS_EACH = 40 };

static int write_many(const char *path)
{
    struct store *store = store_open(path);
    for (int i = 0; i < RUNS_EACH; i++) {
        const gint64 run = store_run_begin(store, &usual_run);
        store_begin(store);
        put_object(store, run, "a", "done", 1);
        put_object(store, run, "b", "done", 1);
        store_commit(store);
        store_run_end(store, run, "done", 0, NULL, NULL);
    }
    if (store_trouble(store) != NULL)
        g_printerr("%s\n", store_trouble(store));
    const int result = store_trouble(store) == NULL ? 0 : 1;
    store_close(store);
    return result;
}

/* They also race for creating and migrating the file. */
static void test_concurrent(void)
{
    FOLDER folder = folder_new();
    g_autofree char *path = g_build_filename(folder, "new", "history.db", NULL);
    pid_t children[WRITERS];
    for (int i = 0; i < WRITERS; i++) {
        children[i] = fork();
        if (children[i] == 0)
            _exit(write_many(path));
    }
    for (int i = 0; i < WRITERS; i++)
        wait_for(children[i]);
    AUTO(store) store = store_open_reader(path, NULL);
    g_assert_nonnull(store);
    g_assert_cmpint(runs_in(store), ==, WRITERS * RUNS_EACH);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/store_process/died", test_died);
    g_test_add_func("/store_process/alive", test_alive);
    g_test_add_func("/store_process/concurrent", test_concurrent);
    return g_test_run();
}
