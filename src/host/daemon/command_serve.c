/*
 * The section `serve`: what was typed.
 */
#include "daemon/daemon.h"

#include "cli/grammar.h"
#include "error.h"
#include "options.h"

#include <libpq-fe.h>
#include <string.h>

/* "-h" and its value, when it was given. */
static void add_option(GStrvBuilder *words, const char *letter, const char *value)
{
    if (value != NULL)
        g_strv_builder_add_many(words, letter, value, NULL);
}

static char **connection_words(const struct call *call)
{
    g_autoptr(GStrvBuilder) words = g_strv_builder_new();
    const struct session_params *server = call->server;

    add_option(words, "-h", server->host);
    add_option(words, "-p", server->port);
    add_option(words, "-U", server->user);
    add_option(words, "-d", server->dbname);
    return g_strv_builder_end(words);
}

/* What a configuration would have called the target. */
static char *name_of(const char *dbname)
{
    PQconninfoOption *options = NULL;
    char *name = NULL;
    bool plain = dbname != NULL && strchr(dbname, '=') == NULL && strstr(dbname, "://") == NULL;

    if (plain)
        name = g_strdup(dbname);
    else if (dbname != NULL)
        options = PQconninfoParse(dbname, NULL);
    for (PQconninfoOption *option = options; option && option->keyword; option++)
        if (strcmp(option->keyword, "dbname") == 0 && option->val != NULL && name == NULL)
            name = g_strdup(option->val);
    PQconninfoFree(options);
    if (name == NULL)
        name = g_strdup(g_getenv("PGDATABASE"));
    return name != NULL && name[0] != '\0' ? name : (g_free(name), g_strdup("default"));
}

static enum runbook_exit run_serve(struct call *call, GError **error)
{
    g_auto(GStrv) connection = connection_words(call);
    g_autofree char *name = name_of(call->server->dbname);
    const char *only = option_value(call->options, "target");
    struct daemon_options options = {
        .config = option_value(call->options, "config"),
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
    if (only != NULL && connection[0] != NULL) {
        runbook_error_set(error, RUNBOOK_USAGE,
                          "where a target is, its conninfo in the configuration says",
                          "--target does not go with another database, host, port or user");
        return RUNBOOK_USAGE;
    }
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
            "configuration again: one with a fault is refused, and the old one stays. By HTTP "
            "(setting http.listen) it answers /api/health/live and /api/health/ready.",
        .examples = "pgrunbook serve\n"
                    "pgrunbook serve --config /etc/pgrunbook/pgrunbook.conf\n"
                    "pgrunbook serve -d 'host=db1 dbname=insightengine'",
        .flags = COMMAND_NEEDS_SERVER | CLI_BARE,
        .run = run_serve,
    },
    {.run = NULL},
};
