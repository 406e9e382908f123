"""Headless Chromium, as tests and pictures have it."""

from __future__ import annotations

from pathlib import Path

from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service

CHROMIUM, DRIVER = Path("/usr/bin/chromium"), Path("/usr/bin/chromedriver")


def started(profile: Path, spki: str) -> Chrome:
    """A browser that trusts the server key of this SPKI hash, and talks to nobody by itself."""
    options = ChromeOptions()
    options.binary_location = str(CHROMIUM)
    for argument in (
        "headless=new",
        "no-sandbox",
        "disable-gpu",
        "disable-quic",
        "no-first-run",
        "disable-background-networking",
        "disable-component-update",
        "disable-sync",
        "disable-dev-shm-usage",
        "no-proxy-server",
        f"user-data-dir={profile}",
        f"ignore-certificate-errors-spki-list={spki}",
    ):
        options.add_argument(f"--{argument}")
    browser = Chrome(options=options, service=Service(str(DRIVER)))
    browser.set_page_load_timeout(20)
    return browser
