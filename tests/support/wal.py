"""Words for the stories about WAL in a repository: what is stored, a receiver in the background,
servers that recover by `wal fetch`."""

import json
import shutil
import signal
import struct
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path

from pgcluster import Cluster
from pgcluster_files import give_to_server_user
from support.program import binary
from support.repository import begun
from support.servers import Server, wait_until

MIB = 1 << 20
SEGMENT = 16 * MIB


def lsn(text):
    high, low = text.split("/")
    return (int(high, 16) << 32) + int(low, 16)


def segment_name(timeline, place, size=SEGMENT):
    number = place // size
    per_log = (1 << 32) // size
    return f"{timeline:08X}{number // per_log:08X}{number % per_log:08X}"


class Stored:
    """The WAL of the only cluster in a repository."""

    def __init__(self, repo):
        self.repo = Path(repo)

    @property
    def folder(self):
        (folder,) = [entry for entry in self.repo.iterdir() if entry.is_dir()]
        return folder / "wal"

    def files(self):
        """{"000000010000000000000003": path}, ".partial" in the name of what is still arriving."""
        try:
            return {path.name.removesuffix(".zst"): path
                    for path in sorted(self.folder.glob("*/*.zst"))}
        except (ValueError, FileNotFoundError):  # no repository yet
            return {}

    def segments(self):
        """The names of the complete ones."""
        return [name for name in self.files() if not name.endswith(".partial")]

    def bytes(self, name):
        """By zstd alone. It drops the end of a frame that still grows: a partial segment is fetched
        as restore_command does, with zeroes behind it."""
        if not name.endswith(".partial"):
            return subprocess.run(["zstd", "-dcq", self.files()[name]], stdout=subprocess.PIPE,
                                  check=True).stdout
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run([binary(), "backup", "wal", "fetch", "--repo", self.repo,
                            name.removesuffix(".partial"), f"{folder}/wal"], check=True)
            return Path(folder, "wal").read_bytes()

    def index(self, name):
        """What stands behind a segment's bytes, found without the program."""
        data = self.files()[name].read_bytes()
        length, _, mark = struct.unpack("<II8s", data[-16:])
        assert mark == b"PGRBWIX1"
        return json.loads(data[-16 - length:-16])

    def broken(self, timeline=1):
        path = self.folder / f"{timeline:08X}" / "broken.json"
        return json.loads(path.read_text())["breaks"] if path.exists() else []

    def leftovers(self):
        return list(self.folder.rglob(".writing-*"))


def flushed(server):
    return lsn(server.value("SELECT pg_current_wal_flush_lsn()"))


def follow(standby, primary):
    """Until it has replayed all that the primary has."""
    place = flushed(primary)
    wait_until(lambda: lsn(standby.value("SELECT pg_last_wal_replay_lsn()")) >= place,
               what="the standby")


def promoted(standby):
    standby.sql("SELECT pg_promote()")
    wait_until(lambda: not standby.value("SELECT pg_is_in_recovery()"), what="the promotion")


def slot_lsn(server, slot="pgrunbook"):
    found = server.sql("SELECT restart_lsn::text FROM pg_replication_slots WHERE slot_name = %s",
                       [slot])
    return lsn(found[0][0]) if found and found[0][0] else 0


def check_acknowledged(server, repo, timeline=1, first=0):
    """Every byte that the slot says we have is in the repository, as the server has it."""
    place, stored = slot_lsn(server), Stored(repo)
    for file in sorted((server.cluster.data / "pg_wal").glob(f"{timeline:08X}" + "?" * 16)):
        begin = int(file.name[8:16], 16) * (1 << 32) + int(file.name[16:], 16) * SEGMENT
        known = min(place - begin, SEGMENT)
        if known <= 0 or begin < first:
            continue
        name = file.name if file.name in stored.files() else f"{file.name}.partial"
        there = stored.bytes(name)
        assert len(there) >= known, f"{name}: {len(there)} of {known} bytes"
        assert there[:known] == file.read_bytes()[:known], name
    return place


