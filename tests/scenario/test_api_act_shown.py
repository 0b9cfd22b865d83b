"""What is confirmed over the API is what was shown: nobody and nothing else is hit."""

import pytest
from support.operators import Operator
from support.queries import busy, idle_in_transaction, pid_of, state
from support.serve import QUIET, Daemon
from support.servers import wait_until

versions = (17,)


@pytest.fixture
def daemon(server, runbook):
    daemon = Daemon(runbook, {"shop": server, "store": server}, http_actions="on", **QUIET).start()
    yield daemon
    daemon.stop()


@pytest.fixture
def anna(daemon):
    return Operator(daemon, "anna")


def ends(session):
    """The query that is being answered ends by itself."""
    while session.pgconn.get_result() is not None:
        pass


def test_the_session_has_gone_on(daemon, anna, server, roles):
    """The bad query ends by itself, and the session goes on with an innocent one."""
    app, holder = roles("app"), server.connect()
    for verb in "cancel", "terminate":
        holder.execute("SELECT pg_advisory_lock(7)")
        victim = busy(server, "SELECT pg_advisory_lock(7), pg_advisory_unlock(7)", user=app)
        pid, path = pid_of(victim), f"queries/{verb}?target=shop"
        plan = anna.plan(path, arguments=[pid])
        assert plan["document"]["only"][0].startswith(f"{pid}@")
        assert plan["command_line"].startswith(f"pgrunbook queries {verb}")
        assert "--yes" not in plan["command_line"]
        holder.execute("SELECT pg_advisory_unlock(7)")
        ends(victim)
        victim.pgconn.send_query(b"SELECT 'innocent', pg_sleep(60)")
        wait_until(lambda: state(server, pid) == "active", what="the innocent one")
        done = anna.done(anna.act(path, plan))
        assert done["exit_code"] == 4, done
        assert "gone on to something else" in done["error"]
        assert state(server, pid) == "active"
        plan = anna.plan(path, arguments=[pid])
        assert anna.done(anna.act(path, plan))["exit_code"] == 0
        wait_until(lambda: state(server, pid) != "active", what="what was confirmed")


def test_many_of_which_some_have_gone_on(daemon, anna, server, roles):
    app = roles("app")
    stays, moves, goes = (busy(server, user=app) for _ in range(3))
    gone = pid_of(goes)
    path = "queries/cancel?target=shop"
    plan = anna.plan(path, options={"longer-than": "0s"})
    assert len(plan["document"]["only"]) == 3
    moves.cancel()
    ends(moves)
    moves.pgconn.send_query(b"SELECT pg_sleep(60)")
    server.sql("SELECT pg_terminate_backend(%s)", [gone])
    late = busy(server, user=app)
    wait_until(lambda: state(server, gone) is None, what="the one that goes")
    done = anna.done(anna.act(path, plan))
    assert done["exit_code"] == 5, done
    steps = {result["pid"]: result["step"] for result in done["document"]["results"]}
    assert steps == {pid_of(stays): "cancelled", pid_of(moves): "changed", gone: "gone"}
    assert state(server, pid_of(late)) == state(server, pid_of(moves)) == "active"


def test_relief_ends_nobody_else(daemon, anna, server, roles):
    """Who was shown is at work by now; another who would do as well was not shown."""
    app = roles("app")
    path = "connections/relieve?target=shop"
    options = {"until": "1%", "idle-for": "0s", "transaction-for": "0s"}
    shown = [idle_in_transaction(server, user=app) for _ in range(2)]
    plan = anna.plan(path, options=options)
    assert [one["pid"] for one in plan["document"]["planned"]] == [pid_of(one) for one in shown]
    shown[0].execute("SELECT 'goes on'")
    late = idle_in_transaction(server, user=app)
    done = anna.done(anna.act(path, plan))
    assert [one["pid"] for one in done["document"]["ended"]] == [pid_of(shown[1])], done
    spared = {one["pid"]: one["reason"] for one in done["document"]["spared"]}
    assert "gone on" in spared[pid_of(shown[0])]
    assert "not in the plan" in spared[pid_of(late)]
    assert state(server, pid_of(shown[0])) == state(server, pid_of(late)) == "idle in transaction"


def test_another_index_of_that_name(daemon, anna, server):
    server.sql("CREATE TABLE orders (id int); CREATE INDEX orders_id ON orders (id)")
    path = "indexes/drop?target=shop"
    words = {"arguments": ["orders_id"], "options": {"force": True}}
    plan = anna.plan(path, **words)
    server.sql("DROP INDEX orders_id; CREATE INDEX orders_id ON orders (id) WHERE id > 7")
    done = anna.done(anna.act(path, plan))
    assert done["exit_code"] == 4 and "not the one that was shown" in done["error"], done
    assert server.sql("SELECT to_regclass('orders_id') IS NOT NULL") == [(True,)]
    assert anna.done(anna.act(path, anna.plan(path, **words)))["exit_code"] == 0
    assert server.sql("SELECT to_regclass('orders_id') IS NULL") == [(True,)]


def test_a_table_that_has_come_to_be_due(daemon, anna, server):
    server.make_dead_rows("orders", rows=1000)
    path = "vacuum/run?target=shop"
    plan = anna.plan(path, options={"schema": "public"})
    server.make_dead_rows("items", rows=1000)
    done = anna.done(anna.act(path, plan))
    assert done["exit_code"] == 0, done
    assert [table["table"] for table in done["document"]["tables"]] == ["orders"]


def test_a_plan_of_other_settings(daemon, anna, server):
    """Of another reading of the settings, of another target, with other options."""
    path = "vacuum/run?target=shop"
    plan = anna.plan(path)
    body = {"plan_id": plan["plan_id"], "reason": "x"}
    assert anna.ask("vacuum/run?target=store", body)[0] == 400
    assert anna.ask(path, {**body, "options": {"freeze": True}})[0] == 400
    daemon.reload()
    daemon.hear("the configuration was read again")
    assert anna.act(path, plan, status=409)["error"] == \
        "the settings were read anew since the plan was shown"
    assert anna.done(anna.act(path, anna.plan(path)))["exit_code"] == 0
