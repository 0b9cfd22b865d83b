"""The truth about point-in-time recovery: a ledger of commits, written while pgbench works and the
cluster lives through restarts, DDL and a switchover; then targets, each restored and held against
the ledger. What is right is known from the ledger alone, never from what the program says."""

import itertools
import random
import shutil
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from pgcluster import Cluster
from pgcluster_files import give_to_server_user
from support.repository import begun
from support.restoring import OwnersRunbook
from support.servers import SETTINGS, Server, wait_until

SERVER = {"track_commit_timestamp": True, "wal_level": "replica", "max_wal_senders": 8,
          "wal_keep_size": "256MB", "max_replication_slots": 8}
SMALL_SEGMENTS = ("--wal-segsize=1",)  # records cross the border of a segment all the time


@dataclass
class Entry:
    """A row of the ledger; everything the server said of its commit."""
    id: int
    xid: int
    time: str     # of the commit record, microseconds
    before: int   # an LSN that is not behind the commit's record
    after: int    # one that is not before its end
    timeline: int
    abandoned: bool = False  # written on the old primary after the new one had left it
    name: str = None         # a restore point between this commit and the next


@dataclass
class Ledger:
    entries: list = field(default_factory=list)

    def kept(self, abandoned=False):
        """In the order of the WAL along the newest timeline, or along the one that was left."""
        if abandoned:
            return [entry for entry in self.entries if entry.timeline == 1]
        return [entry for entry in self.entries if not entry.abandoned]

    def upto(self, last, abandoned=False):
        return [entry.id for entry in self.kept(abandoned) if entry.id <= last]


def lsn_number(text):
    high, low = text.split("/")
    return (int(high, 16) << 32) + int(low, 16)


def lsn_text(number):
    return f"{number >> 32:X}/{number & 0xFFFFFFFF:X}"


