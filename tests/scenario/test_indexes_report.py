"""`pgrunbook indexes report`: which indexes nobody uses, and which of those have to stay all the
same. Each reason to keep one is shown both ways: with it the index is kept for that reason, and
without it the same index is a drop-candidate."""

import csv
import io

import pytest
from support.indexes import (CANDIDATE, INVALID, UNUSED, configure, definition, make_orders,
                             observed, psql, report, scan)

# What makes an index {i} on {t} (a) stay. Without it there is a plain index.
REASONS = {
    "is_primary": ("ALTER TABLE {t} ADD CONSTRAINT {i} PRIMARY KEY (a)", "keep: primary key"),
    "is_constraint": ("ALTER TABLE {t} ADD CONSTRAINT {i} UNIQUE (a)", "keep: unique constraint"),
    "exclusion": ("ALTER TABLE {t} ADD CONSTRAINT {i} EXCLUDE (a WITH =)",
                  "keep: exclusion constraint"),
    "is_unique": ("CREATE UNIQUE INDEX {i} ON {t} (a)", "keep: unique"),
    "identity": ("CREATE UNIQUE INDEX {i} ON {t} (a); ALTER TABLE {t} REPLICA IDENTITY "
                 "USING INDEX {i}", "keep: replica identity"),
    "clustered": ("CREATE INDEX {i} ON {t} (a); ALTER TABLE {t} CLUSTER ON {i}",
                  "keep: the table is clustered by it"),
    "of_foreign_key": ("CREATE INDEX {i} ON {t} (a); ALTER TABLE {t} ADD CONSTRAINT a_is_known "
                "FOREIGN KEY (a) REFERENCES known", "keep: the only index under foreign key "
                "a_is_known"),
}


def test_every_reason_to_keep_an_index(runbook, server):
    server.sql("CREATE TABLE known (a int PRIMARY KEY)")
    for name, (statements, _) in REASONS.items():
        server.sql(f"CREATE TABLE {name} (a int NOT NULL); CREATE TABLE {name}_not (a int);"
                   + statements.format(t=name, i=f"{name}_i")
                   + f";CREATE INDEX {name}_not_i ON {name}_not (a)")
    found = observed(runbook, server)
    assert found.verdicts() == {
        "known_pkey": "keep: primary key",
        **{f"{name}_i": verdict for name, (_, verdict) in REASONS.items()},
        **{f"{name}_not_i": CANDIDATE for name in REASONS}}
    for name in REASONS:
        assert found.finding(f"{name}_i", UNUSED)["drop_sql"] is None
        assert found.finding(f"{name}_i", UNUSED)["undo_sql"] is None


def test_an_index_that_is_used(runbook, server):
    make_orders(server, {"orders_day": "(day)", "orders_customer": "(customer)"})
    query = "SELECT count(note) FROM orders WHERE day = 3"
    found = observed(runbook, server, meanwhile=lambda: scan(server, query, times=2))
    assert found.verdicts() == {"orders_pkey": "keep: primary key", "orders_customer": CANDIDATE}
    used, unused = found.indexes["orders_day"], found.indexes["orders_customer"]
    assert used["scans"] == 2
    assert used["rows_read"] > 0
    assert [unused[key] for key in ("scans", "rows_read", "rows_fetched")] == [0, 0, 0]
    assert used["size_bytes"] == server.value("SELECT pg_relation_size('orders_day')")
    assert (used["last_scan"] is not None) == (server.version >= 16)
    assert unused["last_scan"] is None


def test_checking_uniqueness_is_no_scan(runbook, server):
    """Ten thousand rows went through it, and its counter says 0."""
    make_orders(server, rows=10_000)
    found = observed(runbook, server)
    assert found.indexes["orders_pkey"]["scans"] == 0
    assert found.verdict("orders_pkey") == "keep: primary key"


def test_small_indexes_stay_when_one_says_so(runbook, server):
    make_orders(server, {"orders_day": "(day)"})
    size = server.value("SELECT pg_relation_size('orders_day')")
    for floor, verdict in ((size, CANDIDATE),
                           (size + 1, "keep: smaller than indexes.min_size")):
        found = observed(runbook, server, *configure(runbook, min_size=f"{floor}B"))
        assert found.verdict("orders_day") == verdict


