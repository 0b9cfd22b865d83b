#!/usr/bin/python3
"""The part of the benchmark of backups about taking them: `backup create` against pg_basebackup with
client-side zstd (level 1, two workers) and pgBackRest, tuned and at its defaults.

  bench/support/backup_full.py            2.4 GB, 3 runs of each in turn (pgBackRest's defaults: one)
  bench/support/backup_full.py --quick    a tenth of a gigabyte: the figures mean nothing

Each run is proved: restored, pg_verifybackup, started, pg_amcheck of every heap and index. The CPU
is that of all processes, the server's too. Ends with 1 when a goal is missed."""

import shutil
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1]),
                str(Path(__file__).resolve().parents[2] / "tools")]

from support.backup_stage import (DEBIAN, PROGRAM, PgBackRest, race_main,  # noqa: E402
                                  run, say, unpack, used)
from support.report import middle  # noqa: E402

OURS, BASE = "pgrunbook", "pg_basebackup"
TUNED, PLAIN = "pgBackRest, tuned", "pgBackRest, defaults"
MEMORY_BYTES = 150 << 20


class Ours:
    def __init__(self, stage):
        self.stage, self.repo = stage, stage.folder / "ours"

    def backup(self):
        shutil.rmtree(self.repo, ignore_errors=True)
        return self.stage.measure(PROGRAM, "backup", "create", "--quiet", "--repo", self.repo)

    def stored(self):
        return used(self.repo) - sum(used(folder) for folder in self.repo.glob("*/wal"))

    def bring(self, data):
        (archive,) = self.repo.glob("*/backups/*/base.tar.zst")
        unpack(archive, data)
        manifest = archive.with_name("backup_manifest.zst")
        (data / "backup_manifest").write_text(run("zstd", "-dcq", manifest))
        self.stage.add_wal(data)


class Base:
    def __init__(self, stage):
        self.stage, self.target = stage, stage.folder / "base"

    def backup(self):
        shutil.rmtree(self.target, ignore_errors=True)
        return self.stage.measure(
            DEBIAN / "pg_basebackup", "-D", self.target, "-Ft", "-X", "none", "--checkpoint=fast",
            "--compress=client-zstd:level=1,workers=2")

    def stored(self):
        return used(self.target)

    def bring(self, data):
        unpack(self.target / "base.tar.zst", data)
        shutil.copy(self.target / "backup_manifest", data)
        self.stage.add_wal(data)


class Peer(PgBackRest):
    def stored(self):
        """Of the newest backup; the one before it has expired."""
        return used(self.folder / "repo" / "backup")


def race(stage, claim, runs):
    peers = {BASE: Base(stage), OURS: Ours(stage), TUNED: Peer(stage, "tuned", True),
             PLAIN: Peer(stage, "plain", False)}
    cpu, peaks, sizes = {}, [], {}
    for turn in range(runs):
        for name, peer in peers.items():
            if name == PLAIN and turn > 0:
                continue
            done = peer.backup()
            claim.add_run(name, done.seconds)
            cpu.setdefault(name, []).append(done.cpu)
            sizes[name] = peer.stored()
            if name == OURS:
                peaks.append(done.peak_bytes)
            say(f"{name}: {done.seconds:.2f} s, {done.cpu:.2f} s of CPU, "
                f"{sizes[name] / 2**20:.1f} MiB")
            stage.prove(peer.bring, manifest=name in (OURS, BASE))
    for name, values in cpu.items():
        claim.notes.append(f"{name}: {middle(values):.2f} s of CPU, {sizes[name] / 2**20:.1f} MiB")
    judge(claim, cpu, max(peaks), sizes)


def judge(claim, cpu, peak, sizes):
    ours = claim.median(OURS)
    claim.goal("wall, of pg_basebackup's", ours / claim.median(BASE), 1.05)
    claim.goal("wall, of pgBackRest's, tuned", ours / claim.median(TUNED), 1.0)
    claim.goal("wall, of pgBackRest's, at its defaults", ours / claim.median(PLAIN), 0.2)
    claim.goal("CPU, of pg_basebackup's", middle(cpu[OURS]) / middle(cpu[BASE]), 1.05)
    claim.goal("size, of the smallest peer's",
               sizes[OURS] / min(sizes[name] for name in sizes if name != OURS), 1.02)
    claim.goal("peak resident memory", peak / 2**20, MEMORY_BYTES / 2**20, unit=" MiB")


if __name__ == "__main__":
    race_main("full", "a full backup", 3, race, __doc__)
