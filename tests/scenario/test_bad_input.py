"""What goes wrong before or beside the work: one clear error with a hint, the documented exit
code, and nothing changed; what is broken on our side never stops the maintenance."""

import sqlite3

import pytest
from support.servers import ENDS, wait_until
from support.vacuum import (SLOW, configure, ended, last_run, make_dirty_tables, make_slow_table,
                            plan, run, start, step_of, times_analyzed, times_vacuumed, vacuuming)

versions = ENDS

COMMANDS = pytest.mark.parametrize("words", [["vacuum", "plan"], ["vacuum", "run", "--yes"]],
                                   ids=["plan", "run"])


def one_error(result):
    """The error and its hint: first line what happened, last line what to do."""
    lines = result.err.splitlines()
    assert lines[0].startswith("pgrunbook: error: ")
    assert sum(line.startswith("pgrunbook: error: ") for line in lines) == 1
    assert result.out == ""
    hints = [line for line in lines if "hint: " in line]
    assert len(hints) == 1, result.err
    return result.err


# ---- the server ------------------------------------------------------------------------------


@COMMANDS
def test_no_server_there(runbook, words):
    error = one_error(runbook(*words, "-h", "/nonexistent", "-p", "5432").expect(3))
    assert "/nonexistent" in error and "-h" in error
    error = one_error(runbook(*words, "-h", "127.0.0.1", "-p", "1").expect(3))
    assert "refused" in error


@COMMANDS
def test_no_such_database(runbook, server, words):
    error = one_error(runbook(*words, "no_such_database", server=server).expect(3))
    assert "no_such_database" in error and "psql -l" in error


def test_wrong_password(runbook, fresh_server):
    server = fresh_server(tcp=True, hba=["host all app 127.0.0.1/32 scram-sha-256"])
    server.sql("CREATE ROLE app LOGIN PASSWORD 'right'")
    where = ["-h", "127.0.0.1", "-p", server.cluster.port, "-U", "app", "-d", "postgres"]
    error = one_error(runbook("vacuum", "plan", *where, env={"PGPASSWORD": "wrong"}).expect(3))
    assert "password" in error and ".pgpass" in error
    assert "wrong" not in error
    error = one_error(runbook("vacuum", "plan", *where).expect(3))
    assert ".pgpass" in error
    runbook("vacuum", "plan", *where, env={"PGPASSWORD": "right"}).expect(0)


def test_not_admitted(runbook, fresh_server):
    server = fresh_server(hba=["local all outsider reject"])
    server.sql("CREATE ROLE outsider LOGIN")
    error = one_error(runbook("vacuum", "plan", "-U", "outsider", server=server).expect(3))
    assert "pg_hba.conf" in error


def test_standby(runbook, fresh_server):
    primary = fresh_server()
    standby = fresh_server.standby(primary)
    error = one_error(runbook("vacuum", "run", "--yes", server=standby).expect(4))
    assert "standby" in error and "primary" in error
    error = one_error(runbook("vacuum", "run", "--dry-run", server=standby).expect(4))
    runbook("check", server=standby).expect(0, 1)


@pytest.mark.parametrize("version", [13])
@COMMANDS
def test_server_that_is_too_old(runbook, server, words):
    error = one_error(runbook(*words, server=server).expect(4))
    assert "PostgreSQL 13" in error and "14" in error
    runbook("check", server=server).expect(3)


# ---- names -----------------------------------------------------------------------------------

STRANGE = ["UPPER", "two words", 'quo"te', "it's", "semi; DROP TABLE victim --", "new\nline",
           "tab\tin it", "🐘 emoji", "back\\slash", "dollar$$", "percent%s", "select", "*", "a.b",
           "x" * 63]


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


def test_names_of_every_kind(runbook, server):
    server.sql("CREATE TABLE victim ()")
    server.sql(f"CREATE SCHEMA {quoted(STRANGE[2])}")
    full = {name: f"{quoted(STRANGE[2])}.{quoted(name)}" for name in STRANGE}
    make_dirty_tables(server, **dict.fromkeys(full.values(), 200))
    report = run(runbook, server, "--schema", '"quo""te"')
    assert report.outcomes == dict.fromkeys(STRANGE, "done")
    assert {times_vacuumed(server, name) for name in list(full.values())[::4]} == {2}
    assert {table["dead_after"] for table in report.tables.values()} == {0}
    assert server.value("SELECT count(*) FROM pg_class WHERE relname = 'victim'") == 1
    assert {item["name"] for item in last_run(runbook)["objects"]} == set(STRANGE)
    runbook("vacuum", "plan", "-v", "-n", '"quo""te"', server=server).expect(0)


