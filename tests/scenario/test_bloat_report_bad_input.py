"""Reports under difficulties: missing rights, locks, strange names, tables that go away, a
standby. There is always a report, or one clear error."""

import threading

import pytest
from support.bloat import (ROWS, configure, given_back, make_holes, make_orders, report,
                           text_of)
from support.servers import ENDS

versions = ENDS

# ---- rights ------------------------------------------------------------------------------------


def test_statistics_that_a_role_may_not_read(runbook, server, roles):
    reader = roles("reader")
    make_holes(server)
    make_holes(server, "open")
    server.sql(f"GRANT SELECT ON open TO {reader}")
    found = report(runbook, server, "-U", reader)
    assert found.bytes("open") is not None
    assert found.bytes("orders") is None and found.bytes("orders_pkey") is None
    assert found.reason("orders") == "this role may not read its statistics"
    assert found.not_visible == 1
    text = text_of(runbook, server, "-U", reader)
    grant = f'GRANT SELECT ON pg_catalog.pg_statistic TO "{reader}";'
    assert "1 table" in text and grant in text
    server.sql(grant)
    found = report(runbook, server, "-U", reader)
    assert found.not_visible == 0
    assert found.pct("orders") == report(runbook, server).pct("orders")
    assert "GRANT" not in text_of(runbook, server, "-U", reader)


def test_without_pg_read_all_stats(runbook, server, roles):
    """A role that owns its tables and is a member of nothing sees all there is."""
    owner = roles("owner")
    make_holes(server)
    make_orders(server, "locked", rows=100)
    server.sql(f"ALTER TABLE orders OWNER TO {owner}; ALTER TABLE locked OWNER TO {owner}")
    server.connect(application_name="nightly import").execute("BEGIN; LOCK TABLE locked")
    found = report(runbook, server, "-U", owner)
    assert found.pct("orders") == report(runbook, server).pct("orders")
    assert set(found.left_out) == {"locked"}
    assert "nightly import" in found.left_out["locked"]
    found = report(runbook, server, "-U", owner, "--method", "sample")
    assert found.method("orders") == "sample"


def test_sample_without_select(runbook, server, roles):
    reader = roles("reader")
    make_holes(server)
    make_holes(server, "open")
    server.sql(f"GRANT SELECT ON pg_statistic, open TO {reader};"
               f"GRANT TEMPORARY ON DATABASE {server.dbname} TO {reader}")
    by_estimate = report(runbook, server, "-U", reader)
    found = report(runbook, server, "-U", reader, "--method", "sample")
    assert found.method("open") == "sample"
    assert found.method("orders") == "estimate"
    assert found.bytes("orders") == by_estimate.bytes("orders")
    assert "SELECT" in found.reason("orders")


def test_sample_without_temporary_tables(runbook, server, roles):
    reader = roles("reader")
    make_holes(server)
    server.sql(f"GRANT SELECT ON orders TO {reader};"
               f"REVOKE TEMPORARY ON DATABASE {server.dbname} FROM PUBLIC")
    found = report(runbook, server, "-U", reader, "--method", "sample")
    assert found.method("orders") == "estimate"
    assert found.bytes("orders") == report(runbook, server).bytes("orders")
    assert "TEMPORARY" in found.reason("orders")


def test_sample_of_rows_that_are_hidden(runbook, server, roles):
    reader = roles("reader")
    make_holes(server)
    server.sql(f"GRANT SELECT ON orders TO {reader}; GRANT SELECT ON pg_statistic TO {reader};"
               "ALTER TABLE orders ENABLE ROW LEVEL SECURITY;"
               "CREATE POLICY few ON orders USING (id < 100)")
    found = report(runbook, server, "-U", reader, "--method", "sample")
    assert found.method("orders") == "estimate"
    assert "row security" in found.reason("orders")


def test_exact_without_the_extension(runbook, server):
    make_holes(server)
    result = runbook("bloat", "report", "--method", "exact", server=server).expect(4)
    assert "pgstattuple is not installed" in result.err
    assert "CREATE EXTENSION pgstattuple" in result.err
    assert result.out == ""


