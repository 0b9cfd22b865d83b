/* The section's tables: what it offers on every surface. */
#include "indexes.h"
#include "indexes_queries.h"
#include "indexes_rebuild.h"
#include "plan/plan_only.h"

static const char *const jobs[] = {"report", "rebuild", NULL};

static const struct setting settings[] = {
    {"schedule", SETTING_SCHEDULE, 0, "0 3 1 * *", NULL, NULL, NULL,
     "When `serve` runs indexes.job: minute, hour, day of month, month, day of week, in the "
     "target's time zone. off: never. A report is also a sample: the verdict unused needs some "
     "of them over the time of indexes.evidence."},
    {"job", SETTING_CHOICE, 0, "report", NULL, NULL, jobs,
     "What `serve` runs then: a report, which keeps a sample of the counters, or `rebuild "
     "--bloated --yes`, which keeps to indexes.window, patience and give_way. Which index to "
     "drop "
     "is for a person to decide, so drop is not among them."},
    {"evidence", SETTING_DURATION, 0, "30d", "0", NULL, NULL,
     "How long an index must not have been scanned on any node, by our own samples, before it "
     "is called unused. Work that runs once a quarter needs more."},
    {"min_size", SETTING_SIZE, 0, "0", "0", NULL, NULL,
     "Smaller indexes are kept, used or not."},
    {"window", SETTING_DURATION, 0, "3h", "0", NULL, NULL,
     "Hard end of a run, counted from its start: what runs is cancelled and its remains are "
     "removed. 0 means no end."},
    {"patience", SETTING_DURATION, 0, "10min", "1s", NULL, NULL,
     "How long a rebuild or a drop may wait for other transactions before it is given up."},
    {"give_way", SETTING_DURATION, 0, "5s", "0", NULL, NULL,
     "How long another session may wait for a rebuild with a lock behind which all others "
     "queue "
     "(ALTER TABLE and the like), before the rebuild gives way."},
    {"old_transaction", SETTING_DURATION, 0, "5min", "0", NULL, NULL,
     "No rebuild starts that would have to wait for a transaction older than this."},
    {"blind_size", SETTING_SIZE, 0, "1GB", "0", NULL, NULL,
     "The largest index that is rebuilt where the server's free disk space cannot be seen: on "
     "another machine, or without the right to know its data directory. 0 means any."},
    {"memory", SETTING_SIZE, 0, "512MB", "1MB", NULL, NULL,
     "maintenance_work_mem of a rebuild."},
    {"bloat_size", SETTING_SIZE, 0, "64MB", "0", NULL, NULL,
     "An index is called bloated when at least this much of it would be won by a rebuild …"},
    {"bloat_fraction", SETTING_FRACTION, 0, "30%", NULL, NULL, NULL,
     "… and at least this part of it."},
    {NULL, SETTING_BOOL, 0, NULL, NULL, NULL, NULL, NULL},
};

#define EVIDENCE                                                                               \
    {"replica",                                                                                \
     '\0',                                                                                     \
     "HOST",                                                                                   \
     NULL,                                                                                     \
     OPTION_REPEATS | OPTION_LOCAL,                                                            \
     "read this replica's counters too: HOST, HOST:PORT or a connection string; the setting "  \
     "replicas lists them for good"},                                                          \
    {                                                                                          \
        "evidence", '\0', "DURATION", "indexes.evidence", false,                               \
            "how long an index must have been quiet to be called unused"                       \
    }

static const struct option report_options[] = {
    {"table", 't', "PATTERN", NULL, OPTION_REPEATS,
     "only indexes of this table; name or schema.name, * and ? are wildcards"},
    {"schema", 'n', "PATTERN", NULL, OPTION_REPEATS, "only indexes of tables of this schema"},
    EVIDENCE,
    {NULL, '\0', NULL, NULL, OPTION_ONCE, NULL},
};

static const struct option drop_options[] = {
    {"force", 'f', NULL, NULL, OPTION_ONCE,
     "drop it although the verdict is not drop-candidate"},
    EVIDENCE,
    {"only", '\0', "OID", NULL, OPTION_REPEATS,
     "the index that a dry run showed, not another of its name"},
    {NULL, '\0', NULL, NULL, OPTION_ONCE, NULL},
};

