#include "lint/lint_fixture.h"
#include "lint/lint_memo.h"
#include "lint/lint_private.h"

static void finds_at(int version, const char *const *texts, const char *expected)
{
    AUTO(linted) linted = lint_texts(version, texts);
    g_autofree char *found = lint_said(linted);

    g_assert_cmpstr(found, ==, expected);
}

static void finds(const char *sql, const char *expected)
{
    finds_at(17, (const char *const[]){"1_a.up.sql", sql, NULL}, expected);
}

static void rewrites(int version, const char *sql, const char *rule, const char *expected)
{
    AUTO(linted) linted = lint_texts(version, (const char *const[]){"1_a.up.sql", sql, NULL});
    const struct lint_finding *finding = lint_first(linted, rule);

    g_assert_nonnull(finding);
    g_assert_cmpstr(finding->safe_rewrite, ==, expected);
}

/* ---- what is found ----------------------------------------------------------------------- */

static void test_severity(void)
{
    finds("CREATE INDEX i ON t (a)", "create-index 1_a.up.sql:1");
    finds("ALTER TABLE t ADD COLUMN a int DEFAULT 1", "");
    finds("ALTER TABLE t ADD COLUMN a int;\n\nALTER TABLE t ALTER b SET NOT NULL;",
          "set-not-null 1_a.up.sql:3");
    finds("CREATE TABLE t (a int); CREATE INDEX i ON t (a)", "");
    finds("SELECT 1 +", "not-analysed 1_a.up.sql:1");
}

/* What one file makes is there for all when the next one runs. */
static void test_two_files(void)
{
    finds_at(17,
             (const char *const[]){"1_a.up.sql", "CREATE TABLE t (a int)", "2_b.up.sql",
                                   "CREATE INDEX i ON t (a)", NULL},
             "create-index 2_b.up.sql:1");
}

/* Down scripts take things away: that is what they are for. They run from the last to the
 * first. */
static void test_down(void)
{
    finds_at(17,
             (const char *const[]){"1_a.up.sql", "CREATE TABLE t (a int)", "1_a.down.sql",
                                   "DROP TABLE t", "2_b.up.sql", "ALTER TABLE t ADD b int",
                                   "2_b.down.sql", "ALTER TABLE t DROP b", NULL},
             "");
    finds("ALTER TABLE t DROP COLUMN b", "drop-column 1_a.up.sql:1");
}

/* ---- several statements ------------------------------------------------------------------ */

static void test_work_under_lock(void)
{
    finds("ALTER TABLE t ADD COLUMN a int;\nUPDATE t SET a = 1;",
          "update-without-where 1_a.up.sql:2, work-under-lock 1_a.up.sql:2");
    finds("ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID;\n"
          "ALTER TABLE t VALIDATE CONSTRAINT c;",
          "validate-in-same-transaction 1_a.up.sql:2");
    finds("BEGIN;\nALTER TABLE t ADD COLUMN a int;\nCOMMIT;\nBEGIN;\n"
          "ALTER TABLE t VALIDATE CONSTRAINT c;\nCOMMIT;",
          "");
}

static void test_without_transaction(void)
{
    finds("CREATE INDEX CONCURRENTLY i ON t (a)", "");
    finds("CREATE INDEX CONCURRENTLY i ON t (a);\nCREATE INDEX CONCURRENTLY j ON t (b);",
          "concurrently-in-transaction 1_a.up.sql:1, "
          "concurrently-in-transaction 1_a.up.sql:2");
    finds_at(17,
             (const char *const[]){"1_a.sql",
                                   "-- +goose NO TRANSACTION\n-- +goose Up\n"
                                   "CREATE INDEX CONCURRENTLY i ON t (a);\n"
                                   "CREATE INDEX CONCURRENTLY j ON t (b);\n",
                                   NULL},
             "several-without-transaction 1_a.sql:4");
}

static void test_lock_timeout(void)
{
    AUTO(linted)
    without = lint_texts(17, (const char *const[]){"1_a.up.sql", "DROP TABLE t", NULL});
    AUTO(linted)
    with =
        lint_texts(17, (const char *const[]){
                           "1_a.up.sql", "SET LOCAL lock_timeout = '2s'; DROP TABLE t", NULL});

    g_assert_nonnull(lint_first(without, "lock-timeout"));
    g_assert_null(lint_first(with, "lock-timeout"));
}

