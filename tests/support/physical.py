"""Words for the stories about physical backups: what stands in a repository, and a backup brought
back by zstd and tar alone, without pgrunbook."""

import json
import os
import shutil
import subprocess
from pathlib import Path

from golden.documents import check_document
from pgcluster import Cluster
from pgcluster_files import give_to_server_user
from support.servers import SETTINGS, Server

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


def backups(repo):
    """Whatever looks like a backup, oldest first."""
    if not Path(repo).exists() or not any(entry.is_dir() for entry in Path(repo).iterdir()):
        return []
    folder = lineage(repo) / "backups"
    return [Backup(entry) for entry in sorted(folder.iterdir())
            if not entry.name.startswith(".")] if folder.exists() else []


def leftovers(repo):
    """What a writer that died has left: names that start with a dot."""
    return [path for path in Path(repo).rglob(".*")]


def create(runbook, server, repo, *options, code=0, **more):
    """The document of a backup."""
    result = runbook("backup", "create", "--json", "--repo", repo, *options, server=server,
                     **more).expect(code)
    return check_document(result.json, "backup.create") if code == 0 else result


def unpack(backup, folder, version):
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
        with open(data / "pg_wal" / name, "wb") as wal:
            subprocess.run(["zstd", "-dcq", segment], check=True, stdout=wal)
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
            self.data = unpack(backup, self.cluster.folder, version)
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


def forget(folder):
    shutil.rmtree(folder, ignore_errors=True)
