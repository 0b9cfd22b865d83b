#include "ddl/ddl.h"
#include "ddl/ddl_private.h"
#include "sql/sql_script.h"

#include <string.h>

static struct ddl_judgement *judge_last(struct ddl_schema *schema, const char *sql, int version,
                                        const char *zone)
{
    AUTO(sql_script) script = sql_script_new(sql, strlen(sql));
    struct ddl_context context = {.server_version = version, .time_zone = zone};
    struct ddl_judgement *last = NULL;

    for (guint i = 0; i < script->statements->len; i++) {
        g_autofree char *text = sql_statement_text(
            script, &g_array_index(script->statements, struct sql_statement, i));
        AUTO(sql_parse) parse = sql_parse_new(text, strlen(text));
        if (last != NULL)
            ddl_judgement_free(last);
        last = ddl_judge(parse, text, schema, &context);
        if (!last->analysed)
            g_test_message("%s: %s", text, parse->reason);
    }
    return last;
}

/* "scan", and "t:AccessExclusiveLock:scan r:…" with what matters of the locks. */
static char *locks_of(const struct ddl_judgement *judgement)
{
    GString *words = g_string_new(NULL);

    for (guint i = 0; i < judgement->locks->len; i++) {
        const struct ddl_lock *lock = judgement->locks->pdata[i];
        if (!lock->created_here && lock->mode > DDL_ACCESS_SHARE)
            g_string_append_printf(words, "%s%s:%s:%s", words->len > 0 ? " " : "",
                                   lock->relation, ddl_lock_words(lock->mode),
                                   ddl_effect_name(lock->work));
    }
    return g_string_free(words, FALSE);
}

static const char base[] =
    "CREATE TABLE r (id int PRIMARY KEY, code text);"
    "CREATE TABLE t (id bigint PRIMARY KEY, a int, n int NOT NULL, v varchar(20), x text, d "
    "date,"
    " ts timestamp, num numeric(10,2), r_id int CONSTRAINT fk REFERENCES r, j json, ip cidr,"
    " c char(5), k text CONSTRAINT kc CHECK (k <> ''), proved int CHECK (proved IS NOT NULL),"
    " g int GENERATED ALWAYS AS (n + 1) STORED);"
    "CREATE INDEX t_v ON t (v); CREATE INDEX t_ts ON t (ts);"
    "CREATE UNIQUE INDEX t_a ON t (a); CREATE UNIQUE INDEX t_n ON t (n);"
    "CREATE INDEX t_x ON t (x) WHERE x <> '';"
    "ALTER TABLE t ADD CONSTRAINT later CHECK (a > 0) NOT VALID;"
    "ALTER TABLE t ADD CONSTRAINT fk_later FOREIGN KEY (a) REFERENCES r NOT VALID;"
    "CREATE TABLE p (id int NOT NULL, d date NOT NULL) PARTITION BY RANGE (d);"
    "CREATE TABLE p1 PARTITION OF p FOR VALUES FROM ('2024-01-01') TO ('2024-02-01');"
    "CREATE TABLE pd PARTITION OF p DEFAULT;"
    "CREATE TABLE q (id int NOT NULL, d date NOT NULL) PARTITION BY RANGE (d);"
    "CREATE TABLE q1 PARTITION OF q FOR VALUES FROM ('2024-01-01') TO ('2024-02-01');"
    "CREATE TABLE loose (id int NOT NULL, d date NOT NULL);"
    "CREATE TABLE fit (id int NOT NULL, d date NOT NULL,"
    " CHECK (d >= '2024-02-01' AND d < DATE '2024-03-01'));"
    "CREATE DOMAIN plain AS int; CREATE DOMAIN positive AS int CHECK (value > 0);"
    "CREATE TABLE u (id int, w positive);"
    "CREATE TYPE mood AS ENUM ('a', 'b');"
    "CREATE FUNCTION vol() RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN 1; END';"
    "CREATE FUNCTION stab() RETURNS int LANGUAGE plpgsql STABLE AS 'BEGIN RETURN 1; END';"
    "CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1';"
    "CREATE MATERIALIZED VIEW mv AS SELECT * FROM r;"
    "CREATE VIEW vw AS SELECT * FROM r; CREATE SEQUENCE sq; CREATE UNLOGGED TABLE ul (id int);";

