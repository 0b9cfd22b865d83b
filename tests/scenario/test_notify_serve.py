"""The daemon's messages: once when it begins, once when it is over, whatever happens between."""

import os
import signal

import pytest
from support.receivers import Receiver
from support.serve import QUIET, Daemon
from support.servers import wait_until

pytestmark = pytest.mark.parametrize("version", [15])
NO_JOBS = {**QUIET, "watch_calm": "1s"}


@pytest.fixture
def hooks():
    made = []

    def make(*answers):
        made.append(Receiver(*answers))
        return made[-1]

    yield make
    for each in made:
        each.close()


def test_once_when_it_begins_and_once_when_it_is_over(server, runbook, hooks):
    first, second = hooks(*[503] * 20), hooks()
    later = {"later": {"conninfo": server.conninfo(dbname=f"{server.dbname}_later")}}
    daemon = Daemon(runbook, later, notify_webhook=first.url, **NO_JOBS).start(ready=False)
    [told] = first.wait(1)[:1]
    assert (told["target"], told["name"], told["state"]) == ("later", "unreachable", "open")
    # Not delivered yet, the courier dies: the next one gets it, and takes the new address.
    daemon.configure(later, notify_webhook=second.url, **NO_JOBS)
    daemon.reload()
    second.wait(1)
    [courier] = daemon.children("deliver")
    os.kill(courier, signal.SIGKILL)
    wait_until(lambda: daemon.children("deliver") not in ([], [courier]), what="another courier")
    server.sql(f"CREATE DATABASE {server.dbname}_later")
    try:
        wait_until(lambda: any(payload["state"] == "closed" for payload in second.payloads),
                   what="the end of it")
        told = second.payloads
        assert [payload["state"] for payload in told] == ["open", "closed"]
        assert told[0]["incident"] == told[1]["incident"]
        daemon.stop()
    finally:
        server.sql(f"DROP DATABASE {server.dbname}_later WITH (FORCE)")
