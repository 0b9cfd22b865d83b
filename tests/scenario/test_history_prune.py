"""The history does not grow for ever, and forgets nothing that is still needed."""

import time

import pytest
from golden.documents import check_document
from support.history import put_run


@pytest.fixture
def version():
    """The history is the same whatever the server."""
    return 15


def days_ago(days):
    return (time.time_ns() // 1000) - days * 86_400_000_000


@pytest.fixture
def old_run(runbook, server):
    """A function that records a run of so many days ago."""
    def old_run(days, **more):
        return put_run(runbook, server, [{"sql": "X", **more}], started_us=days_ago(days))
    return old_run


def kept(runbook):
    return sorted(run["id"] for run in runbook("history", "--json", "-n", 99).json["runs"])


def prune(runbook, *options, code=0):
    result = runbook("history", "prune", "--json", *options).expect(code)
    return check_document(result.json, "history.prune")


def test_old_runs_are_forgotten(runbook, old_run):
    old, young, newest = old_run(500), old_run(300), old_run(1)
    planned = prune(runbook, "--dry-run")
    assert (planned["outcome"], planned["runs"]) == ("planned", [old])
    assert kept(runbook) == [old, young, newest]
    text = runbook("history", "prune", "--dry-run", "--older-than", "200d").expect(0).out
    assert "indexes drop" in text and "2 runs" in text
    assert prune(runbook, "--older-than", "200d", "--yes")["runs"] == [old, young]
    assert kept(runbook) == [newest]
    assert prune(runbook, "--yes")["runs"] == []


def test_the_newest_run_stays(runbook, old_run):
    only = old_run(5000)
    assert prune(runbook, "--yes")["runs"] == [] and kept(runbook) == [only]


def test_what_can_be_taken_back_stays_longer(runbook, old_run):
    gone, undoable, _ = old_run(900, undo="Y"), old_run(500, undo="Y"), old_run(1)
    assert prune(runbook, "--yes")["runs"] == [gone]
    assert undoable in kept(runbook)


def test_nobody_to_ask(runbook, old_run):
    both = [old_run(500), old_run(1)]
    assert "--yes" in runbook("history", "prune").expect(2).err
    assert kept(runbook) == both


def test_too_much_at_once(runbook, old_run):
    old_run(1)
    assert "older-than" in runbook("history", "prune", "--older-than", "1h", "--yes").expect(2).err


def test_no_history(runbook):
    assert "no history file" in runbook("history", "prune", "--yes").expect(1).err
    assert not runbook.state.exists()


def test_runs_forget_by_themselves(runbook, server, old_run):
    old, young = old_run(500), old_run(300)
    server.make_dead_rows("orders")
    runbook("vacuum", "run", "--dry-run", server=server).expect(0)
    runbook("vacuum", "plan", server=server).expect(0)
    assert old in kept(runbook)
    runbook("vacuum", "run", "--yes", server=server).expect(0)
    assert old not in kept(runbook) and young in kept(runbook)
    config = runbook.home / "one.conf"
    config.write_text("[pgrunbook]\nhistory.keep = 100d\n", encoding="utf-8")
    old_run(1)
    runbook("vacuum", "run", "--yes", "--config", config, server=server).expect(0)
    assert young not in kept(runbook)
