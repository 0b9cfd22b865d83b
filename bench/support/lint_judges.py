"""What pgrunbook and squawk say of a case's statements: for each, whether it would scan or rewrite
a table that was there under a lock that blocks writes."""

import json
import subprocess
import tempfile
from pathlib import Path

from support.lint_cases import base
from support.machine import BenchError

BLOCKING = ("share", "sharerowexclusive", "exclusive", "accessexclusive")
WORK = ("scan", "rewrite")

# Those of squawk's rules that speak of a scan or a rewrite that others wait for.
SQUAWK_RULES = (
    "adding-field-with-default", "adding-foreign-key-constraint", "adding-not-nullable-field",
    "adding-required-field", "adding-serial-primary-key-field", "changing-column-type",
    "constraint-missing-not-valid", "disallowed-unique-constraint", "prefer-repack",
    "require-concurrent-index-creation", "require-concurrent-reindex",
    "require-concurrent-refresh-materialized-view")


def run(command, environment, codes=(0, 1)):
    done = subprocess.run([str(part) for part in command], env=environment, text=True,
                          capture_output=True, stdin=subprocess.DEVNULL)
    if done.returncode not in codes:
        raise BenchError(f"{' '.join(map(str, command))} ended with {done.returncode}:\n"
                         f"{done.stderr}{done.stdout[-2000:]}")
    return done.stdout


def _blocks(mode):
    return mode.replace("Lock", "").replace(" ", "").lower() in BLOCKING


class Pgrunbook:
    """Asked with the server's schema, or with the base and the setup as migrations before."""

    def __init__(self, program, environment):
        self.program, self.environment = program, environment

    def with_server(self, case, conninfo):
        return self._ask(case, [("3_case", case.script())], ["-d", conninfo])

    def with_folder(self, case, version):
        scripts = [("1_base", base()), ("2_setup", case.setup or "-- none\n"),
                   ("3_case", case.script())]
        return self._ask(case, scripts, ["--server-version", str(version)])

    def _ask(self, case, scripts, options):
        with tempfile.TemporaryDirectory() as folder:
            for name, text in scripts:
                (Path(folder) / f"{name}.up.sql").write_text(text)
            answer = json.loads(run([self.program, "migrations", "lint", folder, "--json",
                                     *options], self.environment))
        for file in answer["files"]:
            if file["file"].endswith("3_case.up.sql"):
                return self._judge(case, file["statements"])
        raise BenchError(f"{case.name}: the answer says nothing of the file")

    @staticmethod
    def _judge(case, statements):
        """True, False, or None: not analysed."""
        if len(statements) != len(case.statements):
            raise BenchError(f"{case.name}: {len(statements)} statements instead of "
                             f"{len(case.statements)}")
        held, said = set(), []
        for statement in statements:
            if not statement["analysed"]:
                said.append(None)
                continue
            locks = statement["locks"]
            strong = {lock["relation"] for lock in locks if _blocks(lock["mode"])}
            touched = {lock["relation"] for lock in locks}
            said.append(statement["effect"] in WORK and bool(strong or touched & held))
            held |= strong
        return said


class Squawk:
    def __init__(self, program, environment):
        self.program, self.environment = program, environment

    def version(self):
        return run([self.program, "--version"], self.environment).strip()

    def all(self, cases, version):
        """{case: [a verdict for each statement]}. One call for all files."""
        with tempfile.TemporaryDirectory() as folder:
            places = {}
            for number, case in enumerate(cases):
                path = Path(folder) / f"{number:04}.sql"
                path.write_text(case.script())
                places[str(path)] = case
            answer = run([self.program, "--reporter", "json", "--pg-version", f"{version}.0",
                          "--assume-in-transaction", *places], self.environment)
        found = {case.name: [False] * len(case.statements) for case in cases}
        for violation in json.loads(answer):
            if violation["rule_name"] in SQUAWK_RULES:
                case = places[violation["file"]]
                found[case.name][_statement_at(case, violation["line"])] = True
        return found


def _statement_at(case, line):
    """Of a line, counted from 0."""
    last = 0
    for number, statement in enumerate(case.statements):
        last += statement.count("\n") + 1
        if line < last:
            return number
    return len(case.statements) - 1
