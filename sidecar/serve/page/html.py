"""HTML out of parts. Every text and every attribute of the page goes through here, and is escaped here."""

from __future__ import annotations

import html
import time
from collections.abc import Iterable
from contextlib import suppress

from sidecar.core.time_words import span, utc, utc_date

TEXT_MAX = 500
"""Characters: nothing of ours is longer, and what somebody put into a file must not fill the page."""

_VOID = frozenset({"meta", "link", "wbr", "rect", "path", "circle"})
"""Elements without content; those of SVG are closed by a slash."""


class Html(str):
    """Markup of ours; any other text is only text."""

    __slots__ = ()


Part = Html | str
Value = str | int | float | bool | None


def element(name: str, /, *parts: Part, **attributes: Value) -> Html:
    """`<name …>parts</name>`. An attribute that is None or False is left out, True stands alone; a line
    below at the end of its name is left out, others become hyphens.
    """
    said = "".join(
        f" {_name(key)}" if value is True else f' {_name(key)}="{_clean(str(value))}"'
        for key, value in attributes.items()
        if value is not None and value is not False
    )
    if name in _VOID:
        return Html(f"<{name}{said}/>")
    return Html(f"<{name}{said}>{joined(parts)}</{name}>")


def joined(parts: Iterable[Part]) -> Html:
    """One behind the other."""
    return Html("".join(part if isinstance(part, Html) else _clean(part) for part in parts))


def foreign(text: str) -> Html:
    """Words of somebody else, whatever direction their writing has: those around stay where they are."""
    return element("bdi", text)


def name_of(text: str) -> Html:
    """Something that is no word of a language: no machine may translate it, and a long one is broken behind
    a slash, or anywhere.
    """
    first, *rest = text[:TEXT_MAX].split("/")
    pieces = [first, *(part for piece in rest for part in ("/", element("wbr"), piece))]
    return element("bdi", *pieces, class_="name", translate="no")


def instant(on: int, *, date: bool = False) -> Html:
    """In UTC; scripts add the zone of whoever looks."""
    words = utc_date(on) if date else utc(on)
    return joined([moment(words, on), element("span", class_="local", data_on=on)])


def moment(words: str, on: float) -> Html:
    """Words for an instant, and the instant for programs, if a calendar knows it."""
    stamp = None
    with suppress(OverflowError, ValueError, OSError):
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(on))
    return element("time", words, datetime=stamp)


def lasting(seconds: float, until: int) -> Html:
    """A duration up to or since an instant; scripts keep it true."""
    return element("span", span(seconds), data_until=until)


def _name(key: str) -> str:
    return key.rstrip("_").replace("_", "-")


def _clean(text: str) -> str:
    """Without what is not printed: control characters, marks that turn the direction, halves of letters."""
    cut = text if len(text) <= TEXT_MAX else text[: TEXT_MAX - 1] + "…"
    return html.escape("".join(c if c.isprintable() else " " for c in cut), quote=True)
