"""Which token is handed out for a resource: a published one, or one that a turn fetches now."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from sidecar.core import demand
from sidecar.core.audience import Document, expires_on, meant, normal
from sidecar.core.token import Wanted, resource_of
from sidecar.serve.fetching import Fetcher
from sidecar.serve.outcomes import FOR_GOOD
from sidecar.status import Found

RETRY_SECONDS = 5
"""Until a token may be there that is not; clients ask three times or more."""

ENDS_SOON_SECONDS = 600
"""Clients take a token for expired five minutes before it is."""

_CODES = {
    77: "somebody has to sign in or to consent, or whoever has is not allowed here",
    78: "a setting is wrong, or not the one that refresh has: the app, the tenant, the key, the resource",
}
"""What exit codes of a turn mean to who asked for a token."""


@dataclass(frozen=True)
class Desk:
    """What the doors look at. `wanted` are the configured tokens, `on_demand` the resources that may be
    fetched by `fetcher`; without it none are.
    """

    look: Callable[[], Found]
    wanted: Wanted = field(default_factory=dict)
    entra: bool = True
    on_demand: Collection[str] = ()
    fetcher: Fetcher | None = None


class Refused(Exception):
    """No token: why, and after how many seconds it is worth asking again, None if never by itself."""

    def __init__(self, message: str, *, status: int = 400, retry_seconds: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.retry_seconds = retry_seconds


def token_for(desk: Desk, resource: str, found: Found) -> tuple[str, Document]:
    """Name and document of a live token for `resource`.

    :raises Refused: there is none
    """
    chosen = meant(found.published, resource)
    if chosen and found.now < expires_on(chosen[1]):
        _keep(desk, *chosen, found)
        return chosen
    fetched = desk.fetcher is not None and demand.allowed(resource, desk.on_demand)
    configured = _configured(desk, resource)
    if not found.published:
        raise Refused(f"no token is published yet{_why(found, '')}", status=503, retry_seconds=RETRY_SECONDS)
    if configured is not None or (chosen and not fetched):
        state = "has expired and is being renewed" if chosen else "is not published yet"
        name = chosen[0] if chosen else configured or ""
        why = _why(found, name)
        raise Refused(f"the token for {resource} {state}{why}", status=503, retry_seconds=RETRY_SECONDS)
    if desk.fetcher and fetched:
        signin = found.journal.session.signed_in_on
        return _on_demand(desk, desk.fetcher, demand.normalised(resource), signin)
    raise Refused(
        f"no token for {resource} is published: name it in SIDECAR_TOKENS, such as "
        f"name={normal(resource)}/.default, or allow it in SIDECAR_ON_DEMAND"
    )


def _keep(desk: Desk, name: str, token: Document, found: Found) -> None:
    """A token that was fetched on demand is renewed while it is asked for."""
    if desk.fetcher and _demanded(desk, name, token):
        ends_soon = expires_on(token) - found.now < ENDS_SOON_SECONDS
        resource, signin = demand.normalised(str(token["resource"])), found.journal.session.signed_in_on
        desk.fetcher.keep(resource, ends_soon=ends_soon, signin=signin)


def _demanded(desk: Desk, name: str, token: Document) -> bool:
    """Whether this token was fetched on demand, and may be."""
    resource = str(token.get("resource"))
    allowed = name not in desk.wanted and demand.allowed(resource, desk.on_demand)
    return allowed and demand.name_of(resource) == name


def _on_demand(desk: Desk, fetcher: Fetcher, resource: str, signin: int | None) -> tuple[str, Document]:
    outcome = fetcher.fetch(resource, signin=signin)
    found = desk.look()
    chosen = meant(found.published, resource)
    if chosen and found.now < expires_on(chosen[1]):
        return chosen
    state = "is being fetched" if outcome.code is None and not outcome.reason else "could not be fetched"
    message = f"the token for {resource} {state}" + (f": {outcome.reason}" if outcome.reason else "")
    if outcome.code in FOR_GOOD:
        raise Refused(message)
    raise Refused(message, status=503, retry_seconds=outcome.retry_seconds)


def reason(found: Found, resource: str, code: int) -> str:
    """Why a turn for `resource` has ended with this exit code: what the journal says of its token; where it
    says nothing, what the code means.
    """
    said = _why(found, demand.name_of(resource)).removeprefix(": ")
    return said or f"{_CODES.get(code, 'it failed')} (exit code {code}; the log of serve says more)"


def _configured(desk: Desk, resource: str) -> str | None:
    """The name of the token that is set up for `resource`; None if none is."""
    return next(
        (
            name
            for name, scopes in desk.wanted.items()
            if normal(resource) == normal(resource_of(scopes, entra=desk.entra) or " ".join(scopes))
        ),
        None,
    )


def _why(found: Found, name: str) -> str:
    """What is known of the last failure; and whether somebody has to sign in, who is asked in the log."""
    record = found.journal.tokens.get(name)
    error = record.error if record and record.failures else None
    prompt = "somebody has to sign in: see the log" if found.prompt else None
    return "".join(f": {each}" for each in (error or prompt,) if each)
