"""What the parts of the faults bench share: a tiny cluster that keeps a ledger, repositories of it,
and a judge that restores whatever is listed as good and asks a server on it."""

import hashlib
import os
import shutil
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
os.environ.setdefault("PGRUNBOOK", str(REPOSITORY / "build" / "pgrunbook"))
sys.path[:0] = [str(REPOSITORY / "tests"), str(REPOSITORY / "tools")]

import pgcluster  # noqa: E402
import psycopg  # noqa: E402
from pgcluster import Cluster  # noqa: E402
from pgcluster_files import give_to_server_user  # noqa: E402
from support.physical import tiny_cluster  # noqa: E402
from support.program import binary  # noqa: E402
from support.restoring import OwnersRunbook, verify  # noqa: E402
from support.servers import wait_until  # noqa: E402
from support.wal import Stored, lsn, segment_name  # noqa: E402

MIB = 1 << 20
JOBS = 3
KEY = "6b" * 32
PG_VERIFYBACKUP = 16  # the newest whose manifests Debian's program reads


def say(*words):
    head = [time.strftime("%H:%M:%S")] if words and not words[0].startswith("|") else []
    print(*head, *words, flush=True)


class Ledger:
    """Commits, numbered from 1, and the LSN behind each."""

    def __init__(self):
        self.places = []

    def ids_until(self, place):
        """How many were committed before that LSN: all of these have to come back."""
        return sum(1 for known in self.places if known <= place)


class Stage:
    """A cluster of one database with segments of 1 MiB; .place is a folder for everything else."""

    def __init__(self, version=15, encrypted=False, whole=False, **settings):
        """`whole`: with the template databases."""
        self.version, self.encrypted = version, encrypted
        self.server = tiny_cluster(version, whole=whole, settings={
            "max_replication_slots": "400", "max_wal_senders": "40", "wal_keep_size": "0",
            **settings})
        self.cluster = self.server.cluster
        self.place = self.cluster.folder / "place"
        self.place.mkdir(mode=0o755)
        self.ledger, self.homes = Ledger(), []
        self.options = self._options()
        give_to_server_user(self.place)
        self.runbook = self.home("home")
        self.server.sql("CREATE TABLE ledger (id int PRIMARY KEY, note text)")
        self.write(20)

    def _options(self):
        if not self.encrypted:
            return []
        (self.place / "key").write_text(KEY)
        (self.place / "key").chmod(0o600)
        (self.place / "conf").write_text(f"[pgrunbook]\nbackup.key_file = {self.place}/key\n")
        return ["--config", self.place / "conf"]

    def folder(self, name):
        made = self.place / name
        made.mkdir(parents=True)
        give_to_server_user(made)
        return made

    def home(self, name):
        """A program with a history of its own."""
        runbook = OwnersRunbook(self.folder(name))
        self.homes.append(runbook)
        return runbook

    @contextmanager
    def trial(self, name, origin=None):
        """A folder that is gone afterwards, with .runbook and .repo, a copy of that repository."""
        folder = self.folder(f"trial/{name}")
        made = Trial(self, folder)
        if origin is not None:
            subprocess.run(["cp", "-a", "--reflink=auto", origin, made.repo], check=True)
        try:
            yield made
        finally:
            made.runbook.close()
            shutil.rmtree(folder)

    def write(self, count, bulk=0):
        """So many commits; `bulk`: with so many bytes of WAL beside each."""
        with psycopg.connect(self.server.conninfo(), autocommit=True) as connection:
            for _ in range(count):
                number = len(self.ledger.places) + 1
                if bulk:
                    connection.execute("SELECT pg_logical_emit_message(true, 'x', repeat('y', %s))",
                                       [bulk])
                connection.execute("INSERT INTO ledger VALUES (%s, %s)", [number, f"n{number}"])
                place = connection.execute("SELECT pg_current_wal_insert_lsn()::text").fetchone()
                self.ledger.places.append(lsn(place[0]))

    def written(self):
        return len(self.ledger.places)

    def flushed(self):
        return self.server.value("SELECT pg_current_wal_flush_lsn()::text")

    def backup(self, *words, repo):
        """The arguments of a command on a repository."""
        return ["backup", *words, *self.options, "--repo", repo]

    def run(self, *words, repo, code=0, runbook=None, server=None, **more):
        return (runbook or self.runbook)(*self.backup(*words, repo=repo), server=server,
                                         timeout=180, **more).expect(
            *(code if isinstance(code, tuple) else (code,)))

    def create(self, repo, *words, **more):
        return self.run("create", "--json", *words, repo=repo, server=self.server, **more)

    def push_all(self, repo):
        """Everything until now is in the repository, as an archiver does it."""
        self.server.sql("SELECT pg_logical_emit_message(true, 'x', 'y')")
        last = self.server.value("SELECT pg_walfile_name(pg_switch_wal())")
        names = sorted(path.name for path in (self.cluster.data / "pg_wal").iterdir()
                       if len(path.name) == 24 and path.name <= last)
        for name in names:
            self.run("wal", "push", self.cluster.data / "pg_wal" / name, repo=repo)
        return last

    def close(self):
        for runbook in self.homes:
            runbook.close()
        self.server.close()
        self.cluster.remove()