/* ---- comments ---------------------------------------------------------------------------- */

static void test_ignore(void)
{
    finds("-- pgrunbook:ignore create-index: small\nCREATE INDEX i ON t (a);",
          "(ignored) create-index 1_a.up.sql:2");
    finds("CREATE INDEX i ON t (a); -- pgrunbook:ignore create-index: small\n"
          "CREATE INDEX j ON t (b);",
          "(ignored) create-index 1_a.up.sql:1, create-index 1_a.up.sql:2");
    finds("CREATE INDEX i /* pgrunbook:ignore create-index: small */ ON t (a);",
          "(ignored) create-index 1_a.up.sql:1");
    finds("-- pgrunbook:ignore-file create-index: small\nSELECT 1;\nCREATE INDEX i ON t (a);",
          "(ignored) create-index 1_a.up.sql:3");
    finds("-- pgrunbook:ignore create-index until=2026-11-26: today still\n"
          "CREATE INDEX i ON t (a);",
          "(ignored) create-index 1_a.up.sql:2");
}

static void test_ignore_findings(void)
{
    finds("-- pgrunbook:ignore create-index: gone\nSELECT 1;", "ignore-unused 1_a.up.sql:1");
    finds("SELECT 1;\n-- pgrunbook:ignore create-index: gone\n", "ignore-unused 1_a.up.sql:2");
    finds("-- pgrunbook:ignore create-index until=2026-11-25: over\nCREATE INDEX i ON t (a);",
          "ignore-expired 1_a.up.sql:1, create-index 1_a.up.sql:2");
    finds("-- pgrunbook:ignore create-indx: typo\nCREATE INDEX i ON t (a);",
          "ignore-unknown-rule 1_a.up.sql:1, create-index 1_a.up.sql:2");
    finds("-- pgrunbook:ignore create-index\nCREATE INDEX i ON t (a);",
          "ignore-without-reason 1_a.up.sql:1, create-index 1_a.up.sql:2");
    finds("-- pgrunbook:ignore a;b: c\nCREATE INDEX i ON t (a);",
          "ignore-malformed 1_a.up.sql:1, create-index 1_a.up.sql:2");
}

/* ---- what to write instead --------------------------------------------------------------- */

static void test_rewrite_constraints(void)
{
    rewrites(
        17, "ALTER TABLE shop.t ADD FOREIGN KEY (a) REFERENCES o", "add-foreign-key",
        "ALTER TABLE shop.t ADD CONSTRAINT t_a_fkey FOREIGN KEY (a) REFERENCES o NOT VALID;\n"
        "-- in the next migration:\n"
        "ALTER TABLE shop.t VALIDATE CONSTRAINT t_a_fkey;");
    rewrites(17, "ALTER TABLE t ADD CONSTRAINT \"C\" CHECK (a > 0)", "add-check",
             "ALTER TABLE t ADD CONSTRAINT \"C\" CHECK (a > 0) NOT VALID;\n"
             "-- in the next migration:\n"
             "ALTER TABLE t VALIDATE CONSTRAINT \"C\";");
    rewrites(17, "ALTER TABLE t ADD CONSTRAINT u UNIQUE (a, \"Order\")", "add-unique",
             "-- alone in a migration without a transaction:\n"
             "CREATE UNIQUE INDEX CONCURRENTLY u ON t (a, \"Order\");\n"
             "-- in the next migration:\n"
             "ALTER TABLE t ADD CONSTRAINT u UNIQUE USING INDEX u;");
}

