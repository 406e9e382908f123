"""What the decisions may be handed: lives, tokens, accounts, records, and whatever JSON can say."""

from __future__ import annotations

import json

from hypothesis import strategies as st

from sidecar.core.account import Account
from sidecar.core.envelope import Remembered
from sidecar.core.journal import Journal
from sidecar.core.kubernetes.copies import Copy
from sidecar.core.schedule import Anchor, Attempts
from sidecar.core.session import Experience, Session, Told
from sidecar.core.token import AccessToken

NOW = 1_700_000_000
DAY = 86_400

instants = st.integers(0, 4_000_000_000)
lives = st.integers(1, 30 * DAY)
fractions = st.floats(0.001, 0.8)
spreads = st.floats(-1, 1)
words = st.text(st.characters(codec="ascii", categories=["L", "N", "P"]), min_size=1, max_size=30)
scope_lists = st.lists(words, min_size=1, max_size=3, unique=True).map(tuple)
texts_or_none = st.none() | st.text(max_size=30)

numbers = st.integers() | st.floats() | st.sampled_from([10**400, -(10**400), 10**12, 2**63])
"""As Python's JSON reads them; with some no arithmetic is possible."""

json_values = st.recursive(
    st.none() | st.booleans() | numbers | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)

accounts = st.builds(
    Account,
    username=texts_or_none,
    object_id=texts_or_none,
    tenant_id=texts_or_none,
    home_account_id=st.text(max_size=30),
)

tokens = st.builds(
    AccessToken,
    secret=words,
    issued_on=instants,
    expires_on=instants,
    refresh_on=st.none() | instants,
    scope=st.text(max_size=30),
    requested=scope_lists,
)

copies = st.builds(
    Copy,
    expires_on=instants,
    written_on=st.none() | instants,
    retry_on=instants,
    failures=st.integers(0, 10_000),
    failed_on=st.none() | instants,
    kind=texts_or_none,
    error=texts_or_none,
    trouble=texts_or_none,
    keys=st.lists(words, max_size=3).map(tuple),
    person=texts_or_none,
    withdrawal_owed=st.booleans(),
    short_lived=st.booleans(),
)
"""What is known of one Secret that apps mount."""

tolds = st.builds(Told, told_on=instants, ends_on=instants, fixed=st.booleans())

envelopes = st.builds(
    Remembered,
    msal=st.just("") | st.dictionaries(st.text(max_size=10), st.text(max_size=10)).map(json.dumps),
    account=st.none() | accounts,
    tokens=st.dictionaries(st.text(max_size=10), tokens, max_size=3),
    session=st.builds(Session, signed_in_on=st.none() | instants, told=st.none() | tolds),
)

attempts = st.builds(
    Attempts,
    failures=st.integers(0, 10_000),
    retry_on=instants,
    succeeded_on=instants,
    failed_on=st.none() | instants,
    error=texts_or_none,
    blocked=st.integers(0, 10_000),
    waits=st.booleans(),
)

sessions = st.builds(
    Session,
    signed_in_on=st.none() | instants,
    told=st.none() | tolds,
    experience=st.none()
    | st.builds(
        Experience,
        token=st.text(max_size=10),
        at_least_seconds=lives,
        at_most_seconds=lives,
    ),
    announced_on=st.none() | instants,
)

anchors = st.builds(
    Anchor,
    wall=st.floats(0, 4e9),
    boot=st.floats(0, 4e9),
    boot_id=st.text(max_size=36),
)

journals = st.builds(
    Journal,
    tokens=st.dictionaries(st.text(max_size=10), attempts, max_size=3),
    signin=attempts,
    anchor=st.none() | anchors,
    wake_on=st.none() | instants,
    renewal_owed=st.booleans(),
    session=sessions,
    early=attempts,
    prompt_on=st.none() | instants,
)


def token_of(
    life_seconds: int = 3600,
    *,
    issued_on: int = NOW,
    refresh_on: int | None = None,
    requested: tuple[str, ...] = ("scope",),
) -> AccessToken:
    """A token granted at `issued_on`."""
    return AccessToken(
        secret="opaque",
        issued_on=issued_on,
        expires_on=issued_on + life_seconds,
        refresh_on=refresh_on,
        scope=" ".join(requested),
        requested=requested,
    )
