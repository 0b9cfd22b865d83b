"""A history that cannot be written does not keep the daemon from its work."""

import os
import re
import resource
import sqlite3
from contextlib import closing

import pytest
from golden.documents import check_document

from support.operators import Operator
from support.serve import QUIET, Daemon, only_vacuum
from support.servers import wait_until
from support.vacuum import make_dirty_tables, times_vacuumed

pytestmark = pytest.mark.parametrize("version", [15])


def limit(pids, size):
    for pid in pids:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def test_full_disk(server, runbook):
    daemon = Daemon(runbook, {"shop": server}, vacuum_schedule="off", indexes_schedule="off",
                    bloat_schedule="off").start()
    limit([daemon.pid], 0)
    daemon.configure({"shop": server, "bad": {"nothing": "1"}})
    daemon.reload()  # something to write down
    wait_until(lambda: not daemon.ready(), what="the trouble to be noticed")
    check_document(daemon.ask()[1], "health.ready")
    assert list(daemon.reasons) == [None] and "history" in daemon.reasons[None]
    assert daemon.ask("/api/health/live")[0] == 200
    limit([daemon.pid], resource.RLIM_INFINITY)
    wait_until(daemon.ready, timeout=60, what="the history to be written again")
    assert [bool(row[0]) for row in daemon.events("store")] == [False]
    assert [bool(row[0]) for row in daemon.events("configuration")] == [True]
    daemon.stop()


def test_a_job_without_history(fresh_server, runbook):
    """It is done all the same, once, and written down when that is possible again."""
    server = fresh_server()
    make_dirty_tables(server, orders=1000)
    before = times_vacuumed(server, "orders")
    daemon = Daemon(runbook, {"shop": server}, **only_vacuum())
    daemon.now_due()
    server.cluster.stop()
    daemon.start(ready=False)
    wait_until(lambda: "unreachable" in daemon.reasons.get("shop", ""), what="a lost target")
    limit([daemon.pid], 0)
    server.cluster.start()
    wait_until(lambda: None in daemon.reasons, timeout=30, what="the trouble to be noticed")
    wait_until(lambda: daemon.children("vacuum") == [] and
               times_vacuumed(server, "orders") > before, what="a job")
    limit([daemon.pid], resource.RLIM_INFINITY)
    daemon.wait_ready()
    daemon.wait_turn("done")
    daemon.stop()
    assert daemon.turns() == ["done"] and times_vacuumed(server, "orders") == before + 1


def test_no_history_at_all(server, runbook):
    server.make_dead_rows("orders", 1000)
    daemon = Daemon(runbook, {"shop": server}, **only_vacuum())
    daemon.now_due()
    daemon.configure({"shop": server}, **{**only_vacuum(), "state": "/proc/nowhere/history.db"})
    daemon.start(ready=False)
    wait_until(lambda: daemon.ask()[0] == 503 and list(daemon.reasons) == [None],
               what="a daemon that only lacks its history")
    assert "/proc/nowhere/history.db" in daemon.reasons[None]
    assert len(daemon.children("watch")) == 1
    daemon.stop()


def test_a_history_that_is_locked(server, runbook):
    daemon = Daemon(runbook, {"shop": server}, **QUIET).start()
    with closing(sqlite3.connect(daemon.state)) as other:
        other.execute("BEGIN IMMEDIATE")
        daemon.configure({"shop": server, "bad": {"nothing": "1"}}, **QUIET)
        daemon.reload()  # something to write down
        wait_until(lambda: not daemon.ready(), what="the trouble to be noticed")
        assert "locked" in daemon.reasons[None]
        assert daemon.stop() < 5


def seen(daemon):
    """(minutes, samples) of all that was written down."""
    return daemon.rows("SELECT count(*), coalesce(sum(samples), 0) FROM minute")[0]


def sampled(daemon):
    return daemon.ask()[1]["targets"][0]["sampled_at"]


def look_on(daemon, times):
    """Until the watch has looked so often."""
    for _ in range(times):
        before = sampled(daemon)
        wait_until(lambda: sampled(daemon) not in (None, before), what="a look")


def watched_anew(server, minutes):
    """Targets of which one's settings are others each time: its watch begins anew."""
    return {"shop": {"conninfo": server.conninfo(), "connections.idle_for": f"{minutes}min"}}