struct judged {
    const char *statement, *effect, *locks; /* locks NULL: not compared */
    int version;                            /* 0: 15 */
};

static void run(const struct judged *cases, gsize count)
{
    for (gsize i = 0; i < count; i++) {
        AUTO(ddl_schema) schema = ddl_schema_new();
        int version = cases[i].version == 0 ? 150000 : cases[i].version;
        ddl_schema_complete(schema);
        ddl_judgement_free(judge_last(schema, base, version, "Europe/Vienna"));
        ddl_schema_settle(schema);
        AUTO(ddl_judgement)
        judgement = judge_last(schema, cases[i].statement, version, "Europe/Vienna");
        g_autofree char *locks = locks_of(judgement);
        const char *effect = judgement->analysed ? ddl_effect_name(judgement->effect) : "?";
        if (strcmp(effect, cases[i].effect) != 0 ||
            (cases[i].locks != NULL && strcmp(locks, cases[i].locks) != 0))
            g_test_fail_printf("%s: %s, %s", cases[i].statement, effect, locks);
    }
}

#define AX(relation, work)  relation ":ACCESS EXCLUSIVE:" work
#define SUE(relation, work) relation ":SHARE UPDATE EXCLUSIVE:" work
#define SRX(relation, work) relation ":SHARE ROW EXCLUSIVE:" work

static void test_add_column(void)
{
    static const struct judged cases[] = {
        {"ALTER TABLE t ADD COLUMN z int", "metadata", AX("t", "metadata"), 0},
        {"ALTER TABLE t ADD z int DEFAULT 5 NOT NULL", "metadata", AX("t", "metadata"), 0},
        {"ALTER TABLE t ADD z timestamptz DEFAULT now()", "metadata", NULL, 0},
        {"ALTER TABLE t ADD z timestamptz DEFAULT CURRENT_TIMESTAMP", "metadata", NULL, 0},
        {"ALTER TABLE t ADD z timestamptz DEFAULT clock_timestamp()", "rewrite", NULL, 0},
        {"ALTER TABLE t ADD z uuid DEFAULT gen_random_uuid()", "rewrite", AX("t", "rewrite"),
         0},
        {"ALTER TABLE t ADD z float DEFAULT round(random())", "rewrite", NULL, 0},
        {"ALTER TABLE t ADD z int DEFAULT vol()", "rewrite", NULL, 0},
        {"ALTER TABLE t ADD z int DEFAULT stab()", "metadata", NULL, 0},
        {"ALTER TABLE t ADD z int DEFAULT one()", "metadata", NULL, 0},
        {"ALTER TABLE t ADD z text DEFAULT upper('x')", "metadata", NULL, 0},
        {"ALTER TABLE t ADD z bigserial", "rewrite", NULL, 0},
        {"ALTER TABLE t ADD z int GENERATED BY DEFAULT AS IDENTITY", "rewrite", NULL, 0},
        {"ALTER TABLE t ADD z int GENERATED ALWAYS AS (n * 2) STORED", "rewrite", NULL, 0},
        {"ALTER TABLE t ADD z int GENERATED ALWAYS AS (n * 2) VIRTUAL", "metadata", NULL,
         180000},
        {"ALTER TABLE t ADD z int GENERATED ALWAYS AS (n * 2)", "metadata", NULL, 180000},
        {"ALTER TABLE t ADD z positive", "rewrite", NULL, 0},
        {"ALTER TABLE t ADD z plain", "metadata", NULL, 0},
        {"ALTER TABLE t ADD z mood DEFAULT 'a'", "metadata", NULL, 0},
        {"ALTER TABLE t ADD z int CHECK (z > 0)", "scan", AX("t", "scan"), 0},
        {"ALTER TABLE t ADD z int CHECK (z > 0) NOT ENFORCED", "metadata", NULL, 180000},
        {"ALTER TABLE t ADD z int UNIQUE", "scan", NULL, 0},
        {"ALTER TABLE t ADD z int REFERENCES r", "metadata",
         SRX("r", "metadata") " " AX("t", "metadata"), 0},
        {"ALTER TABLE t ADD z int DEFAULT 1 REFERENCES r", "scan",
         SRX("r", "scan") " " AX("t", "scan"), 0},
        {"ALTER TABLE t ADD z int NOT NULL", "scan", NULL, 0},
        {"ALTER TABLE t ADD COLUMN IF NOT EXISTS a int NOT NULL", "metadata", NULL, 0},
        {"ALTER TABLE p ADD z uuid DEFAULT gen_random_uuid()", "rewrite",
         AX("p", "metadata") " " AX("p1", "rewrite") " " AX("pd", "rewrite"), 0},
        {"CREATE TABLE fresh (id int); ALTER TABLE fresh ADD z serial", "metadata", "", 0},
        {"ALTER TABLE t DROP COLUMN r_id", "metadata",
         AX("t", "metadata") " " AX("r", "metadata"), 0},
    };
    run(cases, G_N_ELEMENTS(cases));
}

