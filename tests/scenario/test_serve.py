"""`pgrunbook serve`: starts, answers, does what is due, reads its settings again, and ends."""

import fcntl
import os
import pty
import shlex
import signal
import socket
import termios
import time

import pytest
from golden.documents import check_document

from support.serve import QUIET, Daemon, only_vacuum, ours, turn_before
from support.servers import wait_until
from support.vacuum import SLOW, last_run, make_slow_table, wait_for_vacuum

pytestmark = pytest.mark.parametrize("version", [15])


def test_starts_answers_and_ends(server, runbook):
    daemon = Daemon(runbook, {"shop": server}, **QUIET, http_gather="0").start()
    status, document, headers = daemon.ask("/api/health/live")
    assert status == 200 and check_document(document, "health.live")
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store" and headers["Connection"] == "close"
    status, document, _ = daemon.ask("/api/health/ready")
    assert status == 200 and not check_document(document, "health.ready")["reasons"]
    assert [(item["target"], item["state"]) for item in document["targets"]] == [("shop", "up")]
    assert daemon.ask("/api/health/ready?target=shop")[0] == 200
    assert daemon.ask("/api/health/ready?target=shoe")[0] == 404
    assert daemon.ask("/nowhere")[0] == 404
    assert daemon.ask("/%zz")[0] == 400
    assert daemon.ask(method="HEAD")[:2] == (200, None)
    status, _, headers = daemon.ask(method="DELETE")
    assert (status, headers["Allow"]) == (405, "GET, HEAD, POST")
    assert daemon.ask(body="x" * 100_000)[0] == 413
    assert len(daemon.children()) == 1 and ours(server)
    assert len(os.listdir(f"/proc/{daemon.pid}/task")) == 1, "one thread"
    daemon.stop()
    wait_until(lambda: not ours(server), what="the end of our backends")


def test_one_database_without_targets(server, runbook):
    (runbook.config / "pgrunbook").mkdir(parents=True)
    (runbook.config / "pgrunbook" / "pgrunbook.conf").write_text(
        "[pgrunbook]\nhttp.listen = off\n", encoding="utf-8")
    journal = runbook.home / "err"
    with journal.open("w", encoding="utf-8") as file:
        found = os.fstat(file.fileno())
        running = runbook.start("serve", "-d", server.conninfo(), stderr=file,
                                env={"JOURNAL_STREAM": f"{found.st_dev}:{found.st_ino}"})
    said = f"target {server.dbname}: watched"
    wait_until(lambda: said in journal.read_text(encoding="utf-8"), what="a watch")
    running.terminate()
    assert running.process.wait(20) == 0
    assert all(line[:4] in ("<5>p", "<6>p")
               for line in journal.read_text(encoding="utf-8").splitlines())


def test_a_job_of_the_one_database(server, runbook):
    """Turns, runs and what the next command shows go by the same name."""
    server.make_dead_rows("orders", 1000)
    daemon = Daemon(runbook, {}, words=["-d", server.conninfo()], **only_vacuum())
    daemon.now_due()
    daemon.start()
    daemon.wait_turn("done", target=server.dbname)
    daemon.stop()
    shown = runbook("schedule", "-d", server.conninfo(), "--config", daemon.file, "--json")
    vacuum = check_document(shown.expect(0).json, "schedule")["jobs"][0]
    last = vacuum["last_turns"][0]
    assert (vacuum["target"], last["outcome"]) == (server.dbname, "done")
    runs = runbook("history", "list", "--target", server.dbname, "--json",
                   "--state", daemon.state).expect(0).json["runs"]
    assert [run["id"] for run in runs] == [last["run"]]
    runbook(*shlex.split(vacuum["command_line"])[1:], "--dry-run").expect(0)


