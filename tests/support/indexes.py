"""Words for the stories about `pgrunbook indexes`: observe, read verdicts, drop, bring back."""

import os
import sqlite3
import subprocess
from contextlib import closing

from golden.documents import check_document
from support.servers import wait_until

UNUSED, DUPLICATE, OVERLAPPING = "unused", "duplicate", "overlapping"
INVALID, MISSING = "invalid", "missing_fk"
CANDIDATE = "drop-candidate"
YOUNG = "unknown: observed for 0 d of 30 d"


class Report:
    """The document of a report, held against its schema.

    .indexes is by index name, .missing by table name: foreign keys without an index."""

    def __init__(self, result):
        self.document = check_document(result.json, "indexes.report")
        self.err = result.err
        self.indexes = {entry["index"]: entry for entry in self.document["indexes"]
                        if entry["index"] is not None}
        self.missing = {entry["table"]: entry["findings"][0]
                        for entry in self.document["indexes"] if entry["index"] is None}

    def finding(self, index, kind):
        """None when there is none of that kind."""
        found = [finding for finding in self.indexes[index]["findings"]
                 if finding["kind"] == kind]
        assert len(found) <= 1
        return found[0] if found else None

    def verdict(self, index, kind=UNUSED):
        finding = self.finding(index, kind)
        return finding and finding["verdict"]

    def verdicts(self, kind=UNUSED):
        """By index name, those that have a finding of that kind."""
        return {name: self.verdict(name, kind) for name in self.indexes
                if self.verdict(name, kind)}

    def reason(self, index, kind=UNUSED):
        return self.finding(index, kind)["reason"]

    @property
    def nodes(self):
        return {node["node"]: node for node in self.document["nodes"]}

    @property
    def left_out(self):
        return {item["table"]: item["reason"] for item in self.document["left_out"]}


def report(runbook, server, *options, code=0, **more):
    result = runbook("indexes", "report", "--json", *options, server=server, **more)
    return Report(result.expect(code))


def await_counters(server):
    """A database as young as ours gets its counters when 14's collector first hears of it; between
    two reports that would be a reset."""
    if server.version < 15:
        wait_until(lambda: server.value("SELECT stats_reset IS NOT NULL FROM pg_stat_database "
                                        "WHERE datname = current_database()"),
                   what="the counters of the database")


def observed(runbook, server, *options, meanwhile=None):
    """The second of two reports: with no time asked for, that is evidence enough. What is to
    count as use has to happen meanwhile, between the two."""
    if server:
        await_counters(server)
    report(runbook, server, "--evidence", 0, *options)
    if meanwhile:
        meanwhile()
    return report(runbook, server, "--evidence", 0, *options)


def let_days_pass(runbook, days):
    """As if all samples so far had been taken that much earlier."""
    with closing(sqlite3.connect(runbook.history)) as history, history:
        for table, columns in (("node", ("first_us", "last_us")), ("index_use", ("quiet_us",))):
            changes = ", ".join(f"{column} = {column} - :us" for column in columns)
            history.execute(f"UPDATE {table} SET {changes}", {"us": days * 86_400_000_000})


class Dropped:
    """The document of a drop, held against its schema: .outcome of the run, .index of the one
    index it is about."""

    def __init__(self, result):
        self.result = result
        self.document = check_document(result.json, "indexes.drop")
        self.outcome = self.document["outcome"]
        self.index, = self.document["indexes"]


def start_drop(runbook, server, name, *options):
    """A drop in the background; dropped() waits for it."""
    return runbook.start("indexes", "drop", name, "--yes", "--json", *options, server=server)


def dropped(running, code=0):
    return Dropped(running.wait().expect(code))


def drop(runbook, server, name, *options, code=0):
    """A whole drop; `code` is the exit code it must end with."""
    return dropped(start_drop(runbook, server, name, *options), code)


def refused(runbook, server, name, *options, code=4):
    """The message of a drop that does not happen."""
    result = runbook("indexes", "drop", name, "--yes", *options, server=server).expect(code)
    assert result.out == ""
    return result.err


def configure(runbook, **settings):
    """Options that name a configuration file with these settings of the section."""
    file = runbook.home / "indexes.conf"
    lines = [f"indexes.{name} = {value}\n" for name, value in settings.items()]
    file.write_text("".join(["[pgrunbook]\n", *lines]), encoding="utf-8")
    return ["--config", file]


def make_orders(server, *definitions, rows=1000):
    """A table `orders (id, customer, day, note)` with a primary key and these indexes, each the
    name and what follows ON orders: {"orders_day": "(day)"}."""
    server.sql("CREATE TABLE orders (id int PRIMARY KEY, customer int, day int, note text)")
    server.sql(f"""INSERT INTO orders SELECT i, i % 100, i % 30, 'note ' || i
        FROM generate_series(1, {rows}) AS i""")
    for definition in definitions:
        for name, text in definition.items():
            server.sql(f"CREATE INDEX {name} ON orders {text}")
    server.sql("VACUUM (ANALYZE) orders")
    server.settle_stats()


def scan(server, query, times=1):
    """Runs it by whatever index there is; the scans are counted when it returns."""
    server.sql(f"SET enable_seqscan = off; SET enable_sort = off; {query};" * times)
    server.settle_stats()


def scan_without(server, index, query):
    """The same while the planner must not use that index."""
    hide = "UPDATE pg_index SET indisvalid = {} WHERE indexrelid = %s::regclass"
    server.sql(hide.format("false"), [index])
    scan(server, query)
    server.sql(hide.format("true"), [index])


def exists(server, index):
    return bool(server.sql("SELECT 1 FROM pg_class WHERE relname = %s AND relkind IN ('i', 'I')",
                           [index]))


def definition(server, index):
    """Everything the undo has to bring back: definition, comment, tablespace, validity."""
    return server.sql("""SELECT pg_get_indexdef(c.oid), obj_description(c.oid, 'pg_class'),
               t.spcname, i.indisvalid
          FROM pg_class AS c JOIN pg_index AS i ON i.indexrelid = c.oid
          LEFT JOIN pg_tablespace AS t ON t.oid = c.reltablespace
         WHERE c.oid = %s::regclass""", [index])


def psql(server, script):
    """Runs a script as a DBA would: pasted into psql, which stops at the first error."""
    done = subprocess.run(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1"], input=script, text=True,
                          env={**os.environ, **server.environment}, capture_output=True)
    assert done.returncode == 0, f"{script}\n{done.stderr}"


def fail_to_build(server, statement):
    """A build that fails for good, and leaves what it leaves."""
    connection = server.connect()
    try:
        connection.execute(statement)
    except Exception as error:
        return error
    raise AssertionError(f"it did not fail: {statement}")


def start_building(server, *statements, application="builder"):
    """Statements at work in the background, each a transaction of its own: psql as a process."""
    process = subprocess.Popen(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1"], text=True,
                               stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL,
                               env={**os.environ, **server.environment,
                                    "PGAPPNAME": application})
    with process.stdin as script:
        script.writelines(f"{statement};\n" for statement in statements)
    return process


def wait_for_build(server, application="builder"):
    """The pid of the backend that builds, once the index is in the catalog and it has to wait
    for somebody."""
    def waits():
        rows = server.sql("""SELECT a.pid FROM pg_stat_activity AS a
              JOIN pg_stat_progress_create_index AS b USING (pid)
             WHERE a.application_name = %s AND a.wait_event_type = 'Lock'
               AND b.index_relid <> 0""", [application])
        return rows[0][0] if rows else None
    return wait_until(waits, what="a build that waits")