static void test_rewrite_by_version(void)
{
    rewrites(17, "ALTER TABLE t ALTER a SET NOT NULL", "set-not-null",
             "ALTER TABLE t ADD CONSTRAINT t_a_not_null CHECK (a IS NOT NULL) NOT VALID;\n"
             "-- in the next migration:\n"
             "ALTER TABLE t VALIDATE CONSTRAINT t_a_not_null;\n"
             "ALTER TABLE t ALTER COLUMN a SET NOT NULL;\n"
             "ALTER TABLE t DROP CONSTRAINT t_a_not_null;");
    rewrites(18, "ALTER TABLE t ADD CONSTRAINT nn NOT NULL a NOT VALID", "add-not-null", NULL);
    rewrites(
        17, "ALTER TABLE t ALTER a TYPE bigint", "alter-column-type",
        "ALTER TABLE t ADD COLUMN a_new bigint;\n"
        "-- keep it equal by a trigger and fill it in batches, outside the migration; then:\n"
        "-- what hangs on the old column goes with it, make it again on the new one: NOT NULL, "
        "default, indexes, constraints, views\n"
        "ALTER TABLE t DROP COLUMN a;\n"
        "ALTER TABLE t RENAME COLUMN a_new TO a;");
    rewrites(18, "ALTER TABLE t ALTER a SET NOT NULL", "set-not-null",
             "ALTER TABLE t ADD CONSTRAINT t_a_not_null NOT NULL a NOT VALID;\n"
             "-- in the next migration:\n"
             "ALTER TABLE t VALIDATE CONSTRAINT t_a_not_null;");
    rewrites(18, "ALTER TABLE t ADD a int GENERATED ALWAYS AS (b * 2) STORED",
             "add-column-stored",
             "ALTER TABLE t ADD COLUMN a int GENERATED ALWAYS AS (b * 2) VIRTUAL;");
}

static void test_rewrite_columns(void)
{
    rewrites(17, "ALTER TABLE t ADD COLUMN a uuid NOT NULL DEFAULT gen_random_uuid()",
             "add-column-volatile-default",
             "ALTER TABLE t ADD COLUMN a uuid;\n"
             "ALTER TABLE t ALTER COLUMN a SET DEFAULT gen_random_uuid();\n"
             "-- then, in batches and outside the migration, the rows that were there:\n"
             "--   UPDATE t SET a = DEFAULT WHERE a IS NULL AND …");
    rewrites(17, "ALTER TABLE t ADD COLUMN a int CHECK (a > 0)", "add-column-check",
             "ALTER TABLE t ADD COLUMN a int;\n"
             "ALTER TABLE t ADD CONSTRAINT t_a_check CHECK (a > 0) NOT VALID;\n"
             "-- in the next migration:\n"
             "ALTER TABLE t VALIDATE CONSTRAINT t_a_check;");
}

static void test_rewrite_indexes(void)
{
    rewrites(17, "CREATE INDEX i ON t (lower(a)) WHERE b", "create-index",
             "-- alone in a migration without a transaction:\n"
             "CREATE INDEX CONCURRENTLY i ON t (lower(a)) WHERE b;");
    rewrites(17, "CREATE UNIQUE INDEX \"Foo Bar\" ON t (a)", "create-index",
             "-- alone in a migration without a transaction:\n"
             "CREATE UNIQUE INDEX CONCURRENTLY \"Foo Bar\" ON t (a);");
    rewrites(17, "CREATE INDEX IF NOT EXISTS \"I\" ON t (a)", "create-index",
             "-- alone in a migration without a transaction:\n"
             "CREATE INDEX CONCURRENTLY \"I\" ON t USING btree (a);");
    rewrites(17, "DROP INDEX IF EXISTS i, s.j CASCADE", "drop-index",
             "-- alone in a migration without a transaction:\n"
             "DROP INDEX CONCURRENTLY IF EXISTS i;\nDROP INDEX CONCURRENTLY IF EXISTS s.j;");
    rewrites(17, "REINDEX TABLE s.t", "reindex",
             "-- alone in a migration without a transaction:\nREINDEX TABLE CONCURRENTLY s.t;");
}

/* ---- statements that differ in constants only -------------------------------------------- */

static void has_shape(const char *sql, const char *expected)
{
    AUTO(lint_memo) memo = lint_memo_new();

    g_assert_cmpstr(lint_memo_shape(memo, sql, strlen(sql)), ==, expected);
}

static void test_shapes(void)
{
    has_shape("INSERT INTO t VALUES (1, 'it''s', 12345678901, 2.5)",
              "INSERT INTO t VALUES (\2, \1, \3, \3)");
    has_shape("insert\n into \"a 'b\"  VALUES(-1)", "insert into \"a 'b\" VALUES(-\2)");
    has_shape("UPDATE t SET a=1 WHERE b = .5", "UPDATE t SET a=\2 WHERE b = .\2");
    has_shape("SELECT setval('s', 1)", "SELECT setval(\1, \2)");
    has_shape("SELECT Set_Config('search_path', 'a', true)", NULL);
    has_shape("CREATE TABLE t (a int DEFAULT 1)", NULL);
    has_shape("INSERTED INTO t VALUES (1)", NULL);
    has_shape("INSERT INTO t VALUES (E'\\'')", NULL);
    has_shape("INSERT INTO t VALUES ($$a$$)", NULL);
    has_shape("INSERT INTO t VALUES ('a' 'b')", NULL);
    has_shape("INSERT INTO t VALUES ('a)", NULL);
    has_shape("INSERT INTO t VALUES (1e5)", NULL);
    has_shape("INSERT INTO t VALUES (1) -- '", NULL);
    has_shape("INSERT INTO t VALUES (1, /* 2 */ 3)", NULL);
    has_shape("INSERT INTO t VALUES (\1)", NULL);
}

