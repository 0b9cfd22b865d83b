"""Sessions of an application by the hundred: opened side by side, kept from one mix to the next,
put into a state each. All by libpq's own asynchronous calls, so that one thread is enough."""

import select
import time
from collections import Counter
from dataclasses import dataclass

from psycopg import pq

from support.machine import BenchError

IDLE, ACTIVE, IN_TRANSACTION, WAITING = "idle", "active", "idle in transaction", "waiting"
PATIENCE = 20


def ok(result):
    if result.status not in (pq.ExecStatus.COMMAND_OK, pq.ExecStatus.TUPLES_OK):
        raise BenchError(f"the server said: {result.error_message.decode()}")
    return result


@dataclass(eq=False)
class Session:
    """One client connection; what it is now is what was last asked of it."""

    connection: object
    role: str
    database: str
    opened: float
    application: str = ""
    state: str = IDLE
    pid: int = 0

    @property
    def key(self):
        return self.role, self.database

    def run(self, sql):
        """A statement that ends at once."""
        return ok(self.connection.exec_(sql.encode()))

    def name(self, application):
        if application != self.application:
            quoted = application.replace("'", "''")
            self.run(f"SET application_name = '{quoted}'")
            self.application = application

    def touch(self):
        """Idle from now on."""
        self.run("SELECT 1")
        self.state = IDLE

    def begin(self, sql="SELECT 1"):
        """Idle in a transaction from now on."""
        self.run(f"BEGIN; {sql}")
        self.state = IN_TRANSACTION

    def start(self, sql, state=ACTIVE):
        """A statement that does not end by itself."""
        self.connection.send_query(sql.encode())
        self.connection.flush()
        self.state = state

    def busy(self):
        """Whether its statement still runs; what has come of it is read."""
        if self.state not in (ACTIVE, WAITING):
            return False
        self.connection.consume_input()
        while not self.connection.is_busy():
            if self.connection.get_result() is None:
                self.state = IDLE
                return False
        return True

    def close(self):
        self.connection.finish()


def _advance(connection, poller):
    """One step of opening; True when it is open."""
    status = connection.connect_poll()
    if status == pq.PollingStatus.OK:
        return True
    if status == pq.PollingStatus.FAILED:
        raise BenchError(f"no connection: {connection.error_message.decode()}")
    wanted = select.POLLIN if status == pq.PollingStatus.READING else select.POLLOUT
    poller.register(connection.socket, wanted)
    return False


def connect_all(wanted):
    """Connections for (conninfo, role, database), all at the same time."""
    opening, opened, poller = {}, [], select.poll()
    for conninfo, role, database in wanted:
        connection = pq.PGconn.connect_start(conninfo.encode())
        session = Session(connection, role, database, time.monotonic())
        opened.append(session)
        opening[connection.socket] = session
        poller.register(connection.socket, select.POLLOUT)
    deadline = time.monotonic() + PATIENCE
    while opening:
        if time.monotonic() > deadline:
            raise BenchError(f"{len(opening)} connections did not open")
        for socket, _ in poller.poll(1000):
            if _advance(opening[socket].connection, poller):
                poller.unregister(socket)
                session = opening.pop(socket)
                session.pid = session.connection.backend_pid
    return opened


class Pool:
    """Sessions by (role, database), open as long as nobody ends them."""

    def __init__(self, conninfo):
        self._conninfo = conninfo  # (role, database) -> str
        self.sessions = []

    def keep(self, wanted):
        """Closes the sessions that do not serve `wanted` (role, database); how many are left."""
        needed, kept = Counter(wanted), []
        for session in self.sessions:
            if needed[session.key] > 0:
                needed[session.key] -= 1
                kept.append(session)
            else:
                session.close()
        self.sessions = kept
        return len(kept)

    def open(self, wanted):
        """New ones for (role, database), all at the same time."""
        opened = connect_all([(self._conninfo(*key), *key) for key in wanted])
        self.sessions += opened
        return opened

    def take(self, wanted):
        """A session for each (role, database), in this order; opened where there is none."""
        missing = Counter(wanted) - Counter(session.key for session in self.sessions)
        self.open(missing.elements())
        spare = list(self.sessions)
        taken = []
        for key in wanted:
            session = next(session for session in spare if session.key == key)
            spare.remove(session)
            taken.append(session)
        return taken

    def drop_ended(self, alive):
        """Forgets those whose pid is not in `alive`; returns them."""
        ended = [session for session in self.sessions if session.pid not in alive]
        for session in ended:
            session.close()
        self.sessions = [session for session in self.sessions if session.pid in alive]
        return ended

    def settle(self, observer):
        """All idle again. Who holds locks lets go of them first; what still runs is cancelled."""
        for session in self.sessions:
            if session.state == IN_TRANSACTION:
                session.run("ROLLBACK")
                session.state = IDLE
        deadline = time.monotonic() + PATIENCE
        while busy := [session.pid for session in self.sessions if session.busy()]:
            if time.monotonic() > deadline:
                raise BenchError(f"sessions that cannot be cancelled: {busy}")
            observer.execute("SELECT pg_cancel_backend(pid) FROM unnest(%s) AS pid", [busy])
            time.sleep(0.005)
        for session in self.sessions:
            if session.connection.transaction_status != pq.TransactionStatus.IDLE:
                session.run("ROLLBACK")

    def close(self):
        for session in self.sessions:
            session.close()
        self.sessions = []
