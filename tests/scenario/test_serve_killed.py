"""`pgrunbook serve`, killed in the middle of its work, and its children: nothing of ours stays
on the server, the history says what happened, and the next start goes on."""

import os
import signal

import pytest

from support.serve import Daemon, only_vacuum, ours
from support.servers import wait_until
from support.vacuum import SLOW, make_slow_table, wait_for_vacuum

pytestmark = pytest.mark.parametrize("version", [15])
GUARDED = {f"vacuum_{name}": value for name, value in SLOW.items()}


def outcomes(runbook, daemon):
    runs = runbook("history", "--json", "--state", daemon.state).expect(0).json["runs"]
    return [run["outcome"] for run in reversed(runs)]


def at_work(server, runbook):
    """A daemon in the middle of a VACUUM."""
    make_slow_table(server, "orders")
    daemon = Daemon(runbook, {"shop": server}, **only_vacuum(), **GUARDED)
    daemon.now_due()
    daemon.start()
    backend = wait_for_vacuum(server, "orders")
    server.sql(f"ALTER DATABASE {server.dbname} RESET ALL")
    return daemon, backend


def gone(pids):
    wait_until(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in pids),
               what=f"the end of {pids}")


def test_a_job_is_killed(server, runbook):
    daemon, backend = at_work(server, runbook)
    os.kill(daemon.children("vacuum")[0], signal.SIGKILL)
    wait_until(lambda: outcomes(runbook, daemon)[:1] == ["interrupted"], what="a record")
    row = daemon.rows("SELECT error FROM run")[0][0]
    assert "signal 9" in row
    # It is tried again within its window, half a minute later.
    assert daemon.turns() == ["waiting"]
    assert daemon.ready()
    daemon.stop()
    # The server itself ends the statement of a client that is gone.
    gone([backend])
    daemon.start()
    daemon.wait_turn("done")
    daemon.stop()
    assert daemon.turns() == ["done"] and outcomes(runbook, daemon) == ["interrupted", "done"]


def test_the_daemon_is_killed(server, runbook):
    daemon, backend = at_work(server, runbook)
    children = daemon.children()
    assert daemon.children("watch") and daemon.children("vacuum")
    daemon.kill()
    gone([*children, backend])
    wait_until(lambda: not ours(server), what="the end of our backends")
    assert outcomes(runbook, daemon) == ["interrupted"]
    daemon.start()
    daemon.wait_turn("done")
    daemon.stop()
    assert daemon.turns() == ["done"] and outcomes(runbook, daemon) == ["interrupted", "done"]


def test_daemon_and_job_are_killed(server, runbook):
    daemon, backend = at_work(server, runbook)
    children = daemon.children()
    for pid in [*daemon.children("vacuum"), daemon.pid]:
        os.kill(pid, signal.SIGKILL)
    daemon.kill()
    gone([*children, backend])
    wait_until(lambda: not ours(server), what="the end of our backends")
    daemon.start()
    daemon.wait_turn("done")
    daemon.stop()
    assert outcomes(runbook, daemon) == ["interrupted", "done"]


def test_a_watch_is_killed_or_hangs(server, runbook):
    daemon = Daemon(runbook, {"shop": server}, vacuum_schedule="off", indexes_schedule="off",
                    bloat_schedule="off").start()
    first = daemon.children("watch")
    os.kill(first[0], signal.SIGKILL)
    daemon.hear("the watch of shop ended: killed by signal 9")
    wait_until(lambda: daemon.children("watch") not in ([], first), what="a new watch")
    daemon.wait_ready()
    assert len(ours(server)) <= 2
    # One that does not even heed SIGTERM any more does not keep the daemon from its end.
    os.kill(daemon.children("watch")[0], signal.SIGSTOP)
    daemon.stop()
    wait_until(lambda: not ours(server), what="the end of our backends")
