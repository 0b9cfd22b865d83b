"""Point-in-time recovery lands where it was told to: on exactly the ledger's row, whatever names the
place, across restarts, a crash, DDL, a tablespace and a switchover. The forty targets of
bench/pitr in small, on another version each night."""

import datetime

import pytest
from support.pitr import SERVER, SMALL_SEGMENTS, Stage, nearest
from support.servers import VERSIONS

versions = (VERSIONS[datetime.date.today().toordinal() % len(VERSIONS)],)


@pytest.fixture
def stage(fresh_server):
    primary = fresh_server(initdb=SMALL_SEGMENTS, **SERVER)
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
    option = ["--target-name", lost.name]
    assert refused(stage, *option) == ["--timeline", "1", *option]


def test_every_target_lands_on_its_row(stage):
    live(stage)
    for options, allowed in stage.targets(7):
        with stage.restore(options) as restored:
            assert restored.ids() in allowed, options
            assert restored.balanced(), options
    lost = [entry for entry in stage.ledger.entries if entry.abandoned][-1]
    with stage.restore(["--timeline", 1, "--target-xid", lost.xid]) as restored:
        assert restored.ids() == stage.ledger.upto(lost.id, abandoned=True)
    check_refusals(stage, lost)