static const struct option rebuild_options[] = {
    {"bloated", 'b', NULL, NULL, OPTION_ONCE,
     "those that are bloated, by indexes.bloat_size and indexes.bloat_fraction"},
    {"invalid", 'i', NULL, NULL, OPTION_ONCE, "those whose build did not finish"},
    {"window", '\0', "DURATION", "indexes.window", OPTION_ONCE,
     "hard end of the run, counted from now"},
    {"patience", '\0', "DURATION", "indexes.patience", OPTION_ONCE,
     "how long one rebuild may wait for other transactions"},
    {"memory", '\0', "SIZE", "indexes.memory", OPTION_ONCE, "maintenance_work_mem"},
    PLAN_ONLY_OPTION,
    {NULL, '\0', NULL, NULL, OPTION_ONCE, NULL},
};

static const char *const rebuild_instead[] = {"bloated", "invalid", NULL};

static const struct command commands[] = {
    {
        .verb = "report",
        .summary = "Judge every index: unused, duplicate, broken, missing, bloated",
        .prose =
            "Reads catalogs and counters of the primary and of the replicas it is told of, "
            "without a lock on any table, and keeps a sample of the counters in the history. "
            "Each finding has a verdict (drop-candidate, keep or unknown) and its evidence; a "
            "drop-candidate has the SQL that drops it and the SQL that brings it back. Nothing "
            "is changed.\n\n"
            "An index is called unused only when samples over the time of indexes.evidence "
            "show no scan on any node: run this command from time to time, once a day or once "
            "a week.",
        .examples = "pgrunbook indexes report insightengine\n"
                    "pgrunbook indexes report --replica db2 --replica db3 insightengine\n"
                    "pgrunbook indexes report -v --json insightengine",
        .options = report_options,
        .flags = COMMAND_NEEDS_SERVER | COMMAND_RECORDS,
        .run = indexes_report_command,
    },
    {
        .verb = "drop",
        .arguments = "NAME",
        .summary = "Drop an index that the report calls a drop-candidate",
        .prose =
            "Looks at the index once more, as the report does, and drops it concurrently when "
            "the verdict is drop-candidate, or with --force whatever it is. An index that "
            "backs a constraint is never dropped. The statement that makes it again is kept: "
            "\"pgrunbook history undo ID\" rebuilds it.",
        .examples = "pgrunbook indexes drop --dry-run orders_note_idx insightengine\n"
                    "pgrunbook indexes drop --yes public.orders_note_idx insightengine",
        .options = drop_options,
        .flags = COMMAND_NEEDS_SERVER | COMMAND_WRITES,
        .accepts = plan_only_accepts_oids,
        .run = indexes_drop_command,
    },
    {
        .verb = "rebuild",
        .arguments = "NAME",
        .instead = rebuild_instead,
        .summary = "Rebuild indexes without stopping anybody",
        .prose =
            "REINDEX INDEX CONCURRENTLY, one index after the other. NAME is an index or "
            "schema.index, * and ? are wildcards; a partitioned index stands for those of its "
            "partitions. Nothing starts while a lock, another build or an old transaction is "
            "in the way, or where the disk has no room. While it runs it never times out on a "
            "lock, but it is stopped when it has waited too long or makes others queue, and at "
            "the window's end. The catalogs prove that the new index is valid, and what was "
            "left invalid is dropped: at once, or by the next run. Leftovers of others are "
            "reported and not touched.",
        .examples = "pgrunbook indexes rebuild --dry-run 'orders_*' insightengine\n"
                    "pgrunbook indexes rebuild --yes --window 1h public.orders_pkey "
                    "insightengine\n"
                    "pgrunbook indexes rebuild --yes --invalid insightengine",
        .options = rebuild_options,
        .flags = COMMAND_NEEDS_SERVER | COMMAND_WRITES,
        .accepts = plan_only_accepts_oids,
        .run = indexes_rebuild_command,
    },
    {.verb = NULL},
};

static const struct right rights[] = {
    {140000, 0, "pg_monitor",
     "to see what is being built, who holds a lock, and which standbys are attached"},
    {140000, 0, "@schemas", "to name the indexes in a statement"},
    {140000, 0, "@owner", "only its table's owner may drop an index"},
    {0, 0, NULL, NULL},
};

static const struct job own_jobs[] = {
    {.schedule = "schedule", .instead = "bloated"},
    {.schedule = NULL},
};

const struct feature feature_indexes = {
    .name = "indexes",
    .title = "Monthly index health",
    .runbook = indexes_readme,
    .settings = settings,
    .commands = commands,
    .rights = rights,
    .queries = indexes_queries,
    .check = indexes_check,
    .metrics = indexes_metrics,
    .measure = indexes_measure,
    .jobs = own_jobs,
};
