"""Words for the stories about `pgrunbook connections`: sessions in a state, a queue behind a lock,
what the report says of them, and what relief did."""

import os
import pty
import subprocess
from contextlib import contextmanager

from golden.documents import check_document
from support.servers import wait_until


class Report:
    """The document of a report, held against its schema."""

    def __init__(self, result):
        self.result = result
        self.document = check_document(result.json, "connections.report")
        self.diagnosis, self.reason = self.document["diagnosis"], self.document["reason"]
        self.slots, self.hints = self.document["slots"], "\n".join(self.document["hints"])
        self.roots = [item for item in self.document["blocking"] if item["root"]]
        self.waiters = [item for item in self.document["blocking"] if not item["root"]]

    def count(self, **wanted):
        """Sessions in groups that have these values."""
        return sum(group["count"] for group in self.document["groups"]
                   if all(group[key] == value for key, value in wanted.items()))


class Relief:
    """The document of a relief, held against its schema."""

    def __init__(self, result):
        self.result = result
        self.document = check_document(result.json, "connections.relieve")
        self.diagnosis, self.goal = self.document["diagnosis"], self.document["goal"]
        self.planned = [item["pid"] for item in self.document["planned"]]
        self.ended = {item["pid"]: item for item in self.document["ended"]}
        self.spared = {item["pid"]: item["reason"] for item in self.document["spared"]}
        self.hints = "\n".join(self.document["hints"])
        assert not set(self.ended) & set(self.spared)


def report(runbook, server, *options, code=0, **more):
    return Report(runbook("connections", "report", "--json", *options, server=server,
                          **more).expect(code))


def relieve(runbook, server, *options, code=0, **more):
    return Relief(runbook("connections", "relieve", "--json", "--yes", *options, server=server,
                          **more).expect(code))


def configure(runbook, **settings):
    """Options that name a configuration file with these settings of the section."""
    file = runbook.home / "connections.conf"
    lines = [f"connections.{name} = {value}\n" for name, value in settings.items()]
    file.write_text("".join(["[pgrunbook]\n", *lines]), encoding="utf-8")
    return ["--config", file]


# ---- sessions --------------------------------------------------------------------------------


def pid_of(connection):
    return connection.info.backend_pid


def pids(connections):
    return [pid_of(connection) for connection in connections]


def idle(server, count, **who):
    """Idle sessions, the first the oldest: what counts is the time since their last statement."""
    made = [server.connect(**who) for _ in range(count)]
    for connection in made:
        connection.execute("SELECT 'idle'")
    return made


def in_transaction(server, count=1, statement="SELECT pg_current_xact_id()", **who):
    """Sessions idle in transaction, the first with the oldest."""
    made = [server.connect(**who) for _ in range(count)]
    for connection in made:
        connection.execute(f"BEGIN; {statement}")
    return made


def send(connection, statement):
    """Sends it and does not wait; the connection is good for nothing else then."""
    connection.pgconn.send_query(statement.encode())
    return connection


def at_work(server, count=1, statement="SELECT pg_sleep(600)", **who):
    """Sessions that run the statement."""
    made = [send(server.connect(**who), statement) for _ in range(count)]
    wait_until(lambda: all(state == "active" for state in states(server, made)),
               what="sessions at work")
    return made


def states(server, connections):
    """The states of those that still exist, in the order of their pids."""
    rows = server.sql("SELECT state FROM pg_stat_activity WHERE pid = ANY (%s) ORDER BY pid",
                      [pids(connections)])
    return [row[0] for row in rows]


def alive(server, connections):
    """Pids of those that are still there."""
    rows = server.sql("SELECT pid FROM pg_stat_activity WHERE pid = ANY (%s)",
                      [pids(connections)])
    return {row[0] for row in rows}


def queue(server, count, statement, **who):
    """Sessions that wait for a lock with that statement."""
    made = [send(server.connect(**who), statement) for _ in range(count)]
    wait_until(lambda: server.value("""SELECT count(*) FROM pg_stat_activity
        WHERE pid = ANY (%s) AND wait_event_type = 'Lock'""", [pids(made)]) == count,
        what=f"{count} sessions that wait")
    return made


def waiting(server):
    return server.value("""SELECT count(*) FROM pg_stat_activity
        WHERE wait_event_type = 'Lock' AND datname = current_database()""")


# ---- a person at the terminal ----------------------------------------------------------------


@contextmanager
def asked(runbook, server, *arguments):
    """The program on a terminal, at its question: yields a function that answers and returns
    exit code and everything it printed."""
    from support.program import binary
    ours, theirs = pty.openpty()
    process = subprocess.Popen([binary(), *map(str, arguments)], stdin=theirs, stdout=theirs,
                               stderr=theirs, cwd=runbook.home, start_new_session=True,
                               env=runbook._environment(server, {"NO_COLOR": "1"}))
    os.close(theirs)
    text = b""
    while b"[y/N]" not in text:
        chunk = os.read(ours, 4096)
        assert chunk, text
        text += chunk

    def answer(word):
        nonlocal text
        os.write(ours, f"{word}\n".encode())
        while True:
            try:
                chunk = os.read(ours, 4096)
            except OSError:
                break
            if not chunk:
                break
            text += chunk
        return process.wait(timeout=60), text.decode()

    try:
        yield answer
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        os.close(ours)
