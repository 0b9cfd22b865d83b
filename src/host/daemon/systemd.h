/*
 * What systemd wants to hear of a service with Type=notify: the protocol of sd_notify(3), which
 * is datagrams of VARIABLE=VALUE lines to the socket that NOTIFY_SOCKET names.
 */
#ifndef HOST_DAEMON_SYSTEMD_H
#define HOST_DAEMON_SYSTEMD_H

#include <glib.h>
#include <stdbool.h>

/* Sends the lines ("READY=1\nSTATUS=…"). False when nobody listens; there is nothing else to do
 * about it then. */
bool systemd_tell(const char *lines);

/* The same with one line STATUS=, of printable text. */
bool systemd_status(const char *format, ...) G_GNUC_PRINTF(1, 2);

/* "RELOADING=1" with the time systemd wants beside it. */
bool systemd_reloading(void);

/* How often WATCHDOG=1 is to be sent, half of what systemd allows: microseconds, 0 when it does
 * not care, or cares for another process. */
gint64 systemd_watchdog_us(void);

/* Takes both variables out of the environment: children must not speak for us. Before
 * any is started, after systemd_watchdog_us(). */
void systemd_keep_for_us(void);

#endif
