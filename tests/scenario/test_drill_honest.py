"""`backup drill` proves nothing that it has not looked at, and says what it has not."""

import os

import pytest
from golden.documents import check_document
from support.program import Runbook
from support.drills import archive, checks_file, damage, drill, scratch, start_drill, statuses
from support.restoring import Stage
from support.servers import ENDS, Server

versions = ENDS


@pytest.fixture
def stage(fresh_server, version):
    """Without checksums: they would tell of damage before anything else does."""
    return Stage(fresh_server, initdb=["--no-data-checksums"] if version >= 18 else [])


def details(document, name):
    return {check["database"]: check["detail"] for check in document["checks"]
            if check["name"] == name}


def proofs(stage):
    listed = stage.runbook("backup", "list", "--json", *stage.options).expect(0).json
    return [each["proof"] for each in listed["backups"]]


@pytest.mark.parametrize("table", ["mv", "ext", "src"])
def test_reads_what_a_dump_passes_over(stage, table):
    """Values that cannot be unpacked, which amcheck does not try: of a materialised view, of a table
    that belongs to an extension, and of one that pg_dump reads."""
    stage.server.sql("""CREATE TABLE src AS
            SELECT repeat('abcdefgh', 1000) AS v FROM generate_series(1, 5);
        CREATE MATERIALIZED VIEW mv AS SELECT * FROM src;
        CREATE MATERIALIZED VIEW empty AS SELECT * FROM src WITH NO DATA;
        CREATE TABLE ext AS SELECT * FROM src;
        ALTER EXTENSION plpgsql ADD TABLE ext""")
    damage(stage, table)
    stage.back_up()
    archive(stage)
    document = drill(stage, code=1)
    assert document["verdict"] == "failed"
    assert statuses(document, "rows")["postgres"] == "failed"
    assert statuses(document, f"public.{table}") == {"postgres": "failed"}
    assert proofs(stage) == ["damaged"]


def test_names_in_no_encoding(fresh_server):
    """What databases share is stored as bytes, "größe" in UTF-8 or in LATIN1, and a connection asks by
    them. A server in LATIN1 shows neither as it is stored to a client in UTF-8."""
    stage = Stage(fresh_server, initdb=["--encoding=LATIN1", "--locale=C"])
    for stored in "größe".encode(), "größe".encode("latin1"):
        stage.server.sql(f'CREATE DATABASE "{stored.decode("latin1")}"')
    stage.back_up()
    archive(stage)
    document = drill(stage)
    assert document["verdict"] == "proven" and document["reserve"] is None
    assert set(statuses(document, "rows")) == {"postgres", "template1", "größe", "gr\ufffd\ufffde"}


def test_reads_computed_columns(stage):
    """pg_dump leaves them out. What is computed anew at each reading is in no file."""
    stage.server.sql("""CREATE TABLE src (n int, v text GENERATED ALWAYS AS
            (CASE WHEN n > 0 THEN repeat('abcdefgh', 1000) END) STORED);
        INSERT INTO src SELECT * FROM generate_series(1, 5)""")
    if stage.server.version >= 18:
        stage.server.sql("CREATE TABLE v (n int, v int GENERATED ALWAYS AS (1 / n)); INSERT INTO v VALUES (0)")
    damage(stage, "src")
    stage.back_up()
    archive(stage)
    document = drill(stage, code=1)
    assert statuses(document, "public.src") == {"postgres": "failed"}
    assert not statuses(document, "public.v")
    assert proofs(stage) == ["damaged"]


def test_event_triggers_do_not_fire(stage):
    """What they do in the copy may lead anywhere, and one that raises would keep amcheck out."""
    fired = stage.folder / "fired"
    stage.server.sql(f"""CREATE FUNCTION fire() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN
            IF current_setting('cluster_name') = 'pgrunbook' THEN
                EXECUTE $copy$COPY (SELECT 1) TO '{fired}'$copy$;
                RAISE 'not here';
            END IF;
        END $$;
        CREATE EVENT TRIGGER always ON ddl_command_start EXECUTE FUNCTION fire();
        CREATE EVENT TRIGGER "on a Replica" ON ddl_command_end EXECUTE FUNCTION fire();
        ALTER EVENT TRIGGER always ENABLE ALWAYS;
        ALTER EVENT TRIGGER "on a Replica" ENABLE REPLICA""")
    if stage.server.version >= 17:
        stage.server.sql("""CREATE EVENT TRIGGER enters ON login EXECUTE FUNCTION fire();
            ALTER EVENT TRIGGER enters ENABLE ALWAYS;
            ALTER DATABASE postgres SET event_triggers = on""")
    stage.back_up()
    archive(stage)
    checks = checks_file(stage, "-- database: postgres\nCREATE TABLE made (n int); SELECT true;")
    document = drill(stage, "--checks", checks)
    assert not fired.exists()
    assert statuses(document, "indexes")["postgres"] == "ok"
    assert document["verdict"] == "proven" and document["reserve"] is None


