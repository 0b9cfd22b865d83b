"""`backup wal push` and `backup wal fetch` as a server calls them, and as nobody should."""

import shutil

from support.program import binary
from support.repository import begun
from support.servers import ENDS, wait_until
from support.wal import SEGMENT, Stored, copy_of, lsn, repository_for, segment_name, write_wal

versions = ENDS
PUSH = f"{binary()} backup wal push"


def archived(server):
    return server.value("SELECT last_archived_wal FROM pg_stat_archiver") or ""


def switch(server):
    """Ends the segment; the name of it."""
    server.sql("SELECT pg_logical_emit_message(true, 'x', 'y')")
    name = server.value("SELECT pg_walfile_name(pg_current_wal_lsn())")
    server.sql("SELECT pg_switch_wal()")
    return name


def archiving(fresh_server, **settings):
    server = fresh_server(archive_mode=True, archive_command="false", **settings)
    repo = repository_for(server)
    server.sql(f"ALTER SYSTEM SET archive_command = '{PUSH} --repo {repo} %p'")
    server.sql("SELECT pg_reload_conf()")
    return server, repo


def push(runbook, repo, path, code=0):
    return runbook("backup", "wal", "push", "--repo", repo, path).expect(code)


def test_archives_and_recovers_to_a_time_on_a_new_timeline(fresh_server):
    """A backup, WAL by archive_command alone, a recovery to a moment, whose WAL goes into the same
    repository as timeline 2, and a recovery along that."""
    server, repo = archiving(fresh_server)
    write_wal(server, 10)
    with copy_of(server) as copy, copy_of(server) as second:
        write_wal(server, 20)
        target = server.value("SELECT now()::text")
        write_wal(server, 40)
        name = switch(server)
        wait_until(lambda: archived(server) >= name, what="the archiver")
        assert Stored(repo).bytes(name) == (server.cluster.data / "pg_wal" / name).read_bytes()

        recovered = copy.recover(repo, recovery_target_time=target, archive_mode="on",
                                 archive_command=f"{PUSH} --repo {repo} %p")
        assert recovered.value("SELECT count(*) FROM filler") == 30
        write_wal(recovered, 5)
        name = switch(recovered)
        wait_until(lambda: archived(recovered) >= name, what="the archiver")
        assert name.startswith("00000002") and name in Stored(repo).segments()
        assert (Stored(repo).folder / "00000002.history").exists()

        assert second.recover(repo).value("SELECT count(*) FROM filler") == 35


def test_nothing_is_overwritten_and_nothing_is_taken_for_what_it_is_not(fresh_server, runbook,
                                                                       tmp_path,
                                                                       broken_library):
    server, repo = fresh_server(), begun(tmp_path / "repo")
    write_wal(server, 10)
    name = switch(server)
    write_wal(server, 10)
    wal = server.cluster.data / "pg_wal"
    # Nor is libpq needed for it.
    runbook("backup", "wal", "push", "--repo", repo, wal / name,
            env=broken_library("libpq.so.5")).expect(0)
    push(runbook, repo, wal / name)
    before = Stored(repo).files()[name].read_bytes()
    push(runbook, repo, wal / name)

    content = bytearray((wal / name).read_bytes())
    other = tmp_path / "other"
    other.mkdir()
    content[SEGMENT - 10] ^= 1  # behind the switch: nobody's
    (other / name).write_bytes(content)
    push(runbook, repo, other / name)
    content[20] ^= 1  # between two fields of a page's header: it is WAL, and another one
    (other / name).write_bytes(content)
    assert "another file" in push(runbook, repo, other / name, code=1).err
    assert Stored(repo).files()[name].read_bytes() == before

    current = server.value("SELECT pg_walfile_name(pg_current_wal_lsn())")
    assert "not" in push(runbook, repo, wal / current, code=1).err
    # As a server recycles it: the content of an older one under a name that is still to come.
    future = segment_name(1, lsn(server.value("SELECT pg_current_wal_lsn()::text")) + 5 * SEGMENT)
    shutil.copy(wal / name, other / future)
    assert "the page says it is that of" in push(runbook, repo, other / future, code=1).err
    # Of another timeline, of another cluster, cut off, and something else altogether.
    shutil.copy(wal / name, other / ("00000005" + name[8:]))
    assert "timeline 1" in push(runbook, repo, other / ("00000005" + name[8:]), code=1).err
    control = server.cluster.data / "global" / "pg_control"
    (tmp_path / "global").mkdir()
    (tmp_path / "global" / "pg_control").write_bytes(b"\1" + control.read_bytes()[1:])
    assert "it belongs to the system" in push(runbook, begun(tmp_path / "repo2"), other / name, code=1).err
    shutil.rmtree(tmp_path / "global")
    (other / name).write_bytes(bytes(content[:5000]))
    push(runbook, repo, other / name, code=1)
    (other / "passwd").write_text("root")
    push(runbook, repo, other / "passwd", code=1)
    assert "no file" in push(runbook, repo, other / "none", code=1).err
    # What says nothing of itself begins no cluster's part, beside which each command would ask which.
    (other / name).write_bytes(bytes(SEGMENT))
    assert "nothing of the cluster 0" in push(runbook, repo, other / name, code=4).err
    runbook("backup", "list", "--repo", repo).expect(0)
    assert Stored(repo).segments() == [name]


