"""Acting over the API: a plan first, then a reason, once; and everything in the history."""

import json
import select
import socket
from contextlib import ExitStack, closing

import pytest

from support.operators import Operator
from support.serve import QUIET, Daemon
from support.servers import ENDS, wait_until

versions = ENDS


@pytest.fixture
def daemon(server, runbook):
    daemon = Daemon(runbook, {"shop": server, "store": server}, http_actions="on", **QUIET).start()
    yield daemon
    daemon.stop()


@pytest.fixture
def anna(daemon):
    return Operator(daemon, "anna")


def test_a_session_is_ended_with_a_reason(daemon, anna, server, roles):
    victim = server.connect(user=roles("app"))
    victim.autocommit = False
    victim.execute("SELECT 1")
    pid = victim.info.backend_pid
    path = "queries/terminate?target=shop"
    plan = anna.plan(path, arguments=[pid])
    assert "--yes" not in plan["command_line"] and str(pid) in plan["command_line"]
    assert plan["document"] or plan["text"]
    act = anna.act(path, plan, "blocks the \"nightly\" import")
    done = anna.done(act)
    assert done["exit_code"] == 0, done
    assert done["actor"] == "token:anna" and done["target"] == "shop"
    wait_until(lambda: pid not in [row[0] for row in server.backends()], what="its end")
    code, shown = anna.ask(f"history/{done['run']}")
    assert code == 200
    assert shown["run"]["actor"] == "token:anna"
    assert shown["run"]["reason"] == "blocks the \"nightly\" import"
    text = daemon.runbook("history", "show", done["run"], "--state", daemon.state).expect(0).out
    assert "token:anna" in text and "nightly" in text


def test_a_plan_is_carried_out_once(daemon, anna, server):
    server.sql("CREATE TABLE orders (id int)")
    path = "vacuum/run?target=shop"
    plan = anna.plan(path, options={"table": ["orders"]})
    bert = Operator(daemon, "bert")
    assert bert.act(path, plan, status=403)["error"]
    assert anna.act("vacuum/run?target=shop", plan, reason=" ", status=400)["error"]
    assert anna.act("bloat/reclaim?target=shop", plan, status=400)["error"]
    assert anna.ask(path, {"plan_id": plan["plan_id"]})[0] == 400
    code, document = anna.ask(path, {"plan_id": plan["plan_id"], "reason": "x", "options": {}})
    assert (code, document["error"]) == (400, 'there is no member "options" here')
    assert anna.ask(path, {"plan_id": "0" * 32, "reason": "x"})[0] == 404
    done = anna.done(anna.act(path, plan))
    assert done["exit_code"] == 0 and done["document"]["outcome"] == "done", done
    assert anna.act(path, plan, status=409)["error"]
    assert len(anna.ask("acts")[1]["acts"]) == 1


def test_a_name_may_have_any_character(anna, server):
    """What the page lists can be acted on as from the command line; 500 characters are not bytes."""
    table, index = '"line\nbreak"', '"turned\u202e\r\n\x1b[31m"'
    server.sql(f"CREATE TABLE {table} (id int); CREATE INDEX twin ON {table} (id); "
               f"CREATE INDEX {index} ON {table} (id)")
    path = "vacuum/run?target=shop"
    plan = anna.plan(path, options={"table": [table]})
    assert [one["table"] for one in plan["document"]["tables"]
            if one["action"] != "skip"] == ["line\nbreak"]
    assert anna.done(anna.act(path, plan, "ü" * 500))["exit_code"] == 0
    path = "indexes/drop?target=shop"
    act = anna.done(anna.act(path, anna.plan(path, arguments=[f"public.{index}"])))
    assert act["exit_code"] == 0 and act["document"]["indexes"][0]["outcome"] == "done", act
    assert server.value("SELECT count(*) FROM pg_class WHERE relname LIKE 'turned%'") == 0
    for body in ({"arguments": ["x" * 5000]}, {"arguments": [""]}):
        assert "an argument is" in anna.plan(path, status=400, **body)["error"]


