"""Two indexes that say the same, and indexes that another one holds. Each clause of the rule is
shown both ways: with a difference in it neither is redundant, without it one of them is."""

import pytest
from support.indexes import (CANDIDATE, DUPLICATE, INVALID, OVERLAPPING, fail_to_build,
                             make_orders, observed, psql, report, scan, scan_without)

BY_DAY = "SELECT count(note) FROM orders WHERE day = 3"

NEITHER = ()
FIRST_OVERLAPS, SECOND_OVERLAPS = (1, OVERLAPPING), (2, OVERLAPPING)
SECOND_DUPLICATES, FIRST_DUPLICATES = (2, DUPLICATE), (1, DUPLICATE)

# Two indexes each, the first one older: what follows CREATE [UNIQUE] INDEX … ON, and which of them
# is redundant.
PAIRS = {
    "alike": ("(a)", "(a)", SECOND_DUPLICATES),
    "same_of_two": ("(a, b)", "(a, b)", SECOND_DUPLICATES),
    "order_of_columns": ("(a, b)", "(b, a)", NEITHER),
    "first_column": ("(a)", "(a, b)", FIRST_OVERLAPS),
    "second_column": ("(b)", "(a, b)", NEITHER),
    "method_same": ("USING hash (a)", "USING hash (a)", SECOND_DUPLICATES),
    "method_differs": ("(a)", "USING hash (a)", NEITHER),
    "opclass_same": ("(c text_pattern_ops)", "(c text_pattern_ops)", SECOND_DUPLICATES),
    "opclass": ("(c)", "(c text_pattern_ops)", NEITHER),
    "collate_same": ('(c COLLATE "C")', '(c COLLATE "C")', SECOND_DUPLICATES),
    "collate_differs": ("(c)", '(c COLLATE "C")', NEITHER),
    "backwards": ("(a)", "(a DESC)", SECOND_DUPLICATES),
    "all_backwards": ("(a, b DESC)", "(a DESC, b)", SECOND_DUPLICATES),
    "half_backwards": ("(a, b)", "(a, b DESC)", NEITHER),
    "first_backwards": ("(a DESC)", "(a, b)", FIRST_OVERLAPS),
    "nulls_differ": ("(a)", "(a NULLS FIRST)", NEITHER),
    "nulls_same": ("(a NULLS FIRST)", "(a DESC NULLS LAST)", SECOND_DUPLICATES),
    "expression_same": ("(lower(c))", "(  lower( c )  )", SECOND_DUPLICATES),
    "expression": ("(lower(c))", "(upper(c))", NEITHER),
    "expression_first": ("(lower(c))", "(lower(c), upper(c))", FIRST_OVERLAPS),
    "expression_second": ("(upper(c))", "(lower(c), upper(c))", NEITHER),
    "expression_or_column": ("(c)", "(lower(c))", NEITHER),
    "predicate_same": ("(a) WHERE b IN (1, 2) AND c <> 'x'",
                       "(a)   WHERE   b IN (1,2)   AND c <> 'x'", SECOND_DUPLICATES),
    "predicate": ("(a) WHERE b > 1", "(a) WHERE b > 2", NEITHER),
    "predicate_or_none": ("(a) WHERE b > 1", "(a)", NEITHER),
    "included_same": ("(a) INCLUDE (b, c)", "(a) INCLUDE (c, b)", SECOND_DUPLICATES),
    "included": ("(a) INCLUDE (b)", "(a) INCLUDE (c)", NEITHER),
    "more_included": ("(a)", "(a) INCLUDE (b)", FIRST_OVERLAPS),
    "included_is_no_key": ("(a) INCLUDE (b)", "(a, b)", FIRST_OVERLAPS),
    "included_elsewhere": ("(a) INCLUDE (c)", "(a, b)", NEITHER),
    "both_unique": ("UNIQUE (a)", "UNIQUE (a)", SECOND_DUPLICATES),
    "unique_stays": ("(a)", "UNIQUE (a)", FIRST_DUPLICATES),
    "unique_in_longer": ("UNIQUE (a)", "(a, b)", NEITHER),
    "unique_in_longer_unique": ("UNIQUE (a)", "UNIQUE (a, b)", NEITHER),
    "in_longer_unique": ("(a)", "UNIQUE (a, b)", FIRST_OVERLAPS),
    "ranges_same": ("USING brin (a) WITH (pages_per_range = 4)",
                    "USING brin (a) WITH (pages_per_range = 4)", SECOND_DUPLICATES),
    "ranges": ("USING brin (a)", "USING brin (a) WITH (pages_per_range = 4)", NEITHER),
    "signature_same": ("USING gist (v tsvector_ops (siglen = 100))",
                       "USING gist (v tsvector_ops (siglen = 100))", SECOND_DUPLICATES),
    "signature_differs": ("USING gist (v)", "USING gist (v tsvector_ops (siglen = 100))", NEITHER),
    "filled": ("(a)", "(a) WITH (fillfactor = 70)", SECOND_DUPLICATES),
}
PAIRS_FROM_15 = {
    "nulls_distinct": ("UNIQUE (a)", "UNIQUE (a) NULLS NOT DISTINCT", NEITHER),
    "nulls_not_distinct": ("UNIQUE (a) NULLS NOT DISTINCT", "UNIQUE (a) NULLS NOT DISTINCT",
                           SECOND_DUPLICATES),
}


