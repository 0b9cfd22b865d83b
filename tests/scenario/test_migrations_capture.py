"""`pgrunbook migrations capture`: what a program does to its schema by itself becomes a migration."""

import pytest
from golden.documents import check_document
from support.automigrate import BEFORE, PROGRAM

versions = [15]  # pg_dump and initdb of one version are enough: what is captured is the log's


@pytest.fixture
def program(tmp_path):
    """Writes a program: program(text) returns the words that run it."""
    def write(text):
        path = tmp_path / "app.py"
        path.write_text(text)
        return ["/usr/bin/python3", path]
    return write


def statements(*texts):
    """A program that sends these, each by itself, and swallows what fails."""
    lines = "".join(f"try:\n    connection.execute({text!r})\nexcept psycopg.Error: pass\n"
                    for text in texts)
    return ("import os, psycopg\nconnection = psycopg.connect(os.environ['DATABASE_URL'], "
            f"autocommit=True)\n{lines}")


def capture(runbook, server, words, *more, code=0):
    result = runbook("migrations", "capture", "-d", server.dbname, *more, "--json", "--", *words,
                     server=server)
    return check_document(result.expect(code).json, "migrations.capture")


def files(document):
    return {file["name"]: file["text"] for file in document["files"]}


def test_automigrate(server, runbook, program, tmp_path):
    server.sql(BEFORE)
    folder = tmp_path / "migrations"
    folder.mkdir()
    (folder / "000006_orders.up.sql").write_text("CREATE TABLE orders (id bigint PRIMARY KEY);")
    result = runbook("migrations", "capture", server.dbname, "--dir", "migrations", "--name",
                     "users", "--", *program(PROGRAM), server=server).expect(0)
    assert "migrated" in result.err and "migrated" not in result.out
    assert "7 statements" in result.out and "Proved on the copy" in result.out
    up = (folder / "000007_users.up.sql").read_text()
    down = (folder / "000007_users.down.sql").read_text()
    assert up.count(";\n") == 7 and "SELECT" not in up
    assert 'ALTER TABLE "orders" ADD "user_id" bigint;' in up
    assert 'ALTER COLUMN "total" TYPE numeric(10,2)' in down
    assert down.index('DROP INDEX "idx_orders_user_id"') < down.index('DROP TABLE "users"')
    # The target was only looked at; what was captured does there what it did on the copy.
    assert server.value("SELECT to_regclass('users')") is None
    server.sql(up)
    again = capture(runbook, server, program(PROGRAM))
    assert again["migrations"][0]["up"][0].startswith("COMMENT") and len(again["files"]) == 2
    server.sql(down)


def test_what_counts(server, runbook, program):
    server.sql(BEFORE)
    document = capture(runbook, server, program(statements(
        "CREATE TEMP TABLE scratch (a int)",
        "CREATE TABLE kept (a int); INSERT INTO kept VALUES (1)",
        "CREATE TABLE kept (a int)",
        "BEGIN", "CREATE TABLE undone (a int)", "ROLLBACK",
        "CREATE INDEX CONCURRENTLY kept_a ON kept (a)",
        "ALTER TABLE orders DROP COLUMN note")))
    ups = [migration["up"] for migration in document["migrations"]]
    assert ups == [["CREATE TABLE kept (a int)"], ["CREATE INDEX CONCURRENTLY kept_a ON kept (a)"],
                   ["ALTER TABLE orders DROP COLUMN note"]]
    assert [m["transactional"] for m in document["migrations"]] == [True, False, True]
    assert document["writes"] == 1 and document["failed"] >= 2
    assert [m["notes"] for m in document["migrations"]][:2] == [[], []]
    assert "lost" in document["migrations"][2]["notes"][0]
    assert "INDEX orders_note" in document["migrations"][2]["down"][1]


def test_way_back_is_missing(server, runbook, program):
    """A function has none yet; and DDL inside of a function does not show in the log."""
    document = capture(runbook, server, program(statements(
        "CREATE FUNCTION seven() RETURNS int LANGUAGE sql AS 'SELECT 7'")), code=5)
    assert not document["proof"]["down"] and "seven" in " ".join(document["proof"]["down_differs"])
    document = capture(runbook, server, program(statements(
        "DO $$ BEGIN CREATE TABLE hidden (a int); END $$")), code=5)
    assert "hidden" in " ".join(document["proof"]["down_differs"])


def test_nothing_to_capture(server, runbook, program, tmp_path):
    assert not files(capture(runbook, server, program(statements("SELECT 1"))))
    broken = runbook("migrations", "capture", server.dbname, "--dir", "out", "--",
                     *program("raise SystemExit(3)"), server=server).expect(1)
    assert "ended with 3" in broken.err and not (tmp_path / "out").exists()
    missing = runbook("migrations", "capture", server.dbname, "--", "./no-such-program",
                      server=server).expect(1)
    assert "no-such-program" in missing.err
    nobody = runbook("migrations", "capture", server.dbname, server=server).expect(2)
    assert 'behind "--"' in nobody.err
