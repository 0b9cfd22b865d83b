"""`bloat report --method sample`: numbers from a few blocks, packed anew in a temporary copy, and
nothing left behind."""

import pytest
from support.bloat_truth import quoted, report, truth
from support.servers import ENDS, wait_until

versions = ENDS

BLOCK = 8192

# Each half empty in a way of its own: {t} is the table's name.
TABLES = {
    "plain": ["CREATE TABLE {t} (id int PRIMARY KEY, payload text)",
              "INSERT INTO {t} SELECT i, repeat('x', i % 90) FROM generate_series(1, 60000) i",
              "DELETE FROM {t} WHERE id % 5 < 3"],
    "front": ["CREATE TABLE {t} (id int, code int, note text)",
              "CREATE INDEX ON {t} (code)",
              "INSERT INTO {t} SELECT i, i % 40, 'note ' || i FROM generate_series(1, 60000) i",
              "DELETE FROM {t} WHERE id < 35000"],
    "roomy": ["CREATE TABLE {t} (id bigint, flag bool, at timestamptz) WITH (fillfactor = 60)",
              "CREATE INDEX ON {t} (at) WHERE flag",
              "INSERT INTO {t} SELECT i, i % 3 = 0, now() + i * interval '1 s'"
              " FROM generate_series(1, 50000) i"],
    "odd": ["CREATE DOMAIN short AS text CHECK (length(VALUE) < 30)",
            "CREATE TABLE {t} (gone int, id int GENERATED ALWAYS AS IDENTITY, word short,"
            " list int[], twice int GENERATED ALWAYS AS (gone * 2) STORED, left_over float4)",
            "CREATE INDEX ON {t} (lower(word))",
            "INSERT INTO {t} (gone, word, list) SELECT i, nullif('w' || i % 700, 'w7'),"
            " ARRAY[i, i + 1, i] FROM generate_series(1, 40000) i",
            "ALTER TABLE {t} DROP COLUMN twice, DROP COLUMN gone, ADD COLUMN added int DEFAULT 4",
            "DELETE FROM {t} WHERE id % 2 = 0"],
    "wide": ["CREATE TABLE {t} (id int, body text)",
             "ALTER TABLE {t} ALTER body SET STORAGE EXTERNAL",
             "INSERT INTO {t} SELECT i, repeat(md5(i::text), 20 + i % 130)"
             " FROM generate_series(1, 2500) i",
             "DELETE FROM {t} WHERE id % 4 = 0"],
    "unlogged": ["CREATE UNLOGGED TABLE {t} (id int PRIMARY KEY)",
                 "INSERT INTO {t} SELECT generate_series(1, 60000)",
                 "UPDATE {t} SET id = -id WHERE id % 2 = 0"],
    "matview": ["CREATE MATERIALIZED VIEW {t} AS SELECT i AS id, 'row ' || i AS payload"
                " FROM generate_series(1, 30000) AS i"],
    "parted": ["CREATE TABLE {t} (id int, payload text) PARTITION BY RANGE (id)",
               "CREATE TABLE {t}_a PARTITION OF {t} DEFAULT WITH (fillfactor = 80)",
               "CREATE INDEX ON {t} (id)",
               "INSERT INTO {t} SELECT i, 'row ' || i FROM generate_series(1, 40000) AS i",
               "DELETE FROM {t} WHERE id % 10 <> 0"],
}


def fill(server, *names):
    for name in names or TABLES:
        for statement in TABLES[name]:
            server.sql(statement.format(t=name))
    server.settle_stats()


def temporary_relations(server):
    return server.value("SELECT count(*) FROM pg_class WHERE relpersistence = 't'")


def blocks_fetched(server):
    """Of tables, and of TOAST."""
    server.settle_stats()
    row, = server.sql("""SELECT coalesce(sum(heap_blks_read + heap_blks_hit), 0)::int8,
        coalesce(sum(toast_blks_read + toast_blks_hit), 0)::int8 FROM pg_statio_user_tables""")
    return row


# ---- the numbers -------------------------------------------------------------------------------


@pytest.mark.parametrize("budget, draws", [("4MB", 3), ("1GB", 1)], ids=["part", "whole"])
def test_what_it_says_is_what_there_is_to_win(runbook, server, budget, draws):
    """The margin holds in nine cases of ten, so one draw may be an unlucky one, but not two."""
    fill(server)
    drawn = [report(runbook, server, "sample", "--budget", budget) for _ in range(draws)]
    true = truth(server)
    assert {"plain", "plain_pkey", "parted_a", "wide", "matview"} <= set(drawn[0])
    assert {item["method"] for said in drawn for item in said.values()} == {"sample"}
    far = [(name, true[name], said[name]) for said in drawn for name in said
           if not near(said[name], true[name])]
    assert len(far) <= draws // 3, far
    errors = [abs(item["reclaimable_pct"] - true[name]) for said in drawn
              for name, item in said.items() if item["size_bytes"] > 32 * BLOCK]
    assert sum(errors) / len(errors) < (1 if budget == "1GB" else 6)


