"""`pgrunbook connections relieve`: the fewest sessions that reach the goal, the oldest first, and
nobody who has become something else meanwhile."""

import subprocess

import pytest
from support.connections import (alive, asked, at_work, configure, idle, in_transaction, pid_of,
                                 pids, relieve, send, states)
from support.servers import ENDS, Server, wait_until
from support.vacuum import last_run

versions = ENDS

SOON = ["--idle-for", 0]
SOON_IN = ["--transaction-for", 0]


@pytest.fixture
def app(server, roles):
    """Ten sessions are all this database may have: what is fullest, and so what is relieved."""
    server.sql(f"ALTER DATABASE {server.dbname} CONNECTION LIMIT 10")
    return roles("app")


# ---- whom it ends ----------------------------------------------------------------------------


def test_as_few_as_reach_the_goal_the_oldest_first(runbook, server, app):
    sessions = idle(server, 10, user=app, application_name="shop")
    done = relieve(runbook, server, "--until", "70%", *SOON)
    assert done.diagnosis == "idle_pileup"
    assert list(done.ended) == pids(sessions)[:3]
    assert done.goal == {"until": 0.7, "slots": 7, "used_before": 10, "used_after": 7,
                         "reached": True}
    assert alive(server, sessions) == set(pids(sessions)[3:])
    for item in done.ended.values():
        assert (item["role"], item["application"], item["state"]) == (app, "shop", "idle")
        assert item["idle_seconds"] > 0 and item["step"] == "terminated"
        assert item["reason"].startswith("idle for ")
    assert done.spared == {pid: "the goal is reached without it" for pid in pids(sessions)[3:]}
    assert done.document["outcome"] == "done" and done.document["emergency"] is False


def test_there_is_nothing_to_do_once_the_goal_is_met(runbook, server, app):
    sessions = idle(server, 7, user=app)
    done = relieve(runbook, server, "--until", "70%", *SOON)
    assert (done.diagnosis, done.ended) == ("healthy", {})
    assert done.goal["reached"] is True and done.goal["used_before"] == 7
    assert alive(server, sessions) == set(pids(sessions))


def test_who_has_just_become_idle_is_not_old(runbook, server, app):
    """The page goes by query_start, and ends first who has worked for longest."""
    late, *others = idle(server, 8, user=app)
    send(late, "SELECT pg_sleep(600)")
    wait_until(lambda: states(server, [late]) == ["active"], what="its query")
    for connection in others:
        connection.execute("SELECT 'idle'")
    server.sql("SELECT pg_cancel_backend(%s)", [pid_of(late)])
    wait_until(lambda: states(server, [late]) == ["idle"], what="the end of its query")
    oldest = server.value("""SELECT pid FROM pg_stat_activity WHERE state = 'idle'
        AND datname = current_database() ORDER BY query_start LIMIT 1""")
    assert oldest == pid_of(late)
    done = relieve(runbook, server, "--until", "70%", *SOON)
    assert list(done.ended) == [pid_of(others[0])]


def test_nobody_is_idle_for_long_enough(runbook, server, app):
    sessions = idle(server, 10, user=app)
    done = relieve(runbook, server, "--idle-for", "1h", *configure(runbook, young=0), code=5)
    assert (done.ended, done.goal["reached"]) == ({}, False)
    assert done.document["outcome"] == "partly"
    assert done.spared == {pid: "it has not been idle for long enough" for pid in pids(sessions)}


def test_some_are_not_enough(runbook, server, app):
    """What may be ended is ended, and it does not claim to have reached the goal."""
    sessions = idle(server, 3, user=app)
    at_work(server, 6, user=app)
    done = relieve(runbook, server, "--until", "50%", *SOON, *configure(runbook, young=0), code=5)
    assert set(done.ended) == set(pids(sessions))
    assert (done.goal["used_after"], done.goal["reached"]) == (6, False)


