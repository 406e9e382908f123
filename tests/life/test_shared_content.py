"""What somebody may do to the shared state, and what it costs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sidecar.core.kubernetes.objects import Secret
from sidecar.elsewhere import Nowhere
from sidecar.errors import ClusterConflict, ClusterForbidden, SecretNotOurs, StateSealed
from tests.life.replicas import KEY, OTHER_KEY, STATE, Replicas, expires_on


@pytest.fixture
def replicas(tmp_path: Path) -> Replicas:
    """None yet."""
    return Replicas(tmp_path)


def edit(replicas: Replicas, **data: bytes) -> None:
    """As `kubectl edit` would."""
    present = replicas.cluster.secret(STATE)
    replicas.cluster.replace_secret(replace(present, data={**present.data, **data}))


@pytest.mark.parametrize("content", [b"", b"garbage", b"\x00\n\x00"])
def test_edited_content_is_healed_and_kept_aside(replicas: Replicas, content: bytes) -> None:
    """By whoever looks next; what was there is kept once."""
    first, second = replicas.pod("first"), replicas.pod("second")
    first.turn()
    before = replicas.content()
    edit(replicas, cache=content)
    assert first.turn() is None
    assert replicas.content() == before
    assert first.events("state.shared")[-1]["serial"] == replicas.serial()
    aside = first.state_path / "shared.damaged"
    assert (aside.read_bytes() if content else b"") == content
    assert second.turn() is None
    assert second.published() == first.published()


def test_unsealed_state_is_no_state(replicas: Replicas) -> None:
    """Who may write the Secret, and has no key, cannot slip another person's sign-in in."""
    first, mallory = replicas.pod("first"), replicas.pod("mallory", keys=())
    mallory.elsewhere = lambda _log: Nowhere()
    mallory.turn()
    planted = (mallory.state_path / "cache").read_bytes()
    edit(replicas, cache=planted, serial=b"99")
    first.turn()
    assert len(first.authority.prompts) == 1
    assert not first.events("state.adopted")
    edit(replicas, cache=planted, serial=b"199")
    assert first.turn() is None
    assert replicas.refresh_token(first) == replicas.provider.current
    assert KEY.key_id.encode() in replicas.content()


def test_one_flipped_bit_is_damage(replicas: Replicas) -> None:
    """The seal tells; the pod's own copy is right."""
    first = replicas.pod("first")
    first.turn()
    before = replicas.content()
    edit(replicas, cache=before[:-1] + bytes([before[-1] ^ 1]))
    assert first.turn() is None
    assert replicas.content() == before


def test_state_restored_from_a_backup_is_replaced_by_the_newer(replicas: Replicas) -> None:
    """A lower serial is older, whatever its clock says."""
    first, second = replicas.pod("first"), replicas.pod("second")
    first.turn()
    backup: Secret = replicas.cluster.secret(STATE)
    replicas.clock.sleep(3000)
    first.turn(), second.turn()
    replicas.cluster.replace_secret(replace(backup, version=replicas.cluster.secret(STATE).version))
    assert second.turn() is None
    assert second.published() == first.published()
    first.turn()
    assert replicas.refresh_token(first) == replicas.refresh_token(second)
    assert replicas.refresh_token(first) == replicas.provider.current


def test_state_that_no_key_opens_is_left_alone(replicas: Replicas) -> None:
    """A key that is being rolled out arrives in a moment; nobody is asked, and the loop goes on."""
    first, second = replicas.pod("first"), replicas.pod("second", keys=(OTHER_KEY,))
    first.turn()
    before = replicas.content()
    error = second.turn()
    assert isinstance(error, StateSealed)
    assert error.exit_code == 75
    assert not second.authority.prompts
    assert replicas.content() == before
    replicas.restart(second, (OTHER_KEY, KEY))
    assert second.turn() is None
    assert second.published() == first.published()
    assert not second.authority.prompts


def test_new_key_reaches_the_shared_state_at_once(replicas: Replicas) -> None:
    """The old one may be taken away when all pods have the new one."""
    first, second = replicas.pod("first"), replicas.pod("second")
    first.turn(), second.turn()
    before = replicas.content()
    replicas.restart(first, (OTHER_KEY, KEY))
    assert first.turn() is None
    assert OTHER_KEY.key_id.encode() in replicas.content().split(b"\n")[0]
    assert replicas.content() != before
    assert second.turn() is None, "it has what it had"
    assert second.events("state.unshared")
    replicas.restart(second, (OTHER_KEY,))
    replicas.clock.sleep(3000)
    assert first.turn() is None


