"""What every test can ask for.

    def test_something(server, runbook):
        server.make_dead_rows("orders", rows=10_000)
        runbook("vacuum", "run", "--yes", server=server).expect(0)

`server` is a fresh database on a running server and makes a test run once per version (select
one with -k pg16). A test that restarts, breaks or configures a server takes `fresh_server`.
A version that is not installed is a failure, never a skip.

A file whose stories rest on nothing that differs between the versions, or whose queries are told
elsewhere on all of them, says `versions = ENDS`: it runs on the oldest and the newest, unless
--all-versions is given. With --in-turns each story runs on the newest version, and every second
one on one of the older ones too, which take turns; of those that say ENDS every fourth.
"""

import itertools
import zlib

import pytest

from support.program import Runbook, binary
from support.servers import VERSIONS, Cluster, Server, start_cluster

LOG_LINES = 40  # of each server, in the report of a test that failed


def pytest_report_header():
    return f"program: {binary()}"


def pytest_addoption(parser):
    parser.addoption("--all-versions", action="store_true",
                     help="run every story on every version, those too that say versions = ENDS")
    parser.addoption("--in-turns", action="store_true",
                     help="run every story on the newest version, some of them on another too")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    """Files in no order: by their names those that wait for a watch would all come last, and the
    processor would wait with them. Those of the browser stay first."""
    items.sort(key=lambda item: ("browser" not in item.keywords,
                                 zlib.crc32(item.path.name.encode())))


def in_turns(versions, story):
    """The newest, and for every second story one of the others: another one for another story, the
    same at every run. For every fourth where there is only one other."""
    *others, newest = versions
    turn, rest = divmod(zlib.crc32(story.encode()), 2 if len(others) > 1 else 4)
    return [others[turn % len(others)], newest] if others and rest == 1 else [newest]


def pytest_generate_tests(metafunc):
    """Overridable for a test: @pytest.mark.parametrize("version", [13])"""
    said = any("version" in mark.args[0] for mark in
               metafunc.definition.iter_markers("parametrize"))
    if "version" in metafunc.fixturenames and not said:
        everywhere = metafunc.config.getoption("all_versions")
        chosen = VERSIONS if everywhere else getattr(metafunc.module, "versions", VERSIONS)
        if metafunc.config.getoption("in_turns"):
            chosen = in_turns(chosen, metafunc.definition.nodeid)
        metafunc.parametrize("version", chosen, ids=[f"pg{version}" for version in chosen])


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """What the servers said that were at work while a test failed."""
    report = (yield).get_result()
    if not report.failed:
        return
    for cluster in sorted(Cluster.here, key=lambda cluster: cluster.folder):
        if cluster.log.exists() and cluster.log.stat().st_mtime >= call.start:
            said = cluster.log.read_text(encoding="utf-8", errors="replace").splitlines()
            title = f"Server log of {cluster.folder} ({cluster.version})"
            report.sections.append((title, "\n".join(said[-LOG_LINES:])))


@pytest.fixture(scope="session")
def clusters():
    """Running servers by version, started when first needed, shared by the tests of a process."""
    running = {}
    yield running
    for cluster in running.values():
        cluster.remove()


@pytest.fixture(scope="session")
def database_names():
    return (f"test_{number}" for number in itertools.count(1))


@pytest.fixture
def server(version, clusters, database_names):
    """A fresh database on the shared server of this version."""
    if version not in clusters:
        clusters[version] = start_cluster(version)
    cluster = clusters[version]
    name = next(database_names)
    Server(cluster).sql(f"CREATE DATABASE {name}")
    database = Server(cluster, name)
    yield database
    database.close()
    Server(cluster).sql(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def fresh_server(version):
    """A factory of servers of this version that nobody else uses:

        server = fresh_server(max_connections=20)
        server = fresh_server(tcp=True, hba=["host all app 127.0.0.1/32 scram-sha-256"])
        standby = fresh_server.standby(server, hot_standby_feedback=True)
    """
    factory = ServerFactory(version)
    yield factory
    factory.close()


@pytest.fixture
def roles(server):
    """Makes roles that go when the test ends; a name is unique to the database."""
    made = []

    def make(name, options="LOGIN"):
        role = f"{server.dbname}_{name}"
        server.sql(f"CREATE ROLE {role} {options}")
        made.append(role)
        return role

    yield make
    server.close()
    server.sql(f"ALTER DATABASE {server.dbname} OWNER TO CURRENT_USER")
    for role in reversed(made):
        server.sql(f"REASSIGN OWNED BY {role} TO CURRENT_USER; DROP OWNED BY {role};"
                   f"DROP ROLE {role}")


class ServerFactory:
    def __init__(self, version):
        self.version, self._made = version, []

    def __call__(self, hba=(), tcp=False, initdb=(), **settings):
        return self._keep(start_cluster(self.version, settings, hba=hba, tcp=tcp,
                                        initdb=initdb))

    def standby(self, primary, **settings):
        return self._keep(primary.cluster.standby(settings))

    def _keep(self, cluster):
        server = Server(cluster)
        self._made.append(server)
        return server

    def close(self):
        for server in reversed(self._made):
            server.close()
            server.cluster.remove()


@pytest.fixture
def runbook(tmp_path):
    """The program: runbook("check", "--json", server=server) returns a Result."""
    program = Runbook(tmp_path)
    yield program
    program.close()


@pytest.fixture
def broken_library(tmp_path):
    """An environment in which that file cannot be loaded."""
    def make(file):
        (tmp_path / "libraries").mkdir(exist_ok=True)
        (tmp_path / "libraries" / file).touch()
        return {"LD_LIBRARY_PATH": str(tmp_path / "libraries")}
    return make
