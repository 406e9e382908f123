"""Who can read and change what lies in the two directories, whatever the volumes' roots allow."""

from __future__ import annotations

import pytest

from tests.posix.identities import umask
from tests.torture.access.conftest import Household, needs_root
from tests.torture.access.shares import share
from tests.torture.access.users import OTHERS, SIDECAR, TOKEN_GROUP, User
from tests.torture.access.volumes import ROOTS, Root, files_of, folders_of, tree

pytestmark = needs_root

MASKS = (0o000, 0o077)
MODES = ("0640", "0600", "0644", "0604")

# In an order in which the even shares have different roots, modes and masks.
EVERY = [(root, MODES[(n + m) % 4], mask) for m in range(4) for mask in MASKS for n, root in enumerate(ROOTS)]
CASES = share(EVERY, 5)


def may_read_tokens(user: User, mode: int) -> bool:
    """By the mode of the files and the group of SIDECAR_TOKEN_GROUP."""
    if TOKEN_GROUP in (user.gid, *user.groups):
        return bool(mode & 0o040)
    return bool(mode & 0o004)


@pytest.mark.parametrize(("root", "mode", "mask"), CASES, ids=lambda value: getattr(value, "name", value))
def test_tokens_are_their_groups_and_the_state_is_nobodys(
    household: Household, root: Root, mode: str, mask: int
) -> None:
    """On every root, with every mode and umask: tokens for those that the mode names, all else for the
    owner alone; and nobody else writes a byte into either directory's own parts.
    """
    pod, entra = household.pod, household.entra
    for path in (pod.tokens, pod.state):
        root.apply(path)
    settings = {"SIDECAR_TOKEN_MODE": mode}
    with umask(mask):
        household.sign_in(**settings)
        cache = pod.private / "cache"
        cache.write_bytes(cache.read_bytes()[:100])
        role = household.start("signin", **settings)
    prompt = role.wait_for("signin.code_issued")
    role.wait_for("signin.waiting")
    assert {"prompt.json", "prompt", "lock", "heartbeat"} <= {path.name for path in pod.private.iterdir()}
    check_private(household)
    entra.approve(prompt["user_code"])
    assert role.end() == 0
    assert list(pod.private.glob("cache.damaged-*"))
    check_private(household)
    check_tokens(household, int(mode, 8), by_acl=root.listed)


def check_private(household: Household) -> None:
    """Nobody but the owner reads, writes or adds anything."""
    everything = tree(household.pod.private)
    files, folders = files_of(everything), folders_of(everything)
    for user in OTHERS:
        assert user.readable(files) == set(), user.name
        assert user.writable(files) == set(), user.name
        assert user.enterable(folders) == set(), user.name
    assert SIDECAR.readable(files) == set(files)


def check_tokens(household: Household, mode: int, *, by_acl: bool) -> None:
    """Whom the mode names reads all; nobody writes. A volume's ACL decides who reads, not who writes."""
    everything = tree(household.pod.tokens)
    files, folders = files_of(everything), folders_of(everything)[1:]
    assert len(files) >= 6
    for user in OTHERS:
        if not by_acl:
            expected = set(files) if may_read_tokens(user, mode) else set()
            assert user.readable(files) == expected, user.name
        assert user.writable(files) == set(), user.name
        assert user.enterable(folders) == set(), user.name
