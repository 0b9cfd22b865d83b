"""What is at work is stopped over the API: told to end as by Ctrl-C, with who did it and why."""

import json
import os
import signal
from contextlib import closing

import pytest

from support.operators import Operator
from support.serve import QUIET, Daemon, only_vacuum
from support.servers import wait_until
from support.vacuum import (SLOW, configure, make_slow_table, nothing_runs, start,
                            times_vacuumed, wait_for_vacuum)

versions = (15,)

RUN = "vacuum/run?target=shop"


def slow_daemon(runbook, server, **settings):
    return Daemon(runbook, {"shop": {"conninfo": server.conninfo(),
                                     **{f"vacuum_{name}": value for name, value in SLOW.items()}}},
                  http_actions="on", **settings)


@pytest.fixture
def daemon(server, runbook):
    daemon = slow_daemon(runbook, server, **QUIET).start()
    yield daemon
    daemon.stop()


@pytest.fixture
def anna(daemon):
    return Operator(daemon, "anna")


@pytest.fixture
def act(anna, server):
    """In the middle of a table that needs at least 20 s."""
    make_slow_table(server, "ledger", pages=1000)
    act = anna.act(RUN, anna.plan(RUN, options={"table": ["ledger"]}), reason="after the import")
    wait_for_vacuum(server, "ledger")
    return act


def running(who):
    code, document = who.ask("running")
    assert code == 200 and document["schema"] == "pgrunbook.running/1"
    return document["running"]


def test_an_act_is_stopped(daemon, anna, act, server):
    bert, path = Operator(daemon, "bert"), f"acts/{act['act']}/stop"
    (item,) = running(anna)
    assert (item["act"], item["section"], item["actor"]) == (act["act"], "vacuum", "token:anna")
    assert item["stopped_by"] is None and item["turn_at"] is None
    assert bert.ask(path, {"reason": "the wrong table"}) == \
        (202, {"act": act["act"], "state": "stopping"})
    done = anna.done(act)
    assert (done["exit_code"], done["actor"], done["reason"]) == \
        (130, "token:anna", "after the import")
    assert (done["stopped_by"], done["stop_reason"]) == ("token:bert", "the wrong table")
    assert "interrupted" in done["error"] and done["stopped_at"] <= done["ended_at"]
    assert done["document"]["outcome"] == "interrupted", "its own evidence"
    assert nothing_runs(server) and times_vacuumed(server, "ledger") == 1
    run = anna.ask(f"history/{done['run']}")[1]["run"]
    assert (run["outcome"], run["exit_code"], run["actor"]) == ("interrupted", 130, "token:anna")
    assert (run["stopped_by"], run["stop_reason"]) == ("token:bert", "the wrong table")
    text = daemon.runbook("history", "show", done["run"], "--state", daemon.state).expect(0).out
    assert "Stopped" in text and "token:bert" in text and "the wrong table" in text
    assert bert.ask(path, {}) == (409, {"error": "it has ended already"}) and running(anna) == []
    daemon.hear("is stopped by token:bert")


def test_a_second_stop_is_no_harder(daemon, anna, act):
    """Two people press: it ends cleanly all the same, stopped by the first."""
    bert, path = Operator(daemon, "bert"), f"acts/{act['act']}/stop"
    stopping = (202, {"act": act["act"], "state": "stopping"})
    (child,) = daemon.children("run")
    os.kill(child, signal.SIGSTOP)  # it does not get to its end before the second one
    assert anna.ask(path, "") == stopping
    assert bert.ask(path, {"reason": "me too"}) == stopping
    (item,) = running(anna)
    assert (item["stopped_by"], item["stop_reason"]) == ("token:anna", None)
    os.kill(child, signal.SIGCONT)
    done = anna.done(act)
    assert (done["exit_code"], done["stopped_by"], done["stop_reason"]) == \
        (130, "token:anna", None)
    assert done["document"]["outcome"] == "interrupted"


def test_it_is_told(daemon, anna, act):
    with closing(daemon.connect()) as link:
        link.request("GET", "/api/v1/events")
        stream, states = link.getresponse(), []
        anna.ask(f"acts/{act['act']}/stop", {})
        while states[-1:] != ["done"]:
            if stream.readline().startswith(b"event: act"):
                states.append(json.loads(stream.readline().split(b":", 1)[1])["state"])
        assert states == ["stopping", "done"]


