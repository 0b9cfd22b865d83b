"""What apply and revert leave in each tool's own table: what the tool itself would have written, so
that it can go on from there."""

import pytest
from support.servers import ENDS

versions = ENDS

BOTH = {
    "goose": "-- +goose Up\nCREATE TABLE t{n} ();\n-- +goose Down\nDROP TABLE t{n};\n",
    "dbmate": "-- migrate:up\nCREATE TABLE t{n} ();\n-- migrate:down\nDROP TABLE t{n};\n",
    "sql-migrate": "-- +migrate Up\nCREATE TABLE t{n} ();\n-- +migrate Down\nDROP TABLE t{n};\n",
}
UP, DOWN = "CREATE TABLE t{n} ();", "DROP TABLE t{n};"
# Each tool's files, and its table after both are applied and after the second is taken back.
STORIES = {
    "golang-migrate": ({"1_a.up.sql": UP, "1_a.down.sql": DOWN, "2_b.up.sql": UP,
                        "2_b.down.sql": DOWN},
                       "SELECT version, dirty FROM schema_migrations",
                       [(2, False)], [(1, False)]),
    "goose": ({"00001_a.sql": BOTH["goose"], "00002_b.sql": BOTH["goose"]},
              "SELECT version_id, is_applied FROM goose_db_version ORDER BY id",
              [(0, True), (1, True), (2, True)], [(0, True), (1, True)]),
    "dbmate": ({"01_a.sql": BOTH["dbmate"], "02_b.sql": BOTH["dbmate"]},
               "SELECT version FROM schema_migrations ORDER BY 1", [("01",), ("02",)], [("01",)]),
    "sql-migrate": ({"1-a.sql": BOTH["sql-migrate"], "2-b.sql": BOTH["sql-migrate"]},
                    "SELECT id, applied_at IS NOT NULL FROM gorp_migrations ORDER BY 1",
                    [("1-a.sql", True), ("2-b.sql", True)], [("1-a.sql", True)]),
    "flyway": ({"V1__a.sql": UP, "U1__a.sql": DOWN, "V1_1__b_c.sql": UP, "U1_1__b_c.sql": DOWN},
               "SELECT installed_rank, version, description, type, script, checksum, success"
               " FROM flyway_schema_history ORDER BY 1",
               [(1, "1", "a", "SQL", "V1__a.sql", -1248707407, True),
                (2, "1.1", "b c", "SQL", "V1_1__b_c.sql", -231586207, True)],
               [(1, "1", "a", "SQL", "V1__a.sql", -1248707407, True),
                (2, "1.1", "b c", "SQL", "V1_1__b_c.sql", -231586207, True),
                (3, "1.1", "b c", "UNDO_SQL", "U1_1__b_c.sql", None, True)]),
    "plain": ({"1_a.sql": UP, "1_a.down.sql": DOWN, "2_b.sql": UP, "2_b.down.sql": DOWN},
              "SELECT version, name, length(checksum) FROM pgrunbook_migrations ORDER BY 1",
              [("1_a", "a", 64), ("2_b", "b", 64)], [("1_a", "a", 64)]),
}


@pytest.mark.parametrize("tool", STORIES)
def test_the_tools_own_table(server, runbook, tmp_path, tool):
    files, question, both, one = STORIES[tool]
    place = tmp_path / "migrations"
    place.mkdir()
    for file, text in files.items():
        (place / file).write_text(text.format(n=1 if "a" in file else 2), encoding="utf-8")
    words = ["--yes", "--force", "a story"]

    def states():
        document = runbook("migrations", "status", place, "--json", server=server).expect(0).json
        assert document["format"] == tool
        return [row["state"] for row in document["migrations"]]

    runbook("migrations", "apply", place, *words, server=server).expect(0)
    assert server.sql(question) == both
    assert states() == ["applied", "applied"]
    runbook("migrations", "revert", place, *words, server=server).expect(0)
    assert server.sql(question) == one
    assert states() == ["applied", "pending"]
    tables = server.sql("SELECT relname FROM pg_class WHERE relname IN ('t1', 't2')")
    assert tables == [("t1",)]
