#include "interrupt.h"

#include <fcntl.h>
#include <glib-unix.h>
#include <signal.h>
#include <unistd.h>

static volatile sig_atomic_t pending;
static int wake_up[2] = {-1, -1};
static void (*volatile last_act)(void);

static void on_signal(int number)
{
    if (pending) {
        void (*act)(void) = last_act;
        if (act != NULL)
            act();
        static const char last_words[] =
            "pgrunbook: ended at once; the server ends its statement within seconds\n";
        ssize_t unheard = write(STDERR_FILENO, last_words, sizeof last_words - 1);
        (void) unheard;
        _exit(128 + number);
    }
    pending = 1;
    /* The pipe is only ever made readable: a failed write means it already is. */
    ssize_t ignored = write(wake_up[1], "x", 1);
    (void) ignored;
}

void interrupt_install(void)
{
    if (wake_up[0] >= 0 || !g_unix_open_pipe(wake_up, FD_CLOEXEC, NULL))
        return;
    g_unix_set_fd_nonblocking(wake_up[1], TRUE, NULL);

    struct sigaction action = {.sa_handler = on_signal};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    /* The terminal went away: the same, unless nohup wanted it ignored. */
    struct sigaction hangup;
    if (sigaction(SIGHUP, NULL, &hangup) == 0 && hangup.sa_handler != SIG_IGN)
        sigaction(SIGHUP, &action, NULL);
    action.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &action, NULL);
}

void interrupt_last_act(void (*act)(void))
{
    last_act = act;
}

bool interrupt_pending(void)
{
    return pending != 0;
}

int interrupt_fd(void)
{
    return wake_up[0];
}
