"""No migration is applied twice, and none that nobody meant: whoever is killed, whatever lies beside
the folder's own table, whoever else starts meanwhile."""

import os
import signal
import time
from zlib import crc32

import pytest

from support.migrations_apply import (REASON, Folder, applied, apply, at_work, columns, ended,
                                      index, start)
from support.servers import ENDS, wait_until

versions = ENDS
COUNT = "UPDATE acc SET v = v + 1"
BUILDS = "CREATE INDEX CONCURRENTLY orders_payload ON orders (payload);"


@pytest.fixture
def folder(server, runbook):
    server.make_table("orders", rows=100)
    server.sql("CREATE TABLE acc (v int); INSERT INTO acc VALUES (0)")
    return Folder(runbook)


def counted(server):
    return server.value("SELECT v FROM acc")


def gone(server, pid):
    wait_until(lambda: not server.sql("SELECT 1 FROM pg_stat_activity WHERE pid = %s", [pid]),
               what="its end on the server")


def goose(folder, text, name="00001_a.sql"):
    (folder.path / name).write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize("verb", ["apply", "revert"])
def test_a_single_file_is_no_folder(server, runbook, folder, verb):
    """golang-migrate's one row would say that those before it are applied, or that none is."""
    for number in (1, 2):
        folder.add(number, "a", f"CREATE TABLE t{number} ();", f"DROP TABLE t{number};")
    if verb == "revert":
        apply(runbook, server, folder)
    file = folder.path / ("2_a.up.sql" if verb == "apply" else "2_a.down.sql")
    before = applied(server)
    refused = runbook("migrations", verb, file, "--yes", "--force", REASON, server=server)
    assert "folder" in refused.expect(2).err
    assert applied(server) == before


def test_another_applications_table_is_left_alone(server, runbook, folder):
    server.sql("CREATE SCHEMA billing; CREATE TABLE billing.schema_migrations"
               " (version bigint PRIMARY KEY, dirty boolean NOT NULL);"
               "INSERT INTO billing.schema_migrations VALUES (1, false)")
    folder.add(1, "a", COUNT).add(2, "b", COUNT)
    refused = start(runbook, server, folder).wait().expect(4)
    assert "billing.schema_migrations" in refused.err and "migrations.table" in refused.err
    config = runbook.home / "table.conf"
    config.write_text("[pgrunbook]\nmigrations.table = public.schema_migrations\n")
    apply(runbook, server, folder, "--config", config)
    assert counted(server) == 2 and applied(server) == [(2, False)]
    assert applied(server, "billing.schema_migrations") == [(1, False)]


def test_nor_is_it_taken_in_the_place_of_another_tools(server, runbook, folder):
    server.sql("CREATE TABLE schema_migrations (version varchar PRIMARY KEY);"
               "CREATE SCHEMA o; CREATE TABLE o.schema_migrations"
               " (version bigint PRIMARY KEY, dirty boolean NOT NULL)")
    folder.add(1, "a", COUNT)
    assert "is that of dbmate" in start(runbook, server, folder).wait().expect(4).err


def test_what_could_be_one_transaction_is(server, runbook, folder):
    goose(folder, f"-- +goose NO TRANSACTION\n-- +goose Up\n{COUNT};\n")
    server.sql("CREATE TABLE goose_db_version (id serial PRIMARY KEY, version_id bigint NOT NULL,"
               " is_applied boolean NOT NULL, tstamp timestamp DEFAULT now())")
    other = server.connect()
    other.execute("BEGIN; LOCK TABLE goose_db_version IN SHARE MODE")
    running = start(runbook, server, folder, "--lock-timeout", "30s", "--max-hold", "60s")
    pid = at_work(server, "INSERT INTO")
    running.kill()
    gone(server, pid)
    other.execute("COMMIT")
    run = apply(runbook, server, folder)
    assert run.items["1"]["transactional"] is True and counted(server) == 1


BATCH = """CREATE PROCEDURE batch() LANGUAGE plpgsql AS $$ BEGIN
    UPDATE acc SET v = v + 1; COMMIT;
    UPDATE orders SET payload = 'done' WHERE id = 1; COMMIT; END $$"""


def test_a_call_that_commits_by_itself_is_sent_once(server, runbook, folder):
    server.sql(BATCH)
    goose(folder, "-- +goose NO TRANSACTION\n-- +goose Up\nCALL batch();\n")
    writer = server.connect()
    writer.execute("BEGIN; UPDATE orders SET payload = 'other' WHERE id = 1")
    config = runbook.home / "patience.conf"
    config.write_text("[pgrunbook]\nmigrations.patience = 1s\n")
    run = apply(runbook, server, folder, "--config", config, code=1)
    assert run.items["1"]["attempts"] == 1 and counted(server) == 1
    writer.execute("COMMIT")
    run = apply(runbook, server, folder, code=4)
    assert "had begun it" in run.reason() and counted(server) == 1


