"""Two nodes under Patroni, a target that names both: after a switchover and after the primary's
death the daemon is on the new primary, its job goes on there, and no standby was asked to change
anything."""

import threading
import time

import pytest
from support.patroni import Patroni
from support.serve import Daemon, only_vacuum
from support.servers import wait_until

# What is promised from the moment on when the new primary takes writes.
SECONDS = 5
WATCH = """SELECT count(*) > 0 FROM pg_stat_activity WHERE application_name LIKE 'pgrunbook%'
    AND application_name NOT LIKE 'pgrunbook vacuum%'"""
VACUUM = "SELECT count(*) > 0 FROM pg_stat_progress_vacuum WHERE relid = 'big'::regclass"
VACUUMED = """SELECT vacuum_count > 0 FROM pg_stat_user_tables WHERE relid = 'big'::regclass"""


@pytest.fixture
def patroni():
    with Patroni() as pair:
        yield pair


class Dawn(threading.Thread):
    """Looks out for the moment from which a node takes writes: .at, on the monotonic clock."""

    def __init__(self, node):
        super().__init__(daemon=True)
        self.node, self.at = node, None
        self.start()

    def run(self):
        try:
            self.at = wait_until(self.node.writable, 60)
        except AssertionError:
            pass

    def seen(self):
        self.join(60)
        assert self.at, f"{self.node.name} never took writes"
        return self.at


def make_big_table(patroni):
    """Its VACUUM takes half a minute on the primary of now, for which cost_delay is in force, and
    a second on the other one, which is allowed more between two delays."""
    patroni.primary.sql("CREATE TABLE big AS SELECT i, repeat('x', 500) AS text "
                        "FROM generate_series(1, 60000) AS i",
                        "UPDATE big SET text = text || 'y' WHERE i % 2 = 0")
    patroni.standby.sql("ALTER SYSTEM SET vacuum_cost_limit = 10000", "SELECT pg_reload_conf()")


def follows_in_time(daemon, node, dawn):
    """The watch is on the node, and says so, soon enough after the dawn."""
    left = dawn.seen() + SECONDS - time.monotonic()
    wait_until(lambda: node.value(WATCH) and daemon.ready(), left,
               f"the watch on {node.name}:\n{daemon.said}")


@pytest.mark.parametrize("version", [15])
def test_the_daemon_follows_the_primary(version, patroni, runbook):
    make_big_table(patroni)
    daemon = Daemon(runbook, {"pair": {"conninfo": patroni.conninfo(),
                                       "vacuum_cost_delay": "100ms"}}, **only_vacuum())
    daemon.now_due()
    old, new = patroni.primary, patroni.standby
    daemon.start()
    wait_until(lambda: old.value(VACUUM), what="the job at work")
    dawn = Dawn(new)
    patroni.switchover()
    follows_in_time(daemon, new, dawn)
    daemon.wait_turn("done", "pair")
    assert daemon.turns("pair") == ["done"]
    assert "pgrunbook vacuum FATAL:  terminating connection" in old.log.read_text()
    assert new.value(VACUUMED), "the job was not repeated on the new primary"
    wait_until(lambda: old.follows() and new.is_followed_closely(), 30,
               "the old primary as a standby")

    dawn = Dawn(old)
    new.kill()
    follows_in_time(daemon, old, dawn)
    assert not daemon.children("vacuum")
    daemon.stop()
    assert [node.refused_writes() for node in (old, new)] == [[], []]
