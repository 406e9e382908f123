"""The history in words: what is told, what is left out, and what becomes one line."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.history import REMEMBERED, Entry, History, noted
from sidecar.core.history_words import DAY_SECONDS, Line, days, totals

MIDNIGHT = 19_675 * DAY_SECONDS


def lines(*entries: Entry) -> list[Line]:
    """Of all days, the latest first."""
    return [line for day in days(History(entries=entries)) for line in day.lines]


def test_renewals_in_a_row_are_one_line() -> None:
    """Of several tokens too, each named once; the unnamed one is `token`."""
    entries = [
        Entry(MIDNIGHT + hour * 3600, "refresh.succeeded", name) for hour in (1, 2, 3) for name in ("", "arm")
    ]
    (line,) = lines(*entries)
    assert (line.words, line.times, line.tokens) == ("Renewed", 6, ("token", "arm"))
    assert (line.first_on, line.last_on) == (MIDNIGHT + 3600, MIDNIGHT + 3 * 3600)


def test_latest_stands_first_and_each_day_by_itself() -> None:
    """Renewals around midnight are two lines of two days."""
    entries = [
        Entry(MIDNIGHT - 60, "refresh.succeeded"),
        Entry(MIDNIGHT + 60, "refresh.succeeded"),
        Entry(MIDNIGHT + 90, "refresh.failed", message="away"),
    ]
    found = days(History(entries=tuple(entries)))
    assert [day.on for day in found] == [MIDNIGHT, MIDNIGHT - DAY_SECONDS]
    assert [line.words for line in found[0].lines] == ["The renewal failed", "Renewed"]


def test_failures_with_other_words_stay_apart() -> None:
    """What somebody has to read is never folded into something else."""
    kinds = (("", "away"), ("", "away"), ("arm", "no consent"))
    entries = [
        Entry(MIDNIGHT + i, "refresh.failed", name, "k", words) for i, (name, words) in enumerate(kinds)
    ]
    assert [(line.message, line.times) for line in lines(*entries)] == [("no consent", 1), ("away", 2)]


def test_entry_that_stands_for_several_is_counted_as_such() -> None:
    """The history itself keeps an outage as one entry."""
    entries = [
        Entry(MIDNIGHT + 900, "refresh.failed", "arm", "k", "away", times=7, first_on=MIDNIGHT + 60),
        Entry(MIDNIGHT + 960, "refresh.failed", "", "k", "away"),
    ]
    (line,) = lines(*entries)
    assert (line.times, line.first_on, line.last_on) == (8, MIDNIGHT + 60, MIDNIGHT + 960)


def test_publication_beside_a_renewal_or_a_sign_in_is_no_news() -> None:
    """It comes before `signin.completed`. One by itself is news: tokens came back from the cache."""
    signed_in = [Entry(MIDNIGHT, "token.published"), Entry(MIDNIGHT, "signin.completed", message="alice")]
    assert [line.words for line in lines(*signed_in)] == ["Signed in"]
    renewed = Entry(MIDNIGHT, "refresh.succeeded")
    result, later = Entry(MIDNIGHT + 1, "token.published"), Entry(MIDNIGHT + 5000, "token.published")
    assert [line.words for line in lines(renewed, result)] == ["Renewed"]
    assert [line.words for line in lines(renewed, later)] == ["Tokens published", "Renewed"]


def test_end_of_a_prompt_is_told_once() -> None:
    """A code that expired has no other entry; a sign-in has."""
    completed = Entry(MIDNIGHT, "signin.withdrawn", detail="completed")
    signed_in = Entry(MIDNIGHT, "signin.completed", message="alice@contoso.example")
    expired = Entry(MIDNIGHT - 900, "signin.withdrawn", detail="expired")
    found = lines(expired, completed, signed_in)
    assert [(line.words, line.message) for line in found] == [
        ("Signed in", "alice@contoso.example"),
        ("A code expired unused", ""),
    ]


def test_totals_count_over_all_tokens() -> None:
    """In the number that the words need."""
    history = History()
    for event, name in (("refresh.succeeded", ""), ("refresh.succeeded", "arm"), ("signin.completed", "")):
        history = noted(history, event, {"token": name}, now=MIDNIGHT)
    assert totals(history) == (("renewals", 2), ("failures", 0), ("sign-in", 1))


@given(
    st.lists(
        st.builds(Entry, st.integers(0, 10**12), st.sampled_from(sorted(REMEMBERED)), st.text(), st.text())
    )
)
def test_every_failure_is_counted_in_some_line(entries: list[Entry]) -> None:
    """Whatever order a damaged clock gave them: folding loses none."""
    told = sum(line.times for line in lines(*entries) if line.words == "The renewal failed")
    assert told == sum(entry.event == "refresh.failed" for entry in entries)
