"""Databases to test on: a server of a version, a database of one's own in it, and the means to
bring it into the state a story needs."""

import os
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import psycopg

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
from pgcluster import Cluster  # noqa: E402

VERSIONS = (14, 15, 16, 17, 18)
ENDS = (VERSIONS[0], VERSIONS[-1])

# Autovacuum is on, as on any healthy server, but does nothing behind a test's back.
SETTINGS = {"autovacuum_naptime": "1d", "max_prepared_transactions": 5}


# A database beside the tested one, see Server.settle_stats().
MARKERS = "markers"


def start_cluster(version, settings=None, **options):
    cluster = Cluster(version, {**SETTINGS, **(settings or {})}, **options).start()
    calm_autovacuum(Server(cluster))
    return cluster


def wait_until(predicate, timeout=20, what="the condition"):
    """The first true answer of `predicate`; fails when there is none in `timeout` seconds. What takes
    longer is asked for less often: others want the processor as well."""
    started = time.monotonic()
    while True:
        answer = predicate()
        if answer:
            return answer
        waited = time.monotonic() - started
        assert waited < timeout, f"waited {timeout} s in vain for {what}"
        time.sleep(min(0.02 + waited / 20, 0.1))


def calm_autovacuum(server):
    """Its launcher has no schedule as long as the statistics know no database, and then works
    whenever something wakes it. A reload makes the schedule: the first turn is hours away."""
    if server.value("SELECT current_setting('track_counts')::bool"):
        wait_until(lambda: server.value("SELECT sum(xact_commit) > 0 FROM pg_stat_database"),
                   what="statistics")
    server.sql("SELECT pg_reload_conf()")


class Server:
    """One database on a cluster, as its superuser sees it.

    .version is the major version, .environment what a client needs, .cluster the server's own
    life: .cluster.restart(), .cluster.crash(), .cluster.stop()."""

    def __init__(self, cluster, dbname="postgres"):
        self.cluster, self.dbname = cluster, dbname
        self.version = cluster.version
        self._open = ExitStack()

    @property
    def environment(self):
        return self.cluster.environment(self.dbname)

    def conninfo(self, **more):
        return self.cluster.conninfo(**{"dbname": self.dbname, **more})

    def connect(self, **more):
        """A connection in autocommit mode that lasts until the end of the test."""
        connection = psycopg.connect(self.conninfo(**more), autocommit=True)
        self._open.callback(connection.close)
        return connection

    def sql(self, statement, parameters=None):
        """Runs statements on a connection of their own; rows of the last one that has some."""
        with psycopg.connect(self.conninfo(), autocommit=True) as connection:
            pid = connection.info.backend_pid
            cursor = connection.execute(statement, parameters)
            rows = cursor.fetchall() if cursor.description else None
            while cursor.nextset():
                if cursor.description:
                    rows = cursor.fetchall()
        # What a backend did is counted when it ends, which must not be after the next one's work.
        wait_until(lambda: not os.path.exists(f"/proc/{pid}"), what="the end of a backend")
        return rows

    def value(self, statement, parameters=None):
        return self.sql(statement, parameters)[0][0]

    def close(self):
        self._open.close()

    # -- states a database can be in --

    def make_table(self, name, rows=1000, options=""):
        """A clean table: vacuumed, analysed, primary key `id`. `name` is SQL, quoted if need be."""
        self.sql(f"CREATE TABLE {name} (id int PRIMARY KEY, payload text) {options}")
        self.sql(f"INSERT INTO {name} SELECT i, 'row ' || i FROM generate_series(1, {rows}) AS i")
        self.sql(f"VACUUM (ANALYZE) {name}")

    def make_dead_rows(self, name, rows=1000, dead=None, options=""):
        """A table of `rows` live rows where `dead` (default: half as many) died since its last
        vacuum. The statistics have arrived when it returns."""
        dead = rows // 2 if dead is None else dead
        self.make_table(name, rows, options)
        self.sql(f"UPDATE {name} SET payload = payload || '!' WHERE id <= {dead}")
        self.settle_stats()

    def dead_rows(self, name):
        return self.value("SELECT n_dead_tup FROM pg_stat_all_tables WHERE relid = %s::regclass",
                          [name])

    def settle_stats(self):
        """Returns when the statistics views show what ended before. From 15 on they do at once;
        14's collector works off its messages in their order, some time later, and readers are
        content with what it wrote half a second ago."""
        if self.version < 15:
            marker, database = f"marker_{time.monotonic_ns()}", Server(self.cluster, MARKERS)
            if not self.sql("SELECT 1 FROM pg_database WHERE datname = %s", [MARKERS]):
                self.sql(f"CREATE DATABASE {MARKERS}")
            database.sql(f"CREATE TABLE {marker} AS SELECT 1")
            wait_until(lambda: database.value("SELECT n_tup_ins FROM pg_stat_user_tables "
                                              "WHERE relname = %s", [marker]),
                       what="the statistics collector")
            time.sleep(0.6)

    def burn_xids(self, count):
        """Makes everything `count` transactions older."""
        self.sql("SET synchronous_commit = off; SET max_parallel_workers_per_gather = 0")
        self.sql(f"""DO $$ BEGIN
            FOR i IN 1 .. {int(count)} LOOP PERFORM pg_current_xact_id(); COMMIT; END LOOP;
            END $$""")

    def backends(self, application="pgrunbook%"):
        """(pid, state, query) of the sessions with such an application_name."""
        return self.sql("""SELECT pid, state, query FROM pg_stat_activity
            WHERE application_name LIKE %s ORDER BY pid""", [application])
