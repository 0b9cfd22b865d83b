"""`pgrunbook queries report`: who is at what for how long, whom it blocks, and what is never to be
touched."""

import pytest
from support.queries import busy, end, idle_in_transaction, pid_of, receive_wal, report
from support.servers import ENDS, wait_until

versions = ENDS

ALL = ["--longer-than", 0]


def by_pid(document, server, part="queries"):
    return {row["pid"]: row for row in document[part] if row["database"] in (server.dbname, None)}


def test_longest_first(runbook, server):
    first, second = busy(server), busy(server, name="it's \"\U0001F4A5\"")
    idle = server.connect()
    rows = [row for row in report(runbook, server, *ALL, "-v")["queries"]
            if row["database"] == server.dbname]
    assert [row["pid"] for row in rows] == [pid_of(first), pid_of(second)]
    row = rows[0]
    assert row["duration_seconds"] > 0 and row["state"] == "active"
    assert (row["protected"], row["action"], row["wait"]) == (True, "report", "Timeout: PgSleep")
    assert row["reason"].startswith("superuser") or "superuser" in row["reason"]
    assert pid_of(idle) not in by_pid(report(runbook, server, *ALL), server)
    table = runbook("queries", "report", *ALL, server=server).expect(0).out
    assert str(pid_of(first)) in table and "Left alone" in table
    assert "No query has run for longer than 1 h." in runbook(
        "queries", "report", "--longer-than", "1h", server=server).expect(0).out


def test_an_ordinary_role(runbook, server, roles):
    role = roles("app")
    shop = busy(server, user=role)
    row = by_pid(report(runbook, server, *ALL), server)[pid_of(shop)]
    assert (row["protected"], row["role"], row["application"]) == (False, role, "shop")
    assert row["reason"].startswith("active for ")
    table = runbook("queries", "report", *ALL, server=server).expect(0).out
    assert "SELECT pg_sleep(60)" in table and "pgrunbook queries cancel" in table


def test_whom_it_blocks(runbook, server, roles):
    role = roles("app")
    server.make_table("orders")
    server.sql(f"GRANT ALL ON orders TO {role}")
    root = idle_in_transaction(server, "LOCK orders", user=role)
    waiter = busy(server, "SELECT count(*) FROM orders", user=role)
    wait_until(lambda: by_pid(report(runbook, server, *ALL), server)[pid_of(waiter)]["wait"]
               == "Lock: relation", what="a wait")
    document = report(runbook, server, *ALL)
    transaction = by_pid(document, server, "transactions")[pid_of(root)]
    assert transaction["blocks"] == [pid_of(waiter)]
    assert transaction["state"] == "idle in transaction"
    assert pid_of(root) not in by_pid(document, server)


def test_left_alone(runbook, server, roles):
    """A backup is protected by its program's name, whoever runs it."""
    role = roles("app")
    dump = busy(server, "COPY (SELECT pg_sleep(60)) TO STDOUT", name="pg_dump", user=role)
    boss = busy(server, user=roles("boss"))
    walsender = receive_wal(server)
    config = runbook.home / "test.conf"
    config.write_text(f"[pgrunbook]\nprotected_roles = {server.dbname}_boss\n")
    rows = {row["pid"]: row for row in report(runbook, server, *ALL, "--config", config)["queries"]}
    for pid in (pid_of(dump), pid_of(boss), walsender.backend_pid):
        assert rows[pid]["protected"] is True and rows[pid]["reason"]
    if server.version >= 14:
        assert rows[pid_of(dump)]["command"] == "COPY TO"
    assert rows[walsender.backend_pid]["type"] == "walsender"
    walsender.finish()


def test_parallel_workers_are_their_leaders(runbook, server, roles):
    role = roles("app")
    server.sql("CREATE TABLE many (a int) WITH (parallel_workers = 2);"
               "INSERT INTO many SELECT generate_series(1, 100000)")
    server.sql("CREATE FUNCTION slow(int) RETURNS int LANGUAGE plpgsql PARALLEL SAFE AS "
               "'BEGIN PERFORM pg_sleep(30); RETURN 1; END'")
    server.sql(f"GRANT SELECT ON many TO {role}; ANALYZE many")
    leader = server.connect(user=role, application_name="shop",
                            options="-c max_parallel_workers_per_gather=2 -c "
                            "parallel_setup_cost=0 -c parallel_tuple_cost=0 -c "
                            "min_parallel_table_scan_size=0")
    leader.pgconn.send_query(b"SELECT count(slow(a)) FROM many")

    def seen():
        rows = by_pid(report(runbook, server, *ALL), server)
        return pid_of(leader) in rows and rows[pid_of(leader)]["workers"] == 2 and rows
    rows = wait_until(seen, what="two workers")
    assert list(rows) == [pid_of(leader)]


def test_who_may_not_look(runbook, server, roles):
    """What is hidden is not "no long query"."""
    busy(server)
    error = runbook("queries", "report", "-U", roles("blind"), server=server).expect(4).err
    assert "GRANT pg_" in error


@pytest.mark.parametrize("version", [15])
def test_check(runbook, server, roles):
    busy(server, user=roles("app"))
    config = runbook.home / "test.conf"
    config.write_text("[pgrunbook]\nqueries.longer_than = 0\nqueries.critical = 1h\n")

    def line(text):
        config.write_text(f"[pgrunbook]\n{text}")
        verdicts = runbook("check", "--json", "--config", config, server=server).json["verdicts"]
        return next(v for v in verdicts if v["name"] == "long_queries")
    assert line("queries.longer_than = 0\nqueries.critical = 1h")["status"] == "warning"
    verdict = line("queries.longer_than = 0\nqueries.critical = 0")
    assert verdict["status"] == "critical"
    assert verdict["next"].startswith("pgrunbook queries report ")
    assert line("queries.longer_than = 1h")["status"] == "ok"


@pytest.mark.parametrize("version", [15])
def test_autovacuum_that_prevents_wraparound(runbook, fresh_server):
    """A slow one, over a table that is as old as a server allows at the least."""
    server = fresh_server(autovacuum_freeze_max_age=100_000, autovacuum_naptime="1s",
                          autovacuum_vacuum_cost_delay="100ms", autovacuum_vacuum_cost_limit=1)
    server.burn_xids(100_100)

    def seen():
        return [row for row in report(runbook, server, *ALL)["queries"]
                if "(to prevent wraparound)" in row["query"]]
    row = wait_until(seen, what="autovacuum")[0]
    assert row["type"] == "autovacuum worker" and row["protected"] is True
    assert row["reason"].startswith("autovacuum, to prevent wraparound: ")
    for verb in ("cancel", "terminate"):
        assert end(runbook, server, verb, row["pid"], "--superusers",
                   code=4)[row["pid"]]["step"] == "refused"
        assert row["pid"] not in end(runbook, server, verb, "--longer-than", 0, "--superusers")
