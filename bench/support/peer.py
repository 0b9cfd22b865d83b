"""Runs one peer and measures it: seconds, peak memory, exit code."""

import signal
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from support.machine import BenchError

WATCH_SECONDS = 0.002


@dataclass
class Measured:
    seconds: float
    peak_bytes: int
    code: int


def _peak(pid):
    """The high-water mark of the program itself: rusage's would count the fork of this one."""
    try:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0


class _Watch(threading.Thread):
    def __init__(self, pid):
        super().__init__(daemon=True)
        self.pid, self.peak, self.over = pid, 0, threading.Event()

    def run(self):
        while not self.over.wait(WATCH_SECONDS):
            self.peak = max(self.peak, _peak(self.pid))


def measure(command, environment, codes=(0,), watch=False, stop_after=None):
    """stop_after: seconds after which it is interrupted, as Ctrl-C does it. watch: measure the
    peak memory too, which costs time."""
    with tempfile.TemporaryFile("w+") as output:
        started = time.monotonic()
        process = subprocess.Popen([str(part) for part in command], env=environment,
                                   stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        watcher = _Watch(process.pid)
        if watch:
            watcher.start()
        try:
            process.wait(stop_after)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGINT)
            process.wait()
        except BaseException:
            process.terminate()
            process.wait()
            raise
        seconds = time.monotonic() - started
        watcher.over.set()
        if process.returncode not in codes:
            output.seek(0)
            tail = "".join(output.readlines()[-15:])
            raise BenchError(f"{' '.join(map(str, command))} ended with "
                             f"{process.returncode}:\n{tail}")
        return Measured(seconds, watcher.peak, process.returncode)
