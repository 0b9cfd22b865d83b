"""Two daemons with one target, each with a history of its own: a job is done once."""

import pytest

from support.serve import Daemon, only_vacuum
from support.servers import wait_until

pytestmark = pytest.mark.parametrize("version", [15])


def test_one_of_two_does_the_jobs(server, runbook):
    server.make_dead_rows("orders", 1000)
    settings = only_vacuum()
    first = Daemon(runbook, {"shop": server}, name="first", **settings)
    second = Daemon(runbook, {"shop": server}, name="second", **settings)
    first.now_due()
    second.now_due()
    first.start()
    second.start()
    first.wait_turn("done")
    second.hear("its jobs are done by another daemon")
    assert "done" not in second.turns() and second.rows("SELECT count(*) FROM run") == [(0,)]
    # When the first is gone the second takes over; what was done is no longer due.
    first.stop()
    second.hear("target shop: this daemon does its jobs now")
    wait_until(second.ready, what="the second daemon")
    second.stop()
