"""The prompt as chat messages: whole, within the limits, and nothing in it is obeyed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from slack_sdk.models.blocks import Block

from sidecar.core.prompt import Outcome, Prompt, record, withdrawal
from sidecar.core.prompt_messages import FORMATS, as_json, as_slack, as_teams
from tests.core.prompts import prompt_of
from tests.core.strategies import NOW

PURPOSE = "the <!channel> & *report* [x](https://evil.example) {{DATE(2017-02-14T06:00:00Z)}}"


def prompt(**fields: Any) -> Prompt:
    """With everything that a prompt may say."""
    usual = {"phrase": "brave red kettle", "purpose": "nightly report", "reason": "it was revoked"}
    usual["awaited"] = "alice@contoso.example"
    return replace(prompt_of(), **{**usual, **fields})


def texts(value: object) -> Iterator[str]:
    """Every text below `text`, `value` and `title` in a message."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if isinstance(inner, str) and key in ("text", "value", "title"):
                yield inner
            yield from texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner)


def card_of(message: dict[str, Any]) -> dict[str, Any]:
    """The card of a message for Teams, its wrapping checked."""
    (attachment,) = message["attachments"]
    assert message["type"] == "message"
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    card = attachment["content"]
    assert (card["type"], card["version"]) == ("AdaptiveCard", "1.4")
    assert isinstance(card, dict)
    return card


def check_slack(message: dict[str, Any]) -> None:
    """As Slack's own models see it, with the limits that they know, and those of the documentation."""
    assert message["text"]
    assert 0 < len(message["blocks"]) <= 50
    for block in Block.parse_all(message["blocks"]):
        assert block is not None
        block.validate_json()
    for block in message["blocks"]:
        assert len(block.get("text", {}).get("text", "")) <= 3000
        assert all(len(field["text"]) <= 2000 for field in block.get("fields", ()))


def check_teams(message: dict[str, Any]) -> None:
    """Elements of version 1.4 with all that they require, no key of another one, below 28 KB."""
    card = card_of(message)
    keys = {
        "TextBlock": ({"text"}, {"size", "weight", "wrap", "isSubtle"}),
        "RichTextBlock": ({"inlines"}, set()),
        "FactSet": ({"facts"}, set()),
    }
    for element in card["body"]:
        required, optional = keys[element["type"]]
        assert required <= element.keys() - {"type"} <= required | optional
        assert all(fact.keys() == {"title", "value"} for fact in element.get("facts", ()))
        assert all(run["type"] == "TextRun" and "text" in run for run in element.get("inlines", ()))
    for action in card.get("actions", ()):
        assert action.keys() == {"type", "title", "url"}
        assert re.fullmatch(r"https?://\S+", action["url"])
    assert len(json.dumps(message)) < 28_000


@pytest.mark.parametrize("name", FORMATS)
def test_message_has_all_that_a_person_needs(name: str) -> None:
    """Address, code, who asks, what for, why, the phrase and the time left, in every format."""
    said = json.dumps(FORMATS[name](record(prompt()), NOW), ensure_ascii=False)
    for part in ("https://login.microsoft.com/device", "ABCDEFGHI", "dashboard", "nightly report"):
        assert part in said
    assert "it was revoked" in said
    assert re.sub(r"\\+", "", said).count("alice@contoso.example") == 1
    assert "brave red kettle" in said
    assert "15 min" in said or name == "json"


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("outcome", Outcome)
def test_end_says_how_and_repeats_the_phrase(name: str, outcome: Outcome) -> None:
    """Nobody looks for a code in it; it can be laid beside the message that it ends."""
    end = FORMATS[name](withdrawal(prompt(), outcome, username="alice@contoso.example"), NOW)
    said = json.dumps(end)
    assert "brave red kettle" in said
    if name != "json":
        assert "ABCDEFGHI" not in said
        assert ("alice@contoso.example" in said) == (outcome is Outcome.COMPLETED)


