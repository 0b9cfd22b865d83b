"""Words for the stories about `pgrunbook vacuum`: plan it, run it, and be slow for certain."""

from golden.documents import check_document
from support.servers import wait_until

SELECTING = {"--table", "--schema", "-t", "-n"}


class Report:
    """The document of a plan or a run, held against its schema.

    .tables is by table name, .outcomes and .actions the same in short."""

    def __init__(self, document, schema):
        self.document = check_document(document, schema)
        self.tables = {table["table"]: table for table in document["tables"]}
        self.horizon = document["horizon"]

    @property
    def outcome(self):
        return self.document["outcome"]

    @property
    def outcomes(self):
        return {name: table["outcome"] for name, table in self.tables.items()}

    @property
    def actions(self):
        return {name: table["action"] for name, table in self.tables.items()}

    @property
    def order(self):
        """Names of the tables that are to be done, in their order."""
        acts = [table for table in self.tables.values() if table["order"] is not None]
        return [table["table"] for table in sorted(acts, key=lambda table: table["order"])]

    def reason(self, table):
        return self.tables[table]["reason"]


def selection(options):
    """Unless it selects itself, a story is about the schema public: not about the system
    catalogs, which need ANALYZE in every fresh database."""
    return [] if SELECTING.intersection(map(str, options)) else ["--schema", "public"]


def plan(runbook, server, *options):
    result = runbook("vacuum", "plan", "--json", *selection(options), *options, server=server)
    return Report(result.expect(0).json, "vacuum.plan")


def run(runbook, server, *options, code=0):
    """A whole run; `code` is the exit code it must end with."""
    return ended(start(runbook, server, *options), code)


def start(runbook, server, *options):
    """A run in the background; ended() waits for it."""
    return runbook.start("vacuum", "run", "--yes", "--json", *selection(options), *options,
                         server=server)


def ended(running, code=0, timeout=60):
    return Report(running.wait(timeout).expect(code).json, "vacuum.run")


def configure(runbook, **settings):
    """Options that name a configuration file with these settings of the section."""
    file = runbook.home / "vacuum.conf"
    lines = [f"vacuum.{name} = {value}\n" for name, value in settings.items()]
    file.write_text("".join(["[pgrunbook]\n", *lines]), encoding="utf-8")
    return ["--config", file]


def make_dirty_tables(server, **rows):
    """Several tables of so many rows, half of them dead."""
    for name, count in rows.items():
        server.make_table(name, count)
        server.sql(f"UPDATE {name} SET payload = payload || '!' WHERE id <= {count // 2}")
    server.settle_stats()


# ---- slow for certain ------------------------------------------------------------------------

SLOW = {"cost_delay": "20ms", "lock_timeout": "200ms"}  # the pause before another try follows it


def make_slow_table(server, *names, pages=300):
    """Tables whose VACUUM sleeps at least 20 ms at each of their pages, at most 80 ms, when it
    runs with the settings SLOW; all other tables of the database suffer the same. Half of the
    rows are dead."""
    for name in names:
        server.sql(f"CREATE TABLE {name} (id int, payload text) WITH (fillfactor = 60)")
        server.sql(f"ALTER TABLE {name} ALTER payload SET STORAGE PLAIN")
        server.sql(f"INSERT INTO {name} SELECT i, repeat('x', 1900) "
                   f"FROM generate_series(1, {2 * pages}) AS i")
        server.sql(f"VACUUM (ANALYZE) {name}")
        server.sql(f"DELETE FROM {name} WHERE id % 2 = 0")
    slow_down(server)
    server.settle_stats()


def make_late_table(server, name):
    """A partitioned table that needs ANALYZE: its turn comes when all others have ended."""
    server.sql(f"CREATE TABLE {name} (id int) PARTITION BY RANGE (id)")
    server.sql(f"CREATE TABLE {name}_all PARTITION OF {name} DEFAULT")
    server.sql(f"INSERT INTO {name} SELECT generate_series(1, 1000)")
    server.sql(f"VACUUM (ANALYZE) {name}_all")
    server.settle_stats()


def slow_down(server):
    server.sql(f"ALTER DATABASE {server.dbname} SET vacuum_cost_limit = 1")


def speed_up(server):
    """For connections made from now on."""
    server.sql(f"ALTER DATABASE {server.dbname} SET vacuum_cost_limit = 10000")


def wait_for_vacuum(server, name):
    """The pid of the backend that is in the middle of vacuuming the table."""
    return wait_until(lambda: vacuuming(server, name), what=f"VACUUM of {name}")


def vacuuming(server, name):
    rows = server.sql("""SELECT pid FROM pg_stat_progress_vacuum
        WHERE relid = %s::regclass AND heap_blks_scanned > 0""", [name])
    return rows[0][0] if rows else None


def nothing_runs(server):
    """True when no VACUUM or ANALYZE of the program is left on the server."""
    return not server.sql("""SELECT 1 FROM pg_stat_activity WHERE state = 'active'
        AND application_name LIKE 'pgrunbook%%' AND query ~* '^ *(vacuum|analyze)'""")


def times_vacuumed(server, name):
    server.settle_stats()
    return server.value("""SELECT vacuum_count FROM pg_stat_all_tables
        WHERE relid = %s::regclass""", [name])


def times_analyzed(server, name):
    server.settle_stats()
    return server.value("""SELECT analyze_count FROM pg_stat_all_tables
        WHERE relid = %s::regclass""", [name])


# ---- the evidence ----------------------------------------------------------------------------


def last_run(runbook):
    """What the history shows of the newest run."""
    newest = runbook("history", "--json").expect(0).json["runs"][0]["id"]
    return runbook("history", "show", newest, "--json").expect(0).json


def step_of(shown, table):
    """The step of a shown run that worked on the table."""
    number = next(item["step"] for item in shown["objects"] if item["name"] == table)
    return next(step for step in shown["steps"] if step["number"] == number)