def test_what_cannot_be_served(server, runbook):
    nothing = runbook("serve").expect(2)
    assert "no target" in nothing.err and "[target NAME]" in nothing.err
    daemon = Daemon(runbook, {"shop": server}, http_listen="localhost:80")
    assert "127.0.0.1:8432" in runbook("serve", "--config", daemon.file).expect(2).err
    with socket.create_server(("127.0.0.1", 0)) as taken:
        daemon.configure({"shop": server}, http_listen=f"127.0.0.1:{taken.getsockname()[1]}")
        refused = runbook("serve", "--config", daemon.file).expect(1)
    assert "in use" in refused.err and "http.listen" in refused.err
    daemon.configure({"shop": server}, vacuum_jbos=3)
    assert "vacuum.jobs" in runbook("serve", "--config", daemon.file).expect(2).err
    daemon.configure({"shop": server})
    assert "shop" in runbook("serve", "--config", daemon.file, "--target", "shp").expect(2).err


def test_a_turn_is_done_once_and_one_was_missed(server, runbook):
    server.make_dead_rows("orders", 1000)
    daemon = Daemon(runbook, {"shop": server}, **only_vacuum())
    daemon.now_due(hours=25)
    daemon.start()
    daemon.wait_turn("done")
    assert daemon.turns() == ["missed", "done"]
    runs = runbook("history", "--json", "--state", daemon.state).expect(0).json["runs"]
    assert [(run["section"], run["target"], run["outcome"]) for run in runs] == [
        ("vacuum", "shop", "done")]
    shown = runbook("history", "show", runs[0]["id"], "--json", "--state", daemon.state)
    line = shown.expect(0).json["run"]["command_line"]
    assert "vacuum run --yes" in line and "--target shop" in line and "--window" in line
    daemon.hear("job vacuum: over")
    assert [bool(row[0]) for row in daemon.events("job vacuum")] == [False]
    daemon.stop()
    daemon.start()
    daemon.stop()
    assert daemon.turns() == ["missed", "done"]


def test_a_report_is_in_the_history(server, runbook):
    daemon = Daemon(runbook, {"shop": server}, vacuum_schedule="off", indexes_schedule="off",
                    bloat_schedule=turn_before(5))
    daemon.now_due()
    daemon.start()
    daemon.wait_turn("done", section="bloat")
    runs = runbook("history", "--json", "--state", daemon.state).expect(0).json["runs"]
    assert [(run["section"], run["verb"], run["target"], run["outcome"]) for run in runs] == [
        ("bloat", "report", "shop", "done")]
    assert daemon.rows("SELECT dbname FROM run") == [(server.dbname,)]
    daemon.stop()


def test_settings_are_read_again(server, runbook):
    daemon = Daemon(runbook, {"shop": server}, **QUIET).start()
    watch = daemon.children("watch")
    daemon.configure({"shop": server, "shed": {"conninfo": server.conninfo(), "bad": 1}})
    daemon.reload()
    daemon.hear("the old one stays in force")
    wait_until(lambda: daemon.events("configuration"), what="an event")
    assert daemon.children("watch") == watch and daemon.ready()
    # A watch that dies meanwhile comes back with the old settings, whatever the file says.
    os.kill(watch[0], signal.SIGKILL)
    wait_until(lambda: daemon.children("watch") not in ([], watch), what="a new watch")
    daemon.wait_ready()
    watch = daemon.children("watch")
    daemon.configure({"shop": server, "shed": server}, **QUIET)
    daemon.reload()
    wait_until(lambda: len(daemon.children("watch")) == 2, what="a second watch")
    assert watch[0] in daemon.children("watch")
    daemon.hear("target shed: its jobs are done by target shop, which is the same database")
    assert [bool(row[0]) for row in daemon.events("configuration")] == [False]
    # HTTP moves, or stays where it was.
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        daemon.configure({"shop": server, "shed": server}, **QUIET,
                         http_listen=f"127.0.0.1:{port}")
        daemon.reload()
        daemon.hear("HTTP stays where it was")
        daemon.wait_ready()
    daemon.reload()
    daemon.hear(f"HTTP on 127.0.0.1:{port}")
    # Where the network reaches it, it asks for more than that.
    daemon.configure({"shop": server, "shed": server}, **QUIET, http_listen=f"0.0.0.0:{port}")
    daemon.reload()
    daemon.hear("there is no TLS")
    daemon.wait_ready()
    daemon.configure({"shop": server, "shed": server}, **QUIET,
                     http_listen=f"127.0.0.2:{port}")
    daemon.reload()
    daemon.hear(f"HTTP on 127.0.0.2:{port}")
    before = daemon.said.count(f"HTTP on 127.0.0.1:{port}")
    daemon.configure({"shed": {"conninfo": server.conninfo(), "connections_warning": "50%"}},
                     **QUIET, http_listen=f"127.0.0.1:{port}")
    daemon.reload()
    wait_until(lambda: daemon.said.count(f"HTTP on 127.0.0.1:{port}") > before, what="HTTP back")
    wait_until(lambda: watch[0] not in daemon.children("watch"), what="the end of a watch")
    daemon.hear("target shed: its settings changed")
    daemon.wait_ready()
    assert [item["target"] for item in daemon.ask()[1]["targets"]] == ["shed"]
    daemon.stop()