def near(item, true):
    """Within three margins; a page more or less is always possible."""
    page = 100 * BLOCK / max(1, item["size_bytes"])
    return abs(item["reclaimable_pct"] - true) <= 3 + 3 * item["margin_pct"] + page


def test_not_analyzed_and_statistics_lost(runbook, server):
    fill(server, "plain", "front")
    server.sql("SELECT pg_stat_reset()")
    server.settle_stats()
    said = report(runbook, server, "sample", "--budget", "2MB")
    true = truth(server)
    for name in ("plain", "front", "front_code_idx"):
        assert said[name]["method"] == "sample"
        assert abs(said[name]["reclaimable_pct"] - true[name]) < 3 + 3 * said[name]["margin_pct"]


def test_partial_index_whose_entries_are_rare(runbook, server):
    fill(server, "plain")
    server.sql("CREATE INDEX rare ON plain (payload) WHERE id = 1004")
    # The dice may hit the one block that has it, but not every time.
    tries = (report(runbook, server, "sample", "--budget", "1MB") for _ in range(20))
    said = next(said for said in tries if said["rare"]["method"] == "estimate")
    assert "none of its entries" in said["rare"]["reason"]
    assert said["plain"]["method"] == "sample"


def test_other_access_methods_only_where_the_table_was_read_whole(runbook, server):
    fill(server, "odd")
    server.sql("CREATE INDEX lists ON odd USING gin (list)")
    part = report(runbook, server, "sample", "--budget", "1MB")
    whole = report(runbook, server, "sample", "--budget", "1GB")
    assert part["odd"]["method"] == "sample" and part["lists"]["reclaimable_pct"] is None
    assert whole["lists"]["method"] == "sample"
    assert abs(whole["lists"]["reclaimable_pct"] - truth(server)["lists"]) < 2


# ---- what it costs -----------------------------------------------------------------------------


def test_budget_is_kept(runbook, server):
    fill(server, "plain", "front", "roomy", "wide")
    before = blocks_fetched(server)
    said = report(runbook, server, "sample", "--budget", "2MB")
    heap, toast = (now - then for now, then in zip(blocks_fetched(server), before))
    assert 0.5 * 256 < heap <= 256
    assert toast <= 2 * 256, "a block of it is asked for once a value: some again and again"
    assert said["plain"]["method"] == "sample"


def test_budget_for_some_tables_only(runbook, server):
    for number in range(12):
        server.sql(f"""CREATE TABLE t{number} AS SELECT i, repeat('x', 100) AS pad
            FROM generate_series(1, 4000) AS i; ANALYZE t{number}""")
    server.settle_stats()
    said = report(runbook, server, "sample", "--budget", "1MB")
    methods = [item["method"] for item in said.values() if item["kind"] == "table"]
    assert methods.count("sample") == 4  # of at least 30 blocks each
    late = [item for item in said.values()
            if item["kind"] == "table" and item["method"] == "estimate"]
    assert all("budget" in item["reason"] for item in late)


# ---- names, rights, places -----------------------------------------------------------------------


STRANGE = ["UPPER", "two words", 'quo"te', "it's", "semi; DROP TABLE victim --", "new\nline",
           "🐘", "back\\slash", "dollar$$", "percent%s", "select", "pgrunbook_copy", "x" * 63]


def test_names_of_every_kind(runbook, server):
    server.sql("CREATE TABLE victim (id int)")
    server.sql(f"CREATE SCHEMA {quoted(STRANGE[2])}")
    for name in STRANGE:
        table = f"{quoted(STRANGE[2])}.{quoted(name)}"
        server.sql(f"""CREATE TABLE {table} ({quoted(name)} int, {quoted("b " + name[:40])} text);
            INSERT INTO {table} SELECT i % 50, 'x' || i FROM generate_series(1, 9000) AS i""")
        server.sql(f"""CREATE INDEX {quoted("i " + name[:40])} ON {table}
            ({quoted(name)}) WHERE {quoted(name)} > 0""")
    server.settle_stats()
    said = report(runbook, server, "sample", "--schema", quoted(STRANGE[2]), "--budget", "4MB")
    for name in STRANGE:
        assert said[name]["method"] == "sample", said[name]
        assert said["i " + name[:40]]["method"] == "sample", said["i " + name[:40]]
    assert server.value("SELECT count(*) FROM pg_class WHERE relname = 'victim'") == 1


@pytest.fixture
def role(server):
    """A role of its own, dropped with all it has."""
    name = f"reader_{server.dbname}"
    server.sql(f"CREATE ROLE {name} LOGIN")
    yield name
    server.sql(f"DROP OWNED BY {name} CASCADE; DROP ROLE {name}")


def test_role_that_may_read(runbook, server, role):
    fill(server, "plain", "front")
    server.sql(f"GRANT SELECT ON plain TO {role}")
    said = report(runbook, server, "sample", "-U", role)
    assert said["plain"]["method"] == said["plain_pkey"]["method"] == "sample"
    assert said["front"]["method"] == "estimate"
    assert "SELECT" in said["front"]["reason"]


