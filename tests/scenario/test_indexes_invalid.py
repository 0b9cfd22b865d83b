"""Indexes that are invalid: every write maintains them, no query uses them. What a build has left
behind can go; what somebody is building right now never."""

import pytest
from support.indexes import (CANDIDATE, DUPLICATE, INVALID, exists, fail_to_build, make_orders,
                             observed, psql, report, start_building, wait_for_build)
from support.servers import wait_until


@pytest.fixture
def reader(server):
    """It has read `orders`, and its transaction is open still: concurrent builds wait for it."""
    make_orders(server, {"orders_day": "(day)"})
    session = server.connect(application_name="long report")
    session.execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM orders;"
                    "SELECT pg_current_xact_id()")
    return session


def cancel(server, builder, pid):
    server.sql("SELECT pg_cancel_backend(%s)", [pid])
    assert builder.wait(60) != 0


def test_a_build_that_failed(runbook, server):
    make_orders(server)
    fail_to_build(server, "CREATE UNIQUE INDEX CONCURRENTLY orders_day ON orders (day)")
    found = report(runbook, server)
    assert found.verdict("orders_day", INVALID) == CANDIDATE
    assert found.reason("orders_day", INVALID).startswith("its build did not finish")
    assert found.verdict("orders_day") is None, "of an invalid one nobody asks who uses it"
    finding = found.finding("orders_day", INVALID)
    assert "CREATE UNIQUE INDEX CONCURRENTLY orders_day" in finding["undo_sql"]
    psql(server, finding["drop_sql"] + ";")
    assert set(report(runbook, server).indexes) == {"orders_pkey"}


def test_the_same_build_without_the_failure(runbook, server):
    make_orders(server)
    server.sql("CREATE UNIQUE INDEX CONCURRENTLY orders_day ON orders (day, id)")
    found = report(runbook, server)
    assert found.verdicts(INVALID) == {}


def test_what_a_cancelled_rebuild_leaves(runbook, server, reader):
    """`_ccnew` goes, the index itself stays; a second try leaves `_ccnew1` beside it."""
    for leftover in ("orders_day_ccnew", "orders_day_ccnew1"):
        builder = start_building(server, "REINDEX INDEX CONCURRENTLY orders_day")
        pid = wait_for_build(server)
        found = report(runbook, server)
        assert found.verdict(leftover, INVALID) == "keep: being built"
        cancel(server, builder, pid)
        found = observed(runbook, server)
        assert found.verdict(leftover, INVALID) == CANDIDATE
        assert "REINDEX CONCURRENTLY" in found.reason(leftover, INVALID)
        assert found.verdict("orders_day", INVALID) is None
        assert found.verdict("orders_day", DUPLICATE) is None
    reader.execute("COMMIT")
    for leftover in ("orders_day_ccnew", "orders_day_ccnew1"):
        psql(server, found_again(runbook, server, leftover) + ";")
    assert set(report(runbook, server).indexes) == {"orders_pkey", "orders_day"}


def found_again(runbook, server, index):
    return report(runbook, server).finding(index, INVALID)["drop_sql"]


def test_what_is_being_built(runbook, server, reader):
    """Never a drop-candidate; once it is built it is an index as any other."""
    builder = start_building(server, "CREATE INDEX CONCURRENTLY building ON orders (note)")
    wait_for_build(server)
    found = observed(runbook, server)
    finding = found.finding("building", INVALID)
    assert finding["verdict"] == "keep: being built"
    assert finding["drop_sql"] is None and finding["undo_sql"] is None
    assert "DROP INDEX CONCURRENTLY \"public\".\"building\"" not in runbook(
        "indexes", "report", "-v", server=server).expect(0).out
    reader.execute("COMMIT")
    assert builder.wait(60) == 0
    assert observed(runbook, server).verdicts(INVALID) == {}
    assert observed(runbook, server).verdict("building") == CANDIDATE


def test_built_and_reported_over_and_over(runbook, server):
    """Builds begin and end while reports are made. Whatever instant one meets, none of them is
    called the rest of a failed build."""
    make_orders(server)
    builder = start_building(server, *["CREATE INDEX CONCURRENTLY i ON orders (day)",
                                       "DROP INDEX i"] * 300)
    met = []
    while builder.poll() is None:
        found = report(runbook, server)
        met += found.verdicts(INVALID).values() if "i" in found.indexes else []
    assert builder.returncode == 0
    assert set(met) <= {"keep: being built"}


def test_somebody_builds_and_we_may_not_see_what(runbook, server, reader):
    """Without pg_read_all_stats: what is invalid may be the one that is being built."""
    visitor = f"{server.dbname}_visitor"
    fail_to_build(server, "CREATE UNIQUE INDEX CONCURRENTLY broken ON orders (customer)")
    server.sql(f"CREATE ROLE {visitor} LOGIN")
    try:
        builder = start_building(server, "CREATE INDEX CONCURRENTLY building ON orders (note)")
        wait_for_build(server)
        hidden = "unknown: somebody builds an index, and this role may not see which"
        found = report(runbook, server, "-U", visitor)
        assert found.verdicts(INVALID) == {"broken": hidden, "building": hidden}
        server.sql(f"GRANT pg_read_all_stats TO {visitor}")
        found = report(runbook, server, "-U", visitor)
        assert found.verdict("building", INVALID) == "keep: being built"
        reader.execute("COMMIT")
        assert builder.wait(60) == 0
        assert report(runbook, server, "-U", visitor).verdicts(INVALID) == {"broken": CANDIDATE}
    finally:
        server.sql(f"DROP OWNED BY {visitor}; DROP ROLE {visitor}")


def test_a_constraint_whose_index_is_invalid(runbook, server):
    """It cannot be dropped by itself; a rebuild repairs it."""
    make_orders(server)
    server.sql("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'orders_pkey'::regclass")
    found = report(runbook, server)
    assert found.verdict("orders_pkey", INVALID) == "keep: rebuild it"
    assert "indexes rebuild --invalid" in found.reason("orders_pkey", INVALID)


def test_a_drop_that_did_not_finish(runbook, server, reader):
    """Cancelled half-way, a concurrent drop leaves an index that nobody can use either."""
    dropper = start_building(server, "DROP INDEX CONCURRENTLY orders_day")
    pid = wait_until(lambda: server.sql("""SELECT pid FROM pg_stat_activity
        WHERE application_name = 'builder' AND wait_event_type = 'Lock'"""))[0][0]
    cancel(server, dropper, pid)
    found = report(runbook, server)
    assert found.verdict("orders_day", INVALID) == CANDIDATE
    reader.execute("COMMIT")
    psql(server, found_again(runbook, server, "orders_day") + ";")
    assert not exists(server, "orders_day")


def test_a_part_of_a_tree_that_is_invalid(runbook, server):
    """The part cannot go alone; the whole says that it lacks one."""
    server.sql("""CREATE TABLE events (a int, b int) PARTITION BY RANGE (a);
        CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM (0) TO (10);
        INSERT INTO events VALUES (1, 1), (1, 1);
        CREATE INDEX whole ON ONLY events (b)""")
    assert (report(runbook, server).verdict("whole", INVALID) ==
            "keep: not every partition has its part")
    server.sql("CREATE INDEX part ON events_1 (b); ALTER INDEX whole ATTACH PARTITION part")
    assert report(runbook, server).verdicts(INVALID) == {}
    server.sql("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'part'::regclass")
    assert report(runbook, server).verdicts(INVALID) == {"part": "keep: rebuild it"}