class Receiver:
    """`backup wal receive` in the background; what it says goes to .log."""

    def __init__(self, runbook, server, repo, *options, env=None):
        if not Path(repo).exists():
            begun(repo)
        self.log, self.server, self.repo = runbook.home / "receiver.log", server, repo
        with open(self.log, "a", encoding="utf-8") as stderr:
            self._running = runbook.start("backup", "wal", "receive", "--repo", repo, *options,
                                          server=server, env=env, stderr=stderr)

    def said(self):
        return self.log.read_text(encoding="utf-8")

    def await_durable(self, place=None, timeout=30):
        """Until the slot has been told that all until there (now: what is flushed) is durable."""
        place = flushed(self.server) if place is None else place
        wait_until(lambda: slot_lsn(self.server) >= place or not self._running.running(),
                   timeout, f"{place:X} to be durable\n{self.said()}")
        assert self._running.running(), self.said()

    def running(self):
        return self._running.running()

    def peak(self):
        """The most bytes of memory that it has had until now, those of mapped files included."""
        status = Path(f"/proc/{self._running.process.pid}/status").read_text(encoding="utf-8")
        (line,) = [line for line in status.splitlines() if line.startswith("VmHWM:")]
        return int(line.split()[1]) * 1024

    def pause(self):
        """It hears and stores nothing more, until it is resumed or killed."""
        self._running.process.send_signal(signal.SIGSTOP)

    def resume(self):
        self._running.process.send_signal(signal.SIGCONT)

    def kill(self):
        self._running.kill()
        self._running.process.wait()

    def end(self, code=0):
        """SIGTERM, and how it ended."""
        self._running.terminate()
        assert self._running.process.wait(20) == code, self.said()

    def wait(self, timeout=60):
        return self._running.process.wait(timeout)


@contextmanager
def receiving(runbook, server, repo, *options, env=None):
    receiver = Receiver(runbook, server, repo, *options, env=env)
    try:
        yield receiver
    finally:
        receiver.kill()


def write_wal(server, rows=20_000, table="filler"):
    """A commit with about 130 bytes of WAL a row."""
    server.sql(f"CREATE TABLE IF NOT EXISTS {table} (id int, payload text)")
    server.sql(f"INSERT INTO {table} SELECT i, repeat('x', 90) FROM generate_series(1, {rows}) i")


class Copy:
    """A base backup of a running server by hand, to recover on."""

    def __init__(self, server):
        self.cluster = Cluster(server.version, dict(server.cluster.settings))
        server.cluster.__class__._back_up_to(server.cluster, self.cluster.data, "postgres")

    def recover(self, repo, **target):
        """The server on it, after it has replayed all there is by `wal fetch` and was promoted."""
        self.cluster._configure()
        command = f"{binary()} backup wal fetch --repo {repo} %f %p"
        settings = {"restore_command": command, "archive_mode": "off",
                    "recovery_target_action": "promote", **target}
        with open(self.cluster.data / "postgresql.conf", "a", encoding="utf-8") as file:
            file.writelines(f"{name} = '{value}'\n" for name, value in settings.items())
        (self.cluster.data / "recovery.signal").touch()
        give_to_server_user(self.cluster.data)
        self.cluster.start()
        server = Server(self.cluster)
        wait_until(lambda: not server.value("SELECT pg_is_in_recovery()"), what="the promotion")
        return server

    def remove(self):
        self.cluster.remove()


@contextmanager
def copy_of(server):
    copy = Copy(server)
    try:
        yield copy
    finally:
        copy.remove()


def repository_for(server):
    """A folder that the server's own user may write to."""
    folder = server.cluster.folder / "repo"
    give_to_server_user(begun(folder))
    return folder


@contextmanager
def clone_of(server, **settings):
    """A copy of the files of a server that is not running, to be started as they are; its cluster."""
    cluster = Cluster(server.version, {**server.cluster.settings, **settings})
    try:
        shutil.copytree(server.cluster.data, cluster.data, symlinks=True)
        cluster._configure()
        give_to_server_user(cluster.data)
        yield cluster
    finally:
        cluster.remove()
