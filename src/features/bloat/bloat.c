/* The section's tables: what it offers on every surface. */
#include "bloat.h"
#include "bloat_queries.h"

static const char *const methods[] = {"estimate", "sample", "exact", NULL};

static const struct setting settings[] = {
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
    {NULL, SETTING_BOOL, 0, NULL, NULL, NULL, NULL, NULL},
};

static const struct option report_options[] = {
    {"table", 't', "PATTERN", NULL, true,
     "only this table and what belongs to it; name or schema.name, * and ? are wildcards"},
    {"schema", 'n', "PATTERN", NULL, true, "only tables of this schema"},
    {"system", 'S', NULL, NULL, false, "system catalogs too"},
    {"method", 'm', "METHOD", "bloat.method", false,
     "estimate (catalogs only), sample (random blocks) or exact (pgstattuple)"},
    {"budget", '\0', "SIZE", NULL, false, "what sample or exact may read in all"},
    {"worst", '\0', "N", "bloat.worst", false, "how many of the worst objects exact reads"},
    {NULL, '\0', NULL, NULL, false, NULL},
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
        .flags = COMMAND_NEEDS_SERVER,
        .run = bloat_report_command,
    },
    {.verb = NULL},
};

static const struct right rights[] = {
    {140000, 0, "pg_monitor", "to see who holds a lock on a table that is left out"},
    {0, 0, NULL, NULL},
};

const struct feature feature_bloat = {
    .name = "bloat",
    .title = "Monthly table bloat",
    .runbook = bloat_readme,
    .settings = settings,
    .commands = commands,
    .rights = rights,
};
