"""What a statement really does, measured: the locks on relations that were there before, seen from
a second connection, and whether it scans or rewrites one of them.

In a transaction: files by pg_class.relfilenode, full scans by the differences of
pg_stat_get_xact_numscans and _tuples_returned, locks by pg_locks and OIDs saved beforehand. What
refuses a transaction runs by itself while other sessions hold weak locks on every table: what it
waits for is what it asks for.
"""

import threading
import time

import psycopg
from psycopg import sql
from psycopg.rows import namedtuple_row

MODES = ("AccessShareLock", "RowShareLock", "RowExclusiveLock", "ShareUpdateExclusiveLock",
         "ShareLock", "ShareRowExclusiveLock", "ExclusiveLock", "AccessExclusiveLock")
SHARE = MODES.index("ShareLock")
REFUSE_TRANSACTION = ("25001", "2D000")

RELATIONS = """
    SELECT c.oid, n.nspname || '.' || c.relname AS name, c.relkind AS kind,
           coalesce(i.indrelid, t.oid, c.oid) AS owner, c.reltuples AS rows
      FROM pg_class c
      JOIN pg_namespace n ON n.oid = c.relnamespace
      LEFT JOIN pg_index i ON i.indexrelid = c.oid
      LEFT JOIN pg_class t ON t.reltoastrelid = c.oid
     WHERE n.nspname NOT IN ('pg_catalog', 'information_schema')
       AND (n.nspname <> 'pg_toast' OR c.relkind = 't')
"""
COUNTERS = """
    SELECT oid, relfilenode AS file, pg_stat_get_xact_numscans(oid) AS scans,
           pg_stat_get_xact_tuples_returned(oid) AS returned
      FROM pg_class WHERE oid = ANY (%s)
"""
FILES = "SELECT oid, relfilenode AS file, 0 AS scans, 0 AS returned FROM pg_class WHERE oid = ANY (%s)"
HELD = """
    SELECT relation, mode FROM pg_locks
     WHERE pid = %s AND locktype = 'relation' AND granted AND relation = ANY (%s)
"""
WAITS = """
    SELECT locktype, relation, mode, pg_blocking_pids(pid) AS blockers FROM pg_locks
     WHERE pid = %s AND NOT granted
"""


def stronger(a, b):
    return max(a, b, key=MODES.index) if a and b else a or b


