"""Stopping what is at work: from the act's own dialog, and from whatever page shows it."""

import re

import pytest

from selenium.webdriver.common.keys import Keys
from support.operators import Operator
from support.servers import wait_until

RUN = "vacuum/run?target=crm"


@pytest.fixture
def hindered(trouble):
    """A table whose vacuum waits for as long as somebody has it locked."""
    crm = trouble.calm
    crm.sql("CREATE TABLE visitors (id int) WITH (autovacuum_enabled = off)")
    crm.sql("INSERT INTO visitors SELECT generate_series(1, 5000); "
            "DELETE FROM visitors WHERE id % 2 = 0")
    crm.settle_stats()
    with crm.connect() as holder:
        holder.autocommit = False
        holder.execute("LOCK TABLE visitors IN ACCESS EXCLUSIVE MODE")
        yield
        holder.rollback()
    crm.sql("DROP TABLE visitors")


@pytest.fixture
def operator(daemon, request):
    """A token of its own for each story: names are given once."""
    return Operator(daemon, "otto-" + re.sub(r"\W+", "-", request.node.name).strip("-"))


@pytest.fixture
def act(hindered, operator):
    act = operator.act(RUN, operator.plan(RUN, options={"table": ["visitors"]}), "a test")
    wait_until(lambda: operator.ask("running")[1]["running"][0]["run"], what="its run")
    yield act
    operator.ask(f"acts/{act['act']}/stop", {})
    operator.done(act)


def sees(browser, *words):
    wait_until(lambda: all(word in browser.text for word in words), timeout=60,
               what=f"{words} on the page: {browser.text[-600:]}")


def press(browser, label, within="main"):
    browser.driver.find_element(
        "xpath", f"//{within}//button[normalize-space()='{label}']").click()


def test_from_its_own_dialog(browse, daemon, hindered, picture, theme, size):
    """By keyboard alone once it has begun: what it means is said first, and going on is offered."""
    browser = browse(theme, size)
    browser.sign_in(daemon.token)
    browser.open("crm/vacuum")
    press(browser, "Vacuum now")
    sees(browser, "Nothing has been done yet", "visitors")
    browser.press("it is calm now", Keys.ENTER)
    sees(browser, "At work for")
    assert not browser.violations()
    browser.tab_to("Stop")
    browser.press(Keys.ENTER)
    sees(browser, "Tables that are done stay done")
    assert not browser.violations()
    if picture:
        browser.screenshot(picture / f"stop-asked-{theme}-{size[0]}.png")
    browser.tab_to("Let it go on")
    browser.press(Keys.ENTER)
    wait_until(lambda: browser.focused == "Stop", what="the button again, with the focus")
    browser.press(Keys.ENTER)
    wait_until(lambda: "Tables that are done stay done" in browser.text, what="the question")
    wait_until(lambda: browser.run("return document.activeElement.tagName") == "INPUT")
    browser.press("they have come back", Keys.ENTER)
    sees(browser, "Stopped", "Stopped by anna: they have come back", "in the history")
    assert browser.focused == "Close"
    assert not browser.violations() and not browser.complaints
    if picture:
        browser.screenshot(picture / f"stop-done-{theme}-{size[0]}.png")


@pytest.mark.parametrize("page", ["history", "schedule", "run"])
def test_from_the_pages(browse, daemon, operator, act, page, picture):
    browser = browse("dark" if page == "run" else "light")
    browser.sign_in(daemon.token)
    run = operator.ask("running")[1]["running"][0]["run"]
    browser.open(f"history/{run}" if page == "run" else page)
    sees(browser, "Stop", *(["At work now", "vacuum run"] if page != "run" else ["running"]))
    name = browser.run("return document.querySelector('main [data-key^=stop-] button').ariaLabel")
    assert name == "Stop vacuum run of crm"
    assert not browser.violations() and browser.sideways <= 0
    if picture:
        browser.screenshot(picture / f"stop-{page}.png")
    press(browser, "Stop")
    sees(browser, "Stop vacuum run?", "Tables that are done stay done")
    assert not browser.violations()
    press(browser, "Let it go on", "dialog")
    assert browser.focused == "Stop vacuum run of crm"
    assert operator.ask(f"acts/{act['act']}")[1]["state"] == "running"
    press(browser, "Stop")
    press(browser, "Stop it", "dialog")
    assert operator.done(act)["exit_code"] == 130
    if page == "run":
        sees(browser, "interrupted", "Stopped by", "anna")
    else:
        wait_until(lambda: "At work now" not in browser.text, what="nothing at work any more")
    assert not browser.run("return !!document.querySelector('main [data-key^=stop-]')")
    assert not browser.complaints


def test_a_viewer_is_told_why_not(browse, daemon, trouble, act):
    from web.conftest import token_of
    browser = browse()
    browser.sign_in(token_of(trouble, daemon, "kurt", "viewer"))
    browser.open("history")
    sees(browser, "At work now")
    press(browser, "Stop")
    sees(browser, "Only an operator may act")
    assert not browser.run("return !!document.querySelector('dialog')")
    assert act["act"]
