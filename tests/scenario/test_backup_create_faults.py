"""`backup create` when things go wrong: after each of them there is nothing that looks like a backup
and is none, and the next one works."""

import subprocess

import pytest

from pgcluster_files import give_to_server_user
from support import faults, physical
from support.physical import backups, create, leftovers, whole
from support.program import binary
from support.repository import begun
from support.servers import wait_until
from support.wal import Stored, repository_for

versions = (15,)

# A fraction of the calls, another one at each end of it; `./dev bench faults --only create` takes all.
STRIDE = 7


@pytest.fixture
def tiny(fresh_server):
    """As little as a cluster can be: a backup of a few dozen calls."""
    server = fresh_server(initdb=["--data-checksums", "--wal-segsize=1"], min_wal_size="2MB")
    server.sql("UPDATE pg_database SET datistemplate = false WHERE datname = 'template0'")
    server.sql("DROP DATABASE template0")
    return server


@pytest.mark.parametrize("act", ["kill", "ENOSPC"])
def test_at_any_call(tiny, runbook, tmp_path, act):
    """Among them all calls from the last file on, where it becomes visible."""
    repo = tmp_path / "repo"
    command = ["backup", "create", "--quiet", "--repo", repo]
    first = faults.count(runbook, *command, under=repo, server=tiny)
    calls = faults.count(runbook, *command, under=repo, server=tiny)
    final = next(i for i, call in enumerate(calls, 1) if call.endswith("/members.zst"))
    last = range(final, len(calls) + 1) if act == "kill" else range(final, len(calls), 3)
    physical.survive_faults(runbook, tiny, repo, [*range(1, final, STRIDE), *last], act,
                            thorough=8)
    # In a repository that is not there yet.
    fresh = tmp_path / "fresh"
    making = next(i for i, call in enumerate(first, 1) if "/.new-" in call)
    physical.survive_faults(runbook, tiny, fresh, range(2, making, 3), act, thorough=4)


def test_disk_that_stays_full(tiny, runbook, tmp_path):
    repo = tmp_path / "repo"
    create(runbook, tiny, repo)
    result = faults.at(40, "ENOSPC", runbook, "backup", "create", "--repo", repo, under=repo,
                       stay=True, server=tiny).expect(1)
    assert "No space left on device" in result.err and "make room" in result.err
    assert len(backups(repo)) == 1 and not leftovers(repo)


def test_too_little_room_is_seen_first(tiny, runbook, tmp_path):
    """Nothing is written where less is free than the last backup's ratio lets expect."""
    repo = tmp_path / "repo"
    create(runbook, tiny, repo)
    manifest = backups(repo)[0].folder / "manifest.json"
    assert manifest.exists()
    plan = create(runbook, tiny, repo, "--dry-run")["would"]
    assert 0 < plan["needed_bytes"] < plan["free_bytes"] and plan["size_bytes"] > 0
    assert plan["wal"].startswith("received beside") and plan["checksums"]


def slowly(runbook, server, repo):
    """A backup that is under way, and far from its end."""
    running = runbook.start("backup", "create", "--repo", repo, "--max-rate", "1MB", server=server)
    wait_until(lambda: server.sql("SELECT 1 FROM pg_stat_progress_basebackup "
                                  "WHERE phase LIKE 'streaming%' AND backup_streamed > 1000000"),
               what="a backup under way")
    return running


def test_interrupted(tiny, runbook, tmp_path):
    repo = tmp_path / "repo"
    running = slowly(runbook, tiny, repo)
    runbook("backup", "create", "--repo", repo, server=tiny).expect(4)
    running.interrupt()
    running.wait().expect(130)
    assert not backups(repo) and not leftovers(repo)
    wait_until(lambda: not tiny.sql("SELECT 1 FROM pg_stat_replication"), what="its end there")
    create(runbook, tiny, repo)


def test_server_killed(tiny, runbook, tmp_path):
    repo = tmp_path / "repo"
    create(runbook, tiny, repo)
    running = slowly(runbook, tiny, repo)
    tiny.cluster.crash()
    result = running.wait().expect(1, 3)
    assert "lost" in result.err or "received" in result.err
    assert len(backups(repo)) == 1 and not leftovers(repo)
    tiny.cluster.start()
    create(runbook, tiny, repo)
    assert len(backups(repo)) == 2 and all(whole(backup) for backup in backups(repo))


def test_standby(tiny, fresh_server, runbook, tmp_path):
    """From a standby; a promotion in the middle ends it."""
    repo, standby = tmp_path / "repo", fresh_server.standby(tiny)
    tiny.sql("CREATE TABLE t AS SELECT generate_series(1, 100) AS i; CHECKPOINT")
    wait_until(lambda: standby.sql("SELECT 1 FROM pg_class WHERE relname = 't'"), what="the table")
    standby.sql("CHECKPOINT")
    document = create(runbook, standby, repo)
    assert document["backup"]["from_standby"]
    with physical.Restored(backups(repo)[0], 15) as server:
        assert server.value("SELECT count(*) FROM t") == 100
    running = slowly(runbook, standby, repo)
    standby.sql("SELECT pg_promote(wait => true)")
    result = running.wait().expect(1)
    assert "promoted" in result.err and len(backups(repo)) == 1 and not leftovers(repo)


