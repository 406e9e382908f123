"""The one place where texts become HTML."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sidecar.serve.page.html import TEXT_MAX, element, foreign, instant, joined
from tests.page.reading import Page


@given(st.text(), st.text())
def test_no_text_becomes_markup(text: str, value: str) -> None:
    """Neither as content nor as the value of an attribute, in whatever it is put."""
    page = Page(element("p", text, foreign(text), title=value).encode())
    assert page.shapes == [("p", frozenset({"title"})), ("bdi", frozenset())]


def test_markup_of_ours_is_not_escaped_twice() -> None:
    """What `element` made is put into others as it is."""
    assert element("p", joined(["a & b", element("b", "<")])) == "<p>a &amp; b<b>&lt;</b></p>"


def test_names_are_those_of_html() -> None:
    """Words that Python keeps for itself, hyphens, and attributes that stand alone or not at all."""
    made = element("p", class_="x", data_on=5, hidden=True, title=None, inert=False)
    assert made == '<p class="x" data-on="5" hidden></p>'


def test_what_is_not_printed_is_left_out() -> None:
    """Controls, NUL, marks that turn the direction of writing, and halves of letters."""
    assert element("p", "a\0b\x1bc\u202ed\ud800e") == "<p>a b c d e</p>"


def test_huge_text_is_cut() -> None:
    """A field of a megabyte does not make a page of one."""
    assert len(element("p", "x" * 10**6)) == TEXT_MAX + len("<p></p>")


def test_instant_beyond_every_calendar_is_told_as_unknown() -> None:
    """A damaged file may hold any number."""
    assert "an unknown time" in instant(10**18)
