"""What strangers named, what cannot be asked, what is too much for one page: none of it misleads."""

import json
import sqlite3
import subprocess
import time
from contextlib import closing

import pytest

from support import connections
from support.program import Runbook
from support.repository import begun
from support.serve import QUIET, Daemon
from support.servers import Server, start_cluster, wait_until
from web.browser import Browser
from web.conftest import token_of
from web.test_commands import SHIM

TURNING = "j\u202eevil\u202d rtl"  # turns round what stands behind it
DRIVING = "line\nbreak \x1b[31m"
SEEN = ("j\\u202eevil\\u202d rtl", "line\\nbreak \\x1b[31m")
MANY = 40
RAW = "return /[\\u202a-\\u202e\\u001b]/.test(document.documentElement.textContent)"


class House:
    """A server, its standby, and a daemon that has both of them as targets, the first twice."""

    def __init__(self, home):
        self.cluster = start_cluster(16, {"wal_level": "replica", "max_wal_senders": 4})
        self.standby = self.cluster.standby()
        self.server = Server(self.cluster)
        self.server.sql("CREATE DATABASE shop")
        self.shop = Server(self.cluster, "shop")
        self.runbook = Runbook(home)
        names = "".join(f"CREATE INDEX twin_{i} ON orders (id);" for i in range(MANY))
        self.shop.sql(f"""
            CREATE TABLE orders (id int, note text);
            INSERT INTO orders SELECT i, 'x' FROM generate_series(1, 2000) AS i; {names}
            CREATE INDEX first_note ON orders (note);
            CREATE INDEX "{TURNING}" ON orders (note); CREATE INDEX "{DRIVING}" ON orders (note);
            ANALYZE orders; UPDATE orders SET note = 'y'; CREATE ROLE other LOGIN""")
        self.shop.settle_stats()
        place = self.shop.conninfo()
        targets = {"app": {"conninfo": place, "queries.longer_than": "1s"}, "twin": {"conninfo": f"{place} user=other"},
                   "standby": {"conninfo": Server(self.standby, "shop").conninfo()},
                   "gone": {"conninfo": "host=127.0.0.1 port=1"}}
        quiet = {**QUIET, "vacuum_schedule": "0 2 * * *"}
        self.daemon = Daemon(self.runbook, targets, name="strange", http_actions="on",
                             http_gather="1h", **quiet)
        self.token = token_of(self, self.daemon, "anna", "operator")
        self.daemon.start(ready=False)

    def states(self):
        return {one["name"]: one for one in self.daemon.ask("/api/v1/overview")[1]["targets"]}

    def close(self):
        self.daemon.stop()
        self.runbook.close()
        self.standby.remove()
        self.cluster.remove()


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    made = House(tmp_path_factory.mktemp("house"))
    try:
        wait_until(lambda: made.states()["standby"]["in_recovery"]
                   and made.states()["gone"]["state"] == "down"
                   and [made.states()[name]["acts"] for name in ("app", "twin")].count(True) == 1
                   and made.states()["twin"]["state"] == "up", timeout=60, what="all targets")
        yield made
    finally:
        made.close()


@pytest.fixture
def browser(house):
    browser = Browser(f"http://127.0.0.1:{house.daemon.address}")
    browser.sign_in(house.token)
    yield browser
    browser.close()


def copied(browser, kind):
    """What each button to copy would copy."""
    return browser.run(f"""return [...document.querySelectorAll('main .code.{kind}')]
        .filter((one) => one.querySelector('.copy'))
        .map((one) => one.querySelector('code').textContent)""")


def test_names_are_seen_and_what_is_copied_works(house, browser, tmp_path):
    browser.open("app/indexes")
    cards = "return document.querySelectorAll('main .finding').length"
    assert browser.run(cards) <= 35, "some thousands at once keep the browser busy"
    browser.show_all()
    assert browser.run(cards) >= MANY
    for name in SEEN:
        assert name in browser.text
    assert not browser.run(RAW) and not browser.complaints
    drops = [line for line in copied(browser, "sql") if line.startswith("DROP") and "evil" in line]
    assert drops and all('U&"j\\202eevil' in line for line in drops)
    house.shop.sql(drops[0].replace(" CONCURRENTLY", ""))
    words = [subprocess.run(["bash", "-c", SHIM + line], cwd=tmp_path, capture_output=True, text=True,
                            timeout=20, check=True, env={"LC_ALL": "C.UTF-8"}).stdout.split("\0")
             for line in copied(browser, "shell")]
    assert any(DRIVING in word for line in words for word in line)


def test_a_query_turns_nothing_round(house, browser):
    statement = f"SELECT pg_sleep(900), 'שלום', '{TURNING}'"
    with closing(connections.at_work(house.shop, statement=statement, user="other")[0]):
        browser.open("app/queries")
        wait_until(lambda: SEEN[0] in browser.text, timeout=30, what="the query")
        assert browser.run("return !!document.querySelector('main bdi')")
        browser.driver.find_element("xpath", "//button[.='Terminate']").click()
        wait_until(lambda: "This is what would be done" in browser.text, timeout=60, what="a plan")
        assert SEEN[0] in browser.run("return document.querySelector('dialog').innerText")
        assert not browser.run(RAW)


