"""The API of `serve`: every command that only looks, as the document it gives on the command line;
and what a stranger may not ask for."""

import json
from contextlib import closing
from urllib.parse import quote

import pytest

from support.serve import QUIET, Daemon
from support.servers import ENDS, wait_until

versions = ENDS


@pytest.fixture
def daemon(server, runbook):
    daemon = Daemon(runbook, {"shop": server, "store": server}, **QUIET).start()
    yield daemon
    daemon.stop()


def get(daemon, path, status=200):
    """(document, headers)"""
    answer = daemon.ask(path)
    assert answer[0] == status, answer[:2]
    return answer[1], answer[2]


def test_a_look_is_the_document_of_the_command(daemon, server, runbook):
    server.sql("CREATE TABLE orders (id int PRIMARY KEY)")
    for path, schema in (("vacuum/plan", "vacuum.plan"), ("indexes/report", "indexes.report"),
                         ("bloat/report", "bloat.report"), ("check", "check"),
                         ("connections/pool", "connections.pool")):
        document, headers = get(daemon, f"/api/v1/{path}?target=shop")
        assert document["schema"] == f"pgrunbook.{schema}/1"
        assert float(headers["X-Pgrunbook-Age"]) >= 0 and headers["X-Pgrunbook-At"].endswith("Z")
    typed = runbook("vacuum", "plan", "--json", server=server).expect(0).json
    asked, _ = get(daemon, "/api/v1/vacuum/plan?target=shop&max_age=0")
    assert asked.keys() == typed.keys()


def test_what_is_young_enough_is_not_asked_for_again(daemon):
    first, headers = get(daemon, "/api/v1/vacuum/plan?target=shop")
    again, later = get(daemon, "/api/v1/vacuum/plan?target=shop&max_age=3600")
    assert again["generated_at"] == first["generated_at"]
    assert later["X-Pgrunbook-At"] == headers["X-Pgrunbook-At"]
    anew, _ = get(daemon, "/api/v1/vacuum/plan?target=shop&max_age=0")
    assert anew["generated_at"] > first["generated_at"]
    other, _ = get(daemon, "/api/v1/vacuum/plan?target=store&max_age=3600")
    assert other["generated_at"] > first["generated_at"]


def test_options_are_those_of_the_command(daemon, server):
    server.sql("CREATE SCHEMA a; CREATE SCHEMA b; CREATE TABLE a.one (id int); "
               "CREATE TABLE b.two (id int)")
    document, _ = get(daemon, "/api/v1/vacuum/plan?target=shop&schema=a&max_age=0")
    assert {table["table"]: table["action"] for table in document["tables"]
            if table["table"] in ("one", "two")} == {"one": "analyze", "two": "skip"}
    document, _ = get(daemon, "/api/v1/history?limit=1")
    assert document["schema"] == "pgrunbook.history.list/1" and document["runs"] == []


WRONG = [
    ("/api/v1/", 404), ("/api/v1/nothing", 404), ("/api/v1/vacuum", 404),
    ("/api/v1/vacuum/nothing?target=shop", 404),
    ("/api/v1/vacuum/plan/more?target=shop", 400),
    ("/api/v1/vacuum/plan", 400),                          # which target?
    ("/api/v1/vacuum/plan?target=nobody", 404),
    ("/api/v1/vacuum/plan?target=all", 400),
    ("/api/v1/vacuum/plan?target=shop&target=store", 400),
    ("/api/v1/vacuum/plan?target=shop&max_age=-1", 400),
    ("/api/v1/vacuum/plan?target=shop&max_age=soon", 400),
    ("/api/v1/vacuum/plan?target=shop&nothing=1", 400),
    ("/api/v1/vacuum/plan?target=shop&schema=", 400),
    ("/api/v1/vacuum/plan?target=shop&freeze=perhaps", 400),
    ("/api/v1/vacuum/plan?target=shop&jobs=many", 400),
    # What is the house's, and what names files, servers or terminals.
    *[(f"/api/v1/vacuum/plan?target=shop&{option}=x", 400)
      for option in ("config", "state", "host", "port", "username", "dbname", "echo", "format",
                     "json", "yes", "dry-run", "password", "help")],
    ("/api/v1/connections/report?target=shop&emergency=host%3Devil", 400),
    ("/api/v1/connections/report?target=shop&watch=1", 400),
    ("/api/v1/connections/pool?target=shop&source=%2Fetc%2Fpasswd", 400),
    ("/api/v1/indexes/report?target=shop&replica=evil", 400),
    ("/api/v1/schedule?host=evil", 400),
    ("/api/v1/migrations/lint/etc?target=shop", 400),
    ("/api/v1/vacuum/plan?target=shop&schema=a%0Ab", 400),
    ("/api/v1/vacuum/plan?target=shop&schema=%FF", 400),
    ("/api/v1/vacuum/plan?target=shop&schema=" + "x" * 5000, 400),
    # What changes something is to be posted.
    *[(f"/api/v1/{path}?target=shop", 405)
      for path in ("vacuum/run", "indexes/drop", "connections/relieve", "queries/cancel/1",
                   "history/undo/1")],
    # What has no end, or is nobody's business.
    *[(f"/api/v1/{path}?target=shop", 404)
      for path in ("backup/restore", "backup/wal/receive", "backup/wal/push", "serve", "watch",
                   "notify/test", "notify/deliver", "config/show", "config/check", "setup", "sql",
                   "runbook", "completion", "help", "history/prune",
                   "migrations/apply", "migrations/capture", "migrations/rehearse",
                   "migrations/trace/x", "gather")],
    ("/api/v1/history/nothing", 404),
    ("/api/v1/overview?brif=1", 400),
    ("/api/v1/overview?target=shop&brief=1&x", 400),
    ("/api/v1/session?x=1", 400),
    ("/api/v1/openapi.json?x=1", 400),
    ("/api/v1/acts?x=1", 400),
    ("/api/v1/acts/1?x=1", 400),
    ("/api/v1/running?x=1", 400),
    ("/api/v1/events?x=1", 400),
    ("/api/health/live?target=shop", 400),
    ("/api/health/ready?traget=shop", 400),
    ("/api/v1/history/-1", 404),
    ("/api/v1/history/99999999999999999999", 400),
    ("/api/v1/../etc/passwd", 404),
    ("/api/v1//vacuum/plan?target=shop", 404),
]


