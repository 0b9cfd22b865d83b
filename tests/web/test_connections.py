"""What a page costs the daemon in connections."""

import pytest
from support.serve import QUIET, Daemon
from support.servers import wait_until
from web.browser import Browser

pytestmark = pytest.mark.parametrize("version", [15])
AT_ONCE = 6  # of one browser to one server
ASKED = """return [...performance.getEntriesByType('navigation'),
    ...performance.getEntriesByType('resource')]
    .map((one) => [new URL(one.name).pathname, one.connectEnd > one.connectStart])"""


def test_a_page_uses_its_connections_again(server, runbook):
    daemon = Daemon(runbook, {"shop": server}, **QUIET).start()
    browser = Browser(f"http://127.0.0.1:{daemon.address}")
    try:
        browser.open("overview")
        wait_until(lambda: sum(path.endswith("/overview") for path, _ in browser.run(ASKED)) >= 4,
                   what="the page to have asked again, every two seconds")
        asked = browser.run(ASKED)
        # The document's own the browser mostly makes before it asks, and then tells nothing of it.
        new = [path for path, connects in asked if connects and path != "/"]
        assert len(asked) > 2 * AT_ONCE and len(new) <= AT_ONCE, new
        assert browser.complaints == []
    finally:
        browser.close()
        daemon.stop()
