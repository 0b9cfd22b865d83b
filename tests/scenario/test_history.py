"""The evidence, read back."""

import os
import sqlite3
from contextlib import closing

import pytest

from support.program import REPOSITORY


@pytest.fixture
def version():
    """The history is the same whatever the server."""
    return 15


@pytest.fixture
def ran(runbook, server):
    """A function that makes a run happen and returns the newest entry of the list."""
    def ran(*options):
        server.make_dead_rows(f"orders_{len(options)}", rows=1000)
        runbook("vacuum", "run", "--yes", *options, server=server).expect(0)
        return runbook("history", "--json").json["runs"][0]
    return ran


def test_no_history_yet(runbook):
    result = runbook("history").expect(0)
    assert "no history yet" in result.err and str(runbook.history) in result.err
    assert runbook("history", "list", "--json").expect(0).json["runs"] == []
    runbook("history", "show", "1").expect(0)
    assert not runbook.state.exists(), "looking makes nothing"


def test_newest_first_and_limited(runbook, ran):
    ids = [ran()["id"], ran("-q")["id"], ran("-q", "-v")["id"]]
    listed = [run["id"] for run in runbook("history", "--json").json["runs"]]
    assert listed == ids[::-1]
    limited = [run["id"] for run in runbook("history", "--json", "--limit", 2).json["runs"]]
    assert limited == listed[:2]


def test_filters(runbook, ran):
    ran()
    for words, count in ((["--section", "vacuum"], 1), (["--section", "backup"], 0),
                         (["--target", "prod"], 0)):
        assert len(runbook("history", "--json", *words).json["runs"]) == count
    assert "No run" in runbook("history", "--section", "backup").expect(0).out


def test_list_for_people(runbook, ran, server):
    run = ran()
    line = runbook("history").expect(0).out.splitlines()[-1]
    assert line.split()[0] == str(run["id"])
    assert "vacuum run" in line and server.dbname in line and "done" in line


def test_show_is_the_whole_story(runbook, ran):
    run = ran()
    text = runbook("history", "show", run["id"]).expect(0).out
    document = runbook("history", "show", run["id"], "--json").json
    assert f"Run {run['id']}: vacuum run" in text
    assert "vacuum run --yes" in text
    for step in document["steps"]:
        assert step["outcome"] == "done"
        assert step["sql"].split("\n")[0] in text
    assert document["objects"][0]["name"] in text


def test_an_unknown_run(runbook, ran):
    ran()
    assert "4711" in runbook("history", "show", 4711).expect(2).err
    assert runbook("history", "show", 4711, "--json").expect(2).out == ""


def test_passwords_are_not_recorded(runbook, server):
    server.make_dead_rows("orders", rows=1000)
    conninfo = f"{server.conninfo()} password=sesame"
    runbook("vacuum", "run", "--yes", "-d", conninfo).expect(0)
    shown = runbook("history", "show", 1, "--json")
    assert "password=********" in shown.json["run"]["command_line"]
    assert b"sesame" not in b"".join(file.read_bytes()
                                     for file in runbook.history.parent.iterdir())


def test_a_dry_run_is_not_recorded(runbook, server):
    server.make_dead_rows("orders", rows=1000)
    runbook("vacuum", "run", "--dry-run", server=server).expect(0)
    assert not runbook.history.exists()


def test_a_corrupt_file_is_an_error_here_and_left_alone(runbook):
    runbook.history.parent.mkdir(parents=True)
    runbook.history.write_bytes(b"not a database at all" * 1000)
    before = runbook.history.read_bytes()
    result = runbook("history").expect(1)
    assert str(runbook.history) in result.err
    assert runbook.history.read_bytes() == before


def test_a_corrupt_file_does_not_stop_the_work(runbook, server):
    server.make_dead_rows("orders", rows=1000)
    runbook.history.parent.mkdir(parents=True)
    runbook.history.write_bytes(b"not a database at all" * 1000)
    result = runbook("vacuum", "run", "--yes", server=server).expect(0)
    assert result.err.count("not in the history") == 1
    assert os.path.getsize(runbook.history) == len(b"not a database at all") * 1000


def make_older(history):
    """The file as the first version of the program would have left it."""
    schema = REPOSITORY / "src/core/store/sql/migrations/001_history.sql"
    older = history.with_name("older.db")
    with closing(sqlite3.connect(older)) as file:
        file.executescript(schema.read_text(encoding="utf-8"))
        file.execute("PRAGMA user_version = 1")
        file.execute("ATTACH ? AS newer", [str(history)])
        for table in ("run", "step", "object"):
            columns = ", ".join(row[1] for row in file.execute(f"PRAGMA table_info({table})"))
            file.execute(f"INSERT INTO {table} ({columns}) SELECT {columns} FROM newer.{table}")
        file.commit()
    for name in history.parent.glob("history.db-*"):
        name.unlink()
    older.rename(history)
    return history.read_bytes()


def test_a_history_of_an_older_version_counts(runbook, server, ran):
    """To read it changes nothing; the next run brings it up to date."""
    def predicted(*options):
        document = runbook("vacuum", "plan", "--json", "-t", "orders_0", *options,
                           server=server).expect(0).json
        return document["tables"][0]["predicted_seconds"]

    run = ran()
    server.sql("UPDATE orders_0 SET payload = payload || '?' WHERE id <= 500")
    server.settle_stats()
    measured = predicted()
    assert measured != predicted("--state", runbook.home / "none.db")

    before = make_older(runbook.history)
    runbook("check", server=server).expect(0, 1)
    assert predicted() == measured
    assert runbook("history", "--json").expect(0).json["runs"] == [run]
    assert runbook("history", "show", 1, "--json").expect(0).json["steps"]
    assert runbook.history.read_bytes() == before
    runbook("vacuum", "run", "--yes", server=server).expect(0)
    assert [run["id"] for run in runbook("history", "--json").json["runs"]] == [2, 1]
    assert runbook.history.read_bytes() != before
