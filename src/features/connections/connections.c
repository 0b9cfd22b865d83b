/* The section's tables: what it offers on every surface. */
#include "connections.h"

#include "backends/backends_enter.h"
#include "backends/backends_only.h"
#include "connections_pool.h"
#include "connections_private.h"
#include "connections_queries.h"

static const struct setting settings[] = {
    {"warning", SETTING_FRACTION, 0, "85%", NULL, NULL, NULL,
     "`check` warns when this part of the slots an ordinary role may use is taken."},
    {"critical", SETTING_FRACTION, 0, "95%", NULL, NULL, NULL,
     "… and is critical from here on."},
    {"until", SETTING_FRACTION, 0, "80%", NULL, NULL, NULL,
     "Relief ends as many sessions as it takes to come down to this part of those slots; with "
     "fewer in use the report speaks of no emergency."},
    {"idle_for", SETTING_DURATION, 0, "5min", "0", NULL, NULL,
     "A session idle for less (by state_change) is never ended."},
    {"transaction_for", SETTING_DURATION, 0, "5min", "0", NULL, NULL,
     "A session that is idle in a younger transaction (by xact_start) is not ended for being "
     "that; at the root of a lock convoy it is."},
    {"slow_for", SETTING_DURATION, 0, "60s", "0", NULL, NULL,
     "A query that runs longer is slow."},
    {"young", SETTING_DURATION, 0, "10s", "0", NULL, NULL,
     "A session connected for less is part of a connection storm, where there is one."},
    {"convoy", SETTING_INT, 0, "5", "1", "100000", NULL,
     "So many sessions that wait behind one, at any depth, are a lock convoy. Those that wait "
     "for an advisory lock do not count: they do so on purpose."},
    {"convoy_for", SETTING_DURATION, 0, "5s", "0", NULL, NULL,
     "… once one of them has waited that long."},
    {"grace", SETTING_DURATION, 0, "10s", "0", "10min", NULL,
     "How long the root of a convoy has to heed a cancel before it is terminated."},
    {"per_minute", SETTING_INT, 0, "60", "1", "100000", NULL,
     "Relief ends at most so many sessions a minute."},
    {"relieve", SETTING_BOOL, 0, "off", NULL, NULL, NULL,
     "Whether the watch of `serve` may give relief by itself, as \"connections relieve --yes\" "
     "does, as soon as an emergency shows. Off: it says what is wrong and ends nobody."},
    {"superusers", SETTING_BOOL, 0, "off", NULL, NULL, NULL,
     "Whether sessions of superusers may be ended as well."},
    {NULL, SETTING_BOOL, 0, NULL, NULL, NULL, NULL, NULL},
};

static const struct option report_options[] = {
    {"until", 'u', "FRACTION", "connections.until", OPTION_ONCE,
     "the part of the slots that may be in use"},
    {"idle-for", '\0', "DURATION", "connections.idle_for", OPTION_ONCE,
     "what counts as idle for long"},
    {"transaction-for", '\0', "DURATION", "connections.transaction_for", OPTION_ONCE,
     "what counts as idle in an old transaction"},
    BACKENDS_ENTER_OPTION,
    {"service-unready", '\0', NULL, NULL, OPTION_ONCE,
     "the service says (503) that it gets no connection"},
    {"watch", '\0', "SECONDS", NULL, OPTION_LOCAL,
     "again and again; on a terminal a page with keys to cancel or terminate a chosen session"},
    {"pgbouncer", '\0', "CONNINFO", "pgbouncer", OPTION_LOCAL, NULL},
    {NULL, '\0', NULL, NULL, OPTION_ONCE, NULL},
};

static const struct option relieve_options[] = {
    {"until", 'u', "FRACTION", "connections.until", OPTION_ONCE,
     "the part of the slots that may be in use"},
    {"idle-for", '\0', "DURATION", "connections.idle_for", OPTION_ONCE,
     "what counts as idle for long"},
    {"transaction-for", '\0', "DURATION", "connections.transaction_for", OPTION_ONCE,
     "what counts as idle in an old transaction"},
    BACKENDS_ENTER_OPTION,
    {"service-unready", '\0', NULL, NULL, OPTION_ONCE,
     "the service says (503) that it gets no connection"},
    {"grace", '\0', "DURATION", "connections.grace", OPTION_ONCE,
     "how long a cancel may take before terminate"},
    {"per-minute", '\0', "N", "connections.per_minute", OPTION_ONCE,
     "end at most so many sessions a minute"},
    {"superusers", '\0', NULL, NULL, OPTION_ONCE, "sessions of superusers may be ended too"},
    BACKENDS_ONLY_OPTION,
    {NULL, '\0', NULL, NULL, OPTION_ONCE, NULL},
};

