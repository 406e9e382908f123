"""What the page says, without a browser."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.core.history import Entry, History
from sidecar.core.journal import Journal
from sidecar.core.schedule import Attempts
from sidecar.serve.page.whole import rendered
from sidecar.status import Found
from tests.core.strategies import NOW, journals, json_values, numbers
from tests.page import scenes
from tests.page.reading import Page, Shape
from tests.page.scene import BOOT, Scene
from tests.page.scenes import SCENES

NASTY = (
    "<script>evil()</script>",
    '"><evil onload="x">',
    "' onmouseover='evil()",
    "--><evil>",
    "</title><evil>",
    "]]><evil/>",
    "javascript:evil()",
    "&lt;evil&gt; &#60;evil>",
    "\u202eevil\u2066",
    "\0<evil\0>",
    "<" * 3000,
)
hostile = st.sampled_from(NASTY) | st.text(max_size=40)


def page_of(found: Found) -> Page:
    """As it is sent, read."""
    return Page(rendered(found, boot=BOOT))


@pytest.mark.parametrize(
    ("scene", "title"),
    [
        (scenes.prompt_open, "Sign-in needed – finance/nightly-report-7d4b9c6f5d-x2x9z"),
        (scenes.prompt_early, "Sign-in needed – finance/nightly-report-7d4b9c6f5d-x2x9z"),
        (scenes.all_well, "All 3 tokens are live – Entra token sidecar"),
        (scenes.one_token, "The token is live – Entra token sidecar"),
        (scenes.dying, "A token has expired – Entra token sidecar"),
        (scenes.stopped, "The refresh loop has stopped – Entra token sidecar"),
        (scenes.many, "A renewal is failing – Entra token sidecar"),
        (scenes.empty, "Nobody is signed in – Entra token sidecar"),
    ],
)
def test_title_and_heading_tell_the_state(scene: Callable[[float], Scene], title: str) -> None:
    """So that a tab among others says what is the matter."""
    page = page_of(scene(NOW).found(NOW))
    assert page.title == title
    assert page.headings[0] == ("h1", title.split(" – ")[0])


def test_open_prompt_has_all_that_a_person_decides_by() -> None:
    """Address as a link, code, phrase, who asks, for what, why now, until when."""
    page = page_of(scenes.prompt_open(NOW).found(NOW))
    for words in (
        "HKV7-Q2ZN4",
        "amber otter",
        "Asked by finance/nightly-report-7d4b9c6f5d-x2x9z",
        "For nightly report of the finance team",
        "Why now The tenant limits how long a sign-in lasts.",
        "Valid for 14:22, until 22:27 UTC",
        "https://graph.microsoft.com/.default",
    ):
        assert words in page.text
    assert "https://microsoft.com/devicelogin" in page.addresses


def test_address_that_brings_the_code_is_what_the_link_opens() -> None:
    """The short one is what is read."""
    complete = "https://login.example/device?user_code=HKV7-Q2ZN4"
    prompt = replace(scenes.asked(NOW), verification_uri_complete=complete)
    page = page_of(Scene(prompt=prompt).found(NOW))
    assert complete in page.addresses
    assert complete not in page.text


def test_words_of_the_authority_are_shown_in_another_language() -> None:
    """Its English ones would say all a second time."""
    for words in ("Melden Sie sich an", "To sign in, use a web browser to open the page"):
        page = page_of(Scene(prompt=replace(scenes.asked(NOW), message=words)).found(NOW))
        assert (words in page.text) == words.startswith("Melden")


def test_prompt_whose_code_has_expired_is_not_shown() -> None:
    """A turn that was killed leaves one behind; nobody is sent to a dead code."""
    page = page_of(Scene(prompt=scenes.asked(NOW, left=-1)).found(NOW))
    assert "HKV7" not in page.text
    assert page.headings[0][1] == "Nobody is signed in"


def test_address_that_is_no_web_address_is_only_text() -> None:
    """An odd provider's `javascript:` is neither a link nor in a QR code."""
    prompt = replace(scenes.asked(NOW), verification_uri="javascript:evil()")
    page = page_of(Scene(prompt=prompt).found(NOW))
    assert not [address for address in page.addresses if address.startswith("javascript:")]
    assert ("figure", frozenset({"class"})) not in page.shapes


def test_each_token_says_its_life_and_its_trouble() -> None:
    """The expired one first; the one that was never granted has its advice and where to read more."""
    page = page_of(scenes.dying(NOW).found(NOW))
    assert [words for tag, words in page.headings if tag == "h3"][:3] == ["arm", "token", "vault"]
    assert "Expired 5 min ago, at 22:07 UTC" in page.text
    assert "6 min left of 60 min, until 22:20 UTC" in page.text
    assert "Failing since 22:00 UTC, 7 times. Tried again in 41 s." in page.text
    assert "What to do: Consent is missing" in page.text
    assert "docs/errors.md#aadsts-65001" in page.text


def test_who_is_signed_in_and_what_comes_next() -> None:
    """The facts, in words."""
    page = page_of(scenes.all_well(NOW).found(NOW))
    for words in (
        "Signed in alice@contoso.example",
        "Next renewal in 21 min, at 22:34 UTC",
        "Authority may be away for 41 min",
        "Next sign-in before 2024-01-18 22:13 UTC, as the authority said",
        "Refresh loop alive",
        "Clock no difference worth a warning",
        "45 renewals, 4 failures, 1 sign-in since",
    ):
        assert words in page.text
    page = page_of(replace(scenes.dying(NOW), beat_seconds_ago=400).found(NOW))
    for words in ("readiness is red for 6 min", "no heartbeat for 6 min", "94 s ahead of the authority's"):
        assert words in page.text


