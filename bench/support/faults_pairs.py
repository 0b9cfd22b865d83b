#!/usr/bin/python3
"""Two commands at once on one repository, in a loop, the second a little later each time: each does its
work or says who is at it, and every backup that is listed as good restores."""

import argparse
import itertools
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from faults_calls import live_on  # noqa: E402
from faults_stage import (Failures, Judge, Stage, Table, give_to_server_user, in_lanes,  # noqa: E402
                          say, wait_until)
from support.physical import leftovers, visible  # noqa: E402
from support.wal import Stored  # noqa: E402

ROUNDS, STEP = 12, 0.03  # seconds


class Scene:
    """Three backups, WAL on two timelines behind the last, held by the slot "origin"."""

    def __init__(self, version):
        self.stage = stage = Stage(version, archive_mode="on", archive_command="false")
        self.repo = stage.folder("pairs") / "repo"
        for _ in range(3):
            stage.create(self.repo)
            stage.write(3)
            stage.push_all(self.repo)
        self.old = visible(self.repo)
        stage.server.sql("SELECT pg_create_physical_replication_slot('origin', true)")
        live_on(stage)
        self.until = stage.flushed()
        self.segments = sorted(
            (path for path in (stage.cluster.data / "pg_wal").iterdir() if path.is_file() and
             path.name < stage.server.value("SELECT pg_walfile_name(pg_current_wal_lsn())")),
            key=lambda path: (path.name[:8], "history" not in path.name, path.name))
        self.judge = Judge(stage)
        self.numbers = itertools.count(1)

    def slot(self):
        name = f"pair_{next(self.numbers)}"
        self.stage.server.sql("SELECT pg_copy_physical_replication_slot('origin', %s)", [name])
        return name


class Duo:
    """A command that a trial runs; .done is how it ended."""

    def __init__(self, scene, trial, word, home):
        self.scene, self.trial, self.word = scene, trial, word
        folder = trial.folder / home
        folder.mkdir()
        give_to_server_user(folder)
        self.runbook = type(trial.runbook)(folder)
        self.to = folder / "data"
        self.done = None

    def arguments(self):
        stage, programs = self.scene.stage, self.scene.stage.cluster.programs
        if self.word == "receive":
            return ["wal", "receive", "--slot", self.scene.slot(), "--until-lsn", self.scene.until]
        return {"create": ["create"], "expire": ["expire", "--keep", "1", "--yes"],
                "verify": ["verify", "--json"],
                "restore": ["restore", "--to", self.to, "--bindir", programs, "--immediate",
                            "--backup", self.scene.old[0]],
                "drill": ["drill", "--scratch", stage.folder(f"scratch/{next(self.scene.numbers)}"),
                          "--bindir", programs]}[self.word]

    def run(self):
        if self.word == "push":
            ended = [self.runbook(*self.trial.backup("wal", "push", file))
                     for file in self.scene.segments]
            self.done = max(ended, key=lambda result: (result.code != 0, result.code))
            self.all = ended
            return
        server = self.scene.stage.server if self.word in ("create", "receive") else None
        self.done = self.runbook(*self.trial.backup(*self.arguments()), server=server, timeout=180)

    def look(self):
        """It ended as the manual says, and what it says of itself is so."""
        self.done.expect(0, 1, 4)
        if self.word == "verify":
            kinds = {finding["kind"] for finding in self.done.json["findings"]}
            assert self.done.code == 0 and not kinds, self.done
        if self.done.code != 0:
            assert self.word != "restore" or not (self.to / "global" / "pg_control").exists()
            said = self.done.err
            assert any(word in said for word in ("at work", "is being", "there is no backup",
                                                 "was expired", "slot")), self.done
        self.runbook.close()


PAIRS = [("create", "create"), ("create", "expire"), ("expire", "restore"), ("restore", "expire"),
         ("expire", "verify"), ("receive", "receive"), ("receive", "push"), ("create", "drill"),
         ("expire", "drill"), ("expire", "expire"), ("push", "push"), ("receive", "expire"),
         ("create", "verify")]


def tell(scene, pair, turn):
    with scene.stage.trial("-".join(map(str, (*pair, turn))), scene.repo) as trial:
        first, second = (Duo(scene, trial, word, f"home-{place}")
                         for place, word in enumerate(pair))
        with ThreadPoolExecutor(2) as pool:
            running = pool.submit(first.run)
            time.sleep(STEP * turn)
            second.run()
            running.result()
        for duo in first, second:
            duo.look()
        fresh = set(visible(trial.repo)) - set(scene.old)
        assert len(fresh) == sum(duo.word == "create" and duo.done.code == 0
                                 for duo in (first, second)), (first.done, second.done)
        scene.judge(trial, 20, True, lambda identifier: ["--immediate"])
        if set(pair) <= {"receive", "push"}:
            settle(scene, trial)
        wait_until(lambda: not list(scene.stage.place.glob("scratch/*/pgrunbook-drill/data")),
                   what="the end of a drill")
        trial.run("expire", "--keep", "9", "--yes")
        assert not leftovers(trial.repo), leftovers(trial.repo)
        return first.done.code == 0, second.done.code == 0


def settle(scene, trial):
    """What two of them left one brings to its end, and all of it comes back."""
    trial.run("wal", "receive", "--slot", scene.slot(), "--until-lsn", scene.until,
              server=scene.stage.server)
    assert not Stored(trial.repo).leftovers()
    scene.judge(trial, scene.stage.ledger.ids_until(scene.stage.ledger.places[-4]))


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--version", type=int, default=15)
    parser.add_argument("--quick", action="store_true", help="two rounds of each")
    options = parser.parse_args()
    failures = Failures()
    table = Table("pair", "rounds", "both did it", "one was refused", "wrong")
    scene = Scene(options.version)
    try:
        for pair in PAIRS:
            name, did = " + ".join(pair), []
            in_lanes(lambda turn, pair=pair, did=did: did.append(tell(scene, pair, turn)),
                     range(2 if options.quick else ROUNDS), failures, f"{name}:", 1)
            both = sum(all(one) for one in did)
            table.add(name, len(did) + failures.of(f"{name}:"), both, len(did) - both,
                      failures.of(f"{name}:") or "none")
        say(f"{scene.judge.restored} backups restored, {scene.judge.started} servers started")
    finally:
        scene.stage.close()
    table.show()
    sys.exit(1 if failures.found else 0)


if __name__ == "__main__":
    main()
