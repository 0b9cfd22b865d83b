"""Every slot is taken: psql is refused, and so are we, but for the emergency connection. One more
slot is all there is then: nothing may need a second."""

import psycopg
import pytest
from support.connections import alive, idle, pids, relieve, report
from support.servers import wait_until

SOON = ["--idle-for", 0]


@pytest.fixture
def full(fresh_server):
    """17 ordinary slots, all taken by idle sessions of app; dba may do what it takes, but has no
    slot. Yields the server and the sessions, the oldest first."""
    server = fresh_server(max_connections=20, superuser_reserved_connections=3)
    server.sql("CREATE ROLE app LOGIN; CREATE ROLE dba LOGIN;"
               "GRANT pg_monitor, pg_signal_backend TO dba")
    sessions = fill(server)
    return server, sessions


def fill(server):
    sessions = []
    while True:
        try:
            sessions += idle(server, 1, user="app", application_name="shop")
        except psycopg.OperationalError as error:
            assert "slots" in str(error) or "clients" in str(error)
            return sessions


def test_relief_gets_in_by_the_emergency_connection(runbook, full):
    server, sessions = full
    assert len(sessions) == 17
    for verb in (["report"], ["relieve", "--yes"]):
        refused = runbook("connections", *verb, "-U", "dba", server=server).expect(3)
        assert refused.out == ""
        assert "slots" in refused.err and "--emergency DSN" in refused.err
    way = ["-U", "dba", "--emergency", server.conninfo(user="postgres")]
    seen = report(runbook, server, *way, *SOON)
    assert seen.document["emergency"] is True
    assert seen.slots["used"] == seen.slots["ordinary"] == 17
    assert seen.diagnosis == "idle_pileup"

    done = relieve(runbook, server, *way, *SOON)
    assert done.document["emergency"] is True
    assert 'connected by the emergency connection, as role "postgres"' in done.result.err
    assert list(done.ended) == pids(sessions)[:4], "13 of 17 are 80 %"
    assert done.goal == {"until": 0.8, "slots": 13, "used_before": 17, "used_after": 13,
                         "reached": True}
    assert alive(server, sessions) == set(pids(sessions)[4:])
    wait_until(lambda: server.connect(user="app"), what="the application, which connects again")


def test_it_is_used_only_where_the_slots_are_full(runbook, server):
    way = ["--emergency", "host=/nonexistent"]
    assert report(runbook, server, *way).document["emergency"] is False
    assert relieve(runbook, server, *way).document["emergency"] is False
    refused = runbook("connections", "report", *way, "-h", "/elsewhere", server=server).expect(3)
    assert "/elsewhere" in refused.err and "emergency" not in refused.err


def test_queries_get_in_as_well(runbook, full):
    """Slots full of slow queries: relief ends none, it is a matter of `queries`."""
    server, sessions = full
    sessions[0].execute("BEGIN")
    refused = runbook("queries", "report", "-U", "dba", server=server).expect(3)
    assert "--emergency DSN" in refused.err
    way = ["-U", "dba", "--emergency", server.conninfo(user="postgres")]
    seen = runbook("queries", "report", *way, "--longer-than", 0, "--json", server=server).expect(0)
    pid = sessions[0].info.backend_pid
    assert [row["pid"] for row in seen.json["transactions"]] == [pid]
    done = runbook("queries", "terminate", pid, "--yes", *way, "--json", server=server).expect(0)
    assert [row["step"] for row in done.json["results"]] == ["terminated"]
    assert 'connected by the emergency connection, as role "postgres"' in done.err
    assert alive(server, sessions) == set(pids(sessions)[1:])


def test_an_emergency_connection_that_fails(runbook, full):
    server, _ = full
    refused = runbook("connections", "report", "-U", "dba", "--emergency",
                      server.conninfo(user="nobody"), server=server).expect(3)
    assert "every slot is taken, and the emergency connection failed: " in refused.err
    assert "nobody" in refused.err or "slots" in refused.err


def test_it_can_be_a_setting_of_the_target(runbook, full):
    server, sessions = full
    file = runbook.home / "targets.conf"
    file.write_text(f"[target shop]\nconninfo = {server.conninfo(user='dba')}\n"
                    f"emergency_conninfo = {server.conninfo(user='postgres')}\n", encoding="utf-8")
    done = relieve(runbook, None, "--config", file, "--target", "shop", *SOON)
    assert done.document["emergency"] is True
    assert list(done.ended) == pids(sessions)[:4]


@pytest.mark.parametrize("version", [16, 18])
def test_reserved_connections(runbook, fresh_server):
    """From 16 on no superuser is needed for it."""
    server = fresh_server(max_connections=20, superuser_reserved_connections=3,
                          reserved_connections=2)
    server.sql("""CREATE ROLE app LOGIN; CREATE ROLE rescue LOGIN;
        GRANT pg_monitor, pg_signal_backend, pg_use_reserved_connections TO rescue""")
    sessions = fill(server)
    assert len(sessions) == 15
    seen = report(runbook, server, "-U", "rescue")
    assert (seen.slots["ordinary"], seen.slots["reserved"]) == (15, 2)
    done = relieve(runbook, server, "-U", "app", "--emergency", server.conninfo(user="rescue"),
                   *SOON)
    assert done.document["emergency"] is True and done.goal["reached"]
    assert len(done.ended) == 3


def test_the_limit_of_a_database_is_full(runbook, server, roles):
    """The same SQLSTATE, another limit: the server has slots left. Sessions in other databases
    would not make room."""
    app, dba = roles("app"), roles("dba")
    server.sql(f"GRANT pg_monitor, pg_signal_backend TO {dba};"
               f"ALTER DATABASE {server.dbname} CONNECTION LIMIT 10")
    elsewhere = idle(server, 2, user=app, dbname="postgres")
    sessions = idle(server, 10, user=app)
    words = ["-U", dba, *SOON]
    refused = runbook("connections", "relieve", "--yes", *words, server=server).expect(3)
    assert "too many connections for database" in refused.err and "--emergency" in refused.err
    done = relieve(runbook, server, *words, "--emergency", server.conninfo(user="postgres"))
    assert done.document["emergency"] is True
    assert f'10 of 10 connections that database "{server.dbname}" may have' in \
        done.document["reason"]
    assert list(done.ended) == pids(sessions)[:2]
    assert done.goal["slots"] == 8 and done.goal["used_after"] == 8
    assert len(alive(server, elsewhere)) == 2
    assert done.spared[pids(elsewhere)[0]] == "it takes no place in what is full"
