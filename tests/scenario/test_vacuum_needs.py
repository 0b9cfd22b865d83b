"""What makes a table need VACUUM or ANALYZE, need by need, and that nothing else is touched."""

import pytest
from support.vacuum import plan, run, times_analyzed, times_vacuumed


def needs(report, table):
    return report.tables[table]["needs"]


def test_dead_rows(runbook, server):
    server.make_dead_rows("orders", rows=1000)
    planned = plan(runbook, server)
    assert "dead_rows" in needs(planned, "orders")
    assert planned.actions["orders"] == "vacuum_analyze"
    assert planned.tables["orders"]["dead_rows"] == 500
    report = run(runbook, server)
    assert report.tables["orders"]["dead_before"] == 500
    assert report.tables["orders"]["dead_after"] == 0
    assert server.dead_rows("orders") == 0
    assert plan(runbook, server).actions["orders"] == "skip"


def test_clean_tables_are_not_touched(runbook, server):
    server.make_table("clean", rows=1000)
    server.make_table("few_dead", rows=1000)
    server.sql("UPDATE few_dead SET payload = 'x' WHERE id <= 25")  # less than 20 and 1 %
    server.make_dead_rows("dirty", rows=1000)
    report = run(runbook, server)
    assert set(report.tables) == {"dirty"}
    for table in ("clean", "few_dead"):
        assert (times_vacuumed(server, table), times_analyzed(server, table)) == (1, 1)
    assert "needs nothing" in plan(runbook, server).reason("clean")


def test_rows_inserted_since_vacuum(runbook, server):
    server.make_table("log", rows=1000)
    server.sql("INSERT INTO log SELECT i, 'new' FROM generate_series(1001, 2000) AS i")
    server.settle_stats()
    planned = plan(runbook, server)
    assert set(needs(planned, "log")) == {"inserted_rows", "changed_rows"}
    run(runbook, server)
    assert plan(runbook, server).actions["log"] == "skip"
    assert times_vacuumed(server, "log") == 2


def test_rows_changed_since_analyze(runbook, server):
    server.make_table("stock", rows=1000)
    server.sql("UPDATE stock SET payload = 'sold' WHERE id <= 200")
    server.sql("VACUUM stock")
    server.settle_stats()
    planned = plan(runbook, server)
    assert needs(planned, "stock") == ["changed_rows"]
    assert planned.actions["stock"] == "analyze"
    run(runbook, server)
    assert (times_vacuumed(server, "stock"), times_analyzed(server, "stock")) == (2, 2)


def test_never_analyzed(runbook, server):
    server.sql("CREATE TABLE imported AS SELECT i FROM generate_series(1, 10) AS i")
    server.sql("CREATE MATERIALIZED VIEW sums AS SELECT sum(i) FROM imported")
    server.sql("VACUUM imported, sums")
    server.settle_stats()
    planned = plan(runbook, server)
    for table in ("imported", "sums"):
        assert needs(planned, table) == ["never_analyzed"]
        assert planned.actions[table] == "analyze"
    run(runbook, server)
    assert [times_analyzed(server, table) for table in ("imported", "sums")] == [1, 1]


def test_pages_not_all_visible(runbook, server):
    """Few rows changed, but all over the table: an index-only scan must read every page."""
    server.make_table("wide", rows=200_000, options="WITH (fillfactor = 90)")
    server.sql("UPDATE wide SET payload = payload WHERE id % 150 = 0")
    server.sql("ANALYZE wide")
    # Only ANALYZE refreshes what the planner, and we, believe of the pages.
    server.settle_stats()
    planned = plan(runbook, server)
    assert needs(planned, "wide") == ["not_all_visible"]
    run(runbook, server)
    assert server.value("SELECT relallvisible = relpages FROM pg_class WHERE relname = 'wide'")


@pytest.mark.parametrize("version", [14, 18])
def test_storage_parameters_count(runbook, server):
    """A threshold that autovacuum has for this table is a need for us too."""
    server.make_table("strict", rows=1000, options="WITH (autovacuum_vacuum_threshold = 10, "
                                                   "autovacuum_vacuum_scale_factor = 0)")
    server.make_table("ordinary", rows=1000)
    server.sql("DELETE FROM strict WHERE id <= 15; DELETE FROM ordinary WHERE id <= 15")
    server.settle_stats()
    planned = plan(runbook, server)
    assert "dead_rows" in needs(planned, "strict")
    assert needs(planned, "ordinary") == []


