#!/usr/bin/python3
"""The server's own faults: a crash in mid-backup, in mid-stream, and WAL that is lost before it was
received or out of the repository. Every backup that is listed as good restores."""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from faults_stage import (Failures, Judge, Stage, Stored, Table, in_lanes, lsn,  # noqa: E402
                          say, wait_until)
from support.physical import leftovers, visible  # noqa: E402
from support.wal import receiving, slot_lsn  # noqa: E402

VERSIONS = (14, 15, 18)


def crash_in_backup(stage, judge):
    """At several places of it."""
    repo = stage.folder("crash") / "repo"
    stage.create(repo)
    for bytes_sent in 200_000, 3_000_000, 6_000_000:
        stage.write(2)
        before, written = set(visible(repo)), stage.written()
        running = stage.runbook.start(*stage.backup("create", "--max-rate", "2MB", repo=repo),
                                      server=stage.server)
        wait_until(lambda sent=bytes_sent: stage.server.sql(
            "SELECT 1 FROM pg_stat_progress_basebackup WHERE backup_streamed > %s", [sent]),
            what="a backup under way")
        stage.cluster.crash()
        running.wait().expect(1, 3)
        assert set(visible(repo)) == before and not leftovers(repo), leftovers(repo)
        stage.cluster.start()
        assert stage.server.value("SELECT count(*) FROM ledger") == written
        stage.create(repo)
        with stage.trial("crash", repo) as trial:
            last = visible(repo)[-1]
            assert len(judge(trial, 0, True, lambda one, last=last: (
                ["--latest"] if one == last else ["--immediate"]))) == len(before) + 1
            assert len(judge.bring_back(trial, last, ["--latest"])) == written


def crash_while_received(stage, judge):
    """What was acknowledged before comes back."""
    repo = stage.folder("stream") / "repo"
    stage.create(repo)
    for _ in range(3):
        with receiving(stage.runbook, stage.server, repo) as receiver:
            wait_until(lambda: slot_lsn(stage.server), what="the slot")
            stage.write(5, bulk=150_000)
            receiver.await_durable()
            known = stage.ledger.ids_until(slot_lsn(stage.server))
            stage.cluster.crash()
            with stage.trial("stream", repo) as trial:
                assert len(judge(trial, known)) == 1
            stage.cluster.start()
            receiver.await_durable()
            receiver.end()
        with stage.trial("stream", repo) as trial:
            assert len(judge(trial, stage.written())) == 1
    stage.server.sql("SELECT pg_drop_replication_slot('pgrunbook')")


def lost_in_between(stage, judge):
    """The server has thrown WAL away: a new full, and each backup as far as its WAL goes."""
    repo = stage.folder("gap") / "repo"
    stage.create(repo)
    with receiving(stage.runbook, stage.server, repo) as receiver:
        wait_until(lambda: slot_lsn(stage.server), what="the slot")
        stage.write(3, bulk=100_000)
        receiver.await_durable()
        receiver.end()
    known = stage.ledger.ids_until(slot_lsn(stage.server))
    place = stage.ledger.places[known - 1]
    stage.server.sql("ALTER SYSTEM SET max_slot_wal_keep_size = '1MB'")
    stage.server.sql("SELECT pg_reload_conf()")
    for _ in range(12):
        stage.write(1, bulk=400_000)
        stage.server.sql("SELECT pg_switch_wal()")
    stage.server.sql("CHECKPOINT")
    assert stage.server.value("SELECT wal_status FROM pg_replication_slots") == "lost"
    with receiving(stage.runbook, stage.server, repo) as receiver:
        try:
            wait_until(lambda: "the new full backup is complete" in receiver.said(), 60)
        except AssertionError:
            raise AssertionError(f"no new backup\n{receiver.said()}") from None
        stage.write(3)
        receiver.await_durable()
        receiver.end()
    # Perhaps more was lost while the new one was being taken.
    assert all(lsn(broken["lsn"]) >= place for broken in Stored(repo).broken())
    first, *_, last = visible(repo)
    with stage.trial("gap", repo) as trial:
        assert trial.run("list", "--json").json["gaps"]
        trial.run("verify", code=(0, 1, 5))
        assert {first, last} <= set(judge(trial, 20, True, lambda one: ["--immediate"]))
        # Where the receiver had everything the newest state was before: no further than that.
        refused = trial.run("restore", "--plan", "--backup", first, "--latest", code=4)
        assert refused.err
        target = ["--target-lsn", f"{place >> 32:X}/{place & 0xFFFFFFFF:X}"]
        plan = trial.run("restore", "--plan", "--backup", first, *target, code=(0, 4))
        assert plan.code == 4 or len(judge.bring_back(trial, first, target)) >= known
        assert len(judge.bring_back(trial, last, ["--latest"])) == stage.written()
    stage.server.sql("SELECT pg_drop_replication_slot('pgrunbook')")
    stage.server.sql("ALTER SYSTEM RESET max_slot_wal_keep_size")
    stage.server.sql("SELECT pg_reload_conf()")


def removed_from_repository(stage, judge):
    """Each segment behind a backup in turn: it is named, and what does not need it restores."""
    repo = stage.folder("removed") / "repo"
    stage.create(repo)
    for _ in range(6):
        stage.write(5, bulk=100_000)
        stage.push_all(repo)
    stage.create(repo)
    stage.write(2)
    stage.push_all(repo)
    first, last = visible(repo)
    names = Stored(repo).segments()
    for name in names:
        with stage.trial(f"removed-{name}", repo) as trial:
            Stored(trial.repo).files()[name].unlink()
            done = trial.run("verify", "--json", code=(0, 1, 5))
            named = [one for one in done.json["findings"] if name in one["object"] + one["text"]]
            assert named or name in (names[0], names[-1]), (name, done)
            for backup in judge.listed(trial):
                shown = trial.run("restore", "--plan", "--backup", backup["id"], "--latest",
                                  code=(0, 4))
                if shown.code == 0:
                    ids = judge.bring_back(trial, backup["id"], ["--latest"])
                    assert len(ids) == stage.written() or name == names[-1], (name, backup)
                own = trial.run("restore", "--plan", "--backup", backup["id"], "--immediate",
                                code=(0, 4))
                if own.code == 0:
                    judge.bring_back(trial, backup["id"], ["--immediate"])
                else:
                    assert backup["id"] == first or name >= names[-3], (name, own)
            trial.run("expire", "--keep", "1", "--yes", code=(0, 4))
            left = visible(trial.repo)
            assert last in left


STORIES = {"crash in mid-backup": crash_in_backup, "crash in mid-stream": crash_while_received,
           "WAL lost on the server": lost_in_between,
           "a segment removed from the repository": removed_from_repository}


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--version", type=int, action="append")
    parser.add_argument("--quick", action="store_true", help="on 15 alone")
    options = parser.parse_args()
    failures, table = Failures(), Table("fault", "servers", "backups restored", "wrong")
    versions = options.version or ([15] if options.quick else VERSIONS)
    for name, story in STORIES.items():
        restored = []

        def one(version, story=story, restored=restored):
            stage = Stage(version, max_slot_wal_keep_size="64MB", min_wal_size="2MB",
                          max_wal_size="2MB")
            judge = Judge(stage)
            try:
                story(stage, judge)
            finally:
                restored.append(judge.restored)
                stage.close()

        in_lanes(one, versions, failures, f"{name}:", 2)
        table.add(name, ", ".join(map(str, versions)), sum(restored),
                  failures.of(f"{name}:") or "none")
    table.show()
    say()
    sys.exit(1 if failures.found else 0)


if __name__ == "__main__":
    main()
