"""An index that is mostly air is rebuilt while everybody works on: smaller afterwards, still the
index of its constraint, and all of it is in the history."""

import sqlite3

import pytest
from support.rebuild import (configure, invalid, make_bloated, make_invalid, oid, rebuild, size,
                             start, wait_for_phase)
from support.vacuum import last_run


def test_smaller_afterwards(runbook, server):
    make_bloated(server)
    before, old = size(server, "orders_pkey"), oid(server, "orders_pkey")
    report = rebuild(runbook, server, "orders_pkey")
    after = size(server, "orders_pkey")
    assert after < before / 2
    index = report.indexes["orders_pkey"]
    assert (index["outcome"], index["action"], index["table"]) == ("done", "rebuild", "orders")
    assert (index["size_bytes_before"], index["size_bytes_after"]) == (before, after)
    assert index["sql"] == 'REINDEX INDEX CONCURRENTLY "public"."orders_pkey"'
    assert report.document["outcome"] == "done" and report.leftovers == {}

    shown = last_run(runbook)
    assert (shown["run"]["section"], shown["run"]["verb"]) == ("indexes", "rebuild")
    assert shown["run"]["summary"]["bytes_won"] == before - after
    recorded, = shown["objects"]
    assert recorded["before"] == {"oid": old, "size_bytes": before}
    assert recorded["after"] == {"oid": oid(server, "orders_pkey"), "size_bytes": after}
    assert recorded["outcome"] == "done" and recorded["step"] == 1
    assert shown["steps"][0]["lock_mode"] == "ShareUpdateExclusiveLock"


@pytest.mark.parametrize("version", [15])
def test_as_a_table(runbook, server):
    make_bloated(server)
    result = runbook("indexes", "rebuild", "--yes", "orders_pkey", server=server).expect(0)
    assert "public.orders_pkey" in result.out and "1 done, 0 skipped" in result.out
    assert " won." in result.out and "history show 1" in result.out
    empty = runbook("indexes", "rebuild", "--yes", "--invalid", server=server).expect(0)
    assert "There is nothing to rebuild" in empty.out


def test_evidence_of_use_moves_along(runbook, server):
    """What samples have seen of the index is not lost with its oid."""
    make_bloated(server)
    runbook("indexes", "report", "--json", server=server).expect(0)
    old = oid(server, "orders_pkey")

    def kept():
        with sqlite3.connect(runbook.history) as history:
            return {row[0] for row in history.execute("SELECT oid FROM index_use")}

    assert old in kept()
    rebuild(runbook, server, "orders_pkey")
    assert oid(server, "orders_pkey") in kept() and old not in kept()


def test_what_an_index_is_there_for_survives(runbook, server):
    """Primary key, unique constraint, replica identity, cluster mark, a foreign key to it."""
    server.sql("""CREATE TABLE orders (id int PRIMARY KEY, code text NOT NULL, note text,
                                       CONSTRAINT orders_code UNIQUE (code));
        CREATE TABLE lines (order_id int REFERENCES orders, code text REFERENCES orders (code));
        CREATE INDEX orders_note ON orders (lower(note)) WHERE note IS NOT NULL;
        INSERT INTO orders SELECT i, i, i FROM generate_series(1, 1000) AS i;
        ALTER TABLE orders REPLICA IDENTITY USING INDEX orders_code;
        ALTER TABLE orders CLUSTER ON orders_pkey""")
    marks = """SELECT c.relname, indisunique, indisprimary, indisreplident, indisclustered,
            indisvalid, pg_get_indexdef(c.oid), (SELECT array_agg(conname::text ORDER BY conname)
                FROM pg_constraint WHERE conindid = c.oid)
        FROM pg_index JOIN pg_class AS c ON c.oid = indexrelid
        WHERE indrelid = 'orders'::regclass ORDER BY 1"""
    before = server.sql(marks)
    report = rebuild(runbook, server, "orders_*")
    assert report.outcomes == {"orders_pkey": "done", "orders_code": "done", "orders_note": "done"}
    assert server.sql(marks) == before
    with pytest.raises(Exception, match="violates foreign key"):
        server.sql("DELETE FROM orders WHERE id = 1; INSERT INTO lines VALUES (1)")
    with pytest.raises(Exception, match="duplicate key"):
        server.sql("INSERT INTO orders VALUES (2000, '1')")


def test_partitioned_index(runbook, server):
    """It has no pages of its own: the indexes of its partitions are rebuilt, on every level."""
    server.sql("""CREATE SCHEMA parts; CREATE TABLE events (id int, day int) PARTITION BY RANGE (id);
        CREATE TABLE parts.low PARTITION OF events FOR VALUES FROM (0) TO (100);
        CREATE TABLE parts.high PARTITION OF events FOR VALUES FROM (100) TO (200)
            PARTITION BY RANGE (day);
        CREATE TABLE parts.high_1 PARTITION OF parts.high FOR VALUES FROM (0) TO (9);
        CREATE INDEX events_id ON events (id); CREATE INDEX alone ON parts.low (day)""")
    attached = "SELECT count(*) FROM pg_partition_tree('events_id')"
    before = server.value(attached)
    report = rebuild(runbook, server, "public.events_id")
    assert report.outcomes == {"low_id_idx": "done", "high_1_id_idx": "done"}
    assert {index["schema"] for index in report.indexes.values()} == {"parts"}
    assert "events_id" in report.reason("low_id_idx")
    assert server.value(attached) == before and invalid(server) == []


