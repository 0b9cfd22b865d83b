"""Answers held against what the API says of them: as much of JSON Schema as it uses."""

import re
from datetime import datetime

KINDS = {"object": dict, "array": list, "string": str, "integer": int, "number": (int, float),
         "boolean": bool, "null": type(None)}
KNOWN = {"$ref", "allOf", "anyOf", "type", "const", "enum", "required", "properties", "items", "pattern",
         "format"}


def _is(value, kind):
    return isinstance(value, KINDS[kind]) and (kind == "boolean" or not isinstance(value, bool))


def _is_time(text):
    try:
        return text.endswith("Z") and bool(datetime.fromisoformat(text[:-1]))
    except ValueError:
        return False


def faults(value, schema, shapes, where):
    """Every place where the value is not what the schema says; a word that is not known here is none
    of the API's."""
    assert not set(schema) - KNOWN, f"{where}: {schema}"
    if "$ref" in schema:
        yield from faults(value, shapes[schema["$ref"].removeprefix("#/components/schemas/")], shapes,
                          where)
    for part in schema.get("allOf", []):
        yield from faults(value, part, shapes, where)
    tried = [list(faults(value, part, shapes, where)) for part in schema.get("anyOf", [])]
    if tried and all(tried):
        yield from min(tried, key=len)
    types = schema.get("type", [])
    types = [types] if isinstance(types, str) else types
    if types and not any(_is(value, kind) for kind in types):
        yield f"{where} is {value!r:.200}, not {types}"
        return
    if value not in schema.get("enum", [value]) or value != schema.get("const", value):
        yield f"{where} is {value!r:.200}, not {schema}"
    if isinstance(value, str):
        if not re.search(schema.get("pattern", ""), value):
            yield f"{where} is {value!r:.200}, not {schema['pattern']}"
        if schema.get("format") == "date-time" and not _is_time(value):
            yield f"{where} is {value!r:.200}, no time"
    if isinstance(value, list):
        for number, item in enumerate(value):
            yield from faults(item, schema.get("items", {}), shapes, f"{where}[{number}]")
    if isinstance(value, dict):
        yield from (f"{where}.{name} is missing" for name in schema.get("required", [])
                    if name not in value)
        for name, part in schema.get("properties", {}).items():
            if name in value:
                yield from faults(value[name], part, shapes, f"{where}.{name}")


def assert_is(value, schema, shapes, where):
    assert schema, f"{where}: nothing is said of it"
    found = list(faults(value, schema, shapes, where))
    assert not found, "\n".join(found)


def shape_of(operation, status):
    """What is said of that answer; None: it is no JSON."""
    return operation["responses"][str(status)]["content"].get("application/json", {}).get("schema")


def references(value):
    """Every $ref in there."""
    if isinstance(value, dict):
        yield from ([value["$ref"]] if isinstance(value.get("$ref"), str) else [])
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from references(item)
