"""Every page, in both themes, on a desk and on a phone, of a database in trouble."""

import pytest

from selenium.webdriver.common.keys import Keys
from support.servers import wait_until
from web.browser import PHONE
from web.trouble import EVIL

SECTIONS = ("check", "vacuum", "indexes", "bloat", "connections", "queries", "backups",
            "migrations")
PAGES = ("overview", "schedule", "history", *(f"shop/{section}" for section in SECTIONS))
NAMES_IT = ("shop/vacuum", "shop/indexes", "shop/bloat", "shop/connections", "shop/queries")
WEIGHT = 150_000  # bytes, uncompressed, of all that Overview loads


@pytest.fixture(autouse=True)
def blocked(trouble):
    """The sessions of the trouble, for as long as a test lasts."""
    trouble.block()
    yield
    trouble.let_go()


def faults_of(browser, page):
    """All that is wrong with a page that is open."""
    found = [f"console: {line}" for line in browser.complaints]
    found += browser.violations()
    if browser.sideways > 0:
        found.append(f"it scrolls to the side by {browser.sideways} px")
    if browser.run("return [...document.scripts].some((one) => !one.src)"):
        found.append("a script that is not a file of ours")
    for word in "[object", "undefined", "NaN":
        if word in browser.text:
            found.append(f"it says {word!r}")
    if page == "shop/bloat":
        browser.show_all()
    if page in NAMES_IT and EVIL not in browser.text:
        found.append("the table with the evil name is not named as it is")
    return [f"{page}: {fault}" for fault in found]


def name_of(page, theme, size):
    return "-".join([page.split("/")[-1], theme, *(["phone"] if size == PHONE else [])]) + ".png"


def test_pages(browse, daemon, theme, size, picture):
    browser, faults = browse(theme, size), []
    if picture:  # of what is going on, not of a check from before
        wait_until(lambda: "critical" in [one["status"] for one in
                                          daemon.ask("/api/v1/overview")[1]["targets"]],
                   timeout=60, what="a check that saw who waits")
    browser.sign_in(daemon.token)
    for page in PAGES:
        browser.open(page)
        faults += faults_of(browser, page)
        if picture:
            browser.screenshot(picture / name_of(page, theme, size))
    assert not faults, "\n".join(faults)


def test_run_step_by_step(browse, trouble):
    run = max(row[0] for row in trouble.history("SELECT id FROM run WHERE verb = 'run' "
                                                "AND target = 'shop'"))
    browser = browse()
    browser.open(f"history/{run}")
    assert "stock" in browser.text
    assert not faults_of(browser, f"history/{run}")


def test_calm_target(browse):
    browser, faults = browse(), []
    for section in SECTIONS:
        browser.open(f"crm/{section}", settle=False)
        wait_until(lambda: browser.run("return !!document.querySelector('main h1') && !document"
                                       ".querySelector('main [aria-busy=true]')"), timeout=60)
        faults += faults_of(browser, f"crm/{section}")
        if section in ("backups", "migrations"):
            assert "Not set up" in browser.text, "it has no folder, which is no failure"
    assert not faults, "\n".join(faults)


def test_a_check_made_anew_stays(browse):
    """The daemon's own is older: it must not come back."""
    browser = browse()
    browser.open("shop/check")
    wait_until(lambda: "checked" in browser.text, what="a check of the daemon's own")
    before = checked_at(browser)
    browser.driver.find_element("xpath", "//button[.='Check now']").click()
    wait_until(lambda: checked_at(browser) > before, timeout=60, what="a newer check")
    fresh = checked_at(browser)
    for _ in range(3):  # it asks every two seconds
        overview_again(browser)
        assert checked_at(browser) >= fresh


def checked_at(browser):
    return browser.run("return document.querySelector('main .summary time').dateTime")


def overview_again(browser):
    """Waits until the page has asked the daemon's memory once more."""
    count = ("return performance.getEntriesByType('resource')"
             ".filter((one) => one.name.includes('overview')).length")
    before = browser.run(count)
    wait_until(lambda: browser.run(count) > before, what="the page to ask again")


