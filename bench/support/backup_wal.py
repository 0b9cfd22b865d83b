#!/usr/bin/python3
"""The WAL part of the benchmark of backups, against pgBackRest's archive-push (zst 1, synchronous,
a process for each segment, as archive_command calls it).

  bench/support/backup_wal.py            24 segments
  bench/support/backup_wal.py --quick    6 of them

Claim 1: `backup wal push` of a segment, the two in turn on the same segments, which pgbench wrote.
Claim 2: `backup wal receive` under pgbench: from the moment the server has flushed a segment's last
byte until it has been told that all of the segment is durable; beside it archive-push of the very
same segments, alone. What both have stored is decompressed and compared with the server's bytes.
PGBACKREST= names another pgBackRest. Ends with 1 when a goal is missed."""

import argparse
import hashlib
import json
import os
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(REPOSITORY / "bench"), str(REPOSITORY / "tools")]

import psycopg  # noqa: E402

from pgcluster import Cluster  # noqa: E402
from support.machine import BenchError  # noqa: E402
from support.report import Claim, middle  # noqa: E402

PROGRAM = os.environ.get("PGRUNBOOK", str(REPOSITORY / "build" / "pgrunbook"))
PGBACKREST = os.environ.get("PGBACKREST", "pgbackrest")
PGBENCH = "/usr/lib/postgresql/15/bin/pgbench"
SEGMENT = 16 << 20
SETTINGS = {"max_wal_size": "4GB", "wal_keep_size": "3GB", "shared_buffers": "256MB",
            "checkpoint_timeout": "1h"}
PUSH_TIMES, SOONER_TIMES = 2, 4


def run(command, **more):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True,
                          check=False, **more)
    if done.returncode != 0:
        raise BenchError(f"{command[0]}: {done.stderr or done.stdout}")
    return done.stdout


def timed(command, **more):
    """(wall seconds, processor seconds) of it."""
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    run(command, **more)
    wall, after = time.monotonic() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def lsn(text):
    high, low = text.split("/")
    return (int(high, 16) << 32) + int(low, 16)


class Ours:
    def __init__(self, folder):
        self.repo = folder / "ours"
        self.repo.mkdir(parents=True)
        # As `backup create` begins it, which would copy the cluster as well.
        text = json.dumps({"format": 1, "program": "bench", "created_us": 1, "encryption": None,
                           "key_check": None}, indent=1)[:-2]
        seal = hashlib.sha256(text.encode()).hexdigest()
        (self.repo / "repository.json").write_text(f'{text},\n "sha256": "{seal}"\n}}\n')

    def push(self, path):
        return timed([PROGRAM, "backup", "wal", "push", "--repo", self.repo, path])

    def stored(self, name):
        (path,) = self.repo.glob(f"*/wal/*/{name}.zst")
        return path


class Peer:
    """pgBackRest with a configuration of its own."""

    def __init__(self, folder, cluster):
        self.repo, self.data, config = folder / "peer", cluster.data, folder / "pgbackrest.conf"
        (folder / "lock").mkdir()
        (folder / "spool").mkdir()
        config.write_text(f"""[global]
repo1-path={self.repo}
log-path={folder}
lock-path={folder}/lock
spool-path={folder}/spool
compress-type=zst
compress-level=1
log-level-console=warn
log-level-file=off
[bench]
pg1-path={cluster.data}
pg1-socket-path={cluster.folder}
pg1-port={cluster.port}
pg1-user=postgres
""")
        self.command = [PGBACKREST, f"--config={config}", "--stanza=bench"]
        run([*self.command, "stanza-create", "--no-online"])

    def push(self, path):
        return timed([*self.command, "archive-push", path], cwd=self.data)

    def stored(self, name):
        (path,) = self.repo.glob(f"archive/bench/*/*/{name}-*.zst")
        return path


def same(server_bytes, *paths):
    for path in paths:
        if subprocess.run(["zstd", "-dcq", path], check=True,
                          capture_output=True).stdout != server_bytes:
            raise BenchError(f"{path} holds other bytes than the server")