def test_acts_are_told(daemon, anna, server):
    server.sql("CREATE TABLE orders (id int)")
    with closing(daemon.connect()) as link:
        link.request("GET", "/api/v1/events?target=shop")
        stream = link.getresponse()
        path = "vacuum/run?target=shop"
        act = anna.act(path, anna.plan(path, options={"table": "orders"}))
        states = []
        while states[-1:] != ["done"]:
            line = stream.readline().decode()
            if line.startswith("event: act") or line.startswith("event:act"):
                document = json.loads(stream.readline().decode().split(":", 1)[1])
                if document["act"] == act["act"]:
                    states.append(document["state"])
        assert states == ["running", "done"]


def test_a_plan_does_not_wait_behind_looks(server, runbook):
    """At a server that hangs: it takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as hung, ExitStack() as looks:
        where = {"conninfo": f"host=127.0.0.1 port={hung.getsockname()[1]}"}
        daemon = Daemon(runbook, {"hung": where, "shop": server}, http_actions="on", **QUIET)
        daemon.start(ready=False)
        anna, links = Operator(daemon, "anna"), []
        for jobs in range(1, 9):
            links.append(looks.enter_context(closing(daemon.connect())))
            links[-1].request("GET", f"/api/v1/vacuum/plan?target=hung&jobs={jobs}&max_age=0")
        assert anna.plan("vacuum/run?target=shop")["plan_id"]
        assert anna.ask("vacuum/plan?target=shop&max_age=0")[0] == 200
        answered, _, _ = select.select([link.sock for link in links], [], [], 0)
        assert not answered
        daemon.stop()


WRONG = [
    ("vacuum/run?target=shop", "no json", 400),
    ("vacuum/run?target=shop", [], 400),
    ("vacuum/run?target=shop", {}, 400),
    ("vacuum/run?target=shop", {"plan": "yes"}, 400),
    ("vacuum/run?target=shop", {"plan": True, "option": {"table": ["dirty"]}}, 400),
    ("vacuum/run?target=shop", {"plan": True, "target": "shop"}, 400),
    ("vacuum/run?target=shop", {"plan": True, "a\nb": 1}, 400),
    ("vacuum/run", {"plan": True}, 400),
    ("vacuum/run?target=nobody", {"plan": True}, 404),
    ("vacuum/run?target=shop&freeze=1", {"plan": True}, 400),
    ("vacuum/run?target=shop", {"plan": True, "options": []}, 400),
    ("vacuum/run?target=shop", {"plan": True, "options": {"state": "/tmp/x"}}, 400),
    ("vacuum/run?target=shop", {"plan": True, "options": {"yes": True}}, 400),
    ("vacuum/run?target=shop", {"plan": True, "options": {"table": {}}}, 400),
    ("vacuum/run?target=shop", {"plan": True, "options": {"table": None}}, 400),
    ("vacuum/run?target=shop", {"plan": True, "options": {"table": "a\nb"}}, 400),
    ("vacuum/run?target=shop", {"plan": True, "options": {"window": ["1h", "2h"]}}, 400),
    ("vacuum/run?target=shop", {"plan": True, "arguments": ["postgres"]}, 400),
    ("queries/terminate?target=shop", {"plan": True}, 400),
    ("queries/terminate?target=shop", {"plan": True, "arguments": ["1", "2"]}, 400),
    ("queries/terminate?target=shop", {"plan": True, "arguments": [1.5]}, 400),
    ("queries/terminate?target=shop", {"plan": True, "arguments": [0]}, 400),
    ("queries/cancel?target=shop", {"plan": True, "arguments": [7], "options": {"only": "x"}}, 400),
    ("vacuum/run?target=shop", {"plan": True, "options": {"only": ["7", "x"]}}, 400),
    ("connections/relieve?target=shop", {"plan": True, "options": {"emergency": "x"}}, 400),
    ("backup/drill?target=shop", {"plan": True, "options": {"scratch": "/"}}, 400),
    ("backup/restore?target=shop", {"plan": True}, 404),
    ("backup/restore-plan?target=shop", {"plan": True}, 405),
    ("migrations/apply?target=shop", {"plan": True}, 404),
    ("history/prune", {"plan": True}, 404),
    ("vacuum/plan?target=shop", {"plan": True}, 405),
    ("token/add", {"plan": True}, 404),
]


def test_what_is_wrong_is_refused(daemon, anna):
    for path, body, status in WRONG:
        code, document = anna.ask(path, body)
        assert code == status and document["error"], (path, body, code, document)
    assert anna.ask("acts")[1]["acts"] == []
    for member, said in (("option", "option"), ("<b>\n", "…")):
        document = anna.plan("vacuum/run?target=shop", 400, **{member: {}})
        assert document["error"] == f'there is no member "{said}" here'


def test_a_plan_is_the_tokens(daemon, anna, server):
    """Not its name's: who has the next token of that name has not seen it."""
    plan = anna.plan("vacuum/run?target=shop")
    daemon.runbook("token", "remove", "anna", "--config", daemon.file).expect(0)
    again = Operator(daemon, "anna")
    assert anna.ask("vacuum/run?target=shop", {"plan": True})[0] == 401
    refused = again.act("vacuum/run?target=shop", plan, status=403)
    assert refused["error"] == "the plan was shown to another token"
    again.act("vacuum/run?target=shop", again.plan("vacuum/run?target=shop"))