def test_exact_without_the_right(runbook, server, roles):
    reader = roles("reader")
    make_holes(server)
    server.sql(f"CREATE EXTENSION pgstattuple; GRANT SELECT ON orders TO {reader}")
    found = report(runbook, server, "-U", reader, "--method", "exact")
    assert found.method("orders") == "estimate"
    assert "pg_stat_scan_tables" in found.reason("orders")
    server.sql(f"GRANT pg_stat_scan_tables TO {reader}")
    assert report(runbook, server, "-U", reader, "--method", "exact").method("orders") == "exact"


# ---- locks -------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["estimate", "sample", "exact"])
def test_locked_table(runbook, server, method):
    """The report ends while the lock is held, and says who holds it."""
    make_holes(server)
    make_holes(server, "others")
    server.sql("CREATE EXTENSION pgstattuple")
    holder = server.connect(application_name="nightly import")
    holder.execute("BEGIN; LOCK TABLE orders")
    found = report(runbook, server, "--method", method)
    assert set(found.objects) == {"others", "others_pkey"}
    assert set(found.left_out) == {"orders"}
    assert "nightly import" in found.left_out["orders"]
    assert str(holder.info.backend_pid) in found.left_out["orders"]
    text = text_of(runbook, server, "--method", method)
    assert "Left out: public.orders" in text and "nightly import" in text
    assert report(runbook, server, "-t", "others").left_out == {}
    assert holder.info.transaction_status.name == "INTRANS"
    holder.execute("ROLLBACK")
    assert report(runbook, server).left_out == {}


# ---- tables that go away -------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["estimate", "sample", "exact"])
def test_dropped_in_mid_report(runbook, server, method):
    make_orders(server, rows=1000)
    server.sql("CREATE EXTENSION pgstattuple")
    connection, stop, turns = server.connect(), threading.Event(), []

    def churn():
        while not stop.is_set():
            connection.execute(
                "CREATE TABLE passing AS SELECT i AS id, md5(i::text) AS payload "
                "FROM generate_series(1, 2000) AS i;"
                "CREATE INDEX ON passing (id); ANALYZE passing")
            connection.execute("DROP TABLE passing")
            turns.append(1)

    thread = threading.Thread(target=churn)
    thread.start()
    try:
        for _ in range(12):
            found = report(runbook, server, "--method", method)
            assert "orders" in found.objects
    finally:
        stop.set()
        thread.join()
    assert len(turns) > 1


# ---- names -------------------------------------------------------------------------------------

STRANGE = ["UPPER", "two words", 'quo"te', "it's", "semi; DROP TABLE victim --", "new\nline",
           "tab\tin it", "🐘 emoji", "back\\slash", "dollar$$", "percent%s", "select", "*", "a.b",
           "x" * 63]


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


@pytest.mark.parametrize("method", ["estimate", "sample", "exact"])
def test_names_of_every_kind(runbook, server, method):
    server.sql("CREATE TABLE victim (); CREATE EXTENSION pgstattuple")
    server.sql('CREATE SCHEMA "a ""schema"".x"')
    for name in STRANGE:
        full = f'"a ""schema"".x".{quoted(name)}'
        server.sql(f"CREATE TABLE {full} (id int, {quoted(name)} text)")
        server.sql(f"INSERT INTO {full} SELECT i, md5(i::text) FROM generate_series(1, 2000) AS i")
        server.sql(f"CREATE INDEX ON {full} ({quoted(name)})")
        server.sql(f"DELETE FROM {full} WHERE id % 2 <> 0")
        server.sql(f"VACUUM (TRUNCATE OFF, ANALYZE) {full}")
    server.settle_stats()
    found = report(runbook, server, "--method", method, "--worst", 1000,
                   "-n", '"a ""schema"".x"')
    tables = {item["name"]: item for item in found.document["objects"]
              if item["kind"] == "table"}
    assert set(tables) == set(STRANGE)
    for item in tables.values():
        assert item["schema"] == 'a "schema".x'
        assert item["method"] == method, item
        assert 35 < item["reclaimable_pct"] < 60, item
    for format_name in ("table", "csv", "markdown"):
        text_of(runbook, server, "-v", "--format", format_name, "--method", method)
    assert server.value("SELECT count(*) FROM pg_class WHERE relname = 'victim'") == 1


