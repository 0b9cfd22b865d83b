"""The same as lint_trace.py, measured by the rehearsal's own tracer: `pgrunbook migrations trace`,
which rolls back. What it cannot roll back as a whole is left to the other.
"""

import json
import subprocess
import tempfile
from pathlib import Path

from support.lint_trace import MODES, SHARE, stronger

WORK = ("scan", "rewrite")


def _result(statement, held):
    work = {lock["relation"]: lock["work"] for lock in statement["locks"]
            if lock["work"] in WORK}
    for lock in statement["locks"]:
        held[lock["relation"]] = stronger(held.get(lock["relation"]), lock["mode"])
    blocking = any(lock["mode"] and MODES.index(lock["mode"]) >= SHARE
                   for lock in statement["locks"] if lock["relation"] in work)
    return {"effect": statement["effect"], "blocking": blocking,
            "locks": dict(sorted(held.items())), "work": dict(sorted(work.items()))}


def trace_by_program(program, environment, case, conninfo):
    """A result for each statement; None: it is none of the tracer's, or it failed."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "1_case.up.sql"
        path.write_text(case.script())
        done = subprocess.run([program, "migrations", "trace", path, "-d", conninfo, "--json"],
                              env=environment, text=True, capture_output=True,
                              stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        return None
    statements = json.loads(done.stdout)["statements"]
    if len(statements) != len(case.statements) or any(
            one["error"] or one["alone"] for one in statements):
        return None
    held = {}
    return [_result(statement, held) for statement in statements]


def differences(one, other):
    """Statements of which the two do not say the same."""
    return [number for number, (a, b) in enumerate(zip(one, other))
            if a.get("blocking") != b.get("blocking")]
