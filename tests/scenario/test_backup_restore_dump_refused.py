"""What `backup restore-dump` does not do, says why, and what to do about it; and what it does where
a role or a server is not as usual."""

import pytest
from support.dumps import DUMPED, databases, fill, restore, shell, the_dump
from support.servers import Server

versions = DUMPED


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "dumps"


def has(server, statement):
    """Runs the statements of a hint, each by itself."""
    for one in statement.split("; "):
        server.sql(one)


def hint_of(error, before, behind):
    (line,) = [line for line in error.splitlines() if "hint: " in line]
    return line.split(before, 1)[1].split(behind, 1)[0]


def test_slots(runbook, fresh_server, folder):
    """A logical slot belongs to its database: it would go with the old one, or be dropped."""
    server = fresh_server(wal_level="logical")
    server.sql("CREATE DATABASE shop")
    shop = Server(server.cluster, "shop")
    fill(shop, rows=100)
    file = the_dump(runbook, shop, folder)
    shop.sql("SELECT pg_create_logical_replication_slot('debezium', 'test_decoding')")
    slots = "SELECT slot_name, database FROM pg_replication_slots"
    for options in (("--replace",), ("--replace", "--drop-old")):
        for last in ("--yes", "--dry-run"):
            refused = restore(runbook, shop, file, *options, last, code=4).err
            assert "logical replication slots (debezium)" in refused and "--into NEWDB" in refused
        assert server.sql(slots) == [("debezium", "shop")]
        assert not any(name.startswith("shop_") for name in databases(server))
    restore(runbook, shop, file, "--into", "shop_beside")
    shop.sql(hint_of(refused, "after the restore: ", ". "))
    restore(runbook, shop, file, "--replace", "--drop-old", "--yes")
    assert server.sql(slots) == []


def test_subscription_that_is_enabled_meanwhile(runbook, fresh_server, folder):
    """Looked for once more where the names change."""
    server = fresh_server(wal_level="logical")
    server.sql("CREATE DATABASE shop")
    shop = Server(server.cluster, "shop")
    conninfo = shop.conninfo().replace("'", "''")
    shop.sql("CREATE SUBSCRIPTION s CONNECTION 'host=/nowhere' PUBLICATION p WITH (connect = false);"
             "CREATE EXTENSION dblink; CREATE FUNCTION late(int) RETURNS bool LANGUAGE plpgsql "
             "IMMUTABLE AS $$BEGIN IF current_database() ~ '_restoring_' THEN PERFORM public."
             f"dblink_exec('{conninfo}', 'ALTER SUBSCRIPTION s ENABLE'); END IF; RETURN true; END$$;"
             "CREATE TABLE t (a int); INSERT INTO t VALUES (1); CREATE INDEX ON t (late(a))")
    file = the_dump(runbook, shop, folder)
    failed = restore(runbook, shop, file, "--replace", "--yes", code=1).err
    assert "have come into it meanwhile" in failed
    enabled = "SELECT d.datname, s.subenabled FROM pg_subscription AS s JOIN pg_database AS d ON d.oid = subdbid"
    assert server.sql(enabled) == [("shop", True)]
    assert not any("_restoring_" in name or "_before_" in name for name in databases(server))


