"""Who may use the refresh token, by nobody's clock but one's own."""

from __future__ import annotations

import pytest

from sidecar.core.kubernetes import lease as rule
from sidecar.core.kubernetes.lease import Sighting
from sidecar.core.kubernetes.names import ObjectName
from sidecar.core.kubernetes.objects import Lease
from sidecar.core.schedule import Anchor

NAME = ObjectName("apps", "entra-state")


def at(boot: float, boot_id: str = "b", wall: float = 0.0) -> Anchor:
    """A moment of our boot clock; the wall clock says nothing here."""
    return Anchor(wall, boot, boot_id)


def of(holder: str | None, *, renewed_on: float = 1.0, duration: int = 60, transitions: int = 0) -> Lease:
    """A Lease as somebody left it."""
    return Lease(NAME, "1", holder, duration, 1.0, renewed_on, transitions)


def test_lease_is_over_when_it_was_seen_unchanged_for_its_duration() -> None:
    """The instants in it may be of any clock."""
    lease = of("other", renewed_on=9e9)
    first = rule.sight(lease, None, at(100))
    later = rule.sight(lease, first, at(159))
    assert rule.left_seconds(lease, later, at(159)) == 1
    assert rule.left_seconds(lease, rule.sight(lease, later, at(160)), at(160)) == 0


def test_renewal_begins_the_duration_anew_and_the_holder_is_still_known() -> None:
    """Pauses grow with the holder, and expiry with the renewal."""
    first = rule.sight(of("other", renewed_on=1), None, at(100))
    renewed = of("other", renewed_on=16)
    second = rule.sight(renewed, first, at(150))
    assert rule.left_seconds(renewed, second, at(150)) == 60
    assert second.holder_since == 100


@pytest.mark.parametrize(
    "before", [Sighting("other", "x", 10, 10, "another boot"), Sighting("other", "x", 999, 999, "b")]
)
def test_what_was_seen_in_another_boot_counts_for_nothing(before: Sighting) -> None:
    """It costs one duration at most."""
    seen = rule.sight(of("other"), before, at(100))
    assert (seen.since, seen.holder_since) == (100, 100)


@pytest.mark.parametrize(("duration", "left"), [(0, 1), (-5, 1), (10**9, 300), (60, 60)])
def test_duration_that_somebody_wrote_is_bounded(duration: int, left: float) -> None:
    """Neither a hot loop nor a wait for years."""
    lease = of("other", duration=duration)
    assert rule.left_seconds(lease, rule.sight(lease, None, at(0)), at(0)) == left


@pytest.mark.parametrize(("seen_for", "pause"), [(0, 5), (20, 20), (50, 11), (3600, 60)])
def test_pause_grows_to_a_minute_but_not_past_the_end(seen_for: float, pause: int) -> None:
    """A prompt may be open for an hour, and a dead holder is replaced in time."""
    lease = of("other", renewed_on=seen_for if seen_for > 60 else 1.0)
    seen = rule.sight(lease, rule.sight(of("other"), None, at(0)), at(seen_for))
    held = rule.held(lease, seen, at(seen_for))
    assert held.pause_seconds == pause
    assert held.told is (seen_for > 60)  # an hour of it in the log would hide what matters


def test_ours_and_nobodys_are_free() -> None:
    """Our own is of a turn that crashed."""
    assert rule.free_for(of("me"), "me")
    assert rule.free_for(of(None), "me")
    assert rule.free_for(of(""), "me")
    assert not rule.free_for(of("other"), "me")


def test_transitions_count_changes_of_the_holder() -> None:
    """As client-go counts them."""
    assert rule.taken(of("me", transitions=3), "me", now=5, serial=0).transitions == 3
    assert rule.taken(of("other", transitions=3), "me", now=5, serial=0).transitions == 4
    assert rule.taken(of(None, transitions=3), "me", now=5, serial=0).transitions == 4


def test_released_lease_is_free_and_tells_of_the_state() -> None:
    """So that nobody has to read the Secret again."""
    let_go = rule.released(rule.taken(of(None), "me", now=5, serial=3), now=6, serial=4)
    assert rule.free_for(let_go, "other")
    assert let_go.duration_seconds == 1
    assert rule.serial_of(let_go) == 4
    assert rule.serial_of(rule.taken(let_go, "other", now=7, serial=2)) == 4, "it never falls"


@pytest.mark.parametrize("text", ["", "-1", "x", "9" * 16, "1.5"])
def test_serial_that_is_none_is_nothing(text: str) -> None:
    """Somebody may have edited it."""
    lease = Lease(NAME, "1", annotations={rule.SERIAL: text})
    assert rule.serial_of(lease) == 0


def test_tenure_is_over_once_anybody_had_it() -> None:
    """Taken and let go meanwhile counts: a refresh token may be spent."""
    ours = rule.taken(of(None), "me", now=5, serial=0)
    assert rule.same_tenure(rule.renewed(ours, now=20, serial=0), ours)
    assert not rule.same_tenure(rule.taken(ours, "other", now=20, serial=0), ours)
    assert not rule.same_tenure(rule.released(ours, now=20, serial=0), ours)
    theirs = rule.taken(ours, "other", now=20, serial=0)
    assert not rule.same_tenure(rule.taken(theirs, "me", now=21, serial=0), ours)


def test_who_is_behind_waits_for_five_minutes() -> None:
    """Whoever has something newer may be gone for good."""
    since = rule.behind_since(None, told_serial=5, claim=4, now=at(100))
    assert rule.has_to_wait(since, at(399))
    assert not rule.has_to_wait(rule.behind_since(since, told_serial=5, claim=4, now=at(400)), at(400))
    assert rule.behind_since(since, told_serial=5, claim=5, now=at(200)) is None
    assert rule.behind_since(since, told_serial=5, claim=4, now=at(3)) == 3, "after a reboot it begins anew"
