"""The daemon's HTTP under those who mean it ill: no token, a wrong one, another site's page, another
name, guesses in a row; and what listens to the network."""

import json
import os
import shutil
import socket
import ssl
import warnings
from contextlib import closing, suppress
from http.client import HTTPConnection, HTTPSConnection, IncompleteRead

import pytest

from golden.documents import check_document
from support.keys import bearer, make_certificate, token
from support.openapi import assert_is
from support.serve import QUIET, Daemon
from support.servers import wait_until

pytestmark = pytest.mark.parametrize("version", [15])
ACT = "/api/v1/vacuum/run?target=shop"
LOOK = "/api/v1/session"
PLAN = json.dumps({"plan": True})


def served(server, runbook, **settings):
    return Daemon(runbook, {"shop": server}, **QUIET, **settings)


def ask(daemon, path, method="GET", body=None, source=None, **headers):
    """(status, document, headers); a header's name has _ for -."""
    headers = {name.replace("_", "-"): value for name, value in headers.items() if value}
    with closing(HTTPConnection("127.0.0.1", int(daemon.address), timeout=15,
                                source_address=source and (source, 0))) as connection:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        text = answer.read()
        return answer.status, json.loads(text) if text else None, answer.headers


def act(daemon, secret, path=ACT, **headers):
    headers = {"X_Pgrunbook": "act", "Authorization": secret and bearer(secret), **headers}
    return ask(daemon, path, "POST", PLAN, **headers)


def runs(daemon):
    return daemon.rows("SELECT count(*) FROM run")[0][0]


def test_who_may_write(server, runbook):
    daemon = served(server, runbook, http_actions="on", http_names="runbook.example.com")
    viewer = token(runbook, daemon, "vera")
    operator = token(runbook, daemon, "olaf", "--role", "operator")
    daemon.start()
    own = f"http://127.0.0.1:{daemon.address}"
    # A name is a proxy's, and nobody has said that whoever reaches it may look.
    assert ask(daemon, LOOK)[1]["needs_token"] and ask(daemon, "/api/v1/overview")[0] == 401
    assert act(daemon, None)[0] == 401
    assert act(daemon, None)[2]["WWW-Authenticate"] == "Bearer"
    assert act(daemon, "pgr_" + "x" * 43)[0] == 401
    assert act(daemon, viewer)[0] == 403
    assert act(daemon, operator, X_Pgrunbook=None)[0] == 403
    for origin in ("http://evil.example.com", "null", "https://127.0.0.1", own + ".evil.example"):
        assert act(daemon, operator, Origin=origin)[0] == 403, origin
    for site in ("cross-site", "same-site", "none"):
        assert act(daemon, operator, Sec_Fetch_Site=site)[0] == 403, site
    for host in ("evil.example.com", f"localhost.evil.example:{daemon.address}"):
        assert act(daemon, operator, Host=host, Origin=f"http://{host}")[0] == 421, host
        assert ask(daemon, LOOK, Host=host)[0] == 421
    assert not runs(daemon), "nothing has happened so far"
    # Only the last is let through to what answers.
    for headers in ({}, {"Origin": own, "Sec_Fetch_Site": "same-origin"},
                    {"Host": "runbook.example.com", "Origin": "https://runbook.example.com"}):
        assert act(daemon, operator, **headers)[0] not in (401, 403, 421, 429), headers
    daemon.stop()


def test_a_plan_is_carried_out_once(server, runbook):
    server.make_dead_rows("orders", 1000)
    daemon = served(server, runbook, http_actions="on")
    olaf = token(runbook, daemon, "olaf", "--role", "operator")
    otto = token(runbook, daemon, "otto", "--role", "operator")
    daemon.start()
    headers = {"X_Pgrunbook": "act"}

    def send(secret, **body):
        return ask(daemon, ACT, "POST", json.dumps(body), Authorization=bearer(secret), **headers)

    shapes = ask(daemon, "/api/v1/openapi.json")[1]["components"]["schemas"]
    status, plan, _ = send(olaf, plan=True)
    assert status == 200, plan
    assert_is(plan, shapes["plan"], shapes, "the plan")
    done = {"plan_id": plan["plan_id"], "reason": "dead rows"}
    assert send(otto, **done)[0] not in (200, 202), "a plan of somebody else's"
    status, begun, _ = send(olaf, **done)
    assert status == 202 and assert_is(begun, shapes["begun"], shapes, "its begin") is None
    assert send(olaf, **done)[0] == 409
    assert send(olaf, plan_id="0" * 32, reason="a guess")[0] in (404, 409, 410)
    wait_until(lambda: daemon.rows("SELECT outcome FROM run WHERE section = 'vacuum'") == [("done",)],
               what="the run")
    assert daemon.rows("SELECT actor, reason FROM run") == [("token:olaf", "dead rows")]
    daemon.stop()


