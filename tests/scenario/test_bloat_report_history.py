"""What earlier reports tell a later one: how fast a table grows, and how small an index has been
since it was built."""

import pytest
from support.bloat import (ROWS, let_days_pass, make_holes, make_orders, report, rows_of, settle,
                           size, sizes_kept, text_of)
from support.servers import ENDS

versions = ENDS


def oid(server, name):
    return server.value("SELECT %s::regclass::oid::int8", [name])


def grow(server, rows=ROWS):
    server.sql(f"INSERT INTO orders SELECT i, md5(i::text) "
               f"FROM generate_series({ROWS + 1}, {ROWS + rows}) AS i")
    settle(server, "orders")


# ---- growth ------------------------------------------------------------------------------------


def test_growth(runbook, server):
    make_orders(server)
    make_orders(server, "still", rows=1000)
    found = report(runbook, server)
    assert {item["growth_bytes_per_week"] for item in found.objects.values()} == {None}
    before = size(server, "orders")
    let_days_pass(runbook, 14)
    grow(server)
    found = report(runbook, server)
    truth = (size(server, "orders") - before) / 2
    assert truth > 0
    assert found.objects["orders"]["growth_bytes_per_week"] == pytest.approx(truth, rel=0.08)
    assert found.objects["still"]["growth_bytes_per_week"] == 0
    week = {row["object"]: row["a week"]
            for row in rows_of(text_of(runbook, server, "--format", "csv"))}
    assert week["public.orders"].startswith("+")


def test_growth_of_a_table_that_shrank(runbook, server):
    make_holes(server)
    report(runbook, server)
    let_days_pass(runbook, 7)
    server.sql("VACUUM (FULL, ANALYZE) orders")
    found = report(runbook, server)
    assert found.objects["orders"]["growth_bytes_per_week"] < 0
    assert "  -" in text_of(runbook, server)


def test_no_growth_within_a_week(runbook, server):
    make_orders(server)
    report(runbook, server)
    let_days_pass(runbook, 5)
    grow(server)
    assert report(runbook, server).objects["orders"]["growth_bytes_per_week"] is None


def test_sizes_are_kept(runbook, server):
    make_orders(server)
    report(runbook, server)
    kept = sizes_kept(runbook)
    assert kept == {oid(server, name): size(server, name) for name in ("orders", "orders_pkey")}
    grow(server)
    report(runbook, server)
    assert sizes_kept(runbook)[oid(server, "orders")] == size(server, "orders")
    assert sizes_kept(runbook)[oid(server, "orders")] > kept[oid(server, "orders")]


def test_a_part_is_not_kept(runbook, server):
    """What a report of a part does not name is not gone."""
    make_orders(server)
    make_orders(server, "others", rows=1000)
    report(runbook, server, "-t", "orders")
    assert sizes_kept(runbook) == {}
    report(runbook, server)
    report(runbook, server, "-t", "others")
    assert oid(server, "orders") in sizes_kept(runbook)


# ---- the best size -------------------------------------------------------------------------------


@pytest.mark.parametrize("method, definition", [
    ("gin", "USING gin (string_to_array(payload, 'a'))"),
    ("gist", "USING gist (point(id, id % 100))")])
def test_best_size_of_an_index(runbook, server, method, definition):
    """Statistics say nothing about such an index; what it once was does."""
    make_orders(server)
    server.sql(f"CREATE INDEX odd ON orders {definition}")
    settle(server, "orders")
    found = report(runbook, server)
    assert found.bytes("odd") is None
    assert "statistics do not tell" in found.reason("odd")
    best = size(server, "odd")
    server.sql("UPDATE orders SET id = -id, payload = md5(payload)")
    server.sql("UPDATE orders SET id = -id, payload = md5(payload)")
    settle(server, "orders")
    assert size(server, "odd") > 1.3 * best
    found = report(runbook, server)
    assert "best size" in found.reason("odd")
    truth = 100 * (size(server, "odd") - best) / size(server, "odd")
    assert abs(found.pct("odd") - truth) <= found.objects["odd"]["margin_pct"]
    server.sql("REINDEX INDEX odd")
    found = report(runbook, server)
    assert found.bytes("odd") is None


# ---- the file ------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", [15])
def test_history_that_cannot_be_written(runbook, server):
    make_holes(server)
    runbook.history.mkdir(parents=True)
    result = runbook("bloat", "report", "--json", server=server).expect(0)
    assert result.err.count("warning") == 1, result.err
    assert str(runbook.history) in result.err
    assert {item["name"] for item in result.json["objects"]} == {"orders", "orders_pkey"}
    assert {item["growth_bytes_per_week"] for item in result.json["objects"]} == {None}
