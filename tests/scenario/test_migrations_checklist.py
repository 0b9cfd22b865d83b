"""`pgrunbook migrations checklist`: the page's seven boxes, ticked by what was measured."""

import pytest
from golden.documents import check_document

versions = [15]  # what it rests on is tested on all of them

FILES = {
    "1_total.up.sql": "ALTER TABLE orders ALTER COLUMN code TYPE varchar(40);\n",
    "1_total.down.sql": "ALTER TABLE orders ALTER COLUMN code TYPE varchar(20);\n",
    "2_index.up.sql": "CREATE INDEX CONCURRENTLY orders_code ON orders (code);\n",
    "2_index.down.sql": "DROP INDEX CONCURRENTLY orders_code;\n",
}


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "migrations"
    place.mkdir()
    for name, text in FILES.items():
        (place / name).write_text(text)
    return place


@pytest.fixture
def shop(server):
    server.sql("CREATE TABLE orders (id int PRIMARY KEY, code varchar(20))")
    server.sql("INSERT INTO orders SELECT i, 'code' FROM generate_series(1, 1000) i")
    server.sql("ANALYZE orders")
    return server


def checklist(runbook, server, code):
    result = runbook("migrations", "checklist", "migrations", "-d", server.dbname, "--json",
                     server=server)
    document = check_document(result.expect(code).json, "migrations.checklist")
    assert document["complete"] == (code == 0)
    return document, {box["name"]: box for box in document["boxes"]}


def ticks(boxes):
    return "".join("x" if box["ticked"] else "d" if box["due"] else "." for box in boxes.values())


def test_from_nothing_to_done(shop, runbook, folder):
    document, boxes = checklist(runbook, shop, 1)
    assert len(boxes) == 7 and ticks(boxes) == "...x.xd"
    assert "not rehearsed" in boxes["tried in staging"]["evidence"]
    assert "public.orders (code)" in boxes["ANALYZE after"]["evidence"]
    assert [m["migration"] for m in document["migrations"]] == ["1 total", "2 index"]

    runbook("migrations", "rehearse", "migrations", "-d", shop.dbname, server=shop).expect(0)
    (folder.parent / "dumps").mkdir()
    runbook("backup", "dump", "--to", "dumps", server=shop).expect(0)
    _, boxes = checklist(runbook, shop, 0)
    assert ticks(boxes) == "xxxxxxd"
    assert "reversible" in boxes["reversible"]["evidence"]

    # Another schema than the one it was rehearsed on, and another text.
    shop.sql("ALTER TABLE orders ADD COLUMN note text")
    _, boxes = checklist(runbook, shop, 1)
    assert "another schema" in boxes["tried in staging"]["evidence"]
    shop.sql("ALTER TABLE orders DROP COLUMN note")
    checklist(runbook, shop, 0)

    runbook("migrations", "apply", "migrations", "-d", shop.dbname, "--yes",
            server=shop).expect(0)
    document, boxes = checklist(runbook, shop, 0)
    assert ticks(boxes) == "xxxxxxx" and all(m["applied"] for m in document["migrations"])
    assert "when it was applied" in boxes["no strong lock for too long"]["evidence"]
    listed = runbook("history", "list", "--json").expect(0).json["runs"]
    outcomes = [run["outcome"] for run in listed if run["verb"] == "checklist"]
    assert sorted(outcomes) == ["done"] * 3 + ["partly"] * 2


def test_a_build_that_makes_writers_wait(shop, runbook, folder):
    (folder / "3_slow.up.sql").write_text("CREATE INDEX orders_id ON orders (id, code);\n")
    (folder / "4_mixed.up.sql").write_text("DROP INDEX orders_id;\n")
    text = runbook("migrations", "checklist", "migrations", "-d", shop.dbname,
                   server=shop).expect(1).out
    assert "[ ] indexes built CONCURRENTLY" in text and "orders_id on public.orders" in text
    assert text.count("\n[") == 7
    markdown = runbook("migrations", "checklist", "migrations", "-d", shop.dbname, "--format",
                       "markdown", server=shop).expect(1).out
    assert markdown.count("- [") == 7 and "- [x] **one transaction, or one statement**" in markdown


def test_what_another_tool_applied(shop, runbook, folder):
    """No evidence, no tick."""
    shop.sql("CREATE TABLE schema_migrations (version bigint PRIMARY KEY, dirty boolean NOT NULL)")
    shop.sql("INSERT INTO schema_migrations VALUES (2, false)")
    document, boxes = checklist(runbook, shop, 1)
    assert ticks(boxes) == "......." and document["migrations"] == []
    assert "not applied by pgrunbook" in boxes["reversible"]["evidence"]
