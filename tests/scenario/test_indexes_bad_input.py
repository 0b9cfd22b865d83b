"""What goes wrong beside the work of `indexes report`: roles that may do little, names of every
kind, tables that vanish, kinds of tables it has nothing to say of, and our own files."""

import sqlite3
from contextlib import closing

import pytest
from support.indexes import (CANDIDATE, DUPLICATE, UNUSED, YOUNG, drop, exists, let_days_pass,
                             make_orders, observed, psql, refused, report, scan, start_building)
from support.program import REPOSITORY
from support.servers import ENDS

versions = ENDS

# ---- roles -----------------------------------------------------------------------------------


@pytest.fixture
def visitor(server):
    """A role that may log in, and nothing else."""
    role = f"{server.dbname}_visitor"
    server.sql(f"CREATE ROLE {role} LOGIN")
    yield role
    server.sql(f"DROP OWNED BY {role}; DROP ROLE {role}")


def test_a_role_that_may_read_no_table(runbook, server, visitor):
    """Catalogs and counters are everybody's: it sees what the superuser sees."""
    make_orders(server, {"orders_day": "(day)", "orders_day_too": "(day)"})
    server.sql("CREATE SCHEMA closed; CREATE TABLE closed.items (ord int REFERENCES orders);"
               "CREATE INDEX items_twice ON closed.items ((ord + 1)) WHERE ord > 1;"
               f"REVOKE ALL ON orders, closed.items FROM PUBLIC")
    mine = observed(runbook, server)
    theirs = report(runbook, server, "--evidence", 0, "-U", visitor)
    for found in (mine, theirs):
        for entry in found.document["indexes"]:
            for finding in entry["findings"]:
                finding.pop("reason")  # it says since when
    assert theirs.document["indexes"] == mine.document["indexes"]
    assert theirs.verdict("orders_day") == CANDIDATE
    assert theirs.finding("items_twice", UNUSED)["undo_sql"] is not None


def test_a_role_that_may_not_see_who_is_attached(runbook, fresh_server):
    """A standby it can see only the row of counts as one."""
    primary = fresh_server()
    fresh_server.standby(primary)
    primary.sql("CREATE ROLE visitor LOGIN")
    make_orders(primary, {"orders_day": "(day)"})
    found = observed(runbook, primary, "-U", "visitor")
    assert found.verdict("orders_day").startswith("unknown: a standby is attached")


def test_a_role_may_not_drop(runbook, server, visitor):
    make_orders(server, {"orders_day": "(day)"})
    failed = drop(runbook, server, "orders_day", "--force", "-U", visitor, code=1)
    assert "must be owner" in failed.index["detail"]
    assert exists(server, "orders_day")


# ---- names -----------------------------------------------------------------------------------

STRANGE = ["UPPER", "two words", 'quo"te', "it's", "semi; DROP TABLE victim --", "new\nline",
           "tab\tin it", "🐘 emoji", "back\\slash", "dollar$$", "percent%s", "select", "*", "a.b",
           "größe", "x" * 63]


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


def test_names_of_every_kind(runbook, server):
    """Schema, table, index and column: what is printed drops just that index, and brings it
    back; the text is fit to be pasted as well."""
    schema = 'sch"e ma.'
    server.sql(f"CREATE TABLE victim (a int); CREATE SCHEMA {quoted(schema)}")
    for name in STRANGE:
        table = f"{quoted(schema)}.{quoted(name)}"
        column = quoted(name)
        server.sql(f"CREATE TABLE {table} ({column} text);"
                   f"CREATE INDEX {quoted('i' + name[:62])} ON {table} ({column})")
    indexes = {"i" + name[:62] for name in STRANGE}
    found = observed(runbook, server)
    assert found.verdicts() == dict.fromkeys(indexes, CANDIDATE)
    assert {entry["table"] for entry in found.indexes.values()} == set(STRANGE)
    assert {entry["schema"] for entry in found.indexes.values()} == {schema}

    text = runbook("indexes", "report", "--evidence", 0, server=server).expect(0).out
    psql(server, "".join(finding["drop_sql"] + ";\n" for finding in candidates(found)))
    assert not any(exists(server, name) for name in indexes)
    psql(server, "".join(finding["undo_sql"] + ";\n" for finding in candidates(found)))
    assert all(exists(server, name) for name in indexes)
    assert server.value("SELECT count(*) FROM pg_class WHERE relname = 'victim'") == 1
    assert text.count("DROP INDEX CONCURRENTLY") == len(STRANGE)


def candidates(found):
    return [found.finding(name, UNUSED) for name in found.verdicts()]


