"""Throw-away PostgreSQL servers for the tests, the benchmarks and the demo.

    with Cluster(16, settings={"max_connections": 20}) as cluster:
        psycopg.connect(cluster.conninfo())

A cluster is one folder: configuration, data, log and Unix socket. It listens on no network port
unless asked to, and nothing here ever signals a process or removes a folder that is not its own.
Run by root, the server runs as `postgres` or `nobody`; run by anybody else, as oneself.

The folder is in $TMPDIR. Without one it is in memory where that has plenty of room (a database is
300 files, and every test has one of its own), unless the cluster is to be durable or detached;
else in /tmp.

A janitor process watches over the clusters of this process: whatever way it dies, even by
kill -9, its servers are stopped and their folders removed. A cluster made with detached=True
(that is what the command line does) outlives it instead, until somebody stops it.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import weakref
from pathlib import Path

from pgcluster_files import (SUPERUSER, ClusterError, as_server_user, copy_running,
                             give_to_server_user, installed_programs, make_data,
                             server_environment, unprivileged_account, usable_programs)
from pgcluster_janitor import (janitor, processes_in, release, remove_left_over, send,
                               shared_memory_of, stands_in)

MARKER = "pgcluster.json"
LONGEST_FOLDER = 107 - len("/.s.PGSQL.65535")  # sun_path holds 107 bytes and a NUL

CONFIGURATION = {
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %q%a ",
    "wal_keep_size": "64MB",  # lets a standby connect without a replication slot
}
# A crash of the server loses nothing without fsync, only a crash of the machine does; and so it
# may live in memory altogether.
FAST = {"fsync": "off", "wal_init_zero": "off", "min_wal_size": "32MB"}
MEMORY = Path("/dev/shm")
ROOM_IN_MEMORY = 8 << 30


def _configuration_line(name, value):
    if value is True or value is False:
        value = "on" if value else "off"
    quoted = str(value).replace("\\", "\\\\").replace("'", "''")
    return f"{name} = '{quoted}'\n"


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _roomy(folder):
    """There, ours to use, not the few megabytes a container gets, and memory behind it."""
    try:
        memory = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
        available = int(memory["MemAvailable"].split()[0]) << 10
        free = min(shutil.disk_usage(folder).free, available)
        return os.access(folder, os.W_OK) and free >= ROOM_IN_MEMORY
    except (OSError, LookupError, ValueError):
        return False


class Cluster:
    """One server in one folder.

    .version        major version, an int
    .folder         everything is in here
    .data, .log     data directory, server log
    .socket_dir     the host to connect to
    .port           the port to connect to, of the socket and, with tcp=True, of 127.0.0.1

    Cluster.here: those of this process that are not forgotten yet.
    """

    here = weakref.WeakSet()

    def __init__(self, version, settings=None, hba=(), tcp=False, durable=False, folder=None,
                 detached=False, programs=None, initdb=()):
        self.version = int(version)
        self.initdb = list(initdb)
        self.tcp, self.durable, self.detached = tcp, durable, detached
        self.settings, self.hba = dict(settings or {}), list(hba)
        self.port = _free_port() if tcp else 5432
        self._process = None
        if programs is None:
            installed_programs(self.version)
        self.folder = self._make_folder(folder)
        Cluster.here.add(self)
        self.programs = programs or usable_programs(self.version, self.folder)

    @classmethod
    def attach(cls, folder):
        """The cluster somebody else made in `folder`."""
        folder = Path(os.path.realpath(folder))
        try:
            known = json.loads((folder / MARKER).read_text())
        except (OSError, ValueError):
            raise ClusterError(f"{folder} was not made by pgcluster") from None
        self = cls.__new__(cls)
        self.folder, self._process, self.detached = folder, None, True
        self.programs = Path(known.pop("programs"))
        self.__dict__.update(known)
        return self

    def _make_folder(self, wanted):
        if wanted is None:
            wanted = self._temporary_folder()
        else:
            wanted = Path(os.path.realpath(wanted))
            wanted.mkdir(mode=0o700)
        if len(os.fsencode(wanted)) > LONGEST_FOLDER:
            wanted.rmdir()
            raise ClusterError(f"{wanted} is too long a path for a Unix socket\n"
                               f"hint: at most {LONGEST_FOLDER} bytes")
        account = unprivileged_account()
        if account:
            os.chown(wanted, account.pw_uid, account.pw_gid)
        (wanted / MARKER).write_text("{}")
        if not self.detached:
            janitor.watch(wanted)
        return wanted

    def _temporary_folder(self):
        where = os.path.realpath(tempfile.gettempdir())
        if len(os.fsencode(where)) > LONGEST_FOLDER - 40:
            where = "/tmp"
        if not (self.durable or self.detached or "TMPDIR" in os.environ) and _roomy(MEMORY):
            where = MEMORY
        return Path(tempfile.mkdtemp(prefix=f"pgrunbook-{self.version}-", dir=where))

    @property
    def data(self):
        return self.folder / "data"

    @property
    def log(self):
        return self.folder / "log"

    @property
    def socket_dir(self):
        return str(self.folder)

    def conninfo(self, dbname=SUPERUSER, user=SUPERUSER, **more):
        """A libpq connection string through the socket."""
        parts = {"host": self.socket_dir, "port": self.port, "user": user, "dbname": dbname}
        parts.update(more)
        quote = str.maketrans({"\\": r"\\", "'": r"\'"})
        return " ".join(f"{k}='{str(v).translate(quote)}'" for k, v in parts.items())

    def environment(self, dbname=SUPERUSER, user=SUPERUSER):
        """The same as variables that psql and pgrunbook understand."""
        return {"PGHOST": self.socket_dir, "PGPORT": str(self.port), "PGUSER": user,
                "PGDATABASE": dbname}

    # -- life --

    def start(self):
        """Makes the data directory when there is none; returns when connections are taken."""
        if self.pid():
            raise ClusterError(f"the server in {self.folder} is running")
        if not self.data.exists():
            make_data(self.programs, self.data, self.initdb)
            self._configure()
        self._forget_crash()
        self._remember()
        with open(self.log, "ab") as log:
            self._process = subprocess.Popen(
                [self.programs / "postgres", "-D", self.data], cwd="/", env=server_environment(),
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                **as_server_user())
        try:
            self._wait_until_ready()
        except BaseException:
            self._process.kill()
            self._gone_within(10)
            raise
        return self

    def stop(self):
        """Fast shutdown: sessions are ended, everything is written. Fine when it is down."""
        pid = self.pid()
        if pid:
            for number, seconds in (signal.SIGINT, 60), (signal.SIGQUIT, 10):
                send(pid, number)
                if self._gone_within(seconds):
                    return
            self.crash()

    def restart(self):
        self.stop()
        return self.start()

    def crash(self):
        """kill -9: the next start has to recover."""
        pids = processes_in(self.data)
        remains = shared_memory_of(pids)
        postmaster = self.pid()
        for pid in sorted(pids, key=lambda pid: pid != postmaster):
            send(pid, signal.SIGKILL)
        if not self._gone_within(10):
            raise ClusterError(f"processes in {self.data} survive kill -9")
        release(*remains)

    def remove(self):
        """Stops the server and deletes the folder."""
        if self.folder.exists():
            self.stop()
            remove_left_over(self.folder)
        if not self.detached:
            janitor.forget(self.folder)

    def detach(self):
        """Lets the cluster outlive this process."""
        janitor.forget(self.folder)
        self.detached = True

    def pid(self):
        """Process id of the running server, None when it is down."""
        fields = self._pid_file()
        pid = int(fields[0]) if fields and fields[0].isdigit() else None
        return pid if pid and stands_in(pid, self.data) else None

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.remove()
            raise

    def __exit__(self, *_exception):
        if not self.detached:
            self.remove()

    # -- inner --

    def _remember(self):
        known = {"version": self.version, "port": self.port, "programs": str(self.programs),
                 "settings": self.settings, "hba": self.hba, "tcp": self.tcp,
                 "durable": self.durable, "initdb": self.initdb}
        (self.folder / MARKER).write_text(json.dumps(known))

    def _configure(self):
        settings = dict(CONFIGURATION)
        settings.update({} if self.durable else FAST)
        settings.update({"port": self.port, "unix_socket_directories": self.folder,
                         "listen_addresses": "127.0.0.1" if self.tcp else ""})
        settings.update(self.settings)
        with open(self.data / "postgresql.conf", "a") as file:
            file.writelines(_configuration_line(*item) for item in settings.items())
        rules = [*self.hba, "local all all trust", "local replication all trust",
                 "host all all 127.0.0.1/32 scram-sha-256"]
        (self.data / "pg_hba.conf").write_text("\n".join(rules) + "\n")

    def _forget_crash(self):
        """A killed server can stay in the process table as a zombie, where the process that ought
        to collect it does not; the next server would take its lock files for those of the living."""
        for lock in (self.data / "postmaster.pid", self.folder / f".s.PGSQL.{self.port}.lock"):
            lock.unlink(missing_ok=True)

    def _pid_file(self):
        try:
            return (self.data / "postmaster.pid").read_text().splitlines()
        except OSError:
            return []

    def _wait_until_ready(self, seconds=60):
        """As pg_ctl does it: the server writes its state into the eighth line of its pid file."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            fields = self._pid_file()
            if len(fields) >= 8 and fields[0] == str(self._process.pid):
                if fields[7].strip() in ("ready", "standby"):
                    return
            if self._process.poll() is not None:
                break
            time.sleep(0.01)
        tail = self.log.read_text(errors="replace").splitlines()[-20:]
        raise ClusterError(f"PostgreSQL {self.version} did not start:\n" + "\n".join(tail))

    def _gone_within(self, seconds):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            ended = self._process is None or self._process.poll() is not None
            if ended and not processes_in(self.data):
                self._process = None
                return True
            time.sleep(0.01)
        return False

    # -- standby --

    def standby(self, settings=None, folder=None, detached=None, dbname=SUPERUSER):
        """A running streaming standby of this running primary."""
        standby = Cluster(self.version, {**self.settings, **(settings or {})}, self.hba,
                          self.tcp, self.durable, folder,
                          self.detached if detached is None else detached)
        try:
            self._back_up_to(standby.data, dbname)
            standby._configure()
            with open(standby.data / "postgresql.conf", "a") as file:
                file.write(_configuration_line("primary_conninfo", self.conninfo()))
            (standby.data / "standby.signal").touch()
            give_to_server_user(standby.data)
            return standby.start()
        except BaseException:
            standby.remove()
            raise

    def _back_up_to(self, target, dbname):
        """The low-level base backup of the manual: npm's servers bring no pg_basebackup."""
        import psycopg
        start, stop = (("pg_backup_start('standby', true)", "pg_backup_stop(false)")
                       if self.version >= 15 else
                       ("pg_start_backup('standby', true, false)", "pg_stop_backup(false, false)"))
        with psycopg.connect(self.conninfo(dbname), autocommit=True) as connection:
            connection.execute(f"SELECT {start}")
            copy_running(self.data, target)
            label = connection.execute(f"SELECT labelfile FROM {stop}").fetchone()[0]
        (target / "backup_label").write_text(label)
