"""The SQL that lines of `check` have to paste: it runs, and what it was given for is over."""

from support import connections, indexes
from support.servers import ENDS, wait_until

versions = ENDS

ODD = '"Odd ""one"""'
IMPATIENT = {"connections.transaction_for": "1s", "connections.convoy": 2,
             "connections.convoy_for": "500ms", "queries.longer_than": "1s"}


def sql_of(runbook, server, config):
    verdicts = runbook("check", "--json", "--config", config, server=server).json["verdicts"]
    assert all(verdict["sql"] is None for verdict in verdicts if verdict["status"] == "ok")
    return {verdict["name"]: verdict["sql"] for verdict in verdicts if verdict["sql"]}


def settings(tmp_path):
    file = tmp_path / "impatient.conf"
    file.write_text("[pgrunbook]\n" + "".join(f"{name} = {value}\n" for name, value in
                                              IMPATIENT.items()), encoding="utf-8")
    return file


def test_of_tables_and_indexes(server, runbook, tmp_path):
    config = settings(tmp_path)
    server.make_dead_rows(ODD, rows=6000, dead=5000, options="WITH (autovacuum_enabled = off)")
    server.sql(f"CREATE INDEX odd_again ON {ODD} (id); CREATE INDEX odd_more ON {ODD} (id)")
    indexes.fail_to_build(server, f"CREATE UNIQUE INDEX CONCURRENTLY odd_unique ON {ODD} ((id / 2))")
    found = sql_of(runbook, server, config)
    assert found["dead_rows"] == f'VACUUM (ANALYZE) "public".{ODD}'
    assert found["invalid_indexes"] == 'DROP INDEX CONCURRENTLY "public"."odd_unique"'
    assert {"stale_statistics", "duplicate_indexes"} <= found.keys()
    for _ in range(5):  # of several each look names one
        for name in "invalid_indexes", "duplicate_indexes", "stale_statistics", "dead_rows":
            if name in found:
                server.sql(found[name])
        server.settle_stats()
        found = sql_of(runbook, server, config)
    assert found == {}


def test_of_sessions(server, runbook, tmp_path):
    config = settings(tmp_path)
    server.make_table("orders")
    server.sql("DROP ROLE IF EXISTS checkout; CREATE ROLE checkout LOGIN; "
               "GRANT ALL ON orders TO checkout")
    lock = "UPDATE orders SET payload = 'x' WHERE id = 1"
    (holder,) = connections.in_transaction(server, statement=lock, user="checkout")
    connections.queue(server, 3, lock, user="checkout")
    (slow,) = connections.at_work(server, user="checkout")
    pids = {"idle_in_transaction": holder.info.backend_pid, "lock_convoy": holder.info.backend_pid}

    def found():
        return sql_of(runbook, server, config)
    wait_until(lambda: found().keys() >= {"idle_in_transaction", "lock_convoy", "long_queries"},
               what="all of it")
    said = found()
    for name, pid in pids.items():
        assert said[name] == f"SELECT pg_terminate_backend({pid})"
    assert server.value(said["lock_convoy"]) is True
    wait_until(lambda: not found().keys() & pids.keys(), what="the end of the queue")
    slow_pid = slow.info.backend_pid
    wait_until(lambda: found().get("long_queries") == f"SELECT pg_cancel_backend({slow_pid})",
               what="the only query that is left")
    assert server.value(found()["long_queries"]) is True
    wait_until(lambda: "long_queries" not in found(), what="its end")


def test_nothing_that_would_be_left_alone(server, runbook, tmp_path):
    """Of a superuser's session nobody is told how to end it."""
    config = settings(tmp_path)
    (own,) = connections.at_work(server)
    wait_until(lambda: server.value("SELECT now() - query_start > interval '2 s' FROM pg_stat_activity "
                                    "WHERE pid = %s", [own.info.backend_pid]), what="a long query")
    assert "long_queries" not in sql_of(runbook, server, config)


def test_nothing_that_a_standby_refuses(fresh_server, runbook, tmp_path):
    primary = fresh_server()
    primary.make_table("orders", rows=6000)
    primary.sql("CREATE INDEX again ON orders (id); CREATE INDEX more ON orders (id)")
    standby, config = fresh_server.standby(primary), settings(tmp_path)
    assert sql_of(runbook, primary, config)["duplicate_indexes"].startswith("DROP INDEX")
    verdicts = runbook("check", "--json", "--config", config, server=standby).json["verdicts"]
    (line,) = (verdict for verdict in verdicts if verdict["name"] == "duplicate_indexes")
    assert (line["status"], line["sql"]) == ("warning", None)
