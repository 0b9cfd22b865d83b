"""Words for the stories about `pgrunbook indexes rebuild`: rebuild, hold a rebuild in one of its
phases, and look at what it left."""

from contextlib import contextmanager

from golden.documents import check_document
from support.servers import wait_until

INDEX = "orders_key"


class Rebuilt:
    """The document of a rebuild, held against its schema.

    .indexes is by index name, .outcomes the same in short, .leftovers by name."""

    def __init__(self, result):
        self.result, self.err = result, result.err
        self.document = check_document(result.json, "indexes.rebuild")
        self.indexes = {index["index"]: index for index in self.document["indexes"]}
        self.leftovers = {left["index"]: left for left in self.document["leftovers"]}

    @property
    def outcomes(self):
        return {name: index["outcome"] for name, index in self.indexes.items()}

    def reason(self, index=INDEX):
        return self.indexes[index]["reason"]


def start(runbook, server, *options):
    return runbook.start("indexes", "rebuild", "--yes", "--json", *options, server=server)


def ended(running, *codes):
    return Rebuilt(running.wait(timeout=120).expect(*(codes or (0,))))


def rebuild(runbook, server, *options, code=0):
    return ended(start(runbook, server, *options), code)


def wait_for_record(runbook, run=1):
    """Until the run has its plan, and has written what it is about to do."""
    def objects():
        shown = runbook("history", "show", run, "--json")
        return shown.code == 0 and shown.out and shown.json["objects"]

    return wait_until(objects, what="the record of a run")


def configure(runbook, **settings):
    """Options that read a configuration file with these settings of the section."""
    file = runbook.home / "rebuild.conf"
    lines = "".join(f"indexes.{name} = {value}\n" for name, value in settings.items())
    file.write_text("[pgrunbook]\n" + lines, encoding="utf-8")
    return ["--config", file]


# ---- indexes to rebuild ----------------------------------------------------------------------


def make_bloated(server, table="orders", rows=20_000):
    """A table whose index is mostly air: nine rows of ten are gone."""
    server.make_table(table, rows)
    server.sql(f"DELETE FROM {table} WHERE id % 10 > 0")
    server.sql(f"VACUUM {table}")


def size(server, index):
    return server.value("SELECT pg_relation_size(%s::regclass)", [index])


def oid(server, index):
    return server.value("SELECT %s::regclass::oid", [index])


def invalid(server):
    """Names of all invalid indexes of the database."""
    rows = server.sql("""SELECT c.relname FROM pg_index AS i JOIN pg_class AS c
        ON c.oid = i.indexrelid WHERE NOT (indisvalid AND indisready AND indislive) ORDER BY 1""")
    return [row[0] for row in rows]


def make_invalid(server, reindex, name):
    """Somebody's REINDEX CONCURRENTLY that was cancelled: leaves the index `name` invalid."""
    with server.connect() as reader, server.connect() as builder:
        server.sql("CREATE TABLE IF NOT EXISTS elsewhere ()")
        reader.execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT FROM elsewhere")
        builder.execute("SET lock_timeout = '100ms'")
        try:
            builder.execute(reindex)
        except Exception as error:  # noqa: BLE001
            assert "lock timeout" in str(error), error
        reader.execute("ROLLBACK")
    assert name in invalid(server), invalid(server)


# ---- phases ----------------------------------------------------------------------------------

PHASES = {
    "initializing": "initializing",
    "writers before build": "waiting for writers before build",
    "building": "building index%",
    "writers before validation": "waiting for writers before validation",
    "validation": "index validation: scanning table",
    "old snapshots": "waiting for old snapshots",
    "readers before dead": "waiting for readers before marking dead",
    "readers before drop": "waiting for readers before dropping",
}
# Where the one who holds the phase up has a lock on the table, nobody can drop an index of it.
DROP_HELD_UP = ("writers before build", "writers before validation", "readers before dead",
                "readers before drop")
# The new index is in place, only the old one is left to drop.
SWAPPED = ("readers before dead", "readers before drop")


