"""`backup wal receive` on a server that goes on: what it has acknowledged is in the repository, byte
for byte, whatever happens to either side."""

import re
import subprocess

from support.physical import DEBIAN
from support.servers import wait_until
from support.wal import (SEGMENT, Stored, check_acknowledged, copy_of, flushed, lsn, receiving,
                         segment_name, slot_lsn, write_wal)


def commit(server):
    """(xid, microseconds since 1970) of a transaction of its own."""
    xid = server.value("CREATE TABLE IF NOT EXISTS ledger (id int);"
                       "INSERT INTO ledger VALUES (1) RETURNING xmin::text")
    time = server.value("SELECT (extract(epoch FROM pg_xact_commit_timestamp(%s::xid)) "
                        "* 1000000)::int8", [xid])
    return int(xid), time


def test_receives_indexes_and_ends_cleanly(fresh_server, runbook, tmp_path):
    server, repo = fresh_server(track_commit_timestamp=True), tmp_path / "repo"
    with receiving(runbook, server, repo) as receiver:
        wait_until(lambda: slot_lsn(server), what="the slot")
        server.sql("SELECT pg_switch_wal()")
        start = flushed(server)
        first = commit(server)
        server.sql("SELECT pg_create_restore_point('before the flood')")
        server.sql("BEGIN; CREATE TABLE lost (a int); ROLLBACK")
        last = commit(server)
        name = segment_name(1, start)
        server.sql("SELECT pg_switch_wal()")
        write_wal(server, 10)
        receiver.await_durable()
        check_acknowledged(server, repo)
        index = Stored(repo).index(name)
        assert (index["first_xid"], index["first_us"]) == first
        assert (index["last_xid"], index["last_us"]) == last
        assert index["whole"] and index["end_lsn"].endswith("000000")
        assert [point["name"] for point in index["points"]] == ["before the flood"]
        assert index["aborts"] == 1
        receiver.end()
    assert not Stored(repo).leftovers()
    check_acknowledged(server, repo)


def waldump(server, name):
    done = subprocess.run([DEBIAN / "pg_waldump", server.cluster.data / "pg_wal" / name],
                          capture_output=True, text=True, check=False)
    return re.findall(r"tx: +(\d+), lsn: (\S+), prev.*desc: (COMMIT|ABORT)", done.stdout)


def test_killed_and_restarted_on_both_sides(fresh_server, runbook, tmp_path):
    """Commits run over pages and segments all the time."""
    server, repo = fresh_server(max_wal_size="1GB", wal_keep_size="512MB"), tmp_path / "repo"
    with receiving(runbook, server, repo) as receiver:
        wait_until(lambda: slot_lsn(server), what="the slot")
        write_wal(server, 200_000)
        receiver.kill()
    check_acknowledged(server, repo)
    write_wal(server, 60_000)
    with receiving(runbook, server, repo) as receiver:
        server.sql("DO $$ BEGIN FOR i IN 1..3000 LOOP INSERT INTO filler VALUES (i, 'x'); COMMIT;"
                   "END LOOP; END $$")
        receiver.await_durable()
        server.cluster.restart()
        write_wal(server, 100)
        receiver.await_durable()
        server.cluster.crash()
        server.cluster.start()
        write_wal(server, 100)
        receiver.await_durable()
        assert "tried again" in receiver.said()
        receiver.end()
    check_acknowledged(server, repo)
    stored = Stored(repo)
    assert len(stored.segments()) >= 2 and not stored.leftovers()
    if server.version == 15:
        for name in stored.segments():
            ends, index = waldump(server, name), stored.index(name)
            if index["open_lsn"] != "0/0":
                ends = [end for end in ends if lsn(end[1]) != lsn(index["open_lsn"])]
            assert index["commits"] + index["aborts"] == len(ends)
            if ends:
                assert (index["first_xid"], lsn(index["first_lsn"])) == (
                    int(ends[0][0]), lsn(ends[0][1]))
                assert (index["last_xid"], lsn(index["last_lsn"])) == (
                    int(ends[-1][0]), lsn(ends[-1][1]))


def test_follows_a_promotion_and_a_recovery_follows_it(fresh_server, runbook, tmp_path):
    """The partial segment of the old timeline stays, the history comes, and a server recovers along
    both from the repository alone."""
    primary, repo = fresh_server(), tmp_path / "repo"
    write_wal(primary, 10)
    tmp_path.chmod(0o755)
    for folder in tmp_path.parents:
        if folder.stat().st_uid == tmp_path.stat().st_uid and len(folder.parts) > 2:
            folder.chmod(0o755)
    standby = fresh_server.standby(primary)
    with copy_of(primary) as copy:
        with receiving(runbook, standby, repo) as receiver:
            wait_until(lambda: slot_lsn(standby), what="the slot")
            write_wal(primary, 20)
            place = flushed(primary)
            wait_until(lambda: lsn(standby.value("SELECT pg_last_wal_replay_lsn()")) >= place,
                       what="the standby")
            primary.cluster.stop()
            standby.sql("SELECT pg_promote()")
            write_wal(standby, 30)
            standby.sql("SELECT pg_switch_wal()")
            write_wal(standby, 40)
            receiver.await_durable()
            check_acknowledged(standby, repo, timeline=2)
            assert "timeline 1 goes on as timeline 2" in receiver.said()
            receiver.end()
        assert (Stored(repo).folder / "00000002.history").read_bytes() == (
            standby.cluster.data / "pg_wal" / "00000002.history").read_bytes()
        readable(repo)
        recovered = copy.recover(repo)
        assert recovered.value("SELECT count(*) FROM filler") == 100
        assert recovered.value("SELECT timeline_id FROM pg_control_checkpoint()") == 3
    primary.cluster.start()
    a_timeline_is_moved_out(runbook, primary, repo)


def a_timeline_is_moved_out(runbook, primary, repo):
    """The old primary is refused, and keeps no slot of it; without the newer timeline it goes on."""
    words = ("backup", "wal", "receive", "--repo", repo, "--until-lsn")
    write_wal(primary, 10)
    refused = runbook(*words, primary.value("SELECT pg_current_wal_lsn()::text"), server=primary)
    assert "the repository has timeline 2" in refused.expect(4).err
    assert primary.value("SELECT count(*) FROM pg_replication_slots") == 0
    wal = Stored(repo).folder
    aside = repo.parent / "aside"
    aside.mkdir()
    for path in wal.glob("00000002*"):
        path.rename(aside / path.name)
    write_wal(primary, 10)
    runbook(*words, primary.value("SELECT pg_current_wal_lsn()::text"), server=primary).expect(0)


def readable(repo):
    """By the user that servers of the tests run as."""
    for path in [repo, *repo.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)


def test_small_segments_in_a_storm_of_switches(fresh_server, runbook, tmp_path):
    server, repo = fresh_server(), tmp_path / "repo"
    with receiving(runbook, server, repo) as receiver:
        wait_until(lambda: slot_lsn(server), what="the slot")
        for _ in range(5):
            server.sql("SELECT pg_logical_emit_message(true, 'x', 'y')")
            server.sql("SELECT pg_switch_wal()")
        receiver.await_durable()
        check_acknowledged(server, repo)
        assert len(Stored(repo).segments()) >= 5
        assert {len(Stored(repo).bytes(name)) for name in Stored(repo).segments()} == {SEGMENT}
        other = runbook("backup", "wal", "receive", "--repo", repo, server=server).expect(4)
        assert "receiver" in other.err
        receiver.end()
