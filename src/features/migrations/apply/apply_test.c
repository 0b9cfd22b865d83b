/* What a file may be, what the gates say, what follows from what a try has left. */
#include "apply.h"

#include <string.h>

/* ---- shape --------------------------------------------------------------------------------- */

static struct apply_form form(const char *text, enum folder_transaction transaction)
{
    struct folder_script script = {.file = (char[]){"1_a.up.sql"}, .line = 3};

    script.transaction = transaction;
    script.script = sql_script_new(text, strlen(text));
    struct apply_form found = apply_form_of(&script);
    sql_script_free(script.script);
    return found;
}

static void expect_form(const char *text, enum folder_transaction transaction,
                        enum apply_shape shape, guint from, guint to)
{
    struct apply_form found = form(text, transaction);

    g_assert_cmpint(found.shape, ==, shape);
    g_assert_cmpuint(found.from, ==, from);
    g_assert_cmpuint(found.to, ==, to);
    g_free(found.why);
}

static void expect_refusal(const char *text, enum folder_transaction transaction,
                           const char *words)
{
    struct apply_form found = form(text, transaction);

    g_assert_cmpint(found.shape, ==, APPLY_REFUSED);
    g_assert_nonnull(strstr(found.why, words));
    g_free(found.why);
}

static void test_transaction(void)
{
    expect_form("", FOLDER_ONE_TRANSACTION, APPLY_TRANSACTION, 0, 0);
    expect_form("-- nothing", FOLDER_ONE_TRANSACTION, APPLY_TRANSACTION, 0, 0);
    expect_form("SELECT 1; SELECT 2;", FOLDER_ONE_TRANSACTION, APPLY_TRANSACTION, 0, 2);
    /* Its own BEGIN and COMMIT are left out, so that the version's row is in it. */
    expect_form("BEGIN; SELECT 1; SELECT 2; COMMIT;", FOLDER_OWN_TRANSACTIONS,
                APPLY_TRANSACTION, 1, 3);
    expect_form("start transaction; SELECT 1; end", FOLDER_OWN_TRANSACTIONS, APPLY_TRANSACTION,
                1, 2);
    expect_form("BEGIN; SAVEPOINT a; SELECT 1; RELEASE a; COMMIT", FOLDER_OWN_TRANSACTIONS,
                APPLY_TRANSACTION, 1, 4);
}

static void test_alone(void)
{
    expect_form("CREATE INDEX CONCURRENTLY i ON t (a);", FOLDER_NO_TRANSACTION, APPLY_ALONE, 0,
                1);
    expect_form("/* why */ VACUUM t", FOLDER_ONE_TRANSACTION, APPLY_ALONE, 0, 1);
    expect_form("CALL long_work()", FOLDER_NO_TRANSACTION, APPLY_ALONE, 0, 1);
    expect_form("CALL long_work()", FOLDER_ONE_TRANSACTION, APPLY_TRANSACTION, 0, 1);
    /* What can be one transaction is, whatever it is declared as: its row is in it then. */
    expect_form("UPDATE t SET a = a + 1", FOLDER_NO_TRANSACTION, APPLY_TRANSACTION, 0, 1);
}

static void expect_build(const char *sql, const char *build)
{
    g_autofree char *found = apply_index_build(sql);

    g_assert_cmpstr(found, ==, build);
}

static void test_build(void)
{
    expect_build("CREATE INDEX CONCURRENTLY i ON t (a, (b), lower(c) DESC)",
                 "btree a b () desc include");
    expect_build("CREATE UNIQUE INDEX i ON s.t USING btree (\"A\") INCLUDE (b) WHERE (b > 0)",
                 "unique btree A include b where");
    expect_build("SELECT 1", NULL);
}

