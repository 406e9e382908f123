"""What the files of a token hold."""

from __future__ import annotations

import json
import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.formats import FORMATS, Document, files_of, variable_prefix

DOCUMENT: Document = {
    "access_token": "eyJ0.e30.c2ln-_",
    "token_type": "Bearer",
    "expires_on": 1790000000,
    "refresh_on": None,
    "resource": None,
    "username": "alice@contoso.example",
}


def test_formats_are_off_unless_asked_for() -> None:
    """Three files to a token, as ever."""
    assert set(files_of({"": DOCUMENT, "graph": DOCUMENT})) == {
        *("token", "token.json", "expires_on"),
        *("graph/token", "graph/token.json", "graph/expires_on"),
    }


def test_files_of_a_token_are_as_promised() -> None:
    """No newline after the token, one after the others; the header is what `curl -H @file` takes."""
    files = files_of({"graph": DOCUMENT}, FORMATS)
    assert files["graph/token"] == "eyJ0.e30.c2ln-_"
    assert json.loads(files["graph/token.json"]) == DOCUMENT
    assert files["graph/expires_on"] == "1790000000\n"
    assert files["graph/header"] == "Authorization: Bearer eyJ0.e30.c2ln-_\n"


def test_env_holds_token_expiry_resource_and_person() -> None:
    """Of a named token with its name in front; what is not known is empty. No quotes where none are needed,
    since docker would take them for a part of the value.
    """
    files = files_of({"": DOCUMENT, "graph": {**DOCUMENT, "username": "bob#EXT#@contoso.example"}}, ["env"])
    assert files["env"].splitlines() == [
        "ACCESS_TOKEN=eyJ0.e30.c2ln-_",
        "ACCESS_TOKEN_EXPIRES_ON=1790000000",
        "ACCESS_TOKEN_RESOURCE=",
        "ACCESS_TOKEN_USERNAME=alice@contoso.example",
    ]
    assert "GRAPH_ACCESS_TOKEN_USERNAME='bob#EXT#@contoso.example'\n" in files["graph/env"]


@given(username=st.text(min_size=1))
def test_no_value_of_env_can_be_anything_but_a_value(username: str) -> None:
    """Names come from the provider: whatever is in one, the shell reads it back and runs nothing, and it is
    one line, as docker would take a second one for a variable.
    """
    env = files_of({"": {**DOCUMENT, "username": username}}, ["env"])["env"]
    assert len(env.splitlines()) == 4
    quoted = env.partition("ACCESS_TOKEN_USERNAME=")[2]
    shown = "".join(each if each.isprintable() else " " for each in username)
    assert shlex.split(quoted) == [shown]


@pytest.mark.parametrize(
    ("name", "prefix"),
    [("", ""), ("graph", "GRAPH_"), ("my-api.v2", "MY_API_V2_"), ("365", "_365_"), ("a_b", "A_B_")],
)
def test_every_name_of_a_token_gives_a_name_of_a_variable(name: str, prefix: str) -> None:
    """No shell takes a digit in front, a dash or a dot."""
    assert variable_prefix(name) == prefix
    assert f"{prefix}ACCESS_TOKEN".isidentifier()
