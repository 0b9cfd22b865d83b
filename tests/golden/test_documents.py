"""The keys and types of every JSON document that scripts may rely on."""

import pytest
from golden.documents import check_document, differences
from support.servers import wait_until


def test_check(runbook, server):
    document = check_document(runbook("check", "--json", server=server).json, "check")
    assert document["verdicts"]
    assert document["server"]["version_num"] // 10000 == server.version


def test_check_without_server(runbook):
    document = check_document(runbook("check", "--json", "-h", "/nonexistent").json, "check")
    assert [verdict["name"] for verdict in document["verdicts"]] == ["connection"]


def test_setup(runbook, server):
    check_document(runbook("setup", "--json", server=server).json, "setup")


@pytest.mark.parametrize("version", [15])
def test_history(runbook, server):
    server.make_dead_rows("orders", rows=1000)
    runbook("vacuum", "run", "--yes", server=server).expect(0)
    listed = check_document(runbook("history", "--json").json, "history.list")
    assert len(listed["runs"]) == 1
    shown = runbook("history", "show", listed["runs"][0]["id"], "--json").json
    check_document(shown, "history.show")
    assert shown["steps"] and shown["objects"]


def test_indexes(runbook, server):
    server.make_table("orders", rows=1000)
    server.sql("""CREATE INDEX orders_payload ON orders (payload);
        CREATE TABLE items (ord int REFERENCES orders)""")
    report = runbook("indexes", "report", "--json", server=server).expect(0).json
    check_document(report, "indexes.report")
    assert [entry["index"] for entry in report["indexes"]] == ["orders_pkey", "orders_payload", None]
    assert all(entry["findings"] for entry in report["indexes"])
    words = ["indexes", "drop", "orders_payload", "--force", "--json"]
    planned = check_document(runbook(*words, "--dry-run", server=server).expect(0).json,
                             "indexes.drop")
    assert planned["outcome"] is None
    dropped = runbook(*words, "--yes", server=server).expect(0).json
    assert check_document(dropped, "indexes.drop")["outcome"] == "done"


def test_bloat_report(runbook, server):
    server.make_dead_rows("orders", rows=1000)
    server.sql("CREATE INDEX ON orders USING gin (to_tsvector('simple', payload))")
    server.sql("CREATE TABLE locked ()")
    holder = server.connect(application_name="holds it")
    holder.execute("BEGIN; LOCK TABLE locked")
    report = runbook("bloat", "report", "--json", server=server).expect(0).json
    check_document(report, "bloat.report")
    assert {item["kind"] for item in report["objects"]} == {"table", "index"}
    assert None in [item["reclaimable_bytes"] for item in report["objects"]]
    assert [item["table"] for item in report["left_out"]] == ["locked"]


def test_queries(runbook, server):
    session = server.connect(application_name="shop")
    session.execute("BEGIN")
    pid = session.info.backend_pid
    report = runbook("queries", "report", "--longer-than", 0, "--json",
                     server=server).expect(0).json
    check_document(report, "queries.report")
    assert pid in [row["pid"] for row in report["transactions"]]
    words = ["queries", "terminate", pid, "--superusers", "--json"]
    check_document(runbook(*words, "--dry-run", server=server).expect(0).json,
                   "queries.terminate")
    done = runbook(*words, "--yes", server=server).expect(0).json
    assert check_document(done, "queries.terminate")["outcome"] == "done"
    gone = runbook("queries", "cancel", pid, "--yes", "--json", server=server).expect(0).json
    check_document(gone, "queries.cancel")


def test_connections_pool(runbook, server, tmp_path):
    config, source = tmp_path / "p.conf", tmp_path / "connection.go"
    config.write_text("[app shop]\n[app other]\ninstances = 99\n")
    source.write_text("db.SetMaxOpenConns(25)\n")
    server.connect(application_name="shop")
    report = runbook("connections", "pool", "--json", "--config", config, "--source", source,
                     "--application", "shop", server=server).expect(0).json
    check_document(report, "connections.pool")
    assert report["fits"] is False and report["role_settings"]


def test_connections(runbook, server):
    server.sql("CREATE TABLE orders ()")
    holder = server.connect()
    holder.execute("BEGIN; LOCK TABLE orders")
    server.connect().pgconn.send_query(b"SELECT * FROM orders")
    wait_until(lambda: server.value("SELECT count(*) FROM pg_locks WHERE NOT granted") == 1)
    report = runbook("connections", "report", "--json", server=server).expect(0).json
    check_document(report, "connections.report")
    assert [item["root"] for item in report["blocking"]] == [True, False]
    assert report["transactions"] and report["groups"]
    words = ["connections", "relieve", "--json", "--superusers", "--until", "0%",
             "--transaction-for", 0]
    planned = runbook(*words, "--dry-run", server=server).expect(0).json
    check_document(planned, "connections.relieve")
    assert planned["outcome"] is None and planned["planned"] and planned["spared"]
    done = runbook(*words, "--yes", server=server).expect(0, 5).json
    assert check_document(done, "connections.relieve")["ended"]


def test_config(runbook, tmp_path):
    file = tmp_path / "one.conf"
    file.write_text("[target prod]\nconninfo = host=db1\n", encoding="utf-8")
    shown = runbook("config", "show", "--json", "--config", file, "--target", "prod")
    check_document(shown.json, "config.show")
    checked = runbook("config", "check", "--json", "--config", file)
    assert check_document(checked.json, "config.check")["targets"] == ["prod"]


def test_runbook(runbook):
    listed = check_document(runbook("runbook", "--json").json, "runbook.list")
    for section in listed["sections"]:
        shown = check_document(runbook("runbook", section["name"], "--json").json, "runbook.show")
        assert shown["markdown"].startswith("# ")


@pytest.mark.parametrize("value, schema, count", [
    ({"a": 1}, {"a": "integer"}, 0),
    ({"a": 1, "more": 2}, {"a": "integer"}, 0),
    ({"a": True}, {"a": "integer|null"}, 1),
    ({}, {"a": "integer", "b?": "integer"}, 1),
    ({"b": "x"}, {"b?": "integer"}, 1),
    ([1, "x", None], ["integer"], 2),
    ({"a": "ok"}, {"a": "'ok'|'bad'"}, 0),
    ({"a": "oh"}, {"a": "'ok'|'bad'"}, 1),
    ("2026-01-01T00:00:00.5Z", "time", 0),
    ("2026-01-01 00:00:00", "time", 1),
    (None, {"a": "any"}, 1),
])
def test_the_checker_itself(value, schema, count):
    assert len(list(differences(value, schema))) == count
