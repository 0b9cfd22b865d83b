#include "daemon/signals.h"

#include "error.h"

#include <errno.h>
#include <glib-unix.h>
#include <sys/signalfd.h>
#include <unistd.h>

static struct {
    sigset_t before;
    int fd;
    guint source;
    void (*caught)(int number, gpointer data);
    gpointer data;
} signals = {.fd = -1};

static gboolean on_ready(gint fd, GIOCondition condition, gpointer data)
{
    struct signalfd_siginfo info;
    (void) condition;
    (void) data;

    while (read(fd, &info, sizeof info) == (ssize_t) sizeof info) {
        /* SIGHUP from the kernel: the terminal went away, and with it whoever watched us. */
        bool hung_up = info.ssi_signo == SIGHUP && info.ssi_code == SI_KERNEL;
        signals.caught(hung_up ? SIGTERM : (int) info.ssi_signo, signals.data);
    }
    return G_SOURCE_CONTINUE;
}

bool signals_catch(void (*caught)(int number, gpointer data), gpointer data, GError **error)
{
    sigset_t wanted;

    sigemptyset(&wanted);
    sigaddset(&wanted, SIGTERM);
    sigaddset(&wanted, SIGINT);
    sigaddset(&wanted, SIGHUP);
    sigaddset(&wanted, SIGCHLD);
    /* Whoever started us may have ignored them (nohup, a shell's background), and what is ignored
     * does not reach a descriptor either. */
    struct sigaction action = {.sa_handler = SIG_DFL};
    sigemptyset(&action.sa_mask);
    sigprocmask(SIG_BLOCK, &wanted, &signals.before);
    sigaction(SIGCHLD, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
    /* A history at the limit of a file's size is like one on a full disk: a failed write. */
    action.sa_handler = SIG_IGN;
    sigaction(SIGXFSZ, &action, NULL);
    signals.fd = signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
    if (signals.fd < 0) {
        runbook_error_set(error, RUNBOOK_FAILED, NULL, "cannot catch signals: %s",
                          g_strerror(errno));
        sigprocmask(SIG_SETMASK, &signals.before, NULL);
        return false;
    }
    signals.caught = caught;
    signals.data = data;
    signals.source = g_unix_fd_add(signals.fd, G_IO_IN, on_ready, NULL);
    return true;
}

const sigset_t *signals_mask_before(void)
{
    return &signals.before;
}

void signals_release(void)
{
    if (signals.fd < 0)
        return;
    g_source_remove(signals.source);
    close(signals.fd);
    signals.fd = -1;
    sigprocmask(SIG_SETMASK, &signals.before, NULL);
}
