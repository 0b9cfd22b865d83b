"""The monthly report as a file in a browser: nothing is fetched, nothing keeps anybody from reading it."""

import pytest
from support.months import NASTY, october
from web.browser import Browser


@pytest.fixture
def report(runbook, tmp_path):
    """Of a month with everything in it, names that are no words too."""
    file = tmp_path / "report.html"
    runbook("report", "--month", "2026-10", "--state", october(tmp_path / "october.db"),
            "--html", file).expect(0)
    return file


CUT = """return [...document.querySelectorAll('.scroll')]
    .filter((one) => one.scrollWidth > one.clientWidth).map((one) => one.innerText.slice(0, 60))"""
A4 = 700  # px between its margins


def test_no_column_is_cut_off(report):
    """On a desk all columns are seen; paper cannot be scrolled."""
    browser = Browser(report.as_uri(), "light", (1000, 900))
    try:
        browser.driver.get(browser.base)
        assert browser.run(CUT) == []
        browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
        browser.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": A4, "height": 1000, "deviceScaleFactor": 1, "mobile": False})
        assert browser.sideways <= 0
    finally:
        browser.close()


def test_report_in_a_browser(report, theme, size, picture):
    browser = Browser(report.as_uri(), theme, size)
    try:
        browser.driver.get(browser.base)
        assert NASTY in browser.text
        assert not browser.complaints
        assert browser.run("return performance.getEntriesByType('resource').length") == 0
        assert browser.sideways <= 0
        assert not browser.violations()
        if picture:
            browser.screenshot(picture / f"report-{theme}-{size[0]}.png")
    finally:
        browser.close()
