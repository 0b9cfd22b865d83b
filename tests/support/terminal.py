"""A program on a terminal of its own: keys in, pages out."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
import threading

from support.program import binary
from support.servers import wait_until

ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Terminal:
    """A run of the program on a terminal. .page is what the last page shows, .everything all that
    was ever written."""

    def __init__(self, runbook, arguments, server, lines=24, columns=160):
        self._master, slave = pty.openpty()
        self._slave = slave
        self.resize(lines, columns)
        self.before = termios.tcgetattr(slave)
        self._bytes = b""
        environment = {**runbook._environment(server, None), "TERM": "xterm"}
        self.process = subprocess.Popen([binary(), *map(str, arguments)], stdin=slave,
                                        stdout=slave, stderr=slave, env=environment,
                                        cwd=runbook.home, start_new_session=True)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        while True:
            try:
                chunk = os.read(self._master, 65536)
            except OSError:
                return
            if not chunk:
                return
            self._bytes += chunk

    @property
    def everything(self):
        return self._bytes.decode("utf-8", "replace").replace("\r\r\n", "\r\n")

    @property
    def page(self):
        return ESCAPES.sub("", self.everything.split("\x1b[H")[-1])

    @property
    def chosen(self):
        """The inverse lines of the last page: the chosen row, and the last line."""
        return re.findall(r"\x1b\[7m(.*?)\x1b\[0m", self.everything.split("\x1b[H")[-1])

    def resize(self, lines, columns):
        fcntl.ioctl(self._slave, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def see(self, text):
        wait_until(lambda: text in self.page, what=f"{text!r} on the terminal; it shows\n"
                   f"{self.page}")
        return self.page

    def type(self, keys):
        os.write(self._master, keys.encode())

    def end(self):
        """The exit code. What the terminal was like before, it is again."""
        code = self.process.wait(20)
        assert termios.tcgetattr(self._slave) == self.before, "the terminal is as it was"
        wait_until(lambda: self.everything.count("\x1b[?1049h") ==
                   self.everything.count("\x1b[?1049l"), what="the page before")
        return code

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self._slave)
        os.close(self._master)
