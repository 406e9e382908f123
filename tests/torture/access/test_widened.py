"""What a platform widens between two turns is narrowed by the next one; what can't be is refused."""

from __future__ import annotations

import itertools
import os

import pytest

from tests.torture.access.conftest import Household, needs_root
from tests.torture.access.shares import share
from tests.torture.access.test_readers import check_private
from tests.torture.access.users import APP, OTHERS, SIDECAR, STRANGER, TOKEN_GROUP
from tests.torture.access.volumes import WIDENINGS, files_of, tree, widen
from tests.torture.figures import count

pytestmark = needs_root


@pytest.mark.parametrize("name", share(WIDENINGS, 2))
def test_widened_modes_are_narrowed_by_the_next_turn(household: Household, name: str) -> None:
    """Files and subdirectory, of both volumes, whatever was done to them; it costs nobody a sign-in."""
    household.sign_in()
    pod = household.pod
    (pod.private / "cache.damaged-1").write_bytes(b"an earlier cache")
    for path in (pod.tokens, pod.state):
        widen(path, WIDENINGS[name])
    assert any(user.readable([pod.private / "cache"]) for user in OTHERS), "nothing was widened"
    household.turn()
    check_private(household)
    files = files_of(tree(pod.tokens / (pod.tokens / "..data").readlink()))
    assert len(files) == 6
    for user in OTHERS:
        allowed = TOKEN_GROUP in (user.gid, *user.groups)
        assert user.readable(files) == (set(files) if allowed else set()), user.name
        assert user.writable(files) == set(), user.name
    assert household.entra.count("devicecode") == 1
    count("access", "volumes widened and narrowed again", 2)
    count("access", "prompts caused by it", 0)


def test_part_of_a_generation_that_was_widened_is_replaced(household: Household) -> None:
    """One file or directory is enough: the next turn publishes what only the group reads."""
    household.sign_in()
    tokens = household.pod.tokens
    for name in ("token.json", "arm/token", "arm", "."):
        (tokens / (tokens / "..data").readlink() / name).chmod(0o777)
        household.turn()
        found = tree(tokens / (tokens / "..data").readlink())
        assert {path.stat().st_mode & 0o7777 for path in found} == {0o640, 0o750}, name


@pytest.mark.parametrize(
    ("name", "mode"), share(itertools.product(["", "cache", "lock", "cache.damaged-1"], [0o666, 0o600]), 3)
)
def test_what_belongs_to_somebody_else_is_refused_by_name(household: Household, name: str, mode: int) -> None:
    """78: the path, whose it is, its mode, and what to do; nothing is read of it and nobody is asked."""
    household.sign_in()
    requests = len(household.entra.requests)
    path = household.pod.private / name
    path.touch()
    path.chmod(mode | (0o111 if path.is_dir() else 0))
    os.chown(path, APP.uid, APP.gid)
    role = household.start("refresh")
    assert role.end() == 78, role.output
    (failure,) = role.records("refresh.failed")
    assert f"{path} " in failure["message"]
    assert f"uid {APP.uid}, gid {APP.gid}, mode {path.stat().st_mode & 0o7777:04o}" in failure["message"]
    assert f"uid {SIDECAR.uid}" in failure["message"] + failure["advice"]
    assert "emove it" in failure["advice"]
    assert len(household.entra.requests) == requests
    os.chown(path, SIDECAR.uid, SIDECAR.gid)
    household.turn()
    check_private(household)
    assert household.entra.count("devicecode") == 1
    count("access", "foreign objects refused with 78")


def test_hard_link_made_while_open_shows_nothing_later(household: Household) -> None:
    """A second name of the cache, made in the volume's root by somebody else, is narrowed with it."""
    pod = household.pod
    pod.state.chmod(0o777)
    household.sign_in()
    widen(pod.private, WIDENINGS["chmod a+rwX"])
    kept = pod.state / "kept"
    assert STRANGER.does('ln "$1" "$2"', pod.private / "cache", kept).returncode == 0
    assert STRANGER.readable([kept]) == {kept}
    household.turn("--now", event="refresh.succeeded")
    assert STRANGER.readable([kept]) == STRANGER.writable([kept]) == set()
    assert STRANGER.readable([pod.private / "cache"]) == set()
