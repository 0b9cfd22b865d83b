"""The throw-away server of `migrations rehearse`: the target's schema, and rows that are made up; or
the newest backup."""

import sqlite3
from contextlib import closing

import pytest

from golden.documents import check_document
from support.dumps import DUMPED, NEWEST_PG_DUMP
from support.migrations_pairs import Pair, write_pair
from support.restoring import Stage
from support.servers import wait_until

versions = DUMPED

SHOP = """
    CREATE TYPE state AS ENUM ('new', 'paid');
    CREATE DOMAIN amount AS numeric(10,2);
    CREATE DOMAIN mail AS text CHECK (VALUE ~ '^[^@]+@[^@]+$');
    CREATE TABLE customers (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        mail varchar(200) NOT NULL UNIQUE, at timestamptz DEFAULT now(), extra jsonb,
        code char(2), flags boolean[] NOT NULL);
    CREATE TABLE orders (id serial PRIMARY KEY, customer bigint REFERENCES customers,
        state state NOT NULL, word text CHECK (word IN ('red', 'it''s')),
        rating int CHECK (rating BETWEEN 1 AND 5), sum amount NOT NULL, sender mail NOT NULL,
        twice int GENERATED ALWAYS AS (rating * 2) STORED);
    CREATE INDEX ON orders (customer);
    CREATE TABLE events (at date NOT NULL, id int) PARTITION BY RANGE (at);
    CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM ('2025-01-01') TO ('2025-02-01');
    CREATE TABLE events_0 PARTITION OF events DEFAULT;
    CREATE VIEW newest AS SELECT word, rating FROM orders;
    CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN NEW; END$$;
    CREATE TRIGGER told AFTER INSERT ON orders FOR EACH ROW EXECUTE FUNCTION tell();
    COMMENT ON TABLE orders IS 'what was ordered';
    ALTER TABLE customers ENABLE ROW LEVEL SECURITY;
    CREATE POLICY own ON customers USING (mail = current_user);
"""

WAY = [
    Pair("more", "", "ALTER TABLE orders ALTER COLUMN customer SET NOT NULL;"
         "ALTER TABLE orders ALTER COLUMN id TYPE bigint", "ALTER TABLE orders ALTER COLUMN id "
         "TYPE int; ALTER TABLE orders ALTER COLUMN customer DROP NOT NULL", ""),
    Pair("less", "", "ALTER TABLE customers DROP COLUMN mail CASCADE", None, ""),
]


def rehearse(runbook, server, folder, *options, code=0):
    result = runbook("migrations", "rehearse", "--json", "--bindir", server.cluster.programs,
                     *options, folder, server=server, timeout=120)
    return check_document(result.expect(code).json, "migrations.rehearse")


def folder_of(tmp_path):
    for number, pair in enumerate(WAY, 1):
        write_pair(tmp_path, number, pair)
    (tmp_path / "0002_less.up.sql").write_text(
        "-- irreversible: mail was moved\nDROP POLICY own ON customers;\n"
        "ALTER TABLE customers DROP COLUMN mail;\n")
    return tmp_path


def test_a_schema_with_rows_made_up(server, runbook, roles, tmp_path):
    owner = roles("owner")
    server.sql(SHOP)
    server.sql(f"ALTER TABLE orders OWNER TO {owner}; GRANT SELECT ON customers TO {owner}")
    document = rehearse(runbook, server, folder_of(tmp_path), "--rows", "500",
                        "--scratch", server.cluster.folder)
    shadow = document["shadow"]
    assert shadow["troubles"] == []
    assert (shadow["kind"], shadow["tables"]) == ("throw-away", 4)
    assert shadow["rows"] == 4 * 500
    one, two = document["migrations"]
    # The schema is the target's, to the last privilege.
    assert one["schema_hash"] == document["schema_hash"] != two["schema_hash"]
    assert one["reversibility"] == {"verdict": "reversible", "detail": None}
    assert two["reversibility"]["verdict"] == "irreversible"
    null, wider = document["files"][0]["statements"]
    assert (null["effect"], wider["effect"]) == ("scan", "rewrite")
    assert null["measured"]["scanned_rows"] == 500
    assert wider["measured"]["scanned_rows"] == 3 * 500  # and for each of its indexes
    assert not list(server.cluster.folder.glob("pgrunbook-scratch-*"))
    # For the gate before apply.
    with closing(sqlite3.connect(runbook.history)) as history:
        kept = history.execute("SELECT version, verdict, passed, schema_hash FROM rehearsal "
                               "ORDER BY version").fetchall()
    assert kept == [("1", "reversible", 1, one["schema_hash"]),
                    ("2", "irreversible", 1, two["schema_hash"])]