def test_nor_after_a_run_that_died(server, runbook, folder):
    server.sql(BATCH)
    goose(folder, "-- +goose NO TRANSACTION\n-- +goose Up\nCALL batch();\n")
    writer = server.connect()
    writer.execute("BEGIN; UPDATE orders SET payload = 'other' WHERE id = 1")
    running = start(runbook, server, folder)
    pid = at_work(server, "CALL")
    wait_until(lambda: counted(server) == 1)
    running.kill()
    gone(server, pid)
    writer.execute("COMMIT")
    run = apply(runbook, server, folder, code=4)
    assert "had begun it" in run.reason() and counted(server) == 1


def test_a_backend_of_a_killed_run_is_waited_for(server, runbook, folder):
    """The server does not look for its client while it waits for a standby in COMMIT."""
    folder.add(1, "count", f"{COUNT};")
    operator = server.connect()
    operator.execute("SET synchronous_commit = local")
    operator.execute("ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
    operator.execute("SELECT pg_reload_conf()")
    try:
        running = start(runbook, server, folder, "--max-hold", "60s", "--max-wait", "60s")
        wait_until(lambda: server.sql("SELECT 1 FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
                                      " AND query = 'COMMIT'"), what="its COMMIT")
        running.kill()
        time.sleep(3)
        second = start(runbook, server, folder)
        time.sleep(3)
    finally:
        operator.execute("ALTER SYSTEM RESET synchronous_standby_names")
        operator.execute("SELECT pg_reload_conf()")
    second.wait(timeout=60)
    assert counted(server) == 1 and applied(server) == [(1, False)]


def test_what_another_run_has_done_meanwhile_is_not_done_again(server, runbook, folder):
    folder.add(1, "bulk", "UPDATE orders SET payload = 'x';").add(2, "count", f"{COUNT};")
    other = server.connect()
    other.execute("BEGIN; LOCK TABLE orders IN SHARE UPDATE EXCLUSIVE MODE")
    first = start(runbook, server, folder)
    pid = at_work(server, "ANALYZE")
    second = start(runbook, server, folder, "--state", runbook.home / "another.db")
    wait_until(lambda: len(server.backends("pgrunbook migrations")) == 3)
    os.kill(first.process.pid, signal.SIGSTOP)
    for held in server.sql("""SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND pid <> %s
            AND database = (SELECT oid FROM pg_database WHERE datname = current_database())""",
                           [pid]):
        server.sql("SELECT pg_terminate_backend(%s)", list(held))
    wait_until(lambda: counted(server) == 1, what="the second run's")
    os.kill(first.process.pid, signal.SIGCONT)
    other.execute("COMMIT")
    first.wait(timeout=90)
    second.wait(timeout=90)
    assert counted(server) == 1 and applied(server) == [(2, False)]


def test_a_program_that_stands_still_holds_nothing_for_long(server, runbook, folder):
    """After a quick ALTER TABLE too the server ends by itself what comes behind it."""
    folder.add(1, "holds", "ALTER TABLE orders ADD COLUMN a int;\nSET statement_timeout = 0;\n"
                           "SELECT pg_sleep(20);")
    running = start(runbook, server, folder, "--max-hold", "1s", "--lock-timeout", "500ms")
    pid = at_work(server, "SELECT pg_sleep")
    os.kill(running.process.pid, signal.SIGSTOP)
    try:
        started = time.monotonic()
        wait_until(lambda: server.sql("SELECT 1 FROM pg_locks WHERE mode = 'AccessExclusiveLock'"
                                      " AND pid = %s", [pid]) == [], what="the table's release")
        assert time.monotonic() - started < 6
    finally:
        os.kill(running.process.pid, signal.SIGCONT)
    running.wait(timeout=60)
    assert columns(server, "orders") == {"id": "integer", "payload": "text"}


def test_golang_migrate_that_waits_does_not_stop_a_build(server, runbook, folder):
    """It waits in pg_advisory_lock() with a snapshot, which the build waits for."""
    folder.add(1, "payload", BUILDS)
    reader = server.connect()
    reader.execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT * FROM orders")
    running = start(runbook, server, folder)
    at_work(server, "CREATE INDEX")
    key = crc32(f"public\0schema_migrations\0{server.dbname}".encode()) * 1486364155 & 0xffffffff
    tool = server.connect()
    tool.execute("SET statement_timeout = '20s'")
    tool.execute("SELECT pg_advisory_lock(%s::bigint)", [key])
    assert tool.execute("SELECT dirty FROM schema_migrations").fetchone() == (True,)
    tool.close()
    reader.execute("COMMIT")
    assert ended(running).outcomes == {"1": "done"}
    assert index(server, "orders_payload") is True and applied(server) == [(1, False)]


def test_a_mark_of_a_run_at_work_is_no_refusal(server, runbook, folder):
    """Who heeded it would take away the mark of a build that is under way."""
    folder.add(1, "payload", BUILDS)
    reader = server.connect()
    reader.execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT * FROM orders")
    first = start(runbook, server, folder)
    at_work(server, "CREATE INDEX")
    second = start(runbook, server, folder, "--state", runbook.home / "another.db")
    wait_until(lambda: len(server.backends("pgrunbook migrations")) == 3)
    assert applied(server) == [(1, True)]
    time.sleep(1)
    assert second.running()
    reader.execute("COMMIT")
    assert ended(first).outcomes == {"1": "done"} and ended(second).outcomes == {}


def test_nothing_is_marked_before_the_way_is_free(server, runbook, folder):
    """golang-migrate, and every application that has it inside, would not start any more."""
    folder.add(1, "payload", BUILDS)
    server.sql("CREATE INDEX orders_payload ON orders (payload);"
               "UPDATE pg_index SET indisvalid = false"
               " WHERE indexrelid = 'orders_payload'::regclass")
    reader = server.connect()
    reader.execute("BEGIN; SELECT * FROM orders")
    running = start(runbook, server, folder)
    at_work(server, "DROP INDEX")
    assert applied(server) == []
    reader.execute("COMMIT")
    assert ended(running).outcomes == {"1": "done"}


@pytest.mark.parametrize("statement", ["DROP INDEX CONCURRENTLY orders_i", "VACUUM FULL orders"])
def test_what_only_ran_out_of_patience_leaves_no_mark(server, runbook, folder, statement):
    server.sql("CREATE INDEX orders_i ON orders (payload)")
    folder.add(1, "a", f"{statement};")
    reader = server.connect()
    reader.execute("BEGIN; SELECT * FROM orders")
    config = runbook.home / "patience.conf"
    config.write_text("[pgrunbook]\nmigrations.patience = 1s\n")
    apply(runbook, server, folder, "--config", config, "--retries", "0", code=1)
    reader.execute("COMMIT")
    apply(runbook, server, folder)
    assert applied(server) == [(1, False)]


def test_another_index_of_that_name_is_not_taken_for_what_was_begun(server, runbook, folder):
    folder.add(1, "payload", BUILDS)
    reader = server.connect()
    reader.execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT * FROM orders")
    running = start(runbook, server, folder)
    pid = at_work(server, "CREATE INDEX")
    running.kill()
    gone(server, pid)
    reader.execute("COMMIT")
    server.sql("DROP INDEX orders_payload; CREATE INDEX orders_payload ON orders (lower(payload))")
    run = apply(runbook, server, folder, code=4)
    assert "is another one" in run.reason() and index(server, "orders_payload") is True


def test_what_a_reindex_leaves_is_dropped(server, runbook, folder):
    server.sql("CREATE INDEX orders_i ON orders (payload)")
    folder.add(1, "a", "REINDEX INDEX CONCURRENTLY orders_i;")
    writer = server.connect()
    writer.execute("BEGIN; INSERT INTO orders VALUES (0, 'x')")
    running = start(runbook, server, folder)
    pid = at_work(server, "REINDEX")
    wait_until(lambda: index(server, "orders_i_ccnew") is False)
    server.sql("SELECT pg_cancel_backend(%s)", [pid])
    time.sleep(1)
    writer.execute("COMMIT")
    ended(running, 1)
    assert index(server, "orders_i_ccnew") is None and applied(server) == []
    apply(runbook, server, folder)
    assert applied(server) == [(1, False)] and index(server, "orders_i") is True


def test_a_file_without_a_number_is_passed_over_as_goose_does(server, runbook, folder):
    goose(folder, f"-- +goose Up\n{COUNT};\n", "init.sql")
    goose(folder, "-- +goose Up\nSELECT 1;\n")
    for _ in range(2):
        apply(runbook, server, folder)
    assert counted(server) == 0
