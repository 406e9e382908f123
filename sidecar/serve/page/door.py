"""The doors of the page: itself, its style sheet and its script. Nothing comes from anywhere else."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

from sidecar.core.web import Door, Reply, Request
from sidecar.serve.health import Look
from sidecar.serve.page.whole import rendered
from sidecar.serve.routes import Route

HERE = Path(__file__).parent

POLICY = "; ".join(
    [
        "default-src 'none'",
        "style-src 'self'",
        "script-src 'self'",
        "connect-src 'self'",
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    ]
)
"""Content Security Policy: whatever got into the page would neither run nor be shown."""

HEADERS = {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def routes(look: Look, *, boot: Callable[[], float]) -> dict[str, Route]:
    """All three; `boot` reads the boot clock."""
    style, script = ((HERE / name).read_bytes() for name in ("style.css", "script.js"))
    version = hashlib.sha256(style + script).hexdigest()[:8]

    def page(_request: Request) -> Reply:
        return Reply(200, rendered(look(), boot=boot(), version=version), "text/html; charset=utf-8", HEADERS)

    return {
        "/": Route(page),
        "/page.css": Route(_asset(style, "text/css; charset=utf-8")),
        "/page.js": Route(_asset(script, "text/javascript; charset=utf-8")),
    }


def _asset(content: bytes, content_type: str) -> Door:
    # Its address has the version in it; without keeping it a page that is loaded anew would flicker.
    headers = {**HEADERS, "Cache-Control": "private, max-age=86400, immutable"}

    def answer(_request: Request) -> Reply:
        return Reply(200, content, content_type, headers)

    return answer
