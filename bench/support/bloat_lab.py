"""A server full of generated tables, what the program says of them, and the truth."""

import json
import os
import shutil
import subprocess
import time

import psycopg
from psycopg.rows import namedtuple_row

from support.machine import BenchError

RELATIONS = """
    SELECT c.oid, c.relname AS name, pg_relation_size(c.oid) AS bytes, m.amname AS method,
           CASE c.relkind WHEN 'r' THEN 'table' WHEN 't' THEN 'toast' ELSE 'index' END AS kind,
           coalesce(p.relname, o.relname, c.relname) AS table_name,
           c.reltoastrelid AS toast
      FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
      LEFT JOIN pg_index AS i ON i.indexrelid = c.oid
      LEFT JOIN pg_class AS p ON p.oid = i.indrelid
      LEFT JOIN pg_class AS o ON o.reltoastrelid = c.oid
      LEFT JOIN pg_am AS m ON m.oid = c.relam
     WHERE c.relkind IN ('r', 'i', 't') AND (n.nspname = 'public' OR o.relnamespace = (
           SELECT oid FROM pg_namespace WHERE nspname = 'public'))"""


def truth_of(before, after):
    """Percent that was given back: nothing where it has grown."""
    return max(100 * (before - after) / before, 0)


class Lab:
    def __init__(self, cluster):
        self.cluster = cluster

    def connect(self):
        return psycopg.connect(self.cluster.conninfo(), autocommit=True,
                               row_factory=namedtuple_row)

    def server_version(self):
        with self.connect() as connection:
            return connection.info.parameter_status("server_version")

    def environment(self):
        """No setting of the caller's, a history that starts empty."""
        own = self.cluster.folder / "own"
        shutil.rmtree(own, ignore_errors=True)
        own.mkdir()
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        return {**kept, **self.cluster.environment("postgres"), "LC_ALL": "C.UTF-8",
                "XDG_STATE_HOME": str(own), "XDG_CONFIG_HOME": str(own)}

    def fill(self, tables):
        for table in tables:
            for number, statement in enumerate(table.statements()):
                self._run(statement, (table.number * 0.61803 + number * 0.11) % 1)
        time.sleep(1.1 if self.cluster.version < 15 else 0)

    def _run(self, statement, seed):
        """On a connection of its own, and not before the last one's end: a session hands in its
        counters when it ends, and those of a change must not come after the ANALYZE behind it."""
        with self.connect() as connection:
            pid = connection.info.backend_pid
            connection.execute("SELECT setseed(%s)", [seed])
            try:
                connection.execute(statement)
            except psycopg.Error as error:
                raise BenchError(f"{error}\nin: {statement}") from None
        while os.path.exists(f"/proc/{pid}"):
            time.sleep(0.001)

    def report(self, program, method):
        """The program's objects by name."""
        done = subprocess.run([program, "bloat", "report", "--json", "--method", method],
                              env=self.environment(), text=True, capture_output=True)
        if done.returncode != 0:
            raise BenchError(f"bloat report --method {method} ended with {done.returncode}:\n"
                             f"{done.stderr}")
        return {item["name"]: item for item in json.loads(done.stdout)["objects"]}

    def _relations(self, connection):
        return {row.oid: row for row in connection.execute(RELATIONS)}

    def truth(self, tables, said):
        """One dict for each relation that has pages; `said` by who, then by name."""
        with self.connect() as connection:
            before = self._relations(connection)
            for row in before.values():
                if row.kind == "table":
                    connection.execute(f"VACUUM (FULL) {row.name}")
            # A TOAST table that is not needed any more is gone then.
            left = {oid: row.bytes for oid, row in self._relations(connection).items()}
        objects = []
        for oid, row in before.items():
            if row.bytes > 0:
                objects.append(self._object(row, left.get(oid, 0), tables, said))
                # The public queries speak of a table together with its TOAST.
                both = [part for part in (oid, row.toast) if part in before]
                objects[-1]["queries_truth"] = truth_of(sum(before[part].bytes for part in both),
                                                        sum(left.get(part, 0) for part in both))
        return objects

    @staticmethod
    def _object(row, bytes_after, tables, said):
        table = tables.get(row.table_name) or tables[row.table_name.rpartition("_p")[0]]
        found = {"name": row.name, "kind": row.kind, "method": row.method, "bytes": row.bytes,
                 "bytes_after": bytes_after, "analyzed": table.analyzed, "made": table.number,
                 "truth": truth_of(row.bytes, bytes_after)}
        for who in ("estimate", "sample"):
            item = said[who].get(row.name, {})
            found[who] = item.get("reclaimable_pct")
            found[f"{who}_margin"] = item.get("margin_pct")
            found[f"{who}_reason"] = item.get("reason")
        found["queries"] = said["queries"].get(row.name)
        # check_postgres names what it finds bloated and is silent about the rest.
        found["check_postgres"] = said["check_postgres"].get(row.name, 0)
        return found
