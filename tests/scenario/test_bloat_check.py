"""What `pgrunbook check` says of bloat: one line for tables, one for indexes."""

from support.bloat import configure, make_holes, make_orders, settle
from support.servers import ENDS

versions = ENDS

NAMES = ("table_bloat", "index_bloat")


def verdicts(runbook, server, *options):
    """The two lines by name, and what the role may not read. (3: other lines are unknown.)"""
    document = runbook("check", "--json", *options, server=server).expect(0, 1, 3).json
    found = {verdict["name"]: verdict for verdict in document["verdicts"]
             if verdict["name"] in NAMES}
    assert set(found) == set(NAMES)
    return found, document["unreadable"]


def statuses(found):
    return tuple(found[name]["status"] for name in NAMES)


def test_nothing_worth_acting_on(runbook, server):
    make_orders(server)
    found, _ = verdicts(runbook, server, *configure(runbook, worth_bytes="1kB"))
    assert statuses(found) == ("ok", "ok")
    for verdict in found.values():
        assert verdict["next"] is None and verdict["value"] == 0


def test_small_bloat_is_not_worth_it(runbook, server):
    """By default 64 MB have to be to win, whatever the percentage."""
    make_holes(server)
    assert statuses(verdicts(runbook, server)[0]) == ("ok", "ok")


def test_a_bloated_table_and_its_index(runbook, server):
    make_holes(server)
    options = configure(runbook, worth_bytes="100kB")
    found, _ = verdicts(runbook, server, *options)
    assert statuses(found) == ("warning", "warning")
    assert "public.orders (" in found["table_bloat"]["message"]
    assert "in 1 table," in found["table_bloat"]["message"]
    assert "public.orders_pkey (" in found["index_bloat"]["message"]
    assert "in 1 index," in found["index_bloat"]["message"]
    assert found["table_bloat"]["sql"] is None, "VACUUM FULL locks everybody out"
    for verdict in found.values():
        assert verdict["value"] > 100_000
        assert verdict["next"].startswith("pgrunbook bloat report")
    server.sql("VACUUM (FULL, ANALYZE) orders")
    assert statuses(verdicts(runbook, server, *options)[0]) == ("ok", "ok")


def test_only_an_index(runbook, server):
    """New rows took the place of old ones in the table, but not in the index."""
    make_orders(server)
    server.sql("DELETE FROM orders WHERE id % 10 <> 0")
    settle(server, "orders")
    server.sql("INSERT INTO orders SELECT 20000 + i, md5(i::text) "
               "FROM generate_series(1, 18000) AS i")
    settle(server, "orders")
    options = configure(runbook, worth_bytes="100kB")
    found, _ = verdicts(runbook, server, *options)
    assert statuses(found) == ("ok", "warning")
    assert found["index_bloat"]["sql"] == 'REINDEX INDEX CONCURRENTLY "public"."orders_pkey"'
    server.sql(found["index_bloat"]["sql"])
    assert statuses(verdicts(runbook, server, *options)[0]) == ("ok", "ok")


def test_no_sql_that_would_fail(runbook, server):
    """The index of an exclusion constraint cannot be rebuilt CONCURRENTLY."""
    server.sql("""CREATE TABLE slots (id int, EXCLUDE USING btree (id WITH =));
        INSERT INTO slots SELECT generate_series(1, 20000);
        DELETE FROM slots WHERE id % 10 <> 0""")
    settle(server, "slots")
    found, _ = verdicts(runbook, server, *configure(runbook, worth_bytes="100kB"))
    assert "public.slots_id_excl (" in found["index_bloat"]["message"]
    assert found["index_bloat"]["sql"] is None


def test_the_worst_of_several(runbook, server):
    make_holes(server, "small", rows=20_000)
    make_holes(server, "large", rows=40_000)
    found, _ = verdicts(runbook, server, *configure(runbook, worth_bytes="100kB"))
    assert "in 2 tables, most in public.large (" in found["table_bloat"]["message"]
    assert "in 2 indexes, most in public.large_pkey (" in found["index_bloat"]["message"]


def test_part_that_is_worth_it(runbook, server):
    make_holes(server)
    options = configure(runbook, worth_bytes="100kB", worth_fraction="95%")
    assert statuses(verdicts(runbook, server, *options)[0]) == ("ok", "ok")


def test_what_the_role_may_not_read(runbook, server, roles):
    reader = roles("reader")
    make_holes(server)
    found, unreadable = verdicts(runbook, server, "-U", reader,
                                 *configure(runbook, worth_bytes="100kB"))
    assert statuses(found) == ("ok", "ok")
    remedies = [item["remedy"] for item in unreadable if "bloat" in item["what"]]
    assert remedies == [f'GRANT SELECT ON pg_catalog.pg_statistic TO "{reader}"']


def test_locked_tables_do_not_hold_it_up(runbook, server):
    make_holes(server)
    holder = server.connect()
    holder.execute("BEGIN; LOCK TABLE orders")
    found, _ = verdicts(runbook, server, *configure(runbook, worth_bytes="100kB"))
    assert statuses(found) == ("ok", "ok")
    assert holder.info.transaction_status.name == "INTRANS"
