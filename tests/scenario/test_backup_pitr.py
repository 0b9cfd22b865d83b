"""Point-in-time recovery lands where it was told to: on exactly the ledger's row, whatever names the
place, across restarts, a crash, DDL, a tablespace and a switchover. The forty targets of
bench/pitr in small."""

import datetime
import zoneinfo

import pytest
from golden.documents import check_document
from pgcluster_files import give_to_server_user
from support.pitr import SERVER, SMALL_SEGMENTS, Stage, lsn_number, nearest
from support.servers import ENDS

versions = ENDS


@pytest.fixture
def stage(fresh_server):
    primary = fresh_server(initdb=SMALL_SEGMENTS, timezone="Europe/Berlin", **SERVER)
    stage = Stage(primary)
    stage.prepare()
    stage.receive()
    yield stage
    stage.close()


def live(stage):
    stage.write(2)
    stage.back_up()
    with stage.load():
        stage.write(4, named=True)
        stage.primary.sql("ALTER TABLE ledger ADD COLUMN note text DEFAULT 'x'")
        stage.write(3)
    stage.primary.sql("SELECT pg_switch_wal()")
    stage.primary.cluster.restart()
    with stage.load():
        stage.write(3)
    stage.primary.cluster.crash()
    stage.primary.cluster.start()
    stage.write(2, named=True)
    standby = stage.standby()
    with stage.load():
        stage.back_up()
    stage.switch_over(standby, lost=3)
    with stage.load():
        stage.write(4, named=True)
        stage.write(3)
    stage.primary.sql("CREATE TABLE beacon ()")
    stage.await_durable()


def refused(stage, *options):
    """The refusal's neighbour, which can itself be reached; nothing was written."""
    folder = stage.folder / "nothing"
    result = stage.runbook("backup", "restore", "--repo", stage.repo, "--to", folder,
                           *options).expect(4)
    assert not folder.exists()
    near = nearest(result)
    stage.runbook("backup", "restore", "--plan", "--repo", stage.repo, *near).expect(0)
    return near


def check_refusals(stage, lost):
    assert refused(stage, "--target-time", "2100-01-01 00:00:00+00") == ["--latest"]
    assert refused(stage, "--target-lsn", "FFFF/0") == ["--latest"]
    assert refused(stage, "--target-time", "2020-01-01 00:00:00+00")[0] == "--target-time"
    assert refused(stage, "--target-name", "behnid 4") == ["--target-name", "behind 4"]
    # A restore point is not flushed: the last one may have died with the old primary.
    option = ["--target-name", lost.name]
    assert refused(stage, *option) == ["--timeline", "1", *option]


def plan(stage, *options, code=0):
    result = stage.runbook("backup", "restore", "--plan", "--json", "--repo", stage.repo, "--bindir",
                           stage.primary.cluster.programs, *options)
    return check_document(result.expect(code).json, "backup.restore_plan")


def check_plans(stage):
    """Every commit of the ledger is found where the server wrote it, to the microsecond."""
    stop = lsn_number(stage.backups[0]["stop_lsn"])
    for entry in [entry for entry in stage.ledger.kept() if entry.before > stop][::3]:
        document = plan(stage, "--target-xid", entry.xid)
        before = document["target"]["before"]
        assert before["xid"] == entry.xid
        assert before["time"].rstrip("Z0.") == f"{entry.time:%Y-%m-%dT%H:%M:%S.%f}".rstrip("0.")
        assert entry.before <= lsn_number(before["lsn"]) < entry.after
        assert not document["wal"]["missing"] and document["bytes"] > document["stored_bytes"]