def test_subscriptions(runbook, fresh_server, folder):
    """An enabled one would go on in the old database; with any, none can be dropped."""
    server = fresh_server(wal_level="logical")
    server.sql("CREATE DATABASE shop")
    shop = Server(server.cluster, "shop")
    fill(shop, rows=100)
    shop.sql("CREATE SUBSCRIPTION \"Odd s\" CONNECTION 'host=/nowhere' PUBLICATION p "
             "WITH (connect = false, slot_name = odd); ALTER SUBSCRIPTION \"Odd s\" ENABLE")
    file = the_dump(runbook, shop, folder)
    refused = restore(runbook, shop, file, "--replace", "--yes", code=4).err
    assert "has subscriptions (Odd s), which would go on in the old database" in refused
    has(shop, hint_of(refused, "in it: ", ". "))
    dropped = restore(runbook, shop, file, "--replace", "--drop-old", "--yes", code=4).err
    assert "with which a database cannot be dropped" in dropped
    planned = restore(runbook, shop, file, "--replace", "--yes").out
    (kept,) = [name for name in databases(server) if "_before_" in name]
    assert "the old one has disabled subscriptions" in planned
    has(Server(server.cluster, kept), planned.split("before it is dropped, in it: ")[1].strip())
    server.sql(f'DROP DATABASE "{kept}"')
    # Dropped in the block that --clean is: only without a slot.
    failed = restore(runbook, shop, file, "--clean", "--yes", code=1).err
    assert "cannot run inside a transaction block" in failed and "slot_name = NONE" in failed
    shop.sql('ALTER SUBSCRIPTION "Odd s" SET (slot_name = NONE)')
    restore(runbook, shop, file, "--clean", "--yes")
    assert shop.sql("SELECT subname, subenabled FROM pg_subscription") == [("Odd s", False)]
    has(shop, hint_of(dropped, "in it: ", ". "))
    restore(runbook, shop, file, "--replace", "--drop-old", "--yes")
    has(shop, hint_of(dropped, "in it: ", ". "))


def test_leftover_with_a_subscription(runbook, fresh_server, folder):
    """It cannot be dropped as others are: said, and in nobody's way."""
    server = fresh_server()
    server.sql("CREATE DATABASE shop_restoring_20261126_023514")
    server.sql("COMMENT ON DATABASE shop_restoring_20261126_023514 IS "
               "'pgrunbook restore-dump: unfinished'")
    left = Server(server.cluster, "shop_restoring_20261126_023514")
    left.sql("CREATE SUBSCRIPTION s CONNECTION 'host=/nowhere' PUBLICATION p WITH (connect = false)")
    server.sql("CREATE TABLE t AS SELECT 1 AS one")
    file = the_dump(runbook, server, folder)
    said = restore(runbook, server, file, "--into", "shop").err
    assert "shop_restoring_20261126_023514" in said and "has subscriptions" in said
    has(left, hint_of(said, "in it: ", ". "))
    assert "has subscriptions" not in restore(runbook, server, file, "--into", "shop2").err
    assert databases(server) >= {"shop", "shop2"} and left.dbname not in databases(server)


def test_row_security_that_is_forced(runbook, server, folder, roles):
    """Its owner restores it, and does not see it: not counted, and said so."""
    role = roles("owner", "LOGIN CREATEDB")
    server.sql(f"CREATE TABLE t (a int); INSERT INTO t SELECT generate_series(1, 7);"
               f"CREATE TABLE u (a int); INSERT INTO u VALUES (1), (2);"
               f"ALTER TABLE t ENABLE ROW LEVEL SECURITY; ALTER TABLE t FORCE ROW LEVEL SECURITY;"
               f"ALTER TABLE t OWNER TO {role}; ALTER TABLE u OWNER TO {role}")
    file = the_dump(runbook, server, folder)
    into = f"{server.dbname}_x"
    done = restore(runbook, server, file, "--into", into, "--no-owner", "--json",
                   env={"PGUSER": role}).json["verified"]
    assert (done["tables"], done["rows"], done["tables_not_counted"]) == (1, 2, 1)
    server.sql(f"DROP DATABASE {into}")
    said = restore(runbook, server, file, "--into", into, "--no-owner", env={"PGUSER": role}).out
    assert "1 table with 2 rows as in the dump" in said and "not counted: 1 table," in said
    assert Server(server.cluster, into).value("SELECT count(*) FROM t") == 7
    server.sql(f"DROP DATABASE {into}")


def test_role_that_only_reads_by_default(runbook, server, folder, roles):
    role = roles("careful", "LOGIN CREATEDB")
    server.sql(f"CREATE TABLE t AS SELECT 1 AS one; ALTER ROLE {role} "
               "SET default_transaction_read_only = on")
    file = the_dump(runbook, server, folder)
    into = f"{server.dbname}_x"
    for options in ((), ("-j", "2")):
        restore(runbook, server, file, "--into", into, "--no-owner", *options,
                env={"PGUSER": role})
        assert Server(server.cluster, into).value("SELECT one FROM t") == 1
        server.sql(f"DROP DATABASE {into}")


