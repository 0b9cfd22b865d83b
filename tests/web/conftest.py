"""What the tests of the pages ask for: the shop in trouble, a daemon that watches it, a browser.

With --screenshots FOLDER the pages are kept as pictures; docs/screenshots is made so."""

from pathlib import Path

import pytest

from support.serve import Daemon
from web.browser import DESKTOP, PHONE, Browser
from web.trouble import Trouble


LOOKS = {"light-desktop": ("light", DESKTOP), "dark-phone": ("dark", PHONE),
         "dark-desktop": ("dark", DESKTOP), "light-phone": ("light", PHONE)}
TOGETHER = 2  # processes that each have a shop in trouble and its daemon


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """-k browser selects them; and the same few processes have all of them."""
    here = [item for item in items if Path(__file__).parent in item.path.parents]
    for number, item in enumerate(here):
        item.add_marker("browser")
        item.add_marker(pytest.mark.xdist_group(f"browser{number % TOGETHER}"))


def pytest_generate_tests(metafunc):
    """Both themes in both widths; --in-turns: each of them once."""
    if "theme" in metafunc.fixturenames:
        names = list(LOOKS)[:2 if metafunc.config.getoption("in_turns") else None]
        metafunc.parametrize(("theme", "size"), [LOOKS[name] for name in names], ids=names)


def pytest_addoption(parser):
    parser.addoption("--screenshots", metavar="FOLDER", type=Path,
                     help="keep pictures of the pages there")


@pytest.fixture(scope="session", autouse=True)
def browsers_end():
    yield
    Browser.end_all()


@pytest.fixture(scope="session")
def trouble():
    made = Trouble()
    try:
        yield made.make()
    finally:
        made.close()


@pytest.fixture(scope="session")
def daemon(trouble):
    """Of both targets, with the history that is already there; acting is allowed."""
    daemon = Daemon(trouble.runbook, trouble.settings)
    daemon.state = trouble.runbook.history
    daemon.configure(trouble.settings, http_actions="on", http_gather="10s")
    daemon.token = token_of(trouble, daemon, "anna", "operator")
    daemon.start()
    yield daemon
    if daemon.running.running():
        daemon.stop()


def token_of(trouble, daemon, name, role):
    said = trouble.runbook("token", "add", name, "--role", role, "--config", daemon.file)
    return next(word for word in said.expect(0).out.split() if word.startswith("pgr_"))


@pytest.fixture
def base(daemon):
    return f"http://127.0.0.1:{daemon.address}"


@pytest.fixture
def browse(base):
    """Makes browsers: browse(theme="dark", size=PHONE)."""
    made = []

    def make(theme="light", size=DESKTOP):
        made.append(Browser(base, theme, size))
        return made[-1]

    yield make
    for browser in made:
        browser.close()


@pytest.fixture
def picture(request):
    """Where a picture goes; None: nobody wants one."""
    return request.config.getoption("screenshots")
