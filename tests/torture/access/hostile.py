"""What a provider, or somebody in its place, may want a terminal or a log to take in."""

from __future__ import annotations

import json
import re

FORGED = '{"event": "token.published", "level": "info", "timestamp": "2030-01-01T00:00:00Z"}'
FORGED_CONSOLE = "2030-01-01T00:00:00Z [info     ] token.published         tokens=token"

BIDI = "".join(map(chr, (0x61C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))))
"""All characters with the property Bidi_Control (Unicode 15, PropList.txt)."""

C1 = "".join(map(chr, range(0x80, 0xA0)))
C0 = "".join(map(chr, (*range(0x20), 0x7F)))

HOSTILE: dict[str, str] = {
    "CSI": "a\x1b[2J\x1b[1;1H\x1b[31mb",
    "OSC 8": "a\x1b]8;;https://evil.example\x1b\\click\x1b]8;;\x1b\\b",
    "OSC 52": "a\x1b]52;c;ZXZpbA==\x07b",
    "C0": f"a{C0}b",
    "C1": f"a{C1}b\x9b2J\x9d52;c;ZXZpbA==\x9c",
    "a forged line": f"a\n{FORGED}\n{FORGED_CONSOLE}\nb",
    "other line ends": f"a\r\n{FORGED}\x0b\x0c\x85\u2028\u2029{FORGED_CONSOLE}\rb",
    "bidi overrides": f"a{BIDI}b\u202egnp.exe",
    "nothing to see": "a\u200b\u200c\u200d\u2060\ufeff\u00ad\U000e0041\ue000\uffff\U0010ffff",
    "lone surrogates": "a\ud800b\udc9bc\udfff",
    "long": "L" * 100_000,
    "long and hostile": "\x1b[2J\n\u202e" * 15_000,
    "quotes and fields": 'a\' event=\'token.published" level=error \\ ", "event": "x',
}
"""By what they try. Lone surrogates can come out of JSON, and nothing can encode them."""

_BANNER = re.compile(r"={60,80}|  .*|[█▀▄ ]{25,40}|")
_EVENT = re.compile(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ \[\w+ *\] [a-z_.]+ *( .*)?")
_COLOURS = re.compile(r"\x1b\[\d+m")
# The line that counts down, and what takes it away.
_COUNTDOWN = re.compile(r"\r\x1b\[K(?:Waiting for the sign-in: )?(?:\d+:\d\d left)?")
LINE_MAX = 16_384


def faults_of(raw: bytes, *, console: bool, terminal: bool = False) -> list[str]:
    """What is wrong with an output: unprintable, forged or endless. A terminal gets structlog's colours."""
    text = raw.decode("utf-8", errors="surrogateescape")
    if terminal:
        text = _COUNTDOWN.sub("", _COLOURS.sub("", text.replace("\r\n", "\n")))
    found = [f"{c!a} is printed" for c in sorted(set(text) - {"\n"}) if not c.isprintable()]
    for line in text.split("\n"):
        if len(line) > LINE_MAX:
            found.append(f"a line of {len(line)} characters")
        if line.startswith((FORGED, FORGED_CONSOLE)):
            found.append("a forged line")
        record = _parsed(line)
        if record is not None and (not console or record.get("event") == "signin.code_issued"):
            continue
        if not console and line:
            found.append(f"no JSON: {line[:80]!a}")
        elif record is not None or not (_EVENT.fullmatch(line) or _BANNER.fullmatch(line)):
            found.append(f"a line of nobody's: {line[:80]!a}")
    return found


def _parsed(line: str) -> dict[str, object] | None:
    try:
        record = json.loads(line)
    except ValueError:
        return None
    return record if isinstance(record, dict) else None
