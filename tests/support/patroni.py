"""Two PostgreSQL 15 nodes that Patroni leads, with an etcd of their own, in one folder.

    with Patroni() as patroni:
        old, new = patroni.primary, patroni.standby
        patroni.switchover()
        wait_until(new.writable)

Debian's packages, none of their services: every process is started here, as the account that the
throw-away servers have, on free ports of 127.0.0.1, and ended by its pid. Should the tests die,
each of them gets SIGTERM from the kernel, at which Patroni stops its server.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psycopg

from support.servers import wait_until

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
from pgcluster_files import DEBIAN_VERSION, as_server_user, server_environment  # noqa: E402
from pgcluster_janitor import processes_in, release, send, shared_memory_of  # noqa: E402

SCOPE = "pair"
PROGRAMS = f"/usr/lib/postgresql/{DEBIAN_VERSION}/bin"

# ttl is what a leader may be silent for; a switchover does not wait for it. A postmaster that dies
# is replaced by the other node at once (master_start_timeout) instead of being started again.
CONFIGURATION = """
scope: {scope}
name: {name}
restapi:
  listen: 127.0.0.1:{rest}
  connect_address: 127.0.0.1:{rest}
etcd3:
  host: 127.0.0.1:{etcd}
bootstrap:
  dcs:
    ttl: 20
    loop_wait: 1
    retry_timeout: 5
    maximum_lag_on_failover: 1073741824
    master_start_timeout: 0
    postgresql:
      use_pg_rewind: true
      use_slots: true
      parameters:
        wal_log_hints: "on"
        autovacuum: "off"
        max_connections: 40
  initdb:
    - encoding: UTF8
    - locale: C.UTF-8
    - auth: trust
    - no-sync
  pg_hba:
    - local all all trust
    - host all all 127.0.0.1/32 trust
    - host replication all 127.0.0.1/32 trust
postgresql:
  listen: 127.0.0.1:{port}
  connect_address: 127.0.0.1:{port}
  data_dir: {folder}/data
  bin_dir: {programs}
  pgpass: {folder}/pgpass
  use_unix_socket: true
  authentication:
    superuser:
      username: postgres
    replication:
      username: replicator
  parameters:
    unix_socket_directories: {folder}
    fsync: "off"
    log_line_prefix: "%m [%p] %q%a "
    log_statement: mod
tags:
  nofailover: false
