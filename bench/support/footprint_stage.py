"""The players of bench/footprint: pgbench, the daemon, Debian's exporter for Prometheus."""

import os
import re
import socket
import sqlite3
import subprocess
import time
import urllib.request
from contextlib import closing
from pathlib import Path

import psycopg

from pgcluster_files import DEBIAN_VERSION
from support.machine import BenchError

PGBENCH = f"/usr/lib/postgresql/{DEBIAN_VERSION}/bin/pgbench"
EXPORTER = "prometheus-postgres-exporter"
DATABASE = "bench"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(predicate, what, seconds=30):
    deadline = time.monotonic() + seconds
    while not predicate():
        if time.monotonic() > deadline:
            raise BenchError(f"waited {seconds} s in vain for {what}")
        time.sleep(0.05)


def fetch(url):
    """(status, body); status 0 when nobody answers."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()
    except OSError:
        return 0, b""


def clean_environment(**more):
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return {**kept, "LC_ALL": "C.UTF-8", **more}


class Load:
    """pgbench against the server."""

    def __init__(self, cluster, scale, clients=4):
        self.cluster, self.clients = cluster, clients
        with psycopg.connect(cluster.conninfo(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {DATABASE}")
        self._run("-i", "-q", "-s", str(scale))

    def _command(self, *arguments):
        return [PGBENCH, *arguments, self.cluster.conninfo(DATABASE)]

    def _run(self, *arguments):
        done = subprocess.run(self._command(*arguments), text=True, capture_output=True,
                              env=clean_environment())
        if done.returncode:
            raise BenchError(f"pgbench failed:\n{done.stderr}")
        return done.stdout

    def throughput(self, seconds):
        """(transactions, of these a second without the time to connect)"""
        output = self._run("-n", "-c", str(self.clients), "-j", "1", "-T", str(seconds))
        return (int(re.search(r"actually processed: ([0-9]+)", output).group(1)),
                float(re.search(r"tps = ([0-9.]+)", output).group(1)))

    def start(self, seconds):
        return subprocess.Popen(self._command("-n", "-c", str(self.clients), "-j", "1",
                                              "-T", str(seconds)),
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                env=clean_environment())


class Daemon:
    """`pgrunbook serve` with these targets, NAME: conninfo, and no turn due."""

    def __init__(self, program, folder, targets):
        folder.mkdir()
        self.port = free_port()
        self.config, self.log = folder / "pgrunbook.conf", folder / "log"
        self.history = folder / "history.db"
        sections = "".join(f"\n[target {name}]\nconninfo = {conninfo}\n"
                           for name, conninfo in targets.items())
        self.config.write_text(
            f"[pgrunbook]\nstate = {self.history}\nhttp.listen = 127.0.0.1:{self.port}\n"
            f"vacuum.schedule = off\nindexes.schedule = off\nbloat.schedule = off\n{sections}")
        self.command = [program, "serve", "--config", str(self.config)]
        self.process = None

    def __enter__(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log, env=clean_environment())
        try:
            wait_until(self._ready, f"the daemon to be ready, see {self.log}", 60)
        except BenchError:
            said = self.log.read_text(errors="replace")
            self.__exit__()
            raise BenchError(f"the daemon was never ready; it said:\n{said}") from None
        return self

    def samples(self):
        """(taken, missed) in the whole minutes so far, as the history has them."""
        with closing(sqlite3.connect(self.history)) as history:
            return history.execute(
                "SELECT coalesce(sum(samples), 0), coalesce(sum(missed), 0) FROM minute "
                "WHERE minute > (SELECT min(minute) FROM minute)").fetchone()

    def _ready(self):
        if self.process.poll() is not None:
            raise BenchError("the daemon has ended")
        return fetch(f"http://127.0.0.1:{self.port}/api/health/ready")[0] == 200

    def __exit__(self, *_exception):
        self.process.terminate()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise BenchError("the daemon did not end at SIGTERM") from None


class Exporter:
    def __init__(self, cluster, folder):
        self.url = f"http://127.0.0.1:{free_port()}/metrics"
        self.source = (f"user=postgres host={cluster.folder} port={cluster.port} "
                       f"dbname={DATABASE} sslmode=disable")
        self.log, self.process = Path(folder) / "exporter.log", None

    def __enter__(self):
        address = self.url.removeprefix("http://").removesuffix("/metrics")
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [EXPORTER, f"--web.listen-address={address}"], stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, env=clean_environment(DATA_SOURCE_NAME=self.source))
        home = self.url.removesuffix("metrics")
        wait_until(lambda: fetch(home)[0] == 200, f"the exporter, see {self.log}")
        return self

    def scrape(self):
        status, body = fetch(self.url)
        if status != 200 or b"\npg_up 1" not in body:
            raise BenchError(f"the exporter answered {status}, see {self.log}")

    def __exit__(self, *_exception):
        self.process.terminate()
        self.process.wait()


class Observer:
    """Counts the sessions of a program by its application_name."""

    def __init__(self, cluster):
        self.connection = psycopg.connect(cluster.conninfo(), autocommit=True)

    def sessions(self):
        """In the database that has most of them."""
        return self.connection.execute("""SELECT coalesce(max(sessions), 0) FROM (
            SELECT count(*) AS sessions FROM pg_stat_activity
            WHERE application_name LIKE 'pgrunbook%' GROUP BY datname) AS each""").fetchone()[0]

    def close(self):
        self.connection.close()
