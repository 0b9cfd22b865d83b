#!/usr/bin/python3
"""Every command that writes, with a fault at every single call by which it changes files: killed, killed
in mid-write, out of room, failing disk. Then every backup that is listed as good is restored, and asked.

  bench/support/faults_calls.py --command create --version 18 --act kill --plain"""

import argparse
import itertools
import shutil
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from faults_stage import (JOBS, MIB, Cluster, Failures, Judge, Stage, Stored, Table,  # noqa: E402
                          give_to_server_user, in_lanes, lsn, say, wait_until)
from support import dumps, faults  # noqa: E402
from support.physical import backups, leftovers, visible, whole  # noqa: E402
from support.restoring import servers_on  # noqa: E402
from support.servers import Server  # noqa: E402

ACTS = ("kill", "torn", "ENOSPC", "EIO")
WRITES = {"write", "pwrite", "writev"}
NEED_ROOM = WRITES | {"copy_file_range", "ftruncate", "fallocate", "create", "link", "symlink",
                      "mkdir"}


def fits(act, call):
    """Half of a call is only done of one that writes, and no room only met by one that needs some."""
    name = call.split(" ", 1)[0]
    return name in WRITES if act == "torn" else name in NEED_ROOM if act == "ENOSPC" else True


class Story:
    """One command: in what it finds, and what has to be true after a fault in it."""

    origin = None
    codes = (0, 1, 4)
    jobs = JOBS
    settings = {}

    def __init__(self, stage):
        self.stage, self.judge = stage, Judge(stage)
        self.prepare()

    def prepare(self):
        """Once: the repository that each trial gets a copy of."""

    def arrange(self, trial):
        """Before each trial."""

    def more(self):
        return {}

    def calls(self):
        with self.stage.trial("count", self.origin) as trial:
            self.arrange(trial)
            calls = faults.count(trial.runbook, *self.command(trial), under=trial.under,
                                 timeout=180, **self.more())
            self.clean_up(trial)
        return calls

    def tell(self, number, act):
        """Whether the fault was met."""
        with self.stage.trial(f"{number}-{act}", self.origin) as trial:
            self.arrange(trial)
            done = faults.at(number, act, trial.runbook, *self.command(trial), under=trial.under,
                             timeout=180, **self.more())
            killed = (faults.KILLED,) if act in ("kill", "torn") else ()
            try:
                done.expect(*self.codes, *killed)
                assert done.reached or done.code == 0, done
                self.after(trial, done)
            finally:
                self.clean_up(trial)
        return done.reached

    def clean_up(self, trial):
        pass


class Create(Story):
    """Beside a backup that is there."""

    def prepare(self):
        stage = self.stage
        self.origin = stage.folder("create") / "repo"
        stage.create(self.origin)
        stage.write(10)
        stage.push_all(self.origin)
        self.pushed = stage.written()
        # Behind that there is a gap: nobody else keeps the WAL between this backup and the next.
        place = stage.ledger.places[-1]
        self.end = ["--target-lsn", f"{place >> 32:X}/{place & 0xFFFFFFFF:X}"]
        stage.write(5)
        self.old = set(visible(self.origin))

    def command(self, trial):
        return trial.backup("create", "--quiet")

    def more(self):
        return {"server": self.stage.server}

    def look(self, trial):
        """The new ones that are to be had. Between two there is a gap in the WAL."""
        last = max(visible(trial.repo), default=None)
        written = self.stage.written()
        good = self.judge(
            trial, lambda identifier: self.pushed if identifier in self.old else written,
            bool(self.old), lambda identifier: self.end if identifier in self.old else
            ["--latest"] if identifier == last else ["--immediate"])
        assert self.old <= set(good), good
        fresh = set(visible(trial.repo)) - self.old
        assert fresh == set(good) - self.old, (fresh, good)
        if self.stage.encrypted:
            for identifier in fresh:
                trial.run("verify", identifier)
        else:
            assert all(whole(backup) for backup in backups(trial.repo))
        return fresh

    def after(self, trial, done):
        fresh = self.look(trial) if self.begun(trial) else set()
        assert len(fresh) == 1 if done.code == 0 else len(fresh) <= 1, (done, fresh)
        trial.run("create", server=self.stage.server)
        assert len(self.look(trial)) == len(fresh) + 1
        assert not leftovers(trial.repo), leftovers(trial.repo)

    @staticmethod
    def begun(trial):
        """There is a repository to be listed: a killed one may not have got so far."""
        return any(trial.repo.glob("repository*.json"))


