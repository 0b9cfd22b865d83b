"""Clusters that are not as most are come back as they were, and can be proved."""

import socket

import psycopg
import pytest
from pgcluster_files import give_to_server_user
from support.drills import archive, drill, statuses
from support.physical import backups
from support.restoring import Stage
from support.servers import ENDS, Server, wait_until

versions = ENDS


def modes(folder):
    """Of all folders, and of all files."""
    found = [(path.is_dir(), path.lstat().st_mode & 0o7777) for path in [folder, *folder.rglob("*")]
             if not path.is_symlink()]
    return [{mode for is_dir, mode in found if is_dir == wanted} for wanted in (True, False)]


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


def test_tablespace_that_is_not_mounted(stage):
    """The server sends nothing of it, and says nothing; nor would the backup."""
    disk = stage.cluster.folder / "disk"
    disk.mkdir(mode=0o700)
    give_to_server_user(disk)
    stage.server.sql(f"CREATE TABLESPACE disk LOCATION '{disk}'")
    stage.back_up()  # in which it is empty
    disk.rename(stage.cluster.folder / "elsewhere")
    for there in False, True:
        if there:
            disk.mkdir(mode=0o700)
            give_to_server_user(disk)
        refused = stage.runbook("backup", "create", *stage.options, server=stage.server).expect(4)
        assert f'the place of a tablespace, "{disk}"' in refused.err and "mounted?" in refused.err
    assert len(backups(stage.repo)) == 1


@pytest.mark.parametrize("version", [18])
@pytest.mark.parametrize("group, wanted", [(["--allow-group-access"], [{0o750}, {0o640}]),
                                           ([], [{0o700}, {0o600}])], ids=["group", "owner"])
def test_open_to_its_group(fresh_server, group, wanted):
    """Or not: files of the backup, ours, WAL that was fetched, and what the new server makes."""
    stage = Stage(fresh_server, initdb=group)
    place = stage.cluster.folder / "place"
    place.mkdir(mode=0o755)
    give_to_server_user(place)
    stage.server.sql(f"CREATE TABLESPACE place LOCATION '{place}'")
    stage.server.sql("CREATE TABLE t TABLESPACE place AS SELECT 1 AS n")
    assert modes(stage.cluster.data) == wanted
    stage.back_up()
    archive(stage)
    (stage.folder / "files").mkdir(mode=0o755)
    give_to_server_user(stage.folder / "files")
    for name, *more in [("files", "--no-start"), ("started",)][:len(group) + 1]:
        below = stage.folder / f"below {name}"
        stage.restore(name, "--tablespaces-below", below, *more)
        assert modes(stage.folder / name) == modes(below) == wanted


# What a cluster may have set at home: what is not here, what is too much, and what acts elsewhere.
AT_HOME = """
shared_preload_libraries = 'pg_cron, nowhere'
session_preload_libraries = 'nowhere'
local_preload_libraries = 'nowhere'
jit_provider = 'nowhere'
cron.database_name = 'postgres'
setting_of_nobody = 5
ssl = on
ssl_cert_file = '/nowhere/server.crt'
huge_pages = on
shared_buffers = '100TB'
listen_addresses = '192.0.2.1'
unix_socket_directories = '/nowhere'
external_pid_file = '{act}'
log_directory = '/nowhere'
logging_collector = on
data_directory = '/nowhere'
hba_file = '/nowhere'
archive_mode = on
archive_command = 'touch {act}'
archive_cleanup_command = 'touch {act}'
recovery_end_command = 'touch {act}'
restore_command = 'touch {act}'
primary_conninfo = 'host=127.0.0.1 port={port}'
recovery_target_xid = '3'
recovery_target_time = '2020-01-01'
"""


@pytest.mark.parametrize("version", [18])
def test_settings_of_another_machine(stage):
    """A drill starts whatever they are, and nobody outside hears of it: no command, no publisher."""
    act, publisher = stage.folder / "act", socket.create_server(("127.0.0.1", 0))
    publisher.setblocking(False)
    port = publisher.getsockname()[1]
    stage.server.sql(f"""CREATE SUBSCRIPTION s CONNECTION 'host=127.0.0.1 port={port}' PUBLICATION p
            WITH (connect = false, slot_name = 's');
        CREATE EXTENSION postgres_fdw;
        CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '127.0.0.1', port '{port}');
        CREATE USER MAPPING FOR postgres SERVER far;
        CREATE FOREIGN TABLE away (n int) SERVER far""")
    with open(stage.cluster.data / "postgresql.conf", "a", encoding="utf-8") as configuration:
        configuration.write(AT_HOME.format(act=act, port=port))
    stage.back_up()
    # As ALTER … ENABLE does it, but no worker of the original is started.
    stage.server.sql("UPDATE pg_subscription SET subenabled = true")
    archive(stage)
    stage.cluster.stop()
    document = drill(stage, "--latest")
    assert document["verdict"] == "proven" and document["reserve"] is None
    assert not act.exists()
    with publisher, pytest.raises(BlockingIOError):
        publisher.accept()