def test_old_transactions_the_oldest_first(runbook, server, app):
    others = idle(server, 2, user=app)
    sessions = in_transaction(server, 7, user=app)
    sessions[0].execute("SELECT 'at it again'")  # its transaction is the oldest all the same
    done = relieve(runbook, server, "--until", "70%", *SOON_IN)
    assert done.diagnosis == "idle_in_transaction"
    assert list(done.ended) == pids(sessions)[:2]
    assert alive(server, others + sessions) == set(pids(others + sessions[2:]))
    assert all(item["reason"].startswith("idle in a transaction of ")
               for item in done.ended.values())


def test_a_role_limit_is_relieved_too(runbook, server, roles):
    """The server has slots left, the role has none: only its sessions count."""
    app, other = roles("app"), roles("other")
    server.sql(f"ALTER ROLE {app} CONNECTION LIMIT 10")
    foreign = idle(server, 5, user=other)
    sessions = idle(server, 10, user=app)
    done = relieve(runbook, server, "--until", "80%", *SOON)
    assert list(done.ended) == pids(sessions)[:2]
    assert alive(server, foreign) == set(pids(foreign))
    assert done.spared[pid_of(foreign[0])] == "it takes no place in what is full"


def test_names_of_every_kind(runbook, server, app):
    names = ["it's \"quoted\"; DROP", "☕ kaffee", "x" * 64, "a\\b", ""]
    sessions = [idle(server, 1, user=app, application_name=name)[0] for name in names]
    idle(server, 5, user=app)
    known = [server.value("SELECT application_name FROM pg_stat_activity WHERE pid = %s", [pid])
             for pid in pids(sessions)]
    done = relieve(runbook, server, "--until", "50%", *SOON)
    assert list(done.ended) == pids(sessions)
    assert [item["application"] for item in done.ended.values()] == known
    assert [item["before"]["application"] for item in last_run(runbook)["objects"][:5]] == known


# ---- before it acts --------------------------------------------------------------------------


def test_dry_run_is_a_script_for_psql(runbook, server, app):
    sessions = idle(server, 10, user=app)
    plan = runbook("connections", "relieve", "--dry-run", "--until", "70%", *SOON,
                   server=server).expect(0)
    assert alive(server, sessions) == set(pids(sessions))
    sessions[1].execute("SELECT 'not any more'")
    done = subprocess.run(["psql", "-XAtq", "-v", "ON_ERROR_STOP=1"], input=plan.out, text=True,
                          env={"PATH": "/usr/bin:/bin", **server.environment},
                          capture_output=True)
    assert (done.returncode, done.stderr) == (0, "")
    wait_until(lambda: alive(server, sessions) == {
        pid for pid in pids(sessions) if pid not in (pid_of(sessions[0]), pid_of(sessions[2]))},
        what="the end of two of the three")
    planned = relieve(runbook, server, "--dry-run", "--until", "70%", *SOON)
    assert planned.planned == [pid_of(sessions[3])] and planned.ended == {}
    assert planned.document["outcome"] is None and planned.goal["reached"] is None


def test_it_asks_and_looks_again(runbook, server, app):
    """One of the two becomes active while the question stands: another takes its place."""
    sessions = idle(server, 9, user=app)
    with asked(runbook, server, "connections", "relieve", "--until", "70%", *SOON) as answer:
        assert alive(server, sessions) == set(pids(sessions))
        send(sessions[0], "SELECT pg_sleep(600)")
        wait_until(lambda: states(server, sessions[:1]) == ["active"], what="its query")
        code, text = answer("y")
    assert code == 0, text
    assert alive(server, sessions) == set(pids(sessions)) - set(pids(sessions)[1:3])
    assert "2 sessions ended" in text and "changed" in text


def test_no_is_no(runbook, server, app):
    sessions = idle(server, 9, user=app)
    with asked(runbook, server, "connections", "relieve", "--until", "70%", *SOON) as answer:
        code, text = answer("n")
    assert code == 0 and alive(server, sessions) == set(pids(sessions)), text


def test_without_a_terminal_it_wants_yes(runbook, server, app):
    sessions = idle(server, 9, user=app)
    refused = runbook("connections", "relieve", *SOON, server=server).expect(2)
    assert "use --yes" in refused.err
    assert alive(server, sessions) == set(pids(sessions))


