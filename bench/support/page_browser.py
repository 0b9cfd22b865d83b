"""Chromium as a stopwatch: what bench/page asks it."""

import shutil
import tempfile

from selenium import webdriver
from selenium.webdriver.chrome.service import Service

FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
         "--no-proxy-server", "--disable-background-networking", "--no-first-run",
         "--window-size=1280,900")
# Before anything of the page runs: when does the last of the targets stand in it?
WATCH = """
window.stoodAt = {};
new MutationObserver(() => {
  const text = document.querySelector('main')?.textContent ?? '';
  for (const name of text.match(/shop_\\d+/g) ?? [])
    if (!(name in window.stoodAt)) {
      window.stoodAt[name] = null;
      requestAnimationFrame(() => { window.stoodAt[name] = performance.now(); });
    }
}).observe(document, {childList: true, subtree: true});
"""


class Look:
    """A browser with a profile of its own."""

    def __init__(self, port):
        self.base, self.driver = f"http://127.0.0.1:{port}", None
        self.profile = tempfile.mkdtemp(prefix="page-profile-")

    def __enter__(self):
        options = webdriver.ChromeOptions()
        for flag in (*FLAGS, f"--user-data-dir={self.profile}"):
            options.add_argument(flag)
        options.binary_location = "/usr/bin/chromium"
        self.driver = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)
        self.driver.execute_cdp_cmd("Network.enable", {})
        self.driver.execute_cdp_cmd("Network.setCacheDisabled", {"cacheDisabled": True})
        self.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": WATCH})
        return self

    def __exit__(self, *_exception):
        self.driver.quit()
        shutil.rmtree(self.profile, ignore_errors=True)

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def open(self, address):
        self.driver.get("about:blank")
        self.driver.get(f"{self.base}/#/{address}")
        return self

    def overview(self):
        return self.open("overview")

    def ready(self, names):
        """Every target stands there, and none is yet to be checked."""
        text = self.run("return document.querySelector('main').innerText")
        return all(name in text for name in names) and "not yet" not in text.lower()

    def stands(self, name):
        return self.run("return window.stoodAt[arguments[0]] ?? null", name) is not None

    def standing(self):
        """Milliseconds from the request to the frame with the last of the targets."""
        return self.run("return Math.max(...Object.values(window.stoodAt))")

    def first_paint(self):
        return self.run("return performance.getEntriesByName('first-contentful-paint')[0]"
                        ".startTime")

    def weight(self):
        """(bytes sent, bytes unpacked) of all that was asked for until every target stood there."""
        return tuple(self.run(
            "const until = Math.max(...Object.values(window.stoodAt));"
            "const all = [...performance.getEntriesByType('navigation'), "
            "...performance.getEntriesByType('resource')].filter((one) => one.startTime < until);"
            "const sum = (what) => all.reduce((done, one) => done + one[what], 0);"
            "return [sum('transferSize'), sum('decodedBodySize')]"))
