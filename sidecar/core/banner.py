"""The prompt for people, laid out for a terminal of any width or for a log."""

from __future__ import annotations

import unicodedata

from sidecar.core.half_blocks import Matrix, drawn
from sidecar.core.prompt import Prompt
from sidecar.core.screen import Screen
from sidecar.core.time_words import utc

WIDTH_MAX = 80
WIDTH_MIN = 24
LABEL_COLUMNS = 10
GAP = "  "


def banner(prompt: Prompt, *, now: float, screen: Screen | None = None, code: Matrix = ()) -> str:
    """The address and the code end their lines, so that they can be selected; `code` is the QR code of the
    address. On a terminal that is wide enough it stands beside the text, so that all is seen at once.
    """
    screen = screen or Screen()
    width = max(min(screen.columns, WIDTH_MAX), WIDTH_MIN)
    qr = drawn(code, columns=width) if screen.blocks else ()
    rule = "=" * width
    end = ["", *_paragraph(_warning(prompt), width), rule, ""]
    room = width - len(qr[0]) - 1 if qr else 0
    beside = [*_steps(prompt, room, now), "", *_details(prompt, room)]
    if qr and max(map(cells, beside)) <= room:
        rows = [*_beside(beside, qr, room)]
    else:
        # Below the code stands what has to be read: it is what a small window shows last.
        rows = [*qr, *([""] if qr else []), *_steps(prompt, width, now), "", *_details(prompt, width)]
    return "\n".join(["", rule, *_title(prompt, width), "", *rows, *end]) + "\n"


def countdown(seconds_left: float, *, columns: int) -> str:
    """The one line that a terminal shows while it waits, never wider than it."""
    minutes, seconds = divmod(max(int(seconds_left), 0), 60)
    left = f"{minutes}:{seconds:02} left"
    words = f"Waiting for the sign-in: {left}"
    return (words if len(words) < columns else left)[: max(columns - 1, 0)]


def cells(text: str) -> int:
    """Columns that it takes: East Asian letters take two, combining ones none."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text
    )


def _title(prompt: Prompt, width: int) -> list[str]:
    title = f"{GAP}SIGN-IN NEEDED"
    if not prompt.phrase:
        return [title]
    if len(title) + len(prompt.phrase) + 4 > width:
        return [title, f"{GAP}{prompt.phrase}"]
    return [f"{title}{prompt.phrase:>{width - len(title) - 2}}"]


def _steps(prompt: Prompt, width: int, now: float) -> list[str]:
    minutes = max(round((prompt.expires_on - now) / 60), 1)
    rows = [
        *_field("1. Open", prompt.verification_uri, width),
        *_field("2. Enter", prompt.user_code, width),
        *(_field("3. As", prompt.awaited, width) if prompt.awaited else []),
        "",
        *_paragraph(f"The code is valid for {minutes} min, until {utc(prompt.expires_on)}.", width),
    ]
    if prompt.localised and prompt.message:
        rows += ["", *_paragraph(prompt.message, width)]
    return rows


def _details(prompt: Prompt, width: int) -> list[str]:
    """Who asks, for what, why now: by this a person decides."""
    where = prompt.where
    if cells(where) > width - len(GAP):
        where = where.replace("/", "/ ", 1)  # a namespace and a pod, which may be broken between
    rows = _field("Asked by", where, width)
    for label, value in (("For", prompt.purpose), ("Why now", prompt.reason)):
        if value:
            rows += _field(label, value, width)
    rows += _field("App", prompt.client_id, width)
    if prompt.tenant:
        rows += _field("Tenant", prompt.tenant, width)
    for i, scope in enumerate(prompt.scopes):
        rows += _field("" if i else "Scopes", scope, width)
    return rows


def _warning(prompt: Prompt) -> str:
    """What tells it from an imitation: it was expected, and the words are the same everywhere."""
    if not prompt.phrase:
        return "Sign in only if you started this yourself."
    return (
        "Sign in only if you started this yourself. Wherever this request is shown, it says "
        f'"{prompt.phrase}"; if the words differ, do nothing.'
    )


def _field(label: str, value: str, width: int) -> list[str]:
    """Label and value on one line, or the value below it; what has no blanks is never broken."""
    room = width - len(GAP) - LABEL_COLUMNS
    if cells(value) <= room:
        return [f"{GAP}{label:<{LABEL_COLUMNS}}{value}"]
    if max(map(cells, value.split(" "))) <= room:
        first, *rest = _broken(value, room)
        return [
            f"{GAP}{label:<{LABEL_COLUMNS}}{first}",
            *(f"{GAP}{'':<{LABEL_COLUMNS}}{row}" for row in rest),
        ]
    rows = _paragraph(value, width)
    if max(map(cells, rows)) + len(GAP) <= width:
        rows = [f"{GAP}{row}" for row in rows]
    return [*([f"{GAP}{label}"] if label else []), *rows]


def _paragraph(text: str, width: int) -> list[str]:
    return [f"{GAP}{row}" for row in _broken(text, width - len(GAP))]


def _broken(text: str, width: int) -> list[str]:
    """In rows of `width` columns; within a word only where its writing has no blanks."""
    rows = [""]
    for word in text.split(" "):
        blank = " " if rows[-1] else ""
        if cells(rows[-1] + blank + word) <= width:
            rows[-1] += blank + word
        elif cells(word) == len(word):
            rows += [word] if rows[-1] else []
            rows[-1] = word
        else:
            rows[-1] += blank
            for letter in word:
                if cells(rows[-1] + letter) > width:
                    rows.append("")
                rows[-1] += letter
    return rows


def _beside(rows: list[str], qr: tuple[str, ...], room: int) -> list[str]:
    """Text on the left, the QR code on the right."""
    height = max(len(rows), len(qr))
    padded = [*rows, *[""] * (height - len(rows))]
    drawn_rows = [*qr, *[""] * (height - len(qr))]
    return [
        f"{row}{' ' * (room - cells(row))} {blocks}".rstrip()
        for row, blocks in zip(padded, drawn_rows, strict=True)
    ]
