"""`backup create`: full backups of every version, whole without us, or not there at all."""

import os
import subprocess

import pytest

from support import physical
from support.physical import Restored, backups, create, leftovers
from support.servers import Server


@pytest.fixture
def cluster(fresh_server, tmp_path):
    """A small one with a tablespace and something in it."""
    server = fresh_server(initdb=["--data-checksums"])
    folder = server.cluster.folder / "fast"
    folder.mkdir()
    os.chown(folder, (server.cluster.data).stat().st_uid, -1)
    server.sql(f"CREATE TABLESPACE fast LOCATION '{folder}'")
    server.sql("CREATE TABLE t (id int PRIMARY KEY USING INDEX TABLESPACE fast, payload text) "
               "TABLESPACE fast")
    server.sql("INSERT INTO t SELECT i, md5(i::text) FROM generate_series(1, 5000) AS i")
    server.sql("CREATE TABLE u AS SELECT * FROM t")
    return server


def role_of_replication(server):
    server.sql("CREATE ROLE keeper LOGIN REPLICATION")
    return {"PGUSER": "keeper"}


def test_restored_without_us(cluster, runbook, tmp_path):
    """A role with REPLICATION alone is enough; zstd, tar and the server's own start bring back what
    there was when the backup ended, and 15's pg_verifybackup agrees."""
    repo = tmp_path / "repo"
    document = create(runbook, cluster, repo, "--label", "it's the first",
                      env=role_of_replication(cluster))
    (backup,) = backups(repo)
    assert document["backup"]["id"] == backup.id and backup.manifest["label"] == "it's the first"
    assert [phase["name"] for phase in document["phases"]] == ["checkpoint", "copy", "store", "wal"]
    assert document["backup"]["checksums"] and not document["backup"]["from_standby"]
    assert len(backup.archives()) == 2 and not leftovers(repo)
    cluster.sql("DROP TABLE u")
    with Restored(backup, cluster.version) as server:
        assert server.sql("SELECT count(*), max(id) FROM t") == [(5000, 5000)]
        assert server.value("SELECT count(*) FROM u") == 5000
        assert server.value("SELECT spcname FROM pg_tablespace WHERE oid > 16000") == "fast"
        physical.check_every_page(server)


def test_members_lead_to_every_file(cluster, runbook, tmp_path):
    create(runbook, cluster, tmp_path / "repo")
    (backup,) = backups(tmp_path / "repo")
    members = backup.members()
    place = cluster.value("SELECT pg_relation_filepath('u')")
    (found,) = [member for member in members if member[3] == place]
    archive, offset, size, _ = found
    assert size == cluster.value("SELECT pg_relation_size('u')")
    cluster.sql("CHECKPOINT")
    whole = subprocess.run(["zstd", "-dcq", backup.folder / archive], check=True,
                           stdout=subprocess.PIPE).stdout
    assert whole[offset:offset + size] == (cluster.cluster.data / place).read_bytes()
    assert {member[0] for member in members} == {file.name for _, file in backup.archives()}
    assert "backup_label" in {member[3] for member in members}


