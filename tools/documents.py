#!/usr/bin/env python3
"""Turns the documents' shapes into JSON Schema, as C: what OpenAPI says of each.

usage: documents.py FOLDER OUT.c OUT.d

NAME.json in FOLDER looks like the document of that name. A leaf says which types are allowed:
string, integer, number, boolean, null, time (RFC 3339 in UTC), object, any, or a literal in single
quotes. A key that ends in "?" may be missing, and the object of one that ends in "|null" may be null.

host_documents[] is the text of one object, name → schema. OUT.d tells ninja what it is made of.
"""
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from embed import c_string, read  # noqa: E402  (it is beside this file)

TYPES = {"string", "integer", "number", "boolean", "null", "object", "time", "any"}


def leaf(text: str) -> dict:
    kinds = text.split("|")
    literals = [kind[1:-1] for kind in kinds if kind[0] == kind[-1] == "'"]
    types = [kind for kind in kinds if kind[0] != "'"]
    unknown = set(types) - TYPES
    if unknown:
        raise ValueError(f"no such type: {', '.join(sorted(unknown))}")
    if "any" in types:
        return {}
    if literals:
        return choice(literals, types)
    schema = {"type": one_or_all(["string" if kind == "time" else kind for kind in types])}
    return schema | ({"format": "date-time"} if "time" in types else {})


def choice(literals: list, types: list) -> dict:
    if types == []:
        return {"const": literals[0]} if len(literals) == 1 else {"enum": literals}
    if types == ["null"]:
        return {"enum": [*literals, None]}
    return {"anyOf": [{"enum": literals}, leaf("|".join(types))]}


def one_or_all(kinds: list):
    return kinds[0] if len(kinds) == 1 else kinds


def schema_of(shape) -> dict:
    if isinstance(shape, str):
        return leaf(shape)
    if isinstance(shape, list):
        return {"type": "array", "items": schema_of(shape[0])} if shape else {"type": "array"}
    properties, required = {}, []
    for key, inner in shape.items():
        name = key.rstrip("?").removesuffix("|null")
        schema = schema_of(inner)
        if key.endswith("|null"):
            schema = {"anyOf": [schema, {"type": "null"}]}
        properties[name] = schema
        if not key.endswith("?"):
            required.append(name)
    return {"type": "object", "required": required, "properties": properties}


def main() -> None:
    folder, out_c, out_d = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    files, lines = sorted(folder.glob("*.json")), []
    for path in files:
        try:
            schema = schema_of(json.loads(read(path)))
        except ValueError as error:
            sys.exit(f"{path}: {error}")
        lines.append(f"{json.dumps(path.stem)}: "
                     f"{json.dumps(schema, ensure_ascii=False, separators=(',', ':'))}")
    text = "{" + ",\n".join(lines) + "}"
    Path(out_c).write_text(
        '/* Made by tools/documents.py. */\n#include "documents/documents.h"\n\n'
        '#pragma GCC diagnostic ignored "-Woverlength-strings"\n'
        f"\nconst char host_documents[] =\n{c_string(text)};\n", encoding="utf-8")
    words = " ".join(str(path).replace(" ", "\\ ") for path in [folder, *files])
    Path(out_d).write_text(f"{out_c}: {words}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
