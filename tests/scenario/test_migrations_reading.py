"""Whatever only reads the schema waits for no table for longer than a moment: a migration at work is
ended by its own guard when somebody waits for it."""

import json
import threading

import pytest

from support.migrations_apply import Folder, at_work, ended, start
from support.servers import wait_until

versions = [15]
WAITING = """SELECT max(extract(epoch FROM clock_timestamp() - waitstart)) FROM pg_locks
              WHERE NOT granted AND relation = 'orders'::regclass"""
VERBS = {
    "lint": ["lint", "-d", "DB"],
    "checklist": ["checklist", "-d", "DB"],
    "rehearse": ["rehearse", "-d", "DB"],
    "dry run": ["apply", "-d", "DB", "--dry-run"],
}


@pytest.fixture
def folder(server, runbook):
    """What the server tells of the view and of the function's body takes a lock on the table."""
    server.make_table("orders", rows=10)
    server.sql("CREATE VIEW orders_seen AS SELECT * FROM orders;"
               "CREATE FUNCTION orders_count() RETURNS bigint LANGUAGE sql"
               " BEGIN ATOMIC SELECT count(*) FROM orders; END")
    return Folder(runbook)


class Watch:
    """.longest is how long anybody was seen to wait for the table, in seconds."""

    def __init__(self, server):
        self.longest, self._connection = 0.0, server.connect()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()

    def _run(self):
        while not self._stop.wait(0.02):
            seen = self._connection.execute(WAITING).fetchone()[0]
            self.longest = max(self.longest, float(seen or 0))


def words(server, folder, verb):
    first, *rest = [server.dbname if word == "DB" else word for word in VERBS[verb]]
    return ["migrations", first, folder.path, *rest]


@pytest.mark.parametrize("verb", VERBS)
def test_a_locked_table_is_a_refusal(server, runbook, folder, verb):
    folder.add(1, "a", "ALTER TABLE orders ADD COLUMN a int;", "ALTER TABLE orders DROP COLUMN a;")
    other = server.connect()
    other.execute("BEGIN; LOCK TABLE orders IN ACCESS EXCLUSIVE MODE")
    with Watch(server) as watch:
        refused = runbook(*words(server, folder, verb), server=server).expect(4)
    assert "a table is locked: public.orders, by pid" in refused.err
    assert "hint: try again when that is over" in refused.err
    assert 0 < watch.longest < 1
    other.execute("COMMIT")


def test_pg_dump_waits_no_longer(server, runbook, folder):
    """The schema was read before the lock was taken: the program that makes the copy meets it."""
    program = folder.path.parent / "automigrate"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    other = server.connect()
    other.execute("BEGIN; LOCK TABLE orders IN ACCESS EXCLUSIVE MODE")
    with Watch(server) as watch:
        refused = runbook("migrations", "capture", "-d", server.dbname, "--", program,
                          server=server).expect(4)
    assert "a table is locked: public.orders, by pid" in refused.err
    assert watch.longest < 1
    other.execute("COMMIT")


def test_what_is_over_soon_is_waited_for(server, runbook, folder):
    folder.add(1, "a", "ALTER TABLE orders ADD COLUMN a int;", "ALTER TABLE orders DROP COLUMN a;")
    other = server.connect()
    other.execute("BEGIN; LOCK TABLE orders IN ACCESS EXCLUSIVE MODE")
    running = runbook.start(*words(server, folder, "checklist"), "--json", server=server)
    wait_until(lambda: server.value(WAITING) is not None, what="its waiting")
    other.execute("COMMIT")
    assert json.loads(running.wait().expect(1).out)["migrations"]


def test_a_second_run_takes_its_lock_before_it_reads(server, runbook, folder):
    folder.add(1, "slow", "ALTER TABLE orders ADD COLUMN a int;\nSELECT pg_sleep(3);")
    first = start(runbook, server, folder, "--max-hold", "1min")
    at_work(server, "SELECT pg_sleep")
    with Watch(server) as watch:
        second = start(runbook, server, folder)
        assert ended(first).outcomes == {"1": "done"}
    run = ended(second)
    assert run.items == {} and "waiting up to 10 min for another run" in run.err
    assert "pgrunbook migrations" in run.err and watch.longest == 0


def test_a_right_that_is_missing_is_a_refusal(server, runbook, folder):
    folder.add(1, "a", "CREATE TABLE a ();")
    server.sql("CREATE TABLE schema_migrations (version bigint PRIMARY KEY, dirty boolean NOT NULL);"
               "CREATE ROLE reader LOGIN")
    for verb in ("status", "checklist"):
        refused = runbook("migrations", verb, folder.path, "-U", "reader", server=server).expect(4)
        assert "a right is missing: permission denied for table schema_migrations" in refused.err
        assert 'hint: GRANT it to role "reader"' in refused.err
    server.sql("DROP ROLE reader")