def check_clocks(stage):
    """A moment is told in UTC and by the server's clock; one without a clock is asked for it."""
    time = stage.ledger.kept()[-2].time + datetime.timedelta(milliseconds=9)
    moment = f"{time:%Y-%m-%d %H:%M:%S.%f}"
    answer = stage.runbook("backup", "restore", "--plan", "--repo", stage.repo, "--target-time",
                           moment + "+00").expect(0)
    local = time.replace(tzinfo=datetime.timezone.utc).astimezone(
        zoneinfo.ZoneInfo("Europe/Berlin"))
    assert "(UTC), " in answer.out and "(Europe/Berlin)" in answer.out
    assert f"{local:%H:%M:%S}" in answer.out
    bare = stage.runbook("backup", "restore", "--plan", "--repo", stage.repo, "--target-time",
                         moment).expect(2)
    assert f'"{moment} Europe/Berlin"' in bare.err and f'"{moment}+00"' in bare.err


def check_left(stage, lost):
    """A moment at which the old primary was still at work is not silently the new one's past."""
    moment = f"{lost.time:%Y-%m-%d %H:%M:%S.%f}+00"
    document = plan(stage, "--target-time", moment, code=4)
    assert document["target"]["refusal"].startswith(f"at {moment.rstrip('+0')}")
    assert refused(stage, "--target-time", moment)[:3] == ["--timeline", "1", "--target-time"]
    assert plan(stage, "--timeline", 2, "--target-time", moment)["target"]["note"] is None
    assert "--timeline 1 has it" in plan(stage, "--latest")["target"]["note"]
    listed = stage.runbook("backup", "list", "--json", "--repo", stage.repo).expect(0).json
    assert [left["timeline"] for left in listed["left"]] == [1]


def check_lost_history(stage):
    """Both copies of a history gone: verify and list say it, and so does a plan."""
    files = list(stage.repo.glob("*/wal/00000002.history*"))
    kept = {file: file.read_bytes() for file in files}
    for file in files:
        file.unlink()
    verified = stage.runbook("backup", "verify", "--repo", stage.repo)
    assert verified.code != 0 and "00000002.history" in verified.out + verified.err
    listed = stage.runbook("backup", "list", "--json", "--repo", stage.repo).expect(0).json
    assert any("00000002.history" in gap["text"] for gap in listed["gaps"])
    assert "00000002.history" in plan(stage, "--latest", code=4)["wal"]["missing"]
    for file, content in kept.items():
        file.write_bytes(content)
        give_to_server_user(file)


def check_gap(stage):
    """A segment between two backups is lost: what is behind it is refused, up to the second one."""
    start, stop = (lsn_number(backup[key]) for backup, key in
                   ((stage.backups[1], "start_lsn"), (stage.backups[0], "stop_lsn")))
    between = [entry for entry in stage.ledger.kept() if stop < entry.before < entry.after < start]
    lost, beyond = between[2].before >> 20, between[-1]
    assert beyond.before >> 20 > lost
    name = f"{1:08X}{0:08X}{lost:08X}"
    next(stage.repo.glob(f"*/wal/*/{name}.zst")).unlink()
    document = plan(stage, "--target-xid", beyond.xid, code=4)
    assert document["wal"]["missing"] == [name] and not document["target"]["reachable"]
    assert refused(stage, "--target-xid", beyond.xid)[0] == "--target-xid"
    plan(stage, "--target-xid", stage.ledger.kept()[-1].xid)
    listed = stage.runbook("backup", "list", "--json", "--repo", stage.repo).expect(0).json
    assert [gap["timeline"] for gap in listed["gaps"]] == [1]
    assert listed["recoverable"]["from_lsn"] == stage.backups[1]["stop_lsn"]


def test_every_target_lands_on_its_row(stage):
    live(stage)
    for options, allowed in stage.targets(7):
        with stage.restore(options) as restored:
            assert restored.ids() in allowed, options
            assert restored.balanced(), options
    lost = [entry for entry in stage.ledger.entries if entry.abandoned][-2]
    with stage.restore(["--timeline", 1, "--target-xid", lost.xid]) as restored:
        assert restored.ids() == stage.ledger.upto(lost.id, abandoned=True)
    check_refusals(stage, lost)
    check_left(stage, lost)
    check_lost_history(stage)
    check_plans(stage)
    check_clocks(stage)
    check_gap(stage)
