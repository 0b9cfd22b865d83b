"""A database is dumped: the file is whole or it is not there, it says what it holds, and it comes
back without us."""

import os
import subprocess

import pytest
from support import faults
from support.dumps import DUMPED, contents, dump, fill, shell, sums_agree, the_dump
from support.servers import Server, wait_until

versions = DUMPED


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "dumps"
    path.mkdir()
    return path


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_comes_back_without_us(runbook, server, folder):
    fill(server)
    report = dump(runbook, server, folder, "--globals").json
    assert report["outcome"] == "done" and report["tables"] == 5 and report["rows"] == 5015
    assert report["stored_bytes"] == os.path.getsize(report["file"]) < report["bytes"]
    stem = os.path.basename(report["file"]).removesuffix(".dump.zst")
    assert stem.startswith(f"{server.dbname}_20")
    assert names(folder) == sorted(f"{stem}{end}" for end in
                                   (".dump.zst", ".dump.zst.sha256", ".globals.sql",
                                    ".globals.sql.sha256"))
    sums_agree(folder)
    globals_file = folder / f"{stem}.globals.sql"
    assert "CREATE ROLE" in globals_file.read_text()
    assert globals_file.stat().st_mode & 0o777 == 0o600, "it holds password hashes"
    server.sql(f"CREATE DATABASE {server.dbname}_plain TEMPLATE template0")
    shell(server, f"zstd -dc {report['file']} | pg_restore --exit-on-error "
                  f"-d {server.dbname}_plain")
    assert contents(server, f"{server.dbname}_plain") == contents(server)
    run = runbook("history", "show", str(report["run_id"]), "--json").json["run"]
    assert run["outcome"] == "done"


def test_folder(runbook, server, folder):
    fill(server)
    report = dump(runbook, server, folder, "--format=directory", "-j", "2").json
    assert report["format"] == "directory" and report["tables"] == 5
    sums_agree(folder)
    server.sql(f"CREATE DATABASE {server.dbname}_plain TEMPLATE template0")
    shell(server, f"pg_restore -j 2 --exit-on-error -d {server.dbname}_plain {report['file']}")
    assert contents(server, f"{server.dbname}_plain") == contents(server)


@pytest.mark.parametrize("version", [15])
def test_folder_killed(runbook, server, folder):
    """What is left has no name that looks like a dump, and the next dump clears it away."""
    fill(server, rows=10)
    locker = server.connect()
    locker.execute("BEGIN; LOCK TABLE orders")
    running = runbook.start("backup", "dump", "--to", folder, "--format=directory",
                            server=server)
    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
    wait_until(lambda: server.value(waiting) == 1, what="pg_dump")
    running.kill()
    running.wait()
    wait_until(lambda: server.value(waiting) == 0, what="the end of pg_dump")
    assert all(name.startswith(".") for name in names(folder))
    locker.execute("ROLLBACK")
    (folder / f".{server.dbname}_20260101_000000.dir.{os.uname().nodename}.999999999").mkdir()
    report = dump(runbook, server, folder, "--format=directory").json
    name = os.path.basename(report["file"])
    assert names(folder) == [name, f"{name}.sha256"]


@pytest.mark.parametrize("version", [15])
def test_dry_run(runbook, server, folder):
    fill(server)
    script = runbook("backup", "dump", "--to", folder, "--dry-run", server=server).expect(0).out
    assert names(folder) == []
    shell(server, script)
    (file,) = folder.iterdir()
    assert subprocess.run(["zstd", "-tq", file]).returncode == 0


@pytest.mark.parametrize("version", [16, 18])
def test_no_pg_dump_that_fits(runbook, server, folder):
    ended = dump(runbook, server, folder, code=4)
    assert f"no pg_dump of version {server.version} or newer" in ended.err
    assert f"hint: install postgresql-client-{server.version}" in ended.err
    assert names(folder) == []


@pytest.mark.parametrize("version", [15])
def test_fails(runbook, server, folder, roles):
    """What pg_dump says is the reason, and nothing is left."""
    fill(server, rows=10)
    role = roles("stranger")
    ended = dump(runbook, server, folder, "-U", role, code=1)
    assert "permission denied for" in ended.err and "nothing is left" in ended.err
    assert "hint: a dump reads everything: GRANT pg_read_all_data" in ended.err
    server.sql(f"GRANT pg_read_all_data TO {role}")
    ended = dump(runbook, server, folder, "-U", role, code=1)
    assert "hint: pg_read_all_data does not reach large objects" in ended.err
    server.sql(f"REVOKE pg_read_all_data FROM {role}")
    ended = dump(runbook, server, folder, "-U", role, "--globals", code=1)
    assert "--globals" in ended.err
    assert names(folder) == []
    runbook("backup", "dump", server=server).expect(2)


