"""A history of a month that nobody has waited for: written through SQL, always the same."""

import json
import math
import sqlite3
from contextlib import closing
from datetime import datetime, timezone

from support.program import REPOSITORY

SYSTEM = "7300000000000000001"
NASTY = "<script>alert(1)</script>"
DAY_US = 86_400_000_000
GB = 1 << 30


def at(*moment):
    return int(datetime(*moment, tzinfo=timezone.utc).timestamp() * 1_000_000)


def week_of(moment):
    """Mondays since 1970."""
    return (moment // DAY_US + 3) // 7


class Month:
    """October 2026 of one target, "shop", in a new history."""

    def __init__(self, path):
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self.db = sqlite3.connect(path)
        folder = REPOSITORY / "src" / "core" / "store" / "sql" / "migrations"
        files = sorted(folder.glob("*.sql"))
        for file in files:
            self.db.executescript(file.read_text(encoding="utf-8"))
        self.db.execute(f"PRAGMA user_version = {len(files)}")

    def close(self):
        self.db.commit()
        self.db.close()

    def put(self, table, **row):
        names = ", ".join(row)
        marks = ", ".join("?" * len(row))
        return self.db.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})",
                               list(row.values())).lastrowid

    def run(self, section, verb, started, seconds=60, outcome="done", target="shop", summary=None,
            dbname="shopdb", **more):
        return self.put("run", section=section, verb=verb, target=target, dbname=dbname,
                        system_identifier=SYSTEM, version_num=150000, started_us=started,
                        ended_us=started + int(seconds * 1e6), os_user="maintainer",
                        os_host="db1", pid=1, pid_started=1, outcome=outcome,
                        exit_code=0 if outcome == "done" else 1,
                        summary=json.dumps(summary) if summary else None, **more)

    def object(self, run, name, outcome="done", reason=None, before=None, after=None, step=1,
               schema="public"):
        self.put("object", run_id=run, schema=schema, name=name, step=step, outcome=outcome,
                 reason=reason, seconds=3.0, bytes=8192,
                 before=json.dumps(before) if before else None,
                 after=json.dumps(after) if after else None)

    def drop(self, name, size, moment, builds=1):
        """An index (of several parts) is dropped; returns the run and what builds it again."""
        run = self.run("indexes", "drop", moment, 1)
        back = [f"CREATE INDEX CONCURRENTLY {name}_{number} ON public.t (x)"
                for number in range(builds)]
        self.put("step", run_id=run, number=1, object=f"public.{name}", outcome="done",
                 sql=f"DROP INDEX CONCURRENTLY public.{name}", undo=";\n".join(back),
                 started_us=moment, ended_us=moment + 1_000_000)
        self.object(run, name, before={"size_bytes": size}, after={"size_bytes": 0})
        return run, back

    def undo(self, run, statements, moment, outcome="done"):
        """The run is taken back, as far as these statements do it."""
        undo = self.run("indexes", "undo", moment, 5, outcome, undoes=run)
        for number, sql in enumerate(statements, 1):
            self.put("step", run_id=undo, number=number, object="x", sql=sql, outcome=outcome,
                     started_us=moment, ended_us=moment + 2_000_000)
        return undo

    # -- what a month is made of --

    def maintenance(self):
        for day in (4, 11, 18, 25):
            run = self.run("vacuum", "run", at(2026, 10, day, 2), 5400,
                           "partly" if day == 18 else "done")
            for name in ("orders", "items", "customers", NASTY):
                self.object(run, name, before={"dead_rows": 120_000}, after={"dead_rows": 40})
            self.object(run, "audit", "skipped", f"{day} dead rows are fewer than 1,000", step=0)
            self.object(run, "sessions", "not_reached", "the window was over", step=2)
        self.run("indexes", "report", at(2026, 10, 1, 3))
        self.run("bloat", "report", at(2026, 10, 1, 4))
        self.run("bloat", "reclaim", at(2026, 10, 12, 2), 40, "failed",
                 error="could not lock table \"items\" within 5 s")
        run = self.run("bloat", "reclaim", at(2026, 10, 13, 2), 3000)
        self.object(run, "orders", before={"means": "compact", "oid": 16401,
                                           "size_bytes": 9 * GB}, after={"size_bytes": 4 * GB})
        run = self.run("indexes", "rebuild", at(2026, 10, 14, 2), 900)
        self.object(run, "orders_pkey", before={"oid": 16402, "size_bytes": 3 * GB},
                    after={"oid": 16500, "size_bytes": GB})
        run = self.run("indexes", "drop", at(2026, 10, 14, 9), 1)
        self.object(run, "orders_note_idx", before={"size_bytes": GB // 2},
                    after={"size_bytes": 0})

    def incidents(self):
        began = at(2026, 10, 20, 14, 3)
        run = self.run("connections", "relieve", began + 60_000_000, 8, reason="shop is down",
                       actor="token:anna")
        for number, result in enumerate(("terminated", "terminated", "cancelled"), 1):
            self.object(run, f"pid {number} (role app, application web, client 10.0.0.1)",
                        schema="", step=number, after={"result": result})
        self.put("event", target="shop", name="slots", severity="critical", opened_us=began,
                 closed_us=began + 190_000_000, run_id=run,
                 message="95 of 97 connections are taken", closing="41 of 97 are taken")
        self.put("event", target="shop", name="long_query", severity="warning",
                 opened_us=at(2026, 10, 22, 9), closed_us=at(2026, 10, 22, 9, 12),
                 message=f"a query on {NASTY} runs for 10 min")
        self.put("event", target="", name="started", severity="info",
                 opened_us=at(2026, 10, 2), closed_us=at(2026, 10, 2), message="it was started")

    def minutes(self):
        rows = []
        for minute in range(at(2026, 10, 1) // 60_000_000, at(2026, 11, 1) // 60_000_000):
            day = (minute * 60_000_000 - at(2026, 10, 1)) // DAY_US
            if day in (8, 9):  # the daemon was down
                continue
            used = round(35 + 14 * math.sin(minute / 1440 * 2 * math.pi) + day % 7)
            if day == 19 and minute % 1440 == 840:
                used = 95
            late = int(day == 10)
            rows.append(("shop", minute, 60 - late, late, 97, used, 60 * (used - 6), 8, used - 8,
                         2, 1, 42.0))
        self.db.executemany(
            "INSERT INTO minute (target, minute, samples, missed, ordinary, used_max, used_sum,"
            " active_max, idle_max, in_transaction_max, waiting_max, query_seconds_max)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)

    def backups(self):
        for day in range(1, 31, 7):
            self.run("backup", "create", at(2026, 10, day, 1), 1800,
                     summary={"backup": {"id": f"202610{day:02}", "stored_bytes": 21 * GB},
                              "seconds": 1800.0})
        self.run("backup", "dump", at(2026, 10, 30, 1), 600)
        self.run("backup", "drill", at(2026, 10, 16, 5), 2000,
                 summary={"verdict": "recovered, all checks good", "backup": "20261015",
                          "target": "latest", "recovery_seconds": 1260.0, "checks": []})

    def migrations(self):
        for version, hold, forced in ("0041", 12.0, None), ("0042", 5400.0, "it was urgent"):
            run = self.run("migrations", "apply", at(2026, 10, 21, 20), 9)
            self.put("migration", system_identifier=SYSTEM, dbname="shopdb",
                     ledger="plain public.schema_migrations", run_id=run,
                     version=version, direction="up", at_us=at(2026, 10, 21, 20),
                     name=f"add_column_{version}", hash="0" * 64, outcome="done",
                     longest_hold_ms=hold, analyzed=1, forced=forced)

    def sizes(self, weeks=16, dbname="shopdb"):
        """Weekly samples that end in the last week of the month."""
        last = at(2026, 10, 26, 4)
        node = self.put("node", system_identifier=SYSTEM, dbname=dbname, name="",
                        first_us=last - weeks * 7 * DAY_US, last_us=last, samples=weeks,
                        sized_us=last)
        relations = [(16401, "table", "orders", 40 * GB, 0.6 * GB),
                     (16402, "index", "orders_pkey", 6 * GB, 0.1 * GB),
                     (16403, "table", NASTY, 9 * GB, 0.05 * GB),
                     (16404, "table", "audit", 2 * GB, 0.3 * GB)]
        for number in range(weeks):
            moment = last - (weeks - 1 - number) * 7 * DAY_US
            self.put("size_day", node=node, day=moment // DAY_US, at_us=moment)
            for oid, _, _, first, more in relations:
                size = int(first + more * number + 0.2 * GB * math.sin(number * 2.1))
                row = {"node": node, "oid": oid, "filenode": oid, "at_us": moment, "bytes": size,
                       "rows": 1e6}
                if number == weeks - 1:
                    self.put("relation", seen_week=week_of(moment), best_us=0, best_bytes=0,
                             best_rows=0.0, **row)
                else:
                    self.put("relation_week", week=week_of(moment), **row)
        for oid, kind, name, _, _ in relations:
            self.put("relation_name", node=node, oid=oid, kind=kind, schema="public", name=name)
        for oid in range(20):
            self.put("index_use", node=node, oid=30_000 + oid, scans=oid,
                     quiet_us=last - oid * 5 * DAY_US, quiet_samples=1, reset=0)
        self.put("finding", node=node, section="indexes", number=1, at_us=last, schema="public",
                 name="orders_old_idx", relation="orders", what="unused",
                 reason="no scan since 2026-07-01 on the primary", bytes=GB,
                 command="pgrunbook indexes drop public.orders_old_idx")
        return node

    def turns(self):
        for day, outcome in (4, "done"), (11, "done"), (18, "partly"), (25, "missed"):
            self.put("turn", target="shop", section="vacuum", turn_us=at(2026, 10, day, 2),
                     window_end_us=0, started_us=at(2026, 10, day, 2),
                     ended_us=at(2026, 10, day, 4), outcome=outcome, exit_code=0, attempts=1,
                     run_id=0, reason="the daemon was not running" if outcome == "missed" else None,
                     pid=1, pid_started=1)

    def everything(self):
        self.run("check", "run", at(2026, 9, 1))
        self.maintenance()
        self.incidents()
        self.minutes()
        self.backups()
        self.migrations()
        self.sizes()
        self.turns()
        return self


def october(path):
    """The whole month, in the file."""
    with closing(Month(path)) as month:
        month.everything()
    return path
