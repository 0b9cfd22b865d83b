"""Starts a service as systemd would where there is no systemd: the unit's user and groups, its
environment and command, a socket for its notifications."""

import re
import secrets
import shlex
import socket
import subprocess
import time


class Unit:
    """A unit file's settings by name; the last one counts."""

    def __init__(self, text):
        self.settings = dict(re.findall(r"^(\w+)=(.*)$", text, re.MULTILINE))

    def __getitem__(self, name):
        return self.settings[name]

    def command(self, name):
        return shlex.split(self[name])


class Service:
    def __init__(self, sandbox, path):
        self.sandbox, self.unit = sandbox, Unit(sandbox.read(path))
        self.process = None

    def _as_its_user(self, *arguments, notify=None):
        environment = [*self.unit.command("Environment"), "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
                       "LANG=C.UTF-8"]
        if notify:  # with a watchdog that is more impatient than the unit's
            environment += [f"NOTIFY_SOCKET={notify}", "WATCHDOG_USEC=2000000"]
        return self.sandbox.command(
            "setpriv", f"--reuid={self.unit['User']}", f"--regid={self.unit['Group']}",
            "--init-groups", "--no-new-privs", "--inh-caps=-all", "--bounding-set=-all",
            "env", "-i", *environment, *arguments)

    def condition(self):
        """Whether systemd would start it."""
        command = self._as_its_user(*self.unit.command("ExecCondition"))
        return subprocess.run(command, stdout=subprocess.DEVNULL).returncode == 0

    def run(self, *arguments):
        """Something else as that user."""
        return subprocess.run(self._as_its_user(*arguments), text=True, capture_output=True)

    def start(self):
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        name = f"pgrunbook-test-{secrets.token_hex(8)}"
        self._socket.bind("\0" + name)  # abstract: the sandbox has other files, the same network
        self._log = open(self.sandbox.folder / "service.log", "a+")
        command = self._as_its_user(*self.unit.command("ExecStart"), notify=f"@{name}")
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self._log,
                                        stderr=self._log)
        return self

    def said(self):
        self._log.seek(0)
        return self._log.read()

    def await_notice(self, wanted, seconds=30):
        """Until the line arrives, READY=1 or WATCHDOG=1 say."""
        deadline = time.monotonic() + seconds
        self._socket.settimeout(0.1)
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                if wanted in self._socket.recv(4096).decode().split("\n"):
                    return
            except TimeoutError:
                pass
        raise AssertionError(f"no {wanted}, exit code {self.process.poll()}; it said:\n{self.said()}")

    def stop(self):
        """Its exit code."""
        self.process.terminate()
        try:
            return self.process.wait(15)
        finally:
            self.process.kill()
            self._socket.close()
            self._log.close()
