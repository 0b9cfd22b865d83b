"""WAL and backups where a cluster has changed hands: over a fork, from a standby, from a node that was
copied after a failover."""

import subprocess
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from pgcluster import Cluster
from support import faults
from support.physical import backups, create
from support.program import binary
from support.repository import begun
from support.restoring import OwnersRunbook, owners_runbook
from support.servers import ENDS, Server, wait_until
from support.wal import (SEGMENT, Receiver, Stored, flushed, follow, lsn, promoted, receiving,
                         repository_for, slot_lsn, write_wal)

versions = ENDS
SECOND = 1_000_000


def clock_of(server):
    return server.value("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::int8")


@pytest.mark.parametrize("version", [15])
def test_a_fork_between_two_segments_is_no_loss(fresh_server, runbook, tmp_path):
    """What a failover often leaves: the last record of the old timeline fills its segment."""
    primary, repo = fresh_server(wal_keep_size="256MB"), tmp_path / "repo"
    standby = fresh_server.standby(primary)
    standby.sql("SELECT pg_create_physical_replication_slot('pgrunbook', true)")
    with receiving(runbook, primary, repo) as receiver:
        wait_until(lambda: slot_lsn(primary), what="the slot")
        write_wal(primary, 20)
        primary.sql("SELECT pg_switch_wal()")
        follow(standby, primary)
        receiver.await_durable()
        primary.cluster.crash()
    promoted(standby)
    (line,) = (standby.cluster.data / "pg_wal" / "00000002.history").read_text().splitlines()
    assert line.split("\t")[1].endswith("000000")
    with receiving(runbook, standby, repo) as receiver:
        write_wal(standby, 20)
        receiver.await_durable()
        receiver.end()
        assert "is broken from" not in receiver.said()
    assert not Stored(repo).broken() and not backups(repo)


@pytest.mark.parametrize("version", [15])
def test_without_a_receiver(fresh_server, runbook, tmp_path):
    """On a standby the backup begins at the last restart point, far behind where the server is; and a
    node that was copied from a promoted one has not the history of the timeline before."""
    first = fresh_server(max_wal_size="1GB", checkpoint_timeout="1h")
    second = fresh_server.standby(first)
    first.cluster.stop()
    promoted(second)
    third = fresh_server.standby(second)
    for _ in range(3):
        write_wal(second, 10)
        second.sql("SELECT pg_switch_wal()")
    follow(third, second)
    repo = tmp_path / "repo"
    before = clock_of(third)
    document = create(runbook, third, repo, env=faults.environment(tmp_path, clock=-3600))
    assert document["backup"]["from_standby"]
    # By the server's clock, which is what a target is compared with.
    manifest = backups(repo)[0].manifest
    assert before <= manifest["started_us"] < manifest["stopped_us"] <= clock_of(third)
    second.cluster.stop()
    promoted(third)
    (third.cluster.data / "pg_wal" / "00000002.history").unlink()
    # A role that may replicate and nothing else.
    third.sql("CREATE ROLE keeper LOGIN REPLICATION;"
              "REVOKE CONNECT ON DATABASE postgres FROM public")
    another, before = tmp_path / "another", clock_of(third)
    create(runbook, third, another,
           env={"PGUSER": "keeper", **faults.environment(tmp_path, clock=-3600)})
    manifest = backups(another)[0].manifest
    assert before - SECOND <= manifest["started_us"] < manifest["stopped_us"]
    assert manifest["stopped_us"] <= clock_of(third) + 2 * SECOND
    assert Stored(another).files()


@dataclass
class Pair:
    primary: Server
    standby: Server
    receiver: Receiver
    owner: OwnersRunbook
    repo: Path


@contextmanager
def pair(fresh_server, **settings):
    """A primary whose WAL is received, with a table; a standby whose restore_command is `wal fetch`."""
    primary = fresh_server(wal_keep_size="256MB")
    repo = repository_for(primary)
    command = f"{binary()} backup wal fetch --repo {repo} %f %p"
    with owners_runbook(primary) as owner, receiving(owner, primary, repo) as receiver:
        receiver.await_durable()
        primary.sql("CREATE TABLE kept (id int)")
        standby = fresh_server.standby(primary, restore_command=command, **settings)
        yield Pair(primary, standby, receiver, owner, repo)


def leave_primary(standby):
    """It has the archive alone."""
    standby.sql("ALTER SYSTEM SET primary_conninfo = ''")
    standby.sql("SELECT pg_reload_conf()")


def numbers(server):
    return [row[0] for row in server.sql("SELECT id FROM kept ORDER BY id")]


