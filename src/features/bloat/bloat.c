/* The section's tables: what it offers on every surface. */
#include "bloat.h"
#include "bloat_queries.h"
#include "plan/plan_only.h"

static const char *const methods[] = {"estimate", "sample", "exact", NULL};

static const char *const jobs[] = {"report", "reclaim", NULL};

static const struct setting settings[] = {
    {"schedule", SETTING_SCHEDULE, 0, "0 4 1 * *", NULL, NULL, NULL,
     "When `serve` runs bloat.job: minute, hour, day of month, month, day of week, in the "
     "target's time zone. off: never."},
    {"job", SETTING_CHOICE, 0, "report", NULL, NULL, jobs,
     "What `serve` runs then: a report, which keeps sizes for the next, or `reclaim --yes`, "
     "which "
     "keeps to bloat.window, lock_timeout, repack_wait and patience, and never closes a table: "
     "VACUUM (FULL) needs an option that a job has not."},
    {"method", SETTING_CHOICE, 0, "estimate", NULL, NULL, methods,
     "What a report rests on: estimate reads only the catalogs, sample reads a bounded number "
     "of random blocks, exact has pgstattuple read the worst objects whole."},
    {"sample_budget", SETTING_SIZE, 0, "64MB", "1MB", NULL, NULL,
     "What a report by sample may read from tables in all."},
    {"exact_budget", SETTING_SIZE, 0, "4GB", "1MB", NULL, NULL,
     "What a report by exact may have pgstattuple read in all."},
    {"worst", SETTING_INT, 0, "20", "1", "1000", NULL,
     "How many of the worst objects a report by exact reads."},
    {"worth_bytes", SETTING_SIZE, 0, "64MB", "0", NULL, NULL,
     "Below this a table or an index has nothing worth acting on, whatever its percentage."},
    {"worth_fraction", SETTING_FRACTION, 0, "30%", NULL, NULL, NULL,
     "Part of a table or an index that has to be reclaimable before it is worth acting on."},
    {"window", SETTING_DURATION, 0, "3h", "0", NULL, NULL,
     "Hard end of a reclaim, counted from its start: what runs is cancelled and its remains "
     "are "
     "removed. 0 means no end."},
    {"lock_timeout", SETTING_DURATION, 0, "5s", "1ms", "10min", NULL,
     "How long VACUUM and REPACK wait for their lock before the table is put off, and how long "
     "a "
     "session may wait behind a rebuild."},
    {"repack_wait", SETTING_DURATION, 0, "60s", "1s", "1h", NULL,
     "How long pg_repack tries to get its short exclusive lock, at its start and at its end. "
     "It "
     "never ends other sessions for it."},
    {"patience", SETTING_DURATION, 0, "10min", "1s", NULL, NULL,
     "How long pg_repack or a rebuild may wait for older transactions before it is given up."},
    {"blind_size", SETTING_SIZE, 0, "10GB", "0", NULL, NULL,
     "Largest table or index that is written anew where the server's free disk space cannot be "
     "seen from here. 0 means any."},
    {"memory", SETTING_SIZE, 0, "512MB", "1MB", NULL, NULL,
     "maintenance_work_mem for rebuilds of indexes."},
    {"pg_repack", SETTING_STRING, 0, "pg_repack", NULL, NULL, NULL,
     "The program pg_repack: a path, or a name that is looked for in PATH. Its version must be "
     "that of the extension in the database."},
    {NULL, SETTING_BOOL, 0, NULL, NULL, NULL, NULL, NULL},
};

static const struct option report_options[] = {
    {"table", 't', "PATTERN", NULL, OPTION_REPEATS,
     "only this table and what belongs to it; name or schema.name, * and ? are wildcards"},
    {"schema", 'n', "PATTERN", NULL, OPTION_REPEATS, "only tables of this schema"},
    {"system", 'S', NULL, NULL, OPTION_ONCE, "system catalogs too"},
    {"method", 'm', "METHOD", "bloat.method", OPTION_HEAVY,
     "estimate (catalogs only), sample (random blocks) or exact (pgstattuple)"},
    {"budget", '\0', "SIZE", NULL, OPTION_HEAVY, "what sample or exact may read in all"},
    {"worst", '\0', "N", "bloat.worst", OPTION_HEAVY,
     "how many of the worst objects exact reads"},
    {NULL, '\0', NULL, NULL, OPTION_ONCE, NULL},
};