# ---- pace, Ctrl-C, record --------------------------------------------------------------------


def test_at_most_so_many_a_minute_and_ctrl_c(runbook, server, app):
    sessions = idle(server, 10, user=app)
    running = runbook.start("connections", "relieve", "--yes", "--json", "--until", "50%", *SOON,
                            "--per-minute", 2, server=server)
    elsewhere = Server(server.cluster)  # whoever looks from here would be counted too
    wait_until(lambda: len(alive(elsewhere, sessions)) == 8, what="the first two")
    assert running.running()
    running.interrupt()
    result = running.wait()
    assert result.code == 130
    assert "take more than 2 min" in result.err
    assert alive(server, sessions) == set(pids(sessions)[2:])
    shown = last_run(runbook)
    assert shown["run"]["outcome"] == "interrupted"
    assert [step["outcome"] for step in shown["steps"]] == ["done"] * 2 + ["not_reached"] * 3


def test_the_history_keeps_who_it_was(runbook, server, app):
    sessions = idle(server, 9, user=app, application_name="shop")
    sessions[0].execute("SELECT 'its last words'")
    sessions = sessions[1:]
    done = relieve(runbook, server, "--until", "80%", *SOON)
    shown = last_run(runbook)
    assert shown["run"]["id"] == done.document["run_id"]
    step, = shown["steps"]
    assert step["lock_mode"] is None and step["undo"] is None
    assert "pg_terminate_backend(a.pid)" in step["sql"]
    assert f"a.pid OPERATOR(pg_catalog.=) {pid_of(sessions[0])}" in step["sql"]
    item, *others = shown["objects"]
    assert item["outcome"] == "done"
    assert [(other["outcome"], other["reason"]) for other in others] == [
        ("skipped", "the goal is reached without it")] * 8
    before = item["before"]
    assert (before["pid"], before["role"], before["application"], before["client"],
            before["database"], before["state"], before["query"]) == (
        pid_of(sessions[0]), app, "shop", "local", server.dbname, "idle", "SELECT 'idle'")
    assert before["session_seconds"] >= before["state_seconds"] > 0
    assert item["after"] == {"result": "terminated"}


def test_text(runbook, server, app):
    sessions = idle(server, 10, user=app, application_name="shop")
    out = runbook("connections", "relieve", "--yes", "--until", "70%", *SOON,
                  server=server).expect(0).out
    assert out.startswith("Diagnosis: idle pile-up\n")
    assert "10 of 10 connections that database" in out
    rows = [line for line in out.splitlines() if "terminated" in line]
    assert len(rows) == 3 and all(str(pid) in row for pid, row in zip(pids(sessions), rows))
    assert "3 sessions ended; now 7 of 10" in out and "the goal, 7 at most, is reached" in out
    assert "    7 left alone: the goal is reached without it" in out


# ---- where nothing is to be ended ------------------------------------------------------------


def test_slow_queries_are_not_its_matter(runbook, server, app):
    sessions = at_work(server, 9, user=app)
    done = relieve(runbook, server, *configure(runbook, slow_for=0), code=5)
    assert (done.diagnosis, done.ended) == ("slow_queries", {})
    assert "pgrunbook queries" in done.hints
    assert set(done.spared.values()) == {"it is at work"}
    assert alive(server, sessions) == set(pids(sessions))


def test_a_storm_is_not_its_matter(runbook, server, app):
    sessions = idle(server, 9, user=app)
    done = relieve(runbook, server, *configure(runbook, young="1h"), code=5)
    assert (done.diagnosis, done.ended) == ("storm", {})
    assert alive(server, sessions) == set(pids(sessions))


def test_starvation_is_not_its_matter(runbook, server, app):
    sessions = idle(server, 4, user=app)
    done = relieve(runbook, server, "--service-unready", *SOON)
    assert (done.diagnosis, done.ended) == ("app_starvation", {})
    assert "the application's own pool" in done.hints.lower()
    assert alive(server, sessions) == set(pids(sessions))
