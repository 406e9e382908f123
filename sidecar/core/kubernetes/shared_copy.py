"""The sealed cache as it lies in a Secret, and who is right where it differs from what lies here.

The copy is the cache file, byte for byte, and a serial that grows with every write. What decides, in this
order:

1. What was written here and never arrived goes first, if the Secret is still as it was before.
2. A higher serial is newer.
3. Where both have gone on, the one whose sign-in the authority has answered later: its ID tokens say when, by
   the authority's clock.
4. What nobody can use, or is not there, is written from here.
5. No sign-in gives way to none, unless its account is not allowed any more.
"""

from __future__ import annotations

import base64
import enum
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from sidecar.core.envelope import Remembered
from sidecar.core.kubernetes.objects import Secret
from sidecar.core.kubernetes.shared_record import Record
from sidecar.core.lifetime import moved, moved_between, never_longer
from sidecar.core.schedule import LEAP_SECONDS, Anchor
from sidecar.core.token import AccessToken, TokenSet

CACHE, SERIAL = "cache", "serial"
"""The keys of the Secret."""

MANAGED_BY = ("app.kubernetes.io/managed-by", "entra-token-sidecar")
WRITTEN_BY = "entra-token-sidecar/written-by"
WRITTEN_ON = "entra-token-sidecar/written-on"


class Step(enum.Enum):
    """What to do about a difference."""

    NOTHING = "nothing"
    ADOPT = "adopt"
    SHARE = "share"
    LEAVE = "leave"


@dataclass(frozen=True)
class Copy:
    """What the Secret holds. `content` is None if there is nothing that anybody could use."""

    content: bytes | None
    serial: int
    written_by: str | None = None
    written_on: float | None = None

    @property
    def digest(self) -> str | None:
        """None without a content."""
        return None if self.content is None else digest_of(self.content)


NO_COPY = Copy(None, 0)
"""Of a Secret that is not there."""


def digest_of(content: bytes) -> str:
    """Tells one content from another."""
    return hashlib.sha256(content).hexdigest()


def copy_in(secret: Secret) -> Copy:
    """What lies in it, without a look at whether it is sound."""
    serial = secret.data.get(SERIAL, b"").strip()
    return Copy(
        content=secret.data.get(CACHE) or None,
        serial=int(serial) if serial.isdigit() and len(serial) <= 15 else 0,
        written_by=secret.annotations.get(WRITTEN_BY),
        written_on=_instant(secret.annotations.get(WRITTEN_ON, "")),
    )


def secret_with(secret: Secret, content: bytes, *, serial: int, by: str, now: float) -> Secret:
    """The Secret as it is to be written; what it has beside ours stays."""
    return replace(
        secret,
        data={**secret.data, CACHE: content, SERIAL: str(serial).encode()},
        labels={**secret.labels, MANAGED_BY[0]: MANAGED_BY[1]},
        annotations={
            **secret.annotations,
            WRITTEN_BY: by,
            WRITTEN_ON: f"{datetime.fromtimestamp(now, UTC):%Y-%m-%dT%H:%M:%SZ}",
        },
    )


def step(copy: Copy, local: str | None, record: Record, *, ours_is_newer: Callable[[], bool]) -> Step:
    """`local` is the digest of the file here, None if there is none of use; `ours_is_newer` compares what is
    in both.
    """
    if copy.content is None:
        return Step.NOTHING if local is None else Step.SHARE
    owed = local is not None and local != record.local
    if copy.digest == local or (copy.digest == record.remote and not owed and local is not None):
        return Step.NOTHING
    if local is None:
        return Step.ADOPT
    if owed and copy.digest == record.remote and copy.serial == record.serial:
        return Step.SHARE
    if not owed and copy.serial > record.serial:
        return Step.ADOPT
    return Step.SHARE if ours_is_newer() else Step.ADOPT


def answered_later(ours: Remembered, theirs: Remembered) -> bool:
    """Whether the authority's last answer in `ours` came after the one in `theirs`. Where it gives no ID
    tokens, the clocks of those who saved have to do.
    """
    mine, other = _answered_on(ours), _answered_on(theirs)
    if mine is not None and other is not None and mine != other:
        return mine > other
    if (mine is None) is not (other is None):
        return mine is not None
    return (ours.told_at.wall if ours.told_at else 0) > (theirs.told_at.wall if theirs.told_at else 0)


def loses(ours: Remembered, theirs: Remembered) -> bool:
    """Whether `theirs` is of a pod that found nothing and is about to ask, while we have a sign-in. One that
    was given up is lost to all.
    """
    return ours.account is not None and theirs.account is None and not theirs.withdrawn


def shift_seconds(
    told_at: Anchor | None, written_on: float | None, looked: Anchor | None, now: Anchor
) -> float:
    """By how much instants of whoever wrote the copy have to be moved to go by our wall clock; 0 where both
    may well agree, or nobody can tell.

    On the same machine both clocks tell. From another one it was written between our last look and this one:
    what its clock says beyond that is its clock's mistake, or ours. It is taken to be as old as it may be,
    so that a token ends sooner and never later.
    """
    if told_at is not None and told_at.boot_id == now.boot_id:
        # The moment between two readings would cost each token a second, and each Secret a write.
        shift = (now.wall - told_at.wall) - (now.boot - told_at.boot)
        return shift if moved_between(told_at, now) else 0.0
    if written_on is None or looked is None or looked.boot_id != now.boot_id:
        return 0.0
    looked_on = now.wall - (now.boot - looked.boot)
    if looked_on - LEAP_SECONDS <= written_on <= now.wall + LEAP_SECONDS:
        return 0.0
    return looked_on - written_on


def by_our_clock(tokens: TokenSet, *, shift: float, now: Anchor) -> dict[str, AccessToken]:
    """The tokens of another machine by our wall clock; one that would still be of the future is over."""
    return {
        name: never_longer(moved(token, int(shift // 1)) if shift else token, told_at=None, now=now)
        for name, token in tokens.items()
    }


def _answered_on(remembered: Remembered) -> int | None:
    """When the authority last gave an ID token, by its clock (OpenID Connect Core 1.0 section 2, `iat`)."""
    try:
        entries = json.loads(remembered.msal)["IdToken"].values()
        return max((on for entry in entries if (on := _issued_on(entry)) is not None), default=None)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _issued_on(entry: Mapping[str, str]) -> int | None:
    try:
        payload = entry["secret"].split(".")[1]
        issued_on = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["iat"]
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError):
        return None
    return int(issued_on) if isinstance(issued_on, int | float) and abs(issued_on) < 10**12 else None


def _instant(text: str) -> float | None:
    try:
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError):
        return None