class Trial:
    def __init__(self, stage, folder):
        self.stage, self.folder = stage, folder
        # What the program keeps for itself is not below .under, where calls are counted.
        self.under, self.repo = folder / "under", folder / "under" / "repo"
        for made in folder / "home", self.under:
            made.mkdir()
            give_to_server_user(made)
        self.runbook = OwnersRunbook(folder / "home")

    def run(self, *words, **more):
        return self.stage.run(*words, repo=self.repo, runbook=self.runbook, **more)

    def backup(self, *words):
        return self.stage.backup(*words, repo=self.repo)


def tree(folder, leave=()):
    """A digest of all names and contents below a folder."""
    digest = hashlib.sha256()
    for path in sorted(Path(folder).rglob("*")):
        name = str(path.relative_to(folder))
        if name in leave:
            continue
        digest.update(name.encode() + b"\0")
        if path.is_symlink():
            digest.update(os.readlink(path).encode())
        elif path.is_file():
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


class Judge:
    """Restores every backup that is listed as good, has PostgreSQL's own program look at it, starts a
    server on it and asks for the ledger. What has the same bytes as one before, WAL included, is not
    started once more."""

    def __init__(self, stage):
        self.stage = stage
        self.known, self.lock = {}, threading.Lock()
        self.restored = self.started = 0

    def listed(self, trial):
        document = trial.run("list", "--json").json
        return [backup for backup in document["backups"] if backup["proof"] != "damaged"]

    def __call__(self, trial, least=0, at_least_one=True, target=lambda identifier: ["--latest"]):
        """Every one brings back commits 1 to n; n is at least so many (of all, or of each)."""
        good = self.listed(trial)
        assert good or not at_least_one, "no good backup is left"
        for backup in good:
            ids = self.bring_back(trial, backup["id"], target(backup["id"]))
            assert ids == list(range(1, len(ids) + 1)), (backup["id"], ids)
            wanted = least(backup["id"]) if callable(least) else least
            assert len(ids) >= wanted, f"{backup['id']} brings back {len(ids)} of {wanted}"
        return [backup["id"] for backup in good]

    def bring_back(self, trial, identifier, target, verified=True):
        cluster = Cluster(self.stage.version, {"archive_mode": "off", "min_wal_size": "2MB",
                                               "wal_keep_size": "0"})
        try:
            trial.run("restore", "--no-start", "--backup", identifier, *target, "--to",
                      cluster.data, "--bindir", cluster.programs)
            self.restored += 1
            if verified and self.stage.version <= PG_VERIFYBACKUP:
                verify(cluster.data, "-i", "tablespace_map")
            return self.ask_once(cluster, trial)
        finally:
            cluster.remove()

    def ask_once(self, cluster, trial):
        restore_command = str(trial.repo).encode()
        automatic = (cluster.data / "postgresql.auto.conf").read_bytes().replace(
            restore_command, b"REPO")
        key = hashlib.sha256(automatic).hexdigest() + tree(
            cluster.data, ["postgresql.auto.conf"]) + self.wal(trial.repo)
        with self.lock:
            if key in self.known:
                return self.known[key]
        ids = self.ask(cluster)
        with self.lock:
            self.known[key] = ids
        return ids

    @staticmethod
    def wal(repo):
        digest = hashlib.sha256()
        for file in sorted(repo.glob("*/wal/**/*")):
            if file.is_file() and not file.name.startswith("."):
                digest.update(file.name.encode() + hashlib.sha256(file.read_bytes()).digest())
        return digest.hexdigest()

    def ask(self, cluster):
        cluster._configure()
        give_to_server_user(cluster.data)
        cluster.start()
        self.started += 1
        with psycopg.connect(cluster.conninfo(), autocommit=True) as connection:
            wait_until(lambda: not connection.execute("SELECT pg_is_in_recovery()").fetchone()[0],
                       60, "the end of the recovery")
            rows = connection.execute("SELECT id, note FROM ledger ORDER BY id").fetchall()
        assert all(note == f"n{number}" for number, note in rows)
        return [number for number, _ in rows]


class Table:
    """What came of it, as docs/benchmarks.md has it."""

    def __init__(self, *heads):
        self.rows, self.heads = [], heads

    def add(self, *cells):
        self.rows.append([str(cell) for cell in cells])
        say("  " + ", ".join(f"{head}: {cell}" for head, cell in zip(self.heads, self.rows[-1])))

    def show(self):
        say()
        for row in (self.heads, ["---"] * len(self.heads), *self.rows):
            say("| " + " | ".join(row) + " |")


class Failures:
    """Those of all trials; the first few are shown whole."""

    def __init__(self, most=6):
        self.found, self.most, self.lock = [], most, threading.Lock()

    def add(self, what, error):
        with self.lock:
            self.found.append(f"{what}: {error}")
            if len(self.found) <= self.most:
                say(f"FAILED {what}\n{error}")

    def of(self, prefix):
        return sum(found.startswith(prefix) for found in self.found)


def in_lanes(story, cases, failures, name, jobs=JOBS):
    """story(case) for each; what fails is kept, and the others go on."""
    def one(case):
        try:
            story(case)
        except (AssertionError, OSError, subprocess.SubprocessError, psycopg.Error,
                RuntimeError, ValueError, KeyError) as error:
            failures.add(f"{name} {case}", f"{type(error).__name__}: {error}")

    with ThreadPoolExecutor(jobs) as pool:
        for done in [pool.submit(one, case) for case in cases]:
            done.result()


__all__ = ["Cluster", "Failures", "JOBS", "Judge", "KEY", "MIB", "Stage", "Stored", "Table",
           "binary", "give_to_server_user", "in_lanes", "lsn", "pgcluster", "say", "segment_name", "tree", "wait_until"]
