"""Somebody ends our backends in the middle of the night. What was killed is tried again on a new
connection; what a person cancelled is not; either way the other tables get done."""

import pytest
from support.servers import ENDS, wait_until
from support.vacuum import (SLOW, configure, ended, last_run, make_dirty_tables, make_slow_table,
                            speed_up, start, step_of, times_vacuumed, vacuuming, wait_for_vacuum)

versions = ENDS

SIZES = pytest.mark.parametrize("big_table", ["1GB", "1MB"], ids=["in a batch", "alone"])


@pytest.fixture
def tables(server):
    make_dirty_tables(server, orders=1000, customers=1000)
    make_slow_table(server, "ledger", pages=100)


@SIZES
def test_killed_backend(runbook, server, tables, big_table):
    running = start(runbook, server, *configure(runbook, big_table=big_table, **SLOW))
    pid = wait_for_vacuum(server, "ledger")
    speed_up(server)
    server.sql("SELECT pg_terminate_backend(%s)", [pid])
    report = ended(running)
    assert set(report.outcomes.values()) == {"done"}
    assert report.tables["ledger"]["dead_after"] == 0
    assert times_vacuumed(server, "ledger") == 2
    for table in ("orders", "customers"):
        assert times_vacuumed(server, table) == 2, "once by the test, once by the run"
    assert step_of(last_run(runbook), "ledger")["attempts"] == 2


@SIZES
def test_cancelled_by_a_person(runbook, server, tables, big_table):
    running = start(runbook, server, *configure(runbook, big_table=big_table, **SLOW))
    server.sql("SELECT pg_cancel_backend(%s)", [wait_for_vacuum(server, "ledger")])
    report = ended(running, 5)
    assert report.outcome == "partly"
    assert report.outcomes == {"ledger": "failed", "orders": "done", "customers": "done"}
    assert "somebody cancelled it" in report.reason("ledger")
    assert times_vacuumed(server, "ledger") == 1
    assert step_of(last_run(runbook), "ledger")["attempts"] >= 1


def lock_holder(server):
    """The session that holds this database's advisory lock."""
    rows = server.sql("""SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())""")
    return rows[0][0] if rows else None


def test_killed_control_session(runbook, server, tables):
    """The lock is lost with it. It is taken again at once, and the VACUUM that runs is not ended
    for that."""
    running = start(runbook, server, *configure(runbook, **SLOW))
    pid = wait_for_vacuum(server, "ledger")
    control = lock_holder(server)
    server.sql("SELECT pg_terminate_backend(%s)", [control])
    wait_until(lambda: lock_holder(server) not in (None, control), what="a new lock holder")
    assert vacuuming(server, "ledger") == pid
    report = ended(running)
    assert set(report.outcomes.values()) == {"done"}
    assert report.tables["ledger"]["dead_after"] == 0
    assert times_vacuumed(server, "ledger") == 2
