"""`pgrunbook serve` in the place of the watch alone: what it says is in its history."""

import json
import os
import subprocess
import time
from datetime import datetime

from support.exhaustion_stage import relief_of
from support.machine import BenchError


class Serve:
    """The same questions as to a Watch. When its watch had its trigger nobody outside can tell: the
    clock runs from the moment the last slot was taken, two looks earlier at most."""

    slack = 2.0

    def __init__(self, program, config, home):
        self._program, self._config = program, config
        self._log = open(home / "serve.log", "w", encoding="utf-8")
        self.process = subprocess.Popen(
            [program, "serve", "--config", config], stdin=subprocess.DEVNULL,
            stdout=self._log, stderr=self._log,
            env={**os.environ, "HOME": str(home), "XDG_STATE_HOME": str(home)})
        # The first thing a watch knows for certain is that nothing is the matter.
        time.sleep(4)
        self.calm(0, time.time() + 30)

    def _events(self):
        if self.process.poll() is not None:
            raise BenchError(f"serve has ended with {self.process.returncode}")
        shown = subprocess.run([self._program, "history", "events", "--json", "--limit", "30",
                                "--config", self._config], text=True, capture_output=True,
                               check=True)
        return json.loads(shown.stdout)["events"]

    def _await(self, name, mark, deadline):
        while time.time() < deadline:
            for event in self._events():
                opened = datetime.fromisoformat(event["opened_at"]).timestamp()
                if event["name"] == name and opened >= mark:
                    return event
            time.sleep(0.1)
        return None

    def mark(self):
        return time.time()

    def trigger(self, mark, deadline):
        del mark, deadline
        return None

    def relief(self, mark, deadline):
        event = self._await("relief", mark, deadline)
        if event and event["run"] is None:
            raise BenchError(f"a relief is not in the history: {event['message']}")
        return event and relief_of(self._program, self._config, event["run"])

    def emergency(self, mark, deadline):
        event = self._await("emergency", mark, deadline)
        return event and event["detail"]["diagnosis"]

    def calm(self, mark, deadline):
        del mark
        time.sleep(2.2)
        while any(event["open"] for event in self._events()):
            if time.time() > deadline:
                raise BenchError("serve does not come to rest")
            time.sleep(0.1)

    def stop(self):
        self.process.terminate()
        self.process.wait(30)
        self._log.close()