def test_actions_are_off_unless_turned_on(server, runbook):
    daemon = served(server, runbook)
    operator = token(runbook, daemon, "olaf", "--role", "operator")
    daemon.start()
    status, document, _ = act(daemon, operator)
    assert status == 403 and "http.actions" in document["hint"]
    assert not runs(daemon)
    daemon.stop()


def test_who_may_look(server, runbook):
    daemon = served(server, runbook, http_view="token")
    viewer = token(runbook, daemon, "vera")
    soon = token(runbook, daemon, "sam", "--expires", "1s")
    daemon.start()
    overview = "/api/v1/overview"
    assert ask(daemon, "/api/health/ready")[0] == ask(daemon, LOOK)[0] == 200
    assert ask(daemon, overview)[0] == 401
    assert ask(daemon, overview, Authorization=bearer(viewer))[0] == 200
    assert ask(daemon, overview, Authorization=f"Basic {viewer}")[0] == 401
    wait_until(lambda: ask(daemon, overview, Authorization=bearer(soon))[0] == 401,
               what="the end of a token")
    # Without a word to the daemon.
    runbook("token", "remove", "vera", "--config", daemon.file).expect(0)
    assert ask(daemon, overview, Authorization=bearer(viewer))[0] == 401
    other = token(runbook, daemon, "otto")
    assert ask(daemon, overview, Authorization=bearer(other))[0] == 200
    daemon.stop()


def test_tokens_that_cannot_be_read_any_more(server, runbook):
    daemon = served(server, runbook, http_view="token", http_actions="on")
    olaf = token(runbook, daemon, "olaf", "--role", "operator")
    daemon.start()
    file = daemon.state.parent / "tokens"
    assert act(daemon, olaf)[0] == 200
    file.chmod(0o640)
    assert act(daemon, olaf)[0] == act(daemon, olaf)[0] == 403
    assert ask(daemon, "/api/v1/overview", Authorization=bearer(olaf))[0] == 200
    assert daemon.said.count("nobody may act by a token") == 1, daemon.said
    file.chmod(0o600)
    assert act(daemon, olaf)[0] == 200
    daemon.stop()


def test_what_may_not_be_seen_is_not_none(server, runbook):
    """A link that leads to itself, as root may enter any folder."""
    folder = runbook.home / "folder"
    daemon = served(server, runbook, state=folder / "history.db")
    where = ("--config", daemon.file)
    asked = (("token", "list"), ("schedule",), ("history", "list"))
    for words in asked:
        runbook(*words, *where).expect(0)
    folder.symlink_to(folder)
    for words in (*asked, ("config", "check"), ("serve",)):
        assert "symbolic links" in runbook(*words, *where).expect(1).err, words


def test_guesses_in_a_row(server, runbook):
    daemon = served(server, runbook, http_view="token", http_actions="on")
    known, other = token(runbook, daemon, "vera"), token(runbook, daemon, "otto")
    daemon.start()
    assert ask(daemon, "/api/v1/overview", Authorization=bearer(known))[0] == 200
    statuses = [act(daemon, f"pgr_{number:043}")[0] for number in range(30)]
    assert statuses[:5] == [401] * 5 and 429 in statuses
    status, document, headers = act(daemon, "pgr_again")
    if status != 429:  # the pause was over just then; the next is twice as long
        status, document, headers = act(daemon, "pgr_again")
    assert status == 429 and int(headers["Retry-After"]) >= 1 and document["error"]
    # Nor is there a way round, where none is needed.
    for path in (LOOK, "/api/health/ready", "/api/health/live", "/", "/nowhere"):
        statuses = {ask(daemon, path, Authorization=bearer(f"pgr_{number:043}"))[0]
                    for number in range(9)}
        assert 429 in statuses and statuses <= {401, 429}, (path, statuses)
    assert ask(daemon, LOOK)[0] == ask(daemon, "/api/health/ready")[0] == 200
    # Whoever has a right one does not notice, be he new there or not.
    for right in (known, other):
        assert ask(daemon, "/api/v1/overview", Authorization=bearer(right))[0] == 200
        assert ask(daemon, LOOK, Authorization=bearer(right))[1]["name"]
    daemon.stop()


def test_the_session_is_no_oracle(server, runbook):
    """Who asks without a token is answered as ever; a wrong one is one try, as it is elsewhere."""
    daemon = served(server, runbook)
    right = token(runbook, daemon, "vera")
    daemon.start()
    statuses = [ask(daemon, LOOK, Authorization=bearer(f"pgr_{number:043}"))[0]
                for number in range(30)]
    assert statuses[:5] == [401] * 5 and set(statuses) == {401, 429}
    assert ask(daemon, LOOK)[1]["role"] == "viewer"
    assert ask(daemon, LOOK, Authorization=bearer(right))[1]["name"] == "vera"
    daemon.stop()


