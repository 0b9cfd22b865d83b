#!/usr/bin/python3
"""Harm to every kind of file that a repository can hold: bits flipped, cut off, emptied, removed, put in
the place of another of its kind. `backup verify` has to find and name it, nothing may crash, nothing
wrong may come back, and no good backup may be expired for it."""

import argparse
import re
import shutil
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from faults_calls import live_on  # noqa: E402
from faults_stage import (Cluster, Failures, Judge, Stage, Table, give_to_server_user,  # noqa: E402
                          in_lanes, lsn, say)
import psycopg  # noqa: E402
from pgcluster_files import ClusterError  # noqa: E402
from support.physical import visible  # noqa: E402
from support.repository import sealed  # noqa: E402

ENDED = (0, 1, 3, 4, 5)  # as the manual has it; everything else is a crash
LOCKS = {"lock", "receiver", "arriving", "proof"}
PATIENCE = 10            # seconds
SPREAD = 6               # so many places of each file, and three near its ends


def kind(path):
    """repository.json, 0.tar.zst (a tablespace), SEGMENT.zst, SEGMENT.partial.json, …"""
    name = re.sub(r"^[0-9A-F]{24}", "SEGMENT", path.name)
    name = re.sub(r"SEGMENT\.[0-9A-F]{8}", "SEGMENT.00000028", name)
    name = re.sub(r"^[0-9A-F]{8}(?=\.)", "TIMELINE", name)
    return re.sub(r"^\d+(?=\.tar)", "OID", name)


class Collection:
    """A repository with a file of every kind: three backups, two timelines, a tablespace."""

    def __init__(self, options, encrypted):
        self.stage = stage = Stage(options.version, encrypted, archive_mode="on",
                                   archive_command="false")
        self.repo = stage.folder("collection") / "repo"
        place = stage.cluster.folder / "fast"
        place.mkdir()
        give_to_server_user(place)
        stage.server.sql(f"CREATE TABLESPACE fast LOCATION '{place}'")
        stage.server.sql("CREATE TABLE in_fast TABLESPACE fast AS SELECT generate_series(1, 5000)")
        for slot in "pgrunbook", "origin":
            stage.server.sql("SELECT pg_create_physical_replication_slot(%s, true)", [slot])
        stage.create(self.repo)
        live_on(stage)
        self.receive()
        for _ in range(2):
            stage.create(self.repo)
            stage.write(4, bulk=120_000)
            self.receive()
        for file in (stage.cluster.data / "pg_wal").glob("*.backup"):
            stage.run("wal", "push", file, repo=self.repo)
        stage.write(2)
        self.receive()
        scratch = stage.folder("scratch")
        stage.run("drill", "--scratch", scratch, "--bindir", stage.cluster.programs, "--seed", 1,
                  repo=self.repo)
        stage.run("verify", repo=self.repo)
        self.written, self.until = stage.written(), stage.flushed()
        self.marks(options)

    def receive(self):
        self.stage.run("wal", "receive", "--until-lsn", self.stage.flushed(), repo=self.repo,
                       server=self.stage.server)

    def marks(self, options):
        """What a cluster with bad pages and one whose WAL was lost leave, where it can be written by
        hand. They are of a copy: with them nothing is expired."""
        self.marked = self.stage.folder("marked") / "repo"
        shutil.copytree(self.repo, self.marked)
        if not self.stage.encrypted:
            (lineage,) = [entry for entry in self.marked.iterdir() if entry.is_dir()]
            (lineage / "damage.json").write_text(sealed({"format": 1, "text": "x", "at_us": 1}))
            (lineage / "wal" / "00000001" / "broken.json").write_text(
                sealed({"breaks": [{"lsn": "0/10", "text": "x", "at_us": 1}]}))
        give_to_server_user(self.marked)

    def cases(self, quick):
        """(repository, file, label, what is done to it)."""
        found = {}
        for repo in self.repo, self.marked:
            for file in sorted(repo.rglob("*")):
                if file.is_file() and not file.name.startswith("."):
                    found.setdefault(kind(file), []).append((repo, file.relative_to(repo)))
        for name, files in sorted(found.items()):
            # What is in both is harmed in the one without marks.
            files = [entry for entry in files if entry[0] == files[0][0]]
            chosen = files if name == "SEGMENT.zst" and not quick else files[:1]
            for repo, file in chosen[:4] + chosen[-1:] if len(chosen) > 5 else chosen:
                others = [other for _, other in files if other != file and
                          (repo / other).read_bytes() != (repo / file).read_bytes()]
                yield from ((repo, file, label, harm) for label, harm in
                            harms(repo / file, others, repo, quick))


