"""`backup dump` against pg_dump --format=custom --compress=9, on the same database in the same run.

Both files are restored, and every table of both databases is compared with the source. For a run of
its own: bench/support/backup_dump.py [--quick] [--json FILE]."""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(REPOSITORY / "bench"), str(REPOSITORY / "tools")]

from pgcluster import Cluster  # noqa: E402
from support.machine import BenchError  # noqa: E402
from support.report import Claim, facts, seconds, write_json  # noqa: E402

BIN = Path("/usr/lib/postgresql/15/bin")
PGBENCH = BIN / "pgbench"
PROGRAM = os.environ.get("PGRUNBOOK", str(REPOSITORY / "build" / "pgrunbook"))
FASTER, NOT_LARGER = 2.5, 1.0
OURS, THEIRS = "backup dump", "pg_dump -Fc -Z9"
# What one stream of rows takes when nothing is done with them: no dump in this format is faster.
BOUND = "pg_dump -Fc -Z0 to nowhere"

# Rows as applications have them: names that repeat, text, numbers, times, JSON, and some that no
# program can compress.
MIXED = """
CREATE TABLE events (id bigint PRIMARY KEY, at timestamptz NOT NULL, customer text, kind text,
                     amount numeric(12,2), note text, data jsonb, token bytea);
INSERT INTO events
SELECT i, '2026-01-01'::timestamptz + i * interval '17 s', 'customer ' || (i * 7919 % 50021),
       (ARRAY['order placed', 'order paid', 'order sent', 'order returned'])[1 + i % 4],
       (i * 31 % 100000) / 100.0,
       'The parcel ' || i || ' was handed over to the carrier in ' ||
           (ARRAY['Berlin', 'Hamburg', 'Munich', 'Cologne', 'Leipzig'])[1 + i % 5],
       jsonb_build_object('items', i % 9, 'sku', 'SKU-' || (i * 131 % 9973), 'gift', i % 11 = 0),
       decode(md5(i::text), 'hex')
  FROM generate_series(1::bigint, {rows}) AS i;
CREATE INDEX events_customer ON events (customer);
"""

SUMS = """
SELECT c.oid::regclass::text FROM pg_class AS c
 WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace ORDER BY 1
"""


def psql(cluster, database, sql):
    done = subprocess.run(["psql", "-XAtqv", "ON_ERROR_STOP=1", "-c", sql], check=True, text=True,
                          capture_output=True, env={**os.environ,
                                                    **cluster.environment(database)})
    return done.stdout.strip()


def fill(cluster, database, scale, rows):
    psql(cluster, "postgres", f"CREATE DATABASE {database}")
    subprocess.run([PGBENCH, "-iq", "-s", str(scale)], check=True, capture_output=True,
                   env={**os.environ, **cluster.environment(database)})
    psql(cluster, database, MIXED.format(rows=rows))
    psql(cluster, database, "CHECKPOINT")


def contents(cluster, database):
    """Rows and a sum over all of them, for each table."""
    tables = psql(cluster, database, SUMS).split("\n")
    return {table: psql(cluster, database, "SELECT count(*), sum(hashtextextended(t::text, 0)) "
                                           f"FROM {table} AS t") for table in tables}


def timed(cluster, database, command):
    started = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True,
                          env={**os.environ, **cluster.environment(database)})
    took = time.monotonic() - started
    if done.returncode != 0:
        raise BenchError(f"{command[0]} failed: {done.stderr.strip()}")
    return took, done.stdout


def run_ours(cluster, database, folder):
    took, out = timed(cluster, database,
                      [PROGRAM, "backup", "dump", "--to", folder, "--json",
                       "--state", folder / "state.db"])
    return took, Path(json.loads(out)["file"])


def run_theirs(cluster, database, folder):
    file = folder / "theirs.dump"
    file.unlink(missing_ok=True)
    took, _ = timed(cluster, database, [BIN / "pg_dump", "--format=custom", "--compress=9",
                                        f"--file={file}"])
    return took, file


def run_bound(cluster, database, _folder):
    took, _ = timed(cluster, database, [BIN / "pg_dump", "--format=custom", "--compress=0",
                                        "--no-sync", "--file=/dev/null"])
    return took, Path("/dev/null")


def restored(cluster, name, command, env=None):
    psql(cluster, "postgres", f"DROP DATABASE IF EXISTS {name}")
    psql(cluster, "postgres", f"CREATE DATABASE {name} TEMPLATE template0")
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", command], capture_output=True,
                          text=True, env={**os.environ, **cluster.environment(name)})
    if done.returncode != 0:
        raise BenchError(f"{command} failed: {done.stderr.strip()}")
    return contents(cluster, name)


def prove(cluster, database, ours, theirs):
    """Both come back without us, and are what was dumped."""
    source = contents(cluster, database)
    back = {OURS: restored(cluster, "back_ours",
                           f"zstd -dcq {ours} | {BIN}/pg_restore --exit-on-error -d back_ours"),
            THEIRS: restored(cluster, "back_theirs",
                             f"{BIN}/pg_restore --exit-on-error -d back_theirs {theirs}")}
    for who, found in back.items():
        if found != source:
            raise BenchError(f"{who}: what came back is not what was dumped: {found} != {source}")


def measure(cluster, database, folder, runs=3, number=1):
    """The claim, from so many pairs of runs, each in turn."""
    claim = Claim(number, "a dump takes less time, and is not larger")
    sizes, files = {}, {}
    for turn in range(runs):
        order = [(OURS, run_ours), (BOUND, run_bound), (THEIRS, run_theirs)]
        for who, run in order if turn % 2 == 0 else reversed(order):
            if who == OURS and OURS in files:
                files[OURS].unlink()
            took, files[who] = run(cluster, database, folder)
            claim.add_run(who, took)
            sizes[who] = files[who].stat().st_size
    prove(cluster, database, files[OURS], files[THEIRS])
    claim.notes.append(f"{sizes[OURS] / 1e6:.1f} MB against {sizes[THEIRS] / 1e6:.1f} MB; both "
                       "restored and compared, row by row")
    claim.goal(f"{THEIRS} / {OURS}", claim.median(THEIRS) / claim.median(OURS), FASTER,
               at_least=True)
    claim.goal("size against pg_dump's", sizes[OURS] / sizes[THEIRS], NOT_LARGER)
    return claim


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the rows")
    parser.add_argument("--json", metavar="FILE", help="write what was measured to FILE too")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="bench-dump-"))
    scale, rows, runs = (10, 200_000, 2) if options.quick else (100, 3_000_000, 3)
    try:
        with Cluster(15, {"shared_buffers": "256MB", "max_wal_size": "8GB"}) as cluster:
            fill(cluster, "shop", scale, rows)
            claim = measure(cluster, "shop", folder, runs)
            claim.show(seconds, judged=not options.quick)
            if options.json:
                write_json(options.json, facts_of(cluster), [claim])
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if not options.quick and not claim.met():
        sys.exit("\na goal was missed")


class _Box:
    def __init__(self, cluster):
        self.cluster = cluster

    def server_version(self):
        return psql(self.cluster, "postgres", "SHOW server_version")


def facts_of(cluster):
    return facts(_Box(cluster), (str(BIN / "pg_dump"), "--version"), PROGRAM)


if __name__ == "__main__":
    main()
