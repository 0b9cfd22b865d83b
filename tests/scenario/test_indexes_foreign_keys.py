"""Foreign keys and the indexes under them. The counter of such an index says 0 until somebody
deletes a referenced row; without it, that delete reads the whole table."""

import pytest
from support.indexes import CANDIDATE, DUPLICATE, OVERLAPPING, observed, psql, report

NEEDED = "keep: the only index under foreign key {}"
WANTED = "keep: nothing to drop, foreign key {} needs an index"

# A foreign key's columns, what follows CREATE [UNIQUE] INDEX … ON, and whether the index serves
# the key.
INDEXES = {
    "its_own": ("a", "(a)", True),
    "first_of_two": ("a", "(a, b)", True),
    "second_of_two": ("a", "(b, a)", False),
    "both_columns": ("a, b", "(a, b)", True),
    "both_and_more": ("a, b", "(a, b, c)", True),
    "other_order": ("a, b", "(b, a)", True),
    "one_of_both": ("a, b", "(a)", False),
    "one_in_between": ("a, b", "(a, c, b)", False),
    "included": ("a, b", "(a) INCLUDE (b)", False),
    "partly": ("a", "(a) WHERE a IS NOT NULL", False),
    "hashed": ("a", "USING hash (a)", True),
    "ranges": ("a", "USING brin (a)", False),
    "an_expression": ("a", "((a + 0))", False),
    "backwards": ("a", "(a DESC)", True),
}


def test_what_serves_a_foreign_key(runbook, server):
    server.sql("CREATE TABLE known (a int, b int, UNIQUE (a), UNIQUE (a, b))")
    for name, (columns, text, _) in INDEXES.items():
        server.sql(f"""CREATE TABLE {name} (a int, b int, c int,
                CONSTRAINT {name}_fk FOREIGN KEY ({columns}) REFERENCES known ({columns}));
            CREATE INDEX {name}_i ON {name} {text};
            CREATE TABLE {name}_free (a int, b int, c int);
            CREATE INDEX {name}_free_i ON {name}_free {text}""")
    found = observed(runbook, server)
    verdicts = found.verdicts()
    for name, (_, _, serves) in INDEXES.items():
        expected = NEEDED.format(f"{name}_fk") if serves else CANDIDATE
        assert verdicts[f"{name}_i"] == expected, name
        assert verdicts[f"{name}_free_i"] == CANDIDATE, "the same without a foreign key"
    assert set(found.missing) == {name for name, (_, _, serves) in INDEXES.items() if not serves}


def test_an_index_that_stays_anyhow_serves_too(runbook, server):
    """A unique index, a primary key: nothing is missing, and the plain one beside it may go."""
    server.sql("""CREATE TABLE known (a int PRIMARY KEY);
        CREATE TABLE items (a int REFERENCES known, b int, PRIMARY KEY (a, b));
        CREATE INDEX items_plain ON items (a, (b + 1))""")
    found = observed(runbook, server)
    assert found.verdict("items_pkey") == "keep: primary key"
    assert found.verdict("items_plain") == CANDIDATE
    assert found.missing == {}


@pytest.fixture
def items(server):
    server.sql("""CREATE TABLE orders (id int PRIMARY KEY);
        CREATE TABLE items (id int PRIMARY KEY, ord int, place int, note text,
            CONSTRAINT items_ord FOREIGN KEY (ord) REFERENCES orders ON DELETE CASCADE);
        INSERT INTO orders SELECT generate_series(1, 1000);
        INSERT INTO items SELECT i, i % 1000 + 1, i % 10, 'note ' || i
            FROM generate_series(1, 20000) AS i;
        ANALYZE orders, items""")


