"""An authority in one process, told at which request to answer how; and its true answers."""

from __future__ import annotations

import base64
import json
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from sidecar.adapters.discovery import DiscoveryStore
from sidecar.adapters.entra import Entra
from sidecar.adapters.token_cache import TokenCache
from sidecar.core.grant import Authority
from tests.life.doubles import ALICE, VirtualClock
from tests.torture.fuzz.draws import Draws
from tests.torture.fuzz.wire import HOST, Wire, json_answer, raw_answer

CLIENT = "client"
URL = f"https://{HOST}/t"
DISCOVERY = {
    "issuer": f"{URL}/v2.0",
    "authorization_endpoint": f"{URL}/authorize",
    "token_endpoint": f"{URL}/token",
    "device_authorization_endpoint": f"{URL}/devicecode",
}
CODE = {
    "user_code": "ABCD-EFGH",
    "verification_uri": f"https://{HOST}/device",
    "expires_in": 900,
    "interval": 5,
    "message": "Open the page and enter the code.",
}
SUBJECT = "sub"
CLAIMS = {
    "aud": CLIENT,
    "iss": DISCOVERY["issuer"],
    "sub": SUBJECT,
    "oid": ALICE.object_id,
    "tid": ALICE.tenant_id,
    "preferred_username": ALICE.username,
    "exp": 4_000_000_000,
}
CLIENT_INFO = {"uid": "uid", "utid": "utid"}
PENDING = {
    "error": "authorization_pending",
    "error_description": "AADSTS70016: Pending.",
    "error_codes": [70016],
}
REFUSED = {"error": "invalid_grant", "error_description": "AADSTS700082: Expired.", "suberror": "bad_token"}


def encoded(document: object) -> str:
    """base64url of JSON, as in a JWT."""
    return base64.urlsafe_b64encode(json.dumps(document).encode()).decode().rstrip("=")


def token_answer(name: str, claims: object = CLAIMS, client_info: object = CLIENT_INFO) -> dict[str, Any]:
    """What the grant `name` brings; nothing of one is like another's."""
    return {
        "token_type": "Bearer",
        "scope": "https://graph.microsoft.com/.default",
        "expires_in": 3600,
        "ext_expires_in": 3600,
        "refresh_in": 1800,
        "access_token": f"access-secret-{name}",
        "refresh_token": f"refresh-secret-{name}",
        "id_token": f"{encoded({'alg': 'none'})}.{encoded(claims)}.signature-{name}",
        "client_info": encoded(client_info),
    }


@dataclass
class OddAuthority:
    """Answers as `draws` have it; when they have come to an end, or none are left, as it should.

    `nonce` is part of each secret: an input that has learnt what secrets look like would have them told as
    words of an error.
    """

    draws: Draws = field(default_factory=lambda: Draws(b""))
    nonce: str = "x"
    granted: set[str] = field(default_factory=set)
    """The access tokens of answers that are a grant by RFC 6749 section 5.1: 2xx and no `error`."""
    secrets: set[str] = field(default_factory=set)
    serial: int = 0
    latest: str | None = None
    """The only refresh token that still works, as where they work once; None while nobody can know."""
    renewing: bool = False
    worn_out: int = 0
    """How often another one was sent."""

    def __post_init__(self) -> None:
        """The device code is one of the secrets."""
        self._code = CODE | {"device_code": f"device-code-secret-{self.nonce}"}
        self.secrets.add(str(self._code["device_code"]))

    def client(self, cache: TokenCache, clock: VirtualClock, state: Path, *, oidc: bool = False) -> Entra:
        """The product's side, as a new process makes it: HTTP client, guard and MSAL."""
        self.wire = Wire(DiscoveryStore(state / "discovery.json", clock.now))
        self.wire.answer = self.answer
        return Entra(
            authority=Authority(f"{URL}/v2.0" if oidc else URL, oidc=oidc),
            client_id=CLIENT,
            cache=cache.msal_cache,
            transport=self.wire.client,
            clocks=clock.anchor,
        )

    def answer(self, request: urllib.request.Request) -> bytes:
        """The bytes of one answer; the first choice is always the true one."""
        true = self._true(request)
        kind = self.draws.below(8)
        if kind in (0, 1):
            return self._sent(200, true)
        if kind == 2:
            return self._sent(400, self.draws.one_of((PENDING, REFUSED, {}, {"error": "slow_down"})))
        if kind == 3:
            return self._sent(self.draws.one_of((200, 400, 403, 404, 302, 999)), self.draws.mutated(true))
        if kind == 4:
            return self._sent(400, self.draws.mutated(self.draws.one_of((PENDING, REFUSED))))
        if kind == 5:
            return self._sent(200, self.draws.value())
        if kind == 6:
            headers = {"Retry-After": self.draws.one_of(("7", "3600", "9" * 30, self.draws.text()))}
            return raw_answer(self.draws.one_of((429, 503, 500)), b"", headers)
        return raw_answer(200, self.draws.piece())

    def _true(self, request: urllib.request.Request) -> dict[str, Any]:
        path = urlsplit(request.full_url).path
        if request.get_method() == "GET":
            return DISCOVERY
        form = parse_qs(request.data.decode()) if isinstance(request.data, bytes) else {}
        if path.endswith("devicecode") or "grant_type" not in form:
            return self._code
        self.renewing = "refresh_token" in form
        if self.latest is not None and form.get("refresh_token", [self.latest]) != [self.latest]:
            self.worn_out += 1
        claims: object = CLAIMS
        client_info: object = CLIENT_INFO
        if self.draws.sometimes(4):
            claims = self.draws.mutated(CLAIMS)
        if self.draws.sometimes(8):
            client_info = self.draws.mutated(CLIENT_INFO)
        self.serial += 1
        answer = token_answer(f"{self.nonce}-{self.serial}", claims, client_info)
        self.secrets |= {answer[name] for name in ("access_token", "refresh_token", "id_token")}
        return answer

    def _sent(self, status: int, document: object) -> bytes:
        if 200 <= status < 300 and isinstance(document, dict) and "error" not in document:
            token = document.get("access_token")
            if isinstance(token, str):
                self.granted.add(token)
            self._rotate(document)
        return json_answer(document, status=status)

    def _rotate(self, document: dict[str, Any]) -> None:
        """The refresh token of a grant that speaks for Alice, or for nobody, takes the place of the last."""
        told = document.get("id_token", "")
        mine = told == "" or (isinstance(told, str) and told.split(".")[1:2] == [encoded(CLAIMS)])
        token = document.get("refresh_token")
        if isinstance(token, str) and token.startswith("refresh-secret-"):
            # A sign-in that is refused afterwards leaves the one before as it was.
            self.latest = token if mine and self.renewing else None