static void test_columns(void)
{
    static const struct judged cases[] = {
        {"ALTER TABLE t ALTER a SET DEFAULT 1", "metadata", AX("t", "metadata"), 0},
        {"ALTER TABLE t ALTER n DROP NOT NULL", "metadata", AX("t", "metadata"), 0},
        {"ALTER TABLE t ALTER a SET STATISTICS 500", "metadata", SUE("t", "metadata"), 0},
        {"ALTER TABLE t ALTER a SET (n_distinct = 5)", "metadata", SUE("t", "metadata"), 0},
        {"ALTER TABLE t ALTER a SET NOT NULL", "scan", AX("t", "scan"), 0},
        {"ALTER TABLE t ALTER n SET NOT NULL", "metadata", NULL, 0},
        {"ALTER TABLE t ALTER proved SET NOT NULL", "metadata", NULL, 0},
        {"ALTER TABLE p ALTER id SET NOT NULL", "metadata", NULL, 0},
        {"ALTER TABLE t ALTER g SET EXPRESSION AS (n + 2)", "rewrite", AX("t", "rewrite"),
         170000},
        {"ALTER TABLE t ALTER g DROP EXPRESSION", "metadata", NULL, 0},
        {"ALTER TABLE t ADD CONSTRAINT nn NOT NULL a", "scan", AX("t", "scan"), 180000},
        {"ALTER TABLE t ADD CONSTRAINT nn NOT NULL a NOT VALID", "metadata", NULL, 180000},
    };
    run(cases, G_N_ELEMENTS(cases));
}

