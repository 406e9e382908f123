"""Who can read what is published, tried by real users of the machine."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from sidecar.adapters.token_dir import Access, TokenDirectory
from tests.adapters.token_documents import (
    access_token,
    after,
    current,
    document,
    generations,
    mode_and_group,
    names_in,
)
from tests.posix.identities import acting_as, needs_root

pytestmark = needs_root

SIDECAR, APP, STRANGER = 64001, 64002, 64003
GROUP, OTHER_GROUP = 64100, 64200
NAMES = ("token", "token.json", "expires_on", "graph/token", "graph/token.json", "graph/expires_on")


def readable(path: Path) -> list[str]:
    """Which of the published files whoever acts can read, through their public names."""
    found = []
    for name in NAMES:
        try:
            (path / name).read_bytes()
        except PermissionError:
            continue
        found.append(name)
    return found


@pytest.fixture
def documents_in(reachable: Path) -> Path:
    """Published by the sidecar's user with a group that it is a member of."""
    os.chown(reachable, SIDECAR, SIDECAR)
    with acting_as(SIDECAR, SIDECAR, [GROUP]):
        _publish(reachable, Access(group=GROUP))
    return reachable


def _publish(path: Path, access: Access) -> None:
    TokenDirectory(path, access).publish({"": document(1), "graph": document(2)}, at=after(0))


@pytest.mark.parametrize(("gid", "groups"), [(GROUP, []), (APP, [GROUP])], ids=["primary", "supplementary"])
def test_reader_in_the_group_reads_everything(documents_in: Path, gid: int, groups: list[int]) -> None:
    """An app with another user id needs nothing but the group, as its own or as a further one."""
    with acting_as(APP, gid, groups):
        assert readable(documents_in) == list(NAMES)
        assert (documents_in / "token").read_text() == access_token(1)


def test_stranger_reads_nothing(documents_in: Path) -> None:
    """Another user outside of the group can neither read a file nor enter a generation."""
    with acting_as(STRANGER, STRANGER, [OTHER_GROUP]):
        assert readable(documents_in) == []
        with pytest.raises(PermissionError):
            names_in(current(documents_in))


def test_reader_in_the_group_changes_nothing(documents_in: Path) -> None:
    """It can neither write a file, nor add one, nor move `..data`."""
    attempts: list[Callable[[], object]] = [
        lambda: (documents_in / "token").write_text("forged"),
        lambda: (current(documents_in) / "more").touch(),
        lambda: (documents_in / "..data").rename(documents_in / "moved"),
    ]
    with acting_as(APP, APP, [GROUP]):
        for attempt in attempts:
            with pytest.raises(PermissionError):
                attempt()
    assert (documents_in / "token").read_text() == access_token(1)


def test_everyone_reads_if_the_mode_says_so(reachable: Path) -> None:
    """0644: the stranger too; 0600: not even the group."""
    _publish(reachable, Access(0o644, GROUP))
    with acting_as(STRANGER, STRANGER):
        assert readable(reachable) == list(NAMES)
    _publish(reachable, Access(0o600, GROUP))
    with acting_as(APP, GROUP):
        assert readable(reachable) == []


def test_group_of_the_volume_is_inherited(reachable: Path) -> None:
    """As with fsGroup (mode 2777, group set): without a setting the volume's group reads."""
    os.chown(reachable, 0, GROUP)
    reachable.chmod(0o2777)
    with acting_as(SIDECAR, SIDECAR):
        _publish(reachable, Access())
    with acting_as(APP, APP, [GROUP]):
        assert readable(reachable) == list(NAMES)
    with acting_as(STRANGER, STRANGER):
        assert readable(reachable) == []


def test_root_gives_any_group(reachable: Path) -> None:
    """Files and directories alike, with the mode asked for."""
    _publish(reachable, Access(group=GROUP))
    assert {mode_and_group(reachable / name) for name in NAMES} == {(0o640, GROUP)}
    assert mode_and_group(reachable / "graph") == mode_and_group(current(reachable)) == (0o750, GROUP)


def test_group_that_is_not_ours_to_give_is_an_error_without_traces(reachable: Path) -> None:
    """The kernel refuses; what is published stays, and nothing half-made does."""
    os.chown(reachable, SIDECAR, SIDECAR)
    with acting_as(SIDECAR, SIDECAR, [GROUP]):
        _publish(reachable, Access(group=GROUP))
        before = names_in(reachable)
        for _ in range(3):
            with pytest.raises(PermissionError):
                _publish(reachable, Access(group=OTHER_GROUP))
        with pytest.raises(PermissionError):
            TokenDirectory(reachable, Access(group=OTHER_GROUP)).rehearse()
    assert names_in(reachable) == before
    assert len(generations(reachable)) == 1