def harms(file, others, repo, quick):
    """(label, bytes or None)."""
    content = file.read_bytes()
    size = len(content)
    spread = 3 if quick else SPREAD
    places = sorted({min(size - 1, size * step // (spread - 1)) for step in range(spread)}
                    | ({9, size - 9, size - 20} if size > 40 and not quick else set()))
    if size > 0:
        for place in places:
            bit = 1 << (place % 8)
            yield f"bit at {place}", (content[:place] + bytes([content[place] ^ bit])
                                      + content[place + 1:])
        yield "cut in half", content[:size // 2]
        yield "last byte lost", content[:-1]
        yield "zeroes", bytes(size)
        yield "emptied", b""
    yield "longer", content + b"\0" * 100
    yield "removed", None
    if others:
        yield "swapped", (repo / others[-1]).read_bytes()


class Trials:
    def __init__(self, collection, failures, name):
        self.collection, self.stage = collection, collection.stage
        self.failures, self.name = failures, name
        self.judge = Judge(self.stage)
        self.numbers = iter(range(1, 1_000_000))
        self.counts = {}

    def note(self, kind_name, what):
        self.counts.setdefault(kind_name, {}).setdefault(what, 0)
        self.counts[kind_name][what] += 1

    def tell(self, case):
        repo, file, label, harm = case[0], case[1], case[2], case[3]
        with self.stage.trial(f"bits-{next(self.numbers)}", repo) as trial:
            path = trial.repo / file
            if harm is None:
                path.unlink()
            else:
                path.write_bytes(harm)
            self.note(kind(file), "harms")
            before = self.before(trial)
            found = self.verify(trial, file, label)
            if not found:
                # Nothing was found: then nothing may be missing.
                lost = [identifier for identifier, count in before.items()
                        if count != self.collection.written]
                assert not lost or undetectable(file, label), f"{lost}: {before}, not found"
            self.after(trial, before)
            self.expire(trial)
            self.receive(trial)

    def before(self, trial):
        """What comes back of each without anybody having verified; None: it is refused, or ends with
        an error."""
        listed = trial.run("list", "--json", code=ENDED)
        back = {}
        for identifier in visible(trial.repo) if listed.code == 0 else []:
            back[identifier] = self.bring_back(trial, identifier)
        return back

    def bring_back(self, trial, identifier, target="--latest"):
        cluster = Cluster(self.stage.version, {"archive_mode": "off", "min_wal_size": "2MB",
                                               "wal_keep_size": "0"})
        try:
            done = trial.run("restore", "--no-start", "--backup", identifier, target, "--to",
                             cluster.data, "--tablespaces-below", cluster.folder / "spaces",
                             "--bindir", cluster.programs, code=ENDED)
            if done.code != 0:
                assert done.err.strip(), "refused without a word"
                return None
            self.judge.restored += 1
            try:
                ids = self.judge.ask_once(cluster, trial)
            except (ClusterError, psycopg.OperationalError):
                return None  # the server says why, and does not start
            assert ids == list(range(1, len(ids) + 1)), (identifier, ids)
            return len(ids)
        finally:
            cluster.remove()

    def verify(self, trial, file, label):
        done = trial.run("verify", "--json", code=ENDED)
        if done.code == 0:
            assert not done.json["findings"], done
            self.note(kind(file), "no matter")
            return False
        said = done.err
        if done.out.strip():
            said += "".join(finding["object"] + finding["text"]
                            for finding in done.json["findings"])
        names = {file.name, file.parent.name} if label == "removed" else {file.name}
        names |= {re.sub(r"\..*", "", file.name)} if "wal" in file.parts else set()
        # Another backup's manifest: "20261126T022300F: its manifest is that of …".
        names |= {"its manifest"} if "manifest" in file.name else set()
        # Where the segment itself is missing its neighbours tell of the gap.
        assert any(name in said for name in names) or "gap" in said, (names, said)
        kinds = {finding["kind"] for finding in done.json["findings"]} if done.out.strip() else set()
        self.note(kind(file), "survived" if kinds == {"survived"} else "found")
        return True

    def after(self, trial, before):
        """What is listed as good now comes back: to the end, or where that is refused as far as the
        backup itself reaches."""
        listed = trial.run("list", "--json", code=ENDED)
        if listed.code != 0:
            return
        for backup in listed.json["backups"]:
            if backup["proof"] == "damaged":
                continue
            count = self.bring_back(trial, backup["id"])
            if count is None:
                count = self.bring_back(trial, backup["id"], "--immediate")
            assert count is not None, f"{backup['id']} is listed as {backup['proof']}: {before}"

    def expire(self, trial):
        """Of those that are good one stays."""
        listed = trial.run("list", "--json", code=ENDED)
        good = [backup["id"] for backup in listed.json["backups"]
                if backup["proof"] != "damaged"] if listed.code == 0 else []
        done = trial.run("expire", "--keep", "1", "--yes", code=ENDED)
        left = visible(trial.repo)
        assert not good or set(good) & set(left), (good, left, done)
        for identifier in set(good) & set(left):
            count = self.bring_back(trial, identifier, "--immediate")
            assert count is not None, f"{identifier} does not come back after an expiry: {done}"

    def receive(self, trial):
        slot, server = f"bits_{next(self.numbers)}", self.stage.server
        server.sql("SELECT pg_copy_physical_replication_slot('origin', %s)", [slot])
        begin = self.told(slot)
        # What is stored and damaged is refused at each try, and the next is made a while later.
        running = trial.runbook.start(*trial.backup("wal", "receive", "--slot", slot, "--until-lsn",
                                                    self.collection.until), server=server)
        try:
            done = running.wait(PATIENCE).expect(*ENDED)
        except subprocess.TimeoutExpired:
            running.terminate()
            done = running.wait().expect(*ENDED)
            assert "tried again" in done.err, done
        told = self.told(slot)
        if told > begin:
            # What was acknowledged is there: the newest backup brings it back.
            last = max(visible(trial.repo))
            count = self.bring_back(trial, last)
            known = self.stage.ledger.ids_until(told)
            assert count is None or count >= known, f"{count} of {known} acknowledged\n{done}"
        server.sql("SELECT pg_drop_replication_slot(%s)", [slot])

    def told(self, slot):
        return lsn(self.stage.server.value("SELECT restart_lsn::text FROM pg_replication_slots "
                                           "WHERE slot_name = %s", [slot]))


def undetectable(file, label):
    """The end of the WAL is known by what is there, and by nothing else."""
    return label == "removed" and "wal" in file.parts


def wrong_of(failures, name, what):
    """How many of a kind of file were not as they must be, in the trials of that name."""
    files = [found.removeprefix(f"{name}: ").split()[0] for found in failures.found
             if found.startswith(f"{name}: ")]
    return sum(kind(Path(file)) == what for file in files)


class Case(tuple):
    def __str__(self):
        return f"{self[1]} {self[2]}"


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--version", type=int, default=15)
    parser.add_argument("--quick", action="store_true", help="three places of each file")
    parser.add_argument("--kind", action="append", help="only this kind of file")
    parser.add_argument("--plain", action="store_true", help="no encrypted repository")
    options = parser.parse_args()
    failures = Failures(12)
    table = Table("file", "harms", "found and named", "survived", "without a meaning", "wrong")
    for encrypted in [False] if options.plain else [False, True]:
        collection = Collection(options, encrypted)
        try:
            name = "bits, encrypted" if encrypted else "bits"
            trials = Trials(collection, failures, name)
            cases = [Case(case) for case in collection.cases(options.quick)
                     if kind(case[1]) in (options.kind or [kind(case[1])])]
            say(f"{name}: {len(cases)} harms")
            in_lanes(trials.tell, cases, failures, f"{name}:")
            for what, counts in sorted(trials.counts.items()):
                table.add(what + (", encrypted" if encrypted else ""), counts["harms"],
                          *(counts.get(word, 0) for word in ("found", "survived", "no matter")),
                          wrong_of(failures, name, what))
        finally:
            collection.stage.close()
    table.show()
    say(f"{len(failures.found)} failed")
    sys.exit(1 if failures.found else 0)


if __name__ == "__main__":
    main()
