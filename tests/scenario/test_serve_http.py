"""The daemon's HTTP under strangers: slow ones, malformed ones, and very many."""

import random
import socket
import time
from contextlib import ExitStack, suppress

import pytest

from support.serve import QUIET, Daemon
from support.servers import wait_until

pytestmark = pytest.mark.parametrize("version", [15])
REQUESTS = 10_000
ODD = (b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n",
       b"GET http://x/api HTTP/1.1\r\nHost: localhost\r\n\r\n",
       b"GET /%zz HTTP/1.1\r\nHost: localhost\r\n\r\n", b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\n\r\n",
       b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 5_000 + b"\r\n",
       b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999999999999\r\n\r\n",
       b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
       b"GET /api/health/live HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello")
GOOD = b"GET /api/health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
# What is no whole request yet: its sender is one of the slow ones.
BEGUN = (b"", b"\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\xff", b"\0" * 500, GOOD[:30])


def exchange(port, request):
    """The answer's first line; b"" when there was none."""
    with socket.create_connection(("127.0.0.1", port), timeout=15) as connection:
        answer = b""
        with suppress(ConnectionError):
            connection.sendall(request)
            while chunk := connection.recv(4096):
                answer += chunk
        return answer.partition(b"\r\n")[0]


def sampled_at(daemon):
    status, document, _ = daemon.ask()
    assert status == 200
    return document["targets"][0]["sampled_at"]


def test_ten_thousand_requests(server, runbook):
    daemon = Daemon(runbook, {"shop": server}, vacuum_schedule="off", indexes_schedule="off",
                    bloat_schedule="off").start()
    port, dice = int(daemon.address), random.Random(5)
    watch, samples = daemon.children("watch"), set()
    with ExitStack() as slow:
        for number in range(REQUESTS):
            if number % 25 == 0:  # more than may be there at once
                connection = socket.create_connection(("127.0.0.1", port), timeout=15)
                slow.callback(connection.close)
                with suppress(ConnectionError):
                    connection.sendall(dice.choice(BEGUN))
                samples.add(sampled_at(daemon))
            elif number % 10 == 0:
                line = exchange(port, dice.choice(ODD))
                assert not line or line.split()[1][:1] in (b"4", b"5"), line
            else:
                assert exchange(port, GOOD) == b"HTTP/1.1 200 OK"
        assert daemon.ready(), "a daemon that is ready among slow clients"
        # The watch is heard all the while, however short that was.
        wait_until(lambda: samples.add(sampled_at(daemon)) or len(samples) > 2, what="samples")
    assert daemon.children("watch") == watch
    daemon.stop()


def events(daemon):
    """Whether each about HTTP is open."""
    return [bool(row[0]) for row in daemon.events("http")]


def test_other_settings_are_in_force_at_once(server, runbook):
    """Beside a target more, whose watch starts at that very moment; and at a port that is taken."""
    daemon = Daemon(runbook, {"shop": server}, **QUIET).start()
    overview, address = "/api/v1/overview", daemon.address
    assert daemon.ask(overview)[0] == 200
    for view, status in (("token", 401), ("open", 200), ("token", 401)):
        more = {} if view == "open" else {"store": server}
        daemon.configure({"shop": server, **more}, http_view=view, **QUIET)
        before = daemon.said.count("HTTP on")
        daemon.reload()
        wait_until(lambda: daemon.said.count("HTTP on") > before, what="other settings")
        assert daemon.ask(overview)[0] == status and daemon.address == address
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        daemon.configure({"shop": server}, http_view="open", http_listen=f"127.0.0.1:{port}",
                         **QUIET)
        daemon.reload()
        wait_until(lambda: events(daemon) == [True], what="an event")
        assert daemon.ask(overview)[0] == 200, "the rest of the settings, where it was"
    wait_until(lambda: events(daemon) == [False], what="its end")
    assert daemon.address == str(port) and daemon.ask(overview)[0] == 200
    daemon.stop()


def whole(daemon, request):
    """All of its answer, until it is closed."""
    with socket.create_connection(("127.0.0.1", int(daemon.address)), timeout=15) as link:
        link.sendall(request)
        return b"".join(iter(lambda: link.recv(4096), b""))


def test_the_target_of_a_request(server, runbook):
    """The absolute form is understood, and its name is looked at as Host is."""
    daemon = Daemon(runbook, {"shop": server}, http_gather="20s", **QUIET).start()
    more = b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    for target, status in ((b"http://127.0.0.1:1/api/health/live", b"200"),
                           (b"HTTP://localhost?x=1", b"200"),
                           (b"http://evil.example/api/health/live", b"421"),
                           (b"http://me@localhost/", b"400"), (b"http:///", b"400"),
                           (b"ftp://localhost/", b"400")):
        assert whole(daemon, b"GET " + target + more).split()[1] == status, target
    evil = more.replace(b"localhost", b"evil.example")
    assert whole(daemon, b"GET http://localhost/api/health/live" + evil).split()[1] == b"200"
    head, _, body = whole(daemon, b"HEAD /api/v1/events" + more).partition(b"\r\n\r\n")
    assert head.split()[1] == b"405" and b"\r\nAllow: GET\r\n" in head and body == b"", head
    head = whole(daemon, b"PUT /" + more)
    assert head.split()[1] == b"405" and b"\r\nAllow: GET, HEAD, POST\r\n" in head
    metrics = whole(daemon, b"GET /metrics" + more).decode()
    assert 'pgrunbook_serve_gather_interval_seconds{target="shop"} 20\n' in metrics
    daemon.stop()


def test_nobody_may_dawdle(server, runbook):
    """A byte now and then does not keep a connection open."""
    daemon = Daemon(runbook, {"shop": server}).start()
    with socket.create_connection(("127.0.0.1", int(daemon.address)), timeout=15) as connection:
        started, ended = time.monotonic(), False
        while not ended and time.monotonic() < started + 40:
            try:
                connection.sendall(b"G")
                connection.settimeout(0.5)
                ended = connection.recv(100) == b""
            except TimeoutError:
                continue
            except ConnectionError:
                ended = True
        assert ended
    daemon.stop()
