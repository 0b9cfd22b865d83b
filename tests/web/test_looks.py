"""What a look at a page must tell: nothing hidden, nothing rounded away, no dead end."""

from datetime import datetime

import pytest
from selenium.webdriver.common.keys import Keys
from support.serve import QUIET, Daemon
from support.servers import wait_until
from web.browser import Browser
from web.conftest import token_of

# Fifty targets at the same minute; one of them every half an hour as well; runs of the morning.
CALENDAR = """
    const done = arguments[arguments.length - 1];
    Promise.all([import('/calendar.js'), import('/format.js')]).then(([{ calendar }, { nowMs }]) => {
        const at = (days, hour, minute = 0) => {
            const date = new Date(nowMs());
            return new Date(date.getFullYear(), date.getMonth(), date.getDate() + days, hour, minute);
        };
        const targets = Array.from({ length: 50 }, (_, i) => `db${i}`);
        const entries = [
            ...targets.map((target) => ({ at: at(2, 2), target, what: 'vacuum run', window: 14400 })),
            ...Array.from({ length: 35 }, (_, i) => ({ at: at(3, 0, 30 * i), target: 'db0', what: 'backup drill' })),
            ...['create', 'expire', 'verify', 'drill', 'prune', 'wal'].map((verb, i) => ({ at: at(0, i),
                target: 'db1', what: `backup ${verb}`, run: i + 1, outcome: 'done' })),
            { at: at(0, 8), target: 'db2', what: 'vacuum run', outcome: 'missed', reason: 'nobody was there' },
            { at: at(0, 23, 59), target: 'db3', what: 'bloat report' }];
        const jobs = [{ target: 'db0', section: 'backup', verb: 'drill', schedule: '*/30 * * * *',
                        turns: Array.from({ length: 35 }, (_, i) => ({ at: at(3, 0, 30 * i).toISOString() })) }];
        const list = calendar(entries, jobs, 35);
        document.querySelector('main').replaceChildren(list);
        const [seen, made] = [list.innerText, list.textContent];
        const look = () => { // folds are made when they are opened, and may have folds
            const all = [...list.querySelectorAll('details')];
            all.forEach((one) => { one.open = true; });
            if (all.every((one) => one.childElementCount > 1))
                done([seen, list.innerText, list.querySelector('.today').innerText, made]);
            else setTimeout(look, 20);
        };
        look();
    }, (error) => done([String(error), '', '', '']));"""


def test_calendar_hides_nothing(browse):
    browser = browse()
    browser.open("overview")
    seen, opened, today, made = browser.driver.execute_async_script(CALENDAR)
    assert "vacuum run, 50 targets" in seen and "db49" not in made, "made when it is opened"
    assert "1 frequent job goes on" in seen and "*/30 * * * *" in opened
    assert all(f"db{i} vacuum run" in opened for i in range(50))
    assert "within 4 h" in opened
    assert "23:59 db3 bloat report" in seen, "what is still to come today"
    assert "missed nobody was there" in " ".join(today.split())
    assert all(f"db1 backup {verb}" in today for verb in ("create", "expire", "verify", "wal"))


def spoken(browser):
    return browser.run("return document.querySelector('input.slide').getAttribute('aria-valuetext')")


def moment(browser):
    return datetime.fromisoformat(spoken(browser))


def test_moment_to_the_second(browse):
    """By arrow keys, and as it is typed; the nearest that can be reached is one press away."""
    browser = browse()
    browser.open("shop/backups")
    wait_until(lambda: "Can be reached" in browser.text, timeout=60, what="the newest moment")
    newest = moment(browser)
    browser.run("document.querySelector('input.slide').focus()")
    browser.press(Keys.ARROW_LEFT)  # the band may be no longer
    assert (newest - moment(browser)).total_seconds() == 1
    browser.run("""const field = document.querySelector('.moment-bar input');
        field.value = '2020-02-29T14:03:12'; field.dispatchEvent(new Event('input'))""")
    assert spoken(browser) == "2020-02-29 14:03:12"
    wait_until(lambda: "The nearest that can be reached" in browser.text, timeout=60)
    browser.driver.find_element("xpath", "//*[@class='landing']//button").click()
    wait_until(lambda: "nearest" not in browser.text, timeout=60, what="the nearest moment")
    assert moment(browser) > datetime.fromisoformat("2020-03-01")


