"""`--watch`: a report that is redrawn, with keys to end what is chosen; on no terminal, one report
after the other."""

import json
import signal

import pytest
from support.queries import (STUBBORN, busy, idle_in_transaction, pid_of, receive_wal,
                             state)
from support.servers import ENDS, wait_until
from support.terminal import Terminal
from support.vacuum import last_run

versions = ENDS

WATCH = ["queries", "report", "--longer-than", 0, "--watch", "200ms"]


@pytest.fixture
def terminal(runbook, server):
    made = []

    def start(*arguments, **size):
        made.append(Terminal(runbook, arguments, server, **size))
        return made[-1]
    yield start
    for each in made:
        each.close()


@pytest.fixture
def app(roles):
    return roles("app")


def test_a_chosen_query_is_cancelled(runbook, server, terminal, app):
    first, second = busy(server, user=app), busy(server, "SELECT pg_sleep(61)", user=app)
    page = terminal(*WATCH)
    page.see("SELECT pg_sleep(61)")
    page.type("\x1b[B")
    wait_until(lambda: str(pid_of(second)) in page.chosen[0], what="the second row chosen")
    page.type("c")
    page.see(f"Cancel the query of pid {pid_of(second)}")
    page.type("n")
    page.see("nothing was done")
    assert state(server, pid_of(second)) == "active"
    page.type("c")
    page.see("[y/N]")
    page.type("y")
    page.see(f"pid {pid_of(second)}: cancelled")
    assert state(server, pid_of(second)) == "idle"
    assert state(server, pid_of(first)) == "active"
    page.type("q")
    assert page.end() == 0
    run = last_run(runbook)
    assert [item["outcome"] for item in run["objects"]] == ["done"]
    assert run["objects"][0]["before"]["query"] == "SELECT pg_sleep(61)"


def test_the_ladder_from_a_page(server, terminal, app, runbook):
    stubborn = busy(server, STUBBORN, user=app)
    config = runbook.home / "test.conf"
    config.write_text("[pgrunbook]\nqueries.grace = 300ms\n")
    page = terminal(*WATCH, "--config", config)
    page.see("pg_sleep")
    page.type("t")
    page.see("Cancel, then terminate pid")
    page.type("y")
    page.see(f"pid {pid_of(stubborn)}: terminated")
    assert state(server, pid_of(stubborn)) is None
    page.type("q")
    assert page.end() == 0


@pytest.mark.parametrize("version", [15])
def test_what_is_left_alone(server, terminal):
    walsender = receive_wal(server)
    page = terminal(*WATCH)
    page.see("walsender")
    page.type("t")
    page.see("is left alone: ")
    page.type("y")
    page.type("q")
    assert page.end() == 0
    walsender.finish()


@pytest.mark.parametrize("version", [15])
def test_the_choice_stays_and_the_page_fits(server, terminal, app):
    """Rows come and go, the window shrinks: the chosen session is the same one, and no line is
    too long."""
    sessions = [busy(server, f"SELECT pg_sleep(6{i})", user=app) for i in range(9)]
    page = terminal(*WATCH, lines=24, columns=100)
    page.see("pg_sleep(68)")
    page.type("jjjj")
    chosen = str(pid_of(sessions[4]))
    wait_until(lambda: chosen in page.chosen[0], what="the fifth row chosen")
    page.resize(8, 40)
    page.process.send_signal(signal.SIGWINCH)
    wait_until(lambda: max(map(len, page.page.split("\r\n"))) <= 40 and
               len(page.page.split("\r\n")) == 8 and chosen in page.chosen[0], what="a small page")
    sessions[0].cancel()
    wait_until(lambda: state(server, pid_of(sessions[0])) == "idle", what="the first to end")
    wait_until(lambda: "8 active" in page.page or chosen in page.chosen[0], what="the next page")
    assert chosen in page.chosen[0]
    page.type("q")
    assert page.end() == 0


@pytest.mark.parametrize("version", [15])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_gives_the_terminal_back(terminal, number):
    page = terminal(*WATCH)
    page.see("q quit")
    page.process.send_signal(number)
    assert page.end() == 130


@pytest.mark.parametrize("version", [15])
def test_a_signal_during_the_question(server, terminal, app):
    session = busy(server, user=app)
    page = terminal(*WATCH)
    page.see("pg_sleep")
    page.type("c")
    page.see("[y/N]")
    page.process.send_signal(signal.SIGTERM)
    assert page.end() == 130
    assert state(server, pid_of(session)) == "active"


def test_the_page_of_connections(runbook, server, terminal, app):
    """Who holds up others stands first, and is ended from there."""
    server.make_table("orders")
    server.sql(f"GRANT ALL ON orders TO {app}")
    root = idle_in_transaction(server, "LOCK orders", user=app)
    waiter = busy(server, "SELECT count(*) FROM orders", user=app)
    page = terminal("connections", "report", "--watch", "200ms")
    page.see("(1 wait behind it) LOCK orders")
    assert str(pid_of(root)) in page.chosen[0]
    page.type("c")
    page.see("is left alone: it runs nothing")
    page.type("t")
    page.see("Terminate pid")
    page.type("y")
    page.see(f"pid {pid_of(root)}: terminated")
    assert state(server, pid_of(root)) is None
    wait_until(lambda: state(server, pid_of(waiter)) == "idle", what="the next in the queue")
    page.type("q")
    assert page.end() == 0
    assert last_run(runbook)["objects"][0]["before"]["query"] == "LOCK orders"


@pytest.mark.parametrize("version", [15])
def test_connections_not_on_a_terminal(runbook, server):
    running = runbook.start("connections", "report", "--watch", "100ms", "--json", server=server)
    documents = [json.loads(running.process.stdout.readline()) for _ in range(2)]
    assert {document["schema"] for document in documents} == {"pgrunbook.connections.report/1"}
    running.interrupt()
    assert running.wait().code == 130


@pytest.mark.parametrize("version", [15])
def test_the_server_goes(fresh_server, runbook):
    server = fresh_server()
    page = Terminal(runbook, WATCH, server)
    page.see("q quit")
    server.cluster.stop()
    assert page.end() == 3
    assert "connection lost" in page.everything.split("\x1b[?1049l")[1]
    page.close()


@pytest.mark.parametrize("version", [15])
def test_not_on_a_terminal(runbook, server):
    running = runbook.start(*WATCH, "--json", server=server)
    documents = [json.loads(running.process.stdout.readline()) for _ in range(3)]
    assert {document["schema"] for document in documents} == {"pgrunbook.queries.report/1"}
    running.terminate()
    assert running.wait().code == 130
    running = runbook.start(*WATCH, server=server)
    for line in ("No query has run for longer than 0.0 s.\n", "\n"):
        assert running.process.stdout.readline()
    running.interrupt()
    assert running.wait().code == 130
    for text, message in (("0", "below the minimum of 100 ms"), ("x", "is not a duration")):
        assert message in runbook("queries", "report", "--watch", text,
                                  server=server).expect(2).err