def overwrite(file, content):
    """In its place, as a disk or a person does it: it stays the same file."""
    with file.open("r+b") as there:
        there.write(content)


def writable(daemon):
    with closing(daemon.connect()) as link:
        link.request("GET", "/metrics")
        text = link.getresponse().read().decode()
    return re.search(r"^pgrunbook_serve_history_writable (\d)", text, re.M)[1] == "1"


def trouble(daemon):
    return daemon.ask("/api/v1/overview")[1]["daemon"]["trouble"]


def test_a_history_that_is_damaged(server, runbook):
    """What the daemon has in memory is well: the file is what everybody else reads."""
    server.make_dead_rows("orders", 1000)
    daemon = Daemon(runbook, {"shop": server}, http_actions="on", **QUIET).start()
    anna = Operator(daemon, "anna")
    daemon.stop()  # all is in the file
    good = daemon.state.read_bytes()
    daemon.start()
    plan = anna.plan("vacuum/run?target=shop", options={"table": ["orders"]})
    overwrite(daemon.state, os.urandom(3 * 4096))
    act = anna.done(anna.act("vacuum/run?target=shop", plan))
    assert (act["exit_code"], act["run"]) == (0, None)
    assert act["error"].startswith("this run is not in the history: "), act["error"]
    wait_until(lambda: not daemon.ready(), timeout=30, what="the damage to be noticed")
    assert str(daemon.state) in daemon.reasons[None] and not writable(daemon)
    assert str(daemon.state) in trouble(daemon)
    wait_until(lambda: open_events(daemon) == ["store"], what="an event that is told")
    overwrite(daemon.state, good)
    wait_until(daemon.ready, timeout=60, what="the history to be written again")
    assert writable(daemon) and trouble(daemon) is None and open_events(daemon) == []
    daemon.stop()
    assert [bool(row[0]) for row in daemon.events("store")] == [False]


def open_events(daemon):
    return [event["name"] for event in daemon.ask("/api/v1/overview")[1]["daemon"]["events"]]


def test_minutes_outlive_a_locked_history(server, runbook):
    """A watch that is told to end says what there is of its minute: it does not come when it could be
    written."""
    daemon = Daemon(runbook, {"shop": server}, **QUIET).start()
    with closing(sqlite3.connect(daemon.state)) as other:
        other.execute("BEGIN IMMEDIATE")
        before = seen(daemon)
        look_on(daemon, 2)
        daemon.configure(watched_anew(server, 7), **QUIET)
        daemon.reload()
        wait_until(lambda: "locked" in daemon.reasons.get(None, ""), what="the trouble to be noticed")
        assert seen(daemon) == before
    daemon.wait_ready()
    assert seen(daemon)[1] >= before[1] + 2, daemon.said
    daemon.stop()


def test_a_reload_leaves_no_gap(server, runbook):
    daemon = Daemon(runbook, {"shop": server}, **QUIET).start()
    look_on(daemon, 6)
    daemon.configure(watched_anew(server, 7), **QUIET)
    daemon.reload()
    wait_until(lambda: seen(daemon)[1] >= 6, what="the looks before the reload")
    before = seen(daemon)[1]
    daemon.wait_ready()
    look_on(daemon, 2)
    daemon.stop()
    # What comes later of the same minute is added to it, and takes nothing away.
    assert seen(daemon)[1] > before
    again = seen(daemon)[1]
    daemon.start()
    look_on(daemon, 1)
    daemon.stop()
    assert seen(daemon)[1] > again


def test_a_history_that_is_moved_away(server, runbook):
    daemon = Daemon(runbook, {"shop": server}, **QUIET).start()
    for end in ("", "-wal", "-shm"):
        file = daemon.state.with_name(daemon.state.name + end)
        file.rename(file.with_name(f"old-{file.name}"))
    daemon.hear("the history is another file from now on")
    daemon.configure({"shop": server, "bad": {"nothing": "1"}}, **QUIET)
    daemon.reload()
    wait_until(lambda: [bool(row[0]) for row in daemon.events("configuration")] == [True],
               what="an event in the new file")
    assert daemon.ready()
    daemon.stop()