static void test_types(void)
{
    static const struct judged cases[] = {
        {"ALTER TABLE t ALTER v TYPE varchar(40)", "metadata", AX("t", "metadata"), 0},
        {"ALTER TABLE t ALTER v TYPE text", "metadata", NULL, 0},
        {"ALTER TABLE t ALTER v TYPE varchar(10)", "rewrite", NULL, 0},
        {"ALTER TABLE t ALTER v TYPE text COLLATE \"C\"", "scan", NULL, 0},
        {"ALTER TABLE t ALTER k TYPE varchar", "scan", NULL, 0},
        {"ALTER TABLE t ALTER x TYPE varchar", "scan", NULL, 0},
        {"ALTER TABLE t ALTER x TYPE varchar(50)", "rewrite", NULL, 0},
        {"ALTER TABLE t ALTER n TYPE bigint", "rewrite", NULL, 0},
        {"ALTER TABLE t ALTER n TYPE int USING n", "metadata", NULL, 0},
        {"ALTER TABLE t ALTER num TYPE numeric(12,2)", "metadata", NULL, 0},
        {"ALTER TABLE t ALTER num TYPE numeric", "metadata", NULL, 0},
        {"ALTER TABLE t ALTER num TYPE numeric(12,3)", "rewrite", NULL, 0},
        {"ALTER TABLE t ALTER ip TYPE inet", "metadata", NULL, 0},
        {"ALTER TABLE t ALTER ts TYPE timestamptz", "rewrite", NULL, 0},
        {"SET TIME ZONE 'UTC'; ALTER TABLE t ALTER ts TYPE timestamptz", "scan", NULL, 0},
        {"ALTER TABLE t ALTER ts TYPE timestamp(6)", "metadata", NULL, 0},
        {"ALTER TABLE t ALTER ts TYPE timestamp(3)", "rewrite", NULL, 0},
        {"ALTER TABLE t ALTER c TYPE text", "rewrite", NULL, 0},
        {"ALTER TABLE t ALTER j TYPE jsonb", "rewrite", NULL, 0},
        {"ALTER TABLE t ALTER v TYPE text USING v::text", "metadata", NULL, 0},
        {"ALTER TABLE t ALTER v TYPE text USING trim(v)", "rewrite", NULL, 0},
        {"ALTER TABLE t ALTER n TYPE plain", "metadata", NULL, 0},
        {"ALTER TABLE t ALTER n TYPE positive", "rewrite", NULL, 0},
        {"ALTER TABLE r ALTER id TYPE bigint", "rewrite",
         AX("r", "rewrite") " " AX("t", "scan"), 0},
        {"ALTER TABLE t ALTER r_id TYPE bigint", "rewrite",
         AX("t", "rewrite") " " AX("r", "scan"), 0},
    };
    run(cases, G_N_ELEMENTS(cases));
}

static void test_constraints(void)
{
    static const struct judged cases[] = {
        {"ALTER TABLE t ADD CHECK (a > 1)", "scan", AX("t", "scan"), 0},
        {"ALTER TABLE t ADD CHECK (a > 1) NOT VALID", "metadata", AX("t", "metadata"), 0},
        {"ALTER TABLE t ADD CHECK (a > 1) NOT ENFORCED", "metadata", NULL, 180000},
        {"ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES r", "scan",
         SRX("t", "scan") " " SRX("r", "scan"), 0},
        {"ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES r NOT VALID", "metadata",
         SRX("t", "metadata") " " SRX("r", "metadata"), 0},
        {"ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES r NOT ENFORCED", "metadata", NULL,
         180000},
        {"ALTER TABLE t VALIDATE CONSTRAINT later", "scan", SUE("t", "scan"), 0},
        {"ALTER TABLE t VALIDATE CONSTRAINT fk_later", "scan",
         SUE("t", "scan") " r:ROW SHARE:scan", 0},
        {"ALTER TABLE t VALIDATE CONSTRAINT fk", "metadata", NULL, 0},
        {"ALTER TABLE t ADD UNIQUE (x)", "scan", AX("t", "scan"), 0},
        {"ALTER TABLE ul ADD PRIMARY KEY (id)", "scan", AX("ul", "scan"), 0},
        {"ALTER TABLE p ADD PRIMARY KEY (id, d)", "scan",
         "p1:SHARE:scan pd:SHARE:scan " AX("p", "metadata"), 0},
        {"ALTER TABLE p ADD PRIMARY KEY (id, d)", "scan",
         AX("p1", "scan") " " AX("pd", "scan") " " AX("p", "metadata"), 180000},
        {"ALTER TABLE p ALTER id DROP NOT NULL; ALTER TABLE p ADD PRIMARY KEY (id, d)", "scan",
         AX("p1", "scan") " " AX("pd", "scan") " " AX("p", "metadata"), 0},
        {"ALTER TABLE t ADD UNIQUE USING INDEX t_a", "metadata", AX("t", "metadata"), 0},
        {"ALTER TABLE t ADD PRIMARY KEY USING INDEX t_a", "scan", NULL, 0},
        {"ALTER TABLE t ADD PRIMARY KEY USING INDEX t_n", "metadata", NULL, 0},
        {"ALTER TABLE t ADD EXCLUDE USING gist (ip inet_ops WITH &&)", "scan", NULL, 0},
        {"ALTER TABLE t ALTER CONSTRAINT fk DEFERRABLE", "metadata", AX("t", "metadata"), 0},
        {"ALTER TABLE t ALTER CONSTRAINT fk NOT ENFORCED", "metadata",
         AX("t", "metadata") " " AX("r", "metadata"), 180000},
        {"ALTER TABLE t DROP CONSTRAINT kc", "metadata", AX("t", "metadata"), 0},
        {"ALTER TABLE t DROP CONSTRAINT fk", "metadata",
         AX("t", "metadata") " " AX("r", "metadata"), 0},
    };
    run(cases, G_N_ELEMENTS(cases));
}