static void test_refused(void)
{
    expect_refusal("SET a = 1;\nCREATE INDEX CONCURRENTLY i ON t (a)", FOLDER_ONE_TRANSACTION,
                   ":4: the server takes");
    expect_refusal("BEGIN; CREATE INDEX CONCURRENTLY i ON t (a); COMMIT",
                   FOLDER_OWN_TRANSACTIONS, "has to be alone");
    expect_refusal("BEGIN; SELECT 1; COMMIT; BEGIN; SELECT 2; COMMIT", FOLDER_OWN_TRANSACTIONS,
                   "in the middle");
    expect_refusal("SELECT 1; COMMIT", FOLDER_OWN_TRANSACTIONS, "in the middle");
    expect_refusal("SELECT 1; SELECT 2", FOLDER_NO_TRANSACTION, "several statements");
    expect_refusal("\\i other.sql", FOLDER_ONE_TRANSACTION, "1_a.up.sql:3:");
    expect_refusal("SELECT 'open", FOLDER_ONE_TRANSACTION, ":3:");
}

/* ---- gates --------------------------------------------------------------------------------- */

static const gint64 NOW = G_GINT64_CONSTANT(1800000000000000);

static void expect_gate(struct apply_gate gate, enum apply_answer answer, const char *words)
{
    g_assert_cmpint(gate.answer, ==, answer);
    g_assert_nonnull(strstr(gate.evidence, words));
    g_free(gate.evidence);
}

static void test_rehearsal(void)
{
    struct apply_rehearsal rehearsal = {.predicted_hold_ms = -1};

    expect_gate(apply_judge_rehearsal(&rehearsal, "1 a", "aa", false, 5000, NOW), APPLY_SHUT,
                "never rehearsed");
    rehearsal.found = true;
    rehearsal.at_us = NOW - (gint64) 7200 * G_USEC_PER_SEC;
    rehearsal.verdict = (char[]){"broken"};
    expect_gate(apply_judge_rehearsal(&rehearsal, "1 a", "aa", false, 5000, NOW), APPLY_SHUT,
                "2 h ago did not pass: broken");
    rehearsal.passed = true;
    rehearsal.verdict = (char[]){"reversible"};
    rehearsal.schema_hash = (char[]){"bb"};
    expect_gate(apply_judge_rehearsal(&rehearsal, "1 a", "aa", false, 5000, NOW), APPLY_SHUT,
                "another schema");
    expect_gate(apply_judge_rehearsal(&rehearsal, "1 a", "bb", false, 5000, NOW), APPLY_OPEN,
                "reversible");
    /* The schema is another one after it was applied, and before its turn. */
    expect_gate(apply_judge_rehearsal(&rehearsal, "1 a", "aa", true, 5000, NOW), APPLY_OPEN,
                "reversible");
    expect_gate(apply_judge_rehearsal(&rehearsal, "1 a", NULL, false, 5000, NOW), APPLY_OPEN,
                "reversible");
    rehearsal.predicted_hold_ms = 5001;
    expect_gate(apply_judge_rehearsal(&rehearsal, "1 a", "bb", false, 5000, NOW), APPLY_SHUT,
                "5001 ms predicted");
}

static void test_backup(void)
{
    const gint64 day_ms = 86400000;
    struct apply_backup backup = {.configured = false};

    expect_gate(apply_judge_backup(&backup, day_ms, NOW), APPLY_SHUT, "no backup and no dump");
    backup.configured = true;
    expect_gate(apply_judge_backup(&backup, day_ms, NOW), APPLY_SHUT, "no backup of this");
    backup.trouble = (char[]){"wrong key"};
    expect_gate(apply_judge_backup(&backup, day_ms, NOW), APPLY_SHUT, "wrong key");
    backup.newest = (char[]){"20261126T022300F"};
    backup.newest_us = NOW - day_ms * 1000 - 1;
    expect_gate(apply_judge_backup(&backup, day_ms, NOW), APPLY_SHUT, "may be 1 d");
    backup.newest_us++;
    expect_gate(apply_judge_backup(&backup, day_ms, NOW), APPLY_OPEN, "20261126T022300F");
    backup.proven = (char[]){"20260101T000000F"};
    backup.newest_us = 0;
    expect_gate(apply_judge_backup(&backup, day_ms, NOW), APPLY_OPEN, "by a drill");
}