@pytest.mark.parametrize("version", [15])
@pytest.mark.parametrize("name", STRANGE)
def test_a_name_as_it_is_selects_its_table(runbook, server, name):
    make_dirty_tables(server, **{quoted(name): 200}, other=200)
    report = run(runbook, server, "--table", quoted(name))
    assert report.outcomes == {name: "done"}


@pytest.mark.parametrize("version", [15])
def test_database_and_role_of_every_kind(runbook, server):
    name = f'{server.dbname} "Ünï" \'x'
    server.sql(f"CREATE DATABASE {quoted(name)}")
    server.sql(f"CREATE ROLE {quoted(name)} SUPERUSER LOGIN")
    try:
        result = runbook("vacuum", "run", "--yes", "--json", "-U", name, "-d",
                         f"dbname='{name.replace(chr(39), chr(92) + chr(39))}'", server=server)
        assert result.expect(0).json["server"]["database"] == name
    finally:
        server.sql(f"DROP DATABASE {quoted(name)} WITH (FORCE)")
        server.sql(f"DROP ROLE {quoted(name)}")


@pytest.mark.parametrize("version", [15])
@pytest.mark.parametrize("option, name, nearest", [
    ("--table", "ordres", '"orders"'), ("--table", "public.nothing_like_it", ""),
    ("--schema", "pubilc", '"public"'), ("--table", "", ""), ("--table", '"Orders"', "")])
def test_a_name_that_is_not_there(runbook, server, option, name, nearest):
    make_dirty_tables(server, orders=1000)
    error = one_error(runbook("vacuum", "run", "--yes", option, name, server=server).expect(2))
    assert f'"{name}"' in error and nearest in error
    assert times_vacuumed(server, "orders") == 1


# ---- tables that change under our hands ------------------------------------------------------


def hold_up_batch(runbook, server):
    """A run that has its plan, one lane, and waits for a lock on the first table of its batch."""
    make_dirty_tables(server, first=20_000, second=1000, third=1000)
    session = server.connect(application_name="holds it up")
    session.execute("BEGIN; LOCK TABLE first, second, third")
    running = start(runbook, server, "-j", 1, *configure(runbook, lock_timeout="500ms"))
    wait_until(lambda: len(server.backends("pgrunbook vacuum")) > 1, what="the first look")
    return session, running


@pytest.fixture
def batch_held_up(runbook, server):
    return hold_up_batch(runbook, server)


def test_dropped_between_plan_and_run(runbook, server, batch_held_up):
    session, running = batch_held_up
    session.execute("DROP TABLE second; COMMIT")
    report = ended(running, 0)
    assert report.outcomes == {"first": "done", "second": "skipped", "third": "done"}
    assert "dropped" in report.reason("second")


def test_all_dropped(runbook, server, batch_held_up):
    session, running = batch_held_up
    session.execute("DROP TABLE first, second, third; COMMIT")
    report = ended(running, 0)
    assert set(report.outcomes.values()) == {"skipped"}


def test_renamed_between_plan_and_run(runbook, server, batch_held_up):
    """It is the table that was planned, whatever it is called."""
    session, running = batch_held_up
    session.execute("CREATE SCHEMA elsewhere; ALTER TABLE second SET SCHEMA elsewhere;"
                    "ALTER TABLE third RENAME TO renamed; COMMIT")
    report = ended(running, 0)
    assert report.outcomes == {"first": "done", "second": "done", "renamed": "done"}
    assert times_vacuumed(server, "renamed") == 2
    assert times_vacuumed(server, "elsewhere.second") == 2


def test_replaced_by_another_of_its_name(runbook, server):
    """A new table under the old name is not the one that was planned. VACUUM takes names only: in
    the instant between the last look and the statement one may change hands, so once more then."""
    for _ in range(3):
        session, running = hold_up_batch(runbook, server)
        session.execute("DROP TABLE second; CREATE TABLE second (id int); COMMIT")
        report = ended(running, 0)
        if report.outcomes["second"] == "skipped":
            break
        session.execute("DROP TABLE first, second, third")
    assert report.outcomes == {"first": "done", "second": "skipped", "third": "done"}
    assert times_analyzed(server, "second") == 0


