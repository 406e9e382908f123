"""The content of the cache file: nothing is lost in it, and nothing else is taken for it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.account import Account
from sidecar.core.envelope import Remembered, after, from_bytes, to_bytes
from sidecar.core.session import Session
from tests.core.strategies import envelopes, json_values, sessions, token_of

WHOLE = Remembered(
    msal='{"RefreshToken": {}}',
    account=Account("alice", "oid", "tid", "home"),
    tokens={"": token_of(), "arm": token_of(refresh_on=5)},
)
FIELDS: list[tuple[str, ...]] = [
    ("msal",),
    ("account",),
    ("tokens",),
    ("tokens", ""),
    *(("account", name) for name in ("username", "object_id", "tenant_id", "home_account_id")),
    *(
        ("tokens", "arm", name)
        for name in ("secret", "issued_on", "expires_on", "refresh_on", "scope", "requested")
    ),
]


def read_or_refused(content: bytes) -> Remembered | None:
    """What was read; None for a ValueError. Any other exception fails the test."""
    try:
        return from_bytes(content)
    except ValueError:
        return None


def well_typed(found: Remembered) -> bool:
    """Whether the rest of the program may rely on every field."""
    return all(
        isinstance(token.secret, str)
        and type(token.issued_on) is int
        and type(token.expires_on) is int
        and (token.refresh_on is None or type(token.refresh_on) is int)
        and all(isinstance(scope, str) for scope in token.requested)
        for token in found.tokens.values()
    ) and (found.account is None or isinstance(found.account.home_account_id, str))


@given(remembered=envelopes)
def test_what_is_remembered_comes_back(remembered: Remembered) -> None:
    """Any account, any tokens, any content of MSAL's cache."""
    assert from_bytes(to_bytes(remembered)) == remembered


@given(known=sessions)
def test_session_goes_with_the_account_and_without_what_is_of_one_place(known: Session) -> None:
    """What was learned, and what a log has told, is not another replica's."""
    signed_in = after(Remembered(), "", WHOLE.account, {}, None, known)
    assert signed_in.session == Session(known.signed_in_on, known.told)
    assert after(signed_in, "", None, {}, None, known).session == Session()


@given(value=json_values)
def test_session_that_is_missing_or_damaged_costs_no_sign_in(value: object) -> None:
    """Somebody is asked later, nothing more; an older version did not write it."""
    document = json.loads(to_bytes(WHOLE))
    assert from_bytes(json.dumps({**document, "session": value}).encode()) == WHOLE
    del document["session"]
    assert from_bytes(json.dumps(document).encode()) == WHOLE


@given(content=st.binary(max_size=200))
def test_bytes_of_anything_else_are_refused(content: bytes) -> None:
    """A damaged file is a ValueError, by which the caller knows that a prompt is needed."""
    with pytest.raises(ValueError):
        from_bytes(content)


@given(document=json_values)
def test_json_of_anything_else_is_refused(document: object) -> None:
    """Also where it is JSON."""
    with pytest.raises(ValueError):
        from_bytes(json.dumps(document).encode())


@given(where=st.sampled_from(FIELDS), value=json_values)
def test_field_of_another_type_is_refused(where: tuple[str, ...], value: object) -> None:
    """Nothing that has a wrong type gets past the reading, and no other exception either."""
    document: Any = json.loads(to_bytes(WHOLE))
    inner = document
    for name in where[:-1]:
        inner = inner[name]
    inner[where[-1]] = value
    found = read_or_refused(json.dumps(document).encode())
    assert found is None or well_typed(found)


@pytest.mark.parametrize("where", [name for name in FIELDS if len(name) == 3 and name[2] != "refresh_on"])
@pytest.mark.parametrize("value", [None, True, 1.5, 10**12, -(10**400)])
def test_token_with_half_a_field_is_refused(where: tuple[str, str, str], value: object) -> None:
    """A truth value, a fraction or the year 30000 is no instant, and no token has a field missing."""
    document = json.loads(to_bytes(WHOLE))
    document[where[0]][where[1]][where[2]] = value
    assert read_or_refused(json.dumps(document).encode()) is None


@pytest.mark.parametrize("keep", [0.1, 0.5, 0.9])
def test_half_a_file_is_refused(keep: float) -> None:
    """A write that a crash cut off."""
    content = to_bytes(WHOLE)
    assert read_or_refused(content[: int(len(content) * keep)]) is None


@pytest.mark.parametrize(
    "content",
    [b"[" * 200_000, b'{"msal": "' + b"[" * 200_000 + b'"}', b'{"msal": "[]"}', b'{"msal": "{"}', b"{}"],
    ids=["deep", "deep inside", "no object inside", "half an object inside", "empty"],
)
def test_file_without_an_msal_cache_is_refused(content: bytes) -> None:
    """Also one so deeply nested that reading it would overflow."""
    assert read_or_refused(content) is None


ENTRY = {"credential_type": "RefreshToken", "secret": "s", "home_account_id": "a.b", "target": "x"}


@pytest.mark.parametrize(
    "cache",
    [
        {"Account": []},
        {"Account": {"a": "text"}},
        {"Account": {"a": {"username": "alice"}}},
        {"RefreshToken": {"a": ENTRY | {"secret": None}}},
        {"RefreshToken": {"a": ENTRY | {"secret": "\ud800"}}},
        {"RefreshToken": {"a": ENTRY | {"credential_type": "Other"}}},
        {"RefreshToken": {"a": ENTRY | {"home_account_id": 5}}},
        {"RefreshToken": {"a": ENTRY | {"target": None}}},
        {"RefreshToken": {"a": ENTRY | {"last_modification_time": "soon"}}},
        {"AccessToken": {"a": {"credential_type": "AccessToken", "secret": "s"}}},
    ],
    ids=json.dumps,
)
def test_cache_that_msal_cannot_read_is_refused(cache: object) -> None:
    """MSAL would fail on it in every turn to come; refused, it costs one sign-in."""
    assert read_or_refused(json.dumps({"msal": json.dumps(cache)}).encode()) is None


def test_cache_with_kinds_of_entries_to_come_is_read() -> None:
    """A later MSAL may file more than this one knows."""
    msal = json.dumps({"RefreshToken": {"a": ENTRY}, "Later": ["anything"]})
    assert from_bytes(json.dumps({"msal": msal}).encode()).msal == msal


def test_cache_without_tokens_of_its_own_is_read() -> None:
    """The sign-in is worth keeping even if every access token has to be fetched again."""
    assert from_bytes(b'{"msal": "{}"}') == Remembered(msal="{}")


def test_nothing_secret_is_in_the_representation() -> None:
    """A cache in a traceback or a debugger's list shows no token."""
    shown = repr(Remembered(msal='{"secret": "refresh-me"}', tokens={"": token_of()}))
    assert "refresh-me" not in shown
    assert "opaque" not in shown
