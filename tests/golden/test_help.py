"""Every --help, word for word. After a wanted change: UPDATE_GOLDEN=1 pytest tests/golden"""

import os
import subprocess
from pathlib import Path

import pytest

GOLDEN = Path(__file__).parent
UPDATE = bool(os.environ.get("UPDATE_GOLDEN"))


def commands(program_help):
    """The commands the program's help lists: [["check"], ["history", "list"], …]."""
    listed = program_help.split("\nConnection options:")[0]
    lines = [line for line in listed.splitlines()
             if line.startswith("  ") and line[2].isalpha() and not line.startswith("  pgrunbook")]
    return [line[2:].split("  ")[0].split() for line in lines]


@pytest.fixture
def pages(runbook):
    """All help there is: the words that ask for it and the text."""
    program = runbook("--help").expect(0).out
    asked = [[]]
    for words in commands(program):
        asked += [words] if len(words) == 1 else [words[:1], words]
    unique = dict.fromkeys(map(tuple, asked))
    return {words: runbook(*words, "--help").expect(0).out for words in unique}


def test_golden(pages):
    texts = {("_".join(words) or "pgrunbook") + ".txt": text for words, text in pages.items()}
    known = {file.name for file in GOLDEN.glob("*.txt")}
    if UPDATE:
        for name in known - texts.keys():
            (GOLDEN / name).unlink()
        for name, text in texts.items():
            (GOLDEN / name).write_text(text, encoding="utf-8")
        return
    assert known == texts.keys(), "one file for each command; UPDATE_GOLDEN=1 makes them"
    for name, text in texts.items():
        assert text == (GOLDEN / name).read_text(encoding="utf-8"), name


def test_every_page_has_its_parts(pages):
    assert len(pages) > 10
    for words, text in pages.items():
        assert "\nUsage:\n  pgrunbook" in text, words
        assert max(map(len, text.splitlines())) <= 80, words
        assert text.endswith("\n") and "\n\n\n" not in text, words
        if any(f"  {' '.join(words)}  " in line for line in pages[()].splitlines()):
            assert "\nExit status:\n" in text and "  -?, --help" in text, words


def test_help_is_the_same_however_it_is_asked_for(runbook, pages):
    for words, text in pages.items():
        assert runbook("help", *words).out == text
        assert runbook(*words, "-?").out == text
        assert runbook("--help", *words).out == text


def test_help_needs_neither_server_nor_configuration(runbook, tmp_path):
    broken = tmp_path / "broken.conf"
    broken.write_text("[nonsense\n", encoding="utf-8")
    away = {"PGHOST": "/nonexistent", "PGRUNBOOK_CONFIG": str(broken)}
    for words in (["--help"], ["check", "--help"], ["help"], ["help", "--man"], ["--version"],
                  ["completion", "bash"], ["runbook"], ["config", "sample"]):
        assert runbook(*words, env=away).expect(0).err == ""


def test_man_page_renders_without_warnings(runbook, pages, tmp_path):
    page = tmp_path / "pgrunbook.1"
    page.write_text(runbook("help", "--man").expect(0).out, encoding="utf-8")
    shown = subprocess.run(["man", "--warnings=w", "-l", page], capture_output=True, text=True,
                           env={**os.environ, "LC_ALL": "C.UTF-8", "MANWIDTH": "80"}, check=True)
    assert shown.stderr == ""
    for heading in ("NAME", "SYNOPSIS", "COMMANDS", "EXIT STATUS", "ENVIRONMENT", "FILES"):
        assert f"\n{heading}\n" in shown.stdout
    for words in pages:
        if len(words) == 2:
            assert f"pgrunbook {' '.join(words)}" in shown.stdout
