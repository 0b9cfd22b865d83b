#!/usr/bin/python3
"""The part of the benchmark of backups about bringing them back: `backup restore` against pgBackRest
with two processes, of the same cluster: files and settings of the recovery, on the disk.

  bench/support/backup_restore.py            2.4 GB, 5 runs of each in turn
  bench/support/backup_restore.py --quick    a tenth of a gigabyte: the figures mean nothing

pgBackRest's repository is the one it restores fastest from (zst 1, bundles). The last run of each is
proved: pg_verifybackup, started, pg_amcheck of every heap and index. Ends with 1 when a goal is
missed."""

import os
import shutil
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1]),
                str(Path(__file__).resolve().parents[2] / "tools")]

from pgcluster_files import give_to_server_user  # noqa: E402
from support.backup_stage import PROGRAM, PgBackRest, race_main, run, say  # noqa: E402
from support.report import middle  # noqa: E402

OURS, THEIRS = "pgrunbook", "pgBackRest, 2 processes"
MEMORY_BYTES = 150 << 20


class Ours:
    def __init__(self, stage):
        self.stage, self.repo = stage, stage.folder / "ours"
        run(PROGRAM, "backup", "create", "--quiet", "--repo", self.repo, env=stage.environment)

    def restore(self, to):
        return self.stage.measure(PROGRAM, "backup", "restore", "--quiet", "--repo", self.repo,
                                  "--to", to, "--no-start", "--jobs", 2)

    def ready(self, data):
        """What its WAL would be fetched for is put beside it, as for the peer."""
        (data / "recovery.signal").unlink()
        self.stage.add_wal(data)


class Theirs(PgBackRest):
    def __init__(self, stage):
        super().__init__(stage, "theirs", True)
        self.backup()

    def restore(self, to):
        to.mkdir(mode=0o700)
        return self.stage.measure(*self.command(f"--pg1-path={to}", "--type=none", "restore"))

    def ready(self, data):
        (data / "recovery.signal").unlink(missing_ok=True)
        self.stage.add_wal(data)


def race(stage, claim, runs):
    peers = {OURS: Ours(stage), THEIRS: Theirs(stage)}
    place = stage.folder / "restored"
    place.mkdir()
    give_to_server_user(place)
    cpu, peaks = {OURS: [], THEIRS: []}, []
    for turn in range(runs):
        for name in sorted(peers, reverse=turn % 2 == 1):
            to = place / "data"
            done = peers[name].restore(to)
            claim.add_run(name, done.seconds)
            cpu[name].append(done.cpu)
            if name == OURS:
                peaks.append(done.peak_bytes)
            say(f"{name}: {done.seconds:.2f} s, {done.cpu:.2f} s of CPU")
            if turn == runs - 1:
                prove(stage, peers[name], to)
            shutil.rmtree(to, ignore_errors=True)
    for name, values in cpu.items():
        claim.notes.append(f"{name}: {middle(values):.2f} s of CPU")
    claim.goal("wall, of pgBackRest's", claim.median(OURS) / claim.median(THEIRS), 0.8)
    claim.goal("peak resident memory", max(peaks) / 2**20, MEMORY_BYTES / 2**20, unit=" MiB")


def prove(stage, peer, to):
    def bring(data):
        os.rename(to, data)
        peer.ready(data)

    stage.prove(bring, manifest=isinstance(peer, Ours))


if __name__ == "__main__":
    race_main("restore", "a restore", 5, race, __doc__)
