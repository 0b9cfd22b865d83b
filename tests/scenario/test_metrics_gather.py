"""What gather brings of servers that are not like others: a repository, a standby, names that are no
text."""

import psycopg
import pytest

from support.metrics import all_sections_done, figures, of_family
from support.restoring import Stage
from support.servers import ENDS, wait_until

versions = ENDS


@pytest.fixture
def stage(fresh_server):
    return Stage(fresh_server)


def test_a_repository(stage):
    file = stage.folder / "conf"
    file.write_text(f"[pgrunbook]\nbackup.repo = {stage.repo}\n", encoding="utf-8")
    file.chmod(0o644)
    gather = lambda: figures(  # noqa: E731
        stage.runbook("gather", "--config", file, server=stage.server).expect(0))
    stage.back_up()
    found = gather()
    assert all_sections_done(found)
    assert of_family(found, "backup_backups") == {("usable",): 1, ("proven",): 0, ("damaged",): 0}
    assert found["backup_repository_bytes"] > 100_000
    assert 0 <= found["backup_newest_age_seconds"] < 3600
    assert "backup_proven_age_seconds" not in found
    assert found["backup_wal_gaps"] == 0 and found["backup_wal_behind_bytes"] >= 0


def test_a_standby_tells_what_it_can(fresh_server, runbook):
    primary = fresh_server()
    primary.make_table("orders")
    standby = fresh_server.standby(primary)
    wait_until(lambda: standby.value("SELECT to_regclass('orders') IS NOT NULL"),
               what="the replay")
    found = figures(runbook("gather", server=standby).expect(0))
    assert all_sections_done(found)
    assert found["vacuum_transaction_age"] >= 0
    assert "vacuum_tables" not in found  # rows are counted on the primary
    assert found["indexes_indexes"] == 1


def test_names_that_are_no_text(server, runbook):
    """In SQL_ASCII a name is any bytes; two that are alike as text are one series."""
    name = f"{server.dbname}_bytes"
    server.sql(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING SQL_ASCII "
               "LC_COLLATE 'C' LC_CTYPE 'C'")
    with psycopg.connect(server.conninfo(dbname=name), autocommit=True,
                         client_encoding="SQL_ASCII") as connection:
        for byte in (b"\xff", b"\xfe"):
            connection.execute(b'CREATE TABLE "odd' + byte + b'" (id int PRIMARY KEY)')
            connection.execute(b'INSERT INTO "odd' + byte + b'" SELECT generate_series(1, 500)')
        connection.execute("VACUUM ANALYZE")
    answer = runbook("gather", "-d", name, server=server).expect(0)
    found = figures(answer)
    assert all_sections_done(found)
    sizes = of_family(found, "bloat_table_size_bytes")
    assert [key for key in sizes if key[0] == "public"] == [("public", "odd\ufffd")]