class Trace:
    """Of one case on one database. Everything but what refuses a transaction is rolled back."""

    def __init__(self, conninfo, case):
        self.conninfo, self.case = conninfo, case
        self.look = psycopg.connect(conninfo, autocommit=True, row_factory=namedtuple_row)
        self.relations = {row.oid: row for row in self.look.execute(RELATIONS)}
        self.oids = list(self.relations)
        self.rows = {oid: row.rows for oid, row in self.relations.items() if row.kind in "rm"}
        self.alone = False

    def run(self):
        """For each statement {"effect", "locks", "work", "blocking"}, or {"error"}."""
        with psycopg.connect(self.conninfo, autocommit=True, row_factory=namedtuple_row) as work:
            results = self._in_transaction(work)
        if len(results) == 1 and results[0].get("error") in REFUSE_TRANSACTION:
            self.alone = True
            results = [self._alone()]
        self.look.close()
        return results

    def _counters(self, connection, text=COUNTERS):
        return {row.oid: row for row in connection.execute(text, [self.oids])}

    def _in_transaction(self, work):
        results = []
        work.execute("BEGIN")
        before = self._counters(work)
        for statement in self.case.statements:
            try:
                work.execute(statement)
                after = self._counters(work)
            except psycopg.Error as error:
                results.append({"error": error.sqlstate, "why": str(error).split("\n")[0]})
                break
            held = {}
            for row in self.look.execute(HELD, [work.info.backend_pid, self.oids]):
                held[row.relation] = stronger(held.get(row.relation), row.mode)
            results.append(self._result(before, after, held, work))
            before = after
        work.execute("ROLLBACK")
        return results

    # -- what was done --

    def _work(self, before, after, connection):
        """{oid: "scan" or "rewrite"}, of tables, and of indexes that alone were rewritten."""
        done = {}
        for oid, was in before.items():
            now, relation = after.get(oid), self.relations[oid]
            if now is None or relation.kind not in "rmti":
                continue
            table = self.relations.get(relation.owner, relation)
            if now.file != was.file and self._size(connection, oid):
                if relation.kind == "i":
                    done.setdefault(oid, "rewrite")
                elif self.rows.get(table.oid):
                    done[table.oid] = "rewrite"
            elif relation.kind in "rmi" and self._scanned(was, now, self.rows.get(table.oid, 0)):
                done.setdefault(table.oid, "scan")
        return {oid: what for oid, what in done.items()
                if self.relations[oid].kind != "i" or not self._explained(oid, before, after, done)}

    def _explained(self, index, before, after, done):
        """Its table was scanned for it, or has got a new file itself."""
        table = self.relations[index].owner
        was, now = before.get(table), after.get(table)
        return table in done or now is None or was.file != now.file

    @staticmethod
    def _scanned(was, now, rows):
        return (rows > 0 and now.scans > was.scans
                and now.returned - was.returned >= rows / 2)

    @staticmethod
    def _size(connection, oid):
        return connection.execute("SELECT pg_relation_size(%s::oid)", [oid]).fetchone()[0] or 0

    def _result(self, before, after, held, connection):
        work = self._work(before, after, connection)
        blocking = any(MODES.index(held.get(oid, MODES[0])) >= SHARE for oid in work)
        name = {oid: row.name for oid, row in self.relations.items()}
        effect = ("rewrite" if "rewrite" in work.values() else "scan" if work else
                  "metadata" if any(MODES.index(mode) > 2 for mode in held.values()) else "none")
        return {"effect": effect, "blocking": blocking,
                "locks": {name[oid]: mode for oid, mode in sorted(held.items())
                          if self.relations[oid].kind != "t"},
                "work": {name[oid]: what for oid, what in sorted(work.items())}}

    # -- what refuses a transaction --

    def _alone(self):
        """Everybody holds a weak lock on one table each, and lets go when it is waited for."""
        holders = {}
        for oid, row in self.relations.items():
            if row.kind in "rm":
                holders.update(self._hold(row))
        before = self._counters(self.look, FILES)
        work = psycopg.connect(self.conninfo, autocommit=True, row_factory=namedtuple_row)
        runner = _Runner(work, self.case.statements[0])
        asked = self._watch(runner, work.info.backend_pid, holders)
        for holder in holders.values():
            holder.close()
        work.close()
        if runner.error:
            return {"error": runner.error.sqlstate, "why": str(runner.error).split("\n")[0]}
        after = self._counters(self.look, FILES)
        result = self._result(before, after, asked, self.look)
        # An index that was built anew in its place was built from a scan of its table.
        work = {}
        for oid, row in self.relations.items():
            if row.name in result["work"]:
                table = self.relations[row.owner].name
                work[table] = result["work"][row.name] if table == row.name else "scan"
        result["work"] = work
        result["blocking"] = any(MODES.index(result["locks"].get(name, MODES[0])) >= SHARE
                                 for name in work)
        result["effect"] = ("rewrite" if "rewrite" in work.values() else
                            "scan" if work else result["effect"])
        result["transaction"] = False
        return result

    def _hold(self, row):
        holder = psycopg.connect(self.conninfo)
        name = sql.Identifier(*row.name.split("."))
        how = ("LOCK TABLE ONLY {} IN ROW EXCLUSIVE MODE" if row.kind == "r" else
               "SELECT 1 FROM {} LIMIT 0")
        holder.execute(sql.SQL(how).format(name))
        return {holder.info.backend_pid: holder}

    def _watch(self, runner, pid, holders):
        asked = {}
        runner.start()
        deadline = time.monotonic() + 60
        while runner.is_alive():
            for wait in self.look.execute(WAITS, [pid]):
                if wait.locktype == "relation" and wait.relation in self.relations:
                    asked[wait.relation] = stronger(asked.get(wait.relation), wait.mode)
                for blocker in wait.blockers:
                    if blocker in holders:
                        holders[blocker].rollback()
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.case.name} does not end")
            time.sleep(0.002)
        return asked


class _Runner(threading.Thread):
    def __init__(self, connection, statement):
        super().__init__(daemon=True)
        self.connection, self.statement, self.error = connection, statement, None

    def run(self):
        try:
            self.connection.execute(self.statement)
        except psycopg.Error as error:
            self.error = error