class Stage:
    """A cluster, its repository, who receives its WAL, and the ledger."""

    def __init__(self, primary, seed=1):
        self.primary = primary
        self.folder = primary.cluster.folder / "stage"
        self.folder.mkdir(mode=0o700)
        give_to_server_user(self.folder)
        self.repo = begun(self.folder / "repo")
        give_to_server_user(self.repo)
        self.runbook = OwnersRunbook(self.folder)
        self.random = random.Random(seed)
        self.ledger, self.timeline = Ledger(), 1
        self.numbers = itertools.count(1)
        self.backups, self.standbys = [], []
        self.receiver = None

    # -- the life of the cluster --

    def prepare(self, scale=1):
        folder = self.folder / "fast"
        folder.mkdir()
        give_to_server_user(folder)
        self.primary.sql(f"CREATE TABLESPACE fast LOCATION '{folder}'")
        self.primary.sql("CREATE TABLE ledger (id int PRIMARY KEY) TABLESPACE fast")
        subprocess.run(["pgbench", "-iqs", str(scale), "postgres"], check=True,
                       env=self.client(), capture_output=True)

    def client(self):
        return {"PATH": "/usr/bin:/bin", **self.primary.environment}

    @contextmanager
    def load(self, clients=2, rate=400):
        """pgbench at work; a server that ends ends it too."""
        bench = subprocess.Popen(["pgbench", "-n", "-c", str(clients), "-T", "3600", "-R",
                                  str(rate), "postgres"], env=self.client(),
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            yield
        finally:
            bench.terminate()
            bench.wait()

    def receive(self):
        self.receiver = self.runbook.start("backup", "wal", "receive", "--repo", self.repo,
                                           server=self.primary)
        wait_until(self.flushed, what="the receiver")

    def flushed(self):
        """How far the receiver has told that WAL is durable; 0: it is not there."""
        rows = self.primary.sql("SELECT max(flush_lsn)::text FROM pg_stat_replication "
                                "WHERE application_name LIKE 'pgrunbook%'")
        return lsn_number(rows[0][0]) if rows and rows[0][0] else 0

    def await_durable(self):
        place = lsn_number(self.primary.value("SELECT pg_current_wal_flush_lsn()::text"))
        wait_until(lambda: self.flushed() >= place, what="the WAL in the repository")

    def end_receiver(self):
        self.receiver.terminate()
        return self.receiver.wait()

    def back_up(self):
        document = self.runbook("backup", "create", "--json", "--repo", self.repo,
                                server=self.primary).expect(0).json
        self.backups.append(document["backup"])

    def standby(self):
        """Made of the newest backup, so that it has a tablespace of its own."""
        cluster = Cluster(self.primary.version, self.primary.cluster.settings)
        self.standbys.append(cluster)
        self.bring_back(cluster, "--latest", "--no-start")
        with open(cluster.data / "postgresql.conf", "a", encoding="utf-8") as file:
            file.write(f"primary_conninfo = 'host={self.primary.cluster.socket_dir} "
                       "user=postgres'\n")
        # Beside the other one it would be left behind by the promotion.
        (cluster.data / "recovery.signal").rename(cluster.data / "standby.signal")
        cluster.start()
        return Server(cluster)

    def bring_back(self, cluster, *options):
        """A backup becomes the data directory of a cluster."""
        document = self.runbook("backup", "restore", "--json", "--repo", self.repo, "--to",
                                cluster.data, "--tablespaces-below",
                                cluster.folder / "tablespaces", "--bindir", cluster.programs,
                                *options, timeout=300).expect(0).json
        cluster._configure()
        return document

    def close(self):
        self.runbook.close()
        for cluster in self.standbys:
            cluster.remove()

    def switch_over(self, standby, lost=0):
        """The standby takes over. The old primary goes on for a while, and what it writes is on a
        timeline that was left."""
        place = self.primary.value("SELECT pg_current_wal_flush_lsn()::text")
        wait_until(lambda: standby.value("SELECT pg_last_wal_replay_lsn() >= %s::pg_lsn", [place]),
                   what="the standby")
        standby.sql("SELECT pg_promote()")
        self.write(lost, abandoned=True, named=True)
        self.await_durable()
        self.end_receiver()
        self.primary.cluster.stop()
        self.primary, self.timeline = standby, self.timeline + 1
        self.receive()

    # -- the ledger --

    def write(self, count, pause=0.03, abandoned=False, named=False):
        """So many commits, one after the other. The pause is longer than a backend can be
        interrupted between taking the time of its commit and writing it."""
        with psycopg.connect(self.primary.conninfo(), autocommit=True) as connection:
            for _ in range(count):
                number = next(self.numbers)
                before = self.ask(connection, "SELECT pg_current_wal_insert_lsn()::text")
                xid = self.ask(connection, f"INSERT INTO ledger VALUES ({number}) "
                                           "RETURNING xmin::text")
                after = self.ask(connection, "SELECT pg_current_wal_insert_lsn()::text")
                moment = self.ask(connection, "SELECT pg_xact_commit_timestamp(%s::xid) AT TIME "
                                              "ZONE 'UTC'", [xid])
                name = f"behind {number}" if named else None
                if named:
                    connection.execute("SELECT pg_create_restore_point(%s)", [name])
                self.ledger.entries.append(Entry(
                    number, int(xid), moment, lsn_number(before), lsn_number(after),
                    self.timeline, abandoned, name))
                time.sleep(pause)

    @staticmethod
    def ask(connection, statement, parameters=None):
        return connection.execute(statement, parameters).fetchone()[0]

    # -- targets --

    def targets(self, count):
        """So many random ones, (options, the ids that must be there), every kind as often as the
        others. Behind the first backup, before the last commit."""
        kept = self.ledger.kept()
        stop = lsn_number(self.backups[0]["stop_lsn"])
        places = [(entry, later) for entry, later in zip(kept, kept[1:]) if entry.before > stop]
        kinds = itertools.cycle(["time", "xid", "lsn", "name", "immediate"])
        return [self.target(kind, places) for kind, _ in zip(kinds, range(count))]

    def target(self, kind, places):
        if kind == "immediate":
            backup = self.random.choice(self.backups)
            return ["--immediate", "--backup", backup["id"]], self.at_the_end_of(backup)
        named = [pair for pair in places if pair[0].name]
        entry, later = self.random.choice(named if kind == "name" else places)
        return self.options(kind, entry, later), [self.ledger.upto(entry.id)]

    def options(self, kind, entry, later):
        if kind == "time":
            # Never in the half that another backend's commit could overtake.
            share = 0.5 + 0.5 * self.random.random()
            moment = entry.time + (later.time - entry.time) * share
            zone = self.random.choice(["+00", "Z", " UTC"])
            return ["--target-time", f"{moment:%Y-%m-%d %H:%M:%S.%f}{zone}"]
        if kind == "xid":
            return ["--target-xid", entry.xid]
        if kind == "lsn":
            return ["--target-lsn", lsn_text(entry.after)]
        return ["--target-name", entry.name]

    def at_the_end_of(self, backup):
        """What may be there: an entry that was being written at that moment is, or is not."""
        stop = lsn_number(backup["stop_lsn"])
        kept = [entry for entry in self.ledger.kept() if entry.timeline <= backup["timeline"]]
        sure = [entry.id for entry in kept if entry.after <= stop]
        return [sure, sure + [entry.id for entry in kept
                              if entry.before < stop < entry.after]]

    # -- the judge --

    def restore(self, options):
        """A running server on what was restored, and the document; `with stage.restore(…) as …`."""
        return Restoration(self, options)


class Restoration:
    def __init__(self, stage, options):
        self.stage, self.options = stage, options
        self.cluster = Cluster(stage.primary.version, {**SETTINGS, "track_commit_timestamp": True})

    def __enter__(self):
        try:
            self.document = self.stage.bring_back(self.cluster, *self.options)
            self.cluster.start()
            self.server = Server(self.cluster)
            return self
        except BaseException:
            self.cluster.remove()
            raise

    def __exit__(self, *_exception):
        self.cluster.remove()

    def ids(self):
        return [row[0] for row in self.server.sql("SELECT id FROM ledger ORDER BY id")]

    def balanced(self):
        """What pgbench keeps in step within each transaction."""
        sums = self.server.sql("""SELECT (SELECT sum(abalance) FROM pgbench_accounts),
            (SELECT sum(tbalance) FROM pgbench_tellers), (SELECT sum(bbalance) FROM
            pgbench_branches), (SELECT coalesce(sum(delta), 0) FROM pgbench_history)""")[0]
        return len(set(sums)) == 1


def nearest(result):
    """The options that a refusal names."""
    import shlex
    (line,) = [line for line in result.err.splitlines() if "nearest that can be reached: " in line]
    return shlex.split(line.split("nearest that can be reached: ")[1])


def removed(folder):
    shutil.rmtree(folder, ignore_errors=True)
    return not Path(folder).exists()