def test_health_names_nothing_to_strangers(server, runbook):
    """A load balancer learns whether, and who may look learns why."""
    daemon = Daemon(runbook, {"shop": server, "gone": {"conninfo": "host=127.0.0.1 port=1 user=eve"}},
                    http_view="token", **QUIET)
    vera = token(runbook, daemon, "vera")
    daemon.start(ready=False)
    told = {"Authorization": bearer(vera)}
    ready = "/api/health/ready"
    wait_until(lambda: [one["target"] for one in ask(daemon, ready, **told)[1]["reasons"]] == ["gone"]
               and "port 1" in json.dumps(ask(daemon, ready, **told)[1]["reasons"]),
               what="that one is not ready, and why")
    status, document, _ = ask(daemon, ready)
    assert status == 503 and document["status"] == "not ready"
    check_document(document, "health.ready")
    assert document["reasons"] == [{"target": None, "reason": "not in order: 1 of 2 targets"}]
    assert document["targets"] == []
    assert ask(daemon, f"{ready}?target=shop")[0] == 200
    daemon.stop()


def test_other_sites_cannot_make_work(server, runbook):
    daemon = served(server, runbook).start()
    overview = "/api/v1/overview"
    assert ask(daemon, overview, Sec_Fetch_Site="cross-site", Sec_Fetch_Dest="image")[0] == 403
    assert ask(daemon, overview, Sec_Fetch_Site="cross-site", Sec_Fetch_Dest="document")[0] == 403
    assert ask(daemon, LOOK, Sec_Fetch_Site="cross-site", Sec_Fetch_Dest="document")[0] == 200
    assert ask(daemon, overview, Sec_Fetch_Site="none")[0] == 200
    assert ask(daemon, overview, Authorization="Basic dXNlcjpwYXNz")[0] == 200
    # Nor those of this machine who have no token, not this much.
    heavy = "/api/v1/bloat/report?target=shop&method=sample"
    assert ask(daemon, heavy)[0] == 401
    vera = token(runbook, daemon, "vera")
    assert ask(daemon, heavy, Authorization=bearer(vera))[0] == 200
    twice = b"GET /api/v1/session HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n"
    with socket.create_connection(("127.0.0.1", int(daemon.address)), timeout=15) as connection:
        connection.sendall(twice)
        assert connection.recv(4096).split()[1] == b"400"
    status, _, headers = ask(daemon, overview, Origin="http://evil.example.com")
    assert status == 200 and "Access-Control-Allow-Origin" not in headers
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert ask(daemon, overview, "OPTIONS", Origin="http://evil.example.com")[0] == 405
    daemon.stop()


def raw(daemon, text):
    """The status of a request that no client would send; 0: closed without an answer."""
    with socket.create_connection(("127.0.0.1", int(daemon.address)), timeout=15) as connection:
        answer = b""
        with suppress(ConnectionError):
            connection.sendall(text)
            while chunk := connection.recv(4096):
                answer += chunk
        return int(answer.split()[1]) if answer else 0


def test_nothing_beside_the_page(server, runbook):
    daemon = served(server, runbook).start()
    for path in ("/../../etc/passwd", "/..%2f..%2fetc/passwd", "/%2e%2e/%2e%2e/etc/passwd",
                 "//etc/passwd", "/./index.html", "/index.html/", "/.git/config", "/a\\..\\b",
                 "/api/v1/../../etc/passwd", "/api/v1/vacuum/../../x", "/index.html%00.js"):
        request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\n\r\n"
        assert raw(daemon, request.encode()) in (400, 404), path
    assert raw(daemon, b"GET / HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\n\r\n") == 200
    daemon.stop()


# ---- listening to the network -----------------------------------------------------------------------

def ask_safely(port, trusted, path, **headers):
    context = ssl.create_default_context(cafile=trusted)
    with closing(HTTPSConnection("localhost", port, timeout=15, context=context)) as connection:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read()


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


