"""`backup drill` proves nothing that it has not looked at, and says what it has not."""

import pytest
from support.drills import archive, checks_file, damage, drill, statuses
from support.restoring import Stage
from support.servers import ENDS, Server

versions = ENDS


@pytest.fixture
def stage(fresh_server, version):
    """Without checksums: they would tell of damage before anything else does."""
    return Stage(fresh_server, initdb=["--no-data-checksums"] if version >= 18 else [])


def details(document, name):
    return {check["database"]: check["detail"] for check in document["checks"]
            if check["name"] == name}


def proofs(stage):
    listed = stage.runbook("backup", "list", "--json", *stage.options).expect(0).json
    return [each["proof"] for each in listed["backups"]]


@pytest.mark.parametrize("table", ["mv", "ext", "src"])
def test_reads_what_a_dump_passes_over(stage, table):
    """Values that cannot be unpacked, which amcheck does not try: of a materialised view, of a table
    that belongs to an extension, and of one that pg_dump reads."""
    stage.server.sql("""CREATE TABLE src AS
            SELECT repeat('abcdefgh', 1000) AS v FROM generate_series(1, 5);
        CREATE MATERIALIZED VIEW mv AS SELECT * FROM src;
        CREATE MATERIALIZED VIEW empty AS SELECT * FROM src WITH NO DATA;
        CREATE TABLE ext AS SELECT * FROM src;
        ALTER EXTENSION plpgsql ADD TABLE ext""")
    damage(stage, table)
    stage.back_up()
    archive(stage)
    document = drill(stage, code=1)
    assert document["verdict"] == "failed"
    assert statuses(document, "rows")["postgres"] == "failed"
    assert statuses(document, f"public.{table}") == {"postgres": "failed"}
    assert proofs(stage) == ["damaged"]


def test_reads_computed_columns(stage):
    """pg_dump leaves them out. What is computed anew at each reading is in no file."""
    stage.server.sql("""CREATE TABLE src (n int, v text GENERATED ALWAYS AS
            (CASE WHEN n > 0 THEN repeat('abcdefgh', 1000) END) STORED);
        INSERT INTO src SELECT * FROM generate_series(1, 5)""")
    if stage.server.version >= 18:
        stage.server.sql("CREATE TABLE v (n int, v int GENERATED ALWAYS AS (1 / n)); INSERT INTO v VALUES (0)")
    damage(stage, "src")
    stage.back_up()
    archive(stage)
    document = drill(stage, code=1)
    assert statuses(document, "public.src") == {"postgres": "failed"}
    assert not statuses(document, "public.v")
    assert proofs(stage) == ["damaged"]
