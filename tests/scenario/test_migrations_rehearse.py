"""`migrations rehearse`: what is pending, up, down and up again, where nobody minds."""

from contextlib import contextmanager, nullcontext

import pytest

from golden.documents import check_document
from support.migrations_pairs import BROKEN, PAIRS, Pair, table, write_pair
from support.servers import ENDS, Server, wait_until

versions = ENDS


@contextmanager
def staging(server):
    """A copy of the target, for as long as it is rehearsed on."""
    admin, copy = Server(server.cluster), Server(server.cluster, f"{server.dbname}_staging")
    admin.sql(f"CREATE DATABASE {copy.dbname} TEMPLATE {server.dbname}")
    yield copy
    copy.close()
    admin.sql(f"DROP DATABASE {copy.dbname} WITH (FORCE)")


def rehearse(runbook, server, folder, *options, code=0, shadow=True, **more):
    """The document."""
    with staging(server) if shadow else nullcontext() as copy:
        where = ["--shadow", copy.conninfo()] if shadow else []
        result = runbook("migrations", "rehearse", "--json", *where, *options, folder,
                         server=server, timeout=120, **more).expect(code)
    return check_document(result.json, "migrations.rehearse")


def folder_of(tmp_path, *pairs):
    for number, pair in enumerate(pairs, 1):
        write_pair(tmp_path, number, pair)
    return tmp_path


def copies(server):
    return server.sql("SELECT datname FROM pg_database WHERE datname LIKE 'pgrunbook_rehearsal%'")


def statement(document, version=1, number=0, direction="up"):
    for file in document["files"]:
        if int(file["version"]) == version and file["direction"] == direction:
            return file["statements"][number]
    raise AssertionError(f"no file of version {version}")


# More than fifty pairs are enough for one version; what a catalog looks like on each is seen by
# preparing the query on all of them.
@pytest.mark.parametrize("version", [18])
def test_every_pair_has_its_verdict(server, runbook, tmp_path):
    server.sql("".join(pair.setup for pair in PAIRS))
    # The last one leaves the shadow in a state that nobody knows.
    document = rehearse(runbook, server, folder_of(tmp_path, *PAIRS), code=1)
    found = {one["name"]: one["reversibility"] for one in document["migrations"]}
    wrong = {pair.name: found[pair.name] for pair in PAIRS
             if found[pair.name]["verdict"] != pair.verdict or
             (pair.detail or "") not in (found[pair.name]["detail"] or "")}
    assert not wrong
    assert len(found) == len(PAIRS) >= 30
    assert not copies(server)
    assert document["shadow"]["troubles"] == []


def test_what_a_statement_did(server, runbook, tmp_path):
    server.sql(table("orders") + table("customers"))
    server.sql("ALTER TABLE orders ADD FOREIGN KEY (a) REFERENCES customers")
    folder = folder_of(
        tmp_path,
        Pair("several", "", "ALTER TABLE orders ADD COLUMN d int;"
             "ALTER TABLE orders ALTER COLUMN b SET NOT NULL;"
             "ALTER TABLE orders ALTER COLUMN c TYPE float8;"
             "CREATE TABLE lines (a int); ALTER TABLE lines ADD COLUMN b serial;", None, BROKEN),
        Pair("dropped", "", "DROP TABLE orders", None, BROKEN),
        Pair("dynamic", "", "DO $$ BEGIN EXECUTE 'CREATE INDEX ON customers (b)'; END $$", None,
             BROKEN),
        Pair("emptied", "", "TRUNCATE customers; REINDEX TABLE lines", None, BROKEN),
        Pair("alone", "", "CREATE INDEX CONCURRENTLY c_a ON customers (a)", None, BROKEN))
    document = rehearse(runbook, server, folder, code=1)
    assert [item["effect"] for item in document["files"][0]["statements"]] == [
        "metadata", "scan", "rewrite", "none", "none"]
    first, second, third = (statement(document, 1, number)["measured"] for number in range(3))
    assert first["locks"][0]["relation"] == "public.orders"
    assert first["locks"][0]["mode"] == "AccessExclusiveLock"
    assert first["locks"][0]["held_ms"] >= 1000 * sum(
        item["measured"]["seconds"] for item in document["files"][0]["statements"])
    # The index is built anew as well.
    assert (second["scanned_rows"], third["scanned_rows"]) == (20, 40)
    assert first["rewritten_bytes"] == 0 < third["rewritten_bytes"]
    assert third["wal_bytes"] > first["wal_bytes"] > 0
    # A table that is gone has no name any more; its lock was held all the same.
    locks = {lock["relation"]: lock["mode"]
             for lock in statement(document, 2)["measured"]["locks"]}
    assert locks["public.orders"] == locks["public.customers"] == "AccessExclusiveLock"
    dynamic = statement(document, 3)
    assert dynamic["effect"] == "scan"
    assert {"relation": "public.customers", "mode": "ShareLock"} in dynamic["locks"]
    # A new file with nothing in it, and its index built from nothing.
    emptied = statement(document, 4)
    assert (emptied["effect"], emptied["measured"]["rewritten_bytes"]) == ("metadata", 0)
    alone = statement(document, 5)
    assert not alone["measured"]["in_transaction"] and alone["measured"]["error"] is None