def make_pair(server, table, *texts):
    server.sql(f"CREATE TABLE {table} (a int, b int, c text, v tsvector)")
    for number, text in enumerate(texts, 1):
        unique = "UNIQUE" if text.startswith("UNIQUE") else ""
        server.sql(f"CREATE {unique} INDEX {table}_{number} ON {table} "
                   + text.removeprefix("UNIQUE"))


def redundant(found):
    """{index: (kind, verdict)} of all duplicates and overlaps."""
    return {name: (kind, verdict) for kind in (DUPLICATE, OVERLAPPING)
            for name, verdict in found.verdicts(kind).items()}


def test_every_kind_of_pair(runbook, server):
    pairs = PAIRS | (PAIRS_FROM_15 if server.version >= 15 else {})
    for name, (first, second, _) in pairs.items():
        make_pair(server, name, first, second)
    expected = {f"{name}_{which[0]}": (which[1], CANDIDATE)
                for name, (_, _, which) in pairs.items() if which}
    assert redundant(report(runbook, server)) == expected


def test_the_other_one_does_its_work(runbook, server):
    """What is left when every duplicate is gone still sorts, finds and covers as before."""
    for name, (first, second, which) in PAIRS.items():
        if which in (SECOND_DUPLICATES, FIRST_DUPLICATES):
            make_pair(server, name, first, second)
    found = report(runbook, server)
    drops = [found.finding(name, DUPLICATE)["drop_sql"] for name in found.verdicts(DUPLICATE)]
    psql(server, ";\n".join(drops) + ";")
    for table, query, node in (
            ("alike", "SELECT FROM alike WHERE a = 1", "Index"),
            ("backwards", "SELECT a FROM backwards ORDER BY a DESC", "Index Only Scan Backward"),
            ("all_backwards", "SELECT a FROM all_backwards ORDER BY a DESC, b",
             "Index Only Scan Backward"),
            ("predicate_same", "SELECT FROM predicate_same WHERE a = 1 AND b IN (1, 2) "
             "AND c <> 'x'", "Index"),
            ("included_same", "SELECT a, c, b FROM included_same ORDER BY a", "Index Only Scan"),
            ("expression_same", "SELECT FROM expression_same WHERE lower(c) = 'x'", "Index")):
        plan = server.sql("SET enable_seqscan = off; SET enable_bitmapscan = off;"
                          f"SET enable_sort = off; EXPLAIN {query}")
        assert node in plan[0][0] and f"{table}_1" in plan[0][0], table


# ---- which of them stays ---------------------------------------------------------------------

# An index {i} on {t} (a) that stays, whatever speaks for a plain one beside it.
BETTER = {
    "is_primary": ("ALTER TABLE {t} ADD CONSTRAINT {i} PRIMARY KEY (a)", "the primary key"),
    "is_constraint": ("ALTER TABLE {t} ADD CONSTRAINT {i} UNIQUE (a)", "backs a constraint"),
    "deferred": ("ALTER TABLE {t} ADD CONSTRAINT {i} UNIQUE (a) DEFERRABLE",
                 "backs a constraint"),
    "identity": ("CREATE UNIQUE INDEX {i} ON {t} (a); ALTER TABLE {t} REPLICA IDENTITY "
                 "USING INDEX {i}", "the replica identity"),
    "clustered": ("CREATE INDEX {i} ON {t} (a); ALTER TABLE {t} CLUSTER ON {i}", "clustered"),
    "is_unique": ("CREATE UNIQUE INDEX {i} ON {t} (a)", "which is unique"),
}


