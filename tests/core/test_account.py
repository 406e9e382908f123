"""Who signed in, and whether that one may."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.account import (
    Account,
    Admission,
    account_after_renewal,
    account_from_claims,
    awaited,
    objection,
)
from tests.core.strategies import accounts, json_values

TENANT = "11111111-2222-4333-8444-abcdefabcdef"
OID = "aaaaaaaa-0000-4000-8000-00000000000a"
ALICE = Account("Alice@Contoso.Example", OID.upper(), TENANT.upper(), "alice.home")
NOBODY = Account(None, None, None, "nobody.home")


@pytest.mark.parametrize("known_as", ["alice@contoso.example", OID])
def test_user_is_known_by_name_and_by_object_id(known_as: str) -> None:
    """Either admits, whatever the case in which Entra spells it."""
    assert objection(ALICE, Admission(users=frozenset({known_as, "bob"}))) is None


def test_user_who_is_not_listed_is_refused_by_name() -> None:
    """The log says who came, so that somebody can be asked."""
    refused = objection(ALICE, Admission(users=frozenset({"bob@contoso.example"})))
    assert refused is not None
    assert refused.message == "user Alice@Contoso.Example is not allowed"
    assert "SIDECAR_ALLOWED_USERS" in refused.advice


def test_tenant_counts_whatever_its_case() -> None:
    """GUIDs are written in both cases."""
    assert objection(ALICE, Admission(tenants=frozenset({TENANT}))) is None


def test_other_tenant_is_refused_even_for_a_listed_user() -> None:
    """A user name of another tenant opens nothing."""
    admission = Admission(users=frozenset({"alice@contoso.example"}), tenants=frozenset({"other"}))
    refused = objection(ALICE, admission)
    assert refused is not None
    assert refused.message == f"tenant {TENANT.upper()} is not allowed"
    assert "SIDECAR_ALLOWED_TENANTS" in refused.advice


@given(account=accounts)
def test_empty_admission_lets_anyone_in(account: Account) -> None:
    """No list, no restriction."""
    assert objection(account, Admission()) is None


@pytest.mark.parametrize(
    ("admission", "refused"),
    [
        (Admission(users=frozenset({"alice"})), "user unknown is not allowed"),
        (Admission(users=frozenset({""})), "user unknown is not allowed"),
        (Admission(tenants=frozenset({TENANT})), "tenant unknown is not allowed"),
    ],
)
def test_account_without_claims_passes_no_list(admission: Admission, refused: str) -> None:
    """An account that says nothing about itself is nobody, not anybody."""
    objected = objection(NOBODY, admission)
    assert objected is not None
    assert objected.message == refused


HOME = "99999999-2222-4333-8444-abcdefabcdef"
GUEST = Account("bob@fabrikam.example", "b", TENANT, f"b.{HOME}")


@pytest.mark.parametrize("tenants", [frozenset(), frozenset({TENANT})])
def test_guest_is_refused_with_the_tenant_of_home(tenants: frozenset[str]) -> None:
    """Being let into a tenant is not being one of its people."""
    refused = objection(GUEST, Admission(tenants=tenants))
    assert refused is not None
    assert refused.message == f"bob@fabrikam.example is a guest, at home in tenant {HOME}"


@pytest.mark.parametrize(
    "admission",
    [
        Admission(users=frozenset({"b"}), tenants=frozenset({TENANT})),
        Admission(users=frozenset({"bob@fabrikam.example"})),
        Admission(tenants=frozenset({TENANT, HOME})),
    ],
)
def test_guest_who_is_named_is_let_in(admission: Admission) -> None:
    """By object id, by name, or by the tenant of home."""
    assert objection(GUEST, admission) is None


@pytest.mark.parametrize("key", ["b", f"b.{TENANT.upper()}", "b-policy.other", ""])
def test_key_that_names_no_other_tenant_makes_no_guest(key: str) -> None:
    """MSAL's key is `uid.utid` where Entra sent client_info, something else where it did not."""
    assert objection(Account("bob", "b", TENANT, key), Admission()) is None


def test_second_account_does_not_take_over() -> None:
    """What apps get does not become somebody else's by whoever is first at the prompt."""
    bob = Account("bob", "b", TENANT, "")
    refused = objection(bob, Admission(), known=ALICE)
    assert refused is not None
    assert refused.message == "Alice@Contoso.Example is signed in here, and bob is somebody else"
    assert objection(ALICE, Admission(), known=ALICE) is None
    assert objection(bob, Admission(users=frozenset({"b", OID})), known=ALICE) is None


@pytest.mark.parametrize(
    ("users", "known", "name"),
    [
        ((), None, None),
        ((), ALICE, ALICE.username),
        (("bob@contoso.example",), None, "bob@contoso.example"),
        (("bob@contoso.example",), ALICE, "bob@contoso.example"),
        (("bob@contoso.example", "carol@contoso.example"), ALICE, None),
        ((OID,), None, None),
        ((OID,), ALICE, ALICE.username),
        ((OID.replace("a", "b"),), ALICE, None),
        (("carol",), ALICE, None),
    ],
)
def test_prompt_awaits_one_person_by_name_where_nobody_else_is_let_in(
    users: tuple[str, ...], known: Account | None, name: str | None
) -> None:
    """An object id is a name of nobody's, unless it is the one that has signed in before."""
    assert awaited(Admission(users=frozenset(users)), known) == name


def test_entra_accounts_are_known_by_oid_and_tid() -> None:
    """`sub` differs from app to app in Entra, `oid` does not."""
    claims = {"preferred_username": "a@b", "upn": "old@b", "oid": "o", "sub": "s", "tid": "t"}
    assert account_from_claims(claims, home_account_id="h", entra=True) == Account("a@b", "o", "t", "h")


def test_accounts_of_other_providers_are_known_by_sub() -> None:
    """A claim named like Entra's has no meaning elsewhere, and there are no tenants."""
    claims = {"upn": "a@b", "oid": "forged", "sub": "s", "tid": "forged"}
    assert account_from_claims(claims, home_account_id="h", entra=False) == Account("a@b", "s", None, "h")


@pytest.mark.parametrize("entra", [True, False])
def test_name_that_a_renewal_leaves_out_is_the_one_of_the_signin(entra: bool) -> None:
    """Many providers repeat `sub` alone; that renames nobody, and locks nobody out."""
    known = Account("alice", "a", TENANT if entra else None, "alice.home")
    assert account_after_renewal(known, {"sub": "a", "oid": "a"}, entra=entra) == known


def test_renewal_shows_a_new_name_and_another_person() -> None:
    """Both are for the caller to judge."""
    claims = {"preferred_username": "smith", "oid": "b", "tid": "t"}
    assert account_after_renewal(ALICE, claims, entra=True) == Account("smith", "b", "t", "alice.home")


@given(
    claims=st.dictionaries(
        st.sampled_from(["preferred_username", "upn", "oid", "sub", "tid"]), json_values, max_size=5
    ),
    entra=st.booleans(),
)
def test_claims_of_another_type_are_no_claims(claims: dict[str, object], entra: bool) -> None:
    """A number, a list or an empty text as a name is as good as none."""
    account = account_from_claims(claims, home_account_id="h", entra=entra)
    for value in (account.username, account.object_id, account.tenant_id):
        assert value is None or (isinstance(value, str) and value and value in claims.values())
