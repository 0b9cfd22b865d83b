"""Holds a JSON document against its schema, a file in src/host/documents that looks like the document:

    "verdicts": [{"name": "string", "status": "'ok'|'warning'", "value": "number|null"}]

A leaf says which types are allowed: string, integer, number, boolean, null, time (RFC 3339 in
UTC), object, any, or a literal in single quotes. A key that ends in "?" may be missing, and
the object of one that ends in "|null" may be null. Keys that
the schema does not know are welcome: more fields break nobody.
"""

import json
import re
from pathlib import Path

SCHEMAS = Path(__file__).resolve().parents[2] / "src" / "host" / "documents"
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")

TYPES = {
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, (int, float)) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
    "time": lambda value: isinstance(value, str) and TIME.fullmatch(value) is not None,
    "object": lambda value: isinstance(value, dict),
    "any": lambda value: True,
}


def _matches(value, kind):
    return value == kind[1:-1] if kind.startswith("'") else TYPES[kind](value)


def differences(value, schema, path="document"):
    """Every place where the value is not what the schema says."""
    if isinstance(schema, str):
        if not any(_matches(value, kind) for kind in schema.split("|")):
            yield f"{path} is {json.dumps(value)}, not {schema}"
    elif isinstance(schema, list):
        if not isinstance(value, list):
            yield f"{path} is {json.dumps(value)}, not an array"
        else:
            for index, item in enumerate(value):
                yield from differences(item, schema[0], f"{path}[{index}]")
    elif not isinstance(value, dict):
        yield f"{path} is {json.dumps(value)}, not an object"
    else:
        for key, inner in schema.items():
            name = key.rstrip("?").removesuffix("|null")
            if key.endswith("|null") and value.get(name, "") is None:
                continue
            if name in value:
                yield from differences(value[name], inner, f"{path}.{name}")
            elif not key.endswith("?"):
                yield f"{path}.{name} is missing"


def check_document(document, name):
    """Fails with every difference between the document and NAME.json of these; returns it."""
    schema = json.loads((SCHEMAS / f"{name}.json").read_text(encoding="utf-8"))
    found = list(differences(document, schema))
    assert not found, "\n".join([f"{name} differs from its schema:", *found])
    return document
