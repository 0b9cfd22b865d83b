"""Space given back by each means the server itself has, and never by a harsher one than needed. What
was won is what the file system got back."""

import os
import subprocess

import pytest
from support.reclaim import (SMALL, checksum, configure, ended, filenode, make_bloated_index,
                             make_empty_end, make_holes, plan, run, settle, size, start)
from support.servers import ENDS, wait_until
from support.vacuum import last_run

versions = ENDS


def test_empty_end_is_cut_off(runbook, server):
    make_empty_end(server, "events")
    before, rows, node = size(server, "events"), checksum(server, "events"), filenode(server, "events")
    report = run(runbook, server)
    assert report.means == {"events": "vacuum_truncate"}
    assert report.outcomes == {"events": "done"}
    after = size(server, "events")
    assert after < before / 3
    assert report.objects["events"]["won_bytes"] == report.won_bytes == before - after
    assert (checksum(server, "events"), filenode(server, "events")) == (rows, node)


def test_index_is_rebuilt(runbook, server):
    make_bloated_index(server, "orders")
    before, table = size(server, "orders_pkey"), size(server, "orders")
    report = run(runbook, server)
    assert report.means == {"orders_pkey": "reindex_concurrently"}
    assert report.outcomes == {"orders_pkey": "done"}
    after = size(server, "orders_pkey")
    assert after < 0.6 * before
    assert report.objects["orders_pkey"]["won_bytes"] == before - after
    assert size(server, "orders") == table
    assert server.value("SELECT bool_and(indisvalid) FROM pg_index WHERE indrelid = 'orders'::regclass")


def test_nothing_closes_a_table_unasked(runbook, server):
    make_holes(server, "holes")
    before, node = size(server, "holes"), filenode(server, "holes")
    report = run(runbook, server, code=5)
    assert report.means == {"holes": "none"}
    assert report.outcomes == {"holes": "skipped"}
    reason = report.reason("holes")
    assert "--allow-exclusive-lock" in reason and "closes the table for about" in reason
    assert "pg_repack" in reason
    assert (size(server, "holes"), filenode(server, "holes")) == (before, node)
    assert report.won_bytes == 0


def test_closed_when_asked_to(runbook, server):
    make_holes(server, "holes")
    before, rows = size(server, "holes"), checksum(server, "holes")
    planned = plan(runbook, server, "--allow-exclusive-lock")
    assert planned.objects["holes"]["closed_seconds"] > 0
    assert "nobody can use the table" in planned.reason("holes")
    report = run(runbook, server, "--allow-exclusive-lock")
    assert report.means["holes"] == "vacuum_full"
    assert report.outcomes["holes"] == "done"
    assert size(server, "holes") < before / 3
    assert report.objects["holes"]["won_bytes"] >= before - size(server, "holes")
    assert checksum(server, "holes") == rows

    # The next time it is known how fast this was.
    shown = last_run(runbook)
    assert [item["outcome"] for item in shown["objects"]] == ["done"]
    assert shown["run"]["summary"]["won_bytes"] == report.won_bytes


def test_exact_numbers(runbook, server):
    make_empty_end(server, "events")
    refused = runbook("bloat", "reclaim", "--yes", *SMALL, "--method", "exact",
                      server=server).expect(4)
    assert "pgstattuple" in refused.err
    server.sql("CREATE EXTENSION pgstattuple")
    before = size(server, "events")
    report = run(runbook, server, "--method", "exact")
    assert report.outcomes == {"events": "done"}
    assert size(server, "events") < before / 3


def test_unknown_method(runbook, server):
    result = runbook("bloat", "reclaim", "--yes", "--method", "guess", server=server).expect(2)
    assert "estimate, sample or exact" in result.err


def test_nothing_to_do(runbook, server):
    server.make_table("clean", 12_000)
    report = run(runbook, server)
    assert (report.objects, report.outcome, report.won_bytes) == ({}, "done", 0)


def test_thresholds(runbook, server):
    make_empty_end(server, "events")
    assert plan(runbook, server, "--min-size", "1GB").objects == {}
    assert plan(runbook, server, "--min-fraction", "90%").objects == {}
    assert "events" in plan(runbook, server, "--min-fraction", "60%").objects
    file = configure(runbook, worth_bytes="1GB")
    assert runbook("bloat", "reclaim", "--dry-run", "--json", *file,
                   server=server).expect(0).json["objects"] == []


