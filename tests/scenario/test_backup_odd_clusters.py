"""Clusters that are not as most are come back as they were, and can be proved."""

import psycopg
import pytest
from support.drills import drill, statuses
from support.restoring import Stage
from support.servers import ENDS, Server, wait_until

versions = ENDS


@pytest.fixture
def stage(fresh_server):
    return Stage(fresh_server)


def test_nobody_but_the_application_logs_in(stage):
    """Every superuser is NOLOGIN. A restore leaves that as it is, a drill lets one into its copy. A
    database of an encoding that UTF-8 knows nothing of is read as well."""
    stage.server.sql("CREATE ROLE two SUPERUSER LOGIN; CREATE ROLE app LOGIN")
    stage.server.sql("CREATE DATABASE mule TEMPLATE template0 ENCODING 'MULE_INTERNAL' LOCALE 'C'")
    stage.back_up()
    mule = Server(stage.cluster, "mule").conninfo(client_encoding="SQL_ASCII")
    with psycopg.connect(mule, autocommit=True) as bytewise:
        bytewise.execute(r"CREATE TABLE t AS SELECT convert_from('\x81e4', 'MULE_INTERNAL') AS a")
        bytewise.execute("CREATE INDEX ON t (a); CREATE MATERIALIZED VIEW mv AS TABLE t")
    with psycopg.connect(stage.server.conninfo(), autocommit=True) as last:
        last.execute("ALTER ROLE postgres NOLOGIN; ALTER ROLE two NOLOGIN")
        name = last.execute("SELECT pg_walfile_name(pg_switch_wal())").fetchone()[0]
        wait_until(lambda: list(stage.repo.glob(f"*/wal/*/{name}.zst")), what="the segment")
    document = drill(stage, "--latest")
    assert document["verdict"] == "proven" and document["reserve"] is None
    assert statuses(document, "rows")["mule"] == statuses(document, "indexes")["mule"] == "ok"
    restored = stage.restore("new", "--latest")
    assert restored["landed"]["timeline"] == 1
    with stage.started("new") as server:
        with psycopg.connect(server.conninfo(user="app")) as connection:
            roles = connection.execute("SELECT rolname FROM pg_roles WHERE rolcanlogin").fetchall()
        assert roles == [("app",)]
