"""What both monthly reports read of a whole database comes as COPY, and of a large one over two
connections. Names of any kind, and ends of any kind, must not make a difference."""

import pytest
from support.bloat import make_orders, report
from support.indexes import report as indexes_report
from support.servers import ENDS, wait_until

versions = ENDS

ODD_NAMES = ["tab\tstop", "line\nbreak", "back\\slash", "\\N", "\\.", "C:\\new\\table", "it's",
             'quo"te', "$1 and $2", "--", "größe 🐘", " "]
LARGE = 2001  # tables: from 2,000 on there is a second connection


@pytest.mark.parametrize("name", ODD_NAMES)
def test_odd_names(runbook, server, name):
    quoted = '"' + name.replace('"', '""') + '"'
    server.sql(f"CREATE TABLE {quoted} (id int PRIMARY KEY, {quoted} text)")
    server.sql(f"INSERT INTO {quoted} SELECT i, 'x' FROM generate_series(1, 9) AS i")
    server.sql(f"ANALYZE {quoted}")
    assert report(runbook, server).objects[name]["table"] == name
    found = indexes_report(runbook, server).indexes
    assert [item["table"] for item in found.values()] == [name]


def test_toast_that_came_after_the_last_vacuum(runbook, server):
    """relpages says that it is empty; its table has grown, so both are measured."""
    server.sql("CREATE TABLE wide (id int, body text)")
    server.sql("ALTER TABLE wide ALTER body SET STORAGE external")
    server.sql("VACUUM ANALYZE wide")
    assert "wide" not in report(runbook, server).toast
    server.sql("INSERT INTO wide SELECT i, repeat('x', 5000) FROM generate_series(1, 500) AS i")
    server.settle_stats()
    toast = report(runbook, server).toast["wide"]
    true_size, = server.sql("SELECT pg_relation_size(reltoastrelid) FROM pg_class "
                            "WHERE relname = 'wide'")[0]
    assert toast["size_bytes"] == true_size > 2_000_000


# ---- two connections ---------------------------------------------------------------------------


@pytest.fixture
def large(server):
    """Many small tables, and one that has something to say."""
    server.sql(f"""DO $$ BEGIN FOR i IN 1 .. {LARGE} LOOP
                   EXECUTE format('CREATE TABLE small_%s (a int)', i); END LOOP; END $$""")
    make_orders(server)
    server.sql("DELETE FROM orders WHERE id % 2 = 0")
    server.sql("CREATE INDEX orders_lower ON orders (lower(id::text))")
    server.sql("VACUUM ANALYZE orders")
    server.settle_stats()


def test_a_large_catalog_by_one_connection_or_two(runbook, server, large):
    two = report(runbook, server)
    assert len(two.objects) > LARGE
    assert two.pct("orders") > 40
    assert two.objects["orders_lower"]["reclaimable_bytes"] is not None
    echoed = runbook("bloat", "report", "--json", "--echo", server=server).expect(0)
    assert echoed.json["objects"] == two.document["objects"]
    assert "COPY (" in echoed.err
    server.sql("CREATE ROLE alone LOGIN CONNECTION LIMIT 1")
    try:
        server.sql("GRANT SELECT ON pg_statistic TO alone")
        alone = report(runbook, server, "-U", "alone")
        assert alone.document["objects"] == two.document["objects"]
    finally:
        server.sql("DROP OWNED BY alone")
        server.sql("DROP ROLE alone")


# ---- ends --------------------------------------------------------------------------------------


@pytest.fixture
def waiting(runbook, server):
    """A report that waits for a catalog which somebody keeps locked; it would give up by
    itself after two seconds."""
    holder = server.connect()
    holder.execute("BEGIN; LOCK TABLE pg_inherits IN ACCESS EXCLUSIVE MODE")
    running = runbook.start("indexes", "report", "--json", server=server)

    def backend():
        found = server.sql("SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' "
                           "AND application_name = 'pgrunbook indexes' AND query LIKE 'COPY (%'")
        return found[0][0] if found else None

    return running, wait_until(backend), holder


def test_interrupted(server, waiting):
    running, pid, _ = waiting
    running.interrupt()
    result = running.wait().expect(130)
    assert "interrupted" in result.err and result.out == ""
    wait_until(lambda: not server.sql("SELECT 1 FROM pg_stat_activity WHERE pid = %s", (pid,)))


def test_its_connection_is_lost(server, waiting):
    running, pid, _ = waiting
    server.sql("SELECT pg_terminate_backend(%s)", (pid,))
    result = running.wait().expect(3)
    assert "connection lost" in result.err and result.out == ""


def test_what_takes_too_long(waiting):
    running, _, holder = waiting
    result = running.wait().expect(1)
    assert "lock timeout" in result.err and result.out == ""
    assert holder.info.transaction_status.name == "INTRANS"


def test_it_goes_on_when_the_lock_is_gone(waiting):
    running, _, holder = waiting
    holder.execute("COMMIT")
    assert running.wait().expect(0).json["schema"] == "pgrunbook.indexes.report/1"