@pytest.mark.parametrize("restarts", [True, False])
def test_a_standby_keeps_what_it_streamed(fresh_server, restarts):
    """It asks the archive for WAL that it has had from its primary, when it starts and when it is
    promoted. What the archive has of a segment that still arrives must not take the place of more:
    of a commit that a client was told of."""
    with pair(fresh_server) as two:
        primary, standby = two.primary, two.standby
        primary.sql("INSERT INTO kept VALUES (0)")
        two.receiver.await_durable()
        two.receiver.pause()
        primary.sql("ALTER SYSTEM SET synchronous_standby_names = 'walreceiver'")
        primary.sql("SELECT pg_reload_conf()")
        primary.sql("INSERT INTO kept VALUES (1)")
        if restarts:
            standby.cluster.restart()
        primary.sql("INSERT INTO kept VALUES (2)")
        primary.cluster.crash()
        if restarts:
            standby.cluster.restart()
        assert numbers(standby) == [0, 1, 2]
        promoted(standby)
        assert numbers(standby) == [0, 1, 2]
        standby.sql("INSERT INTO kept VALUES (3)")


def test_a_standby_that_has_nothing_but_the_archive(fresh_server):
    """It follows the segment that arrives, and has all that the archive has when it takes over."""
    with pair(fresh_server, wal_retrieve_retry_interval="100ms") as two:
        primary, standby = two.primary, two.standby
        leave_primary(standby)
        for number in range(1, 4):
            primary.sql(f"INSERT INTO kept VALUES ({number})")
            two.receiver.await_durable()
            wait_until(lambda: number in numbers(standby), what=f"row {number}")
        standby.cluster.stop()
        primary.sql("INSERT INTO kept VALUES (4)")
        two.receiver.await_durable()
        primary.cluster.crash()
        standby.cluster.start()
        promoted(standby)
        assert numbers(standby) == [1, 2, 3, 4]


def begin_to_arrive(repo, place):
    """Leaves of the newest timeline what a receiver that died early would have: its first segment up to
    a place before the fork, as it is copied from the timeline before."""
    stored = Stored(repo)
    (partial,) = [name for name in stored.files() if name.startswith("00000002")]
    assert partial.endswith(".partial")
    path = stored.files()[partial]
    copied = stored.bytes(f"00000001{partial[8:]}")[:place % SEGMENT]
    shown = subprocess.run(["zstd", "-cq1"], input=copied, stdout=subprocess.PIPE, check=True)
    path.with_name(f"{partial}.json").unlink(missing_ok=True)
    path.write_bytes(shown.stdout)


def test_a_timeline_that_has_only_begun_to_arrive(fresh_server):
    """PostgreSQL asks for the newest timeline's file first. One that ends before its own timeline begins
    must not hide what the timeline before has up to there."""
    with pair(fresh_server) as two:
        primary, second, folder = two.primary, two.standby, two.primary.cluster.folder / "restored"
        create(two.owner, primary, two.repo)
        place = flushed(primary)
        primary.sql("INSERT INTO kept VALUES (1), (2)")
        last = flushed(primary)
        two.receiver.await_durable()
        third = fresh_server.standby(
            primary, restore_command=second.cluster.settings["restore_command"])
        leave_primary(third)
        two.receiver.end()
        primary.cluster.stop()
        promoted(second)
        with receiving(two.owner, second, two.repo) as follower:
            second.sql("INSERT INTO kept VALUES (3)")
            follower.await_durable()
        begin_to_arrive(two.repo, place)

        document = two.owner("backup", "restore", "--json", "--repo", two.repo, "--to", folder,
                             "--bindir", second.cluster.programs).expect(0).json
        assert lsn(document["landed"]["lsn"]) >= last
        third.cluster.restart()
        promoted(third)
        assert numbers(third) == [1, 2]


def test_an_archive_that_is_out_of_reach_takes_no_standby_with_it(fresh_server):
    """It is restarted, it loses its primary, it is promoted: all of it without the archive, with its
    own WAL."""
    with pair(fresh_server) as two:
        primary, standby = two.primary, two.standby
        two.receiver.end()
        two.repo.rename(f"{two.repo}.away")
        primary.sql("INSERT INTO kept VALUES (1)")
        follow(standby, primary)
        standby.cluster.restart()
        primary.cluster.restart()
        primary.sql("INSERT INTO kept VALUES (2)")
        wait_until(lambda: numbers(standby) == [1, 2], what="the second row")
        primary.cluster.crash()
        promoted(standby)
        assert numbers(standby) == [1, 2]
        assert f'"{two.repo}"' in standby.cluster.log.read_text(encoding="utf-8")


