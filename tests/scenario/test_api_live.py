"""What the API of `serve` tells as it happens, and what it knows by heart: streams, live reports that
add no query to the target, the overview of many targets, the description of itself."""

import gzip
import json
import shlex
import time
from contextlib import closing

import pytest

from support.openapi import assert_is, references, shape_of
from support.serve import QUIET, Daemon
from support.servers import ENDS, wait_until

versions = ENDS


@pytest.fixture
def daemon(server, runbook):
    daemon = Daemon(runbook, {"shop": server, "store": server}, **QUIET).start()
    yield daemon
    daemon.stop()


class Stream:
    """Server-sent events of a daemon."""

    def __init__(self, daemon, query=""):
        self.connection = daemon.connect()
        self.connection.request("GET", f"/api/v1/events{query}")
        self.answer = self.connection.getresponse()
        assert self.answer.status == 200
        assert self.answer.headers["Content-Type"].startswith("text/event-stream")

    def next(self):
        """(name, document)"""
        name = None
        while True:
            line = self.answer.readline().decode().rstrip("\n")
            if line.startswith("event:"):
                name = line[6:].strip()
            elif line.startswith("data:"):
                return name, json.loads(line[5:])

    def until(self, wanted, most=60):
        for _ in range(most):
            name, document = self.next()
            if name == wanted:
                return document
        raise AssertionError(f"no event {wanted}")

    def close(self):
        self.connection.close()


def test_samples_of_the_target_that_was_asked_for(daemon):
    with closing(Stream(daemon, "?target=shop")) as stream:
        assert stream.next()[0] == "state"
        for _ in range(2):
            sample = stream.until("sample")
            assert sample["target"] == "shop" and sample["slots"]["used"] >= 1


def test_without_a_target_only_changes(daemon, server):
    with closing(Stream(daemon)) as stream:
        seen = [stream.next() for _ in range(2)]
        assert {document["target"] for name, document in seen if name == "state"} == {
            "shop", "store"}


def test_several_targets_in_one_stream(daemon):
    """What all windows of a browser share. Those that are gone are passed over."""
    wanted = {(name, target) for name in ("sample", "live") for target in ("shop", "store")}
    with closing(Stream(daemon, "?target=shop,gone,store&live=connections")) as stream:
        for _ in range(60):
            name, document = stream.next()
            wanted.discard((name, document["target"]))
            if not wanted:
                break
    assert not wanted
    assert daemon.ask("/api/v1/events?target=gone,nobody")[0] == 404
    with closing(Stream(daemon, "?target=,shop&live=connections")) as stream:
        told = [stream.next() for _ in range(8)]
    assert {document["target"] for name, document in told if name == "state"} == {"shop", "store"}
    assert {document["target"] for name, document in told if name in ("sample", "live")} == {"shop"}
    with closing(Stream(daemon, "?target=,gone")) as stream:
        assert {stream.next()[1]["target"] for _ in range(2)} == {"shop", "store"}


def test_a_stream_wants_what_there_is(daemon):
    for query in ("?target=nobody", "?live=connections", "?target=shop&live=vacuum", "?x=1"):
        code, document, _ = daemon.ask(f"/api/v1/events{query}")
        assert code in (400, 404) and document["error"]


def test_live_reports_are_the_documents_of_the_command(daemon, server, runbook):
    with closing(server.connect()) as session:
        session.cursor().execute("BEGIN")
        for section in ("connections", "queries"):
            typed = runbook(section, "report", "--json", server=server).expect(0).json
            code, document, headers = daemon.ask(f"/api/v1/{section}/report?target=shop")
            assert code == 200 and list(document) == list(typed)
            assert document["schema"] == typed["schema"]
            assert float(headers["X-Pgrunbook-Age"]) <= 3
    with closing(Stream(daemon, "?target=shop&live=connections,queries")) as stream:
        sections = {stream.until("live")["section"] for _ in range(4)}
        assert sections == {"connections", "queries"}