def test_only_operators_act_and_only_where_actions_are_on(daemon, anna, server, runbook):
    path = "vacuum/run?target=shop"
    vera = Operator(daemon, "vera", role="viewer")
    assert vera.ask(path, {"plan": True})[0] == 403
    assert daemon.ask(f"/api/v1/{path}", "POST", "{}")[0] in (401, 403)
    assert anna.ask(path, {"plan": True}, **{"X-Pgrunbook": "look"})[0] == 403
    assert anna.ask(path, {"plan": True}, Origin="http://evil.example")[0] == 403
    assert anna.ask("session")[1] == {**anna.ask("session")[1], "role": "operator",
                                      "name": "anna", "actions": True}
    assert anna.ask("acts")[1]["acts"] == []


def test_a_superusers_session_is_left_alone(daemon, anna, server):
    victim = server.connect()
    victim.autocommit = False
    victim.execute("SELECT 1")
    path = "queries/terminate?target=shop"
    done = anna.done(anna.act(path, anna.plan(path, arguments=[victim.info.backend_pid])))
    assert done["exit_code"] == 4 and done["error"] and done["document"]["outcome"] == "refused"
    assert victim.execute("SELECT 2").fetchone() == (2,)


def test_what_a_plan_would_refuse_is_said_before(daemon, anna, server, roles):
    """The documents behind the page's buttons say of each session what its plan would say."""
    app = roles("app")
    with ExitStack() as sessions:
        def begin(**more):
            session = sessions.enter_context(closing(server.connect(**more)))
            session.autocommit = False
            session.execute("SELECT 1")
            return session.info.backend_pid

        pids = {begin(user=app): None, begin(): "its role is a superuser",
                begin(user=app, application_name="pg_dump"):
                    "its application is protected (protected_applications)"}
        reports = (anna.ask("connections/report?target=shop&max_age=0")[1]["transactions"],
                   anna.ask("queries/report?target=shop&longer-than=0s")[1]["transactions"])
        for transactions in reports:
            assert {item["pid"]: item["left_alone"] for item in transactions} == pids
        for pid, why in pids.items():
            plan = anna.plan("queries/terminate?target=shop", arguments=[pid])["document"]
            assert (plan["only"] == []) == (why is not None)
            assert why is None or why in json.dumps(plan), plan


def test_an_act_outlives_nobody(daemon, anna, server):
    """A daemon that stops ends what it began, and the history says so."""
    server.sql("CREATE TABLE orders (id int)")
    with closing(server.connect()) as holder:
        holder.autocommit = False
        holder.execute("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE")
        path = "vacuum/run?target=shop"
        anna.act(path, anna.plan(path, options={"table": "orders"}))
        wait_until(lambda: daemon.children("run"), what="the act")
        assert daemon.stop() < 60
    daemon.start()
