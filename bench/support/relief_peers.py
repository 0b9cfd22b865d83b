"""What nobody may end, in every mix: real programs at work on the server, and idle sessions that
have been idle for longer than all others."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg
from psycopg.rows import namedtuple_row

from support.machine import BenchError
from support.relief_sessions import IDLE, IN_TRANSACTION, connect_all

PROGRAMS = Path("/usr/lib/postgresql/15/bin")
SECRET_ROLE = "ledger"  # protected by the setting protected_roles
DATABASES = ("shop", "bills")

# A table whose dump does not end (a pipe nobody reads), one whose rows come slowly, one that
# autovacuum works on for an hour, and those the mixes lock.
SCHEMA = """
CREATE TABLE big AS SELECT g AS id, repeat('x', 900) AS payload FROM generate_series(1, 12000) g;
CREATE TABLE slow AS SELECT g AS id FROM generate_series(1, 100000) AS g;
CREATE POLICY slowly ON slow USING (pg_sleep(0.2) IS NOT NULL);
ALTER TABLE slow ENABLE ROW LEVEL SECURITY;
CREATE TABLE churn (id int, payload text) WITH (autovacuum_vacuum_cost_delay = 100,
    autovacuum_vacuum_cost_limit = 1, autovacuum_vacuum_threshold = 1,
    autovacuum_vacuum_scale_factor = 0, autovacuum_analyze_threshold = 1000000000);
