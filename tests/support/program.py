"""Runs the built program as a user would: its own home, no inherited PG* variables."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
# Between a test and the program: what the kernel tells of a child counts the memory of whoever
# forked it, which in a test is more than the program's own.
WATCH = """import os, resource, sys
code = os.spawnv(os.P_WAIT, sys.argv[2], sys.argv[2:])
with open(sys.argv[1], "w") as file:
    file.write(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024))
sys.exit(code)"""
SANITIZER_REPORTS = ("AddressSanitizer", "LeakSanitizer", "runtime error:", "ThreadSanitizer")


def binary():
    return Path(os.environ.get("PGRUNBOOK") or REPOSITORY / "build" / "pgrunbook").resolve()


def sanitized():
    """Whether the program was built with a sanitizer, whose own memory hides the program's."""
    return b"LeakSanitizer" in binary().read_bytes()


class Result:
    """How a run ended: .code, .out, .err, .seconds; .json is stdout parsed."""

    def __init__(self, arguments, code, out, err, seconds):
        self.arguments, self.code, self.out, self.err = arguments, code, out, err
        self.seconds = seconds
        for report in SANITIZER_REPORTS:
            assert report not in err, str(self)

    @property
    def json(self):
        try:
            return json.loads(self.out)
        except ValueError as error:
            raise AssertionError(f"stdout is not one JSON document ({error})\n{self}") from None

    def expect(self, *codes):
        """Itself, after making sure that the exit code is one of these."""
        assert self.code in codes, f"expected exit code {codes}\n{self}"
        return self

    def __str__(self):
        line = " ".join(map(str, self.arguments))
        return (f"$ pgrunbook {line}\n--- stdout\n{self.out}--- stderr\n{self.err}"
                f"--- exit code {self.code} after {self.seconds:.2f} s")

    __repr__ = __str__


class Running:
    """A run in the background; .wait() for its Result."""

    def __init__(self, arguments, process, started):
        self.arguments, self.process, self._started = arguments, process, started

    def interrupt(self):
        """Ctrl-C."""
        self.process.send_signal(signal.SIGINT)

    def terminate(self):
        self.process.send_signal(signal.SIGTERM)

    def kill(self):
        self.process.kill()

    def running(self):
        return self.process.poll() is None

    def wait(self, timeout=60):
        out, err = self.process.communicate(timeout=timeout)
        seconds = time.monotonic() - self._started
        return Result(self.arguments, self.process.returncode, out, err, seconds)


class Runbook:
    """Calling it runs `pgrunbook ARGUMENTS`; history and configuration last for one test."""

    def __init__(self, home):
        self.home = home
        self.state = home / "state"
        self.config = home / "config"
        self.history = self.state / "pgrunbook" / "history.db"
        self._running = []

    def __call__(self, *arguments, server=None, stdin=None, env=None, timeout=60):
        running = self.start(*arguments, server=server, env=env,
                             stdin=subprocess.PIPE if stdin is not None else None)
        try:
            if stdin is not None:
                running.process.stdin.write(stdin)
            return running.wait(timeout)
        finally:
            running.kill()

    def peak(self, *arguments, server=None, timeout=180):
        """Its Result, and the most bytes of memory that it had, those of mapped files included."""
        note = self.home / "peak"
        running = self.start(*arguments, server=server,
                             before=[sys.executable, "-SEc", WATCH, note])
        try:
            result = running.wait(timeout)
        finally:
            running.kill()
        return result, int(note.read_text())

    def start(self, *arguments, server=None, stdin=None, env=None, stderr=subprocess.PIPE,
              preexec_fn=None, before=()):
        """The same in the background, for Ctrl-C and for windows. `server` names the database
        through PGHOST and friends, as a DBA's shell does. `before`: words before the command."""
        process = subprocess.Popen([*map(str, before), binary(), *map(str, arguments)],
                                   text=True, cwd=self.home,
                                   env=self._environment(server, env),
                                   stdin=stdin or subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=stderr, preexec_fn=preexec_fn)
        running = Running(arguments, process, time.monotonic())
        self._running.append(running)
        return running

    def _environment(self, server, more):
        kept = {name: value for name, value in os.environ.items()
                if name == "PATH" or name.endswith("SAN_OPTIONS")}
        return {**kept, "HOME": str(self.home), "XDG_STATE_HOME": str(self.state),
                "XDG_CONFIG_HOME": str(self.config), "LC_ALL": "C.UTF-8", "TZ": "UTC",
                **(server.environment if server else {}), **(more or {})}

    def close(self):
        for running in self._running:
            if running.running():
                running.kill()
                running.process.communicate()
            for stream in (running.process.stdout, running.process.stderr):
                if stream is not None:
                    stream.close()
