"""A file is one transaction with the version table's row in it, or one statement outside of any; and
before anything is done the gate is asked."""

from zlib import crc32

import pytest

from support import history
from support.migrations_apply import (REASON, Folder, applied, apply, columns, ended, revert,
                                      start)
from support.pooler import Pooler
from support.servers import ENDS, wait_until

versions = ENDS


def orders(runbook):
    return Folder(runbook).add(
        1, "orders", "CREATE TABLE orders (id int PRIMARY KEY, note varchar(20));",
        "DROP TABLE orders;")


def test_a_file_is_one_transaction(server, runbook):
    folder = orders(runbook)
    folder.add(2, "broken", "ALTER TABLE orders ADD COLUMN a int;\nSELECT 1 / 0;")
    folder.add(3, "later", "ALTER TABLE orders ADD COLUMN b int;")
    run = apply(runbook, server, folder, code=5)
    assert run.outcomes == {"1": "done", "2": "failed", "3": "not_reached"}
    assert "division by zero" in run.reason("2")
    assert columns(server, "orders") == {"id": "integer", "note": "character varying(20)"}
    assert applied(server) == [(1, False)]
    (folder.path / "2_broken.up.sql").write_text("BEGIN;\nALTER TABLE orders ADD COLUMN a int;\n"
                                                 "COMMIT;\n")
    run = apply(runbook, server, folder)
    assert run.outcomes == {"2": "done", "3": "done"}
    assert applied(server) == [(3, False)]
    assert run.items["2"]["held"][0]["mode"] == "AccessExclusiveLock"
    assert "public.orders" in [hold["relation"] for hold in run.items["2"]["held"]]
    assert apply(runbook, server, folder).items == {}


def test_the_gate_is_shut_without_rehearsal_and_backup(server, runbook):
    folder = orders(runbook)
    refused = start(runbook, server, folder, force=False).wait().expect(4)
    assert "rehearsed: 1 orders: never rehearsed" in refused.err
    assert "backup: no backup and no dump" in refused.err
    assert applied(server) == []
    shown = runbook("migrations", "apply", folder.path, "--dry-run", server=server).expect(0)
    assert "CREATE TABLE orders" in shown.out and "COMMIT;" in shown.out
    assert "gate backup is shut" in shown.err
    history.put_run(runbook, server, [], section="backup", verb="dump")
    refused = start(runbook, server, folder, force=False).wait().expect(4)
    assert "rehearsed:" in refused.err and "backup:" not in refused.err
    run = apply(runbook, server, folder)
    assert run.gates["rehearsed"]["answer"] == "forced"
    assert run.gates["backup"]["answer"] == "open"
    assert run.document["forced"] == REASON


@pytest.mark.parametrize("version", [15])
def test_what_was_rehearsed_and_backed_up_needs_no_force(server, runbook):
    """The second's rehearsal was on the schema that the first makes: it is asked for at its turn."""
    folder = orders(runbook)
    folder.add(2, "a", "ALTER TABLE orders ADD COLUMN a int;", "ALTER TABLE orders DROP COLUMN a;")
    runbook("migrations", "rehearse", folder.path, server=server).expect(0)
    history.put_run(runbook, server, [], section="backup", verb="dump")
    run = apply(runbook, server, folder, force=False)
    assert run.outcomes == {"1": "done", "2": "done"}
    assert run.gates["rehearsed"]["answer"] == "open"
    folder.add(3, "b", "ALTER TABLE orders ADD COLUMN b int;", "ALTER TABLE orders DROP COLUMN b;")
    runbook("migrations", "rehearse", folder.path, server=server).expect(0)
    server.sql("ALTER TABLE orders ADD COLUMN by_hand int")
    refused = start(runbook, server, folder, force=False).wait().expect(4)
    assert "on another schema than this one" in refused.err


def test_a_long_transaction_is_not_forced(server, runbook):
    folder = orders(runbook).add(2, "more", "ALTER TABLE orders ADD COLUMN a int;")
    apply(runbook, server, folder, "--to", "1")
    config = runbook.home / "old.conf"
    config.write_text("[pgrunbook]\nmigrations.old_transaction = 1s\n")
    reader = server.connect()
    reader.execute("BEGIN; SELECT * FROM orders")
    wait_until(lambda: server.value("SELECT bool_or(now() - xact_start > interval '1.1 s') "
                                    "FROM pg_stat_activity WHERE state = 'idle in transaction'"))
    refused = start(runbook, server, folder, "--config", config).wait().expect(4)
    assert "has a transaction of" in refused.err and "on orders" in refused.err
    reader.execute("COMMIT")
    apply(runbook, server, folder, "--config", config)


@pytest.mark.parametrize("version", [15])
def test_what_the_role_cannot_see_is_said(server, runbook):
    folder = orders(runbook).add(2, "more", "ALTER TABLE orders ADD COLUMN a int;")
    apply(runbook, server, folder, "--to", "1")
    server.sql("CREATE ROLE app_stranger LOGIN; CREATE ROLE migrator LOGIN;"
               "ALTER TABLE orders OWNER TO migrator; GRANT SELECT ON orders TO app_stranger;"
               "ALTER TABLE schema_migrations OWNER TO migrator")
    reader = server.connect(user="app_stranger")
    reader.execute("BEGIN; SELECT * FROM orders")
    run = apply(runbook, server, folder, "-U", "migrator", "--retries", "0", code=1)
    for gate in ("long transactions", "wraparound vacuum"):
        assert "lacks pg_monitor" in run.gates[gate]["evidence"]
    assert "GRANT pg_monitor" in run.err
    reader.close()
    server.sql("DROP OWNED BY app_stranger; REASSIGN OWNED BY migrator TO current_user;"
               "DROP ROLE app_stranger, migrator")


