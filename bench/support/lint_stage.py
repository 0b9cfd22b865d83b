"""A server of each version, and on it a database "shop" for each case: a copy of the base and the
case's setup."""

from contextlib import contextmanager

import psycopg

from pgcluster import Cluster
from support.lint_cases import base
from support.machine import BenchError

SETTINGS = {"autovacuum": "off", "max_connections": "60", "max_parallel_maintenance_workers": "0"}
TEMPLATE, DATABASE = "shop_base", "shop"


class Stage:
    def __init__(self, cluster):
        self.cluster, self.version = cluster, cluster.version
        self.shared = False
        self.admin = psycopg.connect(cluster.conninfo(), autocommit=True)
        self.admin.execute("SET allow_in_place_tablespaces = on")
        self.admin.execute("CREATE TABLESPACE corner LOCATION ''")
        self.admin.execute(f"CREATE DATABASE {TEMPLATE}")
        with psycopg.connect(cluster.conninfo(TEMPLATE), autocommit=True) as connection:
            connection.execute(base())
            connection.execute("VACUUM ANALYZE")
        self.admin.execute(f"ALTER DATABASE {TEMPLATE} ALLOW_CONNECTIONS false")

    def conninfo(self):
        return self.cluster.conninfo(DATABASE)

    def server_version(self):
        return self.admin.info.parameter_status("server_version")

    @contextmanager
    def database(self, case):
        """With the case's setup, committed. Cases without one share theirs: who changes it for
        good says spoil()."""
        own = bool(case.setup) or case.zone != "UTC"
        if own or not self.shared:
            self._make(case)
        self.shared = not own
        try:
            yield self.conninfo()
        except BaseException:
            self.shared = False
            raise

    def spoil(self):
        self.shared = False

    def _make(self, case):
        self.admin.execute(f"DROP DATABASE IF EXISTS {DATABASE} (FORCE)")
        for (role,) in self.admin.execute("SELECT rolname FROM pg_roles WHERE rolname LIKE "
                                          "'clerk%'").fetchall():
            self.admin.execute(f"DROP ROLE {role}")
        self.admin.execute(f"CREATE DATABASE {DATABASE} TEMPLATE {TEMPLATE}")
        self.admin.execute(f"ALTER DATABASE {DATABASE} SET timezone = '{case.zone}'")
        self._set_up(case)

    def _set_up(self, case):
        if not case.setup:
            return
        with psycopg.connect(self.conninfo(), autocommit=True) as connection:
            try:
                connection.execute(case.setup)
                connection.execute("ANALYZE")
            except psycopg.Error as error:
                raise BenchError(f"the setup of {case.name} fails on {self.version}: {error}") \
                    from None


@contextmanager
def stage(version):
    with Cluster(version, SETTINGS) as cluster:
        yield Stage(cluster)
