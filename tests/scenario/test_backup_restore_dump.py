"""A dump comes back: beside what is there, counted, and only then under the name that was asked
for."""

import os
import shutil
import time

import pytest
from support.dumps import (DUMPED, contents, databases, dump, fill, restore, shell,
                           the_dump)
from support.servers import Server, wait_until

versions = DUMPED


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "dumps"


@pytest.fixture(autouse=True)
def nothing_stays(server):
    """Databases that a story made beside its own."""
    yield
    for name in databases(server):
        if name.startswith(f"{server.dbname}_"):
            Server(server.cluster).sql(f'DROP DATABASE "{name}" WITH (FORCE)')


def beside(server):
    return {name for name in databases(server) if name.startswith(f"{server.dbname}_")}


def test_into_a_new_database(runbook, server, folder):
    fill(server)
    file = the_dump(runbook, server, folder)
    into = f"{server.dbname}_new"
    report = restore(runbook, server, file, "--into", into, "--json").json
    assert report["verified"]["rows"] == 5015 and report["verified"]["tables"] == 5
    assert report["dump"]["sha256_checked"] is True
    assert contents(server, into) == contents(server)
    assert beside(server) == {into}
    assert server.value(f"SELECT has_database_privilege('public', '{into}', 'CONNECT')") is True
    planned = restore(runbook, server, file, "--replace", "--dry-run", "--json").json
    assert {step["outcome"] for step in planned["steps"]} == {"planned"}
    assert beside(server) == {into}
    refused = restore(runbook, server, file, "--into", into, code=4)
    assert "already" in refused.err and "--replace" in refused.err
    restore(runbook, server, file, code=4)


ENCODED = {
    "SQL_ASCII": ("t", r"E'\351\377 and \200'"),  # no text to anybody but the application
    "LATIN1": ('"straße"', r"E'K\366ln'"),        # the archive has the name in its own encoding
    "WIN1252": ('"prière €"', r"E'\201'"),        # kept by the server, without a place in Unicode
}