def test_functions_of_indexes(stage):
    """What they call without its schema is found as at home. What a role's own path leads to is not, and
    newer servers' amcheck has them find nothing else: that says nothing of the backup, and is said."""
    stage.server.sql("""CREATE SCHEMA app; ALTER DATABASE postgres SET search_path = app, public;
        CREATE FUNCTION app.base(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1';
        CREATE FUNCTION public.inlined(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1';
        CREATE FUNCTION public.called(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN $1; END';
        CREATE TABLE public.t (a int, g int GENERATED ALWAYS AS (1) STORED);
        INSERT INTO public.t VALUES (1), (2);
        CREATE INDEX inlined ON public.t (public.inlined(a));
        CREATE INDEX called ON public.t (public.called(a));
        CREATE INDEX again ON public.t (public.called(a), a);
        CREATE FUNCTION public.raises(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS
            'BEGIN IF current_setting(''cluster_name'') = ''pgrunbook'' THEN RAISE ''not here''; END IF; RETURN $1; END';
        CREATE INDEX raises ON public.t (public.raises(a))""")
    stage.server.sql("""CREATE OR REPLACE FUNCTION public.inlined(int) RETURNS int LANGUAGE sql IMMUTABLE
            AS 'SELECT base($1)';
        CREATE OR REPLACE FUNCTION public.called(int) RETURNS int LANGUAGE plpgsql IMMUTABLE
            AS 'BEGIN RETURN far($1); END'""")
    stage.back_up()
    archive(stage)
    document = drill(stage)
    assert document["verdict"] == "proven"
    assert statuses(document, "indexes")["postgres"] == statuses(document, "rows")["postgres"] == "ok"
    assert statuses(document, "public.called") == {"postgres": "skipped"}
    assert document["reserve"].startswith(
        "postgres: public.called and 2 more cannot be checked: function far")


@pytest.mark.parametrize("version", [18])
def test_rows_are_read_whatever_their_indexes_rest_on(stage):
    """A query plans with the indexes: what their functions call may lie on the path of a role that is not
    ours; and a narrow one would be read in the place of the rows."""
    stage.server.sql("""CREATE SCHEMA app; CREATE ROLE owner; ALTER ROLE owner SET search_path = app, public;
        CREATE FUNCTION app.base(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1';
        CREATE FUNCTION public.inlined(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1';
        CREATE MATERIALIZED VIEW "m'v" AS SELECT 1 AS a;
        CREATE TABLE t (a int, g int GENERATED ALWAYS AS (1) STORED); INSERT INTO t VALUES (1);
        CREATE INDEX ON "m'v" (public.inlined(a)); CREATE INDEX ON t (public.inlined(a))""")
    stage.server.sql("""SET check_function_bodies = off;
        CREATE OR REPLACE FUNCTION public.inlined(int) RETURNS int LANGUAGE sql IMMUTABLE
            AS 'SELECT base($1)'""")
    stage.back_up()
    archive(stage)
    checks = checks_file(stage, """-- database: postgres
        SELECT relname FROM pg_class WHERE relname IN ('m''v', 't') AND NOT relhasindex""")
    document = drill(stage, "--checks", checks)
    assert document["verdict"] == "proven"
    assert statuses(document, "rows")["postgres"] == "ok"
    assert document["reserve"].count("cannot be checked") == 1


