"""A thousand migration files, and one script of four megabytes: seconds and memory beside squawk."""

import random
import tempfile
from pathlib import Path

from support.peer import measure
from support.report import Goal, seconds

FILES = 1000
MEGABYTE = 1 << 20
RUNS = 5
STATEMENTS = (
    "CREATE TABLE {t} (id bigint PRIMARY KEY, name text NOT NULL, made timestamptz DEFAULT now());",
    "ALTER TABLE {t} ADD COLUMN a{n} int;",
    "ALTER TABLE {t} ADD COLUMN b{n} uuid DEFAULT gen_random_uuid();",
    "CREATE INDEX {t}_{n} ON {t} (name);",
    "ALTER TABLE {t} ADD CONSTRAINT c{n} CHECK (id > {n}) NOT VALID;",
    "ALTER TABLE {t} ALTER COLUMN name SET NOT NULL;",
    "CREATE OR REPLACE VIEW v{n} AS SELECT id, name FROM {t} WHERE id > {n};",
    "COMMENT ON TABLE {t} IS 'number {n}';",
    "INSERT INTO {t} (id, name) VALUES ({n}, 'name {n}');",
)


def _migrations(folder):
    choose = random.Random(7)
    for number in range(1, FILES + 1):
        table = f"t{number // 10}"
        lines = [] if number % 10 else [STATEMENTS[0].format(t=table, n=number)]
        lines += [choose.choice(STATEMENTS[1:]).format(t=table, n=number * 10 + i)
                  for i in range(choose.randint(1, 8))]
        (folder / f"{number:06}_step.up.sql").write_text("\n".join(lines) + "\n")


def _script(folder):
    with open(folder / "1_large.up.sql", "w") as file:
        file.write("CREATE TABLE seed (id int, name text);\n")
        number = 0
        while file.tell() < 4 * MEGABYTE:
            number += 1
            file.write(f"INSERT INTO seed (id, name) VALUES ({number}, 'the name of {number}');\n")


def _best(commands, environment):
    """Of each the fastest of some runs, in turns, so that both have the same machine; the memory is
    measured in one run more."""
    runs = [[measure(command, environment, (0, 1)).seconds for command in commands]
            for _ in range(RUNS)]
    return [(min(seconds), measure(command, environment, (0, 1), watch=True).peak_bytes)
            for seconds, command in zip(zip(*runs), commands)]


def _compare(title, make, limit, program, squawk, environment):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make(folder)
        ours, theirs = _best(
            [[program, "migrations", "lint", folder, "--json", "--server-version", "15"],
             [squawk, "--reporter", "json", "--pg-version", "15.0", *sorted(folder.iterdir())]],
            environment)
    for who, (took, peak) in (("pgrunbook", ours), ("squawk", theirs)):
        print(f"  {title:<24} {who:<10} {seconds(took):>8}, {peak / MEGABYTE:.0f} MiB")
    yield Goal(f"{title}: seconds", ours[0], limit, unit=" s")
    yield Goal(f"{title}: seconds, of squawk's", ours[0] / theirs[0], 1)
    yield Goal(f"{title}: memory", ours[1] / MEGABYTE, 300, unit=" MiB")


def measure_speed(program, squawk, environment):
    print()
    goals = list(_compare("1,000 files", _migrations, 1, program, squawk, environment))
    return goals + list(_compare("script of 4 MB", _script, 3, program, squawk, environment))