def test_heartbeat_of_another_boot_counts_for_nothing() -> None:
    """It lies in the future of the boot clock: no loop has run since."""
    page = page_of(replace(scenes.all_well(NOW), beat_seconds_ago=-5000).found(NOW))
    assert "Refresh loop has not run here" in page.text
    assert page.headings[0][1] == "All 3 tokens are live"


def test_waiting_for_the_next_prompt_is_told() -> None:
    """A token that only a person can mend, and when people are asked."""
    well = scenes.one_token(NOW)
    waits = Attempts(failures=1, error="interaction_required", failed_on=NOW - 60, waits=True)
    journal = replace(well.journal, tokens={"": waits}, prompt_on=NOW + 7200)
    page = page_of(replace(well, journal=journal).found(NOW))
    assert page.headings[0][1] == "Sign-in needed soon"
    assert "Next sign-in asked for in 2 h 0 min" in page.text
    assert "It is renewed after the next sign-in." in page.text


@pytest.mark.parametrize("name", SCENES)
def test_no_token_is_in_the_page(name: str) -> None:
    """Nor anything else that opens a door, but the code of an open prompt."""
    content = rendered(SCENES[name](NOW).found(NOW), boot=BOOT).decode()
    assert scenes.SECRET not in content
    assert ("HKV7" in content or "WDJB" in content) == name.startswith(("prompt", "long"))


def test_page_stays_small_and_is_made_quickly() -> None:
    """Under 30 kB with three tokens and an open prompt; fifty tokens are made in a blink."""
    assert len(rendered(scenes.prompt_early(NOW).found(NOW), boot=BOOT)) < 30_000
    found = scenes.many(NOW).found(NOW)
    begun = time.process_time()
    assert len(rendered(found, boot=BOOT)) < 100_000
    assert time.process_time() - begun < 2


@pytest.fixture(scope="module")
def shapes_of_ours() -> frozenset[Shape]:
    """Every element that a harmless page has, with its attributes."""
    found = [page_of(scene(NOW).found(NOW)).shapes for scene in SCENES.values()]
    return frozenset(shape for shapes in found for shape in shapes)


@settings(max_examples=150)
@given(st.data())
def test_nothing_in_a_file_becomes_markup(shapes_of_ours: frozenset[Shape], data: st.DataObject) -> None:
    """Hostile words in every field of every file: no element and no attribute that is not ours appears."""
    words = [data.draw(hostile) for _ in range(6)]

    def nasty() -> str:
        words.append(words.pop(0))
        return words[0]

    documents = {
        nasty() if named else "": {
            **scenes.token(NOW, left=left),
            **{
                key: nasty()
                for key in ("resource", "scope", "username", "object_id", "tenant_id", "client_id")
            },
        }
        for named, left in ((False, 60), (True, -60))
    }
    attempts = Attempts(failures=2, error=f"AADSTS65001{nasty()}", failed_on=NOW)
    record = {
        key: nasty() for key in ("user_code", "phrase", "host", "purpose", "reason", "awaited", "message")
    }
    record |= {"verification_uri": f"https://{nasty()}", "verification_uri_complete": f"https://{nasty()}"}
    prompt: dict[str, object] = {**record, "scopes": [nasty(), nasty()], "expires_on": NOW + 60}
    entries = tuple(
        Entry(NOW, event, nasty(), nasty(), nasty()) for event in ("refresh.failed", "signin.completed")
    )
    found = Found(
        published=documents,
        journal=Journal(tokens=dict.fromkeys(documents, attempts), signin=attempts),
        prompt=prompt,
        now=NOW,
        history=History(since=NOW, entries=entries),
    )
    page = page_of(found)
    assert set(page.shapes) <= shapes_of_ours
    assert sum(tag == "script" for tag, _ in page.shapes) == 1
    ours = ("https://", "http://", "page.css?", "page.js?", "data:image/svg+xml,")
    assert all(address.startswith(ours) for address in page.addresses)


@given(journals, json_values, st.dictionaries(st.text(max_size=5), json_values, max_size=3))
def test_damaged_files_never_cost_the_page(
    journal: Journal, prompt: object, document: dict[str, object]
) -> None:
    """Whatever JSON they hold, it is made, and parses."""
    usual = {"verification_uri": "https://login.example", "user_code": "CODE"}
    for record in ({**usual, "expires_on": prompt, "scopes": prompt}, {**document, **usual}):
        published: dict[str, object] = {"": {**scenes.token(NOW, left=9), "expires_on": prompt, **document}}
        found = Found(published=published, journal=journal, prompt=record, now=NOW)  # type: ignore[arg-type]
        assert page_of(found).headings[0][0] == "h1"


@settings(deadline=None)
@given(st.sampled_from(["expires_on", "refresh_on"]), numbers | st.booleans())
def test_number_that_no_clock_shows_never_costs_the_page(key: str, number: float) -> None:
    """In the prompt and in a token of which all else is known; one of 400 digits fits no bar and no time."""
    found = scenes.all_well(NOW).found(NOW)
    published = {name: {**document, key: number} for name, document in found.published.items()}
    prompt = {"verification_uri": "https://login.example", "user_code": "CODE", key: number}
    damaged = replace(found, published=published, prompt=prompt)  # type: ignore[arg-type]
    assert page_of(damaged).headings[0][0] == "h1"