class CreateFirst(Create):
    """In a repository that it has to begin."""

    def prepare(self):
        self.old, self.pushed = set(), self.stage.written()

    def begun(self, trial):
        return bool(list(trial.repo.glob("*/backups")))

    def calls(self):
        """As far as the backup's own folder; behind it is told by the other."""
        calls = super().calls()
        last = next(i for i, call in enumerate(calls, 1) if "/.new-" in call)
        return calls[:last]


def live_on(stage):
    """WAL behind a backup on two timelines, held by the slot "origin"."""
    stage.write(12, bulk=120_000)
    stage.server.sql("SELECT pg_create_restore_point('before')")
    stage.cluster.stop()
    (stage.cluster.data / "standby.signal").touch()
    give_to_server_user(stage.cluster.data / "standby.signal")
    stage.cluster.start()
    stage.server.sql("SELECT pg_promote()")
    wait_until(lambda: not stage.server.value("SELECT pg_is_in_recovery()"), what="the promotion")
    stage.write(12, bulk=120_000)
    stage.server.sql("SELECT pg_switch_wal()")
    stage.write(3)


class Receive(Story):
    """WAL of two timelines, some of it stored with the backup."""

    numbers = itertools.count(1)

    def prepare(self):
        stage = self.stage
        stage.server.sql("SELECT pg_create_physical_replication_slot('origin', true)")
        self.origin = stage.folder("receive") / "repo"
        stage.create(self.origin)
        live_on(stage)
        self.begin, self.until = self.told("origin"), stage.flushed()
        self.slots = {}

    def told(self, slot):
        found = self.stage.server.value("SELECT restart_lsn::text FROM pg_replication_slots "
                                        "WHERE slot_name = %s", [slot])
        return lsn(found)

    def arrange(self, trial):
        self.slots[trial] = f"at_{next(self.numbers)}"
        self.stage.server.sql("SELECT pg_copy_physical_replication_slot('origin', %s)",
                              [self.slots[trial]])

    def command(self, trial):
        return trial.backup("wal", "receive", "--slot", self.slots[trial], "--until-lsn",
                            self.until)

    def more(self):
        return {"server": self.stage.server}

    def after(self, trial, done):
        told = self.told(self.slots[trial])
        sure = self.stage.ledger.ids_until(told) if told > self.begin else 0
        if done.code == 0:
            sure = self.stage.written()
        self.judge(trial, sure)
        self.idle(trial)
        trial.runbook(*self.command(trial), server=self.stage.server).expect(0)
        self.judge(trial, self.stage.written())
        assert not Stored(trial.repo).leftovers()

    def idle(self, trial):
        wait_until(lambda: not self.stage.server.value(
            "SELECT active FROM pg_replication_slots WHERE slot_name = %s", [self.slots[trial]]),
            what="the walsender")

    def clean_up(self, trial):
        self.idle(trial)
        self.stage.server.sql("SELECT pg_drop_replication_slot(%s)", [self.slots.pop(trial)])


class Push(Story):
    """One of the files that an archiver gives; those before it are stored."""

    settings = {"archive_mode": "on", "archive_command": "false"}

    def __init__(self, stage, life, place):
        self.life, self.place = life, place
        super().__init__(stage)

    def prepare(self):
        self.file = self.life.files[self.place]
        self.origin = self.life.repos[self.place]
        self.before, self.behind = self.life.known[self.place:self.place + 2]

    def command(self, trial):
        return trial.backup("wal", "push", self.file)

    def after(self, trial, done):
        self.judge(trial, self.behind if done.code == 0 else self.before)
        for _ in range(2):
            trial.runbook(*self.command(trial)).expect(0)
        self.judge(trial, self.behind)