def test_the_way_there_and_back(runbook, server):
    """What is printed can be pasted: it drops the index, and it makes it again as it was."""
    make_orders(server, {"plain": "(day)", "sorted": "(day DESC NULLS LAST, note COLLATE \"C\")",
                         "partial": "(customer) WHERE day > 3 AND note <> 'it''s; this'",
                         "expression": "(lower(note), (day + 1))",
                         "filled": "(day) WITH (fillfactor = 70)",
                         "including": "(customer) INCLUDE (day)",
                         "pattern": "(note text_pattern_ops)", "hashed": "USING hash (day)",
                         "ranges": "USING brin (id) WITH (pages_per_range = 4)"})
    server.sql("COMMENT ON INDEX plain IS E'it''s \"our\"\\nindex; DROP TABLE orders; \\\\x'")
    found = observed(runbook, server)
    names = set(found.indexes) - {"orders_pkey"}
    before = {name: definition(server, name) for name in names}
    for name in names:
        finding = found.finding(name, UNUSED)
        assert finding["verdict"] == CANDIDATE
        psql(server, finding["drop_sql"] + ";")
        assert not server.sql("SELECT 1 FROM pg_class WHERE relname = %s", [name])
        psql(server, finding["undo_sql"] + ";")
    assert {name: definition(server, name) for name in names} == before


def test_statistics_of_expressions_are_mentioned(runbook, server):
    """A plan may rest on them although no scan ever uses the index."""
    make_orders(server, {"orders_day": "(day)", "orders_lower": "(lower(note))"})
    found = observed(runbook, server)
    assert "statistics of its expressions" in found.reason("orders_lower")
    assert "statistics" not in found.reason("orders_day")


# ---- partitions ------------------------------------------------------------------------------

TREE = """
CREATE TABLE events (id int, day int, kind text) PARTITION BY RANGE (day);
CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM (0) TO (10);
CREATE TABLE events_2 PARTITION OF events FOR VALUES FROM (10) TO (20) PARTITION BY LIST (kind);
CREATE TABLE events_2_a PARTITION OF events_2 FOR VALUES IN ('a');
CREATE TABLE events_2_b PARTITION OF events_2 FOR VALUES IN ('b');
CREATE INDEX events_id ON events (id);
INSERT INTO events SELECT i, i % 20, CASE WHEN i % 3 = 0 THEN 'a' ELSE 'b' END
    FROM generate_series(1, 3000) AS i;
ANALYZE events;
"""
PARTS = ["events_1_id_idx", "events_2_id_idx", "events_2_a_id_idx", "events_2_b_id_idx"]
PART = "keep: part of partitioned index events_id"


@pytest.fixture
def tree(server):
    """Three levels: events, events_2, and its partitions."""
    server.sql(TREE)
    server.settle_stats()


def test_parts_speak_through_their_parent(runbook, server, tree):
    found = observed(runbook, server)
    assert found.verdicts() == {"events_id": CANDIDATE, **dict.fromkeys(PARTS, PART)}
    assert found.indexes["events_id"]["size_bytes"] == server.value(
        "SELECT sum(pg_relation_size(relid)) FROM pg_partition_tree('events_id')")
    assert found.indexes["events_2_id_idx"]["size_bytes"] == server.value(
        "SELECT sum(pg_relation_size(relid)) FROM pg_partition_tree('events_2_id_idx')")


@pytest.mark.parametrize("where, used", [
    ("events_1", {"events_1_id_idx"}),
    ("events_2_b", {"events_2_b_id_idx", "events_2_id_idx"})])
def test_use_of_one_part_is_use_of_the_whole(runbook, server, tree, where, used):
    query = f"SELECT kind FROM {where} WHERE id = 7"
    found = observed(runbook, server, meanwhile=lambda: scan(server, query))
    assert found.verdicts() == dict.fromkeys(set(PARTS) - used, PART)


def test_a_partition_that_came_later(runbook, server, tree):
    """It was never scanned since it is there: the whole was observed for long enough."""
    report(runbook, server, "--evidence", 0)
    server.sql("CREATE TABLE events_3 PARTITION OF events FOR VALUES FROM (20) TO (30)")
    assert report(runbook, server, "--evidence", 0).verdict("events_id") == CANDIDATE


def test_an_index_of_one_partition_alone(runbook, server, tree):
    """It is no part of anything: the same index as before, but not attached."""
    server.sql("DROP INDEX events_id; CREATE INDEX events_1_id_idx ON events_1 (id)")
    assert observed(runbook, server).verdicts() == {"events_1_id_idx": CANDIDATE}


