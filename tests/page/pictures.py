"""The status page as people see it: pictures for docs/, of a moment that is always the same."""

from __future__ import annotations

import io
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from sidecar.adapters.web_server import WebServer
from sidecar.core.web import Reply, Request, text
from sidecar.serve.page import routes
from tests.browser.chromium import started
from tests.page import scenes
from tests.page.scene import BOOT, Scene

NOW = 1_790_000_000
"""2026-09-21 14:13:20 UTC."""

COLOURS = 64
NO_KEY = "A" * 43 + "="
PICTURES: tuple[tuple[str, Callable[[float], Scene], str, int, int], ...] = (
    ("status-page", scenes.prompt_early, "light", 1280, 1180),
    ("status-page-dark", scenes.dying, "dark", 1280, 1000),
    ("status-page-phone", scenes.prompt_open, "light", 360, 740),
)
"""Name, what it shows, colours, width and height."""


def draw(folder: Path) -> None:
    """All of them, as PNG."""
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = "localhost,127.0.0.1"
    shown: list[Scene] = []
    doors = routes(lambda: shown[-1].found(NOW), boot=lambda: BOOT)

    def answer(request: Request) -> Reply:
        route = doors.get(request.path)
        return route.door(request) if route else text(404, "there is nothing here")

    server = WebServer(("127.0.0.1", 0), answer)
    server.start()
    with tempfile.TemporaryDirectory(prefix="sidecar-pictures-") as name:
        browser = started(Path(name) / "profile", NO_KEY)
        try:
            browser.execute_cdp_cmd("Emulation.setScrollbarsHidden", {"hidden": True})
            for file, scene, scheme, width, height in PICTURES:
                shown.append(scene(NOW))
                media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
                browser.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
                size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
                browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
                browser.get(f"http://127.0.0.1:{server.address[1]}/")
                time.sleep(1.2)  # bars move for a second
                picture = Image.open(io.BytesIO(browser.get_screenshot_as_png())).convert("RGB")
                few = picture.quantize(COLOURS, dither=Image.Dither.NONE)
                few.save(folder / f"{file}.png", optimize=True)
        finally:
            browser.quit()