def test_the_better_one_stays(runbook, server):
    """Older or newer, and although the other one is scanned and it is not."""
    for name, (statements, _) in BETTER.items():
        for table, plain_first in ((f"{name}_o", False), (f"{name}_n", True)):
            parts = [statements.format(t=table, i=f"{table}_better"),
                     f"CREATE INDEX {table}_plain ON {table} (a)"]
            server.sql(f"CREATE TABLE {table} (a int NOT NULL);"
                       + ";".join(parts[::-1] if plain_first else parts))
    found = report(runbook, server)
    assert redundant(found) == {f"{name}_{age}_plain": (DUPLICATE, CANDIDATE)
                                for name in BETTER for age in "on"}
    for name, (_, merit) in BETTER.items():
        assert f"{name}_o_better" in found.reason(f"{name}_o_plain", DUPLICATE)
        assert merit in found.reason(f"{name}_o_plain", DUPLICATE)


def test_a_constraint_checked_later_is_another_one(runbook, server):
    """A unique index refuses at once, a deferrable constraint at the end: neither is the other.
    Both made in the same way, one is."""
    server.sql("""CREATE TABLE differ (a int, CONSTRAINT differ_1 UNIQUE (a) DEFERRABLE);
        CREATE UNIQUE INDEX differ_2 ON differ (a);
        CREATE TABLE alike (a int, CONSTRAINT alike_1 UNIQUE (a));
        CREATE UNIQUE INDEX alike_2 ON alike (a)""")
    assert redundant(report(runbook, server)) == {"alike_2": (DUPLICATE, CANDIDATE)}


def test_two_constraints(runbook, server):
    """Neither can go by DROP INDEX; it is said all the same."""
    server.sql("""CREATE TABLE orders (a int);
        ALTER TABLE orders ADD CONSTRAINT one UNIQUE (a);
        ALTER TABLE orders ADD CONSTRAINT two UNIQUE (a)""")
    assert redundant(report(runbook, server)) == {
        "two": (DUPLICATE, "keep: it backs something of its own, beside one")}
    server.sql("ALTER TABLE orders DROP CONSTRAINT two; CREATE INDEX two ON orders (a)")
    assert redundant(report(runbook, server)) == {"two": (DUPLICATE, CANDIDATE)}


def test_the_one_that_is_scanned_more_stays(runbook, server):
    make_orders(server, {"older": "(day)"})
    scan(server, BY_DAY)
    server.sql("CREATE INDEX newer ON orders (day)")
    found = report(runbook, server)
    assert redundant(found) == {"newer": (DUPLICATE, CANDIDATE)}
    assert "older, which is scanned more" in found.reason("newer", DUPLICATE)
    scan_without(server, "older", BY_DAY)
    scan_without(server, "older", BY_DAY)
    found = report(runbook, server)
    assert redundant(found) == {"older": (DUPLICATE, CANDIDATE)}
    assert "newer, which is scanned more" in found.reason("older", DUPLICATE)


def test_the_smaller_one_stays(runbook, server):
    make_orders(server, {"large": "(day) WITH (fillfactor = 30)", "small": "(day)"}, rows=10_000)
    found = report(runbook, server)
    assert redundant(found) == {"large": (DUPLICATE, CANDIDATE)}
    assert "small, which is smaller" in found.reason("large", DUPLICATE)


def test_the_older_one_stays(runbook, server):
    make_orders(server, {"older": "(day)", "newer": "(day)"})
    found = report(runbook, server)
    assert redundant(found) == {"newer": (DUPLICATE, CANDIDATE)}
    assert "older, which is older: " in found.reason("newer", DUPLICATE)
    size = server.value("SELECT pg_size_pretty(pg_relation_size('older'))")
    assert f"{size} with 0 scans beside {size} with 0 scans" in found.reason("newer", DUPLICATE)


def test_the_better_one_has_not_been_used_for_long(runbook, server):
    """It was scanned more, some time ago; the other one is in use. One of them has to stay."""
    make_orders(server, {"once": "(day)"})
    scan(server, BY_DAY, times=3)
    server.sql("CREATE INDEX now ON orders (day)")
    found = observed(runbook, server, meanwhile=lambda: scan_without(server, "once", BY_DAY))
    assert found.verdict("once") == CANDIDATE
    assert found.verdict("now") is None
    assert redundant(found) == {"now": (DUPLICATE,
                                        "keep: once, which covers it, is unused itself")}


# ---- three and more --------------------------------------------------------------------------


def test_chains(runbook, server):
    for name, texts in {"three": ("(a)", "(a)", "(a)"), "steps": ("(a)", "(a, b)", "(a, b, c)"),
                        "mixed": ("(a)", "(a)", "(a, b)")}.items():
        make_pair(server, name, *texts)
    found = report(runbook, server)
    assert redundant(found) == {
        "three_2": (DUPLICATE, CANDIDATE), "three_3": (DUPLICATE, CANDIDATE),
        "steps_1": (OVERLAPPING, CANDIDATE), "steps_2": (OVERLAPPING, CANDIDATE),
        "mixed_1": (OVERLAPPING, CANDIDATE), "mixed_2": (DUPLICATE, CANDIDATE)}
    assert "three_1" in found.reason("three_3", DUPLICATE)
    assert "steps_3" in found.reason("steps_1", OVERLAPPING), "not one that goes itself"