def test_a_tree_and_its_undo(runbook, server, tree):
    before = {name: definition(server, name) for name in ["events_id", *PARTS]}
    finding = observed(runbook, server).finding("events_id", UNUSED)
    assert finding["drop_sql"] == 'DROP INDEX "public"."events_id"', "a tree cannot concurrently"
    psql(server, finding["drop_sql"] + ";")
    psql(server, finding["undo_sql"] + ";")
    assert {name: definition(server, name) for name in ["events_id", *PARTS]} == before
    parents = dict(server.sql("""SELECT c.relname, i.inhparent::regclass::text FROM pg_inherits i
        JOIN pg_class c ON c.oid = i.inhrelid WHERE c.relkind IN ('i', 'I')"""))
    assert parents == {"events_1_id_idx": "events_id", "events_2_id_idx": "events_id",
                       "events_2_a_id_idx": "events_2_id_idx",
                       "events_2_b_id_idx": "events_2_id_idx"}


def test_a_tree_that_lacks_parts(runbook, server, tree):
    server.sql("CREATE INDEX events_day ON ONLY events (day)")
    found = observed(runbook, server)
    assert found.verdict("events_day", INVALID) == "keep: not every partition has its part"
    assert found.verdict("events_id", INVALID) is None


# ---- what people see -------------------------------------------------------------------------


def test_table_for_people(runbook, server):
    make_orders(server, {"orders_day": "(day)", "orders_day_too": "(day)"})
    observed(runbook, server)
    text = runbook("indexes", "report", "--evidence", 0, server=server).expect(0).out
    assert text.count('DROP INDEX CONCURRENTLY "public"."orders_day_too";') == 1, \
        "once, although two findings speak against it"
    assert "-- undo: CREATE INDEX CONCURRENTLY orders_day ON public.orders" in text
    assert "keep: primary key" not in text, "only with -v"
    assert "3 indexes: 2 to drop" in text
    everything = runbook("indexes", "report", "-v", server=server).expect(0).out
    assert "keep: primary key" in everything


def test_what_is_printed_runs_in_psql(runbook, server):
    """The DROP statements of the table as they are, and then their undo lines."""
    make_orders(server, {"orders_day": "(day)", "orders_lower": "(lower(note))"})
    server.sql("COMMENT ON INDEX orders_day IS 'ours'")
    before = [definition(server, name) for name in ("orders_day", "orders_lower")]
    observed(runbook, server)
    lines = runbook("indexes", "report", "--evidence", 0, server=server).expect(0).out.splitlines()
    psql(server, "\n".join(line for line in lines if line.startswith("DROP INDEX")))
    assert set(report(runbook, server).indexes) == {"orders_pkey"}
    undo = [line.removeprefix("-- undo: ").removeprefix("--       ") for line in lines
            if line.startswith("--") and not line.startswith("---")]
    psql(server, "\n".join(undo))
    assert [definition(server, name) for name in ("orders_day", "orders_lower")] == before


@pytest.mark.parametrize("version", [15])
def test_csv_and_markdown(runbook, server):
    make_orders(server, {"orders_day": "(day)"})
    observed(runbook, server)
    words = ["indexes", "report", "--evidence", 0, "--format"]
    text = runbook(*words, "csv", server=server).expect(0).out
    rows = {row["index"]: row for row in csv.DictReader(io.StringIO(text))}
    assert set(rows) == {"public.orders_pkey", "public.orders_day"}
    assert rows["public.orders_day"]["verdict"] == CANDIDATE
    assert rows["public.orders_day"]["finding"] == UNUSED
    lines = runbook(*words, "markdown", server=server).expect(0).out.splitlines()
    assert lines[0].startswith("| index | size | scans |")
    assert "| public.orders_day |" in "\n".join(lines)


def test_selection(runbook, server):
    make_orders(server, {"orders_day": "(day)"})
    server.sql("CREATE SCHEMA shop; CREATE TABLE shop.items (id int PRIMARY KEY, price int);"
               "CREATE INDEX items_price ON shop.items (price)")
    everything = {"orders_pkey", "orders_day", "items_pkey", "items_price"}
    assert set(report(runbook, server).indexes) == everything
    for options, names in ((["--table", "orders"], {"orders_pkey", "orders_day"}),
                           (["--table", "shop.*"], {"items_pkey", "items_price"}),
                           (["--schema", "shop"], {"items_pkey", "items_price"}),
                           (["-t", "items", "-t", "ord*"], everything)):
        assert set(report(runbook, server, *options).indexes) == names
    text = runbook("indexes", "report", "-t", "orders", server=server).expect(0).out
    assert "2 indexes: 0 to drop" in text and "of 1 not enough is known" in text