def test_a_failure_ends_it(server, runbook, tmp_path):
    server.sql(table("orders"))
    folder = folder_of(tmp_path, Pair("good", "", "CREATE TABLE x (a int)", "DROP TABLE x", ""),
                       Pair("bad", "", "ALTER TABLE orders ADD COLUMN d int;\nSELECT 1/0;", "", ""),
                       Pair("never", "", "CREATE TABLE y (a int)", "DROP TABLE y", ""))
    document = rehearse(runbook, server, folder, code=1)
    assert [one["reached"] for one in document["migrations"]] == [True, True, False]
    assert [one["passed"] for one in document["migrations"]] == [True, False, False]
    failed = statement(document, 2, 1)
    assert failed["line"] == 2 and failed["measured"]["sqlstate"] == "22012"
    with staging(server) as copy:
        text = runbook("migrations", "rehearse", "--shadow", copy.conninfo(), folder, server=server)
    assert "up fails: division by zero" in text.expect(1).out
    assert "never: not reached" in text.out


def test_who_is_in_the_staging_database(server, runbook, tmp_path):
    folder = folder_of(tmp_path, Pair("one", "", "CREATE TABLE x (a int)", "DROP TABLE x", ""))
    with staging(server) as copy:
        copy.connect()
        result = runbook("migrations", "rehearse", "--shadow", copy.conninfo(), folder, server=server)
        assert "while nobody is in it" in result.expect(4).err
    assert rehearse(runbook, server, folder)["migrations"][0]["passed"]


def test_the_target_is_no_staging_database(server, runbook, tmp_path):
    folder = folder_of(tmp_path, Pair("one", "", "CREATE TABLE x (a int)", "DROP TABLE x", ""))
    result = runbook("migrations", "rehearse", "--shadow", server.conninfo(), folder, server=server)
    assert "the staging database is the target itself" in result.expect(4).err


def test_what_is_applied_is_not_rehearsed(server, runbook, tmp_path):
    server.sql("CREATE TABLE schema_migrations (version bigint PRIMARY KEY, dirty boolean NOT NULL)")
    server.sql("INSERT INTO schema_migrations VALUES (1, false)")
    server.sql("CREATE TABLE x (a int)")
    folder = folder_of(tmp_path, Pair("one", "", "CREATE TABLE x (a int)", "DROP TABLE x", ""),
                       Pair("two", "", "CREATE TABLE y (a int)", "DROP TABLE y", ""))
    document = rehearse(runbook, server, folder)
    assert [one["version"] for one in document["migrations"]] == ["2"]
    # What the tool's own table holds is no part of the schema.
    server.sql("DROP TABLE schema_migrations")
    server.sql("CREATE TABLE schema_migrations (version bigint PRIMARY KEY, dirty boolean NOT NULL)")
    server.sql("INSERT INTO schema_migrations VALUES (2, false)")
    again = rehearse(runbook, server, folder)
    assert again["migrations"] == [] and again["schema_hash"] == document["schema_hash"]


def test_ctrl_c_leaves_no_copy(server, runbook, tmp_path):
    folder = folder_of(tmp_path, Pair("long", "", "SELECT pg_sleep(60)", "", ""))
    with staging(server) as copy:
        running = runbook.start("migrations", "rehearse", "--shadow", copy.conninfo(), folder,
                                server=server)
        wait_until(lambda: server.sql("SELECT 1 FROM pg_stat_activity WHERE query LIKE "
                                      "'SELECT pg_sleep%' AND state = 'active'"),
                   what="the statement")
        running.interrupt()
        assert running.wait().code == 130
    assert not copies(server)


