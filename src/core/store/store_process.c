#include "store/store_internal.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

char *store_boot(void)
{
    char *boot = NULL;
    if (!g_file_get_contents("/proc/sys/kernel/random/boot_id", &boot, NULL, NULL))
        return g_strdup("");
    return g_strchomp(boot);
}

gint64 store_process_started(gint64 pid)
{
    enum { START_TIME = 19 }; /* field 22 of proc(5)'s stat; the name that ends with ')' is 2 */
    g_autofree char *path = g_strdup_printf("/proc/%" G_GINT64_FORMAT "/stat", pid);
    g_autofree char *text = NULL;
    if (!g_file_get_contents(path, &text, NULL, NULL))
        return 0;
    const char *rest = strrchr(text, ')');
    if (rest == NULL || rest[1] == '\0')
        return 0;
    g_auto(GStrv) fields = g_strsplit(rest + 2, " ", -1);
    if (g_strv_length(fields) <= START_TIME)
        return 0;
    return g_ascii_strtoll(fields[START_TIME], NULL, 10);
}

bool store_process_alive(const char *host, const char *boot, gint64 pid, gint64 started)
{
    g_autofree char *this_boot = store_boot();
    if (g_strcmp0(host, g_get_host_name()) != 0 || g_strcmp0(boot, this_boot) != 0)
        return false;
    if (pid <= 0 || pid > G_MAXINT || (kill((pid_t) pid, 0) != 0 && errno != EPERM))
        return false;
    const gint64 now_started = store_process_started(pid);
    return started == 0 || now_started == 0 || started == now_started;
}