@pytest.mark.parametrize("version", [15])
@pytest.mark.parametrize("name", STRANGE)
def test_a_name_as_it_is_selects(runbook, server, name):
    server.sql(f"CREATE TABLE {quoted(name)} (a int); CREATE TABLE other (a int);"
               f"CREATE INDEX {quoted('i' + name[:62])} ON {quoted(name)} (a);"
               "CREATE INDEX other_i ON other (a)")
    found = report(runbook, server, "--table", quoted(name))
    assert {entry["table"] for entry in found.indexes.values()} == {name}
    assert set(found.indexes) == {"i" + name[:62]}
    drop(runbook, server, quoted("i" + name[:62]), "--force")
    assert set(report(runbook, server).indexes) == {"other_i"}


@pytest.mark.parametrize("version", [15])
@pytest.mark.parametrize("option, name, nearest", [
    ("--table", "ordres", '"orders"'), ("--table", "public.nothing_like_it", ""),
    ("--schema", "pubilc", '"public"'), ("--table", "", ""), ("--table", '"Orders"', "")])
def test_a_name_that_is_not_there(runbook, server, option, name, nearest):
    make_orders(server)
    result = runbook("indexes", "report", option, name, server=server).expect(2)
    assert f'"{name}"' in result.err and nearest in result.err and result.out == ""


# ---- kinds of tables -------------------------------------------------------------------------


def test_no_tables_at_all(runbook, server):
    found = observed(runbook, server)
    assert found.document["indexes"] == [] and found.left_out == {}
    for form in ("table", "csv", "markdown"):
        runbook("indexes", "report", "--format", form, server=server).expect(0)
    assert "0 indexes: 0 to drop" in runbook("indexes", "report", server=server).out
    error = refused(runbook, server, "anything", code=2)
    assert '"anything"' in error


def test_temporary_unlogged_foreign_and_the_like(runbook, server):
    """Temporary tables are their session's business; a view and a foreign table have none."""
    session = server.connect()
    session.execute("CREATE TEMPORARY TABLE mine (a int); CREATE INDEX mine_a ON mine (a)")
    server.sql("""CREATE UNLOGGED TABLE quick (a int, b text); CREATE INDEX quick_a ON quick (a);
        CREATE MATERIALIZED VIEW sums AS SELECT count(*) AS a FROM quick;
        CREATE INDEX sums_a ON sums (a);
        CREATE FOREIGN DATA WRAPPER nothing; CREATE SERVER nowhere FOREIGN DATA WRAPPER nothing;
        CREATE FOREIGN TABLE far (a int) SERVER nowhere; CREATE VIEW seen AS SELECT * FROM far;
        CREATE TABLE wide (b text); INSERT INTO wide SELECT repeat('x', 10)""")
    found = observed(runbook, server)
    assert found.verdicts() == {"quick_a": CANDIDATE, "sums_a": CANDIDATE}, "no TOAST either"
    assert set(found.indexes) == {"quick_a", "sums_a"}


def test_a_foreign_partition(runbook, server):
    server.sql("""CREATE FOREIGN DATA WRAPPER nothing;
        CREATE SERVER nowhere FOREIGN DATA WRAPPER nothing;
        CREATE TABLE events (a int, b int) PARTITION BY RANGE (a);
        CREATE TABLE near PARTITION OF events FOR VALUES FROM (0) TO (10);
        CREATE FOREIGN TABLE far PARTITION OF events FOR VALUES FROM (10) TO (20) SERVER nowhere;
        CREATE INDEX whole ON events (b)""")
    assert observed(runbook, server).verdicts() == {
        "whole": CANDIDATE, "near_b_idx": "keep: part of partitioned index whole"}


def test_indexes_of_extensions_and_catalogs_are_not_ours(runbook, server):
    server.sql("CREATE TABLE orders (id int PRIMARY KEY)")
    found = report(runbook, server)
    assert {entry["schema"] for entry in found.indexes.values()} == {"public"}


# ---- tables that vanish ----------------------------------------------------------------------


def test_tables_come_and_go(runbook, server):
    """Made, indexed, renamed and dropped while reports are made: every report ends well."""
    make_orders(server, {"orders_day": "(day)"})
    fleeting = ["CREATE TABLE t (a int PRIMARY KEY, b int REFERENCES t)",
                "CREATE INDEX t_b ON t (b)", "CREATE INDEX t_b_too ON t (b)",
                "ALTER TABLE t RENAME TO u", "DROP INDEX t_b", "DROP TABLE u"]
    schema = ["CREATE SCHEMA s", "CREATE TABLE s.t (a int)", "CREATE INDEX ON s.t (a)",
              "DROP SCHEMA s CASCADE"]
    reports = 0
    while reports < 5:
        busy = [start_building(server, *fleeting * 60), start_building(server, *schema * 60)]
        while any(process.poll() is None for process in busy):
            found = report(runbook, server, "--evidence", 0)
            assert "orders_day" in found.indexes
            assert found.verdict("orders_pkey") == "keep: primary key"
            runbook("check", server=server).expect(0, 1)
            reports += 1
        assert [process.returncode for process in busy] == [0, 0]


