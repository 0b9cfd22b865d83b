/* The terminal while it is a page: keys come one by one and unseen, what was on it comes back. */
#include "interrupt.h"
#include "out/watch_internal.h"

#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

static struct termios before;
static struct sigaction resize_before;
static volatile sig_atomic_t entered;
static int page = -1;

static void ignore(int number)
{
    (void) number;
}

static void put(const char *text)
{
    ssize_t unheard = write(page, text, strlen(text));

    (void) unheard;
}

/* Only functions that a signal's handler may call: see interrupt_last_act(). */
static void restore(void)
{
    if (!entered)
        return;
    entered = 0;
    put("\033[0m\033[?25h\033[?1049l");
    tcsetattr(STDIN_FILENO, TCSANOW, &before);
}

void watch_terminal_enter(int fd)
{
    /* The size changed: poll() returns, which is all that is wanted. */
    struct sigaction resize = {.sa_handler = ignore};
    struct termios raw;

    page = fd;
    if (tcgetattr(STDIN_FILENO, &before) != 0)
        return;
    raw = before;
    raw.c_lflag &= ~(tcflag_t) (ICANON | ECHO);
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    raw.c_cc[VSUSP] = _POSIX_VDISABLE;
    sigemptyset(&resize.sa_mask);
    sigaction(SIGWINCH, &resize, &resize_before);
    entered = 1;
    interrupt_last_act(restore);
    tcsetattr(STDIN_FILENO, TCSANOW, &raw);
    put("\033[?1049h\033[?25l");
}

void watch_terminal_leave(void)
{
    if (!entered)
        return;
    restore();
    interrupt_last_act(NULL);
    sigaction(SIGWINCH, &resize_before, NULL);
}

void watch_terminal_size(int fd, int *ret_columns, int *ret_lines)
{
    enum { COLUMNS = 80, LINES = 24 };
    struct winsize size = {0};
    bool known = ioctl(fd, TIOCGWINSZ, &size) == 0;

    *ret_columns = known && size.ws_col > 0 ? size.ws_col : COLUMNS;
    *ret_lines = known && size.ws_row > 0 ? size.ws_row : LINES;
}