class Archived:
    """What an archiver gives, file by file: .files, .repos before each, and how many commits come back
    by then (.known)."""

    def __init__(self, stage):
        repo = stage.folder("archived") / "repo"
        stage.server.sql("SELECT pg_create_physical_replication_slot('origin', true)")
        stage.create(repo)
        live_on(stage)
        self.files = self._files(stage)
        self.repos, self.known, judge = [], [], Judge(stage)
        for number, file in enumerate([*self.files, None]):
            kept = stage.folder(f"archived/{number}") / "repo"
            shutil.copytree(repo, kept)
            give_to_server_user(kept)
            self.repos.append(kept)
            with stage.trial("archived", kept) as trial:
                (backup,) = judge.listed(trial)
                self.known.append(len(judge.bring_back(trial, backup["id"], ["--latest"])))
            if file is not None:
                stage.run("wal", "push", file, repo=repo)
        # What the ledger has up to there, not what came back, is what is right.
        size, wholly = MIB, [file for file in self.files if len(file.name) == 24]
        last = int(wholly[-1].name[8:16], 16) * (1 << 32) + (int(wholly[-1].name[16:], 16) + 1) * size
        assert self.known[-1] == stage.ledger.ids_until(last), (self.known, last)

    @staticmethod
    def _files(stage):
        """In the archiver's order, histories first where they belong."""
        now = stage.server.value("SELECT pg_walfile_name(pg_current_wal_lsn())")
        files = [path for path in (stage.cluster.data / "pg_wal").iterdir() if path.is_file()
                 and (path.name < now or ".history" in path.name)]
        return sorted(files, key=lambda path: (path.name[:8], "history" not in path.name,
                                               path.name))

    def kinds(self):
        """A place for each kind of file, and the last segment of each timeline."""
        found = {}
        for place, file in enumerate(self.files):
            kind = file.name[:8] + "".join(file.suffixes[-1:]) + str(len(file.name))
            found[kind] = place
        return sorted(found.values())


class Fetch(Story):
    """What `restore_command` does."""

    def prepare(self):
        self.origin = self.stage.folder("fetch") / "repo"
        self.stage.create(self.origin)
        self.stage.write(5)
        self.name = self.stage.push_all(self.origin)
        self.content = (self.stage.cluster.data / "pg_wal" / self.name).read_bytes()
        self.codes = (0, *range(126, 256))

    def command(self, trial):
        return trial.backup("wal", "fetch", self.name, trial.under / "wal")

    def after(self, trial, done):
        file = trial.under / "wal"
        assert done.code != 0 or file.read_bytes() == self.content
        assert not file.exists() or file.read_bytes() == self.content
        trial.runbook(*self.command(trial)).expect(0)
        assert file.read_bytes() == self.content
        self.judge(trial, self.stage.written())


class Restore(Story):
    """Files, recovery, promotion; the same command goes on with it."""

    target = ()

    def prepare(self):
        stage = self.stage
        self.origin = stage.folder("restore") / "repo"
        stage.create(self.origin)
        stage.write(5, bulk=120_000)
        stage.push_all(self.origin)
        self.written = stage.written()

    def to(self, trial):
        return trial.under / "data"

    def command(self, trial):
        return trial.backup("restore", "--to", self.to(trial), "--bindir",
                            self.stage.cluster.programs, *self.target)

    def after(self, trial, done):
        to = self.to(trial)
        wait_until(lambda: not servers_on(to), what="the end of the private server")
        # Nobody removes it for the dead; the message says so.
        (to / "postmaster.pid").unlink(missing_ok=True)
        complete = done.code == 0 or self.complete(to)
        if not complete:
            self.go_on(trial)
        cluster = Cluster(self.stage.version, {"min_wal_size": "2MB", "wal_keep_size": "0"})
        try:
            shutil.move(to, cluster.data)
            ids = self.judge.ask(cluster)
        finally:
            cluster.remove()
        assert ids == list(range(1, self.written + 1)), ids
        self.judge(trial, self.written)

    def go_on(self, trial):
        done = trial.runbook(*self.command(trial), timeout=180).expect(0, 4)
        if done.code == 4:
            # It has been promoted already: the same recovery cannot be gone on with.
            assert "had taken writes already" in done.err and "--delta" in done.err, done
            trial.runbook(*self.command(trial), "--delta", timeout=180).expect(0)
        assert not (self.to(trial) / "pgrunbook-restore.json").exists()

    @staticmethod
    def complete(to):
        """Nothing is left to be done: what says so is removed last."""
        return (to / "global" / "pg_control").exists() and \
            not (to / "pgrunbook-restore.json").exists()

    def clean_up(self, trial):
        wait_until(lambda: not servers_on(self.to(trial)), what="the end of the private server")


