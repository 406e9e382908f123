"""What the status page may have to show, each as a function of now."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from sidecar.adapters.token_dir import Document
from sidecar.core.account import Account
from sidecar.core.history import Entry, History, noted
from sidecar.core.journal import Journal
from sidecar.core.prompt import Prompt
from sidecar.core.schedule import Attempts
from sidecar.core.session import Session, Told
from sidecar.core.token import AccessToken, token_document
from tests.page.scene import Scene

SECRET = "eyJ0eXAi-this-is-the-access-token"
ALICE = Account(
    "alice@contoso.example",
    "00000000-1111-4222-8333-444444444444",
    "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee",
    "home",
)
CLIENT_ID = "11111111-2222-4333-8444-555555555555"
HOUR = 3600
GRAPH, VAULT = "https://graph.microsoft.com", "https://vault.azure.net"
ARM = "https://management.azure.com"
CONSENT = (
    "invalid_grant: AADSTS65001: The user or administrator has not consented to use the application with ID "
    f"'{CLIENT_ID}' named 'Nightly report'. Send an interactive authorization request for this user."
)
AWAY = "the authority cannot be reached: timed out"


def token(now: float, *, left: int, resource: str = GRAPH, life: int = HOUR) -> Document:
    """One that was granted for `life`, so that `left` remains."""
    expires_on = int(now) + left
    granted = AccessToken(SECRET, expires_on - life, expires_on, None, f"{resource}/.default", (resource,))
    return token_document(granted, account=ALICE, client_id=CLIENT_ID, resource=resource)


def renewed(now: float, *, left: int, life: int = HOUR) -> Attempts:
    """The record of such a token."""
    return Attempts(succeeded_on=int(now) + left - life)


def asked(now: float, *, left: int = 862) -> Prompt:
    """An open prompt."""
    return Prompt(
        verification_uri="https://microsoft.com/devicelogin",
        verification_uri_complete=None,
        user_code="HKV7-Q2ZN4",
        expires_on=int(now) + left,
        tenant=ALICE.tenant_id,
        client_id=CLIENT_ID,
        scopes=(f"{GRAPH}/.default",),
        where="finance/nightly-report-7d4b9c6f5d-x2x9z",
        phrase="amber otter",
        purpose="nightly report of the finance team",
        reason="The tenant limits how long a sign-in lasts.",
    )


def past(now: float) -> History:
    """Two days: a sign-in, renewals by the hour, a code that expired, and an hour without the network."""
    history = History()
    begun = now - 26 * HOUR

    def note(at: float, event: str, **fields: str) -> None:
        nonlocal history
        history = noted(history, event, fields, now=at)

    note(begun, "signin.withdrawn", outcome="expired")
    note(begun + 900, "signin.completed", username=str(ALICE.username))
    note(begun + 901, "token.published", tokens="token,arm,vault")
    for hour in range(1, 14):
        for name in ("", "arm", "vault"):
            note(begun + 900 + hour * 2400, "refresh.succeeded", token=name)
        note(begun + 901 + hour * 2400, "token.published", tokens="token,arm,vault")
    for minute in (0, 1, 3, 4):
        note(now - 9000 + minute * 60, "refresh.failed", token="", kind="authority-unreachable", message=AWAY)
    for name in ("", "arm", "vault"):
        note(now - 8000, "refresh.succeeded", token=name)
        note(now - 1400, "refresh.succeeded", token=name)
    return history


def prompt_open(now: float) -> Scene:
    """Nobody has signed in yet."""
    return Scene(prompt=asked(now))


def prompt_early(now: float) -> Scene:
    """The tokens live, and the next sign-in is asked for."""
    return replace(all_well(now), prompt=asked(now))


def all_well(now: float) -> Scene:
    """Three tokens."""
    lives = {"": (2520, GRAPH), "arm": (2520, ARM), "vault": (4310, VAULT)}
    life = {"vault": 5400}
    return Scene(
        documents={
            name: token(now, left=left, resource=resource, life=life.get(name, HOUR))
            for name, (left, resource) in lives.items()
        },
        journal=Journal(
            tokens={n: renewed(now, left=left, life=life.get(n, HOUR)) for n, (left, _) in lives.items()},
            wake_on=int(now) + 1290,
            session=Session(
                signed_in_on=int(now) - 25 * HOUR,
                told=Told(int(now) - 25 * HOUR, int(now) + 65 * 24 * HOUR, fixed=True),
            ),
        ),
        ready_until=int(now) + 2460,
        history=past(now),
    )


def one_token(now: float) -> Scene:
    """The smallest that works."""
    well = all_well(now)
    return replace(well, documents={"": well.documents[""]})


def dying(now: float) -> Scene:
    """One lives for minutes yet and cannot be renewed, one has expired, one was never granted."""
    well = all_well(now)
    tried = Attempts(
        failures=7, retry_on=int(now) + 41, succeeded_on=int(now) - 3200, failed_on=int(now) - 800, error=AWAY
    )
    consent = Attempts(failures=2, retry_on=int(now) + 250, failed_on=int(now) - 700, error=CONSENT)
    return replace(
        well,
        documents={
            "": token(now, left=400),
            "arm": token(now, left=-340, resource=ARM),
        },
        journal=replace(
            well.journal,
            tokens={"": tried, "arm": tried, "vault": consent},
            wake_on=int(now) + 41,
            clock_offset_seconds=94,
        ),
        ready_until=int(now) - 400,
    )


def stopped(now: float) -> Scene:
    """Nothing beats."""
    return replace(all_well(now), beat_seconds_ago=1500)


def many(now: float) -> Scene:
    """Fifty tokens, one of them in trouble."""
    names = [f"team-{number:02}" for number in range(50)]
    left = {name: 300 + 61 * number for number, name in enumerate(names)}
    records = {name: renewed(now, left=left[name]) for name in names}
    records["team-31"] = replace(
        records["team-31"], failures=3, failed_on=int(now) - 90, retry_on=int(now) + 20, error=AWAY
    )
    return replace(
        all_well(now),
        documents={name: token(now, left=left[name], resource=f"api://{name}.contoso") for name in names},
        journal=replace(all_well(now).journal, tokens=records),
    )


def long_names(now: float) -> Scene:
    """Names as long as they may be, without a place to break them, and another direction of writing."""
    name = "a" * 63
    prompt = replace(
        asked(now),
        verification_uri=f"https://{'login.' * 12}example/device",
        user_code="WDJBMJHTQRSTVWXZ",
        where=f"{'n' * 63}/{'p' * 120}",
        purpose="דוח לילי של צוות הכספים",
        scopes=(f"api://{'s' * 150}/.default", "openid"),
    )
    return replace(
        all_well(now),
        documents={name: token(now, left=1500, resource=f"api://{'r' * 200}")},
        journal=replace(all_well(now).journal, tokens={name: Attempts(failures=1, error="x" * 290)}),
        prompt=prompt,
        history=History(
            since=int(now) - 60,
            counts={("refresh.failed", name, "authority-busy"): 1},
            entries=(Entry(int(now) - 60, "refresh.failed", name, "authority-busy", "y" * 290),),
        ),
    )


def empty(_now: float) -> Scene:
    """Before anything ever happened."""
    return Scene(beat_seconds_ago=None)


SCENES: Mapping[str, Callable[[float], Scene]] = {
    scene.__name__: scene
    for scene in (
        prompt_open,
        prompt_early,
        all_well,
        one_token,
        dying,
        stopped,
        many,
        long_names,
        empty,
    )
}
