"""Ctrl-C, SIGTERM, and the kill -9 that nobody can answer. The statement ends on the server, what
was not reached says so, and the history knows how the run ended."""

import signal

import pytest
from golden.documents import check_document
from support.servers import wait_until
from support.vacuum import (SLOW, Report, configure, last_run, make_late_table, make_slow_table,
                            nothing_runs, plan, run, speed_up, start, times_analyzed,
                            times_vacuumed, vacuuming, wait_for_vacuum)


@pytest.fixture
def running(runbook, server):
    """A run in the middle of a table that needs at least 20 s; another one waits behind it."""
    make_late_table(server, "orders")
    make_slow_table(server, "ledger", pages=1000)
    options = configure(runbook, big_table="1MB", **SLOW)
    running = start(runbook, server, "-j", 1, *options)
    wait_for_vacuum(server, "ledger")
    return running


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_interrupted(runbook, server, running, number):
    running.process.send_signal(number)
    result = running.wait().expect(130)
    assert nothing_runs(server)
    wait_until(lambda: not server.backends(), what="the end of our sessions")
    assert "interrupted" in result.err

    report = Report(result.json, "vacuum.run")
    assert report.outcome == "interrupted"
    assert report.outcomes == {"ledger": "not_reached", "orders": "not_reached"}
    assert "interrupted" in report.reason("ledger")
    assert times_vacuumed(server, "ledger") == 1 and times_analyzed(server, "orders") == 0
    shown = last_run(runbook)
    assert (shown["run"]["outcome"], shown["run"]["exit_code"]) == ("interrupted", 130)
    assert {item["outcome"] for item in shown["objects"]} == {"not_reached"}

    assert "did not reach" in plan(runbook, server).reason("ledger")
    speed_up(server)
    assert set(run(runbook, server).outcomes.values()) == {"done"}


def test_killed(runbook, server, running):
    """The server notices by itself that nobody is there any more."""
    running.kill()
    assert running.wait().code == -signal.SIGKILL
    assert vacuuming(server, "ledger"), "it takes the server a moment"
    wait_until(lambda: nothing_runs(server), what="the server to notice", timeout=15)
    shown = check_document(last_run(runbook), "history.show")
    assert shown["run"]["outcome"] == "died"
    assert times_vacuumed(server, "ledger") == 1

    assert "did not reach" in plan(runbook, server).reason("ledger")
    speed_up(server)
    assert set(run(runbook, server).outcomes.values()) == {"done"}
