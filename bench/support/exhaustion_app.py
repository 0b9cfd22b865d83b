"""An application that takes every slot there is, and notices the moment it loses one."""

import select
import threading
import time

import psycopg

REFUSED = ("too many clients", "remaining connection slots", "slots are reserved")


def is_refusal(error):
    return any(words in str(error) for words in REFUSED)


class Application:
    """Sessions of role app. What befalls those of them that are listened to is seen at once: the
    socket of one that is idle has nothing to say but its end."""

    def __init__(self, conninfo):
        self.conninfo = conninfo
        self.sessions, self.heard, self.newcomer = [], {}, None
        self._poll, self._stop = select.poll(), threading.Event()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def open(self, count=None, begin=None, listen=True):
        """So many sessions, or (None) all there is room for; what each does first."""
        made = []
        while count is None or len(made) < count:
            try:
                session = psycopg.connect(self.conninfo, autocommit=True)
            except psycopg.OperationalError as error:
                if count is not None or not is_refusal(error):
                    raise
                break
            made.append(session)
            self.sessions.append(session)
            if begin is not None:
                begin(session)
            if listen:
                self.listen(session)
        return made

    def listen(self, session):
        self._poll.register(session.fileno(), select.POLLIN | select.POLLHUP)

    def _listen(self):
        while not self._stop.is_set():
            for descriptor, _ in self._poll.poll(20):
                self.heard[descriptor] = time.time()
                self._poll.unregister(descriptor)

    def come_back(self, until):
        """Tries for a new connection again and again; when it was in, None: never."""
        while time.time() < until:
            try:
                self.newcomer = psycopg.connect(self.conninfo, autocommit=True)
                self.newcomer.execute("SELECT 1")
                return time.time()
            except psycopg.OperationalError:
                time.sleep(0.02)
        return None

    def close(self):
        self._stop.set()
        self._thread.join()
        for session in [*self.sessions, *filter(None, [self.newcomer])]:
            session.close()


def send(session, statement):
    """Sends it and does not wait."""
    session.pgconn.send_query(statement.encode())


class Busy:
    """Sessions that always have something short to do."""

    def __init__(self, sessions, statement):
        self.sessions, self.statement = sessions, statement
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def _work(self):
        while not self._stop.is_set():
            for session in self.sessions:
                connection = session.pgconn
                connection.consume_input()
                if connection.is_busy():
                    continue
                while connection.get_result() is not None:
                    pass
                connection.send_query(self.statement.encode())
            time.sleep(0.01)

    def stop(self):
        self._stop.set()
        self._thread.join()
