"""What a page gives to paste: whoever owns a table chose its name, and the shell is the DBA's."""

import shlex
import subprocess

import pytest

from support.servers import wait_until
from web.trouble import EVIL, NASTY, SCHEMA, quoted

PAGES = ("check", "vacuum", "indexes", "bloat", "connections", "backups", "migrations")

# Instead of the program: its arguments, each with an end that no name has.
SHIM = "pgrunbook() { printf '%s\\0' \"$@\"; }\n"


def lines_of(browser, kind="shell"):
    """Everything that has a button to copy it, the folds included."""
    return browser.run(f"""return [...document.querySelectorAll('main .code.{kind} code')]
        .map((one) => one.textContent)""")


def words_of(line, folder):
    """What the shell makes of a line, and that nothing else came of it."""
    done = subprocess.run(["bash", "-c", SHIM + line], cwd=folder, capture_output=True, text=True,
                          timeout=20, check=False)
    assert done.returncode == 0 and not done.stderr, f"{line}\n{done.stderr}"
    assert not list(folder.iterdir()), f"it left a file: {line}"
    return done.stdout.split("\0")[:-1]


def shows(browser, page):
    """A report may be a minute old."""
    browser.open(page)
    browser.show_all()
    return page not in ("shop/bloat", "shop/indexes") or NASTY[0] in browser.text


def option(words, name):
    return words[words.index(name) + 1]


@pytest.fixture(scope="module", autouse=True)
def nasty(trouble):
    trouble.add_nasty()
    yield
    trouble.drop_nasty()


@pytest.fixture
def pasted(browse, tmp_path):
    """pasted(page): the words of each command line on it."""
    browser = browse()

    def paste(page):
        wait_until(lambda: shows(browser, page), timeout=90, what="a report of what is there now")
        return [words_of(line, tmp_path) for line in lines_of(browser)
                if line.startswith("pgrunbook")]

    return paste


def test_each_line_says_which_server(pasted, daemon):
    for page in PAGES:
        for words in pasted(f"shop/{page}"):
            assert option(words, "--target") == "shop", (page, words)
            assert option(words, "--config") == str(daemon.file), (page, words)


def test_names_stay_names(pasted, trouble):
    """And they mean that table or index, to the program as well."""
    bloat, indexes = pasted("shop/bloat"), pasted("shop/indexes")
    assert bloat and indexes
    tables = {option(words, "--table") for words in bloat if words[:2] == ["bloat", "reclaim"]}
    drops = {words[2] for words in indexes if words[:2] == ["indexes", "drop"]}
    for name in NASTY:
        assert f'"{SCHEMA}".{quoted(name)}' in tables, (name, tables)
        assert {f'"{SCHEMA}".{quoted(f"{name} {number}")}' for number in (1, 2)} & drops, \
            (name, drops)
    for words in [*bloat, *indexes]:
        if words[:2] in (["bloat", "reclaim"], ["indexes", "drop"]) and SCHEMA in " ".join(words):
            trouble.runbook(*words, "--dry-run").expect(0)


def test_a_recovery_is_of_the_target(browse, tmp_path):
    browser = browse()
    browser.open("shop/backups")
    wait_until(lambda: "Can be reached" in browser.text, timeout=60, what="the newest moment")
    (restore,) = [words_of(line, tmp_path) for line in lines_of(browser)
                  if "restore" in line]
    assert restore[:2] == ["backup", "restore"] and option(restore, "--target") == "shop"


def test_a_missing_index_is_shown(browse):
    browser = browse()
    browser.open("shop/indexes")
    assert "Missing on foreign keys (1)" in browser.text
    (create,) = [line for line in lines_of(browser, "sql") if "customer)" in line]
    assert shlex.split(create)[:3] == ["CREATE", "INDEX", "CONCURRENTLY"]
    assert EVIL in browser.text