def test_dry_run_changes_nothing(runbook, server):
    make_empty_end(server, "events")
    make_holes(server, "holes")
    before = {name: (size(server, name), filenode(server, name)) for name in ("events", "holes")}
    for options in ([], ["--allow-exclusive-lock"]):
        runbook("bloat", "reclaim", "--dry-run", *SMALL, *options, server=server).expect(0)
        plan(runbook, server, *options)
    assert {name: (size(server, name), filenode(server, name)) for name in before} == before
    assert not runbook.history.exists()


def test_dry_run_is_a_script(runbook, server):
    """What it prints does the same when psql runs it."""
    make_empty_end(server, "events")
    make_holes(server, '"Ho les"')
    make_bloated_index(server, "orders")
    before = {name: size(server, name) for name in ("events", '"Ho les"', "orders_pkey")}
    script = runbook("bloat", "reclaim", "--dry-run", *SMALL, "--allow-exclusive-lock",
                     server=server).expect(0).out
    subprocess.run(["psql", "-X", "-v", "ON_ERROR_STOP=1"], input=script, text=True, check=True,
                   env={**os.environ, **server.environment}, capture_output=True)
    for name, bytes_before in before.items():
        assert size(server, name) < 0.6 * bytes_before, name


def test_without_a_terminal_it_needs_yes(runbook, server):
    make_empty_end(server, "events")
    before = size(server, "events")
    result = runbook("bloat", "reclaim", *SMALL, server=server).expect(2)
    assert "--yes" in result.err
    assert size(server, "events") == before


def test_standby(runbook, fresh_server):
    """It is refused there; and its primary keeps the end of a table, because cutting it off would
    cancel the standby's queries."""
    primary = fresh_server()
    make_empty_end(primary, "events")
    standby = fresh_server.standby(primary)
    result = runbook("bloat", "reclaim", "--yes", *SMALL, server=standby).expect(4)
    assert "standby" in result.err
    before = size(primary, "events")
    report = run(runbook, primary, code=5)
    assert report.means == {"events": "none"}
    assert "standby" in report.reason("events")
    assert size(primary, "events") == before


def test_rows_somebody_still_sees(runbook, server):
    """VACUUM cannot cut off what an old snapshot needs: that is said, and nothing is claimed."""
    server.sql("CREATE TABLE events (id int, payload text)")
    server.sql("INSERT INTO events SELECT i, repeat(md5(i::text), 10) "
               "FROM generate_series(1, 12000) AS i")
    reader = server.connect()
    reader.execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM events")
    server.sql("DELETE FROM events WHERE id > 3000")
    settle(server, "events")
    report = run(runbook, server, "--method", "estimate", code=5)
    assert report.means == {"events": "vacuum_truncate"}
    assert report.outcomes == {"events": "skipped"}
    assert "could not cut off" in report.reason("events")
    assert report.objects["events"]["won_bytes"] == 0


@pytest.mark.parametrize("name", ["Up Per", 'quo"te', "dot.ted", "semi;colon", "apo'strophe",
                                  "new\nline", "$dollar", "täble", "x" * 63])
def test_names(runbook, server, name):
    schema = f"s {name}"[:63]
    quoted = ".".join('"' + part.replace('"', '""') + '"' for part in (schema, name))
    server.sql(f'CREATE SCHEMA {quoted.split(".")[0] if "." not in schema else quote(schema)}')
    make_holes(server, quoted)
    end = quote(schema) + "." + quote("end of " + name)
    make_empty_end(server, end)
    before = size(server, quoted), size(server, end)
    report = run(runbook, server, "--allow-exclusive-lock")
    assert set(report.outcomes.values()) == {"done"}
    assert size(server, quoted) < before[0] / 3 and size(server, end) < before[1] / 3


def quote(name):
    return '"' + name.replace('"', '""') + '"'


def test_unlogged_tables(runbook, server):
    make_empty_end(server, "events", kind="UNLOGGED TABLE")
    make_holes(server, "holes", kind="UNLOGGED TABLE")
    report = run(runbook, server, "--allow-exclusive-lock")
    assert report.means == {"events": "vacuum_truncate", "holes": "vacuum_full"}
    assert set(report.outcomes.values()) == {"done"}