# ---- our own files ---------------------------------------------------------------------------


@pytest.mark.parametrize("version", [15])
@pytest.mark.parametrize("kind", ["garbage", "of another program", "a missing place"])
def test_a_history_that_cannot_be_used(runbook, server, kind):
    """The report comes; without a memory every sample is the first."""
    make_orders(server, {"orders_day": "(day)", "orders_day_too": "(day)"})
    file = runbook.history
    if kind == "a missing place":
        file.parent.parent.mkdir()
        file.parent.write_text("a file where the folder should be")
    else:
        file.parent.mkdir(parents=True)
        if kind == "garbage":
            file.write_bytes(b"this is not a database, but long enough to look like one " * 100)
        else:
            with closing(sqlite3.connect(file)) as other:
                other.execute("CREATE TABLE recipes (name text)")
    before = file.read_bytes() if file.is_file() else None
    for _ in range(2):
        found = report(runbook, server, "--evidence", 0)
        assert found.verdict("orders_day").startswith("unknown: observed for ")
        assert found.verdict("orders_day_too", DUPLICATE) == CANDIDATE
        assert found.nodes["primary"]["samples"] == 1
        assert "warning" in found.err and str(runbook.history.parent) in found.err
    if before is not None:
        assert file.read_bytes() == before, "left as it was found"


@pytest.mark.parametrize("version", [15])
def test_a_history_that_is_full(runbook, server):
    make_orders(server, {"orders_day": "(day)"})
    found = report(runbook, server, "--state", "/dev/full")
    assert found.verdict("orders_day") == YOUNG
    assert "/dev/full" in found.err


@pytest.mark.parametrize("version", [15])
def test_a_history_of_a_newer_version(runbook, server):
    make_orders(server, {"orders_day": "(day)"})
    report(runbook, server)
    with closing(sqlite3.connect(runbook.history)) as history:
        history.execute("PRAGMA user_version = 9999")
    before = runbook.history.read_bytes()
    found = report(runbook, server)
    assert found.verdict("orders_day") == YOUNG and "newer" in found.err
    assert runbook.history.read_bytes() == before


@pytest.mark.parametrize("version", [15])
def test_a_history_of_an_older_version(runbook, server):
    """Brought up to date by the first report; from then on samples are kept."""
    make_orders(server, {"orders_day": "(day)"})
    report(runbook, server)
    make_first_version(runbook)
    assert report(runbook, server).err == ""
    let_days_pass(runbook, 31)
    assert report(runbook, server).verdict("orders_day") == CANDIDATE


def make_first_version(runbook):
    """The history as the first migration alone makes it, empty."""
    first = (REPOSITORY / "src/core/store/sql/migrations/001_history.sql").read_text("utf-8")
    with closing(sqlite3.connect(runbook.history)) as history:
        identity = history.execute("PRAGMA application_id").fetchone()[0]
    for file in runbook.history.parent.iterdir():
        file.unlink()
    with closing(sqlite3.connect(runbook.history)) as history:
        history.executescript(first)
        history.execute(f"PRAGMA application_id = {identity}")
        history.execute("PRAGMA user_version = 1")


@pytest.mark.parametrize("version", [15])
@pytest.mark.parametrize("text, named", [
    ("indexes.evidence = soon\n", "soon"), ("indexes.evidense = 3d\n", "indexes.evidence"),
    ("indexes.min_size = -1\n", "-1"), ("indexes.bloat_fraction = 130%\n", "130%")])
def test_broken_settings(runbook, server, text, named):
    file = runbook.home / "broken.conf"
    file.write_text(f"[pgrunbook]\n{text}")
    result = runbook("indexes", "report", "--config", file, server=server).expect(2)
    assert named in result.err and result.out == ""


def test_counters_are_switched_off(runbook, fresh_server):
    """Nothing is counted, so nothing is known of use; the time does not count later either."""
    server = fresh_server(track_counts=False)
    server.sql("CREATE TABLE orders (a int); CREATE INDEX orders_a ON orders (a)")
    report(runbook, server)
    let_days_pass(runbook, 40)
    off = "unknown: the primary counts nothing, track_counts is off"
    found = report(runbook, server)
    assert found.verdict("orders_a") == off
    assert found.nodes["primary"]["seen"] is False
    assert "warning: the primary counts nothing, track_counts is off" in found.err
    server.sql("ALTER SYSTEM SET track_counts = on")
    server.sql("SELECT pg_reload_conf()")
    assert (report(runbook, server).verdict("orders_a") ==
            "unknown: the counters of the primary were reset")
    let_days_pass(runbook, 40)
    assert report(runbook, server).verdict("orders_a") == CANDIDATE
