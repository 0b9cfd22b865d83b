/*
 * The catalogue. Of what scans or rewrites the severity is "error", of what only takes a strong
 * lock or takes something away "warning", of what is short and worth knowing "note".
 */
#include "lint/lint_rules.h"

#include "units/units.h"

#include <string.h>

#define WORK(rule_idle) .severity = LINT_ERROR, .idle = (rule_idle), .about_work = true
#define FAILS           .severity = LINT_ERROR
#define WARNS           .severity = LINT_WARNING
#define NOTES           .severity = LINT_NOTE

const struct lint_rule lint_rules[] = {
    /* ---- columns ---- */
    {"add-column-volatile-default", WORK(LINT_NOTE),
     .title = "ADD COLUMN with a volatile default writes the table anew",
     .prose = "A default that differs from row to row (random(), clock_timestamp(), "
              "gen_random_uuid(), nextval) cannot be kept in the catalog: the table and all of "
              "its indexes are rewritten under ACCESS EXCLUSIVE. Constants, and now(), are "
              "kept there and cost nothing."},
    {"add-column-serial", WORK(LINT_NOTE), .title = "ADD COLUMN serial writes the table anew",
     .prose = "serial is nextval() as a default, and nextval is volatile."},
    {"add-column-identity", WORK(LINT_NOTE),
     .title = "ADD COLUMN GENERATED AS IDENTITY writes the table anew",
     .prose = "Each row gets its number while nobody can read the table. Add the column "
              "without it, number the rows in batches, and make it an identity afterwards."},
    {"add-column-stored", WORK(LINT_NOTE),
     .title = "ADD COLUMN GENERATED … STORED writes the table anew",
     .prose = "From PostgreSQL 18 on a VIRTUAL column costs nothing; before that a plain "
              "column, a trigger that fills it, and batches for the rows that are there."},
    {"add-column-domain", WORK(LINT_NOTE),
     .title = "ADD COLUMN of a domain with constraints writes the table anew",
     .prose = "The server does not trust the default to satisfy the domain and writes each "
              "row. Use the domain's base type and a CHECK that is validated later."},
    {"add-column-check", WORK(LINT_NOTE), .title = "ADD COLUMN … CHECK scans the table",
     .prose = "Even where the column is NULL everywhere. Add the column alone, then the CHECK "
              "NOT VALID, and validate it in the next migration."},
    {"add-column-unique", WORK(LINT_NOTE),
     .title = "ADD COLUMN … UNIQUE builds an index under ACCESS EXCLUSIVE",
     .prose = "Add the column, build the index CONCURRENTLY, and make it a constraint with "
              "USING INDEX."},
    {"add-column-references", WORK(LINT_NOTE),
     .title = "ADD COLUMN … REFERENCES with a default scans both tables",
     .prose = "Without a default nothing is scanned, but both tables are locked at once."},
    {"add-column-not-null", WARNS,
     .title = "ADD COLUMN … NOT NULL without a default fails where there are rows",
     .prose = "And an INSERT of the program that still runs, which does not know the column, "
              "fails too. Give it a default that is not volatile, or add it nullable first."},
    {"set-not-null", WORK(LINT_NOTE), .title = "SET NOT NULL scans the table",
     .prose = "Under ACCESS EXCLUSIVE, unless a valid CHECK (column IS NOT NULL) proves it. "
              "From PostgreSQL 18 on NOT NULL itself can be added NOT VALID."},
    {"add-not-null", WORK(LINT_NOTE), .title = "ADD CONSTRAINT … NOT NULL scans the table",
     .prose = "PostgreSQL 18: add it NOT VALID, and validate it in the next migration."},
    {"drop-not-null", WARNS, .up_only = true, .title = "DROP NOT NULL lets NULLs in",
     .prose = "A program that still runs may read NULL where it never had to expect one."},
    {"alter-column-type", WORK(LINT_NOTE),
     .title = "ALTER COLUMN … TYPE writes the table anew, or scans it",
     .prose = "Unless old and new type share their stored form: a longer varchar, varchar to "
              "text, a larger precision of numeric at the same scale. Another collation "
              "rebuilds the indexes. The column's statistics are lost in every case: ANALYZE "
              "afterwards."},
    {"used-column", FAILS,
     .title = "A column that a view, trigger or policy uses stays as it is",
     .prose =
         "The server refuses to change the type of a column that a view, a rule, a policy, a "
         "trigger or a generated column names, or to drop it. Drop what uses it first, in the "
         "same migration, and make it again afterwards. It is known with a server only."},
    {"set-expression", WORK(LINT_NOTE), .title = "SET EXPRESSION writes the table anew",
     .prose = "PostgreSQL 17: each row is computed again under ACCESS EXCLUSIVE."},
    {"drop-column", WARNS, .up_only = true, .title = "DROP COLUMN takes its data away",
     .prose = "A program that still runs and names the column fails from that moment. Deploy "
              "the program without it first; a down script does not bring the data back."},
    {"rename-column", WARNS, .up_only = true,
     .title = "RENAME COLUMN breaks the program that still runs",
     .prose = "There is no moment at which old and new program both work. Add the new column, "
              "write both, and drop the old one later."},
    {"json-type", WARNS, .title = "json has no equality",
     .prose = "SELECT DISTINCT, GROUP BY and UNION on such rows fail. Use jsonb."},

    /* ---- constraints ---- */
    {"add-check", WORK(LINT_NOTE), .title = "ADD CHECK scans the table",
     .prose = "Under ACCESS EXCLUSIVE. NOT VALID takes the lock for a moment; VALIDATE in "
              "another transaction scans under SHARE UPDATE EXCLUSIVE, which blocks neither "
              "reads nor writes."},
    {"add-foreign-key", WORK(LINT_NOTE), .title = "ADD FOREIGN KEY scans both tables",
     .prose = "Under SHARE ROW EXCLUSIVE on both: writes wait. NOT VALID takes the locks for a "
              "moment; VALIDATE in another transaction lets writes pass."},
    {"validate-in-same-transaction", FAILS,
     .title = "NOT VALID and VALIDATE in one transaction",
     .prose = "The strong lock of the first is kept while the second scans: nothing was won. "
              "They belong into two migrations."},
    {"add-unique", WORK(LINT_NOTE),
     .title = "ADD UNIQUE builds an index under ACCESS EXCLUSIVE",
     .prose = "CREATE UNIQUE INDEX CONCURRENTLY first, in a migration of its own; then UNIQUE "
              "USING INDEX, which only changes the catalog."},
    {"add-primary-key", WORK(LINT_NOTE),
     .title = "ADD PRIMARY KEY builds an index under ACCESS EXCLUSIVE",
     .prose = "The columns become NOT NULL first, then the index is built CONCURRENTLY, then "
              "PRIMARY KEY USING INDEX."},
    {"primary-key-nullable", WORK(LINT_NOTE),
     .title = "PRIMARY KEY USING INDEX on a nullable column scans the table",
     .prose = "The column becomes NOT NULL on the way, which scans. Prove it with a CHECK "
              "first."},
    {"add-exclusion", WORK(LINT_NOTE),
     .title = "ADD EXCLUDE builds an index under ACCESS EXCLUSIVE",
     .prose = "There is no way around it: neither CONCURRENTLY nor USING INDEX is possible. "
              "Take a quiet hour, or a new table."},
    {"alter-constraint-enforced", WORK(LINT_NOTE),
     .title = "ALTER CONSTRAINT … ENFORCED scans both tables",
     .prose = "PostgreSQL 18. Drop it, add it NOT VALID and validate it instead."},
    {"drop-foreign-key", WARNS,
     .title = "dropping a foreign key locks the referenced table as well",
     .prose = "ACCESS EXCLUSIVE on both tables: short, but behind any long query on either "
              "everybody queues. A transaction of its own, lock_timeout, and retry."},
    {"foreign-key-without-index", WARNS,
     .title = "a foreign key whose columns no index begins with",
     .prose = "Each DELETE on the referenced table, and each UPDATE of its key, will scan this "
              "one."},
    {"alter-domain", WORK(LINT_NOTE), .title = "ALTER DOMAIN scans all tables that use it",
     .prose = "Under SHARE on each of them. ADD CONSTRAINT … NOT VALID locks no table; "
              "VALIDATE comes in the next migration."},

    /* ---- indexes ---- */
    {"create-index", WORK(LINT_NOTE), .title = "CREATE INDEX without CONCURRENTLY",
     .prose = "SHARE on the table while it is built: writes wait. CONCURRENTLY needs a "
              "migration of its own, without a transaction. On a partitioned table: ON ONLY "
              "the parent, then CONCURRENTLY on each partition, then ATTACH PARTITION."},
    {"drop-index", WARNS, .title = "DROP INDEX without CONCURRENTLY",
     .prose =
         "ACCESS EXCLUSIVE on the table, short; but it waits for every query on the table, "
         "and all others wait behind it."},
    {"reindex", WORK(LINT_NOTE), .title = "REINDEX without CONCURRENTLY",
     .prose = "SHARE on the table and ACCESS EXCLUSIVE on the index, which every query on the "
              "table needs. `pgrunbook indexes rebuild` does it CONCURRENTLY."},
    {"concurrently-in-transaction", FAILS, .title = "CONCURRENTLY in a transaction fails",
     .prose = "It has to be the only statement of a migration without a transaction."},
    {"concurrently-partitioned", FAILS,
     .title = "CREATE INDEX CONCURRENTLY on a partitioned table fails",
     .prose = "ON ONLY the parent, then CONCURRENTLY on each partition, then ALTER INDEX … "
              "ATTACH PARTITION."},
    {"concurrently-if-not-exists", WARNS,
     .title = "CONCURRENTLY IF NOT EXISTS accepts an invalid index",
     .prose = "A build that was cancelled leaves an INVALID index of that name, and the next "
              "try succeeds without building. Drop it before, as `migrations apply` does."},
    {"concurrent-index-corruption", WARNS,
     .title = "CONCURRENTLY can corrupt indexes on 14.0 to 14.3",
     .prose = "Update the server to 14.4 or later first, and check what was built with "
              "amcheck."},

    /* ---- partitions ---- */
    {"attach-partition", WORK(LINT_NOTE), .title = "ATTACH PARTITION scans the new partition",
     .prose = "Under ACCESS EXCLUSIVE on it. A valid CHECK that says what the bound says, NOT "
              "NULL included, spares the scan; an index that is missing on it is built."},
    {"attach-default-scan", WORK(LINT_NOTE), .title = "a new partition scans the default one",
     .prose = "Under ACCESS EXCLUSIVE on the default partition, for rows that belong into the "
              "new one. A valid CHECK on it that excludes the new bound spares the scan."},
    {"partition-of", WORK(LINT_WARNING),
     .title = "CREATE TABLE … PARTITION OF takes ACCESS EXCLUSIVE on the parent",
     .prose = "CREATE TABLE (LIKE parent) and ATTACH PARTITION takes SHARE UPDATE EXCLUSIVE "
              "instead, which lets queries pass."},
    {"detach-partition", WARNS, .title = "DETACH PARTITION without CONCURRENTLY",
     .prose = "ACCESS EXCLUSIVE on the parent. CONCURRENTLY needs a migration of its own, "
              "without a transaction, and there may be no default partition."},

    /* ---- whole tables ---- */
    {"vacuum-full", WORK(LINT_ERROR), .title = "VACUUM FULL writes the table anew",
     .prose = "`pgrunbook bloat reclaim` gives the space back by the least harmful means."},
    {"cluster", WORK(LINT_ERROR), .title = "CLUSTER writes the table anew",
     .prose = "pg_repack with an order does it while the table is used; from PostgreSQL 19 on "
              "REPACK (CONCURRENTLY)."},
    {"refresh-materialized-view", WORK(LINT_WARNING),
     .title = "REFRESH MATERIALIZED VIEW without CONCURRENTLY",
     .prose = "Nobody reads the view meanwhile. CONCURRENTLY needs a unique index on it, and "
              "may run in a transaction."},
    {"set-logged", WORK(LINT_NOTE), .title = "SET LOGGED and SET UNLOGGED write the table anew",
     .prose = "There is no way around it on the same table."},
    {"set-tablespace", WORK(LINT_NOTE), .title = "SET TABLESPACE copies the table",
     .prose = "Under ACCESS EXCLUSIVE. pg_repack moves a table while it is used."},
    {"set-access-method", WORK(LINT_NOTE), .title = "SET ACCESS METHOD writes the table anew",
     .prose = "PostgreSQL 15 and later; under ACCESS EXCLUSIVE."},
    {"truncate", WARNS, .title = "TRUNCATE takes all rows away",
     .prose = "ACCESS EXCLUSIVE on the table, and with CASCADE on every table that references "
              "it. No down script brings the rows back."},
    {"drop-table", WARNS, .up_only = true, .title = "DROP TABLE takes its data away",
     .prose = "Deploy the program without it first; rename it, and drop it when nobody has "
              "missed it."},
    {"drop-table-referenced", WARNS,
     .title = "dropping a table locks the tables its foreign keys reference",
     .prose = "ACCESS EXCLUSIVE on them too, short. Drop the foreign keys first, each in a "
              "transaction of its own."},
    {"drop-schema", WARNS, .up_only = true, .title = "DROP SCHEMA takes all in it away",
     .prose = "With CASCADE, everything that depends on it, locked at once."},
    {"drop-database", WARNS, .title = "DROP DATABASE takes everything away",
     .prose = "It does not belong into a migration."},
    {"drop-cascade", WARNS, .title = "CASCADE drops what the script does not name",
     .prose = "Views, foreign keys and functions of others go as well, each under ACCESS "
              "EXCLUSIVE. Name them."},
    {"rename-table", WARNS, .up_only = true,
     .title = "renaming a table breaks the program that still runs",
     .prose = "A view of the old name in the same transaction keeps it alive."},
    {"access-exclusive", WORK(LINT_NOTE), .title = "the whole table is locked",
     .prose = "ACCESS EXCLUSIVE waits for every query on the table, and all others wait behind "
              "it: lock_timeout and retry, and nothing long under it."},
    {"blocking-work", WORK(LINT_NOTE), .title = "scans or rewrites while others wait",
     .prose = "For as long as it takes nobody writes the table, or nobody uses it at all."},

    /* ---- transactions ---- */
    {"lock-timeout", NOTES, .title = "a strong lock without lock_timeout",
     .prose = "While it waits behind one long query, everybody else waits behind it. "
              "`migrations apply` sets one and tries again; with another tool say SET LOCAL "
              "lock_timeout in the script."},
    {"work-under-lock", FAILS, .title = "scans while a strong lock of before is held",
     .prose = "A lock is kept until the transaction ends: what comes after it in the script "
              "counts as well. Long work belongs into a migration of its own."},
    {"several-scans", NOTES, .title = "the same table is scanned several times",
     .prose = "Sub-commands of one ALTER TABLE share one scan."},
    {"not-in-transaction", FAILS, .title = "the statement cannot run in a transaction",
     .prose = "Make it the only statement of a migration without a transaction."},
    {"several-without-transaction", WARNS, .title = "several statements without a transaction",
     .prose = "When the second fails the first stays. A migration is either one transaction, "
              "or exactly one statement that needs none and can be repeated."},
    {"transaction-control", WARNS, .title = "BEGIN, COMMIT or ROLLBACK in the script",
     .prose = "The tool's own transaction ends there, and what comes behind runs without one."},
    {"enum-value-used", FAILS, .title = "a new enum value is used in its own transaction",
     .prose = "The server refuses that: unsafe use of new value."},

    /* ---- rows ---- */
    {"update-without-where", WARNS, .title = "UPDATE of all rows",
     .prose = "All row locks are kept until the end, every row is written twice. Do it in "
              "batches, outside the migration."},
    {"delete-without-where", WARNS, .title = "DELETE of all rows",
     .prose = "In batches, outside the migration; or TRUNCATE, knowingly."},

    /* ---- what cannot be judged ---- */
    {"not-analysed", WARNS, .title = "a statement that could not be analysed",
     .prose = "The parser is that of PostgreSQL 15. What it does not know is not clean but "
              "unknown: rehearse it."},
    {"dynamic-sql", WARNS, .title = "statements that are made at run time",
     .prose = "What a DO block or a function executes is known to nobody before: rehearse it."},

    /* ---- comments ---- */
    {"ignore-unused", WARNS, .title = "an ignore comment that ignores nothing",
     .prose = "What it was for has gone. Remove it, before it hides something new."},
    {"ignore-expired", WARNS, .title = "an ignore comment whose time is over",
     .prose = "What it ignored counts again."},
    {"ignore-unknown-rule", WARNS, .title = "an ignore comment for a rule that does not exist",
     .prose = "`pgrunbook migrations rules` lists them."},
    {"ignore-without-reason", WARNS, .title = "an ignore comment without a reason",
     .prose = "-- pgrunbook:ignore RULE: why this is all right here. Without it nothing is "
              "ignored."},
    {"ignore-malformed", WARNS, .title = "an ignore comment that cannot be read",
     .prose = "-- pgrunbook:ignore RULE[, RULE] [until=YYYY-MM-DD]: REASON"},

    /* ---- folders ---- */
    {"duplicate-version", FAILS, .title = "two migrations of one version",
     .prose = "The tool stops, or applies one of them and never the other."},
    {"no-migrations", WARNS, .title = "a folder without a migration",
     .prose = "A wrong path, or another tool's folder: --tool says whose it is."},
    {"gap", WARNS, .title = "a number is left out",
     .prose =
         "A file that did not come along is applied later than those behind it, or never."},
    {"empty", WARNS, .title = "a migration without a statement",
     .prose = "A down script may say in a comment why it is empty: -- irreversible: REASON."},
    {"name", WARNS, .title = "a file the tool passes over",
     .prose = "Its name is not one that the tool takes."},
    {"down-without-up", FAILS, .title = "a down script without its up script",
     .prose = "It takes back what was never done."},
    {"go-migration", WARNS, .title = "a migration that is written in Go",
     .prose = "What it does is not known here."},
    {"byte-order-mark", FAILS, .title = "a byte order mark in front of the script",
     .prose = "The server takes it for a syntax error."},
    {"encoding", FAILS, .title = "bytes that are no UTF-8",
     .prose = "The server refuses them, or keeps something else than was meant."},
    {"meta-command", FAILS, .title = "a command of psql",
     .prose = "No server knows it: only psql runs such a script."},
    {"copy-data", FAILS, .title = "data lines of COPY",
     .prose = "Only psql sends them: use INSERT."},
    {"unterminated", FAILS, .title = "a quote or a comment that does not end",
     .prose = "All that follows is part of it."},
    {"goose-annotation", FAILS, .title = "an annotation that goose does not take",
     .prose = "It stands where it may not, or begins with a blank."},
    {"goose-envsub", WARNS, .title = "goose puts variables of the environment into the script",
     .prose = "What is sent is not what is written here."},
    {"goose-split", FAILS, .title = "goose cuts the script elsewhere",
     .prose = "It ends a statement with the line that ends in a semicolon, within quotes as "
              "well: StatementBegin and StatementEnd."},
    {"goose-unfinished", FAILS, .title = "a statement that goose does not find the end of",
     .prose = "No line of it ends in a semicolon."},
    {"dbmate-sections", FAILS, .title = "sections that dbmate does not take",
     .prose = "-- migrate:up first, then -- migrate:down."},
    {"sql-migrate-annotation", FAILS, .title = "an annotation that sql-migrate does not take",
     .prose = "-- +migrate Up first, then -- +migrate Down."},
    {"sql-migrate-split", FAILS, .title = "sql-migrate cuts the script elsewhere",
     .prose = "It ends a statement with the line that ends in a semicolon: StatementBegin and "
              "StatementEnd."},
    {"sql-migrate-unfinished", FAILS,
     .title = "a statement that sql-migrate does not find the end of",
     .prose = "No line of it ends in a semicolon."},
    {"flyway-placeholder", FAILS, .title = "a placeholder that flyway wants a value for",
     .prose = "${NAME} is replaced before the script is sent."},
    {"folder", WARNS, .title = "something about the folder",
     .prose = "What the tool would do otherwise than a reader of the folder expects."},
    {.id = NULL},
};

const char *lint_severity_name(enum lint_severity severity)
{
    static const char *const names[] = {"note", "warning", "error"};

    return names[severity];
}

const struct lint_rule *lint_rule_find(const char *id)
{
    for (const struct lint_rule *rule = lint_rules; rule->id != NULL; rule++)
        if (strcmp(rule->id, id) == 0)
            return rule;
    return NULL;
}

const struct lint_rule *lint_rule(const char *id)
{
    const struct lint_rule *rule = lint_rule_find(id);

    g_assert(rule != NULL);
    return rule;
}

const char *lint_rule_nearest(const char *id)
{
    const char *ids[G_N_ELEMENTS(lint_rules)];

    for (gsize i = 0; i < G_N_ELEMENTS(lint_rules); i++)
        ids[i] = lint_rules[i].id;
    return units_nearest(id, ids);
}
