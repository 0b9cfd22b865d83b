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
    {"max_hold", SETTING_DURATION, 0, "5s", "100ms", "1h", NULL,
     "How long a migration may hold a lock of SHARE or stronger on a relation that was there "
     "before it. Then it is cancelled."},
    {"max_wait", SETTING_DURATION, 0, "2s", "100ms", "1h", NULL,
     "How long anybody may wait for a migration. Then it is cancelled."},
    {"lock_timeout", SETTING_DURATION, 0, "1500ms", "10ms", "10min", NULL,
     "How long a migration waits for a lock, with everybody else behind it, before its whole "
     "file is put off and tried again. CONCURRENTLY has none."},
    {"retries", SETTING_INT, 0, "10", "0", "1000", NULL,
     "How often a file is tried again that did not get its locks; the pauses double, up to 30 "
     "s."},
    {"patience", SETTING_DURATION, 0, "10min", "1s", NULL, NULL,
     "How long a statement outside of a transaction, CREATE INDEX CONCURRENTLY and the like, "
     "may wait for others."},
    {"statement_timeout", SETTING_DURATION, 0, "1h", "0", NULL, NULL,
     "statement_timeout of statements in a transaction that take no strong lock; 0: none. Of "
     "those that do it is what lock_timeout and max_hold allow, and two seconds."},
    {"old_transaction", SETTING_DURATION, 0, "30s", "1s", NULL, NULL,
     "A transaction older than this, with a lock on a table of the migration, keeps it from "
     "starting."},
    {"backup_age", SETTING_DURATION, 0, "24h", "1min", NULL, NULL,
     "How old the newest backup or dump may be where none was ever restored by a drill."},
    {"lock_wait", SETTING_DURATION, 0, "10min", "0", NULL, NULL,
     "How long a run waits while another one is at work on the database; 0: not at all."},

    /* -- checklist -- */

    {NULL, SETTING_BOOL, 0, NULL, NULL, NULL, NULL, NULL},
};

/* -- options: folder -- */
static const struct option status_options[] = {
    {"tool", 0, "TOOL", "migrations.format", OPTION_ONCE, "whose folder it is"},
    {"table", 0, "NAME", "migrations.table", OPTION_ONCE,
     "the table that says what was applied"},
    {.name = NULL},
};

/* -- options: ddl -- */

/* -- options: lint -- */
static const struct option lint_options[] = {
    {"server-version", 0, "N", "migrations.server_version", OPTION_ONCE,
     "lint for this major version of PostgreSQL"},
    {"format", 0, "FORMAT", "migrations.report", OPTION_LOCAL,
     "print text, workflow commands of GitHub, or SARIF; or in this format"},
    {"tool", 0, "TOOL", "migrations.format", OPTION_ONCE, "whose folder it is"},
    {"table", 0, "NAME", "migrations.table", OPTION_ONCE,
     "the table that says what was applied"},
    {.name = NULL},
};

/* -- options: rehearse -- */
static const struct option rehearse_options[] = {
    {"shadow", 0, "CONNINFO", "migrations.shadow", OPTION_LOCAL,
     "rehearse on a copy of this staging database"},
    {"from-backup", 0, NULL, NULL, OPTION_ONCE, "rehearse on the newest backup, restored"},
    {"repo", 0, "DIR", "backup.repo", OPTION_LOCAL, "the repository of that backup"},
    {"rows", 0, "N", "migrations.rows", OPTION_ONCE, "make up so many rows for each table"},
    {"scratch", 0, "DIR", "backup.scratch", OPTION_LOCAL,
     "where a throw-away server has its files"},
    {"bindir", 0, "DIR", "backup.bindir", OPTION_LOCAL, "where PostgreSQL's own programs are"},
    {"tool", 0, "TOOL", "migrations.format", OPTION_ONCE, "whose folder it is"},
    {"table", 0, "NAME", "migrations.table", OPTION_ONCE,
     "the table that says what was applied"},
    {.name = NULL},
};

/* -- options: apply -- */
#define APPLY_LIMITS                                                                           \
    {                                                                                          \
        "force", 0,     "REASON",                                                              \
        NULL,    false, "go without rehearsal and backup; the reason is kept"},                \
        {"max-hold", 0,                                                                        \
         "DURATION", "migrations.max_hold",                                                    \
         false,      "how long a strong lock may be held"},                                    \
        {"max-wait", 0,                                                                        \
         "DURATION", "migrations.max_wait",                                                    \
         false,      "how long anybody may wait for it"},                                      \
        {"lock-timeout", 0,                                                                    \
         "DURATION",     "migrations.lock_timeout",                                            \
         false,          "how long it waits for a lock"},                                      \
        {"retries", 0,                                                                         \
         "N",       "migrations.retries",                                                      \
         false,     "how often a file is tried again that did not get its locks"},             \
        {"lock-wait", 0,                                                                       \
         "DURATION",  "migrations.lock_wait",                                                  \
         false,       "how long to wait for another run"},                                     \
        {"tool", 0, "TOOL", "migrations.format", OPTION_ONCE, "whose folder it is"},           \
    {                                                                                          \
        "table", 0, "NAME", "migrations.table", false, "the table that says what was applied"  \
    }

static const struct option apply_options[] = {
    {"to", 0, "VERSION", NULL, OPTION_ONCE, "stop after this one"},
    APPLY_LIMITS,
    {.name = NULL},
};

static const struct option revert_options[] = {
    {"to", 0, "VERSION", NULL, OPTION_ONCE,
     "take back all that came after this one; 0: all there are. Without it: the newest alone"},
    APPLY_LIMITS,
    {.name = NULL},
};

