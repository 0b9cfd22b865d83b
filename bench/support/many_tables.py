"""A database of very many small tables, each with a few dead rows."""

import psycopg

# What the server needs to make them.
SETTINGS = {"shared_buffers": "256MB", "max_locks_per_transaction": 1024, "autovacuum": "off"}
CHUNK = 500  # of a transaction
MAKE = """DO $$ BEGIN FOR i IN {0}..{1} LOOP
  EXECUTE format('CREATE TABLE t%s (id int PRIMARY KEY, note text)', i);
  EXECUTE format('INSERT INTO t%s SELECT g FROM generate_series(1, 10) AS g', i);
  EXECUTE format('DELETE FROM t%s WHERE id <= %s', i, i % 10);
END LOOP; END $$"""


def make_tables(conninfo, tables):
    with psycopg.connect(conninfo, autocommit=True) as connection:
        for first in range(1, tables, CHUNK):
            connection.execute(MAKE.format(first, first + CHUNK - 1))
