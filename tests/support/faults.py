"""Faults on demand: a program killed, or a disk that fails or is full, at each of the calls by which
it changes files. tests/support/faults.c says what counts.

    count = faults.count(runbook, command, under=folder, server=server)
    result = faults.at(7, "kill", runbook, command, under=folder, server=server)

    faults.in_parallel(story, range(1, len(count) + 1))

A command is the arguments of the program. Whoever tests brings the folder into the state before."""

import os
import signal
import struct
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from support.program import binary

KILLED = -signal.SIGKILL


def library():
    """Of the build that the program is from."""
    for folder in binary().parents:
        if (folder / "tests" / "support" / "libfaults.so").exists():
            return folder / "tests" / "support" / "libfaults.so"
    raise AssertionError(f"libfaults.so is not built beside {binary()}")


def environment(under, number=0, act=None, stay=False, count=None, trace=None,
                program="pgrunbook", clock=0):
    """What makes a process count its calls under the folder, and fail at one of them."""
    made = {"LD_PRELOAD": str(library()), "FAULTS_UNDER": os.path.realpath(under),
            "FAULTS_AT": str(number), "FAULTS_PROGRAM": program,
            # gcc's AddressSanitizer wants to be the first library.
            "ASAN_OPTIONS": ":".join(filter(None, [os.environ.get("ASAN_OPTIONS"),
                                                   "verify_asan_link_order=0"]))}
    if clock:
        made["FAULTS_CLOCK"] = str(clock)
    if act is not None:
        made["FAULTS_ACT"] = act
    if stay:
        made["FAULTS_STAY"] = "1"
    if count is not None:
        made["FAULTS_COUNT"] = str(count)
    if trace is not None:
        made["FAULTS_TRACE"] = str(trace)
    return made


def counted(file):
    return struct.unpack("=Q", Path(file).read_bytes())[0]


def count(runbook, *command, under, code=0, **more):
    """How many calls the command makes when nothing goes wrong, and their names in order: "write
    …/base.tar.zst". Threads may make them in another order the next time."""
    file, trace = runbook.home / "faults.count", runbook.home / "faults.trace"
    for old in file, trace:
        old.unlink(missing_ok=True)
    runbook(*command, env=environment(under, count=file, trace=trace), **more).expect(code)
    calls = [line.split(" ", 1)[1] for line in trace.read_text().splitlines()]
    assert len(calls) == counted(file)
    return calls


def at(number, act, runbook, *command, under, stay=False, **more):
    """The command with a fault at that call (of all of its processes together); .reached: it came
    to that call."""
    file = runbook.home / f"faults.count.{number}.{act}"
    file.unlink(missing_ok=True)
    result = runbook(*command, env=environment(under, number, act, stay, count=file), **more)
    result.reached = file.exists() and counted(file) >= number
    return result


def in_parallel(story, numbers, jobs=None):
    """Calls story(number) for each, in so many threads: what it does is done by processes. The
    first failure is raised when all have ended."""
    with ThreadPoolExecutor(jobs or os.cpu_count()) as pool:
        for done in [pool.submit(story, number) for number in numbers]:
            done.result()