def test_who_is_stopped_by_a_failure(runbook, tmp_path):
    """By hand, and of the servers only one that recovers to a point."""
    repo = begun(tmp_path / "repo")
    (repo / "repository.json").write_text("{}")
    (repo / "repository.copy.json").write_text("{}")
    place = runbook.home

    def fetched():
        return runbook("backup", "wal", "fetch", "--repo", repo, "000000010000000000000001",
                       place / "wal")

    assert "damaged" in fetched().expect(126).err
    (place / "recovery.signal").touch()
    fetched().expect(126)
    (place / "global").mkdir()
    (place / "global" / "pg_control").write_bytes(bytes(8192))
    fetched().expect(126)
    (place / "standby.signal").touch()
    assert "damaged" in fetched().expect(1).err
    (place / "recovery.signal").unlink()
    fetched().expect(1)
    (place / "standby.signal").unlink()
    fetched().expect(1)


@contextmanager
def restored_standby(owner, primary, repo, *options):
    """A server on what `backup restore --action standby` wrote."""
    cluster = Cluster(primary.version, primary.cluster.settings)
    try:
        result = owner("backup", "restore", "--json", "--repo", repo, "--to", cluster.data,
                       "--action", "standby", *options).expect(0)
        assert result.json["landed"] is None
        cluster._configure()
        cluster.start()
        yield Server(cluster)
    finally:
        cluster.remove()


def test_a_backup_becomes_a_standby(fresh_server):
    """One that follows its primary, and one that has the repository alone and follows it over a
    failover."""
    primary = fresh_server(wal_keep_size="256MB", wal_retrieve_retry_interval="100ms")
    repo = repository_for(primary)
    with ExitStack() as stack:
        owner = stack.enter_context(owners_runbook(primary))
        receiver = stack.enter_context(receiving(owner, primary, repo))
        receiver.await_durable()
        create(owner, primary, repo)
        primary.sql("CREATE TABLE kept (id int); INSERT INTO kept VALUES (1)")
        host = f"host={primary.cluster.socket_dir} port={primary.cluster.port} user=postgres"
        near = stack.enter_context(restored_standby(owner, primary, repo, "--primary", host))
        far = stack.enter_context(restored_standby(owner, primary, repo))
        wait_until(lambda: primary.sql("SELECT 1 FROM pg_stat_replication "
                                       "WHERE application_name LIKE '%walreceiver%'"),
                   what="the one that follows")
        follow(near, primary)
        receiver.await_durable()
        receiver.end()
        primary.cluster.crash()
        promoted(near)
        stack.enter_context(receiving(owner, near, repo)).await_durable()
        near.sql("INSERT INTO kept VALUES (2)")
        wait_until(lambda: numbers(far) == [1, 2], what="the new timeline")
        assert far.value("SELECT pg_is_in_recovery()")


def test_what_a_standby_cannot_be_asked_for(runbook, tmp_path):
    options = ["backup", "restore", "--repo", tmp_path, "--to", tmp_path / "data"]
    for more, said in ((["--primary", "host=x"], "--primary needs --action standby"),
                       (["--action", "standby", "--timeline", "2"], "the newest timeline"),
                       (["--action", "standby", "--primary", "host=db1 user"], "missing \"=\""),
                       (["--action", "standby", "--primary", "password=x"], "must not carry a password"),
                       (["--action", "followed"], "promote, pause, shutdown or standby")):
        assert said in runbook(*options, *more).expect(2).err


def test_a_standby_does_not_follow_whom_the_cluster_once_followed(fresh_server):
    """Settings of a node that was a standby itself: the old primary, and a slot that another has."""
    primary = fresh_server()
    repo = repository_for(primary)
    with ExitStack() as stack:
        owner = stack.enter_context(owners_runbook(primary))
        host = f"host={primary.cluster.socket_dir} port={primary.cluster.port} user=postgres"
        primary.sql(f"ALTER SYSTEM SET primary_conninfo = '{host}'")
        primary.sql("ALTER SYSTEM SET primary_slot_name = 'node2'")
        create(owner, primary, repo)
        near = stack.enter_context(restored_standby(owner, primary, repo, "--primary", host))
        far = stack.enter_context(restored_standby(owner, primary, repo))
        assert far.value("SELECT current_setting('primary_conninfo')") == ""
        wait_until(lambda: near.sql("SELECT 1 FROM pg_stat_wal_receiver WHERE status = 'streaming'"),
                   what="the stream")
        assert primary.value("SELECT count(*) FROM pg_stat_replication") == 1
