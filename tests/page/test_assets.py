"""Style sheet, script and headers: what can be judged without a browser."""

from __future__ import annotations

import re
from itertools import chain
from pathlib import Path

import pytest

from sidecar.core.web import Request
from sidecar.serve.page.door import HERE, routes
from tests.core.strategies import NOW
from tests.page.scene import BOOT
from tests.page.scenes import all_well

CONTRAST = 4.5
"""WCAG 2.2, 1.4.3."""

STYLE = (HERE / "style.css").read_text()
SCRIPT = (HERE / "script.js").read_text()
ON_GROUNDS = {
    "ink": ("ground", "card", "good-well", "warn-well", "bad-well", "idle-well", "accent-well"),
    "muted": ("ground", "card"),
    "accent": ("ground", "card", "accent-well"),
    "accent-ink": ("accent",),
    "good": ("card", "good-well"),
    "warn": ("card", "warn-well"),
    "bad": ("card", "bad-well"),
    "idle": ("idle-well",),
}
"""Which colour of text stands on which grounds."""


def colours(scheme: str) -> dict[str, str]:
    """The variables of the style sheet."""
    light, dark = re.findall(r":root \{(.*?)\n *\}", STYLE, re.DOTALL)
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", light if scheme == "light" else dark))


def light_of(colour: str) -> float:
    """Relative luminance, as WCAG defines it."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(part * weight for part, weight in zip(linear, (0.2126, 0.7152, 0.0722), strict=True))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_stands_out_from_its_ground(scheme: str) -> None:
    """By 4.5 to 1 at least, light and dark."""
    found = colours(scheme)
    faint = []
    for text, ground in chain.from_iterable(
        ((text, on) for on in grounds) for text, grounds in ON_GROUNDS.items()
    ):
        darker, lighter = sorted((light_of(found[text]), light_of(found[ground])))
        if (lighter + 0.05) / (darker + 0.05) < CONTRAST:
            faint.append((text, ground))
    assert faint == []


def test_both_schemes_have_all_colours() -> None:
    """And nothing else names one, but the QR code, which is dark on light in both."""
    assert colours("light").keys() == colours("dark").keys()
    rest = re.sub(r":root \{.*?\n *\}", "", STYLE, flags=re.DOTALL)
    assert set(re.findall(r"#[0-9a-f]{3,8}\b(?=[;\s}])", rest)) == {"#ffffff", "#000000"}


def test_nothing_comes_from_another_host() -> None:
    """Neither asset names an address, and neither makes code out of text."""
    for content in (STYLE, SCRIPT):
        for forbidden in (
            "http:",
            "https:",
            "//cdn",
            "@import",
            "url(",
            "innerHTML",
            "eval(",
            "insertAdjacent",
        ):
            assert forbidden not in content


def test_policy_lets_nothing_inline_run() -> None:
    """Every answer has it; nothing may be framed; no address of this page is told to others."""
    found = all_well(NOW).found(NOW)
    for path, route in routes(lambda: found, boot=lambda: BOOT).items():
        reply = route.door(Request("GET", path))
        policy = reply.headers["Content-Security-Policy"]
        assert reply.status == 200
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert reply.headers["Referrer-Policy"] == "no-referrer"
        assert b" style=" not in reply.body
        assert b" onclick=" not in reply.body


def test_page_itself_is_never_kept() -> None:
    """It may hold a code; style sheet and script may be kept, since their addresses have their version."""
    doors = routes(lambda: all_well(NOW).found(NOW), boot=lambda: BOOT)
    assert "Cache-Control" not in doors["/"].door(Request("GET", "/")).headers  # the server's own: no-store
    body = doors["/"].door(Request("GET", "/")).body.decode()
    assert re.search(r'href="page\.css\?[0-9a-f]{8}"', body)
    assert "immutable" in doors["/page.js"].door(Request("GET", "/page.js")).headers["Cache-Control"]


def test_lock_file_of_the_judge_names_no_registry() -> None:
    """Each machine uses its own configuration, and every package has its hash."""
    lock = (Path(__file__).parent / "package-lock.json").read_text()
    assert "://" not in lock
    assert lock.count('"integrity": "sha512-') == lock.count('"node_modules/') > 0