def test_missing_and_made(runbook, server, items):
    """The statement that is printed makes the index, and then nothing is missing."""
    server.sql("DELETE FROM orders WHERE id <= 3")
    server.settle_stats()
    finding = report(runbook, server).missing["items"]
    assert finding["verdict"] == WANTED.format("items_ord")
    assert "items_ord (ord) refers to public.orders, where 3 rows were deleted" in finding["reason"]
    assert finding["drop_sql"] is None and finding["undo_sql"] is None
    text = runbook("indexes", "report", server=server).expect(0).out
    assert finding["create_sql"] + ";" in text

    psql(server, finding["create_sql"] + ";")
    found = observed(runbook, server)
    assert found.missing == {}
    made = next(name for name in found.indexes if name.startswith("items_ord"))
    assert found.verdict(made) == NEEDED.format("items_ord")


def test_a_delete_uses_it(runbook, server, items):
    server.sql("CREATE INDEX items_by_order ON items (ord)")

    def delete():
        server.sql("DELETE FROM orders WHERE id = 5")
        server.settle_stats()
    found = observed(runbook, server, meanwhile=delete)
    assert found.indexes["items_by_order"]["scans"] == 1
    assert found.verdict("items_by_order") is None


def test_one_of_two_is_enough(runbook, server, items):
    """Never both: when the one is gone the other is the only one."""
    server.sql("CREATE INDEX one ON items (ord, place); CREATE INDEX two ON items (ord, note)")
    found = observed(runbook, server)
    verdicts = {name: found.verdict(name) for name in ("one", "two")}
    assert sorted(verdicts.values()) == [CANDIDATE, NEEDED.format("items_ord")]
    dropped = next(name for name, verdict in verdicts.items() if verdict == CANDIDATE)
    psql(server, found.finding(dropped, "unused")["drop_sql"] + ";")
    left = {"one", "two"} - {dropped}
    found = observed(runbook, server)
    assert found.verdict(left.pop()) == NEEDED.format("items_ord")
    assert found.missing == {}


def test_duplicates_under_a_foreign_key(runbook, server, items):
    """The duplicate goes, the one that stays is needed."""
    server.sql("CREATE INDEX one ON items (ord); CREATE INDEX two ON items (ord)")
    found = observed(runbook, server)
    assert found.verdict("one") == NEEDED.format("items_ord")
    assert found.verdict("one", DUPLICATE) is None
    assert found.verdict("two") == CANDIDATE
    assert found.verdict("two", DUPLICATE) == CANDIDATE


def test_the_wider_one_takes_over(runbook, server, items):
    """The narrow one is covered by the wide one, which is needed then."""
    server.sql("CREATE INDEX narrow ON items (ord); CREATE INDEX wide ON items (ord, place)")
    found = observed(runbook, server)
    assert found.verdict("narrow", OVERLAPPING) == CANDIDATE
    assert found.verdict("wide") == NEEDED.format("items_ord")


def test_other_kinds_of_foreign_keys(runbook, server):
    """To the table itself, to a partitioned table, not validated, with names that need quotes."""
    server.sql('''CREATE TABLE tree (id int PRIMARY KEY,
            up int CONSTRAINT tree_up REFERENCES tree);
        CREATE TABLE days (day int PRIMARY KEY) PARTITION BY RANGE (day);
        CREATE TABLE days_1 PARTITION OF days FOR VALUES FROM (0) TO (10);
        CREATE TABLE days_2 PARTITION OF days FOR VALUES FROM (10) TO (20);
        CREATE TABLE visits (day int CONSTRAINT visits_day REFERENCES days);
        CREATE TABLE "Old ""ones""" ("The Day" int, "a,b" int);
        ALTER TABLE "Old ""ones""" ADD CONSTRAINT "of ""old""" FOREIGN KEY ("The Day")
            REFERENCES tree NOT VALID''')
    found = report(runbook, server)
    assert {table: finding["verdict"] for table, finding in found.missing.items()} == {
        "tree": WANTED.format("tree_up"), "visits": WANTED.format("visits_day"),
        'Old "ones"': WANTED.format('of "old"')}
    for finding in found.missing.values():
        psql(server, finding["create_sql"] + ";")
    assert report(runbook, server).missing == {}