def calls(server):
    return server.value("SELECT coalesce(sum(calls), 0)::int8 FROM pg_stat_statements "
                        "WHERE query NOT LIKE '%pg_stat_statements%'")


def test_whoever_looks_on_adds_no_query(fresh_server, runbook):
    """Counted by the server itself: per sample taken, as many statements with spectators as
    without."""
    server = fresh_server(shared_preload_libraries="pg_stat_statements")
    server.sql("CREATE EXTENSION pg_stat_statements")
    daemon = Daemon(runbook, {"shop": server}, http_gather="0", **QUIET).start()

    def rate():
        """Statements and texts of a few samples."""
        with closing(Stream(daemon, "?target=shop")) as stream:
            stream.until("sample")
            before, texts = calls(server), texts_of(server)
            for _ in range(8):
                stream.until("sample")
            return calls(server) - before, texts_of(server) - texts

    quiet, _ = rate()
    spectators = [Stream(daemon, "?target=shop&live=connections,queries") for _ in range(3)]
    for spectator in spectators:
        spectator.until("live")
    watched, new = rate()
    assert daemon.ask("/api/v1/connections/report?target=shop")[0] == 200
    for spectator in spectators:
        spectator.close()
    assert watched <= quiet * 1.3 + 2, (quiet, watched)
    assert new == set()
    daemon.stop()


def texts_of(server):
    rows = server.sql("SELECT query FROM pg_stat_statements")
    return {row[0] for row in rows}


def test_the_overview_has_it_all(daemon, server):
    wait_until(lambda: all(target["verdicts"] for target in
                           daemon.ask("/api/v1/overview")[1]["targets"]), what="verdicts")
    code, document, _ = daemon.ask("/api/v1/overview")
    assert code == 200 and document["schema"] == "pgrunbook.overview/1"
    assert [target["name"] for target in document["targets"]] == ["shop", "store"]
    shop = document["targets"][0]
    assert shop["state"] == "up" and shop["slots"]["ordinary"] > 0
    assert shop["status"] in ("ok", "warning", "critical", "unknown") and shop["checked_at"]
    assert shlex.split(shop["command_options"])[:4] == ["--target", "shop",
                                                        "--config", str(daemon.file)]
    assert [lack["setting"] for lack in shop["not_set_up"]] == ["backup.repo", "migrations.dir"]
    brief = daemon.ask("/api/v1/overview?brief=1")[1]["targets"][0]
    assert all(verdict["status"] != "ok" for verdict in brief["verdicts"])
    assert len(brief["verdicts"]) + brief["lines_ok"] == len(shop["verdicts"])
    # Brief from so many targets on: there are two.
    whole = daemon.ask("/api/v1/overview?brief=3")[1]["targets"][0]
    assert len(whole["verdicts"]) == len(shop["verdicts"])
    again = daemon.ask("/api/v1/overview?brief=2")[1]["targets"][0]
    assert len(again["verdicts"]) == len(brief["verdicts"])
    only = daemon.ask("/api/v1/overview?target=store")[1]["targets"]
    assert [target["name"] for target in only] == ["store"]


def test_answers_are_packed_for_who_unpacks_them(daemon):
    path = "/api/v1/openapi.json"
    with closing(daemon.connect()) as link:
        link.request("GET", path, headers={"Accept-Encoding": "br, gzip"})
        answer = link.getresponse()
        packed = answer.read()
        assert answer.headers["Content-Encoding"] == "gzip"
    plain = daemon.ask(path)
    assert plain[2]["Content-Encoding"] is None
    assert json.loads(gzip.decompress(packed)) == plain[1]
    assert len(packed) * 4 < int(plain[2]["Content-Length"])
    with closing(daemon.connect()) as link:  # too little to be worth it
        link.request("GET", "/api/v1/session", headers={"Accept-Encoding": "gzip"})
        assert json.loads(link.getresponse().read())["role"] == "viewer"


