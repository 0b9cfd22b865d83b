"""Pairs of up and down, each on tables of its own, with what has to come of them."""

REVERSIBLE, SCHEMA_ONLY = "reversible", "schema only"
IRREVERSIBLE, BROKEN = "irreversible", "broken"

ROWS = 20


class Pair:
    """verdict and words that its detail has; down None: there is no file."""

    def __init__(self, name, setup, up, down, verdict, detail=None):
        self.name, self.setup, self.up, self.down = name, setup, up, down
        self.verdict, self.detail = verdict, detail


def table(name, columns="a int, b text, c numeric(10,4)"):
    return (f"CREATE TABLE {name} (id int PRIMARY KEY, {columns});"
            f"INSERT INTO {name} SELECT i, i, 'text ' || i, i + 0.1234"
            f"  FROM generate_series(1, {ROWS}) AS i;")


PAIRS = [
    # -- columns --
    Pair("drop_middle_column", table("t1"), "ALTER TABLE t1 DROP COLUMN b",
         "ALTER TABLE t1 ADD COLUMN b text", SCHEMA_ONLY, "data lost in public.t1.b"),
    Pair("drop_last_column", table("t2"), "ALTER TABLE t2 DROP COLUMN c",
         "ALTER TABLE t2 ADD COLUMN c numeric(10,4)", SCHEMA_ONLY, "data lost in public.t2.c"),
    Pair("drop_empty_column", table("t3") + "UPDATE t3 SET b = NULL;",
         "ALTER TABLE t3 DROP COLUMN b", "ALTER TABLE t3 ADD COLUMN b text", REVERSIBLE,
         "another order"),
    Pair("column_comes_back_as_another", table("t4"), "ALTER TABLE t4 DROP COLUMN b",
         "ALTER TABLE t4 ADD COLUMN b varchar(99)", BROKEN, "column public.t4.b"),
    Pair("add_column", table("t5"), "ALTER TABLE t5 ADD COLUMN d int NOT NULL DEFAULT 7",
         "ALTER TABLE t5 DROP COLUMN d", REVERSIBLE),
    Pair("add_serial", table("t6"), "ALTER TABLE t6 ADD COLUMN d serial",
         "ALTER TABLE t6 DROP COLUMN d", REVERSIBLE),
    Pair("add_identity", table("t7"),
         "ALTER TABLE t7 ADD COLUMN d int GENERATED ALWAYS AS IDENTITY",
         "ALTER TABLE t7 DROP COLUMN d", REVERSIBLE),
    Pair("add_stored", table("t8"),
         "ALTER TABLE t8 ADD COLUMN d int GENERATED ALWAYS AS (a * 2) STORED",
         "ALTER TABLE t8 DROP COLUMN d", REVERSIBLE),
    Pair("rename_column", table("t9"), "ALTER TABLE t9 RENAME COLUMN b TO bb",
         "ALTER TABLE t9 RENAME COLUMN bb TO b", REVERSIBLE),
    Pair("split_column", table("t10"),
         "ALTER TABLE t10 ADD COLUMN word text; ALTER TABLE t10 ADD COLUMN number text;"
         "UPDATE t10 SET word = split_part(b, ' ', 1), number = split_part(b, ' ', 2);"
         "ALTER TABLE t10 DROP COLUMN b",
         "ALTER TABLE t10 ADD COLUMN b text; UPDATE t10 SET b = word || ' ' || number;"
         "ALTER TABLE t10 DROP COLUMN word; ALTER TABLE t10 DROP COLUMN number", REVERSIBLE),
    Pair("forget_the_default", table("t11"), "ALTER TABLE t11 ALTER COLUMN a SET DEFAULT 5",
         "-- nothing to do", BROKEN, "column public.t11.a"),
    Pair("default_comes_back", table("t12", "a int DEFAULT 1, b text, c numeric"),
         "ALTER TABLE t12 ALTER COLUMN a SET DEFAULT 2",
         "ALTER TABLE t12 ALTER COLUMN a SET DEFAULT 1", REVERSIBLE),
    Pair("other_default", table("t13", "a int DEFAULT 1, b text, c numeric"),
         "ALTER TABLE t13 ALTER COLUMN a DROP DEFAULT",
         "ALTER TABLE t13 ALTER COLUMN a SET DEFAULT 2", BROKEN, "default 2"),
    Pair("not_null", table("t14"), "ALTER TABLE t14 ALTER COLUMN a SET NOT NULL",
         "ALTER TABLE t14 ALTER COLUMN a DROP NOT NULL", REVERSIBLE),
    # -- types --
    Pair("bigint_and_back", table("t15"), "ALTER TABLE t15 ALTER COLUMN a TYPE bigint",
         "ALTER TABLE t15 ALTER COLUMN a TYPE int", REVERSIBLE),
    Pair("text_and_back", table("t16", "a int, b varchar(20), c numeric"),
         "ALTER TABLE t16 ALTER COLUMN b TYPE text",
         "ALTER TABLE t16 ALTER COLUMN b TYPE varchar(20)", REVERSIBLE),
    Pair("fewer_digits", table("t17"), "ALTER TABLE t17 ALTER COLUMN c TYPE numeric(10,2)",
         "ALTER TABLE t17 ALTER COLUMN c TYPE numeric(10,4)", SCHEMA_ONLY, "public.t17.c"),
    Pair("enum", "", "CREATE TYPE mood AS ENUM ('good', 'bad')", "DROP TYPE mood", REVERSIBLE),
    Pair("enum_value_stays", "CREATE TYPE size AS ENUM ('s', 'm');",
         "ALTER TYPE size ADD VALUE IF NOT EXISTS 'l'", "-- cannot be taken back", BROKEN,
         "type public.size"),
    # -- rows --
    Pair("update_alone", table("t18"), "UPDATE t18 SET b = upper(b)", "", SCHEMA_ONLY,
         "data lost in public.t18.b"),
    Pair("swap_values", table("t19"), "UPDATE t19 SET a = 21 - a", "SELECT 1", SCHEMA_ONLY,
         "values are in other rows"),
    Pair("truncate", table("t20"), "TRUNCATE t20", "-- gone", SCHEMA_ONLY,
         "public.t20 (20 of 20 rows)"),
    Pair("delete_some", table("t21"), "DELETE FROM t21 WHERE id > 15", "-- gone", SCHEMA_ONLY,
         "public.t21 (5 of 20 rows)"),
    Pair("seed", table("t22"), "INSERT INTO t22 VALUES (100, 1, 'seed', 1)",
         "DELETE FROM t22 WHERE id = 100", REVERSIBLE),
    Pair("seed_stays", table("t23"), "INSERT INTO t23 VALUES (100, 1, 'x', 1) "
         "ON CONFLICT DO NOTHING", "-- it may stay", SCHEMA_ONLY, "1 rows too many"),
    Pair("table_again", table("t24"), "DROP TABLE t24",
         "CREATE TABLE t24 (id int PRIMARY KEY, a int, b text, c numeric(10,4))", SCHEMA_ONLY,
         "public.t24 (20 of 20 rows)"),
    # -- indexes and constraints --
    Pair("index", table("t25"), "CREATE INDEX t25_b ON t25 (b)", "DROP INDEX t25_b", REVERSIBLE),
    Pair("other_index_name", table("t26"), "CREATE INDEX IF NOT EXISTS t26_b ON t26 (b)",
         "DROP INDEX IF EXISTS t26_bb", BROKEN, "index public.t26_b is left over"),
    Pair("index_was_there", table("t27") + "CREATE INDEX t27_b ON t27 (b);",
         "CREATE INDEX IF NOT EXISTS t27_b ON t27 (b)", "DROP INDEX IF EXISTS t27_b", BROKEN,
         "index public.t27_b is gone"),
    Pair("index_concurrently", table("t28"), "CREATE INDEX CONCURRENTLY t28_b ON t28 (b)",
         "DROP INDEX CONCURRENTLY t28_b", REVERSIBLE),
    Pair("primary_key", "CREATE TABLE t29 (id int NOT NULL);", "ALTER TABLE t29 ADD PRIMARY KEY (id)",
         "ALTER TABLE t29 DROP CONSTRAINT t29_pkey", REVERSIBLE),
    Pair("not_valid", table("t30"), "ALTER TABLE t30 ADD CONSTRAINT ok CHECK (a > 0) NOT VALID",
         "ALTER TABLE t30 DROP CONSTRAINT ok", REVERSIBLE),
    Pair("validated_stays", table("t31") +
         "ALTER TABLE t31 ADD CONSTRAINT ok CHECK (a > 0) NOT VALID;",
         "ALTER TABLE t31 VALIDATE CONSTRAINT ok", "-- it is true", BROKEN,
         "constraint public.t31.ok"),
    Pair("foreign_key", table("t32") + table("t33"),
         "ALTER TABLE t33 ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES t32",
         "ALTER TABLE t33 DROP CONSTRAINT f", REVERSIBLE),
    # -- tables and what belongs to them --
    Pair("rename_table", table("t34"), "ALTER TABLE t34 RENAME TO t34b",
         "ALTER TABLE t34b RENAME TO t34", REVERSIBLE),
    Pair("unlogged", table("t35"), "ALTER TABLE t35 SET UNLOGGED", "ALTER TABLE t35 SET LOGGED",
         REVERSIBLE),
    Pair("replica_identity", table("t36"), "ALTER TABLE t36 REPLICA IDENTITY FULL",
         "ALTER TABLE t36 REPLICA IDENTITY DEFAULT", REVERSIBLE),
    Pair("grant", table("t37"), "GRANT SELECT ON t37 TO PUBLIC", "REVOKE SELECT ON t37 FROM PUBLIC",
         REVERSIBLE),
    Pair("grant_stays", table("t38"), "GRANT SELECT ON t38 TO PUBLIC", "-- let them", BROKEN,
         "privileges relation public.t38"),
    Pair("comment", table("t39"), "COMMENT ON COLUMN t39.a IS 'a number'",
         "COMMENT ON COLUMN t39.a IS NULL", REVERSIBLE),
    Pair("row_security_stays", table("t40"),
         "ALTER TABLE t40 ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON t40 USING (a > 0)",
         "DROP POLICY p ON t40", BROKEN, "table public.t40"),
    Pair("trigger", table("t41") + "CREATE FUNCTION noop() RETURNS trigger LANGUAGE plpgsql "
         "AS 'BEGIN RETURN NEW; END';",
         "CREATE TRIGGER tr BEFORE UPDATE ON t41 FOR EACH ROW EXECUTE FUNCTION noop()",
         "DROP TRIGGER tr ON t41", REVERSIBLE),
    Pair("partition", "CREATE TABLE t42 (a int, b int) PARTITION BY RANGE (a);",
         "CREATE TABLE t42_1 PARTITION OF t42 FOR VALUES FROM (1) TO (10)", "DROP TABLE t42_1",
         REVERSIBLE),
    Pair("statistics", table("t43"), "CREATE STATISTICS st ON a, b FROM t43", "DROP STATISTICS st",
         REVERSIBLE),
    # -- others --
    Pair("view", table("t44"), "CREATE VIEW v44 AS SELECT a FROM t44", "DROP VIEW v44", REVERSIBLE),
    Pair("function_comes_back", "CREATE FUNCTION f45() RETURNS int LANGUAGE sql AS 'SELECT 1';",
         "CREATE OR REPLACE FUNCTION f45() RETURNS int LANGUAGE sql AS 'SELECT 2'",
         "CREATE OR REPLACE FUNCTION f45() RETURNS int LANGUAGE sql AS 'SELECT 1'", REVERSIBLE),
    Pair("sequence_owner", table("t46") + "CREATE SEQUENCE s46;",
         "ALTER SEQUENCE s46 OWNED BY t46.a", "ALTER SEQUENCE s46 OWNED BY NONE", REVERSIBLE),
    Pair("sequence_again", "CREATE SEQUENCE s47; SELECT setval('s47', 70);", "DROP SEQUENCE s47",
         "CREATE SEQUENCE s47", SCHEMA_ONLY, "sequence public.s47 (starts over, was at 70)"),
    Pair("schema_and_all", "", "CREATE SCHEMA s48; CREATE TABLE s48.t (a int)",
         "DROP SCHEMA s48 CASCADE", REVERSIBLE),
    Pair("declared", table("t49"),
         "-- irreversible: nobody has read it for a year\nDROP TABLE t49", None, IRREVERSIBLE,
         "declared: nobody has read it for a year"),
    Pair("no_down", table("t50"), "DROP TABLE t50", None, BROKEN, "there is no down script"),
    Pair("down_fails", table("t51"), "ALTER TABLE t51 ADD COLUMN d int",
         "ALTER TABLE t51 DROP COLUMN e", BROKEN, "down fails: column \"e\""),
    Pair("up_again_fails", table("t52"), "CREATE UNIQUE INDEX t52_b ON t52 (b); "
         "UPDATE t52 SET a = 1", "DROP INDEX t52_b; UPDATE t52 SET b = 'same'", BROKEN,
         "up fails after down"),
]


def write_pair(folder, number, pair):
    """As golang-migrate has them."""
    (folder / f"{number:04}_{pair.name}.up.sql").write_text(pair.up + "\n")
    if pair.down is not None:
        (folder / f"{number:04}_{pair.name}.down.sql").write_text(pair.down + "\n")
