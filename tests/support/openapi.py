"""Answers held against what the API says of them."""

import re

KINDS = {"object": dict, "string": str, "integer": int, "null": type(None)}


def assert_is(value, schema, shapes, where):
    """As far as this description goes; a schema that says nothing is none."""
    schema = shapes[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
    assert schema and not set(schema) - {"type", "const", "required", "properties", "pattern", "format"}
    if "type" in schema:
        types = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
        assert isinstance(value, tuple(KINDS[name] for name in types)), where
    assert value == schema.get("const", value), where
    assert re.search(schema.get("pattern", ""), value if "pattern" in schema else ""), where
    if "properties" not in schema:
        return
    assert not set(schema["required"]) - set(value), where
    for name, part in schema["properties"].items():
        if name in value:
            assert_is(value[name], part, shapes, f"{where}: {name}")
