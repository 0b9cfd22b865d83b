"""`bloat report --method exact`: pgstattuple on the worst, wherever it is installed."""

import pytest
from support.bloat_truth import quoted, report, truth
from support.servers import ENDS

versions = ENDS

SCHEMA = 'my "ext'


def fill(server, install=True):
    server.sql("""CREATE TABLE half (id int PRIMARY KEY, payload text);
        INSERT INTO half SELECT i, repeat('x', i % 70) FROM generate_series(1, 60000) AS i""")
    server.sql("DELETE FROM half WHERE id % 2 = 0")
    server.sql("VACUUM (ANALYZE) half")
    server.sql("""CREATE TABLE roomy (id int, n int) WITH (fillfactor = 60);
        INSERT INTO roomy SELECT i, i FROM generate_series(1, 40000) AS i""")
    server.sql("CREATE TABLE toasted (id int, body text)")
    server.sql("ALTER TABLE toasted ALTER body SET STORAGE EXTERNAL")
    server.sql("""INSERT INTO toasted SELECT i, repeat(md5(i::text), 250)
        FROM generate_series(1, 500) AS i""")
    server.sql("DELETE FROM toasted WHERE id % 5 <> 0")
    server.sql("CREATE TABLE small AS SELECT i FROM generate_series(1, 100) AS i")
    if install:
        server.sql(f"CREATE SCHEMA {quoted(SCHEMA)}")
        server.sql(f"CREATE EXTENSION pgstattuple SCHEMA {quoted(SCHEMA)}")
    server.settle_stats()


def test_not_installed(runbook, server):
    fill(server, install=False)
    result = runbook("bloat", "report", "--method", "exact", server=server).expect(4)
    assert "pgstattuple" in result.err and "CREATE EXTENSION pgstattuple" in result.err
    assert result.out == ""


def test_what_it_says_is_what_there_is_to_win(runbook, server):
    fill(server)
    said = report(runbook, server, "exact", "--worst", "100")
    true = truth(server)
    for name in ("half", "half_pkey", "roomy"):
        assert said[name]["method"] == "exact"
        assert abs(said[name]["reclaimable_pct"] - true[name]) < 3, name
    toast = next(item for item in said.values()
                 if item["kind"] == "toast" and item["table"] == "toasted")
    assert toast["method"] == "exact"
    assert abs(toast["reclaimable_pct"] - true[toast["name"]]) < 8


def test_only_the_worst(runbook, server):
    fill(server)
    said = report(runbook, server, "exact", "--worst", "1")
    exact = [name for name, item in said.items() if item["method"] == "exact"]
    assert len(exact) == 1 and exact != ["small"]


def test_budget(runbook, server):
    fill(server)
    server.sql("CREATE TABLE huge (id int, payload text)")
    server.sql("""INSERT INTO huge SELECT i, repeat('x', 500)
        FROM generate_series(1, 10000) AS i; DELETE FROM huge WHERE id % 2 = 0""")
    server.settle_stats()
    said = report(runbook, server, "exact", "--worst", "100", "--budget", "1MB")
    assert said["huge"]["method"] == "estimate" and "budget" in said["huge"]["reason"]
    assert said["small"]["method"] == "exact"


def test_a_table_that_is_all_visible_is_read_in_part(runbook, server):
    fill(server)
    server.sql("CREATE TABLE huge AS SELECT i, repeat('x', 500) AS pad "
               "FROM generate_series(1, 10000) AS i")
    server.sql("DELETE FROM huge WHERE i % 2 = 0")
    server.sql("VACUUM (ANALYZE) huge")
    server.settle_stats()
    said = report(runbook, server, "exact", "--worst", "100", "--budget", "1MB")["huge"]
    assert said["method"] == "exact"
    assert abs(said["reclaimable_pct"] - 50) < 5


def test_rights(runbook, server):
    fill(server)
    role = f"counter_{server.dbname}"
    server.sql(f"CREATE ROLE {role} LOGIN; GRANT USAGE ON SCHEMA {quoted(SCHEMA)} TO {role}")
    try:
        said = report(runbook, server, "exact", "-U", role)
        assert "pg_stat_scan_tables" in said["half"]["reason"]
        assert said["half"]["method"] == "estimate"
        server.sql(f"GRANT pg_stat_scan_tables TO {role}")
        assert report(runbook, server, "exact", "-U", role)["half"]["method"] == "exact"
    finally:
        server.sql(f"DROP OWNED BY {role}; DROP ROLE {role}")


@pytest.mark.parametrize("kind", ["oid", "bigint", "text"])
def test_functions_beside_the_extension_are_not_run(runbook, server, kind):
    fill(server)
    if kind == "text":
        server.sql("CREATE SCHEMA other")
    schema = "other" if kind == "text" else quoted(SCHEMA)
    server.sql(f"""CREATE FUNCTION {schema}.pgstattuple({kind}, OUT tuple_count bigint)
        LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'run by %', session_user; END $$""")
    assert report(runbook, server, "exact")["half"]["method"] == "exact"


def test_a_lock_is_not_waited_for(runbook, server):
    """Another session's lock is not waited for."""
    fill(server)
    blocker = server.connect()
    blocker.execute("BEGIN; LOCK TABLE roomy IN ACCESS EXCLUSIVE MODE")
    said = report(runbook, server, "exact", "--worst", "100")
    assert "roomy" not in said or said["roomy"]["method"] == "estimate"
    assert said["half"]["method"] == "exact"
