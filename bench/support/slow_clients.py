"""Clients that are there, and never get done: who is shown out comes again.

As a program of its own, so that it takes no time from whoever measures: slow_clients.py PORT NUMBER,
until its input ends; then it prints how many came in all."""

import select
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import suppress
from pathlib import Path

BEGUN = (b"", b"G", b"GET /api/health/live HTTP/1.1\r\nHost: loc",
         b"POST /api/v1/vacuum/run HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{")
TURN_S = 0.5
BENCH = Path(__file__).resolve().parent.parent


def answer_ms(url):
    """Of a client that comes anew. OSError when it has no answer."""
    started = time.monotonic()
    with urllib.request.urlopen(url, timeout=15) as answer:
        answer.read()
    return (time.monotonic() - started) * 1000


class SlowClients:
    """That many, as long as the block lasts; .came is how many came in all then."""

    def __init__(self, port, number):
        self.command = [sys.executable, "-m", "support.slow_clients", str(port), str(number)]
        self.process, self.came = None, 0

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, text=True,
                                        stdout=subprocess.PIPE, cwd=BENCH)
        self.process.stdout.readline()  # all are there
        return self

    def __exit__(self, *_exception):
        said, _ = self.process.communicate()
        self.came = int(said or 0)


class Crowd:
    def __init__(self, port, number):
        self.port, self.number, self.came = port, number, 0
        self.poll, self.clients = select.poll(), {}

    def _come(self):
        client = socket.socket()
        client.setblocking(False)
        with suppress(BlockingIOError):
            client.connect(("127.0.0.1", self.port))
        self.poll.register(client, select.POLLIN | select.POLLHUP)
        self.clients[client.fileno()] = client
        self.came += 1

    def turn(self):
        """Those who are still there send a byte more, the others come again."""
        for fd, _ in self.poll.poll(0):
            self.poll.unregister(fd)
            self.clients.pop(fd).close()
        for number, client in enumerate(self.clients.values()):
            with suppress(OSError):
                client.send(BEGUN[number % len(BEGUN)][:1] or b"G")
        while len(self.clients) < self.number:
            self._come()


def main():
    crowd = Crowd(int(sys.argv[1]), int(sys.argv[2]))
    crowd.turn()
    print("here", flush=True)
    while not select.select([sys.stdin], [], [], TURN_S)[0]:
        crowd.turn()
    print(crowd.came)


if __name__ == "__main__":
    main()