def make_holdable(server):
    """A table whose index is unique, and waits for an advisory lock at each negative key."""
    server.sql("""CREATE FUNCTION held(id int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN
        IF id < 0 THEN
            PERFORM pg_catalog.pg_advisory_lock_shared(-id);
            PERFORM pg_catalog.pg_advisory_unlock_shared(-id);
        END IF;
        RETURN id; END $$""")
    server.sql("CREATE TABLE orders (id int); CREATE TABLE elsewhere ()")
    server.sql("INSERT INTO orders SELECT generate_series(-1, 1000)")
    server.sql(f"CREATE UNIQUE INDEX {INDEX} ON orders (held(id))")
    server.sql("VACUUM ANALYZE orders")


def phase_of(server, pid=None):
    rows = server.sql("""SELECT phase FROM pg_stat_progress_create_index
        WHERE datname = current_database() AND pid = coalesce(%s, pid)""", [pid])
    return rows[0][0] if rows else None


def wait_for_phase(server, phase):
    """Returns the pid of the backend that is in this phase."""
    return wait_until(lambda: server.sql("""SELECT p.pid FROM pg_stat_progress_create_index AS p
        JOIN pg_stat_activity AS a USING (pid)
        WHERE p.datname = current_database() AND phase LIKE %s AND wait_event_type = 'Lock'""",
                                         [PHASES[phase]]),
                      what=f"a rebuild that is held in the phase {phase}")[0][0]


def wait_for_end(server, pid):
    wait_until(lambda: not server.value("SELECT count(*) FROM pg_stat_activity WHERE pid = %s",
                                        [pid]), what="the end of a backend")


class Hold:
    """Holds any rebuild of INDEX in a phase: `with Hold(server, phase) as hold`, start it, then
    hold.reached() returns the pid of its backend."""

    def __init__(self, server, phase):
        self.server, self.phase = server, phase
        self.first, self.second = server.connect(), server.connect()

    def __enter__(self):
        getattr(self, "_before_" + self.phase.replace(" ", "_"))()
        return self

    def __exit__(self, *_):
        self.release()

    def reached(self):
        step = getattr(self, "_during_" + self.phase.replace(" ", "_"), None)
        if step:
            step()
        return wait_for_phase(self.server, self.phase)

    def release(self):
        for connection in (self.first, self.second):
            if not connection.closed and not connection.broken:
                connection.close()

    def _before_initializing(self):
        self.first.execute("BEGIN; LOCK TABLE pg_catalog.pg_attribute IN SHARE MODE")

    def _before_writers_before_build(self):
        self.first.execute("BEGIN; INSERT INTO orders VALUES (2000)")

    def _before_building(self):
        self.first.execute("SELECT pg_advisory_lock(1)")

    def _before_writers_before_validation(self):
        self._before_building()

    def _during_writers_before_validation(self):
        wait_for_phase(self.server, "building")
        self.second.execute("BEGIN; INSERT INTO orders VALUES (2000)")
        self.first.execute("SELECT pg_advisory_unlock(1)")

    def _before_validation(self):
        self._before_building()

    def _during_validation(self):
        wait_for_phase(self.server, "building")
        self.second.execute("BEGIN; INSERT INTO orders VALUES (-2)")
        self.first.execute("SELECT pg_advisory_lock(2), pg_advisory_unlock(1)")
        wait_for_phase(self.server, "writers before validation")
        self.second.execute("COMMIT")

    def _before_old_snapshots(self):
        self.first.execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT FROM elsewhere")

    def _before_readers_before_dead(self):
        self.first.execute("BEGIN; SELECT FROM orders LIMIT 1")

    def _before_readers_before_drop(self):
        self._before_readers_before_dead()

    def _during_readers_before_drop(self):
        wait_for_phase(self.server, "readers before dead")
        self.second.execute("BEGIN; SELECT FROM orders LIMIT 1")
        self.first.execute("ROLLBACK")


@contextmanager
def holding(server, phase, start_it):
    """A rebuild that is held in the phase: yields what start_it() gave, and the backend."""
    with Hold(server, phase) as hold:
        running = start_it()
        yield running, hold.reached(), hold
