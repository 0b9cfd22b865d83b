#!/usr/bin/python3
"""A disk that is full: a small file system of its own (tmpfs, for root), for every command that writes.
Each says so, loses nothing, and does its work once there is room."""

import argparse
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from faults_calls import (Create, Delta, Drill, Dump, Fetch, Receive, Restore,  # noqa: E402
                          Verify)
from faults_stage import (Failures, Stage, Table, give_to_server_user, in_lanes,  # noqa: E402
                          say, wait_until)
from support.program import Result  # noqa: E402

# What is free when a command begins, in kB.
FREE = (0, 4, 8, 16, 32, 64, 128, 256, 512, 768, 1000, 1500, 2500, 4000, 8000, 16000)


@contextmanager
def small_disk(folder):
    """A file system of its own below the folder; .leave(kB) takes room until so much is free."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256m,mode=0755", "tmpfs", folder],
                   check=True)
    try:
        give_to_server_user(folder)
        yield Disk(folder)
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


class Disk:
    def __init__(self, folder):
        self.folder = folder

    def used(self):
        done = subprocess.run(["df", "-k", "--output=used", self.folder], check=True,
                              capture_output=True, text=True)
        return int(done.stdout.split()[-1])

    def leave(self, free):
        self.size(self.used() + free)

    def size(self, size):
        subprocess.run(["mount", "-o", f"remount,size={max(size, 4)}k", self.folder], check=True)


class RoomPush(Fetch):
    """The last segment, where all before it are stored."""

    def prepare(self):
        super().prepare()
        stage = self.stage
        self.sure = stage.written()
        stage.write(4, bulk=100_000)
        stage.server.sql("SELECT pg_logical_emit_message(true, 'x', 'y')")
        name = stage.server.value("SELECT pg_walfile_name(pg_switch_wal())")
        self.file = stage.cluster.data / "pg_wal" / name
        self.codes = (0, 1)

    def command(self, trial):
        return trial.backup("wal", "push", self.file)

    def after(self, trial, done):
        self.judge(trial, self.stage.written() if done.code == 0 else self.sure)
        trial.runbook(*self.command(trial)).expect(0)
        self.judge(trial, self.stage.written())


def tell(story, free):
    """Whether it was too little. What comes behind has room."""
    stage = story.stage
    with stage.trial(f"full-{free}") as trial, small_disk(trial.under) as disk:
        if story.origin is not None:
            subprocess.run(["cp", "-a", story.origin, trial.repo], check=True)
        story.arrange(trial)
        disk.leave(free)
        try:
            if isinstance(story, Receive):
                return wait_for_room(story, trial, disk)
            done = trial.runbook(*story.command(trial), timeout=180, **story.more())
            done.expect(*story.codes)
            full = done.code != 0
            if full:
                said = done.err
                assert "No space left" in said or "has " in said or "room" in said, done
            disk.size(256 << 10)
            story.after(trial, done)
        finally:
            story.clean_up(trial)
    return full


def wait_for_room(story, trial, disk):
    """The receiver waits, and goes on by itself."""
    log = trial.folder / "said"
    with open(log, "w", encoding="utf-8") as file:
        running = trial.runbook.start(*story.command(trial), stderr=file, **story.more())
        wait_until(lambda: not running.running() or "No space left" in log.read_text(), 60,
                   "the end, or a full disk")
        full = "No space left" in log.read_text()
        told = story.told(story.slots[trial])
        if full:
            disk.size(256 << 10)
        code = running.process.wait(120)
    # At its first try it ends.
    done = Result(running.arguments, code, "", log.read_text(), 0).expect(0, 1)
    assert code == 0 or (full and "receiving WAL" not in done.err), done
    assert told <= story.told(story.slots[trial])
    disk.size(256 << 10)
    story.after(trial, done)
    return full


STORIES = {"create": Create, "receive": Receive, "push": RoomPush, "fetch": Fetch,
           "restore": Restore, "restore --delta": Delta, "verify": Verify, "drill": Drill,
           "dump": Dump}


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--version", type=int, default=15)
    parser.add_argument("--quick", action="store_true", help="four sizes of each")
    parser.add_argument("--command", action="append", choices=STORIES)
    options = parser.parse_args()
    # What is mounted goes with it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    failures = Failures()
    table = Table("command", "sizes", "full", "wrong")
    for name in options.command or STORIES:
        stage = Stage(options.version, False, **STORIES[name].settings)
        try:
            story, full = STORIES[name](stage), []
            in_lanes(lambda free, story=story, full=full: full.append(tell(story, free)),
                     FREE[::4] if options.quick else FREE, failures, f"{name}:", 1)
            table.add(name, len(FREE[::4] if options.quick else FREE), sum(full),
                      failures.of(f"{name}:") or "none")
        finally:
            stage.close()
    table.show()
    say()
    sys.exit(1 if failures.found else 0)


if __name__ == "__main__":
    main()