@pytest.mark.parametrize("version", [15])
@pytest.mark.parametrize("name", STRANGE)
def test_a_name_as_it_is_selects_its_table(runbook, server, name):
    make_orders(server, quoted(name), rows=100)
    make_orders(server, "other", rows=100)
    found = report(runbook, server, "--table", quoted(name))
    assert [item["name"] for item in found.document["objects"]
            if item["kind"] == "table"] == [name]


def test_names_of_tables_left_out_stay_on_their_line(runbook, server):
    server.sql('CREATE TABLE "new\nline" ()')
    server.connect().execute('BEGIN; LOCK TABLE "new\nline"')
    lines = text_of(runbook, server).splitlines()
    assert sum("Left out" in line for line in lines) == 1
    assert not any(line.startswith("line") for line in lines)


@pytest.mark.parametrize("version", [15])
@pytest.mark.parametrize("option, name, nearest", [
    ("--table", "ordres", '"orders"'), ("--table", "public.nothing_like_it", ""),
    ("--schema", "pubilc", '"public"'), ("--table", "", ""), ("--table", '"Orders"', ""),
    ("--table", "pg_class", "")])
def test_a_name_that_is_not_there(runbook, server, option, name, nearest):
    make_orders(server, rows=100)
    result = runbook("bloat", "report", option, name, server=server).expect(2)
    assert f'"{name}"' in result.err and nearest in result.err
    assert result.err.count("error: ") == 1
    assert result.out == ""


@pytest.mark.parametrize("version", [15])
@pytest.mark.parametrize("options, named", [
    (["--method", "guess"], "sample"), (["--budget", "much"], "--budget"),
    (["--budget", "-1MB", "--method", "sample"], "--budget"), (["--worst", "0"], "--worst"),
    (["--worst", "many"], "--worst")])
def test_options_that_make_no_sense(runbook, server, options, named):
    make_orders(server, rows=100)
    result = runbook("bloat", "report", *options, server=server).expect(2)
    assert named in result.err
    assert result.err.count("error: ") == 1
    assert result.out == ""


@pytest.mark.parametrize("version", [15])
def test_method_from_the_configuration(runbook, server):
    make_orders(server)
    options = configure(runbook, method="sample")
    assert report(runbook, server, *options).method("orders") == "sample"
    assert report(runbook, server, *options, "--method", "estimate").method("orders") == "estimate"


# ---- what the server is --------------------------------------------------------------------------


def test_standby(runbook, fresh_server):
    """Its catalogs are those of the primary. A sample needs temporary tables."""
    primary = fresh_server()
    make_holes(primary)
    standby = fresh_server.standby(primary)
    found = report(runbook, standby)
    assert found.pct("orders") == report(runbook, primary).pct("orders")
    sampled = report(runbook, standby, "--method", "sample")
    assert sampled.method("orders") == "estimate"
    assert sampled.bytes("orders") == found.bytes("orders")
    assert "standby" in sampled.reason("orders")


def test_after_a_crash(runbook, fresh_server):
    """The counters are gone; the catalogs still know the rows."""
    server = fresh_server()
    make_holes(server)
    before = report(runbook, server)
    server.cluster.crash()
    server.cluster.start()
    found = report(runbook, server)
    assert found.bytes("orders") == before.bytes("orders")
    assert found.objects["orders"]["live_rows"] == ROWS // 4
    assert abs(found.pct("orders") - given_back(server, "VACUUM (FULL) orders", "orders")) <= 5


def test_no_server_there(runbook):
    result = runbook("bloat", "report", "-h", "/nonexistent").expect(3)
    assert "/nonexistent" in result.err and result.out == ""
