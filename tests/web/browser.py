"""Debian's Chromium, driven as somebody would who looks at the page."""

import base64
import os
from pathlib import Path

from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys
from support.servers import wait_until

REPOSITORY = Path(__file__).resolve().parents[2]
AXE = REPOSITORY / "tests" / "servers" / "node_modules" / "axe-core" / "axe.min.js"
DESKTOP, PHONE = (1280, 900), (390, 844)
FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
         "--force-color-profile=srgb", "--no-proxy-server", "--hide-scrollbars",
         "--disable-background-networking", "--no-first-run")

# Nothing is on its way any more: no part says that it is busy, and there is a heading.
SETTLED = """return !!document.querySelector('main h1') &&
    !document.querySelector('main [aria-busy=true], main .loading');"""


def start_chromium(keeps):
    options = webdriver.ChromeOptions()
    for flag in FLAGS:
        options.add_argument(flag)
    options.add_argument(f"--window-size={DESKTOP[0]},{DESKTOP[1]}")
    options.add_experimental_option("prefs", {
        "profile.default_content_setting_values.cookies": 1 if keeps else 2})
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    options.binary_location = "/usr/bin/chromium"
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        os.environ.pop(name)  # the driver is on this machine
    return webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)


class Browser:
    """.driver is selenium's; open() a page of the daemon at .base.

    Chromium itself is started once for many: its start costs as much as most pages. Each has windows
    of its own, and finds nothing of what the one before it kept."""

    _idle = []

    def __init__(self, base, theme="light", size=DESKTOP, keeps=True):
        """keeps: whether pages may keep anything, as most let them."""
        self.base, self.theme, self.size, self._keeps = base, theme, size, keeps
        self.driver = self._idle.pop() if keeps and self._idle else start_chromium(keeps)
        self._resize(size[1])
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [
            {"name": "prefers-color-scheme", "value": theme},
            {"name": "prefers-reduced-motion", "value": "reduce"}]})

    def close(self):
        if self._keeps and self._is_left_clean():
            self._idle.append(self.driver)
        else:
            self.driver.quit()

    def _is_left_clean(self):
        try:
            self._leave()
        except WebDriverException:  # it is in a state that nobody knows
            return False
        return True

    def _leave(self):
        """Another window in the place of all, and nothing kept."""
        self.driver.execute_cdp_cmd("Network.clearBrowserCache", {})
        self.driver.execute_cdp_cmd("Storage.clearDataForOrigin", {
            "origin": "*" if self.base.startswith("file:") else self.base, "storageTypes": "all"})
        before = self.driver.window_handles
        self.driver.switch_to.new_window("window")
        last = self.driver.current_window_handle
        for window in before:
            self.driver.switch_to.window(window)
            self.driver.close()
        self.driver.switch_to.window(last)
        self.driver.get_log("browser")

    @classmethod
    def end_all(cls):
        """Before the process ends."""
        while cls._idle:
            cls._idle.pop().quit()

    def _resize(self, height):
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": self.size[0], "height": height, "deviceScaleFactor": 1,
            "mobile": self.size == PHONE})

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def open(self, address, settle=True):
        """Anew, as if it had been typed: "shop/vacuum"."""
        self.driver.get("about:blank")
        self.driver.get(f"{self.base}/#/{address}")
        if settle:
            self.settle(address)
        return self

    def settle(self, what="the page"):
        wait_until(lambda: self.run(SETTLED), timeout=60,
                   what=f"{what} to be there: {self.text[:400]}")

    def show_all(self):
        """The rows of tables that stand behind the first."""
        self.run("""for (const one of document.querySelectorAll('main .more button'))
            if (one.textContent.startsWith('Show all')) one.click()""")

    def sign_in(self, token):
        """As the login keeps it: for this tab alone."""
        self.open("overview")
        self.run("sessionStorage.setItem('pgrunbook.token', arguments[0])", token)

    @property
    def text(self):
        return self.run("return document.body ? document.body.innerText : ''")

    @property
    def complaints(self):
        """What the console says that is worse than a word."""
        return [line["message"] for line in self.driver.get_log("browser")
                if line["level"] in ("SEVERE", "WARNING")]

    @property
    def sideways(self):
        """How far the page as a whole can be scrolled to the side."""
        return self.run("return document.documentElement.scrollWidth - "
                        "document.documentElement.clientWidth")

    def violations(self):
        """What axe-core finds that keeps somebody from using the page."""
        self.driver.execute_cdp_cmd("Runtime.evaluate",
                                    {"expression": AXE.read_text(encoding="utf-8")})
        found = self.driver.execute_async_script("""
            const done = arguments[arguments.length - 1];
            axe.run(document, {resultTypes: ['violations']}).then(done, (e) => done(String(e)));
            """)
        assert isinstance(found, dict), found
        return [f"{item['id']}: {item['help']}: "
                + "; ".join(f"{node['html'][:160]} {node['failureSummary'][:300]}"
                            for node in item["nodes"][:3])
                for item in found["violations"] if item["impact"] in ("serious", "critical")]

    def screenshot(self, file):
        """The whole page, not only what is in the window."""
        height = self.run("return document.documentElement.scrollHeight")
        self._resize(min(max(height, 500), 2400))
        picture = self.driver.execute_cdp_cmd("Page.captureScreenshot", {"format": "png"})
        self._resize(self.size[1])
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(base64.b64decode(picture["data"]))

    # -- by keyboard --

    def press(self, *keys):
        ActionChains(self.driver).send_keys(*keys).perform()

    @property
    def focused(self):
        """What has the focus, in a word."""
        return self.run("""const e = document.activeElement;
            return (e.getAttribute('aria-label') || e.innerText || e.id || e.tagName).trim()
                .slice(0, 60);""")

    def tab_to(self, word, limit=120):
        """Presses Tab until what says so has the focus."""
        seen = []
        for _ in range(limit):
            self.press(Keys.TAB)
            seen.append(self.focused)
            if seen[-1].startswith(word):  # a verdict may stand behind it
                return
        raise AssertionError(f"{word!r} is not reached by keyboard, only {seen}")
