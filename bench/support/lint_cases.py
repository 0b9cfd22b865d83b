"""The corpus of bench/lint: cases of SQL, each a setup and the statements of one migration.

    -- case: NAME [since=VERSION] [zone=TIME ZONE]
    setup;
    -- then:
    the migration's statements, each ended by a semicolon at the end of a line;

Without a line "-- then:" there is no setup. What the tables are stands in base.sql.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "migrations"
VERSIONS = (14, 15, 16, 17, 18)
HEAD = re.compile(r"^-- case: (.*?)((?: \w+=\S+)*)$")


@dataclass
class Case:
    name: str                  # "add_column/random"
    since: int = VERSIONS[0]
    zone: str = "UTC"
    setup: str = ""
    statements: list = field(default_factory=list)

    def on(self, version):
        return version >= self.since

    def script(self):
        return "\n".join(self.statements) + "\n"


def split(text):
    """Statements end with a semicolon at the end of a line, outside of $$."""
    statements, lines = [], []
    for line in text.strip().splitlines():
        lines.append(line)
        whole = "\n".join(lines)
        if line.endswith(";") and whole.count("$$") % 2 == 0:
            statements.append(whole)
            lines = []
    if lines:
        raise ValueError("no semicolon at the end of: " + "\n".join(lines))
    return statements


def _read(path):
    blocks = re.split(r"(?m)^(?=-- case: )", path.read_text())
    for block in filter(str.strip, blocks):
        head, _, body = block.partition("\n")
        match = HEAD.match(head)
        if not match:
            raise ValueError(f"{path.name}: what is {head!r}?")
        more = dict(word.split("=", 1) for word in match[2].split())
        setup, then, statements = body.rpartition("-- then:\n")
        yield Case(f"{path.stem}/{match[1]}", int(more.pop("since", VERSIONS[0])),
                   more.pop("zone", "UTC"), setup, split(statements))
        if more:
            raise ValueError(f"{path.name}: {head!r}: {', '.join(more)} is not known")


def read_cases(wanted=None):
    """All of them, or those whose name has the word."""
    cases = [case for path in sorted((FOLDER / "cases").glob("*.sql")) for case in _read(path)]
    names = [case.name for case in cases]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise ValueError(f"two cases are called {', '.join(sorted(twice))}")
    return [case for case in cases if not wanted or wanted in case.name]


def base():
    return (FOLDER / "base.sql").read_text()
