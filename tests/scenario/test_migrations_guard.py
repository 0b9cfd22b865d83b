"""While a migration runs a second connection looks at what it keeps from others, and ends it in time;
when that connection is lost, or ours, the version table says what became of it."""

import os
import signal
import time

import pytest

from support.migrations_apply import (Folder, Traffic, applied, apply, at_work, columns, ended,
                                      guard, start)
from support.servers import ENDS, wait_until

versions = ENDS
HOLDS = "ALTER TABLE orders ADD COLUMN a int;\nSELECT pg_sleep(60);"


@pytest.fixture
def folder(server, runbook):
    server.make_table("orders", rows=100)
    return Folder(runbook)


def untouched(server):
    assert columns(server, "orders") == {"id": "integer", "payload": "text"}
    assert applied(server) == []


def test_nobody_waits_for_longer_than_allowed(server, runbook, folder):
    folder.add(1, "holds", HOLDS)
    with Traffic(server, "UPDATE orders SET payload = payload WHERE id = 1"):
        run = apply(runbook, server, folder, "--max-hold", "50s", "--max-wait", "300ms", code=1)
    assert "waited" in run.reason() and "RowExclusiveLock" in run.reason()
    assert run.items["1"]["longest_wait_ms"] >= 300
    untouched(server)


def test_a_row_that_others_wait_for_counts_as_well(server, runbook, folder):
    folder.add(1, "rows", "UPDATE orders SET payload = 'x';\nSELECT pg_sleep(60);")
    with Traffic(server, "UPDATE orders SET payload = payload WHERE id = 1"):
        run = apply(runbook, server, folder, "--max-wait", "300ms", code=1)
    assert "waited" in run.reason()
    assert run.items["1"]["longest_hold_ms"] == 0
    untouched(server)


def test_the_queue_behind_a_long_select_is_short(server, runbook, folder):
    """The migration comes back until the reader is gone; nobody waits longer than lock_timeout."""
    folder.add(1, "column", "ALTER TABLE orders ADD COLUMN a int;")
    reader = server.connect()
    reader.execute("BEGIN; SELECT * FROM orders")
    with Traffic(server, "UPDATE orders SET payload = payload WHERE id = 1") as traffic:
        running = start(runbook, server, folder, "--lock-timeout", "200ms")
        at_work(server, "ALTER TABLE")
        time.sleep(1)
        reader.execute("COMMIT")
        run = ended(running)
    assert run.items["1"]["attempts"] > 1
    assert "lock timeout" in run.err
    assert traffic.longest < 2, "more than the lock_timeout of one attempt"
    assert applied(server) == [(1, False)]


def test_a_lock_timeout_of_the_files_own_does_not_count(server, runbook, folder):
    folder.add(1, "column", "SET lock_timeout = 0;\nALTER TABLE orders ADD COLUMN a int;")
    reader = server.connect()
    reader.execute("BEGIN; SELECT * FROM orders")
    run = apply(runbook, server, folder, "--lock-timeout", "100ms", "--retries", "0", code=1)
    assert "it waited" in run.reason() and "idle in transaction" in run.reason()
    reader.execute("COMMIT")
    untouched(server)


def test_without_its_guard_it_does_not_go_on(server, runbook, folder):
    folder.add(1, "holds", HOLDS)
    running = start(runbook, server, folder, "--max-hold", "50s", "--max-wait", "50s")
    pid = at_work(server, "SELECT pg_sleep")
    server.sql("SELECT pg_terminate_backend(%s)", [guard(server, pid)])
    run = ended(running, 1)
    assert "guard" in run.reason()
    untouched(server)


def test_a_guard_without_an_answer_is_none(server, runbook, folder):
    folder.add(1, "holds", HOLDS)
    running = start(runbook, server, folder, "--max-hold", "50s", "--max-wait", "1s")
    pid = at_work(server, "SELECT pg_sleep")
    stopped = guard(server, pid)
    os.kill(stopped, signal.SIGSTOP)
    try:
        wait_until(lambda: not at_work_now(server, pid), what="its end")
    finally:
        os.kill(stopped, signal.SIGCONT)
    assert "no answer" in ended(running, 1).reason()
    untouched(server)


def at_work_now(server, pid):
    return server.value("SELECT count(*) FROM pg_stat_activity WHERE pid = %s "
                        "AND state = 'active'", [pid])


def test_what_was_cut_off_is_told_by_the_version_table(server, runbook, folder):
    folder.add(1, "holds", HOLDS)
    running = start(runbook, server, folder, "--max-hold", "50s", "--max-wait", "50s")
    server.sql("SELECT pg_terminate_backend(%s)", [at_work(server, "SELECT pg_sleep")])
    run = ended(running, 1)
    assert "terminating connection" in run.reason() or "connection" in run.reason()
    untouched(server)


def test_ctrl_c_leaves_nothing(server, runbook, folder):
    folder.add(1, "holds", HOLDS)
    running = start(runbook, server, folder, "--max-hold", "50s", "--max-wait", "50s")
    at_work(server, "SELECT pg_sleep")
    running.interrupt()
    assert ended(running, 130).outcomes == {"1": "not_reached"}
    untouched(server)


def test_a_killed_run_leaves_the_table_free(server, runbook, folder):
    """The server looks by itself whether its client is still there."""
    folder.add(1, "holds", HOLDS)
    running = start(runbook, server, folder, "--max-hold", "50s", "--max-wait", "50s")
    pid = at_work(server, "SELECT pg_sleep")
    running.kill()
    wait_until(lambda: not server.sql("SELECT 1 FROM pg_stat_activity WHERE pid = %s", [pid]),
               what="its end on the server")
    untouched(server)
    (folder.path / "1_holds.up.sql").write_text("ALTER TABLE orders ADD COLUMN a int;")
    assert apply(runbook, server, folder).outcomes == {"1": "done"}


def test_statistics_that_a_killed_run_has_left_are_made_up_for(server, runbook, folder):
    folder.add(1, "bulk", "UPDATE orders SET payload = 'x';")
    other = server.connect()
    other.execute("BEGIN; LOCK TABLE orders IN SHARE UPDATE EXCLUSIVE MODE")
    running = start(runbook, server, folder)
    at_work(server, "ANALYZE")
    running.kill()
    other.execute("COMMIT")
    assert applied(server) == [(1, False)]
    before = analyzed(server)
    run = apply(runbook, server, folder)
    assert run.outcomes == {} and 'ANALYZE "public"."orders"' in run.err
    wait_until(lambda: analyzed(server) > before, what="the count of ANALYZE")
    assert "ANALYZE" not in apply(runbook, server, folder).err


def analyzed(server):
    return server.value("SELECT pg_stat_get_analyze_count('orders'::regclass)")
