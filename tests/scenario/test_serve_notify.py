"""What happens to the daemon and its targets leaves the house: one message when it begins, one
when it is over, whatever dies in between."""

import os
import signal

import pytest

from support.receivers import Receiver
from support.serve import Daemon
from support.servers import wait_until

pytestmark = pytest.mark.parametrize("version", [15])
BAD = {"nothing": 1}


def states(hook):
    return [(payload["name"], payload["state"]) for payload in hook.payloads]


def test_a_channel_that_has_it_does_not_get_it_again(server, runbook):
    failing, well = Receiver(*[503] * 100), Receiver()
    settings = {"vacuum_schedule": "off", "indexes_schedule": "off", "bloat_schedule": "off",
                "notify_webhook": f'"{failing.url}", "{well.url}"'}
    daemon = Daemon(runbook, {"shop": server}, **settings).start()
    [courier] = daemon.children("notify")
    daemon.configure({"shop": server, "shed": BAD}, **settings)
    daemon.reload()
    wait_until(lambda: failing.requests and well.requests, what="the message, at both doors")
    # A courier whose settings are the same stays; another one is told who has it.
    daemon.configure({"shop": server}, **settings)
    daemon.reload()
    wait_until(lambda: len(well.requests) == 2, what="the end of it")
    assert daemon.children("notify") == [courier]
    os.kill(courier, signal.SIGKILL)
    wait_until(lambda: daemon.children("notify") not in ([], [courier]), what="another courier")
    failing.answers.clear()
    wait_until(lambda: failing.payloads[-1]["state"] == "closed", what="all of it, late")
    daemon.stop()
    assert [payload["state"] for payload in well.payloads] == ["open", "closed"]
    failing.close()
    well.close()


def test_what_was_left_open_is_over_at_the_next_start(server, runbook):
    hook = Receiver()
    settings = {"vacuum_schedule": "off", "indexes_schedule": "off", "bloat_schedule": "off",
                "notify_webhook": hook.url}
    daemon = Daemon(runbook, {"shop": server}, **settings).start()
    daemon.configure({"shop": server, "shed": BAD}, **settings)
    daemon.reload()
    wait_until(lambda: states(hook) == [("configuration", "open")], what="the beginning")
    daemon.stop()
    daemon.configure({"shop": server}, **settings)
    daemon.start()
    wait_until(lambda: states(hook)[1:] == [("configuration", "closed")], what="the end")
    daemon.stop()
    hook.close()


def test_messages(server, runbook):
    hook = Receiver()
    settings = {"vacuum_schedule": "off", "indexes_schedule": "off", "bloat_schedule": "off",
                "notify_webhook": hook.url}
    daemon = Daemon(runbook, {"shop": server}, **settings).start()
    courier = daemon.children("notify")
    assert len(courier) == 1
    daemon.configure({"shop": server, "shed": BAD}, **settings)
    daemon.reload()
    wait_until(lambda: states(hook) == [("configuration", "open")], what="the first message")
    # Another courier knows what it has to know; a daemon that is started again repeats nothing.
    os.kill(courier[0], signal.SIGKILL)
    wait_until(lambda: daemon.children("notify") not in ([], courier), what="another courier")
    daemon.configure({"shop": server}, **settings)
    daemon.reload()
    wait_until(lambda: ("configuration", "closed") in states(hook), what="the second")
    # Killed before it could say that the first is delivered it may send that again, as it is.
    first, *again, second = hook.payloads
    assert (first["state"], second["state"]) == ("open", "closed")
    assert [payload["delivery"] for payload in again] in ([], [first["delivery"]])
    assert first["incident"] == second["incident"] and first["delivery"] != second["delivery"]
    told = len(hook.payloads)
    daemon.stop()
    daemon.start()
    daemon.configure({"shop": server}, **{**settings, "notify_webhook": ""})
    daemon.reload()
    wait_until(lambda: not daemon.children("notify"), what="the courier's retirement")
    daemon.hear("the configuration was read again")
    assert not daemon.children("notify"), "not renewed either"
    daemon.stop()
    hook.close()
    assert len(hook.payloads) == told
