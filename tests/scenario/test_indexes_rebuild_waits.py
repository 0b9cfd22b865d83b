"""Who is in the way of a rebuild, before it and while it runs; and whose way it gets into. It
never kills anybody, it says who it was, and nobody queues behind it for long."""

import threading

import pytest
from support.rebuild import (INDEX, configure, ended, holding, invalid, make_bloated,
                             make_holdable, phase_of, rebuild, start)
from support.servers import ENDS, wait_until

versions = ENDS

BRIEF = {"patience": "1s", "old_transaction": "0"}


@pytest.fixture
def orders(server):
    make_bloated(server)
    server.sql("CREATE TABLE elsewhere ()")


def skipped(runbook, server, *options):
    report = rebuild(runbook, server, *options, "orders_pkey", code=5)
    assert report.outcomes == {"orders_pkey": "skipped"}
    assert invalid(server) == []
    return report.reason("orders_pkey")


# ---- before it starts --------------------------------------------------------------------------


OLD = {
    "snapshot elsewhere": "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT FROM elsewhere",
    "reader of the table": "BEGIN; SELECT FROM orders LIMIT 1",
    "writer of the table": "BEGIN; INSERT INTO orders VALUES (-1, '')",
}


@pytest.mark.parametrize("statements", OLD.values(), ids=OLD.keys())
def test_old_transaction(runbook, server, orders, statements):
    session = server.connect(application_name="night job")
    session.execute(statements)
    reason = skipped(runbook, server, *configure(runbook, **BRIEF))
    assert f"the transaction of pid {session.info.backend_pid} " in reason
    assert "application night job, idle in transaction" in reason
    session.execute("ROLLBACK")
    options = configure(runbook, **BRIEF)
    assert rebuild(runbook, server, *options, "orders_pkey").outcomes == {"orders_pkey": "done"}


def test_old_transaction_that_is_not_waited_for(runbook, server, orders):
    """Without a snapshot and without a lock on the table it is in nobody's way; one of another
    database never is; nor is a young one."""
    session = server.connect()
    session.execute("BEGIN; INSERT INTO elsewhere DEFAULT VALUES")
    other = server.connect(dbname="postgres")
    other.execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT FROM pg_class LIMIT 1")
    options = configure(runbook, **BRIEF)
    assert rebuild(runbook, server, *options, "orders_pkey").outcomes == {"orders_pkey": "done"}


def test_prepared_transaction(runbook, server, orders):
    session = server.connect()
    gid = f"order's {server.dbname}"
    quoted = gid.replace("'", "''")
    session.execute(f"BEGIN; SELECT FROM orders LIMIT 1; PREPARE TRANSACTION '{quoted}'")
    try:
        reason = skipped(runbook, server, *configure(runbook, **BRIEF))
        assert f"prepared transaction '{quoted}' (owner postgres)" in reason
    finally:
        session.execute(f"ROLLBACK PREPARED '{quoted}'")
    session.execute(f"BEGIN; INSERT INTO elsewhere DEFAULT VALUES; PREPARE TRANSACTION '{quoted}'")
    try:
        options = configure(runbook, **BRIEF)
        assert rebuild(runbook, server, *options, "orders_pkey").outcomes == {
            "orders_pkey": "done"}, "it has no lock on the table and no snapshot"
    finally:
        session.execute(f"ROLLBACK PREPARED '{quoted}'")


@pytest.mark.parametrize("mode", ["SHARE UPDATE EXCLUSIVE", "SHARE", "ACCESS EXCLUSIVE"])
@pytest.mark.parametrize("version", [14, 15, 18])
def test_locked_table(runbook, server, orders, mode):
    session = server.connect(application_name="deploy")
    session.execute(f"BEGIN; LOCK TABLE orders IN {mode} MODE")
    reason = skipped(runbook, server, *configure(runbook, patience="1s"))
    assert "Lock held by pid" in reason and "application deploy" in reason
    assert mode.title().replace(" ", "") in reason


def test_lock_that_somebody_waits_for(runbook, server, orders):
    """Who queues behind an ALTER TABLE makes the queue longer."""
    reader, waiter = server.connect(), server.connect(application_name="deploy")
    reader.execute("BEGIN; SELECT FROM orders LIMIT 1")
    altering = threading.Thread(target=waiter.execute,
                                args=["ALTER TABLE orders ADD COLUMN more int"])
    altering.start()
    wait_until(lambda: server.value("SELECT count(*) FROM pg_locks WHERE NOT granted"),
               what="a waiter")
    try:
        reason = skipped(runbook, server, *configure(runbook, patience="1s"))
        assert "AccessExclusiveLock waited for by pid" in reason and "deploy" in reason
    finally:
        reader.execute("ROLLBACK")
        altering.join()


