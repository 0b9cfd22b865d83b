#include "daemon/systemd.h"
#include "feature.h"

#include <glib/gstdio.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

const struct feature *const features[] = {NULL};

/* A socket of that name, '@' for the abstract space. */
static int listen_at(const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    gsize length = strlen(name);

    memcpy(address.sun_path, name, length);
    if (name[0] == '@')
        address.sun_path[0] = '\0';
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    g_assert_cmpint(bind(fd, (struct sockaddr *) (void *) &address,
                         (socklen_t) (offsetof(struct sockaddr_un, sun_path) + length)),
                    ==, 0);
    return fd;
}

static void hear(int fd, const char *text)
{
    char heard[1000] = "";

    ssize_t length = recv(fd, heard, sizeof heard - 1, MSG_DONTWAIT);
    g_assert_cmpint(length, ==, (gssize) strlen(text));
    g_assert_cmpstr(heard, ==, text);
}

static void test_nobody_listens(void)
{
    static const char *const places[] = {"", "/", "@", "relative", "/nowhere/at/all"};
    g_unsetenv("NOTIFY_SOCKET");
    g_assert_false(systemd_tell("READY=1"));
    for (gsize i = 0; i < G_N_ELEMENTS(places); i++) {
        g_setenv("NOTIFY_SOCKET", places[i], TRUE);
        g_assert_false(systemd_tell("READY=1"));
    }
    g_autofree char *endless = g_strnfill(300, 'x');
    endless[0] = '/';
    g_setenv("NOTIFY_SOCKET", endless, TRUE);
    g_assert_false(systemd_tell("READY=1"));
}

static void tell_all(int fd)
{
    char heard[1000] = "";
    g_assert_true(systemd_tell("READY=1\nSTATUS=x"));
    hear(fd, "READY=1\nSTATUS=x");
    g_assert_true(systemd_status("%d of\n%d", 1, 2));
    hear(fd, "STATUS=1 of 2");
    g_assert_true(systemd_reloading());
    g_assert_cmpint(recv(fd, heard, sizeof heard - 1, 0), >, 0);
    g_assert_true(
        g_regex_match_simple("^RELOADING=1\nMONOTONIC_USEC=[1-9][0-9]+$", heard, 0, 0));
}

static void test_path(void)
{
    g_autofree char *folder = g_dir_make_tmp("systemd-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "notify", NULL);
    int fd = listen_at(path);
    g_setenv("NOTIFY_SOCKET", path, TRUE);
    tell_all(fd);
    close(fd);
    g_remove(path);
    g_rmdir(folder);
}

static void test_abstract(void)
{
    g_autofree char *name = g_strdup_printf("@pgrunbook-test-%d", getpid());
    int fd = listen_at(name);
    g_setenv("NOTIFY_SOCKET", name, TRUE);
    tell_all(fd);
    /* Children do not inherit it, we still have it. */
    systemd_keep_for_us();
    g_assert_null(g_getenv("NOTIFY_SOCKET"));
    tell_all(fd);
    close(fd);
}

static void test_watchdog(void)
{
    g_autofree char *self = g_strdup_printf("%d", getpid());
    g_unsetenv("WATCHDOG_USEC");
    g_unsetenv("WATCHDOG_PID");
    g_assert_cmpint(systemd_watchdog_us(), ==, 0);
    g_setenv("WATCHDOG_USEC", "30000000", TRUE);
    g_assert_cmpint(systemd_watchdog_us(), ==, 15000000);
    g_setenv("WATCHDOG_PID", self, TRUE);
    g_assert_cmpint(systemd_watchdog_us(), ==, 15000000);
    g_setenv("WATCHDOG_PID", "1", TRUE);
    g_assert_cmpint(systemd_watchdog_us(), ==, 0);
    g_unsetenv("WATCHDOG_PID");
    g_setenv("WATCHDOG_USEC", "soon", TRUE);
    g_assert_cmpint(systemd_watchdog_us(), ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/systemd/nobody", test_nobody_listens);
    g_test_add_func("/systemd/watchdog", test_watchdog);
    g_test_add_func("/systemd/path", test_path);
    g_test_add_func("/systemd/abstract", test_abstract); /* the last: it keeps the address */
    return g_test_run();
}
