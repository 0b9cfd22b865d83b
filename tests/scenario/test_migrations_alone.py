"""A statement that the server takes outside of a transaction only: what it builds is proved to be
valid, and what a try has left is put right by the next."""

import pytest

from support.migrations_apply import (Folder, applied, apply, at_work, columns, ended, index,
                                      start)
from support.servers import ENDS, wait_until

versions = ENDS
BUILDS = "CREATE INDEX CONCURRENTLY orders_payload ON orders (payload);"


@pytest.fixture
def folder(server, runbook):
    server.make_table("orders", rows=100)
    return Folder(runbook)


def holding(server):
    """A transaction that every concurrent build has to wait for."""
    reader = server.connect()
    reader.execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT * FROM orders")
    return reader


def test_two_at_once_do_not_wait_for_each_other_for_ever(server, runbook, folder):
    """A waiter in pg_advisory_lock() would have a snapshot, which the build waits for."""
    folder.add(1, "payload", BUILDS)
    reader = holding(server)
    first = start(runbook, server, folder)
    at_work(server, "CREATE INDEX")
    second = start(runbook, server, folder)
    wait_until(lambda: len(server.backends("pgrunbook migrations")) == 3)
    reader.execute("COMMIT")
    assert ended(first).outcomes == {"1": "done"}
    assert ended(second).outcomes == {}
    assert index(server, "orders_payload") is True and applied(server) == [(1, False)]


def test_a_killed_build_is_gone_on_with(server, runbook, folder):
    folder.add(1, "payload", BUILDS)
    reader = holding(server)
    running = start(runbook, server, folder)
    pid = at_work(server, "CREATE INDEX")
    running.kill()
    wait_until(lambda: not server.sql("SELECT 1 FROM pg_stat_activity WHERE pid = %s", [pid]),
               what="its end on the server")
    reader.execute("COMMIT")
    assert index(server, "orders_payload") is False
    assert applied(server) == [(1, True)]
    run = apply(runbook, server, folder)
    assert "left invalid" in run.err
    assert index(server, "orders_payload") is True and applied(server) == [(1, False)]


def test_what_was_done_but_not_written_down_is(server, runbook, folder):
    """Killed between the statement and the version table."""
    folder.add(1, "payload", BUILDS)
    reader = holding(server)
    running = start(runbook, server, folder)
    pid = at_work(server, "CREATE INDEX")
    running.kill()
    wait_until(lambda: not server.sql("SELECT 1 FROM pg_stat_activity WHERE pid = %s", [pid]),
               what="its end on the server")
    reader.execute("COMMIT")
    server.sql("REINDEX INDEX orders_payload")
    run = apply(runbook, server, folder)
    assert "an earlier try has done it" in run.reason()
    assert applied(server) == [(1, False)]


def test_ctrl_c_drops_what_it_had_begun(server, runbook, folder):
    folder.add(1, "payload", BUILDS)
    reader = holding(server)
    running = start(runbook, server, folder)
    at_work(server, "CREATE INDEX")
    wait_until(lambda: index(server, "orders_payload") is False)
    reader.close()
    running.interrupt()
    result = running.wait(timeout=60)
    assert result.code in (0, 130), result
    if result.code == 130:
        assert index(server, "orders_payload") is None and applied(server) == []


def test_somebody_elses_index_of_that_name_is_a_refusal(server, runbook, folder):
    folder.add(1, "payload", BUILDS)
    server.sql("CREATE INDEX orders_payload ON orders (id)")
    run = apply(runbook, server, folder, code=4)
    assert "is there already" in run.reason() and applied(server) == []
    assert index(server, "orders_payload") is True


def test_an_invalid_one_does_not_pass_as_there(server, runbook, folder):
    """IF NOT EXISTS would be content with it."""
    folder.add(1, "payload", BUILDS.replace("orders_payload", "IF NOT EXISTS orders_payload"))
    server.sql("INSERT INTO orders VALUES (0, 'row 1')")
    with pytest.raises(Exception, match="could not create unique index"):
        server.sql("CREATE UNIQUE INDEX CONCURRENTLY orders_payload ON orders (payload)")
    assert index(server, "orders_payload") is False
    refused = apply(runbook, server, folder, code=4)
    assert "is another one" in refused.reason()
    server.sql("DROP INDEX orders_payload;"
               "CREATE INDEX orders_payload ON orders (payload);"
               "UPDATE pg_index SET indisvalid = false"
               " WHERE indexrelid = 'orders_payload'::regclass")
    apply(runbook, server, folder)
    assert index(server, "orders_payload") is True


def test_a_unique_index_that_cannot_be_leaves_nothing(server, runbook, folder):
    server.sql("INSERT INTO orders VALUES (0, 'row 1')")
    folder.add(1, "payload", BUILDS.replace("CREATE INDEX", "CREATE UNIQUE INDEX"))
    run = apply(runbook, server, folder, code=1)
    assert "could not create unique index" in run.reason()
    assert index(server, "orders_payload") is None and applied(server) == []


def test_vacuum_full_is_watched_as_everything_else(server, runbook, folder):
    folder.add(1, "full", "VACUUM FULL orders;")
    reader = server.connect()
    reader.execute("BEGIN; SELECT * FROM orders")
    run = apply(runbook, server, folder, "--retries", "0", "--lock-timeout", "100ms", code=1)
    assert "lock timeout" in run.reason()
    reader.execute("COMMIT")
    assert columns(server, "orders") == {"id": "integer", "payload": "text"}
