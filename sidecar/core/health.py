"""The verdicts of `entrypoint.sh probe`, for those who ask over HTTP: the same files, line, and yes or no."""

from __future__ import annotations

import re
from dataclasses import dataclass

HEARTBEAT_MAX_SECONDS = 180
"""An older one is none; `entrypoint.sh probe` has the same."""

_NUMBER = re.compile(rb"0|[1-9][0-9]{0,9}")
_BLANKS = b" \t"


@dataclass(frozen=True)
class Vitals:
    """The files of the probes: instants in seconds since 1970, but `heartbeat` in seconds since boot; None
    where no number stands. `prompt` is the line of the open one, "" if there is none.
    """

    live_until: int | None = None
    ready_until: int | None = None
    heartbeat: int | None = None
    prompt: str = ""


@dataclass(frozen=True)
class Verdict:
    """`line` is what the probe prints."""

    ok: bool
    line: str


def first_line(content: bytes) -> bytes:
    """As `read -r` of POSIX sh gives it; dash leaves NUL out."""
    return content.partition(b"\n")[0].replace(b"\0", b"").strip(_BLANKS)


def number(line: bytes) -> int | None:
    """A decimal number of at most ten digits; None if it is anything else."""
    return int(line) if _NUMBER.fullmatch(line) else None


def shown(line: bytes) -> str:
    """The prompt's line; "" if a terminal would obey something in it."""
    return "" if any(byte < 32 or byte == 127 for byte in line) else line.decode(errors="replace")


def startup(vitals: Vitals, *, filled: bool, now: int) -> Verdict:
    """Is a live token published?"""
    return _published(vitals, vitals.live_until, filled=filled, now=now)


def readiness(vitals: Vitals, *, filled: bool, now: int) -> Verdict:
    """Does it live for SIDECAR_MIN_VALIDITY yet?"""
    return _published(vitals, vitals.ready_until, filled=filled, now=now)


def liveness(vitals: Vitals, *, boot: int) -> Verdict:
    """Does the loop beat? `boot` is the second of the boot clock."""
    if vitals.heartbeat is None or vitals.heartbeat > boot:
        return Verdict(False, "not alive: no heartbeat since boot")
    age = boot - vitals.heartbeat
    ok = age <= HEARTBEAT_MAX_SECONDS
    return Verdict(ok, f"{'ok' if ok else 'not alive'}: heartbeat {age} s ago")


def _published(vitals: Vitals, until: int | None, *, filled: bool, now: int) -> Verdict:
    limit = until or 0
    live = limit if vitals.live_until is None else vitals.live_until
    ok = False
    if not filled or not live:
        line = "no token published yet"
    elif limit > now:
        ok, line = True, f"token live for {live - now} s"
    elif live > now:
        line = f"token expires in {live - now} s"
    else:
        line = f"token expired {now - live} s ago"
    return Verdict(ok, f"{'ok' if ok else 'not ready'}: {vitals.prompt or line}")
