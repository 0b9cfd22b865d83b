"""Words for the stories about `pgrunbook migrations apply` and `revert`: a folder of migrations, what
a run says of it, and what is in the database afterwards."""

import threading
import time

from golden.documents import check_document
from support.servers import wait_until

REASON = "a story"


class Folder:
    """A folder as golang-migrate keeps it."""

    def __init__(self, runbook, name="migrations"):
        self.path = runbook.home / name
        self.path.mkdir()

    def add(self, version, name, up, down=None):
        (self.path / f"{version}_{name}.up.sql").write_text(up, encoding="utf-8")
        if down is not None:
            (self.path / f"{version}_{name}.down.sql").write_text(down, encoding="utf-8")
        return self


class Run:
    """The document of a run, held against its schema. .items is by version."""

    def __init__(self, result, verb):
        self.result, self.err = result, result.err
        self.document = check_document(result.json, f"migrations.{verb}")
        self.items = {item["version"]: item for item in self.document["migrations"]}
        self.gates = {gate["name"]: gate for gate in self.document["gates"]}

    @property
    def outcomes(self):
        return {version: item["outcome"] for version, item in self.items.items()}

    def reason(self, version="1"):
        return self.items[version]["reason"]


def start(runbook, server, folder, *options, verb="apply", force=True):
    forced = ["--force", REASON] if force else []
    return runbook.start("migrations", verb, folder.path, "--yes", "--json", *forced, *options,
                         server=server)


def ended(running, code=0, verb="apply"):
    return Run(running.wait(timeout=90).expect(code), verb)


def apply(runbook, server, folder, *options, code=0, **more):
    return ended(start(runbook, server, folder, *options, **more), code)


def revert(runbook, server, folder, *options, code=0, **more):
    return ended(start(runbook, server, folder, *options, verb="revert", **more), code, "revert")


def applied(server, table="schema_migrations"):
    """golang-migrate's row; none before the first."""
    if server.value("SELECT to_regclass(%s) IS NULL", [table]):
        return []
    return server.sql(f"SELECT version, dirty FROM {table}")


def columns(server, table):
    return dict(server.sql("""SELECT attname, format_type(atttypid, atttypmod)
        FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped""",
                           [table]))


def index(server, name):
    """Whether it is valid; None: it is not there."""
    rows = server.sql("""SELECT indisvalid FROM pg_index
        WHERE indexrelid = to_regclass(%s)""", [name])
    return rows[0][0] if rows else None


def worker(server, words):
    """The pid of the connection that runs a statement which begins with these words."""
    rows = server.sql("""SELECT pid FROM pg_stat_activity
        WHERE application_name = 'pgrunbook migrations' AND state = 'active'
          AND query LIKE %s""", [f"{words}%"])
    return rows[0][0] if rows else None


def at_work(server, words):
    return wait_until(lambda: worker(server, words), what=f"a statement {words!r}")


def guard(server, pid):
    """The pid of the connection that watches it."""
    rows = server.sql("""SELECT pid FROM pg_stat_activity
        WHERE application_name = 'pgrunbook migrations' AND pid <> %s
          AND datname = current_database()""", [pid])
    return rows[0][0]


class Traffic:
    """An application that inserts all the time; .longest is the longest that it waited, in seconds."""

    def __init__(self, server, statement):
        self.longest, self.count = 0.0, 0
        self._statement, self._connection = statement, server.connect()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self):
        self._thread.start()
        wait_until(lambda: self.count > 0, what="traffic")
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()

    def _run(self):
        while not self._stop.is_set():
            started = time.monotonic()
            self._connection.execute(self._statement)
            self.longest = max(self.longest, time.monotonic() - started)
            self.count += 1
            time.sleep(0.005)