def test_drill_shows_its_checks(browse, trouble):
    (run,) = trouble.history("SELECT max(id) FROM run WHERE verb = 'drill'")[0]
    browser = browse()
    browser.open("history")
    assert "is proven, recovered in" in browser.text
    browser.open(f"history/{run}")
    assert "checks OK" in browser.text and "template1" in browser.text


@pytest.mark.parametrize("address, word", [
    ("nosuch/check", 'There is no target "nosuch"'), ("history/abc", "No such page")])
def test_nothing_there(browse, address, word):
    browser = browse()
    browser.open(address)
    assert word in browser.text


@pytest.mark.parametrize("seen", [True, False], ids=["seen", "opened later"])
def test_token_that_was_removed(browse, daemon, trouble, seen):
    """Its name is not said any more, and where looking is open nobody is kept out. The page that is
    seen says so by itself; one that is opened later finds a token that nobody knows."""
    browser = browse()
    browser.sign_in(token_of(trouble, daemon, "zoe", "viewer"))
    browser.open("schedule")
    wait_until(lambda: "zoe viewer" in browser.text, what="whose token it is")
    if not seen:
        browser.driver.get("about:blank")
    trouble.runbook("token", "remove", "zoe", "--config", daemon.file).expect(0)
    if not seen:
        browser.open("schedule", settle=False)
    wait_until(lambda: "not valid any more" in browser.text, what="that the token is refused")
    assert "zoe" not in browser.text
    browser.driver.find_element("xpath", "//button[.='Not now']").click()
    wait_until(lambda: "What ran, and what will" in browser.text, what="the page without a token")


def offline(browser, is_so):
    browser.driver.execute_cdp_cmd("Network.emulateNetworkConditions", {
        "offline": is_so, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1})


def test_page_comes_when_the_daemon_is_back(browse):
    """Nobody has to press anything, though the page itself could not be fetched."""
    browser = browse()
    browser.open("overview")
    browser.driver.execute_cdp_cmd("Network.enable", {})
    offline(browser, True)
    browser.run("location.hash = '#/schedule'")
    wait_until(lambda: "This page comes as soon as it does" in browser.text,
               what="that the daemon is away")
    wait_until(lambda: "trying again" in browser.text, what="that it is asked again")
    offline(browser, False)
    wait_until(lambda: "What ran, and what will" in browser.text, timeout=60, what="the page")


def test_what_is_wrong_with_the_daemon_is_on_every_page(browse, daemon):
    """A file that is refused when the settings are read again: all goes on, but somebody must know."""
    good = daemon.file.read_text(encoding="utf-8")
    browser = browse()
    browser.open("crm/vacuum")
    assert "The daemon:" not in browser.text
    daemon.file.write_text(good + "[target shed]\nnothing = 1\n", encoding="utf-8")
    try:
        daemon.reload()
        wait_until(lambda: "The daemon:" in browser.text and "nothing" in browser.text,
                   what="the daemon's trouble on the page")
        assert not browser.violations()
    finally:
        daemon.file.write_text(good, encoding="utf-8")
        daemon.reload()
    wait_until(lambda: "The daemon:" not in browser.text, what="the end of it")


def test_of_many_targets_the_lines_that_are_ok_are_asked_for(trouble):
    """With three the overview has only their number; whoever opens the fold, or the target, sees them."""
    targets = {name: dict(settings) for name, settings in trouble.settings.items()}
    targets["erp"] = dict(targets["crm"])
    daemon = Daemon(trouble.runbook, targets, name="many", http_gather="10s", **QUIET).start()
    browser = Browser(f"http://127.0.0.1:{daemon.address}")
    try:
        wait_until(lambda: all(target["verdicts"] for target in
                               daemon.ask("/api/v1/overview")[1]["targets"]), what="checks")
        browser.open("overview")
        fold = "[...document.querySelectorAll('.panel.target summary')].find((one) => " \
               "one.textContent.includes('OK'))"
        wait_until(lambda: browser.run(f"return !!{fold}"), what="the fold of the shop")
        assert "Transaction age" not in browser.text
        browser.run(f"{fold}.click()")
        wait_until(lambda: "Transaction age" in browser.text, what="the lines that are ok")
        browser.open("erp/check")
        wait_until(lambda: "Transaction age" in browser.text, what="those of a calm target")
        assert not browser.complaints
    finally:
        browser.close()
        daemon.stop()
