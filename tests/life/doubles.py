"""A clock that moves when it is told to, and an authority that answers as it is told to."""

from __future__ import annotations

import errno
import json
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from sidecar.adapters.token_cache import TokenCache
from sidecar.adapters.token_dir import Access, Document, TokenDirectory
from sidecar.adapters.token_dir.directory import NOTHING
from sidecar.core.account import Account
from sidecar.core.device_code import Answer, DeviceAuthorization, PollResult
from sidecar.core.grant import Grant
from sidecar.core.schedule import Anchor
from sidecar.core.token import AccessToken, TokenSet
from sidecar.errors import SidecarError, SigninRequired
from sidecar.posix.heart import Heart

TENANT = "11111111-1111-4111-8111-111111111111"
ALICE = Account("alice@contoso.example", "aaaaaaaa-0000-4000-8000-000000000001", TENANT, "alice.home")
MALLORY = Account("mallory@fabrikam.example", "eeeeeeee-0000-4000-8000-000000000005", "other", "mallory.home")


class VirtualClock:
    """Both clocks; sleeping moves both, `leap` only the wall's."""

    def __init__(self, wall: float = 1_700_000_000.0) -> None:
        self.wall = wall
        self.boot = 5000.0
        self.during_sleep: Callable[[float], None] = lambda _seconds: None

    def now(self) -> float:
        """Wall clock."""
        return self.wall

    def anchor(self) -> Anchor:
        """Both."""
        return Anchor(self.wall, self.boot, "boot-1")

    def sleep(self, seconds: float) -> None:
        """Takes no time at all, but moves the clocks."""
        self.during_sleep(seconds)
        self.wall += seconds
        self.boot += seconds

    def leap(self, seconds: float) -> None:
        """Somebody sets the wall clock."""
        self.wall += seconds


class Volume(TokenDirectory):
    """Takes no further generation while it is `full`, and gives none back while it is `read_only`."""

    def __init__(
        self,
        path: Path,
        access: Access,
        *,
        full: Callable[[], bool],
        read_only: Callable[[], bool] = lambda: False,
    ) -> None:
        super().__init__(path, access)
        self._full = full
        self._read_only = read_only

    def publish(
        self, documents: Mapping[str, Document], *, at: Anchor, further: Mapping[str, str] = NOTHING
    ) -> None:
        """As ever, if there is room."""
        self._need_room()
        super().publish(documents, at=at, further=further)

    def rehearse(self) -> None:
        """As ever, if there is room."""
        self._need_room()
        super().rehearse()

    def withdraw(self) -> None:
        """As ever, if it can be written."""
        if self._read_only():
            raise OSError(errno.EROFS, "Read-only file system")
        super().withdraw()

    def _need_room(self) -> None:
        if self._full():
            raise OSError(errno.ENOSPC, "No space left on device")


class Flickering(TokenCache):
    """Fails to write `failing` times, then writes; counts what it wrote."""

    failing = 0
    commits = 0

    def commit(self, account: Account | None, tokens: TokenSet, *, at: Anchor | None = None) -> None:
        """As ever, unless it is to fail."""
        if self.failing:
            self.failing -= 1
            raise OSError(errno.EIO, "Input/output error")
        super().commit(account, tokens, at=at)
        self.commits += 1


class QuietHeart(Heart):
    """Counts beats; without the watchdog, which would end the test run."""

    beats = 0

    def beat(self) -> None:
        """Nothing to write, nothing to arm."""
        self.beats += 1


