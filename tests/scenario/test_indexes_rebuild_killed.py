"""A rebuild that somebody else ends in each of its phases: a person's cancel or kill on the
server, a crash of the server, and the kill -9 of the program that nobody can answer. No invalid
index remains, at the latest after the next run."""

import signal

import pytest
from support.rebuild import (DROP_HELD_UP, INDEX, PHASES, SWAPPED, ended, holding, invalid,
                             make_holdable, rebuild, start, wait_for_end)
from support.servers import VERSIONS, wait_until
from support.vacuum import last_run

versions = (VERSIONS[-1],)

phases = pytest.mark.parametrize("phase", PHASES)


@pytest.fixture
def orders(server):
    make_holdable(server)


def still_valid(server):
    assert invalid(server) == []
    assert server.value("""SELECT indisvalid AND indisready AND indisunique FROM pg_index
        WHERE indexrelid = %s::regclass""", [INDEX])


@phases
def test_cancelled_by_a_person(runbook, server, orders, phase):
    """He is not argued with: no second try."""
    with holding(server, phase, lambda: start(runbook, server, INDEX)) as (running, pid, hold):
        server.sql("SELECT pg_cancel_backend(%s)", [pid])
        report = ended(running, 0, 1, 5)
        if phase in SWAPPED:
            assert report.outcomes == {INDEX: "done"}
        else:
            assert report.outcomes == {INDEX: "failed"}
            assert "somebody cancelled it" in report.reason()
        assert bool(invalid(server)) == (phase in DROP_HELD_UP)
        hold.release()
        assert set(rebuild(runbook, server, INDEX).outcomes.values()) == {"done"}
        still_valid(server)


@phases
def test_killed_backend(runbook, server, orders, phase):
    """Tried again on a new connection; what the first try left is dropped first."""
    with holding(server, phase, lambda: start(runbook, server, INDEX)) as (running, pid, hold):
        server.sql("SELECT pg_terminate_backend(%s)", [pid])
        if phase in SWAPPED:
            report = ended(running, 5)
            assert [left["outcome"] for left in report.leftovers.values()] == ["left"]
            hold.release()
            assert set(rebuild(runbook, server, INDEX).outcomes.values()) == {"done"}
        else:
            wait_for_end(server, pid)
            hold.release()
            report = ended(running)
            assert report.leftovers == {}
            step, = last_run(runbook)["steps"]
            assert step["attempts"] == (2 if phase == "initializing" else 3)
            assert step["sql"].startswith("REINDEX")
        assert report.outcomes == {INDEX: "done"}
        still_valid(server)


@phases
def test_killed_program(runbook, server, orders, phase):
    """The server notices after some seconds that nobody is there, and leaves what it had."""
    with holding(server, phase, lambda: start(runbook, server, INDEX)) as (running, pid, hold):
        running.kill()
        assert running.wait().code == -signal.SIGKILL
        wait_for_end(server, pid)
        left = invalid(server)
        assert bool(left) == (phase != "initializing")
        hold.release()
        report = rebuild(runbook, server, INDEX)
        assert report.outcomes == {INDEX: "done", **{name: "done" for name in left}}
        assert all(report.indexes[name]["action"] == "drop" for name in left)
        still_valid(server)
        assert last_run(runbook)["steps"][0]["reason"].startswith(
            "left invalid by step 1 of run 1" if left else "asked for")


def test_next_run_while_the_last_one_still_builds(runbook, server, orders):
    """The program is gone, its backend is not: the new run waits for it, and takes nothing away
    from under it."""
    with holding(server, "building", lambda: start(runbook, server, INDEX)) as (running, pid, hold):
        running.kill()
        running.wait()
        again = start(runbook, server, INDEX)
        wait_for_end(server, pid)
        hold.release()
        assert set(ended(again).outcomes.values()) == {"done"}
        still_valid(server)


@phases
def test_crash_of_the_server(runbook, fresh_server, phase):
    """The run waits for the server to come back, and goes on."""
    server = fresh_server()
    make_holdable(server)
    with holding(server, phase, lambda: start(runbook, server, INDEX)) as (running, _, hold):
        server.cluster.crash()
        hold.release()
        server.cluster.start()
        report = ended(running)
    assert report.outcomes == {INDEX: "done"}
    assert {left["outcome"] for left in report.leftovers.values()} <= (
        {"dropped"} if phase in SWAPPED else set())
    still_valid(server)


def test_crash_of_the_server_and_kill_of_the_program(runbook, fresh_server):
    """The machine went down with both."""
    server = fresh_server()
    make_holdable(server)
    with holding(server, "old snapshots", lambda: start(runbook, server, INDEX)) as (running, _, hold):
        wait_until(lambda: last_run(runbook)["steps"][0]["outcome"] == "running", what="a record")
        running.kill()
        running.wait()
        server.cluster.crash()
        hold.release()
    server.cluster.start()
    assert invalid(server) == [INDEX + "_ccnew"]
    report = rebuild(runbook, server, "--invalid")
    assert report.outcomes == {INDEX + "_ccnew": "done"}
    still_valid(server)