@pytest.mark.parametrize("encoding", ENCODED)
def test_whatever_the_encoding(runbook, server, folder, encoding):
    """A database is dumped as it is stored."""
    table, value = ENCODED[encoding]
    name, into = f"{server.dbname}_{encoding.lower()}", f"{server.dbname}_new"
    server.sql(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING '{encoding}' LOCALE 'C'")
    stored = Server(server.cluster, name)
    stored.sql(f"CREATE TABLE {table} (v text); INSERT INTO {table} VALUES ({value}), ('b')")

    def bytes_of(database):
        return Server(server.cluster, database).value(
            f"SELECT getdatabaseencoding() || count(*) || md5(string_agg(v, '' ORDER BY v)) FROM {table}")

    for options in ((), ("--format=directory", "-j", "2")):
        report = dump(runbook, stored, folder, *options).json
        done = restore(runbook, stored, report["file"], "--into", into, "--json").json
        assert report["tables"] == 1 and done["verified"]["relations"] == 1
        assert bytes_of(into) == bytes_of(name)
        server.sql(f"DROP DATABASE {into}")


def test_names_in_no_encoding(runbook, fresh_server, folder):
    """pg_restore connects by a database's bytes, which a server in LATIN1 shows otherwise."""
    server = fresh_server(initdb=["--encoding=LATIN1", "--locale=C"])
    server.sql("CREATE TABLE t AS SELECT generate_series(1, 3) AS n")
    file = the_dump(runbook, server, folder)
    restore(runbook, server, file, "--into", "größe")
    restored = Server(server.cluster, "größe")
    assert restored.value("SELECT sum(n) FROM t") == 6
    file = dump(runbook, restored, folder).json["file"]
    server.sql("DROP TABLE t")
    again = restore(runbook, server, file, "--replace", "--yes", "--json").json
    assert again["database"] == "größe" and again["replaced"]
    assert restored.value("SELECT sum(n) FROM t") == 6
    restore(runbook, server, file, "--clean", "--into", "größe", "--yes")


def test_what_pg_dump_wrote(runbook, server, folder):
    """Its own formats, by itself: custom, compressed by it or not, and a folder."""
    fill(server)
    folder.mkdir()
    shell(server, f"cd {folder}; pg_dump -Fc -Z0 -f plain; pg_dump -Fc -f gzipped; "
                  "pg_dump -Fd -j 2 -f folder; zstd -q plain -o piped.zst;"
                  "pg_dump -Fd -Z0 -f open_folder")
    for name, rows in (("plain", 5015), ("piped.zst", 5015), ("gzipped", None), ("folder", 5015),
                       ("open_folder", 5015)):
        into = f"{server.dbname}_{name[:5]}"
        report = restore(runbook, server, folder / name, "--into", into, "--json").json
        assert report["verified"]["rows"] == rows
        assert contents(server, into) == contents(server)
    into = f"{server.dbname}_jobs"
    restore(runbook, server, folder / "piped.zst", "--into", into, "-j", "2")
    assert contents(server, into) == contents(server)


def test_replace(runbook, server, folder):
    """The old one is kept, its sessions are ended, and the new one is as it was: settings,
    privileges, comment."""
    fill(server)
    server.sql(f"ALTER DATABASE {server.dbname} SET work_mem = '7MB';"
               f"REVOKE ALL ON DATABASE {server.dbname} FROM PUBLIC;"
               f"COMMENT ON DATABASE {server.dbname} IS 'it''s a shop'")
    file = the_dump(runbook, server, folder)
    as_dumped = contents(server)
    server.sql("DELETE FROM orders WHERE id > 7")
    connected = server.connect()
    assert "--yes" in restore(runbook, server, file, "--replace", code=2).err
    server.sql("BEGIN; DELETE FROM orders WHERE id = 1; PREPARE TRANSACTION 'left'")
    refused = restore(runbook, server, file, "--replace", "--yes", code=4).err
    assert "prepared transactions" in refused and "ROLLBACK PREPARED" in refused
    server.sql("ROLLBACK PREPARED 'left'")
    report = restore(runbook, server, file, "--replace", "--yes", "--json").json
    assert report["replaced"] is True and beside(server) == {report["kept_as"]}
    with pytest.raises(Exception):
        connected.execute("SELECT 1")
    assert contents(server) == as_dumped
    kept = Server(server.cluster, report["kept_as"])
    assert kept.value("SELECT count(*) FROM orders") == 7
    assert server.value("SHOW work_mem") == "7MB"
    facts = ("SELECT shobj_description(oid, 'pg_database') || ',' || "
             "has_database_privilege('public', oid, 'CONNECT') FROM pg_database "
             f"WHERE datname = '{server.dbname}'")
    assert server.value(facts) == "it's a shop,false"
    time.sleep(1)  # their names have the second in them
    restore(runbook, server, file, "--replace", "--drop-old", "--yes")
    assert beside(server) == {report["kept_as"]} and contents(server) == as_dumped
    # Where there is none to be like, the dump says what it was.
    Server(server.cluster).sql(f"DROP DATABASE {server.dbname} WITH (FORCE)")
    restore(runbook, server, file)
    assert server.value("SHOW work_mem") == "7MB" and server.value(facts) == "it's a shop,false"
    assert contents(server) == as_dumped


def a_newer(folder, name, works):
    """A program of that name that says that it is 18, and does as the one that is there, or not."""
    folder.mkdir(exist_ok=True)
    otherwise = (f'exec /usr/lib/postgresql/15/bin/{name} "$@"' if works else
                 """echo 'pg_restore: error: could not execute query: ERROR:  unrecognized configuration """
                 """parameter "transaction_timeout"' >&2; exit 1""")
    program = folder / name
    program.write_text(f"#!/bin/sh\ncase $1 in --version) echo '{name} (PostgreSQL) 18.0' ;;\n"
                       f"--list) exec /usr/lib/postgresql/15/bin/{name} \"$@\" ;;\n*) {otherwise} ;; esac\n")
    program.chmod(0o755)


def test_newer_programs_are_there(runbook, server, folder, tmp_path):
    """From 17 on what they dump, and whatever they restore, does not come back to an older server."""
    fill(server, rows=10)
    newer = tmp_path / "newer"
    a_newer(newer, "pg_dump", works=True)
    a_newer(newer, "pg_restore", works=False)
    env = {"PATH": f"{newer}:{os.environ['PATH']}"}
    report = dump(runbook, server, folder, env=env).json
    assert report["program_version"] == 15
    into = f"{server.dbname}_new"
    restore(runbook, server, report["file"], "--into", into, env=env)
    assert contents(server, into) == contents(server)
    configuration = tmp_path / "conf"
    configuration.write_text(f"[pgrunbook]\nbackup.bindir = {newer}\n")
    failed = restore(runbook, server, report["file"], "--into", f"{into}2", "--config", configuration, code=1)
    assert "grep -vx" in failed.err and beside(server) == {into}
    time.sleep(1)  # their names have the second in them
    report = dump(runbook, server, folder, "--config", configuration).json
    assert report["program_version"] == 18, "as it is said"


@pytest.mark.parametrize("version", [15])
def test_replace_an_odd_one(runbook, fresh_server, folder):
    """A template, with lists that have an empty element, and nobody may connect to "postgres"."""
    server = Server(fresh_server().cluster, "template1")
    name = "\"it's a \"\"shop\""
    server.sql(f"CREATE DATABASE {name}")
    server.sql(f"""ALTER DATABASE {name} SET search_path = "$user", '', "a, ""b", pg_catalog;
        ALTER DATABASE {name} SET temp_tablespaces = ''; ALTER DATABASE {name} IS_TEMPLATE true;
        ALTER DATABASE postgres ALLOW_CONNECTIONS false""")
    shop = Server(server.cluster, "it's a \"shop")
    shop.sql("CREATE TABLE public.t AS SELECT 1 AS one")
    settings = ("SELECT datistemplate, setconfig FROM pg_database AS d, pg_db_role_setting "
                "WHERE setdatabase = d.oid AND datname = 'it''s a \"shop'")
    as_it_was = server.sql(settings)
    file = the_dump(runbook, shop, folder)
    said = restore(runbook, shop, file, "--replace", "--yes").out
    assert server.sql(settings) == as_it_was
    server.sql("UPDATE pg_database SET datistemplate = false WHERE datname ~ '_before_'")
    server.sql(said.split("when nobody misses it: ")[1].strip())
    restore(runbook, shop, file, "--replace", "--drop-old", "--yes")
    assert server.sql(settings) == as_it_was
    assert not any("_before_" in name for name in databases(server))


@pytest.mark.parametrize("version", [15])
def test_clean(runbook, server, folder):
    """As on the page, but all of it or nothing."""
    fill(server)
    file = the_dump(runbook, server, folder)
    as_dumped = contents(server)
    server.sql("DELETE FROM orders; CREATE TABLE mine AS SELECT 1 AS one")
    restore(runbook, server, file, "--clean", "--if-exists", "--yes")
    assert contents(server) == as_dumped and server.value("SELECT one FROM mine") == 1
    server.sql("DELETE FROM note; CREATE VIEW theirs AS SELECT id FROM orders")
    failed = restore(runbook, server, file, "--clean", "--yes", code=1)
    assert "other objects depend on it" in failed.err
    assert server.value("SELECT count(*) FROM note") == 0


@pytest.mark.parametrize("version", [15])
def test_damaged(runbook, server, folder):
    """Found before anything is touched, whatever is there to find it by."""
    fill(server)
    file = the_dump(runbook, server, folder)
    sum_file = file.with_name(file.name + ".sha256")
    whole = file.read_bytes()
    there = databases(server)

    def refused(content, *words):
        file.write_bytes(content)
        ended = restore(runbook, server, file, "--into", f"{server.dbname}_x", code=4)
        assert any(word in ended.err for word in words), ended
        assert databases(server) == there

    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 1
    refused(flipped, "is damaged", "SHA-256")
    refused(whole[:-1], "is damaged")
    sum_file.unlink()
    refused(flipped, "is damaged")
    for part in 2, 3, 10:
        refused(whole[:len(whole) // part], "is damaged", "cut off")
    refused(b"", "cut off")
    refused(b"SELECT 1;\n", "no archive of pg_dump's")
    refused(b"--\n-- PostgreSQL database dump\n--\n", "psql -v ON_ERROR_STOP=1 -f ")
    # Cut off before it was compressed: each checksum is right, and rows are missing.
    plain = folder / "plain"
    shell(server, f"pg_dump -Fc -Z0 -f {plain}")
    content = plain.read_bytes()
    plain.write_bytes(content[:len(content) * 9 // 10])
    shell(server, f"zstd -qf {plain} -o {file}")
    refused(file.read_bytes(), "cut off")
    shutil.rmtree(folder)
    restore(runbook, server, file, "--into", f"{server.dbname}_x", code=4)


@pytest.mark.parametrize("version", [15])
def test_damaged_folder(runbook, server, folder):
    """What a full disk or a cut in the power leaves of a file, without a sum beside it."""
    fill(server)
    folder.mkdir()
    shell(server, f"cd {folder}; pg_dump -Fd -f zipped; pg_dump -Fd -Z0 -f plain")
    for kind in "zipped", "plain":
        there = databases(server)
        file = max((folder / kind).glob("*.dat*"), key=lambda path: path.stat().st_size)
        whole = file.read_bytes()
        for content in b"", whole[:len(whole) // 2], whole[:-1]:
            file.write_bytes(content)
            ended = restore(runbook, server, folder / kind, "--into", f"{server.dbname}_x", code=4)
            assert any(word in ended.err for word in ("cut off", "is damaged")), ended
            assert databases(server) == there
        file.write_bytes(whole)
        restore(runbook, server, folder / kind, "--into", f"{server.dbname}_{kind}")


@pytest.mark.parametrize("version", [15])
def test_fails_half_way(runbook, server, folder, roles):
    """A role that is not there: the reason is said, and no half database stays."""
    fill(server)
    role = roles("owner")
    server.sql(f"ALTER TABLE orders OWNER TO {role}")
    file = the_dump(runbook, server, folder)
    server.sql(f"ALTER TABLE orders OWNER TO CURRENT_USER; ALTER ROLE {role} RENAME TO gone")
    there = databases(server)
    failed = restore(runbook, server, file, "--into", f"{server.dbname}_x", code=1)
    assert "does not exist" in failed.err and "--no-owner" in failed.err
    assert databases(server) == there
    restore(runbook, server, file, "--into", f"{server.dbname}_x", "--no-owner")
    server.sql(f"ALTER ROLE gone RENAME TO {role}")


def restoring(server):
    return [name for name in databases(server) if "_restoring_" in name]


@pytest.mark.parametrize("version", [15])
def test_interrupted_and_killed(runbook, server, folder):
    """Ctrl-C leaves nothing; after kill -9 what is left says what it is, and the next run drops
    it. The database that is to be replaced is never touched."""
    fill(server)
    server.sql("CREATE FUNCTION slow(int) RETURNS bool LANGUAGE plpgsql IMMUTABLE AS "
               "$$BEGIN IF current_database() ~ '_restoring_' THEN PERFORM pg_sleep(60); END IF;"
               "RETURN true; END$$;"
               "CREATE TABLE late (a int); INSERT INTO late VALUES (1);"
               "CREATE INDEX ON late (slow(a))")
    file = the_dump(runbook, server, folder)
    as_dumped = contents(server)
    sleeping = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"

    def start():
        running = runbook.start("backup", "restore-dump", file, "--replace", "--yes",
                                server=server)
        wait_until(lambda: server.value(sleeping) == 1, what="the restore")
        return running

    running = start()
    running.interrupt()
    running.wait().expect(130)
    assert beside(server) == set() and server.value(sleeping) == 0
    running = start()
    running.kill()
    running.wait()
    wait_until(lambda: server.value(sleeping) == 0, what="the server to notice")
    assert len(restoring(server)) == 1 and contents(server) == as_dumped
    server.sql("DROP TABLE late")
    file = the_dump(runbook, server, folder)
    restore(runbook, server, file, "--into", f"{server.dbname}_x")
    assert beside(server) == {f"{server.dbname}_x"}