class Delta(Restore):
    """Over an older state of the same cluster."""

    target = ("--delta",)

    def prepare(self):
        super().prepare()
        self.older = self.stage.folder("older") / "data"
        self.stage.run("restore", "--to", self.older, "--immediate", "--bindir",
                       self.stage.cluster.programs, repo=self.origin)
        for file in sorted((self.older / "base").glob("*/*"))[:40:4]:
            file.write_bytes(b"x")

    def arrange(self, trial):
        shutil.copytree(self.older, self.to(trial), symlinks=True)
        give_to_server_user(self.to(trial))

    @staticmethod
    def complete(to):
        return Restore.complete(to) and not (to / "global" / "pg_control.before").exists() and \
            any((to / "pg_wal").glob("00000003.history"))

    def go_on(self, trial):
        super().go_on(trial)
        assert not (self.to(trial) / "global" / "pg_control.before").exists()


class Expire(Story):
    """Three backups and the WAL between them; one stays."""

    def prepare(self):
        stage = self.stage
        self.origin = stage.folder("expire") / "repo"
        for _ in range(3):
            stage.create(self.origin)
            stage.write(4, bulk=120_000)
            stage.push_all(self.origin)
        stage.write(3)
        stage.push_all(self.origin)
        self.written = stage.written()
        self.last = visible(self.origin)[-1]

    def command(self, trial):
        return trial.backup("expire", "--keep", "1", "--yes", "--quiet")

    def after(self, trial, done):
        assert self.last in self.judge(trial, self.written)
        trial.runbook(*self.command(trial)).expect(0)
        assert self.judge(trial, self.written) == [self.last]
        assert not leftovers(trial.repo)


class Verify(Expire):
    """Which writes what it found."""

    def command(self, trial):
        return trial.backup("verify")

    def after(self, trial, done):
        assert len(self.judge(trial, self.written)) == 3
        trial.runbook(*self.command(trial)).expect(0)
        assert len(self.judge(trial, self.written)) == 3
        trial.run("expire", "--keep", "3", "--yes")
        assert not leftovers(trial.repo), leftovers(trial.repo)


class Drill(Expire):
    """Which restores, and writes what it found; what it restores is told by the others."""

    def command(self, trial):
        return trial.backup("drill", "--scratch", trial.folder / "scratch", "--bindir",
                            self.stage.cluster.programs)

    def arrange(self, trial):
        (trial.folder / "scratch").mkdir()
        give_to_server_user(trial.folder / "scratch")

    def after(self, trial, done):
        scratch = trial.folder / "scratch" / "pgrunbook-drill" / "data"
        wait_until(lambda: not servers_on(scratch), what="the end of the drill's server")
        assert len(self.judge(trial, self.written)) == 3, done
        trial.runbook(*self.command(trial), timeout=180).expect(0)
        assert len(self.judge(trial, self.written)) == 3
        assert not scratch.exists()

    def clean_up(self, trial):
        scratch = trial.folder / "scratch" / "pgrunbook-drill" / "data"
        wait_until(lambda: not servers_on(scratch), what="the end of the drill's server")


