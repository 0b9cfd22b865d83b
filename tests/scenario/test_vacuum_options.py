"""What a DBA may ask of a run: which tables, what of it, how, and how it is shown."""

import os
import subprocess

import pytest
from golden.documents import check_document
from support.vacuum import (Report, make_dirty_tables, plan, run, times_analyzed, times_vacuumed)


# ---- which tables ----------------------------------------------------------------------------


@pytest.fixture
def two_schemas(server):
    server.sql("CREATE SCHEMA sales; CREATE SCHEMA archive")
    make_dirty_tables(server, **{"sales.orders": 1000, "sales.order_lines": 1000,
                                 "archive.orders": 1000, "archive.old_logs": 1000})


def chosen(runbook, server, *options):
    """The tables of a plan that are to be done, without the catalogs, as "schema.table"."""
    result = runbook("vacuum", "plan", "--json", *options, server=server).expect(0)
    document = check_document(result.json, "vacuum.plan")
    return {f"{table['schema']}.{table['table']}" for table in document["tables"]
            if table["action"] != "skip" and table["schema"] in ("sales", "archive")}


@pytest.mark.parametrize("version", [15])
def test_selecting(runbook, server, two_schemas):
    everything = {"sales.orders", "sales.order_lines", "archive.orders", "archive.old_logs"}
    for options, expected in (
            ([], everything),
            (["--table", "orders"], {"sales.orders", "archive.orders"}),
            (["-t", "sales.orders"], {"sales.orders"}),
            (["-t", "ORDERS"], {"sales.orders", "archive.orders"}),
            (["-t", "order*"], {"sales.orders", "sales.order_lines", "archive.orders"}),
            (["-t", "old_log?"], {"archive.old_logs"}),
            (["-t", "sales.orders", "-t", "old_logs"], {"sales.orders", "archive.old_logs"}),
            (["--schema", "sales"], {"sales.orders", "sales.order_lines"}),
            (["-n", "sales", "-n", "archive"], everything),
            (["-n", "a*"], {"archive.orders", "archive.old_logs"}),
            (["--exclude-table", "orders"], {"sales.order_lines", "archive.old_logs"}),
            (["-T", "archive.*"], {"sales.orders", "sales.order_lines"}),
            (["--exclude-schema", "archive"], {"sales.orders", "sales.order_lines"}),
            (["-n", "sales", "-T", "*lines"], {"sales.orders"}),
            (["-N", "no_such_schema"], everything)):
        assert chosen(runbook, server, *options) == expected, options


@pytest.mark.parametrize("version", [15])
def test_what_is_not_selected_says_so(runbook, server, two_schemas):
    planned = plan(runbook, server, "-t", "sales.orders")
    assert planned.reason("old_logs") == "not selected"


@pytest.mark.parametrize("version", [15])
def test_excluded_by_configuration(runbook, server, two_schemas):
    file = runbook.home / "one.conf"
    file.write_text("[pgrunbook]\nvacuum.exclude_tables = archive.orders\n"
                    "vacuum.exclude_schemas = sales\n")
    assert chosen(runbook, server, "--config", file) == {"archive.old_logs"}


# ---- what is done to them --------------------------------------------------------------------


def test_analyze_only(runbook, server):
    server.make_dead_rows("orders", rows=1000)
    report = run(runbook, server, "--analyze-only")
    assert report.actions == {"orders": "analyze"}
    assert report.tables["orders"]["dead_after"] > 0
    assert (times_vacuumed(server, "orders"), times_analyzed(server, "orders")) == (1, 2)


def test_freeze(runbook, server):
    server.make_table("orders", rows=1000)
    server.make_table("others", rows=1000)
    server.burn_xids(1000)
    server.settle_stats()

    def age(table):
        return server.value("SELECT age(relfrozenxid) FROM pg_class WHERE relname = %s", [table])

    assert age("orders") > 1000
    assert run(runbook, server).outcomes == {}, "nothing is due"
    report = run(runbook, server, "--freeze", "--table", "orders")
    assert report.outcomes["orders"] == "done"
    assert age("orders") < 100
    assert age("others") > 1000


def test_lanes(runbook, server):
    """Four lanes, four tables: all done, none twice."""
    names = [f"table_{number}" for number in range(12)]
    make_dirty_tables(server, **dict.fromkeys(names, 500))
    report = run(runbook, server, "-j", 4)
    assert report.outcomes == dict.fromkeys(names, "done")
    assert {times_vacuumed(server, name) for name in names[::4]} == {2}


# ---- before anything is changed --------------------------------------------------------------


def psql(server, script):
    environment = {**os.environ, **server.environment}
    return subprocess.run(["psql", "-X", "-v", "ON_ERROR_STOP=1", "-f", "-"], input=script,
                          env=environment, capture_output=True, text=True)


