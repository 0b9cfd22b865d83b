"""Words for the stories about physical backups: what stands in a repository, and a backup brought
back by zstd and tar alone, without pgrunbook."""

import hashlib
import json
import os
import subprocess
from pathlib import Path

from golden.documents import check_document
from pgcluster import Cluster
from pgcluster_files import give_to_server_user
from support import faults
from support.servers import SETTINGS, Server, start_cluster

DEBIAN = Path("/usr/lib/postgresql/15/bin")


class Backup:
    """A visible backup: .folder, .manifest (ours), .id."""

    def __init__(self, folder):
        self.folder, self.id = folder, folder.name
        self.manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))

    def archives(self):
        """(OID or 0, path) of each archive."""
        return [(0 if file.name == "base.tar.zst" else int(file.name.split(".")[0]), file)
                for file in sorted(self.folder.glob("*.tar.zst"))]

    def members(self):
        """(archive, offset, size, name) of each file in the archives."""
        rows = [line.split("\t") for line in unpacked(self.folder / "members.zst").split("\n")]
        return [(archive, int(offset), int(size), name)
                for archive, offset, size, name in rows[:-1]]


def unpacked(file):
    done = subprocess.run(["zstd", "-dcq", file], check=True, stdout=subprocess.PIPE)
    return done.stdout.decode()


def lineage(repo):
    """The folder of the only cluster in it."""
    (folder,) = [entry for entry in Path(repo).iterdir() if entry.is_dir()]
    return folder


def visible(repo):
    """The ids of whatever looks like a backup, oldest first."""
    return sorted(entry.name for entry in Path(repo).glob("*/backups/*")
                  if not entry.name.startswith("."))


def backups(repo):
    """The same, each opened."""
    return [Backup(lineage(repo) / "backups" / identifier) for identifier in visible(repo)]


def leftovers(repo):
    """What a writer of backups that died has left: names that start with a dot."""
    return [path for path in Path(repo).rglob(".*") if "wal" not in path.parts]


def create(runbook, server, repo, *options, code=0, **more):
    """The document of a backup."""
    result = runbook("backup", "create", "--json", "--repo", repo, *options, server=server,
                     **more).expect(code)
    return check_document(result.json, "backup.create") if code == 0 else result