class Stage:
    def __init__(self, folder, count):
        self.count, self.folder = count, folder
        self.cluster = Cluster(15, SETTINGS, durable=True)

    def __enter__(self):
        self.cluster.start()
        self.pgbench("-i", "-q", "-s", "20")
        self.sql("CHECKPOINT")
        return self

    def __exit__(self, *_exception):
        self.cluster.remove()

    def sql(self, statement):
        with psycopg.connect(self.cluster.conninfo(), autocommit=True) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchone()[0] if cursor.description else None

    def pgbench(self, *arguments):
        run([PGBENCH, *arguments], env={**os.environ, **self.cluster.environment()})

    def load(self, seconds):
        return subprocess.Popen([PGBENCH, "-N", "-c", "2", "-T", str(seconds)],
                                env={**os.environ, **self.cluster.environment()},
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def path(self, number):
        name = f"00000001{number >> 8:08X}{number & 255:08X}"
        return self.cluster.data / "pg_wal" / name

    def flushed(self):
        return lsn(self.sql("SELECT pg_current_wal_flush_lsn()::text"))

    def fill(self, count):
        """So many complete segments of pgbench's WAL; their numbers."""
        first = self.flushed() // SEGMENT + 1
        while self.flushed() // SEGMENT < first + count:
            self.pgbench("-N", "-c", "2", "-T", "2")
            self.sql("CHECKPOINT")  # full pages again, as on a server that is busy all day
        return range(first, first + count)


def measure_push(stage, ours, peer):
    claim, processor = Claim(1, "wal push of one segment"), {"pgrunbook": [], "pgbackrest": []}
    for turn, number in enumerate(stage.fill(stage.count)):
        path = stage.path(number)
        pair = [("pgrunbook", ours), ("pgbackrest", peer)]
        for name, pusher in pair if turn % 2 == 0 else reversed(pair):
            wall, cpu = pusher.push(path)
            claim.add_run(name, wall)
            processor[name].append(cpu)
        same(path.read_bytes(), ours.stored(path.name), peer.stored(path.name))
    claim.notes += [f"processor time of {name}: median {middle(spent) * 1000:.1f} ms"
                    for name, spent in processor.items()]
    claim.goal("pgBackRest's time / ours", claim.median("pgbackrest") / claim.median("pgrunbook"),
               PUSH_TIMES, " x", at_least=True)
    return claim


class Ears:
    """Looks as fast as it can where the server is and what it has been told."""

    def __init__(self, stage):
        self.connection = psycopg.connect(stage.cluster.conninfo(), autocommit=True)

    def look(self):
        row = self.connection.execute(
            "SELECT pg_current_wal_flush_lsn()::text, (SELECT flush_lsn::text FROM "
            "pg_stat_replication LIMIT 1)", prepare=True).fetchone()
        return lsn(row[0]), lsn(row[1] or "0/0")

    def await_segments(self, count, seconds):
        """{segment number: seconds from its end to its acknowledgement}"""
        written, delays, deadline = {}, {}, time.monotonic() + seconds
        first = self.look()[0] // SEGMENT + 1
        while len(delays) < count and time.monotonic() < deadline:
            server, told = self.look()
            now = time.monotonic()
            for number in range(first, server // SEGMENT):
                written.setdefault(number, now)
            for number in range(first, min(told, server) // SEGMENT):
                if number in written:
                    delays.setdefault(number, now - written[number])
        return delays


def measure_stream(stage, folder, peer):
    claim = Claim(2, "a segment's end to durable and acknowledged")
    claim.notes.append("ours while pgbench writes on; pgBackRest pushes alone on the machine")
    ours = Ours(folder / "stream")
    with open(folder / "receiver.log", "w", encoding="utf-8") as log:
        receiver = subprocess.Popen([PROGRAM, "backup", "wal", "receive", "--repo", ours.repo],
                                    env={**os.environ, **stage.cluster.environment()},
                                    stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        ears = Ears(stage)
        while ears.look()[1] == 0:
            time.sleep(0.05)
        load = stage.load(600)
        delays = ears.await_segments(stage.count, 600)
        load.terminate()
        load.wait()
        time.sleep(2)
    finally:
        receiver.terminate()
        receiver.wait()
    for number, delay in sorted(delays.items()):
        path = stage.path(number)
        claim.add_run("pgrunbook", delay)
        claim.add_run("pgbackrest", peer.push(path)[0])
        same(path.read_bytes(), ours.stored(path.name), peer.stored(path.name))
    claim.goal("pgBackRest's time / ours", claim.median("pgbackrest") / claim.median("pgrunbook"),
               SOONER_TIMES, " x", at_least=True)
    return claim


def measure(folder, quick=False):
    """The two claims."""
    folder.mkdir(parents=True)
    with Stage(folder, 6 if quick else 24) as stage:
        peer = Peer(folder, stage.cluster)
        return [measure_push(stage, Ours(folder), peer), measure_stream(stage, folder, peer)]


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer segments, no verdict")
    arguments = parser.parse_args()
    folder = Path("/var/tmp") / f"pgrunbook-bench-wal-{os.getpid()}"
    try:
        claims = measure(folder, arguments.quick)
    except BenchError as error:
        sys.exit(f"bench backup: {error}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    for claim in claims:
        claim.show(lambda value: f"{value * 1000:.1f} ms", not arguments.quick)
    sys.exit(0 if arguments.quick or all(claim.met() for claim in claims) else 1)


if __name__ == "__main__":
    main()
