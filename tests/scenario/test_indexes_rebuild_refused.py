"""What is not rebuilt, and says why: what PostgreSQL cannot rebuild, what this role may not, what
is no index, and a server that is a standby."""

import pytest
from support.rebuild import (configure, invalid, make_bloated, oid, rebuild, start,
                             wait_for_record)
from support.servers import ENDS

versions = ENDS


def refused(runbook, server, *options, code=4):
    return rebuild(runbook, server, *options, code=code)


def test_exclusion_constraint(runbook, server):
    server.sql("CREATE TABLE rooms (at int4range, EXCLUDE USING gist (at WITH &&))")
    before = oid(server, "rooms_at_excl")
    report = refused(runbook, server, "rooms_at_excl")
    assert report.outcomes == {"rooms_at_excl": "skipped"}
    assert "exclusion constraint" in report.reason("rooms_at_excl")
    assert oid(server, "rooms_at_excl") == before and report.document["outcome"] == "refused"


def test_system_catalog(runbook, server):
    toast = server.value("""SELECT c.relname FROM pg_index AS i JOIN pg_class AS c
        ON c.oid = i.indexrelid WHERE indrelid = (SELECT reltoastrelid FROM pg_class
                                                   WHERE oid = 'pg_proc'::regclass)""")
    for name in ("pg_class_oid_index", toast):
        report = refused(runbook, server, name)
        assert "system catalogs" in report.reason(name)


def test_what_can_be_done_is_done(runbook, server):
    server.sql("CREATE TABLE rooms (id int PRIMARY KEY, at int4range, EXCLUDE USING gist (at WITH &&))")
    report = rebuild(runbook, server, "rooms_*", code=5)
    assert report.outcomes == {"rooms_pkey": "done", "rooms_at_excl": "skipped"}


def test_temporary_table_of_somebody_else(runbook, server):
    session = server.connect()
    session.execute("CREATE TEMP TABLE mine (id int PRIMARY KEY)")
    result = runbook("indexes", "rebuild", "--yes", "mine_pkey", server=server).expect(2)
    assert 'no index matches "mine_pkey"' in result.err


def test_no_right(runbook, server, roles):
    make_bloated(server)
    visitor = roles("visitor")
    report = refused(runbook, server, "-U", visitor, "orders_pkey")
    word = "owner" if server.version < 17 else "MAINTAIN"
    assert word in report.reason("orders_pkey")


def test_no_right_on_the_schema(runbook, server, roles):
    owner = roles("owner")
    server.sql(f"""CREATE SCHEMA closed; CREATE TABLE closed.orders (id int PRIMARY KEY);
        ALTER TABLE closed.orders OWNER TO {owner}""")
    report = refused(runbook, server, "-U", owner, "orders_pkey")
    assert "USAGE on schema closed" in report.reason("orders_pkey")


def test_owner(runbook, server, roles):
    """No more than that is needed, but then nobody tells how full the server's disk is."""
    make_bloated(server)
    owner = roles("owner")
    server.sql(f"ALTER TABLE orders OWNER TO {owner}; GRANT CREATE ON SCHEMA public TO {owner}")
    blind = configure(runbook, blind_size="8kB")
    report = rebuild(runbook, server, "-U", owner, *blind, "orders_pkey", code=5)
    assert report.outcomes == {"orders_pkey": "skipped"}
    assert "cannot be seen from here" in report.reason("orders_pkey")
    assert "8192 B" in report.reason("orders_pkey")
    assert rebuild(runbook, server, "-U", owner, "orders_pkey").outcomes == {"orders_pkey": "done"}
    server.sql(f"GRANT pg_monitor TO {owner}")
    report = rebuild(runbook, server, "-U", owner, *blind, "orders_pkey")
    assert report.outcomes == {"orders_pkey": "done"}, "the disk is seen, it is this machine's"


@pytest.mark.parametrize("version", [17, 18])
def test_maintainer(runbook, server, roles):
    """From 17 on a right of its own."""
    make_bloated(server)
    maintainer, granted = roles("maintainer"), roles("granted")
    server.sql(f"GRANT pg_maintain TO {maintainer}; GRANT MAINTAIN ON orders TO {granted}")
    for role in (maintainer, granted):
        report = rebuild(runbook, server, "-U", role, "orders_pkey")
        assert report.outcomes == {"orders_pkey": "done"}


def test_standby(runbook, fresh_server):
    primary = fresh_server()
    make_bloated(primary)
    standby = fresh_server.standby(primary)
    result = runbook("indexes", "rebuild", "--yes", "orders_pkey", server=standby).expect(4)
    assert "is a standby" in result.err


@pytest.mark.parametrize("version", [15])
def test_words(runbook, server):
    """What was typed wrong, and what to type instead."""
    server.make_table("orders"), server.sql("CREATE TABLE bare (id int)")

    def said(*words):
        return runbook("indexes", "rebuild", *words, server=server).expect(2).err

    assert "needs NAME|--bloated|--invalid" in said()
    assert 'no index matches "order_pkey"' in said("order_pkey")
    assert 'did you mean "orders_pkey"' in said("order_pkey")
    assert '"orders" is a table' in said("orders") and "its indexes: orders_pkey" in said("orders")
    assert '"public.bare" is a table' in said("public.bare")
    assert "it has no indexes" in said("public.bare")
    assert "needs --yes" in said("--json", "orders_pkey")
    assert "no option --blaoted" in said("--blaoted") and "--bloated" in said("--blaoted")
    # Beside a switch the only word is the database.
    assert "too many words" in said("--invalid", "orders_pkey", "postgres")
    runbook("indexes", "rebuild", "--yes", "--invalid", server.dbname, server=server).expect(0)


@pytest.mark.parametrize("version", [14, 18])
def test_dropped_before_its_turn(runbook, server):
    """Nothing to complain about."""
    make_bloated(server)
    blocker = server.connect()
    blocker.execute("BEGIN; LOCK TABLE orders IN SHARE UPDATE EXCLUSIVE MODE")
    running = start(runbook, server, *configure(runbook, patience="20s"), "orders_pkey")
    wait_for_record(runbook)
    blocker.execute("ALTER TABLE orders DROP CONSTRAINT orders_pkey; COMMIT")
    result = running.wait().expect(0)
    index, = result.json["indexes"]
    assert index["outcome"] == "skipped" and "dropped since it was planned" in index["reason"]
    assert invalid(server) == []