def test_index_of_a_toast_table(runbook, server):
    server.sql("CREATE TABLE orders (id int, payload text)")
    name = server.value("""SELECT relname FROM pg_class WHERE oid = (SELECT indexrelid FROM pg_index
        WHERE indrelid = (SELECT reltoastrelid FROM pg_class WHERE oid = 'orders'::regclass))""")
    assert rebuild(runbook, server, f"pg_toast.{name}").outcomes == {name: "done"}


NAMES = ['"Order Key"', '"with "" quote"', '"semi;colon--"', "\"it's\"", '"Größe"', '"$1"', '"a.b"']


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("version", [14, 18])
def test_names_that_need_quoting(runbook, server, name):
    server.sql(f"""CREATE SCHEMA "My Schema"; CREATE TABLE "My Schema".{name[:-1]} T" (id int);
        CREATE INDEX {name} ON "My Schema".{name[:-1]} T" (id)""".replace("%", "%%"))
    plain = name[1:-1].replace('""', '"')
    report = rebuild(runbook, server, f'"My Schema".{name}')
    assert report.outcomes == {plain: "done"}
    assert report.indexes[plain]["schema"] == "My Schema"


def test_patterns(runbook, server):
    server.make_table("orders"), server.make_table("lines")
    server.sql("CREATE INDEX orders_payload ON orders (payload)")
    assert set(rebuild(runbook, server, "ORDERS_*").indexes) == {"orders_pkey", "orders_payload"}
    assert set(rebuild(runbook, server, "public.?????_pkey").indexes) == {"lines_pkey"}


@pytest.mark.parametrize("version", [15, 18])
def test_dry_run_changes_nothing(runbook, server):
    make_bloated(server)
    make_invalid(server, "REINDEX INDEX CONCURRENTLY orders_pkey", "orders_pkey_ccnew")
    before = oid(server, "orders_pkey")
    script = runbook("indexes", "rebuild", "--dry-run", "orders_pkey", server=server).expect(0)
    assert 'REINDEX INDEX CONCURRENTLY "public"."orders_pkey";' in script.out
    assert "lock_timeout = '0ms'" in script.out
    planned = rebuild(runbook, server, "--dry-run", "orders_pkey")
    assert planned.outcomes == {"orders_pkey": "planned"}
    assert planned.document["outcome"] is None and planned.document["run_id"] is None
    assert oid(server, "orders_pkey") == before
    assert invalid(server) == ["orders_pkey_ccnew"]
    assert not runbook.history.exists()


@pytest.mark.parametrize("version", [15])
def test_two_at_once(runbook, server):
    """One run of a kind at a time, for one database."""
    make_bloated(server)
    holder = server.connect()
    holder.execute("BEGIN; SELECT FROM orders")
    first = start(runbook, server, "orders_pkey")
    wait_for_phase(server, "readers before dead")
    second = runbook("indexes", "rebuild", "--yes", "orders_pkey", server=server).expect(4)
    assert "another indexes run is at work" in second.err
    holder.close()
    first.wait().expect(0)
    assert invalid(server) == []


@pytest.mark.parametrize("version", [15])
def test_history_that_cannot_be_written(runbook, server):
    """Evidence never stops maintenance, and what a run leaves it still drops."""
    make_bloated(server)
    blocker = server.connect()
    blocker.execute("CREATE TABLE elsewhere ()")
    blocker.execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT FROM elsewhere")
    runbook.history.parent.mkdir(parents=True)
    runbook.history.write_text("this is no history", encoding="utf-8")
    options = configure(runbook, patience="1s")
    report = rebuild(runbook, server, *options, "orders_pkey", code=5)
    assert report.document["evidence_lost"] and report.document["run_id"] is None
    assert [left["outcome"] for left in report.leftovers.values()] == ["dropped"]
    assert invalid(server) == []


def test_bloated_ones(runbook, server):
    """Those that are mostly air, by the planner's statistics, and no others."""
    make_bloated(server, rows=100_000)
    server.make_table("clean", rows=100_000)
    server.sql("CREATE INDEX clean_payload ON clean (payload); ANALYZE")
    server.settle_stats()
    options = configure(runbook, bloat_size="1MB")
    before = size(server, "orders_pkey")
    report = rebuild(runbook, server, *options, "--bloated", server.dbname)
    assert report.outcomes == {"orders_pkey": "done"}
    won = before - size(server, "orders_pkey")
    assert won > before / 2
    planned = report.reason("orders_pkey")
    assert planned.startswith("bloated: a rebuild would win about ")
    assert rebuild(runbook, server, *options, "--bloated").indexes == {}
    assert rebuild(runbook, server, "--bloated", "--invalid").indexes == {}
