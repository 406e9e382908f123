"""Entra as far as the soak needs it, without a socket: whoever calls meets the same one.

Tokens live for 60 to 90 minutes (learn.microsoft.com, "Configurable token lifetimes": a random value
within that); refresh tokens are replaced at every use and the old ones stay valid; nothing is revoked.
It alone judges which access token is valid: no file of ours is asked.
"""

from __future__ import annotations

import base64
import json
from collections import Counter, deque
from dataclasses import dataclass
from itertools import count
from random import Random
from typing import Any, Protocol

from tests.emulator.errors import EntraError
from tests.emulator.messages import GRANT_DEVICE_CODE, Response
from tests.torture.soak.faults import Failing, Fault
from tests.torture.soak.person import Person
from tests.torture.soak.virtual_time import BEGIN, WatchedClock

HOST = "https://login.microsoftonline.com"
TENANT = "11111111-1111-4111-8111-111111111111"
CLIENT = "22222222-2222-4222-8222-222222222222"
USER = "aaaaaaaa-0000-4000-8000-000000000001"
SCOPE = "https://graph.microsoft.com/.default"

LATENCY_SECONDS = 0.2
SLOW_SECONDS = 8
SILENCE_SECONDS = 60
"""How long a connection stays open without an answer until something on the way ends it."""

CODE_SECONDS = 900


class Faults(Protocol):
    """What every contender meets."""

    def failing(self, after: float) -> Failing | None:
        """The fault of the second that is `after` seconds after the beginning."""
        ...


@dataclass(frozen=True)
class Lives:
    """The lives of tokens in seconds: one of a second's issue, drawn by the seed."""

    seed: int
    shortest: int = 3600
    longest: int = 5400

    def at(self, after: float) -> int:
        """Of a token that is issued `after` seconds after the beginning."""
        return Random(f"{self.seed}/life/{int(after)}").randint(self.shortest, self.longest)


