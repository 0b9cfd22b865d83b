/*
 * `pgrunbook serve`: watches every target, runs the jobs when they are due, and says by HTTP how
 * it is. Whatever it does is done by child processes, each a command line that a person could have
 * typed; the daemon itself speaks to no server.
 */
#ifndef HOST_DAEMON_H
#define HOST_DAEMON_H

#include "feature.h"

extern const struct command daemon_commands[];

/* What was typed, kept for the children and for reading the files again. Borrowed. */
struct daemon_options {
    const char *config; /* --config; NULL: the usual files */
    const char *state;  /* --state; NULL: the setting */
    const char *only;   /* --target; NULL: all of them */
    /* "-h", "db1", "-d", "shop": the one database to watch; empty: targets from the files. */
    char **connection;
    const char *name; /* of the target that `connection` makes */
};

/* Whether HTTP could be answered as the settings say, with their certificate and tokens;
 * RUNBOOK_USAGE. */
bool daemon_may_listen(const struct settings *settings, GError **error);

/* Runs until it is told to stop; false when it could not be started. */
bool daemon_run(const struct daemon_options *options, GError **error);

#endif
