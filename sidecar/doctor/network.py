"""The checks of the way to the authority, and of what it says of the tenant and the app."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property

from sidecar.adapters.entra.preflight import Preflight
from sidecar.adapters.http import HttpClient
from sidecar.adapters.http.connection import Route, addresses_of, handshake, issuer_shown, route_to
from sidecar.core.checkup import Check, Outcome
from sidecar.core.grant import Authority
from sidecar.core.judgement import (
    from_error,
    judge_certificate,
    judge_clock,
    judge_made_up,
    judge_poll,
)
from sidecar.doctor.skipped import Skipped
from sidecar.errors import AuthorityUntrusted, SidecarError
from sidecar.posix.clock import Clock
from sidecar.settings import Settings


class OneRun:
    """Keeps documents for this run alone: each run of `doctor` asks anew."""

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}

    def fresh(self, url: str) -> str | None:
        """Of this run."""
        return self._texts.get(url)

    stale = fresh

    def keep(self, url: str, text: str) -> None:
        """In memory."""
        self._texts[url] = text

    def forget(self) -> None:
        """Nothing is kept."""
        self._texts.clear()

    outdate = forget


class Network:
    """A step that failed has the later ones left out: they would say the same again."""

    def __init__(self, settings: Settings, *, wrong: set[str], clock: Clock) -> None:
        self._settings = settings
        self._wrong = wrong
        self._clock = clock
        self._documents = OneRun()
        self._offset: float | None = None
        self._failed: str | None = None
        self._given: bool = False

    def checks(self) -> Mapping[str, Callable[[], Check]]:
        """By name, each with what it needs."""
        return {
            "proxy": lambda: self._step("proxy", self.proxy),
            "dns": lambda: self._step("dns", self.dns),
            "tls": lambda: self._step("tls", self.tls),
            "discovery": lambda: self._step("discovery", self.discovery),
            "clock": lambda: judge_clock(self._offset),
            "device_code": lambda: self._step("device_code", self.device_code),
            "scopes": self.scopes,
            "public_client": self.public_client,
        }

    def proxy(self) -> Check:
        """Which way requests take."""
        try:
            route = self._route
        except ValueError as error:
            return Check("proxy", Outcome.FAIL, str(error), "Give HTTPS_PROXY as http://host:port.")
        if route.proxy is None:
            return Check("proxy", Outcome.PASS, f"none: {route.host}:{route.port} is connected to directly")
        return Check("proxy", Outcome.PASS, f"{route.proxy[0]}:{route.proxy[1]} (HTTPS_PROXY)")

    def dns(self) -> Check:
        """The next hop's name; behind a proxy nobody here has to know the authority's."""
        host = self._route.next_hop[0]
        found = addresses_of(host)
        more = f" and {len(found) - 3} more" if len(found) > 3 else ""
        return Check("dns", Outcome.PASS, f"{host} is {', '.join(found[:3])}{more}")

    def tls(self) -> Check:
        """Connection and certificate."""
        try:
            shaken = handshake(self._route, ca_file=self._settings.ca_file)
        except AuthorityUntrusted as error:
            issuer = issuer_shown(self._route)
            return from_error("tls", error, beside=f"; issued by {issuer}" if issuer else "")
        except SidecarError as error:
            proxy = self._route.proxy
            return from_error("tls", error, beside=f", through {proxy[0]}:{proxy[1]}" if proxy else "")
        return judge_certificate(
            shaken.version, shaken.issuer, expires_on=shaken.expires_on, now=self._clock.now()
        )

    def discovery(self) -> Check:
        """The tenant, or the issuer, is there."""
        self._entra.prepare()
        return Check("discovery", Outcome.PASS, f"{self._settings.authority_url} is there")

    def device_code(self) -> Check:
        """Asked for as a sign-in does, for the first token. Nobody is shown the code; it expires unused."""
        self._need_client()
        scopes = next(iter(self._tokens.values()))
        self._entra.begin_device_flow(scopes)
        self._given = True
        return Check(
            "device_code", Outcome.PASS, f"given for {' '.join(scopes)} (not shown; it just expires)"
        )

    def scopes(self) -> Check:
        """One code for each further token; a fresh client each, since the first one's is still polled."""
        further = list(self._tokens.items())[1:]
        if not further:
            raise Skipped("no further token is wanted")
        self._need_code()
        refused: list[SidecarError] = []
        for name, scopes in further:
            try:
                self._client().begin_device_flow(scopes)
            except SidecarError as error:
                refused.append(error)
                error.message = f"{name}: {error.message}"
        if refused:
            seen = "; ".join(error.message for error in refused)
            return Check("scopes", Outcome.FAIL, seen, refused[0].advice)
        names = ", ".join(name for name, _ in further)
        return Check("scopes", Outcome.PASS, f"accepted at the device code endpoint: {names}")

    def public_client(self) -> Check:
        """One poll, and one refresh token that never existed."""
        self._need_code()
        scopes = next(iter(self._tokens.values()))
        if check := judge_poll(self._entra.poll(scopes)):
            return check
        return judge_made_up(self._entra.refusal_of_made_up_token(scopes))

    def _step(self, name: str, check: Callable[[], Check]) -> Check:
        if self._failed:
            raise Skipped(f"{self._failed} failed")
        for setting in ("AZURE_AUTHORITY_HOST", "SIDECAR_OIDC_AUTHORITY", "SIDECAR_CA_FILE"):
            if setting in self._wrong:
                raise Skipped(f"{setting} is wrong")
        if name == "discovery" and "AZURE_TENANT_ID" in self._wrong:
            self._failed = "discovery"
            raise Skipped("AZURE_TENANT_ID is missing or wrong")
        try:
            made = check()
        except Skipped:
            raise
        except Exception:
            self._failed = name
            raise
        if made.outcome is Outcome.FAIL:
            self._failed = name
        return made

    def _need_client(self) -> None:
        if "AZURE_CLIENT_ID" in self._wrong:
            raise Skipped("AZURE_CLIENT_ID is missing or wrong")
        if not self._tokens:
            raise Skipped("SIDECAR_SCOPES is missing or wrong")

    def _need_code(self) -> None:
        if not self._given:
            raise Skipped("no device code was given")

    def _heard(self, authority_now: float) -> None:
        self._offset = self._clock.now() - authority_now

    @property
    def _tokens(self) -> dict[str, tuple[str, ...]]:
        unnamed = {"": self._settings.scopes} if self._settings.scopes else {}
        return {**unnamed, **self._settings.tokens}

    @cached_property
    def _route(self) -> Route:
        return route_to(self._settings.authority_url)

    @cached_property
    def _entra(self) -> Preflight:
        return self._client()

    def _client(self) -> Preflight:
        settings = self._settings
        return Preflight(
            authority=Authority(settings.authority_url, oidc=settings.oidc_authority is not None),
            client_id=settings.client_id,
            cache=lambda: None,
            transport=HttpClient(documents=self._documents, ca_file=settings.ca_file, heard_time=self._heard),
            clocks=self._clock.anchor,
        )
