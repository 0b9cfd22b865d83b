"""The section's three lines of `pgrunbook check`: ok, and what makes each of them a warning."""

import pytest
from golden.documents import check_document
from support.indexes import fail_to_build, make_orders, start_building, wait_for_build
from support.servers import ENDS

versions = ENDS

NAMES = ["invalid_indexes", "duplicate_indexes", "foreign_key_indexes"]


def checked(runbook, server):
    """The section's verdicts by name."""
    document = check_document(runbook("check", "--json", server=server).expect(0, 1, 2).json, "check")
    found = {verdict["name"]: verdict for verdict in document["verdicts"]
             if verdict["name"] in NAMES}
    assert list(found) == NAMES
    for verdict in found.values():
        assert (verdict["next"] is None) == (verdict["status"] == "ok")
    return found


def statuses(runbook, server):
    return {name: verdict["status"] for name, verdict in checked(runbook, server).items()}


def test_all_is_well(runbook, server):
    make_orders(server, {"orders_day": "(day)"})
    assert statuses(runbook, server) == dict.fromkeys(NAMES, "ok")
    text = runbook("check", server=server).out
    assert len(text.splitlines()) <= 20
    assert not runbook.history.exists(), "no sample is kept"


def test_invalid_index(runbook, server):
    make_orders(server)
    for name in ("one", "two"):
        fail_to_build(server, f"CREATE UNIQUE INDEX CONCURRENTLY {name} ON orders (day)")
    verdict = checked(runbook, server)["invalid_indexes"]
    assert (verdict["status"], verdict["value"]) == ("warning", 2)
    assert "2 invalid indexes, first public.one" in verdict["message"]
    assert verdict["next"].startswith("pgrunbook indexes report ")
    # It is meant to be typed.
    text = runbook(*verdict["next"].split()[1:], server=server).expect(0).out
    assert 'DROP INDEX CONCURRENTLY "public"."one";' in text
    server.sql("DROP INDEX one, two")
    assert statuses(runbook, server)["invalid_indexes"] == "ok"


def test_index_that_is_being_built(runbook, server):
    """No warning at night because somebody works."""
    make_orders(server)
    reader = server.connect()
    reader.execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM orders")
    builder = start_building(server, "CREATE INDEX CONCURRENTLY building ON orders (note)")
    wait_for_build(server)
    assert statuses(runbook, server)["invalid_indexes"] == "ok"
    reader.execute("COMMIT")
    assert builder.wait(60) == 0


def test_duplicates(runbook, server):
    make_orders(server, {"orders_day": "(day)", "small": "(day)", "wide": "(note)",
                         "wide_too": "(note)"}, rows=5000)
    verdict = checked(runbook, server)["duplicate_indexes"]
    assert verdict["status"] == "warning"
    assert verdict["value"] == server.value(
        "SELECT pg_relation_size('small') + pg_relation_size('wide_too')")
    assert "2 duplicate indexes" in verdict["message"]
    assert "largest public.wide_too" in verdict["message"]
    server.sql("DROP INDEX small, wide_too")
    assert statuses(runbook, server)["duplicate_indexes"] == "ok"


@pytest.mark.parametrize("rows, deleted, status", [(20_000, True, "warning"),
                                                   (20_000, False, "ok"), (5_000, True, "ok")])
def test_foreign_key_without_an_index(runbook, server, rows, deleted, status):
    """Where it hurts: rows that are referred to get deleted, and the table is large."""
    server.sql(f"""CREATE TABLE orders (id int PRIMARY KEY);
        CREATE TABLE items (ord int REFERENCES orders ON DELETE CASCADE, note text);
        INSERT INTO orders SELECT generate_series(1, 100);
        INSERT INTO items SELECT i % 90 + 1 FROM generate_series(1, {rows}) AS i""")
    if deleted:
        server.sql("DELETE FROM orders WHERE id = 100")
    server.sql("ANALYZE orders, items")
    server.settle_stats()
    verdict = checked(runbook, server)["foreign_key_indexes"]
    assert verdict["status"] == status
    if status == "warning":
        assert "public.items (ord)" in verdict["message"]
        server.sql(verdict["sql"])
        assert statuses(runbook, server)["foreign_key_indexes"] == "ok"