def test_fifty_targets_at_a_glance_start_no_child(runbook, server):
    """From memory: the same children before and after many of them."""
    targets = {f"t{number:02}": server for number in range(50)}
    daemon = Daemon(runbook, targets, http_gather="0")
    daemon.start(ready=False)
    before = set(daemon.children())
    started = time.process_time()
    for _ in range(20):
        code, document, _ = daemon.ask("/api/v1/overview")
        assert code == 200 and len(document["targets"]) == 50
        assert all(len(target["next"]) <= 3 for target in document["targets"])
    assert time.process_time() - started < 60
    assert set(daemon.children()) - before == set() or len(daemon.children()) <= 51
    daemon.stop()


ANY = {"400", "401", "405", "413", "421", "429"}


def assert_answers(paths):
    """As docs/api.md has them."""
    def of(path, method="get"):
        return set(paths[path][method]["responses"])
    for path, item in paths.items():
        for method, operation in item.items():
            assert ANY < set(operation["responses"]), path
            body = operation.get("requestBody")
            assert not body or not body["content"]["application/json"]["schema"][
                "additionalProperties"], path
    assert {"200", "404", "409", "500", "502", "503", "504"} < of("/api/v1/vacuum/plan")
    assert {"200", "202", "403", "409", "410", "502", "504"} < of("/api/v1/vacuum/run", "post")
    assert {"202", "403", "404", "409"} < of("/api/v1/acts/{act}/stop", "post")
    assert {"200", "404", "503"} < of("/api/v1/events")
    assert {"200", "404", "503"} < of("/api/health/ready")
    for path in ("/metrics", "/api/v1/session", "/api/v1/overview"):
        assert {"200"} | ANY <= of(path) and "502" not in of(path)


def assert_shapes(document):
    """Each document has a shape of its own, and none is there that nobody names."""
    shapes = document["components"]["schemas"]
    named = {where.removeprefix("#/components/schemas/") for where in references(document)}
    assert named == shapes.keys()
    assert "document" not in named, "a command whose document is not described"
    for path, item in document["paths"].items():
        for method, operation in item.items():
            shape = shape_of(operation, 200) if "200" in operation["responses"] else None
            if "operationId" in operation:
                assert shape.keys() == ({"$ref"} if method == "get" else {"allOf"}), path


def test_it_describes_itself_and_keeps_its_word(daemon):
    code, document, _ = daemon.ask("/api/v1/openapi.json")
    assert code == 200 and document["openapi"].startswith("3.1")
    assert {"/api/v1/acts/{act}/stop", "/api/v1/running/{run}/stop"} <= document["paths"].keys()
    ids, told = set(), set()
    for path, item in document["paths"].items():
        for method, operation in item.items():
            assert "?" not in operation["summary"], "what may be asked for stands in parameters"
            assert operation["summary"] and operation["responses"]
            for parameter in operation.get("parameters", []):
                assert parameter["name"] and parameter["in"] in ("query", "path", "header")
            if "operationId" in operation:
                assert operation["operationId"] not in ids
                ids.add(operation["operationId"])
        if "get" in item and "{" not in path and not path.endswith("events") and path != "/metrics":
            code, answer, _ = daemon.ask(f"{path}?target=shop" if any(
                parameter["name"] == "target" for parameter in
                item["get"].get("parameters", [])) else path)
            assert code != 404, path
            assert isinstance(answer, dict), path
            assert_is(answer, shape_of(item["get"], code), document["components"]["schemas"], path)
            told.add(code)
    assert {200, 400} <= told
    said = {path: {one["name"] for one in document["paths"][path]["get"]["parameters"]}
            for path in ("/api/v1/overview", "/api/v1/events", "/api/health/ready")}
    assert said == {"/api/v1/overview": {"target", "brief"}, "/api/v1/events": {"target", "live"},
                    "/api/health/ready": {"target"}}
    assert "post" in document["paths"]["/api/v1/connections/relieve"]
    assert_answers(document["paths"])
    assert_shapes(document)
    assert "/api/v1/backup/restore-plan" in document["paths"]
    for never in ("config", "notify/test", "backup/wal", "migrations/apply", "serve"):
        assert not any(path.startswith(f"/api/v1/{never}") for path in document["paths"])
