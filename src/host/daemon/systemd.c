#include "daemon/systemd.h"

#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* The address, kept when the variable is taken away; NULL: nobody listens. */
static char *kept;

static const char *address(void)
{
    return kept != NULL ? kept : g_getenv("NOTIFY_SOCKET");
}

bool systemd_tell(const char *lines)
{
    const char *where = address();
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    gsize length = where != NULL ? strlen(where) : 0;

    /* A path, or with '@' a name in the abstract space. */
    if (length < 2 || length >= sizeof to.sun_path || strchr("/@", where[0]) == NULL)
        return false;
    memcpy(to.sun_path, where, length);
    if (where[0] == '@')
        to.sun_path[0] = '\0';
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return false;
    socklen_t size = (socklen_t) (offsetof(struct sockaddr_un, sun_path) + length);
    ssize_t sent = sendto(fd, lines, strlen(lines), MSG_NOSIGNAL,
                          (const struct sockaddr *) (const void *) &to, size);
    close(fd);
    return sent == (ssize_t) strlen(lines);
}

bool systemd_status(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_strdelimit(text, "\n\r", ' ');
    g_autofree char *line = g_strconcat("STATUS=", text, NULL);
    return systemd_tell(line);
}

bool systemd_reloading(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    gint64 us = (gint64) now.tv_sec * G_USEC_PER_SEC + now.tv_nsec / 1000;
    g_autofree char *lines =
        g_strdup_printf("RELOADING=1\nMONOTONIC_USEC=%" G_GINT64_FORMAT, us);
    return systemd_tell(lines);
}

gint64 systemd_watchdog_us(void)
{
    const char *usec = g_getenv("WATCHDOG_USEC");
    const char *pid = g_getenv("WATCHDOG_PID");
    gint64 interval, whose;

    if (usec == NULL || !g_ascii_string_to_signed(usec, 10, 2, G_MAXINT64, &interval, NULL))
        return 0;
    if (pid != NULL &&
        (!g_ascii_string_to_signed(pid, 10, 1, G_MAXINT, &whose, NULL) || whose != getpid()))
        return 0;
    return interval / 2;
}

void systemd_keep_for_us(void)
{
    if (kept == NULL)
        kept = g_strdup(g_getenv("NOTIFY_SOCKET"));
    g_unsetenv("NOTIFY_SOCKET");
    g_unsetenv("WATCHDOG_USEC");
    g_unsetenv("WATCHDOG_PID");
}
