"""Where nothing is to be seen without a token: the page asks for one before it asks for anything."""

import pytest
from selenium.webdriver.common.keys import Keys
from support.serve import QUIET, Daemon
from support.servers import wait_until
from web.browser import Browser

pytestmark = pytest.mark.parametrize("version", [15])
REFUSED = """return performance.getEntriesByType('resource')
    .filter((one) => one.responseStatus >= 400).map((one) => one.name)"""
STREAMS = """return performance.getEntriesByType('resource')
    .filter((one) => one.name.includes('/events')).length"""


@pytest.fixture
def shut(server, runbook):
    """A daemon that shows nothing without a token, .token, and a browser."""
    daemon = Daemon(runbook, {"shop": server}, http_view="token", **QUIET)
    said = runbook("token", "add", "vera", "--config", daemon.file).expect(0)
    daemon.token = said.out.split()[0]
    daemon.start()
    browser = Browser(f"http://127.0.0.1:{daemon.address}")
    yield daemon, browser
    browser.close()
    daemon.stop()


@pytest.mark.parametrize("page", ["overview", "shop/vacuum"])
def test_nothing_is_refused_before_signing_in(shut, page):
    daemon, browser = shut
    browser.open(page, settle=False)
    wait_until(lambda: browser.run("return !!document.querySelector('form.login')"),
               what="the page to ask for a token")
    assert "Not now" not in browser.text, "there is nothing to go back to"
    # It would have asked for the overview again by now, every two seconds.
    browser.driver.set_script_timeout(30)
    browser.driver.execute_async_script("setTimeout(arguments[0], 3000)")
    assert browser.run(REFUSED) == [] and browser.complaints == []
    browser.driver.find_element("id", "token").send_keys(daemon.token, Keys.ENTER)
    browser.settle(page)
    wait_until(lambda: "vera viewer" in browser.text and "Token" not in browser.text,
               what="the page, and who looks at it")
    wait_until(lambda: browser.run(STREAMS), what="a stream of what happens")
    assert browser.run(REFUSED) == [] and browser.complaints == []


def test_a_wrong_token_asks_again(shut):
    daemon, browser = shut
    browser.open("overview", settle=False)
    wait_until(lambda: browser.run("return !!document.querySelector('form.login')"))
    browser.driver.find_element("id", "token").send_keys("pgr_" + "x" * 43, Keys.ENTER)
    wait_until(lambda: "not known here" in browser.text, what="that it is wrong")
    browser.driver.find_element("id", "token").send_keys(daemon.token, Keys.ENTER)
    wait_until(lambda: "vera viewer" in browser.text, what="who looks at it")
    refused = browser.run(REFUSED)
    assert len(refused) == 1 and refused[0].endswith("/session"), "the wrong token, where it was tried"


def test_settings_that_shut_an_open_page(server, runbook):
    """It asks for a token, and stays quiet from then on."""
    daemon = Daemon(runbook, {"shop": server}, **QUIET).start()
    browser = Browser(f"http://127.0.0.1:{daemon.address}")
    try:
        browser.open("overview")
        assert not browser.complaints
        daemon.configure({"shop": server}, http_view="token", **QUIET)
        daemon.reload()
        wait_until(lambda: browser.run("return !!document.querySelector('form.login')"),
                   what="the page to ask for a token")
        wait_until(lambda: browser.run("""return import('/api.js').then((api) => api.isShut())"""),
                   what="that the page knows")
        browser.run("performance.clearResourceTimings(); location.hash = '#/schedule'")
        browser.driver.execute_async_script("setTimeout(arguments[0], 3000)")
        assert browser.run(REFUSED) == []
    finally:
        browser.close()
        daemon.stop()