@pytest.mark.parametrize("version", [NEWEST_PG_DUMP])
def test_the_target_predicts(server, runbook, tmp_path):
    """Sizes are those of the target: what is small here and large there is not concluded from."""
    server.sql("CREATE TABLE t AS SELECT i, repeat('x', 500) AS x FROM generate_series(1, 20000) AS i")
    server.sql("ANALYZE t; CREATE TABLE small (i int)")
    write_pair(tmp_path, 1, Pair("wider", "", "ALTER TABLE t ALTER COLUMN i TYPE bigint",
                                 "ALTER TABLE t ALTER COLUMN i TYPE int", ""))
    write_pair(tmp_path, 2, Pair("column", "", "ALTER TABLE t ADD COLUMN j int",
                                 "ALTER TABLE t DROP COLUMN j", ""))
    document = rehearse(runbook, server, tmp_path, "--rows", "10",
                        "--scratch", server.cluster.folder, code=1)
    wider, column = document["migrations"]
    measured = document["files"][0]["statements"][0]["measured"]
    # On a slow day it takes long enough to conclude from.
    assert (wider["predicted_hold_ms"] is None) == (measured["seconds"] < 0.05)
    if wider["predicted_hold_ms"] is None:
        assert "too little to say what 10.4 MB of public.t" in wider["prediction_refused"]
    # What may be too long for all that is known has not passed.
    assert not wider["passed"] and "a lock would be held" in wider["objection"]
    assert column["passed"]
    assert column["predicted_hold_ms"] == column["longest_hold_ms"] > 0


@pytest.mark.parametrize("version", [NEWEST_PG_DUMP])
def test_made_up_rows_show_what_is_lost(server, runbook, tmp_path):
    server.sql("""CREATE TABLE t (id int PRIMARY KEY, b text, f float8, at timestamp(3), mail text);
        CREATE TABLE u (LIKE t); CREATE TABLE v (LIKE t); CREATE TABLE w (LIKE t);
        CREATE MATERIALIZED VIEW mv AS SELECT id, b FROM t; CREATE UNIQUE INDEX ON mv (id);
        CREATE TABLE n (id serial, i int); INSERT INTO n (i) SELECT -g FROM generate_series(1, 9) g;
        ANALYZE n""")
    ways = [("UPDATE t SET b = '' WHERE b IS NULL", "SELECT 1", "public.t.b"),
            ("ALTER TABLE u ALTER f TYPE float4", "ALTER TABLE u ALTER f TYPE float8", "public.u.f"),
            ("ALTER TABLE v ALTER at TYPE timestamp(0)", "ALTER TABLE v ALTER at TYPE timestamp(3)",
             "public.v.at"),
            ("UPDATE w SET mail = lower(mail)", "SELECT 1", "public.w.mail"),
            ("UPDATE n SET i = abs(i)", "SELECT 1", "public.n.i"),
            ("ALTER TABLE n DROP id", "ALTER TABLE n ADD id serial",
             "public.n (values are in other rows)"),
            ("REFRESH MATERIALIZED VIEW CONCURRENTLY mv", "SELECT 1", None),
            (f"GRANT CONNECT ON DATABASE {server.dbname} TO PUBLIC", "SELECT 1", None)]
    for number, (up, down, _) in enumerate(ways, 1):
        write_pair(tmp_path, number, Pair("way", "", up, down, ""))
    document = rehearse(runbook, server, tmp_path, "--rows", "50", "--scratch",
                        server.cluster.folder)
    found = [one["reversibility"]["detail"] for one in document["migrations"]]
    assert found == [lost and f"data lost in {lost}" for *_, lost in ways]
    assert document["shadow"]["troubles"] == []


