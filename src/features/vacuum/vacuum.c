/* The section's tables: what it offers on every surface. */
#include "vacuum.h"

#include "plan/plan_only.h"
#include "vacuum_queries.h"

static const struct setting settings[] = {
    {"schedule", SETTING_SCHEDULE, 0, "0 2 * * Sun", NULL, NULL, NULL,
     "When `serve` runs `vacuum run --yes`: minute, hour, day of month, month, day of week, in "
     "the target's time zone. off: never."},
    {"jobs", SETTING_INT, 0, "2", "1", "64", NULL,
     "Lanes: connections that work at the same time."},
    {"window", SETTING_DURATION, 0, "3h", "0", NULL, NULL,
     "Hard end of a run, counted from its start: at the end the running statement is "
     "cancelled. "
     "0 means no end."},
    {"lock_timeout", SETTING_DURATION, 0, "5s", "1ms", "10min", NULL,
     "How long a table waits for its lock before it goes to the back of the queue."},
    {"memory", SETTING_SIZE, 0, "512MB", "1MB", NULL, NULL,
     "maintenance_work_mem of all lanes together; each gets its share."},
    {"buffer_usage_limit", SETTING_SIZE, 0, "64MB", "0", "16GB", NULL,
     "Shared buffers one VACUUM may use, from PostgreSQL 16 on; never more than an eighth of "
     "shared_buffers. 0 leaves it to the server."},
    {"cost_delay", SETTING_DURATION, 0, "0", "0", "100ms", NULL,
     "vacuum_cost_delay of the lanes; 0 is full speed, right for a maintenance window."},
    {"big_table", SETTING_SIZE, 0, "64MB", "1MB", NULL, NULL,
     "From this size on (indexes included) a table is a statement of its own; smaller ones "
     "share "
     "one."},
    {"dead_rows", SETTING_INT, 0, "20", "0", NULL, NULL,
     "A table needs VACUUM when it has more dead rows than this plus dead_fraction of its "
     "rows, "
     "or than autovacuum's own threshold."},
    {"dead_fraction", SETTING_FRACTION, 0, "1%", NULL, NULL, NULL,
     "Part of a table's rows that may be dead."},
    {"inserted_rows", SETTING_INT, 0, "500", "0", NULL, NULL,
     "A table needs VACUUM when more rows than this plus inserted_fraction were inserted since "
     "the last."},
    {"inserted_fraction", SETTING_FRACTION, 0, "5%", NULL, NULL, NULL,
     "Part of a table's rows that may be new since its last VACUUM."},
    {"changed_rows", SETTING_INT, 0, "50", "0", NULL, NULL,
     "A table needs ANALYZE when more rows than this plus changed_fraction changed since the "
     "last."},
    {"changed_fraction", SETTING_FRACTION, 0, "2%", NULL, NULL, NULL,
     "Part of a table's rows that may have changed since its last ANALYZE."},
    {"not_visible_fraction", SETTING_FRACTION, 0, "10%", NULL, NULL, NULL,
     "Part of a table's pages that may be not all-visible (index-only scans must read them)."},
    {"freeze_fraction", SETTING_FRACTION, 0, "50%", NULL, NULL, NULL,
     "Part of autovacuum_freeze_max_age (or of the multixact limit) at which a table is frozen "
     "in the window, before autovacuum does it at a worse time."},
    {"horizon_warning", SETTING_DURATION, 0, "5min", "1s", NULL, NULL,
     "`check` warns of a transaction that has held back the xmin horizon this long."},
    {"horizon_critical", SETTING_DURATION, 0, "4h", "1s", NULL, NULL,
     "… and is critical from here on."},
    {"exclude_tables", SETTING_LIST, 0, NULL, NULL, NULL, NULL,
     "Tables never touched: names or schema.name, * and ? are wildcards."},
    {"exclude_schemas", SETTING_LIST, 0, NULL, NULL, NULL, NULL, "Schemas never touched."},
    {NULL, SETTING_BOOL, 0, NULL, NULL, NULL, NULL, NULL},
};

