"""`pgrunbook connections relieve` and a queue for a lock: it goes for who holds it up, and for
nobody who only waits."""

import pytest
from support.connections import (alive, at_work, configure, idle, in_transaction, pid_of, pids,
                                 queue, relieve, states, waiting)
from support.servers import ENDS, Server, wait_until

UPDATE = "UPDATE orders SET payload = 'x' WHERE id = 1"
DDL = "BEGIN; LOCK TABLE orders IN ACCESS EXCLUSIVE MODE; COMMIT"
# Heeds no cancel.
STUBBORN = """DO $$ BEGIN
    UPDATE orders SET payload = 'mine' WHERE id = 1;
    LOOP
        BEGIN PERFORM pg_sleep(600); EXCEPTION WHEN query_canceled THEN NULL; END;
    END LOOP; END $$"""


@pytest.fixture
def orders(server):
    server.make_table("orders", rows=10)


def now(runbook, *lines, **settings):
    """Options: a convoy is one at once."""
    options = configure(runbook, convoy_for=0, **settings)
    with open(options[1], "a", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in lines)
    return options


def test_the_root_goes_and_thirty_go_on(runbook, server, orders):
    others = idle(server, 3)
    root, = in_transaction(server, 1, UPDATE, application_name="forgetful")
    waiters = queue(server, 30, UPDATE)
    done = relieve(runbook, server, "--superusers", "--idle-for", 0, *now(runbook))
    assert done.diagnosis == "lock_convoy" and done.goal["reached"] is True
    item, = done.ended.values()
    assert (item["pid"], item["application"], item["state"], item["step"]) == (
        pid_of(root), "forgetful", "idle in transaction", "terminated")
    assert item["reason"] == "30 sessions wait behind it"
    assert alive(server, waiters + others) == set(pids(waiters + others))
    wait_until(lambda: states(server, waiters) == ["idle"] * 30, what="the end of the queue")
    assert "idle_in_transaction_session_timeout" in done.hints


def test_a_root_at_work_is_cancelled(runbook, server, orders):
    root, = at_work(server, 1, f"BEGIN; {UPDATE}; SELECT pg_sleep(600)")
    queue(server, 6, UPDATE)
    done = relieve(runbook, server, "--superusers", *now(runbook))
    assert {item["pid"]: item["step"] for item in done.ended.values()} == {
        pid_of(root): "cancelled"}
    assert alive(server, [root]) and waiting(server) == 0


def test_one_that_heeds_no_cancel_is_terminated(runbook, server, orders):
    root, = at_work(server, 1, STUBBORN)
    queue(server, 6, UPDATE)
    done = relieve(runbook, server, "--superusers", "--grace", "300ms", *now(runbook))
    item = done.ended[pid_of(root)]
    assert item["step"] == "terminated" and "the cancel did not help" in item["reason"]
    assert not alive(server, [root]) and waiting(server) == 0


def test_a_backup_stays_who_waits_for_it_goes(runbook, server, orders):
    """The classic: ALTER TABLE waits for pg_dump, and everybody for the ALTER TABLE."""
    dump, = in_transaction(server, 1, "SELECT count(*) FROM orders", application_name="pg_dump")
    ddl, = queue(server, 1, DDL, application_name="migration")
    readers = queue(server, 8, "SELECT count(*) FROM orders")
    done = relieve(runbook, server, "--superusers", *now(runbook))
    item, = done.ended.values()
    assert (item["pid"], item["step"]) == (pid_of(ddl), "cancelled")
    assert "holds up 8 others" in item["reason"]
    assert alive(server, [dump, ddl, *readers]) == set(pids([dump, ddl, *readers]))
    assert states(server, [dump]) == ["idle in transaction"] and waiting(server) == 0
    assert f"pid {pid_of(dump)}, is left alone: its application is protected" in done.hints


@pytest.mark.parametrize("statement", [UPDATE, "LOCK TABLE orders"], ids=["row", "table"])
def test_nobody_is_cancelled_in_vain(runbook, server, orders, roles, statement):
    """Behind one that must stay the next in line would wait just the same."""
    books = roles("books")
    server.sql(f"GRANT ALL ON orders TO {books}")
    root, = in_transaction(server, 1, statement, user=books)
    waiters = queue(server, 8, UPDATE)
    done = relieve(runbook, server, "--superusers", *now(runbook, f"protected_roles = {books}"),
                   code=5)
    assert done.diagnosis == "lock_convoy" and done.goal["reached"] is False
    assert done.ended == {} and waiting(server) == 8
    assert done.spared[pid_of(root)] == "its role is protected (protected_roles)"
    assert {done.spared[pid] for pid in pids(waiters)} == {"it waits for a lock"}


def test_a_prepared_transaction_has_no_session(runbook, server, orders):
    gid = f"forgotten {server.dbname}"
    server.sql(f"BEGIN; {UPDATE}; PREPARE TRANSACTION '{gid}'")
    try:
        waiters = queue(server, 8, UPDATE)
        done = relieve(runbook, server, "--superusers", *now(runbook), code=5)
        assert done.ended == {} and alive(server, waiters) == set(pids(waiters))
        assert f"ROLLBACK PREPARED '{gid}'" in done.hints
        assert f"the prepared transaction '{gid}'" in done.document["reason"]
    finally:
        server.sql(f"ROLLBACK PREPARED '{gid}'")


def test_it_looks_again_behind_the_first_root(runbook, server, orders):
    """When one root is gone the queue stands behind the next: that one goes too."""
    first, = in_transaction(server, 1, UPDATE)
    second, = queue(server, 1, f"BEGIN; {UPDATE}; SELECT pg_sleep(600)")
    queue(server, 6, UPDATE)
    done = relieve(runbook, server, "--superusers", *now(runbook))
    assert [(item["pid"], item["step"]) for item in done.document["ended"]] == [
        (pid_of(first), "terminated"), (pid_of(second), "cancelled")]
    assert waiting(server) == 0


@pytest.mark.parametrize("version", ENDS[-1:])
def test_on_a_standby(runbook, fresh_server):
    """Replicas run out of slots too."""
    primary = fresh_server()
    standby = fresh_server.standby(primary, max_connections=100)
    primary.sql("CREATE ROLE app LOGIN; ALTER DATABASE postgres CONNECTION LIMIT 10")
    wait_until(lambda: standby.sql("SELECT 1 FROM pg_roles WHERE rolname = 'app'"),
               what="the replica")
    wait_until(lambda: standby.value("SELECT datconnlimit FROM pg_database "
                                     "WHERE datname = 'postgres'") == 10, what="the limit")
    sessions = idle(standby, 10, user="app")
    done = relieve(runbook, standby, "--until", "70%", "--idle-for", 0)
    assert list(done.ended) == pids(sessions)[:3]
    assert alive(Server(standby.cluster), sessions) == set(pids(sessions)[3:])
