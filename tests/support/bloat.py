"""Words for the stories about `pgrunbook bloat report`: tables in a known state, what a report says
of them, and what a rewrite then really gives back."""

import csv
import io
import sqlite3
from contextlib import closing

from golden.documents import check_document

ROWS = 20_000


class Report:
    """The document of a report, held against its schema. .objects is by name, without the TOAST
    tables and their indexes: those are in .toast, by the name of the table."""

    def __init__(self, result):
        self.result = result
        self.document = check_document(result.json, "bloat.report")
        objects = self.document["objects"]
        self.toast = {item["table"]: item for item in objects if item["kind"] == "toast"}
        self.objects = {item["name"]: item for item in objects
                        if item["schema"] != "pg_toast"}
        self.not_visible = self.document["not_visible"]
        for item in objects:
            check_sense(item)

    @property
    def left_out(self):
        return {item["table"]: item["reason"] for item in self.document["left_out"]}

    def pct(self, name):
        return self.objects[name]["reclaimable_pct"]

    def bytes(self, name):
        return self.objects[name]["reclaimable_bytes"]

    def reason(self, name):
        return self.objects[name]["reason"]

    def method(self, name):
        return self.objects[name]["method"]


def check_sense(item):
    """What must hold for any object."""
    known = item["reclaimable_bytes"] is not None
    assert (item["reclaimable_pct"] is not None) == known, item
    assert (item["margin_pct"] is not None) == known, item
    assert item["reason"], item
    if known:
        assert 0 <= item["reclaimable_bytes"] <= item["size_bytes"], item
        assert 0 <= item["reclaimable_pct"] <= 100 and 0 <= item["margin_pct"] <= 100, item


def report(runbook, server, *options, code=0, **more):
    result = runbook("bloat", "report", "--json", *options, server=server, **more)
    return Report(result.expect(code))


def text_of(runbook, server, *options, **more):
    return runbook("bloat", "report", *options, server=server, **more).expect(0).out


def rows_of(text):
    return list(csv.DictReader(io.StringIO(text)))


def size(server, name):
    return server.value("SELECT pg_relation_size(%s::regclass)", [name])


def settle(server, *names):
    """Vacuumed without giving anything back, analysed, counted."""
    for name in names:
        server.sql(f"VACUUM (TRUNCATE OFF, ANALYZE) {name}")
    server.settle_stats()


def given_back(server, statement, name):
    """Percent of the relation that the statement, a rewrite of it, really gives back."""
    before = size(server, name)
    server.sql(statement)
    return 100 * (before - size(server, name)) / before


def make_orders(server, name="orders", rows=ROWS, options=""):
    """Rows of 60 bytes or so, none of them dead."""
    server.sql(f"CREATE TABLE {name} (id int PRIMARY KEY, payload text) {options}")
    server.sql(f"INSERT INTO {name} SELECT i, md5(i::text) FROM generate_series(1, {rows}) AS i")
    settle(server, name)


def make_holes(server, name="orders", rows=ROWS, part=4):
    """All but every fourth row is gone, and vacuumed away."""
    make_orders(server, name, rows)
    server.sql(f"DELETE FROM {name} WHERE id % {part} <> 0")
    settle(server, name)


def let_days_pass(runbook, days):
    """As if all sizes so far had been seen that much earlier."""
    us = days * 86_400_000_000
    with closing(sqlite3.connect(runbook.history)) as history, history:
        history.execute("UPDATE node SET sized_us = sized_us - ?", [us])
        history.execute("UPDATE size_day SET day = day - ?, at_us = at_us - ?", [days, us])
        history.execute("UPDATE relation SET seen_week = seen_week - ?, at_us = at_us - ?, "
                        "best_us = max(best_us - ?, 0)", [days // 7, us, us])
        history.execute("UPDATE relation_week SET week = week - ?, at_us = at_us - ?",
                        [days // 7, us])


def sizes_kept(runbook):
    """Bytes by oid, as the history has them."""
    with closing(sqlite3.connect(runbook.history)) as history:
        return dict(history.execute("SELECT oid, bytes FROM relation"))


def configure(runbook, **settings):
    """Options that name a configuration file with these settings of the section."""
    file = runbook.home / "bloat.conf"
    lines = [f"bloat.{name} = {value}\n" for name, value in settings.items()]
    file.write_text("".join(["[pgrunbook]\n", *lines]), encoding="utf-8")
    return ["--config", file]
