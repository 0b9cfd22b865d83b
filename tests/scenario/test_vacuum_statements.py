"""The statements that reach the server, read from its own log."""

import re

import pytest
from support.servers import wait_until
from support.vacuum import configure, make_dirty_tables, run

MEGABYTE = 1 << 20


@pytest.fixture
def server(fresh_server):
    return fresh_server(log_statement="all")


def statements(server):
    """The VACUUM and ANALYZE statements of the program."""
    log = server.cluster.log.read_text(encoding="utf-8", errors="replace")
    return [match.group(1) for match in
            re.finditer(r"pgrunbook vacuum\S* ?.*LOG:  (?:statement|execute [^:]*): "
                        r"((?:VACUUM|ANALYZE).*)", log)]


def of(server, table):
    return next(statement for statement in statements(server) if f'"{table}"' in statement)


def test_small_tables_share_statements(runbook, server):
    """Before 16 each VACUUM statement rewrites the freeze statistics of the whole database;
    from 16 on that is left to a single one at the end."""
    names = [f"small_{number}" for number in range(40)]
    make_dirty_tables(server, **dict.fromkeys(names, 200))
    assert len(run(runbook, server).tables) == 40
    vacuums = [statement for statement in statements(server) if '"small_' in statement]
    assert sum(statement.count('"small_') for statement in vacuums) == 40
    assert len(vacuums) <= 10
    if server.version >= 16:
        assert all("SKIP_DATABASE_STATS" in statement for statement in vacuums)
        assert [s for s in statements(server) if "ONLY_DATABASE_STATS" in s] \
            == ["VACUUM (ONLY_DATABASE_STATS)"]
        assert statements(server)[-1] == "VACUUM (ONLY_DATABASE_STATS)"
    else:
        assert "DATABASE_STATS" not in "".join(statements(server))


def test_big_tables_are_alone(runbook, server):
    make_dirty_tables(server, big=40_000, small=500)
    run(runbook, server, *configure(runbook, big_table="1MB"))
    assert '"small"' not in of(server, "big")
    assert "SKIP_LOCKED" in of(server, "small") and "SKIP_LOCKED" not in of(server, "big")


def test_database_age_follows(runbook, server):
    """With SKIP_DATABASE_STATS somebody must still raise datfrozenxid in the end."""
    server.burn_xids(5000)
    run(runbook, server, "--freeze", "--schema", "*")
    assert server.value("SELECT age(datfrozenxid) FROM pg_database "
                        "WHERE datname = current_database()") < 1000


@pytest.mark.parametrize("version", [15])
def test_never_full(runbook, server):
    make_dirty_tables(server, orders=1000)
    run(runbook, server, "--freeze", "--schema", "*")
    assert not [statement for statement in statements(server) if "FULL" in statement.upper()]


# ---- truncation ------------------------------------------------------------------------------


def size(server, table):
    return server.value("SELECT pg_relation_size(%s::regclass)", [table])


def make_empty_end(server):
    """A table whose second half is all dead: VACUUM can give that back to the disk."""
    server.make_table("queue", rows=40_000)
    server.sql("DELETE FROM queue WHERE id > 20000")
    server.settle_stats()


def test_without_standby_the_file_is_truncated(runbook, server):
    make_empty_end(server)
    before = size(server, "queue")
    run(runbook, server)
    assert "TRUNCATE" not in of(server, "queue")
    assert size(server, "queue") < 0.7 * before


def test_with_a_standby_it_is_not(runbook, server, fresh_server):
    """It would take an exclusive lock on the standby and cancel the queries there."""
    fresh_server.standby(server)
    wait_until(lambda: server.value("SELECT count(*) FROM pg_stat_replication"), what="standby")
    make_empty_end(server)
    before = size(server, "queue")
    run(runbook, server)
    assert "TRUNCATE false" in of(server, "queue")
    assert size(server, "queue") == before
    assert server.dead_rows("queue") == 0


# ---- memory, buffers, workers ----------------------------------------------------------------


def lane_memory(server):
    log = server.cluster.log.read_text(encoding="utf-8", errors="replace")
    return set(re.findall(r"SET maintenance_work_mem = '(\d+)kB'", log))


@pytest.mark.parametrize("version", [15])
def test_memory_budget_is_shared_by_the_lanes(runbook, server):
    make_dirty_tables(server, **{f"small_{number}": 500 for number in range(8)})
    run(runbook, server, "-j", 4, "--memory", "64MB")
    assert lane_memory(server) == {str(16 * 1024)}


def test_buffer_usage_limit(runbook, server):
    make_dirty_tables(server, orders=1000)
    run(runbook, server)
    if server.version >= 16:
        limit = int(re.search(r"BUFFER_USAGE_LIMIT '(\d+)kB'", of(server, "orders")).group(1))
        assert 0 < limit * 1024 <= 128 * MEGABYTE / 8
    else:
        assert "BUFFER_USAGE_LIMIT" not in of(server, "orders")


@pytest.mark.parametrize("version", [14, 18])
def test_parallel_workers_for_big_tables_with_big_indexes(runbook, server):
    server.make_table("big", rows=40_000)
    server.sql("SET min_parallel_index_scan_size = 0; CREATE INDEX ON big (payload)")
    server.sql(f"ALTER DATABASE {server.dbname} SET min_parallel_index_scan_size = 0")
    make_dirty_tables(server, small=500)
    server.sql("DELETE FROM big WHERE id % 2 = 0")
    server.settle_stats()
    run(runbook, server, *configure(runbook, big_table="1MB"))
    assert "PARALLEL 2" in of(server, "big")
    assert "PARALLEL 0" in of(server, "small")
