"""What a program takes, all of its processes together: memory, processor time, connections."""

import os
import statistics
import threading
import time
from collections import namedtuple
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")
MB = 1e6

Look = namedtuple("Look", "at pss own processes cpu")


def family(root):
    """The process and its descendants, one after the other read: who goes meanwhile is left out."""
    children = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            fields = _stat(entry)
            if fields:
                children.setdefault(int(fields[1]), []).append(int(entry))
    found, todo = [], [root]
    while todo:
        pid = todo.pop()
        found.append(pid)
        todo += children.get(pid, [])
    return found


def _stat(pid):
    """The fields after the name, which may have blanks in it: state, parent, …"""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return None


def cpu_seconds(pids):
    """Of the living, and of those that they have buried."""
    stats = filter(None, map(_stat, pids))
    return sum(int(ticks) for fields in stats for ticks in fields[11:15]) / TICK


def memory(pid):
    """(PSS, own) in bytes. PSS counts a page by the number of processes that share it, and so changes
    with what else runs on the machine; own is what it has written: heap, stacks, data."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    except OSError:
        return 0, 0
    kilobytes = {line.split(":")[0]: int(line.split()[1]) for line in lines}
    return kilobytes["Pss"] << 10, kilobytes["Anonymous"] << 10


def look(root):
    pids = family(root)
    pairs = [memory(pid) for pid in pids]
    return Look(time.monotonic(), sum(pss for pss, _ in pairs), sum(own for _, own in pairs),
                len(pids), cpu_seconds(pids))


class Meter:
    """Looks at a process and its descendants every few seconds until it is stopped."""

    def __init__(self, root, every=1.0):
        self.root, self.every, self.looks = root, every, []
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_exception):
        self._end.set()
        self._thread.join()

    def _run(self):
        while True:
            self.looks.append(look(self.root))
            if self._end.wait(self.every):
                return

    # -- what came of it --

    def pss(self):
        return statistics.median(each.pss for each in self.looks) / MB

    def highest_pss(self):
        return max(each.pss for each in self.looks) / MB

    def own(self):
        return statistics.median(each.own for each in self.looks) / MB

    def processes(self):
        return max(each.processes for each in self.looks)

    def cpu_percent(self):
        first, last = self.looks[0], self.looks[-1]
        return 100 * (last.cpu - first.cpu) / (last.at - first.at)

    def growth(self):
        """How much more of its own it has at the end than at the beginning, by the line of least
        squares through all looks, in MB."""
        if len(self.looks) < 3:
            return 0.0
        times = [each.at for each in self.looks]
        slope = statistics.linear_regression(times, [each.own for each in self.looks]).slope
        return slope * (times[-1] - times[0]) / MB

    def data(self):
        start = self.looks[0].at
        return {"pss_mb": self.pss(), "highest_pss_mb": self.highest_pss(),
                "own_mb": self.own(), "processes": self.processes(),
                "cpu_percent": self.cpu_percent(), "growth_mb": self.growth(),
                "looks": [[round(each.at - start, 1), each.pss, each.own, each.cpu]
                          for each in self.looks]}
