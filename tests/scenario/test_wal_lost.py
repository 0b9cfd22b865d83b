"""WAL that the server threw away before it was received: the timeline is marked, a new full backup is
taken at once, and the receiving goes on."""

import pytest
from support.physical import backups, tiny_cluster
from support.servers import ENDS, wait_until
from support.wal import (Stored, check_acknowledged, lsn, receiving, segment_name, slot_lsn,
                         write_wal)

versions = ENDS


def test_a_lost_slot(fresh_server, runbook, tmp_path):
    server, repo = fresh_server(max_slot_wal_keep_size="64MB", wal_keep_size="0",
                                min_wal_size="32MB", max_wal_size="32MB"), tmp_path / "repo"
    with receiving(runbook, server, repo) as receiver:
        wait_until(lambda: slot_lsn(server), what="the slot")
        write_wal(server, 1000)
        receiver.await_durable()
        received = slot_lsn(server)
        receiver.end()
    for _ in range(10):
        server.sql("SELECT pg_logical_emit_message(true, 'x', 'y'); SELECT pg_switch_wal()")
    server.sql("CHECKPOINT")
    assert server.value("SELECT wal_status FROM pg_replication_slots") == "lost"
    with receiving(runbook, server, repo) as receiver:
        wait_until(lambda: backups(repo), what="a new backup")
        wait_until(lambda: "the new full backup is complete" in receiver.said(),
                   what="the news of it")
        (broken,) = Stored(repo).broken()
        assert received - 300 <= lsn(broken["lsn"]) <= received
        assert "timeline 1 is broken from" in receiver.said()
        write_wal(server, 1000)
        receiver.await_durable()
        start = lsn(backups(repo)[0].manifest["start_lsn"])
        assert start > lsn(broken["lsn"])
        check_acknowledged(server, repo)
        receiver.end()
    # It is known now: nothing is lost a second time.
    with receiving(runbook, server, repo) as receiver:
        write_wal(server, 10)
        receiver.await_durable()
        receiver.end()
    assert len(Stored(repo).broken()) == 1 and len(backups(repo)) == 1


@pytest.mark.parametrize("version", [15])
def test_lost_again_during_the_new_backup(runbook, tmp_path, version):
    """That backup needs what is lost now: it ends without waiting for it, and the next begins at once."""
    server, repo = tiny_cluster(version, {"max_slot_wal_keep_size": "3MB", "wal_keep_size": "0",
                                          "max_wal_size": "2MB"}), tmp_path / "repo"
    config = tmp_path / "own.conf"
    config.write_text("[pgrunbook]\nbackup.max_rate = 4MB\n", encoding="utf-8")

    def lose():
        for _ in range(8):
            server.sql("SELECT pg_logical_emit_message(true, 'x', 'y'); SELECT pg_switch_wal()")
        server.sql("CHECKPOINT")
        assert server.value("SELECT wal_status FROM pg_replication_slots") == "lost"

    try:
        with receiving(runbook, server, repo) as receiver:
            wait_until(lambda: slot_lsn(server), what="the slot")
            receiver.await_durable()
            receiver.end()
        lose()
        with receiving(runbook, server, repo, "--config", config) as receiver:
            wait_until(lambda: server.sql("SELECT 1 FROM pg_stat_progress_basebackup "
                                          "WHERE backup_streamed > 1000000"),
                       what="a backup under way")
            receiver.pause()
            server.sql("SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots")
            wait_until(lambda: not server.value("SELECT active FROM pg_replication_slots"),
                       what="the end of the walsender")
            lose()
            receiver.resume()
            wait_until(lambda: "the new full backup is complete" in receiver.said(), 40,
                       what="a new backup")
            assert "more WAL was lost while" in receiver.said()
            assert "the new full backup failed" not in receiver.said()
            receiver.end()
        first, second = Stored(repo).broken()
        (backup,) = backups(repo)
        assert lsn(first["lsn"]) < lsn(second["lsn"]) < lsn(backup.manifest["start_lsn"])
    finally:
        server.cluster.remove()


def test_a_slot_near_its_bound_is_told(fresh_server, runbook, tmp_path):
    server, repo = fresh_server(max_slot_wal_keep_size="64MB"), tmp_path / "repo"
    with receiving(runbook, server, repo) as receiver:
        wait_until(lambda: slot_lsn(server), what="the slot")
        receiver.end()
    for _ in range(4):
        server.sql("SELECT pg_logical_emit_message(true, 'x', 'y'); SELECT pg_switch_wal()")
    with receiving(runbook, server, repo) as receiver:
        wait_until(lambda: "max_slot_wal_keep_size" in receiver.said(), what="the warning")
        receiver.await_durable()
        receiver.end()
    check_acknowledged(server, repo)


def test_a_slot_that_keeps_nothing(fresh_server, runbook, tmp_path):
    """Somebody has removed files from pg_wal: the slot does not know. As it is it would keep all WAL from
    there on, and nobody would ever receive it."""
    server, repo = fresh_server(), tmp_path / "repo"
    with receiving(runbook, server, repo) as receiver:
        write_wal(server, 1000)
        receiver.await_durable()
        received = slot_lsn(server)
        receiver.end()
    for _ in range(2):
        server.sql("SELECT pg_switch_wal()")
        write_wal(server, 1000)
    server.cluster.stop()
    (server.cluster.data / "pg_wal" / segment_name(1, received)).unlink()
    server.cluster.start()
    with receiving(runbook, server, repo) as receiver:
        wait_until(lambda: "the new full backup is complete" in receiver.said(), 40,
                   what="a new backup")
        receiver.await_durable()
        (broken,) = Stored(repo).broken()
        assert received - 300 <= lsn(broken["lsn"]) <= received
        check_acknowledged(server, repo, first=slot_lsn(server) - slot_lsn(server) % (1 << 24))
        assert lsn(backups(repo)[0].manifest["start_lsn"]) > lsn(broken["lsn"])
        receiver.end()


@pytest.mark.parametrize("empty", [False, True], ids=["away", "empty"])
def test_wal_that_is_out_of_reach_is_not_lost(fresh_server, runbook, tmp_path, empty):
    """The volume of pg_wal is away for a moment, and the connection lost meanwhile. Slot and timeline stay
    as they are, and no backup is taken for it."""
    server, repo = fresh_server(), tmp_path / "repo"
    wal = server.cluster.data / "pg_wal"
    with receiving(runbook, server, repo) as receiver:
        def made():
            return receiver.said().count("the replication slot")

        write_wal(server, 1000)
        receiver.await_durable()
        before = slot_lsn(server)
        wal.rename(wal.with_name("away"))
        if empty:
            wal.mkdir()
        server.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_replication")
        wait_until(lambda: "does not find its WAL" in receiver.said() or made() > 1, what="the reason")
        # It keeps the same files: who begins with a segment again may say so before the server looks.
        assert made() == 1 and segment_name(1, slot_lsn(server)) == segment_name(1, before)
        if empty:
            wal.rmdir()
        wal.with_name("away").rename(wal)
        write_wal(server, 1000)
        receiver.await_durable()
        assert not Stored(repo).broken() and not backups(repo), receiver.said()
        assert made() == 1
        check_acknowledged(server, repo)
        receiver.end()
