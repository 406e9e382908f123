"""Whom a signal by name is for."""

from __future__ import annotations

import pytest

from sidecar.core.signal_target import Seen, SignalTarget, topmost
from sidecar.setting_values import signal_target

NGINX = [
    Seen(10, 1, "nginx", "nginx: master process nginx -g daemon off;"),
    Seen(11, 10, "nginx", "nginx: worker process"),
    Seen(12, 10, "nginx", "nginx: worker process"),
    Seen(20, 1, "python3", "/usr/bin/python3"),
    Seen(30, 1, "a-very-long-nam", "/opt/a-very-long-name-indeed"),
]


def test_master_is_told_and_not_its_workers() -> None:
    """They have the same name, and the master knows what to do with them."""
    assert topmost(NGINX, "nginx", spared=()) == [10]


def test_name_is_the_kernels_or_the_programs() -> None:
    """The kernel keeps 15 characters of it."""
    assert topmost(NGINX, "python3", spared=()) == [20]
    assert topmost(NGINX, "a-very-long-name-indeed", spared=()) == [30]


def test_several_of_a_name_are_all_told() -> None:
    """Two servers of one pod."""
    other = Seen(40, 1, "nginx", "nginx: master process")
    assert topmost([*NGINX, other], "nginx", spared=()) == [10, 40]


def test_nobody_else_is_told() -> None:
    """Neither those spared nor a name that only begins alike."""
    assert topmost(NGINX, "nginx", spared={10}) == []
    assert topmost(NGINX, "ngin", spared=()) == []


@pytest.mark.parametrize(
    ("text", "signal", "target"),
    [
        ("HUP", "HUP", None),
        ("sighup:nginx", "HUP", "nginx"),
        ("USR1:/run/app.pid", "USR1", "/run/app.pid"),
        ("usr2:42", "USR2", "42"),
        ("HUP:", "HUP", None),
    ],
)
def test_signal_and_whom_it_is_for(text: str, signal: str, target: str | None) -> None:
    """As `kill` and `docker kill` write signals, with or without SIG."""
    assert signal_target(text) == SignalTarget(signal, target)


@pytest.mark.parametrize(
    "text", ["KILL:nginx", "9", "HUP nginx", "HUP:0", "HUP:1", "HUP:99999999999", ":nginx"]
)
def test_what_no_app_should_get_is_a_mistake(text: str) -> None:
    """KILL renews nothing; 0 would be our own group, 1 the first process of a container."""
    with pytest.raises(ValueError, match="give a"):
        signal_target(text)