def test_only_operators_stop(daemon, anna, act, server):
    path = f"acts/{act['act']}/stop"
    vera = Operator(daemon, "vera", role="viewer")
    assert vera.ask(path, {})[0] == 403
    assert daemon.ask(f"/api/v1/{path}", "POST", "{}")[0] in (401, 403)
    assert anna.ask(path, {}, **{"X-Pgrunbook": "look"})[0] == 403
    assert anna.ask(path, {}, Origin="http://evil.example")[0] == 403
    assert anna.ask(f"acts/{act['act']}")[1]["state"] == "running"
    assert not nothing_runs(server)
    (item,) = running(vera)
    for who in vera, anna:
        code = who.ask(f"running/{item['run']}/stop", {}, Origin="http://evil.example")[0]
        assert code == 403
    assert vera.ask(f"running/{item['run']}/stop", {})[0] == 403
    assert running(vera)[0]["stopped_by"] is None


WRONG = [
    ("acts/{act}/stop", "no json", 400),
    ("acts/{act}/stop", [], 400),
    ("acts/{act}/stop", {"reason": "two\nlines"}, 400),
    ("acts/{act}/stop", {"reason": "x" * 501}, 400),
    ("acts/{act}/stop", {"reason": 7}, 400),
    ("acts/{act}/stop", {"force": True}, 400),
    ("acts/{act}/stop?target=shop", {}, 400),
    ("acts/{act}", {}, 405),
    ("acts/{act}/kill", {}, 404),
    ("acts/99/stop", {}, 404),
    ("acts/0/stop", {}, 404),
    ("acts/-1/stop", {}, 404),
    ("acts/99999999999999999999/stop", {}, 404),
    ("running/99/stop", {}, 404),
    ("running/stop", {}, 404),
    ("running", {}, 405),
]


def test_what_is_wrong_is_refused(daemon, anna, act):
    for path, body, status in WRONG:
        code, document = anna.ask(path.format(**act), body)
        assert code == status and document["error"], (path, body, code, document)
    assert anna.ask(f"acts/{act['act']}/stop", {"raeson": "x"})[1]["error"] == (
        'there is no member "raeson" here')
    for path, has in ((f"acts/{act['act']}/stop", "POST"), ("running/99/stop", "POST")):
        code, _, headers = daemon.ask(f"/api/v1/{path}")
        assert (code, headers["Allow"]) == (405, has), "it is no look"
    assert anna.ask("acts/99/stop/more")[0] == 404
    assert anna.ask(f"acts/{act['act']}")[1]["state"] == "running"


def test_the_daemon_ends_meanwhile(daemon, anna, act):
    """What it was told once it is not told again."""
    anna.ask(f"acts/{act['act']}/stop", {})
    daemon.stop()
    assert daemon.rows("SELECT outcome, exit_code, stopped_by FROM run WHERE verb = 'run'") == \
        [("interrupted", 130, "token:anna")]
    daemon.start()


def test_a_scheduled_job_is_stopped(server, runbook):
    """And its turn with it: it is not tried again, though its window is long."""
    make_slow_table(server, "ledger", pages=1000)
    daemon = slow_daemon(runbook, server, **only_vacuum())
    daemon.now_due()
    daemon.start(ready=False)
    anna = Operator(daemon, "anna")
    wait_for_vacuum(server, "ledger")
    (item,) = running(anna)
    assert (item["act"], item["actor"], item["target"]) == (None, None, "shop")
    assert item["run"] and item["turn_at"] <= item["started_at"]
    assert anna.ask(f"running/{item['run']}/stop", {"reason": "not today"}) == \
        (202, {"run": item["run"], "state": "stopping"})
    daemon.wait_turn("interrupted")
    assert nothing_runs(server) and running(anna) == []
    (turn,) = daemon.rows("SELECT outcome, attempts, run_id, reason FROM turn")
    assert turn == ("interrupted", 1, item["run"], "stopped by token:anna: not today")
    run = anna.ask(f"history/{item['run']}")[1]["run"]
    assert (run["outcome"], run["stopped_by"], run["stop_reason"]) == \
        ("interrupted", "token:anna", "not today")
    assert anna.ask(f"running/{item['run']}/stop", {})[0] == 409
    daemon.stop()


def test_what_a_person_began_is_theirs(daemon, anna, server, runbook):
    make_slow_table(server, "ledger", pages=1000)
    person = start(runbook, server, "--state", daemon.state, *configure(runbook, **SLOW))
    wait_for_vacuum(server, "ledger")
    ((run, outcome),) = daemon.rows("SELECT id, outcome FROM run")
    assert outcome == "running" and running(anna) == []
    code, document = anna.ask(f"running/{run}/stop", {})
    assert code == 409 and "did not begin it" in document["error"] and "Ctrl-C" in document["hint"]
    assert not nothing_runs(server)
    person.terminate()
    person.wait().expect(130)
    wait_until(lambda: daemon.rows("SELECT outcome FROM run") == [("interrupted",)],
               what="the end in the history")
    assert "ended already" in anna.ask(f"running/{run}/stop", {})[1]["error"]