def test_when_all_candidates_are_gone_nothing_is_redundant(runbook, server):
    """Pasting everything that is printed leaves one of each."""
    make_pair(server, "three", "(a)", "(a)", "(a)", "(a, b)", "(a, b, c)", "(b)")
    found = report(runbook, server)
    drops = [found.finding(name, kind)["drop_sql"] for name, (kind, _) in redundant(found).items()]
    psql(server, ";\n".join(drops) + ";")
    found = report(runbook, server)
    assert set(found.indexes) == {"three_5", "three_6"}
    assert redundant(found) == {}


# ---- one that is held by another -------------------------------------------------------------


@pytest.fixture
def wide_and_narrow(server):
    """`wide` is more than four times as large as `narrow`, `close` about as large as `closer`;
    a function uses them all."""
    make_orders(server, {"narrow": "(day)", "wide": "(day, note, customer, id)",
                         "close": "(customer)", "closer": "(customer, day)"}, rows=20_000)
    sizes = {name: server.value("SELECT pg_relation_size(%s::regclass)", [name])
             for name in ("narrow", "wide", "close", "closer")}
    assert sizes["wide"] >= 4 * sizes["narrow"] and sizes["closer"] < 4 * sizes["close"]

    def use():
        by_customer = "SELECT count(note) FROM orders WHERE customer = 3"
        scan_without(server, "wide", BY_DAY)
        scan_without(server, "narrow", BY_DAY)
        scan_without(server, "closer", by_customer)
        scan_without(server, "close", by_customer)
    return use


def test_a_narrow_index_in_use_stays(runbook, server, wide_and_narrow):
    """It is read faster than the wide one that could do its work."""
    found = observed(runbook, server, meanwhile=wide_and_narrow)
    assert found.verdicts() == {"orders_pkey": "keep: primary key"}
    assert redundant(found) == {
        "narrow": (OVERLAPPING, "keep: in use, and much smaller than wide"),
        "close": (OVERLAPPING, CANDIDATE)}


def test_a_narrow_index_that_is_not_used_goes(runbook, server, wide_and_narrow):
    found = observed(runbook, server,
                     meanwhile=lambda: scan_without(server, "narrow", BY_DAY))
    assert found.verdict("narrow") == CANDIDATE
    assert found.verdict("narrow", OVERLAPPING) == CANDIDATE


def test_the_one_that_covers_it_is_unused(runbook, server):
    """Of a used narrow index and an unused wide one the wide one goes, not both."""
    make_orders(server, {"used": "(day)", "unused": "(day, customer)"})
    found = observed(runbook, server, meanwhile=lambda: scan_without(server, "unused", BY_DAY))
    assert found.verdict("unused") == CANDIDATE
    assert redundant(found) == {"used": (OVERLAPPING,
                                         "keep: unused, which covers it, is unused itself")}
    server.sql("DROP INDEX unused")
    assert redundant(report(runbook, server)) == {}


def test_an_invalid_one_makes_nothing_redundant(runbook, server):
    make_orders(server)
    fail_to_build(server, "CREATE UNIQUE INDEX CONCURRENTLY broken ON orders (day)")
    server.sql("CREATE INDEX orders_day ON orders (day)")
    found = report(runbook, server)
    assert found.verdict("broken", INVALID) == CANDIDATE
    assert redundant(found) == {}
    server.sql("DROP INDEX broken; CREATE INDEX broken ON orders (day)")
    assert redundant(report(runbook, server)) == {"broken": (DUPLICATE, CANDIDATE)}


def test_duplicates_of_trees(runbook, server):
    """The whole goes, its parts go with it; a partition's own copy of a part goes alone."""
    server.sql("""CREATE TABLE events (a int, b int) PARTITION BY RANGE (a);
        CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM (0) TO (10);
        CREATE INDEX one ON events (b); CREATE INDEX two ON events (b);
        CREATE INDEX alone ON events_1 (b)""")
    found = redundant(report(runbook, server))
    assert found["two"] == (DUPLICATE, CANDIDATE)
    assert found["alone"] == (DUPLICATE, CANDIDATE)
    part = server.value("""SELECT inhrelid::regclass::text FROM pg_inherits
        WHERE inhparent = 'two'::regclass""")
    assert found.pop(part) == (DUPLICATE, "keep: part of partitioned index two")
    assert set(found) == {"two", "alone"}