static void test_tables(void)
{
    static const struct judged cases[] = {
        {"ALTER TABLE t RENAME a TO b", "metadata", AX("t", "metadata"), 0},
        {"ALTER TABLE t OWNER TO postgres", "metadata", AX("t", "metadata"), 0},
        {"ALTER TABLE t ENABLE ROW LEVEL SECURITY", "metadata", AX("t", "metadata"), 0},
        {"ALTER TABLE t SET (fillfactor = 70)", "metadata", SUE("t", "metadata"), 0},
        {"ALTER TABLE t SET (user_catalog_table = true)", "metadata", AX("t", "metadata"), 0},
        {"ALTER TABLE t CLUSTER ON t_v", "metadata", SUE("t", "metadata"), 0},
        {"ALTER TABLE t DISABLE TRIGGER ALL", "metadata", SRX("t", "metadata"), 0},
        {"ALTER TABLE t SET UNLOGGED", "rewrite", AX("t", "rewrite"), 0},
        {"ALTER TABLE t SET LOGGED", "metadata", NULL, 0},
        {"ALTER TABLE ul SET LOGGED", "rewrite", NULL, 0},
        {"ALTER TABLE t SET ACCESS METHOD heap", "metadata", NULL, 0},
        {"ALTER TABLE p ATTACH PARTITION loose FOR VALUES FROM ('2024-02-01') TO "
         "('2024-03-01')",
         "scan", SUE("p", "metadata") " " AX("loose", "scan") " " AX("pd", "scan"), 0},
        {"ALTER TABLE q ATTACH PARTITION fit FOR VALUES FROM ('2024-02-01') TO ('2024-03-01')",
         "metadata", SUE("q", "metadata") " " AX("fit", "metadata"), 0},
        {"ALTER TABLE q ATTACH PARTITION fit FOR VALUES FROM ('2024-02-01') TO ('2024-02-20')",
         "scan", NULL, 0},
        {"ALTER TABLE pd ADD CHECK (d < '2024-02-01' OR d >= '2024-03-01'); CREATE TABLE p2"
         " PARTITION OF p FOR VALUES FROM ('2024-02-01') TO ('2024-03-01')",
         "metadata", NULL, 0},
        {"CREATE TABLE p2 PARTITION OF p FOR VALUES FROM ('2024-02-01') TO ('2024-03-01')",
         "scan", AX("p", "metadata") " " AX("pd", "scan"), 0},
        {"CREATE TABLE q2 PARTITION OF q FOR VALUES FROM ('2024-02-01') TO ('2024-03-01')",
         "metadata", AX("q", "metadata"), 0},
        {"ALTER TABLE q DETACH PARTITION q1", "metadata",
         AX("q", "metadata") " " AX("q1", "metadata"), 0},
        {"CREATE TABLE z (id int, r_id int REFERENCES r)", "metadata", SRX("r", "metadata"), 0},
        {"CREATE TABLE z () INHERITS (r)", "metadata", SUE("r", "metadata"), 0},
        {"CREATE TABLE IF NOT EXISTS t (id int); CREATE INDEX ON t (d)", "scan", NULL, 0},
        {"CREATE TABLE z (id int); CREATE INDEX ON z (id)", "metadata", "", 0},
        {"DROP TABLE t", "metadata", AX("t", "metadata") " " AX("r", "metadata"), 0},
    };
    run(cases, G_N_ELEMENTS(cases));
}