class Dump(Story):
    """A file that has its name comes back. One restore-dump at a time: a database has one lock."""

    jobs = 1
    settings = {"whole": True}

    def prepare(self):
        self.names = itertools.count(1)
        dumps.fill(self.stage.server, 500)
        self.contents = dumps.contents(self.stage.server)

    def arrange(self, trial):
        (trial.under / "dumps").mkdir()
        give_to_server_user(trial.under / "dumps")

    def command(self, trial):
        return ["backup", "dump", "--globals", "--to", trial.under / "dumps"]

    def more(self):
        return {"server": self.stage.server}

    def after(self, trial, done):
        found = list((trial.under / "dumps").glob("*.dump.zst"))
        assert found if done.code == 0 else len(found) <= 1, (done, found)
        for file in found:
            self.brings_back(trial, file)
        again = trial.runbook(*self.command(trial), server=self.stage.server).expect(0)
        assert again
        files = list((trial.under / "dumps").glob("*.dump.zst"))
        assert set(found) < set(files)
        (fresh,) = set(files) - set(found)
        self.brings_back(trial, fresh)
        assert not list((trial.under / "dumps").glob(".*")), list(
            (trial.under / "dumps").glob(".*"))

    def brings_back(self, trial, file):
        name = f"back_{next(self.names)}"
        server = self.stage.server
        try:
            trial.runbook("backup", "restore-dump", file, "--into", name, server=server,
                          timeout=120).expect(0)
            assert dumps.contents(server, name) == self.contents
        finally:
            server.sql(f"DROP DATABASE IF EXISTS {name}")


STORIES = {"create": [Create, CreateFirst], "receive": [Receive], "push": [Push], "fetch": [Fetch],
           "restore": [Restore], "delta": [Delta], "expire": [Expire], "verify": [Verify],
           "drill": [Drill], "dump": [Dump]}
ENCRYPTED = ("create", "receive", "push", "fetch", "expire", "verify")


def stories(command, options, encrypted):
    """Each with a stage of its own."""
    for kind in STORIES[command]:
        stage = Stage(options.version, encrypted, **kind.settings)
        try:
            if kind is Push:
                life = Archived(stage)
                for place in life.kinds():
                    yield Push(stage, life, place)
            else:
                yield kind(stage)
        finally:
            stage.close()


def run(command, options, table, failures):
    for encrypted in ([False, True] if command in ENCRYPTED and not options.plain else [False]):
        name = command + (", encrypted" if encrypted else "")
        calls, met, restored, started = 0, 0, 0, 0
        for story in stories(command, options, encrypted):
            told = story.calls()
            cases = [(number, act) for act in options.act or ACTS
                     for number, call in enumerate(told, 1)
                     if number >= options.first and fits(act, call)]
            cases = cases[::12 if options.quick else 1]
            reached = []
            in_lanes(lambda case, story=story, reached=reached: reached.append(story.tell(*case)),
                     cases, failures, f"{name}:", story.jobs)
            calls, met = calls + len(told), met + sum(reached)
            restored += story.judge.restored
            started += story.judge.started
        table.add(name, options.version, calls, met, restored, started,
                  failures.of(f"{name}:") or "none")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--command", action="append", choices=STORIES)
    parser.add_argument("--version", type=int, default=15)
    parser.add_argument("--act", action="append", choices=ACTS, help="only this fault")
    parser.add_argument("--from", dest="first", type=int, default=1, metavar="CALL",
                        help="go on where a run was ended")
    parser.add_argument("--plain", action="store_true", help="no encrypted repository")
    parser.add_argument("--quick", action="store_true", help="every twelfth fault")
    options = parser.parse_args()
    failures = Failures()
    table = Table("command", "server", "calls", "faults met", "backups restored", "servers started",
                  "lost")
    for command in options.command or STORIES:
        run(command, options, table, failures)
    table.show()
    say()
    sys.exit(1 if failures.found else 0)


if __name__ == "__main__":
    main()
