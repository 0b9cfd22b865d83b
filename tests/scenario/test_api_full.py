"""Every slot is taken, and no emergency connection is configured: whoever is at the page gets in all
the same, by the connection of the watch."""

import os
import signal

import psycopg
import pytest

from support.connections import alive, pids
from support.operators import Operator
from support.serve import QUIET, Daemon
from support.servers import wait_until
from support.watch import make_role

pytestmark = pytest.mark.parametrize("version", [15])

NO_JOBS = {**QUIET, "http_gather": "1d"}


@pytest.fixture
def full(fresh_server):
    server = fresh_server(max_connections=20)
    make_role(server)
    server.sql("CREATE ROLE app LOGIN")
    return server


@pytest.fixture
def daemon(full, runbook):
    target = {"conninfo": full.conninfo(user="ops"), "connections.idle_for": 0}
    daemon = Daemon(runbook, {"shop": target}, http_actions="on", **NO_JOBS).start()
    yield daemon
    daemon.stop()


def fill(server):
    """Idle sessions until there is room for no more, those of the probes aside."""
    made, refused = [], 0
    while refused < 20:
        try:
            made.append(server.connect(user="app"))
            made[-1].execute("SELECT 'idle'")
            refused = 0
        except psycopg.OperationalError as error:
            assert "slots" in str(error) or "too many" in str(error), error
            refused += 1
    return made


def test_relief_where_nobody_gets_in(full, daemon, runbook):
    anna = Operator(daemon, "anna")
    wait_until(lambda: full.backends("pgrunbook watch"), what="the watch")
    sessions = fill(full)
    path = "connections/relieve?target=shop"
    plan = anna.plan(path)
    chosen = {item["pid"] for item in plan["document"]["planned"]}
    assert chosen and chosen <= set(pids(sessions))
    assert alive(full, sessions) == set(pids(sessions)), "a plan ends nobody"
    done = anna.done(anna.act(path, plan, "nobody gets in"))
    assert done["exit_code"] == 0, done
    assert any("connection of the watch" in line for line in done["messages"])
    assert alive(full, sessions) == set(pids(sessions)) - chosen
    run = runbook("history", "show", str(done["run"]), "--json", "--config", daemon.file)
    run = run.expect(0).json["run"]
    assert (run["actor"], run["reason"]) == ("token:anna", "nobody gets in")
    assert run["verb"] == "relieve" and run["outcome"] == "done"


def test_the_end_of_one_session(full, daemon):
    anna = Operator(daemon, "anna")
    wait_until(lambda: full.backends("pgrunbook watch"), what="the watch")
    sessions = fill(full)
    victim = pids(sessions)[3]
    path = "queries/terminate?target=shop"
    plan = anna.plan(path, arguments=[victim])
    done = anna.done(anna.act(path, plan, "that one"))
    assert done["exit_code"] == 0, done
    assert alive(full, sessions) == set(pids(sessions)) - {victim}


def test_what_the_watch_does_is_not_stopped(full, daemon):
    """It is over in a moment, and the watch has other things to do."""
    anna = Operator(daemon, "anna")
    wait_until(lambda: full.backends("pgrunbook watch"), what="the watch")
    victim = pids(fill(full))[3]
    path = "queries/terminate?target=shop"
    plan = anna.plan(path, arguments=[victim])
    (watch,) = daemon.children("watch")
    os.kill(watch, signal.SIGSTOP)
    act = anna.act(path, plan, "that one")
    wait_until(lambda: anna.ask("running")[1]["running"] == [], what="the watch to be asked")
    code, document = anna.ask(f"acts/{act['act']}/stop", {})
    os.kill(watch, signal.SIGCONT)
    assert code == 409 and document["error"] == "the watch of the target does it", document
    done = anna.done(act)
    assert (done["exit_code"], done["stopped_by"]) == (0, None), done


def test_what_the_watch_does_not_do(full, daemon):
    """Anything else still says that it cannot connect."""
    anna = Operator(daemon, "anna")
    wait_until(lambda: full.backends("pgrunbook watch"), what="the watch")
    fill(full)
    answer = anna.plan("vacuum/run?target=shop", status=502)
    assert "slots" in answer["error"] or "too many" in answer["error"], answer
