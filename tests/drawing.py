"""What charts drawn by hand have in common."""

from __future__ import annotations

from html import escape


def opening(width: int, height: int, title: str, style: str) -> list[str]:
    """The first lines of an SVG: what it shows, for those who do not see it, its style and its ground."""
    return [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" role="img" aria-labelledby="what">',
        f'<title id="what">{escape(title)}</title>',
        f"<style>{style}</style>",
        f'<rect class="ground" width="{width}" height="{height}"/>',
    ]


def text(x: float, y: float, words: str, name: str = "", *, anchor: str = "start") -> str:
    """Words with a class."""
    kind = f' class="{name}"' if name else ""
    return f'<text{kind} x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'
