"""What stands in a repository, looked at, harmed, and expired: whatever happens to it, what is
listed as good restores, and what is harmed has a name."""

import fcntl
import hashlib
import json
import os
import shutil
import struct
import subprocess
import tempfile
from pathlib import Path

import pytest

from golden.documents import check_document
from pgcluster_files import give_to_server_user
from support import faults
from support.physical import backups, flip, leftovers, lineage, whole
from support.program import Runbook
from support.servers import Server, start_cluster

versions = (15,)
DEBIAN = Path("/usr/lib/postgresql/15/bin")


def sealed(document):
    """As docs/repository-format.md has it: JSON that ends with a SHA-256 of itself."""
    text = json.dumps(document, indent=1)[:-2]
    digest = hashlib.sha256(text.encode()).hexdigest()
    return f'{text},\n "sha256": "{digest}"\n}}\n'


class Library:
    """A repository of three backups and the WAL between them, once plain and once encrypted, made
    once for all stories. Each takes a copy."""

    def __init__(self, folder):
        self.folder = folder
        self.key = folder / "key"
        self.key.write_text("6b" * 32 + "\n")
        self.key.chmod(0o600)
        program = Runbook(folder / "home")
        cluster = start_cluster(15, initdb=["--data-checksums", "--wal-segsize=1"])
        try:
            self._fill(program, Server(cluster))
        finally:
            cluster.remove()
            program.close()

    def options(self, kind):
        config = self.folder / f"{kind}.conf"
        line = f"backup.key_file = {self.key}\n" if kind == "encrypted" else ""
        config.write_text(f"[pgrunbook]\n{line}")
        return ["--config", config]

    def _fill(self, program, server):
        server.sql("UPDATE pg_database SET datistemplate = false WHERE datname = 'template0'")
        server.sql("DROP DATABASE template0")
        server.sql("CREATE TABLE t AS SELECT i, md5(i::text) FROM generate_series(1, 20000) AS i")
        for kind in "plain", "encrypted":
            repo = self.folder / kind
            for _ in range(3):
                server.sql("INSERT INTO t SELECT i, 'x' FROM generate_series(1, 100) AS i")
                program("backup", "create", *self.options(kind), "--repo", repo,
                        server=server).expect(0)
            self._history(program, server, kind, repo)

    def _history(self, program, server, kind, repo):
        """A timeline that was left, for its history."""
        lsn = server.value("SELECT pg_current_wal_lsn()::text")
        history = server.cluster.data / "pg_wal" / "00000002.history"
        history.write_text(f"1\t{lsn}\tno recovery target specified\n")
        program("backup", "wal", "push", history, *self.options(kind), "--repo",
                repo).expect(0)

    def copy(self, kind, to):
        shutil.copytree(self.folder / kind, to)
        return to


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    folder = tmp_path_factory.mktemp("library")
    (folder / "home").mkdir()
    return Library(folder)


@pytest.fixture(params=["plain", "encrypted"])
def kept(request, library, tmp_path, runbook):
    """One of the two, as a story's own: .repo, and .run() with what it takes to read it."""
    return Kept(library, request.param, tmp_path, runbook)


@pytest.fixture
def plain(library, tmp_path, runbook):
    return Kept(library, "plain", tmp_path, runbook)


class Kept:
    def __init__(self, library, kind, folder, runbook):
        self.kind, self.folder, self.runbook = kind, folder, runbook
        self.repo = library.copy(kind, folder / "repo")
        self.options = [*library.options(kind), "--repo", self.repo]
        self.lineage = lineage(self.repo)

    def run(self, *arguments, options=None, **more):
        return self.runbook("backup", *arguments, *(options or self.options), **more)

    def document(self, verb, *arguments, codes=(0,)):
        result = self.run(verb, "--json", *arguments).expect(*codes)
        return check_document(result.json, f"backup.{verb}")

    def ids(self):
        return [backup["id"] for backup in self.document("list")["backups"]]

    def proofs(self):
        return [backup["proof"] for backup in self.document("list")["backups"]]

    def prove(self, identifier, proof="proven"):
        """As a drill leaves it."""
        (self.lineage / "backups" / identifier / "proof.json").write_text(
            sealed({"format": 1, "proof": proof, "at_us": 1764158580000000, "text": None}))

    def files(self):
        """All but the locks, which say nothing."""
        return [file for file in sorted(self.repo.rglob("*"))
                if file.is_file() and file.name not in (
                    "lock", "receiver", "arriving", "proof")]


# ---- looking ------------------------------------------------------------------------------------

