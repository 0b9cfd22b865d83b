#!/usr/bin/env python3
"""Turns files into C: `.sql` files into struct query tables, anything else into strings.

usage: embed.py MODULE OUT.c OUT.h FILE...

A query file starts with a header of comment lines, kept in the statement:
    -- name:  candidates
    -- doc:   One sentence; continuation lines are allowed.
    -- since: 140000
    -- param: $1 int8 smallest size, bytes
    -- row:   oid oid, schema text
`NAME.pg16.sql` is the text for servers from 16 on, `NAME.sql` the one for those before.
The header declares, for MODULE vacuum: query_vacuum_candidates, an enum of its columns
(VACUUM_CANDIDATES_OID, …) and vacuum_queries[] with all of them; README.md becomes vacuum_readme.

Files in a folder `migrations`, NNN_name.sql numbered from 001 without a gap, hold any number of
statements and no header: MODULE_migrations[] has their texts in order.
"""
import json
import re
import sys
from pathlib import Path

VARIANT = re.compile(r"^(?P<name>[a-z0-9_]+?)(?:\.pg(?P<major>\d+))?\.sql$")
MIGRATION = re.compile(r"^\d.*\.sql$")
FIELD = re.compile(r"^--\s*(name|doc|since|param|row):\s*(.*)$")


def read(path: Path) -> str:
    """Unlike read_text() it leaves carriage returns alone."""
    return path.read_bytes().decode()


def c_string(text: str) -> str:
    """A C string literal, one source line per text line; safe for any UTF-8 and for trigraphs."""
    out = []
    for line in text.splitlines(keepends=True) or [""]:
        body = ""
        for byte in line.encode():
            char = chr(byte)
            if char == "\n":
                body += "\\n"
            elif char in '"\\?':
                body += "\\" + char
            elif 32 <= byte < 127:
                body += char
            else:
                body += f"\\{byte:03o}"
        out.append(f'    "{body}"')
    return "\n".join(out)


def c_strings(words) -> str:
    quoted = [json.dumps(word) for word in words]  # a type may be "char"
    return "{" + ", ".join(quoted + ["NULL"]) + "}"


class Query:
    def __init__(self, path: Path):
        match = VARIANT.match(path.name)
        if not match:
            sys.exit(f"{path}: file name is not NAME.sql or NAME.pgNN.sql")
        self.path, self.name = path, match["name"]
        self.text = read(path).strip()
        fields = {"name": "", "doc": "", "since": "", "param": [], "row": ""}
        last = None
        for line in self.text.splitlines():
            if not line.startswith("--"):
                break
            field = FIELD.match(line)
            if field and field[1] == "param":
                fields["param"].append(field[2])
            elif field:
                last = field[1]
                fields[last] = (fields[last] + " " + field[2]).strip()
            elif last:
                fields[last] += " " + line.lstrip("- ").strip()
        if fields["name"] != self.name or not fields["doc"]:
            sys.exit(f"{path}: header needs `-- name: {self.name}` and `-- doc:`")
        if ";" in re.sub(r"--.*|'[^']*'", "", self.text):
            sys.exit(f"{path}: one statement, without semicolon")
        self.doc = fields["doc"]
        if not re.fullmatch(r"\d*", fields["since"]):
            sys.exit(f"{path}: `since` is a server_version_num")
        self.since = int(fields["since"] or 0)
        if match["major"] and self.since != int(match["major"]) * 10000:
            sys.exit(f"{path}: `since` and file name disagree")
        params = [p.split() for p in fields["param"]]
        if any(len(p) < 2 or p[0] != f"${i}" for i, p in enumerate(params, start=1)):
            sys.exit(f"{path}: `param` is $1 TYPE, then $2 TYPE and so on")
        self.params = [p[1] for p in params]
        pairs = [p.split(None, 1) for p in fields["row"].split(",") if p.strip()]
        if any(len(p) != 2 for p in pairs):
            sys.exit(f"{path}: `row` is a list of NAME TYPE")
        self.columns = [p[0] for p in pairs]
        self.types = [p[1].strip() for p in pairs]


