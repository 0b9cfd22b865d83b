"""The window ends while a large table is in the middle of its VACUUM. The statement is cancelled
on the server, nothing of it stays behind, and the next window begins with that table."""

from datetime import datetime

import pytest
from support.servers import wait_until
from support.vacuum import (SLOW, configure, last_run, make_late_table, make_slow_table,
                            nothing_runs, plan, run, speed_up, step_of)

BATCH = {"big_table": "1GB"}
ALONE = {"big_table": "1MB"}


def moment(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


@pytest.mark.parametrize("size", [BATCH, ALONE], ids=["in a batch", "alone"])
def test_window_ends_in_mid_table(runbook, server, size):
    make_slow_table(server, "ledger", pages=1000)  # needs at least 20 s
    server.make_dead_rows("orders", 1000)
    options = configure(runbook, **SLOW, **size)

    report = run(runbook, server, *options, "-j", 2, "--window", "2s", code=5)
    assert nothing_runs(server)
    assert report.outcome == "partly"
    assert report.outcomes == {"ledger": "not_reached", "orders": "done"}
    assert "window" in report.reason("ledger")
    shown = last_run(runbook)
    late = moment(step_of(shown, "ledger")["ended_at"]) - moment(shown["run"]["deadline"])
    assert 0 <= late.total_seconds() < 2
    wait_until(lambda: not server.backends(), what="the end of our sessions")

    # Something came up that would be first by its own merit.
    server.make_dead_rows("sessions", 20_000, dead=19_000)
    short = [*options, "--window", "10ms"]
    assert plan(runbook, server, "--state", "none.db", *short).order[0] == "sessions"
    planned = plan(runbook, server, *short)
    assert planned.order[0] == "ledger"
    assert "the last run did not reach it" in planned.reason("ledger")

    speed_up(server)
    report = run(runbook, server, *options)
    assert report.outcomes["ledger"] == "done"
    assert "did not reach" not in plan(runbook, server).reason("ledger")


def test_what_never_started_says_so(runbook, server):
    make_slow_table(server, "ledger", pages=1000)
    make_late_table(server, "orders")
    options = configure(runbook, **SLOW, **ALONE)
    report = run(runbook, server, *options, "-j", 1, "--window", "1s", code=5)
    assert report.outcomes["ledger"] == "not_reached"
    assert report.outcomes["orders"] == "not_reached"
    assert "before it started" in report.reason("orders")


def test_no_step_starts_that_cannot_finish(runbook, server):
    """It took long the last time; with less than that left, it is not even tried."""
    make_slow_table(server, "ledger", pages=150)
    options = configure(runbook, cost_delay="5ms", **ALONE)
    assert run(runbook, server, *options).outcomes == {"ledger": "done"}
    server.sql("UPDATE ledger SET id = -id")
    server.settle_stats()
    report = run(runbook, server, *options, "--window", "500ms", code=5)
    assert report.outcomes == {"ledger": "not_reached"}
    assert "predicted to take" in report.reason("ledger")
    assert step_of(last_run(runbook), "ledger")["attempts"] == 0