def test_list_and_show(kept):
    document = kept.document("list")
    assert document["encrypted"] == (kept.kind == "encrypted")
    first, _, last = document["backups"]
    assert first["stop_lsn"] < last["start_lsn"] and first["proof"] == "unverified"
    assert document["recoverable"]["from_lsn"] == first["stop_lsn"] and not document["gaps"]
    assert document["recoverable"]["from"] <= document["recoverable"]["to"]
    shown = kept.document("show", first["id"])
    assert {file["name"] for file in shown["files"]} == {"base.tar.zst", "backup_manifest.zst",
                                                         "members.zst"}
    text = kept.run("list").expect(0).out
    assert first["id"] in text and "Recoverable from 20" in text
    assert last["id"] in kept.run("show", last["id"]).expect(0).out
    assert "more than one" in kept.run("show", "20").expect(2).err
    assert "there is no backup" in kept.run("show", "19").expect(2).err


def test_verify_agrees_with_postgresql(kept):
    document = kept.document("verify")
    assert not document["findings"] and document["segments"] >= 3
    assert kept.proofs() == ["verified"] * 3
    # What is proved by a restore is not less proved by being read.
    if kept.kind == "plain":
        kept.prove(kept.ids()[0])
        kept.document("verify", kept.ids()[0])
        assert kept.proofs() == ["proven", "verified", "verified"]


def test_a_gap_is_one(plain):
    segments = sorted((plain.lineage / "wal" / "00000001").glob("*.zst"))
    first = backups(plain.repo)[0]
    lsn = int(first.manifest["stop_lsn"].split("/")[1], 16)
    needed = f"{lsn // (1 << 20):08X}.zst"
    missing = next(file for file in segments if not file.name.endswith(needed)
                   and segments.index(file) not in (0, len(segments) - 1)
                   and file.name > f"0000000100000000{needed}")
    missing.unlink()
    document = plain.document("verify", codes=(1, 5))
    assert any(missing.stem in finding["object"] or missing.stem in finding["text"]
               for finding in document["findings"])
    assert any(missing.stem in gap["text"] for gap in plain.document("list")["gaps"])


# ---- keys ---------------------------------------------------------------------------------------

def test_wrong_key_and_none(library, tmp_path, runbook):
    kept = Kept(library, "encrypted", tmp_path, runbook)
    other = tmp_path / "other"
    other.write_text("6c" * 32)
    other.chmod(0o600)
    for line, said in ((f"backup.key_file = {other}\n", "the key is not the one"),
                       ("", "is encrypted, and there is no key"),
                       ("backup.key_command = exit 1\n", "gave no key"),
                       (f"backup.key_file = {tmp_path}/nowhere\n", "could not open the key file")):
        config = tmp_path / "wrong.conf"
        config.write_text(f"[pgrunbook]\n{line}")
        for verb in "list", "verify", "expire":
            result = kept.run(verb, options=["--config", config, "--repo", kept.repo]).expect(4)
            assert said in result.err
    other.chmod(0o644)
    config.write_text(f"[pgrunbook]\nbackup.key_file = {other}\n")
    assert "everybody" in kept.run("list", options=["--config", config, "--repo",
                                                    kept.repo]).expect(4).err


# ---- harm ---------------------------------------------------------------------------------------

def test_a_flipped_bit_in_every_kind_of_file(kept):
    """Found, and named with its file; what has a second copy, or can be made again, is survived, and
    everything else stays good."""
    if kept.kind == "plain":
        (kept.lineage / "damage.json").write_text(sealed({"format": 1, "text": "x", "at_us": 1}))
        (kept.lineage / "wal" / "00000001" / "broken.json").write_text(
            sealed({"breaks": [{"lsn": "0/FFFFFF0", "text": "x", "at_us": 1}]}))
    kept.document("verify")
    names = set()
    for file in kept.files():
        kind = file.name if not file.name.startswith("0000") else file.suffixes[-1]
        if kind in names:
            continue
        names.add(kind)
        content = file.read_bytes()
        for offset in 3, len(content) // 2, len(content) - 3:
            flip(file, offset)
            result = kept.run("verify", "--json")
            if result.code != 0:
                document = check_document(result.expect(1, 5).json, "backup.verify")
                said = [finding["object"] + finding["text"] for finding in document["findings"]]
                assert any(file.name in text for text in said), (file, offset, said)
                good = [backup["proof"] for backup in document["backups"]].count("verified")
                assert good >= (2 if file.parent.parent.name == "backups" else 0), result
            else:
                # A bit without a meaning: what is decompressed is what it was.
                assert file.suffix == ".zst", (file, offset)
            file.write_bytes(content)
    assert {"repository.json", "repository.copy.json", "manifest.json", "manifest.copy.json",
            "proof.json", "base.tar.zst", "backup_manifest.zst", "members.zst", ".zst",
            ".history", ".json"} <= names
    kept.document("verify")