def test_nothing_is_left_where_nothing_was_made(runbook, server, folder, roles):
    role = roles("weak")
    server.sql("CREATE TABLE t AS SELECT 1 AS one")
    file = the_dump(runbook, server, folder)
    failed = restore(runbook, server, file, "--into", f"{server.dbname}_x", code=1,
                     env={"PGUSER": role}).err
    assert "permission denied to create database" in failed and "is left" not in failed


def test_tablespace_of_elsewhere(runbook, fresh_server, folder):
    """What this server lacks; each hint works."""
    server, there = fresh_server(allow_in_place_tablespaces=True), fresh_server()
    server.sql("CREATE TABLESPACE fast LOCATION ''")
    server.sql("CREATE DATABASE whole TABLESPACE fast")
    server.sql("CREATE DATABASE part")
    whole, part = Server(server.cluster, "whole"), Server(server.cluster, "part")
    fill(whole, rows=100)
    part.sql("CREATE TABLE t TABLESPACE fast AS SELECT 1 AS one")
    file = the_dump(runbook, whole, folder)
    failed = restore(runbook, there, file, "--into", "whole", code=1).err
    assert 'tablespace "fast" does not exist' in failed and "--no-tablespaces" in failed
    restore(runbook, there, file, "--into", "newdb", "--no-tablespaces")
    assert Server(there.cluster, "newdb").value("SELECT count(*) FROM orders") == 100
    file = the_dump(runbook, part, folder)
    failed = restore(runbook, there, file, "--into", "part", code=1).err
    assert "default_tablespace" in failed and "--no-tablespaces" in failed
    restore(runbook, there, file, "--into", "other", "-O", "-x", "--no-tablespaces")
    assert Server(there.cluster, "other").value("SELECT one FROM t") == 1


def test_what_databases_are_made_of(runbook, server, folder):
    fill(server, rows=100)
    file = the_dump(runbook, server, folder)
    for options in ("--replace",), ("--clean",):
        refused = restore(runbook, server, file, "--into", "template0", *options, "--yes", code=4)
        assert "--into NEWDB" in refused.err
    assert server.value("SELECT NOT datallowconn FROM pg_database WHERE datname = 'template0'")


def test_formats_that_are_for_others(runbook, server, folder):
    """pg_dump's own, whose way back is another program."""
    folder.mkdir()
    shell(server, f"cd {folder}; pg_dump -Ft -f tar; pg_dump -Fp -f sql; gzip -k sql; zstd -q sql")
    for name, way in (("tar", "pg_restore --exit-on-error -d NEWDB"), ("sql", "psql -v"),
                      ("sql.gz", "gzip -dc"), ("sql.zst", "zstd -dc")):
        hint = hint_of(restore(runbook, server, folder / name, "--into", "new", code=4).err, "hint: ", "\n")
        assert way in hint and str(folder / name) in hint


def test_locale_of_elsewhere(runbook, server, folder):
    server.sql("CREATE TABLE t AS SELECT 1 AS one")
    folder.mkdir()
    file = folder / "plain"
    shell(server, f"pg_dump -Fc -Z0 -f {file}")
    locale = server.value("SELECT datcollate FROM pg_database WHERE datname = current_database()")
    file.write_bytes(file.read_bytes().replace(f"LOCALE = '{locale}'".encode(),
                                               f"LOCALE = '{'x' * len(locale)}'".encode()))
    into = f"{server.dbname}_x"
    failed = restore(runbook, server, file, "--into", into, code=1).err
    assert "locale name" in failed and "--into NEWDB --clean" in failed
    server.sql(f"CREATE DATABASE {into} TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'")
    restore(runbook, server, file, "--into", into, "--clean", "--yes")
    assert Server(server.cluster, into).value("SELECT one FROM t") == 1
    server.sql(f"DROP DATABASE {into}")
