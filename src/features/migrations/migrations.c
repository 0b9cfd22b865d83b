/* The section's tables: what it offers on every surface. */
#include "migrations.h"

#include "migrations_commands.h"
#include "migrations_queries.h"

static const char *const formats[] = {
    "auto", "golang-migrate", "goose", "dbmate", "sql-migrate", "flyway", "plain", NULL,
};

static const struct setting settings[] = {
    /* -- folder -- */
    {"dir", SETTING_STRING, 0, NULL, NULL, NULL, NULL,
     "The folder of the migrations, where the command line names none."},
    {"format", SETTING_CHOICE, 0, "auto", NULL, NULL, formats,
     "Whose folder it is. auto finds out by file names and by the marks in the files."},
    {"table", SETTING_STRING, 0, NULL, NULL, NULL, NULL,
     "The table that says what was applied, \"name\" or \"schema.name\". Unset: the tool's own "
     "default, schema_migrations, goose_db_version, gorp_migrations, flyway_schema_history; "
     "for "
     "plain files pgrunbook_migrations."},

    /* -- ddl -- */

    /* -- lint -- */

    /* -- rehearse -- */

    /* -- apply -- */

    /* -- checklist -- */

    {NULL, SETTING_BOOL, 0, NULL, NULL, NULL, NULL, NULL},
};

/* -- options: folder -- */
static const struct option status_options[] = {
    {"tool", 0, "TOOL", "migrations.format", false, "whose folder it is"},
    {"table", 0, "NAME", "migrations.table", false, "the table that says what was applied"},
    {.name = NULL},
};

/* -- options: ddl -- */

/* -- options: lint -- */

/* -- options: rehearse -- */

/* -- options: apply -- */

/* -- options: checklist -- */

static const struct command commands[] = {
    /* -- folder -- */
    {
        .verb = "status",
        .arguments = "[DIR]",
        .summary = "Show which migrations are applied, pending, changed or lost",
        .prose =
            "Lays the folder beside the table in which its tool keeps what was applied, and "
            "beside the history: which file is applied, which is pending, whether it was "
            "rehearsed with this text, and which run died in its midst. A file that was "
            "changed "
            "after it was applied is told by the table's checksum (flyway, plain files), with "
            "the other tools by the text that pgrunbook applied, or that the file had when it "
            "was first seen applied.\n\n"
            "What is wrong with the files, by their tool's own rules, is listed below. Exit "
            "code "
            "1: something is wrong with them, or dirty, changed, out of order, interrupted, or "
            "applied without a file. What is only pending is no fault.",
        .examples = "pgrunbook migrations status db/migrations insightengine\n"
                    "pgrunbook migrations status --target shop --json",
        .options = status_options,
        .flags = COMMAND_NEEDS_SERVER | COMMAND_RECORDS,
        .run = migrations_status_command,
    },

    /* -- lint -- */

    /* -- rehearse -- */

    /* -- apply -- */

    /* -- checklist -- */

    {.verb = NULL},
};

const struct feature feature_migrations = {
    .name = "migrations",
    .title = "Migrations: lint, rehearse, apply",
    .runbook = migrations_readme,
    .settings = settings,
    .commands = commands,
    .queries = migrations_queries,
};