def test_role_that_may_not_make_temporary_tables(runbook, server, role):
    fill(server, "plain")
    server.sql(f"""GRANT SELECT ON plain TO {role};
        REVOKE TEMPORARY ON DATABASE {server.dbname} FROM PUBLIC""")
    said = report(runbook, server, "sample", "-U", role)
    assert said["plain"]["method"] == "estimate"
    assert "TEMPORARY" in said["plain"]["reason"]


def test_rows_that_a_policy_hides(runbook, server, role):
    fill(server, "plain")
    server.sql(f"""ALTER TABLE plain ENABLE ROW LEVEL SECURITY;
        CREATE POLICY p ON plain USING (id % 2 = 0); GRANT SELECT ON plain TO {role}""")
    said = report(runbook, server, "sample", "-U", role)
    assert said["plain"]["method"] == "estimate"
    assert "row security" in said["plain"]["reason"]
    assert report(runbook, server, "sample")["plain"]["method"] == "sample"


def test_functions_of_others_are_not_run(runbook, server, role):
    """Whoever owns a table could have its index run anything with the rights of the reader."""
    fill(server, "plain")
    server.sql(f"""CREATE SCHEMA lab AUTHORIZATION {role}; ALTER TABLE plain OWNER TO {role};
        GRANT CREATE ON SCHEMA public TO {role};
        CREATE FUNCTION lab.trap(text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN
            IF session_user <> '{role}' THEN
                RAISE EXCEPTION 'run by %', session_user;
            END IF;
            RETURN $1; END $$;
        ALTER FUNCTION lab.trap OWNER TO {role}""")
    with_role = server.connect(user=role)
    with_role.execute("CREATE INDEX trapped ON plain (lab.trap(payload))")
    with_role.execute("CREATE INDEX harmless ON plain (lower(payload))")
    server.settle_stats()
    said = report(runbook, server, "sample")
    assert said["trapped"]["method"] == "estimate" and "functions" in said["trapped"]["reason"]
    assert "run by" not in said["trapped"]["reason"]
    assert said["harmless"]["method"] == said["plain"]["method"] == "sample"
    assert report(runbook, server, "sample", "-U", role)["trapped"]["method"] == "sample"


def test_read_only_by_default(runbook, server):
    fill(server, "plain")
    server.sql(f"ALTER DATABASE {server.dbname} SET default_transaction_read_only = on")
    assert report(runbook, server, "sample")["plain"]["method"] == "sample"


def test_standby(runbook, fresh_server):
    primary = fresh_server()
    fill(primary, "plain")
    standby = fresh_server.standby(primary)
    wait_until(lambda: standby.value("SELECT to_regclass('plain') IS NOT NULL"))
    said = report(runbook, standby, "sample")
    assert said["plain"]["method"] == "estimate"
    assert "standby" in said["plain"]["reason"]


def test_without_counters(runbook, fresh_server):
    server = fresh_server(track_counts=False)
    for statement in TABLES["plain"] + TABLES["wide"]:
        table = "plain" if statement in TABLES["plain"] else "wide"
        server.sql(statement.format(t=table))
    said = report(runbook, server, "sample", "--budget", "3MB")
    true = truth(server)
    assert said["plain"]["method"] == "sample"
    assert abs(said["plain"]["reclaimable_pct"] - true["plain"]) < 12


# ---- nothing is left ---------------------------------------------------------------------------


def test_nothing_is_left(runbook, server):
    fill(server, "plain", "odd", "wide")
    relations = server.value("SELECT count(*) FROM pg_class")
    report(runbook, server, "sample")
    assert server.value("SELECT count(*) FROM pg_class") == relations


def test_ctrl_c_leaves_nothing(runbook, server):
    fill(server, "plain")
    server.sql("""CREATE FUNCTION slow(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS
        $$ BEGIN IF current_setting('application_name') LIKE 'pgrunbook%'
                 THEN PERFORM pg_sleep(0.05); END IF; RETURN $1; END $$;
        CREATE INDEX slowly ON plain (slow(id))""")
    server.settle_stats()
    running = runbook.start("bloat", "report", "--json", "--method", "sample", server=server)
    wait_until(lambda: server.sql("""SELECT 1 FROM pg_stat_activity WHERE state = 'active'
        AND application_name LIKE 'pgrunbook%' AND query LIKE 'CREATE INDEX%'"""),
               what="the index on the copy")
    assert temporary_relations(server) == 0  # of a transaction that nobody else sees
    running.interrupt()
    running.wait().expect(130)
    wait_until(lambda: not server.backends(), what="the end of the backend")
    assert temporary_relations(server) == 0


def test_one_that_cannot_be_sampled_costs_no_other(runbook, server):
    fill(server, "plain", "front")
    server.sql("""CREATE FUNCTION never(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS
        $$ BEGIN IF current_setting('application_name') LIKE 'pgrunbook%'
                 THEN RAISE EXCEPTION 'not today'; END IF; RETURN $1; END $$;
        CREATE INDEX broken ON plain (never(id))""")
    server.settle_stats()
    said = report(runbook, server, "sample")
    assert said["broken"]["method"] == "estimate" and "not today" in said["broken"]["reason"]
    for name in ("plain", "plain_pkey", "front", "front_code_idx"):
        assert said[name]["method"] == "sample"
