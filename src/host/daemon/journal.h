/*
 * What the daemon says: one line for each thing that matters, on stderr. Under systemd, which
 * sets JOURNAL_STREAM, each begins with its priority as sd-daemon(3) describes.
 */
#ifndef HOST_DAEMON_JOURNAL_H
#define HOST_DAEMON_JOURNAL_H

#include <glib.h>
#include <stdbool.h>

/* The numbers are syslog's. */
enum journal_priority {
    JOURNAL_ERROR = 3,
    JOURNAL_WARNING = 4,
    JOURNAL_NOTICE = 5,
    JOURNAL_INFO = 6,
};

void journal_say(enum journal_priority priority, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* The line (without its end) as it is printed: control characters escaped, detail and hint behind
 * the message; with the priority in front where `systemd`. Caller frees. */
char *journal_line(enum journal_priority priority, bool systemd, const char *text);

#endif
