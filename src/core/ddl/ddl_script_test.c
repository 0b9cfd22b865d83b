/* What the statements of one transaction do together. */
#include "ddl/ddl.h"
#include "sql/sql_script.h"

#include <string.h>

static const char base[] =
    "CREATE TABLE r (id int PRIMARY KEY, code text); CREATE TABLE t (id int PRIMARY KEY, a "
    "int);"
    "CREATE TYPE mood AS ENUM ('a'); CREATE MATERIALIZED VIEW mv AS SELECT * FROM t;"
    "CREATE VIEW v AS SELECT * FROM t; CREATE TABLE m (id int, x mood);"
    "CREATE TABLE p (id int) PARTITION BY RANGE (id); CREATE TABLE p1 PARTITION OF p FOR "
    "VALUES "
    "FROM (1) TO (9);";

struct play {
    struct ddl_schema *schema;
    GPtrArray *judgements, *held; /* of what the transaction has done so far */
};

static void play_script(struct play *play, const char *sql)
{
    AUTO(sql_script) script = sql_script_new(sql, strlen(sql));
    struct ddl_context context = {
        .server_version = 150000, .in_transaction = true, .before = play->held};

    for (guint i = 0; i < script->statements->len; i++) {
        g_autofree char *text = sql_statement_text(
            script, &g_array_index(script->statements, struct sql_statement, i));
        AUTO(sql_parse) parse = sql_parse_new(text, strlen(text));
        struct ddl_judgement *judgement = ddl_judge(parse, text, play->schema, &context);
        for (guint n = 0; n < judgement->locks->len; n++)
            g_ptr_array_add(play->held, judgement->locks->pdata[n]);
        g_ptr_array_add(play->judgements, judgement);
    }
}

static void free_judgement(gpointer data)
{
    ddl_judgement_free(data);
}

static void play_begin(struct play *play)
{
    play->schema = ddl_schema_new();
    ddl_schema_complete(play->schema);
    play->judgements = g_ptr_array_new_with_free_func(free_judgement);
    play->held = g_ptr_array_new();
    play_script(play, base);
    g_ptr_array_set_size(play->held, 0);
    ddl_schema_settle(play->schema);
}

static void play_end(struct play *play)
{
    g_ptr_array_unref(play->held);
    g_ptr_array_unref(play->judgements);
    ddl_schema_free(play->schema);
}

static const struct ddl_judgement *last_of(const struct play *play)
{
    return play->judgements->pdata[play->judgements->len - 1];
}

static bool says(const struct ddl_judgement *judgement, enum ddl_cause cause)
{
    for (guint i = 0; i < judgement->acts->len; i++)
        if (((const struct ddl_act *) judgement->acts->pdata[i])->cause == cause)
            return true;
    return false;
}

struct case_effect {
    const char *script, *effect; /* of its last statement */
};

static void check_effects(const struct case_effect *cases, gsize count)
{
    for (gsize i = 0; i < count; i++) {
        struct play play;
        play_begin(&play);
        play_script(&play, cases[i].script);
        const char *effect = ddl_effect_name(last_of(&play)->effect);
        if (strcmp(effect, cases[i].effect) != 0)
            g_test_fail_printf("%s: %s", cases[i].script, effect);
        play_end(&play);
    }
}

/* Reading is no scan by itself, only under a lock that is held because of it. */
static void test_reads(void)
{
    static const struct case_effect cases[] = {
        {"SELECT count(*) FROM t", "none"},
        {"ALTER TABLE t ADD n int; SELECT count(*) FROM t", "scan"},
        {"ALTER TABLE t ADD n int; SELECT count(*) FROM r", "none"},
        {"ALTER TABLE t ADD n int; SELECT * FROM t WHERE id = 4", "none"},
        {"ALTER TABLE t ADD n int; SELECT max(id) FROM t", "none"},
        {"ALTER TABLE t ADD n int; SELECT max(a) FROM t", "scan"},
        {"ALTER TABLE t ADD n int; INSERT INTO r SELECT id FROM t", "scan"},
        {"ALTER TABLE t ADD n int; WITH w AS (SELECT * FROM t) INSERT INTO r SELECT id FROM w",
         "scan"},
        {"ALTER TABLE t ADD n int; DELETE FROM r USING t WHERE r.id = t.id", "scan"},
        {"ALTER TABLE t ADD n int; UPDATE t SET n = 1 WHERE id IN (1, 2)", "none"},
        {"ALTER TABLE t ADD n int; UPDATE t SET n = 1 WHERE a > 2", "scan"},
        {"ALTER TABLE t ADD n int; CREATE TABLE c AS SELECT * FROM t", "scan"},
        {"ALTER TABLE t ADD n int; CREATE VIEW w AS SELECT * FROM t", "metadata"},
        {"ALTER TABLE t ADD n int; SELECT * FROM v", "scan"},
        {"ALTER TABLE t ADD n int; COPY t TO STDOUT", "scan"},
        {"CREATE INDEX ON p1 (id); SELECT count(*) FROM p", "scan"},
        {"LOCK p1 IN SHARE MODE; UPDATE p SET id = 2 WHERE id > 1", "scan"},
        {"ALTER TABLE t RENAME TO old; CREATE TABLE t (LIKE old); INSERT INTO t SELECT * FROM "
         "old",
         "scan"},
        {"CREATE TABLE n (id int REFERENCES r); INSERT INTO n SELECT id FROM r", "scan"},
        {"CREATE TABLE n (id int); ALTER TABLE n ADD FOREIGN KEY (id) REFERENCES r",
         "metadata"},
        {"CREATE TABLE n AS SELECT 1 AS id; ALTER TABLE n ADD FOREIGN KEY (id) REFERENCES r",
         "scan"},
        {"CREATE TABLE pg_temp.t (id int); ALTER TABLE t ALTER id TYPE bigint", "metadata"},
        {"ALTER TYPE mood RENAME TO temper; ALTER TABLE m ALTER x TYPE temper", "metadata"},
    };
    check_effects(cases, G_N_ELEMENTS(cases));
}

