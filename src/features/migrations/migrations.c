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
    {"shadow", SETTING_STRING, SETTING_CONNINFO, NULL, NULL, NULL, NULL,
     "A staging database that migrations are rehearsed on: a copy of it, beside it on its own "
     "server, which is dropped afterwards. Unset: a throw-away server with the target's "
     "schema."},
    {"rows", SETTING_INT, 0, "1000", "0", "100000000", NULL,
     "How many rows are made up for each table of a throw-away server. What statements do "
     "shows "
     "with few, how long they take with many."},

    /* -- apply -- */

    /* -- checklist -- */

    {NULL, SETTING_BOOL, 0, NULL, NULL, NULL, NULL, NULL},
};

/* -- options: folder -- */

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
static const struct option rehearse_options[] = {
    {"shadow", 0, "CONNINFO", "migrations.shadow", false,
     "rehearse on a copy of this staging database"},
    {"from-backup", 0, NULL, NULL, false, "rehearse on the newest backup, restored"},
    {"rows", 0, "N", "migrations.rows", false, "make up so many rows for each table"},
    {"scratch", 0, "DIR", "backup.scratch", false, "where a throw-away server has its files"},
    {"bindir", 0, "DIR", "backup.bindir", false, "where PostgreSQL's own programs are"},
    {"tool", 0, "TOOL", "migrations.format", false, "whose folder it is"},
    {"table", 0, "NAME", "migrations.table", false, "the table that says what was applied"},
    {.name = NULL},
};

/* -- options: apply -- */

/* -- options: checklist -- */

static const struct command commands[] = {
    /* -- folder -- */

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
    {
        .verb = "rehearse",
        .arguments = "[DIR]",
        .summary = "Run what is pending up, down and up again on a shadow, and measure it",
        .prose =
            "Takes every migration of a folder (or one file) that the target does not have "
            "yet, "
            "and runs it where nobody minds: on a throw-away server with the target's schema "
            "and "
            "rows that are made up, on a copy of a staging database (--shadow), or on the "
            "newest "
            "backup, restored (--from-backup). The target itself is only read.\n\n"
            "Of each statement it measures, from a second connection, which locks it took on "
            "tables that were there before and for how long they were held, which tables it "
            "read "
            "from end to end or wrote anew, and how much WAL that made. From the sizes on the "
            "target it predicts how long the locks will be held there, and says so where too "
            "little was measured for that.\n\n"
            "Whether there is a way back is found by going it: the schema before up and after "
            "down is compared object by object, the rows by checksums of every column, and a "
            "second up must make what the first has made. The verdict is reversible, schema "
            "only "
            "(data lost in T.C), irreversible (declared by a comment \"-- irreversible: "
            "REASON\"), or broken. It is kept in the history, where apply asks for it.\n\n"
            "The exit code is 1 when one of them is broken, was not reached, or would hold a "
            "strong lock for longer than migrations.max_hold.",
        .examples = "pgrunbook migrations rehearse migrations insightengine\n"
                    "pgrunbook migrations rehearse --rows 1000000 migrations insightengine\n"
                    "pgrunbook migrations rehearse --shadow \"host=staging dbname=shop\" "
                    "--json migrations shop",
        .options = rehearse_options,
        .flags = COMMAND_NEEDS_SERVER | COMMAND_RECORDS,
        .run = migrations_rehearse_command,
    },

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