def test_materialized_view(runbook, server):
    server.sql("CREATE TABLE source AS SELECT i, repeat(md5(i::text), 10) AS payload "
               "FROM generate_series(1, 12000) AS i")
    server.sql("CREATE MATERIALIZED VIEW latest AS SELECT * FROM source; "
               "CREATE UNIQUE INDEX ON latest (i)")
    server.sql("DELETE FROM source WHERE i % 4 <> 0")
    server.sql("REFRESH MATERIALIZED VIEW CONCURRENTLY latest")
    settle(server, "latest")
    before = size(server, "latest")
    report = run(runbook, server, "--allow-exclusive-lock")
    assert report.means["latest"] == "vacuum_full"
    assert size(server, "latest") < before / 2


def test_toast(runbook, server):
    """The rows are small, what they point to is gone."""
    server.sql("CREATE TABLE pages (id int PRIMARY KEY, body text)")
    server.sql("ALTER TABLE pages ALTER body SET STORAGE EXTERNAL")
    server.sql("INSERT INTO pages SELECT i, repeat(md5(i::text), 200) "
               "FROM generate_series(1, 1000) AS i")
    server.sql("DELETE FROM pages WHERE id > 200")
    settle(server, "pages")
    server.sql("ANALYZE pages")
    toast = server.value("SELECT reltoastrelid::regclass::text FROM pg_class "
                         "WHERE oid = 'pages'::regclass")
    before = size(server, toast)
    report = run(runbook, server)
    assert report.means == {"pages": "vacuum_truncate"}
    assert report.outcomes == {"pages": "done"}
    assert size(server, toast) < before / 3
    assert report.won_bytes >= before - size(server, toast)


def test_toast_alone(runbook, server):
    """From 16 on VACUUM can leave the table itself alone; what is won is the same before."""
    server.sql("CREATE TABLE pages (id int PRIMARY KEY, body text)")
    server.sql("ALTER TABLE pages ALTER body SET STORAGE EXTERNAL")
    server.sql("INSERT INTO pages SELECT i, repeat(md5(i::text), 200) "
               "FROM generate_series(1, 1000) AS i")
    server.sql("UPDATE pages SET body = 'taken out' WHERE id > 200")
    settle(server, "pages")
    report = run(runbook, server)
    assert report.outcomes == {"pages": "done"}
    assert ("PROCESS_MAIN FALSE" in report.sql[0]) == (server.version >= 16)
    assert report.won_bytes > 4_000_000


def test_end_is_better_than_nothing(runbook, server):
    """Holes that only a rewrite would close, and an empty end: the end is given back, the rest is
    told what would help."""
    server.sql("CREATE TABLE events (id int, payload text)")
    server.sql("INSERT INTO events SELECT i, repeat(md5(i::text), 10) "
               "FROM generate_series(1, 24000) AS i")
    server.sql("DELETE FROM events WHERE id > 16000 OR id % 4 <> 0")
    settle(server, "events")
    before = size(server, "events")
    report = run(runbook, server)
    assert report.outcomes == {"events": "done"}
    assert "for the rest: pg_repack" in report.objects["events"]["reason"]
    assert 0.6 * before < size(server, "events") < 0.7 * before


def test_for_people(runbook, server):
    make_empty_end(server, "events")
    make_holes(server, "holes")
    shown = runbook("bloat", "reclaim", "--yes", *SMALL, server=server).expect(5).out
    events = next(line for line in shown.splitlines() if line.startswith("public.events"))
    assert "VACUUM (TRUNCATE)" in events and "done" in events and "MB" in events
    assert "1 object done, 1 skipped, 0 failed, 0 not reached" in shown
    assert "Recorded: pgrunbook history show 1" in shown
    csv = runbook("bloat", "reclaim", "--yes", "--format", "csv", *SMALL, server=server).expect(5)
    assert csv.out.splitlines()[0].startswith("object,means,outcome,before,after,won")
    assert csv.out.splitlines()[1].startswith("public.holes,none,skipped,")


