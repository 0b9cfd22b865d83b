#include "pg/terminal.h"

#include <glib.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>

char *terminal_password(const char *prompt)
{
    FILE *terminal = fopen("/dev/tty", "r+e");
    char line[1024];

    if (terminal == NULL)
        return NULL;
    struct termios before;
    bool restorable = tcgetattr(fileno(terminal), &before) == 0;
    if (restorable) {
        struct termios silent = before;
        silent.c_lflag &= ~(tcflag_t) ECHO;
        tcsetattr(fileno(terminal), TCSAFLUSH, &silent);
    }
    fputs(prompt, terminal);
    fflush(terminal);
    bool read = fgets(line, sizeof line, terminal) != NULL;
    if (restorable)
        tcsetattr(fileno(terminal), TCSAFLUSH, &before);
    fputc('\n', terminal);
    fclose(terminal);
    if (!read)
        return NULL;
    line[strcspn(line, "\r\n")] = '\0';
    char *password = g_strdup(line);
    explicit_bzero(line, sizeof line);
    return password;
}
