"""Several windows of one browser, which opens six connections to one server for all of them."""

from contextlib import closing

import pytest
from selenium.webdriver.common.keys import Keys

from support.serve import QUIET, Daemon
from support.servers import wait_until
from web.browser import Browser
from web.conftest import token_of

PAGES = ["shop/connections", "shop/queries", "crm/connections", "crm/queries", "overview",
         "shop/check", "shop/connections"]
LIVE = [number for number, page in enumerate(PAGES) if page.endswith(("connections", "queries"))]
AGE = "return document.querySelector('main time.age')?.dateTime"
ASKED = """return performance.getEntriesByType('resource')
    .filter((one) => one.name.includes('/report?')).length"""
# The addresses of the streams that were opened.
NOTE = """window.asked = [];
    const real = window.fetch;
    window.fetch = (where, more) => {
        if (String(where).includes('/events')) window.asked.push(String(where));
        return real(where, more);
    };"""
# As the stream does it where nothing answers any more.
HANG = """const real = window.fetch;
    AbortSignal.timeout = () => { const c = new AbortController();
        setTimeout(() => c.abort(new DOMException('late', 'TimeoutError')), 50); return c.signal; };
    window.fetch = (where, { signal }) => String(where).includes('/events') ? real(where, { signal })
        : new Promise((_, no) => signal?.addEventListener('abort', () => no(signal.reason)));
    location.hash = '#/history';"""


@pytest.fixture
def apart(trouble):
    """A daemon of its own, with a target that may go, and a browser."""
    shop = {"shop": {"conninfo": trouble.shop.conninfo()}}
    made = Daemon(trouble.runbook, {**shop, "crm": {"conninfo": trouble.calm.conninfo()}},
                  name="windows", **QUIET)
    made.shop = shop
    made.token = token_of(trouble, made, "vera", "viewer")
    made.start()
    browser = Browser(f"http://127.0.0.1:{made.address}")
    yield made, browser
    browser.close()
    made.stop()
    trouble.runbook("token", "remove", "vera", "--config", made.file).expect(0)


def streams(daemon):
    with closing(daemon.connect()) as link:
        link.request("GET", "/metrics")
        text = link.getresponse().read().decode()
    return int(text.split("\npgrunbook_serve_http_streams ")[1].split()[0])


def follow(browser, window, times=2):
    """Waits until the window has shown so many looks of the watch."""
    browser.driver.switch_to.window(window)
    for _ in range(times):
        before = browser.run(AGE)
        wait_until(lambda: browser.run(AGE) not in (before, None), what="a newer look")


def test_many_windows(apart):
    daemon, browser = apart
    windows = []
    for number, page in enumerate(PAGES):
        if number > 0:
            browser.driver.switch_to.new_window("window")
        windows.append(browser.driver.current_window_handle)
        browser.open(page)
        assert not browser.run("return document.hidden"), "it is to be seen"
    wait_until(lambda: streams(daemon) == 1, what="one stream for all")
    for number in LIVE:
        follow(browser, windows[number])
        assert browser.run(ASKED) <= 2, "it is told, and does not ask"
    # Whoever has the stream goes.
    browser.driver.switch_to.window(windows[0])
    browser.driver.close()
    for number in LIVE[1:]:
        follow(browser, windows[number])
    assert streams(daemon) == 1
    browser.settle()
    assert browser.complaints == []


def test_the_overview_hears_of_all(apart):
    """Also where the stream is shared with a window that shows one target."""
    daemon, browser = apart
    browser.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": NOTE})
    browser.open("overview")
    wait_until(lambda: browser.run("return window.asked") == ["/api/v1/events"], what="its stream")
    first = browser.driver.current_window_handle
    browser.driver.switch_to.new_window("window")
    browser.open("shop/connections")
    follow(browser, browser.driver.current_window_handle)
    browser.driver.switch_to.window(first)
    assert browser.run("return window.asked.at(-1)") == (
        "/api/v1/events?target=%2Cshop&live=connections")
    assert streams(daemon) == 1


def test_another_token_has_another_stream(apart):
    daemon, browser = apart
    browser.open("shop/connections")
    first = browser.driver.current_window_handle
    browser.driver.switch_to.new_window("window")
    browser.sign_in(daemon.token)
    browser.open("shop/connections")
    wait_until(lambda: streams(daemon) == 2, what="a stream of each")
    browser.driver.switch_to.window(first)
    browser.sign_in(daemon.token)
    browser.open("shop/queries")
    wait_until(lambda: streams(daemon) == 1, what="one stream of both")
    follow(browser, first)


def test_without_locks(apart):
    """Each window has a stream of its own then."""
    daemon, browser = apart
    browser.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {
        "source": "Object.defineProperty(navigator, 'locks', { value: undefined })"})
    browser.open("shop/connections")
    assert browser.run("return navigator.locks === undefined")
    follow(browser, browser.driver.current_window_handle)
    assert streams(daemon) == 1 and browser.run(ASKED) <= 2


def test_where_nothing_is_kept(apart):
    """Site data is blocked: no storage, no lock. The page works, and the token is this page's."""
    daemon, _ = apart
    daemon.stop()
    daemon.configure(daemon.shop, http_actions="on", **QUIET)
    daemon.start()
    browser = Browser(f"http://127.0.0.1:{daemon.address}", keeps=False)
    try:
        browser.open("shop/connections")
        follow(browser, browser.driver.current_window_handle)
        assert streams(daemon) == 1 and browser.run(ASKED) <= 2
        browser.run("""[...document.querySelectorAll('#tools button')]
            .find((one) => one.textContent === 'Sign in').click()""")
        wait_until(lambda: browser.run("return !!document.querySelector('main input')"), what="the login")
        browser.run("document.querySelector('main input').focus()")
        browser.press(daemon.token, Keys.ENTER)
        wait_until(lambda: "vera" in browser.text, what=f"who is there: {browser.text}")
        follow(browser, browser.driver.current_window_handle)
        assert browser.complaints == []
    finally:
        browser.close()


def test_who_does_not_answer_is_not_waited_for(apart):
    _, browser = apart
    browser.open("overview")
    browser.run(HANG)
    wait_until(lambda: "has not answered for" in browser.text or
               "The daemon does not answer" in browser.text, what=browser.text)


@pytest.mark.parametrize("page", ["shop/connections", "crm/queries", "crm/check", "crm/vacuum"])
def test_a_target_that_goes(apart, page):
    """What was said of it last is not said on."""
    daemon, browser = apart
    browser.open(page)
    both = {**daemon.shop, "crm": {"conninfo": "host=127.0.0.1 port=1"}}
    gone = page.partition("/")[0]
    daemon.configure({name: more for name, more in both.items() if name != gone}, **QUIET)
    daemon.reload()
    wait_until(lambda: "no target" in browser.text or "no such target" in browser.text,
               what=f"that it is gone: {browser.text}")
    assert not browser.run("return !!document.querySelector('main .live, main .summary')")


@pytest.mark.parametrize("address", ["shop/constructor", "shop/__proto__", "toString",
                                     "constructor"])
def test_no_such_page(browse, address):
    browser = browse()
    browser.open(address)
    assert "No such page" in browser.text and browser.complaints == []
