"""Words for the stories about `pgrunbook serve`: a daemon, what it says, its children, and what
is in the history."""

import json
import os
import re
import signal
import sqlite3
import time
from contextlib import closing
from datetime import datetime, timedelta, timezone
from http.client import HTTPConnection

from support.program import SANITIZER_REPORTS
from support.servers import wait_until

HOUR_US = 3_600_000_000

# Settings of a daemon that has no job to do.
QUIET = {"vacuum_schedule": "off", "indexes_schedule": "off", "bloat_schedule": "off"}


class Daemon:
    """`pgrunbook serve` in the background. .said is its journal so far."""

    def __init__(self, runbook, targets, name="daemon", env=None, words=(), **settings):
        """targets: NAME → settings of the target, or a Server."""
        self.runbook, self.name, self.env, self.words = runbook, name, env, words
        self.file = runbook.home / f"{name}.conf"
        self.journal = runbook.home / f"{name}.err"
        self.state = runbook.home / f"{name}.db"
        self.running = None
        self.configure(targets, **settings)

    def configure(self, targets, **settings):
        own = {"state": self.state, "http.listen": "127.0.0.1:0", **underscores(settings)}
        text = "[pgrunbook]\n" + lines(own)
        for target, more in targets.items():
            more = more if isinstance(more, dict) else {"conninfo": more.conninfo()}
            text += f"[target {target}]\n" + lines(underscores(more))
        self.file.write_text(text, encoding="utf-8")

    def start(self, ready=True):
        self.journal.write_text("", encoding="utf-8")
        with self.journal.open("a", encoding="utf-8") as journal:
            self.running = self.runbook.start("serve", "--config", self.file.name, *self.words,
                                              stderr=journal, env=self.env)
        wait_until(lambda: "HTTP" in self.said or not self.running.running(), what="a daemon")
        assert self.running.running(), self.said
        if ready:
            self.wait_ready()
        return self

    def stop(self, number=signal.SIGTERM, code=0):
        """Until it has ended. How long that took."""
        started = time.monotonic()
        self.running.process.send_signal(number)
        assert self.running.process.wait(30) == code, self.said
        for report in SANITIZER_REPORTS:
            assert report not in self.said, self.said
        return time.monotonic() - started

    def kill(self):
        self.running.kill()
        self.running.process.wait(10)

    def reload(self):
        self.running.process.send_signal(signal.SIGHUP)

    @property
    def pid(self):
        return self.running.process.pid

    @property
    def said(self):
        return self.journal.read_text(encoding="utf-8")

    def hear(self, text):
        wait_until(lambda: text in self.said, what=f"{text!r} in the journal:\n{self.said}")

    # -- HTTP --

    @property
    def address(self):
        return re.findall(r"127\.0\.0\.1:(\d+)", self.said)[-1]

    def connect(self):
        return HTTPConnection("127.0.0.1", int(self.address), timeout=15)

    def ask(self, path="/api/health/ready", method="GET", body=None):
        """(status, document, headers)"""
        with closing(self.connect()) as connection:
            connection.request(method, path, body)
            answer = connection.getresponse()
            text = answer.read()
            return answer.status, json.loads(text) if text else None, answer.headers

    def ready(self):
        return self.ask()[0] == 200

    def wait_ready(self):
        wait_until(self.ready, what=f"a daemon that is ready:\n{self.said}")

    @property
    def reasons(self):
        return {item["target"]: item["reason"] for item in self.ask()[1]["reasons"]}

    # -- its children --

    def children(self, word=""):
        """Pids of children whose command line has the word."""
        found = []
        for entry in os.listdir("/proc"):
            if not entry.isdigit():
                continue
            try:
                with open(f"/proc/{entry}/stat", encoding="utf-8", errors="replace") as file:
                    fields = file.read().rsplit(")", 1)[1].split()
                with open(f"/proc/{entry}/cmdline", "rb") as file:
                    words = file.read().decode().split("\0")
            except OSError:
                continue
            if int(fields[1]) == self.pid and fields[0] != "Z" and (not word or word in words):
                found.append(int(entry))
        return sorted(found)

    # -- the history --

    def rows(self, query, *values):
        with closing(sqlite3.connect(self.state, timeout=10)) as history:
            return history.execute(query, values).fetchall()

    def turns(self, target="shop", section="vacuum"):
        """Outcomes, oldest first."""
        return [row[0] for row in self.rows(
            "SELECT outcome FROM turn WHERE target = ? AND section = ? ORDER BY turn_us",
            target, section)]

    def wait_turn(self, outcome, target="shop", section="vacuum"):
        wait_until(lambda: outcome in self.turns(target, section),
                   what=f"a turn that is {outcome}; there are {self.turns(target, section)}\n"
                   f"{self.said}")

    def events(self, name):
        """(open, message, closing), oldest first."""
        return self.rows("SELECT closed_us = 0, message, closing FROM event WHERE name = ? "
                         "ORDER BY id", name)

    def scheduled_since(self, hours):
        """As if its jobs had been in the configuration for so long. While it is not running."""
        with closing(sqlite3.connect(self.state)) as history, history:
            history.execute("UPDATE job SET since_us = ?",
                            [time.time_ns() // 1000 - int(hours * HOUR_US)])

    def now_due(self, hours=1):
        """Runs it for a moment, so that its jobs are known, and makes them as old as that."""
        self.start(ready=False)
        self.stop()
        self.scheduled_since(hours)


def underscores(settings):
    """vacuum_schedule is vacuum.schedule."""
    sections = ("vacuum", "indexes", "bloat", "connections", "queries", "http", "history",
                "watch", "notify", "backup", "report")
    return {re.sub(rf"^({'|'.join(sections)})_", r"\1.", name): value
            for name, value in settings.items()}


def lines(settings):
    return "".join(f"{name} = {value}\n" for name, value in settings.items())


def turn_before(minutes):
    """A daily schedule whose last turn was so many minutes ago."""
    when = datetime.now(timezone.utc) - timedelta(minutes=minutes)
    return f"{when.minute} {when.hour} * * *"


def only_vacuum(minutes_ago=5, **more):
    """Settings that have one job: its turn was a few minutes ago."""
    return {"vacuum_schedule": turn_before(minutes_ago), "indexes_schedule": "off",
            "bloat_schedule": "off", **more}


def ours(server):
    """Backends of the program on the server."""
    return [pid for pid, _, _ in server.backends()]
