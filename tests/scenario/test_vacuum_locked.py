"""A migration holds ACCESS EXCLUSIVE on a table when the window opens. The others are done; the
table is tried again at the back of the queue, and in the end it is skipped, naming the holder."""

import pytest
from support.servers import wait_until
from support.vacuum import (configure, ended, last_run, make_dirty_tables, run, start, step_of,
                            times_vacuumed)

QUICK = {"lock_timeout": "200ms", "big_table": "1MB", "jobs": 1}


@pytest.fixture
def tables(server):
    """A small pair that shares a statement and a big pair of which each is one of its own."""
    make_dirty_tables(server, small=1000, small_free=1000, big=40_000, big_free=40_000)


@pytest.fixture
def migration(server, tables):
    session = server.connect(application_name="migration 42")
    session.execute("BEGIN; LOCK TABLE small, big IN ACCESS EXCLUSIVE MODE")
    return session


def test_locked_all_the_time(runbook, server, migration):
    report = run(runbook, server, *configure(runbook, **QUICK), code=5)
    assert report.outcome == "partly"
    assert report.outcomes == {"small": "skipped", "small_free": "done", "big": "skipped",
                               "big_free": "done"}
    for table in ("small", "big"):
        assert f"pid {migration.info.backend_pid}" in report.reason(table)
        assert "migration 42" in report.reason(table)
    migration.execute("ROLLBACK")
    assert [times_vacuumed(server, table) for table in ("small", "big")] == [1, 1]

    shown = last_run(runbook)
    assert step_of(shown, "big")["attempts"] > 1
    assert step_of(shown, "big")["ended_at"] > step_of(shown, "big_free")["ended_at"]


def test_released_in_time(runbook, server, migration):
    # Patient enough to be at it still when 14 has counted what was done: half a second later.
    patient = QUICK | {"lock_timeout": "3s"}
    running = start(runbook, server, *configure(runbook, **patient))
    wait_until(lambda: times_vacuumed(server, "big_free") == 2 and
               times_vacuumed(server, "small_free") == 2, what="the tables that are free")
    assert running.running()
    migration.execute("COMMIT")
    report = ended(running)
    assert set(report.outcomes.values()) == {"done"}
    assert [table["dead_after"] for table in report.tables.values()] == [0, 0, 0, 0]
    assert {table["reason"] for table in report.tables.values()} == {None}


def test_ordinary_work_does_not_wait_for_us_nor_we_for_it(runbook, server):
    """The application's own locks (rows it writes, an open transaction) are no obstacle."""
    server.make_dead_rows("orders", 1000)
    application = server.connect()
    application.execute("BEGIN; UPDATE orders SET payload = 'being written' WHERE id = 1000")
    report = run(runbook, server)
    assert report.outcomes == {"orders": "done"}
    application.execute("COMMIT")