static void test_wrapped(void)
{
    static const struct case_effect cases[] = {
        {"ALTER TABLE t ADD n int; EXPLAIN ANALYZE SELECT count(*) FROM t", "scan"},
        {"ALTER TABLE t ADD n int; EXPLAIN SELECT count(*) FROM t", "none"},
        {"ALTER TABLE t ADD n int; PREPARE p AS SELECT count(*) FROM t", "scan"},
        {"ALTER TABLE t ADD n int; DECLARE c CURSOR FOR SELECT * FROM t", "scan"},
        {"ALTER TABLE t ADD n int; MERGE INTO t USING r ON t.id = r.id WHEN MATCHED THEN "
         "DELETE",
         "scan"},
        {"MERGE INTO t USING r ON t.id = r.id WHEN MATCHED THEN DELETE", "none"},
    };
    check_effects(cases, G_N_ELEMENTS(cases));
}

#define CHANGES                                                                                \
    "CREATE FUNCTION change() RETURNS int LANGUAGE plpgsql AS 'BEGIN ALTER TABLE t ALTER a "   \
    "TYPE "                                                                                    \
    "bigint; RETURN 1; END'; "

static void test_calls(void)
{
    static const struct case_effect cases[] = {
        {CHANGES "INSERT INTO r VALUES (change())", "rewrite"},
        {CHANGES "UPDATE r SET id = change() WHERE id = 1", "rewrite"},
        {CHANGES "CREATE TABLE n AS SELECT change()", "rewrite"},
        {CHANGES "COPY (SELECT change()) TO STDOUT", "rewrite"},
        {"INSERT INTO r VALUES (nobody_knows())", "none"},
    };
    check_effects(cases, G_N_ELEMENTS(cases));
}

static void test_causes(void)
{
    static const struct {
        const char *script;
        enum ddl_cause cause;
        bool said;
    } cases[] = {
        {"ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0) NOT VALID; ALTER TABLE t VALIDATE "
         "CONSTRAINT k",
         DDL_VALIDATE_SAME_TRANSACTION, true},
        {"ALTER TYPE mood ADD VALUE 'b'; INSERT INTO m VALUES (1, 'b')", DDL_ENUM_VALUE_USED,
         true},
        {"ALTER TYPE mood ADD VALUE 'b'; INSERT INTO m VALUES (1, 'a')", DDL_ENUM_VALUE_USED,
         false},
        {"CREATE TYPE n AS ENUM ('x'); ALTER TYPE n ADD VALUE 'b'; SELECT 'b'::n",
         DDL_ENUM_VALUE_USED, false},
        {"CREATE INDEX CONCURRENTLY ON t (a)", DDL_CONCURRENTLY_IN_TRANSACTION, true},
        {"VACUUM t", DDL_NOT_IN_TRANSACTION, true},
        {"ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES r NOT VALID",
         DDL_FOREIGN_KEY_WITHOUT_INDEX, true},
        {"CREATE INDEX ON t (a); ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES r NOT VALID",
         DDL_FOREIGN_KEY_WITHOUT_INDEX, false},
        {"UPDATE t SET a = 1", DDL_UPDATE_WITHOUT_WHERE, true},
        {"DELETE FROM t WHERE a = 1", DDL_DELETE_WITHOUT_WHERE, false},
        {"ALTER TABLE t OWNER TO postgres", DDL_TAKES_ACCESS_EXCLUSIVE, true},
        {"CREATE TABLE n (id int); ALTER TABLE n ALTER id TYPE bigint", DDL_ALTER_TYPE_REWRITE,
         false},
        {"CREATE TEMP TABLE t (id int); ALTER TABLE t ADD CHECK (id > 0)", DDL_ADD_CHECK,
         false},
        {"CREATE TABLE n (id int, a int); ALTER TABLE n DROP a", DDL_DROP_COLUMN, false},
        {"CREATE TABLE n AS SELECT 1 AS id; ALTER TABLE n ADD FOREIGN KEY (id) REFERENCES r",
         DDL_ADD_FOREIGN_KEY, true},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct play play;
        play_begin(&play);
        play_script(&play, cases[i].script);
        if (says(last_of(&play), cases[i].cause) != cases[i].said)
            g_test_fail_printf("%s", cases[i].script);
        play_end(&play);
    }
}

/* Others know a renamed table by the name it had. */
static void test_renamed(void)
{
    struct play play;

    play_begin(&play);
    play_script(&play, "ALTER TABLE t RENAME TO u; ALTER TABLE u ALTER a TYPE bigint");
    const struct ddl_lock *lock = last_of(&play)->locks->pdata[0];
    g_assert_cmpstr(lock->relation, ==, "t");
    g_assert_cmpstr(lock->called, ==, "u");
    g_assert_false(says(last_of(&play), DDL_TAKES_ACCESS_EXCLUSIVE));
    ddl_schema_settle(play.schema);
    play_script(&play, "ALTER TABLE u ALTER a TYPE int");
    lock = last_of(&play)->locks->pdata[0];
    g_assert_cmpstr(lock->relation, ==, "u");
    g_assert_null(lock->called);
    play_end(&play);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ddl_script/reads", test_reads);
    g_test_add_func("/ddl_script/wrapped", test_wrapped);
    g_test_add_func("/ddl_script/calls", test_calls);
    g_test_add_func("/ddl_script/causes", test_causes);
    g_test_add_func("/ddl_script/renamed", test_renamed);
    return g_test_run();
}
