"""The real sql-migrate beside us: one table for both, and the same opinion of files. Where it cuts a
script into statements is goose's rule as well, which it shares."""

import subprocess

import pytest

versions = [15]

CONFIG = """development:
  dialect: postgres
  datasource: host={host} port={port} user=postgres dbname={dbname} sslmode=disable
  dir: {place}
"""
BOTH = "-- +migrate Up\nCREATE TABLE t{n} ();\n\n-- +migrate Down\nDROP TABLE t{n};\n"
BLOCK = "DO $$ BEGIN\n  NULL;\nEND $$;\n"
# A file's text behind "-- +migrate Up", and whether the tool takes it.
FILES = {
    "a block": (BLOCK, False),
    "a block in marks": (f"-- +migrate StatementBegin\n{BLOCK}-- +migrate StatementEnd\n", True),
    "a string over two lines": ("SELECT 'a;\nb';\n", False),
    "a string with a blank behind": ("SELECT 'a; \nb';\n", False),
    "a string over two lines, no semicolon": ("SELECT 'a\nb';\n", True),
    "no semicolon at the end": ("SELECT 1\n", False),
    "a comment behind": ("SELECT 1; -- one\nSELECT 2;\n", True),
    "a comment close behind": ("SELECT 1;--one\n", False),
    "a comment with a semicolon": ("SELECT 1 -- one;\n;\n", True),
    "two in a line": ("SELECT 1; SELECT 2;\n", True),
    "a mark without end": ("-- +migrate StatementBegin\nSELECT 1;\n", False),
    "no semicolon before the way back": ("SELECT 1\n-- +migrate Down\nSELECT 2;\n", False),
}


@pytest.fixture
def place(tmp_path):
    folder = tmp_path / "migrations"
    folder.mkdir()
    return folder


@pytest.fixture
def tool(server, place, tmp_path):
    """tool("up") runs it and says whether it was content."""
    config = tmp_path / "dbconfig.yml"
    config.write_text(CONFIG.format(place=place, dbname=server.dbname, port=server.cluster.port,
                                    host=server.cluster.socket_dir))

    def run(*words):
        return subprocess.run(["sql-migrate", words[0], "-config", config, *words[1:]],
                              check=False, capture_output=True, timeout=60).returncode == 0
    return run


def test_one_table_for_both(server, runbook, place, tool):
    for number in (1, 2, 3):
        (place / f"{number}-x.sql").write_text(BOTH.format(n=number))
    words = [place, "--yes", "--force", "a story"]

    def states():
        document = runbook("migrations", "status", place, "--json", server=server).expect(0).json
        return [row["state"] for row in document["migrations"]]

    runbook("migrations", "apply", *words, "--to", "1-x.sql", server=server).expect(0)
    assert tool("up", "-limit=1")
    assert states() == ["applied", "applied", "pending"]
    runbook("migrations", "apply", *words, server=server).expect(0)
    assert tool("down", "-limit=2")
    assert states() == ["applied", "pending", "pending"]
    assert tool("up")
    runbook("migrations", "revert", *words, server=server).expect(0)
    assert states() == ["applied", "applied", "pending"]
    assert server.sql("SELECT relname FROM pg_class WHERE relname ~ '^t\\d$' ORDER BY 1") == [
        ("t1",), ("t2",)]


@pytest.mark.parametrize("what", FILES)
def test_the_same_opinion_of_a_file(server, runbook, place, tool, what):
    text, content = FILES[what]
    (place / "1-x.sql").write_text(f"-- +migrate Up\n{text}")
    document = runbook("migrations", "status", place, "--json", server=server).json
    errors = [problem for problem in document["problems"] if problem["severity"] == "error"]
    assert (errors == []) == content
    assert tool("up") == content
