"""`pgrunbook bloat report`: how much of each table and index is air. Each number is held against
what VACUUM (FULL) or REINDEX then really gives back."""

import pytest
from support.bloat import (ROWS, given_back, make_holes, make_orders, report, rows_of,
                           settle, size, text_of)
from support.servers import ENDS, wait_until

versions = ENDS

NEAR = 5  # points


# ---- tables ------------------------------------------------------------------------------------


def test_deleted_and_vacuumed(runbook, server):
    make_holes(server)
    found = report(runbook, server)
    orders = found.objects["orders"]
    assert orders["size_bytes"] == size(server, "orders")
    assert (orders["live_rows"], orders["dead_rows"]) == (ROWS // 4, 0)
    assert orders["last_vacuum"] is not None and orders["last_autovacuum"] is None
    assert orders["method"] == "estimate" and "statistics" in orders["reason"]
    truth = given_back(server, "VACUUM (FULL, ANALYZE) orders", "orders")
    assert truth > 60
    assert abs(found.pct("orders") - truth) <= NEAR
    assert abs(found.pct("orders") - truth) <= orders["margin_pct"] + 1
    assert report(runbook, server).pct("orders") <= 2


def test_deleted_but_not_vacuumed(runbook, server):
    make_orders(server)
    server.sql("DELETE FROM orders WHERE id % 4 <> 0")
    server.settle_stats()
    found = report(runbook, server)
    orders = found.objects["orders"]
    assert (orders["live_rows"], orders["dead_rows"]) == (ROWS // 4, ROWS // 4 * 3)
    truth = given_back(server, "VACUUM (FULL) orders", "orders")
    assert abs(found.pct("orders") - truth) <= NEAR + orders["margin_pct"]


@pytest.mark.parametrize("part", [1, 3])
def test_deleted_and_vacuumed_in_one_breath(runbook, server, part):
    """Within a second and by one session: the server counts what was deleted twice."""
    make_orders(server)
    server.settle_stats()
    session = server.connect(application_name="in one breath")
    session.execute(f"DELETE FROM orders WHERE id % 4 < {part}")
    session.execute("VACUUM (ANALYZE) orders")
    session.close()
    wait_until(lambda: not server.backends("in one breath"), what="the session's end")
    server.settle_stats()
    found = report(runbook, server)
    assert found.objects["orders"]["live_rows"] == ROWS // 4 * (4 - part)
    truth = given_back(server, "VACUUM (FULL) orders", "orders")
    assert abs(found.pct("orders") - truth) <= NEAR


@pytest.mark.parametrize("method", ["estimate", "sample"])
def test_tables_without_air(runbook, server, method):
    """What the server leaves free on purpose, or for alignment, is not air."""
    make_orders(server)
    make_orders(server, "roomy", options="WITH (fillfactor = 70)")
    columns = ", ".join(f"a{n} bool, b{n} int8" for n in range(8))
    values = ", ".join("true, i" for n in range(8))
    server.sql(f"CREATE TABLE aligned ({columns})")
    server.sql(f"INSERT INTO aligned SELECT {values} FROM generate_series(1, {ROWS}) AS i")
    settle(server, "aligned")
    found = report(runbook, server, "--method", method)
    for name in ("orders", "roomy", "aligned"):
        assert found.pct(name) <= 3, (name, found.objects[name])
        assert found.method(name) == method
    assert found.pct("orders_pkey") <= NEAR


def test_a_table_with_wide_rows(runbook, server):
    """Most of it is in its TOAST table; the main part is estimated without it."""
    server.sql("CREATE TABLE wide (id int, kept text, body text)")
    server.sql("ALTER TABLE wide ALTER body SET STORAGE EXTERNAL")
    server.sql("INSERT INTO wide SELECT i, md5(i::text), repeat(md5(i::text), 100) "
               "FROM generate_series(1, 4000) AS i")
    settle(server, "wide")
    found = report(runbook, server)
    assert found.pct("wide") <= NEAR
    toast = found.toast["wide"]
    assert (toast["schema"], toast["table"]) == ("pg_toast", "wide")
    assert toast["size_bytes"] > 10 * found.objects["wide"]["size_bytes"]
    server.sql("DELETE FROM wide WHERE id % 4 <> 0")
    settle(server, "wide")
    found = report(runbook, server)
    truth = given_back(server, "VACUUM (FULL) wide", "wide")
    assert abs(found.pct("wide") - truth) <= NEAR


# ---- indexes -----------------------------------------------------------------------------------


def test_an_index_whose_equal_keys_share_tuples(runbook, server):
    server.sql("CREATE TABLE orders (customer int, state text)")
    server.sql(f"INSERT INTO orders SELECT i % 20, 'state ' || i % 3 "
               f"FROM generate_series(1, {ROWS * 2}) AS i")
    server.sql("CREATE INDEX orders_customer ON orders (customer);"
               "CREATE INDEX orders_state ON orders (state)")
    settle(server, "orders")
    found = report(runbook, server)
    for name in ("orders_customer", "orders_state"):
        assert 0 <= found.pct(name) <= 10, found.objects[name]


def test_an_index_after_many_deletes(runbook, server):
    """The new rows took the place of the old ones in the table, but not in the index."""
    make_orders(server, rows=ROWS * 2)
    server.sql("DELETE FROM orders WHERE id % 10 <> 0")
    settle(server, "orders")
    found = report(runbook, server)
    index = found.objects["orders_pkey"]
    assert (index["kind"], index["table"]) == ("index", "orders")
    assert index["size_bytes"] == size(server, "orders_pkey")
    truth = given_back(server, "REINDEX INDEX orders_pkey", "orders_pkey")
    assert truth > 70
    assert abs(found.pct("orders_pkey") - truth) <= NEAR
    assert report(runbook, server).pct("orders_pkey") <= NEAR


def test_an_invalid_index(runbook, server):
    """There is nothing to win in it: it is to be dropped or rebuilt."""
    make_orders(server, rows=1000)
    server.sql("INSERT INTO orders VALUES (1001, md5('1'))")
    with pytest.raises(Exception, match="unique"):
        server.sql("CREATE UNIQUE INDEX CONCURRENTLY broken ON orders (payload)")
    found = report(runbook, server)
    assert found.bytes("broken") is None
    assert "invalid" in found.reason("broken")


# ---- what statistics do not tell -----------------------------------------------------------------


def test_never_analyzed(runbook, server):
    """Unknown by the catalogs, which a sample makes up for."""
    server.sql("CREATE TABLE orders (id int, payload text)")
    server.sql(f"INSERT INTO orders SELECT i, md5(i::text) FROM generate_series(1, {ROWS}) AS i")
    server.sql("DELETE FROM orders WHERE id % 4 <> 0")
    server.sql("VACUUM (TRUNCATE OFF) orders")
    server.settle_stats()
    found = report(runbook, server)
    assert found.bytes("orders") is None
    assert found.reason("orders") == "it was never analyzed"
    assert found.not_visible == 0
    found = report(runbook, server, "--method", "sample")
    truth = given_back(server, "VACUUM (FULL) orders", "orders")
    assert found.method("orders") == "sample" and "sample" in found.reason("orders")
    assert abs(found.pct("orders") - truth) <= NEAR


def test_a_sample_of_holes(runbook, server):
    make_holes(server)
    found = report(runbook, server, "--method", "sample")
    index_truth = given_back(server, "REINDEX INDEX orders_pkey", "orders_pkey")
    truth = given_back(server, "VACUUM (FULL) orders", "orders")
    assert abs(found.pct("orders") - truth) <= NEAR
    assert abs(found.pct("orders_pkey") - index_truth) <= NEAR
    assert found.method("orders_pkey") == "sample"


def test_a_sample_within_its_budget(runbook, server):
    """What the budget does not reach keeps its estimate, and says so."""
    for name in ("one", "two", "three"):
        make_orders(server, name, rows=ROWS * 2)
    found = report(runbook, server, "--method", "sample", "--budget", "1MB", "-t", "one", "-t",
                   "two")
    assert set(found.objects) == {"one", "one_pkey", "two", "two_pkey"}
    for item in found.objects.values():
        assert item["method"] == "sample" or "budget" in item["reason"]


def test_exact(runbook, server):
    make_holes(server)
    server.sql("CREATE SCHEMA tools; CREATE EXTENSION pgstattuple SCHEMA tools")
    found = report(runbook, server, "--method", "exact")
    assert {found.method(name) for name in ("orders", "orders_pkey")} == {"exact"}
    assert found.reason("orders") == "read whole"
    index_truth = given_back(server, "REINDEX INDEX orders_pkey", "orders_pkey")
    truth = given_back(server, "VACUUM (FULL) orders", "orders")
    assert abs(found.pct("orders") - truth) <= 3
    assert abs(found.pct("orders_pkey") - index_truth) <= NEAR
    assert {item["method"] for item in report(runbook, server, "--method", "exact", "--worst", 1)
            .objects.values()} == {"exact", "estimate"}


# ---- which objects there are -------------------------------------------------------------------


def test_what_is_an_object(runbook, server):
    temporary = server.connect()
    temporary.execute("CREATE TEMPORARY TABLE passing AS SELECT generate_series(1, 1000) AS id")
    server.sql("CREATE UNLOGGED TABLE unlogged AS SELECT generate_series(1, 1000) AS id")
    server.sql("CREATE MATERIALIZED VIEW cached AS SELECT * FROM unlogged")
    server.sql("CREATE VIEW seen AS SELECT * FROM unlogged; CREATE SEQUENCE counted")
    server.sql("CREATE EXTENSION postgres_fdw; CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw;"
               "CREATE FOREIGN TABLE far_away (id int) SERVER far")
    found = report(runbook, server)
    assert set(found.objects) == {"unlogged", "cached"}
    assert {item["kind"] for item in found.objects.values()} == {"table"}


def test_partitions(runbook, server):
    """What has pages is an object: the leaves, not what is above them."""
    server.sql("CREATE TABLE root (a int, b int, payload text) PARTITION BY RANGE (a);"
               "CREATE TABLE branch PARTITION OF root FOR VALUES FROM (0) TO (100) "
               "PARTITION BY RANGE (b);"
               "CREATE TABLE twig PARTITION OF branch FOR VALUES FROM (0) TO (100) "
               "PARTITION BY LIST (b);"
               "CREATE TABLE leaf_1 PARTITION OF twig FOR VALUES IN (1);"
               "CREATE TABLE leaf_2 PARTITION OF twig DEFAULT;"
               "CREATE TABLE leaf_3 PARTITION OF root DEFAULT;"
               "CREATE INDEX root_a ON root (a)")
    server.sql(f"INSERT INTO root SELECT i % 200, i % 50, md5(i::text) "
               f"FROM generate_series(1, {ROWS}) AS i")
    server.sql("DELETE FROM leaf_2 WHERE b % 4 <> 0")
    settle(server, "root")
    found = report(runbook, server)
    leaves = {"leaf_1", "leaf_2", "leaf_3"}
    assert set(found.objects) == leaves | {f"{name}_a_idx" for name in leaves}
    assert found.pct("leaf_2") > 50
    assert found.pct("leaf_3") <= NEAR
    assert set(report(runbook, server, "-t", "root").objects) == set(found.objects)
    assert set(report(runbook, server, "-t", "twig").objects) == {
        "leaf_1", "leaf_2", "leaf_1_a_idx", "leaf_2_a_idx"}
    assert set(report(runbook, server, "-t", "leaf_3").objects) == {"leaf_3", "leaf_3_a_idx"}


def test_an_empty_database(runbook, server):
    found = report(runbook, server)
    assert (found.objects, found.left_out, found.not_visible) == ({}, {}, 0)
    for more in (["--method", "sample"], ["--system"], ["--format", "csv"]):
        runbook("bloat", "report", *more, server=server).expect(0)


def test_empty_tables(runbook, server):
    server.sql("CREATE TABLE fresh (id int)")
    assert "1 object, 0 B" in text_of(runbook, server)
    make_orders(server, "emptied", rows=1000)
    server.sql("DELETE FROM emptied")
    settle(server, "emptied")
    found = report(runbook, server)
    assert (found.bytes("fresh"), found.pct("fresh")) == (0, 0)
    assert found.pct("emptied") == 100


def test_selection(runbook, server):
    server.sql("CREATE SCHEMA sales; CREATE SCHEMA stock")
    for name in ("sales.orders", "sales.lines", "stock.orders", "stock.items", "public.orders"):
        make_orders(server, name, rows=100)

    def selected(*options):
        return {f"{item['schema']}.{item['name']}"
                for item in report(runbook, server, *options).document["objects"]
                if item["kind"] == "table"}

    def indexes(*options):
        return set(report(runbook, server, *options).objects)

    assert indexes("-t", "sales.orders") == {"orders", "orders_pkey"}
    assert selected("-t", "sales.orders") == {"sales.orders"}
    assert selected("-n", "sales") == {"sales.orders", "sales.lines"}
    assert selected("-t", "stock.*") == {"stock.orders", "stock.items"}
    assert selected("-t", "l*", "-t", "item?") == {"sales.lines", "stock.items"}
    assert selected("-t", "stock.items", "-n", "sales") == {"sales.orders", "sales.lines",
                                                            "stock.items"}


def test_system_catalogs(runbook, server):
    make_orders(server, rows=100)
    assert {item["schema"] for item in report(runbook, server).document["objects"]} == {"public"}
    found = report(runbook, server, "--system")
    assert {"pg_class", "pg_attribute", "orders"} <= set(found.objects)
    assert found.bytes("pg_attribute") is not None


# ---- what is printed -----------------------------------------------------------------------------


def test_text(runbook, server):
    make_holes(server)
    text = text_of(runbook, server)
    head, orders = text.splitlines()[0], next(line for line in text.splitlines()
                                              if "public.orders " in line)
    for word in ("object", "dead %", "last vacuum", "reclaimable", "a week", "rests on"):
        assert word in head
    assert "±" in orders and "planner's statistics" in orders
    assert "2 objects" in text


def test_the_worst_come_first(runbook, server):
    for number in range(30):
        server.sql(f"CREATE TABLE small_{number} AS SELECT 1 AS id")
    make_holes(server)
    text = text_of(runbook, server)
    assert "public.orders" in text.splitlines()[2]
    assert "7 more objects" in text
    assert "more objects" not in text_of(runbook, server, "-v")
    assert len(rows_of(text_of(runbook, server, "--format", "csv"))) == 32


def test_csv_and_markdown(runbook, server):
    make_holes(server)
    rows = {row["object"]: row for row in rows_of(text_of(runbook, server, "--format", "csv"))}
    assert set(rows) == {"public.orders", "public.orders_pkey"}
    assert rows["public.orders"]["kind"] == "table"
    assert "statistics" in rows["public.orders"]["rests on"]
    lines = text_of(runbook, server, "--format", "markdown").splitlines()
    assert lines[0].startswith("| object | kind |")
    assert sum(line.startswith("| public.orders") for line in lines) == 2
