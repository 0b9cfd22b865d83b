"""Tables nobody chose: columns, indexes, and what became of their rows, from one seed."""

import re
from dataclasses import dataclass, field

from support.bloat_columns import Column, make_column, make_wide_column, text_of

PRIMARY = "id"


@dataclass
class Index:
    tail: str           # behind CREATE INDEX name ON table
    method: str = "btree"
    unique: bool = False

    def sql(self, name, table):
        return f"CREATE {'UNIQUE ' if self.unique else ''}INDEX {name} ON {table} {self.tail}"


@dataclass
class Table:
    """How to make it, what happened to it, and how it was left."""

    name: str
    number: int
    columns: list
    rows: int
    fillfactor: int
    indexes: list = field(default_factory=list)
    late: bool = False       # the indexes came after the rows
    partitions: int = 0
    drops: bool = False      # a column was dropped and one was added
    story: list = field(default_factory=list)
    analyzed: bool = False   # ANALYZE was the last word on its rows

    def statements(self):
        """In order; each is to be sent by itself (VACUUM)."""
        yield from self._create()
        makers = [index.sql(f"{self.name}_i{i}", self.name)
                  for i, index in enumerate(self.indexes)]
        yield from [] if self.late else makers
        yield self._fill(1, self.rows)
        if self.drops:
            yield f"ALTER TABLE {self.name} DROP COLUMN gone, ADD COLUMN added int8 DEFAULT 7"
        yield from makers if self.late else []
        yield from self.story

    def _create(self):
        parts = [f"{column.name} {column.type} {column.options}" for column in self.columns]
        if self.drops:
            parts.insert(len(parts) // 2, "gone int DEFAULT 1")
        split = f" PARTITION BY HASH ({PRIMARY})" if self.partitions else ""
        storage = f" WITH (fillfactor = {self.fillfactor})" if self.fillfactor < 100 else ""
        yield f"CREATE TABLE {self.name} ({', '.join(parts)})" + (split or storage)
        for i in range(self.partitions):
            yield (f"CREATE TABLE {self.name}_p{i} PARTITION OF {self.name} FOR VALUES WITH "
                   f"(MODULUS {self.partitions}, REMAINDER {i}){storage}")
        for column in self.columns:
            if column.storage:
                yield f"ALTER TABLE {self.name} ALTER {column.name} SET STORAGE {column.storage}"

    def _fill(self, first, last):
        names = ", ".join(column.name for column in self.columns)
        values = ", ".join(column.filled() for column in self.columns)
        return (f"INSERT INTO {self.name} ({names}) SELECT {values} "
                f"FROM generate_series({first}, {last}) AS g")


# ---- indexes ---------------------------------------------------------------------------------


def _plain(choose, table):
    able = [c for c in table.columns if "btree" in c.index]
    keys = choose.sample(able, min(len(able), choose.choice((1, 1, 1, 2, 2, 3))))
    if not keys:
        return None
    listed = ", ".join(key.name + choose.choice(("", "", " DESC", " NULLS FIRST")) for key in keys)
    include = where = ""
    others = [c for c in table.columns if c.narrow and c not in keys]
    if others and choose.random() < 0.15:
        include = f" INCLUDE ({choose.choice(others).name})"
    if choose.random() < 0.2:
        where = choose.choice((f" WHERE {PRIMARY} % 5 = 0", f" WHERE {keys[0].name} IS NOT NULL",
                               f" WHERE {PRIMARY} > {table.rows // 3}"))
    options = choose.choice(("",) * 6 + (" WITH (fillfactor = 70)", " WITH (fillfactor = 100)",
                                         " WITH (deduplicate_items = off)"))
    return Index(f"({listed}){include}{options}{where}")


def _expression(choose, table):
    texts = [c for c in table.columns if c.type == "text" and c.narrow]
    numbers = [c for c in table.columns if c.type in ("int", "bigint", "smallint")]
    made = [f"lower({c.name})" for c in texts] + [f"md5({c.name})" for c in texts]
    made += [f"(({c.name} / 3)::int)" for c in numbers]
    wide = [c for c in table.columns if not c.narrow]
    made += [f"length({c.name})" for c in wide] + [f"md5({c.name})" for c in wide]
    return Index(f"({choose.choice(made)})") if made else None


def _unique(choose, table):
    options = choose.choice(("", "", " WITH (fillfactor = 60)"))
    other = choose.choice([c for c in table.columns if "btree" in c.index])
    listed = choose.choice((PRIMARY, PRIMARY, f"{PRIMARY}, {other.name}", f"{other.name}, {PRIMARY}"))
    return Index(f"({listed}){options}", unique=True)


def _other(choose, table):
    able = [(method, c) for c in table.columns for method in c.index if method != "btree"]
    if not able:
        return None
    method, column = choose.choice(able)
    return Index(f"USING {method} ({column.name})", method)


def _indexes(choose, table):
    makers = [_plain, _plain, _plain, _expression, _unique, _other]
    made = [choose.choice(makers)(choose, table) for _ in range(choose.randrange(0, 5))]
    return [index for index in made if index]


# ---- what becomes of its rows ------------------------------------------------------------------


def _delete(choose, table):
    part = choose.choice((0.02, 0.1, 0.3, 0.5, 0.8, 0.95, 0.99))
    kind = choose.choice(("random", "random", "range", "start", "modulo"))
    if kind == "random":
        return f"DELETE FROM {table.name} WHERE random() < {part}"
    if kind == "modulo":
        return f"DELETE FROM {table.name} WHERE {PRIMARY} % 100 < {round(part * 100)}"
    first = 0 if kind == "start" else choose.randrange(0, table.rows)
    return (f"DELETE FROM {table.name} WHERE {PRIMARY} > {first} "
            f"AND {PRIMARY} <= {first + round(part * table.rows)}")


def _update(choose, table):
    column = choose.choice([c for c in table.columns if c.name != PRIMARY] or table.columns)
    part = choose.choice((0.05, 0.3, 0.6, 1))
    if column.name == PRIMARY:
        return f"UPDATE {table.name} SET {PRIMARY} = {PRIMARY} WHERE random() < {part}"
    value = re.sub(r"\bg\b", f"{PRIMARY}::int", column.filled())
    return f"UPDATE {table.name} SET {column.name} = {value} WHERE random() < {part}"


def _insert(choose, table):
    more = round(table.rows * choose.choice((0.05, 0.2, 0.6)))
    first = table.rows + 1 + 10 * len(table.story) * table.rows
    return table._fill(first, first + more)


def _tell(choose, table):
    """Changes with some care between, and how it was left."""
    acts = [_delete, _delete, _update, _update, _insert]
    for _ in range(choose.choice((0, 1, 1, 2, 2, 3, 4))):
        table.story.append(choose.choice(acts)(choose, table))
        if choose.random() < 0.35:
            table.story.append(choose.choice(("VACUUM", "ANALYZE", "VACUUM ANALYZE")) +
                               f" {table.name}")
    left = choose.choice((("ANALYZE",), ("ANALYZE",), ("VACUUM ANALYZE",), ("VACUUM ANALYZE",),
                          ("VACUUM",), (), ("ANALYZE", "change"), ("VACUUM ANALYZE", "change")))
    for act in left:
        table.story.append(choose.choice(acts)(choose, table) if act == "change"
                           else f"{act} {table.name}")
    table.analyzed = bool(left) and "ANALYZE" in left[-1]


# ---- the tables ---------------------------------------------------------------------------------


def make_table(choose, number, scale):
    """`choose` is a random.Random."""
    columns = [Column(PRIMARY, choose.choice(("int", "bigint")), "g", index=("btree",),
                      options="NOT NULL")]
    columns += [make_column(choose, f"c{i}") for i in range(choose.choice((0, 1, 2, 4, 6, 9, 14)))]
    if choose.random() < 0.35:
        columns.append(make_wide_column(choose, "w"))
    choose.shuffle(columns)
    wide = any(not column.narrow for column in columns)
    rows = round(choose.choice((300, 3000, 20_000, 40_000, 80_000)) * scale)
    table = Table(f"t{number}", number, columns, max(min(rows, 8000 if wide else rows), 10),
                  choose.choice((100,) * 6 + (90, 80, 70, 50, 30)))
    table.late = choose.random() < 0.4
    table.drops = choose.random() < 0.15
    table.partitions = choose.choice((0,) * 8 + (2, 3))
    table.indexes = _indexes(choose, table)
    _tell(choose, table)
    return table


def extremes(scale):
    """What estimators are known to be wrong about: they are in every run."""
    rows = max(round(60_000 * scale), 100)
    plain = [Column(PRIMARY, "int", "g", index=("btree",), options="NOT NULL")]
    pairs = [column for i in range(5) for column in (
        Column(f"b{i}", "bool", "true", options="NOT NULL"),
        Column(f"n{i}", "bigint", "g", options="NOT NULL"))]
    code = Column("code", "int", "g % 7", index=("btree",))
    full = Table("alignment", 1, plain + pairs, rows, 100)
    roomy = Table("fillfactor", 2, plain + [Column("t", "text", text_of(20))], rows, 70)
    same = Table("same_keys", 3, plain + [code], rows, 100)
    same.indexes = [Index("(code)")]
    fresh = Table("deleted", 4, plain + [Column("t", "text", text_of("(random() * 30)::int"))],
                  rows, 100)
    fresh.indexes = [Index("(id)")]
    never = Table("never_analyzed", 5, plain + pairs, rows, 100)
    never.story = ["DELETE FROM never_analyzed WHERE id % 2 = 0"]
    for table in (full, roomy, same):
        table.story, table.analyzed = [f"VACUUM ANALYZE {table.name}"], True
    fresh.story = ["ANALYZE deleted", "DELETE FROM deleted WHERE id % 2 = 0"]
    return [full, roomy, same, fresh, never]