def test_json_is_the_record_itself() -> None:
    """What stands in the log, for receivers of one's own."""
    assert as_json(record(prompt()), NOW) == record(prompt())


def test_slack_calls_nobody_and_links_nowhere_else() -> None:
    """The three characters of its markup are escaped; the code is in a code span, the address a link."""
    message = as_slack(record(prompt(purpose=PURPOSE)), NOW)
    said = json.dumps(message)
    assert "<!channel>" not in said
    assert "&lt;!channel&gt; &amp; *report*" in said
    assert "<https://login.microsoft.com/device>" in said
    assert "`ABCDEFGHI`" in said


@pytest.mark.parametrize("uri", ["javascript:alert(1)", "https://a b", "https://a>|<!channel>"])
def test_strange_addresses_are_never_a_link(uri: str) -> None:
    """They come from an authority, and are shown as text; one with markup in it stays one link."""
    strange = record(prompt(verification_uri=uri))
    said = json.dumps(as_slack(strange, NOW))
    assert f"<{uri}" not in said
    assert "<!channel>" not in said
    if not uri.startswith("https://a>"):
        assert "actions" not in card_of(as_teams(strange, NOW))


def test_teams_obeys_no_markdown_of_others() -> None:
    """Outside text is escaped in facts; address and code are in blocks that know no Markdown."""
    card = card_of(as_teams(record(prompt(purpose=PURPOSE)), NOW))
    (facts,) = [element["facts"] for element in card["body"] if element["type"] == "FactSet"]
    (purpose,) = [fact["value"] for fact in facts if fact["title"] == "For"]
    assert purpose == (
        r"the \<!channel\> & \*report\* \[x\](https://evil.example) \{\{DATE(2017-02-14T06:00:00Z)\}\}"
    )
    runs = [run for element in card["body"] for run in element.get("inlines", ())]
    assert "ABCDEFGHI" in [run["text"] for run in runs]


@pytest.mark.parametrize(
    ("text", "shown"),
    [("- x", r"\- x"), ("1. x", r"1\. x"), ("# x", r"\# x"), ("1-2", "1-2"), ("a-1.b", "a-1.b")],
)
def test_teams_shows_no_list_where_none_is(text: str, shown: str) -> None:
    """And leaves names and ids as they are, as some clients show each backslash."""
    said = as_teams(record(prompt(purpose=text)), NOW)
    assert shown in list(texts(said))


def test_complete_address_is_what_the_button_opens() -> None:
    """RFC 8628 section 3.3.1; what is to be read stays the short one."""
    complete = "https://login.microsoft.com/device?code=ABCDEFGHI"
    card = card_of(as_teams(record(prompt(verification_uri_complete=complete)), NOW))
    assert card["actions"] == [{"type": "Action.OpenUrl", "title": "Open", "url": complete}]


ANY = st.text(max_size=1200) | st.sampled_from([PURPOSE, "&" * 1000, "`" * 40, "|>" * 200])


@given(
    where=ANY,
    purpose=ANY | st.none(),
    reason=ANY | st.none(),
    phrase=ANY,
    uri=ANY | ANY.map(lambda text: f"https://{text}"),
    code=ANY,
    expires_on=st.integers(0, 2**62),
)
def test_no_text_breaks_the_limits_or_the_form(
    where: str, purpose: str | None, reason: str | None, phrase: str, uri: str, code: str, expires_on: int
) -> None:
    """Whatever is said, Slack's models and the card's rules accept it, open and ended."""
    odd = prompt(
        where=where,
        purpose=purpose,
        reason=reason,
        phrase=phrase,
        verification_uri=uri,
        user_code=code,
        expires_on=expires_on,
    )
    for told in (record(odd), withdrawal(odd, Outcome.COMPLETED, username=where)):
        check_slack(as_slack(told, NOW))
        check_teams(as_teams(told, NOW))
        json.dumps(as_json(told, NOW))