#define SELECTION                                                                              \
    {"table", 't',  "PATTERN",                                                                 \
     NULL,    true, "only this table; name or schema.name, * and ? are wildcards"},            \
        {"schema", 'n', "PATTERN", NULL, OPTION_REPEATS, "only tables of this schema"},        \
        {"exclude-table", 'T', "PATTERN", NULL, OPTION_REPEATS, "not this table"},             \
        {"exclude-schema", 'N',                                                                \
         "PATTERN",        NULL,                                                               \
         OPTION_REPEATS,   "not the tables of this schema"},                                   \
        {"analyze-only", 'Z', NULL, NULL, OPTION_ONCE, "only statistics: ANALYZE, no VACUUM"}, \
        {"freeze", 'F', NULL, NULL, OPTION_ONCE, "freeze every selected table, due or not"},   \
        {"jobs", 'j', "N", "vacuum.jobs", OPTION_ONCE, "lanes that work at the same time"},    \
    {                                                                                          \
        "window", '\0', "DURATION", "vacuum.window", false,                                    \
            "hard end of the run, counted from now"                                            \
    }

static const struct option plan_options[] = {
    SELECTION,
    {NULL, '\0', NULL, NULL, OPTION_ONCE, NULL},
};

static const struct option run_options[] = {
    SELECTION,
    {"lock-timeout", '\0', "DURATION", "vacuum.lock_timeout", OPTION_ONCE,
     "how long to wait for a table's lock before it goes to the back of the queue"},
    {"memory", '\0', "SIZE", "vacuum.memory", OPTION_ONCE,
     "maintenance_work_mem of all lanes together"},
    PLAN_ONLY_OPTION,
    {NULL, '\0', NULL, NULL, OPTION_ONCE, NULL},
};

static const struct command commands[] = {
    {
        .verb = "plan",
        .summary = "Show what every table needs, and why",
        .prose = "Reads the statistics of every table once, without a lock on any, and says "
                 "what VACUUM or ANALYZE it needs, in which order a run would do it, and why "
                 "the others are left alone. Nothing is changed.",
        .examples = "pgrunbook vacuum plan insightengine\n"
                    "pgrunbook vacuum plan -v --json insightengine",
        .options = plan_options,
        .flags = COMMAND_NEEDS_SERVER,
        .run = vacuum_plan_command,
    },
    {
        .verb = "run",
        .summary = "VACUUM and ANALYZE what needs it, within a window",
        .prose =
            "Carries out the plan: freeze emergencies first, then by benefit per second; "
            "big tables alone, small ones together. A locked table goes to the back of the "
            "queue, a failing one never stops the others, and at the window's end the "
            "running statement is cancelled. What was not reached comes first next time. "
            "Each table is observed again afterwards, and all of it is kept in the history.",
        .examples = "pgrunbook vacuum run --dry-run insightengine\n"
                    "pgrunbook vacuum run --yes --window 2h -j 2 insightengine\n"
                    "pgrunbook vacuum run --yes --analyze-only --schema public insightengine",
        .options = run_options,
        .flags = COMMAND_NEEDS_SERVER | COMMAND_WRITES,
        .accepts = plan_only_accepts_oids,
        .run = vacuum_run_command,
    },
    {.verb = NULL},
};

static const struct right rights[] = {
    {140000, 0, "pg_monitor",
     "to see every session's snapshot and progress: who holds the horizon back, who blocks"},
    {140000, 0, "@schemas", "to name the tables in a statement"},
    {140000, 170000, "@owner", "before 17 only its owner may VACUUM or ANALYZE a table"},
    {170000, 0, "pg_maintain", "to VACUUM and ANALYZE tables of any owner"},
    {0, 0, NULL, NULL},
};

static const struct job own_jobs[] = {
    {.schedule = "schedule",
     .verb = "run",
     .what = "VACUUM and ANALYZE the tables that need it"},
    {.schedule = NULL},
};

const struct feature feature_vacuum = {
    .name = "vacuum",
    .title = "Weekly VACUUM ANALYZE",
    .runbook = vacuum_readme,
    .settings = settings,
    .commands = commands,
    .rights = rights,
    .queries = vacuum_queries,
    .check = vacuum_check,
    .metrics = vacuum_metrics,
    .measure = vacuum_measure,
    .jobs = own_jobs,
};