def test_damaged_wal_is_a_gap(plain):
    """Whose commits nobody can read any more: what is before it can be reached, and is offered."""
    first = plain.ids()[0]
    stop = backups(plain.repo)[0].manifest["stop_lsn"]
    behind = int(stop.split("/")[1], 16) // (1 << 20) + 1
    segment = plain.lineage / "wal" / "00000001" / f"0000000100000000{behind:08X}.zst"
    plan = ["restore", "--plan", "--json", "--timeline", "1", "--backup", first]
    segment.write_bytes(b"x" + segment.read_bytes()[1:])
    assert not plain.run(*plan, "--immediate").expect(0).json["target"]["after"]
    refused = plain.run(*plan, "--target-lsn", f"0/{behind:X}00200").expect(4)
    assert f"{segment.stem}" in refused.err and "the nearest" in refused.err
    restores(plain, backups(plain.repo)[0])


def seek_table(file):
    return os.stat(file).st_size - 12


def test_survived_harm_restores(plain):
    """Second copies and a table that is made again: such a backup restores, and pg_verifybackup
    says the same of it."""
    first = backups(plain.repo)[0]
    flip(first.folder / "manifest.json", 100)
    flip(first.folder / "base.tar.zst", seek_table(first.folder / "base.tar.zst"))
    flip(plain.repo / "repository.json", 20)
    flip(plain.lineage / "wal" / "00000002.history", 5)
    document = plain.document("verify", codes=(5,))
    assert {finding["kind"] for finding in document["findings"]} == {"survived"}
    assert plain.proofs() == ["verified"] * 3
    restores(plain, first)


def test_a_tail_that_is_lost_restores(plain):
    """Only the seek table was cut off: damaged, never taken unasked, and whole for who names it."""
    first = backups(plain.repo)[0]
    archive = first.folder / "base.tar.zst"
    os.truncate(archive, os.stat(archive).st_size - 100)
    assert plain.proofs()[0] == "damaged"
    restores(plain, first)


def restores(plain, first):
    # Where the account of a server may read it.
    place = Path(tempfile.mkdtemp(prefix="pgrunbook-repository-"))
    place.chmod(0o755)
    try:
        verify_restored(plain, first, place)
    finally:
        shutil.rmtree(place)