def test_build_of_somebody_else(runbook, server):
    """Left alone while it runs: not dropped, not reported, not disturbed."""
    make_holdable(server)
    builder = server.connect(application_name="deploy")

    def build():
        thread = threading.Thread(target=builder.execute,
                                  args=["REINDEX INDEX CONCURRENTLY " + INDEX])
        thread.start()
        return thread

    with holding(server, "old snapshots", build) as (thread, pid, hold):
        report = rebuild(runbook, server, *configure(runbook, patience="1s"), INDEX, code=5)
        assert report.outcomes == {INDEX: "skipped"}
        assert f"being built on its table by pid {pid} " in report.reason()
        assert report.leftovers == {} and "left by somebody else" not in report.err
        assert phase_of(server, pid) == "waiting for old snapshots"
        assert invalid(server) == [INDEX + "_ccnew"]
        hold.release()
        thread.join()
    assert invalid(server) == []


def test_build_that_may_not_be_seen(runbook, server, roles):
    """To a role without pg_read_all_stats only the lock tells of it."""
    make_holdable(server)
    owner = roles("owner")
    server.sql(f"ALTER TABLE orders OWNER TO {owner}; GRANT CREATE ON SCHEMA public TO {owner}")
    builder = server.connect()

    def build():
        thread = threading.Thread(target=builder.execute,
                                  args=["REINDEX INDEX CONCURRENTLY " + INDEX])
        thread.start()
        return thread

    with holding(server, "old snapshots", build) as (thread, pid, hold):
        options = ["-U", owner, *configure(runbook, patience="1s")]
        report = rebuild(runbook, server, *options, INDEX, code=5)
        assert f"being built on its table by pid {pid} (role postgres" in report.reason()
        assert report.leftovers == {}
        hold.release()
        thread.join()
    assert invalid(server) == []


# ---- while it runs -----------------------------------------------------------------------------


def test_patience(runbook, server):
    make_holdable(server)
    options = configure(runbook, patience="2s")
    with holding(server, "old snapshots", lambda: start(runbook, server, *options, INDEX)) as (
            running, _, hold):
        report = ended(running, 5)
        assert report.outcomes == {INDEX: "skipped"}
        pid = hold.first.info.backend_pid
        assert f"for pid {pid} (role postgres, application" in report.reason()
        assert "waiting for old snapshots" in report.reason()
        assert "its patience is 2 s" in report.reason()
        assert [left["outcome"] for left in report.leftovers.values()] == ["dropped"]
        assert invalid(server) == []


def test_patience_with_a_prepared_transaction(runbook, server, orders):
    """Nobody's pid can be named, but its name can."""
    session = server.connect()
    gid = f"held {server.dbname}"
    session.execute(f"BEGIN; SELECT FROM orders LIMIT 1; PREPARE TRANSACTION '{gid}'")
    try:
        report = rebuild(runbook, server, *configure(runbook, patience="1s"), "orders_pkey", code=5)
        assert report.outcomes == {"orders_pkey": "done"}, "only its old copy is left"
        assert f"prepared transaction '{gid}'" in report.reason("orders_pkey")
        assert [left["outcome"] for left in report.leftovers.values()] == ["left"]
    finally:
        session.execute(f"ROLLBACK PREPARED '{gid}'")
    assert "orders_pkey_ccold" in rebuild(runbook, server, "--invalid").indexes
    assert invalid(server) == []


def test_gives_way(runbook, server):
    """An ALTER TABLE waits for it, and everybody else behind that."""
    make_holdable(server)
    options = configure(runbook, give_way="1s")
    with holding(server, "building", lambda: start(runbook, server, *options, INDEX)) as (
            running, _, hold):
        deploy = server.connect(application_name="deploy")
        deploy.execute("ALTER TABLE orders ADD COLUMN more int")
        report = ended(running, 5)
        assert report.outcomes == {INDEX: "skipped"}
        assert f"gave way to pid {deploy.info.backend_pid} (role postgres, application deploy)" in (
            report.reason())
        assert "AccessExclusiveLock" in report.reason()
        assert [left["outcome"] for left in report.leftovers.values()] == ["dropped"]
        assert invalid(server) == []


def test_does_not_give_way_to_who_stops_nobody(runbook, server):
    """A VACUUM waits as well, but readers and writers pass it."""
    make_holdable(server)
    options = configure(runbook, give_way="0", patience="3s")
    with holding(server, "building", lambda: start(runbook, server, *options, INDEX)) as (
            running, _, hold):
        session = server.connect()
        vacuum = threading.Thread(target=session.execute, args=["VACUUM orders"])
        vacuum.start()
        report = ended(running, 5)
        vacuum.join()
        assert "its patience is 3 s" in report.reason()


def test_autovacuum_at_work(runbook, fresh_server):
    """It holds the same lock, and is not to be cancelled for this."""
    server = fresh_server(autovacuum_naptime="1s", autovacuum_vacuum_cost_limit=1)
    make_bloated(server)
    server.sql("""ALTER TABLE orders SET (autovacuum_vacuum_threshold = 1,
        autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_cost_delay = 100);
        UPDATE orders SET payload = 'dead'""")
    wait_until(lambda: server.value("""SELECT count(*) FROM pg_stat_progress_vacuum
        WHERE relid = 'orders'::regclass"""), what="autovacuum", timeout=60)
    reason = skipped(runbook, server, *configure(runbook, patience="1s"))
    assert "ShareUpdateExclusiveLock held by pid" in reason and "autovacuum worker" in reason
