"""Several writers on the same two directories: one turn at a time, and no refresh token is lost."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from tests.emulator import Emulator
from tests.end_to_end.pod import Pod, Running, eventually
from tests.oidc_provider.provider import OidcProvider
from tests.torture import figures
from tests.torture.contention import SUITE
from tests.torture.contention.reader import Reader, prompts
from tests.torture.contention.turnstile import Turnstile
from tests.torture.scale import scaled

HANGUPS_A_SECOND = 40
HANGUP_FLOOR_SECONDS = 10
SIGNIN_PAUSE_SECONDS = 0.5
TOKEN_LIFE_SECONDS = 16
LOOP_SETTINGS = {"SIDECAR_REFRESH_AT": "0.55", "SIDECAR_MIN_VALIDITY": "1s"}
"""A loop renews within a second or two of half of a token's life, when `signin` does, by its own rule.
The other half is what a slow start of Python may take: starved for longer, the test fails."""

STARTING = threading.Lock()
"""A pod numbers the outputs of its processes, so it starts one at a time."""


def watched(entra: Emulator) -> Turnstile:
    """From now on every request is watched, and refresh tokens work once."""
    entra.policy.rotation = "one-time"
    watch = Turnstile()
    entra.faults.always("*", watch)
    return watch


@contextmanager
def storm(*loops: Running) -> Iterator[None]:
    """SIGHUP to every loop, dozens a second."""
    end = threading.Event()

    def blow() -> None:
        while not end.wait(1 / HANGUPS_A_SECOND):
            for loop in loops:
                loop.process.send_signal(signal.SIGHUP)
                figures.count(SUITE, "hangups sent")

    thread = threading.Thread(target=blow, daemon=True)
    thread.start()
    try:
        yield
    finally:
        end.set()
        thread.join()


def sign_in_again_and_again(pod: Pod, seconds: float) -> list[str]:
    """The role `signin` beside others, one after the other; what each printed."""
    outputs = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with STARTING:
            role = pod.start("signin")
        assert role.end() == 0, role.output
        outputs.append(role.output)
        time.sleep(SIGNIN_PAUSE_SECONDS)
    figures.count(SUITE, "roles `signin` run beside `refresh`", len(outputs))
    return outputs


def ended(*loops: Running) -> list[str]:
    """Stop the loops in good order; what each printed."""
    for loop in loops:
        assert loop.stop()[0] == 0, loop.output
        assert "Traceback" not in loop.output
        assert "no schedule" not in loop.output
        assert loop.records("refresh.failed") == []
    return [loop.output for loop in loops]


def renewals(outputs: list[str]) -> int:
    """How many the roles say they had."""
    return sum(output.count('"refresh.succeeded"') for output in outputs)


@pytest.mark.serial
def test_writers_pass_one_at_a_time_and_never_renew_twice(
    new_signed_in: Callable[[int], Pod], entra: Emulator
) -> None:
    """Two loops and `signin` over and over, two at a time, with short tokens and one-time refresh tokens:
    who waited finds a fresh token and asks for none."""
    pod = new_signed_in(TOKEN_LIFE_SECONDS)
    turnstile = watched(entra)
    with Reader(pod) as reader, ThreadPoolExecutor(2) as both:
        loops = [pod.start("refresh", **LOOP_SETTINGS) for _ in range(2)]
        seconds = scaled(10, 120)
        streams = [both.submit(sign_in_again_and_again, pod, seconds) for _ in range(2)]
        outputs = [output for stream in streams for output in stream.result()]
        before = len(turnstile.renewed_at)
        assert before > 0
        # Now the loops have it to themselves.
        eventually(lambda: len(turnstile.renewed_at) > before, "one more renewal")
    outputs += ended(*loops)
    figures.count(SUITE, "renewals by writers side by side", renewals(outputs))
    figures.highest(SUITE, "requests at once, at most", turnstile.most)
    figures.count(SUITE, "refresh tokens used twice", turnstile.used_twice)
    figures.count(SUITE, "prompts where none may be", prompts(outputs))
    assert turnstile.most == 1
    assert turnstile.used_twice == 0
    assert turnstile.shortest_pause() > TOKEN_LIFE_SECONDS / 4, "the same token was renewed twice"
    assert len(turnstile.renewed_at) == turnstile.passed == renewals(outputs)
    assert prompts(outputs) == 0
    assert reader.report(entra.secrets) == []


@pytest.mark.serial
def test_storm_of_hangups_renews_once_in_ten_seconds(
    new_signed_in: Callable[[int], Pod], entra: Emulator
) -> None:
    """Dozens of hangups a second to both loops: each renews every ten seconds at most, never both at once."""
    pod = new_signed_in(3600)
    turnstile = watched(entra)
    loops = pod.start("refresh"), pod.start("refresh")
    for loop in loops:
        loop.wait_for("refresh.scheduled")
    started = time.monotonic()
    seconds = scaled(14, 90)
    with storm(*loops), Reader(pod) as reader:
        # Every loop has its turn, and then none of them another before its time.
        eventually(lambda: all(loop.records("refresh.succeeded") for loop in loops), "a renewal by each")
        eventually(lambda: time.monotonic() - started > seconds, "the end of the storm", seconds + 1)
        at_most = len(loops) * (1 + (time.monotonic() - started) // HANGUP_FLOOR_SECONDS)
    outputs = ended(*loops)
    figures.highest(SUITE, "requests at once, at most", turnstile.most)
    figures.count(SUITE, "refresh tokens used twice", turnstile.used_twice)
    figures.count(SUITE, "renewals by writers side by side", renewals(outputs))
    figures.count(SUITE, "prompts where none may be", prompts(outputs))
    assert turnstile.most == 1
    assert turnstile.used_twice == 0
    assert len(loops) <= len(turnstile.renewed_at) == renewals(outputs) <= at_most
    assert prompts(outputs) == 0
    assert reader.report(entra.secrets) == []


@pytest.mark.serial
def test_certified_provider_never_sees_a_refresh_token_again(
    provider_pod: Pod, provider: OidcProvider
) -> None:
    """Two loops, `signin` and storms of hangups, at a provider that voids the grant for one reuse."""
    loops = [provider_pod.start("refresh", **LOOP_SETTINGS) for _ in range(2)]
    for loop in loops:
        loop.wait_for("refresh.scheduled")
    with Reader(provider_pod) as reader, storm(*loops):
        outputs = sign_in_again_and_again(provider_pod, scaled(14, 120))
    outputs += ended(*loops)
    figures.count(SUITE, "renewals at the certified provider", renewals(outputs))
    figures.count(SUITE, "reuse seen by the certified provider", provider.reuse_detected())
    figures.count(SUITE, "prompts where none may be", prompts(outputs))
    assert provider.reuse_detected() == 0
    assert provider.requests()["token:refresh_token"] == renewals(outputs) >= len(loops)
    assert prompts(outputs) == 0
    assert reader.report(provider.secrets()) == []