static void test_others(void)
{
    static const struct judged cases[] = {
        {"CREATE INDEX ON t (d)", "scan", "t:SHARE:scan", 0},
        {"CREATE INDEX IF NOT EXISTS t_v ON t (v)", "metadata", NULL, 0},
        {"CREATE INDEX ON p (id)", "scan", "p:SHARE:metadata p1:SHARE:scan pd:SHARE:scan", 0},
        {"CREATE INDEX ON ONLY p (id)", "metadata", "p:SHARE:metadata", 0},
        {"CREATE INDEX CONCURRENTLY ON t (d)", "scan", SUE("t", "scan"), 0},
        {"DROP INDEX t_v", "metadata", AX("t", "metadata") " " AX("t_v", "metadata"), 0},
        {"DROP INDEX CONCURRENTLY t_v", "metadata", NULL, 0},
        {"REINDEX INDEX t_v", "rewrite", "t:SHARE:scan " AX("t_v", "rewrite"), 0},
        {"ALTER INDEX t_v RENAME TO t_w", "metadata", SUE("t_v", "metadata"), 0},
        {"CLUSTER t USING t_v", "rewrite", AX("t", "rewrite"), 0},
        {"VACUUM (FULL) t", "rewrite", AX("t", "rewrite"), 0},
        {"VACUUM t", "none", SUE("t", "none"), 0},
        {"LOCK TABLE vw IN EXCLUSIVE MODE", "metadata",
         "vw:EXCLUSIVE:metadata r:EXCLUSIVE:metadata", 0},
        {"TRUNCATE r CASCADE", "metadata", AX("r", "metadata") " " AX("t", "metadata"), 0},
        {"REFRESH MATERIALIZED VIEW mv WITH NO DATA", "metadata", NULL, 0},
        {"REINDEX TABLE u", "metadata", "u:SHARE:metadata", 0},
        {"ALTER TABLE t CLUSTER ON t_v; CLUSTER", "rewrite", AX("t", "rewrite"), 0},
        {"CREATE FUNCTION f() RETURNS void LANGUAGE sql AS 'ALTER TABLE t ADD z serial';"
         "SELECT f()",
         "rewrite", AX("t", "rewrite"), 0},
        {"SELECT who_knows()", "?", NULL, 0},
        {"SELECT count(*), max(a) FROM t", "none", NULL, 0},
        {"REFRESH MATERIALIZED VIEW mv", "rewrite", AX("mv", "rewrite"), 0},
        {"REFRESH MATERIALIZED VIEW CONCURRENTLY mv", "scan", "mv:EXCLUSIVE:scan", 0},
        {"ALTER DOMAIN positive ADD CHECK (value < 9)", "scan", "u:SHARE:scan", 0},
        {"ALTER DOMAIN positive ADD CHECK (value < 9) NOT VALID", "metadata", "", 0},
        {"ALTER DOMAIN plain ADD CHECK (value < 9)", "metadata", "", 0},
        {"ALTER TYPE mood ADD VALUE 'c'", "metadata", "", 0},
        {"CREATE TRIGGER g BEFORE INSERT ON t EXECUTE FUNCTION vol()", "metadata",
         SRX("t", "metadata"), 0},
        {"COMMENT ON COLUMN t.a IS 'x'", "metadata", SUE("t", "metadata"), 0},
        {"GRANT SELECT ON t TO public", "metadata", "", 0},
        {"DO $$ BEGIN ALTER TABLE t ADD z serial; END $$", "rewrite", AX("t", "rewrite"), 0},
        {"DO $$ BEGIN EXECUTE 'CREATE INDEX ON t (d)'; END $$", "scan", "t:SHARE:scan", 0},
        {"DO $$ BEGIN EXECUTE format('ALTER TABLE %I ADD z serial', 'x' || now()); END $$",
         "rewrite", AX("?", "rewrite"), 0},
        {"DO $$ BEGIN EXECUTE 'ALTER TABLE ' || n || ' ADD z serial'; END $$", "rewrite",
         AX("?", "rewrite"), 0},
        {"DO $$ BEGIN EXECUTE n; END $$", "?", NULL, 0},
        {"INSERT INTO t (id) VALUES (1)", "none", "t:ROW EXCLUSIVE:none", 0},
    };
    run(cases, G_N_ELEMENTS(cases));
}

