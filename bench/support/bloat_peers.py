"""What others say of the same tables: the well-known estimation queries, and check_postgres."""

import math
import re
import subprocess

MAXALIGN = 8
PAGE_HEADER, INDEX_SPECIAL = 24, 16

STATISTICS = """
    SELECT c.relname AS name, c.relkind AS kind, c.relpages AS pages, c.reltuples AS rows,
           t.reltuples AS toast_rows, coalesce(t.relpages, 0) AS toast_pages,
           array_to_string(c.reloptions, ' ') AS options,
           current_setting('block_size')::int AS block_size,
           array_agg(s.null_frac) AS nulls, array_agg(s.avg_width) AS widths,
           bool_or(a.atttypid = 'name'::regtype) OR
               sum((a.attnum > 0)::int) <> count(s.attname) AS doubtful
      FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
      JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
      LEFT JOIN pg_index AS i ON i.indexrelid = c.oid
      LEFT JOIN pg_class AS p ON p.oid = i.indrelid
      LEFT JOIN pg_am AS m ON m.oid = c.relam
      LEFT JOIN pg_class AS t ON t.oid = c.reltoastrelid
      LEFT JOIN pg_stats AS s ON s.schemaname = n.nspname AND NOT s.inherited
       AND (CASE WHEN c.relkind = 'i' AND i.indkey[a.attnum - 1] <> 0
                 THEN s.tablename = p.relname AND s.attname = (
                          SELECT attname FROM pg_attribute
                           WHERE attrelid = p.oid AND attnum = i.indkey[a.attnum - 1])
                 ELSE s.tablename = c.relname AND s.attname = a.attname END)
     WHERE n.nspname = %s AND (c.relkind = 'r' OR c.relkind = 'i' AND m.amname = 'btree')
     GROUP BY c.oid, t.oid, t.reltuples, t.relpages"""


def _padding(bytes_, alignment=MAXALIGN):
    """As the formula has it: a whole alignment's worth where nothing is missing counts as none."""
    return alignment - (bytes_ % alignment or alignment)


def _fillfactor(row, default):
    found = re.search(r"fillfactor=(\d+)", row.options or "")
    return int(found[1]) if found else default


def _data_width(row):
    return sum((1 - (nulls or 0)) * (width or 0) for nulls, width in zip(row.nulls, row.widths))


def _table_pages(row):
    """Header, mean widths, padding once behind each; TOAST counted as four chunks a page."""
    header = 23 + (math.floor((7 + len(row.nulls)) / 8) if max(n or 0 for n in row.nulls) else 0)
    data = math.ceil(_data_width(row))
    tuple_size = 4 + header + _padding(header) + data + _padding(data)
    room = (row.block_size - PAGE_HEADER) * _fillfactor(row, 100) / 100
    return math.ceil(row.rows * tuple_size / room) + math.ceil(max(row.toast_rows or 0, 0) / 4)


def _btree_pages(row):
    """One tuple a row, the mean width of its keys; deduplication is not thought of."""
    header = 8 if not max(n or 0 for n in row.nulls) else 12
    data = _data_width(row)
    whole = math.floor(data)
    tuple_size = header + _padding(header) + data + (_padding(whole) if whole else 0)
    room = (row.block_size - INDEX_SPECIAL - PAGE_HEADER) * _fillfactor(row, 90)
    return 1 + math.ceil(row.rows / math.floor(room / (100 * (4 + tuple_size))))


def well_known_queries(connection, schema="public"):
    """Percent reclaimable by name, as the public estimation queries have it: of a table, together
    with its TOAST. Those it calls not applicable (is_na) have no number."""
    said = {}
    for row in connection.execute(STATISTICS, [schema]):
        if row.pages <= 0 or row.rows < 0 or row.doubtful:
            continue
        needed = _table_pages(row) if row.kind == "r" else _btree_pages(row)
        pages = row.pages + row.toast_pages
        said[row.name] = 100 * (pages - needed) / pages
    return said


LINE = re.compile(r"(?:table \S+?\.(?P<table>\S+)|index (?P<index>\S+)) rows:\S+ "
                  r"pages:(?P<pages>\d+) shouldbe:(?P<needed>[\d.e+]+)")


def check_postgres(environment, database):
    """The same from check_postgres. It names what it finds bloated; of all else it says that
    there is nothing to win."""
    done = subprocess.run(["check_postgres", "--action=bloat", f"--dbname={database}", "--warning=1",
                           "--critical=999GB", "--perflimit=100000"], env=environment, text=True,
                          capture_output=True)
    said = {}
    for found in LINE.finditer(done.stdout.split("|")[0]):
        pages, needed = int(found["pages"]), float(found["needed"])
        said[found["table"] or found["index"]] = 100 * (pages - needed) / max(pages, 1)
    return said
