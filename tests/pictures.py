"""Printed text as a picture, as a terminal or a log viewer draws it, and the QR codes that are in it."""

from __future__ import annotations

import re

import zxingcpp
from PIL import Image, ImageDraw

CELL = (6, 12)
_HALVES = {"█": (0, 2), "▀": (0, 1), "▄": (1, 2)}


def drawn(text: str, *, dark: bool) -> Image.Image:
    """Light on dark or dark on light, without colour. Letters are boxes: only blocks matter here."""
    lines = re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", text).splitlines()
    width, height = CELL
    ground, ink = (0, 255) if dark else (255, 0)
    picture = Image.new("L", ((max(map(len, lines)) + 4) * width, (len(lines) + 4) * height), ground)
    pen = ImageDraw.Draw(picture)
    for y, line in enumerate(lines, 2):
        for x, letter in enumerate(line, 2):
            if letter == " ":
                continue
            first, last = _HALVES.get(letter, (0.5, 1.5))
            inset = 0 if letter in _HALVES else 1
            box = (
                x * width + inset,
                y * height + int(first * height / 2),
                x * width + width - 1 - inset,
                y * height + int(last * height / 2) - 1,
            )
            pen.rectangle(box, fill=ink)
    return picture


def read_codes(text: str, *, dark: bool) -> list[str]:
    """What a phone reads."""
    return [found.text for found in zxingcpp.read_barcodes(drawn(text, dark=dark))]
