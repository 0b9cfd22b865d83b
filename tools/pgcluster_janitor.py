"""Finds the processes of a throw-away server and removes what is left of it.

Run as a program it is the janitor: it reads folders from standard input, "+FOLDER" to watch and
"-FOLDER" to forget, and removes the watched ones when the input ends, that is when the process
that started it has died.
"""

import atexit
import ctypes
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path


def processes_in(data):
    """Every process of a server stands in its data directory."""
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit() and stands_in(int(entry), data):
            found.append(int(entry))
    return found


def stands_in(pid, data):
    try:
        program = os.readlink(f"/proc/{pid}/exe").removesuffix(" (deleted)")
        return (os.readlink(f"/proc/{pid}/cwd") == str(data)
                and os.path.basename(program) == "postgres")
    except OSError:  # gone, a zombie, or somebody else's
        return False


def shared_memory_of(pids):
    """What a killed server leaves in /dev/shm and in System V shared memory."""
    files, segments = set(), set()
    for pid in pids:
        try:
            maps = Path(f"/proc/{pid}/maps").read_text()
        except OSError:
            continue
        files.update(re.findall(r"/dev/shm/PostgreSQL\.\d+", maps))
        segments.update(int(i) for i in re.findall(r" (\d+) +/SYSV[0-9a-f]+", maps))
    return files, segments


def release(files, segments):
    for path in files:
        Path(path).unlink(missing_ok=True)
    for segment in segments:
        ctypes.CDLL(None).shmctl(segment, 0, None)  # 0 is IPC_RMID


def send(pid, number):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


class Janitor:
    """Knows the clusters of this process and removes what is left of them when it ends."""

    def __init__(self):
        self._folders, self._process = set(), None

    def watch(self, folder):
        if self._process is None:
            self._process = subprocess.Popen(
                ["/usr/bin/python3", __file__, "janitor"], stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL, start_new_session=True, cwd="/", text=True)
            atexit.register(self._sweep)
        self._folders.add(folder)
        self._tell("+", folder)

    def forget(self, folder):
        if folder in self._folders:
            self._folders.discard(folder)
            self._tell("-", folder)

    def _tell(self, sign, folder):
        self._process.stdin.write(f"{sign}{folder}\n")
        self._process.stdin.flush()

    def _sweep(self):
        for folder in list(self._folders):
            remove_left_over(folder)
        self._process.stdin.close()
        self._process.wait()


janitor = Janitor()


def remove_left_over(folder):
    """Also what was only half made: a folder whose marker is still empty has no server yet."""
    data = folder / "data"
    pids = processes_in(data)
    remains = shared_memory_of(pids)
    for pid in pids:
        send(pid, signal.SIGKILL)
    while processes_in(data):
        time.sleep(0.01)
    release(*remains)
    if folder.exists():
        shutil.rmtree(folder)


def _serve_as_janitor():
    """Standard input ends when the process that started us does."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    folders = set()
    for line in sys.stdin:
        change = folders.add if line[0] == "+" else folders.discard
        change(Path(line[1:].rstrip("\n")))
    for folder in folders:
        remove_left_over(folder)


if __name__ == "__main__" and sys.argv[1:] == ["janitor"]:
    _serve_as_janitor()