def test_statistics_are_there_again(server, runbook):
    folder = orders(runbook)
    apply(runbook, server, folder)
    server.sql("INSERT INTO orders SELECT i, 'note ' || i % 7 FROM generate_series(1, 500) AS i;"
               "ANALYZE orders")
    folder.add(2, "wider", "ALTER TABLE orders ALTER COLUMN note TYPE varchar(40);")
    run = apply(runbook, server, folder)
    assert [(item["table"], item["columns"], item["analyzed"])
            for item in run.items["2"]["statistics"]] == [("orders", ["note"], True)]
    assert server.value("SELECT count(*) FROM pg_stats WHERE tablename = 'orders' "
                        "AND attname = 'note'") == 1


def test_revert_takes_back_what_came_after(server, runbook):
    folder = orders(runbook)
    folder.add(2, "a", "ALTER TABLE orders ADD COLUMN a int;", "ALTER TABLE orders DROP COLUMN a;")
    folder.add(3, "b", "ALTER TABLE orders ADD COLUMN b int;", "ALTER TABLE orders DROP COLUMN b;")
    apply(runbook, server, folder)
    run = revert(runbook, server, folder)
    assert run.outcomes == {"3": "done"} and applied(server) == [(2, False)]
    run = revert(runbook, server, folder, "--to", "0")
    assert run.outcomes == {"2": "done", "1": "done"} and applied(server) == []
    assert server.value("SELECT to_regclass('orders')") is None


def test_what_cannot_be_one_transaction_is_refused_before_anything(server, runbook):
    folder = orders(runbook)
    folder.add(2, "mixed", "SET lock_timeout = 1;\nCREATE INDEX CONCURRENTLY i ON orders (note);")
    refused = start(runbook, server, folder).wait().expect(4)
    assert "2_mixed.up.sql:2:" in refused.err
    assert applied(server) == []


def test_a_dirty_version_is_looked_at_by_a_person(server, runbook):
    folder = orders(runbook).add(2, "a", "ALTER TABLE orders ADD COLUMN a int;")
    apply(runbook, server, folder, "--to", "1")
    server.sql("UPDATE schema_migrations SET version = 2, dirty = true")
    refused = start(runbook, server, folder).wait().expect(4)
    assert "dirty" in refused.err and "migrate force" in refused.err


def test_golang_migrate_at_work_is_waited_for(server, runbook):
    folder = orders(runbook)
    apply(runbook, server, folder)
    folder.add(2, "a", "ALTER TABLE orders ADD COLUMN a int;")
    tool = server.connect()
    tool.execute("SELECT pg_advisory_lock(('x' || lpad(to_hex(%s::bigint), 16, '0'))"
                 "::bit(64)::bigint)", [golang_key(server.dbname)])
    refused = start(runbook, server, folder, "--lock-wait", "0").wait().expect(4)
    assert "golang-migrate itself" in refused.err
    running = start(runbook, server, folder)
    wait_until(lambda: server.backends("pgrunbook migrations"))
    tool.close()
    assert ended(running).outcomes == {"2": "done"}


def golang_key(dbname):
    return crc32(f"public\0schema_migrations\0{dbname}".encode()) * 1486364155 & 0xffffffff


def test_goose_can_come_and_go(server, runbook):
    folder = Folder(runbook)
    (folder.path / "00001_orders.sql").write_text(
        "-- +goose Up\nCREATE TABLE orders (id int, note text);\n"
        "-- +goose Down\nDROP TABLE orders;\n")
    (folder.path / "00002_index.sql").write_text(
        "-- +goose NO TRANSACTION\n-- +goose Up\n"
        "CREATE INDEX CONCURRENTLY orders_note ON orders (note);\n"
        "-- +goose Down\nDROP INDEX CONCURRENTLY orders_note;\n")
    assert apply(runbook, server, folder).outcomes == {"1": "done", "2": "done"}
    rows = server.sql("SELECT version_id, is_applied FROM goose_db_version ORDER BY id")
    assert rows == [(0, True), (1, True), (2, True)]
    assert revert(runbook, server, folder).outcomes == {"2": "done"}
    assert server.sql("SELECT max(version_id) FROM goose_db_version") == [(1,)]


def test_plain_files_know_their_text(server, runbook):
    folder = Folder(runbook)
    (folder.path / "a.sql").write_text("CREATE TABLE orders (id int);")
    apply(runbook, server, folder)
    (folder.path / "a.sql").write_text("CREATE TABLE orders (id bigint);")
    refused = start(runbook, server, folder).wait().expect(4)
    assert "has changed since it was applied" in refused.err


def test_behind_a_pooler_nothing_is_tried(server, runbook):
    """Neither a lock nor a setting of the session is sure to be that of the next statement there."""
    folder = orders(runbook)
    pooler = Pooler(server, pool_size=3)
    try:
        refused = start(runbook, server, folder, "-d", pooler.conninfo(server.dbname)).wait()
        assert "a pooler is between here and the server" in refused.expect(4).err
    finally:
        pooler.close()
    assert applied(server) == []
