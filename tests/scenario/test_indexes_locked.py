"""Tables that somebody keeps locked: the report waits for nobody. It comes while the locks are
held, names who holds them, and judges everything else as ever."""

import pytest
from support.indexes import (CANDIDATE, DUPLICATE, MISSING, UNUSED, await_counters, make_orders,
                             observed, report, start_building)
from support.servers import ENDS, wait_until

versions = ENDS


@pytest.fixture
def migration(server):
    """Holds ACCESS EXCLUSIVE on thirty tables of sixty."""
    statements = "".join(f"""CREATE TABLE t{n} (a int, b int); CREATE INDEX t{n}_a ON t{n} (a);
        CREATE INDEX t{n}_a_too ON t{n} (a);""" for n in range(60))
    server.sql(statements)
    session = server.connect(application_name="migration 42")
    tables = ", ".join(f"t{n}" for n in range(30))
    session.execute(f"BEGIN; LOCK TABLE {tables} IN ACCESS EXCLUSIVE MODE")
    return session


def test_it_ends_while_they_are_locked(runbook, server, migration):
    found = observed(runbook, server)
    assert migration.info.transaction_status.name == "INTRANS", "locked all the time"
    assert set(found.left_out) == {f"t{n}" for n in range(30)}
    for reason in found.left_out.values():
        assert reason.startswith(f"ACCESS EXCLUSIVE held by pid {migration.info.backend_pid} ")
        assert "migration 42" in reason
    free = {f"t{n}_a{too}" for n in range(30, 60) for too in ("", "_too")}
    assert set(found.indexes) == free
    assert found.verdicts(UNUSED) == dict.fromkeys(free, CANDIDATE)
    assert set(found.verdicts(DUPLICATE)) == {f"t{n}_a_too" for n in range(30, 60)}
    assert all(found.finding(name, UNUSED)["undo_sql"] for name in free)
    migration.execute("COMMIT")
    found = report(runbook, server)
    assert found.left_out == {} and len(found.indexes) == 120


def test_their_evidence_goes_on(runbook, server, migration):
    """What was observed while they were locked counts when they are not any more."""
    await_counters(server)
    report(runbook, server, "--evidence", 0)
    migration.execute("COMMIT")
    assert report(runbook, server, "--evidence", 0).verdict("t0_a") == CANDIDATE


def test_said_to_people(runbook, server, migration):
    text = runbook("indexes", "report", server=server).expect(0).out
    named = [line for line in text.splitlines() if line.startswith("Left out: ")]
    assert len(named) == 25 and "… and 5 more tables left out" in text
    text = runbook("indexes", "report", "-v", server=server).expect(0).out
    assert text.count("Left out: public.t") == 30
    text = runbook("indexes", "report", "-t", "t7", server=server).expect(0).out
    assert text.count("Left out: public.t") == 1
    assert "0 indexes: 0 to drop" in text


def test_a_lock_that_is_waited_for(runbook, server):
    """Whoever comes now queues behind the one that waits, although nobody holds it yet."""
    make_orders(server, {"orders_day": "(day)"})
    reader = server.connect()
    reader.execute("BEGIN; SELECT count(*) FROM orders")
    waiting = start_building(server, "BEGIN", "LOCK TABLE orders", application="migration 43")
    pid = wait_until(lambda: server.sql("SELECT pid FROM pg_locks WHERE NOT granted"),
                     what="the queue")[0][0]
    reason = report(runbook, server).left_out["orders"]
    assert reason.startswith(f"ACCESS EXCLUSIVE awaited by pid {pid} ")
    assert "migration 43" in reason
    reader.execute("COMMIT")
    assert waiting.wait(60) == 0


@pytest.mark.parametrize("statement", [
    "ALTER INDEX orders_day SET (fillfactor = 80)", "REINDEX INDEX orders_day",
    "DROP INDEX orders_day"])
def test_a_lock_on_an_index_alone(runbook, server, statement):
    make_orders(server, {"orders_day": "(day)", "orders_customer": "(customer)"})
    session = server.connect()
    session.execute(f"BEGIN; {statement}")
    found = report(runbook, server)
    held = server.value("""SELECT count(*) FROM pg_locks AS l JOIN pg_class AS c ON
        c.oid = l.relation WHERE mode = 'AccessExclusiveLock' AND c.relname LIKE 'orders%%'""")
    assert ("orders" in found.left_out) == (held > 0)
    assert ("orders_customer" in found.indexes) == (held == 0)


def test_a_partition_that_is_locked(runbook, server):
    """Only it is left out; the others and the whole are judged."""
    server.sql("""CREATE TABLE events (a int, b int) PARTITION BY RANGE (a);
        CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM (0) TO (10);
        CREATE TABLE events_2 PARTITION OF events FOR VALUES FROM (10) TO (20);
        CREATE INDEX whole ON events (b)""")
    session = server.connect()
    session.execute("BEGIN; LOCK TABLE events_1 IN ACCESS EXCLUSIVE MODE")
    found = observed(runbook, server)
    assert set(found.left_out) == {"events_1"}
    assert set(found.indexes) == {"whole", "events_2_b_idx"}
    finding = found.finding("whole", UNUSED)
    assert finding["verdict"] == CANDIDATE
    assert finding["undo_sql"] is None, "without the part that is locked there is no way back"


def test_a_foreign_key_of_a_locked_table(runbook, server):
    server.sql("CREATE TABLE known (a int PRIMARY KEY); CREATE TABLE items (a int REFERENCES known)")
    assert report(runbook, server).missing["items"]["kind"] == MISSING
    session = server.connect()
    session.execute("BEGIN; LOCK TABLE items")
    found = report(runbook, server)
    assert found.missing == {} and set(found.left_out) == {"items"}


def test_ordinary_locks_leave_nothing_out(runbook, server):
    """The application reads and writes."""
    make_orders(server, {"orders_day": "(day)"})
    session = server.connect()
    session.execute("BEGIN; UPDATE orders SET note = 'x' WHERE id = 1; SELECT count(*) FROM orders;"
                    "LOCK TABLE orders IN EXCLUSIVE MODE")
    found = report(runbook, server)
    assert found.left_out == {} and "orders_day" in found.indexes
