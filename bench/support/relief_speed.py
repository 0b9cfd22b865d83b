"""How long a decision takes, and the report as a whole process."""

import statistics
import subprocess
from pathlib import Path

from support.machine import BenchError
from support.peer import measure
from support.report import Goal

ROWS, MOST_DECISION_MS = 5000, 10
SESSIONS, MOST_REPORT_MS, RUNS = 90, 100, 41


def decision_goal(program):
    """The deciding code over rows in memory, by a program the build makes for this."""
    bench = Path(program).resolve().parent / "features/connections/connections_speed"
    if not bench.exists():
        raise BenchError(f"{bench} is not there\nhint: ./dev build makes it")
    done = subprocess.run([bench, str(ROWS)], text=True, capture_output=True, check=True)
    print(done.stdout, end="")
    slowest = max(float(line.split()[-2]) for line in done.stdout.splitlines())
    return Goal(f"decision over {ROWS:,} sessions, slowest kind", slowest, MOST_DECISION_MS,
                unit=" ms")


def report_goal(program, mix, arena):
    """The whole process, median of many, on a server with that many sessions."""
    arena.build(mix)
    program.configure(60)
    taken = [1000 * measure(program.command(mix, "report"), program.environment("dba")).seconds
             for _ in range(RUNS)]
    print(f"connections report with {mix.used} sessions: median {statistics.median(taken):.1f} ms, "
          f"fastest {min(taken):.1f}, slowest {max(taken):.1f} of {RUNS} runs")
    return Goal(f"connections report with {mix.used} sessions, median", statistics.median(taken),
                MOST_REPORT_MS, unit=" ms")
