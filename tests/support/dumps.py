"""Dumps: a database with a bit of everything, and what is to be the same after it came back."""

import subprocess
from pathlib import Path

from golden.documents import check_document

# pg_dump dumps servers up to its own version, and of these Debian has one alone.
NEWEST_PG_DUMP = 15
DUMPED = (14, 15)

TABLES = ("orders", '"Odd ""S"."T t"', "empty", "no_columns", "note")


def fill(server, rows=5000):
    server.sql(f"""
        CREATE TABLE orders (id int PRIMARY KEY, customer text NOT NULL, at timestamptz);
        INSERT INTO orders SELECT i, 'customer ' || i % 97, '2026-01-01'::timestamptz + i * interval '1 min'
          FROM generate_series(1, {rows}) AS i;
        CREATE INDEX orders_customer ON orders (customer);
        CREATE SCHEMA "Odd ""S";
        CREATE TABLE "Odd ""S"."T t" (x int);
        INSERT INTO "Odd ""S"."T t" SELECT generate_series(1, 10);
        CREATE TABLE empty (a int);
        CREATE TABLE no_columns ();
        INSERT INTO no_columns DEFAULT VALUES;
        CREATE TABLE note (text text);
        INSERT INTO note VALUES (E'two\\nlines'), (E'\\\\.'), (NULL), ('');
        CREATE VIEW newest AS SELECT * FROM orders ORDER BY at DESC LIMIT 10;
        SELECT lo_from_bytea(0, 'a large object');
        """)


def contents(server, dbname=None):
    """All rows, as text that is the same for the same rows."""
    other = type(server)(server.cluster, dbname or server.dbname)
    return {table: other.value(f"SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) "
                               f"FROM {table} AS t") for table in TABLES}


def databases(server):
    return {name for (name,) in server.sql("SELECT datname FROM pg_database")}


def dump(runbook, server, folder, *options, code=0, **more):
    ended = runbook("backup", "dump", "--to", folder, "--json", *options, server=server,
                    **more).expect(code)
    if code == 0:
        check_document(ended.json, "backup.dump")
    return ended


def the_dump(runbook, server, folder, *options):
    return Path(dump(runbook, server, folder, *options).json["file"])


def restore(runbook, server, file, *options, code=0, **more):
    ended = runbook("backup", "restore-dump", file, *options, server=server, **more).expect(code)
    if code == 0 and "--json" in options:
        check_document(ended.json, "backup.restore-dump")
    return ended


def sums_agree(folder):
    sums = [path.name for path in Path(folder).glob("*.sha256")]
    assert sums
    subprocess.run(["sha256sum", "--check", "--quiet", *sums], cwd=folder, check=True)


def shell(server, script, **more):
    return subprocess.run(["bash", "-euo", "pipefail", "-c", script], check=True,
                          capture_output=True, text=True,
                          env={"PATH": "/usr/lib/postgresql/15/bin:/usr/bin:/bin",
                               **server.environment}, **more)