def test_state_of_another_client_is_refused(replicas: Replicas) -> None:
    """Two deployments with one Secret would end each other's sign-in."""
    first, second = replicas.pod("first"), replicas.pod("second")
    first.turn()
    before = replicas.content()
    second.cache._belongs_to["client_id"] = "another"
    error = second.turn()
    assert isinstance(error, SecretNotOurs)
    assert "--type=json" in error.advice
    assert replicas.content() == before
    assert not second.authority.prompts


def test_labels_that_somebody_adds_cost_no_renewal(replicas: Replicas) -> None:
    """A conflict is looked at: what is ours in it is as it was."""
    first = replicas.pod("first")
    first.turn()
    replicas.clock.sleep(3000)
    replace_secret, meddled = replicas.cluster.replace_secret, list[bool]()

    def meddle(secret: Secret) -> Secret:
        if not meddled:
            meddled.append(True)
            present = replicas.cluster.secrets[STATE]
            replace_secret(replace(present, labels={"by": "hand"}))
        return replace_secret(secret)

    replicas.cluster.replace_secret = meddle  # type: ignore[method-assign]
    assert first.turn() is None
    assert replicas.cluster.secrets[STATE].labels["by"] == "hand"
    assert replicas.cluster.secrets[STATE].labels["app.kubernetes.io/managed-by"] == "entra-token-sidecar"
    assert replicas.holder() is None, "nothing is owed"
    assert not first.events("state.unshared")


def test_endless_conflict_ends_the_turn_and_not_the_sign_in(replicas: Replicas) -> None:
    """Three tries; then it is owed, as after any other trouble."""
    first = replicas.pod("first")
    first.turn()
    replicas.clock.sleep(3000)
    tried = []

    def conflict(secret: Secret) -> Secret:
        tried.append(secret)
        raise ClusterConflict("modified")

    whole, replicas.cluster.replace_secret = replicas.cluster.replace_secret, conflict  # type: ignore[method-assign]
    assert first.turn() is None
    assert len(tried) == 3
    assert expires_on(first) > first.clock.now() + 3000
    replicas.cluster.replace_secret = whole  # type: ignore[method-assign]
    assert first.turn() is None
    assert replicas.holder() is None


@pytest.mark.parametrize("verb", ["secret", "lease", "replace_lease", "replace_secret"])
def test_missing_rule_is_told_once_and_heals(replicas: Replicas, verb: str) -> None:
    """Whichever it is: no prompt, no lost token, and the same words are not repeated every minute."""
    first = replicas.pod("first")
    first.turn()

    def forbid(call: str) -> None:
        if call.startswith(f"{verb} "):
            raise ClusterForbidden(f"may not {verb}", advice="a rule")

    replicas.clock.sleep(3000)
    replicas.cluster.fail = forbid
    for _ in range(10):
        first.turn()
        replicas.clock.sleep(max(first.number("due") - first.clock.now(), 0))
    assert len(first.events("state.unshared")) == 1
    replicas.cluster.fail = lambda _call: None
    assert first.turn() is None
    assert expires_on(first) > first.clock.now() + 1800
    assert len(first.events("state.shared")) == 2
    assert len(first.authority.prompts) == 1
    assert replicas.holder() is None


def test_pod_made_anew_takes_over_without_a_prompt(replicas: Replicas) -> None:
    """Its node is gone with both directories; only the Secret is left."""
    first = replicas.pod("first")
    first.turn()
    replicas.clock.sleep(3000)
    again = replicas.pod("again")
    assert again.turn() is None
    assert not again.authority.prompts
    assert expires_on(again) > again.clock.now() + 3000


def test_damaged_cache_file_is_healed_from_the_shared_state(replicas: Replicas) -> None:
    """A disk that failed costs no sign-in any more."""
    first = replicas.pod("first")
    first.turn()
    (first.state_path / "cache").write_bytes(b"nonsense")
    assert first.turn() is None
    assert not first.events("cache.set_aside")
    assert len(first.authority.prompts) == 1
    assert first.published() is not None


def test_lost_record_costs_nothing(replicas: Replicas) -> None:
    """Both sides are compared then; another name is the Lease's holder from now on."""
    first, second = replicas.pod("first"), replicas.pod("second")
    first.turn(), second.turn()
    (first.state_path / "shared.json").write_text("{")
    serial = replicas.serial()
    assert first.turn() is None
    replicas.clock.sleep(3000)
    assert first.turn() is None
    assert replicas.serial() <= serial + 2
    assert second.turn() is None
    assert second.published() == first.published()
    assert replicas.provider.reused == []
