"""`backup drill`: a backup is proved by restoring it, a bad one is found, and nothing is left behind,
however the drill ends."""

import sqlite3

import pytest
from support.drills import archive, drill, scratch, start_drill, statuses
from support.physical import flip
from support.restoring import Stage, servers_on
from support.servers import ENDS, Server, wait_until

versions = ENDS


@pytest.fixture
def stage(fresh_server):
    stage = Stage(fresh_server, track_commit_timestamp=True, max_prepared_transactions=2)
    stage.server.sql("CREATE TABLE t (id int PRIMARY KEY, payload text)")
    stage.server.sql("INSERT INTO t SELECT i, md5(i::text) FROM generate_series(1, 5000) AS i")
    return stage


def verdict_of(stage, name):
    document = stage.runbook("check", "--json", "--config", conf(stage), server=stage.server).json
    (line,) = [line for line in document["verdicts"] if line["name"] == name]
    return line["status"], line["message"], line["next"]


def conf(stage):
    file = stage.folder / "conf"
    file.write_text(f"[pgrunbook]\nbackup.repo = {stage.repo}\n")
    file.chmod(0o644)
    return file


def test_proves_a_backup(stage):
    assert verdict_of(stage, "backup_proof")[0] == "critical"
    # Nothing that was left half done in the cluster is in the way.
    stage.server.sql("BEGIN; INSERT INTO t VALUES (9999, ''); PREPARE TRANSACTION 'left'")
    stage.server.sql("CREATE DATABASE half_dropped")
    stage.server.sql("UPDATE pg_database SET datconnlimit = -2 WHERE datname = 'half_dropped'")
    # Nor what is no text in UTF-8.
    stage.server.sql("CREATE DATABASE raw TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'")
    Server(stage.cluster, "raw").sql(r"CREATE TABLE t AS SELECT E'\351\377' AS v")
    backup = stage.back_up()
    for number in range(10):
        stage.server.sql(f"INSERT INTO t VALUES (-{number + 1}, 'later')")
    archive(stage)
    assert "drill" in verdict_of(stage, "backup_proof")[2]
    checks = stage.folder / "checks.sql"
    checks.write_text("-- database: postgres\n-- name: nobody is missing\nSELECT count(*) >= 5000 FROM t;\n"
                      "SELECT * FROM t WHERE payload IS NULL;\n")
    checks.chmod(0o644)
    document = drill(stage, "--checks", checks, "--seed", 7)
    assert document["verdict"] == "proven" and document["backup"] == backup
    assert document["target"]["kind"] == "time" and document["seed"] == 7
    assert document["recovery_seconds"] > 0 and document["landed"]["lsn"]
    assert statuses(document, "landing") == {None: "ok"}
    assert statuses(document, "indexes")["postgres"] == "ok"
    assert statuses(document, "heaps")["postgres"] == "ok"
    assert statuses(document, "rows") == {
        "postgres": "ok", "template1": "ok", "raw": "ok"}
    assert statuses(document, "nobody is missing") == {"postgres": "ok"}
    plan = drill(stage, "--dry-run", "--seed", 7)
    stage.server.sql("INSERT INTO t VALUES (-100, 'after the plan')")
    archive(stage)
    again = drill(stage, "--no-amcheck", "--no-rows", "--only", *plan["only"])
    assert again["target"]["value"] == plan["target"]["value"]
    assert again["target"]["value"] == document["target"]["value"]
    assert again["verdict"] == "passed"
    assert verdict_of(stage, "backup_proof")[0] == "ok"
    assert verdict_of(stage, "backup_wal")[0] == "ok"
    with sqlite3.connect(stage.runbook.history) as history:
        rows = history.execute("SELECT verb, outcome FROM run ORDER BY id").fetchall()
    assert rows[-2:] == [("drill", "done"), ("drill", "done")]


def test_finds_what_is_wrong(stage):
    """Indexes without entries for their rows, one of a collation that was another then, and a statement
    that is not true."""
    stage.server.sql("""CREATE COLLATION old FROM "und-x-icu"; CREATE INDEX sorted ON t (payload COLLATE old);
        UPDATE pg_collation SET collversion = '1.1' WHERE collname = 'old';
        UPDATE pg_index SET indisready = false WHERE indrelid = 't'::regclass;
        INSERT INTO t VALUES (-1, 'not in the index');
        UPDATE pg_index SET indisready = true WHERE indrelid = 't'::regclass""")
    stage.back_up()
    archive(stage)
    checks = stage.folder / "checks.sql"
    checks.write_text("SELECT count(*) = 0 AS empty FROM t;\nCOPY t FROM '/nowhere';\n")
    checks.chmod(0o644)
    document = drill(stage, "--checks", checks, "--latest", code=1)
    assert document["verdict"] == "failed"
    assert statuses(document, "public.t_pkey") == {"postgres": "failed"}
    (pkey,), (sorted_,) = [[check["detail"] for check in document["checks"] if check["name"] == name]
                           for name in ("public.t_pkey", "public.sorted")]
    assert "and was 1.1: this machine" in sorted_ and "collation" not in pkey
    assert statuses(document, "indexes")["postgres"] == "failed"
    assert statuses(document, "line 1") == {"postgres": "failed"}
    assert statuses(document, "line 2") == {"postgres": "failed"}
    listed = stage.runbook("backup", "list", "--json", *stage.options).expect(0).json
    # The index is what is wrong, and the cluster has it as well: the backup is as good as that.
    assert [each["proof"] for each in listed["backups"]] == ["unverified"]
    assert verdict_of(stage, "backup_proof")[0] == "critical"


def test_finds_a_flipped_bit(stage):
    """Of two backups the newest is damaged: the drill fails, and says in which file."""
    stage.back_up()
    backup = stage.back_up()
    archive(stage)
    (file,) = stage.repo.glob(f"*/backups/{backup}/base.tar.zst")
    flip(file, file.stat().st_size // 2)
    document = drill(stage, code=1)
    assert document["verdict"] == "failed" and document["backup"] == backup
    assert statuses(document, "recovery") == {None: "failed"}
    (detail,) = [check["detail"] for check in document["checks"] if check["name"] == "files"]
    assert "base.tar.zst" in detail
    listed = stage.runbook("backup", "list", "--json", *stage.options).expect(0).json
    assert [each["proof"] for each in listed["backups"]] == ["unverified", "damaged"]
    assert drill(stage, "--no-amcheck")["verdict"] == "proven"


@pytest.mark.parametrize("signal", ["interrupt", "kill"])
def test_leaves_nothing(stage, signal):
    stage.back_up()
    archive(stage)
    running = start_drill(stage)
    data = scratch(stage) / "pgrunbook-drill" / "data"
    wait_until(lambda: (data / "postmaster.pid").exists(), what="the drill's server")
    getattr(running, signal)()
    result = running.wait()
    if signal == "interrupt":
        result.expect(130)
        assert not data.parent.exists()
    else:
        assert data.exists()
    wait_until(lambda: not servers_on(data), what="the end of its server")
    assert drill(stage, "--no-rows")["verdict"] == "passed"