def test_rights(tiny, runbook, tmp_path):
    tiny.sql("CREATE ROLE visitor LOGIN")
    result = runbook("backup", "create", "--repo", tmp_path / "repo", server=tiny,
                     env={"PGUSER": "visitor"}).expect(3)
    assert "ALTER ROLE" in result.err and not (tmp_path / "repo").exists()


def test_waits_for_the_receiver(tiny, runbook, tmp_path):
    repo = begun(tmp_path / "repo")
    receiver = runbook.start("backup", "wal", "receive", "--repo", repo, server=tiny)
    wait_until(lambda: tiny.sql("SELECT 1 FROM pg_stat_replication WHERE state = 'streaming'"),
               what="the receiver")
    plan = create(runbook, tiny, repo, "--dry-run")["would"]
    assert plan["wal"] == "from the receiver that is running"
    create(runbook, tiny, repo)
    receiver.terminate()
    receiver.wait()
    with physical.Restored(backups(repo)[0], 15):
        pass


def set_archive_command(server, command):
    server.sql(f"ALTER SYSTEM SET archive_command = '{command}'")
    server.sql("SELECT pg_reload_conf()")


def archive(server):
    server.sql("SELECT pg_logical_emit_message(true, 'x', 'y')")
    name = server.value("SELECT pg_walfile_name(pg_current_wal_lsn())")
    server.sql("SELECT pg_switch_wal()")
    wait_until(lambda: server.value("SELECT last_archived_wal >= %s FROM pg_stat_archiver", [name]),
               what="the archiver")


def test_waits_for_the_archiver_in_vain(tiny, runbook, tmp_path):
    """Without its WAL it is no backup. One whose words are ours but which serves another repository,
    or nobody, is not waited for at all."""
    repo, config = repository_for(tiny), tmp_path / "own.conf"
    config.write_text("[pgrunbook]\nbackup.wal_wait = 1s\n", encoding="utf-8")
    tiny.cluster.stop()
    with open(tiny.cluster.data / "postgresql.conf", "a", encoding="utf-8") as file:
        file.write("archive_mode = on\narchive_command = 'true # backup wal push'\n")
    tiny.cluster.start()
    archive(tiny)
    another = tmp_path / "another"
    create(runbook, tiny, another, "--config", config)
    assert create(runbook, tiny, another, "--dry-run")["would"]["wal"].startswith("received")
    assert backups(another)
    set_archive_command(tiny, f"{binary()} backup wal push --repo {repo} %p")
    # It reads its settings in its own time. Two, for a stream beside a backup begins with the one before
    # it: that one says nothing of an archive_command.
    wait_until(lambda: archive(tiny) or len(Stored(repo).segments()) > 1, what="two segments")
    create(runbook, tiny, repo, "--config", config)
    set_archive_command(tiny, "sleep 3 # backup wal push")
    first = backups(repo)
    result = create(runbook, tiny, repo, "--config", config, code=1)
    assert "did not arrive" in result.err and "pg_stat_archiver" in result.err
    assert len(backups(repo)) == len(first) == 1 and not leftovers(repo)


def test_encrypted(tiny, runbook, tmp_path):
    """Nothing of the cluster can be read from what is on disk."""
    repo, key, config = tmp_path / "repo", tmp_path / "key", tmp_path / "own.conf"
    key.write_bytes(bytes(range(32)))
    key.chmod(0o600)
    config.write_text(f"[pgrunbook]\nbackup.key_file = {key}\n", encoding="utf-8")
    create(runbook, tiny, repo, "--config", config)
    (folder,) = [entry for entry in (physical.lineage(repo) / "backups").iterdir()]
    for file in folder.iterdir():
        assert file.read_bytes()[:4] != b"\x28\xb5\x2f\xfd", file
    create(runbook, tiny, repo, code=4)


def test_over_tls(fresh_server, runbook, tmp_path):
    """Encrypted connections go through libpq, the others past it."""
    server = fresh_server(tcp=True, hba=["hostssl replication all 127.0.0.1/32 trust",
                                         "hostssl all all 127.0.0.1/32 trust"])
    subprocess.run(["openssl", "req", "-new", "-x509", "-nodes", "-subj", "/CN=test", "-keyout",
                    server.cluster.data / "server.key", "-out", server.cluster.data / "server.crt"],
                   check=True, capture_output=True)
    give_to_server_user(server.cluster.data)
    server.sql("ALTER SYSTEM SET ssl = on")
    server.sql("SELECT pg_reload_conf()")
    repo = tmp_path / "repo"
    create(runbook, server, repo, env={"PGHOST": "127.0.0.1", "PGSSLMODE": "require"})
    with physical.Restored(backups(repo)[0], 15) as restored:
        assert restored.value("SELECT 1") == 1