def fetch(runbook, repo, *arguments, code=0):
    return runbook("backup", "wal", "fetch", "--repo", repo, *arguments).expect(code)


def test_a_failure_to_fetch_is_not_the_end_of_wal(fresh_server, runbook, tmp_path):
    server, repo = fresh_server(), begun(tmp_path / "repo")
    name = switch(server)
    wal = server.cluster.data / "pg_wal" / name
    push(runbook, repo, wal)
    out = tmp_path / "out"
    fetch(runbook, repo, name, out)
    assert out.read_bytes() == wal.read_bytes()
    assert fetch(runbook, repo, segment_name(1, 1 << 40), out, code=1).err == ""
    assert fetch(runbook, repo, "00000002.history", out, code=1).err == ""
    out.unlink()

    # Between two that are there one is missing: but for a standby no end.
    missing, last = switch(server), switch(server)
    push(runbook, repo, server.cluster.data / "pg_wal" / last)
    assert f'from "{last}" on' in fetch(runbook, repo, missing, out, code=126).err
    fetch(runbook, repo, "--gaps-are-ends", missing, out, code=1)
    Stored(repo).files()[last].unlink()

    stored = Stored(repo).files()[name]
    whole = stored.read_bytes()
    for place in (0, len(whole) // 4, len(whole) // 2):
        stored.write_bytes(whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1:])
        fetch(runbook, repo, name, out, code=126)
    stored.write_bytes(whole[:len(whole) // 2])
    fetch(runbook, repo, name, out, code=126)
    assert not out.exists() and not list(tmp_path.glob("out*"))
    fetch(runbook, tmp_path / "nothing", name, out, code=126)
    fetch(runbook, repo, "../../etc/passwd", out, code=126)


def test_encrypted(fresh_server, runbook, tmp_path):
    server, repo = fresh_server(), tmp_path / "repo"
    key = tmp_path / "key"
    key.write_text("7" * 64)
    key.chmod(0o600)
    config = tmp_path / "pgrunbook.conf"
    config.write_text(f"[pgrunbook]\nbackup.key_file = {key}\nbackup.repo = {repo}\n")
    runbook("backup", "create", "--config", config, server=server).expect(0)
    name = switch(server)
    wal = server.cluster.data / "pg_wal" / name
    for _ in range(2):
        runbook("backup", "wal", "push", "--config", config, wal).expect(0)
    assert b"PGRBGCM1" in Stored(repo).files()[name].read_bytes()
    runbook("backup", "wal", "fetch", "--config", config, name, tmp_path / "out").expect(0)
    assert (tmp_path / "out").read_bytes() == wal.read_bytes()
    fetch(runbook, repo, name, tmp_path / "out", code=126)


def test_not_mounted(fresh_server, runbook, tmp_path):
    """Nothing is stored where no repository is: what is to be mounted there would hide it."""
    server, place = fresh_server(), tmp_path / "mount"
    place.mkdir()
    wal = server.cluster.data / "pg_wal" / switch(server)
    for repo in place, place / "repo":
        assert "mounted?" in push(runbook, repo, wal, code=4).err
        assert "mounted?" in runbook("backup", "wal", "receive", "--repo", repo,
                                     server=server).expect(4).err
    assert not list(place.iterdir())
