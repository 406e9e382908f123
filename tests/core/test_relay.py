"""Signals that `exec` hands on: every way in which one can come, and that the command gets it once."""

from __future__ import annotations

import signal

import pytest

from sidecar.core.relay import ECHO_SECONDS, Relay

SHELL, SOMEBODY, KERNEL = 10, 99, 0
TERM, INT = signal.SIGTERM, signal.SIGINT


def came(relay: Relay, signum: int, sender: int, now: float, *, shell: int | None = SHELL) -> bool:
    """One signal; those of the kernel come from process 0."""
    return relay.came(signum, sender=sender, by_kernel=sender == KERNEL, shell=shell, now=now)


def test_what_the_shell_hands_on_is_for_the_command() -> None:
    """Each one: a second TERM means something to many programs."""
    relay = Relay()
    assert [came(relay, TERM, SHELL, now) for now in (0.0, 0.1, 5.0)] == [True, True, True]


@pytest.mark.parametrize("sender", [KERNEL, SOMEBODY])
def test_what_reached_the_whole_group_is_not_given_again(sender: int) -> None:
    """Neither by itself nor as the shell's copy of it, as often as it happens."""
    relay = Relay()
    for now in (0.0, 0.5, 30.0):
        assert not came(relay, INT, sender, now)
        assert not came(relay, INT, SHELL, now + 0.01)


def test_only_one_copy_is_expected() -> None:
    """After Ctrl-C and its copy, an INT to the shell is one of its own."""
    relay = Relay()
    came(relay, INT, KERNEL, 0.0)
    came(relay, INT, SHELL, 0.01)
    assert came(relay, INT, SHELL, 0.02)


def test_a_copy_that_fell_into_one_with_the_first_is_not_waited_for() -> None:
    """The shell's next signal of that number counts again after a moment."""
    relay = Relay()
    came(relay, TERM, SOMEBODY, 0.0)
    assert came(relay, TERM, SHELL, ECHO_SECONDS)


def test_signals_of_other_numbers_are_no_copies() -> None:
    """Ctrl-C at a terminal does not swallow the TERM that follows it."""
    relay = Relay()
    came(relay, INT, KERNEL, 0.0)
    assert came(relay, TERM, SHELL, 0.01)


def test_without_a_shell_whoever_sends_means_the_command() -> None:
    """A shell that was killed hands nothing on; the terminal still tells the whole group."""
    relay = Relay()
    assert came(relay, TERM, SOMEBODY, 0.0, shell=None)
    assert not came(relay, INT, KERNEL, 0.0, shell=None)
