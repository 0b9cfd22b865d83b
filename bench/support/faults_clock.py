#!/usr/bin/python3
"""Clocks that go back and forth: the program's (by the fault library), then the server's, with backups,
expiry, restores to a time, the index of the WAL, drills and what `check` says of them."""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from faults_stage import (Failures, Judge, Stage, Table, in_lanes, pgcluster,  # noqa: E402
                          say)
from support import faults  # noqa: E402
from support.physical import visible  # noqa: E402

HOUR, DAY = 3600, 86400
OFFSETS = (-30 * DAY, -HOUR, -5, HOUR, 30 * DAY)


def ahead(seconds, program="pgrunbook"):
    return faults.environment("/nowhere", clock=seconds, program=program)


def two_backups(stage, repo, offset):
    """The second one, and what comes behind, by a clock that is so far ahead."""
    stage.create(repo)
    stage.write(3)
    stage.push_all(repo)
    stage.create(repo, env=ahead(offset))
    stage.write(3)
    stage.server.sql("SELECT pg_logical_emit_message(true, 'x', 'y')")
    name = stage.server.value("SELECT pg_walfile_name(pg_switch_wal())")
    stage.run("wal", "push", stage.cluster.data / "pg_wal" / name, repo=repo, env=ahead(offset))
    stage.push_all(repo)


def program_clock(stage, judge, offset):
    """One repository through everything that looks at a clock."""
    repo = stage.folder(f"clock{offset}") / "repo"
    two_backups(stage, repo, offset)
    written = stage.written()
    with stage.trial(f"clock{offset}", repo) as trial:
        judge(trial, written)
        listed = [trial.run("list", "--json", env=ahead(one)).json for one in (0, offset, -offset)]
        assert all(one["backups"] == listed[0]["backups"] and one["recoverable"] ==
                   listed[0]["recoverable"] for one in listed)
        newest = max(listed[0]["backups"], key=lambda backup: backup["stop_lsn"])["id"]
        assert listed[0]["backups"][-1]["id"] == newest
        # The moment that a person asks for is the server's.
        moment = stage.server.value("SELECT pg_xact_commit_timestamp(xmin)::text FROM ledger "
                                    "WHERE id = %s", [written - 1])
        target = ["--target-time", moment]
        for clock in 0, offset:
            plan = trial.run("restore", "--plan", "--json", *target, env=ahead(clock)).json
            assert newest in str(plan["backup"]), plan
        assert len(judge.bring_back(trial, newest, target)) == written - 1
        drill_and_check(stage, trial, offset)
        for keep in ["--keep", "1"], ["--keep", "1", "--keep-time", "1d"]:
            trial.run("expire", *keep, "--yes", env=ahead(offset))
            assert newest in visible(trial.repo), keep
            judge(trial, written)
        trial.run("create", server=stage.server, env=ahead(-offset))
        assert len(judge(trial, 20, True, lambda identifier: ["--immediate"])) >= 2


def drill_and_check(stage, trial, offset):
    """A proof is as old as it is; one from the future is not young for ever."""
    scratch = stage.folder(f"{trial.folder.name}-scratch")
    trial.run("drill", "--scratch", scratch, "--bindir", stage.cluster.programs,
              env=ahead(offset))
    done = trial.runbook("check", "--json", *stage.options, server=stage.server,
                         env={**ahead(0), "PGRUNBOOK_BACKUP_REPO": str(trial.repo)})
    done.expect(0, 1, 2)


def server_clock(failures):
    """The server's clock goes back an hour between two stretches of commits, and forward again."""
    ordinary, stage = pgcluster.server_environment, None
    try:
        stage = Stage(15, track_commit_timestamp=True)
        repo, judge = stage.folder("server") / "repo", Judge(stage)
        stage.create(repo)
        stage.write(3)
        stage.push_all(repo)
        between = stage.server.value("SELECT clock_timestamp()::text")
        pgcluster.server_environment = lambda: {
            **ordinary(), **ahead(-HOUR, "postgres"), "FAULTS_COUNT": "/dev/null"}
        stage.cluster.restart()
        was = stage.server.value("SELECT clock_timestamp() - %s::timestamptz < '-50min'", [between])
        assert was, "the server's clock has not gone back"
        stage.write(3)
        stage.create(repo)
        back = stage.written()
        stage.write(2)
        stage.push_all(repo)
        early = stage.server.value("SELECT clock_timestamp()::text")
        pgcluster.server_environment = ordinary
        stage.cluster.restart()
        behind = stage.written()
        stage.write(3)
        stage.push_all(repo)
        with stage.trial("server", repo) as trial:
            first, second = (backup["id"] for backup in trial.run("list", "--json").json["backups"])
            judge(trial, stage.written())
            # Replay ends before the first commit that is later, in the order of the WAL.
            for identifier, moment, wanted in ((first, between, behind), (second, early, behind),
                                               (second, between, behind)):
                ids = judge.bring_back(trial, identifier, ["--target-time", moment])
                assert len(ids) == wanted, (identifier, moment, len(ids), wanted, back)
            trial.run("expire", "--keep", "1", "--yes")
            assert visible(trial.repo) == [max((first, second), key=lambda one: one == second)]
            judge(trial, stage.written())
    finally:
        pgcluster.server_environment = ordinary
        if stage is not None:
            stage.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--version", type=int, default=15)
    parser.add_argument("--quick", action="store_true", help="one offset")
    options = parser.parse_args()
    failures, table = Failures(), Table("clock", "offsets", "backups restored", "wrong")
    offsets = OFFSETS[:1] if options.quick else OFFSETS
    stage = Stage(options.version, track_commit_timestamp=True)
    judge = Judge(stage)
    try:
        in_lanes(lambda offset: program_clock(stage, judge, offset), offsets, failures, "program:", 1)
    finally:
        stage.close()
    table.add("the program's", len(offsets), judge.restored, failures.of("program:") or "none")
    in_lanes(lambda _: server_clock(failures), [1], failures, "server:", 1)
    table.add("the server's", 1, 6, failures.of("server:") or "none")
    table.show()
    say()
    sys.exit(1 if failures.found else 0)


if __name__ == "__main__":
    main()
