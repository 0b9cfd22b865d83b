"""Pages that change while somebody is in their midst, and what an act says before it is done."""

import re

import pytest

from selenium.webdriver.common.keys import Keys
from support import connections
from support.servers import wait_until

# Keeps hold of an element and selects its text: both are gone when it is made anew.
GRASP = """const [selector] = arguments, e = document.querySelector(selector);
    window.grasped = e;
    getSelection().selectAllChildren(e);"""
GRASPED = "return [getSelection().toString(), window.grasped.isConnected]"
AGE = "return document.querySelector('main time.age').dateTime"


@pytest.fixture(autouse=True)
def blocked(trouble):
    trouble.block()
    yield
    trouble.let_go()


@pytest.fixture
def operator(browse, daemon):
    browser = browse()
    browser.sign_in(daemon.token)
    return browser


def look_at(browser, trouble, page):
    """Until the page shows the sessions of now: its first look may be from before they came."""
    browser.open(f"shop/{page}")
    pids = "|".join(map(str, connections.pids(trouble.held)))
    wait_until(lambda: re.search(rf"pid ({pids})\b", browser.text), what="the sessions of now")


def renewed(browser, times=2):
    """Waits until the page has shown so many looks of the watch."""
    for _ in range(times):
        before = browser.run(AGE)
        wait_until(lambda: browser.run(AGE) != before, what="a newer look")


def press(browser, label, within="main"):
    """What is offered, or will be soon: a query is not long at once."""
    wait_until(lambda: browser.run(f"""const found = [...document.querySelectorAll('{within} button')]
        .find((one) => one.textContent === arguments[0]);
        found?.click();
        return !!found;""", label), what=label)


@pytest.mark.parametrize("page, selector", [("connections", ".node-root strong"),
                                            ("queries", ".finding code.query, .finding .muted")])
def test_a_selection_lasts(browse, trouble, page, selector):
    browser = browse()
    look_at(browser, trouble, page)
    wait_until(lambda: browser.run("return !!document.querySelector(arguments[0])", selector))
    browser.run(GRASP, selector)
    (text, _) = browser.run(GRASPED)
    assert text
    renewed(browser)
    assert browser.run(GRASPED) == [text, True]


def test_why_not_lasts(browse, trouble):
    """The reason why a button does nothing stays to be read."""
    browser = browse()
    look_at(browser, trouble, "connections")
    press(browser, "Terminate", ".node-root")
    assert "to act" in browser.text or "act." in browser.text
    shown = "return [...document.querySelectorAll('.node-root .why')].some((one) => !one.hidden)"
    assert browser.run(shown)
    renewed(browser)
    assert browser.run(shown)


@pytest.mark.parametrize("page", ["connections", "queries"])
def test_what_is_typed_instead(browse, trouble, page):
    """Whoever may not act from here, as nobody may at first, has the command and the SQL."""
    browser = browse()
    look_at(browser, trouble, page)
    press(browser, "Terminate", "main")
    wait_until(lambda: "act" in browser.text)
    pasted = browser.run("""return [...document.querySelectorAll('main .why:not([hidden]) .code')]
        .map((one) => [one.className, one.querySelector('code').textContent])""")
    (command,), (statement,) = ([text for kind, text in pasted if word in kind.split()]
                                for word in ("shell", "sql"))
    pid = int(re.fullmatch(r"SELECT pg_terminate_backend\((\d+)\);", statement)[1])
    assert command.startswith(f"pgrunbook queries terminate {pid} --target shop "), command
    assert trouble.shop.value("SELECT count(*) FROM pg_stat_activity WHERE pid = %s", [pid]) == 1
    browser.open("shop/vacuum")
    press(browser, "Vacuum now", "main")
    wait_until(lambda: "pgrunbook vacuum run --target shop" in browser.text, what="the command")
    assert not browser.complaints and not browser.violations()


def test_progress(browse):
    browser = browse()
    browser.open("shop/queries")
    wait_until(lambda: browser.run("return document.querySelectorAll('main progress').length"),
               timeout=60, what="a vacuum with its progress")
    bar = "const e = document.querySelector('main progress'); return [e.position, e.max]"
    position, most = browser.run(bar)
    assert 0 <= position <= 1 and most == 100
    assert "START_REPLICATION" not in browser.run(
        "return document.querySelector('main .findings').innerText"), "it is nobody's query"


def test_who_is_idle_gets_no_cancel(operator, trouble):
    look_at(operator, trouble, "connections")
    labels = operator.run("""return [...document.querySelectorAll('.node-root button')]
        .map((one) => one.textContent)""")
    assert "Terminate" in labels and "Cancel" not in labels


