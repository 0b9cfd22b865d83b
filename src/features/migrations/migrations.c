/* The section's tables: what it offers on every surface. */
#include "migrations.h"

#include "migrations_commands.h"
#include "migrations_queries.h"

static const char *const formats[] = {
    "auto", "golang-migrate", "goose", "dbmate", "sql-migrate", "flyway", "plain", NULL,
};

static const char *const reports[] = {"text", "github", "sarif", NULL};

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
    {"server_version", SETTING_INT, 0, NULL, "14", "99", NULL,
     "The major version that migrations are linted for, where it is not that of the server. "
     "Neither a server nor this: 15."},
    {"report", SETTING_CHOICE, 0, "text", NULL, NULL, reports,
     "What lint prints: text, with the source; github, workflow commands that become "
     "annotations "
     "(the default where GITHUB_ACTIONS is set); or sarif, for code scanning."},

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
static const struct option lint_options[] = {
    {"server-version", 0, "N", "migrations.server_version", false,
     "lint for this major version of PostgreSQL"},
    {"format", 0, "FORMAT", "migrations.report", false,
     "print text, workflow commands of GitHub, or SARIF; or in this format"},
    {"tool", 0, "TOOL", "migrations.format", false, "whose folder it is"},
    {"table", 0, "NAME", "migrations.table", false, "the table that says what was applied"},
    {.name = NULL},
};

/* -- options: rehearse -- */

/* -- options: apply -- */

/* -- options: checklist -- */
static const struct option checklist_options[] = {
    {"tool", 0, "TOOL", "migrations.format", false, "whose folder it is"},
    {"table", 0, "NAME", "migrations.table", false, "the table that says what was applied"},
    {.name = NULL},
};
static const struct option capture_options[] = {
    {"dir", 0, "DIR", "migrations.dir", false, "write the files into this folder"},
    {"name", 0, "NAME", NULL, false, "name of the migration (default: capture)"},
    {"variable", 0, "NAME", NULL, true,
     "give the database's URL to the program in this variable too"},
    {"tool", 0, "TOOL", "migrations.format", false, "whose folder it is"},
    {"table", 0, "NAME", "migrations.table", false, "the table that says what was applied"},
    {.name = NULL},
};

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
            "the other tools by the text that pgrunbook itself applied.\n\n"
            "What is wrong with the files, by their tool's own rules, is listed below. Exit "
            "code "
            "1: something is wrong with them, or dirty, changed, out of order, interrupted, or "
            "applied without a file. What is only pending is no fault.",
        .examples = "pgrunbook migrations status db/migrations insightengine\n"
                    "pgrunbook migrations status --target shop --json",
        .options = status_options,
        .flags = COMMAND_NEEDS_SERVER,
        .run = migrations_status_command,
    },

    /* -- lint -- */
    {
        .verb = "lint",
        .arguments = "[DIR]",
        .summary = "Say what each statement would lock and do, and what to write instead",
        .prose =
            "Takes every script of a folder apart with the server's own parser and says of "
            "each "
            "statement which tables it locks, how, and whether it only changes the catalog, "
            "scans or rewrites them meanwhile; and, where that costs others something, what to "
            "write instead, for the server's version. Tables that the same script creates cost "
            "nobody. What cannot be parsed is \"not analysed\", never clean.\n\n"
            "Without a server it says what it had to assume. With one (-d, --target) it reads "
            "that schema, plays the migrations on it that were not applied yet, and knows "
            "types, "
            "validated constraints, partitions and sizes.\n\n"
            "A finding is ignored by a comment with a reason, in front of the statement or "
            "behind it: -- pgrunbook:ignore RULE[, RULE] [until=YYYY-MM-DD]: REASON. One that "
            "ignores nothing, has expired, names no known rule or gives no reason is a finding "
            "itself; ignore-file stands for the whole script. The exit code is 1 when there is "
            "an error or a warning.",
        .examples = "pgrunbook migrations lint migrations\n"
                    "pgrunbook migrations lint migrations --server-version 17 --format sarif\n"
                    "pgrunbook migrations lint migrations -d insightengine -v",
        .options = lint_options,
        .flags = COMMAND_NEEDS_SERVER,
        .run = migrations_lint_command,
    },
    {
        .verb = "rules",
        .arguments = "[RULE]",
        .summary = "List what lint finds, or explain one rule",
        .prose = "The catalogue of rules, with their gravest severity. With a rule's name: "
                 "why it "
                 "is one, and what to do instead.",
        .examples = "pgrunbook migrations rules\n"
                    "pgrunbook migrations rules add-foreign-key",
        .run = migrations_rules_command,
    },

    /* -- rehearse -- */

    /* -- apply -- */

    /* -- checklist -- */
    {
        .verb = "capture",
        .arguments = "-- PROGRAM...",
        .summary = "Make a migration of what a program does to its schema by itself",
        .prose =
            "For programs that migrate when they start, as GORM's AutoMigrate does: without a "
            "file, and without a way back. A throw-away server gets the target's schema and no "
            "rows. The program is run against it, with DATABASE_URL and libpq's variables "
            "(PGHOST, PGDATABASE …) set; it is to migrate and to end. What it changed there, "
            "failed and rolled-back statements left out, becomes an up file in the way of the "
            "folder's tool; statements that the server takes outside of a transaction only get "
            "a file of their own. A way back is proposed, from the statements and from how the "
            "target is now; what it does not bring back is listed. Both are proved on the "
            "copy: "
            "down has to lead to the schema as it was, up again to what the program made.\n\n"
            "The target itself is only read. The exit code is 5 when the proposed down does "
            "not "
            "lead all the way back, 1 when the up file does not do what the program did.",
        .examples =
            "pgrunbook migrations capture insightengine --dir migrations --name users -- "
            "./app migrate\n"
            "pgrunbook migrations capture insightengine --variable DB_DSN -- go run "
            "./cmd/migrate",
        .options = capture_options,
        .flags = COMMAND_NEEDS_SERVER,
        .run = migrations_capture_command,
    },
    {
        .verb = "checklist",
        .arguments = "[DIR]",
        .summary = "Fill in the page's seven boxes with evidence",
        .prose =
            "For the migrations that are due, or, when none is, for those applied last: tried "
            "in "
            "staging, reversible, no strong lock for too long, indexes built CONCURRENTLY, "
            "backup first, one transaction or one statement, ANALYZE after. A box is ticked by "
            "what was measured: rehearsals of these very files on this very schema, the "
            "repository of backups, the record of apply. Each says on what it rests.\n\n"
            "The list is kept in the history. The exit code is 0 when all boxes are ticked, "
            "but "
            "for ANALYZE where apply is still to do it; else 1.",
        .examples = "pgrunbook migrations checklist migrations insightengine\n"
                    "pgrunbook migrations checklist migrations insightengine --format markdown",
        .options = checklist_options,
        .flags = COMMAND_NEEDS_SERVER | COMMAND_RECORDS,
        .run = migrations_checklist_command,
    },

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