def emit_query(module: str, versions) -> str:
    """Newest version is the public symbol; `older` leads to the rest."""
    out, older = "", "NULL"
    for version, query in enumerate(sorted(versions, key=lambda q: q.since)):
        newest = version == len(versions) - 1
        symbol = f"query_{module}_{query.name}" + ("" if newest else f"_{query.since}")
        out += f"\n/* {query.path.name} */\n"
        out += f"{'' if newest else 'static '}const struct query {symbol} = {{\n"
        out += f'    .name = "{module}_{query.name}",\n'
        out += f"    .doc =\n{c_string(query.doc)},\n    .since = {query.since},\n"
        out += f"    .param_types = (const char *const[]) {c_strings(query.params)},\n"
        out += f"    .columns = (const char *const[]) {c_strings(query.columns)},\n"
        out += f"    .column_types = (const char *const[]) {c_strings(query.types)},\n"
        out += f"    .older = {older},\n    .sql =\n{c_string(query.text)},\n}};\n"
        older = "&" + symbol
    return out


def emit_migrations(module: str, paths) -> str:
    out = f"\nconst char *const {module}_migrations[] = {{\n"
    for number, path in enumerate(sorted(paths, key=lambda p: p.name), start=1):
        if not path.name.startswith(f"{number:03d}_"):
            sys.exit(f"{path}: migrations are numbered 001_, 002_, … without a gap")
        out += f"    /* {path.name} */\n{c_string(read(path))},\n"
    return out + "    NULL,\n};\n"


def main() -> None:
    module, out_c, out_h, *files = sys.argv[1:]
    queries, texts, migrations = {}, [], []
    for path in map(Path, files):
        if path.parent.name == "migrations" and MIGRATION.match(path.name):
            migrations.append(path)
        elif path.suffix == ".sql" and VARIANT.match(path.name):
            query = Query(path)
            queries.setdefault(query.name, []).append(query)
        else:
            texts.append(path)
    for name, versions in queries.items():
        if len({(tuple(q.columns), tuple(q.params)) for q in versions}) != 1:
            sys.exit(f"{name}: versions disagree on their columns or parameters")

    guard = f"EMBEDDED_{module.upper()}_H"
    header = f"/* Made by tools/embed.py. */\n#ifndef {guard}\n#define {guard}\n\n"
    source = f'/* Made by tools/embed.py. */\n#include "{Path(out_h).name}"\n\n#include <stddef.h>\n'
    # C99 compilers need not support literals of more than 4095 bytes; those in use do.
    source += '\n#pragma GCC diagnostic ignored "-Woverlength-strings"\n'
    if queries:
        header += '#include "pg/query.h"\n\n'
    for name, versions in sorted(queries.items()):
        header += f"/* {versions[0].doc} */\nextern const struct query query_{module}_{name};\n"
        if versions[0].columns:
            prefix = f"{module}_{name}_".upper()
            rows = ", ".join(prefix + c.upper() for c in versions[0].columns)
            header += f"enum {module}_{name}_column {{ {rows} }};\n"
        header += "\n"
        source += emit_query(module, versions)
    if queries:
        header += f"/* All of them, NULL-terminated. */\nextern const struct query *const {module}_queries[];\n"
        source += f"\nconst struct query *const {module}_queries[] = {{\n"
        source += "".join(f"    &query_{module}_{n},\n" for n in sorted(queries)) + "    NULL,\n};\n"
    for path in texts:
        symbol = f"{module}_" + re.sub(r"[^a-z0-9]+", "_", path.stem.lower())
        header += f"extern const char {symbol}[];\n"
        source += f"\n/* {path.name} */\nconst char {symbol}[] =\n{c_string(read(path))};\n"
    if migrations:
        header += f"/* In order, NULL-terminated. */\nextern const char *const {module}_migrations[];\n"
        source += emit_migrations(module, migrations)
    header += "\n#endif\n"
    Path(out_c).write_text(source, encoding="utf-8")
    Path(out_h).write_text(header, encoding="utf-8")


if __name__ == "__main__":
    main()