@pytest.mark.parametrize("page, key", [("connections", "open"), ("queries", "entry")])
def test_what_would_be_refused_is_not_offered(operator, trouble, page, key):
    """The reason stands in the place of the buttons: that of the plan, in the same words."""
    with trouble.shop.connect() as session:
        session.autocommit = False
        session.execute("SELECT 1")
        entry = f"[data-key='{key}-{session.info.backend_pid}']"
        look_at(operator, trouble, page)
        wait_until(lambda: operator.run("return !!document.querySelector(arguments[0])", entry),
                   timeout=60, what="the superuser's session")
        text, buttons = operator.run("""const e = document.querySelector(arguments[0]);
            return [e.innerText, e.querySelectorAll('button').length];""", entry)
        assert "eft alone: its role is a superuser" in text and buttons == 0
        others = operator.run("""return [...document.querySelectorAll('main .actions button')]
            .map((one) => one.textContent)""")
        assert "Terminate" in others


def test_the_plan_says_what_and_why(operator, trouble):
    """Of a session its query and the reason; of a vacuum the tables, and whom it leaves alone."""
    look_at(operator, trouble, "connections")
    press(operator, "Terminate", ".node-root")
    heads = plan_of(operator)
    assert {"Pid", "Step", "Reason", "Query"} <= set(heads), heads
    operator.press(Keys.ESCAPE)
    operator.open("shop/vacuum")
    press(operator, "Vacuum now")
    heads = plan_of(operator)
    assert {"Table", "Action", "Reason"} <= set(heads) and "Remedy" not in heads, heads
    text = operator.run("return document.querySelector('dialog').innerText")
    assert "nothing is done to it" in text and "T00:" not in text


def plan_of(browser):
    """The heads of what is in sight."""
    wait_until(lambda: "Nothing has been done yet" in browser.text, timeout=60, what="the plan")
    return browser.run("""return [...document.querySelectorAll('dialog thead th')]
        .filter((one) => one.checkVisibility()).map((one) => one.innerText.trim())""")


def test_signing_in_can_wait(browse):
    browser = browse()
    browser.open("overview")
    for way_out in "Not now", "Overview":
        press(browser, "Sign in", "#tools")
        wait_until(lambda: "A token" not in browser.text and "Token" in browser.text)
        browser.run("""[...document.querySelectorAll('main button, #main-nav a')]
            .find((one) => one.textContent === arguments[0]).click()""", way_out)
        wait_until(lambda: "Lately" in browser.text, what=f"the page again by {way_out}")


def test_arrows_do_not_leave_the_page(browse):
    browser = browse()
    browser.open("shop/vacuum")
    browser.run("document.querySelector('#target-nav select').focus()")
    browser.press(Keys.ARROW_DOWN)
    assert browser.run("return [location.hash, document.activeElement.tagName]") == \
        ["#/shop/vacuum", "SELECT"]
    browser.press(Keys.ENTER)
    wait_until(lambda: browser.run("return location.hash") == "#/crm/vacuum", what="the other one")


def test_a_gap_is_told_with_its_consequence(browse):
    browser = browse()
    browser.open("shop/backups")
    assert "Gaps in the WAL" in browser.text and "Nothing between" in browser.text
    assert browser.run("return document.querySelectorAll('.time-line .span.critical').length") == 1


def test_minutes_that_nobody_saw(browse):
    """They are holes of a chart; and ages are by the daemon's clock."""
    browser = browse()
    browser.open("overview")
    points, bands, age = browser.driver.execute_async_script("""
        const done = arguments[arguments.length - 1], at = (m) => new Date(m * 60000).toISOString();
        Promise.all([import('/minutes.js'), import('/format.js')]).then(([minutes, format]) => {
          const rows = [[0, 60, 5], [1, 0, 0], [2, 60, 6], [9, 60, 7]]
            .map(([m, samples, used_max]) => ({ at: at(m), samples, used_max }));
          format.setClock(new Date(Date.now() + 600000).toISOString());
          done([minutes.pointsOf(rows, 'used_max').map((point) => point[1]),
                minutes.unwatched(rows).map((band) => (band.to - band.from) / 60000),
                format.ago(new Date(Date.now() + 595000))]);
        });""")
    assert points == [5, None, 6, None, 7] and bands == [2, 7]
    assert age in ("4 s ago", "5 s ago", "6 s ago", "now")