def test_ends_in_the_middle_of_a_job(server, runbook):
    make_slow_table(server, "orders")
    daemon = Daemon(runbook, {"shop": server}, **only_vacuum(), **{
        f"vacuum_{name}": value for name, value in SLOW.items()})
    daemon.now_due()
    daemon.start()
    wait_for_vacuum(server, "orders")
    # It has five seconds; the rest is what a slow machine needs.
    assert daemon.stop() < 5 + 5
    wait_until(lambda: not ours(server), what="the end of our backends")
    runs = runbook("history", "--json", "--state", daemon.state).expect(0).json["runs"]
    assert [run["outcome"] for run in runs] == ["interrupted"]
    # The next start goes on with the turn.
    server.sql(f"ALTER DATABASE {server.dbname} RESET ALL")
    daemon.start()
    daemon.wait_turn("done")
    daemon.stop()
    assert daemon.turns() == ["done"]


def test_the_terminal_goes_away(server, runbook):
    daemon = Daemon(runbook, {"shop": server}, **QUIET)
    master, slave = pty.openpty()
    with daemon.journal.open("w", encoding="utf-8") as journal:
        daemon.running = runbook.start("serve", "--config", daemon.file, stdin=slave,
                                       stderr=journal, preexec_fn=lambda: terminal_of(0))
    os.close(slave)
    daemon.hear("target shop: watched")
    os.close(master)
    assert daemon.running.process.wait(20) == 0
    assert "stopping" in daemon.said


def terminal_of(fd):
    os.setsid()
    fcntl.ioctl(fd, termios.TIOCSCTTY, 0)


def test_systemd_hears_of_it(server, runbook):
    path = runbook.home / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(path))
        listener.settimeout(20)
        daemon = Daemon(runbook, {"shop": server}, env={"NOTIFY_SOCKET": str(path),
                                                        "WATCHDOG_USEC": "400000"}, **QUIET)
        daemon.start()
        heard = []

        def hear(text):
            while not any(text in line for line in heard):
                heard.append(listener.recv(4096).decode())
        hear("READY=1")
        hear("WATCHDOG=1")
        hear("STATUS=1 of 1 targets reached")
        daemon.reload()
        hear("RELOADING=1\nMONOTONIC_USEC=")
        heard.clear()
        hear("READY=1")
        daemon.stop()
        hear("STOPPING=1")


def test_a_signal_while_it_starts(server, runbook):
    daemon = Daemon(runbook, {"shop": server})
    for milliseconds in range(0, 60, 4):
        running = runbook.start("serve", "--config", daemon.file)
        time.sleep(milliseconds / 1000)
        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(20) in (0, -signal.SIGTERM)
