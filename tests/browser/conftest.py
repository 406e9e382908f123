"""Headless Chromium for tests of pages."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from selenium.webdriver import Chrome

from tests.browser.chromium import CHROMIUM, DRIVER, started

Browse = Callable[[str], Chrome]
"""Gives a browser that trusts the server key of this SPKI hash, and no other unknown one."""


@pytest.fixture
def browse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Browse]:
    """Browsers with profiles of their own, ended with the test."""
    if not (CHROMIUM.exists() and DRIVER.exists()):
        reason = f"{CHROMIUM} and {DRIVER} are needed: apt-get install chromium chromium-driver"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    # Selenium talks to its driver over loopback HTTP, and Chromium to the emulator.
    monkeypatch.setenv("NO_PROXY", "localhost,127.0.0.1")
    monkeypatch.setenv("no_proxy", "localhost,127.0.0.1")
    opened: list[Chrome] = []

    def open_browser(spki: str) -> Chrome:
        browser = started(tmp_path / f"profile-{len(opened)}", spki)
        opened.append(browser)
        return browser

    yield open_browser
    for browser in opened:
        browser.quit()
