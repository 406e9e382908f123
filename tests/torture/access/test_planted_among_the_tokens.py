"""What another user puts into a token directory in which it may write is neither followed nor waited for."""

from __future__ import annotations

import itertools
import os
from pathlib import Path

import pytest

from tests.torture.access.conftest import Household, needs_root
from tests.torture.access.planting import KINDS, TOKEN_NAMES, Garden
from tests.torture.access.shares import share
from tests.torture.access.test_readers import check_private
from tests.torture.access.users import APP, PLATFORM, SIDECAR, STRANGER
from tests.torture.figures import count

pytestmark = needs_root

# In an order in which the even shares have different kinds and names.
PLANTED = [(kind, TOKEN_NAMES[(n + m) % 7]) for m in range(7) for n, kind in enumerate(KINDS)]
REPLACED = [kind for kind in KINDS if kind != "directory with something"]
OWNERS = {"the sidecar's": SIDECAR.uid, "an app's": APP.uid}


def sticky(path: Path, owner: int) -> None:
    """As /tmp: everybody adds names, and only the owners of a name and of the directory change it."""
    os.chown(path, owner, owner)
    path.chmod(0o1777)


@pytest.mark.parametrize(("kind", "name"), share(PLANTED, 5))
def test_planted_in_a_sticky_directory_of_the_platforms(
    household: Household, outside: Path, kind: str, name: str
) -> None:
    """Refused with 73, the name of what is in the way and whose it is. A sign-in that was made by then is
    kept: when the object is gone, the token is published and nobody is asked again.
    """
    garden = Garden(outside, STRANGER)
    pod, entra = household.pod, household.entra
    sticky(pod.tokens, PLATFORM)
    garden.plant(pod.tokens / name, kind)
    entra.policy.approve_after = 0
    role = household.start("signin")
    assert role.end() == 73, role.output
    (failure,) = role.records("signin.failed")
    assert f"{pod.tokens / name} " in failure["message"]
    assert f"uid {STRANGER.uid}" in failure["message"]
    assert "emove it" in failure["advice"]
    assert "Traceback" not in role.output
    count("access", "planted names refused with 73")
    garden.check(outside / "pod", entra, except_for=set())
    check_private(household)
    asked = entra.count("devicecode")
    STRANGER.does('rm -rf "$1"', pod.tokens / name)
    entra.policy.approve_after = None
    if asked:
        household.turn()
    else:
        household.sign_in()
    assert pod.document()["access_token"] == pod.token() != ""
    assert entra.count("devicecode") == 1


@pytest.mark.parametrize(("kind", "whose"), share(itertools.product(REPLACED, OWNERS), 3))
def test_every_name_replaced_after_a_publication(
    household: Household, outside: Path, kind: str, whose: str
) -> None:
    """Whoever owns the directory, or may write in one that is not sticky, can take the names away; the
    sidecar follows none of them, and makes them its own again with the next turn where it may.
    """
    owner = OWNERS[whose]
    planter = APP if owner == APP.uid else STRANGER
    garden = Garden(outside, planter)
    pod, entra = household.pod, household.entra
    os.chown(pod.tokens, owner, owner)
    pod.tokens.chmod(0o777)
    household.sign_in()
    token = pod.token()
    published = {token, pod.document("arm")["access_token"]}
    for name in TOKEN_NAMES:
        garden.plant(pod.tokens / name, kind)
    role = household.start("refresh")
    role.wait_for("refresh.scheduled")
    assert role.stop()[0] == 0
    garden.check(outside / "pod", entra, except_for=published if planter is APP else set())
    check_private(household)
    assert entra.count("devicecode") == 1
    assert role.records("token.published"), role.output
    assert pod.token() == token


@pytest.mark.parametrize(
    "kind", share(["directory with something", "link to a directory of the sidecar's", "FIFO"], 1)
)
def test_foreign_names_do_not_keep_a_refused_accounts_token(
    household: Household, outside: Path, kind: str
) -> None:
    """An account that is not allowed any more is withdrawn and forgotten, whatever lies beside its token."""
    garden = Garden(outside, STRANGER)
    pod, entra = household.pod, household.entra
    sticky(pod.tokens, PLATFORM)
    garden.plant(pod.tokens / "..0000_00_00_00_00_00.0", kind)
    STRANGER.does('ln -s "..data/stranger" "$1"', pod.tokens / "stranger")
    household.sign_in()
    token = pod.token()
    assert token
    role = household.start("refresh", SIDECAR_ALLOWED_USERS="bob@contoso.example")
    role.wait_for("token.withdrawn")
    role.wait_for("signin.code_issued")
    assert role.stop()[0] == 0
    assert token.encode() not in pod.shared()
    assert not any(secret.encode() in pod.stored() for secret in entra.secrets)


@pytest.mark.parametrize("kind", share(["link to FIFOs in a directory", "link to an endless file"], 1))
def test_status_reads_no_generation_outside_of_the_directory(
    household: Household, outside: Path, kind: str
) -> None:
    """It answers at once, that nothing is published."""
    garden = Garden(outside, STRANGER)
    sticky(household.pod.tokens, PLATFORM)
    garden.plant(household.pod.tokens / "..data", kind)
    code, output = household.run("status")
    assert code == 0
    assert "none published" in output
