"""What the parts of the benchmark of backups share: a cluster of two and a half gigabytes, the peers,
a meter, and the proof that what was timed is a backup: restored, started, every page looked at."""

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import psycopg

from pgcluster import Cluster, ClusterError
from pgcluster_files import give_to_server_user
from support.machine import DATABASES, BenchError
from support.report import Claim, seconds

REPOSITORY = Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get("PGRUNBOOK", str(REPOSITORY / "build" / "pgrunbook"))
PGBACKREST = os.environ.get("PGBACKREST", "pgbackrest")
DEBIAN = Path("/usr/lib/postgresql/15/bin")
VERSION = 15
SETTINGS = {"shared_buffers": "256MB", "max_wal_size": "8GB", "wal_keep_size": "512MB",
            "autovacuum": "off", "checkpoint_timeout": "1h"}
TICKS = os.sysconf("SC_CLK_TCK")


def say(text):
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def run(*command, **more):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, check=False, **more)
    if done.returncode != 0:
        raise BenchError(f"{' '.join(map(str, command))}:\n{(done.stderr or done.stdout)[-2000:]}")
    return done.stdout


def used(folder):
    """Bytes of the files in it."""
    return sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())


@dataclass
class Run:
    seconds: float
    cpu: float       # of all processes, the server's too
    peak_bytes: int  # of the largest process, and not less than what this one had when it forked


def _cpu_of(pid, children):
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return 0
    return sum(int(field) for field in fields[11:15 if children else 13]) / TICKS


class Stage:
    """.cluster runs and holds the data; .folder has room for repositories."""

    def __init__(self, folder, quick=False):
        self.folder = Path(folder)
        self.cluster = Cluster(VERSION, SETTINGS, durable=True, folder=self.folder / "c",
                               initdb=["--data-checksums"]).start()
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("PG")},
            **self.cluster.environment(), "LC_ALL": "C.UTF-8",
            "XDG_STATE_HOME": str(self.folder / "own"), "XDG_CONFIG_HOME": str(self.folder / "own")}
        try:
            self._fill(scale=4 if quick else 100, rows=160_000 if quick else 4_000_000)
        except BaseException:
            self.close()
            raise

    def _fill(self, scale, rows):
        say(f"filling: pgbench -s {scale} and {rows:,} rows of a mixed table")
        self.sql("ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()")
        run(DEBIAN / "pgbench", "-i", "-q", "-s", scale, env=self.environment)
        run(DEBIAN / "psql", "-Xq", "-v", f"rows={rows}", "-f", DATABASES / "backup.sql",
            env=self.environment)
        self.sql("CREATE EXTENSION amcheck", "ALTER SYSTEM RESET fsync", "SELECT pg_reload_conf()",
                 "CHECKPOINT")
        self.bytes = used(self.cluster.data) - used(self.cluster.data / "pg_wal")

    def sql(self, *statements):
        with psycopg.connect(self.cluster.conninfo(), autocommit=True) as connection:
            for statement in statements:
                rows = connection.execute(statement)
        return rows

    def close(self):
        self.cluster.remove()

    # -- measuring --

    def server_cpu(self):
        """Of the server and of all backends it ever had; one that ends becomes part of the former."""
        postmaster = self.cluster.pid()
        task = Path(f"/proc/{postmaster}/task/{postmaster}/children")
        return _cpu_of(postmaster, True) + sum(_cpu_of(pid, False)
                                               for pid in task.read_text().split())

    def measure(self, *command, **more):
        """Runs it and waits until the disk has what was written before, so that no peer pays for
        another."""
        os.sync()
        before, server = resource.getrusage(resource.RUSAGE_CHILDREN), self.server_cpu()
        started = time.monotonic()
        process = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                   env=self.environment, **more)
        output = process.stdout.read()
        _, status, own = os.wait4(process.pid, 0)
        seconds = time.monotonic() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        process.stdout.close()
        if process.returncode != 0:
            raise BenchError(f"{' '.join(map(str, command))}:\n{output[-2000:]}")
        time.sleep(0.1)  # the walsender is on its way out
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return Run(seconds, cpu + self.server_cpu() - server, own.ru_maxrss * 1024)

    # -- proving --

    def add_wal(self, data):
        """What a restored backup_label asks for, from the pg_wal of the cluster itself."""
        label = (data / "backup_label").read_text()
        first = label.split("(file ", 1)[1][:24]
        for segment in (self.cluster.data / "pg_wal").iterdir():
            if len(segment.name) == 24 and segment.name >= first:
                shutil.copy(segment, data / "pg_wal" / segment.name)

    def prove(self, bring, manifest=True):
        """bring(data) makes a data directory of a backup; PostgreSQL's own judges have the word."""
        copy = Cluster(VERSION, SETTINGS, folder=self.folder / "proof")
        try:
            bring(copy.data)
            if manifest:
                run(DEBIAN / "pg_verifybackup", "-n", "-i", "pg_wal", copy.data)
            copy._configure()
            give_to_server_user(copy.data)
            copy.start()
            environment = {**self.environment, **copy.environment()}
            run(DEBIAN / "pg_amcheck", "-a", "-j", "2", "--heapallindexed", "--install-missing",
                env=environment)
        finally:
            copy.remove()


