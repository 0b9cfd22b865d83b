/*
 * Ctrl-C, SIGTERM and SIGHUP, turned into something a poll loop can wait for. A second signal while the
 * first is being honoured ends the process at once: the person knows best.
 */
#ifndef CORE_INTERRUPT_H
#define CORE_INTERRUPT_H

#include <stdbool.h>

/* Installs the handlers for SIGINT, SIGTERM and SIGHUP, and ignores SIGPIPE. Once per process; until
 * then interrupt_pending() is false and interrupt_fd() is -1. */
void interrupt_install(void);

/* What a second signal does before it ends the process, from within its handler: puts the terminal
 * back, with functions that may be called there. NULL: nothing. */
void interrupt_last_act(void (*act)(void));

/* True from the first signal on. */
bool interrupt_pending(void);

/* A descriptor that is readable from the first signal on; never read from it. */
int interrupt_fd(void);

#endif
