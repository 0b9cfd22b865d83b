"""`backup restore` where something is already: refused, compared, gone on with; tablespaces; and
whatever interrupts it."""

import os
import shutil
import signal

import pytest

from pgcluster_files import give_to_server_user
from support import faults
from support.physical import flip
from support.restoring import Stage, servers_on, verify
from support.servers import wait_until

versions = [15]


@pytest.fixture
def stage(fresh_server):
    made = Stage(fresh_server)
    made.server.sql("CREATE TABLE ledger AS SELECT i AS id, md5(i::text) FROM generate_series(1, "
                    "20000) AS i")
    return made


def backed_up(stage):
    stage.back_up()
    stage.server.sql("INSERT INTO ledger VALUES (20001)")
    stage.archive()


def rows(server):
    return server.value("SELECT count(*) FROM ledger")


def test_never_over_anything(stage):
    backed_up(stage)
    folder = stage.folder / "full"
    folder.mkdir()
    (folder / "letter").write_text("dear")
    give_to_server_user(folder)
    assert "not empty" in stage.restore("full", code=4).err
    assert "no data directory" in stage.restore("full", "--delta", code=4).err
    assert os.listdir(folder) == ["letter"]
    # The cluster itself, at work; then another one's.
    stage.folder = stage.cluster.folder
    assert "running" in stage.restore("data", "--delta", code=4).err
    assert rows(stage.server) == 20001


