/*
 * Signals as something the main loop can wait for. They are blocked and read from a descriptor:
 * GLib's own way would start a thread.
 */
#ifndef HOST_DAEMON_SIGNALS_H
#define HOST_DAEMON_SIGNALS_H

#include <glib.h>
#include <signal.h>
#include <stdbool.h>

/* Blocks SIGTERM, SIGINT, SIGHUP and SIGCHLD, and calls `caught` within the default main context.
 * The end of the terminal is told as SIGTERM, not SIGHUP.
 * Once per process. False with an error. */
bool signals_catch(void (*caught)(int number, gpointer data), gpointer data, GError **error);

/* The mask from before, for children. */
const sigset_t *signals_mask_before(void);

/* Gives them back. */
void signals_release(void);

#endif