def test_the_table_that_was_named(server, runbook, tmp_path):
    server.sql("CREATE TABLE mine (version bigint PRIMARY KEY, dirty boolean NOT NULL)")
    server.sql("INSERT INTO mine VALUES (1, false)")
    folder = folder_of(tmp_path, Pair("one", "", "CREATE TABLE x (a int)", "DROP TABLE x", ""),
                       Pair("two", "", "CREATE TABLE y (a int)", "DROP TABLE y", ""))
    document = rehearse(runbook, server, folder, "--table", "mine")
    assert [one["version"] for one in document["migrations"]] == ["2"]
    # One file is enough for a rehearsal.
    single = next(folder.glob("*two.up.sql"))
    document = rehearse(runbook, server, single, "--table", "mine")
    assert [one["version"] for one in document["migrations"]] == ["2"]


@pytest.mark.parametrize("version", [18])
def test_the_statements_are_those_of_lint(server, runbook, tmp_path):
    server.sql(table("orders"))
    folder = folder_of(tmp_path, Pair("one", "", "CREATE INDEX i ON orders (a)", "DROP INDEX i", ""))
    linted = runbook("migrations", "lint", "--json", "-d", server.dbname, folder,
                     server=server).expect(1).json
    document = rehearse(runbook, server, folder)
    for mine, theirs in zip(document["files"], linted["files"], strict=True):
        assert mine["reversibility"]["verdict"] == "reversible"
        assert [one["findings"] for one in mine["statements"]] == [
            one["findings"] for one in theirs["statements"]]
    assert statement(document)["findings"][0]["rule"] == "create-index"


@pytest.mark.parametrize("version", [18])
def test_repeatable_ones_need_no_way_back(server, runbook, tmp_path):
    (tmp_path / "V1__t.sql").write_text("CREATE TABLE t (a int);\n-- irreversible: the first\n")
    (tmp_path / "R__v.sql").write_text("CREATE OR REPLACE VIEW v AS SELECT a FROM t;")
    document = rehearse(runbook, server, tmp_path)
    assert document["migrations"][1]["reversibility"] == {
        "verdict": "reversible", "detail": "repeatable: its older text, run again, is the way back"}
    (tmp_path / "R__v.sql").write_text("CREATE VIEW v AS SELECT a FROM t;")
    document = rehearse(runbook, server, tmp_path, code=1)
    assert "fails the second time" in document["migrations"][1]["reversibility"]["detail"]


@pytest.mark.parametrize("version", [18])
def test_a_bad_file_is_refused(server, runbook, tmp_path):
    (tmp_path / "1_a.up.sql").write_text("SELECT 1;\n\\i other.sql\n")
    result = runbook("migrations", "rehearse", tmp_path, server=server).expect(4)
    assert "1_a.up.sql:2: " in result.err


@pytest.mark.parametrize("version", [18])
def test_what_is_read_by_index_is_told(server, runbook, tmp_path):
    server.sql("CREATE TABLE big (a int PRIMARY KEY, b int);"
               "INSERT INTO big SELECT i, i FROM generate_series(1, 5000) i; ANALYZE big")
    folder = folder_of(tmp_path, Pair(
        "read", "", "SET LOCAL enable_seqscan = off;\nALTER TABLE big ADD COLUMN c int;\n"
        "SELECT sum(b) FROM big WHERE a > 0;\nSELECT b FROM big WHERE a = 1;",
        "ALTER TABLE big DROP COLUMN c", ""))
    document = rehearse(runbook, server, folder)
    read = [[lock["relation"] for lock in statement(document, 1, number)["measured"]["locks"]
             if lock["read_by_index"]] for number in range(4)]
    assert read == [[], [], ["public.big"], []]


@pytest.mark.parametrize("version", [18])
def test_what_people_read(server, runbook, tmp_path):
    server.sql("CREATE TABLE parts (a int) PARTITION BY RANGE (a);"
               "CREATE TABLE a_part PARTITION OF parts FOR VALUES FROM (0) TO (10)")
    (tmp_path / "views.sql").write_text(
        "ALTER TABLE parts ADD COLUMN one int, ADD COLUMN two int, ADD three int, ADD four int;\n")
    (tmp_path / "views.down.sql").write_text(
        "ALTER TABLE parts DROP one, DROP two, DROP three, DROP four;\n")
    with staging(server) as copy:
        text = runbook("migrations", "rehearse", "--shadow", copy.conninfo(), tmp_path,
                       server=server).expect(0).out
    assert "ACCESS EXCLUSIVE on public.parts and 1 more" in text
    assert "\nviews: reversible" in text
    line = next(line for line in text.splitlines() if "ADD COLUMN one" in line)
    assert " …  metadata" in line