@pytest.mark.parametrize("version", [NEWEST_PG_DUMP])
def test_rows_that_are_made_up_are_doubted(server, runbook, tmp_path):
    server.sql("CREATE TABLE t (word text)")
    write_pair(tmp_path, 1, Pair("check", "", "ALTER TABLE t ADD CHECK (word LIKE 'a%')",
                                 "ALTER TABLE t DROP CONSTRAINT t_word_check", ""))
    options = ["--bindir", server.cluster.programs, "--scratch", server.cluster.folder, tmp_path]
    result = runbook("migrations", "rehearse", *options, server=server)
    assert "the rows are made up" in result.expect(1).out
    assert runbook("migrations", "rehearse", "--rows", "0", *options, server=server).code == 0


@pytest.mark.parametrize("version", [NEWEST_PG_DUMP])
def test_rights_are_those_of_the_target(server, runbook, roles, tmp_path):
    role = roles("app")
    server.sql(f"CREATE TABLE t (a int); GRANT SELECT ON t TO {role}")
    write_pair(tmp_path, 1, Pair("column", "", "ALTER TABLE t ADD COLUMN b int",
                                 "ALTER TABLE t DROP COLUMN b", ""))
    result = runbook("migrations", "rehearse", "--bindir", server.cluster.programs, "--scratch",
                     server.cluster.folder, tmp_path, "-U", role, server=server)
    assert "must be owner of table t" in result.expect(1).out


@pytest.mark.parametrize("version", [NEWEST_PG_DUMP])
def test_the_newest_backup(fresh_server):
    stage = Stage(fresh_server)
    stage.server.sql("CREATE TABLE t AS SELECT i, 'row ' || i AS x FROM generate_series(1, 3000) AS i")
    stage.back_up()
    stage.archive()
    stage.server.sql("TRUNCATE t")
    folder = stage.cluster.folder / "migrations"
    folder.mkdir()
    write_pair(folder, 1, Pair("wider", "", "ALTER TABLE t ALTER COLUMN i TYPE bigint",
                               "ALTER TABLE t ALTER COLUMN i TYPE int", ""))
    result = stage.runbook("migrations", "rehearse", "--json", "--from-backup", *stage.options,
                           "--bindir", stage.bindir, "--scratch", stage.folder, folder,
                           server=stage.server, timeout=120)
    document = check_document(result.expect(0).json, "migrations.rehearse")
    assert document["shadow"]["kind"] == "backup"
    assert document["files"][0]["statements"][0]["measured"]["scanned_rows"] == 3000
    assert document["migrations"][0]["reversibility"]["verdict"] == "reversible"
    assert not list(stage.folder.glob("pgrunbook-scratch-*"))


@pytest.mark.parametrize("version", [NEWEST_PG_DUMP + 1])
def test_where_no_pg_dump_fits(server, runbook, tmp_path):
    write_pair(tmp_path, 1, Pair("one", "", "SELECT 1", "", ""))
    result = runbook("migrations", "rehearse", "--bindir", server.cluster.programs, "--scratch",
                     server.cluster.folder, tmp_path, server=server)
    assert "--shadow CONNINFO" in result.expect(4).err


@pytest.mark.parametrize("version", [NEWEST_PG_DUMP])
def test_a_killed_one_leaves_nothing_for_long(server, runbook, tmp_path):
    write_pair(tmp_path, 1, Pair("long", "", "SELECT pg_sleep(60)", "", ""))
    scratch = server.cluster.folder
    running = runbook.start("migrations", "rehearse", "--bindir", server.cluster.programs,
                            "--scratch", scratch, tmp_path, server=server)
    # initdb's own has a postmaster.pid as well, and initdb tidies up behind itself in its own time.
    wait_until(lambda: list(scratch.glob("pgrunbook-scratch-*/data/postmaster.opts")),
               what="its server")
    place = next(scratch.glob("pgrunbook-scratch-*"))
    running.kill()
    running.wait()
    wait_until(lambda: not (place / "data" / "postmaster.pid").exists(), what="its server's end")
    (tmp_path / "0001_long.up.sql").write_text("SELECT 1;\n")
    rehearse(runbook, server, tmp_path, "--scratch", scratch)
    assert not place.exists()