def verify_restored(plain, first, place):
    shutil.copytree(plain.repo, place / "repo")
    target = place / "target"
    target.mkdir(mode=0o700)
    for folder in target, place / "repo":
        give_to_server_user(folder)
    plain.run("restore", "--to", target, "--no-start", "--immediate", "--backup", first.id,
              "--timeline", "1", options=[*plain.options[:2], "--repo", place / "repo"]).expect(0)
    shutil.copyfile(first.folder / "backup_manifest.zst", plain.folder / "m.zst")
    manifest = subprocess.run(["zstd", "-dcq", plain.folder / "m.zst"], check=True,
                              stdout=subprocess.PIPE).stdout
    (plain.folder / "manifest").write_bytes(manifest)
    done = subprocess.run([DEBIAN / "pg_verifybackup", "-n", "-m", plain.folder / "manifest",
                           *sum((["-i", name] for name in ("postgresql.auto.conf",
                                                           "recovery.signal", "pg_wal",
                                                           "pgrunbook-restore.json")), []),
                           target], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_cut_off(kept):
    first, second, _ = backups_of(kept)
    os.truncate(first / "base.tar.zst", os.stat(first / "base.tar.zst").st_size - 7)
    (second / "members.zst").unlink()
    assert kept.proofs() == ["damaged", "damaged", "unverified"]
    document = kept.document("verify", codes=(1,))
    assert [backup["proof"] for backup in document["backups"]] == ["damaged", "damaged",
                                                                   "verified"]
    text = kept.run("list").expect(0)
    assert "base.tar.zst" in text.err and "members.zst" in text.err


def backups_of(kept):
    return [kept.lineage / "backups" / name for name in
            sorted(entry.name for entry in (kept.lineage / "backups").iterdir())]


# ---- expiring -----------------------------------------------------------------------------------

def test_expire(kept):
    first, second, third = kept.ids()
    assert "--yes" in kept.run("expire", "--keep", "1").expect(2).err
    plan = kept.document("expire", "--keep", "1", "--dry-run")
    assert [entry["goes"] for entry in plan["backups"]] == [True, True, False]
    assert kept.ids() == [first, second, third]
    before = {file.name for file in kept.lineage.glob("wal/*/*")}
    fewer = [f"--only={mark}" for mark in
             kept.document("expire", "--keep", "2", "--dry-run")["only"]]
    assert "than was shown" in kept.run("expire", "--keep", "1", "--yes", *fewer).expect(4).err
    assert kept.ids() == [first, second, third]
    shown = [f"--only={mark}" for mark in plan["only"]]
    done = kept.document("expire", "--keep", "1", "--yes", *shown)
    assert done["removed_backups"] == 2 and done["removed_segments"] == plan["segments"] > 0
    assert kept.ids() == [third] and not leftovers(kept.repo)
    after = {file.name for file in kept.lineage.glob("wal/*/*")}
    assert after < before and len(before - after) == plan["segments"]
    assert (kept.lineage / "wal" / "00000002.history").exists()
    kept.document("verify")
    again = kept.document("expire", "--keep", "1", "--yes")
    assert again["removed_backups"] == 0 and again["removed_segments"] == 0
    runs = kept.runbook("history", "--json").expect(0).json["runs"]
    assert [run["outcome"] for run in runs] == ["done", "done"]


def test_what_never_goes(plain):
    """The last that was proved; what is older than a damaged one; anything while the cluster has bad
    pages."""
    first, second, third = plain.ids()
    plain.prove(first)
    plan = plain.document("expire", "--keep", "1", "--dry-run")
    assert [entry["goes"] for entry in plan["backups"]] == [False, True, False]
    plain.prove(first, "unverified")
    plain.prove(second, "damaged")
    plan = plain.document("expire", "--keep", "1", "--dry-run")
    assert [entry["goes"] for entry in plan["backups"]] == [False, False, False]
    plan = plain.document("expire", "--keep", "1", "--damaged", "--dry-run")
    assert [entry["goes"] for entry in plan["backups"]] == [True, True, False]
    plan = plain.document("expire", "--keep", "1", "--keep-time", "1h", "--damaged", "--dry-run")
    assert [entry["goes"] for entry in plan["backups"]] == [False, True, False]
    (plain.lineage / "damage.json").write_text(sealed({"format": 1, "text": "base/5/1259",
                                                       "at_us": 1}))
    assert "base/5/1259" in plain.run("expire", "--keep", "1", "--yes").expect(4).err
    assert plain.ids() == [first, second, third]


def test_killed_at_every_step_of_expire(plain, tmp_path):
    """Every call by which it changes a file, and a disk that fails at it: what is listed is whole and
    has its WAL, and the next run ends what was begun."""
    origin = plain.repo
    command = ["backup", "expire", "--keep", "1", "--yes", "--quiet", *plain.options[:2], "--repo"]
    scratch = tmp_path / "count"
    shutil.copytree(origin, scratch)
    calls = faults.count(plain.runbook, *command, scratch, under=scratch)
    assert len(calls) > 10

    def story(number):
        for act in "kill", "EIO":
            home = tmp_path / f"{number}.{act}"
            home.mkdir()
            program, repo = Runbook(home), home / "repo"
            shutil.copytree(origin, repo)
            codes = (0, faults.KILLED) if act == "kill" else (0, 1)
            faults.at(number, act, program, *command, repo, under=repo).expect(*codes)
            listed = backups(repo)
            assert listed and listed[-1].id == backups(origin)[-1].id
            assert all(whole(backup) for backup in listed), (number, act)
            verified = program("backup", "verify", "--json", *plain.options[:2], "--repo",
                               repo).expect(0).json
            assert {entry["proof"] for entry in verified["backups"]} == {"verified"}
            program(*command, repo).expect(0)
            assert len(backups(repo)) == 1 and not leftovers(repo), (number, act)
            program.close()
            shutil.rmtree(home)

    faults.in_parallel(story, range(1, len(calls) + 1))


# ---- two at a time ------------------------------------------------------------------------------

def test_two_writers(plain):
    """Who has not the lock is told who has it; readers need none."""
    with open(plain.lineage / "lock", "r+b") as held:
        fcntl.fcntl(held, 37, struct.pack("hhqqi", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0))
        refused = plain.run("expire", "--keep", "1", "--yes").expect(4)
        assert "at work" in refused.err and len(plain.ids()) == 3
        plain.document("verify")
        plain.document("expire", "--keep", "1", "--dry-run")
    plain.document("expire", "--keep", "1", "--yes")
