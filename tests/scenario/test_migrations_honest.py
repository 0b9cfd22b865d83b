"""What is said of migrations is true: of which folder, of which text, of a run without a right, and of
a folder that has none."""

import os
import subprocess

import pytest

from golden.documents import check_document
from support.migrations_apply import (REASON, Folder, applied, apply, columns, index, start)

versions = [15]


@pytest.fixture
def folder(server, runbook):
    server.make_table("orders", rows=100)
    return Folder(runbook)


def psql(server, script):
    """As a person would run it: nothing but the script."""
    return subprocess.run(["psql", "-X", "-q"], input=script, text=True, capture_output=True,
                          env={**os.environ, **server.environment})


def rows(runbook, server, folder, *options, code=0):
    result = runbook("migrations", "status", folder.path, "--json", *options, server=server)
    return {row["version"]: row for row in
            check_document(result.expect(code).json, "migrations.status")["migrations"]}


def boxes(runbook, server, folder):
    result = runbook("migrations", "checklist", folder.path, "--json", server=server).expect(1)
    return {box["name"]: box for box in
            check_document(result.json, "migrations.checklist")["boxes"]}


def test_two_folders_of_one_database_are_two(server, runbook, folder):
    other = Folder(runbook, "other")
    folder.add(1, "a", "CREATE TABLE a ();")
    other.add(1, "b", "SELECT 1 / 0;")
    apply(runbook, server, folder, "--table", "first")
    apply(runbook, server, other, "--table", "second", code=1)
    one = rows(runbook, server, folder, "--table", "first")["1"]
    two = rows(runbook, server, other, "--table", "second")["1"]
    assert (one["state"], one["last_run"]["outcome"]) == ("applied", "done")
    assert (two["state"], two["last_run"]["outcome"]) == ("pending", "failed")
    (other.path / "1_b.up.sql").write_text("CREATE TABLE b ();")
    apply(runbook, server, other, "--table", "second")
    assert rows(runbook, server, folder, "--table", "first")["1"]["state"] == "applied"


def test_an_index_that_made_writers_wait_is_not_ticked_afterwards(server, runbook, folder):
    folder.add(1, "i", "CREATE INDEX IF NOT EXISTS orders_i ON orders (payload);")
    before = boxes(runbook, server, folder)["indexes built CONCURRENTLY"]
    apply(runbook, server, folder)
    after = boxes(runbook, server, folder)["indexes built CONCURRENTLY"]
    assert not before["ticked"] and not after["ticked"]
    assert "orders_i" in after["evidence"]


def test_what_failed_was_not_measured(server, runbook, folder):
    folder.add(1, "a", "ALTER TABLE orders ADD COLUMN a int;\nSELECT 1 / 0;", "SELECT 1;")
    runbook("migrations", "rehearse", folder.path, server=server).expect(1)
    box = boxes(runbook, server, folder)["no strong lock for too long"]
    assert not box["ticked"] and "it failed" in box["evidence"]


def test_a_printed_run_stops_where_it_fails(server, runbook, folder):
    folder.add(1, "a", "SELECT 1 / 0;").add(2, "b", "ALTER TABLE orders ADD COLUMN b int;")
    shown = runbook("migrations", "apply", folder.path, "--dry-run", server=server).expect(0).out
    assert "\\set ON_ERROR_STOP on\n" in shown
    assert psql(server, shown).returncode == 3
    assert "b" not in columns(server, "orders") and applied(server) == []


def test_a_printed_build_is_proved(server, runbook, folder):
    folder.add(1, "i", "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS orders_u ON orders (payload);")
    folder.add(2, "j", "CREATE INDEX CONCURRENTLY ON orders (id, payload);")
    shown = runbook("migrations", "apply", folder.path, "--dry-run", server=server).expect(0).out
    assert "SET lock_timeout = '0ms';\nCREATE UNIQUE INDEX CONCURRENTLY" in shown
    server.sql("UPDATE orders SET payload = 'the same'")
    assert "could not create unique index" in psql(server, shown).stderr
    assert index(server, "orders_u") is False and applied(server) == [(1, True)]
    # IF NOT EXISTS is content with what that has left.
    done = psql(server, shown)
    assert done.returncode == 3 and "not valid" in done.stderr and applied(server) == [(1, True)]
    server.sql("DROP INDEX orders_u; UPDATE orders SET payload = id::text")
    done = psql(server, shown)
    assert done.returncode == 0, done.stderr
    assert index(server, "orders_u") is True and applied(server) == [(2, False)]


@pytest.mark.parametrize("verb", ["apply", "revert", "rehearse"])
def test_an_empty_folder_is_no_folder(server, runbook, folder, verb):
    options = [] if verb == "rehearse" else ["--yes", "--force", REASON]
    refused = runbook("migrations", verb, folder.path, *options, server=server).expect(2)
    assert "has no migration" in refused.err and "mounted" in refused.err


def test_of_an_empty_folder_the_checklist_says_so(server, runbook, folder):
    folder.add(1, "a", "CREATE TABLE a ();")
    apply(runbook, server, folder, "--table", "mine")
    (folder.path / "1_a.up.sql").unlink()
    assert "no migration" in boxes(runbook, server, folder)["reversible"]["evidence"]


def test_what_has_no_file_is_said(server, runbook, folder):
    """golang-migrate's one row is looked at by itself; goose keeps one for each."""
    for number in (1, 2, 3):
        (folder.path / f"0000{number}_a.sql").write_text(
            f"-- +goose Up\nCREATE TABLE t{number} ();\n-- +goose Down\nDROP TABLE t{number};\n")
    apply(runbook, server, folder)
    (folder.path / "00001_a.sql").unlink()
    run = apply(runbook, server, folder)
    assert run.items == {} and "there is no file in the folder: 1\n" in run.err
    shown = runbook("migrations", "rehearse", folder.path, server=server).expect(0)
    assert "there is no file in the folder: 1\n" in shown.err
    (folder.path / "00003_a.sql").unlink()
    (folder.path / "00004_a.sql").write_text("-- +goose Up\nCREATE TABLE t4 ();\n")
    refused = start(runbook, server, folder).wait().expect(4)
    assert "applied last has no file" in refused.err and "older than the database" in refused.err


def test_a_script_without_the_right_is_refused(server, runbook, folder):
    server.sql("CREATE ROLE stranger LOGIN; GRANT CREATE ON SCHEMA public TO stranger")
    folder.add(1, "a", "ALTER TABLE orders ADD COLUMN a int;")
    run = apply(runbook, server, folder, "-U", "stranger", code=4)
    assert "must be owner of table orders" in run.reason()
    assert 'hint: GRANT it to role "stranger"' in run.err
    (folder.path / "1_a.up.sql").write_text("SELECT 1 / 0;")
    apply(runbook, server, folder, "-U", "stranger", code=1)
    server.sql("DROP OWNED BY stranger; DROP ROLE stranger")


def test_a_dropped_column_is_no_reason_to_analyze(server, runbook, folder):
    folder.add(1, "a", "ALTER TABLE orders DROP COLUMN payload;")
    assert apply(runbook, server, folder).items["1"]["statistics"] == []


def test_where_backups_are_looked_for_is_said(server, runbook, folder):
    folder.add(1, "a", "CREATE TABLE a ();")
    refused = start(runbook, server, folder, force=False).wait().expect(4)
    assert "the setting backup.repo tells where to look" in refused.err
