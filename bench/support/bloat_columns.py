"""Columns of every width, alignment and storage, as a type and an expression that fills it.

`g` is the row's number. `random()` is seeded before each table is filled, so a table can be made
again; uuid and the like come from it too.
"""

from dataclasses import dataclass

MD5 = "md5(random()::text || g::text)"


@dataclass
class Column:
    name: str
    type: str
    value: str           # SQL over g
    null: float = 0      # fraction
    index: tuple = ()    # access methods it can be a key of
    narrow: bool = True  # may be one of several keys
    options: str = ""    # behind the type: STORAGE is set apart
    storage: str = None

    def filled(self):
        if not self.null:
            return self.value
        return f"CASE WHEN random() < {self.null} THEN NULL ELSE {self.value} END"


def text_of(length):
    """Random text of `length` (SQL) up to 160 characters that does not compress."""
    return f"substr({' || '.join([MD5] * 5)}, 1, {length})"


def wide_text(words, letters=32):
    """`words` (SQL) pieces of random text: too wide for a row when there are many."""
    return (f"(SELECT string_agg(substr(md5(random()::text || w::text || g::text), 1, {letters}),"
            f" '') FROM generate_series(1, {words} + 0 * g) AS w)")  # g: another one for each row


def compressible(repeats):
    return f"repeat({MD5} || 'abcdefgh', {repeats})"


def whole(choose, least, most):
    """An SQL expression for whole numbers from least to most, evenly or mostly small ones."""
    power = choose.choice((1, 1, 2, 4))
    even = "random()" if power == 1 else f"power(random(), {power})"
    return f"({least} + floor({even} * {most - least + 1}))::int"


BTREE_HASH = ("btree", "hash")


def _integers(choose):
    few = choose.choice((2, 5, 20, 100, 1000, 20_000, 10**6, 2 * 10**9))
    kind = choose.choice(("smallint", "int", "int", "bigint"))
    few = min(few, 32_000) if kind == "smallint" else few
    value = choose.choice(("random", "random", "in turn", "in order"))
    if value == "random":
        expression = whole(choose, 0, few)
    elif value == "in turn":
        expression = f"(g % {few})::int"
    else:
        expression = f"(g / {choose.choice((1, 2, 7, 50, 1000))})::int % 32000"
    return kind, f"({expression})::{kind}", BTREE_HASH


def _short_text(choose):
    longest = choose.choice((6, 12, 30, 60, 110))
    least = choose.randrange(0, longest)
    return "text", text_of(whole(choose, least, longest)), BTREE_HASH


def _words(choose):
    words = choose.sample(["new", "paid", "shipped", "cancelled", "in transit", "returned", "A",
                           "waiting for payment", "lost", "x" * 40, "archived"],
                          choose.randrange(2, 9))
    listed = ", ".join(f"'{word}'" for word in words)
    return "text", f"(ARRAY[{listed}])[{whole(choose, 1, len(words))}]", BTREE_HASH


def _numeric(choose):
    digits, scale = choose.choice(((2, 0), (5, 2), (9, 2), (15, 4), (30, 10)))
    return "numeric", f"round((random() * 1e{digits})::numeric, {scale})", ("btree",)


def _char(choose):
    length = choose.choice((1, 2, 3, 8, 10, 20, 36, 130))
    return f"char({length})", text_of(whole(choose, 1, length)), BTREE_HASH


def _array(choose):
    kind, value = choose.choice((("int", "(random() * 100)::int"), ("bigint", "(random() * 9)::bigint"),
                                 ("float8", "random()"), ("text", "substr(md5(random()::text), 1, 5)")))
    most = choose.choice((3, 10, 30))
    return (f"{kind}[]", f"(SELECT array_agg({value} || left(w::text, 0)) FROM generate_series(0, "
            f"{whole(choose, 0, most)} + g * 0) AS w)::{kind}[]", ("gin",))


def _jsonb(choose):
    extra = choose.choice(("", ", 'note', " + text_of(whole(choose, 1, 80)),
                           ", 'tags', jsonb_build_array(1, g, 'x')"))
    return "jsonb", f"jsonb_build_object('id', g, 'state', (random() * 5)::int{extra})", ("gin",)


def _bytea(choose):
    return "bytea", f"decode(repeat({MD5}, {whole(choose, 0, choose.choice((1, 4, 6)))}), 'hex')", ()


PLAIN = (
    ("bool", "random() < 0.3", ("btree",)),
    ('"char"', "chr(65 + (random() * 20)::int)::\"char\"", ("btree",)),
    ("date", "DATE '2020-01-01' + (random() * 1500)::int", ("btree", "brin")),
    ("timestamptz", "TIMESTAMPTZ '2020-01-01' + g * INTERVAL '1 min'", ("btree", "brin")),
    ("timestamp", "TIMESTAMP '2020-01-01' + random() * INTERVAL '900 days'", ("btree", "brin")),
    ("time", "TIME '00:00' + random() * INTERVAL '20 hours'", ("btree",)),
    ("timetz", "TIMETZ '00:00+00' + random() * INTERVAL '20 hours'", ("btree",)),
    ("interval", "random() * INTERVAL '20 hours'", ("btree",)),
    ("uuid", f"{MD5}::uuid", BTREE_HASH),
    ("text", MD5, BTREE_HASH),
    ("float8", "random() * 1e6", ("btree",)),
    ("real", "(random() * 1e3)::real", ("btree",)),
    ("money", "(random() * 1e4)::int::money", ("btree",)),
    ("macaddr", f"substr({MD5}, 1, 12)::macaddr", ("btree",)),
    ("inet", "('10.' || g % 200 || '.' || (random() * 250)::int || '.7')::inet", ("btree",)),
    ("point", "point(random(), random())", ("gist",)),
    ("int4range", "int4range(g, g + (random() * 50)::int)", ("gist",)),
    ("varbit", "(repeat('10110', 1 + (random() * 12)::int))::varbit", ("btree",)),
    ("name", f"substr({MD5}, 1, 3 + (random() * 20)::int)::name", ("btree",)),
    ("pg_lsn", "('0/' || to_hex(g))::pg_lsn", ("btree",)),
)
MADE = (_integers, _integers, _integers, _short_text, _short_text, _words, _words, _numeric,
        _numeric, _char, _array, _jsonb, _bytea)
WIDE = (
    lambda choose: text_of(whole(choose, 60, 160)),
    lambda choose: compressible(whole(choose, 2, 12)),
    lambda choose: wide_text(whole(choose, 4, 30)),
    lambda choose: compressible(whole(choose, 80, 400)),
    lambda choose: wide_text(whole(choose, 1, 150)),
    lambda choose: wide_text(whole(choose, 70, 400)),
)


def make_column(choose, name):
    if choose.random() < 0.45:
        kind, value, index = choose.choice(PLAIN)
    else:
        kind, value, index = choose.choice(MADE)(choose)
    column = Column(name, kind, value, index=index)
    if choose.random() < 0.4:
        column.null = choose.choice((0.01, 0.1, 0.3, 0.5, 0.9))
    if choose.random() < 0.25:
        column.options = "NOT NULL" if not column.null else ""
    return column


def make_wide_column(choose, name):
    column = Column(name, "text", choose.choice(WIDE)(choose), narrow=False)
    if choose.random() < 0.3:
        column.null = choose.choice((0.1, 0.5, 0.8))
    if choose.random() < 0.2:
        column.storage = choose.choice(("EXTERNAL", "MAIN", "PLAIN"))
        if column.storage == "PLAIN":
            column.value = text_of(whole(choose, 60, 160))
    return column
