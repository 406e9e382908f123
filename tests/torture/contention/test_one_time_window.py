"""Refresh tokens that work once: between a request and its durable save no client survives a kill. That
window, and nothing else, costs a sign-in; nothing worse than a sign-in comes of it.
"""

from __future__ import annotations

import signal
import statistics
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.emulator import Emulator
from tests.emulator.faults import Exchange
from tests.end_to_end.pod import Pod, eventually
from tests.torture import figures
from tests.torture.contention import SUITE
from tests.torture.contention.pods import corruption
from tests.torture.contention.reader import Reader, read
from tests.torture.contention.traced_turn import Call, strace_works, strikable, traced_turn
from tests.torture.scale import FACTOR, scaled

needs_strace = pytest.mark.skipif(not strace_works(), reason="strace is not installed or not permitted")

REFRESH = "token:refresh_token"
SAVES = "/^(write|read|rename|fsync)"
"""The calls that bound the window."""


class Pause:
    """A fault that stops a renewal before the authority has consumed its refresh token, or after."""

    def __init__(self, *, consumed: bool) -> None:
        self.reached, self.over = threading.Event(), threading.Event()
        self._consumed = consumed

    def __call__(self, exchange: Exchange) -> None:
        """Hold it until it is over, and never answer."""
        if self._consumed:
            exchange.process()
        self.reached.set()
        self.over.wait(60)
        exchange.cut()


@pytest.fixture
def pod(new_signed_in: Callable[[int], Pod], entra: Emulator) -> Pod:
    """A signed-in pod at an authority with one-time refresh tokens."""
    pod = new_signed_in(3600)
    entra.policy.rotation = "one-time"
    return pod


def asked_afterwards(pod: Pod, entra: Emulator, *, published: str) -> bool:
    """Go on after a kill as a platform does. Whether a person was asked; then `published` is what apps
    still read while the prompt is open, and the sign-in settles it."""
    role = pod.start("refresh", "--now")
    eventually(lambda: role.records("signin.code_issued") or role.records("refresh.succeeded"), "an outcome")
    prompts = role.records("signin.code_issued")
    for prompt in prompts:
        assert read(pod)[0] == published, "the token that still lives was taken away"
        entra.approve(prompt["user_code"])
        role.wait_for("signin.completed")
    role.wait_for("refresh.scheduled")
    assert role.stop()[0] == 0
    assert len(prompts) <= 1
    assert "Traceback" not in role.output
    assert read(pod)[0] != published
    return bool(prompts)


def sent(calls: Sequence[Call], whole: int) -> bool:
    """Whether all of the request had left, as its `whole` writes."""
    return sum(call.to_the_authority and (call.result or 0) > 0 for call in _writes(calls)) == whole


def saved(calls: Sequence[Call]) -> bool:
    """Whether the new refresh token was under its name."""
    return any(is_save(call) and call.result == 0 for call in calls)


def is_save(call: Call) -> bool:
    """Whether it gives the cache its new content."""
    return call.name.startswith("rename") and "/.cache.new" in call.arguments


def _writes(calls: Sequence[Call]) -> list[Call]:
    return [call for call in calls if call.name == "write"]


def chosen(moments: Sequence[Call]) -> list[Call]:
    """Those around both edges of the window and some of the publication; beyond the bounded form as large
    a share of all as was asked for."""
    request = max(at for at, call in enumerate(moments) if call.to_the_authority)
    save = next(at for at, call in enumerate(moments) if is_save(call))
    wanted = {request - 1, request, request + 1, save - 1, save, save + 1, save + 8, len(moments) - 1}
    if FACTOR:
        wanted |= set(range(0, len(moments), max(1, round(1 / FACTOR))))
    return [moments[at] for at in sorted(wanted)]


@needs_strace
def test_kill_at_a_step_of_a_renewal_costs_a_prompt_within_the_window_only(
    pod: Pod, entra: Emulator, tmp_path: Path
) -> None:
    """SIGKILL on entering each call by which a turn changes the world: before all of the request has left
    and once the cache has its name nobody is asked; in between a person is, and that is all."""
    reference = traced_turn(pod, tmp_path / "trace")
    whole = sum(call.to_the_authority for call in _writes(reference))
    assert whole > 0
    assert saved(reference)
    moments = strikable(reference)
    inside = 0
    for moment in chosen(moments):
        published = read(pod)[0]
        calls = traced_turn(pod, tmp_path / "trace", kill_at=moment.moment)
        assert calls[-1].result is None, f"not killed: {moment}"
        expected = sent(calls, whole) and not saved(calls)
        assert corruption(pod) == []
        published_then = read(pod)[0]
        assert not expected or published_then == published
        asked = asked_afterwards(pod, entra, published=published_then)
        where = "inside" if expected else "before" if not sent(calls, whole) else "after"
        figures.count(SUITE, f"one-time tokens: kills {where} the window")
        figures.count(SUITE, f"one-time tokens: prompts for kills {where} the window", asked)
        assert asked == expected, f"killed {where} the window, at {moment}"
        inside += expected
    assert inside > 0


@pytest.mark.parametrize("consumed", [False, True])
def test_kill_during_the_request_costs_what_the_authority_has_consumed(
    pod: Pod, entra: Emulator, consumed: bool
) -> None:
    """The request has arrived and the turn is killed: a prompt if the authority took the refresh token,
    none if it did not; readers notice neither."""
    pause = Pause(consumed=consumed)
    entra.faults.next(REFRESH, pause)
    with Reader(pod) as reader:
        published = read(pod)[0]
        role = pod.start("refresh", "--now")
        assert pause.reached.wait(30)
        role.signal_turn(signal.SIGKILL)
        assert role.stop()[0] == 0
        pause.over.set()
        assert corruption(pod) == []
        asked = asked_afterwards(pod, entra, published=published)
    where = "inside" if consumed else "before"
    figures.count(SUITE, f"one-time tokens: kills {where} the window")
    figures.count(SUITE, f"one-time tokens: prompts for kills {where} the window", asked)
    assert asked is consumed
    assert reader.report(entra.secrets) == []


@needs_strace
@pytest.mark.serial
def test_window_holds_one_answer_and_one_save(pod: Pod, tmp_path: Path) -> None:
    """From the request's last byte to the durable rename: no second request, one file and one directory
    made durable, and nothing else waits for a disk. Its width is measured."""
    widths, ours = [], []
    for _ in range(scaled(6, 60)):
        calls = traced_turn(pod, tmp_path / "trace", calls=SAVES)
        request = max(at for at, call in enumerate(calls) if call.name == "write" and call.to_the_authority)
        answer = max(at for at, call in enumerate(calls) if call.name == "read" and call.to_the_authority)
        save = next(at for at, call in enumerate(calls) if is_save(call))
        durable = next(at for at in range(save, len(calls)) if calls[at].name == "fsync")
        within = [call for call in calls[answer + 1 : durable + 1] if call.name in ("fsync", "rename")]
        assert request < answer < save < durable
        assert [call.name for call in within] == ["fsync", "rename", "fsync"]
        assert ".cache.new" in within[0].arguments
        widths.append(calls[durable].until - calls[request].at)
        ours.append(calls[durable].until - calls[answer].until)
    width, own = statistics.median(widths) * 1000, statistics.median(ours) * 1000
    fastest, slowest = min(widths) * 1000, max(widths) * 1000
    words = f"{width:.1f} ms, {own:.1f} of it ours (median of {len(widths)}, {fastest:.1f} to {slowest:.1f})"
    figures.say(SUITE, "one-time tokens: width of the window on loopback", words)
    print(words)