# ---- partitioned -----------------------------------------------------------------------------


@pytest.fixture
def visits(server):
    """Three levels, all of whose keys come from the top; two of them refer to the same table. One
    partition was a table of its own before, with its columns in another order."""
    server.sql("""CREATE TABLE people (id int PRIMARY KEY);
        CREATE TABLE visits (day int, guest int, host int) PARTITION BY RANGE (day);
        CREATE TABLE visits_1 PARTITION OF visits FOR VALUES FROM (0) TO (10);
        CREATE TABLE visits_2 PARTITION OF visits FOR VALUES FROM (10) TO (20)
            PARTITION BY RANGE (guest);
        CREATE TABLE visits_2_a PARTITION OF visits_2 FOR VALUES FROM (0) TO (10);
        CREATE TABLE visits_3 (host int, gone int, guest int, day int);
        ALTER TABLE visits_3 DROP COLUMN gone;
        ALTER TABLE visits ATTACH PARTITION visits_3 FOR VALUES FROM (20) TO (30);
        ALTER TABLE visits ADD CONSTRAINT visits_guest FOREIGN KEY (guest) REFERENCES people;
        ALTER TABLE visits ADD CONSTRAINT visits_host FOREIGN KEY (host) REFERENCES people""")


def missing_keys(found):
    return sorted(entry["findings"][0]["verdict"] for entry in found.document["indexes"]
                  if entry["index"] is None)


def test_a_key_of_a_tree_is_one_finding(runbook, server, visits):
    found = report(runbook, server)
    assert missing_keys(found) == [WANTED.format("visits_guest"), WANTED.format("visits_host")]
    assert set(found.missing) == {"visits"}


def test_an_index_of_the_tree_serves_all(runbook, server, visits):
    server.sql("CREATE INDEX visits_by_guest ON visits (guest)")
    found = observed(runbook, server)
    assert found.verdict("visits_by_guest") == NEEDED.format("visits_guest")
    parts = set(found.indexes) - {"visits_by_guest", "people_pkey"}
    assert len(parts) == 4
    assert ({found.verdict(part) for part in parts} ==
            {"keep: part of partitioned index visits_by_guest"})
    assert missing_keys(found) == [WANTED.format("visits_host")]


def test_partitions_that_have_none(runbook, server, visits):
    """An index of one partition serves that one; the key is still without one elsewhere."""
    server.sql("CREATE INDEX one_guest ON visits_1 (guest); CREATE INDEX one_host ON visits_3 (host)")
    found = observed(runbook, server)
    assert found.verdict("one_guest").startswith("keep: the only index under foreign key ")
    assert missing_keys(found) == [WANTED.format("visits_guest"), WANTED.format("visits_host")]
    server.sql("""CREATE INDEX ON visits_2_a (guest); CREATE INDEX ON visits_3 (guest)""")
    assert missing_keys(report(runbook, server)) == [WANTED.format("visits_host")]


def test_how_to_make_one_for_a_tree(runbook, server, visits):
    """On the tree without its partitions, which is done in a moment: the rest is left to do."""
    finding = report(runbook, server).missing["visits"]
    assert finding["create_sql"].startswith("CREATE INDEX ON ONLY")
    psql(server, finding["create_sql"] + ";")


def test_a_key_made_half_way_down(runbook, server, visits):
    server.sql("""ALTER TABLE visits DROP CONSTRAINT visits_guest;
        ALTER TABLE visits DROP CONSTRAINT visits_host;
        CREATE TABLE visits_2_b PARTITION OF visits_2 FOR VALUES FROM (10) TO (20);
        ALTER TABLE visits_2 ADD CONSTRAINT of_guest FOREIGN KEY (guest) REFERENCES people""")
    found = report(runbook, server)
    assert missing_keys(found) == [WANTED.format("of_guest")]
    assert set(found.missing) == {"visits_2"}