@pytest.mark.parametrize("version", [15])
def test_interrupted(runbook, server, folder):
    """Ctrl-C while pg_dump waits for a lock: it is gone from the server, and so is the file."""
    fill(server, rows=10)
    locker = server.connect()
    locker.execute("BEGIN; LOCK TABLE orders")
    running = runbook.start("backup", "dump", "--to", folder, server=server)
    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
    wait_until(lambda: server.value(waiting) == 1, what="pg_dump")
    running.interrupt()
    running.wait().expect(130)
    assert server.value(waiting) == 0
    assert names(folder) == []


@pytest.mark.parametrize("version", [15])
def test_every_fault(runbook, server, folder):
    """Killed, or the disk full, at each call that changes a file: there is a whole dump, or none."""
    fill(server, rows=10)
    calls = faults.count(runbook, "backup", "dump", "--to", str(folder), under=folder,
                         server=server)
    assert len(calls) >= 8
    for path in folder.iterdir():
        path.unlink()

    def story(case):
        number, act = case
        into = folder / f"{act}.{number}"
        into.mkdir()
        ended = faults.at(number, act, runbook, "backup", "dump", "--to", str(into), under=into,
                          server=server)
        # One way to make a file that fails leads to another.
        assert ended.code in ((faults.KILLED,) if act == "kill" else (0, 1)), ended
        if ended.code == 0:
            sums_agree(into)
        for path in into.glob("*.dump.zst"):
            shell(server, f"zstd -dc {path} | pg_restore --list > /dev/null")
        if act != "kill":
            assert [name for name in names(into) if name.startswith(".")] == [], ended
        for sum_file in into.glob("*.sha256"):
            sums_agree(into)

    faults.in_parallel(story, [(number, act) for number in range(1, len(calls) + 1)
                               for act in ("kill", "ENOSPC")])
    # What a killed one has left, as large as a dump perhaps, is cleared away by the next.
    left = next(into for into in sorted(folder.iterdir())
                if any(name.startswith(".") for name in names(into)))
    dump(runbook, server, left)
    assert not [name for name in names(left) if name.startswith(".")]


@pytest.mark.parametrize("version", [15])
def test_password_is_on_no_command_line(runbook, fresh_server, folder):
    """It reaches pg_dump, and nobody who lists processes reads it."""
    server = fresh_server(tcp=True, hba=["host all keeper 127.0.0.1/32 scram-sha-256"])
    server.sql("CREATE ROLE keeper SUPERUSER LOGIN PASSWORD 'se cret'")
    fill(server, rows=10)
    locker = server.connect()
    locker.execute("BEGIN; LOCK TABLE orders")
    conninfo = (f"host=127.0.0.1 port={server.conninfo().split('port=')[1].split()[0]} "
                f"user=keeper dbname=postgres password='se cret'")
    running = runbook.start("backup", "dump", "--to", folder, "-d", conninfo)
    wait_until(lambda: server.value("SELECT count(*) FROM pg_locks WHERE NOT granted") == 1)
    for line in subprocess.run(["ps", "-eo", "args"], capture_output=True,
                               text=True).stdout.splitlines():
        assert "se cret" not in line or "pgrunbook" in line, line
    locker.execute("ROLLBACK")
    running.wait().expect(0)
    assert "se cret" not in runbook("history").out


@pytest.mark.parametrize("version", [15])
@pytest.mark.parametrize("name", ["host=nowhere", "postgresql://nowhere/y", "it's a \\ shop"])
def test_name_like_a_connection_string(runbook, server, folder, name):
    odd = Server(server.cluster, name)
    server.sql(f'CREATE DATABASE "{name}"')
    odd_dump = runbook("backup", "dump", "--to", folder, "--globals", "--json",
                       "-d", odd.conninfo()).expect(0).json
    sums_agree(folder)
    assert odd_dump["outcome"] == "done"
    server.sql(f'DROP DATABASE "{name}"')
