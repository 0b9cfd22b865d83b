"""Words for the stories about figures."""

import json


def figures(answer):
    """NAME, or (NAME, label values…) → value, of what gather has printed."""
    found = {}
    for family in json.loads(answer.out.splitlines()[1])["families"]:
        name = family["name"].removeprefix("pgrunbook_")
        for sample in family["samples"]:
            labels = tuple(sample["labels"].values())
            found[(name, *labels) if labels else name] = sample["value"]
    return found


def of_family(found, name):
    """Label values → value."""
    return {key[1:]: value for key, value in found.items() if key[0] == name}


def all_sections_done(found):
    return set(of_family(found, "gather_section_success").values()) == {1}
