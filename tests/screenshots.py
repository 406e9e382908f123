"""The prompt and the status page as people see them: `make screenshots` writes the pictures of docs/ anew.

`signin` runs in a real tmux against the stand-in; what tmux holds then is drawn in DejaVu Sans Mono.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from tests.emulator import Emulator
from tests.page import pictures

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
FONTS = Path("/usr/share/fonts/truetype/dejavu")
FONT_SIZE = 15
PADDING = 14
GROUND, INK = "#1b1e24", "#dfe3ea"
COLOURS = {
    "31": "#e06c75",
    "32": "#98c379",
    "33": "#e5c07b",
    "34": "#61afef",
    "35": "#c678dd",
    "36": "#56b6c2",
}
ESCAPE = re.compile(r"\x1b\[([0-9;]*)m")
PATIENCE_SECONDS = 30
SETTINGS = {
    "SIDECAR_SCOPES": "https://graph.microsoft.com/.default",
    "SIDECAR_PROMPT_FROM": "finance/nightly-report-7d4b9c6f5d-x2x9z",
    "SIDECAR_PROMPT_PURPOSE": "nightly report of the finance team",
}


def main() -> None:
    """The status page; the prompt on a usual terminal, on a narrow one, and in a log."""
    pictures.draw(DOCS)
    page = "https://login.microsoft.com/device"
    with tempfile.TemporaryDirectory(prefix="sidecar-pictures-") as name, Emulator(page_url=page) as entra:
        settings = SETTINGS | {
            "AZURE_AUTHORITY_HOST": entra.authority_host,
            "AZURE_TENANT_ID": entra.tenant_id,
            "AZURE_CLIENT_ID": entra.client_id,
            "SIDECAR_CA_FILE": str(entra.ca_file),
        }
        folder = Path(name)
        for columns in (80, 40):
            lines = in_tmux(folder / str(columns), columns, settings)
            draw(from_the_banner(lines), columns, DOCS / f"prompt-{columns}.png")
        lines = in_a_log(folder / "log", entra, settings)
        draw(from_the_banner(lines), 80, DOCS / "prompt-log.png")


def environment(folder: Path, settings: Mapping[str, str]) -> dict[str, str]:
    """Two directories below `folder`, and nothing of ours from outside."""
    folder.mkdir()
    given = {name: text for name, text in os.environ.items() if not name.startswith(("SIDECAR_", "AZURE_"))}
    return given | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "LC_ALL": "C.UTF-8",
        "SIDECAR_TOKEN_DIR": str(folder / "tokens"),
        "SIDECAR_STATE_DIR": str(folder / "state"),
        **settings,
    }


def in_tmux(folder: Path, columns: int, settings: Mapping[str, str]) -> list[str]:
    """The window's rows while the prompt is open, with their escape sequences."""
    environ = environment(folder, settings)
    tmux = ["tmux", "-u", "-f", os.devnull, "-S", str(folder / "socket")]
    role = shlex.join([str(ROOT / "entrypoint.sh"), "signin"])
    size = ["-x", str(columns), "-y", "70"]
    subprocess.run([*tmux, "new-session", "-d", *size, role], env=environ, check=True)
    try:
        for _ in range(PATIENCE_SECONDS * 10):
            capture = [*tmux, "capture-pane", "-e", "-p"]
            shown = subprocess.run(capture, env=environ, capture_output=True, text=True, check=True).stdout
            if "left\n" in ESCAPE.sub("", shown):
                return shown.rstrip().splitlines()
            time.sleep(0.1)
        raise AssertionError(shown)
    finally:
        subprocess.run([*tmux, "kill-server"], env=environ, check=True)


def in_a_log(folder: Path, entra: Emulator, settings: Mapping[str, str]) -> list[str]:
    """A whole sign-in as `docker compose logs` shows it."""
    environ = environment(folder, settings)
    role = [str(ROOT / "entrypoint.sh"), "signin"]
    with subprocess.Popen(role, env=environ, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        rows: list[str] = []
        for line in process.stdout:
            rows.append(f"\x1b[36msignin-1  |\x1b[0m {line.rstrip()}")
            if "signin.waiting" in line:
                entra.approve()
    return rows


def from_the_banner(lines: list[str]) -> list[str]:
    """Without what stands above its first rule, and without the record for programs."""
    plain = [ESCAPE.sub("", line) for line in lines]
    begin = next(i for i, line in enumerate(plain) if "=====" in line)
    return [line for line, words in zip(lines[begin:], plain[begin:], strict=True) if '{"event"' not in words]


def parts(line: str) -> Iterator[tuple[str, str, bool]]:
    """Text, colour and whether it is bold, as SGR (ECMA-48 section 8.3.117) has them."""
    colour, bold, at = INK, False, 0
    for found in [*ESCAPE.finditer(line), None]:
        yield line[at : found.start() if found else None], colour, bold
        if found:
            at = found.end()
            for code in found[1].split(";"):
                if code in ("", "0", "39"):
                    colour, bold = INK, bold and code == "39"
                bold = bold or code == "1"
                colour = COLOURS.get(code, colour)


def draw(lines: list[str], columns: int, path: Path) -> None:
    """Rows longer than the window are wrapped, as a terminal does."""
    plain = ImageFont.truetype(FONTS / "DejaVuSansMono.ttf", FONT_SIZE)
    strong = ImageFont.truetype(FONTS / "DejaVuSansMono-Bold.ttf", FONT_SIZE)
    width, height = round(plain.getlength("█")), FONT_SIZE * 6 // 5
    rows: list[list[tuple[str, str, bool]]] = []
    for line in lines:
        letters = [(letter, colour, bold) for text, colour, bold in parts(line) for letter in text]
        rows += [letters[i : i + columns] for i in range(0, max(len(letters), 1), columns)]
    size = (columns * width + 2 * PADDING, len(rows) * height + 2 * PADDING)
    picture = Image.new("RGB", size, GROUND)
    pen = ImageDraw.Draw(picture)
    for y, row in enumerate(rows):
        for x, (letter, colour, bold) in enumerate(row):
            left, top = PADDING + x * width, PADDING + y * height
            if letter in "█▀▄":  # as terminals do, which draw them without gaps
                first, last = {"█": (0, 2), "▀": (0, 1), "▄": (1, 2)}[letter]
                box = (left, top + first * height // 2, left + width - 1, top + last * height // 2 - 1)
                pen.rectangle(box, fill=colour)
            else:
                pen.text((left, top), letter, font=strong if bold else plain, fill=colour)
    picture.quantize(32).save(path, optimize=True)


if __name__ == "__main__":
    main()
