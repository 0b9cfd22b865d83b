"""What the guard sees and what is asked of the catalogs, on every version."""

import pytest

from support.migrations_apply import Folder, Traffic, applied, apply, columns, index

HOLDS = "ALTER TABLE orders ADD COLUMN a int;\nSELECT pg_sleep(60);"
BUILDS = "CREATE INDEX CONCURRENTLY orders_payload ON orders (payload);"


@pytest.fixture
def folder(server, runbook):
    server.make_table("orders", rows=100)
    return Folder(runbook)


def test_a_lock_is_held_no_longer_than_allowed(server, runbook, folder):
    folder.add(1, "holds", HOLDS)
    with Traffic(server, "UPDATE orders SET payload = payload WHERE id = 1") as traffic:
        run = apply(runbook, server, folder, "--max-hold", "600ms", code=1)
    assert "AccessExclusiveLock on public.orders" in run.reason()
    assert run.items["1"]["outcome"] == "failed" and run.items["1"]["attempts"] == 1
    assert run.items["1"]["longest_hold_ms"] >= 600
    assert traffic.longest >= 0.4
    assert columns(server, "orders") == {"id": "integer", "payload": "text"}
    assert applied(server) == []


def test_an_index_is_built_and_proved(server, runbook, folder):
    folder.add(1, "payload", BUILDS, "DROP INDEX CONCURRENTLY orders_payload;")
    run = apply(runbook, server, folder)
    assert run.items["1"]["transactional"] is False and run.outcomes == {"1": "done"}
    assert index(server, "orders_payload") is True
    assert applied(server) == [(1, False)]