def test_network_wants_tls_and_a_token(server, runbook):
    port = free_port()
    certificate, key = make_certificate(runbook.home, "first")
    where = {"http_listen": f"0.0.0.0:{port}"}
    tls = {"http_tls_certificate": certificate, "http_tls_key": key}
    daemon = served(server, runbook, **where)

    def refused(words, **settings):
        daemon.configure({"shop": server}, **QUIET, **settings)
        err = runbook("serve", "--config", daemon.file).expect(2).err
        assert words in err, err

    refused("there is no TLS", **where)
    refused("there is no token", **where, **tls)
    refused("go together", http_tls_key=key)
    refused("No such file", **{**tls, "http_tls_key": runbook.home / "none"})
    refused("is not the key", **{**tls, "http_tls_key": make_certificate(runbook.home, "x")[1]})
    key.chmod(0o644)
    refused("everybody may read", **tls)
    key.chmod(0o600)
    viewer = token(runbook, daemon, "vera")
    daemon.configure({"shop": server}, **QUIET, **where, **tls)
    daemon.start(ready=False)
    assert f"HTTPS on 0.0.0.0:{port}" in daemon.said
    overview = "/api/v1/overview"
    assert ask_safely(port, certificate, "/api/health/live")[0] == 200
    assert ask_safely(port, certificate, overview)[0] == 401, "view = open is for this machine"
    assert ask_safely(port, certificate, overview, Authorization=bearer(viewer))[0] == 200
    plain = f"GET {overview} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {viewer}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=15) as connection:
        connection.sendall(plain.encode())
        with suppress(ConnectionError):
            assert b"HTTP/1.1" not in connection.recv(4096)
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
    old.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    with socket.create_connection(("127.0.0.1", port), timeout=15) as connection:
        with pytest.raises((ssl.SSLError, ConnectionError)):
            old.wrap_socket(connection)

    # A new certificate, at its old place.
    second, second_key = make_certificate(runbook.home, "second")
    shutil.copy(second, certificate)
    daemon.reload()
    daemon.hear("is not the key")  # in the middle of it: the old one stays
    shutil.copy(second_key, key)
    daemon.reload()

    def renewed():
        with suppress(ssl.SSLError, ConnectionError):
            return ask_safely(port, second, "/api/health/live")[0] == 200
        return False

    wait_until(renewed, what="the new certificate")
    daemon.stop()


def test_a_stream_ends_with_its_token(server, runbook):
    """Over TLS, where a stream's connection sleeps and wakes like any other."""
    certificate, key = make_certificate(runbook.home, "first")
    daemon = served(server, runbook, http_view="token", http_tls_certificate=certificate,
                    http_tls_key=key)
    viewer = token(runbook, daemon, "vera")
    daemon.start(ready=False)
    context = ssl.create_default_context(cafile=certificate)
    with closing(HTTPSConnection("127.0.0.1", int(daemon.address), timeout=60,
                                 context=context)) as connection:
        connection.request("GET", "/api/v1/events?target=shop",
                           headers={"Authorization": bearer(viewer)})
        answer = connection.getresponse()
        assert answer.status == 200
        heard = [answer.readline() for _ in range(40)]
        assert any(line.startswith(b"event: sample") for line in heard), heard
        runbook("token", "remove", "vera", "--config", daemon.file).expect(0)
        with suppress(ConnectionError, ssl.SSLError, IncompleteRead):
            while answer.readline():
                pass
    daemon.stop()


def test_token_commands(server, runbook):
    daemon = served(server, runbook)
    where = ("--config", daemon.file)
    assert "no tokens" in runbook("token", "list", *where).expect(0).out
    secret = runbook("token", "add", "vera", *where).expect(0).out.split()[0]
    assert secret.startswith("pgr_") and len(secret) == 47
    file = daemon.state.parent / "tokens"
    assert file.stat().st_mode & 0o777 == 0o600 and secret not in file.read_text()
    assert "already" in runbook("token", "add", "vera", *where).expect(2).err
    assert "90d" in runbook("token", "add", "x", "--expires", "90", *where).expect(2).err
    brief = runbook("token", "add", "tom", "--expires", "2h", *where).expect(0)
    assert "tom may look, until 2" in brief.err
    runbook("token", "remove", "tom", *where).expect(0)
    assert "--role" in runbook("token", "add", "x", "--role", "boss", *where).expect(2).err
    assert "name" in runbook("token", "add", "a b", *where).expect(2).err
    listed = runbook("token", "list", "--json", *where).expect(0)
    assert secret not in listed.out and check_document(listed.json, "token.list")
    assert [(item["name"], item["role"]) for item in listed.json["tokens"]] == [("vera", "viewer")]
    os.chmod(file, 0o644)
    assert "chmod 600" in runbook("token", "list", *where).expect(2).err
    assert "chmod 600" in runbook("serve", *where).expect(2).err
    os.chmod(file, 0o600)
    assert "no token" in runbook("token", "remove", "otto", *where).expect(2).err
    runbook("token", "remove", "vera", *where).expect(0)
    assert not runbook("token", "list", "--json", *where).json["tokens"]
