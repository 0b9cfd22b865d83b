/*
 * The section `serve`: what was typed.
 */
#include "daemon/daemon.h"

#include "cli/grammar.h"
#include "daemon/place.h"
#include "error.h"
#include "options.h"

#include <string.h>

static enum runbook_exit run_serve(struct call *call, GError **error)
{
    g_auto(GStrv) connection = place_words(call->server);
    g_autofree char *name = place_name(call->server->dbname);
    const char *only = option_value(call->options, "target");
    /* Commands to paste name it, and somebody pastes them in another folder. */
    const char *typed = option_value(call->options, "config");
    g_autofree char *config = typed != NULL ? g_canonicalize_filename(typed, NULL) : NULL;
    struct daemon_options options = {
        .config = config,
        .state = option_value(call->options, "state"),
        .only = g_strcmp0(only, "all") == 0 ? NULL : only,
        .connection = connection,
        .name = name,
    };

    if (option_given(call->options, "password")) {
        runbook_error_set(error, RUNBOOK_USAGE, "passwords belong in ~/.pgpass",
                          "a daemon has nobody to ask for a password");
        return RUNBOOK_USAGE;
    }
    if (!place_agrees(connection, only, error))
        return RUNBOOK_USAGE;
    return daemon_run(&options, error) ? RUNBOOK_DONE : runbook_error_exit(*error);
}

const struct command daemon_commands[] = {
    {
        .summary = "Watch all targets, run their jobs when they are due",
        .prose =
            "The runbook without a person: one watch for each [target NAME] of the "
            "configuration, the jobs at the times of SECTION.schedule and within "
            "SECTION.window, "
            "each as a process with the same command line that you would type, recorded in the "
            "history like any other run. Without targets in the configuration it serves the "
            "one "
            "database that the connection options name. Of several daemons with one target, on "
            "several machines, one does its jobs.\n\n"
            "It stays in the foreground, for systemd or a terminal. SIGTERM and Ctrl-C cancel "
            "what runs on the servers and end it within five seconds. SIGHUP reads the "
            "configuration again: one with a fault is refused, and the old one stays.\n\n"
            "By HTTP (setting http.listen) it shows its page, and answers /api/v1, /metrics, "
            "/api/health/live and /api/health/ready. On this machine whoever reaches it may "
            "look "
            "(http.view); an address of the network needs TLS and tokens (\"pgrunbook help "
            "token\"); acting is off until http.actions = on.",
        .examples = "pgrunbook serve\n"
                    "pgrunbook serve --config /etc/pgrunbook/pgrunbook.conf\n"
                    "pgrunbook serve -d 'host=db1 dbname=insightengine'",
        .flags = COMMAND_NEEDS_SERVER | CLI_BARE,
        .run = run_serve,
    },
    {.run = NULL},
};