static void test_obstacles(void)
{
    g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func(g_free);

    expect_gate(apply_judge_obstacles("x", found, "none"), APPLY_OPEN, "none");
    for (int i = 0; i < 5; i++)
        g_ptr_array_add(found, g_strdup("pid 7 holds it"));
    expect_gate(apply_judge_obstacles("x", found, "none"), APPLY_SHUT, "and 2 more");
}

/* ---- what a try has left ------------------------------------------------------------------- */

static void expect_next(enum apply_alone kind, bool if_exists, enum apply_state state,
                        bool ours, enum apply_next next)
{
    const struct apply_object object = {
        .kind = kind, .name = (char[]){"i"}, .table = (char[]){"t"}, .if_exists = if_exists};
    char *why = NULL;

    g_assert_cmpint(apply_alone_next(&object, state, ours, &why), ==, next);
    g_assert_true((why != NULL) == (next == NEXT_REFUSE));
    g_free(why);
}

static void test_next(void)
{
    expect_next(ALONE_CREATE_INDEX, false, APPLY_ABSENT, false, NEXT_SEND);
    expect_next(ALONE_CREATE_INDEX, false, APPLY_INVALID, false, NEXT_DROP);
    /* IF NOT EXISTS would be content with it. */
    expect_next(ALONE_CREATE_INDEX, true, APPLY_INVALID, false, NEXT_DROP);
    expect_next(ALONE_CREATE_INDEX, false, APPLY_BUILDING, true, NEXT_REFUSE);
    expect_next(ALONE_CREATE_INDEX, false, APPLY_ELSEWHERE, true, NEXT_REFUSE);
    expect_next(ALONE_CREATE_INDEX, false, APPLY_VALID, true, NEXT_DONE);
    expect_next(ALONE_CREATE_INDEX, false, APPLY_VALID, false, NEXT_REFUSE);
    expect_next(ALONE_CREATE_INDEX, true, APPLY_VALID, false, NEXT_SEND);
    expect_next(ALONE_CREATE_INDEX, false, APPLY_UNKNOWN, false, NEXT_REFUSE);
    expect_next(ALONE_DROP_INDEX, false, APPLY_ABSENT, true, NEXT_DONE);
    expect_next(ALONE_DROP_INDEX, false, APPLY_ABSENT, false, NEXT_SEND);
    expect_next(ALONE_DROP_INDEX, false, APPLY_INVALID, true, NEXT_SEND);
    expect_next(ALONE_DETACH, false, APPLY_PENDING, false, NEXT_FINALIZE);
    expect_next(ALONE_DETACH, false, APPLY_ABSENT, true, NEXT_DONE);
    expect_next(ALONE_OTHER, false, APPLY_UNKNOWN, false, NEXT_SEND);
    expect_next(ALONE_OTHER, false, APPLY_UNKNOWN, true, NEXT_SEND);
    expect_next(ALONE_PARTS, false, APPLY_UNKNOWN, false, NEXT_SEND);
    expect_next(ALONE_PARTS, false, APPLY_UNKNOWN, true, NEXT_REFUSE);
}

/* As golang-migrate computes it: its own test has the same numbers. */
static void test_golang_key(void)
{
    g_assert_cmpuint(apply_golang_key("schema_name_1", "schema_name_2", "database_name"), ==,
                     3743845847u);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/apply/transaction", test_transaction);
    g_test_add_func("/apply/alone", test_alone);
    g_test_add_func("/apply/build", test_build);
    g_test_add_func("/apply/refused", test_refused);
    g_test_add_func("/apply/rehearsal", test_rehearsal);
    g_test_add_func("/apply/backup", test_backup);
    g_test_add_func("/apply/obstacles", test_obstacles);
    g_test_add_func("/apply/next", test_next);
    g_test_add_func("/apply/golang_key", test_golang_key);
    return g_test_run();
}
