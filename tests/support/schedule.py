"""The history file, written as the daemon would have written it; no server is needed."""

import sqlite3
import time
from contextlib import closing

MINUTE = 60_000_000


def now_us():
    return time.time_ns() // 1000


def put(runbook, table, row):
    if not runbook.history.exists():
        runbook("vacuum", "run", "--yes", "-h", "/nonexistent").expect(3)
    with closing(sqlite3.connect(runbook.history)) as file:
        places = ", ".join("?" for _ in row)
        number = file.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({places})",
                              list(row.values())).lastrowid
        file.commit()
    return number


def put_turn(runbook, target, section, outcome, turn_us, **more):
    """A turn that has ended, unless more says otherwise."""
    row = {"target": target, "section": section, "turn_us": turn_us,
           "window_end_us": turn_us + 180 * MINUTE, "started_us": turn_us,
           "ended_us": turn_us + MINUTE, "outcome": outcome, "exit_code": 0, "attempts": 1,
           "run_id": 0, "os_host": "elsewhere", "os_boot": "", "pid": 1, "pid_started": 1}
    return put(runbook, "turn", {**row, **more})


def put_event(runbook, target, name, opened_us, closed_us=0, severity="warning", **more):
    row = {"target": target, "name": name, "severity": severity, "opened_us": opened_us,
           "closed_us": closed_us, "message": f"{name} of {target}"}
    return put(runbook, "event", {**row, **more})


def put_minute(runbook, target, at_us, used):
    return put(runbook, "minute", {
        "target": target, "minute": at_us // MINUTE, "samples": 58, "missed": 2, "ordinary": 37,
        "used_max": used, "used_sum": 58 * used, "active_max": 3, "idle_max": 20,
        "in_transaction_max": 1, "waiting_max": 0, "query_seconds_max": 1.5})