HIDDEN = """return [...document.querySelectorAll('main .key, main .meter-fill')]
    .filter((one) => getComputedStyle(one).forcedColorAdjust !== 'none').length"""


def test_colours_of_the_system(browse):
    """What a colour alone tells keeps it where the system has colours of its own."""
    browser = browse()
    browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [
        {"name": "forced-colors", "value": "active"}]})
    for page in "shop/connections", "shop/bloat", "shop/backups":
        browser.open(page)
        wait_until(lambda: browser.run("return !!document.querySelector('main .key')"), what="a legend")
        assert browser.run("return matchMedia('(forced-colors: active)').matches")
        assert browser.run(HIDDEN) == 0, page


def test_lines_have_their_sql(browse, daemon):
    """A sentence, the command, and the SQL where one statement does it."""
    wait_until(lambda: "lock_convoy" in [line["name"] for line in daemon.ask("/api/v1/overview")[1]
                                         ["targets"][0]["verdicts"] if line["sql"]], timeout=60,
               what="a check that saw who waits")
    browser = browse()
    browser.open("overview")
    pasted = browser.run("""return [...document.querySelectorAll('main .check-line .code.sql code')]
        .map((one) => one.textContent)""")
    assert all(line.endswith(";") for line in pasted), "psql waits for it"
    for begin in ("VACUUM (ANALYZE) ", "ANALYZE ", "DROP INDEX CONCURRENTLY ", "ALTER TABLE ",
                  "SELECT pg_terminate_backend("):
        assert [line for line in pasted if line.startswith(begin)], pasted


def test_growth_that_is_not_known(browse):
    """Of a history that is younger than a week nobody says that it is steady."""
    browser = browse()
    browser.open("crm/bloat")
    assert "steady" not in browser.text
    assert "Growth a week\n–" in browser.text


def test_keyboard_alone(browse):
    """The link past the navigation is first, all that can be pressed is reached, and seen."""
    browser = browse()
    browser.open("shop/vacuum")
    browser.press(Keys.TAB)
    assert browser.focused == "Skip to the content"
    reached = []
    for _ in range(200):
        browser.press(Keys.TAB)
        if browser.run("return document.activeElement === document.body"):
            break
        reached.append(browser.run("""const e = document.activeElement, s = getComputedStyle(e);
            e.dataset.reached = '1';
            return s.outlineStyle !== 'none' || s.boxShadow !== 'none' ? '' : e.outerHTML"""))
    assert not [html for html in reached if html], "without a visible focus"
    left = browser.run("""return [...document.querySelectorAll('a[href], button, summary, input')]
        .filter((e) => e.checkVisibility() && !e.disabled && !e.dataset.reached
                       && !e.classList.contains('skip')).map((e) => e.outerHTML)""")
    assert not left


def test_keyboard_to_another_page(browse):
    browser = browse()
    browser.open("shop/vacuum")
    browser.tab_to("Connections")
    browser.press(Keys.ENTER)
    wait_until(lambda: "Who waits behind whom" in browser.text, what="the other page")


def test_slider_by_keyboard(browse):
    """Where a recovery lands is asked for wherever the slider comes to rest."""
    browser = browse()
    browser.open("shop/backups")
    wait_until(lambda: "Can be reached" in browser.text, timeout=60, what="the newest moment")
    browser.run("document.querySelector('input.slide').focus()")
    browser.press(Keys.HOME)
    wait_until(lambda: "The nearest that can be reached" in browser.text, timeout=60,
               what="why a moment before all backups cannot be reached")
    for _ in range(60):
        browser.press(Keys.PAGE_UP)
    wait_until(lambda: "Last commit that is there" in browser.text
               or "nearest that can be reached" in browser.text, timeout=60)


def test_weight(browse):
    browser = browse()
    browser.open("overview")
    entries = browser.run("""return [...performance.getEntriesByType('navigation'),
        ...performance.getEntriesByType('resource')].filter((e) => !e.name.includes('/api/'))
        .map((e) => [e.name, e.decodedBodySize])""")
    total = sum(size for _, size in entries)
    print(f"Overview loads {total:,} bytes in {len(entries)} files")
    assert 0 < total < WEIGHT, entries
