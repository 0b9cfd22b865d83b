"""kill -9, a torn write, a full disk and a failing one at every call by which `wal push` and
`wal receive` change files: what was acknowledged is there, what is there is whole, and the next run
goes on."""

import os
import subprocess

import pytest

from pgcluster_files import as_server_user
from support import faults
from support.physical import DEBIAN
from support.repository import begun
from support.servers import wait_until
from support.wal import MIB, Stored, flushed, lsn, segment_name

versions = [15]
ACTS = ("kill", "torn", "ENOSPC", "EIO")


@pytest.fixture
def small(fresh_server):
    """A server with segments of 1 MiB, and a stretch of WAL that is held by the slot "origin"."""
    server = fresh_server()
    server.cluster.stop()
    subprocess.run([DEBIAN / "pg_resetwal", "--wal-segsize=1", "-D", server.cluster.data],
                   check=True, stdout=subprocess.DEVNULL,
                   **as_server_user())
    server.cluster.start()
    server.sql("SELECT pg_create_physical_replication_slot('origin', true)")
    server.sql("CREATE TABLE t AS SELECT i, repeat('x', 100) FROM generate_series(1, 12000) i")
    server.sql("SELECT pg_switch_wal()")
    server.sql("INSERT INTO t SELECT 1, 'y' FROM generate_series(1, 100)")
    return server


def segments_on(server):
    """{name: bytes} of what the slot holds, the last one cut where it is flushed."""
    begin, end = lsn(server.value("SELECT restart_lsn::text FROM pg_replication_slots "
                                  "WHERE slot_name = 'origin'")), flushed(server)
    found = {}
    for place in range(begin - begin % MIB, end, MIB):
        name = segment_name(1, place, MIB)
        found[name] = (server.cluster.data / "pg_wal" / name).read_bytes()[:end - place]
    return found


def check(repo, wal, known):
    """All until that LSN is stored, and nothing stored is anything else."""
    stored = Stored(repo)
    files = stored.files()
    for name, content in wal.items():
        first = (int(name[8:16], 16) << 32) + int(name[16:], 16) * MIB
        needed = max(0, min(known - first, len(content)))
        if name in files:
            assert stored.bytes(name)[:len(content)] == content, name
        elif needed > 0:
            assert stored.bytes(f"{name}.partial")[:needed] == content[:needed], name


def test_receive(small, runbook, tmp_path):
    """Killed at every call; the other faults at a part of them. FAULTS_ALL=1: at every single one."""
    wal, end = segments_on(small), flushed(small)
    until = small.value("SELECT pg_current_wal_flush_lsn()::text")
    begin = lsn(small.value("SELECT restart_lsn::text FROM pg_replication_slots"))

    def receive(slot, repo):
        small.sql("SELECT pg_copy_physical_replication_slot('origin', %s)", [slot])
        return ["backup", "wal", "receive", "--repo", repo, "--slot", slot, "--until-lsn", until]

    def restart(slot):
        return lsn(small.value("SELECT restart_lsn::text FROM pg_replication_slots "
                               "WHERE slot_name = %s", [slot]))

    calls = faults.count(runbook, *receive("count", begun(tmp_path / "count")), under=tmp_path,
                         server=small)
    check(tmp_path / "count", wal, end)

    def story(number, act):
        slot, repo = f"at_{number}_{act.lower()}", begun(tmp_path / f"{number}-{act}")
        command = receive(slot, repo)
        done = faults.at(number, act, runbook, *command, under=repo, server=small)
        assert done.code in (0, 1, 4, faults.KILLED), done
        told = restart(slot)
        check(repo, wal, told if told > begin else 0)
        wait_until(lambda: not small.value("SELECT active FROM pg_replication_slots "
                                           "WHERE slot_name = %s", [slot]), what="the walsender")
        runbook(*command, server=small).expect(0)
        check(repo, wal, end)
        assert restart(slot) >= end and not Stored(repo).leftovers()
        small.sql("SELECT pg_drop_replication_slot(%s)", [slot])

    for act in ACTS:
        every = act == "kill" or os.environ.get("FAULTS_ALL")
        chosen = range(1, len(calls) + 1) if every else range(2, len(calls) + 1, 5)
        faults.in_parallel(lambda number, act=act: story(number, act), chosen)


def test_push(small, runbook, tmp_path):
    (name, content), *_ = segments_on(small).items()
    path = small.cluster.data / "pg_wal" / name

    def push(repo):
        return ["backup", "wal", "push", "--repo", repo, path]

    calls = faults.count(runbook, *push(begun(tmp_path / "count")), under=tmp_path)

    def story(number, act):
        repo = begun(tmp_path / f"{number}-{act}")
        done = faults.at(number, act, runbook, *push(repo), under=repo)
        assert done.code in (0, 1, faults.KILLED), done
        if Stored(repo).files():
            assert Stored(repo).bytes(name) == content
        else:
            assert done.code != 0
        for _ in range(2):
            runbook(*push(repo)).expect(0)
        assert Stored(repo).bytes(name) == content and Stored(repo).segments() == [name]

    for act in ACTS:
        faults.in_parallel(lambda number, act=act: story(number, act), range(1, len(calls) + 1))
