"""A server that can be put back: filled once, stopped, and started again from that very copy of
its data directory, so that every peer meets the same files and the same statistics counters.
(CREATE DATABASE ... TEMPLATE would lose the counters: they do not belong to the files.)
"""

import os
import shutil
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg.rows import namedtuple_row

from pgcluster import Cluster

DATABASES = Path(__file__).resolve().parent.parent / "databases"
DATABASE = "bench"
# As a server of this size is run; what is not named here is the default: fsync and
# full_page_writes are on.
SETTINGS = {"shared_buffers": "512MB", "max_wal_size": "4GB", "autovacuum": "off"}


class BenchError(Exception):
    """Something a person has to read; no traceback needed."""


class Machine:
    def __init__(self, cluster):
        self.cluster = cluster
        self.filled = cluster.folder / "filled"

    def server_version(self):
        with psycopg.connect(self.cluster.conninfo()) as connection:
            return connection.info.parameter_status("server_version")

    def connect(self):
        return psycopg.connect(self.cluster.conninfo(DATABASE), autocommit=True,
                               row_factory=namedtuple_row)

    def environment(self):
        """For the peers: no setting of the caller's, a history that starts empty."""
        own = self.cluster.folder / "own"
        shutil.rmtree(own, ignore_errors=True)
        own.mkdir()
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        return {**kept, **self.cluster.environment(DATABASE), "LC_ALL": "C.UTF-8",
                "XDG_STATE_HOME": str(own), "XDG_CONFIG_HOME": str(own)}

    def fill(self, name, **sizes):
        """databases/NAME.sql, with the sizes as its variables; then the server is stopped."""
        with psycopg.connect(self.cluster.conninfo(), autocommit=True) as connection:
            connection.execute("ALTER SYSTEM SET fsync = off")
            connection.execute("SELECT pg_reload_conf()")
            connection.execute(f"CREATE DATABASE {DATABASE}")
        variables = [part for item in sizes.items() for part in ("-v", "%s=%s" % item)]
        done = subprocess.run(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", *variables,
                               "-f", DATABASES / f"{name}.sql"], env=self.environment(),
                              stdin=subprocess.DEVNULL, text=True, capture_output=True)
        if done.returncode != 0:
            raise BenchError(f"{name}.sql failed:\n{done.stderr}")
        with self.connect() as connection:
            connection.execute("ALTER SYSTEM RESET fsync")
        self.cluster.stop()
        self.cluster.data.rename(self.filled)

    def reset(self):
        """Back to how fill() left it; everything on disk, nothing in shared buffers."""
        self.cluster.stop()
        if self.cluster.data.exists():
            shutil.rmtree(self.cluster.data)
        subprocess.run(["cp", "-a", "--reflink=auto", self.filled, self.cluster.data], check=True)
        os.sync()
        self.cluster.start()

    def state(self):
        """(of the application's tables, of the system catalogs), once all sessions have gone:
        a session hands in its counters at its end."""
        with self.connect() as connection:
            self._wait_until_alone(connection)
            ours, system = connection.execute((DATABASES / "state.sql").read_text()).fetchall()
            return ours, system

    @staticmethod
    def _wait_until_alone(connection, seconds=10):
        deadline = time.monotonic() + seconds
        while connection.execute(
                "SELECT 1 FROM pg_stat_activity WHERE backend_type IN ('client backend', "
                "'parallel worker') AND pid <> pg_backend_pid()").fetchone():
            if time.monotonic() > deadline:
                raise BenchError("a peer left a session behind on the server")
            time.sleep(0.02)
        time.sleep(1.1 if connection.info.server_version < 150000 else 0)


@contextmanager
def machine(version, settings=None):
    with Cluster(version, {**SETTINGS, **(settings or {})}, durable=True) as cluster:
        yield Machine(cluster)