INSERT INTO churn SELECT g, repeat('x', 900) FROM generate_series(1, 40000) AS g;
CREATE TABLE hot (id int PRIMARY KEY, n int);
INSERT INTO hot VALUES (1, 0), (2, 0);
CREATE TABLE gate ();
GRANT ALL ON big, slow, churn, hot, gate TO PUBLIC;
UPDATE churn SET id = id;
"""
ROLES = """
CREATE ROLE web LOGIN; CREATE ROLE worker LOGIN; CREATE ROLE billing LOGIN;
CREATE ROLE ledger LOGIN; CREATE ROLE "O'Brien ☕" LOGIN;
CREATE ROLE dumper LOGIN; CREATE ROLE mirror LOGIN REPLICATION;
CREATE ROLE page LOGIN; GRANT pg_signal_backend, pg_read_all_stats TO page;
CREATE ROLE dba LOGIN; GRANT pg_signal_backend, pg_monitor TO dba;
CREATE ROLE boss LOGIN SUPERUSER; CREATE ROLE rescue LOGIN SUPERUSER;
"""
# (name, role, application): idle ones that are worth more than they look
IDLE_ONES = (
    ("superuser", "boss", "psql"),
    ("pgrunbook", "web", "pgrunbook vacuum"),
    ("patroni", "worker", "Patroni restapi"),
    ("pgbouncer", "web", "pgbouncer"),
    ("pgbackrest", "billing", "pgBackRest [backup]"),
    ("barman", "billing", "barman"),
    ("protected role", SECRET_ROLE, "books"),
    ("walsender", "mirror", "archiver"),
)
CLIENTS = 4 + len(IDLE_ONES) - 1 + 1  # of pg_dump, idle but for the walsender, the observer
# What the server sees of pg_dump -j2 are two things that nobody may end.
JOBS = "pg_dump of two jobs"
PROGRAM_OF = {"pg_dump: a job in mid-COPY": JOBS,
              "pg_dump: its leader and a job in their transactions": JOBS}
PATIENCE = 30


class Peers:
    """Started once, watched after every act, put back where somebody ended them."""

    def __init__(self, cluster, observer):
        self._cluster, self._observer = cluster, observer
        self._processes, self._idle, self._here = {}, {}, {}
        self._folder = Path(tempfile.mkdtemp(prefix="relief-", dir=cluster.folder))

    # -- real programs --

    def _spawn(self, name, program, *arguments):
        """Its output is a pipe that nobody reads: once that is full it stays where it is."""
        environment = {**os.environ, **self._cluster.environment(DATABASES[0]),
                       "PGAPPNAME": program}
        self._processes[name] = subprocess.Popen(
            [PROGRAMS / program, *arguments], env=environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True)

    def _start(self, name):
        folder = self._folder / name.replace(" ", "_")
        shutil.rmtree(folder, ignore_errors=True)
        if name == "pg_dump in mid-COPY":
            self._spawn(name, "pg_dump", "-U", "dumper", "-t", "big")
        elif name == JOBS:
            self._spawn(name, "pg_dump", "-U", "dumper", "-Fd", "-j2", "-f", folder,
                        "--enable-row-security", "-t", "slow")
        elif name == "pg_basebackup":
            self._spawn(name, "pg_basebackup", "-U", "mirror", "-D-", "-Ft", "-Xnone",
                        "--checkpoint=fast")
        elif name == "pg_receivewal":
            folder.mkdir()
            self._spawn(name, "pg_receivewal", "-U", "mirror", "-D", folder, "--no-loop")

    def _start_idle(self, name, role, application):
        more = {"replication": "true"} if name == "walsender" else {}
        conninfo = self._cluster.conninfo(DATABASES[0], role, application_name=application, **more)
        session, = connect_all([(conninfo, role, DATABASES[0])])
        session.run("IDENTIFY_SYSTEM" if more else "SELECT 1")
        self._idle[name] = session

    def start(self):
        """Returns when each is where it is to be met."""
        for name in ("pg_dump in mid-COPY", JOBS, "pg_basebackup", "pg_receivewal"):
            if name not in self._processes:
                self._start(name)
        for name, role, application in IDLE_ONES:
            if name not in self._idle:
                self._start_idle(name, role, application)
        deadline = time.monotonic() + PATIENCE
        while True:
            here = {row.what: tuple(row.pids) for row in self._observer.execute(AT_WORK)}
            missing = EXPECTED.items() - {(what, len(pids)) for what, pids in here.items()}
            if not missing:
                break
            if time.monotonic() > deadline:
                raise BenchError(f"not at work: {missing}, but {here}")
            time.sleep(0.05)
        self._here = here
        return {**here, **{name: (session.pid,) for name, session in self._idle.items()}}

    def lost_since(self, known, alive):
        """Names of those of `known` whose pids are not all alive; they are started anew."""
        lost = [name for name, pids in known.items()
                if name != "autovacuum" and not alive.issuperset(pids)]
        if known.get("autovacuum") and not alive.issuperset(known["autovacuum"]):
            lost += ["autovacuum"] if self._was_terminated(known["autovacuum"]) else []
        for name in lost:
            self._forget(name)
        return lost

    def _was_terminated(self, pids):
        log = self._cluster.log.read_text(errors="replace")
        return any(f"[{pid}] FATAL:  terminating autovacuum" in log for pid in pids)

    def _forget(self, name):
        session = self._idle.pop(name, None)
        if session:
            session.close()
        program = PROGRAM_OF.get(name, name)
        process = self._processes.pop(program, None)
        if process:
            os.killpg(process.pid, signal.SIGKILL)  # pg_dump's jobs are processes of their own
            process.communicate()
            left = [pid for what, pids in self._here.items()
                    if PROGRAM_OF.get(what, what) == program for pid in pids]
            self._observer.execute("SELECT pg_terminate_backend(pid) FROM unnest(%s) AS pid",
                                   [left])

    def hold(self, statement):
        """The one of the protected role is in a transaction from now on, …"""
        self._idle["protected role"].begin(statement)

    def let_go(self):
        """… and is not any more."""
        session = self._idle.get("protected role")
        if session and session.state == IN_TRANSACTION:
            session.run("ROLLBACK")
            session.state = IDLE

    def close(self):
        for name in [*self._idle, *self._processes]:
            self._forget(name)


# Where each of the programs has to be, as the server sees it.
AT_WORK = """
SELECT CASE WHEN backend_type = 'walsender' THEN application_name
            WHEN backend_type = 'autovacuum worker' THEN 'autovacuum'
            WHEN query LIKE 'COPY%big%' THEN 'pg_dump in mid-COPY'
            WHEN state = 'active' THEN 'pg_dump: a job in mid-COPY'
            ELSE 'pg_dump: its leader and a job in their transactions' END AS what,
       array_agg(pid) AS pids
  FROM pg_stat_activity
 WHERE backend_type = 'walsender' AND state = 'active' AND wait_event <> 'CheckpointDone'
    OR backend_type = 'autovacuum worker' AND query LIKE '%churn%'
    OR application_name = 'pg_dump' AND query LIKE 'COPY%big%' AND wait_event = 'ClientWrite'
    OR application_name = 'pg_dump' AND query LIKE 'COPY%slow%' AND state = 'active'
    OR application_name = 'pg_dump' AND state = 'idle in transaction'
 GROUP BY 1"""
EXPECTED = {"pg_dump in mid-COPY": 1, "pg_dump: a job in mid-COPY": 1,
            "pg_dump: its leader and a job in their transactions": 2, "pg_basebackup": 1,
            "pg_receivewal": 1, "autovacuum": 1}


def prepare(cluster):
    """Roles, databases and tables on a fresh server."""
    with psycopg.connect(cluster.conninfo(), autocommit=True) as connection:
        connection.execute(ROLES)
        for database in DATABASES:
            connection.execute(f"CREATE DATABASE {database}")
    with psycopg.connect(cluster.conninfo(DATABASES[0]), autocommit=True) as connection:
        connection.execute(SCHEMA)


def observer_of(cluster):
    """The harness's own eyes: a superuser session, which nobody may end either."""
    return psycopg.connect(cluster.conninfo(DATABASES[0], application_name="observer"),
                           autocommit=True, row_factory=namedtuple_row)
