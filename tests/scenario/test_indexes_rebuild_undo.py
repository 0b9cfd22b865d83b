"""An index that is built anew to take a DROP back: what a failed CREATE INDEX CONCURRENTLY leaves
has the index's own name, and is in the way of the next try."""

import signal

import pytest
from support.rebuild import (DROP_HELD_UP, INDEX, PHASES, SWAPPED, Hold, invalid, make_holdable,
                             rebuild, wait_for_end)
from support.servers import ENDS

versions = ENDS

phases = pytest.mark.parametrize("phase", [
    phase for phase in PHASES if phase not in SWAPPED and phase != "initializing"])


@pytest.fixture
def dropped(runbook, server):
    """The run that dropped INDEX."""
    make_holdable(server)
    result = runbook("indexes", "drop", "--yes", "--json", "--force", INDEX, server=server)
    return result.expect(0).json["run_id"]


def undo(runbook, server, run):
    return runbook.start("history", "undo", run, "--yes", "--json", server=server)


def check_undone(runbook, server, run):
    undo(runbook, server, run).wait().expect(0)
    assert invalid(server) == []
    with pytest.raises(Exception, match="duplicate key"):
        server.sql("INSERT INTO orders VALUES (1)")


@phases
def test_ctrl_c(runbook, server, dropped, phase):
    with Hold(server, phase) as hold:
        running = undo(runbook, server, dropped)
        hold.reached()
        running.interrupt()
        result = running.wait().expect(130)
        assert invalid(server) == ([INDEX] if phase in DROP_HELD_UP else [])
        assert ("is left behind, invalid" in result.err) == (phase in DROP_HELD_UP)
    check_undone(runbook, server, dropped)


@phases
def test_killed_backend(runbook, server, dropped, phase):
    with Hold(server, phase) as hold:
        running = undo(runbook, server, dropped)
        pid = hold.reached()
        server.sql("SELECT pg_terminate_backend(%s)", [pid])
        wait_for_end(server, pid)
    running.wait().expect(0)
    assert invalid(server) == []
    assert server.value("SELECT indisvalid FROM pg_index WHERE indexrelid = %s::regclass", [INDEX])


@pytest.mark.parametrize("next_run", ["undo", "rebuild"])
def test_killed_program(runbook, server, dropped, next_run):
    with Hold(server, "old snapshots") as hold:
        running = undo(runbook, server, dropped)
        pid = hold.reached()
        running.kill()
        assert running.wait().code == -signal.SIGKILL
        wait_for_end(server, pid)
    assert invalid(server) == [INDEX]
    if next_run == "rebuild":
        report = rebuild(runbook, server, "--invalid")
        assert report.indexes[INDEX]["action"] == "drop", "nobody asked for it any more"
        assert invalid(server) == []
    check_undone(runbook, server, dropped)
