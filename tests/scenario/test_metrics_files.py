"""The alert rules, the board and the reference name only families that there are."""

import csv
import json
import re
import subprocess
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent.parent
RULES = REPOSITORY / "packaging" / "prometheus" / "pgrunbook.rules.yml"
BOARD = REPOSITORY / "packaging" / "grafana" / "pgrunbook.json"
NAME = re.compile(r"\bpgrunbook_[a-z0-9_]+")
LABEL = re.compile(r"(pgrunbook_[a-z0-9_]+)\{([^}]*)\}")


def families(runbook):
    """NAME → its labels"""
    rows = csv.DictReader(runbook("gather", "names", "--format", "csv").expect(0).out.splitlines())
    return {row["Name"]: set(row["Labels"].split()) for row in rows}


def board_expressions():
    board = json.loads(BOARD.read_text(encoding="utf-8"))
    return [target["expr"] for panel in board["panels"] for target in panel["targets"]]


def rule_expressions():
    return re.findall(r"expr: (?:>-\n)?((?:.|\n)*?)\n        (?:for|labels):",
                      RULES.read_text(encoding="utf-8"))


def check(expressions, known):
    assert len(expressions) > 10
    for expression in expressions:
        names = NAME.findall(expression)
        assert names, expression
        for name in names:
            assert name in known, f"{name} in {expression}"
        for name, matchers in LABEL.findall(expression):
            for label in re.findall(r"(\w+)\s*(?:=|!=|=~|!~)", matchers):
                assert label in known[name], f"{label} of {name} in {expression}"


def test_board_uses_what_there_is(runbook):
    check(board_expressions(), families(runbook))


def test_rules_use_what_there_is(runbook):
    check(rule_expressions(), families(runbook))
    checked = subprocess.run(["promtool", "check", "rules", RULES], capture_output=True,
                             check=False)
    assert checked.returncode == 0, checked.stderr


def test_every_panel_can_be_parsed(runbook, tmp_path):
    """promtool reads the board's expressions as rules."""
    rules = [{"record": f"board:{number}", "expr": expression.replace("$target", ".*")}
             for number, expression in enumerate(board_expressions())]
    file = tmp_path / "board.yml"
    file.write_text(json.dumps({"groups": [{"name": "board", "rules": rules}]}), encoding="utf-8")
    checked = subprocess.run(["promtool", "check", "rules", "--lint=none", file],
                             capture_output=True, check=False)
    assert checked.returncode == 0, checked.stderr + checked.stdout


def test_every_family_is_in_the_reference(runbook):
    reference = (REPOSITORY / "docs" / "reference.md").read_text(encoding="utf-8")
    for name in families(runbook):
        assert f"| `{name}` |" in reference, name


def test_what_the_alerts_tell_to_type_is_there(runbook):
    told = re.findall(r"pgrunbook ((?:[a-z]+ )+)((?:--[a-z-]+ ?)+)", RULES.read_text("utf-8"))
    commands = {(words.strip(), *options.split()) for words, options in told}
    assert len(commands) > 8
    for words, *options in commands:
        page = runbook(*words.split(), "--help").expect(0).out
        for option in options:
            assert option in page, (words, option)