def unpack(archive, data):
    data.mkdir(mode=0o700)
    subprocess.run(f"zstd -dcq '{archive}' | tar x -C '{data}'", shell=True, check=True)


# ---- pgBackRest ------------------------------------------------------------------------------


def pgbackrest_version():
    return tuple(int(part) for part in run(PGBACKREST, "version").split()[1].split("."))


class PgBackRest:
    """A repository with a configuration of its own; tuned: zst 1, two processes, bundles, and blocks
    where the version has them."""

    def __init__(self, stage, name, tuned):
        self.stage, self.folder = stage, stage.folder / name
        for folder in ("repo", "lock", "spool", "log"):
            (self.folder / folder).mkdir(parents=True)
        more = ["compress-type=zst", "compress-level=1", "process-max=2", "repo1-bundle=y"]
        if pgbackrest_version() >= (2, 46):
            more.append("repo1-block=y")
        lines = ["[global]", f"repo1-path={self.folder}/repo", f"lock-path={self.folder}/lock",
                 f"spool-path={self.folder}/spool", f"log-path={self.folder}/log",
                 "repo1-retention-full=1", "start-fast=y", "archive-check=n", "archive-copy=n",
                 "log-level-file=off",
                 *(more if tuned else []), "[bench]",
                 f"pg1-path={stage.cluster.data}", f"pg1-socket-path={stage.cluster.socket_dir}",
                 f"pg1-port={stage.cluster.port}", "pg1-user=postgres"]
        self.config = self.folder / "pgbackrest.conf"
        self.config.write_text("\n".join(lines) + "\n")
        run(*self.command("stanza-create"), env=stage.environment)

    def command(self, *words):
        return [PGBACKREST, f"--config={self.config}", "--stanza=bench", *words]

    def backup(self):
        return self.stage.measure(*self.command("--type=full", "backup"))

    def bring(self, data):
        data.mkdir(mode=0o700)
        run(*self.command(f"--pg1-path={data}", "--type=none", "restore"),
            env=self.stage.environment)
        # It asks for a restore_command; what its backup_label asks for is put beside it instead.
        (data / "recovery.signal").unlink(missing_ok=True)
        self.stage.add_wal(data)


def race_main(name, title, runs, race, about):
    """The command line of a part in which peers run in turn on one stage: race(stage, claim, runs)
    measures, and sets the goals. Ends with 1 when one is missed, unless --quick."""
    parser = argparse.ArgumentParser(description=about,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="little data, one run, nothing judged")
    parser.add_argument("--runs", type=int, default=runs)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="pgb-"))
    folder.chmod(0o755)
    stage = None
    try:
        stage = Stage(folder, options.quick)
        claim = Claim(name, f"{title} of {stage.bytes / 2**30:.2f} GiB; pgBackRest "
                            f"{'.'.join(map(str, pgbackrest_version()))}")
        race(stage, claim, 1 if options.quick else options.runs)
    except (BenchError, ClusterError) as error:
        sys.exit(f"bench/backup: error: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        if stage is not None:
            stage.close()
        shutil.rmtree(folder, ignore_errors=True)
    claim.show(seconds, not options.quick)
    if not options.quick and not claim.met():
        sys.exit("\na goal was missed")