@pytest.mark.parametrize("version", [14, 18])
def test_what_cannot_be_vacuumed_is_skipped_with_its_reason(runbook, server):
    owner = server.connect()
    owner.execute("CREATE TEMPORARY TABLE scratch AS SELECT i FROM generate_series(1, 9000) AS i")
    server.sql("CREATE FOREIGN DATA WRAPPER nothing")
    server.sql("CREATE SERVER elsewhere FOREIGN DATA WRAPPER nothing")
    server.sql("CREATE FOREIGN TABLE remote (id int) SERVER elsewhere")
    server.settle_stats()
    planned = plan(runbook, server, "--schema", "*")
    for table, word in (("scratch", "temporary"), ("remote", "foreign")):
        assert planned.actions[table] == "skip"
        assert word in planned.reason(table)


# ---- age -------------------------------------------------------------------------------------


@pytest.fixture
def old_server(fresh_server):
    """Its wraparound protection begins early, so that a test can get there."""
    return fresh_server(autovacuum_freeze_max_age=100_000,
                        autovacuum_multixact_freeze_max_age=10_000)


def age(server, table):
    return server.value("SELECT age(relfrozenxid) FROM pg_class WHERE oid = %s::regclass", [table])


def test_freeze_age(runbook, old_server):
    server = old_server
    server.make_table("old", rows=1000)
    server.burn_xids(60_000)
    server.make_table("young", rows=1000)
    server.settle_stats()
    planned = plan(runbook, server)
    assert needs(planned, "old") == ["freeze_age"]
    assert planned.tables["old"]["freeze"] is True
    assert planned.actions["young"] == "skip"
    report = run(runbook, server)
    assert report.outcomes == {"old": "done"}
    assert age(server, "old") < 1000

    # Past what autovacuum allows it is an emergency, and comes first whatever else there is.
    server.burn_xids(101_000)
    server.make_dead_rows("dirty", rows=20_000, dead=19_000)
    planned = plan(runbook, server)
    assert "freeze_emergency" in needs(planned, "old")
    assert set(planned.order[:2]) == {"old", "young"}
    assert planned.order[-1] == "dirty"
    run(runbook, server)
    assert age(server, "old") < 30_000 and age(server, "young") < 30_000


def test_toast_older_than_its_table(runbook, old_server):
    """The age that counts is the worse of both; VACUUM of the table freezes them together."""
    server = old_server
    server.sql("CREATE TABLE documents (id int PRIMARY KEY, body text)")
    server.sql("INSERT INTO documents SELECT i, string_agg(md5(i::text || j), '') "
               "FROM generate_series(1, 20) AS i, generate_series(1, 200) AS j GROUP BY i")
    server.burn_xids(60_000)
    server.sql("VACUUM (FREEZE, ANALYZE, PROCESS_TOAST false) documents")
    server.settle_stats()
    assert age(server, "documents") < 1000
    planned = plan(runbook, server)
    assert needs(planned, "documents") == ["freeze_age"]
    assert "TOAST" in planned.reason("documents")
    run(runbook, server)
    assert server.value("SELECT age(t.relfrozenxid) FROM pg_class AS t JOIN pg_class AS c "
                        "ON c.reltoastrelid = t.oid WHERE c.relname = 'documents'") < 1000


def test_multixact_age(runbook, old_server):
    """Rows locked by several transactions at a time use up another counter."""
    server = old_server
    server.make_table("accounts", rows=10)
    server.sql("CREATE EXTENSION dblink")
    burn_multixacts(server, "accounts", 6000)
    server.settle_stats()
    planned = plan(runbook, server)
    assert "freeze_age" in needs(planned, "accounts")
    assert "multixacts" in planned.reason("accounts")
    run(runbook, server)
    assert server.value("SELECT mxid_age(relminmxid) FROM pg_class "
                        "WHERE relname = 'accounts'") < 1000


def burn_multixacts(server, table, count):
    """One session holds a share lock on a row, the other takes it and gives it back: each time
    the pair is a new multixact."""
    holder, taker = server.connect(), server.connect()
    holder.execute(f"BEGIN; SELECT FROM {table} WHERE id = 1 FOR KEY SHARE")
    taker.execute(f"""DO $$ BEGIN FOR i IN 1 .. {count} LOOP
        PERFORM FROM {table} WHERE id = 1 FOR KEY SHARE; COMMIT; END LOOP; END $$""")
    holder.execute("COMMIT")