def test_bad_pages(cluster, runbook, tmp_path):
    """Named by relation and block, whatever tablespace; no backup; remembered until one is clean."""
    repo = tmp_path / "repo"
    create(runbook, cluster, repo)
    cluster.sql("CREATE DATABASE \"other'db\"")
    other = Server(cluster.cluster, "other'db")
    other.sql("CREATE TABLE u AS SELECT i, md5(i::text) FROM generate_series(1, 5000) AS i")
    cluster.sql("CHECKPOINT")
    index = cluster.cluster.data / cluster.value("SELECT pg_relation_filepath('t_pkey')")
    table = cluster.cluster.data / other.value("SELECT pg_relation_filepath('u')")
    physical.flip(index, 3 * 8192 + 100)
    for block in range(2, 10):
        physical.flip(table, block * 8192 + 4000)
    result = create(runbook, cluster, repo, code=1)
    assert "block 3 of index public.t_pkey in database postgres (pg_tblspc/" in result.err
    assert "block 2 of table public.u in database other'db (base/" in result.err
    assert "8 blocks in all of table public.u" in result.err
    assert len(backups(repo)) == 1 and not leftovers(repo)
    mark = physical.lineage(repo) / "damage.json"
    assert "public.t_pkey" in mark.read_text(encoding="utf-8")
    cluster.sql("REINDEX INDEX t_pkey")
    for block in range(2, 10):
        physical.flip(table, block * 8192 + 4000)
    create(runbook, cluster, repo)
    assert len(backups(repo)) == 2 and not mark.exists()
    recorded = runbook("history", "list", "--json", server=cluster).expect(0).json["runs"]
    assert [run["outcome"] for run in recorded] == ["done", "failed", "done"]
    said = runbook("history", "list", server=cluster).expect(0).out
    assert f"backup {recorded[0]['summary']['backup']['id']}, seconds" in said and "{" not in said


@pytest.mark.parametrize("version", [14, 15, 18])
@pytest.mark.parametrize("place", ["database", "table", "tablespace"])
def test_files_moved_away_by_hand(cluster, runbook, tmp_path, place):
    """A link to another disk, in the place of a database or of a table's file: PostgreSQL leaves it
    out of its base backups, which would be without it."""
    repo, data = tmp_path / "repo", cluster.cluster.data
    path = {"database": "SELECT 'base/' || oid FROM pg_database WHERE datname = 'postgres'",
            "table": "SELECT pg_relation_filepath('u')",
            "tablespace": "SELECT pg_relation_filepath('t')"}[place]
    path = cluster.value(path)
    cluster.cluster.stop()
    real = (data / path).resolve()
    elsewhere = cluster.cluster.folder / "elsewhere"
    os.rename(real, elsewhere)
    os.symlink(elsewhere, real)
    cluster.cluster.start()
    assert cluster.value("SELECT count(*) FROM u") == 5000
    refused = create(runbook, cluster, repo, code=4)
    assert refused.err.count(real.name) == 1 and "warn" not in refused.err, refused
    assert path in refused.err or str(real) in refused.err, refused
    assert "hint: what the link leads to belongs in its place" in refused.err
    assert not backups(repo) and not leftovers(repo)
    cluster.cluster.stop()
    os.unlink(real)
    os.rename(elsewhere, real)
    cluster.cluster.start()
    create(runbook, cluster, repo)


@pytest.mark.parametrize("version", [15])
def test_special_file_that_nobody_misses(cluster, runbook, tmp_path):
    """Warned of, once."""
    os.mkfifo(cluster.cluster.data / "pipe")
    result = runbook("backup", "create", "--repo", tmp_path / "repo", server=cluster).expect(0)
    assert result.err.count('"./pipe"') == 1
    assert len(backups(tmp_path / "repo")) == 1


@pytest.mark.parametrize("version", [15])
def test_repository_in_the_cluster_itself(cluster, runbook, tmp_path):
    """Each backup would hold the ones before, and all would be lost with it."""
    data = cluster.cluster.data
    (inside,) = (cluster.cluster.folder / "fast").iterdir()
    os.symlink(data, tmp_path / "link")
    for repo in data, data / "backups" / "here", tmp_path / "link" / "backups", inside / "x":
        for options in ((), ("--dry-run",)):
            refused = create(runbook, cluster, repo, *options, code=4).err
            assert "lies in a cluster's own folder" in refused and "hint: --repo names" in refused
    assert not (data / "backups").exists() and not (inside / "x").exists()
    create(runbook, cluster, cluster.cluster.folder / "fast" / "beside")


@pytest.mark.parametrize("version", [15])
def test_no_walsender_at_all(fresh_server, runbook, tmp_path):
    server = fresh_server(max_wal_senders=0)
    refused = create(runbook, server, tmp_path / "repo", code=3).err
    assert "0: nobody; more take a restart" in refused and "are taken" not in refused
