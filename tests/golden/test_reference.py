"""docs/reference.md and the sample configuration say what the program says. After a wanted change
of the program: tools/reference, or UPDATE_GOLDEN=1 pytest tests/golden"""

import os
import subprocess
from pathlib import Path

import pytest
from support.program import REPOSITORY, binary


def tool(*arguments):
    return subprocess.run([REPOSITORY / "tools" / "reference", *arguments], capture_output=True,
                          text=True, env={**os.environ, "PGRUNBOOK": str(binary())})


@pytest.fixture(scope="module", autouse=True)
def updated():
    if os.environ.get("UPDATE_GOLDEN"):
        assert tool().returncode == 0


def test_reference_is_up_to_date():
    checked = tool("--check")
    assert checked.returncode == 0, checked.stderr


def test_reference_is_complete(runbook):
    text = (REPOSITORY / "docs" / "reference.md").read_text(encoding="utf-8")
    for schema in (Path(__file__).parent / "schema").glob("*.json"):
        assert f"\n### {schema.stem}\n" in text
    for line in runbook("config", "show", "--json").json["settings"]:
        assert line["name"] in text
    for command in ("check", "vacuum plan", "vacuum run", "history show"):
        assert f"\n### {command}\n" in text


def test_sample_is_a_valid_configuration(runbook):
    sample = REPOSITORY / "packaging" / "pgrunbook.conf.sample"
    runbook("config", "check", "--config", sample).expect(0)