/* -- options: checklist -- */
static const struct option checklist_options[] = {
    {"tool", 0, "TOOL", "migrations.format", OPTION_ONCE, "whose folder it is"},
    {"table", 0, "NAME", "migrations.table", OPTION_ONCE,
     "the table that says what was applied"},
    {.name = NULL},
};
static const struct option capture_options[] = {
    {"dir", 0, "DIR", "migrations.dir", OPTION_LOCAL, "write the files into this folder"},
    {"name", 0, "NAME", NULL, OPTION_ONCE, "name of the migration (default: capture)"},
    {"bindir", 0, "DIR", "backup.bindir", OPTION_LOCAL, "where PostgreSQL's own programs are"},
    {"scratch", 0, "DIR", "backup.scratch", OPTION_LOCAL,
     "a folder for the throw-away server's files"},
    {"variable", 0, "NAME", NULL, OPTION_REPEATS,
     "give the database's URL to the program in this variable too"},
    {"tool", 0, "TOOL", "migrations.format", OPTION_ONCE, "whose folder it is"},
    {"table", 0, "NAME", "migrations.table", OPTION_ONCE,
     "the table that says what was applied"},
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
            "the other tools by the text that pgrunbook applied, or that the file had when it "
            "was first seen applied.\n\n"
            "What is wrong with the files, by their tool's own rules, is listed below. Exit "
            "code "
            "1: something is wrong with them, or dirty, changed, out of order, interrupted, or "
            "applied without a file. What is only pending is no fault.",
        .examples = "pgrunbook migrations status db/migrations insightengine\n"
                    "pgrunbook migrations status --target shop --json",
        .options = status_options,
        .flags = COMMAND_NEEDS_SERVER | COMMAND_RECORDS | COMMAND_LOCAL_WORDS,
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
        .flags = COMMAND_NEEDS_SERVER | COMMAND_LOCAL_WORDS,
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
            "strong lock for longer than migrations.max_hold; 4 when a file is none that its "
            "tool "
            "could read.",
        .examples = "pgrunbook migrations rehearse migrations insightengine\n"
                    "pgrunbook migrations rehearse --rows 1000000 migrations insightengine\n"
                    "pgrunbook migrations rehearse --shadow \"host=staging\" migrations shop",
        .options = rehearse_options,
        .flags = COMMAND_NEEDS_SERVER | COMMAND_RECORDS | COMMAND_LOCAL,
        .run = migrations_rehearse_command,
    },

    /* -- apply -- */
    {
        .verb = "apply",
        .arguments = "[DIR]",
        .summary = "Apply what is pending, guarded and bounded",
        .prose =
            "Each file is one transaction, the version table's row included, or exactly one "
            "statement that the server takes outside of a transaction only. First the gate: "
            "rehearsed, with this text and on this schema; a backup that was restored by a "
            "drill, or a fresh one; no long transaction and no vacuum against wraparound on "
            "its "
            "tables. --force REASON goes without the first two.\n\n"
            "While it runs a second connection looks ten times a second which relations it "
            "keeps "
            "from others and who waits for it, and cancels it after max_hold and max_wait; and "
            "when that connection itself is lost. A lock that is not to be had within "
            "lock_timeout puts the whole file off, with growing pauses. CONCURRENTLY has no "
            "lock_timeout: what it builds is proved to be valid, and what a try leaves invalid "
            "is dropped. Afterwards what has lost its statistics is analyzed.\n\n"
            "A run that was killed is gone on with by the next.",
        .examples = "pgrunbook migrations apply migrations --dry-run insightengine\n"
                    "pgrunbook migrations apply migrations --yes --max-hold 2s insightengine\n"
                    "pgrunbook migrations apply migrations --to 7 --force \"hotfix 812\" shop",
        .options = apply_options,
        .flags = COMMAND_NEEDS_SERVER | COMMAND_WRITES | COMMAND_LOCAL,
        .run = migrations_apply_command,
    },
    {
        .verb = "revert",
        .arguments = "[DIR]",
        .summary = "Take migrations back, guarded and bounded as apply is",
        .prose =
            "Runs the down script of the newest migration, or of all that came after the "
            "version that --to names, newest first. One without a down script, or declared "
            "irreversible, is refused before anything is done.",
        .examples = "pgrunbook migrations revert migrations --dry-run insightengine\n"
                    "pgrunbook migrations revert migrations --yes --to 20240102 insightengine",
        .options = revert_options,
        .flags = COMMAND_NEEDS_SERVER | COMMAND_WRITES | COMMAND_LOCAL,
        .run = migrations_revert_command,
    },

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
        .examples = "pgrunbook migrations capture shop --dir migrations -- ./app migrate\n"
                    "pgrunbook migrations capture shop --variable DB_DSN -- go run ./migrate",
        .options = capture_options,
        .flags = COMMAND_NEEDS_SERVER | COMMAND_LOCAL,
        .run = migrations_capture_command,
    },
    {
        .verb = "trace",
        .arguments = "FILE",
        .summary = "Measure one script on a database, and roll it back",
        .prose = "What rehearse measures on a shadow, on the database itself and without a "
                 "record: for bench/lint.",
        .flags = COMMAND_NEEDS_SERVER | COMMAND_HIDDEN | COMMAND_LOCAL,
        .run = migrations_trace_command,
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
        .flags = COMMAND_NEEDS_SERVER | COMMAND_RECORDS | COMMAND_LOCAL_WORDS,
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
    .metrics = migrations_metrics,
    .measure = migrations_measure,
    .needs = "dir",
};
