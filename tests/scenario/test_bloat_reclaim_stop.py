"""A table is closed and being written anew when the window ends, somebody presses Ctrl-C, or the
program is killed: it is open again within moments, as it was."""

import signal

import pytest
from support.reclaim import (checksum, ended, filenode, make_empty_end, make_slow_holes, nothing_runs,
                             run, size, speed_up, start, wait_for_rewrite)
from support.servers import ENDS, wait_until
from support.vacuum import last_run

versions = ENDS

FULL = "--allow-exclusive-lock"


@pytest.fixture
def before(server):
    make_slow_holes(server, "holes")
    make_empty_end(server, "events", rows=8000)
    return checksum(server, "holes"), filenode(server, "holes")


def as_before(server, before):
    return (checksum(server, "holes"), filenode(server, "holes")) == before


def test_window_ends(runbook, server, before):
    report = run(runbook, server, FULL, "--window", "3s", code=5)
    assert report.outcomes == {"holes": "not_reached", "events": "not_reached"}
    assert "window" in report.reason("holes") and "before it started" in report.reason("events")
    assert nothing_runs(server) and as_before(server, before)
    shown = last_run(runbook)
    assert shown["run"]["exit_code"] == 5
    assert {item["outcome"] for item in shown["objects"]} == {"not_reached"}

    speed_up(server)
    report = run(runbook, server, FULL)
    assert set(report.outcomes.values()) == {"done"}
    assert checksum(server, "holes") == before[0]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_interrupted(runbook, server, before, number):
    running = start(runbook, server, FULL)
    wait_for_rewrite(server, "holes")
    running.process.send_signal(number)
    report = ended(running, 130)
    assert report.outcome == "interrupted"
    assert report.outcomes == {"holes": "not_reached", "events": "not_reached"}
    assert nothing_runs(server) and as_before(server, before)
    assert report.won_bytes == 0
    assert last_run(runbook)["run"]["outcome"] == "interrupted"


def test_killed(runbook, server, before):
    """The server notices that nobody is there any more, and the table is open again."""
    running = start(runbook, server, FULL)
    wait_for_rewrite(server, "holes")
    running.kill()
    running.wait()
    wait_until(lambda: nothing_runs(server), what="the server to notice")
    assert as_before(server, before)
    shown = last_run(runbook)
    assert shown["run"]["outcome"] == "died"
    assert {item["outcome"] for item in shown["objects"]} == {"not_reached"}


def test_statement_that_somebody_cancels(runbook, server, before):
    """A person is not argued with: the rest is done, this is not tried again."""
    running = start(runbook, server, FULL)
    wait_for_rewrite(server, "holes")
    server.sql("""SELECT pg_cancel_backend(pid) FROM pg_stat_activity
        WHERE query LIKE 'VACUUM (FULL)%%' AND datname = current_database()""")
    report = ended(running, 5)
    assert report.outcomes == {"holes": "failed", "events": "done"}
    assert "somebody cancelled it" in report.reason("holes")
    assert as_before(server, before)


def test_only_one_at_a_time(runbook, server, before):
    running = start(runbook, server, FULL)
    wait_for_rewrite(server, "holes")
    second = runbook("bloat", "reclaim", "--yes", "--min-size", "500kB", "--table", "events",
                     server=server).expect(4)
    assert "another bloat run is at work" in second.err
    assert size(server, "events") > 2_000_000
    running.interrupt()
    ended(running, 130)