def test_dropped_while_its_batch_runs(runbook, server):
    """One statement for many tables has begun; those behind the first disappear."""
    names = [f"table_{number}" for number in range(8)]
    make_slow_table(server, *names, pages=30)
    running = start(runbook, server, "-j", 1, *configure(runbook, **SLOW))
    at_work = wait_until(lambda: next((name for name in names if vacuuming(server, name)), None))
    others = [name for name in names if name != at_work]
    server.sql(f"DROP TABLE {', '.join(others)}")
    report = ended(running, 0)
    assert report.outcomes == {at_work: "done", **dict.fromkeys(others, "skipped")}
    assert {report.reason(name) for name in others} == {"dropped since it was planned"}


def test_damaged_table(runbook, server):
    """One table's failure never stops the others."""
    make_dirty_tables(server, broken=1000, first=1000, second=1000)
    server.sql("CREATE FUNCTION fails(text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS "
               "$$ BEGIN RETURN $1; END $$")
    server.sql("CREATE INDEX ON broken (fails(payload))")
    server.sql("CREATE OR REPLACE FUNCTION fails(text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS "
               "$$ BEGIN RAISE 'the index of broken is broken'; END $$")
    report = run(runbook, server, "-j", 1, code=5)
    assert report.outcomes == {"broken": "failed", "first": "done", "second": "done"}
    assert "the index of broken is broken" in report.reason("broken")
    assert step_of(last_run(runbook), "broken")["outcome"] in ("done", "failed")


# ---- our own files ---------------------------------------------------------------------------


@pytest.mark.parametrize("version", [15])
@pytest.mark.parametrize("text, named", [
    ("[pgrunbook]\nvacuum.windwo = 2h\n", "vacuum.window"),
    ("[pgrunbok]\nvacuum.window = 2h\n", "pgrunbook"),
    ("[pgrunbook]\nvacuum.window = soon\n", "soon"),
    ("[pgrunbook]\nvacuum.jobs = 1000\n", "64"),
    ("vacuum.window = 2h\n", "[pgrunbook]"),
    ("[pgrunbook\n", "")])
def test_broken_configuration(runbook, server, text, named):
    make_dirty_tables(server, orders=1000)
    file = runbook.home / "broken.conf"
    file.write_text(text)
    result = runbook("vacuum", "run", "--yes", "--config", file, server=server).expect(2)
    assert str(file) in result.err and named in result.err
    assert result.out == ""
    assert times_vacuumed(server, "orders") == 1


def damage(kind, file):
    file.parent.mkdir(parents=True, exist_ok=True)
    if kind == "garbage":
        file.write_bytes(b"this is not a database, but long enough to look like one " * 100)
    elif kind == "of another program":
        with sqlite3.connect(file) as connection:
            connection.execute("CREATE TABLE recipes (name text)")
        connection.close()
    elif kind == "a folder":
        file.mkdir()
    elif kind == "a missing place":
        file.parent.rmdir()
        file.parent.write_text("a file where the folder should be")


@pytest.mark.parametrize("kind", ["garbage", "of another program", "a folder",
                                  "a missing place"])
@pytest.mark.parametrize("version", [15])
def test_history_that_cannot_be_written(runbook, server, kind):
    """The maintenance runs all the same, and says that its evidence is lost."""
    make_dirty_tables(server, orders=1000)
    damage(kind, runbook.history)
    before = runbook.history.read_bytes() if runbook.history.is_file() else None
    result = runbook("vacuum", "run", "--yes", "--json", "-n", "public", server=server).expect(0)
    assert result.json["outcome"] == "done"
    assert str(runbook.history.parent) in result.json["evidence_lost"]
    assert "warning" in result.err and str(runbook.history.parent) in result.err
    assert times_vacuumed(server, "orders") == 2
    if before is not None:
        assert runbook.history.read_bytes() == before, "left as it was found"


@pytest.mark.parametrize("version", [15])
def test_history_that_is_full(runbook, server):
    """As on a full disk: the file has come to its limit in the middle of a run."""
    make_dirty_tables(server, orders=1000)
    run(runbook, server)
    server.sql("UPDATE orders SET payload = 'again'")
    result = runbook("vacuum", "run", "--yes", "--json", "-n", "public", "--state",
                     "/dev/full", server=server).expect(0)
    assert result.json["outcome"] == "done"
    assert "/dev/full" in result.json["evidence_lost"]


@pytest.mark.parametrize("version", [15])
def test_plan_does_without_a_history(runbook, server):
    make_dirty_tables(server, orders=1000)
    damage("garbage", runbook.history)
    assert plan(runbook, server).actions["orders"] == "vacuum_analyze"
