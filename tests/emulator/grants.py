"""What was granted to whom: device codes and refresh tokens. Pure state; `now` is given.

Device codes: RFC 8628 section 3.5. Refresh tokens as at Entra: good for every resource, and an old
one stays valid when a new one is given out; or `one-time`, where use of a spent one revokes its
whole family (RFC 9700 section 4.14.2); or `none`, where a refresh gives no new one.
"""

from __future__ import annotations

import enum
import secrets
from dataclasses import dataclass, field
from typing import Literal

from tests.emulator.directory import Tenant, User
from tests.emulator.errors import EntraError

Rotation = Literal["entra", "one-time", "none"]

# No vowels, so no words; nothing that reads like something else (RFC 8628 section 6.1).
_USER_CODE_LETTERS = "BCDFGHJKLMNPQRSTVWXZ2345679"
USER_CODE_LENGTH = 9
REFRESH_TOKEN_LIFE_SECONDS = 90 * 86400


class State(enum.Enum):
    """Of a device code."""

    PENDING = "pending"
    APPROVED = "approved"
    DECLINED = "declined"
    REDEEMED = "redeemed"


@dataclass
class DeviceCode:
    """One prompt. Instants are epoch seconds, `interval` seconds; `tenant` None means any."""

    user_code: str
    client_id: str
    tenant: Tenant | None
    scope: str
    issued_on: float
    expires_on: float
    interval: int
    device_code: str = field(repr=False)
    state: State = State.PENDING
    user: User | None = None
    polled_on: float | None = None

    def is_open(self, now: float) -> bool:
        """Whether somebody can still answer the prompt."""
        return self.state is State.PENDING and now < self.expires_on


@dataclass
class RefreshToken:
    """`family` is the sign-in it stems from, at `signed_in_on`; `refused` the AADSTS number that a use is
    answered with.
    """

    user: User
    client_id: str
    scope: str
    family: str
    issued_on: float
    value: str = field(repr=False)
    spent: bool = False
    refused: EntraError | None = None
    signed_in_on: float | None = None

    @property
    def session_began_on(self) -> float:
        """When the person was last seen."""
        return self.issued_on if self.signed_in_on is None else self.signed_in_on


class Grants:
    """All device codes and refresh tokens ever given out."""

    def __init__(self) -> None:
        self.codes: dict[str, DeviceCode] = {}
        self.refresh_tokens: dict[str, RefreshToken] = {}

    def issue_code(
        self, *, client_id: str, tenant: Tenant | None, scope: str, now: float, life: float, interval: int
    ) -> DeviceCode:
        """A new prompt, open for `life` seconds."""
        code = DeviceCode(
            user_code="".join(secrets.choice(_USER_CODE_LETTERS) for _ in range(USER_CODE_LENGTH)),
            device_code=secrets.token_urlsafe(120),
            client_id=client_id,
            tenant=tenant,
            scope=scope,
            issued_on=now,
            expires_on=now + life,
            interval=interval,
        )
        self.codes[code.device_code] = code
        return code

    def open_codes(self, now: float, user_code: str | None = None) -> list[DeviceCode]:
        """Prompts still waiting for an answer, oldest first; only the one of `user_code` if given."""
        wanted = user_code.strip().upper() if user_code is not None else None
        return [
            code for code in self.codes.values() if code.is_open(now) and wanted in (None, code.user_code)
        ]

    def poll(
        self, device_code: str | None, client_id: str, now: float, *, enforce_interval: bool
    ) -> DeviceCode:
        """The code if it is approved; the caller redeems it.

        :raises EntraError: 70018, 54005, 70020, 65004, 70016 (also as `slow_down`)
        """
        code = self.codes.get(device_code or "")
        if code is None or code.client_id != client_id:
            raise EntraError(70018)
        if code.state is State.REDEEMED:
            raise EntraError(54005)
        if code.state is State.DECLINED:
            raise EntraError(65004)
        if now >= code.expires_on:
            raise EntraError(70020)
        if code.state is State.PENDING:
            previous, code.polled_on = code.polled_on, now
            # Half a second for the network, as it may have brought the last poll late.
            if enforce_interval and previous is not None and now - previous < code.interval - 0.5:
                code.interval += 5
                raise EntraError(70016, error="slow_down")
            raise EntraError(70016)
        return code

    def issue_refresh_token(
        self, *, user: User, client_id: str, scope: str, now: float, after: RefreshToken | None = None
    ) -> RefreshToken:
        """As long as Entra's are: about 1,000 characters. `after` is the one that was used for it."""
        token = RefreshToken(
            user=user,
            client_id=client_id,
            scope=scope,
            family=after.family if after else secrets.token_hex(8),
            issued_on=now,
            signed_in_on=after.session_began_on if after else now,
            value=f"1.{secrets.token_urlsafe(750)}",
        )
        self.refresh_tokens[token.value] = token
        return token

    def redeem(
        self,
        value: str | None,
        client_id: str,
        now: float,
        *,
        rotation: Rotation,
        life: float = REFRESH_TOKEN_LIFE_SECONDS,
        frequency: float | None = None,
    ) -> RefreshToken:
        """The token if it is good; with one-time rotation it is spent from now on.

        :raises EntraError: 70000 unknown or spent, 700082 too old, 70043 the sign-in is, or what it was
            refused with
        """
        token = self.refresh_tokens.get(value or "")
        if token is None or token.client_id != client_id:
            raise EntraError(70000)
        if token.refused is not None:
            raise token.refused
        if token.spent:
            self.refuse(EntraError(70000, "A spent token of its family was used."), family=token.family)
            raise EntraError(70000, "It was redeemed before.")
        if now >= token.issued_on + life:
            raise EntraError(700082)
        if frequency is not None and now >= token.session_began_on + frequency:
            raise EntraError(70043)
        token.spent = rotation == "one-time"
        return token

    def refuse(self, error: EntraError, *, user: User | None = None, family: str | None = None) -> int:
        """Answer every refresh with the present tokens by `error`: of one user, one family, or all.

        Tokens of a later sign-in are good. Returns how many tokens it hit.
        """
        hit = [
            token
            for token in self.refresh_tokens.values()
            if user in (None, token.user) and family in (None, token.family)
        ]
        for token in hit:
            token.refused = error
        return len(hit)
