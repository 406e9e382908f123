"""The prompt in its three forms: a banner, a record, a line for the probes."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.banner import banner
from sidecar.core.prompt import probe_line, prompt_for, record
from tests.core.prompts import authorization, prompt_of
from tests.core.strategies import NOW

outside = st.text(max_size=60) | st.just("a\r\nb\x1b[2Jc\x00d\u2028e\u202ef\x9bg\tline")


def test_banner_fits_80_columns_and_lets_the_code_be_selected() -> None:
    """Ordinary values break no line; address and code end theirs, so that a double click gets them."""
    lines = banner(prompt_of(), now=NOW).splitlines()
    assert max(map(len, lines)) <= 80
    assert "  1. Open   https://login.microsoft.com/device" in lines
    assert "  2. Enter  ABCDEFGHI" in lines
    assert "  The code is valid for 15 min, until 22:28 UTC." in lines


def test_banner_names_who_asks_for_what() -> None:
    """A person decides by pod, app, tenant and every scope, and is warned."""
    text = banner(prompt_of(), now=NOW)
    for words in (
        "Asked by  reporting-dashboard-backend-7d4b9c6f5d-x2x9z\n",
        "App       11111111-2222-4333-8444-555555555555\n",
        "Tenant    aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee\n",
        "Scopes    https://graph.microsoft.com/.default\n            https://graph.microsoft.com/Mail.Read\n",
        "Sign in only if you started this yourself.\n",
    ):
        assert words in text


def test_banner_names_the_one_person_who_is_awaited() -> None:
    """Where two identities prompt side by side it is a third step; else there are two."""
    alone = replace(prompt_of(), awaited="alice@contoso.example")
    lines = banner(alone, now=NOW).splitlines()
    assert "  3. As     alice@contoso.example" in lines
    assert record(alone)["awaited"] == "alice@contoso.example"
    assert "3. " not in banner(prompt_of(), now=NOW)


def test_banner_without_a_tenant_has_no_line_for_it() -> None:
    """Other providers have none."""
    prompt = prompt_for(authorization(), tenant=None, client_id="app", scopes=("openid",), where="pod")
    assert "Tenant" not in banner(prompt, now=NOW)


@pytest.mark.parametrize(("left", "minutes"), [(900, 15), (870, 14), (61, 1), (20, 1), (-5, 1)])
def test_banner_never_says_zero_minutes(left: int, minutes: int) -> None:
    """A code that is shown late is still worth a try."""
    assert f"valid for {minutes} min" in banner(prompt_of(expires_on=NOW + left), now=NOW)


@given(uri=outside, complete=st.none() | outside, code=outside, message=st.none() | outside, where=outside)
def test_nothing_from_outside_forges_a_line(
    uri: str, complete: str | None, code: str, message: str | None, where: str
) -> None:
    """Banner, record and probe line keep their number of lines and hold no control character."""
    said = authorization(
        verification_uri=uri, verification_uri_complete=complete, user_code=code, message=message
    )
    prompt = prompt_for(said, tenant="t", client_id="c", scopes=("s",), where=where)
    lines = banner(prompt, now=NOW).splitlines()
    assert len(lines) == len(banner(prompt_of(), now=NOW).splitlines()) - 1
    assert all(line.isprintable() for line in lines)
    assert probe_line(prompt).isprintable()
    texts = [value for value in record(prompt).values() if isinstance(value, str)]
    assert all(text.isprintable() for text in texts)


def test_endless_answers_are_cut() -> None:
    """A provider cannot flood the log or an Event through the prompt."""
    prompt = prompt_of(
        verification_uri="u" * 10**6,
        verification_uri_complete="v" * 10**6,
        user_code="c" * 10**6,
        message="m" * 10**6,
    )
    assert len(probe_line(prompt)) < 1000
    assert len(json.dumps(record(prompt))) < 3000


def test_record_has_the_keys_of_the_contract_and_no_device_code() -> None:
    """One event with stable keys; null where the provider said nothing."""
    assert record(prompt_of(message="Besuchen Sie …")) == {
        "event": "signin.code_issued",
        "version": 1,
        "verification_uri": "https://login.microsoft.com/device",
        "verification_uri_complete": None,
        "user_code": "ABCDEFGHI",
        "expires_on": NOW + 900,
        "tenant_id": "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee",
        "client_id": "11111111-2222-4333-8444-555555555555",
        "scopes": ["https://graph.microsoft.com/.default", "https://graph.microsoft.com/Mail.Read"],
        "host": "reporting-dashboard-backend-7d4b9c6f5d-x2x9z",
        "phrase": "",
        "purpose": None,
        "reason": None,
        "awaited": None,
        "message": "Besuchen Sie …",
    }


def test_probe_line_carries_all_that_an_event_needs() -> None:
    """Address, code and expiry, on one line."""
    assert probe_line(prompt_of()) == (
        "sign-in needed: open https://login.microsoft.com/device and enter ABCDEFGHI before 22:28 UTC"
    )
