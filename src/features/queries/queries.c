#include "queries.h"

#include "backends/backends_enter.h"
#include "backends/backends_only.h"
#include "queries_private.h"
#include "queries_queries.h"

static const struct setting settings[] = {
    {"longer_than", SETTING_DURATION, 0, "60s", "0", NULL, NULL,
     "A query that runs for longer is long: it is reported, and \"queries cancel "
     "--longer-than\" and \"queries terminate --longer-than\" are about it."},
    {"critical", SETTING_DURATION, 0, "10min", "0", NULL, NULL,
     "`check` is critical when a query has run for so long."},
    {"grace", SETTING_DURATION, 0, "10s", "0", "10min", NULL,
     "How long a query has to end after it was cancelled, before its session is terminated or "
     "it counts as one that ignores a cancel."},
    {"enforce", SETTING_BOOL, 0, "on", NULL, NULL, NULL,
     "Whether the watch of `serve` carries out the rules whose action is cancel or terminate, "
     "as "
     "\"queries terminate --rules --yes\" does. Off: only who types it does."},
    {"superusers", SETTING_BOOL, 0, "off", NULL, NULL, NULL,
     "Whether superusers' queries may be cancelled and terminated."},
    {NULL, SETTING_BOOL, 0, NULL, NULL, NULL, NULL, NULL},
};

static const struct option report_options[] = {
    {"longer-than", '\0', "DURATION", "queries.longer_than", OPTION_ONCE,
     "those that run for longer"},
    BACKENDS_ENTER_OPTION,
    {"watch", '\0', "SECONDS", NULL, OPTION_LOCAL,
     "again and again; on a terminal a page with keys to cancel or terminate a chosen row"},
    {NULL, '\0', NULL, NULL, OPTION_ONCE, NULL},
};

static const struct option end_options[] = {
    {"longer-than", '\0', "DURATION", "queries.longer_than", OPTION_ONCE,
     "all that run for longer, in the place of a PID"},
    {"rules", '\0', NULL, NULL, OPTION_ONCE,
     "what the rules of the configuration say, in the place of a PID"},
    {"grace", '\0', "DURATION", "queries.grace", OPTION_ONCE, NULL},
    {"superusers", '\0', NULL, NULL, OPTION_ONCE, "superusers' queries, too"},
    BACKENDS_ONLY_OPTION,
    BACKENDS_ENTER_OPTION,
    {NULL, '\0', NULL, NULL, OPTION_ONCE, NULL},
};

static const char *const end_instead[] = {"longer-than", "rules", NULL};

static const struct command commands[] = {
    {
        .verb = "report",
        .summary = "List long queries, what they wait for and whom they block",
        .prose =
            "Active sessions of clients by how long their query runs, parallel workers counted "
            "with their leader, with progress where the server knows it; sessions idle in "
            "transaction; and apart from both what is never proposed: walsenders, autovacuum "
            "(marked where it prevents wraparound), backups, and protected roles and "
            "applications. Changes nothing.",
        .examples = "pgrunbook queries report insightengine\n"
                    "pgrunbook queries report --longer-than 5min --json insightengine\n"
                    "pgrunbook queries report --longer-than 5s --watch 1 insightengine",
        .options = report_options,
        .flags = COMMAND_NEEDS_SERVER | COMMAND_WATCHES,
        .run = queries_report_command,
    },
    {
        .verb = "cancel",
        .arguments = "PID",
        .instead = end_instead,
        .summary = "Cancel a query, or all that run for too long",
        .prose =
            "Sends a cancel to the session, if it is still at the same query, and waits until "
            "that has ended or --grace is over. The session stays; its transaction fails. "
            "Protected sessions are never touched: see protected_roles and "
            "protected_applications. What is kept in the history is who it was and what it "
            "ran.",
        .examples = "pgrunbook queries cancel 4711 insightengine\n"
                    "pgrunbook queries cancel --longer-than 10min --dry-run insightengine\n"
                    "pgrunbook queries cancel --rules --yes insightengine",
        .options = end_options,
        .flags = COMMAND_NEEDS_SERVER | COMMAND_WRITES | COMMAND_TAKES_GUARD,
        .accepts = queries_end_accepts,
        .run = queries_cancel_command,
    },
    {
        .verb = "terminate",
        .arguments = "PID",
        .instead = end_instead,
        .summary = "Cancel a query and, where that does not help, end its session",
        .prose =
            "The ladder: a cancel; --grace; and only if the same session is then still at the "
            "same query, its end. A session that is idle in transaction ignores a cancel and "
            "is "
            "ended at once. With --rules the session of a rule whose action is cancel is not "
            "ended. Each statement looks once more by itself, so that a session that has gone "
            "on, or a pid that another has by now, is left alone.",
        .examples =
            "pgrunbook queries terminate 4711 insightengine\n"
            "pgrunbook queries terminate --longer-than 10min --grace 30s insightengine\n"
            "pgrunbook queries terminate --rules --yes insightengine",
        .options = end_options,
        .flags = COMMAND_NEEDS_SERVER | COMMAND_WRITES | COMMAND_TAKES_GUARD,
        .accepts = queries_end_accepts,
        .run = queries_terminate_command,
    },
    {.verb = NULL},
};

static const struct right rights[] = {
    {140000, 0, "pg_monitor", "to see what other roles' sessions do"},
    {140000, 0, "pg_signal_backend", "to cancel and terminate other roles' sessions"},
    {0, 0, NULL, NULL},
};

const struct feature feature_queries = {
    .name = "queries",
    .title = "Emergency: long queries",
    .runbook = queries_readme,
    .settings = settings,
    .kinds = queries_kinds,
    .commands = commands,
    .rights = rights,
    .check = queries_check,
    .metrics = queries_metrics,
    .measure = queries_measure,
    .watch = queries_enforce,
    .live = queries_live,
};