def test_says_what_it_did_not_look_at(stage):
    """A database that lets nobody in, and one where there is no amcheck to be had."""
    stage.server.sql("CREATE DATABASE closed ALLOW_CONNECTIONS false")
    stage.server.sql("CREATE SCHEMA pgrunbook_drill")
    backup = stage.back_up()
    archive(stage)
    document = drill(stage)
    assert document["verdict"] == "proven"
    assert statuses(document, "session") == {"closed": "skipped"}
    assert statuses(document, "indexes") == {"postgres": "skipped", "template1": "ok"}
    assert "closed: it allows no connections" in document["reserve"]
    assert "postgres: no amcheck" in document["reserve"]
    assert "template0" not in document["reserve"]
    shown = stage.runbook("backup", "show", backup, "--json", *stage.options).expect(0)
    assert "closed: it allows no connections" in shown.out
    said = stage.runbook("backup", "drill", *stage.options, "--scratch", scratch(stage),
                         "--bindir", stage.bindir, "--no-rows").expect(0)
    assert "not all of it was looked at" in said.out
    assert "closed: it allows no connections" in said.err


def test_statements_have_one_session(stage):
    """Without a bound of time, and what one sets the next one finds."""
    stage.server.sql("ALTER DATABASE postgres SET statement_timeout = '7s'")
    stage.server.sql("ALTER DATABASE postgres SET lock_timeout = '7s'")
    stage.back_up()
    archive(stage)
    checks = checks_file(stage, r"""-- database: postgres
        SELECT current_setting('statement_timeout') = '0', current_setting('lock_timeout') = '0';
        SET work_mem = '77MB';
        CREATE TEMP TABLE seen AS SELECT 1 AS n;
        SELECT 1 / (n - n) FROM seen;
        SELECT current_setting('work_mem') = '77MB', E'it\'s' = 'it''s' FROM seen;
        SELECT pg_terminate_backend(pg_backend_pid());
        SELECT current_setting('work_mem') <> '77MB';
        -- database: template1
        SELECT current_database() = 'template1';""")
    document = drill(stage, "--no-amcheck", "--checks", checks, code=1)
    lines = [check["status"] for check in document["checks"] if check["name"].startswith("line")]
    assert lines == ["ok", "ok", "ok", "failed", "ok", "failed", "ok", "ok"]


def test_reads_the_statements_first(stage):
    """Before anything is restored: a restore takes hours."""
    stage.back_up()
    archive(stage)
    for checks, word in ((None, "none.sql"), ("SELECT 'a", "does not end"),
                         ("SELECT true;\n\\connect shop\n", "is a command of psql's"),
                         ("COPY t FROM STDIN;\n1\n\\.\n", "by psql only"),
                         # What stands behind the zero would never run.
                         ("SELECT true;\0SELECT false;", "zero byte, at byte 12")):
        file = stage.folder / "none.sql" if checks is None else checks_file(stage, checks)
        result = drill(stage, "--checks", file, code=2)
        assert word in result.err
        assert not scratch(stage).exists()
    checks = checks_file(stage, "-- name: later\n/* SELECT 1; */\n")
    result = start_drill(stage, "--no-amcheck", "--no-rows", "--checks", checks).wait(120).expect(0)
    assert "checks.sql has no statement" in result.err


def test_shows_what_it_cannot_keep(stage):
    """The repository is one that this account may only read."""
    stage.back_up()
    archive(stage)
    folders = [stage.repo, *(path for path in stage.repo.rglob("*") if path.is_dir())]
    modes = [folder.stat().st_mode for folder in folders]
    for folder in folders:
        folder.chmod(0o500)
    result = start_drill(stage).wait(120).expect(0)
    for folder, mode in zip(folders, modes):
        folder.chmod(mode)
    assert check_document(result.json, "backup.drill")["verdict"] == "proven"
    assert "could not be kept in the repository" in result.err
    assert proofs(stage) == ["unverified"]


@pytest.mark.skipif(os.geteuid() != 0, reason="NOT DONE: only root becomes another account")
def test_says_who_cannot_enter(stage):
    """As root, with a folder for temporary files that is root's alone."""
    stage.back_up()
    archive(stage)
    folder = stage.cluster.folder / "tmp"
    folder.mkdir(mode=0o700)
    home = stage.cluster.folder / "root"
    home.mkdir(mode=0o700)
    scratch(stage).mkdir()
    os.chown(scratch(stage), stage.repo.stat().st_uid, -1)
    result = Runbook(home)("backup", "drill", *stage.options, "--scratch", scratch(stage),
                           "--bindir", stage.bindir, env={"TMPDIR": str(folder)}).expect(4)
    assert f'cannot enter "{folder}"' in result.err and "TMPDIR" in result.err
    assert not result.out, "before anything is restored"
    assert not list(folder.iterdir())