def test_whose_jobs_have_no_turn(house, browser):
    states = house.states()
    idle, does = sorted(("app", "twin"), key=lambda name: states[name]["acts"])
    for page in "schedule", "overview":
        browser.open(page)
        assert f"its jobs are done by target {does}, which is the same database" in browser.text
        assert "standby: it is a standby" in browser.text and "another daemon" not in browser.text
    browser.open("schedule")
    for name, turns in ((idle, False), ("standby", False), (does, True)):
        row = browser.run("""return [...document.querySelectorAll('main tbody tr')]
            .find((one) => one.innerText.startsWith(arguments[0])).innerText""", name)
        assert ("none here" in row) != turns, row
    made = """const folds = [...document.querySelectorAll('.calendar details')];
        folds.forEach((one) => { one.open = true; });
        return folds.every((one) => one.childElementCount > 1)"""
    wait_until(lambda: browser.run(made), what="the folds of the calendar")
    calendar = browser.run("return document.querySelector('.calendar').innerText")
    assert f"{does} vacuum run" in calendar and f"{idle} vacuum run" not in calendar


def test_what_is_left_undone_is_no_good_news(house, browser):
    """The role of this target may not vacuum what needs it."""
    states = house.states()
    assert states["twin"]["state"] == "up"
    browser.open("twin/vacuum")
    assert "the role of this target lacks the right" in browser.text
    assert "Without the right" in browser.text and "No table of yours" not in browser.text
    browser.open("app/vacuum")
    assert "lacks the right" not in browser.text


def test_what_is_known_to_be_refused_is_not_asked_for(house, browser):
    browser.open("standby/vacuum")
    assert "standby is a standby: " in browser.text
    for section in "vacuum", "indexes", "bloat", "connections", "queries":
        browser.open(f"gone/{section}")
        assert "gone is down: " in browser.text
    browser.open("standby/vacuum")
    Server(house.standby).sql("SELECT pg_promote()")
    wait_until(lambda: "Next run" in browser.text, timeout=60, what="the page of a primary by now")
    assert not browser.complaints


def test_a_long_history_is_all_there(house, browser):
    """More runs than are read at first, and an event that is over: it says what it was."""
    with closing(sqlite3.connect(house.daemon.state, timeout=10)) as history, history:
        history.executemany(
            "INSERT INTO run (section, verb, dbname, started_us, ended_us, outcome, summary, "
            "os_user, os_host, os_boot, pid, pid_started, command_line, host, role, "
            "system_identifier, version_num, target, deadline_us, exit_code) VALUES ('indexes', 'drop', "
            "'shop', ?, ?, 'done', ?, 'me', 'here', '', 1, 1, 'x', '', '', '', 160000, 'app', 0, 0)",
            [(10**15 + i, 10**15 + i + 1, json.dumps({"dropped": f"public.i{i}", "size_bytes": 8192}))
             for i in range(600)])
        history.execute("INSERT INTO event (target, name, severity, opened_us, closed_us, message, "
                        "closing) VALUES ('app', 'slots', 'warning', ?, ?, '56 of 57 slots are taken', "
                        "'2 of 57 slots are taken')", (time.time_ns() // 1000 - 9 * 10**6, time.time_ns() // 1000))
    browser.open("history")
    wait_until(lambda: "56 of 57 slots are taken" in browser.text, what="what the event was")
    assert "Over: 2 of 57 slots are taken" in browser.text
    assert "The newest 500 runs, back to 2001-09-09" in browser.text
    assert "dropped public.i599, size 8 kB" in browser.text
    browser.driver.find_element("xpath", "//button[.='Read 2,000 older ones']").click()
    wait_until(lambda: "The newest" not in browser.text, what="all of them")
    browser.show_all()
    assert "dropped public.i0, size" in browser.text and not browser.complaints


@pytest.mark.parametrize("version", [15])
def test_repository_without_a_backup(server, runbook):
    """WAL alone: nothing can be recovered, and the page says so."""
    repo = begun(runbook.home / "repo")
    runbook("backup", "wal", "receive", "--repo", repo, "--until-lsn",
            server.value("SELECT pg_current_wal_lsn()::text"), server=server).expect(0)
    daemon = Daemon(runbook, {"shop": {"conninfo": server.conninfo(), "backup.repo": repo}},
                    http_gather="1h", **QUIET).start()
    browser = Browser(f"http://127.0.0.1:{daemon.address}")
    try:
        browser.open("shop/backups")
        wait_until(lambda: "No moment can be reached yet" in browser.text, what=browser.text)
        assert "Last backup\nnone" in browser.text and browser.complaints == []
    finally:
        browser.close()
        daemon.stop()