static const struct command commands[] = {
    {
        .verb = "report",
        .summary = "Say who holds the slots, who is in whose way, and what is wrong",
        .prose =
            "Counts the sessions by state, role, application, client and database, against the "
            "slots an ordinary role may use and the limits of databases and roles; lists "
            "who is idle in a transaction and what that holds up, and who waits for whom. "
            "The diagnosis is one of: idle pile-up, idle in transaction, lock convoy, slow "
            "queries, connection storm, pool starvation in the application, healthy. "
            "Nothing is changed, no lock is taken.",
        .examples = "pgrunbook connections report insightengine\n"
                    "pgrunbook connections report --json --service-unready insightengine\n"
                    "pgrunbook connections report --emergency service=rescue insightengine",
        .options = report_options,
        .flags = COMMAND_NEEDS_SERVER | COMMAND_WATCHES,
        .run = connections_report_command,
    },
    {
        .verb = "relieve",
        .summary = "End the fewest sessions that bring relief",
        .prose =
            "Looks as the report does, and acts by the diagnosis. Idle pile-up: terminates the "
            "sessions that have been idle for longest, as few as reach the goal. Idle in "
            "transaction: the same with the oldest transactions. Lock convoy: ends its root, "
            "by cancel first where it is at work. Anything else: nothing is ended, and it says "
            "what to do instead. Each session is looked at once more by the very statement "
            "that ends it, and is proved gone. Never touched: this program, walsenders and "
            "all that is no client, superusers unless allowed, protected_roles and "
            "protected_applications.\n\n"
            "Where every slot is taken it gets in by the emergency connection, and says so.",
        .examples =
            "pgrunbook connections relieve --dry-run insightengine\n"
            "pgrunbook connections relieve --yes --until 70% --idle-for 2min "
            "insightengine\n"
            "pgrunbook connections relieve --yes --emergency service=rescue insightengine",
        .options = relieve_options,
        .flags = COMMAND_NEEDS_SERVER | COMMAND_WRITES | COMMAND_TAKES_GUARD,
        .accepts = backends_only_accepts,
        .run = connections_relieve_command,
    },
    {
        .verb = "pool",
        .summary = "Hold the applications' pools against the server",
        .prose =
            "Each application is a section [app NAME] of the configuration: instances, "
            "max_open, max_idle, max_lifetime, and how to tell its sessions. Says whether the "
            "sum of instances times max_open fits the ordinary slots and how many instances "
            "would, which application has more sessions, more idle or older ones than agreed, "
            "and what SQL makes the bounds durable. --source reads the calls that size the "
            "pool in a Go file and says which is missing or different. Changes nothing.",
        .examples =
            "pgrunbook connections pool insightengine\n"
            "pgrunbook connections pool --source database/connection.go insightengine\n"
            "pgrunbook connections pool --pgbouncer 'port=6432 dbname=pgbouncer' --json",
        .options = connections_pool_options,
        .flags = COMMAND_NEEDS_SERVER,
        .run = connections_pool_command,
    },
    {.verb = NULL},
};

static const struct right rights[] = {
    {140000, 0, "pg_monitor", "to see what kind of session holds each slot"},
    {140000, 0, "pg_signal_backend", "to end sessions of other roles"},
    {160000, 0, "pg_use_reserved_connections",
     "to get in when every slot is taken (reserved_connections keeps some)"},
    {0, 0, NULL, NULL},
};

const struct feature feature_connections = {
    .name = "connections",
    .title = "Emergency: connection slots",
    .runbook = connections_readme,
    .settings = settings,
    .kinds = connections_kinds,
    .commands = commands,
    .rights = rights,
    .queries = connections_queries,
    .check = connections_check,
    .metrics = connections_metrics,
    .measure = connections_measure,
    .watch = connections_emergency,
    .live = connections_live,
};