"""


def free_ports(count):
    """All of them at once: two calls might find the same one."""
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


def answer(conninfo, query):
    """The single value, or None while the server takes no connections."""
    try:
        with psycopg.connect(conninfo, autocommit=True, connect_timeout=2) as connection:
            return connection.execute(query).fetchone()[0]
    except psycopg.Error:
        return None


class Node:
    """One of the two: .conninfo() of a database on it, .log what its server and Patroni said."""

    def __init__(self, name, folder, etcd, port, rest):
        self.name, self.folder, self.port = name, folder / name, port
        self.data, self.log = self.folder / "data", self.folder / "log"
        self.settings = self.folder / "patroni.yml"
        self.remains = []  # of servers that were killed
        self.folder.mkdir(mode=0o700)
        self.settings.write_text(CONFIGURATION.format(
            scope=SCOPE, name=name, rest=rest, etcd=etcd, port=port, folder=self.folder,
            programs=PROGRAMS))

    def conninfo(self, dbname="postgres"):
        return f"host=127.0.0.1 port={self.port} user=postgres dbname={dbname}"

    def writable(self):
        """When it was seen to take writes, on the monotonic clock; None when it takes none."""
        if answer(self.conninfo(), "SELECT NOT pg_is_in_recovery() AND pg_current_xact_id() "
                  "IS NOT NULL"):
            return time.monotonic()
        return None

    def follows(self):
        return bool(answer(self.conninfo(), "SELECT pg_is_in_recovery() AND "
                           "EXISTS (SELECT FROM pg_stat_wal_receiver WHERE status = 'streaming')"))

    def value(self, query, dbname="postgres"):
        return answer(self.conninfo(dbname), query)

    def is_followed_closely(self):
        """Asked on the primary: the other one has replayed all there is."""
        return self.value("SELECT count(*) > 0 FROM pg_stat_replication "
                          "WHERE replay_lsn = pg_current_wal_lsn()")

    def sql(self, *statements):
        """Each in a transaction of its own."""
        with psycopg.connect(self.conninfo(), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)

    def kill(self):
        """Its postmaster, by SIGKILL. The memory that its server shared is nobody's then, until the
        pair ends."""
        self.remains.append(shared_memory_of(processes_in(self.data)))
        os.kill(int((self.data / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)

    def refused_writes(self):
        """What somebody tried to do here while it was a standby."""
        return [line for line in self.log.read_text(errors="replace").splitlines()
                if "cannot execute" in line or "read-only transaction" in line]


class Patroni:
    """.nodes by name, .primary and .standby as they are now."""

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="patroni-"))
        self._processes = []
        client, peer, *ports = free_ports(6)
        self._etcd = client, peer
        self.nodes = {name: Node(name, self.folder, client, *ports[i:i + 2])
                      for name, i in (("n1", 0), ("n2", 2))}
        account = as_server_user()
        if account:
            for path in (self.folder, *self.folder.rglob("*")):
                os.chown(path, account["user"], account["group"])

    def __enter__(self):
        try:
            self._start_etcd()
            for node in self.nodes.values():
                self._run(node.log, "patroni", node.settings)
                wait_until(lambda node=node: node.writable() or node.follows(), 60,
                           f"{node.name}, see {node.log}")
            return self
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *_exception):
        for process in reversed(self._processes):
            process.send_signal(signal.SIGTERM)
        for process in reversed(self._processes):
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for node in self.nodes.values():
            self._end_server(node)
        shutil.rmtree(self.folder)

    @staticmethod
    def _end_server(node):
        """Patroni has stopped it, unless it was killed itself."""
        pids = processes_in(node.data)
        remains = shared_memory_of(pids)
        for pid in pids:
            send(pid, signal.SIGKILL)
        wait_until(lambda: not processes_in(node.data), what="the end of a server")
        for each in [remains, *node.remains]:
            release(*each)

    def _run(self, log, *command):
        """In a session of its own; the kernel tells it when we die."""
        account = as_server_user()
        identity = [f"--reuid={account['user']}", f"--regid={account['group']}",
                    "--clear-groups"] if account else []
        environment = {**server_environment(), "HOME": str(self.folder), "PYTHONUNBUFFERED": "1"}
        with open(log, "ab") as output:
            self._processes.append(subprocess.Popen(
                ["setpriv", *identity, "--pdeathsig=TERM", "--", *map(str, command)],
                cwd=self.folder, env=environment, stdin=subprocess.DEVNULL, stdout=output,
                stderr=output, start_new_session=True))

    def _start_etcd(self):
        client, peer = (f"http://127.0.0.1:{port}" for port in self._etcd)
        self._run(self.folder / "etcd.log", "etcd", "--name", "one", "--data-dir",
                  self.folder / "etcd", "--listen-client-urls", client,
                  "--advertise-client-urls", client, "--listen-peer-urls", peer,
                  "--initial-advertise-peer-urls", peer, "--initial-cluster", f"one={peer}")
        wait_until(self._etcd_answers, what="etcd")

    def _etcd_answers(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self._etcd[0])) == 0

    @property
    def primary(self):
        return next(node for node in self.nodes.values() if node.writable())

    @property
    def standby(self):
        return next(node for node in self.nodes.values() if node.follows())

    def conninfo(self, dbname="postgres"):
        """Both hosts, as an application would name them."""
        ports = ",".join(str(node.port) for node in self.nodes.values())
        return f"host=127.0.0.1,127.0.0.1 port={ports} user=postgres dbname={dbname}"

    def switchover(self):
        """As a DBA does it, with patronictl; returns the new primary, which may not be one yet."""
        old, new = self.primary, self.standby
        done = subprocess.run(
            ["patronictl", "-c", str(old.settings), "switchover", SCOPE, "--master", old.name,
             "--candidate", new.name, "--force"],
            text=True, capture_output=True, cwd="/", env={**server_environment(), "HOME": "/"})
        assert done.returncode == 0, done.stdout + done.stderr
        return new
