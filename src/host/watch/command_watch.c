/* `pgrunbook watch`: its row in the tables. */
#include "watch/watcher.h"

#include <string.h>

const struct setting watcher_settings[] = {
    {"calm", SETTING_DURATION, 0, "30s", "1s", "1h", NULL,
     "An alarm of the watch is over when what raised it has been gone for so long."},
    {"probe", SETTING_DURATION, 0, "5s", "1s", "1h", NULL,
     "How often the watch tries whether the server takes a new connection, which is closed at "
     "once; each second while most of the slots are taken."},
    {NULL, SETTING_BOOL, 0, NULL, NULL, NULL, NULL, NULL},
};

static enum runbook_exit watch_command(struct call *call, GError **error)
{
    const char *target = option_value(call->options, "target");

    if (g_strcmp0(target, "all") == 0) {
        runbook_error_set(error, RUNBOOK_USAGE, "\"pgrunbook serve\" watches all of them",
                          "a watch is for one target");
        return RUNBOOK_USAGE;
    }
    return watcher_run(call, error);
}

const struct command watcher_commands[] = {
    {
        .verb = NULL,
        .summary = "Watch a server once a second, and act where the settings want it",
        .prose =
            "Holds one connection open, so that it is in when nobody else gets in any more, "
            "and "
            "looks at the server once a second. An emergency shows itself by 85% of the slots "
            "taken (connections.warning) in two looks, by a refused probe connection, by the "
            "service's health_url or in log_file; then the connections are diagnosed, and "
            "relieved where connections.relieve is on. Queries are ended by the [rule] "
            "sections "
            "while queries.enforce is on. Of several watches of one target only one acts: it "
            "holds an advisory lock in the target's database. \"pgrunbook serve\" starts one "
            "for "
            "each target.\n\n"
            "On a terminal it prints a line a second; elsewhere, and with --json, one JSON "
            "object a line: state, sample, minute, alarm, note, beat, busy. Ctrl-C ends it.",
        .examples = "pgrunbook watch insightengine\n"
                    "pgrunbook watch --target shop --json",
        .flags = COMMAND_NEEDS_SERVER | COMMAND_LOCAL,
        .run = watch_command,
    },
    {.run = NULL},
};