@dataclass
class ScriptedAuthority:
    """Grants what it is asked for unless told otherwise; keeps what MSAL would keep in the cache.

    `polls` and `renewals` are answered from first to last; when they are empty the person approves
    at the first poll and renewals succeed. `renamed` is whom renewals are for, but for the first
    `renamed_after` ones, until somebody signs in. `frequency_seconds` is how old a sign-in gets; with
    `tells_end` answers say when it ends, or, without a frequency, when it would if it were not used. Nobody
    approves while `away`, a function of the wall clock, says so.
    """

    cache: TokenCache
    clock: VirtualClock
    life_seconds: int = 3600
    person: Account = ALICE
    code_life_seconds: int = 900
    interval_seconds: int = 5
    polls: deque[Answer | SidecarError | Account] = field(default_factory=deque)
    renewals: deque[Exception | None] = field(default_factory=deque)
    codes: deque[SidecarError] = field(default_factory=deque)
    refused_scopes: dict[tuple[str, ...], SidecarError] = field(default_factory=dict)
    revoked: bool = False
    renamed: Account | None = None
    renamed_after: int = 0
    frequency_seconds: float | None = None
    tells_end: bool = False
    away: Callable[[float], bool] = lambda _now: False
    resets: int = 0
    prompts: list[tuple[str, ...]] = field(default_factory=list)
    authorizations: list[DeviceAuthorization] = field(default_factory=list)
    requests: list[tuple[str, float]] = field(default_factory=list)
    poll_times: list[float] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _serial: count[int] = field(default_factory=lambda: count(1))
    _signed_in_at: float = 0.0
    """By the boot clock."""

    def begin_device_flow(self, scopes: tuple[str, ...], *, language: str | None) -> DeviceAuthorization:
        """A new code, unless an error is scripted."""
        del language
        self.requests.append(("devicecode", self.clock.now()))
        if self.codes:
            raise self.codes.popleft()
        self.prompts.append(scopes)
        authorization = DeviceAuthorization(
            user_code=f"CODE{len(self.prompts)}",
            verification_uri="https://login.example/device",
            verification_uri_complete=None,
            expires_on=int(self.clock.now()) + self.code_life_seconds,
            interval_seconds=self.interval_seconds,
        )
        self.authorizations.append(authorization)
        return authorization

    def poll(self, scopes: tuple[str, ...]) -> PollResult:
        """The next scripted answer, or the approval of `person`."""
        self.poll_times.append(self.clock.now())
        script = self.polls.popleft() if self.polls else self.person
        if script is self.person and self.away(self.clock.now()):
            return PollResult(Answer.PENDING)
        if isinstance(script, SidecarError):
            return PollResult(Answer.TROUBLE if script.retryable else Answer.REFUSED, error=script)
        if isinstance(script, Answer):
            return PollResult(script)
        self.revoked, self.renamed = False, None
        self._signed_in_at = self.clock.boot
        return PollResult(Answer.GRANTED, grant=self._grant(scopes, script))

    def prepare(self) -> None:
        """It knows where it is."""

    def renew(self, account: Account, scopes: tuple[str, ...]) -> Grant:
        """The next scripted answer, or a new token."""
        with self._lock:  # as MSAL has its baton
            return self._renew(account, scopes)

    def _renew(self, account: Account, scopes: tuple[str, ...]) -> Grant:
        self.requests.append(("renew", self.clock.now()))
        script = self.renewals.popleft() if self.renewals else None
        if script is not None:
            raise script
        if self.revoked or "refresh_token" not in self.cache_content():
            raise SigninRequired("invalid_grant: revoked")
        if self._seconds_left() <= 0:
            raise SigninRequired(
                "invalid_grant: AADSTS70043", error="invalid_grant", suberror="token_expired", aadsts="70043"
            )
        if scopes in self.refused_scopes:
            raise self.refused_scopes[scopes]
        self.renamed_after -= 1
        if self.renamed is not None and self.renamed_after < 0:
            account = self.renamed
        return self._grant(scopes, account)

    def keep_only(self, account: Account) -> None:
        """One person in the cache."""
        self._write({"account": account.home_account_id, "refresh_token": f"rt{next(self._serial)}"})

    def reset(self) -> None:
        """Nothing is held in memory, but it is counted."""
        self.resets += 1

    def cache_content(self) -> dict[str, str]:
        """What is in the place of MSAL's cache."""
        content = self.cache.msal_cache()._persistence.load()
        return json.loads(content) if content else {}

    def _grant(self, scopes: tuple[str, ...], account: Account) -> Grant:
        serial = next(self._serial)
        self._write({"account": account.home_account_id, "refresh_token": f"rt{serial}"})
        now = int(self.clock.now())
        token = AccessToken(f"at{serial}", now, now + self.life_seconds, None, " ".join(scopes), scopes)
        ends_on = now + int(self._seconds_left()) if self.tells_end else None
        return Grant(token, account, ends_on)

    def _seconds_left(self) -> float:
        """Of the sign-in; of its 90 idle days where nothing ends it."""
        if self.frequency_seconds is None:
            return 90 * 86400
        return self._signed_in_at + self.frequency_seconds - self.clock.boot

    def _write(self, content: dict[str, str]) -> None:
        self.cache.msal_cache()._persistence.save(json.dumps(content))
