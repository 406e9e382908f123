"""Templates: strict, told by line, and nothing but values."""

from __future__ import annotations

import json
from collections.abc import Callable
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core import template
from sidecar.core.formats import Document
from sidecar.core.token import AccessToken, token_document
from tests.core.test_token import ALICE

ROOT: Document = {
    "access_token": "root.token",
    "expires_on": 1790000000,
    "refresh_on": None,
    "scope": "a b",
    "username": 'al"ice',
}
GRAPH: Document = {**ROOT, "access_token": "graph/token+=", "expires_on": 1790000001}
DOCUMENTS = {"": ROOT, "graph": GRAPH, "my.api-2": {**ROOT, "access_token": "mine"}}


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("{{ token }}", "root.token"),
        ("{{token}}{{ access_token }}", "root.tokenroot.token"),
        ("{{\ttoken }}", "root.token"),
        ("{{ expires_on }}", "1790000000"),
        ("{{ graph.token }} {{ graph.expires_on }}", "graph/token+= 1790000001"),
        ("{{ my.api-2.token }}", "mine"),
        ("{{ refresh_on }}", ""),
        ("{{ refresh_on | json }}", "null"),
        ("{{ expires_on | json }}", "1790000000"),
        ('{"user":{{ username | json }}}', '{"user":"al\\"ice"}'),
        ("{{ token | base64 }}", "cm9vdC50b2tlbg=="),
        ("{{ token|base64|json }}", '"cm9vdC50b2tlbg=="'),
        ("{{ graph.token | url }}", "graph%2Ftoken%2B%3D"),
        ("{{ scope | shell }}", "'a b'"),
        ('{{ "{{" }} token }}', "{{ token }}"),
        (
            "$token ${token} %(token)s {token} { { token } }",
            "$token ${token} %(token)s {token} { { token } }",
        ),
        ("a }} b\r\n", "a }} b\r\n"),
        ("", ""),
    ],
)
def test_values_are_filled_in(text: str, filled: str) -> None:
    """By the names of `token.json`; what is not between two braces stays, to the byte."""
    assert template.mistakes(text, DOCUMENTS) == []
    assert template.render(text, DOCUMENTS) == filled


def test_keys_are_those_of_the_document() -> None:
    """Every key of `token.json` can be named, and no other: the refresh token is not among them."""
    token = AccessToken("s", 0, 1, None, "", ())
    assert token_document(token, account=ALICE, client_id="c", resource=None).keys() == template.KEYS


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a\n{{ tokn }}", "line 2: 'tokn': there is no such value; there are token, access_token"),
        ("{{ refresh_token }}", "line 1: 'refresh_token': there is no such value"),
        (
            "\n\n{{ arm.token }}",
            "line 3: 'arm.token': SIDECAR_TOKENS names none like that; it names graph, my.api-2",
        ),
        ("{{ token | html }}", "there is no filter 'html'; there are json, base64, url, shell"),
        ("{{ token", "line 1: a `{{` that nothing sound follows"),
        ("{{}}", "a `{{` that nothing sound follows"),
        ("{{ token\n}}", "a `{{` that nothing sound follows"),
        ("{{{ token }}}", "a `{{` that nothing sound follows"),
        ("{{ token.__class__ }}", "'token.__class__': there is no such value"),
        ("{{ token() }}", "a `{{` that nothing sound follows"),
        ("{{ token | }}", "a `{{` that nothing sound follows"),
        ("{{ range .items }}", "a `{{` that nothing sound follows"),
    ],
)
def test_mistake_is_told_with_its_line(text: str, told: str) -> None:
    """And with what would be right."""
    (found,) = template.mistakes(text, DOCUMENTS)
    assert told in found


def test_all_mistakes_are_told_at_once() -> None:
    """Each with its own line."""
    found = template.mistakes("{{ a }}\n{{ token }}\n{{ b }}{{", DOCUMENTS)
    assert [words.partition(":")[0] for words in found] == ["line 1", "line 3", "line 3"]


def test_message_has_an_end() -> None:
    """However long a template is that was never meant to be one."""
    found = template.mistakes("{{ " + "x" * 60_000 + " }}" + "{{" * 5000, DOCUMENTS)
    assert found[-1] == "and 4992 more"
    assert sum(map(len, found)) < 3000


def test_token_without_a_name_needs_its_scopes() -> None:
    """Where there are only named tokens, `{{ token }}` is a mistake that says why."""
    (found,) = template.mistakes("{{ token }}", ["graph"])
    assert "SIDECAR_SCOPES is not set; named ones are graph" in found


def test_template_waits_for_the_token_that_it_names() -> None:
    """A token that is wanted but was not obtained so far."""
    text = "{{ token }} {{ graph.token }}"
    assert template.render(text, {"": ROOT}) is None
    assert template.lacking(text, {"": ROOT}) == ["graph"]
    assert template.lacking(text, DOCUMENTS) == []


def test_what_is_filled_in_is_not_looked_at_again() -> None:
    """A value that looks like a placeholder is a text."""
    forged = {"": {**ROOT, "username": "{{ token }}"}}
    assert template.render("{{ username }}", forged) == "{{ token }}"


def test_values_to_fill_in_are_counted() -> None:
    """Thousands of them would make a file of many megabytes out of a small one."""
    most = "{{ token }}" * template.MAX_PLACEHOLDERS
    assert template.mistakes(most, DOCUMENTS) == []
    assert template.mistakes(f"{most}{{{{ token }}}}", DOCUMENTS) != []


@given(st.text(st.sampled_from('{}|" .\ntokengraphxjs0$\\')) | st.text())
def test_any_text_is_sound_or_has_a_mistake(text: str) -> None:
    """What has none can be filled in; nothing else comes of a text."""
    if not template.mistakes(text, DOCUMENTS):
        filled = template.render(text, DOCUMENTS)
        assert filled is not None
        assert "{{" in text or filled == text


@given(st.text())
@pytest.mark.parametrize(("name", "back"), [("json", json.loads), ("url", None)])
def test_filters_lose_nothing(name: str, back: Callable[[str], str] | None, value: str) -> None:
    """What another program reads back is the value."""
    filtered = template.FILTERS[name](value.encode("utf-8", "replace").decode())
    value = value.encode("utf-8", "replace").decode()
    assert (back(filtered) if back else filtered) == (value if back else quote(value, safe=""))