def test_dry_run_is_a_script_that_psql_runs(runbook, server):
    server.sql('CREATE SCHEMA "Crazy ""Schema"""')
    strange = '''"Crazy ""Schema"""."it's; a\n\\table"'''
    make_dirty_tables(server, orders=1000, **{strange: 1000})
    server.sql("CREATE TABLE parts (id int) PARTITION BY HASH (id);"
               "CREATE TABLE parts_1 PARTITION OF parts FOR VALUES WITH (MODULUS 1, REMAINDER 0)")
    script = runbook("vacuum", "run", "--dry-run", server=server).expect(0).out
    assert "VACUUM (" in script and "lock_timeout" in script
    assert times_vacuumed(server, "orders") == 1, "the dry run changed nothing"
    assert not runbook.history.exists()

    done = psql(server, script)
    assert done.returncode == 0, done.stderr
    assert times_vacuumed(server, "orders") == 2
    server.settle_stats()
    assert server.dead_rows("orders") == 0 and server.dead_rows(strange) == 0
    assert times_analyzed(server, "parts") == 1


@pytest.mark.parametrize("version", [14, 18])
def test_dry_run_as_a_document(runbook, server):
    """The same plan for programs, with the statements."""
    server.make_dead_rows("orders", rows=1000)
    script = runbook("vacuum", "run", "--dry-run", "-n", "public", server=server).expect(0).out
    result = runbook("vacuum", "run", "--dry-run", "--json", "-n", "public", server=server)
    document = check_document(result.expect(0).json, "vacuum.plan")
    assert [f"{step['sql']};" for step in document["steps"]] == \
        [line for line in script.splitlines() if line.startswith("VACUUM")]
    orders = next(table for table in document["tables"] if table["table"] == "orders")
    assert '"public"."orders"' in document["steps"][orders["step"] - 1]["sql"]


def test_without_a_terminal_it_takes_yes(runbook, server):
    server.make_dead_rows("orders", rows=1000)
    result = runbook("vacuum", "run", server=server).expect(2)
    assert "--yes" in result.err
    assert times_vacuumed(server, "orders") == 1


def test_nothing_to_do(runbook, server):
    server.make_table("orders", rows=1000)
    run(runbook, server, "--schema", "*")
    # The ANALYZE of all catalogs of a fresh database leaves something in just this one.
    report = run(runbook, server, "--schema", "*", "--exclude-table", "pg_statistic")
    assert (report.outcome, report.outcomes) == ("done", {})


# ---- what is shown ---------------------------------------------------------------------------


def test_echo_shows_the_sql_on_stderr(runbook, server):
    server.make_dead_rows("orders", rows=1000)
    result = runbook("vacuum", "run", "--yes", "--json", "--echo", "-n", "public", server=server)
    Report(result.expect(0).json, "vacuum.run")
    statements = [line for line in result.err.splitlines() if line.startswith("VACUUM")]
    assert any('"public"."orders"' in line for line in statements)
    assert "SELECT" in result.err


@pytest.mark.parametrize("version", [15])
def test_quiet_says_nothing_but_the_data(runbook, server):
    server.make_dead_rows("orders", rows=1000)
    result = runbook("vacuum", "run", "--yes", "-q", "-n", "public", server=server).expect(0)
    assert result.err == ""


@pytest.mark.parametrize("version", [15])
def test_for_people(runbook, server):
    server.make_dead_rows("orders", rows=1000)
    planned = runbook("vacuum", "plan", "-n", "public", server=server).expect(0).out
    assert "public.orders" in planned and "500 dead rows" in planned
    done = runbook("vacuum", "run", "--yes", "-n", "public", server=server).expect(0).out
    assert "1 tables done" in done or "1 table done" in done
    assert "history show 1" in done
    again = runbook("vacuum", "plan", "-n", "public", server=server).expect(0).out
    assert "public.orders" not in again


@pytest.mark.parametrize("version", [15])
@pytest.mark.parametrize("form", ["csv", "markdown"])
def test_other_formats(runbook, server, form):
    server.make_dead_rows("orders", rows=1000)
    for words in (["plan"], ["run", "--yes"]):
        shown = runbook("vacuum", *words, "-n", "public", f"--format={form}", server=server)
        header, *lines = shown.expect(0).out.splitlines()
        assert "reason" in header
        assert [line for line in lines if "public.orders" in line]


def test_documents(runbook, server):
    """Schemas hold for the catalogs and for tables of every kind as well."""
    server.make_dead_rows("orders", rows=1000)
    server.sql("CREATE TABLE parts (id int) PARTITION BY HASH (id)")
    server.sql("CREATE MATERIALIZED VIEW sums AS SELECT sum(id) FROM orders")
    planned = plan(runbook, server, "--schema", "*")
    assert {"orders", "parts", "sums", "pg_class"} <= set(planned.tables)
    assert planned.document["server"]["version_num"] // 10000 == server.version
    assert planned.document["server"]["database"] == server.dbname
    acts = [table for table in planned.tables.values() if table["order"]]
    assert sorted(table["order"] for table in acts) == list(range(1, len(acts) + 1))
    assert all(table["reason"] for table in planned.tables.values())

    report = run(runbook, server, "--schema", "*")
    assert set(report.tables) == {table["table"] for table in acts}
    assert report.outcomes["orders"] == "done"
    assert isinstance(report.document["run_id"], int)
    assert report.document["evidence_lost"] is None