def test_what_is_wrong_is_refused(daemon):
    before = len(daemon.children())
    for path, status in WRONG:
        code, document, _ = daemon.ask(path)
        assert (code, "error" in document) == (status, True), (path, code, document)
    assert daemon.ask("/api/v1/overview?brif=1")[1] == {
        "error": 'there is no parameter "brif" here', "hint": "known here: target, brief"}
    assert len(daemon.children()) <= before + 1
    assert daemon.ready()


def test_a_scraper_has_parameters_of_its_own(daemon):
    with closing(daemon.connect()) as link:
        link.request("GET", "/metrics?module=pgrunbook")
        assert link.getresponse().status == 200


def test_words_cannot_become_options(daemon):
    for word in ("--help", "--yes", "-h evil", "--state=/tmp/x", "$(id)", "'; DROP TABLE x"):
        document, _ = get(daemon, f"/api/v1/vacuum/plan?target=shop&schema={quote(word)}", 400)
        assert document["error"].startswith("no schema matches")
        code, document, _ = daemon.ask(f"/api/v1/backup/show/{quote(word, safe='')}?target=shop")
        assert code in (400, 404, 409, 500) and "error" in document


def test_many_who_ask_the_same_share_one_child(daemon, server):
    with closing(server.connect()) as _:
        connections = [daemon.connect() for _ in range(20)]
        for connection in connections:
            connection.request("GET", "/api/v1/bloat/report?target=shop&max_age=0")
        seen = set()
        for connection in connections:
            answer = connection.getresponse()
            assert answer.status == 200
            seen.add(json.loads(answer.read())["generated_at"])
            connection.close()
    assert len(seen) <= 3


def test_the_session_says_what_one_may(daemon):
    document, _ = get(daemon, "/api/v1/session")
    assert document["role"] == "viewer" and document["name"] is None
    assert document["actions"] is False and document["needs_token"] is False


def test_to_look_is_no_run(server, runbook, tmp_path):
    """The checklist is recorded when it is typed."""
    folder = tmp_path / "migrations"
    folder.mkdir()
    (folder / "1_total.up.sql").write_text("CREATE TABLE total (id int);\n")
    (folder / "1_total.down.sql").write_text("DROP TABLE total;\n")
    shop = {"conninfo": server.conninfo(), "migrations.dir": folder}
    daemon = Daemon(runbook, {"shop": shop}, **QUIET).start()
    looked, headers = get(daemon, "/api/v1/migrations/checklist?target=shop&max_age=0")
    assert looked["run"] is None and headers["X-Pgrunbook-Exit"] == "1"
    typed = runbook("migrations", "checklist", "--target", "shop", "--config", daemon.file,
                    "--json").expect(1).json
    assert typed["boxes"] == looked["boxes"]
    assert daemon.rows("SELECT id, verb FROM run") == [(typed["run"], "checklist")]
    daemon.stop()


def test_what_was_just_checked_is_what_the_overview_says(daemon):
    def checked():
        return get(daemon, "/api/v1/overview")[0]["targets"][0]["checked_at"]

    wait_until(checked, what="the first verdicts")
    before = checked()
    _, headers = get(daemon, "/api/v1/check?target=shop&max_age=0")
    assert before < checked() == headers["X-Pgrunbook-At"]


def test_another_server_is_asked_at_once(server, runbook):
    """What was gathered of the server that the target was before is not told of the new one."""
    daemon = Daemon(runbook, {"shop": server}, http_gather="1h", **QUIET).start()

    def checked():
        return get(daemon, "/api/v1/overview")[0]["targets"][0]["checked_at"]

    wait_until(checked, what="the verdicts")
    first = checked()
    daemon.configure({"shop": {"conninfo": f"{server.conninfo()} dbname=postgres"}}, http_gather="1h", **QUIET)
    daemon.reload()
    daemon.hear("its watch is started anew")
    assert checked() != first
    wait_until(checked, what="the verdicts of the other")
    daemon.stop()


def test_a_target_that_is_down_is_a_bad_gateway(runbook, server):
    daemon = Daemon(runbook, {"gone": {"conninfo": "host=127.0.0.1 port=1"}, "shop": server},
                    **QUIET)
    daemon.start(ready=False)
    wait_until(lambda: daemon.ask("/api/v1/overview")[1]["targets"][0]["state"] == "down",
               what="a target that is down")
    code, document, _ = daemon.ask("/api/v1/vacuum/plan?target=gone")
    assert code == 502 and document["error"]
    daemon.stop()
