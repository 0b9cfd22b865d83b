"""Connections to the daemon that are used again: what a page saves by them, and that nobody is kept out
or held up by those who rest on theirs."""

import socket
import ssl
from contextlib import ExitStack, closing, suppress
from http.client import HTTPConnection, HTTPSConnection

import pytest

from support.keys import bearer, make_certificate, token
from support.serve import QUIET, Daemon
from support.servers import wait_until

pytestmark = pytest.mark.parametrize("version", [15])
OVERVIEW, SESSION, LIVE = "/api/v1/overview", "/api/v1/session", "/api/health/live"
RESTING = 1000


def ask(connection, path, method="GET", **headers):
    """(status, body) by that connection, be it new or not."""
    connection.request(method, path, headers=headers)
    answer = connection.getresponse()
    return answer.status, answer.read()


def ends(connection):
    """Whether the other side has closed it, and nothing came before."""
    connection.sock.settimeout(40)
    with suppress(ConnectionError, ssl.SSLEOFError):
        return connection.sock.recv(1) == b""
    return True


def test_one_connection_for_many_requests(server, runbook):
    daemon = Daemon(runbook, {"shop": server}, **QUIET).start()
    with closing(daemon.connect()) as connection:
        status, overview = ask(connection, OVERVIEW)
        assert status == 200 and overview
        port = connection.sock.getsockname()[1]
        # From memory, by a child, without a body, and the page's files.
        assert ask(connection, "/api/v1/check?target=shop")[0] == 200
        assert ask(connection, SESSION, "HEAD") == (200, b"")
        status, page = ask(connection, "/", **{"Accept-Encoding": "gzip"})
        assert status == 200 and page
        assert ask(connection, "/metrics")[0] == 200
        assert connection.sock.getsockname()[1] == port, "one and the same"
        # Health is asked of whether one more gets in, and an error is the last word.
        assert ask(connection, LIVE)[0] == 200 and connection.sock is None
        assert ask(connection, "/api/v1/nothing")[0] == 404 and connection.sock is None
    daemon.stop()


def test_one_handshake_for_many_requests(server, runbook):
    certificate, key = make_certificate(runbook.home, "first")
    daemon = Daemon(runbook, {"shop": server}, http_view="token", http_tls_certificate=certificate,
                    http_tls_key=key, **QUIET)
    viewer = bearer(token(runbook, daemon, "vera"))
    daemon.start(ready=False)
    context = ssl.create_default_context(cafile=certificate)
    with closing(HTTPSConnection("127.0.0.1", int(daemon.address), timeout=15,
                                 context=context)) as connection:
        assert ask(connection, OVERVIEW, Authorization=viewer)[0] == 200
        secured = connection.sock
        for _ in range(20):
            assert ask(connection, OVERVIEW, Authorization=viewer)[0] == 200
            assert connection.sock is secured
        assert ask(connection, "/api/v1/check?target=shop", Authorization=viewer)[0] == 200
        assert connection.sock is secured
        # Who came with a token has to bring it again.
        assert ask(connection, OVERVIEW)[0] == 401
        assert ask(connection, SESSION)[0] == 200 and connection.sock is not secured
        assert ends(connection), "who rests too long"
    daemon.stop()


def test_who_rests_too_long_is_shown_out(server, runbook):
    daemon = Daemon(runbook, {"shop": server}, **QUIET).start()
    with closing(daemon.connect()) as connection:
        assert ask(connection, SESSION)[0] == 200
        assert ends(connection)
    daemon.stop()


def test_who_says_nothing_more_has_its_answer(server, runbook):
    """As by `nc -N`: the answer comes whole, be it from memory or by a child, and the connection ends."""
    daemon = Daemon(runbook, {"shop": server}, **QUIET).start()
    for path in LIVE, SESSION, OVERVIEW, "/metrics", "/api/v1/check?target=shop&max_age=0":
        with socket.create_connection(("127.0.0.1", int(daemon.address)), timeout=15) as client:
            client.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            client.shutdown(socket.SHUT_WR)
            answer = b""
            while chunk := client.recv(65536):
                answer += chunk
            answer = answer.removeprefix(b"HTTP/1.1 102 Processing\r\n\r\n")
            head, _, body = answer.partition(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200 "), path
            assert f"Content-Length: {len(body)}".encode() in head.split(b"\r\n"), path
    daemon.stop()


def test_a_thousand_who_rest(server, runbook):
    """Each has had its answer, and stays: every one is answered, and so is who comes after them."""
    daemon = Daemon(runbook, {"shop": server}, **QUIET).start()
    head = f"GET {SESSION} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    with ExitStack() as resting:
        for number in range(RESTING):
            client = resting.enter_context(
                socket.create_connection(("127.0.0.1", int(daemon.address)), timeout=15))
            client.sendall(head)
            assert client.recv(4096).startswith(b"HTTP/1.1 200 "), number
        assert daemon.ready() and daemon.ask(OVERVIEW)[0] == 200
    daemon.stop()


def test_other_settings_do_not_wait_for_who_rests(server, runbook):
    """Nor does the end."""
    daemon = Daemon(runbook, {"shop": server}, **QUIET).start()
    with closing(daemon.connect()) as here, closing(daemon.connect()) as there:
        assert ask(here, SESSION)[0] == ask(there, SESSION)[0] == 200
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        daemon.configure({"shop": server}, http_listen=f"127.0.0.1:{port}", **QUIET)
        daemon.reload()
        wait_until(lambda: daemon.address == str(port), what="another port")
        assert ends(here) and ends(there)
    with closing(HTTPConnection("127.0.0.1", port, timeout=15)) as connection:
        assert ask(connection, SESSION)[0] == 200
        daemon.stop()
        assert ends(connection)