/* ---- a schema of which nothing is known ------------------------------------------------------ */

static void test_unknown(void)
{
    static const struct {
        const char *statement, *effect;
        enum ddl_truth sure; /* of its first act */
    } cases[] = {
        {"ALTER TABLE t ALTER a SET NOT NULL", "scan", DDL_UNKNOWN},
        {"ALTER TABLE t ALTER a TYPE bigint", "rewrite", DDL_UNKNOWN},
        {"ALTER TABLE t ALTER a TYPE text USING lower(a)", "rewrite", DDL_YES},
        {"ALTER TABLE t ADD z int DEFAULT made_up()", "rewrite", DDL_UNKNOWN},
        {"ALTER TABLE t ADD CHECK (a > 0)", "scan", DDL_YES},
        {"CREATE TABLE IF NOT EXISTS t (a int); CREATE INDEX ON t (a)", "scan", DDL_YES},
        {"CREATE TABLE s.t (a int); CREATE INDEX ON t (a)", "scan", DDL_YES},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        AUTO(ddl_schema) schema = ddl_schema_new();
        AUTO(ddl_judgement) judgement = judge_last(schema, cases[i].statement, 150000, NULL);
        const char *effect = ddl_effect_name(judgement->effect);
        const struct ddl_act *act =
            judgement->acts->len == 0 ? NULL : judgement->acts->pdata[0];
        if (strcmp(effect, cases[i].effect) != 0 || act == NULL || act->sure != cases[i].sure ||
            (act->sure == DDL_UNKNOWN) != (act->assumption != NULL))
            g_test_fail_printf("%s: %s", cases[i].statement, effect);
    }
}

/* The place of an act is that of its command. */
static void test_places(void)
{
    const char *text = "ALTER TABLE public.\"t,x\" ADD a numeric(1, 2) DEFAULT random(),\n"
                       "  /* b, too */ ALTER b SET NOT NULL";
    AUTO(ddl_schema) schema = ddl_schema_new();
    AUTO(ddl_judgement) two = judge_last(schema, text, 150000, NULL);
    g_assert_cmpuint(two->acts->len, ==, 2);
    const struct ddl_act *first = two->acts->pdata[0], *second = two->acts->pdata[1];
    g_assert_cmpint((gint64) first->at, ==, strstr(text, "ADD a") - text);
    g_assert_cmpint((gint64) second->at, ==, strstr(text, "ALTER b") - text);
}

static void test_analyze(void)
{
    AUTO(ddl_schema) schema = ddl_schema_new();
    AUTO(ddl_judgement)
    type = judge_last(schema, "ALTER TABLE t ALTER a TYPE text", 150000, NULL);
    AUTO(ddl_judgement) name = judge_last(schema, "ALTER TABLE t RENAME a TO b", 150000, NULL);
    AUTO(ddl_judgement) gone = judge_last(schema, "ALTER TABLE t DROP c", 150000, NULL);

    g_assert_cmpuint(type->analyze->len, ==, 1);
    const struct ddl_analyze *analyze = type->analyze->pdata[0];
    g_assert_cmpstr(analyze->relation, ==, "t");
    g_assert_cmpstr(analyze->column, ==, "a");
    g_assert_cmpuint(name->analyze->len, ==, 0);
    g_assert_cmpuint(gone->analyze->len, ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ddl/add_column", test_add_column);
    g_test_add_func("/ddl/columns", test_columns);
    g_test_add_func("/ddl/types", test_types);
    g_test_add_func("/ddl/constraints", test_constraints);
    g_test_add_func("/ddl/tables", test_tables);
    g_test_add_func("/ddl/others", test_others);
    g_test_add_func("/ddl/unknown", test_unknown);
    g_test_add_func("/ddl/places", test_places);
    g_test_add_func("/ddl/analyze", test_analyze);
    return g_test_run();
}
