/*
 * For tests: a terminal of a given width to write to and to type into.
 */
#ifndef CORE_PTY_FIXTURE_H
#define CORE_PTY_FIXTURE_H

#include <glib.h>
#include <pty.h>
#include <stdio.h>
#include <termios.h>
#include <unistd.h>

struct pty {
    int master;
    FILE *stream; /* the program's side */
};

static inline struct pty pty_open(unsigned short columns)
{
    struct pty pty;
    int slave;
    struct winsize size = {.ws_row = 24, .ws_col = columns};
    struct termios plain;
    g_assert_cmpint(openpty(&pty.master, &slave, NULL, NULL, &size), ==, 0);
    g_assert_cmpint(tcgetattr(slave, &plain), ==, 0);
    plain.c_oflag &= ~(tcflag_t) OPOST; /* what is written is what is read back */
    plain.c_lflag &= ~(tcflag_t) ECHO;
    g_assert_cmpint(tcsetattr(slave, TCSANOW, &plain), ==, 0);
    pty.stream = fdopen(slave, "r+");
    g_assert_nonnull(pty.stream);
    g_setenv("TERM", "xterm", TRUE);
    g_unsetenv("COLUMNS");
    g_unsetenv("NO_COLOR");
    return pty;
}

/* Closes the program's side and returns everything that appeared on the terminal. */
static inline char *pty_close(struct pty *pty)
{
    GString *text = g_string_new(NULL);
    char buffer[512];
    ssize_t count;
    fclose(pty->stream);
    while ((count = read(pty->master, buffer, sizeof buffer)) > 0)
        g_string_append_len(text, buffer, count);
    close(pty->master);
    return g_string_free(text, FALSE);
}

#endif