/* A mistake is found, however many right ones of nearly the same shape came before. */
static void test_memo(void)
{
    finds("INSERT INTO t VALUES (1);\nINSERT INTO t VALUES (2);\nINSERT INTO t VALUES (3;\n"
          "INSERT INTO t VALUES 4);",
          "not-analysed 1_a.up.sql:3");
    finds("INSERT INTO t VALUES (1, 'a');\nINSERT INTO t VALUES (1, 'a' 'b');",
          "not-analysed 1_a.up.sql:2");
}

/* Long enough for the second thread. */
/* A folder without a migration is no clean one. */
static void test_no_migrations(void)
{
    finds_at(17, (const char *const[]){NULL}, "no-migrations -:0");
}

static void test_long_script(void)
{
    GString *sql = g_string_new(NULL);

    for (int i = 0; i < 1000; i++)
        g_string_append_printf(sql,
                               "CREATE TABLE t%d (a int);\nINSERT INTO t%d VALUES (%d);\n%s\n",
                               i, i % 7, i, i % 400 == 399 ? "CREATE INDEX ON u (a);" : "");
    finds(sql->str, "create-index 1_a.up.sql:1200, create-index 1_a.up.sql:2400");
    g_string_free(sql, TRUE);
}

static void quotes(const char *name, const char *expected)
{
    g_autofree char *quoted = lint_quoted(NULL, name);

    g_assert_cmpstr(quoted, ==, expected);
}

static void test_names(void)
{
    quotes("orders", "orders");
    quotes("order", "\"order\"");
    quotes("current_user", "\"current_user\"");
    quotes("order_id", "order_id");
    quotes("t1", "t1");
    quotes("Orders", "\"Orders\"");
    quotes("a\"b", "\"a\"\"b\"");
    quotes("", "\"\"");
    quotes("name", "name");
    quotes("größe", "\"größe\"");
}

static void test_rules(void)
{
    for (int cause = 0; cause < DDL_CAUSES; cause++) {
        const struct lint_saying *saying = lint_saying((enum ddl_cause) cause);
        g_assert_nonnull(saying->rule);
        g_assert_nonnull(lint_rule_find(saying->rule));
    }
    for (const struct lint_rule *rule = lint_rules; rule->id != NULL; rule++)
        g_assert(lint_rule_find(rule->id) == rule);
    g_assert_cmpstr(lint_rule_nearest("add-foriegn-key"), ==, "add-foreign-key");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/lint/severity", test_severity);
    g_test_add_func("/lint/two-files", test_two_files);
    g_test_add_func("/lint/down", test_down);
    g_test_add_func("/lint/work-under-lock", test_work_under_lock);
    g_test_add_func("/lint/without-transaction", test_without_transaction);
    g_test_add_func("/lint/lock-timeout", test_lock_timeout);
    g_test_add_func("/lint/ignore", test_ignore);
    g_test_add_func("/lint/ignore-findings", test_ignore_findings);
    g_test_add_func("/lint/rewrite/constraints", test_rewrite_constraints);
    g_test_add_func("/lint/rewrite/by-version", test_rewrite_by_version);
    g_test_add_func("/lint/rewrite/columns", test_rewrite_columns);
    g_test_add_func("/lint/rewrite/indexes", test_rewrite_indexes);
    g_test_add_func("/lint/shapes", test_shapes);
    g_test_add_func("/lint/memo", test_memo);
    g_test_add_func("/lint/no-migrations", test_no_migrations);
    g_test_add_func("/lint/long-script", test_long_script);
    g_test_add_func("/lint/names", test_names);
    g_test_add_func("/lint/rules", test_rules);
    return g_test_run();
}