static const struct option reclaim_options[] = {
    {"table", 't', "PATTERN", NULL, OPTION_REPEATS,
     "only this table and what belongs to it; name or schema.name, * and ? are wildcards"},
    {"schema", 'n', "PATTERN", NULL, OPTION_REPEATS, "only tables of this schema"},
    {"method", 'm', "METHOD", NULL, OPTION_ONCE,
     "what decides is believed: sample (random blocks, the default), estimate (catalogs only) "
     "or "
     "exact (pgstattuple)"},
    {"min-size", '\0', "SIZE", "bloat.worth_bytes", OPTION_ONCE,
     "at least this much must be to win"},
    {"min-fraction", '\0', "FRACTION", "bloat.worth_fraction", OPTION_ONCE,
     "and at least this part of the table or index"},
    {"allow-exclusive-lock", '\0', NULL, NULL, OPTION_ONCE,
     "VACUUM (FULL) where nothing else is possible: nobody can use the table meanwhile"},
    {"window", '\0', "DURATION", "bloat.window", OPTION_ONCE,
     "hard end of the run, counted from now"},
    {"lock-timeout", '\0', "DURATION", "bloat.lock_timeout", OPTION_ONCE,
     "how long to wait for a table's lock before it is put off"},
    PLAN_ONLY_OPTION,
    {NULL, '\0', NULL, NULL, OPTION_ONCE, NULL},
};

static const struct command commands[] = {
    {
        .verb = "report",
        .summary = "Show what tables and indexes would give back, and how certain that is",
        .prose =
            "Says of every table, its TOAST table and each index how much smaller it would be "
            "if it were written anew, with a margin: the truth is within it in nine cases of "
            "ten. Where statistics do not allow a number it says unknown, and why. By default "
            "only catalogs are read and no table is locked.",
        .examples = "pgrunbook bloat report insightengine\n"
                    "pgrunbook bloat report --method sample --budget 256MB insightengine\n"
                    "pgrunbook bloat report -v --json insightengine",
        .options = report_options,
        .flags = COMMAND_NEEDS_SERVER | COMMAND_RECORDS,
        .run = bloat_report_command,
    },
    {
        .verb = "reclaim",
        .summary = "Give the space back by the least harmful means, within a window",
        .prose =
            "Takes every table and index that has enough to win, and for each the first means "
            "that is possible: VACUUM that cuts off an empty end; REINDEX CONCURRENTLY; from "
            "PostgreSQL 19 on REPACK (CONCURRENTLY); pg_repack where the extension and its "
            "program are there, never ending other sessions; and only with "
            "--allow-exclusive-lock VACUUM (FULL), saying for how long it closes the table. "
            "What none of them can do is skipped, with what would help. Disk space is looked "
            "at "
            "first, each table once more right before its turn, and what was won is measured. "
            "Remains of an interrupted run of ours are removed.",
        .examples =
            "pgrunbook bloat reclaim --dry-run insightengine\n"
            "pgrunbook bloat reclaim --yes --window 2h insightengine\n"
            "pgrunbook bloat reclaim --table orders --allow-exclusive-lock insightengine",
        .options = reclaim_options,
        .flags = COMMAND_NEEDS_SERVER | COMMAND_WRITES,
        .accepts = plan_only_accepts_means,
        .run = bloat_reclaim_command,
    },
    {.verb = NULL},
};

static const struct right rights[] = {
    {140000, 0, "pg_monitor", "to have pgstattuple read tables (bloat report --method exact)"},
    {140000, 0, "@schemas", "to name the tables and indexes in a statement"},
    {140000, 170000, "@owner",
     "before 17 only its owner may have a table or index made smaller"},
    {170000, 0, "pg_maintain", "to make tables and indexes of any owner smaller"},
    {140000, 0, "@statistics",
     "to read the planner's statistics of all tables, which estimates rest on; they hold "
     "samples "
     "of the data: leave this out where that matters"},
    {0, 0, NULL, NULL},
};

static const struct job own_jobs[] = {
    {.schedule = "schedule"},
    {.schedule = NULL},
};

const struct feature feature_bloat = {
    .name = "bloat",
    .title = "Monthly table bloat",
    .runbook = bloat_readme,
    .settings = settings,
    .commands = commands,
    .rights = rights,
    .queries = bloat_queries,
    .check = bloat_check,
    .metrics = bloat_metrics,
    .measure = bloat_measure,
    .jobs = own_jobs,
};
