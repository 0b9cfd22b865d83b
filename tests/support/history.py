"""The history file, written as a run would have written it."""

import os
import sqlite3
import time
from contextlib import closing


def put_run(runbook, server, steps, section="indexes", verb="drop", outcome="done", **run):
    """Records a run that ended on the server. A step is a dict: sql, undo, outcome, object."""
    if not runbook.history.exists():
        runbook("vacuum", "run", "--yes", "-t", "none", server=server)
    now = time.time_ns() // 1000
    row = {"section": section, "verb": verb, "dbname": server.dbname, "role": "postgres",
           "host": server.cluster.environment(server.dbname)["PGHOST"],
           "system_identifier": server.value("SELECT system_identifier::text "
                                             "FROM pg_control_system()"),
           "version_num": server.version * 10000, "command_line": "pgrunbook",
           "started_us": now, "ended_us": now, "pid": os.getpid(), "pid_started": 0,
           "outcome": outcome, **run}
    with closing(sqlite3.connect(runbook.history)) as file:
        places = ", ".join("?" for _ in row)
        number = file.execute(f"INSERT INTO run ({', '.join(row)}) VALUES ({places})",
                              list(row.values())).lastrowid
        for place, step in enumerate(steps, 1):
            file.execute("INSERT INTO step (run_id, number, object, sql, undo, outcome, "
                         "started_us, ended_us) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                         [number, place, step.get("object", "public.orders"), step["sql"],
                          step.get("undo"), step.get("outcome", "done"), now, now])
        file.commit()
    return number