class Provider:
    """One tenant with one person. `calls` are what reached it, `injected` what they met, `codes` the device
    codes that it gave and `worst_minute` the most calls within 60 s: all of it after the first sign-in.
    `impatient` are calls that came before a Retry-After of the same endpoint was over.
    """

    def __init__(self, clock: WatchedClock, faults: Faults, lives: Lives, *, first_serial: int = 1) -> None:
        self.faults = faults
        self.person = Person()
        self.calls = 0
        self.codes = 0
        self.renewals = 0
        self.called_on = 0.0
        self.granted_on: float | None = None
        self.worst_minute = 0
        self.impatient = 0
        self.injected: Counter[Fault] = Counter()
        self.recent_secrets: deque[str] = deque(maxlen=40)
        self._clock = clock
        self._lives = lives
        self._not_before: dict[str, float] = {}
        self._minute: deque[float] = deque()
        self._expiry: dict[str, float] = {}
        self._refresh: set[str] = set()
        self._codes: dict[str, float] = {}
        self._serial = count(first_serial)

    def expiry(self, access_token: str) -> float | None:
        """When an API stops to accept it; None: it never did."""
        return self._expiry.get(access_token)

    def exchange(self, method: str, path: str, form: dict[str, str], *, patience: float) -> Response:
        """One request and its answer; time passes. `patience`: the client's time-out in seconds.

        :raises ConnectionResetError, TimeoutError: there is no answer
        """
        self._count()
        self.impatient += self._clock.wall < self._not_before.get(path, 0.0)
        failing = self.faults.failing(self._clock.wall - BEGIN)
        if failing is None:
            self._clock.sleep(LATENCY_SECONDS)
            return self._answer(method, path, form)
        self.injected[failing.fault] += 1
        answer = self._fail(failing, method, path, form, patience)
        wish = float(answer.headers.get("Retry-After", 0))
        self._not_before[path] = self._clock.wall + wish
        return answer

    def _fail(
        self, failing: Failing, method: str, path: str, form: dict[str, str], patience: float
    ) -> Response:
        wish = {} if failing.retry_after is None else {"Retry_After": str(failing.retry_after)}
        match failing.fault:
            case Fault.SILENCE:
                self._clock.sleep(min(SILENCE_SECONDS, patience))
                if patience < SILENCE_SECONDS:
                    raise TimeoutError("timed out")
                raise ConnectionResetError("the remote end closed the connection without an answer")
            case Fault.SLOW:
                self._clock.sleep(SLOW_SECONDS)
                return self._answer(method, path, form)
        self._clock.sleep(LATENCY_SECONDS)
        match failing.fault:
            case Fault.BUSY:
                return Response.of_html("<h1>503 Service Unavailable</h1>", 503, **wish)
            case Fault.BUSY_JSON:
                return self._refusal(90033, **wish)
            case Fault.THROTTLED:
                return Response.of_html("<h1>429 Too Many Requests</h1>", 429, **wish)
            case Fault.THROTTLED_JSON:
                return self._refusal(90055, **wish)
            case Fault.PORTAL:
                return Response.of_html("<!doctype html><p>Please accept the terms of this network.")
            case Fault.GARBAGE:
                return Response(200, b'{"token_type": "Bearer", "expires_in": 36')
        raise ConnectionResetError("connection reset by peer")

    def _answer(self, method: str, path: str, form: dict[str, str]) -> Response:
        if method == "GET" and path == "/common/discovery/instance":
            return self._instances()
        if method == "GET" and path.endswith("/.well-known/openid-configuration"):
            return self._discovery()
        if path.endswith("/oauth2/v2.0/devicecode"):
            return self._device_code()
        if path.endswith("/oauth2/v2.0/token"):
            return self._token(form)
        return Response.of_html("<h1>404</h1>", 404)

    def _token(self, form: dict[str, str]) -> Response:
        now = self._clock.wall
        if form["grant_type"] != GRANT_DEVICE_CODE:
            return self._grant() if form["refresh_token"] in self._refresh else self._refusal(700082)
        shown_on = self._codes.get(form["device_code"])
        if shown_on is None:
            return self._refusal(70018)
        if now >= shown_on + CODE_SECONDS:
            return self._refusal(70020)
        if not self.person.has_approved(shown_on, now):
            return self._refusal(70016)
        del self._codes[form["device_code"]]
        self.person.is_done()
        return self._grant()

    def _device_code(self) -> Response:
        self.codes += 1
        serial = next(self._serial)
        device_code = f"device-code-{serial}-{'x' * 24}"
        self._codes[device_code] = self._clock.wall
        self.person.sees(self._clock.wall)
        told = {
            "device_code": device_code,
            "user_code": f"CODE{serial:05}",
            "verification_uri": "https://microsoft.com/devicelogin",
            "expires_in": CODE_SECONDS,
            "interval": 5,
            "message": "To sign in, use a web browser to open the page.",
        }
        return Response.of_json(told)

    def _grant(self) -> Response:
        now, serial = self._clock.wall, next(self._serial)
        if self.granted_on is None:
            self.calls = self.codes = self.worst_minute = 0
            self._minute.clear()
        else:
            self.renewals += 1
        self.granted_on = now
        life = self._lives.at(now - BEGIN)
        access = _jwt({"aud": SCOPE, "exp": int(now) + life, "uti": serial})
        refresh = f"refresh-token-{serial}-{'x' * 24}"
        self._expiry[access] = now + life
        self._refresh.add(refresh)
        self.recent_secrets += (access, refresh)
        identity = {"aud": CLIENT, "iss": f"{HOST}/{TENANT}/v2.0", "exp": int(now) + 3600, "iat": int(now)}
        person = {"oid": USER, "sub": USER, "tid": TENANT, "preferred_username": "alice@contoso.example"}
        told = {
            "token_type": "Bearer",
            "scope": SCOPE,
            "expires_in": life,
            "ext_expires_in": life,
            "access_token": access,
            "refresh_token": refresh,
            "id_token": _jwt({**identity, **person, "ver": "2.0"}),
            "client_info": _encoded({"uid": USER, "utid": TENANT}),
        }
        return Response.of_json(told)

    def _discovery(self) -> Response:
        base = f"{HOST}/{TENANT}"
        told = {
            "issuer": f"{base}/v2.0",
            "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
            "token_endpoint": f"{base}/oauth2/v2.0/token",
            "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
        }
        return Response.of_json(told)

    def _instances(self) -> Response:
        name = HOST.removeprefix("https://")
        known = {"preferred_network": name, "preferred_cache": "login.windows.net", "aliases": [name]}
        url = f"{HOST}/{TENANT}/v2.0/.well-known/openid-configuration"
        return Response.of_json({"tenant_discovery_endpoint": url, "metadata": [known]})

    def _refusal(self, code: int, **headers: str) -> Response:
        error = EntraError(code)
        body = error.body(now=self._clock.wall, correlation_id="0", authority=HOST)
        return Response.of_json(body, error.status, error=error.error, **headers)

    def _count(self) -> None:
        now = self.called_on = self._clock.wall
        self.calls += 1
        self._minute.append(now)
        while self._minute[0] <= now - 60:
            self._minute.popleft()
        self.worst_minute = max(self.worst_minute, len(self._minute))


def _encoded(content: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()


def _jwt(claims: dict[str, Any]) -> str:
    """Unsigned: no client looks at the signature, and the provider knows its tokens by heart."""
    return f"{_encoded({'typ': 'JWT', 'alg': 'RS256'})}.{_encoded(claims)}.c2lnbmF0dXJl"
