#include "capture/capture_log.h"

#include <string.h>

/* Lines of a log, and what is left of them, joined by " | ". */
struct story {
    const char *log, *kept;
    guint writes, failed;
};

static void check(const struct story *story)
{
    AUTO(capture_log) log = capture_log_read(story->log);

    g_test_message("%s", story->log);
    g_ptr_array_add(log->statements, NULL);
    g_autofree char *kept = g_strjoinv(" | ", (char **) log->statements->pdata);
    g_ptr_array_remove_index(log->statements, log->statements->len - 1);
    g_assert_cmpstr(kept, ==, story->kept);
    g_assert_cmpuint(log->writes, ==, story->writes);
    g_assert_cmpuint(log->failed, ==, story->failed);
}

static void test_protocols(void)
{
    static const struct story stories[] = {
        {"", "", 0, 0},
        {"7 LOG:  statement: CREATE TABLE t (a int)\n", "CREATE TABLE t (a int)", 0, 0},
        {"7 LOG:  execute <unnamed>: ALTER TABLE t ADD a int\n", "ALTER TABLE t ADD a int", 0,
         0},
        {"7 LOG:  execute stmtcache_1/p: CREATE INDEX i ON t (a)\n7 DETAIL:  parameters: $1 = "
         "'x'\n",
         "CREATE INDEX i ON t (a)", 0, 0},
        {"7 LOG:  execute fetch from c: CREATE TABLE t (a int)\n", "", 0, 0},
        {"7 LOG:  statement: CREATE TABLE t (\n\t  a int,\n\t\tb int\n\t)\n7 LOG:  statement: "
         "SELECT 1\n",
         "CREATE TABLE t (\n  a int,\n\tb int\n)", 0, 0},
        {"7 LOG:  statement: SELECT count(*) FROM information_schema.tables\n", "", 0, 0},
        {"7 LOG:  statement: INSERT INTO t VALUES (1); UPDATE t SET a = 1; CREATE TABLE u ()\n",
         "CREATE TABLE u ()", 2, 0},
        {"checkpoint starting\n8 LOG:  database system is ready\nLOG:  statement: DROP TABLE t",
         "", 0, 0},
        {"7 LOG:  statement: CREATE TEMP TABLE t (a int)\n", "", 0, 0},
        {"7 LOG:  statement: SELECT 1 AS a INTO t\n", "SELECT 1 AS a INTO t", 0, 0},
        /* A newer server's syntax. */
        {"7 LOG:  statement: ALTER TABLE t ADD CONSTRAINT n NOT NULL a NOT VALID\n",
         "ALTER TABLE t ADD CONSTRAINT n NOT NULL a NOT VALID", 0, 0},
        /* A line of the statement that looks like the log's own. */
        {"7 LOG:  statement: COMMENT ON TABLE t IS 'a\n\t9 LOG:  statement: DROP TABLE t'\n",
         "COMMENT ON TABLE t IS 'a\n9 LOG:  statement: DROP TABLE t'", 0, 0},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(stories); i++)
        check(&stories[i]);
}

#define SAY(text)  "7 LOG:  statement: " text "\n"
#define FAIL(text) "7 ERROR:  no\n7 STATEMENT:  " text "\n"

static void test_transactions(void)
{
    static const struct story stories[] = {
        {SAY("BEGIN") SAY("CREATE TABLE t ()") SAY("COMMIT"), "CREATE TABLE t ()", 0, 0},
        {SAY("BEGIN") SAY("CREATE TABLE t ()") SAY("ROLLBACK"), "", 0, 1},
        {SAY("BEGIN") SAY("CREATE TABLE t ()"), "", 0, 1},
        {SAY("CREATE TABLE t ()") FAIL("CREATE TABLE t ()") SAY("CREATE TABLE u ()"),
         "CREATE TABLE u ()", 0, 1},
        {SAY("CREATE TABLE t (); DROP TABLE x") FAIL("CREATE TABLE t (); DROP TABLE x"), "", 0,
         2},
        {SAY("BEGIN") SAY("CREATE TABLE t ()") SAY("DROP TABLE x") FAIL("DROP TABLE x")
             SAY("COMMIT"),
         "", 0, 2},
        {SAY("BEGIN") SAY("CREATE TABLE t ()") SAY("SAVEPOINT s") SAY("DROP TABLE x")
             FAIL("DROP TABLE x") SAY("ROLLBACK TO SAVEPOINT s") SAY("COMMIT"),
         "CREATE TABLE t ()", 0, 1},
        {SAY("BEGIN") SAY("SAVEPOINT s") SAY("CREATE TABLE t ()") SAY("RELEASE s")
             SAY("COMMIT"),
         "CREATE TABLE t ()", 0, 0},
        /* Only parsed, in the extended protocol: the statement before is not to blame. */
        {SAY("CREATE TABLE t ()") FAIL("SELECT no_such_column"), "CREATE TABLE t ()", 0, 0},
        {SAY("CREATE TABLE a (); COMMIT; CREATE TABLE b ()")
             FAIL("CREATE TABLE a (); COMMIT; CREATE TABLE b ()"),
         "CREATE TABLE a ()", 0, 1},
        {SAY("BEGIN; CREATE TABLE a (); COMMIT"), "CREATE TABLE a ()", 0, 0},
        {SAY("START TRANSACTION") SAY("CREATE TABLE a ()") SAY("END"), "CREATE TABLE a ()", 0,
         0},
        /* Two sessions at once: in the order in which they were sent. */
        {"7 LOG:  statement: BEGIN\n7 LOG:  statement: CREATE TABLE a ()\n"
         "8 LOG:  statement: CREATE TABLE b ()\n7 LOG:  statement: COMMIT\n",
         "CREATE TABLE a () | CREATE TABLE b ()", 0, 0},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(stories); i++)
        check(&stories[i]);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/capture/log/protocols", test_protocols);
    g_test_add_func("/capture/log/transactions", test_transactions);
    return g_test_run();
}
