"""Restoring a cluster, beside pgBackRest with two processes: the wall clock of the same work (files
on disk, settings of the recovery), then pg_verifybackup, a start, and amcheck on every index.

pgBackRest's repository is as fast as it gets: zstd level 1, bundled, two processes. Both
repositories and both targets are on the same file system, and every file is in the page cache for
both, as it is after a backup of this size on this machine; the targets are synced by the programs
themselves, and nothing else is left to write when the clock starts."""

import os
import shutil
import statistics
import subprocess
import time

import psycopg

from pgcluster import Cluster
from pgcluster_files import as_server_user, give_to_server_user
from support.machine import BenchError

PROGRAMS = "/usr/lib/postgresql/15/bin"
GOAL = 0.8  # of pgBackRest's wall clock
MEMORY = 150 << 20


class RestoreBench:
    """cluster: a running server of 15, filled, with archive_mode on. folder: a place on the disk for
    two repositories and what is restored. program, pgbackrest: the peers."""

    def __init__(self, cluster, folder, program, pgbackrest="pgbackrest"):
        self.cluster, self.folder = cluster, folder
        self.program, self.pgbackrest = program, pgbackrest
        self.repo, self.spool, self.home = (folder / name for name in ("ours", "theirs", "home"))
        for place in self.repo, self.spool, self.home, folder / "log":
            place.mkdir(exist_ok=True)
            give_to_server_user(place)
        give_to_server_user(folder)
        self.peaks, self.work = [], 0

    # -- the peers --

    def _run(self, command, watch=False):
        """As the account of the servers; seconds."""
        log = self.folder / "output"
        with open(log, "w", encoding="utf-8") as output:
            started = time.monotonic()
            process = subprocess.Popen(
                [str(part) for part in command], cwd=self.folder, stdout=output, stderr=output,
                stdin=subprocess.DEVNULL, env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8",
                                               "HOME": str(self.home)}, **as_server_user())
            _, status, usage = os.wait4(process.pid, 0)
            seconds = time.monotonic() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            raise BenchError(f"{' '.join(map(str, command))}\n{log.read_text()}")
        if watch:
            self.peaks.append(usage.ru_maxrss << 10)
        self.work = usage.ru_utime + usage.ru_stime
        return seconds

    def _theirs(self, verb, *options, path=None):
        server = [] if path else [f"--pg1-socket-path={self.cluster.socket_dir}",
                                  f"--pg1-port={self.cluster.port}", "--pg1-user=postgres"]
        return self._run([self.pgbackrest, "--stanza=bench", f"--repo1-path={self.spool}",
                          f"--pg1-path={path or self.cluster.data}", *server,
                          f"--log-path={self.folder}/log", f"--lock-path={self.folder}/lock",
                          "--log-level-console=warn", *options, verb])

    def back_up(self):
        fast = ["--process-max=2", "--compress-type=zst", "--compress-level=1", "--repo1-bundle", "--start-fast",
                "--no-archive-check"]
        with psycopg.connect(self.cluster.conninfo(), autocommit=True) as connection:
            push = f"{self.program} backup wal push %p --repo {self.repo}"
            connection.execute(f"ALTER SYSTEM SET archive_command = '{push}'")
            connection.execute("SELECT pg_reload_conf()")
        self._theirs("stanza-create", "--no-online")
        self._theirs("backup", "--type=full", *fast)
        self._run([self.program, "backup", "create", "--repo", self.repo, "-h",
                   self.cluster.socket_dir, "-p", self.cluster.port, "-U", "postgres"])

    def _restore_ours(self, to):
        return self._run([self.program, "backup", "restore", "--repo", self.repo, "--to", to,
                          "--no-start", "--jobs", "2"], watch=True)

    def _restore_theirs(self, to):
        to.mkdir(mode=0o700)
        give_to_server_user(to)
        return self._theirs("restore", "--process-max=2", "--archive-mode=off", "--type=immediate", path=to)

    # -- what was restored --

    def _prove(self, to, ours):
        if ours:
            self._run([f"{PROGRAMS}/pg_verifybackup", "--no-parse-wal", to])
        else:
            # Its WAL is not archived there; what the backup needs is taken from the cluster.
            for segment in (self.cluster.data / "pg_wal").glob("0*"):
                shutil.copy2(segment, to / "pg_wal" / segment.name)
            give_to_server_user(to)
            with open(to / "postgresql.auto.conf", "a", encoding="utf-8") as settings:
                settings.write("restore_command = 'false'\nrecovery_target_action = 'promote'\n")
        copy = Cluster(15, {"shared_buffers": "512MB", "archive_mode": "off"},
                       folder=self.folder / "server")
        try:
            os.rename(to, copy.data)
            copy._configure()
            give_to_server_user(copy.data)
            copy.start()
            self._check(copy)
        finally:
            copy.remove()

    @staticmethod
    def _check(copy):
        with psycopg.connect(copy.conninfo(), autocommit=True) as connection:
            while connection.execute("SELECT pg_is_in_recovery()").fetchone()[0]:
                time.sleep(0.1)
            connection.execute("CREATE EXTENSION amcheck")
            connection.execute("""SELECT bt_index_check(c.oid) FROM pg_index i
                JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am a ON a.oid = c.relam
                WHERE a.amname = 'btree' AND i.indisvalid AND c.relpersistence = 'p'""")

    # -- the claim --

    def run(self, rounds=5, prove=True):
        """The rows of a report: name, ours, theirs, ratio, goal, met."""
        peers = {"ours": self._restore_ours, "theirs": self._restore_theirs}
        seconds, work = {name: [] for name in peers}, {name: [] for name in peers}
        for number in range(rounds):
            for name in sorted(peers, reverse=number % 2 == 1):
                to = self.folder / f"{name}.{number}"
                os.sync()
                seconds[name].append(peers[name](to))
                work[name].append(self.work)
                if prove and number == rounds - 1:
                    self._prove(to, name == "ours")
                shutil.rmtree(to, ignore_errors=True)
        ours, theirs = (statistics.median(seconds[name]) for name in ("ours", "theirs"))
        busy = [statistics.median(work[name]) for name in ("ours", "theirs")]
        return [
            {"name": "restore, seconds", "ours": ours, "theirs": theirs, "ratio": ours / theirs,
             "goal": GOAL, "met": ours <= GOAL * theirs, "all": seconds},
            {"name": "restore, processor seconds", "ours": busy[0], "theirs": busy[1],
             "ratio": busy[0] / busy[1], "goal": None, "met": True},
            {"name": "restore, memory", "ours": max(self.peaks), "theirs": None, "ratio": None,
             "goal": MEMORY, "met": max(self.peaks) <= MEMORY},
        ]
