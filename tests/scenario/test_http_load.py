"""The daemon's HTTP under weight: bodies without end, clients that never finish, and the watch that
must not notice any of it."""

import selectors
import socket
import time
from collections import Counter
from contextlib import ExitStack, suppress

import pytest

from support.serve import QUIET, Daemon

pytestmark = pytest.mark.parametrize("version", [15])
SLOW = 1000
BEGUN = (b"", b"G", b"GET /api/health/live HTTP/1.1\r\nHost: loc",
         b"POST /api/v1/vacuum/run HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{",
         b"\x16\x03\x01\x02\x00\x01\x00\xff")


def memory(daemon):
    """Bytes."""
    with open(f"/proc/{daemon.pid}/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * 4096


def push(daemon, head, piece, total):
    """Sends up to so many bytes; how many were taken, and the answer."""
    sent, answer = 0, b""
    with socket.create_connection(("127.0.0.1", int(daemon.address)), timeout=15) as connection:
        with suppress(ConnectionError, TimeoutError):
            connection.sendall(head)
            while sent < total:
                connection.sendall(piece)
                sent += len(piece)
        with suppress(ConnectionError, TimeoutError):
            answer = connection.recv(4096)
    return sent, answer


def test_bodies_without_end(server, runbook):
    daemon = Daemon(runbook, {"shop": server}, **QUIET, http_actions="on").start()
    before, gigabyte = memory(daemon), 1 << 30
    head = b"POST /api/v1/vacuum/run?target=shop HTTP/1.1\r\nHost: localhost\r\n"
    sent, answer = push(daemon, head + f"Content-Length: {gigabyte}\r\n\r\n".encode(),
                        b"x" * 65536, gigabyte)
    assert sent < gigabyte / 10 and (not answer or answer.split()[1] == b"413")
    chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
    sent, answer = push(daemon, head + b"Transfer-Encoding: chunked\r\n\r\n", chunk, gigabyte)
    assert sent < gigabyte / 10 and (not answer or answer.split()[1][:1] == b"4")
    sent, answer = push(daemon, b"POST / HTTP/1.1\r\nHost: localhost\r\nX: ", b"x" * 65536, gigabyte)
    assert sent < gigabyte / 10
    assert daemon.ready() and memory(daemon) - before < 16 << 20
    daemon.stop()


class Crowd:
    """Clients that are there, and never get done: who is shown out comes again."""

    def __init__(self, port):
        self.port, self.poll, self.clients = port, selectors.DefaultSelector(), 0

    def come(self):
        client = socket.socket()
        client.setblocking(False)
        with suppress(BlockingIOError):
            client.connect(("127.0.0.1", self.port))
        self.poll.register(client, selectors.EVENT_READ)
        self.clients += 1

    def turn(self):
        """Those who are still there send a byte, the others come again."""
        for key, _ in self.poll.select(0):
            self.poll.unregister(key.fileobj)
            key.fileobj.close()
        here = list(self.poll.get_map().values())
        for number, key in enumerate(here):
            with suppress(OSError):
                key.fileobj.send(BEGUN[number % len(BEGUN)][:1] or b"G")
        for _ in range(SLOW - len(here)):
            self.come()

    def close(self):
        for key in list(self.poll.get_map().values()):
            key.fileobj.close()
        self.poll.close()


def minutes(runbook, daemon):
    shown = runbook("history", "minutes", "--json", "--target", "shop", "--config", daemon.file)
    return shown.expect(0).json["minutes"]


def test_a_crowd_at_a_server_that_hangs(server, runbook):
    """Each waits for the same answer, and asks again: those who ask for something else are answered."""
    with socket.create_server(("127.0.0.1", 0)) as hung, ExitStack() as asking:
        where = {"conninfo": f"host=127.0.0.1 port={hung.getsockname()[1]} connect_timeout=2"}
        daemon = Daemon(runbook, {"shop": server, "hung": where}, **QUIET).start(ready=False)
        head = b"GET /api/v1/check?target=hung&max_age=0 HTTP/1.1\r\nHost: localhost\r\n\r\n"
        statuses = set()
        for number in range(600):
            client = asking.enter_context(
                socket.create_connection(("127.0.0.1", int(daemon.address)), timeout=15))
            with suppress(ConnectionError):
                client.sendall(head)
            if number % 20 == 0:
                statuses.add(daemon.ask("/api/health/live")[0])
                statuses.add(daemon.ask("/api/v1/overview")[0])
        assert statuses == {200}
        asking.close()
        assert daemon.ask("/api/health/live")[0] == 200
        daemon.stop()


def test_slow_clients_and_the_watch(server, runbook):
    daemon = Daemon(runbook, {"shop": server}, **QUIET).start()
    watch, crowd, started = daemon.children("watch"), Crowd(int(daemon.address)), time.time()
    answers = Counter()
    try:
        # A whole minute of the watch's within it.
        while time.time() < (started // 60 + 2) * 60 + 3:
            crowd.turn()
            for path in "/api/health/live", "/api/v1/overview":
                answers[path, daemon.ask(path)[0]] += 1
            time.sleep(0.5)
        assert crowd.clients > 2 * SLOW, "clients that were shown out"
        assert daemon.ready(), "a daemon that is ready among them"
        assert {status for _, status in answers} == {200} and min(answers.values()) > 10, answers
    finally:
        crowd.close()
    whole = minutes(runbook, daemon)[-1]
    assert whole["missed"] == 0 and whole["samples"] >= 59, whole
    assert daemon.children("watch") == watch
    daemon.stop()
