"""Roles that may not do everything: what they may is done, what they may not is named with its
owner. And the role that `pgrunbook setup` prints, which may do all of it."""

import os
import subprocess

import pytest
from support.servers import wait_until
from support.vacuum import ended, make_dirty_tables, plan, run, start, times_vacuumed


def give(server, role, *tables):
    for table in tables:
        server.sql(f"ALTER TABLE {table} OWNER TO {role}")


def test_nothing_may_be_done(runbook, server, roles):
    make_dirty_tables(server, orders=1000, customers=1000)
    give(server, roles("app", ""), "orders", "customers")
    visitor = roles("visitor")
    result = runbook("vacuum", "run", "--yes", "--json", "--schema", "public", "-U", visitor,
                     server=server).expect(4)
    tables = {table["table"]: table for table in result.json["tables"]}
    assert {table["outcome"] for table in tables.values()} == {"skipped"}
    assert f"{server.dbname}_app" in tables["orders"]["reason"]
    assert times_vacuumed(server, "orders") == 1


def test_some_may_be_done(runbook, server, roles):
    make_dirty_tables(server, mine=1000, theirs=1000)
    owner, other = roles("app"), roles("other", "")
    give(server, owner, "mine")
    give(server, other, "theirs")
    report = run(runbook, server, "-U", owner, code=5)
    assert report.outcomes == {"mine": "done", "theirs": "skipped"}
    assert other in report.reason("theirs") and "right" in report.reason("theirs")
    assert [times_vacuumed(server, table) for table in ("mine", "theirs")] == [2, 1]


def test_owner_of_the_database(runbook, server, roles):
    """May vacuum every table in it, whoever owns it, but not the catalogs of the whole server."""
    make_dirty_tables(server, theirs=1000)
    give(server, roles("app", ""), "theirs")
    owner = roles("owner")
    server.sql(f"ALTER DATABASE {server.dbname} OWNER TO {owner}")
    report = run(runbook, server, "-U", owner)
    assert report.outcomes == {"theirs": "done"}
    assert report.tables["theirs"]["dead_after"] == 0
    everything = plan(runbook, server, "-U", owner, "--schema", "*", "--freeze")
    assert everything.actions["pg_class"] != "skip"
    assert everything.actions["pg_authid"] == "skip"
    assert "right" in everything.reason("pg_authid")


@pytest.mark.parametrize("version", [15])
def test_member_of_the_owner(runbook, server, roles):
    make_dirty_tables(server, theirs=1000)
    owner, member = roles("app", ""), roles("member")
    give(server, owner, "theirs")
    server.sql(f"GRANT {owner} TO {member}")
    assert run(runbook, server, "-U", member).outcomes == {"theirs": "done"}


@pytest.mark.parametrize("version", [17, 18])
def test_maintain(runbook, server, roles):
    """From 17 on the privilege on one table, or the predefined role for all."""
    make_dirty_tables(server, one=1000, another=1000)
    keeper = roles("keeper")
    server.sql(f"GRANT MAINTAIN ON one TO {keeper}")
    assert run(runbook, server, "-U", keeper, code=5).outcomes == {"one": "done",
                                                                   "another": "skipped"}
    server.sql(f"GRANT pg_maintain TO {keeper}")
    assert run(runbook, server, "-U", keeper).outcomes == {"another": "done"}


def test_the_role_of_setup_may_do_it_all(runbook, server, roles):
    """Tables of several owners, a partitioned one and a materialized view among them; nothing
    that it needs is out of its reach."""
    make_dirty_tables(server, orders=1000, customers=1000)
    server.sql("""CREATE TABLE events (id int) PARTITION BY HASH (id);
        CREATE TABLE events_1 PARTITION OF events FOR VALUES WITH (MODULUS 1, REMAINDER 0);
        INSERT INTO events SELECT generate_series(1, 1000);
        CREATE MATERIALIZED VIEW sums AS SELECT sum(id) FROM events""")
    app, other = roles("app", ""), roles("other", "")
    server.sql(f"ALTER DATABASE {server.dbname} OWNER TO {app}")
    give(server, app, "orders", "events", "events_1")
    give(server, other, "customers")
    server.sql(f"ALTER MATERIALIZED VIEW sums OWNER TO {other}")
    server.settle_stats()

    keeper = roles("keeper")
    script = runbook("setup", "--role", keeper, server=server).expect(0).out
    subprocess.run(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1"], input=script, text=True,
                   check=True, env={**os.environ, **server.environment}, capture_output=True)

    report = run(runbook, server, "-U", keeper)
    assert report.outcomes == dict.fromkeys(["orders", "customers", "events", "events_1", "sums"],
                                            "done")
    check = runbook("check", "--json", "-U", keeper, server=server).json
    assert check["unreadable"] == []
    assert "unknown" not in [verdict["status"] for verdict in check["verdicts"]]


@pytest.mark.parametrize("version", [14, 17])
def test_a_right_taken_away_in_mid_run(runbook, server, roles):
    """Planned as the owner, no longer the owner when its turn comes: a reason, not a crash."""
    make_dirty_tables(server, first=1000, second=1000)
    owner = roles("app")
    give(server, owner, "first", "second")
    locker = server.connect()
    locker.execute("BEGIN; LOCK TABLE first, second")
    running = start(runbook, server, "-U", owner, "--lock-timeout", "200ms")
    wait_until(lambda: len(server.backends("pgrunbook vacuum")) > 1, what="the first look")
    locker.execute("ALTER TABLE second OWNER TO CURRENT_USER; COMMIT")
    report = ended(running, 5)
    assert report.outcomes == {"first": "done", "second": "skipped"}
    assert "second" in report.reason("second"), "the server's own words"
