"""The setting that names further tokens: `graph=scope scope arm=scope`."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar import setting_values as values

names = st.from_regex(r"[a-z0-9][a-z0-9_.-]{0,20}", fullmatch=True).filter(
    lambda name: name not in {"token", "token.json", "expires_on", "header", "env"}
)
plain_words = st.text(string.ascii_letters + string.digits + ":/._-", min_size=1, max_size=20)
separators = st.sampled_from([" ", ",", ", ", "\n", " \t "])


@given(
    wanted=st.dictionaries(
        names, st.lists(plain_words, min_size=1, max_size=3, unique=True), min_size=1, max_size=4
    ),
    between=separators,
)
def test_named_tokens_keep_their_own_scopes(wanted: dict[str, list[str]], between: str) -> None:
    """Each name has all the scopes that follow it, also those that another name has too."""
    text = between.join(f"{name}={between.join(scopes)}" for name, scopes in wanted.items())
    assert values.named_scopes(text) == {name: tuple(scopes) for name, scopes in wanted.items()}


def test_scope_said_twice_counts_once() -> None:
    """Within one name."""
    assert values.named_scopes("a= x x y b=x") == {"a": ("x", "y"), "b": ("x",)}


@pytest.mark.parametrize(
    ("value", "fix"),
    [
        ("https://graph.microsoft.com/.default", "give name=scope pairs"),
        ("graph=x graph=y", "'graph' is taken"),
        ("graph=x graph=x", "'graph' is taken"),
        ("token=x", "'token' is taken"),
        ("token.json=x", "taken"),
        ("expires_on=x", "taken"),
        ("header=x", "taken"),
        ("env=x", "taken"),
        ("graph=", "'graph' has no scope"),
        ("graph= arm=x", "'graph' has no scope"),
        ("Graph=x", "small letters"),
        ("graph=x Arm=y", "'Arm=y': names have"),
        ("graph=x ..data=y", "names have"),
        ("graph=x =y", "names have"),
        (f"{'n' * 64}=x", "up to 63"),
        ("", "one or more"),
    ],
)
def test_named_tokens_that_cannot_be_are_refused(value: str, fix: str) -> None:
    """A name is a directory beside our own files; a mistyped one is never taken for a scope."""
    with pytest.raises(ValueError) as refused:
        values.named_scopes(value)
    assert fix in str(refused.value)


@given(value=st.text(max_size=30) | plain_words.map(lambda text: f"{text}=x"))
def test_name_of_a_token_never_leaves_the_token_directory(value: str) -> None:
    """No name that is taken has a slash, a leading dot, or is one of our files."""
    try:
        found = values.named_scopes(value)
    except ValueError:
        return
    for name in found:
        assert name[0] not in "./"
        assert "/" not in name
        assert name not in {"token", "token.json", "expires_on"}