def test_partitions(runbook, server):
    """A partitioned table holds nothing itself; its name stands for its partitions, and theirs."""
    server.sql("CREATE TABLE logs (id int, payload text) PARTITION BY RANGE (id)")
    server.sql("CREATE TABLE logs_1 PARTITION OF logs FOR VALUES FROM (0) TO (100000) "
               "PARTITION BY RANGE (id)")
    server.sql("CREATE TABLE logs_1_low PARTITION OF logs_1 FOR VALUES FROM (0) TO (50000)")
    server.sql("CREATE TABLE logs_2 PARTITION OF logs DEFAULT")
    for first in (1, 200_001):
        server.sql("INSERT INTO logs SELECT i, repeat(md5(i::text), 10) "
                   f"FROM generate_series({first}, {first + 11_999}) AS i")
    make_empty_end(server, "other")
    server.sql("DELETE FROM logs WHERE id % 200000 > 3000")
    settle(server, "logs_1_low", "logs_2")
    assert set(plan(runbook, server).objects) == {"logs_1_low", "logs_2", "other"}
    report = run(runbook, server, "--table", "logs")
    assert report.means == {"logs_1_low": "vacuum_truncate", "logs_2": "vacuum_truncate"}
    assert set(report.outcomes.values()) == {"done"}
    assert set(plan(runbook, server).objects) == {"other"}


def test_selection(runbook, server):
    server.sql("CREATE SCHEMA archive")
    make_empty_end(server, "events")
    make_empty_end(server, "archive.events")
    make_empty_end(server, "archive.orders")
    assert set(plan(runbook, server, "--schema", "public").objects) == {"events"}
    assert len(plan(runbook, server, "--table", "events").objects) == 1  # by name, in both
    chosen = plan(runbook, server, "--table", "archive.*").document["objects"]
    assert {(item["schema"], item["name"]) for item in chosen} == {("archive", "events"),
                                                                   ("archive", "orders")}
    result = runbook("bloat", "reclaim", "--yes", "--table", "evnets", server=server).expect(2)
    assert "events" in result.err


def test_locked_table_is_put_off_then_skipped(runbook, server):
    make_holes(server, "busy")
    make_empty_end(server, "events")
    writer = server.connect(application_name="migration 42")
    writer.execute("BEGIN; LOCK TABLE busy IN SHARE UPDATE EXCLUSIVE MODE")
    options = configure(runbook, lock_timeout="100ms", patience="1s")
    report = run(runbook, server, *options, "--allow-exclusive-lock", code=5)
    assert report.outcomes == {"busy": "skipped", "events": "done"}
    assert "migration 42" in report.reason("busy")
    assert size(server, "busy") > 1_000_000


def test_exclusive_lock_is_never_waited_for_long(runbook, server):
    """VACUUM (FULL) would make everybody queue behind it while it waits for one reader."""
    make_holes(server, "busy")
    reader = server.connect()
    reader.execute("BEGIN; SELECT count(*) FROM busy")
    node = filenode(server, "busy")
    options = configure(runbook, lock_timeout="100ms", patience="1s")
    report = run(runbook, server, *options, "--allow-exclusive-lock", code=5)
    assert report.outcomes == {"busy": "skipped"}
    assert "lock timeout" in report.reason("busy")
    assert filenode(server, "busy") == node
    reader.execute("COMMIT")
    report = run(runbook, server, *options, "--allow-exclusive-lock")
    assert report.outcomes == {"busy": "done"}


def test_table_dropped_after_it_was_planned(runbook, server):
    """Its turn comes behind that of a table that takes its time."""
    make_holes(server, "slow", rows=24_000)
    make_holes(server, "gone")
    blocker = server.connect()
    blocker.execute("BEGIN; SELECT count(*) FROM slow")
    options = configure(runbook, lock_timeout="20s")
    running = start(runbook, server, *options, "--allow-exclusive-lock")
    wait_until(lambda: server.sql("SELECT 1 FROM pg_locks WHERE NOT granted "
                                  "AND relation = 'slow'::regclass"), what="the first table")
    server.sql("DROP TABLE gone")
    blocker.execute("COMMIT")
    report = ended(running)
    assert report.outcomes == {"slow": "done", "gone": "skipped"}
    assert "dropped" in report.reason("gone")