def test_delta_after_damage(stage):
    """What differs is written, what does not belong there goes, the old WAL is kept."""
    server, data = stage.server, stage.cluster.data
    backed_up(stage)
    server.sql("SELECT pg_create_restore_point('then')")
    table = server.value("SELECT pg_relation_filepath('ledger')")
    server.sql("CREATE DATABASE later")
    server.sql("SELECT pg_create_physical_replication_slot('later', true)")
    server.sql("INSERT INTO ledger VALUES (20002)")
    server.sql("CHECKPOINT")
    stage.cluster.stop()
    flip(data / table, 8200)
    (data / "base" / "999").write_text("foreign")
    (data / "standby.signal").write_text("")
    (data / "PG_VERSION").unlink()
    (data / "PG_VERSION").write_text("15\n")
    stage.folder = stage.cluster.folder
    then = ["--delta", "--target-name", "then"]
    # Of a server in a container, perhaps, where it has another number.
    (data / "postmaster.pid").write_text("99999999\n")
    assert f"remove \"{data}/postmaster.pid\"" in stage.restore("data", *then, code=4).err
    (data / "postmaster.pid").unlink()
    # A backup that cannot be read leaves everything as it was.
    (manifest,) = stage.repo.rglob("backup_manifest.zst")
    flip(manifest, manifest.stat().st_size // 2)
    was = sorted(os.listdir(data / "pg_wal"))
    stage.restore("data", *then, code=1)
    assert (data / "global" / "pg_control").exists() and was == sorted(os.listdir(data / "pg_wal"))
    assert not (data / "pgrunbook-restore.json").exists()
    flip(manifest, manifest.stat().st_size // 2)
    (data / "log").symlink_to(stage.folder)
    document = stage.restore("data", "--no-start", *then)["restored"]
    assert (data / "log").is_symlink() and not (data / "global" / "pg_control.before").exists()
    (data / "log").unlink()
    assert 0 < document["files"] < 200 and document["kept_files"] > 700
    assert document["removed_files"] > 0
    verify(data)
    saved = os.listdir(document["saved_wal"])
    assert any(len(name) == 24 for name in saved)
    # Once more there is nothing to do but what a recovery changes.
    again = stage.restore("data", *then)["restored"]
    assert again["files"] < 10 and again["promoted"]
    stage.cluster.start()
    assert rows(server) == 20001
    assert not server.value("SELECT count(*) FROM pg_database WHERE datname = 'later'")


def test_tablespaces(stage):
    server = stage.server
    places = []
    for name in "fast", "slow":
        place = stage.cluster.folder / name
        place.mkdir()
        give_to_server_user(place)
        places.append(place)
        server.sql(f"CREATE TABLESPACE {name} LOCATION '{place}'")
        server.sql(f"CREATE TABLE in_{name} TABLESPACE {name} AS SELECT * FROM ledger")
    backed_up(stage)
    fast, slow = places
    # Never over the original's files.
    refused = stage.restore("a", code=4)
    assert f"--tablespace {fast}=NEWDIR" in refused.err or f"--tablespace {slow}=" in refused.err
    assert stage.restore("a", "--tablespace", f"/nowhere={fast}", code=2)
    moved = [f"--tablespace={fast}={stage.folder}/f=t".replace("f=t", "f\\=t"),
             f"--tablespace={slow}={stage.folder}/deep/slow"]
    stage.restore("a", "--no-start", *moved)
    verify(stage.folder / "a", "-i", "tablespace_map")
    shutil.rmtree(stage.folder / "a")
    assert "is not empty" in stage.restore("a", *moved, code=4).err  # of what was removed
    shutil.rmtree(stage.folder / "f=t")
    shutil.rmtree(stage.folder / "deep")
    stage.restore("a", *moved)
    with stage.started("a") as restored:
        assert restored.value("SELECT count(*) FROM in_fast") == 20000
        where = restored.sql("SELECT pg_tablespace_location(oid) FROM pg_tablespace "
                             "WHERE oid > 16000 ORDER BY spcname")
        assert where == [(f"{stage.folder}/f=t",), (f"{stage.folder}/deep/slow",)]
    stage.restore("b", "--tablespaces-below", stage.folder / "below", "--no-start")
    assert len(os.listdir(stage.folder / "below")) == 2
    verify(stage.folder / "b", "-i", "tablespace_map")
    # A copy of the data directory has the links of its original, which is at work.
    copy = stage.folder / "copy"
    shutil.copytree(stage.cluster.data, copy, symlinks=True)
    (copy / "postmaster.pid").unlink()
    give_to_server_user(copy)
    refused = stage.restore("copy", "--delta", code=4).err
    assert f"--tablespace {fast}={fast}" in refused or f"--tablespace {slow}={slow}" in refused
    here = [f"--tablespace={place}={place}" for place in places]
    assert "in use" in stage.restore("copy", "--delta", *here, code=4).err
    stage.cluster.stop()
    stage.folder = stage.cluster.folder
    assert "not empty" in stage.restore("data", "--delta", code=4).err
    stage.restore("data", "--delta", *here)
    stage.cluster.start()
    assert server.value("SELECT count(*) FROM in_slow") == 20000


@pytest.mark.parametrize("version", [15, 16])
def test_tablespace_in_place(stage):
    """A folder of the data directory, and it stays one."""
    server = stage.server
    with server.connect() as session:
        session.execute("SET allow_in_place_tablespaces = on")
        session.execute("CREATE TABLESPACE inside LOCATION ''")
    if server.version < 16:
        refused = stage.runbook("backup", "create", *stage.options, server=server).expect(4)
        assert '"inside"' in refused.err and "leaves such out" in refused.err
        return
    server.sql("CREATE TABLE in_inside TABLESPACE inside AS SELECT * FROM ledger")
    backed_up(stage)
    oid = str(server.value("SELECT oid FROM pg_tablespace WHERE spcname = 'inside'"))
    for to, options in ("a", ()), ("b", ("--tablespaces-below", stage.folder / "below")):
        stage.restore(to, "--no-start", *options)
        verify(stage.folder / to, "-i", "tablespace_map")
        inside = stage.folder / to / "pg_tblspc" / oid
        assert inside.is_dir() and not inside.is_symlink()
    stage.restore("c")
    with stage.started("c") as restored:
        assert restored.value("SELECT count(*) FROM in_inside") == 20000


def every_call():
    """FAULTS_ALL=1: at every single one."""
    return bool(os.environ.get("FAULTS_ALL"))


def one_database_only(server):
    """A third of the files, and so of the calls: their number is all that differs."""
    for template in "template0", "template1":
        server.sql(f"ALTER DATABASE {template} IS_TEMPLATE false")
        server.sql(f"DROP DATABASE {template}")


def worth_a_look(calls):
    """Of the calls of a restore those by which something becomes visible, and the one behind each;
    of the thousand files a few."""
    if every_call():
        return range(1, len(calls) + 1)
    names = [call.split(" ")[0] for call in calls]
    files = [number for number, name in enumerate(names, 1) if name in ("create", "pwrite")]
    shown = [number for number, name in enumerate(names, 1) if name in ("rename", "syncfs")]
    shown += [number + 1 for number in shown[-4:]]
    return sorted({3, *shown, *files[10::500], len(calls)})


def test_killed_anywhere(stage):
    """Wherever a restore is killed: no server starts on what there is, unless it is complete, and
    the same command goes on with it."""
    if every_call():
        one_database_only(stage.server)
    backed_up(stage)
    command = ["backup", "restore", "--repo", stage.repo, "--bindir", stage.bindir, "--no-start",
               "--json"]
    calls = faults.count(stage.runbook, *command, "--to", stage.folder / "count",
                         under=stage.folder)
    assert any("pg_control" in call for call in calls)
    shutil.rmtree(stage.folder / "count")

    def story(number):
        to = stage.folder / str(number)
        killed = faults.at(number, "kill", stage.runbook, *command, "--to", to,
                           under=stage.folder)
        assert killed.code in (0, faults.KILLED), killed
        whole = (to / "global" / "pg_control").exists()
        if whole:
            verify(to, "-i", "pgrunbook-restore.json")
        went_on = stage.runbook(*command, "--to", to)
        # Killed behind the last of its calls there is nothing left to do.
        went_on.expect(0, 4) if whole else went_on.expect(0)
        verify(to)
        assert not (to / "pgrunbook-restore.json").exists()
        shutil.rmtree(to)

    faults.in_parallel(story, worth_a_look(calls))


def test_delta_again_at_once(stage):
    """What one has kept of the WAL is not written over by the next, within the same second."""
    backed_up(stage)
    stage.restore("again")
    saved = [stage.restore("again", "--delta")["restored"]["saved_wal"] for _ in range(3)]
    assert len(set(saved)) == 3 and all(os.listdir(folder) for folder in saved)


def test_delta_killed_anywhere(stage):
    """The same over an old cluster: as long as its pg_control is there it is whole, and the same
    command completes what was begun."""
    if every_call():
        one_database_only(stage.server)
    backed_up(stage)
    stage.restore("old", "--latest")
    old = stage.folder / "old"
    command = ["backup", "restore", "--repo", stage.repo, "--bindir", stage.bindir, "--no-start",
               "--delta"]

    def copy(name):
        to = stage.folder / name
        shutil.copytree(old, to, symlinks=True)
        give_to_server_user(to)
        return to

    calls = faults.count(stage.runbook, *command, "--to", copy("count"), under=stage.folder)
    names = [call.split(" ")[0] for call in calls]
    first = names.index("syncfs")
    shown = [number for number, name in enumerate(names, 1) if name in ("rename", "mkdir")]

    def story(number):
        to = copy(str(number))
        faults.at(number, "kill", stage.runbook, *command, "--to", to, under=stage.folder)
        if (to / "global" / "pg_control").exists() and number < first:
            assert any(len(name) == 24 for name in os.listdir(to / "pg_wal"))
        stage.runbook(*command, "--to", to).expect(0)
        verify(to)
        left = os.listdir(to) + os.listdir(to / "global")
        assert not {"pgrunbook-restore.json", "pg_control.before"} & set(left)
        shutil.rmtree(to)

    faults.in_parallel(story, range(1, len(calls) + 1) if every_call()
                       else sorted({2, *shown[:3], *shown[-3:]}))


def test_disk_full(stage):
    backed_up(stage)
    command = ["backup", "restore", "--repo", stage.repo, "--bindir", stage.bindir, "--no-start"]
    for number in 1, 3, 500, 1500:
        to = stage.folder / str(number)
        full = faults.at(number, "ENOSPC", stage.runbook, *command, "--to", to,
                         under=stage.folder, stay=True).expect(1)
        assert "No space left" in full.err and "hint:" in full.err
        assert not (to / "global" / "pg_control").exists()
        stage.runbook(*command, "--to", to).expect(0)
        verify(to)


def kill_recovery(stage, to, number):
    """Whether that came before the recovery was over. Where it did not the folder is gone."""
    running = stage.runbook.start("backup", "restore", "--repo", stage.repo, "--to", to,
                                  "--bindir", stage.bindir)
    wait_until(lambda: (to / "postmaster.pid").exists() or not running.running(),
               what="the private server")
    running.process.send_signal(number)
    running.wait()
    wait_until(lambda: not servers_on(to), what="its end")
    (to / "postmaster.pid").unlink(missing_ok=True)
    if (to / "recovery.signal").exists():
        return True
    shutil.rmtree(to)
    return False


def test_killed_during_the_recovery(stage):
    """The private server does not outlive the program, and leaves no folder behind for long."""
    stage.back_up()
    stage.server.sql("INSERT INTO ledger SELECT generate_series(1, 300000)")
    stage.archive()
    to = stage.folder / "killed"
    for number in signal.SIGKILL, signal.SIGINT:
        wait_until(lambda: kill_recovery(stage, to, number), 120, "a kill before the promotion")
    refused = stage.restore("killed", "--immediate", code=4)
    assert "was interrupted" in refused.err and "--delta" in refused.err
    document = stage.restore("killed")
    assert document["landed"]["as_planned"] and document["restored"]["resumed"]
    assert document["restored"]["files"] == 0
    assert not (to / "pgrunbook-restore.json").exists()
    with stage.started("killed") as restored:
        assert rows(restored) == 320000