def unpack(backup, folder):
    """As the manual page says: each archive by `zstd -dc | tar x`, tablespaces beside the data
    directory, the WAL into pg_wal. Returns the data directory."""
    data = folder / "data"
    for oid, file in backup.archives():
        target = data if oid == 0 else folder / str(oid)
        target.mkdir(mode=0o700)
        subprocess.run(f"zstd -dcq '{file}' | tar x -C '{target}'", shell=True, check=True)
    table = data / "tablespace_map"
    if table.exists():
        lines = [line.split(" ", 1)[0] for line in table.read_text().splitlines()]
        for oid in lines:
            os.symlink(folder / oid, data / "pg_tblspc" / oid)
        # As a restore does it: the links are right, nothing is to be made from the map.
        table.write_text("".join(f"{oid} {folder / oid}\n" for oid in lines))
    (data / "backup_manifest").write_text(unpacked(backup.folder / "backup_manifest.zst"))
    for segment in sorted((backup.folder.parents[1] / "wal").glob("*/*.zst")):
        name = segment.name.removesuffix(".zst").removesuffix(".partial")
        # A partial one is a frame that has not ended, and so is what it holds: zeroes follow.
        done = subprocess.run(["zstd", "-dcq", segment], check=".partial" not in segment.name,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        wal = done.stdout.ljust(backup.manifest["wal_segment_bytes"], b"\0")
        (data / "pg_wal" / name).write_bytes(wal)
    return data


def verify(data):
    """PostgreSQL's own judge; only Debian's 15 brings it."""
    done = subprocess.run([DEBIAN / "pg_verifybackup", "-i", "tablespace_map", data],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


class Restored:
    """A server on what a backup holds, started from its backup_label: `with Restored(…) as server`."""

    def __init__(self, backup, version):
        self.cluster = Cluster(version, SETTINGS)
        try:
            self.data = unpack(backup, self.cluster.folder)
            if version == 15:
                verify(self.data)
        except BaseException:
            self.cluster.remove()
            raise

    def __enter__(self):
        try:
            self.cluster._configure()
            for entry in self.cluster.folder.iterdir():
                if entry.is_dir():
                    give_to_server_user(entry)
            self.cluster.start()
            return Server(self.cluster)
        except BaseException:
            self.cluster.remove()
            raise

    def __exit__(self, *_exception):
        self.cluster.remove()


def check_every_page(server):
    """amcheck over every index and heap, where it is installed; else every row is read."""
    if not server.sql("SELECT 1 FROM pg_available_extensions WHERE name = 'amcheck'"):
        server.sql("SELECT sum(hashtext(t::text)) FROM t")
        return
    server.sql("CREATE EXTENSION IF NOT EXISTS amcheck")
    server.sql("""SELECT bt_index_check(c.oid, true) FROM pg_index AS i
        JOIN pg_class AS c ON c.oid = i.indexrelid JOIN pg_am AS a ON a.oid = c.relam
        WHERE a.amname = 'btree' AND i.indisvalid AND c.relpersistence <> 't'""")


def flip(file, offset):
    """One bit of a file."""
    with open(file, "r+b") as opened:
        opened.seek(offset)
        byte = opened.read(1)
        opened.seek(offset)
        opened.write(bytes([byte[0] ^ 1]))


def whole(backup):
    """Every file is as its manifest says, and there is no other."""
    files = {entry["name"]: entry for entry in backup.manifest["files"]}
    for name, entry in files.items():
        content = (backup.folder / name).read_bytes()
        assert len(content) == entry["stored_bytes"], name
        assert hashlib.sha256(content).hexdigest() == entry["sha256"], name
    names = {path.name for path in backup.folder.iterdir()}
    return names - set(files) <= {"manifest.json", "manifest.copy.json", "proof.json"}


def tiny_cluster(version, settings=None, whole=False):
    """A server with as little as a cluster can have, unless `whole`: a backup is a few dozen calls."""
    server = Server(start_cluster(version, {"min_wal_size": "2MB", **(settings or {})},
                                  initdb=["--data-checksums", "--wal-segsize=1"]))
    for template in () if whole else ("template0", "template1"):
        server.sql(f"ALTER DATABASE {template} IS_TEMPLATE false")
        server.sql(f"DROP DATABASE {template}")
    return server


def survive_faults(runbook, server, repo, numbers, act, thorough):
    """A backup that meets the fault at each of these calls, one after the other in one repository:
    what is visible afterwards is what was before, or one more that is whole. After every `thorough`
    of them a backup is taken that nothing happens to: it cleans up, and is there."""
    command = ["backup", "create", "--quiet", "--repo", repo]
    seen = {backup.id for backup in backups(repo)}
    for turn, number in enumerate(numbers, 1):
        result = faults.at(number, act, runbook, *command, under=repo, server=server)
        codes = (0, 1, faults.KILLED) if act in ("kill", "torn") else (0, 1, 4)
        result.expect(*codes)
        there = backups(repo)
        fresh = [backup for backup in there if backup.id not in seen]
        assert seen <= {backup.id for backup in there} and len(fresh) <= 1, (number, there)
        assert all(whole(backup) for backup in fresh), number
        assert fresh or result.code != 0, (number, result)
        seen |= {backup.id for backup in fresh}
        if turn % thorough == 0 or turn == len(numbers):
            runbook(*command, server=server).expect(0)
            (last,) = [backup for backup in backups(repo) if backup.id not in seen]
            assert whole(last) and not leftovers(repo), (number, leftovers(repo))
            seen.add(last.id)
