"""What another user left in the private directory, or in its place, is neither followed nor waited for."""

from __future__ import annotations

import itertools
import os
from pathlib import Path

import pytest

from tests.torture.access.conftest import Household, needs_root
from tests.torture.access.planting import KINDS, STATE_NAMES, Garden
from tests.torture.access.shares import share
from tests.torture.access.test_readers import check_private
from tests.torture.access.users import SIDECAR, STRANGER
from tests.torture.access.volumes import ROOTS
from tests.torture.figures import count

pytestmark = needs_root

STICKY = next(root for root in ROOTS if root.name == "sticky")

HARMLESS = [kind for kind in KINDS if kind.startswith("link") or kind in ("FIFO", "empty directory")]
HOLDING = [kind for kind in KINDS if kind not in HARMLESS]

# Each name by itself too, with every second kind.
ONE_BY_ONE = [(kind, (name,)) for kind, name in list(itertools.product(KINDS, (*STATE_NAMES, "other")))[::2]]
PLANTED = [*share([(kind, STATE_NAMES) for kind in KINDS], 4), *share(ONE_BY_ONE, 1)]


@pytest.fixture
def garden(outside: Path) -> Garden:
    """The planter is a user of no group that matters."""
    return Garden(outside, STRANGER)


@pytest.mark.parametrize(
    ("kind", "names"), PLANTED, ids=lambda value: value if isinstance(value, str) else "+"
)
def test_planted_while_the_directory_was_open(
    household: Household, garden: Garden, kind: str, names: tuple[str, ...]
) -> None:
    """Links, FIFOs and empty directories under every name that the sidecar uses are removed; what may hold
    something is refused with 78, by its name. No turn waits for a FIFO or writes elsewhere.
    """
    household.sign_in()
    private = household.pod.private
    private.chmod(0o777)
    for name in names:
        garden.plant(private / name, kind)
    role = household.start("refresh")
    if kind in HOLDING:
        assert role.end() == 78, role.output
        (failure,) = role.records("refresh.failed")
        assert any(f" {private / name} " in failure["message"] for name in names)
        assert f"uid {STRANGER.uid}" in failure["message"]
        count("access", "foreign objects refused with 78")
    else:
        awaited = "refresh.signin_required" if "cache" in names else "refresh.scheduled"
        role.wait_for(awaited)
        assert role.stop()[0] == 0
        check_private(household)
        count("access", "planted objects removed", len(names))
    garden.check(household.pod.state, household.entra, except_for=set())


@pytest.mark.parametrize(("kind", "role"), share(itertools.product(KINDS, ["signin", "refresh"]), 5))
def test_planted_in_the_place_of_the_directory(
    household: Household, garden: Garden, kind: str, role: str
) -> None:
    """Before the first start, in a root where everybody may: 78, what was found and what is needed; not a
    byte goes there, and nobody is asked to sign in.
    """
    STICKY.apply(household.pod.state)
    garden.plant(household.pod.private, kind)
    started = household.start(role)
    assert started.end() == 78, started.output
    (failure,) = started.records(f"{role}.failed")
    assert f"{household.pod.private} cannot be kept private" in failure["message"]
    assert "needed: a directory of uid" in failure["message"]
    assert household.entra.requests == []
    garden.check(household.pod.state, household.entra, except_for=set())
    count("access", "foreign objects refused with 78")


@pytest.mark.parametrize("kind", share(["FIFO", "link to a file of the sidecar's", "link to a FIFO"], 2))
def test_planted_directory_full_of_objects(household: Household, garden: Garden, kind: str) -> None:
    """A whole private directory prepared by somebody else: the shell, which runs before any check of the
    directory, neither waits for a FIFO in it nor writes through a link.
    """
    STICKY.apply(household.pod.state)
    garden.plant(household.pod.private, "empty directory")
    for name in STATE_NAMES:
        garden.plant(household.pod.private / name, kind)
    role = household.start("refresh")
    assert role.end() == 78, role.output
    garden.check(household.pod.state, household.entra, except_for=set())


@pytest.mark.parametrize("kind", share(["FIFO", "link to a FIFO", "link to a file of the sidecar's"], 2))
def test_questions_wait_for_no_fifo_and_show_no_file(household: Household, garden: Garden, kind: str) -> None:
    """Probes and `status` come between two turns: what lies in the place of their files is not read."""
    private = household.pod.private
    private.mkdir(mode=0o777)
    private.chmod(0o777)
    os.chown(private, SIDECAR.uid, SIDECAR.gid)
    for name in STATE_NAMES:
        garden.plant(private / name, kind)
    for words in ("probe startup", "probe readiness", "probe liveness", "status", "status --json"):
        running = household.start(*words.split())
        running.end(20)
        assert "sidecar's own" not in running.output, words


def test_device_is_removed(household: Household, garden: Garden) -> None:
    """An endless one in the place of what is read whole fills no memory."""
    household.sign_in()
    for name in ("cache", "journal.json", "history.json", "discovery.json"):
        (household.pod.private / name).unlink()
        os.mknod(household.pod.private / name, 0o020666, os.makedev(1, 5))  # /dev/zero
        count("access", "objects planted")
    role = household.start("refresh")
    role.wait_for("refresh.signin_required")
    assert role.stop()[0] == 0
    check_private(household)
    garden.check(household.pod.state, household.entra, except_for=set())
